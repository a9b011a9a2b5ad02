"""The choice of measures that can be quoted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from searchkit.indexing.namelists import read_name_lists
from searchkit.model import WORK_REPORT, Measure
from searchkit.query.naming import IndicatorNames
from searchkit.search.choosing import (
    Fact,
    IndicatorSpec,
    RankedMeasure,
    choose_indicator,
    choose_measures,
    is_yearly_mean,
)

MakeMeasure = Callable[..., Measure]
NAMES = IndicatorNames(read_name_lists())


@pytest.fixture
def rank(make_measure: MakeMeasure) -> Callable[..., RankedMeasure]:
    """`rank("a#1", 129, year=2023, …)` returns a ranked measure of 城镇新增就业."""

    def make(paragraph: str, value: float, unit: str = "人", **fields: Any) -> RankedMeasure:  # noqa: ANN401
        fields = {"region": ("浙江省",), "agency": "人民政府", **fields}
        measure = make_measure(paragraph, fields.pop("indicator", "城镇新增就业"), value, unit, **fields)
        return RankedMeasure(measure, NAMES.name_of(measure), 1.0)

    return make


def spec_of(*candidates: RankedMeasure) -> IndicatorSpec:
    """Return the indicator that is chosen from candidates, best first, for the query 城镇新增就业."""
    spec = choose_indicator(candidates, NAMES.parse("城镇新增就业"), "level")
    assert spec is not None
    return spec


def test_the_report_on_the_year_is_quoted(rank: Callable[..., RankedMeasure]) -> None:
    """The measures of a fact (place, body, year) begin with those of the reports on the year.

    A work report is about the year before it, any other report about its own year. The measures of later reports
    follow, then those of earlier ones. A measure of another body belongs to another fact.
    """
    later = rank("later#1", 3, of_year=2022, year=2024, doctype=WORK_REPORT)
    earlier = rank("earlier#1", 4, of_year=2022, year=2022, doctype=WORK_REPORT)
    own = rank("own#1", 5, of_year=2022, year=2023, doctype=WORK_REPORT)
    next_yearly = rank("a#1", 7, of_year=2022, year=2023)
    yearly = rank("yearly#1", 6, of_year=2022, year=2022)
    other = rank("other#1", 6, of_year=2022, year=2022, agency="司法局")
    chosen = choose_measures(spec_of(later), [later, earlier, next_yearly, own, yearly, other])
    assert chosen.facts == {
        Fact(("浙江省",), "人民政府", 2022, None): [own, yearly, next_yearly, later, earlier],
        Fact(("浙江省",), "司法局", 2022, None): [other],
    }
    assert chosen.left_out == []


def test_other_measures_are_left_out_with_a_reason(rank: Callable[..., RankedMeasure]) -> None:
    """A measure that is not an actual value of the indicator for one whole year is left out, with its reason."""
    plain = rank("a#1", 10, of_year=2023, year=2023)
    others = {
        "other_indicator": rank("a#2", 1, of_year=2023, indicator="城镇失业人员再就业"),
        "other_aspect": rank("a#3", 5, "%", of_year=2023, change="increase", kind="percent"),
        "other_unit": rank("a#4", 5, "户", of_year=2023),
        "other_status": rank("a#5", 12, of_year=2024, status="target"),
        "cumulative": rank("a#6", 50, of_year=2023, since=2019),
        "part_of_year": rank("a#7", 4, of_year=2023, part="01-06"),
    }
    chosen = choose_measures(spec_of(plain), [plain, *others.values()])
    assert list(chosen.facts.values()) == [[plain]]
    assert {reason: item for item, reason in chosen.left_out} == others


def test_statuses_and_spans_on_request(rank: Callable[..., RankedMeasure]) -> None:
    """Targets, values before a change, and totals of several years are chosen if `statuses` or `span` asks for them."""
    actual, target = rank("a#1", 10, of_year=2023), rank("a#2", 12, of_year=2024, status="target")
    before, total = rank("a#3", 9, of_year=2023, status="before"), rank("a#4", 50, of_year=2023, since=2019)
    spec = spec_of(actual)
    assert [fact.of_year for fact in choose_measures(spec, [actual, target], ["target"]).facts] == [2024]
    both = choose_measures(spec, [before, actual], ["actual", "before"])
    assert list(both.facts.values()) == [[actual, before]]
    spanning = choose_measures(spec, [actual, total], span=(2019, 2023))
    assert list(spanning.facts.values()) == [[total]]


def test_no_other_measure_is_chosen_for_a_listed_name(rank: Callable[..., RankedMeasure]) -> None:
    """If the query names a listed measure, an indicator is chosen only from measures with its name and aspect."""
    change = rank("a#1", 5, "%", change="increase", kind="percent")
    assert choose_indicator([change], NAMES.parse("城镇新增就业"), "level") is None
    chosen = choose_indicator([change], NAMES.parse("城镇新增就业增速"), "change")
    assert chosen is not None
    assert chosen.aspect == "change"
    assert choose_indicator([change], NAMES.parse("粮食产量"), "change") is None


@pytest.mark.parametrize(
    ("quote", "is_mean"),
    [
        ("年均增长8%", True),
        ("五年年均新增就业10万人", True),
        ("平均每年增加2家", True),
        ("年均浓度28微克/立方米", False),
        ("年均PM2.5浓度28微克/立方米", False),
        ("年均细颗粒物浓度下降到28微克/立方米", False),
        ("优良天数比例全年均达到90%", False),
        ("各区当年均达到90%", False),
        ("2019—2023年均增长8%", True),
        ("年均降低企业成本90亿元", True),
        ("年均降水量600毫米", False),
    ],
)
def test_yearly_means_of_several_years(make_measure: MakeMeasure, quote: str, is_mean: bool) -> None:  # noqa: FBT001
    """年均增长 is a mean of several years.

    The mean concentration or precipitation of a year is of one year. So is a value after 全年均 or 当年均, where 均
    means "all".
    """
    measure = make_measure("a#1", "指标", 90, "%", quote=quote)
    assert is_yearly_mean(measure) == is_mean
