"""Bigrams: where each pair of neighbouring characters stands in a segment, and how many paragraphs have it.

Characters are numbers of the segment's alphabet, 0 ends a paragraph. A list of offsets has 16-bit numbers: of a common
pair the gaps between its offsets, of a rare one the low bits of its offsets and then their high bits. Common pairs with
a punctuation mark are not listed. Where words of two characters stand as words, the postings know; so the pairs of some
frequent ones are not listed either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from searchkit.engines.columnar.arrays import Array, ArrayFile, blocks, changes, counted, distinct, narrow, starts

MAX_WITH_MARK = 64
"""A pair of which one is no letter and none a digit (，推) is not listed if more paragraphs have it than this: such
pairs are a sixth of all there is, and few strings that anybody looks for consist of nothing else."""
UNLISTED = 64
"""A word of two characters that more than one in so many paragraphs have may be left without a list."""
MARK, LETTER, DIGIT = range(3)
"""Kinds of characters; whatever is neither letter nor digit is a mark, the end of a paragraph too."""
_SKIP = 0xFFFF  # as a gap: so far ahead, and nothing stands there
_LOW = 16  # bits of an offset that a list of a rare pair keeps apart from the others
_HOLDER_BITS = 16
_TOGETHER_BITS = 10  # paragraphs whose characters are sorted together: they stay in the cache
_SPANS, _MIN_COUNT = 6, 1 << 16  # spans of pairs that are sorted together, one span after the other, and pairs of one


@dataclass(frozen=True, slots=True)
class Words:
    """The words of two characters, and where they are: those need no look at the text to be found."""

    codes: Array
    """Their characters, a row for each, in order; all stand in the text."""
    at: Array
    """Where the paragraphs of each begin, and at the end where those of the last one end."""
    holders: Array
    """The paragraphs that have each as a token of their text, ascending, one word after the other."""
    are_listed: Array
    """Mask of those whose pairs get lists: what else could be found by them is found by the pairs beside them."""

    def between(self, first: int, last: int) -> Words:
        """Those that begin with the characters from one number to before another one."""
        begin, end = self.codes[:, 0].searchsorted((first, last)).tolist()
        at = self.at[begin : end + 1]
        return Words(self.codes[begin:end], at - at[0], self.holders[at[0] : at[-1]], self.are_listed[begin:end])


@dataclass(frozen=True, slots=True)
class WordLists:
    """Which paragraphs have the characters of some words, but not as these words."""

    words: Array
    """Numbers of the words, ascending."""
    counts: Array
    """How many paragraphs each has."""
    ids: Array
    """The paragraphs, ascending, one word after the other."""


NO_WORDS = Words(np.empty((0, 2), np.int64), np.zeros(1, np.int64), np.empty(0, np.uint16), np.empty(0, bool))


def need_lists(codes: Array, counts: Array, paragraphs: int) -> Array:
    """Mask of the words of two characters whose pairs get lists.

    `counts`: how many of so many paragraphs have each, 0 for a word that needs its list whatever the others have.
    Frequent ones get none, the most frequent first, unless a string of three characters could then consist of two pairs
    without lists: so whatever holds one of them has another pair beside it, which is rarer.
    """
    needed, firsts, seconds = np.ones(len(codes), bool), set(), set()
    frequent = np.flatnonzero(counts * UNLISTED > paragraphs)
    frequent = frequent[np.argsort(-counts[frequent], kind="stable")]
    for number, (first, second) in zip(frequent.tolist(), codes[frequent].tolist(), strict=True):
        if first != second and first not in seconds and second not in firsts:
            needed[number] = False
            firsts.add(first)
            seconds.add(second)
    return needed


def bigram_arrays(
    coded: Array, kinds: Array, text_at: Array, words: Words = NO_WORDS
) -> tuple[dict[str, Array], WordLists]:
    """The arrays of the bigrams of a text, and the lists of those of some words whose characters stand side by side.

    `kinds`: of each character, `text_at`: where each paragraph begins.
    """
    holder_of = np.repeat(np.arange(len(text_at) - 1, dtype=np.uint16), np.diff(text_at))
    text = _Coded(coded, kinds, holder_of)
    parts = [_part(text, first, last, words) for first, last in pairwise(_spans(counted(coded, len(kinds))))]
    whole = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    arrays = {
        "bigrams": whole["pairs"].astype(np.uint32 if 2 * text.shift <= np.iinfo(np.uint32).bits else np.uint64),
        "bigram_at": narrow(starts(whole["sizes"])),
        "bigram_df": (whole["df"] - 1).astype(np.uint16),
        "bigram_offsets": whole["stored"],
        "character_df": narrow(_character_df(coded, text_at, len(kinds))),
    }
    return arrays, WordLists(np.flatnonzero(whole["stand"]), whole["straddling_counts"], whole["straddling"])


class Bigrams:
    """The bigrams of an open segment with a text of `length` characters. Keys: `first << shift | second`."""

    def __init__(self, arrays: ArrayFile | Mapping[str, Array], alphabet: int, length: int) -> None:
        self._keys, self._at, self._df = arrays["bigrams"], arrays["bigram_at"], arrays["bigram_df"]
        self._stored = arrays["bigram_offsets"]
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


def key_bits(alphabet: int) -> int:
    """Bits of the number of a character in an alphabet of so many."""
    return max(1, (alphabet - 1).bit_length())


def _common(characters: int) -> int:
    """A pair that so many paragraphs have is stored as gaps: on average they are well below 16 bits.

    In a text so long that its offsets have more than 24 bits every pair is.
    """
    return characters >> (_LOW - 1) if characters <= 1 << (_LOW + 8) else 0


class _Coded:
    """A text on its way into lists."""

    def __init__(self, codes: Array, kinds: Array, holder_of: Array) -> None:
        """Take the number of each character, the kind of each number, and the paragraph of each character."""
        self.codes, self.kinds, self.holder_of = codes, kinds, holder_of
        self.shift = key_bits(len(kinds))
        """A pair's key is `first << shift | second`."""
        self.common = _common(len(codes))

    def offsets(self, first: int, last: int) -> Array:
        """The offsets, ascending, of the characters from one number to before another one."""
        kind = self.codes.dtype.type
        found = [
            np.flatnonzero(self.codes[part] - kind(first) < kind(last - first)) + part.start
            for part in blocks(len(self.codes))
        ]
        return np.concatenate([np.empty(0, np.int64), *found])

    def sorted_pairs(self, offsets: Array) -> tuple[Array, Array]:
        """Keys and offsets of the pairs that begin at some ascending offsets, by key, then offset."""
        keys = self.codes.take(offsets).astype(np.uint64)
        keys <<= np.uint64(self.shift)
        keys |= self.codes.take(offsets + 1)
        room = key_bits(len(self.codes))
        if 2 * self.shift + room > np.iinfo(np.uint64).bits:  # more characters than any script has
            order = np.argsort(keys, kind="stable")
            return keys[order], offsets[order]
        # One packed sort is many times faster than a sort that gives an order.
        keys <<= np.uint64(room)
        keys |= offsets.view(np.uint64)
        keys.sort()
        offsets = (keys & np.uint64((1 << room) - 1)).view(np.int64)
        keys >>= np.uint64(room)
        return keys, offsets

    def are_listed(self, pairs: Array, df: Array) -> Array:
        """Mask of the pairs that get a list."""
        first, second = pairs >> np.uint64(self.shift), pairs & np.uint64((1 << self.shift) - 1)
        first, second = self.kinds[first], self.kinds[second]
        has_mark = (np.minimum(first, second) == MARK) & (np.maximum(first, second) != DIGIT)
        are_listed: Array = ~has_mark | (df <= MAX_WITH_MARK)
        return are_listed


def _spans(counts: Array) -> list[int]:
    """Characters, from 1 on, in spans that about as many pairs begin with: where each begins, and the last one ends."""
    before = np.cumsum(counts[1:]) - counts[1:]
    span_of = before // max(int(counts.sum()) // _SPANS, _MIN_COUNT)
    return [1, *(np.flatnonzero(changes(span_of))[1:] + 1).tolist(), len(counts)]


def _part(text: _Coded, first: int, last: int, words: Words) -> dict[str, Array]:
    """What there is of the pairs that begin with the characters from `first` to before `last`."""
    keys, offsets = text.sorted_pairs(text.offsets(first, last))
    holders = text.holder_of.take(offsets)
    is_first, is_new = changes(keys), changes(holders)
    is_new |= is_first
    begins = np.flatnonzero(is_first)
    pairs, counts = keys.take(begins), np.diff(begins, append=len(keys))
    df = np.add.reduceat(is_new, begins, dtype=np.int64) if len(begins) else begins
    own = words.between(first, last)
    numbers, stand = _numbers(own, pairs, text.shift)
    are_listed = text.are_listed(pairs, df)
    are_listed[numbers.compress(~own.are_listed.compress(stand))] = False
    stored, sizes = _lists(offsets, counts, are_listed, df >= text.common)
    found = {"pairs": pairs, "df": df, "stored": stored, "sizes": sizes, "stand": stand}
    return {**found, **_straddling(numbers, stand, own, df, holders.compress(is_new))}


def _character_df(coded: Array, text_at: Array, alphabet: int) -> Array:
    """How many paragraphs have each character."""
    df = np.zeros(alphabet, np.int64)
    for some in blocks(len(text_at) - 1, 1 << _TOGETHER_BITS):
        at = text_at[some.start : some.stop + 1]
        seen = coded[at[0] : at[-1]].astype(np.uint32)
        seen <<= np.uint32(_TOGETHER_BITS)
        seen |= np.repeat(np.arange(len(at) - 1, dtype=np.uint32), np.diff(at))
        seen.sort()
        df += np.bincount(distinct(seen) >> np.uint32(_TOGETHER_BITS), minlength=alphabet)
    return df


def _lists(offsets: Array, counts: Array, is_listed: Array, has_gaps: Array) -> tuple[Array, Array]:
    """The lists of all pairs in 16-bit numbers, one after the other, and how many numbers each has.

    `offsets`: of all pairs, one pair after the other; of each pair `counts`, and how they are to be stored.
    """
    common, rare = is_listed & has_gaps, is_listed & ~has_gaps
    sizes = np.zeros(len(counts), np.int64)
    gaps, sizes[common] = _gaps(offsets.compress(np.repeat(common, counts)), counts.compress(common))
    halves, sizes[rare] = _halves(offsets.compress(np.repeat(rare, counts)), counts.compress(rare))
    stored = np.empty(len(gaps) + len(halves), np.uint16)
    is_gap = np.repeat(common, sizes)
    stored[is_gap], stored[~is_gap] = gaps, halves
    return stored, sizes


def _gaps(offsets: Array, counts: Array) -> tuple[Array, Array]:
    """The lists of common pairs, and their sizes: gaps, with skips in front of those that do not fit."""
    begins = starts(counts)[:-1]
    gaps = np.diff(offsets, prepend=0)
    gaps[begins] = offsets[begins]
    far = np.flatnonzero(gaps >= _SKIP)
    skips = gaps[far] // _SKIP
    gaps[far] %= _SKIP
    skips_of = np.bincount(begins.searchsorted(far, "right") - 1, skips, len(counts))
    return np.insert(gaps.astype(np.uint16), np.repeat(far, skips), _SKIP), counts + skips_of.astype(np.int64)


def _halves(offsets: Array, counts: Array) -> tuple[Array, Array]:
    """The lists of rare pairs, and their sizes: the low bits of the offsets, then the high bits, two in a number."""
    sizes = counts + (counts + 1) // 2
    first, begins, number = starts(sizes)[:-1], starts(counts)[:-1], np.arange(len(offsets))
    stored = np.zeros(int(sizes.sum()), "<u2")
    stored[number + np.repeat(first - begins, counts)] = offsets & ((1 << _LOW) - 1)
    stored.view(np.uint8)[number + np.repeat(2 * (first + counts) - begins, counts)] = offsets >> _LOW
    return stored, sizes


def _numbers(words: Words, pairs: Array, shift: int) -> tuple[Array, Array]:
    """The numbers of the pairs that words are, ascending, and a mask of the words whose pair stands anywhere."""
    keys = (words.codes[:, 0] << shift | words.codes[:, 1]).astype(np.uint64)
    numbers = pairs.searchsorted(keys)
    stand = np.append(pairs, np.uint64(0))[numbers] == keys
    return numbers.compress(stand), stand


def _straddling(numbers: Array, stand: Array, words: Words, df: Array, holders: Array) -> dict[str, Array]:
    """For each word of two characters the paragraphs that have its pair, but not the word.

    `numbers` and `stand` as `_numbers` gives them; `df`: how many paragraphs have each pair; `holders`: which, one pair
    after the other.
    """
    counts, is_word = np.diff(words.at), np.zeros(len(df), bool)
    is_word[numbers] = True
    wide = np.uint32 if len(numbers) <= 1 << (32 - _HOLDER_BITS) else np.uint64
    first = np.arange(len(numbers), dtype=wide) << wide(_HOLDER_BITS)
    both = np.concatenate([
        np.repeat(first, df.compress(is_word)) | holders.compress(np.repeat(is_word, df)),
        np.repeat(first, counts.compress(stand)) | words.holders.compress(np.repeat(stand, counts)),
    ])  # fmt: skip
    both.sort()
    is_first = changes(both)
    alone = both.compress(is_first & np.append(is_first[1:], True)[: len(both)])  # whoever has the word has the pair
    return {
        "straddling": alone.astype(np.uint16),
        "straddling_counts": np.bincount((alone >> wide(_HOLDER_BITS)).astype(np.int64), minlength=len(numbers)),
    }
