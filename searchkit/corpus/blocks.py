"""The output of the format readers: blocks and raw documents, before cleaning and analysis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Block:
    """One line of a text file, or one block element of a markup format: paragraph, heading, list item, table row."""

    text: str
    """The text as in the file, with its white space. Contains no line break if the format has block elements."""
    level: int = 0
    """Heading level that the format states, 1 for `h1` and `#`. 0 if the format states none."""
    strong: bool = False
    """Whether the entire block is emphasised. Such a block is often a heading whose level the format does not state."""
    page: int | None = None
    """Page on which the block starts, from 1; None if the format has no pages."""


@dataclass(frozen=True, slots=True)
class RawDocument:
    """A document as a format reader returns it."""

    blocks: tuple[Block, ...]
    overrides: Mapping[str, object] = field(default_factory=dict)
    """Metadata that a person states (front matter, fields of a record), by field of `model.Document` or user-defined
    facet. It takes precedence over detection."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """Metadata that the format states (`title`, `published`, `issuer`, `source`, `site`, `column` of an HTML head).
    Detection uses it as evidence: `title` and `issuer` if the text states none, `source` before any URL in the text."""
    key: str | None = None
    """Id of the record in its file, if the format has several documents per file, otherwise None."""
    is_record: bool = False
    """Whether the document is a record: one block, which is a finished paragraph. Cleaning and outline are skipped."""
    warnings: tuple[str, ...] = ()
    """Text of the document that is incomplete or was left out on purpose. One line each; see `model.LEFT_OUT`."""
