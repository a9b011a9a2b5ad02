"""Query trees to queries of OpenSearch, which match exactly the same paragraphs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from searchkit.engines.opensearch.mapping import DIGIT, MARK, NUMERAL, facet_term, number_term
from searchkit.query.facets import Filter
from searchkit.query.tree import (
    HAN_NUMERAL_CHARACTERS,
    PASSAGE,
    And,
    Everything,
    Node,
    Not,
    Or,
    Prefix,
    Substring,
    Word,
)

Json = dict[str, Any]

NOTHING: Json = {"match_none": {}}
PARAGRAPHS: Json = {"term": {"kind": "paragraph"}}
"""Query of all paragraphs."""


def to_query(node: Node) -> Json:
    """Return the query of a tree. It matches only paragraphs: they alone have fields of words, strings and facets."""
    match node:
        case Everything():
            query = PARAGRAPHS
        case Word():
            query = any_of({"term": {f"words.{name}": node.term}} for name in _fields(node.field))
        case Prefix():
            query = any_of(_find_prefix(f"words.{name}", node) for name in _fields(node.field))
        case Substring():
            query = any_of(_find_string(name, node) for name in _fields(node.field))
        case Filter():
            query = _filter_query(node)
        case Not():
            query = all_of([PARAGRAPHS], [to_query(node.child)])
        case And():
            query = all_of([PARAGRAPHS, *map(to_query, node.children)])
        case Or():
            query = any_of(map(to_query, node.children))
    return query


def all_of(queries: Iterable[Json], excluded: Iterable[Json] = ()) -> Json:
    """Return the query of the documents that match all of some queries and none of the excluded ones."""
    return {"bool": {"filter": [*queries], "must_not": [*excluded]}}


def any_of(queries: Iterable[Json]) -> Json:
    """Return the query of the documents that match at least one of some queries."""
    children = [*queries]
    if len(children) == 1:
        return children[0]
    return {"bool": {"should": children, "minimum_should_match": 1}} if children else NOTHING


def named(name: str, query: Json) -> Json:
    """Return a query whose name is listed in the hits that match it."""
    return {"bool": {"filter": [query], "_name": name}}


def gram_query(gram: str) -> Json:
    """Return the query of the paragraphs whose text contains a gram: a character, or two adjacent ones."""
    return {"term": {"text" if len(gram) == 1 else "text.bigrams": gram}}


def _fields(name: str) -> tuple[str, ...]:
    """Return the fields of OpenSearch for a field of a query.

    The passage of a paragraph is its text and the headings and title that belong to it, which are the field `label`.
    """
    return ("text", "label") if name == PASSAGE else (name,)


def _find_prefix(field: str, node: Prefix) -> Json:
    """Return the query of the paragraphs that have, in a field, a word that begins with the prefix.

    `node.last` is the last word that matches, in the order of code points. If it is None, all words with the prefix
    match. The range from the prefix to `node.last` contains only words with the prefix: in this order, all words with a
    prefix directly follow it, and `node.last` is one of them.
    """
    if node.last is None:
        return {"prefix": {field: node.text}}
    return {"range": {field: {"gte": node.text, "lte": node.last}}}


def _filter_query(item: Filter) -> Json:
    """Return the query of the paragraphs that a filter admits."""
    queries: list[Json] = []
    if item.values:
        queries.append({"terms": {"facet": [facet_term(item.name, value) for value in item.values]}})
    if item.name != "district":  # its values are places: as in `Filter.admits`, no range admits one
        for low, high in item.ranges:
            if high >= 0:  # the field `number` has no negative numbers
                bounds = {"gte": number_term(item.name, max(low, 0)), "lte": number_term(item.name, high)}
                queries.append({"range": {"number": bounds}})
    return any_of(queries)


def _find_string(name: str, node: Substring) -> Json:
    """Return the query of the paragraphs with a string in a field.

    With `node.whole_numbers`, the string must not be inside a longer number: 3件 does not match in 13件.
    """
    text = node.text
    phrase: Json = {"term": {name: text}} if len(text) == 1 else {"match_phrase": {f"{name}.bigrams": text}}
    around = _longer_numbers(text) if node.whole_numbers else []
    if not around:
        return phrase
    # One filter for each kind of longer number. Of alternatives in one filter, OpenSearch keeps only the shortest
    # interval.
    intervals = _string_intervals(text)
    for longer in around:
        intervals = {"all_of": {"intervals": [intervals], "filter": {"not_contained_by": longer}}}
    return all_of([phrase, {"intervals": {name: intervals}}])


def _longer_numbers(text: str) -> list[Json]:
    """Return the intervals of longer numbers that contain a string: 13件 and 1.3件 for 3件. Empty if there can be none.

    If the string begins or ends with a decimal digit, a longer number has another digit next to it, possibly beyond
    a dot or comma. If the string begins or ends with a Chinese numeral, a longer number has a numeral next to it or,
    only before the string, a digit. The longer numbers are those of `tree.Substring`.
    """
    string, (digit, numeral, mark) = _string_intervals(text), map(_class, (DIGIT, NUMERAL, MARK))
    longer: list[Json] = []
    if text[0].isdecimal():
        longer += [_sequence(digit, string), _sequence(digit, mark, string)]
    elif text[0] in HAN_NUMERAL_CHARACTERS:
        longer += [_sequence(numeral, string), _sequence(digit, string)]
    if text[-1].isdecimal():
        longer += [_sequence(string, digit), _sequence(string, mark, digit)]
    elif text[-1] in HAN_NUMERAL_CHARACTERS:
        longer.append(_sequence(string, numeral))
    return longer


def _string_intervals(text: str) -> Json:
    """Return the intervals of a string."""
    return {"match": {"query": text, "max_gaps": 0, "ordered": True}}


def _class(name: str) -> Json:
    """Return the intervals of a class of characters (`mapping.DIGIT`)."""
    return {"match": {"query": name, "analyzer": "keyword"}}


def _sequence(*intervals: Json) -> Json:
    """Return the intervals in which the given ones follow each other directly."""
    return {"all_of": {"intervals": [*intervals], "max_gaps": 0, "ordered": True}}
