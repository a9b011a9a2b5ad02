"""Sets of doc ids in memory: the results of matching."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from functools import reduce
from itertools import pairwise

import numpy as np

from searchkit.engines.columnar.arrays import Array, unique_sorted

MATCH_BIT = 128
"""Bit of a byte of dense postings. The bit is set if the doc is in the set."""
_SPARSE_RATIO = 16
"""`DocSet.compact` stores a bitset with less than 1/16 of the docs as ids. `union` and `concatenate` return ids if none
of their sets is dense and the lengths of the sets add up to less than 1/16 of the docs.

An intersection looks ids up by binary search in a set of more than 16 times as many ids.
"""


class Form(Enum):
    """How a set is stored."""

    NONE = auto()
    """No data: the empty set."""
    ALL = auto()
    """No data: all docs."""
    IDS = auto()
    """Ascending doc ids."""
    BITSET = auto()
    """A boolean per doc."""
    DENSE_POSTINGS = auto()
    """A byte per doc, as the dense postings of a term are stored. `MATCH_BIT` is set if the doc is in the set."""


_DENSE_FORMS = (Form.ALL, Form.BITSET, Form.DENSE_POSTINGS)  # no `set`: hashing a `Form` calls a Python function


class DocSet:
    """An immutable set of doc ids from 0 to `size` - 1. It never changes the array that it was created from."""

    __slots__ = ("_count", "_data", "form", "size")

    def __init__(self, form: Form, data: Array, size: int) -> None:
        """Take the array that `form` requires. Outside this module, the class methods are used instead."""
        self.form, self._data, self.size = form, data, size
        self._count: int | None = None

    @classmethod
    def none(cls, size: int) -> DocSet:
        """Return the empty set."""
        return cls(Form.NONE, _NO_IDS, size)

    @classmethod
    def all(cls, size: int) -> DocSet:
        """Return the set of all docs."""
        return cls(Form.ALL, _NO_IDS, size)

    @classmethod
    def of_ids(cls, ids: Array, size: int) -> DocSet:
        """Return the set of the given ids, which must ascend."""
        return cls(Form.IDS, ids, size) if len(ids) else cls.none(size)

    @classmethod
    def of_bitset(cls, bitset: Array) -> DocSet:
        """Return the set of the docs whose boolean is true."""
        return cls(Form.BITSET, bitset, len(bitset))

    @classmethod
    def of_dense_postings(cls, postings: Array) -> DocSet:
        """Return the set of the docs whose byte has `MATCH_BIT` set."""
        return cls(Form.DENSE_POSTINGS, postings, len(postings))

    def __len__(self) -> int:
        """Return the number of docs in the set. It is computed once."""
        if self._count is None:
            if self.form in _DENSE_FORMS:
                self._count = self.size if self.form is Form.ALL else int(np.count_nonzero(self.bitset))
            else:
                self._count = len(self._data)
        return self._count

    @property
    def is_dense(self) -> bool:
        """Whether the set is stored as a bitset or dense postings, or is `Form.ALL`; False for ids and `Form.NONE`."""
        return self.form in _DENSE_FORMS

    @property
    def ids(self) -> Array:
        """Doc ids, ascending.

        Free if the ids are stored. Otherwise takes half a ns for each of `size` docs, and about 10 ns per id.
        """
        if self.form in _DENSE_FORMS:
            return np.arange(self.size, dtype=np.intp) if self.form is Form.ALL else self.bitset.nonzero()[0]
        return self._data

    @property
    def bitset(self) -> Array:
        """A boolean per doc. The array must not be changed, because it may be the stored one."""
        if self.form is Form.BITSET:
            return self._data
        if self.form is Form.DENSE_POSTINGS:
            matches: Array = self._data >= MATCH_BIT
            return matches
        bitset = np.full(self.size, self.form is Form.ALL)
        bitset[self._data] = True
        return bitset

    def postings_as_bitset(self) -> DocSet:
        """Return the same set, with a bitset in place of dense postings.

        The conversion saves time if the bitset is read several times.
        """
        return DocSet.of_bitset(self.bitset) if self.form is Form.DENSE_POSTINGS else self

    def contains(self, ids: Array) -> Array:
        """Return a mask of the `ids` that are in the set.

        Takes one gather, after building a bitset if the set is stored as ids, or is `Form.NONE`.
        """
        if self.form is Form.DENSE_POSTINGS:
            is_match: Array = self._data.take(ids) >= MATCH_BIT
            return is_match
        return np.ones(len(ids), bool) if self.form is Form.ALL else self.bitset.take(ids)

    def first(self, limit: int) -> Array:
        """Return the lowest ids, at most `limit`.

        Of a bitset or dense postings, scans the first 4096 docs. If fewer than `limit` of these docs are in the set,
        scans all docs.
        """
        if self.form is Form.ALL:
            return np.arange(min(limit, self.size), dtype=np.intp)
        if self.form in _DENSE_FORMS:
            head = DocSet(self.form, self._data[:_HEAD_DOCS], min(_HEAD_DOCS, self.size)).ids
            return (head if len(head) >= limit else self.ids)[:limit]
        return self._data[:limit]

    def compact(self) -> DocSet:
        """Return the same set, as ids if it is a bitset with less than 1/16 of the docs."""
        if self.form is not Form.BITSET or len(self) * _SPARSE_RATIO >= self.size:
            return self
        return DocSet.of_ids(self.ids, self.size)

    def complement(self) -> DocSet:
        """Return the set of the docs that are not in this set."""
        if self.form in {Form.NONE, Form.ALL}:
            return DocSet.all(self.size) if self.form is Form.NONE else DocSet.none(self.size)
        return DocSet.of_bitset(~self.bitset)

    def split(self, doc_bases: Sequence[int]) -> list[DocSet]:
        """Return one set per segment from this set for the index: the inverse of `concatenate`.

        `doc_bases`: as for `concatenate`.
        """
        if self.form in {Form.NONE, Form.ALL}:
            return [DocSet(self.form, _NO_IDS, end - base) for base, end in pairwise(doc_bases)]
        if self.form in _DENSE_FORMS:
            return [DocSet(self.form, self._data[base:end], end - base) for base, end in pairwise(doc_bases)]
        offsets = self._data.searchsorted(doc_bases).tolist()
        return [
            DocSet.of_ids(self._data[ids_start:ids_end] - base, end - base)
            for (base, end), (ids_start, ids_end) in zip(pairwise(doc_bases), pairwise(offsets), strict=True)
        ]


_NO_IDS = np.empty(0, np.intp)
_HEAD_DOCS = 1 << 12
"""Number of docs that `DocSet.first` scans before it scans all docs."""


def intersection(sets: Sequence[DocSet]) -> DocSet:
    """Return the docs that are in all sets. At least one set must be given.

    Takes some µs per set if all sets are dense. Otherwise takes some ns per set and id of the smallest set of ids, and
    some µs to convert each other set of ids that is not much larger to a bitset.
    """
    restricting = [docs for docs in sets if docs.form is not Form.ALL]
    if not restricting:
        return sets[0]
    if any(docs.form is Form.NONE for docs in restricting):
        return DocSet.none(sets[0].size)
    by_length = sorted((docs for docs in restricting if not docs.is_dense), key=len)
    dense = [docs for docs in restricting if docs.is_dense]
    if not by_length:
        return dense[0] if len(dense) == 1 else DocSet.of_bitset(_combine_dense(np.bitwise_and, dense)).compact()
    ids = by_length[0].ids
    for other in (*by_length[1:], *dense):
        if not len(ids):
            break
        ids = _intersect_ids(ids, other)
    return DocSet.of_ids(ids, sets[0].size)


def _intersect_ids(ids: Array, other: DocSet) -> Array:
    """Return the ids that are in another set, which is not `Form.NONE`."""
    if not other.is_dense and len(ids) * _SPARSE_RATIO < len(other):
        index = np.minimum(other.ids.searchsorted(ids), len(other) - 1)
        return ids.compress(other.ids[index] == ids)
    return ids.compress(other.contains(ids))  # `ids[mask]` would take five times as long


def difference(docs: DocSet, other: DocSet) -> DocSet:
    """Return the docs of a set that are not in another set. Takes some ns per id, and some µs to build a bitset."""
    if docs.is_dense or docs.form is Form.NONE:
        bitset = docs.bitset & ~other.bitset if other.is_dense else docs.bitset.copy()
        if not other.is_dense:
            bitset[other.ids] = False
        return DocSet.of_bitset(bitset).compact()
    return DocSet.of_ids(docs.ids.compress(~other.contains(docs.ids)), docs.size)


def union(sets: Sequence[DocSet], size: int) -> DocSet:
    """Return the docs that are in at least one of the sets. `size`: number of docs of the index or segment."""
    sets = [docs for docs in sets if docs.form is not Form.NONE]
    if not sets or any(docs.form is Form.ALL for docs in sets):
        return DocSet.all(size) if sets else DocSet.none(size)
    if len(sets) == 1:
        return sets[0]
    id_arrays = [docs.ids for docs in sets if not docs.is_dense]
    dense = [docs for docs in sets if docs.is_dense]
    if not dense and sum(map(len, id_arrays)) * _SPARSE_RATIO < size:
        return DocSet.of_ids(unique_sorted(np.sort(np.concatenate(id_arrays))), size)
    bitset = _combine_dense(np.bitwise_or, dense) if dense else np.zeros(size, bool)
    if len(dense) == 1 and dense[0].form is Form.BITSET:
        bitset = bitset.copy()  # so far the stored array of the only dense set, which must not change
    for ids in id_arrays:
        bitset[ids] = True
    return DocSet.of_bitset(bitset)


def concatenate(parts: Sequence[DocSet], doc_bases: Sequence[int]) -> DocSet:
    """Return one set for the index from one set per segment.

    `doc_bases`: the first doc id of each segment, followed by the number of docs of the index.
    """
    size, bases = doc_bases[-1], doc_bases[:-1]
    if not parts or all(docs.form is Form.ALL for docs in parts):
        return DocSet.all(size) if parts else DocSet.none(size)
    if len(parts) == 1:
        return parts[0]
    if not any(docs.is_dense for docs in parts) and sum(map(len, parts)) * _SPARSE_RATIO < size:
        ids = np.repeat(np.array(bases, np.intp), np.array(list(map(len, parts)), np.intp))
        ids += np.concatenate([_NO_IDS, *(docs.ids for docs in parts)])
        return DocSet.of_ids(ids, size)
    bitset = np.zeros(size, bool)
    for docs, base in zip(parts, bases, strict=True):
        if docs.is_dense:
            bitset[base : base + docs.size] = docs.bitset
        else:
            bitset[docs.ids + base] = True
    return DocSet.of_bitset(bitset)


def _combine_dense(operation: np.ufunc, sets: Sequence[DocSet]) -> Array:
    """Combine dense sets, none of them `Form.ALL`, into a bitset. A single bitset is returned itself, not as a copy.

    Dense postings are combined as bytes, and `MATCH_BIT` is tested once.
    """
    postings = [docs._data for docs in sets if docs.form is Form.DENSE_POSTINGS]  # noqa: SLF001 - this module's type
    bitsets = [docs.bitset for docs in sets if docs.form is Form.BITSET]
    if postings:
        bitsets.append(DocSet.of_dense_postings(reduce(operation, postings)).bitset)
    combined: Array = reduce(operation, bitsets)
    return combined


def pack_bits(bitsets: Array) -> Array:
    """Pack booleans along the last axis into 64-bit words.

    The first doc is the lowest bit of the first word. At least one 0 bit follows the last doc, so that there is a word
    for the offset after the last doc.
    """
    packed = np.packbits(bitsets, axis=-1, bitorder="little")
    width = bitsets.shape[-1] // 64 * 8 + 8
    words = np.zeros((*packed.shape[:-1], width), np.uint8)
    words[..., : packed.shape[-1]] = packed
    return words.view("<u8")
