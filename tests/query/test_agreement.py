"""Similarity of indicators, unit families, and equality of values."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.indexing.namelists import read_name_lists
from searchkit.model import Measure
from searchkit.query import agreement
from searchkit.query.agreement import has_other_period, has_same_value, has_same_wording, name_similarity, precision
from searchkit.query.naming import IndicatorNames
from searchkit.query.unit_conversion import unit_family, unit_scale

MakeMeasure = Callable[..., Measure]
NAMES = IndicatorNames(read_name_lists())


def similarity(one: str, other: str) -> float:
    """Return the similarity of two indicators."""
    return name_similarity(NAMES.parse(one), NAMES.parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("行政复议案件", "行政复议"),
        ("“双随机”抽查", "双随机 抽查"),
        ("开展各类监督检查", "监督检查"),
        ("罚款 警告", "警告 罚款"),
    ],
)
def test_fillers_do_not_reduce_the_similarity(one: str, other: str) -> None:
    """Punctuation marks, filler words and the order of parts hardly matter."""
    assert similarity(one, other) > 0.75


def test_names_without_a_common_character_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their similarity is 0, and no coefficient is computed: a comparison has thousands of such pairs of names."""
    assert similarity("宣传", "培训宣传") > 0
    monkeypatch.setattr(agreement, "_dice_coefficient", None)
    assert similarity("宣传", "培训") == 0
    with pytest.raises(TypeError):
        similarity("宣传", "培训宣传")


def test_narrower_and_different_names_are_less_similar() -> None:
    """宣传 is more similar to 宣传活动 than to the joint count 宣传、培训, and least similar to 培训.

    A name of a part (普法宣传 微信) is less similar than a name with a topic before it (卫生监督综合执法 普法宣传).
    """
    assert similarity("宣传", "宣传活动") > similarity("宣传", "宣传、培训") > similarity("宣传", "培训")
    assert similarity("普法宣传", "普法宣传 微信") < 0.45 < similarity("普法宣传", "卫生监督综合执法 普法宣传")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("改造", "旧厂区改造"),
        ("旧厂区改造", "旧村庄改造"),
        ("占GDP比重", "数字经济占GDP比重"),
        ("文化产业增加值", "体育产业增加值"),
        ("培训", "执法人员培训"),
    ],
)
def test_a_narrower_name_does_not_stand_for_a_wider_one(one: str, other: str) -> None:
    """A name with words before it (旧厂区改造) is not similar to the name alone (改造).

    Nor is it similar to the name with other words before it (旧村庄改造).
    """
    assert similarity(one, other) < 0.45


@pytest.mark.parametrize(("one", "other"), [("投诉举报", "受理投诉举报"), ("危险房屋", "全部危险房屋")])
def test_light_words_before_a_name_do_not_narrow_it(one: str, other: str) -> None:
    """A light word, such as 受理 or 全部, does not narrow a name: with it, the name is similar to the name alone."""
    assert similarity(one, other) > 0.45


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("GDP", "地区生产总值", True),
        ("立案", "立案查处", True),
        ("工业增加值", "规上工业增加值", False),
        ("城镇居民人均可支配收入", "农村居民人均可支配收入", False),
        ("立案", "卫生监督综合执法 立案", False),
        ("研发强度", "研发经费", False),
    ],
)
def test_a_listed_name_is_similar_only_to_itself(one: str, other: str, same: bool) -> None:  # noqa: FBT001
    """Two names of the same listed measure have the similarity 1. Names of a listed and of another measure have 0."""
    assert similarity(one, other) == float(same)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("受理投诉", "投诉", True),
        ("改造老旧住房", "老旧住房改造", True),
        ("新登记企业", "登记企业", True),
        ("新开工项目", "开工项目", True),
        ("新能源产业产值", "能源产业产值", False),
        ("新材料产值", "材料产值", False),
        ("新媒体", "媒体", False),
    ],
)
def test_light_words_do_not_change_the_wording(one: str, other: str, same: bool) -> None:  # noqa: FBT001
    """Names that differ only by light words have the same wording. A light word does not narrow a name.

    新 is a light word before a verb. Before a noun, it narrows the name.
    """
    assert has_same_wording(NAMES.parse(one), NAMES.parse(other)) == same


def test_a_level_an_addition_and_a_change_are_different() -> None:
    """文化企业, 新增文化企业 and 文化企业增长 are three measures."""
    names = ("文化企业", "新增文化企业", "文化企业增长")
    assert {similarity(one, other) for one in names for other in names if one != other} == {0.0}


@given(st.text("立案处罚监督检查、 各类a1", max_size=12), st.text("立案处罚监督检查、 各类a1", max_size=12))
def test_similarity_is_symmetric_and_between_0_and_1(one: str, other: str) -> None:
    """The similarity does not depend on the order of the names. That of an indicator to itself is 1."""
    assert 0 <= similarity(one, other) == similarity(other, one) <= 1
    assert similarity(one, one) == 1


def test_units_that_count_the_same_things_are_one_family() -> None:
    """件, 起 and 宗 are one family; 户 and 件 are not. None has the family ""."""
    assert unit_family("起") == unit_family("件") == unit_family("宗")
    assert unit_family("户") != unit_family("件")
    assert unit_family(None) == ""


def test_scale_and_precision_follow_from_the_printed_number(make_measure: MakeMeasure) -> None:
    """The scale of 93.72万元 is 万, and its last digit is worth 100 元. The last digit of 129件 is worth 1 件."""
    fine = make_measure("a#1", "罚款", 93.72, "万元", base_value=937_200, base_unit="元")
    assert (unit_scale(fine), precision(fine)) == (10_000, 100)
    assert precision(make_measure("a#1", "立案", 129, "件")) == 1


@pytest.mark.parametrize(
    ("unit", "base_unit", "scale"),
    [
        ("千公顷", "公顷", 1000),
        ("百万元", "元", 10**6),
        ("千亿元", "元", 10**11),
        ("万亿元", "元", 10**12),
        ("万千瓦", "千瓦", 10_000),
        ("千克", "千克", 1),
        ("万亿", None, 10**12),
        (None, None, 1),
    ],
)
def test_every_scale_of_a_unit_counts(
    make_measure: MakeMeasure, unit: str | None, base_unit: str | None, scale: int
) -> None:
    """千 and 百万 before a unit are its scale, as 万 is. 千 in 千克 is not. 1.68万亿 has no unit."""
    assert unit_scale(make_measure("a#1", "面积", 30.2, unit, base_value=30.2 * scale, base_unit=base_unit)) == scale


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((129, "件", "exact"), (129, "件", "exact"), True),
        ((129, "件", "exact"), (130, "件", "exact"), False),
        ((1300, "人次", "at_least"), (1320, "人次", "exact"), True),
        ((1300, "人次", "at_least"), (1299, "人次", "exact"), False),
        ((1300, "人次", "at_least"), (1900, "人次", "exact"), False),
        ((1300, "人次", "approx"), (1280, "人次", "exact"), True),
        ((1300, "人次", "at_most"), (1310, "人次", "exact"), False),
    ],
)
def test_values_are_equal_if_both_can_be_true(make_measure: MakeMeasure, one: tuple, other: tuple, same: bool) -> None:  # type: ignore[type-arg]  # noqa: FBT001
    """Exact values must be equal. 约, 余 and 以下 admit a range."""
    first, second = (make_measure("a#1", "培训", value, unit, bound=bound) for value, unit, bound in (one, other))
    assert has_same_value(first, second) == has_same_value(second, first) == same


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("increase", 2.5, "exact"), ("decrease", 2.5, "exact"), False),
        (("decrease", 2.5, "exact"), ("decrease", 2.5, "exact"), True),
        (("decrease", 5, "at_least"), ("decrease", 5.3, "exact"), True),  # 下降5%以上
        (("decrease", 5, "at_least"), ("decrease", 4.8, "exact"), False),
        (("decrease", 0, "exact"), ("increase", 0, "exact"), True),
    ],
)
def test_changes_are_compared_with_their_signs(
    make_measure: MakeMeasure,
    one: tuple,  # type: ignore[type-arg]
    other: tuple,  # type: ignore[type-arg]
    same: bool,  # noqa: FBT001
) -> None:
    """增长2.5% and 下降2.5% differ. The bound of a decrease is that of its size: 下降5%以上 admits 下降5.3%."""
    first, second = (
        make_measure("a#1", "投资", value, "%", kind="percent", change=change, bound=bound)
        for change, value, bound in (one, other)
    )
    assert has_same_value(first, second) == has_same_value(second, first) == same


def test_a_value_equals_its_rounded_value(make_measure: MakeMeasure) -> None:
    """937182元 equals 93.72万元 but not 93.73万元. 30.24千公顷 equals 30.2千公顷."""
    small = make_measure("a#1", "面积", 30.2, "千公顷", base_value=30_200, base_unit="公顷")
    assert has_same_value(small, make_measure("b#1", "面积", 30.24, "千公顷", base_value=30_240, base_unit="公顷"))
    exact = make_measure("a#1", "罚款", 937_182, "元")
    rounded = make_measure("b#1", "罚款", 93.72, "万元", base_value=937_200, base_unit="元")
    other = make_measure("c#1", "罚款", 93.73, "万元", base_value=937_300, base_unit="元")
    assert has_same_value(exact, rounded)
    assert not has_same_value(exact, other)


def test_the_reporting_year_is_not_another_period(make_measure: MakeMeasure) -> None:
    """In a report on 2023, 2023年 and 全年 are the reporting year; 近三年 and 2022年 are not."""
    periods = {
        period: has_other_period(make_measure("a#1", "立案", 1, "件", period=period))
        for period in (None, "2023年", "全年", "近三年", "2022年")
    }
    assert periods == {None: False, "2023年": False, "全年": False, "近三年": True, "2022年": True}
