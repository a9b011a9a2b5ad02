"""Recognition of numbers in Chinese text.

Supports Arabic and Chinese numerals, thousands separators, full width, decimals, the scales 万 and 亿, and percentages
written as % or 百分之. Units are not interpreted here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Context, Decimal
from functools import cache, lru_cache
from typing import NamedTuple

from searchkit.text.folding import fold
from searchkit.text.years import ARABIC_YEAR

_DIGIT_VALUES = {
    digit: value
    for value, digits in enumerate(("零〇", "一壹", "二两贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"))
    for digit in digits
}
_SMALL_MULTIPLIERS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
"""Factor of each character that can follow a number as its scale."""
_MYRIADS = frozenset("万亿")
"""Scales that end a group of up to four digits of a Chinese numeral: 亿 and 万 in 一亿三千万."""
_MULTIPLIERS = _SMALL_MULTIPLIERS | SCALES
_MAX_DIGITS = 200
"""Maximum number of characters of a number without its scale and sign. A longer number means nothing and is skipped."""
_MAX_NUMERAL_LENGTH = 2 * _MAX_DIGITS
"""Maximum length in code points of a numeral with scale and sign. In a longer one, the number itself is too long."""
_CONTEXT = Context(prec=3 * _MAX_DIGITS)
"""Arithmetic with enough significant digits for the exact product of a number and its scale."""
_HAN_DIGITS = "".join(_DIGIT_VALUES)
_HAN_CHARACTERS = _HAN_DIGITS + "".join(_MULTIPLIERS)
_HAN_EXCEPT_THOUSAND = _HAN_CHARACTERS.replace("千", "")
_THOUSAND_UNIT = "米|克|瓦|伏|卡|焦|赫|帕|字节|比特"
"""Pattern of the units before which 千 can belong to the unit: 千瓦."""
_UNITS_OF_THOUSAND = tuple(_THOUSAND_UNIT.split("|"))
_HAN_NUMBER = f"(?:[{_HAN_EXCEPT_THOUSAND}]|(?<![万亿])千|千(?!{_THOUSAND_UNIT}))+(?:点[{_HAN_DIGITS}]+)?"

# The parts of an Arabic numeral: `of_hundred` (百分之 in 百分之50), `arabic` (1,234.5), 余 or 多 (300余万), `scale`
# (万, 亿, 百万, 千余万, 万亿, 千, 百), `sign` (%). The parts of a Chinese numeral: `of_hundred_han` (百分之), `han`
# (三点一四), 余 or 多, `han_scale` (万 in 十余万).
# A dot between a list number and a year (1.2024年) is not a decimal point. 千 before 米, 克, 瓦 … begins a unit
# (万千瓦). The first lookahead is an optimisation: with it, rejecting a position takes a fifth of the time.
_NUMERAL = re.compile(
    rf"""
    (?= [\d{_HAN_CHARACTERS}] ) (?:
    (?P<of_hundred> [百佰]分之 )? (?P<arabic>
        (?<!\d) (?: (?<!\d\.) | (?= {ARABIC_YEAR}年 ) )
        (?: \d{{1,3}} (?:,\d{{3}})+ (?!\d) | \d+ ) (?: \. (?! {ARABIC_YEAR}年 ) \d+ )?
    )
    (?: [余多] (?=[万亿]) )?
    (?P<scale> \ ? (?: (?: [十百千][余多]? )? 万?[万亿] ) | 千 (?!{_THOUSAND_UNIT}|分) | 百 (?![分米]) )?
    (?P<sign> \ ?% )?
    |
    (?P<of_hundred_han> [百佰]分之 )? (?P<han> {_HAN_NUMBER} ) (?: [余多] (?=[万亿]) )? (?P<han_scale> 万亿|[万亿] )?
    )
    """,
    re.VERBOSE,
)


_NUMERAL_CHARACTERS = frozenset(f"{_HAN_CHARACTERS}百佰分之点余多,. %")
"""The characters of numerals, without Arabic digits."""


class Numeral(NamedTuple):
    """A number in a text, with its scale and percent sign.

    `start` and `end` are its span: code points, 0-based, end-exclusive.
    """

    start: int
    end: int
    digits: str
    """The value in plain notation (`format_plain`): 937182 for 93.7182万, 100 for 100%."""
    unscaled: str
    """The value without its scale, in plain notation: 93.7182 for 93.7182万."""
    scale: int
    """Factor by which `unscaled` is multiplied: 1, 100, 1000, 10**4, 10**8 …"""
    is_percent: bool
    is_han: bool
    """Whether the number is written in Chinese numerals."""

    @property
    def value(self) -> Decimal:
        """The value: 937182 for 93.7182万. A percentage is not divided by 100: 100 for 100%."""
        return Decimal(self.digits)


def find_numerals(text: str) -> Iterator[Numeral]:
    """Yield the numbers in `text` from left to right, without overlaps.

    A full-width comma before a group of three digits is a thousands separator, as in real reports (33，212万吨).
    Ill-formed Chinese numbers (三四十, 百, 万) are skipped. Takes linear time.
    """
    yield from find_folded_numerals(fold(text))


def find_folded_numerals(folded: str, start: int = 0, end: int | None = None) -> Iterator[Numeral]:
    """Yield the numbers in a text that is already folded, or in a span of it. See `find_numerals`.

    The caller chooses the span so that neither edge is inside a number.
    """
    for match in _NUMERAL.finditer(folded, start, len(folded) if end is None else end):
        text = match[0]
        if len(text) > _MAX_NUMERAL_LENGTH:
            continue
        bare = text.rstrip("两")  # 两 at the end is a unit (三十两), unless it is alone or in 三点两 and 百分之两
        text = bare if bare and bare[-1] not in "点之" else text[: len(bare) + 1]
        fields = _parse(text)
        if fields is None and text[-1] == "千" and folded.startswith(_UNITS_OF_THOUSAND, match.end()):
            text = text[:-1]  # 一百二十五千瓦
            fields = _parse(text)
        if fields is not None:
            yield Numeral(match.start(), match.start() + len(text), *fields)


def number_across(folded: str, position: int) -> tuple[int, int] | None:
    """Return the span of the number in a folded text that begins before a position and ends after it, or None."""
    if not is_in_numeral(folded[position : position + 1]):
        return None
    start = position
    while start and is_in_numeral(folded[start - 1]):
        start -= 1
    for numeral in find_folded_numerals(folded, start) if start < position else ():
        if numeral.end > position:
            return (numeral.start, numeral.end) if numeral.start < position else None
    return None


def is_in_numeral(character: str) -> bool:
    """Return whether a character can be part of a numeral."""
    return character in _NUMERAL_CHARACTERS or character.isdecimal()


def format_plain(value: Decimal) -> str:
    """Return a number in plain notation, without exponent and trailing zeros: 937182, 93.7182, 100."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse_han_numeral(characters: str) -> Decimal | None:
    """Return the value of a Chinese numeral (一百二十九, 二〇二三, 五二九点零七亿), or None if it is ill-formed."""
    integer, point, rest = characters.partition("点")
    is_positional = all(c in _DIGIT_VALUES for c in integer)
    value = _parse_positional(integer, has_decimals=bool(point)) if is_positional else _parse_multiplicative(integer)
    if value is None or not point:
        return None if value is None else Decimal(value)
    decimals = rest.rstrip("万亿")
    if not decimals or not all(c in _DIGIT_VALUES for c in decimals):
        return None
    return _CONTEXT.multiply(Decimal(f"{value}.{_to_digits(decimals)}"), parse_scale(rest[len(decimals) :]))


@lru_cache(maxsize=2**14)  # reports repeat their numbers; real reports contain 23,000 distinct numerals
def _parse(text: str) -> tuple[str, str, int, bool, bool] | None:
    """Return the fields of a Numeral but its span, or None if it is ill-formed or too long.

    They depend on `text` alone, not on what surrounds it.
    """
    match = _NUMERAL.fullmatch(text)
    if match is None or len(match["arabic"] or match["han"]) > _MAX_DIGITS:
        return None
    is_han = match["arabic"] is None
    number, scale = _parse_han(match) if is_han else _parse_arabic(match)
    if number is None:
        return None
    is_percent = bool(match["of_hundred"] or match["sign"] or match["of_hundred_han"])
    return format_plain(_CONTEXT.multiply(number, Decimal(scale))), format_plain(number), scale, is_percent, is_han


def _parse_arabic(match: re.Match[str]) -> tuple[Decimal, int]:
    """Return the number of a match with `arabic`, without its scale, and the scale: 93.7182, 10000 for 93.7182万."""
    return Decimal(match["arabic"].replace(",", "")), parse_scale(match["scale"] or "")


def _parse_han(match: re.Match[str]) -> tuple[Decimal | None, int]:
    """Return the number of a match with `han`, without its scale, and the scale: 500, 10000 for 五百万.

    The number is None if it is ill-formed.
    """
    characters, scale = match["han"], match["han_scale"] or ""
    if scale and set(characters) & _MYRIADS:  # 六亿三千多万 equals 六亿三千万
        characters, scale = characters + scale, ""
    bare = characters.rstrip("万亿")
    if bare and not set(bare) & _MYRIADS:  # 五百万 and 三万亿 have a scale; 一亿五千万 has none
        characters, scale = bare, characters[len(bare) :] + scale
    is_hundred_percent = match["of_hundred_han"] and match["han"] == "百"  # 百 is a number only in 百分之百
    return Decimal(100) if is_hundred_percent else parse_han_numeral(characters), parse_scale(scale)


def parse_scale(characters: str) -> int:
    """Return the product of the multipliers in a scale: 10**12 for 万亿, 10**7 for 千余万, 1 for an empty scale."""
    scale = 1
    for character in characters:
        scale *= _MULTIPLIERS.get(character, 1)
    return scale


@cache
def format_scale(scale: int) -> str:
    """Return the characters of a power of ten that a unit can begin with: 万 for 10**4, 千万 for 10**7."""
    text = ""
    while scale >= SCALES["亿"]:
        scale, text = scale // SCALES["亿"], "亿" + text
    if scale >= SCALES["万"]:
        scale, text = scale // SCALES["万"], "万" + text
    return {1: "", 10: "十", 100: "百", 1000: "千"}[scale] + text


def _parse_positional(characters: str, *, has_decimals: bool) -> int | None:
    """Parse digits without multipliers: 二〇二三, 五二九.

    Returns None for 三四 (three or four), 一二三 (an enumeration) and an empty text.
    """
    value = _to_digits(characters)
    # An enumeration has two digits (三四) or consecutive ones (一二三). With a zero (二〇) or decimals (三四点五), the
    # digits are a number.
    if len(value) > 1 and not has_decimals and "0" not in value and (len(value) == len("三四") or value in "123456789"):
        return None
    return int(value) if value else None


def _to_digits(characters: str) -> str:
    """Return Chinese digits as Arabic digits: 2023 for 二〇二三."""
    return "".join(str(_DIGIT_VALUES[c]) for c in characters)


def _parse_multiplicative(characters: str) -> int | None:
    """Parse digits with descending multipliers: 一百二十九, 十五, 三千零五十, 一亿五千万, 一百二.

    Returns None if the numeral is ill-formed.
    """
    hundred_millions = ten_thousands = 0
    group = 0  # the value of the characters after the last 万 or 亿
    digit: int | None = None
    last = 10**9  # the next multiplier of the group must be smaller
    for position, character in enumerate(characters):
        if character in _DIGIT_VALUES:
            if digit:
                return None
            digit = _DIGIT_VALUES[character]
            previous = characters[position - 1]
            if 0 < position == len(characters) - 1 and previous in _MULTIPLIERS:
                digit *= _MULTIPLIERS[previous] // 10  # 一百二 is 120, 一万二 is 12000
        elif character in _SMALL_MULTIPLIERS:
            multiplier = _SMALL_MULTIPLIERS[character]
            if multiplier >= last or (not digit and character not in "十拾"):
                return None
            group, digit, last = group + (digit or 1) * multiplier, None, multiplier
        else:
            group += digit or 0
            if not group and not (character == "亿" and ten_thousands):
                return None
            if character == "亿":
                hundred_millions = (hundred_millions + ten_thousands + group) * SCALES[character]
                ten_thousands = 0
            else:
                ten_thousands += group * SCALES[character]
            group, digit, last = 0, None, 10**9
    return hundred_millions + ten_thousands + group + (digit or 0)


def parse_quantity(text: str) -> tuple[float, str | None]:
    """Parse a quantity in user input into value and unit (10万元 → 100000, 元; 50 → 50, None; 5% → 5, %).

    The value includes the scale. The unit can be any text without numbers. A sign may precede the number.
    Raises ValueError if `text` does not begin with a number or contains several.
    """
    folded = fold(text).strip()
    numerals = list(find_folded_numerals(folded))
    if len(numerals) != 1 or folded[: numerals[0].start] not in ("", "-", "+"):
        message = f"{text!r} is no quantity; write 50, 10万元 or 5%"
        raise ValueError(message)
    numeral = numerals[0]
    sign = -1 if folded.startswith("-") else 1
    unit = "%" if numeral.is_percent else folded[numeral.end :].strip()
    return sign * float(numeral.value), unit or None
