"""The parts of a query and how they join: runs, strings and filters, each read as `all` and as `any`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, product

from searchkit.query.facets import Filter
from searchkit.query.tree import And, Everything, Node, Or, Prefix, Query, ScoringClause, Substring, Word
from searchkit.text.analyzer import Analyzer, Token
from searchkit.text.folding import fold
from searchkit.text.years import FIRST_YEAR, LAST_YEAR, parse_years

MAX_PARTS = 64
"""Words and strings of one query that are looked for; a note says so when more were given."""

_MAX_VARIANTS = 8  # of one run, by replacing its words by their synonyms
_FUNCTION_WORDS = frozenset("的地得了着过是在和与及或等有无不也都就而以为于之其这那个们啊吗呢吧么")
_SYNONYM_WEIGHT = 0.3  # of all synonyms of a run together: what was written comes before what means the same


class NoSenseError(Exception):
    """The text is no query in our syntax; the message says why."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part of a query stands."""

    field: str = "text"
    """One of `query.TEXT_FIELDS`."""
    weight: float = 1.0
    """How much it raises the score; 0 below NOT."""

    def weighing(self, boost: float) -> Place:
        """The same place with its weight multiplied."""
        return replace(self, weight=self.weight * boost)

    def below_not(self) -> Place:
        """The place of what must not be there: it raises no score."""
        return replace(self, weight=0.0)

    def in_field(self, name: str) -> Place:
        """The same place in another field."""
        return replace(self, field=name)


@dataclass(frozen=True, slots=True)
class Both:
    """A part of a query read in both ways: everything asked for, or any word of it."""

    all: Node
    any: Node
    is_condition: bool = False
    """A filter or a NOT: asked for in both readings."""


def condition(node: Node) -> Both:
    """A part that is asked for in both readings."""
    return Both(node, node, is_condition=True)


def all_of(pairs: Iterable[Both | None]) -> Both | None:
    """All parts, read loosely: one of the words, and all conditions. None where there are no parts."""
    parts = [pair for pair in pairs if pair]
    if not parts:
        return None
    conditions = [part.all for part in parts if part.is_condition]
    words = [part.any for part in parts if not part.is_condition]
    loose = [_join(Or, words), *conditions] if words else conditions
    return Both(_join(And, [part.all for part in parts]), _join(And, loose), is_condition=not words)


def any_of(pairs: Iterable[Both | None]) -> Both | None:
    """At least one of the parts. None where there are no parts."""
    parts = [pair for pair in pairs if pair]
    if not parts:
        return None
    strict, loose = [part.all for part in parts], [part.any for part in parts]
    return Both(_join(Or, strict), _join(Or, loose), is_condition=all(part.is_condition for part in parts))


@dataclass
class Reading:
    """One query while it is read: what it wants, what there is to say about it, how many parts it has."""

    analyzer: Analyzer
    notes: list[str] = field(default_factory=list)
    _wanted: list[ScoringClause] = field(default_factory=list)
    _parts: int = 0

    def query(self, both: Both | None) -> Query:
        """The finished query; None matches everything."""
        both = both or condition(Everything())
        return Query(both.all, both.any, tuple(self._wanted), tuple(dict.fromkeys(self.notes)))

    def restart(self) -> None:
        """Forget the parts read so far; the notes stay."""
        self._wanted, self._parts = [], 0

    def phrase(self, text: str, place: Place) -> Both | None:
        """A quoted string: exactly this."""
        folded = fold(text)
        if not folded:
            return None
        self._want(folded, self.analyzer.query_terms(folded), place)
        return self._counted(Substring(folded, place.field), Substring(folded, place.field))

    def prefix(self, text: str, place: Place) -> Both | None:
        """`word*`: the beginning of a token."""
        node = Prefix(fold(text), place.field)
        return self._counted(node, node)

    def run(self, text: str, place: Place) -> Both | None:
        """A bare run: as a substring, or by all of its words; each also with synonyms in it."""
        alls: list[Node] = []
        anys: list[Node] = []
        variants = list(islice(self._variants(fold(text)), _MAX_VARIANTS))
        for n, variant in enumerate(variants):
            terms = self.analyzer.query_terms(variant)
            self._want(variant, terms, place.weighing(_SYNONYM_WEIGHT / (len(variants) - 1) if n else 1.0))
            words = self.analyzer.words(variant)
            is_quantity = self.analyzer.is_quantity(variant)
            has_number_at_edge = variant[0].isdecimal() or variant[-1].isdecimal()
            whole = Substring(variant, place.field, whole_numbers=is_quantity or has_number_at_edge)
            alls.append(whole)
            if words and (whole.whole_numbers or words != [variant]):
                alls.append(_join(And, [Word(word, place.field) for word in dict.fromkeys(words)]))
            anys += [whole, *(Word(term, place.field) for term in _telling(terms))]
        return self._counted(_join(Or, alls), _join(Or, list(dict.fromkeys(anys)))) if alls else None

    def filter(self, name: str, text: str) -> Filter:
        """`name:text` of a facet. Raises NoSenseError for what is no year."""
        if name != "year":
            return Filter(name, (text,))
        try:
            return Filter("year", ranges=(parse_years(text),))
        except ValueError:
            raise NoSenseError(f"{text!r} is no year") from None

    def range(self, name: str | None, low: str | None, high: str | None, excluded: tuple[bool, bool]) -> Filter:
        """`name:[low TO high]`, ends included or not. Raises NoSenseError for all but years."""
        try:
            first = parse_years(low)[0] if low and low.strip() else FIRST_YEAR
            last = parse_years(high)[1] if high and high.strip() else LAST_YEAR
        except ValueError:
            name = None
        if name != "year":
            raise NoSenseError("a range goes with year, as in year:[2021 TO 2023]")
        return Filter("year", ranges=((first + excluded[0], last - excluded[1]),))

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

    def _want(self, folded: str, terms: Sequence[str], place: Place) -> None:
        if place.weight > 0 and place.field == "text" and self._parts < MAX_PARTS:
            self._wanted.append(ScoringClause(folded, tuple(terms), place.weight))

    def _counted(self, strict: Node, loose: Node) -> Both | None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            self.notes.append(f"only the first {MAX_PARTS} parts of the query are used")
            return None
        return Both(strict, loose)


def _telling(terms: Sequence[str]) -> Sequence[str]:
    """Without function words, where there are others: any one of them is found nearly everywhere."""
    return [term for term in terms if term not in _FUNCTION_WORDS] or terms


def _join(kind: type[And | Or], nodes: Sequence[Node]) -> Node:
    """One node of the kind over all, without needless levels."""
    flat: list[Node] = []
    for node in nodes:
        flat.extend(node.children if isinstance(node, kind) else [node])
    return flat[0] if len(flat) == 1 else kind(tuple(flat))
