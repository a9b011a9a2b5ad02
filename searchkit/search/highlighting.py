"""Highlighting: the spans that match a query in any text, and in a paragraph with its headings and its title."""

from __future__ import annotations

from dataclasses import dataclass

from searchkit.errors import UsageError
from searchkit.model import Paragraph
from searchkit.query.tree import TEXT_FIELDS, Node, Query
from searchkit.search.snippets import HeadingSpan, Highlighter, Spans, merge_spans
from searchkit.text.analyzer import Analyzer


@dataclass(frozen=True, slots=True)
class HighlightedParagraph:
    """The matches of a query in a paragraph, in all headings above it and in its title."""

    spans: Spans
    """Spans in the text: code points, 0-based, end-exclusive. Adjacent and overlapping matches are merged."""
    path_spans: tuple[HeadingSpan, ...]
    """Spans in the headings: index of the heading in `Paragraph.path`, and its span in the heading."""
    title_spans: Spans
    """Spans in the title."""
    has: tuple[str, ...]
    """The parts of the query that occur in the text, a heading or the title: content words, quoted strings, prefixes.
    """
    lacks: tuple[str, ...]
    """The parts of the query that occur in neither text, headings nor title, without the alternatives of an OR."""


class Highlights:
    """A query to highlight. Finds what a search for the query would match: words, strings, numbers, synonyms.

    Ignores the parts after NOT. Words that are understood as filters, such as 浙江 in 浙江立案, are found only (a) if
    the query has no other words, or (b) in a text that contains the whole run (浙江立案). Thread-safe.
    """

    def __init__(self, query: Query, analyzer: Analyzer) -> None:
        """Take a parsed query, and the analyzer that parsed it."""
        self._query = query
        self._highlighter = Highlighter(query.some or query.content or query.all, analyzer)

    def spans(self, text: str, field: str = "text") -> Spans:
        """Return the spans in a text that match: code points, 0-based, end-exclusive, ascending, without overlaps.

        `field`: `text`, `heading` or `title`. A part of the query with a field, such as `title:执法`, matches only in
        this field. Raises UsageError for another field. Takes time linear in the length of the text.
        """
        if field not in TEXT_FIELDS:
            raise UsageError(f"field must be one of {', '.join(TEXT_FIELDS)}, not {field!r}")
        return self._find(text, field, set())

    def paragraph(self, paragraph: Paragraph) -> HighlightedParagraph:
        """Return the matches in a paragraph, in the headings above it and in its title."""
        matching: set[Node] = set()
        spans = self._find(paragraph.text, "text", matching)
        path_spans = tuple(
            (number, *span)
            for number, heading in enumerate(paragraph.path)
            for span in self._find(heading, "heading", matching)
        )
        title_spans = self._find(paragraph.title or "", "title", matching)
        has, lacks = self._query.split_parts(matching, is_complete=False)
        return HighlightedParagraph(spans, path_spans, title_spans, has, lacks)

    def _find(self, text: str, field: str, matching: set[Node]) -> Spans:
        """Return the spans in a text of a field that match, and add the leaves that match to `matching`."""
        matches = self._highlighter.find(text, field)
        matching.update(self._highlighter.leaves[leaf] for _, _, leaf in matches)
        return merge_spans(matches)
