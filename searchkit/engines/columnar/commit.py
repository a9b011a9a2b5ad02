"""The commit of the columnar engine: its segments, their live documents, and the corpus order of documents."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from searchkit.engines.columnar.arrays import Array, ArrayFile, narrowest, pack_json, unpack_json, write_arrays

_COMMIT_FILE = "commit.arrays"


@dataclass(frozen=True, slots=True)
class Commit:
    """The content of a data folder. Document numbers are those of the index."""

    segments: tuple[str, ...]
    """File names of the segments."""
    live_documents: Array
    """Boolean per document: whether it is part of the index."""
    ranks: Array
    """Rank of each document in corpus order; meaningless for a document that is not live."""
    doc_count: int
    """Number of live docs. The following totals are over these docs."""
    total_length: int
    """Total weighted number of tokens."""
    total_characters: int
    """Total number of grams of one character."""
    total_bigrams: int
    """Total number of grams of two characters."""


def write_commit(folder: Path, commit: Commit) -> None:
    """Write the commit of the segments in `folder`."""
    totals = [commit.doc_count, commit.total_length, commit.total_characters, commit.total_bigrams]
    write_arrays(
        folder / _COMMIT_FILE,
        {
            "segments": pack_json(commit.segments),
            "live_documents": commit.live_documents.astype(np.uint8),
            "ranks": narrowest(commit.ranks),
            "totals": np.array(totals, np.uint64),
        },
    )


def read_commit(folder: Path) -> Commit:
    """Read the commit of a data folder. Raises IndexDamaged."""
    arrays = ArrayFile(folder / _COMMIT_FILE)
    names = unpack_json(arrays["segments"])
    return Commit(tuple(names), arrays["live_documents"].astype(bool), arrays["ranks"], *map(int, arrays["totals"]))
