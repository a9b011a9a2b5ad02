"""Decides which files a build must read: compares size, times, SHA-256 and stated metadata with the last build.

The stamp of a file is its size, times and inode. A file with the same stamp is unchanged and is not read. There is one
exception: a file that was written shortly before the last build listed it, or later, may have been written again within
the granularity of the timestamps, which leaves the stamp as it was. Such a file is hashed. A file with another stamp
but the same size is hashed, too. If the digest is the same, the file is unchanged.

A file is also read again if its metadata in metadata.csv has changed, or if the last attempt to read it failed for a
reason that may be temporary.
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
from searchkit.engines.directory import Directory
from searchkit.errors import IndexDamaged
from searchkit.manifest import STATE_FILE, Manifest

_NS_PER_SECOND = 1_000_000_000
_FINE_GRANULARITY, _COARSE_GRANULARITY = _NS_PER_SECOND // 10, 2 * _NS_PER_SECOND
"""Nanoseconds within which two writes may leave the same timestamp. The first applies to a timestamp with a fraction of
a second. The second applies to a whole second, because the file system may not store fractions."""


class FileEntry(NamedTuple):
    """The data that an index stores about a file of the corpus."""

    stamp: Stamp
    digest: str
    """Digest of the content, from `content_digest`."""
    metadata_digest: str
    """Digest of the metadata that metadata.csv states for the file, from `digest_metadata`."""
    documents: int = 0
    """Number of documents of the file in the index."""
    paragraphs: int = 0
    measures: int = 0
    facets: tuple[str, ...] = ()
    """Names of the user-defined facets of the documents of the file."""
    skipped: tuple[Skipped, ...] = ()
    """The file if it was skipped, or its skipped parts."""
    is_final: bool = True
    """Whether the result stays the same while the file is unchanged. If not, the index contains no document of the
    file, and the next build reads the file again."""
    reports: tuple[tuple[str, str], ...] = ()
    """Ids of the documents of the file, each with its identity: its place, year, body and doctype as text
    (`duplicates.identify_report`). Records are left out, and so are documents of which a part of the identity is
    undecided."""


@dataclass(frozen=True, slots=True)
class BuildState:
    """The inputs of a build, stored with the index. `files` has all files with a reader, also unreadable ones."""

    fingerprints: Mapping[str, str]
    """Fingerprints of the inputs other than files (engine, words, taxonomy, …), by name. If one differs, the index is
    built again in full."""
    began: int
    """Time when the build began to list the corpus, in nanoseconds since 1970."""
    skipped: tuple[Skipped, ...]
    """Files, and lines of metadata.csv, that were skipped when the corpus was listed."""
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
    """Old entries, by name, of changed, retried and removed files. The old documents of these files must be removed
    from the index."""
    unchanged: Mapping[str, FileEntry] = field(default_factory=dict)
    """Entries of unchanged files by name, with their current stamps."""

    @property
    def is_empty(self) -> bool:
        """Whether no file is new, changed, retried or removed."""
        return not self.unread and not self.outdated

    def has_only_repeated_failures(self, entries: Mapping[str, FileEntry]) -> bool:
        """Return whether the build only retried files, all failed as before, and no file was removed.

        `entries`: the new entries of the files that the build read, by name.
        """
        return self.outdated.keys() == entries.keys() and all(
            not entry.is_final and entry._replace(stamp=entries[name].stamp) == entries[name]
            for name, entry in self.outdated.items()
        )


def read_state(directory: Directory, manifest: Manifest) -> BuildState:
    """Read the state that is stored with an index. Raises IndexDamaged."""
    content = directory.read_file(manifest, STATE_FILE)
    try:
        return msgspec.json.decode(content, type=BuildState)
    except msgspec.MsgspecError:
        message = (
            f"{directory.path / manifest.data / STATE_FILE}: not a valid record of indexed files; build the index again"
        )
        raise IndexDamaged(message) from None


def find_changes(listing: Listing, state: BuildState) -> Changes:
    """Compare a corpus with the state of an index. Hashes only the files whose stamps do not decide.

    Takes about 1 µs per file that is not hashed.
    """
    unread: list[CorpusFile] = []
    unchanged: dict[str, FileEntry] = {}
    for file in listing.documents:
        entry = _find_unchanged(file, listing, state)
        if entry is None:
            unread.append(file)
        else:
            unchanged[file.name] = entry
    outdated = {name: entry for name, entry in state.files.items() if name not in unchanged}
    return Changes(tuple(unread), outdated, unchanged)


def _find_unchanged(file: CorpusFile, listing: Listing, state: BuildState) -> FileEntry | None:
    """Return the entry of a file, with its present stamp, if the file need not be read again. Otherwise None."""
    entry = state.files.get(file.name)
    if not entry or not entry.is_final or entry.metadata_digest != digest_metadata(listing.stated_metadata(file)):
        return None
    if entry.stamp == file.stamp and _is_conclusive(file.stamp, state.began):
        return entry
    is_same = file.stamp.size == entry.stamp.size and content_digest(file) == entry.digest
    return entry._replace(stamp=file.stamp) if is_same else None


def _is_conclusive(stamp: Stamp, began: int) -> bool:
    """Return whether the file was written so long before `began` that any write after `began` has changed the stamp.

    `began`: time when the last build began to list the corpus.
    """
    written = max(stamp.modified, stamp.changed)
    return written < began - (_FINE_GRANULARITY if written % _NS_PER_SECOND else _COARSE_GRANULARITY)


def digest_metadata(metadata: StatedMetadata) -> str:
    """Return a digest of the metadata stated for a file, empty if there is none. Depends on the order of the fields."""
    if metadata is NO_METADATA or metadata == NO_METADATA:  # the identity check is faster, and usually sufficient
        return ""
    stated = [metadata.fields, metadata.facets, metadata.warnings, metadata.topics, metadata.text_column]
    text = json.dumps(stated, default=dict)
    return hashlib.sha256(text.encode()).hexdigest()
