"""Cross-word postings: for a word, the docs whose passage contains its characters, but not the word as a token.

In such a passage, the characters extend across a word boundary (行政 in 执行|政策, 法律服务 in 法律|服务业), or are a
part of a longer token (ai in main).

A query for a word matches its characters wherever they occur in a passage. The postings of the word contain the docs in
which the word is a token, and the cross-word postings contain all other docs with its characters. Cross-word postings
are stored for all words of two letters or Chinese characters, and for longer words, of up to 64 characters, that many
docs have. Without cross-word postings, a search would have to check all offsets of a pair of characters. There are many
times more such offsets than docs in the cross-word postings. Words without cross-word postings are rare, or longer than
64 characters, and found quickly by their bigrams.
"""

from __future__ import annotations

import numpy as np

from searchkit.engines.columnar.arrays import Array, Arrays, narrowest, offsets_from_lengths
from searchkit.engines.columnar.bigrams import CrossWordDocs
from searchkit.engines.columnar.matching.strings import StringMatcher
from searchkit.engines.columnar.postings import SortedPostings
from searchkit.query.tree import Substring

_MIN_LONG_WORD, _MAX_LONG_WORD = 3, 64  # characters; longer words are not real ones, and finding them takes longer
_LONG_WORD_RATIO = 512  # a long word has cross-word postings if more than 1/512 of the docs have it as a token


def cross_word_arrays(
    postings: SortedPostings, two_char_words: CrossWordDocs, strings: StringMatcher, size: int
) -> dict[str, Array]:
    """Return the arrays for `CrossWordPostings` of a segment of `size` docs.

    `two_char_words`: the cross-word docs of the words of two characters. `CrossWordDocs.words` are term ordinals.
    `strings`: finds the longer words in the text.
    """
    long_words, long_word_docs = _long_words(postings, strings, size)
    terms = np.concatenate([two_char_words.words, long_words])
    counts = np.concatenate([two_char_words.counts, np.array(list(map(len, long_word_docs)), np.int64)])
    doc_ids = np.concatenate([two_char_words.doc_ids, *long_word_docs])
    order = np.argsort(terms)
    offsets = offsets_from_lengths(counts[order])
    indices = np.repeat(offsets_from_lengths(counts)[:-1][order] - offsets[:-1], counts[order]) + np.arange(
        len(doc_ids)
    )
    return {
        "cross_word_terms": narrowest(terms[order]),
        "cross_word_offsets": narrowest(offsets),
        "cross_word_docs": doc_ids[indices].astype(np.uint16),
    }


def _long_words(postings: SortedPostings, strings: StringMatcher, size: int) -> tuple[Array, list[Array]]:
    """Return the ordinals of the long words that have cross-word postings, and the cross-word docs of each."""
    counts = np.diff(postings.offsets) - postings.not_in_passage
    frequent = np.flatnonzero(counts * _LONG_WORD_RATIO > size).tolist()
    is_long = [_MIN_LONG_WORD <= len(term) <= _MAX_LONG_WORD and term.isalpha() for term in postings.terms]
    words = [term_ord for term_ord in frequent if is_long[term_ord]]
    docs = []
    for term_ord in words:
        matches = np.zeros(size, bool)
        matches[strings.match(Substring(postings.terms[term_ord]))] = True
        start = int(postings.offsets[term_ord])
        matches[postings.doc[start : start + int(counts[term_ord])]] = False
        docs.append(np.flatnonzero(matches).astype(np.uint16))
    return np.array(words, np.int64), docs


class CrossWordPostings:
    """The cross-word postings of an open segment."""

    def __init__(self, arrays: Arrays, size: int) -> None:
        self._terms, self._docs = arrays["cross_word_terms"], arrays.checked("cross_word_docs", size)
        self._offsets = arrays.offsets("cross_word_offsets", len(self._terms), len(self._docs))

    def doc_ids(self, term_ord: int) -> Array | None:
        """Return the ids, ascending, of the docs whose passage has a term's characters, but not the term as a token.

        Returns None if the term has no cross-word postings.
        """
        index = int(self._terms.searchsorted(term_ord))
        if index == len(self._terms) or self._terms[index] != term_ord:
            return None
        return self._docs.read(int(self._offsets[index]), int(self._offsets[index + 1])).astype(np.intp)
