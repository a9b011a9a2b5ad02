"""A prefix that matches very many words stands for the first of them only, and a note says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from searchkit.corpus.reading import ParsedDocument
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, write_index
from searchkit.search import snapshot

Report = Callable[..., ParsedDocument]


@pytest.fixture
def index(tmp_path: Path, report: Report, engine: str, monkeypatch: pytest.MonkeyPatch) -> Index:
    """An open index whose texts have 20 words that begin with C and 5 with D; a heading and the title have one with C.

    Further words that begin with C were in a report that a second build has removed.
    """
    monkeypatch.setattr(snapshot, "MAX_EXPANDED_TERMS", 10)
    texts = [f"型号C{n}号。" for n in range(100, 120)] + [f"型号D{n}号。" for n in range(100, 105)]
    removed = report("b.txt", *(f"型号C0{n}号。" for n in range(10, 30)))
    kept = report("a.txt", *texts, ("标题。", {"path": ("C200",)}), title="C300")
    write_index([kept, removed], tmp_path, BuildOptions(engine))
    write_index([kept], tmp_path, BuildOptions(engine))
    return Index(tmp_path)


@pytest.mark.parametrize(
    ("query", "numbers", "notes"),
    [
        ("c*", range(1, 11), ["prefixes match at most 10 words: only the first 10 of each are used for c*"]),
        ("c11*", range(11, 21), []),
        ("d*", range(21, 26), []),
        ("c* OR d*", [*range(1, 6), *range(21, 26)], ["only the first 5 of each are used for c*"]),
        ("text:c* OR c*", range(1, 11), ["only the first 10 of each are used for c*"]),
        ("heading:c2*", [26], []),
        ("-c* 型号", range(11, 26), ["only the first 10 of each are used for c*"]),
    ],
)
def test_the_number_of_words_of_prefixes_is_limited(
    index: Index, query: str, numbers: list[int], notes: list[str]
) -> None:
    """The maximum number of words is divided equally between the distinct prefixes of a query.

    A prefix that matches more words than its share stands for the first of them only. Words of deleted documents do not
    count.
    """
    with index:
        results = index.search(query, limit=None, sort="document")
        assert [hit.n for hit in results.hits] == [*numbers]
        assert len(results.notes) == len(notes)
        assert all(note in found for note, found in zip(notes, results.notes, strict=True))
        assert all(hit.spans for hit in results.hits if "-" not in query and "heading" not in query)


def test_a_long_query_of_prefixes_is_fast(index: Index) -> None:
    """A query of many prefixes of one character takes less than a second of processor time."""
    with index:
        started = time.process_time()
        index.search("".join(f"{character}* " for character in "39a1c2d4f5")[:300] * 10)
        assert time.process_time() - started < 1
