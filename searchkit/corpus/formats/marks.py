"""Raised and lowered characters: marks of notes are dropped, powers become superscript characters.

A reader encloses raised text in `RAISED` and `END`, and lowered text in `LOWERED` and `END`. When a block is complete,
`resolve_marks` decides for each of these texts, by the text around it, whether it is the mark of a note, a power or
plain text. Otherwise the mark of a note would read as a digit of the number after it: 生产总值²1349亿元 as 21349亿元.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from searchkit.files import UNITS_FILE, read_data_file, read_toml
from searchkit.text.folding import fold

RAISED, LOWERED, END = "\x0e", "\x0f", "\x10"
"""Delimiters of raised and lowered text. Readers remove control characters, so no text contains these ones."""
_SUPERSCRIPTS = str.maketrans("0123456789+-−–n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻ⁿ")
"""Maps characters to their raised forms."""
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
"""Maps digits to their lowered forms."""
_CONTEXT_LENGTH = 24
"""Maximum number of code points before and after a raised or lowered text that decide what it is. The longest words
that matter are units."""

_SEGMENT = re.compile(f"((?:{RAISED}[^{RAISED}{LOWERED}{END}]*{END})+)|((?:{LOWERED}[^{RAISED}{LOWERED}{END}]*{END})+)")
"""A run of raised text (group 1) or of lowered text (group 2), with its delimiters."""
_DELIMITERS = re.compile(f"[{RAISED}{LOWERED}{END}]")
_MAX_NOTE_LENGTH = 20
"""Maximum length of the mark of a note, in code points."""
_BLANKS = " \t\n\x00\xa0\u3000"
"""White space. The HTML reader writes U+0000 for a line end in the source of a page."""
_LABEL = r"(?:\d{1,3}|[①-⑳㉑-㉟㊱-㊿⑴-⒇❶-❿*＊※†‡§#★☆△▲])"
"""One number or sign of a note."""
_SEPARATOR = r"[\s,，、;；~～–—-]"
"""A character between the numbers of several notes."""
_NOTE = re.compile(
    rf"(?:[\[【〔［(（<]?(?:注释?|附注|见注)?[:：]?{_LABEL}+(?:{_SEPARATOR}*注?{_LABEL}+)*[\]】〕］)）>]?{_SEPARATOR}*)+"
    r"|[(（\[]?注[)）\]]?"
)
"""The mark of one note or of several: 2, [2], ①, 注2, 1,3, [1]-[3]."""
_NUMBER_AT_END = re.compile(r"\d[\d.,]*$")
"""A number at the end of the text before a mark: the base of a power, if it is 10 or in a formula."""
_OPERATOR = re.compile(r"[=＝+×÷*/^≈<>]")
"""An operator next to a number shows that it is part of a formula: 2³=8."""
_LATIN_LENGTH = re.compile(r"(?<![A-Za-z])(?:[kcdhnKCDHµμu]?[mM]|mm|MM|N[mM])$")
"""A unit of length in Latin letters: m, km, Nm."""
_HAN_LENGTH = re.compile(
    r"(?:^|(?<=[\d十百千万亿(（/／、每]))(?:平方|立方)?(?:[厘毫分微纳]?米|千米|公里|华里|里|公尺|尺)$"
)
"""A unit of length, area or volume in Chinese at the start of the text or after a number, a bracket, a slash or 每. A
number after a unit of length is a power (12公里², /米³), after one of area or volume the mark of a note (平方公里²)."""
_VARIABLE = re.compile(r"(?<![A-Za-z])[A-Za-zα-ωΑ-Ω]$")
"""A single letter: R² is a power. GDP² has a note."""
_SIGNED_POWER = re.compile(r"[+−–-]\d{1,2}|\d?[+−–-]")
"""A power or a charge with a sign: m⁻², Cr⁶⁺."""
_DEGREE_SIGNS = frozenset("oO0○º〇。")
"""Characters that are raised in place of the degree sign: 25<sup>o</sup>C."""
_ELEMENT = re.compile(r"(?:H|C|N|O|P|S|K|Cs|Sr|I|U|Pu|Co|Ra|Th|Pb|Po|Rn|Am)(?![A-Za-z])")
"""A chemical element, before which a raised number is that of an isotope: ¹³⁷Cs."""
_NOT_UNITS = {"年": "末 初 底 内 间 终 产 鉴 龄 代 轻 报 度 来", "期": "初", "个": "人", "次": "年"}
"""Texts after a unit that make it a part of another word: 年末 is not the unit 年. They are added to the `not_before`
texts of the unit list. Other modules use the unit list only after a number of the text. Here, the raised number can be
the mark of a note (生产总值²年末), so more words must be excluded."""

_AVERAGE_OR_NUMBER = "(?:均|数(?![据字学码控智十百千]))"
"""After a unit, 均 or 数 makes it a part of another word: a raised number before 户均 or 户数 is the mark of a note. In
2家数据企业 or 2个数百亿级产业, 数 starts the next word."""


def to_superscript(text: str) -> str:
    """Return a power in superscript characters; unchanged if one of its ASCII characters has no such form."""
    raised = text.strip().translate(_SUPERSCRIPTS)
    return text if any(char.isascii() for char in raised) else raised


def resolve_marks(text: str) -> str:
    """Return a text without the delimiters. Marks of notes are dropped, powers become superscript characters.

    A raised number after the base of a power or after a unit of length is a power (10⁸, m²). At the start of a text, a
    raised number is the label of a note, and becomes superscript characters too. Before a unit or a chemical element,
    it is an ordinary number (立案²件, 铯¹³⁷Cs). After any other word or sentence, it is the mark of a note. A blank
    replaces the mark if two numbers or two Latin words would merge. A raised o, 0 or similar character between a digit
    and C becomes a degree sign. Raised text of other kinds is written like other text. So is lowered text (CO2, PM2.5),
    but lowered digits after a digit become subscript characters.
    """
    if END not in text and RAISED not in text and LOWERED not in text:
        return text
    parts: list[str] = []
    before, position = "", 0
    for match in _SEGMENT.finditer(text):
        between = _DELIMITERS.sub("", text[position : match.start()])
        before = (before + between)[-_CONTEXT_LENGTH:]
        after = _DELIMITERS.sub("", text[match.end() : match.end() + _CONTEXT_LENGTH])
        content = _DELIMITERS.sub("", match[0]).strip(_BLANKS)
        if match[1]:
            kept = _resolve_raised(content, before, after)
        else:
            kept = _resolve_lowered(content, before, text[match.end() : match.end() + 1])
        parts += [between, kept]
        before, position = (before + kept)[-_CONTEXT_LENGTH:], match.end()
    return "".join((*parts, _DELIMITERS.sub("", text[position:])))


def _resolve_raised(content: str, before: str, after: str) -> str:
    """Return the text that replaces raised characters between two texts."""
    if content in _DEGREE_SIGNS and before[-1:].isdigit() and after.startswith("C"):
        return "°"
    if _is_power(content, before, after):
        return to_superscript(content)
    if len(content) > _MAX_NOTE_LENGTH or not _NOTE.fullmatch(content):
        return content
    if not before.strip(_BLANKS):
        return to_superscript(content)
    if content.isdecimal() and not before[-1:].isdecimal() and _continues_number(after):
        return content
    return " " if _would_merge(before, after) else ""


def _resolve_lowered(content: str, before: str, after: str) -> str:
    """Return the text that replaces lowered characters between two texts.

    Lowered digits after a digit become subscripts. Before a digit, a blank follows lowered digits (PM2.5 35).
    """
    if before[-1:].isdecimal() and content[:1].isdecimal():
        content = content.translate(_SUBSCRIPTS)
    return content + " " if content[-1:].isdecimal() and after[:1].isdecimal() else content


def _is_power(content: str, before: str, after: str) -> bool:
    """Return whether raised characters are a power or a charge: 10⁸, m², R², s⁻¹, Cr⁶⁺.

    Outside formulas, 10 is the only number that can be the base of a power without a sign. After any other number, a
    raised number without a sign is the mark of a note.
    """
    last = before[-1:]
    if _SIGNED_POWER.fullmatch(content):
        return last.isascii() and (last.isalnum() or last in ")]")
    if not (content.isdecimal() or content == "n"):
        return False
    if number := _NUMBER_AT_END.search(before):
        in_formula = _OPERATOR.match(after.lstrip()) or _OPERATOR.match(before[: number.start()].rstrip()[-1:])
        return number[0] == "10" or bool(in_formula)
    if _LATIN_LENGTH.search(before) or _VARIABLE.search(before):
        return True
    length = _HAN_LENGTH.search(before)
    return length is not None and content in {"2", "3"} and not length[0].startswith(("平方", "立方"))


def _continues_number(after: str) -> bool:
    """Return whether a text continues a number: with a unit, or with the element of an isotope."""
    return bool(_unit_pattern().match(fold(after)) or _ELEMENT.match(after))


def _would_merge(before: str, after: str) -> bool:
    """Return whether two numbers, or two Latin words, would be one without the mark between them."""
    last, first = before[-1:], after[:1]
    are_letters = last.isascii() and last.isalpha() and first.isascii() and first.isalpha()
    return are_letters or (last.isdecimal() and first.isdecimal())


@cache
def _unit_pattern() -> re.Pattern[str]:
    """Compile a pattern for a scale and a unit at the start of a folded text."""
    data: Mapping[str, Mapping[str, str]] = read_toml(read_data_file("unit list", UNITS_FILE), dict)
    not_before = {fold(unit): fold(words).split() for unit, words in data["not_before"].items()}
    for unit, words in _NOT_UNITS.items():
        not_before[unit] = [*not_before.get(unit, ()), *words.split()]
    units = sorted({fold(unit) for units in data["units"].values() for unit in units.split()}, key=len, reverse=True)
    alternatives = [
        re.escape(unit)
        + ("(?!{})".format("|".join(map(re.escape, not_before[unit]))) if unit in not_before else "")
        + ("(?![a-z0-9])" if unit.isascii() and unit.isalnum() else "")
        for unit in units
    ]
    not_counted = rf"(?!(?:{'|'.join(map(re.escape, units))}){_AVERAGE_OR_NUMBER})"
    return re.compile(rf"\s?[余多来]?[十百千万亿]*{not_counted}(?:{'|'.join(alternatives)})")
