"""Folding: it keeps the length, is idempotent, and unifies look-alikes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.files import DATA_FOLDER
from searchkit.text.folding import fold, fold_all

TABLE = DATA_FOLDER / "folding.txt"

ANY_TEXT = st.text(st.characters(exclude_categories=[]))
"""Text of any code points, including those outside the basic plane, unassigned ones and lone surrogates."""


@given(ANY_TEXT)
def test_each_code_point_is_folded_independently(text: str) -> None:
    """One code point becomes one code point, whatever its neighbours, so spans of the folded text fit the original."""
    assert fold(text) == "".join(fold(character) for character in text)
    assert len(fold(text)) == len(text)


def test_folding_is_idempotent() -> None:
    """For all of Unicode, folding keeps the length, and folding again changes nothing."""
    everything = "".join(map(chr, range(0x110000)))
    once = fold(everything)
    assert len(once) == len(everything)
    assert fold(once) == once


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("", ""),
        ("法治政府建设", "法治政府建设"),
        ("ＡＢＣａｂｃ１２３", "abcabc123"),
        ("（２０２３）　５０％，Ａ：Ｂ", "(2023) 50%,a:b"),
        ("法治政府建設年度報告", "法治政府建设年度报告"),
        ("行政執法監督與處罰", "行政执法监督与处罚"),
        ("億萬兩點", "亿万两点"),
        ("COVID-19 Ünïcode ΣΩ ДЖ", "covid-19 ünïcode σω дж"),
        ("\uf967\uf9dd\uf9d1", "不利六"),
        ("⼀⼆⼗⽂⽉⼭", "一二十文月山"),
        ("⺟⻳", "母龟"),
        ("“双随机”、《条例》①㎡ﬁ", "“双随机”、《条例》①㎡ﬁ"),
        ("\U0002f800𠀀😀", "丽𠀀😀"),
    ],
)
def test_examples(text: str, folded: str) -> None:
    """Width, case, traditional characters, compatibility ideographs and radicals are folded; ①, ㎡ and ﬁ are not."""
    assert fold(text) == folded


def test_full_width_forms_fold_to_ascii() -> None:
    """All full-width ASCII characters and the ideographic space become half width and lower case."""
    wide = "".join(chr(code) for code in range(0xFF01, 0xFF5F))
    assert fold(wide) == "".join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)).lower()
    assert fold("\u3000") == " "


def test_case_does_not_matter() -> None:
    """An upper-case letter of Unicode 3.2 folds like its lower-case form, if that is one code point."""
    upper_case = [
        chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Lu" and _is_old(chr(code))
    ]
    assert len(upper_case) > 1000
    assert [c for c in upper_case if len(c.lower()) == 1 and fold(c) != fold(c.lower())] == []


@pytest.mark.parametrize(("first", "last"), [(0x2E80, 0x2EF3), (0x2F00, 0x2FD5), (0xF900, 0xFAD9), (0x2F800, 0x2FA1D)])
def test_look_alikes_fold_like_their_ideographs(first: int, last: int) -> None:
    """Every radical and compatibility ideograph with a Unicode mapping folds like its ideograph."""
    pairs = [(chr(code), unicodedata.normalize("NFKC", chr(code))) for code in range(first, last + 1)]
    changed = [(before, after) for before, after in pairs if before != after]
    assert changed
    assert [before for before, after in changed if fold(before) != fold(after)] == []


def test_digits_keep_their_value() -> None:
    """A digit folds to a digit of the same value, and nothing else folds to a digit: ① is not 1."""
    characters = "".join(map(chr, range(0x110000)))
    pairs = [*zip(characters, fold(characters), strict=True)]
    assert [
        c for c, folded in pairs if c.isdecimal() and unicodedata.decimal(folded, None) != unicodedata.decimal(c)
    ] == []
    assert [c for c, folded in pairs if folded.isdecimal() and not c.isdecimal()] == []


def test_data_file_is_well_formed() -> None:
    """Two lines of equal length follow the comment: the code points that are folded, in order, and their results.

    No code point is in the first line twice, and none is in both lines.
    """
    lines = TABLE.read_text(encoding="utf-8").split("\n")
    assert [line for line in lines if line.startswith("# ")] == lines[:1]
    before, after, end = lines[1:]
    assert end == ""
    assert len(before) == len(after)
    assert len(set(before)) == len(before)
    assert not set(before) & set(after)
    assert sorted(before) == list(before)


def _is_old(character: str) -> bool:
    """Return whether the character existed in Unicode 3.2. Newer ones may be unknown to the table."""
    return unicodedata.ucd_3_2_0.category(character) != "Cn"


@given(st.lists(st.text(max_size=5), max_size=5), st.sampled_from([1, 200]))
def test_fold_all_folds_each_text(texts: list[str], times: int) -> None:
    """The result is the list of `fold` of each text, also for more texts than one batch has."""
    assert fold_all(texts * times) == [fold(text) for text in texts] * times
