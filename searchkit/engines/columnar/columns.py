"""Columns: what paragraphs and documents are, as numbers of distinct values.

`Columns` is all that a segment is made from. A stored column has a number for each owner (paragraph or document) and
the distinct values as JSON texts, which are parsed one by one when they are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from searchkit.engines.columnar.arrays import Array, ArrayFile, Strings, narrow, strings_arrays
from searchkit.engines.columnar.postings import Pairs
from searchkit.model import Document

_FEW = 64  # values are looked for one by one where there are so many times more
Traits = tuple[str | None, str | None, str, str, str | None, str | None, bool]
"""What many measures share: unit, base unit, bound, kind, change, period, and whether it is a statement of zero."""


@dataclass(slots=True)
class Columns:
    """Documents and paragraphs on their way into a segment. Arrays are of integers, one element for each paragraph."""

    files: Sequence[str]
    """Of each document: the corpus file it was read from."""
    documents: Sequence[Document]
    document_of: Array
    """Number of the document, ascending."""
    n: Array
    """Place in the document, from 1."""
    page: Array
    """0 = none."""
    is_record: Array
    """1: the paragraph's id is that of its document."""
    length: Array
    """Weighted number of tokens, for BM25F."""
    numbers: Sequence[str | None]
    """The number printed before each paragraph."""
    kinds: Sequence[tuple[str, tuple[str, ...]]]
    """Section and topics of each paragraph."""
    paths: Sequence[tuple[str, ...]]
    """The different heading paths."""
    path_of: Array
    """Number of the heading path."""
    text: Array
    """Code points of all texts, one after the other."""
    text_length: Array
    """How many of them are the paragraph's."""
    terms: Sequence[str]
    pairs: Sequence[Pairs]
    """In pieces."""
    measures: MeasureArrays


@dataclass(slots=True)
class MeasureArrays:
    """The measures of all paragraphs, one after the other. Arrays have an element for each but for `per_paragraph`."""

    per_paragraph: Array
    """How many measures each paragraph has."""
    start: Array
    """Where the quote begins in the paragraph's text,"""
    length: Array
    """and how many code points it has."""
    part_of: Array
    """`start` + 1 of the measure that it is a part of, 0 = none."""
    value: Array
    """64-bit floating point, as is"""
    base_value: Array
    indicators: Sequence[str]
    """The different indicators."""
    indicator_of: Array
    """Number of the indicator."""
    traits: Sequence[Traits]
    """The different traits."""
    traits_of: Array
    """Number of the traits."""


class Codes:
    """Numbers for distinct values, in the order of their first appearance."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        """The values by number."""
        self._codes = _Numbering(self.values)

    def code(self, value: Hashable) -> int:
        """The number of a value, a new one if it is new."""
        return self._codes[value]

    def codes(self, values: Iterable[Hashable]) -> Array:
        """The number of each of some values, 32 bits."""
        return np.fromiter(map(self._codes.__getitem__, values), np.uint32)


class _Numbering(dict[Any, int]):
    """Numbers by value: a value that is asked for first is added to the list of values."""

    def __init__(self, values: list[Any]) -> None:
        super().__init__()
        self._values = values

    def __missing__(self, value: Any) -> int:  # noqa: ANN401
        number = self[value] = len(self._values)
        self._values.append(value)
        return number


def column_arrays(name: str, values: Iterable[Hashable]) -> dict[str, Array]:
    """The column of what each owner has (what JSON can hold, lists as tuples), for `Column`."""
    codes = Codes()
    return coded_arrays(name, codes.codes(values), codes.values)


def coded_arrays(name: str, codes: Array, values: Iterable[object]) -> dict[str, Array]:
    """The column of owners whose values are numbered already."""
    return {f"{name}_codes": narrow(codes), **strings_arrays(f"{name}_values", list(map(_text, values)))}


def renumbered(codes: Array) -> tuple[Array, Array]:
    """The different codes in the order of their first appearance, and each code's place among them."""
    different, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return different[order], place[inverse]


class Column:
    """A stored column."""

    def __init__(self, arrays: ArrayFile | Mapping[str, Array], name: str) -> None:
        self.codes = arrays[f"{name}_codes"]
        """The number of each owner's value."""
        self._values = Strings(arrays[f"{name}_values"], arrays[f"{name}_values_at"])
        self._parsed: dict[int, Any] = {}

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, owner: int) -> Any:  # noqa: ANN401 - whatever JSON holds
        """The value of an owner."""
        return self.value(self.codes.item(owner))

    def value(self, number: int) -> Any:  # noqa: ANN401
        """The value of a number; lists come as tuples."""
        parsed = self._parsed
        if number not in parsed:
            self._parse([number])
        return parsed[number]

    def find(self, value: object) -> int | None:
        """The number of a value, None if no owner has it. Cost: a pass over the bytes of all values, none is parsed."""
        text = _text(value)
        return next((number for number in self._values.find(text) if self._values[number] == text), None)

    def numbers(self, values: Collection[object]) -> list[int]:
        """The numbers of those of some values that owners have. Cost: as `find` for each, or all are parsed."""
        if len(values) * _FEW < len(self):
            return [number for number in map(self.find, values) if number is not None]
        return [number for number, value in enumerate(self.values()) if value in values]

    def of(self, owners: Array) -> list[Any]:
        """The values of some owners."""
        return self.values(self.codes.take(owners).tolist())

    def of_owners(self) -> list[Any]:
        """The value of each owner."""
        values = self.values()
        return [values[number] for number in self.codes.tolist()]

    def values(self, numbers: Sequence[int] | None = None) -> list[Any]:
        """The values of these numbers, or all by number. Cost: 1 µs each at first, then 50 ns."""
        wanted = range(len(self)) if numbers is None else numbers
        new = [number for number in wanted if number not in self._parsed]
        if new:
            self._parse(new)
        return [self._parsed[number] for number in wanted]

    def texts(self) -> list[bytes]:
        """The values by number as they are stored, for `parsed`. Cost: 0.1 µs each."""
        return self._values.all()

    def _parse(self, numbers: Sequence[int]) -> None:
        self._parsed.update(zip(numbers, parsed([self._values[number] for number in numbers]), strict=True))


def parsed(texts: Iterable[bytes]) -> list[Any]:
    """The values of some stored texts; lists come as tuples."""
    return list(map(_frozen, json.loads(f"[{b','.join(texts).decode('utf-8', 'surrogatepass')}]")))


def _text(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _frozen(value: Any) -> Any:  # noqa: ANN401
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
