"""Chooses the indicator and unit of a table, and selects its measures. `agreement` defines what is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest

from searchkit.compare.agreement import (
    NormalisedIndicator,
    has_other_period,
    indicator_similarity,
    normalise_indicator,
    unit_family,
)
from searchkit.model import Measure

MIN_SIMILARITY = 0.45
"""Smallest similarity of two indicators at which they count as the same."""
_MIN_SIMILARITY_IN_OTHER_UNIT = 0.55
"""The same limit for measures in different units, which are less likely to count the same things."""
_MAX_CONTENDERS = 20
"""Maximum number of indicators that are scored on all measures. Each costs one pass over them."""

_MIN_VOTING_RELEVANCE = 0.5
"""Smallest relevance of a measure that votes for its indicator. Less relevant measures never vote, even if they are
numerous."""

_INEXACT_WEIGHT, _PART_WEIGHT, _OTHER_PERIOD_WEIGHT, _PLAN_WEIGHT, _CHANGE_WEIGHT = 0.95, 0.8, 0.6, 0.5, 0.3
"""Weights of measures that are inexact, part of a total, of another period, in a plan, or a change. The weight of other
measures is 1."""


@dataclass(frozen=True, slots=True)
class RankedMeasure:
    """A measure that answers the query, with its relevance relative to the best one, from 0 to 1."""

    measure: Measure
    relevance: float

    @property
    def group(self) -> tuple[str, str, bool]:
        """Kind, unit family, and whether it is a change. The measures of one table have the same group."""
        return self.measure.kind, unit_family(self.measure.base_unit), self.measure.change is not None

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
    """The indicator in the words of its most relevant measure."""
    kind: str
    family: str
    """The unit family: 件 for 件, 起 and 宗."""
    is_change: bool

    def similarities(self, measures: Iterable[Measure]) -> dict[str, float]:
        """Return the similarity of each indicator in `measures` to this one. About 10 µs per distinct indicator."""
        target = normalise_indicator(self.indicator)
        return {
            indicator: indicator_similarity(target, normalise_indicator(indicator))
            for indicator in {item.indicator for item in measures}
        }

    def has_unit_of(self, measure: Measure) -> bool:
        """Whether the unit of a measure fits the table. A statement of zero needs no unit."""
        return unit_family(measure.base_unit) == self.family or (measure.zero and not measure.base_unit)

    def admits(self, measure: Measure, similarity: float) -> bool:
        """Whether a measure belongs to the table. `similarity` is that of its indicator."""
        return similarity >= MIN_SIMILARITY and self.has_unit_of(measure) and self._has_same_kind(measure)

    def admits_in_other_unit(self, measure: Measure, similarity: float) -> bool:
        """Whether a measure has the same indicator, in a unit that does not fit the table.

        One of the two indicators must contain the other: 立案 and 立案处罚, but not 审核人员 and 法制审核.
        """
        if similarity < _MIN_SIMILARITY_IN_OTHER_UNIT or not self._has_same_kind(measure):
            return False
        target, other = normalise_indicator(self.indicator).text, normalise_indicator(measure.indicator).text
        return target in other or other in target

    def _has_same_kind(self, measure: Measure) -> bool:
        return measure.kind == self.kind and (measure.change is not None) == self.is_change


def choose_indicator(candidates: Sequence[RankedMeasure]) -> IndicatorSpec | None:
    """Return the indicator that answers best in most reports, or None without candidates. Candidates are best first.

    Each report votes once for each of its indicators, with the score of its best measure of that indicator. The
    indicators with the most votes are then scored by the closest measure of each report, and the best one is chosen.
    Changes (同比增长) have a low weight, unless the best candidate is a change: then the query is about changes.
    """
    candidates = [item for item in candidates if item.relevance >= _MIN_VOTING_RELEVANCE]
    change_weight = 1.0 if candidates and candidates[0].measure.change else _CHANGE_WEIGHT
    votes: dict[tuple[str, tuple[str, str, bool]], dict[str, float]] = {}
    indicators: dict[str, str] = {}
    for item in candidates:
        text = _normalise(item).text
        indicators.setdefault(text, item.measure.indicator)
        by_report = votes.setdefault((text, item.group), {})
        score = (item.relevance * item.weight * (change_weight if item.measure.change else 1.0)) ** 2
        by_report[item.measure.document] = max(score, by_report.get(item.measure.document, 0.0))
    contenders = nlargest(_MAX_CONTENDERS, votes, key=lambda contender: sum(votes[contender].values()))
    specs = [IndicatorSpec(indicators[text], *group) for text, group in contenders]
    return max(specs, key=_make_scorer(candidates, change_weight), default=None)


def _make_scorer(candidates: Sequence[RankedMeasure], change_weight: float) -> Callable[[IndicatorSpec], float]:
    """Return a function that scores an indicator."""
    measures = [item.measure for item in candidates]

    def sum_scores(spec: IndicatorSpec) -> float:
        """Sum the scores of the best measure of each report."""
        similarities, best = spec.similarities(measures), dict[str, float]()
        for item in candidates:
            similarity = similarities[item.measure.indicator]
            if spec.admits(item.measure, similarity):
                score = similarity * (item.relevance * item.weight) ** 2
                best[item.measure.document] = max(score, best.get(item.measure.document, 0.0))
        return sum(best.values()) * (change_weight**2 if spec.is_change else 1.0)

    return sum_scores


def _normalise(item: RankedMeasure) -> NormalisedIndicator:
    return normalise_indicator(item.measure.indicator)
