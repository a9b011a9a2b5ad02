"""Understands the places, years, bodies, sections and kinds of reports in the words of a query.

`parse_understood` finds names of facet values (`aliases`) and years in the bare runs of a query, and parses the query
with a filter instead of each. A run is text without white space. It is bare unless it is in quotes or brackets, has
a field or belongs to an operator.

A paragraph matches in one of two ways:

(a) It passes the filters and matches the remaining words.
(b) It contains as strings all runs of which filters took only a part (浙江立案). Then it need not pass the filters of
    these runs, but it must pass those of the runs that are only names (浙江), and match all other words.

Filters of one facet are combined with OR, filters of different facets with AND.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from searchkit.model import Note
from searchkit.query.aliases import PHRASE, SHORT, SURE, Alias, Aliases
from searchkit.query.facets import Filter
from searchkit.query.filters import FilterReader, format_years
from searchkit.query.parsing import MAX_QUERY_LENGTH, parse, split_parts
from searchkit.query.tree import And, Clause, Node, Or, Query, ScoringClause, Substring
from searchkit.query.understood import UnderstoodFilter
from searchkit.text.analyzer import Analyzer
from searchkit.text.characters import INVISIBLE
from searchkit.text.folding import fold
from searchkit.text.query_years import RANGE_MARK, find_query_year
from searchkit.text.years import ANY_YEAR

_MAX_NAMES = 32
"""Maximum number of names of a run, and number after which further runs are read as words. Comparing the names with
each other takes quadratic time."""
_LOOSENED_WEIGHT = 0.5
"""Weight of the words of a filter that is not required. Other words have the weight 1."""
_LOOSENED_FIRST = ("section", "doctype", "of_year", "agency", "district")
"""Facets in the order in which their filters are given up, each alone, if nothing matches under all of them."""
_CONNECTORS = frozenset({"和", "与", "及", "以及", "、", ",", "跟"})
"""Words between two names."""
_LINKS = _CONNECTORS | {"or", "and", "vs", "对比", "比较", "比"}
"""Runs that are dropped between two runs with names."""
_DROPPED = frozenset({"的", "在", "于", "关于", "到", "自", "从", "内", "境内", "级"}) | _CONNECTORS
"""Words that are dropped beside a name."""
_TIMES = ("年", "年来", "年度", "期间", "时期", "以来")
"""Ends of a phrase of time. A short name or a year may follow: 去年浙江, 十三五期间浙江."""
_LEVELS = "省市区县州盟旗"
"""Characters that make a short name before them the name of another place (吉林市 is not 吉林), and that can stand
before the name of a body (区司法局)."""
_OTHER_WORD = re.compile(
    r"(?<=区)[域别间划块位段]|(?<=市)(?:场(?!监)|值(?![班守得])|价(?!格))|(?<=县)[域级]|(?<=旗)[帜舰]|(?<=州)际|(?<=[省市区县州盟旗])委(?![员托派任])"
)
"""Matches after a full name whose last character belongs to another word: 域 in 新区域, 委 in 云南省委; but not 价 in
天津市价格, nor 值 in 天津市值班."""
_INSTITUTION = re.compile(
    "^.$|(?:大学|学院|学校|中学|医院|出版社|银行|[日晚晨]报|电视台|公司|集团|军区|兵团|法院|起义|战役|谈判|音乐|白药)$"
)
"""Matches the rest of a word of the dictionary that begins with the short name of a place, if the word is the name of
something else: 大学 in 浙江大学, 岛 in 海南岛; but not 旅游 in 云南旅游, 长沙市 in 湖南长沙市."""
_INSTITUTION_WORD = re.compile("(?:大学|学院|医院|银行|[日晚晨]报|电视台|出版社)$")
"""Matches the word after the short name of a place if both are the name of one institution: 大学 in 湖北大学.

高速, 铁路 and 机场 are not among these words. In reports, they mostly begin a longer phrase, before which the name
means the place: 湖北高速公路.
"""
_EXCLUDED_AFTER = re.compile(r"(?:^除|除了|不是|不含|不包括|不包含)$")
_EXCLUDED_BEFORE = re.compile("[以之]外|除外")
"""Match the text of a run before and after a name that the query excludes: 除东丽区外, 天津以外."""
_SPACED_YEARS = re.compile(
    rf"(?<![0-9.])(?:{ANY_YEAR}\s*(?:年\s*)?(?!(?<=\s)[-－][0-9]){RANGE_MARK}\s*(?={ANY_YEAR}(?!-?[0-9]|\.))|\d{{4}}\s+(?=年))"
)
"""Matches two years with white space around the mark of a range between them (2019 - 2023年, 2019年 至 2023年), up to
the second one, or a year with white space before 年. The white space is removed. 2019 -2023 excludes 2023."""
_REPORT_FACETS = frozenset({"section", "doctype"})
"""Facets whose names are read as words if the query consists of nothing else."""


class Understanding(NamedTuple):
    """How a search understands a query."""

    query: str
    """The query as given."""
    understood: str
    """The query tree, as text."""
    relaxed: str
    """The query tree that requires only some words, as text."""
    filters: tuple[UnderstoodFilter, ...]
    """The places, years, bodies, sections and kinds of reports that words of the query name."""
    notes: tuple[Note, ...]
    """Messages about parts of the query that are changed, ignored, ambiguous or not in the index."""
    words: tuple[str, ...]
    """The content words of the query: no question words, no particles, and no words of filters or of NOT."""
    clauses: tuple[Clause, ...]
    """The parts of the query as they were written, without the words of `filters`."""


def describe_query(text: str, query: Query) -> Understanding:
    """Return how a search understands a parsed query. `text`: the query as given."""
    return Understanding(
        text, str(query.all), str(query.any), query.understood, query.notes, query.words, query.clauses
    )


class _Name(NamedTuple):
    """A name in a run. Offsets are those of the query."""

    facet: str
    values: tuple[str | int, ...]
    start: int
    end: int
    evidence: str
    """How far the name is evidence for its values: one of `aliases.EVIDENCE`. A name that is `SURE` or `SHORT` needs no
    other name beside it."""
    follows: bool
    """Whether the name directly follows another one."""


class _Run(NamedTuple):
    """A bare run with the names in it. A run with neither names nor other words links two runs: 和 in 浙江 和 江苏."""

    start: int
    end: int
    names: tuple[_Name, ...]
    rest: tuple[tuple[int, int], ...]
    """Spans of the words that no name took."""


def parse_understood(
    text: str,
    analyzer: Analyzer,
    fields: Collection[str],
    reader: FilterReader,
    *,
    literal: Collection[str] = (),
    year_facets: Sequence[str] = ("of_year", "year"),
) -> Query:
    """Parse a query whose words may name values of facets. Every text is a query.

    `fields` and `reader`: as for `parsing.parse`. `reader` has the names. `literal`: facets whose names are read as
    words. A year in the query requires that year in one of `year_facets`. Raises IndexDamaged if the names cannot be
    decoded, and no other exception.
    """
    spaces = {
        at
        for match in _SPACED_YEARS.finditer(text[:MAX_QUERY_LENGTH])
        for at in range(*match.span())
        if text[at].isspace()
    }
    visible = [
        at
        for at, character in enumerate(text[:MAX_QUERY_LENGTH])
        if at not in spaces and not INVISIBLE.match(character)
    ]
    clean = "".join([text[at] for at in visible])
    aliases = reader.aliases
    finder = _NameFinder(clean, analyzer, aliases, frozenset(literal))
    runs = finder.find_runs()
    named = [run for run in runs if run.names or not run.rest]

    def parse_words(words: str) -> Query:
        """Parse a query as words."""
        query = parse(words, analyzer, fields, reader)
        return replace(query, notes=(*query.notes, *dict.fromkeys(finder.missing_years)))

    if not named:
        return parse_words(text)
    names = _narrow_places([name for run in named for name in run.names], aliases)
    filters = tuple(
        UnderstoodFilter(
            name.facet,
            name.values,
            INVISIBLE.sub("", text[visible[name.start] : visible[name.end - 1] + 1]),
            visible[name.start],
            visible[name.end - 1] + 1,
        )
        for name in names
    )
    return _Composer(clean, analyzer, parse_words, named, names, tuple(year_facets)).compose(filters)


class _NameFinder:
    """Finds the names in the bare runs of a query."""

    def __init__(self, text: str, analyzer: Analyzer, aliases: Aliases, literal: frozenset[str]) -> None:
        self._text, self._folded = text, fold(text)
        self._analyzer, self._aliases, self._literal = analyzer, aliases, literal
        self.missing_years: list[Note] = []
        """Messages about years in the query that no document or paragraph has."""
        self._missing_end = 0
        """Offset of the end of the last of these years."""

    def find_runs(self) -> list[_Run]:
        """Return the bare runs of the query with the names that are understood in them.

        Empty if the query consists of names of sections and kinds of reports alone.
        """
        parts = split_parts(self._text)
        spans = [(start, end) for start, end, is_bare in parts if is_bare]
        candidates: list[list[_Name]] = []
        for start, end in spans:
            names = self._find_in_run(start, end) if sum(map(len, candidates)) < _MAX_NAMES else []
            candidates.append(names[:_MAX_NAMES])
        candidates = self._mark_reporting_bodies(candidates)
        has_others = len(spans) < len(parts)
        sure = [name for names in candidates for name in names if name.evidence in {SURE, SHORT}]
        runs = []
        for (start, end), names in zip(spans, candidates, strict=True):
            is_alone = not has_others and len(spans) == 1
            accepted: list[_Name] = []
            excluded = self._find_excluded(start, names)
            for n, name in enumerate(names):
                if n not in excluded and self._is_understood(name, (start, end), accepted, sure, is_alone=is_alone):
                    accepted.append(name)
            runs.append(_Run(start, end, tuple(accepted), tuple(self._find_rest(start, end, accepted))))
        for n in range(1, len(runs) - 1):
            run, neighbours = runs[n], (runs[n - 1], runs[n + 1])
            if self._folded[run.start : run.end] in _LINKS and all(other.names for other in neighbours):
                runs[n] = run._replace(rest=())
        found = {name.facet for run in runs for name in run.names}
        if found and found <= _REPORT_FACETS and not has_others and not any(run.rest for run in runs):
            return []  # the query is only a section or a kind of report
        return runs

    def _find_in_run(self, start: int, end: int) -> list[_Name]:
        """Return the possible names in a run, from left to right, without overlaps."""
        names: list[_Name] = []
        edges: frozenset[int] | None = None
        at, first = start, start  # `first`: where a short name may begin
        while at < end:
            # After 除, a short name is found, too, so that the names beside it are excluded: 除杭州和东丽区外.
            is_excluded = _EXCLUDED_AFTER.search(self._folded[max(start, at - 4) : at])
            if is_excluded or self._folded.endswith(_TIMES, first, at):
                first = at
            name = self._find_year(at, end, first, is_after_place=bool(names) and names[-1].facet == "district")
            has_names = self._aliases.at(self._folded[:end], at)
            is_level = at == first and self._folded[at] in _LEVELS and at + 1 < end
            if name is None and (has_names or (is_level and self._aliases.at(self._folded[:end], at + 1))):
                if edges is None:
                    edges = frozenset(start + edge for edge in self._analyzer.word_edges(self._text[start:end]))
                name = self._find_alias(at, end, first, edges)
            if name is None and at == first:
                # A short name may begin after one of these words. A connector (和) must follow a name for this.
                word = next((w for w in _DROPPED if self._folded.startswith(w, at, end)), None)
                if word and (names or word not in _CONNECTORS):
                    at = first = at + len(word)
                    continue
            if name is None:
                at += 1
                continue
            follows = bool(names) and names[-1].end == name.start
            names.append(name._replace(follows=follows))
            at = first = name.end
        return names

    def _mark_reporting_bodies(self, candidates: Sequence[Sequence[_Name]]) -> list[list[_Name]]:
        """Return the names of each run. Mark a body directly before a kind of report as sure: 国务院政府工作报告.

        Between them can be a year, white space and 的.
        """
        marked: list[list[_Name]] = []
        report_at: int | None = None
        for names in reversed(candidates):
            run = list(names)
            for n, name in reversed(list(enumerate(names))):
                is_before = report_at is not None and self._text[name.end : report_at].strip() in {"", "的"}
                if is_before and name.facet == "agency":
                    run[n] = name._replace(evidence=SURE)
                report_at = name.start if name.facet == "doctype" or (is_before and name.facet == "of_year") else None
            marked.append(run)
        return marked[::-1]

    def _find_year(self, at: int, end: int, first: int, *, is_after_place: bool) -> _Name | None:
        """Return the year, or the years, at an offset. Adds a note to `missing_years` if the index has none of them.

        `first`: where a number without 年, and a year of two digits, may begin. `is_after_place`: whether the name
        before the offset in the run is a place.
        """
        # An index of documents without a year is not about years: a year in a query is then a word like any other.
        if "of_year" in self._literal or not self._aliases.years("year"):
            return None
        year = find_query_year(self._folded[:end], at)
        if year is None or (not year.is_marked and at != first):
            return None
        if not year.is_marked and self._is_part_of_quantity(at, year.end, end):
            return None
        is_short_year = at == first and year.first in self._aliases.years("year")
        if not (year.is_sure or is_after_place) or (year.is_short and not is_short_year):
            return None
        years = self._aliases.years_between(year.first, year.last)
        if years:
            return _Name("of_year", tuple(years), at, year.end, SURE, follows=False)
        if at >= self._missing_end:
            wanted, known = format_years(year.first, year.last), self._aliases.years()
            has, text = format_years(known[0], known[-1]), self._text[at : year.end]
            message = f"no year {wanted} in the index; it has {has}; {text} is read as words"
            self.missing_years.append(Note("unknown_year", message))
            self._missing_end = year.end
        return None

    def _is_part_of_quantity(self, start: int, digits_end: int, end: int) -> bool:
        """Return whether a number continues after its digits: 2022件, 2022年期."""
        if digits_end == end:
            return False
        return any(
            token.start == 0 and token.end > digits_end - start
            for token in self._analyzer.tokenize(self._text[start:end])
        )

    def _find_alias(self, at: int, end: int, first: int, edges: frozenset[int]) -> _Name | None:
        """Return the longest alias at an offset that is not a part of another word or name there, as a name.

        An alias is a name of facet values in the index (`aliases.Alias`).
        If no alias begins there, a level (`_LEVELS`) at the offset and the name of a body or a kind of report after it
        are one name: 区司法局, 市政府工作报告. `first`: offset at which a short name may begin. `edges`: offsets at
        which words begin or end.
        """
        folded = self._folded[:end]
        names = [(alias, at) for alias in self._aliases.at(folded, at)]
        if folded[at] in _LEVELS and at == first and at + 1 < end:  # 区司法局, 市政府工作报告
            of_place = {"agency", "doctype"}
            names += [(alias, at + 1) for alias in self._aliases.at(folded, at + 1) if alias.facet in of_place]
        for alias, start in names:
            if alias.facet not in self._literal and self._is_name(alias, start, end, edges, is_first=at == first):
                stop = start + len(alias.name)
                return _Name(alias.facet, alias.values, at, stop, alias.evidence, follows=False)
        return None

    def _is_name(self, alias: Alias, at: int, end: int, edges: frozenset[int], *, is_first: bool) -> bool:
        """Return whether the text of an alias at an offset is a name, and not a part of another word or name.

        `end`: end of the run. `edges`: offsets at which words begin or end. `is_first`: whether a short name may begin
        there.
        """
        stop = at + len(alias.name)
        if not (is_first or at in edges):
            return False
        if alias.evidence == SURE:
            return not _OTHER_WORD.match(self._folded, stop)
        if alias.facet != "district":
            # It must end where a word ends. Where no short name may begin, it must end the run and not be a short name.
            return stop in edges and (is_first or (alias.evidence != SHORT and stop == end))
        if not is_first or self._folded[stop:end].startswith(tuple(_LEVELS)):
            return False  # 吉林 in 吉林市 is not the province
        word_end = min(edge for edge in edges if edge >= stop)
        if word_end == stop:
            return not self._is_institution(stop, end, edges)
        return not _INSTITUTION.search(self._folded[stop:word_end]) or any(
            other.facet == "district" for other in self._aliases.at(self._folded[:end], stop)
        )

    def _is_institution(self, stop: int, end: int, edges: frozenset[int]) -> bool:
        """Return whether the name of a place, which ends at `stop`, is a part of the name of an institution.

        The name of the institution must end at the end of the run or before one of `_DROPPED`: 湖北大学, but not
        杭州医院建设 or 湖北大学毕业生.
        """
        next_end = min((edge for edge in edges if edge > stop), default=stop)
        is_complete = next_end == end or self._folded[next_end:end].startswith(tuple(_DROPPED))
        return is_complete and bool(_INSTITUTION_WORD.search(self._folded[stop:next_end]))

    def _find_excluded(self, start: int, names: Sequence[_Name]) -> set[int]:
        """Return the positions of those names of a run that the query excludes. `start`: start of the run.

        Names of one facet with a connector between them are excluded together: 除东丽区和西青区外. So are those that
        directly follow an excluded name: 除天津市东丽区外.
        """
        between = [self._folded[one.end : other.start] for one, other in pairwise(names)]
        is_list = [one.facet == other.facet for one, other in pairwise(names)]
        excluded: set[int] = set()
        for n, name in enumerate(names):
            follows = n - 1 in excluded and is_list[n - 1] and between[n - 1] in {"", *_CONNECTORS}
            if follows or _EXCLUDED_AFTER.search(self._folded[start : name.start]):
                excluded.add(n)
        for n, name in reversed(list(enumerate(names))):
            precedes = n + 1 in excluded and is_list[n] and between[n] in _CONNECTORS
            if precedes or _EXCLUDED_BEFORE.match(self._folded, name.end):
                excluded.add(n)
        return excluded

    def _is_understood(
        self,
        name: _Name,
        run: tuple[int, int],
        before: Sequence[_Name],
        sure: Sequence[_Name],
        *,
        is_alone: bool,
    ) -> bool:
        """Return whether the query has enough evidence for a name (`aliases.EVIDENCE`).

        `before`: the names before it in its run that are understood. `sure`: the names of the query that need no other
        evidence. `is_alone`: whether the run is all of the query.
        """
        is_run = (name.start, name.end) == run
        if name.evidence in {SURE, SHORT}:
            # In 振兴辽宁, 振兴 is read as a word, although it is also the name of a place. A short name that directly
            # follows such a word (辽宁) is read as a word, too.
            return name.evidence == SURE or not name.follows or (bool(before) and before[-1].end == name.start)
        if name.evidence == PHRASE:
            return bool(sure) or (is_run and not is_alone)
        if name.facet == "district":
            return any(
                self._contains(other, name) for other in (before[-1:] if name.follows else sure if is_run else ())
            )
        if name.facet == "agency":
            is_of_place = name.follows and bool(before) and before[-1].facet == "district"
            return is_of_place or (is_run and bool(sure))
        return bool(sure) and (is_run or (name.follows and name.end == run[1]))

    def _contains(self, outer: _Name, inner: _Name) -> bool:
        """Return whether a place contains another one."""
        return outer.facet == "district" and any(
            str(element) in path.split("/")[:-1]
            for value in inner.values
            for path in self._aliases.paths(str(value))
            for element in outer.values
        )

    def _find_rest(self, start: int, end: int, names: Sequence[_Name]) -> Iterator[tuple[int, int]]:
        """Yield the spans of a run between its names, without the words that are dropped beside a name."""
        if not names:
            yield start, end
            return
        edges = [start, *(edge for name in names for edge in (name.start, name.end)), end]
        for left, right in zip(edges[::2], edges[1::2], strict=True):
            first, last = self._trim(left, right, at_start=left > start, at_end=right < end)
            while left > start and first < last and self._text[first] in "-－":
                first += 1  # 东丽区-立案: after the space that takes the place of the name, - would exclude 立案
            if first < last:
                yield first, last

    def _trim(self, left: int, right: int, *, at_start: bool, at_end: bool) -> tuple[int, int]:
        """Return a span without the words at its ends that are dropped beside a name.

        `at_start`, `at_end`: whether a name is before the span, and whether one is after it.
        """
        if left == right:
            return left, right
        words = sorted(left + edge for edge in self._analyzer.word_edges(self._text[left:right]))
        spans = list(pairwise(words))
        while at_start and spans and self._folded[slice(*spans[0])] in _DROPPED:
            spans.pop(0)
        while at_end and spans and self._folded[slice(*spans[-1])] in _DROPPED:
            spans.pop()
        return (spans[0][0], spans[-1][1]) if spans else (right, right)


class _Composer:
    """Builds the query of the remaining words and of the filters."""

    def __init__(
        self,
        text: str,
        analyzer: Analyzer,
        parse_words: Callable[[str], Query],
        runs: Sequence[_Run],
        names: Sequence[_Name],
        year_facets: tuple[str, ...],
    ) -> None:
        """`parse_words` parses a query as words. `runs`: the runs with names. `names`: the names in all of them."""
        self._text, self._analyzer, self._parse = text, analyzer, parse_words
        self._runs, self._year_facets = runs, year_facets
        self._filters = {facet: self._build_filter(facet, names) for facet in dict.fromkeys(n.facet for n in names)}

    def compose(self, filters: tuple[UnderstoodFilter, ...]) -> Query:
        """Return the query. `filters` describes its filters."""
        rest = self._keep([span for run in self._runs for span in run.rest])
        required = tuple(self._filters.values())
        if not rest.strip():  # only names: all paragraphs under the filters match, those with the words come first
            words = self._parse(self._text)
            return replace(
                words,
                all=_or(_and(*required), words.all),
                any=_or(_and(*required), words.all),
                content=None,
                some=None,
                runs=(),
                clauses=(),
                first=words.all,
                understood=filters,
            )
        words = self._parse(rest)
        loosened: Query | None = None
        for facets in reversed(list(self._weaker_facets())):
            loosened = replace(self._require(words, facets, filters), loosened=loosened)
        query = self._require(words, tuple(self._filters), filters)
        return replace(query, loosened=loosened)

    def _require(self, words: Query, facets: Collection[str], filters: Sequence[UnderstoodFilter]) -> Query:
        """Return the query of the remaining words that requires the filters of some facets.

        The words of the other filters add to the score. If all filters are required, paragraphs that contain whole runs
        match, too (`_match_whole_runs`).
        """
        required = [item for facet, item in self._filters.items() if facet in facets]
        alternatives = tuple(self._match_whole_runs()) if len(required) == len(self._filters) else ()

        def narrow(node: Node | None) -> Node | None:
            """Return a form of the query under the filters."""
            return None if node is None else _or(_and(*required, node), *alternatives)

        boosts = [
            ScoringClause(fold(item.words), tuple(self._analyzer.query_terms(item.words)), _LOOSENED_WEIGHT)
            for item in filters
            if item.facet not in facets
        ]
        return replace(
            words,
            all=_or(_and(*required, words.all), *alternatives),
            any=_or(_and(*required, words.any), *alternatives),
            content=narrow(words.content),
            some=narrow(words.some),
            scoring=(*words.scoring, *boosts),
            understood=tuple(item._replace(strict=item.facet in facets) for item in filters),
        )

    def _weaker_facets(self) -> Iterator[tuple[str, ...]]:
        """Yield the facets that a loosened query requires: all but one, then none.

        The place is the last facet that is left out alone. With a single facet, only the empty tuple is yielded.
        """
        if len(self._filters) > 1:
            for facet in sorted(self._filters, key=_LOOSENED_FIRST.index):
                yield tuple(other for other in self._filters if other != facet)
        yield ()

    def _keep(self, spans: Iterable[tuple[int, int]]) -> str:
        """Return the query with spaces in the place of its runs with names, except for some spans."""
        characters = list(self._text)
        for run in self._runs:
            characters[run.start : run.end] = " " * (run.end - run.start)
        for start, end in spans:
            characters[start:end] = self._text[start:end]
        return "".join(characters)

    def _match_whole_runs(self) -> Iterator[Node]:
        """Yield the node of the paragraphs that contain each run of which a filter took a part, if there is one.

        Such a paragraph must pass the filters of the runs that are only names, and match all other words.
        """
        partial = [run for run in self._runs if run.rest]
        if partial:
            strings = [_whole_run(self._text[run.start : run.end]) for run in partial]
            facets = dict.fromkeys(name.facet for run in self._runs if not run.rest for name in run.names)
            others = self._keep([])
            words = [self._parse(others).all] if others.strip() else []
            yield _and(*(self._filters[facet] for facet in facets), *strings, *words)

    def _build_filter(self, facet: str, names: Sequence[_Name]) -> Node:
        """Return the node that requires one of the values of the names of a facet."""
        values = tuple(dict.fromkeys(value for name in names if name.facet == facet for value in name.values))
        if facet != "of_year":
            return Filter(facet, tuple(map(str, values)))
        ranges = tuple(_join_years(sorted(map(int, values))))
        return _or(*(Filter(name, ranges=ranges) for name in self._year_facets))


def _narrow_places(names: Sequence[_Name], aliases: Aliases) -> list[_Name]:
    """Restrict places to those inside another place of the query: 杭州 西湖区, 福建省鼓楼区.

    Of several places around a place, the innermost ones decide: 南京市 in 江苏省南京市鼓楼区. A place that contains
    another place of the query gets the values of the inner place. If it is directly before the inner place, both become
    one name.
    """
    places = [*{name.values: name for name in names if name.facet == "district"}.values()]
    narrowed: list[_Name] = []
    for name in names:
        values = name.values
        if name.facet == "district":
            inner = _find_inside(name, places, aliases)
            around = [other for other in places if _is_inside(inner, other, aliases)]
            if inner is not name:  # only this place, and places between it and the inner one, narrow the values
                around = [other for other in around if other.values == values or _is_inside(other, name, aliases)]
            innermost = [one for one in around if not any(_is_inside(other, one, aliases) for other in around)]
            outer = [value for place in innermost or around for value in place.values]
            values = _paths_inside(outer, inner, aliases) or values
        previous = narrowed[-1] if narrowed else None
        if previous and name.follows and previous.facet == name.facet == "district" and previous.values == values:
            narrowed[-1] = previous._replace(end=name.end)
        else:
            narrowed.append(name._replace(values=values))
    return narrowed


def _find_inside(name: _Name, places: Sequence[_Name], aliases: Aliases) -> _Name:
    """Return the innermost of the places that are inside a place, or the place itself if there is none."""
    for _ in places:  # Bounded, because places with the same names can contain each other.
        inner = next((other for other in places if _is_inside(other, name, aliases)), None)
        if inner is None:
            break
        name = inner
    return name


def _is_inside(inner: _Name, outer: _Name, aliases: Aliases) -> bool:
    """Return whether a place has a value inside another place."""
    return inner.values != outer.values and bool(_paths_inside(outer.values, inner, aliases))


def _paths_inside(outer: Iterable[str | int], inner: _Name, aliases: Aliases) -> tuple[str, ...]:
    """Return the values of `inner` that are inside one of the places `outer`.

    A value is returned as it is if all regions that end with it are inside. Otherwise the paths of those that are
    inside are returned.
    """
    values: list[str] = []
    elements = set(map(str, outer))
    for value in map(str, inner.values):
        paths = aliases.paths(value)
        inside = [path for path in paths if not elements.isdisjoint(path.split("/")[:-1])]
        values += [value] if inside == paths and paths else inside
    return tuple(values)


def _whole_run(run: str) -> Substring:
    """Return the node of the paragraphs that contain a run."""
    folded = fold(run)
    return Substring(folded, whole_numbers=folded[0].isdecimal() or folded[-1].isdecimal())


def _join_years(years: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the ranges of consecutive years."""
    first = 0
    for at in range(1, len(years) + 1):
        if at == len(years) or years[at] != years[at - 1] + 1:
            yield years[first], years[at - 1]
            first = at


def _and(*nodes: Node) -> Node:
    return _join(And, nodes)


def _or(*nodes: Node) -> Node:
    return _join(Or, nodes)


def _join(operator: type[And | Or], nodes: Sequence[Node]) -> Node:
    """Combine nodes. The children of nodes with the same operator become children of the result."""
    flat: list[Node] = []
    for node in nodes:
        flat.extend(node.children if isinstance(node, operator) else [node])
    return flat[0] if len(flat) == 1 else operator(tuple(flat))
