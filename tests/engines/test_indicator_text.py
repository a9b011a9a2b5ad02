"""`Indicators`: finds strings and grams (characters and bigrams) in all indicators of an index at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.engines.indicators import Indicators
from searchkit.text.folding import fold

INDICATORS = st.lists(st.text("立案率处 罚a1、Ａ（", max_size=8), max_size=6, unique=True)


@given(INDICATORS, st.text("立案率处罚a1", min_size=1, max_size=4))
def test_match_grams_equals_counting(texts: list[str], query: str) -> None:
    """`match_grams` returns the indicators with each gram, and the precision of each indicator.

    The precision is the share of the characters and bigrams of the indicator that are among the grams. Characters
    and bigrams before its last space weigh half as much as those after it.
    """
    grams = list(dict.fromkeys([*query, *(query[i : i + 2] for i in range(len(query) - 1))]))
    matches, precisions = Indicators.of_texts(texts).match_grams(grams)
    folded = list(map(fold, texts))
    assert [found.tolist() for found in matches] == [[i for i, text in enumerate(folded) if g in text] for g in grams]
    for text, precision in zip(folded, precisions.tolist(), strict=True):
        pieces = [(i, text[i : i + size]) for size in (1, 2) for i in range(len(text) - size + 1)]
        weighted = [(1.0 if i > text.rfind(" ") else 0.5, piece) for i, piece in pieces if piece.isalnum()]
        total = sum(weight for weight, _ in weighted)
        matched = sum(weight for weight, piece in weighted if piece in grams)
        assert precision == pytest.approx(matched / (total or 1))


@given(INDICATORS, st.text("立案率处a（", max_size=3))
def test_strings_are_found_in_folded_text(texts: list[str], string: str) -> None:
    """`with_string` finds the indicators whose folded text contains a string, also if `without` removed characters."""
    indicators, folded = Indicators.of_texts(texts), list(map(fold, texts))
    assert indicators.with_string(string).tolist() == [i for i, text in enumerate(folded) if string in text]
    plain = [text.replace(" ", "").replace("(", "") for text in folded]
    found = indicators.without(" (").with_string(string).tolist()
    assert found == [i for i, text in enumerate(plain) if string in text]


@given(INDICATORS)
def test_words_at_the_ends_and_spaces(texts: list[str]) -> None:
    """`begin_or_end_with` finds the indicators that begin or end with a word, among those that a mask admits.

    It compares the indicators as printed, not folded. `has_space` finds the indicators with a space.
    """
    indicators = Indicators.of_texts(texts)
    is_wanted = np.arange(len(texts)) % 3 > 0
    for word in ("立案", "Ａ"):
        expected = [(text.startswith(word) or text.endswith(word)) and i % 3 > 0 for i, text in enumerate(texts)]
        assert indicators.begin_or_end_with(word, is_wanted).tolist() == expected
    ordinals = indicators.with_string("")
    assert indicators.has_space(ordinals).tolist() == [" " in text for text in texts]


def test_indicators_are_a_sequence_of_printed_texts() -> None:
    """Length, items, slices and iteration are those of the list of texts.

    A character above U+FFFF is found, too.
    """
    texts = ["ＧＤＰ", "立案", "𠀀 数"]
    indicators = Indicators.of_texts(texts)
    assert [len(indicators), indicators[0], indicators[-1], indicators[1:], list(indicators)] == [
        *(3, "ＧＤＰ", "𠀀 数", texts[1:], texts)
    ]
    assert indicators.with_string("𠀀").tolist() == [2]
    with pytest.raises(IndexError):
        indicators[3]
