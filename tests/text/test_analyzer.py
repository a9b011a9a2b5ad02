"""Conformance tests of the analyzer. Those with the fixture `analyzer` run with each segmenter.

The messages of some assertions name the code to check.
"""

from __future__ import annotations

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.errors import UsageError
from searchkit.files import DATA_FOLDER
from searchkit.text.analyzer import Analyzer, Lexicon, _is_inside
from searchkit.text.folding import fold
from searchkit.text.numerals import find_numerals
from searchkit.text.segmentation import DictionarySegmenter, SegmenterProvider

ROOT = Path(__file__).parents[2]
ANY_TEXT = st.text(st.characters(exclude_categories=[]))
WORDS = (
    "行政执法",
    "监督",
    "双随机",
    "法治政府",
    "的",
    "在",
    "第",
    "约",
    "全年",
    "立案",
    "最多跑一次",
    "建設",
    "互联网+",
    "𠀀",
)
NUMBERS = (
    "3",
    "12,345",
    "９３．７",
    "0.5",
    "一",
    "三",
    "十三",
    "一百二十九",
    "百分之五十",
    "二〇二三",
    "億",
    "⼀",
    "h7n9",
    "3D",
)
UNITS = ("件", "人", "人次", "户次", "万元", "万", "亿", "%", "％", "年", "个百分点", "km", "ABC", "ｗｉｆｉ")
MARKS = (" ", "。", "，", ",", ".", "(", "」", "#", "+", "_", "-", "\u3000", "\n")
REPORT_LIKE = st.lists(st.sampled_from((*WORDS, *NUMBERS, *UNITS, *MARKS)), max_size=12).map("".join)
"""Words, numbers, units, letters and punctuation in any order."""
FRAGMENTS = st.text(st.sampled_from("第百分之一三十万亿1.,%年件人次执法监督aA4 \0\x01\n\r\t"), max_size=4)
"""Parts of words and quantities that could combine with adjacent text, and control characters."""


def terms(analyzer: Analyzer, text: str) -> set[str]:
    """Return the distinct terms of a text."""
    return {token.term for token in analyzer.tokenize(text)}


def quantity_terms(analyzer: Analyzer, text: str) -> set[str]:
    """Return the terms of a text that begin with a digit: numbers, with or without a unit, and codes such as 3d."""
    return {term for term in terms(analyzer, text) if term[0].isdecimal()}


@pytest.fixture(scope="module", params=["rjieba", "dictionary"])
def analyzer(request: pytest.FixtureRequest) -> Analyzer:
    """The default analyzer with each of the segmenters."""
    instance = Analyzer()
    if request.param == "rjieba":
        pytest.importorskip("rjieba")
    segmenter = SegmenterProvider(instance._segmenters._words).for_text(10**6 if request.param == "rjieba" else 0)
    instance._segmenters = SimpleNamespace(for_text=lambda _length: segmenter)
    return instance


# Conformance.


@given(ANY_TEXT | REPORT_LIKE)
@settings(deadline=None)
def test_tokens_match_their_spans(analyzer: Analyzer, text: str) -> None:
    """Spans are inside the text and in order. The term is the folded text of the span, or a number in it.

    The term of a number can also have 第 before the number, and a unit after it: 第3条.
    """
    folded = fold(text)
    numbers = {numeral.start: numeral for numeral in find_numerals(text)}
    position = 0
    for token in analyzer.tokenize(text):
        assert position <= token.start < token.end <= len(text), "check the sorting in Analyzer.tokenize"
        position = token.start
        if token.term == folded[token.start : token.end]:
            continue
        span = folded[token.start : token.end]
        numeral = numbers.get(token.end - len(span.removeprefix("第").lstrip()))  # 第 51 条 is the term 第51条
        assert numeral, "neither the text of the span nor a number: check the offsets of the segmenter"
        assert numeral.end <= token.end
        values = (numeral.digits, numeral.unscaled)
        assert token.term.removeprefix("第").startswith(values), "check _QuantityMatch.tokens"


@given(
    ANY_TEXT | REPORT_LIKE,
    st.lists(st.sampled_from(WORDS) | st.sampled_from((*WORDS, *NUMBERS, "129件", "执法", "h7", "")), max_size=3),
)
@settings(deadline=None)
def test_tokens_are_found(analyzer: Analyzer, text: str, strings: list[str]) -> None:
    """`find_tokens` returns the tokens of the text whose term is given, or begins with a given prefix.

    If known spans are given, tokens inside them may be missing.
    """
    terms, prefixes = set(map(fold, strings[::2])), tuple(map(fold, strings[1::2]))
    expected = [token for token in analyzer.tokenize(text) if token.term in terms or token.term.startswith(prefixes)]
    tokens = analyzer.find_tokens(fold(text), terms, prefixes)
    assert sorted(tokens) == sorted(expected)
    known = [(first, last) for _, first, last in tokens][:1]
    rest = analyzer.find_tokens(fold(text), terms, prefixes, known)
    assert {token for token in tokens if not _is_inside(known, *token[1:])} <= set(rest) <= set(tokens)


@pytest.mark.parametrize(("text", "term"), [("百1", "百"), ("第1", "第"), ("执法1,", "执法"), ("执法", "执法")])
def test_tokens_of_long_texts_are_found_in_linear_time(analyzer: Analyzer, text: str, term: str) -> None:
    """`find_tokens` agrees with `tokenize` if a term occurs ten thousand times, also beside as many numbers.

    Reading all numbers again at each occurrence would take very long.
    """
    long = text * 10_000
    expected = [token for token in analyzer.tokenize(long) if token.term == term]
    assert sorted(analyzer.find_tokens(long, {term})) == sorted(expected)


@given(ANY_TEXT | REPORT_LIKE)
@settings(deadline=None)
def test_every_letter_and_ideograph_is_in_a_token(analyzer: Analyzer, text: str) -> None:
    """Every letter and ideograph is in the span of a token."""
    covered = {i for token in analyzer.tokenize(text) for i in range(token.start, token.end)}
    missing = [i for i, character in enumerate(fold(text)) if i not in covered and re.match(r"[^\W\d_]", character)]
    assert missing == [], "check _TOKEN_RUN and _word_spans"


@given(ANY_TEXT | REPORT_LIKE)
@settings(deadline=None)
def test_query_terms_are_indexed(analyzer: Analyzer, run: str) -> None:
    """The words and terms of a query are among the terms of the same text.

    Inside a longer text, the run can be segmented differently. Therefore a query also matches the run as a substring.
    """
    index_terms = terms(analyzer, run)
    assert set(analyzer.query_words(run)) <= index_terms
    assert set(analyzer.query_terms(run)) <= index_terms


@given(st.lists(ANY_TEXT | REPORT_LIKE | FRAGMENTS, max_size=5))
@settings(deadline=None)
def test_index_terms_are_those_of_tokenize(analyzer: Analyzer, texts: list[str]) -> None:
    """`index_terms` of many texts returns for each text the terms of `tokenize`."""
    assert_same_terms(analyzer, texts)


@pytest.mark.parametrize(
    "texts",
    [
        [],
        [""],
        ["", "执法", "", ""],
        ["第", "3条"],
        ["办案1", ",234件"],
        ["办案3", "件"],
        ["百分之", "五十"],
        ["一千", "二百"],
        ["1.", "2024年"],
        ["一", "起"],
        ["执法", "监督"],
        ["Wi", "Fi"],
        ["A", "4纸"],
        ["\0", "\0\0", "\n"],
        ["办案3\0件", "办案3\n件", "第\0三条"],
        ["执法\0监督", "执法\n监督\n", "\0执法 监督"],
    ],
    ids=repr,
)
def test_no_token_spans_two_texts(analyzer: Analyzer, texts: list[str]) -> None:
    """No number, quantity or word consists of the end of a text and the beginning of the next."""
    assert_same_terms(analyzer, texts)


def test_index_terms_of_real_reports(analyzer: Analyzer, shared: Path) -> None:
    """`index_terms` and `tokenize` agree on the lines of every 60th of the real reports."""
    paths = sorted((shared / "corpus" / "gov").rglob("*.md"))[::60]
    assert len(paths) > 10
    for path in paths:
        assert_same_terms(analyzer, path.read_text(encoding="utf-8").splitlines())


def assert_same_terms(analyzer: Analyzer, texts: list[str]) -> None:
    """Assert that `index_terms` and `tokenize` return the same terms with the same frequencies for each text."""
    expected = [sorted(token.term for token in analyzer.tokenize(text)) for text in texts]
    actual = [sorted(terms_of_text) for terms_of_text in analyzer.index_terms(texts)]
    assert actual == expected, "check the separators in Analyzer.index_terms"


@given(st.integers(10**15, 10**60))
@settings(deadline=None)
def test_long_numbers_keep_all_digits(analyzer: Analyzer, code: int) -> None:
    """The term of a long number has all its digits, so that different codes have different terms."""
    assert analyzer.query_words(str(code)) == [str(code)]
    assert str(code) in terms(analyzer, f"编号：{code}。")


@given(ANY_TEXT | REPORT_LIKE)
@settings(deadline=None)
def test_a_text_and_its_folded_form_have_the_same_terms(analyzer: Analyzer, text: str) -> None:
    """A text and its folded form have the same terms.

    Full-width commas are excluded, because they can separate thousands.
    """
    text = text.replace("，", "、")
    assert terms(analyzer, text) == terms(analyzer, fold(text))


@given(REPORT_LIKE)
@settings(deadline=None)
def test_query_terms_are_distinct(analyzer: Analyzer, run: str) -> None:
    """`query_terms` contains no term twice."""
    query_terms = analyzer.query_terms(run)
    assert len(query_terms) == len(set(query_terms))


@pytest.mark.parametrize("text", ["", " ", "\n\t", "。，！", "\ud800", "\x00", "\U0010ffff"])
def test_texts_without_words(analyzer: Analyzer, text: str) -> None:
    """A text without words has no tokens, terms or words."""
    assert analyzer.tokenize(text) == []
    assert analyzer.index_terms([text]) == [[]]
    assert analyzer.query_words(text) == []
    assert not analyzer.is_quantity(text)


@pytest.mark.parametrize(
    "text", ["五二九" * 2_000, "9" * 1_000_001, "十三亿" * 20_000, "执法" * 50_000, "1,a" * 50_000]
)
def test_long_runs_are_tokenized(analyzer: Analyzer, text: str) -> None:
    """A very long line, as in a damaged file, is tokenized like any other text."""
    assert analyzer.tokenize(text)
    assert_same_terms(analyzer, [text, text[1:]])


def test_the_change_of_the_segmenter_changes_no_token() -> None:
    """An analyzer returns the same tokens before and after it changes to rjieba."""
    pytest.importorskip("rjieba")
    instance = Analyzer(Lexicon("红色橡子", ""))
    instance._segmenters = SegmenterProvider(instance._segmenters._words)  # not shared with other tests
    text = "提高红色橡子水平，立案一百二十九件"
    before = instance.tokenize(text)
    assert isinstance(instance._segmenters.for_text(0), DictionarySegmenter)
    assert instance.index_terms([text] * 1000)[-1]
    assert not isinstance(instance._segmenters.for_text(0), DictionarySegmenter)
    assert instance.tokenize(text) == before


# Words.


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("行政执法监督", {"行政", "执法", "监督", "执法监督"}),
        ("開展雙隨機檢查", {"开展", "双随机", "随机", "检查"}),
        ("C919飞机和WiFi", {"c919", "飞机", "和", "wifi"}),
        ("H7N9、3D打印", {"h7n9", "3d", "打印"}),
        ("𠀀㐀好", {"𠀀", "㐀", "好"}),
        ("1300余人参训", {"1300", "1300人", "参训"}),
        ("一起推进、统一领导", {"一起", "推进", "统一", "领导"}),
    ],
)
def test_terms_of_a_text(analyzer: Analyzer, text: str, expected: set[str]) -> None:
    """Terms are Chinese words and the shorter words in them, Latin words, single rare ideographs, and quantities."""
    assert terms(analyzer, text) == expected


@pytest.mark.parametrize(
    "run", ["全过程记录和行政执法证", "立案一百二十九件", "1300余人参训", "第 3 条", "PM2.5", "一起", ""]
)
def test_a_run_is_analysed_in_all_forms(analyzer: Analyzer, run: str) -> None:
    """`analyze_run` returns the tokens of `tokenize`, the words, which do not overlap, and the parts.

    The parts are the words and the shorter words in them. All of them are among the tokens.
    """
    analysis = analyzer.analyze_run(run)
    assert analysis.tokens == analyzer.tokenize(run)
    assert all(left.end <= right.start for left, right in pairwise(analysis.words))
    assert set(analysis.words) <= set(analysis.parts) <= set(analysis.tokens)


def test_query_words_are_the_longest_words(analyzer: Analyzer) -> None:
    """A query requires words, without the shorter words in them, and quantities with their unit."""
    assert analyzer.query_words("全过程记录和行政执法证") == ["全过程记录", "和", "行政", "执法证"]
    assert analyzer.query_words("立案一百二十九件") == ["立案", "129件"]


def test_domain_words_are_words(analyzer: Analyzer) -> None:
    """Every Chinese word of the default word list is a token, by itself and between punctuation marks."""
    words = [word for line in _content_lines(DATA_FOLDER / "words.txt") for word in line.split()]
    chinese = [word for word in words if re.fullmatch(r"[一-龥]+", word)]
    assert len(chinese) > 100
    assert [word for word in chinese if word not in terms(analyzer, word)] == []
    assert [word for word in chinese if word not in terms(analyzer, f"，{word}。")] == []


# Numbers.

SAME = {  # printed forms of the same quantity, by its term
    "937182元": ["93.7182万元", "937182元", "937,182元", "９３．７１８２万元", "９３７，１８２元", "937182 元"],
    "129件": ["一百二十九件", "129件", "１２９件", "129 件", "一百二十九 件", "壹佰贰拾玖件", "129余件"],
    "3件": ["3件", "三件", "３件", "3 件"],
    "50%": ["50%", "５０％", "百分之五十", "百分之50", "50 %", "50.0%"],
    "2023年": ["2023年", "二〇二三年", "二零二三年", "２０２３年"],
    "150000000元": ["1.5亿元", "15000万元", "一亿五千万元", "150,000,000元", "１．５億元"],
    "50000000元": ["5千余万元", "五千余万元", "5000万元"],
    "2000人": ["2千人", "两千人", "2000人", "2,000人"],
    "300000人次": ["30万人次", "三十万人次", "300000人次"],
    "第3条": ["第三条", "第3条", "第３条", "第 3 条", "第  三条"],
}


@pytest.mark.parametrize("term", SAME)
def test_one_quantity_is_one_term(analyzer: Analyzer, term: str) -> None:
    """A query for any form of a quantity requires the same term, and the index has this term for each form."""
    for form in SAME[term]:
        assert analyzer.query_words(form) == [term], form
        assert term in terms(analyzer, f"全年，{form}。"), form
        assert analyzer.is_quantity(form)


@pytest.mark.parametrize("form", ["3件", "三件", "３件"])
@pytest.mark.parametrize(
    "other",
    [
        "129件",
        "23件",
        "13件",
        "十三件",
        "二十三件",
        "30件",
        "三十件",
        "1.3件",
        "3.5件",
        "3,129件",
        "3万件",
        "三百件",
        "3人",
    ],
)
def test_different_quantities_have_different_terms(analyzer: Analyzer, form: str, other: str) -> None:
    """A quantity's term is not a term of a quantity with another number or unit."""
    (term,) = analyzer.query_words(form)
    assert term not in terms(analyzer, other)
    assert term not in terms(analyzer, f"立案{other}。")


@pytest.mark.parametrize("other", ["129件", "23件", "13件"])
def test_a_number_shares_no_term_with_longer_numbers(analyzer: Analyzer, other: str) -> None:
    """3件 has no number term in common with 129件, 23件 and 13件."""
    assert quantity_terms(analyzer, "3件") & quantity_terms(analyzer, other) == set()


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.sampled_from(["件", "元", "人次", "%", "户", ""]))
@settings(deadline=None)
def test_different_numbers_share_no_term(analyzer: Analyzer, one: int, other: int, unit: str) -> None:
    """Two numbers with the same unit share a term if and only if they are equal."""
    shared_terms = quantity_terms(analyzer, f"{one}{unit}") & quantity_terms(analyzer, f"{other:,}{unit}")
    assert bool(shared_terms) == (one == other)


def test_a_quantity_is_indexed_with_shorter_units(analyzer: Analyzer) -> None:
    """3人次 has the terms 3人 and 3 too, but not 3户."""
    assert {"3", "3人", "3人次"} <= terms(analyzer, "3人次")
    assert "3户" not in terms(analyzer, "3人次")


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("共129余 人次", {"129": "129", "129人": "129余 人", "129人次": "129余 人次"}),
        ("按第三条办", {"3": "三", "3条": "三条", "第3条": "第三条"}),
        ("第2章", {"2": "2", "第2": "第2"}),
        ("见第 51 条", {"51": "51", "51条": "51 条", "第51条": "第 51 条"}),
        ("罚1.2万元。", {"1.2": "1.2万", "12000": "1.2万", "12000元": "1.2万元"}),
        ("占５０％", {"50": "５０％", "50%": "５０％"}),
    ],
)
def test_each_term_of_a_quantity_has_its_own_span(analyzer: Analyzer, text: str, spans: dict[str, str]) -> None:
    """The span covers the printed number, as much of the unit as the term contains, and 第 if the term has it."""
    tokens = [token for token in analyzer.tokenize(text) if token.term.lstrip("第")[0].isdecimal()]
    assert {token.term: text[token.start : token.end] for token in tokens} == spans


@pytest.mark.parametrize("text", ["一起", "一些", "一方面", "一旦", "统一", "两会", "一体化", "H7N9", "3D", "A4纸"])
def test_words_with_numerals_in_them_are_not_quantities(analyzer: Analyzer, text: str) -> None:
    """Idioms and codes that contain a numeral have no terms of numbers, except a code that is itself a term: 3D."""
    assert not {term for term in quantity_terms(analyzer, text) if term != fold(text)}


# Custom words and synonyms.


def test_a_word_of_the_words_file_is_one_token(tmp_path: Path) -> None:
    """A word that the dictionary splits is one token if it is in the words file, in any form that folds to it."""
    words = tmp_path / "words.txt"
    words.write_text("\ufeff红色橡子 綠色橡子\r\n\n蓝色橡子", encoding="utf-8")
    with_words = Analyzer(Lexicon.load(words))
    without = Analyzer(Lexicon("", ""))
    for word in ("红色橡子", "绿色橡子", "蓝色橡子"):
        assert word in terms(with_words, f"提高{word}水平")
        assert word not in terms(without, f"提高{word}水平")


def test_analyzers_do_not_share_custom_words() -> None:
    """A custom word of an analyzer is not a word of another analyzer in the same process."""
    first, second = Analyzer(Lexicon("红色橡子", "")), Analyzer(Lexicon("绿色橡子", ""))
    assert ("红色橡子" in terms(first, "红色橡子"), "绿色橡子" in terms(first, "绿色橡子")) == (True, False)
    assert ("红色橡子" in terms(second, "红色橡子"), "绿色橡子" in terms(second, "绿色橡子")) == (False, True)


def test_comments_are_ignored() -> None:
    """Lines that begin with # contain no words or synonyms."""
    instance = Analyzer(Lexicon("# 红色橡子\n绿色橡子\n", "# 甲局 = 乙局\n丙局 = 丁局\n"))
    assert "红色橡子" not in terms(instance, "红色橡子")
    assert "绿色橡子" in terms(instance, "绿色橡子")
    assert instance.synonyms("甲局") == ()
    assert instance.synonyms("丙局") == ("丁局",)


def test_synonyms_are_in_the_order_of_the_file() -> None:
    """A name has the other names of its groups as synonyms, folded, in the order of the file. Every name is a word."""
    instance = Analyzer(Lexicon("", "红色委 = 紅色橡子局 = ＨＸ\n蓝色委=红色委\n孤色委\n = \n"))
    assert instance.synonyms("红色委") == ("红色橡子局", "hx", "蓝色委")
    assert instance.synonyms("红色橡子局") == ("红色委", "hx")
    assert instance.synonyms("蓝色委") == ("红色委",)
    assert instance.synonyms("孤色委") == ()
    assert "红色橡子局" in terms(instance, "经红色橡子局同意")


@pytest.mark.parametrize("kind", ["words", "synonyms"])
def test_unreadable_files_are_usage_errors(tmp_path: Path, kind: str) -> None:
    """A missing file, a folder and a file in another encoding raise an error of one line with the path."""
    binary = tmp_path / "binary.txt"
    binary.write_bytes(b"\xff\xfe\x00\x81")
    for path in (tmp_path / "missing.txt", tmp_path, binary):
        with pytest.raises(UsageError) as caught:
            Lexicon.load(**{kind: path})
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_the_fingerprint_depends_on_the_lexicon() -> None:
    """Lexicons with different words or synonyms, or with the words as synonyms, have different fingerprints."""
    lexicons = [
        Lexicon("甲", "乙"),
        Lexicon("甲乙", ""),
        Lexicon("", "甲乙"),
        Lexicon("乙", "甲"),
        Lexicon("甲", "丙"),
    ]
    assert len({Analyzer(lexicon).fingerprint for lexicon in lexicons}) == len(lexicons)


def test_the_fingerprint_depends_on_nothing_else(analyzer: Analyzer) -> None:
    """The fingerprint is the same after use, with another segmenter, and in another process."""
    command = (
        "import sys; sys.modules['rjieba'] = None; from searchkit.text.analyzer import *; print(Analyzer().fingerprint)"
    )
    other = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True, cwd=ROOT)
    assert other.stdout.strip() == analyzer.fingerprint == Analyzer(Lexicon.load()).fingerprint
    assert re.fullmatch("[0-9a-f]{16}", analyzer.fingerprint)


def _content_lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
