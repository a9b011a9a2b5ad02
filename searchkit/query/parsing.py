"""Entry point of query parsing: folds full-width operators, parses, and falls back to plain words for invalid syntax.

A space means AND. The syntax also has `OR` and `|`, `NOT` and `-`, brackets, `field:value`, `year:[2021 TO 2023]`,
`^boost`, `word*`, and quotes for exact strings, each in half or full width. OR binds its two operands more tightly than
a space. No input is an error. A query with invalid syntax is parsed as plain words, and `Query.notes` says so.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from searchkit.query.builder import MAX_QUERY_CLAUSES, ClauseContext, QueryBuilder, QuerySyntaxError, conjunction
from searchkit.query.tree import Query
from searchkit.text.analyzer import Analyzer
from searchkit.text.characters import remove_invisible

MAX_QUERY_LENGTH = 1000
"""Maximum length of a query in code points. The rest is ignored, and a note says so."""
MAX_QUERY_DEPTH = 20
"""Maximum nesting depth of brackets. A query with deeper ones is parsed as plain words."""

__all__ = ["MAX_QUERY_CLAUSES", "MAX_QUERY_DEPTH", "MAX_QUERY_LENGTH", "parse"]

# Full-width operators, which Chinese input methods produce, and letters, for ＯＲ. Words are folded later.
_TO_HALF_WIDTH = str.maketrans(
    "（）｜－＾＊［］：＂\u3000" + "".join(chr(0xFF21 + i) + chr(0xFF41 + i) for i in range(26)),
    '()|-^*[]:" ' + "".join(chr(0x41 + i) + chr(0x61 + i) for i in range(26)),
)
_OPERATOR = re.compile(r'["“”「」『』()\[\]|^*]|(?:(?<=[\s()|])|^)(?:(?:AND|OR|NOT)(?=[\s()|]|$)|-(?=\S))')
_QUOTES = {'"': '"', "“": "”", "「": "」", "『": "』"}


def parse(text: str, analyzer: Analyzer, fields: Collection[str] = ()) -> Query:
    """Parse a query. Never raises. Takes less than a second for any input.

    `fields` are the facet names that `field:value` accepts in addition to the text fields and `year`, whose value is a
    year or a range of years. An empty query matches everything.
    """
    builder = QueryBuilder(analyzer)
    if len(text) > MAX_QUERY_LENGTH:
        builder.notes.append(f"only the first {MAX_QUERY_LENGTH} characters of the query are used")
    text = remove_invisible(text[:MAX_QUERY_LENGTH])
    half_width = text.translate(_TO_HALF_WIDTH)
    if ":" not in half_width and not _OPERATOR.search(half_width):
        return _parse_plain(text, builder)
    problem = _find_unbalanced(half_width)
    if problem is None:
        from searchkit.query import grammar  # noqa: PLC0415 - importing whoosh takes 45 ms, and most queries skip it

        try:
            root = grammar.parse_operators(half_width, text, builder, frozenset(fields) | {"year"})
            return builder.build(root)
        except QuerySyntaxError as error:
            problem = str(error)
        except RecursionError:
            problem = "brackets nested too deep"
    builder.reset()
    builder.notes.append(f"{problem}: read as plain words")
    return _parse_plain(_blank_operators(text, half_width), builder)


def _parse_plain(text: str, builder: QueryBuilder) -> Query:
    return builder.build(conjunction([builder.create_run(run, ClauseContext()) for run in text.split()]))


def _blank_operators(text: str, half_width: str) -> str:
    """Replace each operator by spaces. Operators are recognised in the half-width form of the text."""
    characters = list(text)
    for match in _OPERATOR.finditer(half_width):
        characters[match.start() : match.end()] = " " * (match.end() - match.start())
    return "".join(characters)


def _find_unbalanced(text: str) -> str | None:
    """Return a message if brackets or quotes are unbalanced or nested too deep, otherwise None."""
    depth, closing = 0, ""
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
        return "a quote that is not closed"
    return "brackets that do not match" if depth else None
