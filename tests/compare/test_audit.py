"""Contradictions within and between reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from searchkit.compare.audit import FINDING_KINDS, audit
from searchkit.indexing.namelists import read_name_lists
from searchkit.model import Measure
from searchkit.output.json import finding_to_json
from searchkit.query.naming import IndicatorNames

MakeMeasure = Callable[..., Measure]
NAMES = IndicatorNames(read_name_lists())


def kinds(measures: list[Measure], texts: dict[str, str] | None = None) -> list[str]:
    """Return the kinds of the findings in measures, in the order of `FINDING_KINDS`."""
    result = [finding.kind for finding in audit(measures, NAMES, None if texts is None else texts.get)]
    return sorted(result, key=FINDING_KINDS.index)


@pytest.fixture
def breakdown(make_measure: MakeMeasure) -> Callable[..., list[Measure]]:
    """`breakdown(total, *parts)`: a total and its parts, consecutive in a paragraph."""

    def build(total_value: float, *parts: float, unit: str = "件") -> list[Measure]:
        total = make_measure("a#1", "投诉", total_value, unit, start=0)
        return [total, *(
            make_measure("a#1", f"投诉 第{n}", value, unit, start=n * 10, part_of=total.id)
            for n, value in enumerate(parts, 1)
        )]  # fmt: skip

    return build


def test_parts_that_exceed_their_total_are_found(breakdown: Callable[..., list[Measure]]) -> None:
    """299 + 88 + 43 件 are more than 420件. The finding contains the total and all parts, with their values."""
    measures = breakdown(420, 299, 88, 43)
    (finding,) = audit(measures, NAMES)
    assert (finding.kind, finding.values) == ("parts", (420, 299, 88, 43))
    assert finding.ids == tuple(measure.id for measure in measures)
    assert "430件" in finding.message
    assert "420件" in finding.message


@pytest.mark.parametrize(
    ("total", "parts", "unit"),
    [
        (420, (299, 88, 33), "件"),  # adds up
        (420, (299, 88), "件"),  # 其中: parts may be missing
        (100, (60, 20, 40), "件"),  # 60 and 40 are complete; 20 is a part of one of them
        (10, (4, 6, 3, 7), "件"),  # two breakdowns
        (100, (80, 50), "人"),  # members of the party, and women
        (0.3, (0.1, 0.2), "亿元"),  # floating point
    ],
)
def test_breakdowns_that_can_be_right_are_no_findings(
    breakdown: Callable[..., list[Measure]], total: float, parts: tuple[float, ...], unit: str
) -> None:
    """Breakdowns that add up, may be incomplete, or may overlap are accepted."""
    assert kinds(breakdown(total, *parts, unit=unit)) == []


def test_a_part_larger_than_its_total_is_always_wrong(breakdown: Callable[..., list[Measure]]) -> None:
    """120 of 100 is wrong, even for people, whose breakdowns may overlap."""
    assert kinds(breakdown(100, 120, 50, unit="人")) == ["parts"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("投诉420件，分别为一299件、二88件", True),
        ("投诉420件，其中一299件、二88件", False),
        ("投诉420件，分别为一299件、二88件等", False),
    ],
)
def test_only_complete_breakdowns_can_lack_parts(make_measure: MakeMeasure, text: str, wrong: bool) -> None:  # noqa: FBT001
    """After 分别为 the parts are complete unless 等 follows; after 其中 they need not be."""
    total = make_measure("a#1", "投诉", 420, "件", start=0, quote="投诉420件", end=text.index("，"))
    parts = [
        make_measure("a#1", f"投诉 {name}", value, "件", start=text.index(f"{name}{value}"), part_of=total.id,
             end=text.index(f"{value}件") + len(f"{value}件"))
        for name, value in (("一", 299), ("二", 88))
    ]  # fmt: skip
    assert bool(kinds([total, *parts], {"a#1": text})) is wrong


def test_parts_that_nearly_make_up_the_total_are_found(make_measure: MakeMeasure) -> None:
    """If five parts add up to 419 of 420, one of the numbers is wrong, even after 其中."""
    total = make_measure("a#1", "投诉", 420, "件", start=0, end=5)
    values = (299, 88, 13, 5, 14)
    parts = [
        make_measure("a#1", f"投诉 {n}", v, "件", start=10 * n, end=10 * n + 5, part_of=total.id)
        for n, v in enumerate(values, 1)
    ]
    text = "投诉420件，其中" + "，" * 60  # the words of the parts do not matter
    assert kinds([total, *parts], {"a#1": text}) == ["parts"]


def test_inexact_parts_and_parts_in_other_units_are_not_added(make_measure: MakeMeasure) -> None:
    """件 and 人 cannot be added, and neither can 200余件."""
    total = make_measure("a#1", "投诉", 420, "件", start=0)
    people = make_measure("a#1", "投诉 人", 500, "人", start=10, part_of=total.id)
    inexact = make_measure("a#1", "投诉 医疗", 500, "件", start=20, part_of=total.id, bound="at_least")
    assert kinds([total, people]) == kinds([total, inexact]) == []


@pytest.mark.parametrize(
    ("indicator", "value", "overrides", "wrong"),
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
def test_shares_above_100_are_found(
    make_measure: MakeMeasure, indicator: str, value: float, overrides: dict[str, Any], *, wrong: bool
) -> None:
    """A share cannot be above 100 %. Growth, completion rates, ratios and plans can."""
    assert bool(kinds([make_measure("a#1", indicator, value, "%", kind="percent", **overrides)])) is wrong


def test_different_values_in_two_reports_of_one_body_and_year_are_found(make_measure: MakeMeasure) -> None:
    """立案 129件 and 130件 contradict each other if region, agency, document type and year are the same."""
    body = {"agency": "卫生健康委员会", "doctype": "法治政府建设年度报告"}
    first, second = make_measure("a#1", "立案", 129, "件", **body), make_measure("b#1", "立案案件", 130, "起", **body)
    (finding,) = audit([first, second], NAMES)
    assert (finding.kind, finding.ids, finding.values) == ("conflict", (first.id, second.id), (129, 130))
    assert "滨海新区 2023" in finding.message
    others = ({"year": 2022}, {"region": ("天津市", "东丽区")}, {"agency": "司法局"}, {"doctype": "政府工作报告"})
    for other in others:
        assert kinds([first, make_measure("b#1", "立案", 130, "件", **{**body, **other})]) == []


@pytest.mark.parametrize(
    "overrides",
    [
        {"bound": "at_least"},
        {"period": "近三年"},
        {"section": "计划"},
        {"change": "increase"},
        {"value": 129},
    ],
)
def test_values_that_need_not_be_equal_are_no_conflict(make_measure: MakeMeasure, overrides: dict[str, Any]) -> None:
    """Equal and inexact values, plans, changes and other periods contradict nothing."""
    fields = {"value": 130, **overrides}
    other = make_measure("b#1", "立案", fields.pop("value"), "件", **fields)
    assert kinds([make_measure("a#1", "立案", 129, "件"), other]) == []


def test_an_indicator_with_two_values_in_one_report_is_not_compared(make_measure: MakeMeasure) -> None:
    """A report with two values of 培训 counts two trainings. A third value in another report contradicts neither."""
    one = [make_measure("a#1", "培训", 4, "次"), make_measure("a#2", "培训", 8, "次")]
    assert kinds([*one, make_measure("b#1", "培训", 5, "次")]) == []


def test_a_typo_within_one_report_is_found(make_measure: MakeMeasure) -> None:
    """One different digit or two swapped ones in the same section are a typo. Other numbers count other things."""
    first = make_measure("a#1", "开展监督检查", 5983, "户次")
    for value, expected in ((5893, ["conflict"]), (5933, ["conflict"]), (987, []), (5838, []), (5983, [])):
        assert kinds([first, make_measure("a#2", "监督检查", value, "户次")]) == expected
    assert kinds([first, make_measure("a#2", "监督检查", 5933, "户次", section="成效")]) == []
    assert kinds([make_measure("a#1", "监督检查", 1000, "户次"), make_measure("a#2", "监督检查", 1200, "户次")]) == []


@pytest.mark.parametrize("values", [(12345, 123.5), (123.5, 12345)])
def test_a_decimal_point_is_not_a_typo(make_measure: MakeMeasure, values: tuple[float, float]) -> None:
    """12345 and 123.5 differ in one character, which is a decimal point in either of them."""
    assert kinds([make_measure(f"a#{n}", "监督检查", value, "户次") for n, value in enumerate(values, 1)]) == []


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
def test_changes_are_compared_with_last_years_report(  # noqa: PLR0913 - cases
    make_measure: MakeMeasure, *, is_first: bool, last: int, change: float, unit: str, direction: str, wrong: bool
) -> None:
    """915件, up 3.51 % or 31件, agrees only with 884件 the year before, in either order of the reports."""
    kind = "percent" if unit == "%" else "count"
    now = [
        make_measure("a#1", "受理信访件", 915, "件", start=0),
        make_measure("a#1", "信访件 同比增长", change, unit, change=direction, kind=kind, start=20),
    ]
    before = make_measure("b#1", "受理各类信访件", last, "件", year=2022)
    findings = list(audit([*now, before] if is_first else [before, *now], NAMES))
    assert [item.kind for item in findings] == ["change"] * wrong
    if wrong:
        assert set(findings[0].ids) == {now[0].id, now[1].id, before.id}


@pytest.mark.parametrize(
    "overrides",
    [{"period": "近三年"}, {"bound": "approx"}, {"indicator": "审批时限压缩率"}, {"indicator": "来访 环比增长"}],
)
def test_other_changes_are_not_compared_with_last_year(make_measure: MakeMeasure, overrides: dict[str, Any]) -> None:
    """Changes over three years or since last month, approximate changes and 压缩 do not determine last year's value."""
    fields = {"indicator": "信访件 同比增长", **overrides}
    change = make_measure(
        "a#1", fields.pop("indicator"), 50, "%", change="increase", kind="percent", start=20, **fields
    )
    now = [make_measure("a#1", "受理信访件", 915, "件", start=0), change]
    assert kinds([*now, make_measure("b#1", "受理信访件", 884, "件", year=2022)]) == []


def test_growth_of_amounts_of_money_is_not_checked(make_measure: MakeMeasure) -> None:
    """The growth of 生产总值 is at constant prices, so it does not follow from last year's amount."""
    now = [
        make_measure("a#1", "生产总值", 20.94, "万亿元", base_value=20.94e12, base_unit="元", kind="money", start=0),
        make_measure("a#1", "生产总值 同比增长", 10.7, "%", change="increase", kind="percent", start=20),
    ]
    before = make_measure(
        "b#1", "生产总值", 18.23, "万亿元", base_value=18.23e12, base_unit="元", kind="money", year=2022
    )
    assert kinds([*now, before]) == []


def test_measures_that_are_not_summable_are_no_breakdown(make_measure: MakeMeasure) -> None:
    """Means, totals, corrections, plans, distant measures, and parts with a number between them are not added up."""
    total = make_measure("a#1", "投诉", 420, "件", start=0, end=5)

    def parts(indicator: str, **overrides: Any) -> list[Measure]:  # noqa: ANN401
        first = make_measure("a#1", "投诉 一", 300, "件", start=10, end=15, part_of=total.id)
        return [
            total,
            first,
            make_measure("a#1", indicator, 200, "件", **{"start": 20, "end": 25, "part_of": total.id, **overrides}),
        ]

    assert kinds(parts("投诉 二")) == ["parts"]
    for indicator in ("投诉总数", "人均投诉", "剔除重复", "占原投诉"):
        assert kinds(parts(indicator)) == []
    assert kinds(parts("投诉 二", section="计划")) == kinds(parts("投诉 二", start=80, end=85)) == []
    with_number_between = {"a#1": "投诉420件，其中一300件增5%二200件"}
    assert kinds(parts("投诉 二", start=20), with_number_between) == []


def test_percentage_points_are_subtracted(make_measure: MakeMeasure) -> None:
    """98.5%, up 1.3 个百分点, agrees with 97.2% but not with 95%."""
    now = [
        make_measure("a#1", "群众满意率", 98.5, "%", kind="percent", start=0),
        make_measure("a#1", "群众满意率 同比提高", 1.3, "个百分点", change="increase", kind="percent", start=20),
    ]
    before = [make_measure("b#1", "群众满意率", value, "%", kind="percent", year=2022) for value in (97.2, 95)]
    assert [kinds([*now, one]) for one in before] == [[], ["change"]]


def test_a_finding_as_json(make_measure: MakeMeasure) -> None:
    """The field `ids` is first, because `--format ids` prints the first field."""
    (finding,) = audit([make_measure("a#1", "覆盖率", 110, "%", kind="percent")], NAMES)
    assert finding_to_json(finding) == {
        "ids": [finding.ids[0]],
        "kind": "rate",
        "values": [110],
        "message": "覆盖率110%: more than 100%",
    }


def test_names_of_one_measure_can_contradict_each_other(make_measure: MakeMeasure) -> None:
    """GDP and 地区生产总值 are compared. A level is not compared with a change or an addition, nor a narrower name."""

    def conflicts(one: str, other: str, **fields: Any) -> list[str]:  # noqa: ANN401
        first = make_measure("a#1", one, 900, "家")
        return kinds([first, make_measure("b#1", other, 800, "家", **fields)])

    assert conflicts("高新技术企业", "高企") == ["conflict"]
    assert conflicts("高新技术企业", "全区国家高新技术企业总数") == ["conflict"]
    assert conflicts("高新技术企业", "新增高新技术企业") == []
    assert conflicts("高新技术企业", "高新技术企业 增加", change="increase") == []
    assert conflicts("工业企业", "规模以上工业企业") == []


def test_a_change_of_another_name_of_a_measure_is_checked(make_measure: MakeMeasure) -> None:
    """高企 of this year and its increase contradict 高新技术企业 of last year."""
    now = make_measure("b#1", "高企", 200, "家", year=2023, start=0)
    change = make_measure("b#1", "高企 同比增加", 50, "家", year=2023, start=20, change="increase")
    last_year = make_measure("a#1", "高新技术企业", 100, "家", year=2022)
    (finding,) = audit([last_year, now, change], NAMES)
    assert (finding.kind, finding.values) == ("change", (200, 50, 100))
    decrease = make_measure("b#1", "高企 同比减少", 50, "家", year=2023, start=20, change="decrease")
    (finding,) = audit([last_year, now, decrease], NAMES)
    assert (finding.kind, finding.values) == ("change", (200, -50, 100))
