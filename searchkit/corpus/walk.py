"""Which files of a folder make up the corpus, in what order, and which do not and why."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from searchkit.corpus.readers import READERS, reason_of, suffix_of

METADATA = "metadata.csv"
"""Name, in lower case, of a table of facts about the files beside and below it."""

_ASIDE = re.compile(r"(?:readme|license|licence)(?:\..*)?|desktop\.ini|thumbs\.db", re.IGNORECASE | re.DOTALL)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Found:
    """A file that belongs to the corpus."""

    path: Path
    """Where it is, for the operating system."""
    name: str
    """Its path relative to the corpus, `/` separators; always valid Unicode without control characters."""


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

    documents: tuple[Found, ...]
    tables: tuple[Found, ...]
    """Every metadata.csv."""
    skipped: tuple[Skipped, ...]


def walk(folder: Path) -> Walk:
    """List the files of `folder` and the folders in it. Reads no file.

    Left out without a word: hidden files, README, LICENSE. Left out and named: formats without a reader,
    what cannot be listed, what is no ordinary file, links. A link to a file of the corpus would bring in the
    same report twice and is not followed; one that leaves the folder is not followed either.
    """
    root = Path(os.path.realpath(folder))
    documents: dict[str, Found] = {}
    tables: dict[str, Found] = {}
    skipped: list[Skipped] = []
    unknown: Counter[str] = Counter()
    for item in sorted(_items(root, folder), key=_by_name):
        if isinstance(item, Skipped):
            skipped.append(item)
        elif item.path.name.lower() == METADATA:
            tables[item.name] = item
        elif (suffix := suffix_of(item.name)) not in READERS:
            unknown[suffix] += 1
        elif item.name in documents:
            skipped.append(Skipped(item.name, "another file's name reads the same"))
        else:
            documents[item.name] = item
    for suffix, count in sorted(unknown.items()):
        reason = f"no reader for {suffix} files" if suffix else "no reader for files without a suffix"
        skipped.append(Skipped(f"*{suffix}", reason, files=count))
    return Walk(tuple(documents.values()), tuple(tables.values()), tuple(skipped))


def name_of(path: str) -> str:
    r"""Make a path that the operating system gave a name that can be printed and indexed.

    Bytes that are not UTF-8 are read as GB18030 (archives packed on Chinese Windows have such names), else
    written as `\xff`; control characters are written as `\x0a`.
    """
    raw = os.fsencode(path)
    try:
        name = raw.decode("utf-8")
    except UnicodeDecodeError:
        try:
            name = raw.decode("gb18030")
        except UnicodeDecodeError:
            name = raw.decode("utf-8", errors="backslashreplace")
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", name.replace(os.sep, "/"))


def _by_name(item: Found | Skipped) -> tuple[str, str]:
    return (item.name, os.fspath(item.path)) if isinstance(item, Found) else (item.path, "")


def _items(root: Path, folder: Path) -> Iterator[Found | Skipped]:
    """Go through the folders without recursion; links are never followed, so there are no loops."""
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        try:
            with os.scandir(folder / inside) as entries:
                found = list(entries)
        except OSError as error:
            yield Skipped(name_of(inside) or ".", f"folder cannot be listed: {reason_of(error)}")
            continue
        for entry in found:
            if entry.name.startswith((".", "~$")) or _ASIDE.fullmatch(entry.name):
                continue
            path = os.path.join(inside, entry.name)  # noqa: PTH118 - half the time of Path for a million files
            if entry.is_symlink():
                yield from _linked(root, folder / path, name_of(path))
            elif entry.is_dir(follow_symlinks=False):
                waiting.append(path)
            elif entry.is_file(follow_symlinks=False):
                yield Found(folder / path, name_of(path))
            else:
                yield Skipped(name_of(path), "not an ordinary file")


def _linked(root: Path, path: Path, name: str) -> Iterator[Found | Skipped]:
    """Decide about a link."""
    try:
        target = path.resolve(strict=True)
        mode = target.stat().st_mode
    except (OSError, RuntimeError):  # Python before 3.13 raises RuntimeError for a loop
        yield Skipped(name, "link that leads nowhere")
        return
    if not target.is_relative_to(root):
        yield Skipped(name, "link that leaves the corpus")
    elif stat.S_ISDIR(mode):
        yield Skipped(name, "link to a folder of the corpus")
    elif not stat.S_ISREG(mode):
        yield Skipped(name, "not an ordinary file")
    elif any(part.startswith(".") for part in target.relative_to(root).parts):
        yield Found(path, name)  # git-annex keeps what is linked under .git; it is read nowhere else
    else:
        yield Skipped(name, "link to a file of the corpus")
