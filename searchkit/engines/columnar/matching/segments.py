"""Matching leaves of a query tree in one segment: words, prefixes, strings and filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import pairwise

import numpy as np

from searchkit.engines.columnar.arrays import Array
from searchkit.engines.columnar.cache import Cache
from searchkit.engines.columnar.docsets import DocSet, union
from searchkit.engines.columnar.matching.strings import HeadingMatcher, StringMatcher
from searchkit.engines.columnar.postings import HEADING_TERM_PREFIX, TITLE_TERM_PREFIX
from searchkit.engines.columnar.segment import DOC_COLUMNS, SegmentReader, paragraph_with
from searchkit.engines.ranking import HEADING_WEIGHT, TITLE_WEIGHT
from searchkit.query.facets import Filter
from searchkit.query.tree import PASSAGE, Prefix, Substring, Word

_TERM_PREFIXES = {PASSAGE: "", "text": "", "heading": HEADING_TERM_PREFIX, "title": TITLE_TERM_PREFIX}


class SegmentMatcher:
    """Matches leaves of query trees in one segment.

    A heading path is identified by its code, a title by the number of its document.
    """

    def __init__(self, segment: SegmentReader) -> None:
        self._segment = segment
        self._heading_matchers: Cache[str, HeadingMatcher] = Cache(len(_TERM_PREFIXES))

    def match(self, leaf: Word | Prefix | Substring | Filter) -> DocSet:
        """Return the docs that match a leaf."""
        size = self._segment.size
        if isinstance(leaf, Filter):
            return self._match_filter(leaf)
        if leaf.field in {"heading", "title"}:
            return self._docs_of(leaf.field, self._match_headings(leaf))
        if isinstance(leaf, Substring):
            return DocSet.of_ids(self._strings.match(leaf), size)
        if isinstance(leaf, Prefix):
            return self._match_prefix(leaf)
        docs_of = self._segment.postings.passage_docs if leaf.field == PASSAGE else self._text_docs
        return union(list(map(docs_of, self._term_ords(leaf))), size)

    def _match_prefix(self, prefix: Prefix) -> DocSet:
        """Return the docs whose passage (for the field text: whose text) contains a term that a prefix matches.

        Takes some ns per posting. For the field text, each term that also occurs in a heading or title takes some ns
        per doc of the segment.
        """
        postings, term_ords = self._segment.postings, self._prefix_range(prefix)
        heading_ords: list[int] = []
        if prefix.field == "text":
            headings = (self._prefix_range(replace(prefix, field=name)) for name in ("heading", "title"))
            terms = {postings.term(term_ord)[1:] for heading_range in headings for term_ord in heading_range}
            heading_ords = sorted(term_ord for term in terms if (term_ord := postings.ord_of(term)) is not None)
        edges = [term_ords.start - 1, *heading_ords, term_ords.stop]
        others = [postings.docs_of_range(range(before + 1, after)) for before, after in pairwise(edges)]
        bitset = np.zeros(self._segment.size, bool)
        bitset[np.concatenate(others)] = True
        return union([DocSet.of_bitset(bitset).compact(), *map(self._text_docs, heading_ords)], self._segment.size)

    def _text_docs(self, term_ord: int) -> DocSet:
        """Return the docs with a term in their text: its weighted frequency exceeds that in the headings and the title.

        Takes some ns per doc of the segment.
        """
        segment, postings = self._segment, self._segment.postings
        term, tf = postings.term(term_ord), postings.frequencies(term_ord)
        for prefix, weight, heading_of in (
            (HEADING_TERM_PREFIX, HEADING_WEIGHT, segment.column("path").codes),
            (TITLE_TERM_PREFIX, TITLE_WEIGHT, segment.document_of),
        ):
            heading_ord = postings.ord_of(prefix + term)
            if heading_ord is not None:
                tf -= weight * postings.frequencies(heading_ord).take(heading_of)
        return DocSet.of_bitset(tf > 0).compact()

    def match_cross_word(self, word: Substring) -> DocSet:
        """Return the docs whose passage contains a string of letters. Docs with the string as a token may be left out.

        Returns the docs of the cross-word postings if the string is a term that has them. Otherwise finds the string in
        the passages.
        """
        term_ord = self._segment.postings.ord_of(word.text)
        ids = None if term_ord is None else self._segment.cross_word.doc_ids(term_ord)
        return DocSet.of_ids(self._strings.match(word) if ids is None else ids, self._segment.size)

    def docs_under_title(self, term: str) -> Array | None:
        """Return the range of doc ids of each document with a term in its title.

        The first row contains the first doc id of each range, ascending, the second row the ends (exclusive).

        Returns None if no title contains the term.
        """
        term_ord = self._segment.postings.ord_of(TITLE_TERM_PREFIX + term)
        if term_ord is None:
            return None
        numbers, offsets = self._segment.postings.doc_ids(term_ord), self._segment.document_offsets
        self._segment.check_below(numbers, self._segment.document_count)
        return np.array([offsets.take(numbers), offsets.take(numbers + 1)])

    @cached_property
    def _strings(self) -> StringMatcher:
        return StringMatcher(self._segment.text)

    def _prefix_range(self, prefix: Prefix) -> range:
        """Return the ordinals of the terms that a prefix matches in its field."""
        mark = _TERM_PREFIXES[prefix.field]
        last = None if prefix.last is None else mark + prefix.last
        return self._segment.postings.prefix_range(mark + prefix.text, last)

    def _term_ords(self, leaf: Word) -> Sequence[int]:
        """Return the ordinals of the terms that match a leaf: one or none."""
        term_ord = self._segment.postings.ord_of(_TERM_PREFIXES[leaf.field] + leaf.term)
        return [] if term_ord is None else [term_ord]

    def _docs_of(self, field: str, headings: Array) -> DocSet:
        """Return the docs under any of the given heading paths or titles. Takes some ns per doc of the segment."""
        segment = self._segment
        if not len(headings):
            return DocSet.none(segment.size)
        count = segment.column("path").value_count if field == "heading" else segment.document_count
        segment.check_below(headings, count)
        is_match = np.zeros(count, bool)
        is_match[headings] = True
        heading_of = segment.column("path").codes if field == "heading" else segment.document_of
        return DocSet.of_bitset(is_match.take(heading_of)).compact()

    def _match_headings(self, leaf: Word | Prefix | Substring) -> Array:
        """Return the heading paths or titles that match a leaf: codes of paths, or numbers of documents."""
        if isinstance(leaf, Prefix):
            return self._segment.postings.docs_of_range(self._prefix_range(leaf))
        if isinstance(leaf, Word):
            return np.concatenate([np.empty(0, np.intp), *map(self._segment.postings.doc_ids, self._term_ords(leaf))])
        matches = self._heading_matchers.get(leaf.field, self._heading_matcher).match(leaf)
        if leaf.field == "heading" or not len(matches):
            return matches
        return np.flatnonzero(np.isin(self._segment.column("title").codes, matches))

    def _heading_matcher(self, field: str) -> HeadingMatcher:
        """Return a matcher of strings in the distinct heading paths, or in the distinct titles."""
        if field == "heading":
            return HeadingMatcher(list(map("\n".join, self._segment.column("path").values())))
        return HeadingMatcher([title or "" for title in self._segment.column("title").values()])

    def _match_filter(self, item: Filter) -> DocSet:
        """Return the docs that a filter admits.

        Evaluates the filter once per distinct value of a column. The column `document` has many values, so the ids in a
        filter without ranges are looked up instead. Takes at most two gathers after that.
        """
        column, name = self._segment.facet_column(item.name)
        if column is None:
            return DocSet.none(self._segment.size)
        if name == "document" and not item.ranges:
            is_admitted = np.zeros(column.value_count, bool)
            is_admitted[column.codes_of(item.values)] = True
        else:
            is_admitted = np.array([item.admits(paragraph_with(name, value)) for value in column.values()], bool)
        bitset: Array = is_admitted[column.codes]
        return DocSet.of_bitset(bitset if name in DOC_COLUMNS else bitset[self._segment.document_of])
