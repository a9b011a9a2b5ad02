"""Cursors: walking a list of hits, and refusing cursors of other lists."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.reading import ParsedDocument
from searchkit.errors import UsageError
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, write_index
from searchkit.search.options import SearchOptions

Report = Callable[..., ParsedDocument]


@pytest.fixture(scope="module")
def index(index_of: Callable[..., Index], report: Report) -> Index:
    """An index of 36 documents with 252 paragraphs. That is more than the 200 that a search scores again."""
    return index_of(reports(report))


def reports(report: Report) -> list[ParsedDocument]:
    """Return the documents of the index."""
    texts = ["执法检查。", "执法", "检查普法。", "执法监督，检查执法。", "执法队伍。", "普法。", "执法公示"]
    return [report(f"{n:02}.txt", *texts, year=2020 + n % 4) for n in range(36)]


def walk(index: Index, query: str, size: int, **arguments: Any) -> list[str]:  # noqa: ANN401
    """Return the ids of all hits, which are read in pages of `size` hits."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        results = index.search(query, limit=size, after=cursor, **arguments)
        assert results.offset == len(found)
        found += [hit.id for hit in results.hits]
        cursor = results.next
        if cursor is None:
            return found


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"sort": "year,-score"},
        {"sort": "-document"},
        {"group": "document"},
        {"group": "document", "without": "航天", "year": "2021.."},
        {"match": "any", "without": ["公示", "监督"]},
        {"beyond": False},
    ],
)
@pytest.mark.parametrize("query", ["执法 检查", "执法", "普法 航天", "*", "航天"])
def test_a_walk_is_the_complete_list(index: Index, query: str, arguments: dict[str, Any]) -> None:
    """The pages, of 23 hits or of 200, make up the complete list, each hit once. The last page has no cursor."""
    complete = [hit.id for hit in index.search(query, limit=None, **arguments).hits]
    assert len(set(complete)) == len(complete)
    for size in (23, 200):
        assert walk(index, query, size, **arguments) == complete
    assert index.search(query, limit=max(1, len(complete)), **arguments).next is None


@pytest.mark.parametrize("arguments", [{}, {"sort": "-year,score"}, {"beyond": False}])
def test_folded_hits_are_walked(index_of: Callable[..., Index], report: Report, arguments: dict[str, Any]) -> None:
    """The pages of folded hits make up the complete list of folded hits. The last page has no cursor."""
    sentence = "{}年全市开展行政执法监督检查{}次，查处违法案件。"
    names = [f"{n:02}.txt" for n in range(6)]
    documents = [
        report(name, *(sentence.format(2018 + n, 100 + count) for count in range(50 + n)), year=2018 + n)
        for n, name in enumerate(names)
    ]
    index = index_of(documents)
    results = index.search("执法检查 查处", limit=None, fold=True, **arguments)
    complete = [hit.id for hit in results.hits]
    assert (results.total, len(complete), results.next) == (315, 55, None)
    for size in (7 if arguments else 1, 20, 55, 60):  # pages of one hit take longest: only without options
        assert walk(index, "执法检查 查处", size, fold=True, **arguments) == complete
        page = index.search("执法检查 查处", limit=size, fold=True, **arguments)
        assert [hit.id for hit in page.hits] == complete[:size]
        assert (page.next is None) == (size >= len(complete))


def test_similar_paragraphs_are_walked(index: Index) -> None:
    """A list of similar paragraphs has cursors.

    It refuses a cursor of the paragraphs similar to another one, and a cursor of a search for the id as a query.
    """
    paragraph = "03.txt#4"
    complete = [hit.id for hit in index.similar(paragraph, limit=None, without="公示").hits]
    assert len(complete) > 50
    walked: list[str] = []
    cursor: str | None = None
    while not walked or cursor is not None:
        results = index.similar(paragraph, limit=40, after=cursor, without="公示")
        walked += [hit.id for hit in results.hits]
        cursor = results.next
    assert walked == complete
    for cursor in (index.similar("04.txt#4", limit=1).next, index.search(paragraph, limit=1, match="any").next):
        with pytest.raises(UsageError, match="after"):
            index.similar(paragraph, after=cursor or "")


def test_pages_may_have_different_limits_and_facets(index: Index) -> None:
    """Limit, facets and explanations may change from page to page."""
    cursor = index.search("执法", limit=3).next
    results = index.search("执法", limit=5, after=cursor, facets=["year"], explain=True)
    assert [hit.id for hit in results.hits] == [hit.id for hit in index.search("执法", limit=8).hits][3:]


def test_no_hits_have_no_cursor(index: Index) -> None:
    """A page without hits has no cursor, even if the search has hits: with `limit=0`, and beyond the last hit."""
    results = index.search("执法", limit=0)
    assert (results.total > 0, results.next) == (True, None)
    cursor = index.search("执法", limit=1).next
    assert cursor is not None
    beyond_end = index.search("执法", after=f"{cursor.rpartition('-')[0]}-{10**15 - 1}")
    assert (beyond_end.hits, beyond_end.next) == ((), None)


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ("检查", {}),
        ("执法", {"sort": "year"}),
        ("执法", {"match": "any"}),
        ("执法", {"group": "document"}),
        ("执法", {"without": "普法"}),
        ("执法", {"year": 2021}),
        ("执法", {"beyond": False}),
        ("执法", {"literal": True}),
        ("执法", {"fold": True}),
    ],
)
def test_a_cursor_of_another_search_is_refused(index: Index, query: str, arguments: dict[str, Any]) -> None:
    """A cursor belongs to one list: query, filters and options that change the list must be the same."""
    cursor = index.search("执法", limit=2).next
    with pytest.raises(UsageError, match="belongs to another search"):
        index.search(query, after=cursor, **arguments)


def test_a_cursor_belongs_to_a_state_of_an_index(engine: str, report: Report, tmp_path: Path) -> None:
    """A cursor contains the state of the index. An index of other documents refuses it.

    With the engine columnar, another index of the same documents has the same state, and accepts the cursor.
    """
    documents = reports(report)
    for name, chosen in (("one", documents), ("same", documents), ("other", documents[:-1])):
        write_index(chosen, tmp_path / name, BuildOptions(engine))
    with Index(tmp_path / "one") as one:
        cursor = one.search("执法", limit=4).next
    if engine == "columnar":  # whoosh writes random names into its files: each build has another state
        with Index(tmp_path / "same") as same:
            assert same.search("执法", after=cursor).offset == 4
    with Index(tmp_path / "other") as other, pytest.raises(UsageError, match="the index has changed"):
        other.search("执法", after=cursor)


@pytest.mark.parametrize("cursor", ["", "1", "x" * 10_000, "\x1b[2J", 7, [], {}, True, "０-０-０"])
def test_what_is_not_a_cursor_is_refused(index: Index, cursor: object) -> None:
    """Anything but a cursor is a usage error, whose message quotes at most a part of a long value."""
    with pytest.raises(UsageError, match="is not a cursor") as raised:
        index.search("执法", after=cursor)
    assert len(str(raised.value)) < 500


@given(st.text() | st.from_regex(r"[0-9a-f]{12}-[0-9a-f]{12}-[0-9]{1,30}", fullmatch=True))
def test_random_cursors_are_refused(index: Index, cursor: str) -> None:
    """Random texts are usage errors, and so are cursors with random digests."""
    with pytest.raises(UsageError):
        index.search("执法", after=cursor)


def test_a_cursor_excludes_an_offset(index: Index) -> None:
    """A list is continued by a cursor or from an offset: both together are a usage error."""
    with pytest.raises(UsageError, match="exclude each other"):
        index.search("执法", SearchOptions(after=index.search("执法", limit=1).next, offset=1))


@pytest.mark.parametrize("sort", ["", ",", "year,", "-", "year,,score", "--", 3, None])
def test_invalid_sorts_are_refused(index: Index, sort: object) -> None:
    """`sort` must be a text. Each of its keys must be `score` or a facet, which one minus may precede."""
    with pytest.raises(UsageError):
        index.search("执法", sort=sort)


@pytest.mark.parametrize("without", ["", " ", ["执法", ""], 3, {"a": 1}, [1]])
def test_invalid_texts_of_without_are_refused(index: Index, without: object) -> None:
    """`without` takes a text or a list of texts. Another type, or a text that is empty or blank, is a usage error."""
    with pytest.raises(UsageError, match="without"):
        index.search("执法", without=without)
