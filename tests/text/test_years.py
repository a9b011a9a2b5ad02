"""How years are written and asked for."""

from __future__ import annotations

import re

import pytest

from searchkit.text.years import ANY_YEAR, parse_years


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
def test_years_that_are_asked_for(text: str, years: tuple[int, int]) -> None:
    """A year or a range of them, open at either end."""
    assert parse_years(text) == years


@pytest.mark.parametrize("text", ["", "..", "23", "20231", "二〇二三", "2021-2023", "2021...2023", "x"])
def test_what_is_no_year(text: str) -> None:
    """Anything else is refused with what to write."""
    with pytest.raises(ValueError, match=r"is no year; write 2023 or 2021\.\.2023"):
        parse_years(text)


def test_years_as_they_are_printed() -> None:
    """Digits, and Chinese numerals with a circle of any kind."""
    assert all(
        re.fullmatch(ANY_YEAR, year)
        for year in ("2023", "1954", "二〇二三", "二○一五", "一九九八", "二O二三", "二零一零")
    )
    assert not any(re.fullmatch(ANY_YEAR, year) for year in ("1854", "三〇二三", "二〇二", "223", "20233"))
