"""All hits of a search, one by one."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from searchkit.corpus.reading import ParsedDocument
from searchkit.errors import IndexClosed, UsageError
from searchkit.index import Index
from searchkit.model import ExtractedMeasure
from searchkit.search import paragraphs
from searchkit.search.results import Hit


@pytest.fixture(scope="session")
def index(index_of: Callable[..., Index], report: Callable[..., ParsedDocument]) -> Index:
    """An open index with more matches than are rescored."""
    texts = [numbered(n) for n in range(1, 301)]
    return index_of([report("a.txt", *texts, year=2023), report("b.txt", *texts[:40], year=2022)])


def check_measure(hit: Hit) -> None:
    """Check that a hit has the measure of `numbered`."""
    (measure,) = hit.measures
    assert measure.paragraph == hit.id
    assert hit.text[measure.start : measure.end] == f"{measure.value}件"


def numbered(n: int) -> tuple[str, dict[str, Any]]:
    """Return a text with the number `n`, and its measure, whose value is `n`."""
    text = f"第{n}次执法{'检查' if n % 3 else '立案'}{n}件。"
    measure = ExtractedMeasure("执法", n, "件", n, "件", start=text.index(f"{n}件"), end=len(text) - 1)
    return text, {"measures": (measure,)}


@pytest.mark.parametrize(
    ("query", "arguments"),
    [
        ("执法 检查", {}),
        ("执法 检查", {"beyond": False}),
        ("执法", {"sort": "year,-score"}),
        ("执法", {"group": "document"}),
        ("立案", {"fold": True}),
        ("执法 量子", {"year": 2022}),
        ("2022年执法", {"offset": 7}),
        ("量子", {}),
    ],
)
def test_every_hit_is_a_hit_of_the_search(
    index: Index, query: str, arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hits equal those of a search without a limit, in the same order. `limit` and `facets` have no effect."""
    monkeypatch.setattr(paragraphs, "_STREAM_BATCH", 16)
    expected = index.search(query, limit=None, **arguments)
    assert tuple(index.every_hit(query, limit=3, facets=["year"], **arguments)) == expected.hits


@pytest.mark.parametrize("lag", [0, 1, 20, 400])
def test_measures_of_streamed_hits(index: Index, monkeypatch: pytest.MonkeyPatch, lag: int) -> None:
    """A hit has the measures of its paragraph, also if they are read after `lag` later hits."""
    monkeypatch.setattr(paragraphs, "_STREAM_BATCH", 16)
    hits = index.every_hit("执法")
    waiting = deque(islice(hits, lag))
    for hit in hits:
        waiting.append(hit)
        check_measure(waiting.popleft())
    for hit in waiting:
        check_measure(hit)


def test_a_stream_begins_at_a_cursor(index: Index) -> None:
    """With the cursor of a page as `after`, the hits are those that follow the page."""
    page = index.search("执法", limit=30)
    rest = list(index.every_hit("执法", after=page.next))
    assert [*page.hits, *rest] == list(index.search("执法", limit=None).hits)


def test_errors_of_a_stream(index_of: Callable[..., Index], report: Callable[..., ParsedDocument]) -> None:
    """An invalid option is an error at the call. A closed index is an error when the next batch of hits is read."""
    index = index_of([report("a.txt", "执法。")])
    with pytest.raises(UsageError):
        index.every_hit("执法", sort="")
    hits = index.every_hit("执法")
    index.close()
    with pytest.raises(IndexClosed):
        next(hits)
