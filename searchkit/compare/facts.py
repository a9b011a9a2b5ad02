"""Decides which measures can contradict each other across sentences and reports, and finds the scope of a measure.

A measure is compared only with measures of its series: with the same place, body, name, aspect and unit. That is not
enough: in 启动区固定资产投资增长16%, the name is that of a measure of the province, but the value is not. Words such as
启动区 narrow a measure: it counts only a part of what its name says. The words that narrow a measure are its scope, and
only measures with the same scope are compared (`scope_of`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from searchkit.model import WORK_REPORT, ExtractedMeasure, Measure
from searchkit.query.naming import MeasureName
from searchkit.query.unit_conversion import scale_of, unit_family

_MAX_SENTENCE = 500
"""Maximum number of characters before and after a number that are read as its sentence."""
_MAX_PARAGRAPH = 5000
"""Maximum number of characters before a number that are read as its paragraph."""
_SENTENCE_END = "。；;！？!?\n"
_SENTENCE = re.compile(f"[^{_SENTENCE_END}]*")
_CLAUSE_END = re.compile("[。；;！？!?，,、：:\n（(）)]")
REAL_GROWTH = re.compile("生产总值|经济总量|gdp|GDP|增加值|产值|国民收入|人均.*收入|居民收入|工资|产业$|工业$|农业$")
"""Words of amounts of money whose growth is stated at constant prices, that is, without the change of prices."""
_NARROWING = re.compile(
    r"[\u4e00-\u9fff]{0,2}(?<![全我本各])(?:[市县区州盟旗镇乡村港岛省国](?!场|民|值|域|级|外|间|分|别|生产|内生产)|地区(?!生产)|"
    r"园区|基地|流域|经济带|城市群|海关|口岸|口径)|"
    r"其中|民营|国有|私营|个体|非公|外资|外商|集体|规模以上|规上|限额以?上?|高技术|高新|农村|城镇|城市|农民|牧民|居民|"
    r"职工|贫困|脱贫|重点|集团|公司|企业|中央|省级|本级|市级|县级|部分|主要|前[一二三四五六七八九十\d]+|首批|第[一二三四五六七八九十\d]+|"
    r"季度|半年|月份|\d月|计划|目标|规划|力争|年均|平均|人均|户均|日均|累计|共计|历年|以来|期间|(?<!\d)[五5]年|"
    r"[一二三]产|高等|高中|初中|小学|学前|幼儿|本科|专科|职业|义务教育|工业|农业|服务业|制造业|建筑业|新增|净增|新建|改造|"
    r"扣除|剔除|可比|不变价|名义|实际|同口径|全口径|大口径|环比|"
    r"翻|倍|比重|占|贡献|全国|世界|全球|国家|系统|部门|单位|农垦|林区|高校|学校|医院|"
    r"最[高低多大]|超过|达不到|左右|以上|以下|近|约"
)
"""Words that narrow what a number counts, or that state another kind of value. Words for the report's own place (全省,
我市) are not among them."""
_AREA = re.compile(
    "兵团|新区|自贸|开发区|高新区|示范区|试验区|特区|片区|三角|长株潭|城市群|经济带|经济区|半岛|[东西南北中]部|沿海|垦区"
)
"""Words in a heading, or earlier in a paragraph, for a part of the place that the following sentences are about."""
_OWN_PLACE = re.compile("[全我本](?:省|市(?!场)|区(?!域)|县(?!域)|州|盟|旗|镇|乡(?!村))")
"""Words for the place of a report."""
_SENTENCE_SCOPE = re.compile(
    r"集团|公司|(?<!\d)[五5]年|期间|以来|累计|季度|半年|月份|民营|非公|私营|个体|国有|新增|净增|"
    "高等|高中|初中|小学|学前|幼儿|本科|专科|职业|义务教育"
)
"""Words that narrow all clauses of a sentence that follow them."""
_CHANGE_SCOPE = re.compile(f"{_SENTENCE_SCOPE.pattern}|年均|平均|分别|计划|目标")
"""Words that narrow all changes of a sentence that follow them."""
_PLACE = re.compile(r"[\u4e00-\u9fff]{2}(?<![全我本各])[市县区州盟旗](?!场|民|值|域|级|外|间|分|别|生产|[市县区镇乡])")
"""Matches the last three characters of the name of a place."""
_YEAR = re.compile(
    r"(?:\d{4}|[一二]?九[〇○零一二三四五六七八九]{2}|二[〇○零]{2}[〇○零一二三四五六七八九])年|上年|去年|前年"
)
"""Matches a year that a sentence, a quote or a period states: 由2002年的7315元."""
_TERM = 5
"""Number of years of a term of government."""
_MAX_ROUNDING = 0.02
"""Maximum difference, relative to the value, between a number that zeros show to be rounded and the exact value:
1000公里 can be 1010公里, but not 1400公里."""
_MIN_ROUNDED_ZEROS, _MAX_EXACT_DIGITS = 2, 3
"""Minimum number of zeros at the end of a number that show that it is rounded, and maximum number of digits of a number
that is exact in spite of them: 800件."""
_COMPARED = re.compile(r"比[^，。；、,;]{0,15}$")
"""Words before a value that another value is compared with: 比一九五七年的五百三十七亿元."""
_PASSED = re.compile("越过|跨过|跨越|突破|冲破|迈上|近|超")
"""Words of a value that is only a bound."""
_ESTIMATE = re.compile("预计|预期|预估|快报|初步")
"""Words of an estimate, which a later report may correct."""
_PLAN_REPORT = re.compile(f"^{WORK_REPORT}$|计划报告|预算")
"""Kinds of reports whose year is, or can be, the year that they plan. They report on the year before. Other work
reports, such as 行政执法工作报告, report on their own year."""


@dataclass(frozen=True, slots=True)
class Fact:
    """The properties of a measure that are needed to compare it with others. Takes about 150 bytes.

    `search.choosing.Fact` is something else: the place, body and time that a measure states a value of.
    """

    ordinal: int
    """Position of the measure among all measures of the audit."""
    report: int
    """Number of the document."""
    year: int
    """The year that the measure is of."""
    since: int | None
    """The first year, if the measure covers several."""
    low: float
    """Lowest signed value that can have been rounded to the printed one."""
    high: float
    """Highest signed value that can have been rounded to the printed one."""
    digits: int
    """Number of digits of the printed value without zeros at either end. Equal values of few digits can be chance."""
    is_actual: bool
    """Whether it is reported as what was reached, not as the value before a change."""

    @property
    def value(self) -> float:
        """The middle of the range: the signed value, or close to it if the value may have been truncated."""
        return (self.low + self.high) / 2

    def disagrees(self, other: Fact) -> bool:
        """Return whether no value can have been rounded to the printed values of both facts."""
        return self.low > other.high or other.low > self.high


def build_fact(ordinal: int, report: int, measure: Measure, previous: Measure | None) -> Fact:
    """Return the fact of a measure that is comparable. `previous` is the measure before it in the text.

    A value after a change over several years (由190.9亿元增加到520.9亿元) is of the last of these years alone.
    """
    extracted, since = measure.extracted, measure.since
    if since is not None and previous is not None and previous.status == "before" and extracted.change is None:
        is_pair = previous.paragraph == measure.paragraph and previous.base_unit == extracted.base_unit
        since = None if is_pair else since
    year = extracted.of_year or measure.source.year or 0
    low, high, digits = _read_printed(extracted)
    return Fact(ordinal, report, year, since, low, high, digits, extracted.status == "actual")


def is_comparable(measure: Measure) -> bool:
    """Return whether a measure states an exact value of a place, actual or before a change, for a year that is certain.

    The year of an actual value is certain if the report reports on that year, or if a year is printed in the sentence
    before the end of the value. The year of a value before a change (由7315元) is certain if a year is printed in its
    quote or its period, or if the report reports on the year five years later, as in a review of a term. A value of the
    year that a report plans is a target, whether or not the sentence says so. Statements of zero (无败诉案件) do not
    count.
    """
    extracted, source = measure.extracted, measure.source
    year = extracted.of_year or source.year
    if extracted.bound != "exact" or year is None or not source.region or source.section == "计划" or extracted.zero:
        return False
    if _PASSED.search(measure.quote) or _COMPARED.search(source.text, max(0, extracted.start - 20), extracted.start):
        return False
    is_plan = source.doctype is not None and _PLAN_REPORT.search(source.doctype) is not None
    reported = (source.year or year) - is_plan
    if extracted.status == "before":
        return year == reported - _TERM or _YEAR.search(f"{measure.quote} {extracted.period or ''}") is not None
    if extracted.status != "actual" or year > reported:
        return False
    return year == reported or _YEAR.search(source.text, sentence_start(measure), extracted.end) is not None


def series_of(measure: Measure, name: MeasureName) -> int:
    """Return a hash of all that measures must share to be compared, except their year and their scope.

    A hash of 64 bits takes less memory than the strings, and collisions are improbable. The kind of report matters only
    for names that are not listed: 立案 counts other things in another kind of report, 地区生产总值 does not.
    """
    extracted, source = measure.extracted, measure.source
    doctype = None if name.is_listed else source.doctype
    what = (name.text, name.aspect, extracted.kind, unit_family(extracted.base_unit), extracted.part, extracted.stock)
    return hash((source.region, source.agency, doctype, *what))


def rounded_range(measure: Measure) -> tuple[float, float]:
    """Return the lowest and highest signed value that can have been rounded or truncated to the printed number.

    Two or more zeros at the end of a whole number of four or more digits may be due to rounding, too: 7300元 is 7250 to
    7400元. Other whole counts in their base unit are exact: 5980件, 800件.
    """
    return _read_printed(measure.extracted)[:2]


def _read_printed(measure: ExtractedMeasure) -> tuple[float, float, int]:
    """Return the range of `rounded_range`, and the number of digits of the number without zeros at either end."""
    whole, _, decimals = f"{measure.value}".lstrip("-").partition(".")
    step = scale = float(_scale_of(measure.unit, measure.base_unit))
    if decimals:
        step /= 1 if "e" in decimals else 10 ** len(decimals)
        digits = len(f"{whole}{decimals}".strip("0"))
    else:
        plain = whole.rstrip("0")
        zeros = len(whole) - len(plain)
        if plain and zeros >= _MIN_ROUNDED_ZEROS and len(whole) > _MAX_EXACT_DIGITS:
            step = max(scale, min(step * 10**zeros, abs(measure.base_value) * _MAX_ROUNDING))
        digits = len(plain)
    value = measure.signed_value
    if scale == 1 == step and measure.kind == "count":
        return value, value, digits
    low, high = step / 2 * (1 + 1e-9), step * (1 + 1e-9)
    return (value - low, value + high, digits) if value >= 0 else (value - high, value + low, digits)


@lru_cache(maxsize=4096)
def _scale_of(unit: str | None, base_unit: str | None) -> int:
    """Return `unit_conversion.scale_of`, from a cache if possible."""
    return scale_of(unit, base_unit)


def sentence_start(measure: Measure) -> int:
    """Return the start of the sentence of a measure in the text of its paragraph."""
    text = measure.source.text
    first = max(0, measure.start - _MAX_SENTENCE)
    return max(first, max(text.rfind(mark, first, measure.start) for mark in _SENTENCE_END) + 1)


def sentence_at(text: str, start: int, end: int) -> str:
    """Return the sentence of a text that contains the characters from `start` to `end`."""
    low, high = max(0, start - _MAX_SENTENCE), end + _MAX_SENTENCE
    first = max(low, max(text.rfind(mark, low, start) for mark in _SENTENCE_END) + 1)
    ends = [found for found in (text.find(mark, end, high) for mark in _SENTENCE_END) if found >= 0]
    return text[first : min(ends, default=high)].strip()


def scope_of(measure: Measure) -> frozenset[str]:
    """Return the words that narrow a measure: those of its clause, and some of those before it in its sentence.

    The words for a part of the place in the last heading, in the first sentence of the paragraph and in the sentence
    before are among them.
    """
    text = measure.source.text[: measure.end + _MAX_SENTENCE]
    start, end = sentence_start(measure), _CLAUSE_END.search(text, measure.end)
    before = text[start : measure.start]
    clause = max((match.end() for match in _CLAUSE_END.finditer(before)), default=0)
    around = f"{' '.join(measure.path[-1:])} {_first_and_last_sentence(text, start)}"
    own = text[start + clause : end.start() if end else len(text)]
    for part in measure.indicator.split():  # names that mean the same may have different words
        own = own.replace(part, "")
    own = _without_own_place(measure, own)
    lead = _without_own_place(measure, before[:clause])
    sentence = _CHANGE_SCOPE if measure.change else _SENTENCE_SCOPE
    return frozenset((*_NARROWING.findall(own), *sentence.findall(lead), *_PLACE.findall(lead), *_AREA.findall(around)))


def _first_and_last_sentence(text: str, end: int) -> str:
    """Return the first sentence of a text, and the one that ends at `end`."""
    first, low = _SENTENCE.match(text, 0, min(end, _MAX_SENTENCE)), max(0, end - _MAX_SENTENCE)
    last = max(low, max(text.rfind(mark, low, max(end - 1, 0)) for mark in _SENTENCE_END) + 1)
    return f"{first[0] if first else ''} {text[last:end]}"


def names_narrowed(measure: Measure) -> frozenset[str]:
    """Return the narrowing words of the indicator of a measure, even if its name is the same without them."""
    return frozenset(_NARROWING.findall(_without_own_place(measure, measure.indicator)))


def is_estimate(measure: Measure) -> bool:
    """Return whether the words of the sentence up to the end of a measure call the measure an estimate."""
    return _ESTIMATE.search(measure.source.text, sentence_start(measure), measure.end) is not None


def places_before(measure: Measure) -> frozenset[str]:
    """Return the places that the headings of a measure and the first clause of its paragraph name.

    Also returns the words for a part of the place that are in the headings, or anywhere before the measure in its
    paragraph.
    """
    text, headings = measure.source.text[: measure.end], " ".join(measure.path)
    first = _CLAUSE_END.search(text, 1, _MAX_SENTENCE)
    lead = text[: first.start() if first else _MAX_SENTENCE]
    places = _PLACE.findall(_without_own_place(measure, f"{headings} {lead}"))
    return frozenset((*places, *_AREA.findall(f"{headings} {paragraph_before(measure)}")))


def paragraph_before(measure: Measure) -> str:
    """Return the text before a measure in its paragraph, at most the last `_MAX_PARAGRAPH` characters of it."""
    return measure.source.text[max(0, measure.start - _MAX_PARAGRAPH) : measure.start]


def _without_own_place(measure: Measure, words: str) -> str:
    """Return words without those for the report's place, and without words that only look like places."""
    for text in ("地区生产总值", "国内生产总值", "国民经济", "自治区"):
        words = words.replace(text, "")
    for place in measure.region:
        words = words.replace(place, "").replace(place.rstrip("省市县区州盟旗"), "")
    return _OWN_PLACE.sub("", words)
