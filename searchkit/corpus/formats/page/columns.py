"""Columns of unruled tables, which only white space shows.

Input: rows of words (`textrows`). Output: `Columns`, which determine the column of each word. Lengths are in the unit
of `placed`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from searchkit.corpus.formats.page.placed import Glyph
from searchkit.corpus.formats.page.textrows import MIN_GAP, MIN_WORD_GAP, TextRow, text_of
from searchkit.corpus.tables.cells import is_number, is_time, is_value

_MIN_GAP_SHARE = 0.5
"""White space separates two columns if it is at least `MIN_GAP` wide in at least this share of the rows with words on
both sides of it."""
_MAX_OVERHANG = 4.0
"""Maximum length, in em, by which text may protrude from the first or the last column of the rows with figures."""
_MAX_RAGGED = 0.2
"""Texts are aligned at an end if the positions of these ends differ by less than this, in em."""
_MIN_NARROW_ROWS = 3
"""White space that is too narrow for `MIN_GAP` can separate two columns only if at least this number of rows have words
on both sides of it."""
_MIN_LABELS, _MIN_LABEL_SHARE = 2, 0.25
"""Labels on lines between the rows with figures are a column if there are at least `_MIN_LABELS` of them, and at least
this share of the number of rows (a quarter, because a label may stand beside four rows)."""
_MAX_ORDINAL_LENGTH, _THOUSANDS = 3, 3
"""Maximum number of digits of a list number; number of digits of a group in 1 234."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table by the white space between them."""

    edges: tuple[float, ...]
    """The left end of the first column, the middle of the space between each two columns, the right end of the last."""
    extents: tuple[tuple[float, float], ...]
    """The leftmost start and the rightmost end of the text of each column, in the rows with figures or, for a column of
    labels on lines between these rows, in these lines."""
    right_aligned: frozenset[int] = frozenset()
    """Indexes of the columns without words whose figures end at the same position in all rows. Empty if the figures of
    each of these columns also start at the same position: the alignment is then unknown."""

    def locate(self, glyphs: Sequence[Glyph]) -> int:
        """Return the index of the column of a word.

        It is the only column whose extent the word overlaps, otherwise the column at the middle of the word.
        """
        left, right = glyphs[0].left, glyphs[-1].right
        first = max(0, bisect_right(self.edges, left) - 1)
        last = min(max(0, bisect_right(self.edges, right) - 1), len(self.extents) - 1)
        if first == last:
            return first
        overlapping = [c for c in range(first, last + 1) if left < self.extents[c][1] and right > self.extents[c][0]]
        if len(overlapping) == 1:
            return overlapping[0]
        return min(max(0, bisect_right(self.edges, (left + right) / 2) - 1), len(self.extents) - 1)

    def split(self, row: TextRow) -> dict[int, list[Glyph]]:
        """Return the glyphs of the words of a row by column. Columns without a word are left out."""
        cells: dict[int, list[Glyph]] = {}
        for word in row.words:
            cells.setdefault(self.locate(word), []).extend(word)
        return cells

    def fits(self, row: TextRow) -> bool:
        """Return whether a row has words, and each of them fits its column.

        A word does not fit if it overlaps the extent of another column, or protrudes from the table by more than
        `_MAX_OVERHANG`.
        """
        slack = row.line.size
        # The words of column c begin after `limits[2 * c]`, the end of the text of the column before it, and end before
        # `limits[2 * c + 3]`, the start of the text of the column after it.
        limits = (
            self.edges[0] - _MAX_OVERHANG * slack,
            *(edge for extent in self.extents for edge in extent),
            self.edges[-1] + _MAX_OVERHANG * slack,
        )
        for word in row.words:
            column = self.locate(word)
            if word[0].left < limits[2 * column] or word[-1].right > limits[2 * column + 3]:
                return False
        return bool(row.words)


def build_columns(extents: Sequence[tuple[float, float]]) -> Columns:
    """Return columns with these extents, which are in order from left to right."""
    middles = [(before[1] + after[0]) / 2 for before, after in pairwise(extents)]
    return Columns((extents[0][0], *middles, extents[-1][1]), tuple(extents))


def find_columns(data: Sequence[TextRow], others: Sequence[TextRow] = ()) -> Columns | None:
    """Return the columns that the white space in rows with figures shows; None if there is only one.

    `others`: the lines without figures between these rows. Labels on such lines, left of all columns, are a column, if
    there are enough of them (`_MIN_LABELS`).
    """
    spans = sorted((word[0].left, word[-1].right) for row in data for word in row.words)
    em = median(row.line.size for row in data)
    extents: list[list[float]] = []
    for left, right in spans:
        if extents and left - extents[-1][1] < MIN_WORD_GAP * em:
            extents[-1][1] = max(extents[-1][1], right)
        else:
            extents.append([left, right])
    kept = extents[:1]
    for extent in extents[1:]:
        if _is_gutter(data, (kept[-1][1], extent[0]), em):
            kept.append(extent)
        else:
            kept[-1][1] = extent[1]
    labels = [row.line for row in others if row.line.right <= kept[0][0] - MIN_WORD_GAP * em]
    if len(labels) >= max(_MIN_LABELS, _MIN_LABEL_SHARE * len(data)):
        kept.insert(0, [min(line.left for line in labels), max(line.right for line in labels)])
    if len(kept) < 2:  # noqa: PLR2004 - one column is text
        return None
    return build_columns([(left, right) for left, right in kept])


def _is_gutter(data: Sequence[TextRow], gutter: tuple[float, float], em: float) -> bool:
    """Return whether the white space at `gutter` (start and end) separates two columns.

    The rows that count have words on both sides of it. It separates columns in two cases:

    1. At least half of these rows have a wide gap there (`_MIN_GAP_SHARE`).
    2. There are at least `_MIN_NARROW_ROWS` of these rows, and (a) the words before the gaps are list numbers (1, 2, 3)
       at the start of the rows; or (b) each word after a gap is a complete number, not the last digits of 1 234, and
       one gap is wide or all words before the gaps are numbers or times.
    """
    middle = (gutter[0] + gutter[1]) / 2
    gaps: list[float] = []
    lefts: list[str] = []
    rights: list[str] = []
    are_first = True
    for row in data:
        index = bisect_right(row.words, middle, key=lambda word: word[-1].right)
        if 0 < index < len(row.words):
            before, after = row.words[index - 1], row.words[index]
            gaps.append(after[0].left - before[-1].right)
            lefts.append(text_of(before))
            are_first &= index == 1
            rights.append(text_of(after))
    wide = sum(gap >= MIN_GAP * em for gap in gaps)
    if wide >= max(1, _MIN_GAP_SHARE * len(gaps)):
        return True
    if len(gaps) < _MIN_NARROW_ROWS:
        return False
    has_evidence = wide > 0 or all(is_number(word) or is_time(word) for word in lefts)
    return (are_first and _are_ordinals(lefts)) or (has_evidence and all(map(_is_whole, lefts, rights)))


def _are_ordinals(words: Sequence[str]) -> bool:
    """Return whether words count up: 1, 2, 3."""
    if not all(word.isdecimal() and word.isascii() and len(word) <= _MAX_ORDINAL_LENGTH for word in words):
        return False
    return all(int(after) == int(before) + 1 for before, after in pairwise(words))


def _is_whole(before: str, word: str) -> bool:
    """Return whether a word is a number, and not the last digits of one whose thousands blanks separate: 1 234."""
    is_group = len(word) == _THOUSANDS and word.isdecimal() and len(before) <= _THOUSANDS and before.isdecimal()
    return is_number(word) and not is_group


def mark_right_aligned(columns: Columns, data: Sequence[TextRow]) -> Columns:
    """Return the columns with their `right_aligned`."""
    ends: dict[int, list[tuple[float, float]]] = {}
    words: set[int] = set()
    for row in data:
        for column, glyphs in columns.split(row).items():
            ends.setdefault(column, []).append((glyphs[0].left, glyphs[-1].right))
            if not is_value(text_of(glyphs)):
                words.add(column)
    limit = _MAX_RAGGED * data[0].line.size
    spans = {column: [max(edge) - min(edge) for edge in zip(*ends[column], strict=True)] for column in ends}
    found = frozenset(column for column, (_, right) in spans.items() if right < limit and column not in words)
    return replace(columns, right_aligned=found) if any(spans[column][0] > limit for column in found) else columns


def merge_sparse_columns(data: Sequence[TextRow], columns: Columns, header: TextRow) -> Columns:
    """Merge adjacent columns of which no row fills both, until there are as many columns as the header has words.

    If a column has few figures of different widths, white space may seem to divide it. The columns are returned
    unchanged if only one would remain.
    """
    extents = list(columns.extents)
    surplus = len(extents) - len(header.words)
    if surplus <= 0:
        return columns
    filled = [set(columns.split(row)) for row in data]
    groups = [{c} for c in range(len(extents))]
    c = 0
    while c + 1 < len(groups) and surplus > 0:
        if any(row & groups[c] and row & groups[c + 1] for row in filled):
            c += 1
            continue
        groups[c] |= groups.pop(c + 1)
        surplus -= 1
    if len(groups) == len(extents) or len(groups) < 2:  # noqa: PLR2004 - one column is text
        return columns
    return build_columns([(extents[min(group)][0], extents[max(group)][1]) for group in groups])
