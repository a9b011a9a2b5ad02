"""Records and rows as comma- or tab-separated values. Cells that a spreadsheet would read as formulas are escaped."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from searchkit.output.cells import single_line, value_text

_NUMBER = re.compile(r"[+-][0-9][0-9,]*(\.[0-9]+)?(e[+-]?[0-9]+)?%?", re.IGNORECASE)
"""Matches a number with a sign: -2.5, +1,234%, -1e-07. Not what a spreadsheet would calculate: -1+2, -1-2, -A1."""


def delimited_lines(records: Iterable[Mapping[str, object]], delimiter: str) -> Iterator[str]:
    """Yield the rows of CSV (delimiter `,`) or TSV (tab). The first row has the names of the fields.

    The fields are those of the first record. In later records, other fields are dropped and missing ones are empty.
    """
    names: list[str] | None = None
    for record in records:
        if names is None:
            names = list(record)
            yield delimited_line(names, delimiter)
        yield delimited_line([record.get(name) for name in names], delimiter)


def delimited_line(values: Sequence[object], delimiter: str) -> str:
    """Return a row with its line feed. A cell of CSV may contain tabs and line feeds; in TSV, they become spaces."""
    cells = [_escape_formula(value_text(value)) for value in values]
    if delimiter == "\t":  # TSV has no quoting
        return "\t".join(map(single_line, cells)) + "\n"
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(cells)
    return buffer.getvalue()


def _escape_formula(cell: str) -> str:
    """Prefix a cell with ' if a spreadsheet could read it as a formula.

    Such a cell begins with = + - or @, maybe after white space, and is no number.
    """
    return "'" + cell if cell.lstrip()[:1] in {"=", "+", "-", "@"} and not _NUMBER.fullmatch(cell) else cell
