"""Query text to query tree, by `whoosh.qparser` with our plug-ins.

Space is AND; `OR` and `|`, `NOT` and `-`, brackets, `field:value`, `year:[2021 TO 2023]`, `^boost`, `word*`, quotes
for exact strings; full-width forms of all of these. OR binds its two neighbours more tightly than a space
does. Nothing that a user types is an error: what makes no sense as syntax is read as plain words, and
`Query.notes` says so.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from itertools import islice, product

from whoosh import qparser
from whoosh.qparser import syntax as whoosh_syntax

from searchkit.analysis import Analyzer, Token
from searchkit.facets import Filter
from searchkit.folding import fold
from searchkit.query import TEXT_FIELDS, And, Everything, Node, Not, Or, Prefix, Query, Substring, Wanted, Word

LONGEST = 1000
"""Code points of a query that are read; what follows is left out, and a note says so."""
MOST_PARTS = 64
"""Words and strings of one query that are looked for; a note says so when more were given."""
DEEPEST = 20
"""Levels of brackets that are read as syntax."""
_MOST_VARIANTS = 8  # of one run, by replacing its words by their synonyms
_FUNCTION_WORDS = frozenset("的地得了着过是在和与及或等有无不也都就而以为于之其这那个们啊吗呢吧么")
_SYNONYM_WEIGHT = 0.3  # of all synonyms of a run together: what was written comes before what means the same

# Operators as Chinese keyboards give them. Letters too, for ＯＲ; the rest of the text is folded later.
_NARROW = str.maketrans(
    {
        "（": "(",
        "）": ")",
        "｜": "|",
        "－": "-",
        "＾": "^",
        "＊": "*",
        "［": "[",
        "］": "]",
        "：": ":",
        "＂": '"',
        "\u3000": " ",
        "「": "“",
        "」": "”",
        "『": "“",
        "』": "”",
        **{chr(0xFF21 + i): chr(0x41 + i) for i in range(26)},
        **{chr(0xFF41 + i): chr(0x61 + i) for i in range(26)},
    }
)
_OPERATOR = re.compile(r'["“”()\[\]|^*]|(?:(?<=\s)|^)(?:AND|OR|NOT|-)(?=\S|\s|$)')
_NEVER = r"(?P<slop>(?!x)x)?"  # whoosh wants the group; strings have no slop here
_YEAR_RANGE = re.compile(r"(\d{4})\s*\.\.\s*(\d{4})")


def parse(text: str, analyzer: Analyzer, fields: Collection[str] = ()) -> Query:
    """Understand a query. Never raises, whatever the text; under a second for any length.

    `fields` are the facet names that `field:value` may use besides the text fields; a number or a range of
    numbers is accepted for `year`. An empty query matches everything.
    """
    reading = _Reading(analyzer, frozenset(fields) | {"year"})
    text = "".join(character for character in text[: LONGEST + 1] if character.isprintable() or character.isspace())
    if len(text) > LONGEST:
        text = text[:LONGEST]
        reading.notes.append(f"only the first {LONGEST} characters of the query are used")
    narrow = text.translate(_NARROW)
    trouble = _trouble(narrow)
    if trouble is None:
        try:
            return reading.query(_parser(reading.fields).process(narrow))
        except _NoSenseError as error:
            trouble = str(error)
    return reading.plain(narrow, trouble)


class _NoSenseError(Exception):
    """The text is no query in our syntax; the message says why."""


@dataclass
class _Reading:
    """One query on its way from whoosh's syntax tree to ours."""

    analyzer: Analyzer
    fields: frozenset[str]
    wanted: list[Wanted] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    parts: int = 0

    def query(self, tree: whoosh_syntax.SyntaxNode) -> Query:
        """The query of a whole syntax tree. Raises _NoSenseError."""
        return self._finished(self._node(tree, 1.0, positive=True))

    def plain(self, text: str, trouble: str) -> Query:
        """The query of the bare words of a text."""
        self.wanted, self.parts = [], 0
        self.notes.append(f"{trouble}: read as plain words")
        runs = [self._run(run, "text", 1.0, positive=True) for run in _OPERATOR.sub(" ", text).split()]
        return self._finished(_all_of([both for both in runs if both is not None]))

    def _finished(self, both: _Both | None) -> Query:
        both = both or _condition(Everything())
        return Query(both.all, both.any, tuple(self.wanted), tuple(dict.fromkeys(self.notes)))

    def _node(self, node: whoosh_syntax.SyntaxNode, boost: float, *, positive: bool) -> _Both | None:
        boost *= _weight(node)
        if isinstance(node, whoosh_syntax.NotGroup):
            inner = _all_of([pair for child in node if (pair := self._node(child, boost, positive=False))])
            return inner and _Both(Not(inner.all), Not(inner.all), is_condition=True)
        if isinstance(node, whoosh_syntax.GroupNode):
            pairs = [pair for child in node if (pair := self._node(child, boost, positive=positive))]
            return _any_of(pairs) if isinstance(node, whoosh_syntax.OrGroup) else _all_of(pairs)
        if isinstance(node, qparser.EveryPlugin.EveryNode):
            return _Both(Everything(), Everything(), is_condition=True)
        if isinstance(node, whoosh_syntax.RangeNode):
            return _condition(self._range(node))
        if not isinstance(node, whoosh_syntax.TextNode):
            message = "an operator without its words"
            raise _NoSenseError(message)
        return self._leaf(node, boost, positive=positive)

    def _leaf(self, node: whoosh_syntax.TextNode, boost: float, *, positive: bool) -> _Both | None:
        name = node.fieldname or "text"
        if name not in TEXT_FIELDS:
            return _condition(self._filter(name, node.text))
        if isinstance(node, qparser.PhrasePlugin.PhraseNode):
            return self._phrase(node.text, name, boost, positive=positive)
        if isinstance(node, qparser.PrefixPlugin.PrefixNode):
            return self._counted(_Both(Prefix(fold(node.text), name), Prefix(fold(node.text), name)))
        return self._run(node.text, name, boost, positive=positive)

    def _phrase(self, text: str, name: str, boost: float, *, positive: bool) -> _Both | None:
        folded = fold(text)
        if not folded:
            return None
        self._want(folded, boost if positive and name == "text" else 0)
        return self._counted(_Both(Substring(folded, name), Substring(folded, name)))

    def _run(self, run: str, name: str, boost: float, *, positive: bool) -> _Both | None:
        """A bare run: as a substring, or by all of its words; each also with synonyms in it."""
        alls: list[Node] = []
        anys: list[Node] = []
        variants = list(islice(self._variants(fold(run)), _MOST_VARIANTS))
        for n, variant in enumerate(variants):
            weight = boost * (_SYNONYM_WEIGHT / (len(variants) - 1) if n else 1.0)
            self._want(variant, weight if positive and name == "text" else 0)
            words = self.analyzer.words(variant)
            is_quantity = self.analyzer.is_quantity(variant)
            has_number_at_edge = variant[0].isdecimal() or variant[-1].isdecimal()
            whole = Substring(variant, name, whole_numbers=is_quantity or has_number_at_edge)
            alls.append(whole)
            if words and (is_quantity or words != [variant]):
                alls.append(_join(And, [Word(word, name) for word in dict.fromkeys(words)]))
            anys += [whole, *(Word(term, name) for term in _telling(self.analyzer.query_terms(variant)))]
        return self._counted(_Both(_join(Or, alls), _join(Or, list(dict.fromkeys(anys))))) if alls else None

    def _variants(self, run: str) -> Iterable[str]:
        """The run itself, then with its words replaced by their synonyms."""
        tokens = [token for token in self.analyzer.tokens(run) if self.analyzer.synonyms(token.term)]
        kept: list[Token] = []
        for token in sorted(tokens, key=lambda token: (token.start, -token.end)):
            if not kept or token.start >= kept[-1].end:
                kept.append(token)
        for names in product(*((token.term, *self.analyzer.synonyms(token.term)) for token in kept)):
            variant, position = "", 0
            for token, name in zip(kept, names, strict=True):
                variant += run[position : token.start] + name
                position = token.end
            yield variant + run[position:]

    def _want(self, folded: str, weight: float) -> None:
        if weight > 0 and self.parts < MOST_PARTS:
            self.wanted.append(Wanted(folded, tuple(self.analyzer.query_terms(folded)), weight))

    def _counted(self, both: _Both) -> _Both | None:
        self.parts += 1
        if self.parts > MOST_PARTS:
            self.notes.append(f"only the first {MOST_PARTS} parts of the query are used")
            return None
        return both

    def _filter(self, name: str, text: str) -> Filter:
        if name != "year":
            return Filter(name, (text,))
        match = _YEAR_RANGE.fullmatch(text)
        if match:
            return Filter("year", ranges=((int(match[1]), int(match[2])),))
        if not text.isdecimal():
            message = f"{text!r} is no year"
            raise _NoSenseError(message)
        return Filter("year", ranges=((int(text), int(text)),))

    def _range(self, node: whoosh_syntax.RangeNode) -> Filter:
        low, high = node.start or "0", node.end or "9999"
        if node.fieldname != "year" or not (low.isdecimal() and high.isdecimal()):
            message = "a range goes with year, as in year:[2021 TO 2023]"
            raise _NoSenseError(message)
        return Filter("year", ranges=((int(low) + bool(node.startexcl), int(high) - bool(node.endexcl)),))


@dataclass(frozen=True, slots=True)
class _Both:
    """A part of a query read in both ways: everything asked for, or any word of it."""

    all: Node
    any: Node
    is_condition: bool = False
    """A filter or a NOT: asked for in both readings."""


def _condition(node: Node) -> _Both:
    return _Both(node, node, is_condition=True)


def _all_of(pairs: list[_Both]) -> _Both | None:
    if not pairs:
        return None
    conditions = [pair.all for pair in pairs if pair.is_condition]
    words = [pair.any for pair in pairs if not pair.is_condition]
    any_word = [_join(Or, words)] if words else []
    return _Both(_join(And, [pair.all for pair in pairs]), _join(And, any_word + conditions), is_condition=not words)


def _any_of(pairs: list[_Both]) -> _Both | None:
    if not pairs:
        return None
    return _Both(
        _join(Or, [pair.all for pair in pairs]),
        _join(Or, [pair.any for pair in pairs]),
        is_condition=all(pair.is_condition for pair in pairs),
    )


def _telling(terms: list[str]) -> list[str]:
    """Without function words, where there are others: any one of them is found nearly everywhere."""
    return [term for term in terms if term not in _FUNCTION_WORDS] or terms


def _join(kind: type[And | Or], nodes: list[Node]) -> Node:
    """One node of the kind over all, without needless levels."""
    flat: list[Node] = []
    for node in nodes:
        flat.extend(node.children if isinstance(node, kind) else [node])
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def _weight(node: whoosh_syntax.SyntaxNode) -> float:
    boost = getattr(node, "boost", 1.0) or 0.0
    return min(max(float(boost), 0.0), 100.0)


def _trouble(text: str) -> str | None:
    """What is wrong with the brackets and quotes of a text, or None."""
    depth, closing = 0, ""
    for character in text:
        if closing:
            closing = "" if character == closing else closing
        elif character in '"“':
            closing = '"' if character == '"' else "”"
        elif character == "(":
            depth += 1
            if depth > DEEPEST:
                return f"brackets nested more than {DEEPEST} deep"
        elif character == ")":
            depth -= 1
            if depth < 0:
                break
    if closing:
        return "a quote that is not closed"
    return "brackets that do not match" if depth else None


def _parser(fields: Collection[str]) -> qparser.QueryParser:
    names = "|".join(sorted(map(re.escape, {*fields, *TEXT_FIELDS}), key=len, reverse=True))
    operators = qparser.OperatorsPlugin(
        And=r"(?<=\s)AND(?=\s)",
        Or=r"(?<=\s)OR(?=\s)|\|",
        Not=r"(^|(?<=[\s(|]))(?:NOT(?=\s)|-(?=[^\s-]))",
        AndNot=None,
        AndMaybe=None,
        Require=None,
    )
    plugins = [
        qparser.WhitespacePlugin(),
        qparser.GroupPlugin(),
        qparser.PhrasePlugin(rf'"(?P<text>[^"]*)"{_NEVER}'),
        qparser.PhrasePlugin(rf"“(?P<text>[^”]*)”{_NEVER}"),
        qparser.FieldsPlugin(rf"(?<!\w)(?P<text>{names}):(?=\S)"),
        qparser.RangePlugin(),
        qparser.PrefixPlugin(r"(?P<text>[A-Za-z0-9]+)\*(?=[\s)]|$)"),
        qparser.EveryPlugin(r"\*(:\*)?(?=[\s)]|$)"),
        qparser.BoostPlugin(),
        operators,
    ]
    return qparser.QueryParser("text", None, plugins=plugins)
