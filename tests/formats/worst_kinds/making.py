"""Parts of which the worst files are made: texts of a size, and packed files."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Mapping
from io import BytesIO

from searchkit.corpus.formats.archives import MAX_XML_BYTES

MEGABYTE = 1_000_000
CHANCE = random.Random(0)  # noqa: S311 - no secret
"""Begun anew for every file."""

Text = Callable[[int], str]
"""Makes a text of about so many bytes in UTF-8."""
Kind = Callable[[int], bytes]
"""Makes a file of about so many bytes."""


def times(unit: str, before: str = "", behind: str = "") -> Text:
    """Have a unit again and again."""

    def make_text(size: int) -> str:
        """Fill the room between beginning and end."""
        room = size - len((before + behind).encode())
        return before + unit * max(1, room // len(unit.encode())) + behind

    return make_text


def counted(pattern: str, before: str = "", behind: str = "") -> Text:
    """Have a pattern again and again, with a number of six digits for each `№` in it."""

    def make_text(size: int) -> str:
        """Fill the room between beginning and end."""
        room = size - len((before + behind).encode())
        count = max(1, room // len(pattern.replace("№", "000000").encode()))
        return before + "".join(pattern.replace("№", f"{n:06}") for n in range(count)) + behind

    return make_text


def halves(first: str, second: str, before: str = "", behind: str = "") -> Text:
    """Have one unit again and again, then another one."""
    return lambda size: before + times(first)(size // 2) + times(second)(size // 2) + behind


def within(open_: str, close: str, inside: str = "", most: int = 10**9, before: str = "") -> Text:
    """Put something into itself again and again, at most so deep; what is left is filled with what stands inside."""

    def make_text(size: int) -> str:
        """Half of the room is for the depth, if something stands inside."""
        room = size // 2 if inside else size
        depth = min(most, max(1, room // len((open_ + close).encode())))
        left = size - depth * len((open_ + close).encode())
        return before + open_ * depth + (times(inside)(left) if inside else "") + close * depth

    return make_text


def as_utf8(texts: Mapping[str, Text]) -> dict[str, Kind]:
    """Write texts in UTF-8."""

    def encoded(text: Text) -> Kind:
        """Write one."""
        return lambda size: text(size).encode("utf-8", "surrogatepass")

    return {name: encoded(text) for name, text in texts.items()}


TIGHT, _TIGHTEST = 120, 185
"""XML is made so many times as large as the file; a remark in it sees to it that it is packed no tighter than that."""
MAX_XML = MAX_XML_BYTES - MEGABYTE


def repacked(files: Mapping[str, str | bytes], size: int) -> bytes:
    """Pack files: a remark makes large ones less tight, and noise fills what is left of the size."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            if data.startswith(b"<") and len(data) > 9 * MEGABYTE:
                data += b"<!--" + CHANCE.randbytes(len(data) // _TIGHTEST).hex().encode() + b"-->"
            archive.writestr(name, data)
        room = size - target.tell() - sum(46 + len(name.encode()) for name in files) - 200  # for the directory
        if room > 0:
            archive.writestr("padding.bin", CHANCE.randbytes(room), zipfile.ZIP_STORED)
    return target.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    """Give what an archive holds."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def fitted(files: Callable[[int], Mapping[str, str | bytes]], size: int) -> bytes:
    """Pack files whose parts hold so many bytes: as many as fit into the size."""
    room = TIGHT * size
    data = repacked(files(min(MAX_XML, room)), size)
    while len(data) > size * 11 // 10 and room > size:
        room = min(MAX_XML, room) * size // len(data)
        data = repacked(files(room), size)
    return data


def packed(files: Callable[[int], Mapping[str, str | bytes]]) -> Kind:
    """Pack files whose parts hold so many bytes."""
    return lambda size: fitted(files, size)
