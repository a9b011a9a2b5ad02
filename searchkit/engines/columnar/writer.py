"""Writing an index: new segments for what is added, the old ones less what is removed, and small ones merged."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from searchkit.engines.columnar.arrays import Array, starts
from searchkit.engines.columnar.building import Builder
from searchkit.engines.columnar.commit import Commit, read_commit, write_commit
from searchkit.engines.columnar.merging import merged
from searchkit.engines.columnar.segment import MAX_CHARACTERS, MAX_PARAGRAPHS, Segment, write_segment
from searchkit.engines.contract import decoding
from searchkit.manifest import share
from searchkit.model import Document, ExtractedMeasure, Paragraph
from searchkit.text.analyzer import Analyzer

FAN_IN = 4
"""So many small segments of about the same size (none is so many times as large as another) become one."""
_MAX_DEAD = 0.25  # of a segment's paragraphs; with more it is written again without them


@dataclass(slots=True)
class _Part:
    """A segment that is going to be part of the index."""

    path: Path
    segment: Segment
    live: Array
    """For each document, whether it stays."""
    sequence: Array
    """Orders the documents of one file."""
    is_shared: bool = False
    """Belongs to another index, whose files stay as they are."""

    @property
    def size(self) -> int:
        """Live paragraphs."""
        return int(np.diff(self.segment.document_at)[self.live].sum())


class ColumnarWriter:
    """Collects documents, and writes a segment whenever enough have come together."""

    def __init__(self, folder: Path, analyzer: Analyzer, base: Path | None) -> None:
        self._folder, self._analyzer = folder, analyzer
        self._builder = Builder(analyzer)
        self._parts: list[_Part] = []
        self._sequence = 0
        self._known = 0  # documents of the other index: their sequence is the order of the corpus
        self._number = 0
        if base is not None:
            with decoding(base):
                self._take_over(base, is_shared=True)
            self._known = self._sequence
            self._number = max((int(part.path.stem) for part in self._parts), default=0)

    def add(
        self,
        document: Document,
        paragraphs: Sequence[Paragraph],
        measures: Sequence[Sequence[ExtractedMeasure]],
        file: str,
    ) -> None:
        """Add a document with its paragraphs and the measures of each of them."""
        lengths = [len(paragraph.text) for paragraph in paragraphs]
        for piece in _pieces(lengths):
            room = MAX_PARAGRAPHS - (piece.stop - piece.start), MAX_CHARACTERS - sum(lengths[piece])
            if self._builder.size > room[0] or self._builder.characters > room[1]:
                self._flush()
            self._builder.add(document, paragraphs[piece], measures[piece], file)

    def remove(self, files: Collection[str]) -> None:
        """Leave out the documents of these files that the other index holds."""
        for part in self._parts:
            column = part.segment.column("file")
            is_gone = np.zeros(len(column), bool)
            is_gone[column.numbers(files)] = True
            part.live &= ~is_gone[column.codes]

    def add_index(self, folder: Path) -> None:
        """Take over what another writer committed to `folder`."""
        self._flush()
        with decoding(folder):
            self._take_over(folder, is_shared=False)

    def commit(self) -> None:
        """Write everything to the folder; the writer is finished."""
        self._flush()
        self._parts = [part for part in self._parts if part.live.any()]
        while groups := _to_merge(self._parts):
            for group in groups:
                self._merge(group)
        for part in self._parts:
            self._settle(part)
        commit = _commit(self._parts, self._known)
        write_commit(self._folder, commit)

    def rollback(self) -> None:
        """Write nothing more; the folder can be removed."""
        self._builder = Builder(self._analyzer)
        self._parts = []

    def _take_over(self, folder: Path, *, is_shared: bool) -> None:
        commit = read_commit(folder)
        first = 0
        for name in commit.segments:
            segment = Segment(folder / name)
            last = first + segment.document_count
            sequence = commit.rank[first:last].astype(np.int64) + self._sequence
            self._parts.append(_Part(folder / name, segment, commit.live[first:last].copy(), sequence, is_shared))
            first = last
        self._sequence += first

    def _flush(self) -> None:
        if not self._builder.size:
            return
        path, columns = self._new_path(), self._builder.columns()
        self._builder = Builder(self._analyzer)  # its memory is needed for what comes now
        write_segment(path, columns)
        segment = Segment(path)
        sequence = np.arange(segment.document_count) + self._sequence
        self._sequence += len(sequence)
        self._parts.append(_Part(path, segment, np.ones(len(sequence), bool), sequence))

    def _merge(self, group: Sequence[_Part]) -> None:
        """Put one segment of the live documents in the place of several."""
        columns = []
        for part in group:
            part.segment.arrays.verify()  # else damage would get into a file that is whole
            columns.append(part.segment.columns(part.live))
        path = self._new_path()
        write_segment(path, merged(columns))
        sequence = np.concatenate([part.sequence[part.live] for part in group])
        place = self._parts.index(group[0])
        self._parts[place] = _Part(path, Segment(path), np.ones(len(sequence), bool), sequence)
        self._parts = [part for part in self._parts if not any(part is old for old in group)]
        for part in group:
            if not part.is_shared:
                part.path.unlink()

    def _settle(self, part: _Part) -> None:
        """Bring a segment into the folder: by a link if it belongs to another index, else by renaming it."""
        if part.path.parent == self._folder:
            return
        target = self._folder / part.path.name if part.is_shared else self._new_path()
        if part.is_shared:
            share(part.path, target)
        else:
            part.path.replace(target)
        part.path = target

    def _new_path(self) -> Path:
        self._number += 1
        return self._folder / f"{self._number:06d}.segment"


def _pieces(lengths: Sequence[int]) -> Iterator[slice]:
    """A document whose paragraphs are so long as one piece, or, if it is too large for a segment, as several."""
    first = characters = 0
    for number, length in enumerate(lengths):
        characters += length
        if number > first and (number - first == MAX_PARAGRAPHS or characters > MAX_CHARACTERS):
            yield slice(first, number)
            first, characters = number, length
    yield slice(first, len(lengths))


def _to_merge(parts: Sequence[_Part]) -> list[list[_Part]]:
    """Groups of segments that should become one each: small ones of about the same size, or one with much dead."""
    wasted = [[part] for part in parts if part.size < (1 - _MAX_DEAD) * part.segment.size]
    if wasted:
        return wasted
    small = [part for part in parts if part.size < MAX_PARAGRAPHS // 2]

    def tier(part: _Part) -> int:
        """Number of the size class."""
        return int(math.log(part.size, FAN_IN))

    groups = []
    for _, members in groupby(sorted(small, key=tier), tier):
        alike = list(members)
        if len(alike) >= FAN_IN:
            groups += _fitting(alike)
    return groups


def _fitting(parts: Sequence[_Part]) -> list[list[_Part]]:
    """Groups of at least two, each small enough for one segment."""
    groups: list[list[_Part]] = [[]]
    size = characters = 0
    for part in parts:
        size, characters = size + part.size, characters + part.segment.characters
        if groups[-1] and (size > MAX_PARAGRAPHS or characters > MAX_CHARACTERS):
            groups.append([])
            size, characters = part.size, part.segment.characters
        groups[-1].append(part)
    return [group for group in groups if len(group) > 1]


def _commit(parts: Sequence[_Part], known: int) -> Commit:
    live = np.concatenate([np.empty(0, bool), *(part.live for part in parts)])
    sums = np.sum([part.segment.sums(part.live) for part in parts], axis=0) if parts else np.zeros(4, np.int64)
    return Commit(tuple(part.path.name for part in parts), live, _ranks(parts, known), *map(int, sums))


def _ranks(parts: Sequence[_Part], known: int) -> Array:
    """The place in corpus order of each document: the sequence of those below `known` is their order already.

    Cost: a file name for each other document, and some more to find its place among those that are known.
    """
    sequence = np.concatenate([np.empty(0, np.int64), *(part.sequence for part in parts)])
    first = starts([len(part.sequence) for part in parts])

    def file_of(document: int) -> str:
        """Name of the file that a document was read from."""
        number = int(first.searchsorted(document, "right")) - 1
        name: str = parts[number].segment.column("file")[document - int(first[number])]
        return name

    old, new = np.flatnonzero(sequence < known), np.flatnonzero(sequence >= known)
    old = old[np.argsort(sequence[old], kind="stable")]
    names = [name for part in parts for name in part.segment.column("file").of(np.flatnonzero(part.sequence >= known))]
    added = sorted(zip(names, sequence[new].tolist(), new.tolist(), strict=True))
    places = [bisect_right(old, name, key=lambda document: file_of(int(document))) for name, *_ in added]
    order = np.insert(old, places, [document for *_, document in added])
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return ranks
