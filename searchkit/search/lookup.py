"""Which measures answer a query best. Two steps, as for paragraphs: all by their indicators, then the best exactly.

An engine gives the measures of all matching paragraphs as columns and knows nothing of their ranking: what is here
gives the same order for every engine. A score is between 0 and 1, the sum of four shares:

- how much of the query is found, rare parts counting more, parts that stand farther from the number counting less;
- how much of the indicator is the query's: for 立案, the indicator 立案 comes before 立案率;
- whether the last word of the query, in Chinese that of the thing counted, stands with the number itself;
- how well the paragraph answers, by words.

A measure that is a change, a share or of another time comes after its equals, unless the query asks for one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from searchkit.engines.contract import Engine, MeasureColumns, MeasureRequest
from searchkit.engines.grams import find_grams
from searchkit.engines.ranking import RESCORED, grams, idf, wanted_grams
from searchkit.model import Measure
from searchkit.query.tree import And, Node, Or, Prefix, Query, ScoringClause, Substring, Word
from searchkit.search.snippets import Snippet, snippet
from searchkit.text.analyzer import Analyzer
from searchkit.text.folding import CODE_POINTS, code_points, fold, fold_all

FOUND, PRECISE, HEAD, PARAGRAPH = 0.55, 0.22, 0.17, 0.06
"""Weights of the four shares of a score."""
IN_INDICATOR, IN_QUOTE, IN_SENTENCE, IN_HEADINGS, IN_PARAGRAPH = 1.0, 0.9, 0.7, 0.6, 0.3
"""What a part of the query counts that stands there; of the sentence, only what comes before the number."""
CHANGE, SHARE, PERIOD, PART = 0.08, 0.05, 0.03, 0.01
"""What is taken off a measure that is a change, a percentage, of another time than the report's, a part of another."""

_BEFORE_LAST_SPACE = 0.5  # of a character's weight: 医疗卫生 of `投诉举报 医疗卫生` is what is counted
_SENTENCE_END = re.compile(r"[。；;！!？?\n]")
_ASKS_FOR_CHANGE = re.compile("[增减升降涨跌]|[同环]比|提高|翻番")
_ASKS_FOR_SHARE = re.compile("率|[比占]|%|百分|幅")
_FIRST_IDEOGRAPH = 0x3400

_Ids = NDArray[np.int64]
_Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MeasureHit(Measure):
    """A measure that was found, with how well it answers."""

    score: float = 0.0
    """0 to 1."""
    snippet: str = ""
    """At most 120 code points of the quote's sentence, with the quote."""
    snippet_start: int = 0
    """Code point of the paragraph's text that the snippet begins at."""

    @property
    def window(self) -> Snippet:
        """The snippet with the quote as what is matched."""
        return Snippet(self.snippet_start, self.snippet, ((self.start, self.end),))


@dataclass(frozen=True, slots=True)
class MeasureResults:
    """What a look-up of measures found."""

    query: str
    understood: str
    """The query tree that was answered; each part of it may stand in a paragraph's headings or title too."""
    total: int
    """Measures in matching paragraphs, exact."""
    hits: tuple[MeasureHit, ...]
    relaxed: bool = False
    """No paragraph with measures held all parts of the query, so these hold any of its words."""
    notes: tuple[str, ...] = ()
    """What was read in another way than it was written."""
    took_ms: float = 0.0


def widened(node: Node) -> Node:
    """The tree for measures: what is looked for in a paragraph's text may stand in its headings or its title too.

    What must not be there, and what was asked for in one field, stays as it is.
    """
    if isinstance(node, And | Or):
        return type(node)(tuple(map(widened, node.children)))
    if isinstance(node, Word | Substring | Prefix) and node.field == "text":
        return Or((node, *(_in_field(node, name) for name in ("heading", "title"))))
    return node


def _in_field(node: Word | Substring | Prefix, name: str) -> Node:
    if isinstance(node, Substring):
        return Substring(node.text, name, node.whole_numbers)
    return Word(node.term, name) if isinstance(node, Word) else Prefix(node.text, name)


def look_up(engine: Engine, query: Query, admitted: MeasureRequest, match: str) -> Ranking:
    """Rank all measures in paragraphs that match a query.

    `admitted` says which measures may answer; `match` is all, any, or auto: all, and if that finds nothing, any.
    """
    trees = {"all": (query.all,), "any": (query.any,)}.get(match, (query.all, query.any))
    for tree in dict.fromkeys(trees):
        measures = engine.measure_columns(replace(admitted, match=widened(tree), scoring=query.scoring))
        if len(measures.scores):
            return Ranking(query, tree, measures, is_relaxed=tree != trees[0])
    return Ranking(query, trees[0], measures, is_relaxed=False)


class Ranking:
    """Measures in the order of how well they answer, equals in corpus order."""

    def __init__(self, query: Query, tree: Node, measures: MeasureColumns, *, is_relaxed: bool) -> None:
        """Rank the measures that a tree of a query matches. Cost: 0.5 µs a measure, and 6 ms for the best 200."""
        self.query = query
        """What was asked for,"""
        self.tree = tree
        """and the tree of it that was answered."""
        self.is_relaxed = is_relaxed
        """Nothing matched all parts of the query, so these match any."""
        self.total = len(measures.scores)
        """How many measures there are."""
        self._measures, self._sought = measures, _Sought(query.scoring)
        self._likeness = _Likeness(measures, self._sought)
        self._first = self._likeness.scores()
        best = _largest(self._first, RESCORED)
        scores = np.array(self._exact(best.tolist()), np.float64)
        order = (-scores).argsort(kind="stable")
        self._best = best[order], scores[order]

    def page(self, offset: int, limit: int | None) -> list[tuple[Measure, float]]:
        """Measures from `offset` on with their scores; no limit means all."""
        numbers, scores = self._places(offset, limit)
        return list(zip(self._measures.fetch(numbers), scores, strict=True))

    def hits(self, offset: int, limit: int | None, analyzer: Analyzer) -> list[MeasureHit]:
        """The same with snippets."""
        texts = self._measures.texts(self._places(offset, limit)[0])
        return [_hit(*found, text, analyzer) for found, text in zip(self.page(offset, limit), texts, strict=True)]

    def _places(self, offset: int, limit: int | None) -> tuple[list[int], list[float]]:
        """Numbers and scores of the measures of a page."""
        end = self.total if limit is None else offset + limit
        numbers, scores = self._best if end <= len(self._best[0]) else self._all
        return numbers[offset:end].tolist(), [round(score, 6) for score in scores[offset:end].tolist()]

    @cached_property
    def _all(self) -> tuple[_Ids, _Scores]:
        """Numbers and scores of all measures: the best, then the others in the order of step one."""
        numbers, scores = self._best
        order = (-self._first).argsort(kind="stable")
        others = order[~np.isin(order, numbers)]
        return np.concatenate([numbers, others]), np.concatenate([scores, self._first[others]])

    def _exact(self, numbers: Sequence[int]) -> list[float]:
        """The scores of measures by all that is known of them, the texts of their paragraphs too."""
        if not self._sought.grams:
            return [0.0] * len(numbers)
        measures = self._measures.fetch(numbers)
        texts = fold_all(self._measures.texts(numbers))
        indicators = fold_all([measure.indicator for measure in measures])
        headings = fold_all(["\n".join((*measure.path, measure.title or "")) for measure in measures])
        return [
            self._found(measure, *folded) + self._likeness.rest(number) - self._sought.penalty(measure)
            for number, measure, *folded in zip(numbers, measures, texts, indicators, headings, strict=True)
        ]

    def _found(self, measure: Measure, text: str, indicator: str, headings: str) -> float:
        """What a measure's score has of the parts of the query that stand somewhere; all is folded."""
        quote = text[measure.start : measure.end]
        places = (
            (indicator, IN_INDICATOR),
            (quote, IN_QUOTE),
            (text[_sentence(text, measure)[0] : measure.end], IN_SENTENCE),
            (headings, IN_HEADINGS),
            (text, IN_PARAGRAPH),
        )
        found = sum(
            weight * next((value for place, value in places if gram in place), 0.0)
            for gram, weight in self._likeness.weights.items()
        )
        at_number = sum(gram in indicator or gram in quote for gram in self._sought.head)
        return FOUND * found / self._likeness.total + HEAD * at_number / (len(self._sought.head) or 1)


class _Sought:
    """What a query wants of a measure."""

    def __init__(self, wanted: Sequence[ScoringClause]) -> None:
        texts = [(part.text, part.weight) for part in wanted]
        self.grams = {**wanted_grams(texts, 1), **wanted_grams(texts, 2)}
        """Characters and bigrams, with how much each is wanted."""
        most = max((part.weight for part in wanted), default=0.0)
        words = [part.terms[-1] for part in wanted if part.weight == most and part.terms]
        last = words[-1] if words else ""
        self.head = tuple(grams(last, 2)) or tuple(grams(last, 1))
        """Bigrams of the last word of what is wanted most."""
        written = " ".join(part.text for part in wanted)
        self._change = 0.0 if _ASKS_FOR_CHANGE.search(written) else CHANGE
        self._share = 0.0 if _ASKS_FOR_SHARE.search(written) else SHARE

    def penalty(self, measure: Measure) -> float:
        """What is taken off a measure that is of another nature than the query asks for."""
        return (
            self._change * (measure.change is not None)
            + self._share * (measure.kind == "percent")
            + PERIOD * (measure.period is not None)
            + PART * (measure.part_of is not None)
        )


class _Likeness:
    """How like the query all measures are by indicator and paragraph. Each different indicator is looked at once."""

    def __init__(self, measures: MeasureColumns, sought: _Sought) -> None:
        counts = np.bincount(measures.indicator_of, minlength=len(measures.indicators))
        used = np.flatnonzero(counts)  # engines may list others too, which must not count
        self._indicator_of = (np.cumsum(counts > 0) - 1)[measures.indicator_of]
        holders, held, self._precise = _overlaps([measures.indicators[i] for i in used.tolist()], list(sought.grams))
        df = np.bincount(held, minlength=len(sought.grams)).tolist()
        idfs = [idf(count, len(used)) for count in df]
        self.weights = {
            gram: weight * rarity for (gram, weight), rarity in zip(sought.grams.items(), idfs, strict=True)
        }
        """How much each part of the query counts."""
        self.total = sum(self.weights.values()) or 1.0
        in_head = [float(gram in sought.head) for gram in self.weights]
        self._found = _sums(holders, held, list(self.weights.values()), len(used)) / self.total
        self._head = _sums(holders, held, in_head, len(used)) / (len(sought.head) or 1)
        self._paragraphs = measures.scores / (measures.scores.max(initial=0.0) or 1.0)

    def scores(self) -> _Scores:
        """The scores of step one, in which only indicators and paragraphs are known."""
        by_indicator = FOUND * self._found + HEAD * self._head + PRECISE * self._precise
        scores: _Scores = by_indicator[self._indicator_of] + PARAGRAPH * self._paragraphs
        return scores

    def rest(self, number: int) -> float:
        """What the precision of its indicator and its paragraph add to the score of a measure."""
        precise = self._precise[self._indicator_of[number]]
        return float(PRECISE * precise + PARAGRAPH * self._paragraphs[number])


def _overlaps(indicators: Sequence[str], parts: Sequence[str]) -> tuple[_Ids, _Ids, _Scores]:
    """Which indicator holds which part, as two columns of numbers, and what share of each indicator is parts.

    `parts` are characters and bigrams of them. Cost: some 30 ns a character of the indicators.
    """
    count = len(indicators)
    if not parts:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(count)
    codes = code_points(fold("\n".join(indicators)))
    lengths = np.fromiter(map(len, indicators), np.int64, count)
    owner = np.repeat(np.arange(count), lengths + 1)[: len(codes)]
    place, part = _occurrences(codes, parts)
    last_space = np.full(count, -1)
    spaces = np.flatnonzero(codes == ord(" "))
    last_space[owner[spaces]] = spaces
    emphasis = np.where(np.arange(len(codes)) > last_space[owner], 1.0, _BEFORE_LAST_SPACE)
    telling = (codes >= _FIRST_IDEOGRAPH) | _is_between(codes, "0", "9") | _is_between(codes, "a", "z")
    sizes = np.bincount(owner, emphasis * telling, count)
    sizes += np.bincount(owner[:-1], emphasis[:-1] * (telling[:-1] & telling[1:]), count)
    shares = np.bincount(owner[place], emphasis[place], count) / np.where(sizes > 0, sizes, 1)
    pairs = np.unique(owner[place] * len(parts) + part)
    return pairs // len(parts), pairs % len(parts), np.minimum(shares, 1)


def _occurrences(codes: NDArray[np.uint32], parts: Sequence[str]) -> tuple[_Ids, _Ids]:
    """Where each part begins: places in `codes`, and the numbers of the parts."""
    characters = [part for part in parts if len(part) == 1]
    known = np.zeros(CODE_POINTS, np.int32)
    known[code_points("".join(characters))] = np.arange(1, len(characters) + 1)
    return find_grams(known[codes], parts)


def _sums(holders: _Ids, held: _Ids, weights: Sequence[float], count: int) -> _Scores:
    """The sum of the weights of what each of `count` holders holds, added in the order of the parts."""
    return np.bincount(holders, np.array(weights, np.float64)[held], count).astype(np.float64)


def _largest(scores: _Scores, most: int) -> _Ids:
    """Places of the largest scores, ascending; of equals at the edge the first."""
    if len(scores) <= most:
        return np.arange(len(scores))
    edge = np.partition(scores, -most)[-most]
    above = np.flatnonzero(scores > edge)
    return np.sort(np.concatenate([above, np.flatnonzero(scores == edge)[: most - len(above)]]))


def _hit(measure: Measure, score: float, text: str, analyzer: Analyzer) -> MeasureHit:
    """The measure with its score and the snippet of its paragraph's text."""
    first, last = _sentence(text, measure)
    before, after = text[first : measure.start], text[measure.end : last]
    first += len(before) - len(before.rpartition(measure.quote)[2])
    part = text[first : measure.end] + after.partition(measure.quote)[0]  # where the quote does not stand twice
    window = snippet(part, Substring(fold(measure.quote)), analyzer)
    return MeasureHit(measure.extracted, measure.source, score, window.text, first + window.start)


def _sentence(text: str, measure: Measure) -> tuple[int, int]:
    """The sentence that a measure's quote stands in."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text, 0, measure.start)]
    after = _SENTENCE_END.search(text, measure.end)
    return (ends[-1] if ends else 0), (after.end() if after else len(text))


def _is_between(codes: NDArray[np.uint32], first: str, last: str) -> NDArray[np.bool_]:
    return (codes >= ord(first)) & (codes <= ord(last))
