"""Order and scores of hits. The cluster orders all matches by words; the best are scored again here, exactly.

The script on the cluster adds up the same numbers as `engines.ranking`, but OpenSearch rounds a score to 24 bits. Hits
get their scores from their stored frequencies, in 64 bits. So the order can differ from that of another engine only
for hits whose scores by words are equal in 24 bits: which of them are among the best `RESCORE_DEPTH`, and how the
hits after these are ordered.

To find the best of many matches, the script scores only candidates: the best by OpenSearch's own BM25, which skips most
matches. OpenSearch's BM25 rounds lengths down, so its scores are, up to a factor, upper bounds of ours
(`Statistics.bound`). If a match that is not a candidate could be among the best, the script scores all matches.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from searchkit.engines.contract import Request
from searchkit.engines.opensearch.cluster import Cluster
from searchkit.engines.opensearch.columns import Documents
from searchkit.engines.opensearch.mapping import StoredRecord, parse_frequencies, sort_field
from searchkit.engines.opensearch.matching import all_of, gram_query, named, to_query
from searchkit.engines.opensearch.records import paragraph_of, parse_record
from searchkit.engines.ranking import (
    K1,
    RESCORE_DEPTH,
    B,
    Explanation,
    Lengths,
    count_grams,
    idf,
    query_grams,
    query_terms,
    saturation,
    weighted_sum,
)
from searchkit.model import Paragraph
from searchkit.query.tree import ScoringClause
from searchkit.text.folding import fold

Json = dict[str, Any]

CANDIDATES = 2 * RESCORE_DEPTH
"""Number of candidates: the best matches by OpenSearch's own BM25."""
_MIN_MATCHES = 2 * CANDIDATES
"""Minimum number of matches for which candidates are used. Fewer matches are all scored, in one request instead of
two."""
_ROUNDING = 1 + 1e-5
"""Factor by which a score may be too low because OpenSearch rounds it."""
_PAGE_SIZE = 1000
"""Maximum number of hits that are fetched at a time, unless hits are grouped: then all are fetched at once."""

_LEAST_SCORE = 1e-30
"""Score of a match without a word of the scoring clauses. It is more than 0, because hits that do not match
`Request.first`, and come last, have the score 0. It is so small that no other score loses digits: OpenSearch rounds to
24 bits."""
_SCORE_SCRIPT = """
double sum = 0.0;
double norm = params.k1 * (1.0 - params.b + params.b * doc['length'].value / params.average);
for (int i = 0; i < params.terms.length; ++i) {
  double tf = termFreq('frequencies', params.terms[i]);
  if (tf > 0) { sum += params.weights[i] * (tf * (params.k1 + 1.0) / (tf + norm)); }
}
return Math.max(sum, params.least);
"""
_RANK_SCRIPT = "return params.ranks.getOrDefault(String.valueOf(doc['uid'].value), params.last);"
"""Returns the rank of a hit that was scored again. All other hits have the same rank, which is after these ranks."""


@dataclass(frozen=True)
class RankedHit:
    """A hit with its score."""

    record: StoredRecord
    paragraph: Paragraph
    uid: int
    """Hash of the id of the paragraph (`mapping.uid_of`)."""
    order: str
    """Sort key of the paragraph for corpus order."""
    scores: Explanation
    is_last: bool
    """Whether the hit does not match `Request.first`, and therefore comes after the hits that do."""
    is_beyond: bool
    """Whether the hit is not a match, but a further hit (`Request.beyond`)."""


class Statistics:
    """Document frequencies and lengths of a state, which never change. Thread-safe."""

    def __init__(self, cluster: Cluster, data: str, documents: Documents) -> None:
        self.cluster, self.data = cluster, data
        self.paragraphs = documents.paragraphs
        self.lengths: Lengths = documents.lengths
        self._empty, self._deleted = documents.empty, documents.deleted
        self._df: dict[tuple[str, bool], int] = {}

    @property
    def average(self) -> float:
        """Average weighted length of a paragraph."""
        return weighted_sum(self.lengths.text, self.lengths.heading, self.lengths.title) / (self.paragraphs or 1)

    def load(self, terms: Iterable[str], grams: Iterable[str] = ()) -> None:
        """Look up the document frequencies of terms and grams, in one request."""
        keys = [*((term, False) for term in terms), *((gram, True) for gram in grams)]
        new = [key for key in keys if key not in self._df]
        queries = [gram_query(text) if is_gram else {"term": {"frequencies": text}} for text, is_gram in new]
        bodies = [{"query": query, "size": 0, "track_total_hits": True} for query in queries]
        for key, answer in zip(new, self.cluster.search_many(self.data, bodies), strict=True):
            self._df[key] = answer["hits"]["total"]["value"]

    @property
    def has_bounds(self) -> bool:
        """Whether the deleted documents that OpenSearch still counts are at most 1 % of the number of paragraphs.

        Then the bounds (`bound`) are near our scores. In a measurement, the candidates sufficed for most queries if no
        document was deleted, and for no query if 5 % were deleted.
        """
        return self._deleted * 100 <= self.paragraphs

    def bound(self, terms: Iterable[str]) -> float:
        """Return an upper bound of the ratio of our score by some terms to the score of OpenSearch's own BM25.

        OpenSearch counts only paragraphs with at least one term, and still counts deleted documents: in the number of
        documents, in document frequencies and in the average length.
        """
        with_terms = self.paragraphs - self._empty
        ratios = [1.0]
        for term in terms:
            df = self._df[term, False]
            own = math.log(1 + (with_terms - df + 0.5) / (df + self._deleted + 0.5))
            ratios.append(self.idf(term) / own)
        return max(ratios) * (1 + self._deleted / max(with_terms, 1)) * _ROUNDING

    def idf(self, text: str, *, is_gram: bool = False) -> float:
        """Return the idf of a term or gram that was loaded."""
        return idf(self._df[text, is_gram], self.paragraphs)


def score_query(clauses: Sequence[ScoringClause], statistics: Statistics, query: Json) -> Json:
    """Return a query that scores its matches by words, at least `_LEAST_SCORE`."""
    weights = query_terms(clauses)
    statistics.load(weights)
    params = {
        "terms": [*weights],
        "weights": [boost * statistics.idf(term) for term, boost in weights.items()],
        "k1": K1,
        "b": B,
        "average": statistics.average or 1.0,
        "least": _LEAST_SCORE,
    }
    return {"script_score": {"query": query, "script": {"source": _SCORE_SCRIPT, "params": params}}}


class Ranking:
    """The ranked hits of a request."""

    def __init__(self, statistics: Statistics, request: Request, union: Json, total: int) -> None:
        """`union`: query of the matches and of the hits beyond (`Request.beyond`), if any.

        With hits beyond, the part of `union` that only matches satisfy has the name `match`. `total`: number of
        paragraphs that `union` matches.
        """
        self._cluster, self._data = statistics.cluster, statistics.data
        self._statistics, self._request = statistics, request
        self._union, self._total = union, total
        self._is_scored = bool(request.scoring) or request.first is not None
        self._scored: list[RankedHit] | None = None

    def _ranked(self, selected: Json) -> Json:
        """Return the query of the hits that the query `selected` matches.

        Each hit lists which of the queries named `first` and `complete` it matches, and whether it matches that part of
        `selected` that is named `match`. The query scores the hits if the request has scoring clauses or `first`.
        """
        request = self._request
        # Only the needed names: each one sends its tree, and OpenSearch limits the number of clauses of a search.
        names = []
        if request.first is not None:
            names.append(named("first", to_query(request.first)))
        if request.complete is not None:
            names.append(named("complete", to_query(request.complete)))
        query: Json = {"bool": {"filter": [selected], "should": names, "minimum_should_match": 0}}
        if not self._is_scored:
            return query
        if request.first is None:
            return score_query(request.scoring, self._statistics, query)
        # The named queries are in the filter, which adds no score. So hits that do not match `first` have the score 0.
        first = score_query(request.scoring, self._statistics, to_query(request.first))
        return {"bool": {"filter": [query], "should": [first], "minimum_should_match": 0}}

    def hits(self) -> Iterator[RankedHit]:
        """Yield the hits that the request asks for: from its offset on, up to its limit."""
        request, total = self._request, self._total
        offset = request.offset
        end = total if request.limit is None else min(total, offset + request.limit)
        group = "document" if request.by_document else "fold" if request.fold else None
        if not request.sort:
            best = self._best if group is None else [*self._first_of_groups(self._best)]
            if group is None or end <= len(best) or total == len(self._best):
                yield from best[offset:end]
                offset = max(offset, len(best)) if group is None else end
        body = self._body(self._union, [*self._keys(), *self._by_rank()])
        if group is not None:
            body["collapse"] = {"field": group}
        while offset < end:
            size = min(_PAGE_SIZE, end - offset) if group is None else end - offset
            body["size"] = size
            if "search_after" not in body:
                body["from"] = offset
            found = self._cluster.search(self._data, body)["hits"]["hits"]
            yield from map(self._read, found)
            if group is not None or len(found) < size:
                return
            offset += size
            body.pop("from", None)
            body["search_after"] = found[-1]["sort"]

    def _first_of_groups(self, hits: Iterable[RankedHit]) -> Iterator[RankedHit]:
        """Yield the first hit of each group: the hits of one document, or the hits with one near-duplicate key."""
        seen: set[str | int] = set()
        for hit in hits:
            group = hit.paragraph.document if self._request.by_document else hit.record.key or -hit.uid
            if group not in seen:
                seen.add(group)
                yield hit

    def folded(self, keys: Mapping[int, int], limit: int) -> dict[int, tuple[int, tuple[str, ...]]]:
        """Return for each hit, by uid, how many other hits have its near-duplicate key, and the first ids of these.

        `keys`: the keys of the hits, by uid. The ids are in corpus order, at most `limit`.
        """
        bodies = [
            {
                "query": all_of([self._union, {"term": {"key": key}}], [{"term": {"uid": uid}}]),
                "size": limit,
                "sort": ["order"],
                "track_total_hits": True,
                "_source": ["record"],
            }
            for uid, key in keys.items()
        ]
        answers = self._cluster.search_many(self._data, bodies)
        return {
            uid: (
                answer["hits"]["total"]["value"],
                tuple(parse_record(hit["_source"]).paragraph["id"] for hit in answer["hits"]["hits"]),
            )
            for uid, answer in zip(keys, answers, strict=True)
        }

    def _body(self, selected: Json, sort: Sequence[object]) -> Json:
        return {"query": self._ranked(selected), "sort": [*sort], "track_total_hits": False, "track_scores": False}

    def _keys(self) -> Iterator[Json | str]:
        """Yield the keys of the request as OpenSearch sorts by them."""
        for key in self._request.sort:
            if key == "score":
                yield from self._by_rank(equal=True)[:-1]
            else:
                order = "desc" if key.startswith("-") else "asc"
                field = sort_field(key.removeprefix("-"))
                yield {field: {"order": order, "missing": "_last", "unmapped_type": "keyword"}}

    def _by_rank(self, *, equal: bool = False) -> list[Json | str]:
        """Return the sort keys for the order of scores. `equal`: hits with equal scores have equal ranks."""
        ranks: dict[str, int] = {}
        previous: tuple[bool, float] | None = None
        rank = 0
        for position, hit in enumerate(self._best):
            score = hit.is_last, hit.scores.score
            rank = rank if equal and score == previous else position
            ranks[str(hit.uid)], previous = rank, score
        script = {"source": _RANK_SCRIPT, "params": {"ranks": ranks, "last": RESCORE_DEPTH}}
        keys: list[Json | str] = [{"_script": {"type": "number", "script": script, "order": "asc"}}]
        return [*keys, *(["_score"] if self._is_scored else []), "order"]

    @property
    def _best(self) -> list[RankedHit]:
        """The best hits by words, scored again and in their final order."""
        # Up to Python 3.11, a cached_property has one lock for all objects, and rankings wait for the cluster here.
        if self._scored is None:
            self._scored = self._score_best()
        return self._scored

    def _score_best(self) -> list[RankedHit]:
        """Load the best hits by words, and score them again."""
        clauses = self._request.scoring
        grams = {size: query_grams(clauses, size) for size in (1, 2)}
        self._statistics.load(query_terms(clauses), [*grams[1], *grams[2]])
        hits = self._best_of_candidates(grams) if self._has_candidates() else None
        hits = self._best_of(self._union, grams) if hits is None else hits
        return sorted(hits, key=lambda hit: (hit.is_last, -hit.scores.score, hit.order))

    def _has_candidates(self) -> bool:
        """Return whether the best hits are searched for among candidates first."""
        request = self._request
        is_ranked = bool(request.scoring) and request.first is None
        return is_ranked and self._total >= _MIN_MATCHES and self._statistics.has_bounds

    def _best_of(self, selected: Json, grams: Mapping[int, Mapping[str, float]]) -> list[RankedHit]:
        """Return the best of the selected hits by words, scored again."""
        body = self._body(selected, [*(["_score"] if self._is_scored else []), "order"])
        found = self._cluster.search(self._data, {**body, "size": RESCORE_DEPTH})["hits"]["hits"]
        return [self._read(hit, grams) for hit in found]

    def _best_of_candidates(self, grams: Mapping[int, Mapping[str, float]]) -> list[RankedHit] | None:
        """Return the best of the candidates by words, scored again. None if another match could be among the best."""
        terms = query_terms(self._request.scoring)
        scoring = [{"term": {"frequencies": {"value": term, "boost": boost}}} for term, boost in terms.items()]
        body = {
            "query": {"bool": {"filter": [self._union], "should": scoring, "minimum_should_match": 0}},
            "size": CANDIDATES,
            "track_total_hits": False,
            "stored_fields": "_none_",
            "docvalue_fields": ["uid"],
        }
        # This type of search takes document frequencies over all shards.
        found = self._cluster.search(self._data, body, search_type="dfs_query_then_fetch")["hits"]["hits"]
        native = {hit["fields"]["uid"][0]: hit["_score"] for hit in found}
        candidates = {"terms": {"uid": [*native]}}
        is_named = self._request.beyond is not None  # then the union names the matches
        hits = self._best_of(all_of([candidates, self._union]) if is_named else candidates, grams)
        words = {hit.uid: sum(hit.scores.words.values()) for hit in hits}
        # OpenSearch 3 leaves out the factor k1 + 1, which is the same for all scores.
        factor = K1 + 1 if any(score > (K1 + 1) / 2 * native[uid] for uid, score in words.items()) else 1.0
        highest_other = min(native.values()) * factor * self._statistics.bound(terms)
        return hits if min(words.values()) > highest_other else None

    def _read(self, hit: Json, grams: Mapping[int, Mapping[str, float]] | None = None) -> RankedHit:
        """Return a hit of OpenSearch as a ranked hit.

        `grams`: the grams of the query with their weights, by size. With them, the hit is scored by both steps of
        ranking. Without them, it is taken from the best hits or, if it is not among them, scored by words alone. A hit
        that does not match `Request.first` comes last, and has the score 0.
        """
        source, names = hit["_source"], hit.get("matched_queries", ())
        uid = int(source["uid"])
        if grams is None and uid in self._best_by_uid:
            return self._best_by_uid[uid]
        record = parse_record(source)
        paragraph = paragraph_of(record)
        is_last = self._request.first is not None and "first" not in names
        is_beyond = self._request.beyond is not None and "match" not in names
        scores = Explanation()
        if not is_last:
            scores = self._score_words(source["frequencies"], Lengths(*record.lengths))
            if grams is not None:
                scores = self._rescore(grams, paragraph, Lengths(*record.lengths), scores)
                scores = scores.completed() if "complete" in names else scores
        return RankedHit(record, paragraph, uid, hit["sort"][-1], scores, is_last, is_beyond)

    @cached_property
    def _best_by_uid(self) -> dict[int, RankedHit]:
        return {hit.uid: hit for hit in self._best}

    def _score_words(self, frequencies: str, lengths: Lengths) -> Explanation:
        """Step one of ranking: return the scores by words."""
        terms = query_terms(self._request.scoring)
        length = weighted_sum(lengths.text, lengths.heading, lengths.title)
        found = parse_frequencies(frequencies, terms) if terms else {}
        statistics = self._statistics
        return Explanation(
            {
                term: boost * statistics.idf(term) * saturation(found[term], length, statistics.average)
                for term, boost in terms.items()
                if term in found
            }
        )

    def _rescore(
        self, grams: Mapping[int, Mapping[str, float]], paragraph: Paragraph, lengths: Lengths, words: Explanation
    ) -> Explanation:
        """Step two of ranking: return the scores by words, bigrams and characters."""
        totals, text = self._statistics.lengths, fold(paragraph.text)
        bigrams = self._score_grams(grams[2], (text, fold(paragraph.title or "")), lengths.bigrams, totals.bigrams)
        characters = self._score_grams(grams[1], (text,), lengths.characters, totals.characters)
        return Explanation(words.words, bigrams, characters)

    def _score_grams(self, weights: Mapping[str, float], texts: Sequence[str], length: int, total_length: int) -> float:
        """Return the score of a paragraph by bigrams or by characters in some of its texts.

        `length` and `total_length`: the number of bigrams or characters in the text of the paragraph, and in those of
        all paragraphs.
        """
        statistics = self._statistics
        tf: Counter[str] = sum((count_grams(text, weights) for text in texts), Counter())
        average = total_length / statistics.paragraphs
        return sum(
            weight * statistics.idf(gram, is_gram=True) * saturation(tf[gram], length, average)
            for gram, weight in weights.items()
            if gram in tf
        )
