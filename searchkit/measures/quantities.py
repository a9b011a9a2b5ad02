"""Quantities: numbers with their units, as far as number and neighbours tell. What they count `indicators` says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from searchkit.measures.vocabulary import Vocabulary
from searchkit.text.numerals import SCALES, Numeral, find_folded_numerals, parse_han

_SMALL = 10
"""Chinese numerals up to this often count nothing (三项制度)."""

_MOVED = "增长|增加|提高|减少|下降|降低|达到?|为|有|占|合"
_BOUND_BEFORE = re.compile(
    r"(?:(?P<at_least>不少于|不低于|不小于|至少|超过了?|突破了?|高于|大于|多于|逾|超|满|上)"
    r"|(?P<at_most>不超过|不高于|不多于|不大于|不足|不到|低于|小于|少于|最多|至多|控制在|严控在)"
    rf"|(?P<approx>大约|约|将近|接近|近|大概)(?:{_MOVED})?了?)[\s“]?$"
)
_NO_BOUND = re.compile(
    r"(?:最近|附近|邻近|临近|赶超|反超|制约|节约|集约|条约|合约|预约|公约|履约|签约|邀约|缔约|违约|守约|向上|以上|网上|线上|上|不满|圆满|充满|美满|届满)$"
)
_BOUND_BEHIND = re.compile(
    r"\s?(?:(?P<at_least>(?:及|或)?以上|多(?![家个样元数种]))|(?P<at_most>(?:及|或)?以[内下]|之内)|(?P<approx>左右|上下))"
)
_MAX_BOUND_LENGTH = 6
_MORE = "余多来几"  # between number and unit: 1300余人次, 200多人
_DASHES = "-—–―~～〜至到"
_ABOUT_NUMBERS = frozenset("第初廿届")  # before a number: an ordinal, a day
_OPERATORS = ".+/@#_*∶·×"
_JOINED = "统唯单逐划专之某万同合归不这那每哪另当历各"  # before a single Chinese digit: another word
_FORMAL_DIGITS = "零〇伍陆肆叁柒捌玖拾佰仟"  # alone they are no numbers but names and slogans
_NO_SCALE_BEFORE = tuple("年月日号级届大方分之")  # 20万 counts people who are named behind it; 千万年 does not
_QUOTED = re.compile(
    r"第\d+页[,/\s]?共\d+页|“[^”]{0,14}”|《[^》]{0,80}》|「[^」]{0,14}」|‘[^’]{0,14}’|\"[^\"]{1,14}\"|\[\d+\]|〔[^〕]{0,9}〕|\(\d+\)"
)
_FRACTION = re.compile(
    r"(?<![百千万\d第])([二三四五六七八九十]{1,2})分之([一二两三四五六七八九])(?!线)"
    r"|(?<![\d./a-z])([1-9])/([2-9]|10)(?![\d./a-z万亿月])"
)
_SCALE = re.compile("[十百千万亿]+$")
_SPANS = frozenset(("年", "周", "个年头", "个月", "个季度", "个星期"))  # times that mostly say when, not how long
_HOW_LONG = re.compile(
    r"延长|缩短|提前|寿命|期限|有效期|为期|历时|任期|工龄|学制|刑|不少于|不低于|工期|增加|减少|压缩|年龄|耗时|用时|时长|限|不超过"
)
_WHEN = re.compile(r"来|间|前|后|底|初|度|级|代|计划|规划|行动|期|制|的|中|一|里|时间|翻|增|保持|位居|实现")
_NAMED_AFTER = re.compile(r"[^,;。:!?、]{0,10}?(?:圈|免签|直达|通达|抵达|值班)")  # 四小时公路交通圈
_END_OF_YEARS = re.compile(r"多(?!年)|以[上内下]|左右|[,。;、)]|$")


@dataclass(slots=True)
class Quantity:
    """A number with its unit. Places: code points of the paragraph's text, 0-based, ends exclusive."""

    start: int
    """Where the number begins."""
    end: int
    """Where number, unit and 以上, 左右 … end."""
    unit_end: int
    """Where number and unit end."""
    value: Decimal
    """As written, without 万 and 亿 behind it."""
    unit: str | None
    """As written, without blanks: 万元."""
    base_value: Decimal
    base_unit: str | None
    kind: str
    """One of `model.KINDS`."""
    bound: str
    """One of `model.BOUNDS`."""
    is_vague: bool = False
    """A small Chinese numeral with a unit that often counts nothing: it needs more evidence."""


def find_quantities(folded: str, vocabulary: Vocabulary) -> list[Quantity]:
    """Give the quantities of a folded text from left to right.

    Left out: dates, ordinals, list and document numbers, what stands in quotes or book titles, fixed names, numbers
    that belong to a word (5a级), ratios. A range (5—8个) is one quantity: its lower end, at_least. Cost: linear.
    """
    numerals = [numeral for numeral in find_folded_numerals(folded) if _can_count(folded, numeral)]
    if not numerals:
        return []
    hidden = _Hidden(folded, vocabulary)
    found = _fractions(folded)
    passed = -1
    for n, numeral in enumerate(numerals):
        if numeral.start < passed:
            continue
        upper = _upper_end(folded, numerals, n)
        quantity = _quantity(folded, numeral, upper, vocabulary)
        if quantity is not None and not hidden.covers(quantity):
            found.append(quantity)
        passed = quantity.end if quantity else upper.end if upper else passed
    return _in_order(found)


def number(value: Decimal) -> int | float:
    """A number for JSON: an integer if it is whole, to the precision of a float."""
    real = float(value)
    return int(real) if real.is_integer() else real


class _Hidden:
    """Places where numbers count nothing: quotes, book titles, footnote marks, fixed names."""

    def __init__(self, folded: str, vocabulary: Vocabulary) -> None:
        self._spans = sorted([match.span() for match in _QUOTED.finditer(folded)] + vocabulary.fixed_spans(folded))
        self._next = 0
        self._reach = -1

    def covers(self, quantity: Quantity) -> bool:
        """Whether a quantity begins in such a place and is no more than that. To be asked from left to right.

        三项 in 三项制度 is covered; 三公里 is more than the name 三公.
        """
        while self._next < len(self._spans) and self._spans[self._next][0] < quantity.start:
            self._reach = max(self._reach, self._spans[self._next][1])
            self._next += 1
        if quantity.start < self._reach:
            return True
        here = (span for span in self._spans[self._next : self._next + 2] if span[0] == quantity.start)
        return any(end >= quantity.unit_end for _, end in here)


def _can_count(folded: str, numeral: Numeral) -> bool:
    """Whether the neighbours let a number be one that counts: not an ordinal, a part of a word, a ratio."""
    start, end = numeral.start, numeral.end
    before, after = folded[start - 1 : start], folded[end : end + 1]
    if before in _ABOUT_NUMBERS:
        return False
    if numeral.is_han:
        return end - start > 1 or numeral.is_percent or _digit_can_count(folded[start], before, after)
    if before and ((before.isascii() and before.isalpha()) or before in _OPERATORS):
        return False
    if before == ":" and folded[start - 2 : start - 1].isdigit():  # a ratio, a time of day
        return False
    if before and before in _DASHES:  # the second part of a name (f-35) or of a range
        first = folded[start - 2 : start - 1]
        return not (first.isascii() and first.isalpha())
    return not _goes_on(folded, numeral)


def _goes_on(folded: str, numeral: Numeral) -> bool:
    """Whether more of a ratio, a formula or a list number stands behind a number: 3∶1, 1+26, 2.加强."""
    after, follows = folded[numeral.end : numeral.end + 1], folded[numeral.end + 1 : numeral.end + 2]
    if after == ".":
        return not numeral.is_percent and bool(follows) and follows not in '"”’ '
    return after == "+" or (bool(after) and after in "∶:·" and follows.isdigit())


def _digit_can_count(digit: str, before: str, after: str) -> bool:
    """Whether a single Chinese digit may be a number and not part of a word (统一, 一是)."""
    return digit not in _FORMAL_DIGITS and (before not in _JOINED if before else after != "是")


def _upper_end(folded: str, numerals: Sequence[Numeral], n: int) -> Numeral | None:
    """The upper end of a range that begins with number n (5—8个, 1%至2%), or None."""
    if n + 1 == len(numerals):
        return None
    gap = folded[numerals[n].end : numerals[n + 1].start]
    return (
        numerals[n + 1] if gap and gap.strip() and not gap.strip().strip(_DASHES) and len(gap) < len("————") else None
    )


def _quantity(folded: str, numeral: Numeral, upper: Numeral | None, vocabulary: Vocabulary) -> Quantity | None:
    """The quantity of a number, or None if nothing is counted by it."""
    last = upper or numeral
    end, bound = last.end, "at_least" if upper else "exact"
    if last.is_percent:
        return None if last.scale > 1 else _made(folded, numeral, ("%", "percent", end), last, bound)
    if folded[end : end + 1] and folded[end] in _MORE:
        end, bound = end + 1, "at_least"
    elif folded[end - 2 : end - 1] and folded[end - 2] in _MORE:  # 1300余万
        bound = "at_least"
    unit_start = end + folded.startswith(" ", end)
    unit = vocabulary.unit_at(folded, unit_start)
    if unit is None:
        if last.scale < SCALES["万"] or folded.startswith(_NO_SCALE_BEFORE, end):
            return None
        return _made(folded, numeral, ("", "count", end), last, bound)
    end = unit_start + len(unit.name)
    if unit.name == "个" and folded.startswith("百分点", end):
        return _made(folded, numeral, ("百分点", "percent", end + len("百分点")), last, bound)
    if unit.kind == "duration" and not _is_duration(folded, numeral, unit.name, end):
        return None
    quantity = _made(folded, numeral, (unit.name, unit.kind, end), last, bound)
    quantity.is_vague = unit.is_vague and numeral.is_han and quantity.base_value <= _SMALL
    return quantity


def _made(folded: str, numeral: Numeral, unit: tuple[str, str, int], last: Numeral, bound: str) -> Quantity:
    """Put a quantity together. `unit`: base unit, kind and where it ends; `last`: the number that the unit follows."""
    base_unit, kind, unit_end = unit
    bound, end = _bound(folded, numeral.start, unit_end, bound)
    value = Decimal(numeral.printed)
    written = _scale_name(folded, last) + base_unit
    scale = Decimal(last.scale)
    return Quantity(numeral.start, end, unit_end, value, written or None, value * scale, base_unit or None, kind, bound)


def _scale_name(folded: str, numeral: Numeral) -> str:
    """The 万, 亿 … behind a number as they are written: what of its end multiplies to its scale."""
    if numeral.scale == 1:
        return ""
    match = _SCALE.search(folded, numeral.start, numeral.end)
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
    """Whether a time is a length that is reported, not a date (2023年), a period (近三年) or part of a plan's name."""
    if name == "天":
        return folded[numeral.start - 1 : numeral.start] not in tuple("近前后连这每") and not _WHEN.match(folded, end)
    if name not in _SPANS:
        return not _NAMED_AFTER.match(folded, end)
    if name == "年" and (len(numeral.printed) == len("2023") or numeral.value > 10 * _SMALL):
        return False
    if name in ("年", "周") and not _END_OF_YEARS.match(folded, end):
        return False
    before = folded[max(0, numeral.start - 8) : numeral.start]
    if before.endswith(tuple("近前后连这每")) and not before.endswith("提前"):
        return False
    return bool(_HOW_LONG.search(before)) and not _WHEN.match(folded, end)


def _bound(folded: str, start: int, end: int, bound: str) -> tuple[str, int]:
    """Bound and end with the words around a quantity: 约, 超过 before it, 以上, 左右 behind it."""
    behind = _BOUND_BEHIND.match(folded, end)
    if behind:
        return str(behind.lastgroup), behind.end()
    if bound != "exact":
        return bound, end
    head = folded[max(0, start - _MAX_BOUND_LENGTH) : start]
    before = _BOUND_BEFORE.search(head)
    return ("exact" if before is None or _NO_BOUND.search(head) else str(before.lastgroup)), end


def _fractions(folded: str) -> list[Quantity]:
    """The fractions: 三分之一, 1/3 is 0.3333, without a unit."""
    if "分之" not in folded and "/" not in folded:
        return []
    found = []
    for match in _FRACTION.finditer(folded):
        below, above = (
            (parse_han(match[1]), parse_han(match[2])) if match[1] else (Decimal(match[4]), Decimal(match[3]))
        )
        if below and above and above < below:
            value = round(above / below, 4)
            bound, end = _bound(folded, match.start(), match.end(), "exact")
            found.append(Quantity(match.start(), end, match.end(), value, None, value, None, "other", bound))
    return found


def _in_order(found: list[Quantity]) -> list[Quantity]:
    """By start, without those that begin inside another one."""
    ordered: list[Quantity] = []
    for quantity in sorted(found, key=lambda item: item.start):
        if not ordered or quantity.start >= ordered[-1].end:
            ordered.append(quantity)
    return ordered
