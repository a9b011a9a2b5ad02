"""tantivy-py as in `tantivy`, but given the tokens of searchkit's analyzer, with and without snippets.

The tokens are created before the timing. With them, words have the same hits as in searchkit, except those inside other
words. Phrases have other hits, because the shorter words inside a word are tokens, too.
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
    """Open the index."""
    return {
        "tantivy, same tokens": tantivy.open_pipeline(folder, same_tokens=True),
        "tantivy, no snippets": tantivy.open_pipeline(folder, same_tokens=True, with_snippets=False),
    }
