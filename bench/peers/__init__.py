"""The compared engines. Each module implements the protocol `Module`; `load` imports it by name.

searchkit.py   the columnar engine, called directly, and `Index.search` with parsing and snippets
tantivy.py     tantivy-py on searchkit's tokens
bigrams.py     tantivy-py on character bigrams: phrases only, found however the text is segmented
whoosh.py      stock Whoosh on searchkit's tokens
fts5.py        SQLite FTS5 on searchkit's tokens
bm25s.py       bm25s: ranking only
ripgrep.py     ripgrep: phrases only, counted in plain text
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from bench.queries import Query

NAMES = ("searchkit", "tantivy", "bigrams", "whoosh", "fts5", "bm25s", "ripgrep")
"""Names of the modules of this package."""
LIMIT = 10
"""Number of requested hits, with their texts."""
MAX_VALUES = 100
"""Maximum number of values per facet that the columnar engine and tantivy are asked for, and that are compared."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Result of a query. An attribute is None if the engine does not provide it."""

    total: int | None
    texts: tuple[str, ...] | None
    """Texts of the best hits, best first."""
    facets: Mapping[str, Mapping[str, int]] | None
    """Facet → value → number of paragraphs."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A query that is prepared to be run repeatedly."""

    run: Callable[[], Any]
    """Runs the query. Only this is timed."""
    read: Callable[[Any], Answer]
    """Converts the result of `run` to an `Answer`, to compare engines. Not timed."""


class Peer(Protocol):
    """An open index."""

    def prepare(self, query: Query) -> Prepared | None:
        """Prepare a query. Returns None if the engine does not support it."""
        ...


class Module(Protocol):
    """Interface of the modules of this package."""

    def build(self, name: str, data: Path, folder: Path) -> None:
        """Index the corpus `name`, whose files are in `data`, into the empty folder `folder`."""
        ...

    def open_peers(self, name: str, data: Path, folder: Path) -> Mapping[str, Peer]:
        """Open the index. Returns one or more peers, which query it in different ways, by their names in reports."""
        ...


def folder(name: str, corpus: str, data: Path) -> Path:
    """Return the folder of the index of a corpus by the engine `name`."""
    return data / corpus / name


def load(name: str) -> Module:
    """Import the module of an engine. Raises ModuleNotFoundError if its library is not installed."""
    return cast("Module", import_module(f"{__name__}.{name}"))
