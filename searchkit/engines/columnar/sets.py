"""Sets of paragraphs, of one segment or of all of them: a boolean mask, or positions, ascending; what costs less."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise

import numpy as np

from searchkit.engines.columnar.arrays import Array, distinct

_FEW = 16  # positions are kept as such while fewer than one paragraph in so many is in the set


def as_mask(found: Array, size: int) -> Array:
    """The set as a mask."""
    if found.dtype == bool:
        return found
    mask = np.zeros(size, bool)
    mask[found] = True
    return mask


def as_positions(found: Array) -> Array:
    """The set as positions, ascending."""
    return np.flatnonzero(found) if found.dtype == bool else found


def smaller(mask: Array) -> Array:
    """A mask, or the positions if there are few."""
    return np.flatnonzero(mask) if np.count_nonzero(mask) * _FEW < len(mask) else mask


def count(found: Array) -> int:
    """How many paragraphs are in the set."""
    return int(np.count_nonzero(found)) if found.dtype == bool else len(found)


def intersection(sets: Sequence[Array], size: int) -> Array:
    """What is in all of the sets. Cost: some µs a mask; where there is a list, that of the shortest for each other."""
    lists = sorted((found for found in sets if found.dtype != bool), key=len)
    masks = [found for found in sets if found.dtype == bool]
    if not lists:
        return smaller(reduce(np.logical_and, masks))
    positions = lists[0]
    for other in lists[1:] if len(positions) else ():
        if len(positions) * _FEW < len(other):
            place = np.minimum(other.searchsorted(positions), len(other) - 1)
            positions = positions.compress(other[place] == positions)
        else:
            positions = positions.compress(as_mask(other, size).take(positions))
    for mask in masks if len(positions) else ():
        positions = positions.compress(mask.take(positions))  # indexing with a mask would take five times as long
    return positions


def union(sets: Sequence[Array], size: int) -> Array:
    """What is in any of the sets."""
    sets = [found for found in sets if len(found)] or list(sets[:1])
    if len(sets) == 1:
        return sets[0]
    if all(found.dtype != bool for found in sets) and sum(map(len, sets)) * _FEW < size:
        return distinct(np.sort(np.concatenate(sets)))
    masks = [found for found in sets if found.dtype == bool]
    mask = reduce(np.logical_or, masks, np.zeros(size, bool))
    for found in sets:
        if found.dtype != bool:
            mask[found] = True
    return mask


def joined(parts: Sequence[Array], starts: Sequence[int]) -> Array:
    """One set of those of segments; `starts`: the position of each segment's first paragraph, and the end of all."""
    size, shifts = starts[-1], starts[:-1]
    if all(found.dtype != bool for found in parts) and sum(map(len, parts)) * _FEW < size:
        positions = np.repeat(np.array(shifts, np.intp), np.array(list(map(len, parts)), np.intp))
        positions += np.concatenate([np.empty(0, np.intp), *parts])
        return positions
    mask = np.zeros(size, bool)
    for found, start in zip(parts, shifts, strict=True):
        if found.dtype == bool:
            mask[start : start + len(found)] = found
        else:
            mask[found + start] = True
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
