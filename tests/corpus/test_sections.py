"""Sections: headings, wording, and the order of paragraphs.

The sections are 成效 (review of the work done), 问题 (problems), 计划 (plan), 履职 (duties of the head of the body) and
其他 (everything else).
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.sections import classify_sections, is_part_heading
from searchkit.names import SECTIONS


@dataclass(frozen=True)
class Line:
    """A paragraph with its heading path."""

    text: str
    path: tuple[str, ...] = ()


INTRODUCTION = Line("根据上级要求，现将本年度工作情况报告如下：")


def section(path: tuple[str, ...], text: str = "检查了一批单位。") -> str:
    """Return the section of one paragraph with the headings `path`, after an introduction."""
    return classify_sections([INTRODUCTION, Line(text, path)])[1]


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("主要举措和成效", "成效"),
        ("工作完成情况", "成效"),
        ("年度计划完成情况", "成效"),
        ("督察反馈问题整改情况", "成效"),
        ("聚焦群众急难愁盼解决突出问题", "成效"),
        ("存在的主要问题", "问题"),
        ("问题与不足", "问题"),
        ("困难和挑战", "问题"),
        ("执法力量严重不足", "问题"),
        ("宣传方式有待进一步创新", "问题"),
        ("下一步工作打算", "计划"),
        ("2024年工作安排", "计划"),
        ("总体要求和主要目标", "计划"),
        ("整改措施及下一步计划", "计划"),
        ("努力方向", "计划"),
        ("明年法治建设思路", "计划"),
        ("研制普法计划", "成效"),
        ("履行第一责任,筑牢法治根基", "履职"),
        ("党政主要负责人履行推进法治建设第一责任人职责情况", "履职"),
        ("主要负责人年终述法情况", "履职"),
        ("基本情况", "其他"),
        ("单位概况", "其他"),
        ("持续规范公正文明执法", "成效"),
    ],
)
def test_a_heading_decides_the_section(heading: str, expected: str) -> None:
    """A single heading with a usual wording decides. One that names no section (持续规范公正文明执法) yields 成效."""
    assert section((heading,)) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("下一步工作计划", "落实第一责任人职责"), "计划"),
        (("存在问题", "工作成效还不明显"), "问题"),
        (("履行第一责任人职责情况", "主要成效"), "履职"),
        (("工作完成情况", "强化领导，落实第一责任人职责"), "履职"),
        (("基本情况", "行政执法主体情况"), "其他"),
        (("基本情况", "行政执法监督情况"), "成效"),
        (("存在问题及下一步打算", "存在问题"), "问题"),
        (("存在问题及下一步打算", "下一步打算"), "计划"),
    ],
)
def test_the_outermost_heading_of_problems_a_plan_or_duties_decides(path: tuple[str, ...], expected: str) -> None:
    """The outermost heading that names exactly one of 问题, 计划 and 履职 decides.

    Without such a heading, the innermost one that names 成效 or 其他 decides.
    """
    assert section(path) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一是执法力量不足，装备缺乏，业务水平参差不齐。", "问题"),
        ("下一步，我局将加大培训力度。", "计划"),
        ("二是加强队伍建设，继续推进规范执法。", "计划"),
    ],
)
def test_wording_decides_under_a_combined_heading(text: str, expected: str) -> None:
    """Under a heading that names two sections, the wording of the paragraph decides between the two."""
    assert section(("存在的问题及下一步工作打算",), text) == expected


def test_self_criticism_inside_the_review_is_a_problem() -> None:
    """A self-critical paragraph inside the review is a problem; its neighbours are not."""
    review = ("2023年工作回顾",)
    sections = classify_sections(
        [
            INTRODUCTION,
            Line("经济稳步增长，完成投资一百亿元。", review),
            Line("同时，我们也清醒地看到，发展中还存在不少困难：产业结构不优。", review),
            Line("各位代表！成绩来之不易。", review),
        ]
    )
    assert sections[1:] == ("成效", "问题", "成效")


def test_a_plan_needs_no_heading() -> None:
    """A paragraph that begins with 下一步 is the plan, even without a heading, and so are the intentions after it."""
    sections = classify_sections(
        [
            INTRODUCTION,
            Line("全年开展培训八次。"),
            Line("下一步，我局将从以下方面着手："),
            Line("一是加强宣传。"),
            Line("二是继续完善制度。"),
        ]
    )
    assert sections == ("其他", "成效", "计划", "计划", "计划")


@pytest.mark.parametrize("heading", ["2021年重点工作", "2021年主要工作", "扎实做好2021年各项工作"])
def test_the_work_of_a_later_year_is_a_plan(heading: str) -> None:
    """If the heading of the review names its year, the work of a later year is the plan."""
    sections = classify_sections(
        [INTRODUCTION, Line("增长百分之五。", ("2020年工作回顾",)), Line("修路。", (heading,))]
    )
    assert sections[1:] == ("成效", "计划")


PLAN_HEADINGS = [
    ("2026年主要工作", 2026),
    ("2025年目标任务和主要工作", 2025),
    ("2024年工作安排", 2024),
    ("2011年的主要工作", 2011),
    ("2015年的形势和主要工作", 2015),
    ("2008年的重点工作和主要措施", 2008),
    ("二〇二三年主要工作", 2023),
    ("扎实做好2017年重点工作", 2017),
    ("关于2019年工作", 2019),
    ("2016年经济社会发展的主要举措", 2016),
    ("2026年省十件民生实事", 2026),
    ("今年的主要工作", 2020),
    ("全力做好今年各项工作", 2020),
    ("今后五年的奋斗目标和2003年的工作", 2003),
]
"""Headings of plans, each with the year that its work report plans."""
REVIEW_HEADINGS = [
    ("2025年主要工作完成情况", 2026),
    ("2025年工作回顾", 2026),
    ("2025年主要工作", 2026),
    ("全面完成2003年各项预期目标", 2004),
    ("“十五”经济社会发展目标全面实现", 2006),
    ("2018年目标任务完成情况", 2019),
    ("过去五年和2022年工作回顾", 2023),
    ("关于去年和今年前4个月工作", 2020),
    ("今年以来的主要工作", 2020),
]
"""Headings of reviews, each with the year that its work report plans."""


@pytest.mark.parametrize(("heading", "year"), PLAN_HEADINGS)
def test_a_work_report_plans_its_year(heading: str, year: int) -> None:
    """In a work report, the work of the year that it plans is the plan, also if no heading reviews a year."""
    items = [INTRODUCTION, Line(f"刚刚过去的{year - 1}年增长8%。", ("砥砺奋进的一年",)), Line("修路十条。", (heading,))]
    assert classify_sections(items, year, is_work_report=True)[1:] == ("成效", "计划")


@pytest.mark.parametrize(("heading", "year"), REVIEW_HEADINGS)
def test_a_work_report_reviews_the_year_before(heading: str, year: int) -> None:
    """A heading about the work or the targets of the year before the planned one names the review.

    A heading about targets that were reached (目标全面实现), or about the past months of the planned year (今年以来),
    names the review, too.
    """
    items = [INTRODUCTION, Line("修路十条。", (heading,))]
    assert classify_sections(items, year, is_work_report=True)[1:] == ("成效",)


def test_a_report_in_winter_plans_the_next_year() -> None:
    """If the plan is for 明年, 今年 is the year reviewed."""
    items = [INTRODUCTION, Line("修路十条。", ("今年主要工作",)), Line("再修十条。", ("明年主要工作",))]
    assert classify_sections(items, 2023, is_work_report=True)[1:] == ("成效", "计划")


@pytest.mark.parametrize(
    ("heading", "expected"),
    [("2023年主要工作", "成效"), ("2024年主要工作", "计划"), ("2024年目标任务和主要工作", "计划")],
)
def test_other_reports_review_their_year(heading: str, expected: str) -> None:
    """A yearly report reviews its own year and plans the next."""
    assert classify_sections([INTRODUCTION, Line("检查一批单位。", (heading,))], 2023)[1] == expected


def test_slogans_of_a_work_report_are_plans_if_they_look_ahead() -> None:
    """In a work report whose headings are slogans, chapters after the first are the plan if their texts look ahead.

    In another report, such chapters are 成效.
    """
    items = [
        INTRODUCTION,
        Line("完成了投资，增长了8%，建成了大桥。", ("牢记嘱托，发展取得新成就",)),
        Line("我们要抓好项目，将建三座大桥，力争增长9%。", ("勇毅前行，在新征程上干出新成效",)),
        Line("我们要转变作风，必须依法行政。", ("一以贯之转作风",)),
    ]
    assert classify_sections(items, 2025, is_work_report=True)[1:] == ("成效", "计划", "计划")
    assert classify_sections(items, 2025)[1:] == ("成效",) * 3


GLOSSARY_TITLES = [
    *("名词解释", "注释", "有关用语说明", "名词注释", "附注", "报告中部分名词解释", "名词解释和说明", "主要名词解释"),
    *("附：名词解释", "附件2：《政府工作报告》名词解释", "《政府工作报告》注释", "政府工作报告专业术语名词解释"),
    *("名 词 解 释", "注 释", "注：", "（名词解释）", "名词解释（按出现先后排序）", "部分词语释义", "相关缩略语"),
    *("报告中有关概念、名词的说明", "市政府工作报告名词注解"),
]


@pytest.mark.parametrize("title", GLOSSARY_TITLES)
def test_a_glossary_at_the_end_is_other(title: str) -> None:
    """All paragraphs from the title of the glossary to the end are 其他, whatever their texts and inner headings."""
    items = [
        INTRODUCTION,
        Line("增长8%。", ("2022年工作回顾",)),
        Line("修路。", ("2023年工作安排",)),
        Line("1.“双减”：减轻学生负担，今年要继续推进。", (title,)),
        Line("2.“四上”企业：规模以上企业，存在困难。", (title, "2023年工作安排")),
        Line("2023年1月5日"),
    ]
    assert classify_sections(items, 2023, is_work_report=True) == ("其他", "成效", "计划", "其他", "其他", "其他")


def test_a_glossary_before_other_chapters_does_not_affect_them() -> None:
    """Chapters after a chapter that explains expressions have the sections that they would have without it."""
    items = [
        INTRODUCTION,
        Line("“双减”：减轻学生负担。", ("名词解释",)),
        Line("增长8%。", ("2022年工作回顾",)),
        Line("修路。", ("2023年工作安排",)),
    ]
    assert classify_sections(items, 2023, is_work_report=True)[2:] == ("成效", "计划")


def test_chapters_after_the_plan_continue_it() -> None:
    """A chapter after the review and the plan belongs to the plan if its heading names no section."""
    sections = classify_sections(
        [
            INTRODUCTION,
            Line("增长百分之五。", ("2014年工作回顾",)),
            Line("稳中求进。", ("2015年工作总体部署",)),
            Line("推进改革。", ("把改革开放推向纵深",)),
        ]
    )
    assert sections[1:] == ("成效", "计划", "计划")


def test_chapters_after_the_review_are_a_plan_if_they_look_ahead() -> None:
    """Without a heading for the plan, the wording separates chapters that look ahead from chapters that look back."""
    review, ahead, back = ("1999年工作回顾",), ("加快教育发展",), ("外交取得的胜利",)
    texts = [
        Line("完成了任务。", review),
        Line("访问了多国，签署了协议。", back),
        Line("今年要扩大招生，必须办好。", ahead),
    ]
    assert classify_sections([INTRODUCTION, *texts])[1:] == ("成效", "成效", "计划")


@pytest.mark.parametrize(
    "tail", [("某区司法局", "2023年12月26日"), ("某区司法", "20241231"), ("某镇人民政府", "2024-01-05")]
)
def test_signature_and_date_are_other(tail: tuple[str, str]) -> None:
    """Signature and date at the end are 其他, whatever heading precedes them."""
    plan = ("下一步工作",)
    sections = classify_sections([INTRODUCTION, Line("继续努力。", plan), *(Line(text, plan) for text in tail)])
    assert sections == ("其他", "计划", "其他", "其他")


def test_closing_words_continue_the_section_before() -> None:
    """A closing paragraph outside all headings has the section of the paragraph before it."""
    assert classify_sections([INTRODUCTION, Line("修路。", ("下一步工作",)), Line("让我们团结起来！")])[2] == "计划"


def test_headings_are_folded() -> None:
    """Traditional characters and full-width forms in headings do not matter."""
    assert section(("存在的問題",)) == "问题"
    assert section(("２０２４年工作計劃",)) == "计划"


def test_headings_of_sections_are_distinguished_from_subjects() -> None:
    """`is_part_heading` is true for a heading that names a section, and false for a heading that names a subject."""
    assert is_part_heading("下一步工作安排")
    assert is_part_heading("工作完成情况")
    assert not is_part_heading("加强行政规范性文件管理")


def test_an_empty_document_has_no_sections() -> None:
    """No paragraphs yield no sections."""
    assert classify_sections([]) == ()


@given(
    st.lists(
        st.tuples(st.text(max_size=60), st.lists(st.sampled_from(["存在问题", "下一步", "成效", "x"]), max_size=3))
    )
)
def test_every_paragraph_gets_one_section(lines: list[tuple[str, list[str]]]) -> None:
    """Any text yields one known section for each paragraph."""
    sections = classify_sections([Line(text, tuple(path)) for text, path in lines])
    assert len(sections) == len(lines)
    assert set(sections) <= set(SECTIONS)
