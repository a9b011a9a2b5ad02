"""Which rows and columns of a table are parts of which totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from searchkit.corpus.tables.cells import is_subtotal, is_total, part_prefix
from searchkit.corpus.tables.grid import Placed


@dataclass(frozen=True, slots=True)
class Line:
    """A row or a column: its header cells, outermost first, and the extent of the outer one."""

    headers: tuple[Placed, ...]
    group: Placed | None
    """The outer header that it shares with its neighbours, or None."""

    @property
    def name(self) -> str:
        """The innermost header, or empty."""
        return self.headers[-1].text if self.headers else ""

    @property
    def is_total(self) -> bool:
        """Whether it is a total of any kind."""
        return any(is_total(header.text) for header in self.headers)

    @property
    def is_outer_total(self) -> bool:
        """Whether it is divided like the lines that it is the total of: 合计 over 件数 and 金额."""
        return self.is_total and not is_total(self.name)

    @property
    def is_part(self) -> bool:
        """Whether 其中 makes it a part of the line before it."""
        return any(part_prefix(header.text) for header in self.headers)


def find_parents(lines: Sequence[Line]) -> list[int | None]:
    """Return for each row (or column) the index of its total, or None. Linear in the number of lines.

    A line is part of the total in its group (the outer header that they share), else of its subtotal, else of the total
    after it, else of the last total. A subtotal is part of the total. 其中 makes a line part of the line before it.
    """
    group_totals = {
        id(line.group): i for i, line in reversed([*enumerate(lines)]) if line.group and is_total(line.name)
    }
    outer_totals = {line.name: i for i, line in enumerate(lines) if line.is_outer_total}
    loose = [i for i, line in enumerate(lines) if line.is_total and id(line.group) not in group_totals]
    subtotals = _next_or_previous(lines, [i for i in loose if is_subtotal(lines[i].name)], leading=True)
    totals = _next_or_previous(
        lines, [i for i in loose if not is_subtotal(lines[i].name) and not lines[i].is_outer_total]
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


def _next_or_previous(lines: Sequence[Line], totals: Sequence[int], *, leading: bool = False) -> list[int | None]:
    """Return for each line the first of some totals after it, else the last before it.

    `leading`: if the first of all lines is such a total, or the second below a total, each precedes its parts.
    """
    first = next((i for i, line in enumerate(lines) if i in totals or not line.is_total), 0)
    precede = leading and first in totals
    result: list[int | None] = [None] * len(lines)
    following: int | None = None
    total_set = set(totals)
    for i in range(len(lines) - 1, -1, -1):
        result[i] = following
        following = i if i in total_set else following
    previous: int | None = None
    for i in range(len(lines)):
        if precede or (result[i] is None and not leading):
            result[i] = previous
        previous = i if i in total_set else previous
    return result
