"""Facets: parsing, values of a paragraph, filters, and the order of counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.errors import UsageError
from searchkit.model import ExtractedMeasure, Measure, Paragraph
from searchkit.names import BUILT_IN_FACETS, MAX_FACET_VALUES
from searchkit.query.facets import (
    Facet,
    FacetCounter,
    FacetCounts,
    FacetValue,
    Filter,
    facet_values,
    selected_values,
    year_of_measure,
)

FULL = Paragraph(
    "a/b.txt#3",
    "a/b.txt",
    3,
    "开展检查。",
    section="成效",
    topics=("行政执法", "普法宣传"),
    of_year=(2021, 2022),
    title="报告",
    year=2023,
    agency="司法局",
    region=("福建省", "福州市", "鼓楼区"),
    doctype="年度报告",
    facets={"batch": "第一批"},
)
BARE = Paragraph("c.txt#1", "c.txt", 1, "开展检查。")


@pytest.mark.parametrize("name", [*BUILT_IN_FACETS, "batch"])
def test_a_facet_without_depth_is_parsed(name: str) -> None:
    """The name of a facet is parsed to this facet, which prints as its name."""
    assert Facet.parse(name) == Facet(name)
    assert str(Facet.parse(name)) == name


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_a_facet_with_depth_is_parsed(depth: int) -> None:
    """District can have a depth of 1 to 4."""
    facet = Facet.parse(f"district:{depth}")
    assert facet == Facet("district", depth)
    assert str(facet) == f"district:{depth}"


@pytest.mark.parametrize(
    "text", ["district:0", "district:5", "district:", "district:x", "district:1:2", "district:-1", "year:1"]
)
def test_an_invalid_depth_is_an_error(text: str) -> None:
    """Any other depth, or a depth of another facet, is a UsageError. The message is one line with the argument."""
    with pytest.raises(UsageError, match="depth of 1 to 4") as caught:
        Facet.parse(text)
    assert repr(text) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("facet", "values"),
    [
        ("district", ("鼓楼区",)),
        ("district:1", ("福建省",)),
        ("district:2", ("福建省/福州市",)),
        ("district:3", ("福建省/福州市/鼓楼区",)),
        ("district:4", ("福建省/福州市/鼓楼区",)),
        ("year", ("2023",)),
        ("of_year", ("2021", "2022")),
        ("agency", ("司法局",)),
        ("topic", ("行政执法", "普法宣传")),
        ("section", ("成效",)),
        ("doctype", ("年度报告",)),
        ("document", ("a/b.txt",)),
        ("batch", ("第一批",)),
        ("nothing", ()),
    ],
)
def test_values_of_a_paragraph(facet: str, values: tuple[str, ...]) -> None:
    """The values of a facet are the values of the field, as strings. Topic and of_year can have several.

    With a depth, the value of district is a path.
    """
    assert facet_values(FULL, Facet.parse(facet)) == values


@pytest.mark.parametrize("facet", ["district", "district:1", "year", "of_year", "agency", "topic", "doctype", "batch"])
def test_a_paragraph_without_a_value(facet: str) -> None:
    """A field that is None or empty has no values."""
    assert facet_values(BARE, Facet.parse(facet)) == ()


@pytest.mark.parametrize(
    ("item", "admitted"),
    [
        (Filter("district", ("鼓楼区",)), True),
        (Filter("district", ("福州市",)), True),
        (Filter("district", ("福建省",)), True),
        (Filter("district", ("福建省/福州市/鼓楼区",)), True),
        (Filter("district", ("福州市/鼓楼区",)), True),
        (Filter("district", ("福建省/福州市",)), True),
        (Filter("district", ("福建省/鼓楼区",)), False),
        (Filter("district", ("江苏省/南京市/鼓楼区",)), False),
        (Filter("district", ("鼓楼",)), False),
        (Filter("district", ("/",)), False),
        (Filter("district", ("",)), False),
        (Filter("district", ("东丽区", "福州市")), True),
        (Filter("year", ("2023",)), True),
        (Filter("year", ranges=((2023, 2023),)), True),
        (Filter("year", ranges=((2020, 2023),)), True),
        (Filter("year", ranges=((2023, 2030),)), True),
        (Filter("year", ranges=((2020, 2022), (2024, 2030))), False),
        (Filter("year", ranges=((2020, 2021), (2022, 2024))), True),
        (Filter("of_year", ranges=((2022, 2022),)), True),
        (Filter("of_year", ranges=((2020, 2021),)), True),
        (Filter("of_year", ranges=((2023, 9999),)), False),
        (Filter("of_year", ("2021",)), True),
        (Filter("topic", ("普法宣传",)), True),
        (Filter("topic", ("普法",)), False),
        (Filter("agency", ("人民政府", "司法局")), True),
        (Filter("section", ("问题",)), False),
        (Filter("document", ("a/b.txt",)), True),
        (Filter("batch", ("第一批",)), True),
        (Filter("batch", ("第二批",)), False),
        (Filter("batch", ()), False),
    ],
    ids=str,
)
def test_paragraphs_that_pass_a_filter(item: Filter, admitted: bool) -> None:  # noqa: FBT001 - expected result
    """A paragraph passes if it has one of the values, or a number in one of the ranges, with inclusive ends.

    A value of district may be any consecutive levels of the region: 福州市, 福州市/鼓楼区.
    """
    assert item.admits(FULL) is admitted


@pytest.mark.parametrize("name", ["district", "year", "of_year", "agency", "topic", "doctype", "batch"])
def test_a_paragraph_without_a_value_passes_no_filter(name: str) -> None:
    """Values such as `None` or an empty string do not match a missing value."""
    assert not Filter(name, ("None", "", "一"), ranges=((0, 9999),)).admits(BARE)


@pytest.mark.parametrize(
    ("of_year", "year", "selected", "admitted"),
    [
        (2022, 2024, 2022, True),
        (2022, 2024, 2024, False),
        (None, 2024, 2024, True),
        (None, 2024, 2022, False),
        (None, None, 2024, False),
    ],
)
def test_measures_that_pass_a_filter_by_their_year(
    of_year: int | None,
    year: int | None,
    selected: int,
    admitted: bool,  # noqa: FBT001 - expected result
) -> None:
    """A filter by of_year compares the year of the measure or, if it has none, of its report.

    Any other filter admits the measures of the paragraphs that it admits.
    """
    extracted = ExtractedMeasure("立案", 3, "件", 3, "件", of_year=of_year, end=1)
    measure = Measure(extracted, replace(FULL, year=year, of_year=(2021, 2025)))
    assert year_of_measure(measure) == (of_year or year)
    assert Filter("of_year", ranges=((selected, selected),)).admits_measure(measure) is admitted
    assert Filter("of_year", (str(selected),)).admits_measure(measure) is admitted
    assert Filter("agency", ("司法局",)).admits_measure(measure)
    assert not Filter("year", ranges=((2022, 2022),)).admits_measure(measure)


def test_a_range_matches_numbers_only() -> None:
    """Values that are not numbers are outside every range."""
    assert not Filter("batch", ranges=((0, 9999),)).admits(FULL)
    assert Filter("batch", ranges=((0, 9999),)).admits(replace(FULL, facets={"batch": "12"}))


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (Filter("topic", ("行政执法",)), "topic:行政执法"),
        (Filter("topic", ("甲", "乙")), "topic:(甲 OR 乙)"),
        (Filter("year", ranges=((2023, 2023),)), "year:2023"),
        (Filter("year", ranges=((2021, 2023),)), "year:[2021 TO 2023]"),
        (Filter("year", ranges=((2021, 2021), (2023, 2024))), "year:(2021 OR [2023 TO 2024])"),
    ],
)
def test_a_filter_prints_as_a_query(item: Filter, text: str) -> None:
    """`str` of a filter is in the query language."""
    assert str(item) == text


# --- counting

COUNTS = {"乙": 3, "甲": 5, "丙": 3, "丁": 1}


def count(
    facet: Facet, counts: dict[str, int], limit: int | None, *, missing: int = 0, selected: Iterable[str] = ()
) -> FacetCounts:
    """Return the result of a counter with these counts."""
    counter = FacetCounter(facet, frozenset(selected), counts, missing)
    return counter.result(FacetCounter(facet), limit)


def pairs(counts: FacetCounts) -> list[tuple[str | int, int]]:
    """Return the values with their counts."""
    return [(item.value, item.count) for item in counts.values]


def test_values_are_ranked_by_count() -> None:
    """Values are sorted by descending count, then by code points."""
    counts = count(Facet("agency"), COUNTS, None, missing=2)
    assert pairs(counts) == [("甲", 5), ("丙", 3), ("乙", 3), ("丁", 1)]
    assert (counts.missing, counts.other) == (2, 0)


def test_omitted_values_are_summed_up() -> None:
    """With a limit, `other` is the sum of the counts of the omitted values."""
    counts = count(Facet("agency"), COUNTS, 2)
    assert pairs(counts) == [("甲", 5), ("丙", 3)]
    assert counts.other == 4


def test_the_limit_can_be_zero() -> None:
    """With a limit of 0, `other` is the sum of all counts."""
    counts = count(Facet("agency"), COUNTS, 0, missing=1)
    assert (counts.values, counts.missing, counts.other) == ((), 1, 12)


def test_selected_values_are_listed_beyond_the_limit() -> None:
    """A selected value with a count is listed whatever the limit, is marked, and is not part of `other`."""
    counts = count(Facet("agency"), COUNTS, 1, selected={"丁", "甲", "不在"})
    assert counts.values == (FacetValue("甲", 5, selected=True), FacetValue("丁", 1, selected=True))
    assert counts.other == 6


def test_years_are_numbers_in_ascending_order() -> None:
    """The values of facets of years are numbers. The values of any other facet are strings, even if they are digits.

    The most frequent years and the selected ones are listed, in ascending order.
    """
    years = {"2023": 1, "2022": 3, "2021": 2}
    assert pairs(count(Facet("year"), years, None)) == [(2021, 2), (2022, 3), (2023, 1)]
    assert pairs(count(Facet("of_year"), years, 2)) == [(2021, 2), (2022, 3)]
    assert pairs(count(Facet("year"), years, 1, selected={"2023"})) == [(2022, 3), (2023, 1)]
    assert pairs(count(Facet("batch"), {"7": 1, "10": 2}, None)) == [("10", 2), ("7", 1)]


@given(
    st.dictionaries(st.text("甲乙丙丁戊", min_size=1, max_size=2), st.integers(1, 9)),
    st.integers(0, 12),
    st.none() | st.integers(0, 12),
)
def test_listed_and_other_counts_add_up(counts: dict[str, int], missing: int, limit: int | None) -> None:
    """For any limit, the listed counts and `other` add up to the sum of all counts."""
    result = count(Facet("agency"), counts, limit, missing=missing, selected={"甲"})
    assert sum(item.count for item in result.values) + result.other == sum(counts.values())
    assert all(counts[str(item.value)] == item.count for item in result.values)
    assert result.missing == missing
    assert limit is None or len(result.values) <= limit + 1


def test_a_counter_counts_each_value_of_a_paragraph() -> None:
    """A paragraph is counted once under each of its values, or as missing. A document is counted once under a value."""
    counter, population = FacetCounter(Facet("topic"), frozenset({"普法宣传"})), FacetCounter(Facet("topic"))
    for paragraph in (FULL, replace(FULL, topics=("普法宣传",)), BARE, FULL):
        counter.add(paragraph)
    for document in ("1.txt", "2.txt"):
        population.add(replace(FULL, document=document))
    result = counter.result(population)
    assert result.values == (FacetValue("普法宣传", 3, True, 1, 2), FacetValue("行政执法", 2, False, 1, 2))  # noqa: FBT003
    assert [item.share for item in result.values] == [0.5, 0.5]
    assert (result.missing, result.other) == (1, 0)


def test_the_share_of_no_document_is_zero() -> None:
    """A value without a document in the population has the share 0."""
    assert FacetValue("甲", 0).share == 0


def test_a_counter_lists_a_hundred_values() -> None:
    """The default limit is `MAX_FACET_VALUES`."""
    counter = FacetCounter(Facet("document"))
    for n in range(MAX_FACET_VALUES + 7):
        counter.add(replace(BARE, document=f"{n:03}.txt"))
    assert len(counter.result(counter).values) == MAX_FACET_VALUES == 100
    assert counter.result(counter).other == 7
    assert len(counter.result(counter, None).values) == 107


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("卫生", ["卫生健康局", "卫生健康委员会"]),
        ("衛生", ["卫生健康局", "卫生健康委员会"]),
        ("ａ", ["A局"]),
        ("局", ["卫生健康局", "A局"]),
        ("", ["卫生健康局", "A局", "卫生健康委员会"]),
        ("无", []),
    ],
)
def test_values_containing_a_text(text: str, values: list[str]) -> None:
    """`containing` keeps the values that contain a text, both folded. `missing` and `other` stay."""
    counts = FacetCounts((FacetValue("卫生健康局", 3), FacetValue("A局", 2), FacetValue("卫生健康委员会", 1)), 4, 5)
    result = counts.containing(text)
    assert [item.value for item in result.values] == values
    assert (result.missing, result.other) == (4, 5)


def test_years_containing_a_text() -> None:
    """Years are compared by their digits."""
    counts = FacetCounts((FacetValue(2022, 3), FacetValue(1954, 1)))
    assert [item.value for item in counts.containing("20").values] == [2022]


def test_values_of_filters_are_selected() -> None:
    """The selected values are the values of the facet's filters, and each year of a range."""
    filters = (
        Filter("year", ranges=((2021, 2023), (2030, 2030))),
        Filter("topic", ("行政执法",)),
        Filter("district", ("福建省/福州市", "鼓楼区")),
    )
    assert selected_values(Facet("year"), filters) == {"2021", "2022", "2023", "2030"}
    assert selected_values(Facet("topic"), filters) == {"行政执法"}
    assert selected_values(Facet("district", 2), filters) == {"福建省/福州市", "鼓楼区"}
    assert selected_values(Facet("agency"), filters) == frozenset()


def test_a_range_selects_no_years_after_9999() -> None:
    """Years after 9999 are not selected, even if the range contains them."""
    assert len(selected_values(Facet("year"), (Filter("year", ranges=((2000, 10**9),)),))) == 8000
