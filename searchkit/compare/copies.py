"""Reports that repeat each other: another year's or another place's report with new figures."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations

from searchkit.compare.findings import Finding
from searchkit.model import Paragraph

_SENTENCE_END = re.compile("[。；;！!？?]")
_NOT_CHINESE = re.compile(r"[^\u4e00-\u9fff]+")
"""Numbers, marks and spaces. A copy has other figures."""
_MIN_LENGTH = 16
"""Minimum number of Chinese characters of a sentence. Shorter ones are common phrases."""
_MAX_REPORTS = 6
"""Maximum number of reports with a sentence. More reports repeat a phrase, not each other."""
_MIN_SHARED, _MIN_SHARE = 10, 0.2
"""Minimum number of sentences that two reports share, and minimum share of the sentences of the shorter one. Reports of
one place on two years share up to 0.1."""


class Copies:
    """Collects paragraphs, and finds documents that repeat the sentences of another one with other figures.

    Plans are not read: reports repeat them. Memory: about 200 bytes for each sentence. Time is linear: a sentence
    counts for at most `_MAX_REPORTS` documents.
    """

    def __init__(self) -> None:
        self._documents: dict[int, list[int]] = {}
        """The numbers of the documents with a sentence, ascending, by the hash of the sentence."""
        self._counts: Counter[int] = Counter()
        """Number of distinct sentences of each document."""
        self._numbers: dict[str, int] = {}
        """The number of each document, from 0."""

    def add(self, paragraph: Paragraph) -> None:
        """Add a paragraph. The paragraphs of a document come one after the other."""
        if paragraph.section == "计划":
            return
        number = self._numbers.setdefault(paragraph.document, len(self._numbers))
        for sentence in map(hash, _split(paragraph.text)):
            documents = self._documents.get(sentence)
            if documents is None:
                self._documents[sentence] = [number]
            elif documents[-1] != number:
                documents.append(number)
            else:
                continue
            self._counts[number] += 1

    def find(self, paragraphs_of: Callable[[str], Iterable[Paragraph]]) -> Iterator[Finding]:
        """Yield a finding for each two documents that share many sentences, with the longest of them.

        `paragraphs_of` returns the paragraphs of a document that were added.
        """
        pairs: Counter[tuple[int, int]] = Counter()
        for documents in self._documents.values():
            if 1 < len(documents) <= _MAX_REPORTS:
                pairs.update(combinations(documents, 2))
        names = list(self._numbers)
        for (one, other), shared in sorted(pairs.items()):
            total = min(self._counts[one], self._counts[other])
            if shared >= _MIN_SHARED and shared >= _MIN_SHARE * total:
                message = f"{names[other]} repeats {shared} of {total} sentences of {names[one]}"
                yield _build_copy(message, paragraphs_of(names[one]), paragraphs_of(names[other]))


def _build_copy(message: str, one: Iterable[Paragraph], other: Iterable[Paragraph]) -> Finding:
    """Return the finding that two documents, given by their paragraphs, repeat each other."""
    first, second = (
        {
            _NOT_CHINESE.sub("", sentence): (paragraph, sentence)
            for paragraph in paragraphs
            for sentence in _sentences(paragraph)
        }
        for paragraphs in (one, other)
    )
    longest = max(first.keys() & second.keys(), key=lambda text: (len(text), text))
    found = first[longest], second[longest]
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
    """Return the sentences of a paragraph as printed, none of a plan."""
    return [] if paragraph.section == "计划" else _SENTENCE_END.split(paragraph.text)


def _split(text: str) -> list[str]:
    """Return the Chinese characters of the sentences of a text, without short sentences."""
    sentences = (_NOT_CHINESE.sub("", sentence) for sentence in _SENTENCE_END.split(text))
    return [sentence for sentence in sentences if len(sentence) >= _MIN_LENGTH]
