"""Spreadsheets: the rows of a sheet become records or, in a sheet without a text column, tables."""

from __future__ import annotations

import io
import random
import time
import zipfile
from collections.abc import Mapping
from datetime import datetime
from datetime import time as time_of_day
from pathlib import Path

import pytest
from xlsxwriter.workbook import Workbook

from searchkit.corpus.formats import delimited, registry, xlsx
from searchkit.corpus.formats.registry import READERS, FileContents, Reader
from searchkit.corpus.overrides import NO_METADATA
from searchkit.corpus.reading import read_file
from searchkit.corpus.topics import Taxonomy
from searchkit.corpus.walk import CorpusFile, Stamp
from searchkit.errors import ReadError

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
HEADER = '<row r="1"><c r="A1" t="inlineStr"><is><t>正文</t></is></c><c r="B1" t="str"><v>值</v></c></row>'


class Book:
    """A workbook written by XlsxWriter."""

    def __init__(self, **options: object) -> None:
        self._file = io.BytesIO()
        self.book = Workbook(self._file, {"in_memory": True, **options})

    def bytes(self) -> bytes:
        """Return the finished file."""
        self.book.close()
        return self._file.getvalue()

    def sheet(self, name: str, *rows: list[object]) -> Book:
        """Add a sheet with these rows. Returns the workbook."""
        sheet = self.book.add_worksheet(name)
        for n, row in enumerate(rows):
            sheet.write_row(n, 0, row)
        return self


def build_workbook(rows: str, parts: Mapping[str, str] | None = None, main: str = MAIN) -> bytes:
    """Return a workbook of one sheet, written as XML. `parts`: parts of the container to replace or add."""
    relation = f'<Relationship Id="r1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    more = f'<Relationship Id="r2" Type="{OFFICE}/sharedStrings" Target="/xl/shared.xml"/>'
    more += f'<Relationship Id="r3" Type="{OFFICE}/styles" Target="styles.xml"/>'
    sheets = '<sheets><sheet name="S" r:id="r1"/></sheets>'
    files = {
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{OFFICE}">{sheets}</workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELATIONS}">{relation}{more}</Relationships>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
        **(parts or {}),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return file.getvalue()


def read(data: bytes) -> FileContents:
    """Read a spreadsheet."""
    return xlsx.read(data, "a.xlsx")


def read_or_reason(data: bytes) -> FileContents | str:
    """Read a spreadsheet; return the error message if it is refused."""
    try:
        return read(data)
    except ReadError as error:
        return str(error)


def texts(contents: FileContents) -> dict[str | None, str]:
    """Return the text of each record by its key."""
    return {document.key: document.blocks[0].text for document in contents.documents}


# Sheets and rows


def test_rows_are_records() -> None:
    """A row is a finished paragraph. Sheet and row are its key; the other columns are overrides."""
    contents = read(Book().sheet("数据", ["正文", "年份"], ["立案129件。", 2023], [], ["结案\n12件。", 2022]).bytes())
    assert texts(contents) == {"数据/2": "立案129件。", "数据/4": "结案 12件。"}
    assert [document.overrides for document in contents.documents] == [{"年份": 2023}, {"年份": 2022}]
    assert contents.problems == ()


def test_csv_and_xlsx_yield_the_same_records() -> None:
    """A table yields the same texts and fields from .csv and .xlsx."""
    rows = [
        ["id", "text", "地区", "批次"],
        ["a", "甲", "天津市", "1"],
        ["", "乙", "x", "y"],
        ["b", "", "", "z"],
        ["c", "丙", "", ""],
    ]
    csv_text = "\n".join(",".join(row) for row in rows)
    from_csv = delimited.read(csv_text.encode(), "a.csv")
    from_xlsx = read(Book().sheet("S", *rows).bytes())
    assert texts(from_csv) == texts(from_xlsx) == {"a": "甲", "c": "丙"}
    assert from_csv.documents[0] == from_xlsx.documents[0]
    assert [problem.split(": ", 1)[1] for problem in from_csv.problems] == [
        problem.split(": ", 1)[1] for problem in from_xlsx.problems
    ]
    assert from_xlsx.problems[0].startswith("sheet S, row 3: ")


def test_every_visible_sheet_with_a_text_column_is_read() -> None:
    """Each visible sheet with a text column is read.

    A hidden sheet is reported as a problem, and so is a sheet with neither a text column nor a table. An empty sheet is
    not.
    """
    book = (
        Book().sheet("一", ["正文"], ["甲"]).sheet("说明", ["填表人", "日期"]).sheet("空").sheet("二", ["text"], ["乙"])
    )
    book.sheet("藏", ["正文"], ["丙"]).book.get_worksheet_by_name("藏").hide()
    contents = read(book.bytes())
    assert texts(contents) == {"一/2": "甲", "二/2": "乙"}
    assert [problem.split(",")[0] for problem in contents.problems][1:] == ["sheet 藏: hidden"]
    assert contents.problems[0].startswith("sheet 说明: no text column")


def test_a_workbook_without_text_column_and_table_is_refused() -> None:
    """The message lists the columns of the sheet, or says that no sheet has a row."""
    with pytest.raises(ReadError, match=r"sheet S: no text column .*: the columns are 区县, 立案$"):
        read(Book().sheet("S", ["区县", "立案"]).bytes())
    with pytest.raises(ReadError, match="no sheet has a row"):
        read(Book().sheet("空").bytes())


def test_merged_cells_apply_to_each_row() -> None:
    """A vertically merged cell applies to all of its rows. A title merged over columns is skipped."""
    book = Book()
    sheet = book.sheet("S").book.get_worksheet_by_name("S")
    sheet.merge_range("A1:C1", "情况表")
    sheet.write_row(1, 0, ["区县", "年份", "正文"])
    sheet.merge_range("A3:A5", "滨海新区")
    for n, text in enumerate(["甲", "乙", "丙", "丁"], 2):
        sheet.write_row(n, 1, [2020 + n, text])
    contents = read(book.bytes())
    assert texts(contents) == {"S/3": "甲", "S/4": "乙", "S/5": "丙", "S/6": "丁"}
    assert [document.overrides.get("区县") for document in contents.documents] == ["滨海新区"] * 3 + [None]


# Values


def read_value(written_value: object, number_format: str = "", **options: object) -> object:
    """Return the value that the reader returns for a cell with a number format. `options`: those of the workbook."""
    book = Book(**options)
    sheet = book.sheet("S", ["text", "x"], ["甲"]).book.get_worksheet_by_name("S")
    sheet.write(1, 1, written_value, book.book.add_format({"num_format": number_format} if number_format else {}))
    return read(book.bytes()).documents[0].overrides.get("x")


@pytest.mark.parametrize(
    ("number", "number_format", "expected"),
    [
        (129, "", 129),
        (93.7182, "", 93.7182),
        (937182, "#,##0.00", 937182),
        (12345678901234, "0", 12345678901234),
        (1e7, "0.00E+00", 10_000_000),
        (0.125, "0.0%", "12.5%"),
        (1.07, "0%", "107%"),
        (2e300, "0%", 2e300),
        (5, "[Red]0", 5),
        (5, '0"日"', 5),
        (5, "0!d", 5),
        (2023, "General", 2023),
        (True, "", True),
        ("  甲 ", "", "  甲 "),
        (datetime(2023, 5, 1), "yyyy-mm-dd", "2023-05-01"),  # noqa: DTZ001 - a sheet has no time zone
        (datetime(2023, 5, 1), 'yyyy"年"m"月"d"日"', "2023-05-01"),  # noqa: DTZ001
        (datetime(2023, 5, 1), "[$-804]e/m/d", "2023-05-01"),  # noqa: DTZ001
        (datetime(2023, 5, 1, 10, 30), "yyyy-mm-dd hh:mm", "2023-05-01T10:30:00"),  # noqa: DTZ001
        (datetime(2023, 5, 1, 10, 30), "yyyy/m/d", "2023-05-01"),  # noqa: DTZ001
        (1, "d/m/yyyy", "1900-01-01"),
        (59, "d/m/yyyy", "1900-02-28"),
        (61, "d/m/yyyy", "1900-03-01"),
        (time_of_day(10, 30), "h:mm AM/PM", "10:30:00"),
        (1.25, "[h]:mm", "30:00:00"),
        (45047, 14, "2023-05-01"),
        (45047.4375, 22, "2023-05-01T10:30:00"),
        (0.5, 20, "12:00:00"),
        (9e6, "yyyy-mm-dd", 9e6),
    ],
)
def test_number_formats(number: object, number_format: str, expected: object) -> None:
    """In records, numbers keep their digits, percentages have a percent sign, dates and times are in ISO format."""
    result = read_value(number, number_format)
    assert (result, type(result)) == (expected, type(expected))


def test_days_may_be_counted_from_1904() -> None:
    """A workbook may count days from 1904."""
    assert read_value(datetime(2023, 5, 1), "yyyy-mm-dd", date_1904=True) == "2023-05-01"  # noqa: DTZ001


def test_stored_results_of_formulas_are_read() -> None:
    """Formulas are not evaluated: their stored result is read, and an error is an empty cell."""
    book = Book()
    sheet = book.sheet("S", ["text", "a", "b", "c"], ["甲"]).book.get_worksheet_by_name("S")
    sheet.write_formula(1, 1, "=1+1", None, 7)
    sheet.write_formula(1, 2, '=HYPERLINK("http://x.cn")', None, "结果")
    sheet.write_formula(1, 3, "=1/0", None, "#DIV/0!")
    assert read(book.bytes()).documents[0].overrides == {"a": 7, "b": "结果"}


def test_strings_of_every_kind_are_read() -> None:
    """Shared strings, their runs, strings of formulas, ISO dates and escapes are read; phonetic hints are not."""
    runs = "<r><t>立</t></r><r><rPr/><t>案</t></r><rPh><t>lian</t></rPh>"
    shared = f'<sst xmlns="{MAIN}"><si><t>正文</t></si><si>{runs}</si></sst>'
    rows = '<row><c t="s"><v>0</v></c><c t="str"><v>x_x005F_y</v></c></row>'
    rows += '<row><c t="s"><v> 1 </v></c><c t="d"><v>2023-05-01</v></c></row>'
    (document,) = read(build_workbook(rows, {"xl/shared.xml": shared})).documents
    assert (document.key, document.blocks[0].text, document.overrides) == ("S/2", "立案", {"x_y": "2023-05-01"})


def test_strict_workbooks_are_read() -> None:
    """The strict namespace of the standard is read."""
    rows = HEADER + '<row r="2"><c r="A2" t="str"><v>甲</v></c></row>'
    assert texts(read(build_workbook(rows, main=STRICT))) == {"S/2": "甲"}


# Tables


def shown(contents: FileContents) -> list[object]:
    """Return the blocks of the only document: the text of a line, or the texts of the cells of a table."""
    (document,) = contents.documents
    return [
        [[cell.text for cell in row] for row in block.table.rows] if block.table else block.text
        for block in document.blocks
    ]


def test_a_sheet_without_text_column_is_a_document_with_a_table() -> None:
    """The key of the document is the name of the sheet. Records and tables may be in one workbook."""
    book = Book().sheet("记录", ["正文"], ["甲"]).sheet("统计", [], ["", "街道", "收件"], ["", "东风街道", 10])
    record, document = read(book.bytes()).documents
    assert (record.key, record.is_record, document.key, document.is_record) == ("记录/2", True, "统计", False)
    assert document.blocks[0].table is not None
    assert [[cell.text for cell in row] for row in document.blocks[0].table.rows] == [
        ["街道", "收件"],
        ["东风街道", "10"],
    ]


def test_titles_notes_and_empty_rows_divide_a_sheet() -> None:
    """The title is the caption.

    Notes are lines before and after the table. An empty row before a header separates tables.
    """
    rows = [["收件情况"], ["", "单位：件"], ["街道", "收件"], ["东风街道", 10], ["注：不含撤回的申请。"], []]
    contents = read(Book().sheet("S", *rows, ["年份", "罚款"], [2021, 35.1]).bytes())
    first = [["街道", "收件"], ["东风街道", "10"]]
    assert shown(contents) == ["单位：件", first, "注：不含撤回的申请。", [["年份", "罚款"], ["2021", "35.1"]]]
    tables = [block.table for block in contents.documents[0].blocks if block.table]
    assert [table.caption for table in tables] == ["收件情况", None]
    assert contents.documents[0].hints == {"title": "收件情况"}


def test_merged_cells_are_spans() -> None:
    """A merged cell covers rows and columns of the table, and is only in the first of its rows."""
    book = Book().sheet("S", [], [], ["", 1, 2], ["", 3, 4])
    sheet = book.book.get_worksheet_by_name("S")
    sheet.merge_range("A1:A2", "街道")
    sheet.merge_range("B1:C1", "收件")
    sheet.write_row(1, 1, ["上年", "本年"])
    sheet.merge_range("A3:A4", "东风街道")
    table = read(book.bytes()).documents[0].blocks[0].table
    assert table is not None
    cells = [[(cell.text, cell.row_span, cell.col_span) for cell in row] for row in table.rows]
    assert cells[0] == [("街道", 2, 1), ("收件", 1, 2)]
    assert cells[2:] == [[("东风街道", 2, 1), ("1", 1, 1), ("2", 1, 1)], [("3", 1, 1), ("4", 1, 1)]]


def test_hidden_rows_and_columns_are_not_in_a_table() -> None:
    """Hidden rows and columns are left out, and a problem states how many. They do not divide a table."""
    book = Book().sheet("S", ["街道", "旧", "收件"], ["甲", 1, 2], ["乙", 3, 4])
    sheet = book.book.get_worksheet_by_name("S")
    sheet.set_row(1, None, None, {"hidden": True})
    sheet.set_column(1, 1, None, None, {"hidden": True})
    contents = read(book.bytes())
    assert shown(contents) == [[["街道", "收件"], ["乙", "4"]]]
    assert contents.problems == ("sheet S: 1 hidden row and 1 hidden column not read",)


def test_a_merged_label_that_begins_in_a_hidden_cell() -> None:
    """The label of a merged range is at its first visible cell, as Excel displays it."""
    book = Book().sheet(
        "S", ["地区", "单位", "件"], ["", "公安局", 3], ["", "司法局", 5], ["", "", 7], ["", "司法局", 9]
    )
    sheet = book.book.get_worksheet_by_name("S")
    sheet.merge_range("A2:A3", "河东区")
    sheet.merge_range("A4:A5", "东丽区")
    sheet.set_row(3, None, None, {"hidden": True})
    assert shown(read(book.bytes()))[0][-1] == ["东丽区", "司法局", "9"]
    book = Book().sheet("S", ["地区", "", "", ""], ["地区", "旧", "立案", "结案"], ["河东区", 1, 2, 3])
    sheet = book.book.get_worksheet_by_name("S")
    sheet.merge_range("B1:D1", "2023年")
    sheet.set_column(1, 1, None, None, {"hidden": True})
    (block,) = read(book.bytes()).documents[0].blocks
    assert block.table is not None
    assert [(cell.text, cell.col_span) for cell in block.table.rows[0]] == [("地区", 1), ("2023年", 2)]


@pytest.mark.parametrize(
    ("number", "number_format", "expected"),
    [
        (0.985, "0.0%", "98.5%"),
        (0.98549, "0.0%", "98.5%"),
        (2019, '0"年"', "2019年"),
        (1234, "#,##0", "1,234"),
        (35.1, "0.00", "35.10"),
        (35.099999999999994, "", "35.1"),
        (-5, "0.00;[Red]0.00", "-5.00"),
        (-3, '0"m²"', "-3m²"),
        (-3, '"m²"', "m²"),
        (-0.035, "[Red]▲0.0%;[Green]▼0.0%", "▼3.5%"),
        (0.035, "[Red]▲0.0%;[Green]▼0.0%", "▲3.5%"),
        (-0.035, '"增长"0.0%;"下降"0.0%', "下降3.5%"),
        (-0.2, '0"m2"', "0m2"),
        (-1234.5, "#,##0.0_);(#,##0.0)", "-1,234.5"),
        (0, '0;-0;"—"', "—"),
        (12345678, "#,##0,", "12,346"),
        (1234567, '0\\.0,"万"', "123.5万"),
        (1234567, '0!.0,"万"', "123.5万"),
        (1234567, '0"."0,"万"', "123.5万"),
        (-12345678, '#,##0!.0,"万"', "-1,234.6万"),
        (500, '#!.0,"万"', "0.1万"),
        (1234567, r"0\.0000", "123.4567"),
        (3, '"No."0', "No.3"),
        (5, '0"."0!!', "0.5!"),
        (20231205, "0000-00-00", "2023-12-05"),
        (12345, '0"亿"0000"万"', "1亿2345万"),
        (12345, "0-0.0", "12345-0.0"),
        (567, '#" "##0', "567"),
        (123456789012.5, f"0.{30 * '0'}", f"123456789012.5{29 * '0'}"),
        (1234, 4, "1,234.00"),
        (3, "[$￥-804]#,##0.00", "￥3.00"),
        (1e300, "0.00", "1e+300"),
        (35.1, '"' + 300 * "x" + '"0', "35.1"),
        (True, "", "TRUE"),
        (datetime(2023, 5, 1), 'yyyy"年"m"月"d"日"', "2023年5月1日"),  # noqa: DTZ001 - a sheet has no time zone
        (datetime(2023, 5, 1), "yyyy!年m!月d!日", "2023年5月1日"),  # noqa: DTZ001
        (datetime(2023, 5, 1, 10, 3), "yyyy-mm-dd hh:mm", "2023-05-01 10:03"),  # noqa: DTZ001
        (datetime(2023, 5, 1), 14, "2023-05-01"),  # noqa: DTZ001
        (9e6, "yyyy-mm-dd", "9000000"),
        (1.5, 46, "36:00:00"),
    ],
)
def test_cells_of_a_table_are_as_displayed(number: object, number_format: str | int, expected: str) -> None:
    """Numbers and dates are written as their number format says, also if it puts literals between the digits.

    A negative number has a minus sign, unless it is displayed as 0 or without digits. The format is ignored if its code
    is too long, or if the number is too large for it.
    """
    book = Book().sheet("S", ["甲", "乙"], ["丙"])
    book.book.get_worksheet_by_name("S").write(1, 1, number, book.book.add_format({"num_format": number_format}))
    assert shown(read(book.bytes())) == [[["甲", "乙"], ["丙", expected]]]


def test_a_text_in_a_cell_of_a_date_is_read() -> None:
    """A cell that has the format of a date and contains a text is read as the text."""
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="14"/></cellXfs></styleSheet>'
    rows = '<row><c><v>1</v></c><c><v>2</v></c></row><row><c s="0"><v>2023-无</v></c><c s="0"><v>45047</v></c></row>'
    contents = read(build_workbook(rows, {"xl/styles.xml": styles}))
    assert shown(contents) == [[["1", "2"], ["2023-无", "2023-05-01"]]]


def test_large_tables_are_refused() -> None:
    """A table of three million cells, most of them empty, is refused."""
    header = "".join(f"<c><v>{n}</v></c>" for n in range(3000))
    rows = f"<row>{header}</row>" + "<row><c><v>1</v></c><c><v>2</v></c></row>" * 1000
    assert "more than 2000000 are not read" in str(read_or_reason(build_workbook(rows)))


# Malicious and damaged files


def test_distant_cells_are_read_quickly() -> None:
    """No full grid is built: two cells at opposite corners of a sheet take less than two seconds."""
    rows = HEADER + '<row r="1048576"><c r="A1048576" t="str"><v>甲</v></c><c r="XFD1048576"><v>2</v></c></row>'
    start = time.process_time()
    contents = read(build_workbook(rows))
    assert texts(contents) == {"S/1048576": "甲"}
    assert contents.problems == ("sheet S, row 1: column 16384 has no name: ignored",)
    assert time.process_time() - start < 2


def test_large_merged_ranges_are_read_quickly() -> None:
    """Ten thousand ranges that cover the entire sheet take less than two seconds."""
    ranges = '<mergeCell ref="A1:XFD1048576"/>' * 10_000
    rows = f'<sheetData>{HEADER}<row r="9"><c r="B9"><v>1</v></c></row></sheetData>'
    sheet = f'<worksheet xmlns="{MAIN}">{rows}<mergeCells>{ranges}</mergeCells></worksheet>'
    start = time.process_time()
    assert (
        read_or_reason(build_workbook("", {"xl/worksheets/sheet1.xml": sheet})) == "no sheet has a row below a header"
    )
    assert time.process_time() - start < 2


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ('<row r="1048577"/>', "beyond the last one"),
        ('<row><c r="XFE1"/></row>', "beyond the last column"),
        ('<row><c t="s"><v>0</v></c></row>', "a shared string that does not exist"),
        ('<row><c t="s"><v>-1</v></c></row>', "a shared string that does not exist"),
        ("<row>", "not well-formed"),
        (
            '<row r="x"><c r="1A" s="99999"><v>9e999</v></c><c><v>nan</v></c><c t="b"/><c t="q"><v/></c></row>',
            "the columns are",
        ),
    ],
)
def test_damaged_sheets_are_refused(rows: str, reason: str) -> None:
    """A sheet that is out of bounds, refers to missing data or is malformed is refused with a one-line message."""
    outcome = read_or_reason(build_workbook(rows))
    assert isinstance(outcome, str)
    assert reason in outcome
    assert "\n" not in outcome


def test_entities_are_refused() -> None:
    """XML parts may not declare entities."""
    bomb = f'<!DOCTYPE x [<!ENTITY a "{"b" * 100}">]><worksheet xmlns="{MAIN}">&a;</worksheet>'
    assert "document type" in str(read_or_reason(build_workbook("", {"xl/worksheets/sheet1.xml": bomb})))


def test_other_files_are_refused() -> None:
    """Encrypted and old workbooks and files of other formats have their own messages."""
    assert "without a password" in str(read_or_reason(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)))
    assert "not a zip archive" in str(read_or_reason("正文,年份\n".encode()))
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    assert "xl/workbook.xml: missing" in str(read_or_reason(file.getvalue()))


def test_zip_bombs_are_refused() -> None:
    """A sheet with a high compression ratio is refused."""
    assert "unpacks to more than" in str(read_or_reason(build_workbook(" " * 20_000_000)))


def test_altered_workbooks_are_read_or_refused() -> None:
    """Workbooks with altered bytes, in the container or in its parts, are read, or refused with a one-line message."""
    rng = random.Random(3)  # noqa: S311 - not security-relevant
    data = Book().sheet("S", ["text", "x"], ["甲", 1], ["乙", 0.5]).bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for n in range(300):
        names = rng.sample(sorted(parts), 2) if n % 2 else []
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, part in parts.items():
                archive.writestr(name, alter(part, rng) if name in names else part)
        outcome = read_or_reason(file.getvalue() if names else alter(data, rng))
        assert not isinstance(outcome, str) or ("\n" not in outcome and len(outcome) < 500)


def alter(data: bytes, rng: random.Random) -> bytes:
    """Change some bytes and, in a fifth of the calls, truncate the data."""
    result = bytearray(data)
    for _ in range(rng.randrange(1, 10)):
        result[rng.randrange(len(result))] = rng.randrange(256)
    return bytes(result[: rng.randrange(len(result))] if rng.random() < 0.2 else result)


# In a corpus


def test_a_workbook_in_a_corpus_has_fields_and_facets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Fields may have English or Chinese names; other columns are facets, as in JSON Lines."""
    monkeypatch.setattr(registry, "READERS", {**READERS, ".xlsx": Reader("xlsx")})
    path = tmp_path / "a.xlsx"
    rows = (["正文", "年份", "发布日期", "district", "批次"], ["全年立案129件。", 2023, "2024-01-03", "滨海新区", 7])
    path.write_bytes(Book().sheet("S", *rows).bytes())
    file = CorpusFile(str(path), "a.xlsx", Stamp.of(path.stat()))
    (document_read,) = read_file(file, NO_METADATA, Taxonomy.load(None)).documents
    document, (paragraph,) = document_read.document, document_read.paragraphs
    assert (document.document, document.year, document.published) == ("a.xlsx#S/2", 2023, "2024-01-03")
    assert (document.region[-1], document.facets, paragraph.text) == ("滨海新区", {"批次": "7"}, "全年立案129件。")
