"""What an index remembers of the files it was built from, and what has changed since.

A file whose size, times and inode are as they were is taken as unchanged without being read. That needs one care: a
file that was written about when it was read may have been written once more within the grain of the clock, and look
the same. Such a file is hashed. So is one whose stamp alone is another, and if its content is the same it is unchanged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec

from searchkit.corpus.listing import Listing, content_digest
from searchkit.corpus.overrides import NOTHING, Stated
from searchkit.corpus.walk import CorpusFile, Skipped, Stamp
from searchkit.errors import IndexDamaged
from searchkit.manifest import Manifest, read_verified

FILES = "files.json"
"""File of the data folder with the state."""

_SECOND = 1_000_000_000
_FINE_GRAIN, _COARSE_GRAIN = _SECOND // 10, 2 * _SECOND
"""Nanoseconds between two writes that may leave the same time, if that has a fraction of a second and if not."""


class Entry(NamedTuple):
    """What an index remembers of one file."""

    stamp: Stamp
    digest: str
    """Of its content, as `content_digest` gives it."""
    stated: str
    """Digest of what metadata.csv states about it."""
    documents: int = 0
    paragraphs: int = 0
    measures: int = 0
    facets: tuple[str, ...] = ()
    """Names of the user's own facets in its documents."""
    skipped: tuple[Skipped, ...] = ()
    is_settled: bool = True
    """Whether it need not be read again while it is as it is. Else nothing of it is in the index."""


@dataclass(frozen=True, slots=True)
class State:
    """What an index remembers: all files with readers, also those of which nothing could be read."""

    fingerprints: Mapping[str, str]
    """What decided, besides the files, what is in the index: engine, words, taxonomy …, each with a text that changes
    when it does. If one differs, the whole index is built again."""
    began: int
    """When the listing of the files began, nanoseconds since 1970."""
    skipped: tuple[Skipped, ...]
    """What of the corpus was skipped before any file was read."""
    files: Mapping[str, Entry] = field(default_factory=dict)
    """By name."""

    def write(self, folder: Path) -> None:
        """Write the state into a data folder."""
        (folder / FILES).write_bytes(msgspec.json.encode(self))


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be done to bring an index up to date with a corpus."""

    unread: tuple[CorpusFile, ...]
    """Files to read, new ones and changed ones, in the order of their names."""
    outdated: Mapping[str, Entry] = field(default_factory=dict)
    """Files whose documents leave the index, changed ones and those that are gone, as they were; by name."""
    unchanged: Mapping[str, Entry] = field(default_factory=dict)
    """By name; with the stamp of now."""

    @property
    def are_none(self) -> bool:
        """Whether every file is as it was."""
        return not self.unread and not self.outdated

    def were_in_vain(self, read: Mapping[str, Entry]) -> bool:
        """Whether all that there was to do was to try files again, and `read`, what that gave, is what was known."""
        return self.outdated.keys() == read.keys() and all(
            not entry.is_settled and entry._replace(stamp=read[name].stamp) == read[name]
            for name, entry in self.outdated.items()
        )


def read_state(index: Path, manifest: Manifest) -> State:
    """Read the state of an index. Raises IndexDamaged."""
    content = read_verified(index, manifest, FILES)
    try:
        return msgspec.json.decode(content, type=State)
    except msgspec.MsgspecError:
        message = f"{index / manifest.data / FILES}: not what a build writes; build the index again"
        raise IndexDamaged(message) from None


def compare(listing: Listing, state: State) -> Changes:
    """Compare a corpus with what an index remembers. Reads only files that may have changed and may have not.

    Cost: about 1 µs a file that is not read.
    """
    unread: list[CorpusFile] = []
    unchanged: dict[str, Entry] = {}
    for found in listing.documents:
        entry = state.files.get(found.name)
        if not entry or not entry.is_settled or entry.stated != stated_digest(listing.stated(found)):
            unread.append(found)
        elif entry.stamp == found.stamp and _is_past(found.stamp, state.began):
            unchanged[found.name] = entry
        elif found.stamp.size == entry.stamp.size and content_digest(found) == entry.digest:
            unchanged[found.name] = entry._replace(stamp=found.stamp)
        else:
            unread.append(found)
    outdated = {name: entry for name, entry in state.files.items() if name not in unchanged}
    return Changes(tuple(unread), outdated, unchanged)


def _is_past(stamp: Stamp, began: int) -> bool:
    """Whether a file was written so long before the listing that began at `began` that a later write would show."""
    written = max(stamp.modified, stamp.changed)
    return written < began - (_FINE_GRAIN if written % _SECOND else _COARSE_GRAIN)


def stated_digest(stated: Stated) -> str:
    """Digest of what is stated: empty for nothing. The order counts, as it does in the records."""
    if stated is NOTHING or stated == NOTHING:  # the first is quick; what came from another process is only equal
        return ""
    text = json.dumps([stated.fields, stated.facets, stated.warnings], default=dict)
    return hashlib.sha256(text.encode()).hexdigest()
