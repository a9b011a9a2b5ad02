"""Pinyin: the readings of characters and of words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.text.folding import fold
from searchkit.text.pinyin import readings_of, romanize_all, syllables


@pytest.mark.parametrize(
    ("text", "pinyin"),
    [
        ("滨海新区", "bin hai xin qu"),
        ("重庆市", "chong qing shi"),
        ("重点", "zhong dian"),
        ("银行行长", "yin hang hang zhang"),
        ("西安", "xi an"),
        ("覆盖率", "fu gai lv"),
        ("5g基站", "5 g ji zhan"),
        ("", ""),
    ],
)
def test_the_word_decides_the_reading(text: str, pinyin: str) -> None:
    """A Chinese character has the reading that it has in its word; letters and digits are their own syllables."""
    assert syllables(text) == tuple(pinyin.split())


def test_a_character_may_have_several_readings() -> None:
    """The usual reading of a Chinese character comes first. Letters and marks have no readings."""
    assert readings_of("重")[:2] == ("zhong", "chong")
    assert readings_of("a") == ()
    assert readings_of("-") == ()


@given(st.text(max_size=20).map(fold))
def test_each_character_has_a_syllable(text: str) -> None:
    """Any text has a syllable for each character."""
    assert len(syllables(text)) == len(text)
    assert all(syllables(text))


@given(st.lists(st.sampled_from(["重庆市", "重点", "银行行长", "5g", "西安", ""]) | st.text(max_size=9).map(fold)))
def test_romanize_all_agrees_with_syllables(texts: list[str]) -> None:
    """`romanize_all` returns the joined syllables of each text, and their first letters."""
    texts = [text.replace("\n", "") for text in texts]  # `romanize_all` takes no line feeds
    pinyin, initials = romanize_all(texts)
    assert pinyin == ["".join(syllables(text)) for text in texts]
    assert initials == ["".join(syllable[0] for syllable in syllables(text)) for text in texts]
