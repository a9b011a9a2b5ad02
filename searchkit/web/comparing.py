"""The page of a comparison: draws the chart of the page, and lists the table with sentences and meanings of marks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from searchkit.compare.axes import AxisLabel
from searchkit.compare.table import Cell, CellValue, Comparison
from searchkit.names import ANY_STATUS, MEASURE_STATUSES, YEAR_FACETS
from searchkit.output.cells import CELL_MARKS, cell_mark_names, cell_text, mark_names, number_text
from searchkit.web.data import compare_arguments
from searchkit.web.frame import Frame, Link
from searchkit.web.links import paragraph_url, suggestion_links

MAX_SHOWN_ROWS, MAX_SHOWN_COLS = 120, 80
"""Maximum numbers of rows and columns on the page. The downloads have all."""
MAX_LINES = 6
"""Maximum number of lines of a chart."""
_MAX_BARS = 30
"""Maximum number of bars of a chart."""
_WIDTH, _HEIGHT = 1120, 330
"""Size of a chart in its own units."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 118, 14, 26
"""Margins of a chart."""
_LABEL_GAP = 17
"""Smallest distance between the names of two lines."""
_TICKS = 5
"""Approximate number of intervals of the scale of a chart."""
_OF_PAGE = {"draw", "cell"}
"""Parameters that only the page has. The form that chooses the rows to draw does not pass them on."""


class CellView(NamedTuple):
    """A cell of the table."""

    text: str
    state: str
    url: str
    """URL of the page with the sentences. Empty for an empty cell."""
    title: str
    """What the marks of the cell mean."""
    is_open: bool = False
    """Whether the page shows the sentences of the cell."""


class Point(NamedTuple):
    """A point of a line."""

    x: float
    y: float
    title: str
    url: str
    is_hollow: bool
    """Whether the state of the cell is `conflict`: reports disagree on its value."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a chart, as several paths if years are missing."""

    name: str
    number: int
    """Number of its colour, from 1."""
    paths: Sequence[str]
    points: Sequence[Point]
    label_y: float
    label_x: float


class Bar(NamedTuple):
    """A bar of a chart."""

    name: str
    text: str
    y: float
    width: float
    url: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: lines over the years, or the bars of one column."""

    lines: Sequence[Line] = ()
    bars: Sequence[Bar] = ()
    ticks: Sequence[tuple[float, str]] = ()
    """Positions and texts of the scale."""
    years: Sequence[tuple[float, str]] = ()
    height: float = _HEIGHT
    col: str = ""
    """The column of the bars."""


class Sentence(NamedTuple):
    """A sentence behind a cell."""

    value: str
    note: str
    """Why `value` is not a value of the cell: it is that of a later report, another value, or the target. Empty if it
    is a value of the cell."""
    quote: str
    before: str
    """The part of the sentence before `quote`."""
    after: str
    """The part of the sentence after `quote`."""
    source: str
    url: str


def compare_page(frame: Frame) -> tuple[str, dict[str, Any]]:
    """Return the name of the template and its values for a comparison."""
    state, words = frame.state, frame.words
    cols = state["cols"] or "of_year"
    if not state["query"]:
        return "compare", frame.page_context(
            f"{words['tab_compare']} · {frame.title}", comparison=None, chips=frame.chips(), clear_url=frame.clear_url
        )
    comparison = frame.index.compare(state["query"], **compare_arguments(state))
    shown_rows, shown_cols = comparison.rows[:MAX_SHOWN_ROWS], comparison.cols[:MAX_SHOWN_COLS]
    opened = _opened_cell(state["cell"], shown_rows, shown_cols)
    drawn = [row for row in shown_rows if str(row) in state.all("draw")]
    chart = _draw(frame, comparison, drawn, shown_rows, shown_cols)
    lines = {line.name for line in chart.lines} if chart else set()
    table = [
        (
            row,
            [_cell_view(frame, comparison, (y, x), opened) for x in range(len(shown_cols))],
            row in drawn or str(row) in lines,
        )
        for y, row in enumerate(shown_rows)
    ]
    filled_rows, filled_cols = ({position[n] for position in comparison.filled} for n in (0, 1))
    current_status = state["status"] or "actual"
    statuses = [*MEASURE_STATUSES, ANY_STATUS]
    title = comparison.indicator or state["query"]
    return "compare", frame.page_context(
        f"{title} · {words['tab_compare']} · {frame.title}",
        **frame.narrowing(),
        comparison=comparison,
        title=title,
        chips=frame.chips(comparison.understood_filters),
        clear_url=frame.clear_url,
        cols=shown_cols,
        table=table,
        is_cut=len(shown_rows) < len(comparison.rows) or len(shown_cols) < len(comparison.cols),
        chart=chart,
        statuses=[
            Link(
                words["any_status" if name == ANY_STATUS else name],
                frame.url(status=None if name == "actual" else name),
                name == current_status,
            )
            for name in statuses
        ],
        transpose=frame.url(rows=cols, cols=state["rows"]),
        row_label=words.facet(comparison.rows_by),
        col_label=words.facet(comparison.cols_by),
        legend=_legend(frame, comparison),
        empty_rows=words.join([str(row) for row in shown_rows if row not in filled_rows]),
        empty_cols=words.join([str(col) for col in shown_cols if col not in filled_cols]),
        opened=opened and _open_cell(frame, comparison.cell(*opened)),
        close_url=frame.url(cell=None),
        downloads=[*frame.downloads(), *(Link(name.upper(), frame.url(None, f".{name}")) for name in ("svg", "png"))],
        suggestions=suggestion_links(frame, comparison.suggestions),
        measures_url=frame.url("measures"),
        draw_carried=[(name, value) for name in state.values if name not in _OF_PAGE for value in state.all(name)],
        max_lines=MAX_LINES,
    )


def _opened_cell(text: str, rows: Sequence[AxisLabel], cols: Sequence[AxisLabel]) -> tuple[AxisLabel, AxisLabel] | None:
    """Return the row and the column that the parameter `cell` names, or None if it names none that the page shows.

    `3.5` is row 3, column 5, both from 1.
    """
    y, dot, x = text.partition(".")
    if not (dot and y.isdecimal() and x.isdecimal()):
        return None
    return (rows[int(y) - 1], cols[int(x) - 1]) if 0 < int(y) <= len(rows) and 0 < int(x) <= len(cols) else None


def _open_cell(frame: Frame, cell: Cell) -> tuple[tuple[AxisLabel, AxisLabel], list[Sentence], str]:
    """Return row and column of a cell, its sentences, and what its marks mean."""
    marks = frame.words.join([frame.words.mark(name) for name in _marks_of(cell)])
    return (cell.row, cell.col), _sentences(frame, cell), marks


def _cell_view(
    frame: Frame, comparison: Comparison, position: tuple[int, int], opened: tuple[AxisLabel, AxisLabel] | None
) -> CellView:
    """Return a cell as the table shows it."""
    row, col = comparison.rows[position[0]], comparison.cols[position[1]]
    cell = comparison.cell(row, col)
    if not cell.values and cell.target is None:
        return CellView(CELL_MARKS[cell.state][0], cell.state, "", frame.words.mark(cell.state))
    text = cell_text(cell, comparison.unit).replace(CELL_MARKS["target"][0], frame.words["target"])
    url = frame.url(cell=f"{position[0] + 1}.{position[1] + 1}") + "#sentences"
    marks = [frame.words.mark(name) for name in _marks_of(cell)]
    return CellView(text, cell.state, url, frame.words.join(marks), (row, col) == opened)


def _marks_of(cell: Cell) -> list[str]:
    """Return the names of the marks of a cell."""
    if not cell.values and cell.target is None:
        return [cell.state]
    names = [*cell_mark_names(cell), *([cell.state] if cell.state in CELL_MARKS else [])]
    for value in cell.values:
        names += mark_names(value, cell.state)
    return list(dict.fromkeys(names))


def _legend(frame: Frame, comparison: Comparison) -> list[tuple[str, str]]:
    """Return the marks that cells of the comparison have, each with its meaning."""
    used = {name for cell in comparison.cells() for name in _marks_of(cell)}
    return [(CELL_MARKS[name][0], frame.words.mark(name)) for name in CELL_MARKS if name in used]


def _sentences(frame: Frame, cell: Cell) -> list[Sentence]:
    """Return the sentences behind a cell, those of its values first."""
    noted: list[tuple[str, Sequence[CellValue]]] = [
        ("", cell.values),
        (frame.words.mark("revised"), cell.revised),
        (frame.words.mark("others"), cell.others),
        (frame.words.mark("target"), (cell.target,) if cell.target else ()),
    ]
    found = []
    for note, values in noted:
        for value in values:
            for measure in value.measures:
                text = measure.source.text
                start = max(text.rfind("。", 0, measure.start), text.rfind("；", 0, measure.start)) + 1
                ends = [end for mark in "。；" if (end := text.find(mark, measure.end)) >= 0]
                end = min(ends, default=len(text))
                source = " · ".join(filter(None, [measure.district, str(measure.year or ""), measure.title]))
                found.append(
                    Sentence(
                        f"{number_text(value.value)}{value.unit or ''}",
                        note,
                        measure.quote,
                        text[start : measure.start],
                        text[measure.end : end],
                        source,
                        paragraph_url(frame, measure.document, measure.source.n),
                    )
                )
    return found


# Charts


def _draw(
    frame: Frame,
    comparison: Comparison,
    drawn: Sequence[AxisLabel],
    rows: Sequence[AxisLabel],
    cols: Sequence[AxisLabel],
) -> Chart | None:
    """Return lines over the years, otherwise the bars of one column. None if there are neither.

    The lines are those of the chosen rows with values, at most `MAX_LINES`. If there are none, they are those of all
    rows with values, provided that these are at most `MAX_LINES`. Lines need columns that are years, and at least one
    row with two values. `drawn`: the chosen rows.
    """
    filled = [row for row in rows if sum(_value(comparison, row, col) is not None for col in cols) > 0]
    is_over_years = comparison.cols_by in YEAR_FACETS
    chosen = [row for row in drawn if row in filled][:MAX_LINES] or (filled if len(filled) <= MAX_LINES else [])
    counts = [sum(_value(comparison, row, col) is not None for col in cols) for row in chosen]
    if is_over_years and max(counts, default=0) > 1:
        return _draw_lines(frame, comparison, chosen, [col for col in cols if isinstance(col, int)])
    return _draw_bars(frame, comparison, filled, cols) if len(filled) > 1 else None


def _value(comparison: Comparison, row: AxisLabel, col: AxisLabel) -> float | None:
    """Return the value of a cell, or None if it has none in the unit of the table."""
    value = comparison.cell(row, col).value
    return None if value is None or value.has_other_unit else value.value


def _scale(low: float, high: float) -> list[float]:
    """Return the marks of a scale, two or more round numbers at equal distances.

    The scale contains `low`, `high` and 0.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    span = high - low or 1.0
    exponent = math.floor(math.log10(span / _TICKS))
    step: float = 10.0**exponent
    step *= next(factor for factor in (1, 2, 2.5, 5, 10) if span / (step * factor) <= _TICKS + 0.001)
    first = math.floor(low / step)
    last = max(math.ceil(high / step), first + 1)
    return [round(number * step, max(1 - exponent, 0)) for number in range(first, last + 1)]


def _draw_lines(frame: Frame, comparison: Comparison, rows: Sequence[AxisLabel], years: Sequence[int]) -> Chart:
    """Return lines over the years. A year without a value is a gap."""
    values = {(row, year): _value(comparison, row, year) for row in rows for year in years}
    numbers = [value for value in values.values() if value is not None]
    used = [year for year in years if any(values[row, year] is not None for row in rows)]
    first, last = used[0], used[-1]
    ticks = _scale(min(numbers), max(numbers))
    right = _WIDTH - _RIGHT

    def x_of(year: int) -> float:
        """Return the horizontal position of a year."""
        return round(_LEFT + (right - _LEFT) * ((year - first) / (last - first) if last > first else 0.5), 1)

    def y_of(value: float) -> float:
        """Return the vertical position of a value."""
        return round(_TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - (value - ticks[0]) / (ticks[-1] - ticks[0])), 1)

    lines = []
    ends: list[tuple[float, int]] = []
    for number, row in enumerate(rows):
        paths: list[list[str]] = [[]]
        points = []
        for year in range(first, last + 1):
            value = values.get((row, year))
            if value is None:
                paths.append([])
                continue
            position = (comparison.rows.index(row) + 1, comparison.cols.index(year) + 1)
            url = frame.url(cell=f"{position[0]}.{position[1]}") + "#sentences"
            is_hollow = comparison.cell(row, year).state == "conflict"
            title = f"{row} {year}: {number_text(value)}{comparison.unit or ''}"
            points.append(Point(x_of(year), y_of(value), title, url, is_hollow))
            paths[-1].append(f"{x_of(year)},{y_of(value)}")
        joined = [" ".join(path) for path in paths if len(path) > 1]
        ends.append((points[-1].y, number))
        lines.append(Line(str(row), number + 1, joined, points, points[-1].y, points[-1].x + 9))
    placed = _spread(ends)
    lines = [
        replace(line, label_y=placed[number], label_x=min(line.label_x, right + 9)) for number, line in enumerate(lines)
    ]
    step = max(1, math.ceil((last - first + 1) / 20))
    shown = [year for year in range(first, last + 1) if (last - year) % step == 0]
    return Chart(
        lines, ticks=[(y_of(tick), f"{tick:,g}") for tick in ticks], years=[(x_of(year), str(year)) for year in shown]
    )


def _spread(ends: Sequence[tuple[float, int]]) -> dict[int, float]:
    """Return the vertical position of the name of each line, by its number. Names do not overlap.

    `ends`: vertical position of the end of each line, and its number.
    """
    placed: dict[int, float] = {}
    previous = -math.inf
    for y, number in sorted(ends):
        previous = max(y, previous + _LABEL_GAP)
        placed[number] = previous
    over = previous - (_HEIGHT - _BOTTOM)
    return {number: y - max(over, 0) for number, y in placed.items()}


def _draw_bars(
    frame: Frame, comparison: Comparison, rows: Sequence[AxisLabel], cols: Sequence[AxisLabel]
) -> Chart | None:
    """Return the bars of the column with the most values, or None if no column has two.

    Of several such columns, the last is drawn. Of more than `_MAX_BARS` values, the greatest are drawn.
    """
    counts = [sum(_value(comparison, row, col) is not None for row in rows) for col in cols]
    if not counts or max(counts) < 2:  # noqa: PLR2004 - one bar compares nothing
        return None
    x = max(range(len(cols)), key=lambda number: (counts[number], number))
    col = cols[x]
    ranked = sorted(
        ((value, row) for row in rows if (value := _value(comparison, row, col)) is not None), key=lambda item: -item[0]
    )[:_MAX_BARS]
    most = max((abs(value) for value, _ in ranked), default=0) or 1
    bars = []
    for number, (value, row) in enumerate(ranked):
        url = frame.url(cell=f"{comparison.rows.index(row) + 1}.{x + 1}") + "#sentences"
        text = cell_text(comparison.cell(row, col), comparison.unit)
        bars.append(Bar(str(row), text, 6 + number * 24, round(700 * abs(value) / most, 1), url))
    return Chart(bars=bars, height=12 + 24 * len(bars), col=str(col))
