"""Tables of reports: as Markdown, as a folder of files, as a workbook, and in the commands show and export."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from test_comparison_xlsx import cells as sheet_cells

from searchkit.cli.records import export, show
from searchkit.corpus.reading import ParsedDocument
from searchkit.corpus.tables.grid import TableGrid
from searchkit.errors import SearchkitError, UsageError
from searchkit.indexing.build import write_index
from searchkit.model import Cell, Document, Paragraph, Table, to_json
from searchkit.output.tables import format_markdown, write_table_files
from searchkit.output.xlsx import write_tables
from searchkit.tabular import grid

TABLE = Table(
    "甲/a.txt",
    1,
    "表1 收件",
    ((Cell("街道", row_span=2), Cell("收件", col_span=2)), (Cell("2022"), Cell("2023"))),
    (
        (Cell("东风", row_span=2), Cell("1,234.50"), Cell("=1+1")),
        (Cell("007"), Cell("a|b\\\x1b[31m")),
        (Cell("合计"), Cell("35.1%", col_span=2)),
    ),
    1,
    first_paragraph=2,
)


def table(*rows: tuple[str, ...], header: tuple[str, ...] = (), **fields: object) -> Table:
    """Return a table of cells that cover one row and one column. Its other fields are `fields`, or those of `TABLE`."""
    content = tuple(tuple(map(Cell, row)) for row in rows)
    return replace(TABLE, header=(tuple(map(Cell, header)),) if header else (), rows=content, **fields)


def test_a_covered_place_is_empty_or_filled() -> None:
    """The text of a cell is at the first place that it covers or, if filled, at all of them. Rows are equally long."""
    assert grid(TABLE.rows) == [["东风", "1,234.50", "=1+1"], ["", "007", "a|b\\\x1b[31m"], ["合计", "35.1%", ""]]
    assert grid(TABLE.header, is_filled=True) == [["街道", "收件", "收件"], ["街道", "2022", "2023"]]
    assert grid([(Cell("a", row_span=9),), (Cell("b"), Cell("c"))]) == [["a", "", ""], ["", "b", "c"]]
    assert grid([]) == []


def test_markdown_has_one_header_row_and_no_unsafe_characters() -> None:
    """Header rows are joined. Vertical bars and backslashes are escaped, and control characters replaced."""
    caption, empty, header, rule, *rows = format_markdown(TABLE).splitlines()
    assert (caption, empty) == ("表1 收件", "")
    assert [cell.strip() for cell in header.split("|")] == ["", "街道", "收件 / 2022", "收件 / 2023", ""]
    assert set(rule) == {"|", "-"}
    assert rows[1].replace(" ", "") == "||007|a\\|b\\\\\ufffd[31m|"
    assert len(rows) == 3


def test_markdown_of_some_rows_repeats_a_cell_that_began_above() -> None:
    """The first row of an excerpt repeats a cell that began in an earlier row."""
    *_, row = format_markdown(TABLE, range(1, 2)).splitlines()
    assert row.split("|")[1].strip() == "东风"


def test_markdown_without_header_or_with_a_short_header() -> None:
    """The header may be missing, or have fewer columns than the rows."""
    assert format_markdown(table(("a", "b"), caption=None)).splitlines()[-1].replace(" ", "") == "|a|b|"
    lines = format_markdown(table(("a", "b"), header=("x",))).splitlines()
    assert {line.count("|") for line in lines[2:]} == {3}


def test_a_folder_has_a_file_for_each_table(tmp_path: Path) -> None:
    """File names are safe and unique. The list names the table of each file. Formulas are escaped.

    A folder that is not empty is refused.
    """
    other = table(("1",), document="../../" + "长" * 300 + ":*?.txt", caption="\x07=x")
    write_table_files([TABLE, TABLE, other], tmp_path / "new" / "out", "csv")
    with (tmp_path / "new" / "out" / "tables.csv").open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))
    names = [record["file"] for record in records]
    assert sorted(path.name for path in (tmp_path / "new" / "out").iterdir()) == sorted([*names, "tables.csv"])
    assert names[:2] == ["0001-甲_a.txt-1.csv", "0002-甲_a.txt-1.csv"]
    assert [record["id"] for record in records] == [TABLE.id, TABLE.id, other.id]
    with (tmp_path / "new" / "out" / names[0]).open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[:3] == [["街道", "收件", ""], ["", "2022", "2023"], ["东风", "1,234.50", "'=1+1"]]
    with pytest.raises(SearchkitError, match="not empty"):
        write_table_files([TABLE], tmp_path / "new" / "out", "csv")


def test_a_workbook_has_a_sheet_for_each_table(tmp_path: Path) -> None:
    """Numbers that a cell can hold exactly are numeric; headers, codes, percentages and formulas are text.

    The first sheet is a list of the tables.
    """
    pytest.importorskip("xlsxwriter", reason="the extra xlsx is not installed")
    other = table(
        ("-5", "1234567890123456", "0.10", "1,23", "-", "=A1"), header_columns=0, caption="[x]:*?/\\'" + "𠀀" * 40
    )
    write_tables([TABLE, other, other], tmp_path / "a.xlsx")
    index = sheet_cells(tmp_path / "a.xlsx", 1)
    assert [index[name] for name in ("A2", "B2", "D2")] == ["1 表1 收件", TABLE.id, "表1 收件"]
    assert len({index["A3"], index["A4"]}) == 2
    first, second = sheet_cells(tmp_path / "a.xlsx", 2), sheet_cells(tmp_path / "a.xlsx", 3)
    assert [first[name] for name in ("B2", "B3", "C3", "B4", "B5")] == ["2022", 1234.5, "=1+1", "007", "35.1%"]
    assert [*second.values()] == [-5, "1234567890123456", 0.1, "1,23", "-", "=A1"]


def test_a_table_that_does_not_fit_a_sheet_is_an_error(tmp_path: Path) -> None:
    """A table with a text longer than a cell of Excel can have is an error. The text is not cut."""
    pytest.importorskip("xlsxwriter", reason="the extra xlsx is not installed")
    with pytest.raises(SearchkitError, match="too large for a sheet"):
        write_tables([table(("a" * 40_000,))], tmp_path / "a.xlsx")


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Return the folder of an index with one document: a paragraph, the rows of the table, and a paragraph."""
    name = TABLE.document
    layout = TableGrid(TABLE.header, TABLE.rows, TABLE.header_columns)
    texts = ["前言。", *(layout.row_text(row).text for row in range(len(TABLE.rows))), "后记。"]
    paragraphs = tuple(Paragraph(f"{name}#{n}", name, n, text) for n, text in enumerate(texts, 1))
    write_index([ParsedDocument(Document(name, paragraphs=5), paragraphs, tables=(TABLE,))], tmp_path / "index")
    return tmp_path / "index"


def run(command: Callable[..., object], *arguments: object) -> str:
    """Run a command and return its output. Its exceptions propagate."""
    result = CliRunner().invoke(command, list(map(str, arguments)), catch_exceptions=False, standalone_mode=False)  # type: ignore[arg-type]
    return result.stdout


def test_show_prints_tables_at_their_places(index: Path) -> None:
    """`show` of a document, or of a row with its context, prints the table instead of its rows.

    `show` of a row alone prints the row, then the table with only this row. `show` of the id of a table prints the
    table.
    """
    whole = run(show, TABLE.document, "--index", index)
    assert whole.index("前言。") < whole.index(format_markdown(TABLE)) < whole.index("后记。")
    assert "街道 东风 ｜" not in whole
    row = run(show, f"{TABLE.document}#3", "--index", index)
    assert "街道 东风 ｜ 收件 2022 007" in row
    assert row.endswith(format_markdown(TABLE, range(1, 2)) + "\n")
    context = run(show, f"{TABLE.document}#3", "--context", 2, "--index", index)
    assert format_markdown(TABLE) in context
    assert "前言。" in context
    assert "街道 合计" not in context
    assert run(show, TABLE.id, "--index", index) == format_markdown(TABLE)


def test_show_in_other_formats(index: Path) -> None:
    """JSON has the whole table at its first shown row. The CSV of a table has its rows, and the format ids its id."""
    records = json.loads(run(show, TABLE.document, "--index", index, "--format", "json"))
    expected = json.loads(json.dumps(to_json(TABLE)))
    assert [record["table"] for record in records] == [None, expected, None, None, None]
    (record,) = json.loads(run(show, f"{TABLE.document}#3", "--index", index, "--format", "json"))
    assert record["table"] == expected
    assert json.loads(run(show, TABLE.id, "--index", index, "--format", "json")) == [expected]
    assert run(show, TABLE.id, "--index", index, "--format", "csv").startswith("街道,收件,\n,2022,2023\n")
    assert run(show, TABLE.id, "--index", index, "--format", "ids") == f"{TABLE.id}\n"


def test_a_missing_table_is_named(index: Path) -> None:
    """The error names the id that no record has."""
    missing = f"{TABLE.document}!2"
    result = CliRunner().invoke(show, [missing, "--index", str(index)], standalone_mode=False)
    assert result.return_value == 1
    assert f"no paragraph, document, table or measure {missing}" in result.output


def test_export_tables(index: Path, tmp_path: Path) -> None:
    """Tables are JSON Lines by default, and files with --output. If there are no tables, nothing is written."""
    assert json.loads(run(export, "tables", "--index", index)) == json.loads(json.dumps(to_json(TABLE)))
    nothing = CliRunner().invoke(export, ["tables", "--index", str(index), "--year", "1950"], standalone_mode=False)
    assert nothing.return_value == 1
    assert "no tables to export" in nothing.output
    run(export, "tables", "--index", index, "--format", "csv", "--output", tmp_path / "out")
    assert len(list((tmp_path / "out").iterdir())) == 2
    run(export, "tables", "--index", index, "--format", "csv", "--output", tmp_path / "none", "--year", "1950")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("tables", "--format", "csv"),
        ("tables", "--format", "tsv"),
        ("tables", "--format", "xlsx"),
        ("measures", "--format", "xlsx"),
    ],
)
def test_wrong_usage_of_output(arguments: tuple[str, ...], index: Path) -> None:
    """Tables in another format than JSON Lines need --output, and so do measures as a workbook."""
    with pytest.raises(UsageError, match="--output"):
        run(export, *arguments, "--index", index)
