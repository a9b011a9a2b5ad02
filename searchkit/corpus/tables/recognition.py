"""Tell data tables from layout, and find their header rows and header columns.

A table is data if all of this holds:

- It has several rows and columns, and a header row or a header column.
- No cell is very long, and fewer than half of its rows contain prose.
- It is not the box of facts about a web page (索引号, 发文机关).
- The format states its header or caption, or a column contains figures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from searchkit.corpus.blocks import Block, DataTable, RawTable
from searchkit.corpus.tables.cells import (
    SENTENCE_STOP,
    are_numbered,
    is_class,
    is_code,
    is_code_header,
    is_heading_text,
    is_note_row,
    is_ordinal_header,
    is_placeholder,
    is_time,
    is_time_header,
    is_total,
    is_unit,
    join_lines,
    join_wrapped,
    parse_figure,
)
from searchkit.corpus.tables.emptycells import count_gapped_rows, merge_empty_headers, merge_empty_labels, widen_groups
from searchkit.corpus.tables.grid import (
    PlacedCell,
    TableGrid,
    collect_cells,
    count_slots,
    distinct,
    place_cells,
)
from searchkit.corpus.tables.parts import split_at_headers
from searchkit.model import Cell

_MAX_CELL_LENGTH = 500
"""Maximum length of a cell of a data table, in code points. A table with a longer cell is layout."""
_MAX_LABEL_LENGTH = 40
"""Maximum length of a row header, in code points."""
_MAX_HEADER_ROWS = 5
_MAX_EMPTY_SLOTS = 50_000
_MAX_SLOTS_PER_CELL = 20
"""A table with more slots than `_MAX_EMPTY_SLOTS` plus `_MAX_SLOTS_PER_CELL` for each cell is not a data table. A slot
is the place at one row and one column; a cell can cover several slots. The limit keeps the cost linear."""
_MAX_ROW_TEXT = 100_000
_MAX_REPETITION = 30
"""A table is not a data table if the texts of its rows, which repeat the headers, have more code points than
`_MAX_ROW_TEXT` plus `_MAX_REPETITION` for each code point of its cells."""
_MIN_STOPS = 2
"""Minimum number of ends of sentences in a cell of several sentences."""
_PROPERTY = re.compile(
    r"[【\[]?\s*(?:索\s*引\s*号|文\s*号|发文字号|文件编号|(?:发文|发布|公开|制发|成文)(?:机关|机构|单位)|(?:成文|发布|发文|公开|生成|印发|更新)(?:日期|时间)"
    r"|主题(?:分类|词)|信息(?:分类|名称|来源|索引)|公开(?:方式|形式|范围)|有\s*效\s*性|关键词|标\s*题|名\s*称|来\s*源|日\s*期|体裁分类|组配分类)\s*[】\]]?\s*[:：]?.*"
)
"""A fact about a web page, or the label of one."""
_LEVEL_HEADER = re.compile("[二三四五]级")
"""Header of a column that divides the labels of the column before it: 二级指标."""
_CONTINUED = re.compile(r"续\s?(?:上)?表.{0,60}|.{0,60}[（(]续(?:表|上表)?[）)]")
_UNIT_IN_BRACKETS = re.compile(r"[（(].{1,12}[）)]|[/／].{1,8}")
"""A unit in brackets or after a slash, in a cell of a header row that states units: （万元）, /人."""
_UNIT_ROW = re.compile(r"(?:计\s*量)?单\s*位")
"""The label of a header row that states units."""


@dataclass(frozen=True, slots=True)
class _Recognised:
    """A data table, and the full-width rows before and after it as lines of text (`_is_full_width`)."""

    before: tuple[str, ...]
    table: DataTable
    after: tuple[str, ...]


def is_data_table(table: RawTable) -> bool:
    """Return whether a table, or a part of it with a header of its own, is data. Linear in the length of its text."""
    return any(_recognise(part) is not None for part in split_at_headers(table))


def recognise_tables(blocks: Sequence[Block]) -> Sequence[Block]:
    """Replace each `RawTable` by a `DataTable`, or by the lines of its rows if it is not a data table.

    Full-width rows before the header and after the last row, such as captions and notes, become lines. A table
    that goes on with the same header, as after a page break, is joined with the table before it.
    """
    if all(block.table is None for block in blocks):
        return blocks
    result: list[Block] = []
    for block in blocks:
        if not isinstance(block.table, RawTable):
            result.append(block)
            continue
        for part in split_at_headers(block.table):
            _append_table(result, block, part)
    return result


def _append_table(result: list[Block], block: Block, table: RawTable) -> None:
    """Append the blocks of a table: its data with the lines before and after it, or the lines of its rows."""
    recognised = _recognise(table)
    if recognised is None:
        result.extend(_row_lines(block, table))
        return
    if not _append_continuation(result, recognised):
        result += [Block(text, page=block.page) for text in recognised.before]
        result.append(replace(block, text="", table=recognised.table))
    result += [Block(text, page=block.page) for text in recognised.after]


def _row_lines(block: Block, table: RawTable) -> Iterator[Block]:
    """Yield the caption and the rows of a table that is not a data table as lines.

    Tabs separate the cells of a row. In a row with a long cell, each cell is a line.
    """
    if table.caption:
        yield Block(table.caption, page=block.page)
    for row in table.rows:
        texts = [text for cell in row if (text := join_lines(cell.text))]
        lines = texts if any(len(text) > _MAX_CELL_LENGTH for text in texts) else ["\t".join(texts)]
        yield from (replace(block, text=line, table=None) for line in lines if line)


def _append_continuation(result: list[Block], recognised: _Recognised) -> bool:
    """Append the rows to the last table of `result` if they continue it. Return whether they do.

    They do if both tables have the same header, nothing but blank lines and 续表 is between them, and the second one
    has the caption of the first or none. The lines between the tables are then removed.
    """
    last = len(result) - 1
    while (
        last >= 0 and result[last].table is None and (not result[last].text.strip() or is_continued(result[last].text))
    ):
        last -= 1
    previous = result[last].table if last >= 0 else None
    table = recognised.table
    if not isinstance(previous, DataTable) or not table.header or _texts(previous.header) != _texts(table.header):
        return False
    if any(not is_continued(text) for text in recognised.before) or table.caption not in {None, previous.caption}:
        return False
    del result[last + 1 :]
    result[last] = replace(result[last], table=replace(previous, rows=previous.rows + table.rows))
    return True


def is_continued(text: str) -> bool:
    """Return whether a line only says that the table below it continues the one above it (续表)."""
    return _CONTINUED.fullmatch(text.strip()) is not None


def _texts(rows: Sequence[Sequence[Cell]]) -> list[list[str]]:
    """Return the texts of the cells without white space."""
    return [["".join(cell.text.split()) for cell in row] for row in rows]


def _recognise(raw: RawTable) -> _Recognised | None:
    """Return the data table, or None if the table is not one. The cheapest tests come first."""
    rows = [[replace(cell, text=join_lines(cell.text)) for cell in row] for row in raw.rows]
    cells = sum(map(len, rows))
    if cells < 2 or any(len(cell.text) > _MAX_CELL_LENGTH for row in rows for cell in row):  # noqa: PLR2004 - one cell
        return None
    if count_slots(rows) > _MAX_EMPTY_SLOTS + _MAX_SLOTS_PER_CELL * cells:
        return None
    grid = place_cells(rows)
    stated = raw.header_rows or 0
    kept = [r for r, row in enumerate(grid) if any(placed.text for placed in row)]
    first, last = _find_body(grid, kept)
    before, after = [_row_line(grid[r]) for r in kept[:first]], [_row_line(grid[r]) for r in kept[last:]]
    stated = max(0, sum(r < stated for r in kept) - first)
    slots = _drop_empty_columns([grid[r] for r in kept[first:last]])
    if len(slots) < 2 or len(slots[0]) < 2 or _is_property_box(slots):  # noqa: PLR2004 - one row or one column
        return None
    table = _find_headers(slots, stated, raw.caption)
    if table is None or _is_prose(table) or not _is_affordable(table):
        return None
    wrapped = {join_lines(cell.text): join_wrapped(cell.text) for row in raw.rows for cell in row if "\n" in cell.text}
    return _Recognised(tuple(before), _unwrap_labels(table, wrapped) if wrapped else table, tuple(after))


def _unwrap_labels(table: DataTable, wrapped: Mapping[str, str]) -> DataTable:
    """Replace the texts of the headers of columns and rows that had several lines in the file.

    `wrapped` maps the text with a blank for each line break to the text that `join_wrapped` returns.
    """

    def unwrap(cell: Cell) -> Cell:
        """Return the cell with its text without blanks inside of wrapped words."""
        return replace(cell, text=wrapped.get(cell.text, cell.text))

    header = tuple(tuple(map(unwrap, row)) for row in table.header)
    slots = place_cells(table.rows)
    rows = []
    for r, row in enumerate(slots):
        cells = [placed for placed in distinct(row) if placed.row == r]
        rows.append(
            tuple(
                unwrap(cell) if placed.column < table.header_columns else cell
                for cell, placed in zip(table.rows[r], cells, strict=False)
            )
        )
    return replace(table, header=header, rows=tuple(rows))


def _find_body(grid: Sequence[Sequence[PlacedCell]], kept: Sequence[int]) -> tuple[int, int]:
    """Return the range of `kept` without the full-width rows at both ends. The end is exclusive.

    `kept` are the indexes of the rows of `grid` that are not empty.
    """
    first, last = 0, len(kept)
    while first < last and _is_full_width(grid[kept[first]]):
        first += 1
    while last > first and _is_full_width(grid[kept[last - 1]]):
        last -= 1
    return first, last


def _is_full_width(row: Sequence[PlacedCell]) -> bool:
    """Return whether a row is one cell over all columns, or a row of notes: 填表人：王芳, 审核人：李强."""
    cells = [placed for placed in distinct(row) if placed.text]
    if not cells or len(row) < 2:  # noqa: PLR2004 - one column
        return False
    first = cells[0]
    is_wide = len(cells) == 1 and first.column == 0 and first.end_column >= len(row) and first.end_row == first.row + 1
    return is_wide or is_note_row([placed.text for placed in cells])


def _row_line(row: Sequence[PlacedCell]) -> str:
    """Return the texts of the cells of a row, separated by blanks."""
    return " ".join(placed.text for placed in distinct(row) if placed.text)


def _drop_empty_columns(slots: list[list[PlacedCell]]) -> list[list[PlacedCell]]:
    """Drop the columns at the right in which each cell is empty or also covers the column before."""
    width = len(slots[0]) if slots else 0
    while width and all(not row[width - 1].text or (width > 1 and row[width - 1] is row[width - 2]) for row in slots):
        width -= 1
    return [row[:width] for row in slots] if slots and width < len(slots[0]) else slots


def _is_property_box(slots: Sequence[Sequence[PlacedCell]]) -> bool:
    """Return whether most rows have a fact about a web page, or its label, in the first column and not the second."""
    labels = [bool(_PROPERTY.fullmatch(row[0].text)) for row in slots]
    second = [bool(_PROPERTY.fullmatch(row[1].text)) and row[1] is not row[0] for row in slots]
    as_labels = sum(label and not other for label, other in zip(labels, second, strict=True))
    return as_labels * 2 > len(slots)


def _is_prose(table: DataTable) -> bool:
    """Return whether at least half of the rows contain a cell of several sentences."""
    prose = sum(any(len(SENTENCE_STOP.findall(cell.text)) >= _MIN_STOPS for cell in row) for row in table.rows)
    return prose * 2 >= len(table.rows)


def _is_affordable(table: DataTable) -> bool:
    """Return whether the texts of the rows, in which headers and merged cells are repeated, are not too long."""
    grid = TableGrid(table.header, table.rows, table.header_columns)
    lengths = [sum(map(len, grid.column_headers(PlacedCell("", 0, c, 1, c + 1)))) for c in range(grid.width)]
    total = sum(lengths[cell.column] + len(cell.text) for row in grid.rows for cell in distinct(row) if cell.text)
    source = sum(len(cell.text) for rows in (table.header, table.rows) for row in rows for cell in row)
    return total <= _MAX_ROW_TEXT + _MAX_REPETITION * source


# Headers


def _find_headers(slots: list[list[PlacedCell]], stated: int, caption: str | None) -> DataTable | None:
    """Return the table with its headers. `stated` is the number of header rows that the format states.

    Returns None if nothing shows that it is data, if it has no header row and no header column, or if no row is below
    the header.
    """
    header_rows = _count_header_rows(slots, stated)
    if header_rows >= len(slots):
        return None
    header, body = slots[:header_rows], _drop_repeated_headers(slots, header_rows)
    if not body:
        return None
    # If the format states no merged cell, a merged cell may be stored as a filled cell and empty cells beside it.
    if all(
        placed.end_column - placed.column == 1 and placed.end_row - placed.row == 1 for row in slots for placed in row
    ):
        header = merge_empty_headers(header)
    columns = _count_header_columns(header, body)
    if not stated and not caption and not _has_figures(header, body, columns):
        return None
    body = widen_groups(merge_empty_labels(body, columns))
    if not header_rows and not columns:
        return None
    return DataTable(caption, collect_cells(header), collect_cells(body), columns)


def _count_header_rows(slots: Sequence[Sequence[PlacedCell]], stated: int) -> int:
    """Return the number of header rows.

    Header rows are (1) the rows that the format states (their number is `stated`), or that `count_gapped_rows` finds
    because only together they name the columns, (2) the rows after them that look like headers, and (3) the rows that
    a header cell covers.
    """
    count = max(min(stated, len(slots)), count_gapped_rows(slots[: _MAX_HEADER_ROWS + 1]))
    while count < min(len(slots), _MAX_HEADER_ROWS) and _is_header_row(slots, count):
        count += 1
    cells = (placed for row in slots[:count] for placed in row if placed.text)
    last = slots[-1][0].row + 1 if slots else 0
    # A cell at the left that covers all rows is a title.
    headers = (placed for placed in cells if placed.column or placed.end_row < last)
    covered = max((placed.end_row - slots[0][0].row for placed in headers), default=0)
    return max(count, min(covered, _MAX_HEADER_ROWS)) if count else 0


def _is_header_row(slots: Sequence[Sequence[PlacedCell]], r: int) -> bool:
    """Return whether row `r` is a header. Its cells must be words, times or classes (60岁及以上, 500万元以下).

    A row with only one class is no header, unless it is a class of ages. The first row must have several cells. Any
    other row must do one of these:

    - state units;
    - fill all empty cells of the row above it. The first column does not count, but row `r` must be empty there;
    - stand below a cell of the row above it that covers several columns or also a part of row `r`. Row `r` must then
      have several cells.
    """
    texts = [placed.text for placed in distinct(slots[r]) if placed.text]
    others = [text for text in texts if not is_heading_text(text)]
    if not texts or len(others) == 1 or not all(map(is_class, others)):
        return False
    if r == 0:
        return len(texts) > 1
    above = slots[r - 1]
    divided = any(
        placed.text and (placed.end_row > slots[r][0].row or placed.end_column - placed.column > 1) for placed in above
    )
    stated = texts[1:] if _UNIT_ROW.fullmatch(texts[0]) else texts
    units = len(texts) > 1 and all(_UNIT_IN_BRACKETS.fullmatch(text) or is_unit(text) for text in stated)
    gaps = [c for c, placed in enumerate(above) if not placed.text and c]
    fills = len(gaps) > 0 and all(slots[r][c].text for c in gaps) and not slots[r][0].text
    return (divided and slots[r][0] is not slots[r][-1]) or units or fills


def _drop_repeated_headers(slots: Sequence[list[PlacedCell]], header_rows: int) -> list[list[PlacedCell]]:
    """Return the rows below the header, without those that repeat it."""
    header = {tuple(placed.text for placed in row) for row in slots[:header_rows]}
    return [row for row in slots[header_rows:] if tuple(placed.text for placed in row) not in header]


def _count_header_columns(header: Sequence[Sequence[PlacedCell]], body: Sequence[Sequence[PlacedCell]]) -> int:
    """Return the number of columns at the left that name the rows.

    Columns of list numbers count if a column of words does, too. A further column of words counts only if the columns
    before it do not tell the rows apart or leave a row without a label, or if its header is 二级指标 or the like. The
    last column never counts.
    """
    count, labels = 0, [""] * len(body)
    is_named = [is_total(row[0].text) for row in body]
    """Whether each row has a label. A total in the first column is one, also in a column of list numbers."""
    for c in range(len(body[0]) - 1):
        texts = [row[c].text for row in body]
        if _is_ordinal_column(header, c, texts):
            count = c + 1
            continue
        if not (_are_labels(texts, is_first=not any(labels)) or _are_numbers_of_times(_header_text(header, c), texts)):
            break
        count = c + 1
        labels = [f"{label}\t{text}" for label, text in zip(labels, texts, strict=True)]
        is_level = _LEVEL_HEADER.match(_header_text(header, c + 1)) is not None
        is_named = [named or bool(text) for named, text in zip(is_named, texts, strict=True)]
        if len(set(labels)) == len(labels) and all(is_named) and not is_level:
            break
    has_labels = any(labels)
    return count if has_labels else 0


def _header_text(header: Sequence[Sequence[PlacedCell]], c: int) -> str:
    """Return the innermost header of a column that has text, or an empty string."""
    return next((row[c].text for row in reversed(header) if row[c].text), "")


def _is_ordinal_column(header: Sequence[Sequence[PlacedCell]], c: int, texts: Sequence[str]) -> bool:
    """Return whether a column contains list numbers or codes.

    The header of the column says so, or the column has no header and its numbers count from 1. The header of codes may
    be divided (科目编码 over 类, 款 and 项). The last row below it may be a total.
    """
    names = [row[c].text for row in header if row[c].text]
    if names:
        is_coded = any(map(is_code_header, names)) and all(map(is_code, filter(None, texts[:-1])))
        return is_ordinal_header(names[-1]) or is_coded
    numbers = [text for text in texts if text.isdecimal()]
    return len(numbers) > 1 and numbers == [str(n) for n in range(1, len(numbers) + 1)]


def _are_labels(texts: Sequence[str], *, is_first: bool) -> bool:
    """Return whether the cells of a column are words, times or totals.

    In the first column of labels (`is_first`), they can also be several classes (60岁及以上) or numbered names (1标段,
    2标段).
    """
    filled = [text for text in texts if text]
    if not filled or any(len(text) > _MAX_LABEL_LENGTH for text in filled):
        return False
    if is_first and are_numbered([text for text in filled if not is_total(text)]):
        return True
    classes = sum(map(is_class, filled)) if is_first else 0
    return all(
        is_time(text)
        or is_total(text)
        or (classes > 1 and is_class(text))
        or not (parse_figure(text) or is_placeholder(text))
        for text in filled
    )


def _are_numbers_of_times(header: str, texts: Sequence[str]) -> bool:
    """Return whether the cells of a column are numbers of months or other times, as its header says, or totals."""
    return is_time_header(header) and all(text.isdecimal() or is_total(text) for text in texts if text)


def _has_figures(header: Sequence[Sequence[PlacedCell]], body: Sequence[Sequence[PlacedCell]], columns: int) -> bool:
    """Return whether any column, except header columns and codes, has figures in at least half of its filled cells."""
    for c in range(columns, len(body[0])):
        filled = [row[c].text for row in body if not is_placeholder(row[c].text)]
        figures = sum(parse_figure(text) is not None for text in filled)
        is_coded = any(is_code_header(row[c].text) for row in header if row[c].text)
        if figures and figures * 2 >= len(filled) and not is_coded:
            return True
    return False
