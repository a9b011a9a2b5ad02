"""Markers before headings and items."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.numbering import RANK, parse_marker, parse_ordinal


@pytest.mark.parametrize(
    ("line", "style", "ordinal", "printed", "rest"),
    [
        ("一、工作回顾", "一、", 1, "一、", "工作回顾"),
        ("十二、其他", "一、", 12, "十二、", "其他"),
        ("（三）抓学习", "（一）", 3, "（三）", "抓学习"),
        ("(三) 抓学习", "（一）", 3, "(三)", "抓学习"),
        ("13.抓学习", "1.", 13, "13.", "抓学习"),
        ("13．抓学习", "1.", 13, "13．", "抓学习"),
        ("１３．抓学习", "1.", 13, "１３．", "抓学习"),
        ("1.2023年工作", "1.", 1, "1.", "2023年工作"),
        ("一．2022年工作", "一、", 1, "一．", "2022年工作"),
        ("2、 问题", "1、", 2, "2、", "问题"),
        ("（4）抓学习", "（1）", 4, "（4）", "抓学习"),
        ("5）抓学习", "1）", 5, "5）", "抓学习"),
        ("③抓学习", "①", 3, "③", "抓学习"),
        ("第二章 总则", "第一章", 2, "第二章", "总则"),
        ("第一部分：概况", "第一部分", 1, "第一部分：", "概况"),
        ("二是抓学习", "一是", 2, "二是", "抓学习"),
        ("一要抓学习", "一是", 1, "一要", "抓学习"),
        ("第三，抓学习", "第一", 3, "第三", "抓学习"),
        ("——抓学习", "——", 0, None, "抓学习"),
        ("1.2 税收收入", "1.1", 2, "1.2", "税收收入"),
        ("12.2 交通安全设施", "1.1", 2, "12.2", "交通安全设施"),
        ("12.4 宪法实施", "1.1", 4, "12.4", "宪法实施"),
        ("3.2国际合作", "1.1", 2, "3.2", "国际合作"),
        ("3.2世界级港口日常管理", "1.1", 2, "3.2", "世界级港口日常管理"),
        ("二 存在问题", "一、", 2, "二", "存在问题"),
        ("一、三级联动机制", "一、", 1, "一、", "三级联动机制"),
        ("二、三季度工作安排", "一、", 2, "二、", "三季度工作安排"),
    ],
)
def test_every_style_is_parsed(line: str, style: str, ordinal: int, printed: str | None, rest: str) -> None:
    """Style, ordinal, number as printed and remaining text are returned for every style of marker."""
    marker = parse_marker(line)
    assert marker is not None
    assert (marker.style, marker.ordinal, marker.printed, line[marker.end :]) == (style, ordinal, printed, rest)


@pytest.mark.parametrize(
    "line",
    [
        "1.5万元用于培训",
        "3.2亿元",
        "12家企业",
        "2023年工作",
        "20241231",
        "2024.12.31",
        "一批项目开工",
        "一些单位",
        "一、二、三产业协调发展",
        "一、二审行政诉讼案件12件，全部胜诉。",
        "一、二季度共立案60件。",
        "三、四季度立案有所增加。",
        "十几家单位",
        "第一责任人职责",
        "第三产业",
        "（2023年版）",
        "（一九九九年）",
        "12.4国家宪法日期间，开展宣传活动15场。",
        "12.4 宪法宣传周",
        "3.15国际消费者权益日",
        "4．15全民国家安全教育日",
        "3.22世界水日",
        "12345热线",
        "1、2号楼",
        "",
    ],
)
def test_numbers_in_text_are_not_markers(line: str) -> None:
    """A quantity, a date or a name that begins with a number is not a marker."""
    assert parse_marker(line) is None


@given(st.integers(1, 99), st.sampled_from(["、", "）"]))
def test_han_ordinals_are_parsed(value: int, closing: str) -> None:
    """Every ordinal up to 99 in Han digits has its value."""
    tens, ones = divmod(value, 10)
    digits = "一二三四五六七八九"
    text = (("" if tens == 1 else digits[tens - 1]) + "十" if tens else "") + (digits[ones - 1] if ones else "")
    assert parse_ordinal(text) == value
    marker = parse_marker(f"（{text}{closing}工作" if closing == "）" else f"{text}{closing}工作")
    assert marker is not None
    assert marker.ordinal == value


@given(st.text(max_size=60))
def test_any_text_is_accepted(line: str) -> None:
    """A marker in any text ends inside the text and has a known style.

    The text, without white space before it, begins with the printed form of the marker, which only a dash lacks.
    """
    marker = parse_marker(line)
    if marker is not None:
        assert 0 < marker.end <= len(line)
        assert marker.style in RANK
        assert marker.printed is None or line.strip().startswith(marker.printed)
