"""The measures that a query names. Another name of such a measure in a text counts as the words of the query.

The same holds for indicators: for the query GDP, the indicator 地区生产总值 counts as GDP.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from searchkit.engines.indicators import Indicators
from searchkit.query.naming import Aspect, IndicatorNames, MeasureName, is_change_word, remove_aspect
from searchkit.query.tree import PASSAGE, And, Node, Or, Query, ScoringClause, Substring

_Mask = NDArray[np.bool_]

_IGNORED = ' “”"‘’()[]《》'
"""Characters of an indicator that its name may lack."""
_YEAR = re.compile(r"\d{4}年")
"""Matches a year in a clause (2023年GDP). Such a clause is not read as a name, because a name has no year."""
_ADDITION_MARKS = ("新增", "净增", "净新增")
"""Words with which the indicator of an addition begins or ends."""
_WORD_OF_ASPECT = {"change": "增长", "addition": "新增", "level": ""}
"""The word that states an aspect after a name. A level has none."""


class QueryNames:
    """The names of measures among the clauses of a query.

    A clause is a part of the query that adds to scores (`ScoringClause`), such as a word. It is a name if the list of
    names has it (GDP), or if it states a change or an addition (投资增速). All other clauses are plain words. All
    clauses together are a name, too, if the list has it (粮食 产量), or if they state a change (投资 增速). Only
    clauses of the highest weight can be names: synonyms have a lower weight, and never decide what a measure is.
    """

    def __init__(self, names: IndicatorNames, query: Query) -> None:
        max_weight = max((clause.weight for clause in query.scoring), default=0.0)
        clauses = [clause for clause in query.scoring if clause.weight == max_weight]  # a synonym has a lower weight
        parsed = {clause.text: names.parse(clause.text) for clause in clauses if not _YEAR.search(clause.text)}
        self._names, self._clauses = names, clauses
        self._by_text = {text: name for text, name in parsed.items() if name.is_listed or name.aspect != "level"}
        last = self._by_text.get(clauses[-1].text) if clauses else None
        is_change = last is not None and last.aspect == "change" and len(clauses) == 1
        text = " ".join(clause.text for clause in clauses)
        whole = names.parse(text) if len(parsed) == len(clauses) > 0 else None
        if whole is not None and (whole.is_listed or whole.aspect == "change"):
            self._by_text[text] = whole
        is_last = last is not None and (last.is_listed or is_change) and not (whole and whole.is_listed)
        self.wanted: MeasureName | None = last if is_last else whole
        """The measure that the query asks for. It is the first of these that the query has: (a) a name in the list of
        names that all clauses state together (粮食 产量); (b) a name in the list that is the last clause; (c) a change
        that is the only clause; (d) any name that all clauses state together, unless a clause has a year. Otherwise
        None."""
        named = {name.text for name in self._by_text.values()}
        others = [clause for clause in query.scoring if clause.weight < max_weight]
        self._synonyms = {clause.text for clause in others if names.parse(clause.text).text in named}
        """Synonyms that name measures of the query, too. They score neither paragraphs nor measures."""

    @property
    def aspect(self) -> Aspect:
        """The aspect that the query asks for.

        If it asks for a measure in the list of names, it is the aspect of this measure. Otherwise it is a change or an
        addition if a name in the query states it, and a level if none does.
        """
        if self.wanted is not None and self.wanted.is_listed:
            return self.wanted.aspect
        aspects = {name.aspect for name in self._by_text.values()}
        return "change" if "change" in aspects else "addition" if "addition" in aspects else "level"

    @property
    def scores_no_paragraph(self) -> bool:
        """Whether each clause is a name of a measure with several names, so that no clause scores paragraphs."""
        return bool(self._clauses) and not self.paragraph_clauses(self._clauses)

    def paragraph_clauses(self, clauses: Sequence[ScoringClause]) -> tuple[ScoringClause, ...]:
        """Return the clauses that score paragraphs.

        A name of a measure with several names is left out, because a paragraph with another name of this measure counts
        as much. Synonyms that are names of measures of the query are left out too.
        """
        return tuple(
            clause
            for clause in clauses
            if clause.text not in self._synonyms
            and (clause.text not in self._by_text or len(self._names.names(self._by_text[clause.text])) == 1)
        )

    def measure_clauses(self, clauses: Sequence[ScoringClause]) -> tuple[ScoringClause, ...]:
        """Return the clauses that score measures, without synonyms that are names of measures of the query.

        Words of a change are removed from clauses (投资增速 becomes 投资), because every change has them.
        """
        return tuple(
            _without_change(clause)
            if clause.text in self._by_text and self._by_text[clause.text].aspect == "change"
            else clause
            for clause in clauses
            if clause.text not in self._synonyms
        )

    def expand(self, node: Node) -> Node:
        """Return a query tree in which each string that is a name also matches the other names in the text."""
        if not self._by_text:
            return node
        if isinstance(node, And | Or):
            return type(node)(tuple(map(self.expand, node.children)))
        if isinstance(node, Substring) and node.field == PASSAGE and node.text in self._by_text:
            return Or((node, *map(_match_all, self._names.strings(self._by_text[node.text]))))
        return node

    def find_changes(self, indicators: Indicators, is_used: _Mask) -> dict[int, str]:
        """Return the indicators that are changes, each without its word of change, by ordinal: 投资 for 投资 增长.

        The ordinal of an indicator is its index in `indicators`. Only indicators in use are returned, that is, those
        that a measure has. `is_used`: their mask. Takes 0.3 µs per indicator in use that contains a space.
        """
        ordinals = np.flatnonzero(is_used)
        ordinals = ordinals.compress(indicators.has_space(ordinals))
        return {
            ordinal: text[:space]
            for ordinal, text in zip(ordinals.tolist(), indicators.texts(ordinals.tolist()), strict=True)
            if (space := text.rfind(" ")) > 0 and is_change_word(text[space + 1 :])
        }

    def find_additions(self, indicators: Indicators, is_used: _Mask) -> _Mask:
        """Return a mask of those indicators in use that begin or end with a word of an addition (新增市场主体).

        If the query contains such a word, the mask has no indicator.
        """
        if any(mark in clause.text for clause in self._clauses for mark in _ADDITION_MARKS):
            return np.zeros(len(indicators), bool)
        is_addition = np.zeros(len(indicators), bool)
        for mark in _ADDITION_MARKS:
            is_addition |= indicators.begin_or_end_with(mark, is_used)
        return is_addition

    def rename(self, indicators: Indicators, is_used: _Mask) -> dict[int, str]:
        """Return those indicators in use that name a measure of the query, each in the words of the query, by ordinal.

        For the query GDP, 地区生产总值 is `gdp`, and 地区生产总值 增长, a change, is `gdp 增长` (`_in_words_of_query`).
        Takes 15 µs per indicator in use that contains the strings of a name (`IndicatorNames.strings`), and less if it
        was parsed before.
        """
        renamed: dict[int, str] = {}
        if not self._by_text:
            return renamed
        plain = indicators.without(_IGNORED)
        for text, name in self._by_text.items():
            is_candidate = np.zeros(len(indicators), bool)
            for pattern in self._names.strings(name):
                is_candidate |= np.logical_and.reduce([_contain_any(plain, piece) for piece in pattern])
            ordinals = np.flatnonzero(is_candidate & is_used)
            for ordinal, indicator in zip(ordinals.tolist(), indicators.texts(ordinals.tolist()), strict=True):
                other = self._names.parse(indicator)
                if other.text == name.text:
                    renamed[ordinal] = _in_words_of_query(other, text, name)
        return renamed


def _contain_any(indicators: Indicators, strings: Sequence[str]) -> _Mask:
    """Return a mask of the indicators that contain one of some strings.

    `indicators`: without the characters `_IGNORED`. These are removed from the strings, too.
    """
    mask = np.zeros(len(indicators), bool)
    for string in strings:
        mask[indicators.with_string("".join(character for character in string if character not in _IGNORED))] = True
    return mask


def _match_all(pattern: Sequence[Sequence[str]]) -> Node:
    """Return the query tree that matches a text with at least one string of each piece of a pattern.

    `pattern`: an element of `IndicatorNames.strings`. A piece is a tuple of strings.
    """
    pieces = [tuple(Substring(text, "text") for text in piece) for piece in pattern]
    nodes = [Or(piece) if len(piece) > 1 else piece[0] for piece in pieces]
    return And(tuple(nodes)) if len(nodes) > 1 else nodes[0]


def _without_change(clause: ScoringClause) -> ScoringClause:
    """Return a clause without the words of a change or an addition (`naming.remove_aspect`)."""
    text = remove_aspect(clause.text)
    return ScoringClause(text, tuple(term for term in clause.terms if term in text), clause.weight)


def _in_words_of_query(name: MeasureName, text: str, wanted: MeasureName) -> str:
    """Return the name of an indicator in the words of a query for the same measure.

    `name`: the name of the indicator. `text`: a clause of the query. `wanted`: the name of the clause. If the two
    aspects differ, the word for the aspect of `name` replaces that of the clause: `gdp 增长` for the clause GDP. But if
    `wanted` is a change, the clause without its words of change is returned for every `name`, as in `measure_clauses`.
    """
    if wanted.aspect == "change":
        return remove_aspect(text).strip()
    if name.aspect == wanted.aspect:
        return text
    thing = text if wanted.aspect == "level" else remove_aspect(text)
    return f"{thing} {_WORD_OF_ASPECT[name.aspect]}".strip()
