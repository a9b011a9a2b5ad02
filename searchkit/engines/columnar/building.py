"""Documents to columns: what the analyzer finds in texts, headings and titles becomes pairs of term and holder."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import chain

import numpy as np

from searchkit.analysis import Analyzer
from searchkit.engines.columnar.arrays import Array, starts
from searchkit.engines.columnar.columns import Codes, Columns
from searchkit.engines.columnar.figures import FigureBuilder
from searchkit.engines.columnar.postings import HEADING, TITLE, Pairs, concatenated
from searchkit.engines.columnar.text import code_points
from searchkit.model import Document, Figure, Paragraph
from searchkit.ranking import HEADING_WEIGHT, TITLE_WEIGHT


class Builder:
    """Collects the documents of one segment."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._files: list[str] = []
        self._documents: list[Document] = []
        self._paragraphs: list[tuple[int, int, bool]] = []  # n, page, is a record
        self._numbers: list[str | None] = []
        self._kinds: list[tuple[str, tuple[str, ...]]] = []
        self._paths = Codes()
        self._path_of = array("I")
        self._document_of = array("I")
        self._characters: list[Array] = []
        self._text_length = array("I")
        self._figures = FigureBuilder()
        self._terms = _Numbers()
        self._text_terms, self._heading_terms, self._title_terms = (_TermLists(self._terms) for _ in range(3))
        self.characters = 0
        """Characters so far."""

    @property
    def size(self) -> int:
        """Paragraphs so far."""
        return len(self._paragraphs)

    def add(
        self, document: Document, paragraphs: Sequence[Paragraph], figures: Sequence[Sequence[Figure]], file: str
    ) -> None:
        """Add a document with its paragraphs and the figures of each of them."""
        texts = [paragraph.text for paragraph in paragraphs]
        known = len(self._paths.values)
        self._path_of.extend([self._paths.code(paragraph.path) for paragraph in paragraphs])
        new_paths = ["\n".join(path) for path in self._paths.values[known:]]
        terms = self._analyzer.terms([document.title or "", *new_paths, *texts])
        self._title_terms.extend(terms[:1])
        self._heading_terms.extend(terms[1 : 1 + len(new_paths)])
        self._text_terms.extend(terms[1 + len(new_paths) :])
        self._document_of.extend([len(self._documents)] * len(paragraphs))
        self._files.append(file)
        self._documents.append(document)
        for paragraph in paragraphs:
            is_record = paragraph.id != f"{paragraph.document}#{paragraph.n}"
            self._paragraphs.append((paragraph.n, paragraph.page or 0, is_record))
            self._numbers.append(paragraph.number)
            self._kinds.append((paragraph.section, paragraph.topics))
        self._characters.append(code_points("".join(texts)))
        self._text_length.extend(map(len, texts))
        self.characters += len(self._characters[-1])
        self._figures.extend(figures)

    def columns(self) -> Columns:
        """Everything so far."""
        n, page, is_record = np.array(self._paragraphs, np.int64).T
        path_of, document_of = np.array(self._path_of, np.int64), np.array(self._document_of, np.int64)
        texts, headings, titles = self._text_terms, self._heading_terms, self._title_terms
        terms = list(self._terms)
        parts = [
            _summed(
                _occurrences(*texts.held(), weight=1, in_text=True),
                _occurrences(*headings.held(path_of), weight=HEADING_WEIGHT, in_text=False),
                _occurrences(*titles.held(document_of), weight=TITLE_WEIGHT, in_text=False),
            )
        ]
        for field, lists in ((HEADING, headings), (TITLE, titles)):
            numbers, holders = lists.held()
            used, own = np.unique(numbers, return_inverse=True)
            parts.append(_summed(_occurrences(own + len(terms), holders, weight=1, in_text=True)))
            terms += [field + terms[number] for number in used.tolist()]
        return Columns(
            files=self._files,
            documents=self._documents,
            document_of=document_of,
            n=n,
            page=page,
            is_record=is_record,
            length=texts.counts + HEADING_WEIGHT * headings.counts[path_of] + TITLE_WEIGHT * titles.counts[document_of],
            numbers=self._numbers,
            kinds=self._kinds,
            paths=self._paths.values,
            path_of=path_of,
            text=np.concatenate(self._characters),
            text_length=np.array(self._text_length, np.int64),
            terms=terms,
            pairs=concatenated(parts),
            figures=self._figures.columns(),
        )


class _Numbers(dict[str, int]):
    """Numbers for terms, a new one for each new term."""

    def __missing__(self, term: str) -> int:
        number = self[term] = len(self)
        return number


class _TermLists:
    """The terms of several texts, as numbers."""

    def __init__(self, numbers: _Numbers) -> None:
        self._number = numbers.__getitem__
        self._chunks: list[Array] = []
        self._counts = array("I")

    def extend(self, texts: Sequence[Sequence[str]]) -> None:
        """Add the terms of texts."""
        self._chunks.append(np.fromiter(map(self._number, chain.from_iterable(texts)), np.uint32))
        self._counts.extend(map(len, texts))

    @property
    def counts(self) -> Array:
        """How many terms each text has."""
        return np.array(self._counts, np.int64)

    def held(self, text_of: Array | None = None) -> tuple[Array, Array]:
        """Each occurrence of a term with its text; or, given the text that each paragraph has, with the paragraph."""
        terms = np.concatenate([np.empty(0, np.uint32), *self._chunks]).astype(np.int64)
        counts = self.counts
        if text_of is None:
            return terms, np.repeat(np.arange(len(counts)), counts)
        begins, given = starts(counts)[text_of], counts[text_of]
        within = np.arange(int(given.sum())) - np.repeat(starts(given)[:-1], given)
        return terms[np.repeat(begins, given) + within], np.repeat(np.arange(len(text_of)), given)


_HOLDER_BITS, _WEIGHT_BITS = 16, 2


def _occurrences(term: Array, holder: Array, *, weight: int, in_text: bool) -> Array:
    """Occurrences as packed numbers: term, holder, weight, and whether it is in the text."""
    packed: Array = (term.astype(np.uint64) << np.uint64(_HOLDER_BITS)) | holder.astype(np.uint64)
    return np.asarray(packed << np.uint64(_WEIGHT_BITS + 1) | np.uint64(weight << 1 | in_text))


def _summed(*occurrences: Array) -> Pairs:
    """Occurrences of the same term in the same holder as one pair: one sort, and sums of runs."""
    packed = np.concatenate(occurrences)
    packed.sort()
    keys = packed >> np.uint64(_WEIGHT_BITS + 1)
    is_first = np.ones(len(keys), bool)
    np.not_equal(keys[1:], keys[:-1], out=is_first[1:])
    begins = np.flatnonzero(is_first)
    if not len(begins):
        nothing = keys.astype(np.uint32)
        return Pairs(nothing, nothing.astype(np.uint16), nothing, nothing.astype(bool))
    weight = (packed >> np.uint64(1)).astype(np.uint8) & np.uint8((1 << _WEIGHT_BITS) - 1)
    keys = keys.take(begins)
    return Pairs(
        (keys >> np.uint64(_HOLDER_BITS)).astype(np.uint32),
        keys.astype(np.uint16),
        np.add.reduceat(weight, begins, dtype=np.uint32),
        np.bitwise_or.reduceat(packed.astype(np.uint8) & np.uint8(1), begins).astype(bool),
    )
