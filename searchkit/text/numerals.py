"""Numbers as they are printed in Chinese reports, with their value.

Arabic and Chinese numerals, thousands separators, full width, decimals, the scales 万 and 亿, percentages
written as % or 百分之. What a number counts (its unit) is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Context, Decimal
from functools import lru_cache
from typing import NamedTuple

from searchkit.text.folding import fold
from searchkit.text.years import YEAR

_DIGITS = {
    digit: value
    for value, digits in enumerate(("零〇", "一壹", "二两贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"))
    for digit in digits
}
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}
"""What a character behind a number multiplies by."""
_MYRIADS = frozenset("万亿")
_UNITS = _TENS | SCALES
_MAX_DIGITS = 200  # a longer run of digits is no number that anybody means
_MAX_CHARACTERS = 2 * _MAX_DIGITS  # of a numeral with scale and sign; what is longer has more digits
_EXACT = Context(prec=3 * _MAX_DIGITS)
_HAN_DIGIT = "".join(_DIGITS)
_HAN_CHARACTERS = _HAN_DIGIT + "".join(_UNITS)
_BUT_THOUSANDS = _HAN_CHARACTERS.replace("千", "")
_HAN_NUMBER = f"(?:[{_BUT_THOUSANDS}]|(?<![万亿])千|千(?![米克瓦伏卡焦赫字]))+(?:点[{_HAN_DIGIT}]+)?"

# A dot between a list number and a year (1.2024年) is no decimal point. 千 before 米, 克, 瓦 … begins a unit (万千瓦).
# The first lookahead is for speed: it passes over what begins no number in a fifth of the time.
_NUMERAL = re.compile(
    rf"""
    (?= [\d{_HAN_CHARACTERS}] ) (?:
    (?P<of_hundred> 百分之 )? (?P<arabic>
        (?<!\d) (?: (?<!\d\.) | (?= {YEAR}年 ) )
        (?: \d{{1,3}} (?:,\d{{3}})+ (?!\d) | \d+ ) (?: \. (?! {YEAR}年 ) \d+ )?
    )
    (?: [余多] (?=[万亿]) )?
    (?P<scale> \ ? (?: 百?万亿 | [十百千]?[万亿] ) | 千 (?![米克瓦伏卡焦赫字分]) | 百 (?![分米]) )?
    (?P<sign> \ ?% )?
    |
    (?P<of_hundred_han> 百分之 )? (?P<han> {_HAN_NUMBER} ) (?: [余多] (?=[万亿]) )? (?P<han_scale> 万亿|[万亿] )?
    )
    """,
    re.VERBOSE,
)


class Numeral(NamedTuple):
    """One printed number with its scale and percent sign. `start` and `end`: code points, 0-based, end-exclusive."""

    start: int
    end: int
    digits: str
    """The number that is meant, as `plain` writes it: 937182 for 93.7182万, 100 for 100%."""
    printed: str
    """The number without its scale, as `plain` writes it: 93.7182 for 93.7182万."""
    scale: int
    """What `printed` is multiplied by: 1, 1000, 10**4, 10**8 …"""
    is_percent: bool
    is_han: bool
    """Written in Chinese numerals."""

    @property
    def value(self) -> Decimal:
        """The number that is meant: 937182 for 93.7182万. Percentages stay as printed: 100 for 100%."""
        return Decimal(self.digits)


def find_numerals(text: str) -> Iterator[Numeral]:
    """Yield the numbers of `text` from left to right; they do not overlap.

    A full-width comma before three digits separates thousands, as real reports have it (33，212万吨). Chinese
    characters that form no well-made number (三四十, 百, 万) are passed over. Cost: linear in the text.
    """
    yield from find_folded_numerals(fold(text))


def find_folded_numerals(folded: str) -> Iterator[Numeral]:
    """`find_numerals` for a text that is folded already."""
    for match in _NUMERAL.finditer(folded):
        text = match[0]
        reading = _read(text) if len(text) <= _MAX_CHARACTERS else None
        if reading is not None:
            yield Numeral(match.start(), match.end(), *reading)


def plain(value: Decimal) -> str:
    """Write a number without exponent and without trailing zeros: 937182, 93.7182, 100."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def parse_han(characters: str) -> Decimal | None:
    """Value of a Chinese numeral (一百二十九, 二〇二三, 五二九点零七亿), or None if it is not well made."""
    whole, point, decimals = characters.partition("点")
    value = _positional(whole, has_decimals=bool(point)) if all(c in _DIGITS for c in whole) else _structured(whole)
    if value is None or not point:
        return None if value is None else Decimal(value)
    return Decimal(f"{value}.{_digits(decimals)}")


@lru_cache(maxsize=2**14)  # reports repeat their numbers: all that the real ones print are 23,000
def _read(text: str) -> tuple[str, str, int, bool, bool] | None:
    """The fields of a Numeral behind its place, or None: what a numeral says does not depend on its neighbours."""
    match = _NUMERAL.fullmatch(text)
    if match is None or len(match["arabic"] or match["han"]) > _MAX_DIGITS:
        return None
    is_han = match["arabic"] is None
    number, scale = _han(match) if is_han else _arabic(match)
    if number is None:
        return None
    is_percent = bool(match["of_hundred"] or match["sign"] or match["of_hundred_han"])
    return plain(_EXACT.multiply(number, Decimal(scale))), plain(number), scale, is_percent, is_han


def _arabic(match: re.Match[str]) -> tuple[Decimal, int]:
    return Decimal(match["arabic"].replace(",", "")), _scale((match["scale"] or "").strip())


def _han(match: re.Match[str]) -> tuple[Decimal | None, int]:
    characters, scale = match["han"], match["han_scale"] or ""
    if scale and set(characters) & _MYRIADS:  # 六亿三千多万 is 六亿三千万
        characters, scale = characters + scale, ""
    bare = characters.rstrip("万亿")
    if bare and not set(bare) & _MYRIADS:  # 五百万, 三万亿: printed with a scale; 一亿五千万 is not
        characters, scale = bare, characters[len(bare) :] + scale
    is_all = match["of_hundred_han"] and match["han"] == "百"
    return Decimal(100) if is_all else parse_han(characters), _scale(scale)


def _scale(characters: str) -> int:
    scale = 1
    for character in characters:
        scale *= _UNITS[character]
    return scale


def _positional(characters: str, *, has_decimals: bool) -> int | None:
    """二〇二三, 五二九: digits read one by one. 三四 (three or four) and 一二三 (an enumeration) are no numbers."""
    value = _digits(characters)
    if len(value) > 1 and not has_decimals and "0" not in value and (len(value) == len("三四") or value in "123456789"):
        return None
    return int(value) if value else None


def _digits(characters: str) -> str:
    return "".join(str(_DIGITS[c]) for c in characters)


def _structured(characters: str) -> int | None:
    """一百二十九, 十五, 三千零五十, 一亿五千万, 一百二: digits and tens that go down from left to right."""
    hundred_millions = ten_thousands = section = 0
    digit: int | None = None
    last = 10**9  # the step that the next one must stay below
    for position, character in enumerate(characters):
        if character in _DIGITS:
            if digit:
                return None
            digit = _DIGITS[character]
            previous = characters[position - 1]
            if 0 < position == len(characters) - 1 and previous in _UNITS:
                digit *= _UNITS[previous] // 10  # 一百二 is 120, 一万二 is 12000
        elif character in _TENS:
            step = _TENS[character]
            if step >= last or digit == 0 or (digit is None and character not in "十拾"):
                return None
            section, digit, last = section + (digit or 1) * step, None, step
        else:
            section += digit or 0
            if not section and not (character == "亿" and ten_thousands):
                return None
            if character == "亿":
                hundred_millions = (hundred_millions + ten_thousands + section) * SCALES[character]
                ten_thousands = 0
            else:
                ten_thousands += section * SCALES[character]
            section, digit, last = 0, None, 10**9
    return hundred_millions + ten_thousands + section + (digit or 0)


def parse_quantity(text: str) -> tuple[float, str | None]:
    """Read a quantity that a user wrote: base value and base unit (10万元 → 100000, 元; 50 → 50, None; 5% → 5, %).

    The unit may be any text. Raises ValueError if it does not begin with a number or has more than one.
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
