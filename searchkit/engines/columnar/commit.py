"""The commit of the columnar engine: its segments, their live documents, and the corpus order of documents."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from searchkit.engines.columnar.arrays import (
    Array,
    ArrayFile,
    damaged_file,
    narrowest,
    pack_json,
    unpack_json,
    write_arrays,
)

_COMMIT_FILE = "commit.arrays"
_SEGMENT_NAME = re.compile(r"[0-9]{6,}\.segment")
_TOTAL_COUNT = 4


class Commit(NamedTuple):
    """A commit. Documents are numbered over all segments, in the order of the segments, deleted documents included."""

    segments: tuple[str, ...]
    """File names of the segments."""
    live_documents: Array
    """Boolean per document: False if the document is deleted."""
    ranks: Array
    """Rank of each document in corpus order. Deleted documents have a rank, too."""
    doc_count: int
    """Number of live docs, which are paragraphs. The following totals are over the live docs."""
    total_length: int
    """Total number of tokens, weighted by field (`SegmentColumns.length`)."""
    total_characters: int
    """Total number of grams of one character in the texts (`ranking.grams`)."""
    total_bigrams: int
    """Total number of grams of two characters in the texts."""


def write_commit(folder: Path, commit: Commit) -> None:
    """Write a commit to `folder`, which contains its segments."""
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
    """Read the commit in `folder`.

    Raises IndexDamaged if the file is missing or does not contain the arrays. Damaged contents may raise any exception,
    so call this within `contract.decoding`.
    """
    arrays = ArrayFile(folder / _COMMIT_FILE)
    names = unpack_json(arrays["segments"])
    if not all(map(_SEGMENT_NAME.fullmatch, names)):  # nothing outside the folder is opened
        raise damaged_file(arrays.path)
    live_documents, ranks = arrays["live_documents"].astype(bool), arrays["ranks"]
    if len(live_documents) != len(ranks) or (len(ranks) and not names):
        raise damaged_file(arrays.path)
    return Commit(
        tuple(names),
        live_documents,
        ranks,
        *map(int, arrays.column("totals", _TOTAL_COUNT)),
    )
