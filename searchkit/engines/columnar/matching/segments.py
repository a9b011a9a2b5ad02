"""What matches in one segment: strings, and what headings, titles and prefixes ask for; and what filters admit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from searchkit.engines.columnar.arrays import Array
from searchkit.engines.columnar.docsets import DocSet, union
from searchkit.engines.columnar.matching.strings import LabelMatcher, StringMatcher
from searchkit.engines.columnar.memo import Memo
from searchkit.engines.columnar.postings import HEADING, TITLE
from searchkit.engines.columnar.segment import Segment, stand_in
from searchkit.query.facets import Filter
from searchkit.query.tree import Prefix, Substring, Word

_FIELD = {"text": "", "heading": HEADING, "title": TITLE}


class SegmentMatcher:
    """Matches leaves of query trees in one segment."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        self._labels: Memo[str, LabelMatcher] = Memo(len(_FIELD))

    def match(self, leaf: Word | Prefix | Substring | Filter) -> DocSet:
        """Give the paragraphs that a leaf matches."""
        size, postings = self._segment.size, self._segment.postings
        if isinstance(leaf, Filter):
            return self._admitted(leaf)
        if leaf.field != "text":
            return self._of_owners(leaf.field, self._owners(leaf))
        if isinstance(leaf, Substring):
            return DocSet.of_ids(self._strings.match(leaf), size)
        return union([postings.in_text(number) for number in self._terms(leaf)], size)

    def match_apart(self, word: Substring) -> DocSet:
        """Give the paragraphs whose text holds a string of letters, at least those that do not have it as a word."""
        number = self._segment.postings.find(word.text)
        ids = None if number is None else self._segment.straddling.ids(number)
        return DocSet.of_ids(self._strings.match(word) if ids is None else ids, self._segment.size)

    @cached_property
    def _strings(self) -> StringMatcher:
        return StringMatcher(self._segment.text)

    def _terms(self, leaf: Word | Prefix) -> Sequence[int]:
        """The numbers of the terms that a leaf stands for."""
        if isinstance(leaf, Prefix):
            return self._segment.postings.beginning(_FIELD[leaf.field] + leaf.text)
        number = self._segment.postings.find(_FIELD[leaf.field] + leaf.term)
        return [] if number is None else [number]

    def _of_owners(self, field: str, owners: Array) -> DocSet:
        """The paragraphs under some heading paths, or of some documents. Cost: a gather, unless there are none."""
        segment = self._segment
        if not len(owners):
            return DocSet.none(segment.size)
        owns = np.zeros(len(segment.column("path")) if field == "heading" else segment.document_count, bool)
        owns[owners] = True
        owner_of = segment.column("path").codes if field == "heading" else segment.document_of
        return DocSet.of_mask(owns.take(owner_of)).smaller()

    def _owners(self, leaf: Word | Prefix | Substring) -> Array:
        """The heading paths, or the documents by their titles, that a leaf matches."""
        if not isinstance(leaf, Substring):
            return np.concatenate([np.empty(0, np.intp), *map(self._segment.postings.owners, self._terms(leaf))])
        found = self._labels.get(leaf.field, self._labels_of).match(leaf)
        if leaf.field == "heading":
            return found
        return np.flatnonzero(np.isin(self._segment.column("title").codes, found))

    def _labels_of(self, field: str) -> LabelMatcher:
        """The different heading paths, or titles."""
        if field == "heading":
            return LabelMatcher(list(map("\n".join, self._segment.column("path").values())))
        return LabelMatcher([title or "" for title in self._segment.column("title").values()])

    def _admitted(self, item: Filter) -> DocSet:
        """What a filter admits. Cost: one look at each different value, and two gathers."""
        column, name = self._segment.facet_column(item.name)
        if column is None:
            return DocSet.none(self._segment.size)
        admits = np.array([item.admits(stand_in(name, value)) for value in column.values()], bool)
        mask: Array = admits[column.codes]
        return DocSet.of_mask(mask if name == "kind" else mask[self._segment.document_of])
