"""Rows of tables, for formats that have tables: a row of data is one block, its cells with tabs between."""

from __future__ import annotations

from dataclasses import dataclass, field

from searchkit.corpus.blocks import Block

_MAX_CELL_LENGTH = 500
"""Code points. A table with a longer cell arranges the page; its cells are not data."""


@dataclass(slots=True)
class TableRow:
    """A table row that is being read."""

    start: int
    """Index of its first block."""
    cells: list[int] = field(default_factory=list)
    """Index of each cell's first block."""
    holds_table: bool = False

    def join(self, blocks: list[Block]) -> None:
        """Make one block of a row of data; leave the blocks of a row that arranges the page."""
        if self.holds_table:  # before any look at its blocks: tables in tables share them
            return
        ends = [*self.cells[1:], len(blocks)]
        cells = [blocks[start:end] for start, end in zip(self.cells, ends, strict=False) if end > start]
        texts = [" ".join(block.text.strip() for block in cell) for cell in cells]
        if len(cells) < 2 or max(map(len, texts)) > _MAX_CELL_LENGTH:  # noqa: PLR2004 - one cell is no row
            return
        strong = all(block.strong for block in blocks[self.start :])
        blocks[self.start :] = [Block("\t".join(texts), strong=strong)]
