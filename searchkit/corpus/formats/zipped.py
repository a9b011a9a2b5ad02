"""Zip archives of reports: each entry is read by its own reader, as if the archive were a folder. One level deep."""

from __future__ import annotations

from dataclasses import replace

from searchkit.corpus.blocks import RawDocument
from searchkit.corpus.formats.archives import Archive, open_archive
from searchkit.corpus.formats.registry import READERS, FileContents, read_bytes, suffix_of
from searchkit.corpus.walk import METADATA, is_aside
from searchkit.errors import ReadError
from searchkit.text.characters import visible

_RESOURCES = "__macosx"  # the folder in which macOS packs what belongs to no report


def read(data: bytes, name: str) -> FileContents:  # noqa: ARG001 - every reader has this signature
    """Read the files in an archive, in the code point order of their names, which are the documents' keys.

    What cannot be read is named in `problems`, and so is what makes a file's text doubtful; the others are read.
    Raises ReadError if the bytes are no archive that is safe to open, or nothing in it can be read.
    """
    archive = open_archive(data)
    documents: list[RawDocument] = []
    problems: list[str] = []
    unknown: dict[str, list[str]] = {}
    for key, entry in _entries(archive).items():
        suffix = suffix_of(key)
        if reason := _refusal(key, suffix):
            problems.append(f"{key}: {reason}")
        elif suffix not in READERS:
            unknown.setdefault(suffix, []).append(key)
        else:
            contents = _read(archive, entry, key)
            documents += contents.documents
            problems += (f"{key}: {problem}" for problem in (*contents.problems, *contents.warnings))
    problems += (_without_reader(suffix, keys) for suffix, keys in sorted(unknown.items()))
    if not documents:
        raise ReadError(f"holds nothing that can be read; {problems[0]}" if problems else "an empty archive")
    return FileContents(tuple(documents), tuple(problems))


def _entries(archive: Archive) -> dict[str, str]:
    """Give key and name of each entry that may be a report, in order. A key has nothing that cannot be seen.

    Of names that differ only in what cannot be seen the first counts.
    """
    entries: dict[str, str] = {}
    for name in sorted(archive.names):
        key = " ".join(visible(name).split())
        if key and not any(is_aside(part) or part.lower() == _RESOURCES for part in key.split("/")):
            entries.setdefault(key, name)
    return dict(sorted(entries.items()))


def _refusal(key: str, suffix: str) -> str:
    """Say why an entry is not even tried; empty if it is."""
    if suffix == ".zip":
        return "an archive in an archive is not read; unpack it"
    if key.rpartition("/")[2].lower() == METADATA:
        return "has no effect in an archive; put it beside the archive"
    return ""


def _read(archive: Archive, entry: str, key: str) -> FileContents:
    """Read one entry; if it cannot be read, that is its problem."""
    try:
        contents = read_bytes(archive.read(entry), key)
    except ReadError as error:
        return FileContents((), (str(error).removeprefix(f"{entry}: "),))
    documents = (replace(raw, key=key if raw.key is None else f"{key}#{raw.key}") for raw in contents.documents)
    return replace(contents, documents=tuple(documents))


def _without_reader(suffix: str, keys: list[str]) -> str:
    others = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    return f"{keys[0]}{others}: no reader for {suffix or 'files without a suffix'}"
