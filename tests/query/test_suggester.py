"""The file of suggestions: completion by text, pinyin and initials, and similar words."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.query.suggester import (
    HOMOPHONE,
    MAX_WORDS,
    SUBSTITUTION,
    SWAP,
    Completion,
    Similar,
    Suggester,
    encode_suggestions,
)
from searchkit.text.folding import fold
from searchkit.text.pinyin import syllables

VALUES = [
    (Completion("滨海新区", "district", 58), ("滨海新区", "滨海")),
    (Completion("重庆市", "district", 40), ("重庆市", "重庆")),
    (Completion("单县", "district", 3), ("单县",)),
    (Completion("行政执法", "topic", 51), ("行政执法",)),
]
WORDS = {
    "行政": 72,
    "行政执法": 33,
    "行政处罚": 12,
    "双随机": 8,
    "管理": 28,
    "滨海": 13,
    "执法": 60,
    "gdp": 5,
    "一次": 1,
}
HEADINGS = {"行政执法主体情况": 2, "（一）2023年 工作": 4, "长" * 41: 9, "两\t行": 9}


@pytest.fixture(scope="module")
def suggester() -> Suggester:
    """Return the suggestions of the lists above."""
    return Suggester(encode_suggestions(VALUES, WORDS, HEADINGS))


def complete(suggester: Suggester, prefix: str, limit: int | None = 10) -> list[tuple[str, str]]:
    """Return text and kind of each completion."""
    return [(item.text, item.kind) for item in suggester.complete(prefix, limit)]


@pytest.mark.parametrize("prefix", ["滨", "滨海", "bin", "binhai", "bin hai", "bh"])
def test_text_pinyin_and_initials_are_completed(suggester: Suggester, prefix: str) -> None:
    """A value is found by the beginning of its text, of its pinyin and of its initials, once, before words."""
    assert complete(suggester, prefix) == [("滨海新区", "district"), ("滨海", "word")]


def test_values_words_and_headings_are_ranked_by_frequency(suggester: Suggester) -> None:
    """Facet values come first, then words, then headings, each by descending number of paragraphs."""
    assert suggester.complete("xingzheng", 10) == [
        Completion("行政执法", "topic", 51),
        Completion("行政", "word", 72),
        Completion("行政执法", "word", 33),
        Completion("行政处罚", "word", 12),
        Completion("行政执法主体情况", "heading", 2),
    ]


def test_a_short_list_of_completions_has_all_kinds(suggester: Suggester) -> None:
    """A list that is cut to three or more entries still has values, words and headings. The limit None returns all."""
    kinds = ["topic", "word", "heading"]
    assert [kind for _, kind in complete(suggester, "行政", 3)] == kinds
    assert [kind for _, kind in complete(suggester, "行政", 4)] == ["topic", "word", "word", "heading"]
    assert complete(suggester, "行政", 0) == []
    assert len(complete(suggester, "行政", None)) == 5


@pytest.mark.parametrize(
    ("prefix", "text"), [("chongqing", "重庆市"), ("cq", "重庆市"), ("danxian", "单县"), ("shanxian", "单县")]
)
def test_districts_are_found_by_all_readings(suggester: Suggester, prefix: str, text: str) -> None:
    """A district is found by its usual pinyin (chongqing, shanxian), and by the other readings of its characters."""
    assert (text, "district") in complete(suggester, prefix)


def test_headings_with_blanks_and_digits(suggester: Suggester) -> None:
    """A heading is found by its folded text. Headings that are long or have control characters are left out."""
    assert complete(suggester, fold("（一）2023年")) == [("（一）2023年 工作", "heading")]
    assert complete(suggester, "长") == complete(suggester, "两") == []


def test_rare_words_are_left_out(suggester: Suggester) -> None:
    """Words of a single paragraph are left out. Of more than `MAX_WORDS` words, the rarest are left out, too."""
    assert suggester.count("行政") == 72
    assert suggester.count("一次") == 0
    words = {"词" + chr(0x4E00 + n % 200) + chr(0x4E00 + n // 200): 2 + n for n in range(MAX_WORDS + 1)}
    many = Suggester(encode_suggestions((), words, {}))
    assert len(many.complete("词", None)) == MAX_WORDS
    assert many.count(min(words, key=words.__getitem__)) == 0


@pytest.mark.parametrize(
    ("typed", "similar"),
    [
        ("双随即", Similar("双随机", 8, HOMOPHONE)),
        ("理管", Similar("管理", 28, SWAP)),
        ("行政执发", Similar("行政执法", 51, HOMOPHONE)),
        ("行正执法", Similar("行政执法", 51, HOMOPHONE)),
        ("兵政执法", Similar("行政执法", 51, SUBSTITUTION)),
        ("行政执行", Similar("行政执法", 51, SUBSTITUTION)),
        ("行政处执", Similar("行政处罚", 12, SUBSTITUTION)),
        ("gpd", Similar("gdp", 5, SWAP)),
    ],
)
def test_similar_words(suggester: Suggester, typed: str, similar: Similar) -> None:
    """Words with the same pinyin, two adjacent characters swapped, or one other character are similar.

    Each has the number of its paragraphs.
    """
    assert similar in suggester.similar(typed)


@pytest.mark.parametrize("typed", ["管理", "管制", "行政", "双随", "天气", "行政执法局"])
def test_dissimilar_words(suggester: Suggester, typed: str) -> None:
    """A word is not similar to itself, to a word of another length, or to one that shares one of two characters."""
    assert suggester.similar(typed) == []


@given(
    st.sets(st.text("行政执法长重a", min_size=1, max_size=5), max_size=20), st.text("行政执法", min_size=2, max_size=5)
)
def test_substitutions_equal_a_scan(words: set[str], typed: str) -> None:
    """The words, not headings, that differ in one of three or more characters are found, wherever the character is."""
    suggester = Suggester(encode_suggestions((), dict.fromkeys(words, 2), dict.fromkeys(("行政法", "执行政"), 2)))
    expected = {
        word
        for word in words
        if len(word) == len(typed) > 2 and sum(map(str.__ne__, word, typed)) == 1 and word.isalpha()
    }
    found = suggester.similar(typed)
    assert {item.text for item in found if item.difference == SUBSTITUTION} <= expected <= {item.text for item in found}


@given(st.dictionaries(st.text("行政执法长重了ab ", min_size=1, max_size=5), st.integers(1, 9), max_size=20), st.data())
def test_completion_equals_a_scan(words: dict[str, int], data: st.DataObject) -> None:
    """A prefix finds exactly the words of the file whose text, pinyin or initials begin with it."""
    suggester = Suggester(encode_suggestions((), words, {}))
    kept = {word for word, count in words.items() if count > 1 and word.isalpha()}
    prefix = data.draw(st.text("行政执法xingzhacoul", min_size=1, max_size=4))
    expected = set()
    for word in kept:
        spelling = syllables(word)
        keys = [word]
        if prefix.isascii():
            keys += ["".join(spelling), "".join(syllable[0] for syllable in spelling)]
        if any(key.startswith(prefix) for key in keys):
            expected.add(word)
    assert {item.text for item in suggester.complete(prefix, None)} == expected
    assert all(suggester.count(word) == words[word] for word in kept)


@given(st.binary(max_size=60), st.text(max_size=4))
def test_damaged_files_never_hang(data: bytes, prefix: str) -> None:
    """Any content returns suggestions, or raises ValueError or IndexError."""
    for content in (data, encode_suggestions(VALUES, WORDS, HEADINGS)[: 40 + len(data)] + data):
        with suppress(ValueError, IndexError):
            suggester = Suggester(content)
            suggester.complete(prefix or "行", 10)
            suggester.similar("行政执发")
