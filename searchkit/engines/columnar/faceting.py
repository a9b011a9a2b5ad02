"""Counting facet values, and sorting and grouping docs by facet values."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from searchkit.engines.columnar.arrays import Array
from searchkit.engines.columnar.docsets import DocSet, pack_bits
from searchkit.engines.columnar.reader import FacetColumn, IndexReader
from searchkit.query.facets import Facet, FacetCounts, to_facet_values

_MAX_BITSETS = 128  # a facet of docs with at most this many values is counted by cached bitsets, one per value
_BLOCK_WORDS = 4096  # 64-bit words of each bitset that are counted together: they stay in the processor's cache


class FacetCollector:
    """Counts facets over one set of docs. Arrays that several facets need are computed once."""

    def __init__(self, reader: IndexReader, docs: DocSet) -> None:
        self._reader, self._docs = reader, docs
        self.total = len(docs)
        """Number of docs."""

    def count(self, facet: Facet, selected: frozenset[str], max_values: int | None) -> FacetCounts:
        """Return the exact counts of a facet.

        Lists the `max_values` most frequent values (None = all values), and the selected values.
        """
        column = self._reader.facet_column(facet)
        counts = self._count_per_document(column) if column.is_per_document else self._count_per_doc(column)
        counts, missing = counts[:-1], int(counts[-1])
        order = counts.nonzero()[0]
        # Ordinals are in the order of the values, so the stable sort leaves values with equal counts in order.
        order = order.take((-counts.take(order)).argsort(kind="stable"))
        ordinals = order[:max_values].tolist()
        if selected and len(ordinals) < len(order):
            ordinals += [ordinal for ordinal in order[max_values:].tolist() if column.values[ordinal] in selected]
        listed_counts = counts.take(ordinals).tolist() if ordinals else []
        values = [column.values[ordinal] for ordinal in ordinals]
        other = int(counts.sum()) - sum(listed_counts) if len(ordinals) < len(order) else 0
        return FacetCounts(to_facet_values(facet, values, listed_counts, selected), missing, other)

    def _count_per_document(self, column: FacetColumn) -> Array:
        """Count a facet whose values depend on the document."""
        if self.total < len(column.ordinals[0]):
            return column.count(self._documents)
        return column.count_weighted(self._docs_per_document)

    def _count_per_doc(self, column: FacetColumn) -> Array:
        """Count a facet whose values depend on the doc (such as topic): by bitsets, or by the keys of the docs."""
        if self._docs.is_dense and len(column.values) <= _MAX_BITSETS:
            return self._count_bitsets(column.packed_bitsets)
        keys = column.key_of.take(self._doc_ids)
        if len(keys) < len(column.ordinals[0]):
            return column.count(keys)
        return column.count_weighted(np.bincount(keys, minlength=len(column.ordinals[0])))

    def _count_bitsets(self, bitsets: Array) -> Array:
        """Return the number of docs that each row of packed bits has in common with the set."""
        counts = np.zeros(len(bitsets), np.int64)
        for start in range(0, len(self._packed_bits), _BLOCK_WORDS):
            block = slice(start, start + _BLOCK_WORDS)
            counts += np.bitwise_count(bitsets[:, block] & self._packed_bits[block]).sum(axis=1, dtype=np.uint32)
        return counts

    @cached_property
    def _packed_bits(self) -> Array:
        return pack_bits(self._docs.bitset)

    @cached_property
    def _doc_ids(self) -> Array:
        return self._docs.ids

    @cached_property
    def _documents(self) -> Array:
        """Document number of each doc of the set."""
        return self._reader.document_of.take(self._doc_ids)

    @cached_property
    def _docs_per_document(self) -> Array:
        """Number of docs of each document that are in the set.

        If the set is dense, takes a population count per 64 docs and one per document.
        """
        if not self._docs.is_dense:
            return np.bincount(self._documents, minlength=len(self._reader.first_doc_ids)).astype(np.float64)
        words = self._packed_bits
        before = np.zeros(len(words), np.int64)
        np.cumsum(np.bitwise_count(words[:-1]), out=before[1:])
        word, lower_bits = self._reader.document_bit_offsets
        counts_before = before.take(word) + np.bitwise_count(words.take(word) & lower_bits)
        return np.diff(counts_before).astype(np.float64)  # `np.bincount` converts weights of any other type to this one


def sort_by_value(column: FacetColumn, doc_ids: Array, *, descending: bool) -> Array:
    """Return the indices that sort docs by their first value of a facet.

    The sort is stable. Docs without a value come last in both directions.
    """
    first = column.ordinals[0]
    if descending:  # reverse the ordinals, except `missing`
        first = np.where(first == column.missing, column.missing, column.missing - 1 - first)
    return np.argsort(first.take(column.key_of.take(doc_ids)), kind="stable")


def group_by_first(values: Array) -> tuple[Array, Array]:
    """Return the index of the first occurrence of each distinct value, ascending, and the number of its occurrences."""
    _, first, counts = np.unique(values, return_index=True, return_counts=True)
    order = np.argsort(first)
    return first[order], counts[order]
