"""Cleaning of entire documents: the title, the content, the lines before the content (head) and after it (tail)."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.blocks import Block
from searchkit.corpus.cleaning.content import Cleaned, clean

PAGE = """
进入老年模式 退出老年模式
当前位置:首页
> 政务公开 > 计划总结
索引号: AB331082/2025-00028 公开方式: 主动公开
文号: 成文日期: 2025-01-03
某市司法局2024年法治政府建设年度报告
• 日期:2025-01-03 11:10
• 浏览次数:

2024年，我局扎实推进各项工作。现将情况报告如下：

一、主要做法
（一）规范执法。全年开展检查，要求所有行

政执法行为全程记录，并可追溯。
12
（二）抓好普法。开展活动30次。

某市司法局
20241231

打印 关闭
分享到:
相关链接
某省司法厅
"""


def _clean(text: str) -> Cleaned:
    return clean([Block(line) for line in text.split("\n")])


@pytest.mark.parametrize(
    "head",
    [
        ("政府工作报告", "——2023年1月5日在某市第五届人民代表大会第二次会议上", "市长 张三"),
        ("政府工作报告", "（2023年1月5日）", "市人民政府市长", "张三"),
        ("政府工作报告[^1]", "某市人民政府代市长　李 四", "2023年1月5日"),
        ("——2023年1月5日在某市第五届人民代表大会第二次会议上", "王五"),
        ("勇毅前行 再创辉煌", "——2023年1月5日在某市第五届人民代表大会第二次会议上", "市长 张三"),
    ],
)
def test_session_and_speaker_belong_to_the_head(head: tuple[str, ...]) -> None:
    """Session of the congress, date, speaker, a name alone and a slogan are not content.

    If a title is found, it is 政府工作报告, without footnote mark.
    """
    cleaned = _clean("\n".join((*head, "", "各位代表：", "现在，我代表市人民政府，向大会报告工作。", "一、工作回顾")))
    assert [block.text for block in cleaned.body] == ["现在，我代表市人民政府，向大会报告工作。", "一、工作回顾"]
    assert (cleaned.title or "政府工作报告") == "政府工作报告"


def test_a_first_heading_is_content() -> None:
    """The first line of a text without a title is content, even if a date and a salutation follow it."""
    cleaned = _clean("抓好检查监督\n2023年1月5日\n各位领导：\n全年开展检查一百次，成效明显。")
    assert cleaned.body[0].text == "抓好检查监督"


def test_a_page_of_a_government_site_is_split() -> None:
    """Title, head, content and tail are separated, and a broken sentence is joined."""
    cleaned = _clean(PAGE)
    assert cleaned.title == "某市司法局2024年法治政府建设年度报告"
    assert "索引号: AB331082/2025-00028 公开方式: 主动公开" in cleaned.head
    assert [block.text for block in cleaned.body] == [
        "2024年，我局扎实推进各项工作。现将情况报告如下：",
        "一、主要做法",
        "（一）规范执法。全年开展检查，要求所有行政执法行为全程记录，并可追溯。",
        "（二）抓好普法。开展活动30次。",
        "某市司法局",
        "20241231",
    ]
    assert cleaned.tail == ("打印 关闭", "分享到:", "相关链接", "某省司法厅")


@pytest.mark.parametrize(
    ("lines", "title"),
    [
        (("某区卫生健康委2023年度", "法治政府建设情况报告"), "某区卫生健康委2023年度法治政府建设情况报告"),
        (("某区城市管理局", "关于2023年法治政府建设情况的报告"), "某区城市管理局关于2023年法治政府建设情况的报告"),
        (("某区城市管理局", "2023年度法治政府建设情况报告"), "某区城市管理局2023年度法治政府建设情况报告"),
        (("首页 概况", "某县教育局2021年工作总结"), "某县教育局2021年工作总结"),
        (("政 府 工 作 报 告", "——2014年1月20日在某省人民代表大会第二次会议上"), "政府工作报告"),
        (("政府工作报告（2020年1月12日在某省人民代表大会第三次会议上）",), "政府工作报告"),
    ],
)
def test_titles_are_found_and_joined(lines: tuple[str, ...], title: str) -> None:
    """The lines of a title are joined. Neither a menu above it (首页 概况) nor the session is part of the title."""
    cleaned = _clean("\n".join([*lines, "一、总体情况", "今年，各项工作取得进展。"]))
    assert cleaned.title == title
    assert [block.text for block in cleaned.body] == ["一、总体情况", "今年，各项工作取得进展。"]


def test_a_text_without_a_title_has_none() -> None:
    """If a text has no title, its first heading is content."""
    cleaned = _clean("基本情况\n我局有执法人员35人。")
    assert cleaned.title is None
    assert len(cleaned.body) == 2


def test_the_head_of_a_speech_is_not_content() -> None:
    """Title, subtitle, session, speaker and salutation of a work report are its head."""
    lines = [
        "政府工作报告",
        "为建设某省而奋斗",
        "——2014年1月20日在某省人民代表大会第二次会议上",
        "某省省长 王明",
        "各位代表：",
    ]
    cleaned = _clean("\n".join([*lines, "现在，我代表省人民政府报告工作，请予审议。"]))
    assert cleaned.head == tuple(lines)
    assert len(cleaned.body) == 1


def test_a_table_of_contents_is_removed() -> None:
    """A table of contents is removed, with or without page numbers; the headings below it that it lists are kept."""
    for entries in ("一、做法…………1\n二、问题…………3", "一、做法\n二、问题"):
        cleaned = _clean(f"某局2020年工作总结\n目  录\n{entries}\n一、做法\n开展检查。\n二、问题\n力量不足。")
        assert [block.text for block in cleaned.body] == ["一、做法", "开展检查。", "二、问题", "力量不足。"]


def test_headings_below_a_table_of_contents_are_kept() -> None:
    """Headings are kept even if the first entry of the table of contents (前言) is not a heading of the text."""
    headings = ["一、2023年做法", "二、2023年成效", "三、2023年问题", "四、2023年经验", "五、2023年打算"]
    text = [line for heading in headings for line in (heading, "2023年，我局立案12件。")]
    cleaned = _clean("\n".join(("某局2023年工作总结", "目录", "前言", *headings, *text)))
    assert [block.text for block in cleaned.body] == text


def test_running_heads_are_removed() -> None:
    """A line that occurs at the head of every page is removed, and the paragraphs are kept."""
    pages = [
        Block(text, page=number)
        for number in range(1, 5)
        for text in ("某局年度情况汇编", f"第{number}项工作扎实推进。各部门分工负责，逐项抓好落实，全年任务基本完成。")
    ]
    cleaned = clean(pages)
    assert sum("汇编" in block.text for block in cleaned.body) == 0
    assert len(cleaned.body) == 4


@pytest.mark.parametrize("unit", ["件", "宗", "场", "批", "台", "辆", "吨", "例", "座", "处", "所"])
def test_a_measure_on_a_line_of_its_own_is_not_a_page_number(unit: str) -> None:
    """A number that belongs to the sentence around it is kept."""
    cleaned = _clean(f"某局2020年工作总结\n一、做法\n全年开展检查，共查处\n129\n{unit}，罚款10万元。")
    assert cleaned.body[-1].text == f"全年开展检查，共查处129{unit}，罚款10万元。"


@pytest.mark.parametrize("after", ["处罚案件", "所有案件", "批准文件", "台账记录", "场所检查"])
def test_a_page_number_before_a_word_that_begins_like_a_unit(after: str) -> None:
    """A line of digits is a page number if it is the only one, unless a unit follows. 处 in 处罚 is not a unit."""
    cleaned = _clean(f"某局2020年工作总结\n一、做法\n全年开展检查，及时公开各部门\n2\n{after}，罚款10万元。")
    assert cleaned.body[-1].text == f"全年开展检查，及时公开各部门{after}，罚款10万元。"


def test_figures_on_lines_of_their_own_are_not_page_numbers() -> None:
    """The cells of a table with a line for each cell are kept. Numbers that count up, with gaps, are page numbers."""
    text = "2020年，我局立案。\n1\n抓好整改。\n3\n行政检查\n35\n行政处罚\n30\n年底完成。\n4\n明年继续。\n6"
    content = "".join(block.text for block in _clean(f"某局2020年工作总结\n{text}").body)
    assert content == "2020年，我局立案。抓好整改。行政检查35行政处罚30年底完成。明年继续。"


@pytest.mark.parametrize("label", ["市公安局：", "责任单位：", "分管领导："])
def test_a_label_below_the_first_text_is_not_a_salutation(label: str) -> None:
    """A body or office with a colon addresses the audience only above the first text; 各位代表 does everywhere."""
    # Three lines in a row without a typical shape of the head (date, session, speaker …) do not belong to the head.
    fillers = ("政务公开", "检查监督", "普法宣传")
    lines = (
        *fillers,
        label,
        "各位代表：",
        "二、执法情况",
        label,
        "立案129件。",
        "各位代表！",
        "同志们：",
        "明年继续。",
    )
    body = _clean("\n".join(("某局2020年工作总结", *lines))).body
    assert [block.text for block in body] == [*fillers, "二、执法情况", label, "立案129件。", "明年继续。"]


@pytest.mark.parametrize(
    "heading",
    ["（一）区市场监督管理局：", "1.市公安局：", "（三）联系人大代表：", "（1）微信公众号", "2.政务新媒体"],
)
def test_a_line_with_a_list_number_is_content(heading: str) -> None:
    """A heading with a list number is kept, even if its text alone would be a salutation or a button."""
    cleaned = _clean(f"某局2020年工作总结\n一、做法\n{heading}\n全年发布信息129条。")
    assert [block.text for block in cleaned.body] == ["一、做法", heading, "全年发布信息129条。"]


def test_a_date_is_not_a_page_number() -> None:
    """A date of eight digits below the signature is kept."""
    assert _clean(PAGE).body[-1].text == "20241231"


@given(st.lists(st.text(alphabet="执法报告一、（）。：1 打印\n年月日", max_size=14), max_size=14))
def test_content_is_a_subsequence_of_the_source(texts: list[str]) -> None:
    """Without white space, the content is a subsequence of the document's characters. No block of it is empty."""
    cleaned = clean([Block(text) for text in texts])
    source = iter("".join("".join(texts).split()))
    content = "".join("".join(block.text for block in cleaned.body).split())
    assert all(char in source for char in content)
    assert all(block.text.strip() for block in cleaned.body)


def test_a_long_line_takes_linear_time() -> None:
    """A line of 4 million code points takes less than 10 seconds of CPU time."""
    started = time.process_time()
    clean([Block("加强执法监督 " * 600_000)])
    assert time.process_time() - started < 10


def test_real_reports(shared: Path) -> None:
    """Each real report has a title, and more than 95 % of its Han characters are content."""
    for file in sorted((shared / "corpus" / "seeds").glob("*.txt")):
        text = file.read_text(encoding="utf-8")
        cleaned = _clean(text)
        han_count = sum("\u4e00" <= char <= "\u9fff" for block in cleaned.body for char in block.text)
        assert cleaned.title
        assert han_count > 0.95 * sum("\u4e00" <= char <= "\u9fff" for char in text)


def test_a_title_broken_by_a_blank_line() -> None:
    """A line that ends with 年度 cannot end a title, so the title goes on below the blank line after it."""
    texts = ("某市某区司法局2023年度", "", "法治政府建设情况报告", "", "2023年，我局扎实推进各项工作。")
    assert clean([Block(text) for text in texts]).title == "某市某区司法局2023年度法治政府建设情况报告"


def test_a_remark_in_brackets_below_the_title_belongs_to_the_head() -> None:
    """A remark such as （征求意见稿） below the title is part of neither the title nor the content."""
    cleaned = _clean("2023年某市政府工作报告\n（征求意见稿）\n一、工作回顾\n全年办理案件30件。")
    assert cleaned.title == "2023年某市政府工作报告"
    assert cleaned.head == ("2023年某市政府工作报告", "（征求意见稿）")
