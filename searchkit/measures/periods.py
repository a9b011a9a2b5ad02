"""The field `period` of a measure: the words of its time as printed. `corpus.times.expressions` resolves times."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from searchkit.corpus.times.expressions import PREVIOUS_YEAR, YEAR_BEFORE_LAST
from searchkit.text.years import ANY_YEAR, ARABIC_YEAR, HAN_YEAR

_MAX_COMPARISON_LENGTH = 3
"""Maximum length in code points of a `_COMPARISON_WORD`."""
MAX_EXAMINED_TIMES = 50
"""Maximum number of time expressions before a number that are tried as its period."""
_YEAR_PHRASE = rf"{ANY_YEAR}年?"
"""2023年, 2023, 二〇二三年."""
_SMALL_NUMBER = r"[一二两三四五六七八九十几数\d]{1,3}"
"""A number of years: 三, 十五, 几, 20."""
TIME_EXPRESSION = re.compile(
    # A quick test of the first character. No alternative begins with any other character.
    r"(?=[自“‘近过最前后未今这连半一二两三四五六七八九十几数\d上明下年每])(?:"
    # 自2021年以来, 自2020年1月起, 自1月起至6月底, 自2020起, but neither 自查发现问题12起 nor 自身做起
    r"自(?!治区)[^,;。:]{0,12}?(?<=[年月日号时初底末春夏秋冬度今始])起"
    r"(?:至[^,;。:]{1,10}?(?:[年月][底末]|日|月|年)|(?![步草点诉]))"
    rf"|自{ANY_YEAR}起|自[^,;。:]{{0,12}}?以来"
    # A five-year plan: “十三五”期间
    r"|[“‘](?:十?[一二三四五六七八九]|十)五[”’](?:期间|时期|末期|初期|规划期|期末|以来|末|间期)"
    # 三年来, 近三年内
    rf"|(?:近|过去|最近|前|后|未来|今后|这|连续)?{_SMALL_NUMBER}年(?:多?来|期?间|内|中|以来)"
    # 半年来, 近两年半以来
    rf"|(?:近|过去|最近|前|后|未来|今后|这)?(?:半年|{_SMALL_NUMBER}年半)(?:多?来|期?间|内|以来)"
    # 近三年, 过去的五年, but neither 前三年级 nor 这三年制
    rf"|(?:近|过去的?|最近|前|后|未来|今后|这){_SMALL_NUMBER}年(?![级制])"
    # 三年 before a word of achievement: 三年累计, 五年完成
    r"|[二三四五六七八九十\d]{1,2}年(?=累计|共|新增|新建|完成|实现|全[省市区县国])"
    # Several years: 2021至2023年, 2021年和2022年两年
    rf"|{_YEAR_PHRASE}(?:[-—~至到和、]{_YEAR_PHRASE})+(?:两年|期间|[一二三四五]年)?"
    # Dates: 2023年1月1日至12月31日, 2022年12月1日—2023年11月30日
    rf"|{ARABIC_YEAR}年\d{{1,2}}月\d{{1,2}}日[-—–~至到](?:{ARABIC_YEAR}年)?\d{{1,2}}月\d{{1,2}}日"
    # Since a year or a month: 2019年至今, 2019年3月以来
    rf"|{ARABIC_YEAR}年(?:\d{{1,2}}月(?:\d{{1,2}}日)?(?:以来|至今(?!年))|至今(?!年))"
    # A year or a part of it: 2023年, 2023年上半年, 2022年1—6月
    rf"|{ARABIC_YEAR}年(?:度|末|底|初|上半年|下半年|以来|\d{{1,2}}(?:[-—至到]\d{{1,2}})?月(?:份|底|末)?(?:[-—至到]\d{{1,2}}月份?)?)?"
    # The same in Chinese numerals: 二〇二三年底, 一九七八年十二月
    rf"|{HAN_YEAR}年?(?:度|末|底|初)?(?:[一二三四五六七八九十]{{1,2}}月)?"
    # Relative to the present: 前年, 上年末, 上半年, 前三季度, 年均
    rf"|{YEAR_BEFORE_LAST}|{PREVIOUS_YEAR}末?|(?<!文)明年|上半年|下半年|年均"
    # Quarters: 三季度, 前三季度, 一至三季度, 1-3季度
    r"|[一二三四1-4](?:季度)?[-—至到]第?[一二三四1-4]个?季度|[一二三四前][一二三四]?个?季度"
    # Recurring: 每月. A month or several without a year: 4月份, 1—6月, 6月底以前
    r"|每(?:年|月|季度|季|周|日|天|半年)|\d{1,2}(?:[-—至到]\d{1,2})?月(?:份|底|末)?(?:[以之]?[前后]|以来)?)"
)
"""An expression of time, in a folded text."""
_TIME_HINT = re.compile(rf"[年月季每自“‘]|{HAN_YEAR}")
"""A quick test: a sentence without a match is not searched for time expressions."""
_COMPARISON_WORD = re.compile(r"(?:[比较与同是]|[低高]于|相当于|超过)$")
"""Matches the end of the text before a time with which something is compared, and which is no period: 比2021年."""
_RECURRING = re.compile(r"每.|年均")
"""A recurring time, such as 每月. It applies only to the numbers of its clause."""
_THIS_YEAR = re.compile(r"一年[来中间]")
"""一年来, "over the past year", is the reporting year."""
_ALL_DATES = re.compile(rf"({ARABIC_YEAR})年1月1日.(?:\1年)?12月31日")
"""The first and the last date of a year: 2023年1月1日至12月31日."""
_HAN_TO_ASCII_DIGITS = str.maketrans("零〇○一二三四五六七八九", "000123456789")
"""Maps Chinese digits to Arabic digits: 二〇二三 to 2023."""


class TimeExpression(NamedTuple):
    """A time expression with its span in the text: code points, 0-based, end-exclusive."""

    start: int
    end: int
    text: str


def find_times(folded: str, start: int, end: int) -> list[TimeExpression]:
    """Return the time expressions in the sentence from `start` to `end`, except those of comparisons (比2021年)."""
    if not _TIME_HINT.search(folded, start, end):
        return []
    return [
        TimeExpression(*match.span(), match[0])
        for match in TIME_EXPRESSION.finditer(folded, start, end)
        if not _COMPARISON_WORD.search(folded, max(start, match.start() - _MAX_COMPARISON_LENGTH), match.start())
    ]


def find_period(
    times: Sequence[TimeExpression], *, clause_start: int, number_start: int, year: int | None
) -> TimeExpression | None:
    """Return the period of a measure. Return None if it is the reporting year `year` or if no time is stated.

    `times` are the time expressions of the sentence, ascending. The period is the nearest of the last
    `MAX_EXAMINED_TIMES` before the number. Two kinds are skipped: an expression that contains the number itself, and a
    recurring time (每月) in another clause. Logarithmic in the number of time expressions.
    """
    stop = bisect_left(times, number_start, key=attrgetter("start"))
    for time in reversed(times[max(stop - MAX_EXAMINED_TIMES, 0) : stop]):
        contains_number = time.end > number_start
        is_of_other_clause = time.start < clause_start and _RECURRING.match(time.text)
        if contains_number or is_of_other_clause:
            continue
        is_reporting_year = bool(_THIS_YEAR.match(time.text)) or (
            year is not None and _is_reporting_year(time.text, year)
        )
        return None if is_reporting_year else time
    return None


def _is_reporting_year(text: str, year: int) -> bool:
    """Return whether a time expression is the reporting year (2023年), its end (2023年底) or all its dates."""
    digits = text.translate(_HAN_TO_ASCII_DIGITS)
    is_whole_year = digits[4:] in ("", "年", "年度", "年末", "年底") or _ALL_DATES.fullmatch(digits)
    return digits[:4] == str(year) and bool(is_whole_year)
