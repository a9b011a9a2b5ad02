"""Query text to query tree.

Space is AND; `OR` and `|`, `NOT` and `-`, brackets, `field:value`, `year:[2021 TO 2023]`, `^boost`, `word*`, quotes
for exact strings; full-width forms of all of these. OR binds its two neighbours more tightly than a space
does. Nothing that a user types is an error: what makes no sense as syntax is read as plain words, and
`Query.notes` says so.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from searchkit.query.reading import MAX_PARTS, NoSenseError, Place, Reading, all_of
from searchkit.query.tree import Query
from searchkit.text.analyzer import Analyzer
from searchkit.text.characters import visible

MAX_LENGTH = 1000
"""Code points of a query that are read; what follows is left out, and a note says so."""
MAX_DEPTH = 20
"""Levels of brackets that are read as syntax."""

__all__ = ["MAX_DEPTH", "MAX_LENGTH", "MAX_PARTS", "parse"]

# Operators as Chinese keyboards give them. Letters too, for ＯＲ; the rest of the text is folded later.
_NARROW = str.maketrans(
    "（）｜－＾＊［］：＂\u3000" + "".join(chr(0xFF21 + i) + chr(0xFF41 + i) for i in range(26)),
    '()|-^*[]:" ' + "".join(chr(0x41 + i) + chr(0x61 + i) for i in range(26)),
)
_OPERATOR = re.compile(r'["“”「」『』()\[\]|^*]|(?:(?<=[\s()|])|^)(?:(?:AND|OR|NOT)(?=[\s()|]|$)|-(?=\S))')
_QUOTES = {'"': '"', "“": "”", "「": "」", "『": "』"}


def parse(text: str, analyzer: Analyzer, fields: Collection[str] = ()) -> Query:
    """Understand a query. Never raises, whatever the text; under a second for any length.

    `fields` are the facet names that `field:value` may use besides the text fields; a number or a range of
    numbers is accepted for `year`. An empty query matches everything.
    """
    reading = Reading(analyzer)
    if len(text) > MAX_LENGTH:
        reading.notes.append(f"only the first {MAX_LENGTH} characters of the query are used")
    text = visible(text[:MAX_LENGTH])
    narrow = text.translate(_NARROW)
    if ":" not in narrow and not _OPERATOR.search(narrow):
        return _words(text, reading)
    trouble = _trouble(narrow)
    if trouble is None:
        from searchkit.query import grammar  # noqa: PLC0415 - whoosh takes 45 ms that most queries can do without

        try:
            return reading.query(grammar.read(narrow, text, reading, frozenset(fields) | {"year"}))
        except NoSenseError as error:
            trouble = str(error)
        except RecursionError:
            trouble = "brackets nested too deep"
    reading.restart()
    reading.notes.append(f"{trouble}: read as plain words")
    return _words(_blank_operators(text, narrow), reading)


def _words(text: str, reading: Reading) -> Query:
    return reading.query(all_of([reading.run(run, Place()) for run in text.split()]))


def _blank_operators(text: str, narrow: str) -> str:
    """The text with blanks for the operators that its narrow form shows."""
    characters = list(text)
    for match in _OPERATOR.finditer(narrow):
        characters[match.start() : match.end()] = " " * (match.end() - match.start())
    return "".join(characters)


def _trouble(text: str) -> str | None:
    """What is wrong with the brackets and quotes of a text, or None."""
    depth, closing = 0, ""
    for character in text:
        if closing:
            closing = "" if character == closing else closing
        elif character in _QUOTES:
            closing = _QUOTES[character]
        elif character == "(":
            depth += 1
            if depth > MAX_DEPTH:
                return f"brackets nested more than {MAX_DEPTH} deep"
        elif character == ")":
            depth -= 1
            if depth < 0:
                break
    if closing:
        return "a quote that is not closed"
    return "brackets that do not match" if depth else None
