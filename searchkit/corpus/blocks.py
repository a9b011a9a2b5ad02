"""What a reader hands on: a file as a list of blocks, before anything is understood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Block:
    """One line of a text file, or one block element of a marked-up one: paragraph, heading, list item, table row."""

    text: str
    """As the file has it; may hold any white space. Never holds a line break when the format has block elements."""
    level: int = 0
    """Heading level that the format itself states (h1 and `#` = 1), 0 = none stated."""
    strong: bool = False
    """The whole block is emphasised: often a heading that nobody marked as one."""
    page: int | None = None
    """Page it starts on, from 1, where the format has pages."""


@dataclass(frozen=True, slots=True)
class RawDocument:
    """One document as its reader found it."""

    blocks: tuple[Block, ...]
    overrides: Mapping[str, object] = field(default_factory=dict)
    """What a person stated about the document (front matter, fields of a record): wins over detection.
    Keys are the field names of `model.Document` or names of the user's own facets."""
    hints: Mapping[str, str] = field(default_factory=dict)
    """What the format says (`title`, `published`, `issuer`, `source`, `site`, `column` of an HTML head): used where the
    text is silent."""
    key: str | None = None
    """Id of the record inside its file, for formats that hold several documents; None = the file is the document."""
    is_record: bool = False
    """True: the blocks are one finished paragraph each; cleaning and outline are not applied."""
