"""Finding strings in the text of a segment, and in labels: texts that many paragraphs share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, reduce
from itertools import pairwise

import numpy as np

from searchkit.engines.columnar.arrays import Array, offsets_from_lengths, unique_sorted
from searchkit.engines.columnar.text import SegmentText, narrow_code_points
from searchkit.query.tree import HAN_NUMERAL_CHARACTERS, Substring
from searchkit.text.folding import fold

_PAIR_LENGTH = 2
_LABEL_SEPARATOR = "\0"  # the readers leave none in a text, and it is not part of a number
_NOT_NUMERAL, _NUMERAL_DIGIT, _NUMERAL_POINT, _NUMERAL_HAN = range(4)


class StringMatcher:
    """Finds strings in the text of a segment: by the shortest list of offsets of a bigram, then in the text itself."""

    def __init__(self, text: SegmentText) -> None:
        self._text = text

    def match(self, node: Substring) -> Array:
        """Return the ids, ascending, of the docs whose folded text contains a string.

        Reads the list of its rarest bigram. For a single character, or if no bigram has a list, scans the text.
        """
        return unique_sorted(self._text.docs_at(self._find(node)))

    def _find(self, node: Substring) -> Array:
        """Return the offsets of a string, ascending."""
        codes = self._text.encode(node.text)
        if codes is None:
            offsets = np.empty(0, np.int64)
        elif len(codes) == 1:
            offsets = np.flatnonzero(self._folds_to(codes[0], self._text.codes))
        else:
            offsets = self._find_sequence(codes)
        return self._drop_partial_numbers(offsets, node.text) if node.whole_numbers and len(offsets) else offsets

    def _find_sequence(self, codes: tuple[int, ...]) -> Array:
        """Return the offsets of several adjacent folded codes: of their rarest bigram, if the other codes match.

        Scans the whole text if no bigram has a list (a comma and a letter).
        """
        text, bigrams = self._text.codes, self._text.bigrams
        pair_ords = [bigrams.ord_of(*pair) for pair in pairwise(codes)]
        costs = {i: bigrams.list_length(pair) or len(text) for i, pair in enumerate(pair_ords) if pair is not None}
        if len(costs) < len(pair_ords):
            return np.empty(0, np.int64)
        best = min(costs, key=costs.__getitem__)
        pair_ord = pair_ords[best]
        if pair_ord is not None and bigrams.list_length(pair_ord):
            offsets = bigrams.offsets(pair_ord) - best
        else:
            first, second = (self._folds_to(code, text) for code in codes[best : best + _PAIR_LENGTH])
            offsets = np.flatnonzero(first[:-1] & second[1:]) - best
        bounds = offsets.searchsorted((0, len(text) - len(codes)))
        offsets = offsets[int(bounds[0]) : int(bounds[1])]
        for i, code in enumerate(codes):
            if i not in (best, best + 1):
                offsets = offsets.compress(self._folds_to(code, text.take(offsets + i)))
        return offsets

    def _folds_to(self, code: int, codes: Array) -> Array:
        """Return a mask of the codes that fold to a code."""
        unfolded = (self._text.folding == code).nonzero()[0].tolist()
        return reduce(np.logical_or, (codes == form for form in unfolded))

    def _drop_partial_numbers(self, offsets: Array, text: str) -> Array:
        """Drop the occurrences that are part of a longer number, as `Substring.find` does."""
        first, last, length = text[0], text[-1], len(text)
        if first.isdecimal():
            before = self._numeral_class_at(offsets - 1)
            is_partial = (before == _NUMERAL_DIGIT) | (
                (before == _NUMERAL_POINT) & (self._numeral_class_at(offsets - 2) == _NUMERAL_DIGIT)
            )
            offsets = offsets[~is_partial]
        elif first in HAN_NUMERAL_CHARACTERS:
            before = self._numeral_class_at(offsets - 1)
            offsets = offsets[(before != _NUMERAL_DIGIT) & (before != _NUMERAL_HAN)]
        if last.isdecimal():
            after = self._numeral_class_at(offsets + length)
            is_partial = (after == _NUMERAL_DIGIT) | (
                (after == _NUMERAL_POINT) & (self._numeral_class_at(offsets + length + 1) == _NUMERAL_DIGIT)
            )
            offsets = offsets[~is_partial]
        elif last in HAN_NUMERAL_CHARACTERS:
            offsets = offsets[self._numeral_class_at(offsets + length) != _NUMERAL_HAN]
        return offsets

    def _numeral_class_at(self, offsets: Array) -> Array:
        """Return the class of the characters at some offsets: digit, point or comma, Chinese numeral, anything else."""
        inside = np.minimum(np.maximum(offsets, 0), len(self._text.codes) - 1)
        classes: Array = np.where(offsets < 0, _NOT_NUMERAL, self._numeral_classes[self._text.codes[inside]])
        return classes

    @cached_property
    def _numeral_classes(self) -> Array:
        """The class of each code."""
        characters = self._text.folded_alphabet
        classes = np.full(len(characters), _NOT_NUMERAL, np.uint8)
        for numeral_class, members in (
            (_NUMERAL_DIGIT, "0123456789"),
            (_NUMERAL_POINT, ".,"),
            (_NUMERAL_HAN, HAN_NUMERAL_CHARACTERS),
        ):
            classes[np.isin(characters, narrow_code_points(members))] = numeral_class
        classes[0] = _NOT_NUMERAL
        return classes


class LabelMatcher:
    """Finds strings in labels, such as heading paths. The labels are folded and searched as one text."""

    def __init__(self, labels: Sequence[str]) -> None:
        """Take the distinct labels. Costs 10 ns per character."""
        self._text = fold(_LABEL_SEPARATOR.join(labels))
        self._offsets = offsets_from_lengths([len(label) + 1 for label in labels])

    def match(self, node: Substring) -> Array:
        """Return the indices, ascending, of the labels that contain a string. Searches them with `str.find`."""
        spans = np.array(list(node.find(self._text)), np.int64).reshape(-1, 2)
        labels = self._offsets.searchsorted(spans[:, 0], "right") - 1
        is_inside = spans[:, 1] < self._offsets.take(labels + 1)
        return unique_sorted(labels.compress(is_inside))
