"""Watches: searches whose new paragraphs are reported once. They are kept in a file of the user's.

The file is not in the index, because an index can be read-only and is replaced by builds. A paragraph is new if no
paragraph with the same text, place and year has been reported, or was found when the watch was added. So a paragraph is
not new if only its position in the report or the name of its file has changed.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timezone
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from searchkit.errors import SearchkitError, UsageError
from searchkit.files import read_regular_file

if TYPE_CHECKING:
    from searchkit.model import Paragraph
    from searchkit.search.results import Hit, Results

_VERSION = 1
"""Version of the format of the file."""
_FILE_NAME = "watches.json"
_DIGEST_BYTES = 8
_LOCK_SECONDS = 30
"""Maximum number of seconds to wait for another command that changes the file."""
_MAX_NAME_LENGTH = 100


class SearchableIndex(Protocol):
    """The methods of an index that watches call. `index.IndexState` has them."""

    def search(self, query: str, /, **arguments: Any) -> Results:  # noqa: ANN401 - options and filters
        """Return the results of a search."""

    def every_hit(self, query: str, /, **arguments: Any) -> Iterator[Hit]:  # noqa: ANN401
        """Return all hits of a search."""


@dataclass(frozen=True, slots=True)
class Watch:
    """A search that is watched."""

    name: str
    """Name, unique among the watches of the user."""
    query: str
    """The query."""
    index: str
    """Absolute path of the index."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Filters and options of `IndexState.search`, such as `district`, `where` and `match`."""
    added: str = ""
    """When the watch was added, ISO 8601 in UTC."""
    ran: str | None = None
    """When the new paragraphs of the watch, if any, were last reported, ISO 8601 in UTC. None if never."""
    seen: frozenset[str] = frozenset()
    """Digests of the paragraphs that the search found when the watch was added, or that have been reported."""


@dataclass(frozen=True, slots=True)
class News:
    """What is new in a watch."""

    watch: Watch
    hits: tuple[Hit, ...]
    """New paragraphs, best first. Of several with equal digests, only the first."""

    @property
    def digests(self) -> frozenset[str]:
        """Digests of the new paragraphs."""
        return frozenset(digest(hit.paragraph) for hit in self.hits)


def digest(paragraph: Paragraph) -> str:
    """Return a short text that two paragraphs share if text, place and year are the same."""
    parts = (paragraph.text, *paragraph.region, str(paragraph.year))
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).hexdigest()


def find_news(index: SearchableIndex, watch: Watch) -> News:
    """Return what is new in a watch. Only paragraphs that count in the total of its search are considered.

    If the search is relaxed, or gives up a filter that was understood in the query, nothing is new. Raises the
    exceptions of `IndexState.search`.
    """
    results = index.search(watch.query, **{**watch.options, "limit": 0})
    hits: Iterable[Hit] = ()
    is_loosened = results.relaxed or not all(item.strict for item in results.understood_filters)
    if results.total and not is_loosened:
        hits = index.every_hit(watch.query, **{**watch.options, "beyond": False})
    new: dict[str, Hit] = {}
    for hit in hits:
        key = digest(hit.paragraph)
        if key not in watch.seen:
            new.setdefault(key, hit)
    return News(watch, tuple(new.values()))


def default_path() -> Path:
    """Return the file with the watches of the user, in the folder for data of the platform."""
    from platformdirs import user_data_path  # noqa: PLC0415 - only watches need it

    return user_data_path("searchkit", appauthor=False) / _FILE_NAME


class WatchFile:
    """The file with the watches. Changes are made under a lock, and replace the file atomically."""

    def __init__(self, path: Path | None = None) -> None:
        """`path`: None for the file of the user (`default_path`). Links are followed."""
        self.path = Path(os.path.realpath(path or default_path()))  # a link keeps leading to the file that is replaced

    def watches(self) -> tuple[Watch, ...]:
        """Return all watches, in the order in which they were added. Empty if there is no file.

        Raises SearchkitError if the file is unusable.
        """
        try:
            data = json.loads(read_regular_file(self.path))
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, RecursionError) as error:
            raise SearchkitError(f"{self.path} cannot be read: {error}; correct or remove it") from None
        try:
            if data["version"] != _VERSION:
                raise SearchkitError(f"{self.path} is of another version of searchkit; move it away")
            return tuple(map(_parse, data["watches"]))
        except (KeyError, TypeError, AttributeError):
            raise SearchkitError(f"{self.path} is no file of watches; correct or remove it") from None

    def choose(self, names: Sequence[str] = ()) -> tuple[Watch, ...]:
        """Return the watches with these names, or all watches if `names` is empty.

        Raises UsageError for a name that no watch has.
        """
        watches = self.watches()
        by_name = {watch.name: watch for watch in watches}
        for name in names:
            if name not in by_name:
                raise UsageError(f"no watch {name!r}; there are: {', '.join(by_name) or 'none'}", code="unknown_watch")
        return tuple(by_name[name] for name in dict.fromkeys(names)) if names else watches

    def add(self, index: SearchableIndex, watch: Watch) -> Watch:
        """Add a watch, and return it. The paragraphs that its search finds now count as seen.

        Raises UsageError if the name is taken, empty, too long or not printable, the exceptions of `find_news`, and
        SearchkitError if the file cannot be read or written.
        """
        if not watch.name.isprintable() or not 0 < len(watch.name) <= _MAX_NAME_LENGTH:
            raise UsageError(f"a name has 1 to {_MAX_NAME_LENGTH} printable characters, not {watch.name!r}")
        added = replace(watch, added=_now(), seen=find_news(index, replace(watch, seen=frozenset())).digests)
        with self._changed() as watches:
            if any(item.name == watch.name for item in watches):
                raise UsageError(f"there is a watch {watch.name!r}; remove it first, or choose another name")
            watches.append(added)
        return added

    def remove(self, names: Sequence[str]) -> None:
        """Remove watches. Raises UsageError for a name that no watch has; then no watch is removed."""
        with self._changed() as watches:
            self.choose(names)
            watches[:] = [watch for watch in watches if watch.name not in names]

    def mark_seen(self, news: Iterable[News]) -> None:
        """Remember that the paragraphs of `news` were reported. A watch that was removed meanwhile stays removed."""
        digests = {item.watch.name: item.digests for item in news}
        with self._changed() as watches:
            watches[:] = [
                replace(watch, ran=_now(), seen=watch.seen | digests[watch.name]) if watch.name in digests else watch
                for watch in watches
            ]

    @contextmanager
    def _changed(self) -> Iterator[list[Watch]]:
        """Yield the watches as a list, and write the list to the file if the block succeeds. Raises SearchkitError."""
        from filelock import FileLock, Timeout  # noqa: PLC0415 - only changes need it

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock"), timeout=_LOCK_SECONDS):
                watches = [*self.watches()]
                yield watches
                self._write(watches)
        except Timeout:
            raise SearchkitError(f"{self.path} is being changed by another command; try again") from None
        except OSError as error:
            raise SearchkitError(f"{self.path} cannot be written: {error.strerror or error}") from None

    def _write(self, watches: Iterable[Watch]) -> None:
        """Replace the file. Only the user can read it, because a search can be confidential."""
        data = {"version": _VERSION, "watches": [{**asdict(watch), "seen": sorted(watch.seen)} for watch in watches]}
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=f".{_FILE_NAME}")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(data, file, ensure_ascii=False, indent=1)
                file.flush()
                os.fsync(handle)
            os.replace(name, self.path)  # noqa: PTH105 - a name, not a path
        except BaseException:
            os.unlink(name)  # noqa: PTH108
            raise


def _parse(record: Mapping[str, Any]) -> Watch:
    """Return the watch of a JSON object. Ignores unknown keys, and does not check `ran`.

    Raises TypeError or AttributeError if the object is not that of a watch.
    """
    names = {item.name for item in fields(Watch)}
    watch = Watch(**{name: value for name, value in record.items() if name in names})
    texts = chain((watch.name, watch.query, watch.index, watch.added), watch.seen)
    if not all(isinstance(text, str) for text in texts) or not isinstance(watch.options, dict) or "\0" in watch.index:
        raise TypeError
    return replace(watch, seen=frozenset(watch.seen))


def _now() -> str:
    """Return the time, ISO 8601 in UTC, to the second."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
