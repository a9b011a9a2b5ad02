"""Words where their characters stand without being that word: 行政 in 执行|政策, 法律服务 in 法律|服务业.

Whoever asks for a word asks for its characters. The postings know where it is a word; which other paragraphs have its
characters is listed here by the term: for all words of two characters, and for those longer ones that many paragraphs
have. To find them at each search would be to go through all places of a pair of characters, a hundred times as many;
those of rare long words are found quickly.
"""

from __future__ import annotations

import numpy as np

from searchkit.engines.columnar.arrays import Array, ArrayFile, narrow, starts
from searchkit.engines.columnar.bigrams import WordLists
from searchkit.engines.columnar.matching.strings import StringMatcher
from searchkit.engines.columnar.postings import PostingLists
from searchkit.query.tree import Substring

_MIN_LENGTH, _MAX_LENGTH = 3, 64  # characters; the time to find a word grows with the length, and none is so long
_MANY = 512  # a long word has a list if more than one in so many paragraphs have it


def straddling_arrays(lists: PostingLists, short: WordLists, strings: StringMatcher, size: int) -> dict[str, Array]:
    """The arrays for `Straddling` of a segment of `size` paragraphs.

    `short`: the lists of words of two characters, by the number of the term.
    """
    words, found = _long_words(lists, strings, size)
    terms = np.concatenate([short.words, words])
    counts = np.concatenate([short.counts, np.array(list(map(len, found)), np.int64)])
    ids = np.concatenate([short.ids, *found])
    order = np.argsort(terms)
    at = starts(counts[order])
    places = np.repeat(starts(counts)[:-1][order] - at[:-1], counts[order]) + np.arange(len(ids))
    return {
        "straddling_terms": narrow(terms[order]),
        "straddling_at": narrow(at),
        "straddling_ids": ids[places].astype(np.uint16),
    }


def _long_words(lists: PostingLists, strings: StringMatcher, size: int) -> tuple[Array, list[Array]]:
    """The numbers of the long words that have lists, and the lists."""
    counts = np.diff(lists.at) - lists.others
    frequent = np.flatnonzero(counts * _MANY > size).tolist()
    is_long = [_MIN_LENGTH <= len(term) <= _MAX_LENGTH and term.isalpha() for term in lists.terms]
    words = [number for number in frequent if is_long[number]]
    found = []
    for number in words:
        stands = np.zeros(size, bool)
        stands[strings.match(Substring(lists.terms[number]))] = True
        first = int(lists.at[number])
        stands[lists.holder[first : first + int(counts[number])]] = False
        found.append(np.flatnonzero(stands).astype(np.uint16))
    return np.array(words, np.int64), found


class Straddling:
    """The lists of an open segment."""

    def __init__(self, arrays: ArrayFile) -> None:
        self._terms, self._at, self._ids = (arrays[f"straddling_{name}"] for name in ("terms", "at", "ids"))

    def ids(self, term: int) -> Array | None:
        """Ids, ascending, of those that have the characters of a term, but not the term; None if it has no list."""
        place = int(self._terms.searchsorted(term))
        if place == len(self._terms) or self._terms[place] != term:
            return None
        return self._ids[int(self._at[place]) : int(self._at[place + 1])].astype(np.intp)
