"""Every engine against slow twins in plain Python, over random texts and trees, and on real reports."""

from __future__ import annotations

import math
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from searchkit.corpus.reading import DocumentRead
from searchkit.engines.contract import Engine, MeasureRequest, Request
from searchkit.engines.opening import ENGINES, open_engine
from searchkit.engines.ranking import RESCORED
from searchkit.errors import IndexForeign
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, build, write_index
from searchkit.model import Document, ExtractedMeasure, Measure, Paragraph
from searchkit.query.facets import BUILT_IN, Facet, FacetCounts, Filter
from searchkit.query.parsing import parse
from searchkit.query.tree import And, Everything, Node, Not, Or, Prefix, Query, ScoringClause, Substring, Word
from searchkit.text.analyzer import Analyzer
from searchkit.text.folding import fold
from searchkit.text.numerals import find_numerals, plain

TOLERANCE = 1e-4
"""Two engines may give scores that differ by so much."""

# Small alphabets, so that what is searched for is often there. Words, word borders, numbers and their look-alikes.
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
FACETS = ("district", "district:1", "district:2", "year", "agency", "topic", "section", "doctype", "document", "batch")
REGIONS = ((), ("天津市",), ("天津市", "东丽区"), ("福建省", "福州市", "鼓楼区"), ("江苏省", "南京市", "鼓楼区"))
TOPICS = ("行政执法", "普法宣传", "队伍建设")
HEADINGS = ("执法检查", "行政", "监督3件", "长江")

few = settings(max_examples=30)


def text_from(pieces: Sequence[str], most: int = 8) -> st.SearchStrategy[str]:
    """Texts of a few of the pieces."""
    return st.lists(st.sampled_from(pieces), min_size=1, max_size=most).map("".join)


RUNS = text_from([piece for piece in PIECES if piece.strip(" ：") == piece], 4)
"""What stands in a query without spaces and colons."""


# --- the slow twin: what the definitions in searchkit.query.tree, facets and ranking say, one paragraph after the other


@dataclass(frozen=True)
class Twin:
    """Answers by definition. Everything is by position in corpus order."""

    paragraphs: Sequence[Paragraph]
    analyzer: Analyzer
    measures: Sequence[Sequence[ExtractedMeasure]] = ()
    """Of each paragraph."""

    @cached_property
    def terms(self) -> list[dict[str, list[str]]]:
        """Tokens of each field of each paragraph."""
        return [
            {
                name: [token.term for text in texts_of(paragraph, name) for token in self.analyzer.tokens(text)]
                for name in ("text", "heading", "title")
            }
            for paragraph in self.paragraphs
        ]

    def matches(self, node: Node) -> list[int]:
        """Paragraphs that a tree matches."""
        return [i for i in range(len(self.paragraphs)) if self.holds(node, i)]

    def holds(self, node: Node, i: int) -> bool:
        """Whether a tree matches a paragraph."""
        match node:
            case Everything():
                held = True
            case Word():
                held = node.term in self.terms[i][node.field]
            case Prefix():
                held = any(term.startswith(node.text) for term in self.terms[i][node.field])
            case Substring():
                texts = map(fold, texts_of(self.paragraphs[i], node.field))
                held = any(occurs(node.text, text, whole=node.whole_numbers) for text in texts)
            case Filter():
                held = passes(node, self.paragraphs[i])
            case Not():
                held = not self.holds(node.child, i)
            case And():
                held = all(self.holds(child, i) for child in node.children)
            case Or():
                held = any(self.holds(child, i) for child in node.children)
        return held

    def word_scores(self, wanted: Sequence[ScoringClause]) -> list[float]:
        """Step one alone."""
        asked: Counter[str] = Counter()
        for part in wanted:
            for term in part.terms:
                asked[term] += part.weight  # type: ignore[assignment]
        return bm25(self.lists[0], asked)

    def scores(self, wanted: Sequence[ScoringClause]) -> list[float]:
        """Words, bigrams and characters of each paragraph; right for matches where no more than `RESCORED` match."""
        asked: tuple[Counter[str], ...] = (Counter(), Counter(), Counter())
        for part in wanted:
            for kind, terms in enumerate((part.terms, grams(part.text, 2), grams(part.text, 1))):
                for term in terms:
                    asked[kind][term] += part.weight  # type: ignore[assignment]
        parts = (bm25(lists, query) for lists, query in zip(self.lists, asked, strict=True))
        return [sum(each) for each in zip(*parts, strict=True)]

    @cached_property
    def lists(self) -> tuple[list[Counter[str]], ...]:
        """Words (those of headings count twice), bigrams and characters of each paragraph, with their frequencies."""
        words = [Counter(t["text"] + 2 * t["heading"] + t["title"]) for t in self.terms]
        texts = [fold(paragraph.text) for paragraph in self.paragraphs]
        return words, [Counter(grams(text, 2)) for text in texts], [Counter(grams(text, 1)) for text in texts]


def texts_of(paragraph: Paragraph, name: str) -> list[str]:
    """What a text field of a paragraph holds: one text, any number of headings, a title or none."""
    if name == "heading":
        return list(paragraph.path)
    return [paragraph.text] if name == "text" else [paragraph.title] if paragraph.title else []


def occurs(wanted: str, text: str, *, whole: bool = False) -> bool:
    """Whether a text holds a string; if `whole`, not only as a part of a longer number."""
    starts = [i for i in range(len(text)) if text.startswith(wanted, i)]
    return any(not (whole and in_number(text, i, i + len(wanted))) for i in starts)


def in_number(text: str, start: int, end: int) -> bool:
    """Whether a number at an edge of text[start:end] goes on beyond it."""
    han = "零〇一二三四五六七八九十百千万亿两点"
    before, after = text[:start][-2:], text[end : end + 2]
    first, last = text[start], text[end - 1]
    if first.isdecimal() and re.search(r"[0-9][.,]?$", before):
        return True
    if last.isdecimal() and re.match(r"[.,]?[0-9]", after):
        return True
    if first in han and before and before[-1] in han + "0123456789":
        return True
    return last in han and bool(after) and after[0] in han


def has(paragraph: Paragraph, facet: str) -> list[str]:
    """Values of a paragraph under a facet."""
    name, _, depth = facet.partition(":")
    if name == "district":
        region = paragraph.region
        return [] if not region else ["/".join(region[: int(depth)])] if depth else [region[-1]]
    if name == "topic":
        return list(paragraph.topics)
    value = getattr(paragraph, name) if name in BUILT_IN else paragraph.facets.get(name)
    return [] if value is None else [str(value)]


def passes(item: Filter, paragraph: Paragraph) -> bool:
    """Whether a filter lets a paragraph through."""
    if item.name == "district":
        levels = range(len(paragraph.region))
        runs = {"/".join(paragraph.region[i : j + 1]) for i in levels for j in levels if i <= j}
        return not runs.isdisjoint(item.values)
    values = has(paragraph, item.name)
    within = any(low <= int(value) <= high for low, high in item.ranges for value in values)
    return within or not set(values).isdisjoint(item.values)


def recount(facet: str, paragraphs: Sequence[Paragraph]) -> tuple[list[tuple[str, int]], int]:
    """Values with their counts, largest first, then by value; and how many paragraphs have none."""
    counts = Counter(value for paragraph in paragraphs for value in has(paragraph, facet))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0])), sum(not has(p, facet) for p in paragraphs)


def grams(folded: str, size: int) -> list[str]:
    """Runs of letters, digits and ideographs of one size."""
    return [text for i in range(len(folded) - size + 1) if (text := folded[i : i + size]).isalnum()]


def bm25(lists: Sequence[Counter[str]], query: Counter[str]) -> list[float]:
    """BM25 of each text: k1 1.2, b 0.75, ln(1 + (N - df + 0.5) / (df + 0.5)) as the weight of a term."""
    lengths = [terms.total() for terms in lists]
    average = sum(lengths) / len(lists) or 1
    scores = [0.0] * len(lists)
    for term, weight in query.items():
        df = sum(term in terms for terms in lists)
        idf = math.log(1 + (len(lists) - df + 0.5) / (df + 0.5))
        for i, terms in enumerate(lists):
            if term in terms:
                scores[i] += (
                    weight * idf * terms[term] * 2.2 / (terms[term] + 1.2 * (0.25 + 0.75 * lengths[i] / average))
                )
    return scores


# --- material: documents, queries, trees, filters


def seeded(seed: int) -> random.Random:
    """Chance that repeats itself."""
    return random.Random(seed)  # noqa: S311 - no secret


def random_documents(chance: random.Random, documents: int, paragraphs: int) -> list[DocumentRead]:
    """Documents of short texts that share many pieces, with facets that are often missing."""
    made = []
    for d in range(documents):
        name = f"{d:03}.txt"
        common: dict[str, Any] = {
            "title": chance.choice([None, "行政执法报告", "检查3件"]),
            "year": chance.choice([None, 2021, 2022, 2023]),
            "agency": chance.choice([None, "司法局", "人民政府"]),
            "region": chance.choice(REGIONS),
            "doctype": chance.choice([None, "年度报告"]),
            "facets": chance.choice([{}, {"batch": "一"}, {"batch": "二"}]),
        }
        count = chance.randint(1, 2 * paragraphs - 1)
        own = tuple(random_paragraph(chance, name, n + 1, common) for n in range(count))
        measures = [random_measures(chance, len(paragraph.text)) for paragraph in own]
        made.append(DocumentRead(Document(name, **common, measures=sum(map(len, measures))), own, measures=measures))
    return made


def random_measures(chance: random.Random, length: int) -> list[ExtractedMeasure]:
    """Measures of a text of that length, mostly few, with numbers of all kinds."""
    starts = sorted(chance.sample(range(length), min(length, chance.choice([0, 0, 1, 2, 5]))))
    measures = []
    for start in starts:
        value = chance.choice([0, 3, 13, 129, 0.1, 93.7182, -1.5, 10**12, 2**53, 1e300, 5e-324, chance.random()])
        scale, unit = chance.choice([("", None), ("", "件"), ("万", "元"), ("", "元"), ("", "%")])
        base_value = value * 10_000 if scale else value
        measures.append(
            ExtractedMeasure(
                indicator=chance.choice([*HEADINGS, "立案 食品", "\u2028", ""]),
                value=int(value) if value == int(value) else value,
                unit=unit and scale + unit,
                base_value=int(float(base_value)) if base_value == int(base_value) else base_value,
                base_unit=unit,
                bound=chance.choice(["exact", "approx", "at_least", "at_most"]),
                kind=chance.choice(["count", "money", "percent", "duration", "other"]),
                change=chance.choice([None, None, "increase", "decrease"]),
                period=chance.choice([None, None, "近三年", "上半年"]),
                zero=chance.random() < 0.1,
                start=start,
                end=chance.randint(start + 1, length),
                part_of=chance.choice([None, None, *(other for other in starts if other != start)]),
            )
        )
    return measures


def random_paragraph(chance: random.Random, document: str, n: int, common: dict[str, Any]) -> Paragraph:
    """A paragraph of random pieces."""
    return Paragraph(
        f"{document}#{n}",
        document,
        n,
        "".join(chance.choices(PIECES, k=chance.randint(1, 16))),
        path=tuple(chance.sample(HEADINGS, chance.randint(0, 2))),
        section=chance.choice(["成效", "问题", "其他"]),
        topics=tuple(chance.sample(TOPICS, chance.randint(0, 2))),
        **common,
    )


class Collection:
    """An index with its slow twin."""

    def __init__(self, index: Index, twin: Twin) -> None:
        self.index, self.twin = index, twin

    def __repr__(self) -> str:
        return f"<{len(self.twin.paragraphs)} paragraphs>"

    @property
    def engine(self) -> Engine:
        """The engine below the index, for requests that no query text makes."""
        return self.index._snapshot._engine

    def understand(self, query: str) -> Query:
        """What the index reads in a query text."""
        return parse(query, self.index.analyzer, self.index.facet_names)

    def ids(self, positions: Sequence[int]) -> list[str]:
        """Ids of paragraphs in corpus order."""
        return [self.twin.paragraphs[i].id for i in sorted(positions)]

    def found(self, query: str, match: str = "all") -> list[str]:
        """Ids of all hits in corpus order."""
        return sorted_ids(self.index.search(query, match=match, limit=None).hits)


def sorted_ids(hits: Sequence[object]) -> list[str]:
    """Ids of hits in corpus order: by document, then by number."""
    paragraphs = [hit.paragraph for hit in hits]  # type: ignore[attr-defined]
    return [paragraph.id for paragraph in sorted(paragraphs, key=lambda p: (p.document, p.n))]


def collection_of(documents: Sequence[DocumentRead], index_of: Callable[..., Index]) -> Collection:
    """Index documents and keep what the twin needs."""
    index = index_of(documents)
    paragraphs = [paragraph for read in documents for paragraph in read.paragraphs]
    return Collection(
        index, Twin(paragraphs, index.analyzer, [own for read in documents for own in read.measures or ()])
    )


@pytest.fixture(scope="session")
def collection(index_of: Callable[..., Index]) -> Collection:
    """Some 400 random paragraphs, more than are rescored."""
    return collection_of(random_documents(seeded(20), 80, 6), index_of)


ATOMS = st.one_of(
    RUNS,
    RUNS.map('"{}"'.format),
    st.sampled_from(
        ["year:2022", "year:[2021 TO 2022]", "topic:行政执法", "district:鼓楼区", "batch:一", "*", "pm*", "ap*"]
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
FILTERS = st.one_of(
    st.builds(
        Filter,
        st.just("district"),
        st.lists(
            st.sampled_from(["天津市", "东丽区", "鼓楼区", "江苏省/南京市", "福建省/福州市/鼓楼区"]), min_size=1
        ).map(tuple),
    ),
    st.builds(
        Filter, st.just("year"), ranges=st.sampled_from([((2022, 2022),), ((0, 2021),), ((2021, 2021), (2023, 9999))])
    ),
    st.builds(Filter, st.just("topic"), st.lists(st.sampled_from(TOPICS), min_size=1).map(tuple)),
    st.builds(Filter, st.sampled_from(["agency", "batch", "section"]), st.just(("司法局", "一", "成效"))),
)
FIELDS = st.sampled_from(["text", "text", "heading", "title"])
FOLDED = text_from([fold(piece) for piece in PIECES], 3)
TREES = st.recursive(
    st.one_of(
        st.just(Everything()),
        st.builds(Word, st.sampled_from(["执法", "检查", "市长", "3件", "13", "三", "app", "nowhere"]), FIELDS),
        st.builds(Substring, FOLDED, FIELDS, st.booleans()),
        st.builds(Prefix, st.sampled_from(["a", "app", "pm", "1", "执", "x"]), FIELDS),
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


@few
@given(quoted=text_from([piece for piece in PIECES if '"' not in piece], 4))
def test_quoted_string_is_a_scan(collection: Collection, quoted: str) -> None:
    """A quoted string, of any length and with any punctuation, finds what a scan of the folded texts finds."""
    texts = [fold(paragraph.text) for paragraph in collection.twin.paragraphs]
    expected = [i for i, text in enumerate(texts) if fold(quoted) in text]
    assert collection.found(f'"{quoted}"') == collection.ids(expected)


@few
@given(run=RUNS)
def test_bare_run_finds_its_substrings(collection: Collection, run: str) -> None:
    """A bare run finds every paragraph that holds it, however the text was cut into words.

    Only a number at an edge of the run must be the whole number: 3件 is not in 13件.
    """
    texts = [fold(paragraph.text) for paragraph in collection.twin.paragraphs]
    expected = {i for i, text in enumerate(texts) if occurs(fold(run), text, whole=True)}
    assert set(collection.found(run)) >= set(collection.ids(sorted(expected)))


@settings(few, max_examples=80)
@given(query=QUERIES, match=st.sampled_from(["all", "any"]))
@example("pm*", "all")
def test_query_matches_what_its_tree_says(collection: Collection, query: str, match: str) -> None:
    """What a query finds is what its tree, evaluated paragraph by paragraph, holds for."""
    tree: Node = getattr(collection.understand(query), match)
    results = collection.index.search(query, match=match, limit=None)
    assert results.understood == str(tree)
    assert sorted_ids(results.hits) == collection.ids(collection.twin.matches(tree))
    assert results.total == len(results.hits)


@settings(few, max_examples=100)
@given(tree=TREES)
def test_any_tree_is_answered(collection: Collection, tree: Node) -> None:
    """An engine answers any tree of the query language, also such as no query text makes."""
    response = collection.engine.search(Request(tree, limit=None))
    assert sorted_ids(response.hits) == collection.ids(collection.twin.matches(tree))


# --- facets


@settings(few, max_examples=60)
@given(tree=TREES, filters=st.lists(FILTERS, max_size=3), most=st.sampled_from([None, 1, 2, 100]))
def test_facets_are_a_recount(collection: Collection, tree: Node, filters: list[Filter], most: int | None) -> None:
    """Facet counts are a recount of all matches under every filter but the facet's own, in the promised order."""
    request = Request(tree, filters=tuple(filters), facets=tuple(map(Facet.parse, FACETS)), max_values=most, limit=0)
    response = collection.engine.search(request)
    paragraphs = [collection.twin.paragraphs[i] for i in collection.twin.matches(tree)]
    assert response.total == sum(all(passes(item, p) for item in filters) for p in paragraphs)
    for facet in FACETS:
        name = facet.partition(":")[0]
        others = [item for item in filters if item.name != name]
        values, missing = recount(facet, [p for p in paragraphs if all(passes(item, p) for item in others)])
        check_counts(response.facets[facet], values, missing, most, selected_in(filters, name))


def selected_in(filters: Sequence[Filter], name: str) -> Callable[[str], bool]:
    """Tell whether a value of a facet is one that the filters ask for."""
    own = [item for item in filters if item.name == name]
    return lambda value: any(
        value in item.values or any(low <= int(value) <= high for low, high in item.ranges) for item in own
    )


def check_counts(
    counts: FacetCounts, values: list[tuple[str, int]], missing: int, most: int | None, selected: Callable[[str], bool]
) -> None:
    """Compare the counts of an engine with recounted ones: the first `most` and the selected are listed."""
    listed = [(value, n) for i, (value, n) in enumerate(values) if most is None or i < most or selected(value)]
    assert [(str(item.value), item.count) for item in counts.values] == listed
    assert [item.selected for item in counts.values] == [selected(value) for value, _ in listed]
    assert counts.missing == missing
    assert counts.other == sum(n for _, n in values) - sum(n for _, n in listed)


# --- order, scores, pages


@settings(few, max_examples=25)
@given(query=QUERIES, size=st.integers(1, 120), sort=st.sampled_from(["score", "year", "-document", "topic"]))
@example("执法|检查|行政|件", 70, "score")
def test_pages_are_the_whole_list(collection: Collection, query: str, size: int, sort: str) -> None:
    """Pages of any size, one after the other, are the whole list; every page knows the same total."""
    whole = collection.index.search(query, match="any", limit=None, sort=sort)
    size = max(size, whole.total // 5)  # a slow engine need not give hundreds of pages
    paged = []
    for offset in range(0, whole.total + size, size):
        page = collection.index.search(query, match="any", limit=size, offset=offset, sort=sort)
        assert page.total == whole.total
        paged += [hit.id for hit in page.hits]
    assert paged == [hit.id for hit in whole.hits]
    assert len(set(paged)) == whole.total


@settings(few, max_examples=40)
@given(query=QUERIES)
@example("执法|检查|行政|件")
def test_order(collection: Collection, query: str) -> None:
    """Scores do not rise within the rescored hits nor behind them; equals stand in corpus order.

    No hit behind the rescored ones has more from words than one of those, and none has anything besides words.
    """
    hits = collection.index.search(query, match="any", limit=None, explain=True).hits
    best, rest = hits[:RESCORED], hits[RESCORED:]
    for part in (best, rest):
        places = [(-hit.score, hit.paragraph.document, hit.paragraph.n) for hit in part]
        assert places == sorted(places)
    assert all(not hit.explanation.bigrams and not hit.explanation.characters for hit in rest if hit.explanation)
    words = [sum(hit.explanation.words.values()) for hit in hits if hit.explanation]
    assert min(words[:RESCORED], default=0) >= max(words[RESCORED:], default=0) - TOLERANCE


def test_more_than_the_rescored_match_in_the_tests_of_order(collection: Collection) -> None:
    """Two hundred are rescored, and the material is large enough for what the test of the order promises."""
    assert RESCORED == 200
    assert collection.index.search("执法|检查|行政|件", match="any").total > RESCORED


@settings(few, max_examples=40)
@given(query=QUERIES)
def test_scores(collection: Collection, query: str) -> None:
    """A score is the sum of its explained parts, and what the formulas give when computed naively."""
    hits = collection.index.search(query, match="all", limit=None, explain=True).hits
    for hit in hits:
        assert hit.explanation is not None
        parts = [*hit.explanation.words.values(), hit.explanation.bigrams, hit.explanation.characters]
        assert hit.score == pytest.approx(sum(parts), abs=TOLERANCE)
    scores = collection.twin.scores(collection.understand(query).scoring)
    expected = {paragraph.id: score for paragraph, score in zip(collection.twin.paragraphs, scores, strict=True)}
    if len(hits) <= RESCORED:
        assert {hit.id: hit.score for hit in hits} == pytest.approx(
            {hit.id: expected[hit.id] for hit in hits}, abs=TOLERANCE
        )


def test_scores_of_a_text_full_of_one_word(index_of: Callable[..., Index]) -> None:
    """However often a word stands in a paragraph, every time counts."""
    paragraphs = [
        Paragraph(f"a.txt#{n}", "a.txt", n, "执法，" * times) for n, times in enumerate((1, 255, 256, 300, 5000), 1)
    ]
    collection = collection_of([DocumentRead(Document("a.txt"), tuple(paragraphs))], index_of)
    scores = collection.twin.scores(collection.understand("执法").scoring)
    hits = collection.index.search("执法", limit=None).hits
    expected = {paragraph.id: score for paragraph, score in zip(paragraphs, scores, strict=True)}
    assert {hit.id: hit.score for hit in hits} == pytest.approx(expected, abs=TOLERANCE)


@few
@given(query=QUERIES, item=FILTERS)
def test_filters_do_not_change_scores(collection: Collection, query: str, item: Filter) -> None:
    """A paragraph has the same score under any filter, as long as it is among the rescored with and without."""
    understood = collection.understand(query)
    request = Request(understood.all, understood.scoring, limit=RESCORED)
    free = {hit.paragraph.id: hit.score for hit in collection.engine.search(request).hits}
    filtered = collection.engine.search(replace(request, filters=(item,))).hits
    assert {hit.paragraph.id: hit.score for hit in filtered if hit.paragraph.id in free} == pytest.approx(
        {hit.paragraph.id: free[hit.paragraph.id] for hit in filtered if hit.paragraph.id in free}, abs=TOLERANCE
    )
    assert all(passes(item, hit.paragraph) for hit in filtered)


@few
@given(query=QUERIES, sort=st.sampled_from(["year", "-year", "district", "-section", "batch", "-topic", "document"]))
def test_sorting(collection: Collection, query: str, sort: str) -> None:
    """Sorted by the first value of a facet; without a value last; within a value in the order of the scores."""
    by_score = [hit.id for hit in collection.index.search(query, match="any", limit=None).hits]
    hits = collection.index.search(query, match="any", limit=None, sort=sort).hits
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    runs = [(value, [*run]) for value, run in groupby(hits, lambda hit: next(iter(has(hit.paragraph, name)), None))]
    values = [value for value, _ in runs if value is not None]
    assert values == sorted(set(values), reverse=descending)
    assert None not in [value for value, _ in runs[:-1]]
    for _, run in runs:
        places = [by_score.index(hit.id) for hit in run]
        assert places == sorted(places)


@few
@given(query=QUERIES, sort=st.sampled_from(["score", "year", "-section"]))
def test_grouping(collection: Collection, query: str, sort: str) -> None:
    """Grouped, each document stands where its first hit would, with the number of its matches."""
    hits = collection.index.search(query, match="any", limit=None, sort=sort).hits
    grouped = collection.index.search(query, match="any", limit=None, sort=sort, group="document")
    firsts = {hit.paragraph.document: hit for hit in reversed(hits)}
    counts = Counter(hit.paragraph.document for hit in hits)
    order = dict.fromkeys(hit.paragraph.document for hit in hits)
    assert [hit.id for hit in grouped.hits] == [firsts[name].id for name in order]
    assert [hit.matches for hit in grouped.hits] == [counts[name] for name in order]
    assert (grouped.documents, grouped.total) == (len(order), len(hits))


# --- measures

SIZES = st.sampled_from([None, None, -1.5, 0, 3, 13.5, 129, 937182, 10**12, 1e300])
SELECTIONS = st.fixed_dictionaries(
    {"unit": st.sampled_from([None, None, "件", "元", "%", "万元"]), "minimum": SIZES, "maximum": SIZES}
)


def passes_selection(measure: ExtractedMeasure, unit: str | None, minimum: float | None, maximum: float | None) -> bool:
    """Whether a measure is of the unit and the size."""
    return (
        unit in {None, measure.base_unit}
        and (minimum is None or minimum <= measure.base_value)
        and (maximum is None or measure.base_value <= maximum)
    )


@few
@given(query=QUERIES, item=st.one_of(st.none(), FILTERS), selection=SELECTIONS, chance=st.randoms())
@example("执法|检查|行政|件", None, {"unit": None, "minimum": None, "maximum": None}, random.Random(1))  # noqa: S311
def test_measures(
    collection: Collection, query: str, item: Filter | None, selection: dict[str, Any], chance: random.Random
) -> None:
    """Selected are the measures of the unit and the size in the paragraphs that match and pass, by place in the corpus.

    With the score of step one of their paragraphs; some of them can be fetched, in any order, again and again.
    """
    twin, understood = collection.twin, collection.understand(query)
    matches = [i for i in twin.matches(understood.any) if item is None or passes(item, twin.paragraphs[i])]
    expected = [(i, measure) for i in matches for measure in twin.measures[i] if passes_selection(measure, **selection)]
    filters = () if item is None else (item,)
    columns = collection.engine.measure_columns(
        MeasureRequest(understood.any, understood.scoring, filters, **selection)
    )
    measures = [Measure(measure, twin.paragraphs[i]) for i, measure in expected]
    assert len(set(columns.indicators)) == len(columns.indicators)
    assert [columns.indicators[n] for n in columns.indicator_of.tolist()] == [
        measure.indicator for _, measure in expected
    ]
    scores = twin.word_scores(understood.scoring)
    assert columns.scores.tolist() == pytest.approx([scores[i] for i, _ in expected], abs=TOLERANCE)
    chosen = [chance.randrange(len(expected)) for _ in range(min(len(expected), 7))]
    assert columns.fetch(chosen) == [measures[n] for n in chosen]
    assert columns.fetch(range(len(expected))) == measures


@few
@given(item=st.one_of(st.none(), FILTERS), query=QUERIES)
def test_scores_of_measures_are_those_of_a_search(collection: Collection, query: str, item: Filter | None) -> None:
    """A measure has what its paragraph has from words in a search, to the last bit, under any filter."""
    understood = collection.understand(query)
    request = MeasureRequest(understood.any, understood.scoring, () if item is None else (item,))
    measures = collection.engine.measure_columns(request)
    hits = collection.engine.search(Request(understood.any, understood.scoring, limit=None, explain=True)).hits
    by_words = {hit.paragraph.id: [*hit.explanation.words.values()] for hit in hits if hit.explanation}
    for found, score in zip(measures.fetch(range(len(measures.scores))), measures.scores.tolist(), strict=True):
        total = 0.0
        for part in by_words[found.paragraph]:
            total += part
        assert score == total


@settings(few, max_examples=15)
@given(seed=st.integers(0, 10**6), queries=st.lists(QUERIES, min_size=2, max_size=2), selection=SELECTIONS)
@example(7, ["执法|检查|行政|件^2", "*"], {"unit": None, "minimum": None, "maximum": None})
def test_engines_select_the_same_measures(seed: int, queries: list[str], selection: dict[str, Any]) -> None:
    """On any corpus the engines agree in measures, indicators, order and, to the last bit, scores."""
    documents = random_documents(seeded(seed), 8, 3)
    answers: dict[str, list[object]] = {name: [] for name in ENGINES}
    for name, got in answers.items():
        with tempfile.TemporaryDirectory() as folder:
            write_index(documents, folder, BuildOptions(name))
            with Index(folder) as index:
                got.append(index._snapshot._engine.measures([p.id for read in documents for p in read.paragraphs]))
                for query in queries:
                    understood = parse(query, index.analyzer, index.facet_names)
                    measures = index._snapshot._engine.measure_columns(
                        MeasureRequest(understood.any, understood.scoring, **selection)
                    )
                    got.append([measures.indicators[n] for n in measures.indicator_of.tolist()])
                    got.append(measures.scores.tolist())
                    got.append(measures.fetch(range(len(measures.scores))))
    first, *others = answers.values()
    assert all(other == first for other in others)


# --- other corpora


@settings(few, max_examples=15)
@given(seed=st.integers(0, 10**6), queries=st.lists(QUERIES, min_size=3, max_size=3), item=FILTERS)
def test_random_corpora(index_of: Callable[..., Index], seed: int, queries: list[str], item: Filter) -> None:
    """On any corpus: matches, scores and facets are those of the twin."""
    collection = collection_of(random_documents(seeded(seed), 5, 3), index_of)
    for query in queries:
        understood = collection.understand(query)
        request = Request(understood.any, understood.scoring, (item,), (Facet("topic"), Facet("year")), limit=None)
        response = collection.engine.search(request)
        matches = collection.twin.matches(understood.any)
        passing = [i for i in matches if passes(item, collection.twin.paragraphs[i])]
        assert sorted_ids(response.hits) == collection.ids(passing)
        scores = collection.twin.scores(understood.scoring)
        expected = {collection.twin.paragraphs[i].id: scores[i] for i in passing}
        assert {hit.paragraph.id: hit.score for hit in response.hits} == pytest.approx(expected, abs=TOLERANCE)
        for name in ("topic", "year"):
            admitted = matches if name == item.name else passing
            values, missing = recount(name, [collection.twin.paragraphs[i] for i in admitted])
            check_counts(response.facets[name], values, missing, None, selected_in([item], name))


def test_the_same_documents_give_the_same_answers(index_of: Callable[..., Index]) -> None:
    """Built twice, asked twice: the same hits, scores and facets, to the last bit."""
    documents = random_documents(seeded(3), 20, 3)
    indexes = [index_of(documents), index_of(documents)]
    for query in ("执法 检查", "行政|市|3件", "-执法", "长江大桥", "年"):
        answers = [
            replace(index.search(query, match="any", limit=None, facets=FACETS, explain=True), took_ms=0.0)
            for index in indexes
            for _ in range(2)
        ]
        assert all(a == b for a, b in pairwise(answers)), query


# --- what is stored


def test_records_come_back_as_they_went_in(index_of: Callable[..., Index]) -> None:
    """Documents and paragraphs come out of an index as they were given, in corpus order, every field.

    A record inside a file is a document of one paragraph, with one id for both.
    """
    documents = random_documents(seeded(4), 12, 3)
    for key in ("1", "k", "2024#7"):
        name = f"records.jsonl#{key}"
        record = Paragraph(name, name, 1, "执法", title="检查")
        measures = [random_measures(seeded(1), 2)]
        documents.append(
            DocumentRead(
                Document(name, title="检查", measures=len(measures[0])), (record,), "records.jsonl", measures=measures
            )
        )
    measures = [own for read in documents for own in read.measures or ()]
    paragraphs = [p for read in documents for p in read.paragraphs]
    index = index_of(documents)
    assert [*index.documents()] == [read.document for read in documents]
    assert [*index.paragraphs()] == paragraphs
    assert [index.paragraph(p.id) for p in paragraphs] == paragraphs
    measures = [[Measure(measure, p) for measure in own] for p, own in zip(paragraphs, measures, strict=True)]
    assert [[*own] for own in index._snapshot._engine.measures([p.id for p in paragraphs])] == measures
    assert [
        type(item.value) for own in index._snapshot._engine.measures([p.id for p in paragraphs]) for item in own
    ] == [type(item.value) for own in measures for item in own]
    for name in (
        "nowhere.txt#1",
        "000.txt",
        "000.txt#0",
        "000.txt#01",
        f"000.txt#{10**30}",
        "records.jsonl#1#1",
        "#",
        "",
    ):
        assert index.paragraph(name) is None, name
        assert index._snapshot._engine.measures([name]) == [()], name


@few
@given(item=FILTERS)
def test_paragraphs_by_filter(collection: Collection, item: Filter) -> None:
    """Paragraphs by filter are those that the filter admits, in corpus order."""
    expected = [paragraph for paragraph in collection.twin.paragraphs if passes(item, paragraph)]
    assert [*collection.engine.paragraphs((item,))] == expected


def test_sound_index_passes_its_check(collection: Collection) -> None:
    """A check of an index that nothing happened to finds nothing."""
    collection.index.check()


def test_unknown_engine(tmp_path: Path) -> None:
    """An index of an engine that this searchkit does not have is refused by name."""
    with pytest.raises(IndexForeign, match="'lucene'"):
        open_engine("lucene", tmp_path)


# --- real reports


@pytest.fixture(scope="session")
def seeds(shared: Path, engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    """An index of five real reports, with its twin."""
    folder = tmp_path_factory.mktemp("seeds")
    build(shared / "corpus" / "seeds", folder, BuildOptions(engine))
    with Index(folder) as index:
        yield Collection(index, Twin([*index.paragraphs()], index.analyzer))


def holders(collection: Collection, wanted: str) -> set[str]:
    """Ids of the paragraphs whose folded text holds a string."""
    return {paragraph.id for paragraph in collection.twin.paragraphs if wanted in fold(paragraph.text)}


def test_real_reports_strings(seeds: Collection) -> None:
    """Strings of 1 to 8 characters cut from anywhere in real reports are found, quoted, exactly where a scan does."""
    chance = seeded(8)
    for size in range(1, 9):
        grams_there = {
            text[i : i + size]
            for text in (fold(paragraph.text) for paragraph in seeds.twin.paragraphs)
            for i in range(len(text) - size + 1)
        }
        for gram in chance.sample(sorted(grams_there), 40):
            if '"' not in gram:
                assert set(seeds.found(f'"{gram}"')) == holders(seeds, gram), gram


def test_real_reports_words(seeds: Collection) -> None:
    """Every word of real reports, asked for bare, is found in every paragraph that holds it."""
    words = {term for terms in seeds.twin.terms for term in terms["text"] if not term[0].isdecimal()}
    for word in seeded(9).sample(sorted(words), 400):
        response = seeds.engine.search(Request(seeds.understand(word).all, limit=None))
        assert {hit.paragraph.id for hit in response.hits} >= holders(seeds, word), word


def test_real_reports_numbers(seeds: Collection) -> None:
    """Every number of real reports is found as it is printed, and written in another way."""
    written: dict[str, set[str]] = {}
    for paragraph in seeds.twin.paragraphs:
        for numeral in find_numerals(paragraph.text):
            if numeral.is_han and numeral.end - numeral.start == 1:
                continue  # 一 and 三 are parts of words more often than numbers
            percent = "%" if numeral.is_percent else ""
            with_commas = f"{numeral.value:,f}" if numeral.value == int(numeral.value) else plain(numeral.value)
            for form in (paragraph.text[numeral.start : numeral.end], plain(numeral.value), with_commas.split(".0")[0]):
                written.setdefault(form + ("" if form.endswith(("%", "％")) else percent), set()).add(paragraph.id)
    assert len(written) > 150
    for form, expected in written.items():
        assert set(seeds.found(form)) >= expected, form


def test_real_reports_facets(seeds: Collection) -> None:
    """Facets over real reports are a recount, for all of them and for those that a word is in."""
    names = [name for name in FACETS if name != "batch"]
    for query in ("", "行政执法", "处罚 OR 培训"):
        tree = seeds.understand(query).all
        counts = seeds.index.search(query, match="all", facets=names).facets
        paragraphs = [seeds.twin.paragraphs[i] for i in seeds.twin.matches(tree)]
        for name in names:
            check_counts(counts[name], *recount(name, paragraphs), 100, lambda _: False)
