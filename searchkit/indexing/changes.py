"""What an index remembers of the files it was built from, and what has changed since.

A file whose size, times and inode are as they were is taken as unchanged without being read. That needs one care: a
file that was written about when it was read may have been written once more within the grain of the clock, and look
the same. Such a file is hashed. So is one whose stamp alone is another, and if its content is the same it is unchanged.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

from searchkit.corpus.listing import Listing, content_digest
from searchkit.corpus.overrides import NOTHING, Stated
from searchkit.corpus.walk import Found, Skipped, Stamp
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

    made_with: Mapping[str, str]
    """What decided, besides the files, what is in the index: engine, words, taxonomy …, each with a text that changes
    when it does. If one differs, the whole index is built again."""
    began: int
    """When the listing of the files began, nanoseconds since 1970."""
    skipped: tuple[Skipped, ...]
    """What of the corpus was skipped before any file was read."""
    files: Mapping[str, Entry] = field(default_factory=dict)
    """By name."""

    def write(self, folder: Path) -> None:
        """Write the state into a data folder.

        The file has a list for each field, which is quicker to read; of facets and skipped parts, which few files have,
        only what there is.
        """
        stamps, *plain, facets, skipped, settled = zip(*self.files.values(), strict=True)
        data = {
            "made_with": self.made_with,
            "began": self.began,
            "skipped": self.skipped,
            "names": [*self.files],
            "stamps": [*zip(*stamps, strict=True)],
            "plain": plain,
            "facets": {name: own for name, own in zip(self.files, facets, strict=True) if own},
            "parts": {name: own for name, own in zip(self.files, skipped, strict=True) if own},
            "unsettled": [name for name, is_settled in zip(self.files, settled, strict=True) if not is_settled],
        }
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=astuple)
        (folder / FILES).write_text(text, encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be done to bring an index up to date with a corpus."""

    unread: tuple[Found, ...]
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
        data = json.loads(content.decode())
        return State(dict(data["made_with"]), int(data["began"]), _skipped(data["skipped"]), _files(data))
    except (ValueError, LookupError, TypeError, AttributeError):
        message = f"{index / manifest.data / FILES}: not what a build writes; build the index again"
        raise IndexDamaged(message) from None


def _files(data: Mapping[str, Any]) -> dict[str, Entry]:
    names = data["names"]
    stamps = map(Stamp._make, zip(*data["stamps"], strict=True))
    facets = {name: tuple(own) for name, own in data["facets"].items()}
    parts = {name: _skipped(own) for name, own in data["parts"].items()}
    rare = (map(found.get, names, repeat(())) for found in (facets, parts))
    unsettled = frozenset(data["unsettled"])
    settled = (name not in unsettled for name in names)
    return dict(zip(names, map(Entry._make, zip(stamps, *data["plain"], *rare, settled, strict=True)), strict=True))


def _skipped(items: Iterable[Sequence[Any]]) -> tuple[Skipped, ...]:
    return tuple(Skipped(*item) for item in items)


def compare(listing: Listing, state: State) -> Changes:
    """Compare a corpus with what an index remembers. Reads only files that may have changed and may have not.

    Cost: about 1 µs a file that is not read.
    """
    unread: list[Found] = []
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
