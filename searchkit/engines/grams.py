"""Finds characters and bigrams in many texts at once, for rescoring."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def find_grams(
    offsets: NDArray[np.intp], codes: NDArray[Any], grams: Sequence[str]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find grams of one or two characters. Returns the offset of each occurrence, and the index of its gram in `grams`.

    The occurrences of single characters come first, then the occurrences of pairs, both ascending by offset.

    `offsets`: the offsets, ascending, of the characters that are grams. `codes`: the codes of these characters. The
    grams of one character have the codes from 1, in the order of `grams`. Each character of a pair must also be a gram.
    """
    code_of = {gram: code for code, gram in enumerate((gram for gram in grams if len(gram) == 1), 1)}
    # `gram_of[a * width + b]` is the index in `grams` of the pair with the codes a and b, or -1 if the pair is no gram.
    # `gram_of[a * width]` is the index of the character with the code a.
    width = len(code_of) + 1
    gram_of = np.full(width * width, -1)
    for index, gram in enumerate(grams):
        first, *second = map(code_of.__getitem__, gram)
        gram_of[first * width + (second[0] if second else 0)] = index
    codes, adjacent = codes.astype(np.intp), (offsets[1:] - offsets[:-1] == 1).nonzero()[0]
    singles = codes * width
    pairs = gram_of.take(singles.take(adjacent) + codes.take(adjacent + 1))
    matches = (pairs >= 0).nonzero()[0]
    pair_offsets, pair_grams = offsets.take(adjacent.take(matches)), pairs.take(matches)
    return np.concatenate([offsets, pair_offsets]), np.concatenate([gram_of.take(singles), pair_grams])
