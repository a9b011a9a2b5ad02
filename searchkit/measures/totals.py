"""Finds the total that each row or column of a table is a part of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from searchkit.corpus.tables.cells import is_subtotal, is_total, part_prefix
from searchkit.corpus.tables.grid import PlacedCell


@dataclass(frozen=True, slots=True)
class Line:
    """A row or a column of a table, with its headers."""

    headers: tuple[PlacedCell, ...]
    """Header cells, outermost first."""
    group: PlacedCell | None
    """The outer header if it also covers neighbouring lines, or None. Lines with the same `group` are a group."""

    @property
    def name(self) -> str:
        """Text of the innermost header, or empty."""
        return self.headers[-1].text if self.headers else ""

    @property
    def is_total(self) -> bool:
        """Whether any of the headers names a total."""
        return any(is_total(header.text) for header in self.headers)

    @property
    def is_outer_total(self) -> bool:
        """Whether only an outer header names a total: 合计 above the columns 件数 and 金额.

        Such a line is the total of the lines with the same name: the column 件数 below 合计 of the other columns 件数.
        """
        return self.is_total and not is_total(self.name)

    @property
    def is_part(self) -> bool:
        """Whether a header begins with 其中 (“of which”) or a similar word: the line is a part of a line before it."""
        return any(part_prefix(header.text) for header in self.headers)


def find_parents(lines: Sequence[Line]) -> list[int | None]:
    """Return for each row (or column) the index of its total, or None. Linear in the number of lines.

    A part line is a line with 其中 (`Line.is_part`) that is no total. Its total is the nearest line before it that is
    no part line, or else the first line of all. The total of any other line, and that of the first line, is the first
    of the following that exists and is not the line itself:

    1. the first total in the group of the line;
    2. the last outer total with the name of the line, unless the line is itself a total;
    3. the next subtotal after the line, or the last before it if the subtotals precede their parts, unless the line is
       a subtotal or its group has a total;
    4. the next total after the line, or else the last total before it. A line whose name is a total, such as 合计, has
       no such total, unless it is a subtotal or the total of its group.

    Items 3 and 4 ignore totals in a group that has a total. Item 4 also ignores subtotals and outer totals.
    """
    group_totals = {
        id(line.group): i for i, line in reversed([*enumerate(lines)]) if line.group and is_total(line.name)
    }
    outer_totals = {line.name: i for i, line in enumerate(lines) if line.is_outer_total}
    # Indices of the totals that are in no group with a total.
    ungrouped = [i for i, line in enumerate(lines) if line.is_total and id(line.group) not in group_totals]
    subtotals = _next_or_previous(lines, [i for i in ungrouped if is_subtotal(lines[i].name)], one_sided=True)
    totals = _next_or_previous(
        lines, [i for i in ungrouped if not is_subtotal(lines[i].name) and not lines[i].is_outer_total]
    )
    parents: list[int | None] = []
    whole: int | None = None
    for i, line in enumerate(lines):
        if line.is_part and not line.is_total and whole is not None:
            parents.append(whole)
            continue
        whole = i
        group_total = group_totals.get(id(line.group)) if line.group else None
        is_subtotal_line = is_subtotal(line.name) or group_total == i
        candidates = (
            group_total,
            None if line.is_total else outer_totals.get(line.name),
            None if is_subtotal_line or group_total is not None else subtotals[i],
            None if is_total(line.name) and not is_subtotal_line else totals[i],
        )
        parents.append(next((parent for parent in candidates if parent is not None and parent != i), None))
    return parents


def _next_or_previous(lines: Sequence[Line], totals: Sequence[int], *, one_sided: bool = False) -> list[int | None]:
    """Return for each line the next of `totals` after it, or else the last one before it. `totals`: indices of lines.

    `one_sided`: either all `totals` follow their parts, or all precede them. The totals precede their parts if only
    other totals, or no lines, precede the first of them. Lines after the last total that follows its parts, and before
    the first total that precedes its parts, have None.
    """
    total_set = set(totals)
    first = next((i for i, line in enumerate(lines) if i in total_set or not line.is_total), 0)
    precede = one_sided and first in total_set
    result: list[int | None] = [None] * len(lines)
    following: int | None = None
    for i in range(len(lines) - 1, -1, -1):
        result[i] = following
        following = i if i in total_set else following
    previous: int | None = None
    for i in range(len(lines)):
        if precede or (result[i] is None and not one_sided):
            result[i] = previous
        previous = i if i in total_set else previous
    return result
