"""Results as tables: HTML for notebooks, and data frames of pandas or polars, neither of which searchkit needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, Protocol

from searchkit.errors import SearchkitError, UsageError, install_command

FRAME_LIBRARIES = ("pandas", "polars")
"""Libraries of data frames, in order of preference."""
_MAX_SHOWN_ROWS = 200
"""Maximum number of rows of a table in a notebook, whose file keeps what it shows."""
Pieces = Sequence[tuple[str, bool]]
"""Pieces of a text, each with whether it is a match."""


class SpanningCell(Protocol):
    """A cell that may cover several rows and columns. `model.Cell` is one."""

    @property
    def text(self) -> str:
        """Its text."""

    @property
    def row_span(self) -> int:
        """Number of rows."""

    @property
    def col_span(self) -> int:
        """Number of columns."""


class TextTable(NamedTuple):
    """A table to show."""

    caption: str
    """Its title, one line."""
    headers: Sequence[str]
    rows: Iterable[Sequence[str | Pieces]]
    """Rows of cells. A cell is a text, or the pieces of a text in which matches are marked."""
    notes: Sequence[str] = ()
    """Messages above the table."""


class Tabular:
    """A result that a notebook shows as a table, and that can become a data frame."""

    __slots__ = ()

    def _text_table(self) -> TextTable:
        """Return the table to show."""
        raise NotImplementedError

    def _records(self) -> Iterable[Mapping[str, object]]:
        """Return the rows of the data frame. All have the same fields."""
        raise NotImplementedError

    def _columns(self) -> Sequence[str]:
        """Return the names of these fields."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        """Return the table as HTML. Notebooks call this method. All text is escaped.

        If there are more than 200 rows, a line below the table says how many are not shown.
        """
        return _format_html(self._text_table())

    def to_frame(self, library: str | None = None) -> Any:  # noqa: ANN401 - a class of a library that may be missing
        """Return a data frame with a row for each record. Without records, it has the same columns and no rows.

        `library`: pandas or polars; None for the first of them that is installed. Raises SearchkitError if the library
        is not installed (None: if neither is), and UsageError for any other name.
        """
        if library is not None and library not in FRAME_LIBRARIES:
            raise UsageError(f"a data frame is of {' or '.join(FRAME_LIBRARIES)}, not {library!r}")
        module = _import_library(FRAME_LIBRARIES if library is None else (library,))
        # Polars takes the types of the columns from the first 100 records, unless it is told to read all.
        options = {"infer_schema_length": None} if module.__name__ == "polars" else {}
        return module.DataFrame(list(self._records()) or {name: [] for name in self._columns()}, **options)


def grid(rows: Sequence[Sequence[SpanningCell]], *, is_filled: bool = False) -> list[list[str]]:
    """Return the texts of rows of cells, one text for each column. All rows that are returned have the same length.

    `is_filled`: whether the text of a cell is at all places that it covers. Otherwise it is at the first of them, and
    the others are empty.
    """
    texts: dict[tuple[int, int], str] = {}
    for y, row in enumerate(rows):
        x = 0
        for cell in row:
            while (y, x) in texts:
                x += 1
            for covered_y in range(y, min(y + cell.row_span, len(rows))):
                for covered_x in range(x, x + cell.col_span):
                    is_shown = is_filled or (covered_y, covered_x) == (y, x)
                    texts.setdefault((covered_y, covered_x), cell.text if is_shown else "")
            x += cell.col_span
    width = max((x + 1 for _, x in texts), default=0)
    return [[texts.get((y, x), "") for x in range(width)] for y in range(len(rows))]


def column_headers(header: Sequence[Sequence[SpanningCell]]) -> list[str]:
    """Return the headers of each column of a table, from top to bottom, with ` / ` between them.

    A header that a column has several times counts once.
    """
    columns = zip(*grid(header, is_filled=True), strict=True)
    return [" / ".join(dict.fromkeys(filter(None, column))) for column in columns]


def column_names(header: Sequence[Sequence[SpanningCell]], rows: Sequence[Sequence[SpanningCell]]) -> list[str]:
    """Return a distinct name for each column of a table: its headers (`column_headers`).

    The number of the column, from 1, is appended if a column before it has this name. A column without headers has its
    number as its name.
    """
    width = max(map(len, (*grid(header), *grid(rows))), default=0)
    texts = column_headers(header)
    names: dict[str, None] = {}
    for number, text in enumerate([*texts, *[""] * (width - len(texts))], 1):
        name = text or str(number)
        while name in names:
            name = f"{name} {number}"
        names[name] = None
    return list(names)


def _import_library(names: Sequence[str]) -> Any:  # noqa: ANN401 - a module
    """Return the first library that is installed. Raises SearchkitError if none is."""
    from importlib import import_module  # noqa: PLC0415
    from importlib.util import find_spec  # noqa: PLC0415

    installed = next(filter(find_spec, names), None)
    if installed is not None:
        return import_module(installed)
    raise SearchkitError(f"a data frame needs {' or '.join(names)}: {install_command(names[0])}")


def _format_html(table: TextTable) -> str:
    """Return a table as HTML."""
    from html import escape  # noqa: PLC0415

    def cell(content: str | Pieces) -> str:
        """Return the content of a cell as HTML."""
        pieces = [(content, False)] if isinstance(content, str) else content
        return "".join(f"<mark>{escape(text)}</mark>" if is_match else escape(text) for text, is_match in pieces)

    def line(tag: str, cells: Iterable[str | Pieces]) -> str:
        """Return a row as HTML, with `tag` (`th` or `td`) for its cells."""
        return "<tr>" + "".join(f'<{tag} style="text-align:left">{cell(item)}</{tag}>' for item in cells) + "</tr>"

    notes = "".join(f"<p>{escape(note)}</p>" for note in table.notes)
    head = f"<thead>{line('th', table.headers)}</thead>"
    rows = iter(table.rows)
    body = "".join(line("td", row) for row in islice(rows, _MAX_SHOWN_ROWS))
    left_out = sum(1 for _ in rows)
    rest = f"<p>… and {left_out} more rows; to_frame() has all</p>" if left_out else ""
    return f"{notes}<table><caption>{escape(table.caption)}</caption>{head}<tbody>{body}</tbody></table>{rest}"
