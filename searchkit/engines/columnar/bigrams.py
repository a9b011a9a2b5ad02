"""Bigrams: where each pair of neighbouring characters stands in a segment, and how many paragraphs have it.

Characters are numbers of the segment's alphabet, 0 ends a paragraph. A list of offsets has 16-bit numbers: of a common
pair the gaps between its offsets, of a rare one the low bits of its offsets and then their high bits. Common pairs with
a punctuation mark are not listed. Where words of two characters stand as words, the postings know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from searchkit.engines.columnar.arrays import Array, ArrayFile, changes, distinct, narrow, starts

MOST_WITH_MARK = 64
"""A pair of which one is no letter and none a digit (，推) is not listed if more paragraphs have it than this: such
pairs are a sixth of all there is, and few strings that anybody looks for consist of nothing else."""
MARK, LETTER, DIGIT = range(3)
"""Kinds of characters; whatever is neither letter nor digit is a mark, the end of a paragraph too."""
_SKIP = 0xFFFF  # as a gap: so far ahead, and nothing stands there
_LOW = 16  # bits of an offset that a list of a rare pair keeps apart from the others
_HOLDER_BITS = 16


@dataclass(frozen=True, slots=True)
class Words:
    """The words of two characters, and where they are: those need no look at the text to be found."""

    codes: Array = field(default_factory=lambda: np.empty((0, 2), np.int64))
    """Their characters, a row for each; 0 for a character that does not occur in the text."""
    word_of: Array = field(default_factory=lambda: np.empty(0, np.int64))
    """For each word and each paragraph that has it as a token of its text: which word,"""
    holder: Array = field(default_factory=lambda: np.empty(0, np.int64))
    """and which paragraph."""


def bigram_arrays(coded: Array, kinds: Array, text_at: Array, words: Words) -> dict[str, Array]:
    """The arrays of the bigrams of a text; `kinds`: of each character, `text_at`: where each paragraph begins."""
    shift = key_bits(len(kinds))
    keys, offsets = _sorted_pairs(coded, shift)
    holder_of = np.repeat(np.arange(len(text_at) - 1, dtype=np.uint16), np.diff(text_at))
    holders = holder_of.take(offsets)
    is_first = changes(keys)
    is_new = changes(holders)
    is_new |= is_first
    begins = np.flatnonzero(is_first)
    df = np.add.reduceat(is_new, begins, dtype=np.int64) if len(begins) else begins
    pairs = keys.take(begins)
    first, second = kinds[pairs >> np.uint64(shift)], kinds[pairs & np.uint64((1 << shift) - 1)]
    has_mark = (np.minimum(first, second) == MARK) & (np.maximum(first, second) != DIGIT)
    is_listed = ~has_mark | (df <= MOST_WITH_MARK)
    lists = _Lists(offsets, np.diff(begins, append=len(keys)), is_listed, df >= _common(len(coded)))
    return {
        "bigrams": pairs.astype(np.uint32 if 2 * shift <= np.iinfo(np.uint32).bits else np.uint64),
        "bigram_at": narrow(lists.at),
        "bigram_df": (df - 1).astype(np.uint16),
        "bigram_offsets": lists.stored(),
        "character_df": narrow(_character_df(coded, len(kinds), holder_of)),
        **_astride(_numbers(words.codes, pairs, shift), words, df, holders.compress(is_new)),
    }


class Bigrams:
    """The bigrams of an open segment with a text of `length` characters. Keys: `first << shift | second`."""

    def __init__(self, arrays: ArrayFile | Mapping[str, Array], alphabet: int, length: int) -> None:
        self._keys, self._at, self._df = arrays["bigrams"], arrays["bigram_at"], arrays["bigram_df"]
        self._stored = arrays["bigram_offsets"]
        self._astride = arrays["astride_bigrams"], arrays["astride_at"], arrays["astride_ids"]
        self._shift = key_bits(alphabet)
        self._common = _common(length)

    def find(self, first: int, second: int) -> int | None:
        """The number of a pair, or None if it stands nowhere."""
        key = self._keys.dtype.type(first << self._shift | second)
        number = int(self._keys.searchsorted(key))
        return number if number < len(self._keys) and self._keys[number] == key else None

    def size(self, number: int) -> int:
        """How many 16-bit numbers the list of a pair has; 0 if it is not listed."""
        return int(self._at[number + 1]) - int(self._at[number])

    def offsets(self, number: int) -> Array:
        """The offsets of a pair that is listed, ascending."""
        stored = self._stored[int(self._at[number]) : int(self._at[number + 1])]
        if int(self._df[number]) + 1 >= self._common:
            offsets = np.cumsum(stored, dtype=np.int64)
            return offsets.compress(stored != _SKIP)
        count = 2 * len(stored) // 3
        high = stored[count:].view(np.uint8)[:count]
        return high.astype(np.int64) << _LOW | stored[:count]

    def dfs(self, codes: Array) -> Array:
        """How many paragraphs have each pair of characters; a row of `codes` for each."""
        if not len(self._keys):
            return np.zeros(len(codes), np.int64)
        wanted = (codes[:, 0] << self._shift | codes[:, 1]).astype(self._keys.dtype)
        numbers = np.minimum(self._keys.searchsorted(wanted), len(self._keys) - 1)
        return np.where(self._keys[numbers] == wanted, self._df[numbers].astype(np.int64) + 1, 0)

    def astride(self, number: int) -> Array | None:
        """Paragraphs that have the two characters of a word, but not the word; None if the pair is no word."""
        words, at, ids = self._astride
        word = int(words.searchsorted(number))
        if word == len(words) or words[word] != number:
            return None
        return ids[int(at[word]) : int(at[word + 1])].astype(np.intp)


def key_bits(alphabet: int) -> int:
    """Bits of the number of a character in an alphabet of so many."""
    return max(1, (alphabet - 1).bit_length())


def _sorted_pairs(coded: Array, shift: int) -> tuple[Array, Array]:
    """Keys and offsets of all pairs, by key, then offset. Every character but the ends of paragraphs begins one."""
    begins = coded[:-1] != 0
    keys = coded[:-1].astype(np.uint64) << np.uint64(shift)
    keys |= coded[1:]
    room = key_bits(len(coded))
    if 2 * shift + room > np.iinfo(np.uint64).bits:  # more characters than any script has
        order = np.argsort(keys.compress(begins), kind="stable")
        return keys.compress(begins)[order], np.flatnonzero(begins)[order]
    # One packed sort is many times faster than a sort that gives an order.
    keys <<= np.uint64(room)
    keys |= np.arange(len(keys), dtype=np.uint64)
    keys = keys.compress(begins)
    keys.sort()
    offsets = (keys & np.uint64((1 << room) - 1)).astype(np.uint32)
    keys >>= np.uint64(room)
    return keys, offsets


def _character_df(coded: Array, alphabet: int, holder_of: Array) -> Array:
    """How many paragraphs have each character."""
    wide = np.uint32 if key_bits(alphabet) + _HOLDER_BITS <= np.iinfo(np.uint32).bits else np.uint64
    seen = coded.astype(wide) << wide(_HOLDER_BITS) | holder_of
    seen.sort()
    return np.bincount((distinct(seen) >> wide(_HOLDER_BITS)).astype(np.int64), minlength=alphabet)


def _common(characters: int) -> int:
    """A pair that so many paragraphs have is stored as gaps: on average they are well below 16 bits.

    In a text so long that its offsets have more than 24 bits every pair is.
    """
    return characters >> (_LOW - 1) if characters <= 1 << (_LOW + 8) else 0


class _Lists:
    """The lists of offsets on their way into one array of 16-bit numbers."""

    def __init__(self, offsets: Array, counts: Array, is_listed: Array, has_gaps: Array) -> None:
        """Offsets of all pairs, one pair after the other; of each pair how many, and how they are to be stored."""
        self._common, self._rare = np.flatnonzero(is_listed & has_gaps), np.flatnonzero(is_listed & ~has_gaps)
        self._counts = counts[self._common], counts[self._rare]
        self._gaps, self._ends = self._gapped(offsets.compress(np.repeat(is_listed & has_gaps, counts)))
        self._offsets = offsets.compress(np.repeat(is_listed & ~has_gaps, counts))
        sizes = np.zeros(len(counts), np.int64)
        sizes[self._common] = np.diff(np.r_[0, self._ends][starts(self._counts[0])])
        sizes[self._rare] = self._counts[1] + (self._counts[1] + 1) // 2
        self.at = starts(sizes)
        """Where each list begins, and at the end where the last one ends."""

    def _gapped(self, offsets: Array) -> tuple[Array, Array]:
        """What remains of the gaps of common pairs after their skips, and where each ends if all stand together."""
        gaps = offsets.copy()
        gaps[1:] -= offsets[:-1]
        firsts = starts(self._counts[0])[:-1]
        gaps[firsts] = offsets[firsts]
        skips = gaps // np.uint32(_SKIP)
        gaps -= skips * np.uint32(_SKIP)
        skips += np.uint32(1)
        return gaps.astype(np.uint16), np.cumsum(skips, dtype=np.int64)

    def stored(self) -> Array:
        """All lists."""
        out = np.full(int(self.at[-1]), _SKIP, np.uint16)
        counts, rare_counts = self._counts
        moved = self.at[self._common] - np.r_[0, self._ends][starts(counts)[:-1]]
        out[self._ends - 1 + np.repeat(moved, counts)] = self._gaps
        first = np.repeat(self.at[self._rare], rare_counts)
        place = np.arange(len(first)) - np.repeat(starts(rare_counts)[:-1], rare_counts)
        out[first + place] = self._offsets & np.uint32((1 << _LOW) - 1)
        high = first + np.repeat(rare_counts, rare_counts) + place // 2
        for second in (0, 1):  # two in a number
            chosen = np.flatnonzero(place % 2 == second)
            part = (self._offsets.take(chosen) >> np.uint32(_LOW) << np.uint32(8 * second)).astype(np.uint16)
            out[high.take(chosen)] = part | (out[high.take(chosen)] if second else np.uint16(0))
        return out


def _numbers(codes: Array, pairs: Array, shift: int) -> Array:
    """The number of the pair that each word is; one behind the last if it stands nowhere."""
    keys = codes[:, 0].astype(np.uint64) << np.uint64(shift) | codes[:, 1].astype(np.uint64)
    numbers = pairs.searchsorted(keys)
    is_pair = np.r_[pairs, np.uint64(0)][numbers] == keys
    return np.where(is_pair & (codes != 0).all(axis=1), numbers, len(pairs))


def _astride(numbers: Array, words: Words, df: Array, holders: Array) -> dict[str, Array]:
    """For each word of two characters the paragraphs that have its pair, but not the word.

    `numbers`: the pair of each word; `df`: how many paragraphs have each pair; `holders`: which, one pair after the
    other.
    """
    is_word = np.zeros(len(df) + 1, bool)
    is_word[numbers] = True
    of_words = np.repeat(is_word[:-1], df)
    holding = np.repeat(np.arange(len(df)), df).compress(of_words) << _HOLDER_BITS | holders.compress(of_words)
    both = np.r_[holding, numbers[words.word_of] << _HOLDER_BITS | words.holder]
    both.sort()
    is_first = changes(both)
    alone = both.compress(is_first & np.r_[is_first[1:], True][: len(both)])  # whoever has the word has the pair
    pairs = np.flatnonzero(is_word[:-1])
    return {
        "astride_bigrams": narrow(pairs),
        "astride_at": narrow(np.r_[(alone >> _HOLDER_BITS).searchsorted(pairs), len(alone)]),
        "astride_ids": (alone & ((1 << _HOLDER_BITS) - 1)).astype(np.uint16),
    }
