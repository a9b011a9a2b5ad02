"""Years and ranges of years as people write them in queries: 2023年, 23年, 二〇二三年, 2021至2023年, 1990年代."""

from __future__ import annotations

import re
from typing import NamedTuple

from searchkit.text.folding import fold
from searchkit.text.years import ARABIC_YEAR, HAN_YEAR, MAX_YEAR, parse_year_range

_HAN_DIGITS = str.maketrans("〇○零o一二三四五六七八九", "0000123456789")
RANGE_MARK = r"(?:至|到|\.\.|[-－—–―~～]{1,2})"
"""Pattern of the word or the mark between the two years of a range."""
_QUERY_YEARS = re.compile(
    rf"(?<![0-9.])(?:(?P<first>{ARABIC_YEAR}|{HAN_YEAR})|(?P<short>[0-9]{{2}}(?=年|{RANGE_MARK}[0-9]{{2}}年)))(?![0-9.](?!\.))"
    rf"(?P<mark>年度?)?(?:{RANGE_MARK}(?P<last>{ARABIC_YEAR}|{HAN_YEAR}|[0-9]{{2}}(?![0-9]))(?P<mark2>年度?)?)?"
    r"(?(mark)|(?(mark2)|(?![0-9.%]|-[0-9]{1,2}(?![0-9]))))"
)
"""Matches a year or a range in a query: 2023, 2023年, 23年, 二〇二三年, 2021至2023年, 2021-23. 2023-6-1 is neither."""
_SINCE = re.compile("以来|至今|到现在|到目前")
"""Matches words after a year by which all later years are meant too, also if 年 is missing: 2019至今."""
_AFTER_YEAR = re.compile(
    "底(?![期级线层])|末(?![期级端])|初(?![期级中审步次始心创衷])"
    rf"|(?P<open>{_SINCE.pattern}|[以之]后|后(?![期续备勤疫])|起(?![诉草步点重降获底伏]))|(?P<around>前后)"
)
"""Matches after 年: a point of time in the year (底, 末, 初), or words by which all later years (`open`) or the two
neighbouring years (`around`) are meant too. It does not match 初 and 起 if they begin a word (初中, 起重机械)."""
_DECADE = re.compile("代(?![表理建管办征收偿缴发])")
"""Matches 代 after 年. It means all years of the decade that begins with the year: 1990年代."""
_DECADE_NAME = re.compile(
    "(?:(?:上个?|二十|20)世纪)?(?:(?P<digit>[3-9])0|(?P<han>[三四五六七八九])十)年代(?![表理建管办征收偿缴发])"
)
"""Matches a decade of the 20th century: 90年代, 上世纪八十年代."""
_DEADLINE = re.compile("[以之]前|前(?![后期0-9一二三四五六七八九十两几半])")
"""Matches after 年 if the year is a deadline: 2030年前. 2023年前三季度 is a part of the year."""
_DURATION = re.compile("[来间内期限制龄级多]|以上|以下|左右")
"""Matches after 年 if two digits before it are a duration: 16年来."""
_MIN_SHORT_YEAR = 16
"""Smallest sure year of two digits without a leading zero. A smaller number before 年 is mostly a duration."""


class QueryYear(NamedTuple):
    """A year, or a range of years, in a query."""

    first: int
    """First year."""
    last: int
    """Last year, inclusive; `MAX_YEAR` if all later years are meant."""
    end: int
    """Offset of its end in the query."""
    is_marked: bool
    """Whether 年 follows the year, or one of the years of a range. Without 年, the year may be another number."""
    is_short: bool
    """Whether the year, or the first one of a range, is written with two digits: 23年."""
    is_sure: bool
    """False if the year is written with two digits that may be a duration (12年). True for other years of two digits
    (08年, 23年), and for years of four digits."""
    is_reversed: bool
    """Whether the last year is written before the first."""


def parse_written_years(text: str) -> tuple[int, int]:
    """Return the first and last year, inclusive, of a year or a range in any form: 2023, 23年, 2021至2023年.

    The first year of a range can be greater than the last. Raises ValueError if `text` is neither a year nor a range.
    """
    folded = fold(text.strip())
    year = find_query_year(folded, 0)
    if year and year.is_sure and year.end == len(folded):
        return (year.last, year.first) if year.is_reversed else (year.first, year.last)
    return parse_year_range(folded)


def find_query_year(folded: str, start: int) -> QueryYear | None:
    """Return the year at an offset of a folded query, or None.

    A deadline (2030年前), a duration (16年来) and Chinese numerals without 年 are not years.
    """
    if decade := _DECADE_NAME.match(folded, start):
        first = 1900 + 10 * int((decade["digit"] or decade["han"]).translate(_HAN_DIGITS))
        return QueryYear(
            first, first + 9, decade.end(), is_marked=True, is_short=False, is_sure=True, is_reversed=False
        )
    match = _QUERY_YEARS.match(folded, start)
    if not match or (match["short"] and match["short"][0] != "0" and match["short"][1] == "0"):
        return None  # 10年, 20年, 30年 … are durations
    is_marked = bool(match["mark"] or match["mark2"])
    is_han = not (match["first"] or match["short"])[0].isdecimal()
    is_no_year = _DEADLINE.match(folded, match.end()) or (match["short"] and _DURATION.match(folded, match.end()))
    if (is_han and not is_marked) or (is_marked and is_no_year):
        return None
    first = _to_year(match["first"] or match["short"], 2000)
    is_sure = first % 100 not in range(10, _MIN_SHORT_YEAR) if match["short"] else True
    last = _to_year(match["last"], first) if match["last"] else first
    if match["last"] and len(match["last"]) == 2 and last <= first:  # noqa: PLR2004 - two digits
        return None  # 2023-06 is a month
    end = match.end()
    if match["mark"] == "年" and not match["last"] and first % 10 == 0 and (years := _DECADE.match(folded, end)):
        end, last = years.end(), first + 9
    elif (is_marked or _SINCE.match(folded, end)) and (after := _AFTER_YEAR.match(folded, end)):
        end = after.end()
        first, last = (first - 1, last + 1) if after["around"] else (first, last)
        last = MAX_YEAR if after["open"] else last
    return QueryYear(min(first, last), max(first, last), end, is_marked, bool(match["short"]), is_sure, first > last)


def _to_year(text: str, century_of: int) -> int:
    """Return the number of a year. Two digits are in the century of the year `century_of`."""
    number = int(text.translate(_HAN_DIGITS))
    return number if len(text) > 2 else century_of // 100 * 100 + number  # noqa: PLR2004 - two digits
