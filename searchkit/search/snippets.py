"""Where a query's parts stand in a paragraph, and the window of text that shows most of them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from searchkit.query.tree import Node, Prefix, Substring, leaves
from searchkit.text.analyzer import Analyzer
from searchkit.text.folding import fold
from searchkit.text.numerals import find_numerals

MAX_LENGTH = 120
"""Code points of a snippet at the most."""

_MAX_MARKS = 2000  # of a paragraph that are weighed against each other

Span = tuple[int, int]
"""Code points of the paragraph's text, 0-based, end-exclusive."""

_CLAUSE_END = re.compile(r"[。；;！!？?，,：:、]")


class Mark(NamedTuple):
    """One occurrence of one part of the query."""

    start: int
    end: int
    part: int


@dataclass(frozen=True, slots=True)
class Snippet:
    """A window of a paragraph's text."""

    start: int
    """Code point of the paragraph's text that the window begins at."""
    text: str
    """The window, verbatim, at most `MAX_LENGTH` code points."""
    spans: tuple[Span, ...]
    """All matches in the whole paragraph, adjacent ones joined, from left to right."""


def snippet(text: str, query: Node, analyzer: Analyzer) -> Snippet:
    """The window of `text` that holds the most different parts of the query, never cut inside a number."""
    marks = find_marks(text, query, analyzer)
    start, end = _window(text, marks)
    return Snippet(start, text[start:end], _joined(marks))


def find_marks(text: str, query: Node, analyzer: Analyzer) -> list[Mark]:
    """Every place where a text leaf of the query tree matches, by start."""
    folded = fold(text)
    marks: set[Mark] = set()
    terms: dict[str, int] = {}
    prefixes: list[tuple[str, int]] = []
    for part, leaf in enumerate(leaves(query)):
        if leaf.field != "text":
            continue
        if isinstance(leaf, Substring):
            marks.update(Mark(start, end, part) for start, end in leaf.find(folded))
        elif isinstance(leaf, Prefix):
            prefixes.append((leaf.text, part))
        else:
            terms.setdefault(leaf.term, part)
    if terms or prefixes:
        for term, start, end in analyzer.tokens(text, [*terms, *(prefix for prefix, _ in prefixes)]):
            if term in terms:
                marks.add(Mark(start, end, terms[term]))
            marks.update(Mark(start, end, part) for prefix, part in prefixes if term.startswith(prefix))
    return sorted(marks)


def _joined(marks: Sequence[Mark]) -> tuple[Span, ...]:
    spans: list[Span] = []
    for start, end, _ in marks:
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return tuple(spans)


def _window(text: str, marks: Sequence[Mark]) -> Span:
    if len(text) <= MAX_LENGTH:
        return 0, len(text)
    numbers = [(numeral.start, numeral.end) for numeral in find_numerals(text)]
    start, end = _core(marks[:_MAX_MARKS]) if marks else (0, 0)
    start, end = _around_numbers(start, min(end, start + MAX_LENGTH), numbers)
    if end - start >= MAX_LENGTH:
        return _without_cut_number(start, start + MAX_LENGTH, numbers)
    # Context: a third before, or from where the clause begins; what is left, behind.
    earliest = max(0, start - (MAX_LENGTH - (end - start)) // 3)
    clause = [match.end() for match in _CLAUSE_END.finditer(text, earliest, start)]
    first = 0 if earliest == 0 else min(clause, default=earliest)
    last = min(len(text), first + MAX_LENGTH)
    if last == len(text):
        first = min(first, last - MAX_LENGTH)
    while first < start and _CLAUSE_END.match(text, first):
        first += 1
    return _without_cut_number(first, last, numbers)


def _core(marks: Sequence[Mark]) -> Span:
    """First mark to last mark of the window that holds the most different parts; the earliest of the best."""
    best, core, parts = (0, 0), (marks[0].start, marks[0].end), len({mark.part for mark in marks})
    starts = [mark.start for mark in marks]
    for left, mark in enumerate(marks):
        limit = mark.start + MAX_LENGTH
        right = bisect_left(starts, limit)
        if (parts, right - left) <= best:  # there cannot be more than these
            continue
        inside = [other for other in marks[left:right] if other.end <= limit] or [mark]
        score = (len({other.part for other in inside}), len(inside))
        if score > best:
            best, core = score, (mark.start, max(other.end for other in inside))
    return core


def _around_numbers(start: int, end: int, numbers: Sequence[Span]) -> Span:
    """Widen a span so that it holds the numbers it cuts."""
    for first, last in numbers:
        if first < start < last:
            start = first
        if first < end < last:
            end = last
    return start, end


def _without_cut_number(start: int, end: int, numbers: Sequence[Span]) -> Span:
    """Narrow a span so that it cuts no number; a number longer than the span is left cut."""
    first, last = start, end
    for left, right in numbers:
        if left < start < right:
            first = right
        if left < end < right:
            last = left
    return (first, last) if first < last else (start, end)


def highlighted(hit: Snippet) -> list[tuple[str, bool]]:
    """The window in pieces, each with whether it is a match."""
    edges = sorted(
        {
            hit.start,
            hit.start + len(hit.text),
            *(edge for span in hit.spans for edge in span if hit.start <= edge <= hit.start + len(hit.text)),
        }
    )
    return [
        (hit.text[a - hit.start : b - hit.start], any(s <= a and b <= e for s, e in hit.spans))
        for a, b in pairwise(edges)
    ]
