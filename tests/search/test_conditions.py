"""How many paragraphs each condition of a search finds alone, and how many the search finds without it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from searchkit.corpus.reading import ParsedDocument
from searchkit.index import Index
from searchkit.search import conditions
from searchkit.search.conditions import Condition


@pytest.fixture(scope="session")
def index(index_of: Callable[..., Index], report: Callable[..., ParsedDocument]) -> Index:
    """An open index of three reports."""
    return index_of(
        [
            report("a.txt", "执法检查。", "普法宣传。", region=("天津市", "滨海新区"), year=2023),
            report("b.txt", "执法培训。", "检查立案。", region=("天津市", "东丽区"), year=2022),
            report("c.txt", "执法立案。", region=("天津市", "东丽区"), year=2021),
        ]
    )


def test_each_part_and_filter_is_a_condition(index: Index) -> None:
    """A condition has two numbers of paragraphs, found by it alone and by the search without it.

    It also has the query and the filters of the search without it.
    """
    given = {"year": ["2022..2023"]}
    assert index.search("执法 立案", match="all", year="2022..2023").total == 0
    assert index.conditions("执法 立案", year="2022..2023") == (
        Condition("part", "执法", 3, 1, "立案", given),
        Condition("part", "立案", 2, 2, "执法", given),
        Condition("filter", "year:[2022 TO 2023]", 4, 1, "执法 立案", {}),
    )


def test_understood_words_are_conditions(index: Index) -> None:
    """The words of each place and each year are one condition. Other words are parts. With `literal`, all words are."""
    conditions = index.conditions("滨海新区2023年立案")
    assert [(item.kind, item.text, item.alone, item.without, item.query) for item in conditions] == [
        ("part", "立案", 2, 2, "滨海新区 2023年"),
        ("understood", "滨海新区", 2, 0, "2023年立案"),
        ("understood", "2023年", 2, 0, "滨海新区 立案"),
    ]
    literal = index.conditions("滨海新区 立案", literal=True)
    assert [(item.kind, item.text, item.alone, item.without) for item in literal] == [
        ("part", "滨海新区", 0, 2),
        ("part", "立案", 2, 0),
    ]


@pytest.mark.parametrize(
    ("query", "conditions"),
    [
        ('"执法检查" -普法', [('"执法检查"', 1, 4), ("-普法", 4, 1)]),
        ("执法", [("执法", 3, 5)]),
        ("", []),
        ("一 二 三 四 五 六 七 八 九", []),
    ],
)
def test_parts_with_operators(index: Index, query: str, conditions: list[tuple[str, int, int]]) -> None:
    """Strings and negations are parts. A query without parts, or with more than eight, has no conditions."""
    assert [(item.text, item.alone, item.without) for item in index.conditions(query)] == conditions


def test_a_query_with_many_names_has_no_conditions(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a query has more than eight understood filters, none of them is a condition, and nothing is counted."""
    few, many = (" ".join(["2021年", "2022年", "2023年"] * times) for times in (1, 4))
    assert len(index.conditions(few)) == 3
    assert len(index.understand(many).filters) > 8
    monkeypatch.setattr(conditions, "_strict", None)  # every count calls this function, so a count would raise
    assert index.conditions(many) == ()
