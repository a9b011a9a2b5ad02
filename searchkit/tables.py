"""A comparison as text: an aligned table with marks, what the marks mean, and the sentence behind each figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from searchkit.comparing import Cell, Comparison, Reading
from searchkit.comparing.axes import Label
from searchkit.render import safe, table

BAR = 24
"""Length of the longest bar, in characters."""
SHOWN_EMPTY = 5
"""Rows without any figure that a table shows. When there are more, and more than rows with one, a line names them."""
NAMED_EMPTY = 10
"""How many of them that line names."""

MARKS = {
    "missing": ("—", "no report 无报告"),
    "silent": ("·", "report without such a figure 报告未提及"),
    "conflict": ("≠", "reports disagree, or one contradicts itself 数据不一致"),
    "approx": ("约", "about"),
    "at_least": ("≥", "at least"),
    "at_most": ("≤", "at most"),
    "unit": ("†", "counted in another unit 单位不同"),
    "period": ("‡", "not of the reporting year 非报告年度"),
}
"""What stands in cells besides numbers, and what it means."""

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_NONE = "(none)"


def comparison(made: Comparison, *, bars: bool = False) -> str:
    """A comparison for people to read; with `bars`, a bar beside each row shows the size of its last column."""
    if made.indicator is None:
        return f"No figure answers {safe(made.query)!r}.\n{_unplaced(made)}"
    cols, left_cols = _shown(made.cols, {col for _, col in made.filled})
    reported = [row for row in made.rows if any(made.cell(row, col).status != "missing" for col in cols)]
    rows, left_rows = _shown(reported, {row for row, _ in made.filled})
    left_rows += [row for row in made.rows if row not in set(reported)]
    notes = {
        id(reading): n
        for n, reading in enumerate(
            (reading for row in rows for col in cols for reading in made.filled.get((row, col), ())), 1
        )
    }
    cells = [[made.cell(row, col) for col in cols] for row in rows]
    lines = [[str(row[0].row), *(cell_text(cell, made.unit, notes) for cell in row)] for row in cells]
    headers = [made.rows_by, *map(str, cols)]
    if bars:
        headers.append("")
        lines = [[*line, bar] for line, bar in zip(lines, _bars([row[-1] for row in cells]), strict=True)]
    head = f"{made.indicator}{f' ({made.unit})' if made.unit else ''}"
    pieces = [_relaxed(made), safe(head), "\n\n", table(lines, headers), "\n"]
    return "".join([*pieces, *_left(made, left_rows, left_cols), _legend(cells), *_footnotes(cells, notes)])


def cell_text(cell: Cell, unit: str | None, notes: dict[int, int] | None = None) -> str:
    """What stands in a cell: its values with their marks, the conflict mark between values that contradict each other.

    `notes`: numbers of footnotes by the `id` of a reading.
    """
    if not cell.readings:
        return MARKS[cell.status][0]
    return f" {MARKS['conflict'][0]} ".join(_value(reading, unit, notes or {}) for reading in cell.readings)


def marks_of(reading: Reading) -> list[str]:
    """Names of the marks that a reading bears, in the order of `MARKS`."""
    bound = [reading.first.bound] if reading.first.bound in MARKS else []
    return [*bound, *["unit"] * reading.is_other_unit, *["period"] * reading.is_other_period]


def _value(reading: Reading, unit: str | None, notes: dict[int, int]) -> str:
    names = marks_of(reading)
    before = "".join(MARKS[name][0] for name in names if name not in {"unit", "period"})
    after = "".join(MARKS[name][0] for name in names if name in {"unit", "period"})
    own = f" {reading.unit}" if reading.unit and reading.unit != unit else ""
    note = f" [{notes[id(reading)]}]" if id(reading) in notes else ""
    return f"{before}{number_text(reading.value)}{own}{after}{note}"


def number_text(value: float) -> str:
    """A number in decimal digits: 0.0000001, where Python writes 1e-07."""
    return f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _shown(labels: Sequence[Label], filled: set[Label]) -> tuple[list[Label], list[Label]]:
    """Labels of rows or columns that are shown, and of those that are left out for having no figure."""
    empty = [label for label in labels if label not in filled]
    if len(empty) <= max(SHOWN_EMPTY, len(filled)):
        return list(labels), []
    return [label for label in labels if label in filled], empty


def _left(made: Comparison, rows: Sequence[Label], cols: Sequence[Label]) -> Iterator[str]:
    for name, labels in ((made.rows_by, rows), (made.cols_by, cols)):
        if labels:
            more = f" and {len(labels) - NAMED_EMPTY} more" if len(labels) > NAMED_EMPTY else ""
            yield safe(f"no figure for {name} {', '.join(map(str, labels[:NAMED_EMPTY]))}{more}\n")
    yield _unplaced(made)


def _unplaced(made: Comparison) -> str:
    return f"{made.unplaced} figures left out: no {made.rows_by} or no {made.cols_by}\n" if made.unplaced else ""


def _relaxed(made: Comparison) -> str:
    return "Nothing holds all of the query; these figures answer some of its words.\n" if made.relaxed else ""


def _bars(cells: Sequence[Cell]) -> list[str]:
    """A bar for each cell, as long as its first value; none for what is in another unit."""
    values = [
        float(cell.readings[0].value) if cell.readings and not cell.readings[0].is_other_unit else 0.0 for cell in cells
    ]
    most = max(values, default=0.0) or 1.0
    eighths = [round(value / most * BAR * 8) for value in values]
    return [("█" * (length // 8) + _EIGHTHS[length % 8]).rstrip() for length in eighths]


def _legend(cells: Sequence[Sequence[Cell]]) -> str:
    """One line that explains the marks that occur."""
    used = {cell.status for row in cells for cell in row}
    used |= {name for row in cells for cell in row for reading in cell.readings for name in marks_of(reading)}
    known = [f"{mark} {meaning}" for name, (mark, meaning) in MARKS.items() if name in used]
    return f"{'   '.join(known)}\n" if known else ""


def _footnotes(cells: Sequence[Sequence[Cell]], notes: dict[int, int]) -> Iterator[str]:
    for row in cells:
        for cell in row:
            for reading in cell.readings:
                also = "".join(f", {measure.id}" for measure in reading.measures[1:])
                yield safe(f"[{notes[id(reading)]}] {reading.first.id}{also}  {reading.first.quote}\n")
