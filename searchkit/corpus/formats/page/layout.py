"""Page layout: characters at their places to paragraphs, for formats that only say where each character stands.

Lengths are in one unit of the format's choice (points, millimetres), the origin is a page's upper left corner. An em
is the size of a line's type, so that no rule depends on the unit.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from searchkit.corpus.blocks import Block
from searchkit.corpus.cleaning.chrome import has_leader, is_page_number
from searchkit.corpus.formats.page.reading_order import Band, Frame, Line, Rule, bands, edges_at, in_reading_order
from searchkit.corpus.lines import ends_sentence
from searchkit.corpus.numbering import RANK, marker
from searchkit.text.characters import visible

_MARGIN = 0.115
"""Share of a page's height, at either end, where running heads and page numbers stand."""
_MIN_SIZE = 1e-5
"""Share of a page's height that type must have to be seen."""
_EDGE_LINES = 2
"""How many lines at either end of a page may be head or foot."""
_WORD_GAP = 0.15
"""Blanks between Latin words are at least so wide, in em: some programs only move on instead of printing one."""
_HAN_GAP = 0.7
"""The same beside a Han character: spread lines part them, and Latin words stand a quarter em off."""
_SAME_LINE = 0.5
_SAME_PLACE = 0.4
"""Share of its width that the same character must be apart not to be printed over the first."""
_SAME_SIZE, _OTHER_SIZE = 0.12, 0.2
"""Sizes that differ by more begin a paragraph behind a sentence, or anywhere. They vary in text that was recognised."""
_TITLE = 1.1
"""So many times the size of most lines is the type of titles."""
_INDENT = 0.7
_WHOLE = 0.95
"""A page whose lines reach over such a share of the width of all pages has full lines of its own."""
_NEARLY = 1.5
"""How much narrower than a full line, in em, another full line may be."""
_NOWHERE = Frame(0, 0)
_ROOM = 0.3
"""Room, in em, beyond what the first word of the next line needs, from which a line was ended on purpose."""
_OUTER_STYLES = frozenset(style for style, rank in RANK.items() if rank <= RANK["①"])
"""Numbers that begin a paragraph; 一是 and 第一 mostly stand inside."""
_SPACING = 1.35
"""From so many times the usual distance of two lines on, the next begins a paragraph."""
_MAX_HEADING_LENGTH = 60
"""Code points. A longer bookmark is a paragraph."""

_FIRST_WORD = re.compile(r"[（(《“‘〈【〔［「『]*(?:[0-9A-Za-z.%％,\-]+|.)[，,、。；;：:）)》”’〉】〕］」』！!？?%％]*")
_HYPHENATED = re.compile(r"[A-Za-z]{2}-$")
_HANGING = frozenset("，,、。.；;：:！!？?")
_DIGITS = re.compile(r"\d+")
_BLANKS = re.compile(r"\s+")
_LOOK_ALIKES = re.compile("[\u2e9f\u2ef3\u2f00-\u2fd5\uf900-\ufad9\ufb00-\ufb06]")
_RADICALS = str.maketrans(
    "⺁⺇⺋⺟⺠⻁⻄⻅⻆⻉⻋⻓⻔⻘⻙⻚⻛⻜⻝⻢⻣⻤⻥⻦⻨⻩⻬⻮⻰⻳",
    "厂几㔾母民虎西见角贝车长门青韦页风飞食马骨鬼鱼鸟麦黄齐齿龙龟",
)
"""Radicals that have no decomposition in Unicode, and the characters that fonts show with the same glyph."""
_BOLD = re.compile(r"bold|black|heavy|simhei|heiti|黑体|小标宋", re.IGNORECASE)

_MIN_TITLE_LENGTH = 5
_NO_TITLE = re.compile(
    r"microsoft|powerpoint|^untitled|^未命名|^无标题|^文档\d*$|\.(?:docx?|wps|pdf|ofd|txt|html?)$", re.IGNORECASE
)


class Glyph(NamedTuple):
    """A character as it stands on a page."""

    text: str
    """One code point; several for a ligature."""
    left: float
    right: float
    base: float
    """Distance of the line it stands on from the page's upper edge."""
    size: float
    """Of its type: the height of a Han character."""
    bold: bool = False
    turn: int | None = 0
    """Quarter turns clockwise that it is rotated by, 0 to 3; None = askew, as watermarks are."""


@dataclass(frozen=True, slots=True)
class Page:
    """What stands on one page."""

    number: int
    """From 1."""
    width: float
    height: float
    glyphs: Sequence[Glyph]
    """In any order."""
    rules: Sequence[Rule] = ()
    headings: Mapping[str, int] = field(default_factory=dict)
    """What the format's outline says begins on this page, to heading level from 1."""


def blocks(pages: Iterable[Page]) -> tuple[Block, ...]:
    """Give paragraphs, headings and table rows in reading order, each with the page that it begins on.

    Page numbers, running heads and feet, and text askew are dropped. Cost: n log n in the glyphs of a page.
    """
    pages = [_upright(page) for page in pages]
    body = _framed(_without_heads([_lines(page) for page in pages], pages), pages)
    emphasis = _is_emphasis(body)
    headings = {page.number: page.headings for page in pages}
    joined = [_block(lines, strong=emphasis) for lines in _paragraphs(body)]
    return tuple(_with_level(block, headings) for block in joined)


def plain(text: str) -> str:
    """Replace what only looks like the character that is meant: ligatures, radicals, compatibility ideographs."""
    text = _LOOK_ALIKES.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)
    return visible(text.translate(_RADICALS))


def is_bold(font: str) -> bool:
    """Tell by the name of a font whether it is for emphasis: a bold one, or the black type of headings (黑体)."""
    return _BOLD.search(font) is not None


def is_title(text: str) -> bool:
    """Tell whether the title in a document's properties is one, and not a file's name or what a program put there."""
    return len(text) >= _MIN_TITLE_LENGTH and not text.isascii() and _NO_TITLE.search(text) is None


def heading_key(text: str) -> str:
    """Give what the titles in an outline are compared by: the text without blanks and look-alikes."""
    return _BLANKS.sub("", plain(text))


def _upright(page: Page) -> Page:
    """Turn a page so that most of its text is upright; the rest of it goes, and so does what is not on the page."""
    least, most = _MIN_SIZE * page.height, page.height
    on_page = [
        glyph
        for glyph in page.glyphs
        if 0 <= glyph.left <= page.width and 0 <= glyph.base <= page.height and least < glyph.size <= most
    ]
    turns = Counter(glyph.turn for glyph in on_page if glyph.turn is not None)
    turn = min(turns, key=lambda turn: (-turns[turn], turn)) if turns else 0
    glyphs = [glyph for glyph in on_page if glyph.turn == turn]
    if not turn:
        return replace(page, glyphs=glyphs)
    width, height = (page.width, page.height) if turn == 2 else (page.height, page.width)  # noqa: PLR2004 - upside down
    turned = [_turned(glyph, turn, page) for glyph in glyphs]
    return replace(page, width=width, height=height, glyphs=turned, rules=())


def _turned(glyph: Glyph, turn: int, page: Page) -> Glyph:
    """Give the glyph as it stands when the page is turned back by `turn` quarters."""
    length, x, y = glyph.right - glyph.left, glyph.left, glyph.base
    left, base = {1: (y, page.width - x), 2: (page.width - x, page.height - y), 3: (page.height - y, x)}[turn]
    return glyph._replace(left=left, right=left + length, base=base, turn=0)


def _lines(page: Page) -> list[Line]:
    """Give the lines of a page in reading order."""
    glyphs = sorted((glyph for glyph in page.glyphs if visible(glyph.text)), key=lambda glyph: glyph.base)
    if not glyphs:
        return []
    tables = bands(page.rules, median(glyph.size for glyph in glyphs))
    rows: list[list[Glyph]] = []
    for glyph in glyphs:
        if rows and glyph.base - rows[-1][0].base <= _SAME_LINE * max(glyph.size, rows[-1][0].size):
            rows[-1].append(glyph)
        else:
            rows.append([glyph])
    pieces = [[_line(piece, page.number) for piece in _pieces(row, tables)] for row in rows]
    return in_reading_order([row for row in pieces if row], tables, joined)


def _pieces(row: Sequence[Glyph], tables: Sequence[Band]) -> Iterator[list[Glyph]]:
    """Part what stands at one height at wide gaps and at the edges of table cells, from left to right."""
    edges = edges_at(row[0].base, tables)
    piece: list[Glyph] = []
    blank: Glyph | None = None
    for glyph in sorted(row, key=lambda glyph: glyph.left):
        if glyph.text.isspace():
            blank = glyph
            continue
        if piece and glyph.text == piece[-1].text and glyph.left - piece[-1].left < _SAME_PLACE * _width(glyph):
            piece[-1] = piece[-1]._replace(bold=True)  # printed twice to look bold
            continue
        end = blank.right if blank and piece else piece[-1].right if piece else glyph.left
        if piece and (glyph.left - end > glyph.size or _is_parted(piece[-1], glyph, edges)):
            yield piece
            piece = []
        elif piece and blank:
            piece.append(blank)
        piece.append(glyph)
        blank = None
    if piece:
        yield piece


def _width(glyph: Glyph) -> float:
    return glyph.right - glyph.left


def _is_parted(before: Glyph, glyph: Glyph, edges: Sequence[float]) -> bool:
    return any(before.left + before.right < 2 * edge < glyph.left + glyph.right for edge in edges)


def _line(glyphs: Sequence[Glyph], page: int) -> Line:
    size = Counter(glyph.size for glyph in glyphs).most_common(1)[0][0]
    parts: list[str] = []
    for before, glyph in zip([None, *glyphs], glyphs, strict=False):
        gap = 0.0 if before is None else (glyph.left - before.right) / size
        is_latin = glyph.text.isascii() and before is not None and before.text.isascii()
        is_apart = gap > (_WORD_GAP if is_latin else _HAN_GAP) or glyph.text.isspace()
        parts += [" ", glyph.text.strip()] if is_apart else [glyph.text]
    text = _BLANKS.sub(" ", plain("".join(parts)))
    word = _FIRST_WORD.match(text)
    last = glyphs[min(len(glyphs), len(word[0]) if word else 1) - 1]
    return Line(
        text=text,
        left=glyphs[0].left,
        right=glyphs[-1].right,
        base=median(glyph.base for glyph in glyphs),
        size=size,
        bold=all(glyph.bold for glyph in glyphs if not glyph.text.isspace()),
        page=page,
        edge=glyphs[-1].left if text[-1] in _HANGING else glyphs[-1].right,
        first_word=last.right - glyphs[0].left,
    )


def _without_heads(read: Sequence[Sequence[Line]], pages: Sequence[Page]) -> list[Line]:
    """Give all lines in order but page numbers, and what comes at the same place in the margin of several pages."""
    edges = [_edges(lines, page) for lines, page in zip(read, pages, strict=True)]
    places = Counter(place for lines in edges for place in {_place(line) for line in lines})
    body: list[Line] = []
    for lines, margin in zip(read, edges, strict=True):
        heads = {id(line) for line in margin if is_page_number(line.text) or _repeats(line, places)}
        body += [line for line in lines if id(line) not in heads]
    return body


def _edges(lines: Sequence[Line], page: Page) -> list[Line]:
    """Give the outermost lines of a page, as far as they stand in its margins."""
    heights = sorted({line.base for line in lines})
    outer = {*heights[:_EDGE_LINES], *heights[-_EDGE_LINES:]}
    top, bottom = _MARGIN * page.height, (1 - _MARGIN) * page.height
    return [line for line in lines if line.base in outer and not top < line.base < bottom]


def _place(line: Line) -> tuple[str, int]:
    return _DIGITS.sub("0", line.text), round(line.base / line.size)


def _repeats(line: Line, places: Mapping[tuple[str, int], int]) -> bool:
    text, height = _place(line)
    return sum(places.get((text, near), 0) for near in (height - 1, height, height + 1)) > 1


def _is_emphasis(lines: Sequence[Line]) -> bool:
    """Tell whether bold type means anything: not where most of the text is bold."""
    return sum(len(line.text) for line in lines if line.bold) * 2 < sum(len(line.text) for line in lines)


def _framed(lines: Sequence[Line], pages: Sequence[Page]) -> list[Line]:
    """Give the lines with the frame of their column: on each page its own, where the page has full lines."""
    groups: dict[tuple[int, int], list[Line]] = {}
    for line in lines:
        if not line.is_row:
            groups.setdefault((line.page, line.column), []).append(line)
    widest = max((page.width for page in pages), default=0.0)
    whole = _frame([line for (_, column), group in groups.items() if not column for line in group], widest)
    frames = {key: _frame(group, 0.0 if key[1] else widest) for key, group in groups.items()}
    for (page, column), frame in frames.items():
        if not column and frame.right - frame.left < _WHOLE * (whole.right - whole.left):
            frames[page, column] = whole
    return [replace(line, frame=frames.get((line.page, line.column), whole)) for line in lines]


def _frame(lines: Sequence[Line], width: float) -> Frame:
    """Give where lines begin and end on a page of a width; where they do not show it, the margins are alike."""
    if not lines:
        return _NOWHERE
    left, right = min(line.left for line in lines), max(line.edge for line in lines)
    full = sum(line.edge > right - _NEARLY * line.size for line in lines)
    return Frame(left, right if full > 1 and right - left > width / 2 else max(right, width - left))


def _paragraphs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Group the lines of each paragraph; a heading and a table row are paragraphs of their own."""
    setting = _Setting.of(lines)
    current: list[Line] = []
    for line in lines:
        if current and not setting.goes_on(current[-1], line):
            yield current
            current = []
        current.append(line)
    if current:
        yield current


@dataclass(frozen=True, slots=True)
class _Setting:
    """How the paragraphs of a document are set."""

    spacing: float
    """Usual distance of two lines of one paragraph, in em; 0 = not known."""
    size: float
    """Of most lines."""
    indents: bool
    """The first lines of most paragraphs are indented."""

    @classmethod
    def of(cls, lines: Sequence[Line]) -> _Setting:
        """Learn it from lines of which most end where there is no room left, or a paragraph ends."""
        near = [(before, line) for before, line in pairwise(lines) if _is_below(before, line)]
        steps = [(line.base - before.base) / line.size for before, line in near if _is_full(before, line)]
        first = [line for before, line in near if not _is_full(before, line)]
        indents = sum(map(_is_indented, first)) * 2 > len(first)
        size = median(line.size for line in lines) if lines else 0.0
        return cls(median(steps) if steps else 0.0, size, indents)

    def goes_on(self, before: Line, line: Line) -> bool:
        """Tell whether a line continues the paragraph of the line before it.

        Only a full line is continued, and not by an indented one where paragraphs are indented. Behind the end of a
        sentence the next line must not look like a beginning either: indented, in other type, or numbered where
        nothing is indented. When in doubt paragraphs are parted: cleaning joins sentences, but parts nothing.
        """
        change = abs(line.size - before.size) / before.size
        if before.is_row or line.is_row or bool(before.column) != bool(line.column) or change > _OTHER_SIZE:
            return False
        if not _is_full(before, line) or has_leader(before.text) or self._is_apart(before, line):
            return False
        is_indented = _is_indented(line)
        if not ends_sentence(before.text):
            is_title = line.size > _TITLE * self.size and _is_centred(line)
            return is_title or not (is_indented and self.indents)
        is_same = before.bold == line.bold and change <= _SAME_SIZE
        return is_same and not is_indented and (self.indents or not _is_numbered(line.text))

    def _is_apart(self, before: Line, line: Line) -> bool:
        step = (line.base - before.base) / line.size
        return self.spacing > 0 and _is_below(before, line) and step > _SPACING * self.spacing


def _is_full(before: Line, line: Line) -> bool:
    """Tell whether a line ends because it has no room for the first word of the next."""
    return before.frame.right - before.right <= line.first_word + _ROOM * line.size


def _is_indented(line: Line) -> bool:
    return line.left > line.frame.left + _INDENT * line.size


def _is_centred(line: Line) -> bool:
    """Tell whether a line stands in the middle, as the second line of a title does."""
    return abs(line.left - line.frame.left - line.frame.right + line.right) < line.size


def _is_numbered(text: str) -> bool:
    found = marker(text)
    return found is not None and found.style in _OUTER_STYLES


def _is_below(before: Line, line: Line) -> bool:
    return before.page == line.page and before.column == line.column


def _block(lines: Sequence[Line], *, strong: bool) -> Block:
    text = lines[0].text
    for line in lines[1:]:
        text = joined(text, line.text)
    return Block(text, strong=strong and all(line.bold for line in lines), page=lines[0].page)


def joined(before: str, behind: str) -> str:
    """Put two lines together: a blank between Latin words, none between Han characters, no hyphen inside a word."""
    last, first = before[-1], behind[0]
    if _HYPHENATED.search(before) and first.islower() and first.isascii():
        return before[:-1] + behind
    is_apart = last.isalpha() or last in ",.;:!?)"
    is_word = first.isalpha() or (last.isalpha() and first.isdigit())
    return f"{before} {behind}" if last.isascii() and first.isascii() and is_apart and is_word else before + behind


def _with_level(block: Block, headings: Mapping[int, Mapping[str, int]]) -> Block:
    if block.page is None or len(block.text) > _MAX_HEADING_LENGTH or "。" in block.text:
        return block
    level = headings[block.page].get(heading_key(block.text), 0)
    return replace(block, level=level) if level else block
