"""Looks up measures and ranks them by how well they answer a query.

An engine selects the measures and returns them as columns. This module ranks them, so the order does not depend on the
engine. Like paragraphs, measures are ranked in two steps. Step one scores all measures by indicator and paragraph. Step
two rescores the best 200 (`RESCORE_DEPTH`) with their quotes, sentences, headings and paragraphs.

A gram is a character or a bigram of the query. A score is the weighted sum of four terms, each from 0 to 1:

- coverage: the share of the query's grams that occur near the number. A gram counts more if few indicators contain it,
  and less the farther from the number it occurs. Step one looks for grams only in the indicator.
- precision: the share of the indicator's characters and bigrams that are grams of the query. For 立案, the indicator
  立案 ranks above 立案率.
- head: the share of the grams of the query's last word that occur in the indicator or (in step two) in the quote. In
  Chinese the last word of a noun phrase is its head, the thing counted.
- paragraph: the BM25F score of the paragraph, divided by the highest one. 1 if the query only names a measure that has
  other names, too: the paragraph may use any of them.

If the query names a measure (`querynames`), an indicator with another name of it counts as the words of the query.

Step two subtracts a penalty if a measure is a change, is a percentage, is of another period, or is a part of another
measure. If the query is for changes, changes have no penalty. If it is for percentages, percentages have none. If it
names a change (投资增速), all other measures have the penalty, because the indicator of a change is that of its level.
A score is at most 1. The score of a poor match can be below 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from searchkit.engines.contract import Engine, MeasureColumns, MeasureRequest
from searchkit.engines.grams import find_grams
from searchkit.engines.ranking import RESCORE_DEPTH, grams, idf, query_grams
from searchkit.model import Measure
from searchkit.query.tree import PASSAGE, And, Node, Or, Prefix, Query, ScoringClause, Substring, Word
from searchkit.search.snippets import Snippet, extract_snippet
from searchkit.text.analyzer import Analyzer
from searchkit.text.folding import CODE_POINT_COUNT, fold, fold_all, to_code_points

if TYPE_CHECKING:
    from searchkit.query.understood import UnderstoodFilter
    from searchkit.search.suggestions import Suggestion

COVERAGE_WEIGHT, PRECISION_WEIGHT, HEAD_WEIGHT, PARAGRAPH_WEIGHT = 0.55, 0.22, 0.17, 0.06
"""Weights of the four terms of a score. Their sum is 1."""
IN_INDICATOR, IN_QUOTE, IN_SENTENCE, IN_HEADINGS, IN_PARAGRAPH = 1.0, 0.9, 0.7, 0.6, 0.3
"""Factors of a gram in the coverage, by the text that contains it. If several texts do, the highest factor counts. The
text of a sentence after the quote is ignored. The headings include the title."""
CHANGE_PENALTY, PERCENT_PENALTY, PERIOD_PENALTY, PART_PENALTY = 0.08, 0.05, 0.03, 0.01
"""Penalties of a measure that is a change (or is none, if the query names a change), a percentage, of another period,
or a part of another measure. The penalties of a measure are added up."""

_FACTOR_BEFORE_LAST_SPACE = 0.5
"""Factor, in the precision, of the characters before the last space of an indicator. The part after the space is the
thing counted: 医疗卫生 in `投诉举报 医疗卫生`."""
_SENTENCE_END = re.compile(r"[。；;！!？?\n]")
"""Matches the end of a sentence. A semicolon ends a sentence, too."""
_CHANGE_QUERY = re.compile("[增减升降涨跌]|[同环]比|提高|翻番")
"""Matches a query for changes: 增长, 同比, 提高."""
_PERCENT_QUERY = re.compile("率|[比占]|%|百分|幅")
"""Matches a query for percentages: 立案率, 占比, 增幅."""
_FIRST_IDEOGRAPH = 0x3400
"""First code point of the Chinese characters (CJK Extension A)."""

if TYPE_CHECKING:  # compiling their patterns takes 3 ms, and a search needs no names of measures
    from searchkit.query.naming import IndicatorNames, MeasureName
    from searchkit.search.querynames import QueryNames

_Ordinals = NDArray[np.int64]
_Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MeasureHit(Measure):
    """A measure found by a look-up, with its score and a snippet."""

    score: float = 0.0
    """At most 1; below 0 for a poor match. The first 200 hits are scored in more detail than the others, so the 201st
    hit can have a higher score than the 200th."""
    snippet: str = ""
    """At most 120 code points of the sentence, with the quote. A longer quote is cut."""
    snippet_start: int = 0
    """Offset of the snippet in the paragraph's text, in code points."""

    @property
    def window(self) -> Snippet:
        """The snippet with the quote as its only match."""
        return Snippet(self.snippet_start, self.snippet, ((self.start, self.end),))


@dataclass(frozen=True, slots=True)
class MeasureResults:
    """Results of a look-up of measures."""

    query: str
    """The query as given."""
    understood: str
    """The query tree that was searched, as text. Words and strings without a field may also match in a paragraph's
    headings or title."""
    total: int
    """Exact number of measures in matching paragraphs, with the requested unit and a base value from `min` to `max`."""
    hits: tuple[MeasureHit, ...]
    relaxed: bool = False
    """Whether `match` was `auto` and the hits match only some words of the query, because no measure matches all parts
    of it."""
    notes: tuple[str, ...] = ()
    """Messages about parts of the query that were changed or ignored."""
    took_ms: float = 0.0
    """Time that the look-up took, in milliseconds."""
    understood_filters: tuple[UnderstoodFilter, ...] = ()
    """The places, years, bodies, sections and kinds of reports that were understood from words of the query."""
    suggestions: tuple[Suggestion, ...] = ()
    """If nothing was found: similar searches that find something."""

    def __iter__(self) -> Iterator[MeasureHit]:
        """Yield the hits."""
        return iter(self.hits)


def expand_to_all_fields(node: Node) -> Node:
    """Replace each leaf on the passage by an OR of the same leaf on passage, heading and title.

    A measure belongs to all headings above its paragraph, not only to those that begin there. Leaves under NOT and
    leaves on other fields do not change.
    """
    if isinstance(node, And | Or):
        return type(node)(tuple(map(expand_to_all_fields, node.children)))
    if isinstance(node, Word | Substring | Prefix) and node.field == PASSAGE:
        return Or((node, *(_with_field(node, field) for field in ("heading", "title"))))
    return node


def _with_field(node: Word | Substring | Prefix, field: str) -> Node:
    """Return a leaf like `node` on another field."""
    if isinstance(node, Substring):
        return Substring(node.text, field, node.whole_numbers)
    return Word(node.term, field) if isinstance(node, Word) else Prefix(node.text, field)


def rank_measures(
    engine: Engine, query: Query, request: MeasureRequest, match: str, names: IndicatorNames
) -> MeasureRanking:
    """Rank all measures in the paragraphs that match a query.

    `request` selects measures by filters, unit, value and status; its `match` and `scoring` are replaced. `match` is
    one of `options.MATCH_MODES`. `auto` ranks the measures that match all content words or, if there are none, those
    that match `query.any`. A name in the query stands for all names of its measure.
    """
    from searchkit.search.querynames import QueryNames  # noqa: PLC0415 - not loaded by searches

    query_names = QueryNames(names, query)
    scoring = query_names.paragraph_clauses(query.scoring)
    trees = {"all": (query.all,), "any": (query.any,)}.get(match, (query.content or query.all, query.any))
    for tree in dict.fromkeys(trees):
        expanded = query_names.expand(expand_to_all_fields(tree))
        columns = engine.measure_columns(replace(request, match=expanded, scoring=scoring))
        if len(columns.scores):
            return MeasureRanking(query, tree, columns, query_names, is_relaxed=tree != trees[0])
    return MeasureRanking(query, trees[0], columns, query_names, is_relaxed=False)


class MeasureRanking:
    """Ranked measures: the best 200 by their scores of step two, then all others by their scores of step one.

    Ties are in corpus order.
    """

    def __init__(
        self, query: Query, tree: Node, columns: MeasureColumns, names: QueryNames, *, is_relaxed: bool
    ) -> None:
        """Rank the measures that a tree of a query matches. Takes 0.5 µs per measure, and 6 ms for the best 200."""
        self.query = query
        """The query."""
        self.tree = tree
        """The tree of the query that was searched: `query.all`, `query.content` or `query.any`."""
        self.is_relaxed = is_relaxed
        """Whether `query.any` was searched because no measure matches all content words."""
        self.total = len(columns.scores)
        """Number of measures."""
        self.wanted: MeasureName | None = names.wanted
        """The measure that the query asks for, if the query names one (`QueryNames.wanted`)."""
        self._columns, self._features = columns, _QueryFeatures(query.scoring, names)
        self._first_step = _FirstStep(columns, self._features, names)
        self._first_scores = self._first_step.scores()
        best = _top_k(self._first_scores, RESCORE_DEPTH)
        scores = np.array(self._rescore(best.tolist()), np.float64)
        order = (-scores).argsort(kind="stable")
        self._best = best[order], scores[order]
        """Ordinals and scores of the best 200 measures, best first."""

    def page(self, offset: int, limit: int | None) -> list[tuple[Measure, float]]:
        """Skip the best `offset` measures, and return the next `limit` with their scores. None means all others.

        Scores are rounded to six decimals.
        """
        ordinals, scores = self._page_ordinals(offset, limit)
        return list(zip(self._columns.fetch(ordinals), scores, strict=True))

    def hits(self, offset: int, limit: int | None, analyzer: Analyzer) -> list[MeasureHit]:
        """Return the measures of `page` as hits with snippets."""
        texts = self._columns.texts(self._page_ordinals(offset, limit)[0])
        return [
            _build_hit(*ranked, text, analyzer) for ranked, text in zip(self.page(offset, limit), texts, strict=True)
        ]

    def _page_ordinals(self, offset: int, limit: int | None) -> tuple[list[int], list[float]]:
        """Return the ordinals and the scores of the measures on a page."""
        end = self.total if limit is None else offset + limit
        ordinals, scores = self._best if end <= len(self._best[0]) else self._all
        return ordinals[offset:end].tolist(), [round(score, 6) for score in scores[offset:end].tolist()]

    @cached_property
    def _all(self) -> tuple[_Ordinals, _Scores]:
        """Ordinals and scores of all measures, best first."""
        ordinals, scores = self._best
        order = (-self._first_scores).argsort(kind="stable")
        others = order[~np.isin(order, ordinals)]
        return np.concatenate([ordinals, others]), np.concatenate([scores, self._first_scores[others]])

    def _rescore(self, ordinals: Sequence[int]) -> list[float]:
        """Return the scores of step two. Fetches the measures and the texts of their paragraphs."""
        if not self._features.gram_weights:  # a query without words, such as *
            return [0.0] * len(ordinals)
        measures = self._columns.fetch(ordinals)
        texts = fold_all(self._columns.texts(ordinals))
        renamed = self._first_step.renamed
        indicators = fold_all([renamed.get(measure.indicator, measure.indicator) for measure in measures])
        headings = fold_all(["\n".join((*measure.path, measure.title or "")) for measure in measures])
        return [
            self._coverage_and_head(measure, *folded)
            + self._first_step.precision_and_paragraph(ordinal)
            - self._features.penalty(measure)
            for ordinal, measure, *folded in zip(ordinals, measures, texts, indicators, headings, strict=True)
        ]

    def _coverage_and_head(self, measure: Measure, paragraph: str, indicator: str, headings: str) -> float:
        """Return the sum of the coverage term and the head term of step two. All three texts are folded."""
        quote = paragraph[measure.start : measure.end]
        texts = (  # by descending factor
            (indicator, IN_INDICATOR),
            (quote, IN_QUOTE),
            (paragraph[_sentence_span(paragraph, measure)[0] : measure.end], IN_SENTENCE),
            (headings, IN_HEADINGS),
            (paragraph, IN_PARAGRAPH),
        )
        coverage = sum(
            weight * next((factor for text, factor in texts if gram in text), 0.0)
            for gram, weight in self._first_step.gram_weights.items()
        )
        head_matches = sum(gram in indicator or gram in quote for gram in self._features.head_grams)
        coverage_term = COVERAGE_WEIGHT * coverage / self._first_step.total_weight
        head_term = HEAD_WEIGHT * head_matches / (len(self._features.head_grams) or 1)
        return coverage_term + head_term


class _QueryFeatures:
    """The properties of a query that scores depend on."""

    def __init__(self, scoring: Sequence[ScoringClause], names: QueryNames) -> None:
        clauses = names.measure_clauses(scoring)
        self.gram_weights = {**query_grams(clauses, 1), **query_grams(clauses, 2)}
        """Weights of the grams of the query. An occurrence of a gram in a clause adds the weight of the clause."""
        max_weight = max((clause.weight for clause in clauses), default=0.0)
        words = [clause.terms[-1] for clause in clauses if clause.weight == max_weight and clause.terms]
        head = words[-1] if words else ""
        self.head_grams = tuple(grams(head, 2)) or tuple(grams(head, 1))
        """Bigrams of the head, or its only character. The head is the last word of the last of the clauses with the
        highest weight: a synonym has a lower weight."""
        query = " ".join(clause.text for clause in scoring)
        self._change_penalty = 0.0 if _CHANGE_QUERY.search(query) else CHANGE_PENALTY
        self.level_penalty = CHANGE_PENALTY if names.is_of_change else 0.0
        """Penalty of a measure that is no change, if the query names a change."""
        self._percent_penalty = 0.0 if _PERCENT_QUERY.search(query) else PERCENT_PENALTY

    def penalty(self, measure: Measure) -> float:
        """Return the sum of the penalties of a measure."""
        return (
            (self._change_penalty if measure.change else self.level_penalty)
            + self._percent_penalty * (measure.kind == "percent")
            + PERIOD_PENALTY * (measure.period is not None)
            + PART_PENALTY * (measure.part_of is not None)
        )


class _FirstStep:
    """Step one: scores all measures by indicator and paragraph. Each distinct indicator is scored once."""

    def __init__(self, columns: MeasureColumns, features: _QueryFeatures, names: QueryNames) -> None:
        counts = np.bincount(columns.indicator_of, minlength=len(columns.indicators))
        used = np.flatnonzero(counts)  # an engine may list indicators that no measure has; they must not change the idf
        self._indicator_of = (np.cumsum(counts > 0) - 1)[columns.indicator_of]
        """Ordinal of each measure's indicator, among the indicators in use. `_precision`, `_coverage` and `_head` have
        an element for each indicator in use; `_paragraph` has an element for each measure."""
        used_indicators = [columns.indicators[i] for i in used.tolist()]
        changes = names.find_changes(used_indicators) if features.level_penalty else {}
        self.renamed = changes | names.rename(used_indicators)
        """The indicators that name a measure of the query, in the words of the query. If the query names a change, also
        the indicators of all other changes, without words of change."""
        is_level = np.fromiter((text not in changes for text in used_indicators), np.float64, len(used))
        self._level_penalty = is_level * features.level_penalty
        indicators, matches, self._precision = _match_grams(
            [self.renamed.get(text, text) for text in used_indicators], list(features.gram_weights)
        )
        df = np.bincount(matches, minlength=len(features.gram_weights)).tolist()
        idfs = [idf(count, len(used)) for count in df]
        self.gram_weights = {
            gram: weight * rarity for (gram, weight), rarity in zip(features.gram_weights.items(), idfs, strict=True)
        }
        """Grams of the query: weight in the query × idf over the indicators."""
        self.total_weight = sum(self.gram_weights.values()) or 1.0
        """Sum of `gram_weights`, or 1 if it is 0."""
        is_head = [float(gram in features.head_grams) for gram in self.gram_weights]
        self._coverage = (
            _sum_weights(indicators, matches, list(self.gram_weights.values()), len(used)) / self.total_weight
        )
        self._head = _sum_weights(indicators, matches, is_head, len(used)) / (len(features.head_grams) or 1)
        self._paragraph = columns.scores / (columns.scores.max(initial=0.0) or 1.0)
        if names.scores_no_paragraph:
            self._paragraph = np.ones(len(columns.scores))

    def scores(self) -> _Scores:
        """Return the score of each measure."""
        by_indicator = COVERAGE_WEIGHT * self._coverage + HEAD_WEIGHT * self._head + PRECISION_WEIGHT * self._precision
        by_indicator -= self._level_penalty
        scores: _Scores = by_indicator[self._indicator_of] + PARAGRAPH_WEIGHT * self._paragraph
        return scores

    def precision_and_paragraph(self, ordinal: int) -> float:
        """Return the sum of the precision term and the paragraph term of a measure. Step two uses the same terms."""
        precision = self._precision[self._indicator_of[ordinal]]
        return float(PRECISION_WEIGHT * precision + PARAGRAPH_WEIGHT * self._paragraph[ordinal])


def _match_grams(indicators: Sequence[str], ngrams: Sequence[str]) -> tuple[_Ordinals, _Ordinals, _Scores]:
    """Find the grams of a query in indicators, and compute the precision of each indicator.

    Returns three arrays. The first two have an element for each gram that an indicator contains: the ordinal of the
    indicator and the ordinal of the gram, sorted by both. The third is the precision of each indicator: the share of
    its characters and bigrams that are grams of the query. Grams that begin before the last space count half.

    `ngrams` contains every character of its bigrams. Takes about 30 ns per character of the indicators.
    """
    count = len(indicators)
    if not ngrams:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(count)
    codes = to_code_points(fold("\n".join(indicators)))
    lengths = np.fromiter(map(len, indicators), np.int64, count)
    indicator_at = np.repeat(np.arange(count), lengths + 1)[: len(codes)]  # +1 for the line feed
    starts, matches = _find_occurrences(codes, ngrams)
    factors = _character_factors(codes, indicator_at, count)
    # An approximation of the letters and digits that `ranking.grams` yields. It omits é and Greek letters, for example,
    # so the share can be above 1.
    is_alphanumeric = (codes >= _FIRST_IDEOGRAPH) | _is_between(codes, "0", "9") | _is_between(codes, "a", "z")
    sizes = np.bincount(indicator_at, factors * is_alphanumeric, count)
    sizes += np.bincount(indicator_at[:-1], factors[:-1] * (is_alphanumeric[:-1] & is_alphanumeric[1:]), count)
    precision = np.bincount(indicator_at[starts], factors[starts], count) / np.where(sizes > 0, sizes, 1)
    pairs = np.unique(indicator_at[starts] * len(ngrams) + matches)  # an integer per distinct pair, sorted
    return pairs // len(ngrams), pairs % len(ngrams), np.minimum(precision, 1)


def _character_factors(codes: NDArray[np.uint32], indicator_at: _Ordinals, count: int) -> _Scores:
    """Return the factor of each character: `_FACTOR_BEFORE_LAST_SPACE` before the last space of an indicator, else 1.

    `indicator_at` contains the ordinal of the indicator of each character, from 0 to `count` - 1.
    """
    last_space = np.full(count, -1)
    spaces = np.flatnonzero(codes == ord(" "))
    last_space[indicator_at[spaces]] = spaces  # a later space of the same indicator overwrites an earlier one
    return np.where(np.arange(len(codes)) > last_space[indicator_at], 1.0, _FACTOR_BEFORE_LAST_SPACE)


def _find_occurrences(codes: NDArray[np.uint32], ngrams: Sequence[str]) -> tuple[_Ordinals, _Ordinals]:
    """Return the offset in `codes` of each occurrence of a gram, and the ordinal of that gram."""
    characters = [gram for gram in ngrams if len(gram) == 1]
    character_of = np.zeros(CODE_POINT_COUNT, np.int32)  # from 1; 0 for a code point outside of all grams
    character_of[to_code_points("".join(characters))] = np.arange(1, len(characters) + 1)
    return find_grams(character_of[codes], ngrams)


def _sum_weights(indicators: _Ordinals, matches: _Ordinals, weights: Sequence[float], count: int) -> _Scores:
    """Return for each of `count` indicators the sum of the weights of the grams that it contains.

    The first two parameters are arrays from `_match_grams`. The weights are added in the order of the grams.
    """
    return np.bincount(indicators, np.array(weights, np.float64)[matches], count).astype(np.float64)


def _top_k(scores: _Scores, k: int) -> _Ordinals:
    """Return the ordinals of the `k` largest scores, ascending. Of scores equal to the k-th, the first are kept.

    Returns all ordinals if there are at most `k` scores.
    """
    if len(scores) <= k:
        return np.arange(len(scores))
    threshold = np.partition(scores, -k)[-k]
    above = np.flatnonzero(scores > threshold)
    return np.sort(np.concatenate([above, np.flatnonzero(scores == threshold)[: k - len(above)]]))


def _build_hit(measure: Measure, score: float, text: str, analyzer: Analyzer) -> MeasureHit:
    """Return the hit for a measure; `text` is the text of its paragraph.

    The snippet is chosen from the part of the sentence between the previous and the next occurrence of the same quote,
    so that it shows this occurrence.
    """
    first, last = _sentence_span(text, measure)
    before, after = text[first : measure.start], text[measure.end : last]
    first += len(before) - len(before.rpartition(measure.quote)[2])
    part = text[first : measure.end] + after.partition(measure.quote)[0]
    window = extract_snippet(part, Substring(fold(measure.quote)), analyzer)
    return MeasureHit(measure.extracted, measure.source, score, window.text, first + window.start)


def _sentence_span(text: str, measure: Measure) -> tuple[int, int]:
    """Return the span of the sentence that contains the quote of a measure, with the mark at its end."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text, 0, measure.start)]
    after = _SENTENCE_END.search(text, measure.end)
    return (ends[-1] if ends else 0), (after.end() if after else len(text))


def _is_between(codes: NDArray[np.uint32], first: str, last: str) -> NDArray[np.bool_]:
    """Return for each code point whether it is from `first` to `last`, inclusive."""
    return (codes >= ord(first)) & (codes <= ord(last))
