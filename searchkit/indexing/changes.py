"""Decides which files a build must read: compares size, times, SHA-256 and stated metadata with the last build.

A file with the same size, times and inode is unchanged and is not read. There is one exception: a file that was written
shortly before it was listed may have been written again within the granularity of its timestamps, so that its stamp is
the same. Such a file is hashed. A file whose stamp differs but whose size does not is hashed too, and is unchanged if
its digest is the same.
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
from searchkit.corpus.overrides import NO_METADATA, StatedMetadata
from searchkit.corpus.walk import CorpusFile, Skipped, Stamp
from searchkit.errors import IndexDamaged
from searchkit.manifest import Manifest, read_verified_file

STATE_FILE = "files.json"
"""Name of the file in the data folder that stores the `BuildState`."""

_NS_PER_SECOND = 1_000_000_000
_FINE_GRANULARITY, _COARSE_GRANULARITY = _NS_PER_SECOND // 10, 2 * _NS_PER_SECOND
"""Nanoseconds within which two writes may leave the same timestamp: one with a fraction of a second, one without."""


class FileEntry(NamedTuple):
    """One file as the index remembers it."""

    stamp: Stamp
    digest: str
    """Digest of the content, from `content_digest`."""
    metadata_digest: str
    """Digest of the metadata that metadata.csv states for the file, from `digest_metadata`."""
    documents: int = 0
    paragraphs: int = 0
    measures: int = 0
    facets: tuple[str, ...] = ()
    """Names of the user-defined facets of its documents."""
    skipped: tuple[Skipped, ...] = ()
    is_final: bool = True
    """Whether the result stays the same while the file is unchanged. If not, the next build reads the file again, and
    the index contains none of its documents."""


@dataclass(frozen=True, slots=True)
class BuildState:
    """The inputs of a build, stored with the index. Covers all files with a reader, also unreadable ones."""

    fingerprints: Mapping[str, str]
    """Fingerprints of the inputs other than files (engine, words, taxonomy, …), by name. If one differs, the index is
    built again in full."""
    began: int
    """Time when the build began to list the corpus, in nanoseconds since 1970."""
    skipped: tuple[Skipped, ...]
    """Files that were skipped while the corpus was listed."""
    files: Mapping[str, FileEntry] = field(default_factory=dict)
    """Entries by file name."""

    def write(self, folder: Path) -> None:
        """Write the state to a data folder."""
        (folder / STATE_FILE).write_bytes(msgspec.json.encode(self))


@dataclass(frozen=True, slots=True)
class Changes:
    """The differences between a corpus and an index."""

    unread: tuple[CorpusFile, ...]
    """Files to read: new, changed and retried files, in the order of their names."""
    outdated: Mapping[str, FileEntry] = field(default_factory=dict)
    """Old entries, by name, of changed, retried and removed files. Their documents must be removed from the index."""
    unchanged: Mapping[str, FileEntry] = field(default_factory=dict)
    """Entries of unchanged files by name, with their current stamps."""

    @property
    def is_empty(self) -> bool:
        """Whether all files are unchanged."""
        return not self.unread and not self.outdated

    def has_only_repeated_failures(self, entries: Mapping[str, FileEntry]) -> bool:
        """Whether the build only retried files and each failed as before. `entries`: the new entries by name."""
        return self.outdated.keys() == entries.keys() and all(
            not entry.is_final and entry._replace(stamp=entries[name].stamp) == entries[name]
            for name, entry in self.outdated.items()
        )


def read_state(index: Path, manifest: Manifest) -> BuildState:
    """Read the state that is stored with an index. Raises IndexDamaged."""
    content = read_verified_file(index, manifest, STATE_FILE)
    try:
        return msgspec.json.decode(content, type=BuildState)
    except msgspec.MsgspecError:
        message = f"{index / manifest.data / STATE_FILE}: not a valid record of indexed files; build the index again"
        raise IndexDamaged(message) from None


def find_changes(listing: Listing, state: BuildState) -> Changes:
    """Compare a corpus with the state of an index. Reads only the files whose stamps do not decide.

    Cost: about 1 µs per file that is not read.
    """
    unread: list[CorpusFile] = []
    unchanged: dict[str, FileEntry] = {}
    for file in listing.documents:
        entry = state.files.get(file.name)
        if not entry or not entry.is_final or entry.metadata_digest != digest_metadata(listing.stated_metadata(file)):
            unread.append(file)
        elif entry.stamp == file.stamp and _is_conclusive(file.stamp, state.began):
            unchanged[file.name] = entry
        elif file.stamp.size == entry.stamp.size and content_digest(file) == entry.digest:
            unchanged[file.name] = entry._replace(stamp=file.stamp)
        else:
            unread.append(file)
    outdated = {name: entry for name, entry in state.files.items() if name not in unchanged}
    return Changes(tuple(unread), outdated, unchanged)


def _is_conclusive(stamp: Stamp, began: int) -> bool:
    """Whether a write after `began`, the time of the listing, would have changed the stamp."""
    written = max(stamp.modified, stamp.changed)
    return written < began - (_FINE_GRANULARITY if written % _NS_PER_SECOND else _COARSE_GRANULARITY)


def digest_metadata(metadata: StatedMetadata) -> str:
    """Return a digest of the metadata stated for a file; empty if there is none. Depends on the order of the fields."""
    if metadata is NO_METADATA or metadata == NO_METADATA:  # identity is faster; after decoding, only equality holds
        return ""
    text = json.dumps([metadata.fields, metadata.facets, metadata.warnings], default=dict)
    return hashlib.sha256(text.encode()).hexdigest()
