"""The manifest of an index: properties, checksums, the atomic commit, and removal of what killed builds left behind.

An index folder contains `index.json` (the manifest) and the data folder that the manifest names. A data folder never
changes once a manifest names it. A commit writes a new data folder and then replaces the manifest by renaming, so a
reader sees either the old index or the new one. A new data folder can share files with the previous one
(`link_or_copy`). These are already on disk, and their checksums are known.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from searchkit.errors import IndexDamaged, IndexForeign, IndexMissing, IndexUnusable, SearchkitError

FORMAT_VERSION = 7
"""Version of the index format.

1: first version. 2: stores the state of the files that it was built from. 3: stores measures. 4: stores fewer bigram
lists, and each distinct value of measures once. 5: stores user-defined facets per document, and the files to be read
again. 6: stores by term where the characters of a word occur without being that word. 7: renamed the arrays.
"""

EXTRAS_FILE = "extras.json"
"""File of the data folder with the words and synonyms of the build, and the files that could not be read."""

_MANIFEST_NAME = "index.json"
_TEMPORARY_NAME = "index.json.new"
_DATA_FOLDER_NAME = re.compile(r"data-[0-9]{6,}")
_FILE_NAME = re.compile(r"[\w-][\w.-]*")  # engines create no folders, and a name cannot leave the data folder
_CHUNK_SIZE = 1 << 20

ChecksumsByInode = Mapping[tuple[int, int], tuple[int, str]]
"""Size and SHA-256 of files by device and inode."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Contents of `index.json`."""

    engine: str
    analyzer: str
    """`Analyzer.fingerprint` of the analyzer of the build."""
    data: str
    """Name of the data folder."""
    built: str
    """Time of the build, ISO 8601 in UTC."""
    corpus: str
    """The corpus folder as given to the build."""
    documents: int
    paragraphs: int
    measures: int
    facets: tuple[str, ...]
    """Names of the user-defined facets."""
    files: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Size in bytes and SHA-256 of each file in the data folder, by relative path."""
    format: int = FORMAT_VERSION


def read_manifest(index: Path) -> Manifest:
    """Read the manifest. Verify its checksum, and the presence and sizes of its files.

    Raises IndexMissing, IndexForeign or IndexDamaged, or IndexUnusable if the manifest cannot be opened.
    """
    path = index / _MANIFEST_NAME
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        message = f"no index in {index}; make one with: searchkit build CORPUS --index {index}"
        raise IndexMissing(message) from None
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
        raise IndexUnusable(message) from None
    except (ValueError, RecursionError):
        raise _damaged_error(path, index) from None
    version = data.get("format") if isinstance(data, dict) else None
    if version != FORMAT_VERSION:
        raise IndexForeign(
            f"{path}: index format {version!r}, this searchkit reads {FORMAT_VERSION}; {_rebuild_hint(index)}"
        )
    checksum = data.pop("checksum", None)
    manifest = _parse_manifest(data) if checksum == compute_manifest_checksum(data) else None
    if manifest is None:
        raise _damaged_error(path, index)
    _check_sizes(index, manifest)
    return manifest


def _parse_manifest(data: dict[str, Any]) -> Manifest | None:
    """Return the manifest of a JSON object, or None if it is not one that `commit_manifest` wrote."""
    try:
        files = {str(name): (int(size), str(digest)) for name, (size, digest) in data["files"].items()}
        manifest = Manifest(**{**data, "facets": tuple(map(str, data["facets"])), "files": files})
        texts = (manifest.analyzer, manifest.data, manifest.built, manifest.corpus)
        is_valid = all(isinstance(text, str) for text in texts) and _DATA_FOLDER_NAME.fullmatch(manifest.data)
        are_names_valid = all(map(_FILE_NAME.fullmatch, files))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    return manifest if is_valid and are_names_valid else None


def compute_manifest_checksum(data: dict[str, Any]) -> str:
    """Return the checksum of a manifest, given as a JSON object without its checksum."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def commit_manifest(index: Path, manifest: Manifest, base: Manifest | None = None) -> Manifest:
    """Sync the data folder to disk, then write the manifest, and remove older data folders.

    The `files` of `manifest` are filled in. `base` is the current manifest. Files that the new data folder shares with
    its data folder are not read. Returns the manifest as written.
    """
    folder = index / manifest.data
    known = _index_by_inode(index, base) if base else {}
    manifest = replace(manifest, files=compute_checksums(folder, known))
    for path in _files(folder):
        if _inode(path) not in known:
            with path.open("rb+") as handle:
                os.fsync(handle.fileno())
    _sync_folder(folder)
    _sync_folder(index)  # the new folder's name must be on disk before the manifest refers to it
    data = asdict(manifest)
    text = json.dumps({**data, "checksum": compute_manifest_checksum(data)}, ensure_ascii=False, indent=1)
    temporary = index / _TEMPORARY_NAME
    with temporary.open("w", encoding="utf-8") as handle:
        handle.write(text + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(index / _MANIFEST_NAME)
    _sync_folder(index)
    remove_leftovers(index)
    return manifest


def current_data_folder(index: Path) -> str | None:
    """Return the name of the data folder in the manifest on disk, or None if it cannot be read."""
    try:
        name = json.loads((index / _MANIFEST_NAME).read_text(encoding="utf-8"))["data"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return name if isinstance(name, str) and _DATA_FOLDER_NAME.fullmatch(name) else None


def create_data_folder(index: Path) -> Path:
    """Create an empty data folder with a number higher than all existing ones."""
    numbers = [int(path.name.removeprefix("data-")) for path in _data_folders(index)]
    folder = index / f"data-{max(numbers, default=0) + 1:06d}"
    folder.mkdir(parents=True)
    return folder


def remove_leftovers(index: Path) -> None:
    """Remove the data folders that the manifest does not name, and temporary files of interrupted builds.

    If there is a manifest that cannot be read, nothing is removed.
    """
    current = current_data_folder(index)
    if current is None and (index / _MANIFEST_NAME).exists():
        return
    for folder in _data_folders(index):
        if folder.name != current:
            shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        (index / _TEMPORARY_NAME).unlink(missing_ok=True)


def link_or_copy(source: Path, target: Path) -> None:
    """Create `target` as a hard link to `source`, a file of a data folder, or as a copy if links are not supported.

    Raises FileExistsError if `target` exists, OSError if it cannot be created.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        shutil.copyfile(source, target)


def compute_checksums(folder: Path, known: ChecksumsByInode | None = None) -> dict[str, tuple[int, str]]:
    """Return size and SHA-256 of every file in a folder tree, by relative path. Files in `known` are not read."""
    return {
        path.relative_to(folder).as_posix(): (known or {}).get(_inode(path)) or (path.stat().st_size, _hash_file(path))
        for path in _files(folder)
    }


def read_verified_file(index: Path, manifest: Manifest, name: str) -> bytes:
    """Return the contents of a small file of the data folder. Raises IndexDamaged if its checksum does not match."""
    path = index / manifest.data / name
    try:
        data = path.read_bytes()
    except OSError:
        raise _damaged_error(path, index) from None
    if (len(data), hashlib.sha256(data).hexdigest()) != manifest.files.get(name):
        raise _damaged_error(path, index)
    return data


def verify_checksums(index: Path, manifest: Manifest) -> None:
    """Compare every file with its checksum. Raises IndexDamaged with the first that differs."""
    for name, (_, digest) in manifest.files.items():
        path = index / manifest.data / name
        try:
            is_intact = _hash_file(path) == digest
        except OSError:
            is_intact = False
        if not is_intact:
            raise _damaged_error(path, index)


@contextmanager
def diagnose_damage(index: Path, manifest: Manifest) -> Iterator[None]:
    """Verify the checksums if the block raises an unexpected exception.

    Raises IndexDamaged with the file if a checksum does not match. Otherwise the exception propagates unchanged. So it
    does if the index has been replaced in the meantime and its files are gone.
    """
    try:
        yield
    except Exception as error:
        is_expected = isinstance(error, SearchkitError) and not isinstance(error, IndexDamaged)
        if not is_expected and current_data_folder(index) == manifest.data:
            try:
                verify_checksums(index, manifest)
            except IndexDamaged:
                if current_data_folder(index) == manifest.data:
                    raise
        raise


def _check_sizes(index: Path, manifest: Manifest) -> None:
    folder = str(index / manifest.data)  # creating a `Path` takes as long as the system call
    for name, (size, _) in manifest.files.items():
        try:
            actual = os.stat(f"{folder}/{name}").st_size  # noqa: PTH116
        except OSError:
            actual = -1
        if actual != size:
            raise _damaged_error(Path(folder, name), index)


def _damaged_error(path: Path, index: Path) -> IndexDamaged:
    return IndexDamaged(f"{path}: missing, cut short or altered; {_rebuild_hint(index)} --full")


def _rebuild_hint(index: Path) -> str:
    return f"build it again with: searchkit build CORPUS --index {index}"


def _data_folders(index: Path) -> list[Path]:
    return [path for path in index.glob("data-*") if _DATA_FOLDER_NAME.fullmatch(path.name) and path.is_dir()]


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _hash_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK_SIZE):
            digest.update(chunk)
    return digest.hexdigest()


def _inode(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _index_by_inode(index: Path, manifest: Manifest) -> ChecksumsByInode:
    """Return the sizes and checksums of the manifest's files by inode. A missing file is omitted."""
    folder = index / manifest.data
    return {_inode(folder / name): entry for name, entry in manifest.files.items() if (folder / name).is_file()}


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # other systems cannot open a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
