"""Finding strings in the passages of a segment, and in its heading paths and titles."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, reduce
from itertools import pairwise

import numpy as np

from searchkit.engines.columnar.arrays import Array, block_slices, offsets_from_lengths, unique_sorted
from searchkit.engines.columnar.text import SegmentText, narrow_code_points
from searchkit.query.tree import HAN_NUMERAL_CHARACTERS, Substring
from searchkit.text.folding import fold, to_code_points

_SEPARATOR = "\0"  # the readers of corpus files remove NUL from texts, and NUL does not continue a number
_NOT_NUMERAL, _NUMERAL_DIGIT, _NUMERAL_POINT, _NUMERAL_HAN = range(4)  # numeral classes of characters


class StringMatcher:
    """Finds strings in the passages of a segment. For each string, reads the shortest offset list of its bigrams."""

    def __init__(self, text: SegmentText) -> None:
        self._text = text

    def match(self, node: Substring) -> Array:
        """Return the ids, ascending, of the docs whose folded passage (for the field text: whose text) has a string.

        Reads the shortest list of offsets of a bigram of the string. For a single character, or if none of the bigrams
        has a list, scans all passages of the segment.
        """
        return self._text.docs_with(self._find(node), text_only=node.field == "text")

    def _find(self, node: Substring) -> Array:
        """Return the offsets of a string, ascending.

        With `Substring.whole_numbers`, occurrences that are part of a longer number are left out: 3件 in 23件.
        """
        codes = self._text.encode(node.text)
        if codes is None:
            offsets = np.empty(0, np.int64)
        elif len(codes) == 1:
            offsets = self._scan(codes[0])
        else:
            offsets = self._find_sequence(codes)
        return self._drop_partial_numbers(offsets, node.text) if node.whole_numbers and len(offsets) else offsets

    def _find_sequence(self, codes: tuple[int, ...]) -> Array:
        """Return the offsets, ascending, of a sequence of folded codes.

        Finds the pair with the shortest list, then drops the offsets at which another code differs. If no pair has a
        list, for example if the sequence is a frequent pair of a comma and a letter, scans all passages for the code
        that the fewest docs have in their text.
        """
        text, bigrams = self._text.codes, self._text.bigrams
        pair_ords = [bigrams.ord_of(*pair) for pair in pairwise(codes)]
        costs = {i: bigrams.list_length(pair) or len(text) for i, pair in enumerate(pair_ords) if pair is not None}
        if len(costs) < len(pair_ords):
            return np.empty(0, np.int64)
        cheapest = min(costs, key=costs.__getitem__)
        pair_ord = pair_ords[cheapest]
        if pair_ord is not None and bigrams.list_length(pair_ord):
            offsets, found = bigrams.offsets(pair_ord) - cheapest, {cheapest, cheapest + 1}
        else:
            dfs = self._text.character_dfs.take(codes)
            rarest = int(dfs.argmin())
            offsets, found = self._scan(codes[rarest]) - rarest, {rarest}
        bounds = offsets.searchsorted((0, len(text) - len(codes)))  # the sequence begins and ends inside the text
        offsets = offsets[int(bounds[0]) : int(bounds[1])]
        for i, code in enumerate(codes):
            if not len(offsets):  # long strings rarely occur, so most of their codes need no comparison
                break
            if i not in found:
                offsets = offsets.compress(self._folds_to(code, text.take(offsets + i)))
        return offsets

    def _scan(self, code: int) -> Array:
        """Return the offsets, ascending, of the characters of the segment whose folded form has the code `code`."""
        codes = self._text.codes.all()
        found = [self._folds_to(code, codes[block]).nonzero()[0] + block.start for block in block_slices(len(codes))]
        return np.concatenate([np.empty(0, np.intp), *found])

    def _folds_to(self, code: int, codes: Array) -> Array:
        """Return a mask of the codes of characters whose folded form has the code `code`."""
        unfolded = (self._text.folding == code).nonzero()[0].tolist()
        return reduce(np.logical_or, (codes == form for form in unfolded)) if unfolded else np.zeros(len(codes), bool)

    def _drop_partial_numbers(self, offsets: Array, text: str) -> Array:
        """Drop the occurrences of a string that are part of a longer number, as `Substring.find` does.

        A string that begins or ends with a digit is part of a longer number if another digit is next to that digit, or
        a point or comma and then a digit: 5件 in 1.5件. A string that begins or ends with a Chinese numeral is part of
        a longer number if another Chinese numeral is next to that numeral: 三件 in 十三件. So is a string that begins
        with a Chinese numeral and follows a digit: 万件 in 3万件.
        """
        first, last, length = text[0], text[-1], len(text)
        if first.isdecimal():
            offsets = offsets.compress(~self._is_number_continued(offsets, -1))
        elif first in HAN_NUMERAL_CHARACTERS:
            before = self._numeral_class_at(offsets - 1)
            offsets = offsets[(before != _NUMERAL_DIGIT) & (before != _NUMERAL_HAN)]
        if last.isdecimal():
            offsets = offsets.compress(~self._is_number_continued(offsets + (length - 1), 1))
        elif last in HAN_NUMERAL_CHARACTERS:
            offsets = offsets[self._numeral_class_at(offsets + length) != _NUMERAL_HAN]
        return offsets

    def _is_number_continued(self, offsets: Array, step: int) -> Array:
        """Return a mask of the offsets of digits: True if the number goes on, in the direction of `step` (1 or -1).

        It does if the next character is a digit, or a point or comma with a digit after it.
        """
        classes = self._numeral_class_at(offsets + step)
        is_continued: Array = classes == _NUMERAL_DIGIT
        points = (classes == _NUMERAL_POINT).nonzero()[0]  # few, so that the second character is rarely looked at
        is_continued[points] = self._numeral_class_at(offsets.take(points) + 2 * step) == _NUMERAL_DIGIT
        return is_continued

    def _numeral_class_at(self, offsets: Array) -> Array:
        """Return the numeral class of the character at each offset; `_NOT_NUMERAL` at offsets outside the text.

        The offsets ascend. An offset after the text counts as its last code, which is 0: it ends the text and is no
        character.
        """
        inside = np.minimum(np.maximum(offsets, 0), len(self._text.codes) - 1)
        classes: Array = self._numeral_classes.take(self._text.codes.take(inside))
        classes[: int(offsets.searchsorted(0))] = _NOT_NUMERAL
        return classes

    @cached_property
    def _numeral_classes(self) -> Array:
        """The numeral class of each code: a digit, a point or comma, part of a Chinese numeral, or none of these."""
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


class HeadingMatcher:
    """Finds strings in heading paths or titles, which it folds and concatenates to one text."""

    def __init__(self, headings: Sequence[str]) -> None:
        """Take the distinct heading paths, or the distinct titles. Takes 10 ns per character."""
        self._text = fold(_SEPARATOR.join((*headings, "")))
        self._codes = narrow_code_points(self._text)
        self._offsets = offsets_from_lengths([len(heading) + 1 for heading in headings])

    def match(self, node: Substring) -> Array:
        """Return the indices, ascending, of the heading paths or titles that contain a string. Scans all of them.

        After the scan, takes some ns per occurrence of the first character of the string, however rare the string is.
        """
        if _SEPARATOR in node.text:
            return np.empty(0, np.int64)
        first, *others = to_code_points(node.text).tolist()
        offsets = (self._codes == first).nonzero()[0]
        for distance, code in enumerate(others, 1):
            if not len(offsets):
                break
            offsets = offsets.compress(self._codes.take(offsets + distance, mode="clip") == code)
        headings = unique_sorted(self._offsets.searchsorted(offsets, "right") - 1)
        if node.whole_numbers:
            return headings.compress([self._has_number(node, heading) for heading in headings.tolist()])
        return headings

    def _has_number(self, node: Substring, heading: int) -> bool:
        """Return whether a heading path or title, given by its index, contains a string outside of longer numbers."""
        start, end = self._offsets[heading], self._offsets[heading + 1] - 1
        return next(node.find(self._text[start:end]), None) is not None
