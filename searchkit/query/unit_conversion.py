"""Conversion of units: units that count the same things (件, 起), factors (亩, 公顷), and scales (万元).

`data/measure_units.toml` lists the units that are found in reports.
"""

from __future__ import annotations

from searchkit.model import Measure
from searchkit.text.numerals import SCALES, format_scale, parse_scale

_UNIT_FAMILIES = (
    ("件", "起", "宗"),
    ("人", "名", "位"),
    ("户", "家"),
    ("户次", "家次"),
    ("次", "场", "场次"),
    ("辆", "台"),
    ("公里", "千米"),
    ("平方公里", "平方千米"),
    ("公斤", "千克"),
    ("微克/立方米", "微克每立方米", "微克/每立方米"),
)
"""Units that count the same things: 立案129件 in one report is 立案129起 in another."""
_FAMILY_OF_UNIT = {unit: family[0] for family in _UNIT_FAMILIES for unit in family}
"""First unit of the family of each unit."""
_CONVERTIBLE_UNITS: tuple[dict[str, float], ...] = (
    {"克": 0.001, "千克": 1, "公斤": 1, "斤": 0.5, "吨": 1000},
    {"米": 1, "千米": 1000, "公里": 1000, "里": 500},
    {"平方米": 1, "亩": 10000 / 15, "公顷": 10000, "平方公里": 1_000_000, "平方千米": 1_000_000},
    {"千瓦时": 1, "度": 1},
    {"千瓦": 1, "兆瓦": 1000},
    {"小时": 1, "分钟": 1 / 60},
    *(dict.fromkeys(family, 1.0) for family in _UNIT_FAMILIES),
)
"""Groups of base units that can be converted to each other. Each value is the size of the unit in a common unit."""
PEOPLE_UNITS = {"人", "名", "位", "人次"}
"""Units of people. A person can belong to several parts: 100人，其中党员80人、女性50人."""


def unit_family(base_unit: str | None) -> str:
    """Return the first unit of the family of a base unit: 件 for 件, 起 and 宗.

    A unit without a family is returned unchanged, and None as "".
    """
    return _FAMILY_OF_UNIT.get(base_unit or "", base_unit or "")


def convertible_units(base_unit: str) -> dict[str, float]:
    """Return the base units that can be converted to `base_unit`, itself included, each with its value in `base_unit`.

    For 吨: 斤 is 0.0005. Units that count the same things have the value 1.
    """
    values = next((units for units in _CONVERTIBLE_UNITS if base_unit in units), {base_unit: 1})
    return {unit: value / values[base_unit] for unit, value in values.items()}


def unit_scale(measure: Measure) -> int:
    """Return the number of base units in the unit of a measure: 10000 for 万元, and for 万 without a unit (161.5万)."""
    return scale_of(measure.unit, measure.base_unit)


def scale_of(unit: str | None, base_unit: str | None) -> int:
    """Return the number of base units in a unit, as `unit_scale` does."""
    name = (unit or "").removesuffix(base_unit or "")
    return parse_scale(name) if SCALES.keys() >= set(name) else 1


def scaled_unit(base_unit: str | None, scale: int) -> str | None:
    """Return a base unit with the name of a scale before it: 万元 for 元 and 10000, 万 for None and 10000.

    Returns None for None and 1.
    """
    return format_scale(scale) + (base_unit or "") or None
