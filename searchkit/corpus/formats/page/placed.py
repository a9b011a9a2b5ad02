"""What is placed on a page: glyphs, rules, and the lines and tables that are built from them.

Lengths are in a unit that the format chooses (points, millimetres). The origin is the upper left corner of a page. An
em is the type size of a line; limits are in em where possible, so that they do not depend on the unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from searchkit.model import Cell


class Glyph(NamedTuple):
    """A character and its position on a page."""

    text: str
    """One code point; several for a ligature."""
    left: float
    right: float
    baseline: float
    """Distance of its baseline from the upper edge of the page."""
    size: float
    """Type size: the height of a Han character."""
    bold: bool = False
    turn: int | None = 0
    """Clockwise rotation in quarter turns, 0 to 3; None = skewed, as watermarks are."""


class Rule(NamedTuple):
    """A horizontal or vertical line on a page, such as those of tables: a thin area."""

    left: float
    top: float
    right: float
    bottom: float


class Bar(NamedTuple):
    """A horizontal rule that no vertical rule touches, such as those of three-line tables (三线表)."""

    height: float
    """Distance from the upper edge of the page."""
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class PlacedPage:
    """The contents of one page."""

    number: int
    """From 1."""
    width: float
    height: float
    glyphs: Sequence[Glyph]
    """In any order."""
    rules: Sequence[Rule] = ()
    headings: Mapping[str, int] = field(default_factory=dict)
    """Level, from 1, of each bookmark that points to this page, by the `layout.heading_key` of its title."""
    template_lines: int = 0
    """Number of lines of this page that are printed on several pages, and are not among the glyphs."""


class ColumnBounds(NamedTuple):
    """Where the lines of a column start and end."""

    left: float
    right: float


NO_BOUNDS = ColumnBounds(0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class PlacedTable:
    """The part of a table on one page."""

    rows: tuple[tuple[Cell, ...], ...]
    """As in HTML, a cell that covers several rows is only in the first of them."""
    edges: tuple[float, ...]
    """Left edge of each column and right edge of the last, from left to right. If white space shows the columns, the
    edge between two columns is the middle of the space."""
    is_ruled: bool
    """Whether rules show the columns, or only white space."""


@dataclass(frozen=True, slots=True, eq=False)
class PlacedLine:
    """A line of text, a piece of one, or a row of a table."""

    text: str
    left: float
    right: float
    baseline: float
    """Distance of its baseline from the upper edge of the page."""
    size: float
    """Type size: the length of an em."""
    bold: bool
    page: int
    text_right: float
    """Its right end without a final punctuation mark, which may hang in the margin."""
    first_word_width: float
    """Width of the first word, which cannot be split."""
    column: int = 0
    """Number of its column on the page; 0 = the text is not set in columns. Rows of a ruled grid have a negative one.
    """
    bounds: ColumnBounds = NO_BOUNDS
    """Bounds of its column."""
    is_row: bool = False
    """Whether it is a table row, or looks like one. In rows of tables, tabs separate the cells."""
    glyphs: Sequence[Glyph] = ()
    """Its glyphs from left to right. Empty if it is a row of `table`, or a data row of a ruled grid."""
    table: PlacedTable | None = None
    """The table, if it is a row of one."""
    row: int = 0
    """Index of the row in the table."""
