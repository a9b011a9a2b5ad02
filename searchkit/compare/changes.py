"""For the audit: the value that a change since last year refers to, and last year's value that follows from both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from searchkit.compare.facts import REAL_GROWTH, rounded_range, sentence_start
from searchkit.model import Measure
from searchkit.query.agreement import precision, thing_similarity
from searchkit.query.naming import IndicatorNames, MeasureName
from searchkit.query.unit_conversion import unit_family

_YEARLY_CHANGE = re.compile(r"同比|上一?年|去年|前一年|增长|下降|上升|[增减降]| [\d.,]+\S*$")
"""Searched for in the indicator and the quote of a change, with a blank between them. Matches words of a change since
last year, and a quote that begins with the number: 投资 10%. Does not match 压缩90%."""
_OTHER_CHANGE = re.compile(
    "比(?!上年|上一年|去年|前一年|重|例|率|较)|环比|口径|年均|平均|累计|实际|可比|不变|扣除|剔除|名义|翻|倍|年初|[月季]|五年"
)
"""Words of a change since another time, or of one that is not the quotient of two printed values."""
_LAST_YEAR_PERIOD = re.compile(r"上一?年度?|去年|前一年|同比|(?:上年|去年)?同期")
"""Period of a change since last year."""
_PERCENTAGE_POINTS = {"个百分点", "百分点"}
"""Units of a difference between two percentages."""
_MONEY_SLACK, _REAL_SLACK = (2.0, 2.0), (10.0, 30.0)
"""Percentage points by which the growth between two amounts may be below and above the stated one. Amounts are revised,
or the stated growth is that of comparable items. A growth at constant prices (`_REAL_SLACK`) also differs by the change
of prices."""
_MIN_CHANGE_SIMILARITY = 0.45
"""Smallest similarity of the indicators of a change and of the value before it. A less similar change refers to
something else."""


def find_changes(report: Sequence[Measure], names: IndicatorNames) -> Iterator[tuple[int, int]]:
    """Yield pairs of indexes of measures: a value, and a change since last year that refers to this value.

    A change refers to the last value before it in the same sentence, if the indicators of both are similar, or if the
    indicator of the change consists only of words for changes. It is left out if a word of `_OTHER_CHANGE` is between
    the value and the end of the change.
    """
    value: int | None = None
    for index, measure in enumerate(report):
        if measure.change is None:
            value = index
        elif value is not None and report[value].paragraph == measure.paragraph and _is_since_last_year(measure):
            now = report[value]
            changed = names.name_of(measure)
            is_same = not changed.parts or thing_similarity(changed, names.name_of(now)) >= _MIN_CHANGE_SIMILARITY
            between = measure.source.text[now.end : measure.end]
            is_plain = not _OTHER_CHANGE.search(between)
            if is_same and is_plain and sentence_start(now) == sentence_start(measure):
                yield value, index


def _is_since_last_year(change: Measure) -> bool:
    """Return whether a change is exact, actual and since last year, according to its words and its period."""
    period, words = change.period, f"{change.indicator} {change.quote}"
    is_last_year = (
        period is None or bool(_LAST_YEAR_PERIOD.fullmatch(period)) or period.startswith(f"{(change.year or 0) - 1}年")
    )
    return (
        change.bound == "exact"
        and change.status == "actual"
        and is_last_year
        and bool(_YEARLY_CHANGE.search(words))
        and change.since is None
        and not _OTHER_CHANGE.search(words)
    )


def infer_last_year(now: Measure, change: Measure, name: MeasureName) -> tuple[float, float] | None:
    """Return the lowest and highest base value of last year that follow from a value and its change.

    `name`: the name of the value. Returns None in three cases. 1. Value and change are both in percent, so that it is
    unknown whether the change is relative (98%，提高2%). 2. The change is a decrease by about 100 %. 3. The change is
    neither in percent, nor in the unit of the value, nor (for a percentage) in percentage points. For amounts of money,
    the range is wider by `_MONEY_SLACK` or `_REAL_SLACK`.
    """
    is_money = now.kind == "money"
    below, above = (
        (0.0, 0.0)
        if not is_money
        else _REAL_SLACK
        if REAL_GROWTH.search(f"{name.text} {now.indicator}")
        else _MONEY_SLACK
    )
    if change.base_unit == "%" and now.base_unit != "%":
        return _divide_by_growth(now, change, below, above)
    is_points = change.base_unit in _PERCENTAGE_POINTS and now.base_unit == "%"
    if not is_points and unit_family(change.base_unit) != unit_family(now.base_unit):
        return None
    if change.base_unit == "%":  # 98%，提高2% is ambiguous: relative, or in percentage points
        return None
    low, high = rounded_range(now)
    smallest, largest = rounded_range(change)
    return low - largest - above * high / 100, high - smallest + below * high / 100


def _divide_by_growth(now: Measure, change: Measure, below: float, above: float) -> tuple[float, float] | None:
    """Return the lowest and highest value of last year for a change in percent, or None for a decrease by about 100 %.

    Reports truncate as well as round, so the error is up to a full unit of the last digit in both directions. The
    actual growth may be up to `below` percentage points less than the stated one, and `above` more.
    """
    low, high = rounded_range(now)
    growth, error = change.signed_value, precision(change)
    min_factor, max_factor = 1 + (growth - error - below) / 100, 1 + (growth + error + above) / 100
    return (low / max_factor, high / min_factor) if min_factor > 0 else None
