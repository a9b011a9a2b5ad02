"""Classify paragraphs by topic, using the words of a taxonomy file.

The default taxonomies are `data/work_topics.toml` for the work reports of governments, and `data/topics.toml`, whose
header explains the format, for all other reports. A user can supply other files. Words are matched in folded text from
left to right, without overlaps; of the words that begin at one character, the longest is matched. The score of a topic
is the sum of

    headings   for each heading, the weights of its words times the factor of the heading. The factor of the innermost
               heading is `_INNERMOST_HEADING_FACTOR`. The factor of each other heading is `_HEADING_DECAY` times the
               factor of the heading directly inside it. The weights of a heading that only names a part of the report
               (下一步工作安排, 第一责任人职责情况) are also multiplied by `_PART_HEADING_FACTOR`.
    text       for each distinct word, its weight times 1, 1.5, 1.67 … for 1, 2, 3 … occurrences, and times
               `_FIRST_SENTENCE_FACTOR` if the word occurs in the first sentence. The products are sorted in descending
               order and the n-th is divided by n to the power of `_RANK_EXPONENT`, so that many words for one topic
               do not outweigh a clear word for another.
    fallback   `_FALLBACK_SCORE` for the topic that the taxonomy names as the fallback of the section; for a section
               without a fallback, `_FALLBACK_SCORE` for the first topic

The topic with the highest score comes first. A second and a third follow if they reach `_MIN_SECOND_SHARE` and
`_MIN_THIRD_SHARE` of its score. In the section 其他 outside all headings, where an introduction mentions many
subjects, the second needs `_MIN_THIRD_SHARE` too. A line without punctuation there (signature, date) contains names,
not subjects, and gets the fallback as its only topic.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from operator import truediv
from pathlib import Path
from typing import Annotated, NamedTuple

from ahocorasick_rs import AhoCorasick, MatchKind
from msgspec import Meta, Struct

from searchkit.corpus.sections import MISCELLANEOUS, HeadedParagraph, is_part_heading
from searchkit.errors import UsageError
from searchkit.files import TOPICS_FILE, WORK_TOPICS_FILE, DataFile, read_data_file, read_toml
from searchkit.model import WORK_REPORT
from searchkit.names import SECTIONS
from searchkit.text.folding import fold, fold_all

_STRONG_WEIGHT, _TERM_WEIGHT, _WEAK_WEIGHT = 3.0, 2.0, 1.0
"""Weights of the words in the three lists of a topic."""

_INNERMOST_HEADING_FACTOR = 1.35
"""Factor of the weights of the words in the innermost heading. In the text, the factor of a word is 1 or more."""
_HEADING_DECAY = 0.35
"""Factor of each outer heading, relative to that of the heading directly inside it."""
_PART_HEADING_FACTOR = 0.15
"""Additional factor of a heading that names a part of the report, such as 工作完成情况, rather than a subject."""
_FIRST_SENTENCE_FACTOR = 1.25
"""Additional factor of a word in the first sentence of a paragraph."""
_RANK_EXPONENT = 0.7
"""The value of the n-th best word of a topic is divided by n to the power of this exponent."""
_FALLBACK_SCORE = 0.7
"""Score that is added to the fallback topic of the section."""
_MIN_SECOND_SHARE = 0.4
"""Minimum score of the second topic, relative to the best score."""
_MIN_THIRD_SHARE = 0.7
"""Minimum score of the third topic, relative to the best score."""

_SENTENCE_STOP = re.compile(r"[。;!?]")
"""A punctuation mark that ends a sentence, folded."""
_MAX_FIRST_SENTENCE_LENGTH = 60
"""Maximum length of the first sentence, in code points. A longer sentence is cut off here."""
_PUNCTUATION = re.compile(r"[,。:;!?、]")
"""A folded punctuation mark. In the section 其他 outside all headings, a line without one is not running text."""

_TopicWeights = tuple[tuple[int, float], ...]
"""Pairs of a topic, as an index into `Taxonomy.names`, and a weight for it. Empty for a word that is only in the list
`ignore` of the file."""
_WordMatch = tuple[int, int, int]
"""Index of a word of a taxonomy, and its start and end in a text."""


class Taxonomy:
    """A list of topics with the words that indicate them. `load` reads one from a file."""

    def __init__(
        self, names: Sequence[str], words: Mapping[str, Mapping[int, float]], fallback: Mapping[str, int]
    ) -> None:
        """Build a taxonomy.

        `names` are the topics. `words` maps folded words of at least two characters to their weights by topic, and
        `fallback` maps each section to a topic. In both, a topic is its index in `names`.
        """
        self.names = tuple(names)
        """Topics in the order of the file."""
        self._weights: list[_TopicWeights] = [tuple(weights.items()) for weights in words.values()]
        """Weights of each word, in the order of `words`."""
        self._finder = AhoCorasick(words, matchkind=MatchKind.LeftmostLongest)
        self._fallback = fallback
        self._rank_divisors = [n**_RANK_EXPONENT for n in range(1, len(words) + 1)]
        """Divisors of the first, second … best word of a topic."""

    @classmethod
    def load(cls, source: Path | DataFile | None = None) -> Taxonomy:
        """Read a taxonomy from a file; by default the one for general reports that comes with searchkit.

        Raises errors.UsageError, which names the file and the fault, if the file cannot be read or is not a taxonomy.
        """
        file = read_data_file("taxonomy", source or TOPICS_FILE)
        taxonomy = read_toml(file, _TaxonomyFile)
        names = tuple(topic.name.strip() for topic in taxonomy.topic)
        weights: dict[str, dict[int, float]] = {word: {} for word, _ in _weighted_words(file, taxonomy.ignore, 0.0)}
        for index, topic in enumerate(taxonomy.topic):
            if not names[index] or names[index] in names[:index]:
                raise UsageError(f"{file.name}, topic {index + 1}: it needs a unique name")
            for words, default in (
                (topic.strong, _STRONG_WEIGHT),
                (topic.terms, _TERM_WEIGHT),
                (topic.weak, _WEAK_WEIGHT),
            ):
                for word, weight in _weighted_words(file, words, default):
                    weights.setdefault(word, {})[index] = weight * topic.scale
        return cls(names, weights, _fallback_topics(file, taxonomy.fallback, names))

    def classify_paragraph(self, path: Sequence[str], text: str, section: str) -> tuple[str, ...]:
        """Return one to three topics of one paragraph, as `classify_document` does."""
        return self.classify_document([_SingleParagraph(text, tuple(path))], [section])[0]

    def classify_document(self, items: Sequence[HeadedParagraph], sections: Sequence[str]) -> list[tuple[str, ...]]:
        """Return one to three topics of each paragraph, the most important first.

        `sections` are the sections of the paragraphs (each one of `names.SECTIONS`). The topics of a paragraph do not
        depend on the other paragraphs; classifying many at once is cheaper. Cost: linear in the text, about 15 MB/s.
        """
        headings = list(dict.fromkeys(heading for item in items for heading in item.path))
        heading_words = dict(zip(headings, map(self._find_words, fold_all(headings)), strict=True))
        heading_weights = {heading: self._score_heading(heading, words) for heading, words in heading_words.items()}
        texts = fold_all([item.text for item in items])
        topics: list[tuple[str, ...]] = []
        for item, text, section in zip(items, texts, sections, strict=True):
            is_outside = section == MISCELLANEOUS and not item.path
            if is_outside and not _PUNCTUATION.search(text):
                topics.append((self.names[self._fallback[section]],))
                continue
            scores = self._score_text(text, self._find_words(text))
            scores[self._fallback[section]] += _FALLBACK_SCORE
            _add_headings(scores, [heading_weights[heading] for heading in item.path])
            topics.append(self._select_topics(scores, _MIN_THIRD_SHARE if is_outside else _MIN_SECOND_SHARE))
        return topics

    def _score_heading(self, heading: str, words: Sequence[_WordMatch]) -> tuple[float, _TopicWeights]:
        """Return a factor, and the weights of the words in a heading, concatenated.

        The factor is `_PART_HEADING_FACTOR` if the heading only names a part of the report, otherwise 1.
        """
        factor = _PART_HEADING_FACTOR if is_part_heading(heading) else 1.0
        return factor, tuple(weight for word, *_ in words for weight in self._weights[word])

    def _find_words(self, text: str) -> list[_WordMatch]:
        """Return the words of the taxonomy in a folded text, in the order of the text."""
        return self._finder.find_matches_as_indexes(text)

    def _score_text(self, text: str, words: Sequence[_WordMatch]) -> list[float]:
        """Return the score of each topic by the words in the text alone."""
        end = _SENTENCE_STOP.search(text, 0, _MAX_FIRST_SENTENCE_LENGTH)
        first_sentence_end = end.start() if end else _MAX_FIRST_SENTENCE_LENGTH
        factors: dict[int, float] = {}
        """Factor of each word: first by the place of its first occurrence, then also by its number of occurrences."""
        repeated: dict[int, int] = {}
        """Number of occurrences of the words that occur more than once."""
        for word, start, _ in words:
            if word in factors:
                repeated[word] = repeated.get(word, 1) + 1
            else:
                factors[word] = _FIRST_SENTENCE_FACTOR if start < first_sentence_end else 1.0
        for word, count in repeated.items():
            factors[word] *= 2 - 1 / count
        values: defaultdict[int, list[float]] = defaultdict(list)
        weights, divisors = self._weights, self._rank_divisors
        for word, factor in factors.items():
            for topic, value in weights[word]:
                values[topic].append(value * factor)
        scores = [0.0] * len(self.names)
        for topic, topic_values in values.items():
            scores[topic] = sum(map(truediv, sorted(topic_values, reverse=True), divisors))
        return scores

    def _select_topics(self, scores: Sequence[float], min_second_share: float) -> tuple[str, ...]:
        """Return up to three topics with the highest scores. Ties are in file order.

        The second topic needs `min_second_share` of the best score, the third one `_MIN_THIRD_SHARE` too.
        """
        best = max(scores)
        candidates = [topic for topic, score in enumerate(scores) if score >= min_second_share * best]
        ranked = sorted(candidates, key=scores.__getitem__, reverse=True)
        third = (topic for topic in ranked[2:3] if scores[topic] >= _MIN_THIRD_SHARE * best)
        return tuple(self.names[topic] for topic in (*ranked[:2], *third))

    def choose(self, doctype: str | None) -> Taxonomy:  # noqa: ARG002 - as `Taxonomies.choose`
        """Return the taxonomy itself: if a corpus has only one, it is used for every kind of report."""
        return self


class Taxonomies:
    """The taxonomies of a corpus: one for the work reports of governments, one for all other reports."""

    def __init__(self, general: Taxonomy, work_reports: Taxonomy) -> None:
        self._general = general
        self._work_reports = work_reports

    @classmethod
    def load(cls, general: Path | DataFile | None = None, work_reports: Path | DataFile | None = None) -> Taxonomies:
        """Read both taxonomies; by default those that come with searchkit. Raises UsageError as `Taxonomy.load`."""
        return cls(Taxonomy.load(general), Taxonomy.load(work_reports or WORK_TOPICS_FILE))

    def choose(self, doctype: str | None) -> Taxonomy:
        """Return the taxonomy for a kind of report, or for a report of undecided kind (None)."""
        return self._work_reports if doctype == WORK_REPORT else self._general


class _SingleParagraph(NamedTuple):
    """A paragraph with its heading path."""

    text: str
    path: tuple[str, ...]


def _add_headings(scores: list[float], path: Sequence[tuple[float, _TopicWeights]]) -> None:
    """Add the weights of the words in the headings above a paragraph to the scores.

    `path`: for each heading, outermost first, the result of `Taxonomy._score_heading`.
    """
    level_factor = _INNERMOST_HEADING_FACTOR
    for part_factor, weights in reversed(path):
        factor = level_factor * part_factor
        for topic, weight in weights:
            scores[topic] += factor * weight
        level_factor *= _HEADING_DECAY


_Weight = Annotated[float, Meta(ge=0, le=1000)]
"""A weight in a taxonomy file, from 0 to 1000."""
_WordList = list[str | tuple[str, _Weight]]
"""A list whose elements are words, or pairs of a word and its weight."""


class _TopicEntry(Struct, forbid_unknown_fields=True):
    """A topic of a taxonomy file. topics.toml explains the keys."""

    name: str
    scale: _Weight = 1.0
    strong: _WordList = []
    terms: _WordList = []
    weak: _WordList = []


class _TaxonomyFile(Struct, forbid_unknown_fields=True):
    """The contents of a taxonomy file. topics.toml explains the keys."""

    topic: Annotated[list[_TopicEntry], Meta(min_length=1)]
    ignore: _WordList = []
    fallback: dict[str, str] = {}


def _weighted_words(file: DataFile, words: _WordList, default: float) -> list[tuple[str, float]]:
    """Return folded words with their weights. `default` is the weight of a word that states none.

    Raises UsageError for a word of fewer than two characters.
    """
    pairs = [(word, default) if isinstance(word, str) else word for word in words]
    for word, _ in pairs:
        if len(word.strip()) <= 1:
            raise UsageError(f"{file.name}, {word!r}: a word has at least two characters")
    return [(fold(word.strip()), weight) for word, weight in pairs]


def _fallback_topics(file: DataFile, fallback: Mapping[str, str], names: Sequence[str]) -> dict[str, int]:
    """Return the fallback topic of each section, as an index into `names`; by default the first topic.

    Raises UsageError for an unknown section or topic.
    """
    for section, topic in fallback.items():
        if section not in SECTIONS:
            raise UsageError(f"{file.name}, fallback.{section}: not a section; the sections are {', '.join(SECTIONS)}")
        if topic not in names:
            raise UsageError(f"{file.name}, fallback.{section}: {topic} is not the name of a [[topic]]")
    return {section: names.index(fallback.get(section, names[0])) for section in SECTIONS}
