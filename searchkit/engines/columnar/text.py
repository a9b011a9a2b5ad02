"""Text and strings: the characters of a segment, and where each pair of neighbouring characters stands.

The characters of all paragraphs stand one after the other, each as its number in the segment's alphabet, so that a
character is two bytes and any of them is read without unpacking. Number 0 ends a paragraph. For each pair of folded
characters there is the list of offsets at which it begins. A string is found by the shortest list among its pairs; its
other characters are then compared in the text itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from searchkit.engines.columnar.arrays import Array, ArrayFile, narrow, starts
from searchkit.folding import fold
from searchkit.query import NUMERAL_CHARACTERS, Substring

UNLISTED = 8
"""A pair that more than one in so many paragraphs have has no list: strings made of nothing but such pairs are looked
for in the text itself, and words are found as words."""
ALWAYS_LISTED = 1024
"""A pair that no more paragraphs have than this has a list all the same."""
_SKIP = 0xFFFF  # as a gap: so far ahead, and nothing stands there
_LOW = 16  # bits of an offset that a list of a rare pair keeps apart from the others
_PAIR = 2
_HOLDER_BITS = 16
_PAGE = 64  # characters; the paragraph at the beginning of each page is stored
_CODING = "utf-32-le"


def code_points(text: str) -> Array:
    """The code points of a string, 32 bits each."""
    return np.frombuffer(text.encode(_CODING, "surrogatepass"), np.uint32)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of two characters, and where they are: those need no look at the text to be found."""

    words: Sequence[str] = ()
    word_of: Array = field(default_factory=lambda: np.empty(0, np.int64))
    """For each word and each paragraph that has it as a token of its text: which word,"""
    holder: Array = field(default_factory=lambda: np.empty(0, np.int64))
    """and which paragraph."""


def text_arrays(characters: Array, lengths: Array, words: Words) -> dict[str, Array]:
    """The arrays of the text: code points of all paragraphs, how many each paragraph has, and words of two."""
    text_at = starts(lengths + 1)
    own = _distinct(np.sort(characters))
    folded = code_points(fold(own.tobytes().decode(_CODING, "surrogatepass")))
    alphabet = np.r_[np.uint32(0), _distinct(np.sort(np.r_[own, folded]))]
    lookup = np.zeros(int(alphabet[-1]) + 1, np.uint32)
    lookup[alphabet[1:]] = np.arange(1, len(alphabet), dtype=np.uint32)
    folding = np.arange(len(alphabet), dtype=np.uint32)
    folding[lookup[own]] = lookup[folded]
    text = np.zeros(int(text_at[-1]), np.uint32)
    inside = np.ones(len(text), bool)
    inside[text_at[1:] - 1] = False
    text[inside] = lookup[characters]
    coded = folding[text]
    return {
        "alphabet": narrow(alphabet),
        "folding": narrow(folding),
        "text": narrow(text),
        "text_at": narrow(text_at),
        "pages": narrow(np.searchsorted(text_at, np.arange(0, len(text), _PAGE), "right") - 1),
        **_gram_lengths(coded, alphabet, text_at),
        **_pair_arrays(coded, alphabet, text_at, words),
    }


class Text:
    """The text of an open segment. Offsets are places in the text of all its paragraphs."""

    def __init__(self, arrays: ArrayFile | Mapping[str, Array]) -> None:
        self._arrays = arrays
        self._text, self._starts = arrays["text"], arrays["text_at"]

    def __getitem__(self, position: int) -> str:
        """The text of a paragraph as it was given."""
        points: Array = self._alphabet[self._coded(position)]
        return points.tobytes().decode(_CODING, "surrogatepass")

    def folded(self, positions: Array) -> tuple[Array, Array]:
        """The code points of the folded texts of paragraphs, each with a 0 behind it; and how many each has so."""
        begins = self._starts[positions].astype(np.int64)
        lengths = self._starts[positions + 1] - begins
        shift = np.repeat(begins - (np.cumsum(lengths) - lengths), lengths)
        points: Array = self._folded_alphabet[self._text[np.arange(len(shift)) + shift]]
        return points, lengths

    def characters(self) -> tuple[Array, Array]:
        """The code points of all paragraphs, and how many each paragraph has: what `text_arrays` takes."""
        points: Array = self._alphabet[self._text[self._text != 0]]
        return points, np.diff(self._starts.astype(np.int64)) - 1

    def holding(self, node: Substring) -> Array:
        """Paragraphs whose folded text holds a string, ascending.

        Cost: the list of its rarest pair; for a single character, and only there, a pass over the text.
        """
        return _distinct(self._paragraphs_at(self._occurrences(node)))

    def astride(self, text: str) -> Array | None:
        """For a word of two characters the paragraphs that hold them, but not as a word: 行政 in 执行|政策.

        None if `text` is no such word.
        """
        if len(text) != _PAIR:
            return None
        number = self._find(self._codes(text))
        if number is None:
            return np.empty(0, np.intp)
        words = self._arrays["astride_pairs"]
        word = int(words.searchsorted(number))
        if word == len(words) or words[word] != number:
            return None
        at = self._arrays["astride_at"]
        return self._arrays["astride_ids"][int(at[word]) : int(at[word + 1])].astype(np.intp)

    def gram_dfs(self, grams: Sequence[str]) -> Array:
        """How many paragraphs have each gram of folded characters; all grams have one, or all have two."""
        if not grams or len(self._alphabet) == 1:
            return np.zeros(len(grams), np.int64)
        points = code_points("".join(grams)).reshape(len(grams), -1)
        codes = np.minimum(self._alphabet[1:].searchsorted(points) + 1, len(self._alphabet) - 1)
        known = (self._alphabet[codes] == points).all(axis=1)
        if len(grams[0]) == 1:
            return np.where(known, self._arrays["character_df"][codes[:, 0]], 0).astype(np.int64)
        keys = self._arrays["pairs"]
        if not len(keys):
            return np.zeros(len(grams), np.int64)
        wanted = (codes[:, 0] << self._shift | codes[:, 1]).astype(keys.dtype)
        numbers = np.minimum(keys.searchsorted(wanted), len(keys) - 1)
        return np.where(known & (keys[numbers] == wanted), self._arrays["pair_df"][numbers].astype(np.int64) + 1, 0)

    def _coded(self, position: int) -> Array:
        coded: Array = self._text[int(self._starts[position]) : int(self._starts[position + 1]) - 1]
        return coded

    @cached_property
    def _alphabet(self) -> Array:
        return self._arrays["alphabet"].astype(np.uint32)

    @cached_property
    def _folding(self) -> Array:
        return self._arrays["folding"]

    @cached_property
    def _folded_alphabet(self) -> Array:
        points: Array = self._alphabet[self._folding]
        return points

    def _codes(self, text: str) -> tuple[int, ...] | None:
        """The numbers of folded characters in the alphabet, or None if one of them does not occur."""
        points = code_points(text)
        numbers = np.minimum(self._alphabet[1:].searchsorted(points) + 1, len(self._alphabet) - 1)
        if len(self._alphabet) == 1 or (self._alphabet[numbers] != points).any():
            return None
        return tuple(numbers.tolist())

    # pairs

    @cached_property
    def _shift(self) -> int:
        return _bits(len(self._alphabet))

    def _find(self, codes: tuple[int, ...] | None) -> int | None:
        """The number of a pair, or None."""
        if codes is None:
            return None
        keys = self._arrays["pairs"]
        key = keys.dtype.type(codes[0] << self._shift | codes[1])
        number = int(keys.searchsorted(key))
        return number if number < len(keys) and keys[number] == key else None

    def _cost(self, number: int) -> int:
        """What looking up a pair costs, in 16-bit numbers to be read."""
        at = self._arrays["pair_at"]
        return int(at[number + 1]) - int(at[number]) or len(self._text)

    def _offsets(self, codes: tuple[int, ...]) -> Array:
        """The offsets of a pair, ascending."""
        number = self._find(codes)
        if number is None:
            return np.empty(0, np.int64)
        at = self._arrays["pair_at"]
        stored = self._arrays["pair_offsets"][int(at[number]) : int(at[number + 1])]
        if not len(stored):
            first, second = (self._is(code).take(self._text) for code in codes)
            return np.flatnonzero(first[:-1] & second[1:])
        if int(self._arrays["pair_df"][number]) + 1 >= _common(len(self._text)):
            offsets = np.cumsum(stored, dtype=np.int64)
            return offsets.compress(stored != _SKIP)
        count = 2 * len(stored) // 3
        pages = stored[count:].view(np.uint8)[:count]
        return pages.astype(np.int64) << _LOW | stored[:count]

    # strings

    def _occurrences(self, node: Substring) -> Array:
        """The offsets at which a string stands, ascending."""
        codes = self._codes(node.text)
        if codes is None:
            return np.empty(0, np.int64)
        if len(codes) == 1:
            found = np.flatnonzero(self._is(codes[0])[self._text])
        else:
            numbers = [self._find(codes[i : i + 2]) for i in range(len(codes) - 1)]
            known = [number for number in numbers if number is not None]
            if len(known) < len(numbers):
                return np.empty(0, np.int64)
            best = min(range(len(known)), key=lambda i: self._cost(known[i]))
            found = self._offsets(codes[best : best + 2]) - best
            found = found[: int(found.searchsorted(len(self._text) - len(codes)))]
            found = found[int(found.searchsorted(0)) :]
            for place, code in enumerate(codes):
                if place not in (best, best + 1):
                    found = found.compress(self._is(code).take(self._text.take(found + place)))
        return self._whole(found, node.text) if node.whole_numbers and len(found) else found

    def _is(self, code: int) -> Array:
        """Which characters of the alphabet fold to a character."""
        mask: Array = self._folding == code
        return mask

    def _whole(self, found: Array, text: str) -> Array:
        """Without the occurrences that continue a number: what `Substring.find` says."""
        first, last, length = text[0], text[-1], len(text)
        if first.isdecimal():
            before = self._class_at(found - 1)
            bad = (before == _DIGIT) | ((before == _POINT) & (self._class_at(found - 2) == _DIGIT))
            found = found[~bad]
        elif first in NUMERAL_CHARACTERS:
            before = self._class_at(found - 1)
            found = found[(before != _DIGIT) & (before != _HAN)]
        if last.isdecimal():
            after = self._class_at(found + length)
            bad = (after == _DIGIT) | ((after == _POINT) & (self._class_at(found + length + 1) == _DIGIT))
            found = found[~bad]
        elif last in NUMERAL_CHARACTERS:
            found = found[self._class_at(found + length) != _HAN]
        return found

    def _class_at(self, offsets: Array) -> Array:
        """What stands at the offsets: a digit, a point or comma, a Chinese numeral, or anything else."""
        inside = np.minimum(np.maximum(offsets, 0), len(self._text) - 1)
        classes: Array = np.where(offsets < 0, _OTHER, self._classes[self._text[inside]])
        return classes

    @cached_property
    def _classes(self) -> Array:
        points = self._folded_alphabet
        classes = np.full(len(points), _OTHER, np.uint8)
        for kind, characters in ((_DIGIT, "0123456789"), (_POINT, ".,"), (_HAN, NUMERAL_CHARACTERS)):
            classes[np.isin(points, code_points(characters))] = kind
        classes[0] = _OTHER
        return classes

    def _paragraphs_at(self, offsets: Array) -> Array:
        """The paragraph that each offset is in: that of its page, and on from there."""
        paragraphs = self._arrays["pages"].take(offsets // _PAGE).astype(np.intp)
        while True:
            behind = np.flatnonzero(self._starts.take(paragraphs + 1) <= offsets)
            if not len(behind):
                return paragraphs
            paragraphs[behind] += 1


_OTHER, _DIGIT, _POINT, _HAN = range(4)


def _bits(count: int) -> int:
    return max(1, (count - 1).bit_length())


def _gram_lengths(coded: Array, alphabet: Array, text_at: Array) -> dict[str, Array]:
    """How many grams of one and of two characters each paragraph has, as `ranking.count_all_grams` counts them."""
    letters = [bool(re.match(r"[^\W_]", chr(point))) for point in alphabet.tolist()]
    is_letter = np.array([False, *letters[1:]])[coded]
    is_pair = np.r_[is_letter[1:] & is_letter[:-1], False]
    counted = (np.diff(np.r_[0, np.cumsum(mask)][text_at]) for mask in (is_letter, is_pair))
    return {name: narrow(count) for name, count in zip(("characters", "bigrams"), counted, strict=True)}


def _pair_arrays(coded: Array, alphabet: Array, text_at: Array, words: Words) -> dict[str, Array]:
    """For each pair of neighbouring characters its offsets, ascending, and how many paragraphs have it."""
    shift = _bits(len(alphabet))
    keys, offsets = _sorted_pairs(coded, shift)
    holder_of = np.repeat(np.arange(len(text_at) - 1, dtype=np.uint16), np.diff(text_at))
    holders = holder_of[offsets]
    is_first = _changes(keys)
    is_new = is_first | _changes(holders)
    begins = np.flatnonzero(is_first)
    df = np.diff(np.r_[0, np.cumsum(is_new)][np.r_[begins, len(keys)]])
    is_listed = df <= max(ALWAYS_LISTED, (len(text_at) - 1) // UNLISTED)
    stored, pair_at = _lists(offsets, begins, is_listed, df >= _common(len(coded)))
    seen = coded.astype(np.uint64) << np.uint64(_HOLDER_BITS) | holder_of
    seen.sort()
    character_df = np.bincount((_distinct(seen) >> np.uint64(_HOLDER_BITS)).astype(np.int64), minlength=len(alphabet))
    pairs = keys[begins]
    return {
        "pairs": pairs.astype(np.uint32 if 2 * shift <= np.iinfo(np.uint32).bits else np.uint64),
        "pair_at": narrow(pair_at),
        "pair_df": (df - 1).astype(np.uint16),
        "pair_offsets": stored,
        "character_df": narrow(character_df),
        **_astride(_word_pairs(words.words, alphabet, pairs, shift), words, df, holders[is_new]),
    }


def _word_pairs(words: Sequence[str], alphabet: Array, pairs: Array, shift: int) -> Array:
    """The number of the pair that each word is; one behind the last if its characters stand nowhere in the text."""
    points = code_points("".join(words))
    codes = np.minimum(alphabet[1:].searchsorted(points) + 1, len(alphabet) - 1)
    first, second = codes.reshape(-1, _PAIR).astype(np.uint64).T
    keys = first << np.uint64(shift) | second
    numbers = pairs.searchsorted(keys)
    known = (alphabet[codes] == points).reshape(-1, _PAIR).all(axis=1) & np.isin(keys, pairs)
    return np.where(known, numbers, len(pairs))


def _astride(numbers: Array, words: Words, df: Array, holders: Array) -> dict[str, Array]:
    """For each word of two characters the paragraphs that have its pair, but not the word.

    `holders`: the paragraphs that have each pair, one pair after the other; `df`: how many each has.
    """
    is_word = np.zeros(len(df) + 1, bool)
    is_word[numbers] = True
    of_words = np.repeat(is_word[:-1], df)
    holding = np.repeat(np.arange(len(df)), df)[of_words] << _HOLDER_BITS | holders[of_words]
    both = np.r_[holding, numbers[words.word_of] << _HOLDER_BITS | words.holder]
    both.sort()
    is_alone = _changes(both) & np.r_[_changes(both)[1:], True][: len(both)]  # whoever has the word has the pair
    alone = both[is_alone]
    pairs = np.flatnonzero(is_word[:-1])
    return {
        "astride_pairs": narrow(pairs),
        "astride_at": narrow(np.r_[(alone >> _HOLDER_BITS).searchsorted(pairs), len(alone)]),
        "astride_ids": (alone & ((1 << _HOLDER_BITS) - 1)).astype(np.uint16),
    }


def _distinct(ascending: Array) -> Array:
    # np.unique finds the different values through a hash table, which is slower than a sort.
    return ascending.compress(_changes(ascending))


def _changes(values: Array) -> Array:
    """Where another value begins."""
    mask = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=mask[1:])
    return mask


def _sorted_pairs(coded: Array, shift: int) -> tuple[Array, Array]:
    """Keys and offsets of all pairs, by key, then offset. Every character but the ends of paragraphs begins one."""
    offsets = np.flatnonzero(coded[:-1] != 0)
    keys = coded[offsets].astype(np.uint64) << np.uint64(shift) | coded[offsets + 1]
    room = _bits(len(coded))
    if 2 * shift + room <= np.iinfo(np.uint64).bits:  # one packed sort is many times faster than an order
        packed = keys << np.uint64(room) | offsets.astype(np.uint64)
        packed.sort()
        return packed >> np.uint64(room), (packed & np.uint64((1 << room) - 1)).astype(np.int64)
    order = np.argsort(keys, kind="stable")
    return keys[order], offsets[order]


def _common(characters: int) -> int:
    """A pair that so many paragraphs have is stored as gaps: on average they are well below 16 bits.

    In a text so long that its offsets have more than 24 bits every pair is.
    """
    return characters >> (_LOW - 1) if characters <= 1 << (_LOW + 8) else 0


def _lists(offsets: Array, begins: Array, is_listed: Array, has_gaps: Array) -> tuple[Array, Array]:
    """The lists of offsets as 16-bit numbers, and where each begins.

    `begins`, `is_listed` and `has_gaps` are of each pair. A list has the gaps between the offsets, with `_SKIP` where
    one does not fit; or the low bits of the offsets, then their high bits, two in a number; a pair that is not listed
    has nothing.
    """
    counts = np.diff(np.r_[begins, len(offsets)])
    is_common = np.repeat(is_listed & has_gaps, counts)
    is_rare = np.repeat(is_listed & ~has_gaps, counts)
    gaps = np.diff(offsets, prepend=0)
    gaps[begins] = offsets[begins]
    sizes = np.zeros(len(offsets), np.int64)
    sizes[is_common] = gaps[is_common] // _SKIP + 1
    place = np.arange(len(offsets)) - np.repeat(begins, counts)
    sizes[is_rare] = 1 + (place[is_rare] & 1 ^ 1)  # the high bits of two offsets are one more number
    ends = np.cumsum(sizes)
    at = np.r_[0, ends][np.r_[begins, len(offsets)]]
    stored = np.full(int(at[-1]), _SKIP, np.uint16)
    stored[ends[is_common] - 1] = gaps[is_common] % _SKIP
    first, rare = np.repeat(at[:-1], counts)[is_rare], offsets[is_rare]
    place, count = place[is_rare], np.repeat(counts, counts)[is_rare]
    stored[first + place] = rare & ((1 << _LOW) - 1)
    high, is_second = first + count + place // 2, place % 2 == 1
    stored[high[~is_second]] = rare[~is_second] >> _LOW
    stored[high[is_second]] |= (rare[is_second] >> _LOW << 8).astype(np.uint16)
    return stored, at
