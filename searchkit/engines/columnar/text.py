"""The text of a segment as numbers of its alphabet.

The characters of all paragraphs stand one after the other, each as its number in the segment's alphabet, so that a
character is two bytes and any of them is read without unpacking. Number 0 ends a paragraph. Where each pair of folded
characters begins is in `bigrams.py`; `matching/strings.py` finds strings by that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from searchkit.engines.columnar.arrays import Array, ArrayFile, blocks, gathered, narrow, starts
from searchkit.engines.columnar.bigrams import (
    DIGIT,
    LETTER,
    MARK,
    NO_WORDS,
    Bigrams,
    WordLists,
    Words,
    bigram_arrays,
    need_lists,
)
from searchkit.query.tree import NUMERAL_CHARACTERS
from searchkit.text.folding import CODE_POINTS, code_points, fold

_PAIR = 2
_PAGE = 64  # characters; the paragraph at the beginning of each page is stored
_CODING = "utf-32-le"
_BETWEEN = "\0"  # labels; nothing that a reader leaves in a text, and no part of a number


def narrow_code_points(text: str) -> Array:
    """The code points of a string, of 16 bits, or of 32 where some need more."""
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
    return units if len(units) == len(text) else code_points(text)


def text_arrays(
    characters: Array, lengths: Array, words: Sequence[str] = (), held: tuple[Array, Array] | None = None
) -> tuple[dict[str, Array], WordLists]:
    """The arrays of the text: of the code points of all paragraphs, and how many each paragraph has.

    With them the lists of those of `words` whose characters stand side by side: where they do without being the word.
    `words` are those of two characters, ascending; `held`: where the paragraphs of each begin (and at the end where
    those of the last one end), and which paragraphs have them as tokens of their text.
    """
    text_at = starts(lengths + 1)
    own = _different(characters)
    folded = narrow_code_points(fold(own.tobytes().decode(_CODING, "surrogatepass")))
    alphabet = np.append(np.uint32(0), _different(np.append(own, folded)))
    width = np.min_scalar_type(len(alphabet) - 1)
    lookup = np.zeros(int(alphabet[-1]) + 1, width)
    lookup[alphabet[1:]] = np.arange(1, len(alphabet))
    folding = np.arange(len(alphabet), dtype=width)
    folding[lookup[own]] = lookup[folded]
    kinds = np.array([MARK, *map(_kind, alphabet[1:].tolist())], np.uint8)
    text = _with_ends(characters, text_at, lookup)
    coded = gathered(folding, text)
    own_words, occur = _words(alphabet, len(lengths), words, *held) if held else (NO_WORDS, np.empty(0, bool))
    bigrams, lists = bigram_arrays(coded, kinds, text_at, own_words)
    arrays = {
        "alphabet": narrow(alphabet),
        "folding": narrow(folding),
        "text": text,
        "text_at": narrow(text_at),
        "pages": narrow(np.searchsorted(text_at, np.arange(0, len(text), _PAGE), "right") - 1),
        **_gram_lengths(gathered(kinds != MARK, coded), text_at),
        **bigrams,
    }
    return arrays, WordLists(np.flatnonzero(occur)[lists.words], lists.counts, lists.ids)


class Text:
    """The text of an open segment. Offsets are places in the text of all its paragraphs."""

    def __init__(self, arrays: ArrayFile | Mapping[str, Array]) -> None:
        self._arrays = arrays
        self.coded: Array = arrays["text"]
        """The text of all paragraphs, as numbers in the alphabet; 0 ends a paragraph."""
        self._starts = arrays["text_at"]

    def __getitem__(self, position: int) -> str:
        """The text of a paragraph as it was given."""
        coded = self.coded[self._starts.item(position) : self._starts.item(position + 1) - 1]
        return self._alphabet.take(coded).tobytes().decode(_CODING, "surrogatepass")

    def codes(self, begins: Sequence[int], ends: Sequence[int]) -> Array:
        """The characters between some offsets, one piece after the other, as numbers in the segment's alphabet.

        To gather the characters one by one would take four times as long.
        """
        pieces = b"".join([self._view[begin:end] for begin, end in zip(begins, ends, strict=True)])
        return np.frombuffer(pieces, self.coded.dtype)

    @cached_property
    def _view(self) -> memoryview:
        return self.coded.data

    def characters(self) -> tuple[Array, Array]:
        """The code points of all paragraphs, and how many each paragraph has: what `text_arrays` takes."""
        points: Array = self._alphabet[self.coded[self.coded != 0]]
        return points, np.diff(self._starts.astype(np.int64)) - 1

    def gram_dfs(self, grams: Sequence[str]) -> Array:
        """How many paragraphs have each gram of folded characters; all grams have one, or all have two."""
        if not grams:
            return np.zeros(0, np.int64)
        codes = _codes_in(self._alphabet, narrow_code_points("".join(grams))).reshape(len(grams), -1)
        if codes.shape[1] == 1:
            dfs = self._arrays["character_df"].take(codes[:, 0]).astype(np.int64)
        else:
            dfs = self.bigrams.dfs(codes)
        return np.where((codes != 0).all(axis=1), dfs, 0)

    @cached_property
    def _alphabet(self) -> Array:
        return self._arrays["alphabet"].astype(np.uint32)

    @cached_property
    def folding(self) -> Array:
        """What each number in the alphabet folds to, a number in the alphabet."""
        return self._arrays["folding"]

    @cached_property
    def folded_alphabet(self) -> Array:
        """What each number in the alphabet folds to, a code point; the first, for the end of a paragraph, to 0."""
        return self._alphabet.take(self.folding)

    @cached_property
    def bigrams(self) -> Bigrams:
        """Where pairs of characters stand."""
        return Bigrams(self._arrays, len(self._alphabet), len(self.coded))

    def codes_of(self, text: str) -> tuple[int, ...] | None:
        """Give the numbers of folded characters in the alphabet, or None if one of them does not occur."""
        codes = tuple(_codes_in(self._alphabet, narrow_code_points(text)).tolist())
        return codes if all(codes) else None

    def docs_at(self, offsets: Array) -> Array:
        """Give the paragraph that each of some ascending offsets is in: that of its page, and on from there."""
        paragraphs = self._arrays["pages"].take(offsets // _PAGE).astype(np.intp)
        behind = (self._starts.take(paragraphs + 1) <= offsets).nonzero()[0]
        while len(behind):
            paragraphs[behind] += 1
            is_behind = self._starts.take(paragraphs.take(behind) + 1) <= offsets.take(behind)
            behind = behind.compress(is_behind)
        return paragraphs


def _kind(point: int) -> int:
    """The kind of a character; letters and digits are those of `ranking.grams`."""
    character = chr(point)
    return DIGIT if character.isdecimal() else LETTER if character.isalnum() else MARK


def _with_ends(characters: Array, text_at: Array, lookup: Array) -> Array:
    """The number of each code point, with a 0 where a paragraph ends."""
    text = np.zeros(int(text_at[-1]), lookup.dtype)
    is_end, done = np.zeros(len(text), bool), 0
    is_end[text_at[1:] - 1] = True
    for part in blocks(len(text)):
        inside = ~is_end[part]
        own = characters[done : done + np.count_nonzero(inside)]
        text[part][inside] = lookup.take(own)
        done += len(own)
    return text


def _gram_lengths(is_letter: Array, text_at: Array) -> dict[str, Array]:
    """How many grams of one and of two characters each paragraph has, as `ranking.count_all_grams` counts them."""
    marks = np.flatnonzero(~is_letter)  # each paragraph ends with one
    letters = np.diff(text_at) - np.diff(marks.searchsorted(text_at))
    ends = marks.compress(is_letter.take(marks - 1))  # of runs of letters
    pairs = letters - np.diff(ends.searchsorted(text_at))
    return {"character_count": narrow(letters), "bigram_count": narrow(pairs)}


def _words(alphabet: Array, paragraphs: int, words: Sequence[str], at: Array, holders: Array) -> tuple[Words, Array]:
    """Those of some words of two characters of which both occur, and a mask of which they are."""
    points, counts = narrow_code_points("".join(words)).reshape(-1, _PAIR), np.diff(at)
    codes = _codes_in(alphabet, points.reshape(-1)).reshape(-1, _PAIR)
    occur = (codes != 0).all(axis=1)
    # Whether a numeral continues a number, only its place in the text says.
    has_numeral = np.isin(points, narrow_code_points(NUMERAL_CHARACTERS)).any(axis=1)
    are_listed = need_lists(codes, np.where(occur & ~has_numeral, counts, 0), paragraphs)[occur]
    own = holders.compress(np.repeat(occur, counts))
    return Words(codes[occur], starts(counts[occur]), own, are_listed), occur


def _different(points: Array) -> Array:
    """The different code points, ascending, 32 bits each."""
    occurs = np.zeros(CODE_POINTS, bool)
    for part in blocks(len(points)):
        occurs[points[part]] = True
    return np.flatnonzero(occurs).astype(np.uint32)


def _codes_in(alphabet: Array, points: Array) -> Array:
    """The numbers of code points in an alphabet (which begins with a 0 that is none of them), 0 for what it lacks."""
    codes = alphabet[1:].searchsorted(points) + 1
    codes[codes == len(alphabet)] = 0
    return np.where((alphabet.take(codes) == points) & (codes != 0), codes, 0)
