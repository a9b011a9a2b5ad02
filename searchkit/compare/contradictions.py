"""Contradictions, slips of the unit and copied values between sentences, within one report and between reports.

Each measure is first reduced to a fact, which consists of numbers only, and facts are grouped by what their measures
must have in common: place, body, name, aspect and unit. Such a group is a series (`facts.series_of`). The measures
themselves are fetched for the facts that may be findings, and their sentences decide whether they count the same thing:
the words that narrow a measure in its sentence (其中, 城镇), its scope (`facts.scope_of`), must be the same.

The ordinal of a measure is its position among all measures. The time of a fact is its year or, if it covers several
years, the first and the last of them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby, islice, pairwise
from math import log10

from searchkit.compare.changes import find_changes, infer_last_year
from searchkit.compare.facts import (
    Fact,
    build_fact,
    is_comparable,
    is_estimate,
    names_narrowed,
    paragraph_before,
    places_before,
    scope_of,
    sentence_start,
    series_of,
)
from searchkit.compare.findings import Finding, build_finding
from searchkit.model import Measure
from searchkit.query.agreement import format_number
from searchkit.query.naming import IndicatorNames
from searchkit.query.unit_conversion import unit_scale

_MIN_NAME_LENGTH = 4
"""Minimum number of characters of a name that is not listed. Shorter ones (投资, 项目) count many things."""
_MIN_TYPO_DIGITS = 4
"""Minimum number of digits, without zeros at the end, of a number that is compared for typos. Shorter numbers differ by
one digit too often by chance."""
_MAX_DIFFERENCE = 0.25
"""Maximum difference of two values in one report, relative to the larger one. Values that differ by more count
different things, unless the difference is a typo or a slip of the unit."""
_MAX_WRONG_SHARE = 0.5
"""Two reports both state a value of some series and times. This is the maximum share of these series and times in
which the values disagree. If more disagree, one of the reports is of another year."""
_MIN_WRONG = 2
"""Minimum number of disagreements between two reports for which `_MAX_WRONG_SHARE` applies."""

_SEVERAL_YEARS = re.compile(r"(?<!\d)[五5]年(?!第)|[三四]年来|[一二三]?十[一二三四五]五|期末|时期")
"""Words of a heading or paragraph about several years. A change in it may be since the first of these years."""
_MAX_RATIO = 5
"""Largest ratio between the stated and the expected value of last year. If it is larger, the two values count
different things, and there is no finding."""
_MAX_COMPARED = 20
"""Maximum number of values of one series and time that are compared with each other, so that time is linear."""
_MAX_CORRECTION = 0.05
"""Maximum relative difference between an estimate and its correction."""
_MAX_YEARS_APART = 2
"""Maximum number of years between two values that are compared for slips of the unit and for copies."""
_MIN_JUMP, _MIN_SINGLE_JUMP, _MAX_SLIP_ERROR = 8, 500, 1.7
"""A slip of the unit changes a value by a power of ten.

- `_MIN_JUMP`: minimum ratio between a value and each of the values of the years before and after.
- `_MIN_SINGLE_JUMP`: minimum ratio if only one of these years has a value.
- `_MAX_SLIP_ERROR`: maximum quotient of such a ratio and the nearest power of ten.
"""
_MAX_QUOTIENT = 1e15
"""Larger quotients of two values are treated as this one, so that their logarithm is finite."""
_MIN_COPIED_DIGITS = 4
"""Minimum number of digits of a value that hardly occurs by chance in two years of one series. A value that is compared
between places must have more."""
_MAX_CHANCE = 0.05
"""Maximum expected number of pairs of equal values by chance among the values of all places."""
_NOT_OWN = re.compile("全国|世界|全球|国家|我国|中央|国务院|两省|三省|联合|共同|合作")
"""Words of a value that several places can state alike."""


@dataclass(frozen=True, slots=True)
class _StatedChange:
    """A value and its change since last year, with the range of last year's value that follows from them."""

    series: int
    """Hash of the series of the value (`facts.series_of`)."""
    now: Fact
    """The value."""
    change: int
    """Ordinal of the change."""
    low: float
    """Lowest possible signed value of last year."""
    high: float
    """Highest possible signed value of last year."""


class Contradictions:
    """Collects the measures of reports, and finds those that contradict or copy each other.

    Memory: about 400 bytes for each measure that another one can contradict.
    """

    def __init__(self, names: IndicatorNames) -> None:
        self._names = names
        self._series: dict[int, list[Fact]] = {}
        """The facts of each series, by its hash (`facts.series_of`)."""
        self._changes: list[_StatedChange] = []
        self._long_values: dict[int, dict[float, list[int]]] = {}
        """Ordinals of the values of many digits, by a hash of what they must share (name, unit, year …), then by value.
        """

    def add(self, number: int, first: int, report: Sequence[Measure]) -> None:
        """Add the measures of a document. `number`: that of the document. `first`: ordinal of its first measure."""
        facts: dict[int, tuple[int, Fact]] = {}
        for ordinal, (previous, measure) in enumerate(zip((None, *report), report, strict=False), first):
            if not is_comparable(measure):
                continue
            name = self._names.name_of(measure)
            if not name.parts or (len(name.text) < _MIN_NAME_LENGTH and not name.is_listed):
                continue
            series, fact = series_of(measure, name), build_fact(ordinal, number, measure, previous)
            self._series.setdefault(series, []).append(fact)
            facts[ordinal] = series, fact
            if fact.digits > _MIN_COPIED_DIGITS and name.aspect != "change" and fact.since is None:
                key = hash((name.text, name.aspect, measure.base_unit, fact.year, measure.part, measure.doctype))
                self._long_values.setdefault(key, {}).setdefault(measure.signed_value, []).append(ordinal)
        for now, change in find_changes(report, self._names):
            known = facts.get(first + now)
            bounds = infer_last_year(report[now], report[change], self._names.name_of(report[now]))
            if known is not None and bounds is not None and known[1].since is None:
                self._changes.append(_StatedChange(*known, first + change, *bounds))

    def find(self, fetch: Callable[[Sequence[int]], list[Measure]]) -> Iterator[Finding]:
        """Yield the findings about the measures that were added. `fetch` returns the measures with given ordinals."""
        conflicts = list(self._find_disagreements())
        changes = list(self._find_wrong_changes())
        jumps = [pair for facts in self._series.values() for pair in _find_jumps(facts)]
        copies = [pair for facts in self._series.values() for pair in _find_copies(facts)]
        shared = self._find_shared_values()
        needed = {fact.ordinal for group in (*conflicts, *jumps, *copies) for fact in group}
        needed |= {
            n
            for change, before, rivals in changes
            for n in (change.now.ordinal, change.change, *(fact.ordinal for fact in (*before, *rivals)))
        }
        needed |= {n for group in shared for n in group}
        ordinals = sorted(needed)
        measures = dict(zip(ordinals, fetch(ordinals), strict=True))
        yield from self._check_conflicts(conflicts, measures)
        yield from _check_changes(changes, measures)
        yield from self._check_jumps(jumps, measures)
        yield from self._check_copies(copies, measures)
        yield from _check_shared_values(shared, measures)

    def _find_disagreements(self) -> Iterator[list[Fact]]:
        """Yield, for each series and time at which some facts disagree, all facts of this series and time."""
        for facts in self._series.values():
            if len(facts) > 1:
                by_time: dict[tuple[int, int | None], list[Fact]] = {}
                for fact in facts:
                    by_time.setdefault((fact.year, fact.since), []).append(fact)
                for group in by_time.values():
                    if max(fact.low for fact in group) > min(fact.high for fact in group):
                        yield group

    def _check_conflicts(self, groups: Iterable[list[Fact]], measures: Mapping[int, Measure]) -> Iterator[Finding]:
        """Yield the conflicts within one report, and those between reports, unless one of the reports is misdated."""
        between: list[list[Fact]] = []
        for group in groups:
            within = [self._find_within(facts, measures) for _, facts in groupby(group, key=lambda fact: fact.report)]
            for pair in filter(None, within):
                yield _build_conflict(pair, measures)
            between += _find_between(group, measures)
        doubtful = _find_misdated_reports(between, self._count_shared)
        for facts in between:
            if not any(pair in doubtful for pair in combinations([fact.report for fact in facts], 2)):
                yield _build_conflict(facts, measures)

    def _count_shared(self, reports: Collection[int]) -> Counter[tuple[int, int]]:
        """Return, for each pair of `reports`, the number of series and times of which both have an actual fact.

        Of one series and time, only the first `_MAX_COMPARED` reports count.
        """
        counts: Counter[tuple[int, int]] = Counter()
        for facts in self._series.values():
            if len(facts) > 1:
                times = {(f.year, f.since or 0, f.report) for f in facts if f.is_actual and f.report in reports}
                for _, group in groupby(sorted(times), key=lambda item: item[:2]):
                    counts.update(combinations([report for *_, report in islice(group, _MAX_COMPARED)], 2))
        return counts

    def _find_within(self, facts: Iterable[Fact], measures: Mapping[int, Measure]) -> list[Fact] | None:
        """Return the first two facts of one report of which one must be a mistake, or None.

        Reports use one name for several inspections or trainings. So only facts that disagree are compared, and these
        must be in different paragraphs of one section and one main heading, and be neither changes nor parts of a
        total. Their scopes must be equal, the words that narrow their indicators too, and their headings and paragraphs
        must name the same places. Then one is a mistake if the values differ by a typo or, if the name is listed, are
        close or differ by a slip of the unit.
        """
        for one, other in combinations(islice(facts, _MAX_COMPARED), 2):
            first, second = measures[one.ordinal], measures[other.ordinal]
            if not one.disagrees(other) or first.paragraph == second.paragraph or first.part_of or second.part_of:
                continue
            if first.change is not None:  # one can be the change in a year, the other the mean of several years
                continue
            if first.section != second.section or first.path[:1] != second.path[:1]:
                continue
            name = self._names.name_of(first)
            is_typo = first.unit == second.unit and _is_typo(f"{first.value}", f"{second.value}")
            is_close = name.is_listed and (_is_close(one, other) or _is_slip(one, other))
            is_same_name = names_narrowed(first) == names_narrowed(second)
            is_same_place = scope_of(first) == scope_of(second) and places_before(first) == places_before(second)
            if (is_typo or is_close) and is_same_name and is_same_place:
                return [one, other]
        return None

    def _find_wrong_changes(self) -> Iterator[tuple[_StatedChange, list[Fact], list[Fact]]]:
        """Yield each stated change that contradicts all values of the year before, if there are such values.

        With the change, yields the values of the year before, and the rivals of the value that changed: the values of
        its report and year that disagree with it. A value of the year before that differs from the expected one by more
        than a factor of `_MAX_RATIO` counts another thing, and is ignored.
        """
        by_year: dict[tuple[int, int], list[Fact]] = {}
        for series in {change.series for change in self._changes}:
            for fact in self._series[series]:
                facts = by_year.setdefault((series, fact.year), [])
                if len(facts) < _MAX_COMPARED:
                    facts.append(fact)
        for change in self._changes:
            now = change.now
            before = [
                last
                for last in by_year.get((change.series, now.year - 1), ())
                if last.since is None and change.low < last.high * _MAX_RATIO and last.low < change.high * _MAX_RATIO
            ]
            if before and all(change.low > last.high or change.high < last.low for last in before):
                rivals = [fact for fact in by_year.get((change.series, now.year), ()) if fact.report == now.report]
                yield change, before, [fact for fact in rivals if fact.disagrees(now)]

    def _check_jumps(self, pairs: Iterable[Sequence[Fact]], measures: Mapping[int, Measure]) -> Iterator[Finding]:
        """Yield a finding for each of the `pairs` (`_find_jumps`) whose measures count the same thing.

        They must have the same scope, and be no parts of a total. Their name must be listed, and its aspect be `level`.
        """
        for facts in pairs:
            found = [measures[fact.ordinal] for fact in facts]
            name = self._names.name_of(found[0])
            if (
                name.is_listed
                and name.aspect == "level"
                and _is_same_scope(found)
                and not any(m.part_of for m in found)
            ):
                ratio = format_number(round(max(facts[0].value / facts[1].value, facts[1].value / facts[0].value), 1))
                message = (
                    f"{found[0].quote} of {facts[0].year}, but {found[1].quote} of {facts[1].year}: a factor of {ratio}"
                )
                yield build_finding("jump", message, *found)

    def _check_copies(self, pairs: Iterable[Sequence[Fact]], measures: Mapping[int, Measure]) -> Iterator[Finding]:
        """Yield a finding for each of the `pairs` (`_find_copies`) whose values have the same scope.

        Changes, percentages and states at a point of time are left out, because they can be equal without being copied.
        """
        for facts in pairs:
            found = [measures[fact.ordinal] for fact in facts]
            name = self._names.name_of(found[0])
            if name.aspect != "change" and not found[0].stock and found[0].kind != "percent" and _is_same_scope(found):
                years = " and ".join(f"{fact.year}" for fact in facts)
                yield build_finding(
                    "copied", f"the same value for {years}: {found[0].quote}, and {found[1].quote}", *found
                )

    def _find_shared_values(self) -> list[list[int]]:
        """Return, for each value of many digits, the ordinals of the measures that have it for the same name and year.

        Leaves out values that only one measure has, and values that several measures can have by chance.
        """
        shared = []
        for values in self._long_values.values():
            pair_count = len(values) * (len(values) - 1) / 2
            for value, ordinals in values.items():
                digits = len(f"{value}".replace(".", "").replace("-", "").strip("0"))
                if len(ordinals) > 1 and pair_count / 10 ** (digits - 1) <= _MAX_CHANCE:
                    shared.append(ordinals)
        return shared


def _build_conflict(facts: Sequence[Fact], measures: Mapping[int, Measure]) -> Finding:
    """Return the finding that facts of one series and time disagree."""
    found = [measures[fact.ordinal] for fact in facts]
    documents = len({measure.document for measure in found})
    who = "one report says" if documents == 1 else f"{documents} reports of {found[0].district} say"
    years = f"{facts[0].year}" if facts[0].since is None else f"{facts[0].since}–{facts[0].year}"
    stated = (item.quote if item.indicator in item.quote else f"{item.indicator} {item.quote}" for item in found)
    return build_finding("conflict", f"{who} for {years}: {', and '.join(stated)}", *found)


def _find_between(group: Sequence[Fact], measures: Mapping[int, Measure]) -> Iterator[list[Fact]]:
    """Yield, for each scope, facts of several reports that disagree, one for each value. Estimates are left out.

    A report that states several values within one scope counts several things, so none of its values is used.
    """
    by_scope: dict[frozenset[str], dict[int, list[Fact]]] = {}
    for fact in group:
        if not is_estimate(measures[fact.ordinal]):
            by_scope.setdefault(scope_of(measures[fact.ordinal]), {}).setdefault(fact.report, []).append(fact)
    for by_report in by_scope.values():
        distinct: list[Fact] = []
        for facts in by_report.values():
            is_plain = not any(facts[0].disagrees(fact) for fact in facts)
            is_new = len(distinct) < _MAX_COMPARED and all(fact.disagrees(facts[0]) for fact in distinct)
            if is_plain and is_new:
                distinct.append(facts[0])
        if len(distinct) > 1:
            yield distinct


def _find_misdated_reports(
    conflicts: Sequence[Sequence[Fact]], count_shared: Callable[[Collection[int]], Mapping[tuple[int, int], int]]
) -> set[tuple[int, int]]:
    """Return the pairs of reports most of whose common values disagree, so that one of them is of another year."""
    wrong: Counter[tuple[int, int]] = Counter()
    for facts in conflicts:
        wrong.update(combinations(sorted(fact.report for fact in facts if fact.is_actual), 2))
    suspects = {pair: count for pair, count in wrong.items() if count >= _MIN_WRONG}
    shared = count_shared({report for pair in suspects for report in pair}) if suspects else {}
    return {pair for pair, count in suspects.items() if count > shared.get(pair, 0) * _MAX_WRONG_SHARE}


def _is_same_scope(measures: Sequence[Measure]) -> bool:
    """Return whether measures have the same scope (`scope_of`)."""
    return len(set(map(scope_of, measures))) == 1


def _is_close(one: Fact, other: Fact) -> bool:
    """Return whether two facts differ by at most `_MAX_DIFFERENCE`."""
    larger = max(abs(one.value), abs(other.value))
    return abs(one.value - other.value) <= larger * _MAX_DIFFERENCE


def _is_slip(one: Fact, other: Fact) -> bool:
    """Return whether the quotient of the larger and the smaller of two facts is 10, 100, 1000 …, within one percent."""
    small, large = sorted((abs(one.value), abs(other.value)))
    if not small:
        return False
    power = log10(min(large / small, _MAX_QUOTIENT))
    return round(power) >= 1 and abs(power - round(power)) < 0.005  # noqa: PLR2004 - one percent


def _is_typo(one: str, other: str) -> bool:
    """Return whether two numbers of equal length differ in one digit, or in two adjacent digits that are swapped.

    Returns False for numbers of unequal length, and if `one` has fewer than `_MIN_TYPO_DIGITS` digits before the zeros
    at its end.
    """
    differing = [index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b]
    is_long = len(one) == len(other) and len(one.replace(".", "").rstrip("0")) >= _MIN_TYPO_DIGITS
    if not is_long or any("." in {one[index], other[index]} for index in differing):
        return False
    is_swapped = len(differing) == 2 and differing[1] - differing[0] == 1 and sorted(one) == sorted(other)  # noqa: PLR2004 - a pair
    return len(differing) == 1 or is_swapped


# Changes


def _check_changes(
    changes: Iterable[tuple[_StatedChange, Sequence[Fact], Sequence[Fact]]], measures: Mapping[int, Measure]
) -> Iterator[Finding]:
    """Yield a finding for each value whose change contradicts last year's value, if both values have the same scope.

    A report that states several values for one year within one scope counts several things, so none of its values is
    used. Changes in texts about several years (`_SEVERAL_YEARS`) are left out, and so are estimates of last year's
    value that agree with the change after a small correction (`_is_corrected`).
    """
    reported: set[int] = set()
    for item, facts, rivals in changes:
        now, change = measures[item.now.ordinal], measures[item.change]
        scope = scope_of(now)
        about = f"{' '.join(now.path)} {paragraph_before(now)}{now.quote}"
        if item.now.ordinal in reported or _SEVERAL_YEARS.search(about):
            continue
        if any(scope_of(measures[fact.ordinal]) == scope for fact in rivals):
            continue
        same = [fact for fact in facts if scope_of(measures[fact.ordinal]) == scope]
        plain = [
            measures[fact.ordinal]
            for fact in same
            if not any(fact.disagrees(each) for each in same if each.report == fact.report)
            and not (is_estimate(measures[fact.ordinal]) and _is_corrected(item, fact))
        ]
        if plain:
            reported.add(item.now.ordinal)
            yield build_finding("change", _describe_change(now, change, plain[0]), now, change, plain[0])


def _is_corrected(change: _StatedChange, last: Fact) -> bool:
    """Return whether a stated change agrees with last year's value if that is corrected by up to `_MAX_CORRECTION`."""
    slack = abs(last.value) * _MAX_CORRECTION
    return change.low - slack <= last.high and last.low <= change.high + slack


def _describe_change(now: Measure, change: Measure, before: Measure) -> str:
    """Return the message that a stated change is not the change from the value of the year before."""
    stated = now.source.text[now.start : change.end]
    difference = now.signed_value - before.signed_value
    if change.base_unit == "%" and before.signed_value:
        actual = f"{format_number(round(100 * difference / before.signed_value, 2))}%"
    else:
        actual = f"{format_number(round(difference / unit_scale(change), 6))}{change.unit or ''}"
    return f"{stated}; but {before.quote} the year before, a change of {actual}"


# Slips of the unit, and copies


def _find_jumps(facts: Sequence[Fact]) -> Iterator[list[Fact]]:
    """Yield pairs of facts: one that differs from its neighbours by a factor of about a power of ten, and a neighbour.

    The neighbours are the facts (`_plain_by_year`) of the nearest year before and of the nearest year after, at most
    `_MAX_YEARS_APART` away. If both exist, the fact must differ from both. A fact is left out if one of its neighbours
    has been found to differ from its own neighbours.
    """
    if len(facts) < 2:  # noqa: PLR2004 - a pair
        return
    plain = _plain_by_year(facts)
    years = sorted(plain)
    candidates = []
    for index, year in enumerate(years):
        near = [
            plain[other]
            for other in (*years[max(0, index - 1) : index], *years[index + 1 : index + 2])
            if abs(other - year) <= _MAX_YEARS_APART
        ]
        minimum = _MIN_JUMP if len(near) > 1 else _MIN_SINGLE_JUMP
        if near and all(_is_jump(plain[year], other, minimum) for other in near):
            candidates.append((plain[year], near))
    reported: set[int] = set()
    for fact, near in sorted(candidates, key=lambda item: -len(item[1])):  # those with two neighbours first
        if not reported & {other.ordinal for other in near}:
            reported.add(fact.ordinal)
            yield [fact, near[0]]


def _plain_by_year(facts: Sequence[Fact]) -> dict[int, Fact]:
    """Return, for each year, its first actual, positive fact, if all other such facts of the year agree with it.

    If one of them disagrees with it, the year is left out. Facts about several years do not count.
    """
    plain: dict[int, Fact | None] = {}
    for fact in facts:
        if fact.since is None and fact.is_actual and fact.low > 0:
            first = plain.setdefault(fact.year, fact)
            if first is not None and first.disagrees(fact):
                plain[fact.year] = None
    return {year: fact for year, fact in plain.items() if fact is not None}


def _is_jump(one: Fact, other: Fact, minimum: int) -> bool:
    """Return whether the quotient of two facts is about a power of ten, and at least `minimum`."""
    ratio = min(max(one.value / other.value, other.value / one.value), _MAX_QUOTIENT)
    power = 10 ** round(log10(ratio))
    return ratio >= minimum and max(ratio / power, power / ratio) <= _MAX_SLIP_ERROR


def _find_copies(facts: Sequence[Fact]) -> Iterator[list[Fact]]:
    """Yield pairs of facts of different reports and successive years, with the same value of many digits.

    Years without a fact of many digits (`_plain_by_year`) are skipped, but the two years are at most `_MAX_YEARS_APART`
    apart.
    """
    if len(facts) < 2:  # noqa: PLR2004 - a pair
        return
    plain = _plain_by_year([fact for fact in facts if fact.digits >= _MIN_COPIED_DIGITS])
    for one, other in pairwise(plain[year] for year in sorted(plain)):
        is_equal = (one.low, one.high) == (other.low, other.high)
        if is_equal and one.report != other.report and other.year - one.year <= _MAX_YEARS_APART:
            yield [one, other]


def _check_shared_values(shared: Iterable[Sequence[int]], measures: Mapping[int, Measure]) -> Iterator[Finding]:
    """Yield a finding for each value that two places state for the same year, if neither place contains the other.

    Both measures must have the same scope, and no word of `_NOT_OWN` may be in their sentences before their ends.
    """
    for ordinals in shared:
        first = measures[ordinals[0]]
        other = next((measures[n] for n in ordinals[1:] if not _is_within(first, measures[n])), None)
        if other is None or not _is_same_scope((first, other)):
            continue
        if any(_NOT_OWN.search(m.source.text[sentence_start(m) : m.end]) for m in (first, other)):
            continue
        message = f"the same value for {first.district} and {other.district}: {first.quote}, and {other.quote}"
        yield build_finding("copied", message, first, other)


def _is_within(one: Measure, other: Measure) -> bool:
    """Return whether the place of one of two measures is that of the other one, or is within it."""
    return all(a == b for a, b in zip(one.region, other.region, strict=False))
