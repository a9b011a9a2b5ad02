"""The output of the format readers: blocks and raw documents, before cleaning and analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Block:
    """One line of a text file, or one block element of a markup format: paragraph, heading, list item, table row."""

    text: str
    """As in the file, with any white space. Contains no line break if the format has block elements."""
    level: int = 0
    """Heading level stated by the format (h1 and `#` = 1); 0 = none."""
    strong: bool = False
    """Whether the entire block is emphasised. Such a block is often an unmarked heading."""
    page: int | None = None
    """Page on which the block starts, from 1; None if the format has no pages."""


@dataclass(frozen=True, slots=True)
class RawDocument:
    """One document as returned by a format reader."""

    blocks: tuple[Block, ...]
    overrides: Mapping[str, object] = field(default_factory=dict)
    """Metadata stated by a person (front matter, fields of a record). Takes precedence over detection. Keys are field
    names of `model.Document` or names of user-defined facets."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """Metadata stated by the format (`title`, `published`, `issuer`, `source`, `site`, `column` of an HTML head). Used
    where the text states nothing."""
    key: str | None = None
    """Id of the record inside its file, for formats with several documents per file; None = one document per file."""
    is_record: bool = False
    """Whether each block is one finished paragraph. Cleaning and outline are then skipped."""
