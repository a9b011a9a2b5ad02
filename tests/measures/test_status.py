"""Time and status of measures: actual, target, rule, before; states at a point of time."""

from __future__ import annotations

import pytest

from searchkit.measures.extractor import Extractor
from searchkit.model import ExtractedMeasure, Paragraph

EXTRACTOR = Extractor.load()


def extract(text: str, section: str = "成效", path: tuple[str, ...] = ()) -> list[ExtractedMeasure]:
    """Return the measures of a paragraph of a 政府工作报告 of 2023, which reviews 2022 and plans 2023."""
    paragraph = Paragraph("a#1", "a", 1, text, path=path, section=section, year=2023, doctype="政府工作报告")
    return list(EXTRACTOR.extract([paragraph])[0])


def statuses(text: str, section: str = "成效") -> list[str]:
    """Return the statuses of the measures of a paragraph."""
    return [measure.status for measure in extract(text, section)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("立案查处违法案件129件。", ["actual"]),
        ("预计全年财政收入完成420亿元。", ["actual"]),
        ("积极争取中央资金20亿元。", ["actual"]),
        ("今年以来，全县新增企业30家。", ["actual"]),
        ("到2025年，城镇化率达到70%。", ["target"]),
        ("力争全年粮食产量达到20万吨。", ["target"]),
        ("粮食增长3%，高于2%的预期目标。", ["actual", "target"]),
        ("城镇新增就业24万人（目标18万人）。", ["actual", "target"]),
        ("受理案件由12件增加到30件。", ["before", "actual"]),
        ("低保标准分别从300元、200元提高到400元、260元。", ["before", "before", "actual", "actual"]),
        ("企业数比上年的28家增加12家。", ["before", "actual"]),
        ("新开工1亿元以上项目30个。", ["rule", "actual"]),
        ("对罚款金额超过5万元的案件进行审核。", ["rule"]),
        ("可处2000元以上3万元以下罚款。", ["rule", "rule"]),
        ("对某公司处3万元罚款。", ["actual"]),
        ("产值超过100亿元的园区达到3个。", ["rule", "actual"]),
        ("95%以上的村通了公路。", ["actual"]),
        ("从严查处违法案件129件，为群众挽回经济损失93万元。", ["actual", "actual"]),
        ("由公安机关立案侦查12起，为企业挽回损失3万元。", ["actual", "actual"]),
        ("受理案件由12件，增为30件。", ["before", "actual"]),
        ("口罩日产量从15万只，到年底突破1000万只。", ["before", "actual"]),
        ("严格落实“管行业必须管安全”要求，检查企业5600家次。", ["actual"]),
        ("粮食产量必须达到20万吨。", ["target"]),
        ("向上争取资金突破100亿元。", ["actual"]),
        ("争取上级资金达12.5亿元。", ["actual"]),
        ("争取粮食产量达到20万吨。", ["target"]),
        ("参保人数累计到2022年末达到12.5万人。", ["actual"]),
        ("参保人数到2023年末达到12.5万人。", ["target"]),
        ("全市经营主体达到35.2万户（其中企业12万户）。", ["actual", "actual"]),
        ("走访群众超过3000人次、企业200余家。", ["actual", "actual"]),
        ("地区生产总值达到500亿元、居全市第三。", ["actual"]),
        ("地区生产总值达到500亿元居全市第三。", ["actual"]),
        ("财政收入达到50亿元（全市第一）。", ["actual"]),
        ("产值达到100亿元的企业3家。", ["rule", "actual"]),
        ("产值过一亿元、过十亿元企业分别新增27家、9家。", ["rule", "rule", "actual", "actual"]),
        ("从区直机关抽调执法人员30名，到12个镇街开展整治。", ["actual", "actual"]),
        ("从市直单位选派86名干部到村任职。", ["actual"]),
        ("自由贸易试验区新增企业1200家，达到历史新高。", ["actual"]),
        ("从严查处案件35起，上升到历史最高。", ["actual"]),
        ("由公安机关侦查案件35起，达到较好效果。", ["actual"]),
        ("从省级争取资金3000万元，到位2000万元。", ["actual", "actual"]),
        ("保鲜时间从6天延长至1个月。", ["before", "actual"]),
        ("参保由去年的24个县覆盖到全省。", ["before"]),
        ("企业由12家到去年底的15家。", ["before", "actual"]),
        ("办结率由百分之八十到百分之九十。", ["before", "actual"]),
        ("审核通过15户企业。", ["actual"]),
        ("全年检查超3000户次企业。", ["actual"]),
        ("培训超5000人次执法人员，走访超3000户企业。", ["actual", "actual"]),
        ("年接待超过150万人次的景区3个。", ["rule", "actual"]),
        ("超过30户的乡镇有3个。", ["rule", "actual"]),
    ],
)
def test_status_in_a_review(text: str, expected: list[str]) -> None:
    """A review states what was reached (actual), but also targets, thresholds (rule) and values before a change."""
    assert statuses(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("新建学校12所。", ["target"]),
        ("地区生产总值增长6%左右。", ["target"]),
        ("实施200项以上重点项目。", ["target"]),
        ("目前，全县有低保对象300人。", ["actual"]),
        ("我县第三产业只占20%。", ["actual"]),
        ("补助标准由80元提高到120元。", ["before", "target"]),
        ("支持投资5亿元以上的项目。", ["rule"]),
    ],
)
def test_status_in_a_plan(text: str, expected: list[str]) -> None:
    """What a plan says will be done is a target even without a word of intention. A stated fact is actual.

    The value before a change and a threshold have the statuses `before` and `rule`, as in a review.
    """
    assert statuses(text, "计划") == expected


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("受理案件由2018年的12件增加到30件。", (), [2018, 2022]),
        ("受理案件由12件增加到30件。", (), [2021, 2022]),
        ("受理案件由12件增加到30件。", ("过去五年工作回顾",), [2017, 2022]),
        ("比2019年的12件增加18件。", (), [2019, 2022]),
        ("比上年的12件增加18件。", (), [2021, 2022]),
        ("新开工1亿元以上项目30个。", (), [None, 2022]),
    ],
)
def test_year_of_the_value_before_a_change(text: str, path: tuple[str, ...], expected: list[int | None]) -> None:
    """The value before the change is of the year that is named, else of the year before the reviewed time.

    The reviewed time is 2022, or 2018 to 2022 under 过去五年工作回顾. A rule has no year.
    """
    assert [measure.of_year for measure in extract(text, path=path)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("森林覆盖率达到45%。", True),
        ("年末贷款余额300亿元。", True),
        ("现有学校120所。", True),
        ("市级以上高新区增加到5个。", True),
        ("截至年底，全市市场主体达20万户。", True),
        ("截至9月底，全县登记企业2.3万户。", True),
        ("新增企业30家。", False),
        ("贷款增加30亿元。", False),
        ("5次降低存款利率。", False),
        ("财政收入增长8%。", False),
    ],
)
def test_states_at_a_point_of_time(text: str, *, expected: bool) -> None:
    """Balances, coverage rates and what exists are states (`stock`). Additions, changes and events are not."""
    assert extract(text)[0].stock is expected


def test_totals_of_several_years_and_parts() -> None:
    """`since` is the first year of a total of several years, and None for a state. `part` is 01-11 for 1—11月."""
    path = ("过去五年工作回顾",)
    (total,) = extract("累计新建学校120所。", path=path)
    assert (total.of_year, total.since) == (2022, 2018)
    (state,) = extract("森林覆盖率达到45%。", path=path)
    assert (state.of_year, state.since) == (2022, None)
    (part,) = extract("1—11月，财政收入完成30亿元。")
    assert (part.of_year, part.part) == (2022, "01-11")


def test_a_statement_of_zero_has_a_time() -> None:
    """A statement of zero in a review has the reviewed year, and is actual."""
    (zero,) = extract("全年未发生安全事故。")
    assert (zero.zero, zero.of_year, zero.status) == (True, 2022, "actual")


def test_the_year_of_a_corrected_value_governs_its_clause() -> None:
    """2021年 in a clause that corrects the value of 2021 dates only that clause, not the next sentence.

    The verb 修订为 is not part of the name 生产总值.
    """
    text = "生产总值1.88万亿元，2021年生产总值修订为18247亿元。新增就业31.2万人。"
    assert [(item.indicator, item.of_year) for item in extract(text)] == [
        ("生产总值", 2022),
        ("生产总值", 2021),
        ("新增就业", 2022),
    ]
