"""Removes the blanks and invisible characters that PDF and web export put into numbers and words: 1 2 9 件, 立 案.

The rules of extraction apply to a text without these blanks and characters. `CompactText` converts offsets in that text
to offsets in the original text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from searchkit.text.numerals import parse_han_numeral

_HAN_NUMERALS = "零〇一二两三四五六七八九十百千万亿壹贰叁肆伍陆柒捌玖拾佰仟"
"""Characters of Chinese numerals, the formal ones included."""
_RARE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff⁰¹²³⁴⁵⁶⁷⁸⁹①-⑳]")
"""A quick test: a text without a match is not searched for `_INVISIBLE`."""
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]|(?<=[\u4e00-\u9fff”)])[⁰¹²³⁴⁵⁶⁷⁸⁹①-⑳]+")
"""Invisible characters, and the mark of a footnote after a word: 生产总值²."""
_SPACED_TEXT = re.compile(r"(?:(?<!\S)\S|(?<=[\u4e00-\u9fff])\d)(?: {1,2}\S){3,}(?!\S)")
"""At least four single characters with blanks between them: 立 案 三 件, 罚款9 3 . 7 万 元."""
_SPACED_DIGITS = re.compile(r"(?<![\d.,])(?<!\d )(?<!\d  )\d(?: {1,2}\d(?!\d)| ?[.,] ?\d(?!\d))+(?![.,]?\d| \d)")
"""Single digits with blanks between them: 1 2 9, 9 3 . 7 1."""
_MIN_SPACED_DIGITS = 3
"""Minimum number of digits in `_SPACED_DIGITS`. Fewer digits are a number only before a blank: 3 5 件, not 3 5件."""
_SPACED_HAN = re.compile(rf"(?<![第{_HAN_NUMERALS}])[{_HAN_NUMERALS}点]+(?: {{1,2}}[{_HAN_NUMERALS}点余多几]+)+")
"""Parts of a Chinese numeral with blanks between them: 三千 八百 九十六."""
_MULTIPLIERS = frozenset("十百千万亿拾佰仟点")
"""Characters that show that spaced Chinese digits are one numeral (二 十), not several (一 二 三)."""
_SPACED_PART = re.compile(
    rf"[\d{_HAN_NUMERALS}] {{0,3}}分 {{0,3}}之 {{0,3}}(?=[\d{_HAN_NUMERALS}])|百 {{0,3}}分 {{0,3}}点"
)
"""分之 with the last character of the number before it (百 in 百分之), or 百分点, possibly with blanks inside."""
_SPACED_SCALE = re.compile(
    r"(?<=\d) {1,3}(?=[余多]?[万亿]|[十百千]\d|个百分)|(?<=[千百万亿]\d) {1,2}(?=[十百千])|"
    r"(?:(?<=[\u4e00-\u9fff]\d\.)|(?<=[\u4e00-\u9fff]\d\d\.)) (?=\d{1,2}[%‰万亿])"
)
"""A blank before a scale, inside a number with several scales, or after a decimal point: 3 万, 3千5 百, 94. 43%."""
_BLANK = re.compile(" +")


class CompactText(NamedTuple):
    """A text without blanks inside of numbers and spaced words."""

    text: str
    folded: str
    """The text folded, of the same length."""
    offsets: Sequence[int] | None
    """Offset of each character in the original text, or None if nothing was removed."""

    def original_start(self, start: int) -> int:
        """Return the offset in the original text of a span that starts at `start`."""
        return start if self.offsets is None else self.offsets[start]

    def original_end(self, end: int) -> int:
        """Return the end in the original text of a span that ends before `end`."""
        return end if self.offsets is None else self.offsets[end - 1] + 1


def compact(text: str, folded: str) -> CompactText:
    """Remove invisible characters, marks of footnotes, and blanks inside of numbers and spaced words.

    Linear in the length of the text.
    """
    result = CompactText(text, folded, None)
    if _RARE.search(folded):
        result = _remove(result, (match.span() for match in _INVISIBLE.finditer(folded)))
    if " " in folded:
        for find in (_find_in_spaced_text, _find_in_digits, _find_in_parts, _find_in_scales, _find_in_han):
            result = _remove(result, find(result.folded))
    return result


def _remove(result: CompactText, spans: Iterator[tuple[int, int]]) -> CompactText:
    """Return the text without `spans`, which are sorted and do not overlap."""
    kept: list[range] = []
    position = 0
    for start, end in spans:
        kept.append(range(position, start))
        position = end
    if not position:
        return result
    kept.append(range(position, len(result.folded)))
    text, folded = ("".join(part[span.start : span.stop] for span in kept) for part in (result.text, result.folded))
    offsets = [offset for span in kept for offset in span]
    return CompactText(text, folded, offsets if result.offsets is None else [result.offsets[n] for n in offsets])


def _find_blanks(
    pattern: re.Pattern[str], is_spaced: Callable[[re.Match[str]], bool], folded: str
) -> Iterator[tuple[int, int]]:
    """Yield the spans of the blanks inside of those matches of a pattern for which `is_spaced` is true."""
    for match in pattern.finditer(folded):
        if is_spaced(match):
            yield from (blank.span() for blank in _BLANK.finditer(folded, *match.span()))


def _find_in_spaced_text(folded: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of the blanks in spaced words: 立 案 三 件."""
    return _find_blanks(_SPACED_TEXT, lambda _: True, folded)


def _find_in_digits(folded: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of the blanks in numbers of single digits: 1 2 9."""
    return _find_blanks(_SPACED_DIGITS, _is_one_number, folded)


def _find_in_parts(folded: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of the blanks in fractions and in 百分点: 百 分 之."""
    return _find_blanks(_SPACED_PART, lambda _: True, folded)


def _find_in_scales(folded: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of the blanks before scales: 3 万."""
    return (match.span() for match in _SPACED_SCALE.finditer(folded))


def _find_in_han(folded: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of the blanks in Chinese numerals: 三千 八百."""
    return _find_blanks(_SPACED_HAN, _is_one_numeral, folded)


def _is_one_number(match: re.Match[str]) -> bool:
    """Return whether single digits are one number and not the cells of a row."""
    digits = sum(character.isdigit() for character in match[0])
    return " " in match[0] and (digits >= _MIN_SPACED_DIGITS or match.string.startswith(" ", match.end()))


def _is_one_numeral(match: re.Match[str]) -> bool:
    """Return whether parts of a Chinese numeral are one number.

    Parts are not joined if the first one is a single digit at the start of a line, which may be a list number.
    """
    first = match[0].partition(" ")[0]
    is_list_number = len(first) == 1 and match.string[match.start() - 1 : match.start()] in ("", "\n")
    joined = re.sub("[ 余多几]", "", match[0])
    return not is_list_number and not _MULTIPLIERS.isdisjoint(joined) and parse_han_numeral(joined) is not None
