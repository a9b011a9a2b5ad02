"""What users would write instead of searchkit: from a typed query to a page of hits with snippets, total and facets.

tantivy.py   tantivy-py with words by rjieba, `aggregate` for facets and its SnippetGenerator
tokens.py    tantivy-py with the tokens of searchkit's analyzer as words, with and without snippets
fts5.py      SQLite FTS5 with words by rjieba, GROUP BY for facets and its function `snippet`
whoosh.py    stock Whoosh with jieba's ChineseAnalyzer, `groupedby` for facets and its highlighter, as documented

A pipeline gets the query as typed: words or a phrase in quotes, all of which must occur, and filters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import rjieba

from bench.corpora import Item

NAMES = ("tantivy", "tokens", "fts5", "whoosh")
"""Names of the modules of this package."""
SNIPPET = 120
"""Maximum number of characters of a snippet of tantivy. It is the same in searchkit."""


@dataclass(frozen=True, slots=True)
class Question:
    """A query as a user types it, with the filters that the user chooses."""

    group: str
    """Class of similar questions."""
    text: str
    """Words separated by blanks, or a phrase in double quotes."""
    filters: Mapping[str, str] = field(default_factory=dict)

    @property
    def phrase(self) -> str | None:
        """String between the quotes; None if the query is not quoted."""
        return self.text[1:-1] if self.text.startswith('"') else None


@dataclass(frozen=True, slots=True)
class Page:
    """What a user sees of a search."""

    total: int
    snippets: tuple[str, ...]
    """Snippets of the best hits, none from a pipeline without snippets. All engines but searchkit mark the
    matches inside the snippet. A snippet of searchkit is plain text, and its hit states the spans of the matches."""
    facets: Mapping[str, Mapping[str, int]]


Pipeline = Callable[[Question], Page]
"""An open index, as a function from a question to its page."""


class Module(Protocol):
    """Interface of the modules of this package."""

    def build(self, items: Iterable[Item], folder: Path) -> None:
        """Index the items into the empty folder."""
        ...

    def open_pipelines(self, folder: Path) -> dict[str, Pipeline]:
        """Open the index. Returns one or more pipelines by their names in reports."""
        ...


def load(name: str) -> Module:
    """Import a module of this package. Raises ModuleNotFoundError if its library is not installed."""
    return cast("Module", import_module(f"{__name__}.{name}"))


def words(text: str) -> list[str]:
    """Segment a text into lower-case words by rjieba. Blanks and punctuation that stand alone are not words."""
    return [word for word in rjieba.cut(text.lower()) if any(map(str.isalnum, word))]
