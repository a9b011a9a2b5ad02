"""Plain text: one block a line. Also what every reader of text needs: bytes to characters, characters to lines."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from searchkit.corpus.blocks import Block, RawDocument
from searchkit.corpus.formats.charset import UTF_8, decode_as, guess, is_likely
from searchkit.corpus.formats.registry import FileContents
from searchkit.corpus.overrides import split_front_matter
from searchkit.errors import ReadError
from searchkit.text.characters import CONTROLS, visible

BLANK = Block("")
"""Stands for a run of blank lines."""

_LINE_END = re.compile(r"[\r\v\f\x85\u2028\u2029]")
_REPLACED = "\ufffd"
_CONTROLS_PER_TEXT = 50
"""More than one control character in so many characters: not text."""
_DAMAGE_PER_TEXT = 20
"""Up to one bad byte sequence in so many characters beyond ASCII: damaged text, not something else."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks and what they mean."""
_NAMES = {"gb18030": "GB18030", "big5hkscs": "Big5", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's characters."""

    text: str
    """As in the file, without byte order marks and NUL characters."""
    warnings: tuple[str, ...] = ()


def read(data: bytes, name: str) -> FileContents:  # noqa: ARG001 - every reader has this signature
    """Read plain text, with or without front matter. A run of blank lines becomes one empty block.

    Raises ReadError if the bytes are not text.
    """
    decoded = decode(data)
    front = split_front_matter(tidy(decoded.text))
    document = RawDocument(tuple(_blocks(front.body)), overrides=front.values)
    return FileContents((document,), warnings=decoded.warnings + front.warnings)


def decode(data: bytes, declared: str = "") -> Decoded:
    """Turn bytes into characters: UTF-8, UTF-16, UTF-32 with a byte order mark, GB18030 (GBK, GB2312) or Big5.

    A mark decides, then whether the bytes are UTF-8, then which encoding makes Chinese of them; `declared`, an
    encoding that the text names, counts where that leaves doubt. Text with a few bad bytes is read with U+FFFD in
    their place, and a warning; a few NUL characters are dropped, with a warning. Raises ReadError if the bytes are
    in none of these encodings, or hold so many control characters that they are not text.
    """
    text, warnings = _characters(data, declared)
    if len(CONTROLS.findall(text)) * _CONTROLS_PER_TEXT > len(text):
        message = "not text: too many control characters"
        raise ReadError(message)
    if nuls := text.count("\x00"):
        warnings = (*warnings, "1 NUL character is dropped" if nuls == 1 else f"{nuls} NUL characters are dropped")
    return Decoded(text.replace("\x00", "").replace("\ufeff", ""), warnings)


def tidy(text: str) -> str:
    """Make every kind of line end a line feed and take out what `visible` takes out."""
    return visible(_LINE_END.sub("\n", text.replace("\r\n", "\n")))


def _characters(data: bytes, declared: str) -> tuple[str, tuple[str, ...]]:
    """Give the characters, and a warning if some bytes are none."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    if encoding.startswith(("utf-16", "utf-32")):
        try:
            return data.decode(encoding), ()
        except UnicodeDecodeError as error:
            raise ReadError(f"not text: damaged {encoding.upper()} at byte {error.start}") from error
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        encoding = encoding or guess(data, declared)
    else:
        if encoding or "\x00" not in text or (encoding := guess(data, declared)) == UTF_8:
            return text, ()
    return _damaged(data, encoding)


def _damaged(data: bytes, encoding: str) -> tuple[str, tuple[str, ...]]:
    """Read bytes that may not all be in the encoding. Raises ReadError if too many are not."""
    text = decode_as(data, encoding)
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        first = error.start
    else:
        return text, ()
    damage = text.count(_REPLACED)
    beyond_ascii = len(text) - len(text.encode("ascii", errors="ignore"))
    if damage * _DAMAGE_PER_TEXT > beyond_ascii or not (encoding == UTF_8 or is_likely(data, encoding)):
        raise ReadError(f"not text: neither UTF-8 nor UTF-16 nor GB18030 nor Big5 (byte {first})")
    places = "1 place is" if damage == 1 else f"{damage} places are"
    name = _NAMES.get(encoding, "UTF-8")
    return text, (f"{places} not {name}, the first at byte {first}: read as {_REPLACED}",)


def _blocks(text: str) -> list[Block]:
    blocks: list[Block] = []
    for line in text.split("\n"):
        if line and not line.isspace():
            blocks.append(Block(line))
        elif blocks and blocks[-1] is not BLANK:
            blocks.append(BLANK)
    return blocks
