"""Finds the words to remove from a query for measures: those that ask for a number (是多少亿元), and 全国.

A word of change that is a run of its own is joined to the run before it, unless it states a decrease: GDP 增速 asks
for the same as GDP增速.

In a query for paragraphs, 全国 is a word, because it occurs in many names (全国文明城市).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from searchkit.query.naming import is_change_word
from searchkit.query.parsing import MAX_QUERY_LENGTH, split_parts
from searchkit.text.folding import fold

_UNIT = (
    "[万亿]*(?:立方米|平方公里|平方米|公里|公顷|千瓦时|千瓦|人次|万人|个百分点|百分点|户次|家次|场次|"
    "[人名位个件起宗户家所座条项种次场辆台套间处片亩吨斤元天年月户株头只张篇部批岁米度])|[万亿]+"
)
"""Pattern of a unit after 多少 or 几."""
_NO_QUESTION = "(?<![十百千万亿第近这那好后])(?<!(?<!目)前)(?<!过去|未来|连续)"
"""Look-behinds that reject a 几 that asks for no number (十几, 近几年, 前几位, 过去几年). They admit 目前几家."""
_NUMBER_WORD = (
    rf"(?:(?P<percent>百分之(?:几|多少))|(?P<money>多少钱)|(?:多少|{_NO_QUESTION}几(?={_UNIT}|$)(?!年[来间]))"
    rf"(?P<unit>{_UNIT})?|(?<=[有是为达到])多[大高长远快久])"
)
"""Pattern of the word that stands for the number, with its unit: 几件, 多少, 百分之几, 多少钱, 多大."""
_UNIT_OF_GROUP = {"percent": "%", "money": "元"}
"""Units that the groups `percent` and `money` of `_NUMBER_WORD` ask for. The text of the group `unit` is a unit
itself."""
_QUESTION = re.compile(
    "(?:大约|大概|一共|总共|合计|总计|分别|究竟|到底|(?<![中公])共(?=[是有计])){0,3}"
    "(?:是|拥有|(?:(?<!国)|(?<=[全我]国))有|(?<!行)为|达到?|了|(?<![审统设会累预])计){0,3}"
    rf"{_NUMBER_WORD}(?:呢|吗|啊)?[?？。]*"
)
"""Matches words that ask for a number, with the adverbs and verbs before them: 一共有多少, 大约是几件, 合计多少.

Characters that end another word stay: 累计, 审计, 违法行为, 国有.
"""
_REQUEST = re.compile("请问|请查一?下?|帮我查一?下?|查一?下|查询一?下?|我想知道|想知道")
"""Matches words of a request, such as 请问 before a question."""
_QUESTION_END = re.compile("(?:是|为|有)?(?:什么|怎样|如何)?[?？]+$")
"""Matches the question marks at the end of a run, with question words before them: 是什么？"""
_DECREASE = re.compile("[减降跌缩落压]")
"""Matches a word of a decrease (减少), but not 增速. Such a word is not joined to the run before it, so that texts that
contain the word come first. If joined, it would find changes in both directions, which are mostly increases."""
_NATIONWIDE = re.compile(
    r"(?:(?<![^\s\u200b])|(?<=[年度底末月]))全国(?!人大|人民代表|政协|文明|百强|重点|先进|示范|劳动?模|优秀|双拥|性|统一|各)"
)
"""Matches the whole country as a place at the beginning of a run or after a time (2023年), not as a part of a name.

Invisible characters before it stand for words that were removed: 请问全国…
"""


class NumberQuestion(NamedTuple):
    """A query without the words that ask for a number, and with words of change joined to the words before them."""

    text: str
    """The query with an invisible character instead of each character of these words, and of each space before a word
    of change, so that all offsets stay."""
    unit: str | None
    """The unit in which the number is asked for (亿元; % for 百分之几, 元 for 多少钱), None if the query names none."""


def find_nationwide(query: str) -> tuple[int, int] | None:
    """Return the span of 全国 in a query if it is the place that the query asks for, otherwise None."""
    return next(
        (
            match.span()
            for start, end, is_bare in split_parts(query)
            for match in _NATIONWIDE.finditer(query, start, end)
            if is_bare
        ),
        None,
    )


def read_question(query: str) -> NumberQuestion:
    """Return a query without the words that ask for a number, and the unit that they ask for.

    The spaces before a word of change (GDP 增速) are removed, too. Only bare parts (`split_parts`) change: quoted
    strings and fields stay. If the query has no other words, `text` is the query itself.
    """
    query = query[: MAX_QUERY_LENGTH + 1]  # one character too many, so that the parser notes that the query is cut
    characters, unit = list(query), None
    run_end: int | None = None
    """End of the bare part before, None if there is none."""
    for start, end, is_bare in split_parts(query):
        if not is_bare:
            run_end = None
            continue
        for pattern in (_REQUEST, _QUESTION, _QUESTION_END):
            for match in pattern.finditer(query, start, end):
                groups = match.groupdict()
                unit = next(
                    (unit for name, unit in _UNIT_OF_GROUP.items() if groups.get(name)), groups.get("unit") or unit
                )
                characters[slice(*match.span())] = "\u200b" * (match.end() - match.start())
        word = fold("".join(characters[start:end]).replace("\u200b", ""))
        if run_end is not None and is_change_word(word) and not _DECREASE.search(word):
            characters[run_end:start] = "\u200b" * (start - run_end)
        run_end = end
    text = "".join(characters)
    return NumberQuestion(text if text.replace("\u200b", "").strip() else query, unit)
