"""Entry point of query parsing: folds full-width operators, parses, and falls back to plain words for invalid syntax.

A space means AND. The syntax also has `AND`, `OR` and `|`, `NOT` and `-`, brackets, `field:value`,
`year:[2021 TO 2023]`, `^boost`, `word*` for tokens of Latin letters and digits, and quotes for exact strings. Operators
can be in half or full width. OR binds more tightly than a space, but less tightly than `AND`: `甲 乙 OR 丙` means
`甲 (乙 OR 丙)`.

Every text is a query. If its syntax is invalid, it is parsed as plain words, and `Query.notes` contains the reason.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from searchkit.model import Note
from searchkit.names import YEAR_FACETS
from searchkit.query.builder import MAX_QUERY_CLAUSES, ClauseContext, QueryBuilder, QuerySyntaxError, conjunction
from searchkit.query.filters import FilterReader
from searchkit.query.tree import Query
from searchkit.text.analyzer import Analyzer
from searchkit.text.characters import remove_invisible

MAX_QUERY_LENGTH = 1000
"""Maximum length of a query in code points. The rest of a longer query is ignored, with a note."""
MAX_QUERY_DEPTH = 20
"""Maximum nesting depth of round brackets. A query with deeper ones is parsed as plain words."""

__all__ = ["MAX_QUERY_CLAUSES", "MAX_QUERY_DEPTH", "MAX_QUERY_LENGTH", "parse"]

_FIRST_IDEOGRAPH = "\u3400"
"""The first Chinese character in the order of code points. A query with it or a later character counts as Chinese."""

# Full-width operators, which Chinese input methods produce, and full-width letters (ＯＲ). Words are folded later.
_TO_HALF_WIDTH = str.maketrans(
    "（）｜－＾＊［］：＂\u3000" + "".join(chr(0xFF21 + i) + chr(0xFF41 + i) for i in range(26)),
    '()|-^*[]:" ' + "".join(chr(0x41 + i) + chr(0x61 + i) for i in range(26)),
)
# An operator in half width: a quote, a round or square bracket, | ^ or *; at the beginning of a word also AND, OR and
# NOT before a space, a round bracket, | or the end, and - before a character that is not a space (-甲).
_OPERATOR = re.compile(r'["“”「」『』()\[\]|^*]|(?:(?<=[\s()|])|^)(?:(?:AND|OR|NOT)(?=[\s()|]|$)|-(?=\S))')
_NOT_BARE = r"""["“”「」『』()\[\]{}^*:|]|^-|^(?:AND|OR|NOT)$"""
"""Pattern of what no bare run contains."""
_NO_VALUES = FilterReader()
"""Reads years, and takes the values of all other facets as they are written."""
# Closing quote of each opening quote.
_QUOTES = {'"': '"', "“": "”", "「": "」", "『": "』"}
_QUOTED = re.compile("|".join(f"{opening}[^{closing}]*{closing}" for opening, closing in _QUOTES.items()))


def parse(text: str, analyzer: Analyzer, fields: Collection[str] = (), reader: FilterReader = _NO_VALUES) -> Query:
    """Parse a query. Every text is a query. Takes less than a second for any text.

    `field:value` accepts the text fields, the facets of years (`YEAR_FACETS`), and the facet names in `fields`. The
    value of a facet of years is a year or a range of years. `reader` reads the values. An empty query matches
    everything. Raises no exception but IndexDamaged, which `reader` raises if it cannot decode the names of values.
    """
    builder = QueryBuilder(analyzer, reader)
    if len(text) > MAX_QUERY_LENGTH:
        builder.notes.append(
            Note("query_too_long", f"only the first {MAX_QUERY_LENGTH} characters of the query are used")
        )
    text = remove_invisible(text[:MAX_QUERY_LENGTH])
    half_width = text.translate(_TO_HALF_WIDTH)
    lower_case = {"or", "and", "not"}.intersection(half_width.split())
    if lower_case and any(character >= _FIRST_IDEOGRAPH for character in text):
        builder.notes += (
            Note("lower_case_operator", f"{word} is read as a word; the operator is {word.upper()}")
            for word in sorted(lower_case)
        )
    if ":" not in half_width and not _OPERATOR.search(half_width):
        return _parse_plain(text, builder)
    try:
        return _parse_operators(half_width, text, builder, fields)
    except QuerySyntaxError as error:
        builder.reset()
        builder.notes.append(Note("invalid_syntax", f"{error}: read as plain words"))
        return _parse_plain(_blank_operators(text, half_width), builder)


def split_parts(text: str) -> list[tuple[int, int, bool]]:
    """Return start, end and bareness of each part of a query, from left to right.

    Parts are combined with AND. Spaces separate them. A quoted string is a part of its own, even without spaces around
    it. A part is bare if it is a run without quotes, brackets, fields and operators. Runs that OR, AND or NOT combines
    are one part. If round brackets or quotes are unbalanced, the query is one part that is not bare.
    """
    half_width = text.translate(_TO_HALF_WIDTH)
    if ":" not in half_width and not _OPERATOR.search(half_width):
        return [(*match.span(), True) for match in re.finditer(r"\S+", half_width)]
    if _find_unbalanced(half_width):
        return [(0, len(text), False)]
    parts: list[tuple[int, int, bool]] = []
    is_open = False  # whether an operator awaits its next operand
    for start, end in _split_quoted(_blank_nested(half_width)):
        part = half_width[start:end]
        joins = part in {"AND", "OR", "|"}
        if parts and (joins or is_open):
            parts[-1] = (parts[-1][0], end, False)
        else:
            parts.append((start, end, not re.search(_NOT_BARE, part)))
        is_open = joins or part == "NOT"
    return parts


def _split_quoted(text: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of the runs of a text. `|` is a run, and so is each quoted string: "十二五" in "十二五"期间.

    A field or an operator stays with its quoted string, and brackets stay with all that touches them.
    """
    for match in re.finditer(r"\||[^\s|]+", text):
        start = match.start()
        if not re.search(r"[()\[\]{}]", match[0]):
            for quoted in _QUOTED.finditer(text, *match.span()):
                before, after = text[start : quoted.start()], text[quoted.end() : match.end()]
                if before and not re.search(_NOT_BARE, before):
                    yield start, quoted.start()
                    start = quoted.start()
                if after and after[0] not in "^*:":
                    yield start, quoted.end()
                    start = quoted.end()
        if start < match.end():
            yield start, match.end()


def _blank_nested(text: str) -> str:
    """Return a text with `_` for white space and `|` inside quotes or brackets, so that each stays one part."""
    characters, closing, depth = list(text), "", 0
    for at, character in enumerate(text):
        if closing:
            closing = "" if character == closing else closing
        elif character in _QUOTES:
            closing = _QUOTES[character]
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        if (character.isspace() or character == "|") and (closing or depth > 0):
            characters[at] = "_"
    return "".join(characters)


def _parse_operators(half_width: str, text: str, builder: QueryBuilder, fields: Collection[str]) -> Query:
    """Return the query of a text with operators. Raises QuerySyntaxError with the reason if the syntax is invalid.

    `half_width` is the same text with half-width operators.
    """
    if problem := _find_unbalanced(half_width):
        raise QuerySyntaxError(problem)
    from searchkit.query import grammar  # noqa: PLC0415 - imports whoosh, 45 ms; most queries have no operators

    try:
        root = grammar.parse_operators(half_width, text, builder, frozenset(fields).union(YEAR_FACETS))
        return builder.build(root, has_operators=True)
    except RecursionError:
        raise QuerySyntaxError("brackets nested too deep") from None


def _parse_plain(text: str, builder: QueryBuilder) -> Query:
    """Return the query of words separated by spaces, without operators."""
    root = conjunction([builder.create_run(run, ClauseContext()) for run in text.split()])
    return builder.build(root, has_operators=False)


def _blank_operators(text: str, half_width: str) -> str:
    """Return `text` with its operators replaced by spaces. `half_width` is the same text with half-width operators."""
    characters = list(text)
    for match in _OPERATOR.finditer(half_width):
        characters[match.start() : match.end()] = " " * (match.end() - match.start())
    return "".join(characters)


def _find_unbalanced(text: str) -> str | None:
    """Return a message if round brackets or quotes are unbalanced or round brackets nested too deep, otherwise None."""
    depth, closing = 0, ""  # `closing` is the quote that ends the quoted string, empty outside of quotes
    for character in text:
        if closing:
            closing = "" if character == closing else closing
        elif character in _QUOTES:
            closing = _QUOTES[character]
        elif character == "(":
            depth += 1
            if depth > MAX_QUERY_DEPTH:
                return f"brackets nested more than {MAX_QUERY_DEPTH} deep"
        elif character == ")":
            depth -= 1
            if depth < 0:
                break
    if closing:
        return "a quote without its closing quote"
    return "brackets that do not match" if depth else None
