"""The pipeline of `bench.pipelines.tantivy`, but with the tokens of searchkit's analyzer, with and without snippets.

The tokens are created before the timing. With them, a query of words has the same hits as in searchkit, except
paragraphs that contain a word only inside or across other words. Phrases have other hits, because the shorter words
inside a word are tokens, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from bench.corpora import Item
from bench.pipelines import Pipeline, tantivy


def build(items: Iterable[Item], folder: Path) -> None:
    """Index the items."""
    tantivy.build(items, folder, same_tokens=True)


def open_pipelines(folder: Path) -> dict[str, Pipeline]:
    """Open the index as two pipelines. Both search the tokens of searchkit's analyzer; the second makes no snippets."""
    return {
        "tantivy, same tokens": tantivy.open_pipeline(folder, same_tokens=True),
        "tantivy, no snippets": tantivy.open_pipeline(folder, same_tokens=True, with_snippets=False),
    }
