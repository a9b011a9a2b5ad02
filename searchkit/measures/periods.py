"""The time that a measure is of, when it is not the reporting year: 近三年, 2018年, “十三五”期间, 每月."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from operator import attrgetter
from typing import NamedTuple

from searchkit.text.years import ANY_YEAR, HAN_YEAR, YEAR

_MAX_COMPARED_LENGTH = 3
_MAX_PASSED_OVER = 50
"""Times of other clauses only."""
_YEAR = rf"{ANY_YEAR}年?"
_COUNT = r"[一二两三四五六七八九十几数\d]{1,3}"
TIME = re.compile(
    r"自[^,;。:]{0,12}?(?:起至[^,;。:]{1,10}?(?:[年月][底末]|日|月|年)|以来|起)"
    r"|[“‘]十?[一二三四五六七八九]五[”’](?:期间|时期|末期|初期|规划期|期末|以来|末|间期)"
    rf"|(?:近|过去|最近|前|后|未来|今后|这|连续)?{_COUNT}年(?:多?来|期?间|内|中|以来)"
    rf"|(?:近|过去的?|最近|前|后|未来|今后|这){_COUNT}年(?![级制])"
    r"|[二三四五六七八九十\d]{1,2}年(?=累计|共|新增|新建|完成|实现|全[省市区县国])"
    rf"|{_YEAR}(?:[-—~至到和、]{_YEAR})+(?:两年|期间|[一二三四五]年)?"
    rf"|{YEAR}年(?:度|末|底|初|上半年|下半年|以来|\d{{1,2}}(?:[-—至到]\d{{1,2}})?月(?:份|底|末)?(?:[-—至到]\d{{1,2}}月份?)?)?"
    rf"|{HAN_YEAR}年?(?:度|末|底|初)?(?:[一二三四五六七八九十]{{1,2}}月)?"
    r"|前年|上年末?|上一年|明年|上半年|下半年|[一二三四前][一二三四]?个?季度|年均"
    r"|每(?:年|月|季度|季|周|日|天|半年)|\d{1,2}(?:[-—至到]\d{1,2})?月(?:份|底|末)?(?:[以之]?[前后]|以来)?"
)
"""Words that name a time, in a folded text."""
_HINT = re.compile(rf"[年月季每自“‘]|{HAN_YEAR}")  # without any of these a text names no time
_COMPARED = re.compile(r"(?:[比较与同是]|[低高]于|相当于|超过)$")
_OWN = re.compile(r"每.|年均")  # says something of its own clause only
_THIS_YEAR = re.compile(r"一年[来中间]")
_HAN_DIGITS = str.maketrans("零〇○一二三四五六七八九", "000123456789")


class Time(NamedTuple):
    """Words that name a time, and where they stand: code points of the text, 0-based, end-exclusive."""

    start: int
    end: int
    text: str


def find_times(folded: str, start: int, end: int) -> list[Time]:
    """Give the times that a sentence, from `start` to `end`, names, but for those that it compares with."""
    if not _HINT.search(folded, start, end):
        return []
    return [
        Time(*match.span(), match[0])
        for match in TIME.finditer(folded, start, end)
        if not _COMPARED.search(folded, max(start, match.start() - _MAX_COMPARED_LENGTH), match.start())
    ]


def period_of(times: Sequence[Time], places: tuple[int, int, int], year: int | None) -> Time | None:
    """Give the period of a measure, or None for the reporting year, `year`.

    `times`: of its sentence; `places`: where the sentence, the measure's clause and its number begin. The nearest time
    before the number counts; 每月 in another clause says nothing of it. Cost: logarithmic in the times.
    """
    sentence, clause, start = places
    before = bisect_left(times, start, key=attrgetter("start"))
    for n in range(before - 1, max(before - _MAX_PASSED_OVER, 0) - 1, -1):
        time = times[n]
        if time.end > start or (time.start < clause and sentence != clause and _OWN.match(time.text)):
            continue
        is_reported = bool(_THIS_YEAR.match(time.text)) or (year is not None and _is_year(time.text, year))
        return None if is_reported else time
    return None


def _is_year(text: str, year: int) -> bool:
    """Whether a time is the reporting year, or its end, up to which measures are usually given."""
    digits = text.translate(_HAN_DIGITS)
    return digits[:4] == str(year) and digits[4:] in ("", "年", "年度", "年末", "年底")
