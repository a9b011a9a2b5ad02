"""Splitting of lines that contain several items."""

from __future__ import annotations

import pytest

from searchkit.corpus.blocks import Block
from searchkit.corpus.outline.splitting import split_items


def _split(*texts: str) -> list[str]:
    """Return the lines into which the texts are split."""
    return [block.text for block in split_items(Block(text) for text in texts)]


def test_a_heading_at_the_end_of_a_line_is_split_off() -> None:
    """A heading after the last sentence of a line becomes a line of its own."""
    assert _split("请予审议。一、过去五年的回顾", "过去五年很不平凡。") == [
        "请予审议。",
        "一、过去五年的回顾",
        "过去五年很不平凡。",
    ]


def test_consecutive_items_in_one_line_are_split() -> None:
    """Items that continue the number at the start of the line become lines of their own."""
    assert _split("1.抓学习。学了三次。2.抓培训。训了两次。") == ["1.抓学习。学了三次。", "2.抓培训。训了两次。"]
    assert _split("（一）抓学习。学了。（二）抓培训。训了。") == ["（一）抓学习。学了。", "（二）抓培训。训了。"]


def test_the_first_item_is_split_from_its_introduction() -> None:
    """A line is split between an introduction and the first item of a list whose second item is on the next line."""
    assert _split("做了以下工作： （一）抓学习。学了。", "（二）抓培训。训了。")[:2] == [
        "做了以下工作：",
        "（一）抓学习。学了。",
    ]


def test_lists_inside_sentences_are_not_split() -> None:
    """Lists inside a sentence and numbers out of sequence are not split."""
    for text in (
        "主要有：（一）学习；（二）培训。",
        "第一、二、三产业协调发展。三、四线城市稳定。",
        "全年立案90件。一、二季度立案60件。",
        "应诉12件。一、二审均胜诉。",
        "增长1.2%。3.5万人受益。",
        "存在问题：1.人员不足；2.经费紧张。",
    ):
        assert _split(text) == [text]


@pytest.mark.parametrize(("before", "number"), [("九", "十"), ("十", "十一"), ("十九", "二十"), ("二十", "二十一")])
def test_headings_with_large_numbers_are_split_off(before: str, number: str) -> None:
    """A heading that continues the numbering of the line before is split off, also after a bracket or a blank."""
    for stop in ("。", "！", "：", "）", "。 "):
        assert _split(f"{before}、抓学习", f"学了{stop}{number}、抓培训") == [
            f"{before}、抓学习",
            f"学了{stop}".strip(),
            f"{number}、抓培训",
        ]


def test_several_headings_in_one_line_are_split() -> None:
    """Consecutive headings of two levels are all split off."""
    assert _split("请予审议。一、回顾。（一）增长。（二）改革。二、安排。") == [
        "请予审议。",
        "一、回顾。",
        "（一）增长。",
        "（二）改革。",
        "二、安排。",
    ]
