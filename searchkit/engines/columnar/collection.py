"""All segments of a commit as one: paragraphs and documents have numbers throughout, deleted ones too."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, pairwise
from pathlib import Path

import numpy as np

from searchkit.engines.columnar.arrays import Array, narrow
from searchkit.engines.columnar.columns import Codes, parsed
from searchkit.engines.columnar.commit import read_commit
from searchkit.engines.columnar.docsets import DocSet, bits
from searchkit.engines.columnar.matching.matcher import Matcher
from searchkit.engines.columnar.memo import Memo
from searchkit.engines.columnar.postings import Terms
from searchkit.engines.columnar.segment import Segment, stand_in
from searchkit.engines.columnar.text import Text, text_arrays
from searchkit.engines.ranking import K1, B
from searchkit.model import Document
from searchkit.query.facets import Facet, values_of

IMPACTS = 255
"""What `Collection.impact` gives at the most."""
_KEPT_IMPACTS = 16  # terms whose impacts (a byte for each paragraph) do
_NO_VALUE = b"null"  # as columns store it
_KEPT_GRAMS = 4096  # whose document frequencies, and places in the alphabets, do
_CHUNK = 1 << 16  # paragraphs whose impacts are made together, so that what is computed of them stays in the cache
_ERROR = 1e-6  # more than the relative error of a few operations with 32 bits


@dataclass(frozen=True)
class Values:
    """A facet's values as numbers: what counting and sorting need."""

    owner_of: Array
    """For each paragraph the number of what decides the facet: its document, or its section and topics."""
    columns: Sequence[Array]
    """The number of the first value of each of those, of its second one and so on; `none` where it has not so many.

    The first column alone says who has no value at all.
    """
    names: list[str]
    """The different values, in order; a value's number is its place."""
    is_of_documents: bool
    """Decided by the document."""

    @property
    def none(self) -> int:
        """The number of no value, behind that of the last one."""
        return len(self.names)

    def counts(self, owners: Array) -> Array:
        """How many of some owners have each value, and at the end how many have none."""
        return self._summed([np.bincount(column.take(owners), minlength=self.none + 1) for column in self.columns])

    def weighted(self, per_owner: Array) -> Array:
        """The same for owners each of which stands for so many."""
        counted = [np.bincount(column, per_owner, self.none + 1) for column in self.columns]
        return self._summed(counted).astype(np.int64)

    def _summed(self, counted: Sequence[Array]) -> Array:
        total = counted[0]
        for counts in counted[1:]:
            total[:-1] += counts[:-1]
        return total

    @cached_property
    def bitmaps(self) -> Array:
        """A row of bits (`docsets.bits`) for each value, of the paragraphs that have it; the last row: none of them."""
        owning = [np.logical_or.reduce([column == number for column in self.columns]) for number in range(self.none)]
        return np.array([bits(has.take(self.owner_of)) for has in (*owning, self.columns[0] == self.none)])


class Collection:
    """The open segments. Arrays over all paragraphs are made when they are first needed and then kept."""

    def __init__(self, folder: Path) -> None:
        """Open the commit in `folder`. Raises IndexDamaged."""
        self.commit = read_commit(folder)
        path = str(folder)  # to make a `Path` takes as long as to open a file
        self.segments = [Segment(f"{path}/{name}") for name in self.commit.segments]
        self._values: dict[Facet, Values] = {}
        self._columns: dict[str, Array] = {}
        self._impacts: Memo[str, Array] = Memo(_KEPT_IMPACTS)
        self._places: Memo[str, Array] = Memo(_KEPT_GRAMS)
        self._gram_dfs: dict[str, int] = {}

    # numbers

    @cached_property
    def starts(self) -> list[int]:
        """Position of each segment's first paragraph, and at the end the number of all."""
        return list(accumulate((segment.size for segment in self.segments), initial=0))

    @property
    def size(self) -> int:
        """Number of all paragraphs, deleted ones too."""
        return self.starts[-1]

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

    @cached_property
    def document_bits(self) -> tuple[Array, Array]:
        """For each document's first paragraph and for the end: its word of `bits`, a mask of the bits before it."""
        word, bit = np.divmod(np.append(self.first_position, self.size), 64)
        return word, (np.uint64(1) << bit.astype(np.uint64)) - np.uint64(1)

    def column(self, name: str) -> Array:
        """An array of the segments that has a number for each paragraph, of all segments."""
        if name not in self._columns:
            parts = [segment.arrays[name] for segment in self.segments]
            self._columns[name] = np.concatenate([np.empty(0, np.uint8), *parts])
        return self._columns[name]

    def locate(self, position: int) -> tuple[Segment, int]:
        """The segment of a paragraph, and the paragraph's position there."""
        number = bisect_right(self.starts, position) - 1
        return self.segments[number], position - self.starts[number]

    def document(self, number: int) -> Document:
        """The document of that number."""
        place = int(np.searchsorted(self.document_starts, number, "right")) - 1
        return self.segments[place].document(number - int(self.document_starts[place]))

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

    def first(self, found: DocSet, most: int) -> Array:
        """The positions, ascending, of the first paragraphs of a set in corpus order."""
        if self.is_in_order:
            return found.first(most)
        positions = found.ids
        return np.sort(positions.take(np.argsort(self.order_of(positions), kind="stable")[:most]))

    def ranked(self, positions: Array, scores: Array) -> Array:
        """The order of paragraphs by score, largest first, then in corpus order. The positions ascend."""
        if self.is_in_order:
            return (-scores).argsort(kind="stable")
        return np.lexsort((self.order_of(positions), -scores))

    # what is live

    @cached_property
    def live(self) -> Array | None:
        """Mask of the live paragraphs; None if all are."""
        live = self.commit.live
        return None if live.all() else live.take(self.document_of)

    def live_documents(self, number: int) -> Array:
        """Mask of the live documents of a segment."""
        first, last = self.document_starts[number : number + 2].tolist()
        mask: Array = self.commit.live[first:last]
        return mask

    # frequencies

    @cached_property
    def matcher(self) -> Matcher:
        """Which paragraphs match."""
        return Matcher(self.segments, self.starts, self.terms, self.live)

    @cached_property
    def terms(self) -> Terms:
        """The words."""
        return Terms([segment.postings for segment in self.segments], self.starts, self.live)

    def norms(self, positions: Array) -> Array:
        """What BM25 adds to the frequencies in paragraphs in the denominator."""
        norms: Array = K1 * (1 - B + B * self.column("length").take(positions) / self._average)
        return norms

    @property
    def _average(self) -> float:
        """Mean length; 1 if there is nothing."""
        return self.commit.length / (self.commit.paragraphs or 1) or 1

    def impact(self, term: str) -> Array:
        """For each paragraph what it reaches of the most that a term can add to a score, f / (f + norm), in 255ths.

        Rounded up to 8 bits; 0 where the term is not. Cost: 2 ns each when it is first asked for, less for rare terms.
        """
        return self._impacts.get(term, self._impact)

    def _impact(self, term: str) -> Array:
        impact, holders = np.zeros(self.size, np.uint8), self.terms.holders(term)
        if holders is not None:
            impact[holders] = self._reached(term, holders)
            return impact
        for start in range(0, self.size, _CHUNK):
            impact[start : start + _CHUNK] = self._reached(term, slice(start, start + _CHUNK))
        return impact

    def _reached(self, term: str, positions: Array | slice) -> Array:
        """The impacts at some positions: with 32 bits, and a little more to make up for what those leave out."""
        tf = self.terms.frequencies(term, positions).astype(np.float32)
        lengths = self.column("length")
        share = (lengths[positions] if isinstance(positions, slice) else lengths.take(positions)).astype(np.float32)
        share *= np.float32(K1 * B / self._average)
        share += np.float32(K1 * (1 - B))
        share += tf
        np.divide(tf, share, out=share)
        share *= np.float32(IMPACTS * (1 + _ERROR))
        return np.minimum(np.ceil(share, out=share), IMPACTS, out=share)

    def numbering(self, characters: Sequence[str]) -> list[Array]:
        """For each character of each segment's alphabet, which of some folded ones it folds to: from 1 on, 0 = none."""
        starts, _ = self._alphabets
        numbers = np.zeros(starts[-1], np.min_scalar_type(len(characters)))
        for number, character in enumerate(characters, 1):
            numbers[self._places.get(character, self._places_of)] = number
        return [numbers[first:last] for first, last in pairwise(starts)]

    @cached_property
    def _alphabets(self) -> tuple[list[int], Array]:
        """Folded alphabets, one after the other: where each begins and the last one ends, and their code points."""
        parts = [segment.text.folded_alphabet for segment in self.segments]
        return list(accumulate(map(len, parts), initial=0)), np.concatenate([np.empty(0, np.uint32), *parts])

    def _places_of(self, character: str) -> Array:
        _, alphabets = self._alphabets
        places: Array = (alphabets == ord(character)).nonzero()[0]
        return places

    def gram_dfs(self, grams: Sequence[str]) -> list[int]:
        """Live paragraphs whose folded text holds each gram; all grams have one character, or all two."""
        known = self._gram_dfs
        new = [gram for gram in grams if gram not in known]
        if new:
            known, new = ({}, list(grams)) if len(known) > _KEPT_GRAMS else (known, new)
            total = np.zeros(len(new), np.int64)
            for segment, gone in zip(self.segments, self._gone, strict=True):
                total += segment.text.gram_dfs(new)
                if gone is not None:
                    total -= gone.gram_dfs(new)
            # One assignment, so that threads see the one or the other.
            self._gram_dfs = known = {**known, **dict(zip(new, total.tolist(), strict=True))}
        return [known[gram] for gram in grams]

    @cached_property
    def _gone(self) -> list[Text | None]:
        """The text of the paragraphs of each segment that are not live, as if it were a segment of its own."""
        texts: list[Text | None] = []
        for number, segment in enumerate(self.segments):
            live = self.live_documents(number)
            if live.all():
                texts.append(None)
            else:
                is_gone = ~live[segment.document_of]
                characters, lengths = segment.text.characters()
                texts.append(Text(text_arrays(characters[np.repeat(is_gone, lengths)], lengths[is_gone])[0]))
        return texts

    # facets

    def values(self, facet: Facet) -> Values:
        """The values of a facet."""
        values = self._values.get(facet)
        if values is None:
            values = self._values[facet] = self._made(facet)
        return values

    def _made(self, facet: Facet) -> Values:
        texts, numbers, column_name = Codes(), [], ""
        for segment in self.segments:
            column, column_name = segment.facet_column(facet.name)
            if column is None:
                numbers.append(np.full(segment.document_count, texts.code(_NO_VALUE), np.int64))
            else:
                numbers.append(np.array(list(map(texts.code, column.texts())), np.int64)[column.codes])
        values = [values_of(stand_in(column_name, value), facet) for value in parsed(texts.values)]
        names = sorted(set(chain.from_iterable(values)))
        number_of = {name: number for number, name in enumerate(names)}
        rows = np.full((max([1, *map(len, values)]), len(values)), len(names))
        for code, own in enumerate(values):
            rows[: len(own), code] = [number_of[value] for value in own]
        code_of = np.concatenate([np.empty(0, np.int64), *numbers])
        if facet.name in {"topic", "section"}:
            return Values(narrow(code_of), list(rows), names, is_of_documents=False)
        return Values(self.document_of, [row.take(code_of) for row in rows], names, is_of_documents=True)

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
