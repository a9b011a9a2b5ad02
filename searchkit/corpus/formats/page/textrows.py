"""Lines as rows of words, and the groups of rows with figures among them.

Input: the lines of a page or a column of text, with their glyphs. Output: a `TextRow` for each line, and the range of
each group of rows with figures that are close together. Lengths are in the unit of the format, such as points.

A word is a run of glyphs without white space of at least `MIN_WORD_GAP` between them. A piece is a run of words without
white space of at least `MIN_GAP` between them. A figure is a number in a cell (`tables.cells`).
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from statistics import median

from searchkit.corpus.formats.page.placed import Glyph, PlacedLine
from searchkit.corpus.lines import ends_sentence
from searchkit.corpus.tables.captions import is_table_note
from searchkit.corpus.tables.cells import is_number, is_total

MIN_GAP = 1.0
"""Minimum white space between two cells in most rows, in em. Gaps of justified text and between Latin words are
smaller."""
MIN_WORD_GAP = 0.4
"""Minimum white space between two cells in any row, in em."""
MAX_ROW_DISTANCE = 4.0
"""Maximum distance between two rows of one table, in em."""
MAX_CELL_LENGTH = 40
"""Maximum length of a header cell, and of a line without figures in a table, in code points."""
_MAX_LINES_BETWEEN = 3
"""Maximum number of lines without figures between two rows with figures."""
_MAX_ROWS = 500
"""Maximum number of lines of a group of rows with figures. No page has more."""
_MAX_LABEL_STEP = 1.6
"""A label is beside a row if its vertical distance from the row is less than this, in em. A label between two rows must
be this close to both. Lines of text are further apart."""
_MAX_SPACING = 4.5
"""Maximum white space between the two characters of a label, in em: 合　　　计."""
_MIN_NARROW_WORDS = 3
"""Minimum number of words in a row that consists of a label and figures, with or without wide gaps between them."""
_NOTE = re.compile(r"[（(【\[]?\s*(?:注|备\s?注|说\s?明|附\s?注|数据来源|资料来源|来源)\s*\d?\s*[:：]")
_CAPTION = re.compile(r"(?:附\s?|续\s?)?表\s?[\d一二三四五六七八九十]{1,3}(?![\d一二三四五六七八九十]*[年月件个])")
_FIGURE_PART = re.compile(r"[-−]?\d[\d.,，]*[%％]?|[%％]")


@dataclass(slots=True, eq=False)
class TextRow:
    """A line as a row of words."""

    line: PlacedLine
    words: list[list[Glyph]]
    """Its glyphs, split at all gaps that can separate cells."""
    gaps: int
    """Number of gaps of at least `MIN_GAP`."""
    is_data: bool
    """Whether it contains a figure after its first piece, or consists of a label and several figures."""

    @property
    def baseline(self) -> float:
        """Distance of its baseline from the upper edge of the page."""
        return self.line.baseline

    @property
    def is_figures(self) -> bool:
        """Whether all its words are figures, or parts of wrapped figures, such as `12,` and `345` of 12,345."""
        return bool(self.words) and all(_FIGURE_PART.fullmatch(text_of(word)) for word in self.words)

    @property
    def is_short(self) -> bool:
        """Whether it can be a row without figures: it is short, and neither a sentence, a note nor a caption."""
        text = self.line.text
        is_text = ends_sentence(text) or _NOTE.match(text) or _CAPTION.match(text)
        return len(text) <= MAX_CELL_LENGTH and not is_text

    @property
    def can_be_header(self) -> bool:
        """Whether it can be a row of a header: its words are short, it is neither a sentence, a note nor a caption."""
        text = self.line.text
        if not self.words or ends_sentence(text) or _CAPTION.match(text) or is_table_note(text) or _NOTE.match(text):
            return False
        return all(len(text_of(word)) <= MAX_CELL_LENGTH for word in self.words)

    @property
    def has_corner_note(self) -> bool:
        """Whether its first word is a note such as 单位：万元, and the other words, at least one, have no colon.

        In the upper left corner of a table, the note is above the names of the rows.
        """
        texts = [text_of(word) for word in self.words]
        return len(texts) > 1 and is_table_note(texts[0]) and not any(":" in text or "：" in text for text in texts[1:])

    def is_label_of(self, row: TextRow) -> bool:
        """Return whether it is a single word left of all words of `row`, and closer to `row` than `_MAX_LABEL_STEP`."""
        is_close = abs(self.baseline - row.baseline) < self.line.size * _MAX_LABEL_STEP
        is_word = len(self.words) == 1 and bool(row.words)
        return is_close and is_word and self.line.right <= row.words[0][0].left - MIN_GAP * self.line.size

    def between(self, glyphs: Sequence[Glyph]) -> Sequence[Glyph]:
        """Return its glyphs from the first to the last of `glyphs`, with the printed blanks between them."""
        first = bisect_left(self.line.glyphs, glyphs[0].left, key=attrgetter("left"))
        end = bisect_right(self.line.glyphs, glyphs[-1].left, key=attrgetter("left"))
        return self.line.glyphs[first:end]


def text_of(glyphs: Sequence[Glyph]) -> str:
    """Return the characters of a word."""
    return "".join(glyph.text for glyph in glyphs)


def build_row(line: PlacedLine) -> TextRow:
    """Return a line as a row of words. A line without blanks is one word.

    A data row of a ruled grid has no words, because its glyphs are not kept (`PlacedLine.glyphs`).
    """
    if " " not in line.text or (line.is_row and not line.glyphs):
        return TextRow(line, [list(line.glyphs)] if line.glyphs else [], 0, is_data=False)
    words: list[list[Glyph]] = []
    piece_starts = [0]
    for glyph in line.glyphs:
        if glyph.text.isspace():
            continue
        gap = glyph.left - words[-1][-1].right if words else 0.0
        if not words or (gap >= MIN_WORD_GAP * line.size and not _is_spaced_word(words[-1], glyph, gap)):
            if words and gap >= MIN_GAP * line.size:
                piece_starts.append(len(words))
            words.append([])
        words[-1].append(glyph)
    gaps = len(piece_starts) - 1
    piece_ends = [*piece_starts[1:], len(words)]
    pieces = [words[start:end] for start, end in zip(piece_starts, piece_ends, strict=True)]
    is_data = any(is_number("".join(map(text_of, piece))) for piece in pieces[1:]) or (
        len(words) >= _MIN_NARROW_WORDS and all(is_number(text_of(word)) for word in words[1:])
    )
    return TextRow(line, words, gaps, is_data)


def _is_spaced_word(before: Sequence[Glyph], glyph: Glyph, gap: float) -> bool:
    """Return whether a character is the second one of a word for a total, after wide white space: 合 计."""
    text = before[0].text + glyph.text
    is_pair = len(before) == 1 and gap < _MAX_SPACING * glyph.size and text.isalpha() and not text.isascii()
    return is_pair and is_total(text)


def group_data_rows(rows: Sequence[TextRow]) -> list[tuple[int, int]]:
    """Return the range (start and end) of each group of rows with figures that are close together."""
    groups: list[tuple[int, int]] = []
    for n, row in enumerate(rows):
        if not row.is_data:
            continue
        if groups and n - groups[-1][0] < _MAX_ROWS and _are_close(rows[groups[-1][1] - 1 : n + 1]):
            groups[-1] = groups[-1][0], n + 1
        else:
            groups.append((n, n + 1))
    return groups


def _are_close(rows: Sequence[TextRow]) -> bool:
    """Return whether adjacent rows are close, and those between first and last can be rows of the same table."""
    if len(rows) > _MAX_LINES_BETWEEN + 2:
        return False
    limit = MAX_ROW_DISTANCE * rows[-1].line.size
    steps = (after.baseline - before.baseline for before, after in pairwise(rows))
    return all(step <= limit for step in steps) and all(row.is_short for row in rows[1:-1])


def find_pitch(rows: Sequence[TextRow]) -> float:
    """Return the pitch: the usual distance between two rows with figures; 0 if there is only one row.

    If no two rows with figures are adjacent, return the largest distance between two adjacent lines.
    """
    steps = [(after.baseline - before.baseline, before.is_data and after.is_data) for before, after in pairwise(rows)]
    between_rows = [step for step, are_data in steps if are_data]
    return median(between_rows) if between_rows else max((step for step, _ in steps), default=0.0)
