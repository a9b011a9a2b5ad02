"""The columns of a segment: `SegmentColumns` in memory, dictionary-encoded columns in the file.

`SegmentColumns` is the content of one segment, before it is written or after it is read for a merge or a check. A
dictionary-encoded column stores a code per item (doc, document, measure …), and the distinct values as JSON. A value is
parsed when it is first read.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Hashable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from searchkit.engines.columnar.arrays import Array, Arrays, ByteStrings, byte_string_arrays, damaged_file, narrowest
from searchkit.engines.columnar.postings import PostingEntries
from searchkit.engines.contract import MeasureAttributes, TimeAttributes
from searchkit.model import Document

_SEARCH_RATIO = 64
"""`DictColumn.codes_of` searches for each requested value separately if the column has more than 64 times as many
distinct values as are requested. Otherwise it parses all values of the column once."""

CellRow = tuple[int, tuple[str, ...]]
"""Number of the table, and headers of the row."""
CellColumn = tuple[tuple[str, ...], bool]
"""Headers of the column, and whether the row or the column is a total."""


class SegmentColumns(NamedTuple):
    """The content of one segment. Arrays contain integers, and have one element per doc unless stated otherwise."""

    files: Sequence[str]
    """Per document, the name of the corpus file that it was read from."""
    documents: Sequence[Document]
    document_of: Array
    """Document number of each doc, ascending."""
    n: Array
    """Position of the doc in its document, from 1."""
    page: Array
    """Page on which the doc starts, from 1; 0 = none."""
    is_record: Array
    """1 if the doc is a complete record of a corpus file, such as a line of a .jsonl file; otherwise 0.

    A record has the id of its document. Other docs, such as rows of tables in reports, have the id `<document>#<n>`.
    """
    length: Array
    """Number of tokens of text, headings and title, weighted by field, for BM25F."""
    own_headings: Array
    """Number of headings that begin at the doc (`own_heading_counts`): the last ones of its path, which belong to its
    passage."""
    key: Array
    """Near-duplicate key of the doc; 0 = none."""
    printed_numbers: Sequence[str | None]
    """Per doc, `Paragraph.number`: the list number as printed (`13.`, `（一）`), or None."""
    section_topics: Sequence[tuple[str, tuple[str, ...]]]
    """Per doc, its section and its topics."""
    of_years: Sequence[tuple[int, ...]]
    """Per doc, `Paragraph.of_year`."""
    paths: Sequence[tuple[str, ...]]
    """The distinct heading paths."""
    path_of: Array
    """Index in `paths` of the heading path."""
    text: Array
    """Code points of the texts of all docs, concatenated."""
    text_length: Array
    """Number of code points of the text."""
    terms: Sequence[str]
    """Distinct terms, in any order; some may have no postings."""
    entries: Sequence[PostingEntries]
    """Postings, split into any number of parts. `PostingEntries.term` is an index in `terms`."""
    measures: MeasureArrays
    tables: TableArrays


class MeasureArrays(NamedTuple):
    """The measures of all docs of a segment, concatenated. Arrays have one element per measure unless stated otherwise.

    The measures of a doc are in the order of the text.
    """

    count_per_doc: Array
    """Number of measures of each doc."""
    start: Array
    """Offset of the quote in the text of the doc."""
    length: Array
    """Number of code points of the quote."""
    part_of: Array
    """If the measure is a part of another measure, `start` + 1 of the other measure; otherwise 0. The other measure is
    in the same doc, unless `CellArrays.part_of_n` names another paragraph."""
    value: Array
    """The number as written (93.7182 for 93.7182万元), a 64-bit float."""
    base_value: Array
    """The number in the base unit (937182 for 93.7182万元), a 64-bit float."""
    indicators: Sequence[str]
    """The distinct indicators."""
    indicator_of: Array
    """Index in `indicators` of the indicator."""
    attributes: Sequence[MeasureAttributes]
    """The distinct combinations of attributes."""
    attributes_of: Array
    """Index in `attributes` of the combination of attributes."""
    times: Sequence[TimeAttributes]
    """The distinct combinations of time and status."""
    time_of: Array
    """Index in `times`."""
    cells: CellArrays


class CellArrays(NamedTuple):
    """The cells of those measures of a segment that are in tables. Arrays have one element per cell."""

    measure: Array
    """Ordinal of the measure, ascending."""
    rows: Sequence[CellRow]
    row_of: Array
    """Index in `rows`."""
    columns: Sequence[CellColumn]
    column_of: Array
    """Index in `columns`."""
    part_of_n: Array
    """`TableCell.part_of_n`: the position in the document (`SegmentColumns.n`) of the doc with the total that the
    measure is part of; 0 for None."""


class TableArrays(NamedTuple):
    """The parts of tables of a segment, in the order of their docs. Arrays have one element per part.

    A table has one part, unless its document is split (`ColumnarWriter.add`).
    """

    number: Array
    """`Table.table`."""
    first_row: Array
    """Index in the table of the first row of the part. 0 unless the document is split."""
    doc: Array
    """Doc id of the first row."""
    row_count: Array
    """Number of rows, each of them a doc."""
    packed: Sequence[Array]
    """Caption, header, rows and number of header columns, packed by `pack_json`."""


class DictEncoder:
    """Assigns codes to distinct values, from 0, in the order of their first occurrence."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        """The distinct values. The index of a value is its code."""
        self._codes = _CodeMap(self.values)

    def encode(self, value: Hashable) -> int:
        """Return the code of a value. A new value gets the next code."""
        return self._codes[value]

    def encode_all(self, values: Iterable[Hashable]) -> Array:
        """Return the code of each value, as 32-bit integers."""
        return np.fromiter(map(self._codes.__getitem__, values), np.uint32)


class _CodeMap(dict[Any, int]):
    """Codes by value. Looking up a new value assigns the next code, and appends the value to a list."""

    def __init__(self, values: list[Any]) -> None:
        super().__init__()
        self._values = values

    def __missing__(self, value: Any) -> int:  # noqa: ANN401
        code = self[value] = len(self._values)
        self._values.append(value)
        return code


def column_arrays(name: str, values: Iterable[Hashable]) -> dict[str, Array]:
    """Return the arrays of a dictionary-encoded column, for `DictColumn`.

    Values must be hashable and, with tuples as lists, representable in JSON.
    """
    encoder = DictEncoder()
    return encoded_column_arrays(name, encoder.encode_all(values), encoder.values)


def encoded_column_arrays(name: str, codes: Array, values: Iterable[object]) -> dict[str, Array]:
    """Return the arrays of a dictionary-encoded column, for `DictColumn`, from its codes and its distinct values."""
    return {f"{name}_codes": narrowest(codes), **byte_string_arrays(f"{name}_values", list(map(_encode_json, values)))}


def compact_codes(codes: Array) -> tuple[Array, Array]:
    """Renumber codes from 0, in the order of their first occurrence.

    Returns the distinct codes in this order, and the new code of each element.
    """
    unique, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    new_codes = np.empty(len(order), np.int64)
    new_codes[order] = np.arange(len(order))
    return unique[order], new_codes[inverse]


class DictColumn:
    """A stored dictionary-encoded column.

    Depending on the column, the index of a value is a doc id, a document number, or the ordinal of a measure or cell in
    the segment. The column `facet_value` has the values of the user-defined facets of all documents, concatenated; the
    index is a position in this list, to which `facet_offsets` and `facet_name_codes` of the segment refer.
    """

    def __init__(self, arrays: Arrays, name: str, length: int | None = None) -> None:
        """Read the column called `name`, which has `length` elements unless `length` is None. Raises IndexDamaged."""
        self._values, self._path = ByteStrings(arrays, f"{name}_values"), arrays.path
        codes = arrays.checked(f"{name}_codes", self.value_count)
        self.codes = codes.all()
        """Code of the value at each index."""
        if length is not None and len(codes) != length:
            raise damaged_file(arrays.path)
        self._parsed: dict[int, Any] = {}

    @property
    def value_count(self) -> int:
        """Number of distinct values."""
        return len(self._values)

    def __getitem__(self, index: int) -> Any:  # noqa: ANN401 - any JSON
        """Return the value at the given index."""
        code = self.codes.item(index)
        if code not in self._parsed:
            self._parse([code])
        return self._parsed[code]

    def value(self, code: int) -> Any:  # noqa: ANN401
        """Return the value of a code. JSON lists are returned as tuples."""
        parsed = self._parsed
        if code not in parsed:
            self._parse([code])
        return parsed[code]

    def code_of(self, value: object) -> int | None:
        """Return the code of a value, or None if the value does not occur.

        Searches the stored bytes without parsing them.
        """
        text = _encode_json(value)
        return next((code for code in self._values.find_prefix(text) if self._values[code] == text), None)

    def codes_of(self, values: Collection[object]) -> list[int]:
        """Return the codes of the given values, in no particular order. Values that do not occur are omitted.

        If few values are requested, calls `code_of` for each of them. Otherwise parses all values of the column.
        """
        if len(values) * _SEARCH_RATIO < self.value_count:
            return [code for code in map(self.code_of, values) if code is not None]
        return [code for code, value in enumerate(self.values()) if value in values]

    def take(self, indices: Array) -> list[Any]:
        """Return the values at the given indices."""
        return self.values(self.codes.take(indices).tolist())

    def to_list(self) -> list[Any]:
        """Return the value at each index."""
        values = self.values()
        return [values[code] for code in self.codes.tolist()]

    def values(self, codes: Sequence[int] | None = None) -> list[Any]:
        """Return the values of the given codes; if `codes` is None, all distinct values in the order of their codes.

        Takes 1 µs for a value that has not been read before, and 50 ns for any other.
        """
        if codes is None and not self._parsed:
            self._parse(range(self.value_count), self._values.to_list())
        requested = range(self.value_count) if codes is None else codes
        unparsed = [code for code in requested if code not in self._parsed]
        if unparsed:
            self._parse(unparsed)
        return [self._parsed[code] for code in requested]

    def json_values(self) -> list[bytes]:
        """Return all distinct values as stored, in the order of their codes, for `parse_values`.

        Takes 0.1 µs per value.
        """
        return self._values.to_list()

    def _parse(self, codes: Sequence[int], texts: Sequence[bytes] | None = None) -> None:
        """Parse the values of the given codes, and cache them. `texts`: the stored values, if they have been read."""
        try:
            values = parse_values([self._values[code] for code in codes] if texts is None else texts)
        except (ValueError, RecursionError):
            raise damaged_file(self._path) from None
        self._parsed.update(zip(codes, values, strict=True))


def parse_values(texts: Iterable[bytes]) -> list[Any]:
    """Parse stored values at once. JSON lists are returned as tuples.

    Raises ValueError, or RecursionError for deep nesting, if the values are not JSON.
    """
    stored = list(texts)
    values = json.loads(f"[{b','.join(stored).decode('utf-8', 'surrogatepass')}]")
    if len(values) != len(stored):
        raise ValueError("a stored value is not one value of JSON")
    return list(map(_to_tuples, values))


def _encode_json(value: object) -> bytes:
    """Return the JSON of a value in UTF-8, as columns store it."""
    return _JSON_ENCODER.encode(value).encode("utf-8", "surrogatepass")


_JSON_ENCODER = json.JSONEncoder(ensure_ascii=False)
"""`json.dumps` would create an encoder for each value, which takes longer than encoding it."""


def _to_tuples(value: Any) -> Any:  # noqa: ANN401
    """Return a JSON value with tuples in place of lists, also of nested ones."""
    return tuple(map(_to_tuples, value)) if isinstance(value, list) else value
