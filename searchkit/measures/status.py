"""Whether a measure was reached, is planned, is a rule or a value before a change, and whether it is of a state."""

from __future__ import annotations

import re
from typing import NamedTuple

from searchkit.corpus.sections import PLANS
from searchkit.corpus.times import Calendar, Time, TimedText

_TO_AFTER = re.compile(
    r"[^;。]{0,12}?(?:提高|增加|增长|上升|提升|下降|降低|降|减少|缩小|压缩|缩短|调整|扩大|回落|发展|变为|跃升|攀升|回升|增|减|升|扩展|上调|下调|改善|达)?[到至为]"
)
_TARGET = re.compile(
    "力争|争取|确保|计划(?!生育|单列|外|内|完成)|拟|预期|目标|要(?!求|素|闻|点|害)|将(?!军|来|其)|务必|控制在|规划|打算|任务是|安排(?!了)|保持在"
)
_TARGET_MISSED = re.compile(r"(?:超过|高于|低于|完成|超额|实现|好于|快于)[^,。;]{0,12}$")
_TARGET_NOUN_AFTER = re.compile(r"(?:左右|以上|以内)?的?(?:预期|预定|年度|计划|目标|要求|任务)")
_FACT = re.compile("目前|现有|已经|已(?!知)|去年|上年|截至|至今|现已")
_STOCK = re.compile(
    "覆盖率|城镇化率|入学率|失业率|普及率|参保率|持证率|达标率|森林覆盖|寿命|余额|储备|里程|装机|保有量|现有|共有|总数|拥有|在校|总人口|人口(?!自然|增长)|"
    "通车|在岗|在册|总面积|库容|能力|床位|党员|编制|常住|户籍|累计|占地|耕地|注册|存款|贷款|资产总额|总资产|负债|市场主体"
)
_FLOW = re.compile(
    "新增|新建|新开|增长|增加|减少|下降|完成|建成|建设|改造|投入|提高|贡献率|自然增长率|涨幅|发放|吸纳|引进|净增|升|降|增速|率先|受理|办结|查处"
)


def find_status(
    folded: str,
    start: int,
    end: int,
    unit: str | None,
    section: str,
    time: Time,
    calendar: Calendar,
    *,
    is_change: bool,
) -> str:
    """Return the status of a quantity: actual, target, rule or before.

    `start` and `end` are those of the number with its unit and bound, `time` is the time that governs it.
    """
    clause_start = max((folded.rfind(mark, 0, start) for mark in ",;。!?"), default=-1) + 1
    sentence_start = max((folded.rfind(mark, 0, start) for mark in "。;!?"), default=-1) + 1
    clause = folded[clause_start:start]
    if not is_change and (
        (_INITIAL.search(clause) and _TO_AFTER.match(folded, end))
        or (_COMPARED_VALUE.search(clause) and _CHANGE_AFTER.match(folded, end))
    ):
        return "before"
    is_share = unit in {"%", "‰"} or unit is None
    if not is_share and (
        _THRESHOLD.search(folded[max(start, end - 4) : end + 10])
        or (_OVER.search(clause) and _OF_NOUN.match(folded, end))
    ):
        return "rule"
    after = folded[end : end + 16]
    if _TARGET_NOUN_AFTER.match(after) and _TARGET_MISSED.search(clause):
        return "target"
    year, planned = time.of_year, calendar.planned
    is_past = year is not None and planned is not None and year < planned
    if section == PLANS:
        if _TARGET.search(clause):
            return "target"
        return "actual" if is_past or _FACT.search(clause) else "target"
    if not is_past and year is not None and planned is not None and year >= planned and not _DONE.search(clause):
        return "target"
    return "target" if _TARGET_IN_REVIEW.search(folded, sentence_start, start) else "actual"


_INITIAL = re.compile(r"(?:[由从](?![事业此])|原来的?)[^,;。]{0,20}$")
_COMPARED_VALUE = re.compile(r"[比较](?:上年|去年|前年|\d{4}年(?:[底末])?)的?$")
_CHANGE_AFTER = re.compile(r"(?:增长|增加|提高|上升|下降|减少|降低|多|少|高|低|翻)")
_THRESHOLD = re.compile(
    r"^[^,。;]{0,4}以[上下内外](?:的(?!速度|比例|目标|增长|增速|水平|成绩|规模|要求)|[^\d,。;、的!]{2,8}(?:企业|项目|机组|户|学校|园区|县|村|人员|对象|产业|基地|集团))"
)
_OVER = re.compile(r"(?:超过?|过|满|不足|低于|高于|达到?)$")
_OF_NOUN = re.compile(r"的?(?:[^\d,。;的]{0,6})(?:企业|园区|产业集群|基地|集团|产业带|县|市|乡镇|项目|人员|老人|居民)")
_DONE = re.compile("已|完成|实现了|建成了|现有")


_TARGET_IN_REVIEW = re.compile(
    "力争|争取(?!到)|预期目标[是为]|目标[是为]:?|计划(?:到|在)|到[^,。]{2,8}年[^,。]{0,6}(?:要|将|达到)|必须|应当|要求(?:达到|实现)"
)


def is_stock(name: str, folded: str, start: int, end: int, time: Time, *, is_change: bool) -> bool:
    """Return whether a measure is of a state at a point of time."""
    if is_change:
        return False
    words = f"{name} {folded[max(0, start - 10) : start]}"
    if _FLOW.search(words):
        return bool(re.search("累计|率(?!先)", name)) and not re.search("新增|增长|完成", name)
    return bool(_STOCK.search(words)) or (
        time.is_end and bool(re.search("达到?|有|为|突破", folded[max(0, start - 4) : start]))
    )


class MeasureTime(NamedTuple):
    """Time and status of a measure, as `model.ExtractedMeasure` has them."""

    of_year: int | None
    since: int | None
    part: str | None
    stock: bool
    status: str


def find_time(
    timed: TimedText, name: str, number: range, unit: str | None, section: str, *, is_change: bool
) -> MeasureTime:
    """Return time and status of a measure. `number` is the span of the number with its unit and bound."""
    folded, time = timed.folded, timed.time_at(number.start)
    status = find_status(folded, number.start, number.stop, unit, section, time, timed.calendar, is_change=is_change)
    stock = is_stock(name, folded, number.start, number.stop, time, is_change=is_change)
    if status == "rule":
        return MeasureTime(None, None, None, stock, status)
    if status == "before" and not timed.has_own_time(max(0, number.start - 14), number.start):
        first = timed.base.since or time.of_year
        return MeasureTime(first and first - 1, None, None, stock, status)
    return MeasureTime(time.of_year, None if stock else time.since, time.part, stock, status)
