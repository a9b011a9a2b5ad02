"""The time that governs each part of a paragraph.

The time that governs a part of a text is the time that this part is about. A time at the start of a clause governs the
text after it, up to the next such time or the end of the paragraph. Other rules:

- A time inside a clause governs no further than the clause or, before 为止, than the next clause.
- A time in brackets governs no further than the brackets, unless it is a time of several years.
- A time after 由 or 从 governs no further than the 到, 至 or 为 after it, unless it is a time of several years: in
  由2020年的71%提高到89%, 2020年 governs 71%, but not 89%.
- A part of a year without its year (上半年), and some other times, govern at most their sentence
  (see `TimedText._find_end`).
- A time that something is compared with (比2019年) governs nothing but its own value (超过2019年的98件).
- In a list with 分别, each item has its own time (`_distribute`).

Text that no time of the paragraph governs has the time of the innermost heading that states a year. Without such a
heading, the section decides: plans are about the year after the year that the report reviews, all other sections about
the reviewed year.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from searchkit.corpus.sections import MISCELLANEOUS, PLANS
from searchkit.corpus.tables.grid import CELL_SEPARATOR
from searchkit.corpus.times.expressions import Calendar, Time, TimeMention, find_times
from searchkit.text.folding import fold
from searchkit.text.years import ANY_YEAR


class GoverningTime(NamedTuple):
    """A time, with the span of its expression in a text or of the part that it governs: code points, 0-based.

    The end of an expression is exclusive. A time governs the offsets after `start`, up to and including `end`
    (`TimedText.time_at`).
    """

    start: int
    end: int
    time: Time


class TimedText:
    """A paragraph with the times that govern its parts. Immutable."""

    def __init__(self, folded: str, headings: Sequence[str], section: str, calendar: Calendar) -> None:
        """Find the times of a folded text. `headings` are outermost first. Linear in the length of the text."""
        self.folded = folded
        self.section = section
        self.calendar = calendar
        self.base = base_time(headings, section, calendar)
        """The time that governs the text that no time of the paragraph governs."""
        self._is_dated = bool(headings) or section != MISCELLANEOUS
        """Whether the paragraph is about the year of `base` if `_main_times` is empty."""
        self._compared: list[GoverningTime] = []
        """The times from which comparisons start (比1997年, 由1990年), in order."""
        self._main_times: list[Time] = []
        """The times that govern all text after them up to the next such time, in order."""
        self._times = self._collect()
        """The times that govern a part of the text, sorted by `start`."""

    def time_at(self, offset: int) -> Time:
        """Return the time that governs an offset in the text."""
        stop = bisect_left(self._times, offset, key=attrgetter("start"))
        nearest = reversed(self._times[max(0, stop - _MAX_EXAMINED_TIMES) : stop])
        return next((item.time for item in nearest if item.end >= offset), self.base)

    def compared_time(self, offset: int) -> Time | None:
        """Return the last time before an offset, in the same sentence, from which a comparison starts, or None.

        It is 1997年 for 2倍 in 比1997年的14亿元增长2倍, and for 3% in 由1997年的2%提高到5%，乙由3%提高到6%.
        """
        first = max(0, offset - _MAX_REACH)
        start = max(first, *(self.folded.rfind(stop, first, offset) + 1 for stop in "。;!?"))
        stop = bisect_left(self._compared, offset, key=attrgetter("start"))
        nearest = self._compared[stop - 1] if stop else None
        return nearest.time if nearest is not None and nearest.start >= start else None

    def years(self) -> tuple[int, ...]:
        """Return the years that the paragraph is about, ascending: `Time.of_year` of each of `_main_times`.

        Without main times, return the year of `base`, but no year for a paragraph of the section 其他 that has no
        headings.
        """
        times = self._main_times or ([self.base] if self._is_dated else [])
        return tuple(sorted({time.of_year for time in times if time.of_year is not None}))

    def _collect(self) -> list[GoverningTime]:
        """Return the times that govern a part of the text, sorted by `start`. Fill `_compared` and `_main_times`.

        The year of a time without a year (上半年, 上年) is counted from the year of the last main time before it,
        otherwise from that of `base`. A time before 同期 that has no part of a year gets the part of the time that
        governs its place: 去年同期 in 上半年立案120件，去年同期98件 is the first half of last year.
        """
        mentions = [
            mention
            for mention in find_times(self.folded, self.calendar, self.base)
            if self.folded[max(0, mention.start - 1) : mention.start] not in _RECURRING
        ]
        if not mentions:
            return []
        brackets = [match.span() for match in _BRACKET.finditer(self.folded)]
        origins = [match.span() for match in _FROM_TO.finditer(self.folded)]
        times: list[GoverningTime] = []
        stated: list[GoverningTime] = []
        for mention in mentions:
            time, current = mention.time, (self._main_times or [self.base])[-1]
            if mention.year_offset is not None and current.of_year is not None:
                time = replace(time, of_year=current.of_year + mention.year_offset)
            if time.part is None and self.folded.startswith("同期", mention.end):
                recent = times[: -_MAX_EXAMINED_TIMES - 1 : -1]
                governing = next((item.time for item in recent if item.end >= mention.start), self.base)
                time = replace(time, part=governing.part)
            if mention.is_compared or _end_of_span(origins, mention.start) is not None:
                self._compared.append(GoverningTime(mention.start, mention.end, time))
            if mention.is_compared:
                value = _COMPARED_VALUE.match(self.folded, mention.end)
                if value:
                    times.append(GoverningTime(mention.start, value.end(), time))
                continue
            stated.append(GoverningTime(mention.start, mention.end, time))
            end = self._find_end(mention, time, (brackets, origins))
            times.append(GoverningTime(mention.start, len(self.folded) if end is None else end, time))
            if end is None:
                self._main_times.append(time)
        return sorted([*times, *_distribute(self.folded, stated)], key=attrgetter("start"))

    def _find_end(self, mention: TimeMention, time: Time, inner: Sequence[Sequence[tuple[int, int]]]) -> int | None:
        """Return the offset up to which a time governs, or None if it governs all text up to the next such time.

        The first rule that applies decides:

        1. A time in brackets, or after 由 or 从 and before 到 (`_FROM_TO`), governs up to the end of the brackets or to
           到, unless it is several years.
        2. These times govern their clause (before 为止 the next clause, too): a time inside a clause, a part of a year
           without its year (上半年) inside a sentence, the date of an event (`_DAY`), 连续五年, a year whose value was
           corrected (`_CORRECTED`), and a time before 同期 (去年同期120件).
        3. These times govern their sentence: a part of a year without its year at the start of the sentence; a year
           after 到, but not after 截至到, that is not the year of `base` (到2025年); and, if `base` is several years, a
           single year (2021年, but not 上年), except at the start of a paragraph of plans.

        `inner` are two lists of spans, each in order: those of brackets, and those of `_FROM_TO`.
        """
        if time.since is None:
            ends = [end for spans in inner if (end := _end_of_span(spans, mention.start)) is not None]
            if ends:
                return min(ends)
        before = self.folded[max(0, mention.start - _OPENING_LENGTH) : mention.start]
        is_event = _DAY.match(self.folded, mention.end) and not time.is_end
        is_run = self.folded.startswith("连续", mention.start)
        is_corrected = _CORRECTED.match(self.folded, mention.end)
        is_same_period = self.folded.startswith("同期", mention.end)
        is_part = mention.year_offset is not None and time.part is not None
        opening = _SENTENCE_OPENING if is_part else _CLAUSE_OPENING
        if is_event or is_run or is_corrected or is_same_period or not opening.search(before):
            until = _UNTIL.match(self.folded, mention.end)
            return _find(_CLAUSE_END, self.folded, until.end() if until else mention.end)
        is_target_year = (
            before.endswith("到") and before[-3:-1] not in {"截至", "截止"} and time.of_year != self.base.of_year
        )
        opens_plan = self.section == PLANS and mention.start == 0
        is_year_of_several = (
            self.base.since is not None and time.since is None and mention.year_offset is None and not opens_plan
        )
        if is_part or is_target_year or is_year_of_several:
            return _find(_SENTENCE_END, self.folded, mention.end)
        return None


timed_text = lru_cache(maxsize=512)(TimedText)
"""Returns a `TimedText`. Those of recent paragraphs are cached, because reading a document needs the years of all its
paragraphs, and extracting its measures needs the times in them again."""


def base_time(headings: Sequence[str], section: str, calendar: Calendar) -> Time:
    """Return the time that governs a paragraph with these headings, outermost first, if its text states none."""
    is_plan = section == PLANS
    stated = _time_of_headings(tuple(headings), calendar, is_plan=is_plan)
    return stated or Time(calendar.planned if is_plan else calendar.reviewed)


def time_of_labels(labels: Sequence[str], calendar: Calendar, base: Time) -> Time:
    """Return the time of a cell of a table: the year (or years) and the part of a year that its headers state.

    A year or a part that the headers do not state is that of `base`. If several headers state it, the last one decides.
    The time is a point of time if one of the headers says so (年底). A time that the numbers are compared with
    (比上年增减) is skipped. `labels` are the headers of the row and the column of the cell, outermost first.
    """
    time, part, is_end = base, base.part, False
    for label in labels:
        for mention in _times_of_label(_YEAR_AND_MONTH.sub(r"\1年\2月", fold(label)), calendar, base):
            if mention.year_offset is None:
                time = mention.time
            elif mention.year_offset and base.of_year is not None:
                time = Time(base.of_year + mention.year_offset)
            part = mention.time.part or part
            is_end = is_end or mention.time.is_end
    return Time(time.of_year, time.since, part, is_end)


def years_of_row(text: str, headings: Sequence[str], section: str, calendar: Calendar) -> tuple[int, ...]:
    """Return the years that the row of a table is about, ascending. `text` is its folded paragraph."""
    return TimedText(_BARE_YEAR.sub(r"\g<0>年", text), headings, section, calendar).years()


@lru_cache(maxsize=4096)
def _times_of_label(label: str, calendar: Calendar, base: Time) -> tuple[TimeMention, ...]:
    """Return the times in a header of a table, which can be a bare year, without those that it compares with."""
    folded = fold(label)
    times = find_times(f"{folded}年" if _YEAR.fullmatch(folded) else folded, calendar, base)
    return tuple(time for time in times if not (time.is_compared and folded[: time.start].endswith(_COMPARING)))


def _distribute(folded: str, stated: Sequence[GoverningTime]) -> Iterator[GoverningTime]:
    """Yield the time of each item of a list with 分别: 2022年 for 3% in 2021年、2022年分别增长8%、3%.

    The years of a single expression (2021—2022年) get items of their own only if there is an item for each year, and if
    nothing else is listed between the expression and 分别 (`_EACH_YEAR`). `stated` are the expressions of time with
    their spans, in order.
    """
    if "分别" not in folded:
        return
    listed: list[Time] = []
    for index, (_, end, time) in enumerate(stated):
        listed.append(time)
        following = stated[index + 1].start if index + 1 < len(stated) else end
        if _LIST_SEPARATOR.fullmatch(folded, end, following):
            continue
        verb = _RESPECTIVELY.match(folded, end)
        times = listed
        if len(listed) == 1 and time.since and time.of_year and _EACH_YEAR.match(folded, end):
            times = [Time(year) for year in range(time.since, time.of_year + 1)]
        if verb and len(times) > 1:
            items = [*_ITEM.finditer(folded, verb.end(), _find(_SENTENCE_END, folded, end))]
            if len(listed) > 1 or len(items) >= len(times):
                yield from (
                    GoverningTime(item.start() - 1, item.end(), own) for item, own in zip(items, times, strict=False)
                )
        listed = []


def _find(pattern: re.Pattern[str], folded: str, start: int) -> int:
    """Return the start of the next match of a pattern within `_MAX_REACH`, or the end of what was searched."""
    stop = min(start + _MAX_REACH, len(folded))
    match = pattern.search(folded, start, stop)
    return match.start() if match else stop


def _end_of_span(spans: Sequence[tuple[int, int]], offset: int) -> int | None:
    """Return the end of the span that contains an offset, or None. The spans are in order and do not overlap."""
    index = bisect_right(spans, (offset, offset)) - 1
    candidates = spans[max(0, index) : index + 2]
    return next((end for start, end in candidates if start <= offset < end), None)


@lru_cache(maxsize=4096)
def _time_of_headings(headings: Sequence[str], calendar: Calendar, *, is_plan: bool) -> Time | None:
    """Return the time of the innermost heading that states a year, or None. 上半年 and 比2019年 state none.

    If a heading states a single year and several years, the single year is taken. If it states two single years
    (2022年工作回顾和2023年工作安排), a plan (`is_plan`) has the last one and any other section the first one.
    """
    for heading in reversed(headings):
        mentions = find_times(fold(heading), calendar, Time())
        times = [mention.time for mention in mentions if mention.year_offset is None and not mention.is_compared]
        if times:
            times = [time for time in times if time.since is None] or times
            return times[-1] if is_plan else times[0]
    return None


_YEAR = re.compile(ANY_YEAR)
_COMPARING = ("比", "较", "与", "同")
"""Words directly before the time that a header compares with: 比 in 比上年增减, but none in 上年同期."""
_BARE_YEAR = re.compile(rf"(?:^|(?<={re.escape(fold(CELL_SEPARATOR))})){ANY_YEAR}(?= )")
"""A header that is only a year, in the paragraph of a row: 指标 收件 ｜ 2022 120 ｜ 2023 131."""
_YEAR_AND_MONTH = re.compile(r"^((?:19|20)\d\d)[.\-/](0[1-9]|1[0-2])(?![.\-/\d])")
"""A year and a month at the start of a header: 2023.06, but not 2023.06.15."""
_MAX_REACH = 1000
"""Maximum number of code points that are searched: by `_find` after an offset, for the end of a clause or sentence; by
`TimedText.compared_time` before an offset, for the start of its sentence."""
_MAX_EXAMINED_TIMES = 50
"""Maximum number of times before an offset that are tried as the one that governs it (`TimedText.time_at`; before 同期
`TimedText._collect`)."""
_RECURRING = ("每", "半")
"""An expression of time after one of these characters is ignored: 上半年 in 每上半年, 年内 in 半年内."""
_BRACKET = re.compile(r"\([^()]*\)")
_FROM_TO = re.compile(r"[由从][^,;。]{0,30}?(?=[到至为])")
"""A phrase from … to, without its second part: 由2020年的71%提高 in 由2020年的71%提高到89%."""
_COMPARED_VALUE = re.compile(r"的\d[\d.:]*(?![\d. ]|%|‰|倍|成|分之|个?百分点)")
"""The value of a time that something is compared with: 的98 in 超过去年的98件, but not in 是去年的2倍."""
_CLAUSE_END = re.compile("[,;。!?]")
_SENTENCE_END = re.compile("[。;!?]")
_LIST_SEPARATOR = re.compile("[、和及与,]")
_RESPECTIVELY = re.compile("[^;。!?]{0,20}?分别")
_EACH_YEAR = re.compile(",?[^,;。!?、和及与]{0,12}?分别")
"""Matches the text after several years of which each has an item: 全市分别, but not 立案、结案分别, whose items are of
all the years."""
_ITEM = re.compile(r"[^、和及与,;。!?]*\d[^、和及与,;。!?]*")
"""An item of a list of numbers: 增长8%."""
_UNTIL = re.compile("(?:底|末)?为?止,")
"""What follows a time inside a clause that governs the next clause, too: 为止, in
全省到1954年11月底为止,共积压器材1057万元."""
_DAY = re.compile(r"\d{1,2}日")
"""What follows a month if the time is the date of an event, which governs only its clause: 3日 in
今年1月3日国务院批复."""
_CORRECTED = re.compile("[^,;。!?]{0,30}?(?:修订|修正|更正|核定|核实|核算|调整)为")
"""What follows a year whose value was corrected later, which governs only its clause: 生产总值修订为 in
2021年生产总值修订为18247亿元."""
_OPENING_LENGTH = 6
"""Number of code points before a time that are searched for the start of its clause or sentence."""
_CLAUSE_OPENING = re.compile(
    r"(?:^|[,;。!?:、\s)>”’])(?:(?:即|仅|早|直到|特别是|尤其是)?在?|到|至|截[至止]到?|于|自|从|据|而|与此同时|同时|和|但|[(][一二三四五六七八九十\d]{1,2}[)])?$"
)
"""The text before a time at the start of a clause: the start of the paragraph or a punctuation mark, then nothing, a
word such as 截至, or a list number."""
_SENTENCE_OPENING = re.compile(r"(?:^|[。;!?])[^,;。!?]{0,3}$")
"""The text before a part of a year (上半年) at the start of a sentence: at most three characters of the sentence."""
