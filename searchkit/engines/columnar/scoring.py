"""Computes the scores of `ranking`: step one (words) from the postings, step two (bigrams, characters) from the texts.

Numbers are added in the same order as in the reference engine, so that the scores by words agree to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import accumulate, pairwise
from operator import add

import numpy as np

from searchkit.engines.columnar.arrays import Array, unique_sorted
from searchkit.engines.columnar.docsets import DocSet
from searchkit.engines.columnar.postings import MAX_CACHED_INDEX_POSTINGS
from searchkit.engines.columnar.reader import IMPACT_GROUP_SIZE, MAX_IMPACT, IndexReader
from searchkit.engines.grams import find_grams
from searchkit.engines.ranking import K1, RESCORE_DEPTH, idf, query_grams, query_terms
from searchkit.query.tree import ScoringClause

_SCORE_BLOCK_SIZE = 1 << 15  # scores of terms that are computed together: they stay in the processor's cache
_MAX_EXACT_DOCS = 4096
"""A number of docs with three uses: (a) A set that is stored as at most this many ids is scored without upper bounds
(`_ImpactBounds`). (b) In `Scorer._candidates`, docs that are likely to be the best come first if they are at most this
many. (c) The first block of docs whose upper bounds are computed has this many docs, unless docs that came first have
set a threshold."""
_MAX_BOUND_BLOCK_DOCS = 1 << 17
"""Maximum number of docs of a block for upper bounds. A block of a bitset includes docs that do not match."""
_NEAR_RATIO = 5
"""Docs are excluded by the maximum impacts of their groups if that leaves at most one of 5 docs."""
_MAX_16_BIT_TERMS = 32  # upper bounds have 16 bits for at most this many terms; for more terms they would be too coarse
_MIN_COMPARED_LENGTH, _MAX_COMPARED_CODES = 4096, 28
"""`_find_codes` compares a text with each wanted code if the text has at least 4096 codes, and at most 28 are wanted.

Otherwise looking up every code of the text is faster.
"""
_IMPACT_ERROR = 1e-3  # more than the rounding error of an impact (0 to 255) before it is rounded up


class Scorer:
    """Computes the scores of one query in one index."""

    def __init__(self, reader: IndexReader, clauses: Sequence[ScoringClause]) -> None:
        self._reader = reader
        self._clauses, boosts = clauses, query_terms(clauses)
        doc_count, dfs = reader.commit.doc_count, {term: reader.terms.df(term) for term in boosts}
        self._term_weights = {term: boost * idf(dfs[term], doc_count) for term, boost in boosts.items()
                              if boost and dfs[term]}  # fmt: skip

    def score(self, doc_ids: Array) -> Array:
        """Step one: return the score of each doc by words. The doc ids ascend. Takes about 10 ns per word and doc."""
        if not self._term_weights:
            return np.zeros(len(doc_ids))
        scores, terms = np.zeros(len(doc_ids)), [*self._term_weights]
        for first in range(0, len(terms), MAX_CACHED_INDEX_POSTINGS):  # so that no postings are expanded twice
            group = terms[first : first + MAX_CACHED_INDEX_POSTINGS]
            size = max(1, _SCORE_BLOCK_SIZE // len(group))
            for at in range(0, len(doc_ids), size):
                block = slice(at, at + size)
                rows = self._score_terms(doc_ids[block], group)
                scores[block] = _add_rows(np.concatenate([scores[None, block], rows]) if first else rows)
        return scores

    def best(self, docs: DocSet, likely: DocSet | None = None) -> tuple[Array, Array]:
        """Return the best docs of a set by step one, at most `RESCORE_DEPTH`, and their scores. The doc ids ascend.

        `likely`: docs of the set that are likely to be among the best, which saves time.

        Among docs with equal scores, the first in corpus order are the best. For a set that is stored as at most
        `_MAX_EXACT_DOCS` ids, takes as long as `score`. For any other set, takes about 0.3 ns per word and doc to
        compute upper bounds.
        """
        if not self._term_weights:
            doc_ids = self._reader.first(docs, RESCORE_DEPTH)
        elif docs.is_dense or len(docs) > _MAX_EXACT_DOCS:
            doc_ids = self._candidates(docs, _ImpactBounds(self._reader, self._term_weights), likely)
        else:
            doc_ids = docs.ids
        scores = self.score(doc_ids)
        if len(doc_ids) > RESCORE_DEPTH:
            # `np.partition` finds the `RESCORE_DEPTH`th best score. Docs with equal scores may exceed that number.
            best = np.flatnonzero(scores >= np.partition(scores, -RESCORE_DEPTH)[-RESCORE_DEPTH])
            best = best.take(np.sort(self._reader.rank(doc_ids.take(best), scores.take(best))[:RESCORE_DEPTH]))
            doc_ids, scores = doc_ids.take(best), scores.take(best)
        return doc_ids, scores

    def _candidates(self, docs: DocSet, bounds: _ImpactBounds, likely: DocSet | None) -> Array:
        """Return the ids, ascending, of the docs that `bounds` cannot exclude from the `RESCORE_DEPTH` best of a set.

        A doc is excluded if its upper bound is below the threshold, which rises as docs are offered (`_ImpactBounds`).
        The earlier the threshold rises, the more docs it excludes. So two groups of docs are offered to `bounds` first:

        (a) the docs in `likely`, if they are stored as ids, more than `RESCORE_DEPTH` and at most `_MAX_EXACT_DOCS`;
        (b) if the set is dense, the docs with a rare term (`IndexTerms.rare_doc_ids`).

        If the threshold then exceeds the highest possible bound of a doc with only frequent terms, all candidates have
        a rare term, and the other docs of a dense set are not offered ("MaxScore": Turtle and Flood, "Query Evaluation:
        Strategies and Optimizations", 1995).
        """
        if likely is not None and not likely.is_dense and RESCORE_DEPTH < len(likely) <= _MAX_EXACT_DOCS:
            bounds.offer(likely.ids)
            bounds.restart()
        matches = docs.bitset if docs.is_dense else docs.ids
        if docs.is_dense and self._rare_terms_suffice(matches, bounds):
            return bounds.candidates()
        # If there is no threshold yet, the first block is small, because it sets the first threshold.
        start, size = 0, _MAX_BOUND_BLOCK_DOCS if bounds.has_threshold else _MAX_EXACT_DOCS
        near_docs: Array | None = None
        while start < len(matches):
            # Before the first block of full size, the maximum impacts of groups are tried once. If they exclude most
            # docs, only the others are offered.
            if docs.is_dense and size == _MAX_BOUND_BLOCK_DOCS < len(matches) - start and near_docs is None:
                near_docs = bounds.near_docs()
                if len(near_docs) * _NEAR_RATIO <= len(matches):
                    near_docs = near_docs[near_docs.searchsorted(start) :]
                    bounds.offer(near_docs.compress(matches.take(near_docs)))
                    break
            block = matches[start : start + size]
            if docs.is_dense:
                bounds.offer(slice(start, start + len(block)), block)
            else:
                bounds.offer(block)
            start, size = start + size, min(4 * size, _MAX_BOUND_BLOCK_DOCS)
        return bounds.candidates()

    def _rare_terms_suffice(self, matches: Array, bounds: _ImpactBounds) -> bool:
        """Return whether every candidate in a bitset contains a rare term. If so, `bounds` contains the candidates.

        Otherwise `bounds` contains no candidates, but keeps the threshold that docs with a rare term reached.
        """
        rare_doc_ids = {term: self._reader.terms.rare_doc_ids(term) for term in self._term_weights}
        id_arrays = [doc_ids for doc_ids in rare_doc_ids.values() if doc_ids is not None]
        if not id_arrays:
            return False
        doc_ids = unique_sorted(np.sort(np.concatenate(id_arrays)))
        bounds.offer(doc_ids.compress(matches.take(doc_ids)))
        if bounds.threshold_exceeds(term for term, doc_ids in rare_doc_ids.items() if doc_ids is None):
            return True
        bounds.restart()
        return False

    def _score_terms(self, doc_ids: Array, terms: Sequence[str]) -> Array:
        """Return a row per term with the score of the term in each doc. `terms`: terms of the query.

        `score` limits the number of docs times terms, so that temporary arrays are small. `explain` passes the hits of
        a page.
        """
        frequencies = self._reader.terms.frequencies
        tf = np.array([frequencies(term, doc_ids) for term in terms], np.float64)
        weights = np.array([self._term_weights[term] for term in terms])
        return _weighted_saturation(weights, tf, self._reader.norms(doc_ids))

    def explain(self, doc_ids: Array) -> list[Mapping[str, float]]:
        """Step one: return for each doc the score of each term that the doc contains. The doc ids ascend."""
        if not self._term_weights:
            return [{}] * len(doc_ids)
        scores_by_doc = self._score_terms(doc_ids, [*self._term_weights]).T.tolist()
        return [
            {term: score for term, score in zip(self._term_weights, scores, strict=True) if score}
            for scores in scores_by_doc
        ]

    def rescore(self, doc_ids: Array) -> tuple[Array, Array]:
        """Step two: return the score of each doc by bigrams, and by characters. The doc ids ascend.

        Bigrams also count in the title of the document.
        """
        characters, bigrams = query_grams(self._clauses, 1), query_grams(self._clauses, 2)
        if not characters or not len(doc_ids):
            return np.zeros(len(doc_ids)), np.zeros(len(doc_ids))
        tf, split = self._gram_frequencies(doc_ids, list(characters), list(bigrams)), len(characters)
        for row, title_tf in self._title_frequencies(doc_ids, list(bigrams)):
            tf[split + row] += title_tf
        character_scores = self._score_grams(characters, tf[:split], self._reader.gram_norms("character", doc_ids))
        bigram_scores = self._score_grams(bigrams, tf[split:], self._reader.gram_norms("bigram", doc_ids))
        return bigram_scores, character_scores

    def _score_grams(self, grams: Mapping[str, float], tf: Array, norms: Array) -> Array:
        """Return the score of each doc by grams of one size.

        `grams`: the weight of each gram. `tf`: for each gram a row of frequencies. `norms`: the norm of each doc.
        """
        if not grams:
            return np.zeros(len(norms))
        doc_count = self._reader.commit.doc_count
        dfs = self._reader.gram_dfs(list(grams))
        weights = [boost * idf(df, doc_count) for boost, df in zip(grams.values(), dfs, strict=True)]
        return _add_rows(_weighted_saturation(np.array(weights), tf, norms))

    def _title_frequencies(self, doc_ids: Array, bigrams: Sequence[str]) -> Iterator[tuple[int, Array]]:
        """Yield the index of each bigram that occurs in a title, and its frequency in the title of each doc's document.

        Takes about 0.1 µs per document for each of these bigrams.
        """
        titles, title_of = self._reader.folded_titles(doc_ids)
        joined = "\n".join(titles)
        for index, bigram in enumerate(bigrams):
            if bigram in joined:
                count = _count_pairs_of_one if bigram[0] == bigram[1] else str.count
                yield index, np.array([count(title, bigram) for title in titles]).take(title_of)

    def _gram_frequencies(self, doc_ids: Array, characters: Sequence[str], bigrams: Sequence[str]) -> Array:
        """Return a row of frequencies per character, then per bigram, with an element per doc. The doc ids ascend.

        `characters` contains all characters of the bigrams. The gram code of a character is its index in `characters`,
        from 1, or 0 if it is not there. Takes 0.2 µs per doc and 1 ns per character of the texts.
        """
        reader = self._reader
        bounds = doc_ids.searchsorted(reader.doc_bases)
        counts = bounds[1:] - bounds[:-1]
        # Each segment has one text offset more than docs, for the end of its text. So in the concatenated offsets, the
        # offset of a doc is at its doc id plus the number of segments before.
        first = doc_ids + np.repeat(np.arange(len(counts)), counts)
        offsets = reader.concatenated_array("text_offsets")
        starts, ends = offsets.take(first), offsets.take(first + 1)
        doc_indices = np.repeat(np.arange(len(doc_ids), dtype=np.min_scalar_type(len(doc_ids))), ends - starts)
        starts, ends = starts.tolist(), ends.tolist()
        texts = [
            segment.text.slice_codes(starts[start:end], ends[start:end])
            for segment, (start, end) in zip(reader.segments, pairwise(bounds.tolist()), strict=True)
        ]
        alphabets, gram_codes = reader.gram_codes(characters)
        is_gram = [
            _find_codes(text, gram_codes[start:end])
            for text, (start, end) in zip(texts, pairwise(alphabets), strict=True)
        ]
        offsets = np.concatenate(is_gram).nonzero()[0]
        # Codes in the alphabet of each segment. Adding the offset of the alphabet gives indices in `gram_codes`.
        codes = np.concatenate(texts).take(offsets).astype(np.intp)
        text_ends = offsets.searchsorted(list(accumulate(map(len, texts), initial=0)))
        codes += np.repeat(alphabets[:-1], text_ends[1:] - text_ends[:-1])
        offsets, keys = find_grams(offsets, gram_codes.take(codes), [*characters, *bigrams])
        keys *= len(doc_ids)
        keys += doc_indices.take(offsets)
        shape = len(characters) + len(bigrams), len(doc_ids)
        return np.bincount(keys, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)


class _ImpactBounds:
    """Integer upper bounds of scores by words, and the candidates: the docs that these bounds cannot exclude.

    The upper bound of a doc is the sum over the terms of the impact, quantised to 0 to 255 (`IndexReader.impacts`),
    times the factor of the term: an integer in proportion to the weight of the term, rounded up, and 0 if the weight is
    negative. A single term with a positive weight has the factor 1. A doc is a candidate if its bound is at least the
    threshold: the `RESCORE_DEPTH`th best bound so far, minus the highest possible rounding error of a bound.
    """

    def __init__(self, reader: IndexReader, term_weights: Mapping[str, float]) -> None:
        self._reader = reader
        self._dtype: type[np.unsignedinteger] = np.uint16 if len(term_weights) <= _MAX_16_BIT_TERMS else np.uint32
        self._is_unweighted = len(term_weights) == 1 and min(term_weights.values()) > 0
        """Whether the bounds are the impacts of the only term."""
        self._factors, self._max_error = dict.fromkeys(term_weights, self._dtype(1)), 1 + _IMPACT_ERROR
        if not self._is_unweighted:
            self._weigh_terms(term_weights)
        self._parts: list[tuple[Array, Array]] = []
        """Doc ids and bounds of the candidates, in parts with ascending doc ids."""
        self._size, self._max_size = 0, 2 * RESCORE_DEPTH
        """Number of candidates, and the number above which candidates are pruned."""
        self._threshold = 0

    def _weigh_terms(self, term_weights: Mapping[str, float]) -> None:
        """Set the factors of the terms, and the highest possible rounding error of a bound."""
        # With this scale the bound of a doc does not overflow, even if the factor of each term is rounded up.
        scale = (np.iinfo(self._dtype).max // MAX_IMPACT - len(term_weights)) / sum(map(abs, term_weights.values()))
        self._factors = {term: self._dtype(max(0, math.ceil(weight * scale))) for term, weight in term_weights.items()}
        rounded_up = sum(float(self._factors[term]) - weight * scale for term, weight in term_weights.items())
        # The error of rounding up the impacts, plus the error of rounding up the factors, plus 1 for rounding this sum.
        self._max_error = sum(map(float, self._factors.values())) * (1 + _IMPACT_ERROR) + rounded_up * MAX_IMPACT + 1

    def offer(self, docs: Array | slice, matches: Array | None = None) -> None:
        """Add the candidates among the given docs. After a `restart`, docs must be offered in ascending order.

        `docs`: ascending doc ids; or a slice of doc ids, with `matches` as the mask of the docs that match.
        """
        bounds = self._compute(docs)
        is_near = bounds >= self._threshold
        kept = DocSet.of_bitset(is_near if matches is None else is_near & matches).ids
        doc_ids, bounds = kept + docs.start if isinstance(docs, slice) else docs.take(kept), bounds.take(kept)
        self._parts.append((doc_ids, bounds))
        self._size += len(doc_ids)
        if self._size > self._max_size:
            self._prune()

    def near_docs(self) -> Array:
        """Return the ids, ascending, of docs whose bound may reach the threshold, by the maxima of groups of docs.

        Takes a quarter of the time that the bounds of all docs take ("block-max": Ding and Suel, "Faster Top-k Document
        Retrieval Using Block-Max Indexes", 2011).
        """
        maxima = self._weigh([self._reader.max_impacts(term) for term in self._factors])
        groups = (maxima >= self._threshold).nonzero()[0]
        # With n groups, group i consists of the docs i, n + i, 2n + i and so on.
        doc_ids = (np.arange(IMPACT_GROUP_SIZE)[:, None] * len(maxima) + groups).reshape(-1)
        in_index: Array = doc_ids[: doc_ids.searchsorted(self._reader.size)]
        return in_index

    def restart(self) -> None:
        """Drop all candidates, but keep the threshold that they reached."""
        if self._size > RESCORE_DEPTH:
            self._prune()
        self._parts, self._size = [], 0

    def candidates(self) -> Array:
        """Return the doc ids of the candidates, ascending."""
        if self._size > RESCORE_DEPTH:
            self._prune()
        return np.concatenate([np.empty(0, np.intp), *(doc_ids for doc_ids, _ in self._parts)])

    @property
    def has_threshold(self) -> bool:
        """Whether the threshold can exclude docs."""
        return self._threshold > 0

    def threshold_exceeds(self, terms: Iterable[str]) -> bool:
        """Return whether the threshold exceeds the highest possible bound of a doc that contains only these terms."""
        if self._size > RESCORE_DEPTH:
            self._prune()
        return self._threshold > MAX_IMPACT * sum(int(self._factors[term]) for term in terms)

    def _compute(self, docs: Array | slice) -> Array:
        """Return the upper bound of each given doc."""
        all_impacts = map(self._reader.impacts, self._factors)
        return self._weigh(
            [impacts[docs] if isinstance(docs, slice) else impacts.take(docs) for impacts in all_impacts]
        )

    def _weigh(self, impacts: Sequence[Array]) -> Array:
        """Return the sum over the terms of impacts times factor. `impacts`: an array per term."""
        if self._is_unweighted:
            return impacts[0]
        total: Array
        total, addend = np.empty((2, len(impacts[0])), self._dtype)
        for index, (array, factor) in enumerate(zip(impacts, self._factors.values(), strict=True)):
            np.multiply(array, factor, out=addend if index else total)
            if index:
                total += addend
        return total

    def _prune(self) -> None:
        """Raise the threshold, and drop the candidates below it."""
        doc_ids, bounds = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        nth_best = int(np.partition(bounds, -RESCORE_DEPTH)[-RESCORE_DEPTH])
        self._threshold = max(self._threshold, math.ceil(nth_best - self._max_error))
        kept = (bounds >= self._threshold).nonzero()[0]
        self._parts = [(doc_ids.take(kept), bounds.take(kept))]
        self._size = len(kept)
        self._max_size = max(self._max_size, 2 * self._size)  # so that many equal bounds are not pruned at every call


def _find_codes(text_codes: Array, gram_codes: Array) -> Array:
    """Return a mask of the codes of a text whose gram code is not 0.

    `gram_codes`: for each code of the alphabet, the gram code of its character (`Scorer._gram_frequencies`).
    """
    is_gram: Array
    if len(text_codes) >= _MIN_COMPARED_LENGTH:
        codes = gram_codes.nonzero()[0].tolist()
        if len(codes) <= _MAX_COMPARED_CODES:
            is_gram = np.zeros(len(text_codes), bool)
            for code in codes:
                is_gram |= text_codes == code
            return is_gram
    is_gram = gram_codes.take(text_codes) != 0
    return is_gram


def _count_pairs_of_one(text: str, bigram: str) -> int:
    """Return the number of occurrences of a bigram of one repeated character, overlapping ones included."""
    return sum(map(bigram.__eq__, map(add, text, text[1:])))


def _weighted_saturation(weights: Array, tf: Array, norms: Array) -> Array:
    """Return `ranking.saturation` times a weight, computed in the same order as in the reference engine.

    `weights`: a weight per row. `tf`: a row of frequencies per weight, with an element per doc; overwritten.
    `norms`: the norm of each doc.
    """
    scores = tf * (K1 + 1)
    tf += norms
    scores /= tf
    scores *= weights[:, None]
    return scores


def _add_rows(rows: Array) -> Array:
    """Return the sum of at least one row. The rows are added one after the other.

    Rows of one element are added by `reduce`, because for them `np.sum` adds in another order.
    """
    total: Array = rows.sum(axis=0) if rows.shape[1] != 1 else reduce(np.add, rows)
    return total
