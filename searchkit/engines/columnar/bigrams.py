"""The bigrams of a segment: for each pair of adjacent characters the list of its offsets, and its document frequency.

An offset counts characters from the first text of the segment, through all texts, headings and titles (`text.py`).
Strings are found by the lists. The document frequency of a pair is the number of docs (paragraphs) with the pair in
their text; it is used for rescoring. The characters of a pair are folded, and given by their codes in the segment's
alphabet. Code 0 ends each text, heading and title; it can be the second code of a pair. A list of offsets is an array
of 16-bit integers: for a common pair the gaps between its offsets, for a rare pair the low bits of all offsets and then
their high bits. In a segment of more than 2 ** 24 codes, all lists contain gaps.

The passage of a doc is its text, the headings that begin at it and, if it is the first doc of its document, the title.

Some pairs have no list. The docs with the characters of a frequent word of two characters are known without a list: the
postings contain the docs with the word as a token, the cross-word postings all others (行政 in 执行|政策). So some of
these words need no list. A list of a common pair with punctuation would be long, and rarely be used.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from searchkit.engines.columnar.arrays import (
    Array,
    Arrays,
    block_slices,
    count_values,
    damaged_file,
    narrowest,
    offsets_from_lengths,
    run_start_mask,
    unique_sorted,
)

MAX_PUNCTUATION_DF = 64
"""Maximum document frequency of a pair with punctuation and without a digit (，推) that has a list of offsets.

The occurrences of more frequent such pairs are a sixth of all pairs of a text, and few searched strings consist only of
them.
"""
UNLISTED_WORD_RATIO = 64
"""The pair of a word of two characters may have no list of offsets if more than 1/64 of the docs have the word."""
CHAR_PUNCTUATION, CHAR_LETTER, CHAR_DIGIT = range(3)
"""Character classes. Every character that is neither a letter nor a digit is punctuation, and so is code 0."""
_SKIP_GAP = 0xFFFF  # a gap that only advances the offset by 65,535: the pair does not occur at the new offset
_LOW_BITS = 16  # number of the low bits of an offset in the list of a rare pair; the high bits are 8
_DOC_BITS = 16  # bits of a doc id
_SORTED_DOCS_BITS = 10  # characters of 2 ** 10 docs are sorted together: they stay in the processor's cache
_ALPHABET_RANGES, _MIN_RANGE_PAIRS = 6, 1 << 16  # pairs are sorted in about 6 parts, of at least about 65,536 pairs


class TwoCharWords(NamedTuple):
    """The words of two characters and their docs, as the postings contain them."""

    codes: Array
    """Codes of the two characters of each word, a row per word, ascending. Each character is in the alphabet."""
    offsets: Array
    """Offset of the docs of each word in `doc_ids`, followed by the end of the last ones."""
    doc_ids: Array
    """Docs with the word as a token of their passage, ascending for each word, those of all words concatenated."""
    has_list: Array
    """Mask of the words whose pair has a list of offsets (see `needs_list`)."""

    def between(self, first: int, end: int) -> TwoCharWords:
        """Return the words whose first character has a code from `first` to `end` (exclusive)."""
        start, stop = self.codes[:, 0].searchsorted((first, end)).tolist()
        offsets = self.offsets[start : stop + 1]
        return TwoCharWords(
            self.codes[start:stop],
            offsets - offsets[0],
            self.doc_ids[offsets[0] : offsets[-1]],
            self.has_list[start:stop],
        )


class CrossWordDocs(NamedTuple):
    """For each of several words, the docs whose passage contains its characters, but not the word as a token."""

    words: Array
    """A number for each word, ascending: its index in `TwoCharWords` if `bigram_arrays` returns it, its index in the
    argument `words` if `text_arrays` returns it, its term ordinal in `cross_word.py`."""
    counts: Array
    """Number of docs of each word."""
    doc_ids: Array
    """The docs, ascending for each word. The docs of all words are concatenated."""


NO_WORDS = TwoCharWords(np.empty((0, 2), np.int64), np.zeros(1, np.int64), np.empty(0, np.uint16), np.empty(0, bool))


def needs_list(codes: Array, counts: Array, doc_count: int) -> Array:
    """Return a mask of the words of two characters whose pair needs a list of offsets.

    `codes`: the two codes of each word. `counts`: number of docs of each word; 0 for a word that needs a list in any
    case. `doc_count`: number of docs of the segment.

    A frequent word needs no list, unless a string of three characters could consist of this word and another one
    without a list (行政 and 政府 in 行政府), or of this word twice (天天天). So a pair that overlaps a word without a
    list (法行 and 政执 around 行政 in 法行政执) is never itself a word without a list. A longer string with the word is
    usually found by the list of such a pair. The most frequent words are considered first.
    """
    needs, firsts, seconds = np.ones(len(codes), bool), set(), set()
    frequent = np.flatnonzero(counts * UNLISTED_WORD_RATIO > doc_count)
    frequent = frequent[np.argsort(-counts[frequent], kind="stable")]
    for word, (first, second) in zip(frequent.tolist(), codes[frequent].tolist(), strict=True):
        if first != second and first not in seconds and second not in firsts:
            needs[word] = False
            firsts.add(first)
            seconds.add(second)
    return needs


def bigram_arrays(
    codes: Array, char_classes: Array, doc_of: Array, text_offsets: Array, words: TwoCharWords = NO_WORDS
) -> tuple[dict[str, Array], CrossWordDocs]:
    """Return the arrays of the bigrams of passages, and the cross-word docs of those words whose pair occurs.

    `codes`: the folded texts of all docs, then the folded headings and titles. `char_classes`: the class of each code.
    `doc_of`: the doc of each element of `codes`. `text_offsets`: the offset of the text of each doc, followed by the
    end of the last one. `words`: the words of two characters.
    """
    text = _EncodedText(codes, char_classes, doc_of, int(text_offsets[-1]))
    parts = [
        _build_part(text, first, end, words)
        for first, end in pairwise(_split_alphabet(count_values(codes, len(char_classes))))
    ]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    arrays = {
        "bigram_keys": joined["pairs"].astype(np.uint32 if 2 * text.shift <= np.iinfo(np.uint32).bits else np.uint64),
        "bigram_list_offsets": narrowest(offsets_from_lengths(joined["list_lengths"])),
        "bigram_df": joined["df"].astype(np.uint16),
        "bigram_lists": joined["lists"],
        "character_df": narrowest(_character_dfs(codes, text_offsets, len(char_classes))),
    }
    return arrays, CrossWordDocs(
        np.flatnonzero(joined["occurs"]), joined["cross_word_counts"], joined["cross_word_docs"]
    )


class Bigrams:
    """The bigrams of an open segment. The ordinal of a pair is the rank of its key, `first << shift | second`."""

    def __init__(self, arrays: Arrays, alphabet_size: int, length: int) -> None:
        """Take the arrays of the segment, the number of codes of its alphabet, and the length of its passages.

        `length`: the number of codes of its texts, headings and titles.
        """
        self._keys, self._lists, self._path = arrays["bigram_keys"], arrays.checked("bigram_lists"), arrays.path
        self._list_offsets = arrays.offsets("bigram_list_offsets", len(self._keys), len(self._lists))
        self._df = arrays.column("bigram_df", len(self._keys))
        self._shift = bit_width(alphabet_size)
        self._min_gaps_df = _min_gaps_df(length)

    def ord_of(self, first: int, second: int) -> int | None:
        """Return the ordinal of a pair of codes, None if the pair does not occur."""
        key = self._keys.dtype.type(first << self._shift | second)
        pair_ord = int(self._keys.searchsorted(key))
        return pair_ord if pair_ord < len(self._keys) and self._keys[pair_ord] == key else None

    def list_length(self, pair_ord: int) -> int:
        """Return the number of 16-bit integers in the list of a pair; 0 if the pair has no list."""
        return int(self._list_offsets[pair_ord + 1]) - int(self._list_offsets[pair_ord])

    def offsets(self, pair_ord: int) -> Array:
        """Return the offsets of a pair that has a list, ascending."""
        stored = self._lists.read(int(self._list_offsets[pair_ord]), int(self._list_offsets[pair_ord + 1]))
        if int(self._df[pair_ord]) >= self._min_gaps_df:
            offsets = np.cumsum(stored, dtype=np.int64)
            return offsets.compress(stored != _SKIP_GAP)
        count = 2 * len(stored) // 3  # 16 low bits and 8 high bits per offset
        high = stored[count:].view(np.uint8)[:count]
        offsets = high.astype(np.int64) << _LOW_BITS | stored[:count]
        if (offsets[1:] <= offsets[:-1]).any():
            raise damaged_file(self._path)
        return offsets

    def dfs(self, codes: Array) -> Array:
        """Return the number of docs with each pair in their text. `codes`: a row of two codes per pair."""
        if not len(self._keys):
            return np.zeros(len(codes), np.int64)
        keys = (codes[:, 0] << self._shift | codes[:, 1]).astype(self._keys.dtype)
        ords = np.minimum(self._keys.searchsorted(keys), len(self._keys) - 1)
        return np.where(self._keys[ords] == keys, self._df[ords].astype(np.int64), 0)


def bit_width(count: int) -> int:
    """Return the number of bits that integers below `count` need, at least 1."""
    return max(1, (count - 1).bit_length())


def _min_gaps_df(length: int) -> int:
    """Return the lowest document frequency of a pair that is stored as gaps: its average gap is at most about 2 ** 15.

    `length`: number of codes of the segment. If offsets have more than 24 bits, all pairs are stored as gaps.
    """
    return length >> (_LOW_BITS - 1) if length <= 1 << (_LOW_BITS + 8) else 0


class _EncodedText:
    """The folded passages of a segment while their bigrams are collected."""

    def __init__(self, codes: Array, char_classes: Array, doc_of: Array, text_end: int) -> None:
        """Take the arguments of `bigram_arrays`. `text_end`: the offset at which headings and titles begin."""
        self.codes, self.char_classes, self.doc_of, self.text_end = codes, char_classes, doc_of, text_end
        self.shift = bit_width(len(char_classes))
        """The key of a pair is `first << shift | second`."""
        self.min_gaps_df = _min_gaps_df(len(codes))

    def offsets(self, first: int, end: int) -> Array:
        """Return the offsets of the characters with a code from `first` to `end` (exclusive), ascending."""
        # Codes below `first` wrap around to high unsigned integers, so that one comparison tests both ends.
        dtype = self.codes.dtype.type
        offsets = [
            np.flatnonzero(self.codes[block] - dtype(first) < dtype(end - first)) + block.start
            for block in block_slices(len(self.codes))
        ]
        return np.concatenate([np.empty(0, np.int64), *offsets])

    def sorted_pairs(self, offsets: Array) -> tuple[Array, Array]:
        """Return keys and offsets of the pairs that begin at ascending offsets, sorted by key, then offset."""
        keys = self.codes.take(offsets).astype(np.uint64)
        keys <<= np.uint64(self.shift)
        keys |= self.codes.take(offsets + 1)
        offset_bits = bit_width(len(self.codes))
        if 2 * self.shift + offset_bits > np.iinfo(np.uint64).bits:
            # Only with hundreds of thousands of distinct characters.
            order = np.argsort(keys, kind="stable")
            return keys[order], offsets[order]
        # One sort of packed integers is many times faster than `argsort`.
        keys <<= np.uint64(offset_bits)
        keys |= offsets.view(np.uint64)
        keys.sort()
        offsets = (keys & np.uint64((1 << offset_bits) - 1)).view(np.int64)
        keys >>= np.uint64(offset_bits)
        return keys, offsets

    def may_have_list(self, pairs: Array, df: Array) -> Array:
        """Return a mask that is False for common pairs with punctuation and without a digit."""
        first, second = pairs >> np.uint64(self.shift), pairs & np.uint64((1 << self.shift) - 1)
        first, second = self.char_classes[first], self.char_classes[second]
        has_punctuation = (np.minimum(first, second) == CHAR_PUNCTUATION) & (np.maximum(first, second) != CHAR_DIGIT)
        may_have_list: Array = ~has_punctuation | (df <= MAX_PUNCTUATION_DF)
        return may_have_list


def _split_alphabet(counts: Array) -> list[int]:
    """Split the codes from 1 into ranges, so that about the same number of pairs begin with the codes of each range.

    Returns the first code of each range, followed by the number of codes. `counts`: number of occurrences of each code.
    """
    before = np.cumsum(counts[1:]) - counts[1:]
    range_of = before // max(int(counts.sum()) // _ALPHABET_RANGES, _MIN_RANGE_PAIRS)
    return [1, *(np.flatnonzero(run_start_mask(range_of))[1:] + 1).tolist(), len(counts)]


def _build_part(text: _EncodedText, first: int, end: int, words: TwoCharWords) -> dict[str, Array]:
    """Return keys, document frequencies, lists and cross-word docs of a part of the pairs, as named arrays.

    The part contains the pairs whose first code is from `first` to `end` (exclusive).
    """
    keys, offsets = text.sorted_pairs(text.offsets(first, end))
    docs = text.doc_of.take(offsets)
    is_first, is_new_doc = run_start_mask(keys), run_start_mask(docs)
    is_new_doc |= is_first
    starts = np.flatnonzero(is_first)
    pairs, counts = keys.take(starts), np.diff(starts, append=len(keys))
    doc_counts, df = (
        np.add.reduceat(mask, starts, dtype=np.int64) if len(starts) else starts
        for mask in (is_new_doc, is_new_doc & (offsets < text.text_end))
    )
    range_words = words.between(first, end)
    ords, occurs = _word_ords(range_words, pairs, text.shift)
    has_list = text.may_have_list(pairs, df)
    has_list[ords.compress(~range_words.has_list.compress(occurs))] = False
    lists, list_lengths = _encode_lists(offsets, counts, has_list, df >= text.min_gaps_df)
    part = {"pairs": pairs, "df": df, "lists": lists, "list_lengths": list_lengths, "occurs": occurs}
    return {**part, **_cross_word_docs(ords, occurs, range_words, doc_counts, docs.compress(is_new_doc))}


def _character_dfs(codes: Array, text_offsets: Array, alphabet_size: int) -> Array:
    """Return the number of docs with each code in their text."""
    df = np.zeros(alphabet_size, np.int64)
    for block in block_slices(len(text_offsets) - 1, 1 << _SORTED_DOCS_BITS):
        offsets = text_offsets[block.start : block.stop + 1]
        packed = codes[offsets[0] : offsets[-1]].astype(np.uint32)
        packed <<= np.uint32(_SORTED_DOCS_BITS)
        packed |= np.repeat(np.arange(len(offsets) - 1, dtype=np.uint32), np.diff(offsets))
        packed.sort()
        df += np.bincount(unique_sorted(packed) >> np.uint32(_SORTED_DOCS_BITS), minlength=alphabet_size)
    return df


def _encode_lists(offsets: Array, counts: Array, has_list: Array, has_gaps: Array) -> tuple[Array, Array]:
    """Return the lists of all pairs as 16-bit integers, concatenated, and the length of each list.

    `offsets`: the offsets of all pairs, concatenated. `counts`: the number of offsets of each pair. `has_list`: mask of
    the pairs that have a list. `has_gaps`: mask of the pairs that are common enough to be stored as gaps.
    """
    common, rare = has_list & has_gaps, has_list & ~has_gaps
    lengths = np.zeros(len(counts), np.int64)
    gaps, lengths[common] = _encode_gaps(offsets.compress(np.repeat(common, counts)), counts.compress(common))
    split, lengths[rare] = _encode_low_high(offsets.compress(np.repeat(rare, counts)), counts.compress(rare))
    lists = np.empty(len(gaps) + len(split), np.uint16)
    is_gap = np.repeat(common, lengths)
    lists[is_gap], lists[~is_gap] = gaps, split
    return lists, lengths


def _encode_gaps(offsets: Array, counts: Array) -> tuple[Array, Array]:
    """Return the lists of common pairs, concatenated, and the length of each list.

    A list contains the first offset and then the gaps between the offsets. A number of `_SKIP_GAP` or more is stored as
    one or more `_SKIP_GAP`, followed by the rest.
    """
    starts = offsets_from_lengths(counts)[:-1]
    gaps = np.diff(offsets, prepend=0)
    gaps[starts] = offsets[starts]
    long = np.flatnonzero(gaps >= _SKIP_GAP)
    skips = gaps[long] // _SKIP_GAP
    gaps[long] %= _SKIP_GAP
    skip_counts = np.bincount(starts.searchsorted(long, "right") - 1, skips, len(counts))
    return np.insert(gaps.astype(np.uint16), np.repeat(long, skips), _SKIP_GAP), counts + skip_counts.astype(np.int64)


def _encode_low_high(offsets: Array, counts: Array) -> tuple[Array, Array]:
    """Return the lists of rare pairs, concatenated, and the length of each list.

    A list contains the low 16 bits of all offsets, then the high 8 bits of all offsets, two in each element.
    """
    lengths = counts + (counts + 1) // 2
    list_starts, starts, index = (
        offsets_from_lengths(lengths)[:-1],
        offsets_from_lengths(counts)[:-1],
        np.arange(len(offsets)),
    )
    lists = np.zeros(int(lengths.sum()), "<u2")
    lists[index + np.repeat(list_starts - starts, counts)] = offsets & ((1 << _LOW_BITS) - 1)
    lists.view(np.uint8)[index + np.repeat(2 * (list_starts + counts) - starts, counts)] = offsets >> _LOW_BITS
    return lists, lengths


def _word_ords(words: TwoCharWords, pairs: Array, shift: int) -> tuple[Array, Array]:
    """Return the indices in `pairs` of the pairs that are words, and a mask of the words whose pair occurs."""
    keys = (words.codes[:, 0] << shift | words.codes[:, 1]).astype(np.uint64)
    ords = pairs.searchsorted(keys)
    occurs = np.append(pairs, np.uint64(0))[ords] == keys
    return ords.compress(occurs), occurs


def _cross_word_docs(
    ords: Array, occurs: Array, words: TwoCharWords, doc_counts: Array, docs: Array
) -> dict[str, Array]:
    """Return for each word whose pair occurs the docs that contain the pair, but not the word as a token.

    `ords` and `occurs`: from `_word_ords`. `docs`: the docs of each pair, concatenated; a doc with the pair in the text
    and in a heading or title may occur twice. `doc_counts`: the number of these docs of each pair.
    """
    counts, is_word = np.diff(words.offsets), np.zeros(len(doc_counts), bool)
    is_word[ords] = True
    # From the highest bits, an integer contains the index of the word, the doc, and a bit that is set for a token.
    dtype = np.uint32 if len(ords) <= 1 << (31 - _DOC_BITS) else np.uint64
    keys, one = np.arange(len(ords), dtype=dtype) << dtype(_DOC_BITS), dtype(1)
    packed = np.concatenate([
        (np.repeat(keys, doc_counts.compress(is_word)) | docs.compress(np.repeat(is_word, doc_counts))) << one,
        (np.repeat(keys, counts.compress(occurs)) | words.doc_ids.compress(np.repeat(occurs, counts))) << one | one,
    ])  # fmt: skip
    packed.sort()
    is_last = np.append(run_start_mask(packed >> one)[1:], True)[: len(packed)]
    # The integer of a token comes after that of the pair in the same doc. So a doc is a cross-word doc of a word if its
    # last integer for the word has no token bit.
    without_token = packed.compress(is_last & (packed & one == 0)) >> one
    return {
        "cross_word_docs": without_token.astype(np.uint16),
        "cross_word_counts": np.bincount((without_token >> dtype(_DOC_BITS)).astype(np.int64), minlength=len(ords)),
    }
