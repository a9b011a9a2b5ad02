"""The sentences of the library on Chinese pages."""

from __future__ import annotations

from pathlib import Path

import pytest

import searchkit
from searchkit.errors import UsageError
from searchkit.web.words import WORDS

ZH, EN = WORDS["zh"], WORDS["en"]


def is_chinese(text: str) -> bool:
    """Return whether a sentence was translated: it begins with a Chinese character or quotation mark."""
    return "\u4e00" <= text[0] <= "\u9fff" or text.startswith("“")


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        ("甲" * 1001, {}),
        (" ".join(f"词{n}" for n in range(80)), {}),
        ("执法 or 处罚", {}),
        ("(处罚", {}),
        ("处罚", {"year": "2023..2022"}),
        ("处罚", {"year": 2099}),
        ("处罚 year:2099", {}),
    ],
)
def test_notes_about_a_query_are_in_chinese(index_path: Path, query: str, filters: dict[str, object]) -> None:
    """Every note of a search has a translation, and English pages show it as it is."""
    with searchkit.open(index_path) as index:
        notes = index.search(query, **filters).notes
    assert notes
    for note in notes:
        assert is_chinese(ZH.message(note)), note
        assert EN.message(note) == note


@pytest.mark.parametrize(
    ("understood", "chinese"),
    [
        ("(of_year:2023 OR year:2023) AND 处罚", "(所属年份：2023 或 年份：2023) 且 处罚"),
        ("title:报告 AND NOT year:[2021 TO 2023]", "title:报告 且 非 年份：[2021 至 2023]"),
        ('"year: A AND B" OR “topic:”', '"year: A AND B" 或 “topic:”'),
        ("my-year:x AND fiscal_year:2", "my-year:x 且 fiscal_year:2"),
    ],
)
def test_a_query_tree_has_chinese_operators_and_facets(understood: str, chinese: str) -> None:
    """Operators and built-in facets are translated, unless they are quoted or the end of another name."""
    assert ZH.tree(understood) == chinese
    assert EN.tree(understood) == understood


@pytest.mark.parametrize("value", ["滨海新", "没有的地方"])
def test_errors_in_an_address_are_in_chinese(index_path: Path, value: str) -> None:
    """The error about a value that the index does not have is in Chinese."""
    with searchkit.open(index_path) as index, pytest.raises(UsageError) as raised:
        index.search("处罚", district=value)
    assert is_chinese(ZH.message(str(raised.value)))


def test_warnings_about_reports_are_in_chinese() -> None:
    """Warnings that a year was inferred, or that a year, an issuer or a place is undecided, have a translation."""
    for warning in (
        "year 2023 inferred from a heading",
        "year 2023 inferred from the headings",
        "year 2023 inferred from the headings: the title states 2022",
        "year 2023 inferred from the beginning of a paragraph",
        "year 2023 inferred: the year the text names most",
        "year 2023 inferred: the text plans 2024",
        "year 2023 inferred: the text reviews 2022",
        "year undecided: neither title nor text states the year reported on",
        "issuer undecided: neither title, head nor text states it",
        "region undecided: neither title, head nor text names the place reported on",
    ):
        assert is_chinese(ZH.message(warning)), warning


def test_an_unknown_sentence_is_shown_as_it_is() -> None:
    """A sentence without a translation is shown in English."""
    assert ZH.message("something new: {0}") == "something new: {0}"
