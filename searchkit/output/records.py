"""Formats records in each format of `--format`. A new output format is added here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from searchkit.output.cells import single_line, value_text
from searchkit.output.csv import delimited_lines
from searchkit.output.json import dumps
from searchkit.output.terminal import format_table
from searchkit.translation import COLUMN, pgettext

RECORD_FORMATS = ("table", "json", "jsonl", "csv", "tsv", "ids")
"""Names of the formats. `ids` writes the first field of each record."""


def format_records(
    records: Iterable[Mapping[str, object]], output_format: str, width: int | None = None
) -> Iterator[str]:
    """Yield records as pieces of text in a format of `RECORD_FORMATS`. All records must have the same fields.

    A table is fitted to `width`, in columns of a terminal (`terminal.format_table`).

    jsonl, csv, tsv and ids take one record at a time. json and table collect all records first.
    """
    if output_format == "json":
        yield dumps(list(records), indent=1) + "\n"
    elif output_format == "jsonl":
        yield from (dumps(record) + "\n" for record in records)
    elif output_format == "ids":
        yield from (single_line(value_text(next(iter(record.values())))) + "\n" for record in records)
    elif output_format == "table":
        rows = list(records)
        headers = [pgettext(COLUMN, name) for name in rows[0]] if rows else []
        yield format_table([[value_text(value) for value in row.values()] for row in rows], headers, width=width)
    else:
        yield from delimited_lines(records, "\t" if output_format == "tsv" else ",")
