"""Chooses the indicator and unit of a table, and selects its measures. `agreement` defines which indicators agree."""

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
"""Smallest similarity of two indicators that are treated as the same one."""
_MIN_SIMILARITY_IN_OTHER_UNIT = 0.55
"""Smallest similarity of the indicators of measures in different units that are treated as the same indicator. It is
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
    relevance: float
    """Score of the measure divided by the best score: 0 to 1, and at most that of the measures ranked before it."""

    @property
    def group(self) -> tuple[str, str, bool]:
        """Kind, unit family, and whether the measure is a change. One indicator can have measures of several groups."""
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
    """One of `MEASURE_KINDS`."""
    family: str
    """The unit family: 件 for 件, 起 and 宗."""
    is_change: bool
    """Whether the measures are changes (同比增长)."""

    def similarities(self, measures: Iterable[Measure]) -> dict[str, float]:
        """Return the similarity of each distinct indicator in `measures` to that of the table.

        Cost: about 10 µs per indicator.
        """
        target = normalise_indicator(self.indicator)
        return {
            indicator: indicator_similarity(target, normalise_indicator(indicator))
            for indicator in {item.indicator for item in measures}
        }

    def has_unit_of(self, measure: Measure) -> bool:
        """Return whether the unit of a measure is in the family, or the measure is a statement of zero without unit."""
        return unit_family(measure.base_unit) == self.family or (measure.zero and not measure.base_unit)

    def admits(self, measure: Measure, similarity: float) -> bool:
        """Return whether a measure belongs in the table. `similarity` is that of its indicator, from `similarities`."""
        return similarity >= MIN_SIMILARITY and self.has_unit_of(measure) and self._has_same_kind(measure)

    def admits_in_other_unit(self, measure: Measure, similarity: float) -> bool:
        """Return whether a measure belongs in the table even if its unit does not fit.

        The similarity must be higher than in `admits`, and one of the two indicators must contain the other: 立案 and
        立案处罚, but not 审核人员 and 法制审核.
        """
        if similarity < _MIN_SIMILARITY_IN_OTHER_UNIT or not self._has_same_kind(measure):
            return False
        target, other = normalise_indicator(self.indicator).text, normalise_indicator(measure.indicator).text
        return target in other or other in target

    def _has_same_kind(self, measure: Measure) -> bool:
        """Return whether a measure is of the same kind, and a change if and only if this indicator is one."""
        return measure.kind == self.kind and (measure.change is not None) == self.is_change


def choose_indicator(candidates: Sequence[RankedMeasure]) -> IndicatorSpec | None:
    """Return the indicator that answers the query best in most reports. None if there are no candidates.

    `candidates` are best first. Those below `_MIN_VOTING_RELEVANCE` are ignored. The choice has two steps:

    1. Each report votes for each of its indicators. The vote is the highest score of its measures of that indicator.
       The score of a measure is (relevance · weight)².
    2. The 20 indicators with the highest sums of votes are scored on all reports. Of each report, the best measure that
       a table of the indicator would admit counts: the highest product of score and similarity. The indicator with the
       highest sum is returned.

    Changes (同比增长) have a low weight. If the best candidate is a change, the query is about changes. Changes then
    have full weight.
    """
    candidates = [item for item in candidates if item.relevance >= _MIN_VOTING_RELEVANCE]
    change_weight = 1.0 if candidates and candidates[0].measure.change else _CHANGE_WEIGHT
    votes = _count_votes(candidates, change_weight)
    contenders = nlargest(_MAX_CONTENDERS, votes, key=votes.__getitem__)
    # Reversed, so that the best measure is the last one to set the words of its indicator.
    indicators = {_normalise(item).text: item.measure.indicator for item in reversed(candidates)}
    specs = [IndicatorSpec(indicators[text], *group) for text, group in contenders]
    return max(specs, key=_make_scorer(candidates, change_weight), default=None)


def _count_votes(
    candidates: Sequence[RankedMeasure], change_weight: float
) -> dict[tuple[str, tuple[str, str, bool]], float]:
    """Return the sum of the votes of all reports for each pair of a normalised indicator and a group."""
    votes: dict[tuple[str, tuple[str, str, bool]], dict[str, float]] = {}
    for item in candidates:
        by_report = votes.setdefault((_normalise(item).text, item.group), {})
        score = (item.relevance * item.weight * (change_weight if item.measure.change else 1.0)) ** 2
        by_report[item.measure.document] = max(score, by_report.get(item.measure.document, 0.0))
    return {indicator: sum(by_report.values()) for indicator, by_report in votes.items()}


def _make_scorer(candidates: Sequence[RankedMeasure], change_weight: float) -> Callable[[IndicatorSpec], float]:
    """Return a function that scores an indicator on all candidates."""
    measures = [item.measure for item in candidates]

    def sum_scores(spec: IndicatorSpec) -> float:
        """Return the sum over all reports of the score of the best measure that the table would admit."""
        similarities, best = spec.similarities(measures), dict[str, float]()
        for item in candidates:
            similarity = similarities[item.measure.indicator]
            if spec.admits(item.measure, similarity):
                score = similarity * (item.relevance * item.weight) ** 2
                best[item.measure.document] = max(score, best.get(item.measure.document, 0.0))
        return sum(best.values()) * (change_weight**2 if spec.is_change else 1.0)

    return sum_scores


def _normalise(item: RankedMeasure) -> NormalisedIndicator:
    """Return the normalised indicator of a measure."""
    return normalise_indicator(item.measure.indicator)
