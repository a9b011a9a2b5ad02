"""Which files of a folder make up the corpus, in what order, and which do not and why."""

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
from searchkit.corpus.reasons import reason_of
from searchkit.files import MAX_FILE_BYTES, read_inside
from searchkit.text.characters import UNNAMEABLE

METADATA = "metadata.csv"
"""Name, in lower case, of a table of facts about the files beside and below it."""

_IS_UTF8 = sys.getfilesystemencoding() == "utf-8"
_SUFFIXES = tuple(READERS)
_ASIDE = re.compile(r"(?:readme|license|licence)(?:\..*)?|desktop\.ini|thumbs\.db", re.IGNORECASE | re.DOTALL)


class Stamp(NamedTuple):
    """What tells, without reading a file, that it is as it was."""

    size: int
    """Bytes."""
    modified: int
    """When its content was changed; like `changed` in nanoseconds since 1970."""
    changed: int
    """When its content, name or rights were changed (Windows: when it was made)."""
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """Take the stamp from what the operating system says."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


class CorpusFile(NamedTuple):
    """A file that belongs to the corpus."""

    path: str
    """Where it is, for the operating system: an absolute path, no part of which below `root` was a link."""
    name: str
    """Its path relative to the corpus, `/` separators; always valid Unicode without control characters."""
    stamp: Stamp
    """As it was when it was found."""
    root: str = ""
    """The corpus, for the operating system; empty = the folder that the file is in."""

    def read(self, largest: int = MAX_FILE_BYTES) -> bytes:
        """Give its content. Raises OSError, also if it is no ordinary file of the corpus any more, or too large."""
        root = Path(self.root) if self.root else Path(self.path).parent
        return read_inside(root, Path(self.path).relative_to(root), largest)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file, a part of a file or a group of files that is not read."""

    path: str
    """Name in the corpus; `*.jpg` for all files of a format that has no reader."""
    reason: str
    """One line; for a part of a file it begins with where the part is: `line 7: not JSON`."""
    files: int = 1
    """How many files this stands for; 0 when the rest of the file is read."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What a folder holds. All three in the code point order of their names."""

    documents: tuple[CorpusFile, ...]
    tables: tuple[CorpusFile, ...]
    """Every metadata.csv."""
    skipped: tuple[Skipped, ...]


def walk(folder: Path) -> Walk:
    """List the files of `folder` and the folders in it. Reads no file. Cost: about 6 µs a file.

    Left out without a word: hidden files, README, LICENSE. Left out and named: formats without a reader,
    what cannot be listed, what is no ordinary file, links. A link to a file of the corpus would bring in the
    same report twice and is not followed; one that leaves the folder is not followed either.
    """
    files: list[CorpusFile] = []
    skipped: list[Skipped] = []
    for item in _items(folder):
        if isinstance(item, CorpusFile):
            files.append(item)
        else:
            skipped.append(item)
    files.sort(key=attrgetter("name", "path"))
    documents: dict[str, CorpusFile] = {}
    tables: dict[str, CorpusFile] = {}
    unknown: Counter[str] = Counter()
    for found in files:
        name = found.name.lower()
        if name.rpartition("/")[2] == METADATA:
            tables[found.name] = found
        elif not name.endswith(_SUFFIXES):
            unknown[suffix_of(name)] += 1
        elif found.name in documents:
            skipped.append(Skipped(found.name, "another file's name reads the same"))
        else:
            documents[found.name] = found
    skipped.sort(key=attrgetter("path"))
    for suffix, count in sorted(unknown.items()):
        reason = f"no reader for {suffix} files" if suffix else "no reader for files without a suffix"
        skipped.append(Skipped(f"*{suffix}", reason, files=count))
    return Walk(tuple(documents.values()), tuple(tables.values()), tuple(skipped))


def is_aside(name: str) -> bool:
    """Whether a file or folder of that name is left out without a word: hidden ones, README, LICENSE."""
    return name.startswith((".", "~$")) or _ASIDE.fullmatch(name) is not None


def name_of(path: str) -> str:
    r"""Make a path that the operating system gave a name that can be printed and indexed.

    Bytes that are not UTF-8 are read as GB18030 (archives packed on Chinese Windows have such names), else
    written as `\xff`; control characters are written as `\x0a`.
    """
    if _IS_UTF8 and path.isprintable():
        return path.replace(os.sep, "/")
    raw = os.fsencode(path)
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        try:
            name = raw.decode("gb18030")
        except UnicodeDecodeError:
            name = raw.decode("utf-8", errors="backslashreplace")
    return UNNAMEABLE.sub(lambda match: f"\\x{ord(match[0]):02x}", name.replace(os.sep, "/"))


def _items(folder: Path) -> Iterator[CorpusFile | Skipped]:
    """Go through the folders without recursion; links are never followed, so there are no loops."""
    root = os.path.realpath(folder)
    waiting = [(root, "")]
    while waiting:
        path, inside = waiting.pop()
        try:
            with os.scandir(path) as entries:
                found = list(entries)
        except OSError as error:
            yield Skipped(inside.rstrip("/") or ".", f"folder cannot be listed: {reason_of(error)}")
            continue
        for entry in found:
            if is_aside(entry.name):
                continue
            name = inside + name_of(entry.name)
            if entry.is_symlink():
                yield _linked(root, entry.path, name)
            elif entry.is_dir(follow_symlinks=False):
                waiting.append((entry.path, name + "/"))
            else:
                yield _file(root, entry, name)


def _file(root: str, entry: os.DirEntry[str], name: str) -> CorpusFile | Skipped:
    """Decide about what is neither a link nor a folder."""
    if not entry.is_file(follow_symlinks=False):
        return Skipped(name, "not an ordinary file")
    try:
        return CorpusFile(entry.path, name, Stamp.of(entry.stat(follow_symlinks=False)), root)
    except OSError as error:
        return Skipped(name, f"cannot be read: {reason_of(error)}")


def _linked(root: str, path: str, name: str) -> CorpusFile | Skipped:
    """Decide about a link."""
    try:
        target = Path(path).resolve(strict=True)
        status = target.stat()
    except (OSError, RuntimeError):  # Python before 3.13 raises RuntimeError for a loop
        return Skipped(name, "link that leads nowhere")
    if not target.is_relative_to(root):
        reason = "link that leaves the corpus"
    elif stat.S_ISDIR(status.st_mode):
        reason = "link to a folder of the corpus"
    elif not stat.S_ISREG(status.st_mode):
        reason = "not an ordinary file"
    elif any(part.startswith(".") for part in target.relative_to(root).parts):
        # git-annex keeps what is linked under .git; it is read nowhere else
        return CorpusFile(os.fspath(target), name, Stamp.of(status), root)
    else:
        reason = "link to a file of the corpus"
    return Skipped(name, reason)
