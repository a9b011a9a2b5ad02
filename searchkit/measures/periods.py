"""The period of a measure if it is not the reporting year: 近三年, 2018年, “十三五”期间, 每月."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from searchkit.text.years import ANY_YEAR, ARABIC_YEAR, HAN_YEAR

_MAX_COMPARISON_LENGTH = 3
"""Maximum length in code points of a `_COMPARISON_WORD`."""
MAX_EXAMINED_TIMES = 50
"""Maximum number of times before a number that are tried as its period."""
_YEAR_PHRASE = rf"{ANY_YEAR}年?"
_SMALL_NUMBER = r"[一二两三四五六七八九十几数\d]{1,3}"
TIME_EXPRESSION = re.compile(
    r"(?=[自“‘近过最前后未今这连半一二两三四五六七八九十几数\d上明下年每])(?:"  # only for speed
    r"自[^,;。:]{0,12}?(?:起至[^,;。:]{1,10}?(?:[年月][底末]|日|月|年)|以来|起)"
    r"|[“‘]十?[一二三四五六七八九]五[”’](?:期间|时期|末期|初期|规划期|期末|以来|末|间期)"
    rf"|(?:近|过去|最近|前|后|未来|今后|这|连续)?{_SMALL_NUMBER}年(?:多?来|期?间|内|中|以来)"
    rf"|(?:近|过去|最近|前|后|未来|今后|这)?(?:半年|{_SMALL_NUMBER}年半)(?:多?来|期?间|内|以来)"
    rf"|(?:近|过去的?|最近|前|后|未来|今后|这){_SMALL_NUMBER}年(?![级制])"
    r"|[二三四五六七八九十\d]{1,2}年(?=累计|共|新增|新建|完成|实现|全[省市区县国])"
    rf"|{_YEAR_PHRASE}(?:[-—~至到和、]{_YEAR_PHRASE})+(?:两年|期间|[一二三四五]年)?"
    rf"|{ARABIC_YEAR}年(?:度|末|底|初|上半年|下半年|以来|\d{{1,2}}(?:[-—至到]\d{{1,2}})?月(?:份|底|末)?(?:[-—至到]\d{{1,2}}月份?)?)?"
    rf"|{HAN_YEAR}年?(?:度|末|底|初)?(?:[一二三四五六七八九十]{{1,2}}月)?"
    r"|前年|上年末?|上一年|明年|上半年|下半年|[一二三四前][一二三四]?个?季度|年均"
    r"|每(?:年|月|季度|季|周|日|天|半年)|\d{1,2}(?:[-—至到]\d{1,2})?月(?:份|底|末)?(?:[以之]?[前后]|以来)?)"
)
"""The name of a time, in a folded text."""
_TIME_HINT = re.compile(rf"[年月季每自“‘]|{HAN_YEAR}")  # a text without any of these names no time
_COMPARISON_WORD = re.compile(r"(?:[比较与同是]|[低高]于|相当于|超过)$")
_RECURRING = re.compile(r"每.|年均")  # applies only within its clause
_THIS_YEAR = re.compile(r"一年[来中间]")  # 一年来, "over the past year", means the reporting year
_HAN_TO_ASCII_DIGITS = str.maketrans("零〇○一二三四五六七八九", "000123456789")


class TimeExpression(NamedTuple):
    """The name of a time with its span in the text: code points, 0-based, end-exclusive."""

    start: int
    end: int
    text: str


def find_times(folded: str, start: int, end: int) -> list[TimeExpression]:
    """Return the times that the sentence from `start` to `end` names, without those of a comparison (比2021年)."""
    if not _TIME_HINT.search(folded, start, end):
        return []
    return [
        TimeExpression(*match.span(), match[0])
        for match in TIME_EXPRESSION.finditer(folded, start, end)
        if not _COMPARISON_WORD.search(folded, max(start, match.start() - _MAX_COMPARISON_LENGTH), match.start())
    ]


def find_period(
    times: Sequence[TimeExpression], offsets: tuple[int, int, int], year: int | None
) -> TimeExpression | None:
    """Return the period of a measure, or None if it is the reporting year `year` or if no time is named.

    `times` are the times of the sentence. `offsets` are the starts of the sentence, of the clause and of the number.
    The nearest time before the number is the period. Two kinds are skipped: a time that contains the number
    itself, and a recurring time (每月) of another clause.
    Logarithmic in the number of times.
    """
    sentence_start, clause_start, number_start = offsets
    stop = bisect_left(times, number_start, key=attrgetter("start"))
    for n in range(stop - 1, max(stop - MAX_EXAMINED_TIMES, 0) - 1, -1):
        time = times[n]
        if time.end > number_start or (
            time.start < clause_start and sentence_start != clause_start and _RECURRING.match(time.text)
        ):
            continue
        is_reporting_year = bool(_THIS_YEAR.match(time.text)) or (
            year is not None and _is_reporting_year(time.text, year)
        )
        return None if is_reporting_year else time
    return None


def _is_reporting_year(text: str, year: int) -> bool:
    """Whether a time is the reporting year or its end, which measures usually refer to."""
    digits = text.translate(_HAN_TO_ASCII_DIGITS)
    return digits[:4] == str(year) and digits[4:] in ("", "年", "年度", "年末", "年底")
