"""What matches a node of a query tree, in all segments."""

from __future__ import annotations

from collections.abc import Sequence

from searchkit.engines.columnar.arrays import Array
from searchkit.engines.columnar.docsets import DocSet, intersection, joined, union
from searchkit.engines.columnar.matching.segments import SegmentMatcher
from searchkit.engines.columnar.memo import Memo
from searchkit.engines.columnar.postings import Terms
from searchkit.engines.columnar.segment import Segment
from searchkit.query.facets import Filter
from searchkit.query.tree import And, Everything, Node, Not, Or, Substring, Word

_KEPT_FILTERS = 64  # whose sets (a byte for each paragraph at the most) stay in memory


class Matcher:
    """Matches query trees. Safe for many threads."""

    def __init__(self, segments: Sequence[Segment], starts: Sequence[int], terms: Terms, live: Array | None) -> None:
        """Take the segments, the doc id that each begins with and the end of all, and their words.

        `live`: a mask; None = all are.
        """
        self._segments = list(map(SegmentMatcher, segments))
        self._starts, self._size, self._terms = starts, starts[-1], terms
        self._live = None if live is None else DocSet.of_mask(live)
        self._filters: Memo[Filter, DocSet] = Memo(_KEPT_FILTERS)

    def match(self, node: Node) -> DocSet:
        """Give the live paragraphs that a query tree matches."""
        docs = self._match(node)
        return docs.dense_as_mask() if self._live is None else intersection([docs, self._live])

    def narrow(self, docs: DocSet, filters: Sequence[Filter]) -> DocSet:
        """Give those of some paragraphs that all filters admit."""
        return intersection([docs, *map(self._match, filters)]) if filters else docs

    def _match(self, node: Node) -> DocSet:
        match node:
            case Everything():
                docs = DocSet.all(self._size)
            case Word(field="text"):
                docs = self._terms.in_text(node.term)
            case Not():
                docs = self._match(node.child).complement()
            case And():
                docs = intersection(list(map(self._match, node.children)))
            case Or():
                docs = union(list(map(self._match, node.children)), self._size)
            case Substring(field="text", whole_numbers=False) if node.text.isalpha():
                # Where it is a word, the characters stand as they are: numbers alone are words in other forms.
                apart = joined([segment.match_apart(node) for segment in self._segments], self._starts)
                docs = union([self._terms.in_text(node.text), apart], self._size)
            case Filter():
                docs = self._filters.get(node, self._match_filter)
            case _:
                docs = joined([segment.match(node) for segment in self._segments], self._starts)
        return docs

    def _match_filter(self, item: Filter) -> DocSet:
        return joined([segment.match(item) for segment in self._segments], self._starts).smaller()
