"""Comparison tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.compare.axes import label_keys
from searchkit.compare.comparison import build_table
from searchkit.compare.filling import Wanted
from searchkit.compare.table import Comparison
from searchkit.indexing.namelists import read_name_lists
from searchkit.model import Document, Measure
from searchkit.output.json import comparison_records, comparison_to_json
from searchkit.query.facets import Filter
from searchkit.query.naming import IndicatorNames
from searchkit.search.choosing import RankedMeasure, choose_indicator

MakeMeasure, MakeTable = Callable[..., Measure], Callable[..., Comparison]
NAMES = IndicatorNames(read_name_lists())

DONGLI, LINHAI = ("天津市", "东丽区"), ("浙江省", "台州市", "临海市")


def cell_values(table: Comparison, row: str, col: int | str) -> list[float]:
    """Return the values of a cell."""
    return [item.value for item in table.cell(row, col).values]


def test_each_cell_has_the_measure_of_its_row_and_column(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """A cell has the value whose indicator is most similar to that of the table, and the measure that states it."""
    measures = [
        make_measure("a#1", "立案", 129, "件"),
        make_measure("b#1", "立案", 404, "件", region=LINHAI, year=2024),
        make_measure("b#2", "办结", 397, "件", region=LINHAI, year=2024),
    ]
    table = make_table(measures)
    assert (table.indicator, table.unit, table.rows, table.cols) == ("立案", "件", ("滨海新区", "临海市"), (2023, 2024))
    assert cell_values(table, "滨海新区", 2023) == [129]
    assert table.cell("临海市", 2024).values[0].measures == (measures[1],)


def test_empty_cells_are_missing_or_silent(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """An empty cell is silent if there is a report for it, otherwise missing."""
    silent = Document("z", year=2022, region=DONGLI)
    table = make_table([make_measure("a#1", "立案", 129, "件")], silent)
    assert [cell.state for cell in table.cells()] == ["missing", "value", "silent", "missing"]


def test_different_values_in_two_reports_are_a_conflict(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """If two reports of one district and year state 129 and 130, the cell has both values."""
    cell = make_table([make_measure("a#1", "立案处罚", 129, "件"), make_measure("b#1", "立案", 130, "件")]).cell(
        "滨海新区", 2023
    )
    assert cell.state == "conflict"
    assert sorted(item.value for item in cell.values) == [129, 130]


def test_different_values_in_one_report_are_a_conflict(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """Two values of one indicator in a report are a conflict. Values of two indicators are not."""
    twice = make_table([make_measure("a#1", "现场责令整改", 297, "户"), make_measure("a#2", "现场责令整改", 237, "户")])
    assert twice.cell("滨海新区", 2023).state == "conflict"
    once = make_table([make_measure("a#1", "现场责令整改", 297, "户"), make_measure("a#2", "停业整顿", 85, "户")])
    assert cell_values(once, "滨海新区", 2023) == [297]


def test_equal_values_are_one_value(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """129件 in two reports is one value with two measures. 93.72万元 and 937182元 are also one value."""
    cell = make_table([make_measure("a#1", "立案", 129, "件"), make_measure("b#1", "立案", 129, "件")]).cell(
        "滨海新区", 2023
    )
    assert cell.state == "value"
    assert [measure.document for measure in cell.values[0].measures] == ["a", "b"]
    rounded = make_measure("a#1", "罚款", 93.72, "万元", base_value=937_200, base_unit="元", kind="money")
    exact = make_measure("b#1", "罚款", 937_182, "元", kind="money")
    assert make_table([rounded, exact]).cell("滨海新区", 2023).state == "value"


def test_an_exact_value_is_shown_instead_of_an_inexact_one(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """1300余 and 1320 agree and are one value, of which 1320 is shown."""
    inexact = make_measure("a#1", "培训", 1300, "人次", bound="at_least")
    table = make_table([inexact, make_measure("b#1", "培训", 1320, "人次")])
    assert cell_values(table, "滨海新区", 2023) == [1320]


def test_an_exact_total_of_one_year_is_preferred(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """An exact total of one year is preferred to all other measures of its cell.

    The other measures are a total of several years, a target, a part of a total, a value of a part of the year, and a
    change.
    """
    others = [
        make_measure("a#2", "立案", 300, "件", of_year=2023, since=2021, start=2),
        make_measure("a#3", "立案", 200, "件", status="target", start=3),
        make_measure("a#4", "立案", 100, "件", part_of="a#5@5", start=4),
        make_measure("a#6", "立案", 60, "件", of_year=2023, part="01-06", start=6),
        make_measure("a#5", "立案", 129, "件", start=5),
    ]
    change = make_measure("a#1", "立案", 40, "件", change="increase", start=1)
    for count in range(1, 6):
        assert cell_values(make_table([*others[-count:], change]), "滨海新区", 2023) == [129]


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"since": 2021, "of_year": 2023}, "cumulative_only"),
        ({"part": "01-06"}, "part_only"),
        ({"status": "target"}, "target_only"),
        ({"unit": "户", "base_unit": "户"}, "other_unit"),
        ({"indicator": "责令整改书"}, "near"),
    ],
)
def test_the_state_says_why_a_measure_is_no_value(
    make_measure: MakeMeasure, make_table: MakeTable, fields: dict[str, Any], state: str
) -> None:
    """If a cell has only a measure that does not fit, its state says why. It is in `values`, but `value` is None."""
    named = {"indicator": "责令整改", "unit": "件", **fields}
    measure = make_measure("b#1", named.pop("indicator"), 9, named.pop("unit"), region=DONGLI, **named)
    measures = [make_measure(f"a{n}#1", "责令整改", 129, "件", year=2020 + n) for n in range(4)]
    cell = make_table([*measures, measure]).cell("东丽区", 2023)
    assert (cell.state, [item.value for item in cell.values], cell.value) == (state, [9], None)


def test_later_reports_revise_and_other_reports_fill(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """The value is from the report on the year, and the values of later reports are in `revised`.

    If the report on the year states no value, the next later report that states one gives the value. If no report
    states one, the value before a change is taken, provided that its period names the year.
    """
    own = make_measure("a#1", "立案", 129, "件", year=2022)
    later = make_measure("b#1", "立案", 131, "件", year=2023, of_year=2022)
    same = make_measure("c#1", "立案", 131, "件", year=2024, of_year=2022)
    before = make_measure("b#2", "立案", 120, "件", year=2023, of_year=2021, status="before", period="2021年")
    unstated = make_measure("b#2", "立案", 120, "件", year=2023, of_year=2021, status="before")
    silent = Document("d", year=2021, region=own.region)
    table = make_table([own, later, same, before], silent)
    cell = table.cell("滨海新区", 2022)
    assert ([item.value for item in cell.values], [item.value for item in cell.revised]) == ([129], [131, 131])
    assert [(item.value, item.origin) for item in table.cell("滨海新区", 2021).values] == [(120, "before")]
    (filled,) = make_table([later, same], Document("a", year=2022, region=own.region)).cell("滨海新区", 2022).values
    assert (filled.first, filled.origin) == (later, "other_report")
    assert make_table([own, unstated], silent).cell("滨海新区", 2021).state == "silent"


def test_values_far_apart_are_not_a_conflict(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """If a report has two very different values, the first counts. The other, often a part of it, is in `others`.

    A value within a bound (900 after 突破800) is not another value.
    """
    measures = [make_measure("a#1", "立案", 900, "件", start=1), make_measure("a#2", "立案", 129, "件", start=1)]
    cell = make_table(measures).cell("滨海新区", 2023)
    assert (cell.state, [item.value for item in cell.values]) == ("value", [900])
    assert [item.value for item in cell.others] == [129]
    passed = make_measure("a#1", "立案", 800, "件", quote="立案突破800件", start=1)
    assert make_table([passed, make_measure("a#2", "立案", 900, "件")]).cell("滨海新区", 2023).others == ()


def test_the_years_around_tell_totals_from_values(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """If the years around have values of about 100, 五年立案500件 is a total of years, although its time is one year.

    A measure of several years that is about as large as the values of the years around it is a value of its year. A
    yearly mean (年均) is not.
    """
    years = [make_measure(f"{n}#1", "立案", 100 + n, "件", year=2018 + n) for n in range(4)]
    total = make_measure("x#1", "立案", 500, "件", year=2022, quote="五年立案500件")
    assert make_table([*years, total]).cell("滨海新区", 2022).state == "cumulative_only"
    single = make_measure("x#2", "立案", 104, "件", year=2022, of_year=2022, since=2018)
    assert cell_values(make_table([*years, single]), "滨海新区", 2022) == [104]
    assert cell_values(
        make_table([*years, total, make_measure("x#2", "立案", 104, "件", year=2022)]), "滨海新区", 2022
    ) == [104]
    mean = make_measure("x#2", "立案", 104, "件", year=2022, quote="年均立案104件")
    assert make_table([*years, mean]).cell("滨海新区", 2022).state == "cumulative_only"


def test_several_places_or_bodies_have_no_common_value(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """A cell of two districts or two bodies lists their values. If the province states a value, it is the only one."""
    measures = [
        make_measure("a#1", "立案", 129, "件", agency="司法局"),
        make_measure("b#1", "立案", 130, "件", agency="司法局", region=DONGLI),
    ]
    for table in (make_table(measures, rows="agency"), make_table(measures, rows="district:1")):
        (cell,) = table.cells()
        assert (cell.state, cell.value) == ("several", None)
        assert sorted(cell.sources.values()) == ["东丽区 司法局", "滨海新区 司法局"]
    city = make_measure("c#1", "立案", 900, "件", agency="司法局", region=("天津市",))
    assert cell_values(make_table([*measures, city], rows="district:1"), "天津市", 2023) == [900]
    (transposed,) = make_table([*measures, city], rows="of_year", cols="district:1").cells()
    assert [item.value for item in transposed.values] == [900]
    bodies = [measures[0], make_measure("c#1", "立案", 7, "件", agency="公安局")]
    assert make_table(bodies).cell("滨海新区", 2023).state == "several"


def test_a_cell_of_several_places_lists_all_values(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """Two values of one place and body have one entry in `sources`. Places of the same name have their path."""
    drum_towers = [("江苏省", "南京市", "鼓楼区"), ("河南省", "开封市", "鼓楼区")]
    measures = [
        make_measure(f"{name}#1", "立案", value, "件", agency="司法局", region=region)
        for name, value, region in zip("abc", (100, 110, 200), (drum_towers[0], *drum_towers), strict=True)
    ]
    (cell,) = make_table(measures, rows="agency").cells()
    assert (cell.state, [value.value for value in cell.values]) == ("several", [100, 110, 200])
    assert [*cell.sources.values()] == ["江苏省/南京市/鼓楼区 司法局", "河南省/开封市/鼓楼区 司法局"]


def test_targets_fill_cells_or_stand_beside_values(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """If targets are wanted, a year that has only a target is a column.

    With `against`, a cell has its target and the ratio of its value to the target.
    """
    measures = [
        make_measure("a#1", "立案", 120, "件", year=2023),
        make_measure("b#1", "立案", 100, "件", year=2022, of_year=2023, status="target"),
        make_measure("a#2", "立案", 150, "件", year=2023, of_year=2024, status="target"),
    ]
    assert make_table(measures).cols == (2022, 2023)
    silent = Document("z", year=2024, region=DONGLI)  # it reports on 2024 and plans 2025
    assert [cell.state for cell in make_table(measures, silent, wanted=Wanted(("target",))).cells()][-3:] == [
        "missing",
        "missing",
        "silent",
    ]
    planned = make_table(measures, wanted=Wanted(("target",)))
    assert [cell_values(planned, "滨海新区", year) for year in (2023, 2024)] == [[100], [150]]
    either = make_table(measures, wanted=Wanted(("actual", "target")))
    assert [cell_values(either, "滨海新区", year) for year in (2023, 2024)] == [[120], [150]]
    beside = make_table(measures, wanted=Wanted(against=("target",)))
    cell = beside.cell("滨海新区", 2023)
    assert (cell.target and cell.target.value, cell.ratio) == (100, 1.2)
    assert (beside.cell("滨海新区", 2024).state, beside.cell("滨海新区", 2024).ratio) == ("target_only", None)


def test_a_mean_is_not_a_total(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """人均罚款 is not 罚款. The cell of a report that states only the mean is silent."""
    measures = [
        make_measure("a#1", "罚款", 93, "元", kind="money"),
        make_measure("b#1", "人均罚款", 2, "元", kind="money", year=2022),
    ]
    assert make_table(measures).cell("滨海新区", 2022).state == "silent"


def test_an_exact_measure_is_preferred_to_an_inexact_one(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """If a report states 6000人以上 and, elsewhere, 1186人, only the exact value is shown."""
    measures = [
        make_measure("a#1", "新增就业", 6000, "人", bound="at_least"),
        make_measure("a#2", "新增就业", 1186, "人"),
    ]
    assert cell_values(make_table(measures), "滨海新区", 2023) == [1186]


def test_one_table_has_one_unit(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """The table has the most frequent unit. 起 is in the family of 件. A value in 户 is marked."""
    table = make_table(
        [
            make_measure("a#1", "立案", 129, "件"),
            make_measure("b#1", "立案", 404, "起", region=LINHAI),
            make_measure("c#1", "立案", 459, "户", region=DONGLI),
        ]
    )
    shown = {row: (item.unit, item.has_other_unit) for row in table.rows for item in table.cell(row, 2023).values}
    assert shown == {"滨海新区": ("件", False), "临海市": ("起", False), "东丽区": ("户", True)}


def test_a_scale_without_a_unit_is_kept(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """1.68万亿 is not shown as 1680000000000元 in a table in 万亿元. A table of numbers such as 107万 is in 万."""
    gdp = [
        make_measure("a#1", "地区生产总值", 7.6, "万亿元", base_value=7.6e12, base_unit="元"),
        make_measure("b#1", "地区生产总值", 9.2, "万亿元", base_value=9.2e12, base_unit="元", region=LINHAI),
        make_measure("c#1", "地区生产总值", 1.68, "万亿", base_value=1.68e12, base_unit=None, region=DONGLI),
    ]
    (value,) = make_table(gdp).cell("东丽区", 2023).values
    assert (value.value, value.unit, value.has_other_unit) == (1.68, "万亿", True)
    table = make_table([make_measure("a#1", "贫困人口", 107, "万", base_value=1_070_000, base_unit=None)])
    assert (table.unit, cell_values(table, "滨海新区", 2023)) == ("万", [107])


def test_the_unit_of_the_table_is_preferred(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """A measure in another unit is shown only if the cell has none in the unit of the table."""
    table = make_table(
        [
            make_measure("a#1", "立案", 129, "件"),
            make_measure("b#1", "立案", 404, "件", year=2022),
            make_measure("a#2", "立案", 9, "户"),
        ]
    )
    assert cell_values(table, "滨海新区", 2023) == [129]


def test_another_indicator_in_another_unit_is_not_shown(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """法制审核4件 is not a value of 法制审核人员, although the indicators are similar."""
    measures = [make_measure("a#1", "法制审核人员", 4, "人"), make_measure("b#1", "重大法制审核", 4, "件", year=2022)]
    assert make_table(measures).cell("滨海新区", 2022).state == "silent"


def test_a_table_is_of_changes_if_the_best_measure_is_one(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """A table is of changes only if the best measure is a change, even if more reports state a change."""
    total = make_measure("a#1", "信访件", 915, "件")
    changes = [
        make_measure(f"{name}#1", "信访件 同比增长", 3.5, "%", change="increase", kind="percent") for name in "abc"
    ]
    assert (make_table([*changes, total]).unit, make_table([total, *changes]).unit) == ("%", "件")


def test_increases_and_decreases_are_one_table_with_signs(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """增长3.9% and 下降2.5%以上 are 3.9 and at most -2.5 in a table named 投资 增长, also in JSON.

    A decrease that is printed with a minus, such as -5.2 in a column of growth, stays -5.2.
    """
    fields = {"kind": "percent"}
    down = make_measure("a#1", "投资 下降", 2.5, "%", year=2023, change="decrease", bound="at_least", **fields)
    up = make_measure("b#1", "投资 同比增长", 3.9, "%", year=2022, change="increase", **fields)
    level = make_measure("b#2", "投资", 90, "%", year=2022, **fields)
    printed = make_measure("c#1", "投资 同比增长", -5.2, "%", year=2021, change="decrease", bound="at_least", **fields)
    table = make_table([down, up, level, printed])
    assert (table.indicator, table.unit) == ("投资 增长", "%")
    assert [cell_values(table, "滨海新区", year) for year in (2021, 2022, 2023)] == [[-5.2], [3.9], [-2.5]]
    assert [(cell["value"], cell["base_value"], cell["bound"]) for cell in comparison_to_json(table)["cells"]] == [  # type: ignore[index, attr-defined]
        (-5.2, -5.2, "at_least"),  # -5.2%以上
        (3.9, 3.9, "exact"),
        (-2.5, -2.5, "at_most"),  # 下降2.5%以上
    ]


def test_all_names_of_a_measure_are_one_table(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """GDP, 地区生产总值 and 全市生产总值 fill one row. A narrower name and an addition (新增) are left out."""
    names = ["GDP", "地区生产总值", "全市生产总值", "海洋生产总值", "新增地区生产总值"]
    measures = [
        make_measure(f"{n}#1", name, 100 + n, "亿元", kind="money", year=2019 + n) for n, name in enumerate(names)
    ]
    table = make_table(measures)
    assert [cell_values(table, "滨海新区", 2019 + n) for n in range(5)] == [[100], [101], [102], [], []]


def test_all_values_have_the_same_scale(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """Values in 元 and 万元 are shown in 万元, which is more frequent. The base values stay as they are."""
    table = make_table(
        [
            make_measure("a#1", "罚款", 93.7182, "万元", base_value=937_182, base_unit="元", kind="money"),
            make_measure("b#1", "罚款", 112.05, "万元", base_value=1_120_500, base_unit="元", kind="money", year=2022),
            make_measure("c#1", "罚款", 856_090, "元", kind="money", year=2021),
        ]
    )
    assert table.unit == "万元"
    assert [cell_values(table, "滨海新区", year) for year in (2021, 2022, 2023)] == [[85.609], [112.05], [93.7182]]
    assert table.cell("滨海新区", 2021).values[0].first.base_value == 856_090


def test_a_statement_of_zero_is_a_value(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """A statement of zero, such as 无败诉案件, has no unit. In a table with 2件, it is the value 0件."""
    table = make_table(
        [make_measure("a#1", "败诉案件", 2, "件"), make_measure("b#1", "败诉案件", 0, None, zero=True, year=2022)],
    )
    assert cell_values(table, "滨海新区", 2022) == [0]
    assert table.cell("滨海新区", 2022).values[0].unit == "件"


def test_reports_vote_not_measures(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """Reports vote for the indicator of a table. A report that states one eight times has one vote for it."""
    repeated = [make_measure("a#1", "立案 医疗", n, "户", start=n) for n in range(1, 9)]
    single = [make_measure(f"{name}#1", "立案", 5, "件", year=year) for name, year in (("b", 2021), ("c", 2022))]
    assert make_table([*repeated, *single]).unit == "件"


def test_measures_of_low_relevance_do_not_vote(make_measure: MakeMeasure) -> None:
    """Measures of many reports whose scores are low do not outvote one that answers the query."""
    documents = [Document(f"{n}", year=2000 + n, region=DONGLI) for n in range(80)]
    relevant = make_measure("0#1", "立案", 12, "件", year=2000, region=DONGLI)
    irrelevant = [make_measure(f"{n}#1", "出动人员", 90, "人次", year=2000 + n, region=DONGLI) for n in range(80)]
    candidates = [
        RankedMeasure(item, NAMES.name_of(item), 1.0 if item is relevant else 0.2) for item in (relevant, *irrelevant)
    ]
    table = build_table("立案", choose_indicator(candidates), candidates, documents)
    assert (table.indicator, table.unit) == ("立案", "件")


@pytest.mark.parametrize(
    ("rows", "cols", "row", "col"),
    [
        ("agency", "year", "司法局", 2023),
        ("year", "district", 2023, "滨海新区"),
        ("topic", "doctype", "行政执法", "政府工作报告"),
        ("section", "document", "成效", "a"),
        ("district", "of_year", "滨海新区", 2022),
        ("of_year", "year", 2022, 2023),
        ("cluster", "agency", "京津冀", "司法局"),
        ("district_type", "year", "县级市", 2023),
    ],
)
def test_any_two_facets_make_a_table(
    make_measure: MakeMeasure, make_table: MakeTable, rows: str, cols: str, row: str, col: str
) -> None:
    """Rows and columns can be any facets: of documents, of paragraphs, or defined by the user."""
    one = make_measure(
        "a#1", "立案", 129, "件", agency="司法局", doctype="政府工作报告", topics=("行政执法",), section="成效",
        of_year=2022, facets={"cluster": "京津冀", "district_type": "县级市"},
    )  # fmt: skip
    table = make_table([one], rows=rows, cols=cols)
    assert [(cell.row, cell.col, cell.state) for cell in table.cells()] == [(row, col, "value")]


def test_columns_by_of_year_have_the_measures_of_each_year(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """A measure is in the column of its own year or, if it has none, in that of its report."""
    measures = [
        make_measure("a#1", "立案", 129, "件", year=2023, of_year=2022),
        make_measure("a#2", "立案", 140, "件", year=2023),
    ]
    table = make_table(measures, Document("z", year=2022, region=measures[0].region), cols="of_year")
    assert table.cols == (2022, 2023)
    assert [cell_values(table, "滨海新区", year) for year in (2022, 2023)] == [[129], [140]]


def test_a_table_of_a_year_has_the_measures_of_the_year(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """If 2021 to 2022 are requested, a value of 2023 is in no cell, and a topic that only this value has is no row."""
    measures = [
        make_measure("a#1", "立案", 1, "件", topics=("普法宣传",), year=2021),
        make_measure("b#1", "立案", 2, "件", topics=("普法宣传",), year=2022),
        make_measure("c#1", "立案", 3, "件", topics=("普法宣传", "行政执法"), year=2023),
    ]
    table = make_table(measures, rows="topic", cols="district", of_years=(Filter("of_year", (), ((2021, 2022),)),))
    assert [(cell.row, [item.value for item in cell.values]) for cell in table.cells()] == [("普法宣传", [2])]


def test_topics_are_sorted_by_the_number_of_their_measures(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """Topics are sorted by their numbers of measures in all cells, not in one cell."""
    measures = [
        make_measure("a#1", "立案", 1, "件", topics=("普法宣传",), year=2021),
        make_measure("b#1", "立案", 2, "件", topics=("行政执法",), year=2021),
        make_measure("c#1", "立案", 3, "件", topics=("行政执法",), year=2022),
        make_measure("d#1", "立案", 4, "件", topics=("普法宣传",), year=2022),
        make_measure("d#2", "立案", 4, "件", topics=("行政执法",), year=2023),
    ]
    assert make_table(measures, rows="topic").rows == ("行政执法", "普法宣传")


def test_a_topic_without_a_measure_is_silent(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """With rows by topic, a cell without a measure is silent if its column has a report."""
    measures = [
        make_measure("a#1", "立案", 129, "件", topics=("行政执法",)),
        make_measure("b#1", "立案", 12, "件", topics=("普法宣传",), year=2022),
    ]
    table = make_table(measures, rows="topic")
    assert table.cell("行政执法", 2022).state == table.cell("普法宣传", 2023).state == "silent"


def test_labels_of_each_facet_have_an_order() -> None:
    """Years ascend, and sections have their fixed order.

    Districts are in document order, with those of a province adjacent and a region before its parts.
    """
    assert list(label_keys("year", [2023, 2021, 2022]).values()) == [2021, 2022, 2023]
    regions = [("浙江省", "台州市", "临海市"), ("天津市", "滨海新区"), ("浙江省", "杭州市"), ("天津市",)]
    assert list(label_keys("district", regions).values()) == ["临海市", "杭州市", "天津市", "滨海新区"]
    assert list(label_keys("section", ["计划", "成效"]).values()) == ["成效", "计划"]


def test_districts_with_the_same_name_have_different_labels() -> None:
    """Each of several 鼓楼区 has a row that is labelled with its path."""
    regions = [("福建省", "福州市", "鼓楼区"), ("江苏省", "南京市", "鼓楼区"), ("天津市", "滨海新区")]
    assert list(label_keys("district", regions).values()) == [
        "福建省/福州市/鼓楼区",
        "江苏省/南京市/鼓楼区",
        "滨海新区",
    ]


def test_a_table_without_candidates_is_empty(make_table: MakeTable) -> None:
    """A table without candidates has no indicator, and its cell is silent."""
    table = make_table([], Document("a", year=2023, region=DONGLI))
    assert table.indicator is None
    assert [cell.state for cell in table.cells()] == ["silent"]


def test_records_and_json_contain_the_cells(make_measure: MakeMeasure, make_table: MakeTable) -> None:
    """There is a record for each value and for each empty cell. In JSON, `readings` contains all values of a cell."""
    measures = [
        make_measure("a#1", "立案", 129, "件"),
        make_measure("b#1", "立案", 130, "件"),
        make_measure("c#1", "立案", 7, "件", year=2022),
    ]
    table = make_table(measures, Document("z", region=DONGLI, year=2022))
    records = [(r["row"], r["col"], r["value"], r["unit"], r["state"], r["id"]) for r in comparison_records(table)]
    assert records == [
        ("滨海新区", 2022, 7, "件", "value", measures[2].id),
        ("滨海新区", 2023, 129, "件", "conflict", measures[0].id),
        ("滨海新区", 2023, 130, "件", "conflict", measures[1].id),
        ("东丽区", 2022, None, None, "silent", None),
        ("东丽区", 2023, None, None, "missing", None),
    ]
    data = comparison_to_json(table)
    assert data["rows"] == {"facet": "district", "values": ["滨海新区", "东丽区"]}
    cells = {(cell["row"], cell["col"]): cell for cell in data["cells"]}  # type: ignore[attr-defined]
    assert cells["滨海新区", 2023]["quote"] == "立案129件"
    assert [item["base_value"] for item in cells["滨海新区", 2023]["readings"]] == [129, 130]
    assert cells["东丽区", 2023]["readings"] == []


@settings(max_examples=60)
@given(st.data())
def test_invariants_hold_for_any_measures(
    make_measure: MakeMeasure, make_table: MakeTable, data: st.DataObject
) -> None:
    """A value has measures of the row and column of its cell. The values of a cell differ. Each row has all columns.

    The number of values determines which states a cell can have.
    """
    draw = data.draw
    measures = []
    for n in range(draw(st.integers(0, 12))):
        document = draw(st.sampled_from("abcd"))
        fields = {"year": 2020 + ord(document) % 3, "region": draw(st.sampled_from([DONGLI, LINHAI, ("天津市",)]))}
        indicator = draw(st.sampled_from(["立案", "立案处罚", "处罚", "监督检查", "罚款"]))
        unit = draw(st.sampled_from(["件", "起", "户", None]))
        measures.append(
            make_measure(f"{document}#{n}", indicator, draw(st.integers(0, 5)), unit, zero=unit is None, **fields)
        )
    table = make_table(measures)
    assert [(cell.row, cell.col) for cell in table.cells()] == [(row, col) for row in table.rows for col in table.cols]
    assert (table.indicator is None) == (not measures)
    for cell in table.cells():
        for item in cell.values:
            assert {(measure.district, measure.year) for measure in item.measures} == {(cell.row, cell.col)}
            assert item.value == item.first.base_value
        assert len({item.value for item in cell.values}) == len(cell.values)
        states_by_count = (("silent", "missing"), ("value", "other_unit", "near"), ("conflict",))  # 0, 1, more values
        assert cell.state in states_by_count[min(len(cell.values), 2)]
