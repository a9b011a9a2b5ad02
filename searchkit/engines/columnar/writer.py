"""The index writer: writes segments, marks documents as deleted, and merges or rewrites segments.

A doc is a paragraph, a document a report or a record of a corpus file. The base index is the committed index that an
update starts from. Its segment files are not changed.
"""

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
from searchkit.engines.columnar.columns import DictEncoder
from searchkit.engines.columnar.commit import Commit, read_commit, write_commit
from searchkit.engines.columnar.merging import merge_columns
from searchkit.engines.columnar.segment import MAX_SEGMENT_CHARACTERS, MAX_SEGMENT_DOCS, SegmentReader, write_segment
from searchkit.engines.contract import decoding, own_heading_counts
from searchkit.manifest import link_or_copy
from searchkit.model import Document, ExtractedMeasure, Paragraph, Table
from searchkit.text.analyzer import Analyzer

MERGE_FACTOR = 4
"""Lowest number of segments of a tier that are merged. Tier n contains the segments with 4ⁿ to 4ⁿ⁺¹ - 1 live docs, but
none that is at least half full."""
_MAX_DELETED_RATIO = 0.25  # a segment with a larger ratio of deleted docs is rewritten without these docs


@dataclass(slots=True)
class _SegmentInfo:
    """A segment that will be part of the index."""

    path: Path
    reader: SegmentReader
    live_documents: Array
    """Boolean per document: False if the document is deleted."""
    sequence: Array
    """Sequence number per document. It increases in the order in which documents are added.

    Documents of the base index have the lowest numbers, in corpus order. Other documents are put into the corpus order
    by file name, and those of the same file by sequence number.
    """
    is_shared: bool = False
    """Whether the segment file belongs to the base index, so that it must not be changed or moved."""

    @property
    def live_doc_count(self) -> int:
        """Number of live docs."""
        return int(np.diff(self.reader.document_offsets)[self.live_documents].sum())


class ColumnarWriter:
    """Collects documents. Writes them to a segment if the next document would not fit, in `add_index` and in `commit`.

    `base` is the folder of the base index; None if there is none.
    """

    def __init__(self, folder: Path, analyzer: Analyzer, base: Path | None) -> None:
        self._folder, self._analyzer = folder, analyzer
        self._builder = SegmentBuilder(analyzer)
        self._segments: list[_SegmentInfo] = []
        self._next_sequence = 0
        self._base_documents = 0  # number of documents of the base index; their sequence numbers are below this number
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
        tables: Sequence[Table] = (),
        keys: Sequence[int] = (),
    ) -> None:
        """Add a document with its paragraphs and its tables.

        `measures`: the measures of each paragraph. `file`: name of the corpus file. `keys`: the near-duplicate key of
        each paragraph; empty if none has a key. A document that exceeds the limits of a segment is split, and stored as
        several documents with the same id.
        """
        lengths = [len(paragraph.text) for paragraph in paragraphs]
        own_headings = own_heading_counts(paragraphs)
        keys = keys or [0] * len(paragraphs)
        for part in _split_document(lengths):
            max_docs = MAX_SEGMENT_DOCS - (part.stop - part.start)
            max_characters = MAX_SEGMENT_CHARACTERS - sum(lengths[part])
            if self._builder.size > max_docs or self._builder.characters > max_characters:
                self._flush()
            self._builder.add(
                document, paragraphs[part], measures[part], file, tables, (own_headings[part], keys[part])
            )

    def remove(self, files: Collection[str]) -> None:
        """Delete the documents of `files` that come from the base index. Added documents stay."""
        for info in self._segments:
            if not info.is_shared:
                continue
            column = info.reader.column("file")
            is_removed = np.zeros(column.value_count, bool)
            is_removed[column.codes_of(files)] = True
            info.live_documents &= ~is_removed[column.codes]

    def add_index(self, folder: Path) -> None:
        """Add the segments that another writer committed to `folder`. `commit` moves or deletes their files."""
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
        """Add the segments of the commit in `folder`. Documents get the next sequence numbers, in corpus order."""
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
        """Write the collected documents, if there are any, to a segment."""
        if not self._builder.size:
            return
        path, columns = self._new_path(), self._builder.columns()
        self._builder = SegmentBuilder(self._analyzer)  # frees the memory of the old builder, which writing needs
        write_segment(path, columns)
        reader = SegmentReader(path)
        sequence = np.arange(reader.document_count) + self._next_sequence
        self._next_sequence += len(sequence)
        self._segments.append(_SegmentInfo(path, reader, np.ones(len(sequence), bool), sequence))

    def _merge(self, group: Sequence[_SegmentInfo]) -> None:
        """Replace a group of one or more segments by a segment that contains their live documents."""
        columns = []
        for info in group:
            info.reader.arrays.verify()  # otherwise damaged data would be written with a valid checksum
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
        """Move the file of a segment to the folder of the index. Links or copies it if it belongs to the base index."""
        if info.path.parent == self._folder:
            return
        target = self._folder / info.path.name if info.is_shared else self._new_path()
        if info.is_shared:
            link_or_copy(info.path, target)
        else:
            info.path.replace(target)
        info.path = target

    def _new_path(self) -> Path:
        """Return the path of the next segment file: 000012.segment."""
        self._last_file_number += 1
        return self._folder / f"{self._last_file_number:06d}.segment"


def _split_document(lengths: Sequence[int]) -> Iterator[slice]:
    """Yield slices of the paragraphs of a document that each fit one segment.

    Yields one slice for all paragraphs, or several if the document is too large. A paragraph with more characters than
    `MAX_SEGMENT_CHARACTERS` is a slice of its own. `lengths`: number of characters of each paragraph.
    """
    start = characters = 0
    for index, length in enumerate(lengths):
        characters += length
        if index > start and (index - start == MAX_SEGMENT_DOCS or characters > MAX_SEGMENT_CHARACTERS):
            yield slice(start, index)
            start, characters = index, length
    yield slice(start, len(lengths))


def _find_merges(segments: Sequence[_SegmentInfo]) -> list[list[_SegmentInfo]]:
    """Return groups of segments. The caller replaces each group by one segment.

    If there are segments with many deleted docs, each of them is a group, to be rewritten. Otherwise small segments of
    the same tier are grouped, if there are at least `MERGE_FACTOR` of them.
    """
    wasteful = [[info] for info in segments if info.live_doc_count < (1 - _MAX_DELETED_RATIO) * info.reader.size]
    if wasteful:
        return wasteful
    # Segments that are at least half full are not merged with others, because two of them rarely fit one segment.
    small = [info for info in segments if info.live_doc_count < MAX_SEGMENT_DOCS // 2]

    def tier(info: _SegmentInfo) -> int:
        """Return the tier of a segment: the logarithm of its number of live docs, rounded down."""
        return int(math.log(info.live_doc_count, MERGE_FACTOR))

    groups = []
    for _, members in groupby(sorted(small, key=tier), tier):
        same_tier = list(members)
        if len(same_tier) >= MERGE_FACTOR:
            groups += _group_to_fit(same_tier)
    return groups


def _group_to_fit(segments: Sequence[_SegmentInfo]) -> list[list[_SegmentInfo]]:
    """Group segments so that each group fits one segment. Returns only groups of at least two segments.

    The characters of a segment (`SegmentReader.characters`) include those of deleted docs, headings and titles, which
    the limit `MAX_SEGMENT_CHARACTERS` does not count. So a group may be closed although another segment would fit.
    """
    groups: list[list[_SegmentInfo]] = [[]]
    size = characters = 0
    for info in segments:
        size, characters = size + info.live_doc_count, characters + info.reader.characters
        if groups[-1] and (size > MAX_SEGMENT_DOCS or characters > MAX_SEGMENT_CHARACTERS):
            groups.append([])
            size, characters = info.live_doc_count, info.reader.characters
        groups[-1].append(info)
    return [group for group in groups if len(group) > 1]


def _build_commit(segments: Sequence[_SegmentInfo], base_documents: int) -> Commit:
    """Return the commit of the segments. `base_documents`: number of documents of the base index."""
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
    """Return the rank of each document in corpus order, deleted documents included.

    Documents with a sequence number below `base_documents` are from the base index, and are in corpus order if they are
    sorted by these numbers. Reads the file names of all other documents, and finds the position of each name among the
    documents of the base index by binary search, which reads a few more file names.
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
    names = DictEncoder()  # the files of new documents
    codes = np.concatenate(
        [
            np.empty(0, np.uint32),
            *(
                names.encode_all(info.reader.column("file").take(np.flatnonzero(info.sequence >= base_documents)))
                for info in segments
            ),
        ]
    )
    name_ranks = np.empty(len(names.values), np.int64)
    name_ranks[sorted(range(len(names.values)), key=names.values.__getitem__)] = np.arange(len(names.values))
    added = np.lexsort((sequence[new], name_ranks[codes]))  # by file name, then by sequence number
    positions = [bisect_right(old, name, key=lambda document: file_of(int(document))) for name in names.values]
    order = np.insert(old, np.array(positions, np.int64)[codes[added]], new[added])
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    return ranks
