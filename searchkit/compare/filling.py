"""Fills the cells of a table: which measure is the value of a cell, and what a cell without one has instead.

An entry is a measure that could be in a cell, with the state that a cell with only this measure would have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from searchkit.compare.axes import AxisKey, AxisLabel, group_by, keys_of
from searchkit.compare.table import STATES, Cell, CellValue
from searchkit.model import Measure
from searchkit.query.agreement import has_same_value
from searchkit.query.facets import year_of_measure
from searchkit.query.unit_conversion import scaled_unit, unit_scale
from searchkit.search.choosing import (
    IndicatorSpec,
    RankedMeasure,
    choose_measures,
    clause_of,
    is_exact,
    is_milestone,
    is_yearly_mean,
    years_after,
)

_MAX_CONFLICT = 0.25
"""Largest difference of two values that contradict each other, relative to the larger one. Values that differ by more
are of different scopes: of the province and of one of its cities."""


_NEIGHBOURS = 3
"""Number of years before and after a year whose values tell what to expect of it."""
_IN_LINE, _OUT_OF_LINE = 1.5, 2.0
"""The distance of a value is its ratio to the value expected from the years around, or the inverse of a ratio below 1
(`_distance`). A value is in line with these years up to a distance of `_IN_LINE`, and out of line from `_OUT_OF_LINE`
on. A distance between the two decides nothing."""
_SEVERAL_YEARS = re.compile(r"累计|[五三四两]年(?:来|间|内|共)?|以来|期间|比\d{4}年")
"""Words before a number that can make it a total of several years, if it is too large for one."""
_TERM = re.compile("五年|十[一二三四五六]五|本届政府|任期")
"""Words of a heading that tells of several years."""
_END_VALUE = re.compile("(?:增加|提高|提升|上升|增长|扩大|跃升|攀升|发展|下降|减少|降低|[增升降])[到至]")
"""Words before the value at the end of several years: 从5803亿元提高到8039亿元."""
_OTHER_SCOPE = 8.0
"""Minimum distance (`_distance`) of a value that is of something else, such as a district of the city. Only for sums of
money and states at a point of time, because counts of what happened vary that much."""
_MEAN = re.compile("年均|平均|均增")
"""Words of a mean of several years."""
_MAX_SENTENCE = 200
"""Maximum number of code points before a number that are searched for words of a mean."""
_STATED_YEAR = re.compile(r"\d{4}|[一二][九〇零○]|[上去前]年")
"""Matches the year in a period that states one: 2022年, 上年."""


class Wanted(NamedTuple):
    """What the cells of a table are to be filled with."""

    statuses: tuple[str, ...] = ("actual",)
    """Statuses of values, the preferred ones first."""
    against: tuple[str, ...] = ()
    """Statuses of the values that are shown beside those with `statuses`."""


_STATE_OF_REASON = {
    "other_unit": "other_unit",
    "part_of_year": "part_only",
    "cumulative": "cumulative_only",
    "similar_indicator": "near",
}
"""State of a cell whose only measure is one that `choose_measures` left out, by the reason why it was left out."""


class _Entry(NamedTuple):
    """A measure that could be in a cell, with the state that the cell would then have."""

    measure: Measure
    state: str
    """The state of a cell that has only this measure, if its status is the wanted one: one of `STATES`."""
    year: int | None
    """The year that the measure is of (`year_of_measure`)."""
    lag: int
    """`years_after` of the measure: 0 if its report is the one that reports on the year, 1 if the report reports on the
    next year, -1 if on the year before."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """The measures that were chosen for a cell, or for one place and body in it.

    A group (`_group_values`) has the measures that state one value, the exact ones first. It also has the measures that
    only state a bound which this value is within: 突破3000亿元 is in the group of 3320亿元.
    """

    state: str
    """State of the cell."""
    groups: tuple[tuple[Measure, ...], ...] = ()
    """The groups of the values (`Cell.values`)."""
    origin: str = "own"
    """Origin of the values (`CellValue.origin`)."""
    revised: tuple[tuple[Measure, ...], ...] = ()
    """The groups of revised values (`Cell.revised`)."""
    others: tuple[tuple[Measure, ...], ...] = ()
    """The groups of other values (`Cell.others`)."""
    target: tuple[Measure, ...] = ()
    """The group of the planned value (`Cell.target`). Empty if there is none."""


_Key = tuple[AxisKey, AxisKey]


def fill_cells(
    spec: IndicatorSpec,
    candidates: Sequence[RankedMeasure],
    rows: str,
    cols: str,
    wanted: Wanted,
    years: AbstractSet[str] | None = None,
) -> tuple[dict[_Key, _Choice], int]:
    """Return what was chosen for each cell, by row and column, and the number of measures without a row or a column.

    `spec`: the indicator and the unit of the table. `candidates`: measures, best first. `rows` and `cols`: facets.
    `years`: only measures of these years are chosen; None for those of any year. Measures of other years only tell what
    to expect (`_check_years`). Cells for which nothing was chosen are left out. Of the measures of a cell, those of one
    place, body and year are compared with each other. These are few, so the cost is about linear in the number of
    candidates.
    """
    cells: dict[_Key, list[_Entry]] = {}
    unplaced = 0
    entries = list(_read_entries(spec, candidates))
    for entry in _check_years(entries):
        if years is not None and str(entry.year) not in years:
            continue
        keys = list(product(keys_of(entry.measure, rows), keys_of(entry.measure, cols)))
        unplaced += not keys
        for key in keys:
            cells.setdefault(key, []).append(entry)
    chosen = {key: _choose(entries, key, wanted) for key, entries in cells.items()}
    return {key: choice for key, choice in chosen.items() if choice.groups or choice.target}, unplaced


def _read_entries(spec: IndicatorSpec, candidates: Sequence[RankedMeasure]) -> Iterator[_Entry]:
    """Yield the entries of a table. Those of one place, body and year are in the order of `choose_measures`."""
    chosen = choose_measures(spec, candidates, ())
    for items in chosen.facts.values():
        for item in items:
            yield _make_entry(item.measure, "value")
    for item, reason in chosen.left_out:
        state = _STATE_OF_REASON.get(reason)
        if state == "other_unit" and (item.measure.kind == "percent") != (spec.kind == "percent"):
            continue  # a share of the thing is not a value of it
        if state is not None:
            yield _make_entry(item.measure, state)


def _make_entry(measure: Measure, state: str) -> _Entry:
    return _Entry(measure, state, year_of_measure(measure), years_after(measure))


class _Series:
    """The actual values of each place and body, each from the report that reports on its year.

    They tell what value to expect of another year.
    """

    def __init__(self, entries: Iterable[_Entry]) -> None:
        self._values: dict[tuple[object, ...], dict[int, float]] = {}
        for entry in entries:
            measure = entry.measure
            if entry.state == "value" and measure.status == "actual" and entry.lag == 0 and entry.year is not None:
                self._values.setdefault((measure.region, measure.agency), {}).setdefault(
                    entry.year, measure.signed_value
                )

    def quotient(self, entry: _Entry) -> float | None:
        """Return the value of an entry divided by the upper median of the values of the years around its year.

        None if fewer than two of these years have a value, or if the value or the median is not positive.
        """
        values = self._values.get((entry.measure.region, entry.measure.agency), {})
        year = entry.year or 0
        around = [values[n] for n in range(year - _NEIGHBOURS, year + _NEIGHBOURS + 1) if n != year and n in values]
        if len(around) < 2:  # noqa: PLR2004 - the value of one year does not tell what to expect of another
            return None
        # `statistics.median_high` would do the same, but its module takes 10 ms to import.
        value, expected = entry.measure.signed_value, sorted(around)[len(around) // 2]
        return value / expected if value > 0 and expected > 0 else None


def _check_years(entries: Sequence[_Entry]) -> Iterator[_Entry]:
    """Yield the entries with their states and their order corrected by the values of the years around.

    A value whose words can make it a total of several years (五年累计), and that is much larger than the values of the
    years around, is a total of several years. A total (but no mean) of several years that is in line with them is a
    value of its year. A sum of money, or a state at a point of time, that is far from the expected value is of
    something else (`near`). If some values of one place, body and year are in line, those that are out of line come
    last: they are of several years, or of a city. `_check_year` says what happens if too few values of the years around
    are known.
    """
    series = _Series(entries)
    for items in group_by(
        entries, lambda entry: (*entry.measure.region, str(entry.measure.agency), str(entry.year))
    ).values():
        quotients = {id(entry): series.quotient(entry) for entry in items} if _has_checked_entry(items) else {}
        checked = [_check_year(entry, quotients.get(id(entry)), items) for entry in items]
        distances = [None if (quotient := quotients.get(id(entry))) is None else _distance(quotient) for entry in items]
        is_late = [distance is not None and distance >= _OUT_OF_LINE for distance in distances]
        has_choice = any(distance is not None and distance <= _IN_LINE for distance in distances)
        yield from (entry for entry, late in zip(checked, is_late, strict=True) if not (late and has_choice))
        yield from (entry for entry, late in zip(checked, is_late, strict=True) if late and has_choice)


def _distance(quotient: float) -> float:
    """Return a quotient of two positive numbers, or its inverse if it is below 1."""
    return max(quotient, 1 / quotient)


def _has_checked_entry(entries: Sequence[_Entry]) -> bool:
    """Return whether some entry is one that `_check_year` checks: an actual value or a total of several years."""
    plain = [entry for entry in entries if entry.state == "value" and entry.measure.status == "actual"]
    return bool(plain) or any(entry.state == "cumulative_only" for entry in entries)


def _may_be_total(entry: _Entry) -> bool:
    """Return whether the words before a value, or its headings, can make it a total of several years.

    They cannot if the value is a state at a point of time (`Measure.stock`).
    """
    start = entry.measure.start
    text = entry.measure.source.text[max(0, start - 12) : start] + entry.measure.quote
    if entry.measure.stock:
        return False
    return _SEVERAL_YEARS.search(text) is not None or any(map(_TERM.search, entry.measure.path))


def _is_mean(measure: Measure) -> bool:
    """Return whether a measure is a mean of several years.

    The words of a mean can be far before a change: 年均生产总值增长8%，投资增长12%.
    """
    if measure.change is None:
        return is_yearly_mean(measure)
    text = measure.source.text[max(0, measure.start - _MAX_SENTENCE) : measure.end]
    return _MEAN.search(text, max(map(text.rfind, "。；;")) + 1) is not None


def _check_year(entry: _Entry, quotient: float | None, others: Sequence[_Entry]) -> _Entry:
    """Return an entry with the state that its words and the years around it suggest (`_check_years`).

    `quotient`: the quotient of its value and the expected value (`_Series.quotient`). If it is None, two other tests
    decide. A total of several years becomes a value if it is the value at the end of these years (`_END_VALUE`).
    A value that may be a total becomes a total if its report also has a much smaller value. This smaller value is
    looked for in `others`, the entries of the same place, body and year. A mean of several years never becomes a value.
    """
    measure = entry.measure
    if measure.status != "actual":
        return entry
    if entry.state == "cumulative_only" and not _is_mean(measure):
        is_end = measure.change is None and _END_VALUE.search(clause_of(measure)) is not None
        is_in_line = quotient is not None and _distance(quotient) <= _IN_LINE
        return entry._replace(state="value") if is_in_line or (is_end and quotient is None) else entry
    if entry.state != "value":
        return entry
    if _may_be_total(entry) and (_exceeds(entry, others) if quotient is None else quotient >= _OUT_OF_LINE):
        return entry._replace(state="cumulative_only")
    is_steady = measure.change is None and (measure.kind == "money" or measure.stock)
    is_far = is_steady and quotient is not None and _distance(quotient) >= _OTHER_SCOPE
    return entry._replace(state="near") if is_far else entry


def _exceeds(entry: _Entry, others: Iterable[_Entry]) -> bool:
    """Return whether the report of an entry also has a much smaller value that is no total of several years."""
    return any(
        other.state == "value"
        and other.measure.document == entry.measure.document
        and other.measure.status == "actual"
        and 0 < other.measure.signed_value * _OUT_OF_LINE <= entry.measure.signed_value
        and not _may_be_total(other)
        for other in others
    )


def _choose(entries: Sequence[_Entry], key: _Key, wanted: Wanted) -> _Choice:
    """Choose the value of a cell, or the values of its places and bodies if there are several.

    A row or a column of a province or a city has the value of its own reports, if they state one.
    """
    by_source = _group_by_source(entries)
    choices = {source: _choose_of_source(items, wanted) for source, items in by_source.items()}
    with_value = {source: choice for source, choice in choices.items() if choice.state in {"value", "conflict"}}
    if len(with_value) > 1:
        own = {source: choice for source, choice in with_value.items() if source[0] in key}
        with_value = own or with_value
    if len(with_value) > 1:
        return _Choice("several", tuple(group for choice in with_value.values() for group in choice.groups))
    return min(with_value.values() or choices.values(), key=lambda choice: STATES.index(choice.state))


def _group_by_source(entries: Iterable[_Entry]) -> dict[tuple[tuple[str, ...], str | None], list[_Entry]]:
    """Group entries by place and body. An unknown body counts as the only known body of its place."""
    groups: dict[tuple[tuple[str, ...], str | None], list[_Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.measure.region, entry.measure.agency), []).append(entry)
    for region, _ in [source for source in groups if source[1] is None]:
        bodies = [source for source in groups if source[0] == region and source[1] is not None]
        if len(bodies) == 1:
            groups[bodies[0]] += groups.pop((region, None))
    return groups


def _choose_of_source(entries: Sequence[_Entry], wanted: Wanted) -> _Choice:
    """Choose the value of one place and body, of one year.

    The statuses of `wanted` are tried in their order, until one has a value. A cell can have entries of several years,
    unless the rows or the columns are years. The value is of the latest year for which the report that reports on it
    states a value; if there is no such year, of the latest year with a value.
    """
    choice = _Choice("silent")
    for status in wanted.statuses:
        of_status = [entry for entry in entries if entry.measure.status == status]
        plain = [entry for entry in of_status if entry.state == "value"]
        own = [entry for entry in plain if entry.lag == 0]
        years = [entry.year or 0 for entry in own or plain or of_status or entries]
        choice = _choose_of_year([entry for entry in entries if (entry.year or 0) == max(years)], status, wanted)
        if choice.state in {"value", "conflict"}:
            return choice
    return choice


def _choose_of_year(entries: Sequence[_Entry], status: str, wanted: Wanted) -> _Choice:
    """Choose the value of one place, body and year with a status.

    Prefers a measure of the report that reports on the year (of a target: that plans it), then one of another report,
    the next later one first. If these state several values, those close to the first one contradict it
    (`_contradicts`). Values further away are of something else (`_Choice.others`). If there is no such measure, an
    actual value can be the one before a change whose period states a year. If there is no value at all, the measures
    whose state is the first in the order of `STATES` are chosen.
    """
    of_status = [entry for entry in entries if entry.measure.status == status]
    planned = [entry for entry in entries if entry.measure.status in wanted.against and entry.state == "value"]
    target = _group_values(_nearest_reports(planned))[:1]
    target_measures = target[0] if target else ()
    plain = [entry for entry in of_status if entry.state == "value"]
    if plain:
        nearest = _nearest_reports(plain)
        groups = _group_values(nearest)
        rivals = tuple(group for group in groups if group is groups[0] or _contradicts(group[0], groups[0][0]))
        others = tuple(group for group in groups if group not in rivals)
        origin = "own" if nearest[0].lag == 0 else "other_report"
        revised = () if status != "actual" else _find_revised(plain, nearest[0].lag, groups)
        return _Choice("conflict" if rivals[1:] else "value", rivals, origin, revised, others, target_measures)
    before = [entry for entry in entries if status == "actual" and entry.measure.status == "before"]
    before = [entry for entry in before if entry.state == "value" and _STATED_YEAR.search(entry.measure.period or "")]
    if before:
        return _Choice("value", _group_values(_nearest_reports(before))[:1], "before", target=target_measures)
    by_state = group_by(of_status, lambda entry: entry.state)
    if status == "actual":
        plans = [entry for entry in entries if entry.measure.status == "target" and entry.state == "value"]
        by_state |= {"target_only": plans} if plans else {}
    for state in STATES:
        if by_state.get(state):
            groups = _group_values(_nearest_reports(by_state[state]))[:1]
            return _Choice(state, groups, target=target_measures)
    return _Choice("silent", target=target_measures)


def _nearest_reports(entries: Sequence[_Entry]) -> list[_Entry]:
    """Return the entries of the nearest reports.

    These are the reports that report on the year, else on the nearest later year, else on the nearest earlier year.
    """
    if not entries:
        return []
    ranks = [entry.lag if entry.lag >= 0 else 1000 - entry.lag for entry in entries]
    return [entry for entry, rank in zip(entries, ranks, strict=True) if rank == min(ranks)]


def _group_values(entries: Sequence[_Entry]) -> tuple[tuple[Measure, ...], ...]:
    """Group the measures of entries by value: exact ones in their order, then inexact ones.

    A measure joins the first group that it agrees with (`_agrees`), otherwise it begins a group.
    """
    groups: list[list[Measure]] = []
    for measure in sorted((entry.measure for entry in entries), key=_exactness):
        group = next((group for group in groups if _agrees(measure, group)), None)
        if group is None:
            groups.append([measure])
        else:
            group.append(measure)
    return tuple(map(tuple, groups))


def _exactness(measure: Measure) -> tuple[bool, float]:
    """Return a sort key: exact values, then values that were passed (突破), largest first, then other inexact ones."""
    return not is_exact(measure), -measure.base_value if is_milestone(measure) else 0.0


def _agrees(measure: Measure, group: Sequence[Measure]) -> bool:
    """Return whether a measure states the value of a group, or a bound that this value is within."""
    return _is_within(measure, group[0]) or all(has_same_value(measure, other) for other in group)


def _contradicts(one: Measure, other: Measure) -> bool:
    """Return whether two different values are close enough to be values of the same thing."""
    low, high = sorted((abs(one.base_value), abs(other.base_value)))
    return high - low <= _MAX_CONFLICT * high


def _is_within(inexact: Measure, exact: Measure) -> bool:
    """Return whether an exact value is within the bound that an inexact one states: 3320亿元 for 突破3000亿元."""
    if inexact.bound == "at_least" or is_milestone(inexact):
        return exact.base_value >= inexact.base_value
    return inexact.bound == "at_most" and exact.base_value <= inexact.base_value


def _find_revised(
    plain: Sequence[_Entry], lag: int, groups: Sequence[Sequence[Measure]]
) -> tuple[tuple[Measure, ...], ...]:
    """Return the values that later reports state instead of the chosen ones, the earliest report first.

    `groups` are the groups of the chosen values, and `lag` is that of their entries (`_Entry.lag`). Of the reports of
    each later year, the first group is returned, unless one of these reports repeats a chosen value.
    """
    revised = []
    later = group_by([entry for entry in plain if entry.lag > lag], lambda entry: entry.lag)
    for _, entries in sorted(later.items(), key=lambda item: int(str(item[0]))):
        found = _group_values(entries)
        if not any(has_same_value(group[0], measure) for group in found for chosen in groups for measure in chosen):
            revised.append(found[0])
    return tuple(revised)


class CellBuilder:
    """Builds cells in the unit of a table: the most frequent base unit of the values in their most frequent scale."""

    def __init__(self, spec: IndicatorSpec, choices: Iterable[_Choice]) -> None:
        firsts = [choice.groups[0][0] for choice in choices if choice.state in {"value", "conflict", "several"}]
        scales, units = Counter(map(unit_scale, firsts)), Counter(item.base_unit for item in firsts if item.base_unit)
        self._spec = spec
        self._scale = scales.most_common(1)[0][0] if scales else 1
        self._base_unit = units.most_common(1)[0][0] if units else None
        self.unit = scaled_unit(self._base_unit, self._scale)
        """The unit of the table."""

    def build(self, row: AxisLabel, col: AxisLabel, choice: _Choice) -> Cell:
        """Return the cell of a choice."""
        values = tuple(self._value(group, choice.origin) for group in choice.groups)
        revised = tuple(self._value(group, "other_report") for group in choice.revised)
        others = tuple(self._value(group, choice.origin) for group in choice.others)
        target = self._value(choice.target, "own") if choice.target else None
        return Cell(row, col, choice.state, values, revised, others, target)

    def _value(self, group: Sequence[Measure], origin: str) -> CellValue:
        """Return the value of a group of measures, in the scale of the table if the unit of the first measure fits."""
        first = group[0]
        has_other_unit = not self._spec.has_unit_of(first.extracted)
        scale = unit_scale(first) if has_other_unit else self._scale
        value = round(first.signed_value / scale, 10)
        unit = scaled_unit(first.base_unit if has_other_unit else first.base_unit or self._base_unit, scale)
        return CellValue(int(value) if value == int(value) else value, unit, tuple(group), has_other_unit, origin)


def label_cells(
    spec: IndicatorSpec,
    choices: Mapping[_Key, _Choice],
    rows: Mapping[AxisKey, AxisLabel],
    cols: Mapping[AxisKey, AxisLabel],
) -> tuple[str | None, dict[tuple[AxisLabel, AxisLabel], Cell]]:
    """Return the unit of the table, and the cells of those choices whose row and column have a label."""
    shown = {key: choice for key, choice in choices.items() if key[0] in rows and key[1] in cols}
    builder = CellBuilder(spec, shown.values())
    labelled = {(rows[row], cols[col]): choice for (row, col), choice in shown.items()}
    return builder.unit, {labels: builder.build(*labels, choice) for labels, choice in labelled.items()}
