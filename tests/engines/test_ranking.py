"""The formulas of ranking: limits, monotonicity, and counting of grams."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.engines.ranking import (
    COMPLETE_BONUS,
    HEADING_WEIGHT,
    K1,
    TITLE_WEIGHT,
    Explanation,
    count_grams,
    grams,
    idf,
    query_grams,
    query_terms,
    saturation,
    weighted_sum,
)
from searchkit.query.tree import ScoringClause

ANY_TEXT = st.text(st.characters(exclude_categories=[]))  # with surrogates, which `st.text` excludes by default
REPETITIVE = st.text("甲乙a1，。 _", max_size=30)
SIZES = st.integers(1, 3)
LENGTHS = st.floats(0.1, 10_000)
COUNTS = st.floats(0, 10_000)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_rare_terms_have_a_higher_idf(df: int, others: int) -> None:
    """Idf is positive, and decreases as the document frequency increases."""
    paragraphs = df + others
    assert idf(df, paragraphs) > 0
    if others:
        assert idf(df, paragraphs) > idf(df + 1, paragraphs)


@pytest.mark.parametrize(("df", "paragraphs"), [(0, 10), (1, 10), (5, 10), (10, 10)])
def test_idf_is_the_formula(df: int, paragraphs: int) -> None:
    """The idf is ln(1 + (N - df + 0.5) / (df + 0.5)) = ln((N + 1) / (df + 0.5))."""
    assert idf(df, paragraphs) == pytest.approx(math.log((paragraphs + 1) / (df + 0.5)))


@given(COUNTS, COUNTS, LENGTHS, LENGTHS)
def test_saturation_increases_up_to_a_limit(tf: float, more: float, length: float, average: float) -> None:
    """Saturation is 0 for no occurrence, does not decrease with more occurrences, and is at most k1 + 1."""
    assert saturation(0, length, average) == 0
    once, again = saturation(tf, length, average), saturation(tf + more, length, average)
    assert 0 <= once <= again * (1 + 1e-12)
    assert again <= (K1 + 1) * (1 + 1e-12)


@given(st.floats(0.5, 10_000), LENGTHS, st.floats(1, 10_000), LENGTHS)
def test_saturation_decreases_with_the_length_of_the_text(
    tf: float, length: float, more: float, average: float
) -> None:
    """The same number of occurrences has a lower saturation in a longer text."""
    assert saturation(tf, length + more, average) < saturation(tf, length, average)


def test_one_occurrence_in_a_text_of_average_length_has_saturation_one() -> None:
    """The formula yields (k1 + 1) / (1 + k1) = 1. Very many occurrences have a saturation of k1 + 1."""
    assert saturation(1, 50, 50) == pytest.approx(1)
    assert saturation(1e12, 50, 50) == pytest.approx(K1 + 1)


def test_fields_are_summed_with_their_weights() -> None:
    """BM25F adds the frequencies, or the lengths, of text (with weight 1), headings and title."""
    assert weighted_sum(3, 2, 1) == 3 + 2 * HEADING_WEIGHT + TITLE_WEIGHT
    assert weighted_sum(3, 0, 0) == 3


@given(ANY_TEXT | REPETITIVE, SIZES)
def test_grams_never_cross_punctuation(text: str, size: int) -> None:
    """Every gram has the right size, occurs in the text, and consists of letters, digits and ideographs."""
    for gram in grams(text, size):
        assert len(gram) == size
        assert gram in text
        assert all(character.isalnum() for character in gram)


@given(ANY_TEXT | REPETITIVE, SIZES)
def test_grams_are_complete(text: str, size: int) -> None:
    """Each window of the text that consists of letters, digits and ideographs is a gram."""
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
def test_examples_of_grams(text: str, size: int, expected: list[str]) -> None:
    """Grams overlap, and are in the order of the text."""
    assert list(grams(text, size)) == expected


@given(st.data(), SIZES)
@settings(max_examples=100)
def test_count_grams_counts_the_selected_grams(data: st.DataObject, size: int) -> None:
    """`count_grams` is a `Counter` of `grams`, restricted to the selected ones."""
    text = data.draw(ANY_TEXT | REPETITIVE)
    selected = data.draw(st.sets(st.text("甲乙a1", min_size=size, max_size=size)))
    selected |= set(data.draw(st.lists(st.sampled_from(sorted(grams(text, size)) or [""]), max_size=3))) - {""}
    all_counts = Counter(grams(text, size))
    assert count_grams(text, selected) == Counter({gram: n for gram, n in all_counts.items() if gram in selected})


def test_overlapping_grams_are_counted() -> None:
    """甲甲甲 contains 甲甲 twice. If no gram is selected, none is counted."""
    assert count_grams("甲甲甲，甲甲", ["甲甲"]) == {"甲甲": 3}
    assert count_grams("甲甲甲", []) == {}


@given(st.lists(st.tuples(REPETITIVE, st.floats(0.1, 10)), max_size=4), SIZES)
def test_weights_of_query_grams_are_sums(texts: list[tuple[str, float]], size: int) -> None:
    """The weight of a gram is the sum over its occurrences in the clauses: each adds the weight of its clause."""
    weights = query_grams([ScoringClause(text, (), weight) for text, weight in texts], size)
    assert set(weights) == {gram for text, _ in texts for gram in grams(text, size)}
    for gram, weight in weights.items():
        assert weight == pytest.approx(sum(list(grams(text, size)).count(gram) * boost for text, boost in texts))


def test_factors_of_a_clause_lower_the_weights() -> None:
    """A clause adds its weight times the factor of the term or character. A bigram takes the lower of its factors."""
    clause = ScoringClause("的，红马", ("的", "红马"), 2.0, (0.3, 1.0), (0.3, 1.0, 0.5, 1.0))
    assert query_terms([clause, ScoringClause("的", ("的",))]) == {"的": 1.6, "红马": 2.0}
    assert query_grams([clause], 1) == {"的": 0.6, "红": 1.0, "马": 2.0}
    assert query_grams([clause], 2) == {"红马": 1.0}


def test_a_score_is_the_sum_of_its_parts() -> None:
    """The parts that `--explain` prints add up to the score. `completed` adds the bonus for all content words."""
    assert Explanation({"执法": 1.5, "监督": 0.25}, bigrams=2.0, characters=0.5).score == pytest.approx(4.25)
    assert Explanation().score == 0
    assert Explanation({"执法": 1.0}, characters=1.0).completed().score == pytest.approx(2 * (1 + COMPLETE_BONUS))
