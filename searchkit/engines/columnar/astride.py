"""Words of three and more characters where they stand without being words: 法律服务 in 法律|服务业.

Whoever asks for such a word asks for its characters. The postings know where it is a word; which other paragraphs have
its characters is listed here, for the words that many paragraphs have. To find them at each search would be to go
through all places of a pair of characters, a hundred times as many. (For words of two characters `bigrams` has such
lists; those of rare words are found quickly.)
"""

from __future__ import annotations

import numpy as np

from searchkit.engines.columnar.arrays import Array, ArrayFile, narrow, starts
from searchkit.engines.columnar.postings import PostingLists
from searchkit.engines.columnar.text import Text
from searchkit.query.tree import Substring

_SHORTEST, _LONGEST = 3, 64  # characters; the time to find a word grows with the length, and none is so long
_MANY = 512  # a word has a list if more than one in so many paragraphs have it


def long_word_arrays(lists: PostingLists, text: Text, size: int) -> dict[str, Array]:
    """The arrays for `LongWords` of a segment of `size` paragraphs."""
    counts = np.diff(lists.at) - lists.others
    frequent = np.flatnonzero(counts * _MANY > size).tolist()
    is_long = [_SHORTEST <= len(term) <= _LONGEST and term.isalpha() for term in lists.terms]
    words = [number for number in frequent if is_long[number]]
    found = [np.empty(0, np.uint16)]
    for number in words:
        stands = np.zeros(size, bool)
        stands[text.holding(Substring(lists.terms[number]))] = True
        first = int(lists.at[number])
        stands[lists.holder[first : first + int(counts[number])]] = False
        found.append(np.flatnonzero(stands).astype(np.uint16))
    return {
        "long_words": narrow(np.array(words, np.int64)),
        "long_at": narrow(starts(list(map(len, found[1:])))),
        "long_ids": np.concatenate(found),
    }


class LongWords:
    """The lists of an open segment."""

    def __init__(self, arrays: ArrayFile) -> None:
        self._words, self._at, self._ids = arrays["long_words"], arrays["long_at"], arrays["long_ids"]

    def elsewhere(self, term: int) -> Array | None:
        """Ids, ascending, of those that have the characters of a term, but not the term; None if it has no list."""
        place = int(self._words.searchsorted(term))
        if place == len(self._words) or self._words[place] != term:
            return None
        return self._ids[int(self._at[place]) : int(self._at[place + 1])].astype(np.intp)
