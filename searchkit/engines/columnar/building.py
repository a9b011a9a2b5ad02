"""Builds the columns of a segment from documents.

A doc is a paragraph. All tokens of one term in one doc make one posting; its frequency is the sum of their weights.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import chain, islice

import numpy as np

from searchkit.engines.columnar.arrays import Array, block_slices, narrowest, offsets_from_lengths, run_start_mask
from searchkit.engines.columnar.columns import DictEncoder, SegmentColumns
from searchkit.engines.columnar.measures import MeasureBuilder
from searchkit.engines.columnar.postings import HEADING_TERM_PREFIX, TITLE_TERM_PREFIX, PostingEntries
from searchkit.engines.columnar.tables import TableBuilder
from searchkit.engines.columnar.text import narrow_code_points
from searchkit.engines.ranking import HEADING_WEIGHT, TITLE_WEIGHT
from searchkit.model import Document, ExtractedMeasure, Paragraph, Table
from searchkit.text.analyzer import Analyzer

_TOKENIZED_CHARACTERS = 1 << 15
"""Documents are collected until their texts have at least this number of characters, and then tokenized in one call. A
call per short record would take ten times as long."""
_SUM_BLOCK_DOCS = 1 << 12  # docs whose term frequencies are summed together: their tokens stay in the processor's cache


class SegmentBuilder:
    """Collects the documents of a segment."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._files: list[str] = []
        self._documents: list[Document] = []
        self._n, self._page, self._is_record = (array("I") for _ in range(3))
        self._printed_numbers: list[str | None] = []
        self._section_topics: list[tuple[str, tuple[str, ...]]] = []
        self._of_years: list[tuple[int, ...]] = []
        self._headings, self._paths = DictEncoder(), DictEncoder()
        self._headings_of_paths = array("I")  # codes of the headings of all paths, concatenated
        self._path_of = array("I")
        self._own_headings = array("I")
        self._keys = array("q")
        self._document_of = array("I")
        self._texts: list[str] = []
        self._measures, self._tables = MeasureBuilder(), TableBuilder()
        self._terms = DictEncoder()
        self._text_tokens, self._heading_tokens, self._title_tokens = (_TokenCollector(self._terms) for _ in range(3))
        self._tokenized_texts = self._tokenized_headings = self._tokenized_titles = 0
        self._tokenized_characters = 0
        self.characters = 0
        """Number of characters of all texts so far."""

    @property
    def size(self) -> int:
        """Number of docs so far."""
        return len(self._n)

    def add(
        self,
        document: Document,
        paragraphs: Sequence[Paragraph],
        measures: Sequence[Sequence[ExtractedMeasure]],
        file: str,
        tables: Sequence[Table],
        numbers: tuple[Sequence[int], Sequence[int]],
    ) -> None:
        """Add a document, or consecutive paragraphs of a long document, with the measures of each paragraph.

        `file`: name of the corpus file. `tables`: all tables of the document. Only rows that are among the paragraphs
        are added. `numbers`: two sequences with a number per paragraph. The first has the number of headings that begin
        at the paragraph (`own_heading_counts` of the complete document), the second the near-duplicate keys.
        """
        own_headings, keys = numbers
        self._tables.extend(tables, paragraphs, self.size)
        texts = [paragraph.text for paragraph in paragraphs]
        path_count = len(self._paths.values)
        self._path_of.extend([self._paths.encode(paragraph.path) for paragraph in paragraphs])
        for path in self._paths.values[path_count:]:
            self._headings_of_paths.extend(map(self._headings.encode, path))
        self._own_headings.extend(own_headings)
        self._keys.extend(keys)
        self._document_of.extend([len(self._documents)] * len(paragraphs))
        self._files.append(file)
        self._documents.append(document)
        self._n.extend([paragraph.n for paragraph in paragraphs])
        self._page.extend([paragraph.page or 0 for paragraph in paragraphs])
        self._is_record.extend([paragraph.id == paragraph.document for paragraph in paragraphs])
        self._printed_numbers.extend([paragraph.number for paragraph in paragraphs])
        self._section_topics.extend([(paragraph.section, paragraph.topics) for paragraph in paragraphs])
        self._of_years.extend([paragraph.of_year for paragraph in paragraphs])
        self._texts += texts
        self.characters += sum(map(len, texts))
        self._measures.extend(measures)
        if self.characters - self._tokenized_characters >= _TOKENIZED_CHARACTERS:
            self._tokenize()

    def _tokenize(self) -> None:
        """Tokenize the titles, headings and texts that were added since the last call.

        A heading is tokenized once per segment, however many paragraphs are under it.
        """
        titles = [document.title or "" for document in self._documents[self._tokenized_titles :]]
        headings = self._headings.values[self._tokenized_headings :]
        texts = self._texts[self._tokenized_texts :]
        terms = iter(self._analyzer.index_terms([*titles, *headings, *texts]))
        self._title_tokens.extend(list(islice(terms, len(titles))))
        self._heading_tokens.extend(list(islice(terms, len(headings))))
        self._text_tokens.extend(list(terms))
        self._tokenized_titles, self._tokenized_headings = len(self._documents), len(self._headings.values)
        self._tokenized_texts, self._tokenized_characters = len(self._texts), self.characters

    def columns(self) -> SegmentColumns:
        """Return the content of the segment."""
        self._tokenize()
        path_of, document_of = np.array(self._path_of), np.array(self._document_of)
        texts, headings, titles = (
            tokens.to_arrays() for tokens in (self._text_tokens, self._heading_tokens, self._title_tokens)
        )
        headings_of_paths = np.array(self._headings_of_paths)
        path_offsets = offsets_from_lengths(list(map(len, self._paths.values)))
        paths = headings.concatenate(headings_of_paths, path_offsets)
        own_headings, n = np.array(self._own_headings), np.array(self._n)
        own_offsets = offsets_from_lengths(own_headings)
        # The headings that belong to the passage of a doc are the last ones of its path.
        first = path_offsets[1:].take(path_of) - own_headings
        own = headings_of_paths.take(np.arange(own_offsets[-1]) + np.repeat(first - own_offsets[:-1], own_headings))
        # Terms without a prefix: a posting per doc, with the weighted frequency in text, headings and title. The last
        # two arguments have weight 0, so they add nothing to a frequency. They only record that a term is in the
        # passage of the doc: in a heading that begins at it, or in the title if the doc is the first of its document.
        entries = []
        for block in block_slices(self.size, _SUM_BLOCK_DOCS):
            docs = np.arange(block.stop - block.start)
            own_block, with_title = slice(*own_offsets[[block.start, block.stop]]), np.flatnonzero(n[block] == 1)
            entries.append(
                _sum_frequencies(
                    block.start,
                    texts.occurrences(docs + block.start, docs, weight=1, in_passage=True),
                    paths.occurrences(path_of[block], docs, weight=HEADING_WEIGHT, in_passage=False),
                    titles.occurrences(document_of[block], docs, weight=TITLE_WEIGHT, in_passage=False),
                    headings.occurrences(
                        own[own_block], np.repeat(docs, own_headings[block]), weight=0, in_passage=True
                    ),
                    titles.occurrences(document_of[block][with_title], with_title, weight=0, in_passage=True),
                )
            )
        terms = list(self._terms.values)
        for prefix, tokens in ((HEADING_TERM_PREFIX, paths), (TITLE_TERM_PREFIX, titles)):
            entries.append(_add_field_terms(terms, prefix, tokens))
        return SegmentColumns(
            files=self._files,
            documents=self._documents,
            document_of=document_of,
            n=n,
            page=np.array(self._page),
            is_record=np.array(self._is_record),
            length=texts.counts + HEADING_WEIGHT * paths.counts[path_of] + TITLE_WEIGHT * titles.counts[document_of],
            own_headings=own_headings,
            key=np.array(self._keys),
            printed_numbers=self._printed_numbers,
            section_topics=self._section_topics,
            of_years=self._of_years,
            paths=self._paths.values,
            path_of=path_of,
            text=narrow_code_points("".join(self._texts)),
            text_length=np.fromiter(map(len, self._texts), np.int64, self.size),
            terms=terms,
            entries=entries,
            measures=self._measures.columns(),
            tables=self._tables.columns(),
        )


class _TokenCollector:
    """Collects the tokens of several texts of one field. A token is stored as the code of its term (`DictEncoder`)."""

    def __init__(self, terms: DictEncoder) -> None:
        self._terms = terms
        self._term_indices = bytearray()  # 32-bit integers
        self._counts = array("I")

    def extend(self, texts: Sequence[Sequence[str]]) -> None:
        """Add the tokens of several texts. `texts`: the terms of the tokens of each text."""
        self._term_indices += self._terms.encode_all(chain.from_iterable(texts)).data
        self._counts.extend(map(len, texts))

    def to_arrays(self) -> _Tokens:
        """Return all tokens."""
        return _Tokens(np.frombuffer(self._term_indices, np.uint32), np.array(self._counts, np.int64))


# `_Tokens.occurrences` packs a token into 64 bits. From the highest: term, doc in a block, not-in-passage bit, weight.
_DOC_BITS, _WEIGHT_BITS = 16, 2
_FLAGS_BITS = _WEIGHT_BITS + 1  # the weight, and a bit that is set if the token is outside of the passage


class _Tokens:
    """The tokens of several texts, concatenated."""

    def __init__(self, term_indices: Array, counts: Array) -> None:
        self._term_indices, self._offsets = term_indices, offsets_from_lengths(counts)
        self.counts = counts
        """Number of tokens of each text."""

    def concatenate(self, texts: Array, offsets: Array) -> _Tokens:
        """Return the tokens of new texts, each the concatenation of some of these texts.

        `texts`: indices of texts. Those of the new text i are `texts[offsets[i] : offsets[i + 1]]`.
        """
        counts = np.diff(offsets_from_lengths(self.counts[texts])[offsets])
        return _Tokens(self._take(texts), counts)

    def occurrences(self, texts: Array, docs: Array, *, weight: int, in_passage: bool) -> Array:
        """Return the tokens of texts of a block of docs as packed integers.

        `texts`: indices of texts. `docs`: the doc of each of them, counted from 0 in the block (in `_add_field_terms`,
        the index of the text itself). `weight`: the weight of the field. `in_passage`: False sets the not-in-passage
        bit.
        """
        packed: Array = self._take(texts).astype(np.uint64)
        packed <<= np.uint64(_DOC_BITS)
        packed |= np.repeat(docs.astype(np.uint16), self.counts[texts])
        packed <<= np.uint64(_FLAGS_BITS)
        packed |= np.uint64((not in_passage) << _WEIGHT_BITS | weight)
        return packed

    def _take(self, texts: Array) -> Array:
        """Return the term index of each token of the texts at the given indices, concatenated."""
        counts = self.counts[texts]
        shifts = self._offsets[texts] - offsets_from_lengths(counts)[:-1]
        term_indices: Array = self._term_indices.take(np.arange(int(counts.sum())) + np.repeat(shifts, counts))
        return term_indices


def _add_field_terms(terms: list[str], prefix: str, tokens: _Tokens) -> PostingEntries:
    """Append the terms of a field to `terms`, each with the prefix of the field, and return their postings.

    `PostingEntries.doc` of these postings is the index of a heading path, or a document number (for a title). `terms`
    begins with the terms without a prefix.
    """
    texts = np.arange(len(tokens.counts))
    field = _sum_frequencies(0, tokens.occurrences(texts, texts, weight=1, in_passage=True))
    used, index = np.unique(field.term, return_inverse=True)
    entries = PostingEntries(index + np.uint32(len(terms)), field.doc, field.tf, field.in_passage)
    terms += [prefix + terms[term] for term in used.tolist()]
    return entries


def _sum_frequencies(doc_base: int, *occurrences: Array) -> PostingEntries:
    """Sum the weights of occurrences of the same term in the same doc.

    `occurrences`: from `_Tokens.occurrences`, for one block of docs. `doc_base`: the id of the first doc of the block.
    """
    packed = np.concatenate(occurrences)
    packed.sort()
    starts = np.flatnonzero(run_start_mask(packed >> np.uint64(_FLAGS_BITS)))
    weight = packed.astype(np.uint8) & np.uint8((1 << _WEIGHT_BITS) - 1)
    first = packed.take(starts)  # the first occurrence of the term in the doc: one in the passage, if there is any
    doc = (first >> np.uint64(_FLAGS_BITS)).astype(np.uint16)
    return PostingEntries(
        (first >> np.uint64(_FLAGS_BITS + _DOC_BITS)).astype(np.uint32),
        doc + np.uint16(doc_base),
        narrowest(np.add.reduceat(weight, starts, dtype=np.uint32)) if len(starts) else weight,
        first & np.uint64(1 << _WEIGHT_BITS) == 0,
    )
