"""Markdown: headings with their level, paragraphs, list items, table rows. Printed numbers stay in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from searchkit.corpus.blocks import Block, RawDocument
from searchkit.corpus.formats.registry import FileContents
from searchkit.corpus.formats.text import decode, tidy
from searchkit.corpus.overrides import split_front_matter
from searchkit.text.characters import visible

_MAX_INLINE_LENGTH = 20_000
"""Code points. Longer text is taken as it stands, so that odd markup in it cannot cost more than its length."""
_PLAIN = re.compile(r"(?:\*\*)?[^\x00-\x7f]")
"""How a line begins that is text: every block element begins with another character of ASCII."""
_STRONG_START = re.compile(r"\*\*(?![\s*、，,。；;：:）)])([^*_`\[<&\\\n]{1,200})(?<!\s)\*\*([^*_`\[<&\\\n]*)")
"""A line with emphasis at its beginning or all over, and no other markup: by far the most frequent."""
_TIGHT_HEADING = re.compile(r"(#{2,6}|#(?!.*#))(?=[\u3400-\u9fff（(])(.+)")
"""`##一、` without the blank that the standard asks for."""
_LEFT_OVER = re.compile(r"\*\*(?![\s*、，,。；;：:）)])([^*\n]{1,200})\*\*")
"""Emphasis that the standard does not see: in `**收入：**包括`, `**` stands between punctuation and a letter."""
_END_MARK = re.compile(r"(?<=[。；：！？”）])\*\*$")
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_INLINE_MARK = re.compile(r"[*_`\[<&\\]")
_BREAKS = frozenset({"softbreak", "hardbreak"})
_MARKS = re.compile(r"[*_`]{2,}")


def read(data: bytes, name: str) -> FileContents:  # noqa: ARG001 - every reader has this signature
    """Read Markdown, with or without front matter. Comments and images are dropped, links give their text.

    A line break in a paragraph is kept: each line is a block. Raises ReadError if the bytes are not text.
    """
    decoded = decode(data)
    front = split_front_matter(tidy(decoded.text))
    blocks = tuple(_Blocks(_parser().parse(front.body)))
    return FileContents((RawDocument(blocks, overrides=front.values),), warnings=decoded.warnings + front.warnings)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table")
    # Indented lines are paragraphs in reports, never code. A reference definition would swallow `[1]:注释`.
    parser.disable(["code", "reference"])
    # What `tidy` gives is normal; inline text is parsed here, if it is not too long.
    parser.core.ruler.disable(["normalize", "inline", "text_join"])
    parser.block.ruler.before("table", "line", _line_between_blanks)
    return parser


def _line_between_blanks(state: StateBlock, start: int, _end: int, _silent: bool) -> bool:  # noqa: FBT001 - the parser's
    """Take a line that stands alone and begins like text: a rule of the parser that spares it all others."""
    at, end = state.bMarks[start] + state.tShift[start], state.eMarks[start]
    alone = start + 1 >= state.lineMax or state.isEmpty(start + 1)
    if not alone or not _PLAIN.match(state.src, at, end):
        return False
    state.push("inline", "", 0).content = state.src[at:end].strip()
    state.line = start + 1
    return True


class _Blocks:
    """Walks the tokens of a file once and gives its blocks in order."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._marker = ""
        self._level = 0
        self._row: list[str] | None = None

    def __iter__(self) -> Iterator[Block]:
        for token in self._tokens:
            if token.type == "inline":
                yield from self._inline(token)
            elif token.type == "html_block":
                yield from _html(token.content)
            elif token.type == "fence":
                yield from (Block(line) for line in token.content.split("\n") if line.strip())
            elif token.type == "tr_close":
                yield from self._end_row()
            else:
                self._structure(token)

    def _structure(self, token: Token) -> None:
        if token.type == "heading_open":
            # A paragraph underlined by accident (`---` meant as a rule) is long; a heading is one line.
            self._level = int(token.tag[1])
        elif token.type == "heading_close":
            self._level = 0
        elif token.type == "list_item_open":
            self._marker = f"{token.info}{token.markup} " if token.info else ""
        elif token.type == "tr_open":
            self._row = []

    def _inline(self, token: Token) -> Iterator[Block]:
        lines = _lines(token.content)
        if self._row is not None:
            self._row.append(" ".join(text.strip() for text, _ in lines))
            return
        level = self._level if len(lines) == 1 else 0
        for text, strong in lines:
            tight = None if level or self._marker else _TIGHT_HEADING.fullmatch(text)
            if tight:
                yield Block(tight[2].rstrip("# "), level=len(tight[1]))
            elif text.strip():
                yield Block(self._marker + text, level=level, strong=strong)
                self._marker = ""

    def _end_row(self) -> Iterator[Block]:
        row, self._row = self._row or [], None
        if any(row):
            yield Block("\t".join(row))


def _lines(content: str) -> list[tuple[str, bool]]:
    """Give each line of inline text without its markup, and whether all of it is strong."""
    if not _INLINE_MARK.search(content):
        return [(line, False) for line in content.split("\n")]
    if len(content) > _MAX_INLINE_LENGTH:
        return [(_MARKS.sub("", line), False) for line in content.split("\n")]
    if found := _STRONG_START.fullmatch(content):
        return [(found[1] + found[2], not found[2].strip())]
    return list(_parsed(content))


def _parsed(content: str) -> Iterator[tuple[str, bool]]:
    tokens: list[Token] = []
    _parser().inline.parse(content, _parser(), {}, tokens)
    for is_break, line in groupby(_runs(tokens), key=lambda run: run is None):
        if not is_break:
            parts = [part for part in line if part is not None]
            text, strong = _tidied(
                "".join(text for text, _ in parts), strong=all(strong for text, strong in parts if text.strip())
            )
            yield visible(text), strong  # entities can spell what `tidy` took out


def _tidied(text: str, *, strong: bool) -> tuple[str, bool]:
    """Take out `**` that were meant as emphasis. `张**` hides a name and stays."""
    if "**" not in text:
        return text, strong
    text = _LEFT_OVER.sub(r"\1", text)
    if text.startswith("**"):
        return text[2:], "**" not in text[2:]  # emphasis that goes on over several paragraphs
    return _END_MARK.sub("", text), strong


def _runs(tokens: Sequence[Token]) -> Iterator[tuple[str, bool] | None]:
    """Give runs of text with their emphasis; None is a line break."""
    depth = 0
    for token in tokens:
        if token.type in _BREAKS or (token.type == "html_inline" and _LINE_BREAK.match(token.content)):
            yield None
        elif token.type in {"strong_open", "strong_close"}:
            depth += token.nesting
        elif token.type in {"text", "text_special", "code_inline"}:
            yield token.content, depth > 0


def _html(content: str) -> Iterator[Block]:
    stripped = content.strip()
    if stripped.startswith("<!--") and "-->" not in stripped:
        # A comment that nobody closed would take the rest of the report with it.
        yield from (Block(visible(line)) for line in stripped.removeprefix("<!--").split("\n") if line.strip())
    elif not (stripped.startswith("<!--") and stripped.find("-->") == len(stripped) - len("-->")):
        from searchkit.corpus.formats.html import fragment  # noqa: PLC0415 - most Markdown has no HTML in it

        yield from fragment(content)
