"""Names of measures: which names mean the same measure, and which aspect a name states."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.indexing.namelists import read_name_lists
from searchkit.model import Measure
from searchkit.query.naming import IndicatorNames, MeasureName, NameLists, is_change_word, remove_aspect

MakeMeasure = Callable[..., Measure]
NAMES = IndicatorNames(read_name_lists())


def parse(text: str) -> MeasureName:
    """Return the name that a text states, by the list of searchkit."""
    return NAMES.parse(text)


def key(text: str) -> tuple[str, str]:
    """Return what decides whether two texts name the same measure."""
    return parse(text).text, parse(text).aspect


@pytest.mark.parametrize(
    "names",
    [
        (
            "GDP",
            "地区生产总值",
            "生产总值",
            "国内生产总值",
            "全市生产总值",
            "地区生产总值 总量",
            "我省实现地区生产总值",
        ),
        ("社零", "社会消费品零售总额", "全省社会消费品零售总额"),
        ("高企", "高新技术企业", "国家级高新技术企业", "高新技术企业总数"),
        ("规上工业增加值", "规模以上工业增加值", "规模工业增加值"),
        ("研发强度", "研发经费投入占GDP比重", "R&D经费支出 占地区生产总值的比重", "全社会研发经费投入占生产总值比例"),
        ("一般公共预算收入", "地方财政一般预算收入", "公共财政预算收入"),
        ("立案", "立案查处", "立案处罚", "立案查处各类案件"),
        ("人均GDP", "人均地区生产总值"),
        ("单位GDP能耗", "万元生产总值能耗", "单位国内生产总值能源消耗"),
        ("PM2.5平均浓度", "细颗粒物浓度", "细颗粒物（PM2.5）浓度"),
        ("受理投诉", "全年受理投诉", "2023年全区受理各类投诉"),  # no list has these
    ],
)
def test_names_that_mean_the_same_measure(names: tuple[str, ...]) -> None:
    """All listed names of a measure mean the same measure.

    Words of place and time make no difference, and neither do words of the same meaning inside of a name.
    """
    assert len({key(name) for name in names}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("工业增加值", "规上工业增加值"),
        ("城镇居民人均可支配收入", "农村居民人均可支配收入"),
        ("城镇化率", "户籍人口城镇化率"),
        ("GDP", "人均GDP"),
        ("GDP", "海洋生产总值"),
        ("GDP", "国民生产总值"),
        ("研发强度", "数字经济占GDP比重"),
        ("改造", "旧厂区改造"),
        ("一般公共预算收入", "一般公共预算收入同口径"),
        ("杭州市生产总值", "生产总值"),
        ("全国文明城市", "文明城市"),
        ("城镇新增就业", "就业"),
    ],
)
def test_names_of_different_measures(one: str, other: str) -> None:
    """A word that narrows a name makes it another measure. So does the name of a place (杭州市)."""
    assert key(one) != key(other)


@pytest.mark.parametrize(
    ("text", "name", "aspect"),
    [
        ("投资 增长", "投资", "change"),
        ("投资下降", "投资", "change"),
        ("投资增速", "投资", "change"),
        ("投资 同比增长", "投资", "change"),
        ("投资", "投资", "level"),
        ("新增投资", "投资", "addition"),
        ("新增 投资", "投资", "addition"),
        ("投资项目新增", "投资项目", "addition"),
        ("城镇新增就业", "城镇新增就业", "level"),  # 新增 is part of this listed name
        ("新增城镇就业", "城镇新增就业", "level"),
        ("人口自然增长率", "人口自然增长率", "level"),
        ("居民消费价格涨幅", "居民消费价格", "change"),
        ("经济增长", "gdp", "change"),
    ],
)
def test_words_of_change_and_of_an_addition_are_not_part_of_a_name(text: str, name: str, aspect: str) -> None:
    """Increase and decrease of one thing are one measure; its level and an addition to it are others."""
    assert key(text) == (name, aspect)


def test_the_change_of_a_measure_decides_its_aspect(make_measure: MakeMeasure) -> None:
    """A measure is a change if and only if its field `change` says so. Then 增 is a word of change, too.

    An indicator that consists only of words of change (同比增长) has a name without parts.
    """
    change = make_measure("a#1", "高新技术企业净 增", 500, "家", change="increase")
    level = make_measure("a#1", "高新技术企业", 5000, "家")
    bare = make_measure("a#1", "同比增长", 5, "%", change="increase")
    assert [(NAMES.name_of(item).text, NAMES.name_of(item).aspect) for item in (change, level)] == [
        ("高新技术企业", "change"),
        ("高新技术企业", "level"),
    ]
    assert (NAMES.name_of(bare).parts, NAMES.name_of(bare).aspect) == ((), "change")


def test_a_listed_name_is_marked() -> None:
    """`is_listed` is true of the names in the list, whatever their aspect, and of no others."""
    assert parse("GDP增速").is_listed
    assert not parse("投资项目").is_listed


@pytest.mark.parametrize("name", ["GDP", "社零", "研发强度", "立案", "PM2.5", "投诉举报", "GDP增速", "新增高企"])
def test_strings_find_every_name(name: str) -> None:
    """Each name of a measure matches a pattern of `strings`: it contains a string of each tuple of the pattern."""
    wanted = parse(name)
    patterns = NAMES.strings(wanted)
    assert all(
        any(all(any(string in name for string in strings) for strings in pattern) for pattern in patterns)
        for name in NAMES.names(wanted)
    )


@given(st.text("全市新增投资 增长下降各类GDP生产总值、率（2023年）研发占比重的", max_size=14))
def test_any_text_has_a_name(text: str) -> None:
    """Any text is parsed, and only blank text has an empty name.

    If the name of a change or an addition is parsed again, the result is the same name, or one of its parts.
    """
    name = parse(text)
    assert name.text or not text.strip()
    assert parse(name.text).text in {name.text, *name.parts} or name.aspect == "level"


def test_the_words_of_an_aspect_can_be_removed() -> None:
    """`remove_aspect` returns a text without words of change and addition, unless it has no other words."""
    assert [remove_aspect(text) for text in ("投资增速", "gdp 同比增长", "新增投资", "gdp", "增长")] == [
        *("投资", "gdp ", "投资", "gdp", "增长"),
    ]


def test_words_of_change_are_recognised() -> None:
    """增长, 同比下降 and 增速 are words of change. 自然增长率, 率 and 投资增长 are not."""
    assert all(map(is_change_word, ("增长", "同比下降", "增速", "增长率", "降幅")))
    assert not any(map(is_change_word, ("自然增长率", "率", "投资增长", "")))


def test_names_without_a_list() -> None:
    """Without a list, words of place are still removed, but 生产总值 and GDP are not the same measure."""
    names = IndicatorNames(NameLists((), ()))
    assert names.parse("全市生产总值").text == names.parse("生产总值").text != names.parse("GDP").text


@pytest.mark.parametrize(
    "text", ["预期目标", "总数量", "新增", "全年", "平均", "净", "同比增长", "五年", "的", "情况 ", "PM2.5"]
)
def test_no_text_takes_long(text: str) -> None:
    """Nine texts of up to 100,000 characters that repeat a word are parsed in less than a second in all."""
    started = time.process_time()
    for length in (400, 500, 100_000):
        for end in ("", "x", "增"):
            parse((text * length)[: length - 1] + end)
    assert time.process_time() - started < 1
