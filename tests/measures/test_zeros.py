"""Statements of zero: measures with the value 0, and clauses that only look like them."""

from __future__ import annotations

import pytest

from searchkit.measures.extractor import Extractor
from searchkit.model import ExtractedMeasure, Paragraph


def measures(extractor: Extractor, text: str) -> tuple[ExtractedMeasure, ...]:
    """Return the measures of one paragraph."""
    (result,) = extractor.extract([Paragraph("r#1", "r", 1, text)])
    return result


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ("我局无行政规范性文件。", ["无行政规范性文件"]),
        ("我局无行政诉讼败诉案件。", ["无行政诉讼败诉案件"]),
        ("全年无行政复议案件，未发生安全事故。", ["无行政复议案件", "未发生安全事故"]),
        ("全年没有发生重大舆情事件。", ["没有发生重大舆情事件"]),
        ("没有行政赔偿案件。", ["没有行政赔偿案件"]),
        ("本年度没有规范性文件。", ["没有规范性文件"]),
        ("经专项检查无违法行为。", ["无违法行为"]),
        ("本年度未收到政府信息公开申请。", ["未收到政府信息公开申请"]),
        ("未有败诉。", ["未有败诉"]),
        ("未出现越级上访事件。", ["未出现越级上访事件"]),
        ("目前无在办案件", ["无在办案件"]),
        ("审查合同12份、无重大行政决策事项。", ["无重大行政决策事项"]),
        ("全年零上访，无败诉案件。", ["零上访", "无败诉案件"]),
        ("全年未发生1起安全事故，没有发生一起舆情事件。", ["未发生1起安全事故", "没有发生一起舆情事件"]),
        ("二零二三年零投诉。", ["零投诉"]),
        ("全年无极端事件。", ["无极端事件"]),
        ("无一人违纪。", ["无一人违纪"]),
        ("经清理无不合法的文件。", ["无不合法的文件"]),
        ("全年零上访。", ["零上访"]),
    ],
)
def test_a_statement_of_zero_is_a_measure(extractor: Extractor, text: str, quotes: list[str]) -> None:
    """A clause that denies something that reports count has the value 0 and no unit.

    A number before its noun (1起) belongs to the denial, and is no measure.
    """
    extracted = measures(extractor, text)
    zeros = [measure for measure in extracted if measure.zero]
    assert not [item for item in extracted for zero in zeros if item != zero and zero.start <= item.start < zero.end]
    assert [text[measure.start : measure.end] for measure in zeros] == quotes
    for measure in zeros:
        assert (measure.value, measure.unit, measure.base_value, measure.base_unit) == (0, None, 0, None)
        assert (measure.kind, measure.bound, measure.change, measure.part_of) == ("count", "exact", None, None)
        assert text[measure.start : measure.end].endswith(measure.indicator)
        assert not measure.indicator.startswith(("无", "没有", "未", "零", "1", "一"))


@pytest.mark.parametrize(
    "text",
    [
        # wishes and orders
        "确保无安全事故。",
        "力争实现无违法案件。",
        "努力做到无违规行为。",
        "防止出现无证经营行为。",
        "避免未批先建行为。",
        "杜绝无证驾驶行为。",
        # conditions
        "如无正当理由，不予受理。",
        "若无投诉，即可办结。",
        "对无证经营行为立案。",
        "凡无违法行为的予以公示。",
        # what is fought, which exists
        "依法查处无资质施工行为，罚款12万元。",
        "严厉打击各类无许可经营行为。",
        "严查无资质施工行为。",
        "清理无执法资格的执法人员。",
        "取消没有法律依据的审批事项。",
        # some bodies have none, not all
        "个别单位没有典型案例。",
        # words that contain 无, 零 or 没有 and deny nothing that is counted
        "整治工作中无序停车违法行为",
        "无党派人士通报情况。",
        "以零容忍态度惩治违法行为。",
        "快速处置零星散发疫情。",
        "轻微违法行为无需处罚。",
        "无为市严肃查处违法行为。",
        "无极县查处违法行为。",
        "无棣县查处违法行为。",
        "零陵区查处违法行为。",
        # 零 in a number
        "全年查处一百零五起违法行为。",
        "二零二三年行政执法情况：",
        # 没有 and 未 before an adverb, 有无, 并无, 从无, and a quotation
        "该单位没有严格规范执法行为。",
        "该单位未有效运用典型案例。",
        "有无违规行为逐一登记。",
        "并无违规行为",
        "从无败诉案件",
        "“无讼社区”案例",
        # no countable thing, or a clause that continues
        "无偿提供场地。",
        "无私奉献。",
        "制度还没有建立健全。",
        "部分事项没有及时办理。",
        "无行政复议案件引发的后续问题",
        "消除零就业家庭。",
        "立案20起。",
        "",
        "严防无证驾驶行为。",
    ],
)
def test_other_clauses_are_not_statements_of_zero(extractor: Extractor, text: str) -> None:
    """Wishes, conditions, other words with 无 (有无) and clauses that go on are not statements of zero."""
    assert not [measure for measure in measures(extractor, text) if measure.zero]


def test_statements_of_zero_and_numbers_are_in_text_order(extractor: Extractor) -> None:
    """Both kinds of measures are sorted together by start offset."""
    text = "行政复议5件，无败诉案件，办结3件；未发生投诉事件。"
    extracted = measures(extractor, text)
    assert [(measure.value, measure.zero) for measure in extracted] == [(5, False), (0, True), (3, False), (0, True)]
    assert [measure.start for measure in extracted] == sorted(measure.start for measure in extracted)


def test_a_clause_with_a_number_is_not_a_statement_of_zero(extractor: Extractor) -> None:
    """If a clause contains a number, the number is the measure: 无证经营5家 is not 0."""
    assert [(measure.value, measure.zero) for measure in measures(extractor, "取缔无证经营5家，没有许可证的3家。")] == [
        (5, False),
        (3, False),
    ]
