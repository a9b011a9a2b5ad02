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
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress, count
from operator import add
from pathlib import Path

from searchkit.corpus.sections import OTHER, names_part
from searchkit.errors import UsageError
from searchkit.folding import fold
from searchkit.model import SECTIONS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_DEFAULT = Path(__file__).parent.parent / "data" / "topics.toml"
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
_Words = Mapping[str, tuple[tuple[str, _Weights], ...]]
"""By first two characters: the folded words that begin so, longest first."""


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """A list of topics with the words that speak for them; `load` reads one from a file."""

    names: tuple[str, ...]
    """Topics in the order of the file."""
    _words: _Words
    _fallback: Mapping[str, int]
    """Section to position in `names`; every section has one."""

    @classmethod
    def load(cls, path: Path | None = None) -> Taxonomy:
        """Read the taxonomy in the file `path`, or the one that comes with the product.

        Raises errors.UsageError, which names the file and the key, if the file cannot be read or is not a taxonomy.
        """
        return _File(path or _DEFAULT).taxonomy()

    def topics(self, path: Sequence[str], text: str, section: str) -> tuple[str, ...]:
        """Give one to three topics of a paragraph, the most important first.

        `path` holds its headings from the outermost in, `section` is its part of the report (one of model.SECTIONS).
        Cost: linear in the text, about 5 MB/s.
        """
        folded = fold(text)
        fallback = self._fallback[section]
        if section == OTHER and not path and not _PROSE.search(folded):
            return (self.names[fallback],)
        scores = self._text_scores(folded)
        scores[fallback] += _PRIOR
        weight = _INNERMOST
        for heading in reversed(path):
            share = weight * (_FRAME if names_part(heading) else 1.0)
            for _, _, weights in self._found(fold(heading)):
                for topic, value in weights:
                    scores[topic] += share * value
            weight *= _FADE
        return self._chosen(scores, _SECOND if path or section != OTHER else _THIRD)

    def _text_scores(self, folded: str) -> list[float]:
        """Score the text alone."""
        end = _SENTENCE_END.search(folded)
        lead = min(end.start() if end else len(folded), _LEAD_LIMIT)
        occurrences: Counter[str] = Counter()
        first: dict[str, tuple[int, _Weights]] = {}
        for start, word, weights in self._found(folded):
            occurrences[word] += 1
            first.setdefault(word, (start, weights))
        values: list[list[float]] = [[] for _ in self.names]
        for word, (start, weights) in first.items():
            factor = (2 - 1 / occurrences[word]) * (_LEAD if start < lead else 1.0)
            for topic, value in weights:
                values[topic].append(value * factor)
        return [
            sum(value / n**_TIRE for n, value in enumerate(sorted(of_topic, reverse=True), 1)) for of_topic in values
        ]

    def _chosen(self, scores: Sequence[float], second: float) -> tuple[str, ...]:
        """Pick the topics to give; ties go by the order of the file. `second` is the share that the second needs."""
        ranked = sorted(range(len(scores)), key=lambda topic: -scores[topic])
        needed = [share * scores[ranked[0]] for share in (0.0, second, _THIRD)]
        near = (topic for topic, least in zip(ranked, needed, strict=False) if scores[topic] >= least)
        return tuple(self.names[topic] for topic in near)

    def _found(self, folded: str) -> Iterator[tuple[int, str, _Weights]]:
        """Give the words found from left to right, the longest at each place, not overlapping, with their starts."""
        words = self._words
        free = 0
        # Runs in C: the positions whose two characters begin some word.
        for start in compress(count(), map(words.__contains__, map(add, folded, folded[1:]))):
            if start < free:
                continue
            for word, weights in words[folded[start : start + 2]]:
                if folded.startswith(word, start):
                    free = start + len(word)
                    if weights:
                        yield start, word, weights
                    break


class _File:
    """A taxonomy file being read; every complaint names the file and the key."""

    def __init__(self, path: Path) -> None:
        self._path = path

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
        return Taxonomy(names, _by_first_two(weights), self._fallback(data.get("fallback", {}), names))

    def _load(self) -> dict[str, object]:
        try:
            return tomllib.loads(self._path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            message = f"taxonomy {self._path} cannot be read: {error.strerror}; give an existing file"
            raise UsageError(message) from error
        except ValueError as error:
            raise UsageError(f"taxonomy {self._path} is not a TOML file in UTF-8: {error}") from error

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
        return UsageError(f"taxonomy {self._path}, {key}: {why}")


def _by_first_two(weights: Mapping[str, Mapping[int, float]]) -> _Words:
    table: dict[str, list[tuple[str, _Weights]]] = {}
    for word in sorted(weights, key=len, reverse=True):
        table.setdefault(word[:2], []).append((word, tuple(weights[word].items())))
    return {head: tuple(words) for head, words in table.items()}
