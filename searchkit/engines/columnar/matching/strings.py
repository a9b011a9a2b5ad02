"""Where a string stands in the text of a segment, or among labels that many paragraphs share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, reduce
from itertools import pairwise

import numpy as np

from searchkit.engines.columnar.arrays import Array, distinct, starts
from searchkit.engines.columnar.text import Text, narrow_code_points
from searchkit.query.tree import NUMERAL_CHARACTERS, Substring
from searchkit.text.folding import fold

_PAIR = 2
_BETWEEN = "\0"  # labels; nothing that a reader leaves in a text, and no part of a number
_OTHER, _DIGIT, _POINT, _HAN = range(4)


class StringMatcher:
    """Finds strings in the text of a segment: by the shortest list among the pairs of characters, then in the text."""

    def __init__(self, text: Text) -> None:
        self._text = text

    def match(self, node: Substring) -> Array:
        """Give the ids, ascending, of the paragraphs whose folded text holds a string.

        Cost: the list of its rarest pair; for a single character, and only there, a pass over the text.
        """
        return distinct(self._text.docs_at(self._occurrences(node)))

    def _occurrences(self, node: Substring) -> Array:
        """The offsets at which a string stands, ascending."""
        codes = self._text.codes_of(node.text)
        if codes is None:
            found = np.empty(0, np.int64)
        elif len(codes) == 1:
            found = np.flatnonzero(self._are(codes[0], self._text.coded))
        else:
            found = self._of_several(codes)
        return self._whole(found, node.text) if node.whole_numbers and len(found) else found

    def _of_several(self, codes: tuple[int, ...]) -> Array:
        """The offsets at which several characters stand together: by their rarest pair, then looking at the others.

        Only where no pair is listed (a comma and a letter) the whole text is looked at.
        """
        coded, bigrams = self._text.coded, self._text.bigrams
        numbers = [bigrams.find(*pair) for pair in pairwise(codes)]
        sizes = {place: bigrams.size(n) or len(coded) for place, n in enumerate(numbers) if n is not None}
        if len(sizes) < len(numbers):
            return np.empty(0, np.int64)
        best = min(sizes, key=sizes.__getitem__)
        number = numbers[best]
        if number is not None and bigrams.size(number):
            found = bigrams.offsets(number) - best
        else:
            first, second = (self._are(code, coded) for code in codes[best : best + _PAIR])
            found = np.flatnonzero(first[:-1] & second[1:]) - best
        inside = found.searchsorted((0, len(coded) - len(codes)))
        found = found[int(inside[0]) : int(inside[1])]
        for place, code in enumerate(codes):
            if place not in (best, best + 1):
                found = found.compress(self._are(code, coded.take(found + place)))
        return found

    def _are(self, code: int, characters: Array) -> Array:
        """Mask of which of some characters of the text fold to a character."""
        forms = (self._text.folding == code).nonzero()[0].tolist()
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
        inside = np.minimum(np.maximum(offsets, 0), len(self._text.coded) - 1)
        classes: Array = np.where(offsets < 0, _OTHER, self._classes[self._text.coded[inside]])
        return classes

    @cached_property
    def _classes(self) -> Array:
        points = self._text.folded_alphabet
        classes = np.full(len(points), _OTHER, np.uint8)
        for kind, characters in ((_DIGIT, "0123456789"), (_POINT, ".,"), (_HAN, NUMERAL_CHARACTERS)):
            classes[np.isin(points, narrow_code_points(characters))] = kind
        classes[0] = _OTHER
        return classes


class LabelMatcher:
    """Texts that many paragraphs share, such as headings, folded and searched as if they were one."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Take the different texts. Cost: 10 ns a character."""
        self._joined = fold(_BETWEEN.join(texts))
        self._starts = starts([len(text) + 1 for text in texts])

    def match(self, node: Substring) -> Array:
        """Give the numbers, ascending, of the texts that hold a string. Cost: a pass of Python's own search."""
        spans = np.array(list(node.find(self._joined)), np.int64).reshape(-1, 2)
        numbers = self._starts.searchsorted(spans[:, 0], "right") - 1
        is_inside = spans[:, 1] < self._starts.take(numbers + 1)
        return distinct(numbers.compress(is_inside))
