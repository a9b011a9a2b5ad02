"""Unruled tables of pages: rows whose cells are aligned by white space, with or without bars above and below.

The gaps between columns persist over the rows with figures. The rows above are the header: a piece of it that is
centred over several columns covers them. Lines without figures are rows, or the rest of a cell that was wrapped.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from searchkit.corpus.cleaning.chrome import has_dot_leader
from searchkit.corpus.formats.page.lines import build_line, join_lines
from searchkit.corpus.formats.page.placed import Bar, Glyph, PlacedLine, PlacedTable
from searchkit.corpus.lines import ends_sentence
from searchkit.corpus.tables.aligned import is_aligned_data
from searchkit.corpus.tables.captions import is_table_note
from searchkit.corpus.tables.cells import is_placeholder, is_time, parse_figure
from searchkit.model import Cell

_MIN_ROWS, _MIN_BARRED_ROWS = 3, 1
"""Rows with figures: without bars, and between bars."""
_MIN_GAP = 1.0
"""Em. White space between two cells in most rows. A gap of justified text or between Latin words is smaller."""
_MIN_WORD_GAP = 0.4
"""Em. White space between two cells in any row."""
_MIN_GAP_SHARE = 0.5
"""Share of the rows with figures in which the space between two columns is at least `_MIN_GAP`."""
_MAX_ROW_DISTANCE = 4.0
"""Em. Distance between two rows of one table."""
_MAX_LINES_BETWEEN = 3
"""Lines without figures between two rows with figures."""
_MAX_HEADER_LINES = 5
_MAX_ROWS = 500
"""Rows of a table on a page. No page has more."""
_MAX_CELL_LENGTH = 40
"""Code points of a header cell, and of a line without figures."""
_MAX_OVERHANG = 4.0
"""Em. Text in the last column may be this much wider than the figures there."""
_MAX_OFF_CENTRE = 1.5
"""Em. A header is centred over its columns if it is off by less."""
_MAX_ROOM = 1.0
"""Em. A cell that leaves less room in its column may have been wrapped."""
_MAX_WRAP_STEP = 1.9
"""Em. Distance between two lines of a cell."""
_MAX_INNER_STEP = 0.85
"""Share of the distance between two rows. Lines that are closer are in one row."""
_MAX_HALF_STEP = 1.3
"""Em. Distance between a header centred on two rows and each of them."""
_MIN_WRAPPED_WIDTH = 5.0
"""Em. Text in a narrower column need not be wrapped to fill it."""
_NOTE = re.compile(r"[（(【\[]?\s*(?:注|备\s?注|说\s?明|附\s?注|数据来源|资料来源|来源)\s*\d?\s*[:：]")
_CAPTION = re.compile(r"(?:附\s?|续\s?)?表\s?[\d一二三四五六七八九十]{1,3}(?![\d一二三四五六七八九十]*[年月件个])")


@dataclass(slots=True, eq=False)
class _Row:
    """A line as a row of words."""

    line: PlacedLine
    words: list[list[Glyph]]
    """Its glyphs, split at all gaps that can separate cells."""
    gaps: int
    """Number of gaps of at least `_MIN_GAP`."""
    is_data: bool
    """Whether it contains a figure after its first piece."""


def find_aligned_tables(lines: Sequence[PlacedLine], bars: Mapping[int, Sequence[Bar]]) -> list[PlacedLine]:
    """Return the lines, in which the rows of unruled tables have their table.

    `bars`: the horizontal rules of each page. Cost: linear in the number of glyphs.
    """
    result: list[PlacedLine] = []
    previous: _Columns | None = None
    start = 0
    while start < len(lines):
        end = start + 1
        while end < len(lines) and _is_same_run(lines[end - 1], lines[end]):
            end += 1
        found, previous = _find_in_run(lines[start:end], bars.get(lines[start].page, ()), previous)
        result += found
        start = end
    return result


def _is_same_run(before: PlacedLine, line: PlacedLine) -> bool:
    return (
        before.page == line.page
        and before.column == line.column
        and line.baseline >= before.baseline
        and before.column >= 0
    )


@dataclass(frozen=True, slots=True)
class _Columns:
    """The columns of a table by the white space between them."""

    edges: tuple[float, ...]
    """Left end of the first column, the middle of the space between columns, right end of the last."""
    extents: tuple[tuple[float, float], ...]
    """Where the text of each column starts and ends in the rows with figures."""

    def locate(self, glyphs: Sequence[Glyph]) -> int:
        """Return the column of a word: the only one whose text is below or above it, else the one of its middle."""
        left, right = glyphs[0].left, glyphs[-1].right
        first = max(0, bisect_right(self.edges, left) - 1)
        last = min(max(0, bisect_right(self.edges, right) - 1), len(self.extents) - 1)
        overlapping = [c for c in range(first, last + 1) if left < self.extents[c][1] and right > self.extents[c][0]]
        if len(overlapping) == 1:
            return overlapping[0]
        return min(max(0, bisect_right(self.edges, (left + right) / 2) - 1), len(self.extents) - 1)


def _find_in_run(
    lines: Sequence[PlacedLine], bars: Sequence[Bar], previous: _Columns | None
) -> tuple[list[PlacedLine], _Columns | None]:
    """Return the lines of a page or a column of text, and the columns of the table that ends them.

    `previous`: the columns of the table at the end of the page before.
    """
    if lines[0].column < 0 or not any(" " in line.text for line in lines):
        return list(lines), previous if lines[0].column < 0 else None
    rows = [_build_row(line) for line in lines]
    result: list[PlacedLine] = []
    position = 0
    last: _Columns | None = None
    for first, end in _group_data_rows(rows):
        if first < position:
            continue
        carried = previous if not result and first <= 1 and position == 0 else None
        found = _build_table(rows, (position, first, end), bars, carried)
        if found is not None:
            result += lines[position : found.start]
            result += found.build_lines()
            position, last = found.end, found.columns if found.end == len(rows) else None
    return [*result, *lines[position:]], last


def _build_row(line: PlacedLine) -> _Row:
    if " " not in line.text or (line.is_row and not line.glyphs):
        return _Row(line, [list(line.glyphs)] if line.glyphs else [], 0, is_data=False)
    words: list[list[Glyph]] = []
    gaps = 0
    piece_starts = [0]
    for glyph in line.glyphs:
        if glyph.text.isspace():
            continue
        gap = glyph.left - words[-1][-1].right if words else 0.0
        if not words or gap >= _MIN_WORD_GAP * line.size:
            if words and gap >= _MIN_GAP * line.size:
                gaps += 1
                piece_starts.append(len(words))
            words.append([])
        words[-1].append(glyph)
    is_data = False
    if gaps:
        pieces = [words[a:b] for a, b in zip(piece_starts, [*piece_starts[1:], len(words)], strict=True)]
        is_data = any(_is_number(_text_of([g for word in piece for g in word])) for piece in pieces[1:])
    return _Row(line, words, gaps, is_data)


def _text_of(glyphs: Sequence[Glyph]) -> str:
    return "".join(glyph.text for glyph in glyphs)


def _is_number(text: str) -> bool:
    return parse_figure(text) is not None and not is_time(text)


def _is_value(text: str) -> bool:
    return is_placeholder(text) or _is_number(text)


def _group_data_rows(rows: Sequence[_Row]) -> list[tuple[int, int]]:
    """Return the first and the last row, exclusive, of each group of rows with figures that are close together."""
    groups: list[tuple[int, int]] = []
    for n, row in enumerate(rows):
        if not row.is_data:
            continue
        if groups:
            first, end = groups[-1]
            between = rows[end - 1 : n + 1]
            is_close = all(
                after.line.baseline - before.line.baseline <= _MAX_ROW_DISTANCE * row.line.size
                for before, after in pairwise(between)
            )
            if (
                is_close
                and len(between) <= _MAX_LINES_BETWEEN + 2
                and n - first < _MAX_ROWS
                and all(_can_be_between(item) for item in between[1:-1])
            ):
                groups[-1] = first, n + 1
                continue
        groups.append((n, n + 1))
    return groups


def _can_be_between(row: _Row) -> bool:
    text = row.line.text
    return (
        len(text) <= _MAX_CELL_LENGTH and not ends_sentence(text) and not _NOTE.match(text) and not _CAPTION.match(text)
    )


def _build_table(
    rows: Sequence[_Row], bounds: tuple[int, int, int], bars: Sequence[Bar], carried: _Columns | None
) -> _Table | None:
    """Return a table; None if the rows are no table.

    `bounds`: the first row that can be a header, the first and the last row, exclusive, with figures.
    """
    earliest, first, end = bounds
    data = [row for row in rows[first:end] if row.is_data]
    columns = carried if carried and all(_fits(row, carried) for row in data) else _find_columns(data)
    if columns is None:
        return None
    if columns is not carried and first and rows[first - 1].gaps:
        columns = _merge_sparse_columns(data, columns, rows[first - 1])
    inside = _find_bars(rows[first:end], bars, columns)
    is_barred = len(inside) > 1
    is_carried = columns is carried
    first = _find_body_start(rows, earliest, first, end, columns)
    start = _find_header_start(rows, earliest, first, columns, inside)
    needed = 1 if (is_carried and start == 0) or (is_barred and start < first) else _MIN_ROWS
    if len(data) < needed and not (len(data) == needed - 1 and start < first and _is_full(rows[first - 1], columns)):
        return None
    end = _find_end(rows, first, end, columns, inside)
    first = _find_header_end(rows, start, first, columns, inside)
    table = _Table(columns, start, end)
    table.add_header(rows[start:first])
    table.add_body(rows[first:end])
    texts = table.texts()
    if any(has_dot_leader(row.line.text) for row in data) or not (
        is_carried or is_aligned_data(texts, is_aligned=True)
    ):
        return None
    return table


def _fits(row: _Row, columns: _Columns) -> bool:
    """Return whether each word of a row is in one column: it is not below or above the text of another."""
    slack = row.line.size
    limits = (
        columns.edges[0] - slack,
        *(edge for extent in columns.extents for edge in extent),
        columns.edges[-1] + _MAX_OVERHANG * slack,
    )
    if not row.words:
        return False
    for word in row.words:
        column = columns.locate(word)
        if word[0].left < limits[2 * column] or word[-1].right > limits[2 * column + 3]:
            return False
    return True


def _find_columns(data: Sequence[_Row]) -> _Columns | None:
    """Return the columns that the white space in rows with figures shows; None if there is only one."""
    spans = sorted((word[0].left, word[-1].right) for row in data for word in row.words)
    em = median(row.line.size for row in data)
    extents: list[list[float]] = []
    for left, right in spans:
        if extents and left - extents[-1][1] < _MIN_WORD_GAP * em:
            extents[-1][1] = max(extents[-1][1], right)
        else:
            extents.append([left, right])
    kept = extents[:1]
    for extent in extents[1:]:
        gutter = kept[-1][1], extent[0]
        if _is_gutter(data, gutter, em):
            kept.append(extent)
        else:
            kept[-1][1] = extent[1]
    if len(kept) < 2:  # noqa: PLR2004 - one column is text
        return None
    return _build_columns([(left, right) for left, right in kept])


def _is_gutter(data: Sequence[_Row], gutter: tuple[float, float], em: float) -> bool:
    """Return whether white space separates columns: most rows have a wide gap there, or figures on both sides."""
    middle = (gutter[0] + gutter[1]) / 2
    wide = rows = 0
    for row in data:
        before = max((word[-1].right for word in row.words if word[-1].right <= middle), default=None)
        after = min((word[0].left for word in row.words if word[0].left >= middle), default=None)
        if before is None or after is None:
            continue
        rows += 1
        wide += after - before >= _MIN_GAP * em
    return wide >= max(1, _MIN_GAP_SHARE * rows)


def _merge_sparse_columns(data: Sequence[_Row], columns: _Columns, header: _Row) -> _Columns:
    """Merge adjacent columns of which each row has at most one, if the header has fewer pieces than there are columns.

    In a column of few figures, those at the left and those at the right may have white space between them.
    """
    extents = list(columns.extents)
    filled = [{columns.locate(word) for word in row.words} for row in data]
    groups = [{c} for c in range(len(extents))]
    surplus = len(extents) - len(header.words)
    c = 0
    while c + 1 < len(groups) and surplus > 0:
        if any(row & groups[c] and row & groups[c + 1] for row in filled):
            c += 1
            continue
        groups[c] |= groups.pop(c + 1)
        surplus -= 1
    if len(groups) == len(extents) or len(groups) < 2:  # noqa: PLR2004 - one column is text
        return columns
    return _build_columns([(extents[min(group)][0], extents[max(group)][1]) for group in groups])


def _build_columns(extents: Sequence[tuple[float, float]]) -> _Columns:
    middles = [(before[1] + after[0]) / 2 for before, after in pairwise(extents)]
    return _Columns((extents[0][0], *middles, extents[-1][1]), tuple(extents))


def _find_bars(rows: Sequence[_Row], bars: Sequence[Bar], columns: _Columns) -> list[Bar]:
    """Return the bars over at least half of the width of a table that are not far from it."""
    if not bars:
        return []
    em = rows[0].line.size
    top, bottom = rows[0].line.baseline - 10 * em, rows[-1].line.baseline + 4 * em
    width = columns.edges[-1] - columns.edges[0]
    return [
        bar
        for bar in bars
        if top < bar.height < bottom
        and min(bar.right, columns.edges[-1]) - max(bar.left, columns.edges[0]) >= width / 2
    ]


def _find_header_start(rows: Sequence[_Row], earliest: int, first: int, columns: _Columns, bars: Sequence[Bar]) -> int:
    """Return the index of the first header row above the rows with figures. Two bars there enclose the header."""
    above = [bar.height for bar in bars if bar.height < rows[first].line.baseline]
    top = min(above) if len(above) > 1 else None
    start = n = first
    while n > max(earliest, first - _MAX_HEADER_LINES):
        n -= 1
        row, below = rows[n], rows[n + 1]
        if (top is not None and row.line.baseline < top) or not _can_be_header(row, below):
            break
        if _is_aligned(row, columns) or _is_header_piece(row, columns, is_barred=top is not None):
            start = n
        elif not _is_between_header_rows(row, below, columns) and not _is_group(row, below, columns):
            break
    while start < first and not any(row.gaps or len(row.words) > 1 for row in rows[start:first]):
        start += 1
    return start


def _can_be_header(row: _Row, below: _Row) -> bool:
    """Return whether a row is close to the row below it, and neither a caption, a note nor a sentence."""
    text = row.line.text
    if not row.words or ends_sentence(text) or _CAPTION.match(text) or is_table_note(text) or _NOTE.match(text):
        return False
    is_close = below.line.baseline - row.line.baseline <= _MAX_ROW_DISTANCE * row.line.size
    return is_close and all(len(_text_of(word)) <= _MAX_CELL_LENGTH for word in row.words)


def _is_aligned(row: _Row, columns: _Columns) -> bool:
    """Return whether a row has several pieces: with wide gaps between them, or each in a column."""
    return row.gaps > 0 or (len(row.words) > 1 and len({columns.locate(word) for word in row.words}) == len(row.words))


def _is_group(row: _Row, below: _Row, columns: _Columns) -> bool:
    """Return whether a single piece in the first column names the rows below it."""
    step = below.line.baseline - row.line.baseline
    is_first = row.line.left < columns.extents[0][1] and row.line.right <= columns.extents[1][0]
    return is_first and len(row.line.text) <= _MAX_CELL_LENGTH and step >= _MAX_HALF_STEP * row.line.size


def _is_between_header_rows(row: _Row, below: _Row, columns: _Columns) -> bool:
    """Return whether a single piece is the header of a column that the rows above and below it leave free."""
    step = below.line.baseline - row.line.baseline
    used = {columns.locate(word) for word in below.words}
    return (
        step < _MAX_HALF_STEP * row.line.size and below.gaps > 0 and not used & {columns.locate(w) for w in row.words}
    )


def _is_header_piece(row: _Row, columns: _Columns, *, is_barred: bool) -> bool:
    """Return whether a single piece can be part of a header: to the right of the first column, and no caption.

    Between bars, it can also be in the first column.
    """
    line = row.line
    if len(columns.extents) <= 2 or not _fits(row, columns):  # noqa: PLR2004 - two columns have nothing to cover
        return False
    centre = (columns.edges[0] + columns.edges[-1]) / 2
    off_centre = abs((line.left + line.right) / 2 - centre)
    is_right = line.left >= columns.edges[1] and off_centre > _MAX_OFF_CENTRE * line.size
    return is_right or (is_barred and line.right <= columns.edges[1])


def _find_body_start(rows: Sequence[_Row], earliest: int, first: int, end: int, columns: _Columns) -> int:
    """Return the index of the first row below the header. `first`: of the first row with figures.

    Lines that are close to it, without words where the rows below have figures, are parts of its wrapped cells.
    """
    data = [row for row in rows[first:end] if row.is_data]
    filled = [0] * len(columns.extents)
    for row in data:
        for word in row.words:
            filled[columns.locate(word)] += 1 if _is_value(_text_of(word)) else -1
    words = {c for c, surplus in enumerate(filled) if surplus < 0}
    pitch = _find_pitch(rows[first:end])
    while first > earliest:
        row = rows[first - 1]
        step = rows[first].line.baseline - row.line.baseline
        if step >= _MAX_INNER_STEP * pitch or not _can_be_between(row) or not _fits(row, columns):
            break
        if not row.words or any(columns.locate(word) not in words for word in row.words):
            break
        first -= 1
    return first


def _find_header_end(rows: Sequence[_Row], start: int, first: int, columns: _Columns, bars: Sequence[Bar]) -> int:
    """Return the index of the first row below the header: below the bar under it, or the first that names a group."""
    above = [bar.height for bar in bars if bar.height < rows[first].line.baseline]
    if len(above) > 1 and rows[start].line.baseline < max(above):
        first = next(n for n in range(start, first + 1) if rows[n].line.baseline > max(above))
    while first - 1 > start:
        row, below = rows[first - 1], rows[first]
        if _is_aligned(row, columns) or not _is_group(row, below, columns):
            break
        first -= 1
    return first


def _is_full(row: _Row, columns: _Columns) -> bool:
    """Return whether a row has text in each column."""
    return len({columns.locate(word) for word in row.words}) == len(columns.extents)


def _find_end(rows: Sequence[_Row], first: int, end: int, columns: _Columns, bars: Sequence[Bar]) -> int:
    """Return the end of a table with the lines that continue its last row, or are above the last bar."""
    bottom = max((bar.height for bar in bars), default=0.0)
    pitch = _find_pitch(rows[first:end])
    while end < len(rows):
        row, above = rows[end], rows[end - 1]
        step = row.line.baseline - above.line.baseline
        is_inside = row.line.baseline < bottom or step < _MAX_INNER_STEP * pitch
        is_rest = step < _MAX_WRAP_STEP * row.line.size and _continues_cells(row, above, columns)
        if not ((is_inside and _can_be_between(row)) or is_rest) or not _fits(row, columns):
            break
        end += 1
    return end


def _continues_cells(row: _Row, above: _Row, columns: _Columns) -> bool:
    """Return whether the words of a row continue cells of the row above that fill their columns."""
    if not row.words or row.is_data or not _can_be_between(row) or not _fits(row, columns):
        return False
    last = {columns.locate(word): word for word in above.words}
    for word in row.words:
        column = columns.locate(word)
        before = last.get(column)
        if before is None or _is_value(_text_of(before)):
            return False
        if columns.extents[column][1] - columns.extents[column][0] < _MIN_WRAPPED_WIDTH * row.line.size:
            return False
        room = columns.extents[column][1] - before[-1].right
        if room > _MAX_ROOM * row.line.size or word[0].left > before[0].left + row.line.size:
            return False
    return True


def _group_wrapped(rows: Sequence[_Row], columns: _Columns) -> list[list[_Row]]:
    """Group the lines of each row of a table.

    A line without figures belongs to the row with figures that is closer than the rows are to each other. If all are
    equally close, it continues cells that fill their columns, or is a row of its own.
    """
    pitch = _find_pitch(rows)
    groups: list[list[_Row]] = []
    pending: list[_Row] = []
    for row in rows:
        if not row.is_data:
            pending.append(row)
            continue
        before, after = _split_pending(groups[-1][-1] if groups else None, pending, row, pitch)
        if groups:
            _add_rest(groups, before, pitch, columns)
        else:
            groups += ([item] for item in before)
        groups.append([*after, row])
        pending = []
    if groups:
        _add_rest(groups, pending, pitch, columns)
    else:
        groups = [[row] for row in pending]
    return groups


def _find_pitch(rows: Sequence[_Row]) -> float:
    """Return the usual distance between two rows with figures; 0 if there is only one row.

    If lines are between all of them, it is the largest distance between two lines.
    """
    steps = [
        (after.line.baseline - before.line.baseline, before.is_data and after.is_data)
        for before, after in pairwise(rows)
    ]
    between_rows = [step for step, are_data in steps if are_data]
    return median(between_rows) if between_rows else max((step for step, _ in steps), default=0.0)


def _split_pending(
    above: _Row | None, pending: Sequence[_Row], below: _Row, pitch: float
) -> tuple[list[_Row], list[_Row]]:
    """Split the lines between two rows: those of the row above, and those of the row below.

    The largest step separates them. The lines nearest to the row below belong to it if their steps are clearly smaller.
    """
    items = [*([above] if above else []), *pending, below]
    steps = [after.line.baseline - before.line.baseline for before, after in pairwise(items)]
    limit = _MAX_INNER_STEP * (pitch or max(steps))
    count = 0
    while count < len(pending) and steps[len(steps) - 1 - count] < limit:
        count += 1
    return list(pending[: len(pending) - count]), list(pending[len(pending) - count :])


def _add_rest(groups: list[list[_Row]], lines: Sequence[_Row], pitch: float, columns: _Columns) -> None:
    """Add the lines below a row to it if they continue its cells, else as rows of their own."""
    for row in lines:
        above = groups[-1][-1]
        step = row.line.baseline - above.line.baseline
        is_close = pitch and step < _MAX_INNER_STEP * pitch
        if is_close or (step < _MAX_WRAP_STEP * row.line.size and _continues_cells(row, above, columns)):
            groups[-1].append(row)
        else:
            groups.append([row])


_Spot = tuple[int, float, float]
"""A piece of a header: its column, its left and its right end."""


def _distance(spot: _Spot, glyphs: Sequence[Glyph]) -> float:
    """Return the horizontal distance between two pieces of a header; 0 if one is above the other."""
    return max(0.0, glyphs[0].left - spot[2], spot[1] - glyphs[-1].right)


def _cover(glyphs: Sequence[Glyph], below: Sequence[_Spot]) -> tuple[int, int] | None:
    """Return the consecutive columns over whose pieces a header piece is centred: the first and the end."""
    em = glyphs[0].size
    best: tuple[int, int, int] | None = None
    for a, first in enumerate(below):
        for last in below[a:]:
            if last[0] - first[0] > len(below):
                break
            off_centre = abs(first[1] + last[2] - glyphs[0].left - glyphs[-1].right) / 2
            candidate = (round(off_centre / em / _MAX_OFF_CENTRE), first[0] - last[0], first[0])
            if best is None or candidate < best:
                best = candidate
    return None if best is None or best[0] > 1 else (best[2], best[2] - best[1] + 1)


class _Table:
    """A table that is being built."""

    def __init__(self, columns: _Columns, start: int, end: int) -> None:
        self.columns = columns
        self.start = start
        """Index of its first line."""
        self.end = end
        """Index of the line below it."""
        self._width = len(columns.extents)
        self._header: list[tuple[Cell, ...]] = []
        self._body: list[list[str]] = []
        self._spans: dict[int, int] = {}
        """Number of rows that the label of a row covers, if not one; 0 = the label of a row above it covers it."""
        self._lines: list[tuple[PlacedLine, int]] = []
        """The lines that begin a row, with its index."""

    def texts(self) -> list[list[str]]:
        """Return the texts of the rows below the header."""
        return self._body

    def add_header(self, rows: Sequence[_Row]) -> None:
        """Add the lines of the header, from top to bottom."""
        if not rows:
            return
        pieces = [self._split(row) for row in rows]
        groups = self._find_groups(pieces)
        lower = [""] * self._width
        owners: list[int | None] = [None] * self._width
        names: list[str] = []
        for level, line in enumerate(pieces):
            for column, glyphs in line.items():
                text = build_line(glyphs, rows[level].line.page).text
                covered = groups.get((level, column))
                if covered:
                    for c in range(*covered):
                        owners[c] = len(names)
                    names.append(text)
                else:
                    lower[column] = join_lines(lower[column], text) if lower[column] else text
        if not names:
            self._header.append(tuple(map(Cell, lower)))
            self._lines.append((rows[0].line, 0))
            return
        top: list[Cell] = []
        bottom: list[Cell] = []
        column = 0
        while column < self._width:
            owner = owners[column]
            if owner is None:
                top.append(Cell(lower[column], 2, 1))
                column += 1
                continue
            end = column
            while end < self._width and owners[end] == owner:
                bottom.append(Cell(lower[end]))
                end += 1
            top.append(Cell(names[owner], 1, end - column))
            column = end
        self._header += [tuple(top), tuple(bottom)]
        self._lines += [(rows[0].line, 0), (rows[-1].line, 1)]

    def _split(self, row: _Row) -> dict[int, list[Glyph]]:
        """Return the words of a row by column."""
        cells: dict[int, list[Glyph]] = {}
        for word in row.words:
            cells.setdefault(self.columns.locate(word), []).extend(word)
        return cells

    def _find_groups(self, pieces: Sequence[Mapping[int, Sequence[Glyph]]]) -> dict[tuple[int, int], tuple[int, int]]:
        """Return the columns that header pieces cover, for those over several: first column and end.

        Pieces are keyed by the index of their line and the column of their middle.
        """
        groups: dict[tuple[int, int], tuple[int, int]] = {}
        for level, line in enumerate(pieces[:-1]):
            below = [
                (column, glyphs[0].left, glyphs[-1].right)
                for other in pieces[level + 1 :]
                for column, glyphs in other.items()
            ]
            below.sort()
            if len(line) >= len({column for column, _, _ in below}):
                continue
            taken = -1
            for column, glyphs in sorted(line.items()):
                near = [
                    spot
                    for spot in below
                    if spot[0] > taken and all(_distance(spot, glyphs) <= _distance(spot, g) for g in line.values())
                ]
                covered = _cover(glyphs, near)
                if covered is not None and covered[1] - covered[0] > 1:
                    groups[level, column] = covered
                    taken = covered[1] - 1
        return groups

    def add_body(self, rows: Sequence[_Row]) -> None:
        """Add the rows below the header. Lines that are parts of wrapped cells are joined with their row."""
        spans = self._find_label_spans(rows)
        if spans:
            rows = [row for row in rows if any(self.columns.locate(word) for word in row.words)]
        for group in [[row] for row in rows] if spans else _group_wrapped(rows, self.columns):
            texts = [""] * self._width
            for row in group:
                for column, glyphs in self._split(row).items():
                    text = build_line(glyphs, row.line.page).text
                    texts[column] = join_lines(texts[column], text) if texts[column] else text
            self._lines.append((group[0].line, len(self._header) + len(self._body)))
            self._body.append(texts)
        for n, (text, span) in spans.items():
            self._spans.update(dict.fromkeys(range(n + 1, n + span), 0))
            self._spans[n] = span
            for texts in self._body[n : n + span]:
                texts[0] = text

    def _find_label_spans(self, rows: Sequence[_Row]) -> dict[int, tuple[str, int]]:
        """Return the labels that are centred at the left of several rows, with the number of rows, by the first row.

        Empty if the first row has a label, or if labels and rows do not agree.
        """
        labels: list[tuple[float, str]] = []
        heights: list[float] = []
        for row in rows:
            cells = self._split(row)
            if 0 in cells:
                labels.append((row.line.baseline, build_line(cells[0], row.line.page).text))
            if any(cells):
                if not row.is_data:  # wrapped text
                    return {}
                heights.append(row.line.baseline)
        if not labels or not heights or labels[0][0] <= heights[0]:
            return {}
        spans: dict[int, tuple[str, int]] = {}
        start = 0
        for height, text in labels:
            end = bisect_right(heights, 2 * height - heights[start] + _MAX_HALF_STEP * rows[0].line.size / 2)
            if end <= start or abs(heights[start] + heights[end - 1] - 2 * height) > rows[0].line.size:
                return {}
            spans[start] = text, end - start
            start = end
            if start == len(heights):
                break
        return spans if start == len(heights) and len(spans) == len(labels) else {}

    def build_lines(self) -> list[PlacedLine]:
        """Return its rows as lines."""
        rows = (*self._header, *(self._build_cells(n) for n in range(len(self._body))))
        placed = PlacedTable(rows, self.columns.edges, is_ruled=False)
        return [
            replace(
                line,
                text="\t".join(cell.text for cell in rows[row] if cell.text),
                is_row=True,
                glyphs=(),
                table=placed,
                row=row,
            )
            for line, row in self._lines
        ]

    def _build_cells(self, n: int) -> tuple[Cell, ...]:
        """Return the cells of a row below the header, without a label that a row above it contains."""
        first, *others = self._body[n]
        span = self._spans.get(n, 1)
        return (*((Cell(first, span),) if span else ()), *map(Cell, others))
