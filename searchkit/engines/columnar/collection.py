"""All segments of a commit as one: paragraphs and documents have numbers throughout, deleted ones too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np

from searchkit.engines.columnar.arrays import Array, narrow
from searchkit.engines.columnar.columns import Codes
from searchkit.engines.columnar.commit import read_commit
from searchkit.engines.columnar.memo import Memo
from searchkit.engines.columnar.segment import Segment, stand_in
from searchkit.engines.columnar.sets import as_positions, bits, intersection, smaller
from searchkit.engines.columnar.text import Text, text_arrays
from searchkit.facets import Facet, Filter, values_of
from searchkit.model import Document
from searchkit.query import Node
from searchkit.ranking import K1, B

_KEPT_FILTERS = 64  # whose sets (64 KB a segment at the most) stay in memory
_KEPT_GRAMS = 4096  # whose document frequencies do


@dataclass(frozen=True, slots=True)
class Values:
    """A facet's values as numbers: what counting and sorting need."""

    owner_of: Array
    """For each paragraph the number of what decides the facet: its document, or its section and topics."""
    code_of: Array
    """For each of those the number of its combination of values."""
    names: list[str]
    """The different values, in order."""
    pair_code: Array
    """A combination and"""
    pair_name: Array
    """a value that is part of it, the first one first; parallel arrays."""
    codes: int
    """Number of combinations."""
    is_empty: Array
    """Boolean, for each combination: without any value."""
    is_of_documents: bool
    """Decided by the document."""
    _bitmaps: dict[int, Array] = field(default_factory=dict)

    def bitmaps(self, start: int, size: int) -> Array:
        """For the segment of so many paragraphs from `start` on, a row of bits for each name and one for no value."""
        if start not in self._bitmaps:
            has = np.zeros((len(self.names) + 1, self.codes), bool)
            has[self.pair_name, self.pair_code] = True
            has[-1] = self.is_empty
            self._bitmaps[start] = bits(has[:, self.owner_of[start : start + size]])
        return self._bitmaps[start]


class Collection:
    """The open segments. Arrays over all paragraphs are made when they are first needed and then kept."""

    def __init__(self, folder: Path) -> None:
        """Open the commit in `folder`. Raises IndexDamaged."""
        self.commit = read_commit(folder)
        self.segments = [Segment(folder / name) for name in self.commit.segments]
        self._values: dict[Facet, Values] = {}
        self._masks: Memo[Filter, list[Array]] = Memo(_KEPT_FILTERS)
        self._gram_dfs: dict[str, int] = {}

    # numbers

    @cached_property
    def starts(self) -> Array:
        """Position of each segment's first paragraph, and at the end the number of all."""
        return np.cumsum([0, *(segment.size for segment in self.segments)])

    @cached_property
    def document_starts(self) -> Array:
        """Number of each segment's first document, and at the end the number of all."""
        return np.cumsum([0, *(segment.document_count for segment in self.segments)])

    @cached_property
    def document_of(self) -> Array:
        """The document of each paragraph."""
        parts = [
            segment.document_of + np.uint32(first)
            for segment, first in zip(self.segments, self.document_starts.tolist(), strict=False)
        ]
        return np.concatenate([np.empty(0, np.uint32), *parts])

    @cached_property
    def first_position(self) -> Array:
        """Position of each document's first paragraph."""
        parts = [segment.document_at[:-1] + start for segment, start in zip(self.segments, self.starts, strict=False)]
        return np.concatenate([np.empty(0, np.int64), *parts])

    def locate(self, position: int) -> tuple[Segment, int]:
        """The segment of a paragraph, and the paragraph's position there."""
        number = int(np.searchsorted(self.starts, position, "right")) - 1
        return self.segments[number], position - int(self.starts[number])

    def document(self, number: int) -> Document:
        """The document of that number."""
        place = int(np.searchsorted(self.document_starts, number, "right")) - 1
        return self.segments[place].document(number - int(self.document_starts[place]))

    def per_segment(self, positions: Array) -> Iterator[tuple[int, Array]]:
        """Ascending positions as those within each segment that has any, with the number of the segment."""
        bounds = positions.searchsorted(self.starts).tolist()
        for number, (first, last) in enumerate(pairwise(bounds)):
            if first < last:
                yield number, positions[first:last] - self.starts[number]

    # order

    @cached_property
    def is_in_order(self) -> bool:
        """Whether positions are in corpus order and all paragraphs live, as after a full build."""
        rank = self.commit.rank
        return bool(self.commit.live.all() and (rank[1:] > rank[:-1]).all())

    @cached_property
    def corpus_order(self) -> Array:
        """The live documents in corpus order."""
        live = np.flatnonzero(self.commit.live)
        return live[np.argsort(self.commit.rank[live], kind="stable")]

    def order_of(self, positions: Array) -> Array:
        """Numbers that sort paragraphs into corpus order."""
        if self.is_in_order:
            return positions
        documents = self.document_of[positions]
        within = positions - self.first_position[documents]
        order: Array = self.commit.rank[documents].astype(np.int64) << 32 | within
        return order

    # what is live

    def live(self, number: int) -> Array | None:
        """Mask of the live paragraphs of a segment; None if all are."""
        return self._live[number]

    @cached_property
    def _live(self) -> list[Array | None]:
        masks: list[Array | None] = []
        for number, segment in enumerate(self.segments):
            documents = self.live_documents(number)
            masks.append(None if documents.all() else documents[segment.document_of])
        return masks

    def live_documents(self, number: int) -> Array:
        """Mask of the live documents of a segment."""
        first, last = self.document_starts[number : number + 2].tolist()
        mask: Array = self.commit.live[first:last]
        return mask

    def match(self, node: Node) -> list[Array]:
        """For each segment the set (`sets`) of the live paragraphs that a query tree matches."""
        found = []
        for number, segment in enumerate(self.segments):
            matched, live = segment.match(node), self.live(number)
            found.append(matched if live is None else intersection([matched, live], segment.size))
        return found

    def admitted(self, sets: Sequence[Array], filters: Sequence[Filter]) -> list[Array]:
        """The sets, one for each segment, less what the filters do not admit."""
        if not filters:
            return list(sets)
        masks = [self._masks.get(item, self._admitted) for item in filters]
        return [
            intersection([found, *(mask[number] for mask in masks)], segment.size)
            for number, (segment, found) in enumerate(zip(self.segments, sets, strict=True))
        ]

    def first(self, sets: Sequence[Array], most: int) -> Array:
        """The positions, ascending, of the first paragraphs in the sets. Cost: nothing for later segments."""
        parts = [np.empty(0, np.int64)]
        for found, start in zip(sets, self.starts.tolist(), strict=False):
            if sum(map(len, parts)) < most:
                parts.append(as_positions(found) + start)
        return np.concatenate(parts)[:most]

    def positions(self, sets: Sequence[Array]) -> Array:
        """The positions, ascending, of the paragraphs in the sets."""
        parts = [as_positions(found) + self.starts[number] for number, found in enumerate(sets) if len(found)]
        return np.concatenate([np.empty(0, np.int64), *parts])

    def _admitted(self, item: Filter) -> list[Array]:
        """The sets of a filter."""
        return [smaller(segment.admitted(item)) for segment in self.segments]

    # frequencies

    @cached_property
    def norms(self) -> Array:
        """For each paragraph what BM25 adds to a frequency in the denominator."""
        lengths = np.concatenate([np.empty(0, np.uint8), *(segment.arrays["length"] for segment in self.segments)])
        average = self.commit.length / (self.commit.paragraphs or 1)
        norms: Array = K1 * (1 - B + B * lengths / (average or 1))
        return norms

    @cached_property
    def short_norms(self) -> Array:
        """`norms` in 32 bits."""
        return self.norms.astype(np.float32)

    def df(self, term: str) -> int:
        """Live paragraphs that have a term in text, headings or title."""
        total = 0
        for number, segment in enumerate(self.segments):
            found, live = segment.postings.find(term), self.live(number)
            if found is not None:
                postings = segment.postings
                total += postings.df(found) if live is None else int(live[postings.holders(found)].sum())
        return total

    def gram_dfs(self, grams: Sequence[str]) -> list[int]:
        """Live paragraphs whose folded text holds each gram; all grams have one character, or all two."""
        new = [gram for gram in grams if gram not in self._gram_dfs]
        if len(self._gram_dfs) > _KEPT_GRAMS:
            self._gram_dfs, new = {}, list(grams)
        total = np.zeros(len(new), np.int64)
        for number, segment in enumerate(self.segments if new else ()):
            total += segment.text.gram_dfs(new)
            gone = self._gone[number]
            if gone is not None:
                total -= gone.gram_dfs(new)
        known = {**self._gram_dfs, **dict(zip(new, total.tolist(), strict=True))}
        self._gram_dfs = known  # one assignment, so that threads see the one or the other
        return [known[gram] for gram in grams]

    @cached_property
    def _gone(self) -> list[Text | None]:
        """The text of the paragraphs of each segment that are not live, as if it were a segment of its own."""
        texts: list[Text | None] = []
        for number, segment in enumerate(self.segments):
            live = self.live(number)
            if live is None:
                texts.append(None)
            else:
                characters, lengths = segment.text.characters()
                gone = text_arrays(characters[np.repeat(~live, lengths)], lengths[~live])
                texts.append(Text(gone))
        return texts

    # facets

    def values(self, facet: Facet) -> Values:
        """The values of a facet."""
        if facet not in self._values:
            self._values[facet] = self._made(facet)
        return self._values[facet]

    def _made(self, facet: Facet) -> Values:
        codes = Codes()
        numbers = []
        for segment in self.segments:
            column, name = segment.facet_column(facet.name)
            if column is None:
                numbers.append(np.full(segment.document_count, codes.code(()), np.int64))
            else:
                known = [codes.code(values_of(stand_in(name, value), facet)) for value in column.values()]
                numbers.append(np.array(known, np.int64)[column.codes])
        names = sorted({value for values in codes.values for value in values})
        number_of = {name: number for number, name in enumerate(names)}
        pairs = [(code, number_of[value]) for code, values in enumerate(codes.values) for value in values]
        pair_code, pair_name = np.array(pairs, np.int64).reshape(-1, 2).T
        is_empty = np.array([not values for values in codes.values], bool)
        joined = np.concatenate([np.empty(0, np.int64), *numbers])
        count, is_of_documents = len(codes.values), facet.name not in {"topic", "section"}
        owner_of, code_of = (self.document_of, joined) if is_of_documents else (narrow(joined), np.arange(count))
        return Values(owner_of, code_of, names, pair_code, pair_name, count, is_empty, is_of_documents)

    def problem(self) -> str | None:
        """What does not fit between the commit and its segments, or None."""
        commit, documents = self.commit, int(self.document_starts[-1])
        if len(commit.live) != documents or len(commit.rank) != documents:
            return f"the commit speaks of {len(commit.live)} documents, the segments hold {documents}"
        if len(np.unique(commit.rank[commit.live])) != int(commit.live.sum()):
            return "documents share a place in the order of the corpus"
        files = [name for segment in self.segments for name in segment.column("file").of_owners()]
        in_order = [files[number] for number in self.corpus_order.tolist()]
        if in_order != sorted(in_order):
            return "documents are not in the order of their files"
        sums = [segment.sums(self.live_documents(number)) for number, segment in enumerate(self.segments)]
        counted = tuple(map(sum, zip(*sums, strict=True)))
        if counted != (commit.paragraphs, commit.length, commit.characters, commit.bigrams):
            return "the sums of the commit are not those of its segments"
        return None
