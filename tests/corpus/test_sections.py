"""Sections: headings, wording, and the order of paragraphs."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.sections import classify_sections, is_part_heading
from searchkit.model import SECTIONS


@dataclass(frozen=True)
class Line:
    """A paragraph with its heading path."""

    text: str
    path: tuple[str, ...] = ()


INTRODUCTION = Line("根据上级要求，现将本年度工作情况报告如下：")


def section(path: tuple[str, ...], text: str = "检查了一批单位。") -> str:
    """Return the section of one paragraph after an introduction."""
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
    """A single heading with a usual wording decides."""
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
def test_problems_plans_and_duties_win_from_outside_in(path: tuple[str, ...], expected: str) -> None:
    """Problems, plans and duties win from outside in; otherwise the inner heading is more specific."""
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
    """Under a heading that names two sections, the wording of each paragraph decides."""
    assert section(("存在的问题及下一步工作打算",), text) == expected


def test_self_criticism_inside_the_review_is_a_problem() -> None:
    """A self-critical paragraph at the end of the review is a problem; its neighbours are not."""
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
    """A last paragraph that begins with the next step is the plan, and so are the paragraphs that continue it."""
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
    """If the review names its year, the work of a later year is the plan."""
    sections = classify_sections(
        [INTRODUCTION, Line("增长百分之五。", ("2020年工作回顾",)), Line("修路。", (heading,))]
    )
    assert sections[1:] == ("成效", "计划")


def test_chapters_after_the_plan_continue_it() -> None:
    """Chapters of the plan with headings of their own are not part of the review."""
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
def test_signature_and_date_belong_to_no_part(tail: tuple[str, str]) -> None:
    """Signature and date at the end are 其他, whatever heading precedes them."""
    plan = ("下一步工作",)
    sections = classify_sections([INTRODUCTION, Line("继续努力。", plan), *(Line(text, plan) for text in tail)])
    assert sections == ("其他", "计划", "其他", "其他")


def test_closing_words_continue_the_part_before() -> None:
    """A closing paragraph outside all headings belongs to the part before it."""
    assert classify_sections([INTRODUCTION, Line("修路。", ("下一步工作",)), Line("让我们团结起来！")])[2] == "计划"


def test_headings_are_folded() -> None:
    """Traditional characters and full-width forms in headings do not matter."""
    assert section(("存在的問題",)) == "问题"
    assert section(("２０２４年工作計劃",)) == "计划"


def test_headings_of_parts_are_not_subjects() -> None:
    """A heading that names a part of the report is distinguished from a subject."""
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
