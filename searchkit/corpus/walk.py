"""Find the files of a corpus folder: the files to read, in a fixed order, and the skipped files with reasons."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from searchkit.corpus.formats.registry import READERS, suffix_of
from searchkit.files import MAX_FILE_BYTES, read_contained_file, read_error_reason
from searchkit.text.characters import UNSAFE_IN_NAMES

METADATA_FILE = "metadata.csv"
"""Name of a table with metadata about the files in its folder and in the folders below. Case is ignored."""

_FILE_SYSTEM_IS_UTF8 = sys.getfilesystemencoding() == "utf-8"
"""Whether Python decodes the names of files as UTF-8."""
_READER_SUFFIXES = tuple(READERS)
"""Suffixes of the files that searchkit reads, such as `.docx`."""
# Names of files and folders that are ignored silently, in addition to names that begin with a dot or ~$: README and
# LICENSE without a suffix or with any (README.md), and files that Windows creates in folders.
_IGNORED_NAME = re.compile(r"(?:readme|license|licence)(?:\..*)?|desktop\.ini|thumbs\.db", re.IGNORECASE | re.DOTALL)


class Stamp(NamedTuple):
    """Size, times and inode of a file.

    A file with the same stamp as in the previous build is taken as unchanged and not read again, unless it was written
    so shortly before that build that a later change could have left the stamp as it is (`indexing/changes.py`).
    """

    size: int
    """Size in bytes."""
    modified: int
    """Time of the last change of the content, in nanoseconds since 1970."""
    changed: int
    """Time of the last change of content, name or permissions (Windows: of creation), in nanoseconds since 1970."""
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """Return the stamp of a file with this status."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


class CorpusFile(NamedTuple):
    """A file of the corpus."""

    path: str
    """Absolute path as the operating system returned it. When the corpus was listed, no part of it below `root` was a
    link. For a link that is followed, the path of the target."""
    name: str
    """Path relative to the corpus with `/` separators, valid Unicode without control characters (`printable_name`).
    For a link that is followed, the name of the link."""
    stamp: Stamp
    """Status when the corpus was listed."""
    root: str = ""
    """Absolute path of the corpus folder as the operating system returned it. Empty: the folder of `path` is meant."""

    def read(self, max_bytes: int = MAX_FILE_BYTES) -> bytes:
        """Return the content of the file.

        Raises OSError if the file cannot be read, is no longer a regular file reached without links, or has more than
        `max_bytes` bytes.
        """
        root = Path(self.root) if self.root else Path(self.path).parent
        return read_contained_file(root, Path(self.path).relative_to(root), max_bytes)


@dataclass(frozen=True, slots=True)
class Skipped:
    """The reason why something is not read: a file, a link, a folder, a part of a file, or all files with a suffix."""

    path: str
    """Name in the corpus, id of a record (`a.jsonl#7`), `.` for the corpus folder, `*.jpg` for all files with a suffix
    that has no reader, or `*` for all files without a suffix."""
    reason: str
    """The reason in one line. For a part of a file, it can begin with the location: `line 7: not JSON`."""
    files: int = 1
    """Number of skipped files. A link or a folder counts as one file. 0 for a part of a file whose rest is read."""


@dataclass(frozen=True, slots=True)
class WalkResult:
    """The files of a corpus folder."""

    files: tuple[CorpusFile, ...]
    """Files with a reader, except metadata tables, in code point order of their names."""
    tables: tuple[CorpusFile, ...]
    """Metadata tables (`METADATA_FILE`), in code point order of their names."""
    skipped: tuple[Skipped, ...]
    """Skipped files, links and folders in code point order of their names, then suffixes without a reader."""


def walk(folder: Path) -> WalkResult:
    """List the files of `folder` and its subfolders. Reads no file. Cost: about 6 µs per file.

    Ignored names (`is_ignored_name`) are not reported. Files without a reader, folders that cannot be listed, files
    that are not regular files, and most links are skipped with a reason. Of several files with the same printable name,
    all but the first are skipped, too.

    A link to a hidden file of the corpus (one whose name, or the name of a folder above it in the corpus, begins with a
    dot) is followed, because that file is not read otherwise: git-annex stores all files below .git and links to them.
    A link to any other file of the corpus is skipped, so that no file is read twice. Links to folders, links that leave
    the corpus and broken links are skipped too.
    """
    scanned = list(_scan(folder))
    listed = sorted((item for item in scanned if isinstance(item, CorpusFile)), key=attrgetter("name", "path"))
    skipped = [item for item in scanned if isinstance(item, Skipped)]
    files: dict[str, CorpusFile] = {}
    tables: dict[str, CorpusFile] = {}
    suffix_counts: Counter[str] = Counter()
    for file in listed:
        name = file.name.lower()
        is_table = name.rpartition("/")[2] == METADATA_FILE
        if not is_table and not name.endswith(_READER_SUFFIXES):
            suffix_counts[suffix_of(name)] += 1
        elif file.name in files or file.name in tables:  # different paths can have the same printable name
            skipped.append(Skipped(file.name, "another file has the same name"))
        elif is_table:
            tables[file.name] = file
        else:
            files[file.name] = file
    skipped.sort(key=attrgetter("path"))
    skipped += [_skipped_suffix(suffix, count) for suffix, count in sorted(suffix_counts.items())]
    return WalkResult(tuple(files.values()), tuple(tables.values()), tuple(skipped))


def _skipped_suffix(suffix: str, count: int) -> Skipped:
    """Return the entry for all files with a suffix that has no reader; `*` for the files without a suffix."""
    reason = f"no reader for {suffix} files" if suffix else "no reader for files without a suffix"
    return Skipped(f"*{suffix}", reason, files=count)


def is_ignored_name(name: str) -> bool:
    """Return whether a file or folder of this name is ignored silently.

    Ignored are hidden files and folders, Word's lock files (~$…), README and LICENSE with or without a suffix,
    desktop.ini and thumbs.db.
    """
    return name.startswith((".", "~$")) or _IGNORED_NAME.fullmatch(name) is not None


def printable_name(path: str) -> str:
    r"""Convert a path, as the operating system returns it, into a name that can be printed and indexed.

    A path that is not UTF-8 is decoded as GB18030, because archives packed on Chinese Windows contain such names. If
    that fails, each invalid byte becomes an escape such as `\xff`. Each character of `UNSAFE_IN_NAMES`, such as a line
    feed, becomes an escape such as `\x0a`. Different paths can have the same name.
    """
    if _FILE_SYSTEM_IS_UTF8 and path.isprintable():
        return path.replace(os.sep, "/")
    raw = os.fsencode(path)
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        try:
            name = raw.decode("gb18030")
        except UnicodeDecodeError:
            name = raw.decode("utf-8", errors="backslashreplace")
    return UNSAFE_IN_NAMES.sub(lambda match: f"\\x{ord(match[0]):02x}", name.replace(os.sep, "/"))


def _scan(folder: Path) -> Iterator[CorpusFile | Skipped]:
    """Yield the files of `folder` and all its subfolders, and what is skipped, in no particular order.

    Links to folders are skipped, so the scan always ends. Folders to scan are kept in a list, because recursive calls
    would fail if folders are nested too deeply.
    """
    root = os.path.realpath(folder)
    pending = [(root, "")]
    while pending:
        path, prefix = pending.pop()
        try:
            with os.scandir(path) as entries:
                children = list(entries)
        except OSError as error:
            yield Skipped(prefix.rstrip("/") or ".", f"folder cannot be listed: {read_error_reason(error)}")
            continue
        for entry in children:
            if is_ignored_name(entry.name):
                continue
            name = prefix + printable_name(entry.name)
            if entry.is_symlink():
                yield _check_link(root, entry.path, name)
            elif entry.is_dir(follow_symlinks=False):
                pending.append((entry.path, name + "/"))
            else:
                yield _check_file(root, entry, name)


def _check_file(root: str, entry: os.DirEntry[str], name: str) -> CorpusFile | Skipped:
    """Return the corpus file of an entry that is neither a link nor a folder, or the reason for skipping it."""
    if not entry.is_file(follow_symlinks=False):
        return Skipped(name, "not a regular file")
    try:
        return CorpusFile(entry.path, name, Stamp.of(entry.stat(follow_symlinks=False)), root)
    except OSError as error:
        return Skipped(name, f"cannot be read: {read_error_reason(error)}")


def _check_link(root: str, path: str, name: str) -> CorpusFile | Skipped:
    """Return the corpus file of a link to a hidden file of the corpus, or the reason for skipping the link."""
    try:
        target = Path(path).resolve(strict=True)
        status = target.stat()
    except (OSError, RuntimeError):  # Python before 3.13 raises RuntimeError for a loop
        return Skipped(name, "broken link")
    if not target.is_relative_to(root):
        reason = "link that leaves the corpus"
    elif stat.S_ISDIR(status.st_mode):
        reason = "link to a folder of the corpus"
    elif not stat.S_ISREG(status.st_mode):
        reason = "not a regular file"
    elif any(part.startswith(".") for part in target.relative_to(root).parts):
        # The target is hidden (git-annex stores all files below .git), so the scan does not list it under its own name.
        return CorpusFile(os.fspath(target), name, Stamp.of(status), root)
    else:
        reason = "link to a file of the corpus"
    return Skipped(name, reason)
