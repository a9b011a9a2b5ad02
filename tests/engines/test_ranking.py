"""The formulas of ranking: their limits, their direction, and what is counted."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.engines.ranking import (
    HEADING_WEIGHT,
    K1,
    TITLE_WEIGHT,
    Explanation,
    count_grams,
    grams,
    idf,
    saturation,
    wanted_grams,
    weighted,
)

ANY_TEXT = st.text(st.characters(exclude_categories=[]))
REPETITIVE = st.text("甲乙a1，。 _", max_size=30)
SIZES = st.integers(1, 3)
LENGTHS = st.floats(0.1, 10_000)
COUNTS = st.floats(0, 10_000)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_rare_terms_weigh_more(df: int, others: int) -> None:
    """Idf is never negative and falls as more paragraphs have the term."""
    paragraphs = df + others
    assert idf(df, paragraphs) > 0
    if others:
        assert idf(df, paragraphs) > idf(df + 1, paragraphs)


@pytest.mark.parametrize(("df", "paragraphs"), [(0, 10), (1, 10), (5, 10), (10, 10)])
def test_idf_is_the_formula(df: int, paragraphs: int) -> None:
    """ln(1 + (N - df + 0.5) / (df + 0.5))."""
    assert idf(df, paragraphs) == pytest.approx(math.log((paragraphs + 1) / (df + 0.5)))


@given(COUNTS, COUNTS, LENGTHS, LENGTHS)
def test_more_occurrences_count_more_up_to_a_limit(tf: float, more: float, length: float, average: float) -> None:
    """Saturation is 0 for none, never falls as occurrences are added, and stays at or below k1 + 1."""
    assert saturation(0, length, average) == 0
    once, again = saturation(tf, length, average), saturation(tf + more, length, average)
    assert 0 <= once <= again * (1 + 1e-12)
    assert again <= (K1 + 1) * (1 + 1e-12)


@given(st.floats(0.5, 10_000), LENGTHS, st.floats(1, 10_000), LENGTHS)
def test_the_same_counts_less_in_a_longer_text(tf: float, length: float, more: float, average: float) -> None:
    """The longer the text, the less an occurrence says."""
    assert saturation(tf, length + more, average) < saturation(tf, length, average)


def test_a_single_occurrence_in_a_text_of_average_length_counts_one() -> None:
    """The scale that k1 gives: (k1 + 1) / (1 + k1)."""
    assert saturation(1, 50, 50) == pytest.approx(1)
    assert saturation(1e12, 50, 50) == pytest.approx(K1 + 1)


def test_fields_are_summed_with_their_weights() -> None:
    """BM25F: one frequency and one length for text, headings and title."""
    assert weighted(3, 2, 1) == 3 + 2 * HEADING_WEIGHT + TITLE_WEIGHT
    assert weighted(3, 0, 0) == 3


@given(ANY_TEXT | REPETITIVE, SIZES)
def test_grams_never_cross_punctuation(text: str, size: int) -> None:
    """Every gram has its size, stands in the text, and is of letters, digits and ideographs only."""
    for gram in grams(text, size):
        assert len(gram) == size
        assert gram in text
        assert all(character.isalnum() for character in gram)


@given(ANY_TEXT | REPETITIVE, SIZES)
def test_grams_are_complete(text: str, size: int) -> None:
    """Every place where so many letters, digits or ideographs follow each other gives one gram."""
    windows = [text[start : start + size] for start in range(len(text) - size + 1)]
    assert list(grams(text, size)) == [window for window in windows if window.isalnum()]


@pytest.mark.parametrize(
    ("text", "size", "expected"),
    [
        ("执法，监督 3件", 2, ["执法", "监督", "3件"]),
        ("执法监督", 3, ["执法监", "法监督"]),
        ("执法", 1, ["执", "法"]),
        ("a_b", 2, []),
        ("执", 2, []),
        ("", 1, []),
    ],
)
def test_grams_examples(text: str, size: int, expected: list[str]) -> None:
    """Overlapping, from left to right."""
    assert list(grams(text, size)) == expected


@given(st.data(), SIZES)
@settings(max_examples=300)
def test_counting_grams_is_counting_grams(data: st.DataObject, size: int) -> None:
    """`count_grams` is a Counter of `grams`, restricted to the wanted ones."""
    text = data.draw(ANY_TEXT | REPETITIVE)
    wanted = data.draw(st.sets(st.text("甲乙a1", min_size=size, max_size=size)))
    wanted |= set(data.draw(st.lists(st.sampled_from(sorted(grams(text, size)) or [""]), max_size=3))) - {""}
    everything = Counter(grams(text, size))
    assert count_grams(text, wanted) == Counter({gram: n for gram, n in everything.items() if gram in wanted})


def test_counting_sees_overlapping_grams() -> None:
    """甲甲甲 holds 甲甲 twice; nothing wanted is nothing counted."""
    assert count_grams("甲甲甲，甲甲", ["甲甲"]) == {"甲甲": 3}
    assert count_grams("甲甲甲", []) == {}


@given(st.lists(st.tuples(REPETITIVE, st.floats(0.1, 10)), max_size=4), SIZES)
def test_wanted_grams_add_up(texts: list[tuple[str, float]], size: int) -> None:
    """A gram is wanted as much as the parts that hold it weigh, each occurrence counted."""
    total = wanted_grams(texts, size)
    assert set(total) == {gram for text, _ in texts for gram in grams(text, size)}
    for gram, weight in total.items():
        assert weight == pytest.approx(sum(list(grams(text, size)).count(gram) * each for text, each in texts))


def test_a_score_is_the_sum_of_its_parts() -> None:
    """What --explain shows adds up to the score."""
    assert Explanation({"执法": 1.5, "监督": 0.25}, bigrams=2.0, characters=0.5).score == pytest.approx(4.25)
    assert Explanation().score == 0
