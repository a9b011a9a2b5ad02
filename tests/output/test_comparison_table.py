"""Comparisons as text tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wcwidth import wcswidth

from searchkit.compare.filling import Wanted
from searchkit.compare.table import Comparison
from searchkit.model import Document, Measure
from searchkit.output.answers.rows import comparison_rows
from searchkit.output.cells import CELL_MARKS, cell_text
from searchkit.output.comparison import (
    MAX_BAR_LENGTH,
    MAX_EMPTY_LABELS,
    MAX_FOOTNOTES,
    MAX_NAMED_LABELS,
    comparison_text,
)

MakeMeasure, MakeTable = Callable[..., Measure], Callable[..., Comparison]
DONGLI = ("天津市", "东丽区")


def test_a_table_is_aligned_and_has_footnotes(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """Columns with Chinese and with digits are aligned. Each value has a footnote with its id and its quote."""
    measures = [make_measure("a#1", "立案", 129, "件"), make_measure("b#1", "立案", 7, "件", year=2022, region=DONGLI)]
    lines = comparison_text(make_table(measures)).splitlines()
    assert lines[0] == "立案 (件)"
    assert len({wcswidth(line.rpartition("  ")[0]) for line in lines[4:6]}) == 1
    assert lines[4].split() == ["滨海新区", "—", "129", "[1]"]
    assert lines[5].split() == ["东丽区", "7", "[2]", "—"]
    assert lines[-2:] == [f"[1] {measures[0].id}  立案129件", f"[2] {measures[1].id}  立案7件"]


def test_marks_are_explained_where_they_occur(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """The legend explains all marks in a table that has all of them, and none in a table without marks."""
    in_dongli: dict[str, Any] = {"region": DONGLI}
    measures = [
        make_measure("a#1", "责令整改", 129, "件", agency="司法局"),
        make_measure("b#1", "责令整改", 130, "件", agency="司法局"),
        make_measure("b#2", "责令整改", 900, "件", agency="司法局", start=700),
        make_measure("c#1", "责令整改", 50, "件", bound="at_least", year=2022),
        make_measure("d#1", "责令整改", 60, "件", bound="approx", year=2021),
        make_measure("e#1", "责令整改", 70, "件", bound="at_most", year=2020),
        make_measure("f#1", "责令整改", 9, "户", **in_dongli),
        make_measure("g#1", "责令整改", 8, "件", year=2022, status="target", **in_dongli),
        make_measure("h#1", "责令整改", 7, "件", year=2021, of_year=2021, since=2019, **in_dongli),
        make_measure("i#1", "责令整改", 6, "件", year=2020, part="01-06", **in_dongli),
        make_measure("j#1", "责令整改书", 5, "件", year=2019, **in_dongli),
        make_measure("d#2", "责令整改", 40, "件", year=2021, of_year=2019),
        make_measure("d#3", "责令整改", 30, "件", year=2021, of_year=2018, status="before", period="2018年"),
        make_measure("c#2", "责令整改", 90, "件", year=2022, of_year=2020),
        make_measure("k#1", "责令整改", 1, "件", agency="公安局", year=2018, **in_dongli),
        make_measure("l#1", "责令整改", 2, "件", agency="司法局", year=2018, **in_dongli),
    ]
    silent = [Document("z", region=("北京市",), year=2022), Document("y", region=measures[0].region, year=2018)]
    text = comparison_text(make_table(measures, *silent))
    for cell in ("129+ [6] ≠ 130 [7]", "≥50 [5]", "约60 [4]", "≤70* [3]", "9 户† ["):
        assert cell in text
    for cell in ("目标8 [", "累计7 [", "部分6 [", "近似5 [", "40‡ [", "30§ [", "※2 ["):
        assert cell in text
    legend = next(line for line in text.splitlines() if line.startswith("— "))
    assert all(f"{mark} {meaning}" in legend for mark, meaning in CELL_MARKS.values())
    without_marks = comparison_text(make_table(measures[:1]))
    assert not any(meaning in without_marks for _, meaning in CELL_MARKS.values())


def test_a_table_is_fitted_to_a_width(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """With a width, only the latest years that fit are shown, each value with a footnote, and no line is wider.

    Without a width, all years are shown.
    """
    measures = [make_measure(f"{year}#1", "立案", year, "件", year=year) for year in range(1990, 2024)]
    about = make_measure("x#1", "立案", 2024, "件", year=2024, bound="approx")
    text = comparison_text(make_table([*measures, about]), width=60)
    lines = text.splitlines()
    assert max(map(wcswidth, lines)) <= 60
    assert lines[2].split()[-1] == "2024"
    assert "columns do not fit (1990 to " in text
    shown = lines[2].split()[1:]
    assert 1 < len(shown) <= MAX_FOOTNOTES
    assert text.count("#1@") == len(shown)
    wide = comparison_text(make_table([*measures, about]))
    assert (wide.count("#1@"), "do not fit" in wide) == (35, False)


def test_bars_are_left_out_if_they_do_not_fit(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """In a terminal of 40 columns, one column of values and the bars are too wide."""
    table = make_table([make_measure("a#1", "立案", 3, "件", year=2023)])
    assert "█" in comparison_text(table, bars=True, width=60)
    assert comparison_text(table, bars=True, width=40) == comparison_text(table, width=40)


def test_a_row_with_values_only_in_early_years_is_not_empty(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """A row whose values are in columns that do not fit is counted, not listed among the rows without a measure."""
    measures = [make_measure(f"{year}#1", "立案", year, "件", year=year) for year in range(1990, 2024)]
    early = make_measure("x#1", "立案", 7, "件", year=1990, region=DONGLI)
    table = make_table([*measures, early], Document("y", region=("天津市", "河西区"), year=1990))
    lines = comparison_text(table, width=60).splitlines()
    assert "no measure for district 河西区" in lines
    assert "1 row has values only in columns that do not fit; --wide shows all." in lines
    assert not any("东丽区" in line for line in lines)
    assert "do not fit" not in comparison_text(table)


def test_a_value_has_its_year_unless_columns_are_years(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """In a table of districts and bodies, the year of a value follows it."""
    measures = [
        make_measure("a#1", "立案", 129, "件", year=2023, agency="司法局"),
        make_measure("b#1", "立案", 7, "件", year=2022, agency="司法局", region=DONGLI),
    ]
    table = make_table(measures, cols="agency")
    assert [cell_text(cell, "件") for cell in table.cells()] == ["129 (2023)", "7 (2022)"]
    assert [row.text.split(" |")[0] for row in comparison_rows(table)] == [
        "滨海新区 · 司法局: 129件 (2023)",
        "东丽区 · 司法局: 7件 (2022)",
    ]
    assert '<td style="text-align:left">7 (2022)</td>' in table._repr_html_()
    assert [cell_text(cell, "件") for cell in make_table(measures).cells()] == ["—", "129", "7", "—"]


def test_a_fitted_table_has_few_footnotes(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """With a width, a table of more than `MAX_FOOTNOTES` values has footnotes only for values with a mark.

    Without a width, each value has one.
    """
    measures = [
        make_measure(f"{n}#1", "立案", n, "件", region=(f"{n}区",), part="01-06" if n == 7 else None)
        for n in range(MAX_FOOTNOTES + 1)
    ]
    table = make_table(measures)
    assert [line for line in comparison_text(table, width=60).splitlines() if "#1@" in line] == [
        f"[1] {measures[7].id}  立案7件"
    ]
    assert comparison_text(table).count("#1@") == MAX_FOOTNOTES + 1


def test_explanations_are_wrapped(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """Lines break between the explanations of two marks, and between the names of two districts."""
    measures = [
        make_measure("a#1", "立案", 129, "件", bound="approx"),
        make_measure("b#1", "立案", 8, "件", status="target", region=DONGLI),
        make_measure("c#1", "立案", 8, "户", region=("天津市", "河西区")),
    ]
    silent = [Document(f"z{n}", year=2023, region=("天津市", f"第{n}个很长名字的区")) for n in range(12)]
    lines = comparison_text(make_table(measures, *silent), width=50).splitlines()
    assert sum(line.startswith(("目标 ", "约 ", "† ")) for line in lines) >= 2
    names = lines[next(n for n, line in enumerate(lines) if line.startswith("no measure for")) :]
    assert names[0].endswith(",")
    assert all(wcswidth(line) <= 50 for line in names)
    assert " and 2 more" in "".join(names)


def test_a_footnote_has_the_value_that_is_compared_with(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """With `against`, the footnote of a value adds the compared value, its status and its id.

    In a cell that has only the compared value, the footnote is that of this value, and adds nothing.
    """
    measures = [
        make_measure("a#1", "立案", 129, "件"),
        make_measure("b#1", "立案", 120, "件", status="target"),
        make_measure("c#1", "立案", 140, "件", status="target", year=2024),
    ]
    text = comparison_text(make_table(measures, wanted=Wanted(against=("target",))))
    assert f"立案129件; 目标 120 ({measures[1].id})\n" in text
    assert text.endswith("立案140件\n")
    reverse = comparison_text(make_table(measures, wanted=Wanted(("target",), ("actual",))))
    assert f"立案120件; actual 129 ({measures[0].id})\n" in reverse


def test_sources_that_agree_share_a_footnote(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """Two reports with the same value have one footnote with two ids."""
    measures = [make_measure("a#1", "立案", 129, "件"), make_measure("b#1", "立案", 129, "件")]
    assert f"[1] {measures[0].id}, {measures[1].id}  立案129件" in comparison_text(make_table(measures))


def test_bars_are_in_proportion(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """The largest value of the last column has the longest bar; half of that value has half the length."""
    measures = [make_measure("a#1", "立案", 100, "件"), make_measure("b#1", "立案", 50, "件", region=DONGLI)]
    lines = comparison_text(make_table(measures), bars=True).splitlines()
    assert [line.count("█") for line in lines[4:6]] == [MAX_BAR_LENGTH, MAX_BAR_LENGTH // 2]
    assert "█" not in comparison_text(make_table(measures))


def test_many_rows_without_a_measure_are_named_below(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """A few districts without a measure have rows. If there are many, a line names ten, and counts the others."""

    def lines(count: int) -> list[str]:
        silent = [Document(f"z{n:02}", year=2023, region=("天津市", f"{n}区")) for n in range(count)]
        return comparison_text(make_table([make_measure("a#1", "立案", 129, "件")], *silent)).splitlines()

    assert sum(line.endswith("·") for line in lines(MAX_EMPTY_LABELS)) == MAX_EMPTY_LABELS
    many = lines(MAX_NAMED_LABELS + 2)
    assert not any(line.endswith("·") for line in many)
    assert "no measure for district 0区, 1区, 2区, 3区, 4区, 5区, 6区, 7区, 8区, 9区 and 2 more" in many


def test_control_characters_are_replaced(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """No control character of an indicator, a quote, a unit or the name of a place is in the text."""
    text = comparison_text(
        make_table([make_measure("a#1", "立案\x1b[31m", 1, "件\x1b[2J", region=("\x1b[0m区",), quote="\x1b]0;x\x07")])
    )
    assert "\x1b" not in text
    assert "\x07" not in text


def test_an_empty_comparison(make_table: MakeTable) -> None:
    """If no measure answers the query, the text is one sentence."""
    assert comparison_text(make_table([])) == "No measure answers '立案'.\n"


def test_measures_without_a_row_or_column_are_counted(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """A measure of unknown year has no column. A line has the number of such measures."""
    unknown = make_measure("b#1", "立案", 7, "件", year=None)
    assert "1 measures left out: no district or no of_year" in comparison_text(
        make_table([make_measure("a#1", "立案", 129, "件"), unknown])
    )
    assert comparison_text(make_table([unknown])).startswith("No measure answers '立案'.\n1 measures left out")
