"""Read the years and dates of a report: in its title and head, its publication (发布日期), or an inferred year.

`detection` decides between them, and `planned_year` decides for work reports of governments.

A speech is a report that a government gives to a congress. The session is the meeting of the congress.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from searchkit.corpus.numbering import parse_ordinal
from searchkit.text.years import ANY_YEAR, ARABIC_YEAR

_TO_ARABIC_DIGITS = str.maketrans("〇○零ＯOo一二三四五六七八九", "000000123456789")
"""Maps Chinese digits, and circles and letters that are used as zeros, to Arabic digits: 二○二三 to 2023."""
YEAR_SPAN = re.compile(rf"{ANY_YEAR}\s*年?\s*[-—–－―~～至到]+\s*(?:{ANY_YEAR}|\d\d)\s*年?")
"""A span of years: 2021—2025年, 2021—25年."""
_CHINESE_DATE = re.compile(
    rf"({ANY_YEAR})\s*年\s*([\d一二三四五六七八九十]{{1,2}}|元)\s*月\s*(?:([\d一二三四五六七八九十]{{1,3}})\s*日)?"
)
"""2023年1月12日, 二〇二三年元月. The day is optional."""
_MARKED_YEAR = re.compile(rf"(?<!\d)({ANY_YEAR})\s*年")
"""2023年, 二〇二三年."""
_BARE_YEAR = re.compile(rf"(?<!\d)({ARABIC_YEAR})(?!\d)")
"""2023, with or without 年, but not inside a longer number."""
QUOTED_TITLE = re.compile(r"《[^》]{0,80}》")
"""The title of another document."""
_STATED_YEAR = re.compile(rf"将[^。]{{0,30}}?({ANY_YEAR})\s*年[^。]{{0,60}}?(?:报告|汇报|总结|公布|公开|通报)如下")
"""The year in an announcement of the report: 现将我局2023年法治建设情况报告如下."""
_OPENING_YEAR = re.compile(rf"^\s*(?:在)?({ANY_YEAR})\s*年(?:度)?(?:以来)?[,，、:：]?")
"""A year at the start of a paragraph: 2023年,我局…."""
_HEADING_YEAR = re.compile(
    rf"^[\s（(]*(?:[一二三四五六七八九十\d]{{1,3}}[)）、.．]+\s*)?(?:关于|过去[^，。]{{0,8}}[和及与])?({ANY_YEAR})\s*年(?!以来)"
)
"""A year at the start of a heading: 一、2023年工作回顾. 2023年以来 does not count."""
_REVIEW_WORD = re.compile("回顾|总结|完成情况|执行情况")
"""A word of a heading that reviews a year: 2023年工作回顾."""
_PLAN_WORD = re.compile("安排|任务|目标|重点|计划|打算|建议|要求|部署|设想|意见|思路")
"""A word of a heading that plans a year: 2024年工作安排."""
_OPENING_REVIEWED_YEAR = re.compile(rf"^\s*(?:过去的)?({ANY_YEAR})\s*年[，,]?(?:是|面对|全[省市区县州]|我们|在)")
"""The start of a review: 过去的2023年, 2023年是…."""
_LABELLED_DATE = re.compile(
    rf"([一-鿿]{{0,4}}(?:日期|时间)|发布于)\s*[:：]?\s*({ARABIC_YEAR})\s*[-/.年]\s*(\d{{1,2}})\s*[-/.月]\s*(\d{{1,2}})"
)
"""发布日期:2024-01-31. The first group is the label."""
_LEADING_DATE = re.compile(
    rf"^\s*({ARABIC_YEAR})\s*[-/.年]\s*(\d{{1,2}})\s*[-/.月]\s*(\d{{1,2}})\s*日?(?:\s*\d{{1,2}}:\d\d(?::\d\d)?)?\s*(?=$|[一-鿿【\[|])"
)
"""A date, perhaps with a time, at the start of a line: 2024-01-31 10:30 来源. The line ends after it, or Chinese text,
a bracket or a bar follows."""
_NUMERIC_DATE = re.compile(rf"({ARABIC_YEAR})\s*[-/.年]\s*(\d{{1,2}})\s*[-/.月]\s*(\d{{1,2}})")
"""2024-01-31, 2024/1/31, 2024年1月31."""
_URL_YEAR = re.compile(rf"/(?:t)?({ARABIC_YEAR})(?:[-/]?(\d{{1,2}}))?(?=[-/]|\d\d[_/-]|\d\d/)")
"""A year at the start of an element of a URL, with the month if it follows: `/2024/1/…`, `/t20240131_5.html`."""
_TARGET_YEAR = re.compile(rf"[到至]{ANY_YEAR}|{ANY_YEAR}\s*年(?:远景|基本|目标|前|建成)")
"""A year for which a target is set: 到2035年, 2035年远景目标."""
_MAX_LINE_LENGTH = 400
"""Number of code points of a line that are searched for dates with a label and dates of a session."""
_MAX_YEAR_HEADING_LENGTH = 60
"""Maximum length of a heading whose year counts, in code points."""
_MIN_MENTIONS = 2
"""Minimum number of mentions of a year that counts as frequent."""
_LAST_EARLY_MONTH = 4
"""Reports published until this month are about the year before."""
_FIRST_LATE_MONTH = 11
"""Reports published from this month on are about the same year."""
(
    _PUBLICATION_LABEL_RANK,
    _BARE_LABEL_RANK,
    _LEADING_DATE_RANK,
    _HINT_RANK,
    _OTHER_LABEL_RANK,
    _UPDATE_LABEL_RANK,
) = range(1, 7)
"""Ranks of the sources of a date of publication, best first: 发布日期, 日期, a date at the start of a line, the date
that the reader of the file format found in its metadata (`published` of `Evidence.hints`), other labels, 更新日期."""

_NUMERIC_SESSION_DATE = re.compile(rf"(?<!\d)({ARABIC_YEAR})\s?[-/.]\s?(\d{{1,2}})\s?[-/.]\s?\d{{1,2}}(?!\d)")
"""2023.1.12, 2023-1-12. The groups are year and month."""
_MONTHS = 12
_MEETING = re.compile("会议|大会|人代会")
"""A word that names a meeting."""


@dataclass(frozen=True, slots=True)
class SessionDate:
    """Year and month in which a speech was given."""

    year: int
    month: int
    names_meeting: bool
    """Whether the date is on a line that names a meeting."""


@dataclass(frozen=True, slots=True)
class DetectedYear:
    """A year, with a warning if it was inferred rather than read, or could not be decided."""

    value: int | None
    warning: str | None = None


def find_publication_date(head: Sequence[str], tail: Sequence[str], hints: Mapping[str, str]) -> str | None:
    """Return the date of publication (ISO), or None.

    The date has a label (发布日期) in a line of `head` or `tail`, or begins a line of `head`, or is in the value
    `published` of `hints`, the metadata of the file. Of several dates, the one with the best rank counts; of those with
    the same rank, the one in the first line. The date on which a report was signed is not its date of publication.
    """
    ranked: list[tuple[int, int, str]] = []
    lines = [*head, *tail]
    for position, line in enumerate(lines):
        dates = [
            (_label_rank(match[1]), _iso_date(*match.groups()[1:]))
            for match in _LABELLED_DATE.finditer(line[:_MAX_LINE_LENGTH])
        ]
        ranked += [(rank, position, day) for rank, day in dates if day]
    for position, line in enumerate(head):
        match = _LEADING_DATE.match(line[:200])
        if match and (day := _iso_date(*match.groups())):
            ranked.append((_LEADING_DATE_RANK, position, day))
    hint = _NUMERIC_DATE.search(hints.get("published", ""))
    if hint and (day := _iso_date(*hint.groups())):
        ranked.append((_HINT_RANK, 0, day))
    return min(ranked)[2] if ranked else None


def find_year_in_title(title: str, *, with_dates: bool = False) -> int | None:
    """Return the year that a title states, or None.

    A span (2021—2025年) does not count. The year of a day (2023年1月12日), or of a month at the end of the title,
    counts only `with_dates`. In 2023年3月行政执法情况通报, the month is the time that the report is about.
    """

    def drop_day(match: re.Match[str]) -> str:
        """Return a blank for a day or a final month, and any other month as it is."""
        return " " if match[3] or not title[match.end() :].strip(" )）】") else match[0]

    text = title if with_dates else _CHINESE_DATE.sub(drop_day, title)
    text = YEAR_SPAN.sub(" ", text)
    match = _MARKED_YEAR.search(text) or _BARE_YEAR.search(text)
    return parse_year_digits(match[1]) if match else None


def find_session_year(head: Iterable[str]) -> int | None:
    """Return the year of the first date in the first lines of a speech, which is the date of the session, or None.

    A line with a labelled date (发布日期：…) does not count, because the date is that of publication.
    """
    for line in head:
        start = line[:_MAX_LINE_LENGTH]
        if not _LABELLED_DATE.search(start) and (match := _CHINESE_DATE.search(start)):
            return parse_year_digits(match[1])
    return None


def find_session(lines: Iterable[str]) -> SessionDate | None:
    """Return the date on which a work report was given, or None. `lines` are its first lines and its titles.

    A date on a line that names a meeting takes precedence. A line with a labelled date (发布日期：…) does not count,
    because the date is that of publication.
    """
    starts = [line[:_MAX_LINE_LENGTH] for line in lines]
    dates = [date for line in starts if not _LABELLED_DATE.search(line) and (date := _parse_session(line))]
    return next((date for date in dates if date.names_meeting), dates[0] if dates else None)


def _parse_session(line: str) -> SessionDate | None:
    """Return the date in a line; None if there is none, or its month is not 1 to 12.

    A date without 年 and 月 (2023.1.12) counts only if the line names a meeting.
    """
    names_meeting = _MEETING.search(line) is not None
    match = _CHINESE_DATE.search(line) or (_NUMERIC_SESSION_DATE.search(line) if names_meeting else None)
    if match is None:
        return None
    month = 1 if match[2] == "元" else parse_ordinal(match[2])
    return SessionDate(parse_year_digits(match[1]), month, names_meeting) if 1 <= month <= _MONTHS else None


def infer_report_year(paragraphs: Sequence[str], headings: Sequence[str], published: str | None) -> DetectedYear:
    """Infer the year that a report (not a speech) is about, if its title states none.

    `paragraphs` and `headings` are folded. `published` is an ISO date, or None.
    """
    undecided = DetectedYear(None, "year undecided: neither title nor text states the year reported on")
    return next(_report_year_candidates(paragraphs, headings, published), undecided)


def _report_year_candidates(
    paragraphs: Sequence[str], headings: Sequence[str], published: str | None
) -> Iterator[DetectedYear]:
    """Yield candidates for the year, best first."""
    opening = [QUOTED_TITLE.sub("", p[:600]) for p in paragraphs[:4]]
    for match in filter(None, map(_STATED_YEAR.search, opening)):
        yield DetectedYear(parse_year_digits(match[1]))
    heading_years = _years_of_headings(headings)
    for year, rest in heading_years:
        if not _PLAN_WORD.search(rest) or _REVIEW_WORD.search(rest):
            yield DetectedYear(year, f"year {year} inferred from a heading")
    frequent_year, season_year = _most_frequent_year(paragraphs), _year_by_season(published) if published else None
    # `season_year` can be one year too early. A year that is neither it nor the next contradicts the publication.
    plausible = {season_year, season_year + 1} if season_year else {frequent_year}
    for match in filter(None, map(_OPENING_YEAR.match, opening)):
        if (year := parse_year_digits(match[1])) in plausible | {frequent_year} or not season_year:
            yield DetectedYear(year, f"year {year} inferred from the beginning of a paragraph")
    if frequent_year and frequent_year in plausible:
        yield DetectedYear(frequent_year, f"year {frequent_year} inferred: the year the text names most")
    for year, rest in heading_years:
        if _PLAN_WORD.search(rest):
            yield DetectedYear(year - 1, f"year {year - 1} inferred: the text plans {year}")
    if season_year:
        yield DetectedYear(season_year, f"year {season_year} inferred from the day of publication, {published}")


def infer_speech_year(
    paragraphs: Sequence[str], headings: Sequence[str], published: str | None, url: str
) -> DetectedYear:
    """Infer the year of the session in which a speech was given, if neither title nor head states the year.

    `url`: the address of the report; empty if unknown. The other arguments are as for `infer_report_year`.
    """
    undecided = DetectedYear(None, "year undecided: no year of the session in title, head or text")
    return next(_speech_year_candidates(paragraphs, headings, published, url), undecided)


def _speech_year_candidates(
    paragraphs: Sequence[str], headings: Sequence[str], published: str | None, url: str
) -> Iterator[DetectedYear]:
    """Yield candidates for the year, best first."""
    heading_years = _years_of_headings(headings)
    years = [year for year, _ in heading_years]
    for year, rest in heading_years:
        if year + 1 in years:  # 一、2013年主要工作 … 二、2014年主要工作
            yield DetectedYear(year + 1, f"year {year + 1} inferred from headings on {year} and {year + 1}")
        if _REVIEW_WORD.search(rest):
            yield DetectedYear(year + 1, f"year {year + 1} inferred from the heading that reviews {year}")
    for match in filter(None, map(_OPENING_REVIEWED_YEAR.match, paragraphs[:5])):
        year = parse_year_digits(match[1]) + 1
        yield DetectedYear(year, f"year {year} inferred: the text begins with {year - 1}")
    reviewed = _find_reviewed_year(paragraphs)
    for year in ([int(published[:4])] if published else []) + [int(m[1]) for m in _URL_YEAR.finditer(url)]:
        if reviewed in {year, year - 1}:
            yield DetectedYear(year, f"year {year} inferred from the day of publication or the address")
    for year, rest in heading_years:
        if _PLAN_WORD.search(rest):
            yield DetectedYear(year, f"year {year} inferred from the heading that plans {year}")
    if reviewed:
        yield DetectedYear(reviewed + 1, f"year {reviewed + 1} inferred: the text reviews {reviewed}")


def _years_of_headings(headings: Sequence[str]) -> list[tuple[int, str]]:
    """Return the year and the text after it for each heading that begins with a year and is not too long."""
    texts = [YEAR_SPAN.sub(" ", heading) for heading in headings if len(heading) <= _MAX_YEAR_HEADING_LENGTH]
    matches = [(text, _HEADING_YEAR.match(text)) for text in texts]
    return [(parse_year_digits(match[1]), text[match.end() :]) for text, match in matches if match]


def parse_year_digits(text: str) -> int:
    """Return the value of a year in Arabic or Chinese digits: 二〇二三."""
    return int(text.translate(_TO_ARABIC_DIGITS))


def _count_years(paragraphs: Sequence[str]) -> Counter[int]:
    """Count the mentions of each year with 年, except in quoted titles, spans and targets (到2035年, 2035年远景目标).

    Only the first 200 paragraphs are counted, and the first 5000 code points of each.
    """
    counts: Counter[int] = Counter()
    for paragraph in paragraphs[:200]:
        text = YEAR_SPAN.sub(" ", QUOTED_TITLE.sub(" ", paragraph[:5000]))
        counts.update(
            parse_year_digits(m[1])
            for m in _MARKED_YEAR.finditer(text)
            # The year is searched together with 到 before it and the word after 年.
            if not _TARGET_YEAR.search(text, m.start() - 2, m.end() + 6)
        )
    return counts


def _most_frequent_year(paragraphs: Sequence[str]) -> int | None:
    """Return the year with the most mentions if it has at least two, and more than any other year; otherwise None."""
    ranked = _count_years(paragraphs).most_common(2)
    if not ranked or ranked[0][1] < _MIN_MENTIONS or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def _find_reviewed_year(paragraphs: Sequence[str]) -> int | None:
    """Return the last year that is frequent in the beginning of a speech; None if there is none.

    The beginning is the first third of the paragraphs, but at least eight paragraphs. A year is frequent if it has at
    least `_MIN_MENTIONS` mentions and at least a third, rounded down, of the mentions of the most frequent year. The
    result is also None if the entire text mentions a year that is more than one year later at least `_MIN_MENTIONS`
    times. The speech then probably reviews five years. Such a review often compares with the year before the five, so
    that the frequent year may not be the last one reviewed.
    """
    counts = _count_years(paragraphs[: max(8, len(paragraphs) // 3)])
    min_count = max(_MIN_MENTIONS, max(counts.values(), default=0) // 3)
    last = max((year for year, count in counts.items() if count >= min_count), default=None)
    later = _count_years(paragraphs) if last else Counter[int]()
    return None if last is None or any(n >= _MIN_MENTIONS and year > last + 1 for year, n in later.items()) else last


def _year_by_season(published: str) -> int | None:
    """Return the year that a report published on this ISO date is about; None if the season does not decide."""
    year, month = int(published[:4]), int(published[5:7])
    if month <= _LAST_EARLY_MONTH:
        return year - 1
    return year if month >= _FIRST_LATE_MONTH else None


def _label_rank(label: str) -> int:
    """Return the rank of a date with a label: 发布日期 before 日期, and 更新日期 last."""
    if "发布" in label or "公开" in label or "上网" in label:
        return _PUBLICATION_LABEL_RANK
    if label in {"日期", "时间"}:
        return _BARE_LABEL_RANK
    return _UPDATE_LABEL_RANK if "更新" in label else _OTHER_LABEL_RANK


def _iso_date(year: str, month: str, day: str) -> str | None:
    """Return a date in ISO format; None if the calendar has no such date."""
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None
