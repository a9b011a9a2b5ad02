"""The ranking formula of all engines: weights of fields, parameters of BM25F, number of rescored hits.

Step one of ranking scores all matches by words (BM25F). For the best `RESCORE_DEPTH` matches, step two adds scores by
bigrams and by characters (BM25).

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
"""BM25 parameter k1. The higher it is, the more each further occurrence of a term adds."""
B = 0.75
"""BM25 parameter b: 0 ignores the length of a paragraph, 1 normalises frequencies fully by it."""
HEADING_WEIGHT = 2
"""Number of occurrences in the text that an occurrence in the headings is worth."""
TITLE_WEIGHT = 1
"""Number of occurrences in the text that an occurrence in the title of the document is worth."""
RESCORE_DEPTH = 200
"""Number of paragraphs, the best by words, whose scores by bigrams and by characters are added in step two."""

BEYOND_FACTOR = 1 / 1.1
"""Factor of the score of a paragraph beyond those that match (`Request.beyond`)."""

_ALPHANUMERIC = re.compile(r"[^\W_]+")  # a run of letters, digits and ideographs, without _: 第3季度


def idf(df: int, paragraphs: int) -> float:
    """Return the idf of a term: ln(1 + (N - df + 0.5) / (df + 0.5)), which is positive.

    `df`: number of paragraphs with the term. `paragraphs`: number of all paragraphs (N).
    """
    return math.log(1 + (paragraphs - df + 0.5) / (df + 0.5))


def saturation(tf: float, length: float, average: float) -> float:
    """Return the BM25 weight of `tf` occurrences in a text: 0 for none, at most k1 + 1.

    `length`: length of the text. `average`: average length of all texts.
    """
    return tf * (K1 + 1) / (tf + K1 * (1 - B + B * length / average)) if tf else 0.0


def weighted_sum(text: float, heading: float, title: float) -> float:
    """Return the weighted sum of the frequencies, or of the lengths, of the three fields."""
    return text + HEADING_WEIGHT * heading + TITLE_WEIGHT * title


def grams(folded: str, size: int) -> Iterator[str]:
    """Yield the overlapping n-grams of a text: `size` adjacent letters, digits or ideographs.

    An n-gram does not extend across punctuation, underscores or white space.
    """
    for run in _ALPHANUMERIC.findall(folded):
        for start in range(len(run) - size + 1):
            yield run[start : start + size]


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of one paragraph, or the sums over all paragraphs."""

    text: int = 0
    """Number of tokens of the text."""
    heading: int = 0
    """Number of tokens of the headings."""
    title: int = 0
    """Number of tokens of the title."""
    characters: int = 0
    """Number of `grams` of size 1 of the text."""
    bigrams: int = 0
    """Number of `grams` of size 2 of the text."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The parts of a score. The score is their sum."""

    words: dict[str, float] = field(default_factory=dict)
    """Score by words, for each term of the query that the paragraph contains."""
    bigrams: float = 0.0
    """Score by bigrams: pairs of adjacent characters."""
    characters: float = 0.0
    """Score by single characters."""

    def scaled(self, factor: float) -> Explanation:
        """Return the parts, each multiplied by a factor."""
        words = {term: score * factor for term, score in self.words.items()}
        return Explanation(words, self.bigrams * factor, self.characters * factor)

    @property
    def score(self) -> float:
        """Sum of the parts."""
        return sum(self.words.values()) + self.bigrams + self.characters


def count_all_grams(folded: str, size: int) -> int:
    """Return the number of `grams` of a text."""
    return sum(max(0, len(run) - size + 1) for run in _ALPHANUMERIC.findall(folded))


def count_grams(folded: str, selected: Iterable[str]) -> Counter[str]:
    """Return the number of occurrences in a text of each selected gram that occurs, overlapping occurrences included.

    All selected grams have the same size.
    """
    # A lookahead matches without consuming characters, so that overlapping occurrences are found.
    alternatives = "|".join(map(re.escape, selected))
    return Counter(re.findall(f"(?=({alternatives}))", folded)) if alternatives else Counter()


def query_grams(texts: Iterable[tuple[str, float]], size: int) -> dict[str, float]:
    """Return the weight of each gram of a query: the sum of the weights of the clauses, once per occurrence.

    `texts`: folded text and weight of each scoring clause.
    """
    total: dict[str, float] = {}
    for text, weight in texts:
        for gram in grams(text, size):
            total[gram] = total.get(gram, 0.0) + weight
    return total
