"""Delimited files: rows become records or, in a file without a text column, tables."""

from __future__ import annotations

import csv
import io
import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.formats import delimited, registry
from searchkit.corpus.formats.records import TEXT_NAMES
from searchkit.corpus.formats.registry import READERS, FileContents, Reader
from searchkit.corpus.overrides import NO_METADATA
from searchkit.corpus.reading import read_file
from searchkit.corpus.topics import Taxonomy
from searchkit.corpus.walk import CorpusFile, Stamp
from searchkit.errors import ReadError

TABLE = '编号,正文,年份\nA1,立案129件。,2023\nA2,"罚没款93.7182万元，\n下降5%。",2022\n'


def read(text: str, encoding: str = "utf-8") -> FileContents:
    """Read a table."""
    return delimited.read(text.encode(encoding), "a.csv")


def texts(contents: FileContents) -> dict[str | None, str]:
    """Return the text of each record by its key."""
    return {document.key: document.blocks[0].text for document in contents.documents}


def read_or_reason(data: bytes) -> FileContents | str:
    """Read a table; return the error message if it is refused."""
    try:
        return delimited.read(data, "a.csv")
    except ReadError as error:
        return str(error)


# Columns


def test_rows_are_records() -> None:
    """A row is a record: one paragraph, whose key is the number of the first line of the row.

    The columns other than 正文 are overrides: stated metadata, which takes precedence over detected metadata.
    """
    contents = read(TABLE)
    assert texts(contents) == {"2": "立案129件。", "3": "罚没款93.7182万元， 下降5%。"}
    assert [document.overrides for document in contents.documents] == [
        {"编号": "A1", "年份": "2023"},
        {"编号": "A2", "年份": "2022"},
    ]
    assert all(document.is_record for document in contents.documents)
    assert (contents.problems, contents.warnings) == ((), ())


@pytest.mark.parametrize("name", [*TEXT_NAMES, "Text", " 正文 ", "\ufeff内容"])
def test_names_of_the_text_column(name: str) -> None:
    """Each name of a text column is recognised, in capitals too, with blanks or invisible characters around it."""
    assert texts(read(f"a,{name},b\n1,立案,2\n")) == {"2": "立案"}


def test_the_first_text_name_wins() -> None:
    """Of several columns with names in `records.TEXT_NAMES`, that with the name first in the list is the text."""
    (document,) = read("内容,text\n甲,乙\n").documents
    assert (document.blocks[0].text, document.overrides) == ("乙", {"内容": "甲"})


@pytest.mark.parametrize("header", ["text,年份,处罚内容", "TEXT,年份,处罚内容", "text,处罚内容,处罚内容"])
def test_a_stated_text_column_comes_before_a_column_called_text(header: str) -> None:
    """The column that metadata.csv states is the text. Another column `text` is ignored with a message.

    If two columns have the stated name, the first of them is the text.
    """
    contents = delimited.read(f"{header}\n标题,2023,罚款\n".encode(), "a.csv", "处罚内容")
    expected = "罚款" if "年份" in header else "2023"
    assert texts(contents) == {"2": expected}
    assert contents.problems[0] == f"line 1: column 1 repeats the name {header[:4]}: ignored"


def test_ids_are_keys() -> None:
    """A column `id` contains the keys, as in JSON Lines. Missing and duplicate ids are problems."""
    contents = read("ID,text\nx,甲\n,乙\nx,丙\ny,丁\n")
    assert texts(contents) == {"x": "甲", "y": "丁"}
    assert contents.problems == ("line 3: no id: `id` is empty", "line 4: the id 'x' is already used by line 2")


def test_titles_above_and_repeated_headers_are_not_records() -> None:
    """A title and empty rows may precede the header. A repeated header is not a record."""
    contents = read("法治政府建设情况,,\n,,\n\n区县,正文,年份\n甲区,立案,2023\n区县,正文,年份\n乙区,结案,2023\n,,\n")
    assert (texts(contents), contents.problems) == ({"5": "立案", "7": "结案"}, ())


def test_columns_without_a_unique_name_are_problems() -> None:
    """A column with values is a problem if it has no name or repeats the name of another; an empty column is not."""
    contents = read("text,year,year,,\n甲,2023,2022,备注,\n乙,2023,2022,,\n")
    assert [document.overrides for document in contents.documents] == [{"year": "2023"}] * 2
    assert contents.problems == (
        "line 1: column 3 repeats the name year: ignored",
        "line 1: column 4 has no name: ignored",
    )


def test_a_file_without_text_column_and_table_is_refused() -> None:
    """The message lists the first twelve columns of the table and the possible names of the text column."""
    with pytest.raises(ReadError, match=r"no text column \(named text, 正文, .*\): the columns are 区县, 立案$"):
        read("区县,立案\n")
    with pytest.raises(ReadError, match=r"the columns are a0, .* and 88 more$") as raised:
        read(",".join(f"a{n}" for n in range(100)))
    assert len(str(raised.value)) < 300
    with pytest.raises(ReadError, match="it is empty"):
        read("\n,,\n")


# Tables


def shown(contents: FileContents) -> list[object]:
    """Return the blocks of the only document: the text of a line, or the texts of the cells of a table."""
    (document,) = contents.documents
    return [
        [[cell.text for cell in row] for row in block.table.rows] if block.table else block.text
        for block in document.blocks
    ]


def test_a_file_without_text_column_is_a_document_with_tables() -> None:
    """The document has no key. A title becomes a caption, a note a line. An empty row before a header ends a table."""
    contents = read(
        "收件情况,,\n单位：件,,\n街道,收件,办结\n东风街道,10,9\n西关街道,,11\n注：初步数据。,,\n,,\n年份,罚款\n2021,35.1\n"
    )
    table = [["街道", "收件", "办结"], ["东风街道", "10", "9"], ["西关街道", "", "11"]]
    assert shown(contents) == ["单位：件", table, "注：初步数据。", [["年份", "罚款"], ["2021", "35.1"]]]
    (document,) = contents.documents
    assert (document.key, document.is_record, document.hints) == (None, False, {"title": "收件情况"})
    assert document.blocks[1].table is not None
    assert document.blocks[1].table.caption == "收件情况"


def test_tabs_separate_numbers_with_commas() -> None:
    """Commas in numbers are not delimiters if tabs separate more columns in as many rows."""
    assert shown(read("街道\t收件\t办结\n甲\t1,234\t9\n乙\t2,345\t8\n丙\t3,456\t7\n"))[0] == [
        ["街道", "收件", "办结"],
        ["甲", "1,234", "9"],
        ["乙", "2,345", "8"],
        ["丙", "3,456", "7"],
    ]


def test_damaged_rows_of_a_table_are_problems() -> None:
    """A row with an unclosed quotation mark is a problem, also in a file without text column. The table lacks it."""
    contents = read('街道,收件\n甲,1\n"乙,2\n丙,3\n')
    assert shown(contents) == [[["街道", "收件"], ["甲", "1"], ["丙", "3"]]]
    assert contents.problems == ("line 3: an unclosed quotation mark, or a cell that is too long",)


# Rows


def test_invalid_rows_are_problems_and_the_others_are_read() -> None:
    """Too few or too many cells and a missing text are problems. Empty cells beyond the header are not counted."""
    contents = read("正文,年份\n甲,2023\n乙\n丙,2023,1,2\n,2023\n丁,2023,,\n")
    assert texts(contents) == {"2": "甲", "6": "丁"}
    assert contents.problems == (
        "line 3: too few cells: 1, the header has 2",
        "line 4: too many cells: 4, the header has 2",
        "line 5: no text: a record needs a field `正文`",
    )


def test_a_table_without_valid_rows_is_refused() -> None:
    """If no row is valid, the table is refused with the first problem as the reason."""
    with pytest.raises(ReadError, match="no row is a valid record; line 2: too few cells"):
        read("正文,年份\n甲\n")


def test_an_unclosed_quotation_mark_invalidates_only_its_row() -> None:
    """Rows after an unclosed quotation mark are read. A quotation may begin a longer cell or go over two lines."""
    contents = read('年份,正文\n2023,"双随机"监管\n2022,"没有结束\n2021,后面\n2020,"又\n一"\n')
    assert texts(contents) == {"2": "双随机监管", "4": "后面", "5": "又 一"}
    assert contents.problems == ("line 3: an unclosed quotation mark, or a cell that is too long",)


def test_long_cells_are_problems() -> None:
    """A row with a cell of more than 131,072 code points, quoted or not, is a problem; the other rows are read."""
    huge = "立" * (delimited.MAX_CELL_LENGTH + 1)
    contents = read(f'正文,年份\n"{huge}",1\n甲,2\n{huge},3\n乙,4\n{huge[1:]},5\n')
    assert list(texts(contents)) == ["3", "5", "6"]
    assert [problem.partition(":")[0] for problem in contents.problems] == ["line 2", "line 4"]


# Delimiters and encodings


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_delimiter_encoding_and_line_end_is_read(delimiter: str, encoding: str, end: str) -> None:
    """The records do not depend on the delimiter, the encoding or the line ends."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows(csv.reader(io.StringIO(TABLE)))
    assert read(file.getvalue(), encoding).documents == read(TABLE).documents


def test_the_header_decides_the_delimiter() -> None:
    """Commas in the text are not delimiters if the header is separated by semicolons or has one column."""
    assert texts(read("正文;年份\n甲,乙,丙;2023\n")) == {"2": "甲,乙,丙"}
    assert texts(read("正文\n甲,乙\n丙;丁\n戊|己,庚\n")) == {"2": "甲,乙", "3": "丙;丁", "4": "戊|己,庚"}


def test_empty_rows_within_a_table_do_not_divide_it() -> None:
    """Figures below an empty row, without a header, belong to the table above. Two tables can be side by side."""
    data = "数据库：年度数据,,\n时间：最近10年,,\n指标,2022年,2021年\n,,\n立案,12,10\n,,\n结案,11,9\n".encode()
    (document,) = delimited.read(data, "a.csv").documents
    (table,) = [block.table for block in document.blocks if block.table]
    assert table.caption == "数据库：年度数据"
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["指标", "2022年", "2021年"], ["立案", "12", "10"], ["结案", "11", "9"]
    ]  # fmt: skip
    data = "街道,收件,,年份,罚款\n东,1,,2021,3.5\n西,2,,2022,4\n".encode()
    (document,) = delimited.read(data, "a.csv").documents
    assert len([block for block in document.blocks if block.table]) == 2


def test_a_declared_delimiter_is_used() -> None:
    """The `sep=` line, which states the delimiter for Excel, is obeyed and is not a row."""
    assert texts(read("sep=^\n正文^年份\n甲,乙;丙^2023\n")) == {"3": "甲,乙;丙"}
    contents = read("sep=;\n街道;收件\n东风;10\n")
    assert shown(contents) == [[["街道", "收件"], ["东风", "10"]]]
    assert contents.documents[0].hints == {}


# In a corpus


def test_a_table_in_a_corpus_has_fields_and_facets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Columns with the Chinese name of a field (年份) state this field; any other column (批次) is a facet."""
    monkeypatch.setattr(registry, "READERS", {**READERS, ".csv": Reader("delimited")})
    path = tmp_path / "a.csv"
    path.write_text("正文,年份,地区,机关,批次\n全年立案129件。,2023,天津市/滨海新区,司法局,甲\n", encoding="gb18030")
    file = CorpusFile(str(path), "a.csv", Stamp.of(path.stat()))
    (document_read,) = read_file(file, NO_METADATA, Taxonomy.load(None)).documents
    document, (paragraph,) = document_read.document, document_read.paragraphs
    assert (document.document, document.year, document.agency) == ("a.csv#2", 2023, "司法局")
    assert (document.region, document.facets) == (("天津市", "滨海新区"), {"批次": "甲"})
    assert (paragraph.id, paragraph.text) == ("a.csv#2", "全年立案129件。")


# Malicious and damaged files


@given(st.text(alphabet='text正文,\t;|"\n\r 一=', max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Any text is read, with unique keys, or refused with a one-line message."""
    outcome = read_or_reason(text.encode())
    keys = [] if isinstance(outcome, str) else [document.key for document in outcome.documents]
    assert len(set(keys)) == len(keys)
    assert not isinstance(outcome, str) or "\n" not in outcome


@given(st.lists(st.lists(st.text(alphabet='一,;"\n\t a', max_size=8), min_size=3, max_size=3), min_size=1))
def test_what_csv_writes_is_read_back(rows: list[list[str]]) -> None:
    """Each row that Python's csv module writes is a record if it has a text, skipped if empty, otherwise a problem."""
    file = io.StringIO()
    csv.writer(file).writerows([["text", "甲", "乙"], ["第一行", "", ""], *rows])
    contents = read(file.getvalue())
    assert [document.blocks[0].text for document in contents.documents][1:] == [
        text.replace("\n", " ").strip() for text, *_ in rows if text.strip()
    ]
    assert len(contents.problems) == sum(not text.strip() and any(map(str.strip, rest)) for text, *rest in rows)


def test_altered_tables_are_read_or_refused() -> None:
    """Tables with random bytes changed are read, or refused with a one-line message."""
    rng = random.Random(5)  # noqa: S311 - not security-relevant
    data = (TABLE * 5).encode()
    for _ in range(300):
        changed = bytearray(data)
        for _ in range(rng.randrange(1, 20)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        outcome = read_or_reason(bytes(changed))
        assert "\n" not in outcome if isinstance(outcome, str) else outcome.documents


@pytest.mark.parametrize("row", ['"甲,2\n', '"\n', "甲,2\n", ",\n", '""""""\n'])
def test_cost_is_linear(row: str) -> None:
    """Reading 100,000 rows, with or without unclosed quotation marks, takes less than 20 seconds of CPU time."""
    start = time.process_time()
    contents = read("正文,年份\n好,1\n" + row * 100_000)
    assert contents.documents
    assert time.process_time() - start < 20
