"""Chinese text to words, by the dictionary and the algorithm of jieba.

The algorithm is that of jieba 0.42.1 (Sun Junyi, https://github.com/fxsjy/jieba): of all ways to cut a run into words
of the dictionary, take the one whose words are most probable together, each by its frequency. Where that leaves single
characters side by side, a hidden Markov model says which of them are new words.

Two segmenters give the same words; tests hold them to each other, and both to jieba itself:

- `DictionarySegmenter`, ours, looks up what it needs in jieba's files, where they lie. It is there at once, which is
  all that a query of some characters asks for.
- rjieba, where it is installed, loads the dictionary, about 0.1 s, and is many times as fast from then on.

`Segmenters.for_text` says which of them a text is for.
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

DICTIONARY = "jieba 0.42.1"
"""The dictionary that the words come from; rjieba carries the same one."""
CHINESE = "\u4e00-\u9fd5"
"""The characters that it covers, as a range of a regular expression."""

# The files of jieba that words are looked up in. Their CRC-32 vouches for all that is said of them below.
_CRC = {"dict.txt": 0x1394096D, "finalseg/prob_emit.py": 0x3161E6CE}
_TOTAL = 60_101_964  # sum of the frequencies in dict.txt; what stands there twice counts once, as in rjieba

_OWN_FREQUENCY = 20_000  # high enough that a domain word is never cut, low enough not to swallow its neighbours
_REMEMBERED = 1 << 16  # beginnings of words that a segmenter keeps in memory with the words themselves

# Loading rjieba takes about as long as cutting this many code points of reports without it. So nobody waits more than
# twice as long as they would have if they had known how much text was to come.
_LOADING_PAYS = 5_000

_SHORT = 2  # no words are within a word of two characters
_NUMBER = re.compile(rb"-[\d.]+")
_RUN = re.compile(f"[{CHINESE}]+|.", re.DOTALL)

# The hidden Markov model: a character begins a word (B), is in the middle of it (M), ends it (E) or is one (S).
# Logarithms of probabilities, from jieba's finalseg/prob_start.py and prob_trans.py. Those of the characters are
# rounded as rjieba has them. That decides where two ways are equally probable: 少少少少少 is 2 + 3 or 3 + 2.
_NEVER = -3.14e100
_DECIMALS = 6
_START = {"B": -0.26268660809250016, "M": _NEVER, "E": _NEVER, "S": -1.4652633398537678}
_BEFORE = {
    "B": {"E": -0.5897149736854513, "S": -0.7211965654669841},
    "M": {"B": -0.916290731874155, "M": -1.2603623820268226},
    "E": {"B": -0.510825623765990, "M": -0.33344856811948514},
    "S": {"E": -0.8085250474669937, "S": -0.6658631448798212},
}
"""By state: the states that can stand before it, and how probable the step from there is."""


class Segmenter(Protocol):
    """Cuts Chinese text into words. A space or control character is a word of its own and cuts what it stands in."""

    def tokenize(self, text: str, mode: str) -> Iterable[tuple[str, int, int]]:
        """Words, in `default` or `search` mode, with start and end in code points."""
        ...

    def cut_for_search(self, text: str) -> Iterable[str]:
        """Words in search mode: before a long word the words of two and three characters within it."""
        ...


class Segmenters:
    """The segmenters that know certain words besides the dictionary. Safe for many threads."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self._words = words
        self._cut = 0
        self._loaded: Segmenter | None = None

    def for_text(self, length: int) -> Segmenter:
        """The segmenter for a text of `length` code points: rjieba, once there is so much text that loading it pays."""
        if self._loaded is None:
            self._cut += length
            if self._cut < _LOADING_PAYS:
                return self._own
            with _loading:
                self._loaded = self._loaded or _load_rjieba(self._words) or self._own
        return self._loaded

    @cached_property
    def _own(self) -> Segmenter:
        return DictionarySegmenter(self._words)


@lru_cache(maxsize=4)
def segmenters(words: tuple[str, ...]) -> Segmenters:
    """The segmenters that know `words`; whoever asks for the same words gets the same ones."""
    return Segmenters(words)


_loading = Lock()
_unclaimed = ["rjieba"]


def _load_rjieba(words: Iterable[str]) -> Segmenter | None:
    """Rjieba with these words, or None where it is not installed."""
    try:
        import rjieba  # noqa: PLC0415 - it loads the dictionary
    except ImportError:
        return None
    # That dictionary is for the functions of the module. The first lexicon of a process takes those: a tokenizer of
    # its own would load it again.
    made = rjieba if _unclaimed else rjieba.Jieba()
    _unclaimed.clear()
    for word in words:
        made.add_word(word, _OWN_FREQUENCY, "n")
    return cast("Segmenter", made)


class DictionarySegmenter:
    """Looks up the words of the text at hand. Safe for many threads.

    Cost: 5 ms at first, for 170 words of one's own. Then 40 µs a code point of the first thousand and 20 µs up to five
    thousand, as ever more words are known; with these 4 µs, as jieba's own 3.5 µs, where rjieba takes 0.6 µs.
    """

    def __init__(self, words: Iterable[str]) -> None:
        """`words` are known besides the dictionary. Raises SearchkitError if jieba's dictionary is not there."""
        self._dictionary = _dictionary()
        self._own: dict[str, dict[str, int]] = {}
        total = _TOTAL
        for word in dict.fromkeys(words):
            self._own.setdefault(word[:2], {})[word] = _OWN_FREQUENCY
            total += _OWN_FREQUENCY - self._dictionary.frequency(word)
        self._log_total = log(total)
        self._beginning = lru_cache(_REMEMBERED)(self._look_up)

    def tokenize(self, text: str, mode: str) -> Iterator[tuple[str, int, int]]:
        """Words, in `default` or `search` mode, with start and end in code points."""
        start = 0
        for word in self._cut(text):
            end = start + len(word)
            if mode == "search" and len(word) > _SHORT:
                yield from ((short, start + at, start + at + len(short)) for at, short in self._within(word))
            yield word, start, end
            start = end

    def cut_for_search(self, text: str) -> Iterator[str]:
        """Words in search mode."""
        for word in self._cut(text):
            if len(word) > _SHORT:
                yield from (short for _, short in self._within(word))
            yield word

    def _within(self, word: str) -> Iterator[tuple[int, str]]:
        """The words of two and three characters within a longer word, and where."""
        for length in (2, 3):
            if len(word) > length:
                for start in range(len(word) - length + 1):
                    short = word[start : start + length]
                    if self._weight(short):
                        yield start, short

    def _cut(self, text: str) -> Iterator[str]:
        for match in _RUN.finditer(text):
            run = match[0]
            if len(run) == 1:
                yield run
                continue
            ends = self._best_ends(run)
            position = loose = 0  # loose: where the single characters begin that stand before the position
            while position < len(run):
                end = ends[position]
                if end - position > 1:
                    yield from self._joined(run[loose:position])
                    yield run[position:end]
                    loose = end
                position = end
            yield from self._joined(run[loose:])

    def _best_ends(self, run: str) -> list[int]:
        """By character: where the word ends that begins there, on the most probable way to the end of the run."""
        ends, scores = [0] * len(run), [0.0] * (len(run) + 1)
        for start in range(len(run) - 1, -1, -1):
            scores[start], ends[start] = self._best_word(run, start, scores)
        return ends

    def _best_word(self, run: str, start: int, scores: Sequence[float]) -> tuple[float, int]:
        """The best word that begins there, with the best way behind it: how probable both are, and where it ends."""
        words = self._beginning(run[start : start + 2])
        best = (-inf, 0)
        for end in range(start + 1, len(run) + 1):
            weight = words.get(run[start:end])
            if weight is None:  # nor does any longer word begin so
                break
            if weight:
                best = max(best, (weight + scores[end], end))
        return best if best[1] else (scores[start + 1] - self._log_total, start + 1)

    def _joined(self, loose: str) -> Iterable[str]:
        """The words of characters that no word joins. If they are a word together, they are more likely none here."""
        return loose if len(loose) <= 1 or self._weight(loose) else _new_words(loose)

    def _weight(self, word: str) -> float:
        """Logarithm of a word's probability, below zero; zero for what is no word."""
        return self._beginning(word[:2]).get(word, 0.0)

    def _look_up(self, beginning: str) -> Mapping[str, float]:
        """Weights of a character and of words that begin with it and the next one; zeros for what only begins words."""
        if len(beginning) == 1:
            words, weights = {beginning: self._dictionary.frequency(beginning)}, {beginning: 0.0}
        else:
            words, weights = self._dictionary.words(beginning), dict(self._beginning(beginning[0]))
        words |= self._own.get(beginning, {})
        for word, frequency in words.items():
            for end in range(2, len(word)):
                weights.setdefault(word[:end], 0.0)
            if frequency:
                weights[word] = log(frequency) - self._log_total
        return weights


class _Entries(NamedTuple):
    """A stretch of a file in which the entries stand in the order of their keys, each key behind the same mark."""

    file: mmap
    mark: bytes
    width: int
    """Bytes of a key."""
    start: int
    """Offset of the first key."""
    stop: int
    """Offset behind the last entry."""

    def span(self, key: bytes) -> tuple[int, int]:
        """From the first key that is this one to the first that is greater: offsets in the file, end-exclusive."""
        offsets = range(self.start, self.stop)
        first = bisect_left(offsets, key, key=self._key_at)
        stop = bisect_right(offsets, key, first, key=self._key_at)
        return self.start + first, self.start + stop

    def _key_at(self, offset: int) -> bytes:
        """The key of the entry that the offset lies in."""
        start = self.file.rfind(self.mark, 0, offset) + len(self.mark)
        return self.file[start : start + self.width]


class Dictionary:
    """Words and frequencies of jieba's dictionary, read from its file when they are asked for.

    A line is a word, its frequency, its tag. Words with letters or digits come first, in no order; then those of
    Chinese characters only, in the order of their first characters. How words that begin alike are ordered does not
    matter. Cost of a look-up: about 10 µs, and 25 µs for a first character that was not asked for before.
    """

    def __init__(self) -> None:
        """Open the file. Raises SearchkitError."""
        file = _open("dict.txt")
        start = next(re.finditer(rb"^(?:[\xe4-\xe9]..)+ ", file, re.MULTILINE)).start()
        self._mixed: dict[str, dict[str, int]] = {}
        for line in file[:start].decode().splitlines():
            word, frequency, _ = line.split(" ")
            self._mixed.setdefault(word[:2], {})[word] = int(frequency)
        self._file = file
        self._lines = lru_cache(_REMEMBERED)(_Entries(file, b"\n", 3, start, len(file)).span)

    def words(self, beginning: str) -> dict[str, int]:
        """The words that begin with two characters, each with its frequency."""
        return self._mixed.get(beginning, {}) | dict(self._ordered(beginning))

    def frequency(self, word: str) -> int:
        """The frequency of a word, 0 if the dictionary does not have it."""
        for found, frequency in self._ordered(f"{word} "):
            if found == word:
                return frequency
        return self._mixed.get(word[:2], {}).get(word, 0)

    def _ordered(self, line: str) -> Iterator[tuple[str, int]]:
        """Word and frequency of each line that begins so, of those that stand in order."""
        first, stop = self._lines(line[0].encode())
        wanted = f"\n{line}".encode()
        end = first - 1  # of the line before
        while (start := self._file.find(wanted, end, stop)) >= 0:
            end = self._file.find(b"\n", start + 1)
            word, frequency, _ = self._file[start + 1 : end].decode().split(" ")
            yield word, int(frequency)


@cache
def _dictionary() -> Dictionary:
    return Dictionary()


def _new_words(loose: str) -> Iterator[str]:
    """The words of characters that the dictionary leaves single, by the hidden Markov model (Viterbi's algorithm)."""
    scores = {state: _START[state] + emission for state, emission in _emissions(loose[0]).items()}
    steps = []
    for character in loose[1:]:
        best = {
            state: max((scores[before] + step + emission, before) for before, step in _BEFORE[state].items())
            for state, emission in _emissions(character).items()
        }
        scores = {state: score for state, (score, _) in best.items()}
        steps.append({state: before for state, (_, before) in best.items()})
    states = [max("ES", key=lambda state: (scores[state], state))]
    for step in reversed(steps):
        states.append(step[states[-1]])
    start = 0
    for end, state in enumerate(reversed(states), 1):
        if state in "ES":
            yield loose[start:end]
            start = end


@lru_cache(_REMEMBERED)
def _emissions(character: str) -> Mapping[str, float]:
    """By state: how probable the character is in it."""
    key = b"%04x" % ord(character)
    found = {}
    for state, entries in _model().items():
        start, stop = entries.span(key)
        number = _NUMBER.search(entries.file, start, stop)
        found[state] = round(float(number[0]), _DECIMALS) if number else _NEVER
    return found


@cache
def _model() -> Mapping[str, _Entries]:
    """By state: the characters, four hexadecimal digits each, and their probabilities."""
    file = _open("finalseg/prob_emit.py")
    starts = {state: file.find(b"'%c': {" % state) for state in b"BEMS"}
    stops = [*starts.values(), len(file)][1:]
    return {
        chr(state): _Entries(file, b"\\u", 4, file.find(b"\\u", start) + 2, stop)
        for (state, start), stop in zip(starts.items(), stops, strict=True)
    }


def _open(name: str) -> mmap:
    """A file of jieba, mapped into memory. Raises SearchkitError if it is not there or not the one that we know."""
    spec = find_spec("jieba")  # importing jieba would take 0.3 s, and read a cache that others can write
    path = Path(spec.origin if spec and spec.origin else "jieba").parent / name
    try:
        with path.open("rb") as file:
            mapped = mmap(file.fileno(), 0, access=ACCESS_READ)
        if zlib.crc32(mapped) == _CRC[name]:
            return mapped
        reason = f"not that of {DICTIONARY}"
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
    message = f"cannot look up words in {path}: {reason}; install it again: pip install --force-reinstall jieba==0.42.1"
    raise SearchkitError(message)
