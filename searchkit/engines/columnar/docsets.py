"""Sets of doc ids, each in the form that costs least."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from functools import reduce
from itertools import pairwise

import numpy as np

from searchkit.engines.columnar.arrays import Array, distinct

IN_ROW = 128
"""The bit of a byte of a row that says that the doc is in the set."""
_FEW = 16  # a set is kept as ids while fewer than one doc in so many is in it
_SPARSE = 10  # from here on NumPy itself goes from 1 to 1, with a wrong guess of the processor at each
_WORD = 8  # booleans that are looked at together


class Form(Enum):
    """What a set is stored as."""

    NONE = auto()
    """Nothing: the empty set."""
    ALL = auto()
    """Nothing: all docs."""
    IDS = auto()
    """Ascending doc ids."""
    MASK = auto()
    """A boolean for each doc."""
    ROW = auto()
    """A byte for each doc, of which the highest bit counts: the dense postings of a term as they lie in the file."""


_DENSE = frozenset({Form.ALL, Form.MASK, Form.ROW})


class DocSet:
    """A set of the doc ids from 0 to before `size`. Never changed, and neither is an array that it was made of."""

    __slots__ = ("_data", "form", "size")

    def __init__(self, form: Form, data: Array, size: int) -> None:
        """Take the array that the form asks for. Use the class methods instead, which choose the form."""
        self.form, self._data, self.size = form, data, size

    @classmethod
    def none(cls, size: int) -> DocSet:
        """Make the empty set."""
        return cls(Form.NONE, _NO_IDS, size)

    @classmethod
    def all(cls, size: int) -> DocSet:
        """Make the set of all docs."""
        return cls(Form.ALL, _NO_IDS, size)

    @classmethod
    def of_ids(cls, ids: Array, size: int) -> DocSet:
        """Make a set of ascending ids."""
        return cls(Form.IDS, ids, size) if len(ids) else cls.none(size)

    @classmethod
    def of_mask(cls, mask: Array) -> DocSet:
        """Make a set of a boolean for each doc."""
        return cls(Form.MASK, mask, len(mask))

    @classmethod
    def of_row(cls, row: Array) -> DocSet:
        """Make a set of a byte for each doc, of which the highest bit counts."""
        return cls(Form.ROW, row, len(row))

    def __len__(self) -> int:
        """How many docs are in the set."""
        if self.form in _DENSE:
            return self.size if self.form is Form.ALL else int(np.count_nonzero(self.mask))
        return len(self._data)

    @property
    def is_dense(self) -> bool:
        """Whether it is stored doc by doc; if not, as ids."""
        return self.form in _DENSE

    @property
    def ids(self) -> Array:
        """The ids, ascending. Cost: nothing if stored, else half a ns a doc, and about 10 ns each in the set."""
        if self.form in _DENSE:
            return np.arange(self.size, dtype=np.intp) if self.form is Form.ALL else _ids(self.mask)
        return self._data

    @property
    def mask(self) -> Array:
        """A boolean for each doc, not to be changed."""
        if self.form is Form.MASK:
            return self._data
        if self.form is Form.ROW:
            row: Array = self._data >= IN_ROW
            return row
        mask = np.full(self.size, self.form is Form.ALL)
        mask[self._data] = True
        return mask

    def dense_as_mask(self) -> DocSet:
        """Give the same set with a mask for a row: for what is looked at several times."""
        return DocSet.of_mask(self.mask) if self.form is Form.ROW else self

    def contains(self, ids: Array) -> Array:
        """Tell for each of some ids whether it is in the set. Cost: a gather; where ids are stored, first a mask."""
        if self.form is Form.ROW:
            mask: Array = self._data.take(ids) >= IN_ROW
            return mask
        return np.ones(len(ids), bool) if self.form is Form.ALL else self.mask.take(ids)

    def first(self, most: int) -> Array:
        """Give the `most` lowest ids. Cost: in the end as `ids`, mostly a look at the first few thousand docs."""
        if self.form is Form.ALL:
            return np.arange(min(most, self.size), dtype=np.intp)
        if self.form in _DENSE:
            early = _ids(DocSet(self.form, self._data[:_EARLY], min(_EARLY, self.size)).mask)
            return (early if len(early) >= most else self.ids)[:most]
        return self._data[:most]

    def smaller(self) -> DocSet:
        """Give the same set as ids if few docs are in it."""
        if self.form is not Form.MASK or np.count_nonzero(self._data) * _FEW >= self.size:
            return self
        return DocSet.of_ids(self.ids, self.size)

    def complement(self) -> DocSet:
        """Give the docs that are not in the set."""
        if self.form in {Form.NONE, Form.ALL}:
            return DocSet.all(self.size) if self.form is Form.NONE else DocSet.none(self.size)
        return DocSet.of_mask(~self.mask)

    def split(self, starts: Sequence[int]) -> list[DocSet]:
        """Cut it into sets of segments: the opposite of `joined`."""
        if self.form in {Form.NONE, Form.ALL}:
            return [DocSet(self.form, _NO_IDS, last - first) for first, last in pairwise(starts)]
        if self.form in _DENSE:
            return [DocSet(self.form, self._data[first:last], last - first) for first, last in pairwise(starts)]
        bounds = self._data.searchsorted(starts).tolist()
        return [
            DocSet.of_ids(self._data[begin:end] - first, last - first)
            for (first, last), (begin, end) in zip(pairwise(starts), pairwise(bounds), strict=True)
        ]


_NO_IDS = np.empty(0, np.intp)
_EARLY = 1 << 12
"""Docs that are looked at before all are."""


def intersection(sets: Sequence[DocSet]) -> DocSet:
    """Give what is in all of some sets, at least one. Cost: some µs a dense set; where there are ids, some ns each."""
    narrowing = [docs for docs in sets if docs.form is not Form.ALL]
    if not narrowing:
        return sets[0]
    if any(docs.form is Form.NONE for docs in narrowing):
        return DocSet.none(sets[0].size)
    lists = sorted((docs for docs in narrowing if not docs.is_dense), key=len)
    dense = [docs for docs in narrowing if docs.is_dense]
    if not lists:
        return dense[0] if len(dense) == 1 else DocSet.of_mask(_mask(np.bitwise_and, dense)).smaller()
    ids, size = lists[0].ids, sets[0].size
    for other in lists[1:] if len(ids) else ():
        if len(ids) * _FEW < len(other):
            place = np.minimum(other.ids.searchsorted(ids), len(other) - 1)
            ids = ids.compress(other.ids[place] == ids)
        else:
            ids = ids.compress(other.contains(ids))
    for other in dense if len(ids) else ():
        # Indexing with a mask would take five times as long.
        ids = ids.compress(other.contains(ids))
    return DocSet.of_ids(ids, size)


def union(sets: Sequence[DocSet], size: int) -> DocSet:
    """Give what is in any of some sets of docs below `size`."""
    sets = [docs for docs in sets if docs.form is not Form.NONE]
    if not sets or any(docs.form is Form.ALL for docs in sets):
        return DocSet.all(size) if sets else DocSet.none(size)
    if len(sets) == 1:
        return sets[0]
    lists = [docs.ids for docs in sets if not docs.is_dense]
    dense = [docs for docs in sets if docs.is_dense]
    if not dense and sum(map(len, lists)) * _FEW < size:
        return DocSet.of_ids(distinct(np.sort(np.concatenate(lists))), size)
    mask = _mask(np.bitwise_or, dense) if dense else np.zeros(size, bool)
    if len(dense) == 1 and dense[0].form is Form.MASK:
        mask = mask.copy()  # it is another set's
    for ids in lists:
        mask[ids] = True
    return DocSet.of_mask(mask)


def joined(parts: Sequence[DocSet], starts: Sequence[int]) -> DocSet:
    """Give one set of those of segments; `starts`: the doc id each begins with, and the end of all."""
    size, shifts = starts[-1], starts[:-1]
    if not parts or all(docs.form is Form.ALL for docs in parts):
        return DocSet.all(size) if parts else DocSet.none(size)
    if len(parts) == 1:
        return parts[0]
    if not any(docs.is_dense for docs in parts) and sum(map(len, parts)) * _FEW < size:
        ids = np.repeat(np.array(shifts, np.intp), np.array(list(map(len, parts)), np.intp))
        ids += np.concatenate([_NO_IDS, *(docs.ids for docs in parts)])
        return DocSet.of_ids(ids, size)
    mask = np.zeros(size, bool)
    for docs, start in zip(parts, shifts, strict=True):
        if docs.is_dense:
            mask[start : start + docs.size] = docs.mask
        else:
            mask[docs.ids + start] = True
    return DocSet.of_mask(mask)


def _mask(operation: np.ufunc, sets: Sequence[DocSet]) -> Array:
    """Put dense sets together. Rows are put together as they are and looked at once."""
    rows = [docs._data for docs in sets if docs.form is Form.ROW]  # noqa: SLF001 - of this module's own type
    masks = [docs.mask for docs in sets if docs.form is Form.MASK]
    if rows:
        masks.append(DocSet.of_row(reduce(operation, rows)).mask)
    mask: Array = reduce(operation, masks)
    return mask


def _ids(mask: Array) -> Array:
    """The ids of a mask."""
    if np.count_nonzero(mask) * _SPARSE > len(mask):
        return mask.nonzero()[0]
    # Words that are not 0, then what is not 0 in those: half the time of one look at everything.
    whole = len(mask) // _WORD * _WORD
    words = mask[:whole].view(np.uint64)
    places = (words != 0).nonzero()[0]
    within = words.take(places).view(bool).nonzero()[0]
    ids = places.take(within // _WORD)
    ids *= _WORD
    ids += within % _WORD
    return np.concatenate([ids, mask[whole:].nonzero()[0] + whole])


def bits(mask: Array) -> Array:
    """Pack masks (the last axis) into 64-bit words, the first doc lowest, with at least one 0 behind the last."""
    packed = np.packbits(mask, axis=-1, bitorder="little")
    width = mask.shape[-1] // 64 * 8 + 8
    out = np.zeros((*packed.shape[:-1], width), np.uint8)
    out[..., : packed.shape[-1]] = packed
    return out.view("<u8")
