"""Reports that repeat each other: another year's or another place's report with new numbers."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

from searchkit.compare.findings import Finding
from searchkit.model import Paragraph

_SENTENCE_END = re.compile("[。；;！!？?]")
_NOT_CHINESE = re.compile(r"[^\u4e00-\u9fff]+")
"""Matches numbers, marks, spaces and all else that is no Chinese character. Sentences are compared without these,
because a copy has other numbers."""
_MIN_LENGTH = 16
"""Minimum number of Chinese characters of a sentence. Shorter ones are common phrases."""
_MAX_REPORTS = 6
"""Maximum number of reports with a sentence. More reports repeat a phrase, not each other."""
_LENGTH_BITS = 12
_MAX_LENGTH = (1 << _LENGTH_BITS) - 1
"""Maximum length of a sentence that a key can hold. Longer sentences count as this long."""
_MIN_SHARED, _MIN_SHARE = 10, 0.2
"""Minimum number of sentences that two reports share, and their minimum share of the sentences of the shorter report.
Reports of one place on two years share up to 0.1 of them."""


class Copies:
    """Collects paragraphs, and finds documents that repeat the sentences of another one, whatever the numbers in them.

    Sections of plans are not read: reports repeat them. Memory: about 200 bytes for each sentence. The pairs of
    documents are counted in linear time, because a sentence of more than `_MAX_REPORTS` documents is not counted.
    """

    def __init__(self) -> None:
        self._ordinals: dict[int, list[int]] = {}
        """Maps the key of a sentence (`_key`) to ordinals of paragraphs, ascending: one for each document that has the
        sentence. If several paragraphs of a document have the sentence, it is the ordinal of the last of them."""
        self._documents: list[str] = []
        self._firsts: list[int] = []
        """Ordinal of the first paragraph of each document."""
        self._counts: list[int] = []
        """Number of distinct sentences of each document."""

    def add(self, ordinal: int, paragraph: Paragraph) -> None:
        """Add a paragraph. The paragraphs of a document come one after the other.

        `ordinal`: a number that stands for the paragraph in `find`. Each call has a larger one than the call before.
        """
        if paragraph.section == "计划":
            return
        if not self._documents or self._documents[-1] != paragraph.document:
            self._documents.append(paragraph.document)
            self._firsts.append(ordinal)
            self._counts.append(0)
        first = self._firsts[-1]
        for key in map(_key, _split(paragraph.text)):
            ordinals = self._ordinals.get(key)
            if ordinals is None:
                self._ordinals[key] = [ordinal]
            elif ordinals[-1] < first:
                ordinals.append(ordinal)
            else:
                ordinals[-1] = ordinal
                continue
            self._counts[-1] += 1

    def find(self, fetch: Callable[[Sequence[int]], Sequence[Paragraph]]) -> Iterator[Finding]:
        """Yield a finding for each two documents that share many sentences. It quotes the longest of these sentences.

        `fetch` returns the paragraphs with given ordinals.
        """
        pairs: Counter[tuple[int, int]] = Counter()
        for ordinals in self._ordinals.values():
            if 1 < len(ordinals) <= _MAX_REPORTS:
                pairs.update(combinations(map(self._number_of, ordinals), 2))
        copies = {
            (one, other): shared
            for (one, other), shared in sorted(pairs.items())
            if shared >= max(_MIN_SHARED, _MIN_SHARE * min(self._counts[one], self._counts[other]))
        }
        longest = self._find_longest(copies)
        needed = sorted({ordinal for found in longest.values() for _, *pair in found for ordinal in pair})
        paragraphs = dict(zip(needed, fetch(needed), strict=True))
        for (one, other), shared in copies.items():
            total = min(self._counts[one], self._counts[other])
            message = f"{self._documents[other]} repeats {shared} of {total} sentences of {self._documents[one]}"
            yield _build_copy(message, [(key, paragraphs[a], paragraphs[b]) for key, a, b in longest[one, other]])

    def _number_of(self, ordinal: int) -> int:
        """Return the number of the document of a paragraph."""
        return bisect_right(self._firsts, ordinal) - 1

    def _find_longest(self, pairs: Iterable[tuple[int, int]]) -> dict[tuple[int, int], list[tuple[int, int, int]]]:
        """Return the longest sentences that each pair of documents shares: the key, and both ordinals."""
        others: dict[int, list[int]] = {}
        for one, other in pairs:
            others.setdefault(one, []).append(other)
        lengths: dict[tuple[int, int], int] = {}
        found: dict[tuple[int, int], list[tuple[int, int, int]]] = {}
        for key, ordinals in self._ordinals.items():
            if len(ordinals) < 2:  # noqa: PLR2004 - a pair
                continue
            by_document = {self._number_of(ordinal): ordinal for ordinal in ordinals}
            for one in by_document.keys() & others.keys():
                for other in others[one]:
                    pair, length = (one, other), _length_of(key)
                    if other not in by_document or length < lengths.get(pair, 0):
                        continue
                    if length > lengths.get(pair, 0):
                        lengths[pair], found[pair] = length, []
                    found[pair].append((key, by_document[one], by_document[other]))
        return found


def _key(sentence: str) -> int:
    """Return a hash of a sentence (its Chinese characters), with their number in its last bits (`_length_of`)."""
    return hash(sentence) << _LENGTH_BITS | min(len(sentence), _MAX_LENGTH)


def _length_of(key: int) -> int:
    """Return the number of characters of a sentence by its key, at most `_MAX_LENGTH`."""
    return key & _MAX_LENGTH


def _build_copy(message: str, longest: Iterable[tuple[int, Paragraph, Paragraph]]) -> Finding:
    """Return the finding that two documents repeat each other. It quotes one of the longest sentences that they share.

    `longest`: the key of each of these sentences, and the two paragraphs with the sentence, one of each document. If
    several sentences are equally long, the last one in the order of code points is quoted.
    """
    shared: dict[str, list[tuple[Paragraph, str]]] = {}
    for key, *pair in longest:
        one, other = (
            {_NOT_CHINESE.sub("", sentence): (paragraph, sentence) for sentence in _sentences(paragraph)}
            for paragraph in pair
        )
        shared |= {text: [one[text], other[text]] for text in one.keys() & other.keys() if _key(text) == key}
    found = shared[max(shared, key=lambda text: (len(text), text))]
    return Finding(
        "duplicate",
        message,
        tuple(paragraph.id for paragraph, _ in found),
        (),
        tuple(paragraph.document for paragraph, _ in found),
        tuple(sentence.strip() for _, sentence in found),
        found[0][0].district,
    )


def _sentences(paragraph: Paragraph) -> list[str]:
    """Return the sentences of a paragraph as printed, or no sentence for a paragraph in a section of plans."""
    return [] if paragraph.section == "计划" else _SENTENCE_END.split(paragraph.text)


def _split(text: str) -> list[str]:
    """Return the Chinese characters of each sentence of a text that has at least `_MIN_LENGTH` of them."""
    sentences = (_NOT_CHINESE.sub("", sentence) for sentence in _SENTENCE_END.split(text))
    return [sentence for sentence in sentences if len(sentence) >= _MIN_LENGTH]
