"""The distinct indicators of measures as one folded text, so that a string is found in all of them at once.

A gram is a character or a bigram: a letter, a digit or an ideograph, or two adjacent ones.

An indicator as printed has its original characters; it is not folded. The ordinal of an indicator is its index in the
list of indicators.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.text.folding import fold, to_code_points

if TYPE_CHECKING:  # importing numpy.typing takes 15 ms
    from numpy.typing import NDArray

    _Codes = NDArray[Any]
    _Ordinals = NDArray[np.int64]
    _Scores = NDArray[np.float64]

SEPARATOR = "\n"
"""Character after each indicator in the text. No indicator contains it."""
_FACTOR_BEFORE_LAST_SPACE = 0.5
"""Factor, in the precision (`Indicators.match_grams`), of the characters and bigrams before the last space of an
indicator. The part after the space is the thing counted: 医疗卫生 in `投诉举报 医疗卫生`."""
_FIRST_IDEOGRAPH = 0x3400
"""First code point of the Chinese characters (CJK Extension A)."""


class Indicators(Sequence[str]):
    """Distinct indicators, by ordinal. Thread-safe.

    The occurrences of a character are found by one pass over the text, and kept. After that, finding a string that
    begins with the character takes some ns per occurrence of the character. Masks and precisions have an element per
    indicator, and take some ns for each.
    """

    def __init__(self, codes: _Codes, lengths: _Codes, texts: Callable[[Sequence[int]], list[str]]) -> None:
        """Take the text of all indicators, as `encode_indicators` returns it.

        `texts` returns the indicators with the given ordinals, as printed.
        """
        self.texts = texts
        """Returns the indicators with the given ordinals, as printed."""
        self._codes, self._lengths = codes, lengths.astype(np.int64)
        self._offsets: dict[int, NDArray[np.int32]] = {}
        """The offsets, ascending, of each character that was looked up, by its code point."""
        self._without: dict[str, Indicators] = {}

    @classmethod
    def of_texts(cls, texts: Sequence[str]) -> Indicators:
        """Return distinct indicators that are in memory."""
        return cls(*encode_indicators(texts), lambda ordinals: [texts[ordinal] for ordinal in ordinals])

    def __len__(self) -> int:
        return len(self._lengths)

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 - the overloads of Sequence
        """Return an indicator as printed, or those of a slice."""
        ordinals = range(len(self))[index]
        return self.texts(ordinals) if isinstance(index, slice) else self.texts([ordinals])[0]

    def __iter__(self) -> Iterator[str]:
        return iter(self.texts(range(len(self))))

    @cached_property
    def _starts(self) -> _Ordinals:
        """Offset of each indicator."""
        ends: _Ordinals = np.cumsum(self._lengths + 1)
        return ends - self._lengths - 1

    @cached_property
    def _ordinal_at(self) -> NDArray[np.int32]:
        """Ordinal of the indicator at each offset."""
        return np.repeat(np.arange(len(self), dtype=np.int32), self._lengths + 1)

    @cached_property
    def _last_space(self) -> _Ordinals:
        """Offset of the last space of each indicator, -1 if it has none."""
        last = np.full(len(self), -1)
        spaces = self._find(" ")
        last[self._ordinal_at.take(spaces)] = spaces  # a later space of the same indicator overwrites an earlier one
        return last

    @cached_property
    def _sizes(self) -> _Scores:
        """Number of letters (ideographs included), digits and their bigrams in each indicator; 1 if it has none.

        Those before the last space count half.
        """
        codes = self._codes
        # An approximation of the letters and digits that `ranking.grams` yields. It omits é and Greek letters, for
        # example, so `match_grams` limits a precision to 1.
        is_letter = (codes >= _FIRST_IDEOGRAPH) | _is_between(codes, "0", "9") | _is_between(codes, "a", "z")
        is_last = np.arange(len(codes), dtype=np.int32) > self._last_space.astype(np.int32).take(self._ordinal_at)
        halves = is_letter * (is_last + np.uint8(1))
        halves[:-1] += halves[:-1] * is_letter[1:]  # a bigram counts at its first character
        sums = np.append(np.int32(0), np.cumsum(halves, dtype=np.int32))
        sizes = sums.take(self._starts + self._lengths) - sums.take(self._starts)
        return np.where(sizes > 0, sizes * _FACTOR_BEFORE_LAST_SPACE, 1.0)

    def has_space(self, ordinals: _Ordinals) -> NDArray[np.bool_]:
        """Return a mask of the given indicators: True for those that contain a space."""
        return self._last_space.take(ordinals) >= 0

    def match_grams(self, grams: Sequence[str]) -> tuple[list[_Ordinals], _Scores]:
        """Return for each gram the ordinals, ascending, of the indicators with it, and the precision of each indicator.

        The precision of an indicator is the share of its letters, digits and bigrams that are among the grams. Those
        before its last space count half.
        """
        if not grams:
            return [], np.zeros(len(self))
        offsets = [self._find(gram) for gram in grams]
        ordinals = [self._ordinal_at.take(found) for found in offsets]
        joined = np.concatenate(ordinals)
        is_last = np.concatenate(offsets) > self._last_space.take(joined)
        factors = np.where(is_last, 1.0, _FACTOR_BEFORE_LAST_SPACE)
        precision = np.bincount(joined, factors, len(self)) / self._sizes
        return list(map(_unique_sorted, ordinals)), np.minimum(precision, 1)

    def with_string(self, string: str) -> _Ordinals:
        """Return the ordinals, ascending, of the indicators that contain a folded string."""
        return _unique_sorted(self._ordinal_at.take(self._find(string))) if string else np.arange(len(self))

    def begin_or_end_with(self, word: str, is_wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return a mask of the indicators that are True in `is_wanted` and, as printed, begin or end with a word."""
        offsets = self._find(fold(word))
        ordinals = self._ordinal_at.take(offsets)
        starts = self._starts.take(ordinals)
        is_at_end = (offsets == starts) | (offsets + len(word) == starts + self._lengths.take(ordinals))
        found = _unique_sorted(ordinals.compress(is_at_end & is_wanted.take(ordinals)))
        mask = np.zeros(len(self), bool)
        mask[found] = [text.startswith(word) or text.endswith(word) for text in self.texts(found.tolist())]
        return mask

    def without(self, characters: str) -> Indicators:
        """Return the same indicators without some characters in the text that is searched."""
        plain = self._without.get(characters)
        if plain is None:
            is_kept = ~np.isin(self._codes, to_code_points(characters))
            dropped = np.bincount(self._ordinal_at.compress(~is_kept), minlength=len(self))
            plain = Indicators(self._codes.compress(is_kept), self._lengths - dropped, self.texts)
            self._without[characters] = plain
        return plain

    def _find(self, string: str) -> NDArray[np.int32]:
        """Return the offsets, ascending, of a string of at least one character."""
        first, *others = to_code_points(string).tolist()
        offsets = self._offsets.get(first)
        if offsets is None:
            offsets = self._offsets[first] = np.flatnonzero(self._codes == first).astype(np.int32)
        for distance, code in enumerate(others, 1):
            offsets = offsets.compress(self._codes.take(offsets + distance, mode="clip") == code)
        return offsets


def encode_indicators(texts: Sequence[str]) -> tuple[_Codes, _Codes]:
    """Return the folded code points of indicators, each followed by a separator, and the length of each indicator."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    return to_code_points(fold(SEPARATOR.join((*texts, "")))), lengths


def _unique_sorted(values: NDArray[Any]) -> _Ordinals:
    """Return the distinct values of a sorted array."""
    is_first = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=is_first[1:])
    return values.compress(is_first).astype(np.int64)


def _is_between(codes: _Codes, first: str, last: str) -> NDArray[np.bool_]:
    """Return for each code point whether it is from `first` to `last`, inclusive."""
    return (codes >= ord(first)) & (codes <= ord(last))
