"""The ranking formula of all engines: weights of fields, parameters of BM25F, number of rescored hits.

Step one of ranking scores all matches by words (BM25F). For the best `RESCORE_DEPTH` matches, step two adds scores by
bigrams and by characters (BM25), and a bonus to those with all content words of the query: all words except question
words and particles (多少, 的).

Formulas: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), sections 3.4 (BM25,
k1 and b) and 3.6 (the simple BM25F: frequencies and lengths of the fields are summed with weights).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from searchkit.query.tree import ScoringClause

K1 = 1.2
"""BM25 parameter k1. The higher it is, the more each further occurrence of a term adds."""
B = 0.75
"""BM25 parameter b: 0 ignores the length of a paragraph, 1 normalises frequencies fully by it."""
HEADING_WEIGHT = 2
"""Number of occurrences in the text that an occurrence in the headings is worth."""
TITLE_WEIGHT = 1
"""Number of occurrences in the text that an occurrence in the title of the document is worth."""
RESCORE_DEPTH = 200
"""Number of paragraphs, the best by words, that are scored again in step two."""

COMPLETE_BONUS = 0.1
"""Step two adds this share of its score to a paragraph with all content words (`Request.complete`)."""

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
    """Return the overlapping n-grams of a text: `size` adjacent letters, digits or ideographs.

    An n-gram does not extend across punctuation, underscores or white space.
    """
    return (gram for _, gram in _gram_offsets(folded, size))


def _gram_offsets(folded: str, size: int) -> Iterator[tuple[int, str]]:
    """Yield the offset in the text and the text of each gram."""
    for run in _ALPHANUMERIC.finditer(folded):
        for start in range(run.start(), run.end() - size + 1):
            yield start, folded[start : start + size]


class Lengths(NamedTuple):
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
    """Number of `grams` of size 2 of the text. Bigrams of the title count as occurrences, but not for the length."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The parts of a score. The score is their sum."""

    words: dict[str, float] = field(default_factory=dict)
    """Score by words, for each term of the query that the paragraph contains."""
    bigrams: float = 0.0
    """Score by bigrams: pairs of adjacent characters of the text and of the title."""
    characters: float = 0.0
    """Score by single characters of the text."""
    complete: float = 0.0
    """`COMPLETE_BONUS` times the other parts, if the paragraph has all of several content words; otherwise 0."""

    def completed(self) -> Explanation:
        """Return the explanation with the bonus for all content words."""
        return replace(self, complete=COMPLETE_BONUS * self.score)

    @property
    def score(self) -> float:
        """Sum of the parts."""
        return sum(self.words.values()) + self.bigrams + self.characters + self.complete


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


def query_terms(clauses: Iterable[ScoringClause]) -> dict[str, float]:
    """Return the weight of each term of a query: the sum of its weights in the clauses."""
    total: dict[str, float] = {}
    for clause in clauses:
        for term, weight in clause.term_weights():
            total[term] = total.get(term, 0.0) + weight
    return total


def query_grams(clauses: Iterable[ScoringClause], size: int) -> dict[str, float]:
    """Return the weight of each gram of a query.

    Each occurrence of a gram in a clause adds the weight of the clause, times the lowest factor of its characters
    (`ScoringClause.character_factors`).
    """
    total: dict[str, float] = {}
    for clause in clauses:
        factors = clause.character_factors
        for start, gram in _gram_offsets(clause.text, size):
            factor = min(factors[start : start + size]) if factors else 1.0
            total[gram] = total.get(gram, 0.0) + clause.weight * factor
    return total
