"""Numbers as reports write them: compound, signed, round, and as a part of a hundred or a thousand.

A number consists of one or more numerals (`text.numerals`) with the characters that change their value: 1亿2000万,
负12.5, 千分之六, 二十几万, 近千. Units are not interpreted here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from searchkit.text.numerals import SCALES, Numeral, find_folded_numerals

_MYRIAD = SCALES["万"]
_MYRIADS = "万亿"
_MINUS_SIGNS = "-−﹣－"
_NUMBER_SPAN = "[一二两三四五六七八九十百千万亿\\d]"  # a character that a number in any script can end with
_AFTER_NUMBER = re.compile(rf"(?:[\d%‰]|{_NUMBER_SPAN}[^\W\d]{{0,3}}|[a-z@#_=/*])$")
"""At the end of a text: a hyphen after it joins two numbers or the parts of a name (6%-7%, 1月-3月, f-35)."""
_MAX_JOINED_LENGTH = 5
"""Number of code points before a hyphen that are searched for `_AFTER_NUMBER`."""
_PLUS_CONTEXT = re.compile(r"(?:^|[\s,;:(]|[长幅速比率增])$")
"""Before a plus sign: it is a sign, not an operator or part of a name (互联网+)."""
_WORD_BEFORE_NEGATIVE = frozenset("担肩胜抱欺自辜背减增正重亏承荷超不")
"""Characters that make another word with 负 (减负, 担负)."""
_BELOW_ZERO = "零下"

_PART = re.compile(r"(?<![\d一二两三四五六七八九零〇几数])((?:[十百千]?[万亿]|万万|百万|千)分之)$")
"""Before a number: it is a part of a thousand, of ten thousand … 百分之 belongs to the numeral."""
_MAX_PART_LENGTH = 4
"""Maximum length in code points of the text that `_PART` matches."""
_HUNDRED = Decimal(100)

_ROUND = re.compile(
    r"(?<![\d.点一二两三四五六七八九零〇十百千万亿几数成余多半])(?P<multiplier>[百千]?万?亿|[百千]?万|百|千)"
    r"(?P<surplus>[余多](?P<scale>[万亿]{0,2}))?(?![十百千万亿余多几一二两三四五六七八九零〇\d分])"
)
"""A multiplier without a number before it: 百余户, 千余万元, 近千人."""
_ROUND_BOUND = re.compile(
    r"(?:(?<![最附邻临])近|(?<![节集条合公履签违契])约|将近|接近|(?<![赶反])超|超过了?|逾|突破了?|高达|多达|不足|不到|不下|至少|大约|"
    r"(?<![通经超不度])过|(?<![以网线之会面身地山海路街台晚早马向])上)$"
)
"""Before a multiplier: it is a number (近千人), not part of a word."""
_MAX_ROUND_BOUND_LENGTH = 3

_DATE_AFTER = re.compile(r"[年月日号]")
_MIN_BARE_DIGITS = 2
"""Minimum number of digits of a last numeral without a scale: 3万500 is a number, 3万5 is not certain."""


@dataclass(slots=True)
class Number:
    """A number in a text. `start` and `end` are its span: code points, 0-based, end-exclusive."""

    start: int
    """Start of the number, with its sign and 千分之."""
    end: int
    unscaled: Decimal
    """The value without `scale`, with its sign: -93.7182 for -93.7182万."""
    scale: int
    """Factor of `unscaled`: 1, 1000, 10**4, 10**8 …"""
    part: str
    """`%` or `‰`, or an empty string. A part of ten thousand or more is converted to %."""
    is_han: bool
    """Whether the number is written in Chinese numerals."""
    is_surplus: bool = False
    """Whether the number is printed as a lower bound: 十几, 百余, 二十几万."""

    @property
    def value(self) -> Decimal:
        """The value with its scale. A percentage is not divided by 100."""
        return self.unscaled * self.scale


def find_numbers(folded: str) -> list[Number]:
    """Return the numbers of a folded text, from left to right, without overlaps. Linear in the length of the text."""
    numerals = list(find_folded_numerals(folded))
    numbers: list[Number] = []
    n = 0
    while n < len(numerals):
        count = _count_joined(folded, numerals, n)
        number = _join(numerals[n : n + count]) if count > 1 else _convert(numerals[n])
        _extend(folded, number)
        while numbers and numbers[-1].end > number.start:  # 十 of 十万分之三
            numbers.pop()
        numbers.append(number)
        n += count
    round_numbers = [
        number
        for match in _ROUND.finditer(folded)
        if (number := _parse_round(folded, match)) is not None
    ]
    return sorted([*numbers, *round_numbers], key=lambda number: number.start) if round_numbers else numbers


def format_scale(scale: int) -> str:
    """Return the characters of a power of ten that a unit can begin with: 万 for 10**4, 千万 for 10**7."""
    text = ""
    while scale >= SCALES["亿"]:
        scale, text = scale // SCALES["亿"], "亿" + text
    if scale >= _MYRIAD:
        scale, text = scale // _MYRIAD, "万" + text
    return {1: "", 10: "十", 100: "百", 1000: "千"}[scale] + text


def _convert(numeral: Numeral) -> Number:
    start, end, _, unscaled, scale, is_percent, is_han = numeral
    return Number(start, end, Decimal(unscaled), scale, "%" if is_percent else "", is_han)


# compounds


def _count_joined(folded: str, numerals: Sequence[Numeral], n: int) -> int:
    """Return the number of numerals from index n on that are one number: 2 for 1亿2000万."""
    count = 1
    while n + count < len(numerals) and _is_continued_by(folded, numerals, n, count):
        count += 1
    while count > 1 and _is_zero(numerals[n + count - 1]):  # 零 belongs to the number after it
        count -= 1
    return count


def _is_continued_by(folded: str, numerals: Sequence[Numeral], n: int, count: int) -> bool:
    """Whether the numeral at index n + count continues the number of `count` numerals from index n on."""
    last, following = numerals[n + count - 1], numerals[n + count]
    if following.start != last.end or last.is_percent or following.is_percent or "." in last.unscaled:
        return False
    if _is_zero(following):
        return last.scale > 1
    if _DATE_AFTER.match(folded, following.end):
        return False
    if _is_zero(last):
        return count > 1 and not numerals[n + count - 2].is_han
    if last.scale == 1 or last.is_han:
        return False
    if following.scale == 1 and not following.is_han and len(following.unscaled.partition(".")[0]) < _MIN_BARE_DIGITS:
        return False
    return _is_smaller(following, last)


def _is_smaller(following: Numeral, last: Numeral) -> bool:
    """Whether a numeral is less than the scale before it (2000万 after 亿), or shares a larger scale (5百万 after 千)."""
    limit = last.scale
    if following.scale > last.scale >= _MYRIAD:
        return False
    return Decimal(following.unscaled) < limit if following.scale > limit else following.value < limit


def _is_zero(numeral: Numeral) -> bool:
    return numeral.is_han and numeral.digits == "0" and numeral.end - numeral.start == 1


def _join(numerals: Sequence[Numeral]) -> Number:
    """Return the number of several numerals. Its scale is the largest 万 or 亿 in them: 1.2亿 for 1亿2000万."""
    total = section = Decimal(0)
    largest = 1
    for numeral in numerals:
        small, myriads = numeral.scale, 1
        while small >= _MYRIAD:
            small, myriads = small // _MYRIAD, myriads * _MYRIAD
        section += Decimal(numeral.unscaled) * small
        if myriads > 1:
            total, section = total + section * myriads, Decimal(0)
        largest = max(largest, myriads)
    first, last = numerals[0], numerals[-1]
    return Number(first.start, last.end, (total + section) / largest, largest, "", first.is_han)


# signs, parts, 几


def _extend(folded: str, number: Number) -> None:
    """Add 千分之, a sign and 几 to a number."""
    before = folded[number.start - 1 : number.start]
    if before == "之":
        _add_part(folded, number)
        before = folded[number.start - 1 : number.start]
    if before and before in "-−﹣－+负下":
        _add_sign(folded, number, before)
    if folded.startswith("几", number.end) and not number.part:
        _add_surplus(folded, number)


def _add_part(folded: str, number: Number) -> None:
    part = _PART.search(folded, max(0, number.start - _MAX_PART_LENGTH), number.start)
    if part is None or number.part or number.scale > 1:
        return
    number.start = part.start()
    if part[1] == "千分之":
        number.part = "‰"
        return
    denominator = 1
    for character in part[1].removesuffix("分之"):
        denominator *= SCALES[character]
    number.unscaled, number.part = number.unscaled * _HUNDRED / denominator, "%"


def _add_sign(folded: str, number: Number, sign: str) -> None:
    start = number.start
    context = folded[max(0, start - 1 - _MAX_JOINED_LENGTH) : start - 1]
    if sign == "+":
        number.start -= 1 if _PLUS_CONTEXT.search(context) else 0
    elif sign == "下":
        if context.endswith("零"):
            number.start, number.unscaled = start - len(_BELOW_ZERO), -number.unscaled
    elif sign == "负":
        if context[-1:] not in _WORD_BEFORE_NEGATIVE:
            number.start, number.unscaled = start - 1, -number.unscaled
    elif not _AFTER_NUMBER.search(context) and context[-1:] not in tuple("-—–~～+·.第"):
        number.start, number.unscaled = start - 1, -number.unscaled


def _add_surplus(folded: str, number: Number) -> None:
    """Add 几 and the scale after it: 十几, 二十几万."""
    if folded[number.end - 1] not in "十百千万亿零〇拾佰仟0":
        return
    number.end, number.is_surplus = number.end + 1, True
    while (scale := folded[number.end : number.end + 1]) and scale in _MYRIADS:
        number.end, number.scale = number.end + 1, number.scale * SCALES[scale]


# round numbers


def _parse_round(folded: str, match: re.Match[str]) -> Number | None:
    """Return the number of a multiplier without a number before it, or None if it is part of a word."""
    if match["surplus"] is None and not _ROUND_BOUND.search(
        folded, max(0, match.start() - _MAX_ROUND_BOUND_LENGTH), match.start()
    ):
        return None
    characters = match["multiplier"] + (match["scale"] or "")
    small = characters.rstrip(_MYRIADS)
    scale = 1
    for character in characters[len(small) :]:
        scale *= SCALES[character]
    unscaled = Decimal(SCALES.get(small, 1))
    return Number(match.start(), match.end(), unscaled, scale, "", is_han=True, is_surplus=match["surplus"] is not None)


def iter_values(numbers: Sequence[Number]) -> Iterator[Decimal]:
    """Yield the value of each number."""
    return (number.value for number in numbers)
