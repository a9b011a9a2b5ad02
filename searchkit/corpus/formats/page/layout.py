"""Page layout: builds paragraphs from lines, also across page ends, where only positions of characters are stated.

Lengths are in the unit that the format chooses, such as points or millimetres (see `placed`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from searchkit.corpus.blocks import Block
from searchkit.corpus.cleaning.chrome import has_dot_leader
from searchkit.corpus.formats.characters import UNREADABLE, UNREADABLE_REASON, replace_look_alikes
from searchkit.corpus.formats.marks import resolve_marks
from searchkit.corpus.formats.page.aligned import find_aligned_tables
from searchkit.corpus.formats.page.edges import drop_running_lines
from searchkit.corpus.formats.page.lines import (
    UnreadableText,
    build_lines,
    join_lines,
    mark_lines,
    rotate_upright,
)
from searchkit.corpus.formats.page.placed import NO_BOUNDS, ColumnBounds, PlacedLine, PlacedPage
from searchkit.corpus.formats.page.tables import TablePart, collect_tables
from searchkit.corpus.lines import ends_sentence
from searchkit.corpus.numbering import RANK, parse_marker
from searchkit.model import LEFT_OUT

_MAX_SIZE_CHANGE_AFTER_SENTENCE, _MAX_SIZE_CHANGE = 0.12, 0.2
"""Maximum relative differences of the type sizes of two lines of a paragraph: after the end of a sentence, and anywhere
else. They are not 0, because sizes vary in text recognised by OCR."""
_MIN_TITLE_SIZE = 1.1
"""Minimum type size of titles, relative to the median of the lines (`_Typesetting.size`)."""
_MIN_INDENT = 0.7
"""Minimum indent of a line, in em."""
_MIN_WIDTH_SHARE = 0.95
"""Minimum width that the lines of a page cover, relative to the width that the lines of all pages cover. If they cover
less, the page has no full line: none that reaches the right edge of the text. The bounds of all pages are then used for
this page."""
_FULL_LINE_TOLERANCE = 1.5
"""Maximum distance, in em, of the end of a full line from the end of the widest line."""
_MIN_SPARE_ROOM = 0.3
"""A line was ended on purpose if it has room for the first word of the next line and for more than this, in em."""
_PARAGRAPH_MARKERS = frozenset(style for style, rank in RANK.items() if rank <= RANK["①"])
"""Styles of list markers that start a paragraph. Other markers, such as 一是 and 第一, mostly occur inside a paragraph.
"""
_MIN_PARAGRAPH_SPACING = 1.35
"""Minimum distance of the first line of a paragraph from the line before, relative to the usual line spacing."""
_MAX_HEADING_LENGTH = 60
"""Maximum length of a heading that a bookmark names, in code points."""
_BOLD_FONT = re.compile(r"bold|black|heavy|simhei|heiti|黑体|小标宋", re.IGNORECASE)
_FIGURE_LINE = re.compile(r"[\d,.%％ ]{1,30}")
_MIN_TITLE_LENGTH = 5
"""Minimum length of a title in the document properties, in code points."""
_MEANINGLESS_TITLE = re.compile(
    r"microsoft|powerpoint|^untitled|^未命名|^无标题|^文档\d*$|\.(?:docx?|wps|pdf|ofd|txt|html?)$", re.IGNORECASE
)
"""Matches a title in the document properties that a program made, or that is the name of a file."""


@dataclass(frozen=True, slots=True)
class PageText:
    """The text of a document with pages, and what was left out of it."""

    blocks: tuple[Block, ...]
    """Paragraphs, headings and table rows in reading order, each with the page that it starts on."""
    problems: tuple[str, ...] = ()
    """At most one line: the pages and the number of lines that could not be read."""
    warnings: tuple[str, ...] = ()
    """Text that is incomplete or was left out on purpose. One line each."""


def extract_text(pages: Iterable[PlacedPage]) -> PageText:
    """Return the text of a document.

    Page numbers, running heads and feet, and text in another direction than most text of its page are left out, and so
    are lines that are mostly unreadable. In other lines, each unreadable character is replaced by U+FFFD. Cost: n log n
    in the number of glyphs of a page.
    """
    upright = [rotate_upright(page) for page in pages]
    pages = [page for page, _ in upright]
    built = [build_lines(page) for page in pages]
    lines_by_page, unreadable = mark_lines([lines for lines, _ in built])
    text_lines, running = drop_running_lines(lines_by_page, [page.height for page in pages])
    bars = {page.number: page_bars for page, (_, page_bars) in zip(pages, built, strict=True)}
    body_lines = _assign_bounds(find_aligned_tables(text_lines, bars), pages)
    emphasis = _is_emphasis(body_lines)
    headings = {page.number: page.headings for page in pages}
    blocks = tuple(
        _apply_bookmark(block, headings)
        for block in _build_blocks(collect_tables(body_lines), strong=emphasis)
        if block.text or block.table
    )
    # Running heads and feet that the format stores outside of the pages are not among the lines, and are only counted.
    running += Counter({page.number: page.template_lines for page in pages if page.template_lines})
    turned = Counter({page.number: count for page, count in upright if count})
    warnings = tuple(_describe_warnings(unreadable, running, turned))
    return PageText(blocks, tuple(_describe_problems(unreadable)), warnings)


def _describe_problems(unreadable: UnreadableText) -> Iterator[str]:
    """Yield the problem that lines are unreadable, if there are any."""
    if unreadable.lines:
        count = _count_of(unreadable.lines, "unreadable line")
        yield f"{_locate(unreadable.lines)}: {count}: {UNREADABLE_REASON}"


def _describe_warnings(unreadable: UnreadableText, running: Counter[int], turned: Counter[int]) -> Iterator[str]:
    """Yield a warning for each kind of text that is incomplete or left out. All counts are by page."""
    if unreadable.characters:
        count = _count_of(unreadable.characters, "unreadable character")
        yield f"{count} on {_locate(unreadable.characters)}: read as {UNREADABLE}"
    if running:
        yield f"{LEFT_OUT}{_count_of(running, 'line')} of running heads and feet on {_locate(running)}"
    if turned:
        yield f"{LEFT_OUT}{_count_of(turned, 'character')} in another direction on {_locate(turned)}"


def _count_of(counts: Counter[int], noun: str) -> str:
    """Return the total of counts with a noun: `1 line`, `24 lines`."""
    total = counts.total()
    return f"{total} {noun}" if total == 1 else f"{total} {noun}s"


def _locate(counts: Counter[int]) -> str:
    """Return the first and the last page of counts: `page 3`, `pages 1 to 12`."""
    first, last = min(counts), max(counts)
    return f"page {first}" if first == last else f"pages {first} to {last}"


def is_bold_font(font: str) -> bool:
    """Return whether the name of a font indicates emphasis: bold type, or the black type of headings (黑体)."""
    return _BOLD_FONT.search(font) is not None


def is_plausible_title(text: str) -> bool:
    """Return whether a title in the document properties may be that of a report.

    It is not short, has a character outside ASCII, and is neither a file name nor a program's default.
    """
    return len(text) >= _MIN_TITLE_LENGTH and not text.isascii() and _MEANINGLESS_TITLE.search(text) is None


def heading_key(text: str) -> str:
    """Return the form in which bookmark titles are compared: without blanks, and with look-alikes replaced."""
    return "".join(replace_look_alikes(text).split())


def _is_emphasis(lines: Sequence[PlacedLine]) -> bool:
    """Return whether bold type means emphasis. It does not if most of the text is bold."""
    return sum(len(line.text) for line in lines if line.bold) * 2 < sum(len(line.text) for line in lines)


def _assign_bounds(lines: Sequence[PlacedLine], pages: Sequence[PlacedPage]) -> list[PlacedLine]:
    """Return the lines with the bounds of their column.

    A page in one column that has no full line (`_MIN_WIDTH_SHARE`) gets the bounds of all pages.
    """
    groups: dict[tuple[int, int], list[PlacedLine]] = {}
    for line in lines:
        if not line.is_row:
            groups.setdefault((line.page, line.column), []).append(line)
    widest = max((page.width for page in pages), default=0.0)
    all_bounds = _column_bounds([line for (_, column), group in groups.items() if not column for line in group], widest)
    bounds = {key: _column_bounds(group, 0.0 if key[1] else widest) for key, group in groups.items()}
    for (page, column), column_bounds in bounds.items():
        if not column and column_bounds.right - column_bounds.left < _MIN_WIDTH_SHARE * (
            all_bounds.right - all_bounds.left
        ):
            bounds[page, column] = all_bounds
    return [replace(line, bounds=bounds.get((line.page, line.column), all_bounds)) for line in lines]


def _column_bounds(lines: Sequence[PlacedLine], width: float) -> ColumnBounds:
    """Return where the lines of a column start and end.

    If only one line is full, or the lines cover at most half of the page, assume equal margins at both sides of the
    page. `width`: the width of the page, or 0 for one of several columns, which have no such margins.
    """
    if not lines:
        return NO_BOUNDS
    left, right = min(line.left for line in lines), max(line.text_right for line in lines)
    full_lines = sum(line.text_right > right - _FULL_LINE_TOLERANCE * line.size for line in lines)
    return ColumnBounds(left, right if full_lines > 1 and right - left > width / 2 else max(right, width - left))


def _build_blocks(items: Sequence[PlacedLine | TablePart], *, strong: bool) -> Iterator[Block]:
    """Yield the blocks of lines and tables: lines are grouped into paragraphs.

    `strong`: whether bold type means emphasis.
    """
    setting = _Typesetting.estimate([item for item in items if isinstance(item, PlacedLine)])
    current: list[PlacedLine] = []
    for item in items:
        if current and not (isinstance(item, PlacedLine) and setting.continues_paragraph(current[-1], item)):
            yield _build_block(current, strong=strong)
            current = []
        if isinstance(item, PlacedLine):
            current.append(item)
        else:
            yield from item.build_blocks(lambda line: _build_block([line], strong=strong))
    if current:
        yield _build_block(current, strong=strong)


@dataclass(frozen=True, slots=True)
class _Typesetting:
    """Typographic conventions of a document."""

    line_spacing: float
    """Usual distance between two lines of a paragraph, in em; 0 if unknown."""
    size: float
    """Median of the type sizes of the lines."""
    has_indents: bool
    """Whether most paragraphs start with an indented line."""

    @classmethod
    def estimate(cls, lines: Sequence[PlacedLine]) -> _Typesetting:
        """Estimate the conventions, assuming that each line is either full or the last of a paragraph."""
        consecutive = [(before, line) for before, line in pairwise(lines) if _is_same_column(before, line)]
        steps = [
            (line.baseline - before.baseline) / line.size for before, line in consecutive if _is_full(before, line)
        ]
        first_lines = [line for before, line in consecutive if not _is_full(before, line)]
        has_indents = sum(map(_is_indented, first_lines)) * 2 > len(first_lines)
        size = median(line.size for line in lines) if lines else 0.0
        return cls(median(steps) if steps else 0.0, size, has_indents)

    def continues_paragraph(self, before: PlacedLine, line: PlacedLine) -> bool:
        """Return whether a line continues the paragraph of the line before it.

        Only a full line is continued, and only by a line that is neither far below it nor in type of a clearly
        different size. A table row is no part of a paragraph. A paragraph does not go on (a) after an entry of a table
        of contents, (b) between text that is set in several columns and text that is not, (c) where digits would be
        joined to a figure. If paragraphs are indented, an indented line continues no paragraph, unless it is a centred
        line of a title. If the line before ends a sentence, the next line must not look like the start of a paragraph:
        indented, in other type, or numbered if the document has no indents. If in doubt, the result is False: cleaning
        can join the parts of a sentence, but it cannot split paragraphs.
        """
        change = abs(line.size - before.size) / before.size
        if before.is_row or line.is_row or bool(before.column) != bool(line.column) or change > _MAX_SIZE_CHANGE:
            return False
        if not _is_full(before, line) or has_dot_leader(before.text) or self._is_apart(before, line):
            return False
        if before.text[-1].isdigit() and line.text[0].isdigit() and (_is_figure(before.text) or _is_figure(line.text)):
            return False
        is_indented = _is_indented(line)
        if not ends_sentence(before.text):
            is_title_line = line.size > _MIN_TITLE_SIZE * self.size and _is_centred(line)
            return is_title_line or not (is_indented and self.has_indents)
        is_same_type = before.bold == line.bold and change <= _MAX_SIZE_CHANGE_AFTER_SENTENCE
        return is_same_type and not is_indented and (self.has_indents or not _is_numbered(line.text))

    def _is_apart(self, before: PlacedLine, line: PlacedLine) -> bool:
        """Return whether the distance between two lines is clearly larger than the usual line spacing."""
        step = (line.baseline - before.baseline) / line.size
        return (
            self.line_spacing > 0
            and _is_same_column(before, line)
            and step > _MIN_PARAGRAPH_SPACING * self.line_spacing
        )


def _is_figure(text: str) -> bool:
    """Return whether a line is only a figure, which digits on the next line do not continue."""
    return _FIGURE_LINE.fullmatch(text) is not None


def _is_full(before: PlacedLine, line: PlacedLine) -> bool:
    """Return whether a line has no room for the first word of the next line."""
    return before.bounds.right - before.right <= line.first_word_width + _MIN_SPARE_ROOM * line.size


def _is_indented(line: PlacedLine) -> bool:
    return line.left > line.bounds.left + _MIN_INDENT * line.size


def _is_centred(line: PlacedLine) -> bool:
    """Return whether a line is centred, as the second line of a title is."""
    return abs(line.left - line.bounds.left - line.bounds.right + line.right) < line.size


def _is_numbered(text: str) -> bool:
    list_marker = parse_marker(text)
    return list_marker is not None and list_marker.style in _PARAGRAPH_MARKERS


def _is_same_column(before: PlacedLine, line: PlacedLine) -> bool:
    return before.page == line.page and before.column == line.column


def _build_block(lines: Sequence[PlacedLine], *, strong: bool) -> Block:
    """Return the lines of a paragraph as a block. `strong`: whether bold type means emphasis."""
    text = lines[0].text
    for line in lines[1:]:
        text = join_lines(text, line.text)
    return Block(resolve_marks(text), strong=strong and all(line.bold for line in lines), page=lines[0].page)


def _apply_bookmark(block: Block, headings: Mapping[int, Mapping[str, int]]) -> Block:
    """Return the block, with the level of the bookmark that names it, if there is one.

    `headings`: levels by page and `heading_key`.
    """
    if block.page is None or len(block.text) > _MAX_HEADING_LENGTH or "。" in block.text:
        return block
    level = headings[block.page].get(heading_key(block.text), 0)
    return replace(block, level=level) if level else block
