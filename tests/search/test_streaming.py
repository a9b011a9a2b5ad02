"""All hits of a search, one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from searchkit.corpus.reading import ParsedDocument
from searchkit.errors import IndexClosed, UsageError
from searchkit.index import Index
from searchkit.search import paragraphs


@pytest.fixture(scope="session")
def index(index_of: Callable[..., Index], report: Callable[..., ParsedDocument]) -> Index:
    """An open index with more matches than are ranked in two steps."""
    texts = [f"第{n}次执法{'检查' if n % 3 else '立案'}。" for n in range(1, 301)]
    return index_of([report("a.txt", *texts, year=2023), report("b.txt", *texts[:40], year=2022)])


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
    """The hits are those of a search without a limit, in its order, with the same fields."""
    monkeypatch.setattr(paragraphs, "_STREAM_BATCH", 16)
    expected = index.search(query, limit=None, **arguments)
    assert tuple(index.every_hit(query, limit=3, facets=["year"], **arguments)) == expected.hits


def test_a_stream_begins_at_a_cursor(index: Index) -> None:
    """`after` is the cursor of an earlier page."""
    page = index.search("执法", limit=30)
    rest = list(index.every_hit("执法", after=page.next))
    assert [*page.hits, *rest] == list(index.search("执法", limit=None).hits)


def test_errors_of_a_stream(index_of: Callable[..., Index], report: Callable[..., ParsedDocument]) -> None:
    """An invalid option is an error at once; a closed index is one at the next batch."""
    index = index_of([report("a.txt", "执法。")])
    with pytest.raises(UsageError):
        index.every_hit("执法", sort="")
    hits = index.every_hit("执法")
    index.close()
    with pytest.raises(IndexClosed):
        next(hits)
