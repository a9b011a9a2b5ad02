"""Where the measures of reports contradict each other, or themselves. Few findings, each worth a look.

parts      the parts of a breakdown do not add up to their total
rate       a rate above 100 % that cannot be
conflict   one indicator of one body and year with two values
change     value, last year's value and the stated change do not fit together
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby, pairwise

from searchkit.compare.agreement import (
    is_other_period,
    likeness,
    power_of,
    precision,
    same_value,
    unit_family,
    value_range,
    wording,
)
from searchkit.model import Measure
from searchkit.query.facets import Filter
from searchkit.search.snapshot import Snapshot

KINDS = ("parts", "rate", "conflict", "change")

_FULL = re.compile(r"分别|分为|[:：]\s*$")
"""Between a total and its parts: what follows is all of it. 其中 and 包括 promise no such thing."""
_AND_SO_ON = re.compile(r"\s*[\w ]{0,4}等")
_NOT_A_PART = re.compile("[均总原占由从每]|标准|累计|剔除|扣除|调整|口径|可比|实际|发展到|增加到|提高到|[率%]")
"""In the words of what stands behind a total but is not to be added up: means, other totals, corrections."""
_MAX_GAP_LENGTH = 20
"""Characters between two parts of one list; there are no other measures between them either."""
_PEOPLE = {"人", "名", "位", "人次"}
"""What is told apart in ways that overlap: 100人，其中党员80人、女性50人."""
_MAX_PARTS = 12
"""Parts of a total of which all subsets are tried."""
_NEAR = 0.02
"""Share of a total that three parts or more can miss only by a mistake."""

_BOUNDED_RATE = re.compile("率|占|比例|比重|满意度")
_UNBOUNDED_RATE = re.compile(
    "[增减降升涨长超倍]|提高|同比|环比|完成|达产|计划|目标|预算|进度|压缩|提前|"
    "负债|拨备|充足|产销|自给|使用率|利用率|毛入|毛在|收益|回报|利润|周转|杠杆|开工|到位|换手|置换|依存"
)
"""Rates that can be above 100 %, and growth."""
_RATE_LIMIT = 100

_LONG_NUMBER = 4
"""Digits of a number of which a slip of the pen can be told from another number."""
_LONG_WORDING = 4

_CHANGE_WORDS = re.compile(
    "(?:与|和)?(?:同比|比|较)?(?:上一?年度?|去年|前一年)?(?:同期)?(?:相比)?"
    "(?:增长|增加|上升|提高|提升|增幅|升幅|下降|减少|降低|降幅|同比)(?:率|幅度?|数量?|了|为|达到?)*"
)
_YEARLY = re.compile("同比|上一?年|去年|前一年|增长|下降|上升")
"""In the words of a change that is since the year before, unless they say otherwise; 压缩90% is not."""
_LAST_YEAR = re.compile(r"上一?年度?|去年|前一年|同比|(?:上年|去年)?同期")
_POINTS = {"个百分点", "百分点"}
_FAR = 5
"""A last year's value that many times larger or smaller than it should be is of something else."""
_SAME_THING = 0.45
"""Likeness of wordings from which on a change is of the value before it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Measures that cannot all be right."""

    kind: str
    """One of `KINDS`."""
    message: str
    """What does not fit, in one line."""
    ids: tuple[str, ...]
    """The measures concerned."""
    values: tuple[int | float, ...]
    """Their base values, in the same order."""


def audit_snapshot(snapshot: Snapshot, filters: tuple[Filter, ...]) -> Iterator[Finding]:
    """Check the measures of an index that filters admit, document by document."""

    def text_of(paragraph_id: str) -> str | None:
        """The text of a paragraph."""
        with snapshot.using_engine() as engine:
            paragraph = engine.paragraph(paragraph_id)
        return None if paragraph is None else paragraph.text

    return audit(snapshot.every_measure(filters), text_of)


def audit(measures: Iterable[Measure], text_of: Callable[[str], str | None] | None = None) -> Iterator[Finding]:
    """Check measures in corpus order; findings come as soon as the last measure concerned has been read.

    `text_of` gives the text of a paragraph by its id: with it, breakdowns that claim to be complete (分别为) are
    checked for parts that are missing; it is asked only about those whose parts add up to too little.
    Memory: some 300 bytes for each measure that another report could contradict, and the measures of one document.
    """
    ledger = _Ledger()
    for _, own in groupby(measures, key=lambda measure: measure.document):
        report = list(own)
        yield from _parts(report, text_of)
        yield from _rates(report)
        yield from _slips(report)
        yield from ledger.enter(report)


def _finding(kind: str, message: str, *measures: Measure) -> Finding:
    return Finding(kind, message, tuple(item.id for item in measures), tuple(item.base_value for item in measures))


def _parts(report: Sequence[Measure], text_of: Callable[[str], str | None] | None) -> Iterator[Finding]:
    """Breakdowns that do not add up."""
    by_id = {measure.id: measure for measure in report}
    breakdowns: dict[str, list[Measure]] = {}
    for measure in report:
        if measure.part_of in by_id:
            breakdowns.setdefault(measure.part_of, []).append(measure)
    for total_id, parts in breakdowns.items():
        total = by_id[total_id]
        if all(_adds_up_with(total, part) for part in (total, *parts)) and _is_list(parts, text_of):
            yield from _misfit(total, parts, text_of)


def _misfit(total: Measure, parts: Sequence[Measure], text_of: Callable[[str], str | None] | None) -> Iterator[Finding]:
    """The finding that a breakdown does not add up, if so."""
    added = round(sum(part.base_value for part in parts), 6)
    slack = sum(precision(item) / 2 for item in (total, *parts) if precision(item) != 1) + 1e-6
    if added > total.base_value + slack:
        is_wrong = _is_too_much(total, parts, slack)
    else:
        is_wrong = added < total.base_value - slack and _is_too_little(total, parts, added, text_of)
    if is_wrong:
        power, unit = power_of(total), total.unit or ""
        message = f"{total.quote}: the parts add up to {_shown(added / power)}{unit}, not {_shown(total.value)}{unit}"
        yield _finding("parts", message, total, *parts)


def _is_list(parts: Sequence[Measure], text_of: Callable[[str], str | None] | None) -> bool:
    """Whether parts follow each other as items of one list."""
    text = (text_of(parts[0].paragraph) if text_of else None) or ""
    pairs = list(pairwise(parts))
    return all(after.start - before.end <= _MAX_GAP_LENGTH for before, after in pairs) and not any(
        re.search(r"\d", text[before.end : after.start]) for before, after in pairs
    )


def _adds_up_with(total: Measure, part: Measure) -> bool:
    """Whether a part can be added to others that make up the total."""
    return (
        part.bound == "exact"
        and part.kind in {"count", "money"}
        and part.section != "计划"
        and not (
            part is not total and _NOT_A_PART.search(f"{part.indicator.removeprefix(total.indicator)} {part.quote}")
        )
        and part.change is None
        and (part.base_unit, part.period) == (total.base_unit, total.period)
    )


def _is_too_much(total: Measure, parts: Sequence[Measure], slack: float) -> bool:
    """Whether parts that add up to more than their total are wrong, and not parts of parts, or two breakdowns."""
    if any(part.base_value > total.base_value + slack for part in parts):
        return True
    if len(parts) > _MAX_PARTS or total.base_unit in _PEOPLE:
        return False
    values = [part.base_value for part in parts]
    return not any(
        abs(sum(chosen) - total.base_value) <= slack
        for size in range(1, len(values))
        for chosen in combinations(values, size)
    )


def _is_too_little(
    total: Measure, parts: Sequence[Measure], added: float, text_of: Callable[[str], str | None] | None
) -> bool:
    """Whether parts that add up to less than their total claim to be all of it."""
    first, last = min(part.start for part in parts), max(part.end for part in parts)
    if total.start > first:  # A 10件，B 20件，共30件
        return total.start > max(part.start for part in parts) and len(parts) > 1
    text = text_of(total.paragraph) if text_of else None
    if text is None or _AND_SO_ON.match(text, last):
        return False
    is_near = len(parts) > 2 and total.base_value - added <= total.base_value * _NEAR  # noqa: PLR2004 - fewer prove little
    return is_near or (len(parts) > 1 and bool(_FULL.search(text, total.end, first)))


def _rates(report: Sequence[Measure]) -> Iterator[Finding]:
    """Shares of a whole that are more than the whole."""
    for measure in report:
        words = f"{measure.indicator} {measure.quote}"
        if (
            measure.base_unit == "%"
            and measure.change is None
            and measure.base_value > _RATE_LIMIT
            and measure.section != "计划"
            and _BOUNDED_RATE.search(words)
            and not _UNBOUNDED_RATE.search(words)
        ):
            yield _finding("rate", f"{measure.quote}: more than {_RATE_LIMIT}%", measure)


def _slips(report: Sequence[Measure]) -> Iterator[Finding]:
    """One indicator that a report gives twice with one digit changed, or two swapped: 5980户次, and 5890户次.

    Other values of the same words are no finding: under one heading a report counts several inspections, trainings …
    """
    seen: dict[tuple[object, ...], list[Measure]] = {}
    for measure in report:
        text = wording(measure.indicator).text
        if not _is_plain(measure) or measure.part_of or len(text) < _LONG_WORDING:
            continue
        before = seen.setdefault((text, measure.kind, measure.unit, measure.section, measure.path[:1]), [])
        for other in before:
            if other.paragraph != measure.paragraph and _is_slip(f"{other.value}", f"{measure.value}"):
                yield _finding("conflict", f"one report says {other.quote}, and {measure.quote}", other, measure)
        before.append(measure)


def _is_slip(one: str, other: str) -> bool:
    """Whether two numbers have the same digits but for one, or for two neighbours that have changed places."""
    wrong = [place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b]
    long = len(one) == len(other) and len(one.replace(".", "").rstrip("0")) >= _LONG_NUMBER
    if not long or "." in {one[p] for p in wrong}:
        return False
    is_swapped = len(wrong) == 2 and wrong[1] - wrong[0] == 1 and sorted(one) == sorted(other)  # noqa: PLR2004 - a pair
    return len(wrong) == 1 or is_swapped


def _is_plain(measure: Measure) -> bool:
    """Whether a measure is an exact one of what was in the reporting year, so that another can contradict it."""
    is_said_of_year = not is_other_period(measure) and measure.section != "计划"
    return measure.bound == "exact" and measure.change is None and is_said_of_year


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a report says of an indicator, as far as another report can contradict it."""

    id: str
    document: str
    quote: str
    value: int | float
    low: float
    high: float
    power: int
    """What the value as written was multiplied by."""
    unit: str
    """As written."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a report says of an indicator's change since the year before."""

    now: _Entry
    change: _Entry
    low: float
    """The least that last year's value can have been."""
    high: float


class _Ledger:
    """What the reports read so far say, by body and indicator and year."""

    def __init__(self) -> None:
        self._entries: dict[tuple[int, int], list[_Entry]] = {}
        self._claims: dict[tuple[int, int], list[_Claim]] = {}

    def enter(self, report: Sequence[Measure]) -> Iterator[Finding]:
        """Take in a document's measures. Gives what they contradict of the documents before."""
        own: dict[tuple[int, int], list[Measure]] = {}
        for measure in report:
            if _is_plain(measure) and measure.year is not None and measure.region:
                own.setdefault((_key(measure), measure.year), []).append(measure)
        # An indicator with several values in one report counts several things: it proves nothing.
        clear = {key: items[0] for key, items in own.items() if all(same_value(items[0], item) for item in items)}
        for key, measure in clear.items():
            entry = _entry(measure)
            yield from self._conflicts(key, entry, measure)
            yield from _misfits(self._claims.get((key[0], key[1] + 1), ()), entry)
            self._entries.setdefault(key, []).append(entry)
        yield from self._changes(report, {measure.id: key for key, measure in clear.items()})

    def _conflicts(self, key: tuple[int, int], entry: _Entry, measure: Measure) -> Iterator[Finding]:
        for other in self._entries.get(key, ()):
            if other.document != entry.document and not (entry.low <= other.high and other.low <= entry.high):
                message = f"two reports of {measure.district} {measure.year}: {other.quote}, and {entry.quote}"
                yield Finding("conflict", message, (other.id, entry.id), (other.value, entry.value))

    def _changes(self, report: Sequence[Measure], keys: dict[str, tuple[int, int]]) -> Iterator[Finding]:
        """Changes that do not fit what last year's report says."""
        for now, change in _stated_changes(report):
            bounds = _last_year(now, change)
            if now.id not in keys or bounds is None:
                continue
            key, year = keys[now.id]
            claim = _Claim(_entry(now), _entry(change), *bounds)
            self._claims.setdefault((key, year), []).append(claim)
            for entry in self._entries.get((key, year - 1), ()):
                yield from _misfits([claim], entry)


def _key(measure: Measure) -> int:
    """A number that stands for body and indicator, smaller than they are; of 64 bits, so that no two meet."""
    text = wording(measure.indicator).text
    body = (measure.region, measure.agency, measure.doctype)
    return hash((*body, text, measure.kind, unit_family(measure.base_unit)))


def _entry(measure: Measure) -> _Entry:
    low, high = value_range(measure)
    return _Entry(
        measure.id,
        measure.document,
        measure.quote,
        measure.base_value,
        low,
        high,
        power_of(measure),
        measure.unit or "",
    )


def _stated_changes(report: Sequence[Measure]) -> Iterator[tuple[Measure, Measure]]:
    """Each value of the reporting year with each change since last year that is stated of it in the words after it."""
    last: Measure | None = None
    for measure in report:
        if measure.change is None:
            last = measure
        elif last is not None and last.paragraph == measure.paragraph and _is_since_last_year(measure):
            of = wording(_CHANGE_WORDS.sub("", measure.indicator))
            if not of.characters or likeness(of, wording(last.indicator)) >= _SAME_THING:
                yield last, measure


def _is_since_last_year(change: Measure) -> bool:
    """Whether a change is since the year before, as printed with its period or taken for granted."""
    period, words = change.period, f"{change.indicator} {change.quote}"
    is_last = period is None or bool(_LAST_YEAR.fullmatch(period)) or period.startswith(f"{(change.year or 0) - 1}年")
    return change.bound == "exact" and is_last and bool(_YEARLY.search(words)) and not re.search("环比|口径", words)


def _last_year(now: Measure, change: Measure) -> tuple[float, float] | None:
    """From where to where last year's value can have been, going by a stated change; None if that cannot be said."""
    if now.kind == "money":  # growth of amounts is stated at constant prices, or of what can be compared
        return None
    low, high = value_range(now)
    sign = 1 if change.change == "increase" else -1
    step = precision(change)
    if change.base_unit == "%" and now.base_unit != "%":
        # Reports cut digits off as well as rounding them: a whole unit of the last digit either way.
        least = 1 + (sign * change.base_value - step) / 100
        most = 1 + (sign * change.base_value + step) / 100
        return (low / most, high / least) if least > 0 else None
    is_points = change.base_unit in _POINTS and now.base_unit == "%"
    if not is_points and unit_family(change.base_unit) != unit_family(now.base_unit):
        return None
    if change.base_unit == "%":  # 98%，提高2%: of the rate, or points?
        return None
    change_low, change_high = value_range(change)
    first, second = sign * change_low, sign * change_high
    return low - max(first, second), high - min(first, second)


def _misfits(claims: Iterable[_Claim], entry: _Entry) -> Iterator[Finding]:
    """Claims that last year's report contradicts."""
    for claim in claims:
        slack = 1e-9 * max(abs(claim.high), abs(entry.high))
        is_near = claim.low < entry.high * _FAR and entry.low < claim.high * _FAR
        if is_near and (claim.low - slack > entry.high or claim.high + slack < entry.low):
            low, high = (_shown(round(value / claim.now.power, 2)) for value in (claim.low, claim.high))
            between = (low if low == high else f"{low} to {high}") + claim.now.unit
            message = (
                f"{claim.now.quote}, {claim.change.quote}: last year was {between}, but its report says {entry.quote}"
            )
            said = (claim.now, claim.change, entry)
            yield Finding("change", message, tuple(item.id for item in said), tuple(item.value for item in said))


def _shown(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
