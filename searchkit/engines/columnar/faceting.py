"""Counts of facet values, and orders and groups by them, for paragraphs given by their positions."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from searchkit.engines.columnar.arrays import Array
from searchkit.engines.columnar.collection import Collection, Values
from searchkit.engines.columnar.docsets import DocSet, bits
from searchkit.query.facets import Facet, FacetCounts, listed

_MAX_BITMAPS = 128  # values of a facet whose paragraphs are kept as bits
_WORDS = 4096  # of each value that are looked at together, so that all stay in the cache


class Tally:
    """Counts facets of a set of paragraphs; what several facets have in common is counted once."""

    def __init__(self, collection: Collection, found: DocSet) -> None:
        self._collection, self._found = collection, found
        self.total = len(found)
        """How many paragraphs there are."""

    def count(self, facet: Facet, selected: frozenset[str], most: int | None) -> FacetCounts:
        """Exact counts of a facet; `most` values are listed, besides the selected ones. None = all."""
        values = self._collection.values(facet)
        counts = self._of_documents(values) if values.is_of_documents else self._of_paragraphs(values)
        counts, missing = counts[:-1], int(counts[-1])
        order = counts.nonzero()[0]
        order = order.take((-counts.take(order)).argsort(kind="stable"))  # names are in order
        kept = order[:most].tolist()
        if selected and len(kept) < len(order):
            kept += [number for number in order[most:].tolist() if values.names[number] in selected]
        shown = counts.take(kept).tolist() if kept else []
        names = [values.names[number] for number in kept]
        other = int(counts.sum()) - sum(shown) if len(kept) < len(order) else 0
        return FacetCounts(listed(facet, names, shown, selected), missing, other)

    def _of_documents(self, values: Values) -> Array:
        if self.total < len(values.columns[0]):
            return values.counts(self._documents)
        return values.weighted(self._per_document)

    def _of_paragraphs(self, values: Values) -> Array:
        """By the bits that the set and each value have in common, or by gathering the values of each paragraph."""
        if self._found.is_dense and len(values.names) <= _MAX_BITMAPS:
            return self._of_bits(values.bitmaps)
        owners = values.owner_of.take(self._positions)
        if len(owners) < len(values.columns[0]):
            return values.counts(owners)
        return values.weighted(np.bincount(owners, minlength=len(values.columns[0])))

    def _of_bits(self, bitmaps: Array) -> Array:
        """How many bits of each row the set has too, some thousand words at a time."""
        counts = np.zeros(len(bitmaps), np.int64)
        for start in range(0, len(self._bits), _WORDS):
            part = slice(start, start + _WORDS)
            counts += np.bitwise_count(bitmaps[:, part] & self._bits[part]).sum(axis=1, dtype=np.uint32)
        return counts

    @cached_property
    def _bits(self) -> Array:
        return bits(self._found.mask)

    @cached_property
    def _positions(self) -> Array:
        return self._found.ids

    @cached_property
    def _documents(self) -> Array:
        return self._collection.document_of.take(self._positions)

    @cached_property
    def _per_document(self) -> Array:
        """How many paragraphs of each document are in the set. Cost: a count of bits for each document."""
        if not self._found.is_dense:
            return np.bincount(self._documents, minlength=len(self._collection.first_position)).astype(np.float64)
        words = self._bits
        before = np.zeros(len(words), np.int64)
        np.cumsum(np.bitwise_count(words[:-1]), out=before[1:])
        word, below = self._collection.document_bits
        counted = before.take(word) + np.bitwise_count(words.take(word) & below)
        return np.diff(counted).astype(np.float64)  # `bincount` takes no other weights


def by_value(values: Values, positions: Array, *, descending: bool) -> Array:
    """The order of paragraphs by the first value each has; equals stay as they are, those without a value come last."""
    first = values.columns[0]
    if descending:
        first = np.where(first == values.none, values.none, values.none - 1 - first)
    return np.argsort(first.take(values.owner_of.take(positions)), kind="stable")


def first_of_each(owners: Array) -> tuple[Array, Array]:
    """Where each owner appears first, in that order; and how often each of them appears."""
    _, first, counts = np.unique(owners, return_index=True, return_counts=True)
    order = np.argsort(first)
    return first[order], counts[order]
