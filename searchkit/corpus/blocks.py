"""The output of the format readers: blocks and raw documents, before cleaning and analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from searchkit.model import Cell


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as a format reader returns it, which may be a layout table."""

    rows: tuple[tuple[Cell, ...], ...]
    """All rows. As in HTML, a cell that covers several rows is only in the first of them."""
    header_rows: int | None = None
    """Number of header rows at the top that the format states; None if it states none."""
    caption: str | None = None
    """Caption that the format states, or None."""


@dataclass(frozen=True, slots=True)
class DataTable:
    """A table of data: `tables.recognition` has found its headers, and no row is empty."""

    caption: str | None
    """Caption as printed, or None."""
    header: tuple[tuple[Cell, ...], ...]
    """Header rows. No cell of them reaches below the last header row."""
    rows: tuple[tuple[Cell, ...], ...]
    """Rows below the header, at least one."""
    header_columns: int
    """Number of columns at the left whose cells are headers of their rows."""


@dataclass(frozen=True, slots=True)
class Block:
    """A line of text, a paragraph of a page (PDF, OFD), or a table.

    A block element of a markup format (paragraph, heading, list item) is a block for each of its lines.
    """

    text: str
    """The text. It may begin or end with white space, and contain runs of it, but no line break."""
    level: int = 0
    """Heading level that the format states, 1 for `h1` and `#`. 0 if the format states none."""
    strong: bool = False
    """Whether the entire block is emphasised. Such a block is often a heading whose level the format does not state."""
    page: int | None = None
    """Page on which the block starts, from 1; None if the format has no pages."""
    table: RawTable | DataTable | None = None
    """The table, if the block is one. `text` is then empty. Readers return a `RawTable`, cleaning a `DataTable`."""


@dataclass(frozen=True, slots=True)
class RawDocument:
    """A document as a format reader returns it."""

    blocks: tuple[Block, ...]
    overrides: Mapping[str, object] = field(default_factory=dict)
    """Metadata that a person states (front matter, fields of a record), by field of `model.Document` or user-defined
    facet. It takes precedence over detection."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """Metadata that the format states (`title`, `published`, `issuer`, `source`, `site`, `column` of an HTML head).
    Detection uses it as evidence. `title` counts if the text has no title. `issuer` takes precedence over the
    signature, but not over the title or a field of the text (发布机构：…). `source` takes precedence over a field of
    the text with a URL (来源：https://…)."""
    key: str | None = None
    """Id of the record in its file, if the format has several documents per file, otherwise None."""
    is_record: bool = False
    """Whether the document is a record: one block, which is a finished paragraph. Cleaning and outline are skipped."""
    warnings: tuple[str, ...] = ()
    """Warnings about text that is incomplete or was left out, one line each. If the reader left it out on purpose, the
    warning begins with `model.LEFT_OUT`."""
