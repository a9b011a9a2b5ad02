"""The text of cells: fields of records, and cells of a comparison with their marks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from searchkit.text.characters import sanitize

if TYPE_CHECKING:
    from searchkit.compare.table import Cell, CellValue

CELL_MARKS = {
    "missing": ("—", "no report 无报告"),
    "silent": ("·", "report without such a measure 报告未提及"),
    "conflict": ("≠", "reports disagree, or one contradicts itself 数据不一致"),
    "several": ("※", "several places or bodies 多个地区或单位"),
    "target": ("目标", "planned"),
    "cumulative": ("累计", "total or mean of several years"),
    "part": ("部分", "part of the year"),
    "near": ("近似", "similar indicator"),
    "approx": ("约", "about"),
    "at_least": ("≥", "at least"),
    "at_most": ("≤", "at most"),
    "unit": ("†", "counted in another unit 单位不同"),
    "other_report": ("‡", "from a report on another year 取自其他年度报告"),
    "before": ("§", "value before a change 变动前数值"),
    "revised": ("*", "a later report differs 后续报告有修订"),
    "others": ("+", "also another value of this name 另有同名数值"),
}
"""Marks in the cells of a comparison, each with its explanation. The names are states of cells (`missing`, `silent`,
`conflict`, `several`, `near`; `cumulative` and `part` for `cumulative_only` and `part_only`), bounds of measures, and
properties of values and cells."""
MARKS_AFTER = ("unit", "other_report", "before", "revised", "others")
"""Names of the marks that follow a value. The other marks precede it, with two exceptions: `conflict` stands between
values, and `missing`, `silent` and `several` stand in place of values."""


def value_text(value: object) -> str:
    """Return the value of a record's field as text: None is empty, lists are `a / b`, mappings are `name=a; other=b`.

    Control characters are replaced, except tabs and line feeds.
    """
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return " / ".join(value_text(item) for item in value)
    if isinstance(value, Mapping):
        return "; ".join(f"{value_text(name)}={value_text(item)}" for name, item in value.items())
    return sanitize(str(value))


def single_line(text: str) -> str:
    """Replace each run of tabs and line feeds by a space."""
    return re.sub(r"[\t\n]+", " ", text)


def cell_text(cell: Cell, unit: str | None, footnotes: Mapping[int, int] | None = None) -> str:
    """Return the text of a cell: its values with their marks, such as `129 ≠ 130`, then its target and their ratio.

    The year of a value follows it, unless that is the row or the column: `129 (2022)`.

    A cell without values and target has the mark of its state. A cell of several places or bodies has a mark, the
    number of these places and bodies, and the numbers of the first and the last footnote.

    `unit` is the unit of the table. `footnotes` maps the `id()` of a value to the number of its footnote.
    """
    notes = footnotes or {}
    if not cell.values and cell.target is None:
        return CELL_MARKS[cell.state][0]
    if cell.state == "several":
        numbers = [notes[id(value)] for value in cell.values if id(value) in notes]
        note = f" [{numbers[0]}–{numbers[-1]}]" if numbers else ""
        return f"{CELL_MARKS['several'][0]}{len(cell.sources)}{note}"
    after = "".join(CELL_MARKS[name][0] for name in cell_mark_names(cell))
    separator = f" {CELL_MARKS['conflict'][0]} "
    texts = [
        _cell_value_text(value, unit, notes, cell.state, "" if n else after) + cell.year_text(value)
        for n, value in enumerate(cell.values)
    ]
    text = separator.join(texts) or CELL_MARKS["silent"][0]
    if cell.target is None or cell.target in cell.values:
        return text
    ratio = "" if cell.ratio is None else f" ({number_text(round(cell.ratio * 100, 1))}%)"
    return f"{text} / {_cell_value_text(cell.target, unit, notes, 'value')}{ratio}"


def cell_mark_names(cell: Cell) -> list[str]:
    """Return the names of the marks of a cell that hold for all of its values: `revised`, `others`."""
    return [*["revised"] * bool(cell.revised), *["others"] * bool(cell.others)]


def mark_names(value: CellValue, state: str) -> list[str]:
    """Return the names of the marks of a value in a cell with a state, those before the value first."""
    names = {"near": state == "near", "cumulative": state == "cumulative_only", "part": state == "part_only"}
    names |= {"target": value.first.status == "target", value.bound: value.bound in CELL_MARKS}
    names |= {"unit": value.has_other_unit, value.origin: value.origin in CELL_MARKS}
    return [name for name in CELL_MARKS if names.get(name)]


def _cell_value_text(
    value: CellValue, unit: str | None, footnotes: Mapping[int, int], state: str, after: str = ""
) -> str:
    """Return a value with its marks, its unit if the table has another one, and its footnote: `≥9 户†‡ [2]`.

    `after` are the marks of the cell.
    """
    names = mark_names(value, state)
    before = "".join(CELL_MARKS[name][0] for name in names if name not in MARKS_AFTER)
    after = "".join(CELL_MARKS[name][0] for name in names if name in MARKS_AFTER) + after
    other_unit = f" {value.unit}" if value.unit and value.unit != unit else ""
    footnote = f" [{footnotes[id(value)]}]" if id(value) in footnotes else ""
    return f"{before}{number_text(value.value)}{other_unit}{after}{footnote}"


def number_text(value: float) -> str:
    """Return a number in decimal notation with at most 10 decimals: 0.0000001, not 1e-07."""
    return f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
