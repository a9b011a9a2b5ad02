"""Patterns of years in reports, and the years and ranges of years that a filter accepts."""

from __future__ import annotations

import re

ARABIC_YEAR = r"(?:19|20)\d\d"
"""Pattern of a year from 1900 to 2099 in Arabic digits."""
HAN_YEAR = "[一二][〇○零ＯOo0一二三四五六七八九]{3}"
"""Pattern of a year in Chinese numerals (二〇二三). Reports write the zero in several ways, even as a letter O."""
ANY_YEAR = f"(?:{ARABIC_YEAR}|{HAN_YEAR})"
"""Pattern of a year in either form."""

MIN_YEAR, MAX_YEAR = 0, 9999
"""First year of `..2023`, and last year of `2021..`: an omitted end of a range."""

_YEAR_RANGE = re.compile(r"(?P<year>\d{4})|(?P<first>\d{4})?\s*\.\.\s*(?P<last>\d{4})?")
"""Matches a year (2023) or a range, of which either end can be omitted (2021..2023, 2021.., ..2023)."""


def parse_year_range(text: str) -> tuple[int, int]:
    """Return the first and last year, inclusive, of a year (2023) or a range (2021..2023, 2021.., ..2023).

    The first year of a range can be greater than the last. Raises ValueError if `text` is neither a year of four digits
    nor a range. `query_years.parse_written_years` accepts more forms.
    """
    match = _YEAR_RANGE.fullmatch(text.strip())
    if not match or not any(match.groups()):
        message = f"{text.strip()!r} is not a year; write 2023 or 2021..2023"
        raise ValueError(message)
    if match["year"]:
        return int(match["year"]), int(match["year"])
    return int(match["first"] or MIN_YEAR), int(match["last"] or MAX_YEAR)
