"""Tables in plain text: lines whose cells are separated by tabs or bars, or aligned by blanks.

A false table is worse than none. Lists, tables of contents, labels with their contents (联系人：王芳), and prose stay
lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from unicodedata import east_asian_width

from searchkit.corpus.blocks import RawTable
from searchkit.corpus.tables.aligned import is_aligned_data
from searchkit.model import Cell

_MIN_ROWS = 3
"""Minimum number of rows of a table, including its header. Also, `_split_at_uneven_tabs` takes this many consecutive
lines with fewer tabs than the header for another table or prose."""
_MIN_GUTTER = 2
"""Minimum width of the white space between two columns, in half-width characters."""
_TAB_SIZES = (8, 4)
"""Usual distances of tab stops, in half-width characters."""
_MAX_LINE_LENGTH = 1_000
"""Maximum length of a row or a rule, in code points."""
_GAP = re.compile(r"[ \u3000\t](?<=[^\s].)(?:(?<=\t)|[ \u3000]*\t|[ \u3000])\s*[^\s]")
"""A tab or at least two blanks between two cells."""
_CONTENTS = re.compile(r"\s*目\s*[录次]\s*")
"""The heading of a table of contents: 目录, 目 次."""
_RULE = re.compile("[-=_─━═—┄┈+|│┃║├┤┬┴┼┌┐└┘┏┓┗┛┣┫┳┻╋╔╗╚╝╠╣╦╩╬ ]+")
"""A rule above, below or between rows, if it contains `_RULE_PART`."""
_RULE_PART = re.compile("[-=_─━═—]{3}")
_BARS = "|│┃║｜"
_BAR = re.compile(f"[{_BARS}]")
_MIN_BARS = 3
"""Minimum number of bars in a row of cells between bars: the row has at least two cells."""
_SPREAD = re.compile(r"(?<=[^\s])\u3000(?=[^\s])")
"""A single full-width blank inside of a text."""
_SPREAD_BLANK = "\u3164"
"""Stands for such a blank in `_lay_out`, so that it counts as part of a text. It has the same width."""

_Split = Callable[[Sequence[str]], list[list[str]] | None]
"""Splits lines into rows with equal numbers of cells. Returns None if they are not rows of one table."""


def find_tables(text: str, lines: Sequence[str]) -> Iterator[tuple[int, int, RawTable]]:
    """Yield each table with the index of its first line and the index after its last line.

    `lines`: the lines of `text`.
    """
    if not (_GAP.search(text) or _BAR.search(text)):
        return
    kinds = _line_kinds(lines)
    start = 0
    for kind, run in groupby(kinds):
        end = start + sum(1 for _ in run)
        if kind and end - start >= _MIN_ROWS:
            yield from _find_in_run(lines, start, end, _SPLITS[kind])
        start = end


def _line_kinds(lines: Sequence[str]) -> list[str]:
    """Return what separates the cells of each line; an empty string for a line that is not a row.

    A rule (-----) has the separator of the row below it or, if no row is below it, that of the row above it.
    """
    kinds = ["rule" if _is_rule(line) else _separator(line) for line in lines]
    for step in (range(len(kinds) - 2, -1, -1), range(1, len(kinds))):
        for n in step:
            neighbour = kinds[n + 1] if step.step < 0 else kinds[n - 1]
            if kinds[n] == "rule" and neighbour not in {"", "rule"}:
                kinds[n] = neighbour
    return ["" if kind == "rule" else kind for kind in kinds]


def _is_rule(line: str) -> bool:
    return len(line) <= _MAX_LINE_LENGTH and bool(_RULE.fullmatch(line) and _RULE_PART.search(line))


def _separator(line: str) -> str:
    """Return what separates the cells of a line: a bar, a tab or a blank. Empty if the line is not a row."""
    if len(line) > _MAX_LINE_LENGTH:
        return ""
    stripped = line.strip()
    if stripped[:1] in _BARS and stripped[-1:] in _BARS and len(_BAR.findall(stripped)) >= _MIN_BARS:
        return "|"
    if not _GAP.search(line):
        return (
            "\t" if line.endswith("\t\t") else ""
        )  # at most one cell is filled, as in a row that names a group of rows
    return "\t" if "\t" in line.strip() else " "


def _find_in_run(lines: Sequence[str], start: int, end: int, split: _Split) -> Iterator[tuple[int, int, RawTable]]:
    """Yield the tables in the lines from `start` to before `end`, as `find_tables` does.

    All these lines have the same separator. Rows with different numbers of tabs are one table if
    `_split_at_uneven_tabs` finds their columns; otherwise each run of rows with the same number is examined alone.
    """
    rows_at = [n for n in range(start, end) if not _is_rule(lines[n])]
    before = next((line for line in reversed(lines[max(0, start - 3) : start]) if line.strip()), "")
    counts = {n: lines[n].count("\t") if split is _split_at_tabs else 0 for n in rows_at}
    if len(set(counts.values())) > 1 and _split_at_uneven_tabs([lines[n] for n in rows_at]):
        split, counts = _split_at_uneven_tabs, dict.fromkeys(rows_at, 0)
    for _, run in groupby(rows_at, key=counts.__getitem__):
        numbers = list(run)
        while numbers and not lines[numbers[0]].strip():
            del numbers[0]
        while numbers and not lines[numbers[-1]].strip():
            del numbers[-1]
        rows = split([lines[n] for n in numbers]) if len(numbers) >= _MIN_ROWS else None
        if rows and is_aligned_data(rows, is_aligned=split in _ALIGNED) and not _CONTENTS.fullmatch(before):
            first, last = numbers[0], numbers[-1] + 1
            while first > start and _is_rule(lines[first - 1]):
                first -= 1
            while last < end and _is_rule(lines[last]):
                last += 1
            yield first, last, RawTable(tuple(tuple(map(Cell, row)) for row in rows))


def _split_at_bars(lines: Sequence[str]) -> list[list[str]] | None:
    """Return the cells between the bars of each line; None if the lines have different numbers of bars."""
    rows = [[" ".join(cell.split()) for cell in _BAR.split(line.strip())[1:-1]] for line in lines]
    return rows if len({len(row) for row in rows}) == 1 else None


def _split_at_tabs(lines: Sequence[str]) -> list[list[str]] | None:
    """Return the cells of lines with the same number of tabs. Empty columns, such as an indentation, are left out."""
    rows = [[" ".join(cell.split()) for cell in line.split("\t")] for line in lines]
    columns = [n for n in range(len(rows[0])) if any(row[n] for row in rows)]
    return [[row[n] for n in columns] for row in rows]


def _split_at_uneven_tabs(lines: Sequence[str]) -> list[list[str]] | None:
    """Return the cells of lines with different numbers of tabs; None if it is unclear which cells are in one column.

    It is clear in three cases:

    1. All lines begin with a cell and have the same number of filled cells.
    2. The first line has the most tabs and no empty cell, and nowhere do `_MIN_ROWS` consecutive lines have fewer tabs.
       The lines with fewer tabs lack them at their ends.
    3. The first line is not of this kind (most tabs, no empty cell), and some line has two tabs in a row. With tab
       stops at a usual distance, one line has a cell at each tab stop at which any line has one.
    """
    rows = [[" ".join(cell.split()) for cell in line.split("\t")] for line in lines]
    filled = [list(filter(None, row)) for row in rows]
    width = max(map(len, rows))
    if all(row[0] for row in rows) and len(set(map(len, filled))) == 1:
        return filled
    if len(rows[0]) == width and all(rows[0]):
        narrow = [len(list(run)) for is_narrow, run in groupby(rows, key=lambda row: len(row) < width) if is_narrow]
        return [row + [""] * (width - len(row)) for row in rows] if max(narrow) < _MIN_ROWS else None
    for size in _TAB_SIZES if any("\t\t" in line.strip() for line in lines) else ():
        placed = [_place_at_stops(line, size) for line in lines]
        stops = sorted({stop for row in placed for stop in row})
        if len(stops) == max(map(len, placed)):
            return [[row.get(stop, "") for stop in stops] for row in placed]
    return None


def _place_at_stops(line: str, size: int) -> dict[int, str]:
    """Return the cells of a line by the number of the tab stop at which they begin, 0 for the start of the line."""
    cells: dict[int, str] = {}
    stop = 0
    for part in line.split("\t"):
        if text := " ".join(part.split()):
            cells[stop] = text
        stop += len(_lay_out(part)) // size + 1
    return cells


def _split_at_gutters(lines: Sequence[str]) -> list[list[str]] | None:
    """Return the cells of lines that white space separates at the same columns; None if there are no such columns.

    The white space is at least `_MIN_GUTTER` columns wide. Indentation separates no cells.
    """
    layouts = [_lay_out(line) for line in lines]
    width = max(map(len, layouts))
    blank = [all(n >= len(layout) or layout[n] == " " for layout in layouts) for n in range(width)]
    gutters: list[tuple[int, int]] = []
    position = 0
    for is_blank, run in groupby(blank):
        end = position + sum(1 for _ in run)
        if is_blank and position and end - position >= _MIN_GUTTER:
            gutters.append((position, end))
        position = end
    if not gutters:
        return None
    starts, ends = [0, *(end for _, end in gutters)], [*(start for start, _ in gutters), width]
    return [
        [" ".join("".join(layout[a:b]).replace(_SPREAD_BLANK, " ").split()) for a, b in zip(starts, ends, strict=True)]
        for layout in layouts
    ]


_ALIGNED = (_split_at_gutters, _split_at_uneven_tabs)
"""Functions that infer the columns of rows, instead of counting what separates the cells."""
_SPLITS: Mapping[str, _Split] = MappingProxyType({"\t": _split_at_tabs, " ": _split_at_gutters, "|": _split_at_bars})
"""Maps what separates the cells of a line to the function that splits lines."""


def _lay_out(line: str) -> list[str]:
    """Return the characters of a line by column. The second column of a full-width character is an empty string.

    A single full-width blank is not blank here: it spreads a name (王　芳).
    """
    layout: list[str] = []
    for character in _SPREAD.sub(_SPREAD_BLANK, line.rstrip()):
        is_wide = east_asian_width(character) in "FW"
        if character.isspace():
            layout += " " * (2 if is_wide else 1)
        else:
            layout += (character, "") if is_wide else (character,)
    return layout
