"""Builds the lines of a page from positioned glyphs, resolves raised and lowered characters, marks unreadable ones.

Raised and lowered characters are superscripts and subscripts.

Lengths are in a unit that the format chooses (points, millimetres). The origin is the upper left corner of a page. An
em is the type size of a line; limits are in em where possible, so that they do not depend on the unit.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter, itemgetter
from statistics import median
from typing import NamedTuple

from searchkit.corpus.formats.characters import (
    PRIVATE_USE,
    SOFT_HYPHEN,
    UNREADABLE,
    clean_characters,
    is_private,
    mark_unreadable,
    replace_look_alikes,
)
from searchkit.corpus.formats.marks import END, LOWERED, RAISED, resolve_marks
from searchkit.corpus.formats.page.placed import Bar, Glyph, PlacedLine, PlacedPage, Rule
from searchkit.corpus.formats.page.reading_order import PlacedRow, order_lines
from searchkit.corpus.formats.page.rulings import RuledGrid, find_rulings
from searchkit.corpus.formats.page.tables import place_rows

_MIN_TYPE_SIZE = 1e-5
"""Minimum type size of visible text, as a share of the page's height."""
_MIN_WORD_GAP = 0.15
"""Minimum width of a blank between Latin characters, in em. Some programs leave a gap instead of printing a blank."""
_MIN_HAN_GAP = 0.7
"""Minimum width of a blank next to a Han character, in em. Justified lines contain smaller gaps, and Latin words are
set off by 1/4 em."""
_MAX_BASELINE_SHIFT = 0.5
"""Maximum distance of the baseline of a glyph from that of the first glyph of its row, in em."""
_MIDDLE_HEIGHT = 0.35
"""Height of the middle of a character above its baseline, in em."""
_MAX_OVERPRINT_SHIFT = 0.4
"""Two equal characters are one character printed twice if they are closer than this share of their width."""
_MAX_RAISED_SIZE = 0.8
"""Maximum type size of raised or lowered characters, relative to that of the line."""
_MIN_RAISE, _MIN_DROP = 0.15, 0.05
"""Minimum distance of raised and of lowered characters from the baseline of the line, in em of the line."""
_MAX_UNREADABLE_SHARE = 0.5
"""Maximum share of unreadable characters of a page or a line that is read."""
_FIRST_WORD = re.compile(r"[（(《“‘〈【〔［「『]*(?:[0-9A-Za-z.%％,\-]+|.)[，,、。；;：:）)》”’〉】〕］」』！!？?%％]*")
"""The first word of a line, which a line break cannot split: a Han character, or a Latin word or number, with the
punctuation around it."""
_HYPHENATED = re.compile(r"[A-Za-z]{2}-$")
"""The end of a line that divides a Latin word: `enforce-`."""
_HANGING_PUNCTUATION = frozenset("，,、。.；;：:！!？?")
"""Marks that may stand in the margin after the last character of a full line."""
_WHITE_SPACE = re.compile(r"\s+")


def is_unreadable(glyphs: Sequence[Glyph]) -> bool:
    """Return whether most glyphs of a page, blanks not counted, are unreadable.

    A glyph is unreadable if it is mapped to no character or to a private-use code point.
    """
    unreadable_texts = {text for text in {glyph.text for glyph in glyphs} if text == UNREADABLE or is_private(text)}
    if not unreadable_texts:
        return False
    unreadable = sum(glyph.text in unreadable_texts for glyph in glyphs)
    blanks = sum(glyph.text.isspace() for glyph in glyphs)
    return unreadable > _MAX_UNREADABLE_SHARE * (len(glyphs) - blanks)


def rotate_upright(page: PlacedPage) -> tuple[PlacedPage, int]:
    """Rotate a page so that most of its text is upright.

    Characters in other directions, skewed ones included, are dropped. Return the page with their number; blanks are not
    counted. Glyphs outside the page, and glyphs that are invisibly small or larger than the page, are dropped, too, but
    not counted.
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
    rules = [_rotate_rule_back(rule, turn, page) for rule in page.rules]
    return replace(page, width=width, height=height, glyphs=turned, rules=rules), dropped


def _rotate_back(glyph: Glyph, turn: int, page: PlacedPage) -> Glyph:
    """Return the glyph after rotating the page back by `turn` quarter turns."""
    length = glyph.right - glyph.left
    left, base = _rotate_point_back(glyph.left, glyph.baseline, turn, page)
    return glyph._replace(left=left, right=left + length, baseline=base, turn=0)


def _rotate_rule_back(rule: Rule, turn: int, page: PlacedPage) -> Rule:
    x0, y0 = _rotate_point_back(rule.left, rule.top, turn, page)
    x1, y1 = _rotate_point_back(rule.right, rule.bottom, turn, page)
    return Rule(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _rotate_point_back(x: float, y: float, turn: int, page: PlacedPage) -> tuple[float, float]:
    return {1: (y, page.width - x), 2: (page.width - x, page.height - y), 3: (page.height - y, x)}[turn]


class PageLines(NamedTuple):
    """The lines of a page, and its bars: horizontal rules that no vertical rule touches."""

    lines: list[PlacedLine]
    """In reading order."""
    bars: Sequence[Bar]


def build_lines(page: PlacedPage) -> PageLines:
    """Return the lines of a page, without invisible glyphs.

    A row of a ruled table becomes one line. A row that is layout, not data, keeps its lines.
    """
    texts = {glyph.text for glyph in page.glyphs}
    invisible = {text for text in texts if text != SOFT_HYPHEN and not clean_characters(text)}
    glyphs = sorted((glyph for glyph in page.glyphs if glyph.text not in invisible), key=attrgetter("baseline"))
    if not glyphs:
        return PageLines([], ())
    rulings = find_rulings(page.rules, median(glyph.size for glyph in glyphs))
    ruled_rows: list[PlacedRow] = []
    if rulings.grids:
        glyphs, ruled_rows = _take_ruled_rows(glyphs, rulings.grids, page.number)
    pieces = _build_pieces(glyphs, page.number)
    return PageLines(order_lines(pieces, ruled_rows), rulings.bars)


def _take_ruled_rows(
    glyphs: Sequence[Glyph], grids: Sequence[RuledGrid], page_number: int
) -> tuple[list[Glyph], list[PlacedRow]]:
    """Return the glyphs outside of grids, and the rows of the grids. `glyphs`: from top to bottom."""
    outside: list[Glyph] = []
    inside: list[dict[int, list[Glyph]]] = [{} for _ in grids]
    for glyph in glyphs:
        x, y = (glyph.left + glyph.right) / 2, glyph.baseline - _MIDDLE_HEIGHT * glyph.size
        for grid, cells in zip(grids, inside, strict=True):
            if (cell := grid.find_cell(x, y)) is not None:
                cells.setdefault(cell, []).append(glyph)
                break
        else:
            outside.append(glyph)
    rows: list[PlacedRow] = []
    for number, (grid, cells) in enumerate(zip(grids, inside, strict=True), 1):
        contents = {
            cell: [_join_row(row) for row in _build_pieces(cell_glyphs, page_number)]
            for cell, cell_glyphs in cells.items()
        }
        rows += place_rows(grid, contents, number, join_lines)
    return outside, rows


def _join_row(pieces: Sequence[PlacedLine]) -> PlacedLine:
    """Return the pieces of a row in a cell as one line."""
    if len(pieces) == 1:
        return pieces[0]
    first, last = pieces[0], pieces[-1]
    text = " ".join(piece.text for piece in pieces)
    return replace(first, text=text, right=last.right, text_right=last.text_right, bold=all(p.bold for p in pieces))


def _build_pieces(glyphs: Iterable[Glyph], page_number: int) -> list[list[PlacedLine]]:
    """Group glyphs into rows by their baselines, and split each row at wide gaps.

    Return the pieces of each row as lines, from left to right. `glyphs`: from top to bottom.
    """
    rows: list[list[Glyph]] = []
    for glyph in glyphs:
        if rows and glyph.baseline - rows[-1][0].baseline <= _MAX_BASELINE_SHIFT * max(glyph.size, rows[-1][0].size):
            rows[-1].append(glyph)
        else:
            rows.append([glyph])
    pieces = [[build_line(piece, page_number) for piece in _split_row(row)] for row in rows]
    return [row for row in pieces if row]


def _split_row(row: Sequence[Glyph]) -> Iterator[list[Glyph]]:
    """Yield the pieces of a row from left to right: glyphs without a gap of more than an em between them.

    A blank at a split is dropped, a soft hyphen is added to the glyph before it, and a character printed twice becomes
    one bold glyph.
    """
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
        if piece and glyph.left - previous_end > glyph.size:
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


def build_line(glyphs: Sequence[Glyph], page_number: int) -> PlacedLine:
    """Build a line from glyphs, which are ordered from left to right."""
    sizes = {glyph.size for glyph in glyphs}
    size = glyphs[0].size if len(sizes) == 1 else Counter(glyph.size for glyph in glyphs).most_common(1)[0][0]
    parts: list[str] = []
    for before, glyph in zip([None, *glyphs], glyphs, strict=False):
        gap = 0.0 if before is None else (glyph.left - before.right) / size
        is_latin = glyph.text.isascii() and before is not None and before.text.isascii()
        has_gap = gap > (_MIN_WORD_GAP if is_latin else _MIN_HAN_GAP) or glyph.text.isspace()
        parts.append(f" {glyph.text.strip()}" if has_gap else glyph.text)
    if min(sizes) <= _MAX_RAISED_SIZE * size:
        text = _resolve_raised_and_lowered(parts, _find_raised_and_lowered(glyphs, size))
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
        glyphs=glyphs,
    )


def _find_raised_and_lowered(glyphs: Sequence[Glyph], size: float) -> list[str]:
    """Return `RAISED` for each raised glyph of a line, `LOWERED` for each lowered one; empty for other glyphs.

    `size`: the type size of the line.
    """
    baseline = median(glyph.baseline for glyph in glyphs if glyph.size > _MAX_RAISED_SIZE * size)
    delimiters: list[str] = []
    for glyph in glyphs:
        shift = (baseline - glyph.baseline) / size
        is_small = glyph.size <= _MAX_RAISED_SIZE * size
        delimiters.append(
            RAISED if is_small and shift >= _MIN_RAISE else LOWERED if is_small and -shift >= _MIN_DROP else ""
        )
    return delimiters


def _resolve_raised_and_lowered(parts: Sequence[str], delimiters: Sequence[str]) -> str:
    """Return the text of a line, with its raised and lowered characters resolved (`marks.resolve_marks`).

    `delimiters`: for each part, `RAISED`, `LOWERED` or empty.

    Raised characters at the start of the line keep their delimiters, because they may belong to the last word of the
    line before.
    """
    runs = [
        (delimiter, replace_look_alikes("".join(part for _, part in run)))
        for delimiter, run in groupby(zip(delimiters, parts, strict=True), key=itemgetter(0))
    ]
    texts = [f"{delimiter}{text}{END}" if delimiter else text for delimiter, text in runs]
    first = texts.pop(0) if runs[0][0] == RAISED else ""
    return _WHITE_SPACE.sub(" ", first + resolve_marks("".join(texts)))


class UnreadableText(NamedTuple):
    """What could not be read, by page."""

    lines: Counter[int]
    """Number of lines that are left out."""
    characters: Counter[int]
    """Number of unreadable characters in the other lines."""


def mark_lines(lines_by_page: Iterable[Sequence[PlacedLine]]) -> tuple[list[list[PlacedLine]], UnreadableText]:
    """Mark the unreadable characters of lines, and leave out the lines that consist mostly of them."""
    unreadable = UnreadableText(Counter(), Counter())
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
                if count:
                    unreadable.characters[line.page] += count
            if text:
                marked_pages[-1].append(line if text is line.text else replace(line, text=text))
    return marked_pages, unreadable


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
