"""Markers before headings and items."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.numbering import RANK, marker, ordinal_value


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
        ("二 存在问题", "一、", 2, "二", "存在问题"),
    ],
)
def test_reads_each_style(line: str, style: str, ordinal: int, printed: str | None, rest: str) -> None:
    """Style, ordinal, the number as printed and what stands behind it come out of every style of marker."""
    found = marker(line)
    assert found is not None
    assert (found.style, found.ordinal, found.printed, line[found.end :]) == (style, ordinal, printed, rest)


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
        "十几家单位",
        "第一责任人职责",
        "第三产业",
        "（2023年版）",
        "（一九九九年）",
        "12345热线",
        "1、2号楼",
        "",
    ],
)
def test_numbers_in_text_are_no_markers(line: str) -> None:
    """A quantity, a date or a name that begins with a number is not taken for a marker."""
    assert marker(line) is None


@given(st.integers(1, 99), st.sampled_from(["、", "）"]))
def test_han_ordinals(value: int, closing: str) -> None:
    """Every ordinal up to 99 in Han digits is read as its value."""
    tens, ones = divmod(value, 10)
    digits = "一二三四五六七八九"
    text = (("" if tens == 1 else digits[tens - 1]) + "十" if tens else "") + (digits[ones - 1] if ones else "")
    assert ordinal_value(text) == value
    found = marker(f"（{text}{closing}工作" if closing == "）" else f"{text}{closing}工作")
    assert found is not None
    assert found.ordinal == value


@given(st.text(max_size=60))
def test_any_text(line: str) -> None:
    """Any text is judged; a marker lies within it, has a known style, and begins with what is printed."""
    found = marker(line)
    if found is not None:
        assert 0 < found.end <= len(line)
        assert found.style in RANK
        assert found.printed is None or line.strip().startswith(found.printed)
