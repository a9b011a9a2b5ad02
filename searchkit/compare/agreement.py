"""When two measures speak of the same thing, and when they say the same: by the wording, the unit and the rounding."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from searchkit.model import Measure
from searchkit.text.folding import fold
from searchkit.text.numerals import SCALES

_UNITS_ALIKE = (
    ("件", "起", "宗"),
    ("人", "名", "位"),
    ("户", "家"),
    ("户次", "家次"),
    ("次", "场", "场次"),
    ("辆", "台"),
)
"""Classifiers that Chinese uses for the same things: 立案129件 is what another report calls 立案129起."""
_FIRST_ALIKE = {unit: family[0] for family in _UNITS_ALIKE for unit in family}
_POWERS = {name: prod(map(SCALES.__getitem__, name)) for name in ("", "万", "亿", "万亿")}

_AT_HEAD = re.compile("^(?:依法|积极|全年|年内|累计|总共|共计|合计|共|组织|开展|进行|实施|新增加?(?=了))+")
_ANYWHERE = re.compile("各类|各项|各种|[^\\w、 ]|_|了")
_AT_END = re.compile("(?<=..)(?:总数量|总数|总量|数量|总计|合计|共计|情况|工作|案件|事项)+$")

_MEANS = re.compile("[人户月日年单]均|平均")
_JOINT, _OTHER_HEAD, _SAME_HEAD, _OTHER_MEAN = 0.7, 0.5, 0.5, 0.4
_REMAINDER = 1e-9
"""Share of a value that adding up floating point numbers may lose."""
_LOOSE = 0.1
"""How far above 1300余 the real number is taken to be at the most, as a share; 约 is near by half of that."""


@dataclass(frozen=True, slots=True)
class Wording:
    """An indicator without what says nothing of it: marks, 各类, 共计, 开展 …; equal ones count the same thing."""

    text: str
    """Its parts in the order of their characters, so that 处罚 立案 is 立案 处罚."""
    characters: frozenset[str]
    pairs: frozenset[str]
    """Characters that stand beside each other."""
    head: str
    """The last part, which says what is counted of the others: 维持 in 行政复议 维持."""
    is_joint: bool
    """Several things are counted together (行政复议、行政诉讼)."""
    mean: str
    """What it is a mean over (人均), or nothing: a mean is never near its total."""


@lru_cache(maxsize=65_536)
def wording(indicator: str) -> Wording:
    """The wording of an indicator. Cost: about 10 µs, nothing for one that was asked for before."""
    parts = [_AT_END.sub("", _AT_HEAD.sub("", part)) for part in _ANYWHERE.sub("", fold(indicator)).split()]
    parts = list(filter(None, parts)) or [fold(indicator)]
    pieces = [piece for part in parts for piece in part.split("、")]
    pairs = frozenset(piece[i : i + 2] for piece in pieces for i in range(len(piece) - 1))
    is_joint = any("、" in part for part in parts)
    mean = _MEANS.search(indicator)
    text = " ".join(sorted(parts))
    return Wording(text, frozenset("".join(pieces)), pairs, parts[-1], is_joint, mean[0] if mean else "")


def likeness(one: Wording, other: Wording) -> float:
    """How much two wordings are the same: 1 when equal, 0 with no character in common.

    The mean of the Dice coefficients of characters and of pairs; less when only one of them joins several things, and
    by half when their heads have nothing in common; 0.5 at least when one is the head of the other; and a mean is
    never much like a total.
    """
    if one.text == other.text:
        return 1.0
    alike = _dice(one.characters, other.characters)
    if one.pairs and other.pairs:
        alike = (alike + _dice(one.pairs, other.pairs)) / 2
    if one.is_joint != other.is_joint:
        alike *= _JOINT
    if not set(one.head) & set(other.head):
        alike *= _OTHER_HEAD
    if one.head == other.text or other.head == one.text:
        alike = max(alike, _SAME_HEAD)
    return alike if one.mean == other.mean else alike * _OTHER_MEAN


def unit_family(base_unit: str | None) -> str:
    """What stands for a base unit and those that count the same things (件, 起, 宗 → 件); "" for none."""
    return _FIRST_ALIKE.get(base_unit or "", base_unit or "")


def power_of(measure: Measure) -> int:
    """How many of its base unit the unit of a measure is: 10000 for 万元."""
    if not measure.unit or not measure.base_unit:
        return 1
    return _POWERS.get(measure.unit.removesuffix(measure.base_unit), 1)


def power_named(power: int) -> str:
    """The word for a power that `power_of` gives: 万 for 10000."""
    return next(name for name, value in _POWERS.items() if value == power)


def precision(measure: Measure) -> float:
    """One unit of the last digit that was printed, as a base value: 100 for 93.72万元."""
    _, _, decimals = f"{measure.value}".partition(".")
    exponent = 0 if "e" in decimals else len(decimals)
    return float(power_of(measure) / 10**exponent)


def same_value(one: Measure, other: Measure) -> bool:
    """Whether both can be true of one thing: equal, equal when rounded alike, or within what 约, 余, 以下 leave."""
    low, high = value_range(one)
    other_low, other_high = value_range(other)
    slack = _REMAINDER * max(abs(one.base_value), abs(other.base_value))
    return low <= other_high + slack and other_low <= high + slack


def value_range(measure: Measure) -> tuple[float, float]:
    """From where to where the real base value can be. A printed whole number of a base unit is what it says."""
    value, step = measure.base_value, precision(measure)
    half = 0.0 if step == 1 and power_of(measure) == 1 else step / 2
    low, high = value - half, value + half
    if measure.bound == "approx":
        return low - value * _LOOSE / 2, high + value * _LOOSE / 2
    if measure.bound == "at_least":
        return value, max(high, value * (1 + _LOOSE))
    if measure.bound == "at_most":
        return min(low, value * (1 - _LOOSE)), value
    return low, high


def is_other_period(measure: Measure) -> bool:
    """Whether a measure is of another time than the reporting year."""
    own = rf"(?:{measure.year}年?|[全今本]年度?|年内)(?:度|全年|底)?"
    return measure.period is not None and not re.fullmatch(own, measure.period)


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / ((len(one) + len(other)) or 1)
