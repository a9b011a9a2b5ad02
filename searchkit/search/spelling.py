"""Corrects a query: finds similar words of the index in place of words that the index hardly has."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import log
from operator import attrgetter
from typing import NamedTuple

from searchkit.query.parsing import split_parts
from searchkit.query.suggester import HOMOPHONE, SUBSTITUTION, SWAP, Suggester
from searchkit.text.analyzer import Analyzer
from searchkit.text.folding import fold

_MIN_PARAGRAPHS = 5
"""Minimum number of paragraphs that contain a correction."""
_MIN_RATIOS = {HOMOPHONE: 100, SWAP: 5, SUBSTITUTION: 100}
"""Minimum number of paragraphs with a correction for each paragraph with the text as typed, by the difference between
the two: the same pinyin (`HOMOPHONE`), two characters swapped (`SWAP`), or one other character (`SUBSTITUTION`).
Measured by `bench.spelling`."""
_LIKELIHOODS = {HOMOPHONE: 2.0, SWAP: 1.5, SUBSTITUTION: 0.0}
"""Logarithm of how much more likely a difference is than a substitution."""
_CHARACTER_EVIDENCE = 3.0
"""What each character of a correction adds to its score, which is a logarithm: a longer word is better evidence."""
_MAX_RUNS, _MAX_RUN_LENGTH = 8, 32
"""Maximum number of runs that are corrected, and of characters of such a run. Longer runs are not corrected."""
_MAX_WORD_LENGTH, _MAX_PARTS = 6, 4
"""Maximum number of characters that one correction replaces, and of segmented words that these characters form."""


class Correction(NamedTuple):
    """A query with similar words in place of those that the index hardly has."""

    text: str
    """The words that are replaced, separated by spaces."""
    query: str
    """The corrected query."""


class _Candidate(NamedTuple):
    """A word in place of a part of a query, from `start` to `end` in the query. Candidates are compared by score."""

    score: float
    text: str
    start: int
    end: int


def correct(query: str, analyzer: Analyzer, suggester: Suggester, count: Callable[[str], int]) -> Correction | None:
    """Return a query with words of its bare runs corrected, or None if there is nothing to correct.

    A bare run is a part of the query without quotes, brackets, fields and operators (`split_parts`). A word of the
    dictionary is not corrected, however rare it is in the index, unless it is part of a longer correction: 双随即 to
    双随机. `count` returns the number of paragraphs that contain a folded string. Takes about 1 ms for a short run, and
    10 ms for a long one.
    """
    best: list[_Candidate] = []
    runs = [(start, end) for start, end, is_bare in split_parts(query) if is_bare and end - start <= _MAX_RUN_LENGTH]
    for start, end in runs[:_MAX_RUNS]:
        candidates = _find_candidates(query[start:end], start, analyzer, suggester, count)
        for candidate in sorted(candidates, reverse=True):
            if all(candidate.end <= other.start or candidate.start >= other.end for other in best):
                best.append(candidate)
    best.sort(key=attrgetter("start"))
    typed, corrected = " ".join(query[candidate.start : candidate.end] for candidate in best), query
    for candidate in reversed(best):
        corrected = corrected[: candidate.start] + candidate.text + corrected[candidate.end :]
    return Correction(typed, corrected) if best else None


def _find_candidates(
    run: str, offset: int, analyzer: Analyzer, suggester: Suggester, count: Callable[[str], int]
) -> Iterator[_Candidate]:
    """Yield the words that may be meant by parts of a run. `offset`: where the run begins in the query."""
    folded = fold(run)
    for start, end in _find_doubtful(folded, analyzer, suggester):
        typed = folded[start:end]
        similar = [item for item in suggester.similar(typed) if item.paragraphs >= _MIN_PARAGRAPHS]
        typed_paragraphs = count(typed) if similar else 0
        for text, paragraphs, difference in similar:
            if paragraphs >= _MIN_RATIOS[difference] * typed_paragraphs:
                evidence = log(paragraphs) - log(typed_paragraphs + 1) / 2 + _CHARACTER_EVIDENCE * len(text)
                yield _Candidate(evidence + _LIKELIHOODS[difference], text, offset + start, offset + end)


def _find_doubtful(folded: str, analyzer: Analyzer, suggester: Suggester) -> Iterator[tuple[int, int]]:
    """Yield the spans of one to `_MAX_PARTS` consecutive words, at least one of them doubtful, that may be corrected.

    The text of a span has two to `_MAX_WORD_LENGTH` characters, all of them letters, and is no word of the dictionary.
    A word is doubtful if it is a single character, or not among the words and facet values of the suggester.
    """
    words = [*pairwise(sorted(analyzer.word_edges(folded)))]
    is_doubtful = [end - start == 1 or not suggester.count(folded[start:end]) for start, end in words]
    for first, (start, _) in enumerate(words):
        for last in range(first, min(first + _MAX_PARTS, len(words))):
            end = words[last][1]
            if end - start > _MAX_WORD_LENGTH:
                break
            text = folded[start:end]
            if len(text) > 1 and text.isalpha() and any(is_doubtful[first : last + 1]) and not analyzer.is_word(text):
                yield start, end
