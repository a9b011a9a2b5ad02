"""The list numbers that Word prints before paragraphs, such as 一、 （一） 1. ①. They are not text in the file.

A paragraph, or its style, names a list (`numId`) and a level. The list refers to a definition (`abstractNum`), which
has a pattern for each level, such as `第%1章` or `%1.%2`. Lists with the same definition continue each other's numbers
unless a list states its start. Source: ECMA-376, part 1, section 17.9.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from searchkit.corpus.formats.word.styles import MAX_LIST_NUMBER, W, child_value, is_enabled, parse_integer

_LEVEL_COUNT = 9
"""Number of levels of a list."""
_PLACEHOLDER = re.compile("%([1-9])")
"""The place of the number of a level in a pattern: `%1` for the outermost level."""
_NEEDS_BLANK = re.compile(r"[^\W①-⒛㊀-㊉]\ |\.\ (?=[0-9A-Za-z])")
"""Matches the end of a list number and the blank after it, if the number and the text would run together without the
blank: 第一章 总则, 1. 2023年; not 一、总则, ①总则, 1.总则."""


@dataclass(frozen=True, slots=True)
class _ListLevel:
    """The number format of one level of a list."""

    start: int = 1
    """First number."""
    format: str = "decimal"
    """Style of ST_NumberFormat, such as `chineseCounting`."""
    pattern: str = ""
    """The list number, with `%1` for the number of the outermost level, `%2` for the next: `第%1章`, `%1.%2`."""
    suffix: str = " "
    """What follows the list number: a blank or nothing."""
    restart: int | None = None
    """This level restarts after a paragraph of level `restart`, counted from 1, or of a level above that. If 0, this
    level never restarts. If None, it restarts after a paragraph of any level above it."""
    is_legal: bool = False
    """Whether all numbers in the list number are decimals (`isLgl`), except those of levels with the format `none`."""
    style: str = ""
    """Id of the paragraph style that implies this level."""


@dataclass(slots=True)
class _ListDefinition:
    """A list definition with its counters."""

    levels: dict[int, _ListLevel]
    """Levels by index, from 0."""
    style_link: str = ""
    """Id of the numbering style whose list has the levels; empty if this definition has them."""
    last_numbers: list[int | None] = field(default_factory=lambda: [None] * _LEVEL_COUNT)
    """Last number of each level; None if the level has not begun, or is to restart."""


@dataclass(slots=True)
class _WordList:
    """A list of a document."""

    definition: _ListDefinition
    levels: Mapping[int, _ListLevel]
    """Levels by index, from 0: those of the definition, or the list's own where it overrides them."""
    starts: dict[int, int]
    """Start numbers that the list overrides, by level. An entry is removed when it has been applied."""


class ListNumbers:
    """Counts the list paragraphs of a document. Call `next_number` once per numbered paragraph, in document order."""

    def __init__(self, root: Element | None, lists_by_style: Mapping[str, str]) -> None:
        """Read the part `numbering.xml`, if there is one. `lists_by_style`: ids of lists by ids of styles."""
        self._lists: dict[str, _WordList] = {}
        if root is None:
            return
        definitions = {e.get(W + "abstractNumId", ""): _read_definition(e) for e in root.iterfind(W + "abstractNum")}
        definition_ids = {
            e.get(W + "numId", ""): child_value(e, "abstractNumId") or "" for e in root.iterfind(W + "num")
        }
        for element in root.iterfind(W + "num"):
            name = element.get(W + "numId", "")
            definition = definitions.get(definition_ids[name])
            if definition is not None and definition.style_link:
                definition = definitions.get(definition_ids.get(lists_by_style.get(definition.style_link, ""), ""))
            if definition is not None:
                self._lists.setdefault(name, _read_list(element, definition))

    def level_of_style(self, name: str, style: str) -> int | None:
        """Return the level, from 0, that a paragraph style implies in the list with id `name`, or None."""
        word_list = self._lists.get(name)
        levels = word_list.levels.items() if word_list else ()
        return next((n for n, level in levels if level.style == style), None)

    def next_number(self, name: str, n: int) -> str:
        """Count a paragraph at level `n`, from 0, of the list with id `name`, and return its number as Word prints it.

        The result ends with a blank where Word prints a gap. It is empty if there is no such list or level, and for a
        bullet, a hidden number and any other number that prints nothing.
        """
        word_list = self._lists.get(name)
        if word_list is None or not 0 <= n < _LEVEL_COUNT:
            return ""
        last_numbers = word_list.definition.last_numbers
        start = word_list.starts.pop(n, None)
        count = last_numbers[n]
        for upper in range(n + 1):  # this level has begun, and so have those above that were skipped
            if last_numbers[upper] is None:
                last_numbers[upper] = word_list.levels.get(upper, _ListLevel()).start
        if start is not None:
            last_numbers[n] = start
        elif count is not None:
            last_numbers[n] = min(count + 1, MAX_LIST_NUMBER)
        for lower in range(n + 1, _LEVEL_COUNT):
            restart = word_list.levels.get(lower, _ListLevel()).restart
            if n < (lower if restart is None else min(restart, lower)):
                last_numbers[lower] = None
        return _fill_pattern(word_list, n)


def prepend_number(number: str, text: str) -> str:
    """Prepend a list number, as `ListNumbers.next_number` returns it, to a text.

    The blank at the end of the number stays only where typed text has one: 第一章 总则, but 一、总则.
    """
    combined = number + text
    return combined if _NEEDS_BLANK.match(combined, max(0, len(number) - 2)) else number.rstrip(" ") + text


def _fill_pattern(word_list: _WordList, n: int) -> str:
    """Return the printed list number of level `n`: its pattern, with the last number of each level that it names.

    The suffix follows it. The result is empty if there is no such level, for a bullet, and if nothing is printed.
    """
    level = word_list.levels.get(n)
    if level is None or level.format == "bullet":
        return ""

    def format_level(match: re.Match[str]) -> str:
        """Return the number of the level that a placeholder names."""
        upper = int(match[1]) - 1
        upper_level = word_list.levels.get(upper, _ListLevel())
        style = "decimal" if level.is_legal and upper_level.format != "none" else upper_level.format
        return format_number(word_list.definition.last_numbers[upper] or 0, style)

    text = _PLACEHOLDER.sub(format_level, level.pattern)
    return text + level.suffix if text.strip() else ""


def _read_definition(element: Element) -> _ListDefinition:
    """Read an abstract definition of lists (`w:abstractNum`)."""
    return _ListDefinition(_read_levels(element), child_value(element, "numStyleLink") or "")


def _read_list(element: Element, definition: _ListDefinition) -> _WordList:
    """Read a list (`w:num`). It can override levels of its definition, and their first numbers."""
    levels, starts = dict(definition.levels), {}
    for override in element.iterfind(W + "lvlOverride"):
        n = parse_integer(override.get(W + "ilvl"), _LEVEL_COUNT)
        levels.update(_read_levels(override))
        start = child_value(override, "startOverride")
        if start is not None and n < _LEVEL_COUNT:
            starts[n] = parse_integer(start, 0)
    return _WordList(definition, levels, starts)


def _read_levels(parent: Element) -> dict[int, _ListLevel]:
    """Read the levels (`w:lvl`) in an element, by their index from 0. Levels with an invalid index are dropped."""
    levels = {
        parse_integer(element.get(W + "ilvl"), _LEVEL_COUNT): _read_level(element)
        for element in parent.iterfind(W + "lvl")
    }
    return {n: level for n, level in levels.items() if n < _LEVEL_COUNT}


def _read_level(element: Element) -> _ListLevel:
    """Read a level (`w:lvl`). A level whose numbers are hidden has an empty pattern."""
    formats = [child.get(W + "val", "") for child in element.iter(W + "numFmt")]
    is_hidden = is_enabled(element.find(W + "rPr"), "vanish", default=False)
    restart = child_value(element, "lvlRestart")
    return _ListLevel(
        start=parse_integer(child_value(element, "start"), 0),
        format=formats[-1] if formats else "decimal",  # the last is the fallback for a format that few programs support
        pattern="" if is_hidden else child_value(element, "lvlText") or "",
        suffix="" if child_value(element, "suff") == "nothing" else " ",
        restart=None if restart is None else parse_integer(restart, 0),
        is_legal=is_enabled(element, "isLgl", default=False),
        style=child_value(element, "pStyle") or "",
    )


# Number formats


def format_number(number: int, style: str) -> str:
    """Format a number in a style of ST_NumberFormat; as a decimal if the style is unknown or lacks the number."""
    if style in _NUMBER_SYMBOLS:
        symbols = _NUMBER_SYMBOLS[style]
        return symbols[number - 1] if 0 < number <= len(symbols) else str(number)
    return _NUMBER_FORMATS.get(style, str)(number)


def _consecutive(first: str, count: int) -> str:
    """Return `count` consecutive characters: ①②③ for ① and 3."""
    return "".join(chr(ord(first) + i) for i in range(count))


_STEMS, _BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
"""The ten Heavenly Stems and the twelve Earthly Branches, traditional Chinese ordinals."""
_NUMBER_SYMBOLS: Mapping[str, str | list[str]] = {
    "decimalEnclosedCircle": _consecutive("①", 20),
    "decimalEnclosedCircleChinese": _consecutive("①", 20),
    "decimalEnclosedParen": _consecutive("⑴", 20),
    "decimalEnclosedFullstop": _consecutive("⒈", 20),
    "ideographEnclosedCircle": _consecutive("㊀", 10),
    "ideographTraditional": _STEMS,
    "ideographZodiac": _BRANCHES,
    "ideographZodiacTraditional": [_STEMS[i % 10] + _BRANCHES[i % 12] for i in range(60)],
}
"""Styles with one symbol per number, from 1."""

_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
"""Maps digits to their full-width forms."""
_NUMERALS, _FORMAL_NUMERALS = ("零一二三四五六七八九", "十百千万"), ("零壹贰叁肆伍陆柒捌玖", "拾佰仟万")
_FORMAL_TRADITIONAL_NUMERALS = ("零壹貳參肆伍陸柒捌玖", "拾佰仟萬")
"""Each is a pair: the Chinese digits 0 to 9, and the powers of ten from 10 to 10,000. Formal numerals prevent
forgery."""
_LEADING_ONE = re.compile("^一(?=十)")
"""一 in 一十二, which is usually written 十二."""


def _spell_out(number: int, numerals: tuple[str, str]) -> str:
    """Spell out a number up to 99,999 with its powers of ten: 一百零五, 壹拾."""
    digits, powers = numerals
    text, has_gap = "", False
    for exponent in range(len(powers), -1, -1):
        digit = number // 10**exponent % 10
        if digit:
            text += (digits[0] if has_gap and text else "") + digits[digit] + (powers[exponent - 1] if exponent else "")
        has_gap = not digit
    return text or digits[0]


def _chinese_thousand(number: int) -> str:
    """Spell out a number as usual: 十二, not 一十二."""
    return _LEADING_ONE.sub("", _spell_out(number, _NUMERALS))


def _digit_by_digit(number: int) -> str:
    """Return the digits in Chinese: 一〇五 for 105."""
    return "".join("〇一二三四五六七八九"[int(digit)] for digit in str(number))


def _chinese_counting(number: int) -> str:
    """Spell out a number below 100 (十二). Return the digits of any other number (一〇五)."""
    limit = 100
    return _chinese_thousand(number) if number < limit else _digit_by_digit(number)


_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
    (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
"""Pairs of a value and its Roman numerals, in descending order."""


def _roman(number: int) -> str:
    """Return a number from 1 to 3999 in Roman numerals, any other number in decimals."""
    max_number = 3_999
    return "".join(_roman_parts(number)) if 0 < number <= max_number else str(number)


def _roman_parts(number: int) -> Iterator[str]:
    """Yield the Roman numerals of each value of `_ROMAN`: M, CM, XX for 1920."""
    for value, letters in _ROMAN:
        yield letters * (number // value)
        number %= value


def _letter(number: int) -> str:
    """Return A to Z for 1 to 26, AA, BB to ZZ for 27 to 52, and so on.

    A number that needs more than thirty letters, or is not positive, is returned in decimals.
    """
    letters, max_repetitions = 26, 30
    times, letter = divmod(number - 1, letters)
    return chr(ord("A") + letter) * (times + 1) if 0 <= times < max_repetitions else str(number)


_NUMBER_FORMATS: Mapping[str, Callable[[int], str]] = {
    "bullet": lambda _: "",
    "none": lambda _: "",
    "decimalZero": lambda number: f"{number:02}",
    "decimalFullWidth": lambda number: str(number).translate(_FULL_WIDTH),
    "decimalFullWidth2": lambda number: str(number).translate(_FULL_WIDTH),
    "numberInDash": lambda number: f"- {number} -",
    "upperRoman": _roman,
    "lowerRoman": lambda number: _roman(number).lower(),
    "upperLetter": _letter,
    "lowerLetter": lambda number: _letter(number).lower(),
    "chineseCounting": _chinese_counting,
    "chineseCountingThousand": _chinese_thousand,
    "chineseLegalSimplified": lambda number: _spell_out(number, _FORMAL_NUMERALS),
    "ideographDigital": _digit_by_digit,
    "ideographLegalTraditional": lambda number: _spell_out(number, _FORMAL_TRADITIONAL_NUMERALS),
    "japaneseCounting": _chinese_thousand,
    "japaneseDigitalTenThousand": _digit_by_digit,
    "taiwaneseCounting": _chinese_counting,
    "taiwaneseCountingThousand": _chinese_thousand,
    "taiwaneseDigital": _digit_by_digit,
}
"""Functions that format numbers, by style. A style that is neither here nor in `_NUMBER_SYMBOLS` is decimal."""
