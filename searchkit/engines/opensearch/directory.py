"""The manifest, the files and the lock of an index on a cluster.

The OpenSearch index `searchkit-NAME-state` contains the document `manifest` and, while a process holds the lock, the
document `lock`. The manifest names the OpenSearch index of the committed state. This index is frozen: it permits no
writes. A commit is one conditional write of the manifest. The lock expires unless its holder renews it. An expired lock
can be taken. A process that takes the lock also increments a number in the manifest (`taken`). So the commit of a
process that has lost the lock fails, and no two processes write the same state.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from mmap import mmap
from pathlib import Path
from typing import Any

from searchkit.engines.directory import CLUSTER_FILE
from searchkit.engines.locking import Holder
from searchkit.engines.opensearch.cluster import EXISTS, Cluster
from searchkit.errors import IndexDamaged, IndexForeign, IndexLocked, IndexMissing, IndexUnusable, quoted
from searchkit.manifest import (
    ALIASES_FILE,
    EXTRAS_FILE,
    PROBLEMS_FILE,
    STATE_FILE,
    SUGGESTIONS_FILE,
    Manifest,
    decode_manifest,
    encode_manifest,
    remove_data_folders,
    remove_tree,
    verify_content,
)

Json = dict[str, Any]

LOCK_SECONDS = 60.0
"""Seconds after which a lock expires unless it is renewed: its holder counts as dead. The clocks of the machines must
agree to within a few seconds."""
_RENEWAL_SECONDS = 10.0
_FILES = (ALIASES_FILE, EXTRAS_FILE, PROBLEMS_FILE, STATE_FILE, SUGGESTIONS_FILE)
"""Files that a build writes beside the prepared documents."""
_FIELDS = {"manifest": ("text", "data", "retired", "taken"), "lock": ("holder", "expires")}
"""Fields of the two documents of the OpenSearch index `searchkit-NAME-state`, by id.

`text`: the manifest as JSON, empty before the first commit. `data`: name of the committed state. `retired`: the times
at which states were replaced, by name, for replaced states that are kept. `taken`: how often the lock has been taken.
`holder`: the process that holds the lock. `expires`: when the lock expires.
"""
RETENTION_SECONDS = 3600.0
"""Seconds for which searches can use a state after another one has replaced it, unless `_MAX_RETIRED` further states
are replaced in this time. After that, the next build removes the state."""
_MAX_RETIRED = 5
"""Maximum number of replaced states that a build keeps. Each takes shards of the cluster, and the space of the files
that it does not share with another state."""


class ClusterDirectory:
    """An index on a cluster. Its folder has only `cluster.json` and, during a build, the folder of the new state."""

    def __init__(self, path: Path, url: str | None = None) -> None:
        """Find the index that `cluster.json` names or, if `url` is given, the one at this address (`Cluster.find`).

        Raises IndexForeign if the file names no index on a cluster, and the exceptions of `Cluster.read` and
        `Cluster.find`.
        """
        cluster = Cluster.read(path) if url is None else Cluster.find(path, url)
        if cluster is None:
            raise IndexForeign(f"{path}: names no index on a cluster")
        self.path, self._cluster = path, cluster
        self._version: Json = {}
        """Sequence number and primary term of the manifest document, as this process has read or written it last."""
        self._lock_version: Json = {}
        """Sequence number and primary term of the lock document, as this process has written it last."""
        self._holder: Json = {}
        """What the lock document says of this process."""
        self._number = 0
        """Number of the state that this process may write: how often the lock has been taken (`taken`)."""
        self._is_lost = False
        """Whether another process has taken the lock."""
        self._is_committed = False
        """Whether this process has committed a state."""

    def current(self) -> str | None:
        """Return the name of the committed state, None if there is none."""
        found = self._get("manifest")
        return (found and found["_source"]["data"]) or None

    def identity(self) -> None:
        """Return None: the manifest is on the cluster."""

    def read_manifest(self) -> Manifest:
        """Return the manifest. Raises IndexMissing, IndexForeign or IndexDamaged."""
        found = self._get("manifest")
        text = found["_source"]["text"] if found else ""
        if not text:
            where = f"{self._cluster.url} ({self._cluster.name})"
            raise IndexMissing(
                f"no index on {where}; build one with: searchkit build CORPUS --index {quoted(self.path)}"
            )
        return decode_manifest(text, self.path / "manifest", self.path)

    def read_file(self, manifest: Manifest, name: str) -> bytes:
        """Return a file of a state. Raises IndexDamaged if it is missing or altered, or the whole state is missing."""
        content = self._cluster.get_file(manifest.data, name)
        verify_content(content, self.path, manifest, name)
        return content

    def map_file(self, manifest: Manifest, name: str) -> mmap:
        """Return a file of a state in memory, with its checksum verified. The file must not be empty."""
        content = self.read_file(manifest, name)
        memory = mmap(-1, len(content))
        memory[:] = content
        return memory

    def verify(self, manifest: Manifest, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Read every file of a state. Raises IndexDamaged for the first one whose checksum does not match.

        The paragraphs are not in files. Only `check` of the engine reads them.
        """
        done, total = 0, sum(size for size, _ in manifest.files.values())
        for name, (size, _) in manifest.files.items():
            self.read_file(manifest, name)
            done += size
            if on_progress is not None:
                on_progress(done, total)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the lock of the index during a block. The lock excludes the processes of all machines.

        A new address is written to `cluster.json` before the block. If the block raises an exception before it has
        committed, the old content of the file is restored.
        """
        self._cluster.check_version()
        self._create_state_index()
        self._take_lock()
        ended = threading.Event()
        renewal = threading.Thread(target=self._renew_until, args=(ended,), daemon=True)
        renewal.start()
        try:
            with self._stored_address():
                self._remove_leftovers()
                yield
        except OSError as error:  # possibly because another process took the lock, and removed the folder of this build
            lock = self._get("lock")
            if lock is not None and _version_of(lock) != self._lock_version:
                raise self._locked(lock["_source"]) from error
            raise IndexUnusable(f"cannot write to {self.path}: {error.strerror or error}") from error
        finally:
            ended.set()
            renewal.join()
            if not self._is_lost:
                with suppress(IndexUnusable):
                    self._cluster.call("DELETE", self._path("lock"), params=self._lock_version, accept={404, 409})

    @contextmanager
    def _stored_address(self) -> Iterator[None]:
        """Write a new address to `cluster.json`. Restores the file if the block raises before a commit.

        If another process has taken the lock, the file is not restored, because that process may have committed.
        """
        old = Cluster.read(self.path)
        if old != self._cluster:
            self._cluster.write(self.path)
        try:
            yield
        except BaseException:
            if self._is_committed or self._is_lost or old == self._cluster:
                raise
            if old is None:
                (self.path / CLUSTER_FILE).unlink(missing_ok=True)
            else:
                old.write(self.path)
            raise

    def create(self) -> Path:
        """Create an empty folder for the state of this holder of the lock."""
        folder = self.path / f"data-{self._number:06d}"
        folder.mkdir(parents=True)
        return folder

    def commit(self, manifest: Manifest, base: Manifest | None) -> Manifest:
        """Store the files that the build wrote (`_FILES`), freeze the state, and write the manifest.

        Raises IndexLocked if another process has taken the lock.
        """
        folder = self.path / manifest.data
        for path in map(folder.joinpath, _FILES):
            if path.is_file():  # not every build writes the state of the corpus files
                self._cluster.put_file(manifest.data, path.name, path.read_bytes())
        name = self._cluster.data_index(manifest.data)
        self._cluster.call("POST", f"/{name}/_refresh")
        self._cluster.call("PUT", f"/{name}/_block/write")
        manifest = replace(manifest, files=self._list_files(manifest.data))
        found = self._get("manifest")
        retired = dict(found["_source"]["retired"]) if found else {}
        replaced = base.data if base is not None else found["_source"]["data"] if found else ""
        if replaced:  # by an update or by a full build
            retired[replaced] = time.time()
        text = encode_manifest(manifest)
        body = {"text": text, "data": manifest.data, "retired": retired, "taken": self._number}
        self._write_manifest(body)
        self._is_committed = True
        remove_tree(folder)
        return manifest

    def sync(self) -> None:
        """Do nothing: nodes sync each write before they answer."""

    def discard(self, folder: Path) -> None:
        """Remove a state and its folder, unless the state is the committed one."""
        with suppress(IndexUnusable):
            if self.current() == folder.name:
                return
            self._cluster.call("DELETE", f"/{self._cluster.data_index(folder.name)}", accept={404})
        remove_tree(folder)

    def _path(self, doc_id: str) -> str:
        return f"/{self._cluster.state_index()}/_doc/{doc_id}"

    def _get(self, doc_id: str) -> Json | None:
        """Return the document `manifest` or `lock`, None if there is none. Raises IndexForeign if it lacks a field."""
        found: Json | None = self._cluster.call("GET", self._path(doc_id), accept={404})
        if found is not None and not {*_FIELDS[doc_id]} <= {*found.get("_source", ())}:
            where = f"{self._cluster.url} ({self._cluster.name})"
            raise IndexForeign(f"{where}: not an index of searchkit: its {doc_id} has other fields")
        return found

    def _list_files(self, data: str) -> dict[str, tuple[int, str]]:
        """Return size and SHA-256 of the files of a state, by name."""
        records = (hit["_source"]["record"] for hit in self._cluster.scan(data, {"term": {"kind": "file"}}, size=50))
        return {record["name"]: (record["size"], record["sha256"]) for record in records}

    def _create_state_index(self) -> None:
        """Create `searchkit-NAME-state`, and an empty manifest in it, each unless it exists."""
        body = {
            "settings": {"number_of_shards": 1, "auto_expand_replicas": "0-1"},
            "mappings": {"dynamic": False},
        }
        name = self._cluster.state_index()
        self._cluster.call("PUT", f"/{name}", body, accept={EXISTS})
        empty = {"text": "", "data": "", "retired": {}, "taken": 0}
        self._cluster.call("PUT", f"/{name}/_create/manifest", empty, accept={409})

    def _take_lock(self) -> None:
        """Take the lock if there is none, or if it has expired, and count that in the manifest (`taken`).

        Raises IndexLocked if another process has the lock, and IndexDamaged if there is no manifest.
        """
        found = self._get("lock")
        if found and found["_source"]["expires"] > time.time():
            raise self._locked(found["_source"])
        this = Holder.current()
        self._holder = {"pid": this.pid, "host": this.host, "since": this.since}
        condition = {"op_type": "create"} if found is None else _version_of(found)
        self._is_lost = True  # until the lock is written
        self._write_lock(condition)
        if self._is_lost:  # another process was faster
            raise self._locked((self._get("lock") or {"_source": {}})["_source"])
        manifest = self._get("manifest")
        if manifest is None:
            raise IndexDamaged(f"{self._cluster.url} ({self._cluster.name}): the manifest is missing; build again")
        self._version = _version_of(manifest)
        self._number = manifest["_source"]["taken"] + 1
        self._write_manifest({**manifest["_source"], "taken": self._number})

    def _locked(self, lock: Json) -> IndexLocked:
        holder = Holder.from_json(lock.get("holder")) or "another process"
        where = f"{self._cluster.url} ({self._cluster.name})"
        return IndexLocked(f"{where} is being written by {holder}; wait for it or stop it")

    def _lock_body(self) -> Json:
        return {"holder": self._holder, "expires": time.time() + LOCK_SECONDS}

    def _renew_until(self, ended: threading.Event) -> None:
        """Renew the lock until `ended` is set or another process has taken the lock."""
        while not ended.wait(_RENEWAL_SECONDS):
            with suppress(IndexUnusable):  # the next attempt may succeed before the lock expires
                self._write_lock(self._lock_version)
                if self._is_lost:
                    return

    def _write_lock(self, condition: Json) -> None:
        """Write the lock document on a condition (`_version_of`), and note whether this process now has the lock."""
        body = self._lock_body()
        written = self._cluster.call("PUT", self._path("lock"), body, params=condition, accept={409})
        if written is None:
            found = self._get("lock")
            # A request that was sent again after a lost answer fails although the first one was carried out.
            written = found if found is not None and found["_source"] == body else None
        self._is_lost = written is None
        if written is not None:
            self._lock_version = _version_of(written)

    def _write_manifest(self, body: Json) -> None:
        """Write the manifest document.

        Raises IndexLocked if another process has written it since this process last read or wrote it (`_version`).
        """
        written = self._cluster.call("PUT", self._path("manifest"), body, params=self._version, accept={409})
        if written is None:
            found = self._get("manifest")
            # A request that was sent again after a lost answer fails although the first one was carried out.
            if found is None or found["_source"] != body:
                self._is_lost = True
                raise self._locked((self._get("lock") or {"_source": {}})["_source"])
            written = found
        self._version = _version_of(written)

    def _remove_leftovers(self) -> None:
        """Remove the states that are neither committed nor kept for searches, and the folders of dead builds.

        Keeps the last `_MAX_RETIRED` replaced states, each for `RETENTION_SECONDS` after it was replaced.
        """
        found = self._get("manifest")
        source: Json = found["_source"] if found else {"data": "", "retired": {}}
        recent = sorted(source["retired"].items(), key=lambda item: -item[1])[:_MAX_RETIRED]
        kept = {name: since for name, since in recent if time.time() - since < RETENTION_SECONDS}
        existing = self._cluster.list_data()
        for name in {*existing} - {source["data"], *kept}:
            self._cluster.call("DELETE", f"/{self._cluster.data_index(name)}", accept={404})
        if kept != source["retired"]:
            self._write_manifest({**source, "retired": kept})
        remove_data_folders(self.path)


def _version_of(document: Json) -> Json:
    """Return the condition of a write that succeeds only if the document still has this version."""
    return {"if_seq_no": document["_seq_no"], "if_primary_term": document["_primary_term"]}
