"""The numbers that Word prints before the paragraphs of a list: 一、 （一） 1. ①. They are nowhere in the text.

A paragraph names a list (`numId`) and a level. The list points to a definition (`abstractNum`) with a pattern for each
level, such as `第%1章` or `%1.%2`; lists of one definition count on from each other unless one says where it starts.
ECMA-376, part 1, section 17.9.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from searchkit.corpus.formats.word.styles import MAX_FILE_BYTES, W, integer, toggle, value_of

_LEVELS = 9
_PLACE = re.compile("%([1-9])")
_NEEDS_BLANK = re.compile(r"[^\W①-⒛㊀-㊉]\ |\.\ (?=[0-9A-Za-z])")
"""A number and the text behind it that would run together: 第一章 总则, 1. 2023年; not 一、总则, ①总则, 1.总则."""


@dataclass(frozen=True, slots=True)
class _Level:
    """How one level of a list is numbered."""

    start: int = 1
    format: str = "decimal"
    pattern: str = ""
    """With `%1` for the number of the outermost level."""
    behind: str = " "
    restart: int | None = None
    """The level, from 1, that starts this one anew, as do those above it; 0 = none does; None = the one above."""
    plain: bool = False
    """Numbers of all levels are printed as decimals."""
    style: str = ""
    """Id of the paragraph style that stands for this level."""


@dataclass(slots=True)
class _Definition:
    """A kind of list, with the last number of each level; None = not begun."""

    levels: dict[int, _Level]
    style_link: str = ""
    """Id of the numbering style that holds the levels instead."""
    last: list[int | None] = field(default_factory=lambda: [None] * _LEVELS)


@dataclass(slots=True)
class _List:
    """A list of a document."""

    definition: _Definition
    levels: Mapping[int, _Level]
    starts: dict[int, int]
    """Where levels start because the list says so, until they do; afterwards they are like all others."""


class ListNumbers:
    """Counts through a document: ask once for each numbered paragraph, in order."""

    def __init__(self, root: Element | None, linked: Mapping[str, str]) -> None:
        """Take the part `numbering.xml`, if there is one, and the list of each numbering style."""
        self._lists: dict[str, _List] = {}
        if root is None:
            return
        definitions = {e.get(W + "abstractNumId", ""): _definition(e) for e in root.iterfind(W + "abstractNum")}
        points_to = {e.get(W + "numId", ""): value_of(e, "abstractNumId") or "" for e in root.iterfind(W + "num")}
        for element in root.iterfind(W + "num"):
            name = element.get(W + "numId", "")
            definition = definitions.get(points_to[name])
            if definition is not None and definition.style_link:
                definition = definitions.get(points_to.get(linked.get(definition.style_link, ""), ""))
            if definition is not None:
                self._lists.setdefault(name, _list(element, definition))

    def level_of(self, name: str, style: str) -> int | None:
        """Give the level, from 0, that a paragraph style stands for in a list."""
        found = self._lists.get(name)
        levels = found.levels.items() if found else ()
        return next((n for n, level in levels if level.style == style), None)

    def next(self, name: str, n: int) -> str:
        """Count one paragraph of list `name` at level `n`, from 0, and give what is printed before it.

        Ends with a blank where Word leaves a gap.
        """
        found = self._lists.get(name)
        if found is None or not 0 <= n < _LEVELS:
            return ""
        last = found.definition.last
        start = found.starts.pop(n, None)
        count = last[n]
        for place in range(n + 1):  # a level above that was passed over has begun as well
            if last[place] is None:
                last[place] = found.levels.get(place, _Level()).start
        if start is not None:
            last[n] = start
        elif count is not None:
            last[n] = min(count + 1, MAX_FILE_BYTES)
        for below in range(n + 1, _LEVELS):
            restart = found.levels.get(below, _Level()).restart
            if n < (below if restart is None else min(restart, below)):
                last[below] = None
        return _printed(found, n)


def numbered(label: str, text: str) -> str:
    """Put a list number, as `ListNumbers.next` gives it, before a text the way people who type the number do."""
    joined = label + text
    return joined if _NEEDS_BLANK.match(joined, max(0, len(label) - 2)) else label.rstrip(" ") + text


def _printed(found: _List, n: int) -> str:
    """Fill in the pattern of a level."""
    level = found.levels.get(n)
    if level is None or level.format == "bullet":
        return ""

    def number(match: re.Match[str]) -> str:
        """The number of a level as it is printed."""
        place = int(match[1]) - 1
        other = found.levels.get(place, _Level())
        style = "decimal" if level.plain and other.format != "none" else other.format
        return ordinal(found.definition.last[place] or 0, style)

    text = _PLACE.sub(number, level.pattern)
    return text + level.behind if text.strip() else ""


def _definition(element: Element) -> _Definition:
    return _Definition(_levels(element), value_of(element, "numStyleLink") or "")


def _list(element: Element, definition: _Definition) -> _List:
    levels, starts = dict(definition.levels), {}
    for override in element.iterfind(W + "lvlOverride"):
        n = integer(override.get(W + "ilvl"), _LEVELS)
        levels.update(_levels(override))
        start = value_of(override, "startOverride")
        if start is not None and n < _LEVELS:
            starts[n] = integer(start, 0)
    return _List(definition, levels, starts)


def _levels(parent: Element) -> dict[int, _Level]:
    found = {integer(element.get(W + "ilvl"), _LEVELS): _level(element) for element in parent.iterfind(W + "lvl")}
    return {n: level for n, level in found.items() if n < _LEVELS}


def _level(element: Element) -> _Level:
    formats = [child.get(W + "val", "") for child in element.iter(W + "numFmt")]
    hidden = element.find(f"{W}rPr/{W}vanish") is not None
    restart = value_of(element, "lvlRestart")
    return _Level(
        start=integer(value_of(element, "start"), 0),
        format=formats[-1] if formats else "decimal",  # the last is the fallback of one that few programs know
        pattern="" if hidden else value_of(element, "lvlText") or "",
        behind="" if value_of(element, "suff") == "nothing" else " ",
        restart=None if restart is None else integer(restart, 0),
        plain=toggle(element, "isLgl", default=False),
        style=value_of(element, "pStyle") or "",
    )


# Numbers as words and signs


def ordinal(number: int, style: str) -> str:
    """Print a number in a style of ST_NumberFormat; as a decimal where the style has no sign for it, or is unknown."""
    if style in _ROWS:
        row = _ROWS[style]
        return row[number - 1] if 0 < number <= len(row) else str(number)
    return _FORMATS.get(style, str)(number)


def _run(first: str, count: int) -> str:
    return "".join(chr(ord(first) + i) for i in range(count))


_STEMS, _BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
_ROWS: Mapping[str, str | list[str]] = {
    "decimalEnclosedCircle": _run("①", 20),
    "decimalEnclosedCircleChinese": _run("①", 20),
    "decimalEnclosedParen": _run("⑴", 20),
    "decimalEnclosedFullstop": _run("⒈", 20),
    "ideographEnclosedCircle": _run("㊀", 10),
    "ideographTraditional": _STEMS,
    "ideographZodiac": _BRANCHES,
    "ideographZodiacTraditional": [_STEMS[i % 10] + _BRANCHES[i % 12] for i in range(60)],
}
"""Styles with one sign a number, from 1."""

_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
_LOWER, _FORMAL = ("零一二三四五六七八九", "十百千万"), ("零壹贰叁肆伍陆柒捌玖", "拾佰仟万")
_FORMAL_TRADITIONAL = ("零壹貳參肆伍陸柒捌玖", "拾佰仟萬")
_SPOKEN = re.compile("^一(?=十)")


def _counted(number: int, signs: tuple[str, str]) -> str:
    """Write a number up to 99,999 with its places: 一百零五, 壹拾."""
    digits, places = signs
    text, gap = "", False
    for place in range(len(places), -1, -1):
        digit = number // 10**place % 10
        if digit:
            text += (digits[0] if gap and text else "") + digits[digit] + (places[place - 1] if place else "")
        gap = not digit
    return text or digits[0]


def _thousand(number: int) -> str:
    return _SPOKEN.sub("", _counted(number, _LOWER))


def _digit_by_digit(number: int) -> str:
    return "".join("〇一二三四五六七八九"[int(digit)] for digit in str(number))


def _counting(number: int) -> str:
    places = 100
    return _thousand(number) if number < places else _digit_by_digit(number)


_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"),
    (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip


def _roman(number: int) -> str:
    largest = 3_999
    return "".join(_roman_parts(number)) if 0 < number <= largest else str(number)


def _roman_parts(number: int) -> Iterator[str]:
    for value, sign in _ROMAN:
        yield sign * (number // value)
        number %= value


def _letter(number: int) -> str:
    """Write A to Z, then AA to ZZ, AAA: Word repeats the letter, up to thirty times."""
    letters, most = 26, 30
    times, letter = divmod(number - 1, letters)
    return chr(ord("A") + letter) * (times + 1) if 0 <= times < most else str(number)


_FORMATS: Mapping[str, Callable[[int], str]] = {
    "bullet": lambda _: "",
    "none": lambda _: "",
    "decimalZero": lambda number: f"{number:02}",
    "decimalFullWidth": lambda number: str(number).translate(_WIDE),
    "decimalFullWidth2": lambda number: str(number).translate(_WIDE),
    "numberInDash": lambda number: f"- {number} -",
    "upperRoman": _roman,
    "lowerRoman": lambda number: _roman(number).lower(),
    "upperLetter": _letter,
    "lowerLetter": lambda number: _letter(number).lower(),
    "chineseCounting": _counting,
    "chineseCountingThousand": _thousand,
    "chineseLegalSimplified": lambda number: _counted(number, _FORMAL),
    "ideographDigital": _digit_by_digit,
    "ideographLegalTraditional": lambda number: _counted(number, _FORMAL_TRADITIONAL),
    "japaneseCounting": _thousand,
    "japaneseDigitalTenThousand": _digit_by_digit,
    "taiwaneseCounting": _counting,
    "taiwaneseCountingThousand": _thousand,
    "taiwaneseDigital": _digit_by_digit,
}
