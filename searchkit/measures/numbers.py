"""Numbers as reports write them: compound (1亿2000万), signed (负12.5), round (近千), and as fractions (千分之六).

A number consists of one or more numerals (`text.numerals`) with the characters that change their value: 1亿2000万,
负12.5, 千分之六, 二十几万, 近千. Units are not interpreted here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from searchkit.text.numerals import SCALES, Numeral, find_folded_numerals

_MYRIAD = SCALES["万"]
"""10,000, the base of the large Chinese scales."""
_MYRIADS = "万亿"
"""The scales that are powers of 10,000."""
_FIRST_HAN = "\u4e00"
"""The first Chinese character. Characters from this one on count as Chinese."""
_NUMBER_END = "[一二两三四五六七八九十百千万亿\\d]"
"""The last character of a number in Arabic or Chinese digits."""
_AFTER_NUMBER = re.compile(rf"(?:[\d%‰]|{_NUMBER_END}[^\W\d长幅速率降增差额]{{0,3}}|[a-z@#_=/*^])$")
"""Matches the end of the text before a hyphen that joins two numbers or the parts of a name: 6%-7%, 1月-3月, f-35."""
_MAX_JOINED_LENGTH = 5
"""Number of code points before a sign that are searched for `_AFTER_NUMBER` or `_PLUS_CONTEXT`."""
_PLUS_CONTEXT = re.compile(r"(?:^|[\s,;:(]|[长幅速比率增])$")
"""Matches the end of the text before a plus that is a sign, not an operator or part of a name (互联网+)."""
_WORD_BEFORE_NEGATIVE = frozenset("担肩胜抱欺自辜背减增正重亏承荷超不税赋")
"""Characters that make another word with 负 (减负, 担负)."""
_BELOW_ZERO = "零下"
"""The words before a temperature that mean minus: 零下5℃."""
_BEFORE_MINUS = frozenset("长幅速率降增减差额为是达至到约值润比益余近计")
"""Last characters of words such as 增长 and 利润. A hyphen after them is certainly a minus sign: 增长-2.1%."""

_PART = re.compile(
    r"(?<![\d一二两三四五六七八九零〇十百千万亿几数第])(?:(?P<one>一)百|一?(?P<size>[十百千]?[万亿]|万万|千))分之$"
)
"""Matches 千分之, 万分之 and the like at the end of the text before a number. 百分之 belongs to the numeral instead."""
_MAX_PART_LENGTH = 5
"""Maximum length in code points of the text that `_PART` matches."""
_TEN, _HUNDRED = Decimal(10), Decimal(100)
_POWERS = frozenset("⁰¹²³⁴⁵⁶⁷⁸⁹")
"""Digits of an exponent: 10⁸."""
SIGNS = frozenset("-−﹣－+负")
"""Signs before a number: the hyphen, three forms of the minus sign (U+2212, U+FE63, U+FF0D), plus, and 负."""
_EXTENSIONS = frozenset("之几数下") | SIGNS | _POWERS
"""Characters before or after a numeral that can change its value."""
_FROM_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
"""Maps the digits of an exponent to ordinary digits."""
_MAX_EXPONENT = 18
"""Maximum exponent of a power of ten (10⁸)."""
_TIMES = re.compile(r" ?[×*x·] ?")
"""The multiplication sign in 3×10⁸."""

_ROUND = re.compile(
    r"(?=[百千万亿])(?<![\d.点一二两三四五六七八九零〇十百千万亿成余多半])"  # no number precedes
    r"(?P<multiplier>[百千]?万?亿|[百千]?万|百|千)"
    r"(?P<surplus>[余多来](?P<scale>[万亿]{0,2}))?"  # 余万 in 千余万元
    r"(?![十百千万亿余多几一二两三四五六七八九零〇\d分])"  # no number follows
)
"""A multiplier without a number before it: 百余户, 千余万元, 近千人."""
_ROUND_BOUND = re.compile(
    # 近千人, 超百亿, 逾千人. The lookbehinds exclude words that end with the same character: 附近, 网上.
    r"(?:(?P<about>(?<![最附邻临])近|(?<![节集条合公履签违契])约|将近|接近|大约|高达|多达|不足|不到|至少)"
    r"|(?P<over>(?<![赶反])超|超过了?|突破了?|(?<![通经超不度])过|(?<![以网线之会面身地山海路街台晚早马向迈登跃站跨踏攀赶])上)"
    r"|(?P<lower>逾|不下|好?几|(?<![人户件次个总项指分基参系函倍为])数))$"
)
"""Matches the end of the text before a multiplier that is a number (近千人), not part of a word.

Groups: about; over, if the number exceeds the multiplier (超百亿); lower, if the multiplier is a lower bound or counted
by 几 or 数 (逾千人, 数百人).
"""
_MAX_ROUND_BOUND_LENGTH = 3
"""Number of code points before a multiplier that are searched for `_ROUND_BOUND`."""
_UNCERTAIN = frozenset("几数")
"""Characters that belong to a round number: 几百."""

_DATE_AFTER = re.compile(r"[年月日号]")
"""Matches after a numeral that is a date, not a part of the number before it: 5月 in 3万5月."""
_MAX_SCALE_QUOTIENT = 100
"""Maximum quotient of a scale and a number without scale that directly follows it: 20 for 3万500. 零 precedes a smaller
number: 3万零5."""


@dataclass(slots=True)
class Number:
    """A number in a text. `start` and `end` are its span: code points, 0-based, end-exclusive."""

    start: int
    """Start of the number, with its sign and 千分之."""
    end: int
    """End of the number, with its scale and %."""
    unscaled: Decimal
    """The value without `scale`, with its sign: -93.7182 for -93.7182万."""
    scale: int
    """Factor of `unscaled`: 1, 100, 1000, 10**4, 10**8 …"""
    part: str
    """`%`, `‰` or an empty string. Parts per 10,000 or more are converted to %: 万分之三 to 0.03%."""
    is_han: bool
    """Whether the number is written in Chinese numerals."""
    is_surplus: bool = False
    """Whether 几 or 余, or a word before the number, makes it a lower bound: 十几, 百余, 二十几万, 逾千. False if 余 is
    in a numeral (300余万) or after a numeral (300余人): `quantities` reads 余 there."""
    is_round: bool = False
    """Whether the number is a multiplier only: 近千."""
    is_joined: bool = False
    """Whether the minus sign may be a hyphen that joins the number to the word before it: 长江-12.5米深水航道."""
    is_threshold: bool = False
    """Whether the number is a multiplier that is exceeded (超百亿), which often defines a class of things."""

    @property
    def value(self) -> Decimal:
        """The value with its scale. A percentage is not divided by 100."""
        return self.unscaled * self.scale


def find_numbers(folded: str) -> list[Number]:
    """Return the numbers of a folded text, from left to right, without overlaps. Linear in the length of the text."""
    numerals = list(find_folded_numerals(folded))
    numbers: list[Number] = []
    position = 0
    for n, numeral in enumerate(numerals):
        if numeral.start < position:
            continue
        number = _join(numerals[n : n + _count_joined(folded, numerals, n)])
        start, position = number.start, number.end
        if folded[start - 1 : start] in _EXTENSIONS or folded[position : position + 1] in _EXTENSIONS:
            _extend(folded, number, numbers)
        numbers.append(number)
    parsed = (_parse_round(folded, match) for match in _ROUND.finditer(folded))
    round_numbers = [number for number in parsed if number is not None]
    return _merge(numbers, round_numbers) if round_numbers else numbers


def _merge(numbers: Sequence[Number], round_numbers: Sequence[Number]) -> list[Number]:
    """Return numbers and round numbers, ordered by start. If two overlap (0几万), only the first is returned."""
    merged: list[Number] = []
    for number in sorted([*numbers, *round_numbers], key=lambda number: number.start):
        if not merged or number.start >= merged[-1].end:
            merged.append(number)
    return merged


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
    """Return whether the numeral at index n + count continues the number of `count` numerals from index n on."""
    last, following = numerals[n + count - 1], numerals[n + count]
    if following.start != last.end or last.is_percent or following.is_percent or "." in last.unscaled:
        return False  # 5万 3000, 5%3, 1.5万3000 are two numbers
    if "," in folded[following.start : following.end] or (last.is_han and not following.is_han and not _is_zero(last)):
        return False  # 一百二十万1,234 is two numbers
    if _is_zero(following):  # 3万零5
        return last.scale > 1
    if _DATE_AFTER.match(folded, following.end):
        return False
    if _is_zero(last):
        return count > 1 and _is_small_enough(following, numerals[n + count - 2])
    return last.scale > 1 and _is_large_enough(following, last) and _is_small_enough(following, last)


def _is_large_enough(following: Numeral, last: Numeral) -> bool:
    """Return whether a numeral is large enough to directly follow the scale of another one in the same number.

    3万500 is one number, 680万65 (岁以上老人) is two. A numeral with a scale is always large enough.
    """
    return following.scale > 1 or Decimal(following.unscaled) * _MAX_SCALE_QUOTIENT >= last.scale


def _is_small_enough(following: Numeral, last: Numeral) -> bool:
    """Return whether a numeral is small enough to follow the scale of another one in the same number.

    Its value must be less than that scale: 2000万 after 亿. If its own scale is larger, its value without 万 and 亿
    must be less than that scale, and its 万 or 亿 must be larger: 30万 after 千 (2千零30万), 5千亿 after 万.
    """
    if following.scale <= last.scale:
        return following.value < last.scale
    small, myriads = split_scale(following.scale)
    return Decimal(following.unscaled) * small < last.scale < myriads


def _is_zero(numeral: Numeral) -> bool:
    """Return whether a numeral is a single 零 or 〇."""
    return numeral.is_han and numeral.digits == "0" and numeral.end - numeral.start == 1


def _join(numerals: Sequence[Numeral]) -> Number:
    """Combine consecutive numerals into one number.

    The scale of a number of several numerals is the largest power of 10,000 among their scales (1.2亿 for 1亿2000万),
    or 1.
    """
    if len(numerals) == 1:
        start, end, _, unscaled, scale, is_percent, is_han = numerals[0]
        return Number(start, end, Decimal(unscaled), scale, "%" if is_percent else "", is_han)
    total = group = Decimal(0)  # group: the sum of the numerals since the last 万 or 亿, 3000 in 1亿3千
    largest = previous = 1
    for numeral in numerals:
        small, myriads = split_scale(numeral.scale)
        group += Decimal(numeral.unscaled) * small
        if myriads > 1:
            # 亿 after a smaller 万 multiplies all numerals so far (5千万3亿). 万 after 亿 multiplies only its group.
            total = (total + group) * myriads if previous < myriads else total + group * myriads
            group, previous = Decimal(0), myriads
        largest = max(largest, myriads)
    first, last = numerals[0], numerals[-1]
    return Number(first.start, last.end, (total + group) / largest, largest, "", first.is_han)


def split_scale(scale: int) -> tuple[int, int]:
    """Split a scale into the factor of 十, 百 or 千 and the factor of 万 and 亿: 千万 is (1000, 10000)."""
    myriads = 1
    while scale >= _MYRIAD:
        scale, myriads = scale // _MYRIAD, myriads * _MYRIAD
    return scale, myriads


# signs, parts, 几


def _extend(folded: str, number: Number, previous: list[Number]) -> None:
    """Add 千分之, a sign or 零下, 几 or 数, and a power of ten to a number.

    Remove the `previous` numbers that become a part of it.
    """
    if folded[number.end : number.end + 1] in _POWERS:
        _add_power(folded, number, previous[-1] if previous else None)
    before = folded[number.start - 1 : number.start]
    if before == "之":
        _add_part(folded, number)
        before = folded[number.start - 1 : number.start]
    if before in SIGNS:
        _add_sign(folded, number, before)
    elif before == "下" and folded.endswith(_BELOW_ZERO, 0, number.start):
        number.start, number.unscaled = number.start - len(_BELOW_ZERO), -number.unscaled
    elif before in _UNCERTAIN and folded[number.start] == "十":
        _add_uncertain(folded, number, previous[-1] if previous else None)
    if folded.startswith("几", number.end):
        _add_surplus(folded, number)
    while previous and previous[-1].end > number.start:  # 十 of 十万分之三
        previous.pop()


def _add_power(folded: str, number: Number, factor: Number | None) -> None:
    """Replace 10 by the power of ten that is printed, with the factor before it: 10⁸, 3×10⁸."""
    if number.unscaled != _TEN or number.scale > 1 or number.is_han:
        return
    end = number.end
    while folded[end : end + 1] in _POWERS:
        end += 1
    exponent = int(folded[number.end : end].translate(_FROM_POWERS))
    if exponent > _MAX_EXPONENT:
        return
    number.unscaled, number.end = _TEN**exponent, end
    if factor is not None and factor.scale == 1 and _TIMES.fullmatch(folded, factor.end, number.start):
        number.unscaled, number.start = number.unscaled * factor.unscaled, factor.start


def _add_part(folded: str, number: Number) -> None:
    """Add 千分之, 万分之 and the like before a number. Parts per 10,000 or more are converted to %."""
    part = _PART.search(folded, max(0, number.start - _MAX_PART_LENGTH), number.start)
    if part is None or number.part or number.scale > 1:
        return
    number.start, number.part = part.start(), "‰" if part["size"] == "千" else "%"
    denominator = Decimal(1)
    for character in part["size"] or "":
        denominator *= SCALES[character]
    if denominator >= _MYRIAD:
        number.unscaled *= _HUNDRED / denominator


def _add_sign(folded: str, number: Number, sign: str) -> None:
    """Add the sign before a number, unless it is an operator, a hyphen or part of a word (互联网+, f-35, 减负)."""
    start = number.start
    context = folded[max(0, start - 1 - _MAX_JOINED_LENGTH) : start - 1]
    if sign == "+":
        number.start -= 1 if _PLUS_CONTEXT.search(context) else 0
    elif sign == "负":
        if context[-1:] not in _WORD_BEFORE_NEGATIVE:
            number.start, number.unscaled = start - 1, -number.unscaled
    elif not _AFTER_NUMBER.search(context) and context[-1:] not in tuple("-—–~～+·.第"):  # no range, no double dash
        number.start, number.unscaled = start - 1, -number.unscaled
        number.is_joined = context[-1:] >= _FIRST_HAN and context[-1] not in _BEFORE_MINUS and not number.part


def _add_uncertain(folded: str, number: Number, hundreds: Number | None) -> None:
    """Add 几 or 数 before 十, and the hundreds before it: 几十, 数十万, 一百几十亿."""
    if hundreds is not None and hundreds.is_surplus and hundreds.end == number.start and hundreds.scale == 1:
        number.start, number.unscaled, number.is_surplus = hundreds.start, hundreds.unscaled + number.unscaled, True
        return
    bound = _ROUND_BOUND.search(folded, max(0, number.start - _MAX_ROUND_BOUND_LENGTH), number.start)
    if bound is not None and bound["lower"] is not None:
        number.start, number.is_surplus = number.start - 1, True


def _add_surplus(folded: str, number: Number) -> None:
    """Add 几 and the scale after it to a number that ends in a multiplier or 0: 十几, 二十几万."""
    if folded[number.end - 1] not in "十百千万亿零〇拾佰仟0":
        return
    number.end, number.is_surplus = number.end + 1, True
    while not number.part and (scale := folded[number.end : number.end + 1]) and scale in _MYRIADS:
        number.end, number.scale = number.end + 1, number.scale * SCALES[scale]


# round numbers


def _parse_round(folded: str, match: re.Match[str]) -> Number | None:
    """Return the number of a multiplier without a number before it, or None if it is part of a word."""
    before = _ROUND_BOUND.search(folded, max(0, match.start() - _MAX_ROUND_BOUND_LENGTH), match.start())
    if before is None and match["surplus"] is None:
        return None
    characters = match["multiplier"] + (match["scale"] or "")
    small = characters.rstrip(_MYRIADS)
    scale = 1
    for character in characters[len(small) :]:
        scale *= SCALES[character]
    start = match.start() - (before is not None and before[0][-1] in _UNCERTAIN)
    number = Number(start, match.end(), Decimal(SCALES.get(small, 1)), scale, "", is_han=True, is_round=True)
    if match["surplus"] is not None:
        number.is_surplus = True
    elif before is not None:
        number.is_surplus = before["lower"] is not None or before[0] in ("过", "上")
        number.is_threshold = before["over"] is not None
    return number
