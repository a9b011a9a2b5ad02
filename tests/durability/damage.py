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
"""Number of paragraphs, without the title, in each report that is generated for an index to damage."""
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

        Standard error may have one line with the statuses 0 and 1, too. An error must not contain "a bug in searchkit",
        as the message about an unexpected exception does.
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
    """Return the files of the data folder that the manifest lists."""
    manifest = read_manifest(index)
    return [index / manifest.data / name for name in manifest.files]


def array_files(index: Path) -> list[Path]:
    """Return the files of the data folder that contain arrays: the segments and the commit of the columnar engine."""
    return [path for path in data_files(index) if path.suffix in {".segment", ".arrays"}]


def regions(path: Path) -> Iterator[tuple[str, int, int]]:
    """Yield the regions of a file, each as its name, its start and its end (exclusive), in bytes.

    The regions of a file of arrays are the parts of its header and the arrays that are not empty. Any other file is one
    region.
    """
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
    """Mark a test that opens damaged files. A library may fail without closing one; warnings about this are ignored."""
    marked: Callable[..., None] = pytest.mark.usefixtures("collect_garbage")(test)
    for warning in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):
        marked = pytest.mark.filterwarnings(f"ignore::{warning}")(marked)
    return marked


columnar_only = pytest.mark.parametrize("engine", ["columnar"], scope="session")
"""Marks a test that runs on the columnar engine only: it is about the contents of files, which searchkit defines for no
other engine."""
