"""Quantities: numbers with their units. The module `indicators` finds the name of what each of them counts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from searchkit.measures.vocabulary import Vocabulary
from searchkit.text.numerals import SCALES, Numeral, find_folded_numerals, parse_han_numeral

_MAX_SMALL_NUMBER = 10
"""Largest number that, as a Chinese numeral, often counts nothing (三项制度)."""

_VERBS_AFTER_APPROX = "增长|增加|提高|减少|下降|降低|达到?|为|有|占|合"
_BOUND_BEFORE = re.compile(
    r"(?:(?P<at_least>不少于|不低于|不小于|至少|超过了?|突破了?|高于|大于|多于|逾|超|满|上)"
    r"|(?P<at_most>不超过|不高于|不多于|不大于|不足|不到|低于|小于|少于|最多|至多|控制在|严控在)"
    rf"|(?P<approx>大约|约|将近|接近|近|大概)(?:{_VERBS_AFTER_APPROX})?了?)[\s“]?$"
)
_NOT_A_BOUND = re.compile(
    r"(?:最近|附近|邻近|临近|赶超|反超|制约|节约|集约|条约|合约|预约|公约|履约|签约|邀约|缔约|违约|守约|向上|以上|网上|线上|上|不满|圆满|充满|美满|届满)$"
)
_BOUND_AFTER = re.compile(
    r"\s?(?:(?P<at_least>(?:及|或)?以上|多(?![家个样元数种]))|(?P<at_most>(?:及|或)?以[内下]|之内)|(?P<approx>左右|上下))"
)
_MAX_BOUND_LENGTH = 6
"""Number of code points before a quantity that are searched for a bound."""
_SURPLUS_CHARACTERS = "余多来几"  # between number and unit: 1300余人次, 200多人
_RANGE_CHARACTERS = "-—–―~～〜至到"
_ORDINAL_PREFIXES = frozenset("第初廿届")  # before a number: it is an ordinal or a day
_OPERATORS = ".+/@#_*∶·×"
_WORD_PREFIXES = "统唯单逐划专之某万同合归不这那每哪另当历各"  # before a single Chinese digit: a word, not a number
_FORMAL_DIGITS = "零〇伍陆肆叁柒捌玖拾佰仟"  # a single one is part of a name or slogan, not a number
_NOT_AFTER_SCALE = tuple("年月日号级届大方分之")  # 千万年 counts nothing; 20万 counts people that are named after it
_IGNORED_SPAN = re.compile(
    r"第\d+页[,/\s]?共\d+页|“[^”]{0,14}”|《[^》]{0,80}》|「[^」]{0,14}」|‘[^’]{0,14}’|\"[^\"]{1,14}\"|\[\d+\]|〔[^〕]{0,9}〕|\(\d+\)"
)
_FRACTION = re.compile(
    r"(?<![百千万\d第])([二三四五六七八九十]{1,2})分之([一二两三四五六七八九])(?!线)"
    r"|(?<![\d./a-z])([1-9])/([2-9]|10)(?![\d./a-z万亿月])"
)
_SCALE_AT_END = re.compile("[十百千万亿]+$")
_CALENDAR_UNITS = frozenset(
    ("年", "周", "个年头", "个月", "个季度", "个星期")
)  # mostly dates and periods, rarely durations
_DURATION_BEFORE = re.compile(
    r"延长|缩短|提前|寿命|期限|有效期|为期|历时|任期|工龄|学制|刑|不少于|不低于|工期|增加|减少|压缩|年龄|耗时|用时|时长|限|不超过"
)
_PERIOD_AFTER = re.compile(r"来|间|前|后|底|初|度|级|代|计划|规划|行动|期|制|的|中|一|里|时间|翻|增|保持|位居|实现")
_NAME_AFTER_DURATION = re.compile(r"[^,;。:!?、]{0,10}?(?:圈|免签|直达|通达|抵达|值班)")  # 四小时公路交通圈
_DURATION_END = re.compile(r"多(?!年)|以[上内下]|左右|[,。;、)]|$")


@dataclass(slots=True)
class Quantity:
    """A number with its unit. Offsets are code points of the paragraph's text, 0-based, end-exclusive."""

    start: int
    """Start of the number."""
    end: int
    """End of number, unit and the bound after them (以上, 左右)."""
    unit_end: int
    """End of number and unit."""
    value: Decimal
    """The number as written, without the 万 and 亿 that follow it."""
    unit: str | None
    """The unit as written, with 万 and 亿, without blanks: 万元."""
    base_value: Decimal
    base_unit: str | None
    kind: str
    """One of `model.MEASURE_KINDS`."""
    bound: str
    """One of `model.MEASURE_BOUNDS`."""
    is_vague: bool = False
    """A small Chinese numeral with a unit that often counts nothing. It is a measure only with further evidence."""


def find_quantities(folded: str, vocabulary: Vocabulary) -> list[Quantity]:
    """Return the quantities of a folded text, from left to right.

    Skips dates, ordinals, list and document numbers, numbers in quotes and book titles, fixed names, numbers that are
    part of a word (5a级), and ratios. A range (5—8个) is one quantity: its lower end, with the bound at_least. Linear
    in the length of the text.
    """
    numerals = [numeral for numeral in find_folded_numerals(folded) if _is_countable(folded, numeral)]
    if not numerals:
        return []
    ignored = _IgnoredSpans(folded, vocabulary)
    quantities = _find_fractions(folded)
    consumed_end = -1
    for n, numeral in enumerate(numerals):
        if numeral.start < consumed_end:
            continue
        upper = _find_upper_end(folded, numerals, n)
        quantity = _match_quantity(folded, numeral, upper, vocabulary)
        if quantity is not None and not ignored.covers(quantity):
            quantities.append(quantity)
        consumed_end = quantity.end if quantity else upper.end if upper else consumed_end
    return _drop_overlaps(quantities)


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
        """Whether a quantity starts inside an ignored span, or at the start of one without exceeding it.

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


def _is_countable(folded: str, numeral: Numeral) -> bool:
    """Whether the characters around a number allow it to count something: no ordinal, part of a word or ratio."""
    start, end = numeral.start, numeral.end
    before, after = folded[start - 1 : start], folded[end : end + 1]
    if before in _ORDINAL_PREFIXES:
        return False
    if numeral.is_han:
        return end - start > 1 or numeral.is_percent or _is_countable_digit(folded[start], before, after)
    if before and ((before.isascii() and before.isalpha()) or before in _OPERATORS):
        return False
    if before == ":" and folded[start - 2 : start - 1].isdigit():  # a ratio or a time of day
        return False
    if before and before in _RANGE_CHARACTERS:  # the second part of a name (f-35) or of a range
        prefix = folded[start - 2 : start - 1]
        return not (prefix.isascii() and prefix.isalpha())
    return not _is_continued(folded, numeral)


def _is_continued(folded: str, numeral: Numeral) -> bool:
    """Whether a ratio, a formula or a list number continues after a number: 3∶1, 1+26, 2.加强."""
    after, second = folded[numeral.end : numeral.end + 1], folded[numeral.end + 1 : numeral.end + 2]
    if after == ".":
        return not numeral.is_percent and bool(second) and second not in '"”’ '
    return after == "+" or (bool(after) and after in "∶:·" and second.isdigit())


def _is_countable_digit(digit: str, before: str, after: str) -> bool:
    """Whether a single Chinese digit can be a number and is not part of a word (统一, 一是)."""
    return digit not in _FORMAL_DIGITS and (before not in _WORD_PREFIXES if before else after != "是")


def _find_upper_end(folded: str, numerals: Sequence[Numeral], n: int) -> Numeral | None:
    """Return the upper end of the range that starts with number n (5—8个, 1%至2%), or None."""
    if n + 1 == len(numerals):
        return None
    gap = folded[numerals[n].end : numerals[n + 1].start]
    return (
        numerals[n + 1]
        if gap and gap.strip() and not gap.strip().strip(_RANGE_CHARACTERS) and len(gap) < len("————")
        else None
    )


def _match_quantity(folded: str, numeral: Numeral, upper: Numeral | None, vocabulary: Vocabulary) -> Quantity | None:
    """Return the quantity of a number or of a range up to `upper`, or None if it counts nothing."""
    last = upper or numeral
    end, bound = last.end, "at_least" if upper else "exact"
    if last.is_percent:
        return None if last.scale > 1 else _build_quantity(folded, numeral, ("%", "percent", end), last, bound)
    if folded[end : end + 1] and folded[end] in _SURPLUS_CHARACTERS:
        end, bound = end + 1, "at_least"
    elif folded[end - 2 : end - 1] and folded[end - 2] in _SURPLUS_CHARACTERS:  # 1300余万
        bound = "at_least"
    unit_start = end + folded.startswith(" ", end)
    unit = vocabulary.match_unit(folded, unit_start)
    if unit is None:
        if last.scale < SCALES["万"] or folded.startswith(_NOT_AFTER_SCALE, end):
            return None
        return _build_quantity(folded, numeral, ("", "count", end), last, bound)
    end = unit_start + len(unit.name)
    if unit.name == "个" and folded.startswith("百分点", end):
        return _build_quantity(folded, numeral, ("百分点", "percent", end + len("百分点")), last, bound)
    if unit.kind == "duration" and not _is_duration(folded, numeral, unit.name, end):
        return None
    quantity = _build_quantity(folded, numeral, (unit.name, unit.kind, end), last, bound)
    quantity.is_vague = unit.is_vague and numeral.is_han and quantity.base_value <= _MAX_SMALL_NUMBER
    return quantity


def _build_quantity(folded: str, numeral: Numeral, unit: tuple[str, str, int], last: Numeral, bound: str) -> Quantity:
    """Build a quantity. `unit` is the base unit, its kind and its end; `last` is the number that the unit follows."""
    base_unit, kind, unit_end = unit
    bound, end = _find_bound(folded, numeral.start, unit_end, bound)
    value = Decimal(numeral.unscaled)
    written = _find_scale_text(folded, last) + base_unit
    scale = Decimal(last.scale)
    return Quantity(numeral.start, end, unit_end, value, written or None, value * scale, base_unit or None, kind, bound)


def _find_scale_text(folded: str, numeral: Numeral) -> str:
    """Return the scale characters (万, 亿 …) at the end of a number whose product is its scale, or ""."""
    if numeral.scale == 1:
        return ""
    match = _SCALE_AT_END.search(folded, numeral.start, numeral.end)
    written = match[0] if match else ""
    while written:
        product = 1
        for character in written:
            product *= SCALES[character]
        if product == numeral.scale:
            break
        written = written[1:]
    return written


def _is_duration(folded: str, numeral: Numeral, name: str, end: int) -> bool:
    """Whether a time is a reported duration, not a date (2023年), a period (近三年) or part of the name of a plan."""
    if name == "天":
        return folded[numeral.start - 1 : numeral.start] not in tuple("近前后连这每") and not _PERIOD_AFTER.match(
            folded, end
        )
    if name not in _CALENDAR_UNITS:
        return not _NAME_AFTER_DURATION.match(folded, end)
    if name == "年" and (len(numeral.unscaled) == len("2023") or numeral.value > 10 * _MAX_SMALL_NUMBER):
        return False
    if name in ("年", "周") and not _DURATION_END.match(folded, end):
        return False
    before = folded[max(0, numeral.start - 8) : numeral.start]
    if before.endswith(tuple("近前后连这每")) and not before.endswith("提前"):
        return False
    return bool(_DURATION_BEFORE.search(before)) and not _PERIOD_AFTER.match(folded, end)


def _find_bound(folded: str, start: int, end: int, bound: str) -> tuple[str, int]:
    """Return the bound of a quantity (约, 超过 before it; 以上, 左右 after it), and the end including such words."""
    after = _BOUND_AFTER.match(folded, end)
    if after:
        return str(after.lastgroup), after.end()
    if bound != "exact":
        return bound, end
    preceding = folded[max(0, start - _MAX_BOUND_LENGTH) : start]
    before = _BOUND_BEFORE.search(preceding)
    return ("exact" if before is None or _NOT_A_BOUND.search(preceding) else str(before.lastgroup)), end


def _find_fractions(folded: str) -> list[Quantity]:
    """Return the fractions (三分之一, 1/3). The value is rounded to four decimals (0.3333) and has no unit."""
    if "分之" not in folded and "/" not in folded:
        return []
    fractions = []
    for match in _FRACTION.finditer(folded):
        denominator, numerator = (
            (parse_han_numeral(match[1]), parse_han_numeral(match[2]))
            if match[1]
            else (Decimal(match[4]), Decimal(match[3]))
        )
        if denominator and numerator and numerator < denominator:
            value = round(numerator / denominator, 4)
            bound, end = _find_bound(folded, match.start(), match.end(), "exact")
            fractions.append(Quantity(match.start(), end, match.end(), value, None, value, None, "other", bound))
    return fractions


def _drop_overlaps(quantities: list[Quantity]) -> list[Quantity]:
    """Return the quantities by start, without those that start inside another one."""
    ordered: list[Quantity] = []
    for quantity in sorted(quantities, key=lambda item: item.start):
        if not ordered or quantity.start >= ordered[-1].end:
            ordered.append(quantity)
    return ordered
