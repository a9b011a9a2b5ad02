"""The time of a measure, and whether it was reached, is planned, is a rule, or is the value before a change."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from searchkit.corpus.sections import PLANS
from searchkit.corpus.times.expressions import Calendar, Time
from searchkit.corpus.times.governing import TimedText, time_of_labels


class MeasureTime(NamedTuple):
    """The fields of `model.ExtractedMeasure` about time and status."""

    of_year: int | None
    since: int | None
    part: str | None
    stock: bool
    status: str


@dataclass(frozen=True, slots=True)
class NumberInText:
    """A number in a folded text, with its unit."""

    name: str
    """The indicator."""
    start: int
    end: int
    """End of the number, its unit and its bound (以上)."""
    unit: str | None
    """The base unit, or None if there is no unit."""
    is_change: bool = False
    """Whether the number is a change (增长5%)."""


def find_time(timed: TimedText, number: NumberInText) -> MeasureTime:
    """Return the time and the status of a number. docs/times.md describes the rules."""
    time = timed.time_at(number.start)
    status, planned = _find_status(timed, number, time), timed.calendar.planned
    if status == "rule":
        return MeasureTime(None, None, None, stock=False, status=status)
    stock = not number.is_change and _is_stock(timed.folded, number, time)
    if status == "before":
        compared = timed.compared_time(number.start)
        if compared is None:  # the value is of the year before the first year that the text is about
            first = time.since or timed.base.since or timed.base.of_year
            compared = Time(None if first is None else first - 1)
        return MeasureTime(compared.of_year, None, compared.part, stock, status)
    if status == "actual" and time.of_year is not None and planned is not None and time.of_year > planned:
        # The number is of the year that the report looks back on: 42 in 到1990年…,现有42所.
        time = Time(timed.calendar.reviewed)
    return MeasureTime(time.of_year, None if stock else time.since, time.part, stock, status)


def find_cell_time(
    labels: Sequence[str], number: NumberInText, calendar: Calendar, base: Time, section: str
) -> MeasureTime:
    """Return the time and the status of the cell of a table.

    `labels` are the headers of its row and its column, outermost first. `base` is the time that governs its row. The
    offsets of `number` are not used.
    """
    time = time_of_labels(labels, calendar, base)
    stock = not number.is_change and _is_stock("", number, time)
    is_planned = any(_PLANNED_LABEL.search(label) and not _DONE_LABEL.search(label) for label in labels)
    year, planned = time.of_year, calendar.planned
    is_ahead = section == PLANS and year is not None and planned is not None and year >= planned
    status = "target" if is_planned or is_ahead else "actual"
    return MeasureTime(time.of_year, None if stock else time.since, time.part, stock, status)


def _find_status(timed: TimedText, number: NumberInText, time: Time) -> str:
    """Return the status of a number. `time` is the time that governs it."""
    clause = _text_before(timed.folded, number.start, _CLAUSE_STOPS)
    if not number.is_change and _is_before(timed.folded, number, clause):
        return "before"
    if _is_rule(timed.folded, number, clause):
        return "rule"
    return "target" if _is_target(timed, number, time, clause) else "actual"


def _text_before(folded: str, end: int, stops: str) -> str:
    """Return the text between the last of the marks `stops` and an offset, at most `_MAX_REACH` code points."""
    first = max(0, end - _MAX_REACH)
    for stop in stops:  # each mark that is found shortens what is searched for the others
        first = max(first, folded.rfind(stop, first, end) + 1)
    return folded[first:end]


_MAX_REACH = 300
"""Maximum number of code points before a number that are read as its clause or sentence."""
_CLAUSE_STOPS = ",;:。!?"
_SENTENCE_STOPS = ";。!?"
_ITEM_STOPS = ",;。!?、和及"
"""Folded punctuation marks that end a clause or a sentence; marks and conjunctions that end an item of a list."""


# The value before a change.

_FROM = re.compile(
    r"(?:(?<![自理缘])[由从](?![事业此严而])|原来的?)(?:(?!(?:[提增上降减缩扩回跃][高加长升低少小大落]|[降增减升达])[到至为])[^,;。]){0,20}$"
)
"""Matches the end of the text before a first value: 由 in 由12件提高到15件. A verb that leads to the second value
(提高到) must not come between. Words that contain 由 or 从 are excluded: 自由贸易, 从严查处."""
_CHANGE_TO = (
    r"(?:提高|增加|增长|上升|提升|下降|降低|减少|缩小|压缩|缩短|延长|调整|扩大|覆盖|回落|发展|变为|跃升|攀升|回升|扩展|上调|下调|改善"
    r"|增|减|升|降)[到至为]"
)
"""A verb that leads to the second value: 提高到."""
_COMPARED = re.compile(r"[比较](?:上年|去年|前年|\d{4}年)(?:同期|[底末])?的?$")
"""比上年 in 比上年28个增加12个, before the number."""
_CHANGE_AFTER = re.compile(r"(?:净?增|提高|上升|下降|减|降|多|少|高|低|翻)")
"""增加 in 比上年28个增加12个, after the number."""


def _is_before(folded: str, number: NumberInText, clause: str) -> bool:
    """Return whether a number is the value before a change: the first of 由X提高到Y, or X in 比上年X增加."""
    is_first = bool(_FROM.search(clause) and _to_after(number.unit or "").match(folded, number.end))
    return is_first or bool(_COMPARED.search(clause) and _CHANGE_AFTER.match(folded, number.end))


@cache
def _to_after(unit: str) -> re.Pattern[str]:
    """Return a pattern of 提高到 in 由12件提高到15件, after the number, whose unit is given.

    到, 达到 and 为 without another verb must be followed by a value without unit or in the same unit. This excludes
    从机关抽调30名,到12个镇检查 and 由公安机关查处12起,达到较好效果. Also excluded are 到位 and similar words
    (从省里争取3万元,到位2万元), and 为 after a comma, because it begins another statement:
    由公安机关查处12起,为群众挽回损失.
    """
    value = rf"(?:[\d一二两三四五六七八九十百千万亿][余多几]?[万亿]?(?:个?{re.escape(unit)}|[,;。])|[百千]分之)"
    return re.compile(
        rf"[^,;。]{{0,12}}?(?:,?{_CHANGE_TO}|(?:,?达?(?:到(?![位期账])|至)|为)(?=[^,;。]{{0,16}}?{value}))"
    )


# Thresholds and legal figures.

_THRESHOLD_NOUN = "企业|项目|机组|户|学校|园区|县|村|人员|对象|产业|基地|集团"
_THRESHOLD = re.compile(
    r"[^,。;]{0,4}以[上下内外](?:的(?!速度|比例|目标|增长|增速|水平|成绩|规模|要求)"
    rf"|[^\d,。;、的!]{{0,8}}(?:{_THRESHOLD_NOUN})|的?,?(?:都|均|须|应|由|一律))"
)
"""亿元以上的 in 投资1亿元以上的项目. Matched `_UNIT_REACH` code points before the end of the number, or at the
start of the number if it is shorter."""
_OVER = re.compile(r"(?:超过?|(?<![通经度])过|满|不足|低于|高于)$")
"""Matches the end of the text before a threshold. The lookbehind excludes words that end with 过: 通过15户企业."""
_REACHED = re.compile("达到?$")
_NOUN_AFTER = re.compile(
    r"(?:、(?:超过?|过)[\d十百千万亿]{1,6}元)?的?[^\d,。;、()的]{0,6}"
    r"(?:企业|园区|产业集群|基地|集团|产业带|(?<!全)[县市]|乡镇|项目|人员|老人|居民)|的(?:有|占|共)"
)
"""Matches after a threshold that has `_OVER` or `_REACHED` before it: 企业 in 超100亿元企业. Another item, text in
brackets and a rank are excluded: 、企业 in 达1200人次、企业50家, 居全市第三 in 达到500亿元居全市第三."""
_OF_NOUN_AFTER = re.compile(
    "的(?!好|良|佳|新|目标|规模|水平|成绩|预期|历史|增|速度|大关|[^,。;]{0,4}目标)[^\\d,。;的]{1,8}"
)
"""Matches after a threshold that has `_OVER` before it: 的案件 in 超过5万元的案件, 的达到 in 过500亿元的达到18个."""
_LIMIT = re.compile("[至到~—–-]|以[上下内]")
_FINE_AFTER = re.compile("[0-9.十百千万元以上下的]{0,12}罚[款金]")
"""Matches after the amount of a fine, which contains a `_LIMIT`: 2000至3万元罚款, 2000元以上3万元以下的罚款."""
_COUNTING_UNITS = frozenset("项个家件名条种")
"""Units of the things themselves. Numbers with them are no thresholds: 200项以上重点项目 is a number of projects."""
_UNIT_REACH = 4
"""Number of code points before the end of a number in which its bound can begin."""


def _is_rule(folded: str, number: NumberInText, clause: str) -> bool:
    """Return whether a number is a threshold (投资5亿元以上的项目) or limits a fine (2000至3万元罚款).

    A number without unit, a share (95%以上的学生) and a number of `_COUNTING_UNITS` are neither. If no 的 follows, two
    more numbers are no thresholds: a number of events (检查超3000户次企业), and a number of things after a word such as
    超 or 达 (检查超3000户企业).
    """
    if number.unit in {None, "%", "‰"} or number.unit in _COUNTING_UNITS:
        return False
    is_selecting = folded.startswith("的", number.end)
    if not is_selecting and (number.unit in _EVENT_UNITS or number.unit.endswith("次")):
        return False
    start = max(number.start, number.end - _UNIT_REACH)
    is_over = _OVER.search(clause) and (
        _OF_NOUN_AFTER.match(folded, number.end) or _NOUN_AFTER.match(folded, number.end)
    )
    is_reached = _REACHED.search(clause) and _NOUN_AFTER.match(folded, number.end)
    is_class = (is_selecting or number.unit not in _THING_UNITS) and (is_over or is_reached)
    is_fine = _LIMIT.search(folded, number.start, number.end) and _FINE_AFTER.match(folded, number.end)
    return bool(_THRESHOLD.match(folded, start) or is_class or is_fine)


# Targets.

_TARGET = re.compile(
    "力争|争取|确保|计划(?!生育|单列|外|内|.?完成|的)|拟|预期|目标|要(?!求|素|闻|点|害)|将(?!军|来|其)|务必|控制在|规划|打算|任务是|安排(?!了)|保持在"
)
"""A word of intention in a section of plans, in the clause of the number."""
_TARGET_OF_REVIEW = re.compile(
    "力争|(?<!向上)争取(?!到)(?:(?!资金|补助|上级|中央|专项|债券)[^,。]){0,12}(?:完成|达|实现|增长|突破|超过|控制)"
    "|必须[^,。]{0,12}(?:完成|达|实现|增长|突破|超过|控制|增加)"
    "|预期目标[是为]|目标[是为]:?|计划(?:到|在)|到[^,。]{2,8}年[^,。]{0,6}(?:要|将)|应当(?:达到|完成|实现)|要求(?:达到|实现)"
)
"""A word of intention in any other section, anywhere in the sentence before the number. 争取 of funds, which were
obtained, is excluded (争取上级资金达12亿元), and so is 必须 in the name of a rule (管行业必须管安全)."""
_FACT = re.compile("现有|已经|已(?!知)|去年|上年|至今|[只仅]有|[只仅]占")
"""A word that states a fact in a section of plans, in the clause of the number."""
_PRESENT = re.compile("目前|截至")
"""A word that states a fact in a section of plans, anywhere in the sentence before the number."""
_DONE = re.compile("已|完成|实现了|建成了|现有|截至")
"""A word that states a fact in any other section, in the clause of the number."""
_PLANNED_LABEL = re.compile(
    r"(?:目标|计划|预期|任务|(?<!公共)(?<!基金)(?<!部门)预算)(?:数|值|量|额|安排|指标|任务)*(?:[（(].*)?$|^计划(?!生育|单列)"
)
_DONE_LABEL = re.compile("完成|执行|实现|达到|占|为")
"""A header of planned values (年度目标) matches `_PLANNED_LABEL`. It names achieved ones if it also matches
`_DONE_LABEL` (完成目标%)."""
_SO_FAR = re.compile("今年以来|截至")
"""A word in any other section, anywhere in the sentence before the number, for the time up to the report. The number is
then not planned because of its year alone."""
_TARGET_MISSED = re.compile(r"(?:超过|高于|低于|完成|超额|实现|好于|快于)[^,。;]{0,12}$")
"""Matches the end of the text before a target with which the result is compared: 高于 in 高于7%的预期目标."""
_TARGET_NOUN_AFTER = re.compile(r"(?:左右|以上|以内)?的?(?:预期|预定|年度|计划|目标|要求|任务)")
"""Matches after such a target: 的预期目标 in 高于7%的预期目标."""
_TARGET_IN_BRACKETS = re.compile(r"\((?:年度|全年|年初|预期|预定|计划)?(?:目标|计划)(?:任务|值|数)?[为是]?$")
"""Matches the end of the text before a target in brackets: (目标 in 城镇新增就业24万人(目标18万人)."""


def _is_target(timed: TimedText, number: NumberInText, time: Time, clause: str) -> bool:
    """Return whether a number is planned.

    In every section, a target that a result is compared with is planned: 7% in 高于7%的预期目标, 18万人 in
    24万人(目标18万人).

    In a section of plans, any other number is planned too, unless its year is past or a word states a fact. A word of
    intention in its clause outweighs both. In other sections, a number is planned if its year is the one that the
    report plans or later, unless it is of a part of that year or a word states a fact. It is always planned if its
    sentence has a word of intention before it.

    `time` is the time that governs the number. `clause` is the text of its clause before the number.
    """
    folded, planned = timed.folded, timed.calendar.planned
    is_named = _TARGET_NOUN_AFTER.match(folded, number.end) and _TARGET_MISSED.search(clause)
    if is_named or _TARGET_IN_BRACKETS.search(clause):
        return True
    sentence = _text_before(folded, number.start, _SENTENCE_STOPS)
    years_ahead = -1 if time.of_year is None or planned is None else time.of_year - planned
    if timed.section == PLANS:
        is_past = years_ahead < 0 and time.of_year is not None
        return bool(_TARGET.search(clause)) or not (is_past or _FACT.search(clause) or _PRESENT.search(sentence))
    is_reported = time.part is not None or _DONE.search(clause) or _SO_FAR.search(sentence)
    return (years_ahead >= 0 and not is_reported) or bool(_TARGET_OF_REVIEW.search(sentence))


# States at a point of time.

_STOCK = re.compile(
    "覆盖率|城镇化率|入学率|失业率|普及率|参保率|持证率|达标率|森林覆盖|寿命|余额|储备|里程|装机|保有量|现有|共有|总数|拥有|在校|总人口|(?<!贫困|转移)人口(?!自然|增长)"
    "|通车|在岗|在册|总面积|库容|能力|床位|党员|编制|常住|户籍|占地|耕地|注册(?:志愿|商标|资本|会员)|存款|贷款|资产总额|总资产|负债|市场主体"
)
"""Words of states, in the name or shortly before the number."""
_FLOW = re.compile(
    "新增|新建|新开|递增|(?:增长|增加|减少|下降|提高|升|降)(?![到至为])|完成|建成|建设|改造|投入|贡献率|自然增长率|涨幅|发放|吸纳|引进|净增|增速|率先|受理|办结"
    "|查处"
)
"""Words of what happens in a period."""
_STATE_VERB = re.compile("(?:已经?|现|仍|尚)有$|(?:增加|发展|扩大|增)到$|达到?$|全[国省市区县]共?有$")
"""Directly before the number of things that exist: 高新区增加到5个."""
_SO_FAR_VERB = re.compile("累计(?:已?达到?|已?有|总?数?为?)$")
"""Directly before a total so far. 累计检查30家 is what happened."""
_TOTAL_VERB = re.compile("达到?|有|为|突破")
"""Shortly before the total at a point of time: 年末达到5万户."""
_THING_UNITS = frozenset("个家户所座条")
"""Units of things that exist."""
_EVENT_UNITS = frozenset(("次", "人次", "起", "场", "批", "批次"))
"""Units of events, which are not states."""
_STOCK_REACH = 10
_VERB_REACH = 4
"""Numbers of code points before a number. `_STOCK_REACH` of them are searched for words of states, `_VERB_REACH` for
`_TOTAL_VERB`."""


def _is_stock(folded: str, number: NumberInText, time: Time) -> bool:
    """Return whether a number that is not a change is of a state at a point of time."""
    if number.unit in _EVENT_UNITS:
        return False
    before = _text_before(folded, number.start, _ITEM_STOPS)[-_STOCK_REACH:]
    words = f"{number.name} {before}"
    if _SO_FAR_VERB.search(before):
        return time.since is None  # a total of several years (五年累计) is not a state
    if _FLOW.search(words):  # 覆盖率 is a state even beside such a word; 增长率 is not
        return bool(re.search("率(?!先)", number.name)) and not re.search("新增|增长|完成", number.name)
    if _STOCK.search(words) or (number.unit in _THING_UNITS and _STATE_VERB.search(before)):
        return True
    return time.is_end and (number.unit in _THING_UNITS or bool(_TOTAL_VERB.search(before[-_VERB_REACH:])))
