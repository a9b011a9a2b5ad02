"""Messages between a build and its worker processes: MessagePack of typed records, validated when received."""

from __future__ import annotations

import os
from typing import Any, TypeVar

import msgspec

from searchkit.corpus.overrides import StatedMetadata
from searchkit.corpus.walk import CorpusFile, Skipped, Stamp
from searchkit.files import DataFile
from searchkit.text.analyzer import Lexicon


class Settings(msgspec.Struct, frozen=True):
    """Settings of the indexing: the first message to a worker."""

    engine: str
    lexicon: Lexicon
    topics: DataFile
    units: DataFile
    fixed_names: DataFile


class TaskFile(msgspec.Struct, frozen=True):
    """A file to index, with the fields and facets that metadata.csv states for it."""

    path: bytes
    """Path as the operating system encodes it, which need not be valid Unicode; so is `root`."""
    name: str
    root: bytes
    stamp: Stamp
    fields: dict[str, Any]
    facets: dict[str, str]
    warnings: tuple[str, ...]

    @classmethod
    def pack(cls, file: CorpusFile, metadata: StatedMetadata) -> TaskFile:
        """Convert a corpus file into a form that can be sent."""
        path, root = os.fsencode(file.path), os.fsencode(file.root)
        return cls(path, file.name, root, file.stamp, {**metadata.fields}, {**metadata.facets}, metadata.warnings)

    @property
    def corpus_file(self) -> CorpusFile:
        """The corpus file."""
        return CorpusFile(os.fsdecode(self.path), self.name, self.stamp, os.fsdecode(self.root))

    @property
    def metadata(self) -> StatedMetadata:
        """The metadata that metadata.csv states for the file."""
        fields = {name: tuple(value) if isinstance(value, list) else value for name, value in self.fields.items()}
        return StatedMetadata(fields, self.facets, self.warnings)


class Task(msgspec.Struct, frozen=True):
    """Consecutive files to index into one part: every message to a worker after the first."""

    files: list[TaskFile]
    folder: bytes
    """Folder of the part. It exists and is empty."""
    is_careful: bool = False
    """Find the documents that cannot be written and skip them. Set after a document could not be written."""


class StepStarted(msgspec.Struct, frozen=True, tag=True):
    """A worker starts to read a file of its task, or to write the part."""

    step: int
    """0-based index of the file in the task, or the number of files for writing the part."""


class FileOutcome(msgspec.Struct, frozen=True):
    """Result of indexing one file. The fields are those of `changes.FileEntry`."""

    digest: str
    documents: int = 0
    paragraphs: int = 0
    measures: int = 0
    facets: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    is_final: bool = True
    warnings: tuple[tuple[str, str], ...] = ()
    """Pairs of a document and a fact about it that could not be decided."""


class TaskDone(msgspec.Struct, frozen=True, tag=True):
    """The part of a task is complete."""

    outcomes: list[FileOutcome]
    """One per file of the task, in order."""


class TaskFailed(msgspec.Struct, frozen=True, tag=True):
    """A task was abandoned because of an unexpected exception. The worker continues."""

    file: int | None
    """0-based index of the file whose documents could not be added. None if the part could not be written."""
    reason: str


class BuildFailed(msgspec.Struct, frozen=True, tag=True):
    """The build cannot continue: the disk cannot be written, or a data file cannot be used."""

    reason: str
    is_usage_error: bool


Message = TypeVar("Message")


def encode_message(message: object) -> bytes:
    """Encode a message. Raises UnicodeEncodeError if a string in it contains surrogates."""
    return msgspec.msgpack.encode(message)


def decode_message(data: bytes, kind: type[Message]) -> Message:
    """Decode a message of a known type that comes from the parent process, which is trusted."""
    return msgspec.msgpack.decode(data, type=kind)


_worker_messages: msgspec.msgpack.Decoder[StepStarted | TaskDone | TaskFailed | BuildFailed] = msgspec.msgpack.Decoder(
    StepStarted | TaskDone | TaskFailed | BuildFailed
)


def decode_worker_message(data: bytes) -> StepStarted | TaskDone | TaskFailed | BuildFailed:
    """Decode a message from a worker. Raises ValueError if it is not valid."""
    try:
        return _worker_messages.decode(data)
    except msgspec.MsgspecError as error:  # a subclass of ValueError only since msgspec 0.21
        raise ValueError(str(error)) from error
