"""Completes an id of which only the end is given: `2023/a.txt#13` for `a.txt#13`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from searchkit.errors import UsageError

_PART = re.compile(r"(?P<paragraph>#[0-9]+)?(?P<measure>@[0-9]+)?\Z|(?P<table>![0-9]+)\Z")
"""Matches what follows the document's id in the id of a paragraph (#13), a measure (#13@5) or a table (!2).

Matches the empty end of any other id. The id of a document that is a record may itself end like that of a paragraph.
"""
_MAX_NAMED_DOCUMENTS = 5
"""Maximum number of documents that a message names."""


def complete_id(record_id: str, documents: Collection[str]) -> str:
    """Return the id of a document, paragraph, table or measure of which `record_id` is the end.

    `documents`: the ids of all documents. An end that follows a `/` (a.txt in 2023/a.txt) is preferred to one that
    begins inside a name (a.txt in data.txt). The id of a document, and a text that is the end of no document's id, are
    returned unchanged. Raises UsageError if several documents have this end.
    """
    for document, part in _split(record_id):
        ends = [name for name in documents if name.endswith(document)]
        whole_names = [name for name in ends if name.endswith(f"/{document}")]
        matches = [document] if document in ends else whole_names or ends
        if len(matches) > 1:
            some = ", ".join(sorted(matches)[:_MAX_NAMED_DOCUMENTS])
            raise UsageError(
                f"{len(matches)} documents have an id that ends in {document}, such as {some}", code="ambiguous_id"
            )
        if matches:
            return matches[0] + part
    return record_id


def _split(record_id: str) -> Iterator[tuple[str, str]]:
    """Yield the ways to split an id into the id of a document, which is not empty, and the part of the document."""
    match = _PART.search(record_id)
    starts = (match.start("measure"), match.start()) if match else ()
    for end in dict.fromkeys((len(record_id), *starts)):
        if end > 0:
            yield record_id[:end], record_id[end:]
