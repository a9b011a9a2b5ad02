"""The seam between search and storage: what an engine takes, and what it gives.

Everything above this line is written against `Engine` and `Writer`; `tests/contract/*.json` holds each engine to
the same answers. An engine knows nothing of query syntax, snippets or files of a corpus.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from searchkit.engines.ranking import Explanation
from searchkit.errors import IndexDamaged, SearchkitError
from searchkit.model import Document, ExtractedMeasure, Measure, Paragraph
from searchkit.query.facets import Facet, FacetCounts, Filter
from searchkit.query.tree import Node, ScoringClause

if TYPE_CHECKING:  # numpy.typing takes 15 ms
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Request:
    """A search, as an engine sees it."""

    match: Node
    """Which paragraphs match."""
    scoring: tuple[ScoringClause, ...] = ()
    """What raises the score; nothing = all scores are 0."""
    filters: tuple[Filter, ...] = ()
    """All must admit a paragraph. They never change scores."""
    facets: tuple[Facet, ...] = ()
    """Counted over all matches, each under every filter but those of its own name."""
    max_values: int | None = 100
    """Values listed per facet, None = all."""
    sort: str = "score"
    """`score`, or the name of a facet, `-` before it for descending; then by score, then in corpus order.
    Paragraphs without a value come last."""
    limit: int | None = 10
    """Hits given, None = all."""
    offset: int = 0
    """Hits (or groups) left out before the first."""
    by_document: bool = False
    """Only the best paragraph of each document is a hit."""
    explain: bool = False
    """Hits come with the parts of their score,"""
    with_measures: bool = False
    """and with the measures of their paragraphs."""


@dataclass(frozen=True, slots=True)
class ScoredParagraph:
    """A paragraph that matches."""

    paragraph: Paragraph
    score: float
    matches: int = 1
    """Matching paragraphs of its document, when grouped; else 1."""
    explanation: Explanation | None = None
    measures: tuple[Measure, ...] = ()
    """By their place in the paragraph, where they were asked for."""


@dataclass(frozen=True, slots=True)
class Response:
    """What an engine answers."""

    total: int
    """Matching paragraphs, exact."""
    documents: int | None
    """Documents they are in, when grouped; else None."""
    hits: tuple[ScoredParagraph, ...]
    """By score, largest first, then in corpus order (path of the document, then position in it)."""
    facets: Mapping[str, FacetCounts]
    """By the facet as written: `year`, `district:1`."""


@dataclass(frozen=True, slots=True)
class MeasureRequest:
    """A look-up of measures, as an engine sees it: all those of matching paragraphs that are of the unit and size."""

    match: Node
    """Which paragraphs match."""
    scoring: tuple[ScoringClause, ...] = ()
    """What raises the score of a paragraph; nothing = all scores are 0."""
    filters: tuple[Filter, ...] = ()
    """All must admit the paragraph. They never change scores."""
    unit: str | None = None
    """The base unit, None = any."""
    minimum: float | None = None
    """Of the base value, inclusive."""
    maximum: float | None = None
    """Of the base value, inclusive."""


@dataclass(frozen=True, slots=True)
class MeasureColumns:
    """All measures that answer a request, as columns: one element for each, in corpus order, by place in a paragraph.

    Ranking them is not an engine's business: what it needs is here, and few are ever fetched.
    """

    indicators: Sequence[str]
    """Indicators, each once; there may be some that no measure here has."""
    indicator_of: NDArray[np.int64]
    """The number of each measure's indicator."""
    scores: NDArray[np.float64]
    """Score of each measure's paragraph by words alone (BM25F, step one of ranking)."""
    fetch: Callable[[Sequence[int]], list[Measure]]
    """Gives the measures of these measures (numbers from 0 to len(scores) - 1), in the order asked for."""
    texts: Callable[[Sequence[int]], list[str]]
    """Gives the texts of their paragraphs in the same way."""


class Engine(Protocol):
    """An open index, as it was committed when it was opened. Safe for many threads."""

    def search(self, request: Request) -> Response:
        """Answer a request exactly."""
        ...

    def measure_columns(self, request: MeasureRequest) -> MeasureColumns:
        """All measures that answer a request."""
        ...

    def paragraph(self, paragraph_id: str) -> Paragraph | None:
        """The paragraph with that id, or None."""
        ...

    def measures(self, paragraph_ids: Sequence[str]) -> list[tuple[Measure, ...]]:
        """The measures of each of these paragraphs by their place in it; none for an id that is unknown."""
        ...

    def documents(self) -> Iterator[Document]:
        """All documents in corpus order."""
        ...

    def paragraphs(self, filters: Sequence[Filter] = ()) -> Iterator[Paragraph]:
        """All paragraphs that the filters admit, in corpus order."""
        ...

    def check(self) -> None:
        """Go through the whole index. Raises IndexDamaged at the first thing that does not fit."""
        ...

    def close(self) -> None:
        """Give back files and memory."""
        ...


class Writer(Protocol):
    """A new index in an empty folder: what another index holds, less what is removed, and what is added.

    Corpus order is by file (code points of the name), within a file as added.
    """

    def add(
        self,
        document: Document,
        paragraphs: Sequence[Paragraph],
        measures: Sequence[Sequence[ExtractedMeasure]],
        file: str,
    ) -> None:
        """Add a document with its paragraphs and the measures of each of them.

        `file`: name of the corpus file that it was read from.
        """
        ...

    def remove(self, files: Collection[str]) -> None:
        """Leave out the documents of these files that the other index holds."""
        ...

    def add_index(self, folder: Path) -> None:
        """Take over what a writer of the same engine committed to `folder`, a folder that is needed until `commit`."""
        ...

    def commit(self) -> None:
        """Write everything to the folder; the writer is finished."""
        ...

    def rollback(self) -> None:
        """Write nothing more; the folder can be removed."""
        ...


@contextmanager
def decoding(folder: Path) -> Iterator[None]:
    """Decode what is stored in `folder`: what cannot be decoded is damage, whatever its checksum. Raises IndexDamaged.

    For that alone, and for `Engine.check`: elsewhere an exception says something of the code, too.
    """
    try:
        yield
    except SearchkitError:
        raise
    except Exception as error:
        reason = f"damaged index ({type(error).__name__})"
        raise IndexDamaged(f"{folder}: {reason}; build it again with: searchkit build --full") from error
