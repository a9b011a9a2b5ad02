"""The level of each heading and item, from the numbering that a document shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from searchkit.corpus.numbering import RANK, Marker

PLAIN, STRONG = "plain", "strong"
"""Styles of headings without a number."""
_LOOK_AHEAD = 400
"""How many lines are searched for the next number of a style."""
_FAMILY = {
    "第一部分": "一",
    "第一章": "一",
    "一、": "一",
    "（一）": "一",
    "1.": "1",
    "1、": "1",
    "（1）": "1",
    "1）": "1",
    "①": "1",
}
_SEPARATOR = {"一、": "、", "1、": "、", "1.": ".", "（一）": "（", "（1）": "（", "1）": "（"}


class Look(Enum):
    """How a heading is printed."""

    LINE = "on a line of its own"
    STRONG = "on a line of its own, emphasised"
    RUN_IN = "at the head of its text"


@dataclass(frozen=True, slots=True)
class Place:
    """What a line says about its level."""

    marker: Marker | None
    level: int
    """Stated by the format (h1 = 1), or 0."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An open heading or item."""

    style: str
    ordinal: int
    heading: str | None
    """None: an item without a run-in heading; it holds its level but adds nothing to the path."""
    level: int
    parents: tuple[str, ...]
    """Path above it."""
    run_in: bool


class Levels:
    """The open headings while a document is read from top to bottom."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places
        self.entries: list[Entry] = []
        """Open headings and items, outermost first."""
        self._above: set[tuple[str, str]] = set()
        """Pairs of styles: the first was seen above the second."""
        self._last: dict[str, int] = {}
        """Last ordinal of each style."""

    def path(self) -> tuple[str, ...]:
        """Headings of the open entries."""
        if not self.entries:
            return ()
        last = self.entries[-1]
        return (*last.parents, last.heading) if last.heading else last.parents

    def close_last(self) -> None:
        """Close the innermost entry."""
        self.entries.pop()

    def close_all(self) -> None:
        """Close everything: what follows belongs to no heading."""
        self.entries.clear()

    def close_run_ins(self) -> None:
        """Close items and run-in headings, so that only headings on lines of their own stay open."""
        while self.entries and self.entries[-1].run_in:
            self.entries.pop()

    def open(self, i: int, heading: str | None, *, look: Look, bare: bool) -> Entry:
        """Open line `i` at its level, closing what it ends, and give its entry.

        `bare`: nothing stands under the innermost open heading yet, so a list that starts anew can be inside it.
        """
        place = self._places[i]
        if place.marker is not None:
            style, ordinal = place.marker.style, place.marker.ordinal
            cut = self._numbered(style, ordinal, bare=bare)
            if cut < len(self.entries) and self.entries[cut].style != style and self._continues(cut, ordinal):
                self._last[style] = ordinal
        else:
            style, ordinal, cut = self._unnumbered(i, place.level, STRONG if look is Look.STRONG else PLAIN)
        del self.entries[cut:]
        return self._push(Entry(style, ordinal, heading, place.level, self.path(), look is Look.RUN_IN))

    def _push(self, entry: Entry) -> Entry:
        for outer in self.entries:
            self._above.add((outer.style, entry.style))
        self.entries.append(entry)
        if entry.ordinal:
            self._last[entry.style] = entry.ordinal
        return entry

    def _continues(self, cut: int, ordinal: int) -> bool:
        return self.entries[cut].ordinal == ordinal - 1

    def _numbered(self, style: str, ordinal: int, *, bare: bool) -> int:
        """Give how many entries stay open above a numbered line."""
        same = [k for k, entry in enumerate(self.entries) if entry.style == style]
        following = [k for k in same if self.entries[k].ordinal == ordinal - 1]
        if following:
            return following[-1]
        if ordinal == 1 and bare and len(same) == 1 and same[0] == len(self.entries) - 1:
            return len(self.entries)
        if same:
            return same[-1]
        if ordinal > 1 and self._last.get(style) != ordinal - 1:
            cut = self._continued(style, ordinal)
            if cut is not None:
                return cut
        return self._nested(style, ordinal)

    def _continued(self, style: str, ordinal: int) -> int | None:
        """Find the level of another style whose last number this one follows."""
        found = [k for k, entry in enumerate(self.entries) if entry.ordinal == ordinal - 1 and entry.ordinal]
        if style in self._last:
            found = [k for k in found if _kin(self.entries[k].style, style)]
        kindred = any(_kin(self.entries[k].style, style) > 1 for k in found)
        elsewhere = any(last == ordinal - 1 and _kin(other, style) > 1 for other, last in self._last.items())
        if not found or (elsewhere and not kindred):
            return None
        return max(found, key=lambda k: (_kin(self.entries[k].style, style), -k))

    def _nested(self, style: str, ordinal: int) -> int:
        """Put a new list inside the innermost entry that its style may stand under.

        A style that comes for the first time, right with 1, stands under the heading before it, whatever is usual.
        """
        cut = len(self.entries)
        if cut and style not in self._last and ordinal == 1 and not self.entries[-1].run_in:
            return cut
        while cut and self._is_above(style, self.entries[cut - 1].style):
            cut -= 1
        return cut

    def _is_above(self, style: str, other: str) -> bool:
        if style == other:
            return True
        down, up = (style, other) in self._above, (other, style) in self._above
        if down != up:
            return down
        return style in RANK and other in RANK and RANK[style] < RANK[other]

    def _unnumbered(self, i: int, level: int, style: str) -> tuple[str, int, int]:
        """Give style, ordinal and number of entries that stay open for a heading without a number."""
        lost = self._lost_number(i)
        if lost is not None:
            entry = self.entries[lost]
            return entry.style, entry.ordinal + 1, lost
        if level:
            cut = next((k for k, entry in enumerate(self.entries) if entry.level >= level), len(self.entries))
            return f"h{level}", 0, cut
        same = [k for k, entry in enumerate(self.entries) if entry.style == style]
        if same:
            return style, 0, same[-1]
        restarted = self._restarted(i)
        return style, 0, len(self.entries) if restarted is None else restarted

    def _lost_number(self, i: int) -> int | None:
        """Find the list that counts on one further than it should behind this heading: the heading lost the number."""
        following: dict[str, int] = {}
        for place in self._places[i + 1 : i + _LOOK_AHEAD]:
            if place.marker is not None and place.marker.ordinal and place.marker.style not in following:
                following[place.marker.style] = place.marker.ordinal
                entries = [k for k, entry in enumerate(self.entries) if entry.style == place.marker.style]
                if entries and place.marker.ordinal == self.entries[entries[-1]].ordinal + 2:
                    return entries[-1]
                if entries:
                    return None
        return None

    def _restarted(self, i: int) -> int | None:
        """Find the list that starts anew right behind this heading: the heading is of the level above it."""
        for place in self._places[i + 1 : i + _LOOK_AHEAD]:
            if place.marker is None or not place.marker.ordinal:
                continue
            same = [k for k, entry in enumerate(self.entries) if entry.style == place.marker.style]
            if place.marker.ordinal != 1 or not same:
                return None
            return max(0, same[0] - 1)
        return None


def _kin(first: str, second: str) -> int:
    """How alike two styles are: 2 for the same digits, 1 more for the same mark behind them."""
    same_digits = first in _FAMILY and _FAMILY[first] == _FAMILY.get(second)
    same_mark = first in _SEPARATOR and _SEPARATOR[first] == _SEPARATOR.get(second)
    return 2 * same_digits + same_mark
