"""Comparisons as text."""

from __future__ import annotations

from collections.abc import Callable

from wcwidth import wcswidth

from searchkit.compare.comparison import Comparison
from searchkit.model import Document, Measure
from searchkit.output.cells import MARKS
from searchkit.output.comparison import BAR, NAMED_EMPTY, SHOWN_EMPTY, comparison

Said, Tabled = Callable[..., Measure], Callable[..., Comparison]
DONGLI = ("天津市", "东丽区")


def test_a_table_is_aligned_and_tied_to_its_sentences(said: Said, tabled: Tabled) -> None:
    """Columns are as wide for Chinese as for digits, and each measure has a footnote with its id and its words."""
    found = [said("a#1", "立案", 129, "件"), said("b#1", "立案", 7, "件", year=2022, region=DONGLI)]
    lines = comparison(tabled(found)).splitlines()
    assert lines[0] == "立案 (件)"
    assert len({wcswidth(line.rpartition("  ")[0]) for line in lines[4:6]}) == 1
    assert lines[4].split() == ["滨海新区", "—", "129", "[1]"]
    assert lines[5].split() == ["东丽区", "7", "[2]", "—"]
    assert lines[-2:] == [f"[1] {found[0].id}  立案129件", f"[2] {found[1].id}  立案7件"]


def test_marks_are_explained_where_they_occur(said: Said, tabled: Tabled) -> None:
    """约, ≥, ≤, conflicts, other units and periods, silence and absence: each has a mark, and one line says which."""
    found = [
        said("a#1", "立案", 129, "件"),
        said("b#1", "立案", 130, "件"),
        said("c#1", "立案", 50, "件", bound="at_least", year=2022),
        said("d#1", "立案", 60, "件", bound="approx", year=2021),
        said("e#1", "立案", 70, "件", bound="at_most", period="近三年", year=2020),
        said("f#1", "立案", 9, "户", region=DONGLI),
    ]
    text = comparison(tabled(found, Document("z", region=DONGLI, year=2022)))
    for shown in ("129 [4] ≠ 130 [5]", "≥50 [3]", "约60 [2]", "≤70‡ [1]", "9 户† [6]"):
        assert shown in text
    legend = next(line for line in text.splitlines() if line.startswith("— "))
    assert all(f"{mark} {meaning}" in legend for mark, meaning in MARKS.values())
    plain = comparison(tabled(found[:1]))
    assert not any(meaning in plain for _, meaning in MARKS.values())


def test_sources_that_agree_share_a_footnote(said: Said, tabled: Tabled) -> None:
    """Two reports that say the same are one measure with two ids."""
    found = [said("a#1", "立案", 129, "件"), said("b#1", "立案", 129, "件")]
    assert f"[1] {found[0].id}, {found[1].id}  立案129件" in comparison(tabled(found))


def test_bars_are_in_proportion(said: Said, tabled: Tabled) -> None:
    """With bars, the largest value of the last column has the longest bar and half of it half as long a one."""
    found = [said("a#1", "立案", 100, "件"), said("b#1", "立案", 50, "件", region=DONGLI)]
    lines = comparison(tabled(found), bars=True).splitlines()
    assert [line.count("█") for line in lines[4:6]] == [BAR, BAR // 2]
    assert "█" not in comparison(tabled(found))


def test_many_rows_without_a_measure_are_named_below(said: Said, tabled: Tabled) -> None:
    """A few silent districts are rows; many are a line that names ten of them."""

    def lines(count: int) -> list[str]:
        silent = [Document(f"z{n:02}", year=2023, region=("天津市", f"{n}区")) for n in range(count)]
        return comparison(tabled([said("a#1", "立案", 129, "件")], *silent)).splitlines()

    assert sum(line.endswith("·") for line in lines(SHOWN_EMPTY)) == SHOWN_EMPTY
    many = lines(NAMED_EMPTY + 2)
    assert not any(line.endswith("·") for line in many)
    assert "no measure for district 0区, 1区, 2区, 3区, 4区, 5区, 6区, 7区, 8区, 9区 and 2 more" in many


def test_nothing_of_a_report_steers_the_terminal(said: Said, tabled: Tabled) -> None:
    """Control characters in quotes, units and names of places come out as replacement characters."""
    text = comparison(
        tabled([said("a#1", "立案\x1b[31m", 1, "件\x1b[2J", region=("\x1b[0m区",), quote="\x1b]0;x\x07")])
    )
    assert "\x1b" not in text
    assert "\x07" not in text


def test_nothing_found_is_said(tabled: Tabled) -> None:
    """An empty comparison is one sentence."""
    assert comparison(tabled([])) == "No measure answers '立案'.\n"


def test_measures_without_a_row_or_column_are_counted(said: Said, tabled: Tabled) -> None:
    """A report of unknown year has no column; the table says that something is left out."""
    unknown = said("b#1", "立案", 7, "件", year=None)
    assert "1 measures left out: no district or no year" in comparison(
        tabled([said("a#1", "立案", 129, "件"), unknown])
    )
    assert comparison(tabled([unknown])).startswith("No measure answers '立案'.\n1 measures left out")
