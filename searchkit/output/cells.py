"""The text of cells: fields of records, and cells of a comparison with their marks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from searchkit.text.characters import sanitize

if TYPE_CHECKING:
    from searchkit.compare.comparison import Cell, CellValue

CELL_MARKS = {
    "missing": ("—", "no report 无报告"),
    "silent": ("·", "report without such a measure 报告未提及"),
    "conflict": ("≠", "reports disagree, or one contradicts itself 数据不一致"),
    "approx": ("约", "about"),
    "at_least": ("≥", "at least"),
    "at_most": ("≤", "at most"),
    "unit": ("†", "counted in another unit 单位不同"),
    "period": ("‡", "not of the reporting year 非报告年度"),
}
"""Marks in the cells of a comparison, each with its explanation. The names are statuses of cells (`missing`, `silent`,
`conflict`), bounds of measures, and properties of values (`unit`, `period`)."""


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


def cell_text(cell: Cell, unit: str | None, footnotes: dict[int, int] | None = None) -> str:
    """Return the text of a cell: its values with their marks, such as `129 ≠ 130`, or the mark of an empty cell.

    `unit` is the unit of the table. `footnotes` maps the `id()` of a value to the number of its footnote.
    """
    if not cell.values:
        return CELL_MARKS[cell.status][0]
    separator = f" {CELL_MARKS['conflict'][0]} "
    return separator.join(_cell_value_text(value, unit, footnotes or {}) for value in cell.values)


def mark_names(value: CellValue) -> list[str]:
    """Return the names of the marks of a value: its bound unless it is exact, `unit`, `period`."""
    bound = [value.bound] if value.bound in CELL_MARKS else []
    return [*bound, *["unit"] * value.has_other_unit, *["period"] * value.has_other_period]


def _cell_value_text(value: CellValue, unit: str | None, footnotes: dict[int, int]) -> str:
    """Return a value with its marks, its unit if the table has another one, and its footnote: `≥9 户†‡ [2]`."""
    names = mark_names(value)
    before = "".join(CELL_MARKS[name][0] for name in names if name not in {"unit", "period"})
    after = "".join(CELL_MARKS[name][0] for name in names if name in {"unit", "period"})
    other_unit = f" {value.unit}" if value.unit and value.unit != unit else ""
    footnote = f" [{footnotes[id(value)]}]" if id(value) in footnotes else ""
    return f"{before}{number_text(value.value)}{other_unit}{after}{footnote}"


def number_text(value: float) -> str:
    """Return a number in decimal notation with at most 10 decimals: 0.0000001, not 1e-07."""
    return f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
