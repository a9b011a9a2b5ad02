"""A comparison as text: an aligned table, a legend of its marks, and footnotes with the quotes of its values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from searchkit.compare.axes import AxisLabel
from searchkit.compare.comparison import Cell, Comparison
from searchkit.output.cells import CELL_MARKS, cell_text, mark_names
from searchkit.output.json import comparison_records, comparison_to_json, dumps
from searchkit.output.records import format_records
from searchkit.output.terminal import format_table, query_lines, suggestion_lines
from searchkit.text.characters import sanitize

MAX_BAR_LENGTH = 24
"""Length of the longest bar, in characters."""
MAX_EMPTY_LABELS = 5
"""Rows without a measure are shown if there are at most this many, or at most as many as rows with a measure. Otherwise
the table leaves them out, and a line below the table names them. The same holds for columns."""
MAX_NAMED_LABELS = 10
"""Maximum number of rows, or of columns, that the line below the table names. The others are counted."""

_EIGHTHS = " ▏▎▍▌▋▊▉█"
"""Block characters, from 0 to 8 eighths of a character wide."""


def format_comparison(comparison: Comparison, output_format: str, *, bars: bool = False) -> Iterable[str]:
    """Return a comparison as pieces of text. `output_format` is table, json or csv; only a table can have `bars`."""
    if output_format == "table":
        return [comparison_text(comparison, bars=bars)]
    if output_format == "json":
        return [dumps(comparison_to_json(comparison), indent=1), "\n"]
    return format_records(comparison_records(comparison), output_format)


def comparison_text(comparison: Comparison, *, bars: bool = False) -> str:
    """Return a comparison as a text table, with an explanation of its marks and a footnote for each value.

    Rows without a report in any of the shown columns are left out. With `bars`, each row ends with a bar for the value
    in its last column.
    """
    head = "".join(f"{line}\n" for line in query_lines(comparison))
    if comparison.indicator is None:
        hints = "".join(f"{line}\n" for line in suggestion_lines(comparison.suggestions, "measures"))
        return f"{head}No measure answers {sanitize(comparison.query)!r}.\n{hints}{_unplaced_line(comparison)}"
    cols, empty_cols = _split_empty(comparison.cols, {col for _, col in comparison.cell_values})
    reported = [row for row in comparison.rows if any(comparison.cell(row, col).status != "missing" for col in cols)]
    rows, empty_rows = _split_empty(reported, {row for row, _ in comparison.cell_values})
    empty_rows += [row for row in comparison.rows if row not in set(reported)]
    footnotes = _number_values(comparison, rows, cols)
    cells = [[comparison.cell(row, col) for col in cols] for row in rows]
    lines = [[str(row[0].row), *(cell_text(cell, comparison.unit, footnotes) for cell in row)] for row in cells]
    headers = [comparison.rows_by, *map(str, cols)]
    if bars:
        headers.append("")
        lines = [[*line, bar] for line, bar in zip(lines, _format_bars([row[-1] for row in cells]), strict=True)]
    title = f"{comparison.indicator}{f' ({comparison.unit})' if comparison.unit else ''}"
    pieces = [head, _relaxed_line(comparison), sanitize(title), "\n\n", format_table(lines, headers), "\n"]
    omitted = _omitted_lines(comparison, empty_rows, empty_cols)
    return "".join([*pieces, *omitted, _legend(cells), *_footnote_lines(cells, footnotes)])


def _number_values(comparison: Comparison, rows: Sequence[AxisLabel], cols: Sequence[AxisLabel]) -> dict[int, int]:
    """Return the number of the footnote of each value, from 1, by the `id` of the value."""
    values = (value for row in rows for col in cols for value in comparison.cell_values.get((row, col), ()))
    return {id(value): n for n, value in enumerate(values, 1)}


def _split_empty(labels: Sequence[AxisLabel], filled: set[AxisLabel]) -> tuple[list[AxisLabel], list[AxisLabel]]:
    """Split the labels of rows or columns into those to show, and those to leave out because they have no measure."""
    empty = [label for label in labels if label not in filled]
    if len(empty) <= max(MAX_EMPTY_LABELS, len(filled)):
        return list(labels), []
    return [label for label in labels if label in filled], empty


def _omitted_lines(comparison: Comparison, rows: Sequence[AxisLabel], cols: Sequence[AxisLabel]) -> Iterator[str]:
    """Yield lines that name the rows, columns and measures that the table leaves out."""
    for name, labels in ((comparison.rows_by, rows), (comparison.cols_by, cols)):
        if labels:
            more = f" and {len(labels) - MAX_NAMED_LABELS} more" if len(labels) > MAX_NAMED_LABELS else ""
            yield sanitize(f"no measure for {name} {', '.join(map(str, labels[:MAX_NAMED_LABELS]))}{more}\n")
    yield _unplaced_line(comparison)


def _unplaced_line(comparison: Comparison) -> str:
    """Return a line with the number of measures that have no row or no column; an empty string if there are none."""
    if not comparison.unplaced:
        return ""
    return f"{comparison.unplaced} measures left out: no {comparison.rows_by} or no {comparison.cols_by}\n"


def _relaxed_line(comparison: Comparison) -> str:
    """Return a line that tells that the query was relaxed; an empty string if it was not."""
    return "No measure matches the whole query; these match some of its words.\n" if comparison.relaxed else ""


def _format_bars(cells: Sequence[Cell]) -> list[str]:
    """Return a bar for each cell, in proportion to the first value of the cell.

    A cell without a value, or with values in another unit than the table, has an empty bar.
    """
    values = [
        float(cell.values[0].value) if cell.values and not cell.values[0].has_other_unit else 0.0 for cell in cells
    ]
    max_value = max(values, default=0.0) or 1.0
    eighths = [round(value / max_value * MAX_BAR_LENGTH * 8) for value in values]
    return [("█" * (length // 8) + _EIGHTHS[length % 8]).rstrip() for length in eighths]


def _legend(cells: Sequence[Sequence[Cell]]) -> str:
    """Return a line that explains the marks in the cells; an empty string if there are no marks."""
    used = {cell.status for row in cells for cell in row}
    used |= {name for row in cells for cell in row for value in cell.values for name in mark_names(value)}
    explained = [f"{mark} {meaning}" for name, (mark, meaning) in CELL_MARKS.items() if name in used]
    return f"{'   '.join(explained)}\n" if explained else ""


def _footnote_lines(cells: Sequence[Sequence[Cell]], footnotes: dict[int, int]) -> Iterator[str]:
    """Yield a footnote for each value: the ids of its measures, and the quote of the first."""
    for row in cells:
        for cell in row:
            for value in cell.values:
                also = "".join(f", {measure.id}" for measure in value.measures[1:])
                yield sanitize(f"[{footnotes[id(value)]}] {value.first.id}{also}  {value.first.quote}\n")
