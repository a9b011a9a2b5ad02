"""The years and months of texts: expressions of time, and which of them governs what."""

from __future__ import annotations

import pytest

from searchkit.corpus.times.expressions import Calendar, Time, find_times
from searchkit.corpus.times.governing import TimedText, base_time, time_of_labels, years_of_row
from searchkit.text.folding import fold

WORK_REPORT = Calendar.of_document(2023, "政府工作报告")
"""The calendar of a report that reviews 2022 and plans 2023."""
LAW_REPORT = Calendar.of_document(2023, "法治政府建设年度报告")
"""The calendar of a report that reviews 2023 and plans 2024."""

Span = tuple[int | None, int | None, str | None]
"""Expected `of_year`, `since` and `part`."""


def span(time: Time) -> Span:
    """Return the compared fields of a time."""
    return time.of_year, time.since, time.part


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2021年", (2021, None, None)),
        ("二〇二一年", (2021, None, None)),
        ("2021 年", (2021, None, None)),
        ("2021年上半年", (2021, None, "01-06")),
        ("2021年第三季度", (2021, None, "07-09")),
        ("2021年1—11月", (2021, None, "01-11")),
        ("2021年1月至6月", (2021, None, "01-06")),
        ("2021年前三季度", (2021, None, "01-09")),
        ("2021年一至三季度", (2021, None, "01-09")),
        ("2021年1-3季度", (2021, None, "01-09")),
        ("2021年第二季度至第四季度", (2021, None, "04-12")),
        ("2021年前10个月", (2021, None, "01-10")),
        ("2021年十一月", (2021, None, "11")),
        ("2021年1季度", (2021, None, "01-03")),
        ("2021年前3季度", (2021, None, "01-09")),
        ("2021年1——11月", (2021, None, "01-11")),
        ("2021年全年", (2021, None, None)),
        ("去年全年", (2022, None, None)),
        ("2021年1月1日至12月31日", (2021, None, None)),
        ("2021年1月1日—2021年12月31日", (2021, None, None)),
        ("2021年1月1日至6月30日", (2021, None, "01-06")),
        ("2021年12月1日至2022年11月30日", (2022, 2021, None)),
        ("2021年12月至2022年11月", (2022, 2021, None)),
        ("2018—2021年", (2021, 2018, None)),
        ("2018年至2021年", (2021, 2018, None)),
        ("2020年和2021年", (2021, 2020, None)),
        ("2019年、2020年和2021年", (2021, 2019, None)),
        ("2019、2020、2021年", (2021, 2019, None)),
        ("2018——2021年", (2021, 2018, None)),
        ("自2018年以来", (2022, 2018, None)),
        ("2018年至今", (2022, 2018, None)),
        ("2018年3月以来", (2022, 2018, None)),
        ("2022年1月以来", (2022, None, None)),
        ("从2018年冬季开始", (2022, 2018, None)),
        ("“十三五”期间", (2020, 2016, None)),
        ("“十四五”时期", (2025, 2021, None)),
        ("“十四五”以来", (2022, 2021, None)),
        ("“十三五”以来", (2022, 2016, None)),
        ("“十五”期间", (2005, 2001, None)),
        ("第十个五年计划期间", (2005, 2001, None)),
        ("“十五五”期间", (2030, 2026, None)),
        ("“十三五”末", (2020, None, None)),
        ("“十四五”头两年", (2022, 2021, None)),
        ("第二个五年计划期间", (1962, 1958, None)),
        ("“六五”期间", (1985, 1981, None)),
        ("过去五年", (2022, 2018, None)),
        ("近三年来", (2022, 2020, None)),
        ("今后五年", (2027, 2023, None)),
        ("今年", (2023, None, None)),
        ("去年底", (2022, None, None)),
        ("前年", (2021, None, None)),
        ("明年上半年", (2024, None, "01-06")),
    ],
)
def test_an_expression_states_years(text: str, expected: Span) -> None:
    """Each kind of expression is found, here in the review of 2022 in a work report of 2023."""
    (mention,) = find_times(fold(text), WORK_REPORT, Time(2022))
    assert span(mention.time) == expected
    assert (mention.start, mention.end) == (0, len(text))
    assert mention.year_offset is None


@pytest.mark.parametrize(
    ("text", "offset", "part"),
    [
        ("上年", -1, None),
        ("上年底", -1, None),
        ("上一年", -1, None),
        ("上半年", 0, "01-06"),
        ("一至三季度", 0, "01-09"),
        ("1—3季度", 0, "01-09"),
        ("1—11月", 0, "01-11"),
        ("截至11月底", 0, "11"),
        ("截至目前", 0, None),
        ("至6月20日", 0, "06"),
        ("前11个月", 0, "01-11"),
        ("2季度", 0, "04-06"),
        ("前3个季度", 0, "01-09"),
        ("十二月", 0, "12"),
        ("全年", 0, None),
        ("年底", 0, None),
    ],
)
def test_an_expression_can_depend_on_the_governing_year(text: str, offset: int, part: str | None) -> None:
    """An expression without a year has an offset in years from the year that governs it."""
    (mention,) = find_times(fold(text), WORK_REPORT, Time(2022))
    assert (mention.year_offset, span(mention.time)) == (offset, (None, None, part))


@pytest.mark.parametrize(
    "text",
    [
        "“十四五”规划",
        "2035年远景目标",
        "12345热线",
        "第5次会议",
        "一年来",
        "立案129件",
        "1978年愿景",
        "2021-1999年",
        "目前年产值3亿元",
        "以前年度结转资金",
        "提前年度任务",
        "灾前年均收入",
        "文明年活动",
        "近来年均增长8%",
        "未来年均增长8%",
        "35岁以下年轻干部",
        "线下年货",
        "60岁以上年老体弱500人",
        "500万元以上年销售收入",
        "线上年货节",
        "马上年龄",
        "提前3个月办结",
        "一月一次",
        "每百件中有十五期间办结",
    ],
)
def test_names_and_numbers_are_not_times(text: str) -> None:
    """Names that contain a year, 一年来, words that contain 前年, 上年 and the like, and other numbers are not times.

    2021-1999年 is not a span, because it would end before it begins. At most 1999年 in it is a time.
    """
    times = [mention.time for mention in find_times(fold(text), WORK_REPORT, Time(2022))]
    assert all(time.since is None and time.of_year == 1999 for time in times)


@pytest.mark.parametrize(
    "text", ["比2019年增长", "与2019年相比", "是2019年的2倍", "高于去年同期", "按2015年不变价计算"]
)
def test_compared_times_govern_nothing(text: str) -> None:
    """A time that something is compared with is marked as compared, and is not among the years of the paragraph."""
    (mention,) = find_times(fold(text), WORK_REPORT, Time(2022))
    assert mention.is_compared
    assert TimedText(fold(text), ("工作回顾",), "成效", WORK_REPORT).years() == (2022,)


def governing(text: str, headings: tuple[str, ...] = (), section: str = "成效") -> Span:
    """Return the time that governs the place of the mark ¶ in a paragraph of a work report of 2023."""
    offset = text.index("¶")
    return span(TimedText(fold(text.replace("¶", "")), headings, section, WORK_REPORT).time_at(offset))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("立案¶9件。", (2022, None, None)),
        ("2021年，立案3件。结案¶2件。", (2021, None, None)),
        ("早在2021年就立案3件。结案¶2件。", (2021, None, None)),
        ("保持平稳，特别是2021年立案3件。结案¶2件。", (2021, None, None)),
        ("2021年立案3件，2022年立案5件，结案¶2件。", (2022, None, None)),
        ("立案9件（2020年3件），结案¶2件。", (2022, None, None)),
        ("立案9件（2020年¶3件），结案2件。", (2020, None, None)),
        ("由2018年的¶3件增加到9件，结案2件。", (2018, None, None)),
        ("由2018年的3件增加到9件，结案¶2件。", (2022, None, None)),
        ("比2019年增长¶3%。", (2022, None, None)),
        ("上半年立案¶3件。全年立案9件。", (2022, None, "01-06")),
        ("上半年立案3件。全年立案¶9件。", (2022, None, None)),
        ("截至11月底，户数为¶3户。", (2022, None, "11")),
        ("2021年、2022年立案分别为¶3件、9件，结案2件。", (2021, None, None)),
        ("2021年、2022年立案分别为3件、¶9件，结案2件。", (2022, None, None)),
        ("2020—2022年分别立案¶3件、6件、9件，结案2件。", (2020, None, None)),
        ("2020—2022年，全市分别立案3件、¶6件和9件。", (2021, None, None)),
        ("2020年、2021年、2022年分别立案3件、6件、¶9件。", (2022, None, None)),
        ("2021—2022年，立案、结案分别为¶9件、2件。", (2022, 2021, None)),
        ("2020—2022年分别立案¶9件、结案2件。", (2022, 2020, None)),
        ("2020年、2021年、2022年累计立案¶9件。", (2022, 2020, None)),
        ("1—10月立案9件（2021年全年¶3件）。", (2021, None, None)),
        ("由2021年全年的¶3件增加到9件。", (2021, None, None)),
        ("立案9件，超过2021年全年的¶3件。", (2021, None, None)),
        ("立案9件，超过2021年的3件，结案¶2件。", (2022, None, None)),
        ("立案9件，是2021年的¶3倍。", (2022, None, None)),
        ("连续三年立案率第一，立案¶9件。", (2022, None, None)),
        ("2022年3月5日召开大会，立案¶9件。", (2022, None, None)),
        ("2021年3月28日至4月2日召开大会，立案¶9件。", (2022, None, None)),
        ("截至2021年12月31日，共有企业¶9户。", (2021, None, "12")),
        ("截止到2022年6月30日，共有企业3户，其中工业¶2户。", (2022, None, "06")),
        ("截至去年6月30日，共有企业¶9户。", (2022, None, "06")),
        ("截止到2021年底，共有企业¶9户。", (2021, None, None)),
        ("2021年1月1日至4月30日立案9件，结案¶9件。", (2021, None, "01-04")),
        ("2021年立案3件。2022年1月以来，立案¶9件。", (2022, None, None)),
        ("2021年调处纠纷2015起，立案¶9件。", (2021, None, None)),
        ("自2020起，各年立案¶9件。", (2022, 2020, None)),
        ("以上年度为基数立案¶9件。", (2021, None, None)),
        ("均比上年均有增加，立案¶9件。", (2022, None, None)),
        ("某厂到2021年11月底为止，立案¶9件。", (2021, None, "11")),
        ("某厂到2021年11月底为止，立案9件。结案¶2件。", (2022, None, None)),
        ("实施2001- 2010年妇女发展规划。立案¶9件。", (2022, None, None)),
        ("2022年立案9件，上年同期为¶8件。", (2021, None, None)),
        ("2022年立案9件（上年同期¶8件），结案2件。", (2021, None, None)),
        ("2022年立案9件，上年同期8件，结案¶2件。", (2022, None, None)),
        ("2022年1—6月立案9件，上年同期新立案¶8件。", (2021, None, "01-06")),
        ("2022年立案9件，上年同期增长¶8%。", (2022, None, None)),
        ("2022年立案9件，高于上年同期的¶8件。", (2022, None, None)),
    ],
)
def test_the_time_that_governs(text: str, expected: Span) -> None:
    """A time at the start of a clause governs what follows, up to the next such time.

    A time inside a clause governs the rest of the clause and, before 为止, the next clause. A time in brackets or in a
    phrase from … to (由2018年的3件增加到9件) governs no further than these. A time that something is compared with
    governs nothing. In a list with 分别, each item has its own time. Some times govern no further than their clause or
    sentence, wherever they are: 上半年, 连续三年, the date of an event, and 上年同期 with its value.
    """
    assert governing(text) == expected


@pytest.mark.parametrize(
    ("headings", "section", "expected"),
    [
        ((), "成效", (2022, None, None)),
        ((), "计划", (2023, None, None)),
        (("过去五年工作回顾", "农业稳步发展"), "成效", (2022, 2018, None)),
        (("2021年工作回顾",), "成效", (2021, None, None)),
        (("2022年和过去五年工作回顾",), "成效", (2022, None, None)),
        (("2022年工作回顾和2023年工作安排",), "成效", (2022, None, None)),
        (("2022年工作回顾和2023年工作安排",), "计划", (2023, None, None)),
        (("今后五年总体思路和2023年的工作",), "计划", (2023, None, None)),
        (("“十四五”规划纲要",), "成效", (2022, None, None)),
    ],
)
def test_headings_and_sections_govern_the_start(headings: tuple[str, ...], section: str, expected: Span) -> None:
    """The innermost heading with a time decides, else the section.

    In a heading, a single year takes precedence over a span. If a heading has two single years
    (2022年工作回顾和2023年工作安排), the last one governs a plan, and the first one any other section.
    """
    assert span(base_time(headings, section, WORK_REPORT)) == expected
    assert governing("立案¶9件。", headings, section) == expected


def test_a_date_after_a_word_for_until_is_a_point_of_time() -> None:
    """A date after 截至 and the like is a point of time, like the end of a month. The date of an event is not."""
    for text, is_end in (("截至2022年6月30日，共有企业¶9户。", True), ("2022年6月30日新增企业¶9户。", False)):
        timed = TimedText(fold(text.replace("¶", "")), (), "成效", WORK_REPORT)
        assert timed.time_at(text.index("¶")).is_end == is_end


def test_other_reports_review_their_own_year() -> None:
    """A report that is not a work report reviews its own year. If its year is unknown, so are the years it is about."""
    assert span(base_time((), "成效", LAW_REPORT)) == (2023, None, None)
    assert span(base_time((), "计划", LAW_REPORT)) == (2024, None, None)
    assert span(base_time((), "成效", Calendar.of_document(None, None))) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "headings", "section", "expected"),
    [
        ("立案9件。", ("工作回顾",), "成效", (2022,)),
        ("2020年立案3件。2021年立案5件。", (), "成效", (2020, 2021)),
        ("立案9件（2020年3件）。", (), "成效", (2022,)),
        ("各位代表：现在向大会报告工作。", (), "其他", ()),
        ("2021年，名词解释。", (), "其他", (2021,)),
        ("今年是开局之年。生产总值增长8%。", ("今后五年的目标",), "计划", (2023,)),
    ],
)
def test_years_of_a_paragraph(text: str, headings: tuple[str, ...], section: str, expected: tuple[int, ...]) -> None:
    """A paragraph is about the years of the times in its main clauses, not of those in brackets.

    Without such times, it is about the year of its headings or section, and an introduction is about none.
    """
    assert TimedText(fold(text), headings, section, WORK_REPORT).years() == expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (("收件",), (2023, None, None)),
        (("行政处罚统计表（2023年1月1日至12月31日）",), (2023, None, None)),
        (("行政处罚统计表（2023年1月1日至6月30日）",), (2023, None, "01-06")),
        (("收件", "十二月"), (2023, None, "12")),
        (("收件", "2022.06"), (2022, None, "06")),
        (("收件", "2022.06.15"), (2023, None, None)),
        (("收件", "2021"), (2021, None, None)),
        (("2021年", "1-6月"), (2021, None, "01-06")),
        (("1-6月", "2021年"), (2021, None, "01-06")),
        (("上年同期",), (2022, None, None)),
        (("比上年增减（%）",), (2023, None, None)),
        (("较上年同期增长",), (2023, None, None)),
        (("与2022年相比",), (2023, None, None)),
        (("2022年", "比2021年增长"), (2022, None, None)),
        (("一至三季度",), (2023, None, "01-09")),
        (("2022年1-3季度",), (2022, None, "01-09")),
        (("“十三五”期间",), (2020, 2016, None)),
    ],
)
def test_headers_state_the_time_of_a_cell(labels: tuple[str, ...], expected: Span) -> None:
    """Year and months can be in different headers. A range of dates counts as the months that it covers.

    上年 is the year before that of the table, which is 2023 here. 比上年 states no time.
    """
    assert span(time_of_labels(labels, LAW_REPORT, Time(2023))) == expected


def test_years_of_a_row() -> None:
    """A header can be a bare year. A number in a cell is not a year."""
    row = fold("指标 收件 ｜ 2021 120 ｜ 2022 2000")
    assert years_of_row(row, (), "成效", LAW_REPORT) == (2021, 2022)
