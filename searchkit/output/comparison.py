"""A comparison as text: an aligned table with marks, what the marks mean, and the sentence behind each measure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from searchkit.compare.axes import Label
from searchkit.compare.comparison import Cell, Comparison
from searchkit.output.cells import MARKS, cell_text, marks_of
from searchkit.output.json import cell_rows, comparison_to_json, dumps
from searchkit.output.records import records
from searchkit.output.terminal import table
from searchkit.text.characters import safe

BAR = 24
"""Length of the longest bar, in characters."""
SHOWN_EMPTY = 5
"""Rows without any measure that a table shows. When there are more, and more than rows with one, a line names them."""
NAMED_EMPTY = 10
"""How many of them that line names."""

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_NONE = "(none)"


def in_style(made: Comparison, style: str, *, bars: bool = False) -> Iterable[str]:
    """Give pieces of text: `style` is table (with or without bars), json or csv."""
    if style == "table":
        return [comparison(made, bars=bars)]
    if style == "json":
        return [dumps(comparison_to_json(made), indent=1), "\n"]
    return records(cell_rows(made), style)


def comparison(made: Comparison, *, bars: bool = False) -> str:
    """A comparison for people to read; with `bars`, a bar beside each row shows the size of its last column."""
    if made.indicator is None:
        return f"No measure answers {safe(made.query)!r}.\n{_unplaced(made)}"
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


def _shown(labels: Sequence[Label], filled: set[Label]) -> tuple[list[Label], list[Label]]:
    """Labels of rows or columns that are shown, and of those that are left out for having no measure."""
    empty = [label for label in labels if label not in filled]
    if len(empty) <= max(SHOWN_EMPTY, len(filled)):
        return list(labels), []
    return [label for label in labels if label in filled], empty


def _left(made: Comparison, rows: Sequence[Label], cols: Sequence[Label]) -> Iterator[str]:
    for name, labels in ((made.rows_by, rows), (made.cols_by, cols)):
        if labels:
            more = f" and {len(labels) - NAMED_EMPTY} more" if len(labels) > NAMED_EMPTY else ""
            yield safe(f"no measure for {name} {', '.join(map(str, labels[:NAMED_EMPTY]))}{more}\n")
    yield _unplaced(made)


def _unplaced(made: Comparison) -> str:
    return f"{made.unplaced} measures left out: no {made.rows_by} or no {made.cols_by}\n" if made.unplaced else ""


def _relaxed(made: Comparison) -> str:
    return "Nothing holds all of the query; these measures answer some of its words.\n" if made.relaxed else ""


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
