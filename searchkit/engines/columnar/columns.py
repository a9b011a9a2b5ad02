"""Columns: what paragraphs and documents are, as numbers of distinct values.

`Columns` is all that a segment is made from. A stored column has a number for each owner (paragraph or document) and
the distinct values as JSON texts, which are parsed one by one when they are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from searchkit.engines.columnar.arrays import Array, ArrayFile, Strings, narrow, strings_arrays
from searchkit.engines.columnar.postings import Pairs
from searchkit.model import Document


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
    pairs: Pairs


class Codes:
    """Numbers for distinct values, in the order of their first appearance."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        """The values by number."""
        self._codes: dict[Any, int] = {}

    def code(self, value: Hashable) -> int:
        """The number of a value, a new one if it is new."""
        code = self._codes.setdefault(value, len(self.values))
        if code == len(self.values):
            self.values.append(value)
        return code


def column_arrays(name: str, values: Iterable[Hashable]) -> dict[str, Array]:
    """The column of what each owner has (what JSON can hold, lists as tuples), for `Column`."""
    codes = Codes()
    numbers = np.fromiter(map(codes.code, values), np.int64)
    return coded_arrays(name, numbers, codes.values)


def coded_arrays(name: str, codes: Array, values: Iterable[object]) -> dict[str, Array]:
    """The column of owners whose values are numbered already."""
    texts = [json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass") for value in values]
    return {f"{name}_codes": narrow(codes), **strings_arrays(f"{name}_values", texts)}


class Column:
    """A stored column."""

    def __init__(self, arrays: ArrayFile, name: str) -> None:
        self.codes = arrays[f"{name}_codes"]
        """The number of each owner's value."""
        self._values = Strings(arrays[f"{name}_values"], arrays[f"{name}_values_at"])
        self._parsed: dict[int, Any] = {}

    def __len__(self) -> int:
        return len(self._values)

    def __getitem__(self, owner: int) -> Any:  # noqa: ANN401 - whatever JSON holds
        """The value of an owner."""
        return self.value(int(self.codes[owner]))

    def value(self, number: int) -> Any:  # noqa: ANN401
        """The value of a number; lists come as tuples."""
        if number not in self._parsed:
            self._parsed[number] = _frozen(json.loads(self._values[number].decode("utf-8", "surrogatepass")))
        return self._parsed[number]

    def of_owners(self) -> list[Any]:
        """The value of each owner."""
        return [self.value(number) for number in self.codes.tolist()]

    def values(self) -> list[Any]:
        """All values by number."""
        return [self.value(number) for number in range(len(self))]


def _frozen(value: Any) -> Any:  # noqa: ANN401
    return tuple(map(_frozen, value)) if isinstance(value, list) else value
