"""Zip archives of reports. Each entry is read by the reader of its format, as if it were a file.

Archives inside an archive are not read.
"""

from __future__ import annotations

from dataclasses import replace

from searchkit.corpus.blocks import RawDocument
from searchkit.corpus.formats.archives import Archive, open_archive
from searchkit.corpus.formats.registry import READERS, FileContents, read_bytes, suffix_of
from searchkit.corpus.walk import METADATA_FILE, is_ignored_name
from searchkit.errors import ReadError
from searchkit.text.characters import remove_invisible

_MACOS_FOLDER = "__macosx"
"""Folder of metadata that macOS adds to archives, in lower case."""


def read(data: bytes, name: str) -> FileContents:  # noqa: ARG001 - every reader has this signature
    """Read the files in an archive, in code point order of their cleaned names (the keys of `_report_entries`).

    The key of a document is the cleaned name of its entry or, if the document has a key in its file, `NAME#KEY`.
    Entries that cannot be read are listed in `problems`; the other entries are read. Warnings about an entry become
    warnings of its documents. Raises ReadError if the bytes are not a zip archive that is safe to open, or no entry
    yields a document.
    """
    archive = open_archive(data)
    documents: list[RawDocument] = []
    problems: list[str] = []
    keys_without_reader: dict[str, list[str]] = {}
    for key, entry in _report_entries(archive).items():
        suffix = suffix_of(key)
        if reason := _refusal_reason(key, suffix):
            problems.append(f"{key}: {reason}")
        elif suffix not in READERS:
            keys_without_reader.setdefault(suffix, []).append(key)
        else:
            contents = _read_entry(archive, entry, key)
            documents += contents.documents
            problems += (f"{key}: {problem}" for problem in contents.problems)
    problems += (_no_reader_message(suffix, keys) for suffix, keys in sorted(keys_without_reader.items()))
    if not documents:
        raise ReadError(f"contains nothing that can be read; {problems[0]}" if problems else "an empty archive")
    return FileContents(tuple(documents), tuple(problems))


def _report_entries(archive: Archive) -> dict[str, str]:
    """Map keys to entry names for each entry that may be a report, in order of the keys.

    Names with a part that `is_ignored_name` ignores, and metadata of macOS, are left out. A key is a name without
    invisible characters, and with one blank for each run of white space. If two names have the same key, the first in
    code point order is used.
    """
    entries: dict[str, str] = {}
    for name in sorted(archive.names):
        key = " ".join(remove_invisible(name).split())
        if key and not any(is_ignored_name(part) or part.lower() == _MACOS_FOLDER for part in key.split("/")):
            entries.setdefault(key, name)
    return dict(sorted(entries.items()))


def _refusal_reason(key: str, suffix: str) -> str:
    """Return why an entry is not read; empty if it may be read."""
    if suffix == ".zip":
        return "an archive in an archive is not read; unpack it"
    if key.rpartition("/")[2].lower() == METADATA_FILE:
        return "has no effect in an archive; put it next to the archive"
    return ""


def _read_entry(archive: Archive, entry: str, key: str) -> FileContents:
    """Read one entry. If it cannot be read, the result has the reason as its only problem."""
    try:
        contents = read_bytes(archive.read(entry), key)
    except ReadError as error:
        return FileContents((), (str(error).removeprefix(f"{entry}: "),))
    documents = (
        replace(
            raw,
            key=key if raw.key is None else f"{key}#{raw.key}",
            warnings=(*contents.warnings, *raw.warnings),
        )
        for raw in contents.documents
    )
    return replace(contents, documents=tuple(documents), warnings=())


def _no_reader_message(suffix: str, keys: list[str]) -> str:
    """Return the problem with entries whose suffix has no reader. It names the first and counts the others."""
    more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    return f"{keys[0]}{more}: no reader for {suffix or 'files without a suffix'}"
