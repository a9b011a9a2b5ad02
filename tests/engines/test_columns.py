"""Dictionary-encoded columns: values are stored and found."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.engines.columnar import columns
from searchkit.engines.columnar.arrays import ArrayFile, write_arrays
from searchkit.engines.columnar.columns import DictColumn, column_arrays

# Values that are prefixes, suffixes or parts of each other, with and without escapes in JSON.
TEXTS = st.text('ab"\\,[]\n甲\ud800', max_size=5)
VALUES = st.one_of(st.none(), TEXTS, st.lists(TEXTS, max_size=2).map(tuple))


def store_column(folder: str, values: list[object]) -> DictColumn:
    """Store a column with these values in a file of the folder, and open it."""
    path = Path(folder) / "file"
    write_arrays(path, column_arrays("x", values))  # type: ignore[arg-type]
    return DictColumn(ArrayFile(path), "x")


@given(st.lists(VALUES, min_size=1, max_size=30), st.data())
def test_stored_values_are_returned(values: list[object], data: st.DataObject) -> None:
    """A column returns the stored values: one by one, those of several codes in any order, and all."""
    with tempfile.TemporaryDirectory() as folder:
        column = store_column(folder, values)
        index = data.draw(st.integers(0, len(values) - 1))
        assert column[index] == values[index]
        codes = data.draw(st.lists(st.sampled_from(column.codes.tolist())))
        assert column.values(codes) == [column.value(code) for code in codes]
        assert column.to_list() == values
        assert len(column.values()) == column.value_count == len(set(values))


@given(st.lists(VALUES, min_size=1, max_size=30), st.lists(VALUES, max_size=4), st.sampled_from([0, 64]))
def test_codes_of_several_values_are_found(values: list[object], searched: list[object], ratio: int) -> None:
    """`codes_of` returns the codes of the values that occur.

    With the ratio 0, `codes_of` searches for each value; with 64, it parses all values of the column.
    """
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "_SEARCH_RATIO", ratio)
        column = store_column(folder, values)
        assert {column.value(code) for code in column.codes_of(searched)} == {*searched} & {*values}


@given(st.lists(TEXTS, min_size=1, max_size=30), TEXTS)
def test_code_of_a_value_is_found(values: list[object], other: str) -> None:
    """`code_of` finds a value although it may be part of other values, and returns None if it does not occur."""
    with tempfile.TemporaryDirectory() as folder:
        column = store_column(folder, values)
        for code, value in zip(column.codes.tolist(), values, strict=True):
            assert column.code_of(value) == code
        if other not in values:
            assert column.code_of(other) is None
