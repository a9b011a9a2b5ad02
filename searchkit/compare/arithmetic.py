"""Contradictions in the arithmetic of a table: sums, rates, and the values that the prose around it repeats.

The structure of a table can be misunderstood, and then many of its cells seem wrong. A wrong sum is therefore reported
only if more sums of the total are right than wrong, or if the header of the total (合计, 小计) states a sum and few
are wrong. A wrong rate is reported only if, among the first `_MAX_SAMPLE` rates of its line, at least as many are right
as wrong.

A line is a row or a column. Its slots are its cells: measures, or the texts of other cells (`measures.tablelines`). A
block consists of columns of labels and the columns at their right. Most tables have one block.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from searchkit.compare.findings import Finding, build_finding
from searchkit.measures.tablelines import TableLine, read_blocks
from searchkit.model import Measure, Table
from searchkit.query.agreement import format_number, has_other_period, has_same_value, precision, rounding_error
from searchkit.query.naming import IndicatorNames
from searchkit.query.unit_conversion import PEOPLE_UNITS, unit_family, unit_scale

_STATED_SUM = re.compile(r"[合总共小]\s*计")
"""Header of a total that is certainly the sum of its parts, which are other rows or columns of the table. A total with
another header, such as 全区 or 总数, can have parts that the table does not contain."""
_NOT_SUMMABLE = re.compile("均|单价|率|指数|倍|位次|名次|排[名位]|累计|密度|强度")
"""Words of a header or an indicator whose numbers cannot be added, such as means, rates and ranks."""
_ZERO = re.compile(r"[-—–―－─/／\\]+|无|0")
"""A cell that means zero: 0, 无, a dash or a slash. The value of any other cell without a measure is unknown, even if
the cell is empty."""
_MAX_WRONG_SUMS = 2
"""If the header of a total matches `_STATED_SUM`, up to this many wrong sums are reported even if fewer are right. More
are reported only if at least as many are right."""

_MAX_LINES = 30
"""If a block of a table (`tablelines.TableBlock`) has more rows, its rates are not checked by row; if it has more
columns, not by column. The limit is needed because each rate is compared with each pair of lines."""
_MAX_SAMPLE = 50
"""Maximum number of rates of a line that decide which quotient the rates of the line are."""
_MIN_CONFIRMED = 2
"""Minimum number of percentages of a line that equal a quotient, before the quotient is taken as their meaning. A line
that has no more percentages than this is not checked."""
_RATE_WORDS = re.compile(
    "占比|比[例重]|百分[比率]|[增升降涨减][幅速长减]|[同环]比|[较比][上去]年(?:同期)?|下降|上升|情况|[率占所]|[^\u4e00-\u9fff]"
)
"""Words that mark the header of a rate, and characters that are not Chinese. The rest of the header names the thing
that the rate is about: 办结 in 办结率."""

_GROWTH = re.compile("[增升降涨减][幅速长减]|[同环]比|[较比][上去]年|下降|上升")
"""Words of a header whose percentages are changes between two values."""

_MAX_DISTANCE = 5
"""Number of paragraphs before a table, and after it, that are compared with the table."""
_CLAUSE_END = re.compile("[。；;！？，,]")
"""A mark that ends a clause."""
_MIN_NAME_LENGTH = 2
"""Minimum length of a row header that is searched for in a clause, in code points."""


def check_table(
    table: Table, measures: Sequence[Measure], names: IndicatorNames, prose: Sequence[Measure] = ()
) -> Iterator[Finding]:
    """Yield the contradictions in a table.

    `measures` are those of the table, `prose` those outside of tables in its document, sorted by position. `names`
    decides which indicators are the same. The checks inside the table take time linear in the number of its cells.
    """
    rows = []
    for block in read_blocks(table, measures):
        rows += block.rows
        for lines, crossing in ((block.rows, block.columns), (block.columns, block.rows)):
            yield from _check_sums(lines, crossing)
            yield from _check_rates(lines, crossing)
    yield from _check_prose(table, rows, names, prose)


# Sums


def _check_sums(lines: Sequence[TableLine], crossing: Sequence[TableLine]) -> Iterator[Finding]:
    """Yield a finding for each cell of a total that is not the sum of its parts (`_find_wrong_sums`).

    `lines` are the rows and `crossing` the columns of a block of the table, or the reverse. A total and its parts are
    `lines`. Each crossing line has one cell of the total and one of each part. Parts whose header begins with 其中
    or a similar word are not added.
    """
    parts: dict[int, list[TableLine]] = {}
    for line in lines:
        if line.total is not None and not line.is_among:
            parts.setdefault(line.total, []).append(line)
    for index, summed in parts.items():
        if len(summed) > 1 and not _NOT_SUMMABLE.search(lines[index].name):
            for stated, added in _find_wrong_sums(lines[index], summed, crossing):
                yield _build_wrong_sum(stated, added)


def _find_wrong_sums(
    total: TableLine, parts: Sequence[TableLine], crossing: Sequence[TableLine]
) -> list[tuple[Measure, list[Measure]]]:
    """Return each cell of a total that is not the sum of the cells of its parts, with the measures in these cells.

    If more sums are right than wrong, all wrong ones are returned. Otherwise, it is doubtful that the total is the sum
    of these parts, unless the header of the total states a sum. If it does, and the wrong sums are few
    (`_MAX_WRONG_SUMS`), those are returned whose parts cannot overlap (`_can_overlap`).
    """
    confirmed = 0
    wrong: list[tuple[Measure, list[Measure]]] = []
    for cross, crossed in enumerate(crossing):
        stated, slots = total.slots[cross], [line.slots[cross] for line in parts]
        if isinstance(stated, str) or _NOT_SUMMABLE.search(crossed.name):
            continue
        is_right = _is_sum(stated, slots)
        confirmed += is_right is True
        if is_right is False:
            wrong.append((stated, [slot for slot in slots if isinstance(slot, Measure)]))
    if len(wrong) < confirmed:
        return wrong
    if not _STATED_SUM.search(total.name) or len(wrong) > max(confirmed, _MAX_WRONG_SUMS):
        return []
    return [(stated, added) for stated, added in wrong if not _can_overlap(stated, added)]


def _is_sum(total: Measure, slots: Sequence[Measure | str]) -> bool | None:
    """Return whether a total is the sum of some cells within rounding; None if the cells do not tell."""
    measures = [slot for slot in slots if isinstance(slot, Measure)]
    if len(measures) < 2 or any(not _is_addable(item, total) for item in (total, *measures)):  # noqa: PLR2004 - one part
        return None
    tolerance = rounding_error((total, *measures))
    values = [item.base_value for item in measures]
    if abs(sum(values) - total.base_value) <= tolerance:
        return True
    if abs(sum(_drop_subparts(values, tolerance)) - total.base_value) <= tolerance:
        return True
    is_complete = all(isinstance(slot, Measure) or _ZERO.fullmatch(slot) for slot in slots)
    return False if is_complete or sum(values) > total.base_value + tolerance else None


def _is_addable(measure: Measure, total: Measure) -> bool:
    """Return whether a measure is exact, no change, in the base unit of the total, and not a mean, rate or rank."""
    is_plain = measure.bound == "exact" and measure.change is None and not _NOT_SUMMABLE.search(measure.indicator)
    return is_plain and measure.base_unit == total.base_unit


def _drop_subparts(values: Sequence[float], tolerance: float) -> list[float]:
    """Return the values without each run of two or more values that add up to the value before the run.

    Some tables list the parts of a part below it without a mark: 工业 100, 轻工业 60, 重工业 40.
    """
    kept: list[float] = []
    index = 0
    while index < len(values):
        kept.append(values[index])
        end, added = index + 1, 0.0
        while end < len(values) and added < values[index] - tolerance:
            added += values[end]
            end += 1
        is_run = end - index > 2 and abs(added - values[index]) <= tolerance  # noqa: PLR2004 - two parts
        index = end if is_run else index + 1
    return kept


def _can_overlap(total: Measure, parts: Sequence[Measure]) -> bool:
    """Return whether parts exceed their total, but may do so because they count people: 合计, 女, 党员.

    One person can be in several of these parts.
    """
    return total.base_unit in PEOPLE_UNITS and sum(item.base_value for item in parts) > total.base_value


def _build_wrong_sum(total: Measure, parts: Sequence[Measure]) -> Finding:
    """Return the finding that a total is not the sum of its parts."""
    actual = format_number(round(sum(item.base_value for item in parts), 6) / unit_scale(total))
    unit = total.unit or ""
    message = f"{describe_cell(total)}: the parts add up to {actual}{unit}, not {_format_value(total)}"
    return build_finding("parts", message, total, *parts)


def describe_cell(measure: Measure) -> str:
    """Return the number of the table of a measure and its headers: `table 1, 合计 × 收件`."""
    headers = [" ".join(item) for item in (measure.row, measure.column) if item]
    return f"table {measure.table}, {' × '.join(headers)}"


# Rates


def _check_rates(lines: Sequence[TableLine], crossing: Sequence[TableLine]) -> Iterator[Finding]:
    """Yield a finding for each percentage that contradicts the other percentages of its line.

    The percentages of a line mean one quotient of two values of the table, such as 办结 and 收件. It is the quotient
    that most of these percentages equal, if at least as many equal it as differ from it. Those that differ are
    contradictions. `lines` and `crossing` are as for `_check_sums`.
    """
    if len(lines) > _MAX_LINES:
        return
    values = [(n, line) for n, line in enumerate(lines) if any(_has_value(slot) for slot in line.slots)]
    for n, line in enumerate(lines):
        rates = [slot if isinstance(slot, Measure) and slot.base_unit == "%" else None for slot in line.slots]
        if sum(rate is not None for rate in rates) <= _MIN_CONFIRMED:
            continue
        # If equally many rates equal several quotients, the first is taken: those of the lines before the rates come
        # first, the nearest line first, then those of the lines after the rates.
        nearest = sorted(values, key=lambda item: (item[0] > n, abs(n - item[0])))
        for rate, expected in _find_wrong_rates(
            rates, list(_candidates(line.name, [value for _, value in nearest], crossing))
        ):
            shown = format_number(round(expected, 2))
            message = f"{describe_cell(rate)}: the values of the table give {shown}%, not {format_number(rate.value)}%"
            yield build_finding("rate", message, rate)


def _find_wrong_rates(
    rates: Sequence[Measure | None], candidates: Sequence[_FindOperands]
) -> list[tuple[Measure, float]]:
    """Return the rates that differ from the quotient that most rates equal, each with the expected rate.

    Only the first `_MAX_SAMPLE` rates decide which of the `candidates` gives this quotient. The result is empty if none
    of the `candidates` gives a quotient that enough rates equal.
    """
    cells = [index for index, rate in enumerate(rates) if rate is not None]
    sample = cells[:_MAX_SAMPLE]
    compared = [(*_compare_rates(rates, sample, find_operands), find_operands) for find_operands in candidates]
    plausible = [item for item in compared if item[0] >= max(len(item[1]), _MIN_CONFIRMED)]
    if not plausible:
        return []
    _, wrong, find_operands = max(plausible, key=lambda item: item[0])
    return wrong if sample == cells else _compare_rates(rates, cells, find_operands)[1]


def _has_value(slot: Measure | str) -> bool:
    """Return whether a cell contains a measure that can be divided: no percentage and no change."""
    return isinstance(slot, Measure) and slot.base_unit != "%" and slot.change is None


_FindOperands = Callable[[int], tuple[Measure, Measure, bool] | None]
"""Returns the operands of the rate at an index of its line: the numerator, the denominator, and whether the rate is the
growth from the denominator to the numerator. None if there are no such values."""


def _candidates(name: str, values: Sequence[TableLine], crossing: Sequence[TableLine]) -> Iterator[_FindOperands]:
    """Yield functions that find the operands from which the rates of a line may be computed.

    `name` is the header of the rates, and `values` are the lines of possible operands. If `name` is a header of growth,
    a rate may only be the growth between the values of any two lines. Otherwise, a rate may be the share of a value in
    its direct or outermost total, or the quotient of two values if the header of the numerator has a character in
    common with `name`.
    """
    words = set(_RATE_WORDS.sub("", name))
    is_growth = _GROWTH.search(name) is not None
    direct = [crossed.total for crossed in crossing]
    outer = [_outermost_total(index, direct) for index in range(len(direct))]
    for value in values:
        if not is_growth:
            for totals in (direct, outer):
                yield partial(_find_share, value, totals)
        is_named = bool(words & set(_RATE_WORDS.sub("", value.name)))
        for other in values:
            if other is not value and (is_named or is_growth):
                yield partial(_find_quotient, value, other, is_growth)


def _outermost_total(index: int, totals: Sequence[int | None]) -> int | None:
    """Return the outermost of the totals that contain the line `index`, directly or not; None if it has no total.

    `totals` contains the index of the total of each line, or None.
    """
    outermost = totals[index]
    for _ in totals:
        if outermost is None or totals[outermost] is None:
            break
        outermost = totals[outermost]
    return outermost


def _find_share(value: TableLine, totals: Sequence[int | None], index: int) -> tuple[Measure, Measure, bool] | None:
    """Return a value and its total as the operands of a share. None without a total, or if `_pair` returns None."""
    total = totals[index]
    return None if total is None else _pair(value.slots[index], value.slots[total])


def _find_quotient(
    value: TableLine,
    divisor: TableLine,
    is_growth: bool,  # noqa: FBT001 - bound by `partial`
    index: int,
) -> tuple[Measure, Measure, bool] | None:
    """Return the operands of the quotient of two lines, or of the growth from `divisor` to `value` (`is_growth`)."""
    return _pair(value.slots[index], divisor.slots[index], is_growth=is_growth)


def _pair(
    value: Measure | str, divisor: Measure | str, *, is_growth: bool = False
) -> tuple[Measure, Measure, bool] | None:
    """Return the operands of a rate, or None if they cannot be divided."""
    if not (isinstance(value, Measure) and isinstance(divisor, Measure)) or not _has_value(value):
        return None
    same = unit_family(value.base_unit) == unit_family(divisor.base_unit)
    return (value, divisor, is_growth) if same and divisor.base_value > 0 else None


def _compare_rates(
    rates: Sequence[Measure | None], cells: Sequence[int], find_operands: _FindOperands
) -> tuple[int, list[tuple[Measure, float]]]:
    """Return the number of rates that equal the quotient of their operands, and each wrong rate with the expected one.

    If a rate is a growth, it is compared with the growth instead of the quotient. Signs are ignored. `cells` are the
    indexes of the rates that are compared. A rate that cannot be checked counts as neither right nor wrong.
    """
    confirmed, wrong = 0, []
    for index in cells:
        rate, pair = rates[index], find_operands(index)
        if rate is None or pair is None or rate.bound != "exact":
            continue
        value, divisor, is_growth = pair
        quotient = 100 * value.base_value / divisor.base_value
        error = precision(rate) + quotient * sum(
            rounding_error((item,)) / abs(item.base_value) for item in (value, divisor) if item.base_value
        )
        expected = quotient - 100 if is_growth else quotient
        if abs(abs(expected) - abs(rate.base_value)) <= error:
            confirmed += 1
        else:
            wrong.append((rate, expected))
    return confirmed, wrong


# Prose


def _check_prose(
    table: Table, rows: Sequence[TableLine], names: IndicatorNames, prose: Sequence[Measure]
) -> Iterator[Finding]:
    """Yield a finding for each value in the paragraphs around a table that differs from a cell for the same thing.

    Such a cell has the indicator and the unit of the value (`_key`). If the clause or the indicator of the value names
    a row, the cell is that of this row. Otherwise, the value is compared with the cells of each row that states a sum
    (合计) and is no part of a total. A value that equals any cell with its indicator and unit is not reported.
    """
    first, last = table.first_paragraph, table.first_paragraph + len(table.rows) - 1
    begin = bisect_left(prose, first - _MAX_DISTANCE, key=_paragraph_number)
    end = bisect_right(prose, last + _MAX_DISTANCE, key=_paragraph_number)
    around = list(filter(_is_comparable, prose[begin:end]))
    if not around:
        return
    cells: dict[tuple[str, str, str], dict[str, Measure]] = {}
    for row in rows:
        for cell in row.slots:
            if isinstance(cell, Measure) and _is_comparable(cell):
                cells.setdefault(_key(cell, row.name, names), {})[row.name] = cell
    row_names = sorted((row.name for row in rows if len(row.name) >= _MIN_NAME_LENGTH), key=len, reverse=True)
    totals = {row.name for row in rows if row.total is None and _STATED_SUM.search(row.name)}
    for measure in around:
        clause = _CLAUSE_END.split(measure.source.text[: measure.start])[-1]
        named = f"{clause}{measure.indicator}"
        name = next((name for name in row_names if name in named), "")
        column = cells.get(_key(measure, name, names), {})
        same_rows = [name] if name else sorted(totals & column.keys())
        if any(has_same_value(measure, cell) for cell in column.values()):
            continue
        for cell in (column[row] for row in same_rows if row in column):
            message = f"{describe_cell(cell)} is {_format_value(cell)}, but {measure.quote} is printed near the table"
            yield build_finding("conflict", message, cell, measure)


def _paragraph_number(measure: Measure) -> int:
    return measure.source.n


def _key(measure: Measure, row: str, names: IndicatorNames) -> tuple[str, str, str]:
    """Return the head and the aspect of a measure's name, and its unit family: (`收件`, `level`, `件`).

    The words of `row`, the header of a row, are first removed from the name. The head is the last part of a name, or
    all of a name that is listed.
    """
    indicator = measure.indicator
    for header in row.split():
        indicator = indicator.replace(header, "")
    name = names.parse(indicator)
    head = name.text if name.is_listed or not name.parts else name.parts[-1]
    return head, name.aspect, unit_family(measure.base_unit)


def _is_comparable(measure: Measure) -> bool:
    """Return whether a measure is an exact value of the reporting year, no change, and not in a section of plans."""
    is_plain = measure.bound == "exact" and measure.change is None
    return is_plain and measure.section != "计划" and not has_other_period(measure)


def _format_value(measure: Measure) -> str:
    """Return value and unit of a measure: 129件."""
    return f"{format_number(measure.value)}{measure.unit or ''}"
