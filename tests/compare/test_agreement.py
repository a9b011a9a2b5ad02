"""When two measures are of the same thing, and when they say the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.compare.agreement import (
    is_other_period,
    likeness,
    power_named,
    power_of,
    precision,
    same_value,
    unit_family,
    wording,
)
from searchkit.model import Measure

Said = Callable[..., Measure]


def alike(one: str, other: str) -> float:
    """Likeness of two indicators."""
    return likeness(wording(one), wording(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("行政复议案件", "行政复议"),
        ("“双随机”抽查", "双随机 抽查"),
        ("开展各类监督检查", "监督检查"),
        ("罚款 警告", "警告 罚款"),
    ],
)
def test_what_says_nothing_is_left_out_of_a_wording(one: str, other: str) -> None:
    """Marks, fillers and the order of parts do not make another indicator, where the characters stand alike."""
    assert alike(one, other) > 0.75


def test_likeness_tells_narrower_and_other_things_apart() -> None:
    """What is worded alike is more alike than a part of it, a joint count, or something else."""
    assert alike("立案", "立案处罚") > alike("立案", "非法行医、非法医美 立案") > alike("立案", "办结")
    assert alike("行政复议", "行政复议案件") > alike("行政复议", "行政复议、行政诉讼")
    assert alike("行政复议", "行政复议 维持") < 0.45 < alike("立案", "卫生监督综合执法 立案")


@given(st.text("立案处罚监督检查、 各类a1", max_size=12), st.text("立案处罚监督检查、 各类a1", max_size=12))
def test_likeness_is_a_share_and_symmetric(one: str, other: str) -> None:
    """Likeness is from 0 to 1, the same both ways round, and 1 for the same indicator."""
    assert 0 <= alike(one, other) == alike(other, one) <= 1
    assert alike(one, one) == 1


def test_classifiers_of_the_same_things_are_one_family() -> None:
    """件, 起 and 宗 count the same; 户 and 件 do not; no unit is a family of its own."""
    assert unit_family("起") == unit_family("件") == unit_family("宗")
    assert unit_family("户") != unit_family("件")
    assert unit_family(None) == ""


def test_powers_and_precision_are_those_of_what_was_printed(said: Said) -> None:
    """93.72万元 is printed to 100 元; 129件 to one."""
    fine = said("a#1", "罚款", 93.72, "万元", base_value=937_200, base_unit="元")
    assert (power_of(fine), power_named(power_of(fine)), precision(fine)) == (10_000, "万", 100)
    assert precision(said("a#1", "立案", 129, "件")) == 1


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
def test_values_agree_when_both_can_be_true(said: Said, one: tuple, other: tuple, same: bool) -> None:  # type: ignore[type-arg]  # noqa: FBT001
    """Exact values agree when equal; 约, 余 and 以下 agree with what they leave open."""
    first, second = (said("a#1", "培训", value, unit, bound=bound) for value, unit, bound in (one, other))
    assert same_value(first, second) == same_value(second, first) == same


def test_values_agree_when_one_is_the_other_rounded(said: Said) -> None:
    """93.72万元 and 937182元 are the same amount; 93.73万元 is another."""
    exact = said("a#1", "罚款", 937_182, "元")
    rounded = said("b#1", "罚款", 93.72, "万元", base_value=937_200, base_unit="元")
    other = said("c#1", "罚款", 93.73, "万元", base_value=937_300, base_unit="元")
    assert same_value(exact, rounded)
    assert not same_value(exact, other)


def test_the_reporting_year_is_no_other_period(said: Said) -> None:
    """2023年 and 全年 in a report on 2023 are its year; 近三年 and 2022年 are not."""
    periods = {
        period: is_other_period(said("a#1", "立案", 1, "件", period=period))
        for period in (None, "2023年", "全年", "近三年", "2022年")
    }
    assert periods == {None: False, "2023年": False, "全年": False, "近三年": True, "2022年": True}
