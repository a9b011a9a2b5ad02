"""Format codes of spreadsheets: how a cell displays a number, or a date that `xlsx` has recognised as a date."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal

BUILT_IN_FORMATS = {
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    37: "#,##0;-#,##0",
    38: "#,##0;-#,##0",
    39: "#,##0.00;-#,##0.00",
    40: "#,##0.00;-#,##0.00",
    41: "#,##0;-#,##0;-",
    42: "#,##0;-#,##0;-",
    43: "#,##0.00;-#,##0.00;-",
    44: "#,##0.00;-#,##0.00;-",
}
"""Codes, by id, of the number formats that spreadsheet programs define, so that files need not define them. The codes
are listed without brackets, currency and padding."""

_MAX_CODE_LENGTH = 255
"""Maximum length of a format code, in code points, as in Excel."""
_MAX_DECIMALS = 30
"""Maximum number of decimals that are displayed, as in Excel."""
_MAX_DISPLAYED = 1e15
"""Numbers of at least this absolute value are displayed as without format: a float does not contain all their digits.
"""
_PRECISE = Context(prec=600)
"""Has more digits than a displayed number: a code of `_MAX_CODE_LENGTH` signs `%` moves the point 510 places."""
_LITERAL = re.compile(r'"([^"]*)"|[\\!](.)|\[\$([^\]-]*)[^\]]*\]|\[[^\]]*\]|[_*].')
"""Quoted text, a character after `\\` or `!`, a currency, other brackets (a colour), and padding. A `!` at the end of
the code is none of these."""
_LITERAL_POINT = re.compile("(?<=[#0?])\ue001(?=[#0?])")
"""A quoted or escaped point between digits, as in `0"."0`, after its replacement in `format_number`; not that of
`"No."0`."""
_CONDITION = re.compile(r"\[[<>=]")
"""The start of a condition: [>=100]."""
_SHOWN_DECREASES = ("-", "−", "▼", "▽", "↓", "下降", "减")
"""Starts of displayed numbers that show that the number is negative."""
_SECTION_END = re.compile(r';(?=(?:[^"]*"[^"]*")*[^"]*$)')
"""A semicolon outside quotes. It separates the sections for positive numbers, negative numbers and zero."""
_DIGITS = re.compile(r"[#0?][#0?,]*(?:\.[#0?]*)?,*|\.[#0?]+")
"""The digits of a number in a format code: #,##0.00."""
_SCIENTIFIC_OR_FRACTION = re.compile(r"E[-+]|[#?0]\s*/\s*[#?0-9]", re.IGNORECASE)
_DATE_TOKEN = re.compile(
    r'yyyy|yy|y|e+|m{1,2}(?!m)|d{1,2}(?!d)|hh?|ss?|"[^"]*"|[\\!].|\[[^\]]*\]|[_*].|.', re.IGNORECASE
)
"""A part of the format code of a date: a field such as yyyy or mm, a literal, a bracket, padding, or one character."""
_UNSUPPORTED_DATE = re.compile(r"m{3}|d{3}|a{3}|\[[hms]|am/pm|a/p|上午|g|b[12]", re.IGNORECASE)
"""Fields of dates that `format_date` does not support: names of days or months, durations, halves of the day, eras."""


def format_number(value: float, code: str) -> str:
    """Return the number as a cell with this format code displays it.

    Colours and padding are left out. A negative number gets a minus sign, in place of brackets if it has them, because
    in text a colour or brackets do not show that a number is negative. It gets none if it is displayed as 0 or without
    digits, or if the format shows the decrease (▼5, 下降5). The number is displayed as without format if it is too
    large, or if the code is empty, is too long, or has a condition, a fraction or an exponent.
    """
    if not 0 < len(code) <= _MAX_CODE_LENGTH or abs(value) >= _MAX_DISPLAYED or _CONDITION.search(code):
        return format_general(value)
    sections = _SECTION_END.split(code)
    has_own_section = len(sections) > 1 and value < 0
    section = sections[1] if has_own_section else sections[2] if len(sections) > 2 and value == 0 else sections[0]  # noqa: PLR2004 - positive; negative; zero
    literals: list[str] = []

    def keep(match: re.Match[str]) -> str:
        """Return the character for a literal in the pattern. Add the literal, except a point, to `literals`."""
        literal = match[1] or match[2] or match[3] or ""
        if literal == ".":
            return "\ue001"
        literals.append(literal)
        return "\ue000"

    pattern = _LITERAL.sub(keep, section)
    if _SCIENTIFIC_OR_FRACTION.search(pattern):
        return format_general(value)
    texts = iter(literals)
    filled = _fill(abs(value), pattern)
    shown = re.sub("\ue000", lambda _: next(texts), filled.replace("\ue001", ".")).strip()
    if value >= 0 or not re.search("[1-9]", filled):  # digits in literals do not count
        return shown
    if shown[0] in "(（" and shown[-1] in ")）":
        shown = shown[1:-1]
    return shown if shown.startswith(_SHOWN_DECREASES) else f"-{shown}"


def format_general(value: float) -> str:
    """Return a number as a cell without format displays it.

    An integer whose absolute value is below `_MAX_DISPLAYED` has all its digits. Any other number has at most eleven
    significant digits.
    """
    if value.is_integer() and abs(value) < _MAX_DISPLAYED:
        return str(int(value))
    text = f"{value:.11g}"
    return f"{Decimal(text):f}" if "e" in text and 1e-9 < abs(value) < _MAX_DISPLAYED else text  # noqa: PLR2004 - readable


def format_date(moment: datetime, code: str) -> str | None:
    """Return a date as a cell with this format code displays it; None if the code is empty, too long or unsupported."""
    code = code.partition(";")[0]
    if not code or len(code) > _MAX_CODE_LENGTH or _UNSUPPORTED_DATE.search(re.sub(r'"[^"]*"|\[\$[^\]]*\]', "", code)):
        return None
    tokens = _DATE_TOKEN.findall(code)
    kinds = [token[0].lower() for token in tokens]
    parts: list[str] = []
    for n, token in enumerate(tokens):
        kind, width = kinds[n], len(token)
        if kind == "m":
            before = next((k for k in reversed(kinds[:n]) if k in "ymdhse"), "")
            after = next((k for k in kinds[n + 1 :] if k in "ymdhse"), "")
            parts.append(f"{moment.minute if before == 'h' or after == 's' else moment.month:0{width}}")
        elif kind in "ye":
            parts.append(f"{moment.year % 100:02}" if token.lower() == "yy" else str(moment.year))
        elif kind in "dhs":
            parts.append(f"{ {'d': moment.day, 'h': moment.hour, 's': moment.second}[kind]:0{width}}")
        else:
            parts.append("" if kind in "[_*" else token.strip('"') if kind == '"' else token[-1])
    return "".join(parts).strip()


def _fill(value: float, pattern: str) -> str:
    """Replace the digit placeholders of a pattern, or else `General` or `@`, by a number that is not negative.

    A literal point is read as a decimal point that divides the number by a power of ten: `0"."0,` displays 1234567 as
    123.5. In Excel, `#` before such a point may display nothing; here it displays at least 0, as before other points.
    """
    pointed = _LITERAL_POINT.sub(".", pattern)
    is_divided = pointed != pattern and "." not in pattern and len(_DIGITS.findall(pointed)) == 1
    pattern = pointed if is_divided else pattern
    groups = list(_DIGITS.finditer(pattern))
    if not groups:
        return re.sub("general|@", lambda _: format_general(value), pattern, flags=re.IGNORECASE)
    has_groups = len(groups) > 1 and "." not in pattern
    digits = groups[-1] if has_groups else groups[0]
    whole, _, decimals = digits[0].rstrip(",").partition(".")
    decimals = decimals.replace(",", "")[:_MAX_DECIMALS]
    exponent = 2 * pattern.count("%") - 3 * (len(digits[0]) - len(digits[0].rstrip(",")))
    number = Decimal(repr(value)).scaleb(exponent - len(decimals) * is_divided)
    if has_groups:
        return _fill_groups(number, pattern)
    rounded = f"{number.quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP, _PRECISE):f}"
    integer, _, fraction = rounded.partition(".")
    least = len(decimals.rstrip("#?"))
    fraction = fraction[:least] + fraction[least:].rstrip("0")
    integer = integer.lstrip("0").zfill(max(whole.count("0"), int(bool(fraction))))
    if "," in whole:
        integer = re.sub(r"(?<=[0-9])(?=(?:[0-9]{3})+$)", ",", integer)
    return pattern[: digits.start()] + integer + ("." + fraction if fraction else "") + pattern[digits.end() :]


def _fill_groups(number: Decimal, pattern: str) -> str:
    """Replace groups of digit placeholders with literals between them: `0000-00-00` displays 20231205 as 2023-12-05.

    The groups are filled from the right. The leftmost one takes all remaining digits. Separators of thousands are left
    out.
    """
    groups = [group.replace(",", "") for group in _DIGITS.findall(pattern)]
    placeholders = "".join(groups)
    least = len(placeholders.partition("0")[2]) + ("0" in placeholders)
    digits = f"{number.quantize(Decimal(1), ROUND_HALF_UP, _PRECISE):f}".lstrip("0").zfill(least)
    parts: list[str] = []
    for group in reversed(groups[1:]):
        parts.append(digits[-len(group) :])
        digits = digits[: -len(group)]
    parts.append(digits)
    return _DIGITS.sub(lambda _: parts.pop(), pattern)
