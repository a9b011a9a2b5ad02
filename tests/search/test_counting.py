"""Counts of facet values under a query, the selection of values, and the number of documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from searchkit.corpus.reading import ParsedDocument
from searchkit.errors import UnknownFacet, UsageError
from searchkit.index import Index
from searchkit.query.facets import FacetValue
from searchkit.search.results import Results

FUZHOU, XIAMEN = ("福建省", "福州市", "鼓楼区"), ("福建省", "厦门市", "思明区")
NANJING = ("江苏省", "南京市", "鼓楼区")


@pytest.fixture(scope="session")
def index(index_of: Callable[..., Index], report: Callable[..., ParsedDocument]) -> Index:
    """An open index of four reports from three cities."""
    return index_of(
        [
            report("a.txt", "执法检查。", "普法宣传。", "执法培训。", region=FUZHOU, year=2023),
            report("b.txt", "执法立案。", region=FUZHOU, year=2022),
            report("c.txt", "检查立案。", "普法检查。", region=XIAMEN, year=2022),
            report("d.txt", "普法立案。", region=NANJING, year=2021),
        ]
    )


def counts(index: Index, name: str, **arguments: Any) -> tuple[list[tuple[str | int, int]], int]:  # noqa: ANN401
    """Return the values of a facet with their counts, and the sum of the counts of the values that `limit` cuts."""
    facet = index.facets(name, **arguments)[name]
    return [(item.value, item.count) for item in facet.values], facet.other


def test_values_are_counted_under_a_query(index: Index) -> None:
    """Only paragraphs that the search finds are counted, under all filters except those on the facet itself."""
    assert counts(index, "year", query="执法") == ([(2022, 1), (2023, 2)], 0)
    assert counts(index, "year", query="执法", year=2023) == ([(2022, 1), (2023, 2)], 0)
    assert counts(index, "year", query="立案", district="福建省") == ([(2022, 2)], 0)
    assert counts(index, "year", query="福建省立案") == ([(2022, 2)], 0)
    assert counts(index, "year", query="福建省立案", literal=True)[0] != [(2022, 2)]
    assert counts(index, "year", query="执法 量子") == ([(2022, 1), (2023, 2)], 0)
    assert index.facets("year", query="量子")["year"].values == ()


def test_a_filter_value_of_a_partial_match_is_not_noted(index: Index) -> None:
    """No note says that a filter value has no hit if a listed paragraph with only some of the words has the value.

    With `beyond=False`, such a paragraph is not listed, and the note is there.
    """
    districts = ["福州市", "厦门市"]
    assert index.search("执法 立案", district=districts).notes == ()
    assert index.search("执法 立案", district=districts, beyond=False).notes == ("district 厦门市 has no hit",)


def test_values_are_selected(index: Index) -> None:
    """`contains` selects values by a text, `within` by a place, `limit` by number. `other` counts what `limit` cuts.

    A value that a filter selects is returned in addition to the `limit` values.
    """
    assert counts(index, "district", contains="明") == ([("思明区", 2)], 0)
    assert counts(index, "district", contains="鼓樓") == ([("鼓楼区", 5)], 0)
    cities = [("福建省/福州市", 4), ("福建省/厦门市", 2)]
    assert counts(index, "district:2", within="福建") == (cities, 0)
    assert counts(index, "district:2", within="福建省", limit=1) == (cities[:1], 2)
    assert counts(index, "district:3", within="福建省/福州市", contains="鼓") == ([("福建省/福州市/鼓楼区", 4)], 0)
    assert counts(index, "district:2", within="福建省", query="普法") == (
        [("福建省/厦门市", 1), ("福建省/福州市", 1)],
        0,
    )
    assert counts(index, "year", limit=1) == ([(2022, 3)], 4)
    facet = index.facets("year", limit=1, year=2021)["year"]
    assert facet.values == (FacetValue(2021, 1, True, 1, 1), FacetValue(2022, 3, False, 2, 2))  # noqa: FBT003
    assert counts(index, "year", limit=0) == ([], 7)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("district", {"within": "福建省"}, "within goes with district:1"),
        ("year", {"within": "福建省"}, "within goes with district:1"),
        ("district:1", {"within": "火星"}, "no district 火星"),
        ("district:1", {"within": 1}, "within must be a place"),
        ("year", {"limit": -1}, "limit must be a whole number"),
        ("year", {"contains": 2}, "contains must be a text"),
        ("year", {"query": 2}, "the query must be a text"),
    ],
)
def test_invalid_conditions(index: Index, name: str, arguments: dict[str, Any], message: str) -> None:
    """An invalid condition is a UsageError. If the facet is unknown, too, that is reported first."""
    with pytest.raises(UsageError, match=message):
        index.facets(name, **arguments)
    with pytest.raises(UnknownFacet):
        index.facets("colour", **arguments)


@pytest.mark.parametrize("query", ["执法", "立案", "检查 OR 普法", "量子", "*"])
def test_documents_are_counted_without_grouping(index: Index, query: str) -> None:
    """`count_documents` counts the documents of the total, as grouping does, and changes nothing else."""
    plain, counted = (index.search(query, count_documents=flag, limit=2) for flag in (False, True))
    assert (plain.documents, counted.documents) == (None, index.search(query, group="document").documents)

    def without_count(results: Results) -> list[object]:
        """Return the parts of results that must be equal."""
        return [results.total, results.hits, results.next, results.is_grouped]

    assert without_count(plain) == without_count(counted)


def test_coverage_under_a_query(index: Index) -> None:
    """Only documents with a paragraph that the query finds are counted, in cells and in total."""
    coverage = index.coverage("district", "year", query="执法")
    assert [(cell.row, cell.col, cell.documents, cell.paragraphs) for cell in coverage.cells] == [
        ("鼓楼区", 2022, 1, 1),
        ("鼓楼区", 2023, 1, 2),
    ]
    assert coverage.documents == 2
    assert index.coverage("district", "year", query="量子").cells == ()
