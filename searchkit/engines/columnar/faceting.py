"""Counting facet values, sorting docs by facet values, and grouping by equal numbers such as near-duplicate keys."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from searchkit.engines.columnar.arrays import Array, run_start_mask, unique_sorted
from searchkit.engines.columnar.docsets import DocSet, pack_bits
from searchkit.engines.columnar.reader import FacetColumn, IndexReader
from searchkit.query.facets import Facet, FacetCounts, to_facet_values

_MAX_BITSETS = 128
"""A facet of docs, such as topic, with at most this many values can be counted by cached bitsets, one per value."""
_BLOCK_WORDS = 1 << 15  # 64-bit words of bitsets that are counted together: they stay in the processor's cache
_TABLE_RATIO = 64  # a table of pairs is at most this many times as large as the number of pairs that are counted


class FacetCollector:
    """Counts facets over one set of docs. Arrays that several facets need are computed once."""

    def __init__(self, reader: IndexReader, docs: DocSet) -> None:
        self._reader = reader
        self.docs = docs
        self.total = len(docs)
        """Number of docs."""

    def count(
        self, facet: Facet, selected: frozenset[str], max_values: int | None, all_documents: Array
    ) -> FacetCounts:
        """Return the exact counts of a facet.

        Lists the `max_values` most frequent values (None = all values), and the selected values that occur.
        `all_documents`: the numbers for `FacetValue.all_documents`, from `count_documents` of another collector. The
        docs of that collector match `Request.population` or the query, and pass the filters under which this facet is
        counted.
        """
        column = self._reader.facet_column(facet)
        counts, documents = self._count(column)
        counts, missing = counts[:-1], counts.item(-1)
        order = counts.nonzero()[0]
        # Ordinals are in the order of the values, so the stable sort leaves values with equal counts in order.
        order = order.take((-counts.take(order)).argsort(kind="stable"))
        ordinals = order[:max_values]
        if selected and len(ordinals) < len(order):
            further = [ordinal for ordinal in order[max_values:].tolist() if column.values[ordinal] in selected]
            ordinals = np.append(ordinals, np.array(further, np.intp))
        listed_counts, *other_counts = [array.take(ordinals).tolist() for array in (counts, documents, all_documents)]
        values = [column.values[ordinal] for ordinal in ordinals.tolist()]
        other = int(counts.sum()) - sum(listed_counts) if len(ordinals) < len(order) else 0
        return FacetCounts(to_facet_values(facet, values, selected, (listed_counts, *other_counts)), missing, other)

    @property
    def document_count(self) -> int:
        """Number of documents with a doc in the set."""
        return int(np.count_nonzero(self._document_weights[1])) if self.total else 0

    def count_documents(self, facet: Facet) -> Array:
        """Return the number of documents with each value of a facet, followed by a number that is not used."""
        return self._count(self._reader.facet_column(facet))[1]

    def _count(self, column: FacetColumn) -> tuple[Array, Array]:
        """Return two arrays: the number of docs with each value, and the number of documents with each value.

        At its end, the first array has the number of docs without a value, the second one a number that is not used.
        """
        if column.is_per_document:
            return self._count_per_document(column)
        if self.docs.is_dense and len(column.values) <= _MAX_BITSETS and self._reader.first_parts is None:
            return self._count_bitsets(column.packed_bitsets)
        return self._count_per_doc(column)

    def _count_per_document(self, column: FacetColumn) -> tuple[Array, Array]:
        """Count a facet whose values depend on the document: docs and documents at once."""
        documents, weights = self._document_weights
        ordinals = column.ordinals[0] if documents is None else column.ordinals[0].take(documents)
        totals = np.bincount(ordinals, weights, column.missing + 1).astype(np.int64)
        return totals & (self._document_weight - 1), totals >> self._document_weight.bit_length() - 1

    def _count_per_doc(self, column: FacetColumn) -> tuple[Array, Array]:
        """Count a facet whose values depend on the doc (such as topic)."""
        ordinals = column.ordinals.take(column.key_of.take(self._doc_ids), axis=1)
        return column.count(ordinals), self._count_documents_of_docs(ordinals, column.missing + 1)

    def _count_documents_of_docs(self, ordinals: Array, value_count: int) -> Array:
        """Return the number of documents with each value of a facet whose values depend on the doc.

        `ordinals`: a row for the first value of each doc, then for the second value, and so on; overwritten. A doc with
        fewer values than rows has the ordinal `FacetColumn.missing` in the other rows. `value_count`: number of values,
        plus one for this ordinal.

        Counts the distinct pairs of a value and a document: in a table of all possible pairs or, if the table would be
        much larger than the list of the pairs of all docs, by sorting.
        """
        if not self.total:
            return np.zeros(value_count, np.int64)
        document_count = len(self._reader.first_doc_ids)
        ordinals *= document_count
        ordinals += self._documents
        pairs, pair_count = ordinals.reshape(-1), value_count * document_count
        if pair_count <= _TABLE_RATIO * len(pairs):
            table = np.zeros(pair_count, np.uint8)
            table[pairs] = 1
            counts: Array = table.reshape(-1, document_count).sum(axis=1, dtype=np.int32)
            return counts
        pairs.sort()
        bounds = unique_sorted(pairs).searchsorted(np.arange(0, pair_count + 1, document_count))
        return np.diff(bounds)

    def _count_bitsets(self, bitsets: Array) -> tuple[Array, Array]:
        """Return for each row of packed bits the number of its docs that are in the set, and of their documents.

        A document with several of these docs counts once.
        """
        rows = max(1, _BLOCK_WORDS // bitsets.shape[1])
        parts = [self._count_rows(bitsets[start : start + rows]) for start in range(0, len(bitsets), rows)]
        counts, documents = zip(*parts, strict=True)
        return np.concatenate(counts), np.concatenate(documents)

    def _count_rows(self, bitsets: Array) -> tuple[Array, Array]:
        """Count as `_count_bitsets`, all rows at once.

        The bits of a document are consecutive. Adding all of its bits but the last one to its matches carries into the
        last bit, if there is a match before the last bit. A document can extend over several words, and so do carries.
        """
        bits = self._reader.document_bits
        matches = bitsets & self._packed_bits
        counts = np.bitwise_count(matches).sum(axis=1, dtype=np.uint32).astype(np.int64)
        rows = counts.nonzero()[0]  # rows without docs have no documents either
        if len(rows) * 2 > len(counts):
            rows = np.arange(len(counts))  # copying most rows takes longer than counting all
        else:
            matches = matches.take(rows, axis=0)
        sums = matches & bits.others
        sums += bits.others
        carries = sums < bits.others
        # A carry into a word without a last doc is also a carry out of it (`DocumentBits.carry_paths`).
        for distance, is_passed_on in bits.carry_paths:
            carries[:, distance:] |= carries[:, :-distance] & is_passed_on
        # No carry leaves the last word of a row, so all rows can be added as one.
        sums.reshape(-1)[1:] += carries.reshape(-1)[:-1]
        sums |= matches
        sums &= bits.last
        documents = np.zeros_like(counts)
        documents[rows] = np.bitwise_count(sums).sum(axis=1, dtype=np.uint32)
        return counts, documents

    @cached_property
    def _packed_bits(self) -> Array:
        return pack_bits(self.docs.bitset)

    @cached_property
    def _doc_ids(self) -> Array:
        return self.docs.ids

    @cached_property
    def _documents(self) -> Array:
        """`IndexReader.document_numbers` of the docs of the set."""
        return self._reader.document_numbers(self._doc_ids)

    @property
    def _document_weight(self) -> int:
        """The number that counts one document in a sum of `_document_weights`: a power of two above `total`."""
        return 1 << self.total.bit_length()

    @cached_property
    def _document_weights(self) -> tuple[Array | None, Array]:
        """Numbers of the documents with docs in the set, and the weight of each.

        Instead of the numbers, the first value can be None. Then the second one has the weights of all documents.

        The weight of a document is the number of its docs in the set plus, if there are any, `_document_weight`. So the
        sum of weights contains the number of docs in its lower bits, and the number of documents in the upper ones.
        """
        documents, counts = self._docs_per_document
        return documents, counts + self._document_weight * (counts > 0)

    @property
    def _docs_per_document(self) -> tuple[Array | None, Array]:
        """Numbers of the documents with docs in the set, and the number of docs of each in the set.

        Instead of the numbers, the first value can be None. Then the second one has the counts of all documents.

        A dense set with at least as many docs as there are documents is counted by bits, unless a document is split
        over segments (`IndexReader.first_parts`). The bits before the first doc of each document are counted, and the
        differences of these counts are the counts of the documents. This counts the bits of one 64-bit word per 64
        docs, and of one word per document.
        """
        document_count, first_parts = len(self._reader.first_doc_ids), self._reader.first_parts
        if self.total < document_count and first_parts is None:
            starts = run_start_mask(self._documents).nonzero()[0]
            return self._documents.take(starts), np.diff(starts, append=self.total).astype(np.float64)
        if not self.docs.is_dense or first_parts is not None:
            return None, np.bincount(self._documents, minlength=document_count).astype(np.float64)
        words = self._packed_bits
        before = np.zeros(len(words), np.int64)
        np.cumsum(np.bitwise_count(words[:-1]), out=before[1:])
        word, lower_bits = self._reader.document_bit_offsets
        counts_before = before.take(word) + np.bitwise_count(words.take(word) & lower_bits)
        # `np.bincount` converts weights of any other type to this one.
        return None, np.diff(counts_before).astype(np.float64)


def value_ranks(column: FacetColumn, *, descending: bool) -> Array:
    """Return a number for each key of a facet (`FacetColumn.key_of`), by which keys are sorted by their first value.

    Keys without a value come last in both directions.
    """
    first = column.ordinals[0]
    # Descending: reverse the ordinals, except `missing`.
    return np.where(first == column.missing, column.missing, column.missing - 1 - first) if descending else first


def group_by_first(values: Array) -> tuple[Array, Array]:
    """Return the indices, ascending, of the first occurrences of the distinct values, and the number of occurrences."""
    _, first, counts = np.unique(values, return_index=True, return_counts=True)
    order = np.argsort(first)
    return first[order], counts[order]
