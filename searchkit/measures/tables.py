"""Measures of tables: each cell that is a number, named by the headers of its column and its row.

The unit is that of the first of these places that states one: the cell; a header of its column; a header of its row;
the column 单位; the column that its column is a part of (其中); the row that its row is a part of; the caption, a note
or the heading (单位：万元). Under a header that names a rate, such as 增幅, and states no unit, it is %, or none if the
figures are fractions (0.985). In a column of points (得分), a unit that the row states counts only if it is 分. A
header that is a year or a month is the period. Cells with sentences are read as prose.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from searchkit.corpus.tables.cells import (
    Figure,
    find_unit_note,
    is_code,
    is_code_header,
    is_date,
    is_ordinal_header,
    is_placeholder,
    is_total,
    names_times,
    parse_figure,
    parse_unit_note,
    part_prefix,
)
from searchkit.corpus.tables.grid import CELL_SEPARATOR, CellText, PlacedCell, TableGrid, distinct
from searchkit.corpus.times.expressions import Calendar
from searchkit.corpus.times.governing import base_time
from searchkit.measures.labels import Label, find_period, join_words, parse_label, parse_stated_units, unit_kind
from searchkit.measures.quantities import to_json_number
from searchkit.measures.status import MeasureTime, NumberInText, find_cell_time
from searchkit.measures.totals import Line, find_parents
from searchkit.measures.vocabulary import Vocabulary
from searchkit.model import ExtractedMeasure, Paragraph, Table, TableCell
from searchkit.text.folding import fold

_UNIT_HEADERS = frozenset({"单位", "计量单位"})
_COLUMN_COUNTERS = frozenset({"甲", "栏目"})
"""Labels of a row that counts the columns, besides 栏次: 甲 1 2 3."""
_POINT = "分"
"""The unit of points that can be scored: 依法行政（40分）."""
_NOTE_DISTANCE = 2
"""Number of paragraphs before and after a table that can state its unit."""
_MIN_PROSE_LENGTH = 3
"""Minimum length of a cell that is read as prose, in code points."""
_MAX_ORDINAL_LENGTH = 3
"""Maximum number of digits of a list number, and of a number that counts the columns. A year has more."""

_BARE_CHANGE = re.compile(r"(?:增[长加]|上升|提[高升]|下降|降低|减少|回落)\s*[0-9]+(?:\.[0-9]+)?")
"""A change without its unit, which the header states: 增长5.2 below 同比（%）."""

ProseExtractor = Callable[[Paragraph], list[ExtractedMeasure]]
"""Returns the measures of a paragraph of prose."""


def extract_table(
    table: Table, paragraphs: Sequence[Paragraph], vocabulary: Vocabulary, extract_prose: ProseExtractor
) -> list[tuple[ExtractedMeasure, ...]]:
    """Return the measures of each row of a table, by start offset. `paragraphs` are those of the document.

    Linear in the length of the rows.
    """
    return _TableExtractor(table, paragraphs, vocabulary, extract_prose).extract()


@dataclass(frozen=True, slots=True)
class BlockTotals:
    """The totals of the rows and columns of a block, which is columns of labels and the columns at their right."""

    labels: range
    """The columns that contain the labels of the rows."""
    columns: range
    """The columns at the right of the labels."""
    row_totals: tuple[int | None, ...]
    """For each row, the index of its total, or None."""
    column_totals: tuple[int | None, ...]
    """For each of `columns`, the index of its total in `columns`, or None."""


def find_totals(table: Table, vocabulary: Vocabulary) -> list[BlockTotals]:
    """Return the totals in each block of a table. Most tables have one block. Linear in the number of cells."""
    extractor = _TableExtractor(table, (), vocabulary, lambda _: [])
    return extractor.find_block_totals()


@dataclass(frozen=True, slots=True)
class _Entry:
    """A figure of the table with its measure."""

    row: int
    cell: CellText
    measure: ExtractedMeasure
    is_additive: bool
    """Whether all labels of its row and column permit that it is added up, unlike a rate."""


class _TableExtractor:
    """Extracts the measures of one table."""

    def __init__(
        self, table: Table, paragraphs: Sequence[Paragraph], vocabulary: Vocabulary, extract_prose: ProseExtractor
    ) -> None:
        self._table = table
        self._vocabulary = vocabulary
        self._extract_prose = extract_prose
        first = table.first_paragraph - 1
        self._rows = paragraphs[first : first + len(table.rows)]
        self._grid = TableGrid(table.header, table.rows, table.header_columns)
        self._labels: dict[str, Label] = {}
        corners = self._find_corner_notes()
        heading = self._rows[0].path[-1:] if self._rows else ()
        texts = (table.caption or "", *corners, *_unit_notes(paragraphs, first, first + len(table.rows)), *heading)
        stated = (parse_stated_units(text, vocabulary) for text in texts)
        self._stated_unit = next((unit for unit in stated if unit), None)
        self._unit_column = next((c for c in range(self._grid.width) if self._is_unit_column(c)), None)
        self._fraction_columns = {c for c in range(self._grid.width) if self._has_fractions(c)}
        self._blocks = {
            column: n
            for n, labels in enumerate(self._grid.label_blocks)
            for column in range(labels.start, self._grid.width)
        }
        """Index in `label_blocks` of the labels of each column."""
        self._row_headers = [self._collect_row_headers(n) for n in range(len(self._grid.label_blocks))]

        columns = [self._grid.header_cells(column) for column in range(self._grid.width)]
        self._wholes_of_columns = self._find_units_of_wholes(columns)
        self._wholes_of_rows = [self._find_units_of_wholes(rows) for rows in self._row_headers]
        self._counting_rows = {
            (block, row)
            for block, rows in enumerate(self._row_headers)
            for row, headers in enumerate(rows)
            if any(is_ordinal_header(header.text) or header.text in _COLUMN_COUNTERS for header in headers)
            and self._has_counts(row)
        }
        """The rows that count the columns (栏次 1 2 3): pairs of the index of a block of labels and of the row."""

    def extract(self) -> list[tuple[ExtractedMeasure, ...]]:
        """Return the measures of each row."""
        entries: dict[tuple[int, int], _Entry] = {}
        prose: list[list[ExtractedMeasure]] = []
        for row in range(len(self._rows)):
            text = self._grid.row_text(row)
            prose.append([])
            for cell in text.cells:
                figure = self._find_figure(row, cell)
                if figure is not None:
                    entries[row, cell.cell.column] = self._build_entry(row, cell, figure)
                else:
                    prose[row] += self._read_prose(row, cell)
        measures = prose
        row_totals, column_totals = self.find_row_totals(), self.find_column_totals()
        for (row, column), entry in entries.items():
            above, beside = row_totals[self._blocks[column]][row], column_totals[column]
            candidates = [] if above is None else [(above, column)]
            candidates += [] if beside is None else [(row, beside)]
            whole = next((entries[place] for place in candidates if _is_part(entry, entries.get(place))), None)
            measures[row].append(entry.measure if whole is None else self._link(entry, whole))
        return [tuple(sorted(row, key=lambda measure: measure.start)) for row in measures]

    def _link(self, entry: _Entry, whole: _Entry) -> ExtractedMeasure:
        """Return a measure as a part of another."""
        assert entry.measure.cell is not None  # noqa: S101 - `_build_entry` sets it
        n = None if whole.row == entry.row else self._table.first_paragraph + whole.row
        return replace(entry.measure, part_of=whole.measure.start, cell=replace(entry.measure.cell, part_of_n=n))

    # headers

    def _find_corner_notes(self) -> list[str]:
        """Return the headers that state the unit of the whole table: 单位：公顷, 区域（单位：公顷）."""
        headers = {
            id(cell): cell.text
            for column in range(self._grid.width)
            for cell in self._grid.header_cells(column)
            if parse_unit_note(cell.text) or (column < self._grid.header_columns and find_unit_note(cell.text))
        }
        return list(headers.values())

    def _label(self, text: str) -> Label:
        """Return the parsed label of a header cell. Labels are cached by their text."""
        if text not in self._labels:
            self._labels[text] = parse_label(text, self._vocabulary)
        return self._labels[text]

    def _innermost_header(self, column: int) -> str:
        """Return the text of the innermost header of a column, or an empty string."""
        headers = self._grid.column_headers(PlacedCell("", 0, column, 1, column + 1))
        return headers[-1] if headers else ""

    def _is_code_column(self, column: int) -> bool:
        """Return whether a header of a column, also an outer one, says that its numbers count nothing."""
        return any(is_code_header(header.text) for header in self._grid.header_cells(column))

    def _is_unit_column(self, column: int) -> bool:
        """Return whether a column states the unit of each row: its header is 单位, and most of its texts are units."""
        if self._innermost_header(column).replace(" ", "") not in _UNIT_HEADERS:
            return False
        units = [row[column].text for row in self._grid.rows if not is_placeholder(row[column].text)]
        known = sum(unit_kind(fold(unit), self._vocabulary) is not None for unit in units)
        return known * 2 > len(units)  # otherwise they are bodies: 司法局

    def _has_fractions(self, column: int) -> bool:
        """Return whether the figures of a column are fractions of 1: 0.985 under 办结率."""
        figures = [figure for row in self._grid.rows if (figure := parse_figure(row[column].text))]
        values = [abs(figure.value) for figure in figures]
        is_bare = not any(figure.unit for figure in figures)
        return is_bare and any(0 < value < 1 for value in values) and all(value <= 1 for value in values)

    def _collect_row_headers(self, block: int) -> list[tuple[PlacedCell, ...]]:
        """Return the header cells with text of each row, outermost first.

        The last row above that names a group is the outermost header, unless the row has a single header and this names
        a total (合计). Rows that name a group have no headers. `block`: index in `label_blocks`.
        """
        collected: list[tuple[PlacedCell, ...]] = []
        group: tuple[PlacedCell, ...] = ()
        for row in range(len(self._grid.rows)):
            if self._grid.is_group(row):
                group = (self._grid.rows[row][0],)
                collected.append(())
                continue
            headers = tuple(cell for cell in self._grid.row_headers(row, block) if self._is_row_header(cell))
            if headers and self._label(headers[-1].text).is_total and len(headers) == 1:
                collected.append(headers)
            else:
                collected.append((*group, *headers))
        return collected

    def _find_units_of_wholes(self, lines: Sequence[Sequence[PlacedCell]]) -> list[str | None]:
        """Return for each row or column the unit of its whole, or None if it has no whole or its whole has no unit.

        If a header of a row begins with 其中 or a similar mark, the row is a part. Its whole is the last row before it
        that has headers and is not a part. The same holds for columns.
        """
        units: list[str | None] = []
        unit = None
        for headers in lines:
            is_part = any(part_prefix(header.text) for header in headers)
            units.append(unit if is_part else None)
            unit = unit if is_part or not headers else self._label(headers[-1].text).unit
        return units

    def _headers_of(self, row: int, column: int) -> tuple[PlacedCell, ...]:
        """Return the headers of the row of a cell, outermost first."""
        return self._row_headers[self._blocks[column]][row]

    def _is_label(self, column: int) -> bool:
        """Return whether the cells of a column name rows."""
        return column in self._grid.label_blocks[self._blocks[column]]

    def _is_row_header(self, cell: PlacedCell) -> bool:
        """Return whether a cell of a column of labels names its row. List numbers, codes and units do not."""
        header = self._innermost_header(cell.column)
        is_wide = cell.end_column - cell.column > 1
        is_counter = not header and cell.text.isdecimal() and len(cell.text) <= _MAX_ORDINAL_LENGTH
        is_coded = self._is_code_column(cell.column) and is_code(cell.text)
        is_ordinal = not is_wide and (is_ordinal_header(header) or is_counter or is_coded) and not is_total(cell.text)
        return bool(cell.text) and not is_ordinal and cell.column != self._unit_column

    # cells

    def _find_figure(self, row: int, cell: CellText) -> Figure | None:
        """Return the figure of a cell. Return None for other cells: text, labels, dates, codes, unknown units.

        Also return None for the only cell of a row that names a group of rows.
        """
        column = cell.cell.column
        if self._is_label(column) or column == self._unit_column or self._grid.is_group(row):
            return None
        figure = parse_figure(cell.cell.text)
        if figure is None or (figure.unit and unit_kind(figure.unit, self._vocabulary) is None):
            return None
        if names_times(self._innermost_header(column)) and is_date(cell.cell.text):
            return None
        return None if self._is_code_column(column) or self._is_code(row, column) else figure

    def _has_counts(self, row: int) -> bool:
        """Return whether a row has several whole numbers of few digits, and all of these are consecutive: 1 2 3."""
        texts = [cell.text for cell in distinct(self._grid.rows[row])]
        counts = [int(text) for text in texts if text.isdecimal() and len(text) <= _MAX_ORDINAL_LENGTH]
        return len(counts) > 1 and counts == list(range(counts[0], counts[0] + len(counts)))

    def _is_code(self, row: int, column: int) -> bool:
        """Return whether a cell is at the right of the label of a code (联系电话), or counts the columns (栏次)."""
        if (self._blocks[column], row) in self._counting_rows:
            return True
        headers = self._headers_of(row, column)
        if headers and is_code_header(headers[-1].text):
            return True
        beside = self._grid.rows[row][column - 1].text if column else ""
        return not beside[-1:].isdigit() and is_code_header(beside)

    def _build_entry(self, row: int, cell: CellText, figure: Figure) -> _Entry:
        """Return a figure with its measure: its indicator, unit, change, time and position."""
        column_headers = self._grid.column_headers(cell.cell)
        row_headers = tuple(header.text for header in self._headers_of(row, cell.cell.column))
        column, rows = [*map(self._label, column_headers)], [*map(self._label, row_headers)]
        unit = figure.unit or self._find_unit(row, cell.cell.column, column, rows)
        scale, base_unit = self._vocabulary.split_scale(unit) if unit else (1, "")
        change = next((label.change for label in (*reversed(column), *reversed(rows)) if label.change), None)
        labels = (*column, *rows)
        if unit == "%" and not any(label.is_rate for label in labels):
            # 增加值 in % is its growth, unless a label names another rate (增加值 占比)
            change = change or ("increase" if any(label.words.endswith("增加值") for label in labels) else None)
        if change and figure.value < 0:
            change = "decrease"
        indicator = join_words(column, rows, self._table.caption) or self._rows[row].text[: cell.start].strip(" ｜")
        number = NumberInText(indicator, 0, 0, base_unit or None, is_change=change is not None)
        time = self._find_time(row, (*row_headers, *column_headers), number)
        is_integer = figure.value == figure.value.to_integral_value()
        measure = ExtractedMeasure(
            indicator=indicator,
            value=to_json_number(figure.value),
            unit=unit,
            base_value=to_json_number(figure.value * Decimal(scale)),
            base_unit=base_unit or None,
            bound=figure.bound,
            kind=(unit_kind(fold(unit), self._vocabulary) if unit else None) or ("count" if is_integer else "other"),
            change=change,
            period=find_period([*column, *rows], self._table.caption, self._rows[row].year),
            **time._asdict(),
            start=cell.start,
            end=cell.end,
            cell=self._position(
                row_headers, column_headers, is_total=any(label.is_total for label in (*column, *rows))
            ),
        )
        return _Entry(row, cell, measure, all(label.is_additive for label in (*column, *rows)))

    def _find_time(self, row: int, labels: Sequence[str], number: NumberInText) -> MeasureTime:
        """Return the time and the status of a cell with these headers."""
        paragraph = self._rows[row]
        calendar = Calendar.of_document(paragraph.year, paragraph.doctype)
        base = base_time(paragraph.path, paragraph.section, calendar)
        return find_cell_time(labels, number, calendar, base, paragraph.section)

    def _position(self, row: tuple[str, ...], column: tuple[str, ...], *, is_total: bool) -> TableCell:
        """Return the position of a cell with these headers in the table."""
        return TableCell(self._table.table, row, column, is_total)

    def _find_unit(self, row: int, column: int, labels: Sequence[Label], rows: Sequence[Label]) -> str | None:
        """Return the unit of a cell that states none itself, or None if no other place states it.

        `labels` are those of its column, `rows` those of its row. The other places are the column 单位, the row or
        column that this one is a part of (`_unit_of_whole`), the caption, a note and the heading.

        A rate whose headers state no unit is in %, unless the figures of its column are fractions: these have no unit.
        In a column of points (得分), a unit that is stated by a header of the row or the column 单位 is ignored unless
        it is 分.
        """
        is_score = any(label.is_score for label in labels)
        stated = [label.unit for label in reversed(labels)]
        stated += [label.unit for label in reversed(rows) if not is_score or label.unit == _POINT]
        if unit := next(filter(None, stated), None):
            return unit
        of_row = "" if self._unit_column is None else self._grid.rows[row][self._unit_column].text
        if is_score and of_row != _POINT:
            of_row = ""
        is_rate = any(label.is_rate for label in labels) or (any(label.is_rate for label in rows) and not is_score)
        if is_rate and not (of_row and unit_kind(fold(of_row), self._vocabulary) == "percent"):
            return None if column in self._fraction_columns else "%"
        if of_row and not is_placeholder(of_row):
            return of_row
        return self._unit_of_whole(row, column) or self._stated_unit

    def _unit_of_whole(self, row: int, column: int) -> str | None:
        """Return the unit of the column that this one is a part of, else that of the row that this one is a part of.

        Return None if neither states a unit (`_find_units_of_wholes`).
        """
        return self._wholes_of_columns[column] or self._wholes_of_rows[self._blocks[column]][row]

    def _read_prose(self, row: int, cell: CellText) -> list[ExtractedMeasure]:
        """Return the measures in the sentences of a cell, none for labels, codes and very short cells.

        The only cell of a row that names a group of rows is read, although it is a label.
        """
        column = cell.cell.column
        if self._is_label(column) and not self._grid.is_group(row):
            return []
        if len(cell.cell.text) < _MIN_PROSE_LENGTH or self._is_code_column(column):
            return []
        source = self._rows[row]
        column_headers = self._grid.column_headers(cell.cell)
        row_headers = tuple(header.text for header in self._headers_of(row, cell.cell.column))
        unit = ""
        if _BARE_CHANGE.fullmatch(cell.cell.text):
            unit = (
                self._find_unit(row, column, [*map(self._label, column_headers)], [*map(self._label, row_headers)])
                or ""
            )
        prose = replace(source, text=cell.cell.text + unit, path=(*source.path, *row_headers[-1:]))
        position = self._position(row_headers, column_headers, is_total=False)
        return [
            replace(
                measure,
                start=measure.start + cell.start,
                end=min(measure.end + cell.start, cell.end),
                part_of=None if measure.part_of is None else measure.part_of + cell.start,
                cell=position,
            )
            for measure in self._extract_prose(prose)
        ]

    # totals

    def find_block_totals(self) -> list[BlockTotals]:
        """Return the totals in each block of labels."""
        column_totals, blocks = self.find_column_totals(), self._grid.label_blocks
        ends = [*(labels.start for labels in blocks[1:]), self._grid.width]
        result = []
        for labels, row_totals, end in zip(blocks, self.find_row_totals(), ends, strict=True):
            columns = range(labels.stop, end)
            totals = (column_totals[column] for column in columns)
            inside = tuple(None if total is None or total not in columns else columns.index(total) for total in totals)
            result.append(BlockTotals(labels, columns, tuple(row_totals), inside))
        return result

    def find_row_totals(self) -> list[list[int | None]]:
        """Return for each block of labels the index of the total of each row."""
        return [find_parents([_build_line(headers, by_row=True) for headers in rows]) for rows in self._row_headers]

    def find_column_totals(self) -> list[int | None]:
        """Return the index of the total of each column. Header columns have none."""
        columns = range(self._grid.header_columns, self._grid.width)
        lines = [_build_line(self._grid.header_cells(column), by_row=False) for column in columns]
        offset = self._grid.header_columns
        parents = [None if parent is None else parent + offset for parent in find_parents(lines)]
        return [*[None] * offset, *parents]


def _unit_notes(paragraphs: Sequence[Paragraph], first: int, end: int) -> list[str]:
    """Return the texts around a table that can state its unit: those before it, the nearest first, then those after it.

    `first`: index of the first row of the table. `end`: index after its last row. If another table follows, a unit note
    between the two tables belongs to the second one and is left out.
    """
    before = paragraphs[max(0, first - _NOTE_DISTANCE) : first]
    after = paragraphs[end : end + _NOTE_DISTANCE]
    is_followed = any(map(_is_row, paragraphs[end : end + _NOTE_DISTANCE + 1]))
    own = [*reversed(before), *(p for p in after if not (is_followed and parse_unit_note(p.text)))]
    return [p.text for p in own if "单位" in p.text.replace(" ", "") and not _is_row(p)]


def _is_row(paragraph: Paragraph) -> bool:
    """Return whether a paragraph is the row of a table."""
    return CELL_SEPARATOR in paragraph.text


def _build_line(headers: Sequence[PlacedCell], *, by_row: bool) -> Line:
    """Return a row or column as a `Line`. The outer header is its group if it covers several rows (or columns)."""
    distinct_headers = tuple(distinct(headers))
    outer = distinct_headers[-2] if len(distinct_headers) > 1 else None
    is_shared = outer is not None and (outer.end_row - outer.row > 1 if by_row else outer.end_column - outer.column > 1)
    return Line(distinct_headers, outer if is_shared else None)


def _is_part(entry: _Entry, whole: _Entry | None) -> bool:
    """Return whether a figure can be part of another: both can be added and have the same unit."""
    if whole is None or whole is entry or not (entry.is_additive and whole.is_additive):
        return False
    return entry.measure.base_unit == whole.measure.base_unit
