"""Where the committed states of an index are: the manifest, the files beside those of the engine, and the write lock.

A state has a name, `data-000012`. A build writes it to a new folder of this name and commits it. It never changes then.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime, timezone
from mmap import mmap
from pathlib import Path
from typing import Protocol

from searchkit.errors import IndexDamaged, IndexLocked, IndexUnusable, SearchkitError
from searchkit.manifest import (
    Manifest,
    commit_manifest,
    create_data_folder,
    current_data_folder,
    map_file,
    read_manifest,
    read_verified_file,
    remove_leftovers,
    verify_checksums,
)

CLUSTER_FILE = "cluster.json"
"""File of the folder of an index on a cluster, with its address and its name."""


class Directory(Protocol):
    """The states of one index. All methods raise IndexUnusable if the place cannot be used."""

    path: Path
    """Folder of the index, as the user names it."""

    def current(self) -> str | None:
        """Return the name of the committed state, None if there is none that can be read."""
        ...

    def read_manifest(self) -> Manifest:
        """Return the manifest of the committed state. Raises IndexMissing, IndexForeign or IndexDamaged."""
        ...

    def read_file(self, manifest: Manifest, name: str) -> bytes:
        """Return a small file of a state. Raises IndexDamaged if it is missing or altered."""
        ...

    def map_file(self, manifest: Manifest, name: str) -> mmap:
        """Return a file of a state, not empty, mapped into memory. Its checksum need not be verified."""
        ...

    def verify(self, manifest: Manifest) -> None:
        """Read every file of a state. Raises IndexDamaged for the first one whose checksum does not match."""
        ...

    def lock(self) -> AbstractContextManager[None]:
        """Hold the write lock during a block. Removes the leftovers of dead builds before the block.

        Raises IndexLocked if another process holds the lock; the message names this process.
        """
        ...

    def create(self) -> Path:
        """Create an empty folder for a new state. Its name is that of the state."""
        ...

    def commit(self, manifest: Manifest, base: Manifest | None) -> Manifest:
        """Make the state of `manifest.data` the committed one, with the files in its folder, or change nothing.

        Returns the manifest as written, with `files` filled in. `base`: the manifest of the state that it updates.
        """
        ...

    def discard(self, folder: Path) -> None:
        """Remove a state that was not committed. Raises nothing."""
        ...


class LocalDirectory:
    """An index in a folder of this machine (`manifest`)."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def current(self) -> str | None:
        """Return the name of the committed data folder, None if there is none that can be read."""
        return current_data_folder(self.path)

    def read_manifest(self) -> Manifest:
        """Return the manifest. Verifies the existence and size of each file that it lists."""
        return read_manifest(self.path)

    def read_file(self, manifest: Manifest, name: str) -> bytes:
        """Return a file of a data folder. Raises IndexDamaged."""
        return read_verified_file(self.path, manifest, name)

    def map_file(self, manifest: Manifest, name: str) -> mmap:
        """Return a file of a data folder, mapped into memory. Its checksum is not verified. Raises IndexDamaged."""
        return map_file(self.path, manifest, name)

    def verify(self, manifest: Manifest) -> None:
        """Read every file of a data folder. Raises IndexDamaged for the first one whose checksum does not match."""
        verify_checksums(self.path, manifest)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the write lock of the folder. Raises IndexUnusable also if the block raises OSError."""
        from filelock import FileLock, Timeout  # noqa: PLC0415 - only builds lock an index

        holder_file = self.path / "writer.json"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / "writer.lock")
            lock.acquire(timeout=0)
        except Timeout:
            message = f"{self.path} is being written by {_read_holder(holder_file)}; wait for it or stop it"
            raise IndexLocked(message) from None
        except OSError as error:
            raise self._cannot_write(error) from None
        try:
            holder_file.write_text(json.dumps(this_process()), encoding="utf-8")
            remove_leftovers(self.path)
            yield
        except OSError as error:
            raise self._cannot_write(error) from error
        finally:
            with suppress(OSError):
                holder_file.unlink()
            lock.release()

    def create(self) -> Path:
        """Create an empty data folder with a number higher than all existing ones."""
        return create_data_folder(self.path)

    def commit(self, manifest: Manifest, base: Manifest | None) -> Manifest:
        """Sync the data folder to disk, replace the manifest, and remove older data folders."""
        return commit_manifest(self.path, manifest, base)

    def discard(self, folder: Path) -> None:
        """Remove a data folder, unless the manifest names it."""
        import shutil  # noqa: PLC0415 - loads modules for compression; only builds remove folders

        if self.current() != folder.name:
            shutil.rmtree(folder, ignore_errors=True)

    def _cannot_write(self, error: OSError) -> IndexUnusable:
        """Return the error for an index folder that cannot be written."""
        return IndexUnusable(f"cannot write to {self.path}: {error.strerror or error}")


@contextmanager
def diagnose_damage(directory: Directory, manifest: Manifest) -> Iterator[None]:
    """Explain an exception of the block by a damaged file, if there is one.

    If the block raises IndexDamaged or an exception that is not a SearchkitError, verify the checksums. If a checksum
    does not match, raise IndexDamaged with the name of the file. In all other cases, the exception of the block
    propagates. This includes an index that another build has replaced, because that build removes the old files.
    """
    try:
        yield
    except Exception as error:
        is_expected = isinstance(error, SearchkitError) and not isinstance(error, IndexDamaged)
        if not is_expected and directory.current() == manifest.data:
            try:
                directory.verify(manifest)
            except IndexDamaged:
                if directory.current() == manifest.data:
                    raise
        raise


def this_process() -> dict[str, object]:
    """Return what a lock says about the process that holds it: `pid`, `host`, `since`."""
    import socket  # noqa: PLC0415 - only builds hold a lock

    since = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": since}


def describe_process(holder: object) -> str:
    """Return the process that a lock names (`this_process`), in words."""
    try:
        return f"process {int(holder['pid'])} on {holder['host']} since {holder['since']}"  # type: ignore[index]
    except (ValueError, KeyError, TypeError):
        return "another process"


def _read_holder(path: Path) -> str:
    """Return the process that `writer.json` names, in words."""
    try:
        return describe_process(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return "another process"
