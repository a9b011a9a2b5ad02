"""A commit: which segments an index has, which of their documents are live, and the corpus order of all."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from searchkit.engines.columnar.arrays import Array, ArrayFile, narrow, pack, unpack, write_arrays

_NAME = "commit.arrays"


@dataclass(frozen=True, slots=True)
class Commit:
    """What a data folder holds."""

    segments: tuple[str, ...]
    """Names of the files."""
    live: Array
    """Boolean, for each document of all segments one after the other: whether it is part of the index."""
    rank: Array
    """Of each document: its place in corpus order; of one that is not live: nothing that counts."""
    paragraphs: int
    """Live paragraphs."""
    length: int
    """Sum of their weighted lengths in tokens,"""
    characters: int
    """of their grams of one character,"""
    bigrams: int
    """and of two."""


def write_commit(folder: Path, commit: Commit) -> None:
    """Write the commit of the segments that lie in `folder`."""
    sums = [commit.paragraphs, commit.length, commit.characters, commit.bigrams]
    write_arrays(
        folder / _NAME,
        {
            "segments": pack(commit.segments),
            "live": commit.live.astype(np.uint8),
            "rank": narrow(commit.rank),
            "sums": np.array(sums, np.uint64),
        },
    )


def read_commit(folder: Path) -> Commit:
    """Read the commit of a data folder. Raises IndexDamaged."""
    arrays = ArrayFile(folder / _NAME)
    names = unpack(arrays["segments"])
    return Commit(tuple(names), arrays["live"].astype(bool), arrays["rank"], *map(int, arrays["sums"]))
