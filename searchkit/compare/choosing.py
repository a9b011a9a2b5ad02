"""Chooses the indicator and unit of a table, and selects its measures. `agreement` defines which indicators agree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest

from searchkit.compare.agreement import (
    has_other_period,
    is_same_measure,
    name_similarity,
    unit_family,
)
from searchkit.model import Measure
from searchkit.query.naming import MeasureName, is_change_word

MIN_SIMILARITY = 0.45
"""Smallest similarity of two names that are treated as the same one."""
_MIN_SIMILARITY_IN_OTHER_UNIT = 0.55
"""Smallest similarity of the names of measures in different units that are treated as the same one. It is
higher than `MIN_SIMILARITY`, because such measures rarely count the same things."""
_MAX_CONTENDERS = 20
"""Maximum number of indicators that are scored on all candidates. Each costs one pass over the candidates."""

_MIN_VOTING_RELEVANCE = 0.5
"""Smallest relevance of a measure that takes part in the choice of the indicator. Less relevant measures are ignored,
so that they cannot win by their number."""

_INEXACT_WEIGHT = 0.95
"""Factor of the weight of a measure that is not exact (约, 余)."""
_PART_WEIGHT = 0.8
"""Factor of the weight of a measure that is part of another one."""
_OTHER_PERIOD_WEIGHT = 0.6
"""Factor of the weight of a measure of another period than the reporting year."""
_PLAN_WEIGHT = 0.5
"""Factor of the weight of a measure in the section 计划."""
_CHANGE_WEIGHT = 0.3
"""Factor of the relevance of a change (同比增长) in a vote, unless the query is about changes."""


@dataclass(frozen=True, slots=True)
class RankedMeasure:
    """A measure that matches the query."""

    measure: Measure
    name: MeasureName
    """The name of the measure."""
    relevance: float
    """Score of the measure divided by the best score: 0 to 1, and at most that of the measures ranked before it."""

    @property
    def group(self) -> tuple[str, str, str]:
        """Kind, unit family and aspect of the measure. One thing can have measures of several groups."""
        return self.measure.kind, unit_family(self.measure.base_unit), self.name.aspect

    @property
    def weight(self) -> float:
        """1 for an exact total of the reporting year, less for 约, a part, another period or a plan."""
        measure = self.measure
        weight = (1.0 if measure.bound == "exact" else _INEXACT_WEIGHT) * (_PART_WEIGHT if measure.part_of else 1.0)
        weight *= _OTHER_PERIOD_WEIGHT if has_other_period(measure) else 1.0
        return weight * (_PLAN_WEIGHT if measure.section == "计划" else 1.0)


@dataclass(frozen=True, slots=True)
class IndicatorSpec:
    """The indicator, kind and unit family of the measures in a table."""

    indicator: str
    """The indicator in the words of its most relevant measure. A decrease is named as an increase."""
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

    def has_unit_of(self, measure: Measure) -> bool:
        """Return whether the unit of a measure is in the family, or the measure is a statement of zero without unit."""
        return unit_family(measure.base_unit) == self.family or (measure.zero and not measure.base_unit)

    def admits(self, measure: Measure, similarity: float) -> bool:
        """Return whether a measure belongs in the table. `similarity` is that of its name, from `similarities`."""
        return similarity >= MIN_SIMILARITY and self.has_unit_of(measure) and self._has_same_kind(measure)

    def admits_in_other_unit(self, candidate: RankedMeasure, similarity: float) -> bool:
        """Return whether a measure belongs in the table even if its unit does not fit.

        The similarity must be higher than in `admits`, and one of the two names must contain the other: 立案 and
        立案处罚, but not 审核人员 and 法制审核.
        """
        if similarity < _MIN_SIMILARITY_IN_OTHER_UNIT or not self._has_same_kind(candidate.measure):
            return False
        return self.name.text in candidate.name.text or candidate.name.text in self.name.text

    def _has_same_kind(self, measure: Measure) -> bool:
        """Return whether a measure is of the same kind, and a change if and only if this indicator is one."""
        return measure.kind == self.kind and (measure.change is not None) == (self.aspect == "change")


def choose_indicator(candidates: Sequence[RankedMeasure], wanted: MeasureName | None = None) -> IndicatorSpec | None:
    """Return the indicator that answers the query best in most reports. None if there are no candidates.

    `candidates` are best first. `wanted` is the measure that the query names, if it names one. If candidates are the
    listed measure that the query names, or changes if it asks for a change, only these are considered. Candidates below
    `_MIN_VOTING_RELEVANCE` are ignored. The choice has two steps:

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
        candidates = [item for item in candidates if _answers(item.name, wanted)] or candidates
    change_weight = 1.0 if candidates and candidates[0].measure.change else _CHANGE_WEIGHT
    votes = _count_votes(candidates, change_weight)
    contenders = nlargest(_MAX_CONTENDERS, votes, key=votes.__getitem__)
    # Reversed, so that the best measure is the last one to set the words of its name.
    best = {(item.name.text, item.group): item for item in reversed(candidates)}
    specs = [IndicatorSpec(_label(best[key].measure), best[key].name, *key[1]) for key in contenders]
    return max(specs, key=_make_scorer(candidates, change_weight), default=None)


def _label(measure: Measure) -> str:
    """Return the indicator of a measure; that of a decrease as an increase, because a table has both: 投资 增长."""
    thing, _, last = measure.indicator.rpartition(" ")
    return f"{thing} 增长" if measure.change == "decrease" and thing and is_change_word(last) else measure.indicator


def _answers(name: MeasureName, wanted: MeasureName) -> bool:
    """Return whether a measure is the listed one that a query names, or a change like the one that a query asks for."""
    return is_same_measure(name, wanted) if wanted.is_listed else name.aspect == wanted.aspect


def _count_votes(
    candidates: Sequence[RankedMeasure], change_weight: float
) -> dict[tuple[str, tuple[str, str, str]], float]:
    """Return the sum of the votes of all reports for each pair of the text of a name and a group."""
    votes: dict[tuple[str, tuple[str, str, str]], dict[str, float]] = {}
    for item in candidates:
        by_report = votes.setdefault((item.name.text, item.group), {})
        score = (item.relevance * item.weight * (change_weight if item.measure.change else 1.0)) ** 2
        by_report[item.measure.document] = max(score, by_report.get(item.measure.document, 0.0))
    return {name: sum(by_report.values()) for name, by_report in votes.items()}


def _make_scorer(candidates: Sequence[RankedMeasure], change_weight: float) -> Callable[[IndicatorSpec], float]:
    """Return a function that scores an indicator on all candidates."""
    names = {item.name for item in candidates}

    def sum_scores(spec: IndicatorSpec) -> float:
        """Return the sum over all reports of the score of the best measure that the table would admit."""
        similarities, best = spec.similarities(names), dict[str, float]()
        for item in candidates:
            similarity = similarities[item.name]
            if spec.admits(item.measure, similarity):
                score = similarity * (item.relevance * item.weight) ** 2
                best[item.measure.document] = max(score, best.get(item.measure.document, 0.0))
        return sum(best.values()) * (change_weight**2 if spec.aspect == "change" else 1.0)

    return sum_scores
