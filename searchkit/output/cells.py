"""What stands in a cell: of any table, and of a comparison with its marks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from searchkit.text.characters import safe

if TYPE_CHECKING:
    from searchkit.compare.comparison import Cell, CellValue

MARKS = {
    "missing": ("—", "no report 无报告"),
    "silent": ("·", "report without such a measure 报告未提及"),
    "conflict": ("≠", "reports disagree, or one contradicts itself 数据不一致"),
    "approx": ("约", "about"),
    "at_least": ("≥", "at least"),
    "at_most": ("≤", "at most"),
    "unit": ("†", "counted in another unit 单位不同"),
    "period": ("‡", "not of the reporting year 非报告年度"),
}
"""What stands in cells besides numbers, and what it means."""


def plain(value: object) -> str:
    """A value of a record as text."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return " / ".join(plain(item) for item in value)
    if isinstance(value, Mapping):
        return "; ".join(f"{plain(name)}={plain(item)}" for name, item in value.items())
    return safe(str(value))


def one_line(cell: str) -> str:
    """A text without tabs and line ends."""
    return re.sub(r"[\t\n]+", " ", cell)


def cell_text(cell: Cell, unit: str | None, notes: dict[int, int] | None = None) -> str:
    """What stands in a cell: its values with their marks, the conflict mark between values that contradict each other.

    `notes`: numbers of footnotes by the `id` of a reading.
    """
    if not cell.readings:
        return MARKS[cell.status][0]
    return f" {MARKS['conflict'][0]} ".join(_value(reading, unit, notes or {}) for reading in cell.readings)


def marks_of(reading: CellValue) -> list[str]:
    """Names of the marks that a reading bears, in the order of `MARKS`."""
    bound = [reading.first.bound] if reading.first.bound in MARKS else []
    return [*bound, *["unit"] * reading.is_other_unit, *["period"] * reading.is_other_period]


def _value(reading: CellValue, unit: str | None, notes: dict[int, int]) -> str:
    names = marks_of(reading)
    before = "".join(MARKS[name][0] for name in names if name not in {"unit", "period"})
    after = "".join(MARKS[name][0] for name in names if name in {"unit", "period"})
    own = f" {reading.unit}" if reading.unit and reading.unit != unit else ""
    note = f" [{notes[id(reading)]}]" if id(reading) in notes else ""
    return f"{before}{number_text(reading.value)}{own}{after}{note}"


def number_text(value: float) -> str:
    """A number in decimal digits: 0.0000001, where Python writes 1e-07."""
    return f"{value:.10f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
