"""What a paragraph is about: topics found by the words of a taxonomy file.

The default taxonomy is `data/topics.toml`; its head explains the format, and a user can bring another file.
Words are looked for in folded text from left to right, the longest first, each stretch of text once.
A topic's score is the sum of

    headings   the weights of its words in a heading, times what the heading counts: `_INNERMOST` for the
               paragraph's own heading, `_FADE` of that for each next outer one; headings that only name a
               part of the report (下一步工作安排, 第一责任人职责情况) count `_FRAME` of their place
    text       for each of its different words, weight times 1, 1.5, 1.67 … for 1, 2, 3 … occurrences, `_LEAD`
               times that in the first sentence; of these values, sorted, the n-th is divided by n to the
               power of `_TIRE`, so that many words for one topic do not drown a clear word for another
    prior      `_PRIOR` for the topic that the taxonomy names as the fallback of the section

The best topic comes first. A second and a third follow if they reach `_SECOND` and `_THIRD` of its score; outside all
headings, where an introduction names much on its way, the second too needs `_THIRD`. A line
without punctuation outside all headings (signature, date) holds names, not subjects: it gets the fallback.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from operator import truediv
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from searchkit.corpus.sections import OTHER, Located, names_part
from searchkit.errors import UsageError
from searchkit.files import TOPICS, DataFile, read_data
from searchkit.model import SECTIONS
from searchkit.text.folding import code_points, fold, fold_all

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from numpy.typing import NDArray

"""The taxonomy that comes with the product."""
_GROUPS = {"strong": 3.0, "terms": 2.0, "weak": 1.0}
"""Lists of words in a topic's block, with the weight of their words."""

_INNERMOST = 1.35
_FADE = 0.35
_FRAME = 0.15
_LEAD = 1.25
_TIRE = 0.7
_PRIOR = 0.7
_SECOND = 0.4
_THIRD = 0.7

_SENTENCE_END = re.compile(r"[。;!?]")
_LEAD_LIMIT = 60
"""The first sentence counts as such for at most so many characters."""
_PROSE = re.compile(r"[,。:;!?、]")

_Weights = tuple[tuple[int, float], ...]
"""What a word speaks for: positions of topics in `Taxonomy.names`, with weights. Empty for words to ignore."""
_HASHES = 1 << 16
"""How many hashes of two characters there are."""
_BATCH = 64
"""How many texts are searched together: enough to make the cost of a search small, few enough to bound the memory."""


class Taxonomy:
    """A list of topics with the words that speak for them; `load` reads one from a file."""

    def __init__(
        self, names: Sequence[str], words: Mapping[str, Mapping[int, float]], fallback: Mapping[str, int]
    ) -> None:
        """Build from topics, folded words of two characters or more, and section to position in `names`."""
        self.names = tuple(names)
        """Topics in the order of the file."""
        self._words: dict[str, _Weights] = {word: tuple(weights.items()) for word, weights in words.items()}
        self._finder = _Finder(words)
        self._fallback = fallback
        self._tires = [n**_TIRE for n in range(1, len(words) + 1)]
        """What the first, second … best word of a topic is divided by."""

    @classmethod
    def load(cls, source: Path | DataFile | None = None) -> Taxonomy:
        """Read a taxonomy from a file, or the one that comes with the product.

        Raises errors.UsageError, which names the file and the key, if the file cannot be read or is not a taxonomy.
        """
        return _File(read_data("taxonomy", source or TOPICS)).taxonomy()

    def topics(self, path: Sequence[str], text: str, section: str) -> tuple[str, ...]:
        """Give one to three topics of one paragraph, as `of_document` does."""
        return self.of_document([_Paragraph(text, tuple(path))], [section])[0]

    def of_document(self, items: Sequence[Located], sections: Sequence[str]) -> list[tuple[str, ...]]:
        """Give one to three topics of each paragraph, the most important first.

        `sections` are their parts of the report (each one of model.SECTIONS). What a paragraph gets does not depend on
        the others; many at once cost less. Cost: linear in the text, about 15 MB/s.
        """
        headings = list(dict.fromkeys(heading for item in items for heading in item.path))
        in_headings = dict(zip(headings, self._finder.found(fold_all(headings)), strict=True))
        weighed = {heading: self._heading(heading, found.values()) for heading, found in in_headings.items()}
        texts = fold_all([item.text for item in items])
        given: list[tuple[str, ...]] = []
        for item, text, section, found in zip(items, texts, sections, self._finder.found(texts), strict=True):
            outside = section == OTHER and not item.path
            if outside and not _PROSE.search(text):
                given.append((self.names[self._fallback[section]],))
                continue
            scores = self._text_scores(text, found)
            scores[self._fallback[section]] += _PRIOR
            _add_headings(scores, [weighed[heading] for heading in item.path])
            given.append(self._chosen(scores, _THIRD if outside else _SECOND))
        return given

    def _heading(self, heading: str, found: Iterable[str]) -> tuple[float, _Weights]:
        """Give what a heading counts in its place, and the weights of the words found in it, one after the other."""
        share = _FRAME if names_part(heading) else 1.0
        return share, tuple(weight for word in found for weight in self._words[word])

    def _text_scores(self, text: str, found: Mapping[int, str]) -> list[float]:
        """Score the text alone, by the words found in it."""
        end = _SENTENCE_END.search(text, 0, _LEAD_LIMIT)
        lead_end = end.start() if end else _LEAD_LIMIT
        lead = {word for start, word in found.items() if start < lead_end}
        occurrences: dict[str, int] = {}
        for word in found.values():
            occurrences[word] = occurrences.get(word, 0) + 1
        values: defaultdict[int, list[float]] = defaultdict(list)
        words, tires = self._words, self._tires
        for word, often in occurrences.items():
            factor = (2 - 1 / often) * (_LEAD if word in lead else 1.0)
            for topic, value in words[word]:
                values[topic].append(value * factor)
        scores = [0.0] * len(self.names)
        for topic, of_topic in values.items():
            scores[topic] = sum(map(truediv, sorted(of_topic, reverse=True), tires))
        return scores

    def _chosen(self, scores: Sequence[float], second: float) -> tuple[str, ...]:
        """Pick the topics to give; ties go by the order of the file. `second` is the share that the second needs."""
        best = max(scores)
        near = [topic for topic, score in enumerate(scores) if score >= second * best]
        ranked = sorted(near, key=scores.__getitem__, reverse=True)
        third = (topic for topic in ranked[2:3] if scores[topic] >= _THIRD * best)
        return tuple(self.names[topic] for topic in (*ranked[:2], *third))


class _Paragraph(NamedTuple):
    """A paragraph and where it stands."""

    text: str
    path: tuple[str, ...]


def _add_headings(scores: list[float], path: Sequence[tuple[float, _Weights]]) -> None:
    """Add what the headings of a path say, from the outermost in, to the scores."""
    weight = _INNERMOST
    for counts, weights in reversed(path):
        share = weight * counts
        for topic, value in weights:
            scores[topic] += share * value
        weight *= _FADE


class _Finder:
    """Finds words in texts: from left to right, the longest at each place, not overlapping."""

    def __init__(self, words: Collection[str]) -> None:
        self._words = frozenset(words)
        lengths: dict[int, set[int]] = {}
        for word, pair in zip(words, _hashes("".join(word[:2] for word in words))[::2].tolist(), strict=True):
            lengths.setdefault(pair, set()).add(len(word))
        self._lengths = [(), *(tuple(sorted(of_pair, reverse=True)) for of_pair in lengths.values())]
        """Lengths that the words that begin alike can have, longest first."""
        self._beginnings = np.zeros(_HASHES, np.int32)
        """Position in `_lengths` by the hash of two characters; 0: no word begins with these."""
        self._beginnings[list(lengths)] = range(1, len(self._lengths))

    def found(self, texts: Sequence[str]) -> Iterator[dict[int, str]]:
        """Give the words of each text by the offsets where they start, in order."""
        for first in range(0, len(texts), _BATCH):
            batch = texts[first : first + _BATCH]
            # Where one text ends and the next begins no word is found: words are read off one text.
            beginnings = self._beginnings.take(_hashes("".join(batch)))
            places = beginnings.nonzero()[0]
            kinds = beginnings.take(places)
            offsets = [*accumulate(map(len, batch), initial=0)]
            parts = pairwise(places.searchsorted(offsets).tolist())
            for text, offset, (start, end) in zip(batch, offsets, parts, strict=False):
                yield self._longest(text, (places[start:end] - offset).tolist(), kinds[start:end].tolist())

    def _longest(self, text: str, places: Iterable[int], kinds: Iterable[int]) -> dict[int, str]:
        """Give the words of a text, given the places where some may begin and where in `_lengths` theirs are."""
        words, lengths = self._words, self._lengths
        found: dict[int, str] = {}
        free = 0
        for start, kind in zip(places, kinds, strict=True):
            if start < free:
                continue
            for length in lengths[kind]:
                word = text[start : start + length]
                if word in words:
                    found[start] = word
                    free = start + length
                    break
        return found


def _hashes(text: str) -> NDArray[np.uint32]:
    """Hash each two neighbouring characters of `text` to a number below `_HASHES`."""
    codes = code_points(text)
    hashes: NDArray[np.uint32] = (codes[:-1] * np.uint32(257) + codes[1:]) & np.uint32(_HASHES - 1)
    return hashes


class _File:
    """A taxonomy file being read; every complaint names the file and the key."""

    def __init__(self, file: DataFile) -> None:
        self._name_of_file, self._text = file

    def taxonomy(self) -> Taxonomy:
        """Read and check the file."""
        data = self._load()
        self._check_keys(data, {"topic", "ignore", "fallback"}, "")
        blocks = self._blocks(data.get("topic"))
        names = tuple(self._name(block, n) for n, block in enumerate(blocks, 1))
        for n, name in enumerate(names, 1):
            if name in names[: n - 1]:
                raise self._wrong(f"[[topic]] {n}", f"the name {name} is given twice")
        weights: dict[str, dict[int, float]] = {word: {} for word, _ in self._list(data, "ignore", 0.0, "ignore")}
        for topic, block in enumerate(blocks):
            self._check_keys(block, {"name", "scale", *_GROUPS}, f"{names[topic]}.")
            scale = self._number(block.get("scale", 1.0), f"{names[topic]}.scale")
            for group, default in _GROUPS.items():
                for word, weight in self._list(block, group, default, f"{names[topic]}.{group}"):
                    weights.setdefault(word, {})[topic] = weight * scale
        return Taxonomy(names, weights, self._fallback(data.get("fallback", {}), names))

    def _load(self) -> dict[str, object]:
        try:
            return tomllib.loads(self._text)
        except ValueError as error:
            raise UsageError(f"{self._name_of_file} is not TOML: {error}") from error

    def _blocks(self, blocks: object) -> list[dict[str, object]]:
        found = [block for block in blocks if isinstance(block, dict)] if isinstance(blocks, list) else []
        if not found or not isinstance(blocks, list) or len(found) < len(blocks):
            raise self._wrong("topic", "there must be at least one [[topic]] block")
        return found

    def _name(self, block: Mapping[str, object], n: int) -> str:
        name = block.get("name")
        if not isinstance(name, str) or not name.strip():
            raise self._wrong(f"[[topic]] {n}", "it needs a name")
        return name.strip()

    def _list(self, block: Mapping[str, object], key: str, default: float, label: str) -> Iterator[tuple[str, float]]:
        entries = block.get(key, [])
        if not isinstance(entries, list):
            raise self._wrong(label, "it must be a list of words")
        for entry in entries:
            match entry:
                case str() as word:
                    weight: object = default
                case [str() as word, weight]:
                    pass
                case _:
                    raise self._wrong(label, f"{entry!r} is neither a word nor [word, weight]")
            if len(word.strip()) <= 1:
                raise self._wrong(label, f"{word!r} has fewer than two characters")
            yield fold(word.strip()), self._number(weight, f"{label}, {word}")

    def _number(self, value: object, label: str) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
            raise self._wrong(label, f"{value!r} is not a number from 0 up")
        return float(value)

    def _fallback(self, given: object, names: Sequence[str]) -> dict[str, int]:
        if not isinstance(given, dict):
            raise self._wrong("fallback", "it must be a table of section = topic")
        self._check_keys(given, set(SECTIONS), "fallback.")
        for section, topic in given.items():
            if topic not in names:
                raise self._wrong(f"fallback.{section}", f"{topic} is not the name of a [[topic]] block")
        return {section: names.index(given.get(section, names[0])) for section in SECTIONS}

    def _check_keys(self, table: Mapping[str, object], known: set[str], where: str) -> None:
        for key in table:
            if key not in known:
                raise self._wrong(f"{where}{key}", f"there is no such key; known are {', '.join(sorted(known))}")

    def _wrong(self, key: str, why: str) -> UsageError:
        return UsageError(f"{self._name_of_file}, {key}: {why}")
