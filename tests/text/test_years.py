"""Patterns of years, and year ranges in queries."""

from __future__ import annotations

import re

import pytest

from searchkit.text.query_years import parse_written_years
from searchkit.text.years import ANY_YEAR, parse_year_range


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("2023", (2023, 2023)),
        (" 2021..2023 ", (2021, 2023)),
        ("2021 .. 2023", (2021, 2023)),
        ("2021..", (2021, 9999)),
        ("..2023", (0, 2023)),
    ],
)
def test_years_and_ranges_are_parsed(text: str, years: tuple[int, int]) -> None:
    """`parse_year_range` and `parse_written_years` parse a year, and a range, which can be open at either end."""
    assert parse_year_range(text) == years
    assert parse_written_years(text) == years


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("2023年", (2023, 2023)),
        (" ２０２３年 ", (2023, 2023)),
        ("2023年度", (2023, 2023)),
        ("2000年前后", (1999, 2001)),
        ("90年代", (1990, 1999)),
        ("上世纪八十年代", (1980, 1989)),
        ("23年", (2023, 2023)),
        ("二〇二三年", (2023, 2023)),
        ("2021-2023", (2021, 2023)),
        ("2021-23", (2021, 2023)),
        ("2021—2023年", (2021, 2023)),
        ("2021年至2023年", (2021, 2023)),
        ("2020年以来", (2020, 9999)),
        ("2020年以后", (2020, 9999)),
        ("2020年之后", (2020, 9999)),
        ("2020年后", (2020, 9999)),
        ("2020年至今", (2020, 9999)),
        ("2020至今", (2020, 9999)),
        ("1990年代", (1990, 1999)),
        ("2023..2021", (2023, 2021)),
        ("2023至2021", (2023, 2021)),
    ],
)
def test_years_are_parsed_as_people_write_them(text: str, years: tuple[int, int]) -> None:
    """Forms such as 23年, 90年代 and 2020年以来 are parsed. The years of a range stay in their order: 2023..2021."""
    assert parse_written_years(text) == years


@pytest.mark.parametrize("text", ["", "..", "23", "20231", "二〇二三", "2030年前", "20年", "2021...2023", "x"])
def test_other_text_is_an_error(text: str) -> None:
    """The message contains examples of valid input."""
    with pytest.raises(ValueError, match=r"is not a year; write 2023 or 2021\.\.2023"):
        parse_written_years(text)


def test_printed_years_match() -> None:
    """Years in Arabic digits and in Chinese numerals match, with any of the characters that reports use for zero.

    Numbers that are too long or too short do not match, nor do 1854 and 三〇二三.
    """
    assert all(
        re.fullmatch(ANY_YEAR, year)
        for year in ("2023", "1954", "二〇二三", "二○一五", "一九九八", "二O二三", "二零一零")
    )
    assert not any(re.fullmatch(ANY_YEAR, year) for year in ("1854", "三〇二三", "二〇二", "223", "20233"))
