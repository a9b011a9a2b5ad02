"""The columns of a segment: in memory while it is built, dictionary-encoded on disk.

`SegmentColumns` contains everything that a segment is written from. A stored column has a code per doc or document, and
the distinct values as JSON texts. A value is parsed when it is first read.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from searchkit.engines.columnar.arrays import Array, ArrayFile, ByteStrings, byte_string_arrays, narrowest
from searchkit.engines.columnar.postings import PostingEntries
from searchkit.model import Document

_SEARCH_RATIO = 64  # search the stored bytes for each value if the column has more than 64 times as many values
MeasureAttributes = tuple[str | None, str | None, str, str, str | None, str | None, bool]
"""Attributes that many measures share: unit, base unit, bound, kind, change, period, and whether it states a zero."""


@dataclass(slots=True)
class SegmentColumns:
    """Everything that a segment is written from. Arrays contain integers, one element per doc unless stated."""

    files: Sequence[str]
    """The corpus file that each document was read from."""
    documents: Sequence[Document]
    document_of: Array
    """Document number of each doc, ascending."""
    n: Array
    """Position of the paragraph in its document, from 1."""
    page: Array
    """Page number, 0 = none."""
    is_record: Array
    """1 if the id of the paragraph is that of its document."""
    length: Array
    """Weighted number of tokens, for BM25F."""
    printed_numbers: Sequence[str | None]
    """The number printed before each paragraph."""
    section_topics: Sequence[tuple[str, tuple[str, ...]]]
    """Section and topics of each paragraph."""
    paths: Sequence[tuple[str, ...]]
    """The distinct heading paths."""
    path_of: Array
    """Index of the heading path."""
    text: Array
    """Code points of all texts, concatenated."""
    text_length: Array
    """Number of code points of the text."""
    terms: Sequence[str]
    """Distinct terms, in any order; some may have no postings."""
    entries: Sequence[PostingEntries]
    """Postings, in several parts. Their terms are indices of `terms`."""
    measures: MeasureArrays


@dataclass(slots=True)
class MeasureArrays:
    """The measures of all paragraphs, concatenated. Arrays have an element per measure, except `per_paragraph`."""

    per_paragraph: Array
    """Number of measures of each paragraph."""
    start: Array
    """Offset of the quote in the text of the paragraph."""
    length: Array
    """Number of code points of the quote."""
    part_of: Array
    """`start` + 1 of the measure that it is a part of, 0 = none."""
    value: Array
    """64-bit floating point, like `base_value`."""
    base_value: Array
    indicators: Sequence[str]
    """The distinct indicators."""
    indicator_of: Array
    """Index of the indicator."""
    attributes: Sequence[MeasureAttributes]
    """The distinct tuples of attributes."""
    attributes_of: Array
    """Index of the attributes."""


class DictEncoder:
    """Assigns codes to distinct values, from 0, in the order of their first occurrence."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        """The distinct values by code."""
        self._codes = _CodeMap(self.values)

    def encode(self, value: Hashable) -> int:
        """Return the code of a value. A new value gets the next code."""
        return self._codes[value]

    def encode_all(self, values: Iterable[Hashable]) -> Array:
        """Return the code of each value, as 32-bit integers."""
        return np.fromiter(map(self._codes.__getitem__, values), np.uint32)


class _CodeMap(dict[Any, int]):
    """Codes by value. Looking up a new value appends it to the list of values."""

    def __init__(self, values: list[Any]) -> None:
        super().__init__()
        self._values = values

    def __missing__(self, value: Any) -> int:  # noqa: ANN401
        code = self[value] = len(self._values)
        self._values.append(value)
        return code


def column_arrays(name: str, values: Iterable[Hashable]) -> dict[str, Array]:
    """Return the arrays of a column, for `DictColumn`. Values are those that JSON can store, with tuples for lists."""
    encoder = DictEncoder()
    return encoded_column_arrays(name, encoder.encode_all(values), encoder.values)


def encoded_column_arrays(name: str, codes: Array, values: Iterable[object]) -> dict[str, Array]:
    """Return the arrays of a column whose values are already encoded."""
    return {f"{name}_codes": narrowest(codes), **byte_string_arrays(f"{name}_values", list(map(_encode_json, values)))}


def compact_codes(codes: Array) -> tuple[Array, Array]:
    """Return the distinct codes in the order of their first occurrence, and for each code its index among them."""
    unique, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    new_codes = np.empty(len(order), np.int64)
    new_codes[order] = np.arange(len(order))
    return unique[order], new_codes[inverse]


class DictColumn:
    """A stored dictionary-encoded column, with a value per doc or per document."""

    def __init__(self, arrays: ArrayFile | Mapping[str, Array], name: str) -> None:
        self.codes = arrays[f"{name}_codes"]
        """Code of the value of each doc or document."""
        self._values = ByteStrings(arrays[f"{name}_values"], arrays[f"{name}_values_offsets"])
        self._parsed: dict[int, Any] = {}

    def __len__(self) -> int:
        """Return the number of distinct values."""
        return len(self._values)

    def __getitem__(self, index: int) -> Any:  # noqa: ANN401 - any JSON
        """Return the value of a doc or document."""
        return self.value(self.codes.item(index))

    def value(self, code: int) -> Any:  # noqa: ANN401
        """Return the value of a code. Lists are returned as tuples."""
        parsed = self._parsed
        if code not in parsed:
            self._parse([code])
        return parsed[code]

    def code_of(self, value: object) -> int | None:
        """Return the code of a value, None if it does not occur. Scans the bytes of all values; parses none."""
        text = _encode_json(value)
        return next((code for code in self._values.find_prefix(text) if self._values[code] == text), None)

    def codes_of(self, values: Collection[object]) -> list[int]:
        """Return the codes of those values that occur. Calls `code_of` for each if they are few; else parses all."""
        if len(values) * _SEARCH_RATIO < len(self):
            return [code for code in map(self.code_of, values) if code is not None]
        return [code for code, value in enumerate(self.values()) if value in values]

    def take(self, indices: Array) -> list[Any]:
        """Return the values of some docs or documents."""
        return self.values(self.codes.take(indices).tolist())

    def to_list(self) -> list[Any]:
        """Return the value of each doc or document."""
        values = self.values()
        return [values[code] for code in self.codes.tolist()]

    def values(self, codes: Sequence[int] | None = None) -> list[Any]:
        """Return the values of `codes`, or all distinct values by code. Takes 1 µs each at first, then 50 ns."""
        requested = range(len(self)) if codes is None else codes
        unparsed = [code for code in requested if code not in self._parsed]
        if unparsed:
            self._parse(unparsed)
        return [self._parsed[code] for code in requested]

    def json_values(self) -> list[bytes]:
        """Return the distinct values by code as stored, for `parse_values`. Takes 0.1 µs each."""
        return self._values.to_list()

    def _parse(self, codes: Sequence[int]) -> None:
        self._parsed.update(zip(codes, parse_values([self._values[code] for code in codes]), strict=True))


def parse_values(texts: Iterable[bytes]) -> list[Any]:
    """Parse stored values. Lists are returned as tuples."""
    return list(map(_to_tuples, json.loads(f"[{b','.join(texts).decode('utf-8', 'surrogatepass')}]")))


def _encode_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _to_tuples(value: Any) -> Any:  # noqa: ANN401
    return tuple(map(_to_tuples, value)) if isinstance(value, list) else value
