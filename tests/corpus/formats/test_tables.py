"""Tables from file to measures: each figure with its value, unit, row and column, and no measures from layout."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tablefiles import FORMATS, Report

from searchkit.corpus.blocks import Block, RawTable
from searchkit.corpus.formats.registry import read_bytes
from searchkit.corpus.overrides import NO_METADATA
from searchkit.corpus.reading import ParsedDocument, _FileReader
from searchkit.corpus.tables.recognition import is_data_table, recognise_tables
from searchkit.corpus.topics import Taxonomy
from searchkit.measures.extractor import Extractor
from searchkit.model import Cell, ExtractedMeasure

EXTRACTOR = Extractor.load()
TAXONOMY = Taxonomy.load(None)

TABLES = {
    "units in headers": (
        Report((("街道", "收件（件）", "罚没款/万元"), ("东风街道", "10", "1,234.5"), ("西关街道", "11", "3"))),
        [
            "东风街道 收件（件） 10 件",
            "东风街道 罚没款/万元 1234.5 万元",
            "西关街道 收件（件） 11 件",
            "西关街道 罚没款/万元 3 万元",
        ],
    ),
    "unit in a note": (
        Report((("项目", "收入", "占比"), ("税收", "80", "80%"), ("合计", "100", "100")), ("表1 收支", "单位：万元")),
        ["税收 收入 80 万元", "税收 占比 80 %", "合计 收入 100 万元", "合计 占比 100 %"],
    ),
    "unit in the caption": (
        Report((("项目", "支出"), ("培训", "12"), ("宣传", "7.5")), ("表1 经费支出（单位：万元）",)),
        ["培训 支出 12 万元", "宣传 支出 7.5 万元"],
    ),
    "units in cells": (
        Report((("指标", "数值"), ("检查", "约120户次"), ("罚款", "不少于3.5万元"), ("办结率", "98.5%"))),
        ["检查 数值 120 户次", "罚款 数值 3.5 万元", "办结率 数值 98.5 %"],
    ),
    "units in a column": (
        Report((("指标", "单位", "2022年", "2023年"), ("立案", "件", "120", "129"), ("罚没款", "万元", "12", "10"))),
        ["立案 2022年 120 件", "立案 2023年 129 件", "罚没款 2022年 12 万元", "罚没款 2023年 10 万元"],
    ),
    "values in words": (
        Report(
            (
                ("指标", "同比增长（%）"),
                ("第一产业", "3.2"),
                ("第二产业", "持平"),
                ("第三产业", "4.5"),
                ("合计", "4.0"),
            )
        ),
        ["第一产业 同比增长（%） 3.2 %", "第三产业 同比增长（%） 4.5 %", "合计 同比增长（%） 4 %"],
    ),
    "the same value in words twice": (
        Report((("指标", "上半年", "下半年"), ("培训", "3", "4"), ("水质", "达标", "达标"), ("宣传", "5", "6"))),
        ["培训 上半年 3 -", "培训 下半年 4 -", "宣传 上半年 5 -", "宣传 下半年 6 -"],
    ),
    "scores in points": (
        Report(
            (
                ("指标", "单位", "完成值", "得分"),
                ("培训", "人", "120", "9.5"),
                ("政务公开", "分", "28", "9"),
                ("依法行政（40分）", "", "38", "10"),
            )
        ),
        [
            "培训 完成值 120 人",
            "培训 得分 9.5 -",
            "政务公开 完成值 28 分",
            "政务公开 得分 9 分",
            "依法行政（40分） 完成值 38 分",
            "依法行政（40分） 得分 10 分",
        ],
    ),
    "bodies in a column": (
        Report((("序号", "单位", "立案（件）"), ("1", "司法局", "120"), ("2", "卫健委", "12"))),
        ["司法局 立案（件） 120 件", "卫健委 立案（件） 12 件"],
    ),
    "two header rows": (
        Report(
            (
                (Cell("街道", row_span=2), Cell("收件", col_span=2), Cell("办结", col_span=2)),
                ("网上", "窗口", "网上", "窗口"),
                ("东风街道", "1", "2", "3", "4"),
                ("西关街道", "5", "6", "7", "8"),
            )
        ),
        [
            "东风街道 收件/网上 1 -",
            "东风街道 收件/窗口 2 -",
            "东风街道 办结/网上 3 -",
            "东风街道 办结/窗口 4 -",
            "西关街道 收件/网上 5 -",
            "西关街道 收件/窗口 6 -",
            "西关街道 办结/网上 7 -",
            "西关街道 办结/窗口 8 -",
        ],
    ),
    "merged labels": (
        Report(
            (
                ("领域", "类别", "立案数"),
                (Cell("卫生", row_span=2), "医疗", "5"),
                ("公共场所", "4"),
                (Cell("城管", row_span=2), "占道", "7"),
                ("扬尘", "2"),
            )
        ),
        ["卫生/医疗 立案数 5 -", "卫生/公共场所 立案数 4 -", "城管/占道 立案数 7 -", "城管/扬尘 立案数 2 -"],
    ),
    "years as rows": (
        Report((("年份", "生产总值（亿元）", "人口（万人）"), ("2021", "120", "35.1"), ("2022", "131", "35.2"))),
        [
            "2021 生产总值（亿元） 120 亿元",
            "2021 人口（万人） 35.1 万人",
            "2022 生产总值（亿元） 131 亿元",
            "2022 人口（万人） 35.2 万人",
        ],
    ),
    "empty cells": (
        Report(
            (
                ("街道", "收件", "办结", "备注"),
                ("东风街道", "10", "—", ""),
                ("西关街道", "", "0", "无"),
                ("北关街道", "…", "/", ""),
            )
        ),
        ["东风街道 收件 10 -", "西关街道 办结 0 -"],
    ),
    "numbers that count nothing": (
        Report(
            (
                ("序号", "部门", "电话", "立案（件）"),
                ("1", "司法局", "88886666", "3①"),
                ("2", "卫健委", "13800001111", "4"),
            )
        ),
        ["司法局 立案（件） 3 件", "卫健委 立案（件） 4 件"],
    ),
    "signs": (
        Report((("指标", "同比增长%"), ("立案", "-5.2"), ("办结", "▲7.5"), ("罚款", "−3"))),
        ["立案 同比增长% -5.2 %", "办结 同比增长% 7.5 %", "罚款 同比增长% -3 %"],
    ),
    "notes under the table": (
        Report(
            (("街道", "收件"), ("东风街道", "10"), ("西关街道", "11")), ("执法情况统计表",), ("注：收件包括网上收件。",)
        ),
        ["东风街道 收件 10 -", "西关街道 收件 11 -"],
    ),
    "a repeated header": (
        Report((("街道", "收件"), ("东风街道", "10"), ("街道", "收件"), ("西关街道", "11"))),
        ["东风街道 收件 10 -", "西关街道 收件 11 -"],
    ),
    "prose": (
        Report(
            (
                ("问题", "措施"),
                ("不规范。不及时。", "开展自查。加强培训。"),
                ("力量不足。分布不均。", "补充人员。下沉执法。"),
            )
        ),
        [],
    ),
    "a box of facts": (
        Report(
            (("索引号", "A1/2023", "发文机关", "东风区政府"), ("成文日期", "2023-12-01", "文号", "东政〔2023〕3号"))
        ),
        [],
    ),
    "one column": (Report((("立案",), ("129",), ("130",))), []),
}
"""For each kind of table, the report, and the row, column, value and unit of each measure of it."""


def read(data: bytes, name: str) -> ParsedDocument:
    """Read the only document of a file."""
    parsed = _FileReader(name, "", read_bytes(data, name), NO_METADATA, TAXONOMY).read_all()
    (document,) = parsed.documents
    return document


def measures(document: ParsedDocument) -> list[tuple[str, ExtractedMeasure]]:
    """Return the quote of each measure, and the measure."""
    extracted = EXTRACTOR.extract(document.paragraphs, document.tables)
    return [
        (paragraph.text[measure.start : measure.end], measure)
        for paragraph, found in zip(document.paragraphs, extracted, strict=True)
        for measure in found
    ]


def describe(measure: ExtractedMeasure) -> str:
    """Return row, column, value and unit."""
    cell = measure.cell
    assert cell is not None
    return f"{'/'.join(cell.row)} {'/'.join(cell.column)} {measure.value} {measure.unit or '-'}"


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("kind", TABLES)
def test_figures_that_count_something_are_measures(kind: str, suffix: str) -> None:
    """Each figure that counts something is a measure whose quote is its cell. Nothing else in a table is."""
    report, expected = TABLES[kind]
    document = read(report.write(suffix), f"a.{suffix}")
    found = measures(document)
    assert [describe(measure) for _, measure in found] == expected
    assert len(document.tables) == bool(expected)
    texts = {cell if isinstance(cell, str) else cell.text for row in report.rows for cell in row}
    assert {quote for quote, _ in found} <= texts


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("kind", TABLES)
def test_nothing_is_lost(kind: str, suffix: str) -> None:
    """Each cell of a data table, and each caption and note, is in the text or the path of a paragraph.

    Each row of a data table is a paragraph.
    """
    report, _ = TABLES[kind]
    document = read(report.write(suffix), f"a.{suffix}")
    shown = "\n".join("\n".join((*paragraph.path, paragraph.text)) for paragraph in document.paragraphs)
    cells = [cell if isinstance(cell, str) else cell.text for row in report.rows for cell in row]
    checked = cells if document.tables else []  # cells of other tables are joined by blanks or read as metadata
    assert [text for text in checked if text not in shown] == []
    assert [text for text in (*report.before, *report.after) if text not in shown] == []
    for table in document.tables:
        rows = document.paragraphs[table.first_paragraph - 1 :][: len(table.rows)]
        assert all(" ｜ " in paragraph.text for paragraph in rows)


def parts(document: ParsedDocument) -> list[tuple[str, str | None, bool]]:
    """Return the quote of each measure, the quote of its total or None, and whether the measure itself is a total."""
    by_place = {}
    extracted = EXTRACTOR.extract(document.paragraphs, document.tables)
    for paragraph, found in zip(document.paragraphs, extracted, strict=True):
        by_place.update({(paragraph.n, m.start): paragraph.text[m.start : m.end] for m in found})
    result = []
    for paragraph, found in zip(document.paragraphs, extracted, strict=True):
        for m in found:
            assert m.cell is not None
            whole = None if m.part_of is None else by_place[m.cell.part_of_n or paragraph.n, m.part_of]
            result.append((paragraph.text[m.start : m.end], whole, m.cell.total))
    return result


def test_parts_refer_to_their_totals() -> None:
    """A cell is part of the total in its column, else in its row. Growth is part of nothing."""
    rows = (
        ("领域", "类别", "合计", "普通", "简易", "增幅"),
        (Cell("卫生", row_span=3), "医疗", "5", "3", "2", "9.1"),
        ("公共场所", "14", "8", "6", "9.2"),
        ("小计", "19", "11", "10", "9.3"),
        (Cell("合计", col_span=2), "119", "111", "110", "9.4"),
    )
    document = read(Report(rows).write("html"), "a.html")
    assert parts(document) == [
        ("5", "19", True), ("3", "11", False), ("2", "10", False), ("9.1", None, False),
        ("14", "19", True), ("8", "11", False), ("6", "10", False), ("9.2", None, False),
        ("19", "119", True), ("11", "111", True), ("10", "110", True), ("9.3", None, True),
        ("119", None, True), ("111", "119", True), ("110", "119", True), ("9.4", None, True),
    ]  # fmt: skip


def test_a_row_that_begins_with_of_which_is_part_of_the_row_before() -> None:
    """其中 makes a row part of the row before it, and is not part of the indicator."""
    document = read(
        Report((("指标", "件数"), ("立案", "129"), ("其中：医疗", "29"), ("处罚", "17"))).write("md"), "a.md"
    )
    assert parts(document) == [("129", None, False), ("29", "129", False), ("17", None, False)]
    assert [measure.indicator for _, measure in measures(document)] == ["立案 件数", "医疗 件数", "处罚 件数"]


def test_negative_growth_is_a_decrease() -> None:
    """A negative number in a column of growth is a decrease, and its signed value is negative."""
    document = read(Report((("指标", "同比增长%"), ("立案", "-5.2"), ("办结", "7.5"))).write("md"), "a.md")
    assert [(measure.change, measure.value, measure.signed_value) for _, measure in measures(document)] == [
        ("decrease", -5.2, -5.2),
        ("increase", 7.5, 7.5),
    ]


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("工业增加值（亿元）", ("工业增加值", "亿元", None)),
        ("工业增加值（%）", ("工业增加值", "%", "increase")),
        ("工业增加值占比（%）", ("工业增加值占比", "%", None)),
        ("工业增加值增速（%）", ("工业增加值增速", "%", "increase")),
        ("工业增加值比上年增加（亿元）", ("工业增加值比上年增加", "亿元", "increase")),
        ("立案同比下降（%）", ("立案同比下降", "%", "decrease")),
        ("立案比上年减少（件）", ("立案比上年减少", "件", "decrease")),
        ("立案较去年减少", ("立案较去年减少", None, "decrease")),
        ("增值税比上年减少（万元）", ("增值税比上年减少", "万元", "decrease")),
        ("立案比上年增减（%）", ("立案比上年增减", "%", "increase")),
        ("立案同比增长（下降）%", ("立案同比增长（下降）", "%", "increase")),
        ("实际利用外资万美元", ("实际利用外资", "万美元", None)),
        ("罚没款万元", ("罚没款", "万元", None)),
        ("网格单元数", ("网格单元数", None, None)),
    ],
)
def test_the_unit_and_the_change_of_a_label(label: str, expected: tuple[str, str | None, str | None]) -> None:
    """增加值 is an amount, not an increase. A label with 下降 or 减少 gives a decrease.

    A label of both directions (增减, 增长（下降）) gives an increase. A currency and its scale are the
    unit, but 元 in 单元 is not.
    """
    document = read(Report((("指标", "数值"), (label, "12.5"), ("罚款（万元）", "3"))).write("md"), "a.md")
    measure = measures(document)[0][1]
    assert (measure.indicator.removesuffix(" 数值"), measure.unit, measure.change) == expected


def test_a_percentage_in_brackets_is_negative() -> None:
    """A bracketed percentage is negative and keeps its unit, whatever unit the table has."""
    rows = (("指标", "2023年", "增减"), ("收入", "120", "(3.2%)"), ("支出", "130", "(1,310)"))
    document = read(Report(rows, ("单位：万元",)).write("md"), "a.md")
    assert [(measure.signed_value, measure.unit) for _, measure in measures(document)] == [
        (1_200_000, "万元"),
        (-3.2, "%"),
        (1_300_000, "万元"),
        (-13_100_000, "万元"),
    ]


def test_indicators_periods_and_bounds() -> None:
    """The indicator joins column and row without unit and time. The header states the period, the cell the bound."""
    rows = (("街道", "2022年收件（件）", "上年同期（件）", "办结（件）"), ("东风街道", "约10", "不足9", "8"))
    found = measures(read(Report(rows).write("html"), "a.html"))
    assert [(m.indicator, m.period, m.bound) for _, m in found] == [
        ("收件 东风街道", "2022年", "approx"), ("东风街道", "上年同期", "at_most"), ("办结 东风街道", None, "exact")
    ]  # fmt: skip


@pytest.mark.parametrize("suffix", ["html", "md"])
def test_raised_marks_of_notes_are_not_digits(suffix: str) -> None:
    """The mark of a note in a cell is dropped: neither a digit of the figure nor a part of the header."""
    rows = (("街道", "收件@（件）", "绿地（公顷）"), ("东风街道", "129@", "5"), ("西关街道", "31", "7@"))
    report = Report(rows).write(suffix).replace(b"@", b"<sup>2</sup>")
    found = measures(read(report, f"a.{suffix}"))
    assert [(quote, measure.indicator) for quote, measure in found] == [
        ("129", "收件 东风街道"), ("5", "绿地 东风街道"), ("31", "收件 西关街道"), ("7", "绿地 西关街道")
    ]  # fmt: skip


@pytest.mark.parametrize("title", ["", "表1 执法情况"])
def test_cells_with_the_style_of_a_heading_are_data(title: str) -> None:
    """Labels and a title over all columns that have the style of a heading do not make a table a layout table."""
    rows = (("指标", "数量"), ("立案", "35"), ("结案", "30"), ("行政检查", "1234"))
    first = f"<tr><td colspan=2><h3>{title}</h3></td></tr>" if title else ""
    markup = "".join(f"<tr><td><h4>{label}</h4></td><td>{value}</td></tr>" for label, value in rows)
    document = read(f"<h1>某局2023年工作总结</h1><table>{first}{markup}</table>".encode(), "a.html")
    assert [describe(measure) for _, measure in measures(document)] == [
        "立案 数量 35 -",
        "结案 数量 30 -",
        "行政检查 数量 1234 -",
    ]


def test_headings_beside_sentences_are_layout() -> None:
    """A table with a heading beside the sentences of its part is layout. Its headings and sentences are kept."""
    parts = (("一、做法", "全年立案35件。"), ("二、问题", "人员不足，仅有30人。"))
    markup = "".join(f"<tr><td><h2>{heading}</h2></td><td><p>{text}</p></td></tr>" for heading, text in parts)
    (document,) = read_bytes(f"<table>{markup}</table>".encode(), "a.html").documents
    assert [(block.text, block.level) for block in document.blocks] == [
        item for heading, text in parts for item in ((heading, 2), (text, 0))
    ]


def test_sentences_in_cells_are_prose() -> None:
    """A cell with a sentence gives the measures of the sentence, with spans in the text of the row."""
    rows = (("部门", "立案（件）", "备注"), ("司法局", "3", "全年办结129件。"), ("卫健委", "4", ""))
    found = measures(read(Report(rows).write("md"), "a.md"))
    assert [(quote, measure.value) for quote, measure in found] == [("3", 3), ("办结129件", 129), ("4", 4)]


def test_parts_with_a_header_of_their_own_are_tables() -> None:
    """A title over all columns with a header below it begins a table and is its caption. A name of a group does not."""
    rows = (
        (Cell("第（一）项", col_span=3),),
        ("信息内容", "本年制发件数", "现行有效件数"),
        ("规章", "1", "3"),
        (Cell("第（五）项", col_span=3),),
        ("信息内容", Cell("处理决定数量", col_span=2)),
        ("行政许可", Cell("12", col_span=2)),
    )
    document = read(Report(rows).write("html"), "a.html")
    assert [table.caption for table in document.tables] == ["第（一）项", "第（五）项"]
    assert [describe(measure) for _, measure in measures(document)] == [
        "规章 本年制发件数 1 件", "规章 现行有效件数 3 件", "行政许可 处理决定数量 12 -"
    ]  # fmt: skip
    groups = (("指标", "件数"), (Cell("许可", col_span=2),), ("受理", "5"), ("办结", "4"))
    assert len(read(Report(groups).write("html"), "a.html").tables) == 1


def test_groups_of_tasks_are_in_one_table() -> None:
    """Rows with names of groups (一、健全工作机制) do not split a table without figures.

    The row below each name consists of words, as the header of a further table would.
    """
    rows = (
        ("重点任务", "责任单位", "完成时限"),
        (Cell("一、健全工作机制", col_span=3),),
        ("完善议事规则", "司法局", "2023年6月"),
        ("开展督察检查", "依法治区办", "2023年9月"),
        (Cell("二、规范执法行为", col_span=3),),
        ("制定裁量基准", "司法局", "2023年8月"),
        ("开展案卷评查", "司法局", "2023年10月"),
    )
    for above in ((), ((Cell("任务分解表", col_span=3),),)):
        document = read(Report((*above, *rows)).write("html"), "a.html")
        assert len(document.tables) == 1
        texts = [paragraph.text for paragraph in document.paragraphs]
        assert "重点任务 完善议事规则 ｜ 责任单位 司法局 ｜ 完成时限 2023年6月" in texts
        assert "重点任务 开展案卷评查 ｜ 责任单位 司法局 ｜ 完成时限 2023年10月" in texts


def test_a_note_does_not_belong_to_the_table_before_it() -> None:
    """The unit that is stated above a table is not the unit of the table before it."""
    first, second = Report((("街道", "人口"), ("东", "1"))), Report((("街道", "收入"), ("东", "2")), ("单位：万元",))
    page = first.write("html").replace("以上数据由各部门报送。".encode(), b"").replace(b"</body></html>", b"")
    found = measures(read(page + second.write("html").partition(b"</h1>")[2], "a.html"))
    assert [(measure.value, measure.unit) for _, measure in found] == [(1, None), (2, "万元")]


def table(*rows: Sequence[Cell | str]) -> RawTable:
    """Return a table as a reader returns it."""
    return RawTable(tuple(tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in row) for row in rows))


def test_hostile_spans_cost_nothing() -> None:
    """A table with spans of a billion rows and columns is no data table: its rows are read as lines.

    Neither is a table whose cells cover too many columns, or whose merged cells would be repeated in too many rows.
    """
    wide = Cell("收件", row_span=10**9, col_span=10**9)
    blocks = recognise_tables([Block("", table=table(("街道", wide), ("东风街道", "1")))])
    assert blocks == [Block("街道\t收件"), Block("东风街道\t1")]
    assert not is_data_table(table(*[(Cell("数", col_span=1000), "1")] * 1000))
    merged = Cell("长" * 400, row_span=10_000)
    assert not is_data_table(table(("街道", "说明", "收件"), ("东", merged, "1"), *[("西", "1")] * 5_000))


def test_a_table_that_is_continued_is_one_table() -> None:
    """A table with the header of the table before it continues that table. A table with another header does not."""
    first, second = table(("街道", "收件"), ("东", "1")), table(("街道", "收件"), ("西", "2"))
    other = table(("街道", "办结"), ("西", "2"))
    continued = recognise_tables([Block("", table=first, page=1), Block("续表"), Block("", table=second, page=2)])
    assert len(continued) == 1
    assert len(recognise_tables([Block("", table=first), Block("", table=other)])) == 2
