"""Years and dates: the year a report is about, and the day it was published."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from searchkit.text.years import ANY_YEAR, YEAR

_DIGITS = str.maketrans("〇○零ＯOo一二三四五六七八九", "000000123456789")
_SPAN = re.compile(rf"{ANY_YEAR}\s*年?\s*[-—–－―~～至到]+\s*(?:{ANY_YEAR}|\d\d)\s*年?")
_DAY = re.compile(
    rf"({ANY_YEAR})\s*年\s*([\d一二三四五六七八九十]{{1,2}})\s*月\s*(?:([\d一二三四五六七八九十]{{1,3}})\s*日)?"
)
_YEAR = re.compile(rf"(?<!\d)({ANY_YEAR})\s*年")
_BARE_YEAR = re.compile(rf"(?<!\d)({YEAR})(?!\d)")
_LAW = re.compile(r"《[^》]{0,80}》")
_STATED = re.compile(rf"将[^。]{{0,30}}?({ANY_YEAR})\s*年[^。]{{0,60}}?(?:报告|汇报|总结|公布|公开|通报)如下")
_OPENING = re.compile(rf"^\s*(?:在)?({ANY_YEAR})\s*年(?:度)?(?:以来)?[,，、:：]?")
_HEADING_YEAR = re.compile(
    rf"^[\s（(]*(?:[一二三四五六七八九十\d]{{1,3}}[)）、.．]+\s*)?(?:关于|过去[^，。]{{0,8}}[和及与])?({ANY_YEAR})\s*年(?!以来)"
)
_REVIEW = re.compile("回顾|总结|完成情况|执行情况")
_PLAN = re.compile("安排|任务|目标|重点|计划|打算|建议|要求|部署|设想|意见|思路")
_REVIEWED = re.compile(rf"^\s*(?:过去的)?({ANY_YEAR})\s*年[，,]?(?:是|面对|全[省市区县州]|我们|在)")
_KEYED = re.compile(
    rf"([一-鿿]{{0,4}}(?:日期|时间)|发布于)\s*[:：]?\s*({YEAR})\s*[-/.年]\s*(\d{{1,2}})\s*[-/.月]\s*(\d{{1,2}})"
)
_LINE_DATE = re.compile(
    rf"^\s*({YEAR})\s*[-/.年]\s*(\d{{1,2}})\s*[-/.月]\s*(\d{{1,2}})\s*日?(?:\s*\d{{1,2}}:\d\d(?::\d\d)?)?\s*(?=$|[一-鿿【\[|])"
)
_NUMERIC = re.compile(rf"({YEAR})\s*[-/.年]\s*(\d{{1,2}})\s*[-/.月]\s*(\d{{1,2}})")
_URL_YEAR = re.compile(rf"/(?:t)?({YEAR})(?:[-/]?(\d{{1,2}}))?(?=[-/]|\d\d[_/-]|\d\d/)")
_TARGET = re.compile(rf"[到至]{ANY_YEAR}|{ANY_YEAR}\s*年(?:远景|基本|目标|前|建成)")
_HEADING = 60
_TWICE = 2
_EARLY = 4
_LATE = 11


@dataclass(frozen=True, slots=True)
class Found:
    """A value, with a note when it was inferred rather than read."""

    value: int | None
    note: str | None = None


def published(head: Iterable[str], tail: Iterable[str], hints: Mapping[str, str]) -> str | None:
    """Give the day of publication (ISO) from labelled lines, a dated line of the page, or what the format says.

    The day a report was signed is not the day it was published.
    """
    ranked: list[tuple[int, int, str]] = []
    lines = [*head, *tail]
    for order, line in enumerate(lines):
        found = [(_rank(match[1]), _iso(*match.groups()[1:])) for match in _KEYED.finditer(line[:400])]
        ranked += [(rank, order, iso) for rank, iso in found if iso]
    for order, line in enumerate(head):
        dated = _LINE_DATE.match(line[:200])
        if dated and (iso := _iso(*dated.groups())):
            ranked.append((3, order, iso))
    hint = _NUMERIC.search(hints.get("published", ""))
    if hint and (iso := _iso(*hint.groups())):
        ranked.append((4, 0, iso))
    return min(ranked)[2] if ranked else None


def year_in_title(title: str, *, spoken: bool) -> int | None:
    """Give the year that a title states. A span (2021—2025年) is none; a day in brackets counts only for a speech."""
    text = title if spoken else _DAY.sub(" ", title)
    text = _SPAN.sub(" ", text)
    match = _YEAR.search(text) or _BARE_YEAR.search(text)
    return number(match[1]) if match else None


def year_of_session(head: Iterable[str]) -> int | None:
    """Give the year of the day on which a speech was held, from the lines above it."""
    for line in head:
        if not _KEYED.search(line[:400]) and (match := _DAY.search(line[:400])):
            return number(match[1])
    return None


def year_of_report(paragraphs: Sequence[str], headings: Sequence[str], day: str | None) -> Found:
    """Infer the year that a report (not a speech) is about when its title is silent. Texts are folded, `day` is ISO."""
    undecided = Found(None, "year undecided: neither title nor text states the year reported on")
    return next(_report_years(paragraphs, headings, day), undecided)


def _report_years(paragraphs: Sequence[str], headings: Sequence[str], day: str | None) -> Iterator[Found]:
    """Give what tells the year, best first."""
    opening = [_LAW.sub("", p[:600]) for p in paragraphs[:4]]
    for match in filter(None, map(_STATED.search, opening)):
        yield Found(number(match[1]))
    dated = _years_of(headings)
    for year, rest in dated:
        if not _PLAN.search(rest) or _REVIEW.search(rest):
            yield Found(year, f"year {year} inferred from a heading")
    common, season = _common_year(paragraphs), _year_before(day) if day else None
    plausible = {season, season + 1} if season else {common}
    for match in filter(None, map(_OPENING.match, opening)):
        if (year := number(match[1])) in plausible | {common} or not season:
            yield Found(year, f"year {year} inferred from the beginning of a paragraph")
    if common and common in plausible:
        yield Found(common, f"year {common} inferred: the year the text names most")
    for year, rest in dated:
        if _PLAN.search(rest):
            yield Found(year - 1, f"year {year - 1} inferred: the text plans {year}")
    if season:
        yield Found(season, f"year {season} inferred from the day of publication, {day}")


def year_of_speech(paragraphs: Sequence[str], headings: Sequence[str], day: str | None, url: str) -> Found:
    """Infer the year in which a work report was given when neither title nor head states it. Arguments as above."""
    undecided = Found(None, "year undecided: no year of the session in title, head or text")
    return next(_speech_years(paragraphs, headings, day, url), undecided)


def _speech_years(paragraphs: Sequence[str], headings: Sequence[str], day: str | None, url: str) -> Iterator[Found]:
    """Give what tells the year, best first."""
    dated = _years_of(headings)
    years = [year for year, _ in dated]
    for year, rest in dated:
        if year + 1 in years:  # 一、2013年主要工作 … 二、2014年主要工作
            yield Found(year + 1, f"year {year + 1} inferred from headings on {year} and {year + 1}")
        if _REVIEW.search(rest):
            yield Found(year + 1, f"year {year + 1} inferred from the heading that reviews {year}")
    for match in filter(None, map(_REVIEWED.match, paragraphs[:5])):
        year = number(match[1]) + 1
        yield Found(year, f"year {year} inferred: the text begins with {year - 1}")
    reviewed = _reviewed_year(paragraphs)
    for year in ([int(day[:4])] if day else []) + [int(m[1]) for m in _URL_YEAR.finditer(url)]:
        if reviewed in {year, year - 1}:
            yield Found(year, f"year {year} inferred from the day of publication or the address")
    for year, rest in dated:
        if _PLAN.search(rest):
            yield Found(year, f"year {year} inferred from the heading that plans {year}")
    if reviewed:
        yield Found(reviewed + 1, f"year {reviewed + 1} inferred: the text reviews {reviewed}")


def _years_of(headings: Sequence[str]) -> list[tuple[int, str]]:
    """Headings that begin with a year: the year and the words behind it."""
    texts = [_SPAN.sub(" ", heading) for heading in headings if len(heading) <= _HEADING]
    matches = [(text, _HEADING_YEAR.match(text)) for text in texts]
    return [(number(match[1]), text[match.end() :]) for text, match in matches if match]


def number(text: str) -> int:
    """Read a year in Arabic or Chinese digits: 二〇二三."""
    return int(text.translate(_DIGITS))


def _year_counts(paragraphs: Sequence[str]) -> Counter[int]:
    """How often the text names each year, but for laws, spans and targets (到2035年, 2035年远景目标)."""
    counts: Counter[int] = Counter()
    for paragraph in paragraphs[:200]:
        text = _SPAN.sub(" ", _LAW.sub(" ", paragraph[:5000]))
        counts.update(
            number(m[1]) for m in _YEAR.finditer(text) if not _TARGET.search(text, m.start() - 2, m.end() + 6)
        )
    return counts


def _common_year(paragraphs: Sequence[str]) -> int | None:
    """Give the year named most, at least twice and more than any other."""
    ranked = _year_counts(paragraphs).most_common(2)
    if not ranked or ranked[0][1] < _TWICE or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def _reviewed_year(paragraphs: Sequence[str]) -> int | None:
    """Give the last year that the first third of a speech names often, unless the text goes on to speak of later years.

    A review of five years compares with the year before them; then the years named most do not tell.
    """
    counts = _year_counts(paragraphs[: max(8, len(paragraphs) // 3)])
    often = max(_TWICE, max(counts.values(), default=0) // 3)
    last = max((year for year, count in counts.items() if count >= often), default=None)
    later = _year_counts(paragraphs) if last else Counter[int]()
    return None if last is None or any(n >= _TWICE and year > last + 1 for year, n in later.items()) else last


def _year_before(day: str) -> int | None:
    """Give the year that a report published on this day is about, where the season tells."""
    year, month = int(day[:4]), int(day[5:7])
    if month <= _EARLY:
        return year - 1
    return year if month >= _LATE else None


def _rank(key: str) -> int:
    if "发布" in key or "公开" in key or "上网" in key:
        return 1
    if key in {"日期", "时间"}:
        return 2
    return 6 if "更新" in key else 5


def _iso(year: str, month: str, day: str) -> str | None:
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None
