"""Rows as comma- or tab-separated values, none of which begins a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from searchkit.output.cells import one_line, plain


def separated(rows: Iterable[Mapping[str, object]], delimiter: str) -> Iterator[str]:
    """Write records with the same fields, a line at a time; the first line names the fields."""
    names: list[str] | None = None
    for row in rows:
        if names is None:
            names = list(row)
            yield _line(names, delimiter)
        yield _line([row.get(name) for name in names], delimiter)


def _line(values: Sequence[object], delimiter: str) -> str:
    cells = [_harmless(plain(value)) for value in values]
    if delimiter == "\t":  # TSV has no quoting
        return "\t".join(map(one_line, cells)) + "\n"
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet takes for text: = + - @ at its head, white space before it or not, begin a formula."""
    return "'" + cell if cell.lstrip()[:1] in {"=", "+", "-", "@"} else cell
