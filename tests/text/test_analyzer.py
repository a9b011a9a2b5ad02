"""The analyzer, as a conformance kit: it runs on every segmenter, and the messages say what to look at."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.errors import UsageError
from searchkit.files import DATA
from searchkit.text.analyzer import Analyzer, Lexicon
from searchkit.text.folding import fold
from searchkit.text.numerals import find_numerals
from searchkit.text.segmentation import DictionarySegmenter, Segmenters

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
"""Words, numbers, units, letters and punctuation side by side, as reports have them, and in worse order."""
CUT_SHORT = st.text(st.sampled_from("第百分之一三十万亿1.,%年件人次执法监督aA4 \0\x01\n\r\t"), max_size=4)
"""Parts of words and quantities that would join what stands beside them, and control characters."""


def terms(analyzer: Analyzer, text: str) -> set[str]:
    """Give the different terms of a text."""
    return {token.term for token in analyzer.tokens(text)}


def quantity_terms(analyzer: Analyzer, text: str) -> set[str]:
    """Give the terms of a text that are numbers, with or without a unit."""
    return {term for term in terms(analyzer, text) if term[0].isdecimal()}


@pytest.fixture(scope="module", params=["rjieba", "ours"])
def analyzer(request: pytest.FixtureRequest) -> Analyzer:
    """Give the product's analyzer on each of the segmenters it can work with."""
    made = Analyzer()
    if request.param == "rjieba":
        pytest.importorskip("rjieba")
    segmenter = Segmenters(made._segmenters._words).for_text(10**6 if request.param == "rjieba" else 0)
    made._segmenters = SimpleNamespace(for_text=lambda _length: segmenter)
    return made


# The kit.


@given(ANY_TEXT | REPORT_LIKE)
@settings(deadline=None)
def test_tokens_fit_their_text(analyzer: Analyzer, text: str) -> None:
    """Spans lie in the text, never go back, and hold what the token says: the folded surface, or a number."""
    folded = fold(text)
    numbers = {numeral.start: numeral for numeral in find_numerals(text)}
    position = 0
    for token in analyzer.tokens(text):
        assert position <= token.start < token.end <= len(text), "look at the sorting in Analyzer.tokens"
        position = token.start
        if token.term == folded[token.start : token.end]:
            continue
        is_ordinal = folded[token.start] == "第"
        numeral = numbers.get(token.start + is_ordinal)
        assert numeral, "a term that is neither surface nor number: look at the offsets of the segmenter"
        assert numeral.end <= token.end
        values = (numeral.digits, numeral.printed)
        assert token.term.removeprefix("第").startswith(values), "look at _Quantity.tokens"


@given(ANY_TEXT | REPORT_LIKE, st.lists(st.sampled_from((*WORDS, *NUMBERS, "129件", "执法", "h7")), max_size=3))
@settings(deadline=None)
def test_tokens_that_hold_parts_are_all_given(analyzer: Analyzer, text: str, parts: list[str]) -> None:
    """With `parts` runs are passed over, but no token that holds one of them; and no other tokens are made."""
    everything, given = analyzer.tokens(text), analyzer.tokens(text, [fold(part) for part in parts])
    wanted = [token for token in everything if any(fold(part) in token.term for part in parts)]
    assert [token for token in given if token in wanted] == wanted
    assert [token for token in everything if token in given] == given


@given(ANY_TEXT | REPORT_LIKE)
@settings(deadline=None)
def test_every_letter_and_ideograph_is_in_a_token(analyzer: Analyzer, text: str) -> None:
    """No word is lost: what is a letter, a digit or an ideograph stands in some token, unless it is part of 1.2.3."""
    covered = {i for token in analyzer.tokens(text) for i in range(token.start, token.end)}
    lost = [i for i, character in enumerate(fold(text)) if i not in covered and re.match(r"[^\W\d_]", character)]
    assert lost == [], "look at the runs in _RUN, and at how quantities cut the text"


@given(ANY_TEXT | REPORT_LIKE)
@settings(deadline=None)
def test_index_and_query_agree(analyzer: Analyzer, run: str) -> None:
    """Whatever a query asks for, the index has for the same text: words and query terms are among its tokens.

    This holds for a text that is the run. Inside a longer text the dictionary may cut otherwise, which is why a
    query also looks for the run as a substring.
    """
    indexed = terms(analyzer, run)
    assert set(analyzer.words(run)) <= indexed
    assert set(analyzer.query_terms(run)) <= indexed


@given(st.lists(ANY_TEXT | REPORT_LIKE | CUT_SHORT, max_size=5))
@settings(deadline=None)
def test_terms_are_those_of_tokens(analyzer: Analyzer, texts: list[str]) -> None:
    """What the index takes of many texts at once is, text by text, what `tokens` gives of each alone."""
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
def test_neighbours_do_not_join(analyzer: Analyzer, texts: list[str]) -> None:
    """No number, quantity or word is made of the end of one text and the beginning of the next."""
    assert_same_terms(analyzer, texts)


def test_terms_of_real_reports(analyzer: Analyzer, shared: Path) -> None:
    """`terms` and `tokens` agree on the lines of real reports, all lines of a report at once."""
    paths = sorted((shared / "corpus" / "gov").rglob("*.md"))[::25]
    assert len(paths) > 10
    for path in paths:
        assert_same_terms(analyzer, path.read_text(encoding="utf-8").splitlines())


def assert_same_terms(analyzer: Analyzer, texts: list[str]) -> None:
    """Assert that `terms` gives each text the terms that `tokens` gives it, each as often."""
    expected = [sorted(token.term for token in analyzer.tokens(text)) for text in texts]
    assert [sorted(found) for found in analyzer.terms(texts)] == expected, "look at what ends a text in Analyzer.terms"


@given(st.integers(10**15, 10**60))
@settings(deadline=None)
def test_codes_are_found_by_all_their_digits(analyzer: Analyzer, code: int) -> None:
    """A number of any length is a term with every digit of it, so that long codes stay apart."""
    assert analyzer.words(str(code)) == [str(code)]
    assert str(code) in terms(analyzer, f"编号：{code}。")


@given(ANY_TEXT | REPORT_LIKE)
@settings(deadline=None)
def test_writing_does_not_matter(analyzer: Analyzer, text: str) -> None:
    """A text and its folded form give the same words (full-width commas aside, which say what a number is)."""
    text = text.replace("，", "、")
    assert terms(analyzer, text) == terms(analyzer, fold(text))


@given(REPORT_LIKE)
@settings(deadline=None)
def test_query_terms_come_once(analyzer: Analyzer, run: str) -> None:
    """No term is asked for twice."""
    asked = analyzer.query_terms(run)
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize("text", ["", " ", "\n\t", "。，！", "\ud800", "\x00", "\U0010ffff"])
def test_texts_without_words(analyzer: Analyzer, text: str) -> None:
    """Nothing to find gives nothing and does not fail."""
    assert analyzer.tokens(text) == []
    assert analyzer.terms([text]) == [[]]
    assert analyzer.words(text) == []
    assert not analyzer.is_quantity(text)


@pytest.mark.parametrize(
    "text", ["五二九" * 2_000, "9" * 1_000_001, "十三亿" * 20_000, "执法" * 50_000, "1,a" * 50_000]
)
def test_long_runs_are_read(analyzer: Analyzer, text: str) -> None:
    """A line of a damaged file, without an end in sight, has tokens like any other text."""
    assert analyzer.tokens(text)
    assert_same_terms(analyzer, [text, text[1:]])


def test_runs_without_the_parts_are_passed_over(analyzer: Analyzer) -> None:
    """Of three Chinese runs only the one that holds the part gives words; numbers and Latin words are there."""
    found = [token.term for token in analyzer.tokens("加强监督，行政执法，WiFi覆盖3件", ["执法"])]
    assert found == ["行政", "行政执法", "执法", "wifi", "3", "3件"]


def test_changing_over_changes_no_token() -> None:
    """An analyzer that has cut so much that it goes over to rjieba gives the tokens that it gave before."""
    pytest.importorskip("rjieba")
    made = Analyzer(Lexicon("红色橡子", ""))
    made._segmenters = Segmenters(made._segmenters._words)  # no other test has used these
    text = "提高红色橡子水平，立案一百二十九件"
    before = made.tokens(text)
    assert isinstance(made._segmenters.for_text(0), DictionarySegmenter)
    assert made.terms([text] * 1000)[-1]
    assert not isinstance(made._segmenters.for_text(0), DictionarySegmenter)
    assert made.tokens(text) == before


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
def test_words(analyzer: Analyzer, text: str, expected: set[str]) -> None:
    """Chinese words with the shorter ones in them, Latin words whole, rare ideographs alone; no chance words."""
    assert terms(analyzer, text) == expected


def test_a_query_asks_for_the_longest_words(analyzer: Analyzer) -> None:
    """The index has the short words too; a query needs only the long ones, and a quantity as a whole."""
    assert analyzer.words("全过程记录和行政执法证") == ["全过程记录", "和", "行政", "执法证"]
    assert analyzer.words("立案一百二十九件") == ["立案", "129件"]


def test_domain_words_are_words(analyzer: Analyzer) -> None:
    """Every word of the product's own list is one token, alone and between others."""
    listed = [word for line in _lines(DATA / "words.txt") for word in line.split() if re.fullmatch(r"[一-龥]+", word)]
    assert len(listed) > 100
    assert [word for word in listed if word not in terms(analyzer, word)] == []
    assert [word for word in listed if word not in terms(analyzer, f"，{word}。")] == []


# Numbers.

SAME = {
    "937182元": ["93.7182万元", "937182元", "937,182元", "９３．７１８２万元", "９３７，１８２元", "937182 元"],
    "129件": ["一百二十九件", "129件", "１２９件", "129 件", "一百二十九 件", "壹佰贰拾玖件", "129余件"],
    "3件": ["3件", "三件", "３件", "3 件"],
    "50%": ["50%", "５０％", "百分之五十", "百分之50", "50 %", "50.0%"],
    "2023年": ["2023年", "二〇二三年", "二零二三年", "２０２３年"],
    "150000000元": ["1.5亿元", "15000万元", "一亿五千万元", "150,000,000元", "１．５億元"],
    "2000人": ["2千人", "两千人", "2000人", "2,000人"],
    "300000人次": ["30万人次", "三十万人次", "300000人次"],
    "第3条": ["第三条", "第3条", "第３条"],
}


@pytest.mark.parametrize("term", SAME)
def test_one_quantity_is_one_term(analyzer: Analyzer, term: str) -> None:
    """However a quantity is printed, a query for it asks for the same term, and the index has it for each form."""
    for form in SAME[term]:
        assert analyzer.words(form) == [term], form
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
def test_other_quantities_stay_apart(analyzer: Analyzer, form: str, other: str) -> None:
    """A quantity's term is not among those of another number, nor of another unit."""
    (asked,) = analyzer.words(form)
    assert asked not in terms(analyzer, other)
    assert asked not in terms(analyzer, f"立案{other}。")


@pytest.mark.parametrize("other", ["129件", "23件", "13件"])
def test_three_shares_nothing_with_numbers_that_end_in_it(analyzer: Analyzer, other: str) -> None:
    """3件 has no number in common with 129件, 23件, 13件."""
    assert quantity_terms(analyzer, "3件") & quantity_terms(analyzer, other) == set()


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.sampled_from(["件", "元", "人次", "%", "户", ""]))
@settings(deadline=None)
def test_different_numbers_share_no_term(analyzer: Analyzer, one: int, other: int, unit: str) -> None:
    """Two numbers share a term only if they are the same number."""
    shared_terms = quantity_terms(analyzer, f"{one}{unit}") & quantity_terms(analyzer, f"{other:,}{unit}")
    assert bool(shared_terms) == (one == other)


def test_a_unit_is_also_found_by_its_short_form(analyzer: Analyzer) -> None:
    """3人次 is found by 3人, and by the bare number; 户 stays apart from 人."""
    assert {"3", "3人", "3人次"} <= terms(analyzer, "3人次")
    assert "3户" not in terms(analyzer, "3人次")


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("共129余 人次", {"129": "129", "129人": "129余 人", "129人次": "129余 人次"}),
        ("按第三条办", {"3": "三", "3条": "三条", "第3条": "第三条"}),
        ("第2章", {"2": "2", "第2": "第2"}),
        ("罚1.2万元。", {"1.2": "1.2万", "12000": "1.2万", "12000元": "1.2万元"}),
        ("占５０％", {"50": "５０％", "50%": "５０％"}),
    ],
)
def test_each_reading_of_a_quantity_has_its_span(analyzer: Analyzer, text: str, spans: dict[str, str]) -> None:
    """A number spans what is printed of it; with a unit, as much of the unit as it has; an ordinal has 第 too."""
    tokens = [token for token in analyzer.tokens(text) if token.term.lstrip("第")[0].isdecimal()]
    assert {token.term: text[token.start : token.end] for token in tokens} == spans


@pytest.mark.parametrize("text", ["一起", "一些", "一方面", "一旦", "统一", "两会", "一体化", "H7N9", "3D", "A4纸"])
def test_words_with_numerals_in_them_are_no_quantities(analyzer: Analyzer, text: str) -> None:
    """Idioms and codes that hold a numeral give no number."""
    assert not {term for term in quantity_terms(analyzer, text) if term != fold(text)}


# What a user can replace.


def test_a_words_file_makes_a_word(tmp_path: Path) -> None:
    """A word that the dictionary would cut is one token once it stands in the words file, in any writing."""
    words = tmp_path / "words.txt"
    words.write_text("\ufeff红色橡子 綠色橡子\r\n\n蓝色橡子", encoding="utf-8")
    with_words = Analyzer(Lexicon.load(words))
    without = Analyzer(Lexicon("", ""))
    for word in ("红色橡子", "绿色橡子", "蓝色橡子"):
        assert word in terms(with_words, f"提高{word}水平")
        assert word not in terms(without, f"提高{word}水平")


def test_lexicons_of_one_process_stay_apart() -> None:
    """A word of one analyzer's list is no word of another analyzer, whichever was made first."""
    first, second = Analyzer(Lexicon("红色橡子", "")), Analyzer(Lexicon("绿色橡子", ""))
    assert ("红色橡子" in terms(first, "红色橡子"), "绿色橡子" in terms(first, "绿色橡子")) == (True, False)
    assert ("红色橡子" in terms(second, "红色橡子"), "绿色橡子" in terms(second, "绿色橡子")) == (False, True)


def test_comments_are_ignored() -> None:
    """Lines that begin with # make no words and no synonyms."""
    made = Analyzer(Lexicon("# 红色橡子\n绿色橡子\n", "# 甲局 = 乙局\n丙局 = 丁局\n"))
    assert "红色橡子" not in terms(made, "红色橡子")
    assert "绿色橡子" in terms(made, "绿色橡子")
    assert made.synonyms("甲局") == ()
    assert made.synonyms("丙局") == ("丁局",)


def test_synonyms_come_in_the_order_of_the_file() -> None:
    """Each name of a group knows the others, folded; a name in two groups knows both; names are words."""
    made = Analyzer(Lexicon("", "红色委 = 紅色橡子局 = ＨＸ\n蓝色委=红色委\n孤色委\n = \n"))
    assert made.synonyms("红色委") == ("红色橡子局", "hx", "蓝色委")
    assert made.synonyms("红色橡子局") == ("红色委", "hx")
    assert made.synonyms("蓝色委") == ("红色委",)
    assert made.synonyms("孤色委") == ()
    assert "红色橡子局" in terms(made, "经红色橡子局同意")


@pytest.mark.parametrize("kind", ["words", "synonyms"])
def test_unreadable_files_are_usage_errors(tmp_path: Path, kind: str) -> None:
    """A file that is missing, a folder, or not UTF-8 is refused with its path in one line."""
    binary = tmp_path / "binary.txt"
    binary.write_bytes(b"\xff\xfe\x00\x81")
    for path in (tmp_path / "missing.txt", tmp_path, binary):
        with pytest.raises(UsageError) as caught:
            Lexicon.load(**{kind: path})
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


def test_fingerprint_tells_lexicons_apart() -> None:
    """Other words or other synonyms give another fingerprint; a word is not mistaken for a synonym."""
    lexicons = [
        Lexicon("甲", "乙"),
        Lexicon("甲乙", ""),
        Lexicon("", "甲乙"),
        Lexicon("乙", "甲"),
        Lexicon("甲", "丙"),
    ]
    assert len({Analyzer(lexicon).fingerprint for lexicon in lexicons}) == len(lexicons)


def test_fingerprint_depends_on_nothing_else(analyzer: Analyzer) -> None:
    """The same files give the same fingerprint: after use, on another segmenter, in another process."""
    command = (
        "import sys; sys.modules['rjieba'] = None; from searchkit.text.analyzer import *; print(Analyzer().fingerprint)"
    )
    other = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True, cwd=ROOT)
    assert other.stdout.strip() == analyzer.fingerprint == Analyzer(Lexicon.load()).fingerprint
    assert re.fullmatch("[0-9a-f]{16}", analyzer.fingerprint)


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
