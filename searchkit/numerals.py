"""Numbers as they are printed in Chinese reports, with their value.

Arabic and Chinese numerals, thousands separators, full width, decimals, the scales 万 and 亿, percentages
written as % or 百分之. What a number counts (its unit) is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal

from searchkit.folding import fold

_DIGITS = {
    digit: value
    for value, digits in enumerate(("零〇", "一壹", "二两贰", "三叁", "四肆", "五伍", "六陆", "七柒", "八捌", "九玖"))
    for digit in digits
}
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_SCALES = {"万": 10**4, "亿": 10**8}
_UNITS = _TENS | _SCALES
_MOST_DIGITS = 200  # a longer run of digits is no number that anybody means
_EXACT = Context(prec=3 * _MOST_DIGITS)
_HAN_DIGIT = "".join(_DIGITS)
_HAN_NUMBER = f"[{_HAN_DIGIT}{''.join(_TENS)}万亿]+(?:点[{_HAN_DIGIT}]+)?"

# A dot between a list number and a year (1.2024年) is no decimal point. 千 before 米, 克, 瓦 … begins a unit.
_NUMERAL = re.compile(
    r"""
    (?P<of_hundred> 百分之 )? (?P<arabic>
        (?<!\d) (?: (?<!\d\.) | (?= (?:19|20)\d\d年 ) )
        (?: \d{1,3} (?:,\d{3})+ (?!\d) | \d+ ) (?: \. (?! (?:19|20)\d\d年 ) \d+ )?
    )
    (?P<more> [余多] (?=[万亿]) )?
    (?P<scale> \ ? (?: 百?万亿 | [十百千]?[万亿] ) | 千 (?![米克瓦伏卡焦赫字]) | 百 (?![分米]) )?
    (?P<sign> \ ?% )?
    |
    (?P<of_hundred_han> 百分之 )? (?P<han> """
    + _HAN_NUMBER
    + r""" ) (?P<han_more> [余多] (?=[万亿]) )? (?P<han_scale> 万亿|[万亿] )?
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Numeral:
    """One printed number with its scale and percent sign. `start` and `end`: code points, 0-based, end-exclusive."""

    start: int
    end: int
    printed: Decimal
    """The value as printed, without the scale: 93.7182 in 93.7182万."""
    scale: int
    """What `printed` is multiplied by: 1, 1000, 10**4, 10**8 …"""
    is_percent: bool
    is_han: bool
    """Written in Chinese numerals."""

    @property
    def value(self) -> Decimal:
        """The number that is meant: 937182 for 93.7182万. Percentages stay as printed: 100 for 100%."""
        return _EXACT.multiply(self.printed, Decimal(self.scale))


def find_numerals(text: str) -> Iterator[Numeral]:
    """Yield the numbers of `text` from left to right; they do not overlap.

    A full-width comma before three digits separates thousands, as real reports have it (33，212万吨). Chinese
    characters that form no well-made number (三四十, 百, 万) are passed over. Cost: linear in the text.
    """
    yield from find_folded_numerals(fold(text))


def find_folded_numerals(folded: str) -> Iterator[Numeral]:
    """`find_numerals` for a text that is folded already."""
    for match in _NUMERAL.finditer(folded):
        numeral = _han(match) if match["arabic"] is None else _arabic(match)
        if numeral is not None:
            yield numeral


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


def _arabic(match: re.Match[str]) -> Numeral | None:
    printed, scale = match["arabic"], match["scale"] or ""
    if len(printed) > _MOST_DIGITS:
        return None
    is_percent = bool(match["sign"] or match["of_hundred"])
    value = Decimal(printed.replace(",", ""))
    return Numeral(match.start(), match.end(), value, _scale(scale.strip()), is_percent=is_percent, is_han=False)


def _han(match: re.Match[str]) -> Numeral | None:
    characters, scale = match["han"], match["han_scale"] or ""
    if len(characters) > _MOST_DIGITS:
        return None
    bare = characters.rstrip("万亿")
    if bare and not set(bare) & _SCALES.keys():  # 五百万, 三万亿: printed with a scale; 一亿五千万 is not
        characters, scale = bare, characters[len(bare) :] + scale
    is_percent = bool(match["of_hundred_han"])
    value = Decimal(100) if is_percent and match["han"] == "百" else parse_han(characters)
    if value is None:
        return None
    return Numeral(match.start(), match.end(), value, _scale(scale), is_percent=is_percent, is_han=True)


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
                hundred_millions = (hundred_millions + ten_thousands + section) * _SCALES[character]
                ten_thousands = 0
            else:
                ten_thousands += section * _SCALES[character]
            section, digit, last = 0, None, 10**9
    return hundred_millions + ten_thousands + section + (digit or 0)
