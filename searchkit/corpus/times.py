"""The time that measures and paragraphs are of: years, several years, parts of a year, and whether it was planned.

Times are resolved against a document: 今年 is its year, and a work report reviews the year before. A time governs what
follows it in its paragraph until another one is named. Without one, the headings decide, then the section.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

from searchkit.corpus.metadata.detection import WORK_REPORT
from searchkit.corpus.sections import MISCELLANEOUS, PLANS
from searchkit.text.folding import fold
from searchkit.text.years import ANY_YEAR

_DIGITS = str.maketrans("零〇○ＯOo一二三四五六七八九", "000000123456789")
_SMALL = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_N = r"[一二两三四五六七八九十\d]{1,2}"
_MONTH = r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"
_TO = "[-—–~至到]"


@dataclass(frozen=True, slots=True)
class Time:
    """A year, several years, or a part of a year."""

    of_year: int | None = None
    """The year, or the last of several."""
    since: int | None = None
    """The first of several years, or None."""
    part: str | None = None
    """Months of the year: `01-06`, `11`. None for a whole year."""
    is_end: bool = False
    """Whether it is a point of time: the end of the year or of the part."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """What relative times mean in a document."""

    year: int | None
    """The year of the document: 今年."""
    reviewed: int | None
    """The year that it reviews."""

    @classmethod
    def of_document(cls, year: int | None, doctype: str | None) -> Calendar:
        """Return the calendar of a document. A work report has the year that it plans, and reviews the year before."""
        return cls(year, year and (year - 1 if doctype == WORK_REPORT else year))

    @property
    def planned(self) -> int | None:
        """The year that it plans."""
        return self.reviewed and self.reviewed + 1


_EXPRESSION = re.compile(
    # A quick test of the first character. No alternative begins with any other character.
    r"(?=[“‘\"第十一二三四五六七八九\d过最近这前连今未后两本去上明来下截到至自从年全〇○零])(?:"
    r"(?P<plan>(?:[“‘\"]?(?P<plan_number>十?[一二三四五六七八九])五[”’\"]?|第(?P<plan_ordinal>十?[一二三四五六七八九])个五年)(?:计划|规划)?(?P<plan_rest>期间|时期|以来|末期?|期末|头[一二两三四]年|前[一二两三四]年|五年)?)"
    rf"|(?P<since_year>(?:自|从)?(?P<begin>{ANY_YEAR})年?(?:以来|起))(?!最|首|的?新)"
    rf"|(?P<range>(?P<first>{ANY_YEAR})年?(?:{_TO}|到|和|、|及)(?P<last>{ANY_YEAR})年?)"
    rf"|(?P<whole>(?P<year>{ANY_YEAR})年(?P<rest>度|底|末|初|{_TO}?)(?P<year_part>第?[一二三四]季度|[上下]半年|前[一二三四]个?季度|(?:前)?{_MONTH}(?:月?份?{_TO}{_MONTH})?个?月(?:份|底|末)?)?)"
    rf"|(?P<span>(?:过去的?|最近|近|这|前|连续|今后|未来|后)(?P<n>{_N})年(?:多?来|期?间|内|中|以来)?|(?P<n_since>{_N})年(?:多?来|间|以来)|(?P<n_total>[二三四五六七八九十])年(?=累计|共|新增|新建|完成|实现))"
    rf"|(?P<relative>今年|本年|去年|上年|上一年|前年|明年|来年|下年)(?P<relative_rest>度|底|末|初)?(?P<relative_part>第?[一二三四]季度|[上下]半年|前[一二三四]个?季度|(?:前)?{_MONTH}(?:月?份?{_TO}{_MONTH})?个?月(?:份|底|末)?)?"
    rf"|(?P<until>(?:截至|截止|到|至)(?:目前|{_MONTH}月份?(?:底|末|\d{{1,2}}日)?))"
    rf"|(?P<part>第?[一二三四]季度|[上下]半年|前[一二三四]个?季度|{_MONTH}月?份?{_TO}{_MONTH}月份?(?!\d)|\d{{1,2}}月(?!\d)份?(?:底|末)?)"
    r"|(?P<year_end>年底|年末)|(?P<all_year>全年|年内))"
)
"""An expression of time, in a folded text."""
_HINT = re.compile('[年月季]|目前|五[”’"]')
"""A quick test: a text without a match contains no time."""
_QUARTERS = {"一": ("01", "03"), "二": ("04", "06"), "三": ("07", "09"), "四": ("10", "12")}
_RELATIVE = {"今年": 0, "本年": 0, "去年": -1, "上年": -1, "上一年": -1, "前年": -2, "明年": 1, "来年": 1, "下年": 1}
_FIRST_PLAN = 1953
_REVIEW_AFTER = re.compile("的?(?:工作|发展|政府工作|主要)*(?:回顾|成就|成绩)|的五年")
_COMPARED = re.compile(r"(?:[比较与同和]|相比|[高低]于|相当于|超过|多于|少于|快于|是|为)(?:本?[省市区县全国]{0,2})?$")
_COMPARED_AFTER = re.compile(r"(?:同期|不变价|可?比价|价格|水平的)")
_NAME_AFTER = re.compile(r"(?:远景|愿景|规划|纲要|行动|计划\)|奥运|世博|亚运|议程|目标纲要)")


def to_year(text: str) -> int:
    """Return the year that a pattern `ANY_YEAR` matched."""
    return int(text.translate(_DIGITS))


def _to_number(text: str) -> int:
    if text.isdigit():
        return int(text)
    if text.startswith("十"):
        return 10 + (_SMALL[text[1]] if len(text) > 1 else 0)
    return _SMALL[text[0]] * 10 if text.endswith("十") and len(text) > 1 else _SMALL[text[0]]


@lru_cache(maxsize=1024)
def parse_part(text: str) -> tuple[str | None, bool]:
    """Return the months of a part of a year, and whether it is the end of a month: 上半年, 前三季度, 1-11月, 11月末."""
    is_end = text.endswith(("底", "末")) or text.endswith("日")
    if "半年" in text:
        return ("01-06" if text.startswith("上") else "07-12"), False
    quarter = re.search("([一二三四])个?季度", text)
    if quarter:
        first, last = _QUARTERS[quarter[1]]
        return (f"01-{last}" if text.startswith("前") else f"{first}-{last}"), False
    months = [_to_number(month) for month in re.findall(_MONTH, text)]
    if not months:
        return None, is_end
    if "前" in text[:1] and len(months) == 1:
        return f"01-{months[0]:02}", False
    if len(months) > 1:
        return f"{months[0]:02}-{months[1]:02}", is_end
    return f"{months[0]:02}", is_end


@dataclass(frozen=True, slots=True)
class Mention:
    """A time in a text."""

    start: int
    end: int
    time: Time
    year_offset: int | None
    """Number of years after the time before, if its year depends on that: 0 for 上半年, -1 for 上年. Otherwise None."""
    is_compared: bool
    """Whether something is compared with it, so that it governs nothing."""


def find_mentions(folded: str, calendar: Calendar, base: Time) -> Iterator[Mention]:
    """Yield the times in a text, in order. `base` is the time that governs its start."""
    if not _HINT.search(folded):
        return
    for match in _EXPRESSION.finditer(folded):
        time, year_offset = _resolve(match, calendar, base)
        if time is None or _NAME_AFTER.match(folded, match.end()):
            continue
        before = folded[max(0, match.start() - 6) : match.start()]
        is_compared = bool(_COMPARED.search(before) or _COMPARED_AFTER.match(folded, match.end()))
        yield Mention(match.start(), match.end(), time, year_offset, is_compared)


def _resolve(match: re.Match[str], calendar: Calendar, base: Time) -> tuple[Time | None, int | None]:
    """Return the time of an expression, or None if it is no time, and `Mention.year_offset`."""
    kind = match.lastgroup
    text = match[0]
    if match["plan"]:
        if not (match["plan_rest"] or match["plan_ordinal"] or _REVIEW_AFTER.match(match.string, match.end())):
            return None, None  # a name: “十五五”规划
        number = _to_number(match["plan_number"] or match["plan_ordinal"])
        first = _FIRST_PLAN + 5 * (number - 1) + (3 if number > 2 else 0)  # noqa: PLR2004 - no plan from 1963 to 1965
        until = re.search("[头前]([一二两三四])年", text)
        if until:
            return Time(first + _SMALL[until[1]] - 1, first), None
        if re.search("末", text):
            return Time(first + 4, None, None, is_end=True), None
        return Time(first + 4, first), None
    if match["since_year"]:
        first = to_year(match["begin"])
        last = base.of_year or calendar.reviewed or 0
        return (Time(last, first) if first < last else None), None
    if match["range"]:
        first, last = to_year(match["first"]), to_year(match["last"])
        return (Time(last, first) if first < last <= first + 50 else None), None
    if match["whole"]:
        part, is_end = parse_part(match["year_part"] or "")
        return Time(to_year(match["year"]), None, part, is_end or match["rest"] in {"底", "末"}), None
    if match["span"]:
        return _resolve_span(match, calendar, base), None
    if match["relative"]:
        if calendar.year is None:
            return None, None
        part, is_end = parse_part(match["relative_part"] or "")
        if match["relative"] in {"上年", "上一年"}:
            return Time(None, None, part, is_end), -1
        year = calendar.year + _RELATIVE[match["relative"]]
        return Time(year, None, part, is_end or (match["relative_rest"] or "") in {"底", "末"}), None
    if match["until"]:
        if text.endswith("目前"):
            return replace(base, since=None, part=None, is_end=True), 0
        part, _ = parse_part(re.sub("^(?:截至|截止|到|至)", "", text))
        return replace(base, since=None, part=part, is_end=True), 0
    if match["part"]:
        part, is_end = parse_part(text)
        return replace(base, since=None, part=part, is_end=is_end), 0
    if match["year_end"]:
        return replace(base, since=None, part=None, is_end=True), 0
    assert kind  # noqa: S101 - 全年
    return replace(base, since=None, part=None, is_end=False), 0


def _resolve_span(match: re.Match[str], calendar: Calendar, base: Time) -> Time | None:
    count = _to_number(match["n"] or match["n_since"] or match["n_total"])
    end = calendar.reviewed if calendar.reviewed is not None else base.of_year
    if end is None or count < 2:  # noqa: PLR2004 - one year is no span
        return None
    if match[0].startswith(("今后", "未来", "后")):
        start = calendar.planned or end + 1
        return Time(start + count - 1, start)
    if base.since is not None and base.of_year is not None and base.of_year - base.since + 1 == count:
        return base
    return Time(end, end - count + 1)


@lru_cache(maxsize=4096)
def time_of_headings(headings: Sequence[str], calendar: Calendar) -> Time | None:
    """Return the time that headings state, the innermost first; None if none states one."""
    for heading in reversed(headings):
        mentions = [
            m for m in find_mentions(fold(heading), calendar, Time()) if m.year_offset is None and not m.is_compared
        ]
        if mentions:
            time = mentions[0].time
            singles = [m.time for m in mentions if m.time.since is None]
            return singles[0] if time.since is not None and singles else time
    return None


def default_time(headings: Sequence[str], section: str, calendar: Calendar) -> Time:
    """Return the time that governs the start of a paragraph."""
    stated = time_of_headings(tuple(headings), calendar)
    if stated is not None:
        return stated
    year = calendar.planned if section == PLANS else calendar.reviewed
    return Time(year)


# Governing times of a paragraph

_BRACKET = re.compile(r"\([^()]*\)")
_CLAUSE_END = re.compile("[,;。!?]|$")
_SENTENCE_END = re.compile("[。;!?]|$")
_FROM_TO = re.compile(r"[由从][^,;。]{0,30}?(?=[到至为])")
"""由2020年的71%提高 in 由2020年的71%提高到89%."""
_CLAUSE_OPENING = re.compile(
    r"(?:^|[,;。!?:、\s)>”’])(?:在|到|至|截至|截止|于|自|从|而|与此同时|同时|和|但|[(][一二三四五六七八九十\d]{1,2}[)])?$"
)
_SENTENCE_OPENING = re.compile(r"(?:^|[。;!?])[^,;。!?]{0,3}$")


class GoverningTime(NamedTuple):
    """A time that governs a span of a text."""

    start: int
    end: int
    time: Time


class TimedText:
    """A paragraph with the times that govern its parts."""

    def __init__(self, folded: str, headings: Sequence[str], section: str, calendar: Calendar) -> None:
        self.folded = folded
        self.base = default_time(headings, section, calendar)
        self.calendar = calendar
        self._is_undated = not headings and section == MISCELLANEOUS
        self._times: list[GoverningTime] = self._collect()

    def _collect(self) -> list[GoverningTime]:
        """Return the times that govern a part of the text, by start."""
        inner = [match.span() for match in _BRACKET.finditer(self.folded)]
        inner += [match.span() for match in _FROM_TO.finditer(self.folded)]
        times: list[GoverningTime] = []
        current = self.base
        for mention in find_mentions(self.folded, self.calendar, self.base):
            if mention.is_compared or self.folded[max(0, mention.start - 1) : mention.start] in {"每", "半"}:
                continue
            time = mention.time
            if mention.year_offset is not None:
                year = current.of_year
                time = replace(time, of_year=None if year is None else year + mention.year_offset)
            end = self._find_end(mention, time, inner)
            times.append(GoverningTime(mention.start, end, time))
            if end == len(self.folded):
                current = time
        return times

    def _find_end(self, mention: Mention, time: Time, inner: Sequence[tuple[int, int]]) -> int:
        """Return where the span ends that a time governs."""
        if time.since is None:
            ends = [end for start, end in inner if start <= mention.start < end]
            if ends:
                return min(ends)
        before = self.folded[max(0, mention.start - 6) : mention.start]
        if not _CLAUSE_OPENING.search(before):
            return self._next(_CLAUSE_END, mention.end)
        is_part = mention.year_offset is not None and time.part is not None
        if is_part and not _SENTENCE_OPENING.search(before):
            return self._next(_CLAUSE_END, mention.end)
        is_future = before.endswith("到") and time.of_year != self.base.of_year
        is_year_of_several = self.base.since is not None and time.since is None and mention.year_offset is None
        if is_future or is_year_of_several:
            return self._next(_SENTENCE_END, mention.end)
        return len(self.folded)

    def _next(self, pattern: re.Pattern[str], start: int) -> int:
        match = pattern.search(self.folded, start)
        return match.start() if match else len(self.folded)

    def time_at(self, offset: int) -> Time:
        """Return the time that governs a position: the last one that begins before it and has not ended."""
        stop = bisect_left(self._times, offset, key=attrgetter("start"))
        return next((item.time for item in reversed(self._times[:stop]) if item.end >= offset), self.base)

    def has_own_time(self, start: int, end: int) -> bool:
        """Return whether a time is named in a span of the text."""
        return any(start <= item.start < end for item in self._times)

    def years(self) -> tuple[int, ...]:
        """Return the years that the paragraph is about."""
        length = len(self.folded)
        times = [item.time for item in self._times if item.end == length]
        if not times and self._is_undated:
            return ()
        return tuple(sorted({time.of_year for time in times or [self.base] if time.of_year is not None}))
