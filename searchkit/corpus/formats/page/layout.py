"""Page layout: builds paragraphs from glyphs, for formats that only state the position of each character.

Lengths are in a unit that the format chooses (points, millimetres). The origin is the upper left corner of a page. An
em is the type size of a line; limits are in em where possible, so that they do not depend on the unit.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from operator import attrgetter, itemgetter
from statistics import median
from typing import NamedTuple

from searchkit.corpus.blocks import Block
from searchkit.corpus.cleaning.chrome import has_dot_leader
from searchkit.corpus.formats.characters import (
    PRIVATE_USE,
    SOFT_HYPHEN,
    UNREADABLE,
    UNREADABLE_REASON,
    clean_characters,
    is_private,
    mark_unreadable,
)
from searchkit.corpus.formats.marks import END, LOWERED, RAISED, resolve_marks
from searchkit.corpus.formats.page.edges import drop_running_lines
from searchkit.corpus.formats.page.reading_order import (
    ColumnBounds,
    PlacedLine,
    Rule,
    RuledRow,
    cell_edges_at,
    find_ruled_rows,
    order_lines,
)
from searchkit.corpus.lines import ends_sentence
from searchkit.corpus.numbering import RANK, parse_marker
from searchkit.model import LEFT_OUT

_MIN_TYPE_SIZE = 1e-5
"""Share of a page's height. Smaller type is invisible."""
_MIN_WORD_GAP = 0.15
"""Em. A wider gap between Latin characters is a blank: some programs move on instead of printing one."""
_MIN_HAN_GAP = 0.7
"""Em. The same next to a Han character: justified lines contain gaps, and Latin words are set off by a quarter em."""
_MAX_BASELINE_SHIFT = 0.5
"""Em. Glyphs whose baselines differ by at most this are in the same row."""
_MAX_OVERPRINT_SHIFT = 0.4
"""Share of a glyph's width. Two equal characters that are closer are one character printed twice."""
_MAX_SIZE_CHANGE_AFTER_SENTENCE, _MAX_SIZE_CHANGE = 0.12, 0.2
"""Relative differences of type sizes. A larger difference starts a paragraph: the first after a sentence, the second
anywhere. Sizes vary in text recognised by OCR."""
_MIN_TITLE_SIZE = 1.1
"""Relative to the size of most lines. Larger type is that of titles."""
_MIN_INDENT = 0.7
"""Em. A line that starts further to the right is indented."""
_MIN_WIDTH_SHARE = 0.95
"""Share of the width that the lines of all pages cover. A page that covers less has no full lines."""
_FULL_LINE_TOLERANCE = 1.5
"""Em. A line that is at most this much narrower than the widest line is full, too."""
_NO_BOUNDS = ColumnBounds(0, 0)
_MIN_SPARE_ROOM = 0.3
"""Em. A line that has this much more room than the first word of the next line needs was ended on purpose."""
_PARAGRAPH_MARKERS = frozenset(style for style, rank in RANK.items() if rank <= RANK["①"])
"""Styles of list markers that start a paragraph. Others, such as 一是 and 第一, mostly occur inside one."""
_MIN_PARAGRAPH_SPACING = 1.35
"""Relative to the usual line spacing. A larger distance to the line before starts a paragraph."""
_MAX_HEADING_LENGTH = 60
"""Code points. A longer paragraph is not a heading, even if a bookmark names it."""
_MAX_SCRIPT_SIZE = 0.8
"""Relative to the size of its line. Larger type is neither raised nor lowered."""
_MIN_RAISE, _MIN_DROP = 0.15, 0.05
"""Em of the line. Distance between the baseline of the line and that of raised or lowered type."""
_MAX_UNREADABLE_SHARE = 0.5
"""Share of the characters of a page or line. If more are unreadable, all of it is left out."""

_FIRST_WORD = re.compile(r"[（(《“‘〈【〔［「『]*(?:[0-9A-Za-z.%％,\-]+|.)[，,、。；;：:）)》”’〉】〕］」』！!？?%％]*")
_HYPHENATED = re.compile(r"[A-Za-z]{2}-$")
_HANGING_PUNCTUATION = frozenset("，,、。.；;：:！!？?")
_WHITE_SPACE = re.compile(r"\s+")
_LOOK_ALIKES = re.compile("[\u2e9f\u2ef3\u2f00-\u2fd5\uf900-\ufad9\ufb00-\ufb06]")
_RADICALS = str.maketrans(
    "⺁⺇⺋⺟⺠⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰⻳",
    "厂几㔾母民虎西见角贝车长门青韦页风飞食马骨鬼鱼鸟麦黄齐齿龙龟",
)
"""Maps radicals that Unicode does not decompose to the characters that fonts display with the same glyph."""
_BOLD_FONT = re.compile(r"bold|black|heavy|simhei|heiti|黑体|小标宋", re.IGNORECASE)

_MIN_TITLE_LENGTH = 5
_MEANINGLESS_TITLE = re.compile(
    r"microsoft|powerpoint|^untitled|^未命名|^无标题|^文档\d*$|\.(?:docx?|wps|pdf|ofd|txt|html?)$", re.IGNORECASE
)


class Glyph(NamedTuple):
    """A character and its position on a page."""

    text: str
    """One code point; several for a ligature."""
    left: float
    right: float
    baseline: float
    """Distance of its baseline from the upper edge of the page."""
    size: float
    """Type size: the height of a Han character."""
    bold: bool = False
    turn: int | None = 0
    """Clockwise rotation in quarter turns, 0 to 3; None = skewed, as watermarks are."""


@dataclass(frozen=True, slots=True)
class PlacedPage:
    """The contents of one page."""

    number: int
    """From 1."""
    width: float
    height: float
    glyphs: Sequence[Glyph]
    """In any order."""
    rules: Sequence[Rule] = ()
    headings: Mapping[str, int] = field(default_factory=dict)
    """Titles of the bookmarks that point to this page, with their heading level from 1."""
    template_lines: int = 0
    """Number of lines of this page that are printed on several pages, and are not among the glyphs."""


@dataclass(frozen=True, slots=True)
class PageText:
    """The text of a document with pages, and what was left out of it."""

    blocks: tuple[Block, ...]
    """Paragraphs, headings and table rows in reading order, each with the page that it starts on."""
    problems: tuple[str, ...] = ()
    """At most one line: the number of lines that could not be read."""
    warnings: tuple[str, ...] = ()
    """Text that is incomplete or was left out on purpose. One line each."""


def extract_text(pages: Iterable[PlacedPage]) -> PageText:
    """Return the text of a document.

    Page numbers, running heads and feet, and text in another direction than most text of its page are left out, and so
    are lines that are mostly unreadable. In other lines, each unreadable character is replaced by U+FFFD. Cost: n log n
    in the number of glyphs of a page.
    """
    upright = [_rotate_upright(page) for page in pages]
    pages = [page for page, _ in upright]
    lines_by_page, unreadable = _mark_lines([_build_lines(page) for page in pages])
    text_lines, running = drop_running_lines(lines_by_page, [page.height for page in pages])
    body_lines = _assign_bounds(text_lines, pages)
    emphasis = _is_emphasis(body_lines)
    headings = {page.number: page.headings for page in pages}
    paragraphs = [_build_block(lines, strong=emphasis) for lines in _group_paragraphs(body_lines)]
    blocks = tuple(_apply_bookmark(block, headings) for block in paragraphs if block.text)
    left_out = (
        _describe(
            _count_running_lines(running, pages), "line of running heads and feet", "lines of running heads and feet"
        ),
        _describe(
            Counter({page.number: count for page, count in upright}),
            "character in another direction",
            "characters in another direction",
        ),
    )
    characters = _describe(unreadable.characters, "unreadable character", "unreadable characters")
    problem = _describe(unreadable.lines, "unreadable line", "unreadable lines")
    return PageText(
        blocks,
        (f"{problem}: {UNREADABLE_REASON}",) if problem else (),
        ((f"{characters}: read as {UNREADABLE}",) if characters else ())
        + tuple(LEFT_OUT + text for text in left_out if text),
    )


def is_unreadable(glyphs: Sequence[Glyph]) -> bool:
    """Return whether most characters of a page are not mapped to characters by its fonts."""
    unreadable_texts = {text for text in {glyph.text for glyph in glyphs} if text == UNREADABLE or is_private(text)}
    if not unreadable_texts:
        return False
    unreadable = sum(glyph.text in unreadable_texts for glyph in glyphs)
    blanks = sum(glyph.text.isspace() for glyph in glyphs)
    return unreadable > _MAX_UNREADABLE_SHARE * (len(glyphs) - blanks)


def replace_look_alikes(text: str) -> str:
    """Replace look-alikes by the usual character: ligatures, radicals and compatibility ideographs."""
    text = _LOOK_ALIKES.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    return clean_characters(text.translate(_RADICALS))


def is_bold_font(font: str) -> bool:
    """Return whether the name of a font indicates emphasis: bold type, or the black type of headings (黑体)."""
    return _BOLD_FONT.search(font) is not None


def is_plausible_title(text: str) -> bool:
    """Return whether a title in the document properties is neither a file name nor a program's default."""
    return len(text) >= _MIN_TITLE_LENGTH and not text.isascii() and _MEANINGLESS_TITLE.search(text) is None


def heading_key(text: str) -> str:
    """Return the form in which bookmark titles are compared: without blanks and look-alikes."""
    return _WHITE_SPACE.sub("", replace_look_alikes(text))


def _rotate_upright(page: PlacedPage) -> tuple[PlacedPage, int]:
    """Rotate a page so that most of its text is upright. Return it with the number of characters in other directions.

    These characters, and the invisible glyphs outside the page, are dropped.
    """
    min_size, max_size = _MIN_TYPE_SIZE * page.height, page.height
    on_page = [
        glyph
        for glyph in page.glyphs
        if 0 <= glyph.left <= page.width and 0 <= glyph.baseline <= page.height and min_size < glyph.size <= max_size
    ]
    turns = Counter(glyph.turn for glyph in on_page if glyph.turn is not None)
    turn = min(turns, key=lambda turn: (-turns[turn], turn)) if turns else 0
    glyphs = [glyph for glyph in on_page if glyph.turn == turn]
    dropped = 0 if len(glyphs) == len(on_page) else sum(g.turn != turn and not g.text.isspace() for g in on_page)
    if not turn:
        return replace(page, glyphs=glyphs), dropped
    width, height = (page.width, page.height) if turn == 2 else (page.height, page.width)  # noqa: PLR2004 - upside down
    turned = [_rotate_back(glyph, turn, page) for glyph in glyphs]
    return replace(page, width=width, height=height, glyphs=turned, rules=()), dropped


def _rotate_back(glyph: Glyph, turn: int, page: PlacedPage) -> Glyph:
    """Return the glyph after rotating the page back by `turn` quarter turns."""
    length, x, y = glyph.right - glyph.left, glyph.left, glyph.baseline
    left, base = {1: (y, page.width - x), 2: (page.width - x, page.height - y), 3: (page.height - y, x)}[turn]
    return glyph._replace(left=left, right=left + length, baseline=base, turn=0)


def _build_lines(page: PlacedPage) -> list[PlacedLine]:
    """Return the lines of a page in reading order."""
    texts = {glyph.text for glyph in page.glyphs}
    invisible = {text for text in texts if text != SOFT_HYPHEN and not clean_characters(text)}
    glyphs = sorted((glyph for glyph in page.glyphs if glyph.text not in invisible), key=attrgetter("baseline"))
    if not glyphs:
        return []
    tables = find_ruled_rows(page.rules, median(glyph.size for glyph in glyphs))
    rows: list[list[Glyph]] = []
    for glyph in glyphs:
        if rows and glyph.baseline - rows[-1][0].baseline <= _MAX_BASELINE_SHIFT * max(glyph.size, rows[-1][0].size):
            rows[-1].append(glyph)
        else:
            rows.append([glyph])
    pieces = [[_build_line(piece, page.number) for piece in _split_row(row, tables)] for row in rows]
    return order_lines([row for row in pieces if row], tables, join_lines)


def _split_row(row: Sequence[Glyph], tables: Sequence[RuledRow]) -> Iterator[list[Glyph]]:
    """Split a row, from left to right, at wide gaps and at the edges of table cells."""
    edges = cell_edges_at(row[0].baseline, tables)
    piece: list[Glyph] = []
    blank: Glyph | None = None
    for glyph in sorted(row, key=attrgetter("left")):
        if glyph.text.isspace():
            blank = glyph
            continue
        if glyph.text == SOFT_HYPHEN:
            piece[-1:] = [before._replace(right=max(before.right, glyph.right)) for before in piece[-1:]]
            continue
        if (
            piece
            and glyph.text == piece[-1].text
            and glyph.left - piece[-1].left < _MAX_OVERPRINT_SHIFT * _glyph_width(glyph)
        ):
            piece[-1] = piece[-1]._replace(bold=True)  # printed twice to look bold
            continue
        previous_end = blank.right if blank and piece else piece[-1].right if piece else glyph.left
        if piece and (glyph.left - previous_end > glyph.size or _is_separated(piece[-1], glyph, edges)):
            yield piece
            piece = []
        elif piece and blank:
            piece.append(blank)
        piece.append(glyph)
        blank = None
    if piece:
        yield piece


def _glyph_width(glyph: Glyph) -> float:
    return glyph.right - glyph.left


def _is_separated(before: Glyph, glyph: Glyph, edges: Sequence[float]) -> bool:
    return any(before.left + before.right < 2 * edge < glyph.left + glyph.right for edge in edges)


def _build_line(glyphs: Sequence[Glyph], page_number: int) -> PlacedLine:
    sizes = Counter(glyph.size for glyph in glyphs)
    size = sizes.most_common(1)[0][0]
    parts: list[str] = []
    for before, glyph in zip([None, *glyphs], glyphs, strict=False):
        gap = 0.0 if before is None else (glyph.left - before.right) / size
        is_latin = glyph.text.isascii() and before is not None and before.text.isascii()
        has_gap = gap > (_MIN_WORD_GAP if is_latin else _MIN_HAN_GAP) or glyph.text.isspace()
        parts.append(f" {glyph.text.strip()}" if has_gap else glyph.text)
    if min(sizes) <= _MAX_SCRIPT_SIZE * size:
        text = _resolve_scripts(parts, _find_scripts(glyphs, size))
    else:
        text = _WHITE_SPACE.sub(" ", replace_look_alikes("".join(parts)))
    word = _FIRST_WORD.match(text)
    last = glyphs[min(len(glyphs), len(word[0]) if word else 1) - 1]
    return PlacedLine(
        text=text,
        left=glyphs[0].left,
        right=glyphs[-1].right,
        baseline=median(glyph.baseline for glyph in glyphs),
        size=size,
        bold=all(glyph.bold for glyph in glyphs if not glyph.text.isspace()),
        page=page_number,
        text_right=glyphs[-1].left if text[-1] in _HANGING_PUNCTUATION else glyphs[-1].right,
        first_word_width=last.right - glyphs[0].left,
    )


def _find_scripts(glyphs: Sequence[Glyph], size: float) -> list[str]:
    """Return for each glyph of a line the delimiter of raised or lowered text; empty for other glyphs.

    `size`: the type size of the line.
    """
    baseline = median(glyph.baseline for glyph in glyphs if glyph.size > _MAX_SCRIPT_SIZE * size)
    scripts: list[str] = []
    for glyph in glyphs:
        shift = (baseline - glyph.baseline) / size
        is_small = glyph.size <= _MAX_SCRIPT_SIZE * size
        scripts.append(
            RAISED if is_small and shift >= _MIN_RAISE else LOWERED if is_small and -shift >= _MIN_DROP else ""
        )
    return scripts


def _resolve_scripts(parts: Sequence[str], scripts: Sequence[str]) -> str:
    """Return the text of a line with raised and lowered characters.

    Raised characters at its start keep their delimiters. They may follow a word at the end of the line before.
    """
    runs = [
        (script, replace_look_alikes("".join(part for _, part in run)))
        for script, run in groupby(zip(scripts, parts, strict=True), key=itemgetter(0))
    ]
    texts = [f"{script}{text}{END}" if script else text for script, text in runs]
    first = texts.pop(0) if runs[0][0] == RAISED else ""
    return _WHITE_SPACE.sub(" ", first + resolve_marks("".join(texts)))


class _UnreadableText(NamedTuple):
    """What could not be read, by page."""

    lines: Counter[int]
    """Number of lines that are left out."""
    characters: Counter[int]
    """Number of unreadable characters in the other lines."""


def _mark_lines(lines_by_page: Iterable[Sequence[PlacedLine]]) -> tuple[list[list[PlacedLine]], _UnreadableText]:
    """Mark the unreadable characters of lines, and leave out the lines that consist mostly of them."""
    unreadable = _UnreadableText(Counter(), Counter())
    marked_pages: list[list[PlacedLine]] = []
    for lines in lines_by_page:
        marked_pages.append([])
        for line in lines:
            text = line.text
            if UNREADABLE in text or PRIVATE_USE.search(text):
                text = mark_unreadable(text)
                count = text.count(UNREADABLE)
                if count > _MAX_UNREADABLE_SHARE * len("".join(text.split())):
                    unreadable.lines[line.page] += 1
                    continue
                unreadable.characters[line.page] += count
            if text:
                marked_pages[-1].append(line if text is line.text else replace(line, text=text))
    return marked_pages, unreadable


def _count_running_lines(counts: Counter[int], pages: Sequence[PlacedPage]) -> Counter[int]:
    """Add the lines of page templates to the counts of running heads and feet."""
    return counts + Counter({page.number: page.template_lines for page in pages})


def _describe(counts: Counter[int], one: str, many: str) -> str:
    """Describe counts by page: `24 unreadable lines on pages 1 to 12`; empty if all are 0."""
    pages = [page for page, count in counts.items() if count]
    if not pages:
        return ""
    first, last, total = min(pages), max(pages), counts.total()
    location = f"page {first}" if first == last else f"pages {first} to {last}"
    return f"{total} {one if total == 1 else many} on {location}"


def _is_emphasis(lines: Sequence[PlacedLine]) -> bool:
    """Return whether bold type means emphasis. It does not if most of the text is bold."""
    return sum(len(line.text) for line in lines if line.bold) * 2 < sum(len(line.text) for line in lines)


def _assign_bounds(lines: Sequence[PlacedLine], pages: Sequence[PlacedPage]) -> list[PlacedLine]:
    """Return the lines with the bounds of their column. Pages without full lines get the bounds of all pages."""
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
    """Return where lines start and end on a page of this width. If they do not show it, assume equal margins."""
    if not lines:
        return _NO_BOUNDS
    left, right = min(line.left for line in lines), max(line.text_right for line in lines)
    full_lines = sum(line.text_right > right - _FULL_LINE_TOLERANCE * line.size for line in lines)
    return ColumnBounds(left, right if full_lines > 1 and right - left > width / 2 else max(right, width - left))


def _group_paragraphs(lines: Sequence[PlacedLine]) -> Iterator[list[PlacedLine]]:
    """Group lines into paragraphs. A heading is a paragraph, and so is a table row."""
    setting = _Typesetting.estimate(lines)
    current: list[PlacedLine] = []
    for line in lines:
        if current and not setting.continues_paragraph(current[-1], line):
            yield current
            current = []
        current.append(line)
    if current:
        yield current


@dataclass(frozen=True, slots=True)
class _Typesetting:
    """Typographic conventions of a document."""

    line_spacing: float
    """Usual distance between two lines of a paragraph, in em; 0 = unknown."""
    size: float
    """Type size of most lines."""
    has_indents: bool
    """Whether most paragraphs start with an indented line."""

    @classmethod
    def estimate(cls, lines: Sequence[PlacedLine]) -> _Typesetting:
        """Estimate the conventions. Most lines are either full or the last of a paragraph."""
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

        Only a full line is continued, and if paragraphs are indented, not by an indented line. If the line before ends
        a sentence, the next line must not look like a start either: indented, in other type, or numbered if the
        document has no indents. If in doubt, split: cleaning can join parts of a sentence, but it cannot split
        paragraphs.
        """
        change = abs(line.size - before.size) / before.size
        if before.is_row or line.is_row or bool(before.column) != bool(line.column) or change > _MAX_SIZE_CHANGE:
            return False
        if not _is_full(before, line) or has_dot_leader(before.text) or self._is_apart(before, line):
            return False
        is_indented = _is_indented(line)
        if not ends_sentence(before.text):
            is_title_line = line.size > _MIN_TITLE_SIZE * self.size and _is_centred(line)
            return is_title_line or not (is_indented and self.has_indents)
        is_same_type = before.bold == line.bold and change <= _MAX_SIZE_CHANGE_AFTER_SENTENCE
        return is_same_type and not is_indented and (self.has_indents or not _is_numbered(line.text))

    def _is_apart(self, before: PlacedLine, line: PlacedLine) -> bool:
        step = (line.baseline - before.baseline) / line.size
        return (
            self.line_spacing > 0
            and _is_same_column(before, line)
            and step > _MIN_PARAGRAPH_SPACING * self.line_spacing
        )


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
    text = lines[0].text
    for line in lines[1:]:
        text = join_lines(text, line.text)
    return Block(resolve_marks(text), strong=strong and all(line.bold for line in lines), page=lines[0].page)


def join_lines(before: str, after: str) -> str:
    """Join two lines: a blank between Latin words, none between Han characters, no hyphen inside a word."""
    last, first = before[-1], after[0]
    if _HYPHENATED.search(before) and first.islower() and first.isascii():
        return before[:-1] + after
    can_precede_word = last.isalpha() or last in ",.;:!?)"
    can_follow_word = first.isalpha() or (last.isalpha() and first.isdigit())
    return (
        f"{before} {after}"
        if last.isascii() and first.isascii() and can_precede_word and can_follow_word
        else before + after
    )


def _apply_bookmark(block: Block, headings: Mapping[int, Mapping[str, int]]) -> Block:
    if block.page is None or len(block.text) > _MAX_HEADING_LENGTH or "。" in block.text:
        return block
    level = headings[block.page].get(heading_key(block.text), 0)
    return replace(block, level=level) if level else block
