"""Records in the style that was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from searchkit.output.cells import one_line, plain
from searchkit.output.csv import separated
from searchkit.output.json import dumps
from searchkit.output.terminal import table

FORMATS = ("table", "json", "jsonl", "csv", "tsv", "ids")
"""Names for `--format`."""


def records(rows: Iterable[Mapping[str, object]], style: str) -> Iterator[str]:
    """Pieces of output for records with the same fields; `ids` takes the first field of each.

    jsonl, csv, tsv and ids are made row by row; json and table need all rows at once.
    """
    if style == "json":
        yield dumps(list(rows), indent=1) + "\n"
    elif style == "jsonl":
        yield from (dumps(row) + "\n" for row in rows)
    elif style == "ids":
        yield from (one_line(plain(next(iter(row.values())))) + "\n" for row in rows)
    elif style == "table":
        kept = list(rows)
        yield table([[plain(value) for value in row.values()] for row in kept], list(kept[0]) if kept else [])
    else:
        yield from separated(rows, "\t" if style == "tsv" else ",")
