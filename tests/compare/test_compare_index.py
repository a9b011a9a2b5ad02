"""Comparisons and audits of an index, with every engine and from the command line."""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from searchkit.cli import main as cli
from searchkit.corpus.reading import ParsedDocument
from searchkit.errors import UnknownFacet, UsageError
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, write_index
from searchkit.model import Document, ExtractedMeasure, Measure, Paragraph
from searchkit.search.lookup import MeasureRanking

BINHAI, DONGLI, LINHAI = ("天津市", "滨海新区"), ("天津市", "东丽区"), ("浙江省", "台州市", "临海市")


def report(name: str, *stated: tuple[str, float, str], **fields: Any) -> ParsedDocument:  # noqa: ANN401
    """Return a report with a paragraph for each measure (indicator, value, unit)."""
    paragraphs, measures = [], []
    for n, (indicator, value, unit) in enumerate(stated, 1):
        text = f"全年{indicator}{value}{unit}。"
        paragraphs.append(Paragraph(f"{name}#{n}", name, n, text, **fields))
        measures.append((ExtractedMeasure(indicator, value, unit, value, unit, start=2, end=len(text) - 1),))
    document = Document(name, **fields, paragraphs=len(stated), measures=len(stated))
    return ParsedDocument(document, tuple(paragraphs), measures=tuple(measures))


def reports() -> list[ParsedDocument]:
    """Return reports of three districts.

    Two reports of one body contradict each other. The report of 临海市 has no measure of 立案.
    """
    body = {"agency": "卫生健康委员会", "doctype": "法治政府建设年度报告"}
    return [
        report("a.txt", ("立案", 129, "件"), ("监督检查", 5980, "户次"), year=2023, region=BINHAI, **body),
        report("b.txt", ("立案", 130, "件"), year=2023, region=BINHAI, **body),
        report("c.txt", ("立案", 7, "起"), ("办结", 6, "起"), year=2022, region=DONGLI, **body),
        report("d.txt", ("监督检查", 2125, "户次"), year=2022, region=LINHAI, **body),
    ]


@pytest.fixture(scope="module")
def index(index_of: Callable[..., Index]) -> Index:
    """An index of the reports."""
    return index_of(reports())


def test_a_comparison_of_an_index_has_a_state_per_cell(index: Index) -> None:
    """Measures of the index fill the cells. An empty cell with a report is silent, one without a report missing."""
    table = index.compare("立案")
    cells = {(cell.row, cell.col): (cell.state, [item.value for item in cell.values]) for cell in table.cells()}
    assert (table.indicator, table.unit, table.relaxed) == ("立案", "件", False)
    assert cells == {
        ("滨海新区", 2022): ("missing", []),
        ("滨海新区", 2023): ("conflict", [129, 130]),
        ("东丽区", 2022): ("value", [7]),
        ("东丽区", 2023): ("missing", []),
        ("临海市", 2022): ("silent", []),
        ("临海市", 2023): ("missing", []),
    }
    measure = table.cell("东丽区", 2022).values[0].first
    assert index.measures_of([measure.paragraph]) == [(measure,)]


def test_the_page_size_does_not_change_a_table(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is the same if the first page of measures that is read has only one measure."""
    expected = index.compare("立案")
    monkeypatch.setattr("searchkit.search.choosing._FIRST_PAGE_SIZE", 1)
    assert index.compare("立案") == expected
    assert expected.filled


def test_scores_below_zero_do_not_remove_measures(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """A measure with a score below 0 stays in its cell, even if the best score is close to 0."""
    expected = index.compare("立案")
    scored = MeasureRanking.page

    def page(ranking: MeasureRanking, offset: int, limit: int | None) -> list[tuple[Measure, float]]:
        return [
            (measure, 0.001 if rank == 0 else -0.1) for rank, (measure, _) in enumerate(scored(ranking, offset, limit))
        ]

    monkeypatch.setattr(MeasureRanking, "page", page)
    assert index.compare("立案").filled == expected.filled


def test_filters_select_rows_and_units_select_measures(index: Index) -> None:
    """Filters select rows and columns, including those without a measure. A unit selects measures."""
    table = index.compare("立案", district="天津市", year="2022..2023", unit="起")
    assert table.rows == ("滨海新区", "东丽区")
    assert [cell.state for cell in table.cells()] == ["missing", "silent", "value", "missing"]
    assert index.compare("立案", where={"agency": "司法局"}).rows == ()


@pytest.mark.parametrize("name", ["section", "topic"])
def test_filters_of_paragraphs_do_not_select_reports(index: Index, name: str) -> None:
    """A filter by section or topic selects measures, not reports: a report without such a measure is silent."""
    table = index.compare("立案", where={name: "成效"})
    assert name != "section" or table == index.compare("立案", section="成效")
    states = {(cell.row, cell.col): cell.state for cell in table.cells()}
    assert states["滨海新区", 2023] == states["东丽区", 2022] == states["临海市", 2022] == "silent"


def test_a_table_has_at_most_max_cells(index: Index) -> None:
    """The rows with the fewest values are left out, then the first columns, and a note says so."""
    table = index.compare("立案")
    assert index.compare("立案", max_cells=len(table.rows) * len(table.cols)) == table
    rows = index.compare("立案", max_cells=3)
    counts = {row: sum((row, col) in table.filled for col in table.cols) for row in table.rows}
    assert (len(rows.rows), rows.cols) == (3 // len(table.cols), table.cols)
    assert counts[rows.rows[0]] == max(counts.values())
    assert rows.notes[-1] == f"only {len(rows.rows)} of {len(table.rows)} rows are shown: at most 3 cells"
    one = index.compare("立案", max_cells=1)
    assert (len(one.rows), one.cols, len(list(one.cells()))) == (1, table.cols[-1:], 1)
    assert "columns are shown" in one.notes[-1]
    with pytest.raises(UsageError, match="max_cells must be a whole number, 1 or more, not 0"):
        index.compare("立案", max_cells=0)


@pytest.fixture(scope="module")
def dated(index_of: Callable[..., Index]) -> Index:
    """An index of a report of 2024 with a measure of 2023, and of a report of 2023 with a measure without a year."""
    late, early = (
        report(name, ("立案", n, "件"), year=year, region=BINHAI) for name, n, year in (("a", 9, 2024), ("b", 7, 2023))
    )
    assert late.measures
    of_2023 = tuple(tuple(replace(item, of_year=2023) for item in items) for items in late.measures)
    return index_of([replace(late, measures=of_2023), early])


def test_years_of_measures_select_measures_and_columns(dated: Index) -> None:
    """Columns are years of measures. A cell has the value of the report on its year, `revised` that of a later one."""
    table = dated.compare("立案")
    assert table.cols == (2023, 2024)
    cell = table.cell("滨海新区", 2023)
    assert (cell.state, [item.value for item in cell.values], [item.value for item in cell.revised]) == (
        "value",
        [7],
        [9],
    )
    for one_year in (dated.compare("立案", of_year=2023), dated.compare("2023年立案")):
        assert (one_year.cols, one_year.cell("滨海新区", 2023)) == ((2023,), cell)
    assert [item.state for item in dated.compare("立案", of_year=2024).cells()] == ["silent"]


def test_a_selected_year_without_a_report_is_missing(index: Index) -> None:
    """A report on a year that is not shown makes no cell silent: 滨海新区 reports on 2023 only."""
    cells = {(cell.row, cell.col): cell.state for cell in index.compare("立案", of_year=2022).cells()}
    assert cells == {("滨海新区", 2022): "missing", ("东丽区", 2022): "value", ("临海市", 2022): "silent"}


@pytest.mark.parametrize("cols", ["agency", "doctype", "year"])
def test_selected_years_select_the_measures_of_every_axis(index: Index, cols: str) -> None:
    """Cells have only measures of the years that a filter or the query selects, also if no axis is of_year."""
    for table in (index.compare("立案", cols=cols, of_year=2022), index.compare("2022年立案", cols=cols)):
        assert table.rows == ("滨海新区", "东丽区", "临海市")
        shown = [(cell.row, [value.value for value in cell.values]) for cell in table.cells() if cell.values]
        assert shown == [("东丽区", [7])]
        assert {cell.state for cell in table.cells() if cell.row == "滨海新区"} == {"missing"}


def test_years_of_reports_select_reports(dated: Index) -> None:
    """`year` is the year of the report, as a filter and as an axis."""
    filled = dated.compare("立案", year=2024, of_year=2023).cell("滨海新区", 2023).values
    assert [(item.value, item.origin) for item in filled] == [(9, "other_report")]
    by_report = dated.compare("立案", cols="year")
    assert [(item.value, item.of_year) for item in by_report.cell("滨海新区", 2024).values] == [(9, 2023)]


def test_rows_and_columns_must_be_different_existing_facets(index: Index) -> None:
    """The same facet twice, at any depth, an unknown facet or option, and a wrong value of an option raise an error."""
    with pytest.raises(UsageError, match="both by district"):
        index.compare("立案", rows="district:1", cols="district:2")
    with pytest.raises(UnknownFacet, match="cluster"):
        index.compare("立案", rows="cluster")
    with pytest.raises(UsageError, match="against"):
        index.compare("立案", against="plan")
    with pytest.raises(UsageError, match="names of facets"):
        index.compare("立案", rows=5)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no option 'sort'"):
        index.compare("立案", sort="value")


@pytest.mark.parametrize("query", ["", "*", "2023年", "滨海新区", "district:滨海新区"])
def test_a_query_must_name_a_measure(index: Index, query: str) -> None:
    """A query without a word for what is counted raises an error, instead of a table of an arbitrary indicator."""
    with pytest.raises(UsageError, match="names no measure"):
        index.compare(query)


def test_an_empty_table_tells_why(index: Index) -> None:
    """A note counts the measures that fill no cell, and a suggestion drops a condition."""
    assert "match, but" in index.compare("立案", status="target").notes[0]
    (suggestion,) = index.compare("立案", unit="万元").suggestions
    assert (suggestion.kind, suggestion.text, suggestion.total) == ("drop_filter", "unit:万元", 3)
    assert index.compare("立案").notes == ()
    with pytest.raises(UsageError, match="status"):
        index.compare("立案", status="plan")


def test_an_audit_finds_contradictions_within_the_filters(index: Index) -> None:
    """The contradiction of two reports is found, unless the filters exclude them."""
    (found,) = index.audit()
    assert (found.kind, found.ids) == ("conflict", ("a.txt#1@2", "b.txt#1@2"))
    assert list(index.audit(district="东丽区")) == list(index.audit(of_year=2022)) == []
    assert list(index.audit(of_year=2023)) == [found]


@dataclass(frozen=True)
class CommandResult:
    """Exit status and output of a command."""

    status: int
    out: str
    err: str


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> Callable[..., CommandResult]:
    """`run(*arguments)`: run a command on the index of the reports."""

    def run(*arguments: object) -> CommandResult:
        monkeypatch.setattr(sys, "argv", ["searchkit", *map(str, arguments), "--index", str(folder)])
        with pytest.raises(SystemExit) as exit_info:
            cli.main()
        out, err = capsys.readouterr()
        return CommandResult(int(exit_info.value.code or 0), out, err)

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of an index of the reports."""
    path = tmp_path_factory.mktemp("compared") / "index"
    path.mkdir()
    write_index(reports(), path, BuildOptions())
    return path


def test_compare_prints_a_table_csv_or_json(run: Callable[..., CommandResult]) -> None:
    """The table, CSV and JSON have the values of the cells. The exit status is 0."""
    table = run("compare", "立案")
    assert (table.status, table.err) == (0, "")
    assert "129 [1] ≠ 130 [2]" in table.out
    assert "█" not in table.out  # bars are only for terminals
    rows = list(csv.DictReader(io.StringIO(run("compare", "立案", "--format", "csv").out)))
    assert [row["value"] for row in rows if row["state"] == "conflict"] == ["129", "130"]
    data = json.loads(run("compare", "立案", "--format", "json", "--rows", "of_year", "--cols", "district").out)
    assert (data["rows"]["facet"], data["cols"]["values"]) == ("of_year", ["滨海新区", "东丽区", "临海市"])
    assert {cell["state"] for cell in data["cells"]} == {"conflict", "value", "silent", "missing"}


def test_compare_without_a_match_exits_with_status_1(run: Callable[..., CommandResult]) -> None:
    """If no measure matches, the exit status is 1. The output in JSON is still an object."""
    assert run("compare", "没有这种东西").status == 1
    done = run("compare", "没有这种东西", "--format", "json")
    assert (done.status, json.loads(done.out)["indicator"]) == (1, None)


def test_compare_tells_why_nothing_is_found(run: Callable[..., CommandResult]) -> None:
    """The reason is in the table or, with other formats, on standard error."""
    arguments = ("compare", "立案", "--of-year", "2050")
    assert "or are of other years" in run(*arguments).out
    done = run(*arguments, "--format", "csv")
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "or are of other years" in done.err


def test_compare_writes_files(run: Callable[..., CommandResult], tmp_path: Path) -> None:
    """`--output` writes what would be printed. A .csv file begins with the byte order mark that Excel needs."""
    done = run("compare", "立案", "--format", "csv", "--output", tmp_path / "a.csv")
    assert (done.status, done.out) == (0, "")
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "\ufeff" + run("compare", "立案", "--format", "csv").out
    pytest.importorskip("xlsxwriter", reason="the extra xlsx is not installed")
    assert run("compare", "立案", "--format", "xlsx", "--output", tmp_path / "a.xlsx").status == 0
    assert run("compare", "立案", "--output", tmp_path / "b.xlsx").status == 0
    assert all((tmp_path / name).read_bytes().startswith(b"PK") for name in ("a.xlsx", "b.xlsx"))


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--format", "xlsx"], 2, "--output"),
        (["--chart", "a.pdf"], 2, ".svg"),
        (["--rows", "of_year"], 2, "both by of_year"),
        (["--output", "no/such/folder/a.csv", "--format", "csv"], 3, "cannot be written"),
        (["--output", "no/such/folder/a.xlsx", "--format", "xlsx"], 3, ""),
    ],
)
def test_compare_reports_errors_in_one_line(
    run: Callable[..., CommandResult], arguments: list[str], status: int, message: str
) -> None:
    """An error is one line on standard error. The exit status is 2 for wrong usage, 3 if a file cannot be written."""
    done = run("compare", "立案", *arguments)
    assert (done.status, done.out, done.err.count("\n")) == (status, "", 1)
    assert message in done.err


@pytest.mark.parametrize(
    ("library", "arguments"),
    [
        ("matplotlib.figure", ["--chart", "a.svg"]),
        ("xlsxwriter", ["--format", "xlsx", "--output", "a.xlsx"]),
    ],
)
def test_a_missing_extra_is_named(
    run: Callable[..., CommandResult],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    library: str,
    arguments: list[str],
) -> None:
    """If the library of an option is missing, the error names the extra to install. The exit status is 3."""
    monkeypatch.setitem(sys.modules, library, None)
    monkeypatch.chdir(tmp_path)
    done = run("compare", "立案", *arguments)
    assert (done.status, done.err.count("\n")) == (3, 1)
    assert "pip install " in done.err


def test_measures_are_audited_from_the_command_line(run: Callable[..., CommandResult], tmp_path: Path) -> None:
    """As a table, the output has counts, and the findings with their sentences. Other formats have only the findings.

    Without findings, the exit status is 1.
    """
    table = run("measures", "--audit")
    assert table.status == 0
    lines = table.out.splitlines()
    assert lines[0] == "1 finding: conflict 1"
    assert lines[2].startswith("conflict  滨海新区 2023: ")
    assert lines[3:5] == [f"{'':10}“全年立案129件”", f"{'':10}“全年立案130件”"]
    (found,) = map(json.loads, run("measures", "--audit", "--format", "jsonl").out.splitlines())
    assert (found["ids"], found["values"]) == (["a.txt#1@2", "b.txt#1@2"], [129, 130])
    assert json.loads(run("measures", "--audit", "--format", "json").out) == [found]
    file = tmp_path / "findings.csv"
    assert run("measures", "--audit", "--format", "csv", "--output", str(file)).out == ""
    (row,) = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig")))
    assert row["sentences"] == "全年立案129件 / 全年立案130件"
    assert run("measures", "--audit", "--district", "东丽区").status == 1


def test_an_audit_is_written_to_a_workbook(run: Callable[..., CommandResult], tmp_path: Path) -> None:
    """A file that ends with .xlsx has a sheet with the counts and one with the findings."""
    pytest.importorskip("xlsxwriter")
    file = tmp_path / "findings.xlsx"
    assert run("measures", "--audit", "--output", str(file)).status == 0
    with zipfile.ZipFile(file) as archive:
        assert {"xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"} <= set(archive.namelist())
        assert "全年立案129件" in archive.read("xl/sharedStrings.xml").decode()
