"""Which indicator, in which unit, a whole table speaks of, and how close each measure is to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest

from searchkit.compare.agreement import Wording, is_other_period, likeness, unit_family, wording
from searchkit.model import Measure

ALIKE = 0.45
"""Likeness of wordings from which on two measures count as of the same indicator."""
_ALIKE_IN_OTHER_UNIT = 0.55
"""The same for a measure in another unit, which says less surely that the same things are counted."""
_CONTENDERS = 20
"""How many indicators are tried on all measures: so that the choice costs a pass over them for each, no more."""

_ANSWERS = 0.5
"""Relevance from which on a measure has a say in what the query is after: however many others stand beside it."""

_LOOSE, _PART, _OTHER_PERIOD, _PLAN, _CHANGE = 0.95, 0.8, 0.6, 0.5, 0.3
"""What a measure that is about, a part of another, of another time, a plan, a change is worth beside a plain one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A measure that answers the query, with how well it does beside the best: 0 to 1."""

    measure: Measure
    relevance: float

    @property
    def sort(self) -> tuple[str, str, bool]:
        """What measures of one table share: kind, family of units, being a change or not."""
        return self.measure.kind, unit_family(self.measure.base_unit), self.measure.change is not None

    @property
    def plainness(self) -> float:
        """1 for an exact total of the reporting year; less for 约, a part, another period, a plan."""
        measure = self.measure
        worth = (1.0 if measure.bound == "exact" else _LOOSE) * (_PART if measure.part_of else 1.0)
        worth *= _OTHER_PERIOD if is_other_period(measure) else 1.0
        return worth * (_PLAN if measure.section == "计划" else 1.0)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a table is of."""

    indicator: str
    """In the words of the report that answers best."""
    kind: str
    family: str
    """The family of units: 件 for 件, 起 and 宗."""
    is_change: bool

    def likeness_to(self, measures: Iterable[Measure]) -> dict[str, float]:
        """How like the subject the indicator of each of the measures is worded. Cost: 10 µs a different indicator."""
        mine = wording(self.indicator)
        return {indicator: likeness(mine, wording(indicator)) for indicator in {item.indicator for item in measures}}

    def has_unit_of(self, measure: Measure) -> bool:
        """Whether a measure can stand in a column with the others. A statement that there was none needs no unit."""
        return unit_family(measure.base_unit) == self.family or (measure.zero and not measure.base_unit)

    def admits(self, measure: Measure, alike: float) -> bool:
        """Whether a measure so alike in its wording is of the subject."""
        return alike >= ALIKE and self.has_unit_of(measure) and self._same_kind(measure)

    def admits_in_other_unit(self, measure: Measure, alike: float) -> bool:
        """Whether a measure counts the same as the subject, but in a unit that cannot stand in its column.

        Its words must be among the subject's or the other way round: 立案 and 立案处罚, not 审核人员 and 法制审核.
        """
        if alike < _ALIKE_IN_OTHER_UNIT or not self._same_kind(measure):
            return False
        mine, other = wording(self.indicator).text, wording(measure.indicator).text
        return mine in other or other in mine

    def _same_kind(self, measure: Measure) -> bool:
        return measure.kind == self.kind and (measure.change is not None) == self.is_change


def choose(candidates: Sequence[Candidate]) -> Subject | None:
    """The subject that answers best in most reports; None without candidates.

    Each report has one vote for each indicator in it that answers, worth how well its best measure of it does. Those
    with most votes contend; of them wins the one to which the closest measures of all reports answer best.
    Changes (同比增长) count little, unless what answers best of all is one: then they were asked for.
    """
    candidates = [item for item in candidates if item.relevance >= _ANSWERS]
    change_worth = 1.0 if candidates and candidates[0].measure.change else _CHANGE
    votes: dict[tuple[str, tuple[str, str, bool]], dict[str, float]] = {}
    names: dict[str, str] = {}
    for item in candidates:
        text = _wording(item).text
        names.setdefault(text, item.measure.indicator)
        by_report = votes.setdefault((text, item.sort), {})
        worth = (item.relevance * item.plainness * (change_worth if item.measure.change else 1.0)) ** 2
        by_report[item.measure.document] = max(worth, by_report.get(item.measure.document, 0.0))
    ranked = nlargest(_CONTENDERS, votes, key=lambda contender: sum(votes[contender].values()))
    subjects = [Subject(names[text], *sort) for text, sort in ranked]
    return max(subjects, key=_answers(candidates, change_worth), default=None)


def _answers(candidates: Sequence[Candidate], change_worth: float) -> Callable[[Subject], float]:
    """How well a subject answers: the closeness of the closest measure of each report, added up."""
    measures = [item.measure for item in candidates]

    def value(subject: Subject) -> float:
        """The sum for one subject."""
        alike, best = subject.likeness_to(measures), dict[str, float]()
        for item in candidates:
            close = alike[item.measure.indicator]
            if subject.admits(item.measure, close):
                worth = close * (item.relevance * item.plainness) ** 2
                best[item.measure.document] = max(worth, best.get(item.measure.document, 0.0))
        return sum(best.values()) * (change_worth**2 if subject.is_change else 1.0)

    return value


def _wording(item: Candidate) -> Wording:
    return wording(item.measure.indicator)
