"""Determine the year of a government's work report: the year whose work it plans.

A work report reviews one year and plans the next. Most reports are given in the first months of the year that they
plan, others in November or December of the year before. Many titles state the planned year, some the reviewed year.
The first of these that applies is the year:

(a) the year planned in the headings, if the dates of the session and the title are compatible with it;
(b) the year after a session in winter, unless title and text contradict it (`_plans_next_year`);
(c) the year of the session, if the title states no year, or if it states an earlier one and the session was before
    September;
(d) the year of the title, or the next year if no session is known and several phrases plan the next year;
(e) the year that `dates.infer_speech_year` infers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from searchkit.corpus.metadata.dates import (
    QUOTED_TITLE,
    YEAR_SPAN,
    DetectedYear,
    SessionDate,
    infer_speech_year,
    parse_year_digits,
)
from searchkit.text.folding import fold_all
from searchkit.text.years import ANY_YEAR

_HEADING_YEAR = re.compile(rf"(?<![\d到至])({ANY_YEAR})\s*年(?!代|前|底|末|远景|左右|以前|以来|建成|基本|\d{{1,2}}月)")
"""A year that a heading is about. Years of targets (到2035年, 2035年远景目标, 2025年前), of dates (2023年1月) and
before 以来 are excluded."""
# Words of a heading that review or plan a year. They follow the year (2022年工作回顾) or precede it (做好2023年工作).
_REVIEW_WORD = re.compile("回顾|总结|情况|成效|成绩|成就|进展|取得|评估|过去")
_REVIEW_WORD_BEFORE = re.compile("回顾|总结|成效|成绩|成就|过去|本届|完成了")
_PLAN_WORD = re.compile(
    "安排|任务|目标|重点|计划|打算|建议|要求|部署|设想|意见|思路|展望|工作$|措施|举措|实事|做好|推进|经济社会发展"
)
_PLAN_WORD_BEFORE = re.compile("做好|抓好|完成|实现|推进|夺取|开创|谋划|部署")
_MAX_HEADING_LENGTH = 60
"""Maximum length of a heading whose years count, in code points."""

_PLAN_NOUN = (
    "总体要求|总体思路|总的要求|基本思路|指导思想|预期目标|主要目标|奋斗目标|工作目标|目标任务|目标[是为]|重点工作|"
    "主要任务|工作任务|工作重点|工作安排|主要工作|工作部署|计划(?:安排|拟定|草案)"
)
"""What a sentence about a plan states for a year: 总体要求, 主要目标."""
_SUBJECT = "全[市省区县州盟旗国]|我[们市省区县州盟旗]|[市省区县]|政府|各级"
"""The subject between a year and 要 or 将: 我们 in 2023年,我们要."""
_PLANNED_YEAR = re.compile(
    rf"(?<![\d到至])({ANY_YEAR})\s*年度?,?(?:(?:{_SUBJECT})*(?:要(?!求)|将|计划|拟|力争|重点)|[^,。;]{{0,12}}?(?:{_PLAN_NOUN}))"
    rf"|(?:做好|抓好|搞好|安排|部署|谋划)({ANY_YEAR})年"
)
"""A phrase that plans a year: 2023年全市工作的总体要求是, 2023年,我们要, 做好2023年. The year is in group 1 or 2."""
_NEXT_YEAR_PLAN = re.compile(
    rf"(?:做好|抓好|搞好|安排|部署|谋划)(?:明年|来年)|(?:明年|来年)(?:[^,。;]{{0,12}}?(?:{_PLAN_NOUN})|,?(?:{_SUBJECT})*(?:要(?!求)|将|是))"
)
"""A phrase that plans the next year without its number: 做好明年工作, 明年工作的总体要求."""
_MIN_PLANNING_PHRASES = 2
"""Minimum number of phrases that plan the year after the title's year. With fewer, the title's year counts."""
_MAX_PARAGRAPHS, _MAX_PARAGRAPH_LENGTH = 200, 5000
"""Maximum number of paragraphs, and of code points of each, that are examined."""

_LAST_SAME_YEAR_MONTH = 8
"""A session in January to this month plans the year in which it is held."""
_FIRST_WINTER_MONTH = 11
"""A session in this month to December plans the next year."""
_FIRST_REGULAR_YEAR = 1990
"""Before this year, congresses met in any month, and a report given in winter does not plan the next year."""


@dataclass(frozen=True, slots=True)
class WorkReportEvidence:
    """The parts of a work report that can state its year."""

    title_year: int | None
    """The year that the title states, or None."""
    session: SessionDate | None
    """Date of the session in which the report was given, or None."""
    headings: Sequence[str]
    """Headings and lines that may be headings, folded."""
    paragraphs: Sequence[str]
    """Paragraphs as written. They are folded only where they are needed."""
    published: str | None
    """ISO date of publication, or None."""
    url: str
    """URL of the report, or an empty string."""


@dataclass(frozen=True, slots=True)
class _YearInHeadings:
    """The year that headings plan, or that follows the last year that they review."""

    value: int
    is_confirmed: bool
    """Whether headings plan this year, and review the year before. If they review no year, they must plan the year
    before, too."""


def find_planned_year(evidence: WorkReportEvidence) -> DetectedYear:
    """Return the year that a work report plans, with a warning as described in `_state_year`."""
    title_year, session = evidence.title_year, evidence.session
    heading_year = _find_year_in_headings(evidence.headings, session.year if session else title_year)
    if session and _is_unrelated(session, title_year, heading_year):
        session = None
    if heading_year and _is_possible(heading_year, title_year, session):
        return _state_year(heading_year.value, evidence, "from the headings")
    if session and _plans_next_year(session, evidence):
        return _state_year(session.year + 1, evidence, f"from the session in month {session.month} of {session.year}")
    if session and (title_year is None or (title_year < session.year and session.month <= _LAST_SAME_YEAR_MONTH)):
        return _state_year(session.year, evidence, f"from the session in {session.year}")
    if title_year:
        is_overruled = not session and _count_plans(evidence.paragraphs, title_year + 1) >= _MIN_PLANNING_PHRASES
        # If the title is not overruled, it states the year. There is then no warning, and the source is not used.
        return _state_year(title_year + 1 if is_overruled else title_year, evidence, "from the sentences that plan it")
    return infer_speech_year(_fold(evidence.paragraphs), evidence.headings, evidence.published, evidence.url)


def _state_year(year: int, evidence: WorkReportEvidence, source: str) -> DetectedYear:
    """Return `year`, with a warning if the title states another year, or if neither title nor session states `year`.

    The warning names `source`, the evidence for the year.
    """
    if evidence.title_year not in {None, year}:
        return DetectedYear(year, f"year {year} inferred {source}: the title states {evidence.title_year}")
    session = evidence.session
    is_stated = evidence.title_year or (session and year == session.year + _is_in_winter(session))
    return DetectedYear(year, None if is_stated else f"year {year} inferred {source}")


def _is_unrelated(session: SessionDate, title_year: int | None, heading_year: _YearInHeadings | None) -> bool:
    """Return whether a date cannot be that of the session. It may be the date of a copy of the report.

    This is so in two cases. The date is more than one year from the year of the title. Or its line names no meeting,
    and headings confirm a year that is neither the year of the date nor the next.
    """
    if title_year and abs(session.year - title_year) > 1:
        return True
    is_contradicted = (
        heading_year is not None and heading_year.is_confirmed and heading_year.value - session.year not in {0, 1}
    )
    return is_contradicted and not session.names_meeting


def _is_possible(heading_year: _YearInHeadings, title_year: int | None, session: SessionDate | None) -> bool:
    """Return whether the year planned in the headings is compatible with title and session.

    Without a session, it must be the year of the title or the next one, if the title states a year. If the session is
    in winter, it must be the year after the session. For any other session, it must be one of these: (1) the year of
    the session; (2) the year of the title, if the headings confirm it; (3) the year after the session, if the session
    was after August.
    """
    year = heading_year.value
    if session is None:
        return title_year is None or year - title_year in {0, 1}
    if _is_in_winter(session):
        return year == session.year + 1
    if year == session.year or (year == title_year and heading_year.is_confirmed):
        return True
    return year == session.year + 1 and session.month > _LAST_SAME_YEAR_MONTH


def _is_in_winter(session: SessionDate) -> bool:
    """Return whether a session was held in winter, in a year in which winter sessions plan the next year."""
    return session.month >= _FIRST_WINTER_MONTH and session.year >= _FIRST_REGULAR_YEAR


def _plans_next_year(session: SessionDate, evidence: WorkReportEvidence) -> bool:
    """Return whether a report that was given in a session plans the year after the session.

    The session must be in winter. If the title states the year of the session or an earlier one, the text must also
    contain a phrase that plans the next year.
    """
    if not _is_in_winter(session):
        return False
    if evidence.title_year is None or evidence.title_year > session.year:
        return True
    return _count_plans(evidence.paragraphs, session.year + 1) > 0 or any(
        map(_NEXT_YEAR_PLAN.search, _fold(evidence.paragraphs))
    )


def _fold(paragraphs: Sequence[str]) -> list[str]:
    """Return the beginnings of the first paragraphs, folded."""
    return fold_all([paragraph[:_MAX_PARAGRAPH_LENGTH] for paragraph in paragraphs[:_MAX_PARAGRAPHS]])


def _find_year_in_headings(headings: Sequence[str], stated_year: int | None) -> _YearInHeadings | None:
    """Return the year that the headings plan, or None.

    If headings review years, it is the year after the last of these years. If the headings only plan years, a year
    counts as reviewed if the next year is planned too: 2013年主要工作, 2014年工作重点. If no year is reviewed, the
    result is the planned year nearest to `stated_year`, or the first one if `stated_year` is None.
    """
    reviewed: list[int] = []
    planned: list[int] = []
    for year, is_review in _classify_years(headings):
        (reviewed if is_review else planned).append(year)
    reviewed = reviewed or [year for year in planned if year + 1 in planned]
    if reviewed:
        year = max(reviewed) + 1
        return _YearInHeadings(year, is_confirmed=year in planned)
    if planned:
        year = min(planned, key=lambda value: abs(value - (stated_year or value)))
        return _YearInHeadings(year, is_confirmed=False)
    return None


def _classify_years(headings: Sequence[str]) -> Iterator[tuple[int, bool]]:
    """Yield each year that a heading reviews (True) or plans (False).

    The words between a year and the next one decide: 2022年工作回顾和2023年工作安排 reviews 2022 and plans 2023. For
    the first year, the words before it can also decide: 做好2023年工作 plans 2023.
    """
    for heading in headings:
        if len(heading) > _MAX_HEADING_LENGTH or "年" not in heading:
            continue
        text = YEAR_SPAN.sub(" ", heading)
        matches = list(_HEADING_YEAR.finditer(text))
        for i, match in enumerate(matches):
            end = matches[i + 1].start() if i + 1 < len(matches) else len(text)
            before, after = text[: match.start()] if not i else "", text[match.end() : end]
            if _REVIEW_WORD.search(after) or _REVIEW_WORD_BEFORE.search(before):
                yield parse_year_digits(match[1]), True
            elif _PLAN_WORD.search(after) or _PLAN_WORD_BEFORE.search(before):
                yield parse_year_digits(match[1]), False


def _count_plans(paragraphs: Sequence[str], year: int) -> int:
    """Return the number of phrases of `_PLANNED_YEAR` that plan `year`, except in titles of other documents."""
    count = 0
    for paragraph in _fold(paragraphs):
        text = YEAR_SPAN.sub(" ", QUOTED_TITLE.sub(" ", paragraph))
        count += sum(parse_year_digits(m[1] or m[2]) == year for m in _PLANNED_YEAR.finditer(text))
    return count
