"""Finds the matches of a query in a paragraph and its headings, and extracts the snippet with the best matches."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

from searchkit.engines.contract import ScoredParagraph
from searchkit.query.tree import PASSAGE, Node, Prefix, Substring, Word, positive_leaves
from searchkit.text.analyzer import Analyzer
from searchkit.text.folding import fold
from searchkit.text.numerals import find_folded_numerals, is_in_numeral, number_across

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
"""Matches a punctuation mark that ends a clause. A snippet preferably begins after such marks, not with one."""


Match = tuple[int, int, int]
"""One match of a leaf of the query tree: start and end in a text, and the ordinal of the leaf in
`Highlighter.leaves`."""


class Snippet(NamedTuple):
    """A window of a paragraph's text, with the matches in the paragraph."""

    start: int
    """Offset of the window in the paragraph's text, in code points."""
    text: str
    """The window, verbatim. At most `MAX_SNIPPET_LENGTH` code points."""
    spans: Spans
    """Spans of all matches in the paragraph's text, ascending. Adjacent and overlapping matches are merged."""


class PassageMatches(NamedTuple):
    """The matches of a query in a paragraph, its headings and its title."""

    window: Snippet
    """The snippet of the text."""
    path_spans: tuple[HeadingSpan, ...]
    """Spans in the headings, ascending."""
    title_spans: Spans
    """Spans in the title."""
    leaves: frozenset[int]
    """Ordinals in `Highlighter.leaves` of the leaves that match."""


class Highlighter:
    """Finds the matches of one query in texts. Negated leaves are ignored."""

    def __init__(self, query: Node, analyzer: Analyzer) -> None:
        """Prepare a query. `analyzer`: that of the index."""
        self.leaves = tuple(positive_leaves(query))
        """The leaves of the query that are not negated, from left to right."""
        fields = {leaf.field for leaf in self.leaves}
        self._has_heading_leaves, self._has_title_leaves = "heading" in fields, "title" in fields
        self._analyzer = analyzer
        self._finders: dict[frozenset[str], _LeafFinder] = {}

    def find(self, text: str, field: str = "text") -> list[Match]:
        """Return all matches in a text, ascending, of the leaves whose field is the passage or `field`.

        Leaves for which the query names no field have the passage as their field (`tree.PASSAGE`). Equal words count as
        one leaf.
        """
        return self._finder(frozenset({PASSAGE, field})).find(fold(text))

    def snippet(self, text: str) -> Snippet:
        """Return the window of a text that contains matches of the most leaves, with all matches in the text.

        The window is at most `MAX_SNIPPET_LENGTH` code points long; a shorter text is returned in full. Neither edge of
        the window is inside a number, unless the number is longer than the window.
        """
        folded = fold(text)
        return _build_snippet(text, folded, self._finder(_TEXT).find(folded, all_leaves=False))

    def match_passage(self, hit: ScoredParagraph, folded: str, *, all_leaves: bool) -> PassageMatches:
        """Return the matches in the paragraph of a hit, its headings and its title.

        `folded`: the text of the paragraph, folded. Leaves whose field is the passage match only in (1) the text, (2)
        the own headings of the paragraph, that is, those that begin at it (`ScoredParagraph.own_headings`), and (3) the
        title, if the paragraph is the first of its document. A call without `all_leaves` takes less time, but
        `PassageMatches.leaves` may then lack words that match only inside of matching strings.
        """
        paragraph, matches = hit.paragraph, self._finder(_TEXT).find(folded, all_leaves=all_leaves)
        matching = {leaf for _, _, leaf in matches}
        path, first_own = paragraph.path, len(paragraph.path) - hit.own_headings
        path_spans = [
            (number, *span)
            for number in range(0 if self._has_heading_leaves else first_own, len(path))
            for span in self._match_heading(path[number], _OWN_HEADING if number >= first_own else _HEADING, matching)
        ]
        title_spans: Spans = ()
        if paragraph.n == 1 or self._has_title_leaves:
            title_spans = self._match_heading(
                paragraph.title or "", _OWN_TITLE if paragraph.n == 1 else _TITLE, matching
            )
        return PassageMatches(
            _build_snippet(paragraph.text, folded, matches), tuple(path_spans), title_spans, frozenset(matching)
        )

    def _match_heading(self, heading: str, fields: frozenset[str], matching: set[int]) -> Spans:
        """Return the spans of the matches in a heading or title, and add the leaves that match to `matching`."""
        finder = self._finder(fields)
        if not finder.has_leaves:
            return ()
        matches = finder.find(fold(heading))
        matching.update(leaf for _, _, leaf in matches)
        return merge_spans(matches)

    def _finder(self, fields: frozenset[str]) -> _LeafFinder:
        """Return the finder of the leaves whose field is one of `fields`."""
        finder = self._finders.get(fields)
        if finder is None:
            leaves = [(leaf, ordinal) for ordinal, leaf in enumerate(self.leaves) if leaf.field in fields]
            finder = self._finders[fields] = _LeafFinder(leaves, self._analyzer)
        return finder


_TEXT = frozenset({PASSAGE, "text"})
_HEADING, _OWN_HEADING = frozenset({"heading"}), frozenset({"heading", PASSAGE})
_TITLE, _OWN_TITLE = frozenset({"title"}), frozenset({"title", PASSAGE})
"""Fields of the leaves that match in a text, a heading or a title. An own heading or title is one in the passage of the
paragraph."""


class _LeafFinder:
    """Finds the matches of some leaves in folded texts."""

    def __init__(self, leaves: Sequence[tuple[Word | Substring | Prefix, int]], analyzer: Analyzer) -> None:
        """Take leaves, each with its ordinal."""
        self._strings = [(leaf, ordinal) for leaf, ordinal in leaves if isinstance(leaf, Substring)]
        self._prefixes = [(leaf, ordinal) for leaf, ordinal in leaves if isinstance(leaf, Prefix)]
        self._terms: dict[str, int] = {}
        for leaf, ordinal in leaves:
            if isinstance(leaf, Word):
                self._terms.setdefault(leaf.term, ordinal)
        self._prefix_texts = tuple([prefix.text for prefix, _ in self._prefixes])
        self._analyzer = analyzer
        self.has_leaves = bool(leaves)
        """Whether there are any leaves."""

    def find(self, folded: str, *, all_leaves: bool = True) -> list[Match]:
        """Return all matches in a folded text, ascending.

        Without `all_leaves`, matches of words and prefixes inside of matches of strings may be left out, if neither the
        merged spans nor the window depend on them.
        """
        matches: set[Match] = set()
        for leaf, ordinal in self._strings:
            if leaf.text in folded:
                matches.update([(start, end, ordinal) for start, end in leaf.find(folded)])
        terms, prefixes = self._terms, self._prefixes
        if terms or prefixes:
            known = () if all_leaves or not self._fit_window(folded, matches) else merge_spans(sorted(matches))
            for term, start, end in self._analyzer.find_tokens(folded, terms, self._prefix_texts, known):
                if term in terms:
                    matches.add((start, end, terms[term]))
                for prefix, ordinal in prefixes:
                    if prefix.admits(term):
                        matches.add((start, end, ordinal))
        return sorted(matches)

    def _fit_window(self, folded: str, matches: Collection[Match]) -> bool:
        """Return whether one window has all matches, or whether no string matches.

        A window with all matches is the best one, so words inside of strings cannot change the choice. `matches`:
        those of strings. Words and prefixes are searched as strings, without segmenting the text.
        """
        if len(folded) <= MAX_SNIPPET_LENGTH or not matches:
            return True
        first, last = min(matches)[0], max([end for _, end, _ in matches])
        for part in (*self._terms, *self._prefix_texts):
            at = folded.find(part)
            if at >= 0:
                first, last = min(first, at), max(last, folded.rfind(part) + len(part))
        return last - first <= MAX_SNIPPET_LENGTH


def _build_snippet(text: str, folded: str, matches: Sequence[Match]) -> Snippet:
    """Return the snippet of a text. `matches`: all matches in the text, ascending."""
    start, end = _choose_window(text, folded, matches)
    return Snippet(start, text[start:end], merge_spans(matches))


def merge_spans(matches: Sequence[Match]) -> Spans:
    """Return the spans of ascending matches. Adjacent and overlapping matches are merged."""
    spans: list[Span] = []
    for start, end, _ in matches:
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(spans)


def _choose_window(text: str, folded: str, matches: Sequence[Match]) -> Span:
    """Return the span of the snippet: the matches of the best window, with context before and after them.

    A short text is its own snippet. Without matches, the snippet is the beginning of the text.
    """
    if len(folded) <= MAX_SNIPPET_LENGTH:
        return 0, len(folded)
    start, end = _best_matches(folded, matches[:_MAX_MATCHES]) if matches else (0, 0)
    start, end = _widen_to_numbers(folded, start, min(end, start + MAX_SNIPPET_LENGTH))
    if end - start >= MAX_SNIPPET_LENGTH:
        return _narrow_to_numbers(folded, start, start + MAX_SNIPPET_LENGTH)
    # Up to a third of the remaining length is context before the matches; the rest is context after them. If the text
    # or a clause begins in the context before the matches, the window begins there (at the first such clause). At the
    # end of the text, the window is moved to the left, so that it has its full length.
    earliest = max(0, start - (MAX_SNIPPET_LENGTH - (end - start)) // 3)
    clause_end = _CLAUSE_END.search(text, earliest, start) if earliest else None
    first = clause_end.end() if clause_end else earliest
    last = min(len(folded), first + MAX_SNIPPET_LENGTH)
    if last == len(folded):
        first = min(first, last - MAX_SNIPPET_LENGTH)
    while first < start and _CLAUSE_END.match(text, first):  # the window does not begin with punctuation marks
        first += 1
    return _narrow_to_numbers(folded, first, last)


def _best_matches(folded: str, matches: Sequence[Match]) -> Span:
    """Return the span from the first to the last match in the best window: the one with matches of the most leaves.

    Of windows with the same number of leaves, the one with the most matches is the best; of those, the first. Windows
    begin with a match. A match that is longer than a window is a window of its own.
    """
    first, last = matches[0][0], max([end for _, end, _ in matches])
    if last - first <= MAX_SNIPPET_LENGTH:
        return first, last
    matches = _cover_numbers(folded, matches)
    best, span = (0, 0), matches[0][:2]
    leaf_count = len({leaf for _, _, leaf in matches})
    starts = [start for start, _, _ in matches]
    for left, match in enumerate(matches):
        if (leaf_count, len(matches) - left) <= best:  # no further window is better
            break
        limit = match[0] + MAX_SNIPPET_LENGTH
        right = bisect_left(starts, limit)
        if (leaf_count, right - left) <= best:  # the upper bound of this window's score is too low
            continue
        inside = [other for other in matches[left:right] if other[1] <= limit] or [match]
        score = (len({leaf for _, _, leaf in inside}), len(inside))
        if score > best:
            best, span = score, (match[0], max([end for _, end, _ in inside]))
    return span


def _cover_numbers(folded: str, matches: Sequence[Match]) -> Sequence[Match]:
    """Widen matches so that they contain the numbers that cross their edges, unless they would not fit in a window.

    A window with such a match does not cut the number, so the match is not lost when the window is narrowed.
    """
    edges = {edge for start, end, _ in matches for edge in (start, end)}
    if not any(is_in_numeral(folded[edge - 1 : edge]) and is_in_numeral(folded[edge : edge + 1]) for edge in edges):
        return matches
    numbers = [(number.start, number.end) for number in find_folded_numerals(folded)]
    starts, ends = [start for start, _ in numbers], [end for _, end in numbers]
    covering: list[Match] = []
    for start, end, leaf in matches:
        first, last = bisect_right(ends, start), bisect_left(starts, end) - 1  # of the numbers that the match overlaps
        span = (min(start, starts[first]), max(end, ends[last])) if first <= last else (start, end)
        covering.append((*span, leaf) if span[1] - span[0] <= MAX_SNIPPET_LENGTH else (start, end, leaf))
    return sorted(covering)


def _widen_to_numbers(folded: str, start: int, end: int) -> Span:
    """Widen a span so that it contains the numbers that cross its edges."""
    first, last = number_across(folded, start), number_across(folded, end)
    return first[0] if first else start, last[1] if last else end


def _narrow_to_numbers(folded: str, start: int, end: int) -> Span:
    """Narrow a span so that no number crosses its edges. If nothing would be left, the span stays as it is."""
    left, right = number_across(folded, start), number_across(folded, end)
    first, last = left[1] if left else start, right[0] if right else end
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
