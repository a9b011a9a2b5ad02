"""Every engine against slow twins in plain Python, over random texts and trees, and on real reports."""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from searchkit.analysis import Analyzer
from searchkit.corpus import DocumentRead
from searchkit.engines import Engine, Request, open_engine
from searchkit.errors import IndexForeign
from searchkit.facets import BUILT_IN, Facet, FacetCounts, Filter
from searchkit.folding import fold
from searchkit.indexing import BuildOptions, build
from searchkit.model import Document, Paragraph
from searchkit.numerals import find_numerals, plain
from searchkit.query import And, Everything, Node, Not, Or, Prefix, Query, Substring, Wanted, Word
from searchkit.ranking import RESCORED
from searchkit.searching import Index
from searchkit.syntax import parse

TOLERANCE = 1e-4
"""Two engines may give scores that differ by so much."""

# Small alphabets, so that what is searched for is often there. Words, word borders, numbers and their look-alikes.
PIECES = [*"执法检查监督行政市长江大桥三十二百零件户元万％%0123１２，。、：. ", "执法", "检查", "行政执法", "3件", "13件", "十三件", "App", "ｐｍ2.5"]
FACETS = ("district", "district:1", "district:2", "year", "agency", "topic", "section", "doctype", "document", "batch")
REGIONS = ((), ("天津市",), ("天津市", "东丽区"), ("福建省", "福州市", "鼓楼区"), ("江苏省", "南京市", "鼓楼区"))
TOPICS = ("行政执法", "普法宣传", "队伍建设")
HEADINGS = ("执法检查", "行政", "监督3件", "长江")

few = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def text_from(pieces: Sequence[str], most: int = 8) -> st.SearchStrategy[str]:
    """Texts of a few of the pieces."""
    return st.lists(st.sampled_from(pieces), min_size=1, max_size=most).map("".join)


RUNS = text_from([piece for piece in PIECES if piece.strip(" ：") == piece], 4)
"""What stands in a query without spaces and colons."""


# --- the slow twin: what the definitions in searchkit.query, facets and ranking say, one paragraph after the other


@dataclass(frozen=True)
class Twin:
    """Answers by definition. Everything is by position in corpus order."""

    paragraphs: Sequence[Paragraph]
    analyzer: Analyzer

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
                return True
            case Word():
                return node.term in self.terms[i][node.field]
            case Prefix():
                return any(term.startswith(node.text) for term in self.terms[i][node.field])
            case Substring():
                texts = map(fold, texts_of(self.paragraphs[i], node.field))
                return any(occurs(node.text, text, whole=node.whole_numbers) for text in texts)
            case Filter():
                return passes(node, self.paragraphs[i])
            case Not():
                return not self.holds(node.child, i)
            case And():
                return all(self.holds(child, i) for child in node.children)
            case Or():
                return any(self.holds(child, i) for child in node.children)

    def scores(self, wanted: Sequence[Wanted], matches: Sequence[int]) -> dict[int, float]:
        """Words, bigrams and characters of each match; right only where no more than `RESCORED` match."""
        kinds = [self._word_lists(), self._gram_lists(2), self._gram_lists(1)]
        asked: list[Counter[str]] = [Counter(), Counter(), Counter()]
        for part in wanted:
            for kind, terms in enumerate((part.terms, grams(part.text, 2), grams(part.text, 1))):
                for term in terms:
                    asked[kind][term] += part.weight  # type: ignore[assignment]
        return {i: sum(bm25(lists, query, i) for lists, query in zip(kinds, asked, strict=True)) for i in matches}

    def _word_lists(self) -> list[Counter[str]]:
        """Tokens with their frequencies: a heading's count twice."""
        return [Counter(t["text"]) + Counter(t["heading"] * 2) + Counter(t["title"]) for t in self.terms]

    def _gram_lists(self, size: int) -> list[Counter[str]]:
        return [Counter(grams(fold(paragraph.text), size)) for paragraph in self.paragraphs]


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


def bm25(lists: Sequence[Counter[str]], query: Counter[str], i: int) -> float:
    """BM25 of text number i, k1 1.2 and b 0.75, with ln(1 + (N - df + 0.5) / (df + 0.5)) as the weight of a term."""
    average = sum(map(Counter.total, lists)) / len(lists)
    score = 0.0
    for term, weight in query.items():
        df = sum(term in other for other in lists)
        tf = lists[i][term]
        if tf:
            idf = math.log(1 + (len(lists) - df + 0.5) / (df + 0.5))
            score += weight * idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * lists[i].total() / average))
    return score
