"""Contradictions in tables: totals, rates, and the prose around them."""

from __future__ import annotations

from pathlib import Path

import pytest

import searchkit

HEADER = "| 街道 | 收件（件） | 办结（件） |\n|---|---|---|\n"


def audit(tmp_path: Path, text: str) -> list[tuple[str, str]]:
    """Return kind and message of each contradiction that the audit finds in a Markdown report with this text."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.md").write_text(
        f"# 甲市2023年行政复议工作报告\n\n## 一、复议\n\n{text}\n", encoding="utf-8"
    )
    searchkit.build(tmp_path / "corpus", tmp_path / "index")
    with searchkit.open(tmp_path / "index") as index:
        return [(finding.kind, finding.message) for finding in index.audit()]


def markdown_table(*rows: str, header: str = HEADER) -> str:
    """Return a table in Markdown. A blank separates the cells of a row."""
    return header + "\n".join(f"| {row.replace(' ', ' | ')} |" for row in rows)


@pytest.mark.parametrize(
    ("table", "wrong"),
    [
        (markdown_table("东风 10 9", "西关 6 6", "合计 16 15"), []),
        (
            markdown_table("东风 10 9", "西关 6 6", "合计 16 14"),
            ["合计 × 办结（件）: the parts add up to 15件, not 14件"],
        ),
        (markdown_table("东风 10 9", "西关 6 6", "合计 17 14"), ["合计 × 收件（件）", "合计 × 办结（件）"]),
        (markdown_table("合计 16 14", "东风 10 9", "西关 6 6"), ["合计 × 办结（件）"]),  # the total is above the parts
        (markdown_table("东风 10 9", "西关 — 6", "合计 10 16"), ["合计 × 办结（件）"]),  # a dash is zero
        (markdown_table("东风 10 9", "西关 … 6", "北关 2 1", "合计 15 16"), []),  # the number exists but is not printed
        (markdown_table("东风 10 9", "西关 6 6", "其中：夜间 4 4", "合计 16 15"), []),
        (markdown_table("东风 约10 9", "西关 6 6", "合计 17 15"), []),  # 约10 is not exact
        (
            markdown_table("工业 100 50", "轻工业 60 30", "重工业 40 20", "农业 10 5", "合计 110 55"),
            [],
        ),  # 轻工业 and 重工业 are parts of 工业
        (markdown_table("东风 10 9", "西关 6 6", "全区 40 30"), []),  # the table need not contain all parts of 全区
        (markdown_table("东风 10 9", "西关 6 6", "平均 8 7.5"), []),
    ],
)
def test_totals_of_columns_are_checked(tmp_path: Path, table: str, wrong: list[str]) -> None:
    """A total is compared with the sum of the rows above or below it. `wrong`: part of the message of each finding."""
    findings = audit(tmp_path, table)
    assert len(findings) == len(wrong)
    assert all(kind == "parts" and text in message for (kind, message), text in zip(findings, wrong, strict=True))


def test_totals_of_rows_are_checked(tmp_path: Path) -> None:
    """A total is compared with the sum of the columns before it."""
    header = "| 街道 | 一季度 | 二季度 | 合计 |\n|---|---|---|---|\n"
    table = markdown_table("东风 1 2 3", "西关 4 5 8", "南关 2 2 4", header=header)
    ((kind, message),) = audit(tmp_path, f"单位：件\n\n{table}")
    assert (kind, message) == ("parts", "table 1, 西关 × 合计: the parts add up to 9件, not 8件")


def test_rounded_values_may_differ_by_their_rounding(tmp_path: Path) -> None:
    """The sum of 10.1 and 20.2, which are rounded, can be 30.4, but not 30.6."""
    header = "| 街道 | 收入（万元） | 支出（万元） |\n|---|---|---|\n"
    findings = audit(tmp_path, markdown_table("东风 10.1 10.1", "西关 20.2 20.2", "合计 30.4 30.6", header=header))
    assert [message for _, message in findings] == [
        "table 1, 合计 × 支出（万元）: the parts add up to 30.3万元, not 30.6万元"
    ]


def test_the_message_of_a_wrong_total_is_in_its_unit(tmp_path: Path) -> None:
    """A total of 165千公顷 is not called 165000千公顷. Values in 千公顷 are rounded to 千公顷."""
    header = "| 作物 | 面积（千公顷） | 产量（百万吨） |\n|---|---|---|\n"
    rows = ("粮食 120 120", "棉花 30 30", "油料 15 15", "合计 166 176")
    assert [message for _, message in audit(tmp_path, markdown_table(*rows, header=header))] == [
        "table 1, 合计 × 产量（百万吨）: the parts add up to 165百万吨, not 176百万吨"
    ]


@pytest.mark.parametrize(
    ("header", "rows", "wrong"),
    [
        ("收件（件） 占比", "东风 10 50%|西关 6 30%|南关 4 25%|合计 20 100%", "南关 × 占比: … 20%"),
        (
            "收件（件） 占比",
            "甲 12 60%|其中：乙 8 40%|丙 8 30%|合计 20 100%",
            "丙 × 占比: … 40%",
        ),  # all percentages are shares in the outer total
        ("收件（件） 办结（件） 办结率（%）", "东风 10 9 90|西关 6 6 100|南关 4 3 85", "南关 × 办结率（%）: … 75%"),
        ("收件（件） 办结（件） 满意率（%）", "东风 10 9 90|西关 6 6 100|南关 4 3 85", None),  # no column is named 满意
        ("2022年（件） 2023年（件） 增长（%）", "东风 10 12 20|西关 8 6 -25|南关 4 5 52", "南关 × 增长（%）: … 25%"),
        ("收件（件） 占比", "东风 10 33.3%|西关 10 33.3%|南关 10 33.4%|合计 30 100%", None),  # 33.4% makes the sum 100%
        ("收件（件） 占比", "东风 10 11%|西关 6 12%|南关 4 13%|合计 20 14%", None),  # shares in something else
    ],
)
def test_rates_are_compared_with_the_values_of_the_table(
    tmp_path: Path, header: str, rows: str, wrong: str | None
) -> None:
    """A percentage is wrong if most percentages of its column equal a quotient of two values, but this one does not.

    In `header` and in each row of `rows`, a blank separates cells; | separates the rows. `header` leaves out the first
    column, 街道. `wrong` is the message about the wrong percentage up to the right value, with … for words in its
    middle.
    """
    names = header.split()
    table = markdown_table(*rows.split("|"), header=f"| 街道 | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}\n")
    messages = [message for kind, message in audit(tmp_path, table) if kind == "rate"]
    expected = [] if wrong is None else [f"table 1, {wrong.replace('…', 'the values of the table give')}"]
    assert [message.rpartition(", not")[0] for message in messages] == expected


@pytest.mark.parametrize(
    ("prose", "wrong"),
    [
        ("全市收件共16件，办结15件。", 0),
        ("全市收件共19件，办结15件。", 1),
        ("全市收件共19件，办结13件。", 2),
        ("其中东风收件10件。", 0),
        ("其中东风收件11件。", 1),
        ("2022年收件12件。", 0),  # another year
        ("收件约20件。", 0),
        ("培训19人。", 0),
    ],
)
@pytest.mark.parametrize("is_before", [False, True])
def test_prose_around_a_table_is_compared_with_it(tmp_path: Path, prose: str, wrong: int, *, is_before: bool) -> None:
    """A value of a sentence is compared with the total, or with the row that its clause names.

    `wrong`: number of findings.
    """
    table = markdown_table("东风 10 9", "西关 6 6", "合计 16 15")
    findings = audit(tmp_path, f"{prose}\n\n{table}" if is_before else f"{table}\n\n{prose}")
    assert [kind for kind, _ in findings] == ["conflict"] * wrong
