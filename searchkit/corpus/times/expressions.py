"""Resolve expressions of time to years and months: 上半年, 一季度, “十四五”期间, 去年同期, 截至2023年底.

`governing.py` determines which time governs a part of a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from searchkit.model import reviewed_year
from searchkit.text.years import ANY_YEAR


@dataclass(frozen=True, slots=True)
class Time:
    """A year, several years, or a part of a year."""

    of_year: int | None = None
    """The year, or the last of several. None if it is unknown."""
    since: int | None = None
    """The first of several years, otherwise None."""
    part: str | None = None
    """Months of the year: `01-06`, `11`. None for a whole year."""
    is_end: bool = False
    """Whether it is a point of time: the end of the year or of the part (年底, 截至11月末)."""


@dataclass(frozen=True, slots=True)
class Calendar:
    """The years that relative expressions mean in a document."""

    year: int | None
    """The year of the document: 今年. None if it is unknown."""
    reviewed: int | None
    """The year that the document reviews, or None if it is unknown."""

    @classmethod
    def of_document(cls, year: int | None, doctype: str | None) -> Calendar:
        """Return the calendar of a document. A work report of 2023 reviews 2022, any other report reviews its year."""
        return cls(year, reviewed_year(year, doctype))

    @property
    def planned(self) -> int | None:
        """The year that the document plans, or None if it is unknown."""
        return None if self.reviewed is None else self.reviewed + 1


@dataclass(frozen=True, slots=True)
class TimeMention:
    """An expression of time in a text."""

    start: int
    end: int
    time: Time
    year_offset: int | None
    """None if the expression determines its year (2023年, 去年). Otherwise, `time.of_year` is None, and the year is the
    year of the time that governs the expression, plus this number: 0 for 上半年, -1 for 上年."""
    is_compared: bool
    """Whether something is compared with it (比2019年), so that it governs nothing but its own value."""


def find_times(folded: str, calendar: Calendar, base: Time) -> Iterator[TimeMention]:
    """Yield the expressions of time in a folded text, in order. Linear in the length of the text.

    `base` is the time that governs the start of the text. Spans without an end, such as 2018年以来, end with the year
    of `base` or, if that is unknown, with the year that the document reviews. Names that contain a year
    (2035年远景目标) are skipped.
    """
    if not _HINT.search(folded):
        return
    for match in _EXPRESSION.finditer(folded):
        name = match.lastgroup or ""
        time = _KINDS[name].resolve(match, calendar, base)
        name_after = _NAME_AFTER_RANGE if name == "range" else _NAME_AFTER
        if time is None or name_after.match(folded, match.end()):
            continue
        before = folded[max(0, match.start() - _COMPARISON_LENGTH) : match.start()]
        is_stated = _CLAUSE_START.search(before) and _SAME_PERIOD.match(folded, match.end())
        is_compared = not is_stated and bool(_COMPARISON.search(before) or _COMPARISON_AFTER.match(folded, match.end()))
        yield TimeMention(match.start(), match.end(), time, _YEAR_OFFSETS.get(name), is_compared)


# Numbers and parts of a year.

_DIGITS = str.maketrans("零〇○ＯOo一二三四五六七八九", "000000123456789")
_SMALL_NUMBERS = {character: n for n, character in enumerate("一二三四五六七八九", 1)} | {"两": 2}
_COUNT = r"[一二两三四五六七八九十\d]{1,2}"
"""A number of years."""
_MONTH = r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"
_TO = "(?:——|[-—–~至到])"
_QUARTERS = dict(zip("一二三四1234", (("01", "03"), ("04", "06"), ("07", "09"), ("10", "12")) * 2, strict=True))
"""The first and the last month of each quarter."""
_QUARTER = re.compile(rf"(?:([一二三四1-4])(?:季度)?{_TO}第?)?([一二三四1-4])个?季度")
_QUARTER_RANGE = rf"第?[一二三四1-4](?:季度)?{_TO}第?[一二三四1-4]个?季度"
"""Several quarters: 一至三季度, 1-3季度."""
_PART = (
    rf"{_QUARTER_RANGE}|第?[一二三四1-4]季度|[上下]半年|前[一二三四1-4]个?季度"
    rf"|[前头]?{_MONTH}(?:月?份?{_TO}{_MONTH})?个?月(?:份|底|末)?"
)
"""A part of a year that follows the year: 1—11月 in 2023年1—11月, 上半年 in 去年上半年, 前三个月 in 今年前三个月."""


def _to_year(text: str) -> int:
    """Return the year that the pattern `ANY_YEAR` matched."""
    return int(text.translate(_DIGITS))


def _to_number(text: str) -> int:
    """Return a number below 100: 5, 十二, 二十."""
    if text.isdigit():
        return int(text)
    tens, is_above_ten, units = text.rpartition("十")
    if not is_above_ten:
        return _SMALL_NUMBERS[text[-1]]
    return 10 * _SMALL_NUMBERS.get(tens, 1) + _SMALL_NUMBERS.get(units, 0)


@lru_cache(maxsize=1024)
def _parse_part(text: str) -> tuple[str | None, bool]:
    """Return the months of a part of a year, and whether it is a point of time: 上半年, 前三季度, 1-11月, 11月末.

    The months of an empty text are None.
    """
    if "半年" in text:
        return ("01-06" if text.startswith("上") else "07-12"), False
    quarter = _QUARTER.search(text)
    if quarter:
        first, _ = _QUARTERS["一" if text.startswith("前") else quarter[1] or quarter[2]]
        return f"{first}-{_QUARTERS[quarter[2]][1]}", False
    months = [_to_number(month) for month in re.findall(_MONTH, text.rpartition("月")[0])]
    if text.startswith(("前", "头")):
        months.insert(0, 1)
    return "-".join(f"{month:02}" for month in months) or None, text.endswith(("底", "末", "日"))


# Each kind of expression, with its pattern in a folded text and a function that returns its time.

_Resolver = Callable[[re.Match[str], Calendar, Time], "Time | None"]
"""Returns the time of an expression in a document, or None if the expression is not a time."""
_FIRST_PLAN = 1953
"""First year of the first five-year plan."""
_YEARS_BETWEEN_PLANS = 3
"""Number of years between the second plan and the third: 1963 to 1965 belong to no plan."""
_MAX_SPAN = 50
"""Maximum difference between the last and the first year of a range such as 2018—2022年."""
_REVIEW_AFTER = re.compile("的?(?:工作|发展|政府工作|主要)*(?:回顾|成就|成绩)|的五年")
"""Matches text after “十四五” that shows that its years are reviewed. Without this text or a word such as 期间,
“十四五” is part of a name (“十四五”规划)."""
_PLAN_YEARS = re.compile("[头前]([一二两三四])年")


def _resolve_plan(match: re.Match[str], calendar: Calendar, base: Time) -> Time | None:
    is_name = not (match["plan_rest"] or match["plan_ordinal"] or _REVIEW_AFTER.match(match.string, match.end()))
    if is_name:
        return None
    number = _to_number(match["plan_number"] or match["plan_ordinal"])
    first = _FIRST_PLAN + 5 * (number - 1) + (_YEARS_BETWEEN_PLANS if number > 2 else 0)  # noqa: PLR2004 - the second
    if "末" in match[0]:
        return Time(first + 4, is_end=True)
    if match["plan_rest"] == "以来":
        return _time_since(first, calendar, base)
    years = _PLAN_YEARS.search(match[0])
    return Time(first + (_to_number(years[1]) if years else 5) - 1, first)


def _time_since(first: int, calendar: Calendar, base: Time) -> Time | None:
    """Return the years from `first` to the year of `base` or, if it is unknown, to the year that the document reviews.

    Returns the year `first` alone if it is not before the last year, and None if the last year is unknown.
    """
    last = base.of_year or calendar.reviewed
    return None if last is None else Time(last, first) if first < last else Time(first)


def _resolve_since(match: re.Match[str], calendar: Calendar, base: Time) -> Time | None:
    year = match["since_first"] or match["since_number"] or match["since_start"]
    time = _time_since(_to_year(year), calendar, base)
    is_later = time is not None and time.since is None and not match[0].endswith(("以来", "至今"))
    return None if is_later else time  # 从2024年起 is about several later years


def _resolve_dates(match: re.Match[str], _: Calendar, __: Time) -> Time:
    first, last = _to_year(match["dates_first"]), _to_year(match["dates_last"] or match["dates_first"])
    months = f"{_to_number(match['dates_month']):02}", f"{_to_number(match['dates_last_month']):02}"
    if first < last <= first + _MAX_SPAN:
        return Time(last, first)
    if first > last or months[0] >= months[1]:
        return Time(first, None, months[0])
    return Time(first, None, None if months == ("01", "12") else "-".join(months))


def _resolve_range(match: re.Match[str], _: Calendar, __: Time) -> Time | None:
    first, last = _to_year(match["range_first"]), _to_year(match["range_last"])
    return Time(last, first) if first < last <= first + _MAX_SPAN else None


_CUTOFF = re.compile("截[至止]到?$")
"""The text before a date that is the point of time of a state, and not the date of an event."""
_DAY = re.compile(r"\d{1,2}日")


def _is_end(match: re.Match[str], rest: str | None) -> bool:
    """Return whether a year with the text `rest` after it is a point of time: 2022年底, 截至2022年12月31日."""
    before = match.string[max(0, match.start() - 3) : match.start()]
    return rest in {"底", "末"} or bool(_CUTOFF.search(before) and _DAY.match(match.string, match.end()))


def _resolve_year(match: re.Match[str], _: Calendar, __: Time) -> Time:
    part, is_end = _parse_part(match["year_part"] or "")
    return Time(_to_year(match["year_number"]), None, part, is_end or _is_end(match, match["year_rest"]))


def _resolve_span(match: re.Match[str], calendar: Calendar, base: Time) -> Time | None:
    count = _to_number(match["span_count"] or match["span_count_since"] or match["span_count_total"])
    end = base.of_year if calendar.reviewed is None else calendar.reviewed
    if end is None or count < 2:  # noqa: PLR2004 - one year is not a span
        return None
    # In text about the planned year, the span begins with that year, unless a word says that it is past.
    is_past = match[0].startswith(("过去", "最近", "近", "前")) or match[0].endswith("来")
    if match[0].startswith(("今后", "未来", "后")) or (base.of_year == end + 1 and not is_past):
        return Time(end + count, end + 1)
    if base.since is not None and base.of_year is not None and base.of_year - base.since + 1 == count:
        return base  # a span of this many years governs the text already, such as that of its heading
    return Time(end, end - count + 1)


def _resolve_ago(match: re.Match[str], calendar: Calendar, base: Time) -> Time | None:
    last = base.of_year if calendar.reviewed is None else calendar.reviewed
    return None if last is None else Time(last - _to_number(match["ago_count"]))


def _resolve_century(_: re.Match[str], calendar: Calendar, __: Time) -> Time | None:
    return None if calendar.year is None else Time(-(-calendar.year // 100) * 100, is_end=True)


YEAR_BEFORE_LAST = "(?<![目以此之当提])前年(?!均)"
"""前年 as a word of its own; not in 目前年产值, 以前年度."""
NEXT_YEAR = "(?<!文)明年|(?<![年以未])来年(?!均)|(?<![以之地线])下年(?![轻龄货均])"
"""明年, 来年 and 下年 as words of their own; not in 文明年, 近年来年均, 35岁以下年轻干部."""
PREVIOUS_YEAR = (
    "(?:上一年|(?<![以网线])上年(?![龄轻货])|(?<=以)上年(?=度?(?:为|的|实际|同期|水平|决算|预算|基数|[末底])))"
)
"""上年 and 上一年 as words of their own; not in 60岁以上年老体弱, 线上年货节. 以上年度为基数 contains 上年."""
_YEARS_AFTER = {"今年": 0, "本年": 0, "去年": -1, "前年": -2, "明年": 1, "来年": 1, "下年": 1}
"""Number of years from the year of the document to the year that a word means."""


def _resolve_relative(match: re.Match[str], calendar: Calendar, _: Time) -> Time | None:
    if calendar.year is None:
        return None
    part, is_end = _parse_part(match["relative_part"] or "")
    year = calendar.year + _YEARS_AFTER[match["relative_word"]]
    return Time(year, None, part, is_end or _is_end(match, match["relative_rest"]))


def _resolve_previous(match: re.Match[str], _: Calendar, __: Time) -> Time:
    part, is_end = _parse_part(match["previous_part"] or "")
    return Time(None, None, part, is_end or _is_end(match, match["previous_rest"]))


def _resolve_until(match: re.Match[str], _: Calendar, __: Time) -> Time:
    return Time(None, None, _parse_part(match["until_part"] or "")[0], is_end=True)


def _resolve_part(match: re.Match[str], _: Calendar, __: Time) -> Time:
    return Time(None, None, *_parse_part(match[0]))


def _resolve_year_end(_: re.Match[str], __: Calendar, ___: Time) -> Time:
    return Time(is_end=True)


def _resolve_whole_year(_: re.Match[str], __: Calendar, ___: Time) -> Time:
    return Time()


class _Kind(NamedTuple):
    pattern: str
    resolve: _Resolver


_KINDS = {
    # “十四五”期间, “八五”头两年, 第七个五年计划, “十五”期间 (but not 十五期间, which can be part of 二十五期间)
    "plan": _Kind(
        r"(?:[“‘\"]?(?P<plan_number>十?[一二三四五六七八九]|(?<=[“‘\"])十(?=五[”’\"]))五[”’\"]?"
        r"|第(?P<plan_ordinal>十?[一二三四五六七八九]|十)个五年)(?:计划|规划)?"
        r"(?P<plan_rest>期间|时期|以来|末期?|期末|头[一二两三四]年|前[一二两三四]年|五年)?",
        _resolve_plan,
    ),
    # 自2018年以来, 2018年3月至今, 2018年起, 自2018起 (but not 纠纷2018起), 从2018年冬季开始
    "since": _Kind(
        rf"(?:自|从)?(?P<since_first>{ANY_YEAR}) ?(?:年?以来|年起|年(?:{_MONTH}月(?:\d{{1,2}}日)?)?(?:以来|至今(?!年)))"
        r"(?!最|首|的?新)"
        rf"|(?:自|从)(?P<since_number>{ANY_YEAR})起(?!最|首|的?新)"
        rf"|(?:自|从)(?P<since_start>{ANY_YEAR}) ?年[^,;。]{{0,3}}(?:开始|起|以来)",
        _resolve_since,
    ),
    # 2018—2022年, 2021年和2022年, 2020年、2021年、2022年 (but not 2021年、2022年 in 2021年、2022年分别为3件、9件)
    "range": _Kind(
        rf"(?P<range_first>{ANY_YEAR}) ?年?"
        rf"(?: ?{_TO} ?|(?P<range_list>(?:[、和及]{ANY_YEAR} ?年?){{0,20}}[、和及]))(?P<range_last>{ANY_YEAR}) ?年?"
        rf"(?(range_list)(?![、和及]{ANY_YEAR}|[^,;。]{{0,20}}分别))",
        _resolve_range,
    ),
    # 2022年1月1日至6月30日, 2021年12月至2022年11月. If the first date is not the first day of a month, the match ends
    # with 月, so that the dates are those of an event (2022年3月28日至4月2日), which govern only their clause.
    "dates": _Kind(
        rf"(?P<dates_first>{ANY_YEAR}) ?年(?P<dates_month>{_MONTH})月"
        rf"(?:(?P<dates_day>0?1日)|\d{{1,2}}日|(?= ?{_TO} ?{ANY_YEAR}))"
        rf" ?{_TO} ?(?:(?P<dates_last>{ANY_YEAR}) ?年)?(?P<dates_last_month>{_MONTH})月(?(dates_day)\d{{1,2}}日)",
        _resolve_dates,
    ),
    # 2022年, 2022年底, 2022年全年, 2022年1—11月
    "year": _Kind(
        rf"(?P<year_number>{ANY_YEAR}) ?年(?P<year_rest>度|底|末|初|全年|{_TO}?)(?P<year_part>{_PART})?", _resolve_year
    ),
    # 过去五年, 三年来, 五年累计, 今后五年
    "span": _Kind(
        rf"(?:过去的?|最近|近|这|前|连续|今后|未来|后)(?P<span_count>{_COUNT})年(?:多?来|期?间|内|中|以来)?"
        rf"|(?P<span_count_since>{_COUNT})年(?:多?来|间|中|内|以来)"
        r"|(?P<span_count_total>[二三四五六七八九十两])年(?=累计|共|平均|增长|新增|新建|完成|实现"
        r"|的?(?:主要|政府)*(?:工作|历程|成就|成绩|实践|奋斗|回顾|发展(?!规划|计划)))",
        _resolve_span,
    ),
    # 五年前
    "ago": _Kind(rf"(?P<ago_count>{_COUNT})年前(?=[的,])", _resolve_ago),
    "century": _Kind("本世纪末", _resolve_century),
    # 今年, 去年底, 去年上半年
    "relative": _Kind(
        rf"(?P<relative_word>{YEAR_BEFORE_LAST}|{NEXT_YEAR}|今年|本年|去年)(?P<relative_rest>度|底|末|初|全年)?(?P<relative_part>{_PART})?",
        _resolve_relative,
    ),
    # 上年, 上年同期: the year before the governing year
    "previous": _Kind(
        rf"{PREVIOUS_YEAR}(?P<previous_rest>度|底|末|初|全年)?(?P<previous_part>{_PART})?", _resolve_previous
    ),
    # 截至目前, 截至11月底, 到6月20日
    "until": _Kind(rf"(?:截至|截止|到|至)(?:目前|(?P<until_part>{_MONTH}月份?(?:底|末|\d{{1,2}}日)?))", _resolve_until),
    # 上半年, 1—11月, 11月末
    "part": _Kind(
        rf"(?<!\d){_QUARTER_RANGE}|第?[一二三四]季度|[上下]半年|前[一二三四]个?季度"
        rf"|{_MONTH}月?份?{_TO}{_MONTH}月份?(?!\d)"
        r"|(?:1[0-2]|0?[1-9])月(?!\d)份?(?:底|末)?",
        _resolve_part,
    ),
    # 2季度, 前3个季度; at the start of a clause, 前11个月 (but not 提前3个月); as a header, 十二月 (but not 一月一次)
    "numbered_part": _Kind(
        rf"(?<![\d.])第?[1-4]季度|前[1-4]个?季度|(?<![^,;。:!?、(\s])前{_MONTH}个月(?!前|以?内)|^{_MONTH}月份?(?=\(|\Z)",
        _resolve_part,
    ),
    "year_end": _Kind("年底|年末", _resolve_year_end),
    "whole_year": _Kind("全年|年内", _resolve_whole_year),
}
"""Name of each kind → pattern and function. Of the kinds that match at a place, the first one decides."""
_YEAR_OFFSETS = {"previous": -1, "until": 0, "part": 0, "numbered_part": 0, "year_end": 0, "whole_year": 0}
"""`TimeMention.year_offset` of the kinds that determine no year."""
_EXPRESSION = re.compile(
    # A quick test of the first character. No kind begins with any other character.
    r"(?=[“‘\"第十一二三四五六七八九\d过最近这前连今未后两本去上明来下截到至自从年全])(?:"
    + "|".join(f"(?P<{name}>{kind.pattern})" for name, kind in _KINDS.items())
    + ")"
)
_HINT = re.compile('[年月季]|世纪|目前|五[”’"]')
"""A quick test: a text without a match contains no time."""
_COMPARISON_LENGTH = 6
"""Maximum length in code points of a match of `_COMPARISON`."""
_COMPARISON = re.compile(
    r"(?:[比较]|[高低]于|相当于|等于|超过|多于|少于|快于|(?<!特别|尤其)是|为)(?:本?[省市区县全国]{0,2})?$"
)
"""Matches the text before a time that something is compared with: 比2019年, 是2012年的两倍, but not 特别是2012年."""
_COMPARISON_AFTER = re.compile("同期|不变价|可?比价|价格|水平的|相比|持平|比(?=[,;]|(?:增|减|上升|下降))")
"""Matches the text after such a time: 2010年不变价, 去年同期, 与2019年相比."""
_CLAUSE_START = re.compile(r"(?:^|[,;。:!?(])而?$")
"""Matches the text before a time at the start of a clause. 、 is excluded, because the next item of the list can be of
another time: 立案9件、上年同期8件、增长12.5%."""
_SAME_PERIOD = re.compile(
    r"同期(?![^,;。!?)]{0,6}(?:比|持平|(?<!新)增|减|升|降|提高|多|少|高|低|的|水平))(?=[^,;。!?)]*\d)"
)
"""Matches the text after a time at the start of a clause (`_CLAUSE_START`), if the clause states the value of that time
and compares nothing with it: 去年同期为120件, but not 上年同期的2倍 or 去年同期增长5%."""
_NAME_AFTER = re.compile(r"远景|愿景|规划|纲要|行动|计划\)|奥运|世博|亚运|议程|目标纲要")
"""Matches the text after a year that is part of a name: 2035年远景目标."""
_NAME_AFTER_RANGE = re.compile(rf"{_NAME_AFTER.pattern}|《?[\u4e00-\u9fff]{{2,12}}?(?:发展规划|发展纲要|行动计划)")
"""Matches the text after several years that are part of a name: 2001—2010年妇女儿童发展规划."""
