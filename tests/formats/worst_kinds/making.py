"""Building blocks of the most expensive files: texts of a given size, and archives."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO

from searchkit.corpus.formats.archives import MAX_XML_BYTES

MEGABYTE = 1_000_000
RNG = random.Random(0)  # noqa: S311 - not security-relevant
"""Source of random numbers. `WorstFiles.run` seeds it for each file."""

TextKind = Callable[[int], str]
"""Returns a text of about this number of bytes in UTF-8."""
FileKind = Callable[[int], bytes]
"""Returns a file of about this number of bytes."""


def repeat(unit: str, before: str = "", after: str = "") -> TextKind:
    """Return a kind of text: `unit`, at least once, repeated between `before` and `after`."""

    def make_text(size: int) -> str:
        """Fill the space between `before` and `after`."""
        available = size - len((before + after).encode())
        return before + unit * max(1, available // len(unit.encode())) + after

    return make_text


def repeat_numbered(pattern: str, before: str = "", after: str = "") -> TextKind:
    """Return a kind of text, as `repeat` does. Each `№` in the pattern is the six-digit number of the repetition."""

    def make_text(size: int) -> str:
        """Fill the space between `before` and `after`."""
        available = size - len((before + after).encode())
        count = max(1, available // len(pattern.replace("№", "000000").encode()))
        return before + "".join(pattern.replace("№", f"{n:06}") for n in range(count)) + after

    return make_text


def repeat_two(first: str, second: str, before: str = "", after: str = "") -> TextKind:
    """Return a kind of text: repetitions of one unit, then about as many bytes of repetitions of another."""
    return lambda size: before + repeat(first)(size // 2) + repeat(second)(size // 2) + after


def nest(open_: str, close: str, inside: str = "", max_depth: int = 10**9, before: str = "") -> TextKind:
    """Return a kind of text: a pair of tags or brackets nested in itself, and repetitions of `inside` in the innermost.

    `max_depth`: maximum number of levels.
    """

    def make_text(size: int) -> str:
        """Use at most half of the space for nesting if `inside` is not empty, otherwise all of it."""
        available = size // 2 if inside else size
        depth = min(max_depth, max(1, available // len((open_ + close).encode())))
        remaining = size - depth * len((open_ + close).encode())
        return before + open_ * depth + (repeat(inside)(remaining) if inside else "") + close * depth

    return make_text


def encode_texts(texts: Mapping[str, TextKind]) -> dict[str, FileKind]:
    """Return kinds of files: the texts in UTF-8."""

    def encoded(text: TextKind) -> FileKind:
        """Encode one text."""
        return lambda size: text(size).encode("utf-8", "surrogatepass")

    return {name: encoded(text) for name, text in texts.items()}


XML_RATIO, _MAX_RATIO = 120, 185
"""Maximum uncompressed size of a part, an archive entry or a stream of a PDF, as a multiple of the size of the file;
maximum compression ratio of a large part of XML. `pack_to_size` adds a random comment to such a part, so that its ratio
stays below the maximum."""
MAX_PART_BYTES = MAX_XML_BYTES - MEGABYTE
"""Maximum size of a part in bytes, just below the limit of the reader."""


def pack_to_size(files: Mapping[str, str | bytes], size: int) -> bytes:
    """Pack files. If the archive is smaller than `size`, an entry of noise fills it up.

    A random comment lowers the compression ratio of markup of more than 9 MB.
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
    """Pack the files that `files` returns for a number of uncompressed bytes, which is chosen to fit `size`.

    The number is lowered until the archive is at most a tenth larger than `size`, but not further if it is already at
    most `size`.
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
