"""Plain text: one block per line, table or run of blank lines.

Also decodes text and splits it into lines for the other readers of text formats.
"""

from __future__ import annotations

import codecs
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import overload

from searchkit.corpus.blocks import Block, RawDocument
from searchkit.corpus.formats.characters import clean_characters
from searchkit.corpus.formats.charset import UTF_8, decode_as, guess_encoding, is_plausible
from searchkit.corpus.formats.registry import FileContents
from searchkit.corpus.formats.texttables import find_tables
from searchkit.corpus.frontmatter import split_front_matter
from searchkit.errors import ReadError
from searchkit.text.characters import CONTROLS

BLANK = Block("")
"""Represents a run of blank lines."""

_LINE_END = re.compile(r"[\r\v\f\x85\u2028\u2029]")
_REPLACEMENT = "\ufffd"
_MIN_CHARS_PER_CONTROL = 50
"""Text has, on average, at most one control character per this number of characters."""
_MIN_CHARS_PER_ERROR = 20
"""Damaged text has, on average, at most one invalid byte sequence per this number of non-ASCII characters."""
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is a prefix of this one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks and their encodings."""
_ENCODING_NAMES = {"gb18030": "GB18030", "big5hkscs": "Big5", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}


class Lines(Sequence[str]):
    """The lines of a text, without their line feeds. A line is decoded when it is read.

    The memory is that of the text in UTF-8 plus 8 bytes per line. A list of a million short lines would take 100 MB.
    """

    def __init__(self, text: str) -> None:
        """Find the line feeds of a text."""
        self._data = text.encode("utf-8", "surrogatepass")
        self._ends = array("Q", (match.start() for match in re.finditer(b"\n", self._data)))
        self._ends.append(len(self._data))

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        """Return the line at an index that is not negative, or the lines of a slice."""
        if isinstance(index, slice):
            return [self[n] for n in range(*index.indices(len(self)))]
        line = self._data[self._ends[index - 1] + 1 if index else 0 : self._ends[index]]
        return line.decode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The characters of a file."""

    text: str
    """The decoded text, without byte order marks and NUL characters."""
    warnings: tuple[str, ...] = ()


def read(data: bytes, name: str) -> FileContents:  # noqa: ARG001 - every reader has this signature
    """Read plain text, with or without front matter.

    A run of blank lines becomes one empty block, except at the start of the text, where it is left out. Lines whose
    cells are separated by tabs or bars or aligned by blanks become a table, if `find_tables` takes them for one. Raises
    ReadError if the bytes are not text.
    """
    decoded = decode_text(data)
    front = split_front_matter(normalise_text(decoded.text))
    document = RawDocument(tuple(_split_blocks(front.body)), overrides=front.values)
    return FileContents((document,), warnings=decoded.warnings + front.warnings)


def decode_text(data: bytes, declared: str = "") -> DecodedText:
    """Decode UTF-8, UTF-16, UTF-32 (only with a byte order mark), GB18030 (GBK, GB2312) or Big5.

    A byte order mark decides first. Without one, the text is UTF-8 if the bytes are valid UTF-8 and contain no NUL
    character. Otherwise, it is in the most probable encoding of Chinese text. `declared`, an encoding that the text
    names, decides if the bytes are ambiguous. A few invalid bytes become U+FFFD, and a few NUL characters are removed.
    Both add a warning. Raises ReadError if the bytes are in none of these encodings, if they contain too many control
    characters to be text, or if any byte is invalid after a byte order mark of UTF-16 or UTF-32.
    """
    text, warnings = _decode_bytes(data, declared)
    if len(CONTROLS.findall(text)) * _MIN_CHARS_PER_CONTROL > len(text):
        message = "not text: too many control characters"
        raise ReadError(message)
    if nuls := text.count("\x00"):
        warnings = (*warnings, "1 NUL character is dropped" if nuls == 1 else f"{nuls} NUL characters are dropped")
    return DecodedText(text.replace("\x00", "").replace("\ufeff", ""), warnings)


def normalise_text(text: str) -> str:
    """Convert all line ends to line feeds and remove invisible characters, including soft hyphens."""
    return clean_characters(_LINE_END.sub("\n", text.replace("\r\n", "\n")))


def _decode_bytes(data: bytes, declared: str) -> tuple[str, tuple[str, ...]]:
    """Return the decoded text, and a warning if some bytes are invalid."""
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), "")
    if encoding.startswith(("utf-16", "utf-32")):
        try:
            return data.decode(encoding), ()
        except UnicodeDecodeError as error:
            raise ReadError(f"not text: damaged {encoding.upper()} at byte {error.start}") from error
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        encoding = encoding or guess_encoding(data, declared)
    else:
        # ASCII text in UTF-16 without a byte order mark is also valid UTF-8, with NUL characters.
        if encoding or "\x00" not in text or (encoding := guess_encoding(data, declared)) == UTF_8:
            return text, ()
    return _decode_damaged(data, encoding)


def _decode_damaged(data: bytes, encoding: str) -> tuple[str, tuple[str, ...]]:
    """Decode bytes of which some may be invalid, and return the text with a warning if some are.

    Raises ReadError if too many are invalid. If some are, the text must also be plausible, except in UTF-8.
    """
    text = decode_as(data, encoding)
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        first_error = error.start
    else:
        return text, ()
    error_count = text.count(_REPLACEMENT)
    non_ascii_count = len(text) - len(text.encode("ascii", errors="ignore"))
    if error_count * _MIN_CHARS_PER_ERROR > non_ascii_count or not (encoding == UTF_8 or is_plausible(data, encoding)):
        raise ReadError(f"not text: neither UTF-8 nor UTF-16 nor GB18030 nor Big5 (byte {first_error})")
    subject = "1 place is" if error_count == 1 else f"{error_count} places are"
    name = _ENCODING_NAMES.get(encoding, "UTF-8")
    return text, (f"{subject} not {name}, the first at byte {first_error}: read as {_REPLACEMENT}",)


def _split_blocks(text: str) -> list[Block]:
    """Return the lines and tables of a normalised text as blocks."""
    lines = text.split("\n")
    blocks: list[Block] = []
    start = 0
    for first, last, table in find_tables(text, lines):
        _add_lines(blocks, lines[start:first])
        blocks.append(Block("", table=table))
        start = last
    _add_lines(blocks, lines[start:] if start else lines)
    return blocks


def _add_lines(blocks: list[Block], lines: list[str]) -> None:
    """Append lines to `blocks`: each line as a block, and a run of blank lines as one `BLANK`.

    Blank lines at the start of the text are left out.
    """
    for line in lines:
        if line and not line.isspace():
            blocks.append(Block(line))
        elif blocks and blocks[-1] is not BLANK:
            blocks.append(BLANK)
