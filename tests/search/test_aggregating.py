"""Look-ups that sort, take one measure per value of a facet, or calculate, all from measures that can be quoted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from searchkit.corpus.reading import ParsedDocument
from searchkit.errors import UnknownFacet, UsageError
from searchkit.index import Index
from searchkit.model import WORK_REPORT, ExtractedMeasure
from searchkit.output.json import measures_to_json

Report = Callable[..., ParsedDocument]

ZHEJIANG, HANGZHOU, NINGBO = ("浙江省",), ("浙江省", "杭州市"), ("浙江省", "宁波市")


def grain(value: float, unit: str = "万斤", **fields: Any) -> tuple[str, dict[str, Any]]:  # noqa: ANN401
    """Return a text and its fields for `report`: one measure, whose indicator is 粮食产量 by default."""
    indicator = fields.pop("indicator", "粮食产量")
    base_unit = unit.removeprefix("万")
    text = f"{indicator}{value}{unit}。"
    scale = 10_000 if unit.startswith("万") else 1
    measure = ExtractedMeasure(
        indicator, value, unit, value * scale, base_unit, kind="other", end=len(text) - 1, **fields
    )
    return text, {"measures": (measure,)}


@pytest.fixture(scope="session")
def index(index_of: Callable[..., Index], report: Report) -> Index:
    """Work reports of a province and of two of its cities."""

    def work(name: str, year: int, region: tuple[str, ...], *paragraphs: tuple[str, dict[str, Any]]) -> ParsedDocument:
        return report(name, *paragraphs, year=year, region=region, doctype=WORK_REPORT, agency="人民政府")

    return index_of(
        [
            work(
                "hangzhou-2023.txt", 2023, HANGZHOU,
                grain(50, of_year=2022),
                grain(55, of_year=2023, status="target"),
                grain(240, of_year=2022, since=2018),
                grain(3.5, "%", of_year=2022, change="increase"),
                grain(900, "个", of_year=2022, indicator="粮食产量考核单位"),
            ),
            work(
                "hangzhou-2024.txt", 2024, HANGZHOU,
                grain(52, of_year=2022),
                grain(60, of_year=2023),
                grain(20, of_year=2023, part="01-06"),
                grain(7, "户", of_year=2023),
            ),
            work("ningbo-2024.txt", 2024, NINGBO, grain(80, of_year=2023), grain(81, of_year=2023)),
            work("zhejiang-2024.txt", 2024, ZHEJIANG, grain(900, of_year=2023), grain(880, of_year=2022)),
        ]
    )  # fmt: skip


def values(index: Index, query: str = "粮食产量", **options: Any) -> list[float]:  # noqa: ANN401
    """Return the values of the hits in order."""
    return [hit.value for hit in index.measures(query, limit=None, **options).hits]


def test_a_sorted_look_up_has_one_measure_per_place_and_year(index: Index) -> None:
    """The measure is from the report on the year or, if there is none, from a later report.

    `left_out` has the number of all other measures by reason.
    """
    results = index.measures("粮食产量", sort="-value", limit=None)
    assert [hit.value for hit in results.hits] == [900, 880, 80, 60, 50]
    assert (results.total, results.indicator) == (5, "粮食产量")
    assert results.left_out == {
        "other_indicator": 1, "other_aspect": 1, "other_unit": 1, "other_status": 1,
        "cumulative": 1, "part_of_year": 1, "repeated": 1, "other_value": 1,
    }  # fmt: skip
    assert results.total + sum(results.left_out.values()) == index.measures("粮食产量").total
    assert values(index, sort="value") == [50, 60, 80, 880, 900]
    assert values(index, "粮食 产量", sort="value") == [50, 60, 80, 880, 900]
    assert values(index, sort="of_year", district="杭州市") == [50, 60]
    assert values(index, sort="-of_year", district="杭州市") == [60, 50]
    assert values(index, sort="-year", district="浙江省")[-1] == 50


def test_targets_and_changes_on_request(index: Index) -> None:
    """`status` selects targets, and a word of change in the query selects changes.

    With `status="any"`, the actual value of a place and year is preferred to the target.
    """
    assert values(index, sort="value", status="target") == [55]
    assert values(index, "粮食产量增长", sort="value") == values(index, "粮食产量 增长", sort="value") == [3.5]
    assert values(index, sort="value", status="any", district="杭州市", of_year=2023) == [60]


def test_one_per_value_of_facets(index: Index) -> None:
    """`one_per` keeps one measure for each value of a facet or combination of values, that of the latest year.

    For `district:1`, the measure of the province itself is preferred.
    """
    assert values(index, one_per="district", sort="-value") == [900, 80, 60]
    assert sorted(values(index, one_per=["district", "of_year"])) == [50, 60, 80, 880, 900]
    assert sorted(values(index, one_per="district,of_year")) == [50, 60, 80, 880, 900]
    assert sorted(values(index, one_per="document")) == [50, 60, 80, 900]
    assert values(index, one_per="district:1") == [900]
    assert index.measures("粮食产量", one_per="district").left_out["not_latest"] == 2
    page = index.measures("粮食产量", one_per="district", sort="-value", offset=1, limit=1)
    assert ([hit.value for hit in page.hits], page.total) == ([80], 3)


@pytest.mark.parametrize(
    ("aggregate", "value", "unit", "n"),
    [
        ("sum", 1780, "万斤", 2),  # 900 + 880, both of the province: its cities are parts of it
        ("mean", 394, "万斤", 5),
        ("median", 80, "万斤", 5),
        ("min", 50, "万斤", 5),
        ("max", 900, "万斤", 5),
        ("count", 5, None, 5),
    ],
)
def test_aggregates(index: Index, aggregate: str, value: float, unit: str | None, n: int) -> None:
    """An aggregate is calculated from the measures that a sorted look-up returns.

    A sum leaves out measures that are parts of others: it does not count a city in addition to its province.
    """
    results = index.measures("粮食产量", aggregate=aggregate)
    (group,) = results.groups
    assert (group.group, group.value, group.unit, group.n) == (None, value, unit, n)
    assert (results.hits, results.aggregate) == ((), aggregate)
    assert group.n + sum(group.left_out.values()) == index.measures("粮食产量").total
    assert group.left_out.get("part_of_total", 0) == 5 - n


def test_aggregates_by_facets(index: Index) -> None:
    """`by` makes a group for each value of a facet. A group has a number, and counts its measures that are left out."""
    results = index.measures("粮食产量", aggregate="max", by="of_year")
    assert [(group.group, group.value) for group in results.groups] == [(2022, 880), (2023, 900)]
    by_district = index.measures("粮食产量", aggregate="mean", by="district")
    assert [(group.group, group.value) for group in by_district.groups] == [
        ("浙江省", 890), ("浙江省/宁波市", 80), ("浙江省/杭州市", 55),
    ]  # fmt: skip
    assert by_district.groups[1].left_out == {"repeated": 1}
    by_province = index.measures("粮食产量", aggregate="max", by="district:1")
    assert [(group.group, group.value) for group in by_province.groups] == [("浙江省", 900)]
    assert list(measures_to_json(results)["groups"][0]) == ["group", "value", "unit", "n", "left_out"]  # type: ignore[index]


def test_the_name_of_a_facet_may_begin_with_district(index_of: Callable[..., Index], report: Report) -> None:
    """A user-defined facet `district_level` has its own values, not the places."""
    levels = {"zhejiang.txt": ("省级", ZHEJIANG), "hangzhou.txt": ("市级", HANGZHOU), "ningbo.txt": ("市级", NINGBO)}
    index = index_of(
        [
            report(name, grain(n, of_year=2023), year=2024, region=region, facets={"district_level": level})
            for n, (name, (level, region)) in enumerate(levels.items(), 1)
        ]
    )
    results = index.measures("粮食产量", aggregate="max", by="district_level")
    assert [(group.group, group.value) for group in results.groups] == [("市级", 3), ("省级", 1)]
    assert len(values(index, one_per="district_level")) == 2


def test_a_sum_leaves_out_parts_of_the_same_body(index_of: Callable[..., Index], report: Report) -> None:
    """The total of a government includes the totals of all bodies inside its place.

    The total of another body includes only the totals of bodies with the same task: 市场监督管理局, 市场监督管理委员会.
    """
    reports = {
        "a.txt": (ZHEJIANG, "市场监督管理局", 5000),
        "b.txt": (HANGZHOU, "卫生健康委员会", 129),
        "c.txt": (HANGZHOU, "市场监督管理委员会", 900),
        "d.txt": (("天津市",), "人民政府", 700),
        "e.txt": (("天津市", "东丽区"), "卫生健康委员会", 60),
    }
    index = index_of(
        [
            report(name, grain(value, of_year=2023), year=2023, region=region, agency=agency)
            for name, (region, agency, value) in reports.items()
        ]
    )
    (group,) = index.measures("粮食产量", aggregate="sum").groups
    assert (group.value, group.n, group.left_out) == (5829, 3, {"part_of_total": 2})
    groups = index.measures("粮食产量", aggregate="sum", by="agency", district="浙江省").groups
    assert [(group.group, group.value) for group in groups] == [("卫生健康委员会", 129), ("市场监督管理局", 5000)]


@pytest.mark.parametrize(
    "options", [{"one_per": [""]}, {"one_per": ","}, {"sort": "-score"}, {"aggregate": "max", "by": "district:9"}]
)
def test_invalid_options(index: Index, options: dict[str, Any]) -> None:
    """`one_per` without the name of a facet, `-score` and a depth that no region has are errors."""
    with pytest.raises(UsageError):
        index.measures("粮食产量", **options)


def test_a_look_up_without_measures_suggests_to_drop_a_condition(index: Index) -> None:
    """A suggestion names a condition without which measures are found, or all conditions if there is no such one."""

    def texts(**options: Any) -> list[tuple[str, int]]:  # noqa: ANN401
        return [(item.text, item.total) for item in index.measures("粮食产量", **options).suggestions]

    total = index.measures("粮食产量").total
    assert texts(min="9亿元") == [("min:9亿元", total)]
    assert texts(status=["rule"], no_cumulative=True) == [("status:rule", total - 1)]
    assert texts(unit="元", status="rule") == [("unit:元 status:rule", total)]


def test_sums_that_mean_nothing_have_a_note(index_of: Callable[..., Index], report: Report) -> None:
    """A sum of stocks (生猪存栏) of several years has a note; a sum of one year and a sum of flows have none.

    The hits of a query that names no measure cannot be sorted by value.
    """

    def work(year: int, *paragraphs: tuple[str, dict[str, Any]]) -> ParsedDocument:
        return report(f"{year}.txt", *paragraphs, year=year, region=HANGZHOU, doctype=WORK_REPORT)

    index = index_of(
        [
            work(
                year,
                grain(year - 2000, "头", indicator="生猪存栏", of_year=year - 1, stock=True),
                grain(50, of_year=year - 1),
            )
            for year in (2023, 2024)
        ]
    )
    (note,) = index.measures("生猪存栏", aggregate="sum").notes
    assert "several years" in note
    assert index.measures("生猪存栏", aggregate="sum", by="of_year").notes == ()
    assert index.measures("粮食产量", aggregate="sum").notes == ()
    for query in ("*", "杭州市", "2023年"):
        with pytest.raises(UsageError, match="names no measure"):
            index.measures(query, sort="value")


def test_aggregates_of_no_measure(index: Index) -> None:
    """Without a measure that can be quoted, an aggregate has one group without a value or, with `by`, no group.

    A sorted look-up has no hits. An unknown facet is an error.
    """
    (group,) = index.measures("粮食产量", aggregate="sum", status="rule").groups
    assert (group.value, group.n) == (None, 0)
    assert index.measures("粮食产量", aggregate="sum", by="district", status="rule").groups == ()
    assert index.measures("没有的东西", sort="value").hits == ()
    with pytest.raises(UnknownFacet, match="colour"):
        index.measures("粮食产量", one_per="colour")
    with pytest.raises(UnknownFacet, match="colour"):
        index.measures("粮食产量", aggregate="sum", by="colour")
