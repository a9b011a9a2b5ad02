"""The labels of a table's rows and columns: what they name, their unit, their time, and whether they name a rate."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from searchkit.corpus.tables.cells import (
    TIME_LABEL,
    find_unit_note,
    is_bare_total,
    is_class,
    is_time,
    is_total,
    parse_unit_note,
    part_prefix,
)
from searchkit.measures.vocabulary import Vocabulary
from searchkit.text.folding import fold

_UNIT_IN_BRACKETS = re.compile(r"\s*[(\[【](?:(?:计量)?单位[:为]?)?\s*(?P<content>[^()\[\]]{1,12}?)\s*[)\]】]\s*")
"""A text in brackets, which may be a unit: （万元）, （单位：件）."""
_UNIT_AT_END = re.compile(r"\s*[/,:、]\s*(?P<unit>[^/,:、()\s]{1,6})$")
"""A text at the end after a slash or another mark, which may be a unit: 罚款/万元."""
_PERCENT_AT_END = re.compile(r"\s*(?P<unit>[%‰])$")
_BARE_UNIT_AT_END = re.compile(
    r"(?<=[\u4e00-\u9fff])(?P<unit>[十百千万亿]{0,2}(?:[美港欧日澳]|(?<!单))元|[户人家件车批班]次|(?:[件起人户家项次个条宗份只辆台亩套处所天篇]|[户人家件车批班]次)(?=数$))数?$"
)
"""A unit that nothing separates from the words before it: 罚没款万元, 利用外资万美元, 检查家次, 立案起数. 单元 is
excluded: it is a thing (网格单元数)."""
_COUNT_LABEL = re.compile(r"(?P<unit>[件起人户家项次个条宗份只辆台亩套处所天篇元吨米名位]|[户人家件车批班]次)数?")
"""A label that is a unit (人), or a unit and 数 (件数)."""
_COMPOUND_COUNT = re.compile(r"(?:^|(?<=[\u4e00-\u9fff]))(?P<unit>[件批起人户家]\([件批起人户家]\)次)数?$")
"""Two counts in one: 件（批）次, 来访人（批）次."""
_INCREASE = re.compile(r"增[幅速长减]|增加(?!值)|涨幅|同比|环比|升降|[较比]上年|[较比]去年|增减")
"""Words for an increase, or for a change in either direction (同比, 升降). 增加值 alone is excluded, because it is an
amount: 工业增加值（亿元）."""
_DECREASE = re.compile(r"[降减]幅|下降|减少|压减|降低")
_UP = re.compile("增(?!加?值)|升|涨|提高")
"""Words of increase. A header with such a word and a word of `_DECREASE` names a change in either direction:
增长（下降）. 增值 and 增加值 are excluded, because they are amounts: 增值税比上年减少."""
_SHARE = re.compile(r"占比|占.{0,8}[比例重]|比重|比例|百分比|构成")
_GROWTH = re.compile(r"增[幅速]|增长(?!点|极|量|额|数)|[涨降减]幅|[同环]比(?!增减|增加|减少)|升降|百分比")
_RATE_END = re.compile(r"(?<![汇频功])(?<!容积)(?<!市盈)率$")
"""The end of the name of a percentage. 汇率, 频率, 功率, 容积率 and 市盈率 are excluded: they are none."""
_SCORE = re.compile("(?:[得评扣满总]分|分[值数]|权重)$")
"""Words for points: 得分, 分值."""
_RATE = re.compile(r"(?:1|[^\W\d_]{0,2})/[0-9]*[百千万亿]{1,2}[^\W\d_]{0,2}")
"""Cases per number of people, a unit that labels have in brackets: 1/10万, 人/10万人."""
_POINTS = re.compile(r"\((?:满分|共)?[:为]?\d{1,3}分\)")
"""The points that can be scored: 依法行政（40分）."""
_GENERIC_WORDS = re.compile(
    r"(?:数[量值据目额]|总?[金数]额|总?数|值|人次|[件人户次个起项]数|比[例重]|占比|实[绩际]|情况|内容|结果|指标|项目|名称|完成(?:情况|数)?"
    r"|[同环]比.{0,4}|[较比]上年.{0,4}|[较比]去年.{0,4}|增[长减加]?[幅速率量]?|[涨降]幅|升降)"
)
"""Words that say too little by themselves. In an indicator, they follow the words that they refer to."""
_CAPTION_NUMBER = re.compile(r"(?:[附续]\s?)?表\s?(?:[\d一二三四五六七八九十]{1,3}(?:[-—.]\d{1,3})*)?\s*[:、.]?\s*")
"""The number of a table at the start of its caption: 表3-1."""
_CAPTION_END = re.compile(
    r"(?:基本|主要|总体)?(?:情况)?(?:统计|汇总|明细|一览|数据|情况|指标)*(?:表|情况|统计|一览|汇总)\s*$"
)
_CAPTION_YEAR = re.compile(r"((?:19|20)\d\d)\s?年(?:度|[上下]半年|\d{1,2}(?:[-—至]\d{1,2})?月)?")
_YEAR_START = re.compile(r"(?:19|20)\d\d|[一二][〇○零一二三四五六七八九]{3}|本年|今年|上年|去年|前年")
_THIS_YEAR = frozenset({"本年", "本年度", "今年", "本期", "全年"})
_MAX_PERIODS = 3
"""Maximum number of times that are joined to the period of a cell: 2023年 and 上半年 in its labels are two times."""
_SCALED = re.compile("/[十百千万亿]")
"""A slash before a scale. It means “per”: 人/万人."""
_CALENDAR_UNITS = frozenset({"月", "日", "季", "季度", "学期"})
"""Words that can follow the slash of a unit although they are not units: 元/月."""
_PERCENT_UNITS = {"%": "percent", "‰": "other", "百分点": "percent", "个百分点": "percent"}
"""Units of rates → their kind (`names.MEASURE_KINDS`)."""


@dataclass(frozen=True, slots=True)
class Label:
    """A header cell, split into its parts."""

    words: str = ""
    """What it names as printed, without time and 其中, and without the unit unless `_split_unit` keeps it (件数). The
    words of a total keep their time (本年收入合计), and are empty if they only say that it is a total (合计)."""
    unit: str | None = None
    """The unit that it states, or None."""
    period: str = ""
    """The time that it states as printed, or empty."""
    is_total: bool = False
    """Whether it names a total: 合计, 本年收入合计."""
    is_rate: bool = False
    """Whether its numbers are percentages unless a unit is stated: 占比, 增幅, 办结率."""
    change: str | None = None
    """One of `names.MEASURE_CHANGES` if it names a change, otherwise None."""

    @property
    def is_additive(self) -> bool:
        """Whether its numbers can be added: amounts and shares (占比), but not rates (办结率) or changes."""
        return self.change is None and not _RATE_END.search(self.words)

    @property
    def is_score(self) -> bool:
        """Whether it names points, which are not percentages even in the row of a rate: 分值, 得分."""
        return _SCORE.search(self.words) is not None

    @property
    def is_generic(self) -> bool:
        """Whether its words say too little by themselves."""
        return _GENERIC_WORDS.fullmatch(self.words) is not None


def parse_label(text: str, vocabulary: Vocabulary) -> Label:
    """Split a header cell into its parts."""
    if is_total(text):
        words, unit = _split_unit(text, vocabulary)
        return Label("" if is_bare_total(text) else words.strip(), unit, is_total=True)
    text, unit = _split_unit(text[part_prefix(text) :], vocabulary)
    text, period = _split_time(text)
    words = text.strip(" 、，,:：")
    folded = fold(words)
    is_decrease = _DECREASE.search(folded) is not None and not _UP.search(folded)
    change = "decrease" if is_decrease else "increase" if _INCREASE.search(folded) else None
    is_rate = bool(_SHARE.search(folded) or _GROWTH.search(folded) or _RATE_END.search(folded))
    return Label(words, unit, period, is_rate=is_rate, change=change)


def unit_kind(unit: str, vocabulary: Vocabulary) -> str | None:
    """Return the kind of a written unit, one of `names.MEASURE_KINDS`; None if it is not a unit."""
    if unit in _PERCENT_UNITS:
        return _PERCENT_UNITS[unit]
    scale, name = vocabulary.split_scale(unit)
    if not name:
        return "count" if scale > 1 else None  # a scale alone: 万
    match = vocabulary.match_unit(name, 0)
    if match is not None and len(match.name) == len(name):
        return match.kind
    counted, _, per = unit.rpartition("/")
    is_ratio = counted and "/" not in counted and unit_kind(counted, vocabulary)
    return "other" if is_ratio and (per in _CALENDAR_UNITS or unit_kind(per, vocabulary)) else None


def _split_unit(text: str, vocabulary: Vocabulary) -> tuple[str, str | None]:
    """Return a label without its unit, and the unit, or None if the label states no unit.

    The unit stays in a label that is nothing but a unit (件数, 万元), and if `_find_special_unit` finds it. A label
    that names a class of numbers (500万元以下) is returned whole, and states no unit.
    """
    folded = fold(text)
    special = _find_special_unit(folded, vocabulary)
    if is_class(text) or special is not None:
        return text, special
    for bracket in _UNIT_IN_BRACKETS.finditer(folded):
        if unit_kind(bracket["content"], vocabulary) or _RATE.fullmatch(bracket["content"]):
            rest = f"{text[: bracket.start()]} {text[bracket.end() :]}".strip()
            return rest, text[bracket.start("content") : bracket.end("content")]
    for pattern in (_PERCENT_AT_END, _UNIT_AT_END, _BARE_UNIT_AT_END):
        match = pattern.search(folded)
        if match is not None and unit_kind(match["unit"], vocabulary):
            return text[: match.start()], folded[match.start("unit") : match.end("unit")]
    whole = _COUNT_LABEL.fullmatch(folded)
    return (text, whole["unit"]) if whole is not None else (text, None)


def _find_special_unit(folded: str, vocabulary: Vocabulary) -> str | None:
    """Return the unit of a label with two counts (件（批）次) or points (（40分）), or that is a unit (万元), or None.

    Such a unit stays in the label. A unit of one character (件) is not found here.
    """
    compound = _COMPOUND_COUNT.search(folded)
    if compound is not None:
        return compound["unit"].replace("(", "（").replace(")", "）")
    if _POINTS.search(folded):
        return "分"
    return folded if len(folded) > 1 and unit_kind(folded, vocabulary) else None


def _is_alternative(unit: str, vocabulary: Vocabulary) -> bool:
    """Return whether a slash separates two counts (件/人), each the unit of some numbers, and does not mean `per`."""
    return all(unit_kind(part, vocabulary) == "count" for part in unit.split("/")) and not _SCALED.search(unit)


def _split_time(text: str) -> tuple[str, str]:
    """Return a label without the time at its start or in brackets, and the time as printed."""
    folded = fold(text)
    match = TIME_LABEL.match(folded)
    # Digits alone are a year only if they are the whole label: 2023, but not 2023 in 2023个.
    if match is not None and (match.end() == len(text) or match[0].isdecimal() is False):
        return text[match.end() :].removeprefix("的"), text[: match.end()].strip()
    for bracket in _UNIT_IN_BRACKETS.finditer(folded):
        if is_time(bracket["content"]):
            period = text[bracket.start("content") : bracket.end("content")]
            return f"{text[: bracket.start()]}{text[bracket.end() :]}", period
    return text, ""


def join_words(column: Sequence[Label], row: Sequence[Label], caption: str | None) -> str:
    """Return the indicator of a cell: the words of its column, then those of its row.

    If the words of the column are generic, they follow those of the row, to which they refer (立案 同比增长). If those
    of the row are generic too, the words of the caption come first.
    """
    column_words = [label.words for label in column if label.words]
    row_words = [label.words for label in row if label.words]
    is_column_generic = all(label.is_generic for label in column if label.words)
    words = [*row_words, *column_words] if is_column_generic else [*column_words, *row_words]
    is_vague = is_column_generic and all(label.is_generic for label in row if label.words)
    if is_vague and caption:
        words.insert(0, _caption_words(caption))
    return " ".join(dict.fromkeys(word for word in words if word))


def _caption_words(caption: str) -> str:
    """Return a caption without its number, its year, and words such as 情况统计表 at its end.

    The text from the first bracket on is left out too. A caption that is nothing but such words keeps them.
    """
    folded = fold(caption)
    start = match.end() if (match := _CAPTION_NUMBER.match(folded)) else 0
    year = _CAPTION_YEAR.match(folded, start)
    start = year.end() if year else start
    bracket = folded.find("(", start)
    text = caption[start : bracket if bracket > start else None].strip()
    return _CAPTION_END.sub("", text).strip() or text


def find_period(labels: Sequence[Label], caption: str | None, year: int | None) -> str | None:
    """Return the period that the labels of a cell state or, if they state none, the period that the caption states.

    Return None if neither states a period, or if the period is the reporting year.

    The times of several labels are joined, a year first: 2023年上半年. A caption with several different years states no
    period.
    """
    periods = list(dict.fromkeys(label.period for label in labels if label.period))[:_MAX_PERIODS]
    if not periods and caption and len(set(found := _CAPTION_YEAR.findall(fold(caption)))) == 1 and found:
        match = _CAPTION_YEAR.search(fold(caption))
        periods = [match[0]] if match else []
    periods.sort(key=lambda period: not _YEAR_START.match(fold(period)))
    period = "".join(periods)
    is_this_year = year is not None and re.fullmatch(rf"{year}\s?(?:年度?[末底]?)?(?:全年)?", fold(period)) is not None
    return None if not period or period in _THIS_YEAR or is_this_year else period


def parse_stated_units(text: str, vocabulary: Vocabulary) -> str | None:
    """Return the unit that a note or a caption states for the numbers of a table; None if it states none or several.

    A percent sign beside another unit is ignored, because it is that of columns of shares: 单位：亿元、% states 亿元.
    """
    stated = parse_unit_note(text) or find_unit_note(text)
    if (
        stated
        and "/" in stated
        and unit_kind(stated, vocabulary) == "other"
        and not _is_alternative(stated, vocabulary)
    ):
        return stated
    if stated is None:
        bracket = next((match["content"] for match in _UNIT_IN_BRACKETS.finditer(fold(text))), "")
        stated = bracket if bracket and unit_kind(bracket, vocabulary) else None
    units = [unit for unit in re.split(r"[、,/\s]+|和|及", stated or "") if unit and unit_kind(unit, vocabulary)]
    counted = [unit for unit in units if unit not in _PERCENT_UNITS] or units
    return counted[0] if len(counted) == 1 else None
