"""Rulings: the grids of cells that the horizontal and vertical rules of a page draw.

Rules can be dashed, doubled, drawn cell by cell, or thin rectangles. Collinear rules are joined. Rules that touch are
one grid. A slot is the place at one row and one column of a grid. Slots without a rule between them are one cell.
Missing outer rules are completed. Lengths are in the unit of `placed`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from searchkit.corpus.formats.page.placed import Bar, Rule

MAX_RULES = 20_000
"""Maximum number of rules on a page. A page with more is a drawing, whose text is not in tables."""
_MAX_GRIDS = 30
"""Maximum number of grids on a page."""
_MAX_SLOTS = 50_000
"""Maximum number of slots of a grid."""
_MAX_CROSSINGS, _MAX_CROSSINGS_PER_RULE = 10_000, 100
"""Maximum number of pairs of rules that could cross: the first number, plus the second for each rule. A page with more
is a drawing. The limit keeps the cost linear."""
_SAME_RULE = 0.4
"""Maximum distance, in em, between parallel lines of the same rule, and between two rules that touch."""
_MAX_DASH_GAP = 0.6
"""Maximum gap, in em, between dashes of one rule, or between rules that are sides of adjacent cells."""
_MIN_LENGTH = 0.8
"""Minimum length of a rule after its dashes are joined, in em. A shorter one is part of a drawing or a character."""
_MIN_OUTER_CELL = 1.0
"""A length in em, used twice. (a) If rules protrude beyond the outermost rule across them by more than this length, an
outer rule is missing there. (b) If the end of a vertical rule is further than this length from all horizontal rules,
the end is the edge of a row."""


Subpath = Sequence[tuple[float, float]]
"""The corners of a part of a path, as x and distance from the upper edge. The last is the first if it is closed."""


class _Line(NamedTuple):
    """A horizontal line at the height `position`, or a vertical line at the x `position`, and its extent."""

    position: float
    start: float
    end: float


class GridCell(NamedTuple):
    """A cell of a grid, by rows and columns from 0."""

    row: int
    column: int
    row_span: int
    col_span: int


@dataclass(frozen=True, slots=True, eq=False)
class RuledGrid:
    """A grid with at least two columns."""

    columns: tuple[float, ...]
    """Left edge of each column and right edge of the last, ascending."""
    rows: tuple[float, ...]
    """Upper edge of each row and lower edge of the last, ascending."""
    cells: tuple[GridCell, ...]
    """Row by row."""
    slots: tuple[tuple[int, ...], ...]
    """Index of the cell that covers each slot, row by row."""

    @property
    def area(self) -> float:
        """Its size, in squares of the unit of length."""
        return (self.columns[-1] - self.columns[0]) * (self.rows[-1] - self.rows[0])

    def find_cell(self, x: float, y: float) -> int | None:
        """Return the index of the cell at a point; None if it is outside."""
        if not (self.columns[0] < x < self.columns[-1] and self.rows[0] < y < self.rows[-1]):
            return None
        return self.slots[bisect_right(self.rows, y) - 1][bisect_right(self.columns, x) - 1]


@dataclass(frozen=True, slots=True)
class Rulings:
    """The grids of a page, and its horizontal rules that touch no vertical rule."""

    grids: tuple[RuledGrid, ...] = ()
    """From the smallest to the largest: a grid inside a cell of another comes first."""
    bars: tuple[Bar, ...] = ()
    """From top to bottom."""


def trace_rules(subpaths: Iterable[Subpath], max_width: float, *, is_stroked: bool) -> Iterator[Rule]:
    """Yield the rules that a path draws: its sides if it is stroked, its areas if it is only filled.

    `max_width`: the maximum length of the shorter side of the bounding box of a rule. A skewed line or a wide area is
    not a rule.
    """
    for points in subpaths:
        if is_stroked:
            for (x0, y0), (x1, y1) in pairwise(points):
                rule = Rule(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
                if min(rule.right - rule.left, rule.bottom - rule.top) <= max_width:
                    yield rule
            continue
        xs, ys = [x for x, _ in points], [y for _, y in points]
        rule = Rule(min(xs), min(ys), max(xs), max(ys))
        if min(rule.right - rule.left, rule.bottom - rule.top) <= max_width:
            yield rule


def find_rulings(rules: Sequence[Rule], em: float) -> Rulings:
    """Return the grids and bars of a page; none if it has too many rules or crossings.

    At most the `_MAX_GRIDS` largest grids are returned. `em`: the usual type size of the page. Cost: n log n in the
    number of rules.
    """
    if not rules or len(rules) > MAX_RULES:
        return Rulings()
    horizontal: list[_Line] = []
    vertical: list[_Line] = []
    for left, top, right, bottom in rules:
        width, height = right - left, bottom - top
        if width > height:
            horizontal.append(_Line((top + bottom) / 2, left, right))
        elif height > width:
            vertical.append(_Line((left + right) / 2, top, bottom))
    rows, columns = _join_collinear(horizontal, em), _join_collinear(vertical, em)
    components = _connect(rows, columns, _SAME_RULE * em)
    if components is None:
        return Rulings()
    grids = [grid for across, down in components if across and down and (grid := _build_grid(across, down, em))]
    grids = sorted(grids, key=lambda grid: grid.area)[-_MAX_GRIDS:]
    bars = sorted(Bar(*line) for across, down in components if not down for line in across)
    return Rulings(tuple(grids), tuple(bars))


def _join_collinear(lines: list[_Line], em: float) -> list[_Line]:
    """Join lines at nearly the same position that overlap or have only a small gap between them.

    All lines of a cluster get its middle as their position. Lines that are still too short are dropped.
    """
    joined: list[_Line] = []
    for cluster in _cluster(sorted(lines), _SAME_RULE * em):
        position = (cluster[0].position + cluster[-1].position) / 2
        start = end = None
        for _, line_start, line_end in sorted(cluster, key=lambda line: line.start):
            if end is not None and start is not None and line_start - end > _MAX_DASH_GAP * em:
                joined.append(_Line(position, start, end))
                start = end = None
            start = line_start if start is None else start
            end = line_end if end is None else max(end, line_end)
        if start is not None and end is not None:
            joined.append(_Line(position, start, end))
    return [line for line in joined if line.end - line.start >= _MIN_LENGTH * em]


def _cluster(lines: Iterable[_Line], tolerance: float) -> Iterator[list[_Line]]:
    """Yield groups of consecutive lines whose positions differ by at most `tolerance`. `lines` are sorted."""
    cluster: list[_Line] = []
    for line in lines:
        if cluster and line.position - cluster[0].position > tolerance:
            yield cluster
            cluster = []
        cluster.append(line)
    if cluster:
        yield cluster


def _connect(
    rows: Sequence[_Line], columns: Sequence[_Line], tolerance: float
) -> list[tuple[list[_Line], list[_Line]]] | None:
    """Return the groups of lines that touch, each as its horizontal and its vertical lines.

    Returns None if too many pairs of lines could cross (`_MAX_CROSSINGS`).
    """
    positions = [line.position for line in columns]
    parents = list(range(len(rows) + len(columns)))

    def find_root(n: int) -> int:
        """Return the representative of the lines that are connected to line `n` (union-find)."""
        while parents[n] != n:
            parents[n] = n = parents[parents[n]]
        return n

    budget = _MAX_CROSSINGS + _MAX_CROSSINGS_PER_RULE * len(parents)
    for r, (y, start, end) in enumerate(rows):
        first = bisect_left(positions, start - tolerance)
        last = bisect_right(positions, end + tolerance)
        budget -= last - first
        if budget < 0:
            return None
        for c in range(first, last):
            if columns[c].start - tolerance <= y <= columns[c].end + tolerance:
                parents[find_root(r)] = find_root(len(rows) + c)
    groups: defaultdict[int, tuple[list[_Line], list[_Line]]] = defaultdict(lambda: ([], []))
    for r, line in enumerate(rows):
        groups[find_root(r)][0].append(line)
    for c, line in enumerate(columns):
        groups[find_root(len(rows) + c)][1].append(line)
    return list(groups.values())


def _build_grid(across: Sequence[_Line], down: Sequence[_Line], em: float) -> RuledGrid | None:
    """Return the grid that lines draw; None if it has no row or only one column, or is too large."""
    columns, rows = _complete_edges(down, across, em), _complete_edges(across, down, em)
    rows = _add_ends(rows, down, em)
    height, width = len(rows) - 1, len(columns) - 1
    if height < 1 or width < 2 or height * width > _MAX_SLOTS:  # noqa: PLR2004 - one column is a box
        return None
    walls_right, walls_below = _find_walls(down, columns, rows), _find_walls(across, rows, columns)
    cells: list[GridCell] = []
    open_cells: dict[tuple[int, int], int] = {}
    """The index of each cell of the row above that no rule closes below, by its first and its last column."""
    slots: list[list[int]] = []
    for r in range(height):
        line = [0] * width
        still_open: dict[tuple[int, int], int] = {}
        start = 0
        for c in range(width):
            if c + 1 < width and (c + 1, r) not in walls_right:
                continue
            index = open_cells.get((start, c))
            if index is None:
                index = len(cells)
                cells.append(GridCell(r, start, 1, c + 1 - start))
            else:
                cells[index] = cells[index]._replace(row_span=cells[index].row_span + 1)
            line[start : c + 1] = [index] * (c + 1 - start)
            if not any((r + 1, k) in walls_below for k in range(start, c + 1)):
                still_open[start, c] = index
            start = c + 1
        open_cells = still_open
        slots.append(line)
    return _compact(columns, rows, cells, slots)


def _complete_edges(lines: Sequence[_Line], crossing: Sequence[_Line], em: float) -> list[float]:
    """Return the distinct positions of parallel lines, and those of missing outermost lines.

    An outermost line is missing if at least two crossing lines protrude beyond the last line. Its position is the
    end of the one that protrudes second most.
    """
    positions = sorted({line.position for line in lines})
    starts = sorted(line.start for line in crossing)
    ends = sorted((line.end for line in crossing), reverse=True)
    if len(starts) > 1 and positions[0] - starts[1] > _MIN_OUTER_CELL * em:
        positions.insert(0, starts[1])
    if len(ends) > 1 and ends[1] - positions[-1] > _MIN_OUTER_CELL * em:
        positions.append(ends[1])
    return positions


def _add_ends(rows: Sequence[float], down: Sequence[_Line], em: float) -> list[float]:
    """Return the positions of horizontal rules, and the positions between them at which vertical rules start or end.

    In a table without rules between rows, a cell that covers several columns ends at such a position.
    """
    added = list(rows)
    for end in sorted({end for line in down for end in (line.start, line.end)}):
        index = bisect_left(added, end)
        if 0 < index < len(added) and min(end - added[index - 1], added[index] - end) > _MIN_OUTER_CELL * em:
            added.insert(index, end)
    return added


def _find_walls(lines: Sequence[_Line], positions: Sequence[float], crossing: Sequence[float]) -> set[tuple[int, int]]:
    """Return the places where parallel lines separate slots.

    Each place is a pair: (a) the index of the line's position in `positions`; (b) the index of the space between two
    adjacent positions in `crossing`, which has the positions of the lines across.
    """
    middles = [(before + after) / 2 for before, after in pairwise(crossing)]
    walls: set[tuple[int, int]] = set()
    for line in lines:
        index = bisect_left(positions, line.position)
        walls.update((index, k) for k in range(bisect_left(middles, line.start), bisect_right(middles, line.end)))
    return walls


def _compact(
    columns: Sequence[float], rows: Sequence[float], cells: Sequence[GridCell], slots: Sequence[Sequence[int]]
) -> RuledGrid | None:
    """Return a grid without the rows and columns in which no cell starts; None if one column remains."""
    row_numbers = {row: n for n, row in enumerate(sorted({cell.row for cell in cells}))}
    column_numbers = {column: n for n, column in enumerate(sorted({cell.column for cell in cells}))}
    if len(column_numbers) < 2:  # noqa: PLR2004 - one column is a box
        return None
    kept = [
        GridCell(
            row_numbers[cell.row],
            column_numbers[cell.column],
            sum(row in row_numbers for row in range(cell.row, cell.row + cell.row_span)),
            sum(column in column_numbers for column in range(cell.column, cell.column + cell.col_span)),
        )
        for cell in cells
    ]
    return RuledGrid(
        (*(columns[column] for column in column_numbers), columns[-1]),
        (*(rows[row] for row in row_numbers), rows[-1]),
        tuple(kept),
        tuple(tuple(slots[row][column] for column in column_numbers) for row in row_numbers),
    )
