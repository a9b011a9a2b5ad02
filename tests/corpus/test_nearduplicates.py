"""The near-duplicate key of a paragraph: what counts in it, and what does not."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.nearduplicates import near_duplicate_keys
from searchkit.model import Cell, Paragraph, Table


def keys(*texts: str) -> list[int]:
    """Return the keys of the paragraphs of a document without tables. `texts` are the paragraphs."""
    return near_duplicate_keys([Paragraph(f"a#{n}", "a", n, text) for n, text in enumerate(texts, 1)], ())


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("1.加强执法监督。", "（十二）加强执法监督。"),
        ("一是加强执法监督；", "加强执法监督。"),
        ("2023年，加强执法监督", "2019年加强执法监督"),
        ("二〇二三年度加强执法监督", "2021—2023年，加强执法监督"),
        ("天津市滨海新区加强执法监督", "福建省福州市鼓楼区加强执法监督"),
        ("在天津市委领导下，滨海新区加强执法监督", "在福州市委领导下，加强执法监督"),
        ("加強執法監督！", "加强执法监督"),
        ("立案3,000件、结案５件", "立案3000件,结案5件"),
        ("“双 随 机”抽查", "双随机抽查"),
    ],
)
def test_the_same_content_has_the_same_key(text: str, other: str) -> None:
    """List numbers, years, the place, punctuation and spaces do not count.

    Traditional and simplified characters are equal, and so are full-width and half-width ones.
    """
    assert len(set(keys(text, other))) == 1
    assert 0 < keys(text)[0] < 1 << 63


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("立案5件", "立案6件"),
        ("立案1.5万件", "立案15万件"),
        ("立案1、5件", "立案15件"),
        ("增长-5%", "增长5%"),
        ("增长5%", "增长5‰"),
        ("增长5%", "增长5"),
        ("≥5件合格", "5件合格"),
        ("没有败诉案件", "败诉案件"),
        ("三、四级响应", "三四级响应"),
        ("12月5日前完成", "11月5日前完成"),
        ("登记2022户", "登记2021户"),
        ("赴北京市、上海市考察", "赴江苏省、浙江省考察"),
        ("区政府办理", "市政府办理"),
    ],
)
def test_other_content_has_another_key(text: str, other: str) -> None:
    """Numbers, marks between digits, signs and words count.

    Places count if a text names several (北京市、上海市), unless they are one place and the divisions that contain it.
    """
    assert len(set(keys(text, other))) == 2


@pytest.mark.parametrize("text", ["", "——", "2023年", "天津市", "1,234", "12.5%", "2023年，天津市滨海新区"])
def test_a_text_without_content_has_no_key(text: str) -> None:
    """A paragraph without a letter outside years and the place has the key 0, which means no key."""
    assert keys(text) == [0]


def test_rows_of_a_table_have_no_key() -> None:
    """The rows of a table have the key 0, also if they are equal; a paragraph with the same text has a key."""
    paragraphs = [Paragraph(f"a#{n}", "a", n, "收件 5件") for n in (1, 2, 3)]
    table = Table("a", 1, None, (), ((Cell("收件"), Cell("5件")),) * 2, 0, 2)
    first, *rows = near_duplicate_keys(paragraphs, [table])
    assert first
    assert rows == [0, 0]


@given(st.lists(st.text(alphabet="执法1２,，.。 -年2023市天津一、（）%\ud800\n", max_size=12), max_size=4))
def test_the_key_depends_on_the_text_alone(texts: list[str]) -> None:
    """The other paragraphs of a document do not change a key, and no text raises an exception."""
    assert keys(*texts) == [keys(text)[0] for text in texts]


@pytest.mark.parametrize("piece", ["2022-", "2022年至", "天津市、", "一、", "1.", "- ", "市", "（一）"])
def test_cost_is_linear(piece: str) -> None:
    """A paragraph of 200,000 characters takes less than 5 seconds."""
    started = time.process_time()
    keys(piece * (200_000 // len(piece)))
    assert time.process_time() - started < 5
