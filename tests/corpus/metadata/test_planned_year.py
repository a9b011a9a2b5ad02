"""The year of a work report, from invented titles, sessions, headings and sentences.

A session is the meeting of the congress at which a report was given. The head of a report consists of the lines before
its first paragraph. They state, for example, the session with its date, or the date and the speaker.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from searchkit.corpus.metadata.dates import find_session
from searchkit.corpus.metadata.detection import DetectedMetadata, Evidence, detect_metadata

OPENING = "现在，我代表市人民政府，向大会报告工作，请予审议。"


def _detect(
    title: str, head: Sequence[str] = (), headings: Sequence[str] = (), sentences: Sequence[str] = ()
) -> DetectedMetadata:
    """Detect the metadata of a work report whose paragraphs are `OPENING` and the sentences."""
    return detect_metadata(Evidence("a.txt", title, head, (OPENING, *sentences), headings=headings))


def _session(day: str) -> tuple[str, ...]:
    """Return a head of one line, which names a session on this day."""
    return (f"——{day}在某市第十四届人民代表大会第五次会议上",)


REVIEW_AND_PLAN = ("2022年工作回顾", "2023年工作安排")


@pytest.mark.parametrize(
    ("title", "head"),
    [
        ("政府工作报告", _session("2022年12月28日")),
        ("政府工作报告", _session("2023年1月5日")),
        ("政府工作报告", _session("二〇二二年十二月二十八日")),
        ("政府工作报告", _session("2023年元月5日")),
        ("政府工作报告", _session("2022.12.28")),
        ("政府工作报告", ("（2022年11月30日）",)),
        ("2023年政府工作报告", _session("2022年12月28日")),
        ("2022年政府工作报告", _session("2022年12月28日")),
        ("2022年政府工作报告", _session("2023年2月8日")),
        ("某市政府工作报告（2022年12月28日 李明）", ()),
        ("某市政府工作报告（2023年1月5日 李明）", ()),
        ("2022年政府工作报告", ()),
        ("2023年政府工作报告", ("（2024年6月3日 李明）",)),
    ],
)
def test_the_year_is_that_of_the_plan(title: str, head: tuple[str, ...]) -> None:
    """A report that reviews 2022 and plans 2023 has the year 2023, whatever its title, and whenever it was given."""
    assert _detect(title, head, REVIEW_AND_PLAN).year == 2023


@pytest.mark.parametrize(
    ("headings", "year"),
    [
        (("2016年工作回顾", "2017年主要工作"), 2017),
        (("2013年主要工作", "2014年重点工作"), 2014),
        (("关于2019年工作", "关于2020年目标任务"), 2020),
        (("过去五年和2022年工作回顾", "今后五年目标任务"), 2023),
        (("“十三五”时期和2020年工作回顾", "“十四五”时期目标任务", "2021年工作安排"), 2021),
        (("“十三五”发展成就和2020年主要工作", "2035年远景目标", "2021年重点工作"), 2021),
        (("过去五年工作回顾", "今后五年目标任务和2008年工作建议"), 2008),
        (("过去一年工作回顾", "到2025年建成现代化强市", "扎实做好2024年各项工作"), 2024),
        (("2021—2025年发展目标", "2022年工作总体要求"), 2022),
        (("一、2018年工作总结", "二、2019年民生实事"), 2019),
        (("回顾2011年工作，经济社会发展取得新成就", "展望新的一年"), 2012),
        (("全面完成了2004年的工作任务", "全面推进2005年经济社会发展"), 2005),
    ],
)
def test_headings_state_the_year_of_the_plan(headings: tuple[str, ...], year: int) -> None:
    """The year is the one that a heading plans or, if a heading reviews a year, the year after it.

    Years of targets (2035年远景目标), spans of years (2021—2025年) and periods of five years (“十四五”时期) are not
    planned years.
    """
    assert _detect("政府工作报告", headings=headings).year == year


@pytest.mark.parametrize(
    ("title", "head", "headings", "year"),
    [
        ("政府工作报告", _session("2021年12月20日"), ("过去一年工作回顾", "明年工作安排"), 2022),
        ("政府工作报告", _session("2021年12月20日"), ("2021年主要工作",), 2022),
        ("2007年政府工作报告", _session("2008年1月22日"), ("过去五年的工作", "今年的工作"), 2008),
        ("政府工作报告", _session("2008年3月5日"), ("2007年的主要工作",), 2008),
        ("政府工作报告", _session("2020年5月9日"), ("关于疫情防控",), 2020),
        ("政府工作报告", _session("1981年11月30日"), (), 1981),
    ],
)
def test_the_session_decides_if_headings_do_not(
    title: str, head: tuple[str, ...], headings: tuple[str, ...], year: int
) -> None:
    """The report of a session in January to May plans the year of the session; of a session in December, the next year.

    Before 1990, when congresses met in any month, a session in winter does not plan the next year.
    """
    assert _detect(title, head, headings).year == year


@pytest.mark.parametrize(
    ("title", "head", "sentences", "year"),
    [
        ("2022年政府工作报告", _session("2022年12月28日"), ("2023年，我们要抓好项目建设。",), 2023),
        ("2022年政府工作报告", _session("2022年12月28日"), ("做好明年工作，意义重大。",), 2023),
        ("2022年政府工作报告", _session("2022年12月28日"), ("2022年，全市完成投资100亿元。",), 2022),
        ("2007年政府工作报告", (), ("2008年全市工作的总体要求是稳中求进。", "2008年，我们将建成三座大桥。"), 2008),
        ("2007年政府工作报告", (), ("2006年，我市增长8%。", "2007年主要目标是增长9%。"), 2007),
    ],
)
def test_sentences_overrule_the_title(title: str, head: tuple[str, ...], sentences: tuple[str, ...], year: int) -> None:
    """Sentences that plan the year after the one in the title overrule it.

    After a session in December one such sentence suffices, without a session two do. Sentences that report on a year,
    or plan the year in the title, do not overrule it.
    """
    assert _detect(title, head, (), sentences).year == year


def test_a_year_that_the_title_contradicts_has_a_warning() -> None:
    """A year that the title states, or that follows from the session, has no warning.

    If the title states another year, there is a warning.
    """
    for title, head in (("2023年政府工作报告", ()), ("政府工作报告", _session("2022年12月28日"))):
        assert not any(w.startswith("year") for w in _detect(title, head, REVIEW_AND_PLAN).warnings)
    warnings = [w for w in _detect("2022年政府工作报告", (), REVIEW_AND_PLAN).warnings if w.startswith("year")]
    assert warnings == ["year 2023 inferred from the headings: the title states 2022"]


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("某市司法局2022年法治政府建设年度报告", 2022),
        ("某市2022年政府信息公开工作年度报告", 2022),
        ("某市关于2022年国民经济和社会发展计划执行情况与2023年计划草案的报告", 2022),
        ("关于2022年政府工作报告重点任务完成情况的通报", 2022),
    ],
)
def test_other_reports_have_the_year_reported_on(title: str, year: int) -> None:
    """The year of another report is the one that its title says it reports on, whatever year its headings plan.

    A report about a work report (重点任务完成情况的通报) is such a report, too.
    """
    detected = detect_metadata(Evidence("a.txt", title, (), ("工作情况。",), headings=REVIEW_AND_PLAN))
    assert detected.year == year


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("发布日期：2023年3月1日", "（2022年12月28日）"), (2022, 12, False)),
        (("2023年2月1日", "2022年12月28日在某县第三届人民代表大会第一次会议上"), (2022, 12, True)),
        (("2022.12.28",), None),
        (("（二〇〇九年一月十日）",), (2009, 1, False)),
        (("2022年13月1日",), None),
        ((), None),
    ],
)
def test_the_session_is_found_in_the_head(lines: tuple[str, ...], expected: tuple[int, int, bool] | None) -> None:
    """The date on a line that names the meeting takes precedence over other dates.

    These are not the date of the session: a labelled date (发布日期：…), a date without 年 and 月 (2022.12.28) if its
    line names no meeting, and a date with the month 13. `expected` is year, month, and whether the line of the date
    names the meeting. It is None if no date is found.
    """
    session = find_session(lines)
    assert (session and (session.year, session.month, session.names_meeting)) == expected
