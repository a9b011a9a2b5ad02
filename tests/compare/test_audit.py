"""What the audit finds in made-up reports, and what it must not find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from searchkit.compare.audit import Audit, audit
from searchkit.compare.findings import FINDING_KINDS
from searchkit.indexing.namelists import read_name_lists
from searchkit.measures.extractor import Extractor
from searchkit.model import Measure, Paragraph
from searchkit.output.json import finding_to_json
from searchkit.query.naming import IndicatorNames

NAMES = IndicatorNames(read_name_lists())
EXTRACTOR = Extractor.load()
PLACE = ("江海省", "临江市")


@dataclass(frozen=True, slots=True)
class Report:
    """A made-up report, by default of the government of 临江市 on its work. A report of 2023 is on 2022."""

    texts: tuple[str, ...]
    year: int = 2023
    document: str = ""
    region: tuple[str, ...] = PLACE
    doctype: str = "政府工作报告"
    agency: str = "人民政府"
    path: tuple[str, ...] = ()
    section: str = "成效"
    sections: dict[int, str] = field(default_factory=dict)
    """Sections of paragraphs by number. A paragraph that is not in it has `section`."""

    def measures(self) -> list[Measure]:
        """Return the measures of the report."""
        name = self.document or f"{self.region[-1]}-{self.year}.md"
        paragraphs = [
            Paragraph(
                f"{name}#{n}",
                name,
                n,
                text,
                path=self.path or (f"{self.year - 1}年工作回顾",),
                section=self.sections.get(n, self.section),
                year=self.year,
                agency=self.agency,
                region=self.region,
                doctype=self.doctype,
            )
            for n, text in enumerate(self.texts, 1)
        ]
        extracted = EXTRACTOR.extract(paragraphs)
        return [Measure(item, source) for source, items in zip(paragraphs, extracted, strict=True) for item in items]


def audit_of(*reports: Report | str) -> Audit:
    """Return the audit of reports. A text stands for a report with one paragraph."""
    items = [
        item if isinstance(item, Report) else Report((item,), document=f"{n}.md") for n, item in enumerate(reports)
    ]
    return audit([measure for item in items for measure in item.measures()], NAMES)


def kinds(*reports: Report | str) -> list[str]:
    """Return the kinds of the findings in reports."""
    return [finding.kind for finding in audit_of(*reports)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("财政支出由2019年的190.9亿元增加到520.9亿元，年均增长52.2%。", "39.74% a year in 3 years, not 52.2%"),
        ("财政支出由190.9亿元增加到520.9亿元，年均增长52.2%。", "22.23% a year in 5 years, not 52.2%"),
    ],
)
def test_mean_growth_is_calculated_over_the_years_between_the_values(text: str, expected: str) -> None:
    """If the text does not state the year of the first value, five years are assumed."""
    assert [finding.message.partition(" is ")[2] for finding in audit_of(text).findings] == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("全年接到投诉420件，其中医疗卫生299件、公共卫生88件、其他43件。", ["parts"]),
        ("全年接到投诉420件，其中医疗卫生299件、公共卫生88件、其他33件。", []),
        ("全年接到投诉420件，其中医疗卫生299件、公共卫生88件。", []),
        ("全年接到投诉420件，分别为医疗卫生299件、公共卫生88件。", ["parts"]),
        ("全年接到投诉420件，分别为医疗卫生299件、公共卫生88件等。", []),
        ("建成幼儿园1575所，其中城市幼儿园201所、农村幼儿园1734所。", ["parts"]),
        ("居民人均可支配收入27904元，其中城镇38291元、农村15337元。", []),
        ("三次产业结构调整为10.7∶40.9∶58.4。", ["parts"]),
        ("三次产业结构调整为10.7∶40.9∶48.4。", []),
        ("三次产业结构由13.4∶47.7∶38.9调整为10.8∶40.9∶48.4。", []),
        ("三次产业比例趋近于3∶3∶4，城镇人口100万人。", []),
    ],
)
def test_parts_that_do_not_make_up_their_total_are_found(text: str, expected: list[str]) -> None:
    """Parts after 分别为, unless 等 follows, and percentages of a ratio must add up to their total.

    Parts after 其中 may not exceed the total. Means are not totals.
    """
    assert kinds(f"{text}全年共接待人员12人。") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("广播电视综合覆盖率达到109.2%。", ["rate"]),
        ("广播电视综合覆盖率达到99.2%。", []),
        ("税收收入完成年度预算的110%。", []),
        ("企业资产负债率120%。", []),
        ("工业增加值完成16727亿元，其中民营工业增加值完成8289亿元，占59.6%。", ["rate"]),
        ("工业增加值完成16727亿元，其中民营工业增加值完成8289亿元，占49.6%。", []),
    ],
)
def test_impossible_shares_are_found(text: str, expected: list[str]) -> None:
    """A share is at most 100 %, and equals the quotient of the part and its total.

    The completion of a plan (完成预算) and ratios (负债率) can be more than 100 %.
    """
    assert kinds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("贫困发生率由13.2%下降到33.6%。", ["change"]),
        ("贫困发生率由33.6%下降到13.2%。", []),
        ("城镇和农村人均住房面积分别由16.3平方米和37.3平方米增加到20.7平方米和49.5平方米。", []),
        ("高速公路里程由1000公里增加到1200公里，增长30%。", ["change"]),
        ("高速公路里程由1000公里增加到1200公里，增长20%。", []),
        ("高速公路里程由1000公里增加到1200公里，公路客运量增长3.5%。", []),
        ("财政支出由190.9亿元增加到520.9亿元，年均增长32.2%。", ["change"]),
        ("财政支出由190.9亿元增加到520.9亿元，年均增长22.2%。", []),
        ("生产总值由190.9亿元增加到520.9亿元，年均增长12.2%。", []),
        ("全市粮食产量400.8万吨，增加31.4万吨，增长18.5%。", ["change"]),
        ("全市粮食产量400.8万吨，增加31.4万吨，增长8.5%。", []),
        ("就业人员5.2万人，减少1.3万人，下降19.3%。", []),
        ("就业人员5.2万人，减少1.3万人，下降23.3%。", ["change"]),
    ],
)
def test_changes_within_a_sentence_are_checked(text: str, expected: list[str]) -> None:
    """Direction, growth and mean growth must follow from the values.

    Growth at constant prices (生产总值) need not. A change that may be of something else, or between lists of several
    values, is not checked.
    """
    assert kinds(text) == expected


LAST_YEAR = Report(
    ("全市粮食产量达到364.3万吨。社会消费品零售总额890.2亿元。生产总值3000.5亿元。森林覆盖率40.2%。",), 2022
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("粮食产量400.8万吨，增长10%。", []),
        ("粮食产量400.8万吨，增长12%。", ["change"]),
        ("粮食产量400.8万吨，下降10%。", ["change"]),
        ("粮食产量400.8万吨，增加36.5万吨。", []),
        ("粮食产量400.8万吨，增加46.5万吨。", ["change"]),
        ("粮食产量400.8万吨，比2017年增长30%。", []),
        ("粮食产量400.8万吨，年均增长2%。", []),
        ("其中临河县粮食产量90.3万吨，增长12%。", []),
        ("社会消费品零售总额960.4亿元，增长7.1%。", []),
        ("社会消费品零售总额960.4亿元，增长17.1%。", ["change"]),
        ("生产总值3400.5亿元，增长7.1%。", []),
        ("生产总值2400.5亿元，增长7.1%。", ["change"]),
        ("森林覆盖率41.5%，提高1.3个百分点。", []),
        ("森林覆盖率41.5%，提高3.3个百分点。", ["change"]),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_changes_are_compared_with_last_years_report(text: str, expected: list[str], *, is_first: bool) -> None:
    """A value must follow from last year's report and the stated change, in either order of the reports.

    The growth of an amount of money may differ from the stated one by two percentage points. If it is usually stated at
    constant prices, as that of 生产总值, it may also differ by the change of prices.
    """
    now = Report((f"全市{text}",))
    found = kinds(now, LAST_YEAR) if is_first else kinds(LAST_YEAR, now)
    assert [kind for kind in found if kind != "copied"] == expected


@pytest.mark.parametrize(
    "text",
    [
        "粮食产量由364.3万吨增加到400.8万吨，增长20%。",
        "粮食产量400.8万吨，增加36.5万吨，增长20%。",
        "粮食产量由464.3万吨增加到400.8万吨，增长20%。",
    ],
)
def test_a_change_that_contradicts_both_its_sentence_and_last_year_is_found_once(text: str) -> None:
    """Only the contradiction within the sentence is found: one wrong number may cause both contradictions."""
    assert [kind for kind in kinds(Report((f"全市{text}",)), LAST_YEAR) if kind == "change"] == ["change"]


def test_a_finding_has_both_sentences() -> None:
    """A finding has the ids of the measures, the documents and sentences, the place, and the name of the measure."""
    (finding,) = audit_of(LAST_YEAR, Report(("全市粮食产量400.8万吨，增长12%。",)))
    assert finding_to_json(finding) == {
        "ids": ["临江市-2023.md#1@2", "临江市-2023.md#1@16", "临江市-2022.md#1@2"],
        "kind": "change",
        "values": [4008000, 12, 3643000],
        "message": "粮食产量400.8万吨，增长12%; but 粮食产量达到364.3万吨 the year before, a change of 10.02%",
        "documents": ["临江市-2023.md", "临江市-2022.md"],
        "sentences": ["全市粮食产量400.8万吨，增长12%", "全市粮食产量达到364.3万吨"],
        "district": "临江市",
        "year": None,
        "indicator": "粮食产量",
    }


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("全市生产总值由3000.5亿元增加到4100.2亿元。", "全市生产总值由2800.5亿元增加到3050.5亿元。", []),
        ("2022年，全市城镇化率63.2%。", "城镇化率由2022年的61.2%提高到2027年的70.1%。", ["conflict"]),
        ("2022年，全市城镇化率63.2%。", "城镇化率由2022年的63.2%提高到2027年的70.1%。", []),
        ("2022年，全市新登记企业7320户。", "2022年，全市新登记企业7230户。", ["conflict"]),
        ("2022年，全市财政收入4.77万亿元。", "财政收入由2022年的4.7万亿元增加到2027年的6.1万亿元。", []),
        ("2022年，全市财政收入7300万元。", "财政收入由2022年的7315万元增加到2027年的8315万元。", []),
        ("2022年，全市财政收入预计7310万元。", "财政收入由2022年的7345万元增加到2027年的8315万元。", []),
        ("2022年，全市城镇居民人均可支配收入38291元。", "2022年，全市农村居民人均可支配收入15337元。", []),
        ("2022年，全市财政收入731亿元。", "2022年，临河县财政收入73亿元。", []),
    ],
)
def test_values_of_two_reports_for_one_year_are_compared(one: str, other: str, expected: list[str]) -> None:
    """Two reports may not state different values for one year and scope, unless they differ only by rounding."""
    assert kinds(Report((one,)), Report((other,), year=2028)) == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (("全市高速公路通车里程达到2206公里。", "高速公路通车里程2306公里。"), ["conflict"]),
        (("全市高速公路通车里程达到2206公里。", "高速公路通车里程2206公里。"), []),
        (("全市高速公路通车里程达到2206公里。", "新区建设加快。高速公路通车里程306公里。"), []),
        (("全市高速公路通车里程达到2206公里。", "临河县发展加快。高速公路通车里程2106公里。"), []),
        (("开展监督检查5983户次。", "监督检查5893户次。"), ["conflict"]),
        (("举办培训40场。", "举办培训30场。"), []),
    ],
)
def test_values_within_a_report_are_compared(texts: tuple[str, ...], expected: list[str]) -> None:
    """Two values of an indicator for one place are a conflict if they are close and the indicator is listed.

    Values of an indicator that is not listed are a conflict only if they differ by a typo, as 5983 and 5893 do.
    """
    assert kinds(Report(texts)) == expected


@pytest.mark.parametrize(
    ("doctype", "expected"),
    [
        ("行政执法工作报告", ["conflict"]),
        ("行政复议应诉工作报告", ["conflict"]),
        ("法治政府建设年度报告", ["conflict"]),
        ("政府工作报告", ["conflict"]),
        ("国民经济和社会发展计划报告", []),
        ("预算执行情况报告", []),
    ],
)
def test_values_of_the_year_that_a_report_reports_on_are_compared(doctype: str, expected: list[str]) -> None:
    """A 行政执法工作报告 of 2023 reports on 2023. A 计划报告 of 2023 can report on 2022 and plan 2023."""
    report = Report(("监督检查5983户次。", "监督检查5893户次。"), doctype=doctype, path=("工作情况",))
    assert kinds(report) == expected


def test_a_target_is_not_a_contradiction() -> None:
    """A target of a plan is not compared with the value that the next report states for the same year."""
    plan = Report(("全市新增就业7300人。", "2023年目标：全市新登记企业8400户。"), sections={2: "计划"})
    result = Report(("2023年，全市新登记企业7320户。",), year=2024)
    assert kinds(plan, result) == []


def test_a_slip_of_the_unit_is_found() -> None:
    """182.3万元 between 170.2亿元 and 195.1亿元 is a slip of the unit."""
    years = [
        Report((f"全市固定资产投资完成{value}。",), year=year)
        for year, value in ((2021, "170.2亿元"), (2022, "182.3万元"), (2023, "195.1亿元"))
    ]
    (finding,) = audit_of(*years)
    assert (finding.kind, finding.documents[0]) == ("jump", "临江市-2022.md")
    plain = [years[0], Report(("全市固定资产投资完成182.3亿元。",), year=2022), years[2]]
    assert kinds(*plain) == []


def test_copied_values_are_found() -> None:
    """The same value of many digits for two years, or for two places, is copied. A stock may stay the same."""
    first = Report(("全市城镇新增就业12.45万人。森林覆盖率65.95%。",), year=2022)
    assert kinds(first, Report(("全市城镇新增就业12.45万人。森林覆盖率65.95%。",))) == ["copied"]
    assert kinds(first, Report(("全市城镇新增就业12.46万人。",))) == []
    other = Report(("全市社会消费品零售总额3009.67亿元。",), region=("江海省", "临海市"))
    assert kinds(Report(("全市社会消费品零售总额3009.67亿元。",)), other) == ["copied"]
    assert kinds(Report(("全市社会消费品零售总额3009亿元。",)), other) == []


def test_values_that_all_places_state_are_not_copied() -> None:
    """Two places may state one value of the whole country. A place and its province may also state one value."""
    text = "全国社会消费品零售总额3009.67亿元。"
    assert kinds(Report((text,)), Report((text,), region=("江海省", "临海市"))) == []
    assert kinds(Report((text[2:],)), Report((text[2:],), region=("江海省",))) == []


def _long_report(**fields: Any) -> Report:  # noqa: ANN401
    names = "甲乙丙丁戊己庚辛壬癸子丑"
    sentences = tuple(
        f"我们坚持把{name}项目作为推动高质量发展的重要抓手完成投资{n}亿元。" for n, name in enumerate(names, 13)
    )
    return Report(sentences, **fields)


def test_reports_that_repeat_each_other_are_found() -> None:
    """Two reports of different places with the same sentences are one finding. Plans may repeat each other."""
    one, other = _long_report(), _long_report(region=("江海省", "临海市"))
    (finding,) = audit_of(one, other)
    assert (finding.kind, finding.documents) == ("duplicate", ("临江市-2023.md", "临海市-2023.md"))
    assert "12 of 12 sentences" in finding.message
    assert len(finding.sentences) == len(finding.ids) == 2
    assert kinds(_long_report(section="计划"), _long_report(section="计划", region=("江海省", "临海市"))) == []


def test_versions_of_a_report_count_once() -> None:
    """A mistake that two versions of one report repeat is one finding."""
    text = "广播电视综合覆盖率达到109.2%。"
    assert kinds(Report((text,), document="a.md"), Report((text,), document="b.md")) == ["rate"]


def test_findings_are_counted_and_listed_by_kind() -> None:
    """`counts` has the kinds that occur, in the order of `FINDING_KINDS`. The findings are in the same order."""
    found = audit_of("贫困发生率由13.2%下降到33.6%。", "广播电视综合覆盖率达到109.2%。", "就业率达到109.2%。")
    assert found.counts == {"rate": 2, "change": 1}
    assert [item.kind for item in found] == sorted((item.kind for item in found), key=FINDING_KINDS.index)
    assert len(found) == 3


def test_reports_whose_values_mostly_disagree_are_of_different_years() -> None:
    """If most values of two reports for one year disagree, one report is taken as misdated, and nothing is reported."""
    names = ("社会消费品零售总额", "固定资产投资", "财政收入")

    def report(factor: int, document: str) -> Report:
        return Report(tuple(f"全市{name}{factor + n}.3亿元。" for n, name in enumerate(names)), document=document)

    assert kinds(report(100, "a.md"), report(123, "b.md")) == []


def test_names_of_one_measure_can_contradict_each_other(make_measure: Callable[..., Measure]) -> None:
    """高新技术企业 and 高企 are compared. A level is not compared with a change, an addition or a narrower name.

    A value that is within a bound does not contradict it.
    """

    def conflicts(one: str, other: str, **fields: Any) -> list[str]:  # noqa: ANN401
        measures: Sequence[Measure] = (
            make_measure("a#1", one, 913, "家", year=2023),
            make_measure("b#1", other, 807, "家", **fields),
        )
        return [finding.kind for finding in audit(measures, NAMES)]

    assert conflicts("高新技术企业", "高企") == ["conflict"]
    assert conflicts("高新技术企业", "全区国家高新技术企业总数") == ["conflict"]
    assert conflicts("高新技术企业", "新增高新技术企业") == []
    assert conflicts("高新技术企业", "高新技术企业 增加", change="increase") == []
    assert conflicts("工业企业", "规模以上工业企业") == []
    assert conflicts("高新技术企业", "高企", bound="at_least") == []
