"""Items run together on one line."""

from __future__ import annotations

import pytest

from searchkit.corpus.blocks import Block
from searchkit.corpus.outline.splitting import split_items


def _split(*texts: str) -> list[str]:
    return [block.text for block in split_items(Block(text) for text in texts)]


def test_heading_at_the_end_of_a_line() -> None:
    """A heading behind the last sentence of a line becomes a line."""
    assert _split("请予审议。一、过去五年的回顾", "过去五年很不平凡。") == [
        "请予审议。",
        "一、过去五年的回顾",
        "过去五年很不平凡。",
    ]


def test_items_in_one_line() -> None:
    """Items that count on from the line's own number become lines."""
    assert _split("1.抓学习。学了三次。2.抓培训。训了两次。") == ["1.抓学习。学了三次。", "2.抓培训。训了两次。"]
    assert _split("（一）抓学习。学了。（二）抓培训。训了。") == ["（一）抓学习。学了。", "（二）抓培训。训了。"]


def test_first_item_behind_its_introduction() -> None:
    """A list whose first item stayed on the line of its introduction is cut there."""
    assert _split("做了以下工作： （一）抓学习。学了。", "（二）抓培训。训了。")[:2] == [
        "做了以下工作：",
        "（一）抓学习。学了。",
    ]


def test_lists_inside_sentences_stay() -> None:
    """Lists inside a sentence and numbers out of sequence are left alone."""
    for text in (
        "主要有：（一）学习；（二）培训。",
        "第一、二、三产业协调发展。三、四线城市稳定。",
        "增长1.2%。3.5万人受益。",
        "存在问题：1.人员不足；2.经费紧张。",
    ):
        assert _split(text) == [text]


@pytest.mark.parametrize(("before", "number"), [("九", "十"), ("十", "十一"), ("十九", "二十"), ("二十", "二十一")])
def test_long_lists_are_followed(before: str, number: str) -> None:
    """A heading that counts on is cut off, whatever number it has reached, behind a bracket and a blank too."""
    for stop in ("。", "！", "：", "）", "。 "):
        assert _split(f"{before}、抓学习", f"学了{stop}{number}、抓培训") == [
            f"{before}、抓学习",
            f"学了{stop}".strip(),
            f"{number}、抓培训",
        ]


def test_several_headings_in_one_line() -> None:
    """Headings of two levels that follow each other at once are all cut off."""
    assert _split("请予审议。一、回顾。（一）增长。（二）改革。二、安排。") == [
        "请予审议。",
        "一、回顾。",
        "（一）增长。",
        "（二）改革。",
        "二、安排。",
    ]
