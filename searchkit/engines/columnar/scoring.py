"""Scores: BM25F over words for every match, and words, bigrams and characters for the best (formulas in `ranking`).

All sums are made in the order in which the reference engine makes them, so that both agree to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from searchkit.engines.columnar.arrays import Array
from searchkit.engines.columnar.collection import Collection
from searchkit.query import Wanted
from searchkit.ranking import K1, RESCORED, B, idf, wanted_grams

_CHUNK = 1 << 14  # matches that are scored together, so that what is computed of them stays in the cache


_ERROR = 1e-5  # of the largest possible score: more than 32 bits can be wrong by, in sums of a hundred terms


class Scorer:
    """The scores of one query in one collection."""

    def __init__(self, collection: Collection, wanted: Sequence[Wanted]) -> None:
        self._collection = collection
        self._texts = [(part.text, part.weight) for part in wanted]
        weights: dict[str, float] = {}
        for part in wanted:
            for term in part.terms:
                weights[term] = weights.get(term, 0.0) + part.weight
        count = collection.commit.paragraphs
        self._values = {term: weight * idf(collection.df(term), count) for term, weight in weights.items()}

    def all(self, positions: Array) -> Array:
        """Step one: the scores of the paragraphs at ascending positions. Cost: some 10 ns a word and match."""
        return np.concatenate([np.empty(0), *(scores for _, scores in self._chunks(positions))])

    def best(self, sets: Sequence[Array]) -> tuple[Array, Array]:
        """The `RESCORED` best by step one among the paragraphs in the sets, by position, and their scores.

        Of equals the first in corpus order. Cost: as `all`, less where a large part of a segment matches.
        """
        collection = self._collection
        pool = _Pool()
        if not self._values:
            positions = collection.first(sets, RESCORED) if collection.is_in_order else collection.positions(sets)
            if len(positions) > RESCORED:
                positions = np.sort(positions[np.argpartition(collection.order_of(positions), RESCORED)[:RESCORED]])
            return positions, np.zeros(len(positions))
        for number, found in enumerate(sets):
            if found.dtype == bool:
                positions = self._promising(number, found, pool.threshold)
                pool.offer(positions, self.all(positions))
        lists = [found + collection.starts[number] for number, found in enumerate(sets) if found.dtype != bool]
        for positions, scores in self._chunks(np.concatenate([np.empty(0, np.int64), *lists])):
            pool.offer(positions, scores)
        kept, scores = pool.contents()
        order = np.lexsort((collection.order_of(kept), -scores))[:RESCORED]
        order = order[np.argsort(kept[order])]
        return kept[order], scores[order]

    def _promising(self, number: int, mask: Array, threshold: float) -> Array:
        """The positions of those in the mask that can be among the best: by scores of 32 bits for the whole segment."""
        segment, start = self._collection.segments[number], int(self._collection.starts[number])
        norms = self._collection.short_norms[start : start + segment.size]
        scores = np.zeros(segment.size, np.float32)
        part = np.empty(segment.size, np.float32)
        for term, value in self._values.items():
            tf = segment.frequencies(term)
            if tf is not None:
                short = tf.astype(np.float32)
                np.add(short, norms, out=part)
                np.divide(short, part, out=part)
                np.multiply(part, np.float32(value * (K1 + 1)), out=part)
                np.add(scores, part, out=scores)
        most = sum(map(abs, self._values.values())) * (K1 + 1)
        if threshold == -np.inf:
            scored = scores.compress(mask)
            if len(scored) > RESCORED:
                threshold = float(np.partition(scored, -RESCORED)[-RESCORED])
        positions: Array = np.flatnonzero((scores >= np.float32(threshold - _ERROR * most)) & mask) + start
        return positions

    def rescored(self, positions: Array) -> tuple[Array, Array]:
        """Step two: the parts of bigrams and characters, for the paragraphs at ascending positions."""
        parts = [np.zeros(len(positions)), np.zeros(len(positions))]
        if not self._texts or not len(positions):
            return parts[0], parts[1]
        points, owners, lengths = self._folded(positions)
        commit = self._collection.commit
        for part, size, total in ((0, 2, commit.bigrams), (1, 1, commit.characters)):
            weights = wanted_grams(self._texts, size)
            dfs = self._collection.gram_dfs(list(weights))
            for (gram, weight), df in zip(weights.items(), dfs, strict=True):
                value = weight * idf(df, commit.paragraphs)
                tf = np.bincount(owners[_standing(points, gram)], minlength=len(positions)).astype(np.float64)
                norm = K1 * (1 - B + B * lengths[part] / (total / commit.paragraphs or 1))
                parts[part] += value * (tf * (K1 + 1) / (tf + norm))
        return parts[0], parts[1]

    def explained(self, positions: Array) -> list[Mapping[str, float]]:
        """Step one again, token by token, for ascending positions."""
        columns = {}
        for term, value in self._values.items():
            scores = (part for _, part in self._chunks(positions, {term: value}))
            columns[term] = np.concatenate([np.empty(0), *scores])
        return [
            {term: float(column[i]) for term, column in columns.items() if column[i]} for i in range(len(positions))
        ]

    def _chunks(self, positions: Array, values: Mapping[str, float] | None = None) -> Iterator[tuple[Array, Array]]:
        """Positions and their scores by some of the terms (default all), some thousand at a time."""
        values = self._values if values is None else values
        waiting: list[tuple[int, Array]] = []
        count = 0
        for number, places in self._collection.per_segment(positions):
            waiting.append((number, places))
            count += len(places)
            if count >= _CHUNK:
                yield self._scored(waiting, values)
                waiting, count = [], 0
        if waiting:
            yield self._scored(waiting, values)

    def _scored(self, parts: Sequence[tuple[int, Array]], values: Mapping[str, float]) -> tuple[Array, Array]:
        collection = self._collection
        positions = _joined([places + collection.starts[number] for number, places in parts])
        norms = collection.norms.take(positions)
        scores = np.zeros(len(positions))
        for term, value in values.items():
            found = [(collection.segments[number].frequencies(term, places), places) for number, places in parts]
            tf = _joined([np.zeros(len(places), np.uint8) if tf is None else tf for tf, places in found]).astype(float)
            # As `ranking.saturation`, in the same order of operations.
            scores += value * (tf * (K1 + 1) / (tf + norms))
        return positions, scores

    def _folded(self, positions: Array) -> tuple[Array, Array, tuple[Array, Array]]:
        """The folded texts of paragraphs, one after the other with a 0 behind each.

        Then for each code point the place in `positions` of its paragraph; and the paragraphs' numbers of bigrams and
        of characters.
        """
        texts, sizes, bigrams, characters = [], [], [], []
        for number, places in self._collection.per_segment(positions):
            segment = self._collection.segments[number]
            points, lengths = segment.text.folded(places)
            texts.append(points)
            sizes.append(lengths)
            bigrams.append(segment.arrays["bigram_count"][places])
            characters.append(segment.arrays["character_count"][places])
        owners = np.repeat(np.arange(len(positions)), _joined(sizes))
        return _joined(texts), owners, (_joined(bigrams), _joined(characters))


class _Pool:
    """Keeps the best of what is offered, and all that equals the last of them."""

    def __init__(self) -> None:
        self._parts: list[tuple[Array, Array]] = []
        self._size = 0
        self.threshold = -np.inf
        """Nothing below it can be among the best."""
        self._limit = 4 * RESCORED

    def offer(self, positions: Array, scores: Array) -> None:
        """Take in what can still be among the best."""
        if len(scores) > self._limit and self.threshold == -np.inf:
            self.threshold = np.partition(scores, -RESCORED)[-RESCORED]
        if self.threshold > -np.inf:
            kept = np.flatnonzero(scores >= self.threshold)
            positions, scores = positions[kept], scores[kept]
        self._parts.append((positions, scores))
        self._size += len(positions)
        if self._size > self._limit:
            self._prune()

    def contents(self) -> tuple[Array, Array]:
        """What is left, in no order."""
        positions = np.concatenate([np.empty(0, np.int64), *(positions for positions, _ in self._parts)])
        return positions, np.concatenate([np.empty(0), *(scores for _, scores in self._parts)])

    def _prune(self) -> None:
        positions, scores = self.contents()
        self.threshold = np.partition(scores, -RESCORED)[-RESCORED]
        kept = np.flatnonzero(scores >= self.threshold)
        self._parts = [(positions[kept], scores[kept])]
        self._size = len(kept)
        self._limit = max(self._limit, 2 * self._size)  # equals are all kept: do not prune them again and again


def _joined(parts: Sequence[Array]) -> Array:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _standing(points: Array, gram: str) -> Array:
    """Where a gram of one or two code points stands."""
    mask = points == ord(gram[0])
    if len(gram) > 1:
        mask = mask[:-1] & (points[1:] == ord(gram[1]))
    return np.flatnonzero(mask)
