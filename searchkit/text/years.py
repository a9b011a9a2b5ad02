"""How years are written, as parts of patterns, and how people ask for them."""

from __future__ import annotations

import re

YEAR = r"(?:19|20)\d\d"
"""In digits."""
HAN_YEAR = "[一二][〇○零ＯOo0一二三四五六七八九]{3}"
"""In Chinese numerals: 二〇二三; the circle is written in many ways."""
ANY_YEAR = f"(?:{YEAR}|{HAN_YEAR})"

FIRST_YEAR, LAST_YEAR = 0, 9999
"""Years of a range that is open at an end."""

_ASKED = re.compile(r"(?P<year>\d{4})|(?P<first>\d{4})?\s*\.\.\s*(?P<last>\d{4})?")


def parse_years(text: str) -> tuple[int, int]:
    """Read a year or a range of years (2023, 2021..2023, 2021.., ..2023): the first and the last one, inclusive.

    Raises ValueError.
    """
    match = _ASKED.fullmatch(text.strip())
    if not match or not any(match.groups()):
        message = f"{text.strip()!r} is no year; write 2023 or 2021..2023"
        raise ValueError(message)
    if match["year"]:
        return int(match["year"]), int(match["year"])
    return int(match["first"] or FIRST_YEAR), int(match["last"] or LAST_YEAR)
