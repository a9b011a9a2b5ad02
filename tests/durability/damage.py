"""Helpers that damage an index, and the commands that are then run on it."""

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
"""Number of paragraphs in each report of the indexes to damage."""
COMMANDS: Sequence[Sequence[str]] = (
    ("search", '"执法检查" OR 普法 OR 129件', "--facet", "year", "--facet", "topic", "--sort", "-year"),
    ("search", "执法检察"),
    ("suggest", "z"),
    ("facets",),
    ("measures", "执法 OR 普法", "--unit", "件", "--min", "1"),
    ("show", "0001.txt#2"),
    ("export", "paragraphs"),
    ("export", "measures"),
    ("info",),
    ("check",),
)


@dataclass(frozen=True)
class CommandResult:
    """Result of a command."""

    status: int
    """Exit status."""
    err: str
    """Standard error."""

    @property
    def is_clean(self) -> bool:
        """Whether the command succeeded (status 0), found nothing (1), or reported an error in one line (3).

        The error must not contain "a bug in searchkit", as the message about an unexpected exception does.
        """
        lines = self.err.count("\n")
        return (self.status in {0, 1} and lines <= 1) or (
            self.status == 3
            and lines == 1
            and self.err.startswith("searchkit: ")
            and "a bug in searchkit" not in self.err
        )

    @property
    def is_one_line(self) -> bool:
        """As `is_clean`, but the error may also be about a bug."""
        lines = self.err.count("\n")
        return lines <= 1 and (self.status in {0, 1} or (self.status == 3 and self.err.startswith("searchkit: ")))


RunCommand = Callable[..., CommandResult]
"""Runs the searchkit command with the given arguments."""


def data_files(index: Path) -> list[Path]:
    """Return the files in the data folder."""
    manifest = read_manifest(index)
    return [index / manifest.data / name for name in manifest.files]


def array_files(index: Path) -> list[Path]:
    """Return the files in the data folder that contain arrays."""
    return [path for path in data_files(index) if path.suffix in {".segment", ".arrays"}]


def regions(path: Path) -> Iterator[tuple[str, int, int]]:
    """Yield the regions of a file: name, start, end (exclusive), in bytes. A file without arrays is one region."""
    size = path.stat().st_size
    if path.suffix not in {".segment", ".arrays"}:
        yield "content", 0, size
        return
    arrays = ArrayFile(path)
    yield from [("magic", 0, 8), ("length of the header", 8, 16), ("checksum of the header", 16, 24)]
    yield "header", 24, 24 + arrays._header_length
    for name, (dtype, count, offset, *_) in arrays._directory.items():
        if count:
            start = arrays._data_start + offset
            yield name, start, start + count * np.dtype(dtype).itemsize


def flip_bit(content: bytes, start: int, end: int, rng: random.Random) -> bytes:
    """Return a copy with one random bit flipped between byte `start` and byte `end`, exclusive."""
    offset = rng.randrange(start, end)
    return content[:offset] + bytes([content[offset] ^ 1 << rng.randrange(8)]) + content[offset + 1 :]


def opens_damaged_files(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that opens damaged files. A library may fail without closing a file, so its warnings are ignored."""
    marked: Callable[..., None] = pytest.mark.usefixtures("collect_garbage")(test)
    for warning in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):
        marked = pytest.mark.filterwarnings(f"ignore::{warning}")(marked)
    return marked


columnar_only = pytest.mark.parametrize("engine", ["columnar"], scope="session")
"""Marks a test of the contents of files. Only those of the columnar engine are defined by searchkit."""
