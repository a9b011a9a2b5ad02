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
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from operator import truediv
from pathlib import Path
from typing import Annotated, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind
from msgspec import Meta, Struct

from searchkit.corpus.sections import OTHER, Located, names_part
from searchkit.errors import UsageError
from searchkit.files import TOPICS, DataFile, read_data, read_toml
from searchkit.model import SECTIONS
from searchkit.text.folding import fold, fold_all

_STRONG, _TERM, _WEAK = 3.0, 2.0, 1.0
"""Weights of the words in the three lists of a topic's block."""

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


class Taxonomy:
    """A list of topics with the words that speak for them; `load` reads one from a file."""

    def __init__(
        self, names: Sequence[str], words: Mapping[str, Mapping[int, float]], fallback: Mapping[str, int]
    ) -> None:
        """Build from topics, folded words of two characters or more, and section to position in `names`."""
        self.names = tuple(names)
        """Topics in the order of the file."""
        self._words = tuple(words)
        self._weights: dict[str, _Weights] = {word: tuple(weights.items()) for word, weights in words.items()}
        self._finder = AhoCorasick(self._words, matchkind=MatchKind.LeftmostLongest)
        self._fallback = fallback
        self._tires = [n**_TIRE for n in range(1, len(words) + 1)]
        """What the first, second … best word of a topic is divided by."""

    @classmethod
    def load(cls, source: Path | DataFile | None = None) -> Taxonomy:
        """Read a taxonomy from a file, or the one that comes with the product.

        Raises errors.UsageError, which names the file and the key, if the file cannot be read or is not a taxonomy.
        """
        file = read_data("taxonomy", source or TOPICS)
        taxonomy = read_toml(file, _Taxonomy)
        names = tuple(topic.name.strip() for topic in taxonomy.topic)
        weights: dict[str, dict[int, float]] = {word: {} for word, _ in _weighted(file, taxonomy.ignore, 0.0)}
        for number, topic in enumerate(taxonomy.topic):
            if not names[number] or names[number] in names[:number]:
                raise UsageError(f"{file.name}, topic {number + 1}: it needs a name of its own")
            for words, default in ((topic.strong, _STRONG), (topic.terms, _TERM), (topic.weak, _WEAK)):
                for word, weight in _weighted(file, words, default):
                    weights.setdefault(word, {})[number] = weight * topic.scale
        return cls(names, weights, _fallback(file, taxonomy.fallback, names))

    def topics(self, path: Sequence[str], text: str, section: str) -> tuple[str, ...]:
        """Give one to three topics of one paragraph, as `of_document` does."""
        return self.of_document([_Paragraph(text, tuple(path))], [section])[0]

    def of_document(self, items: Sequence[Located], sections: Sequence[str]) -> list[tuple[str, ...]]:
        """Give one to three topics of each paragraph, the most important first.

        `sections` are their parts of the report (each one of model.SECTIONS). What a paragraph gets does not depend on
        the others; many at once cost less. Cost: linear in the text, about 15 MB/s.
        """
        headings = list(dict.fromkeys(heading for item in items for heading in item.path))
        in_headings = dict(zip(headings, map(self._found, fold_all(headings)), strict=True))
        weighed = {heading: self._heading(heading, found.values()) for heading, found in in_headings.items()}
        texts = fold_all([item.text for item in items])
        given: list[tuple[str, ...]] = []
        for item, text, section, found in zip(items, texts, sections, map(self._found, texts), strict=True):
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
        return share, tuple(weight for word in found for weight in self._weights[word])

    def _found(self, text: str) -> dict[int, str]:
        """Give the words of a folded text by the offsets where they start, in order."""
        return {start: self._words[word] for word, start, _ in self._finder.find_matches_as_indexes(text)}

    def _text_scores(self, text: str, found: Mapping[int, str]) -> list[float]:
        """Score the text alone, by the words found in it."""
        end = _SENTENCE_END.search(text, 0, _LEAD_LIMIT)
        lead_end = end.start() if end else _LEAD_LIMIT
        lead = {word for start, word in found.items() if start < lead_end}
        occurrences: dict[str, int] = {}
        for word in found.values():
            occurrences[word] = occurrences.get(word, 0) + 1
        values: defaultdict[int, list[float]] = defaultdict(list)
        weights, tires = self._weights, self._tires
        for word, often in occurrences.items():
            factor = (2 - 1 / often) * (_LEAD if word in lead else 1.0)
            for topic, value in weights[word]:
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


_Weight = Annotated[float, Meta(ge=0, le=1000)]
_Words = list[str | tuple[str, _Weight]]


class _Topic(Struct, forbid_unknown_fields=True):
    """A block of a taxonomy file."""

    name: str
    scale: _Weight = 1.0
    strong: _Words = []
    terms: _Words = []
    weak: _Words = []


class _Taxonomy(Struct, forbid_unknown_fields=True):
    """A taxonomy file."""

    topic: Annotated[list[_Topic], Meta(min_length=1)]
    ignore: _Words = []
    fallback: dict[str, str] = {}


def _weighted(file: DataFile, words: _Words, default: float) -> list[tuple[str, float]]:
    """Give folded words with their weights."""
    pairs = [(word, default) if isinstance(word, str) else word for word in words]
    for word, _ in pairs:
        if len(word.strip()) <= 1:
            raise UsageError(f"{file.name}, {word!r}: a word has two characters or more")
    return [(fold(word.strip()), weight) for word, weight in pairs]


def _fallback(file: DataFile, given: Mapping[str, str], names: Sequence[str]) -> dict[str, int]:
    """Give the position in `names` of the topic of each section."""
    for section, topic in given.items():
        if section not in SECTIONS:
            raise UsageError(f"{file.name}, fallback.{section}: no section; there are {', '.join(SECTIONS)}")
        if topic not in names:
            raise UsageError(f"{file.name}, fallback.{section}: {topic} is not the name of a [[topic]]")
    return {section: names.index(given.get(section, names[0])) for section in SECTIONS}
