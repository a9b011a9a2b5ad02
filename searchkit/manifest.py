"""The manifest of an index: properties, checksums, the atomic commit, and removal of the remains of killed builds.

An index folder contains `index.json` (the manifest) and the data folder that the manifest names. A data folder never
changes once a manifest names it. A build writes a new data folder, and its commit replaces the manifest by renaming, so
a reader sees either the old index or the new one. A new data folder can contain hard links to files of the previous one
(`link_or_copy`). A commit neither syncs nor reads these files again.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

from searchkit.errors import IndexDamaged, IndexForeign, IndexMissing, IndexNotDurable, IndexUnusable, quoted

FORMAT_VERSION = 16
"""Version of the index format.

1: first version. 2: stores the state of the corpus files. 3: stores measures. 4: stores fewer bigram lists, and each
distinct value of measures once. 5: stores user-defined facets per document, and the files that the next build must read
again. 6: stores cross-word postings. 7: renamed the arrays. 8: stores tables, and the cells of measures. 9: stores the
years of paragraphs, and the time and status of measures. 10: stores the names that mean the same measure. 11: finds
headings and titles, each in one paragraph. 12: stores the names of facet values. 13: stores near-duplicate keys, and
words, headings and facet values with pinyin. 14: stores the folded text of the indicators, and files that were not read
and duplicates in a file of their own. 15: no longer stores the indicators twice. 16: stores the ends of words, for
corrections, and checksums of blocks.
"""

EXTRAS_FILE = "extras.json"
"""File of the data folder with the words, synonyms and names of measures of the build."""

PROBLEMS_FILE = "problems.json"
"""File of the data folder with the files that were not read, and the duplicates."""

ALIASES_FILE = "aliases.json"
"""File of the data folder with the names of the facet values (`query.aliases`)."""

SUGGESTIONS_FILE = "suggestions.txt"
"""File of the data folder with the words, headings and facet values that are suggested (`query.suggester`)."""

STATE_FILE = "files.json"
"""File of the data folder with the state of the corpus files, which only builds read (`indexing.changes`)."""

_MANIFEST_NAME = "index.json"
_TEMPORARY_NAME = "index.json.new"
_DATA_FOLDER_NAME = re.compile(r"data-[0-9]{6,}")  # data-000012
_BUILD_FILE = re.compile(
    r"(aliases|extras|files|problems)\.json|suggestions\.txt|parts-[0-9]+"
    r"|[0-9]{6,}\.segment|commit\.arrays|_?MAIN[_.].+|([0-9]+-)?spool\.jsonl"
)
"""The names of what builds of all formats write to a data folder, also if they are killed: the files of each index, the
parts of workers, and the files of the engines columnar, whoosh and opensearch. Not 2023.txt or files.csv."""
_FILE_NAME = re.compile(r"[\w-][\w.-]*")  # a name without folders, so that no file is outside the data folder
_STATE_LENGTH = 12
"""Number of hexadecimal digits of `Manifest.state`."""
_UNSUPPORTED_SYNC = frozenset({errno.EINVAL, errno.EBADF, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})
"""Error numbers of `os.fsync` for a folder on file systems that sync only files, such as some network drives."""
_CHUNK_SIZE = 1 << 20
"""Number of bytes that are read and hashed at a time."""

ChecksumsByInode = Mapping[tuple[int, int], tuple[int, str]]
"""Size and SHA-256 of files by device and inode."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Contents of `index.json`."""

    engine: str
    """Name of the engine."""
    analyzer: str
    """`Analyzer.fingerprint` of the analyzer of the build."""
    data: str
    """Name of the data folder."""
    built: str
    """Time of the build, ISO 8601 in UTC."""
    corpus: str
    """The corpus folder as given to the build, but absolute if that was `.`, had `..` or was a link."""
    documents: int
    """Number of documents in the index."""
    paragraphs: int
    """Number of paragraphs in the index."""
    measures: int
    """Number of measures in the index."""
    facets: tuple[str, ...]
    """Names of the user-defined facets."""
    files: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """Size in bytes and SHA-256 of each file in the data folder, by name."""
    format: int = FORMAT_VERSION
    """Version of the index format."""

    @property
    def state(self) -> str:
        """A hash of the engine, the analyzer and all files of the data folder but `STATE_FILE`: 12 hexadecimal digits.

        Indexes with different contents have different states.
        """
        files = sorted(item for item in self.files.items() if item[0] != STATE_FILE)
        return hashlib.sha256(repr([self.engine, self.analyzer, *files]).encode("utf-8", "surrogatepass")).hexdigest()[
            :_STATE_LENGTH
        ]


def read_manifest(index: Path) -> Manifest:
    """Return the manifest of an index. Verifies its checksum, and the existence and size of each file that it lists.

    Raises IndexMissing, IndexForeign or IndexDamaged, or IndexUnusable if the manifest exists but cannot be opened.
    """
    path = index / _MANIFEST_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        message = f"no index in {index}; build one with: searchkit build CORPUS --index {quoted(index)}"
        raise IndexMissing(message) from None
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
        raise IndexUnusable(message) from None
    except ValueError:
        raise _damaged_error(path, index) from None
    manifest = decode_manifest(text, path, index)
    _check_sizes(index, manifest)
    return manifest


def manifest_identity(index: Path) -> tuple[int, ...] | None:
    """Return device, inode, size and modification time of the file of the manifest. None if it cannot be read."""
    try:
        status = os.stat(f"{index}/{_MANIFEST_NAME}")  # noqa: PTH116 - joining paths would take as long again
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def decode_manifest(text: str, path: Path, index: Path) -> Manifest:
    """Return the manifest of a text from `encode_manifest`. `path`: where the text is, for messages.

    Raises IndexForeign or IndexDamaged.
    """
    try:
        data = json.loads(text)
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
    return manifest


def encode_manifest(manifest: Manifest) -> str:
    """Return a manifest as text, with its checksum."""
    data = asdict(manifest)
    return json.dumps({**data, "checksum": compute_manifest_checksum(data)}, ensure_ascii=False, indent=1)


def _parse_manifest(data: dict[str, Any]) -> Manifest | None:
    """Return the manifest that a JSON object describes, or None if the object is invalid.

    The object is invalid if (a) a field is missing, unknown or of a wrong type, or (b) the name of the data folder or
    of a file is invalid. The name of the engine and the numbers of documents, paragraphs and measures are not checked.
    """
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
    """Return the checksum of a manifest, which is given as a JSON object without the field `checksum`."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def commit_manifest(index: Path, manifest: Manifest, base: Manifest | None = None) -> Manifest:
    """Sync the data folder to disk, then write the manifest, and remove older data folders.

    Returns the manifest as written, with `files` filled in. `base`: the manifest of the state that the new one updates,
    None if it updates none. A file of the new data folder is neither read nor synced if it is a hard link to a file
    that `base` lists. Raises OSError if the commit fails before the new manifest is in place, and IndexNotDurable if
    the new manifest is in place, but possibly not on disk.
    """
    folder = index / manifest.data
    known_checksums = _index_by_inode(index, base) if base else {}
    manifest = replace(manifest, files=compute_checksums(folder, known_checksums))
    for path in _files(folder):
        if _inode(path) not in known_checksums:
            _sync_file(path)
    _sync_folder(folder)
    _sync_folder(index)  # the new folder's name must be on disk before the manifest refers to it
    if base is None:
        _sync_parent(index)  # an interrupted build may have created the folder without syncing its parent
    _replace_manifest(index, manifest)
    sync_commit(index)
    remove_leftovers(index)
    return manifest


def create_index_folder(index: Path) -> None:
    """Create the folder of an index and its missing parents, and write the names of the created folders to disk."""
    missing = [folder for folder in (index, *index.parents) if not folder.exists()]
    index.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        _sync_parent(folder)


def sync_commit(index: Path) -> None:
    """Sync the index folder, so that the renaming of the manifest is on disk. Raises IndexNotDurable if that fails."""
    try:
        _sync_folder(index)
    except OSError as error:
        reason = f"{index} cannot be synced: {error.strerror or error}"
        message = f"the new index is in place, but a power failure may undo it: {reason}; run the same build again"
        raise IndexNotDurable(message) from error


def _replace_manifest(index: Path, manifest: Manifest) -> None:
    """Write a manifest to a temporary file, sync the file to disk, and rename it to the manifest."""
    replace_file(index / _MANIFEST_NAME, encode_manifest(manifest) + "\n")


def replace_file(path: Path, text: str) -> None:
    """Write a text to a new file, `path` with `.new`, sync it to disk, and rename it to `path`. Follows no link."""
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    with temporary.open("x", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)


def current_data_folder(index: Path) -> str | None:
    """Return the name of the data folder in the manifest on disk.

    Returns None if the manifest cannot be read or names no data folder.
    """
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
    """Remove the data folders that the manifest does not name, and the temporary manifest of an interrupted build.

    Removes nothing if a manifest exists, but the name of its data folder cannot be read.
    """
    current = current_data_folder(index)
    if current is None and (index / _MANIFEST_NAME).exists():
        return
    remove_data_folders(index, current)
    with suppress(OSError):
        (index / _TEMPORARY_NAME).unlink(missing_ok=True)


def remove_data_folders(index: Path, current: str | None = None) -> None:
    """Remove the data folders except the one with the name `current`.

    A folder that contains anything but what builds write belongs to the user, and stays. For example, data-202312 can
    contain the reports of a month.
    """
    for folder in _data_folders(index):
        if folder.name != current and _has_only_build_files(folder):
            remove_tree(folder)


def _has_only_build_files(folder: Path) -> bool:
    """Return whether a folder contains only what builds write, or nothing. False if it may not be read."""
    try:
        return all(_BUILD_FILE.fullmatch(path.name) for path in folder.iterdir())
    except OSError:
        return False


def remove_tree(folder: Path) -> None:
    """Remove a folder and what is in it, as far as possible. Raises nothing."""
    import shutil  # noqa: PLC0415 - loads modules for compression; only builds remove folders

    with suppress(OSError):  # if closing fails, `rmtree` of Python 3.10 and 3.11 closes again, and raises
        shutil.rmtree(folder, ignore_errors=True)


def link_or_copy(source: Path, target: Path) -> None:
    """Create `target` as a hard link to `source`, a file of a data folder, or as a copy if it cannot be linked.

    Raises FileExistsError if `target` exists, or OSError if it cannot be created.
    """
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        import shutil  # noqa: PLC0415 - as above

        shutil.copyfile(source, target)


def compute_checksums(folder: Path, known_checksums: ChecksumsByInode | None = None) -> dict[str, tuple[int, str]]:
    """Return size and SHA-256 of every file in a folder tree, by relative path.

    The checksums of files in `known_checksums` are taken from there, without reading the files.
    """
    return {
        path.relative_to(folder).as_posix(): (known_checksums or {}).get(_inode(path))
        or (path.stat().st_size, _hash_file(path))
        for path in _files(folder)
    }


def read_verified_file(index: Path, manifest: Manifest, name: str) -> bytes:
    """Return the content of a small file of the data folder.

    Raises IndexDamaged if the file cannot be read, or if its size or checksum is not that of the manifest.
    """
    path = index / manifest.data / name
    try:
        data = path.read_bytes()
    except OSError:
        raise _damaged_error(path, index) from None
    verify_content(data, index, manifest, name)
    return data


def verify_content(data: bytes | mmap, index: Path, manifest: Manifest, name: str) -> None:
    """Raise IndexDamaged if the manifest does not list a file `name` with the size and the checksum of `data`."""
    if (len(data), hashlib.sha256(data).hexdigest()) != manifest.files.get(name):
        raise _damaged_error(index / manifest.data / name, index)


def map_file(index: Path, manifest: Manifest, name: str) -> mmap:
    """Return a file of the data folder, mapped into memory. Does not verify its checksum.

    Raises IndexDamaged if the file is empty or cannot be opened.
    """
    path = index / manifest.data / name
    try:
        with path.open("rb") as handle:
            return mmap(handle.fileno(), 0, access=ACCESS_READ)
    except (OSError, ValueError):
        raise _damaged_error(path, index) from None


def verify_checksums(index: Path, manifest: Manifest, on_progress: Callable[[int, int], None] | None = None) -> None:
    """Read every file of the manifest. Raises IndexDamaged for the first that is unreadable or has another checksum.

    `on_progress` is called after each file, with the number of bytes read so far and the number of all bytes.
    """
    done, total = 0, sum(size for size, _ in manifest.files.values())
    for name, (size, digest) in manifest.files.items():
        path = index / manifest.data / name
        try:
            is_intact = _hash_file(path) == digest
        except OSError:
            is_intact = False
        if not is_intact:
            raise _damaged_error(path, index)
        done += size
        if on_progress is not None:
            on_progress(done, total)


def _check_sizes(index: Path, manifest: Manifest) -> None:
    """Raise IndexDamaged if a file of the data folder is missing or has another size than in the manifest."""
    folder = str(index / manifest.data)  # a string, because creating a `Path` takes as long as the system call
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
    return f"build it again with: searchkit build CORPUS --index {quoted(index)}"


def _data_folders(index: Path) -> list[Path]:
    """Return all data folders in an index folder, in no particular order."""
    return [path for path in index.glob("data-*") if _DATA_FOLDER_NAME.fullmatch(path.name) and path.is_dir()]


def _files(folder: Path) -> Iterator[Path]:
    """Yield all files in a folder tree, sorted by path."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def _hash_file(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK_SIZE):
            digest.update(chunk)
    return digest.hexdigest()


def _inode(path: Path) -> tuple[int, int]:
    """Return device and inode of a file, which are the same for all hard links to it."""
    status = path.stat()
    return status.st_dev, status.st_ino


def _index_by_inode(index: Path, manifest: Manifest) -> ChecksumsByInode:
    """Return the sizes and checksums of the manifest's files by inode. Missing files are omitted."""
    folder = index / manifest.data
    return {_inode(folder / name): entry for name, entry in manifest.files.items() if (folder / name).is_file()}


def _sync_file(path: Path) -> None:
    """Write the content of a file to disk."""
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


def _sync_parent(folder: Path) -> None:
    """Write the name of a folder to disk.

    Does nothing if its parent may not be read. A folder can be created in a parent that may only be written.
    """
    with suppress(PermissionError):
        _sync_folder(folder.absolute().parent)


def _sync_folder(folder: Path) -> None:
    """Write the names of the files in a folder to disk. Does nothing if the system or drive cannot sync folders."""
    if os.name == "posix":  # other systems cannot open a folder
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _UNSUPPORTED_SYNC:
                raise
        finally:
            os.close(descriptor)
