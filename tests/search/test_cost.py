"""The cost of a query is limited, whatever is typed or pasted."""

from __future__ import annotations

import math
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "attacks"))

from texts import REPORTS, HostileTexts

import searchkit
from searchkit.engines.columnar.docsets import DocSet
from searchkit.engines.columnar.matching.matcher import Matcher
from searchkit.engines.contract import Request
from searchkit.engines.sharing import share_matches
from searchkit.errors import SearchkitError
from searchkit.index import Index
from searchkit.query.builder import MAX_QUERY_CLAUSES, MAX_QUERY_WORDS, MAX_SYNONYM_WORDS
from searchkit.query.tree import And, Node, Not, Or, Word
from searchkit.search import choosing

CPU_SECONDS = 0.25
"""Processor time in seconds that a call may take."""
ATTEMPTS = 3
"""Maximum number of attempts, of which the fastest counts, because garbage collections slow some down."""
MAX_LEAVES = 2 * (MAX_QUERY_WORDS + MAX_SYNONYM_WORDS) + 4 * MAX_QUERY_CLAUSES
"""Maximum number of leaves of a query tree (words, with the shorter words in them, and strings), and of terms that
score."""
CALLS: dict[str, Callable[[Index, str], object]] = {
    "search": lambda index, text: index.search(text, facets=["year", "topic"], fold=True),
    "conditions": lambda index, text: index.conditions(text),
    "measures": lambda index, text: index.measures(text, sort="-value"),
    "compare": lambda index, text: index.compare(text),
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index of the sample reports, on which each call was made once, so that what the calls need is loaded."""
    folder = tmp_path_factory.mktemp("index")
    searchkit.build(REPORTS, folder)
    with Index(folder) as opened:
        for call in CALLS.values():
            call(opened, "2023年东丽区立案")
        yield opened


@pytest.fixture(scope="module")
def hostile_texts() -> list[str]:
    """A long or deep query of each kind that `HostileTexts.extremes` makes."""
    texts = HostileTexts(random.Random(5))  # noqa: S311 - no secret
    return [make() for make in texts.extremes]


def count_leaves(node: Node) -> int:
    """Return the number of leaves of a query tree."""
    if isinstance(node, And | Or):
        return sum(map(count_leaves, node.children))
    return count_leaves(node.child) if isinstance(node, Not) else 1


def test_trees_have_few_leaves(index: Index, hostile_texts: list[str]) -> None:
    """No text is parsed to a tree of more than `MAX_LEAVES` leaves, but at least one text to more than 100."""
    largest = 0
    for text in hostile_texts:
        query = index._snapshot.parse_query(text)
        trees = [query.all, query.any, *(node for node in (query.content, query.some) if node)]
        largest = max(largest, *map(count_leaves, trees))
        assert sum(len(clause.terms) for clause in query.scoring) <= MAX_LEAVES
    assert 100 < largest <= MAX_LEAVES


@pytest.mark.parametrize("name", CALLS)
def test_hostile_queries_cost_little(index: Index, hostile_texts: list[str], name: str) -> None:
    """A call with a hostile query ends within `CPU_SECONDS`, with a result or with an error of one line."""
    slow = {}
    for text in hostile_texts:
        seconds = [math.inf]
        while len(seconds) <= ATTEMPTS and min(seconds) > CPU_SECONDS:
            seconds.append(time_call(CALLS[name], index, text))
        if min(seconds) > CPU_SECONDS:
            slow[text[:60]] = seconds
    assert slow == {}


def time_call(call: Callable[[Index, str], object], index: Index, text: str) -> float:
    """Return the processor time in seconds of a call, which may end with an error of one line."""
    started = time.process_time()
    try:
        call(index, text)
    except SearchkitError as error:
        assert "\n" not in str(error)  # noqa: PT017 - many calls are not refused
    return time.process_time() - started


def test_requests_of_a_call_share_what_they_match(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within `share_matches`, a word is matched once for all requests. Outside, each request matches it again."""
    matched: list[Node] = []
    match_leaf = Matcher._match_leaf

    def count(self: Matcher, node: Word) -> DocSet:
        matched.append(node)
        return match_leaf(self, node)

    monkeypatch.setattr(Matcher, "_match_leaf", count)
    request = Request(Word("立案"), limit=0)
    with index._snapshot.use_engine() as engine:
        with share_matches():
            with share_matches():
                first = engine.search(request).total
            assert engine.search(request).total == first > 0
        assert len(matched) == 1
        assert [engine.search(request).total for _ in range(2)] == [first, first]
    assert len(matched) == 3


def test_a_comparison_says_that_measures_are_not_considered(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """If more measures may be relevant than are read, a comparison and a sorted look-up have a note that says so."""
    text = "检查 执法 处罚 案件 企业 培训"
    monkeypatch.setattr(choosing, "_MIN_RELEVANCE", 0.0)
    assert "too_many_measures" not in {note.code for note in index.compare(text).notes}
    monkeypatch.setattr(choosing, "_FIRST_PAGE_SIZE", 2)
    monkeypatch.setattr(choosing, "MAX_POOR_CANDIDATES", 6)
    for notes in (index.compare(text).notes, index.measures(text, sort="-value").notes):
        assert next(str(note) for note in notes if note.code == "too_many_measures").startswith("only the 6 best of ")
