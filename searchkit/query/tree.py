"""The query tree, which every engine evaluates. `parsing` builds trees from user input.

`str` of a tree is in the syntax of the query language, but parsing that text need not return the same tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

from searchkit.model import Note
from searchkit.names import YEAR_FACETS
from searchkit.query.facets import Filter, quote

if TYPE_CHECKING:
    from searchkit.query.understood import UnderstoodFilter

TEXT_FIELDS = ("text", "heading", "title")
"""Fields that a query can name: text of a paragraph, all headings above it, title of its document."""

PASSAGE = "passage"
"""Field of words and strings without a field name: the text of a paragraph, with the headings and the title that belong
to it. A heading belongs to the first paragraph under it, the title to the first paragraph of the document. So an
occurrence in a heading or title is found once. No string matches across two of these texts."""

HAN_NUMERAL_CHARACTERS = "零〇一二三四五六七八九十百千万亿两点"
"""Characters of Chinese numerals, including the decimal point 点."""


@dataclass(frozen=True, slots=True)
class Everything:
    """Matches every paragraph."""

    def __str__(self) -> str:
        return "*"


@dataclass(frozen=True, slots=True)
class Word:
    """Matches a paragraph whose field has the token `term`."""

    term: str
    field: str = PASSAGE
    """`PASSAGE`, or one of `TEXT_FIELDS`."""

    def __str__(self) -> str:
        return _with_field(self.field, self.term)


@dataclass(frozen=True, slots=True)
class Substring:
    """Matches a paragraph whose folded field contains the folded string `text`."""

    text: str
    field: str = PASSAGE
    whole_numbers: bool = False
    """Whether to ignore occurrences inside a longer number: 3件 in 23件, 三件 in 十三件."""

    def __str__(self) -> str:
        return _with_field(self.field, quote(self.text))

    def find(self, folded: str) -> Iterator[tuple[int, int]]:
        """Yield the spans of the occurrences in a folded text, from left to right, without overlaps."""
        pattern = _whole_number_pattern(self.text) if self.whole_numbers else None
        start = folded.find(self.text)  # `pattern.finditer` takes ten times as long
        while start >= 0:
            is_match = pattern is None or pattern.match(folded, start)
            if is_match:
                yield start, start + len(self.text)
            start = folded.find(self.text, start + (len(self.text) if is_match else 1))


@dataclass(frozen=True, slots=True)
class Prefix:
    """Matches a paragraph whose field has a token that begins with `text`."""

    text: str
    field: str = PASSAGE
    last: str | None = None
    """The last term that matches, in the order of code points. None: all terms with the prefix match."""

    def admits(self, term: str) -> bool:
        """Return whether a term matches."""
        return term.startswith(self.text) and (self.last is None or term <= self.last)

    def __str__(self) -> str:
        return _with_field(self.field, f"{self.text}*")


@dataclass(frozen=True, slots=True)
class And:
    """Matches if all children match."""

    children: tuple[Node, ...]

    def __str__(self) -> str:
        return " AND ".join(_parenthesized(child) for child in self.children)


@dataclass(frozen=True, slots=True)
class Or:
    """Matches if at least one child matches."""

    children: tuple[Node, ...]

    def __str__(self) -> str:
        return " OR ".join(_parenthesized(child) for child in self.children)


@dataclass(frozen=True, slots=True)
class Not:
    """Matches if the child does not match."""

    child: Node

    def __str__(self) -> str:
        return f"NOT {_parenthesized(self.child)}"


Node = Everything | Word | Substring | Prefix | Filter | And | Or | Not
"""A node of a query tree."""


@dataclass(frozen=True, slots=True)
class ScoringClause:
    """A part of the query that adds to the score of a paragraph. It does not decide whether the paragraph matches."""

    text: str
    """A run, a synonym variant of a run (the run with synonyms in place of words), or a quoted string. Folded."""
    terms: tuple[str, ...]
    """Distinct terms of the text: its words, and the shorter words in them (`Analyzer.query_terms`). Of a synonym
    variant, only its words."""
    weight: float = 1.0
    """Factor of the score: the product of the boosts (`^`) around the clause, reduced for synonym variants."""
    term_factors: tuple[float, ...] = ()
    """Further factor of the score of each of `terms`: less than 1 for function words. Empty: all are 1."""
    character_factors: tuple[float, ...] = ()
    """Further factor of the score of each character of `text`, as `term_factors`. Empty: all are 1."""

    def term_weights(self) -> Iterator[tuple[str, float]]:
        """Yield each term with its weight: `weight` times the factor of the term."""
        for term, factor in zip(self.terms, self.term_factors or (1.0,) * len(self.terms), strict=True):
            yield term, self.weight * factor


class ContentRun(NamedTuple):
    """A run of a query without operators, with its content words: those that are neither question words nor particles.

    A paragraph holds the run if it holds one of its variants: one of its strings, or all of its content words.
    """

    variants: tuple[tuple[tuple[Substring, ...], tuple[str, ...]], ...]
    """Strings and content words of the run itself, then of each synonym variant. The first string of the run itself is
    the run."""

    @property
    def complete(self) -> Node:
        """Query tree of the paragraphs that hold the run, with words in the passage or in the title."""
        alternatives: list[Node] = []
        for strings, words in self.variants:
            alternatives.append(And(tuple(Or((Word(word), Word(word, "title"))) for word in words)))
            alternatives += strings
        return Or(tuple(alternatives))

    def split(self, leaves: AbstractSet[Node]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the content words of one variant: those that a paragraph has, and those that it lacks.

        The variant is the one of which the paragraph lacks the fewest words. A paragraph with one of the strings of a
        variant lacks none.

        `leaves`: the leaves of `Query.some` or `Query.any` that the paragraph matches.
        """
        best: tuple[tuple[str, ...], tuple[str, ...]] | None = None
        for strings, words in self.variants:
            lacks = tuple(word for word in words if Word(word) not in leaves) if leaves.isdisjoint(strings) else ()
            if best is None or len(lacks) < len(best[1]):
                best = tuple(word for word in words if word not in lacks), lacks
        assert best is not None  # noqa: S101 - the run itself is a variant
        return best


CLAUSE_KINDS = ("run", "phrase", "prefix", "filter")
"""Kinds of clauses: text without spaces, a quoted string, `word*`, and `field:value` with a facet."""
OCCURRENCES = ("required", "optional", "excluded")
"""How a clause occurs in the strict form: each match has it; each match has it or another part of an OR; no match has
it (NOT)."""


class Clause(NamedTuple):
    """A part of a query, as it was written."""

    kind: str
    """One of `CLAUSE_KINDS`."""
    text: str
    """The text of the run, string or prefix, or the filter as it was read: `year:2023`."""
    occur: str
    """One of `OCCURRENCES`."""
    field: str
    """`PASSAGE` or one of `TEXT_FIELDS`, or the name of the facet of a filter."""
    words: tuple[str, ...]
    """Content words of a run: those that are neither question words nor particles. Otherwise empty."""
    node: Node
    """Query tree of the clause in its strict form."""

    def split(self, leaves: AbstractSet[Node]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the parts of the clause that a paragraph has and lacks: its content words or, without such, its text.

        `leaves`: the words, strings and prefixes that the paragraph matches.
        """
        parts = self.words or (self.text,)
        if _is_met(self.node, leaves):
            return parts, ()
        has = tuple(word for word in self.words if Word(word, self.field) in leaves)
        return has, tuple(part for part in parts if part not in has)


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query, in a strict and a relaxed form."""

    all: Node
    """Strict form: every part must match."""
    any: Node
    """Relaxed form: at least one word, prefix or string of the parts must match. Filters and negations must match too,
    unless they are alternatives of an OR."""
    scoring: tuple[ScoringClause, ...] = ()
    """The clauses that scores come from, apart from the bonus of `complete`. First come runs, each with its synonym
    variants, and quoted strings, in the order of the query. Those that are negated, or on the field `heading` or
    `title`, are left out. Then come the words of understood filters that are not required."""
    notes: tuple[Note, ...] = ()
    """Messages to the user about parts that were changed or ignored, or that are ambiguous or not in the index."""
    content: Node | None = None
    """Strict form in which only content words must match (`ContentRun`). None stands for `all`."""
    some: Node | None = None
    """Relaxed form that requires one of the content words. A shorter word inside of one does not suffice. None stands
    for `any`."""
    runs: tuple[ContentRun, ...] = ()
    """The runs of a query without operators. Empty for a query with operators."""
    clauses: tuple[Clause, ...] = field(default=(), compare=False)
    """The parts of the query as they were written, without the words that are understood as filters."""

    @property
    def has_several_words(self) -> bool:
        """Whether the query has no operators and several content words."""
        return len({word for run in self.runs for word in run.variants[0][1]}) > 1

    @property
    def complete(self) -> Node:
        """Query tree of the paragraphs that hold all runs, with words in the passage or in the title (`ContentRun`)."""
        return And(tuple(run.complete for run in self.runs))

    @property
    def words(self) -> tuple[str, ...]:
        """The content words of the runs that are not excluded."""
        runs = (clause for clause in self.clauses if clause.occur != "excluded")
        return tuple(dict.fromkeys(word for clause in runs for word in clause.words))

    def split_parts(self, leaves: AbstractSet[Node], *, is_complete: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the parts of the query that a paragraph has, and those that it lacks.

        The parts are content words, quoted strings, prefixes and, in a query with operators, runs without content
        words. A paragraph never lacks an optional part. `leaves`: the words, strings and prefixes that the paragraph
        matches. `is_complete`: whether it matches the strict form, so that it lacks nothing.
        """
        if self.runs:
            parts = [(run.variants[0][1], ()) if is_complete else run.split(leaves) for run in self.runs]
        else:
            clauses = [item for item in self.clauses if item.kind != "filter" and item.occur != "excluded"]
            parts = [
                (has, lacks if item.occur == "required" and not is_complete else ())
                for item in clauses
                for has, lacks in (item.split(leaves),)
            ]
        has, lacks = (dict.fromkeys(word for part in parts for word in part[side]) for side in (0, 1))
        return tuple(has), tuple(lacks)

    first: Node | None = None
    """Query tree of the paragraphs that come first in the order of scores. If the query consists only of names of facet
    values, these are the paragraphs with its words, and all others have the score 0. Otherwise None: all paragraphs are
    ranked by their scores."""
    understood: tuple[UnderstoodFilter, ...] = ()
    """The filters that were understood from words of the query, in the order of these words."""
    loosened: Query | None = None
    """The query to search if nothing matches this one, not even `any`. It requires fewer understood filters: those of
    one facet, or all of them, are dropped. It can be loosened further."""

    def replace_prefixes(self, prefixes: Mapping[Prefix, Prefix]) -> Query:
        """Return the query with each prefix that is a key of `prefixes` replaced by its value."""

        def replaced(node: Node) -> Node:
            """Return a node with its prefixes replaced."""
            if isinstance(node, And | Or):
                return type(node)(tuple(map(replaced, node.children)))
            if isinstance(node, Not):
                return Not(replaced(node.child))
            return prefixes.get(node, node) if isinstance(node, Prefix) else node

        return replace(
            self,
            all=replaced(self.all),
            any=replaced(self.any),
            content=self.content and replaced(self.content),
            some=self.some and replaced(self.some),
            first=self.first and replaced(self.first),
            clauses=tuple(clause._replace(node=replaced(clause.node)) for clause in self.clauses),
            loosened=self.loosened and self.loosened.replace_prefixes(prefixes),
        )

    def loosened_forms(self) -> Iterator[Query]:
        """Yield the loosened query, and those that are loosened further."""
        query = self.loosened
        while query is not None:
            yield query
            query = query.loosened

    @property
    def conditions(self) -> Node:
        """A tree of filters alone that the query requires: filters in the query, and understood ones that are `strict`.

        One kind of paragraph matches the query without passing an understood filter: a paragraph that contains, as a
        string, the run in which the filter was understood.
        """
        conditions: list[Node] = [filter_conditions(self.all)]
        values: dict[str, list[str | int]] = {}
        for item in self.understood if self.first is None else ():  # a query of names alone does not require them
            if item.strict:
                values.setdefault(item.facet, []).extend(item.values)
        for name, named in values.items():
            years = tuple((value, value) for value in named if isinstance(value, int))
            names = YEAR_FACETS if name in YEAR_FACETS else (name,)
            texts = () if years else tuple(map(str, named))
            conditions.append(Or(tuple(Filter(item, texts, years) for item in names)))
        return And(tuple(conditions))


def positive_leaves(node: Node) -> Iterator[Word | Substring | Prefix]:
    """Yield the words, strings and prefixes of a tree that are not negated, from left to right.

    Only these nodes can be highlighted in a match.
    """
    if isinstance(node, And | Or):
        for child in node.children:
            yield from positive_leaves(child)
    elif isinstance(node, Word | Substring | Prefix):
        yield node


def _is_met(node: Node, leaves: AbstractSet[Node]) -> bool:
    """Return whether a paragraph with some matching leaves matches a query tree without filters."""
    if isinstance(node, And):
        return all(_is_met(child, leaves) for child in node.children)
    if isinstance(node, Or):
        return any(_is_met(child, leaves) for child in node.children)
    return not _is_met(node.child, leaves) if isinstance(node, Not) else node in leaves


def filter_conditions(node: Node) -> Node:
    """Return a tree of filters alone that every match of a query tree passes. `Everything` if there are none."""
    if isinstance(node, And | Or):
        conditions = tuple(map(filter_conditions, node.children))
        given = tuple(item for item in conditions if not isinstance(item, Everything))
        is_required = given if isinstance(node, And) else len(given) == len(conditions)
        return type(node)(given) if is_required else Everything()
    if isinstance(node, Not):
        return node if _has_only_filters(node.child) else Everything()
    return node if isinstance(node, Filter) else Everything()


def _has_only_filters(node: Node) -> bool:
    """Return whether all leaves of a query tree are filters."""
    if isinstance(node, And | Or):
        return all(map(_has_only_filters, node.children))
    return _has_only_filters(node.child) if isinstance(node, Not) else isinstance(node, Filter)


def _whole_number_pattern(text: str) -> re.Pattern[str]:
    """Return a pattern of `text` that does not match inside a longer number: 3件 in 23件 and 1.3件, 三件 in 十三件.

    If `text` begins or ends with an Arabic digit, the adjacent character must not be a digit, nor `.` or `,` next to a
    digit. If `text` begins or ends with a Chinese numeral, the adjacent character must not be a Chinese numeral. Before
    a Chinese numeral, it must not be an Arabic digit either.
    """
    before = after = ""
    if text[0].isdecimal():
        before = r"(?<![0-9])(?<![0-9][.,])"
    elif text[0] in HAN_NUMERAL_CHARACTERS:
        before = f"(?<![{HAN_NUMERAL_CHARACTERS}0-9])"
    if text[-1].isdecimal():
        after = r"(?![0-9])(?![.,][0-9])"
    elif text[-1] in HAN_NUMERAL_CHARACTERS:
        after = f"(?![{HAN_NUMERAL_CHARACTERS}])"
    return re.compile(before + re.escape(text) + after)


def _with_field(field: str, text: str) -> str:
    """Return a leaf in query syntax: `title:执法`. The field `PASSAGE` is the default and is omitted."""
    return text if field == PASSAGE else f"{field}:{text}"


def _parenthesized(node: Node) -> str:
    """Return a child in query syntax, in brackets if it is an AND or OR."""
    return f"({node})" if isinstance(node, And | Or) else str(node)
