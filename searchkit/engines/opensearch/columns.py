"""Documents and measures of a state as columns. A build writes them as two files; a process reads each once.

A state never changes, so columns that were read stay right. They are MessagePack of declared types, compressed.
"""

from __future__ import annotations

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
    checksum: int
    """Sum of the checksums of the paragraphs (`checksum_of`)."""


class MeasureRows(msgspec.Struct):
    """The measures of a state, in corpus order. The bytes are arrays with an element per measure."""

    indicators: list[str]
    attributes: list[MeasureAttributes]
    times: list[TimeAttributes]
    uids: bytes
    """Number of each paragraph with measures (64 bits), in corpus order."""
    counts: bytes
    """Number of measures of each of these paragraphs (32 bits)."""
    indicator_of: bytes
    attributes_of: bytes
    time_of: bytes
    is_part: bytes
    reviewed_years: bytes
    years: bytes
    """Reporting year of the paragraph, 0 if it is unknown."""
    values: bytes
    """Signed value (64-bit floats)."""


def pack(columns: DocumentColumns | MeasureRows) -> bytes:
    """Return the content of a file of columns."""
    return zlib.compress(msgspec.msgpack.encode(columns), 1)


def unpack_documents(content: bytes) -> Documents:
    """Return the documents of a file. Raises ValueError, or msgspec.MsgspecError, if it is not such a file."""
    return Documents(msgspec.msgpack.decode(zlib.decompress(content), type=DocumentColumns))


def unpack_measures(content: bytes) -> Measures:
    """Return the measures of a file. Raises as `unpack_documents`."""
    return Measures(msgspec.msgpack.decode(zlib.decompress(content), type=MeasureRows))


def checksum_of(source: Mapping[str, Any]) -> int:
    """Return the checksum of the stored content of a paragraph. Sums of it do not depend on the order."""
    return zlib.crc32("\n".join((source["record"], source["frequencies"])).encode())


class Documents:
    """The documents of a state, and their facet values by ordinal in corpus order. Thread-safe."""

    def __init__(self, columns: DocumentColumns) -> None:
        self._records = columns.records
        self.with_tables = columns.with_tables
        self.lengths = Lengths(*columns.lengths)
        """Sums of the lengths of all paragraphs."""
        self.paragraphs = columns.paragraphs
        """Number of paragraphs."""
        self.checksum = columns.checksum
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
        """Return the values of a facet of documents, and for each document the index of its value, or -1."""
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
        """Number of each paragraph with measures, in corpus order."""
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
        """Return the ordinal of the paragraph with each number. All have measures."""
        found: NDArray[np.intp] = self._order[np.searchsorted(self.uids, uids, sorter=self._order)]
        return found


class ColumnBuilder:
    """Collects the columns of a new state from its paragraphs, in corpus order."""

    def __init__(self) -> None:
        self._totals = [0] * len(Lengths.__dataclass_fields__)
        self._paragraphs = self._checksum = 0
        self._columns: dict[str, list[Any]] = {
            name: [] for name in ("uids", "counts", "is_part", "reviewed_years", "years", "values")
        }
        self._indicators, self._attributes, self._times = (
            _Codes[str](),
            _Codes[MeasureAttributes](),
            _Codes[TimeAttributes](),
        )

    def add(
        self,
        source: Json,
        lengths: Sequence[int],
        paragraph: Paragraph,
        measures: Sequence[ExtractedMeasure],
    ) -> None:
        """Add a paragraph. `source`: its stored content. `lengths`: those of `ranking.Lengths`."""
        self._paragraphs += 1
        self._checksum += checksum_of(source)
        for index, length in enumerate(lengths):
            self._totals[index] += length
        if not measures:
            return
        self._columns["uids"].append(source["uid"])
        self._columns["counts"].append(len(measures))
        reviewed = reviewed_year(paragraph.year, paragraph.doctype) or 0
        for item in measures:
            self._indicators.add(item.indicator)
            self._attributes.add(
                (item.unit, item.base_unit, item.bound, item.kind, item.change, item.period, item.zero)
            )
            self._times.add((item.of_year, item.since, item.part, item.stock, item.status))
            self._columns["is_part"].append(item.part_of is not None)
            self._columns["reviewed_years"].append(reviewed)
            self._columns["years"].append(paragraph.year or 0)
            self._columns["values"].append(float(item.signed_value))

    def documents(self, records: Iterable[Json]) -> DocumentColumns:
        """Return the columns of documents. `records`: the stored records of all, in corpus order."""
        found = [(record["document"], bool(record["tables"])) for record in records]
        documents, with_tables = [list(column) for column in zip(*found, strict=True)] if found else ([], [])
        return DocumentColumns(documents, with_tables, tuple(self._totals), self._paragraphs, self._checksum)

    def measures(self) -> MeasureRows:
        """Return the columns of measures."""
        types = {"uids": np.int64, "is_part": bool, "values": np.float64}
        columns = {name: np.array(data, types.get(name, np.int32)).tobytes() for name, data in self._columns.items()}
        return MeasureRows(
            indicators=self._indicators.values(),
            attributes=self._attributes.values(),
            times=self._times.values(),
            indicator_of=self._indicators.column(),
            attributes_of=self._attributes.column(),
            time_of=self._times.column(),
            **columns,
        )


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
