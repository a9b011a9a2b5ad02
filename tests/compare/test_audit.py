"""Measures that contradict each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from searchkit.compare.audit import KINDS, audit
from searchkit.model import Measure
from searchkit.output.json import finding_to_json

Said = Callable[..., Measure]


def kinds(measures: list[Measure], texts: dict[str, str] | None = None) -> list[str]:
    """Kinds of the findings in some measures, in the order in which they are explained."""
    found = [finding.kind for finding in audit(measures, None if texts is None else texts.get)]
    return sorted(found, key=KINDS.index)


@pytest.fixture
def breakdown(said: Said) -> Callable[..., list[Measure]]:
    """`breakdown(total, *parts)`: a total and its parts, one after the other in a paragraph."""

    def make(total: float, *parts: float, **own: Any) -> list[Measure]:  # noqa: ANN401
        fields = {"unit": "件", **own}
        whole = said("a#1", "投诉", total, fields["unit"], start=0)
        return [whole, *(
            said("a#1", f"投诉 第{n}", value, fields["unit"], start=n * 10, part_of=whole.id)
            for n, value in enumerate(parts, 1)
        )]  # fmt: skip

    return make


def test_parts_that_exceed_their_total_are_found(breakdown: Callable[..., list[Measure]]) -> None:
    """299 + 88 + 43 件 are not 420件; the finding names the total and all parts, with their values."""
    measures = breakdown(420, 299, 88, 43)
    (found,) = audit(measures)
    assert (found.kind, found.values) == ("parts", (420, 299, 88, 43))
    assert found.ids == tuple(measure.id for measure in measures)
    assert "430件" in found.message
    assert "420件" in found.message


@pytest.mark.parametrize(
    ("total", "parts", "unit"),
    [
        (420, (299, 88, 33), "件"),  # adds up
        (420, (299, 88), "件"),  # 其中: some of it
        (100, (60, 20, 40), "件"),  # 60 and 40 are all; 20 is a part of one of them
        (10, (4, 6, 3, 7), "件"),  # two breakdowns
        (100, (80, 50), "人"),  # members of the party, and women
        (0.3, (0.1, 0.2), "亿元"),  # floating point
    ],
)
def test_breakdowns_that_can_be_right_are_left_alone(
    breakdown: Callable[..., list[Measure]], total: float, parts: tuple[float, ...], unit: str
) -> None:
    """What adds up, what need not be complete, and what overlaps is no finding."""
    assert kinds(breakdown(total, *parts, unit=unit)) == []


def test_a_part_larger_than_its_total_is_always_wrong(breakdown: Callable[..., list[Measure]]) -> None:
    """Also where people are told apart in overlapping ways."""
    assert kinds(breakdown(100, 120, 50, unit="人")) == ["parts"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("投诉420件，分别为一299件、二88件", True),
        ("投诉420件，其中一299件、二88件", False),
        ("投诉420件，分别为一299件、二88件等", False),
    ],
)
def test_only_full_breakdowns_must_be_complete(said: Said, text: str, wrong: bool) -> None:  # noqa: FBT001
    """分别为 promises all parts, 其中 does not, 等 says that there are more."""
    total = said("a#1", "投诉", 420, "件", start=0, quote="投诉420件")
    total = said("a#1", "投诉", 420, "件", start=0, quote="投诉420件", end=text.index("，"))
    parts = [
        said("a#1", f"投诉 {name}", value, "件", start=text.index(f"{name}{value}"), part_of=total.id,
             end=text.index(f"{value}件") + len(f"{value}件"))
        for name, value in (("一", 299), ("二", 88))
    ]  # fmt: skip
    assert bool(kinds([total, *parts], {"a#1": text})) is wrong


def test_parts_that_nearly_make_up_the_total_are_found(said: Said) -> None:
    """Five parts that make 419 of 420: one of the numbers is wrong, whatever introduces them."""
    total = said("a#1", "投诉", 420, "件", start=0, end=5)
    values = (299, 88, 13, 5, 14)
    parts = [
        said("a#1", f"投诉 {n}", v, "件", start=10 * n, end=10 * n + 5, part_of=total.id)
        for n, v in enumerate(values, 1)
    ]
    assert kinds([total, *parts], {"a#1": "投诉420件，其中" + "，" * 60}) == ["parts"]


def test_parts_in_other_units_or_loosely_said_are_not_added(said: Said) -> None:
    """件 and 人 do not make a sum, and neither does 200余件."""
    total = said("a#1", "投诉", 420, "件", start=0)
    people = said("a#1", "投诉 人", 500, "人", start=10, part_of=total.id)
    loose = said("a#1", "投诉 医疗", 500, "件", start=20, part_of=total.id, bound="at_least")
    assert kinds([total, people]) == kinds([total, loose]) == []


@pytest.mark.parametrize(
    ("indicator", "value", "own", "wrong"),
    [
        ("监督检查 覆盖率", 110, {}, True),
        ("占案件总数", 120.5, {}, True),
        ("监督检查 覆盖率", 100, {}, False),
        ("任务完成率", 110, {}, False),
        ("同比增长率", 130, {"change": "increase"}, False),
        ("资产负债率", 120, {}, False),
        ("覆盖率", 110, {"section": "计划"}, False),
    ],
)
def test_rates_that_cannot_be(said: Said, indicator: str, value: float, own: dict[str, Any], wrong: bool) -> None:  # noqa: FBT001
    """A share of a whole above 100 % is a finding; growth, plans fulfilled and ratios are not."""
    assert bool(kinds([said("a#1", indicator, value, "%", kind="percent", **own)])) is wrong


def test_two_reports_of_one_body_and_year_that_differ(said: Said) -> None:
    """立案 129件 and 130件 in two reports of the same body, kind and year."""
    body = {"agency": "卫生健康委员会", "doctype": "法治政府建设年度报告"}
    first, second = said("a#1", "立案", 129, "件", **body), said("b#1", "立案案件", 130, "起", **body)
    (found,) = audit([first, second])
    assert (found.kind, found.ids, found.values) == ("conflict", (first.id, second.id), (129, 130))
    assert "滨海新区 2023" in found.message
    others = ({"year": 2022}, {"region": ("天津市", "东丽区")}, {"agency": "司法局"}, {"doctype": "政府工作报告"})
    for other in others:
        assert kinds([first, said("b#1", "立案", 130, "件", **{**body, **other})]) == []


@pytest.mark.parametrize(
    "own",
    [
        {"bound": "at_least"},
        {"period": "近三年"},
        {"section": "计划"},
        {"change": "increase"},
        {"value": 129},
    ],
)
def test_what_need_not_be_equal_is_no_conflict(said: Said, own: dict[str, Any]) -> None:
    """Equal values, loose ones, plans, changes and other periods contradict nothing."""
    fields = {"value": 130, **own}
    other = said("b#1", "立案", fields.pop("value"), "件", **fields)
    assert kinds([said("a#1", "立案", 129, "件"), other]) == []


def test_an_indicator_that_a_report_uses_twice_proves_nothing(said: Said) -> None:
    """A report with two 培训 counts two trainings; another report that says a third number contradicts neither."""
    one = [said("a#1", "培训", 4, "次"), said("a#2", "培训", 8, "次")]
    assert kinds([*one, said("b#1", "培训", 5, "次")]) == []


def test_a_slip_within_one_report_is_found(said: Said) -> None:
    """A digit changed or two swapped, in the same part of a report, is a slip; other numbers are other inspections."""
    first = said("a#1", "开展监督检查", 5983, "户次")
    for value, expected in ((5893, ["conflict"]), (5933, ["conflict"]), (987, []), (5838, []), (5983, [])):
        assert kinds([first, said("a#2", "监督检查", value, "户次")]) == expected
    assert kinds([first, said("a#2", "监督检查", 5933, "户次", section="成效")]) == []
    assert kinds([said("a#1", "监督检查", 1000, "户次"), said("a#2", "监督检查", 1200, "户次")]) == []


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize(
    ("last", "change", "unit", "direction", "wrong"),
    [
        (884, 3.51, "%", "increase", False),
        (884, 31, "件", "increase", False),
        (800, 3.51, "%", "increase", True),
        (880, 31, "件", "increase", True),
        (884, 3.51, "%", "decrease", True),
        (1000, 8.5, "%", "decrease", False),
    ],
)
def test_changes_are_held_against_last_years_report(  # noqa: PLR0913 - cases
    said: Said, *, is_first: bool, last: int, change: float, unit: str, direction: str, wrong: bool
) -> None:
    """915件, up 3.51 % or 31件, fits a report of 884件 the year before, and no other; in whichever order they come."""
    kind = "percent" if unit == "%" else "count"
    now = [
        said("a#1", "受理信访件", 915, "件", start=0),
        said("a#1", "信访件 同比增长", change, unit, change=direction, kind=kind, start=20),
    ]
    before = said("b#1", "受理各类信访件", last, "件", year=2022)
    found = list(audit([*now, before] if is_first else [before, *now]))
    assert [item.kind for item in found] == ["change"] * wrong
    if wrong:
        assert set(found[0].ids) == {now[0].id, now[1].id, before.id}


@pytest.mark.parametrize(
    "own", [{"period": "近三年"}, {"bound": "approx"}, {"indicator": "审批时限压缩率"}, {"indicator": "来访 环比增长"}]
)
def test_changes_since_another_time_are_left_alone(said: Said, own: dict[str, Any]) -> None:
    """A change over three years or since last month, an approximate one, a cut: none says what last year was."""
    fields = {"indicator": "信访件 同比增长", **own}
    change = said("a#1", fields.pop("indicator"), 50, "%", change="increase", kind="percent", start=20, **fields)
    now = [said("a#1", "受理信访件", 915, "件", start=0), change]
    assert kinds([*now, said("b#1", "受理信访件", 884, "件", year=2022)]) == []


def test_growth_of_amounts_of_money_is_left_alone(said: Said) -> None:
    """生产总值 grows at constant prices: what is stated does not follow from last year's amount."""
    now = [
        said("a#1", "生产总值", 20.94, "万亿元", base_value=20.94e12, base_unit="元", kind="money", start=0),
        said("a#1", "生产总值 同比增长", 10.7, "%", change="increase", kind="percent", start=20),
    ]
    before = said("b#1", "生产总值", 18.23, "万亿元", base_value=18.23e12, base_unit="元", kind="money", year=2022)
    assert kinds([*now, before]) == []


def test_what_only_looks_like_a_breakdown_is_left_alone(said: Said) -> None:
    """Means, totals, corrections, plans, and measures far behind the others are no parts to be added up."""
    total = said("a#1", "投诉", 420, "件", start=0, end=5)

    def parts(indicator: str, **own: Any) -> list[Measure]:  # noqa: ANN401
        first = said("a#1", "投诉 一", 300, "件", start=10, end=15, part_of=total.id)
        return [total, first, said("a#1", indicator, 200, "件", **{"start": 20, "end": 25, "part_of": total.id, **own})]

    assert kinds(parts("投诉 二")) == ["parts"]
    for indicator in ("投诉总数", "人均投诉", "剔除重复", "占原投诉"):
        assert kinds(parts(indicator)) == []
    assert kinds(parts("投诉 二", section="计划")) == kinds(parts("投诉 二", start=80, end=85)) == []
    growth = {"a#1": "投诉420件，其中一300件增5%二200件"}
    assert kinds(parts("投诉 二", start=20), growth) == []


def test_percentage_points_are_differences(said: Said) -> None:
    """98.5%, up 1.3 个百分点, fits 97.2% and not 95%."""
    now = [
        said("a#1", "群众满意率", 98.5, "%", kind="percent", start=0),
        said("a#1", "群众满意率 同比提高", 1.3, "个百分点", change="increase", kind="percent", start=20),
    ]
    before = [said("b#1", "群众满意率", value, "%", kind="percent", year=2022) for value in (97.2, 95)]
    assert [kinds([*now, one]) for one in before] == [[], ["change"]]


def test_a_finding_as_json(said: Said) -> None:
    """Its ids come first, which is what `--format ids` prints."""
    (found,) = audit([said("a#1", "覆盖率", 110, "%", kind="percent")])
    assert finding_to_json(found) == {
        "ids": [found.ids[0]],
        "kind": "rate",
        "values": [110],
        "message": "覆盖率110%: more than 100%",
    }
