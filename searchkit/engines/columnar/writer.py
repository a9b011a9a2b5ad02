"""The index writer: writes segments, drops deleted documents, decides which segments are merged or rewritten."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from searchkit.engines.columnar.arrays import Array, offsets_from_lengths
from searchkit.engines.columnar.building import SegmentBuilder
from searchkit.engines.columnar.commit import Commit, read_commit, write_commit
from searchkit.engines.columnar.merging import merge_columns
from searchkit.engines.columnar.segment import MAX_SEGMENT_CHARACTERS, MAX_SEGMENT_DOCS, SegmentReader, write_segment
from searchkit.engines.contract import decoding
from searchkit.manifest import link_or_copy
from searchkit.model import Document, ExtractedMeasure, Paragraph
from searchkit.text.analyzer import Analyzer

MERGE_FACTOR = 4
"""Number of segments in a tier that triggers a merge. Sizes in a tier differ by less than this factor."""
_MAX_DELETED_RATIO = 0.25  # a segment with a larger ratio of deleted docs is rewritten without them


@dataclass(slots=True)
class _SegmentInfo:
    """A segment that will be part of the index."""

    path: Path
    reader: SegmentReader
    live_documents: Array
    """Boolean per document: whether it stays."""
    sequence: Array
    """Sequence number per document. They order the documents of one file."""
    is_shared: bool = False
    """The file belongs to another index and must not change."""

    @property
    def size(self) -> int:
        """Number of live docs."""
        return int(np.diff(self.reader.document_offsets)[self.live_documents].sum())


class ColumnarWriter:
    """Collects documents, and writes a segment whenever there are enough."""

    def __init__(self, folder: Path, analyzer: Analyzer, base: Path | None) -> None:
        self._folder, self._analyzer = folder, analyzer
        self._builder = SegmentBuilder(analyzer)
        self._segments: list[_SegmentInfo] = []
        self._next_sequence = 0
        self._base_documents = 0  # number of documents of the base index: their sequence numbers are in corpus order
        self._last_file_number = 0
        if base is not None:
            with decoding(base):
                self._add_segments(base, is_shared=True)
            self._base_documents = self._next_sequence
            self._last_file_number = max((int(info.path.stem) for info in self._segments), default=0)

    def add(
        self,
        document: Document,
        paragraphs: Sequence[Paragraph],
        measures: Sequence[Sequence[ExtractedMeasure]],
        file: str,
    ) -> None:
        """Add a document with its paragraphs and the measures of each paragraph."""
        lengths = [len(paragraph.text) for paragraph in paragraphs]
        for part in _split_document(lengths):
            room = MAX_SEGMENT_DOCS - (part.stop - part.start), MAX_SEGMENT_CHARACTERS - sum(lengths[part])
            if self._builder.size > room[0] or self._builder.characters > room[1]:
                self._flush()
            self._builder.add(document, paragraphs[part], measures[part], file)

    def remove(self, files: Collection[str]) -> None:
        """Delete the documents of these files that come from the base index."""
        for info in self._segments:
            column = info.reader.column("file")
            is_removed = np.zeros(len(column), bool)
            is_removed[column.codes_of(files)] = True
            info.live_documents &= ~is_removed[column.codes]

    def add_index(self, folder: Path) -> None:
        """Add the segments that another writer committed to `folder`."""
        self._flush()
        with decoding(folder):
            self._add_segments(folder, is_shared=False)

    def commit(self) -> None:
        """Write everything to the folder. The writer cannot be used any more."""
        self._flush()
        self._segments = [info for info in self._segments if info.live_documents.any()]
        while groups := _find_merges(self._segments):
            for group in groups:
                self._merge(group)
        for info in self._segments:
            self._move_to_folder(info)
        commit = _build_commit(self._segments, self._base_documents)
        write_commit(self._folder, commit)

    def rollback(self) -> None:
        """Write nothing more. The folder can be removed."""
        self._builder = SegmentBuilder(self._analyzer)
        self._segments = []

    def _add_segments(self, folder: Path, *, is_shared: bool) -> None:
        commit = read_commit(folder)
        start = 0
        for name in commit.segments:
            reader = SegmentReader(folder / name)
            end = start + reader.document_count
            sequence = commit.ranks[start:end].astype(np.int64) + self._next_sequence
            self._segments.append(
                _SegmentInfo(folder / name, reader, commit.live_documents[start:end].copy(), sequence, is_shared)
            )
            start = end
        self._next_sequence += start

    def _flush(self) -> None:
        if not self._builder.size:
            return
        path, columns = self._new_path(), self._builder.columns()
        self._builder = SegmentBuilder(self._analyzer)  # frees memory that writing needs
        write_segment(path, columns)
        reader = SegmentReader(path)
        sequence = np.arange(reader.document_count) + self._next_sequence
        self._next_sequence += len(sequence)
        self._segments.append(_SegmentInfo(path, reader, np.ones(len(sequence), bool), sequence))

    def _merge(self, group: Sequence[_SegmentInfo]) -> None:
        """Replace several segments by one that contains their live documents."""
        columns = []
        for info in group:
            info.reader.arrays.verify()  # otherwise damage would get a valid checksum
            columns.append(info.reader.columns(info.live_documents))
        path = self._new_path()
        write_segment(path, merge_columns(columns))
        sequence = np.concatenate([info.sequence[info.live_documents] for info in group])
        index = self._segments.index(group[0])
        self._segments[index] = _SegmentInfo(path, SegmentReader(path), np.ones(len(sequence), bool), sequence)
        self._segments = [info for info in self._segments if not any(info is old for old in group)]
        for info in group:
            if not info.is_shared:
                info.path.unlink()

    def _move_to_folder(self, info: _SegmentInfo) -> None:
        """Move the file of a segment to the folder, or link it if it belongs to another index."""
        if info.path.parent == self._folder:
            return
        target = self._folder / info.path.name if info.is_shared else self._new_path()
        if info.is_shared:
            link_or_copy(info.path, target)
        else:
            info.path.replace(target)
        info.path = target

    def _new_path(self) -> Path:
        self._last_file_number += 1
        return self._folder / f"{self._last_file_number:06d}.segment"


def _split_document(lengths: Sequence[int]) -> Iterator[slice]:
    """Yield the slices of a document's paragraphs that fit a segment: one, or several if it is too large.

    `lengths`: number of characters of each paragraph.
    """
    start = characters = 0
    for index, length in enumerate(lengths):
        characters += length
        if index > start and (index - start == MAX_SEGMENT_DOCS or characters > MAX_SEGMENT_CHARACTERS):
            yield slice(start, index)
            start, characters = index, length
    yield slice(start, len(lengths))


def _find_merges(segments: Sequence[_SegmentInfo]) -> list[list[_SegmentInfo]]:
    """Return the groups of segments to merge: small ones of the same tier, or single ones with many deleted docs."""
    wasteful = [[info] for info in segments if info.size < (1 - _MAX_DELETED_RATIO) * info.reader.size]
    if wasteful:
        return wasteful
    small = [info for info in segments if info.size < MAX_SEGMENT_DOCS // 2]

    def tier(info: _SegmentInfo) -> int:
        """Return the tier of a segment: the logarithm of its size, rounded down."""
        return int(math.log(info.size, MERGE_FACTOR))

    groups = []
    for _, members in groupby(sorted(small, key=tier), tier):
        same_tier = list(members)
        if len(same_tier) >= MERGE_FACTOR:
            groups += _group_to_fit(same_tier)
    return groups


def _group_to_fit(segments: Sequence[_SegmentInfo]) -> list[list[_SegmentInfo]]:
    """Group segments so that each group fits one segment. Returns the groups of at least two."""
    groups: list[list[_SegmentInfo]] = [[]]
    size = characters = 0
    for info in segments:
        size, characters = size + info.size, characters + info.reader.characters
        if groups[-1] and (size > MAX_SEGMENT_DOCS or characters > MAX_SEGMENT_CHARACTERS):
            groups.append([])
            size, characters = info.size, info.reader.characters
        groups[-1].append(info)
    return [group for group in groups if len(group) > 1]


def _build_commit(segments: Sequence[_SegmentInfo], base_documents: int) -> Commit:
    live_documents = np.concatenate([np.empty(0, bool), *(info.live_documents for info in segments)])
    totals = (
        np.sum([info.reader.totals(info.live_documents) for info in segments], axis=0)
        if segments
        else np.zeros(4, np.int64)
    )
    return Commit(
        tuple(info.path.name for info in segments),
        live_documents,
        _corpus_ranks(segments, base_documents),
        *map(int, totals),
    )


def _corpus_ranks(segments: Sequence[_SegmentInfo], base_documents: int) -> Array:
    """Return the rank of each document in corpus order.

    Documents with a sequence number below `base_documents` are already in corpus order. Reads the file name of each
    other document, and a few more to find its rank among those in order.
    """
    sequence = np.concatenate([np.empty(0, np.int64), *(info.sequence for info in segments)])
    document_bases = offsets_from_lengths([len(info.sequence) for info in segments])

    def file_of(document: int) -> str:
        """Return the name of the file that a document was read from."""
        index = int(document_bases.searchsorted(document, "right")) - 1
        name: str = segments[index].reader.column("file")[document - int(document_bases[index])]
        return name

    old, new = np.flatnonzero(sequence < base_documents), np.flatnonzero(sequence >= base_documents)
    old = old[np.argsort(sequence[old], kind="stable")]
    names = [
        name
        for info in segments
        for name in info.reader.column("file").take(np.flatnonzero(info.sequence >= base_documents))
    ]
    added = sorted(zip(names, sequence[new].tolist(), new.tolist(), strict=True))
    positions = [bisect_right(old, name, key=lambda document: file_of(int(document))) for name, *_ in added]
    order = np.insert(old, positions, [document for *_, document in added])
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return ranks
