"""Columns of distinct values: what goes in comes out, and is found again."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.engines.columnar import columns
from searchkit.engines.columnar.arrays import ArrayFile, write_arrays
from searchkit.engines.columnar.columns import Column, column_arrays

# Values that begin, end or contain one another, written with escapes or without.
TEXTS = st.text('ab"\\,[]\n甲\ud800', max_size=5)
VALUES = st.one_of(st.none(), TEXTS, st.lists(TEXTS, max_size=2).map(tuple))


def column(folder: str, values: list[object]) -> Column:
    """The stored column of what owners have."""
    path = Path(folder) / "file"
    write_arrays(path, column_arrays("x", values))  # type: ignore[arg-type]
    return Column(ArrayFile(path), "x")


@given(st.lists(VALUES, min_size=1, max_size=30), st.data())
def test_values_come_back(values: list[object], data: st.DataObject) -> None:
    """Each owner has its value, asked for one by one, all together or some in any order, read before or not."""
    with tempfile.TemporaryDirectory() as folder:
        stored = column(folder, values)
        first = data.draw(st.integers(0, len(values) - 1))
        assert stored[first] == values[first]
        numbers = data.draw(st.lists(st.sampled_from(stored.codes.tolist())))
        assert stored.values(numbers) == [stored.value(number) for number in numbers]
        assert stored.of_owners() == values
        assert len(stored.values()) == len(stored) == len(set(values))


@given(st.lists(VALUES, min_size=1, max_size=30), st.lists(VALUES, max_size=4), st.sampled_from([0, 64]))
def test_some_values_are_found(values: list[object], wanted: list[object], few: int) -> None:
    """Of several values those that owners have are found, looked for one by one or all together."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "_FEW", few)
        stored = column(folder, values)
        assert {stored.value(number) for number in stored.numbers(wanted)} == {*wanted} & {*values}


@given(st.lists(TEXTS, min_size=1, max_size=30), TEXTS)
def test_values_are_found(values: list[object], other: str) -> None:
    """A value is found under its number whatever others it is a part of; one that no owner has is not found."""
    with tempfile.TemporaryDirectory() as folder:
        stored = column(folder, values)
        for code, value in zip(stored.codes.tolist(), values, strict=True):
            assert stored.find(value) == code
        if other not in values:
            assert stored.find(other) is None
