"""A comparison as text: an aligned table, a legend of its marks, and footnotes with the quotes of its values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from searchkit.compare.axes import AxisLabel
from searchkit.compare.table import Cell, Comparison
from searchkit.output.cells import CELL_MARKS, cell_mark_names, cell_text, mark_names, number_text
from searchkit.output.json import comparison_records, comparison_to_json, dumps
from searchkit.output.records import format_records
from searchkit.output.terminal import facet_label, format_table, query_lines, suggestion_lines
from searchkit.text.characters import display_width, sanitize
from searchkit.translation import gettext as _
from searchkit.translation import in_brackets, ngettext

MAX_BAR_LENGTH = 24
"""Length of the longest bar, in characters."""
MAX_EMPTY_LABELS = 5
"""Rows without a measure are shown if there are at most this many, or at most as many as rows with a measure. Otherwise
the table leaves them out, and a line below the table names them. The same holds for columns."""
MAX_NAMED_LABELS = 10
"""Maximum number of rows, or of columns, that the line below the table names. The others are counted. Years are named
as a range."""

MAX_FOOTNOTES = 20
"""A table that is fitted to a width has a footnote for each value, if there are at most this many values. Otherwise
only the values of the cells that need one (`_has_mark`) have a footnote, in at most this many cells."""
_NOTE_SPACE = " [99]"
"""Space for the number of a footnote."""
_EIGHTHS = " ▏▎▍▌▋▊▉█"
"""Block characters, from 0 to 8 eighths of a character wide."""


def format_comparison(
    comparison: Comparison, output_format: str, *, bars: bool = False, width: int | None = None
) -> Iterable[str]:
    """Return a comparison as pieces of text. `output_format` is table, json or csv.

    Only a table can have `bars`, and a `width` that it is fitted to (`comparison_text`).
    """
    if output_format == "table":
        return [comparison_text(comparison, bars=bars, width=width)]
    if output_format == "json":
        return [dumps(comparison_to_json(comparison), indent=1), "\n"]
    return format_records(comparison_records(comparison), output_format)


def comparison_text(comparison: Comparison, *, bars: bool = False, width: int | None = None) -> str:
    """Return a comparison as a text table, with an explanation of its marks and a footnote for each value.

    Rows without a report in any of the shown columns are left out. Rows and columns without a measure are left out if
    there are many (`MAX_EMPTY_LABELS`). With `bars`, each row ends with a bar for the value in its last column, if
    `width` has room for that. With a `width` in columns of the terminal, columns of the table that do not fit are left
    out, of years the earliest ones; footnotes are cut; and some values have no footnote (`MAX_FOOTNOTES`).
    """
    head = "".join(f"{line}\n" for line in query_lines(comparison))
    if comparison.indicator is None:
        hints = "".join(f"{line}\n" for line in suggestion_lines(comparison.suggestions, "measures"))
        nothing = _("No measure answers {query}.").format(query=repr(sanitize(comparison.query)))
        return f"{head}{nothing}\n{hints}{_unplaced_line(comparison)}"
    cols, empty_cols = _split_empty(comparison.cols, {col for _row, col in comparison.filled})
    cols, unfitting = _fit_columns(comparison, cols, width, bars=bars)
    reported = [row for row in comparison.rows if any(comparison.cell(row, col).state != "missing" for col in cols)]
    rows, empty_rows = _split_empty(reported, {row for row, col in comparison.filled if col in set(cols)})
    empty_rows += [row for row in comparison.rows if row not in set(reported)]
    elsewhere = {row for row, _col in comparison.filled}.intersection(empty_rows)  # in columns that do not fit
    empty_rows = [row for row in empty_rows if row not in elsewhere]
    cells = [[comparison.cell(row, col) for col in cols] for row in rows]
    footnotes = _number_values(cells, is_short=width is not None)
    lines = [[str(row[0].row), *_cell_texts(comparison, row, footnotes)] for row in cells]
    headers = [facet_label(comparison.rows_by), *map(str, cols)]
    if bars:
        headers.append("")
        lines = [[*line, bar] for line, bar in zip(lines, _format_bars([row[-1] for row in cells]), strict=True)]
    table = format_table(lines, headers)
    if bars and width is not None and max(map(display_width, table.split("\n"))) > width:
        return comparison_text(comparison, width=width)
    title = f"{comparison.indicator}{in_brackets(comparison.unit or '')}"
    pieces = [head, _relaxed_line(comparison), sanitize(title), "\n\n", table, "\n"]
    omitted = [*_omitted_lines(comparison, empty_rows, empty_cols, width), *_unfitting_lines(unfitting, len(elsewhere))]
    notes = [_cut(line, width) for line in _footnote_lines(cells, footnotes)]
    left_out = sum(len(cell.values) for row in cells for cell in row) - len(footnotes)
    more = [_("{n} values have no footnote; --wide shows all.").format(n=left_out) + "\n"] * (left_out > 0)
    return "".join([*pieces, *omitted, _legend(cells, width), *notes, *more])


def _cell_texts(comparison: Comparison, cells: Sequence[Cell], footnotes: Mapping[int, int]) -> list[str]:
    """Return the texts of cells."""
    return [cell_text(cell, comparison.unit, footnotes) for cell in cells]


def _fit_columns(
    comparison: Comparison, cols: Sequence[AxisLabel], width: int | None, *, bars: bool
) -> tuple[list[AxisLabel], list[AxisLabel]]:
    """Split columns into those to show in a width, at least one, and those to leave out.

    If the columns are years, the latest ones are shown, otherwise the first ones.
    """
    if width is None:
        return list(cols), []
    left = width - max(map(display_width, map(str, (comparison.rows_by, *comparison.rows)))) - bars * MAX_BAR_LENGTH
    is_years = all(isinstance(col, int) for col in cols)
    kept: list[AxisLabel] = []
    for col in reversed(cols) if is_years else cols:
        cells = [comparison.filled[row, col] for row in comparison.rows if (row, col) in comparison.filled]
        texts = [text + _NOTE_SPACE for text in _cell_texts(comparison, cells, {})]
        left -= 2 + max(map(display_width, (str(col), *texts)))
        if left < 0 and kept:
            break
        kept.append(col)
    shown = [col for col in cols if col in kept]
    return shown, [col for col in cols if col not in kept]


def _unfitting_lines(cols: Sequence[AxisLabel], rows: int) -> Iterator[str]:
    """Yield a line about the columns that do not fit the terminal, and one about rows with values only in these.

    `rows`: the number of such rows.
    """
    if cols:
        text = ngettext(
            "{n} column does not fit ({names}); --wide shows all.",
            "{n} columns do not fit ({names}); --wide shows all.",
            len(cols),
        )
        yield sanitize(text.format(n=len(cols), names=_range_text(cols)) + "\n")
    if rows:
        text = ngettext(
            "{n} row has values only in columns that do not fit; --wide shows all.",
            "{n} rows have values only in columns that do not fit; --wide shows all.",
            rows,
        )
        yield text.format(n=rows) + "\n"


def _range_text(labels: Sequence[AxisLabel]) -> str:
    """Return the first and the last of some labels as text."""
    if len(labels) == 1:
        return str(labels[0])
    return _("{first} to {last}").format(first=labels[0], last=labels[-1])


def _cut(line: str, width: int | None) -> str:
    """Return a line, which ends with a line feed, cut to a width in columns of the terminal."""
    if width is None or display_width(line) <= width:
        return line
    text = line[:width]
    while display_width(text) >= width:
        text = text[:-1]
    return f"{text}…\n"


def _number_values(cells: Sequence[Sequence[Cell]], *, is_short: bool) -> dict[int, int]:
    """Return the number of the footnote, from 1, of each value that has one.

    The keys are Python's `id` of the values, because two values can be equal. `is_short`: whether `MAX_FOOTNOTES`
    applies.
    """
    flat = [cell for row in cells for cell in row]
    if is_short and sum(len(cell.values) for cell in flat) > MAX_FOOTNOTES:
        flat = [cell for cell in flat if _has_mark(cell)][:MAX_FOOTNOTES]
    return {id(value): n for n, value in enumerate((value for cell in flat for value in cell.values), 1)}


def _has_mark(cell: Cell) -> bool:
    """Return whether a cell needs a footnote: its state is not `value`, or it has a mark other than that of a bound."""
    marks = {name for value in cell.values for name in mark_names(value, cell.state)}
    return cell.state != "value" or bool(cell_mark_names(cell)) or not marks <= {"approx", "at_least", "at_most"}


def _split_empty(labels: Sequence[AxisLabel], filled: set[AxisLabel]) -> tuple[list[AxisLabel], list[AxisLabel]]:
    """Split the labels of rows or columns into those to show, and those to leave out because they have no measure."""
    empty = [label for label in labels if label not in filled]
    if len(empty) <= max(MAX_EMPTY_LABELS, len(filled)):
        return list(labels), []
    return [label for label in labels if label in filled], empty


def _omitted_lines(
    comparison: Comparison, rows: Sequence[AxisLabel], cols: Sequence[AxisLabel], width: int | None
) -> Iterator[str]:
    """Yield lines that name the rows and columns that the table leaves out, then the line of `_unplaced_line`.

    Years are named as a range.
    """
    for name, labels in ((comparison.rows_by, rows), (comparison.cols_by, cols)):
        if labels and all(isinstance(label, int) for label in labels):
            text = _("no measure for {n} of {facet} {years}")
            yield text.format(n=len(labels), facet=facet_label(name), years=_range_text(labels)) + "\n"
        elif labels:
            shown = [sanitize(str(label)) for label in labels[:MAX_NAMED_LABELS]]
            if len(labels) > MAX_NAMED_LABELS:
                shown[-1] = _("{names} and {n} more").format(names=shown[-1], n=len(labels) - MAX_NAMED_LABELS)
            first = _("no measure for {facet} {value}").format(facet=facet_label(name), value=shown[0])
            yield _join([first, *shown[1:]], _(", "), width) + "\n"
    yield _unplaced_line(comparison)


def _unplaced_line(comparison: Comparison) -> str:
    """Return a line with the number of measures that have no row or no column; an empty string if there are none."""
    if not comparison.unplaced:
        return ""
    text = _("{n} measures left out: no {rows} or no {cols}")
    axes = {"rows": facet_label(comparison.rows_by), "cols": facet_label(comparison.cols_by)}
    return text.format(n=comparison.unplaced, **axes) + "\n"


def _relaxed_line(comparison: Comparison) -> str:
    """Return a line that tells that the query was relaxed; an empty string if it was not."""
    relaxed = _("No measure matches the whole query; these match some of its words.")
    return f"{relaxed}\n" if comparison.relaxed else ""


def _format_bars(cells: Sequence[Cell]) -> list[str]:
    """Return a bar for each cell, in proportion to its value. Without a value above 0, the bar is empty."""
    values = [0.0 if cell.value is None else float(cell.value.value) for cell in cells]
    max_value = max(values, default=0.0) or 1.0
    eighths = [max(0, round(value / max_value * MAX_BAR_LENGTH * 8)) for value in values]
    return [("█" * (length // 8) + _EIGHTHS[length % 8]).rstrip() for length in eighths]


def _join(texts: Sequence[str], separator: str, width: int | None) -> str:
    """Join texts, with a line feed instead of the blanks of a separator where a line would exceed a width."""
    lines = [""]
    for text in texts:
        joined = f"{lines[-1]}{separator}{text}" if lines[-1] else text
        if width is not None and lines[-1] and display_width(joined) > width:
            lines[-1] += separator.rstrip()
            lines.append(text)
        else:
            lines[-1] = joined
    return "\n".join(lines)


def _legend(cells: Sequence[Sequence[Cell]], width: int | None) -> str:
    """Return lines that explain the marks in the cells; an empty string if there are no marks."""
    flat = [cell for row in cells for cell in row]
    used = {cell.state for cell in flat} | {name for cell in flat for name in cell_mark_names(cell)}
    used |= {name for cell in flat for value in cell.values for name in mark_names(value, cell.state)}
    used |= {"target"} if any(cell.target for cell in flat) else set()
    explained = [f"{mark} {_(meaning)}" for name, (mark, meaning) in CELL_MARKS.items() if name in used]
    return f"{_join(explained, '   ', width)}\n" if explained else ""


def _footnote_lines(cells: Sequence[Sequence[Cell]], footnotes: Mapping[int, int]) -> Iterator[str]:
    """Yield a footnote for each numbered value: the ids of its measures, and the quote of the first of them.

    The footnote of the first value of a cell also has the notes of the cell: the values of later reports, other values
    of the same name, and `Cell.target`. In a cell of several places or bodies, the place or body and the value
    precede the ids.
    """
    for cell in (cell for row in cells for cell in row):
        sources = cell.sources if cell.state == "several" else {}
        for n, value in enumerate(cell.values):
            if id(value) not in footnotes:
                continue
            also = "".join(f", {measure.id}" for measure in value.measures[1:])
            place = f"{sources[value.source]}: {number_text(value.value)} " if sources else ""
            notes = "" if n else "".join(_notes(cell))
            yield sanitize(f"[{footnotes[id(value)]}] {place}{value.first.id}{also}  {value.first.quote}{notes}\n")


def _notes(cell: Cell) -> Iterator[str]:
    """Yield the notes of a cell."""
    for name, values in (("revised", cell.revised), ("others", cell.others)):
        for value in values:
            yield f"; {CELL_MARKS[name][0]} {number_text(value.value)} ({value.first.id})"
    if cell.target is not None and cell.target not in cell.values:
        status = cell.target.first.status
        mark = CELL_MARKS[status][0] if status == "target" else _(status)
        yield f"; {mark} {number_text(cell.target.value)} ({cell.target.first.id})"
