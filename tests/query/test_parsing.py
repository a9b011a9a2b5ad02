"""Query text to query tree: every construct, what it means, and that nothing a user types is an error."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from itertools import permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.query.facets import Filter
from searchkit.query.parsing import MAX_DEPTH, MAX_LENGTH, parse
from searchkit.query.reading import MAX_PARTS
from searchkit.query.tree import TEXT_FIELDS, And, Everything, Node, Not, Or, Prefix, Query, Substring, Word, leaves
from searchkit.text.analyzer import Analyzer, Lexicon
from searchkit.text.folding import fold
from searchkit.text.numerals import find_numerals
from searchkit.text.years import FIRST_YEAR, LAST_YEAR

FACETS = ("district", "topic", "agency", "source")
HANG = 1.0
"""Seconds that no query may take to be understood."""


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    """Give an analyzer that knows two groups of synonyms and one word of its own, ready to use."""
    made = Analyzer(Lexicon("双随机", "卫健委 = 卫生健康委\n市监局 = 市场监管局 = 市场监督管理局 = 市管局\n"))
    made.tokens("法治政府")
    return made


@pytest.fixture(scope="module")
def read(analyzer: Analyzer) -> Callable[[str], Query]:
    """Give a function that understands a query."""
    return lambda text: parse(text, analyzer, FACETS)


@pytest.fixture(scope="module")
def holds(analyzer: Analyzer) -> Callable[[str, Node], bool]:
    """Give an engine of one text: whether it matches a tree, by the definitions of the nodes."""

    def answer(text: str, node: Node) -> bool:
        if isinstance(node, And | Or):
            answers = [answer(text, child) for child in node.children]
            return all(answers) if isinstance(node, And) else any(answers)
        if isinstance(node, Not):
            return not answer(text, node.child)
        if isinstance(node, Everything | Filter) or node.field != "text":
            return isinstance(node, Everything)
        if isinstance(node, Substring):
            return any(True for _ in node.find(fold(text)))
        terms = [token.term for token in analyzer.tokens(text)]
        return any(term == node.term if isinstance(node, Word) else term.startswith(node.text) for term in terms)

    return answer


# How each construct is read. Where a table has one tree, `all` and `any` are the same.


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
        ("红 or 蓝", '"红" AND "or" AND "蓝"', '"红" OR 红 OR "or" OR or OR "蓝" OR 蓝'),
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
        ("text:红", '"红"', '"红" OR 红'),
        ("title:(红 OR 蓝)", 'title:"红" OR title:"蓝"', 'title:"红" OR title:红 OR title:"蓝" OR title:蓝'),
        ("district:天津市 红", 'district:天津市 AND "红"', '("红" OR 红) AND district:天津市'),
        ("topic:(甲 OR 乙)", "topic:甲 OR topic:乙", "topic:甲 OR topic:乙"),
        ("colour:红", '"colour:红" OR (colour AND 红)', '"colour:红" OR colour OR 红'),
        # years
        ("year:2023", "year:2023", "year:2023"),
        ("year:2021..2023", "year:[2021 TO 2023]", "year:[2021 TO 2023]"),
        ("year:[2021 TO 2023]", "year:[2021 TO 2023]", "year:[2021 TO 2023]"),
        ("year:{2020 TO 2024}", "year:[2021 TO 2023]", "year:[2021 TO 2023]"),
        ("year:[2021 TO]", "year:[2021 TO]", "year:[2021 TO]"),
        ("year:[TO 2023]", "year:[TO 2023]", "year:[TO 2023]"),
        ("year:2023 红", 'year:2023 AND "红"', '("红" OR 红) AND year:2023'),
        # boost, prefix, everything
        ("红^2 蓝", '"红" AND "蓝"', '"红" OR 红 OR "蓝" OR 蓝'),
        ("(红 蓝)^3", '"红" AND "蓝"', '"红" OR 红 OR "蓝" OR 蓝'),
        ("C9*", "c9*", "c9*"),
        ("title:covid*", "title:covid*", "title:covid*"),
        ("*", "*", "*"),
        ("*:*", "*", "*"),
        # synonyms
        ("卫健委", '"卫健委" OR "卫生健康委"', '"卫健委" OR 卫健委 OR "卫生健康委" OR 卫生 OR 卫生健康委 OR 健康'),
        (
            "查卫健委",
            '"查卫健委" OR (查 AND 卫健委) OR "查卫生健康委" OR (查 AND 卫生健康委)',
            '"查卫健委" OR 查 OR 卫健委 OR "查卫生健康委" OR 卫生 OR 卫生健康委 OR 健康',
        ),
        ('"卫健委"', '"卫健委"', '"卫健委"'),
        # quantities
        ("3件", '"3件" OR 3件', '"3件" OR 3件'),
        ("１２９件", '"129件" OR 129件', '"129件" OR 129件'),
        ("93.7182万元", '"93.7182万元" OR 937182元', '"93.7182万元" OR 937182元'),
        ("2023年", '"2023年" OR 2023年', '"2023年" OR 2023年'),
        ("50%", '"50%" OR 50%', '"50%" OR 50%'),
        ("立案3件", '"立案3件" OR (立案 AND 3件)', '"立案3件" OR 立案 OR 3件'),
        # nothing
        ("", "*", "*"),
        (" \t\n\u3000", "*", "*"),
        ("()", "*", "*"),
        ('""', "*", "*"),
        ("“”", "*", "*"),
    ],
)
def test_constructs(read: Callable[[str], Query], text: str, all_of: str, any_of: str) -> None:
    """Each construct gives the tree that the documentation says, in both readings, and no note."""
    query = read(text)
    assert (str(query.all), str(query.any)) == (all_of, any_of)
    assert query.notes == ()


@pytest.mark.parametrize(
    ("wide", "narrow"),
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
def test_full_width_operators(read: Callable[[str], Query], wide: str, narrow: str) -> None:
    """A query typed on a Chinese keyboard is the same query."""
    assert read(wide) == read(narrow)


def test_any_facet_name_is_a_field(analyzer: Analyzer) -> None:
    """Names are taken as they are, whatever characters they have; the longest that fits counts."""
    fields = ("a.b", "topic", "topic2", "来源", "a|(")
    assert parse("a.b:甲", analyzer, fields).all == Filter("a.b", ("甲",))
    assert parse("topic2:甲", analyzer, fields).all == Filter("topic2", ("甲",))
    assert parse("来源：甲", analyzer, fields).all == Filter("来源", ("甲",))
    assert not isinstance(parse("axb:甲", analyzer, fields).all, Filter)


# What it means: the trees as truth tables, over all texts that hold some of three characters.


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
def test_meaning(
    read: Callable[[str], Query],
    holds: Callable[[str, Node], bool],
    text: str,
    meaning: Callable[[bool, bool, bool], bool],
) -> None:
    """The tree lets exactly the texts through that the query asks for."""
    tree = read(text).all
    for r, b, g in product([False, True], repeat=3):
        paragraph = "，".join(["无", *(c for c, is_in in zip("红蓝绿", (r, b, g), strict=True) if is_in)])
        assert holds(paragraph, tree) == meaning(r, b, g), paragraph


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
def test_any_asks_for_one_word(
    read: Callable[[str], Query], holds: Callable[[str, Node], bool], text: str, paragraphs: dict[str, bool]
) -> None:
    """In the loose reading one word is enough, conditions stay, and a function word alone is not enough."""
    tree = read(text).any
    assert {paragraph: holds(paragraph, tree) for paragraph in paragraphs} == paragraphs


# Promises S2 to S4.

PIECES = (
    "行政执法", "监督", "柔性", "的", "双随机", "重点", "卫健委", "ABC", "C919",
    "3件", "129件", "三件", "98.5%", "第三条", "，", "、", "。",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join), st.data())
def test_a_run_is_found_wherever_it_stands(
    read: Callable[[str], Query], holds: Callable[[str, Node], bool], paragraph: str, data: st.DataObject
) -> None:
    """S2: any piece of a paragraph finds the paragraph, however both are cut into words; numbers only whole ones."""
    numbers = [(numeral.start, numeral.end) for numeral in find_numerals(paragraph)]
    cuts = [at for at in range(len(paragraph) + 1) if not any(start < at < end for start, end in numbers)]
    start = data.draw(st.sampled_from(cuts[:-1]))
    end = data.draw(st.sampled_from([at for at in cuts if at > start]))
    assert holds(paragraph, read(paragraph[start:end]).all)


@pytest.mark.parametrize("paragraph", ["C919，3架", "C919,3架", "机型C919.2024年", "（C919）", "C919."])
def test_a_word_that_ends_in_a_number_is_found(
    read: Callable[[str], Query], holds: Callable[[str, Node], bool], paragraph: str
) -> None:
    """S2 for C919: whatever follows, it is found where it is a word, and not within C9190."""
    assert holds(paragraph, read("C919").all)
    assert not holds("C9190", read("C919").all)


PRINTABLE = st.characters(categories=["L", "M", "N", "P", "S", "Zs"], exclude_characters='"＂') | st.sampled_from(
    "「」『』“”（）［］｜－＾：＊()[]|-^:* "
)


@given(st.lists(PRINTABLE, min_size=1).map("".join))
def test_quotes_mean_exactly_this_string(read: Callable[[str], Query], text: str) -> None:
    """S3: what stands between quotes is looked for as it is, character by character."""
    assert read(f'"{text}"').all == Substring(fold(text))


@pytest.mark.parametrize("text", ["\ue863", "甲\ue863乙", "\U00031350", "甲\U0002ebf0乙", "「甲」乙", "『甲』"])
def test_quotes_keep_every_character(read: Callable[[str], Query], text: str) -> None:
    """S3 for characters of private use, of newer versions of Unicode, and for quotes within quotes."""
    assert read(f'"{text}"').all == Substring(fold(text))


SAME = [
    ["93.7182万元", "937182元", "937,182元", "９３．７１８２万元"],
    ["一百二十九件", "129件", "１２９件"],
    ["3件", "三件", "３件"],
    ["50%", "百分之五十", "５０％"],
    ["2023年", "二〇二三年", "２０２３年"],
]
OTHER = [
    *product(["3件", "三件", "３件"], ["129件", "23件", "13件", "十三件", "二十三件", "30件", "1.3件", "3,129件"]),
    *permutations(["十三件", "二十三件", "三十件"], 2),
    *permutations(["九件", "十九件", "一百二十九件"], 2),
    ("2023年", "12023年"),
    ("937182元", "1,937,182元"),
]


@pytest.mark.parametrize(("asked", "printed"), [pair for forms in SAME for pair in product(forms, repeat=2)])
def test_a_quantity_is_found_however_it_is_written(
    read: Callable[[str], Query], holds: Callable[[str, Node], bool], asked: str, printed: str
) -> None:
    """S4: each way to write a quantity finds each other way."""
    assert holds(f"全年，{printed}。", read(asked).all)
    assert holds(f"全年，{printed}。", read(asked).any)


@pytest.mark.parametrize(("asked", "printed"), OTHER)
def test_another_quantity_is_not_found(
    read: Callable[[str], Query], holds: Callable[[str, Node], bool], asked: str, printed: str
) -> None:
    """S4: 3件 never matches 129件, in neither reading."""
    assert not holds(f"全年，{printed}。", read(asked).all)
    assert not holds(f"全年，{printed}。", read(asked).any)


@pytest.mark.parametrize(
    ("asked", "printed"),
    [
        ("立案3件", "立案三件"),
        ("立案三件", "立案3件"),
        ("查处一百二十九件案件", "查处129件案件"),
        ("罚款93.7182万元", "罚款937,182元"),
        ("第3条", "第三条"),
        ("第三条", "第3条"),
    ],
)
def test_a_quantity_in_a_run_is_found_however_it_is_written(
    read: Callable[[str], Query], holds: Callable[[str, Node], bool], asked: str, printed: str
) -> None:
    """S4 for a number that has words around it."""
    assert holds(f"依照{printed}。", read(asked).all)


# Ranking's part.


@pytest.mark.parametrize(
    ("text", "wanted"),
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
def test_wanted(read: Callable[[str], Query], text: str, wanted: list[tuple[str, float]]) -> None:
    """What raises scores: the positive parts in the text, in the order given, with their boosts."""
    assert [(part.text, part.weight) for part in read(text).scoring] == wanted


@pytest.mark.parametrize(("text", "names"), [("卫健委^2", 2), ("市监局", 4), ("查市监局", 4)])
def test_synonyms_weigh_less(read: Callable[[str], Query], text: str, names: int) -> None:
    """What was written comes first, and before all of what means the same taken together."""
    written, *others = read(text).scoring
    assert written.text == text.removesuffix("^2")
    assert len(others) == names - 1
    assert 0 < sum(other.weight for other in others) < written.weight


def test_synonyms_of_synonyms_stay_few(analyzer: Analyzer, read: Callable[[str], Query]) -> None:
    """A run of many words with synonyms has no more variants than can be looked for."""
    assert analyzer.synonyms("卫健委")
    tree = read("卫健委" * 20).all
    assert len(str(tree)) < 10_000


# Bad syntax.


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
        ("(" * (MAX_DEPTH + 1) + "红" + ")" * (MAX_DEPTH + 1), '"红"'),
        ("year:今年", '"year:今年" OR (year AND 今年)'),
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
def test_bad_syntax_is_read_as_plain_words(read: Callable[[str], Query], text: str, all_of: str) -> None:
    """What makes no sense as syntax is read as its words, without the operators, and a note says so."""
    query = read(text)
    assert str(query.all) == all_of
    assert len(query.notes) == 1
    assert query.notes[0].endswith("read as plain words")


@pytest.mark.parametrize(
    "text", ["红 " * MAX_LENGTH, "红" * MAX_LENGTH + " ", "\x00\u202e" + "红" * (MAX_LENGTH + 1), "a" * 100_000]
)
def test_a_note_says_what_is_left_out(read: Callable[[str], Query], text: str) -> None:
    """Of a longer query the first part is read, and a note says how much."""
    notes = read(text).notes
    assert any(str(MAX_LENGTH) in note for note in notes)


def test_the_longest_query_is_read_whole(read: Callable[[str], Query]) -> None:
    """At the limit nothing is left out and nothing is said."""
    query = read("红" * MAX_LENGTH)
    assert query.notes == ()
    assert Substring("红" * MAX_LENGTH) in list(leaves(query.all))


@pytest.mark.parametrize("extra", [0, 1, 20])
def test_many_parts(read: Callable[[str], Query], extra: int) -> None:
    """As many parts as can be looked for are; a note says that there were more."""
    text = " ".join(f'"{n}"' for n in range(MAX_PARTS + extra))
    query = read(text)
    assert isinstance(query.all, And)
    assert len(query.all.children) == len(query.scoring) == MAX_PARTS
    assert len(query.notes) == (1 if extra else 0)
    assert all(str(MAX_PARTS) in note for note in query.notes)


# Everything printed parses again.

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
        lambda low, high: Filter("year", ranges=((low, high),)), YEARS | st.just(FIRST_YEAR), YEARS | st.just(LAST_YEAR)
    ),
)


def _grown(children: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    lists = st.lists(children, min_size=2, max_size=4)
    return st.one_of(
        children.filter(lambda node: not isinstance(node, Not)).map(Not),
        lists.map(lambda nodes: And(tuple(nodes)) if not any(isinstance(node, And) for node in nodes) else nodes[0]),
        lists.map(lambda nodes: Or(tuple(nodes)) if not any(isinstance(node, Or) for node in nodes) else nodes[0]),
    )


@given(st.recursive(LEAVES, _grown, max_leaves=12).filter(lambda node: len(str(node)) <= MAX_LENGTH))
@settings(max_examples=300)
def test_what_is_printed_parses_again(read: Callable[[str], Query], tree: Node) -> None:
    """A tree of strings, prefixes and filters prints as a query that gives the same tree.

    Not so a tree with words or quantities in it: a bare word in a query is more than a token, it is a run, looked
    for as a string too and with its synonyms. Nor a negation of a negation, which is read as none.
    """
    query = read(str(tree))
    assert query.all == tree
    assert query.notes == ()


@given(
    st.lists(st.sampled_from((*PIECES, " ", " OR ", "(", ")")), max_size=8).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
)
@settings(max_examples=300)
def test_a_tree_with_words_parses_again_to_one_that_finds_no_less(
    read: Callable[[str], Query], holds: Callable[[str, Node], bool], text: str, paragraph: str
) -> None:
    """Where printing and parsing again widens a tree, nothing is lost."""
    tree = read(text).all
    again = read(str(tree))
    assert holds(paragraph, again.all) or not holds(paragraph, tree) or again.notes


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
def test_what_needs_quotes_is_printed_with_quotes(read: Callable[[str], Query], text: str, tree: Node) -> None:
    """Strings that hold quotes, and facet values that hold spaces or operators, print so that they parse again."""
    assert read(text).all == tree
    assert read(str(tree)).all == tree


# Hostile queries.

TOKENS = (
    "(", ")", "（", "）", '"', "“", "”", "「", "」", "『", "』", "[", "]", "{", "}", "TO", "OR", "AND", "NOT", "ＯＲ",
    "-", "－", "|", "｜", "*", "＊", "^", "^2", "^1e9", "＾", ":", "：", "title:", "year:", "district:", "2021",
    "..", ",", "'", "\\", "~", "3件", "三件", "卫健委", "红", "行政执法", "abc", "𠀀", "\x00", "\x1b", "\n", "\t",
    "\u3000", "\u2028", "\u202e", "\ud800", " ", "  ", "   ",
)  # fmt: skip
HOSTILE_TEXT = st.lists(st.sampled_from(TOKENS), max_size=40).map("".join)


@given(st.text(st.characters(exclude_categories=[])) | HOSTILE_TEXT)
@settings(max_examples=1000)
def test_no_query_is_an_error(read: Callable[[str], Query], text: str) -> None:
    """Whatever is typed, there is a tree that prints, of positive weights, and it does not take long."""
    query = _in_time(read, text)
    assert str(query.all)
    assert str(query.any)
    assert all(part.text and math.isfinite(part.weight) and part.weight > 0 for part in query.scoring)


@given(HOSTILE_TEXT, st.lists(st.sampled_from(("红", "行政", "abc", "3件", "三", "，")), max_size=6).map("".join))
@settings(max_examples=300)
def test_any_finds_whatever_all_finds(
    read: Callable[[str], Query], holds: Callable[[str, Node], bool], text: str, paragraph: str
) -> None:
    """The loose reading loses nothing that the strict one has."""
    query = read(text)
    assert holds(paragraph, query.any) or not holds(paragraph, query.all)


@pytest.mark.parametrize(
    "piece",
    [
        *TOKENS, "()", ")(", "“”", "* ", "- ", "-a ", "--", "year:[", "year:[2021 TO 2023] ", " TO ", "[a TO b]",
        "OR ", " OR ", "AND ", "NOT ", "NOT -", "(a OR ", "a^2", "a* ", "红 ", "卫健委 ", "二", "3", "1,", "3件 ", "?",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [MAX_LENGTH, 100_000])
def test_long_queries_of_one_operator(read: Callable[[str], Query], piece: str, size: int) -> None:
    """As much as the limit of any one thing, and 100 kB of it: an answer in time."""
    assert str(_in_time(read, (piece * size)[:size]).all)


@pytest.mark.parametrize(
    "text",
    [
        "(" * MAX_DEPTH + "红" + ")" * MAX_DEPTH,
        "(" * 499 + "红" + ")" * 499,
        '[" TO a]' + "(" * 490 + "红" + ")" * 490 + '"',
        "year:[" + "9" * 490 + " TO " + "9" * 490 + "]",
        "year:" + "9" * 900,
        "红^" + "9" * 900,
        "NOT (" * MAX_DEPTH + "红" + ")" * MAX_DEPTH,
        "title:(" * MAX_DEPTH + "红" + ")" * MAX_DEPTH,
    ],
)
def test_deep_and_large_queries_from_deep_within_a_program(read: Callable[[str], Query], text: str) -> None:
    """Brackets and numbers at their worst leave room on the stack for a caller that has used most of it."""

    def call(depth: int) -> Query:
        return _in_time(read, text) if depth == 0 else call(depth - 1)

    assert str(call(600).all)


def _in_time(read: Callable[[str], Query], text: str) -> Query:
    started = time.process_time()
    query = read(text)
    assert time.process_time() - started < HANG
    return query
