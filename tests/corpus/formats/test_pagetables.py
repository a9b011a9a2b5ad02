"""Tables of pages: cells by rules or by white space, over several pages, and what is not a table."""

from __future__ import annotations

import io
import random
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest

from searchkit.corpus.blocks import Block, RawTable
from searchkit.corpus.formats.page.layout import extract_text
from searchkit.corpus.formats.page.placed import Glyph, PlacedPage, Rule
from searchkit.corpus.formats.page.rulings import find_rulings, trace_rules
from searchkit.model import Cell

WIDTH, HEIGHT, SIZE, LEADING = 595.0, 842.0, 10.0, 20.0
"""Points: an A4 page, the type size and the distance between rows."""
LEFT, TOP = 80.0, 150.0
TITLE, NOTE, END = "表1 各街道案件", "单位：件", "以上数据由各街道报送，经区司法局核实后向社会公布。"
ROWS = [["街道", "收件", "办结"], ["东风街道", "95,585.30", "2"], ["西关街道", "11", "10"], ["南湖街道", "—", "9"]]
EDGES = (80.0, 180.0, 240.0, 300.0)


def measure(text: str, size: float = SIZE) -> float:
    """Return the width of a text in points. ASCII characters are half as wide as Han characters."""
    return sum(size / 2 if char.isascii() else size for char in text)


def write(text: str, x: float, y: float, size: float = SIZE) -> list[Glyph]:
    """Return the glyphs of text at a position."""
    return [
        Glyph(char, x + measure(text[:n], size), x + measure(text[: n + 1], size), y, size)
        for n, char in enumerate(text)
    ]


def write_rows(
    rows: Sequence[Sequence[str]], edges: Sequence[float] = EDGES, top: float = TOP, align: str = "right"
) -> list[Glyph]:
    """Return the glyphs of rows. Lines of a cell are below each other.

    The cells of the first column are aligned left, those of the others as `align` states. `edges`: the left edge of
    each column and the right edge of the last. `top`: the upper edge of the first row.
    """
    glyphs: list[Glyph] = []
    for r, row in enumerate(rows):
        for c, text in enumerate(row):
            for n, line in enumerate(text.split("\n")):
                room = edges[c + 1] - edges[c] - 6 - measure(line)
                x = edges[c] + 3 + (0 if not c or align == "left" else room if align == "right" else room / 2)
                glyphs += write(line, x, top + LEADING * r + 14 + 12 * n)
    return glyphs


def across(height: float, left: float = EDGES[0], right: float = EDGES[-1]) -> Rule:
    """Return a horizontal rule."""
    return Rule(left, height, right, height)


def down(x: float, top: float, bottom: float) -> Rule:
    """Return a vertical rule."""
    return Rule(x, top, x, bottom)


def rule_grid(count: int, edges: Sequence[float] = EDGES, top: float = TOP) -> list[Rule]:
    """Return the rules of a grid of `count` rows: above, below and between the rows, and at each of `edges`."""
    bottom = top + count * LEADING
    rows = [across(top + LEADING * n, edges[0], edges[-1]) for n in range(count + 1)]
    return rows + [down(x, top, bottom) for x in edges]


def place(glyphs: Iterable[Glyph], rules: Sequence[Rule] = (), number: int = 1) -> PlacedPage:
    """Return page `number` with these glyphs and rules."""
    return PlacedPage(number, WIDTH, HEIGHT, list(glyphs), rules)


def read(*pages: PlacedPage) -> list[Block]:
    """Return the blocks of pages."""
    return list(extract_text(pages).blocks)


def tables(blocks: Iterable[Block]) -> list[list[list[str]]]:
    """Return the cells of all tables. Spans are written behind the text."""
    return [[[show(cell) for cell in row] for row in block.table.rows] for block in blocks if block.table]


def show(cell: Cell) -> str:
    """Return the text of a cell with its spans, if it has any."""
    is_single = cell.row_span == cell.col_span == 1
    return cell.text if is_single else f"{cell.text}<{cell.row_span}x{cell.col_span}>"


def frame(glyphs: Iterable[Glyph], last: float) -> list[Glyph]:
    """Return the glyphs of a table with a caption and a unit above, and a line 40 points below `last`."""
    return [*write(TITLE, 140, TOP - 30), *write(NOTE, 250, TOP - 10), *glyphs, *write(END, LEFT, last + 40)]


# Ruled tables


@pytest.mark.parametrize("align", ["left", "centre", "right"])
def test_cells_of_a_ruled_table_are_apart(align: str) -> None:
    """The texts `95,585.30` and `2` are two cells, even if nothing but a rule is between them."""
    edges = (80.0, 130.0, 178.0, 210.0)
    blocks = read(place(frame(write_rows(ROWS, edges, align=align), 230), rule_grid(len(ROWS), edges)))
    assert tables(blocks) == [ROWS]
    assert [block.text for block in blocks] == [TITLE, NOTE, "", END]


def _dash(rule: Rule) -> list[Rule]:
    if rule.right > rule.left:
        return [rule._replace(left=x, right=x + 3) for x in range(int(rule.left), int(rule.right), 5)]
    return [rule._replace(top=y, bottom=y + 3) for y in range(int(rule.top), int(rule.bottom), 5)]


def _thicken(rule: Rule) -> list[Rule]:
    return [Rule(rule.left - 0.4, rule.top - 0.4, rule.right + 0.4, rule.bottom + 0.4)]


def _double(rule: Rule) -> list[Rule]:
    return [Rule(rule.left + d, rule.top + d, rule.right + d, rule.bottom + d) for d in (0, 2)]


@pytest.mark.parametrize("draw", [_dash, _thicken, _double])
def test_rules_can_be_drawn_in_several_ways(draw: object) -> None:
    """Rules can be dashes, thin rectangles or double lines."""
    assert callable(draw)
    rules = [part for rule in rule_grid(len(ROWS)) for part in draw(rule)]
    assert tables(read(place(write_rows(ROWS), rules))) == [ROWS]


@pytest.mark.parametrize("missing", [{0, 3}, {0}, set()])
def test_outer_rules_can_be_missing(missing: set[int]) -> None:
    """A table without the rule at its left, or without those at both sides, has all its columns."""
    bottom = TOP + LEADING * len(ROWS)
    rules = [across(TOP + LEADING * n) for n in range(len(ROWS) + 1)]
    rules += [down(x, TOP, bottom) for n, x in enumerate(EDGES) if n not in missing]
    assert tables(read(place(write_rows(ROWS), rules))) == [ROWS]


def test_missing_rules_merge_cells() -> None:
    """Two slots of the grid without a rule between them are one cell, in both directions."""
    rows = [["街道", "收件", ""], ["", "上年", "本年"], ["东风街道", "1", "2"], ["西关街道", "3", "4"]]
    bottom = TOP + LEADING * 4
    rules = [across(TOP + LEADING * n) for n in (0, 2, 3, 4)] + [across(TOP + LEADING, EDGES[1])]
    rules += [down(x, TOP, bottom) for n, x in enumerate(EDGES) if n != 2]
    rules.append(down(EDGES[2], TOP + LEADING, bottom))
    assert tables(read(place(write_rows(rows), rules))) == [
        [["街道<2x1>", "收件<1x2>"], ["上年", "本年"], ["东风街道", "1", "2"], ["西关街道", "3", "4"]]
    ]


def test_lines_of_a_cell_are_joined() -> None:
    """The lines of a label and of a figure that are wrapped in their cells are joined, without a blank."""
    edges = (80.0, 130.0, 166.0, 240.0)
    rows = [
        ["街道", "收件", "金额"],
        ["", "", ""],
        ["东风街\n道", "7,430.\n52", "12"],
        ["", "", ""],
        ["合计", "3", "4"],
    ]
    heights = (0, 2, 4, 5)
    rules = [across(TOP + LEADING * n, edges[0], edges[-1]) for n in heights]
    rules += [down(x, TOP, TOP + LEADING * 5) for x in edges]
    (table,) = tables(read(place(write_rows(rows, edges, align="left"), rules)))
    assert table == [["街道", "收件", "金额"], ["东风街道", "7,430.52", "12"], ["合计", "3", "4"]]


def test_rows_without_rules_between_them_are_split() -> None:
    """If no rules separate the rows below the header, each line with figures is a row.

    So is a line without figures that is as far from the lines with figures as these are from each other.
    """
    rows = [*ROWS, ["北苑街道", "", ""], ["河西街道", "7", "8"]]
    bottom = TOP + LEADING * len(rows)
    rules = [across(TOP), across(TOP + LEADING), across(bottom), *(down(x, TOP, bottom) for x in EDGES)]
    assert tables(read(place(write_rows(rows), rules))) == [rows]


def test_vertical_rules_show_cells_over_columns_and_rows() -> None:
    """A cell over two columns ends where the vertical rule between them starts (数量), or starts where it ends (合计).

    A label, such as 行政处罚, covers the rows that it is centred on.
    """
    bottom = TOP + LEADING * 7
    rows = [["类别", "", "数量", ""], ["", "项目", "上年", "本年"], ["", "警告", "11", "2"], ["", "罚款", "3", "14"]]
    rows += [["", "新办", "5", "6"], ["", "变更", "7", "—"], ["合计", "", "26", "22"]]
    edges = (80.0, 180.0, 240.0, 300.0, 360.0)
    glyphs = write_rows(rows, edges)
    glyphs += write("行政处罚", 83, TOP + 3 * LEADING + 4) + write("行政许可", 83, TOP + 5 * LEADING + 4)
    rules = [across(height, 80, 360) for height in (TOP, TOP + 2 * LEADING, bottom)]
    rules += [down(x, TOP, bottom) for x in (80, 240, 360)]
    rules += [down(180, TOP, bottom - LEADING), down(300, TOP + LEADING, bottom)]
    assert tables(read(place(glyphs, rules))) == [
        [
            ["类别<2x1>", "项目<2x1>", "数量<1x2>"],
            ["上年", "本年"],
            ["行政处罚<2x1>", "警告", "11", "2"],
            ["罚款", "3", "14"],
            ["行政许可<2x1>", "新办", "5", "6"],
            ["变更", "7", "—"],
            ["合计<1x2>", "26", "22"],
        ]
    ]


WORDS = [["单位", "职责", "负责人"], ["司法局", "行政复议", "王芳"], ["水务局", "水资源管理", "李明"]]


def test_a_bold_or_repeated_row_is_the_header_of_a_ruled_table_of_words() -> None:
    """A table of words is data if its first row is bold, or is repeated on the next page; else its rows are text."""
    glyphs, rules = write_rows(WORDS), rule_grid(len(WORDS))
    bold = [glyph._replace(bold=glyph.baseline < TOP + LEADING) for glyph in glyphs]
    assert tables(read(place(glyphs, rules))) == []
    assert tables(read(place(bold, rules))) == [WORDS]
    others = [WORDS[0], ["财政局", "预算管理", "张伟"], ["司法局", "普法", "王芳"]]
    assert tables(read(place(glyphs, rules), place(write_rows(others), rules, 2))) == [[*WORDS, *others[1:]]]
    (table,) = [block.table for block in read(place(bold, rules)) if block.table]
    assert isinstance(table, RawTable)
    assert table.header_rows == 1


@pytest.mark.parametrize("gap", [0.5, 3.0])
def test_rules_can_have_gaps(gap: float) -> None:
    """A grid is found even if its rules end shortly before they would cross. A diagonal or a filled area is no rule."""
    rules = [
        rule._replace(left=rule.left + gap, right=rule.right - gap)
        if rule.right > rule.left
        else rule._replace(top=rule.top + gap, bottom=rule.bottom - gap)
        for rule in rule_grid(len(ROWS))
    ]
    diagonal = trace_rules([[(EDGES[0], TOP), (EDGES[1], TOP + LEADING)]], 2, is_stroked=True)
    filled = trace_rules([[(EDGES[0], TOP), (EDGES[-1], TOP + LEADING)]], 2, is_stroked=False)
    assert tables(read(place(write_rows(ROWS), [*rules, *diagonal, *filled]))) == [ROWS]


@pytest.mark.parametrize("is_ruled", [True, False])
def test_a_table_on_a_rotated_page_is_read(is_ruled: bool) -> None:  # noqa: FBT001
    """A page whose text runs upwards is read like any other."""
    page = place(frame(write_rows(ROWS), 230), rule_grid(len(ROWS)) if is_ruled else ())
    glyphs = [
        Glyph(g.text, g.baseline, g.baseline + g.right - g.left, WIDTH - g.left, g.size, turn=3) for g in page.glyphs
    ]
    rules = [Rule(rule.top, WIDTH - rule.right, rule.bottom, WIDTH - rule.left) for rule in page.rules]
    assert tables(read(PlacedPage(1, HEIGHT, WIDTH, glyphs, rules))) == [ROWS]


@pytest.mark.parametrize("repeats_header", [True, False])
@pytest.mark.parametrize("is_ruled", [True, False])
def test_a_table_over_several_pages_is_one_table(repeats_header: bool, is_ruled: bool) -> None:  # noqa: FBT001
    """A table over three pages is one. Running heads, page numbers and repeated headers do not matter."""
    body = [[f"{2010 + n // 12}年{n % 12 + 1}月", str(100 + n), f"{n * 1.5:.1f}"] for n in range(75)]
    pages = []
    for number in range(1, 4):
        rows = body[25 * number - 25 : 25 * number]
        rows = [["月份", "立案", "罚款"], *rows] if repeats_header or number == 1 else rows
        glyphs = write_rows(rows) + write("青山市年度报告", 200, 40, 9) + write(f"- {number} -", 280, 810, 9)
        pages.append(place(glyphs, rule_grid(len(rows)) if is_ruled else (), number))
    assert tables(read(*pages)) == [[["月份", "立案", "罚款"], *body]]


def test_a_single_row_on_the_next_page_belongs_to_the_table() -> None:
    """The last row of an unruled table can be alone on its page."""
    last = ["北苑街道", "7", "8"]
    assert tables(read(place(write_rows(ROWS)), place(write_rows([last]), number=2))) == [[*ROWS, last]]


def test_a_table_with_another_header_on_the_next_page_is_another_table() -> None:
    """Tables with the same columns on two pages are not joined if the second has a header of its own."""
    others = [["部门", "检查", "处罚"], ["司法局", "5", "6"], ["水务局", "7", "8"]]
    pages = [place(write_rows(rows), rule_grid(len(rows)), n) for n, rows in enumerate((ROWS, others), 1)]
    assert tables(read(*pages)) == [ROWS, others]


def test_a_merged_cell_goes_on_after_a_page_break() -> None:
    """A label over several rows, which a page break divides, covers all of them."""

    def page(rows: Sequence[Sequence[str]], closed: Sequence[int], number: int) -> PlacedPage:
        rules = [across(TOP + LEADING * n, *(() if n in closed else (EDGES[1],))) for n in range(len(rows) + 1)]
        rules += [down(x, TOP, TOP + LEADING * len(rows)) for x in EDGES]
        return place(write_rows(rows), rules, number)

    first = page([["类别", "项目", "数量"], ["处罚", "警告", "1"], ["", "罚款", "2"]], (0, 1, 3), 1)
    second = page([["", "没收", "3"], ["", "吊销", "4"]], (0, 2), 2)
    assert tables(read(first, second)) == [
        [["类别", "项目", "数量"], ["处罚<4x1>", "警告", "1"], ["罚款", "2"], ["没收", "3"], ["吊销", "4"]]
    ]


# Unruled tables


@pytest.mark.parametrize("align", ["left", "centre", "right"])
@pytest.mark.parametrize("bars", [(), (0, 1, 4), (0, 1, 2, 3, 4)])
def test_columns_are_found_by_white_space(align: str, bars: Sequence[int]) -> None:
    """Columns that only white space separates are a table, with or without horizontal rules."""
    rules = [across(TOP + LEADING * n) for n in bars]
    blocks = read(place(frame(write_rows(ROWS, align=align), 230), rules))
    assert tables(blocks) == [ROWS]
    assert [block.text for block in blocks] == [TITLE, NOTE, "", END]


def test_a_header_covers_the_columns_over_which_it_is_centred() -> None:
    """In a header of two rows, a name centred above several others covers their columns.

    The column 街道 has one name, which covers both rows.
    """
    edges = (80.0, 160.0, 220.0, 280.0, 340.0, 400.0)
    rows = [["东风街道", "1", "2", "13", "4"], ["西关街道", "5", "16", "7", "8"], ["南湖街道", "9", "1", "2", "3"]]
    glyphs = write_rows([["", "上年", "本年", "上年", "本年"], *rows], edges, TOP + LEADING, "centre")
    glyphs += write("街道", 83, TOP + 24) + write("收件", 210, TOP + 14) + write("办结", 330, TOP + 14)
    assert tables(read(place(glyphs))) == [
        [["街道<2x1>", "收件<1x2>", "办结<1x2>"], ["上年", "本年", "上年", "本年"], *rows]
    ]


def test_a_header_name_covers_columns_beside_cells_at_the_top() -> None:
    """Names over two columns are distinguished from headers of one column that are at the same height."""
    edges = (80.0, 160.0, 220.0, 280.0, 340.0)
    rows = [
        ["", "上年", "本年", ""],
        ["东风街道", "1", "2", "13"],
        ["西关街道", "5", "16", "7"],
        ["南湖", "9", "1", "2"],
    ]
    glyphs = write_rows(rows, edges, TOP + LEADING, "centre")
    glyphs += write("街道", 83, TOP + 14) + write("收件", 210, TOP + 14) + write("合计", 300, TOP + 14)
    (table,) = tables(read(place(glyphs)))
    assert table[:2] == [["街道<2x1>", "收件<1x2>", "合计<2x1>"], ["上年", "本年"]]


def test_list_numbers_close_to_names_are_a_column() -> None:
    """Numbers that count up are a column of their own, even if less than an em is between them and the names."""
    rows = [
        ["序号", "单位", "收件"],
        *([str(n), name, f"{n}0"] for n, name in enumerate(("东风街道", "南湖", "西关"), 8)),
    ]
    glyphs = write_rows(rows, (80.0, 106.0, 200.0, 260.0), align="left")
    assert tables(read(place(glyphs))) == [rows]


def test_figures_below_each_other_are_a_column() -> None:
    """Figures below each other are a column, even if only one blank is between the longest names and their figures."""
    lines = ["街道       收件 罚款", "东风街道   12   3.5", "青年路街道 1300 3.5", "人民路街道 9999 133.5"]
    glyphs = [glyph for n, line in enumerate(lines) for glyph in write(line, 80, TOP + LEADING * n)]
    assert tables(read(place(glyphs))) == [[line.split() for line in lines]]


def test_words_of_a_header_wider_than_its_columns_are_in_order() -> None:
    """If single blanks separate the figures, the words of a header belong to the columns in their order."""
    lines = ["年份 立案数（件） 罚款（万元）", "2021 120 35.1", "2022 131 40.2", "2023 129 93.7"]
    glyphs = [glyph for n, line in enumerate(lines) for glyph in write(line, 80, TOP + LEADING * n)]
    assert tables(read(place(glyphs))) == [[line.split() for line in lines]]


@pytest.mark.parametrize("align", ["top", "middle"])
def test_figures_that_a_narrow_column_breaks_are_joined(align: str) -> None:
    """Figures in two lines are one, whether the other cells of the row are beside the first line or between both."""
    rows = [["地区生产总值", "22,821", "7,430.5", "2"], ["进出口总额", "43", "7,775.3", "1"], ["工业", "37", "944", ""]]
    edges = (80.0, 160.0, 220.0, 266.0)
    glyphs = write_rows([["指标", "上年", "本年"]], edges)
    for n, (label, before, figure, rest) in enumerate(rows):
        top = TOP + 30 + 30 * n
        middle = top + (6 if rest and align == "middle" else 0)
        glyphs += write_rows([[label, before, ""]], edges, middle) + write_rows([["", "", figure]], edges, top)
        glyphs += write_rows([["", "", rest]], edges, top + 12)
    assert tables(read(place(glyphs))) == [
        [["指标", "上年", "本年"], *([label, before, figure + rest] for label, before, figure, rest in rows)]
    ]


def test_labels_with_lines_above_and_below_the_figures_are_a_column() -> None:
    """Labels of two lines, with the figures of the row at the height between the lines, are a column."""
    rows = [["东风街道办", "事处", "12"], ["西关街道办", "事处", "3"], ["南湖街道办", "事处", "104"]]
    glyphs = write_rows([["街道", "收件", "办结"]])
    for n, (label, rest, figure) in enumerate(rows):
        top = TOP + 44 + 28 * n
        glyphs += write(label, 83, top) + write(rest, 83, top + 12)
        glyphs += write(figure, 200, top + 6) + write(figure, 270, top + 6)
    assert tables(read(place(glyphs))) == [
        [["街道", "收件", "办结"], *([label + rest, figure, figure] for label, rest, figure in rows)]
    ]


def test_rows_without_labels_are_not_joined_to_the_rows_above() -> None:
    """Rows without a label are rows of their own if they are as far apart as the rows with a label."""
    rows = [["街道", "年份", "收件"], ["东风街道", "2021", "120"], ["", "2022", "131"], ["西关街道", "2021", "99"]]
    rows += [["", "2022", "8"], ["合计", "", "358"]]
    (table,) = tables(read(place(write_rows(rows))))
    assert [row[1:] for row in table] == [row[1:] for row in rows]


def test_wrapped_labels_are_joined() -> None:
    """A label of two lines with its figures between the lines is one cell. Lines as far apart as rows are rows."""
    glyphs = write_rows(ROWS)
    glyphs += write("市市场监督管理局", 83, TOP + 98) + write("综合执法支队", 83, TOP + 110)
    glyphs += write("31", 227, TOP + 104) + write("30", 287, TOP + 104)
    glyphs += write("其他街道", 83, TOP + 134) + write("合计", 83, TOP + 154) + write("42", 227, TOP + 154)
    (table,) = tables(read(place(glyphs)))
    assert table[4:] == [["市市场监督管理局综合执法支队", "31", "30"], ["其他街道", "", ""], ["合计", "42", ""]]


def test_a_row_that_names_a_group_is_not_a_header() -> None:
    """A row with only a label, below the header or between rows with figures, is a row of its own."""
    rows = [
        ["科目", "预算", "决算"],
        ["一、收入", "", ""],
        ["税收收入", "1,200.5", "1,100"],
        ["非税收入", "300", "280"],
    ]
    rows += [["二、支出", "", ""], ["教育", "45", "44"], ["合计", "1,545.5", "1,424"]]
    assert tables(read(place(frame(write_rows(rows), TOP + 150)))) == [rows]


def test_labels_centred_on_several_rows_cover_them() -> None:
    """A label between two rows, or at the middle of three, covers them."""
    rows = [["类别", "项目", "数量"], ["", "警告", "1"], ["行政处罚", "罚款", "2"], ["", "没收", "3"]]
    rows += [["", "新办", "4"], ["", "变更", "5"], ["合计", "", "15"]]
    glyphs = write_rows(rows, align="left") + write("行政许可", 83, TOP + 14 + 4.5 * LEADING)
    (table,) = tables(read(place(glyphs)))
    assert [row[0] for row in table] == ["类别", "行政处罚<3x1>", "罚款", "没收", "行政许可<2x1>", "变更", "合计"]


def test_a_caption_is_not_a_name_over_columns() -> None:
    """A line above a header whose names are all in one row is the caption, even if it is centred over some columns."""
    edges = (80.0, 180.0, 240.0, 300.0, 360.0)
    rows = [["街道", "收件", "办结", "退件"], ["东风街道", "10", "9", "1"], ["西关街道", "11", "11", "0"]]
    blocks = read(place(write("政务服务情况", 210, TOP - 6) + write_rows(rows, edges, align="centre")))
    assert tables(blocks) == [rows]
    assert blocks[0].text == "政务服务情况"


def test_a_header_can_have_three_rows() -> None:
    """An outer name covers all columns of the inner names below it, also if it is at the left end of these columns."""
    edges = (80.0, 160.0, 220.0, 280.0, 340.0, 400.0)
    rows = [["东风街道", "1", "2", "13", "4"], ["西关街道", "5", "16", "7", "8"], ["南湖街道", "9", "1", "2", "3"]]
    glyphs = write_rows([["", "上年", "本年", "上年", "本年"], *rows], edges, TOP + 2 * LEADING, "left")
    glyphs += write("街道", 83, TOP + 34) + write("政务服务", 163, TOP + 14)
    glyphs += write("收件", 163, TOP + 34) + write("办结", 283, TOP + 34)
    header = [["街道<3x1>", "政务服务<1x4>"], ["收件<1x2>", "办结<1x2>"], ["上年", "本年", "上年", "本年"]]
    assert tables(read(place(glyphs))) == [[*header, *rows]]


def test_lines_of_a_header_are_one_cell_if_they_are_closer_than_rows() -> None:
    """A row of units at the distance of the rows is a header row; lines that are closer are one cell."""
    rows = [["东风街道", "10", "1.5"], ["西关街道", "11", "2"], ["南湖街道", "12", "0"]]
    units = write_rows([["", "立案", "罚款"], ["", "（件）", "（万元）"], *rows], align="centre")
    lines = write_rows([["", "立案\n（件）", "罚款\n（万元）"]], align="centre", top=TOP + 8)
    lines += write_rows(rows, align="centre", top=TOP + 2 * LEADING)
    first, second = (tables(read(place(glyphs + write("街道", 83, TOP + 24))))[0] for glyphs in (units, lines))
    assert first == [["街道<2x1>", "立案", "罚款"], ["（件）", "（万元）"], *rows]
    assert second == [["街道", "立案（件）", "罚款（万元）"], *rows]


def test_the_unit_can_stand_above_the_names_of_the_rows() -> None:
    """A note of the unit at the left end of the header row is the corner cell of the header."""
    rows = [["单位：万元", "2022年", "2023年"], ["税收", "1,050.3", "1,120.8"], ["基金", "300.6", "210.4"]]
    assert tables(read(place(write_rows(rows)))) == [rows]


def test_a_row_of_figures_below_a_complete_header_is_a_table() -> None:
    """One row is enough for a table of three columns if each column has a header and a figure."""
    rows = [["立案（件）", "结案（件）", "罚款（元）"], ["129", "120", "93.7"]]
    edges = (80.0, 180.0, 280.0, 380.0)
    assert tables(read(place(write_rows(rows, edges, align="centre") + write(END, LEFT, TOP + 80)))) == [rows]


def test_left_aligned_headers_belong_to_right_aligned_figures() -> None:
    """A header at the left of its column (罚款) belongs to it, not to the column whose figures end close before it."""
    glyphs = write_rows([["街道", "立案", "罚款"], ["", "（件）", "（元）"]], (80, 200, 300, 420), align="left")
    rows = [["东风街道", "10", "135"], ["西关街道", "9", "22"], ["南湖街道", "12", "0"]]
    glyphs += write_rows(rows, (80, 200, 300, 420), TOP + 2 * LEADING)
    (table,) = tables(read(place(glyphs)))
    assert [row[-2:] for row in table] == [["立案", "罚款"], ["（件）", "（元）"], *(row[-2:] for row in rows)]


def test_labels_over_two_columns_are_in_the_first() -> None:
    """A total centred over two columns of labels is in the first. The label 东区 covers the rows it is centred on."""
    edges = (80.0, 140.0, 240.0, 300.0)
    rows = [["全市", "", "70"], ["", "小计", "30"], ["东区", "东风街道", "10"], ["", "南湖街道", "20"]]
    rows += [["西区", "西关街道", "40"]]
    glyphs = write_rows([["区域", "街道", "企业"], *rows], edges, align="left")
    glyphs += write("合　　计", 110, TOP + 134) + write("140", 243, TOP + 134)
    (table,) = tables(read(place(glyphs)))
    assert [row[0] for row in table] == ["区域", "全市", "东区<3x1>", "东风街道", "南湖街道", "西区", "合 计"]


PROSE = [f"第{n}项工作由区司法局会同有关部门组织实施，" for n in "一二三四五六七八九十"]


@pytest.mark.parametrize("is_ruled", [True, False])
def test_a_table_in_a_column_of_text_is_one_table(is_ruled: bool) -> None:  # noqa: FBT001
    """A table in one column of a page of two columns is one table, between the texts of that column."""
    lines = [(line, 80, 100 + 14 * n) for n, line in enumerate(PROSE)]
    lines += [(line, 80, 400 + 14 * n) for n, line in enumerate(PROSE)]
    right = [(line, 330, 100 + 14 * n) for n, line in enumerate(PROSE * 4)]
    glyphs = [glyph for line in lines + right for glyph in write(*line)]
    blocks = read(place(glyphs + write_rows(ROWS, top=270), rule_grid(len(ROWS), top=270) if is_ruled else ()))
    assert tables(blocks) == [ROWS]
    texts = "|".join(block.text for block in blocks)
    before, after = texts.split("||")
    assert before.count("第一项") == 1
    assert after.count("第一项") == 5


# No tables


def _columns_of_text() -> PlacedPage:
    lines = [(line, x, 100 + 14 * n) for x in (80, 330) for n, line in enumerate(PROSE * 3)]
    return place(glyph for line in lines for glyph in write(*line))


def _contents() -> PlacedPage:
    entries = [*write("目录", 280, 80)]
    for n, name in enumerate("一二三四五六七八"):
        entries += write(f"{name}、{'工作情况' * (n % 3 + 1)}", 80, 120 + 20 * n)
        entries += write("." * (30 + n), 250, 120 + 20 * n) + write(str(n + 1), 480, 120 + 20 * n)
    return place(entries)


def _contents_without_leaders() -> PlacedPage:
    names = [f"{n}、{'工作情况' * (k % 3 + 1)}" for k, n in enumerate("一二三四五六七八")]
    return place(write_rows([[name, str(2 * n + 1)] for n, name in enumerate(names)], (80, 400, 480)))


def _numbered_list() -> PlacedPage:
    items = [(f"{n}.", f"受理第{n}号投诉，罚款{n}00元。") for n in range(1, 20)]
    return place(write_rows(items, (80, 120, 500), align="left"))


def _box() -> PlacedPage:
    glyphs = [glyph for n, line in enumerate(PROSE) for glyph in write(line, 90, 120 + 14 * n)]
    return place(glyphs, [*rule_grid(1, (80, 400), 100), across(280, 80, 400), down(80, 100, 280), down(400, 100, 280)])


def _signature() -> PlacedPage:
    glyphs = write("负责人：王芳", 80, 120) + write("审核：李明", 250, 120) + write("制表：张伟", 400, 120)
    return place(glyphs + write("东丽区司法局", 400, 150) + write("2023年12月31日", 390, 170))


def _justified() -> PlacedPage:
    lines = [
        "2023年  全区  共办理  案件 129 件",
        "其中  行政处罚  案件 91  件，罚没",
        "款  93.7 万元，  办结 率 98.5%，",
    ]
    return place(glyph for n, line in enumerate(lines * 4) for glyph in write(line, 80, 120 + 14 * n))


def _title_page() -> PlacedPage:
    glyphs = write("青山市统计年鉴", 150, 200, 30) + write("2023", 260, 260, 30)
    return place(glyphs + write("编号：  12", 80, 60) + write("密级：  公开", 400, 60) + write("2023年12月", 260, 700))


@pytest.mark.parametrize(
    "page",
    [
        _columns_of_text(),
        _contents(),
        _contents_without_leaders(),
        _numbered_list(),
        _box(),
        _signature(),
        _justified(),
        _title_page(),
    ],
    ids=["columns", "contents", "contents-gaps", "list", "box", "signature", "justified", "title"],
)
def test_what_is_not_a_table_is_text(page: PlacedPage) -> None:
    """Columns of text, contents, lists, boxes, signatures, justified text and title pages are not tables."""
    blocks = read(page)
    assert tables(blocks) == []
    printed = sorted(glyph.text for glyph in page.glyphs if not glyph.text.isspace())
    assert sorted("".join("".join(block.text for block in blocks).split())) == printed


# Limits


def test_a_page_with_too_many_rules_is_read_in_bounded_time() -> None:
    """A page with a drawing of 100,000 rules is read. Its table is found by white space.

    Together with a page of 20,000 such rules, this takes less than ten seconds of CPU time.
    """
    generator = random.Random(3)  # noqa: S311 - not security-relevant
    rules = [
        Rule(x, y, x + generator.choice([0, 40]), y + 40)
        for x, y in ((generator.uniform(0, 550), generator.uniform(0, 800)) for _ in range(100_000))
    ]
    page = place(write_rows(ROWS), rules)
    start = time.process_time()
    blocks = read(page)
    read(replace(page, rules=rules[:20_000]))
    assert time.process_time() - start < 10
    assert "95,585.30" in "".join("".join(map(show, row)) for t in blocks if t.table for row in t.table.rows)


def test_pages_of_figures_are_read_fast() -> None:
    """A page of 6,000 figures is read in less than three seconds of CPU time."""
    glyphs = [glyph for r in range(300) for c in range(20) for glyph in write("123", 20 + 28 * c, 20 + 2.6 * r, 2)]
    start = time.process_time()
    read(place(glyphs))
    assert time.process_time() - start < 3


def test_find_rulings_ignores_underlines() -> None:
    """A line under text in a cell is not a rule of the grid, but a bar: a rule that touches no vertical rule."""
    rulings = find_rulings([*rule_grid(3), across(TOP + 15, 90, 120)], SIZE)
    assert [len(grid.rows) for grid in rulings.grids] == [4]
    assert [bar.height for bar in rulings.bars] == [TOP + 15]


# Files


def test_paths_of_a_pdf_are_rules() -> None:
    """Rules are found in transformed paths of many segments, filled rectangles and forms. A grey area is no rule."""
    pdf = pytest.importorskip("searchkit.corpus.formats.pdf", reason="the extra that reads PDF is not installed")
    canvas = pytest.importorskip("reportlab.pdfgen.canvas", reason="reportlab is not installed")
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    file = io.BytesIO()
    page = canvas.Canvas(file, pagesize=(WIDTH, HEIGHT), invariant=1)
    for kind in ("path", "areas", "form"):
        page.setFillGray(0.9)
        page.rect(EDGES[0], HEIGHT - TOP - LEADING, 220, LEADING, stroke=0, fill=1)
        page.setFillGray(0)
        if kind == "form":
            page.beginForm(kind)
        page.saveState()
        page.translate(0, HEIGHT)
        page.scale(0.5, -0.5)
        path = page.beginPath()
        for rule in rule_grid(len(ROWS)):
            if kind == "areas":
                path.rect(
                    2 * rule.left, 2 * rule.top, 2 * (rule.right - rule.left) + 1, 2 * (rule.bottom - rule.top) + 1
                )
            else:
                path.moveTo(2 * rule.left, 2 * rule.top)
                path.lineTo(2 * rule.right, 2 * rule.bottom)
        page.drawPath(path, stroke=kind != "areas", fill=kind == "areas")
        page.restoreState()
        if kind == "form":
            page.endForm()
            page.doForm(kind)
        page.setFont("STSong-Light", SIZE)
        for r, row in enumerate(ROWS):
            for c, text in enumerate(row):
                page.drawString(EDGES[c] + 3, HEIGHT - TOP - LEADING * r - 14, text)
        page.drawString(LEFT, 400, END)
        page.showPage()
    page.save()
    (document,) = pdf.read(file.getvalue(), "a.pdf").documents
    assert tables(document.blocks) == [ROWS] * 3


def test_a_raw_table_has_no_stated_header() -> None:
    """The reader states no header for a table with figures: recognition finds it."""
    (table,) = [block.table for block in read(place(write_rows(ROWS), rule_grid(len(ROWS)))) if block.table]
    assert isinstance(table, RawTable)
    assert table.header_rows is None
