"""The worst archives."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from types import MappingProxyType

from formats.worst_kinds.making import (
    MEGABYTE,
    TIGHT,
    Kind,
    as_utf8,
    repacked,
)
from formats.worst_kinds.office import DOCX
from formats.worst_kinds.pages import PDF
from formats.worst_kinds.texts import HTML, JSON_LINES, MARKDOWN, TEXTS

from searchkit.corpus.formats.archives import MAX_ENTRIES


def entries(name: str, content: Kind, each: int, most: int = MAX_ENTRIES - 1) -> Kind:
    """Make an archive of entries that all hold the same: each of so many bytes, unpacked, as many as there may be."""

    def make_file(size: int) -> bytes:
        """Pack until the size, or what may be unpacked, is reached."""
        data = content(min(each, TIGHT * size))
        while (packed_size := len(zlib.compress(data)) + 2 * len(name.encode()) + 80) > size and len(
            data
        ) > each // 100:
            data = content(len(data) // 2)
        count = max(1, min(most, size // packed_size, 490 * MEGABYTE // len(data)))
        return repacked({name.replace("№", f"{n:06}"): data for n in range(count)}, size)

    return make_file


ZIP: Mapping[str, Kind] = MappingProxyType(
    {
        "small entries": entries("№.txt", TEXTS["measures and stops"], 30),
        "entries without words": entries("№.txt", lambda _: b" ", 1),
        "entries of measures": entries("№.txt", TEXTS["measures"], 9_900_000),
        "entries of lines": entries("№.txt", TEXTS["lines of a character"], 9_900_000),
        "entries of places": entries("№.txt", TEXTS["places in the foot"], 1_200_000),
        "entries of breadcrumbs": entries("№.txt", TEXTS["breadcrumbs"], 100),
        "front matter": entries("№.md", as_utf8(MARKDOWN)["front matter"], 65_000),
        "entries of records": entries("№.jsonl", as_utf8(JSON_LINES)["short records"], 9_900_000),
        "bad records": entries("№.jsonl", as_utf8(JSON_LINES)["lines that are no records"], 9_900_000),
        "pages of the web": entries("№.html", as_utf8(HTML)["formatting that does not end"], 20_000),
        "Word documents": entries("№.docx", DOCX["short paragraphs"], 10_000),
        "PDF": entries("№.pdf", PDF["one paragraph over all pages"], 60_000),
        "archives in the archive": entries("№.zip", lambda _: b"PK", 2),
        "suffixes": entries("a.№", lambda _: b"a", 1),
        "long names": entries("a/" * 30_000 + "№.txt", lambda _: "法治。".encode(), 9),
        "noise": DOCX["noise"],
    }
)
