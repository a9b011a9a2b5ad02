"""The input of a build: the corpus files, their stated metadata, and a fingerprint of the code that reads the files."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from searchkit import __version__
from searchkit.corpus.formats.registry import READERS
from searchkit.corpus.formats.text import decode_text, normalise_text
from searchkit.corpus.overrides import NO_METADATA, MetadataTable, StatedMetadata, read_metadata_table
from searchkit.corpus.reasons import unexpected_error_reason, unreadable_reason
from searchkit.corpus.walk import CorpusFile, Skipped, walk
from searchkit.errors import CorpusError, ReadError
from searchkit.files import EITHER_UTF_8_OR_GBK, decode_data_file, is_chinese

MAX_TABLE_BYTES = 20_000_000
"""Maximum size of a metadata.csv, in bytes."""
_READER_VERSION = 10
"""Version of the readers. Increment it when a change of the code makes the same file yield different documents."""
_SHARED_LIBRARIES = {"PyYAML", "id-validator"}
"""Libraries that documents of every format depend on. `READERS` states the library that a single format needs."""

MAX_FACETS = 1000
"""Maximum number of distinct facet names in one file; a file with more is skipped. In a table of records, facet names
are column headings. Even a wide table has far fewer."""
MAX_LISTED_PROBLEMS = 1000
"""Maximum number of problems of a file that are listed. Further problems are only counted."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a corpus folder. Only the metadata.csv files have been read."""

    documents: tuple[CorpusFile, ...]
    """Files with a reader, in code point order of their names."""
    skipped: tuple[Skipped, ...]
    """Files that are not read, and problems of the metadata.csv files, such as lines that cannot be used."""
    _metadata: Mapping[str, StatedMetadata] = field(default_factory=dict)
    """Metadata in all metadata.csv files, by file name."""

    def stated_metadata(self, file: CorpusFile) -> StatedMetadata:
        """Return the metadata that the metadata.csv files state about a file; `NO_METADATA` if they state none."""
        return self._metadata.get(file.name, NO_METADATA)


def list_corpus(folder: Path) -> Listing:
    """List the files of a corpus folder. Reads only the metadata.csv files.

    If several metadata.csv files state the same field of a file, the one in the innermost folder takes precedence.
    Raises CorpusError if `folder` is missing, cannot be read, is not a folder or contains no file that has a reader.
    """
    try:
        exists, is_folder = folder.exists(), folder.is_dir()
    except OSError as error:
        raise CorpusError(f"cannot read {folder}: {error.strerror or error}") from None
    if not exists:
        message = f"no folder {folder}: give the folder that contains the reports"
        raise CorpusError(message)
    if not is_folder:
        message = f"{folder} is not a folder: give the folder that contains the reports"
        raise CorpusError(message)
    walked = walk(folder)
    if not walked.files:
        raise no_documents_error(folder, walked.skipped)
    metadata: dict[str, StatedMetadata] = {}
    skipped = list(walked.skipped)
    names = {file.name for file in walked.files}
    for file in sorted(walked.tables, key=lambda item: item.name.count("/")):  # outermost first
        table = _read_metadata_file(file, names)
        metadata.update({name: row.override(metadata.get(name, NO_METADATA)) for name, row in table.rows.items()})
        skipped += [Skipped(file.name, reason, files=0) for reason in table.problems]
    return Listing(walked.files, tuple(skipped), metadata)


def reader_fingerprint() -> str:
    """Return a string that changes when the same files may yield different documents with the same taxonomy.

    It contains the versions of searchkit, of the readers and of their libraries, and whether LibreOffice is present.
    """
    from searchkit.corpus.formats.doc import find_libreoffice  # noqa: PLC0415 - needed by builds only

    libraries = sorted(_SHARED_LIBRARIES | {reader.needs for reader in READERS.values() if reader.needs})
    versions = ", ".join(f"{name} {_library_version(name)}" for name in libraries)
    versions += f", LibreOffice {'present' if find_libreoffice() else 'missing'}"
    return f"searchkit {__version__}, rules {_READER_VERSION}, {versions}"


def content_digest(file: CorpusFile) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal, or the reason why they cannot be read."""
    try:
        return hashlib.sha256(file.read()).hexdigest()
    except OSError as error:
        return unreadable_reason(error)


def no_documents_error(folder: Path, skipped: Sequence[Skipped]) -> CorpusError:
    """Return the error for a folder without a readable file.

    The message states the number of skipped files, the reason of the first one, and the formats that can be read.
    """
    files = sum(item.files for item in skipped)
    example = f"; {skipped[0].path}: {skipped[0].reason}" if skipped else ""
    contents = (
        f"{files} {'file' if files == 1 else 'files'}, none of which can be read{example}" if files else "no files"
    )
    return CorpusError(f"{folder} contains {contents}. Put reports there ({' '.join(READERS)})")


def _read_metadata_file(file: CorpusFile, names: Collection[str]) -> MetadataTable:
    """Read a metadata.csv. Never raises: an unreadable table contains no rows and one problem.

    Reports are read in worker processes, because they can be large or hostile. A metadata.csv has at most
    `MAX_TABLE_BYTES` and is read in the calling process.
    """
    try:
        text = normalise_text(_decode_table(file.read(MAX_TABLE_BYTES)))
        return read_metadata_table(text, file.name.rpartition("/")[0], names)
    except ReadError as error:
        return MetadataTable({}, (str(error),))
    except OSError as error:
        return MetadataTable({}, (unreadable_reason(error),))
    except Exception as error:  # noqa: BLE001 - a bug in searchkit must not keep the reports from being indexed
        return MetadataTable({}, (unexpected_error_reason(error),))


def _decode_table(data: bytes) -> str:
    """Decode a metadata.csv. Raises ReadError if the encoding is doubtful.

    The encodings are those of `decode_data_file`, and those that only `decode_text` knows, such as Big5. The names and
    places in the table must be right. So an encoding that only `decode_text` knows is doubtful if decoding gave a
    warning, or if the text has a character that is unlikely in Chinese (`is_chinese`). Bytes that can be UTF-8 as
    well as GBK are doubtful, too.
    """
    try:
        return decode_data_file(data)
    except ValueError as error:
        doubt = ReadError(f"not read: {error}; save it as UTF-8")
        is_ambiguous = str(error) == EITHER_UTF_8_OR_GBK
    try:
        decoded = decode_text(data)
    except ReadError:
        raise doubt from None
    # For `is_chinese`, characters outside GB 2312 are rare ones. They are usual in Big5: permit any share of them.
    if is_ambiguous or decoded.warnings or not is_chinese(decoded.text, max_rare_share=1):
        raise doubt
    return decoded.text


def _library_version(library: str) -> str:
    """Return the version of an installed library, or `missing`."""
    try:
        return version(library)
    except PackageNotFoundError:
        return "missing"
