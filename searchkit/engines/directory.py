"""The directory of an index: its committed states, with their manifest and files, and the write lock.

A state has a name, `data-000012`. A build writes it to a new folder of this name and commits it. After that, the state
never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from mmap import mmap
from pathlib import Path
from typing import Protocol

from searchkit.errors import IndexDamaged, IndexUnusable, SearchkitError
from searchkit.manifest import (
    Manifest,
    commit_manifest,
    create_data_folder,
    create_index_folder,
    current_data_folder,
    manifest_identity,
    map_file,
    read_manifest,
    read_verified_file,
    remove_leftovers,
    remove_tree,
    sync_commit,
    verify_checksums,
)

CLUSTER_FILE = "cluster.json"
"""File in the folder of an index on a cluster. It has the address of the cluster, and the name of the index there."""


class Directory(Protocol):
    """The states of one index, in a folder or on a cluster.

    Except `discard`, a method that asks the cluster raises IndexUnusable if the cluster does not answer. `lock` also
    raises IndexUnusable if the folder cannot be written.
    """

    path: Path
    """Folder of the index, as the user names it."""

    def current(self) -> str | None:
        """Return the name of the committed state, None if there is none that can be read."""
        ...

    def identity(self) -> tuple[int, ...] | None:
        """Return numbers that differ after each commit, or None if only the manifest shows commits. Takes some µs."""
        ...

    def read_manifest(self) -> Manifest:
        """Return the manifest of the committed state.

        Raises IndexMissing, IndexForeign or IndexDamaged, or IndexUnusable if the manifest cannot be opened.
        """
        ...

    def read_file(self, manifest: Manifest, name: str) -> bytes:
        """Return a small file of a state. Raises IndexDamaged if it is missing or altered."""
        ...

    def map_file(self, manifest: Manifest, name: str) -> mmap:
        """Return a file of a state, mapped into memory. The file must not be empty. Its checksum may be unverified."""
        ...

    def verify(self, manifest: Manifest, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Read every file of a state. Raises IndexDamaged for the first one whose checksum does not match.

        `on_progress` is called with the number of bytes read so far and the number of all bytes.
        """
        ...

    def lock(self) -> AbstractContextManager[None]:
        """Hold the write lock during a block. Removes the leftovers of dead builds before the block.

        Raises IndexLocked if another process holds the lock, or may hold it. The message names that process if it is
        known.
        """
        ...

    def create(self) -> Path:
        """Create an empty folder for a new state. Its name is that of the state."""
        ...

    def commit(self, manifest: Manifest, base: Manifest | None) -> Manifest:
        """Make the state of `manifest.data` the committed one, with the files in its folder.

        Returns the manifest as written, with `files` filled in. `base`: the manifest of the state that the new state
        updates, None if it updates none. Until the new manifest is written, the old state stays the committed one.
        Raises IndexNotDurable if the new state is the committed one, but a power failure may undo that.
        """
        ...

    def sync(self) -> None:
        """Make the last commit survive a power failure. Raises IndexNotDurable if that is not possible."""
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

    def identity(self) -> tuple[int, ...] | None:
        """Return what identifies the file of the manifest, None if it cannot be read. Each commit writes a new file."""
        return manifest_identity(self.path)

    def read_manifest(self) -> Manifest:
        """Return the manifest. Verifies the existence and size of each file that it lists."""
        return read_manifest(self.path)

    def read_file(self, manifest: Manifest, name: str) -> bytes:
        """Return a file of a data folder. Raises IndexDamaged."""
        return read_verified_file(self.path, manifest, name)

    def map_file(self, manifest: Manifest, name: str) -> mmap:
        """Return a file of a data folder, mapped into memory. Its checksum is not verified. Raises IndexDamaged."""
        return map_file(self.path, manifest, name)

    def verify(self, manifest: Manifest, on_progress: Callable[[int, int], None] | None = None) -> None:
        """Read every file of a data folder. Raises IndexDamaged for the first one whose checksum does not match."""
        verify_checksums(self.path, manifest, on_progress)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the write lock of the folder. Creates the folder if it does not exist.

        An OSError is raised as IndexUnusable, also an OSError of the block.
        """
        from searchkit.engines.locking import writer_lock  # noqa: PLC0415 - only builds lock an index

        try:
            create_index_folder(self.path)
            with writer_lock(self.path):
                remove_leftovers(self.path)
                yield
        except OSError as error:
            raise IndexUnusable(f"cannot write to {self.path}: {error.strerror or error}") from error

    def create(self) -> Path:
        """Create an empty data folder with a number higher than all existing ones."""
        return create_data_folder(self.path)

    def commit(self, manifest: Manifest, base: Manifest | None) -> Manifest:
        """Sync the data folder to disk, replace the manifest, and remove older data folders."""
        return commit_manifest(self.path, manifest, base)

    def sync(self) -> None:
        """Sync the index folder, so that the renaming of the manifest is on disk even if `commit` failed to sync it."""
        sync_commit(self.path)

    def discard(self, folder: Path) -> None:
        """Remove a data folder, unless the manifest names it."""
        if self.current() != folder.name:
            remove_tree(folder)


@contextmanager
def diagnose_damage(directory: Directory, manifest: Manifest) -> Iterator[None]:
    """Explain an exception of the block by a damaged file, if there is one.

    If the block raises IndexDamaged or an exception that is not a SearchkitError, verify the checksums. If a checksum
    does not match, raise IndexDamaged with the name of the file. Otherwise, the exception of the block propagates. The
    checksums do not count if another build has replaced the state: that build may have removed the files. If a cluster
    does not answer when the checksums are verified, IndexUnusable is raised.
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
