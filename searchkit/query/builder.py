"""Builds the clauses of a query (runs of text with their synonyms, quoted strings, filters), strict and relaxed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise, product
from typing import NamedTuple

from searchkit.errors import UsageError
from searchkit.model import Note
from searchkit.names import YEAR_FACETS
from searchkit.query.facets import Filter
from searchkit.query.filters import FilterReader, swapped_years
from searchkit.query.function_words import content_words, word_factors
from searchkit.query.tree import (
    PASSAGE,
    And,
    Clause,
    ContentRun,
    Everything,
    Node,
    Or,
    Prefix,
    Query,
    ScoringClause,
    Substring,
    Word,
)
from searchkit.text.analyzer import Analyzer, RunTokens, Token
from searchkit.text.folding import fold
from searchkit.text.years import MAX_YEAR, MIN_YEAR

MAX_QUERY_CLAUSES = 64
"""Maximum number of runs, prefixes and quoted strings of a query. Further ones are ignored, with a note."""

MAX_SCANNED_CLAUSES = 16
"""Maximum number of clauses whose string an engine may have to find by a scan of all text. Further ones are ignored,
with a note.

Such a string has no two letters or digits in a row (Chinese characters are letters), or it has at most two characters
and the field is `text`. A scan takes 5 to 20 ms in fifty thousand paragraphs.
"""
_MAX_UNLISTED_LENGTH = 2
"""Maximum length of a string of letters for which an engine may have no list of offsets
(`columnar.bigrams.needs_list`)."""
MAX_QUERY_WORDS = 64
"""Maximum number of words of the runs of a query, each counted once per run. Further ones are ignored, with a note."""
MAX_SYNONYM_WORDS = 192
"""Maximum number of words of all synonym variants (`_MAX_VARIANTS`), each counted once per variant. Further variants
are ignored, with a note."""
_MAX_VARIANTS = 8
"""Maximum number of variants of a run: the run itself, and copies with words replaced by synonyms."""
_SYNONYM_WEIGHT = 0.3
"""Weight of all synonym variants of a run together, if they are not longer than the run. The run itself has the weight
1, so that it ranks higher."""


_MAX_EDGES = 4
"""Maximum number of places between a letter and a digit in a run that is also searched with spaces there (5G, N5s)."""


class QuerySyntaxError(Exception):
    """The text is not a valid query. The message is the reason."""


class ClauseContext(NamedTuple):
    """Field and weight of a clause, set by the operators around it."""

    field: str = PASSAGE
    """`tree.PASSAGE`, or one of `tree.TEXT_FIELDS`."""
    weight: float = 1.0
    """Factor of the clause's score; 0 below NOT."""
    occur: str = "required"
    """One of `tree.OCCURRENCES`."""

    def boosted(self, boost: float) -> ClauseContext:
        """Return the context with its weight multiplied by `boost`."""
        return self._replace(weight=self.weight * boost)

    def negated(self) -> ClauseContext:
        """Return the context for the operand of NOT, which does not add to the score."""
        return self._replace(weight=0.0, occur="required" if self.occur == "excluded" else "excluded")

    def alternative(self) -> ClauseContext:
        """Return the context for an operand of OR."""
        return self._replace(occur="optional") if self.occur == "required" else self

    def with_field(self, name: str) -> ClauseContext:
        """Return the context with another field."""
        return self._replace(field=name)


class ClausePair(NamedTuple):
    """A clause in its forms."""

    all: Node
    """Strict form: requires every part of the clause."""
    any: Node
    """Relaxed form: requires one word, prefix or string of the clause. Required parts (`is_required`) must match, too,
    unless they are alternatives of an OR."""
    is_required: bool = False
    """Whether the relaxed form of the query requires the clause too. Filters, negations and `*` are required; so is a
    combination of clauses that are all required."""
    content: Node | None = None
    """Strict form in which only content words must match: words that are neither question words (多少) nor particles
    (的). None stands for `all`. `Everything` if the clause has no content words."""
    some: Node | None = None
    """Relaxed form that requires one of the content words. A shorter word inside of one does not suffice. None stands
    for `any`."""


def required(node: Node) -> ClausePair:
    """Return a clause that both forms of the query require."""
    return ClausePair(node, node, is_required=True)


def conjunction(clauses: Iterable[ClausePair | None]) -> ClausePair | None:
    """Combine clauses with AND. The relaxed form requires all required clauses, and one of the others, if any.

    None is ignored. Returns None if there are no clauses.
    """
    present = [clause for clause in clauses if clause]
    if not present:
        return None
    required_nodes = [clause.all for clause in present if clause.is_required]
    optional = [clause for clause in present if not clause.is_required]
    # A clause without content words, such as 如何, matters only if there are no others.
    optional = [clause for clause in optional if not isinstance(clause.content, Everything)] or optional
    relaxed, some = (
        [_join(Or, nodes), *required_nodes] if nodes else required_nodes
        for nodes in ([clause.any for clause in optional], [clause.some or clause.any for clause in optional])
    )
    content = [clause.content or clause.all for clause in present]
    content = [node for node in content if not isinstance(node, Everything)] or content[:1]
    return ClausePair(
        _join(And, [clause.all for clause in present]),
        _join(And, relaxed),
        not optional,
        _join(And, content),
        _join(And, some),
    )


def disjunction(clauses: Iterable[ClausePair | None]) -> ClausePair | None:
    """Combine clauses with OR. None is ignored. Returns None if there are no clauses."""
    present = [clause for clause in clauses if clause]
    if not present:
        return None
    strict, relaxed = [clause.all for clause in present], [clause.any for clause in present]
    return ClausePair(_join(Or, strict), _join(Or, relaxed), is_required=all(clause.is_required for clause in present))


@dataclass
class QueryBuilder:
    """Builds the clauses of one query and collects its scoring clauses and notes."""

    analyzer: Analyzer
    reader: FilterReader
    """Reads the values of filters."""
    notes: list[Note] = field(default_factory=list)
    """Messages to the user about parts that are changed, ignored or ambiguous, and about values that the index does not
    have."""
    _scoring: list[ScoringClause] = field(default_factory=list)
    _runs: list[ContentRun] = field(default_factory=list)
    _clauses: list[Clause] = field(default_factory=list)
    _clause_count: int = 0
    """Number of runs, prefixes and quoted strings created so far."""
    _scanned_count: int = 0
    """Number of these clauses whose string may need a scan (`MAX_SCANNED_CLAUSES`)."""
    _word_count: int = 0
    """Number of words of the runs created so far (`MAX_QUERY_WORDS`)."""
    _synonym_word_count: int = 0
    """Number of words of the synonym variants of these runs (`MAX_SYNONYM_WORDS`)."""

    def build(self, clause: ClausePair | None, *, has_operators: bool) -> Query:
        """Return the query whose root is `clause`. None matches everything.

        With operators, or if no run has content words, the query has neither `content` nor `some` nor `runs`.
        """
        clause = clause or required(Everything())
        notes = tuple(dict.fromkeys(self.notes))
        query = Query(clause.all, clause.any, tuple(self._scoring), notes, clauses=tuple(self._clauses))
        if has_operators or not any(words for run in self._runs for _, words in run.variants):
            return query
        return replace(query, content=clause.content, some=clause.some, runs=tuple(self._runs))

    def reset(self) -> None:
        """Discard the clauses created so far, but not the notes."""
        self._scoring, self._runs, self._clauses = [], [], []
        self._clause_count = self._scanned_count = self._word_count = self._synonym_word_count = 0

    def create_phrase(self, text: str, context: ClauseContext) -> ClausePair | None:
        """Return the clause of a quoted string, which matches exactly this string.

        Returns None if the string is empty or the query has too many clauses.
        """
        folded = fold(text)
        if not folded:
            return None
        self._add_scoring(ScoringClause(folded, tuple(self.analyzer.query_terms(folded))), context)
        node = Substring(folded, context.field)
        return self._count_clause(Clause("phrase", text, context.occur, context.field, (), node), node)

    def create_prefix(self, text: str, context: ClauseContext) -> ClausePair | None:
        """Return the clause of `text*`, which matches tokens that begin with `text`.

        Returns None if the query has too many clauses.
        """
        node = Prefix(fold(text), context.field)
        return self._count_clause(Clause("prefix", text, context.occur, context.field, (), node), node)

    def create_run(self, text: str, context: ClauseContext) -> ClausePair | None:
        """Return the clause of a run, which is text without spaces and quotes.

        A paragraph matches the strict form if it contains a variant of the run as a substring, or all words of a
        variant. A synonym variant that is one word is matched as a word only. A paragraph matches the relaxed form if
        it contains a variant as a substring, or any content word of a variant (any word, if the variant has none). In
        the relaxed form, the words of the run itself include the shorter words in each word. If a run of several words
        has a single content word, and this word has only letters, all forms but the strict one match it as a substring,
        too. Letters and digits of a run can be apart (PM 2.5 for PM2.5). Returns None if no clause or word can be added
        to the query.
        """
        strict: list[Node] = []
        relaxed: list[Node] = []
        content: list[Node] = []
        some: list[Node] = []
        content_variants: list[tuple[tuple[Substring, ...], tuple[str, ...]]] = []
        if (note := self._full_note(text, context.field)) is not None:
            self.notes.append(note)
            return None
        analyses = self._analyze_variants(fold(text))
        variants = [variant for variant, _ in analyses]
        apart = [Substring(form, context.field, whole_numbers=True) for form in _set_apart("".join(variants[:1]))]
        for n, (variant, analysis) in enumerate(analyses):
            words = [token.term for token in analysis.words]
            # The shorter words in a synonym are left out, because they have other meanings: 卫生 in 卫生健康委员会 for
            # 卫健委.
            tokens = analysis.words if n else analysis.parts
            terms = list(dict.fromkeys(token.term for token in tokens))
            scoring = _weigh_words(ScoringClause(variant, tuple(terms)), analysis.words, tokens)
            self._add_scoring(scoring, context.boosted(_variant_weight(n, variants)) if n else context)
            has_number_at_edge = variant[0].isdecimal() or variant[-1].isdecimal()
            substring = Substring(variant, context.field, whole_numbers=analysis.is_quantity or has_number_at_edge)
            # As a string, a synonym of one word would match across words: 高企 in 提高企业.
            strings = [*([] if n and words == [variant] else [substring]), *([] if n else apart)]
            strict += _alternatives(strings, words, context.field)
            own_content = content_words(words)
            if n == 0 and len(own_content) == 1 < len(words) and own_content[0].isalpha():
                strings.append(Substring(own_content[0], context.field))
            content_variants.append((tuple(strings), own_content))
            relaxed += [*strings, *(Word(term, context.field) for term in content_words(terms) or terms)]
            if own_content:
                content += _alternatives(strings, own_content, context.field)
                some += [*strings, *(Word(word, context.field) for word in own_content)]
        if not strict:
            return None
        own_words = content_variants[0][1]
        clause = Clause("run", text, context.occur, context.field, own_words, _join(Or, strict))
        pair = self._count_clause(clause, _join(Or, list(dict.fromkeys(relaxed))))
        if not pair or not content:
            return pair and ClausePair(pair.all, pair.any, content=Everything())
        self._runs.append(ContentRun(tuple(content_variants)))
        content_node, some_node = _join(Or, content), _join(Or, list(dict.fromkeys(some)))
        return ClausePair(pair.all, pair.any, content=content_node, some=some_node)

    def create_filter(self, name: str, text: str, context: ClauseContext) -> Filter:
        """Return the filter of `name:text`. Adds a note for a value that the index does not have.

        Raises QuerySyntaxError if a facet of years gets no year or range.
        """
        item = Filter(name, (text,))
        if self.reader.knows(name):
            try:
                item = self.reader.read(name, [text], self.notes)
                self.notes += self.reader.missing_years(item)
            except UsageError as error:
                if name in YEAR_FACETS:
                    raise QuerySyntaxError(f"{text!r} is not a year") from None
                self.notes.append(Note("unknown_value", str(error)))
        return self._record_filter(item, context)

    def _record_filter(self, item: Filter, context: ClauseContext) -> Filter:
        """Add the clause of a filter, and return the filter."""
        self._clauses.append(Clause("filter", str(item), context.occur, item.name, (), item))
        return item

    def create_range(
        self,
        name: str | None,
        low: str | None,
        high: str | None,
        excluded: tuple[bool, bool],
        context: ClauseContext,
    ) -> Filter:
        """Return the filter of `name:[low TO high]`. An end can be empty or None; then the range is open at that end.

        `excluded` contains two flags: whether the range excludes its low end, and whether it excludes its high end.
        If the low end is the later one, the ends are swapped, and a note is added. Raises QuerySyntaxError if the facet
        has no years or an end is not a year. The message shows the syntax.
        """
        from searchkit.text.query_years import parse_written_years  # noqa: PLC0415 - only for ranges of years

        try:
            first = parse_written_years(low)[0] if low and low.strip() else MIN_YEAR
            last = parse_written_years(high)[1] if high and high.strip() else MAX_YEAR
        except ValueError:
            name = None  # no valid range: raise the error below, which explains the syntax
        if name not in YEAR_FACETS:
            raise QuerySyntaxError("a range goes with year or of_year, as in year:[2021 TO 2023]")
        if first > last:
            years = last + excluded[1], first - excluded[0]
            self.notes.append(swapped_years(name, f"{low} TO {high}", *years))
        else:
            years = first + excluded[0], last - excluded[1]
        item = Filter(name, ranges=(years,))
        self.notes += self.reader.missing_years(item)
        return self._record_filter(item, context)

    def _analyze_variants(self, run: str) -> list[tuple[str, RunTokens]]:
        """Return a folded run and its synonym variants, with their tokens, and count their words.

        If the query has too many words, the end of the run is cut or variants are left out, with a note. Returns an
        empty list if nothing of the run is left.
        """
        tokens = self.analyzer.analyze_run(run)
        cut = _end_of_words(tokens.words, MAX_QUERY_WORDS - self._word_count)
        if cut is not None:
            self.notes.append(Note("too_many_words", f"only the first {MAX_QUERY_WORDS} words of the query are used"))
            run = run[:cut].rstrip()
            tokens = self.analyzer.analyze_run(run)
        if not run:
            return []
        self._word_count += _count_words(tokens)
        analyses = [(run, tokens)]
        for variant in islice(self._synonym_variants(run, tokens.tokens), 1, _MAX_VARIANTS):
            analysis = self.analyzer.analyze_run(variant)
            self._synonym_word_count += _count_words(analysis)
            if self._synonym_word_count > MAX_SYNONYM_WORDS:
                text = f"only the first {MAX_SYNONYM_WORDS} words of synonyms are used"
                self.notes.append(Note("too_many_synonyms", text))
                break
            analyses.append((variant, analysis))
        return analyses

    def _synonym_variants(self, run: str, tokens: Iterable[Token]) -> Iterable[str]:
        """Yield the run, then every other combination of its words and their synonyms. `tokens`: those of the run.

        If tokens with synonyms overlap, only the one that starts first is replaced. Of several that start at the same
        offset, only the longest is replaced.
        """
        named = [token for token in tokens if self.analyzer.synonyms(token.term)]
        if not named:
            yield run
            return
        replaceable: list[Token] = []
        for token in sorted(named, key=lambda token: (token.start, -token.end)):
            if not replaceable or token.start >= replaceable[-1].end:
                replaceable.append(token)
        for names in product(*((token.term, *self.analyzer.synonyms(token.term)) for token in replaceable)):
            variant, position = "", 0
            for token, name in zip(replaceable, names, strict=True):
                variant += run[position : token.start] + name
                position = token.end
            yield variant + run[position:]

    def _add_scoring(self, clause: ScoringClause, context: ClauseContext) -> None:
        """Add a scoring clause with the weight of its context.

        Does nothing if the weight is 0 (below NOT), the field is `heading` or `title`, or the query already has too
        many clauses.
        """
        if (
            context.weight > 0
            and context.field in {PASSAGE, "text"}
            and self._full_note(clause.text, context.field) is None
        ):
            self._scoring.append(clause if clause.weight == context.weight else replace(clause, weight=context.weight))

    def _count_clause(self, clause: Clause, relaxed: Node) -> ClausePair | None:
        """Count a clause, and return its forms. If the query has too many clauses, add a note and return None."""
        note = self._full_note(clause.text, clause.field)
        if note is not None:
            self.notes.append(note)
            return None
        self._clause_count += 1
        self._scanned_count += _needs_scan(clause.text, clause.field)
        self._clauses.append(clause)
        return ClausePair(clause.node, relaxed)

    def _full_note(self, text: str, field: str) -> Note | None:
        """Return a note if the query has too many clauses for another one of this text and field, otherwise None."""
        if self._clause_count >= MAX_QUERY_CLAUSES:
            return Note("too_many_parts", f"only the first {MAX_QUERY_CLAUSES} parts of the query are used")
        if self._scanned_count >= MAX_SCANNED_CLAUSES and _needs_scan(text, field):
            kind = "parts without two letters or digits in a row, or of two characters in text:,"
            return Note("too_many_parts", f"only the first {MAX_SCANNED_CLAUSES} {kind} are used")
        return None


def _count_words(tokens: RunTokens) -> int:
    """Return the number of distinct words of a run."""
    return len({word.term for word in tokens.words})


def _end_of_words(words: Sequence[Token], limit: int) -> int | None:
    """Return the offset of the word that exceeds `limit` distinct words, None if there are at most `limit`."""
    seen: set[str] = set()
    for word in words:
        seen.add(word.term)
        if len(seen) > limit:
            return word.start
    return None


def _needs_scan(text: str, field: str) -> bool:
    """Return whether a string may be found by a scan of all text (`MAX_SCANNED_CLAUSES`).

    A frequent word of two characters has no list of offsets (`_MAX_UNLISTED_LENGTH`), and its postings do not tell the
    text from the headings.
    """
    is_in_text = field == "text" and len(text) <= _MAX_UNLISTED_LENGTH
    return is_in_text or not any(first.isalnum() and second.isalnum() for first, second in pairwise(text))


def _weigh_words(clause: ScoringClause, words: Sequence[Token], tokens: Sequence[Token]) -> ScoringClause:
    """Return the scoring clause of a run in which function words weigh less.

    `words`: the words of the run. `tokens`: the tokens that score. Those of the run itself include the shorter words in
    each word. A term that occurs several times has its highest factor.
    """
    factors = list(word_factors([word.term for word in words]))
    if all(factor == 1 for factor in factors):
        return clause
    by_character = [1.0] * len(clause.text)
    for word, factor in zip(words, factors, strict=True):
        by_character[word.start : word.end] = [factor] * (word.end - word.start)
    by_term = dict.fromkeys(clause.terms, 0.0)
    for token in tokens:
        by_term[token.term] = max(by_term[token.term], by_character[token.start])
    return replace(clause, term_factors=tuple(by_term.values()), character_factors=tuple(by_character))


def _variant_weight(n: int, variants: Sequence[str]) -> float:
    """Return the weight of synonym variant `n` of a run (`n` >= 1), relative to the run, which has the weight 1.

    A variant that is longer than the run has more characters and pairs of characters, which all add to its score. To
    make up for this, its weight is lower.
    """
    return _SYNONYM_WEIGHT / (len(variants) - 1) * min(1, len(variants[0]) / len(variants[n]))


def _alternatives(strings: Sequence[Substring], words: Iterable[str], field: str) -> list[Node]:
    """Return the alternatives of a variant of a run: one of some strings, or all of some words.

    If one of the strings is the only word, no `Word` is needed: the string also matches every paragraph with the word.
    This does not apply to a string that must not occur inside a longer number (`Substring.whole_numbers`).
    """
    distinct = list(dict.fromkeys(words))
    is_string = any([string.text] == distinct and not string.whole_numbers for string in strings)
    if not distinct or is_string:
        return list(strings)
    return [*strings, _join(And, [Word(word, field) for word in distinct])]


def _set_apart(folded: str) -> list[str]:
    """Return forms of a run with spaces between letters and digits: at all such places, and at each one alone.

    pm2.5 has the form pm 2.5, and n5s has n 5 s, n 5s and n5 s. Returns an empty list if the run has no such place, or
    more than `_MAX_EDGES`.
    """
    edges = [at for at in range(1, len(folded)) if _is_edge(folded[at - 1], folded[at])]
    if not 0 < len(edges) <= _MAX_EDGES:
        return []
    chosen = [edges, *([edge] for edge in edges)] if len(edges) > 1 else [edges]
    return [
        " ".join(folded[left:right] for left, right in pairwise([0, *positions, len(folded)])) for positions in chosen
    ]


def _is_edge(left: str, right: str) -> bool:
    """Return whether one of two characters is a Latin letter, and the other a digit."""
    if not (left.isascii() and right.isascii()):
        return False
    return (left.isalpha() and right.isdigit()) or (left.isdigit() and right.isalpha())


def _join(operator: type[And | Or], nodes: Sequence[Node]) -> Node:
    """Combine nodes with AND or OR. The children of nodes with the same operator become children of the result.

    A single node is returned as is.
    """
    flat: list[Node] = []
    for node in nodes:
        flat.extend(node.children if isinstance(node, operator) else [node])
    return flat[0] if len(flat) == 1 else operator(tuple(flat))
