"""Text and strings: the characters of a segment, and where each pair of neighbouring characters stands.

The characters of all paragraphs stand one after the other, each as its number in the segment's alphabet, so that a
character is two bytes and any of them is read without unpacking. Number 0 ends a paragraph. For each pair of folded
characters there is the list of offsets at which it begins. A string is found by the shortest list among its pairs; its
other characters are then compared in the text itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, reduce
from itertools import pairwise

import numpy as np

from searchkit.engines.columnar.arrays import Array, ArrayFile, blocks, distinct, gathered, narrow, starts
from searchkit.engines.columnar.bigrams import DIGIT, LETTER, MARK, NO_WORDS, Bigrams, Words, bigram_arrays, need_lists
from searchkit.query.tree import NUMERAL_CHARACTERS, Substring
from searchkit.text.folding import fold

_PAIR = 2
_PAGE = 64  # characters; the paragraph at the beginning of each page is stored
_CODING = "utf-32-le"
_CODE_POINTS = 0x110000
_BETWEEN = "\0"  # labels; nothing that a reader leaves in a text, and no part of a number


def code_points(text: str) -> Array:
    """The code points of a string, of 16 bits, or of 32 where some need more."""
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
    return units if len(units) == len(text) else np.frombuffer(text.encode(_CODING, "surrogatepass"), np.uint32)


def text_arrays(
    characters: Array, lengths: Array, words: Sequence[str] = (), held: tuple[Array, Array] | None = None
) -> dict[str, Array]:
    """The arrays of the text: of the code points of all paragraphs, and how many each paragraph has.

    `words` are those of two characters, ascending; `held`: where the paragraphs of each begin (and at the end where
    those of the last one end), and which paragraphs have them as tokens of their text.
    """
    text_at = starts(lengths + 1)
    own = _different(characters)
    folded = code_points(fold(own.tobytes().decode(_CODING, "surrogatepass")))
    alphabet = np.append(np.uint32(0), _different(np.append(own, folded)))
    width = np.min_scalar_type(len(alphabet) - 1)
    lookup = np.zeros(int(alphabet[-1]) + 1, width)
    lookup[alphabet[1:]] = np.arange(1, len(alphabet))
    folding = np.arange(len(alphabet), dtype=width)
    folding[lookup[own]] = lookup[folded]
    kinds = np.array([MARK, *map(_kind, alphabet[1:].tolist())], np.uint8)
    text = _with_ends(characters, text_at, lookup)
    coded = gathered(folding, text)
    return {
        "alphabet": narrow(alphabet),
        "folding": narrow(folding),
        "text": text,
        "text_at": narrow(text_at),
        "pages": narrow(np.searchsorted(text_at, np.arange(0, len(text), _PAGE), "right") - 1),
        **_gram_lengths(gathered(kinds != MARK, coded), text_at),
        **bigram_arrays(coded, kinds, text_at, _words(alphabet, len(lengths), words, *held) if held else NO_WORDS),
    }


class Text:
    """The text of an open segment. Offsets are places in the text of all its paragraphs."""

    def __init__(self, arrays: ArrayFile | Mapping[str, Array]) -> None:
        self._arrays = arrays
        self._text, self._starts = arrays["text"], arrays["text_at"]

    def __getitem__(self, position: int) -> str:
        """The text of a paragraph as it was given."""
        coded = self._text[self._starts.item(position) : self._starts.item(position + 1) - 1]
        return self._alphabet.take(coded).tobytes().decode(_CODING, "surrogatepass")

    def codes(self, begins: Sequence[int], ends: Sequence[int]) -> Array:
        """The characters between some offsets, one piece after the other, as numbers in the segment's alphabet.

        To gather the characters one by one would take four times as long.
        """
        pieces = b"".join([self._view[begin:end] for begin, end in zip(begins, ends, strict=True)])
        return np.frombuffer(pieces, self._text.dtype)

    @cached_property
    def _view(self) -> memoryview:
        return self._text.data

    def characters(self) -> tuple[Array, Array]:
        """The code points of all paragraphs, and how many each paragraph has: what `text_arrays` takes."""
        points: Array = self._alphabet[self._text[self._text != 0]]
        return points, np.diff(self._starts.astype(np.int64)) - 1

    def holding(self, node: Substring) -> Array:
        """Paragraphs whose folded text holds a string, ascending.

        Cost: the list of its rarest pair; for a single character, and only there, a pass over the text.
        """
        return distinct(self._paragraphs_at(self._occurrences(node)))

    def astride(self, text: str) -> Array | None:
        """For a word of two characters the paragraphs that hold them, but not as a word: 行政 in 执行|政策.

        None if `text` is no such word: 0件 may be a token of 零件 and stand nowhere.
        """
        codes = self._codes(text)
        if len(text) != _PAIR:
            return None
        number = self._bigrams.find(*codes) if codes else None
        return None if number is None else self._bigrams.astride(number)

    def gram_dfs(self, grams: Sequence[str]) -> Array:
        """How many paragraphs have each gram of folded characters; all grams have one, or all have two."""
        if not grams:
            return np.zeros(0, np.int64)
        codes = _codes_in(self._alphabet, code_points("".join(grams))).reshape(len(grams), -1)
        if codes.shape[1] == 1:
            dfs = self._arrays["character_df"].take(codes[:, 0]).astype(np.int64)
        else:
            dfs = self._bigrams.dfs(codes)
        return np.where((codes != 0).all(axis=1), dfs, 0)

    @cached_property
    def _alphabet(self) -> Array:
        return self._arrays["alphabet"].astype(np.uint32)

    @cached_property
    def _folding(self) -> Array:
        return self._arrays["folding"]

    @cached_property
    def folded_alphabet(self) -> Array:
        """What each number in the alphabet folds to, a code point; the first, for the end of a paragraph, to 0."""
        return self._alphabet.take(self._folding)

    @cached_property
    def _bigrams(self) -> Bigrams:
        return Bigrams(self._arrays, len(self._alphabet), len(self._text))

    def _codes(self, text: str) -> tuple[int, ...] | None:
        """The numbers of folded characters in the alphabet, or None if one of them does not occur."""
        codes = tuple(_codes_in(self._alphabet, code_points(text)).tolist())
        return codes if all(codes) else None

    # strings

    def _occurrences(self, node: Substring) -> Array:
        """The offsets at which a string stands, ascending."""
        codes = self._codes(node.text)
        if codes is None:
            found = np.empty(0, np.int64)
        elif len(codes) == 1:
            found = np.flatnonzero(self._are(codes[0], self._text))
        else:
            found = self._of_several(codes)
        return self._whole(found, node.text) if node.whole_numbers and len(found) else found

    def _of_several(self, codes: tuple[int, ...]) -> Array:
        """The offsets at which several characters stand together: by their rarest pair, then looking at the others.

        Only where no pair is listed (a comma and a letter) the whole text is looked at.
        """
        numbers = [self._bigrams.find(*pair) for pair in pairwise(codes)]
        sizes = {place: self._bigrams.size(n) or len(self._text) for place, n in enumerate(numbers) if n is not None}
        if len(sizes) < len(numbers):
            return np.empty(0, np.int64)
        best = min(sizes, key=sizes.__getitem__)
        number = numbers[best]
        if number is not None and self._bigrams.size(number):
            found = self._bigrams.offsets(number) - best
        else:
            first, second = (self._are(code, self._text) for code in codes[best : best + _PAIR])
            found = np.flatnonzero(first[:-1] & second[1:]) - best
        inside = found.searchsorted((0, len(self._text) - len(codes)))
        found = found[int(inside[0]) : int(inside[1])]
        for place, code in enumerate(codes):
            if place not in (best, best + 1):
                found = found.compress(self._are(code, self._text.take(found + place)))
        return found

    def _are(self, code: int, characters: Array) -> Array:
        """Mask of which of some characters of the text fold to a character."""
        forms = (self._folding == code).nonzero()[0].tolist()
        return reduce(np.logical_or, (characters == form for form in forms))

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
        points = self.folded_alphabet
        classes = np.full(len(points), _OTHER, np.uint8)
        for kind, characters in ((_DIGIT, "0123456789"), (_POINT, ".,"), (_HAN, NUMERAL_CHARACTERS)):
            classes[np.isin(points, code_points(characters))] = kind
        classes[0] = _OTHER
        return classes

    def _paragraphs_at(self, offsets: Array) -> Array:
        """The paragraph that each offset is in: that of its page, and on from there."""
        paragraphs = self._arrays["pages"].take(offsets // _PAGE).astype(np.intp)
        behind = (self._starts.take(paragraphs + 1) <= offsets).nonzero()[0]
        while len(behind):
            paragraphs[behind] += 1
            is_behind = self._starts.take(paragraphs.take(behind) + 1) <= offsets.take(behind)
            behind = behind.compress(is_behind)
        return paragraphs


class Labels:
    """Texts that many paragraphs share, such as headings, folded and searched as if they were one."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Take the different texts. Cost: 10 ns a character."""
        self._joined = fold(_BETWEEN.join(texts))
        self._starts = starts([len(text) + 1 for text in texts])

    def holding(self, node: Substring) -> Array:
        """The numbers, ascending, of the texts that hold a string. Cost: a pass of Python's own search."""
        spans = np.array(list(node.find(self._joined)), np.int64).reshape(-1, 2)
        numbers = self._starts.searchsorted(spans[:, 0], "right") - 1
        is_inside = spans[:, 1] < self._starts.take(numbers + 1)
        return distinct(numbers.compress(is_inside))


_OTHER, _DIGIT, _POINT, _HAN = range(4)


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


def _words(alphabet: Array, paragraphs: int, words: Sequence[str], at: Array, holders: Array) -> Words:
    """Those of some words of two characters of which both occur."""
    points, counts = code_points("".join(words)).reshape(-1, _PAIR), np.diff(at)
    codes = _codes_in(alphabet, points.reshape(-1)).reshape(-1, _PAIR)
    occur = (codes != 0).all(axis=1)
    # Whether a numeral continues a number, only its place in the text says.
    has_numeral = np.isin(points, code_points(NUMERAL_CHARACTERS)).any(axis=1)
    are_listed = need_lists(codes, np.where(occur & ~has_numeral, counts, 0), paragraphs)[occur]
    return Words(codes[occur], starts(counts[occur]), holders.compress(np.repeat(occur, counts)), are_listed)


def _different(points: Array) -> Array:
    """The different code points, ascending, 32 bits each."""
    occurs = np.zeros(_CODE_POINTS, bool)
    for part in blocks(len(points)):
        occurs[points[part]] = True
    return np.flatnonzero(occurs).astype(np.uint32)


def _codes_in(alphabet: Array, points: Array) -> Array:
    """The numbers of code points in an alphabet (which begins with a 0 that is none of them), 0 for what it lacks."""
    codes = alphabet[1:].searchsorted(points) + 1
    codes[codes == len(alphabet)] = 0
    return np.where((alphabet.take(codes) == points) & (codes != 0), codes, 0)
