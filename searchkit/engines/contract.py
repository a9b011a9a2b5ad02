"""The interface between search and storage: engines and writers, with their requests and responses.

Everything above this layer reads and writes documents, paragraphs, tables and measures only through `Engine` and
`Writer`. The cases of `tests/contract/*.json` require the same answers from each engine. An engine does not know the
query syntax, snippets or the files of a corpus.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

from searchkit.engines.ranking import Explanation
from searchkit.errors import IndexDamaged, SearchkitError
from searchkit.model import Document, ExtractedMeasure, Measure, Paragraph, Table
from searchkit.query.facets import Facet, FacetCounts, Filter
from searchkit.query.tree import Everything, Node, ScoringClause

if TYPE_CHECKING:  # importing numpy.typing takes 15 ms
    import numpy as np
    from numpy.typing import NDArray

    from searchkit.engines.indicators import Indicators

_Result = TypeVar("_Result")

MAX_FOLDED_IDS = 100
"""Maximum number of ids in `Folded.ids`. A boilerplate sentence may be in every report."""


EVERYTHING = Everything()
"""The query tree that all paragraphs match."""


@dataclass(frozen=True, slots=True)
class Request:
    """A search for paragraphs."""

    match: Node
    """Query tree that paragraphs must match. The matches are the paragraphs that match it, pass all filters and are not
    left out by `without` or `unlike`."""
    scoring: tuple[ScoringClause, ...] = ()
    """Clauses that add to the score. If there are none, all scores are 0."""
    filters: tuple[Filter, ...] = ()
    """Filters that must all admit a paragraph. They do not change scores."""
    facets: tuple[Facet, ...] = ()
    """Facets to count. A facet is counted over the paragraphs that match under all filters except those with its own
    name: with a filter `year`, the other years are counted, too."""
    max_values: int | None = 100
    """Maximum number of values to list per facet: the most frequent ones; None = all. Values that filters name are
    listed, too, if a match has them."""
    population: Node = EVERYTHING
    """Query tree of further paragraphs. `FacetValue.all_documents` counts the documents with a paragraph that matches
    this tree or the query. It usually has the filters in the query, but not its words. All filters apply except those
    with the name of the facet; `without` and `unlike` do not apply."""
    without: Node | None = None
    """Query tree of paragraphs that are left out of the matches and of the further hits (`beyond`). If hits are
    grouped, all paragraphs of the documents of these paragraphs are left out."""
    sort: tuple[str, ...] = ()
    """Keys to sort by, the most important first; empty: by score. The name of a facet (`year`) means ascending values,
    with a minus (`-year`) descending ones, and `score` means descending scores.

    A paragraph with several values is sorted by its first value. Paragraphs without a value come last. Ties are ordered
    by score, then in corpus order (see `Writer`). In the order of scores, the hits that step two of ranking has scored
    (`engines.ranking`) come before those that it has not scored, whatever their scores.
    """
    limit: int | None = 10
    """Maximum number of hits to return, None = all."""
    offset: int = 0
    """Number of hits to skip before the first returned one."""
    by_document: bool = False
    """Whether to group the hits by document. A group is one hit: the first of the document's hits."""
    count_documents: bool = False
    """Whether to count the documents of the matches even if the hits are not grouped."""
    fold: bool = False
    """Whether hits with the same near-duplicate key are one hit: the first of them (`ScoredParagraph.folded`).

    Paragraphs that differ only in list number, years, place and punctuation have the same key. A hit without a key
    stays. `limit` and `offset` count the hits that remain. Totals and facets do not change. Requires that `by_document`
    is False.
    """
    unlike: str | None = None
    """Id of a paragraph that is left out of the matches and of the further hits, with all paragraphs that have its
    near-duplicate key."""
    explain: bool = False
    """Whether to return the parts of the score of each hit."""
    beyond: Node | None = None
    """Query tree of further hits: paragraphs that match it, but not `match`, and pass all filters. All hits are ranked
    together. The further hits are not in the total and not counted by facets. If there are no matches, there are no
    hits. Requires that `sort` is empty and `by_document` is False."""
    complete: Node | None = None
    """Query tree of the paragraphs with all content words: the words of the query that are not question words or
    particles. Step two of ranking adds a bonus to their scores, in proportion to the score (`ranking.COMPLETE_BONUS`).
    The bonus changes the order of hits, not which paragraphs match. None: no paragraph gets the bonus."""
    first: Node | None = None
    """Query tree of the matches that come before all others in the order of scores. The others have the score 0. None
    ranks all matches by their scores. Requires that `beyond` is None."""


@dataclass(frozen=True, slots=True)
class Folded:
    """The near-duplicates that are folded under a hit."""

    count: int = 0
    """Number of paragraphs."""
    ids: tuple[str, ...] = ()
    """Their ids in corpus order, at most `MAX_FOLDED_IDS`."""


NOTHING_FOLDED = Folded()
"""No near-duplicates."""


@dataclass(frozen=True, slots=True)
class ScoredParagraph:
    """A hit: a paragraph with its score."""

    paragraph: Paragraph
    score: float
    matches: int = 1
    """Number of matches in the document of the paragraph if hits are grouped; otherwise 1."""
    explanation: Explanation | None = None
    """Parts of the score, if requested."""
    own_headings: int = 0
    """How many of the last headings of its path begin at this paragraph (`own_heading_counts`). A word of the query in
    one of these headings matches the paragraph."""
    is_beyond: bool = False
    """Whether the paragraph matches `Request.beyond`, but not `Request.match`."""
    folded: Folded = NOTHING_FOLDED
    """The other hits with its near-duplicate key, if `Request.fold` is True."""
    load_measures: Callable[[], tuple[Measure, ...]] = field(default=tuple, compare=False, repr=False)
    """Returns the measures of the paragraph in the order of the text, also after the engine was closed.

    Few callers need the measures, and loading them takes longer than loading the rest of the hit. Raises IndexDamaged.
    """


def own_heading_counts(paragraphs: Sequence[Paragraph]) -> list[int]:
    """Return for each paragraph of a document how many of the last headings of its path belong to it.

    A heading belongs to the first paragraph under it. So the headings of a paragraph are those that follow the part of
    its path that it shares with the paragraph before.
    """
    counts: list[int] = []
    previous: tuple[str, ...] = ()
    for paragraph in paragraphs:
        shared = takewhile(lambda pair: pair[0] == pair[1], zip(paragraph.path, previous, strict=False))
        counts.append(len(paragraph.path) - len(list(shared)))
        previous = paragraph.path
    return counts


class Response(NamedTuple):
    """The answer to a `Request`."""

    total: int
    """Exact number of matches (`Request.match`)."""
    documents: int | None
    """Number of documents of the matches if hits are grouped or `Request.count_documents` is True; otherwise None."""
    hits: tuple[ScoredParagraph, ...]
    """The requested hits in the order of `Request.sort`."""
    facets: Mapping[str, FacetCounts]
    """Counts of each requested facet. The key is the facet as written in a request: `year`, `district:1`."""
    total_any: int | None = None
    """Exact number of the matches and the further hits together. None if the request has no `beyond`, or if there are
    no matches."""


@dataclass(frozen=True, slots=True)
class MeasureRequest:
    """A look-up of measures: those that match a query, pass the filters and have the requested properties.

    Filters by of_year, in the query too, go by the year of the measure (`Filter.admits_measure`). All other filters and
    everything else in the query go by its paragraph.
    """

    match: Node
    """Query tree that measures must match."""
    scoring: tuple[ScoringClause, ...] = ()
    """Clauses that add to the score of a paragraph. If there are none, all scores are 0."""
    filters: tuple[Filter, ...] = ()
    """Filters that must all admit the measure. They do not change scores."""
    unit: str | None = None
    """Base unit of the measures (元, also for measures in 万元), None = any."""
    convertible: tuple[tuple[str, float], ...] = ()
    """Base units that measures may have, each with the factor that converts its values to the unit of `minimum` and
    `maximum`. Empty: only `unit` restricts the unit, and values are compared without conversion."""
    minimum: float | None = None
    """Minimum of the signed value (`Measure.signed_value`), inclusive, None = no minimum."""
    maximum: float | None = None
    """Maximum of the signed value, inclusive, None = no maximum."""
    statuses: tuple[str, ...] = ()
    """The statuses that a measure may have (`MEASURE_STATUSES`), empty = any."""
    single_years: bool = False
    """Whether totals of several years (`Measure.since`) are left out."""


MeasureAttributes = tuple[str | None, str | None, str, str, str | None, str | None, bool]
"""Fields of `ExtractedMeasure` of which few combinations occur: `unit`, `base_unit`, `bound`, `kind`, `change`,
`period` and `zero`."""

TimeAttributes = tuple[int | None, int | None, str | None, bool, str]
"""Fields of `ExtractedMeasure` about time, of which few combinations occur: `of_year`, `since`, `part`, `stock` and
`status`."""


class MeasureContext(NamedTuple):
    """Where a measure is: its quote, and the texts around it."""

    start: int
    """Start of the quote in the text of the paragraph: code points, 0-based."""
    end: int
    """End of the quote, exclusive."""
    text: str
    """Text of the paragraph."""
    path: tuple[str, ...]
    """Heading path of the paragraph."""
    title: str | None
    """Title of the document."""


class MeasureColumns(NamedTuple):
    """The answer to a `MeasureRequest`. The arrays are columns with an element per measure.

    The measures are in corpus order; within a paragraph, they are in the order of the text. An engine does not rank
    measures. The caller ranks them by these columns and fetches only the best, because loading a measure is slow.
    """

    indicators: Indicators
    """Distinct indicators. May contain indicators that none of the measures has."""
    indicator_of: NDArray[np.int64]
    """Index in `indicators` of the indicator of each measure."""
    attributes: Sequence[MeasureAttributes]
    """Combinations of attributes. May contain equal ones, and some that none of the measures has."""
    attributes_of: NDArray[np.int64]
    """Index in `attributes` of the attributes of each measure."""
    times: Sequence[TimeAttributes]
    """Combinations of time and status. May contain equal ones, and some that none of the measures has."""
    time_of: NDArray[np.int64]
    """Index in `times` of the time of each measure."""
    is_part: NDArray[np.bool_]
    """Whether each measure is part of another one, such as a total."""
    reviewed_years: NDArray[np.int64]
    """Year that the report of each measure reviews (`model.reviewed_year`): for a work report, the year before its own.
    0 if it is unknown."""
    scores: NDArray[np.float64]
    """Score of the paragraph of each measure by words alone (BM25F, step one of ranking)."""
    fetch: Callable[[Sequence[int]], list[Measure]]
    """Returns the measures at the given indices (0 to len(scores) - 1), in the same order."""
    contexts: Callable[[Sequence[int]], list[MeasureContext]]
    """Returns the contexts of the measures at the given indices, in the same order. The columnar engine returns them
    faster than `fetch` returns measures."""


class Vocabulary(NamedTuple):
    """The words and headings of an index."""

    words: Mapping[str, int]
    """For each word, the number of paragraphs with the word in their passage (`query.tree.PASSAGE`). A word is a term
    that does not begin with a digit (0 to 9) and has at least two characters. No number is 0."""
    headings: Mapping[str, int]
    """Number of paragraphs under the heading, at any level, by heading. No number is 0."""


class Engine(Protocol):
    """An open index. Later commits do not change its answers. Thread-safe."""

    def search(self, request: Request) -> Response:
        """Answer a request exactly."""
        ...

    def stream(self, request: Request) -> Iterator[ScoredParagraph]:
        """Yield the hits of `search`. Ranks all matches before the first hit. Most engines load hits when needed."""
        ...

    def run_together(self, calls: Iterable[Callable[[], _Result]]) -> Iterator[_Result]:
        """Run calls that use this engine, and yield their results in order. Raises the first exception of a call.

        An engine that computes in this process runs each call when its result is asked for. An engine that waits for a
        cluster runs several calls at a time, in threads with the context of the caller.
        """
        ...

    def last_term(self, prefix: str, limit: int) -> str | None:
        """Return the term at position `limit`, from 1, of those that begin with `prefix`; None if at most `limit` do.

        A query of the prefix is cut off after this term. Includes the terms that occur in the text, the headings or the
        title of a paragraph that is not deleted, in the order of code points. Takes time in proportion to `limit`.
        """
        ...

    def measure_columns(self, request: MeasureRequest) -> MeasureColumns:
        """Return all measures that a request selects."""
        ...

    def paragraph(self, paragraph_id: str) -> Paragraph | None:
        """Return the paragraph with the given id, or None."""
        ...

    def measures(self, paragraph_ids: Sequence[str]) -> list[tuple[Measure, ...]]:
        """Return the measures of each given paragraph, in the order of the text. An unknown id has no measures."""
        ...

    def document(self, document_id: str) -> Document | None:
        """Return the document with the given id, or None."""
        ...

    def documents(self) -> Iterator[Document]:
        """Yield all documents in corpus order."""
        ...

    def paragraphs(self, filters: Sequence[Filter] = ()) -> Iterator[Paragraph]:
        """Yield all paragraphs that the filters admit, in corpus order."""
        ...

    def tables(self, filters: Sequence[Filter] = ()) -> Iterator[Table]:
        """Yield all tables with at least one row whose paragraph the filters admit, with all rows, in corpus order."""
        ...

    def vocabulary(self) -> Vocabulary:
        """Return the words and headings, in no particular order. An engine may omit headings above 8,000 characters."""
        ...

    def check(self, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Read the complete index. Raises IndexDamaged at the first inconsistency.

        `on_progress` is called with the number of checked paragraphs and the number of all paragraphs, at least at the
        end.
        """
        ...

    def close(self) -> None:
        """Release files and memory. The engine must not be used afterwards."""
        ...


class Writer(Protocol):
    """Writes a new index to an empty folder.

    The new index contains the documents of a base index (if there is one), except removed ones, and the added
    documents. They are in corpus order: by file name (code points), within a file in the order in which they were
    added.
    """

    def add(
        self,
        document: Document,
        paragraphs: Sequence[Paragraph],
        measures: Sequence[Sequence[ExtractedMeasure]],
        file: str,
        tables: Sequence[Table] = (),
        keys: Sequence[int] = (),
    ) -> None:
        """Add a document with its paragraphs (at least one) and the measures of each paragraph.

        `file`: name of the corpus file that the document was read from. `tables`: the tables of the document, ordered
        by number. Their rows are among the paragraphs. `keys`: the near-duplicate key of each paragraph, below 2⁶³, 0
        if it has none. Empty if no paragraph has one.
        """
        ...

    def remove(self, files: Collection[str]) -> None:
        """Drop the documents of these files that come from the base index. Added documents stay."""
        ...

    def add_index(self, folder: Path) -> None:
        """Add the documents of the index that another writer of the same engine committed to `folder`.

        `folder` must not change before `commit`, which may move its files to the new index.
        """
        ...

    def commit(self) -> None:
        """Write everything to the folder. The writer cannot be used any more."""
        ...

    def rollback(self) -> None:
        """Write nothing more. The folder can be removed."""
        ...


@contextmanager
def decoding(folder: Path) -> Iterator[None]:
    """Raise IndexDamaged for any exception of the block that is not a SearchkitError.

    Use it only around code that decodes stored data, and for `Engine.check`. Data that cannot be decoded is damaged,
    even if its checksum is right. Elsewhere an unexpected exception may be a bug of searchkit.
    """
    try:
        yield
    except SearchkitError:
        raise
    except Exception as error:
        reason = f"damaged index ({type(error).__name__})"
        raise IndexDamaged(f"{folder}: {reason}; build it again with: searchkit build --full") from error
