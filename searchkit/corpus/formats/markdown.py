"""Markdown: headings with their level, paragraphs, list items, tables. Printed numbers stay in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from searchkit.corpus.blocks import Block, RawDocument, RawTable
from searchkit.corpus.formats.characters import clean_characters
from searchkit.corpus.formats.marks import END, LOWERED, RAISED, resolve_marks
from searchkit.corpus.formats.registry import FileContents
from searchkit.corpus.formats.text import decode_text, normalise_text
from searchkit.corpus.frontmatter import split_front_matter
from searchkit.corpus.tables.recognition import is_data_table
from searchkit.model import Cell

_MAX_INLINE_LENGTH = 20_000
"""Maximum length of text whose inline markup is parsed, in code points. The limit keeps the cost linear."""
_TEXT_START = re.compile(r"(?:\*\*)?[^\x00-\x7f]")
"""Start of a line of text. Block elements start with an ASCII character, but not with `**`."""
_STRONG_START = re.compile(r"\*\*(?![\s*、，,。；;：:）)])([^*_`\[<&\\^\n]{1,200})(?<!\s)\*\*([^*_`\[<&\\^\n]*)")
"""A line with emphasis at its start or throughout, and no other markup. Such lines skip the inline parser, because this
is by far the most frequent markup."""
_TIGHT_HEADING = re.compile(r"(#{2,6}|#(?!.*#))(?=[\u3400-\u9fff（(])(.+)")
"""A heading without the blank that the standard requires after its marks: `##一、`. `#话题#` is no heading."""
_UNPARSED_EMPHASIS = re.compile(r"\*\*(?![\s*、，,。；;：:）)])([^*\n]{1,200})\*\*")
"""Emphasis that the standard does not recognise: in `**收入：**包括`, the second `**` is between punctuation and a
letter.
"""
_CLOSING_MARK = re.compile(r"(?<=[。；：！？”）])\*\*$")
"""`**` after the last mark of a line, which closes emphasis that another line opened."""
_SUP_OR_SUB_TAG = re.compile(r"<(/?)su([pb])(?:\s[^<>]{0,200})?>", re.IGNORECASE)
"""A `sup` or `sub` tag."""
_SUPERSCRIPT = re.compile(r"\^([\[\]\d,，①-⑳*+−-]{1,10})\^")
"""`^2^`, as Pandoc writes raised text, if it can be a note or a power. A single caret, as in `2^10`, is ordinary
text."""
_FOOTNOTE_REFERENCE = re.compile(r"\[\^([^\]\s]{1,50})\]")
"""`[^2]`, the mark of a note."""
_FOOTNOTE_LABEL = re.compile(rf"\s*{_FOOTNOTE_REFERENCE.pattern}:\s*")
"""`[^2]: `, the start of the note itself."""
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_INLINE_MARKUP = re.compile(r"[*_`\[<&\\^]")
"""Characters with which inline markup can start. Lines without them are not parsed."""
_TIMES_SIGN = re.compile(r"(?<=[0-9])([mcdk]?m|[毫厘分]?米)?\*(?=[0-9])", re.IGNORECASE)
"""`*` as a sign of multiplication, between two numbers, the first with or without a unit of length: `600*600*25毫米`,
`600mm*600mm`. The `**` of `**12**34` is not matched, nor `*` after other letters."""
_KEPT_TIMES_SIGN = "\ufdd0"
"""Stands for `_TIMES_SIGN` in text that is parsed. Text cannot contain this noncharacter of Unicode."""
_BREAK_TOKENS = frozenset({"softbreak", "hardbreak"})
_MARKUP_RUN = re.compile(r"[*_`]{2,}")
"""Two or more adjacent marks of emphasis or code. They are removed from text that is too long to be parsed."""


def read(data: bytes, name: str) -> FileContents:  # noqa: ARG001 - every reader has this signature
    """Read Markdown, with or without front matter. Links are replaced by their text. Images are dropped.

    Comments are dropped too, except one that is not closed: its lines are text. Paragraphs of more than
    `_MAX_INLINE_LENGTH` code points keep most of their markup. Line breaks in a paragraph are kept: each line is a
    block. Raises ReadError if the bytes are not text, or if `html.parse_fragment` raises it.
    """
    decoded = decode_text(data)
    front = split_front_matter(normalise_text(decoded.text))
    blocks = tuple(_BlockReader(_parser().parse(front.body)))
    return FileContents((RawDocument(blocks, overrides=front.values),), warnings=decoded.warnings + front.warnings)


@cache
def _parser() -> MarkdownIt:
    """Return a CommonMark parser with tables, and without rules that misread reports."""
    parser = MarkdownIt("commonmark").enable("table")
    # Indented lines are paragraphs in reports, never code. A reference definition would consume `[1]:注释`.
    parser.disable(["code", "reference"])
    # `normalise_text` has normalised the lines. `_split_lines` processes inline text.
    parser.core.ruler.disable(["normalize", "inline", "text_join"])
    parser.block.ruler.before("table", "line", _line_between_blanks)
    return parser


def _line_between_blanks(state: StateBlock, start: int, _end: int, _silent: bool) -> bool:  # noqa: FBT001 - the parser's signature
    """Parser rule for a line of text before a blank line or the end of the file. It avoids running all other rules."""
    line_start, line_end = state.bMarks[start] + state.tShift[start], state.eMarks[start]
    is_alone = start + 1 >= state.lineMax or state.isEmpty(start + 1)
    if not is_alone or not _TEXT_START.match(state.src, line_start, line_end):
        return False
    state.push("inline", "", 0).content = state.src[line_start:line_end].strip()
    state.line = start + 1
    return True


class _BlockReader:
    """Iterates over the tokens of a file once and yields its blocks in order."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._marker = ""
        """Printed number of the current item of a numbered list (`1. `), until its first block; otherwise empty."""
        self._level = 0
        """Level of the current heading, or 0."""
        self._is_underlined = False
        """Whether the last heading is a paragraph above a line of `-` or `=`."""
        self._row: list[str] | None = None
        """Cells of the current table row, or None outside rows."""
        self._rows: list[tuple[Cell, ...]] = []
        """Rows of the current table."""

    def __iter__(self) -> Iterator[Block]:
        for token in self._tokens:
            if token.type == "inline":
                yield from self._inline(token)
            elif token.type == "html_block":
                yield from _html_blocks(token.content)
            elif token.type == "fence":
                yield from (Block(line) for line in token.content.split("\n") if line.strip())
            elif token.type == "table_close":
                yield from self._end_table()
            else:
                self._update_state(token)

    def _update_state(self, token: Token) -> None:
        """Update heading level, item number and table row at the start or end of an element."""
        if token.type == "heading_open":
            self._level = int(token.tag[1])
            self._is_underlined = token.markup in {"-", "="}
        elif token.type == "heading_close":
            self._level = 0
        elif token.type == "list_item_open":
            self._marker = f"{token.info}{token.markup} " if token.info else ""
        elif token.type == "tr_open":
            self._row = []
        elif token.type == "tr_close":
            self._rows.append(tuple(map(Cell, self._row or ())))
            self._row = None

    def _inline(self, token: Token) -> Iterator[Block]:
        """Yield a block for each line of inline text that is not blank. In a table, only add a cell to the row."""
        lines = _split_lines(token.content)
        if self._row is not None:
            self._row.append("\n".join(text.strip() for text, _ in lines))
            return
        # A `---` directly below a paragraph makes all its lines a heading, but was meant as a horizontal line.
        is_sentence = self._is_underlined and ("。" in token.content or "；" in token.content)
        level = 0 if len(lines) > 1 or is_sentence else self._level
        for text, strong in lines:
            tight_heading = None if level or self._marker else _TIGHT_HEADING.fullmatch(text)
            if tight_heading:
                yield Block(tight_heading[2].rstrip("# "), level=len(tight_heading[1]))
            elif text.strip():
                yield Block(self._marker + text, level=level, strong=strong)
                self._marker = ""

    def _end_table(self) -> Iterator[Block]:
        """Yield a data table as one block. Of any other table, yield each row with text, its cells joined by tabs."""
        rows, self._rows = tuple(self._rows), []
        table = RawTable(rows, header_rows=1)
        if is_data_table(table):
            yield Block("", table=table)
        else:
            lines = ([" ".join(cell.text.split("\n")) for cell in row] for row in rows)
            yield from (Block("\t".join(texts)) for texts in lines if any(texts))


def _split_lines(content: str) -> list[tuple[str, bool]]:
    """Return each line of inline text without markup, and whether the entire line is strong.

    Text longer than `_MAX_INLINE_LENGTH` is not parsed: links, for example, stay, and no line is strong.
    """
    if not _INLINE_MARKUP.search(content):
        return [(line, False) for line in content.split("\n")]
    if len(content) > _MAX_INLINE_LENGTH:
        return [(_resolve_raised_and_lowered(_MARKUP_RUN.sub("", line)), False) for line in content.split("\n")]
    if match := _STRONG_START.fullmatch(content):
        return [(match[1] + match[2], not match[2].strip())]
    return list(_parse_inline(content))


def _parse_inline(content: str) -> Iterator[tuple[str, bool]]:
    """Yield the same as `_split_lines` for text with any markup."""
    tokens: list[Token] = []
    # Between two numbers, the standard takes `*` for emphasis.
    content = _TIMES_SIGN.sub(rf"\1{_KEPT_TIMES_SIGN}", content)
    _parser().inline.parse(content, _parser(), {}, tokens)
    for is_break, line in groupby(_text_runs(tokens), key=lambda run: run is None):
        if not is_break:
            parts = [part for part in line if part is not None]
            text, strong = _strip_emphasis(
                _resolve_raised_and_lowered("".join(text for text, _ in parts).replace(_KEPT_TIMES_SIGN, "*")),
                strong=all(strong for text, strong in parts if text.strip()),
            )
            yield clean_characters(text), strong  # entities can encode characters that `normalise_text` removes


def _resolve_raised_and_lowered(text: str) -> str:
    """Resolve raised and lowered text in a line, and marks of notes written as `[^2]`.

    The label of a note at the start of the line, `[^2]: `, is dropped.
    """
    if "[^" in text:
        text = _FOOTNOTE_LABEL.sub("", text, count=1) if _FOOTNOTE_LABEL.match(text) else text
        text = _FOOTNOTE_REFERENCE.sub(_raise_footnote_reference, text)
    if "^" in text:
        text = _SUPERSCRIPT.sub(rf"{RAISED}\1{END}", text)
    if "<" in text:
        text = _SUP_OR_SUB_TAG.sub(_delimiter_of, text)
    return resolve_marks(text)


def _raise_footnote_reference(reference: re.Match[str]) -> str:
    """Return a footnote reference as raised text in the form of a note's mark: [2] for `[^2]`, * for `[^note]`."""
    return f"{RAISED}[{reference[1]}]{END}" if reference[1].isdecimal() else f"{RAISED}*{END}"


def _delimiter_of(tag: re.Match[str]) -> str:
    """Return the delimiter for a `sup` or `sub` tag."""
    return END if tag[1] else RAISED if tag[2] in "pP" else LOWERED


def _strip_emphasis(text: str, *, strong: bool) -> tuple[str, bool]:
    """Remove `**` that was meant as emphasis. Return the text, and whether it is strong.

    `张**`, which hides a name, is kept.
    """
    if "**" not in text:
        return text, strong
    text = _UNPARSED_EMPHASIS.sub(r"\1", text)
    if text.startswith("**"):
        return text[2:], "**" not in text[2:]  # emphasis that spans several paragraphs
    return _CLOSING_MARK.sub("", text), strong


def _text_runs(tokens: Sequence[Token]) -> Iterator[tuple[str, bool] | None]:
    """Yield runs of text and whether each is strong; None for a line break.

    `sup` and `sub` tags are runs of their own. Images and other tags are dropped.
    """
    depth = 0
    for token in tokens:
        if token.type in _BREAK_TOKENS or (token.type == "html_inline" and _LINE_BREAK.match(token.content)):
            yield None
        elif token.type in {"strong_open", "strong_close"}:
            depth += token.nesting
        elif token.type == "html_inline" and _SUP_OR_SUB_TAG.fullmatch(token.content):
            yield token.content, True  # a tag does not keep its line from being strong
        elif token.type in {"text", "text_special", "code_inline"}:
            yield token.content, depth > 0


def _html_blocks(content: str) -> Iterator[Block]:
    """Yield the blocks of HTML. A comment is dropped. If a comment is not closed, its lines are text."""
    stripped = content.strip()
    if stripped.startswith("<!--") and "-->" not in stripped:
        # An unclosed comment would contain the rest of the report.
        yield from (Block(clean_characters(line)) for line in stripped.removeprefix("<!--").split("\n") if line.strip())
    elif not (stripped.startswith("<!--") and stripped.find("-->") == len(stripped) - len("-->")):
        from searchkit.corpus.formats.html import parse_fragment  # noqa: PLC0415 - most Markdown contains no HTML

        yield from parse_fragment(content)
