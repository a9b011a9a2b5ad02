"""The numbers that Chinese reports put before headings and items: 一、 （一） 1. （1） ① 第一章 一是 ——.

A marker has a style and an ordinal. Styles are compared by equality only: `1.` and `1、` are two styles,
because reports use one below the other; full and half width forms of one mark are one style.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from searchkit.text.years import YEAR

DASH = "——"
"""Style of items that open with a dash instead of a number."""
LISTED = "一是"
"""Style of 一是 …, 二是 …: items that are numbered by words of their own sentence."""

RANK = {
    "第一编": 0,
    "第一部分": 1,
    "第一章": 2,
    "第一节": 3,
    "一、": 4,
    "（一）": 5,
    "1.": 6,
    "1、": 6,
    "1.1": 7,
    "（1）": 8,
    "1）": 8,
    "①": 9,
    "第一": 10,
    LISTED: 11,
    DASH: 11,
}
"""Usual order of the styles, outermost first: used where a document does not show its own order."""

_HAN_DIGITS = {c: i for i, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0}
_HAN = "[一二三四五六七八九十]{1,3}"
_CIRCLED = (("①", "⑳", "①"), ("⑴", "⒇", "（1）"), ("⒈", "⒛", "1."), ("㈠", "㈩", "（一）"))
"""First and last character of a row of numbers in one character, and their style."""
_UNITS = r"万亿倍个元公千百十吨米度亩级折%％‰\-－—~～至到平立"

_MARKER = re.compile(
    rf"""
      第\s?(?P<part>{_HAN}|\d{{1,2}})\s?(?P<kind>编|篇|部分|章|节)[、:：.．]?
    | [（(]\s?(?P<han_bracket>{_HAN})\s?[）)][、.．]?
    | [（(]\s?(?P<digit_bracket>\d{{1,2}})\s?[）)][、.．]?
    | (?P<han>{_HAN})\s?(?:、(?!{_HAN}[、和产次])|[.．:：](?!\d(?!\d{{3}}年)))
    | (?P<han_space>{_HAN})[\s，,](?=\S)
    | (?P<listed>[一二三四五六七八九十]|十[一二三四五])(?:是|要|靠)(?![一二三四五六七八九十否])
    | (?:第|其)(?P<ordinal>{_HAN})[，,、：:]
    | (?P<deep>\d{{1,2}}[.．]\d{{1,2}}(?:[.．]\d{{1,2}})?)[.．、]?\s?(?![\d{_UNITS}\s])(?=[^\W\d])
    | (?P<dot>\d{{1,3}})\s?[.．](?!\d|\s\d+[.．%％]|[a-z])
    | (?P<dot_year>\d{{1,2}})[.．](?={YEAR}年)
    | (?P<comma>\d{{1,3}})\s?、(?!\d{{1,3}}(?!\d))
    | (?P<digit_close>\d{{1,2}})[）)]
    | (?P<circled>[①-⒛㈠-㈩])
    | (?P<dash>[—–―─－-]{{2,}})
    """,
    re.VERBOSE,
)
_STYLES = {
    "han_bracket": "（一）",
    "digit_bracket": "（1）",
    "han": "一、",
    "han_space": "一、",
    "listed": LISTED,
    "ordinal": "第一",
    "deep": "1.1",
    "dot": "1.",
    "dot_year": "1.",
    "comma": "1、",
    "digit_close": "1）",
    "dash": DASH,
}
_BARE_HEADING = 40
"""Longest line, in code points, in which a numeral and a blank or comma count as a marker."""


@dataclass(frozen=True, slots=True)
class Marker:
    """What stands before a heading or an item."""

    style: str
    """Key of `RANK`."""
    ordinal: int
    """From 1; 0 for a dash."""
    printed: str | None
    """As printed, without white space around it; None for a dash, which is no number."""
    end: int
    """Where the text behind the marker begins: 0-based code points of the line."""


def marker(text: str) -> Marker | None:
    """Read the marker at the start of a line without white space before it; None = there is none. Constant time."""
    found = _MARKER.match(text)
    if found is None or found.lastgroup is None:
        return None
    name = "part" if found["part"] else found.lastgroup
    if name == "han_space" and (len(text) > _BARE_HEADING or _sentence_like(text)):
        return None
    end = found.end()
    while end < len(text) and text[end] == " ":
        end += 1
    printed = None if name == "dash" else found[0].strip()
    if printed and name in {"ordinal", "han_space"}:
        printed = printed.rstrip("，,、：: ")
    style, ordinal = _value(name, found[name], found)
    return Marker(style, ordinal, printed, end) if ordinal or name == "dash" else None


def _value(name: str, digits: str, found: re.Match[str]) -> tuple[str, int]:
    if name == "part":
        return f"第一{'编' if found['kind'] == '篇' else found['kind']}", ordinal_value(digits)
    if name == "circled":
        for first, last, style in _CIRCLED:
            if first <= digits <= last:
                return style, ord(digits) - ord(first) + 1
        return "", 0
    if name == "deep":
        return "1.1", int(re.split("[.．]", digits)[-1])
    return _STYLES[name], 0 if name == "dash" else ordinal_value(digits)


def ordinal_value(digits: str) -> int:
    """Turn an ordinal up to 999 in Arabic or Han digits into a number: 13, １３, 十三, 二十 → 13, 13, 13, 20."""
    if digits.isdecimal():
        return int(digits)
    total, last = 0, 0
    for char in digits:
        if char == "十":
            total, last = total + (last or 1) * 10, 0
        elif char == "百":
            total, last = total + (last or 1) * 100, 0
        else:
            last = last * 10 + _HAN_DIGITS[char]
    return total + last


def _sentence_like(text: str) -> bool:
    return any(mark in text for mark in "。；;：:")
