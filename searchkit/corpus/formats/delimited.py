"""Tables separated by commas, tabs, semicolons or bars (.csv, .tsv).

If a column contains the text, each row below the header is a record. Otherwise the file is a document with tables.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import dropwhile, islice, takewhile
from typing import NamedTuple

from searchkit.corpus.blocks import RawDocument
from searchkit.corpus.formats.characters import clean_characters
from searchkit.corpus.formats.grids import GridRow, build_blocks, clean_cell
from searchkit.corpus.formats.records import ID_NAMES, TEXT_NAMES, Records, build_record
from searchkit.corpus.formats.registry import WHOLE, FileContents, RecordStream, Share
from searchkit.corpus.formats.text import DecodedText, Lines, decode_text
from searchkit.errors import ReadError
from searchkit.model import Cell

MAX_CELL_LENGTH = 131_072
"""Maximum length of a cell, in code points. A longer cell usually starts with an unclosed quotation mark."""
HEADER_SEARCH_ROWS = 20
"""Maximum number of non-empty rows that are searched for the header, or for the names of columns that a message lists
if there is no header. Titles and notes may precede the header."""

_DELIMITERS = (",", "\t", ";", "|")
_DELIMITER_DECLARATION = "sep="
"""The first line of a file written for Excel may consist of this text and the delimiter: `sep=;`."""
_SAMPLE_LINES = 100
"""Maximum number of lines used to detect the delimiter."""
_MAX_RESTARTS = 100
"""Reading stops after this number of rows with an unclosed quotation mark or a cell that is too long. For each of
these rows, up to `MAX_CELL_LENGTH` characters may be read again."""
_MAX_COLUMNS_SHOWN, _MAX_NAME_LENGTH_SHOWN = 12, 20
"""Maximum number of columns that messages name, and maximum length of a name in a message, in code points."""


class Row(NamedTuple):
    """A row of a table."""

    number: int
    """Number, from 1, of the line on which the row starts, or of the row in its sheet."""
    cells: Sequence[object]
    """Values as in the file; None or an empty string for an empty cell."""
    problem: str = ""
    """Why the cells cannot be read; empty if they can."""


@dataclass(frozen=True, slots=True)
class Header:
    """The row that names the columns."""

    number: int
    """As `Row.number`."""
    names: tuple[str, ...]
    """Name of each column, with one blank for each run of white space; empty if the column has no name."""
    fields: Mapping[int, str] = field(default_factory=dict)
    """Maps a column, from 0, to the field name of a record. Of columns with the same name, it has only the first.
    Columns without a name are left out."""

    @property
    def has_key(self) -> bool:
        """Whether a column contains the keys of the records."""
        return not set(ID_NAMES).isdisjoint(self.fields.values())

    @property
    def text_column(self) -> int:
        """The column that contains the text, from 0."""
        columns = {name: column for column, name in self.fields.items()}
        return next(columns[name] for name in TEXT_NAMES if name in columns)


def read(data: bytes, name: str, text_column: str | None = None) -> FileContents:  # noqa: ARG001 - as every reader
    """Read the records of a file that has a text column, or else its tables.

    `records.TEXT_NAMES` lists the names of text columns. `text_column` is the name to look for instead; if it is
    empty, the file is read as tables. The other columns with a name are fields of the records, as in JSON Lines.
    Without a column `id` or `_id`, the key of a record is the number of the line on which its row starts. Rows that
    cannot be read, such as those with too many or too few cells, are listed in `problems`; the other rows are read. A
    file without text column is one document. Raises ReadError if the bytes are not text, the column `text_column` is
    missing, the file has neither a text column nor a usable table, or no row is a valid record.
    """
    decoded = decode_text(data)
    lines = _split_lines(decoded)
    delimiter, header = _detect_layout(lines, text_column)
    if header is None:
        require_tables(text_column)
        return _read_tables(lines, delimiter, decoded.warnings)
    return _stream(lines, delimiter, header, WHOLE, decoded.warnings).read_all()


def stream(data: bytes, name: str, share: Share, text_column: str | None = None) -> RecordStream | None:  # noqa: ARG001 - as every reader
    """Return the records of a share of a file, as `read` does, or None if the file has no text column.

    A share is a range of the lines of the file. A row belongs to the share that contains its first line. Raises
    ReadError if the bytes are not text. The records of the last share raise ReadError if no row of the file is a valid
    record.
    """
    decoded = decode_text(data)
    lines = _split_lines(decoded)
    delimiter, header = _detect_layout(lines, text_column)
    return None if header is None else _stream(lines, delimiter, header, share, decoded.warnings)


def _split_lines(decoded: DecodedText) -> Lines:
    """Return the lines of a text. CR LF and CR end lines, too."""
    return Lines(decoded.text.replace("\r\n", "\n").replace("\r", "\n"))


def _stream(lines: Lines, delimiter: str, header: Header, share: Share, warnings: tuple[str, ...]) -> RecordStream:
    """Return the records of a share of lines with a header."""
    records = Records()
    return RecordStream(_build_records(lines, delimiter, header, share, records), records.problems, warnings)


def _build_records(
    lines: Lines, delimiter: str, header: Header, share: Share, records: Records
) -> Iterator[RawDocument]:
    """Yield the records of a share of lines. The last share raises ReadError if no row of the file is a record."""
    own = share.of(len(lines))
    below = (row for row in _parse_rows(lines, delimiter) if row.number > header.number)
    rows: Iterator[Row] = takewhile(lambda row: share.is_last or row.number <= own.stop, below)
    if not share.is_last and not header.has_key:  # the keys are line numbers, so no earlier row has the same one
        rows = dropwhile(lambda row: row.number <= own.start, rows)
    checked = (_check_width(row, len(header.names)) for row in rows)
    for number, document in build_rows(records, header, checked, "line "):
        if number > own.start:
            yield document
    if share.is_last:
        if not records.count and not records.problems:
            raise ReadError("no row below the header")
        records.require_records("row")


def _read_tables(lines: Sequence[str], delimiter: str, warnings: tuple[str, ...]) -> FileContents:
    """Return the contents of a file without text column: one document with its tables.

    Raises ReadError if the file has no table or too large a table, or if fewer than half of the rows with several
    filled cells have the most frequent width (number of cells).
    """
    rows = list(_parse_rows(lines, delimiter))[1 if _declared_delimiter(lines) else 0 :]
    problems = tuple(f"line {row.number}: {row.problem}" for row in rows if row.problem)
    grid = [
        GridRow(index, cells)
        for index, row in enumerate(rows)
        if (cells := {n: Cell(text) for n, cell in enumerate(row.cells) if (text := clean_cell(str(cell)))})
    ]
    widths = Counter(len(row.cells) for row in rows if sum(not _is_blank(cell) for cell in row.cells) > 1)
    is_regular = widths and 2 * max(widths.values()) >= widths.total()
    blocks = build_blocks(grid) if is_regular else []
    if not blocks:
        raise ReadError(describe_missing_text_column(rows))
    caption = next((block.table.caption for block in blocks if block.table), None)
    hints = {"title": caption} if caption else {}
    return FileContents((RawDocument(tuple(blocks), hints=hints),), problems, warnings)


def find_header(rows: Iterable[Row], text_column: str | None = None) -> Header | None:
    """Return the header: the first row that contains the name of a text column. None if there is none.

    The first `HEADER_SEARCH_ROWS` non-empty rows are searched. `text_column` is the name to look for instead of
    `records.TEXT_NAMES`. If it is empty, there is no header.
    """
    text_names = TEXT_NAMES if text_column is None else (text_column.lower(),) if text_column else ()
    for row in islice((row for row in rows if not _is_empty_row(row)), HEADER_SEARCH_ROWS):
        names = [_cell_text(cell) for cell in row.cells]
        if any(name.lower() in text_names for name in names):
            return _build_header(row.number, names, text_names)
    return None


def require_tables(text_column: str | None) -> None:
    """Raise ReadError if metadata.csv states a text column. Call this if no header names that column."""
    if text_column:
        raise ReadError(f"no column {_shorten(text_column)}, which metadata.csv states to contain the text")


def build_rows(
    records: Records, header: Header, rows: Iterable[Row], location_prefix: str, key_prefix: str = ""
) -> Iterator[tuple[int, RawDocument]]:
    """Yield the records of the rows below the header, with their row numbers.

    Empty rows are skipped, and so are rows whose cell in the text column repeats that of the header. A column with
    values is ignored if it has no name or repeats the name of another. After the last row, the function adds to
    `records` a problem for each of the first `_MAX_COLUMNS_SHOWN` columns that it ignored.

    `location_prefix`: start of a row's location in problems. `key_prefix`: start of keys built from row numbers.
    """
    text_column, has_key = header.text_column, header.has_key
    ignored_columns: set[int] = set()
    for row in rows:
        is_header = len(row.cells) > text_column and _cell_text(row.cells[text_column]) == header.names[text_column]
        if row.problem or not (is_header or _is_empty_row(row)):
            key = None if has_key else f"{key_prefix}{row.number}"
            document = records.build(location_prefix, row.number, partial(_build_record, row, header, text_column, key))
            if document:
                yield row.number, document
            if len(header.fields) < max(len(header.names), len(row.cells)):
                ignored_columns.update(
                    n for n, cell in enumerate(row.cells) if n not in header.fields and not _is_blank(cell)
                )
    for column in sorted(ignored_columns)[:_MAX_COLUMNS_SHOWN]:
        name = header.names[column] if column < len(header.names) else ""
        reason = f"repeats the name {_shorten(name)}" if name else "has no name"
        records.problems.append(f"{location_prefix}{header.number}: column {column + 1} {reason}: ignored")


def describe_missing_text_column(rows: Iterable[Row]) -> str:
    """Return a message which says that a table has no text column, and which columns it has.

    The names of the columns are the cells of the row with the most filled cells among the first `HEADER_SEARCH_ROWS`
    non-empty rows.
    """
    widest = max(
        islice((row for row in rows if not _is_empty_row(row)), HEADER_SEARCH_ROWS),
        key=lambda row: sum(not _is_blank(cell) for cell in row.cells),
        default=Row(1, ()),
    )
    names = [_shorten(name) for cell in widest.cells if (name := _cell_text(cell))]
    more = f" and {len(names) - _MAX_COLUMNS_SHOWN} more" if len(names) > _MAX_COLUMNS_SHOWN else ""
    detail = f"the columns are {', '.join(names[:_MAX_COLUMNS_SHOWN])}{more}" if names else "it is empty"
    return f"no text column (named {', '.join(TEXT_NAMES)}): {detail}"


def _build_header(number: int, names: Sequence[str], text_names: Sequence[str]) -> Header:
    """Return the header in row `number`. A text column that metadata.csv states has the field name `TEXT_NAMES[0]`."""
    fields: dict[str, int] = {}
    is_stated = len(text_names) == 1
    # A stated text column comes first, so that another column `TEXT_NAMES[0]` does not take its field name.
    for column, name in sorted(enumerate(names), key=lambda item: is_stated and item[1].lower() not in text_names):
        lowered = name.lower()
        known = lowered if lowered in {*TEXT_NAMES, *ID_NAMES} else name
        fields.setdefault(TEXT_NAMES[0] if is_stated and lowered in text_names else known, column)
    return Header(number, tuple(names), {column: name for name, column in fields.items() if name})


def _build_record(row: Row, header: Header, text_column: int, key: str | None) -> RawDocument:
    """Build a record from a row. Cost: proportional to the number of cells.

    `text_column`: the column that contains the text, from 0. Raises ReadError if the row states a problem, a cell is
    too long, or there is no text or no key.
    """
    if row.problem:
        raise ReadError(row.problem)
    longest = max((len(cell) for cell in row.cells if isinstance(cell, str)), default=0)
    if longest > MAX_CELL_LENGTH:
        raise ReadError(f"a cell of {longest} characters: more than {MAX_CELL_LENGTH} are not read")
    values = {
        header.fields[column]: "" if cell is None else cell
        for column, cell in enumerate(row.cells)
        if column in header.fields
    }
    name = header.fields[text_column]
    return build_record({**values, name: str(values.get(name, ""))}, key)


def _parse_rows(lines: Sequence[str], delimiter: str) -> Iterator[Row]:
    """Parse lines. A row states a problem if an unclosed quotation mark joins it to other lines, or a cell is too long.

    Parsing goes on with the line after the first line of such a row. After `_MAX_RESTARTS` of these rows, it ends. A
    quotation mark that is unclosed on the last line is no problem: the quotation ends with the file.
    """
    start = restarts = 0
    while start < len(lines):
        reader = csv.reader((lines[n] + "\n" for n in range(start, len(lines))), delimiter=delimiter)
        consumed = 0
        try:
            for cells in reader:
                if reader.line_num - consumed > 1 and _is_unclosed(
                    lines[start + consumed : start + reader.line_num], delimiter
                ):
                    break
                yield Row(start + consumed + 1, cells)
                consumed = reader.line_num
            else:
                return
        except csv.Error:  # the cell exceeds the limit of the csv module: 131,072 characters by default
            pass
        restarts += 1
        note = "; the rest is not read" if restarts == _MAX_RESTARTS else ""
        yield Row(start + consumed + 1, (), f"an unclosed quotation mark, or a cell that is too long{note}")
        start = len(lines) if note else start + consumed + 1


def _is_unclosed(lines: Sequence[str], delimiter: str) -> bool:
    """Return whether a quotation over several lines is unclosed: it ends only with the file or at another quotation."""
    try:
        rows = list(csv.reader((line + "\n" for line in lines), delimiter=delimiter, strict=True))
    except csv.Error:
        return True
    return len(rows) != 1


def _check_width(row: Row, width: int) -> Row:
    """Return the row without empty cells beyond the width of the header.

    If the width still differs, the returned row has no cells and states the problem, unless `row` is empty or states a
    problem already.
    """
    cells = list(row.cells)
    while len(cells) > width and _is_blank(cells[-1]):
        cells.pop()
    if not row.problem and not _is_empty_row(row) and len(cells) != width:
        return Row(
            row.number, (), f"too {'many' if len(cells) > width else 'few'} cells: {len(cells)}, the header has {width}"
        )
    return Row(row.number, cells, row.problem)


def _detect_layout(lines: Sequence[str], text_column: str | None) -> tuple[str, Header | None]:
    """Return the delimiter and the header, if there is one.

    The delimiter that the first line declares is used. Without declaration, the best delimiter yields the widest
    header; among equals, the one with the most rows as wide as its header. If no delimiter yields a header, the best
    one yields the most rows of equal width, two cells or more; among equals, the widest rows. Of delimiters that are
    still equal, the first in `_DELIMITERS` is used.
    """
    if declared := _declared_delimiter(lines):
        return declared, find_header(_parse_rows(lines, declared), text_column)
    candidates: list[tuple[int, int, int, str, Header | None]] = []
    for delimiter in _DELIMITERS:
        sample = list(_parse_rows(lines[:_SAMPLE_LINES], delimiter))
        header = find_header(sample, text_column)
        widths = Counter(len(row.cells) for row in sample if not _is_empty_row(row))
        width = len(header.names) if header else 0
        matching_rows, columns = (
            (widths[width], width)
            if header
            else max(((count, n) for n, count in widths.items() if n > 1), default=(0, 0))
        )
        candidates.append((width, matching_rows, columns, delimiter, header))
    *_, delimiter, header = max(candidates, key=lambda item: item[:3])
    return delimiter, header


def _declared_delimiter(lines: Sequence[str]) -> str:
    """Return the delimiter that the first line declares; empty if it declares none."""
    first_line = lines[0].rstrip(" ")
    is_declaration = first_line.lower().startswith(_DELIMITER_DECLARATION)
    return first_line[-1] if is_declaration and len(first_line) == len(_DELIMITER_DECLARATION) + 1 else ""


def _is_blank(cell: object) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _is_empty_row(row: Row) -> bool:
    return not row.problem and all(map(_is_blank, row.cells))


def _cell_text(cell: object) -> str:
    return "" if cell is None else " ".join(clean_characters(str(cell)).split())


def _shorten(name: str) -> str:
    return name if len(name) <= _MAX_NAME_LENGTH_SHOWN else name[:_MAX_NAME_LENGTH_SHOWN] + "…"
