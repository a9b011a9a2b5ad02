"""Measures in the forms of real files: units, halves, small numerals, brackets, money, blanks, marks of notes."""

from __future__ import annotations

import pytest

from searchkit.measures.extractor import Extractor
from searchkit.model import ExtractedMeasure, Paragraph

EXTRACTOR = Extractor.load()


def measures(text: str) -> list[ExtractedMeasure]:
    """Return the measures of one paragraph of a report on 2023, without statements of zero."""
    (result,) = EXTRACTOR.extract([Paragraph("r#1", "r", 1, text, year=2023)])
    return [measure for measure in result if not measure.zero]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        # units
        ("最高气温38.5°C。", 38.5, "℃"),
        ("最高气温38.5 ℃。", 38.5, "℃"),
        ("装机容量一百二十五千瓦。", 125, "千瓦"),
        ("供电能力三百千伏安。", 300, "千伏安"),
        ("压力五十千帕。", 50, "千帕"),
        ("运距一千二百千米。", 1200, "千米"),
        ("受理申请一千零十二件。", 1012, "件"),
        ("道路长三千零五米。", 3005, "米"),
        # halves
        ("产量增长一倍半。", 1.5, "倍"),
        ("节约粮食一吨半。", 1.5, "吨"),
        ("工期缩短两年半。", 2.5, "年"),
        ("会议历时一个半小时。", 1.5, "个小时"),
        ("开展为期半年的行动。", 0.5, "年"),
        ("平均办理时间缩短半天。", 0.5, "天"),
        ("亩产提高三斤半。", 3.5, "斤"),
        # small numerals
        ("全年立案两件。", 2, "件"),
        ("处分一人。", 1, "人"),
        ("全年结案三件。", 3, "件"),
        ("罚款三次。", 3, "次"),
        ("全年约谈两家。", 2, "家"),
        ("移送一件。", 1, "件"),
        # money
        ("罚没款共计人民币120万元。", 1200000, "元"),
        ("采购设备¥3,000。", 3000, "元"),
        ("采购设备￥3,000.50元。", 3000.5, "元"),
        ("收到捐款伍仟圆整。", 5000, "元"),
        ("收到捐款壹万贰仟元整。", 12000, "元"),
        ("贸易额5306亿台币。", 530600000000, "台币"),
        ("出口额达US$500万。", 5000000, "美元"),
        ("出口额达港币20亿元。", 2000000000, "港币"),
        ("退还押金50元6角三分。", 50.63, "元"),
        ("退还押金一千二百五十六元五角。", 1256.5, "元"),
        # ranges
        ("处2000至3万元罚款。", 2000, "元"),
        ("处5万至10万元罚款。", 50000, "元"),
        ("处2000元以上3万元以下罚款。", 2000, "元"),
        ("投资2至3亿元。", 200000000, "元"),
        # blanks
        ("受理举报1 2 9 件。", 129, "件"),
        ("罚没款9 3 . 7 1 8 2 万 元。", 937182, "元"),
        ("立 案 三 件。", 3, "件"),
        ("受理举报三千 八百 九十六件。", 3896, "件"),
        # marks of notes and invisible characters
        ("生产总值²1349亿元。", 134900000000, "元"),
        ("受理举报15\u00ad3件。", 153, "件"),
        ("受理举报1\u200b29件。", 129, "件"),
        ("绿地面积5m²。", 5, "m²"),
        ("保护区面积30km²。", 30, "km²"),
        ("发电量10⁸千瓦时。", 10**8, "千瓦时"),
        ("PM₂.₅浓度35微克/立方米。", 35, "微克/立方米"),
    ],
)
def test_values_in_these_forms_are_extracted(text: str, value: float, unit: str) -> None:
    """The first measure of the text has the base value and the base unit."""
    measure = measures(text)[0]
    assert (measure.base_value, measure.base_unit) == (pytest.approx(value), unit)


@pytest.mark.parametrize("text", ["依照第 51 条处理。", "简报第 5 期。", "依照第 三 条处理。", "见第  12 页。"])
def test_an_ordinal_with_blanks_counts_nothing(text: str) -> None:
    """第 51 条 is read as 第51条, an ordinal."""
    assert measures(text) == []


@pytest.mark.parametrize(
    ("text", "names"),
    [
        # a word that can precede a name (将, 向, 通过) is not removed from a longer word (将乐县, 向阳, 通过率)
        ("制定规范性文件12件。", ["规范性文件"]),
        ("将乐县立案5件。", ["将乐县立案"]),
        ("向阳街道立案2件。", ["向阳街道立案"]),
        ("通过率98%。成功率95%。", ["通过率", "成功率"]),
        ("表彰积极分子12名。", ["表彰积极分子"]),
        ("落实率达100%。", ["落实率"]),
        ("召开推进会3次。", ["推进会"]),
        ("自治区起草地方性法规3部。", ["自治区起草地方性法规"]),
        # words in brackets are not part of names outside of the brackets
        ("受理56件（上年结转4件），审结50件，其中维持30件。", ["受理", "结转", "审结", "审结 维持"]),
        ("收入900万元（上年800万元），移送3件。", ["收入", "收入", "移送"]),
        # an amount of money does not take the name of the measure before it
        ("生产总值增长5%，发放补贴3万元。", ["生产总值", "补贴"]),
        ("工业增加值增长6%，安排资金2亿元。", ["工业增加值", "资金"]),
        # a word of the currency is not a name
        ("罚没款共计人民币120万元。", ["罚没款"]),
        ("引进资金20亿元人民币。", ["资金"]),
    ],
)
def test_names_are_neither_cut_nor_borrowed(text: str, names: list[str]) -> None:
    """Names begin and end at the boundaries of words, and contain no words of unrelated measures."""
    assert [measure.indicator for measure in measures(text)] == names


@pytest.mark.parametrize(
    ("text", "periods"),
    [
        ("受理56件（上年结转4件），审结50件。", [None, "上年", None]),
        ("收入900万元（上年800万元），移送3件。", [None, "上年", None]),
        ("办结120件（2022年100件），结案率98%。", [None, "2022年", None]),
    ],
)
def test_the_period_of_a_bracket_ends_with_it(text: str, periods: list[str | None]) -> None:
    """A measure after a bracket is of the reporting year again."""
    assert [measure.period for measure in measures(text)] == periods


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("进出口从785.15亿元提升到1402.38亿元。", [78515000000, 140238000000]),
        ("占比由71%提高到89%。", [71, 89]),
        ("里程从1.2万公里增加至2万公里。", [12000, 20000]),
    ],
)
def test_a_former_and_a_later_level_are_two_measures(text: str, values: list[float]) -> None:
    """从785.15亿元提升到1402.38亿元 is not a range: both values are exact."""
    result = measures(text)
    assert [measure.base_value for measure in result] == values
    assert {measure.bound for measure in result} == {"exact"}
