"""Documents to columns: what the analyzer finds in texts, headings and titles becomes pairs of term and holder."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import chain

import numpy as np

from searchkit.engines.columnar.arrays import Array, blocks, changes, narrow, starts
from searchkit.engines.columnar.columns import Codes, Columns
from searchkit.engines.columnar.measures import MeasureBuilder
from searchkit.engines.columnar.postings import HEADING, TITLE, Pairs
from searchkit.engines.columnar.text import narrow_code_points
from searchkit.engines.ranking import HEADING_WEIGHT, TITLE_WEIGHT
from searchkit.model import Document, ExtractedMeasure, Paragraph
from searchkit.text.analyzer import Analyzer

_TOGETHER = 1 << 12  # paragraphs whose terms are summed together: they stay in the cache


class Builder:
    """Collects the documents of one segment."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._files: list[str] = []
        self._documents: list[Document] = []
        self._n, self._page, self._is_record = (array("I") for _ in range(3))
        self._numbers: list[str | None] = []
        self._kinds: list[tuple[str, tuple[str, ...]]] = []
        self._paths = Codes()
        self._path_of = bytearray()
        self._document_of = array("I")
        self._texts: list[str] = []
        self._measures = MeasureBuilder()
        self._terms = Codes()
        self._text_terms, self._heading_terms, self._title_terms = (_TermLists(self._terms) for _ in range(3))
        self.characters = 0
        """Characters so far."""

    @property
    def size(self) -> int:
        """Paragraphs so far."""
        return len(self._n)

    def add(
        self,
        document: Document,
        paragraphs: Sequence[Paragraph],
        measures: Sequence[Sequence[ExtractedMeasure]],
        file: str,
    ) -> None:
        """Add a document with its paragraphs and the measures of each of them."""
        texts = [paragraph.text for paragraph in paragraphs]
        known = len(self._paths.values)
        self._path_of += self._paths.codes([paragraph.path for paragraph in paragraphs]).data
        new_paths = ["\n".join(path) for path in self._paths.values[known:]]
        terms = self._analyzer.terms([document.title or "", *new_paths, *texts])
        self._title_terms.extend(terms[:1])
        self._heading_terms.extend(terms[1 : 1 + len(new_paths)])
        self._text_terms.extend(terms[1 + len(new_paths) :])
        self._document_of.extend([len(self._documents)] * len(paragraphs))
        self._files.append(file)
        self._documents.append(document)
        self._n.extend([paragraph.n for paragraph in paragraphs])
        self._page.extend([paragraph.page or 0 for paragraph in paragraphs])
        self._is_record.extend([paragraph.id == paragraph.document for paragraph in paragraphs])
        self._numbers.extend([paragraph.number for paragraph in paragraphs])
        self._kinds.extend([(paragraph.section, paragraph.topics) for paragraph in paragraphs])
        self._texts += texts
        self.characters += sum(map(len, texts))
        self._measures.extend(measures)

    def columns(self) -> Columns:
        """Everything so far."""
        path_of, document_of = np.frombuffer(self._path_of, np.uint32), np.array(self._document_of)
        texts, headings, titles = (
            lists.joined() for lists in (self._text_terms, self._heading_terms, self._title_terms)
        )
        pairs = [
            _summed(
                part.start,
                texts.occurrences(np.arange(part.start, part.stop), weight=1, in_text=True),
                headings.occurrences(path_of[part], weight=HEADING_WEIGHT, in_text=False),
                titles.occurrences(document_of[part], weight=TITLE_WEIGHT, in_text=False),
            )
            for part in blocks(self.size, _TOGETHER)
        ]
        terms = list(self._terms.values)
        for field, lists in ((HEADING, headings), (TITLE, titles)):
            own = _summed(0, lists.occurrences(np.arange(len(lists.counts)), weight=1, in_text=True))
            used, number = np.unique(own.term, return_inverse=True)
            pairs.append(Pairs(number + np.uint32(len(terms)), own.holder, own.tf, own.in_text))
            terms += [field + terms[number] for number in used.tolist()]
        return Columns(
            files=self._files,
            documents=self._documents,
            document_of=document_of,
            n=np.array(self._n),
            page=np.array(self._page),
            is_record=np.array(self._is_record),
            length=texts.counts + HEADING_WEIGHT * headings.counts[path_of] + TITLE_WEIGHT * titles.counts[document_of],
            numbers=self._numbers,
            kinds=self._kinds,
            paths=self._paths.values,
            path_of=path_of,
            text=narrow_code_points("".join(self._texts)),
            text_length=np.fromiter(map(len, self._texts), np.int64, self.size),
            terms=terms,
            pairs=pairs,
            measures=self._measures.columns(),
        )


class _TermLists:
    """Collects the terms of several texts, as numbers."""

    def __init__(self, terms: Codes) -> None:
        self._terms = terms
        self._numbers = bytearray()  # 32 bits each
        self._counts = array("I")

    def extend(self, texts: Sequence[Sequence[str]]) -> None:
        """Add the terms of texts."""
        self._numbers += self._terms.codes(chain.from_iterable(texts)).data
        self._counts.extend(map(len, texts))

    def joined(self) -> _Joined:
        """All of them."""
        return _Joined(np.frombuffer(self._numbers, np.uint32), np.array(self._counts, np.int64))


_HOLDER_BITS, _WEIGHT_BITS = 16, 2
_ENTRY_BITS = _WEIGHT_BITS + 1  # with one that is set where the term is not in the text


class _Joined:
    """The terms of several texts, one text after the other."""

    def __init__(self, numbers: Array, counts: Array) -> None:
        self._numbers, self._starts = numbers, starts(counts)
        self.counts = counts
        """How many terms each text has."""

    def occurrences(self, texts: Array, *, weight: int, in_text: bool) -> Array:
        """The terms of some texts as packed numbers: term, place in `texts`, whether it is not in the text, weight."""
        counts = self.counts[texts]
        first = self._starts[texts] - starts(counts)[:-1]
        packed: Array = self._numbers.take(np.arange(int(counts.sum())) + np.repeat(first, counts)).astype(np.uint64)
        packed <<= np.uint64(_HOLDER_BITS)
        packed |= np.repeat(np.arange(len(texts), dtype=np.uint16), counts)
        packed <<= np.uint64(_ENTRY_BITS)
        packed |= np.uint64((not in_text) << _WEIGHT_BITS | weight)
        return packed


def _summed(first: int, *occurrences: Array) -> Pairs:
    """Occurrences of the same term in the same holder as one pair; `first`: the number of the first holder."""
    packed = np.concatenate(occurrences)
    packed.sort()
    begins = np.flatnonzero(changes(packed >> np.uint64(_ENTRY_BITS)))
    weight = packed.astype(np.uint8) & np.uint8((1 << _WEIGHT_BITS) - 1)
    entries = packed.take(begins)  # those in the text come first
    holder = (entries >> np.uint64(_ENTRY_BITS)).astype(np.uint16)
    return Pairs(
        (entries >> np.uint64(_ENTRY_BITS + _HOLDER_BITS)).astype(np.uint32),
        holder + np.uint16(first),
        narrow(np.add.reduceat(weight, begins, dtype=np.uint32)) if len(begins) else weight,
        entries & np.uint64(1 << _WEIGHT_BITS) == 0,
    )
