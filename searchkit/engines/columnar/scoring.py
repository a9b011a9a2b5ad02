"""Scores: BM25F over words for every match, and words, bigrams and characters for the best (formulas in `ranking`).

All sums are made in the order in which the reference engine makes them, so that both agree to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np

from searchkit.engines.columnar.arrays import Array, distinct
from searchkit.engines.columnar.collection import IMPACTS, Collection
from searchkit.engines.columnar.docsets import DocSet
from searchkit.engines.grams import find_grams
from searchkit.engines.ranking import K1, RESCORED, B, idf, wanted_grams
from searchkit.query.tree import ScoringClause

_CHUNK = 1 << 14  # matches that are scored together, so that what is computed of them stays in the cache
_FEW = 4096  # matches that are scored without a look at what they can reach
_PIECE = 1 << 17  # matches (or of a mask: paragraphs) whose bounds are made together
_FEW_TERMS = 32  # whose bounds fit 16 bits without much loss
_ROUNDING = 1e-3  # of an impact: more than it can be too large by


class Scorer:
    """The scores of one query in one collection."""

    def __init__(self, collection: Collection, wanted: Sequence[ScoringClause]) -> None:
        self._collection = collection
        self._texts = [(part.text, part.weight) for part in wanted]
        weights: dict[str, float] = {}
        for part in wanted:
            for term in part.terms:
                weights[term] = weights.get(term, 0.0) + part.weight
        count, dfs = collection.commit.paragraphs, {term: collection.terms.df(term) for term in weights}
        self._values = {term: weight * idf(dfs[term], count) for term, weight in weights.items()
                        if weight and dfs[term]}  # fmt: skip

    def all(self, positions: Array) -> Array:
        """Step one: the scores of the paragraphs at ascending positions. Cost: some 10 ns a word and match."""
        chunks = (positions[start : start + _CHUNK] for start in range(0, len(positions), _CHUNK))
        return np.concatenate([np.empty(0), *(self._scored(chunk, self._values) for chunk in chunks)])

    def best(self, found: DocSet) -> tuple[Array, Array]:
        """The `RESCORED` best by step one among the paragraphs in a set, by position, and their scores.

        Of equals the first in corpus order. Cost: as `all` for few; for many the bounds, some 0.3 ns a word and match.
        """
        positions = self._promising(found) if self._values else self._collection.first(found, RESCORED)
        scores = self.all(positions)
        if len(positions) > RESCORED:
            kept = np.flatnonzero(scores >= np.partition(scores, -RESCORED)[-RESCORED])
            positions, scores = positions.take(kept), scores.take(kept)
            kept = np.sort(self._collection.ranked(positions, scores)[:RESCORED])
            positions, scores = positions.take(kept), scores.take(kept)
        return positions, scores

    def _promising(self, found: DocSet) -> Array:
        """The positions, ascending, of those in a set that can be among the best.

        Where there are many, whole numbers that no score exceeds tell: those that the best of the set reach, less what
        such a number can be too large by, are reached by all that matter.
        """
        if not found.is_dense and len(found) <= _FEW:
            return found.ids
        bounds = _Bounds(self._collection, self._values)
        chosen = found.mask if found.is_dense else found.ids
        if found.is_dense and self._are_rare(chosen, bounds):
            return bounds.promising()
        start, size = 0, _FEW
        while start < len(chosen):
            part = chosen[start : start + size]
            if found.is_dense:
                bounds.offer(slice(start, start + len(part)), part)
            else:
                bounds.offer(part)
            start, size = start + size, min(4 * size, _PIECE)  # a few give the first threshold
        return bounds.promising()

    def _are_rare(self, mask: Array, bounds: _Bounds) -> bool:
        """Whether all promising ones in a mask have one of the rare terms; if so, they are in the bounds.

        They have if the other terms together do not weigh as much as the best with a rare term reach ("MaxScore":
        Turtle and Flood, "Query Evaluation: Strategies and Optimizations", 1995).
        """
        found = {term: self._collection.terms.holders(term) for term in self._values}
        lists = [holders for holders in found.values() if holders is not None]
        if not lists:
            return False
        positions = distinct(np.sort(np.concatenate(lists)))
        bounds.offer(positions.compress(mask.take(positions)))
        if bounds.exceed(term for term, holders in found.items() if holders is None):
            return True
        bounds.forget()
        return False

    def _scored(self, positions: Array, values: Mapping[str, float]) -> Array:
        """The scores of some thousand paragraphs by some terms."""
        norms = self._collection.norms(positions)
        scores = np.zeros(len(positions))
        for term, value in values.items():
            tf = self._collection.terms.frequencies(term, positions).astype(np.float64)
            # As `ranking.saturation`, in the same order of operations.
            scores += value * (tf * (K1 + 1) / (tf + norms))
        return scores

    def explained(self, positions: Array) -> list[Mapping[str, float]]:
        """Step one again, token by token, for ascending positions."""
        columns = {term: self._scored(positions, {term: value}).tolist() for term, value in self._values.items()}
        return [{term: column[i] for term, column in columns.items() if column[i]} for i in range(len(positions))]

    def rescored(self, positions: Array) -> tuple[Array, Array]:
        """Step two: the parts of bigrams and characters, for the paragraphs at ascending positions."""
        single, double = wanted_grams(self._texts, 1), wanted_grams(self._texts, 2)
        if not single or not len(positions):
            return np.zeros(len(positions)), np.zeros(len(positions))
        tf = _counted(*self._standing(positions, list(single)), len(positions), [*single, *double])
        commit, column = self._collection.commit, self._collection.column
        characters = self._of_grams(
            single, tf[: len(single)], column("character_count").take(positions), commit.characters
        )
        bigrams = self._of_grams(double, tf[len(single) :], column("bigram_count").take(positions), commit.bigrams)
        return bigrams, characters

    def _of_grams(self, wanted: Mapping[str, float], tf: Array, lengths: Array, total: int) -> Array:
        """The scores by grams of one size: of each a row of frequencies; the lengths of the texts, and those of all."""
        paragraphs = self._collection.commit.paragraphs
        dfs = self._collection.gram_dfs(list(wanted))
        values = [weight * idf(df, paragraphs) for weight, df in zip(wanted.values(), dfs, strict=True)]
        norms = K1 * (1 - B + B * lengths / (total / paragraphs or 1))
        scores = np.zeros(len(lengths))
        for row in np.array(values)[:, None] * (tf * (K1 + 1) / (tf + norms)):
            scores += row  # `sum` would add in another order
        return scores

    def _standing(self, positions: Array, characters: Sequence[str]) -> tuple[Array, Array]:
        """For each place in some texts, one text after the other: which of some characters stands there; which text.

        Characters count from 1 on, 0 is any other and the end of a text. Cost: 0.2 µs a text and 2 ns a place.
        """
        collection = self._collection
        bounds = positions.searchsorted(collection.starts)
        counts = bounds[1:] - bounds[:-1]
        # Every segment has an offset more than paragraphs: where its text ends.
        first = positions + np.repeat(np.arange(len(counts)), counts)
        offsets = collection.column("text_at")
        begins, ends = offsets.take(first), offsets.take(first + 1)
        owners = np.repeat(np.arange(len(positions), dtype=np.min_scalar_type(len(positions))), ends - begins)
        begins, ends = begins.tolist(), ends.tolist()
        parts = [
            numbers.take(segment.text.codes(begins[start:end], ends[start:end]))
            for segment, numbers, (start, end) in zip(
                collection.segments, collection.numbering(characters), pairwise(bounds.tolist()), strict=True
            )
            if start < end
        ]
        return np.concatenate(parts), owners


class _Bounds:
    """Whole numbers that scores do not exceed, and those that come near the `RESCORED` best of them."""

    def __init__(self, collection: Collection, values: Mapping[str, float]) -> None:
        self._collection = collection
        self._kind: type[np.unsignedinteger] = np.uint16 if len(values) <= _FEW_TERMS else np.uint32
        scale = (np.iinfo(self._kind).max // IMPACTS - len(values)) / sum(map(abs, values.values()))
        self._factors = {term: self._kind(max(0, math.ceil(value * scale))) for term, value in values.items()}
        raised = sum(float(self._factors[term]) - value * scale for term, value in values.items())
        # What an impact is rounded up by, what the factors are, and one for the rounding of all that.
        self._excess = sum(map(float, self._factors.values())) * (1 + _ROUNDING) + raised * IMPACTS + 1
        self._parts: list[tuple[Array, Array]] = []
        self._size, self._limit, self._least = 0, 2 * RESCORED, 0

    def offer(self, chosen: Array | slice, mask: Array | None = None) -> None:
        """Take in what can be among the best: of some positions, or of those in a run that a mask admits."""
        bounds = self._made(chosen)
        near = bounds >= self._least
        kept = DocSet.of_mask(near if mask is None else near & mask).ids
        positions = kept + chosen.start if isinstance(chosen, slice) else chosen.take(kept)
        self._parts.append((positions, bounds.take(kept)))
        self._size += len(kept)
        if self._size > self._limit:
            self._prune()

    def forget(self) -> None:
        """Begin anew, with what the best so far reach as the threshold."""
        self._parts, self._size = [], 0

    def promising(self) -> Array:
        """Positions of what is left."""
        if self._size > RESCORED:
            self._prune()
        return np.concatenate([np.empty(0, np.intp), *(positions for positions, _ in self._parts)])

    def exceed(self, terms: Iterable[str]) -> bool:
        """Whether those that are left are better than any that has none but these terms can be."""
        if self._size > RESCORED:
            self._prune()
        return self._least > IMPACTS * sum(int(self._factors[term]) for term in terms)

    def _made(self, chosen: Array | slice) -> Array:
        size = chosen.stop - chosen.start if isinstance(chosen, slice) else len(chosen)
        total, part = np.empty(size, self._kind), np.empty(size, self._kind)
        for number, (term, factor) in enumerate(self._factors.items()):
            impact = self._collection.impact(term)
            own = impact[chosen] if isinstance(chosen, slice) else impact.take(chosen)
            np.multiply(own, factor, out=part if number else total)
            if number:
                total += part
        return total

    def _prune(self) -> None:
        positions, bounds = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        reached = int(np.partition(bounds, -RESCORED)[-RESCORED])
        self._least = max(0, math.ceil(reached - self._excess))
        kept = (bounds >= self._least).nonzero()[0]
        self._parts = [(positions.take(kept), bounds.take(kept))]
        self._size = len(kept)
        self._limit = max(self._limit, 2 * self._size)  # equals are all kept: do not prune them again and again


def _counted(standing: Array, owners: Array, texts: int, grams: Sequence[str]) -> Array:
    """How often each of some grams stands in each of so many texts, as rows.

    For each place in the texts: which of the characters stands there (`grams.find_grams`), and which text it is.
    """
    places, keys = find_grams(standing, grams)
    keys *= texts
    keys += owners.take(places)
    return np.bincount(keys, minlength=len(grams) * texts).reshape(-1, texts).astype(np.float64)
