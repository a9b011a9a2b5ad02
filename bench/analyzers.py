"""What OpenSearch finds without searchkit: the same paragraphs in fields with the analyzers that are used for Chinese.

`python -m bench.opensearch URL gov --alone CHINESE_URL` also runs this comparison. CHINESE_URL is the address of a node
with these analyzers (`python tests/opensearch/node.py chinese`). Each query is what a user would send: words as a
`match` of all of them, strings and numbers as a `match_phrase`, a place with a year as a `multi_match` over title,
headings and text. A scan of the paragraphs, which uses no analyzer, decides which hits are right. The counts of terms
aggregations, with which users of OpenSearch count facets, are compared with counts over all hits.
"""

from __future__ import annotations

import json
import re
import statistics
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from searchkit.index import Index
from searchkit.model import Paragraph

INDEX = "bench-alone"
"""Name of the OpenSearch index."""
ANALYZERS: Mapping[str, Mapping[str, str]] = {
    "standard": {"analyzer": "standard"},
    "smartcn": {"analyzer": "smartcn"},
    "IK": {"analyzer": "ik_max_word", "search_analyzer": "ik_smart"},
}
"""Analyzers of the fields. IK is used as its authors advise: a text is indexed with all words in it, also
overlapping ones, and a query is split into words that do not overlap."""
FIELDS = ("title", "path", "text")
SHARDS = 3
"""Number of shards of the index. Each shard counts its own most frequent values of a facet."""
FACETS: Mapping[str, Callable[[Paragraph], str | None]] = {
    "district": lambda paragraph: paragraph.district,
    "year": lambda paragraph: str(paragraph.year) if paragraph.year else None,
    "document": lambda paragraph: paragraph.document,
}
"""Facet → function that returns its value in a paragraph. An aggregation counts ten values, OpenSearch's default."""
ROUNDS = 3
"""How often each query is sent to measure how long it takes."""
_BULK = 2000
"""Maximum number of paragraphs of a bulk request."""
_MAX_HITS = 100_000
"""Number of requested hits if all hits are compared, which is also the most that the OpenSearch index returns."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for."""

    kind: str
    """`words`, `string`, `number` or `place and year`."""
    strings: tuple[str, ...]
    """Strings that must all be in the text. Only the kind `words` can have more than one."""
    place: str = ""
    """Name of the province of the report. Only the kind `place and year` has a place and a year."""
    year: int = 0
    """Year of the report, or one that the paragraph is about."""

    @property
    def text(self) -> str:
        """The query as a user writes it, without quotes."""
        return f"{self.place}{self.year}年{''.join(self.strings)}" if self.place else " ".join(self.strings)

    def searchkit(self) -> str:
        """Return the query for searchkit."""
        if self.place:
            return self.text
        if self.kind == "string":  # numbers are not quoted: in quotes, 3件 would also match in 13件
            return f'text:"{self.strings[0]}"'
        return " ".join(f"text:{string}" for string in self.strings)

    def opensearch(self, analyzer: str) -> Json:
        """Return the query for the fields with an analyzer."""
        if self.place:
            fields = [f"{name}.{analyzer}" for name in FIELDS]
            return {"multi_match": {"query": self.text, "type": "cross_fields", "operator": "and", "fields": fields}}
        if self.kind == "words":
            return {"match": {f"text.{analyzer}": {"query": self.text, "operator": "and"}}}
        return {"match_phrase": {f"text.{analyzer}": self.strings[0]}}

    def finds(self, paragraph: Paragraph) -> bool:
        """Return whether a paragraph is a right hit. A number must not continue another one: 13件 is no hit for 3件."""
        if self.kind == "number":
            return re.search(rf"(?<![\d.,]){re.escape(self.strings[0])}", paragraph.text) is not None
        if self.place and (
            paragraph.region[:1] != (self.place,) or self.year not in {paragraph.year, *paragraph.of_year}
        ):
            return False
        return all(string in paragraph.text for string in self.strings)


QUESTIONS: Sequence[Question] = (
    *(
        Question("words", tuple(words.split()))
        for words in (
            *(
                "区块链",
                "海绵城市",
                "托育",
                "老旧小区 改造",
                "养老 床位",
                "职业 教育 培训",
                "粮食 产量",
                "营商环境 优化",
            ),
        )
    ),
    *(
        Question("string", (string,))
        for string in (*("展和改革", "会主义核心", "共同富", "三农", "放管服", "新型城镇化", "一带一路", "房住不炒"),)
    ),
    *(
        Question("number", (string,))
        for string in ("3件", "10件", "8%", "3.5%", "5000公里", "12个", "500亿元", "100万人")
    ),
    *(
        Question("place and year", (string,), place, year)
        for string, place, year in (
            ("粮食", "河南省", 2019),
            ("高速公路", "贵州省", 2018),
            ("新增就业", "浙江省", 2020),
            ("海洋", "山东省", 2021),
            ("棚户区", "辽宁省", 2017),
            ("脱贫", "云南省", 2020),
        )
    ),
)
"""Words, strings (some begin or end inside a word), numbers with units, and words with place and year."""


def compare(url: str, index: Index) -> Json:
    """Compare the hits and times of searchkit and of each analyzer in OpenSearch.

    Returns recall, precision and times by kind of question, numbers of right hits and of hits by question, and what
    `_compare_facets` yields.

    Writes the paragraphs of `index` to OpenSearch first, unless OpenSearch already has the same number of paragraphs.
    """
    paragraphs = [*index.paragraphs()]
    if _call(url, "GET", f"/{INDEX}*/_count")["count"] != len(paragraphs):
        _index(url, paragraphs)
    found: Json = {"paragraphs": len(paragraphs), "facets": [*_compare_facets(url, paragraphs)]}
    right = {question: {p.id for p in paragraphs if question.finds(p)} for question in QUESTIONS}
    ways: dict[str, Callable[[Question, int], list[str]]] = {"searchkit": partial(_search_searchkit, index)}
    ways |= {name: partial(_search_opensearch, url, name) for name in ANALYZERS}
    hits = {way: {question: {*find(question, _MAX_HITS)} for question in QUESTIONS} for way, find in ways.items()}
    times: dict[tuple[str, str], list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for question in QUESTIONS:
            for way, find in ways.items():
                started = time.perf_counter()
                find(question, 10)
                times[way, question.kind].append((time.perf_counter() - started) * 1000)
    found["classes"] = [
        {
            "class": kind,
            "of": way,
            **_rate(kind, right, hits[way]),
            "p50 ms": round(statistics.median(times[way, kind]), 1),
        }
        for kind in dict.fromkeys(question.kind for question in QUESTIONS)
        for way in ways
    ]
    found["queries"] = [
        {
            "query": question.text,
            "right": len(right[question]),
            **{way: [len(hits[way][question] & right[question]), len(hits[way][question])] for way in ways},
        }
        for question in QUESTIONS
    ]
    return found


def _compare_facets(url: str, paragraphs: Iterable[Paragraph]) -> Iterator[Json]:
    """Yield for each facet how many counts of terms aggregations are wrong, over the questions that consist of words.

    The right counts are those over all hits. `missing` is the number of values that are not in the answer of an
    aggregation, although they have more hits than the value with the fewest hits in it.
    """
    by_id = {paragraph.id: paragraph for paragraph in paragraphs}
    asked = [question for question in QUESTIONS if question.kind == "words"]
    hits = {question: _search_opensearch(url, "standard", question, _MAX_HITS) for question in asked}
    for facet, value_of in FACETS.items():
        numbers: Counter[str] = Counter(dict.fromkeys(("counts", "wrong", "missing"), 0))
        for question in asked:
            right = Counter(filter(None, (value_of(by_id[hit]) for hit in hits[question])))
            body = {"query": question.opensearch("standard"), "size": 0, "aggs": {facet: {"terms": {"field": facet}}}}
            buckets = _call(url, "POST", f"/{INDEX}/_search", json.dumps(body))["aggregations"][facet]["buckets"]
            shown = {bucket["key"]: bucket["doc_count"] for bucket in buckets}
            numbers["counts"] += len(shown)
            numbers["wrong"] += sum(right[value] != count for value, count in shown.items())
            last = min((right[value] for value in shown), default=0)
            numbers["missing"] += sum(count > last for value, count in right.items() if value not in shown)
        yield {"facet": facet, "values": len({*map(value_of, by_id.values())}), **numbers}


def _rate(kind: str, right: Mapping[Question, set[str]], hits: Mapping[Question, set[str]]) -> Json:
    """Return recall and precision over all hits of a kind of questions, and how many questions are answered exactly.

    Recall is None if no paragraph is right, precision if there are no hits.
    """
    asked = [question for question in right if question.kind == kind]
    both = sum(len(right[question] & hits[question]) for question in asked)
    exact = sum(right[question] == hits[question] for question in asked)
    wanted, got = (sum(len(sets[question]) for question in asked) for sets in (right, hits))
    return {
        "queries": len(asked),
        "exact": exact,
        "recall": round(both / wanted, 3) if wanted else None,
        "precision": round(both / got, 3) if got else None,
    }


def _index(url: str, paragraphs: Iterable[Paragraph]) -> None:
    """Write paragraphs to a new OpenSearch index. Deletes the previous one.

    Each of `FIELDS` has a subfield for each of `ANALYZERS`.
    """
    fields = {name: {"type": "text", **analyzer} for name, analyzer in ANALYZERS.items()}
    mapping = {name: {"type": "keyword", "index": False, "doc_values": False, "fields": fields} for name in FIELDS}
    body = {
        "settings": {"number_of_shards": SHARDS, "number_of_replicas": 0, "max_result_window": _MAX_HITS},
        "mappings": {
            "properties": {**mapping, **{facet: {"type": "keyword"} for facet in FACETS}},
            "_source": {"enabled": False},
        },
    }
    _call(url, "DELETE", f"/{INDEX}?ignore_unavailable=true")
    _call(url, "PUT", f"/{INDEX}", json.dumps(body))
    lines: list[str] = []
    for paragraph in paragraphs:
        content: Json = {"title": paragraph.title or "", "path": [*paragraph.path], "text": paragraph.text}
        content |= {facet: value_of(paragraph) for facet, value_of in FACETS.items()}
        lines += [json.dumps({"index": {"_id": paragraph.id}}), json.dumps(content)]
        if len(lines) >= 2 * _BULK:
            _send(url, lines)
            lines = []
    _send(url, lines)
    _call(url, "POST", f"/{INDEX}/_refresh")


def _send(url: str, lines: Sequence[str]) -> None:
    """Send a bulk request, unless `lines` is empty. Raises RuntimeError if an item fails."""
    if lines and (answer := _call(url, "POST", f"/{INDEX}/_bulk", "\n".join(lines) + "\n"))["errors"]:
        failed = next(item for item in answer["items"] if "error" in next(iter(item.values())))
        raise RuntimeError(str(failed))


def _search_searchkit(index: Index, question: Question, size: int) -> list[str]:
    """Return the ids of the best `size` hits; for `_MAX_HITS`, of all hits that count in the total."""
    if size < _MAX_HITS:
        return [hit.id for hit in index.search(question.searchkit(), limit=size).hits]
    return [hit.id for hit in index.every_hit(question.searchkit(), beyond=False)]


def _search_opensearch(url: str, analyzer: str, question: Question, size: int) -> list[str]:
    """Return the ids of the best `size` hits in the fields with an analyzer.

    Raises RuntimeError if OpenSearch returns fewer than `size` hits although it counts more.
    """
    body = {"query": question.opensearch(analyzer), "size": size, "track_total_hits": True, "_source": False}
    answer = _call(url, "POST", f"/{INDEX}/_search", json.dumps(body))
    hits = [hit["_id"] for hit in answer["hits"]["hits"]]
    if len(hits) < min(size, answer["hits"]["total"]["value"]):
        message = f"not all hits: {body}"
        raise RuntimeError(message)
    return hits


def _call(url: str, method: str, path: str, body: str = "") -> Json:
    """Send a request, and return the answer, parsed from JSON."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}{path}", body.encode() or None, headers, method=method)  # noqa: S310 - the address of the user
    with urllib.request.urlopen(request, timeout=300) as answer:  # noqa: S310
        result: Json = json.load(answer)
        return result
