"""Coverage: the numbers of reports by two facets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from searchkit.compare.coverage import MAX_CELLS, CoverageCell
from searchkit.corpus.reading import ParsedDocument
from searchkit.errors import UnknownFacet, UsageError
from searchkit.index import Index
from searchkit.model import Paragraph
from searchkit.query.facets import Facet, facet_values

Report = Callable[..., ParsedDocument]


def reports(report: Report) -> list[ParsedDocument]:
    """Return documents of several places and years. Some have no place, year, body or user-defined facet."""
    regions = [("福建省", "福州市", "鼓楼区"), ("江苏省", "南京市", "鼓楼区"), ("天津市", "东丽区"), ("福建省",), ()]
    years = [2021, 2022, 2022, 2023, None]
    texts = [
        ("执法", {"section": "成效", "topics": ("行政执法", "普法宣传"), "of_year": (2021, 2022)}),
        ("普法", {"section": "问题", "topics": ("普法宣传",), "of_year": (2022,)}),
        ("计划", {"section": "计划"}),
    ]
    return [
        report(
            f"{n:02}.txt",
            *texts[: 1 + n % 3],
            region=regions[n % 5],
            year=years[n // 2 % 5],
            agency=["司法局", None][n % 2],
            facets={"batch": f"第{n % 4}批"} if n % 3 else {},
        )
        for n in range(25)
    ]


@pytest.fixture(scope="module")
def index(index_of: Callable[..., Index], report: Report) -> Index:
    """An index of the reports."""
    return index_of(reports(report))


def recount(paragraphs: list[Paragraph], rows: str, cols: str) -> dict[tuple[str, str], tuple[int, int]]:
    """Return the numbers of documents and paragraphs by the values of two facets.

    A value of `district` is the complete region, such as 福建省/福州市/鼓楼区.
    """
    pairs: dict[tuple[str, str], list[str]] = {}
    for paragraph in paragraphs:
        values = [
            ["/".join(paragraph.region)] * bool(paragraph.region)
            if name == "district"
            else facet_values(paragraph, Facet.parse(name))
            for name in (rows, cols)
        ]
        for row in values[0]:
            for col in values[1]:
                pairs.setdefault((row, col), []).append(paragraph.document)
    return {pair: (len(set(documents)), len(documents)) for pair, documents in pairs.items()}


@pytest.mark.parametrize(
    ("rows", "cols"),
    [
        ("district", "year"),
        ("year", "district"),
        ("district:1", "section"),
        ("topic", "of_year"),
        ("section", "topic"),
        ("agency", "batch"),
        ("document", "year"),
    ],
)
@pytest.mark.parametrize("filters", [{}, {"year": "2022.."}, {"section": "成效", "district": "福建省"}])
def test_coverage_equals_a_recount(index: Index, rows: str, cols: str, filters: dict[str, Any]) -> None:
    """Each cell has its numbers of documents and paragraphs, whatever the filters are.

    A document that is in no cell, because a value is missing, is counted as unplaced.
    """
    coverage = index.coverage(rows, cols, **filters)
    paragraphs = list(index.paragraphs(**filters))
    expected = recount(paragraphs, rows, cols)
    labels = {str(cell.row): cell.row for cell in coverage.cells}
    names = [label_of(name, {pair[n] for pair in expected}) for n, name in enumerate((rows, cols))]
    named = {(names[0][row], names[1][col]): numbers for (row, col), numbers in expected.items()}
    actual = {(str(cell.row), str(cell.col)): (cell.documents, cell.paragraphs) for cell in coverage.cells}
    assert {pair: numbers for pair, numbers in actual.items() if numbers != (0, 0)} == named
    assert [*labels.values()] == [*coverage.rows]
    assert len(coverage.cells) == len(actual) == len(coverage.rows) * len(coverage.cols)
    assert (coverage.rows_by, coverage.cols_by) == (rows, cols)
    assert coverage.documents == len({paragraph.document for paragraph in paragraphs})
    placed = {paragraph.document for paragraph in paragraphs if recount([paragraph], rows, cols)}
    assert coverage.unplaced == coverage.documents - len(placed)


def label_of(name: str, values: set[str]) -> dict[str, str]:
    """Return the label of each value of a facet.

    The label of a region is its last element, which has three characters here, unless another region has the same last
    element. Every other label is the value.
    """
    last = [value.rpartition("/")[2] for value in values]
    is_place = name.startswith("district")
    return {value: value[-3:] if is_place and last.count(value[-3:]) == 1 else value for value in values}


def test_rows_and_columns_are_in_order(index: Index) -> None:
    """Places of a province are together, years ascend, and there is a cell for a place and year without a report."""
    coverage = index.coverage()
    assert coverage.cols == (2021, 2022, 2023)
    assert coverage.rows == ("东丽区", "江苏省/南京市/鼓楼区", "福建省", "福建省/福州市/鼓楼区")
    assert CoverageCell("东丽区", 2021, 0, 0) in coverage.cells


def test_an_empty_selection_has_no_cells(index: Index) -> None:
    """If no paragraph passes the filters, there are no rows and columns."""
    coverage = index.coverage(year=1999)
    assert (coverage.rows, coverage.cols, coverage.cells) == ((), (), ())
    assert (coverage.documents, coverage.unplaced) == (0, 0)


def test_bad_facets_are_refused(index: Index) -> None:
    """The facets must exist, differ, and have a valid depth."""
    with pytest.raises(UnknownFacet):
        index.coverage("nowhere", "year")
    for rows, cols in (("year", "year"), ("district:1", "district"), ("district:9", "year")):
        with pytest.raises(UsageError):
            index.coverage(rows, cols)


def test_a_coverage_of_too_many_cells_is_refused(index_of: Callable[..., Index], report: Report) -> None:
    """The number of cells is limited, because most of them would be empty."""
    size = int(MAX_CELLS**0.5) + 1
    index = index_of([report(f"{n}.txt", "执法", facets={"a": f"{n}", "b": f"{n}"}) for n in range(size)])
    with pytest.raises(UsageError, match="cells"):
        index.coverage("a", "b")
