"""The shape of a single cell of a table: figure, placeholder, time, label of a total, note of the unit.

The functions depend on nothing but the text of a cell, or of a few cells, and the unit list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from searchkit.files import UNITS_FILE, read_data_file, read_toml
from searchkit.text.folding import fold
from searchkit.text.years import ANY_YEAR

_MAX_CELL_LENGTH = 60
"""Maximum length in code points of a cell that is a figure."""
MAX_HEADER_LENGTH = 60
"""Maximum length in code points of a header cell."""
SENTENCE_STOP = re.compile(r"[。；！？!?;]")
_MAX_DIGITS = 15
"""A number with more digits and no separators is a code."""

_AT_LEAST, _AT_MOST, _APPROX = (
    "不少于|不低于|不小于|至少|超过|高于|大于|多于|逾|超|[≥>]=?",
    "不超过|不高于|不多于|不大于|不足|低于|小于|少于|至多|最多|[≤<]=?",
    "大约|约|将近|接近|近",
)
"""Words and signs before a number that make it a lower bound, an upper bound or approximate."""
_BOUND_AFTER = "及?以[上下内]|左右|上下"
"""Words after a number that make it a bound or approximate."""
_NOTE_SIGN = "[①-⓿*※†¹²³⁰⁴-⁹]"
"""A sign of a note before or after a figure."""
_FIGURE = re.compile(
    rf"(?:{_NOTE_SIGN}+\s*)?(?:(?P<at_least>{_AT_LEAST})|(?P<at_most>{_AT_MOST})|(?P<approx>{_APPROX}))?\s*"
    r"(?P<sign>[-+−–—―▲△▼▽↑↓])?\s*[¥$]?\s*"
    r"(?P<number>\d{1,3}(?:[, ]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*(?P<surplus>[余多])?"
    rf"(?P<unit>(?!{_BOUND_AFTER})[^\d\W①-⓿¹²³⁰-⁹]"
    rf"(?:(?!{_BOUND_AFTER})[^\d\s,;。:!?、()①-⓿¹²³⁰-⁹*]|(?<=[a-z])[²³]){{0,9}}|[%‰])?\s*"
    r"(?:(?P<at_least_after>及?以上)|(?P<at_most_after>及?以[下内])|(?P<approx_after>左右|上下))?"
    rf"(?P<arrow>[↑↓])?\s*(?:{_NOTE_SIGN}|#|\[注?\d{{0,2}}\]|\(?注\d{{0,2}}\)?)*"
)
"""A figure, folded: a number with an optional bound, sign, unit and signs of notes: ≥1,200件①."""
_BRACKETED_NUMBER = re.compile(r"\(((?:\d{1,3}(?:,\d{3})+|\d{3,})(?:\.\d+)?|\d+\.\d+)\s*([%‰]?)\)")
"""A negative number as accounts write it, and its unit: (2,310), (3.2%).

A short integer in brackets is a list number.
"""
_WRAP = re.compile(r"(?<=[^\x00-\u2e7f])\n(?=[^\x00-\u2e7f])|\n(?=[(（])")
"""A line break that is removed without leaving a blank: between two wide characters, or before a bracket."""
_SIGNS_OF_DECREASE = frozenset("-−–—―▼▽↓")
_CALENDAR_UNIT = re.compile(r"年.*|月份?|日|号.*|时|点|季度|分|楼|级|期|路|届|室|栋")
"""A unit that makes the number before it a date, an ordinal or a name (2023年, 2024年计划, 5月, 3号楼, 1路)."""
_MAX_YEARS = 100
"""A number before 年 that is less than this is a number of years. Any other is a year."""
_PLACEHOLDER = re.compile(r"[-—–―－─/／\\.。…·*、~]*|无|暂无|不适用|n/?a|null|none", re.IGNORECASE)
_MONTH = r"(?:1[0-2]|0?[1-9]|[一二三四五六七八九十]{1,2})"
_PART_OF_YEAR = (
    rf"(?:{_MONTH}\s?(?:[-—–~至到]\s?{_MONTH})?\s?月份?[末底]?|[上下]半年|(?:第?[一二三四1-4](?:季度)?\s?[-—–~至到]\s?)?第?[一二三四1-4]季度"
    r"|前[一二三四]?个?季度|全年)"
)
_RELATIVE_YEAR = "(?:上年|去年)同期|本年度?|今年|上一?年度?|去年|前年|本期|上期|同期"
TIME_LABEL = re.compile(
    rf"(?:(?:19|20)\d\d[.\-/](?:0[1-9]|1[0-2])|{ANY_YEAR}\s?(?:年度?)?(?:\s?[-—–~至到]\s?{ANY_YEAR}\s?年?)?(?:[末底])?\s?{_PART_OF_YEAR}?|{_RELATIVE_YEAR}|{_PART_OF_YEAR})"
)
"""A time as a label of rows or columns, folded: 2023, 2023年, 1-6月, 上年同期."""
_DATE = re.compile(r"(?:19|20)\d\d(?:[.\-/]\d{1,2})?")
_NUMBERED = re.compile(r"([0-9]{1,3})\s?([^\W\d_]{1,6})")
_AGE_CLASS = re.compile(r"\d{1,3}周?岁(?:及?以[上下]|\([含不][^()]*\)(?:以[上下])?)(?:\([^()]*\))?(?:人[口员数])?")
"""A class of ages: 60岁及以上人口. It can be a header, although it begins with a number."""
_CLASS = re.compile(
    r"\d[\d.,]*\s*(?!年|月|日)[^\W\d_]{0,3}?\s*"
    r"(?:[-—–~至到]\s*\d[\d.,]*\s*(?!年|月|日)[^\W\d_]{1,4}?|(?:\([含不][^()]*\)|及)?以[上下内]|\+)(?:\([含不][^()]*\))?"
)
"""A class of numbers, folded: 60岁及以上, 18—35岁, 500万元以下."""
_TOTAL_LABEL = re.compile(
    r"(?:其\s?中[:、]?)?(?:[本各全][市区县省州镇]?\s?)?(?:合\s*计|小\s*计|总\s*计|共\s*计|(?:[本全]年)?累\s*计|汇\s*总)(?:数|额)?|全[市区县省州国镇乡]|总\s?[数额量分]|总得分"
)
_NAMED_TOTAL = re.compile(r"[^,;、]{1,12}(?<![统总累])(?:合\s?计|总\s?计|小\s?计)")
"""A total that says of what: 本年收入合计."""
_SUBTOTAL_LABEL = re.compile(r"小\s*计")
_BRACKETS = re.compile(r"\([^()]*\)")
_PART_LABEL = re.compile(r"\s*(?:其\s?中|内含|[#＃]|其\s?余)\s*[:、]?\s*")
_TIME_COLUMN = re.compile("(?:时间|时限|期限|年月|日期)$")
_ORDINAL_HEADER = re.compile(
    r"序\s*号?|编\s*号|no\.?|#|[^,;、]{0,8}(?:排\s*[序名]|[名位]\s*次)|[行栏列]\s*次", re.IGNORECASE
)
_TIME_HEADER = re.compile(r"年[份度]?|月[份度]?|季度?|旬|周次?|日期?|学年|年级")
_CODE_HEADER = re.compile(
    r"(?:电话|手机|传真|联系方式|邮编|邮政编码|编号|代码|编码|证号|证书号|文号|字号|案号|号码|索引号|账号|身份证|日期|年月|序号|页码|网址|[地住]址|住所|地点)"
    r"(?:号码?)?$|^年[份度]?$"
)
"""A header of a column whose numbers count nothing: 电话, 邮编, 年份."""
_UNIT_NOTE = re.compile(r"[(【\[]?\s*(?:计量|金额|数据)?\s*单\s*位\s*[:为]\s*(?P<units>[^:。;()]{1,30}?)\s*[)】\]]?")

_REMARK = re.compile(r"[(【\[]?\s*(?:注|备\s?注|说\s?明|附\s?注|(?:数据|资料)?来源)\s*\d?\s*:")
"""Start of a remark on a table, folded."""
_NOTE = re.compile(
    r"[(【\[]?\s*(?:(?:单位|统计|部门)?负责人|联系人|时间|频[度率]|(?:计量|金额|数据)?\s*单\s*位"
    r"|(?:制表|填表|填报|编制|审核|复核|统计)(?:人|单位|部门|机关|日期|时间)?)\s*:"
)
"""Start of another note, folded."""
_FIELD = re.compile(
    r"[^:]{2,10}:.*|.{0,3}公开\s?\d{1,2}\s?表|(?:19|20)\d\d\s?[年.\-/]\s?\d{1,2}\s?[月.\-/]\s?\d{1,2}\s?日?"
    r"|(?:19|20)\d\d\s?年(?:度|\s?\d{1,2}\s?月)?"
)
"""A cell beside a note, folded: 报送日期：2023年12月5日, 公开01表, a date or a year."""
_UNIT_IN_TEXT = re.compile(r"单\s*位\s*[:为]\s*(?P<units>[^:。;()\]】]{1,30})")


@dataclass(frozen=True, slots=True)
class Figure:
    """A cell that is a number, with its unit and its bound."""

    value: Decimal
    """The number with its sign, without its unit."""
    unit: str
    """The folded text after the number, or empty."""
    bound: str
    """One of `names.MEASURE_BOUNDS`."""
    has_sign: bool
    """Whether the cell prints a sign, an arrow or the brackets of a negative number: (2,310)."""


def join_lines(text: str) -> str:
    """Return the text of a cell on one line."""
    return " ".join(text.split())


def join_wrapped(text: str) -> str:
    """Return a label on one line.

    A line break between two wide characters, as in 行政处罚 on two lines, or before a bracket is removed. Any other
    becomes a blank.
    """
    return _WRAP.sub("", "\n".join(map(join_lines, filter(str.strip, text.split("\n"))))).replace("\n", " ")


def parse_figure(text: str) -> Figure | None:
    """Return the figure that a cell consists of.

    Returns None if the cell is empty or too long, or is a word, name, date, code or several numbers.
    """
    if not text or len(text) > _MAX_CELL_LENGTH:
        return None
    folded = fold(text).strip()
    negative = _BRACKETED_NUMBER.fullmatch(folded)
    match = _FIGURE.fullmatch(f"-{negative[1]}{negative[2]}" if negative else folded)
    if match is None or _is_code(match["number"]):
        return None
    value = Decimal(match["number"].replace(",", "").replace(" ", ""))
    unit = match["unit"] or ""
    if unit and not _unit_pattern().match(unit):
        return None
    if _CALENDAR_UNIT.fullmatch(unit) and not (unit == "年" and value < _MAX_YEARS):
        return None
    mark = match["sign"] or match["arrow"] or ""
    bound = next((name for name in ("at_least", "at_most", "approx") if match[name] or match[f"{name}_after"]), "")
    return Figure(
        -value if mark and mark in _SIGNS_OF_DECREASE else value,
        unit,
        bound or ("at_least" if match["surplus"] else "exact"),
        bool(mark),
    )


def is_unit(text: str) -> bool:
    """Return whether a text is a unit of the unit list or a power of ten: 万元, %, 个百分点, 万."""
    return _unit_pattern().fullmatch(fold(text).strip()) is not None


@cache
def _unit_pattern() -> re.Pattern[str]:
    """Return a pattern of the units of the unit list. Other words after a number make it a name: 12345热线, 5G基站."""
    data: Mapping[str, Mapping[str, str]] = read_toml(read_data_file("unit list", UNITS_FILE), dict)
    lists = (*data["units"].values(), *data["same_as"].values())
    units = sorted({fold(unit) for units in lists for unit in units.split()}, key=len, reverse=True)
    names = (re.escape(unit) + r"(?!\w)" * (unit.isascii() and unit.isalnum()) for unit in units)
    return re.compile(rf"[十百千万亿]+$|[十百千万亿]*(?:个?百分点|{'|'.join(names)})")


def _is_code(number: str) -> bool:
    """Return whether a number is a code: it starts with 0, or has more than `_MAX_DIGITS` digits and no separators."""
    has_leading_zero = len(number) > 1 and number[0] == "0" and number[1] != "."
    return has_leading_zero or (number.isdigit() and len(number) > _MAX_DIGITS)


def is_placeholder(text: str) -> bool:
    """Return whether a cell is empty or only says that it is empty: —, …, /, 无."""
    return _PLACEHOLDER.fullmatch(text.strip()) is not None


def is_number(text: str) -> bool:
    """Return whether a cell is a figure and not a time: 2023 is a time."""
    return parse_figure(text) is not None and not is_time(text)


def is_value(text: str) -> bool:
    """Return whether a cell is a number or a placeholder: 12, —, an empty cell."""
    return is_placeholder(text) or is_number(text)


def is_date(text: str) -> bool:
    """Return whether a number below a header that `names_times` accepts is a year or a month: 2023, 2023.3."""
    return _DATE.fullmatch(text.strip()) is not None


def are_numbered(texts: Sequence[str]) -> bool:
    """Return whether texts are consecutive numbers from 1 with the same word, so that they are names: 1标段, 2标段."""
    matches = [_NUMBERED.fullmatch(text) for text in texts]
    words = {match and match[2] for match in matches}
    return (
        len(texts) > 1
        and len(words) == 1
        and [match and int(match[1]) for match in matches] == [*range(1, len(texts) + 1)]
    )


def is_time(text: str) -> bool:
    """Return whether a label is a time: 2023, 2023年, 1-6月, 上年同期."""
    return TIME_LABEL.fullmatch(fold(text).strip()) is not None


def is_class(text: str) -> bool:
    """Return whether a text can be the name of a class of numbers: 60岁及以上, 18—35岁, 500万元以下."""
    return _CLASS.fullmatch(fold(text).strip()) is not None


def is_total(label: str) -> bool:
    """Return whether a label names a total: 合计, 小计, 总计（件）, 本年收入合计."""
    return is_bare_total(label) or _NAMED_TOTAL.fullmatch(_bare_label(label)) is not None


def is_bare_total(label: str) -> bool:
    """Return whether a label names a total and nothing else: 合计, 小计, 总计（件）."""
    return _TOTAL_LABEL.fullmatch(_bare_label(label)) is not None


def _bare_label(label: str) -> str:
    """Return a folded label without what is in brackets, and without colons and blanks at its ends."""
    return _BRACKETS.sub("", fold(label)).strip(" :")


def is_subtotal(label: str) -> bool:
    """Return whether a label names the total of a group: 小计."""
    return is_total(label) and _SUBTOTAL_LABEL.search(fold(label)) is not None


def part_prefix(label: str) -> int:
    """Return the length of the words at the start of a label that make it a part (其中：医疗卫生); 0 without them."""
    match = _PART_LABEL.match(fold(label))
    return match.end() if match else 0


def is_code(text: str) -> bool:
    """Return whether a cell below the header of a code (`is_code_header`) is one: digits that are not a year."""
    return text.isdecimal() and not is_time(text)


def is_time_header(text: str) -> bool:
    """Return whether a header names a column of times, whose numbers are times: 月份, 季度."""
    return _TIME_HEADER.fullmatch(fold(text).strip()) is not None


def names_times(text: str) -> bool:
    """Return whether a header ends with a word for a time: 开工时间, 完成时限.

    Below it, the numbers that `is_date` accepts are times. Below `is_time_header`, all numbers are.
    """
    return _TIME_COLUMN.search(_BRACKETS.sub("", fold(text)).strip()) is not None


def is_ordinal_header(text: str) -> bool:
    """Return whether a header names a column of list numbers or ranks: 序号, 编号, 排名."""
    return _ORDINAL_HEADER.fullmatch(fold(text).strip()) is not None


def is_code_header(text: str) -> bool:
    """Return whether a header names a column whose numbers count nothing: 电话, 日期, 文号."""
    return is_ordinal_header(text) or _CODE_HEADER.search(_BRACKETS.sub("", fold(text)).strip()) is not None


def parse_unit_note(text: str) -> str | None:
    """Return the folded units of a line that states nothing else: 单位：万元. Return None for any other line."""
    match = _UNIT_NOTE.fullmatch(fold(text).strip())
    return match["units"].strip() if match else None


def find_unit_note(text: str) -> str | None:
    """Return the units that a caption states (表1 收支情况（单位：万元）), folded; None if it states none."""
    match = _UNIT_IN_TEXT.search(fold(text))
    return match["units"].strip() if match else None


def is_note(text: str) -> bool:
    """Return whether a text is a note on a table: 注：…, 单位：万元, 审核人：王芳."""
    folded = fold(text)
    return bool(_REMARK.match(folded) or _NOTE.match(folded)) or parse_unit_note(text) is not None


def is_note_row(texts: Sequence[str]) -> bool:
    """Return whether a row consists of notes.

    At least one cell must be a note. If the row has several cells, it must begin with a remark (注：), or each cell
    must be a label with its content, or a date: 填表人：王芳, 2023年12月5日.
    """
    if not any(map(is_note, texts)):
        return False
    return (
        len(texts) == 1
        or _REMARK.match(fold(texts[0])) is not None
        or all(_FIELD.fullmatch(fold(text).strip()) for text in texts)
    )


def is_heading_text(text: str) -> bool:
    """Return whether a text can be a header: a time, a class of ages, or short words without the end of a sentence."""
    if is_time(text) or _AGE_CLASS.fullmatch(fold(text)):
        return True
    is_long = len(text) > MAX_HEADER_LENGTH or SENTENCE_STOP.search(text) is not None
    return not (is_long or parse_figure(text) or is_placeholder(text))
