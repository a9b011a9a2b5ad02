"""The index reader: the segments of a commit as one index, with doc ids over all segments, and the corpus order.

A doc is a paragraph, a document a report or a record of a corpus file.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, pairwise
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from searchkit.engines.columnar.arrays import (
    Array,
    MemoryArrays,
    damaged_file,
    keep_freed_memory,
    narrowest,
    run_start_mask,
)
from searchkit.engines.columnar.cache import Cache
from searchkit.engines.columnar.columns import DictEncoder, parse_values
from searchkit.engines.columnar.commit import read_commit
from searchkit.engines.columnar.docsets import DocSet, pack_bits
from searchkit.engines.columnar.matching.matcher import Matcher
from searchkit.engines.columnar.measures import join_indicators
from searchkit.engines.columnar.postings import IndexTerms
from searchkit.engines.columnar.segment import SegmentReader, open_segment, paragraph_with
from searchkit.engines.columnar.text import SegmentText, text_arrays
from searchkit.engines.contract import decoding
from searchkit.engines.indicators import Indicators
from searchkit.engines.ranking import K1, B
from searchkit.model import Document, Table
from searchkit.names import PARAGRAPH_FACETS
from searchkit.query.facets import Facet, facet_values
from searchkit.text.folding import fold_all

MAX_IMPACT = 255
"""Maximum of `IndexReader.impacts`."""
IMPACT_GROUP_SIZE = 4
"""Number of docs of a group of `IndexReader.max_impacts`."""
_MAX_CACHED_IMPACTS = 16  # number of terms whose impacts, or maximum impacts, are cached: at most a byte per doc each
_NULL = b"null"  # the JSON of None, as columns store it
# Number of grams (characters and bigrams) whose document frequencies, or offsets in the alphabets, are cached.
_MAX_CACHED_GRAMS = 4096
_MAX_CACHED_TITLES = 1 << 14  # number of documents with cached folded titles above which their cache is emptied
_IMPACT_BLOCK_DOCS = 1 << 16  # docs whose impacts are computed together: temporary arrays stay in the processor's cache
_LOW_BITS = (1 << 16) - 1
_INDICATORS_PER_CODE = 16
"""If at most one code per 16 indicators of the index is given, `IndexReader.join_indicators` joins only the indicators
of these codes."""
_FLOAT32_ERROR = 1e-6  # more than the relative rounding error of a few operations with 32-bit floats


@dataclass(frozen=True)
class FacetColumn:
    """The values of a facet as ordinals, for counting and sorting.

    Docs with the same key have the same values. The key of a doc is its document number or, for a facet of paragraphs,
    a code: for topic, the code of the stored pair of section and topics. The codes are assigned over all segments
    (`IndexReader._load_facet_column`).
    """

    key_of: Array
    """Key of each doc."""
    ordinals: Array
    """`ordinals[i, key]` is the ordinal of value i of a key, or `missing` if the key has at most i values."""
    values: list[str]
    """The distinct values, sorted. The ordinal of a value is its index."""
    is_per_document: bool
    """Whether keys are document numbers. Otherwise they are codes."""

    @property
    def missing(self) -> int:
        """The ordinal that means no value. It follows the ordinal of the last value."""
        return len(self.values)

    def count(self, ordinals: Array) -> Array:
        """Return the number of docs with each value, followed by the number of docs without a value.

        `ordinals`: for each doc, the column of `self.ordinals` for its key.
        """
        counts = np.bincount(ordinals.reshape(-1), minlength=self.missing + 1)
        counts[-1] = np.count_nonzero(ordinals[0] == self.missing)  # docs without a first value have no value
        return counts

    @cached_property
    def packed_bitsets(self) -> Array:
        """Rows of `docsets.pack_bits`: the docs with each value, and in the last row the docs without a value."""
        key_masks = [
            np.logical_or.reduce([column == ordinal for column in self.ordinals]) for ordinal in range(self.missing)
        ]
        return np.array([pack_bits(mask.take(self.key_of)) for mask in (*key_masks, self.ordinals[0] == self.missing)])


class IndexTables(NamedTuple):
    """The tables of an index. A table of a split document can have several parts, which are consecutive and in order.

    Arrays have one element per part.
    """

    segment: Array
    """Index of the segment."""
    number: Array
    """Index of the part in its segment (`SegmentReader.table`)."""
    doc: Array
    """Doc id of the first row."""
    row_count: Array
    """Number of rows, each of them a doc."""
    first_row: Array
    """Index in the table of the first row."""


class DocumentBits(NamedTuple):
    """The ends of documents as packed bits (`docsets.pack_bits`).

    With them, `FacetCollector._count_rows` counts the documents that have a match: it adds `others` to the matches that
    are not last docs, and the carry of each document with such a match reaches the bit of its last doc. Words are the
    64-bit words of the packed bits.
    """

    last: Array
    """The bits of the last docs of documents."""
    others: Array
    """The bits of all other docs."""
    carry_paths: Sequence[tuple[int, Array]]
    """Pairs of a distance in words (1, 2, 4 and so on) and a mask of words.

    In a word without a last doc, all bits of `others` are set, so a carry into the word is also a carry out of it. The
    mask is True for a word if it and the words before it, `distance` words in all, have no last doc: a carry out of the
    word `distance` words before is then also a carry out of this word. The first element of the mask is that of the
    word with the index `distance`.
    """


class IndexReader:
    """An open index. Arrays over the docs of all segments are computed when they are first needed, and then cached."""

    def __init__(self, folder: Path) -> None:
        """Open the commit in `folder` and its segments. Raises the same exceptions as `read_commit`."""
        keep_freed_memory()
        self._folder = folder
        self.commit = read_commit(folder)
        path = str(folder)  # creating a `Path` takes as long as opening a file
        self.segments = [open_segment(f"{path}/{name}") for name in self.commit.segments]
        self._facet_columns: dict[Facet, FacetColumn] = {}
        self._concatenated_arrays: dict[str, Array] = {}
        self._impacts: Cache[str, Array] = Cache(_MAX_CACHED_IMPACTS)
        self._max_impacts: Cache[str, Array] = Cache(_MAX_CACHED_IMPACTS)
        self._alphabet_offsets: Cache[str, Array] = Cache(_MAX_CACHED_GRAMS)
        self._gram_dfs: dict[str, int] = {}
        self._folded_titles: dict[int, str] = {}

    # docs and documents

    @cached_property
    def doc_bases(self) -> list[int]:
        """First doc id of each segment, followed by the number of docs."""
        return list(accumulate((segment.size for segment in self.segments), initial=0))

    @property
    def size(self) -> int:
        """Number of docs, deleted ones included."""
        return self.doc_bases[-1]

    @cached_property
    def document_bases(self) -> Array:
        """First document number of each segment, followed by the number of documents."""
        bases = np.cumsum([0, *(segment.document_count for segment in self.segments)])
        if not len(self.commit.live_documents) == len(self.commit.ranks) == bases[-1]:
            raise damaged_file(self._folder)
        return bases

    @cached_property
    def document_of(self) -> Array:
        """Document number of each doc."""
        parts = [
            segment.document_of + np.uint32(base)
            for segment, base in zip(self.segments, self.document_bases.tolist(), strict=False)
        ]
        return np.concatenate([np.empty(0, np.uint32), *parts])

    @cached_property
    def first_doc_ids(self) -> Array:
        """First doc id of each document."""
        parts = [
            segment.document_offsets[:-1] + base for segment, base in zip(self.segments, self.doc_bases, strict=False)
        ]
        return np.concatenate([np.empty(0, np.int64), *parts])

    @cached_property
    def first_parts(self) -> Array | None:
        """For each document the number by which it is counted.

        A document that is too large for a segment is split: its parts are stored as several documents with the same id,
        and each live part is counted by the lowest number of a live part. Any other document is counted by its own
        number. The value is None if no document is split. Otherwise reads the ids of all documents.
        """
        firsts = (segment.docs_array("n").take(segment.document_offsets[:-1]) for segment in self.segments)
        if all((first <= 1).all() for first in firsts):
            return None
        numbers, live = np.arange(len(self.first_doc_ids)), np.flatnonzero(self.commit.live_documents)
        ids = self.facet_column(Facet("document")).ordinals[0].take(live)
        _, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
        numbers[live] = live.take(first).take(inverse)
        return numbers

    def document_numbers(self, doc_ids: Array) -> Array:
        """Return the number by which the document of each doc is counted: the same for all live parts of a document.

        Ascends with the doc ids, unless a document is split.
        """
        numbers = self.document_of.take(doc_ids)
        return numbers if self.first_parts is None else self.first_parts.take(numbers)

    def whole_documents(self, docs: DocSet) -> DocSet:
        """Return all docs of the documents that have a doc in a set."""
        is_chosen = np.zeros(len(self.first_doc_ids), bool)
        is_chosen[self.document_numbers(docs.ids)] = True
        return DocSet.of_bitset(is_chosen.take(self.document_numbers(np.arange(self.size))))

    @cached_property
    def document_bits(self) -> DocumentBits:
        """The ends of the documents of the index."""
        is_last = np.zeros(self.size, bool)
        is_last[self.first_doc_ids[1:] - 1] = True
        is_last[-1:] = True
        last, others = pack_bits(np.array([is_last, ~is_last]))
        paths, distance, is_passed_on = [], 1, last == 0
        while is_passed_on[distance:].any():
            paths.append((distance, is_passed_on[distance:].copy()))
            is_passed_on[distance:] &= is_passed_on[:-distance].copy()
            distance *= 2
        return DocumentBits(last, others, paths)

    @cached_property
    def document_bit_offsets(self) -> tuple[Array, Array]:
        """Position in `pack_bits` of the first doc of each document, followed by the position after the last doc.

        A position is the index of a 64-bit word, and a mask of the bits of this word that are lower than the doc's bit.
        """
        word, bit = np.divmod(np.append(self.first_doc_ids, self.size), 64)
        return word, (np.uint64(1) << bit.astype(np.uint64)) - np.uint64(1)

    def concatenated_array(self, name: str) -> Array:
        """Return the arrays `name` of all segments, concatenated.

        `name`: an array with an element per doc, or `text_offsets`.
        """
        if name not in self._concatenated_arrays:
            ends = name == "text_offsets"  # in each segment, it has one element more than docs
            parts = [segment.arrays.column(name, segment.size + ends) for segment in self.segments]
            self._concatenated_arrays[name] = np.concatenate([np.empty(0, np.uint8), *parts])
        return self._concatenated_arrays[name]

    def locate(self, doc_id: int) -> tuple[SegmentReader, int]:
        """Return the segment that contains a doc, and the doc id in this segment."""
        index = bisect_right(self.doc_bases, doc_id) - 1
        return self.segments[index], doc_id - self.doc_bases[index]

    def document(self, number: int) -> Document:
        """Return a document by its number."""
        index = int(np.searchsorted(self.document_bases, number, "right")) - 1
        return self.segments[index].document(number - int(self.document_bases[index]))

    def documents_of(self, doc_ids: Array) -> Array:
        """Return the document number of each of a few docs, without computing `document_of`."""
        documents: Array = self.first_doc_ids.searchsorted(doc_ids, "right") - 1
        return documents

    def folded_titles(self, doc_ids: Array) -> tuple[list[str], Array]:
        """Return the folded titles of the documents of some docs, and the index in this list of the title of each doc.

        The doc ids ascend. A document without a title has an empty one. The titles of recent documents are cached.
        """
        documents = self.documents_of(doc_ids)
        is_first = run_start_mask(documents)
        numbers, cached = documents.compress(is_first).tolist(), self._folded_titles
        new = [number for number in numbers if number not in cached]
        if new:
            if len(cached) > _MAX_CACHED_TITLES:
                cached, new = {}, numbers
            cached.update(zip(new, self._fold_titles(np.array(new)), strict=True))
            self._folded_titles = cached
        return [cached[number] for number in numbers], is_first.cumsum() - 1

    def _fold_titles(self, numbers: Array) -> list[str]:
        """Return the folded title of each document. The numbers ascend."""
        titles: list[str] = []
        bases = self.document_bases
        for segment, base, (start, end) in zip(
            self.segments, bases.tolist(), pairwise(numbers.searchsorted(bases).tolist()), strict=False
        ):
            if start < end:
                titles += [title or "" for title in segment.column("title").take(numbers[start:end] - base)]
        return fold_all(titles)

    @cached_property
    def tables(self) -> IndexTables:
        """The tables of the live documents, in corpus order. Doc ids are those of the index."""
        parts = [
            (
                np.full(len(segment.tables.doc), index),
                np.arange(len(segment.tables.doc)),
                segment.tables.doc + base,
                segment.tables.row_count,
                segment.tables.first_row,
            )
            for index, (segment, base) in enumerate(zip(self.segments, self.doc_bases, strict=False))
        ]
        none = (np.empty(0, np.int64),) * len(IndexTables._fields)
        tables = IndexTables(*map(np.concatenate, zip(none, *parts, strict=True)))
        order = np.argsort(self.order_keys(tables.doc), kind="stable")
        if self.live_docs is not None:
            order = order[self.live_docs[tables.doc[order]]]
        return IndexTables(*(column[order] for column in tables))

    def table(self, index: int) -> Table:
        """Return a table, or a part of a table, by its index in `tables`."""
        segment = self.segments[int(self.tables.segment[index])]
        return segment.table(self.tables.number.item(index))

    # near-duplicates

    @cached_property
    def keys(self) -> Array:
        """Near-duplicate key of each doc; 0 = none."""
        return self.concatenated_array("key").astype(np.int64, copy=False)

    def docs_with_keys(self, keys: Array) -> Array:
        """Return the docs, ascending, that have one of the given keys, which are not 0. Takes about 2 ns per doc."""
        # Candidates are found by the low bits, which few other docs share with the given keys.
        is_low = np.zeros(1 << 16, bool)
        is_low[keys & _LOW_BITS] = True
        docs = is_low.take(self.keys & _LOW_BITS).nonzero()[0]
        return docs.compress(np.isin(self.keys.take(docs), keys))

    # order

    @cached_property
    def is_in_order(self) -> bool:
        """Whether doc ids are in corpus order and all docs are live, as is usual after a full build."""
        ranks = self.commit.ranks
        return bool(self.commit.live_documents.all() and (ranks[1:] > ranks[:-1]).all())

    @cached_property
    def corpus_order(self) -> Array:
        """Numbers of the live documents in corpus order."""
        live = np.arange(self.document_bases[-1])[self.commit.live_documents]
        return live[np.argsort(self.commit.ranks[live], kind="stable")]

    def order_keys(self, doc_ids: Array) -> Array:
        """Return a sort key for each given doc. Docs sorted by their keys are in corpus order."""
        if self.is_in_order:
            return doc_ids
        documents = self.document_of[doc_ids]
        # The rank of the document in the upper 32 bits, the position of the doc in the document in the lower ones.
        within = doc_ids - self.first_doc_ids[documents]
        keys: Array = self.commit.ranks[documents].astype(np.int64) << 32 | within
        return keys

    def first(self, docs: DocSet, limit: int) -> Array:
        """Return the ids, ascending, of the first docs of a set in corpus order, at most `limit`."""
        if self.is_in_order:
            return docs.first(limit)
        doc_ids = docs.ids
        return np.sort(doc_ids.take(np.argsort(self.order_keys(doc_ids), kind="stable")[:limit]))

    def rank(self, doc_ids: Array, scores: Array) -> Array:
        """Return the indices that sort docs by score, descending, then in corpus order. `doc_ids` must ascend."""
        if self.is_in_order:
            return (-scores).argsort(kind="stable")
        return np.lexsort((self.order_keys(doc_ids), -scores))

    # live docs

    @cached_property
    def live_docs(self) -> Array | None:
        """Mask of the live docs, or None if all docs are live."""
        live_documents = self.commit.live_documents
        return None if live_documents.all() else live_documents.take(self.document_of)

    def live_documents(self, segment_index: int) -> Array:
        """Return a mask of the live documents of a segment."""
        start, end = self.document_bases[segment_index : segment_index + 2].tolist()
        mask: Array = self.commit.live_documents[start:end]
        return mask

    # terms and frequencies

    @cached_property
    def matcher(self) -> Matcher:
        """The matcher of query trees."""
        return Matcher(self.segments, self.doc_bases, self.terms, self.live_docs)

    @cached_property
    def terms(self) -> IndexTerms:
        """The terms of all segments."""
        return IndexTerms([segment.postings for segment in self.segments], self.doc_bases, self.live_docs)

    def norms(self, doc_ids: Array) -> Array:
        """Return the norm of each given doc: the number that BM25 adds to tf in the denominator."""
        norms: Array = K1 * (1 - B + B * self.concatenated_array("length").take(doc_ids) / self._average_length)
        return norms

    def gram_norms(self, gram: Literal["character", "bigram"], doc_ids: Array) -> Array:
        """Return the norm of each given doc for grams of one size."""
        commit = self.commit
        total = commit.total_characters if gram == "character" else commit.total_bigrams
        lengths = self.concatenated_array(f"{gram}_count").take(doc_ids)
        norms: Array = K1 * (1 - B + B * lengths / (total / (commit.doc_count or 1) or 1))
        return norms

    @property
    def _average_length(self) -> float:
        """Average length of the live docs; 1 if it is 0 or there is no doc."""
        return self.commit.total_length / (self.commit.doc_count or 1) or 1

    def impacts(self, term: str) -> Array:
        """Return the quantised impact of a term in each doc, ⌈255·tf/(tf+norm)⌉, in 8 bits; 0 in docs without the term.

        Rounding errors can make it 1 higher, but not lower. Takes 2 ns per doc of the index, less for a rare term. The
        impacts of recent terms are cached.
        """
        return self._impacts.get(term, self._compute_impacts)

    def max_impacts(self, term: str) -> Array:
        """Return the maximum impact of a term in each group of `IMPACT_GROUP_SIZE` docs. The results are cached.

        With n groups, group i consists of the docs i, n + i, 2n + i and so on, so that the maxima of all groups are
        computed at once.
        """
        return self._max_impacts.get(term, self._compute_max_impacts)

    def _compute_max_impacts(self, term: str) -> Array:
        group_count = -(-self.size // IMPACT_GROUP_SIZE)
        impacts = np.zeros(group_count * IMPACT_GROUP_SIZE, np.uint8)
        impacts[: self.size] = self.impacts(term)
        maxima: Array = impacts.reshape(IMPACT_GROUP_SIZE, group_count).max(axis=0)
        return maxima

    def _compute_impacts(self, term: str) -> Array:
        """Return the impacts of a term in all docs. For a rare term, computes only the docs with the term."""
        impacts, doc_ids = np.zeros(self.size, np.uint8), self.terms.rare_doc_ids(term)
        if doc_ids is not None:
            impacts[doc_ids] = self._quantised_impacts(term, doc_ids)
            return impacts
        for start in range(0, self.size, _IMPACT_BLOCK_DOCS):
            impacts[start : start + _IMPACT_BLOCK_DOCS] = self._quantised_impacts(
                term, slice(start, start + _IMPACT_BLOCK_DOCS)
            )
        return impacts

    def _quantised_impacts(self, term: str, doc_ids: Array | slice) -> Array:
        """Return the impact of a term in each given doc.

        Impacts are computed with 32-bit floats, and increased by more than the rounding error, so that none is too low.
        """
        tf = self.terms.frequencies(term, doc_ids).astype(np.float32)
        lengths = self.concatenated_array("length")
        impacts = (lengths[doc_ids] if isinstance(doc_ids, slice) else lengths.take(doc_ids)).astype(np.float32)
        impacts *= np.float32(K1 * B / self._average_length)
        impacts += np.float32(K1 * (1 - B))
        impacts += tf
        np.divide(tf, impacts, out=impacts)
        impacts *= np.float32(MAX_IMPACT * (1 + _FLOAT32_ERROR))
        return np.minimum(np.ceil(impacts, out=impacts), MAX_IMPACT, out=impacts)

    def gram_codes(self, characters: Sequence[str]) -> tuple[list[int], Array]:
        """Number the characters of the alphabets of all segments by their index in `characters`.

        The number of a character, its gram code, is the index, from 1, of its folded form in `characters`, or 0 if it
        is not there. Returns two values: the offset of the alphabet of each segment in the concatenation of all
        alphabets, followed by the end of the last one; and the gram codes of the concatenation.
        """
        starts, _ = self._alphabets
        codes = np.zeros(starts[-1], np.min_scalar_type(len(characters)))
        for code, character in enumerate(characters, 1):
            codes[self._alphabet_offsets.get(character, self._find_in_alphabets)] = code
        return starts, codes

    @cached_property
    def _alphabets(self) -> tuple[list[int], Array]:
        """The folded alphabets of all segments: the offset of each, followed by the end, and all code points."""
        parts = [segment.text.folded_alphabet for segment in self.segments]
        return list(accumulate(map(len, parts), initial=0)), np.concatenate([np.empty(0, np.uint32), *parts])

    def _find_in_alphabets(self, character: str) -> Array:
        """Return the offsets in `_alphabets` of all characters whose folded form is `character`."""
        _, alphabets = self._alphabets
        offsets: Array = (alphabets == ord(character)).nonzero()[0]
        return offsets

    def gram_dfs(self, grams: Sequence[str]) -> list[int]:
        """Return for each gram the number of live docs whose folded text contains the gram.

        Either all grams have one character, or all have two.
        """
        cached = self._gram_dfs
        new = [gram for gram in grams if gram not in cached]
        if new:
            cached, new = ({}, list(grams)) if len(cached) > _MAX_CACHED_GRAMS else (cached, new)
            total = np.zeros(len(new), np.int64)
            for segment, deleted in zip(self.segments, self._deleted_texts, strict=True):
                total += segment.text.gram_dfs(new)
                if deleted is not None:
                    total -= deleted.gram_dfs(new)
            if int(total.min()) < 0 or int(total.max()) > self.size:
                raise damaged_file(self._folder)
            # A single assignment, so that another thread sees either the old cache or the complete new one.
            self._gram_dfs = cached = {**cached, **dict(zip(new, total.tolist(), strict=True))}
        return [cached[gram] for gram in grams]

    @cached_property
    def _deleted_texts(self) -> list[SegmentText | None]:
        """For each segment a text with only its deleted docs, or None if no doc is deleted.

        The document frequencies of this text are subtracted from the document frequencies of the segment.
        """
        texts: list[SegmentText | None] = []
        for segment_index, segment in enumerate(self.segments):
            live_documents = self.live_documents(segment_index)
            if live_documents.all():
                texts.append(None)
            else:
                deleted = np.flatnonzero(~live_documents[segment.document_of])
                texts.append(SegmentText(MemoryArrays(text_arrays(*segment.text.characters(deleted))[0])))
        return texts

    # measures

    def join_indicators(self, codes: Sequence[Array]) -> tuple[Indicators, list[Array]]:
        """Return distinct indicators, and for each segment the ordinals of the given codes.

        The ordinal of a code is the index of its indicator in the first result. `codes`: for each segment, codes of its
        column of indicators. If they are few, the first result contains only their indicators. Otherwise it contains
        all indicators of the index, which are cached. If there are no codes, nothing is read.
        """
        if not any(map(len, codes)):
            return Indicators.of_texts(()), [*codes]
        segments = [segment.measures for segment in self.segments]
        total = sum(segment.indicators.value_count for segment in segments)
        if sum(map(len, codes)) * _INDICATORS_PER_CODE > total:
            return self._indicators[0], [of.take(part) for of, part in zip(self._indicators[1], codes, strict=True)]
        distinct = [np.unique(part, return_inverse=True) for part in codes]
        indicators, ordinals = join_indicators(segments, [part for part, _ in distinct])
        return indicators, [of.take(inverse) for of, (_, inverse) in zip(ordinals, distinct, strict=True)]

    @cached_property
    def _indicators(self) -> tuple[Indicators, list[Array]]:
        """All distinct indicators, and for each segment the ordinal of each code of its column of indicators."""
        return join_indicators([segment.measures for segment in self.segments])

    # facets

    def facet_column(self, facet: Facet) -> FacetColumn:
        """Return the values of a facet."""
        column = self._facet_columns.get(facet)
        if column is None:
            column = self._facet_columns[facet] = self._load_facet_column(facet)
        return column

    def _load_facet_column(self, facet: Facet) -> FacetColumn:
        """Build the column of a facet from the columns of all segments."""
        # Codes over all segments are assigned to the stored JSON texts, so that each distinct value is parsed once.
        texts, codes, column_name = DictEncoder(), [], ""
        for segment in self.segments:
            column, column_name = segment.facet_column(facet.name)
            if column is None:
                codes.append(np.full(segment.document_count, texts.encode(_NULL), np.int64))
            else:
                codes.append(np.array(list(map(texts.encode, column.json_values())), np.int64)[column.codes])
        with decoding(self._folder):
            parsed = parse_values(texts.values)
        values_of_code = [facet_values(paragraph_with(column_name, value), facet) for value in parsed]
        values = sorted(set(chain.from_iterable(values_of_code)))
        ordinal_of = {value: ordinal for ordinal, value in enumerate(values)}
        rows = np.full((max([1, *map(len, values_of_code)]), len(values_of_code)), len(values))
        for code, facet_values_of_code in enumerate(values_of_code):
            rows[: len(facet_values_of_code), code] = [ordinal_of[value] for value in facet_values_of_code]
        code_of = np.concatenate([np.empty(0, np.int64), *codes])
        if facet.name in PARAGRAPH_FACETS:
            return FacetColumn(narrowest(code_of), rows, values, is_per_document=False)
        return FacetColumn(self.document_of, rows.take(code_of, axis=1), values, is_per_document=True)

    def find_problem(self) -> str | None:
        """Return a message about an inconsistency between the commit and its segments, or None."""
        commit, document_count = self.commit, int(self.document_bases[-1])
        if len(commit.live_documents) != document_count or len(commit.ranks) != document_count:
            return f"the commit has {len(commit.live_documents)} documents, its segments have {document_count}"
        if len(np.unique(commit.ranks[commit.live_documents])) != int(commit.live_documents.sum()):
            return "several documents have the same rank in corpus order"
        files = [name for segment in self.segments for name in segment.column("file").to_list()]
        in_order = [files[number] for number in self.corpus_order.tolist()]
        if in_order != sorted(in_order):
            return "documents are not in the order of their files"
        totals = [segment.totals(self.live_documents(index)) for index, segment in enumerate(self.segments)]
        total = tuple(map(sum, zip((0, 0, 0, 0), *totals, strict=True)))
        if total != (commit.doc_count, commit.total_length, commit.total_characters, commit.total_bigrams):
            return "the totals of the commit are not those of its segments"
        return None
