"""Characters and pairs of characters found in many texts at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def find_grams(standing: NDArray[Any], grams: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Give where grams of one or two characters begin, and the number of the gram that begins there, from 0.

    `standing`: for each place of the texts which of the grams of one character stands there, from 1 in the order of
    `grams`; 0 = none. Each character of a pair is such a gram. Cost: a look at each place, some ns where one stands.
    """
    number = {gram: n for n, gram in enumerate((gram for gram in grams if len(gram) == 1), 1)}
    gram_of = np.full((len(number) + 1, len(number) + 1), -1)
    for n, gram in enumerate(grams):
        first, *second = map(number.__getitem__, gram)
        gram_of[first, second[0] if second else 0] = n
    places = (standing != 0).nonzero()[0]
    found, meeting = standing.take(places).astype(np.intp), (places[1:] == places[:-1] + 1).nonzero()[0]
    pairs = gram_of[found.take(meeting), found.take(meeting + 1)]
    wanted = (pairs >= 0).nonzero()[0]
    begins, numbers = places.take(meeting.take(wanted)), pairs.take(wanted)
    return np.concatenate([places, begins]), np.concatenate([gram_of[found, 0], numbers])
