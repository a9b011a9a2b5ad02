"""Plain text: one block a line. Also what every reader of text needs: bytes to characters, characters to lines."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from searchkit.corpus.blocks import Block, RawDocument
from searchkit.corpus.overrides import split_front_matter
from searchkit.corpus.readers import FileContents, visible
from searchkit.errors import ReadError

BLANK = Block("")
"""Stands for a run of blank lines."""

_LINE_END = re.compile(r"[\r\v\f\x85\u2028\u2029]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_REPLACED = "\ufffd"
_CONTROLS_PER_TEXT = 50
"""More than one control character in so many characters: not text."""
_DAMAGE_PER_TEXT = 20
"""Up to one bad byte sequence in so many characters beyond ASCII: damaged UTF-8, not another encoding."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's characters."""

    text: str
    """As in the file, without its byte order mark."""
    warnings: tuple[str, ...] = ()


def read(data: bytes, name: str) -> FileContents:  # noqa: ARG001 - every reader has this signature
    """Read plain text, with or without front matter. A run of blank lines becomes one empty block.

    Raises ReadError if the bytes are not text.
    """
    decoded = decode(data)
    front = split_front_matter(tidy(decoded.text))
    document = RawDocument(tuple(_blocks(front.body)), overrides=front.values)
    return FileContents((document,), warnings=decoded.warnings + front.warnings)


def decode(data: bytes) -> Decoded:
    """Turn bytes into characters: UTF-8, UTF-16 with a byte order mark, or GB18030 (which GBK and GB2312 are part of).

    UTF-8 with a few bad bytes is read with U+FFFD in their place, and a warning. Raises ReadError if the
    bytes are in none of these encodings, or hold so many control characters that they are not text.
    """
    text, warnings = _characters(data)
    if "\x00" in text:
        message = "not text: holds NUL characters"
        raise ReadError(message)
    if len(_CONTROL.findall(text)) * _CONTROLS_PER_TEXT > len(text):
        message = "not text: too many control characters"
        raise ReadError(message)
    return Decoded(text, warnings)


def tidy(text: str) -> str:
    """Make every kind of line end a line feed and take out what `visible` takes out."""
    return visible(_LINE_END.sub("\n", text.replace("\r\n", "\n")))


def _characters(data: bytes) -> tuple[str, tuple[str, ...]]:
    encoding = "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return data.decode(encoding), ()
    except UnicodeDecodeError as error:
        if encoding == "utf-16":
            message = f"not text: damaged UTF-16 at byte {error.start}"
            raise ReadError(message) from error
        first = error.start
    # Damaged UTF-8 often passes as GB18030 and would come out as garbage, so it is looked for first.
    text = data.decode("utf-8-sig", errors="replace")
    damage = text.count(_REPLACED)
    if damage * _DAMAGE_PER_TEXT <= len(text) - len(text.encode("ascii", errors="ignore")):
        places = "1 place is" if damage == 1 else f"{damage} places are"
        return text, (f"{places} not UTF-8, the first at byte {first}: read as {_REPLACED}",)
    try:
        return data.decode("gb18030"), ()
    except UnicodeDecodeError as error:
        message = f"not text: neither UTF-8 nor UTF-16 nor GB18030 (byte {error.start})"
        raise ReadError(message) from error


def _blocks(text: str) -> list[Block]:
    blocks: list[Block] = []
    for line in text.split("\n"):
        if line and not line.isspace():
            blocks.append(Block(line))
        elif blocks and blocks[-1] is not BLANK:
            blocks.append(BLANK)
    return blocks
