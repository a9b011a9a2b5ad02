"""Finds duplicates in a corpus: files with the same bytes, and reports of the same place, year, body and doctype.

Duplicates are reported and stay in the index, because only a person can decide which one to keep.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from searchkit.model import Document
from searchkit.text.folding import fold

_SUBORDINATE_BODY = re.compile(
    r"(?:^|[省市区县旗州盟])([^省市区县旗州盟]{2,8}?(?:街道|[镇乡](?![市县区])|苏木|分局|开发区|园区))"
)
"""Matches the name of a body below the lowest division of a region: 张贵庄街道 in 东丽区张贵庄街道办事处. The name is
at the beginning of the text or after a division, and has 2 to 8 characters before 街道, 镇 … Two such bodies of one
district publish different reports. 镇 or 乡 before 市, 县 or 区 belongs to the name of a division: 景德镇市."""


class IndexedFile(NamedTuple):
    """A file with documents in the index."""

    name: str
    digest: str
    """Digest of the content, or an empty string if it is unknown."""
    reports: tuple[tuple[str, str], ...]
    """Document id and identity of each report in the file. The identity is the place, year, body and doctype as text
    (`identify_report`). Reports of which one of these is undecided are omitted."""


def identify_report(document: Document) -> str:
    """Return the place, year, body and doctype of a report as text, or an empty string if one of them is undecided.

    If the issuer, or without an issuer the title, names a subordinate body (张贵庄街道), the body is added.
    """
    values = ("/".join(document.region), str(document.year or ""), document.agency or "", document.doctype or "")
    if not all(values):
        return ""
    body = _SUBORDINATE_BODY.search(fold(document.issuer or document.title or ""))
    return ", ".join((*values, *((body[1],) if body else ())))


def find_duplicates(files: Iterable[IndexedFile]) -> Iterator[tuple[str, str]]:
    """Yield each file or document that is a duplicate of an earlier one, with a reason that names the earlier one.

    `files` are in corpus order. For a copy of a file, only the file is reported, not its reports. Takes about 1 µs per
    file.
    """
    files_by_digest: dict[str, str] = {}
    reports_by_identity: dict[str, str] = {}
    for file in files:
        original = files_by_digest.setdefault(file.digest, file.name) if file.digest else file.name
        if original != file.name:
            yield file.name, f"the same bytes as {original}"
            continue
        for document, identity in file.reports:
            first = reports_by_identity.setdefault(identity, document)
            if first != document:
                yield document, f"the same place, year, body and kind as {first}: {identity}"
