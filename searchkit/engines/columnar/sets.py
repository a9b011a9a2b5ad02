"""Sets of paragraphs, of one segment or of all of them, in the form that costs least.

- positions, ascending;
- a mask: a boolean for each paragraph;
- marks: a byte for each paragraph, of which the highest bit counts, such as the row of a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise

import numpy as np

from searchkit.engines.columnar.arrays import Array, distinct

MARK = 128
"""The bit of a byte of `marks` that says that the paragraph is in the set."""
_FEW = 16  # positions are kept as such while fewer than one paragraph in so many is in the set
_SPARSE = 10  # from here on NumPy itself goes from 1 to 1, with a wrong guess of the processor at each
_WORD = 8  # booleans that are looked at together


def as_mask(found: Array, size: int) -> Array:
    """The set as a mask."""
    if found.dtype == bool:
        return found
    if found.dtype == np.uint8:
        mask: Array = found >= MARK
        return mask
    mask = np.zeros(size, bool)
    mask[found] = True
    return mask


def as_positions(found: Array) -> Array:
    """The set as positions. Cost: half a ns a paragraph, and about 10 ns each that is in the set."""
    if found.dtype == np.intp:
        return found
    mask = as_mask(found, len(found))
    if np.count_nonzero(mask) * _SPARSE > len(mask):
        return mask.nonzero()[0]
    # Words that are not 0, then what is not 0 in those: half the time of one look at everything.
    whole = len(mask) // _WORD * _WORD
    words = mask[:whole].view(np.uint64)
    places = (words != 0).nonzero()[0]
    within = words.take(places).view(bool).nonzero()[0]
    positions = places.take(within // _WORD)
    positions *= _WORD
    positions += within % _WORD
    return np.concatenate([positions, mask[whole:].nonzero()[0] + whole])


def smaller(mask: Array) -> Array:
    """A mask, or the positions if there are few."""
    return as_positions(mask) if np.count_nonzero(mask) * _FEW < len(mask) else mask


def count(found: Array) -> int:
    """How many paragraphs are in the set."""
    return len(found) if found.dtype == np.intp else int(np.count_nonzero(as_mask(found, len(found))))


def intersection(sets: Sequence[Array], size: int) -> Array:
    """What is in all of the sets. Cost: some µs a mask; where there are positions, some ns each for every other set."""
    lists = sorted((found for found in sets if found.dtype == np.intp), key=len)
    whole = [found for found in sets if found.dtype != np.intp]
    if not lists:
        return smaller(_mask(np.bitwise_and, whole))
    positions = lists[0]
    for other in lists[1:] if len(positions) else ():
        if len(positions) * _FEW < len(other):
            place = np.minimum(other.searchsorted(positions), len(other) - 1)
            positions = positions.compress(other[place] == positions)
        else:
            positions = positions.compress(as_mask(other, size).take(positions))
    for other in whole if len(positions) else ():
        # Indexing with a mask would take five times as long.
        positions = positions.compress(as_mask(other.take(positions), size))
    return positions


def union(sets: Sequence[Array], size: int) -> Array:
    """What is in any of the sets."""
    sets = [found for found in sets if len(found)] or list(sets[:1])
    if len(sets) == 1:
        return sets[0]
    lists = [found for found in sets if found.dtype == np.intp]
    whole = [found for found in sets if found.dtype != np.intp]
    if not whole and sum(map(len, lists)) * _FEW < size:
        return distinct(np.sort(np.concatenate(lists)))
    mask = _mask(np.bitwise_or, whole) if whole else np.zeros(size, bool)
    if len(whole) == 1 and mask is whole[0]:
        mask = mask.copy()  # it may be kept for others
    for positions in lists:
        mask[positions] = True
    return mask


def _mask(operation: np.ufunc, sets: Sequence[Array]) -> Array:
    """Masks and marks as one mask. Marks are put together as they are and looked at once."""
    marks = [found for found in sets if found.dtype == np.uint8]
    masks = [found for found in sets if found.dtype == bool]
    if marks:
        masks.append(as_mask(reduce(operation, marks), len(marks[0])))
    mask: Array = reduce(operation, masks)
    return mask


def joined(parts: Sequence[Array], starts: Sequence[int]) -> Array:
    """One set of those of segments; `starts`: the position of each segment's first paragraph, and the end of all."""
    size, shifts = starts[-1], starts[:-1]
    if all(found.dtype == np.intp for found in parts) and sum(map(len, parts)) * _FEW < size:
        positions = np.repeat(np.array(shifts, np.intp), np.array(list(map(len, parts)), np.intp))
        positions += np.concatenate([np.empty(0, np.intp), *parts])
        return positions
    mask = np.zeros(size, bool)
    for found, start in zip(parts, shifts, strict=True):
        if found.dtype == np.intp:
            mask[found + start] = True
        else:
            mask[start : start + len(found)] = as_mask(found, len(found))
    return mask


def split(found: Array, starts: Sequence[int]) -> list[Array]:
    """The opposite of `joined`."""
    if found.dtype == bool:
        return [found[first:last] for first, last in pairwise(starts)]
    bounds = found.searchsorted(starts).tolist()
    return [found[first:last] - start for start, (first, last) in zip(starts, pairwise(bounds), strict=False)]


def complement(found: Array, size: int) -> Array:
    """What is not in the set."""
    return ~as_mask(found, size)


def bits(mask: Array) -> Array:
    """Masks (the last axis) as 64-bit words, the first paragraph lowest, with at least one 0 behind the last."""
    packed = np.packbits(mask, axis=-1, bitorder="little")
    width = mask.shape[-1] // 64 * 8 + 8
    out = np.zeros((*packed.shape[:-1], width), np.uint8)
    out[..., : packed.shape[-1]] = packed
    return out.view("<u8")
