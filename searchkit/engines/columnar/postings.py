"""The inverted index: the term dictionary, and sparse or dense postings with frequencies.

A doc is a paragraph. There are three kinds of terms, told apart by their first character:

- A term without a prefix has a posting for each doc with the term in its text, headings or title. The frequency is the
  sum over the three fields, weighted by field. Postings also store whether the term is in the passage of the doc
  (`query.tree.PASSAGE`), or only in a heading or title that belongs to an earlier doc.
- A term with `HEADING_TERM_PREFIX` has a posting for each heading path that contains the term. The heading path of a
  doc is the list of all headings above it.
- A term with `TITLE_TERM_PREFIX` has a posting for each document whose title contains the term.

In postings of the last two kinds, "doc ids" are indices of heading paths or document numbers.

Sparse postings: a term in at most a quarter of the docs has doc ids of 16 bits and frequencies of 4 bits. The docs with
the term in their passage come first, then the other docs. Terms with a prefix always have sparse postings.

Dense postings: a more frequent term has a byte per doc, with the frequency and a bit that is set if the term is in the
passage. Sparse postings are expanded to the same layout when frequencies are read, and for matching if more than one of
32 docs has the term, so that one pass serves matching and scoring.

Overflow: a frequency above 14 in sparse postings, or above 127 in dense postings, is stored separately.
"""

from __future__ import annotations

import bisect
import heapq
from collections.abc import Sequence
from itertools import groupby, islice
from typing import Any, NamedTuple

import numpy as np

from searchkit.engines.columnar.arrays import (
    Array,
    Arrays,
    ByteStrings,
    CheckedArray,
    block_slices,
    byte_string_arrays,
    count_values,
    damaged_file,
    narrowest,
    offsets_from_lengths,
)
from searchkit.engines.columnar.cache import Cache
from searchkit.engines.columnar.docsets import MATCH_BIT, DocSet

TITLE_TERM_PREFIX, HEADING_TERM_PREFIX = "\x01", "\x02"
"""First character of terms of titles, and of terms of heading paths, in the dictionary."""
IN_PASSAGE_BIT = MATCH_BIT
"""Added to the frequency in dense postings if the term is in the passage."""
_MAX_SPARSE_TF, _MAX_DENSE_TF = 14, 127  # highest frequencies that do not overflow: 4 bits (15 = overflow), and 7 bits
_MAX_SORTED_TF = 255  # highest frequency that the sort key of `_sort_entries` contains; 256 is for all higher ones
_RARE_TERM_RATIO = 32  # a term with sparse postings is rare if at most 1/32 of the docs have it: it is matched as ids
_MAX_CACHED_TERMS = 1024  # number of terms whose ordinal in a segment, or `_TermState` in the index, is cached
_MAX_CACHED_EXPANDED = 8  # number of terms whose expanded postings in a segment are cached, up to 64 KB per term
MAX_CACHED_INDEX_POSTINGS = 16
"""Number of terms whose dense postings in the index are cached, mostly a byte per doc. `Scorer.score` computes the
scores of at most this number of terms at a time."""
DENSE_TERM_RATIO = 4
"""A term without a prefix has dense postings if more than 1/4 of the docs have the term."""
_KEY_LENGTH = 2  # number of characters of a term that are compared as one integer
_MAX_KEY_CODE_POINT = 0xFFFF  # in the key of a term, higher code points are replaced by this one


class PostingEntries(NamedTuple):
    """Unsorted postings as parallel arrays, one element per pair of term and doc."""

    term: Array
    """Index in a list of terms."""
    doc: Array
    """Doc id; for a term of headings the index of the heading path, for a term of titles the document number."""
    tf: Array
    """Frequency; for a term without a prefix the weighted sum over text, headings and title."""
    in_passage: Array
    """Boolean: whether the term is in the passage of the doc. True for all terms with a prefix."""

    def take(self, indices: Array) -> PostingEntries:
        """Return the entries at the given indices."""
        return PostingEntries(*(column[indices] for column in self))


def concatenate_entries(parts: Sequence[PostingEntries]) -> PostingEntries:
    """Concatenate entries that share one list of terms."""
    return PostingEntries(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


class SortedPostings(NamedTuple):
    """Postings sorted by term, then those in the passage before the others, then by doc."""

    terms: Sequence[str]
    """Terms, ascending. Each has at least one posting."""
    offsets: Array
    """Offset of the postings of each term in `doc`, `tf` and `in_passage`, followed by the end of the last postings."""
    not_in_passage: Array
    """Number of postings of each term in which `in_passage` is False."""
    doc: Array
    """As `PostingEntries.doc`, in 16 bits."""
    tf: Array
    """As `PostingEntries.tf`."""
    in_passage: Array
    """As `PostingEntries.in_passage`."""


def sort_postings(terms: Sequence[str], entries: Sequence[PostingEntries]) -> SortedPostings:
    """Sort postings. `terms`: distinct terms; `PostingEntries.term` is an index in this list.

    Terms without postings are dropped.
    """
    counts, not_in_passage = np.zeros((2, len(terms)), np.int64)
    for part in entries:
        counts += count_values(part.term, len(terms))
        not_in_passage += count_values(part.term.compress(~part.in_passage), len(terms))
    used = sorted(np.flatnonzero(counts).tolist(), key=terms.__getitem__)  # the same order as by UTF-8
    rank = np.zeros(len(terms), np.uint64)
    rank[used] = np.arange(len(used), dtype=np.uint64)
    doc, tf, in_passage = _sort_entries(rank, entries)
    return SortedPostings(
        [terms[i] for i in used], offsets_from_lengths(counts[used]), not_in_passage[used], doc, tf, in_passage
    )


def posting_arrays(postings: SortedPostings, size: int) -> dict[str, Array]:
    """Return the arrays of the term dictionary and the postings of a segment of `size` docs."""
    counts = np.diff(postings.offsets)
    is_dense = counts > size // DENSE_TERM_RATIO
    # The terms of titles and headings, which come first in the dictionary, always have sparse postings.
    is_dense[: bisect.bisect_left(postings.terms, chr(ord(HEADING_TERM_PREFIX) + 1))] = False
    dense_terms, is_sparse = np.flatnonzero(is_dense), np.repeat(~is_dense, counts)
    overflow = np.flatnonzero(postings.tf > _MAX_SPARSE_TF)
    overflow = overflow.compress(is_sparse.take(overflow) | (postings.tf.take(overflow) > _MAX_DENSE_TF))
    return {
        **byte_string_arrays("terms", [term.encode("utf-8", "surrogatepass") for term in postings.terms]),
        "term_keys": _term_keys(postings.terms),
        "posting_offsets": narrowest(offsets_from_lengths(np.where(is_dense, 0, counts))),
        "posting_not_in_passage": narrowest(np.where(is_dense, 0, postings.not_in_passage)),
        "posting_docs": postings.doc.compress(is_sparse),
        "posting_tf": _pack_nibbles(np.minimum(postings.tf.compress(is_sparse), _MAX_SPARSE_TF + 1).astype(np.uint8)),
        "dense_terms": narrowest(dense_terms),
        "dense_postings": _dense_postings(postings, dense_terms, size),
        "overflow_terms": narrowest(postings.offsets.searchsorted(overflow, "right") - 1),
        "overflow_docs": postings.doc[overflow],
        "overflow_tf": narrowest(postings.tf[overflow]),
    }


class SegmentPostings:
    """The term dictionary and the postings of an open segment.

    The ordinal of a term is its position in the dictionary, which is sorted by UTF-8 bytes.
    """

    def __init__(self, arrays: Arrays, size: int) -> None:
        self._arrays, self._size = arrays, size
        self._terms = ByteStrings(arrays, "terms")
        count = len(self._terms)
        self._keys = arrays.column("term_keys", count)
        self._docs, self._tf = arrays.checked("posting_docs", size), arrays.checked("posting_tf")
        self._offsets = arrays.offsets("posting_offsets", count, len(self._docs))
        self._not_in_passage = arrays.column("posting_not_in_passage", count)
        self._overflow_count = len(arrays.checked("overflow_terms"))
        self._dense_postings, dense_terms = arrays.checked("dense_postings"), arrays.checked("dense_terms", count).all()
        self._dense_rows = {int(term_ord): row for row, term_ord in enumerate(dense_terms)}
        if (
            len(self._dense_postings) != len(dense_terms) * size
            or (self._not_in_passage > self._offsets[1:] - self._offsets[:-1]).any()
        ):
            raise damaged_file(arrays.path)
        self._ords: Cache[str, int | None] = Cache(_MAX_CACHED_TERMS)
        self._expanded: Cache[int, Array] = Cache(_MAX_CACHED_EXPANDED)

    @property
    def term_count(self) -> int:
        """Number of terms."""
        return len(self._terms)

    def ord_of(self, term: str) -> int | None:
        """Return the ordinal of a term, or None. Takes one to three binary searches, unless the result is cached."""
        return self._ords.get(term, self._look_up)

    def _look_up(self, term: str) -> int | None:
        """Return the ordinal of a term, or None: find its first two characters, then compare complete terms."""
        encoded = term.encode("utf-8", "surrogatepass")
        key = np.uint32(_term_key(term))
        term_ord = int(self._keys.searchsorted(key))
        if term_ord == len(self._keys) or self._keys[term_ord] != key:
            return None
        if self._terms[term_ord] != encoded:  # several terms may have the same key
            end = int(self._keys.searchsorted(key, "right"))
            term_ord = bisect.bisect_left(self._terms, encoded, term_ord, end)
        return term_ord if term_ord < len(self._terms) and self._terms[term_ord] == encoded else None

    def prefix_range(self, prefix: str, last: str | None = None) -> range:
        """Return the ordinals of the terms that begin with `prefix`, up to and including `last` if it is given."""
        encoded = prefix.encode("utf-8", "surrogatepass")
        start = bisect.bisect_left(self._terms, encoded)
        if last is not None:
            return range(start, bisect.bisect_right(self._terms, last.encode("utf-8", "surrogatepass"), lo=start))
        return range(start, bisect.bisect_left(self._terms, encoded + b"\xff", lo=start))  # no UTF-8 has the byte 0xff

    def term(self, term_ord: int) -> str:
        """Return the term with the given ordinal."""
        return self._terms[term_ord].decode("utf-8", "surrogatepass")

    def passage_docs(self, term_ord: int) -> DocSet:
        """Return the docs with a term in their passage. The term must have no prefix.

        For a rare term, returns ids. For any other term, returns its dense postings, expanded if they are stored
        sparse.
        """
        if term_ord in self._dense_rows or self.df(term_ord) * _RARE_TERM_RATIO > self._size:
            return DocSet.of_dense_postings(self._dense(term_ord))
        return DocSet.of_ids(self.doc_ids(term_ord), self._size)

    def docs_of_range(self, term_ords: range) -> Array:
        """Return the ids of the docs with one of consecutive terms in their passage, in no particular order.

        A doc with several terms can occur several times. For terms with a field prefix, returns indices of heading
        paths or document numbers, as `doc_ids` does. Takes some ns per posting, and a scan per term with dense
        postings.
        """
        offsets = self._offsets[term_ords.start : term_ords.stop + 1].astype(np.int64)
        if len(offsets) < 2:  # noqa: PLR2004 - an empty range
            return np.empty(0, np.intp)
        docs = self._docs.read(int(offsets[0]), int(offsets[-1]))
        outside = self._not_in_passage[term_ords.start : term_ords.stop].astype(np.int64)
        if outside.any():  # the last postings of a term are those outside of the passage
            ends, counts = offsets[1:].compress(outside > 0) - offsets[0], outside.compress(outside > 0)
            edges = np.zeros(len(docs) + 1, np.int8)
            edges[ends - counts] += 1
            edges[ends] -= 1
            docs = docs.compress(np.cumsum(edges[:-1], dtype=np.int8) == 0)
        dense = [
            np.flatnonzero(self._dense(term_ord) >= IN_PASSAGE_BIT)
            for term_ord in self._dense_rows
            if term_ord in term_ords
        ]
        return np.concatenate([docs, *dense]).astype(np.intp)

    def doc_ids(self, term_ord: int) -> Array:
        """Return the ids, ascending, of the docs with a term in their passage. The postings must be sparse.

        For a term with a prefix, returns the indices of all its heading paths, or the numbers of all its documents.
        """
        return self.raw_doc_ids(term_ord).astype(np.intp)

    def raw_doc_ids(self, term_ord: int) -> Array:
        """Return `doc_ids` as stored, in 16 bits."""
        start, end = (
            int(self._offsets[term_ord]),
            int(self._offsets[term_ord + 1]) - int(self._not_in_passage[term_ord]),
        )
        return self._docs.read(start, end)

    def is_dense(self, term_ord: int) -> bool:
        """Return whether the postings of a term are stored as dense postings."""
        return term_ord in self._dense_rows

    def all_doc_ids(self, term_ord: int) -> Array:
        """Return the ids of all docs with a term in text, headings or title, in no particular order."""
        if term_ord in self._dense_rows:
            return np.flatnonzero(self._dense(term_ord))
        return self._docs.read(int(self._offsets[term_ord]), int(self._offsets[term_ord + 1]))

    def df(self, term_ord: int) -> int:
        """Return the number of docs with a term in text, headings or title."""
        if term_ord in self._dense_rows:
            return int(np.count_nonzero(self._dense(term_ord)))
        return int(self._offsets[term_ord + 1]) - int(self._offsets[term_ord])

    def expand_into(self, term_ord: int, dense: Array) -> None:
        """Write the postings of a term as dense postings into `dense`, an array of zeros with at least a byte per doc.

        A byte is the frequency, plus `IN_PASSAGE_BIT` if the term is in the passage. In place of a frequency that
        overflows, the byte contains 15 (if the postings are stored sparse) or 127 (dense). `overflow` returns the
        frequency itself.
        """
        if term_ord in self._dense_rows:
            dense[: self._size] = self._dense(term_ord)
            return
        start, end = int(self._offsets[term_ord]), int(self._offsets[term_ord + 1])
        ids = self._docs.read(start, end).astype(np.intp)  # NumPy would convert them at each use
        values = _unpack_nibbles(self._tf, start, end)
        values[: len(values) - int(self._not_in_passage[term_ord])] |= np.uint8(IN_PASSAGE_BIT)
        dense[ids] = values

    def overflow(self, term_ord: int) -> tuple[Array, Array]:
        """Return the ids of the docs in which the frequency of a term overflows, and their frequencies."""
        entries = self._overflow_slice(term_ord) or slice(0, 0)
        return (
            self._arrays.column("overflow_docs", self._overflow_count, self._size)[entries],
            self._arrays.column("overflow_tf", self._overflow_count)[entries],
        )

    def frequencies(self, term_ord: int) -> Array:
        """Return the frequency of a term in each doc; 0 without the term. Takes some ns per doc of the segment.

        For a term with a prefix, the index of an element is that of a heading path, or a document number.
        """
        tf: Array = (self._dense(term_ord) & np.uint8(IN_PASSAGE_BIT - 1)).astype(np.int64)
        ids, overflow = self.overflow(term_ord)
        tf[ids] = overflow
        return tf

    def word_counts(self, live_docs: Array | None) -> tuple[Array, Array, Array]:
        """Return the ordinal, the number of docs and the key of each word: three arrays.

        A word is a term of several characters that has no field prefix and does not begin with a digit. The docs are
        the live docs that have the word in their passage. `live_docs`: a mask, or None if all docs are live. The key of
        a word is a hash of it (`ByteStrings.keys`). Words of several segments with equal keys are taken as equal, so
        that they need not be decoded.
        """
        offsets = self._offsets.astype(np.int64)
        ends = offsets[1:] - self._not_in_passage
        counts = ends - offsets[:-1]
        if live_docs is not None:  # few docs are not live, because a commit rewrites segments with many deleted docs
            deleted = np.flatnonzero(~live_docs.take(self._docs.all()))
            terms = offsets.searchsorted(deleted, "right") - 1
            counts -= np.bincount(terms.compress(deleted < ends.take(terms)), minlength=len(counts))
        for term_ord in self._dense_rows:
            in_passage = self._dense(term_ord) >= IN_PASSAGE_BIT
            counts[term_ord] = np.count_nonzero(in_passage if live_docs is None else in_passage & live_docs)
        is_word = (counts > 0) & (self._terms.character_counts() > 1)
        is_word[: bisect.bisect_left(self._terms, b":")] = False  # a prefix or a digit sorts before ":"
        words = np.flatnonzero(is_word)
        return words, counts.take(words), self._terms.keys().take(words)

    def decode_terms(self, term_ords: Array) -> list[str]:
        """Return the terms with the given ordinals. Takes 0.1 µs per term."""
        return self._terms.decode(term_ords)

    def entries(self) -> PostingEntries:
        """Return the postings of all terms, in no particular order. `PostingEntries.term` is the term ordinal."""
        counts: Array = np.diff(self._offsets.astype(np.int64))
        term = np.repeat(np.arange(self.term_count), counts)
        ids = self._docs.all().astype(np.int64)
        index = np.arange(len(ids)) - np.repeat(self._offsets[:-1].astype(np.int64), counts)
        in_passage = index < np.repeat(counts - self._not_in_passage, counts)
        parts = [PostingEntries(term, ids, _unpack_nibbles(self._tf, 0, len(ids)).astype(np.int64), in_passage)]
        parts += map(self._dense_entries, self._dense_rows)
        entries = concatenate_entries(parts)
        overflow = (self._arrays[name].tolist() for name in ("overflow_terms", "overflow_docs", "overflow_tf"))
        for term_ord, doc, tf in zip(*overflow, strict=True):
            entries.tf[(entries.term == term_ord) & (entries.doc == doc)] = tf
        return entries

    def _dense_entries(self, term_ord: int) -> PostingEntries:
        """Return the postings of a term with dense postings."""
        docs = np.flatnonzero(self._dense(term_ord))
        values = self._dense(term_ord)[docs].astype(np.int64)
        return PostingEntries(np.full(len(docs), term_ord), docs, values % IN_PASSAGE_BIT, values >= IN_PASSAGE_BIT)

    def are_sorted(self) -> bool:
        """Return whether the doc ids in the sparse postings of each term ascend.

        Docs with the term in their passage come first, the others after them. Each group ascends separately.
        """
        ids = self._docs.all().astype(np.int64)
        ends = self._offsets[1:].astype(np.int64)
        is_start = np.zeros(len(ids) + 1, bool)
        is_start[self._offsets] = is_start[ends - self._not_in_passage] = True
        return bool(((np.diff(ids) > 0) | is_start[1 : len(ids)]).all())

    def fields(self) -> Array:
        """Return the field of each term: 0 = no field (a term without a prefix), 1 = titles, 2 = heading paths."""
        first_bytes = self._arrays["terms"][self._arrays["terms_offsets"][:-1]]
        return np.where(first_bytes <= ord(HEADING_TERM_PREFIX), first_bytes, 0)

    def _dense(self, term_ord: int) -> Array:
        """Return the dense postings of a term, which are expanded, and cached, if they are stored sparse."""
        row = self._dense_rows.get(term_ord)
        if row is None:
            return self._expanded.get(term_ord, self._expand)
        return self._dense_postings.read(row * self._size, (row + 1) * self._size)

    def _expand(self, term_ord: int) -> Array:
        """Return the sparse postings of a term as dense postings."""
        dense = np.zeros(self._size, np.uint8)
        self.expand_into(term_ord, dense)
        return dense

    def _overflow_slice(self, term_ord: int) -> slice | None:
        """Return the slice of the overflow arrays for a term, or None if no frequency of the term overflows."""
        terms = self._arrays["overflow_terms"]
        if not len(terms):
            return None
        start, end = terms.searchsorted([term_ord, term_ord + 1])
        return slice(int(start), int(end)) if start < end else None


class _TermState(NamedTuple):
    """The results of looking a term up in all segments."""

    segments: Sequence[tuple[SegmentPostings, int, int]]
    """The segments whose dictionary contains the term: postings, term ordinal and doc base of each."""
    df: int
    """Number of live docs with the term in text, headings or title."""
    passage_doc_ids: Sequence[Array] | None
    """For a rare term, the ids in each of `segments` of the docs with the term in their passage. Otherwise None."""
    doc_bases: Array
    """Doc base of each of `segments`."""
    counts: Array
    """Length of each of `passage_doc_ids`. Empty if `passage_doc_ids` is None."""


class IndexTerms:
    """The terms without a prefix of all segments. Doc ids are those of the index, deleted docs included.

    Postings are read when they are first needed. The dense postings of recent terms over all segments are cached, so
    that reading the frequencies of any docs takes one gather.
    """

    def __init__(self, segments: Sequence[SegmentPostings], doc_bases: Sequence[int], live_docs: Array | None) -> None:
        """Take the postings of the segments, and the doc base of each segment followed by the number of docs.

        The doc base is the number of docs in the segments before: the doc id in the index of the segment's first doc.
        `live_docs`: a mask, or None if all docs are live.
        """
        self._segments, self._doc_bases, self._live_docs = segments, doc_bases, live_docs
        self._size = doc_bases[-1]
        self._states: Cache[str, _TermState] = Cache(_MAX_CACHED_TERMS)
        self._dense_postings: Cache[str, Array] = Cache(MAX_CACHED_INDEX_POSTINGS)

    def df(self, term: str) -> int:
        """Return the number of live docs with a term in text, headings or title."""
        return self._states.get(term, self._look_up).df

    def last_with(self, prefix: str, limit: int) -> str | None:
        """Return the term at position `limit`, from 1, of those that begin with `prefix`; None if at most `limit` do.

        Includes only terms of live docs, in the order of code points. If all segments together have at most `limit`
        terms with the prefix, decodes no term; otherwise about `limit` terms of each segment at most.
        """
        ranges = [postings.prefix_range(prefix) for postings in self._segments]
        if sum(map(len, ranges)) <= limit:
            return None
        terms = (map(postings.term, ords) for postings, ords in zip(self._segments, ranges, strict=True))
        distinct = (term for term, _ in groupby(heapq.merge(*terms)))
        live = (term for term in distinct if self._live_docs is None or self.df(term))
        first = list(islice(live, limit + 1))
        return first[limit - 1] if len(first) > limit else None

    def passage_docs(self, term: str) -> DocSet:
        """Return the docs with a term in their passage.

        For a rare term, returns ids. For any other term, returns its dense postings over all segments, or a bitset if a
        frequency needs more than 7 bits.
        """
        state = self._states.get(term, self._look_up)
        if state.passage_doc_ids is None:
            dense = self._dense(term)
            return (
                DocSet.of_dense_postings(dense)
                if dense.dtype == np.uint8
                else DocSet.of_bitset(dense >= _in_passage_bit(dense))
            )
        if not state.passage_doc_ids:
            return DocSet.none(self._size)
        ids = np.repeat(state.doc_bases, state.counts)
        ids += np.concatenate(state.passage_doc_ids)
        return DocSet.of_ids(ids, self._size)

    def rare_doc_ids(self, term: str) -> Array | None:
        """Return the ids of all docs with a rare term in text, headings or title, in no particular order.

        Returns None if the term is not rare.
        """
        state = self._states.get(term, self._look_up)
        if state.passage_doc_ids is None:
            return None
        parts = [postings.all_doc_ids(term_ord) + np.intp(base) for postings, term_ord, base in state.segments]
        return np.concatenate([np.empty(0, np.intp), *parts])

    def frequencies(self, term: str, doc_ids: Array | slice) -> Array:
        """Return the weighted frequency (text, headings, title) of a term in each given doc."""
        dense = self._dense(term)
        values = dense[doc_ids] if isinstance(doc_ids, slice) else dense.take(doc_ids)
        tf: Array = values & (_in_passage_bit(dense) - dense.dtype.type(1))
        return tf

    def _look_up(self, term: str) -> _TermState:
        """Look a term up in all segments. A term that has dense postings in any segment is not rare."""
        term_ords = [(postings, postings.ord_of(term), base)
                 for postings, base in zip(self._segments, self._doc_bases, strict=False)]  # fmt: skip
        segments = [(postings, term_ord, base) for postings, term_ord, base in term_ords if term_ord is not None]
        # Postings contain deleted docs, so these count for whether a term is frequent. Below, `df` excludes them.
        df = sum(postings.df(term_ord) for postings, term_ord, _ in segments)
        is_frequent = df * _RARE_TERM_RATIO > self._size or any(
            postings.is_dense(term_ord) for postings, term_ord, _ in segments
        )
        ids = None if is_frequent else [postings.raw_doc_ids(term_ord) for postings, term_ord, _ in segments]
        if self._live_docs is not None:
            df = sum(int(self._live_docs.take(postings.all_doc_ids(term_ord) + np.intp(base)).sum())
                     for postings, term_ord, base in segments)  # fmt: skip
        doc_bases = np.array([base for *_, base in segments], np.intp)
        return _TermState(segments, df, ids, doc_bases, np.array(list(map(len, ids or ())), np.intp))

    def _dense(self, term: str) -> Array:
        """Return the dense postings of a term over all docs. The results are cached."""
        return self._dense_postings.get(term, self._expand)

    def _expand(self, term: str) -> Array:
        """Return the dense postings of a term over all docs. The highest bit is set if the term is in the passage.

        The other bits are the frequency. Elements have 8 bits, or 32 bits if a frequency needs more than 7 bits.
        """
        dense = np.zeros(self._size, np.uint8)
        segments = self._states.get(term, self._look_up).segments
        for postings, term_ord, base in segments:
            postings.expand_into(term_ord, dense[base:])
        overflow = [(ids + np.intp(base), tf) for postings, term_ord, base in segments
                    for ids, tf in [postings.overflow(term_ord)] if len(ids)]  # fmt: skip
        if any(int(tf.max()) > _MAX_DENSE_TF for _, tf in overflow):
            # Convert to 32 bits, and move the in-passage bit to the highest position.
            dense = (dense & np.uint8(IN_PASSAGE_BIT - 1)) + (dense >= IN_PASSAGE_BIT) * np.uint32(1 << 31)
        for ids, tf in overflow:
            dense[ids] = dense.take(ids) & _in_passage_bit(dense) | tf
        return dense


def _in_passage_bit(dense: Array) -> np.unsignedinteger[Any]:
    """Return the highest bit of the elements of dense postings."""
    bit: np.unsignedinteger[Any] = dense.dtype.type(1 << 8 * dense.itemsize - 1)
    return bit


def _term_key(term: str) -> int:
    """Return the first two characters of a term as an integer. Terms with different keys have the order of the keys."""
    first, second = (
        min(ord(character), _MAX_KEY_CODE_POINT) for character in term[:_KEY_LENGTH].ljust(_KEY_LENGTH, "\0")
    )
    return first << 16 | second


def _term_keys(terms: Sequence[str]) -> Array:
    """Return `_term_key` of each term."""
    code_points = np.minimum(
        np.array(terms, f"U{_KEY_LENGTH}").view(np.uint32).reshape(-1, _KEY_LENGTH), _MAX_KEY_CODE_POINT
    )
    return code_points[:, 0] << 16 | code_points[:, 1]


def _sort_entries(rank: Array, entries: Sequence[PostingEntries]) -> tuple[Array, Array, Array]:
    """Return doc, frequency and `in_passage` of all entries, sorted as in `SortedPostings`.

    `rank`: rank of each term.
    """
    packed = _pack_entries(rank, entries)
    packed.sort()  # many times faster than a sort by several columns
    dtypes = np.dtype(np.uint16), np.result_type(np.uint16, *(part.tf for part in entries)), np.dtype(bool)
    doc, tf, in_passage = (np.empty(len(packed), dtype) for dtype in dtypes)
    for block in block_slices(len(packed)):
        keys = packed[block]
        tf[block] = keys & np.uint64(511)
        keys >>= np.uint64(9)
        doc[block] = keys & np.uint64(0xFFFF)
        in_passage[block] = keys & np.uint64(1 << 16) == 0
    capped = np.flatnonzero(tf > _MAX_SORTED_TF)
    if len(capped):
        high = concatenate_entries([part.take(np.flatnonzero(part.tf > _MAX_SORTED_TF)) for part in entries])
        tf[capped] = high.tf[np.lexsort((high.doc, ~high.in_passage, rank[high.term]))]
    return doc, tf, in_passage


def _pack_entries(rank: Array, entries: Sequence[PostingEntries]) -> Array:
    """Return a 64-bit integer for each entry, for `_sort_entries`.

    From the highest bits, the integer contains the rank of the term, a bit that is set if the term is not in the
    passage, 16 bits of the doc, and 9 bits of the frequency. The few frequencies above `_MAX_SORTED_TF` are packed as
    256, and replaced after the sort.
    """
    packed, end = np.empty(sum(len(part.term) for part in entries), np.uint64), 0
    for part in entries:
        for block in block_slices(len(part.term)):
            keys = rank.take(part.term[block]) << np.uint64(1)
            keys |= ~part.in_passage[block]
            keys <<= np.uint64(16)
            keys |= part.doc[block].astype(np.uint16)
            keys <<= np.uint64(9)
            keys |= np.minimum(part.tf[block].astype(np.uint32), _MAX_SORTED_TF + 1)
            packed[end : end + len(keys)] = keys
            end += len(keys)
    return packed


def _dense_postings(postings: SortedPostings, terms: Array, size: int) -> Array:
    """Return the dense postings of the given terms, concatenated. `terms`: indices in `postings.terms`."""
    dense = np.zeros((len(terms), size), np.uint8)
    for row, term in enumerate(terms.tolist()):
        entries = slice(int(postings.offsets[term]), int(postings.offsets[term + 1]))
        tf = np.minimum(postings.tf[entries], _MAX_DENSE_TF).astype(np.uint8)
        dense[row, postings.doc[entries]] = tf + postings.in_passage[entries] * np.uint8(IN_PASSAGE_BIT)
    return dense.reshape(-1)


def _pack_nibbles(values: Array) -> Array:
    """Pack integers below 16, two per byte, the first in the lower four bits."""
    even = np.zeros(len(values) + len(values) % 2, np.uint8)
    even[: len(values)] = values
    return even[0::2] | even[1::2] << 4


def _unpack_nibbles(nibbles: CheckedArray, start: int, end: int) -> Array:
    """Return the integers from index `start` to `end` (exclusive) that `_pack_nibbles` packed."""
    pairs = nibbles.read(start // 2, (end + 1) // 2)
    values = np.empty(2 * len(pairs), np.uint8)
    values[0::2] = pairs & 15
    values[1::2] = pairs >> 4
    return values[start % 2 : start % 2 + end - start]
