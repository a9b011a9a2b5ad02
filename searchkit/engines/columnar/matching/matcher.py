"""Matching query trees in all segments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from searchkit.engines.columnar.arrays import Array
from searchkit.engines.columnar.cache import Cache
from searchkit.engines.columnar.docsets import DocSet, concatenate, intersection, union
from searchkit.engines.columnar.matching.segments import SegmentMatcher
from searchkit.engines.columnar.postings import IndexTerms
from searchkit.engines.columnar.segment import SegmentReader
from searchkit.engines.sharing import shared_matches
from searchkit.engines.timing import check_time
from searchkit.query.facets import Filter
from searchkit.query.tree import PASSAGE, And, Everything, Node, Not, Or, Prefix, Substring, Word

_MAX_CACHED_FILTERS = 64  # number of filters whose sets are cached; a set takes at most a byte per doc
_MAX_CACHED_CROSS_WORD = 64  # number of terms whose `match_cross_word` is cached; a set takes at most a byte per doc
_MAX_CACHED_TITLE_TERMS = 64  # number of words of titles whose docs are cached, 16 bytes per document with the word


class Matcher:
    """Matches query trees. Thread-safe."""

    def __init__(
        self, segments: Sequence[SegmentReader], doc_bases: Sequence[int], terms: IndexTerms, live_docs: Array | None
    ) -> None:
        """Take the segments and the terms of the index.

        `doc_bases`: the first doc id of each segment, and at the end the number of all docs. `live_docs`: a mask, or
        None if all docs are live.
        """
        self._segments = list(map(SegmentMatcher, segments))
        self._doc_bases, self._size, self._terms = doc_bases, doc_bases[-1], terms
        self._live_docs = None if live_docs is None else DocSet.of_bitset(live_docs)
        self._filters: Cache[Filter, DocSet] = Cache(_MAX_CACHED_FILTERS)
        self._cross_word: Cache[Substring, DocSet] = Cache(_MAX_CACHED_CROSS_WORD)
        self._title_terms: Cache[str, Array] = Cache(_MAX_CACHED_TITLE_TERMS)

    def leaves(self) -> dict[Node, DocSet]:
        """Return a dictionary of the leaves that were matched so far, with the docs of each. `match` adds to it.

        In a block of `share_matches`, all calls return the same dictionary; otherwise each call returns a new one.
        """
        return shared_matches(self)

    def match(self, node: Node, leaves: dict[Node, DocSet] | None = None) -> DocSet:
        """Return the live docs that match a query tree.

        `leaves`: the leaves that were matched before, for other trees of the same request, with the docs of each; None
        for the result of `Matcher.leaves`. These leaves are not matched again; the other leaves of the tree are added.
        """
        docs = self._match(node, self.leaves() if leaves is None else leaves)
        return docs.postings_as_bitset() if self._live_docs is None else intersection([docs, self._live_docs])

    def apply_filters(self, docs: DocSet, filters: Sequence[Filter]) -> DocSet:
        """Return the docs of a set that all filters admit, as ids if they are few."""
        return intersection([docs, *map(self._match_leaf, filters)]) if filters else docs.compact()

    def contains(self, node: Node, doc_ids: Array, leaves: dict[Node, DocSet]) -> Array:
        """Return a mask of `doc_ids`, ascending ids of live docs: True for those that match a query tree.

        `leaves`: as for `match`, but not None. For a word of titles, unless it is under a NOT, no set of docs is built:
        the given docs are looked up in the ranges of docs of the documents with the word in their title, which are
        cached for recent words.
        """
        if isinstance(node, And | Or):
            # A doc that one child decides is not looked up in the children after it.
            is_and = isinstance(node, And)
            mask = np.full(len(doc_ids), is_and)
            for child in node.children:
                undecided = (mask if is_and else ~mask).nonzero()[0]
                if not len(undecided):
                    break
                mask[undecided] = self.contains(child, doc_ids.take(undecided), leaves)
            return mask
        if isinstance(node, Word) and node.field == "title":
            starts, ends = self._title_terms.get(node.term, self._docs_under_title)
            documents = starts.searchsorted(doc_ids, "right")
            is_under: Array = doc_ids < np.append(0, ends).take(documents)
            return is_under
        return self._match(node, leaves).contains(doc_ids)

    def _docs_under_title(self, term: str) -> Array:
        """Return two rows: the first doc of each document whose title has the term, and the end of its docs.

        The rows are empty if no title has it.
        """
        parts = [np.empty((2, 0), np.int64)]
        for segment, base in zip(self._segments, self._doc_bases, strict=False):
            docs = segment.docs_under_title(term)
            if docs is not None:
                parts.append(docs + base)
        return np.concatenate(parts, axis=1)

    def _match(self, node: Node, leaves: dict[Node, DocSet]) -> DocSet:
        """Return the docs that match a query tree, deleted docs included. `leaves`: as for `match`."""
        match node:
            case Not():
                docs = self._match(node.child, leaves).complement()
            case And():
                docs = intersection([self._match(child, leaves) for child in node.children])
            case Or():
                docs = union([self._match(child, leaves) for child in node.children], self._size)
            case _:
                known = leaves.get(node)
                docs = leaves[node] = self._match_leaf(node) if known is None else known
        return docs

    def _match_leaf(self, node: Everything | Word | Substring | Prefix | Filter) -> DocSet:
        """Return the docs that match a leaf or a filter, deleted docs included."""
        check_time()
        match node:
            case Everything():
                docs = DocSet.all(self._size)
            case Word() if node.field == PASSAGE:
                docs = self._terms.passage_docs(node.term)
            case Substring(whole_numbers=False) if node.field == PASSAGE and node.text.isalpha():
                # A term of letters consists of the characters of its token, so every doc with the term matches. Only
                # the terms of numbers differ from the characters of their tokens.
                is_term = self._terms.df(node.text) > 0
                compute = self._match_cross_word
                cross_word = self._cross_word.get(node, compute) if is_term else compute(node)
                docs = union([self._terms.passage_docs(node.text), cross_word], self._size)
            case Filter():
                docs = self._filters.get(node, self._match_filter)
            case _:
                docs = concatenate([segment.match(node) for segment in self._segments], self._doc_bases)
        return docs

    def _match_cross_word(self, node: Substring) -> DocSet:
        """Return `SegmentMatcher.match_cross_word` for all segments. `_match_leaf` caches the result for terms."""
        return concatenate([segment.match_cross_word(node) for segment in self._segments], self._doc_bases)

    def _match_filter(self, item: Filter) -> DocSet:
        """Return the docs that a filter admits, deleted docs included. `_match_leaf` caches the result."""
        return concatenate([segment.match(item) for segment in self._segments], self._doc_bases).compact()
