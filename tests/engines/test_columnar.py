"""What is particular to the columnar engine: several segments, documents that cross them, its files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from searchkit.corpus import DocumentRead
from searchkit.engines.columnar import arrays, writing
from searchkit.errors import IndexDamaged
from searchkit.indexing import BuildOptions, write_index
from searchkit.searching import Index

Report = Callable[..., DocumentRead]
QUERIES = ("执法", "“检查执法”", "执 OR 查", "3件", "13件 -罚", "ab*", "*", "heading:二", "title:报告 检查")


@pytest.fixture
def documents(report: Report) -> list[DocumentRead]:
    """Twenty documents of one to nine paragraphs that share words, strings and numbers."""
    texts = ("执法检查3件", "检查执法13件，罚款", "ab abc 执法", "查处，三件。", "罚没款1.5万元")
    return [report(f"{n:02d}.txt", *(texts[(n * k) % 5] for k in range(1 + n % 9))) for n in range(20)]


@pytest.mark.parametrize("size", [7, 16, 40])
def test_segments_change_nothing(
    size: int, documents: list[DocumentRead], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many small segments answer as one large one: totals, order, scores, facets, groups, single paragraphs."""
    write_index(documents, tmp_path / "one", BuildOptions("columnar"))
    monkeypatch.setattr(writing, "SEGMENT", size)
    write_index(documents, tmp_path / "many", BuildOptions("columnar"))
    assert len(list((tmp_path / "many").glob("data-*/*.segment"))) > 1
    with Index(tmp_path / "one") as one, Index(tmp_path / "many") as many:
        many.check()
        assert list(many.documents()) == list(one.documents())
        assert list(many.paragraphs()) == list(one.paragraphs())
        for paragraph in one.paragraphs():
            assert many.paragraph(paragraph.id) == paragraph
        for query in QUERIES:
            for options in ({}, {"group": "document"}, {"sort": "-document"}, {"offset": 3, "limit": 5}):
                ours, theirs = (index.search(query, facets=["document", "year"], **options) for index in (many, one))  # type: ignore[arg-type]
                assert (ours.total, ours.facets, ours.documents) == (theirs.total, theirs.facets, theirs.documents)
                assert [(hit.id, hit.score) for hit in ours.hits] == [(hit.id, hit.score) for hit in theirs.hits]


def test_arrays_come_back(tmp_path: Path) -> None:
    """Arrays are read as they were written, empty ones too, and cannot be changed."""
    written = {"a": np.arange(5, dtype=np.uint16), "b": np.empty(0, np.uint8), "c": np.array([2**63], np.uint64)}
    arrays.write_arrays(tmp_path / "file", written)
    read = arrays.map_arrays(tmp_path / "file")
    assert {name: (array.dtype, array.tolist()) for name, array in read.items()} == {
        name: (array.dtype, array.tolist()) for name, array in written.items()
    }
    with pytest.raises(ValueError, match="read-only"):
        read["a"][0] = 1


@pytest.mark.parametrize("array", [np.array([1.5]), np.array([["x"]]), np.zeros((2, 2), np.uint8), np.array([None])])
def test_only_plain_numbers_are_stored(array: np.ndarray, tmp_path: Path) -> None:  # type: ignore[type-arg]
    """Nothing but one-dimensional unsigned integers gets into a file, so nothing else can come out."""
    with pytest.raises(ValueError, match="cannot be stored"):
        arrays.write_arrays(tmp_path / "file", {"x": array})


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"skarray1",
        b"not this" + bytes(100),
        b"skarray1" + (10**12).to_bytes(8, "little") + bytes(100),
        b"skarray1" + (2).to_bytes(8, "little") + b"[]" + bytes(100),
        b"skarray1" + (23).to_bytes(8, "little") + b'{"a": ["<u4", 99999, 0]}' + bytes(100),
        b"skarray1" + (20).to_bytes(8, "little") + b'{"a": ["|O", 1, 0]} ' + bytes(100),
        b"skarray1" + (20).to_bytes(8, "little") + b'{"a": ["<u4",-1, 0]}' + bytes(100),
    ],
    ids=range(8),
)
def test_other_files_are_damage(data: bytes, tmp_path: Path) -> None:
    """A file that no writer of ours left is refused by name, whatever its header claims."""
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(IndexDamaged, match="file"):
        arrays.map_arrays(tmp_path / "file")
