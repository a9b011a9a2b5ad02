"""Places, years, bodies, sections and kinds of reports in the words of a query."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.metadata.names import name_values
from searchkit.errors import IndexDamaged
from searchkit.query.aliases import Alias, Aliases
from searchkit.query.filters import FilterReader
from searchkit.query.tree import And, Everything, filter_conditions
from searchkit.query.understanding import parse_understood
from searchkit.text.analyzer import Analyzer

PATHS = (
    *(
        "浙江省/杭州市/西湖区",
        "浙江省/台州市/临海市",
        "四川省/成都市",
        "内蒙古自治区/呼和浩特市/新城区",
        "天津市/滨海新区",
    ),
    *(
        "天津市/东丽区",
        "天津市/和平区",
        "贵州省/黔南布依族苗族自治州",
        "山西省/大同市/平城区",
        "山西省/长治市",
        "海南省/东方市",
    ),
    *(
        "福建省/福州市/鼓楼区",
        "江苏省/南京市/鼓楼区",
        "江苏省/徐州市/鼓楼区",
        "上海市/浦东新区",
        "甘肃省/兰州市/城关区",
        "陕西省/西安市/长安区",
    ),
    *("吉林省/吉林市", "青海省/西宁市/大通回族土族自治县", "重庆市/沙坪坝区", "全国", "某某开发区"),
)
VALUES = {
    "agency": ("卫生健康委员会", "司法局", "人民政府", "国务院"),
    "topic": ("行政执法",),
    "section": ("成效", "问题", "计划", "其他"),
    "doctype": ("政府工作报告", "法治政府建设年度报告"),
}
YEARS = {"year": range(2018, 2025), "of_year": range(2015, 2026)}


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    """An analyzer with the built-in words and synonyms."""
    return Analyzer()


@pytest.fixture(scope="module")
def aliases(analyzer: Analyzer) -> Aliases:
    """The names of an index with the values `PATHS`, `VALUES` and `YEARS`, after a round trip through JSON."""
    prefixes = {"/".join(path.split("/")[:depth]) for path in PATHS for depth in range(1, path.count("/") + 2)}
    names = name_values(prefixes, VALUES, analyzer.synonyms)
    created = Aliases.create({**VALUES, "district": prefixes}, YEARS, (Alias(*name) for name in names))
    assert Aliases.from_json(created.to_json()).to_json() == created.to_json()
    return Aliases.from_json(created.to_json())


@pytest.mark.parametrize(
    ("query", "understood", "words"),
    [
        ("东丽区2022年立案", {"district": ["东丽区"], "of_year": [2022]}, ["立案"]),
        ("立案 东丽区 2022", {"district": ["东丽区"], "of_year": [2022]}, ["立案"]),
        ("杭州和成都的老旧小区改造", {"district": ["杭州市", "成都市"]}, ["老旧小区改造"]),
        ("杭州 成都 改造", {"district": ["杭州市", "成都市"]}, ["改造"]),
        ("杭州 vs 成都 改造", {"district": ["杭州市", "成都市"]}, ["改造"]),
        ("内蒙古草原", {"district": ["内蒙古自治区"]}, ["草原"]),
        ("四川经济", {"district": ["四川省"]}, ["经济"]),
        ("黔南州扶贫", {"district": ["黔南布依族苗族自治州"]}, ["扶贫"]),
        ("浦东 执法", {"district": ["浦东新区"]}, ["执法"]),
        ("天津市滨海新区立案", {"district": ["滨海新区"]}, ["立案"]),
        ("浙江省杭州西湖执法", {"district": ["西湖区"]}, ["执法"]),
        ("福州鼓楼区执法", {"district": ["福建省/福州市/鼓楼区"]}, ["执法"]),
        ("鼓楼区执法", {"district": ["鼓楼区"]}, ["执法"]),
        ("江苏省鼓楼区执法", {"district": ["江苏省/南京市/鼓楼区", "江苏省/徐州市/鼓楼区"]}, ["执法"]),
        ("江苏省南京市鼓楼区执法", {"district": ["江苏省/南京市/鼓楼区"]}, ["执法"]),
        ("鼓楼区 南京市 江苏省 执法", {"district": ["江苏省/南京市/鼓楼区"]}, ["执法"]),
        (
            "江苏省南京市鼓楼区 福州市鼓楼区 执法",
            {"district": ["江苏省/南京市/鼓楼区", "福建省/福州市/鼓楼区"]},
            ["执法"],
        ),
        ("吉林执法", {"district": ["吉林省"]}, ["执法"]),
        ("吉林市执法", {"district": ["吉林市"]}, ["执法"]),
        ("臺州執法", {"district": ["台州市"]}, ["执法"]),
        ("2021至2023年立案", {"of_year": [2021, 2022, 2023]}, ["立案"]),
        ("2021-2023年立案", {"of_year": [2021, 2022, 2023]}, ["立案"]),
        ("2021、2023年立案", {"of_year": [2021, 2023]}, ["立案"]),
        ("2023 年立案", {"of_year": [2023]}, ["立案"]),
        ("2023 年 立案", {"of_year": [2023]}, ["立案"]),
        *(
            (f"{years} 立案", {"of_year": [2021, 2022, 2023]}, ["立案"])
            for years in ("2021 - 2023年", "2021年 至 2023年", "2021— 2023年", "2021 年-2023 年", "2021 - 2023")
        ),
        ("2021 -2023 立案", {"of_year": [2021]}, ["立案"]),
        ("2021年 -2023年 立案", {"of_year": [2021]}, ["立案"]),
        ("23年立案", {"of_year": [2023]}, ["立案"]),
        ("二〇二三年立案", {"of_year": [2023]}, ["立案"]),
        ("2023年底立案", {"of_year": [2023]}, ["立案"]),
        ("2023年以来立案", {"of_year": [2023, 2024, 2025]}, ["立案"]),
        ("2023年以后立案", {"of_year": [2023, 2024, 2025]}, ["立案"]),
        ("2020年代立案", {"of_year": [2020, 2021, 2022, 2023, 2024, 2025]}, ["立案"]),
        ("2020年前后立案", {"of_year": [2019, 2020, 2021]}, ["立案"]),
        ("2023年至今立案", {"of_year": [2023, 2024, 2025]}, ["立案"]),
        ("2023年前三季度立案", {"of_year": [2023]}, ["前三季度立案"]),
        ("2023年初中毕业生", {"of_year": [2023]}, ["初中毕业生"]),
        ("2023年起重机械", {"of_year": [2023]}, ["起重机械"]),
        ("2023年底层建筑", {"of_year": [2023]}, ["底层建筑"]),
        ("东丽区-立案", {"district": ["东丽区"]}, ["立案"]),
        ("东丽区－立案", {"district": ["东丽区"]}, ["立案"]),
        ("2021-2023年-立案", {"of_year": [2021, 2022, 2023]}, ["立案"]),
        ("浙江省级财政", {"district": ["浙江省"]}, ["财政"]),
        ("2020年代表建议", {"of_year": [2020]}, ["代表建议"]),
        ("2020年代建项目", {"of_year": [2020]}, ["代建项目"]),
        ("十三五期间浙江的执法", {"district": ["浙江省"]}, ["十三五期间", "执法"]),
        ("改革开放以来杭州和成都执法", {"district": ["杭州市", "成都市"]}, ["改革开放以来", "执法"]),
        ("去年杭州执法", {"district": ["杭州市"]}, ["去年", "执法"]),
        ("20年浙江执法", {"district": ["浙江省"]}, ["20年", "执法"]),
        ("内蒙草原", {"district": ["内蒙古自治区"]}, ["草原"]),
        ("卫健委立案", {"agency": ["卫生健康委员会"]}, ["立案"]),
        ("区司法局立案", {"agency": ["司法局"]}, ["立案"]),
        ("杭州市人民政府执法", {"district": ["杭州市"], "agency": ["人民政府"]}, ["执法"]),
        ("东丽区立案存在的问题", {"district": ["东丽区"], "section": ["问题"]}, ["立案"]),
        ("立案 存在的问题", {"section": ["问题"]}, ["立案"]),
        (
            "杭州市2023年政府工作报告就业",
            {"district": ["杭州市"], "of_year": [2023], "doctype": ["政府工作报告"]},
            ["就业"],
        ),
        ("立案 -东丽区 杭州", {"district": ["杭州市"]}, ["立案"]),
        ("国务院政府工作报告 立案", {"agency": ["国务院"], "doctype": ["政府工作报告"]}, ["立案"]),
        ("国务院 政府工作报告 立案", {"agency": ["国务院"], "doctype": ["政府工作报告"]}, ["立案"]),
        (
            "国务院2023年政府工作报告 立案",
            {"agency": ["国务院"], "of_year": [2023], "doctype": ["政府工作报告"]},
            ["立案"],
        ),
        ("市政府工作报告 立案", {"doctype": ["政府工作报告"]}, ["立案"]),
        ("杭州医院建设", {"district": ["杭州市"]}, ["医院建设"]),
        ("浙江大学生就业", {"district": ["浙江省"]}, ["大学生就业"]),
        ("台州大学毕业生", {"district": ["台州市"]}, ["大学毕业生"]),
        ("贵州高速公路里程", {"district": ["贵州省"]}, ["高速公路里程"]),
        ("贵州的大学", {"district": ["贵州省"]}, ["大学"]),
        ("“十二五”期间浙江执法", {"district": ["浙江省"]}, ["十二五", "期间", "执法"]),
        ("浙江“十二五”执法", {"district": ["浙江省"]}, ["十二五", "执法"]),
        ("天津市价格监管", {"district": ["天津市"]}, ["价格监管"]),
        ("天津市值班", {"district": ["天津市"]}, ["值班"]),
        ("杭州市辖区执法", {"district": ["杭州市"]}, ["辖区执法"]),
        ("东丽区 除杭州和成都外 执法", {"district": ["东丽区"]}, ["除杭州和成都外", "执法"]),
    ],
)
def test_names_become_filters(
    query: str, understood: dict[str, list[object]], words: list[str], analyzer: Analyzer, aliases: Aliases
) -> None:
    """The query requires the values that it names. Its other words are searched, and only they have the weight 1.

    A loosened form of the query requires fewer of these values, and is used if the query finds nothing. If the query
    names values of several facets, there is a loosened form for each of these facets, without the values of the facet.
    The last loosened form requires no values: the words that name them only add to the score.
    """
    parsed = parse_understood(query, analyzer, (), FilterReader(aliases))
    found: dict[str, list[object]] = {}
    for item in parsed.understood:
        assert query[item.start : item.end] == item.words
        found.setdefault(item.facet, []).extend(
            value for value in item.values if value not in found.get(item.facet, [])
        )
    assert found == understood
    assert [clause.text for clause in parsed.scoring if clause.weight == 1] == words
    *weaker, loosest = parsed.loosened_forms()
    assert not any(item.strict for item in loosest.understood)
    assert {clause.text for clause in loosest.scoring} > set(words)
    facets = {item.facet for item in parsed.understood}
    assert [len({item.facet for item in form.understood if not item.strict}) for form in weaker] == (
        [1] * len(facets) if len(facets) > 1 else []
    )


@pytest.mark.parametrize(
    "query",
    [
        *(
            "世界大同",
            "大同 理想",
            "和平发展",
            "和平 发展",
            "城关镇",
            "东方文明",
            "新城区建设",
            "南方",
            "长安街",
            "长治久安",
            "改革开放以来东方文明",
            "振兴浙江执法",
            "全国 执法",
        ),
        *(
            "浙江大学",
            "贵州大学",
            "台州大学和台州医院",
            "贵州银行",
            "内蒙古日报",
            "浙江省委",
            "四十年代表性成果",
            "北京市场",
            "临海工业区域",
            "问题",
            "计划",
            "政府工作报告",
            "存在的问题",
            "执法 问题",
            "国务院",
            "人民政府",
            "政府采购",
        ),
        *(
            "去年立案",
            "近三年立案",
            "10年规划",
            "20年来",
            "12年义务教育",
            "2030年前",
            "2023-06 立案",
            "2023-6-1 立案",
            "2023-12-27 立案",
            "2022件",
            "2014年以前",
            "1999年",
            "中国制造2025",
        ),
        *(
            '"东丽区" 立案',
            "东丽区 OR 滨海新区",
            "(东丽区 立案)",
            "NOT 东丽区",
            "-东丽区",
            "district:东丽区",
            "东丽区|滨海新区",
            "title:东丽区",
        ),
        *("除东丽区外的执法", "执法 除了东丽区", "不是东丽区的执法", "天津以外 执法", "2023年除外 执法"),
        *(
            "除东丽区和滨海新区外 执法",
            "执法 东丽区、滨海新区以外",
            "除2022年和2023年外 执法",
            "不含杭州、成都以及东丽区",
            "除杭州和东丽区外的执法",
        ),
        *("除天津市东丽区外的执法", "天津市值", "天津市价"),
    ],
)
def test_ordinary_words_are_not_understood(query: str, analyzer: Analyzer, aliases: Aliases) -> None:
    """Ordinary words, parts of longer names, durations, quantities, and years that the index lacks are not understood.

    Neither are sections, bodies and kinds of reports that are the whole query, 问题 beside words that name no place or
    year, names that the query excludes (除…外), and names in quotes or parentheses, after a field or next to an
    operator.
    """
    assert parse_understood(query, analyzer, ("district",), FilterReader(aliases)).understood == ()


@pytest.mark.parametrize(
    ("query", "year", "words"),
    [
        ("2099年 立案", "2099", "2099年"),
        ("2040至2050年立案", "2040..2050", "2040至2050年"),
        ("东丽区 2099", "2099", "2099"),
    ],
)
def test_a_year_that_the_index_lacks_is_read_as_words(
    query: str, year: str, words: str, analyzer: Analyzer, aliases: Aliases
) -> None:
    """A note says which years the index has. The loosened form of the query, if there is one, has the same note."""
    parsed = parse_understood(query, analyzer, (), FilterReader(aliases))
    note = f"no year {year} in the index; it has 2015..2025; {words} is read as words"
    assert parsed.notes == (note,)
    assert parsed.loosened is None or parsed.loosened.notes == (note,)
    assert not [item for item in parsed.understood if item.facet == "of_year"]


@pytest.mark.parametrize(
    ("query", "tree", "notes"),
    [
        ("district:杭州", "district:杭州市", ()),
        ("district:杭州,成都", "district:(杭州市 OR 成都市)", ()),
        ("agency:卫健委", "agency:卫生健康委员会", ()),
        ("section:存在的问题", "section:问题", ()),
        ("doctype:法治政府建设报告", "doctype:法治政府建设年度报告", ()),
        ("year:2023年", "year:2023", ()),
        ("year:2021至2023年", "year:[2021 TO 2023]", ()),
        ("year:2021,2023", "year:(2021 OR 2023)", ()),
        ("district:杭洲", "district:杭洲", ("no district 杭洲; did you mean 杭州市?",)),
        ("year:2099", "year:2099", ("no year 2099 in the index; it has 2018..2024",)),
        ("year:[2098 TO]", "year:[2098 TO]", ("no year 2098.. in the index; it has 2018..2024",)),
        ("document:杭州", "document:杭州", ()),
    ],
)
def test_fields_take_what_filters_take(
    query: str, tree: str, notes: tuple[str, ...], analyzer: Analyzer, aliases: Aliases
) -> None:
    """A field with the name of a facet takes short names, synonyms, and lists and ranges of years, as a filter does.

    An unknown value causes a note, not an error. The value of another field stays as it is (document:杭州).
    """
    fields = ("district", "agency", "section", "doctype", "document")
    parsed = parse_understood(query, analyzer, fields, FilterReader(aliases))
    assert (str(parsed.all), parsed.notes) == (tree, notes)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("杭洲", ["杭州市"]),
        ("杭洲市", ["杭州市"]),
        ("滨海区", ["滨海新区"]),
        ("宾海新去", ["滨海新区"]),
        ("海滨新区", ["滨海新区"]),
        ("滨海新区", ["滨海新区"]),
        ("卫键委", ["卫生健康委员会"]),
        ("政府工做报告", ["政府工作报告"]),
        ("计化", []),
        ("经济", []),
        ("州", []),
        ("", []),
    ],
)
def test_names_are_similar_in_characters_or_pinyin(text: str, values: list[str], aliases: Aliases) -> None:
    """A text is similar to a name if one character differs or is missing, or if two neighbouring ones are swapped.

    A text with the pinyin of a name is similar to it, too (宾海新去). If a topic, a section or a kind of report has a
    name of two characters, no text is similar to this name: 计化 is not similar to 计划.
    """
    assert [value for _, value in aliases.similar(text)] == values


def test_the_nearest_values_include_those_with_the_same_pinyin(aliases: Aliases) -> None:
    """A value whose name has the same pinyin as the unknown name is the nearest."""
    assert aliases.nearest("district", "宾孩心去") == ["滨海新区"]


def test_a_run_is_found_as_a_string_too(analyzer: Analyzer, aliases: Aliases) -> None:
    """A paragraph that contains the run as a string matches too. It need not pass the filter of the name in the run."""
    parsed = parse_understood("滨海新区疫情监测 2023", analyzer, (), FilterReader(aliases))
    years = "(of_year:2023 OR year:2023)"
    words = '("疫情监测" OR (疫情 AND 监测))'
    assert str(parsed.all) == f'(district:滨海新区 AND {years} AND {words}) OR ({years} AND "滨海新区疫情监测")'


@pytest.mark.parametrize(
    "query", ["滨海新区执法", "滨海新区滨海新区执法", "滨海新区 东丽区 执法", "东丽区 滨海新区 西青区 执法"]
)
def test_places_can_contain_each_other(query: str, analyzer: Analyzer) -> None:
    """Places that contain a place of the same name, or each other, are understood. Each name has at least one value."""
    paths = {"滨海新区", "滨海新区/滨海新区", "滨海新区/东丽区", "东丽区", "东丽区/滨海新区", "东丽区/西青区"}
    names = name_values(paths, dict.fromkeys(VALUES, ()), analyzer.synonyms)
    aliases = Aliases.create({"district": paths}, YEARS, (Alias(*name) for name in names))
    parsed = parse_understood(query, analyzer, (), FilterReader(aliases))
    assert parsed.understood
    assert all(item.values for item in parsed.understood)


def test_a_query_of_names_alone_finds_their_words_too(analyzer: Analyzer, aliases: Aliases) -> None:
    """A paragraph matches if it passes the filter or contains the name. Only an occurrence of the name scores."""
    parsed = parse_understood("杭州市", analyzer, (), FilterReader(aliases))
    assert (str(parsed.all), [clause.text for clause in parsed.scoring]) == ('district:杭州市 OR "杭州市"', ["杭州市"])
    assert parsed.loosened is None


def test_names_with_other_words_are_conditions(analyzer: Analyzer, aliases: Aliases) -> None:
    """The conditions of each form of a query are the filters that it requires, whether understood or written.

    The condition of a query that consists of names alone is one that every paragraph meets.
    """
    parsed = parse_understood("东丽区2022年立案 section:成效", analyzer, ("section",), FilterReader(aliases))
    assert "section:成效" in str(parsed.conditions)
    conditions = [str(form.conditions) for form in (parsed, *parsed.loosened_forms())]
    assert [("district:东丽区" in text, "year:2022 OR of_year:2022" in text) for text in conditions] == [
        *((True, True), (True, False), (False, True), (False, False))
    ]
    assert not any("立案" in text for text in conditions)
    *_, loosest = parsed.loosened_forms()
    assert loosest.conditions == And((filter_conditions(loosest.all),))
    assert parse_understood("东丽区", analyzer, (), FilterReader(aliases)).conditions == And((Everything(),))


def test_literal_reads_names_as_words(analyzer: Analyzer, aliases: Aliases) -> None:
    """Names of values of the facets in `literal` are read as words."""
    query = "东丽区2022年立案"
    parsed = parse_understood(query, analyzer, (), FilterReader(aliases), literal=("district",))
    assert [item.facet for item in parsed.understood] == ["of_year"]
    assert (
        parse_understood(query, analyzer, (), FilterReader(aliases), literal=("district", "of_year")).understood == ()
    )


def test_a_year_is_a_filter_by_the_given_facets(analyzer: Analyzer, aliases: Aliases) -> None:
    """A year in the query is a filter by the facets in `year_facets`. A look-up of measures gives only `of_year`."""
    parsed = parse_understood("2022年立案", analyzer, (), FilterReader(aliases), year_facets=("of_year",))
    assert str(parsed.all) == '(of_year:2022 AND "立案") OR "2022年立案"'


def test_years_are_words_if_no_report_has_a_year(analyzer: Analyzer) -> None:
    """If no report has a year, 2022年 in a query is read as a word, even if paragraphs are about 2022."""
    known = Aliases.create({"district": ["浙江省"]}, {"year": [], "of_year": [2022]}, [])
    assert parse_understood("2022年立案", analyzer, (), FilterReader(known)).understood == ()


def test_a_short_name_after_a_word_is_a_word(analyzer: Analyzer, aliases: Aliases) -> None:
    """和平 is also an ordinary word, so it is not understood as a place; nor is 四川, because it follows a word."""
    assert parse_understood("和平四川", analyzer, (), FilterReader(aliases)).understood == ()


@pytest.mark.parametrize(
    "query", ["东丽区" * 333, "鼓楼区 " * 250, "杭州和成都、" * 170, "2023年" * 200, "2021-" * 200]
)
def test_a_query_of_many_names_is_limited(query: str, analyzer: Analyzer, aliases: Aliases) -> None:
    """Of hundreds of names in a query, at most 33 are understood, because comparing them takes quadratic time."""
    assert 0 < len(parse_understood(query, analyzer, (), FilterReader(aliases)).understood) <= 33


@given(st.text(alphabet='东丽区天津市杭州和的、2023年至-~ "()|：OR一二〇卫健委问题\u200b西湖', max_size=30))
def test_any_text_is_a_query(text: str) -> None:
    """Every text is parsed. The span of each understood name contains its words, and each name has values."""
    analyzer = Analyzer()
    names = name_values(["天津市", "天津市/东丽区", "浙江省/杭州市", "浙江省/杭州市/西湖区"], VALUES, analyzer.synonyms)
    paths = ["天津市", "天津市/东丽区", "浙江省/杭州市", "浙江省/杭州市/西湖区"]
    known = Aliases.create({**VALUES, "district": paths}, YEARS, (Alias(*name) for name in names))
    parsed = parse_understood(text, analyzer, (), FilterReader(known))
    for item in parsed.understood:
        assert text[item.start : item.end].replace("\u200b", "") == item.words
        assert item.values


@pytest.mark.parametrize("line", ["东丽区\t99\tsure\tx", "东丽区\t0", "\t0\tsure\tx", "东丽区\t0\tcertain\tx", ""])
def test_damaged_names_are_reported(line: str) -> None:
    """A line that cannot be decoded is damage of the index. So is an empty name, because it would match everywhere."""
    damaged = Aliases.from_json(json.dumps({"values": {}, "years": {}, "names": {"东": line}}).encode())
    with pytest.raises(IndexDamaged):
        damaged.at("东丽区", 0)
