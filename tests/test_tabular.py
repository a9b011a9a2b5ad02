"""Results in notebooks: HTML tables and data frames."""

from __future__ import annotations

import sys
from collections.abc import Callable
from html.parser import HTMLParser
from types import ModuleType
from typing import Any

import pytest

from searchkit.compare.table import Comparison
from searchkit.errors import SearchkitError, UsageError
from searchkit.index import Index
from searchkit.model import Cell, ExtractedMeasure, Measure, Table
from searchkit.tabular import Tabular, column_names

HOSTILE = "<script>alert(1)</script>立案3件"


class Tags(HTMLParser):
    """The tags and the text of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        """Keep the name of a tag."""
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        self.text += data


@pytest.fixture
def index(index_of: Callable[..., Index], report: Callable[..., Any]) -> Index:
    """An index of one report with two paragraphs: a hostile one, and one with a measure."""
    measure = ExtractedMeasure("立案", 5, "件", 5, "件", of_year=2023, start=2, end=6)
    texts = (HOSTILE, ("全年立案5件。", {"measures": (measure,)}))
    return index_of([report("a.txt", *texts, year=2023, region=("天津市", "东丽区"))])


def test_results_are_tables_of_escaped_text(index: Index) -> None:
    """Hits are rows with marked matches. Nothing of a report or a query is markup.

    Without hits, the table has only its head.
    """
    html = index.search(f"立案 {HOSTILE}", match="any")._repr_html_()
    page = Tags(html)
    assert page.tags.count("tr") == 3
    assert {*page.tags} == {"table", "caption", "thead", "tbody", "tr", "th", "td", "mark"}
    assert HOSTILE in page.text
    assert "<mark>立案</mark>" in html
    assert Tags(index.search("没有")._repr_html_()).tags.count("tr") == 1


def test_measures_and_comparisons(
    make_measure: Callable[..., Measure], make_table: Callable[..., Comparison], index: Index
) -> None:
    """The table of a comparison shows values and states, and that of a look-up shows its measures.

    A conflict in a comparison has a record for each of its values. All records have the same fields.
    """
    table = make_table(
        [
            make_measure("a#1", "立案", 129, "件"),
            make_measure("b#1", "立案", 130, "件"),
            make_measure("c#1", "立案", 1, "件", year=2022, region=("北京市",)),
        ]
    )
    text = Tags(table._repr_html_()).text
    assert "129 / 130 (conflict)" in text
    assert "(missing)" in text
    records = list(table._records())
    assert [record["value"] for record in records if record["state"] == "conflict"] == [129, 130]
    assert len({tuple(record) for record in records}) == 1
    assert "立案" in Tags(index.measures("立案")._repr_html_()).text


def test_tables_of_reports() -> None:
    """Columns have distinct names, also without headers or below headers of several rows.

    The text of a cell that covers two columns is in the first of them.
    """
    cell = Cell
    header = ((cell("年", row_span=2), cell("件数", col_span=2)), (cell("甲"), cell("甲")))
    rows = ((cell("2023"), cell("1"), cell("2"), cell("3")), (cell("2024", col_span=2), cell("<b>")))
    table = Table("a.txt", 1, None, header, rows, 1, 1)
    assert column_names(header, rows) == ["年", "件数 / 甲", "件数 / 甲 3", "4"]
    assert list(table._records()) == [
        {"年": "2023", "件数 / 甲": "1", "件数 / 甲 3": "2", "4": "3"},
        {"年": "2024", "件数 / 甲": "", "件数 / 甲 3": "<b>", "4": ""},
    ]
    assert "&lt;b&gt;" in table._repr_html_()


@pytest.mark.parametrize(
    ("headers", "names"),
    [
        (("3", "年", ""), ["3", "年", "3 3"]),
        (("甲", "甲 3", "甲"), ["甲", "甲 3", "甲 3 3"]),
    ],
)
def test_a_header_that_looks_like_a_numbered_name_does_not_hide_a_column(
    headers: tuple[str, ...], names: list[str]
) -> None:
    """If a header equals the name that another column would get, each column still has a name of its own."""
    table = Table("a.txt", 1, None, (tuple(map(Cell, headers)),), ((Cell("1"), Cell("2"), Cell("3")),), 0, 1)
    assert column_names(table.header, table.rows) == names
    assert list(table._records()) == [dict(zip(names, ["1", "2", "3"], strict=True))]


def test_frames_are_of_the_library_that_is_installed(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pandas takes precedence over polars. If neither is installed, the error says what to install."""
    results = index.search("立案")
    with pytest.raises(UsageError, match="pandas or polars"):
        results.to_frame("numpy")
    installed: dict[str, ModuleType] = {}
    for name in ("pandas", "polars"):
        installed[name] = ModuleType(name)
        installed[name].DataFrame = lambda records, name=name, **_options: (name, records)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, installed[name])
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name in installed)
    assert results.to_frame()[0] == "pandas"
    library, records = results.to_frame("polars")
    assert library == "polars"
    assert [record["id"] for record in records] == [hit.id for hit in results.hits]
    del installed["pandas"]
    assert results.to_frame()[0] == "polars"
    installed.clear()
    with pytest.raises(SearchkitError, match="pip install pandas"):
        results.to_frame()


def test_a_frame_without_rows_has_its_columns(
    index: Index, make_table: Callable[..., Comparison], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The columns are those of the records of other results of the same kind."""
    frames = ModuleType("pandas")
    frames.DataFrame = lambda data: data  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pandas", frames)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: True)
    header = ((Cell("年"), Cell("件数")),)
    for full, empty in (
        (index.search("立案"), index.search("没有")),
        (index.measures("立案"), index.measures("没有")),
        (index.measures("立案", aggregate="sum", by="year"), index.measures("没有", aggregate="sum", by="year")),
        (index.compare("立案"), make_table([])),
        (Table("a.txt", 1, None, header, header, 0, 1), Table("a.txt", 1, None, header, (), 0, 1)),
    ):
        assert [*full._columns()] == [*full.to_frame()[0]]
        assert empty.to_frame() == {name: [] for name in empty._columns()}


def test_a_long_table_is_cut() -> None:
    """A notebook shows 200 rows, and says how many there are beside them."""
    rows = tuple((Cell(str(number)),) for number in range(203))
    page = Tags(Table("a.txt", 1, None, (), rows, 0, 1)._repr_html_())
    assert page.tags.count("tr") == 201
    assert page.text.endswith("199… and 3 more rows; to_frame() has all")
    assert "more rows" not in Table("a.txt", 1, None, (), rows[:200], 0, 1)._repr_html_()


def test_an_aggregate_of_nothing_shows_nothing(index: Index) -> None:
    """A number that does not exist is an empty cell."""
    assert "None" not in index.measures("没有", aggregate="sum")._repr_html_()


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_types_of_columns_do_not_depend_on_the_first_records(library: str) -> None:
    """A column that is empty in the first hundred records can have numbers in later ones, of several types."""
    pytest.importorskip(library, reason=f"{library} is not installed")

    class Numbers(Tabular):
        """Records of which only the last two have a value."""

        def _records(self) -> list[dict[str, object]]:
            return [{"value": value} for value in (*[None] * 200, 3, 0.5)]

    assert Numbers().to_frame(library)["value"].to_list()[-2:] == [3, 0.5]


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_real_frames(index: Index, library: str) -> None:
    """A frame has a row for each record and a column for each field."""
    pytest.importorskip(library, reason=f"{library} is not installed")
    for results in (index.search("立案"), index.measures("立案"), index.compare("立案")):
        frame = results.to_frame(library)
        records = list(results._records())
        assert frame.shape == (len(records), len(records[0]))
