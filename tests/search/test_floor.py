"""`bench.floor`, which measures how long the array operations and the calls of a search take without the other code.

It records the operations of one search, and counts the calls of another.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench import floor
from bench.pipelines import Question
from searchkit.corpus.reading import ParsedDocument
from searchkit.engines.columnar import docsets
from searchkit.index import Index
from searchkit.indexing.build import write_index


def test_a_recorded_search_finds_the_same(report: Callable[..., ParsedDocument], tmp_path: Path) -> None:
    """Recording changes no answer. Each recorded operation can be repeated. Then the engine uses NumPy itself again."""
    documents = [report(f"{n}.txt", f"立案{n}件", "检查企业，立案查处", year=2020 + n % 3) for n in range(30)]
    write_index(documents, tmp_path)
    with Index(tmp_path) as index:
        expected = index.search("立案", facets="year")
    with floor._recorded_numpy(), Index(tmp_path) as index:
        operations = floor._record(index, Question("one word", "立案"))
        found = index.search("立案", facets="year")
    assert (found.hits, found.facets) == (expected.hits, expected.facets)
    assert {"take", "getitem", "iadd", "np.bincount"} <= {name for name, _ in operations}
    assert min(seconds for _, seconds in floor.repeat(operations)) > 0
    assert docsets.np is np
    assert type(docsets.DocSet.all(3).ids) is np.ndarray


def test_calls_are_counted_without_those_of_numpy() -> None:
    """Python functions and functions in C are counted apart, those of NumPy not at all.

    Each resumption of a generator counts as a call of a Python function: here three, the last of which yields nothing.
    """

    def function() -> None:
        """Call a function in C and two of NumPy, and go through a generator of two values."""
        assert len("立案") == 2
        np.ones(3).take([1])
        for _ in (value for value in (1, 2)):
            pass

    assert floor.count_calls(function) == {"python": 4, "c": 1}
