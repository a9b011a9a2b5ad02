"""The query tree: printing, occurrences of strings, positive leaves, and conditions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.query.facets import Filter
from searchkit.query.tree import (
    And,
    Everything,
    Node,
    Not,
    Or,
    Prefix,
    Substring,
    Word,
    filter_conditions,
    positive_leaves,
)

HAN_NUMERALS = "零〇一二三四五六七八九十百千万亿两点"
RED, BLUE, GREEN = Substring("红"), Substring("蓝"), Substring("绿")


@pytest.mark.parametrize(
    ("node", "printed"),
    [
        (Everything(), "*"),
        (Word("执法"), "执法"),
        (Word("执法", "title"), "title:执法"),
        (Substring("行政 执法"), '"行政 执法"'),
        (Substring("执法", "heading"), 'heading:"执法"'),
        (Substring("3件", whole_numbers=True), '"3件"'),
        (Prefix("c9"), "c9*"),
        (Prefix("c9", "title"), "title:c9*"),
        (Filter("district", ("天津市",)), "district:天津市"),
        (Filter("topic", ("普法宣传", "行政执法")), "topic:(普法宣传 OR 行政执法)"),
        (Filter("year", ranges=((2023, 2023),)), "year:2023"),
        (Filter("year", ranges=((2021, 2023),)), "year:[2021 TO 2023]"),
        (And((RED, BLUE)), '"红" AND "蓝"'),
        (Or((RED, And((BLUE, GREEN)))), '"红" OR ("蓝" AND "绿")'),
        (And((Or((RED, BLUE)), Not(GREEN))), '("红" OR "蓝") AND NOT "绿"'),
        (Not(And((RED, BLUE))), 'NOT ("红" AND "蓝")'),
        (Not(Not(RED)), 'NOT NOT "红"'),
    ],
)
def test_a_tree_prints_as_a_query(node: Node, printed: str) -> None:
    """Each kind of node prints in the query language, with only the brackets that are needed."""
    assert str(node) == printed


@given(st.text("aab", min_size=1, max_size=3), st.text("ab红", max_size=20))
def test_occurrences_of_a_string(pattern: str, text: str) -> None:
    """`find` returns the occurrences from left to right, without overlaps."""
    assert list(Substring(pattern).find(text)) == list(_occurrences(pattern, text, whole_numbers=False))


@given(st.text("013.,三十点件红", min_size=1, max_size=3), st.text("0123.,一三十百万点件红 ", max_size=20))
@settings(max_examples=300)
def test_occurrences_of_whole_numbers(pattern: str, text: str) -> None:
    """`find` with whole numbers agrees with a reference implementation."""
    spans = list(Substring(pattern, whole_numbers=True).find(text))
    assert spans == list(_occurrences(pattern, text, whole_numbers=True))


@pytest.mark.parametrize(
    ("pattern", "text", "spans"),
    [
        ("3件", "3件、23件、1.3件、1,003件、3件", [(0, 2), (19, 21)]),
        ("3", "3、3.5、3,000、3。3.", [(0, 1), (12, 13), (14, 15)]),
        ("三件", "三件、十三件、二十三件、3三件", [(0, 2)]),
        ("二十", "二十、二十三、二十件、一百二十", [(0, 2), (7, 9)]),
        ("立案3", "立案3件、立案30件", [(0, 3)]),
        ("129件", "第129件129件", [(1, 5), (5, 9)]),
    ],
)
def test_a_part_of_a_longer_number_is_not_an_occurrence(pattern: str, text: str, spans: list[tuple[int, int]]) -> None:
    """3件 does not occur in 23件, nor 三件 in 十三件."""
    assert list(Substring(pattern, whole_numbers=True).find(text)) == spans


def test_positive_leaves_are_words_strings_and_prefixes() -> None:
    """Positive leaves are words, strings and prefixes from left to right, without negated ones, filters and `*`."""
    tree = And((Or((Word("甲"), And((RED, Prefix("c9"))))), Not(BLUE), Filter("year", ("2023",)), Everything(), GREEN))
    assert list(positive_leaves(tree)) == [Word("甲"), RED, Prefix("c9"), GREEN]


YEAR, PLACE = Filter("year", ranges=((2022, 2022),)), Filter("district", ("东丽区",))


@pytest.mark.parametrize(
    ("tree", "conditions"),
    [
        (Word("甲"), Everything()),
        (YEAR, YEAR),
        (And((Word("甲"), YEAR)), And((YEAR,))),
        (And((Word("甲"), YEAR, Not(PLACE), Not(Word("乙")))), And((YEAR, Not(PLACE)))),
        (Or((And((YEAR, Word("甲"))), And((PLACE, Word("乙"))))), Or((And((YEAR,)), And((PLACE,))))),
        (Or((And((YEAR, Word("甲"))), Word("乙"))), Everything()),
        (Not(And((YEAR, Word("甲")))), Everything()),
        (Everything(), Everything()),
    ],
)
def test_conditions_are_the_filters_that_every_match_passes(tree: Node, conditions: Node) -> None:
    """Required filters are conditions, and so are negated ones.

    Filters of an alternative are conditions only if every alternative has filters. Filters that are negated together
    with words are no conditions.
    """
    assert filter_conditions(tree) == conditions


def test_trees_are_compared_by_value() -> None:
    """Trees with the same values are equal, and trees are hashable."""
    assert And((RED, Not(BLUE))) == And((Substring("红"), Not(Substring("蓝"))))
    assert len({RED, Substring("红"), Substring("红", "title"), Word("红")}) == 3


def _occurrences(pattern: str, text: str, *, whole_numbers: bool) -> Iterator[tuple[int, int]]:
    """Reference implementation of `Substring.find`."""
    position = 0
    while position + len(pattern) <= len(text):
        end = position + len(pattern)
        if text[position:end] == pattern and not (whole_numbers and _is_part_of_number(text, position, end)):
            yield position, end
            position = end
        else:
            position += 1


def _is_part_of_number(text: str, start: int, end: int) -> bool:
    """Return whether a number at an edge of text[start:end] continues outside."""
    before, after = text[:start][::-1], text[end:]
    if text[start].isdecimal():
        continues_before = _continues(before)
    else:
        continues_before = text[start] in HAN_NUMERALS and before[:1] != "" and before[0] in HAN_NUMERALS + "0123456789"
    if text[end - 1].isdecimal():
        continues_after = _continues(after)
    else:
        continues_after = text[end - 1] in HAN_NUMERALS and after[:1] != "" and after[0] in HAN_NUMERALS
    return continues_before or continues_after


def _continues(neighbours: str) -> bool:
    """Return whether a number goes on: a digit is next, or a point or comma and then a digit.

    `neighbours`: the characters from the edge of the number outwards.
    """
    return neighbours[:1].isdecimal() or (neighbours[:1] in {".", ","} and neighbours[1:2].isdecimal())
