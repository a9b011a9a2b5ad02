"""What is done to indexes to damage them, and what is then done with them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from searchkit.engines.columnar.arrays import ArrayFile
from searchkit.manifest import read_manifest

LINES = 12
COMMANDS: Sequence[Sequence[str]] = (
    ("search", '"执法检查" OR 普法 OR 129件', "--facet", "year", "--facet", "topic", "--sort", "-year"),
    ("facets",),
    ("measures", "执法 OR 普法", "--unit", "件", "--min", "1"),
    ("show", "0001.txt#2"),
    ("export", "paragraphs"),
    ("export", "measures"),
    ("info",),
    ("check",),
)


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    status: int
    err: str

    @property
    def is_clean(self) -> bool:
        """Whether it found something, found nothing, or said in one line, which is no surprise to itself, why not."""
        lines = self.err.count("\n")
        return (self.status in {0, 1} and lines <= 1) or (
            self.status == 3 and lines == 1 and self.err.startswith("searchkit: ") and "mistake" not in self.err
        )

    @property
    def is_one_line(self) -> bool:
        """Whether it found something, found nothing, or said in one line why not: even that it was surprised."""
        lines = self.err.count("\n")
        return lines <= 1 and (self.status in {0, 1} or (self.status == 3 and self.err.startswith("searchkit: ")))


Run = Callable[..., Ran]
"""Runs a command of these arguments."""


def data_files(index: Path) -> list[Path]:
    """The files of the data folder."""
    manifest = read_manifest(index)
    return [index / manifest.data / name for name in manifest.files]


def array_files(index: Path) -> list[Path]:
    """Those of them that hold arrays."""
    return [path for path in data_files(index) if path.suffix in {".segment", ".arrays"}]


def regions(path: Path) -> Iterator[tuple[str, int, int]]:
    """What stands where in a file: name, first byte, end. A file that is none of arrays is one region."""
    size = path.stat().st_size
    if path.suffix not in {".segment", ".arrays"}:
        yield "content", 0, size
        return
    arrays = ArrayFile(path)
    yield from [("magic", 0, 8), ("length of the header", 8, 16), ("header", 16, 16 + arrays._header)]
    for name, (kind, count, offset, *_) in arrays._directory.items():
        if count:
            first = arrays._start + offset
            yield name, first, first + count * np.dtype(kind).itemsize


def flipped(content: bytes, first: int, end: int, chance: random.Random) -> bytes:
    """A copy with one bit changed between two places."""
    place = chance.randrange(first, end)
    return content[:place] + bytes([content[place] ^ 1 << chance.randrange(8)]) + content[place + 1 :]


# The libraries below may give up on a damaged file without closing it.
def leaky(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that opens damaged files."""
    marked: Callable[..., None] = pytest.mark.usefixtures("collected")(test)
    for warning in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):
        marked = pytest.mark.filterwarnings(f"ignore::{warning}")(marked)
    return marked


columnar_only = pytest.mark.parametrize("engine", ["columnar"], scope="session")
"""Marks a test of what is in the files: those of another engine are not ours."""
