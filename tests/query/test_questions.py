"""Questions: words that ask for a number are removed, and 全国 is found where it is a place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.query.parsing import MAX_QUERY_LENGTH
from searchkit.query.questions import find_nationwide, read_question


@pytest.mark.parametrize(
    ("query", "words", "unit"),
    [
        ("2023年GDP是多少亿元", "2023年GDP", "亿元"),
        ("GDP 是多少？", "GDP ", None),
        ("新增了多少就业", "新增就业", None),
        ("山东有几所大学", "山东大学", "所"),
        ("城镇新增就业多少万人", "城镇新增就业", "万人"),
        ("投资增长百分之几", "投资增长", "%"),
        ("追回工资多少钱", "追回工资", "元"),
        ("请问立案一共有多少件呢", "立案", "件"),
        ("成都有多少高校", "成都高校", None),
        ("罚没款合计多少万元", "罚没款", "万元"),
        ("新增就业累计多少万人", "新增就业累计", "万人"),
        ("查处违法行为多少起", "查处违法行为", "起"),
        ("审计多少个项目", "审计项目", "个"),
        ("拥有多少家高新技术企业", "高新技术企业", "家"),
        ("全国有多少家企业", "全国企业", "家"),
        ("新建公路有多长", "新建公路", None),
        ("立案情况如何？", "立案情况", None),
        ("十几万人", "十几万人", None),
        ("近几年 GDP", "近几年 GDP", None),
        ("最近几年GDP", "最近几年GDP", None),
        ("过去几年 GDP", "过去几年 GDP", None),
        ("几年来新增就业", "几年来新增就业", None),
        ("排名前几位", "排名前几位", None),
        ("目前几家企业", "目前企业", "家"),
        ("工期是几年", "工期", "年"),
        ("GDP 增速", "GDP增速", None),
        ("GDP\u3000增速是多少", "GDP增速", None),
        ("“GDP” 增速", "“GDP” 增速", None),
        ("GDP 人均", "GDP 人均", None),
        ("能耗 下降", "能耗 下降", None),
        ("多高层建筑", "多高层建筑", None),
        ("几何", "几何", None),
        ("多少", "多少", None),
        ("“是多少” 立案", "“是多少” 立案", None),
        ("title:多少", "title:多少", None),
        ("立案", "立案", None),
        ("", "", None),
    ],
)
def test_words_that_ask_for_a_number_are_removed(query: str, words: str, unit: str | None) -> None:
    """Words that ask for a number, and words of a request (请问), become invisible characters, so that offsets stay.

    So do the spaces between a word of change such as 增速 and the run before it (GDP 增速), unless the word states a
    decrease. Quoted strings and fields do not change, nor does a query that consists only of words that ask for a
    number. `unit` is the unit that is asked for.
    """
    question = read_question(query)
    assert (question.text.replace("\u200b", ""), question.unit) == (words, unit)
    assert len(question.text) == len(query)


@pytest.mark.parametrize(
    ("query", "span"),
    [
        ("全国粮食产量", (0, 2)),
        ("2023年全国粮食产量", (5, 7)),
        ("粮食产量 全国", (5, 7)),
        ("全国文明城市", None),
        ("全国重点实验室", None),
        ("承担全国试点", None),
        ("“全国粮食产量”", None),
    ],
)
def test_the_whole_country_is_found_where_it_is_a_place(query: str, span: tuple[int, int] | None) -> None:
    """全国 is a place at the beginning of a run or after a year, unless a name begins with it or it is in quotes."""
    assert find_nationwide(query) == span


@given(st.text(alphabet="有多少几所是万亿全国年 “”():？公里A", max_size=60))
def test_any_text_can_be_read(query: str) -> None:
    """No text raises an exception, and offsets stay."""
    assert len(read_question(query).text) == len(query)
    find_nationwide(query)


def test_a_long_text_is_cut() -> None:
    """A long query is cut to one character more than the parser reads.

    The cost is limited, and the parser still adds the note that the query is too long.
    """
    assert len(read_question("有多少" * MAX_QUERY_LENGTH).text) == MAX_QUERY_LENGTH + 1
