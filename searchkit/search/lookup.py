"""Looks up measures and ranks them by how well they answer a query.

An engine selects the measures and returns them as columns. This module ranks them, so the order does not depend on the
engine. Like paragraphs, measures are ranked in two steps. Step one scores all measures by indicator and paragraph. Step
two rescores the best 200 (`RESCORE_DEPTH`) with their quotes, sentences, headings and paragraphs.

A gram is a character or a bigram of the query. A score is the weighted sum of four terms, each from 0 to 1:

- coverage: the share of the query's grams that occur near the number. A gram counts more if few indicators contain it,
  and less the farther from the number it occurs. Step one looks for grams only in the indicator.
- precision: the share of the indicator's characters and bigrams that are grams of the query. For 立案, the indicator
  立案 ranks above 立案率. Step two multiplies it by the coverage: for 财政支农投入, 投入 is not a precise name, unless
  the other words occur near the number.
- head: the share of the grams of the query's last word that occur in the indicator or (in step two) in the quote. In
  Chinese the last word of a noun phrase is its head, the thing counted.
- paragraph: the BM25F score of the paragraph, divided by the highest one. 1 if the query only names a measure that has
  other names, too: the paragraph may use any of them.

If the query names a measure (`querynames`), an indicator with another name of it counts as the words of the query.

Both steps subtract penalties, so that actual values of one year come first: for a target, a rule, a value before a
change, a total of several years, and a part of a year. If the query is for targets (目标), all statuses but target have
a penalty instead. If the query names a range of years (2016至2020年), all measures but totals of exactly these years
have a penalty instead. If the query asks for totals without such a range (累计), all measures but totals of several
years have a penalty instead.

A change has a penalty unless the query is for changes, and a percentage has one unless the query is for percentages. If
the query names a change (投资增速), all measures but changes have the penalty of a change, because the indicators of a
change and of its level can be the same. If the query names no addition (高铁里程), additions (新增高铁里程) have a
penalty. If it asks for a unit (多少公里), measures in other units have a penalty. An actual value of another year than
its report reports on has a penalty, and so have a part of another measure and a value that is not exact. A score is at
most 1. The score of a poor match can be below 0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import add
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from searchkit.engines.contract import Engine, MeasureColumns, MeasureRequest
from searchkit.engines.indicators import Indicators
from searchkit.engines.ranking import RESCORE_DEPTH, grams, idf, query_grams
from searchkit.model import Measure, Note, json_names, to_json
from searchkit.query.tree import PASSAGE, And, Node, Or, Prefix, Query, Substring, Word
from searchkit.query.unit_conversion import unit_family
from searchkit.search.options import base_unit
from searchkit.search.snippets import Highlighter, Snippet
from searchkit.tabular import Tabular, TextTable
from searchkit.text.analyzer import Analyzer
from searchkit.text.folding import fold, fold_all
from searchkit.text.query_years import find_query_year
from searchkit.text.years import MAX_YEAR

if TYPE_CHECKING:
    from searchkit.query.understood import UnderstoodFilter
    from searchkit.search.suggestions import Suggestion

COVERAGE_WEIGHT, PRECISION_WEIGHT, HEAD_WEIGHT, PARAGRAPH_WEIGHT = 0.55, 0.22, 0.17, 0.06
"""Weights of the four terms of a score. Their sum is 1."""
IN_INDICATOR, IN_QUOTE, IN_SENTENCE, IN_HEADINGS, IN_PARAGRAPH = 1.0, 0.9, 0.7, 0.6, 0.3
"""Factors of a gram in the coverage, by the text that contains it. If several texts do, the highest factor counts. The
text of a sentence after the quote counts only as text of the paragraph. The headings include the title."""
STATUS_PENALTY, CUMULATIVE_PENALTY, PART_OF_YEAR_PENALTY = 0.12, 0.12, 0.06
"""Penalties of a measure by its times. The first is for a target, a rule or a value before a change; the second for a
total of several years; the third for a part of a year. The docstring of this module says for which queries other
measures have these penalties instead."""
CHANGE_PENALTY, PERCENT_PENALTY, UNIT_PENALTY, COUNTER_PENALTY = 0.08, 0.05, 0.15, 0.03
"""Penalties of a measure that is a change (or is none, if the query names a change), that is a percentage, or that has
another unit than the query asks for. If both units are counters (`_COUNTERS`), the last penalty is `COUNTER_PENALTY`
instead of `UNIT_PENALTY`."""
OTHER_YEAR_PENALTY, PART_PENALTY, INEXACT_PENALTY = 0.03, 0.01, 0.005
"""Penalties of a measure that is an actual value of another year than its report reports on, that is a part of another
measure, or whose value is not exact (突破1000亿元, so that it ranks after 达到1073亿元). All penalties of a measure are
added up."""
ADDITION_PENALTY = 0.12
"""Penalty of an addition (新增高铁运营里程) if the query names none."""
MIN_STRICT_SCORE = 0.5
"""Minimum score of a measure that answers the query well (`MeasureRanking.is_poor`). Typically, the words of the query
occur somewhere in the paragraph of a measure with a lower score, but not near the number. If the best measure that
matches all content words has a lower score, and one that matches only some words has a higher score than it, the
measures that match some words are ranked instead."""

_MANY_GRAMS = 100
"""If a query has more grams than this, the few that occur in the texts of a measure are selected first."""
_SENTENCE_ENDS = "。；;！!？?\n"
"""Marks at the end of a sentence. A semicolon ends a sentence, too."""
_SENTENCE_END = re.compile(f"[{_SENTENCE_ENDS}]")
_CHANGE_QUERY = re.compile("[增减升降涨跌]|[同环]比|提高|翻番")
"""Matches a query for changes: 增长, 同比, 提高."""
_PERCENT_QUERY = re.compile("率|[比占]|%|百分|幅")
"""Matches a query for percentages: 立案率, 占比, 增幅."""
_COUNTERS = frozenset("个家户项所座条名人位件起宗次场处台套辆间只张篇部批种") | {"人次", "户次", "家次"}
"""Units that count things. A question may use another unit than the report: 有几个 for 16家."""
_TARGET_QUERY = re.compile("目标|预期(?!寿命)|力争|计划(?!生育|单列)|规划")
"""Matches a query for targets: 城镇新增就业目标."""
_CUMULATIVE_QUERY = re.compile(
    "累计|(?<![今本当全半])年以?来|期间|时期|(?:(?<![第0-9.])(?:[2-9]|1[0-5])|(?<!第)[两三四五六七八九十])年"
    "(?!级|期(?!间)|制(?!造)|毛?入园率|免费|义务|行动|规划|计划|禁|以[上下])"
)
"""Matches a query for totals of several years: 五年新增就业, 近3年; not 今年以来, 九年义务教育 or 三年行动."""

if TYPE_CHECKING:  # these modules compile patterns for 3 ms, and a search of paragraphs does not need them
    from searchkit.query.naming import Aspect, IndicatorNames, MeasureName
    from searchkit.search.querynames import QueryNames

_Ordinals = NDArray[np.int64]
"""Positions, from 0, of measures in the columns of an engine, or of indicators in `MeasureColumns.indicators`."""
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
class AggregateGroup:
    """A number calculated from the measures of a group."""

    group: str | int | None
    """Value of the facet that groups the measures: for district the path. None if all measures are one group."""
    value: int | float | None
    """The number, in `unit`. None if there are no measures, but 0 for a count."""
    unit: str | None
    """The most frequent base unit of the measures, with their most frequent scale: 万元. None for a count, and if the
    measures have no unit."""
    n: int
    """Number of measures that the number is calculated from."""
    left_out: Mapping[str, int]
    """Number of measures of the group that are left out, by reason (see `MeasureResults.left_out`)."""


@dataclass(frozen=True, slots=True)
class MeasureResults(Tabular):
    """Results of a look-up of measures."""

    query: str
    """The query as given."""
    understood: str
    """The query tree that was searched, as text. Words and strings without a field may also match in a paragraph's
    headings or title."""
    total: int
    """Exact number of measures in matching paragraphs that meet the options `unit`, `min`, `max`, `status` and
    `no_cumulative`. With `one_per`, `aggregate` or a `sort` other than by score: the number of those that can be
    quoted."""
    hits: tuple[MeasureHit, ...]
    """The requested hits, in the requested order. Empty with `aggregate`."""
    relaxed: bool = False
    """Whether `match` was `auto` and the hits match only some words of the query, because no measure, or none that
    answers the query well, matches all parts of it."""
    notes: tuple[Note, ...] = ()
    """Messages about parts of the query that were changed or ignored, about values that are ambiguous or not in the
    index, and about the choice of the measures."""
    took_ms: float = 0.0
    """Time that the look-up took, in milliseconds."""
    understood_filters: tuple[UnderstoodFilter, ...] = ()
    """The places, years, bodies, sections and kinds of reports that were understood from words of the query."""
    suggestions: tuple[Suggestion, ...] = ()
    """If nothing was found: similar searches that find something."""
    indicator: str | None = None
    """With `one_per`, `aggregate` or a `sort` other than by score: the indicator of the returned measures, in the words
    of its most relevant measure. Otherwise None."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """With `one_per`, `aggregate` or a `sort` other than by score: the number of measures that are left out, by reason:
    `other_indicator`, `similar_indicator` (a thing with a similar name), `other_aspect` (a change, an addition or a
    level, which the query does not ask for), `other_unit`, `other_status`, `cumulative` (of several years),
    `part_of_year`, `part_of_total`, `repeated` (another measure states the same), `other_value` (a measure of the same
    fact with another value is quoted), `not_latest` (`one_per` prefers another)."""
    aggregate: str | None = None
    """The option `aggregate`."""
    groups: tuple[AggregateGroup, ...] = ()
    """The numbers of the option `aggregate`. There are no hits then."""

    def _text_table(self) -> TextTable:
        """Return the hits, or the numbers of an aggregate, as a table."""
        caption = f"{self.query}: {self.total} measures"
        if self.aggregate is not None:
            groups = [["" if item is None else str(item) for item in record.values()] for record in self._records()]
            return TextTable(caption, self._columns(), groups, self.notes)
        rows = []
        for hit in self.hits:
            value, year = f"{hit.value}{hit.unit or ''}", str(hit.of_year or "")
            rows.append((value, hit.indicator, hit.district or "", year, hit.snippet, hit.id))
        return TextTable(caption, ("value", "indicator", "district", "of year", "sentence", "id"), rows, self.notes)

    def _records(self) -> Iterator[dict[str, object]]:
        """Yield the hits, or the numbers of an aggregate, as records."""
        if self.aggregate is not None:
            for group in self.groups:
                yield {"group": group.group, self.aggregate: group.value, "unit": group.unit, "n": group.n}
        else:
            yield from map(to_json, self.hits)

    def _columns(self) -> tuple[str, ...]:
        """Return the names of the fields of `_records`."""
        return json_names(MeasureHit) if self.aggregate is None else ("group", self.aggregate, "unit", "n")

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
    return replace(node, field=field)


def rank_measures(
    engine: Engine,
    query: Query,
    request: MeasureRequest,
    match: str,
    names: IndicatorNames,
    unit: str | None = None,
) -> MeasureRanking:
    """Rank all measures in the paragraphs that match a query.

    `request` selects measures by filters, unit, value and status; its `match` and `scoring` are replaced. `match` is
    one of `options.MATCH_MODES`. `auto` ranks the measures that match all content words. If there are none, or if the
    best of them is a poor match (`MIN_STRICT_SCORE`) and `query.any` matches a better one, it ranks those that match
    `query.any`. A name in the query stands for all names of its measure. `unit` is the unit that the query asks for.
    """
    from searchkit.search.querynames import QueryNames  # noqa: PLC0415 - not loaded by searches

    query_names = QueryNames(names, query)
    scoring = query_names.paragraph_clauses(query.scoring)
    trees = {"all": (query.all,), "any": (query.any,)}.get(match, (query.content or query.all, query.any))
    rankings: list[MeasureRanking] = []
    for tree in dict.fromkeys(trees):
        expanded = query_names.expand(expand_to_all_fields(tree))
        columns = engine.measure_columns(replace(request, match=expanded, scoring=scoring))
        rankings.append(MeasureRanking(query, tree, columns, query_names, unit, is_relaxed=tree != trees[0]))
        # If a query has no scoring clauses, such as *, the best scores are 0. That does not make the measures poor.
        if not rankings[-1].is_poor or (rankings[-1].total and not query.scoring):
            break
    return max(rankings, key=lambda ranking: ranking.best_score)  # the first of equal ones


class MeasureRanking:
    """Ranked measures: the best 200 of step one by their scores of step two, then all others by those of step one.

    Ties are in corpus order.
    """

    def __init__(
        self,
        query: Query,
        tree: Node,
        columns: MeasureColumns,
        names: QueryNames,
        unit: str | None = None,
        *,
        is_relaxed: bool,
    ) -> None:
        """Rank the measures that a tree of a query matches.

        Takes 0.5 µs per measure, and up to 6 ms more for the best 200.
        """
        self.query = query
        """The query."""
        self.tree = tree
        """The tree of the query that was searched: `query.all`, `query.content` or `query.any`."""
        self.is_relaxed = is_relaxed
        """Whether `query.any` was searched because no measure, or only a poor one, matches all content words."""
        self.total = len(columns.scores)
        """Number of measures."""
        self.wanted: MeasureName | None = names.wanted
        """The measure that the query asks for, if the query names one (`QueryNames.wanted`)."""
        self.aspect: Aspect = names.aspect
        """What the query asks for: a level, an addition or a change."""
        self._columns, self._features = columns, _QueryFeatures(query, names, unit)
        self._first_step = _FirstStep(columns, self._features, names)
        self._first_scores = self._first_step.scores()
        best = _top_k(self._first_scores, RESCORE_DEPTH)
        scores = np.array(self._rescore(best.tolist()), np.float64)
        order = (-scores).argsort(kind="stable")
        self._best = best[order], scores[order]
        """Ordinals and scores of the best 200 measures, best first."""

    @property
    def best_score(self) -> float:
        """The highest score, minus infinity if there are no measures."""
        return max(self._best[1].tolist(), default=-math.inf)

    @property
    def is_poor(self) -> bool:
        """Whether no measure answers the query well (`MIN_STRICT_SCORE`)."""
        return self.best_score < MIN_STRICT_SCORE

    def page(self, offset: int, limit: int | None) -> list[tuple[Measure, float]]:
        """Skip the best `offset` measures, and return the next `limit` (None: all others) with their scores.

        Scores are rounded to six decimals.
        """
        ordinals, scores = self._page_ordinals(offset, limit)
        return list(zip(self._columns.fetch(ordinals), scores, strict=True))

    def named(self) -> list[tuple[Measure, float]]:
        """Return the measures whose indicator is a name of what the query names, each with its score, best first.

        If the query asks for a change, only changes; otherwise only levels and additions. `page` returns all measures,
        but takes longer.
        """
        ordinals, scores = self._rank(self.total)
        has_name, has_aspect = self._named
        is_named = (has_name & has_aspect)[ordinals]
        rounded = [round(score, 6) for score in scores[is_named].tolist()]
        return list(zip(self._columns.fetch(ordinals[is_named].tolist()), rounded, strict=True))

    @property
    def other_aspect_count(self) -> int:
        """Number of measures whose indicator is a name of what the query names, but that `named` leaves out."""
        has_name, has_aspect = self._named
        return int((has_name & ~has_aspect).sum())

    @cached_property
    def _named(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Masks of the measures whose indicator is a name of what the query names, and of those with the wanted aspect.

        The second mask has the changes if the query asks for a change, otherwise all measures that are no changes.
        """
        columns, is_change = self._columns, self.aspect == "change"
        has_name = np.zeros(len(columns.indicators), bool)
        has_name[[*self._first_step.named]] = True
        has_aspect = np.array(
            [(change is not None) == is_change for _, _, _, _, change, *_ in columns.attributes], bool
        )
        return has_name[columns.indicator_of], has_aspect[columns.attributes_of]

    def hits(self, offset: int, limit: int | None, analyzer: Analyzer) -> list[MeasureHit]:
        """Return the measures of `page` as hits with snippets."""
        return [build_hit(measure, score, analyzer) for measure, score in self.page(offset, limit)]

    def _page_ordinals(self, offset: int, limit: int | None) -> tuple[list[int], list[float]]:
        """Return the ordinals and the scores of the measures on a page."""
        end = self.total if limit is None else offset + limit
        ordinals, scores = self._best if end <= len(self._best[0]) else self._rank(end)
        return ordinals[offset:end].tolist(), [round(score, 6) for score in scores[offset:end].tolist()]

    def _rank(self, count: int) -> tuple[_Ordinals, _Scores]:
        """Return ordinals and scores of the best `count` measures, best first. Sorts no others."""
        ordinals, scores = self._best
        top = _top_k(self._first_scores, count)
        order = top.take((-self._first_scores.take(top)).argsort(kind="stable"))
        others = order[len(ordinals) :]  # the first ones are those of `_best`
        return np.concatenate([ordinals, others]), np.concatenate([scores, self._first_scores.take(others)])

    def _rescore(self, ordinals: Sequence[int]) -> list[float]:
        """Return the scores of step two. Reads the texts around the measures."""
        if not self._features.gram_weights:  # a query without words, such as *
            return [0.0] * len(ordinals)
        # A measure whose indicator contains the whole query keeps its score: no text can add to it.
        partial = [ordinal for ordinal in ordinals if not self._first_step.is_complete(ordinal)]
        terms = dict.fromkeys(ordinals, (1.0, 1.0)) | self._score_texts(partial)
        return [self._first_step.rescore(ordinal, *terms[ordinal]) for ordinal in ordinals]

    def _score_texts(self, ordinals: Sequence[int]) -> dict[int, tuple[float, float]]:
        """Return the coverage and the share of the head of step two for each measure."""
        contexts = self._columns.contexts(ordinals)
        texts = _fold_distinct([context.text for context in contexts])
        headings = _fold_distinct(["\n".join((*context.path, context.title or "")) for context in contexts])
        renamed, indicator_of = self._first_step.renamed, self._columns.indicator_of.take(ordinals).tolist()
        printed = self._columns.indicators.texts(indicator_of)
        indicators = _fold_distinct([renamed.get(*item) for item in zip(indicator_of, printed, strict=True)])
        return {
            ordinal: self._coverage_and_head(context.start, context.end, *folded)
            for ordinal, context, *folded in zip(ordinals, contexts, texts, indicators, headings, strict=True)
        }

    def _coverage_and_head(
        self, start: int, end: int, paragraph: str, indicator: str, headings: str
    ) -> tuple[float, float]:
        """Return the coverage and the share of the head of step two, from 0 to 1, of a measure.

        Its quote is `paragraph[start:end]`. The three texts are folded.
        """
        quote, sentence = paragraph[start:end], paragraph[_sentence_start(paragraph, start) : end]
        coverage, weights = 0.0, self._first_step.gram_weights
        containers: Sequence[Container[str]] = (indicator, headings, paragraph)
        if len(weights) > _MANY_GRAMS:
            found = [self._first_step.grams_in(text) for text in (indicator, headings, paragraph)]
            containers, weights = found, self._first_step.weights_of(set().union(*found))
        in_indicator, in_headings, in_paragraph = containers
        for gram, weight in weights.items():
            if gram in in_indicator:  # the texts are tried in descending order of their factors
                coverage += weight * IN_INDICATOR
            elif gram in quote:
                coverage += weight * IN_QUOTE
            elif gram in sentence:
                coverage += weight * IN_SENTENCE
            elif gram in in_headings:
                coverage += weight * IN_HEADINGS
            elif gram in in_paragraph:
                coverage += weight * IN_PARAGRAPH
        head_matches = sum(gram in indicator or gram in quote for gram in self._features.head_grams)
        return coverage / self._first_step.total_weight, head_matches / (len(self._features.head_grams) or 1)


def _fold_distinct(texts: Sequence[str]) -> list[str]:
    """Return each text folded. Equal texts, such as those of one paragraph, are folded once."""
    distinct = [*dict.fromkeys(texts)]
    folded = dict(zip(distinct, fold_all(distinct), strict=True))
    return [folded[text] for text in texts]


class _QueryFeatures:
    """The properties of a query that scores depend on."""

    def __init__(self, query: Query, names: QueryNames, unit: str | None) -> None:
        scoring = query.scoring
        clauses = names.measure_clauses(scoring)
        self.gram_weights = {**query_grams(clauses, 1), **query_grams(clauses, 2)}
        """Weights of the grams of the query. An occurrence of a gram in a clause adds the weight of the clause."""
        max_weight = max((clause.weight for clause in clauses), default=0.0)
        words = [clause.terms[-1] for clause in clauses if clause.weight == max_weight and clause.terms]
        head = words[-1] if words else ""
        self.head_grams = tuple(grams(head, 2)) or tuple(grams(head, 1))
        """Bigrams of the head, or its only character. The head is the last word of the query. Clauses below the highest
        weight do not count, because synonyms have a lower weight."""
        text = " ".join(clause.text for clause in scoring)
        self._change_penalty = 0.0 if _CHANGE_QUERY.search(text) else CHANGE_PENALTY
        self.is_of_change = names.aspect == "change"
        """Whether the query names a change."""
        self._percent_penalty = 0.0 if _PERCENT_QUERY.search(text) else PERCENT_PENALTY
        self._unit = base_unit(unit)
        self._status = "target" if _TARGET_QUERY.search(text) else "actual"
        self._is_cumulative = bool(_CUMULATIVE_QUERY.search(text))
        self._span = _find_span(query)

    def penalties(self, columns: MeasureColumns) -> _Scores:
        """Return the sum of the penalties of each measure, without that of an addition."""
        of_attributes = _map_distinct(
            [(unit, bound, kind, change) for _, unit, bound, kind, change, *_ in columns.attributes],
            self._penalty_of_attributes,
        )
        of_times = _map_distinct(
            [(of_year, since, part, status) for of_year, since, part, _, status in columns.times], self._penalty_of_time
        )
        years = np.array([of_year or 0 if status == "actual" else 0 for of_year, *_, status in columns.times], np.int64)
        years = years[columns.time_of]
        is_of_other_year = (years != columns.reviewed_years) & (years > 0)
        penalties: _Scores = of_attributes[columns.attributes_of] + of_times[columns.time_of]
        penalties += OTHER_YEAR_PENALTY * is_of_other_year + PART_PENALTY * columns.is_part
        return penalties

    def _penalty_of_attributes(self, unit: str | None, bound: str, kind: str, change: str | None) -> float:
        is_in_unit = self._unit is None or unit_family(unit) == unit_family(self._unit)
        unit_penalty = COUNTER_PENALTY if {self._unit, unit} <= _COUNTERS else UNIT_PENALTY
        level_penalty = CHANGE_PENALTY if self.is_of_change else 0.0
        return (
            (self._change_penalty if change else level_penalty)
            + self._percent_penalty * (kind == "percent")
            + unit_penalty * (not is_in_unit)
            + INEXACT_PENALTY * (bound != "exact")
        )

    def _penalty_of_time(self, of_year: int | None, since: int | None, part: str | None, status: str) -> float:
        is_total = since is not None
        if self._span is None:
            misfit = int(is_total != self._is_cumulative)
        else:  # the total of the range fits best, then the values of single years, then totals of other ranges
            misfit = 0 if (since, of_year) == self._span else 1 + is_total
        return (
            STATUS_PENALTY * (status != self._status)
            + CUMULATIVE_PENALTY * misfit
            + PART_OF_YEAR_PENALTY * (part is not None)
        )


_Key = TypeVar("_Key", bound=tuple[object, ...])


def _map_distinct(keys: Sequence[_Key], function: Callable[..., float]) -> _Scores:
    """Return the result of a function for each tuple of arguments. Calls it once for each distinct one."""
    results = {key: function(*key) for key in set(keys)}
    return np.array([results[key] for key in keys], np.float64)


class _FirstStep:
    """Step one: scores all measures by indicator and paragraph. Each distinct indicator is scored once."""

    def __init__(self, columns: MeasureColumns, features: _QueryFeatures, names: QueryNames) -> None:
        indicators, grams = columns.indicators, [*features.gram_weights]
        self._indicator_of = columns.indicator_of
        """Ordinal of each measure's indicator. `_precision`, `_coverage` and `_head` have an element for each
        indicator; `_paragraph` has an element for each measure."""
        is_used = np.zeros(len(indicators), bool)  # an indicator that no measure has must not change the idf
        is_used[columns.indicator_of] = True
        used_count = int(np.count_nonzero(is_used))
        changes = names.find_changes(indicators, is_used) if features.is_of_change else {}
        named = names.rename(indicators, is_used)
        self.named = named.keys()
        """The ordinals of the indicators that name a measure of the query."""
        self.renamed = changes | named
        """Texts in place of indicators, by ordinal. An indicator that names a measure of the query has the words of the
        query instead. If the query names a change, the indicators of all other changes lose their words of change."""
        is_addition = names.find_additions(indicators, is_used)
        self.penalties = features.penalties(columns) + ADDITION_PENALTY * is_addition[self._indicator_of]
        """Sum of the penalties of each measure."""
        matches, self._precision = _match_grams(indicators, self.renamed, grams)
        idfs = [idf(int(np.count_nonzero(is_used.take(ordinals))), used_count) for ordinals in matches]
        self.gram_weights = {
            gram: weight * rarity for (gram, weight), rarity in zip(features.gram_weights.items(), idfs, strict=True)
        }
        """Grams of the query: weight in the query × idf over the indicators."""
        self._order = {gram: n for n, gram in enumerate(grams)}
        """Position of each gram in `gram_weights`."""
        self._grams_in: dict[str, AbstractSet[str]] = {}
        """The results of `grams_in`: the measures of a paragraph have most of their texts in common."""
        self.total_weight = sum(self.gram_weights.values()) or 1.0
        """Sum of `gram_weights`, or 1 if it is 0."""
        is_head = [float(gram in features.head_grams) for gram in grams]
        self._coverage = _sum_weights(matches, [*self.gram_weights.values()], len(indicators)) / self.total_weight
        self._head = _sum_weights(matches, is_head, len(indicators)) / (len(features.head_grams) or 1)
        self._is_complete = _sum_weights(matches, [1.0] * len(grams), len(indicators)) == len(grams)
        # The head is a term (13件), whose grams the text of the query (十三件) can lack.
        self._is_complete &= self.gram_weights.keys() >= set(features.head_grams)
        self._paragraph = columns.scores / (columns.scores.max(initial=0.0) or 1.0)
        if names.scores_no_paragraph:
            self._paragraph = np.ones(len(columns.scores))

    def scores(self) -> _Scores:
        """Return the score of each measure."""
        by_indicator = COVERAGE_WEIGHT * self._coverage + HEAD_WEIGHT * self._head + PRECISION_WEIGHT * self._precision
        scores: _Scores = by_indicator[self._indicator_of] + PARAGRAPH_WEIGHT * self._paragraph - self.penalties
        return scores

    def grams_in(self, text: str) -> AbstractSet[str]:
        """Return the grams of the query that occur in a text. Takes 0.1 µs per character, once for each text."""
        found = self._grams_in.get(text)
        if found is None:
            found = self._grams_in[text] = self._order.keys() & {*text, *map(add, text, text[1:])}
        return found

    def weights_of(self, grams: AbstractSet[str]) -> dict[str, float]:
        """Return the `gram_weights` of some grams, in the same order. Takes 0.1 µs per gram."""
        return {gram: self.gram_weights[gram] for gram in sorted(grams, key=self._order.__getitem__)}

    def is_complete(self, ordinal: int) -> bool:
        """Return whether the indicator of a measure contains all grams of the query."""
        return bool(self._is_complete[self._indicator_of[ordinal]])

    def rescore(self, ordinal: int, coverage: float, head: float) -> float:
        """Return the score of step two of a measure with this coverage and this share of the head."""
        precision = coverage * self._precision[self._indicator_of[ordinal]]
        terms = COVERAGE_WEIGHT * coverage + PRECISION_WEIGHT * precision + HEAD_WEIGHT * head
        return float(terms + PARAGRAPH_WEIGHT * self._paragraph[ordinal] - self.penalties[ordinal])


def _find_span(query: Query) -> tuple[int, int] | None:
    """Return the first and the last year of the range of years in a query, as it is written.

    The index need not have a report of each year. The last year of an open range (2019年以来) is the last one of the
    index. Returns None if the query names no years, a single year, or years in several places.
    """
    ranges = [item for item in query.understood if item.facet == "of_year"]
    if len(ranges) != 1:
        return None
    first, last = int(ranges[0].values[0]), int(ranges[0].values[-1])
    if written := find_query_year(fold("".join(ranges[0].words.split())), 0):
        first, last = written.first, last if written.last == MAX_YEAR else written.last
    return None if first == last else (first, last)


def _match_grams(
    indicators: Indicators, renamed: Mapping[int, str], grams: Sequence[str]
) -> tuple[list[_Ordinals], _Scores]:
    """Return `Indicators.match_grams` of indicators, some of which are renamed. `renamed`: their new texts.

    The indicators with a gram are in no particular order. `grams` contains every character of its bigrams.
    """
    matches, precision = indicators.match_grams(grams)
    if not renamed:
        return matches, precision
    ordinals = np.fromiter(renamed, np.int64, len(renamed))
    is_renamed = np.zeros(len(indicators), bool)
    is_renamed[ordinals] = True
    new_matches, precision[ordinals] = Indicators.of_texts([*renamed.values()]).match_grams(grams)
    return [
        np.concatenate([old.compress(~is_renamed.take(old)), ordinals.take(new)])
        for old, new in zip(matches, new_matches, strict=True)
    ], precision


def _sum_weights(matches: Sequence[_Ordinals], weights: Sequence[float], count: int) -> _Scores:
    """Return for each of `count` indicators the sum of the weights of the grams that it contains.

    `matches`: the indicators that contain each gram. The weights are added in the order of the grams.
    """
    sums = np.zeros(count)
    for ordinals, weight in zip(matches, weights, strict=True):
        if weight:
            sums[ordinals] += weight
    return sums


def _top_k(scores: _Scores, k: int) -> _Ordinals:
    """Return the ordinals of the `k` largest scores, in ascending order of the ordinals.

    Of the scores that equal the k-th largest, those with the lowest ordinals are taken.

    Returns all ordinals if there are at most `k` scores.
    """
    if len(scores) <= k:
        return np.arange(len(scores))
    threshold = np.partition(scores, -k)[-k]
    above = np.flatnonzero(scores > threshold)
    return np.sort(np.concatenate([above, np.flatnonzero(scores == threshold)[: k - len(above)]]))


def build_hit(measure: Measure, score: float, analyzer: Analyzer) -> MeasureHit:
    """Return the hit for a measure.

    The snippet is chosen from the part of the sentence between the previous and the next occurrence of the same quote,
    so that it shows this occurrence.
    """
    text = measure.source.text
    after_sentence = _SENTENCE_END.search(text, measure.end)
    first, last = _sentence_start(text, measure.start), after_sentence.end() if after_sentence else len(text)
    before, after = text[first : measure.start], text[measure.end : last]
    first += len(before) - len(before.rpartition(measure.quote)[2])
    part = text[first : measure.end] + after.partition(measure.quote)[0]
    window = Highlighter(Substring(fold(measure.quote)), analyzer).snippet(part)
    return MeasureHit(measure.extracted, measure.source, score, window.text, first + window.start)


def _sentence_start(text: str, offset: int) -> int:
    """Return the start of the sentence that contains an offset of a text."""
    return max([text.rfind(mark, 0, offset) for mark in _SENTENCE_ENDS]) + 1
