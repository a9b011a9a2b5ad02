"""Which words of a line are a heading."""

from __future__ import annotations

import pytest

from searchkit.corpus.outline import headings


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("提升办案能力。全年组织培训，提高了水平。", "提升办案能力"),
        ("聚焦重点行业，助推企业发展。优化环境，服务企业。", "聚焦重点行业，助推企业发展"),
        ("科学制定2024年度执法计划。结合实际，统筹安排。", "科学制定2024年度执法计划"),
        ("对普法工作的重视程度仍有待提高。原因：部分人员认识不足；", "对普法工作的重视程度仍有待提高"),
        ("“以案释法”开展宣传。通过活动提高认识。", "“以案释法”开展宣传"),
        ("工作回顾 2023年，我局扎实推进各项工作，取得成效。", "工作回顾"),
        ("执法力量不足：现有人员难以满足需要，需要补充。", "执法力量不足"),
    ],
)
def test_run_in_headings_are_found(text: str, heading: str) -> None:
    """A first sentence that names the subject of the text after it is a heading.

    So are words before a blank or a colon that name it.
    """
    assert headings.parse_run_in_heading(text) == heading


@pytest.mark.parametrize(
    "text",
    [
        "继续优化职能，按照要求调整清单，全年共调整事项107条。",
        "提升办案能力。",
        "现有执法人员35人，其中持证30人。执法车辆5台。",
        "开展检查120次。发现问题35个。",
        "年内召开专题会议。研究重大事项。",
        "严格落实日常监督，做到年初有计划，年中有推动，年末有结果，履行好责任。抓好落实。",
        "我局成立领导小组。局长任组长。",
        "主要原因是：人员不足，经费紧张，设备老化。",
    ],
)
def test_other_first_sentences_are_not_headings(text: str) -> None:
    """A first sentence is not a heading if no text follows, or if it has a measure or more than three clauses.

    Neither is one that begins with a time or the speaker (年内, 我局), nor words that end with 是 before a colon.
    """
    assert headings.parse_run_in_heading(text) is None


def test_a_heading_without_its_full_stop_is_found() -> None:
    """A heading that lost its full stop ends with a noun such as 制度, directly before the first words of the text.

    These must be words with which texts often begin, such as 为充分. In 我们在工作中为群众服务, the noun 工作 is not
    directly before such words, so there is no heading.
    """
    text = "落实法律顾问制度为充分发挥顾问的作用，我局聘请律师两名，提供意见。"
    assert headings.parse_unstopped_heading(text) == "落实法律顾问制度"
    assert headings.parse_unstopped_heading("我们在工作中为群众服务，做了很多事。") is None


def test_the_heading_of_a_part_joined_to_its_text_is_found() -> None:
    """The heading of a part is found if nothing separates it from its text."""
    assert headings.parse_joined_part_heading("2023年工作回顾2023年，我局扎实推进各项工作。") == "2023年工作回顾"


def test_headings_on_lines_of_their_own() -> None:
    """A short line that ends with a colon or without punctuation is a heading.

    A line with a measure, a sentence, a number alone and a line that ends with a comma are not headings.
    """
    assert headings.parse_heading_line("存在的问题：", is_numbered=True) == "存在的问题"
    assert headings.parse_heading_line("规范执法，提升效能", is_numbered=False) == "规范执法，提升效能"
    assert headings.parse_heading_line("开展检查12次", is_numbered=False) is None
    assert headings.parse_heading_line("完成检查。", is_numbered=False) is None
    assert headings.parse_heading_line("1994", is_numbered=False) is None
    assert headings.parse_heading_line("加强领导，", is_numbered=True) is None
