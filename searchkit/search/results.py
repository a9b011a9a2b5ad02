"""The results of a search: hits with snippets, the number of matches, facet counts, messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from searchkit.engines.contract import NOTHING_FOLDED, Folded
from searchkit.engines.ranking import Explanation
from searchkit.model import Measure, Note, Paragraph, json_names, to_json
from searchkit.query.facets import FacetCounts
from searchkit.search.snippets import HeadingSpan, Snippet, Spans, mark_highlights, split_highlights
from searchkit.tabular import Tabular, TextTable

if TYPE_CHECKING:
    from searchkit.query.understood import UnderstoodFilter
    from searchkit.search.suggestions import Suggestion


class LazyMeasures:
    """Measures that are loaded when they are first read. Pickling loads them. Thread-safe."""

    __slots__ = ("_load", "_loaded")

    def __init__(self, load: Callable[[], tuple[Measure, ...]] | None, loaded: tuple[Measure, ...] = ()) -> None:
        """Take the function that loads the measures. If it is None, `loaded` are the measures."""
        self._load, self._loaded = load, loaded

    def get(self) -> tuple[Measure, ...]:
        """Return the measures. Raises the exceptions of the function that loads them."""
        load = self._load
        if load is not None:  # at worst, several threads load them
            self._loaded = load()
            self._load = None  # releases the files of the index
        return self._loaded

    def __reduce__(self) -> tuple[object, ...]:
        """Return the parts of a copy, which contains the measures instead of the function."""
        return LazyMeasures, (None, self.get())


NO_MEASURES = LazyMeasures(None)


@dataclass(frozen=True, slots=True)
class Hit:
    """A paragraph that matches, with its score and its snippet."""

    paragraph: Paragraph
    """The paragraph."""
    score: float
    """Relevance to the query. Scores of different queries are not comparable."""
    window: Snippet
    """The snippet, with its offset in the text and the spans of the matches."""
    matches: int = 1
    """With `group="document"`: the number of paragraphs of the document that match. Otherwise 1."""
    explanation: Explanation | None = None
    """The parts of the score, if the search had `explain`."""
    path_spans: tuple[HeadingSpan, ...] = ()
    """Matches in the headings: index of the heading in `paragraph.path`, and start and end of the match in it."""
    title_spans: Spans = ()
    """Spans of the matches in the title."""
    lacks: tuple[str, ...] = ()
    """With `match="auto"`: the parts of the query that the paragraph lacks (see `has`)."""
    has: tuple[str, ...] = ()
    """The parts of the query that the paragraph has: content words, quoted strings and prefixes."""
    folded: Folded = NOTHING_FOLDED
    """With `fold`: the near-duplicates of this hit, which are no hits of their own. `folded.count` is their number,
    `folded.ids` has at most 100 of their ids."""
    _measures: LazyMeasures = field(default=NO_MEASURES, compare=False, repr=False)

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures of the paragraph, in the order of their quotes.

        They are loaded when they are first read, from the build that was searched, even if the index has been refreshed
        or closed since. Until they are read, the files of this build stay open. Raises IndexDamaged.
        """
        return self._measures.get()

    @property
    def id(self) -> str:
        """Id of the paragraph."""
        return self.paragraph.id

    @property
    def document(self) -> str:
        """Id of the document."""
        return self.paragraph.document

    @property
    def n(self) -> int:
        """Number of the paragraph in its document, from 1."""
        return self.paragraph.n

    @property
    def text(self) -> str:
        """Text of the paragraph."""
        return self.paragraph.text

    @property
    def title(self) -> str | None:
        """Title of the document."""
        return self.paragraph.title

    @property
    def path(self) -> tuple[str, ...]:
        """Headings above the paragraph, from the outermost in."""
        return self.paragraph.path

    @property
    def region(self) -> tuple[str, ...]:
        """Place of the report, from the province down."""
        return self.paragraph.region

    @property
    def district(self) -> str | None:
        """Last element of the region."""
        return self.paragraph.district

    @property
    def year(self) -> int | None:
        """Year of the report."""
        return self.paragraph.year

    @property
    def of_year(self) -> tuple[int, ...]:
        """Years that the paragraph is about."""
        return self.paragraph.of_year

    @property
    def agency(self) -> str | None:
        """Kind of the body that issued the report."""
        return self.paragraph.agency

    @property
    def section(self) -> str | None:
        """Section of the report, one of `names.SECTIONS`."""
        return self.paragraph.section

    @property
    def topics(self) -> tuple[str, ...]:
        """Topics of the paragraph, the most important first."""
        return self.paragraph.topics

    @property
    def doctype(self) -> str | None:
        """Kind of the report."""
        return self.paragraph.doctype

    @property
    def snippet(self) -> str:
        """At most 120 code points of the text, chosen to show matches of as many parts of the query as possible."""
        return self.window.text

    @property
    def highlighted(self) -> str:
        """The snippet with each match between » and «."""
        return mark_highlights(self.window)

    @property
    def spans(self) -> Spans:
        """Spans of all matches in the paragraph's text: code points, 0-based, end-exclusive."""
        return self.window.spans


@dataclass(frozen=True, slots=True)
class Results(Tabular):
    """Results of a search."""

    query: str
    """The query as given. For `similar`, the id of the paragraph."""
    understood: str
    """The query tree that was searched, as text."""
    total: int
    """Exact number of matching paragraphs. With `match="auto"` and a query without operators and quotes, a paragraph
    counts only if it has all content words, that is all words but question words and particles. If `relaxed` is true,
    one word is enough."""
    hits: tuple[Hit, ...]
    """The requested hits, best first unless the search sorts by a facet."""
    facets: Mapping[str, FacetCounts] = field(default_factory=dict)
    """Counts by facet, named as in the request: `year`, `district:1`."""
    relaxed: bool = False
    """Whether `match` was `auto` and one word of the query was enough for a hit, because no paragraph matches all
    content words or, if the query has operators, the query as written."""
    notes: tuple[Note, ...] = ()
    """Messages about parts of the query that were changed or ignored, about how values of filters were read, and about
    values of filters without a hit."""
    documents: int | None = None
    """With `group="document"` or `count_documents`: the number of documents that have a match. Otherwise None."""
    took_ms: float = 0.0
    """Time that the search took, in milliseconds."""
    total_any: int | None = None
    """Exact number of paragraphs with at least one content word, if the list of hits may also have paragraphs that lack
    some content words. Otherwise None."""
    understood_filters: tuple[UnderstoodFilter, ...] = ()
    """The places, years, bodies, sections and kinds of reports that were understood from words of the query."""
    suggestions: tuple[Suggestion, ...] = ()
    """If little was found: the search with corrected words, provided that it finds more than this search (or, if this
    search is relaxed, finds anything). If nothing was found: also other similar searches that find something."""
    offset: int = 0
    """Number of hits before the first returned one."""
    is_grouped: bool = False
    """Whether the hits are grouped by document."""
    next: str | None = None
    """Cursor: with this value as the option `after`, the same search returns the hits that follow. None if no hits
    follow, or if no hit was requested."""

    def __iter__(self) -> Iterator[Hit]:
        """Yield the hits."""
        return iter(self.hits)

    def _text_table(self) -> TextTable:
        """Return the hits as a table."""
        rows = [
            (str(number), split_highlights(hit.window), hit.district or "", str(hit.year or ""), hit.id)
            for number, hit in enumerate(self.hits, self.offset + 1)
        ]
        some = f", {self.total_any} with some" if self.total_any is not None else ""
        caption = f"{self.query}: {self.total} paragraphs{' with all words' if some else ''}{some}"
        return TextTable(caption, ("", "paragraph", "district", "year", "id"), rows, self.notes)

    def _records(self) -> Iterator[dict[str, object]]:
        """Yield the hits as records: id, score, snippet, and the fields of the paragraph."""
        for hit in self.hits:
            yield {"id": hit.id, "score": hit.score, "snippet": hit.snippet, **to_json(hit.paragraph)}

    def _columns(self) -> list[str]:
        """Return the names of the fields of `_records`."""
        return list(dict.fromkeys(("id", "score", "snippet", *json_names(Paragraph))))
