"""Find the files of a corpus folder: which are read, in what order, and which are skipped and why."""

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
from searchkit.corpus.reasons import os_error_reason
from searchkit.files import MAX_FILE_BYTES, read_contained_file
from searchkit.text.characters import UNSAFE_IN_NAMES

METADATA_FILE = "metadata.csv"
"""Name, in lower case, of a table that states metadata of the files in its folder and below."""

_FILE_SYSTEM_IS_UTF8 = sys.getfilesystemencoding() == "utf-8"
_READER_SUFFIXES = tuple(READERS)
_IGNORED_NAME = re.compile(r"(?:readme|license|licence)(?:\..*)?|desktop\.ini|thumbs\.db", re.IGNORECASE | re.DOTALL)


class Stamp(NamedTuple):
    """Status of a file. If it is the same, the file is unchanged and need not be read."""

    size: int
    """Bytes."""
    modified: int
    """Time of the last change of the content, in nanoseconds since 1970."""
    changed: int
    """Time of the last change of content, name or permissions (Windows: of creation), in nanoseconds since 1970."""
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """Return the stamp for the status that the operating system reports."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


class CorpusFile(NamedTuple):
    """A file of the corpus."""

    path: str
    """Absolute path for the operating system. No part of it below `root` was a link."""
    name: str
    """Path relative to the corpus, with `/` separators. Always valid Unicode without control characters."""
    stamp: Stamp
    """Status when the corpus was listed."""
    root: str = ""
    """Folder of the corpus, for the operating system; empty = the folder that contains the file."""

    def read(self, max_bytes: int = MAX_FILE_BYTES) -> bytes:
        """Return the content of the file.

        Raises OSError if it cannot be read, is no longer an ordinary file of the corpus, or has more than `max_bytes`
        bytes.
        """
        root = Path(self.root) if self.root else Path(self.path).parent
        return read_contained_file(root, Path(self.path).relative_to(root), max_bytes)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file, a part of a file or a group of files that is not read."""

    path: str
    """Name in the corpus; `*.jpg` for all files of a format without a reader."""
    reason: str
    """One line. For a part of a file it begins with the location of the part: `line 7: not JSON`."""
    files: int = 1
    """Number of files that are skipped; 0 if the rest of the file is read."""


@dataclass(frozen=True, slots=True)
class WalkResult:
    """The files of a folder. All three tuples are in code point order of the names."""

    documents: tuple[CorpusFile, ...]
    tables: tuple[CorpusFile, ...]
    """Every metadata.csv."""
    skipped: tuple[Skipped, ...]


def walk(folder: Path) -> WalkResult:
    """List the files of `folder` and its subfolders. Reads no file. Cost: about 6 µs per file.

    Hidden files, README and LICENSE are ignored silently. Files without a reader, folders that cannot be listed, files
    that are not ordinary and links are skipped with a reason. A link to a file of the corpus is not followed, because
    the same report would be read twice, unless that file is hidden. A link out of the folder is not followed either.
    """
    files: list[CorpusFile] = []
    skipped: list[Skipped] = []
    for item in _scan(folder):
        if isinstance(item, CorpusFile):
            files.append(item)
        else:
            skipped.append(item)
    files.sort(key=attrgetter("name", "path"))
    documents: dict[str, CorpusFile] = {}
    tables: dict[str, CorpusFile] = {}
    suffix_counts: Counter[str] = Counter()
    for file in files:
        name = file.name.lower()
        if name.rpartition("/")[2] == METADATA_FILE:
            tables[file.name] = file
        elif not name.endswith(_READER_SUFFIXES):
            suffix_counts[suffix_of(name)] += 1
        elif file.name in documents:
            skipped.append(Skipped(file.name, "another file has the same name"))
        else:
            documents[file.name] = file
    skipped.sort(key=attrgetter("path"))
    for suffix, count in sorted(suffix_counts.items()):
        reason = f"no reader for {suffix} files" if suffix else "no reader for files without a suffix"
        skipped.append(Skipped(f"*{suffix}", reason, files=count))
    return WalkResult(tuple(documents.values()), tuple(tables.values()), tuple(skipped))


def is_ignored_name(name: str) -> bool:
    """Return whether a file or folder of this name is ignored silently: hidden files, README, LICENSE and the like."""
    return name.startswith((".", "~$")) or _IGNORED_NAME.fullmatch(name) is not None


def printable_name(path: str) -> str:
    r"""Return the name for a path given by the operating system, fit to be printed and indexed.

    Bytes that are not UTF-8 are decoded as GB18030 (archives packed on Chinese Windows have such names), or else
    written as `\xff`. Control characters are written as `\x0a`.
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
    """Yield the files of the folders, without recursion. Links to folders are not followed, so there are no loops."""
    root = os.path.realpath(folder)
    pending = [(root, "")]
    while pending:
        path, prefix = pending.pop()
        try:
            with os.scandir(path) as entries:
                children = list(entries)
        except OSError as error:
            yield Skipped(prefix.rstrip("/") or ".", f"folder cannot be listed: {os_error_reason(error)}")
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
    """Return the corpus file for an entry that is neither a link nor a folder, or why it is skipped."""
    if not entry.is_file(follow_symlinks=False):
        return Skipped(name, "not an ordinary file")
    try:
        return CorpusFile(entry.path, name, Stamp.of(entry.stat(follow_symlinks=False)), root)
    except OSError as error:
        return Skipped(name, f"cannot be read: {os_error_reason(error)}")


def _check_link(root: str, path: str, name: str) -> CorpusFile | Skipped:
    """Return the corpus file for a link to a hidden file of the corpus, or why the link is skipped."""
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
        reason = "not an ordinary file"
    elif any(part.startswith(".") for part in target.relative_to(root).parts):
        # git-annex stores the targets of links below .git, where they are not listed
        return CorpusFile(os.fspath(target), name, Stamp.of(status), root)
    else:
        reason = "link to a file of the corpus"
    return Skipped(name, reason)
