"""Determines the depth of each heading and item from the numbering of the document.

The depth is the number of headings and items that enclose it. `level` is the heading level that the format states.
An entry (a heading or an item) is open while the lines that follow can be inside it. A list is open if one of its
entries is open.
`corpus.numbering` parses the markers, such as 一、 and （一）, and defines their styles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from searchkit.corpus.numbering import RANK, Marker

UNNUMBERED, UNNUMBERED_STRONG, LAST_PART = "plain", "strong", "last part"
"""Styles of headings without a number: on a plain line, on an emphasised line, and the title of the glossary
(名词解释), the last part of a document, which all later headings belong to."""
_LOOK_AHEAD_LINES = 400
"""Fewer than this number of lines after a heading are searched for the next number of an open list."""
_DIGIT_FAMILY = {
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
"""Kind of digits of the styles that `_similarity` compares: 一 for Han digits, 1 for Arabic ones. If the style changes
inside a list, the new one is usually similar: （三） continues 二、 rather than 2）."""
_STYLE_MARK = {"一、": "、", "1、": "、", "1.": ".", "（一）": "（", "（1）": "（", "1）": "（"}
"""Punctuation of the styles that `_similarity` compares. Brackets around and after the number are the same mark."""


class HeadingForm(Enum):
    """How a heading is printed."""

    LINE = "on a line of its own"
    STRONG = "on a line of its own, emphasised"
    RUN_IN = "at the start of its paragraph"


@dataclass(frozen=True, slots=True)
class LineNumbering:
    """The marker and the stated level of a line."""

    marker: Marker | None
    level: int
    """Heading level that the format states, 1 for `h1`; 0 if it states none."""


@dataclass(frozen=True, slots=True)
class OpenEntry:
    """An open heading or item."""

    style: str
    """Style of the list number. Without one: `UNNUMBERED`, `UNNUMBERED_STRONG` or `LAST_PART`, or `h2` if the format
    states the level 2."""
    ordinal: int
    """The list number. For a heading that has lost its number, the number that its list skips there. 0 for an entry
    without a number."""
    heading: str | None
    """None for an item without a run-in heading, which encloses others but adds nothing to the path."""
    level: int
    """Heading level that the format states, 1 for `h1`; 0 if it states none."""
    parents: tuple[str, ...]
    """Headings above the entry, outermost first."""
    is_run_in: bool
    """Whether the entry is an item or a run-in heading, which starts a paragraph."""


class LevelTracker:
    """Tracks the open headings and items while a document is read from top to bottom."""

    def __init__(self, lines: Sequence[LineNumbering]) -> None:
        self._lines = lines
        self.entries: list[OpenEntry] = []
        """Open headings and items, outermost first."""
        self._seen_above: set[tuple[str, str]] = set()
        """Pairs of an outer and an inner style that have occurred in this order."""
        self._last_ordinals: dict[str, int] = {}
        """Last ordinal of each style."""
        self._min_depth = 0
        """Number of outermost entries that no later heading closes: 1 inside the last part, otherwise 0."""

    def path(self) -> tuple[str, ...]:
        """Return the headings of the open entries, outermost first. Entries without a heading are left out."""
        if not self.entries:
            return ()
        last = self.entries[-1]
        return (*last.parents, last.heading) if last.heading else last.parents

    def close_innermost(self) -> None:
        """Close the innermost entry, unless it is the last part."""
        if len(self.entries) > self._min_depth:
            self.entries.pop()

    def close_all(self) -> None:
        """Close all entries, the last part too: the text that follows belongs to no heading."""
        self.entries.clear()
        self._min_depth = 0

    def open_last_part(self, heading: str) -> OpenEntry:
        """Close all entries and open the heading of a part that all following headings belong to."""
        self.close_all()
        self._min_depth = 1
        return self._push(OpenEntry(LAST_PART, 0, heading, 0, (), is_run_in=False))

    def close_run_ins(self) -> None:
        """Close items and run-in headings, from the innermost entry outwards, until a heading on a line of its own."""
        while self.entries and self.entries[-1].is_run_in:
            self.entries.pop()

    def open(self, i: int, heading: str | None, *, form: HeadingForm, is_parent_empty: bool) -> OpenEntry:
        """Open line `i` at its depth, close the entries that it ends, and return its entry.

        `is_parent_empty` states that nothing has occurred below the innermost open heading, so that a list that
        restarts can be inside it.
        """
        line = self._lines[i]
        if line.marker is not None:
            style, ordinal = line.marker.style, line.marker.ordinal
            depth = self._numbered_depth(style, ordinal, is_parent_empty=is_parent_empty)
        else:
            style, ordinal, depth = self._place_unnumbered(
                i, line.level, UNNUMBERED_STRONG if form is HeadingForm.STRONG else UNNUMBERED
            )
        del self.entries[max(depth, self._min_depth) :]
        return self._push(OpenEntry(style, ordinal, heading, line.level, self.path(), form is HeadingForm.RUN_IN))

    def _push(self, entry: OpenEntry) -> OpenEntry:
        """Add an entry below all open entries, and return it. Records which styles are above its style."""
        for outer in self.entries:
            self._seen_above.add((outer.style, entry.style))
        self.entries.append(entry)
        if entry.ordinal:
            self._last_ordinals[entry.style] = entry.ordinal
        return entry

    def _numbered_depth(self, style: str, ordinal: int, *, is_parent_empty: bool) -> int:
        """Return the depth of a numbered line, which is the number of entries that stay open above it.

        The first of these rules that applies decides:

        1. The line continues the innermost open list of its style whose last number is `ordinal` - 1.
        2. A line with the number 1 opens a list inside the innermost entry, if that entry is the only open one of this
           style and nothing is below it.
        3. The line belongs to the innermost open list of its style.
        4. The line continues the numbers of another style (`_continued_depth`), unless it continues a closed list of
           its own style.
        5. The line opens a new list (`_new_list_depth`).
        """
        same = [k for k, entry in enumerate(self.entries) if entry.style == style]
        following = [k for k in same if self.entries[k].ordinal == ordinal - 1]
        if following:
            return following[-1]
        if ordinal == 1 and is_parent_empty and len(same) == 1 and same[0] == len(self.entries) - 1:
            return len(self.entries)
        if same:
            return same[-1]
        if ordinal > 1 and self._last_ordinals.get(style) != ordinal - 1:
            depth = self._continued_depth(style, ordinal)
            if depth is not None:
                return depth
        return self._new_list_depth(style, ordinal)

    def _continued_depth(self, style: str, ordinal: int) -> int | None:
        """Return the depth of the entry of another style whose number `ordinal` continues, or None.

        The entry with the most similar style is chosen, of several the outermost. A style that has occurred before
        continues only similar styles. The result is also None if a closed list with the same kind of digits (一 or 1)
        ended with the preceding number, and no open entry with the preceding number has such digits.
        """
        candidates = [k for k, entry in enumerate(self.entries) if entry.ordinal == ordinal - 1 and entry.ordinal]
        if style in self._last_ordinals:
            candidates = [k for k in candidates if _similarity(self.entries[k].style, style)]
        has_similar_candidate = any(_similarity(self.entries[k].style, style) > 1 for k in candidates)
        has_similar_list = any(
            last == ordinal - 1 and _similarity(other, style) > 1 for other, last in self._last_ordinals.items()
        )
        if not candidates or (has_similar_list and not has_similar_candidate):
            return None
        return max(candidates, key=lambda k: (_similarity(self.entries[k].style, style), -k))

    def _new_list_depth(self, style: str, ordinal: int) -> int:
        """Return the depth of a new list: inside the innermost entry that its style may be below.

        A style that occurs for the first time, and with 1, goes below the innermost entry, whatever the usual order, if
        that entry is a heading on a line of its own.
        """
        depth = len(self.entries)
        if depth and style not in self._last_ordinals and ordinal == 1 and not self.entries[-1].is_run_in:
            return depth
        while depth and self._is_outer(style, self.entries[depth - 1].style):
            depth -= 1
        return depth

    def _is_outer(self, style: str, other: str) -> bool:
        """Return whether an entry of `style` closes an open entry of the style `other`, and is not below that entry.

        An entry closes another one of its style. If two styles have occurred in one order only, this order
        decides, otherwise `RANK`.
        """
        if style == other:
            return True
        is_above, is_below = (style, other) in self._seen_above, (other, style) in self._seen_above
        if is_above != is_below:
            return is_above
        return style in RANK and other in RANK and RANK[style] < RANK[other]

    def _place_unnumbered(self, i: int, level: int, style: str) -> tuple[str, int, int]:
        """Return style and ordinal of a heading without a number, and the number of entries that stay open above it.

        `level` is the level that the format states, or 0. The returned style is `style`, unless a number was lost or a
        level is stated.
        """
        list_depth = self._lost_number_depth(i)
        if list_depth is not None:
            entry = self.entries[list_depth]
            return entry.style, entry.ordinal + 1, list_depth
        if level:
            depth = next((k for k, entry in enumerate(self.entries) if entry.level >= level), len(self.entries))
            return f"h{level}", 0, depth
        same = [k for k, entry in enumerate(self.entries) if entry.style == style]
        if same:
            return style, 0, same[-1]
        restarted_depth = self._restarted_depth(i)
        return style, 0, len(self.entries) if restarted_depth is None else restarted_depth

    def _lost_number_depth(self, i: int) -> int | None:
        """Return the depth of the open list that skips exactly one number after line `i`, or None.

        The heading on line `i` then lost that number. The next numbered line whose style has an open list decides.
        """
        following: dict[str, int] = {}
        for line in self._lines[i + 1 : i + _LOOK_AHEAD_LINES]:
            if line.marker is not None and line.marker.ordinal and line.marker.style not in following:
                following[line.marker.style] = line.marker.ordinal
                entries = [k for k, entry in enumerate(self.entries) if entry.style == line.marker.style]
                if entries and line.marker.ordinal == self.entries[entries[-1]].ordinal + 2:
                    return entries[-1]
                if entries:
                    return None
        return None

    def _restarted_depth(self, i: int) -> int | None:
        """Return the depth of the entry directly above the open list that restarts after line `i`, or None.

        The heading on line `i` then replaces that entry. If no entry is above the list, the depth is 0, and the heading
        replaces the list itself. The next numbered line decides.
        """
        for line in self._lines[i + 1 : i + _LOOK_AHEAD_LINES]:
            if line.marker is None or not line.marker.ordinal:
                continue
            same = [k for k, entry in enumerate(self.entries) if entry.style == line.marker.style]
            if line.marker.ordinal != 1 or not same:
                return None
            return max(0, same[0] - 1)
        return None


def _similarity(first: str, second: str) -> int:
    """Return the similarity of two styles: 2 for the same kind of digits, plus 1 for the same punctuation."""
    same_digits = first in _DIGIT_FAMILY and _DIGIT_FAMILY[first] == _DIGIT_FAMILY.get(second)
    same_mark = first in _STYLE_MARK and _STYLE_MARK[first] == _STYLE_MARK.get(second)
    return 2 * same_digits + same_mark
