"""Zip archives that take the most time or memory to read for their size."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from types import MappingProxyType

from formats.worst_kinds.making import (
    MEGABYTE,
    XML_RATIO,
    FileKind,
    encode_texts,
    pack_to_size,
)
from formats.worst_kinds.office import DOCX
from formats.worst_kinds.pages import PDF
from formats.worst_kinds.texts import HTML, JSON_LINES, MARKDOWN, TEXTS

from searchkit.corpus.formats.archives import MAX_ENTRIES

_MAX_UNCOMPRESSED_BYTES = 490 * MEGABYTE
"""Maximum uncompressed size of all entries together, a little below the limit of the reader, `MAX_TOTAL_BYTES`."""


def archive_of_entries(name: str, content: FileKind, entry_bytes: int, max_entries: int = MAX_ENTRIES - 1) -> FileKind:
    """Return a kind of file: an archive that contains as many entries with the same content as possible.

    `name` is the name of the entries. It contains `№` for the number of the entry. `content` makes an entry of a given
    size. `entry_bytes` is the uncompressed size of an entry; it is lowered if one entry does not fit, and to at
    most `XML_RATIO` times the size of the file.
    """

    def make_file(size: int) -> bytes:
        """Add entries until the size of the file, the number of entries or the uncompressed size is at its limit."""
        data = content(min(entry_bytes, XML_RATIO * size))
        # For each entry, an archive contains its name twice, and about 80 bytes of headers.
        overhead = 2 * len(name.encode()) + 80
        # Halve the entry until one fits. At 1 % of its size, keep it even if it does not fit.
        while (packed_size := len(zlib.compress(data)) + overhead) > size and len(data) > entry_bytes // 100:
            data = content(len(data) // 2)
        count = max(1, min(max_entries, size // packed_size, _MAX_UNCOMPRESSED_BYTES // len(data)))
        return pack_to_size({name.replace("№", f"{n:06}"): data for n in range(count)}, size)

    return make_file


ZIP: Mapping[str, FileKind] = MappingProxyType(
    {
        "small entries": archive_of_entries("№.txt", TEXTS["measures and stops"], 30),
        "entries without words": archive_of_entries("№.txt", lambda _: b" ", 1),
        "entries of measures": archive_of_entries("№.txt", TEXTS["measures"], 9_900_000),
        "entries of lines": archive_of_entries("№.txt", TEXTS["lines of a character"], 9_900_000),
        "entries of places": archive_of_entries("№.txt", TEXTS["places in the footer"], 1_200_000),
        "entries of breadcrumbs": archive_of_entries("№.txt", TEXTS["breadcrumbs"], 100),
        "front matter": archive_of_entries("№.md", encode_texts(MARKDOWN)["front matter"], 65_000),
        "entries of records": archive_of_entries("№.jsonl", encode_texts(JSON_LINES)["short records"], 9_900_000),
        "bad records": archive_of_entries("№.jsonl", encode_texts(JSON_LINES)["lines that are not records"], 9_900_000),
        "web pages": archive_of_entries("№.html", encode_texts(HTML)["unclosed formatting"], 20_000),
        "Word documents": archive_of_entries("№.docx", DOCX["short paragraphs"], 10_000),
        "PDF": archive_of_entries("№.pdf", PDF["one paragraph over all pages"], 60_000),
        "nested archives": archive_of_entries("№.zip", lambda _: b"PK", 2),
        "suffixes": archive_of_entries("a.№", lambda _: b"a", 1),
        "long names": archive_of_entries("a/" * 30_000 + "№.txt", lambda _: "法治。".encode(), 9),
        "noise": DOCX["noise"],  # begins like an archive
    }
)
