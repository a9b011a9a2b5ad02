"""Markers before headings and items in Chinese reports: 一、 （一） 1. （1） ① 第一章 一是 ——.

A marker has a style and an ordinal. A style is named by its first marker: `（三）` has the style `（一）` and the
ordinal 3. `1.` and `1、` are two styles, because reports use one below the other. The full-width and half-width forms
of a mark are one style.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from searchkit.text.years import ARABIC_YEAR

DASH = "——"
"""Style of items that begin with a dash instead of a number."""
LISTED = "一是"
"""Style of 一是 …, 二是 … (or 一要, 一靠): items numbered by words of their own sentence."""

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
"""Usual order of the styles: outer styles have lower values. Used if a document itself does not show the order."""

_HAN_DIGIT_VALUES = {c: i for i, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0}
"""Value of each Han digit."""
_HAN_NUMERAL = "[一二三四五六七八九十]{1,3}"
"""A number below 100: 三, 十二, 二十一."""
_SINGLE_CHARACTER_NUMBERS = (("①", "⑳", "①"), ("⑴", "⒇", "（1）"), ("⒈", "⒛", "1."), ("㈠", "㈩", "（一）"))
"""First and last character of each range of single-character numbers, and the style of the range."""
_UNIT_CHARACTERS = r"万亿倍个元公千百十吨米度亩级折%％‰\-－—~～至到平立"
"""Characters that make the number before them a quantity or the start of a range (1.5万, 1.5－2), and not a marker."""

_NAMED_DAY = (
    r"(?:3[.．]15\s?(?:国际)?消费|4[.．]15\s?(?:全民)?国家安全|4[.．]26\s?(?:世界|全国)?知识产权|5[.．]12\s?(?:全国)?防灾"
    r"|6[.．]26\s?(?:国际)?禁毒|11[.．]0?9\s?(?:全国)?消防(?:安全|宣传)*[日月]|12[.．]0?2\s?(?:全国)?交通安全日"
    r"|12[.．]0?4\s?(?:国家|全国)?(?:宪法|法[制治])(?:宣传)?[日周]|12[.．]0?9\s?国际反腐"
    r"|\d{1,2}[.．]\d{1,2}\s?(?:国际|世界)[^\s，,。、：:]{1,8}?日(?![常益均]))"
)
"""A day that reports name with its date, which is not a marker: 12.4国家宪法日, 3.15消费者权益日, 3.22世界水日."""

# The examples are lines that each alternative matches or, after `not`, excludes.
_MARKER = re.compile(
    rf"""(?:
      # 第一章 总则, 第二部分、回顾
      第\s?(?P<part>{_HAN_NUMERAL}|\d{{1,2}})\s?(?P<kind>编|篇|部分|章|节)[、:：.．]?
      # （一）加强, (1)加强
    | [（(]\s?(?P<han_bracket>{_HAN_NUMERAL})\s?[）)][、.．]?
    | [（(]\s?(?P<digit_bracket>\d{{1,2}})\s?[）)][、.．]?
      # 一、工作回顾, 一：2023年回顾; not 一、二、三产业, 五：30 (nor 一、二审案件12件: see `parse_marker`)
    | (?P<han>{_HAN_NUMERAL})\s?(?:、(?!{_HAN_NUMERAL}[、和产次])|[.．:：](?!\d(?!\d{{3}}年)))
      # 一 工作回顾 (in a short line that is not a sentence: see `parse_marker`)
    | (?P<han_space>{_HAN_NUMERAL})[\s，,](?=\S)
      # 一是加强, 二要推进, 三靠落实; not 一是一, 一是否
    | (?P<listed>[一二三四五六七八九十]|十[一二三四五])(?:是|要|靠)(?![一二三四五六七八九十否])
      # 第一，加强; 其一，加强
    | (?:第|其)(?P<ordinal>{_HAN_NUMERAL})[，,、：:]
      # 1.2 加强, 1.2.3 加强; not 1.5万元, 1.5－2, 12.4国家宪法日
    | (?!{_NAMED_DAY})
      (?P<deep>\d{{1,2}}[.．]\d{{1,2}}(?:[.．]\d{{1,2}})?)[.．、]?\s?(?![\d{_UNIT_CHARACTERS}\s])(?=[^\W\d])
      # 1.加强; not 3.5, 3. 5%, 1.txt
    | (?P<dot>\d{{1,3}})\s?[.．](?!\d|\s\d+[.．%％]|[a-z])
      # 1.2023年加强
    | (?P<dot_year>\d{{1,2}})[.．](?={ARABIC_YEAR}年)
      # 1、加强, 1、2023年; not 1、2月份
    | (?P<comma>\d{{1,3}})\s?、(?!\d{{1,3}}(?!\d))
      # 1）加强
    | (?P<digit_close>\d{{1,2}})[）)]
      # ①加强, ㈠加强
    | (?P<single>[①-⒛㈠-㈩])
      # ——加强
    | (?P<dash>[—–―─－-]{{2,}})
    )[ ]*""",
    re.VERBOSE,
)
"""A marker at the start of a line, and the blanks after it. The name of the group that matched identifies its kind."""
_GROUP_STYLES = {
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
"""Maps the groups of `_MARKER` with a fixed style to the style."""
SHARED_NOUN = re.compile("一、二审|(?:一、二|二、三|三、四)季度")
"""Two ordinals before a noun that both have: 一、二审 (first and second instance), 三、四季度. The nouns are those with
which such a pair can begin a sentence. 级 is not among them, because 三、四级联动 is a heading with the marker 三、."""
_SENTENCE_MARK = re.compile(r"[\d，,。；;：:]")
"""Matches a mark that sentences have, and headings such as 二、三季度工作安排 have not."""
_MAX_BARE_HEADING_LENGTH = 40
"""Maximum length of a line, in code points, in which a Han numeral is a marker before a blank or comma, or before
、 and another numeral with a noun (`SHARED_NOUN`)."""


@dataclass(frozen=True, slots=True)
class Marker:
    """The marker before a heading or an item."""

    style: str
    """Key of `RANK`."""
    ordinal: int
    """From 1; 0 for a dash. For 1.2 and 1.2.3, the last number."""
    printed: str | None
    """The marker as printed, without surrounding white space, and without the comma or colon of `第一，` and `一，`.
    None for a dash, which is not a number."""
    end: int
    """Offset in the line at which the text after the marker begins, in code points."""


def parse_marker(text: str) -> Marker | None:
    """Return the marker at the start of a line, or None if there is none.

    The line must not begin with white space. A number 0 is not a marker. Takes time in proportion to the length of the
    marker and of the blanks and digits after it, not of the line.
    """
    match = _MARKER.match(text)
    if match is None or match.lastgroup is None:
        return None
    group = "part" if match["part"] else match.lastgroup  # `lastgroup` of 第一章 is `kind`
    is_long = len(text) > _MAX_BARE_HEADING_LENGTH
    if group == "han_space" and (is_long or _is_sentence(text)):
        return None
    if group == "han" and SHARED_NOUN.match(text) and (is_long or _SENTENCE_MARK.search(text)):
        return None
    printed = None if group == "dash" else match[0].strip()
    if printed and group in {"ordinal", "han_space"}:
        printed = printed.rstrip("，,、：: ")
    style, ordinal = _style_and_ordinal(group, match[group], match)
    return Marker(style, ordinal, printed, match.end()) if ordinal or group == "dash" else None


def has_list_number(text: str) -> bool:
    """Return whether a line begins with a marker other than a dash."""
    marker = parse_marker(text)
    return marker is not None and marker.style != DASH


def _style_and_ordinal(group: str, digits: str, match: re.Match[str]) -> tuple[str, int]:
    """Return the style and the ordinal of a marker. `group` is the alternative that matched, `digits` its number."""
    if group == "part":
        return f"第一{'编' if match['kind'] == '篇' else match['kind']}", parse_ordinal(digits)
    if group == "single":  # the ranges cover all characters that the group matches
        first, style = next(
            (first, style) for first, last, style in _SINGLE_CHARACTER_NUMBERS if first <= digits <= last
        )
        return style, ord(digits) - ord(first) + 1
    if group == "deep":
        return "1.1", int(re.split("[.．]", digits)[-1])
    return _GROUP_STYLES[group], 0 if group == "dash" else parse_ordinal(digits)


def parse_ordinal(digits: str) -> int:
    """Return the value of a number in Arabic or Han digits: １３ → 13, 十三 → 13, 二十 → 20, 二〇二三 → 2023.

    A Han numeral with 十 or 百 must be below 1000. Raises KeyError for a character other than 十, 百 and digits, and
    for Arabic digits beside Han ones.
    """
    if digits.isdecimal():
        return int(digits)
    total, pending = 0, 0
    for char in digits:
        if char == "十":
            total, pending = total + (pending or 1) * 10, 0
        elif char == "百":
            total, pending = total + (pending or 1) * 100, 0
        else:
            pending = pending * 10 + _HAN_DIGIT_VALUES[char]
    return total + pending


def _is_sentence(text: str) -> bool:
    """Return whether a line contains a stop, a semicolon or a colon."""
    return any(mark in text for mark in "。；;：:")
