"""Word boundaries in names.

Some words precede a name and others end it, but not if they are part of a longer word. 规范 precedes the name in
规范执法行为, but is part of it in 规范性文件. 为 ends the name in 企业为主体, but is part of it in 违法行为.

A cut is the offset at which a word before a name ends: 规范|执法行为. It must not divide a word: 规范|性文件.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

from searchkit.text.segmentation import DictionarySegmenter, JiebaDictionary

_MAX_WORD_LENGTH = 6
"""Number of code points on one side of an offset that are searched for words."""
_MIN_FREQUENCY = 20
"""Minimum frequency of a word that consists of two words. A rarer word of this kind is a phrase: 大力发展. The words of
`_WORDS` have this frequency."""
_MAX_RATIO = 20
"""A word whose first part is one character is a phrase if its second part is more than this many times as frequent as
the word: 现|政府, but not 含水量. If the first part is a preposition, it is enough that the second part is more
frequent than the word."""
_RARE, _RARE_LENGTH = 4, 3
"""A word of which only the last character follows the cut is a phrase if its frequency is at most `_RARE` (共获),
unless it has `_RARE_LENGTH` characters, as names have: 将乐县."""
_PREPOSITIONS = frozenset("为以在对把将向由从与和及给用按")
"""Prepositions and conjunctions. A word that begins or ends with one of them is more often a phrase than others are."""
_SUFFIXES = frozenset("率性者化感度量额费税会期力面")
"""Characters that make a noun of a verb unless they begin a word: 落实率, 推进会."""
_WORDS = frozenset(
    (
        *("实施方案", "实施细则", "实施意见", "实施办法", "启动资金", "启动仪式", "建设用地", "建设单位", "建设工地"),
        *("储备粮库", "储备干部", "统筹基金", "统筹地区", "再就业", "再教育", "再生产", "对台贸易", "有意愿"),
        *("和安县", "和康县", "让胡路", "均县", "和布克赛尔", "达豪区", "达川"),
    )
)
"""Words that the dictionary lacks, or that are too rare in it."""
_NOT_WORDS = frozenset(("确保全",))
"""Entries of the dictionary that are not words."""


def cuts_word(folded: str, start: int, cut: int, end: int) -> bool:
    """Return whether a cut at an offset divides a word that begins at `start`, in a folded text up to `end`.

    The most probable segmentation decides: a cut after 有 in 有劳动力 divides no word, because the words are 有|劳动力,
    not 有劳|动力. A suffix belongs to the word before the cut: 通过|率 divides 通过率. A phrase of two words can be
    divided: 大力|发展.
    """
    return _cuts_word(folded[start : min(end, cut + _MAX_WORD_LENGTH)], cut - start)


def first_word_length(text: str) -> int:
    """Return the length in code points of the first word of the most probable segmentation of a text."""
    return next(iter(_segmenter().tokenize(text, "default")), ("", 0, 0))[2]


def is_inside_word(folded: str, offset: int) -> bool:
    """Return whether the character at an offset of a folded text ends a longer word: 为 in 行为, 使 in 大使."""
    return _is_inside_word(folded[max(0, offset - _MAX_WORD_LENGTH) : offset + 1])


def _cuts_word(text: str, cut: int) -> bool:
    """Return whether a cut at an offset of a text divides the word that begins at 0. See `cuts_word`."""
    words = _words(text[:2])
    ends = range(min(len(text), cut + _MAX_WORD_LENGTH), cut, -1)
    if any(text[:end] in words and not _is_phrase(text, cut, end) for end in ends) and _is_in_one_word(text, cut):
        return True
    return cut > 1 and text[cut : cut + 1] in _SUFFIXES and not _begins_word(text, cut)


@lru_cache(2**12)
def _is_in_one_word(text: str, cut: int) -> bool:
    """Return whether a word of the most probable segmentation of a text begins at 0 and extends beyond the cut."""
    first = next(iter(_segmenter().tokenize(text, "default")))
    end = first[2]
    return end > cut and _frequency(text[:end]) > 0 and not _is_phrase(text, cut, end)


def _is_phrase(text: str, cut: int, end: int) -> bool:
    """Return whether a dictionary word that ends at `end` consists of the words before and after the cut."""
    word, frequency = text[:end], _frequency(text[:end])
    if word in _WORDS or word in _NOT_WORDS:
        return word in _NOT_WORDS
    if end - cut == 1:
        return text[cut] in _PREPOSITIONS or (frequency <= _RARE and end != _RARE_LENGTH)
    second = _frequency(text[cut:end])
    if cut > 1:
        return second > 0 and frequency < _MIN_FREQUENCY
    return second > (frequency if text[:cut] in _PREPOSITIONS else frequency * _MAX_RATIO)


def _begins_word(text: str, start: int) -> bool:
    """Return whether a word of several characters begins at `start`."""
    ends = range(start + 2, min(len(text), start + _MAX_WORD_LENGTH) + 1)
    return any(_frequency(text[start:end]) for end in ends)


@lru_cache(2**14)
def _is_inside_word(text: str) -> bool:
    """Return whether the last two characters are a word, and no word of several characters ends before the last one."""
    if len(text) < 2 or not _frequency(text[-2:]):  # noqa: PLR2004
        return False
    return not any(_frequency(text[start:-1]) for start in range(len(text) - 2))


def _frequency(word: str) -> int:
    """Return the frequency of a word of several characters, or 0 if it is unknown."""
    return _words(word[:2]).get(word, 0)


@lru_cache(2**14)
def _words(prefix: str) -> Mapping[str, int]:
    """Return the words that begin with two characters, each with its frequency."""
    added = {word: _MIN_FREQUENCY for word in _WORDS if word.startswith(prefix)}
    return _dictionary().words(prefix) | added


@cache
def _dictionary() -> JiebaDictionary:
    """Return jieba's dictionary, which is opened once."""
    return JiebaDictionary()


@cache
def _segmenter() -> DictionarySegmenter:
    """Return a segmenter that knows the words of `_WORDS` in addition to those of jieba's dictionary."""
    return DictionarySegmenter(sorted(_WORDS))
