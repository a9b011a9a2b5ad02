"""Quantities: numbers with their units. The module `indicators` finds the name of what each of them counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from searchkit.measures.bounds import find_bound
from searchkit.measures.numbers import SIGNS, Number, find_numbers, split_scale
from searchkit.measures.units import ONE_HALF, UnitMatch, is_duration, is_half_duration, match_unit
from searchkit.measures.vocabulary import Vocabulary
from searchkit.text.numerals import SCALES, format_scale, parse_han_numeral

_MAX_SMALL_NUMBER = 10
"""Largest number that, as a Chinese numeral, often counts nothing (三项制度)."""
_SURPLUS_CHARACTERS = "余多来几"
"""Characters between a number and its unit that make the number a lower bound: 1300余人次, 200多人."""
_SERIAL_UNITS = frozenset(("期",))
"""Units whose ranges are often ranges of ordinals: 三到六期."""
_NOT_AFTER_SCALE = tuple("年月日号级届大方分之")
"""Characters after a number with 万 or 亿 that show that the number counts nothing (千万年). Otherwise, such a number
counts the thing that is named after it, even without a unit: 惠及20万群众."""

# Text that a number must not be part of.
_ORDINAL_PREFIXES = frozenset("第初廿届")
"""Characters before a number that make the number an ordinal or a day: 第3, 初五."""
_SPACED_ORDINAL = re.compile("第 +$")
"""Matches the end of the text before a number that is an ordinal: 第 5."""
_SPLIT_NUMBER = re.compile(r"(?<![\da-z.,-])\d{1,2} $")
"""Matches digits and a blank at the end of the text before a number, which may then be the end of a longer number with
blanks in it (6 6 40元). The lookbehind excludes digits at the end of a word: CO2 1349吨."""
_OPERATORS = ".+/@#_*∶·×"
"""Characters before an Arabic number that make the number a part of a code, a ratio or a formula."""
_WORD_PREFIXES = "统唯单逐划专之某万同合归不这那每哪另当历各"
"""Characters that form a word with a single Chinese digit after them: 统一, 单一."""
_FORMAL_DIGITS = "零〇伍陆肆叁柒捌玖拾佰仟"
"""Digits that, alone, are a number only in an amount of money (伍元). Otherwise they are part of a name or slogan."""
_MONEY_CHARACTERS = "元圆角"
"""First characters of the units of amounts in formal digits."""
_IGNORED_SPAN = re.compile(
    r"第\d+页[,/\s]?共\d+页|"  # 第3页 共9页
    r"“[^”]{0,14}”|《[^》]{0,80}》|「[^」]{0,14}」|‘[^’]{0,14}’|\"[^\"]{1,14}\"|"  # short quotes, and book titles
    r"\[\d+\]|〔[^〕]{0,9}〕|\(\d+\)|"  # footnote mark [3], document number 〔2023〕, list number (3)
    # the session of an assembly: 人大五次会议, unlike 召开五次会议
    r"(?<![召开行织加席了共])[一二三四五六七八九十]{1,2}次会议|(?:届|人大|政协)\d{1,2}次会议|"
    r"\d{1,2}[时点]\d{1,2}分(?![钟之])(?:\d{1,2}秒)?"  # a time of day: 8时30分
)
"""A span in which numbers count nothing."""

# Ranges.
_RANGE_CHARACTERS = "-—–―~～〜至到"
"""Characters between the ends of a range."""
_RANGE_GAP = re.compile(rf"\s?[{_RANGE_CHARACTERS}]{{1,2}}\s?")
"""The text between the ends of a range: —, 至, ` - `."""
_MAX_RANGE_GAP = 4
"""Maximum length in code points of the text that `_RANGE_GAP` matches."""
_MAX_UPPER_DISTANCE = 3
"""Maximum number of code points between the numbers of a range with one unit: 5—8个, 5 —8个."""
_BETWEEN = re.compile(r"[^,;。:!?、]{0,8}?之间")
"""Matches after two numbers with 与 or 和 between them that are a range: 5和8个之间."""
_FROM = re.compile(r"[从由自](?:[^,;。:!?、]{0,12}?[的年月底末初期])?\s*(?:约|近|不足|超过?)?$")
"""Matches the end of the text before a number that is a former level: 由2022年的71%至89%."""
_MAX_FROM_LENGTH = 16
"""Number of code points before a number that are searched for `_FROM`."""

# Round numbers, signs, halves, fractions and money.
_AFTER_THRESHOLD = re.compile(r"(?:以上|左右)?(?:[,;。:!?、)]|$|大关|和|及|的?(?:水平|规模|目标))")
"""Matches after a threshold with a unit of money (`Number.is_threshold`): 大关 in 突破千亿元大关. Does not match if the
threshold defines a class of things: 超百亿元企业."""
_AFTER_COUNT = re.compile(r"(?:以上)?(?![的级以])")
"""The same for thresholds with another unit: matches after 超千人, but not in 超千人的基地."""
_SIGNED_KINDS = frozenset(("money", "percent", "count"))
"""Kinds of units. A hyphen before a number with such a unit is a minus sign, whatever word precedes the hyphen.
Before a length or an area, a hyphen is a minus sign only after words such as 增长: not in 长江-12.5米深水航道."""
_SIGNED_UNITS = frozenset(("℃", "℉", "摄氏度", "度", "番", "倍", "吨"))
"""Units of other kinds. A hyphen before a number with such a unit is a minus sign, too."""
# The lookbehinds exclude 半 after another number or a word such as 上 or 前 (一半, 上半年), but not after 提前. The
# lookahead excludes 半数 and 半径.
_HALF = re.compile(r"(?<![上下后每一两大多过各首末这那几整对参减折\d])(?<!(?<!提)前)半(?!数|径)")
"""半 as a number: 半年."""
_FRACTION = re.compile(
    # 三分之一, but not as a part of a longer numeral
    r"(?<![一二两三四五六七八九十百千万零又\d第])([二三四五六七八九十]{1,2}|[1-9]\d?)分之"
    r"([一二两三四五六七八九十]{1,2}|[1-9]\d?)(?![线一二三四五六七八九十百千万\d])"
    # 1/3, but not in a date (2023/1/3), a mixed number (2 1/3) or a code
    r"|(?<![\d./a-z又])(?<!\d )([1-9])/([2-9]|10)(?![\d./a-z万亿月])"
)
"""A fraction. The groups are denominator and numerator of 三分之一, or numerator and denominator of 1/3."""
_GENERAL_CURRENCY = "元"
"""The unit of every currency that can be named before the number: 港币3000元."""
_MAX_SUBUNITS = 2
"""Maximum number of subunits of an amount of money: 5元6角3分."""
_WHOLE_AMOUNT = re.compile(r"整(?![改治体合理顿个套车形年天月])|正(?=[,;。:!?、)]|$)")
"""Matches 整 or 正 after an amount of money, which say that the amount is complete: 伍仟圆整."""


@dataclass(slots=True)
class Quantity:
    """A number with its unit. Offsets are code points of the paragraph's text, 0-based, end-exclusive."""

    start: int
    """Start of the number, or of the currency before it."""
    end: int
    """End of number, unit and the bound after them (以上, 左右)."""
    unit_end: int
    """End of number and unit."""
    value: Decimal
    """The number as written, with 半 (1.5 for 一个半小时), without the scale after it (千, 万, 亿)."""
    unit: str | None
    """The unit as written, with the scale, without blanks: 万元. Other spellings of a unit are replaced: 元 for 圆."""
    base_value: Decimal
    """The value in `base_unit`: 30000 for 3万元."""
    base_unit: str | None
    """The unit without the scale: 元 for 万元. None for a number without unit."""
    kind: str
    """One of `names.MEASURE_KINDS`."""
    bound: str
    """One of `names.MEASURE_BOUNDS`."""
    is_vague: bool = False
    """Whether it is a small Chinese numeral with a unit that often counts nothing (三项制度). Such a quantity is a
    measure only with further evidence."""


def find_quantities(folded: str, vocabulary: Vocabulary) -> list[Quantity]:
    """Return the quantities of a folded text, from left to right.

    Skips dates, ordinals, list and document numbers, numbers in quotes and book titles, fixed names, numbers that are
    part of a word (5a级), and ratios. Fractions (三分之一) in quotes and book titles are not skipped. A range (5—8个,
    2000元至3万元) is one quantity: its lower end, with the bound at_least. Linear in the length of the text.
    """
    fractions = _find_fractions(folded)
    quantities = _find_counted(folded, vocabulary) + _find_halves(folded, vocabulary)
    if quantities:
        quantities.sort(key=lambda item: item.start)
        ignored = _IgnoredSpans(folded, vocabulary)
        quantities = [quantity for quantity in quantities if not ignored.covers(quantity)]
    return _join_ranges(folded, _drop_overlaps(fractions + quantities))


def to_json_number(value: Decimal) -> int | float:
    """Convert to a number for JSON: an integer if the value, as a float, is one, otherwise a float."""
    real = float(value)
    return int(real) if real.is_integer() else real


class _IgnoredSpans:
    """Spans in which numbers count nothing: quotes, book titles, footnote marks, fixed names."""

    def __init__(self, folded: str, vocabulary: Vocabulary) -> None:
        self._spans = sorted(
            [match.span() for match in _IGNORED_SPAN.finditer(folded)] + vocabulary.find_fixed_names(folded)
        )
        self._next = 0
        self._covered_end = -1

    def covers(self, quantity: Quantity) -> bool:
        """Return whether a quantity starts inside an ignored span, or at the start of one without exceeding it.

        Must be called for quantities from left to right. The fixed name 三项制度 covers 三项, but 三公 does not cover
        三公里.
        """
        while self._next < len(self._spans) and self._spans[self._next][0] < quantity.start:
            self._covered_end = max(self._covered_end, self._spans[self._next][1])
            self._next += 1
        if quantity.start < self._covered_end:
            return True
        same_start = (span for span in self._spans[self._next : self._next + 2] if span[0] == quantity.start)
        return any(end >= quantity.unit_end for _, end in same_start)


# numbers that can count something


def _is_countable(folded: str, number: Number) -> bool:
    """Return whether a number can count something: it is not an ordinal, nor part of a word, ratio or formula."""
    start, end = number.start, number.end
    before, after = folded[start - 1 : start], folded[end : end + 1]
    if before in _ORDINAL_PREFIXES or (before == " " and _is_after_blank(folded, start)):
        return False
    if before == "之" and folded[start - 2] == "分":  # the numerator of a fraction
        return False
    if number.is_han:
        return end - start > 1 or bool(number.part) or _is_countable_digit(folded[start], before, after)
    return not _is_continued(folded, number) and (folded[start] in SIGNS or _is_separate(folded, start, before))


def _is_separate(folded: str, start: int, before: str) -> bool:
    """Return whether an Arabic number is not the end of a code, a ratio or a time of day, by the text before it."""
    prefix = folded[start - 2 : start - 1]
    if before == ":":
        return not prefix.isdigit()
    if before and before in _RANGE_CHARACTERS:  # f-35, or the second part of a range
        return not (prefix.isascii() and prefix.isalpha())
    return not before or not ((before.isascii() and before.isalpha()) or before in _OPERATORS)


def _is_after_blank(folded: str, start: int) -> bool:
    """Return whether the text before a blank makes a number an ordinal (第 5) or a part of a longer one (6 6 40)."""
    is_split = folded[start].isdigit() and _SPLIT_NUMBER.search(folded, max(0, start - 4), start)
    return bool(is_split or _SPACED_ORDINAL.search(folded, max(0, start - 4), start))


def _is_continued(folded: str, number: Number) -> bool:
    """Return whether a ratio, a formula or a list number continues after a number: 3∶1, 1+26, 2.加强."""
    after, second = folded[number.end : number.end + 1], folded[number.end + 1 : number.end + 2]
    if after == ".":
        return not number.part and bool(second) and second not in '"”’ '
    return after == "+" or (bool(after) and after in "∶:·" and second.isdigit())


def _is_countable_digit(digit: str, before: str, after: str) -> bool:
    """Return whether a single Chinese digit can be a number: it is not part of a word such as 统一.

    一是 is such a word, too, at the start of a text.
    """
    if digit in _FORMAL_DIGITS:
        return bool(after) and after in _MONEY_CHARACTERS
    return before not in _WORD_PREFIXES if before else after != "是"


# numbers with units


def _find_counted(folded: str, vocabulary: Vocabulary) -> list[Quantity]:
    """Return the quantities other than halves and fractions, including those in quotes and fixed names."""
    numbers = [number for number in find_numbers(folded) if _is_countable(folded, number)]
    quantities: list[Quantity] = []
    consumed_end = -1
    for n, number in enumerate(numbers):
        if number.start < consumed_end:
            continue
        upper = _find_upper_end(folded, numbers, n, vocabulary)
        quantity = _match_quantity(folded, number, upper, vocabulary)
        if quantity is not None:
            if quantity.kind == "money":
                _complete_amount(folded, quantity, numbers[n + 1 : n + 1 + _MAX_SUBUNITS], vocabulary)
            quantities.append(quantity)
        consumed_end = quantity.end if quantity else upper.end if upper else consumed_end
    return quantities


def _match_quantity(folded: str, number: Number, upper: Number | None, vocabulary: Vocabulary) -> Quantity | None:
    """Return the quantity of a number, or of the range from it to `upper`. Return None if the number counts nothing."""
    last = upper or number
    if part := last.part or number.part:  # 98%, 千分之六
        unit = UnitMatch(part, "percent", last.end)
        return None if last.scale > 1 else _build_quantity(folded, number, last, unit, is_lower=number.is_surplus)
    end, is_surplus = last.end, number.is_surplus
    if folded[end : end + 1] and folded[end] in _SURPLUS_CHARACTERS:
        end, is_surplus = end + 1, True
    is_lower = is_surplus or folded[last.start : end].rstrip("万亿").endswith(tuple(_SURPLUS_CHARACTERS))  # 1300余万亿
    matched = match_unit(folded, end, last, vocabulary)
    prefix = vocabulary.match_prefix(folded, number.start) if matched is None or matched.kind == "money" else None
    if prefix is not None and (matched is None or matched.base == _GENERAL_CURRENCY):  # $3000, 港币3000元
        matched = UnitMatch(prefix.unit.base, prefix.unit.kind, matched.end if matched else end)
    if matched is None:  # only a number with 万 or more counts without a unit: 惠及20万
        if last.scale < SCALES["万"] or last.is_round or folded.startswith(_NOT_AFTER_SCALE, end):
            return None
        return _build_quantity(folded, number, last, UnitMatch("", "count", end), is_lower=is_lower)
    if not _is_reported(folded, number, matched):
        return None
    if number.is_joined and not (matched.kind in _SIGNED_KINDS or matched.base in _SIGNED_UNITS):
        # The sign is a hyphen: 长江-12.5米深水航道
        number.start, number.unscaled = number.start + 1, -number.unscaled
    quantity = _build_quantity(folded, number, last, matched, is_lower=is_lower)
    if prefix is not None:
        quantity.start = prefix.start
    is_single = number.is_han and not is_surplus and (number is last or matched.base in _SERIAL_UNITS)
    quantity.is_vague = matched.is_vague and is_single and _is_small(quantity.base_value)
    return quantity


def _is_reported(folded: str, number: Number, unit: UnitMatch) -> bool:
    """Return whether a number with a unit is a measure.

    A date or period (2023年) is none, nor is a threshold that defines a class of things (超百亿元企业).
    """
    if unit.kind == "duration" and not is_duration(folded, number, unit):
        return False
    following = _AFTER_THRESHOLD if unit.kind == "money" else _AFTER_COUNT
    return not number.is_threshold or following.match(folded, unit.end) is not None


def _is_small(value: Decimal) -> bool:
    """Return whether a value is that of a numeral that often counts nothing: a whole number up to ten."""
    return 0 <= value <= _MAX_SMALL_NUMBER and value == value.to_integral_value()


def _build_quantity(folded: str, number: Number, last: Number, unit: UnitMatch, *, is_lower: bool) -> Quantity:
    """Build a quantity. `last` is the number that the unit follows; `is_lower`, whether the number is a lower bound."""
    bound, end = find_bound(folded, number.start, unit.end, "at_least" if is_lower or last is not number else "exact")
    value, scale = number.unscaled + unit.fraction, _find_scale(number, last)
    written = format_scale(scale) + unit.base
    return Quantity(
        number.start, end, unit.end, value, written or None, value * scale, unit.base or None, unit.kind, bound
    )


def _find_scale(number: Number, last: Number) -> int:
    """Return the scale of a number. `last`: the upper end of its range, or the number itself.

    A lower end without 万 or 亿 takes 万 or 亿 from the upper end if it is less than the number before them: 5至8万,
    but not 5000至8万. A lower end without any scale also takes 千 or 百 if it is less than the number before them:
    5至8千万 is 5千万 to 8千万, but 500至8千万 is 500万 to 8千万.
    """
    if number is last or number.scale >= SCALES["万"]:
        return number.scale
    if number.scale == 1 and number.value < last.unscaled:
        return last.scale
    small, myriads = split_scale(last.scale)
    return number.scale * myriads if number.value < last.unscaled * small else number.scale


def _complete_amount(folded: str, quantity: Quantity, following: Sequence[Number], vocabulary: Vocabulary) -> None:
    """Add the subunits after an amount of money (50元6角三分), and 整 (伍仟圆整)."""
    subunits = vocabulary.subunits(quantity.base_unit or "")  # of 元: 10 角, 100 分
    value, end = Decimal(0), quantity.unit_end
    for number in following:
        if number.start - end not in (0, 1) or folded[end : number.start] not in ("", "又", "零"):
            break
        unit = vocabulary.match_unit(folded, number.end)
        per_unit = 0 if unit is None else subunits.get(unit.name, 0)
        if unit is None or not 0 < number.value < per_unit:
            break
        value, end = value + number.value / per_unit, number.end + len(unit.name)
    if value:
        scale = quantity.base_value / quantity.value if quantity.value else Decimal(1)
        quantity.value, quantity.base_value = quantity.value + value / scale, quantity.base_value + value
        quantity.unit_end = end
        quantity.bound, quantity.end = find_bound(folded, quantity.start, end, "exact")
    if whole := _WHOLE_AMOUNT.match(folded, quantity.end):
        quantity.end = whole.end()


# ranges


def _find_upper_end(folded: str, numbers: Sequence[Number], n: int, vocabulary: Vocabulary) -> Number | None:
    """Return the upper end of the range that starts with number n (5—8个, 1%至2%), or None."""
    if n + 1 == len(numbers):
        return None
    lower, upper = numbers[n], numbers[n + 1]
    if not 0 < upper.start - lower.end <= _MAX_UPPER_DISTANCE:
        return None
    gap = folded[lower.end : upper.start].strip()
    if not gap or (gap.strip(_RANGE_CHARACTERS) and not (gap in "与和" and _BETWEEN.match(folded, upper.end))):
        return None
    if lower.part and _is_change_of_level(folded, lower.start, gap):
        return None
    if lower.part and not upper.part:  # 百分之五至八, but not 百分之二十二至五倍
        is_part = folded.find("分之", lower.start, lower.end) >= 0
        return upper if is_part and vocabulary.match_unit(folded, upper.end) is None else None
    return upper


def _join_ranges(folded: str, quantities: list[Quantity]) -> list[Quantity]:
    """Return the quantities. Of two that are the ends of a range (2000元至3万元), only the lower end is returned.

    The lower end then has the bound at_least, and extends to the end of the range.
    """
    joined: list[Quantity] = []
    lower = None
    for quantity in quantities:
        if lower and quantity.start - lower.end <= _MAX_RANGE_GAP and _is_range(folded, lower, quantity):
            lower.bound, lower.end, lower.unit_end = "at_least", quantity.end, quantity.unit_end
            lower = None
        else:
            joined.append(quantity)
            lower = quantity
    return joined


def _is_range(folded: str, lower: Quantity, upper: Quantity) -> bool:
    """Return whether two quantities are the ends of a range and not a former and a later level."""
    if lower.base_unit != upper.base_unit or lower.bound != "exact" or lower.base_value >= upper.base_value:
        return False
    gap = _RANGE_GAP.fullmatch(folded, lower.end, upper.start)
    return gap is not None and not _is_change_of_level(folded, lower.start, gap[0].strip())


def _is_change_of_level(folded: str, start: int, gap: str) -> bool:
    """Return whether two numbers with `gap` between them are a former and a later level: 由71%至89%."""
    return gap in ("至", "到") and _FROM.search(folded, max(0, start - _MAX_FROM_LENGTH), start) is not None


# halves and fractions


def _find_halves(folded: str, vocabulary: Vocabulary) -> list[Quantity]:
    """Return the quantities with 半 as their number: 半年, 半吨."""
    if "半" not in folded:
        return []
    halves = []
    for match in _HALF.finditer(folded):
        start, unit = match.start(), vocabulary.match_unit(folded, match.end())
        if unit is None or not unit.is_halved:
            continue
        end = match.end() + len(unit.name)
        if unit.kind != "duration" or is_half_duration(folded, start, end, unit.base):
            bound, bound_end = find_bound(folded, start, end, "exact")
            halves.append(Quantity(start, bound_end, end, ONE_HALF, unit.base, ONE_HALF, unit.base, unit.kind, bound))
    return halves


def _find_fractions(folded: str) -> list[Quantity]:
    """Return the fractions below 1 (三分之一, 1/3). Their values are rounded to four decimals, and have no unit."""
    if "分之" not in folded and "/" not in folded:
        return []
    fractions = []
    for match in _FRACTION.finditer(folded):
        denominator, numerator = (_parse_integer(match[1] or match[4]), _parse_integer(match[2] or match[3]))
        if denominator and numerator and numerator < denominator:
            value = round(numerator / denominator, 4)
            bound, end = find_bound(folded, match.start(), match.end(), "exact")
            fractions.append(Quantity(match.start(), end, match.end(), value, None, value, None, "other", bound))
    return fractions


def _parse_integer(digits: str) -> Decimal | None:
    """Return the value of an integer in Arabic or Chinese digits, or None if the digits are not a number."""
    return Decimal(digits) if digits.isdecimal() else parse_han_numeral(digits)


def _drop_overlaps(quantities: list[Quantity]) -> list[Quantity]:
    """Return the quantities ordered by start. Quantities that start inside an earlier one are dropped."""
    ordered: list[Quantity] = []
    for quantity in sorted(quantities, key=lambda item: item.start):
        if not ordered or quantity.start >= ordered[-1].end:
            ordered.append(quantity)
    return ordered
