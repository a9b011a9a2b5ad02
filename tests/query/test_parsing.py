"""Query parsing: every construct and its meaning. No input is an error.

The strict tree of a query is `Query.all`, the relaxed tree `Query.any`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.names import YEAR_FACETS
from searchkit.query.builder import MAX_QUERY_CLAUSES, MAX_QUERY_WORDS, MAX_SCANNED_CLAUSES, MAX_SYNONYM_WORDS
from searchkit.query.facets import Filter
from searchkit.query.parsing import MAX_QUERY_DEPTH, MAX_QUERY_LENGTH, parse
from searchkit.query.tree import (
    PASSAGE,
    TEXT_FIELDS,
    And,
    Everything,
    Node,
    Not,
    Or,
    Prefix,
    Query,
    Substring,
    Word,
    positive_leaves,
)
from searchkit.text.analyzer import Analyzer, Lexicon
from searchkit.text.folding import fold
from searchkit.text.numerals import find_numerals
from searchkit.text.years import MAX_YEAR, MIN_YEAR

FACETS = ("district", "topic", "agency", "source")
MAX_SECONDS = 1.0
"""Maximum time to parse a query, in seconds."""


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    """An analyzer with two groups of synonyms and one custom word, with its dictionary loaded."""
    instance = Analyzer(Lexicon("双随机", "卫健委 = 卫生健康委\n市监局 = 市场监管局 = 市场监督管理局 = 市管局\n"))
    instance.tokenize("法治政府")
    return instance


@pytest.fixture(scope="module")
def parse_query(analyzer: Analyzer) -> Callable[[str], Query]:
    """A function that parses a query."""
    return lambda text: parse(text, analyzer, FACETS)


@pytest.fixture(scope="module")
def matches(analyzer: Analyzer) -> Callable[[str, Node], bool]:
    """A function that returns whether a text matches a tree, by the definitions of the nodes."""

    def evaluate(text: str, node: Node) -> bool:
        """Return whether a text matches a node. Filters, and leaves of other fields than the passage, match nothing."""
        if isinstance(node, And | Or):
            results = [evaluate(text, child) for child in node.children]
            return all(results) if isinstance(node, And) else any(results)
        if isinstance(node, Not):
            return not evaluate(text, node.child)
        if isinstance(node, Everything | Filter) or node.field != PASSAGE:
            return isinstance(node, Everything)
        if isinstance(node, Substring):
            return any(True for _ in node.find(fold(text)))
        terms = [token.term for token in analyzer.tokenize(text)]
        return any(term == node.term if isinstance(node, Word) else term.startswith(node.text) for term in terms)

    return evaluate


# Syntax: the strict and the relaxed tree of each construct.


@pytest.mark.parametrize(
    ("text", "all_of", "any_of"),
    [
        # bare runs
        ("红", '"红"', '"红" OR 红'),
        ("红 蓝", '"红" AND "蓝"', '"红" OR 红 OR "蓝" OR 蓝'),
        ("行政执法", '"行政执法" OR (行政 AND 执法)', '"行政执法" OR 行政 OR 执法'),
        ("双随机检查", '"双随机检查" OR (双随机 AND 检查)', '"双随机检查" OR 双随机 OR 随机 OR 检查'),
        ("ＣＯＶＩＤ", '"covid"', '"covid" OR covid'),
        ("檢查", '"检查"', '"检查" OR 检查'),
        ("检查的红", '"检查的红" OR (检查 AND 的 AND 红)', '"检查的红" OR 检查 OR 红'),
        ("的", '"的"', '"的" OR 的'),
        ("。", '"。"', '"。"'),
        # OR
        ("红 OR 蓝", '"红" OR "蓝"', '"红" OR 红 OR "蓝" OR 蓝'),
        ("红|蓝", '"红" OR "蓝"', '"红" OR 红 OR "蓝" OR 蓝'),
        ("红 OR 蓝 绿", '("红" OR "蓝") AND "绿"', '"红" OR 红 OR "蓝" OR 蓝 OR "绿" OR 绿'),
        ("red or blue", '"red" AND "or" AND "blue"', '"red" OR red OR "or" OR or OR "blue" OR blue'),
        # AND
        ("红 AND 蓝", '"红" AND "蓝"', '"红" OR 红 OR "蓝" OR 蓝'),
        ("红 OR 蓝 AND 绿", '"红" OR ("蓝" AND "绿")', '"红" OR 红 OR "蓝" OR 蓝 OR "绿" OR 绿'),
        # NOT
        ("NOT 红", 'NOT "红"', 'NOT "红"'),
        ("-红", 'NOT "红"', 'NOT "红"'),
        ("红 NOT 蓝", '"红" AND NOT "蓝"', '("红" OR 红) AND NOT "蓝"'),
        ("红 -蓝", '"红" AND NOT "蓝"', '("红" OR 红) AND NOT "蓝"'),
        ("红 -(蓝 绿)", '"红" AND NOT ("蓝" AND "绿")', '("红" OR 红) AND NOT ("蓝" AND "绿")'),
        ("红-蓝", '"红-蓝" OR (红 AND 蓝)', '"红-蓝" OR 红 OR 蓝'),
        ("红 OR NOT 蓝", '"红" OR NOT "蓝"', '"红" OR 红 OR NOT "蓝"'),
        # brackets
        ("(红 OR 蓝) 绿", '("红" OR "蓝") AND "绿"', '"红" OR 红 OR "蓝" OR 蓝 OR "绿" OR 绿'),
        ("((红))", '"红"', '"红" OR 红'),
        ("红(蓝)", '"红" AND "蓝"', '"红" OR 红 OR "蓝" OR 蓝'),
        # quotes
        ('"行政 执法"', '"行政 执法"', '"行政 执法"'),
        ("“行政执法”", '"行政执法"', '"行政执法"'),
        ("「行政执法」", '"行政执法"', '"行政执法"'),
        ("『行政执法』", '"行政执法"', '"行政执法"'),
        ('"(红 OR 蓝)"', '"(红 or 蓝)"', '"(红 or 蓝)"'),
        ('"红""蓝"', '"红" AND "蓝"', '"红" OR "蓝"'),
        ('"3件"', '"3件"', '"3件"'),
        # fields
        ("title:红", 'title:"红"', 'title:"红" OR title:红'),
        ('heading:"红 蓝"', 'heading:"红 蓝"', 'heading:"红 蓝"'),
        ("text:红", 'text:"红"', 'text:"红" OR text:红'),
        ("title:(红 OR 蓝)", 'title:"红" OR title:"蓝"', 'title:"红" OR title:红 OR title:"蓝" OR title:蓝'),
        ("district:天津市 红", 'district:天津市 AND "红"', '("红" OR 红) AND district:天津市'),
        ("topic:(甲 OR 乙)", "topic:甲 OR topic:乙", "topic:甲 OR topic:乙"),
        ("colour:红", '"colour:红" OR (colour AND 红)', '"colour:红" OR colour OR 红'),
        # years
        ("year:2023", "year:2023", "year:2023"),
        ("year:2021..2023", "year:[2021 TO 2023]", "year:[2021 TO 2023]"),
        ("year:[2021 TO 2023]", "year:[2021 TO 2023]", "year:[2021 TO 2023]"),
        ("year:{2020 TO 2024}", "year:[2021 TO 2023]", "year:[2021 TO 2023]"),
        ("year:{2022 TO 2023}", "year:{2022 TO 2023}", "year:{2022 TO 2023}"),
        ("year:[2021年 TO 二〇二三年]", "year:[2021 TO 2023]", "year:[2021 TO 2023]"),
        ("year:[1990年代 TO 23年]", "year:[1990 TO 2023]", "year:[1990 TO 2023]"),
        ("year:[2021 TO]", "year:[2021 TO]", "year:[2021 TO]"),
        ("year:[TO 2023]", "year:[TO 2023]", "year:[TO 2023]"),
        ("year:2023 红", 'year:2023 AND "红"', '("红" OR 红) AND year:2023'),
        ("of_year:2023", "of_year:2023", "of_year:2023"),
        ("of_year:2021..2023 红", 'of_year:[2021 TO 2023] AND "红"', '("红" OR 红) AND of_year:[2021 TO 2023]'),
        ("of_year:[2021 TO]", "of_year:[2021 TO]", "of_year:[2021 TO]"),
        # boost, prefix, everything
        ("红^2 蓝", '"红" AND "蓝"', '"红" OR 红 OR "蓝" OR 蓝'),
        ("(红 蓝)^3", '"红" AND "蓝"', '"红" OR 红 OR "蓝" OR 蓝'),
        ("C9*", "c9*", "c9*"),
        ("title:covid*", "title:covid*", "title:covid*"),
        ("*", "*", "*"),
        ("*:*", "*", "*"),
        # synonyms
        ("卫健委", '"卫健委" OR 卫生健康委', '"卫健委" OR 卫健委 OR 卫生健康委'),
        (
            "查卫健委",
            '"查卫健委" OR (查 AND 卫健委) OR "查卫生健康委" OR (查 AND 卫生健康委)',
            '"查卫健委" OR 查 OR 卫健委 OR "查卫生健康委" OR 卫生健康委',
        ),
        ('"卫健委"', '"卫健委"', '"卫健委"'),
        # quantities
        ("3件", '"3件" OR 3件', '"3件" OR 3件'),
        ("１２９件", '"129件" OR 129件', '"129件" OR 129件'),
        ("93.7182万元", '"93.7182万元" OR 937182元', '"93.7182万元" OR 937182元'),
        ("2023年", '"2023年" OR 2023年', '"2023年" OR 2023年'),
        ("50%", '"50%" OR 50%', '"50%" OR 50%'),
        ("立案3件", '"立案3件" OR (立案 AND 3件)', '"立案3件" OR 立案 OR 3件'),
        # letters with digits
        ("5G", '"5g" OR "5 g" OR 5g', '"5g" OR "5 g" OR 5g'),
        ("N5s", '"n5s" OR "n 5 s" OR "n 5s" OR "n5 s"', '"n5s" OR "n 5 s" OR "n 5s" OR "n5 s" OR n5s'),
        (
            "PM2.5浓度",
            '"pm2.5浓度" OR "pm 2.5浓度" OR (pm2 AND 5 AND 浓度)',
            '"pm2.5浓度" OR "pm 2.5浓度" OR pm2 OR 5 OR 浓度',
        ),
        # nothing
        ("", "*", "*"),
        (" \t\n\u3000", "*", "*"),
        ("()", "*", "*"),
        ('""', "*", "*"),
        ("“”", "*", "*"),
    ],
)
def test_constructs_are_parsed(parse_query: Callable[[str], Query], text: str, all_of: str, any_of: str) -> None:
    """Each construct is parsed to the expected strict and relaxed tree, without notes."""
    query = parse_query(text)
    assert (str(query.all), str(query.any)) == (all_of, any_of)
    assert query.notes == ()


def test_lower_case_operators_are_words_with_a_note(parse_query: Callable[[str], Query]) -> None:
    """Among Chinese words, `or` is read as a word, but probably meant as OR. So a note names the operator OR."""
    query = parse_query("红 or 蓝")
    assert str(query.all) == '"红" AND "or" AND "蓝"'
    assert query.notes == ("or is read as a word; the operator is OR",)


@pytest.mark.parametrize(
    ("text", "tree", "note"),
    [
        ("year:[2023 TO 2021]", "year:[2021 TO 2023]", "year 2023 TO 2021 was read as 2021..2023"),
        ("of_year:{2023年 TO 2020年]", "of_year:[2020 TO 2022]", "of_year 2023年 TO 2020年 was read as 2020..2022"),
    ],
)
def test_a_range_that_begins_with_its_last_year_is_swapped(
    parse_query: Callable[[str], Query], text: str, tree: str, note: str
) -> None:
    """The ends of a range are swapped with a note. A bracket that excludes a year still excludes it."""
    query = parse_query(text)
    assert (str(query.all), query.notes) == (tree, (note,))


@pytest.mark.parametrize(
    ("full_width", "half_width"),
    [
        ("红　蓝", "红 蓝"),
        ("红　ＯＲ　蓝", "红 OR 蓝"),
        ("红｜蓝", "红|蓝"),
        ("红 ＡＮＤ 蓝", "红 AND 蓝"),
        ("ＮＯＴ 红", "NOT 红"),
        ("红 －蓝", "红 -蓝"),
        ("（红 OR 蓝）绿", "(红 OR 蓝)绿"),
        ("＂红 蓝＂", '"红 蓝"'),
        ("title：红", "title:红"),
        ("ｔｉｔｌｅ：红", "title:红"),
        ("year：［２０２１　ＴＯ　２０２３］", "year:[2021 TO 2023]"),
        ("year:２０２１..２０２３", "year:2021..2023"),
        ("红＾2", "红^2"),
        ("红＾２", "红^2"),
        ("Ｃ９＊", "C9*"),
        ("＊", "*"),
    ],
)
def test_full_width_operators_are_accepted(
    parse_query: Callable[[str], Query], full_width: str, half_width: str
) -> None:
    """A query with full-width operators is equal to the one with half-width operators."""
    assert parse_query(full_width) == parse_query(half_width)


def test_a_facet_name_can_contain_any_characters(analyzer: Analyzer) -> None:
    """Names are matched literally, and the longest matching name is taken."""
    fields = ("a.b", "topic", "topic2", "来源", "a|(")
    assert parse("a.b:甲", analyzer, fields).all == Filter("a.b", ("甲",))
    assert parse("topic2:甲", analyzer, fields).all == Filter("topic2", ("甲",))
    assert parse("来源：甲", analyzer, fields).all == Filter("来源", ("甲",))
    assert not isinstance(parse("axb:甲", analyzer, fields).all, Filter)


# Meaning: each tree is compared with a Boolean expression, for texts with every combination of three characters.


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("红 蓝", lambda r, b, _g: r and b),
        ("红 OR 蓝", lambda r, b, _g: r or b),
        ("红 OR 蓝 绿", lambda r, b, g: (r or b) and g),
        ("红 蓝 OR 绿", lambda r, b, g: r and (b or g)),
        ("红 蓝|绿", lambda r, b, g: r and (b or g)),
        ("红 AND 蓝 OR 绿", lambda r, b, g: (r and b) or g),
        ("(红 蓝) OR 绿", lambda r, b, g: (r and b) or g),
        ("红 NOT 蓝", lambda r, b, _g: r and not b),
        ("红 -(蓝 OR 绿)", lambda r, b, g: r and not (b or g)),
        ("红 OR -蓝", lambda r, b, _g: r or not b),
        ("NOT 红 NOT 蓝", lambda r, b, _g: not r and not b),
        ("NOT NOT 红", lambda r, _b, _g: r),
        ("NOT (NOT 红)", lambda r, _b, _g: r),
        ("NOT (红 -蓝) 绿", lambda r, b, g: not (r and not b) and g),
        ("* -红", lambda r, _b, _g: not r),
        ('"红" “蓝”|「绿」', lambda r, b, g: r and (b or g)),
        ("红^0 蓝", lambda r, b, _g: r and b),
    ],
)
def test_boolean_operators(
    parse_query: Callable[[str], Query],
    matches: Callable[[str, Node], bool],
    text: str,
    meaning: Callable[[bool, bool, bool], bool],
) -> None:
    """The tree matches exactly the texts for which the Boolean expression is true."""
    tree = parse_query(text).all
    for r, b, g in product([False, True], repeat=3):
        paragraph = "，".join(["无", *(c for c, is_in in zip("红蓝绿", (r, b, g), strict=True) if is_in)])
        assert matches(paragraph, tree) == meaning(r, b, g), paragraph


@pytest.mark.parametrize(
    ("text", "paragraphs"),
    [
        ("红 蓝", {"红": True, "蓝": True, "绿": False}),
        ("红 蓝 -绿", {"红": True, "蓝，绿": False, "无": False}),
        ("-绿", {"无": True, "绿": False}),
        ('"红，蓝" 绿', {"红，蓝": True, "红": False, "绿": True}),
        ("行政执法", {"行政": True, "执法": True, "行使": False}),
        ("检查的", {"检查": True, "的": False}),
    ],
)
def test_the_relaxed_tree_requires_one_word(
    parse_query: Callable[[str], Query], matches: Callable[[str, Node], bool], text: str, paragraphs: dict[str, bool]
) -> None:
    """The relaxed tree requires all negations and, if the query has words or strings, one of them.

    A function word (的) is not enough.
    """
    tree = parse_query(text).any
    assert {paragraph: matches(paragraph, tree) for paragraph in paragraphs} == paragraphs


# Matching of runs, strings and quantities.

PIECES = (
    "行政执法", "监督", "柔性", "的", "双随机", "重点", "卫健委", "ABC", "C919",
    "3件", "129件", "三件", "98.5%", "第三条", "，", "、", "。",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join), st.data())
def test_a_run_matches_wherever_it_occurs(
    parse_query: Callable[[str], Query], matches: Callable[[str, Node], bool], paragraph: str, data: st.DataObject
) -> None:
    """Any substring of a paragraph matches the paragraph, however both are segmented, unless it splits a number."""
    numbers = [(numeral.start, numeral.end) for numeral in find_numerals(paragraph)]
    edges = [offset for offset in range(len(paragraph) + 1) if not any(start < offset < end for start, end in numbers)]
    start = data.draw(st.sampled_from(edges[:-1]))
    end = data.draw(st.sampled_from([offset for offset in edges if offset > start]))
    assert matches(paragraph, parse_query(paragraph[start:end]).all)


@pytest.mark.parametrize("paragraph", ["C919，3架", "C919,3架", "机型C919.2024年", "（C919）", "C919."])
def test_a_word_that_ends_in_a_number_matches(
    parse_query: Callable[[str], Query], matches: Callable[[str, Node], bool], paragraph: str
) -> None:
    """C919 matches where it is a word, whatever follows, and does not match C9190."""
    assert matches(paragraph, parse_query("C919").all)
    assert not matches("C9190", parse_query("C919").all)


PRINTABLE = st.characters(categories=["L", "M", "N", "P", "S", "Zs"], exclude_characters='"＂') | st.sampled_from(
    "「」『』“”（）［］｜－＾：＊()[]|-^:* "
)


@given(st.lists(PRINTABLE, min_size=1).map("".join))
def test_a_quoted_string_is_exact(parse_query: Callable[[str], Query], text: str) -> None:
    """A quoted string is parsed to the string of its characters, folded. Operators in it are characters."""
    assert parse_query(f'"{text}"').all == Substring(fold(text))


@pytest.mark.parametrize("text", ["\ue863", "甲\ue863乙", "\U00031350", "甲\U0002ebf0乙", "「甲」乙", "『甲』"])
def test_quotes_keep_every_character(parse_query: Callable[[str], Query], text: str) -> None:
    """Private-use characters, characters of newer Unicode versions, and nested quotes are kept."""
    assert parse_query(f'"{text}"').all == Substring(fold(text))


SAME = [  # forms of the same quantity
    ["93.7182万元", "937182元", "937,182元", "９３．７１８２万元"],
    ["一百二十九件", "129件", "１２９件"],
    ["3件", "三件", "３件"],
    ["50%", "百分之五十", "５０％"],
    ["2023年", "二〇二三年", "２０２３年"],
]
OTHER = [  # pairs of different quantities
    *product(["3件", "三件", "３件"], ["129件", "23件", "13件", "十三件", "二十三件", "30件", "1.3件", "3,129件"]),
    *permutations(["十三件", "二十三件", "三十件"], 2),
    *permutations(["九件", "十九件", "一百二十九件"], 2),
    ("2023年", "12023年"),
    ("937182元", "1,937,182元"),
]


@pytest.mark.parametrize(("query", "printed"), [pair for forms in SAME for pair in product(forms, repeat=2)])
def test_a_quantity_matches_in_every_form(
    parse_query: Callable[[str], Query], matches: Callable[[str, Node], bool], query: str, printed: str
) -> None:
    """Each form of a quantity matches every other form, in the strict and in the relaxed tree."""
    assert matches(f"全年，{printed}。", parse_query(query).all)
    assert matches(f"全年，{printed}。", parse_query(query).any)


@pytest.mark.parametrize(("query", "printed"), OTHER)
def test_another_quantity_does_not_match(
    parse_query: Callable[[str], Query], matches: Callable[[str, Node], bool], query: str, printed: str
) -> None:
    """3件 does not match 129件, neither in the strict nor in the relaxed tree."""
    assert not matches(f"全年，{printed}。", parse_query(query).all)
    assert not matches(f"全年，{printed}。", parse_query(query).any)


@pytest.mark.parametrize(
    ("query", "printed"),
    [
        ("立案3件", "立案三件"),
        ("立案三件", "立案3件"),
        ("查处一百二十九件案件", "查处129件案件"),
        ("罚款93.7182万元", "罚款937,182元"),
        ("第3条", "第三条"),
        ("第三条", "第3条"),
    ],
)
def test_a_quantity_in_a_run_matches_in_every_form(
    parse_query: Callable[[str], Query], matches: Callable[[str, Node], bool], query: str, printed: str
) -> None:
    """A quantity with words around it matches its other forms."""
    assert matches(f"依照{printed}。", parse_query(query).all)


# Scoring clauses.


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("红 蓝", [("红", 1.0), ("蓝", 1.0)]),
        ("红^2.5 蓝", [("红", 2.5), ("蓝", 1.0)]),
        ("(红^2 蓝)^3", [("红", 6.0), ("蓝", 3.0)]),
        ('"红 蓝"^2', [("红 蓝", 2.0)]),
        ("红^0 蓝", [("蓝", 1.0)]),
        ("红^999999", [("红", 100.0)]),
        ("红 -蓝", [("红", 1.0)]),
        ("红 NOT (蓝 OR 绿)", [("红", 1.0)]),
        ("title:红 蓝", [("蓝", 1.0)]),
        ('heading:"红" “蓝”', [("蓝", 1.0)]),
        ("year:2023 红", [("红", 1.0)]),
        ("-红", []),
        ("*", []),
    ],
)
def test_scoring_clauses(parse_query: Callable[[str], Query], text: str, clauses: list[tuple[str, float]]) -> None:
    """Runs and strings without a field that are not negated are scoring clauses, in the order of the query.

    The weight is the product of the boosts around a clause, at most 100 each. With the weight 0, it is no scoring
    clause.
    """
    assert [(clause.text, clause.weight) for clause in parse_query(text).scoring] == clauses


@pytest.mark.parametrize(("text", "names"), [("卫健委^2", 2), ("市监局", 4), ("查市监局", 4)])
def test_synonyms_weigh_less(parse_query: Callable[[str], Query], text: str, names: int) -> None:
    """The run as written comes first. Its weight is greater than the sum of the weights of all synonym variants."""
    original, *variants = parse_query(text).scoring
    assert original.text == text.removesuffix("^2")
    assert len(variants) == names - 1
    assert 0 < sum(variant.weight for variant in variants) < original.weight


def test_the_number_of_synonym_variants_is_limited(analyzer: Analyzer, parse_query: Callable[[str], Query]) -> None:
    """A run of many words with synonyms is parsed to a small tree."""
    assert analyzer.synonyms("卫健委")
    tree = parse_query("卫健委" * 20).all
    assert len(str(tree)) < 10_000


# Invalid syntax and limits.


@pytest.mark.parametrize(
    ("text", "all_of"),
    [
        ("(红", '"红"'),
        ("红)", '"红"'),
        ("((红) 蓝", '"红" AND "蓝"'),
        (')红( OR "蓝"', '"红" AND "蓝"'),
        ('"红', '"红"'),
        ("“红", '"红"'),
        ('“红"', '"红"'),
        ("(", "*"),
        ("(" * (MAX_QUERY_DEPTH + 1) + "红" + ")" * (MAX_QUERY_DEPTH + 1), '"红"'),
        ("year:今年", '"year:今年" OR (year AND 今年)'),
        ("of_year:今年", '"of_year:今年" OR (of AND year AND 今年)'),
        ("[红 TO 蓝]", '"红" AND "to" AND "蓝"'),
        ("红 OR", '"红"'),
        ("OR 红", '"红"'),
        ("红 AND", '"红"'),
        ("红 NOT", '"红"'),
        ("红 OR OR 蓝", '"红" AND "蓝"'),
        ("红 AND OR 蓝", '"红" AND "蓝"'),
        ("(红 OR) 蓝", '"红" AND "蓝"'),
        ("NOT OR 红", '"红"'),
        ("红 |", '"红"'),
    ],
)
def test_invalid_syntax_is_parsed_as_plain_words(parse_query: Callable[[str], Query], text: str, all_of: str) -> None:
    """Operators are ignored if the syntax is invalid, and a note states this."""
    query = parse_query(text)
    assert str(query.all) == all_of
    assert len(query.notes) == 1
    assert query.notes[0].endswith("read as plain words")


@pytest.mark.parametrize(
    "text",
    [
        "红 " * MAX_QUERY_LENGTH,
        "红" * MAX_QUERY_LENGTH + " ",
        "\x00\u202e" + "红" * (MAX_QUERY_LENGTH + 1),
        "a" * 100_000,
    ],
)
def test_a_query_that_is_too_long_is_truncated(parse_query: Callable[[str], Query], text: str) -> None:
    """The rest of the query is ignored. A note contains the maximum length."""
    notes = parse_query(text).notes
    assert any(str(MAX_QUERY_LENGTH) in note for note in notes)


def test_a_query_of_the_maximum_length_is_not_truncated(parse_query: Callable[[str], Query]) -> None:
    """A query of the maximum length has no note."""
    query = parse_query("红" * MAX_QUERY_LENGTH)
    assert query.notes == ()
    assert Substring("红" * MAX_QUERY_LENGTH) in list(positive_leaves(query.all))


@pytest.mark.parametrize("extra", [0, 1, 20])
def test_the_number_of_clauses_is_limited(parse_query: Callable[[str], Query], extra: int) -> None:
    """Clauses after the maximum number are ignored, and a note states this."""
    text = " ".join(f'"{n}"' for n in range(MAX_QUERY_CLAUSES + extra))
    query = parse_query(text)
    assert isinstance(query.all, And)
    assert len(query.all.children) == len(query.scoring) == MAX_QUERY_CLAUSES
    assert len(query.notes) == (1 if extra else 0)
    assert all(str(MAX_QUERY_CLAUSES) in note for note in query.notes)


@pytest.mark.parametrize("pattern", ["{}", '"{}"', '"，{}"', "text:{0}{0}"])
def test_the_number_of_scans_is_limited(parse_query: Callable[[str], Query], pattern: str) -> None:
    """Parts that an engine may find only by a scan of all text are ignored after the maximum number, with a note.

    Such parts have no two letters in a row, or at most two characters and the field `text`. Other parts are still used.
    """
    characters = [chr(0x4E00 + 7 * n) for n in range(MAX_SCANNED_CLAUSES + 5)]
    query = parse_query(" OR ".join([*map(pattern.format, characters), '"行政执法"']))
    assert len(query.clauses) == len(query.scoring) == MAX_SCANNED_CLAUSES + 1
    assert query.clauses[-1].text == "行政执法"
    assert [note.code for note in query.notes] == ["too_many_parts"]
    assert f"only the first {MAX_SCANNED_CLAUSES} parts without two letters" in query.notes[0]


@pytest.mark.parametrize("separator", ["", " ", "，", " OR "])
def test_the_number_of_words_is_limited(parse_query: Callable[[str], Query], separator: str) -> None:
    """The words of long runs after the maximum number are ignored, and a note states this once.

    Of runs separated by blanks or OR, the parts after the maximum number are ignored.
    """
    text = separator.join(chr(0x4E00 + 7 * n) + chr(0x4E00 + 7 * n) for n in range(330))
    query = parse_query(text)
    words = {leaf.term for leaf in positive_leaves(query.any) if isinstance(leaf, Word)}
    limit = MAX_QUERY_WORDS if separator in {"", "，"} else MAX_QUERY_CLAUSES
    assert limit - 20 < len(words) <= limit
    codes = [note.code for note in query.notes if note.code != "query_too_long"]
    assert codes == ["too_many_words" if separator in {"", "，"} else "too_many_parts"]


def test_the_number_of_words_of_synonyms_is_limited(analyzer: Analyzer, parse_query: Callable[[str], Query]) -> None:
    """Synonym variants beyond the maximum number of words are ignored, with a note. All words of the query stay."""
    assert analyzer.synonyms("卫健委")
    query = parse_query("".join(f"{chr(0x4E00 + 7 * n)}卫健委{chr(0x4E00 + 7 * n)}" for n in range(40)))
    words = [{*scoring.terms} for scoring in query.scoring]
    assert MAX_SYNONYM_WORDS - 50 < sum(map(len, words[1:])) <= MAX_SYNONYM_WORDS
    assert len(words[0]) > 40
    assert [note.code for note in query.notes] == ["too_many_synonyms"]


# Printed trees.

SIMPLE_TEXT = st.text(PRINTABLE.filter(lambda character: not character.isspace()), min_size=1)
NAMES = st.sampled_from(TEXT_FIELDS)
YEARS = st.integers(1000, 9998)
LEAVES = st.one_of(
    st.just(Everything()),
    st.builds(Substring, SIMPLE_TEXT.map(fold), NAMES),
    st.builds(Prefix, st.text("abcz019", min_size=1, max_size=5), NAMES),
    st.builds(
        lambda name, value: Filter(name, (value,)), st.sampled_from(FACETS), st.text("天津市甲乙ab1", min_size=1)
    ),
    st.builds(
        lambda name, low, high: Filter(name, ranges=((min(low, high), max(low, high)),)),
        st.sampled_from(YEAR_FACETS),
        YEARS | st.just(MIN_YEAR),
        YEARS | st.just(MAX_YEAR),
    ),
)


def _combine(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    """Generate a NOT, AND or OR of nodes, none of which is of the same kind, because the parser joins such nodes.

    If a drawn list for an AND or OR has such a node, generate the first node of the list.
    """
    lists = st.lists(children, min_size=2, max_size=4)
    return st.one_of(
        children.filter(lambda node: not isinstance(node, Not)).map(Not),
        lists.map(lambda nodes: And(tuple(nodes)) if not any(isinstance(node, And) for node in nodes) else nodes[0]),
        lists.map(lambda nodes: Or(tuple(nodes)) if not any(isinstance(node, Or) for node in nodes) else nodes[0]),
    )


@given(st.recursive(LEAVES, _combine, max_leaves=12).filter(lambda node: len(str(node)) <= MAX_QUERY_LENGTH))
@settings(max_examples=100)
def test_a_printed_tree_is_parsed_to_the_same_tree(parse_query: Callable[[str], Query], tree: Node) -> None:
    """A tree of strings, prefixes and filters prints as a query that is parsed to the same tree.

    This does not hold for words and quantities, because a bare word in a query is a run, which also matches as a
    substring and by synonyms. It does not hold for a double negation either, which is removed by the parser.
    """
    query = parse_query(str(tree))
    assert query.all == tree
    assert query.notes == ()


@given(
    st.lists(st.sampled_from((*PIECES, " ", " OR ", "(", ")")), max_size=8).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
)
@settings(max_examples=100)
def test_a_printed_tree_with_words_matches_at_least_the_same_texts(
    parse_query: Callable[[str], Query], matches: Callable[[str, Node], bool], text: str, paragraph: str
) -> None:
    """Printing and parsing a tree with words can only add matches, unless the parser adds a note (too many parts)."""
    tree = parse_query(text).all
    reparsed = parse_query(str(tree))
    assert matches(paragraph, reparsed.all) or not matches(paragraph, tree) or reparsed.notes


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ('“甲"乙”', Substring('甲"乙')),
        ('district:"天津 市"', Filter("district", ("天津 市",))),
        ("source:“县志(1990)”", Filter("source", ("县志(1990)",))),
        ('topic:"a|b" 红', And((Filter("topic", ("a|b",)), Substring("红")))),
        ('source:"-甲"', Filter("source", ("-甲",))),
    ],
)
def test_strings_and_values_are_quoted_when_printed(parse_query: Callable[[str], Query], text: str, tree: Node) -> None:
    """Strings with quotes, and facet values with spaces or operators, are parsed again to the same tree."""
    assert parse_query(text).all == tree
    assert parse_query(str(tree)).all == tree


# Hostile queries.

TOKENS = (
    "(", ")", "（", "）", '"', "“", "”", "「", "」", "『", "』", "[", "]", "{", "}", "TO", "OR", "AND", "NOT", "ＯＲ",
    "-", "－", "|", "｜", "*", "＊", "^", "^2", "^1e9", "＾", ":", "：", "title:", "year:", "district:", "2021",
    "..", ",", "'", "\\", "~", "3件", "三件", "卫健委", "红", "行政执法", "abc", "𠀀", "\x00", "\x1b", "\n", "\t",
    "\u3000", "\u2028", "\u202e", "\ud800", " ", "  ", "   ",
)  # fmt: skip
HOSTILE_TEXT = st.lists(st.sampled_from(TOKENS), max_size=40).map("".join)


@given(st.text(st.characters(exclude_categories=[])) | HOSTILE_TEXT)
@settings(max_examples=300)
def test_no_query_is_an_error(parse_query: Callable[[str], Query], text: str) -> None:
    """Any text is parsed in time to trees that can be printed, with scoring clauses of positive weights."""
    query = _in_time(parse_query, text)
    assert str(query.all)
    assert str(query.any)
    assert all(part.text and math.isfinite(part.weight) and part.weight > 0 for part in query.scoring)


@given(HOSTILE_TEXT, st.lists(st.sampled_from(("红", "行政", "abc", "3件", "三", "，")), max_size=6).map("".join))
@settings(max_examples=100)
def test_the_relaxed_tree_matches_whatever_the_strict_one_does(
    parse_query: Callable[[str], Query], matches: Callable[[str, Node], bool], text: str, paragraph: str
) -> None:
    """Relaxing a query never removes a match."""
    query = parse_query(text)
    assert matches(paragraph, query.any) or not matches(paragraph, query.all)


@pytest.mark.parametrize(
    "piece",
    [
        *TOKENS, "()", ")(", "“”", "* ", "- ", "-a ", "--", "year:[", "year:[2021 TO 2023] ", " TO ", "[a TO b]",
        "OR ", " OR ", "AND ", "NOT ", "NOT -", "(a OR ", "a^2", "a* ", "红 ", "卫健委 ", "二", "3", "1,", "3件 ", "?",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [MAX_QUERY_LENGTH, 100_000])
def test_long_queries_of_one_piece_are_parsed_in_time(
    parse_query: Callable[[str], Query], piece: str, size: int
) -> None:
    """A query of one repeated piece is parsed in time, at the maximum length and with 100,000 characters."""
    assert str(_in_time(parse_query, (piece * size)[:size]).all)


@pytest.mark.parametrize(
    "text",
    [
        "(" * MAX_QUERY_DEPTH + "红" + ")" * MAX_QUERY_DEPTH,
        "(" * 499 + "红" + ")" * 499,
        '[" TO a]' + "(" * 490 + "红" + ")" * 490 + '"',
        "year:[" + "9" * 490 + " TO " + "9" * 490 + "]",
        "year:" + "9" * 900,
        "红^" + "9" * 900,
        "NOT (" * MAX_QUERY_DEPTH + "红" + ")" * MAX_QUERY_DEPTH,
        "title:(" * MAX_QUERY_DEPTH + "红" + ")" * MAX_QUERY_DEPTH,
    ],
)
def test_deep_queries_need_little_stack(parse_query: Callable[[str], Query], text: str) -> None:
    """Deeply nested brackets and very large numbers are parsed when most of the stack is already used."""

    def call(depth: int) -> Query:
        return _in_time(parse_query, text) if depth == 0 else call(depth - 1)

    assert str(call(600).all)


def _in_time(parse_query: Callable[[str], Query], text: str) -> Query:
    """Parse a query, and check the time."""
    start = time.process_time()
    query = parse_query(text)
    assert time.process_time() - start < MAX_SECONDS
    return query


@pytest.mark.parametrize(
    ("text", "words", "content"),
    [
        ("红 蓝", [("红",), ("蓝",)], '"红" AND "蓝"'),
        ("红-蓝", [("红", "蓝")], '"红-蓝" OR (红 AND 蓝)'),
        ("有多少件红的蓝", [("红", "蓝")], '"有多少件红的蓝" OR (红 AND 蓝)'),
        ("什么是红", [("红",)], '"什么是红" OR "红"'),
        ("如何 红", [("红",)], '"红"'),
        ("3件", [("3件",)], '"3件" OR 3件'),
    ],
)
def test_question_words_are_not_content_words(
    analyzer: Analyzer, text: str, words: list[tuple[str, ...]], content: str
) -> None:
    """Question words, their measure words and particles do not have to match."""
    query = parse(text, analyzer)
    assert [run.variants[0][1] for run in query.runs] == words
    assert str(query.content) == content


def test_function_words_weigh_less(analyzer: Analyzer) -> None:
    """Question words with their measure words weigh 0.2, particles 0.3, by terms and by characters."""
    run, quoted = parse('有多少件红的蓝 OR "的"', analyzer).scoring
    assert (run.terms, run.term_factors) == (("有", "多少", "件", "红", "的", "蓝"), (0.3, 0.2, 0.2, 1.0, 0.3, 1.0))
    assert run.character_factors == (0.3, 0.2, 0.2, 0.2, 1.0, 0.3, 1.0)
    assert (quoted.term_factors, quoted.character_factors) == ((), ())


def test_a_term_has_its_highest_factor(analyzer: Analyzer) -> None:
    """A word that is a measure word once and a content word once counts as a content word."""
    (clause,) = parse("红，件，多少件", analyzer).scoring
    assert dict(zip(clause.terms, clause.term_factors, strict=True))["件"] == 1.0


@pytest.mark.parametrize("text", ["红 OR 蓝", '"红" 蓝', "红 -蓝", "(红 蓝)", "text:红 蓝", "如何", ""])
def test_queries_with_operators_have_no_content_form(analyzer: Analyzer, text: str) -> None:
    """A query with operators, and one without content words, has neither a form `content` nor `runs`."""
    query = parse(text, analyzer)
    assert (query.content, query.runs, query.has_several_words) == (None, (), False)


def test_missing_words_are_those_of_the_variant_that_lacks_the_fewest(analyzer: Analyzer) -> None:
    """Of the variants of a run (as written, and with synonyms), the one that lacks the fewest words counts.

    A paragraph that contains a run as a string lacks none of its words.
    """
    query = parse("查卫健委 红", analyzer)
    for leaves, has, lacks in (
        ((), (), ("查", "卫健委", "红")),
        ((Word("卫生健康委"), Word("红")), ("卫生健康委", "红"), ("查",)),
        ((Substring("查卫健委"),), ("查", "卫健委"), ("红",)),
    ):
        assert query.split_parts(frozenset(leaves), is_complete=False) == (has, lacks)
    assert query.split_parts(frozenset(), is_complete=True) == (("查", "卫健委", "红"), ())


@pytest.mark.parametrize(
    ("text", "leaves", "parts"),
    [
        ('"红 蓝" c9* 绿', (Prefix("c9"),), (("c9",), ("红 蓝", "绿"))),
        ("红 OR 蓝", (Word("蓝"), Substring("蓝")), (("蓝",), ())),
        ("红 -蓝 year:2023", (), ((), ("红",))),
        ("title:红色报告 红", (Word("红色", "title"), Word("报告"), Substring("红")), (("红色", "红"), ("报告",))),
        ("如何", (), ((), ("如何",))),
    ],
)
def test_a_query_with_operators_has_parts(
    analyzer: Analyzer, text: str, leaves: tuple[Node, ...], parts: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    """Parts are content words, strings and prefixes, not filters or negations. Alternatives of OR are never missing.

    A run without content words (如何) is a part itself, also in a query without operators.
    """
    query = parse(text, analyzer, {"year"})
    assert query.split_parts(frozenset(leaves), is_complete=False) == parts
    assert query.split_parts(frozenset(leaves), is_complete=True) == (parts[0], ())


def test_clauses_are_the_parts_as_written(analyzer: Analyzer) -> None:
    """Each run, string, prefix and filter is a clause, which is required, optional or excluded."""
    query = parse('如何处罚 "红 蓝" (c9* OR 绿) -title:黑 -(-白) year:2022..2023', analyzer, {"year"})
    assert [(clause.kind, clause.text, clause.occur, clause.field, clause.words) for clause in query.clauses] == [
        ("run", "如何处罚", "required", "passage", ("处罚",)),
        ("phrase", "红 蓝", "required", "passage", ()),
        ("prefix", "c9", "optional", "passage", ()),
        ("run", "绿", "optional", "passage", ("绿",)),
        ("run", "黑", "excluded", "title", ("黑",)),
        ("run", "白", "required", "passage", ("白",)),
        ("filter", "year:[2022 TO 2023]", "required", "year", ()),
    ]
    assert query.words == ("处罚", "绿", "白")
