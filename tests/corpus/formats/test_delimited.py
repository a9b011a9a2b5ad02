"""Comma-, tab- and semicolon-separated values: rows to records."""

from __future__ import annotations

import csv
import io
import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.formats import delimited as tables
from searchkit.corpus.formats import registry as readers
from searchkit.corpus.formats.records import TEXT_NAMES
from searchkit.corpus.formats.registry import READERS, FileContents, Reader
from searchkit.corpus.overrides import NOTHING
from searchkit.corpus.reading import read_file
from searchkit.corpus.topics import Taxonomy
from searchkit.corpus.walk import CorpusFile, Stamp
from searchkit.errors import ReadError

TABLE = '编号,正文,年份\nA1,立案129件。,2023\nA2,"罚没款93.7182万元，\n下降5%。",2022\n'


def read(text: str, encoding: str = "utf-8") -> FileContents:
    """Read a table."""
    return tables.read(text.encode(encoding), "a.csv")


def texts(contents: FileContents) -> dict[str | None, str]:
    """The text of each record by its key."""
    return {document.key: document.blocks[0].text for document in contents.documents}


def attempt(data: bytes) -> FileContents | str:
    """Read a table, or give the reason why it is refused."""
    try:
        return tables.read(data, "a.csv")
    except ReadError as error:
        return str(error)


# Columns


def test_rows_are_records() -> None:
    """A row is a finished paragraph; its line is its key; the other columns are what it states."""
    contents = read(TABLE)
    assert texts(contents) == {"2": "立案129件。", "3": "罚没款93.7182万元， 下降5%。"}
    assert [document.overrides for document in contents.documents] == [
        {"编号": "A1", "年份": "2023"},
        {"编号": "A2", "年份": "2022"},
    ]
    assert all(document.is_record for document in contents.documents)
    assert (contents.problems, contents.warnings) == ((), ())


@pytest.mark.parametrize("name", [*TEXT_NAMES, "Text", " 正文 ", "\ufeff内容"])
def test_names_of_the_column_with_the_text(name: str) -> None:
    """The text is known by each of its names, in either case."""
    assert texts(read(f"a,{name},b\n1,立案,2\n")) == {"2": "立案"}


def test_the_best_name_counts() -> None:
    """Where several columns could be the text, the first of the names is; the other is a facet."""
    (document,) = read("内容,text\n甲,乙\n").documents
    assert (document.blocks[0].text, document.overrides) == ("乙", {"内容": "甲"})


def test_ids_are_keys() -> None:
    """A column `id` gives the keys, as in JSON Lines: none may be missing or stand twice."""
    contents = read("ID,text\nx,甲\n,乙\nx,丙\ny,丁\n")
    assert texts(contents) == {"x": "甲", "y": "丁"}
    assert contents.problems == ("line 3: no id: `id` is empty", "line 4: the id 'x' is that of line 2")


def test_titles_above_and_headers_again() -> None:
    """The header may stand below a title and empty rows; where pages repeat it, it is no record."""
    contents = read("法治政府建设情况,,\n,,\n\n区县,正文,年份\n甲区,立案,2023\n区县,正文,年份\n乙区,结案,2023\n,,\n")
    assert (texts(contents), contents.problems) == ({"5": "立案", "7": "结案"}, ())


def test_columns_without_a_name_of_their_own_are_named() -> None:
    """A column that cannot become a field and holds something is a problem, an empty one is not."""
    contents = read("text,year,year,,\n甲,2023,2022,备注,\n乙,2023,2022,,\n")
    assert [document.overrides for document in contents.documents] == [{"year": "2023"}] * 2
    assert contents.problems == (
        "line 1: column 3 has the name year of another: left out",
        "line 1: column 4 has no name: left out",
    )


def test_a_table_without_text_is_refused() -> None:
    """One line says which columns there are, and what the one with the text could be called."""
    with pytest.raises(
        ReadError, match=r"no column with the text \(named text, 正文, .*\): the columns are 区县, 立案$"
    ):
        read("区县,立案\n甲区,129\n")
    with pytest.raises(ReadError, match=r"the columns are a0, .* and 88 more$") as raised:
        read(",".join(f"a{n}" for n in range(100)))
    assert len(str(raised.value)) < 300
    with pytest.raises(ReadError, match="it is empty"):
        read("\n,,\n")


# Rows


def test_bad_rows_are_named_and_the_others_read() -> None:
    """Too few cells, too many, no text: each row has its line and reason."""
    contents = read("正文,年份\n甲,2023\n乙\n丙,2023,1,2\n,2023\n丁,2023,,\n")
    assert texts(contents) == {"2": "甲", "6": "丁"}
    assert contents.problems == (
        "line 3: too few cells: 1, the header has 2",
        "line 4: too many cells: 4, the header has 2",
        "line 5: no text: a record needs a field `正文`",
    )


def test_only_bad_rows_are_a_refusal() -> None:
    """A table of which no row can be read cannot be read, and the first reason is given."""
    with pytest.raises(ReadError, match="no row is a record; line 2: too few cells"):
        read("正文,年份\n甲\n")


def test_an_open_quotation_mark_costs_its_own_row() -> None:
    """What a quotation mark without its second would swallow is read; so is a quotation at the beginning of a cell."""
    contents = read('年份,正文\n2023,"双随机"监管\n2022,"没有结束\n2021,后面\n2020,"又\n一"\n')
    assert texts(contents) == {"2": "双随机监管", "4": "后面", "5": "又 一"}
    assert contents.problems == ("line 3: a quotation mark that does not end, or too large a cell",)


def test_huge_cells_are_bounded() -> None:
    """A cell of more than 131,072 characters is named, quoted or not, and the rest is read."""
    huge = "立" * (tables.MAX_CELL_LENGTH + 1)
    contents = read(f'正文,年份\n"{huge}",1\n甲,2\n{huge},3\n乙,4\n{huge[1:]},5\n')
    assert list(texts(contents)) == ["3", "5", "6"]
    assert [problem.partition(":")[0] for problem in contents.problems] == ["line 2", "line 4"]


# Delimiters and encodings


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_encodings_and_line_ends(delimiter: str, encoding: str, end: str) -> None:
    """Whatever parts the cells and ends the lines, in every encoding, the records are the same."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows(csv.reader(io.StringIO(TABLE)))
    assert read(file.getvalue(), encoding).documents == read(TABLE).documents


def test_the_delimiter_is_what_makes_the_header() -> None:
    """Commas in the text do not make a table of semicolons one of commas, nor a column of prose several."""
    assert texts(read("正文;年份\n甲,乙,丙;2023\n")) == {"2": "甲,乙,丙"}
    assert texts(read("正文\n甲,乙\n丙;丁\n戊|己,庚\n")) == {"2": "甲,乙", "3": "丙;丁", "4": "戊|己,庚"}


def test_a_stated_delimiter() -> None:
    """The line with which a file tells Excel its delimiter is obeyed and is no row."""
    assert texts(read("sep=^\n正文^年份\n甲,乙;丙^2023\n")) == {"3": "甲,乙;丙"}


# The chain


def test_a_table_in_a_corpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Fields go by their English and Chinese names, and any other column is a facet, as in JSON Lines."""
    monkeypatch.setattr(readers, "READERS", {**READERS, ".csv": Reader("delimited")})
    path = tmp_path / "a.csv"
    path.write_text("正文,年份,地区,机关,批次\n全年立案129件。,2023,天津市/滨海新区,司法局,甲\n", encoding="gb18030")
    found = CorpusFile(str(path), "a.csv", Stamp.of(path.stat()))
    (read,) = read_file(found, NOTHING, Taxonomy.load(None)).documents
    document, (paragraph,) = read.document, read.paragraphs
    assert (document.document, document.year, document.agency) == ("a.csv#2", 2023, "司法局")
    assert (document.region, document.facets) == (("天津市", "滨海新区"), {"批次": "甲"})
    assert (paragraph.id, paragraph.text) == ("a.csv#2", "全年立案129件。")


# Hostile


@given(st.text(alphabet='text正文,\t;|"\n\r 一=', max_size=200))
def test_any_text_is_a_table_or_refused(text: str) -> None:
    """Whatever a file holds, it is read or refused, and no key stands twice."""
    found = attempt(text.encode())
    keys = [] if isinstance(found, str) else [document.key for document in found.documents]
    assert len(set(keys)) == len(keys)
    assert not isinstance(found, str) or "\n" not in found


@given(st.lists(st.lists(st.text(alphabet='一,;"\n\t a', max_size=8), min_size=3, max_size=3), min_size=1))
def test_what_csv_writes_is_read_back(rows: list[list[str]]) -> None:
    """Every row that Python's csv module writes is a record, empty, or named for its missing text."""
    file = io.StringIO()
    csv.writer(file).writerows([["text", "甲", "乙"], ["第一行", "", ""], *rows])
    contents = read(file.getvalue())
    assert [document.blocks[0].text for document in contents.documents][1:] == [
        text.replace("\n", " ").strip() for text, *_ in rows if text.strip()
    ]
    assert len(contents.problems) == sum(not text.strip() and any(map(str.strip, rest)) for text, *rest in rows)


def test_mutated_tables() -> None:
    """Three hundred tables with random bytes changed are read or refused."""
    rng = random.Random(5)  # noqa: S311 - no secret
    data = (TABLE * 5).encode()
    for _ in range(300):
        changed = bytearray(data)
        for _ in range(rng.randrange(1, 20)):
            changed[rng.randrange(len(changed))] = rng.randrange(256)
        found = attempt(bytes(changed))
        assert "\n" not in found if isinstance(found, str) else found.documents


@pytest.mark.parametrize("row", ['"甲,2\n', '"\n', "甲,2\n", ",\n", '""""""\n'])
def test_large_tables_cost_what_their_length_costs(row: str) -> None:
    """Megabytes of rows, good or with a quotation mark left open in each, cost seconds."""
    start = time.process_time()
    contents = read("正文,年份\n好,1\n" + row * 100_000)
    assert contents.documents
    assert time.process_time() - start < 20
