"""Building blocks of the most expensive files: texts of a given size, and archives."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO

from searchkit.corpus.formats.archives import MAX_XML_BYTES

MEGABYTE = 1_000_000
RNG = random.Random(0)  # noqa: S311 - not security-relevant
"""Seeded again for every file."""

TextKind = Callable[[int], str]
"""Returns a text of about this number of bytes in UTF-8."""
FileKind = Callable[[int], bytes]
"""Returns a file of about this number of bytes."""


def repeat(unit: str, before: str = "", after: str = "") -> TextKind:
    """Repeat a unit."""

    def make_text(size: int) -> str:
        """Fill the space between `before` and `after`."""
        available = size - len((before + after).encode())
        return before + unit * max(1, available // len(unit.encode())) + after

    return make_text


def repeat_numbered(pattern: str, before: str = "", after: str = "") -> TextKind:
    """Repeat a pattern. Each `№` in it is replaced by a six-digit number."""

    def make_text(size: int) -> str:
        """Fill the space between `before` and `after`."""
        available = size - len((before + after).encode())
        count = max(1, available // len(pattern.replace("№", "000000").encode()))
        return before + "".join(pattern.replace("№", f"{n:06}") for n in range(count)) + after

    return make_text


def repeat_two(first: str, second: str, before: str = "", after: str = "") -> TextKind:
    """Repeat one unit, then another."""
    return lambda size: before + repeat(first)(size // 2) + repeat(second)(size // 2) + after


def nest(open_: str, close: str, inside: str = "", max_depth: int = 10**9, before: str = "") -> TextKind:
    """Nest a unit in itself, at most `max_depth` levels deep, and fill the remaining space with `inside`."""

    def make_text(size: int) -> str:
        """Use half of the space for nesting if there is content, all of it otherwise."""
        available = size // 2 if inside else size
        depth = min(max_depth, max(1, available // len((open_ + close).encode())))
        remaining = size - depth * len((open_ + close).encode())
        return before + open_ * depth + (repeat(inside)(remaining) if inside else "") + close * depth

    return make_text


def encode_texts(texts: Mapping[str, TextKind]) -> dict[str, FileKind]:
    """Encode texts in UTF-8."""

    def encoded(text: TextKind) -> FileKind:
        """Encode one text."""
        return lambda size: text(size).encode("utf-8", "surrogatepass")

    return {name: encoded(text) for name, text in texts.items()}


XML_RATIO, _MAX_RATIO = 120, 185
"""Ratio of the size of XML to the size of the file, and the maximum compression ratio of a large part. A random comment
in the part keeps its ratio below the maximum."""
MAX_PART_BYTES = MAX_XML_BYTES - MEGABYTE
"""Maximum size of a part in bytes, just below the limit of the reader."""


def pack_to_size(files: Mapping[str, str | bytes], size: int) -> bytes:
    """Pack files. Noise fills the archive up to `size`.

    A comment lowers the compression ratio of markup of more than 9 MB.
    """
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            if data.startswith(b"<") and len(data) > 9 * MEGABYTE:
                data += b"<!--" + RNG.randbytes(len(data) // _MAX_RATIO).hex().encode() + b"-->"
            archive.writestr(name, data)
        available = (
            size - target.tell() - sum(46 + len(name.encode()) for name in files) - 200
        )  # for the central directory
        if available > 0:
            archive.writestr("padding.bin", RNG.randbytes(available), zipfile.ZIP_STORED)
    return target.getvalue()


def unpack(data: bytes) -> dict[str, bytes]:
    """Return the content of an archive."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack_fitting(files: Callable[[int], Mapping[str, str | bytes]], size: int) -> bytes:
    """Pack the files that `files` returns for a number of bytes per part, with a number that fits `size`.

    The archive may be a tenth larger than `size`.
    """
    available = XML_RATIO * size
    data = pack_to_size(files(min(MAX_PART_BYTES, available)), size)
    while len(data) > size * 11 // 10 and available > size:
        available = min(MAX_PART_BYTES, available) * size // len(data)
        data = pack_to_size(files(available), size)
    return data


def packed_kind(files: Callable[[int], Mapping[str, str | bytes]]) -> FileKind:
    """Return the kind of file that `pack_fitting` makes of `files`."""
    return lambda size: pack_fitting(files, size)
