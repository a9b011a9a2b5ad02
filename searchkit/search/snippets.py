"""Finds the matches of a query in a paragraph and its headings, and extracts the snippet with the best matches."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from searchkit.engines.contract import ScoredParagraph
from searchkit.query.tree import PASSAGE, Node, Prefix, Substring, positive_leaves
from searchkit.text.analyzer import Analyzer
from searchkit.text.folding import fold
from searchkit.text.numerals import find_numerals

MAX_SNIPPET_LENGTH = 120
"""Maximum length of a snippet, in code points."""

_MAX_MATCHES = 2000
"""Maximum number of matches that are considered when the snippet is chosen. Later ones in the paragraph are ignored,
which bounds the time."""

Span = tuple[int, int]
"""Start and end in a text, in code points: 0-based, end-exclusive."""
Spans = tuple[Span, ...]
"""Spans in one text, ascending."""
HeadingSpan = tuple[int, int, int]
"""Index of a heading in the path of a paragraph, and start and end in this heading."""

_CLAUSE_END = re.compile(r"[。；;！!？?，,：:、]")
"""Matches a punctuation mark that ends a clause. A snippet preferably begins after one."""


class LeafMatch(NamedTuple):
    """One match of one leaf of the query tree."""

    start: int
    end: int
    leaf: int
    """Ordinal of the leaf in `query.tree.positive_leaves`."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A window of a paragraph's text, with the matches in the paragraph."""

    start: int
    """Offset of the window in the paragraph's text, in code points."""
    text: str
    """The window, verbatim. At most `MAX_SNIPPET_LENGTH` code points."""
    spans: Spans
    """Spans of all matches in the paragraph's text, ascending. Adjacent and overlapping matches are merged."""


def extract_snippet(text: str, query: Node, analyzer: Analyzer) -> Snippet:
    """Return the window of `text` that contains matches of the most leaves, with all matches in `text`.

    The window is at most `MAX_SNIPPET_LENGTH` code points long; a shorter text is returned in full. Neither edge of the
    window is inside a number, unless the number is longer than the window.
    """
    return _build_snippet(text, find_matches(text, query, analyzer))


@dataclass(frozen=True, slots=True)
class PassageMatches:
    """The matches of a query in a paragraph, its headings and its title."""

    window: Snippet
    """The snippet of the text."""
    path_spans: tuple[HeadingSpan, ...]
    """Spans in the headings, ascending."""
    title_spans: Spans
    """Spans in the title."""
    leaves: frozenset[Node]
    """The leaves of the query that match."""


def match_passage(hit: ScoredParagraph, query: Node, analyzer: Analyzer) -> PassageMatches:
    """Return the matches of a query in a paragraph, its headings and its title. Negated leaves are ignored.

    Leaves on the passage match only in the text, and in the headings and the title that belong to the paragraph.
    """
    paragraph, leaves = hit.paragraph, list(positive_leaves(query))
    fields, matches = {leaf.field for leaf in leaves}, find_matches(paragraph.text, query, analyzer)
    matching = {leaves[match.leaf] for match in matches}

    def spans_in(label: str, field: str, *, is_own: bool) -> Spans:
        """Return the spans of the matches in a heading or title, and add the leaves to `matching`."""
        label_fields = fields & ({field, PASSAGE} if is_own else {field})
        label_matches = find_matches(label, query, analyzer, label_fields) if label_fields else []
        matching.update(leaves[match.leaf] for match in label_matches)
        return merge_spans(label_matches)

    first_own = len(paragraph.path) - hit.own_headings
    path_spans = tuple(
        (number, *span)
        for number, heading in enumerate(paragraph.path)
        for span in spans_in(heading, "heading", is_own=number >= first_own)
    )
    title_spans = spans_in(paragraph.title or "", "title", is_own=paragraph.n == 1)
    return PassageMatches(_build_snippet(paragraph.text, matches), path_spans, title_spans, frozenset(matching))


def find_matches(
    text: str, query: Node, analyzer: Analyzer, fields: Collection[str] = (PASSAGE, "text")
) -> list[LeafMatch]:
    """Return all matches of the leaves on some fields, ascending. Negated leaves are ignored.

    Equal words in the tree count as one leaf, the first.
    """
    folded = fold(text)
    matches: set[LeafMatch] = set()
    terms: dict[str, int] = {}
    prefixes: list[tuple[str, int]] = []
    for ordinal, leaf in enumerate(positive_leaves(query)):
        if leaf.field not in fields:
            continue
        if isinstance(leaf, Substring):
            matches.update(LeafMatch(start, end, ordinal) for start, end in leaf.find(folded))
        elif isinstance(leaf, Prefix):
            prefixes.append((leaf.text, ordinal))
        else:
            terms.setdefault(leaf.term, ordinal)
    if terms or prefixes:
        for term, start, end in analyzer.tokenize(text, [*terms, *(prefix for prefix, _ in prefixes)]):
            if term in terms:
                matches.add(LeafMatch(start, end, terms[term]))
            matches.update(LeafMatch(start, end, ordinal) for prefix, ordinal in prefixes if term.startswith(prefix))
    return sorted(matches)


def _build_snippet(text: str, matches: Sequence[LeafMatch]) -> Snippet:
    """Return the snippet of a text. `matches`: all matches in the text, ascending."""
    start, end = _choose_window(text, matches)
    return Snippet(start, text[start:end], merge_spans(matches))


def merge_spans(matches: Sequence[LeafMatch]) -> Spans:
    """Return the spans of ascending matches. Adjacent and overlapping matches are merged."""
    spans: list[Span] = []
    for start, end, _ in matches:
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(spans)


def _choose_window(text: str, matches: Sequence[LeafMatch]) -> Span:
    """Return the span of the snippet: the matches of the best window, with context before and after them."""
    if len(text) <= MAX_SNIPPET_LENGTH:
        return 0, len(text)
    numbers = [(numeral.start, numeral.end) for numeral in find_numerals(text)]
    start, end = _best_matches(matches[:_MAX_MATCHES]) if matches else (0, 0)
    start, end = _widen_to_numbers(start, min(end, start + MAX_SNIPPET_LENGTH), numbers)
    if end - start >= MAX_SNIPPET_LENGTH:
        return _narrow_to_numbers(start, start + MAX_SNIPPET_LENGTH, numbers)
    # Up to a third of the remaining length is context before the matches; the rest is context after them. If the text
    # or a clause begins in the context before the matches, the window begins there. At the end of the text, the window
    # is moved to the left, so that it has its full length.
    earliest = max(0, start - (MAX_SNIPPET_LENGTH - (end - start)) // 3)
    clause_starts = [match.end() for match in _CLAUSE_END.finditer(text, earliest, start)]
    first = 0 if earliest == 0 else min(clause_starts, default=earliest)
    last = min(len(text), first + MAX_SNIPPET_LENGTH)
    if last == len(text):
        first = min(first, last - MAX_SNIPPET_LENGTH)
    while first < start and _CLAUSE_END.match(text, first):  # the window does not begin with punctuation marks
        first += 1
    return _narrow_to_numbers(first, last, numbers)


def _best_matches(matches: Sequence[LeafMatch]) -> Span:
    """Return the span from the first to the last match in the best window: the one with matches of the most leaves.

    Of windows with the same number of leaves, the one with the most matches is the best; of those, the first. Windows
    begin with a match. A match that is longer than a window is a window of its own.
    """
    best, span = (0, 0), (matches[0].start, matches[0].end)
    leaf_count = len({match.leaf for match in matches})
    starts = [match.start for match in matches]
    for left, match in enumerate(matches):
        limit = match.start + MAX_SNIPPET_LENGTH
        right = bisect_left(starts, limit)
        if (leaf_count, right - left) <= best:  # the upper bound of this window's score is too low
            continue
        inside = [other for other in matches[left:right] if other.end <= limit] or [match]
        score = (len({other.leaf for other in inside}), len(inside))
        if score > best:
            best, span = score, (match.start, max(other.end for other in inside))
    return span


def _widen_to_numbers(start: int, end: int, numbers: Sequence[Span]) -> Span:
    """Widen a span so that it contains the numbers that cross its edges."""
    for first, last in numbers:
        if first < start < last:
            start = first
        if first < end < last:
            end = last
    return start, end


def _narrow_to_numbers(start: int, end: int, numbers: Sequence[Span]) -> Span:
    """Narrow a span so that no number crosses its edges. If nothing would be left, the span stays as it is."""
    first, last = start, end
    for left, right in numbers:
        if left < start < right:
            first = right
        if left < end < right:
            last = left
    return (first, last) if first < last else (start, end)


def mark_highlights(snippet: Snippet) -> str:
    """Return the text of a snippet with each match between » and «."""
    return "".join(f"»{piece}«" if is_match else piece for piece, is_match in split_highlights(snippet))


def split_highlights(snippet: Snippet) -> list[tuple[str, bool]]:
    """Split the text of a snippet at the edges of its spans. Return the pieces, each with whether it is a match."""
    snippet_end = snippet.start + len(snippet.text)
    edges = sorted(
        {
            snippet.start,
            snippet_end,
            *(edge for span in snippet.spans for edge in span if snippet.start <= edge <= snippet_end),
        }
    )
    return [
        (
            snippet.text[left - snippet.start : right - snippet.start],
            any(start <= left and right <= end for start, end in snippet.spans),
        )
        for left, right in pairwise(edges)
    ]
