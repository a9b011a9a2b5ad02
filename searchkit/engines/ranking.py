"""Ranking in two steps: BM25F over words for all matches, then the best by words, bigrams and characters.

Formulas: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), sections 3.4.3
(BM25, k1 and b) and 3.5 (the simple BM25F: frequencies and lengths of the fields are summed with weights).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

K1 = 1.2
B = 0.75
HEADING_WEIGHT = 2
"""A word in the headings counts as this many in the text."""
TITLE_WEIGHT = 1
"""A word in the document's title counts as this many in the text."""
RESCORED = 200
"""How many of the best by words are scored again by words, bigrams and characters."""

_ALPHANUMERIC = re.compile(r"[^\W_]+")


def idf(df: int, paragraphs: int) -> float:
    """Weight of a term that `df` of so many paragraphs have: ln(1 + (N - df + 0.5) / (df + 0.5)), never negative."""
    return math.log(1 + (paragraphs - df + 0.5) / (df + 0.5))


def saturation(tf: float, length: float, average: float) -> float:
    """How much `tf` occurrences in a text of that length count: 0 for none, at most k1 + 1."""
    return tf * (K1 + 1) / (tf + K1 * (1 - B + B * length / average)) if tf else 0.0


def weighted(text: float, heading: float, title: float) -> float:
    """Frequencies (or lengths) of the three fields as one."""
    return text + HEADING_WEIGHT * heading + TITLE_WEIGHT * title


def grams(folded: str, size: int) -> Iterator[str]:
    """Runs of `size` letters, digits or ideographs, overlapping; never across punctuation or white space."""
    for run in _ALPHANUMERIC.findall(folded):
        for start in range(len(run) - size + 1):
            yield run[start : start + size]


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of one paragraph, or their sums over all."""

    text: int = 0
    """Tokens of the text."""
    heading: int = 0
    title: int = 0
    characters: int = 0
    """`grams` of size 1 of the text."""
    bigrams: int = 0


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a score comes from; the score is the sum of all parts."""

    words: dict[str, float] = field(default_factory=dict)
    """By token."""
    bigrams: float = 0.0
    characters: float = 0.0

    @property
    def score(self) -> float:
        """Sum of the parts."""
        return sum(self.words.values()) + self.bigrams + self.characters


def count_all_grams(folded: str, size: int) -> int:
    """How many `grams` of that size a text has."""
    return sum(max(0, len(run) - size + 1) for run in _ALPHANUMERIC.findall(folded))


def count_grams(folded: str, wanted: Iterable[str]) -> Counter[str]:
    """How often each of the wanted grams (all of one size) stands in a text, overlapping ones too."""
    alternatives = "|".join(map(re.escape, wanted))
    return Counter(re.findall(f"(?=({alternatives}))", folded)) if alternatives else Counter()


def wanted_grams(texts: Iterable[tuple[str, float]], size: int) -> dict[str, float]:
    """The grams of what a query wants (folded text and weight of each part), with how much each is wanted."""
    total: dict[str, float] = {}
    for text, weight in texts:
        for gram in grams(text, size):
            total[gram] = total.get(gram, 0.0) + weight
    return total
