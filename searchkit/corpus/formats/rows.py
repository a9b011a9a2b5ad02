"""Table rows for formats with tables: a row of data becomes one block, its cells separated by tabs."""

from __future__ import annotations

from dataclasses import dataclass, field

from searchkit.corpus.blocks import Block

_MAX_DATA_CELL_LENGTH = 500
"""In code points. A table with a longer cell is a layout table, which contains no data cells."""


@dataclass(slots=True)
class TableRow:
    """A table row that is being read."""

    start: int
    """Index of its first block."""
    cells: list[int] = field(default_factory=list)
    """Index of the first block of each cell."""
    has_nested_table: bool = False

    def join(self, blocks: list[Block]) -> None:
        """Replace the blocks of a data row by one block. The blocks of a layout row are left unchanged."""
        if self.has_nested_table:  # checked first, because nested tables share the blocks
            return
        ends = [*self.cells[1:], len(blocks)]
        cells = [blocks[start:end] for start, end in zip(self.cells, ends, strict=False) if end > start]
        texts = [" ".join(block.text.strip() for block in cell) for cell in cells]
        if len(cells) < 2 or max(map(len, texts)) > _MAX_DATA_CELL_LENGTH:  # noqa: PLR2004 - one cell is not a row
            return
        strong = all(block.strong for block in blocks[self.start :])
        blocks[self.start :] = [Block("\t".join(texts), strong=strong)]
