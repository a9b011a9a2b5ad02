"""Tables of one measure."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from searchkit.compare.axes import labelled
from searchkit.compare.choosing import Candidate
from searchkit.compare.comparison import STATUSES, Comparison, tabulate
from searchkit.model import Document, Measure
from searchkit.output.json import cell_rows, comparison_to_json

Said, Tabled = Callable[..., Measure], Callable[..., Comparison]

DONGLI, LINHAI = ("天津市", "东丽区"), ("浙江省", "台州市", "临海市")


def values(table: Comparison, row: str, col: int | str) -> list[float]:
    """The values of a cell."""
    return [reading.value for reading in table.cell(row, col).readings]


def test_each_cell_has_the_measure_of_its_row_and_column(said: Said, tabled: Tabled) -> None:
    """Districts by years, each with the measure closest to the query's indicator and the measure that states it."""
    found = [
        said("a#1", "立案", 129, "件"),
        said("b#1", "立案", 404, "件", region=LINHAI, year=2024),
        said("b#2", "办结", 397, "件", region=LINHAI, year=2024),
    ]
    table = tabled(found)
    assert (table.indicator, table.unit, table.rows, table.cols) == ("立案", "件", ("滨海新区", "临海市"), (2023, 2024))
    assert values(table, "滨海新区", 2023) == [129]
    assert table.cell("临海市", 2024).readings[0].measures == (found[1],)


def test_empty_cells_are_missing_or_silent(said: Said, tabled: Tabled) -> None:
    """Without a report a cell is missing; a report that does not say the measure is silent."""
    silent = Document("z", year=2022, region=DONGLI)
    table = tabled([said("a#1", "立案", 129, "件")], silent)
    assert [cell.status for cell in table.cells()] == ["missing", "value", "silent", "missing"]


def test_reports_that_disagree_are_a_conflict(said: Said, tabled: Tabled) -> None:
    """Two reports of one district and year that say 129 and 130: both are shown, and the cell says so."""
    cell = tabled([said("a#1", "立案处罚", 129, "件"), said("b#1", "立案", 130, "件")]).cell("滨海新区", 2023)
    assert cell.status == "conflict"
    assert sorted(reading.value for reading in cell.readings) == [129, 130]


def test_a_report_that_contradicts_itself_is_a_conflict(said: Said, tabled: Tabled) -> None:
    """One report with two values for the same indicator is flagged; two indicators are not."""
    twice = tabled([said("a#1", "现场责令整改", 297, "户"), said("a#2", "现场责令整改", 237, "户")])
    assert twice.cell("滨海新区", 2023).status == "conflict"
    once = tabled([said("a#1", "现场责令整改", 297, "户"), said("a#2", "停业整顿", 85, "户")])
    assert values(once, "滨海新区", 2023) == [297]


def test_equal_values_from_several_places_are_one(said: Said, tabled: Tabled) -> None:
    """129件 in two reports is one value with two sources; 93.72万元 and 937182元 are one as well."""
    cell = tabled([said("a#1", "立案", 129, "件"), said("b#1", "立案", 129, "件")]).cell("滨海新区", 2023)
    assert cell.status == "value"
    assert [measure.document for measure in cell.readings[0].measures] == ["a", "b"]
    rounded = said("a#1", "罚款", 93.72, "万元", base_value=937_200, base_unit="元", kind="money")
    exact = said("b#1", "罚款", 937_182, "元", kind="money")
    assert tabled([rounded, exact]).cell("滨海新区", 2023).status == "value"


def test_an_exact_value_stands_for_those_that_it_bears_out(said: Said, tabled: Tabled) -> None:
    """1300余 and 1320 agree; 1320 is shown."""
    loose = said("a#1", "培训", 1300, "人次", bound="at_least")
    table = tabled([loose, said("b#1", "培训", 1320, "人次")])
    assert values(table, "滨海新区", 2023) == [1320]


def test_plain_measures_come_before_others(said: Said, tabled: Tabled) -> None:
    """A total of the year is taken, not its part, a change of it, a plan or another year's measure."""
    others = [
        said("a#2", "立案", 300, "件", period="近三年", start=2),
        said("a#3", "立案", 200, "件", section="计划", start=3),
        said("a#4", "立案", 100, "件", part_of="a#5@5", start=4),
        said("a#5", "立案", 129, "件", start=5),
    ]
    change = said("a#1", "立案", 40, "件", change="increase", start=1)
    for place in range(1, 5):
        assert values(tabled([*others[-place:], change]), "滨海新区", 2023) == [129]


def test_a_measure_of_another_period_is_marked(said: Said, tabled: Tabled) -> None:
    """Where there is nothing else, a measure of another time is shown as one."""
    readings = tabled([said("a#1", "立案", 300, "件", period="近三年")]).cell("滨海新区", 2023).readings
    assert [(reading.value, reading.is_other_period) for reading in readings] == [(300, True)]


def test_of_several_periods_the_latest_is_shown(said: Said, tabled: Tabled) -> None:
    """从2012年的100件到2019年的150件: two times, no conflict."""
    found = [said("a#1", "立案", 100, "件", period="2012年"), said("a#1", "立案", 150, "件", period="2019年")]
    assert values(tabled(found), "滨海新区", 2023) == [150]


def test_a_mean_is_not_its_total(said: Said, tabled: Tabled) -> None:
    """人均罚款 is no 罚款, however alike the words: the report that says only the mean is silent."""
    found = [said("a#1", "罚款", 93, "元", kind="money"), said("b#1", "人均罚款", 2, "元", kind="money", year=2022)]
    assert tabled(found).cell("滨海新区", 2022).status == "silent"


def test_an_exact_measure_of_a_report_comes_before_a_loose_one(said: Said, tabled: Tabled) -> None:
    """132万人, and 600万人以上 in all these years: the exact one is shown alone."""
    found = [said("a#1", "新增就业", 6000, "人", bound="at_least"), said("a#2", "新增就业", 1186, "人")]
    assert values(tabled(found), "滨海新区", 2023) == [1186]


def test_one_table_has_one_unit(said: Said, tabled: Tabled) -> None:
    """The unit that most reports use is the table's; 起 counts what 件 counts; what is in 户 is shown as such."""
    table = tabled(
        [
            said("a#1", "立案", 129, "件"),
            said("b#1", "立案", 404, "起", region=LINHAI),
            said("c#1", "立案", 459, "户", region=DONGLI),
        ]
    )
    shown = {
        row: (reading.unit, reading.is_other_unit) for row in table.rows for reading in table.cell(row, 2023).readings
    }
    assert shown == {"滨海新区": ("件", False), "临海市": ("起", False), "东丽区": ("户", True)}


def test_a_report_with_its_indicator_in_the_unit_is_not_shown_in_another(said: Said, tabled: Tabled) -> None:
    """Another unit fills a cell only where the table's unit does not."""
    table = tabled(
        [said("a#1", "立案", 129, "件"), said("b#1", "立案", 404, "件", year=2022), said("a#2", "立案", 9, "户")]
    )
    assert values(table, "滨海新区", 2023) == [129]


def test_other_things_in_other_units_are_not_shown(said: Said, tabled: Tabled) -> None:
    """法制审核4件 is no value for 法制审核人员, however alike the words."""
    found = [said("a#1", "法制审核人员", 4, "人"), said("b#1", "重大法制审核", 4, "件", year=2022)]
    assert tabled(found).cell("滨海新区", 2022).status == "silent"


def test_changes_are_compared_when_they_are_asked_for(said: Said, tabled: Tabled) -> None:
    """When what answers best is a change, the table is of changes; else it is not, though more reports say one."""
    total = said("a#1", "信访件", 915, "件")
    changes = [said(f"{name}#1", "信访件 同比增长", 3.5, "%", change="increase", kind="percent") for name in "abc"]
    assert (tabled([*changes, total]).unit, tabled([total, *changes]).unit) == ("%", "件")


def test_amounts_are_on_one_scale(said: Said, tabled: Tabled) -> None:
    """元 and 万元 are shown in the one that most are written in, with base values kept."""
    table = tabled(
        [
            said("a#1", "罚款", 93.7182, "万元", base_value=937_182, base_unit="元", kind="money"),
            said("b#1", "罚款", 112.05, "万元", base_value=1_120_500, base_unit="元", kind="money", year=2022),
            said("c#1", "罚款", 856_090, "元", kind="money", year=2021),
        ]
    )
    assert table.unit == "万元"
    assert [values(table, "滨海新区", year) for year in (2021, 2022, 2023)] == [[85.609], [112.05], [93.7182]]
    assert table.cell("滨海新区", 2021).readings[0].first.base_value == 856_090


def test_there_being_none_is_a_value(said: Said, tabled: Tabled) -> None:
    """无败诉案件 is 0 beside 2件, though it has no unit."""
    table = tabled(
        [said("a#1", "败诉案件", 2, "件"), said("b#1", "败诉案件", 0, None, zero=True, year=2022)],
    )
    assert values(table, "滨海新区", 2022) == [0]
    assert table.cell("滨海新区", 2022).readings[0].unit == "件"


def test_most_reports_decide_not_most_measures(said: Said, tabled: Tabled) -> None:
    """A report that repeats its indicator has one vote for it."""
    loud = [said("a#1", "立案 医疗", n, "户", start=n) for n in range(1, 9)]
    quiet = [said(f"{name}#1", "立案", 5, "件", year=year) for name, year in (("b", 2021), ("c", 2022))]
    assert tabled([*loud, *quiet]).unit == "件"


def test_what_answers_badly_does_not_decide(said: Said) -> None:
    """Measures that merely stand in paragraphs that match are outvoted by a few that answer."""
    documents = [Document(f"{n}", year=2000 + n, region=DONGLI) for n in range(80)]
    good = [Candidate(said("0#1", "立案", 12, "件", year=2000, region=DONGLI), 1.0)]
    bad = [Candidate(said(f"{n}#1", "出动人员", 90, "人次", year=2000 + n, region=DONGLI), 0.2) for n in range(80)]
    table = tabulate("立案", [*good, *bad], documents)
    assert (table.indicator, table.unit) == ("立案", "件")


@pytest.mark.parametrize(
    ("rows", "cols", "row", "col"),
    [
        ("agency", "year", "司法局", 2023),
        ("year", "district", 2023, "滨海新区"),
        ("topic", "doctype", "行政执法", "政府工作报告"),
        ("section", "document", "成效", "a"),
        ("cluster", "agency", "京津冀", "司法局"),
    ],
)
def test_any_two_facets_make_a_table(said: Said, tabled: Tabled, rows: str, cols: str, row: str, col: str) -> None:
    """Rows and columns are by any facet: of documents, of paragraphs, or the user's own."""
    one = said(
        "a#1", "立案", 129, "件", agency="司法局", doctype="政府工作报告", topics=("行政执法",), section="成效",
        facets={"cluster": "京津冀"},
    )  # fmt: skip
    table = tabled([one], rows=rows, cols=cols)
    assert [(cell.row, cell.col, cell.status) for cell in table.cells()] == [(row, col, "value")]


def test_a_topic_that_a_report_does_not_touch_is_silent(said: Said, tabled: Tabled) -> None:
    """By topic, a cell is silent when there is a report of its column at all."""
    found = [
        said("a#1", "立案", 129, "件", topics=("行政执法",)),
        said("b#1", "立案", 12, "件", topics=("普法宣传",), year=2022),
    ]
    table = tabled(found, rows="topic")
    assert table.cell("行政执法", 2022).status == table.cell("普法宣传", 2023).status == "silent"


def test_years_ascend_and_districts_stay_together() -> None:
    """Years are in order; districts in the order of the documents, those of one province together, the whole first."""
    assert list(labelled("year", [2023, 2021, 2022]).values()) == [2021, 2022, 2023]
    regions = [("浙江省", "台州市", "临海市"), ("天津市", "滨海新区"), ("浙江省", "杭州市"), ("天津市",)]
    assert list(labelled("district", regions).values()) == ["临海市", "杭州市", "天津市", "滨海新区"]
    assert list(labelled("section", ["计划", "成效"]).values()) == ["成效", "计划"]


def test_districts_of_one_name_are_told_apart() -> None:
    """There are several 鼓楼区: each has its own row, under its path."""
    regions = [("福建省", "福州市", "鼓楼区"), ("江苏省", "南京市", "鼓楼区"), ("天津市", "滨海新区")]
    assert list(labelled("district", regions).values()) == ["福建省/福州市/鼓楼区", "江苏省/南京市/鼓楼区", "滨海新区"]


def test_nothing_found_is_an_empty_table(tabled: Tabled) -> None:
    """Without candidates there is no indicator, and every cell is empty."""
    table = tabled([], Document("a", year=2023, region=DONGLI))
    assert table.indicator is None
    assert [cell.status for cell in table.cells()] == ["silent"]


def test_records_and_json_say_what_the_cells_say(said: Said, tabled: Tabled) -> None:
    """A record for each value and each empty cell; in JSON each cell has its first value, and all in `readings`."""
    found = [said("a#1", "立案", 129, "件"), said("b#1", "立案", 130, "件"), said("c#1", "立案", 7, "件", year=2022)]
    table = tabled(found, Document("z", region=DONGLI, year=2022))
    records = [(r["row"], r["col"], r["value"], r["unit"], r["status"], r["id"]) for r in cell_rows(table)]
    assert records == [
        ("滨海新区", 2022, 7, "件", "value", found[2].id),
        ("滨海新区", 2023, 129, "件", "conflict", found[0].id),
        ("滨海新区", 2023, 130, "件", "conflict", found[1].id),
        ("东丽区", 2022, None, None, "silent", None),
        ("东丽区", 2023, None, None, "missing", None),
    ]
    data = comparison_to_json(table)
    assert data["rows"] == {"facet": "district", "values": ["滨海新区", "东丽区"]}
    cells = {(cell["row"], cell["col"]): cell for cell in data["cells"]}  # type: ignore[attr-defined]
    assert cells["滨海新区", 2023]["quote"] == "立案129件"
    assert [reading["base_value"] for reading in cells["滨海新区", 2023]["readings"]] == [129, 130]
    assert cells["东丽区", 2023]["readings"] == []


@settings(max_examples=60)
@given(st.data())
def test_tables_keep_their_promises_on_any_measures(said: Said, tabled: Tabled, data: st.DataObject) -> None:
    """Every value shown comes from a measure of its row and column; conflicts differ; all cells are there."""
    draw = data.draw
    found = []
    for n in range(draw(st.integers(0, 12))):
        document = draw(st.sampled_from("abcd"))
        own = {"year": 2020 + ord(document) % 3, "region": draw(st.sampled_from([DONGLI, LINHAI, ("天津市",)]))}
        indicator = draw(st.sampled_from(["立案", "立案处罚", "处罚", "监督检查", "罚款"]))
        unit = draw(st.sampled_from(["件", "起", "户", None]))
        found.append(said(f"{document}#{n}", indicator, draw(st.integers(0, 5)), unit, zero=unit is None, **own))
    table = tabled(found)
    assert [(cell.row, cell.col) for cell in table.cells()] == [(row, col) for row in table.rows for col in table.cols]
    assert (table.indicator is None) == (not found)
    for cell in table.cells():
        for reading in cell.readings:
            assert {(item.district, item.year) for item in reading.measures} == {(cell.row, cell.col)}
            assert reading.value == reading.first.base_value
        assert len({reading.value for reading in cell.readings}) == len(cell.readings)
        assert cell.status in (STATUSES[2:], STATUSES[:1], STATUSES[1:2])[min(len(cell.readings), 2)]
