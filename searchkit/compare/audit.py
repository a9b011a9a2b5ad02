"""Finds contradictions between measures, of four kinds.

parts      the parts of a breakdown, or of a total in a table, do not add up to it
rate       a share of more than 100 %, or a rate in a table that contradicts the values of the table
conflict   two values of one indicator: for the same body and year, in one report with a probable typo, or in a table
           and in the prose around it
change     a value, the stated change, and the value in last year's report do not agree
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby, pairwise

from searchkit.compare.arithmetic import check_table
from searchkit.model import Measure, Table
from searchkit.query.agreement import (
    PEOPLE_UNITS,
    format_number,
    has_other_period,
    has_same_value,
    precision,
    rounding_error,
    thing_similarity,
    unit_family,
    unit_scale,
    value_range,
)
from searchkit.query.facets import Filter
from searchkit.query.naming import IndicatorNames, MeasureName
from searchkit.search.snapshot import Snapshot

FINDING_KINDS = ("parts", "rate", "conflict", "change")
"""Kinds of contradictions: parts and their total, a wrong rate, two values of an indicator, a wrong change."""

_COMPLETE_BREAKDOWN = re.compile(r"分别|分为|[:：]\s*$")
"""Words between a total and its parts after which the parts are complete. After 其中 and 包括 they need not be."""
_AND_SO_ON = re.compile(r"\s*[\w ]{0,4}等")
"""Text after the last part that means that there are more parts: 等, 的医院等."""
_NOT_SUMMABLE = re.compile("[均总原占由从每]|标准|累计|剔除|扣除|调整|口径|可比|实际|发展到|增加到|提高到|[率%]")
"""Words of a part that cannot be added to other parts: means (均, 每), shares (占, 率), other totals (总, 累计), values
before and after a change (原, 由, 从, 增加到), corrected values (剔除, 调整, 可比)."""
_MAX_GAP_LENGTH = 20
"""Maximum number of characters between two parts of one list."""
_MAX_SUBSET_PARTS = 12
"""Maximum number of parts for which all subsets are summed. The number of subsets doubles with each part."""
_MAX_NEAR_SHORTFALL = 0.02
"""Maximum difference, as a share of the total, by which at least three parts can fall short of their total and still be
a mistake although no word says that they are complete. If more is missing, there are probably other parts."""

_BOUNDED_RATE = re.compile("率|占|比例|比重|满意度")
"""Words of a percentage that is a share or a rate."""
_UNBOUNDED_RATE = re.compile(
    "[增减降升涨长超倍]|提高|同比|环比|完成|达产|计划|目标|预算|进度|压缩|提前|"
    "负债|拨备|充足|产销|自给|使用率|利用率|毛入|毛在|收益|回报|利润|周转|杠杆|开工|到位|换手|置换|依存"
)
"""Words of a percentage that can be above 100 %: growth, completion of a plan, and rates such as 负债率 and 产销率."""
_MAX_RATE = 100
"""Maximum of a share or rate, in percent."""

_MIN_TYPO_DIGITS = 4
"""Minimum number of digits, without zeros at the end, of a number that is compared for typos. Shorter numbers differ by
one digit too often by chance."""
_MIN_TYPO_INDICATOR_LENGTH = 4
"""Minimum number of characters of an indicator whose values are compared for typos. Shorter ones count many things."""

_YEARLY_CHANGE = re.compile(r"同比|上一?年|去年|前一年|增长|下降|上升| [\d.,]+\S*$")
"""Words of a change since last year, or a quote that consists only of the number. 压缩90% has none of them."""
_LAST_YEAR_PERIOD = re.compile(r"上一?年度?|去年|前一年|同比|(?:上年|去年)?同期")
"""Period of a change since last year."""
_PERCENTAGE_POINTS = {"个百分点", "百分点"}
"""Units of a difference between two percentages."""
_MAX_RATIO = 5
"""Largest ratio between the stated and the expected value of last year. If it is larger, the two values count
different things, and there is no finding."""
_MIN_CHANGE_SIMILARITY = 0.45
"""Smallest similarity of the indicators of a change and of the value before it. A less similar change refers to
something else."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A contradiction between measures."""

    kind: str
    """One of `FINDING_KINDS`."""
    message: str
    """Description of the contradiction in one line."""
    ids: tuple[str, ...]
    """Ids of the measures that contradict each other."""
    values: tuple[int | float, ...]
    """Base values of the measures, in the order of `ids`. A decrease has a negative value."""


def audit_snapshot(snapshot: Snapshot, filters: tuple[Filter, ...]) -> Iterator[Finding]:
    """Check the measures of an index that pass the filters. See `audit`."""

    def text_of(paragraph_id: str) -> str | None:
        """Return the text of the paragraph with an id, or None."""
        with snapshot.use_engine() as engine:
            paragraph = engine.paragraph(paragraph_id)
        return None if paragraph is None else paragraph.text

    def tables_of(document: str) -> Iterator[Table]:
        """Return the tables of the document with an id."""
        return snapshot.tables(snapshot.filters({"document": document}, None))

    return audit(snapshot.every_measure(filters), snapshot.names, text_of, tables_of)


def audit(
    measures: Iterable[Measure],
    names: IndicatorNames,
    text_of: Callable[[str], str | None] | None = None,
    tables_of: Callable[[str], Iterable[Table]] | None = None,
) -> Iterator[Finding]:
    """Yield the contradictions between measures, which are in corpus order.

    A finding is yielded as soon as all documents with its measures have been read. `names` decides which measures are
    the same.

    `text_of` returns the text of the paragraph with an id. Without `text_of`, the words and numbers around the parts of
    a breakdown are unknown. Parts that add up to less than their total are then a finding only if the total follows
    them, and a number between two parts, which may be a further part, does not prevent a finding.

    `tables_of` returns the tables of the document with an id. Without `tables_of`, no table is added up.

    Memory: about 300 bytes for each measure that another report can contradict, plus the measures of one document.
    """
    checker = _CrossReportChecker(names)
    for _, group in groupby(measures, key=lambda measure: measure.document):
        report = list(group)
        yield from _check_breakdowns([measure for measure in report if measure.table is None], text_of)
        yield from _check_tables(report, names, tables_of)
        yield from _check_rates(report)
        yield from _check_typos(report, names)
        yield from checker.check(report)


def _build_finding(kind: str, message: str, *measures: Measure) -> Finding:
    """Return a finding with the ids and base values of measures."""
    return Finding(kind, message, tuple(item.id for item in measures), tuple(item.signed_value for item in measures))


def _check_tables(
    report: Sequence[Measure], names: IndicatorNames, tables_of: Callable[[str], Iterable[Table]] | None
) -> Iterator[Finding]:
    """Yield the contradictions in the tables of a report. See `arithmetic`."""
    by_table: dict[int | None, list[Measure]] = {}
    for measure in report:
        by_table.setdefault(measure.table, []).append(measure)
    prose = by_table.pop(None, [])
    for table in tables_of(report[0].document) if tables_of and by_table else ():
        for found in check_table(table, by_table.get(table.table, ()), names, prose):
            yield _build_finding(found.kind, found.message, *found.measures)


def _check_breakdowns(report: Sequence[Measure], text_of: Callable[[str], str | None] | None) -> Iterator[Finding]:
    """Yield a finding for each total in a report whose parts do not add up to it."""
    by_id = {measure.id: measure for measure in report}
    breakdowns: dict[str, list[Measure]] = {}
    for measure in report:
        if measure.part_of in by_id:
            breakdowns.setdefault(measure.part_of, []).append(measure)
    for total_id, parts in breakdowns.items():
        total = by_id[total_id]
        if all(_is_summable(total, part) for part in (total, *parts)) and _is_list(parts, text_of):
            yield from _check_breakdown(total, parts, text_of)


def _check_breakdown(
    total: Measure, parts: Sequence[Measure], text_of: Callable[[str], str | None] | None
) -> Iterator[Finding]:
    """Yield a finding if the parts do not add up to the total, within the rounding of all numbers."""
    parts_sum = round(sum(part.base_value for part in parts), 6)
    tolerance = rounding_error((total, *parts))
    if parts_sum > total.base_value + tolerance:
        is_wrong = _is_excess_wrong(total, parts, tolerance)
    else:
        is_wrong = parts_sum < total.base_value - tolerance and _is_shortfall_wrong(total, parts, parts_sum, text_of)
    if is_wrong:
        scale, unit = unit_scale(total), total.unit or ""
        stated, actual = format_number(total.value), format_number(parts_sum / scale)
        message = f"{total.quote}: the parts add up to {actual}{unit}, not {stated}{unit}"
        yield _build_finding("parts", message, total, *parts)


def _is_list(parts: Sequence[Measure], text_of: Callable[[str], str | None] | None) -> bool:
    """Return whether parts are items of one list: close to each other, without other numbers between them."""
    text = (text_of(parts[0].paragraph) if text_of else None) or ""
    pairs = list(pairwise(parts))
    return all(second.start - first.end <= _MAX_GAP_LENGTH for first, second in pairs) and not any(
        re.search(r"\d", text[first.end : second.start]) for first, second in pairs
    )


def _is_summable(total: Measure, part: Measure) -> bool:
    """Return whether a part is exact, has the unit and period of the total, and can be added to other parts.

    The total itself is checked too, without its words.
    """
    return (
        part.bound == "exact"
        and part.kind in {"count", "money"}
        and part.section != "计划"
        and not (
            part is not total and _NOT_SUMMABLE.search(f"{part.indicator.removeprefix(total.indicator)} {part.quote}")
        )
        and part.change is None
        and (part.base_unit, part.period) == (total.base_unit, total.period)
    )


def _is_excess_wrong(total: Measure, parts: Sequence[Measure], tolerance: float) -> bool:
    """Return whether parts that add up to more than their total are a mistake.

    A single part that exceeds the total is always a mistake. If some of the parts add up to the total, there is no
    mistake: the other parts are a second breakdown, or parts of parts. A sum of people is never a mistake, because a
    person can belong to several parts. The sum of more than `_MAX_SUBSET_PARTS` parts is not judged.
    """
    if any(part.base_value > total.base_value + tolerance for part in parts):
        return True
    if len(parts) > _MAX_SUBSET_PARTS or total.base_unit in PEOPLE_UNITS:
        return False
    values = [part.base_value for part in parts]
    return not any(
        abs(sum(subset) - total.base_value) <= tolerance
        for size in range(1, len(values))
        for subset in combinations(values, size)
    )


def _is_shortfall_wrong(
    total: Measure, parts: Sequence[Measure], parts_sum: float, text_of: Callable[[str], str | None] | None
) -> bool:
    """Return whether parts that add up to less than their total are a mistake.

    They are a mistake only if they must be complete. At least two parts must be complete if the total follows all of
    them, or if 分别, 分为 or a colon is between the total and the parts. Without these words, three or more parts are a
    mistake if their sum is close to the total. If 等 follows the last part, there are more parts, and no mistake.
    """
    first, last = min(part.start for part in parts), max(part.end for part in parts)
    if total.start > first:  # A 10件，B 20件，共30件
        return total.start > max(part.start for part in parts) and len(parts) > 1
    text = text_of(total.paragraph) if text_of else None
    if text is None or _AND_SO_ON.match(text, last):
        return False
    shortfall = total.base_value - parts_sum
    is_near = len(parts) > 2 and shortfall <= total.base_value * _MAX_NEAR_SHORTFALL  # noqa: PLR2004 - fewer prove little
    return is_near or (len(parts) > 1 and bool(_COMPLETE_BREAKDOWN.search(text, total.end, first)))


def _check_rates(report: Sequence[Measure]) -> Iterator[Finding]:
    """Yield a finding for each share of more than 100 %."""
    for measure in report:
        words = f"{measure.indicator} {measure.quote}"
        if (
            measure.base_unit == "%"
            and measure.change is None
            and measure.base_value > _MAX_RATE
            and measure.section != "计划"
            and _BOUNDED_RATE.search(words)
            and not _UNBOUNDED_RATE.search(words)
        ):
            yield _build_finding("rate", f"{measure.quote}: more than {_MAX_RATE}%", measure)


def _check_typos(report: Sequence[Measure], names: IndicatorNames) -> Iterator[Finding]:
    """Yield a finding for each pair of values of one indicator in a report that differ by a typo: 5983户次, 5893户次.

    Values that differ more are not a finding, because reports use one name for several inspections or trainings.
    """
    candidates: dict[tuple[object, ...], list[Measure]] = {}
    for measure in report:
        name = names.name_of(measure)
        if not _is_comparable(measure) or measure.part_of or len(name.text) < _MIN_TYPO_INDICATOR_LENGTH:
            continue
        previous = candidates.setdefault(
            (name.text, name.aspect, measure.kind, measure.unit, measure.section, measure.path[:1]), []
        )
        for other in previous:
            if other.paragraph != measure.paragraph and _is_typo(f"{other.value}", f"{measure.value}"):
                yield _build_finding("conflict", f"one report says {other.quote}, and {measure.quote}", other, measure)
        previous.append(measure)


def _is_typo(one: str, other: str) -> bool:
    """Return whether two numbers of equal length differ in one digit, or in two adjacent digits that are swapped.

    Returns False if `one` has fewer than `_MIN_TYPO_DIGITS` digits before the zeros at its end.
    """
    differing = [index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b]
    is_long = len(one) == len(other) and len(one.replace(".", "").rstrip("0")) >= _MIN_TYPO_DIGITS
    if not is_long or any("." in {one[index], other[index]} for index in differing):
        return False
    is_swapped = len(differing) == 2 and differing[1] - differing[0] == 1 and sorted(one) == sorted(other)  # noqa: PLR2004 - a pair
    return len(differing) == 1 or is_swapped


def _is_comparable(measure: Measure) -> bool:
    """Return whether a measure is an exact value of the reporting year, so that another measure can contradict it."""
    is_of_year = not has_other_period(measure) and measure.section != "计划"
    return measure.bound == "exact" and measure.change is None and is_of_year


@dataclass(frozen=True, slots=True)
class _StatedValue:
    """The fields of a measure that are needed to compare it with measures of other reports."""

    id: str
    """Id of the measure."""
    document: str
    """Id of the document."""
    quote: str
    value: int | float
    """The signed value."""
    low: float
    """Lowest signed value that the statement permits, as `value_range` returns."""
    high: float
    """Highest signed value that the statement permits."""
    scale: int
    """Number of base units in the unit."""
    unit: str
    """The unit as written."""


@dataclass(frozen=True, slots=True)
class _StatedChange:
    """A value and its change since last year, with the range of last year's value that follows from them."""

    now: _StatedValue
    change: _StatedValue
    low: float
    """Lowest possible base value of last year."""
    high: float
    """Highest possible base value of last year."""


class _CrossReportChecker:
    """Checks each report against the reports before it."""

    def __init__(self, names: IndicatorNames) -> None:
        self._names = names
        self._values: dict[tuple[int, int], list[_StatedValue]] = {}
        """Values of the reports so far, by indicator (`_indicator_key`) and year of the report."""
        self._changes: dict[tuple[int, int], list[_StatedChange]] = {}
        """Changes of the reports so far, by indicator and year of the report."""

    def check(self, report: Sequence[Measure]) -> Iterator[Finding]:
        """Add the measures of a document, and yield their contradictions to the documents added earlier."""
        by_key: dict[tuple[int, int], list[Measure]] = {}
        for measure in report:
            if _is_comparable(measure) and measure.year is not None and measure.region:
                by_key.setdefault((_indicator_key(measure, self._names.name_of(measure)), measure.year), []).append(
                    measure
                )
        # If a report states several values of an indicator, they count different things, so none of them is used.
        unambiguous = {
            key: items[0] for key, items in by_key.items() if all(has_same_value(items[0], item) for item in items)
        }
        for key, measure in unambiguous.items():
            stated = _to_stated_value(measure)
            yield from self._check_conflicts(key, stated, measure)
            indicator, year = key
            yield from _check_last_year(self._changes.get((indicator, year + 1), ()), stated)
            self._values.setdefault(key, []).append(stated)
        yield from self._check_changes(report, {measure.id: key for key, measure in unambiguous.items()})

    def _check_conflicts(self, key: tuple[int, int], stated: _StatedValue, measure: Measure) -> Iterator[Finding]:
        """Yield a finding for each earlier report that states another value for the key."""
        for other in self._values.get(key, ()):
            if other.document != stated.document and not (stated.low <= other.high and other.low <= stated.high):
                message = f"two reports of {measure.district} {measure.year}: {other.quote}, and {stated.quote}"
                yield Finding("conflict", message, (other.id, stated.id), (other.value, stated.value))

    def _check_changes(self, report: Sequence[Measure], keys: dict[str, tuple[int, int]]) -> Iterator[Finding]:
        """Add the changes that a document states, and yield their contradictions to last year's reports added earlier.

        `keys` are the keys of the measures that the document states unambiguously, by id of the measure.
        """
        for now, change in _find_changes(report, self._names):
            bounds = _infer_last_year(now, change)
            if now.id not in keys or bounds is None:
                continue
            indicator, year = keys[now.id]
            stated_change = _StatedChange(_to_stated_value(now), _to_stated_value(change), *bounds)
            self._changes.setdefault((indicator, year), []).append(stated_change)
            for last_year in self._values.get((indicator, year - 1), ()):
                yield from _check_last_year([stated_change], last_year)


def _indicator_key(measure: Measure, name: MeasureName) -> int:
    """Return a hash of the body, the name, the kind and the unit family of a measure.

    A hash takes less memory than the strings. It has 64 bits, so collisions are improbable.
    """
    body = (measure.region, measure.agency, measure.doctype)
    return hash((*body, name.text, name.aspect, measure.kind, unit_family(measure.base_unit)))


def _to_stated_value(measure: Measure) -> _StatedValue:
    """Return the fields of a measure that are needed to compare it with measures of other reports."""
    low, high = value_range(measure)
    return _StatedValue(
        measure.id,
        measure.document,
        measure.quote,
        measure.signed_value,
        low,
        high,
        unit_scale(measure),
        measure.unit or "",
    )


def _find_changes(report: Sequence[Measure], names: IndicatorNames) -> Iterator[tuple[Measure, Measure]]:
    """Yield each change since last year after the value that it refers to.

    A change refers to the last value before it in the same paragraph, if the indicators of both are similar, or if the
    indicator of the change consists only of words for changes.
    """
    value: Measure | None = None
    for measure in report:
        if measure.change is None:
            value = measure
        elif value is not None and value.paragraph == measure.paragraph and _is_since_last_year(measure):
            changed = names.name_of(measure)
            if not changed.parts or thing_similarity(changed, names.name_of(value)) >= _MIN_CHANGE_SIMILARITY:
                yield value, measure


def _is_since_last_year(change: Measure) -> bool:
    """Return whether a change is exact and since last year, according to its words and its period."""
    period, words = change.period, f"{change.indicator} {change.quote}"
    is_last_year = (
        period is None or bool(_LAST_YEAR_PERIOD.fullmatch(period)) or period.startswith(f"{(change.year or 0) - 1}年")
    )
    return (
        change.bound == "exact"
        and is_last_year
        and bool(_YEARLY_CHANGE.search(words))
        and not re.search("环比|口径", words)
    )


def _infer_last_year(now: Measure, change: Measure) -> tuple[float, float] | None:
    """Return the lowest and highest base value of last year that follow from a value and its change.

    Returns None for amounts of money, and if the change is in another unit or ambiguous.
    """
    if now.kind == "money":  # growth of amounts is stated at constant prices or for comparable items
        return None
    if change.base_unit == "%" and now.base_unit != "%":
        return _divide_by_growth(now, change)
    is_points = change.base_unit in _PERCENTAGE_POINTS and now.base_unit == "%"
    if not is_points and unit_family(change.base_unit) != unit_family(now.base_unit):
        return None
    if change.base_unit == "%":  # 98%，提高2% is ambiguous: relative, or in percentage points
        return None
    low, high = value_range(now)
    smallest, largest = value_range(change)
    return low - largest, high - smallest


def _divide_by_growth(now: Measure, change: Measure) -> tuple[float, float] | None:
    """Return the lowest and highest value of last year for a change in percent, or None for a decrease by about 100 %.

    Reports truncate as well as round, so the error is up to a full unit of the last digit in both directions.
    """
    low, high = value_range(now)
    growth, error = change.signed_value, precision(change)
    min_factor, max_factor = 1 + (growth - error) / 100, 1 + (growth + error) / 100
    return (low / max_factor, high / min_factor) if min_factor > 0 else None


def _check_last_year(changes: Iterable[_StatedChange], last_year: _StatedValue) -> Iterator[Finding]:
    """Yield a finding for each change that contradicts the value in last year's report.

    If the expected and the stated value differ by more than a factor of `_MAX_RATIO`, they count different things, and
    there is no finding.
    """
    for item in changes:
        tolerance = 1e-9 * max(abs(item.high), abs(last_year.high))
        is_near = item.low < last_year.high * _MAX_RATIO and last_year.low < item.high * _MAX_RATIO
        if is_near and (item.low - tolerance > last_year.high or item.high + tolerance < last_year.low):
            values = (item.now, item.change, last_year)
            ids, base_values = tuple(value.id for value in values), tuple(value.value for value in values)
            yield Finding("change", _describe_change(item, last_year), ids, base_values)


def _describe_change(item: _StatedChange, last_year: _StatedValue) -> str:
    """Return the message about a change that contradicts the value in last year's report."""
    low, high = (format_number(round(value / item.now.scale, 2)) for value in (item.low, item.high))
    expected = (low if low == high else f"{low} to {high}") + item.now.unit
    return f"{item.now.quote}, {item.change.quote}: last year was {expected}, but its report says {last_year.quote}"
