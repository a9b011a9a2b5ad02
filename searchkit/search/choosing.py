"""Chooses the measures that can be quoted: of one indicator, in one kind of unit, one for each place, body and year.

Tables (`compare`) and look-ups that sort or calculate use this module, so both take the same measures. There are three
steps: `read_candidates` reads the measures that may answer a query, `choose_indicator` chooses what is counted and in
which unit, and `choose_measures` sorts the measures by fact, the best of each fact first, and gives the reason for each
that is left out. A fact is a place, a body and a year (`Fact`). A measure is listed if its name is in the list of names
of the index (`query.naming`). `query.agreement` decides which indicators agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import TYPE_CHECKING, Literal, NamedTuple

from searchkit.model import ExtractedMeasure, Measure, Note, reviewed_year
from searchkit.names import MEASURE_STATUSES
from searchkit.query.agreement import (
    has_other_period,
    has_same_wording,
    is_same_measure,
    name_similarity,
    thing_similarity,
)
from searchkit.query.facets import year_of_measure
from searchkit.query.naming import Aspect, IndicatorNames, MeasureName, is_change_word
from searchkit.query.unit_conversion import unit_family

if TYPE_CHECKING:
    from searchkit.search.lookup import MeasureRanking

Reason = Literal[
    "other_indicator",
    "similar_indicator",
    "other_aspect",
    "other_unit",
    "other_status",
    "cumulative",
    "part_of_year",
    "part_of_total",
    "repeated",
]
"""Why a measure is left out:

- `other_indicator`: it counts another thing.
- `similar_indicator`: it counts a thing with a similar name, which may be the same.
- `other_aspect`: it is a change, an addition or a level of the thing, and another of these is asked for.
- `other_unit`: its unit is of another kind.
- `other_status`: its status is not asked for: it is a target, for example, and actual values are asked for.
- `cumulative`: it is a total or a mean of several years; or, if totals of certain years are asked for (`span`), it is
  not a total of exactly these years.
- `part_of_year`: it is of a part of a year.
- `part_of_total`: it is a part of a total that is a measure of the same fact.
- `repeated`: another measure states the same fact.
"""

MIN_SIMILARITY = 0.45
"""Minimum similarity of two names that are treated as the same one (`agreement.name_similarity`)."""
_MIN_SIMILARITY_IN_OTHER_UNIT = 0.55
"""Minimum similarity of the names of measures in different units that are treated as the same one. It is higher than
`MIN_SIMILARITY`, because such measures rarely count the same things."""
_MAX_CONTENDERS = 20
"""Maximum number of indicators that are scored on all candidates. Each costs one pass over the candidates."""

_FIRST_PAGE_SIZE = 1000
"""Number of ranked measures in the first page that is read. Each further page has twice as many as the one before. The
best score, to which relevance is relative, is that of the first page."""
MAX_CANDIDATES, MAX_POOR_CANDIDATES = 15_000, 1_000
"""Maximum number of ranked measures that are read: four pages, or one if no measure answers the query well, as for
pasted text. If none does, nearly all measures are as relevant as the best one."""
_MIN_RELEVANCE = 0.25
"""If the last measure of a page has at least this relevance, another page is read. Less relevant measures have no
similar indicator."""
_MIN_SHARE_OF_WORDING = 0.25
"""If the number of reports with the wording of a query is at least this share of the number of reports with the most
frequent name, only that wording is considered."""
_MIN_VOTING_RELEVANCE = 0.5
"""Smallest relevance of a measure that takes part in the choice of the indicator. Less relevant measures are ignored,
so that they cannot win by their number."""

_WHOLE_YEAR = {None, "01-12"}
"""Values of `Measure.part` of a measure of a whole year."""
_YEARLY_MEAN = re.compile("(?<![全今当])年均(?!.{0,20}浓度|气温|温度|降[水雨雪]|值|水平)|平均(?:每年)?增|每年平均")
"""Matches words that make a measure a mean of several years. The yearly mean of a concentration (年均PM2.5浓度) is a
measure of one year, and 全年均达到 says that all values of one year reached something."""
_MILESTONE = re.compile("(?:突破|跨越|跨上|跨过|迈上|迈过|越过|连跨)[^达为增]*$")
"""Matches a word that says that the value after it was passed, unless a verb comes between:
突破3000亿元达到3320亿元."""
_MAX_CLAUSE = 40
"""Maximum number of code points before a measure in its clause (`clause_of`)."""
_INEXACT_WEIGHT = 0.95
"""Factor of the weight of a measure that is not exact (约, 余)."""
_PART_WEIGHT = 0.8
"""Factor of the weight of a measure that is part of another one."""
_OTHER_PERIOD_WEIGHT = 0.6
"""Factor of the weight of a measure of another period than the reporting year."""
_PLAN_WEIGHT = 0.5
"""Factor of the weight of a measure in the section 计划."""
_CHANGE_WEIGHT = 0.3
"""Factor of the weight of a change (同比增长) in both steps of `choose_indicator`, unless the query is about
changes."""


@dataclass(frozen=True, slots=True)
class RankedMeasure:
    """A measure that matches the query."""

    measure: Measure
    name: MeasureName
    """The name of the measure."""
    relevance: float
    """Score of the measure divided by the best score: 0 to 1, and at most the relevance of the measure before it. 1 for
    all measures if the best score is not above 0."""
    score: float = 0.0
    """Score of the measure."""

    @property
    def group(self) -> tuple[str, str, str]:
        """Kind, unit family and aspect of the measure. One thing can have measures of several groups."""
        extracted = self.measure.extracted
        return extracted.kind, unit_family(extracted.base_unit), self.name.aspect

    @property
    def weight(self) -> float:
        """1 for an exact total of the reporting year, less for 约, a part, another period or a plan."""
        measure, extracted = self.measure, self.measure.extracted
        weight = 1.0 if extracted.bound == "exact" else _INEXACT_WEIGHT
        weight *= 1.0 if extracted.part_of is None else _PART_WEIGHT
        weight *= _OTHER_PERIOD_WEIGHT if has_other_period(measure) else 1.0
        return weight * (_PLAN_WEIGHT if measure.source.section == "计划" else 1.0)


@dataclass(frozen=True, slots=True)
class IndicatorSpec:
    """The indicator, kind and unit family of the measures in a table."""

    indicator: str
    """The indicator in the words of its most relevant measure. The indicator of a change ends with 增长."""
    name: MeasureName
    """The name that all measures of the table have, or are similar to."""
    kind: str
    """One of `MEASURE_KINDS`."""
    family: str
    """The unit family: 件 for 件, 起 and 宗."""
    aspect: str
    """What the measures state about the thing: one of `naming.Aspect`."""

    def similarities(self, names: Iterable[MeasureName]) -> dict[MeasureName, float]:
        """Return the similarity of each name to that of the table. Cost: about 10 µs per name, less if it is listed."""
        return {name: name_similarity(self.name, name) for name in names}

    def has_unit_of(self, measure: ExtractedMeasure) -> bool:
        """Return whether the unit of a measure is in the family, or the measure is a statement of zero without unit."""
        return unit_family(measure.base_unit) == self.family or (measure.zero and not measure.base_unit)

    def admits(self, measure: ExtractedMeasure, similarity: float) -> bool:
        """Return whether a measure belongs in the table. `similarity` is that of its name, from `similarities`."""
        return similarity >= MIN_SIMILARITY and self.has_unit_of(measure) and self._has_same_kind(measure)

    def admits_in_other_unit(self, candidate: RankedMeasure, similarity: float) -> bool:
        """Return whether a measure belongs in the table even if its unit does not fit.

        The similarity must be higher than in `admits`, and one of the two names must contain the other: 立案 and
        立案处罚, but not 审核人员 and 法制审核.
        """
        if similarity < _MIN_SIMILARITY_IN_OTHER_UNIT or not self._has_same_kind(candidate.measure.extracted):
            return False
        return self.name.text in candidate.name.text or candidate.name.text in self.name.text

    def _has_same_kind(self, measure: ExtractedMeasure) -> bool:
        """Return whether a measure is of the same kind, and a change if and only if this indicator is one."""
        return measure.kind == self.kind and (measure.change is not None) == (self.aspect == "change")


class Fact(NamedTuple):
    """What a measure states a value of, besides the indicator: all measures of one fact should have one value."""

    place: tuple[str, ...]
    """The region of the report. If the region is unknown, the id of the report is the only element."""
    body: str | None
    """The agency of the report."""
    of_year: int | None
    """The year of the measure or, if it is unknown, of the report (`year_of_measure`)."""
    since: int | None
    """The first year of a measure of several years."""


class ChosenMeasures(NamedTuple):
    """The measures of an indicator, by fact."""

    facts: dict[Fact, list[RankedMeasure]]
    """The measures of each fact, the one to quote first. The facts are in the order of their best candidates."""
    left_out: list[tuple[RankedMeasure, Reason]]
    """The candidates that belong to no fact, with the reason. `repeated` is never the reason: the measures of a fact
    after the first stay in `facts`."""


def read_candidates(ranking: MeasureRanking, names: IndicatorNames) -> list[RankedMeasure]:
    """Return ranked measures, best first, at most `max_candidates`.

    Reads pages until the relevance falls below `_MIN_RELEVANCE`, or the maximum is reached.
    """
    pairs: list[tuple[Measure, float]] = []
    page_size = _FIRST_PAGE_SIZE
    while True:
        page = ranking.page(len(pairs), page_size)
        pairs += page
        best = max((score for _, score in pairs[:_FIRST_PAGE_SIZE]), default=0.0)
        is_last = len(page) < page_size or len(pairs) >= max_candidates(ranking)
        if is_last or (best > 0 and page[-1][1] / best < _MIN_RELEVANCE):
            return _rank_by_relevance(pairs, names)
        page_size *= 2


def read_named(ranking: MeasureRanking, names: IndicatorNames) -> list[RankedMeasure]:
    """Return the ranked measures that can be in a table, best first.

    If the query names a listed measure, only measures with one of its names can. Otherwise returns the measures of
    `read_candidates`.
    """
    if ranking.wanted is None or not ranking.wanted.is_listed:
        return read_candidates(ranking, names)
    return _rank_by_relevance(ranking.named(), names)


def max_candidates(ranking: MeasureRanking) -> int:
    """Return the maximum number of ranked measures that are read."""
    return MAX_POOR_CANDIDATES if ranking.is_poor else MAX_CANDIDATES


def note_candidates(candidates: Sequence[RankedMeasure], ranking: MeasureRanking) -> tuple[Note, ...]:
    """Return a note if `read_candidates` left out measures of the ranking that may be relevant."""
    if len(candidates) != max_candidates(ranking) or len(candidates) == ranking.total:
        return ()
    text = f"only the {len(candidates)} best of {ranking.total} measures are considered; narrow the query"
    return (Note("too_many_measures", text),)


def _rank_by_relevance(pairs: Sequence[tuple[Measure, float]], names: IndicatorNames) -> list[RankedMeasure]:
    """Return measures with their scores, best first, as candidates."""
    best = max((score for _, score in pairs[:_FIRST_PAGE_SIZE]), default=0.0)
    candidates: list[RankedMeasure] = []
    relevance = 1.0
    for measure, score in pairs:
        # Only the best 200 are rescored, so the next score can be higher. Scores can also be below 0.
        relevance = max(0.0, min(relevance, score / best)) if best > 0 else 1.0
        candidates.append(RankedMeasure(measure, names.name_of(measure), relevance, score))
    return candidates


def choose_measures(
    spec: IndicatorSpec,
    candidates: Iterable[RankedMeasure],
    statuses: Sequence[str] = ("actual",),
    span: tuple[int, int] | None = None,
) -> ChosenMeasures:
    """Sort the measures of an indicator by fact, and give the reason for each candidate that is left out.

    Only measures with one of `statuses` are chosen (empty: any), and only those of one whole year or, if `span` is
    given, only totals from its first to its last year. The measures of a fact are sorted by `_preference`. A part of a
    total is left out if the fact has a measure of the same status that is no part.
    """
    facts: dict[Fact, list[RankedMeasure]] = {}
    left_out: list[tuple[RankedMeasure, Reason]] = []
    listed = list(candidates)
    similarities = spec.similarities({item.name for item in listed})
    for item in listed:
        reason = _find_reason(spec, item, similarities[item.name], statuses, span)
        if reason:
            left_out.append((item, reason))
        else:
            facts.setdefault(fact_of(item.measure), []).append(item)
    for fact, items in facts.items():
        if len(items) == 1:
            continue
        with_total = {item.measure.status for item in items if item.measure.extracted.part_of is None}
        parts = [
            item for item in items if item.measure.extracted.part_of is not None and item.measure.status in with_total
        ]
        left_out += [(item, "part_of_total") for item in parts]
        facts[fact] = sorted((item for item in items if item not in parts) if parts else items, key=_preference)
    return ChosenMeasures(facts, left_out)


def fact_of(measure: Measure) -> Fact:
    """Return the fact that a measure states a value of."""
    source = measure.source
    return Fact(source.region or (source.document,), source.agency, year_of_measure(measure), measure.extracted.since)


def _find_reason(
    spec: IndicatorSpec,
    item: RankedMeasure,
    similarity: float,
    statuses: Sequence[str],
    span: tuple[int, int] | None,
) -> Reason | None:
    """Return why a candidate belongs to no fact, None if it does."""
    measure = item.measure.extracted
    if item.name.aspect != spec.aspect:
        is_same_thing = thing_similarity(spec.name, item.name) >= MIN_SIMILARITY
        return "other_aspect" if is_same_thing else "other_indicator"
    if similarity < MIN_SIMILARITY:
        return "other_indicator"
    if not has_same_wording(spec.name, item.name):
        return "similar_indicator" if spec.has_unit_of(measure) else "other_indicator"
    if not spec.admits(measure, similarity):
        return "other_unit"
    if statuses and measure.status not in statuses:
        return "other_status"
    if span:
        is_cumulative = (measure.since, year_of_measure(item.measure)) != span
    else:
        is_cumulative = measure.since is not None or is_yearly_mean(item.measure)
    of_part: Reason | None = None if measure.part in _WHOLE_YEAR else "part_of_year"
    return "cumulative" if is_cumulative else of_part


def is_exact(measure: Measure) -> bool:
    """Return whether a measure states its value exactly: neither 约5000亿元 nor 突破5000亿元."""
    return measure.bound == "exact" and not is_milestone(measure)


def is_milestone(measure: Measure) -> bool:
    """Return whether a measure states that its value was passed: 跨越5000亿元、6000亿元两个台阶."""
    return _MILESTONE.search(clause_of(measure)) is not None


def is_yearly_mean(measure: Measure) -> bool:
    """Return whether a measure is a mean of several years: 年均增长8%."""
    return _YEARLY_MEAN.search(clause_of(measure)) is not None


def clause_of(measure: Measure) -> str:
    """Return the clause of a measure, from at most `_MAX_CLAUSE` code points before the measure to its end."""
    text, start = measure.source.text, measure.extracted.start
    before = text[max(0, start - _MAX_CLAUSE) : start]
    return before[max(map(before.rfind, "，。；,;")) + 1 :] + text[start : measure.extracted.end]


def years_after(measure: Measure) -> int:
    """Return the year that the report of a measure reports on (for a target: plans), minus the year of the measure.

    0 for the report that reports on the year of the measure, and if a year is unknown; negative for an earlier report.
    """
    reviewed, of_year = reviewed_year(measure.year, measure.doctype), year_of_measure(measure)
    return 0 if reviewed is None or of_year is None else reviewed + (measure.status == "target") - of_year


def _preference(item: RankedMeasure) -> tuple[object, ...]:
    """Return the sort key of a measure among those of its fact: smaller is better.

    These criteria decide, in this order:

    (a) the status, in the order of `MEASURE_STATUSES`;
    (b) the report: first the report that reports on the year of the measure, then later reports, then earlier reports,
        each the nearest first;
    (c) exact values before others;
    (d) measures that are not part of a total before parts;
    (e) the id of the document, then the position.
    """
    measure, distance = item.measure, years_after(item.measure)
    return (
        MEASURE_STATUSES.index(measure.status),
        distance < 0,  # an earlier report has no final value
        abs(distance),
        not is_exact(measure),
        measure.extracted.part_of is not None,
        # A report states the value of its place first. What follows under the same name is often of a smaller area.
        measure.source.document,
        measure.source.n,
        measure.extracted.start,
    )


def choose_indicator(
    candidates: Sequence[RankedMeasure], wanted: MeasureName | None = None, aspect: Aspect | None = None
) -> IndicatorSpec | None:
    """Return the indicator that answers the query best in most reports. None if there are no candidates.

    `candidates` are best first. `wanted` is the measure that the query names, if it names one. If `wanted` is listed,
    only its measures are considered; if it is a change, only changes; otherwise only measures with its wording, unless
    few reports have such a measure (`_MIN_SHARE_OF_WORDING`): 老旧小区 where most reports write 老旧小区改造.
    `aspect`, if given, is what the query asks for: measures of another aspect are ignored. Candidates below
    `_MIN_VOTING_RELEVANCE` are ignored. The choice has two steps. Measures with the same name but another kind, unit
    family or aspect are counted apart.

    1. Each report votes for each of its names. The vote is the highest score of its measures of that name. The score of
       a measure is (relevance · weight)².
    2. The 20 names with the highest sums of votes are scored on all reports. Of each report, the best measure that a
       table of the name would admit counts: the highest product of score and similarity. The name with the highest sum
       is returned.

    Changes (同比增长) have a low weight. If the best candidate is a change, the query is about changes. Changes then
    have full weight.
    """
    candidates = [item for item in candidates if item.relevance >= _MIN_VOTING_RELEVANCE]
    if wanted is not None:
        candidates = _select_named(candidates, wanted)
    if aspect is not None:
        candidates = [item for item in candidates if item.name.aspect == aspect]
    change_weight = 1.0 if candidates and candidates[0].measure.change else _CHANGE_WEIGHT
    scores = [item.relevance * item.weight for item in candidates]
    votes = _count_votes(candidates, scores, change_weight)
    contenders = nlargest(_MAX_CONTENDERS, votes, key=votes.__getitem__)
    # Reversed, so that the best measure is the last one to set the words of its name.
    best = {(item.name.text, item.group): item for item in reversed(candidates)}
    specs = [IndicatorSpec(_label(best[key].measure), best[key].name, *key[1]) for key in contenders]
    if len(specs) < 2:  # noqa: PLR2004 - nothing to choose from
        return next(iter(specs), None)
    return max(specs, key=_make_scorer(candidates, scores, change_weight))


def _label(measure: Measure) -> str:
    """Return the indicator of a measure. For a change it ends with 增长, also for a decrease: a table has both."""
    if measure.change is None:
        return measure.indicator
    thing, _, last = measure.indicator.rpartition(" ")
    return f"{thing if thing and is_change_word(last) else measure.indicator} 增长"


def _select_named(candidates: Sequence[RankedMeasure], wanted: MeasureName) -> list[RankedMeasure]:
    """Return the candidates that may be the measure that a query names."""
    if wanted.is_listed:
        return [item for item in candidates if is_same_measure(item.name, wanted)]
    if wanted.aspect == "change":
        return [item for item in candidates if item.name.aspect == "change"]
    same = [item for item in candidates if has_same_wording(item.name, wanted)]
    reports: dict[str, set[str]] = {}
    for item in candidates:
        reports.setdefault(item.name.text, set()).add(item.measure.document)
    most = max(map(len, reports.values()), default=0)
    is_common = len({item.measure.document for item in same}) >= most * _MIN_SHARE_OF_WORDING
    return same if same and is_common else [*candidates]


def _count_votes(
    candidates: Sequence[RankedMeasure], scores: Sequence[float], change_weight: float
) -> dict[tuple[str, tuple[str, str, str]], float]:
    """Return the sum of the votes of all reports for each pair of the text of a name and a group."""
    votes: dict[tuple[str, tuple[str, str, str]], dict[str, float]] = {}
    for item, plain in zip(candidates, scores, strict=True):
        by_report = votes.setdefault((item.name.text, item.group), {})
        score = (plain * (change_weight if item.measure.extracted.change else 1.0)) ** 2
        document = item.measure.source.document
        by_report[document] = max(score, by_report.get(document, 0.0))
    return {name: sum(by_report.values()) for name, by_report in votes.items()}


def _make_scorer(
    candidates: Sequence[RankedMeasure], scores: Sequence[float], change_weight: float
) -> Callable[[IndicatorSpec], float]:
    """Return a function that scores an indicator on all candidates."""
    names = {item.name for item in candidates}
    # Whether a table admits a measure depends on few properties. Of the measures of a report with the same properties,
    # only the best can count.
    classes: dict[tuple[MeasureName, str, str | None, bool, bool], tuple[int, ExtractedMeasure]] = {}
    best_of: dict[tuple[int, str], float] = {}
    for item, score in zip(candidates, scores, strict=True):
        measure = item.measure.extracted
        properties = item.name, measure.kind, measure.base_unit, measure.zero, measure.change is not None
        number, _ = classes.setdefault(properties, (len(classes), measure))
        key = number, item.measure.source.document
        best_of[key] = max(score**2, best_of.get(key, 0.0))

    def sum_scores(spec: IndicatorSpec) -> float:
        """Return the sum over all reports of the score of the best measure that the table would admit."""
        similarities, best = spec.similarities(names), dict[str, float]()
        factors = [
            similarities[name] if spec.admits(measure, similarities[name]) else None
            for (name, *_), (_, measure) in classes.items()
        ]
        for (number, document), score in best_of.items():
            factor = factors[number]
            if factor is not None:
                best[document] = max(factor * score, best.get(document, 0.0))
        return sum(best.values()) * (change_weight**2 if spec.aspect == "change" else 1.0)

    return sum_scores
