"""Counts of facet values, and orders and groups by them, for paragraphs given by their positions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from searchkit.engines.columnar.arrays import Array
from searchkit.engines.columnar.collection import Collection, Values
from searchkit.engines.columnar.sets import as_positions, bits, count
from searchkit.facets import Facet

_MOST_BITMAPS = 128  # values of a facet whose paragraphs are kept as bits, 8 KB a segment each


class Tally:
    """Counts facets of a set of paragraphs for each segment; what several facets have in common is counted once."""

    def __init__(self, collection: Collection, sets: Sequence[Array]) -> None:
        self._collection, self._sets = collection, sets
        self.total = sum(map(count, sets))
        """How many paragraphs there are."""

    def count(self, facet: Facet) -> tuple[list[tuple[str, int]], int]:
        """Values with their numbers of paragraphs, by number, then value; and paragraphs without a value."""
        values = self._collection.values(facet)
        by_name, without = self._of_documents(values) if values.is_of_documents else self._of_paragraphs(values)
        order = np.argsort(-by_name, kind="stable")  # names are in order
        order = order[: np.count_nonzero(by_name)]
        ranked = list(zip([values.names[i] for i in order.tolist()], by_name[order].tolist(), strict=True))
        return ranked, without

    def _of_documents(self, values: Values) -> tuple[Array, int]:
        if self.total < len(values.code_of):
            codes = values.code_of.take(values.owner_of.take(self._positions))
            return _by_name(values, np.bincount(codes, minlength=values.codes))
        return _by_name(values, np.bincount(values.code_of, self._per_document, values.codes))

    def _of_paragraphs(self, values: Values) -> tuple[Array, int]:
        """By the bits that the masks and each value have in common, and by gathering what the lists have."""
        starts = self._collection.starts.tolist()
        has_bits = [found.dtype == bool and len(values.names) <= _MOST_BITMAPS for found in self._sets]
        lists = [as_positions(found) + start
                 for found, start, has in zip(self._sets, starts, has_bits, strict=False) if not has]  # fmt: skip
        positions = np.concatenate([np.empty(0, np.int64), *lists])
        by_name, without = _by_name(values, np.bincount(values.owner_of.take(positions), minlength=values.codes))
        for number, found in enumerate(self._sets):
            if has_bits[number]:
                common = np.bitwise_count(values.bitmaps(starts[number], len(found)) & self._bits[number])
                counts = common.sum(axis=1, dtype=np.int64)
                by_name, without = by_name + counts[:-1], without + int(counts[-1])
        return by_name, without

    @cached_property
    def _bits(self) -> list[Array | None]:
        return [bits(found) if found.dtype == bool else None for found in self._sets]

    @cached_property
    def _positions(self) -> Array:
        return self._collection.positions(self._sets)

    @cached_property
    def _per_document(self) -> Array:
        segments = self._collection.segments
        return np.concatenate(
            [segment.per_document(found) for segment, found in zip(segments, self._sets, strict=True)]
        )


def _by_name(values: Values, by_code: Array) -> tuple[Array, int]:
    by_name = np.bincount(values.pair_name, by_code[values.pair_code], len(values.names)).astype(np.int64)
    return by_name, int(by_code[values.is_empty].sum())


def by_value(values: Values, positions: Array, *, descending: bool) -> Array:
    """The order of paragraphs by the first value each has; equals stay as they are, those without a value come last."""
    last = len(values.names)
    of_code = np.full(values.codes, last)
    # Backwards, so that the first value of a combination is what remains.
    of_code[values.pair_code[::-1]] = last - 1 - values.pair_name[::-1] if descending else values.pair_name[::-1]
    return np.argsort(of_code[values.code_of[values.owner_of[positions]]], kind="stable")


def first_of_each(owners: Array) -> tuple[Array, Array]:
    """Where each owner appears first, in that order; and how often each of them appears."""
    _, first, counts = np.unique(owners, return_index=True, return_counts=True)
    order = np.argsort(first)
    return first[order], counts[order]
