"""Chinese word segmentation with the dictionary and the algorithm of jieba.

The algorithm is that of jieba 0.42.1 (Sun Junyi, https://github.com/fxsjy/jieba). Of all ways to split a run of Chinese
characters into dictionary words, the algorithm takes the one with the highest product of word probabilities. The
probability of a word is its relative frequency. A hidden Markov model then joins consecutive single characters into
words that the dictionary lacks.

Two segmenters return the same words. Tests compare them with each other and with jieba itself:

- `DictionarySegmenter` looks words up in jieba's installed files. It starts in milliseconds, which suits a short query.
- rjieba, if installed, loads the dictionary in about 0.1 s, and then is many times as fast.

`SegmenterProvider.for_text` chooses between the two.
"""

from __future__ import annotations

import re
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property, lru_cache
from importlib.util import find_spec
from math import inf, log
from mmap import ACCESS_READ, mmap
from pathlib import Path
from threading import Lock
from typing import NamedTuple, Protocol, cast

from searchkit.errors import SearchkitError

DICTIONARY_VERSION = "jieba 0.42.1"
"""Version of the dictionary. rjieba contains the same version."""
HAN_RANGE = "\u4e00-\u9fd5"
"""Range of the characters that the dictionary covers, for a character class of a regular expression."""

# CRC-32 of jieba's files. The constants and the file layout assumed below hold for these contents only.
_FILE_CRC32 = {"dict.txt": 0x1394096D, "finalseg/prob_emit.py": 0x3161E6CE}
_TOTAL_FREQUENCY = 60_101_964  # sum of the frequencies in dict.txt; a duplicate line counts once, as in rjieba

# Frequency of a custom word: high enough that the word is not split, low enough that it does not split its neighbours.
_CUSTOM_WORD_FREQUENCY = 20_000
_CACHE_SIZE = 1 << 16  # entries of each cache of dictionary look-ups

# Number of code points after which rjieba is loaded. Loading rjieba takes about as long as segmenting this much text
# without it. So for any amount of text, the total time is at most twice the time of the better segmenter alone.
_RJIEBA_THRESHOLD = 5_000

_MAX_ATOMIC_LENGTH = 2  # a word of two characters contains no shorter words
_LOG_PROBABILITY = re.compile(rb"-[\d.]+")  # -3.6544978750449433
# A run of Chinese characters, or any other single character.
_RUN = re.compile(f"[{HAN_RANGE}]+|.", re.DOTALL)

# The hidden Markov model. A character begins a word (B), is inside a word (M), ends a word (E) or is a word by itself
# (S). The values are log probabilities from jieba's finalseg/prob_start.py and prob_trans.py. Emission probabilities
# are rounded to `_DECIMALS` as in rjieba, because the last decimals decide between equally probable segmentations:
# 少少少少少 is 2 + 3 or 3 + 2 characters.
_MIN_LOG_PROBABILITY = -3.14e100
_DECIMALS = 6
_START = {"B": -0.26268660809250016, "M": _MIN_LOG_PROBABILITY, "E": _MIN_LOG_PROBABILITY, "S": -1.4652633398537678}
_TRANSITIONS = {
    "B": {"E": -0.5897149736854513, "S": -0.7211965654669841},
    "M": {"B": -0.916290731874155, "M": -1.2603623820268226},
    "E": {"B": -0.510825623765990, "M": -0.33344856811948514},
    "S": {"E": -0.8085250474669937, "S": -0.6658631448798212},
}
"""Log probability of each possible transition, by state and previous state."""


class Segmenter(Protocol):
    """Splits Chinese text into words. A space or control character is a word by itself and separates words.

    In `default` mode the words are consecutive and cover the text. In `search` mode, a word of three or more characters
    is preceded by the dictionary words of two characters in it, and of three characters if the word is longer.
    """

    def tokenize(self, text: str, mode: str) -> Iterable[tuple[str, int, int]]:
        """Return the words of `text` in a mode, each with its start and end: code points, end-exclusive."""
        ...

    def cut_for_search(self, text: str) -> Iterable[str]:
        """Return the words of `text` in search mode."""
        ...


class SegmenterProvider:
    """Chooses a segmenter by the amount of text. Its segmenters know custom words too. Thread-safe."""

    def __init__(self, words: tuple[str, ...]) -> None:
        """`words` are the custom words."""
        self._words = words
        self._code_points = 0
        """Number of code points requested so far."""
        self._permanent: Segmenter | None = None
        """The segmenter chosen for all further text, once `_code_points` has reached the threshold."""

    def for_text(self, length: int) -> Segmenter:
        """Return the segmenter for the next `length` code points.

        Returns a `DictionarySegmenter` as long as the sum of all lengths, this one included, is below
        `_RJIEBA_THRESHOLD`; then rjieba if it is installed.
        """
        if self._permanent is None:
            self._code_points += length
            if self._code_points < _RJIEBA_THRESHOLD:
                return self._dictionary_segmenter
            with _loading:
                self._permanent = self._permanent or _load_rjieba(self._words) or self._dictionary_segmenter
        return self._permanent

    def is_word(self, text: str) -> bool:
        """Return whether a text is a custom word or a word of the dictionary. Takes about 10 µs."""
        is_encodable = bool(text) and text.isprintable()  # no lone surrogates
        return text in self._words or (is_encodable and _jieba_dictionary().frequency(text) > 0)

    @cached_property
    def _dictionary_segmenter(self) -> Segmenter:
        return DictionarySegmenter(self._words)


@lru_cache(maxsize=4)
def segmenter_provider(words: tuple[str, ...]) -> SegmenterProvider:
    """Return the provider for custom words. The providers of the last four sets of words are cached."""
    return SegmenterProvider(words)


_loading = Lock()
_unused_default = ["rjieba"]  # emptied when a provider takes the default tokenizer of the module `rjieba`


def _load_rjieba(words: Iterable[str]) -> Segmenter | None:
    """Return a segmenter of rjieba with `words` added, or None if rjieba is not installed."""
    try:
        import rjieba  # noqa: PLC0415 - the import loads the dictionary
    except ImportError:
        return None
    # The import loads the dictionary into the module's default tokenizer, which the functions of the module use. Every
    # `Jieba` object loads the dictionary again. So the first provider of a process uses the module itself.
    segmenter = rjieba if _unused_default else rjieba.Jieba()
    _unused_default.clear()
    for word in words:
        segmenter.add_word(word, _CUSTOM_WORD_FREQUENCY, "n")
    return cast("Segmenter", segmenter)


class DictionarySegmenter:
    """Segments text with words looked up in jieba's files on demand. Thread-safe.

    Starting takes 5 ms with 170 custom words. A code point then takes 40 µs for the first thousand code points and
    20 µs up to five thousand, because ever more words are cached. With all words cached, a code point takes 4 µs. For
    comparison, jieba takes 3.5 µs and rjieba 0.6 µs.
    """

    def __init__(self, words: Iterable[str]) -> None:
        """`words` are custom words added to the dictionary.

        Raises SearchkitError if jieba's dictionary is missing or has another version.
        """
        self._dictionary = _jieba_dictionary()
        self._custom_words: dict[str, dict[str, int]] = {}
        """Frequency of each custom word, by the first two characters and the word."""
        total = _TOTAL_FREQUENCY
        for word in dict.fromkeys(words):
            self._custom_words.setdefault(word[:2], {})[word] = _CUSTOM_WORD_FREQUENCY
            total += _CUSTOM_WORD_FREQUENCY - self._dictionary.frequency(word)
        self._log_total = log(total)
        self._weights = lru_cache(_CACHE_SIZE)(self._load_weights)
        """`_load_weights`, cached by prefix."""

    def tokenize(self, text: str, mode: str) -> Iterator[tuple[str, int, int]]:
        """Yield the words of `text` in a mode, each with its start and end: code points, end-exclusive."""
        start = 0
        for word in self._cut(text):
            end = start + len(word)
            if mode == "search" and len(word) > _MAX_ATOMIC_LENGTH:
                yield from ((subword, start + at, start + at + len(subword)) for at, subword in self._subwords(word))
            yield word, start, end
            start = end

    def cut_for_search(self, text: str) -> Iterator[str]:
        """Yield the words of `text` in search mode."""
        for word in self._cut(text):
            if len(word) > _MAX_ATOMIC_LENGTH:
                yield from (subword for _, subword in self._subwords(word))
            yield word

    def _subwords(self, word: str) -> Iterator[tuple[int, str]]:
        """Yield offset and text of the words of two and then of three characters in a longer word."""
        for length in (2, 3):
            if len(word) > length:
                for start in range(len(word) - length + 1):
                    subword = word[start : start + length]
                    if self._weight(subword):
                        yield start, subword

    def _cut(self, text: str) -> Iterator[str]:
        """Yield the words of `text` in default mode."""
        for match in _RUN.finditer(text):
            run = match[0]
            if len(run) == 1:
                yield run
                continue
            ends = self._best_ends(run)
            position = singles_start = 0  # run[singles_start:position] are consecutive single characters
            while position < len(run):
                end = ends[position]
                if end - position > 1:
                    yield from self._join_singles(run[singles_start:position])
                    yield run[position:end]
                    singles_start = end
                position = end
            yield from self._join_singles(run[singles_start:])

    def _best_ends(self, run: str) -> list[int]:
        """Return for each offset the end of the first word in the most probable segmentation of `run[offset:]`."""
        ends, scores = [0] * len(run), [0.0] * (len(run) + 1)
        for start in range(len(run) - 1, -1, -1):
            scores[start], ends[start] = self._best_word(run, start, scores)
        return ends

    def _best_word(self, run: str, start: int, scores: Sequence[float]) -> tuple[float, int]:
        """Return the log probability of the best segmentation of `run[start:]`, and the end of its first word.

        `scores` contains the log probabilities for all greater offsets.
        """
        words = self._weights(run[start : start + 2])
        best = (-inf, 0)
        for end in range(start + 1, len(run) + 1):
            weight = words.get(run[start:end])
            if weight is None:  # no longer word has this prefix
                break
            if weight:
                best = max(best, (weight + scores[end], end))
        # If no word begins here, the character counts as a word with the frequency 1.
        return best if best[1] else (scores[start + 1] - self._log_total, start + 1)

    def _join_singles(self, singles: str) -> Iterable[str]:
        """Return the words of consecutive single characters, found with the hidden Markov model.

        If the characters form a dictionary word, each remains a word by itself: the word probabilities, which include
        that word, have already preferred single characters.
        """
        return singles if len(singles) <= 1 or self._weight(singles) else _find_new_words(singles)

    def _weight(self, word: str) -> float:
        """Return the log probability of a word, a negative number. Returns 0 if `word` is not a word."""
        return self._weights(word[:2]).get(word, 0.0)

    def _load_weights(self, prefix: str) -> Mapping[str, float]:
        """Return the log probabilities of the words with a prefix. `prefix`: one or two characters.

        For one character, the result contains only this character. For two characters, it contains the words that
        begin with them, and the first character. Prefixes of words are in the result too, with the weight 0 if they are
        not words themselves.
        """
        if len(prefix) == 1:
            words, weights = {prefix: self._dictionary.frequency(prefix)}, {prefix: 0.0}
        else:
            words, weights = self._dictionary.words(prefix), dict(self._weights(prefix[0]))
        words |= self._custom_words.get(prefix, {})
        for word, frequency in words.items():
            for end in range(2, len(word)):
                weights.setdefault(word[:end], 0.0)
            if frequency:
                weights[word] = log(frequency) - self._log_total
        return weights


class _SortedEntries(NamedTuple):
    """A part of a file with entries in ascending order of their keys. A fixed delimiter precedes each key."""

    file: mmap
    delimiter: bytes
    key_length: int
    """Length of a key in bytes."""
    start: int
    """Offset of the first key."""
    stop: int
    """Offset after the last entry."""

    def find(self, key: bytes) -> tuple[int, int]:
        """Return the offset of the first entry with a key, and of the first entry with a greater key.

        The binary search runs over byte offsets. The key of an offset is the key of the entry that contains it.
        """
        offsets = range(self.start, self.stop)
        first = bisect_left(offsets, key, key=self._key_at)
        stop = bisect_right(offsets, key, first, key=self._key_at)
        return self.start + first, self.start + stop

    def _key_at(self, offset: int) -> bytes:
        """Return the key of the entry that contains an offset."""
        start = self.file.rfind(self.delimiter, 0, offset) + len(self.delimiter)
        return self.file[start : start + self.key_length]


class JiebaDictionary:
    """Words and frequencies of jieba's dictionary, read from its file on demand.

    A line is a word, its frequency and its part of speech. Words with letters or digits come first, in no order. Words
    of only Chinese characters follow, sorted by their first character, but not by the other characters. A look-up takes
    about 10 µs, or 25 µs if the lines of the first character are not cached.
    """

    def __init__(self) -> None:
        """Open the file. Raises SearchkitError if it is missing or has another version."""
        file = _open_jieba_file("dict.txt")
        # The first line whose word consists of Chinese characters: three bytes each in UTF-8, of which the first is E4
        # to E9 for U+4000 to U+9FFF.
        start = next(re.finditer(rb"^(?:[\xe4-\xe9]..)+ ", file, re.MULTILINE)).start()
        self._mixed: dict[str, dict[str, int]] = {}
        """Frequency of each word with letters or digits, by the first two characters and the word."""
        for line in file[:start].decode().splitlines():
            word, frequency, _ = line.split(" ")
            self._mixed.setdefault(word[:2], {})[word] = int(frequency)
        self._file = file
        self._find_lines = lru_cache(_CACHE_SIZE)(_SortedEntries(file, b"\n", 3, start, len(file)).find)
        """Returns start and end of the lines whose first character has these three bytes in UTF-8. Cached."""

    def words(self, prefix: str) -> dict[str, int]:
        """Return the words that begin with `prefix`, two characters, each with its frequency."""
        return self._mixed.get(prefix, {}) | dict(self._scan_sorted(prefix))

    def frequency(self, word: str) -> int:
        """Return the frequency of a word, or 0 if the dictionary does not contain it."""
        for candidate, frequency in self._scan_sorted(f"{word} "):
            if candidate == word:
                return frequency
        return self._mixed.get(word[:2], {}).get(word, 0)

    def _scan_sorted(self, line_prefix: str) -> Iterator[tuple[str, int]]:
        """Yield word and frequency of each line of the sorted part that begins with `line_prefix`."""
        first, stop = self._find_lines(line_prefix[0].encode())
        pattern = f"\n{line_prefix}".encode()
        end = first - 1  # the line feed before the first line
        while (start := self._file.find(pattern, end, stop)) >= 0:
            end = self._file.find(b"\n", start + 1)
            word, frequency, _ = self._file[start + 1 : end].decode().split(" ")
            yield word, int(frequency)


@cache
def _jieba_dictionary() -> JiebaDictionary:
    """Return the dictionary that all segmenters of the process share."""
    return JiebaDictionary()


def _find_new_words(characters: str) -> Iterator[str]:
    """Yield the words of characters that the dictionary leaves single (hidden Markov model, Viterbi algorithm)."""
    scores = {state: _START[state] + emission for state, emission in _emissions(characters[0]).items()}
    back_pointers = []
    for character in characters[1:]:
        best = {
            state: max((scores[previous] + step + emission, previous) for previous, step in _TRANSITIONS[state].items())
            for state, emission in _emissions(character).items()
        }
        scores = {state: score for state, (score, _) in best.items()}
        back_pointers.append({state: previous for state, (_, previous) in best.items()})
    states = [max("ES", key=lambda state: (scores[state], state))]  # the last character ends a word or is one
    for previous_states in reversed(back_pointers):
        states.append(previous_states[states[-1]])
    start = 0
    for end, state in enumerate(reversed(states), 1):
        if state in "ES":
            yield characters[start:end]
            start = end


@lru_cache(_CACHE_SIZE)
def _emissions(character: str) -> Mapping[str, float]:
    """Return the log probability of a character in each state."""
    key = b"%04x" % ord(character)
    emissions = {}
    for state, entries in _emission_tables().items():
        start, stop = entries.find(key)
        number = _LOG_PROBABILITY.search(entries.file, start, stop)
        emissions[state] = round(float(number[0]), _DECIMALS) if number else _MIN_LOG_PROBABILITY
    return emissions


@cache
def _emission_tables() -> Mapping[str, _SortedEntries]:
    """Return the entries of each state: characters, as four hexadecimal digits, with their log probabilities."""
    # The file contains a dictionary for each state: 'B': {'\u4e00': -3.6544978750449433, …
    file = _open_jieba_file("finalseg/prob_emit.py")
    starts = {state: file.find(b"'%c': {" % state) for state in b"BEMS"}
    stops = [*starts.values(), len(file)][1:]
    return {
        chr(state): _SortedEntries(file, b"\\u", 4, file.find(b"\\u", start) + 2, stop)
        for (state, start), stop in zip(starts.items(), stops, strict=True)
    }


def _open_jieba_file(name: str) -> mmap:
    """Map a file of the installed package jieba into memory.

    Raises SearchkitError if the file is missing or its checksum is not that of the supported version.
    """
    spec = find_spec("jieba")  # importing jieba would take 0.3 s and read a cache that other users can write
    path = Path(spec.origin if spec and spec.origin else "jieba").parent / name
    try:
        with path.open("rb") as file:
            mapped = mmap(file.fileno(), 0, access=ACCESS_READ)
        if zlib.crc32(mapped) == _FILE_CRC32[name]:
            return mapped
        reason = f"not the file of {DICTIONARY_VERSION}"
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
    message = f"cannot look up words in {path}: {reason}; install it again: pip install --force-reinstall jieba==0.42.1"
    raise SearchkitError(message)
