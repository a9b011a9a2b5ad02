"""The query tree: what every engine must be able to answer. A tree prints itself in the query language.

`syntax` makes trees of what users type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from searchkit.query.facets import Filter, quoted

TEXT_FIELDS = ("text", "heading", "title")
"""What words and strings are looked for in: the paragraph's text (default), its headings, its document's title."""


NUMERAL_CHARACTERS = "零〇一二三四五六七八九十百千万亿两点"
"""What a number in Chinese characters is made of."""


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches every paragraph."""

    def __str__(self) -> str:
        return "*"


@dataclass(frozen=True, slots=True)
class Word:
    """Matches where the analyzer gives the token `term`."""

    term: str
    field: str = "text"

    def __str__(self) -> str:
        return _in_field(self.field, self.term)


@dataclass(frozen=True, slots=True)
class Substring:
    """Matches where the folded text holds `text` (folded)."""

    text: str
    field: str = "text"
    whole_numbers: bool = False
    """An occurrence that is part of a longer number (3件 in 23件, 三件 in 十三件) does not count."""

    def __str__(self) -> str:
        return _in_field(self.field, quoted(self.text))

    def find(self, folded: str) -> Iterator[tuple[int, int]]:
        """Spans of the occurrences in a folded text, from left to right."""
        if self.whole_numbers:
            yield from (match.span() for match in _whole(self.text).finditer(folded))
            return
        start = folded.find(self.text)
        while start >= 0:
            yield start, start + len(self.text)
            start = folded.find(self.text, start + len(self.text))


@dataclass(frozen=True, slots=True)
class Prefix:
    """Matches where a token begins with `text`."""

    text: str
    field: str = "text"

    def __str__(self) -> str:
        return _in_field(self.field, f"{self.text}*")


@dataclass(frozen=True, slots=True)
class And:
    """Matches where all children match."""

    children: tuple[Node, ...]

    def __str__(self) -> str:
        return " AND ".join(_bracketed(child) for child in self.children)


@dataclass(frozen=True, slots=True)
class Or:
    """Matches where at least one child matches."""

    children: tuple[Node, ...]

    def __str__(self) -> str:
        return " OR ".join(_bracketed(child) for child in self.children)


@dataclass(frozen=True, slots=True)
class Not:
    """Matches where the child does not."""

    child: Node

    def __str__(self) -> str:
        return f"NOT {_bracketed(self.child)}"


Node = Everything | Word | Substring | Prefix | Filter | And | Or | Not
"""A query tree."""


@dataclass(frozen=True, slots=True)
class ScoringClause:
    """A piece of text that raises the score of paragraphs it stands in: folded, with the weight from `^`."""

    text: str
    terms: tuple[str, ...]
    """The tokens of the text."""
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Query:
    """A query understood. `all` asks for every part, `any` for at least one word of them."""

    all: Node
    any: Node
    scoring: tuple[ScoringClause, ...] = ()
    """What ranking goes by: the positive parts, in the order given."""
    notes: tuple[str, ...] = ()
    """What was read in another way than it was written, for the user to see."""


def leaves(node: Node) -> Iterator[Word | Substring | Prefix]:
    """The positive text leaves of a tree from left to right: what can be seen in a match."""
    if isinstance(node, And | Or):
        for child in node.children:
            yield from leaves(child)
    elif isinstance(node, Word | Substring | Prefix):
        yield node


def _whole(text: str) -> re.Pattern[str]:
    before = after = ""
    if text[0].isdecimal():
        before = r"(?<![0-9])(?<![0-9][.,])"
    elif text[0] in NUMERAL_CHARACTERS:
        before = f"(?<![{NUMERAL_CHARACTERS}0-9])"
    if text[-1].isdecimal():
        after = r"(?![0-9])(?![.,][0-9])"
    elif text[-1] in NUMERAL_CHARACTERS:
        after = f"(?![{NUMERAL_CHARACTERS}])"
    return re.compile(before + re.escape(text) + after)


def _in_field(field: str, text: str) -> str:
    return text if field == "text" else f"{field}:{text}"


def _bracketed(node: Node) -> str:
    return f"({node})" if isinstance(node, And | Or) else str(node)
