"""The unit after a number, with a half or a tenth after it (两年半), and durations as opposed to periods and dates."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from searchkit.measures.numbers import Number
from searchkit.measures.vocabulary import Unit, Vocabulary
from searchkit.text.numerals import parse_han_numeral

ONE_HALF = Decimal("0.5")
"""The value of 半."""
_NO_FRACTION, _TENTH = Decimal(0), Decimal("0.1")
_HALVED_KINDS = frozenset(("duration", "other", "money"))
"""Kinds of units that 半 can follow: 两年半."""
_WORD_WITH_HALF = re.compile(
    "半(?:径|成品|导体|岛|数|山|干|自动|价|挂|封闭|脱产|边|年|月|天|小时|个|载|球|路|途|夜|场|决赛|机械|官方|公开|农|城|壁|开放|固定)"
)
"""A word that begins with 半."""
_DIGIT_AFTER_TENTHS = re.compile(r" ?([一二三四五六七八九])(?=[,;。:!?、)]|$)")
"""Matches a digit after 成, which counts tenths of the unit: 六 in 七成六."""
_MAX_UNIT_LENGTH = 10
"""Number of code points after 个 that are searched for a unit, 半 included: 半小时 in 个半小时."""

_MAX_YEARS = 100
"""Maximum number of years of a duration."""
_CALENDAR_UNITS = frozenset(("年", "周", "个年头", "个月", "个季度", "个星期"))
"""Units that are more frequent in dates and periods than in durations."""
_PERIOD_PREFIXES = tuple("近前后连这每")
"""Characters before a number that make a number of days or of `_CALENDAR_UNITS` a period: 近三年."""
_DURATION_BEFORE = re.compile(
    r"延长|缩短|提前|寿命|期限|有效期|为期|历时|任期|工龄|学制|刑|不少于|不低于|工期|增加|减少|压缩|年龄|耗时|用时|时长|限|不超过"
)
"""Matches a word shortly before a number of `_CALENDAR_UNITS`, which may then be a duration: 工期 in 工期三年."""
_MAX_DURATION_DISTANCE = 8
"""Number of code points before a number that are searched for `_DURATION_BEFORE`."""
_LASTING = re.compile(r"(?:为期|历时|长达|[用耗]时|延长|缩短|提前|推迟|[仅只共]用|用了)(?:了|约|近|仅)?$")
"""Matches directly before a number with 半 that is a duration, whatever follows it: 为期半年的行动."""
_MAX_LASTING_LENGTH = 4
"""Maximum length in code points of the text that `_LASTING` matches."""
_PERIOD_AFTER = re.compile(r"来|间|前|后|底|初|度|级|代|计划|规划|行动|期|制|的|中|一|里|时间|翻|增|保持|位居|实现")
"""Matches after a unit of time if the time is a period or part of a name (三年来, 三年行动), not a duration."""
_NAME_AFTER_DURATION = re.compile(
    r"(?:、[^,;。:!?、]{0,4})?[^,;。:!?、]{0,10}?(?:圈|免签|直达|通达|抵达|值班|综合立体交通)"
)
"""Matches after a time that is part of a name: 四小时公路交通圈."""
_DURATION_END = re.compile(r"多(?!年)|以[上内下]|左右|[,。;、)]|$")
"""Matches after a unit of time if the time can be a duration: 三年以上."""


class UnitMatch(NamedTuple):
    """A unit in a text."""

    base: str
    """The main spelling of the unit (元 for 圆), without 万 and 亿."""
    kind: str
    """One of `names.MEASURE_KINDS`."""
    end: int
    """End of the unit, and of 半 or a digit after it."""
    is_vague: bool = False
    """Whether the unit often counts nothing, as `Unit.is_vague` states."""
    fraction: Decimal = _NO_FRACTION
    """The part of the value that is printed after the unit (0.5 in 两年半) or in it (0.5 in 一个半小时)."""


def match_unit(folded: str, end: int, number: Number, vocabulary: Vocabulary) -> UnitMatch | None:
    """Return the unit after a number that ends at `end`, or None."""
    start = end + folded.startswith(" ", end)
    unit = vocabulary.match_unit(folded, start)
    if unit is None:
        return None
    end = start + len(unit.name)
    if unit.name == "个" and folded.startswith("百分点", end):
        return UnitMatch("百分点", "percent", end + len("百分点"))
    if folded[end : end + 1] == "半" or unit.base == "成":
        return _match_fraction(folded, end, number, unit, vocabulary)
    return UnitMatch(unit.base, unit.kind, end, unit.is_vague)


def _match_fraction(folded: str, end: int, number: Number, unit: Unit, vocabulary: Vocabulary) -> UnitMatch:
    """Return the unit that ends at `end`, with the 半 (两年半, 一个半小时) or the digit (七成六) after it."""
    # After 3万 or 3.5, neither 半 nor a digit is a part of the value.
    if number.scale > 1 or number.unscaled != number.unscaled.to_integral_value():
        return UnitMatch(unit.base, unit.kind, end, unit.is_vague)
    if unit.base == "成" and (digit := _DIGIT_AFTER_TENTHS.match(folded, end)):
        return UnitMatch(unit.base, unit.kind, digit.end(), fraction=_TENTH * (parse_han_numeral(digit[1]) or 0))
    if unit.name == "个":  # 个半小时 is 个小时 and a half
        counted = vocabulary.match_unit("个" + folded[end + 1 : end + _MAX_UNIT_LENGTH], 0)
        if counted is not None and counted.kind == "duration":
            return UnitMatch(counted.base, counted.kind, end + len(counted.name), fraction=ONE_HALF)
        if folded.startswith("半百分点", end):
            return UnitMatch("百分点", "percent", end + len("半百分点"), fraction=ONE_HALF)
    has_half = unit.kind in _HALVED_KINDS and folded.startswith("半", end)
    if has_half and not _WORD_WITH_HALF.match(folded, end):
        return UnitMatch(unit.base, unit.kind, end + 1, fraction=ONE_HALF)
    return UnitMatch(unit.base, unit.kind, end, unit.is_vague)


def is_duration(folded: str, number: Number, unit: UnitMatch) -> bool:
    """Return whether a number with a unit of time is a reported duration (历时三年).

    It may instead be a date (2023年), a period (近三年) or part of a name (四小时公路交通圈).
    """
    start, end = number.start, unit.end
    if unit.base == "天":
        return not folded.endswith(_PERIOD_PREFIXES, 0, start) and not _PERIOD_AFTER.match(folded, end)
    if unit.base not in _CALENDAR_UNITS:
        return not _NAME_AFTER_DURATION.match(folded, end)
    if unit.base == "年" and number.value > _MAX_YEARS:
        return False
    if unit.fraction and _is_lasting(folded, start):
        return True
    return _is_calendar_duration(folded, start, unit)


def _is_calendar_duration(folded: str, start: int, unit: UnitMatch) -> bool:
    """Return whether a number of `_CALENDAR_UNITS` is a reported duration."""
    end = unit.end
    if unit.base in ("年", "周") and not (unit.fraction or _DURATION_END.match(folded, end)):
        return False
    before = folded[max(0, start - _MAX_DURATION_DISTANCE) : start]
    if before.endswith(_PERIOD_PREFIXES) and not before.endswith("提前"):
        return False
    return bool(unit.fraction or _DURATION_BEFORE.search(before)) and not _PERIOD_AFTER.match(folded, end)


def is_half_duration(folded: str, start: int, end: int, base: str) -> bool:
    """Return whether 半 at `start` with a unit of time that ends at `end` is a reported duration and not a period."""
    if _is_lasting(folded, start) or (base not in _CALENDAR_UNITS and base != "天"):
        return True
    if folded.endswith(_PERIOD_PREFIXES, 0, start) or _PERIOD_AFTER.match(folded, end):
        return False
    distance = max(0, start - _MAX_DURATION_DISTANCE)
    is_reported = _DURATION_BEFORE.search(folded, distance, start) or _DURATION_END.match(folded, end)
    return base not in _CALENDAR_UNITS or is_reported is not None


def _is_lasting(folded: str, start: int) -> bool:
    """Return whether a word directly before `start` makes the number there a duration (历时, 为期)."""
    return _LASTING.search(folded, max(0, start - _MAX_LASTING_LENGTH), start) is not None
