"""The normaliser: length is kept, folding twice changes nothing, look-alikes become one character."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.files import DATA
from searchkit.text.folding import fold, fold_all

TABLE = DATA / "folding.txt"

ANY_TEXT = st.text(st.characters(exclude_categories=[]))
"""All of Unicode: beyond the basic plane, unassigned code points and lone surrogates included."""


@given(ANY_TEXT)
def test_each_code_point_is_folded_at_its_place(text: str) -> None:
    """One code point in, one out, whatever stands beside it: that is what makes spans of folded text fit."""
    assert fold(text) == "".join(fold(character) for character in text)
    assert len(fold(text)) == len(text)


def test_every_code_point_folds_to_one_that_stays() -> None:
    """The table holds for all of Unicode: one code point for one, and folding twice changes nothing."""
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
    """Width, case, traditional characters, compatibility ideographs and radicals fold; anything else stays."""
    assert fold(text) == folded


def test_full_width_forms_fold_to_ascii() -> None:
    """All full-width ASCII characters and the ideographic space become their narrow forms, in lower case."""
    wide = "".join(chr(code) for code in range(0xFF01, 0xFF5F))
    assert fold(wide) == "".join(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)).lower()
    assert fold("\u3000") == " "


def test_case_does_not_matter() -> None:
    """A character folds like its lower case, wherever lower case is one code point."""
    known = [chr(code) for code in range(0x110000) if unicodedata.category(chr(code)) == "Lu" and _is_old(chr(code))]
    assert len(known) > 1000
    assert [c for c in known if len(c.lower()) == 1 and fold(c) != fold(c.lower())] == []


@pytest.mark.parametrize(("first", "last"), [(0x2E80, 0x2EF3), (0x2F00, 0x2FD5), (0xF900, 0xFAD9), (0x2F800, 0x2FA1D)])
def test_look_alikes_fold_like_what_they_stand_for(first: int, last: int) -> None:
    """Every radical and compatibility ideograph that Unicode calls one folds like its ideograph."""
    pairs = [(chr(code), unicodedata.normalize("NFKC", chr(code))) for code in range(first, last + 1)]
    changed = [(before, after) for before, after in pairs if before != after]
    assert changed
    assert [before for before, after in changed if fold(before) != fold(after)] == []


def test_no_number_is_made_and_none_is_lost() -> None:
    """A digit folds to the same digit, and nothing else folds to one: ① stays apart from 1."""
    every = [chr(code) for code in range(0x110000)]
    assert [c for c in every if c.isdecimal() and unicodedata.decimal(fold(c), None) != unicodedata.decimal(c)] == []
    assert [c for c in every if fold(c).isdecimal() and not c.isdecimal()] == []


def test_data_file_is_well_formed() -> None:
    """Two lines of equal length below the comment; no code point twice, none folded to itself or in two steps."""
    lines = TABLE.read_text(encoding="utf-8").split("\n")
    assert [line for line in lines if line.startswith("# ")] == lines[:1]
    before, after, end = lines[1:]
    assert end == ""
    assert len(before) == len(after)
    assert len(set(before)) == len(before)
    assert not set(before) & set(after)
    assert sorted(before) == list(before)


def _is_old(character: str) -> bool:
    """Whether the table's version of Unicode can have known the character; later Pythons know more."""
    return unicodedata.ucd_3_2_0.category(character) != "Cn"


@given(st.lists(st.text(max_size=5), max_size=5), st.sampled_from([1, 200]))
def test_fold_all(texts: list[str], times: int) -> None:
    """Folding many texts together, few or more than go together, gives what folding each gives."""
    assert fold_all(texts * times) == [fold(text) for text in texts] * times
