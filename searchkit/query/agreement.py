"""Agreement of measures: similar names, and equal values within rounding.

`compare.facts` decides which measures can contradict each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from searchkit.model import Measure
from searchkit.query.naming import MeasureName
from searchkit.query.unit_conversion import unit_scale

_MEAN_WORD = re.compile("[人户月日年单]均|平均")
"""Matches the word that makes a name a mean: 人均, 月均, 平均."""
_JOINT_FACTOR = 0.7
"""Factor of the similarity if only one of two names is joint. A joint name names several things: 行政复议、行政诉讼."""
_OTHER_HEAD_FACTOR = 0.5
"""Factor of the similarity if the heads of two names have no character in common. The head is the last part of a name:
维持 in 行政复议 维持."""
_NARROWED_FACTOR = 0.5
"""Factor of the similarity if a head narrows the other one (老旧小区改造 narrows 改造), or both narrow the same word
(老旧小区改造, 旧厂区改造)."""
_MIN_COMMON_END = 2
"""Minimum length of the word that two heads narrow, in code points."""
_LIGHT_WORDS = re.compile(
    "办理|查处|受理|处理|处置|查办|审理|审查|完成|实施|实现|作出|做出|下达|发放|制定|修订|出台|印发|提请|提交|举办|组织|开展|已|等|的|"
    "相关|有关|全部|总|新(?=[增建立开登注签收招投引认评培改扩办创]|设(?![备施]))"
)
"""Matches light words: they do not narrow a name, wherever they are in it (受理投诉 is 投诉). 新 is a light word only
before a verb: 新建住房, but not 新能源."""
_MIN_HEAD_SIMILARITY = 0.5
"""Smallest similarity of a name and its head (行政复议 维持, 维持), unless `_NARROWED_FACTOR` applies. Only
`_OTHER_MEAN_FACTOR` can make it smaller."""
_OTHER_MEAN_FACTOR = 0.4
"""Factor of the similarity if only one of two names is a mean, or both are different means, such as 人均 and
月均."""
_RELATIVE_TOLERANCE = 1e-9
"""Relative difference of two base values that rounding of floating-point numbers can cause."""
_BOUND_MARGIN = 0.1
"""Width of the range of an inexact value, relative to the value: 1300 to 1430 for 1300余, 1235 to 1365 for 约1300."""


_MAX_CACHED_NAMES = 1024
"""Number of names in the cache of `_features`, about 3 KB each, and in that of `_heavy_characters`. A look-up compares
a few names many times."""


@dataclass(frozen=True, slots=True)
class _Features:
    """The features of a name that its similarity to others depends on.

    A name has one or several parts (`MeasureName.parts`): 行政复议, 维持 for 行政复议 维持.
    """

    characters: frozenset[str]
    """Distinct characters of the parts, without 、."""
    bigrams: frozenset[str]
    """Pairs of adjacent characters of a part. A part is divided at 、."""
    head: str
    """The last part in the original order, which names the counted thing: 维持 in 行政复议 维持."""
    is_joint: bool
    """Whether several things are counted together (行政复议、行政诉讼)."""
    mean: str
    """The word that makes the name a mean (人均), or "". A mean is less similar to a total."""


@lru_cache(_MAX_CACHED_NAMES)
def _features(name: MeasureName) -> _Features:
    """Return the features of a name, cached. Cost: about 10 µs."""
    parts = name.parts or (name.text,)
    pieces = [piece for part in parts for piece in part.split("、")]
    bigrams = frozenset(piece[i : i + 2] for piece in pieces for i in range(len(piece) - 1))
    is_joint = any("、" in part for part in parts)
    mean = _MEAN_WORD.search(" ".join(parts))
    return _Features(frozenset("".join(pieces)), bigrams, parts[-1], is_joint, mean[0] if mean else "")


def is_same_measure(one: MeasureName, other: MeasureName) -> bool:
    """Return whether two names are those of the same measure: the same thing, and the same aspect of it.

    The aspect is the level, an addition or a change (`naming.Aspect`).
    """
    return one.text == other.text and one.aspect == other.aspect


def has_same_wording(one: MeasureName, other: MeasureName) -> bool:
    """Return whether two names are those of the same measure, or differ only by light words and order of characters.

    改造老旧住房 is 老旧住房改造, and 受理投诉 is 投诉. Both differences are accepted only if the index's list of names
    of measures (`naming.NameLists`) contains neither name.
    """
    if one.text == other.text or one.is_listed or other.is_listed:
        return is_same_measure(one, other)
    return one.aspect == other.aspect and _heavy_characters(one) == _heavy_characters(other)


@lru_cache(_MAX_CACHED_NAMES)
def _heavy_characters(name: MeasureName) -> str:
    """Return the sorted characters of a name without its light words, or of the name if it has only such words."""
    text = "".join(name.parts or (name.text,))
    return "".join(sorted(_LIGHT_WORDS.sub("", text) or text))


def name_similarity(one: MeasureName, other: MeasureName) -> float:
    """Return the similarity of two names of measures, from 0 to 1.

    It is 0 if their aspects differ. Otherwise it is `thing_similarity`.
    """
    if one.aspect != other.aspect:
        return 0.0
    return thing_similarity(one, other)


def thing_similarity(one: MeasureName, other: MeasureName) -> float:
    """Return the similarity of the things that two names name, from 0 to 1, whatever their aspects.

    It is 1 if the texts are equal. Otherwise it is 0 if one of the names is in the list of names, because no similar
    name stands for a listed one, or if they have no character in common.

    The similarity starts as the Dice coefficient of the characters. If both names have bigrams, it is the mean of that
    coefficient and the one of the bigrams. It is multiplied by 0.7 if only one of the names is joint, by 0.5 if their
    heads have no character in common, and by 0.5 if one of the heads narrows the other one, or both narrow the same
    word (旧厂区改造, 老旧小区改造, 改造). If no head narrows, but one name is the head of the other, the similarity
    becomes at least 0.5. Last, it is multiplied by 0.4 unless both names are means of the same kind or neither is a
    mean.
    """
    if one.text == other.text:
        return 1.0
    if one.is_listed or other.is_listed:
        return 0.0
    first, second = _features(one), _features(other)
    if first.characters.isdisjoint(second.characters):
        return 0.0
    similarity = _dice_coefficient(first.characters, second.characters)
    if first.bigrams and second.bigrams:
        similarity = (similarity + _dice_coefficient(first.bigrams, second.bigrams)) / 2
    if first.is_joint != second.is_joint:
        similarity *= _JOINT_FACTOR
    if not set(first.head) & set(second.head):
        similarity *= _OTHER_HEAD_FACTOR
    if _is_narrowed(first.head, second.head):
        similarity *= _NARROWED_FACTOR
    elif first.head == other.text or second.head == one.text:
        similarity = max(similarity, _MIN_HEAD_SIMILARITY)
    return similarity if first.mean == second.mean else similarity * _OTHER_MEAN_FACTOR


def _is_narrowed(one: str, other: str) -> bool:
    """Return whether two different heads have a common end, and what is before it differs by more than light words.

    The common end has at least `_MIN_COMMON_END` characters.
    """
    common = 0
    while common < min(len(one), len(other)) and one[-common - 1] == other[-common - 1]:
        common += 1
    if common < _MIN_COMMON_END or one == other:
        return False
    modifiers = (_LIGHT_WORDS.sub("", head[: len(head) - common]) for head in (one, other))
    return len(set(modifiers)) > 1


def precision(measure: Measure) -> float:
    """Return the base value of one unit of the last digit: 100 for 93.72万元, 1 for 129件.

    Zeros at the end of the decimals do not count, because the value is stored as a number: 93.70万元 is 93.7万元, with
    the precision 1000.
    """
    _, _, decimals = f"{measure.value}".partition(".")
    exponent = 0 if "e" in decimals else len(decimals)
    return float(unit_scale(measure) / 10**exponent)


def rounding_error(measures: Iterable[Measure]) -> float:
    """Return the maximum difference between the sum of the base values and the sum of the true values.

    Each value is rounded by at most half a unit of its last digit. A value whose last digit is one base unit (129件,
    1.2345万元) counts as not rounded, unless it is a percentage. The result includes 0.000001 for the errors of
    floating-point numbers.
    """
    steps = (precision(measure) for measure in measures if precision(measure) != 1 or measure.base_unit == "%")
    return sum(steps) / 2 + 1e-6


def format_number(value: float) -> str:
    """Return a number with at most six decimals, without zeros at the end of the decimals."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def has_same_value(one: Measure, other: Measure) -> bool:
    """Return whether the ranges of possible values (`value_range`) of two measures overlap or touch."""
    low, high = value_range(one)
    other_low, other_high = value_range(other)
    tolerance = _RELATIVE_TOLERANCE * max(abs(one.base_value), abs(other.base_value))
    return low <= other_high + tolerance and other_low <= high + tolerance


def value_range(measure: Measure) -> tuple[float, float]:
    """Return the lowest and the highest possible signed value (`Measure.signed_value`).

    A value may be rounded by half a unit of its last digit, unless it is an integer in the base unit. `_BOUND_MARGIN`
    limits the range of inexact values.
    """
    low, high = _unsigned_range(measure)
    return (low, high) if measure.signed_value == measure.base_value else (-high, -low)


def _unsigned_range(measure: Measure) -> tuple[float, float]:
    """Return the lowest and the highest possible base value."""
    value, step = measure.base_value, precision(measure)
    half_step = 0.0 if step == 1 and unit_scale(measure) == 1 else step / 2
    low, high = value - half_step, value + half_step
    if measure.bound == "approx":
        return low - value * _BOUND_MARGIN / 2, high + value * _BOUND_MARGIN / 2
    if measure.bound == "at_least":
        return value, max(high, value * (1 + _BOUND_MARGIN))
    if measure.bound == "at_most":
        return min(low, value * (1 - _BOUND_MARGIN)), value
    return low, high


def has_other_period(measure: Measure) -> bool:
    """Return whether a measure states a period other than the reporting year.

    For a report on 2023, a period such as 2023年, 2023年度, 2023年底, 全年, 今年, 本年度 or 年内 is the reporting year.
    """
    period = measure.extracted.period
    if period is None:
        return False
    reporting_year = rf"(?:{measure.source.year}年?|[全今本]年度?|年内)(?:度|全年|底)?"
    return not re.fullmatch(reporting_year, period)


def _dice_coefficient(one: frozenset[str], other: frozenset[str]) -> float:
    """Return the Dice coefficient of two sets, 0 if both are empty."""
    return 2 * len(one & other) / ((len(one) + len(other)) or 1)
