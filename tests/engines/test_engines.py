"""Every engine compared with a naive implementation, on random texts and query trees, and on real reports."""

from __future__ import annotations

import dataclasses
import math
import random
import re
import string
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from local_engines import LOCAL_ENGINES

from searchkit.corpus.nearduplicates import near_duplicate_keys
from searchkit.corpus.reading import ParsedDocument
from searchkit.engines.contract import Engine, MeasureRequest, Request
from searchkit.engines.opening import open_engine, open_writer
from searchkit.engines.ranking import RESCORE_DEPTH, Explanation
from searchkit.errors import IndexForeign
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, build, write_index
from searchkit.model import Cell, Document, ExtractedMeasure, Measure, Paragraph, Table, TableCell, reviewed_year
from searchkit.names import BUILT_IN_FACETS
from searchkit.query.facets import Facet, FacetCounts, Filter
from searchkit.query.parsing import parse
from searchkit.query.tree import And, Everything, Node, Not, Or, Prefix, Query, ScoringClause, Substring, Word
from searchkit.text.analyzer import Analyzer
from searchkit.text.folding import fold
from searchkit.text.numerals import find_numerals, format_plain

TOLERANCE = 1e-4
"""Maximum difference of two scores that count as equal: of an engine and of the naive implementation, for example."""

# Texts of paragraphs and of queries are made of few pieces, so that the texts often contain the searched strings. Some
# pieces contain others (3件 in 13件), and some are equal after folding (% and ％).
PIECES = [
    *"执法检查监督行政市长江大桥三十二百零件户元万％%0123１２，。、：. ",
    "执法",
    "检查",
    "行政执法",
    "3件",
    "13件",
    "十三件",
    "App",
    "ｐｍ2.5",
]
FACETS = (
    *("district", "district:1", "district:2", "year", "of_year"),
    *("agency", "topic", "section", "doctype", "document", "batch"),
)
REGIONS = ((), ("天津市",), ("天津市", "东丽区"), ("福建省", "福州市", "鼓楼区"), ("江苏省", "南京市", "鼓楼区"))
TOPICS = ("行政执法", "普法宣传", "队伍建设")
HEADINGS = ("执法检查", "行政", "监督3件", "长江")

few_examples = settings(max_examples=20)


def texts_from(pieces: Sequence[str], max_pieces: int = 8) -> st.SearchStrategy[str]:
    """Generate texts of 1 to `max_pieces` pieces."""
    return st.lists(st.sampled_from(pieces), min_size=1, max_size=max_pieces).map("".join)


RUNS = texts_from([piece for piece in PIECES if piece.strip(" ：") == piece], 4)
"""Runs of a query: texts without spaces and colons."""


# --- the naive implementation: the definitions of query.tree, query.facets and engines.ranking, paragraph by paragraph


@dataclass(frozen=True)
class NaiveEngine:
    """Answers by definition. The number `i` of a paragraph is its index in `paragraphs`."""

    paragraphs: Sequence[Paragraph]
    """All paragraphs, in corpus order."""
    analyzer: Analyzer
    measures: Sequence[Sequence[ExtractedMeasure]] = ()
    """Measures of each paragraph. Empty if no test looks up measures of these paragraphs."""

    @cached_property
    def terms(self) -> list[dict[str, list[str]]]:
        """The terms in each field of each paragraph."""
        return [
            {
                name: [token.term for text in self.texts_of(i, name) for token in self.analyzer.tokenize(text)]
                for name in ("passage", "text", "heading", "title")
            }
            for i in range(len(self.paragraphs))
        ]

    def texts_of(self, i: int, name: str) -> list[str]:
        """Return the texts of a field of a paragraph.

        The passage consists of the text and of the headings under which the paragraph is the first one. If it is the
        first paragraph of the document, the title belongs to its passage, too.
        """
        paragraph = self.paragraphs[i]
        title = [paragraph.title] if paragraph.title else []
        if name != "passage":
            return {"text": [paragraph.text], "heading": list(paragraph.path), "title": title}[name]
        if i == 0 or self.paragraphs[i - 1].document != paragraph.document:
            return [paragraph.text, *paragraph.path, *title]
        above = self.paragraphs[i - 1].path
        depths = range(len(paragraph.path))
        return [paragraph.text, *(paragraph.path[d] for d in depths if paragraph.path[: d + 1] != above[: d + 1])]

    def matches(self, node: Node) -> list[int]:
        """Return the paragraphs that match a tree."""
        return [i for i in range(len(self.paragraphs)) if self.is_match(node, i)]

    def is_match(self, node: Node, i: int, measure: ExtractedMeasure | None = None) -> bool:
        """Return whether a paragraph matches a tree or, if one of its measures is given, whether this measure does."""
        match node:
            case Everything():
                is_match = True
            case Word():
                is_match = node.term in self.terms[i][node.field]
            case Prefix():
                is_match = any(map(node.admits, self.terms[i][node.field]))
            case Substring():
                texts = map(fold, self.texts_of(i, node.field))
                is_match = any(contains(text, node.text, whole_numbers=node.whole_numbers) for text in texts)
            case Filter():
                paragraph = self.paragraphs[i]
                is_match = admits_measure(node, measure, paragraph) if measure else admits(node, paragraph)
            case Not():
                is_match = not self.is_match(node.child, i, measure)
            case And():
                is_match = all(self.is_match(child, i, measure) for child in node.children)
            case Or():
                is_match = any(self.is_match(child, i, measure) for child in node.children)
        return is_match

    def word_scores(self, clauses: Sequence[ScoringClause]) -> list[float]:
        """Return the score by words of each paragraph: step one of ranking."""
        return bm25(self.frequencies[0], query_weights(clauses)[0])

    def scores(self, clauses: Sequence[ScoringClause], complete: Node | None = None) -> list[float]:
        """Return the score by words, bigrams and characters of each paragraph, a tenth more if it matches `complete`.

        An engine gives these scores to the hits that step two of ranking (rescoring) scores: the best `RESCORE_DEPTH`.
        """
        words, bigrams, characters = query_weights(clauses)
        titles = [Counter(grams(fold(paragraph.title or ""), 2)) for paragraph in self.paragraphs]
        parts = (
            bm25(self.frequencies[0], words),
            bm25(self.frequencies[1], bigrams, titles),
            bm25(self.frequencies[2], characters),
        )
        is_complete = set() if complete is None else set(self.matches(complete))
        return [sum(scores) * (1.1 if i in is_complete else 1) for i, scores in enumerate(zip(*parts, strict=True))]

    @cached_property
    def frequencies(self) -> tuple[list[Counter[str]], ...]:
        """Frequencies of words in text, headings (twice) and title, and of bigrams and characters in the text."""
        words = [Counter(t["text"] + 2 * t["heading"] + t["title"]) for t in self.terms]
        texts = [fold(paragraph.text) for paragraph in self.paragraphs]
        return words, [Counter(grams(text, 2)) for text in texts], [Counter(grams(text, 1)) for text in texts]


def query_weights(clauses: Sequence[ScoringClause]) -> tuple[Counter[str], ...]:
    """Return the weights of words, bigrams and characters of a query.

    Each occurrence in a clause adds the weight of the clause, times the factor of the word or character. A bigram has
    the lower of the factors of its two characters.
    """
    words, bigrams, characters = Counter[str](), Counter[str](), Counter[str]()
    for clause in clauses:
        for term, factor in zip(clause.terms, clause.term_factors or [1.0] * len(clause.terms), strict=True):
            words[term] += clause.weight * factor  # type: ignore[assignment]
        weighted = list(zip(clause.text, clause.character_factors or [1.0] * len(clause.text), strict=True))
        for character, factor in weighted:
            if character.isalnum():
                characters[character] += clause.weight * factor  # type: ignore[assignment]
        for (first, factor), (second, other) in pairwise(weighted):
            if first.isalnum() and second.isalnum():
                bigrams[first + second] += clause.weight * min(factor, other)  # type: ignore[assignment]
    return words, bigrams, characters


def contains(text: str, string: str, *, whole_numbers: bool = False) -> bool:
    """Return whether a text contains a string; with `whole_numbers`, not only as a part of a longer number."""
    starts = [i for i in range(len(text)) if text.startswith(string, i)]
    return any(not (whole_numbers and is_in_number(text, i, i + len(string))) for i in starts)


def is_in_number(text: str, start: int, end: int) -> bool:
    """Return whether a number at an edge of text[start:end] continues outside."""
    han = "零〇一二三四五六七八九十百千万亿两点"
    before, after = text[:start][-2:], text[end : end + 2]
    first, last = text[start], text[end - 1]
    # An Arabic number continues before the span if there is a digit, or a digit and then a point or comma (1. before 5
    # in 1.5). It continues after the span if there is a digit, or a point or comma and then a digit.
    if first.isdecimal() and re.search(r"[0-9][.,]?$", before):
        return True
    if last.isdecimal() and re.match(r"[.,]?[0-9]", after):
        return True
    if first in han and before and before[-1] in han + "0123456789":
        return True
    return last in han and bool(after) and after[0] in han


def values_of(paragraph: Paragraph, facet: str) -> list[str]:
    """Return the values of a facet of a paragraph."""
    name, _, depth = facet.partition(":")
    if name == "district":
        region = paragraph.region
        return [] if not region else ["/".join(region[: int(depth)])] if depth else [region[-1]]
    if name == "topic":
        return list(paragraph.topics)
    if name == "of_year":
        return list(map(str, paragraph.of_year))
    value = getattr(paragraph, name) if name in BUILT_IN_FACETS else paragraph.facets.get(name)
    return [] if value is None else [str(value)]


def admits(item: Filter, paragraph: Paragraph) -> bool:
    """Return whether a filter admits a paragraph."""
    if item.name == "district":
        levels = range(len(paragraph.region))
        paths = {"/".join(paragraph.region[i : j + 1]) for i in levels for j in levels if i <= j}
        return not paths.isdisjoint(item.values)
    values = values_of(paragraph, item.name)
    within = any(low <= int(value) <= high for low, high in item.ranges for value in values)
    return within or not set(values).isdisjoint(item.values)


def admits_measure(item: Filter, measure: ExtractedMeasure, paragraph: Paragraph) -> bool:
    """Return whether a filter admits a measure.

    A filter by of_year goes by the year of the measure, or of its report if the measure has none. Any other filter goes
    by the paragraph of the measure.
    """
    if item.name != "of_year":
        return admits(item, paragraph)
    year = paragraph.year if measure.of_year is None else measure.of_year
    within = any(year is not None and low <= year <= high for low, high in item.ranges)
    return within or str(year) in item.values


def recount(facet: str, paragraphs: Sequence[Paragraph]) -> tuple[list[tuple[str, int]], int]:
    """Return the values of a facet with their counts, and the number of paragraphs without a value.

    The values are ordered by descending count, then by value.
    """
    counts = Counter(value for paragraph in paragraphs for value in values_of(paragraph, facet))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0])), sum(
        not values_of(p, facet) for p in paragraphs
    )


def grams(folded: str, size: int) -> list[str]:
    """Return the n-grams of `size` letters, digits or ideographs."""
    return [text for i in range(len(folded) - size + 1) if (text := folded[i : i + size]).isalnum()]


def bm25(
    frequencies: Sequence[Counter[str]], query: Counter[str], further: Sequence[Counter[str]] | None = None
) -> list[float]:
    """Return the BM25 score of each text: k1 = 1.2, b = 0.75, idf = ln(1 + (N - df + 0.5) / (df + 0.5)).

    `frequencies`: frequencies of the terms of each text. `query`: weights by term. `further`: for each text,
    frequencies that are added to tf, but count neither for the length nor for df.
    """
    lengths = [tf.total() for tf in frequencies]
    average = sum(lengths) / len(frequencies) or 1
    scores = [0.0] * len(frequencies)
    for term, weight in query.items():
        df = sum(term in tf for tf in frequencies)
        idf = math.log(1 + (len(frequencies) - df + 0.5) / (df + 0.5))
        for i, counts in enumerate(frequencies):
            tf = counts[term] + (further[i][term] if further else 0)
            scores[i] += weight * idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * lengths[i] / average))
    return scores


# --- generators of documents, queries, trees and filters


def seeded(seed: int) -> random.Random:
    """Return a seeded random generator."""
    return random.Random(seed)  # noqa: S311 - no secret


def random_documents(rng: random.Random, documents: int, paragraphs: int) -> list[ParsedDocument]:
    """Return random documents. Their texts share many pieces, and many documents lack a facet.

    `documents`: number of documents. `paragraphs`: average number of paragraphs of a document.
    """
    generated = []
    for d in range(documents):
        name = f"{d:03}.txt"
        common: dict[str, Any] = {
            "title": rng.choice([None, "行政执法报告", "检查3件"]),
            "year": rng.choice([None, 2021, 2022, 2023]),
            "agency": rng.choice([None, "司法局", "人民政府"]),
            "region": rng.choice(REGIONS),
            "doctype": rng.choice([None, "年度报告"]),
            "facets": rng.choice([{}, {"batch": "一"}, {"batch": "二"}]),
        }
        count = rng.randint(1, 2 * paragraphs - 1)
        content = tuple(random_paragraph(rng, name, n + 1, common) for n in range(count))
        measures = [random_measures(rng, len(paragraph.text)) for paragraph in content]
        tables = tuple(random_tables(rng, name, count))
        for table in tables:
            for n in table.paragraphs:
                measures[n - 1] = [replace(item, cell=random_cell(rng, table.table)) for item in measures[n - 1]]
        document = Document(name, **common, measures=sum(map(len, measures)))
        generated.append(ParsedDocument(document, content, measures=measures, tables=tables))
    return generated


def random_tables(rng: random.Random, document: str, paragraphs: int) -> Iterator[Table]:
    """Yield up to two tables, whose rows are paragraphs of the document.

    `paragraphs`: number of paragraphs of the document.
    """
    first = rng.randint(1, 4)
    for number in (1, 2):
        count = rng.randint(1, 3)
        if first + count > paragraphs:
            return
        header = rng.choice([(), ((Cell("街道"), Cell("收件", col_span=2)),)])
        rows = tuple(tuple(Cell(rng.choice(PIECES), rng.randint(1, 2)) for _ in range(3)) for _ in range(count))
        caption = rng.choice([None, "表1", "\u2028"])
        yield Table(document, number, caption, header, rows, rng.randint(0, 1), first)
        first += count + rng.randint(0, 2)


def random_cell(rng: random.Random, table: int) -> TableCell:
    """Return a random position in the table with the number `table`, for a measure."""
    headers = [tuple(rng.sample(HEADINGS, rng.randint(0, 2))) for _ in range(2)]
    return TableCell(table, *headers, total=rng.random() < 0.2)


def random_measures(rng: random.Random, length: int) -> list[ExtractedMeasure]:
    """Return up to five random measures of a text with `length` code points."""
    starts = sorted(rng.sample(range(length), min(length, rng.choice([0, 0, 1, 2, 5]))))
    measures = []
    for start in starts:
        value = rng.choice([0, 3, 13, 129, 0.1, 93.7182, -1.5, 10**12, 2**53, 1e300, 5e-324, rng.random()])
        scale, unit = rng.choice([("", None), ("", "件"), ("万", "元"), ("", "元"), ("", "%")])
        base_value = value * 10_000 if scale else value
        measures.append(
            ExtractedMeasure(
                indicator=rng.choice([*HEADINGS, "立案 食品", "\u2028", ""]),
                value=int(value) if value == int(value) else value,
                unit=unit and scale + unit,
                base_value=int(float(base_value)) if base_value == int(base_value) else base_value,
                base_unit=unit,
                bound=rng.choice(["exact", "approx", "at_least", "at_most"]),
                kind=rng.choice(["count", "money", "percent", "duration", "other"]),
                change=rng.choice([None, None, "increase", "decrease"]),
                period=rng.choice([None, None, "近三年", "上半年"]),
                of_year=rng.choice([None, 2021, 2022, 2024]),
                since=rng.choice([None, None, 2019]),
                part=rng.choice([None, None, "01-06", "11"]),
                stock=rng.random() < 0.2,
                status=rng.choice(["actual", "actual", "target", "rule", "before"]),
                zero=rng.random() < 0.1,
                start=start,
                end=rng.randint(start + 1, length),
                part_of=rng.choice([None, None, *(other for other in starts if other != start)]),
            )
        )
    return measures


def random_paragraph(rng: random.Random, document: str, n: int, common: dict[str, Any]) -> Paragraph:
    """Return a paragraph of random pieces."""
    return Paragraph(
        f"{document}#{n}",
        document,
        n,
        "".join(rng.choices(PIECES, k=rng.randint(1, 16))),
        path=tuple(rng.sample(HEADINGS, rng.randint(0, 2))),
        section=rng.choice(["成效", "问题", "其他"]),
        topics=tuple(rng.sample(TOPICS, rng.randint(0, 2))),
        of_year=tuple(sorted(rng.sample(range(2020, 2025), rng.choice([0, 1, 1, 3])))),
        **common,
    )


class IndexedCorpus:
    """An index, and the naive implementation for the same paragraphs."""

    def __init__(self, index: Index, naive: NaiveEngine) -> None:
        self.index, self.naive = index, naive

    def __repr__(self) -> str:
        return f"<{len(self.naive.paragraphs)} paragraphs>"

    @property
    def engine(self) -> Engine:
        """The engine of the index, for requests that no query text produces."""
        return self.index._snapshot._engine

    def parse(self, query: str) -> Query:
        """Parse a query text as the index does."""
        return parse(query, self.index.analyzer, self.index.facet_names)

    def ids(self, indices: Sequence[int]) -> list[str]:
        """Return the ids of the paragraphs with the given indices, in corpus order."""
        return [self.naive.paragraphs[i].id for i in sorted(indices)]

    def search_ids(self, query: str, match: str = "all") -> list[str]:
        """Return the ids of all hits of a query, in corpus order."""
        return sorted_ids(self.index.search(query, match=match, limit=None).hits)


def sorted_ids(hits: Sequence[object]) -> list[str]:
    """Return the ids of hits in corpus order: by document, then by number."""
    paragraphs = [hit.paragraph for hit in hits]  # type: ignore[attr-defined]
    return [paragraph.id for paragraph in sorted(paragraphs, key=lambda p: (p.document, p.n))]


def index_corpus(documents: Sequence[ParsedDocument], index_of: Callable[..., Index]) -> IndexedCorpus:
    """Index documents, and return the index with the naive implementation."""
    index = index_of(documents)
    paragraphs = [paragraph for document in documents for paragraph in document.paragraphs]
    measures = [measures for document in documents for measures in document.measures or ()]
    return IndexedCorpus(index, NaiveEngine(paragraphs, index.analyzer, measures))


@pytest.fixture(scope="session")
def indexed(index_of: Callable[..., Index]) -> IndexedCorpus:
    """Random documents that have more paragraphs than step two of ranking scores (`RESCORE_DEPTH`)."""
    return index_corpus(random_documents(seeded(20), 80, 6), index_of)


ATOMS = st.one_of(
    RUNS,
    RUNS.map('"{}"'.format),
    st.sampled_from(
        [
            "year:2022",
            "year:[2021 TO 2022]",
            "of_year:2022..",
            "topic:行政执法",
            "district:鼓楼区",
            "batch:一",
            "*",
            "pm*",
            "ap*",
        ]
    ),
    st.builds("{}:{}".format, st.sampled_from(["title", "heading"]), RUNS),
)
QUERIES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("{} {}".format, inner, inner),
        st.builds("{} OR {}".format, inner, inner),
        st.builds("{}|{}".format, inner, inner),
        st.builds("{} -{}".format, inner, inner),
        inner.map("NOT ({})".format),
        inner.map("({})".format),
        inner.map("{}^2".format),
    ),
    max_leaves=5,
)
RUN_QUERIES = st.lists(RUNS, min_size=1, max_size=4).map(" ".join)
"""Queries without operators."""
FILTERS = st.one_of(
    st.builds(
        Filter,
        st.just("district"),
        st.lists(
            st.sampled_from(["天津市", "东丽区", "鼓楼区", "江苏省/南京市", "福建省/福州市/鼓楼区"]), min_size=1
        ).map(tuple),
    ),
    st.builds(Filter, st.just("of_year"), st.sampled_from([("2022",), ("2020", "2021"), ("1999",)])),
    st.builds(
        Filter,
        st.sampled_from(["year", "of_year"]),
        ranges=st.sampled_from([((2022, 2022),), ((0, 2021),), ((2021, 2021), (2023, 9999))]),
    ),
    st.builds(Filter, st.just("topic"), st.lists(st.sampled_from(TOPICS), min_size=1).map(tuple)),
    st.builds(Filter, st.sampled_from(["agency", "batch", "section"]), st.just(("司法局", "一", "成效"))),
)
FIELDS = st.sampled_from(["passage", "passage", "text", "heading", "title"])
FOLDED = texts_from([fold(piece) for piece in PIECES], 3)
TREES = st.recursive(
    st.one_of(
        st.just(Everything()),
        st.builds(Word, st.sampled_from(["执法", "检查", "市长", "3件", "13", "三", "app", "nowhere"]), FIELDS),
        st.builds(Substring, FOLDED, FIELDS, st.booleans()),
        st.builds(Prefix, st.sampled_from(["a", "app", "pm", "1", "执", "x"]), FIELDS),
        st.builds(Prefix, st.just("执"), FIELDS, st.sampled_from(["执", "执法", "执行"])),
        FILTERS,
    ),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=1, max_size=3).map(tuple).map(And),
        st.lists(inner, min_size=1, max_size=3).map(tuple).map(Or),
    ),
    max_leaves=6,
)


# --- matching


@few_examples
@given(quoted=texts_from([piece for piece in PIECES if '"' not in piece], 4))
def test_quoted_strings_match_like_a_scan(indexed: IndexedCorpus, quoted: str) -> None:
    """A quoted string, also with punctuation, matches exactly the paragraphs whose passage contains it.

    With `text:`, it matches exactly the paragraphs whose text contains it.
    """
    naive = indexed.naive
    for query, field in ((f'"{quoted}"', "passage"), (f'text:"{quoted}"', "text")):
        passages = [naive.texts_of(i, field) for i in range(len(naive.paragraphs))]
        expected = [i for i, texts in enumerate(passages) if any(fold(quoted) in fold(text) for text in texts)]
        assert indexed.search_ids(query) == indexed.ids(expected)


@few_examples
@given(run=RUNS)
def test_bare_runs_are_found_as_substrings(indexed: IndexedCorpus, run: str) -> None:
    """A bare run matches every paragraph whose text contains it, however the text is segmented.

    This is not required of paragraphs in which the run occurs only as a part of a longer number (3件 in 13件).
    """
    texts = [fold(paragraph.text) for paragraph in indexed.naive.paragraphs]
    expected = {i for i, text in enumerate(texts) if contains(text, fold(run), whole_numbers=True)}
    assert set(indexed.search_ids(run)) >= set(indexed.ids(sorted(expected)))


@settings(few_examples, max_examples=50)
@given(query=QUERIES, match=st.sampled_from(["all", "any"]))
@example("pm*", "all")
def test_queries_match_like_their_trees(indexed: IndexedCorpus, query: str, match: str) -> None:
    """The hits of a query are the paragraphs that match its tree, evaluated paragraph by paragraph.

    `understood` is the text of the tree, and `total` is the number of hits.
    """
    tree: Node = getattr(indexed.parse(query), match)
    results = indexed.index.search(query, match=match, limit=None)
    assert results.understood == str(tree)
    assert sorted_ids(results.hits) == indexed.ids(indexed.naive.matches(tree))
    assert results.total == len(results.hits)


@settings(few_examples, max_examples=60)
@given(tree=TREES)
@example(tree=Prefix("执", last="执"))
@example(tree=Prefix("1", last="12"))
def test_any_tree_is_matched(indexed: IndexedCorpus, tree: Node) -> None:
    """An engine matches any query tree, also trees that no query text produces."""
    response = indexed.engine.search(Request(tree, limit=None))
    assert sorted_ids(response.hits) == indexed.ids(indexed.naive.matches(tree))


# --- facets


@settings(few_examples, max_examples=40)
@given(
    tree=TREES,
    population=st.one_of(st.just(Everything()), TREES),
    filters=st.lists(FILTERS, max_size=3),
    max_values=st.sampled_from([None, 1, 2, 100]),
)
@example(Word("执法"), Everything(), [], None)
@example(Everything(), Word("执法"), [], 2)
def test_facet_counts_equal_a_recount(
    indexed: IndexedCorpus, tree: Node, population: Node, filters: list[Filter], max_values: int | None
) -> None:
    """Facet counts equal a recount of the matches that pass all filters except those by the facet itself.

    The numbers of documents equal a recount, too: `documents` counts those of the matches, `all_documents` those of the
    matches and of the paragraphs that match the query tree `population`.
    """
    facets = tuple(map(Facet.parse, FACETS))
    request = Request(
        tree, filters=tuple(filters), facets=facets, max_values=max_values, limit=0, population=population
    )
    response = indexed.engine.search(request)
    paragraphs = [indexed.naive.paragraphs[i] for i in indexed.naive.matches(tree)]
    everything = [
        indexed.naive.paragraphs[i] for i in {*indexed.naive.matches(population), *indexed.naive.matches(tree)}
    ]
    assert response.total == sum(all(admits(item, p) for item in filters) for p in paragraphs)
    for facet in FACETS:
        name = facet.partition(":")[0]
        others = [item for item in filters if item.name != name]
        values, missing = recount(facet, [p for p in paragraphs if all(admits(item, p) for item in others)])
        check_counts(response.facets[facet], values, missing, max_values, selected_in(filters, name))
        documents, all_documents = (
            document_counts(facet, [p for p in group if all(admits(item, p) for item in others)])
            for group in (paragraphs, everything)
        )
        for item in response.facets[facet].values:
            value = str(item.value)
            assert (item.documents, item.all_documents) == (documents[value], all_documents[value])


def document_counts(facet: str, paragraphs: Sequence[Paragraph]) -> Counter[str]:
    """Return the number of documents of the paragraphs with each value of a facet."""
    return Counter(value for value, _ in {(value, p.document) for p in paragraphs for value in values_of(p, facet)})


def selected_in(filters: Sequence[Filter], name: str) -> Callable[[str], bool]:
    """Return a function that returns whether the filters select a value of a facet."""
    facet_filters = [item for item in filters if item.name == name]
    return lambda value: any(
        value in item.values or any(low <= int(value) <= high for low, high in item.ranges) for item in facet_filters
    )


def check_counts(
    counts: FacetCounts,
    values: list[tuple[str, int]],
    missing: int,
    max_values: int | None,
    selected: Callable[[str], bool],
) -> None:
    """Compare the counts of an engine with a recount: `values` and `missing`, as `recount` returns them.

    The engine lists the first `max_values` of the values and the selected ones; years in ascending order.
    """
    listed = [
        (value, n) for i, (value, n) in enumerate(values) if max_values is None or i < max_values or selected(value)
    ]
    if any(isinstance(item.value, int) for item in counts.values):
        listed.sort()
    assert [(str(item.value), item.count) for item in counts.values] == listed
    assert [item.selected for item in counts.values] == [selected(value) for value, _ in listed]
    assert counts.missing == missing
    assert counts.other == sum(n for _, n in values) - sum(n for _, n in listed)


# --- order, scores, pages


@settings(few_examples, max_examples=16)
@given(query=QUERIES, size=st.integers(1, 120), sort=st.sampled_from(["score", "year", "-document", "topic"]))
@example("执法|检查|行政|件", 70, "score")
def test_consecutive_pages_are_the_complete_list(indexed: IndexedCorpus, query: str, size: int, sort: str) -> None:
    """Consecutive pages make up the complete list of hits. Every page states the total of the complete list."""
    complete = indexed.index.search(query, match="any", limit=None, sort=sort)
    size = max(size, complete.total // 5)  # few pages, because an engine may be slow
    paged = []
    for offset in range(0, complete.total + size, size):
        page = indexed.index.search(query, match="any", limit=size, offset=offset, sort=sort)
        assert page.total == complete.total
        paged += [hit.id for hit in page.hits]
    assert paged == [hit.id for hit in complete.hits]
    assert len(set(paged)) == complete.total


@settings(few_examples, max_examples=25)
@given(query=QUERIES)
@example("执法|检查|行政|件")
def test_hits_are_ordered_by_score(indexed: IndexedCorpus, query: str) -> None:
    """Scores descend within the hits that step two of ranking scores, and within the others. Ties are in corpus order.

    The hits of step two come first. The others have no score by bigrams or characters, and no higher score by words
    than a hit of step two.
    """
    hits = indexed.index.search(query, match="any", limit=None, explain=True).hits
    best, rest = hits[:RESCORE_DEPTH], hits[RESCORE_DEPTH:]
    for part in (best, rest):
        sort_keys = [(-hit.score, hit.paragraph.document, hit.paragraph.n) for hit in part]
        assert sort_keys == sorted(sort_keys)
    assert all(not hit.explanation.bigrams and not hit.explanation.characters for hit in rest if hit.explanation)
    words = [sum(hit.explanation.words.values()) for hit in hits if hit.explanation]
    assert min(words[:RESCORE_DEPTH], default=0) >= max(words[RESCORE_DEPTH:], default=0) - TOLERANCE


def test_more_paragraphs_match_than_are_rescored(indexed: IndexedCorpus) -> None:
    """The corpus is large enough for the tests of hits that step two of ranking does not score."""
    assert RESCORE_DEPTH == 200
    assert indexed.index.search("执法|检查|行政|件", match="any").total > RESCORE_DEPTH


@settings(few_examples, max_examples=25)
@given(query=QUERIES)
def test_scores_are_those_of_the_formulas(indexed: IndexedCorpus, query: str) -> None:
    """A score is the sum of its explained parts. If step two scores all hits, the scores equal the naive ones."""
    hits = indexed.index.search(query, match="all", limit=None, explain=True).hits
    for hit in hits:
        assert hit.explanation is not None
        words, *others = (getattr(hit.explanation, field.name) for field in dataclasses.fields(Explanation))
        assert hit.score == pytest.approx(sum([*words.values(), *others]), abs=TOLERANCE)
    parsed = indexed.parse(query)
    scores = indexed.naive.scores(parsed.scoring, Everything() if parsed.has_several_words else None)
    expected = {paragraph.id: score for paragraph, score in zip(indexed.naive.paragraphs, scores, strict=True)}
    if len(hits) <= RESCORE_DEPTH:
        assert {hit.id: hit.score for hit in hits} == pytest.approx(
            {hit.id: expected[hit.id] for hit in hits}, abs=TOLERANCE
        )


@settings(few_examples, max_examples=14)
@given(query=RUN_QUERIES, item=st.one_of(st.none(), FILTERS))
@example("执法 检查 行政 件", None)
@example("执法 长江大桥", None)
def test_further_hits_are_ranked_with_the_others(indexed: IndexedCorpus, query: str, item: Filter | None) -> None:
    """With `beyond`, the hits include paragraphs that match only the relaxed form of the query (`Query.any`).

    They are not in the total. If no paragraph matches the strict form (`Query.all`), there are no hits. Among the hits
    that step two of ranking scores, those that match `complete` score a tenth more. A page is a part of the complete
    list.
    """
    parsed, filters = indexed.parse(query), (item,) if item else ()
    matches, further = (
        [i for i in indexed.naive.matches(tree) if not item or admits(item, indexed.naive.paragraphs[i])]
        for tree in (parsed.all, parsed.any)
    )
    further = sorted(set(further) - set(matches)) if matches else []
    complete = parsed.complete if parsed.runs else parsed.all
    request = Request(parsed.all, parsed.scoring, filters, limit=None, beyond=parsed.any, complete=complete)
    response = indexed.engine.search(request)
    assert (response.total, response.total_any) == (len(matches), len(matches) + len(further) if matches else None)
    assert sorted_ids([hit for hit in response.hits if not hit.is_beyond]) == indexed.ids(matches)
    assert sorted_ids([hit for hit in response.hits if hit.is_beyond]) == indexed.ids(further)
    for part in (response.hits[:RESCORE_DEPTH], response.hits[RESCORE_DEPTH:]):
        sort_keys = [(-hit.score, hit.paragraph.document, hit.paragraph.n) for hit in part]
        assert sort_keys == sorted(sort_keys)
    scores = indexed.naive.scores(parsed.scoring, complete)
    expected = {indexed.naive.paragraphs[i].id: scores[i] for i in (*matches, *further)}
    actual = {hit.paragraph.id: hit.score for hit in response.hits[:RESCORE_DEPTH]}
    assert actual == pytest.approx({name: expected[name] for name in actual}, abs=TOLERANCE)
    for start in (0, 7, 196):
        page = indexed.engine.search(replace(request, limit=7, offset=start)).hits
        assert page == response.hits[start : start + 7]


@settings(few_examples, max_examples=14)
@given(query=RUN_QUERIES, is_grouped=st.booleans())
@example(query="执法", is_grouped=False)
@example(query="执法检查", is_grouped=True)
def test_first_hits_come_before_all_others(indexed: IndexedCorpus, query: str, *, is_grouped: bool) -> None:
    """The hits that match `first` come first, by their scores. The others follow in corpus order with the score 0.

    A page is a part of the complete list.
    """
    parsed = indexed.parse(query)
    first = set(indexed.ids(indexed.naive.matches(parsed.all)))
    request = Request(Everything(), parsed.scoring, limit=None, first=parsed.all, by_document=is_grouped)
    hits = indexed.engine.search(request).hits
    is_first = [hit.paragraph.id in first for hit in hits]
    assert is_first == sorted(is_first, reverse=True)
    alone = indexed.engine.search(replace(request, match=parsed.all, first=None)).hits
    others = hits[len(alone) :]
    assert [(hit.paragraph, hit.score) for hit in hits[: len(alone)]] == [(hit.paragraph, hit.score) for hit in alone]
    places = [(hit.paragraph.document, hit.paragraph.n) for hit in others]
    assert places == sorted(places)
    assert {hit.score for hit in others} <= {0.0}
    for start in (0, 7, 196):
        page = indexed.engine.search(replace(request, limit=7, offset=start)).hits
        assert page == hits[start : start + 7]


@settings(few_examples, max_examples=14)
@given(query=RUN_QUERIES)
@example("执法 检查")
@example("执法检查 长江")
@example("执 执查执")
@example("执 执执法")
def test_hits_say_which_words_they_lack(indexed: IndexedCorpus, query: str) -> None:
    """By default (`match="auto"`), exactly the hits that are not in the total say which words they lack.

    If the search is relaxed, each hit of a query of several words lacks at least one.
    """
    results = indexed.index.search(query, limit=None)
    counted = indexed.index.search(query, limit=None, beyond=False)
    assert (results.total, results.relaxed, results.understood) == (counted.total, counted.relaxed, counted.understood)
    assert (counted.total_any, len(counted.hits)) == (None, counted.total)
    assert len(results.hits) == (results.total if results.total_any is None else results.total_any)
    if results.relaxed:
        assert all(hit.lacks for hit in results.hits) or not indexed.parse(query).has_several_words
    else:
        assert sorted_ids([hit for hit in results.hits if not hit.lacks]) == sorted_ids(counted.hits)


def test_small_scores_are_ranked(index_of: Callable[..., Index]) -> None:
    """Scores of a ten-millionth are ranked as larger ones are: the shorter a paragraph, the higher its score."""
    count = RESCORE_DEPTH + 50
    paragraphs = [Paragraph(f"a.txt#{n}", "a.txt", n, "建设" + " 路" * (count - n)) for n in range(1, count + 1)]
    indexed = index_corpus([ParsedDocument(Document("a.txt"), tuple(paragraphs))], index_of)
    request = Request(Word("建设"), (ScoringClause("建设", ("建设",), 1e-6),), limit=RESCORE_DEPTH)
    hits = indexed.engine.search(request).hits
    assert {hit.paragraph.n for hit in hits} == set(range(count - RESCORE_DEPTH + 1, count + 1))


def test_scores_of_frequent_repetitions(index_of: Callable[..., Index]) -> None:
    """Every occurrence of a word counts, however frequent it is in a paragraph."""
    paragraphs = [
        Paragraph(f"a.txt#{n}", "a.txt", n, "执法，" * times) for n, times in enumerate((1, 255, 256, 300, 5000), 1)
    ]
    indexed = index_corpus([ParsedDocument(Document("a.txt"), tuple(paragraphs))], index_of)
    scores = indexed.naive.scores(indexed.parse("执法").scoring)
    hits = indexed.index.search("执法", limit=None).hits
    expected = {paragraph.id: score for paragraph, score in zip(paragraphs, scores, strict=True)}
    assert {hit.id: hit.score for hit in hits} == pytest.approx(expected, abs=TOLERANCE)


@few_examples
@given(query=QUERIES, item=FILTERS)
def test_filters_do_not_change_scores(indexed: IndexedCorpus, query: str, item: Filter) -> None:
    """A paragraph has the same score with and without a filter, if step two of ranking scores it in both cases."""
    parsed = indexed.parse(query)
    request = Request(parsed.all, parsed.scoring, limit=RESCORE_DEPTH)
    unfiltered = {hit.paragraph.id: hit.score for hit in indexed.engine.search(request).hits}
    filtered = indexed.engine.search(replace(request, filters=(item,))).hits
    assert {hit.paragraph.id: hit.score for hit in filtered if hit.paragraph.id in unfiltered} == pytest.approx(
        {hit.paragraph.id: unfiltered[hit.paragraph.id] for hit in filtered if hit.paragraph.id in unfiltered},
        abs=TOLERANCE,
    )
    assert all(admits(item, hit.paragraph) for hit in filtered)


@few_examples
@given(query=QUERIES, sort=st.sampled_from(["year", "-of_year", "district", "-section", "batch", "-topic", "document"]))
def test_hits_are_sorted_by_a_facet(indexed: IndexedCorpus, query: str, sort: str) -> None:
    """Hits are sorted by their first value, those without a value last. Ties are ordered by score."""
    by_score = [hit.id for hit in indexed.index.search(query, match="any", limit=None).hits]
    hits = indexed.index.search(query, match="any", limit=None, sort=sort).hits
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    runs = [
        (value, [*run]) for value, run in groupby(hits, lambda hit: next(iter(values_of(hit.paragraph, name)), None))
    ]
    values = [value for value, _ in runs if value is not None]
    assert values == sorted(set(values), reverse=descending)
    assert None not in [value for value, _ in runs[:-1]]
    for _, run in runs:
        ranks = [by_score.index(hit.id) for hit in run]
        assert ranks == sorted(ranks)


@few_examples
@given(query=QUERIES, keys=st.permutations(["year", "-section", "topic", "score", "-batch"]), size=st.integers(2, 4))
def test_hits_are_sorted_by_several_keys(indexed: IndexedCorpus, query: str, keys: list[str], size: int) -> None:
    """Ties of a key are ordered by the next key. In the key score, the hits that are rescored precede all others."""
    by_score = indexed.index.search(query, match="any", limit=None).hits
    steps: dict[str, int] = {}
    """For each hit, the position of the first hit of its tie by score. A rescored hit and another one never tie."""
    for n, hit in enumerate(by_score):
        is_tie = n not in {0, RESCORE_DEPTH} and hit.score == by_score[n - 1].score
        steps[hit.id] = steps[by_score[n - 1].id] if is_tie else n
    expected = [*by_score]
    for key in reversed(keys[:size]):
        name, descending = key.removeprefix("-"), key.startswith("-")
        if key == "score":
            expected.sort(key=lambda hit: steps[hit.id])
            continue
        first = {hit.id: next(iter(values_of(hit.paragraph, name)), None) for hit in expected}
        having = [hit for hit in expected if first[hit.id] is not None]
        having.sort(key=lambda hit: str(first[hit.id]), reverse=descending)
        expected = [*having, *(hit for hit in expected if first[hit.id] is None)]
    hits = indexed.index.search(query, match="any", limit=None, sort=",".join(keys[:size])).hits
    assert [hit.id for hit in hits] == [hit.id for hit in expected]


@settings(few_examples, max_examples=25)
@given(tree=TREES, without=TREES, item=st.one_of(st.none(), FILTERS), by_document=st.booleans())
@example(tree=Everything(), without=Word("执法"), item=None, by_document=True)
def test_paragraphs_or_documents_are_left_out(
    indexed: IndexedCorpus,
    tree: Node,
    without: Node,
    item: Filter | None,
    by_document: bool,  # noqa: FBT001
) -> None:
    """`without` leaves out the paragraphs that match it or, if hits are grouped, all paragraphs of their documents."""
    naive, filters = indexed.naive, (item,) if item else ()
    request = Request(tree, filters=filters, facets=(Facet("topic"),), max_values=None, limit=None, without=without)
    response = indexed.engine.search(replace(request, by_document=by_document))
    held = naive.matches(without)
    documents = {naive.paragraphs[i].document for i in held} if by_document else set()
    left = [i for i in naive.matches(tree) if i not in held and naive.paragraphs[i].document not in documents]
    admitted = [i for i in left if not item or admits(item, naive.paragraphs[i])]
    assert response.total == len(admitted)
    counted = left if item and item.name == "topic" else admitted
    values, missing = recount("topic", [naive.paragraphs[i] for i in counted])
    check_counts(response.facets["topic"], values, missing, None, selected_in(filters, "topic"))
    if by_document:
        assert response.documents == len({naive.paragraphs[i].document for i in admitted})
    else:
        assert sorted_ids(response.hits) == indexed.ids(admitted)


@few_examples
@given(query=QUERIES, sort=st.sampled_from(["score", "year", "-section"]))
def test_hits_are_grouped_by_document(indexed: IndexedCorpus, query: str, sort: str) -> None:
    """A group is the first hit of a document, with the number of matches in it. The groups keep the order of hits."""
    hits = indexed.index.search(query, match="any", limit=None, sort=sort).hits
    grouped = indexed.index.search(query, match="any", limit=None, sort=sort, group="document")
    first_hits = {hit.paragraph.document: hit for hit in reversed(hits)}
    counts = Counter(hit.paragraph.document for hit in hits)
    order = dict.fromkeys(hit.paragraph.document for hit in hits)
    assert [hit.id for hit in grouped.hits] == [first_hits[name].id for name in order]
    assert [hit.matches for hit in grouped.hits] == [counts[name] for name in order]
    assert (grouped.documents, grouped.total) == (len(order), len(hits))


@pytest.fixture(scope="session")
def repeated(index_of: Callable[..., Index]) -> IndexedCorpus:
    """Random documents. Each is indexed under one to five names, with another year under each name."""
    rng, documents = seeded(21), []
    for n, original in enumerate(random_documents(rng, 20, 4)):
        for year in rng.sample(range(2015, 2024), rng.randint(1, 5)):
            name = f"{n:03}-{year}.txt"
            paragraphs = [
                replace(item, id=f"{name}#{item.n}", document=name, year=year) for item in original.paragraphs
            ]
            tables = tuple(replace(table, document=name) for table in original.tables)
            document = replace(original.document, document=name, year=year)
            documents.append(replace(original, document=document, paragraphs=tuple(paragraphs), tables=tables))
    return index_corpus(sorted(documents, key=lambda item: item.document.document), index_of)


@pytest.fixture(scope="session")
def keys_of_repeated(repeated: IndexedCorpus) -> dict[str, object]:
    """The near-duplicate key of each paragraph of `repeated` by id: the id itself if the paragraph has no key."""
    by_document = groupby(repeated.index.paragraphs(), lambda paragraph: paragraph.document)
    tables = {name: [*group] for name, group in groupby(repeated.index.tables(), lambda table: table.document)}
    key_of: dict[str, object] = {}
    for name, group in by_document:
        paragraphs = [*group]
        keys = near_duplicate_keys(paragraphs, tables.get(name, []))
        key_of |= {item.id: key or item.id for item, key in zip(paragraphs, keys, strict=True)}
    return key_of


@few_examples
@given(query=QUERIES, sort=st.sampled_from(["score", "score", "year", "-section"]), page=st.integers(6, 40))
def test_near_duplicates_are_folded(
    repeated: IndexedCorpus, keys_of_repeated: dict[str, object], query: str, sort: str, page: int
) -> None:
    """A folded list has the first hit of each near-duplicate key, with the ids of the other hits of the key.

    Consecutive pages make up the list.
    """
    search = partial(repeated.index.search, query, match="any", sort=sort, facets=["year"])
    plain, folded = search(limit=None), search(limit=None, fold=True)
    copies: dict[object, list[str]] = {}
    for hit in plain.hits:
        copies.setdefault(keys_of_repeated[hit.id], []).append(hit.id)
    assert [hit.id for hit in folded.hits] == [ids[0] for ids in copies.values()]
    order = {paragraph.id: n for n, paragraph in enumerate(repeated.naive.paragraphs)}
    assert [list(hit.folded.ids) for hit in folded.hits] == [
        sorted(ids[1:], key=order.__getitem__) for ids in copies.values()
    ]
    assert (folded.total, folded.facets) == (plain.total, plain.facets)
    pages = [search(limit=page, offset=start, fold=True).hits for start in range(0, len(folded.hits) + 1, page)]
    assert [hit for hits in pages for hit in hits] == list(folded.hits)


# --- measures

BASE_VALUES = st.sampled_from([None, None, -1.5, 0, 3, 13.5, 129, 937182, 10**12, 1e300])
MEASURE_CONDITIONS = st.fixed_dictionaries(
    {
        "unit": st.sampled_from([None, None, "件", "元", "%", "万元"]),
        "minimum": BASE_VALUES,
        "maximum": BASE_VALUES,
        "statuses": st.sampled_from([(), (), ("actual",), ("target", "before")]),
        "single_years": st.booleans(),
        "convertible": st.sampled_from([(), (), (("件", 1), ("元", 0.1))]),
    }
)
NO_CONDITIONS: dict[str, Any] = {"unit": None, "minimum": None, "maximum": None, "statuses": ()}


def is_selected(  # noqa: PLR0913 - the fields of a request
    measure: ExtractedMeasure,
    unit: str | None,
    minimum: float | None,
    maximum: float | None,
    statuses: tuple[str, ...],
    *,
    single_years: bool = False,
    convertible: tuple[tuple[str, float], ...] = (),
) -> bool:
    """Return whether a measure fulfils the conditions of a `MeasureRequest`. The other parameters are its fields."""
    value = -abs(measure.base_value) if measure.change == "decrease" else measure.base_value
    if convertible:
        if measure.base_unit not in dict(convertible):
            return False
        value = value * dict(convertible)[measure.base_unit]
    return (
        (not statuses or measure.status in statuses)
        and not (single_years and measure.since is not None)
        and unit in {None, measure.base_unit}
        and (minimum is None or minimum <= value)
        and (maximum is None or value <= maximum)
    )


@few_examples
@given(query=QUERIES, item=st.one_of(st.none(), FILTERS), conditions=MEASURE_CONDITIONS, rng=st.randoms())
@example("执法|检查|行政|件", None, NO_CONDITIONS, random.Random(1))  # noqa: S311
@example("(执法|of_year:2022..) -(检查 of_year:2021)", None, NO_CONDITIONS, random.Random(1))  # noqa: S311
@example("执法|检查|行政|件", Filter("of_year", ranges=((2022, 2023),)), NO_CONDITIONS, random.Random(1))  # noqa: S311
def test_measures_are_selected_by_definition(
    indexed: IndexedCorpus, query: str, item: Filter | None, conditions: dict[str, Any], rng: random.Random
) -> None:
    """The columns contain the measures that match the query and fulfil the conditions, in corpus order.

    The score of a measure is the score by words of its paragraph. Measures can be fetched in any order, and several
    times.
    """
    naive, parsed = indexed.naive, indexed.parse(query)
    expected = [
        (i, measure)
        for i, measures_of_paragraph in enumerate(naive.measures)
        for measure in measures_of_paragraph
        if naive.is_match(parsed.any, i, measure)
        and is_selected(measure, **conditions)
        and (item is None or admits_measure(item, measure, naive.paragraphs[i]))
    ]
    filters = () if item is None else (item,)
    columns = indexed.engine.measure_columns(MeasureRequest(parsed.any, parsed.scoring, filters, **conditions))
    measures = [Measure(measure, naive.paragraphs[i]) for i, measure in expected]
    assert len(set(columns.indicators)) == len(columns.indicators)
    assert [columns.indicators[n] for n in columns.indicator_of.tolist()] == [
        measure.indicator for _, measure in expected
    ]
    assert [columns.attributes[n] for n in columns.attributes_of.tolist()] == [
        (item.unit, item.base_unit, item.bound, item.kind, item.change, item.period, item.zero) for _, item in expected
    ]
    assert [columns.times[n] for n in columns.time_of.tolist()] == [
        (item.of_year, item.since, item.part, item.stock, item.status) for _, item in expected
    ]
    assert columns.is_part.tolist() == [item.part_of is not None for _, item in expected]
    assert columns.reviewed_years.tolist() == [
        reviewed_year(naive.paragraphs[i].year, naive.paragraphs[i].doctype) or 0 for i, _ in expected
    ]
    scores = naive.word_scores(parsed.scoring)
    assert columns.scores.tolist() == pytest.approx([scores[i] for i, _ in expected], abs=TOLERANCE)
    indices = [rng.randrange(len(expected)) for _ in range(min(len(expected), 7))]
    assert columns.fetch(indices) == [measures[n] for n in indices]
    assert columns.fetch(range(len(expected))) == measures


@few_examples
@given(item=st.one_of(st.none(), FILTERS), query=QUERIES)
def test_scores_of_measures_are_those_of_a_search(indexed: IndexedCorpus, query: str, item: Filter | None) -> None:
    """The score of a measure is the score by words of its paragraph, under any filter.

    In local engines, both are equal to the last bit. A cluster rounds scores to 24 bits.
    """
    parsed = indexed.parse(query)
    request = MeasureRequest(parsed.any, parsed.scoring, () if item is None else (item,))
    columns = indexed.engine.measure_columns(request)
    hits = indexed.engine.search(Request(Everything(), parsed.scoring, limit=None, explain=True)).hits
    by_words = {hit.paragraph.id: [*hit.explanation.words.values()] for hit in hits if hit.explanation}
    tolerance = TOLERANCE if indexed.index.manifest.engine == "opensearch" else 0.0
    for measure, score in zip(columns.fetch(range(len(columns.scores))), columns.scores.tolist(), strict=True):
        total = 0.0
        for part in by_words[measure.paragraph]:
            total += part
        assert abs(score - total) <= tolerance


@settings(few_examples, max_examples=12)
@given(seed=st.integers(0, 10**6), queries=st.lists(QUERIES, min_size=2, max_size=2), conditions=MEASURE_CONDITIONS)
@example(7, ["执法|检查|行政|件^2", "*"], NO_CONDITIONS)
def test_engines_select_the_same_measures(seed: int, queries: list[str], conditions: dict[str, Any]) -> None:
    """All local engines store the same measures and tables, and select the same measures in the same order.

    The scores of the measures are equal to the last bit.
    """
    documents = random_documents(seeded(seed), 8, 3)
    answers: dict[str, list[object]] = {name: [] for name in LOCAL_ENGINES}
    for name, engine_answers in answers.items():
        with tempfile.TemporaryDirectory() as folder:
            write_index(documents, folder, BuildOptions(name))
            with Index(folder) as index:
                engine_answers.append(
                    index._snapshot._engine.measures([p.id for document in documents for p in document.paragraphs])
                )
                engine_answers.append(list(index.tables()))
                for query in queries:
                    parsed = parse(query, index.analyzer, index.facet_names)
                    columns = index._snapshot._engine.measure_columns(
                        MeasureRequest(parsed.any, parsed.scoring, **conditions)
                    )
                    engine_answers.append([columns.indicators[n] for n in columns.indicator_of.tolist()])
                    engine_answers.append(columns.scores.tolist())
                    engine_answers.append(columns.fetch(range(len(columns.scores))))
    first, *others = answers.values()
    assert all(other == first for other in others)


# --- other corpora


@settings(few_examples, max_examples=12)
@given(seed=st.integers(0, 10**6), queries=st.lists(QUERIES, min_size=3, max_size=3), item=FILTERS)
def test_answers_on_random_corpora(index_of: Callable[..., Index], seed: int, queries: list[str], item: Filter) -> None:
    """Matches, scores and facet counts equal the naive ones on random corpora."""
    indexed = index_corpus(random_documents(seeded(seed), 5, 3), index_of)
    for query in queries:
        parsed = indexed.parse(query)
        request = Request(parsed.any, parsed.scoring, (item,), (Facet("topic"), Facet("year")), limit=None)
        response = indexed.engine.search(request)
        matches = indexed.naive.matches(parsed.any)
        admitted_matches = [i for i in matches if admits(item, indexed.naive.paragraphs[i])]
        assert sorted_ids(response.hits) == indexed.ids(admitted_matches)
        scores = indexed.naive.scores(parsed.scoring)
        expected = {indexed.naive.paragraphs[i].id: scores[i] for i in admitted_matches}
        assert {hit.paragraph.id: hit.score for hit in response.hits} == pytest.approx(expected, abs=TOLERANCE)
        for name in ("topic", "year"):
            counted = matches if name == item.name else admitted_matches
            values, missing = recount(name, [indexed.naive.paragraphs[i] for i in counted])
            check_counts(response.facets[name], values, missing, None, selected_in([item], name))


def test_answers_are_reproducible(index_of: Callable[..., Index]) -> None:
    """Two indexes of the same documents, each searched twice, return the same hits and facets, and equal scores."""
    documents = random_documents(seeded(3), 20, 3)
    indexes = [index_of(documents), index_of(documents)]
    for query in ("执法 检查", "行政|市|3件", "-执法", "长江大桥", "年"):
        answers = [
            replace(index.search(query, match="any", limit=None, facets=FACETS, explain=True), took_ms=0.0)
            for index in indexes
            for _ in range(2)
        ]
        assert all(a == b for a, b in pairwise(answers)), query


# --- records


def test_stored_records_are_unchanged(index_of: Callable[..., Index]) -> None:
    """Documents, paragraphs, tables and measures are returned as they were added, in corpus order.

    This includes records of a file: such a document has one paragraph, with the same id. An unknown id has no
    document, no paragraph and no measures.
    """
    documents = random_documents(seeded(4), 12, 3)
    for key in ("1", "k", "2024#7"):
        name = f"records.jsonl#{key}"
        record = Paragraph(name, name, 1, "执法", title="检查")
        measures = [random_measures(seeded(1), 2)]
        documents.append(
            ParsedDocument(
                Document(name, title="检查", measures=len(measures[0])), (record,), "records.jsonl", measures=measures
            )
        )
    added_measures = [measures for document in documents for measures in document.measures or ()]
    paragraphs = [p for document in documents for p in document.paragraphs]
    index = index_of(documents)
    records = [document.document for document in documents]
    assert [*index.documents()] == records
    assert [index.document(record.document) for record in records] == records
    assert index.document("nowhere.txt") is None
    assert [*index.paragraphs()] == paragraphs
    assert [*index.tables()] == [table for document in documents for table in document.tables]
    assert [index.paragraph(p.id) for p in paragraphs] == paragraphs
    expected = [
        [Measure(measure, p) for measure in measures] for p, measures in zip(paragraphs, added_measures, strict=True)
    ]
    stored = index._snapshot._engine.measures([p.id for p in paragraphs])
    assert [[*measures] for measures in stored] == expected
    stored_types, expected_types = (
        [type(item.value) for measures in lists for item in measures] for lists in (stored, expected)
    )
    assert stored_types == expected_types
    for name in (
        "nowhere.txt#1",
        "000.txt",
        "000.txt#0",
        "000.txt#01",
        f"000.txt#{10**30}",
        "000.txt#" + "1" * 5000,
        "records.jsonl#1#1",
        "#",
        "",
    ):
        assert index.paragraph(name) is None, name
        assert index._snapshot._engine.measures([name]) == [()], name


@few_examples
@given(item=FILTERS)
def test_paragraphs_are_filtered(indexed: IndexedCorpus, item: Filter) -> None:
    """`paragraphs` returns the paragraphs that a filter admits, in corpus order."""
    expected = [paragraph for paragraph in indexed.naive.paragraphs if admits(item, paragraph)]
    assert [*indexed.engine.paragraphs((item,))] == expected


def test_the_vocabulary_equals_a_recount(indexed: IndexedCorpus) -> None:
    """`vocabulary` counts the paragraphs with each word in the passage, and the paragraphs under each heading.

    Terms of one character and terms that begin with a digit are not words of the vocabulary.
    """
    words: Counter[str] = Counter()
    for terms in indexed.naive.terms:
        words.update({term for term in terms["passage"] if len(term) > 1 and term[0] not in string.digits})
    headings = Counter(heading for paragraph in indexed.naive.paragraphs for heading in set(paragraph.path))
    vocabulary = indexed.engine.vocabulary()
    assert vocabulary.words == words
    assert vocabulary.headings == headings


def test_an_intact_index_passes_its_check(indexed: IndexedCorpus) -> None:
    """`check` raises nothing for an intact index."""
    indexed.index.check()


def test_an_empty_index_passes_its_check(engine: str, tmp_path: Path) -> None:
    """`check` raises nothing for an index without documents."""
    folder = tmp_path / "data-000001"
    folder.mkdir()
    open_writer(engine, folder, Analyzer()).commit()
    opened = open_engine(engine, folder)
    opened.check()
    assert [*opened.documents()] == []
    opened.close()


def test_only_documents_of_the_base_index_are_removed(engine: str, tmp_path: Path) -> None:
    """`remove` drops the documents of a file that come from the base index.

    Documents of the same file that `add_index` has added before stay.
    """
    folders = [tmp_path / name for name in ("data-000001", "data-000002", "data-000003")]
    for folder, text in zip(folders[:2], ("执法", "检查"), strict=True):
        folder.mkdir()
        writer = open_writer(engine, folder, Analyzer())
        writer.add(Document("a.txt", paragraphs=1), [Paragraph("a.txt#1", "a.txt", 1, text)], [()], "a.txt")
        writer.commit()
    folders[2].mkdir()
    writer = open_writer(engine, folders[2], Analyzer(), folders[0])
    writer.add_index(folders[1])
    writer.remove(["a.txt"])
    writer.commit()
    opened = open_engine(engine, folders[2])
    assert [paragraph.text for paragraph in opened.paragraphs()] == ["检查"]
    opened.close()


def test_an_unknown_engine_is_refused(tmp_path: Path) -> None:
    """An index of an unknown engine is refused, with the name of the engine."""
    with pytest.raises(IndexForeign, match="'lucene'"):
        open_engine("lucene", tmp_path)


# --- real reports


@pytest.fixture(scope="session")
def seeds(shared: Path, engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IndexedCorpus]:
    """An index of five real reports."""
    folder = tmp_path_factory.mktemp("seeds")
    build(shared / "corpus" / "seeds", folder, BuildOptions(engine))
    with Index(folder) as index:
        yield IndexedCorpus(index, NaiveEngine([*index.paragraphs()], index.analyzer))


def scan(indexed: IndexedCorpus, string: str) -> set[str]:
    """Return the ids of the paragraphs whose passage contains a string."""
    naive = indexed.naive
    return {
        paragraph.id
        for i, paragraph in enumerate(naive.paragraphs)
        if any(string in fold(text) for text in naive.texts_of(i, "passage"))
    }


def test_strings_of_real_reports_are_found(seeds: IndexedCorpus) -> None:
    """Quoted strings of 1 to 8 characters match exactly the paragraphs of real reports whose passage contains them."""
    rng = seeded(8)
    for size in range(1, 9):
        occurring_grams = {
            text[i : i + size]
            for text in (fold(paragraph.text) for paragraph in seeds.naive.paragraphs)
            for i in range(len(text) - size + 1)
        }
        for gram in rng.sample(sorted(occurring_grams), 40):
            if '"' not in gram:
                assert set(seeds.search_ids(f'"{gram}"')) == scan(seeds, gram), gram


def test_substrings_of_headings_and_titles_are_found(seeds: IndexedCorpus) -> None:
    """Random substrings of headings and titles of real reports match exactly the paragraphs whose passage has them."""
    rng, naive = seeded(11), seeds.naive
    labels = sorted({label for i in range(len(naive.paragraphs)) for label in naive.texts_of(i, "passage")[1:]})
    assert len(labels) > 40
    for label in rng.sample(labels, 40):
        start = rng.randrange(len(label))
        string = fold(label)[start : start + rng.randint(1, 12)]
        if '"' not in string:
            assert set(seeds.search_ids(f'"{string}"')) == scan(seeds, string), string


def test_words_of_real_reports_are_found(seeds: IndexedCorpus) -> None:
    """A bare word from real reports matches every paragraph whose passage contains it as a string."""
    words = {term for terms in seeds.naive.terms for term in terms["text"] if not term[0].isdecimal()}
    for word in seeded(9).sample(sorted(words), 400):
        response = seeds.engine.search(Request(seeds.parse(word).all, limit=None))
        assert {hit.paragraph.id for hit in response.hits} >= scan(seeds, word), word


def test_numbers_of_real_reports_are_found(seeds: IndexedCorpus) -> None:
    """A number from real reports is found as printed, and in Arabic digits with and without commas."""
    paragraphs_by_form: dict[str, set[str]] = {}
    for paragraph in seeds.naive.paragraphs:
        for numeral in find_numerals(paragraph.text):
            if numeral.is_han and numeral.end - numeral.start == 1:
                continue  # 一 and 三 are parts of words more often than numbers
            percent = "%" if numeral.is_percent else ""
            is_integer = numeral.value == int(numeral.value)
            for form in (
                paragraph.text[numeral.start : numeral.end],
                format_plain(numeral.value),
                f"{int(numeral.value):,}" if is_integer else f"{numeral.value:,f}",
            ):
                paragraphs_by_form.setdefault(form + ("" if form.endswith(("%", "％")) else percent), set()).add(
                    paragraph.id
                )
    assert len(paragraphs_by_form) > 150
    for form, expected in paragraphs_by_form.items():
        assert set(seeds.search_ids(form)) >= expected, form


def test_facet_counts_of_real_reports_equal_a_recount(seeds: IndexedCorpus) -> None:
    """Facet counts of real reports equal a recount, for all paragraphs and for the matches of a query."""
    names = [name for name in FACETS if name != "batch"]
    for query in ("", "行政执法", "处罚 OR 培训"):
        tree = seeds.parse(query).all
        counts = seeds.index.search(query, match="all", facets=names).facets
        paragraphs = [seeds.naive.paragraphs[i] for i in seeds.naive.matches(tree)]
        for name in names:
            check_counts(counts[name], *recount(name, paragraphs), 100, lambda _: False)
