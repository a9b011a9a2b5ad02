"""What a search found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from searchkit.engines.ranking import Explanation
from searchkit.model import Measure, Paragraph
from searchkit.query.facets import FacetCounts
from searchkit.search.snippets import Snippet


@dataclass(frozen=True, slots=True)
class Hit:
    """A paragraph that matches, with why and where."""

    paragraph: Paragraph
    score: float
    window: Snippet
    matches: int = 1
    """With `group="document"`: how many paragraphs of the document match."""
    explanation: Explanation | None = None
    measures: tuple[Measure, ...] = ()
    """The measures of the paragraph, by their place in it."""

    @property
    def id(self) -> str:
        """Id of the paragraph."""
        return self.paragraph.id

    @property
    def snippet(self) -> str:
        """At most 120 code points of the text, with the most different parts of the query."""
        return self.window.text

    @property
    def spans(self) -> tuple[tuple[int, int], ...]:
        """All matches in the paragraph's text: code points, 0-based, end-exclusive."""
        return self.window.spans


@dataclass(frozen=True, slots=True)
class Results:
    """What a search found."""

    query: str
    understood: str
    """The query tree that was answered."""
    total: int
    """Matching paragraphs, exact."""
    hits: tuple[Hit, ...]
    facets: Mapping[str, FacetCounts] = field(default_factory=dict)
    """By facet as asked for: `year`, `district:1`."""
    relaxed: bool = False
    """Nothing held all parts of the query, so these hold any of its words."""
    notes: tuple[str, ...] = ()
    """What was read in another way than it was written."""
    documents: int | None = None
    """With `group="document"`: how many documents the matches are in."""
    took_ms: float = 0.0
