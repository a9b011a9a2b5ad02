"""Tables as text: Markdown for the terminal, rows for CSV, and a folder with a file for each table.

A cell that covers several rows or columns is in the first of them. The other places that it covers are empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from searchkit.errors import SearchkitError
from searchkit.model import Table
from searchkit.output.cells import single_line
from searchkit.output.csv import delimited_line, delimited_lines
from searchkit.output.terminal import format_table
from searchkit.tabular import column_headers, grid
from searchkit.text.characters import sanitize

INDEX_NAME = "tables"
"""Name of the list of all tables of an export: a sheet, or a file in a folder."""
_MAX_NAME_LENGTH = 50
"""Maximum number of characters of a document's id in the name of a file. A character takes up to four bytes."""


def table_rows(table: Table) -> list[list[str]]:
    """Return the header rows and the rows of a table as texts."""
    return [*grid(table.header), *grid(table.rows)]


def format_markdown(table: Table, rows: range | None = None) -> str:
    """Return a table with its caption as Markdown, aligned for the terminal. `rows`: indices of the rows to show.

    Markdown has one header row. The header of a column contains the headers of all rows, separated by ` / `. In the
    first row shown, a cell that began in an earlier row is repeated.
    """
    shown = range(len(table.rows)) if rows is None else rows
    body = grid(table.rows)[shown.start : shown.stop]
    if shown.start:
        body[:1] = grid(table.rows[: shown.start + 1], is_filled=True)[-1:]
    width = max(map(len, table_rows(table)), default=0)
    rows_shown = [column_headers(table.header), *body]
    lines = [[_markdown_cell(text) for text in [*row, *[""] * (width - len(row))]] for row in rows_shown]
    text = format_table(lines[1:], lines[0], "github")
    return f"{_one_safe_line(table.caption)}\n\n{text}" if table.caption else text


def write_table_files(tables: Iterable[Table], folder: Path, output_format: str, *, bom: bool = False) -> None:
    """Write a file for each table to a new or empty folder, and a list of the tables (`INDEX_NAME`).

    `output_format`: csv or tsv. `bom`: whether the files begin with a byte order mark.

    Raises SearchkitError if the folder is not empty or cannot be written.
    """
    delimiter = "\t" if output_format == "tsv" else ","
    records: list[dict[str, object]] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise SearchkitError(f"{folder}: not empty; name a new folder with --output")
        for number, table in enumerate(tables, 1):
            name = f"{number:04d}-{_safe_name(table)}.{output_format}"
            _write_lines(folder / name, (delimited_line(row, delimiter) for row in table_rows(table)), bom=bom)
            records.append({"file": name, **describe(table)})
        _write_lines(folder / f"{INDEX_NAME}.{output_format}", delimited_lines(records, delimiter), bom=bom)
    except OSError as error:
        raise SearchkitError(f"{folder}: cannot be written: {error.strerror}") from error


def describe(table: Table) -> dict[str, object]:
    """Return the entry of a table in a list of tables."""
    return {"id": table.id, "document": table.document, "caption": table.caption, "rows": len(table.rows)}


def _write_lines(path: Path, lines: Iterable[str], *, bom: bool) -> None:
    """Write lines, which end with line feeds, to a new file."""
    with path.open("x", encoding="utf-8-sig" if bom else "utf-8", newline="") as file:
        file.writelines(lines)


def _safe_name(table: Table) -> str:
    """Return the id of a table as a name for a file: letters, digits, `_`, `-` and `.`, cut at the beginning."""
    name = re.sub(r"[^\w.-]+", "_", table.document)
    return f"{name[-_MAX_NAME_LENGTH:]}-{table.table}"


def _markdown_cell(text: str) -> str:
    r"""Return a text as one line in which \ and | are escaped."""
    return _one_safe_line(text).replace("\\", "\\\\").replace("|", "\\|")


def _one_safe_line(text: str) -> str:
    """Return a text as one line without control characters."""
    return sanitize(single_line(text))
