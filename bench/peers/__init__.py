"""The engines that are compared. Each module has one narrow shape, `Module`; `load` gives it by name.

searchkit.py   the columnar engine: at its seam, and as `Index.search` with parsing and snippets
tantivy.py     tantivy-py, given searchkit's tokens
bigrams.py     tantivy-py, given overlapping pairs of characters: phrases without misses
whoosh.py      stock Whoosh, given searchkit's tokens
fts5.py        SQLite FTS5, given searchkit's tokens
bm25s.py       bm25s: ranking only
ripgrep.py     ripgrep: phrases only, counted in the plain text
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from bench.queries import Query

NAMES = ("searchkit", "tantivy", "bigrams", "whoosh", "fts5", "bm25s", "ripgrep")
"""Modules of this package."""
LIMIT = 10
"""Hits that are asked for, with their text."""
MAX_VALUES = 100
"""Values of each facet that are asked for."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a query gave. None where the engine does not say."""

    total: int | None
    texts: tuple[str, ...] | None
    """Of the best hits, best first."""
    facets: Mapping[str, Mapping[str, int]] | None
    """Facet → value → number of paragraphs."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A query ready to be asked again and again."""

    run: Callable[[], Any]
    """Does the whole work; this is what is timed."""
    read: Callable[[Any], Answer]
    """What `run` gave, for comparison between engines; not timed."""


class Peer(Protocol):
    """An open index."""

    def prepare(self, query: Query) -> Prepared | None:
        """Make a query ready, or give None if this engine cannot answer it."""
        ...


class Module(Protocol):
    """What each module of this package has."""

    def build(self, name: str, data: Path, folder: Path) -> None:
        """Index the corpus `name`, whose files are in `data`, in the empty folder `folder`."""
        ...

    def open_peers(self, name: str, data: Path, folder: Path) -> Mapping[str, Peer]:
        """Open the index, as one engine or several ways to ask it, each with the name it is reported under."""
        ...


def folder(name: str, corpus: str, data: Path) -> Path:
    """Where the index of a corpus by the engine `name` is."""
    return data / corpus / name


def load(name: str) -> Module:
    """The module of that name. Raises ModuleNotFoundError if its library is not installed."""
    return cast("Module", import_module(f"{__name__}.{name}"))
