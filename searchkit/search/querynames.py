"""The measures that a query names: other names of them in paragraphs and indicators count as the words of the query."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from searchkit.query.naming import IndicatorNames, MeasureName, change_word, is_change_word, wording_for
from searchkit.query.tree import And, Node, Or, Query, ScoringClause, Substring
from searchkit.text.folding import fold, to_code_points

_IGNORED = dict.fromkeys(map(ord, ' “”"‘’()[]《》'))
"""Characters of an indicator that its name may lack."""


class QueryNames:
    """The names of measures among the clauses of a query.

    A clause is a name if the list of names has it (GDP), or if it states a change or an addition (投资增速). All other
    clauses are plain words. Synonyms of the query are ignored: they never decide what a measure is.
    """

    def __init__(self, names: IndicatorNames, query: Query) -> None:
        max_weight = max((clause.weight for clause in query.scoring), default=0.0)
        clauses = [clause for clause in query.scoring if clause.weight == max_weight]  # a synonym has a lower weight
        parsed = {clause.text: names.parse(clause.text) for clause in clauses}
        self._names = names
        self._by_text = {text: name for text, name in parsed.items() if name.is_listed or name.aspect != "level"}
        last = self._by_text.get(clauses[-1].text) if clauses else None
        self.wanted: MeasureName | None = last if last and (last.is_listed or len(clauses) == 1) else None
        """The measure that the query asks for: a listed one, or a change or an addition that is all of the query."""

    def scoring(self, clauses: Sequence[ScoringClause]) -> tuple[ScoringClause, ...]:
        """Return the clauses that score paragraphs: without names that have others, which must all count alike."""
        return tuple(
            clause
            for clause in clauses
            if clause.text not in self._by_text or len(self._names.names(self._by_text[clause.text])) == 1
        )

    def expand(self, node: Node) -> Node:
        """Return a query tree in which each string that is a name also matches the other names in the text."""
        if not self._by_text:
            return node
        if isinstance(node, And | Or):
            return type(node)(tuple(map(self.expand, node.children)))
        if isinstance(node, Substring) and node.field == "text" and node.text in self._by_text:
            return Or((node, *map(_match_all, self._names.strings(self._by_text[node.text]))))
        return node

    def rename(self, indicators: Sequence[str]) -> dict[str, str]:
        """Return the indicators that name a measure of the query, each in the words of the query.

        Another aspect is stated by the words of the query, too: 地区生产总值 增长 is `gdp 增长` for the query GDP. If
        the query asks for a change, all changes are stated with its word: 工业投资 下降 is 工业投资 增速 for 投资增速.
        Takes about 5 ns per character of the indicators, and 15 µs per indicator that contains a part of a name.
        """
        renamed: dict[str, str] = {}
        if not self._by_text or not indicators:
            return renamed
        joined = fold("\n".join(indicators)).translate(_IGNORED)
        line_ends = np.flatnonzero(to_code_points(joined) == ord("\n"))
        for text, name in self._by_text.items():
            if name.aspect == "change":
                renamed |= _rename_changes(indicators, change_word(text))
            found = {offset for string in self._rarest_strings(name) for offset in _find_all(joined, string)}
            offsets = np.fromiter(found, np.int64, len(found))
            for index in np.unique(np.searchsorted(line_ends, offsets)).tolist():
                other = self._names.parse(indicators[index])
                if other.text == name.text:
                    renamed[indicators[index]] = wording_for(text, name, other.aspect)
        return renamed

    def _rarest_strings(self, name: MeasureName) -> set[str]:
        """Return strings of which every indicator with the name contains one: the longest piece of each name."""
        level = MeasureName(name.text, "level", name.parts, name.is_listed)
        pieces = (max(pattern, key=lambda piece: min(map(len, piece))) for pattern in self._names.strings(level))
        return {string.translate(_IGNORED) for piece in pieces for string in piece}


def _match_all(pattern: Sequence[Sequence[str]]) -> Node:
    """Return the query tree that matches a text with at least one string of each piece of a pattern."""
    nodes = [Or(tuple(map(Substring, piece))) if len(piece) > 1 else Substring(piece[0]) for piece in pattern]
    return And(tuple(nodes)) if len(nodes) > 1 else nodes[0]


def _rename_changes(indicators: Sequence[str], word: str) -> dict[str, str]:
    """Return each indicator whose last part is a word of change with another one in its place."""
    parts = ((indicator, *indicator.rpartition(" ")) for indicator in indicators)
    return {indicator: f"{thing} {word}" for indicator, thing, _, last in parts if thing and is_change_word(last)}


def _find_all(text: str, string: str) -> list[int]:
    """Return the offsets of a string in a text, at most one per line."""
    offsets = []
    start = text.find(string)
    while start >= 0:
        offsets.append(start)
        end = text.find("\n", start)
        start = text.find(string, end) if end >= 0 else -1
    return offsets
