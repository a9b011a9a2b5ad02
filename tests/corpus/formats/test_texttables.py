"""Tables in plain text: columns separated by tabs or bars, or aligned by blanks."""

from __future__ import annotations

import time

import pytest

from searchkit.corpus.formats import text


def shown(content: str) -> list[object]:
    """Return the blocks of a text: lines, and the texts of the cells of tables. Empty lines are left out."""
    (document,) = text.read(content.encode(), "a.txt").documents
    return [
        [[cell.text for cell in row] for row in block.table.rows] if block.table else block.text
        for block in document.blocks
        if block.table or block.text
    ]


def test_lines_with_tabs_are_a_table() -> None:
    """Lines with the same number of tabs are rows. The lines around them stay lines."""
    assert shown("各街道如下：\n\t2021年\t2022年\n立案\t1,234\t—\n结案\t\t4\n二、存在的问题\n") == [
        "各街道如下：",
        [["", "2021年", "2022年"], ["立案", "1,234", "—"], ["结案", "", "4"]],
        "二、存在的问题",
    ]


@pytest.mark.parametrize(
    "content",
    [
        "街道      收件\n--------------\n东风街道    10\n西关街道   111\n==============\n",
        "+--------+----+\n| 街道   |收件|\n+--------+----+\n|东风街道|10  |\n|西关街道|111 |\n+--------+----+\n",
        "┌────┬────┐\n│街道│收件│\n├────┼────┤\n│东风街道│10│\n│西关街道│111│\n└────┴────┘\n",
    ],
)
def test_rules_and_bars_are_not_text(content: str) -> None:
    """Rules between rows and bars between cells are not in the cells. Lines of bars without texts are not a table."""
    assert shown(f"各街道如下：\n{content}完。\n") == [
        "各街道如下：",
        [["街道", "收件"], ["东风街道", "10"], ["西关街道", "111"]],
        "完。",
    ]
    assert len(shown("| | |\n" * 5)) == 5


def test_another_number_of_columns_is_another_table() -> None:
    """Adjacent tables with different numbers of columns are two tables."""
    assert len(shown("a\tb\n甲\t1\n乙\t2\na\tb\tc\n甲\t1\t2\n乙\t3\t4\n")) == 2


def test_aligned_columns_are_a_table() -> None:
    """A full-width character has the width of two others. The blank in 王　芳 separates no cells."""
    assert shown("街道      收件\n东风街道    10\n西关街道   111\n合计       121\n") == [
        [["街道", "收件"], ["东风街道", "10"], ["西关街道", "111"], ["合计", "121"]]
    ]
    assert shown("姓　名  件数\n王　芳     1\n李　四    12\n") == [[["姓 名", "件数"], ["王 芳", "1"], ["李 四", "12"]]]


@pytest.mark.parametrize(
    "content",
    [
        "\t一是加强领导\n\t二是推进改革\n\t三是狠抓落实\n",
        "　　一、\t甲\n　　二、\t乙\n　　三、\t丙\n",
        "1\t加强领导\n2\t推进改革\n3\t狠抓落实\n",
        "一、概况\t1\n二、工作\t3\n三、问题\t7\n",
        "目录\n概况\t1\n工作\t3\n问题\t7\n",
        "一、概况        1\n二、工作        3\n三、问题        7\n",
        "联系人：\t王芳\n电话：\t2345678\n日期：\t5月1日\n",
        "签发人：王　芳    2023年\n审核：张　三      2023年\n联系人：李　四    2023年\n",
        "天津市司法局      \n      2023年1月5日\n",
        "甲\t1\n乙\t2\n",
        "全年立案  12件。\n全年结案  11件。\n全年罚款  10元。\n",
        "王　芳\n李　四\n张　三\n",
    ],
)
def test_other_lines_stay_lines(content: str) -> None:
    """Indentation, lists, tables of contents, labels, signatures, sentences and two rows are not tables."""
    assert shown(content) == content.splitlines()


def test_cost_is_linear() -> None:
    """Three files of half a million characters in rows with tabs or blanks take less than 20 seconds of CPU time."""
    start = time.process_time()
    for row in ("甲\t1\t2\n", "甲  1  2\n", "甲" + "  1" * 300 + "\n"):
        assert shown(row * (500_000 // len(row)))
    assert time.process_time() - start < 20


def test_tabs_can_align_columns() -> None:
    """Several tabs between two cells align the columns. Tabs at the end of a line may be missing."""
    aligned = "街道\t\t收件\t办结\n东风街道\t10\t9\n南湖新区街道\t12\t10\n"
    rows = [["街道", "收件", "办结"], ["东风街道", "10", "9"], ["南湖新区街道", "12", "10"]]
    assert shown(aligned) == [rows]
    assert shown("街道\t收件\t备注\n东风街道\t10\n西关街道\t11\n南湖街道\t12\t无\n") == [
        [["街道", "收件", "备注"], ["东风街道", "10", ""], ["西关街道", "11", ""], ["南湖街道", "12", "无"]]
    ]
