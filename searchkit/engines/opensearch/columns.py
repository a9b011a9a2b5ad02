"""Documents and measures of a state as columns. A build writes them as two files; an engine reads each file once.

A state is what an index contains after a commit. It never changes, so columns that were read stay right. The files are
compressed MessagePack of declared types. The uid of a paragraph is a hash of its id (`mapping.uid_of`).
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import numpy as np

from searchkit.engines.contract import MeasureAttributes, TimeAttributes
from searchkit.engines.indicators import Indicators
from searchkit.engines.ranking import Lengths
from searchkit.model import Document, ExtractedMeasure, Paragraph, document_from_json, reviewed_year
from searchkit.query.facets import Facet, facet_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

DOCUMENTS_FILE = "documents"
"""File with all documents, the totals of the paragraphs and their checksum."""
MEASURES_FILE = "measures"
"""File with the columns of all measures."""

Json = dict[str, Any]
_Value = TypeVar("_Value")


_MeasureRow = tuple[str, MeasureAttributes, TimeAttributes, bool, float]
"""Indicator, attributes and time of a measure, whether it is part of another, and its signed value."""


class DocumentRow(msgspec.Struct):
    """The part of the columns for one document.

    It is stored with the document, so that a build joins the columns without reading paragraphs.
    """

    record: Json
    """The document as JSON."""
    has_tables: bool
    lengths: tuple[int, ...] = tuple(Lengths())
    """Sums of the lengths of its paragraphs (`ranking.Lengths`)."""
    paragraphs: int = 0
    """Number of its paragraphs."""
    empty: int = 0
    """Number of its paragraphs without a word in text, headings and title."""
    checksum: int = 0
    """Sum of the checksums of its paragraphs (`checksum_of`)."""
    measured: list[tuple[int, int, int, list[_MeasureRow]]] = []
    """For each paragraph with measures: its uid, the year that its report reviews, the year of its report, and its
    measures. A 政府工作报告 of 2024 reviews 2023 (`model.reviewed_year`). 0 is an unknown year."""

    def add(
        self, source: Json, lengths: Sequence[int], paragraph: Paragraph, measures: Sequence[ExtractedMeasure]
    ) -> None:
        """Add a paragraph. `source`: its stored content. `lengths`: its lengths, as in `ranking.Lengths`."""
        self.paragraphs += 1
        self.empty += not any(lengths[:3])
        self.checksum += checksum_of(source)
        self.lengths = _add(self.lengths, lengths)
        if measures:
            reviewed = reviewed_year(paragraph.year, paragraph.doctype) or 0
            self.measured.append((source["uid"], reviewed, paragraph.year or 0, [*map(_measure_row, measures)]))


def _measure_row(item: ExtractedMeasure) -> _MeasureRow:
    attributes = (item.unit, item.base_unit, item.bound, item.kind, item.change, item.period, item.zero)
    time = (item.of_year, item.since, item.part, item.stock, item.status)
    return item.indicator, attributes, time, item.part_of is not None, float(item.signed_value)


class DocumentColumns(msgspec.Struct):
    """The documents of a state, in corpus order."""

    records: list[Json]
    """The documents as JSON."""
    with_tables: list[bool]
    """Whether each document has tables."""
    lengths: tuple[int, ...]
    """Sums of the lengths of all paragraphs (`ranking.Lengths`)."""
    paragraphs: int
    """Number of paragraphs."""
    empty: int
    """Number of paragraphs without a word in text, headings and title."""
    checksum: int
    """Sum of the checksums of the paragraphs (`checksum_of`)."""
    deleted: int = 0
    """Upper bound of the number of documents that OpenSearch has deleted, but still counts."""


class MeasureRows(msgspec.Struct):
    """The measures of a state, in corpus order.

    Fields of bytes are arrays of 32-bit integers (`is_part`: of bools), with an element per measure, unless stated
    otherwise. `indicator_of`, `attributes_of` and `time_of` are indices in the lists `indicators`, `attributes` and
    `times`.
    """

    indicators: list[str]
    attributes: list[MeasureAttributes]
    times: list[TimeAttributes]
    uids: bytes
    """Uid of each paragraph with measures (64 bits), in corpus order."""
    counts: bytes
    """Number of measures of each of these paragraphs (32 bits)."""
    indicator_of: bytes
    attributes_of: bytes
    time_of: bytes
    is_part: bytes
    reviewed_years: bytes
    years: bytes
    """Year of the report (`Paragraph.year`), 0 if it is unknown."""
    values: bytes
    """Signed value (64-bit floats)."""


def pack(columns: DocumentColumns | MeasureRows) -> bytes:
    """Return the content of a file of columns."""
    return zlib.compress(msgspec.msgpack.encode(columns), 1)


def pack_row(row: DocumentRow) -> str:
    """Return the stored form of the columns of one document."""
    return base64.b64encode(zlib.compress(msgspec.msgpack.encode(row), 1)).decode("ascii")


def unpack_row(content: str) -> DocumentRow:
    """Return the columns of one document. Raises as `unpack_documents`, or ValueError if the text is not Base64."""
    return msgspec.msgpack.decode(zlib.decompress(base64.b64decode(content)), type=DocumentRow)


def unpack_documents(content: bytes) -> Documents:
    """Return the documents of a file. Raises zlib.error or msgspec.MsgspecError if it is not such a file."""
    return Documents(msgspec.msgpack.decode(zlib.decompress(content), type=DocumentColumns))


def unpack_measures(content: bytes) -> Measures:
    """Return the measures of a file. Raises as `unpack_documents`, or ValueError if the size of an array is wrong.

    Not every wrong size is found.
    """
    return Measures(msgspec.msgpack.decode(zlib.decompress(content), type=MeasureRows))


def checksum_of(source: Mapping[str, Any]) -> int:
    """Return the checksum of the stored content of a paragraph.

    Checksums of paragraphs are added up, so the order of the paragraphs does not matter.
    """
    return zlib.crc32("\n".join((source["record"], source["frequencies"])).encode())


class Documents:
    """The documents of a state, and their facet values. The ordinal of a document is its place in corpus order.

    Thread-safe.
    """

    def __init__(self, columns: DocumentColumns) -> None:
        self._records = columns.records
        self.with_tables = columns.with_tables
        self.lengths = Lengths(*columns.lengths)
        """Sums of the lengths of all paragraphs."""
        self.paragraphs = columns.paragraphs
        """Number of paragraphs."""
        self.checksum = columns.checksum
        self.empty, self.deleted = columns.empty, columns.deleted
        """As `DocumentColumns.empty` and `DocumentColumns.deleted`."""
        self.ids: list[str] = [record["document"] for record in self._records]
        self._values: dict[Facet, tuple[list[str], NDArray[np.int64]]] = {}

    @cached_property
    def ordinals(self) -> dict[str, int]:
        """Ordinal by id."""
        return {name: ordinal for ordinal, name in enumerate(self.ids)}

    def document(self, ordinal: int) -> Document:
        """Return a document."""
        return document_from_json(self._records[ordinal])

    def values(self, facet: Facet) -> tuple[list[str], NDArray[np.int64]]:
        """Return the values of a facet of documents (year, district), and for each document the index of its value.

        The index is -1 if the document has no value.
        """
        if facet not in self._values:
            codes: dict[str, int] = {}
            found = [facet_values(self._as_paragraph(record), facet) for record in self._records]
            column = np.array([codes.setdefault(value[0], len(codes)) if value else -1 for value in found], np.int64)
            self._values[facet] = [*codes], column
        return self._values[facet]

    @staticmethod
    def _as_paragraph(record: Json) -> Paragraph:
        """Return a paragraph with the facet values of a document."""
        document = document_from_json(record)
        names = ("year", "region", "agency", "doctype", "facets")
        return Paragraph("", document.document, 0, "", **{name: getattr(document, name) for name in names})


class Measures:
    """The columns of all measures of a state. A measure is identified by its index, in corpus order."""

    def __init__(self, rows: MeasureRows) -> None:
        self.indicators = Indicators.of_texts(rows.indicators)
        self.attributes = rows.attributes
        self.times = rows.times
        self.uids = np.frombuffer(rows.uids, np.int64)
        """Uid of each paragraph with measures, in corpus order."""
        counts = np.frombuffer(rows.counts, np.int32)
        self.first = np.cumsum(counts, dtype=np.int64) - counts
        """Index of the first measure of each of these paragraphs."""
        self.paragraph_of = np.repeat(np.arange(len(counts)), counts)
        """Ordinal, among the paragraphs with measures, of the paragraph of each measure."""
        self.indicator_of = np.frombuffer(rows.indicator_of, np.int32).astype(np.int64)
        self.attributes_of = np.frombuffer(rows.attributes_of, np.int32).astype(np.int64)
        self.time_of = np.frombuffer(rows.time_of, np.int32).astype(np.int64)
        self.is_part = np.frombuffer(rows.is_part, bool)
        self.reviewed_years = np.frombuffer(rows.reviewed_years, np.int32).astype(np.int64)
        self.values = np.frombuffer(rows.values, np.float64)
        own_years = np.array([item[0] or 0 for item in rows.times], np.int64)
        reported = np.frombuffer(rows.years, np.int32)
        self.years = np.where(own := own_years[self.time_of] if len(self.time_of) else self.time_of, own, reported)
        """Year of each measure (`facets.year_of_measure`), 0 if it has none."""

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def _order(self) -> NDArray[np.intp]:
        return np.argsort(self.uids, kind="stable")

    def ordinals_of(self, uids: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return the ordinal, among the paragraphs with measures, of the paragraph with each uid.

        Each uid must be that of a paragraph with measures.
        """
        found: NDArray[np.intp] = self._order[np.searchsorted(self.uids, uids, sorter=self._order)]
        return found


def join_rows(rows: Iterable[DocumentRow]) -> tuple[DocumentColumns, MeasureRows]:
    """Return the columns of all documents and of all measures. `rows`: in corpus order."""
    documents = DocumentColumns([], [], tuple(Lengths()), 0, 0, 0)
    columns: dict[str, list[Any]] = {
        name: [] for name in ("uids", "counts", "is_part", "reviewed_years", "years", "values")
    }
    indicators, attributes, times = _Codes[str](), _Codes[MeasureAttributes](), _Codes[TimeAttributes]()
    for row in rows:
        documents.records.append(row.record)
        documents.with_tables.append(row.has_tables)
        documents.lengths = _add(documents.lengths, row.lengths)
        documents.paragraphs += row.paragraphs
        documents.empty += row.empty
        documents.checksum += row.checksum
        for uid, reviewed, year, measures in row.measured:
            columns["uids"].append(uid)
            columns["counts"].append(len(measures))
            columns["reviewed_years"] += [reviewed] * len(measures)
            columns["years"] += [year] * len(measures)
            for indicator, attribute, time, is_part, value in measures:
                indicators.add(indicator)
                attributes.add(attribute)
                times.add(time)
                columns["is_part"].append(is_part)
                columns["values"].append(value)
    types = {"uids": np.int64, "is_part": bool, "values": np.float64}
    arrays = {name: np.array(data, types.get(name, np.int32)).tobytes() for name, data in columns.items()}
    return documents, MeasureRows(
        indicators=indicators.values(),
        attributes=attributes.values(),
        times=times.values(),
        indicator_of=indicators.column(),
        attributes_of=attributes.column(),
        time_of=times.column(),
        **arrays,
    )


def _add(lengths: Sequence[int], others: Sequence[int]) -> tuple[int, ...]:
    return tuple(map(sum, zip(lengths, others, strict=True)))


class _Codes(dict[_Value, int]):
    """Distinct values, and a column with the index of the value of each row."""

    def __init__(self) -> None:
        super().__init__()
        self._column: list[int] = []

    def add(self, value: _Value) -> None:
        """Add a row."""
        self._column.append(self.setdefault(value, len(self)))

    def values(self) -> list[_Value]:  # type: ignore[override]
        """Return the distinct values."""
        return [*self]

    def column(self) -> bytes:
        """Return the indices of the values of all rows."""
        return np.array(self._column, np.int32).tobytes()
