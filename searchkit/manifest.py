"""The manifest of an index: what it is, what it was made with, and a checksum for each of its files.

An index folder holds `index.json` (the manifest) and one folder of data, which the manifest names. Data folders
are never changed once the manifest names them; a commit writes a new one and then renames the manifest over
the old one, so that a reader sees the old index or the new one, whole. A new data folder may share files with the
one before it (`share`): those are on disk and their checksums known.
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

FORMAT = 6
"""Version of the layout of an index.

History: 1 = first; 2 = it knows the files it was built from; 3 = it holds measures; 4 = it holds fewer
lists of pairs of characters, and each value of measures once; 5 = it holds the user's facets document by document, and
remembers files that are to be tried again; 6 = it lists where the characters of words stand apart by term.
"""

EXTRAS = "extras.json"
"""File of the data folder with the words and synonyms of the build, and the problems it met."""

_NAME = "index.json"
_NEW_NAME = "index.json.new"
_DATA_FOLDER = re.compile(r"data-[0-9]{6,}")
_FILE = re.compile(r"[\w-][\w.-]*")  # engines make no folders; a name cannot lead out of the data folder
_CHUNK = 1 << 20

Inodes = Mapping[tuple[int, int], tuple[int, str]]
"""Size and SHA-256 of files by device and inode."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `index.json` says."""

    engine: str
    analyzer: str
    """`Analyzer.fingerprint` of the analyzer that made the terms."""
    data: str
    """Name of the data folder."""
    built: str
    """When, ISO 8601 in UTC."""
    corpus: str
    """The corpus folder as it was given."""
    documents: int
    paragraphs: int
    measures: int
    facets: tuple[str, ...]
    """Names of the user's own facets."""
    files: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Size in bytes and SHA-256 of each file in the data folder, by relative path."""
    format: int = FORMAT


def read_manifest(index: Path) -> Manifest:
    """Read and verify the manifest, and that the files it names are there with their sizes.

    Raises IndexMissing, IndexForeign or IndexDamaged.
    """
    path = index / _NAME
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        message = f"no index in {index}; make one with: searchkit build CORPUS --index {index}"
        raise IndexMissing(message) from None
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
        raise IndexUnusable(message) from None
    except (ValueError, RecursionError):
        raise _damaged(path, index) from None
    version = data.get("format") if isinstance(data, dict) else None
    if version != FORMAT:
        raise IndexForeign(f"{path}: index format {version!r}, this searchkit reads {FORMAT}; {_again(index)}")
    checksum = data.pop("checksum", None)
    manifest = _manifest(data) if checksum == checksum_of(data) else None
    if manifest is None:
        raise _damaged(path, index)
    _check_sizes(index, manifest)
    return manifest


def _manifest(data: dict[str, Any]) -> Manifest | None:
    """The manifest of a JSON object, or None if it is not one that `write_manifest` wrote."""
    try:
        files = {str(name): (int(size), str(digest)) for name, (size, digest) in data["files"].items()}
        manifest = Manifest(**{**data, "facets": tuple(map(str, data["facets"])), "files": files})
        texts = (manifest.analyzer, manifest.data, manifest.built, manifest.corpus)
        is_sound = all(isinstance(text, str) for text in texts) and _DATA_FOLDER.fullmatch(manifest.data)
        is_inside = all(map(_FILE.fullmatch, files))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None
    return manifest if is_sound and is_inside else None


def checksum_of(data: dict[str, Any]) -> str:
    """The checksum of a manifest, given as a JSON object without it."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def commit(index: Path, manifest: Manifest, base: Manifest | None = None) -> Manifest:
    """Put the data folder and then the manifest on disk, and remove older data folders.

    `manifest` without its files; they are filled in. What the data folder shares with that of `base`, the manifest so
    far, is not read again. Returns the manifest as written.
    """
    folder = index / manifest.data
    known = _inodes(index, base) if base else {}
    manifest = replace(manifest, files=checksums(folder, known))
    for path in _files(folder):
        if _inode(path) not in known:
            with path.open("rb+") as handle:
                os.fsync(handle.fileno())
    _sync_folder(folder)
    _sync_folder(index)  # the name of the new folder, before anything refers to it
    data = asdict(manifest)
    text = json.dumps({**data, "checksum": checksum_of(data)}, ensure_ascii=False, indent=1)
    temporary = index / _NEW_NAME
    with temporary.open("w", encoding="utf-8") as handle:
        handle.write(text + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(index / _NAME)
    _sync_folder(index)
    remove_leftovers(index)
    return manifest


def current_data(index: Path) -> str | None:
    """Name of the data folder that the manifest on disk names; None if there is no manifest that can be read."""
    try:
        name = json.loads((index / _NAME).read_text(encoding="utf-8"))["data"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
    return name if isinstance(name, str) and _DATA_FOLDER.fullmatch(name) else None


def new_data_folder(index: Path) -> Path:
    """Make an empty data folder with a number above those that are there."""
    numbers = [int(path.name.removeprefix("data-")) for path in _data_folders(index)]
    folder = index / f"data-{max(numbers, default=0) + 1:06d}"
    folder.mkdir(parents=True)
    return folder


def remove_leftovers(index: Path) -> None:
    """Remove the data folders that the manifest does not name, and what else builds that died have left.

    Where the manifest cannot be read nothing is removed.
    """
    kept = current_data(index)
    if kept is None and (index / _NAME).exists():
        return
    for folder in _data_folders(index):
        if folder.name != kept:
            shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        (index / _NEW_NAME).unlink(missing_ok=True)


def share(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`, a file of a data folder: a hard link, or a copy where there are none.

    Raises FileExistsError if `target` is there, OSError if it cannot be made.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        shutil.copyfile(source, target)


def checksums(folder: Path, known: Inodes | None = None) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 of every file below a folder, by relative path. Files that are `known` are not read."""
    return {
        path.relative_to(folder).as_posix(): (known or {}).get(_inode(path)) or (path.stat().st_size, _digest(path))
        for path in _files(folder)
    }


def read_verified(index: Path, manifest: Manifest, name: str) -> bytes:
    """The bytes of a small file of the data folder, compared with its checksum. Raises IndexDamaged."""
    path = index / manifest.data / name
    try:
        data = path.read_bytes()
    except OSError:
        raise _damaged(path, index) from None
    if (len(data), hashlib.sha256(data).hexdigest()) != manifest.files.get(name):
        raise _damaged(path, index)
    return data


def verify_checksums(index: Path, manifest: Manifest) -> None:
    """Read every file and compare it with its checksum. Raises IndexDamaged naming the first that differs."""
    for name, (_, digest) in manifest.files.items():
        path = index / manifest.data / name
        try:
            is_whole = _digest(path) == digest
        except OSError:
            is_whole = False
        if not is_whole:
            raise _damaged(path, index)


@contextmanager
def diagnosing_damage(index: Path, manifest: Manifest) -> Iterator[None]:
    """Say what is to blame for an exception while an index is read: a file of it, or whoever reads.

    If the checksums do not hold, that is why: raises IndexDamaged naming the file. If they do, or if the index has been
    replaced meanwhile and its files are gone, the exception is what it is.
    """
    try:
        yield
    except Exception as error:
        is_understood = isinstance(error, SearchkitError) and not isinstance(error, IndexDamaged)
        if not is_understood and current_data(index) == manifest.data:
            try:
                verify_checksums(index, manifest)
            except IndexDamaged:
                if current_data(index) == manifest.data:
                    raise
        raise


def _check_sizes(index: Path, manifest: Manifest) -> None:
    folder = str(index / manifest.data)  # to make a `Path` takes as long as to look
    for name, (size, _) in manifest.files.items():
        try:
            actual = os.stat(f"{folder}/{name}").st_size  # noqa: PTH116
        except OSError:
            actual = -1
        if actual != size:
            raise _damaged(Path(folder, name), index)


def _damaged(path: Path, index: Path) -> IndexDamaged:
    return IndexDamaged(f"{path}: missing, cut short or altered; {_again(index)} --full")


def _again(index: Path) -> str:
    return f"build it again with: searchkit build CORPUS --index {index}"


def _data_folders(index: Path) -> list[Path]:
    return [path for path in index.glob("data-*") if _DATA_FOLDER.fullmatch(path.name) and path.is_dir()]


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _inode(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _inodes(index: Path, manifest: Manifest) -> Inodes:
    """What the manifest says of its files, by inode. A file that is not there is left out."""
    folder = index / manifest.data
    return {_inode(folder / name): entry for name, entry in manifest.files.items() if (folder / name).is_file()}


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":  # elsewhere a folder cannot be opened
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
