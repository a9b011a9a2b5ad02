"""Messages between a build and its worker processes: MessagePack of typed records, validated when received."""

from __future__ import annotations

import os
from typing import Any, TypeVar

import msgspec

from searchkit.corpus.formats.registry import WHOLE, Share
from searchkit.corpus.overrides import StatedMetadata
from searchkit.corpus.walk import CorpusFile, Skipped, Stamp
from searchkit.files import DataFile
from searchkit.text.analyzer import Lexicon


class Settings(msgspec.Struct, frozen=True):
    """Settings of the indexing: the first message to a worker."""

    engine: str
    lexicon: Lexicon
    topics: DataFile
    work_topics: DataFile
    units: DataFile
    fixed_names: DataFile


class TaskFile(msgspec.Struct, frozen=True):
    """A file to index, with the metadata that metadata.csv states for it (`StatedMetadata`)."""

    path: bytes
    """Absolute path, as bytes, because it need not be valid Unicode."""
    name: str
    """Path relative to the corpus, with `/` separators."""
    root: bytes
    """Folder of the corpus, as bytes like `path`."""
    stamp: Stamp
    fields: dict[str, Any]
    facets: dict[str, str]
    warnings: tuple[str, ...]
    topics: tuple[str, ...]
    text_column: str | None
    share: Share
    """The share of the lines to index; `WHOLE` is all lines. A file can turn out to have no records, for example a .csv
    file that is a plain table. Then the task with the first share indexes the complete file, and the tasks with the
    other shares index nothing of it."""

    @classmethod
    def pack(cls, file: CorpusFile, metadata: StatedMetadata, share: Share = WHOLE) -> TaskFile:
        """Convert a corpus file into a form that can be sent."""
        path, root = os.fsencode(file.path), os.fsencode(file.root)
        stated = {**metadata.fields}, {**metadata.facets}, metadata.warnings, metadata.topics, metadata.text_column
        return cls(path, file.name, root, file.stamp, *stated, share)

    @property
    def corpus_file(self) -> CorpusFile:
        """The corpus file."""
        return CorpusFile(os.fsdecode(self.path), self.name, self.stamp, os.fsdecode(self.root))

    @property
    def metadata(self) -> StatedMetadata:
        """The metadata that metadata.csv states for the file."""
        fields = {name: tuple(value) if isinstance(value, list) else value for name, value in self.fields.items()}
        return StatedMetadata(fields, self.facets, self.warnings, self.topics, self.text_column)


class Task(msgspec.Struct, frozen=True):
    """Consecutive files to index into one part. All messages to a worker but the first are tasks.

    A part is a small index, which the build adds to the new index.
    """

    files: list[TaskFile]
    folder: bytes
    """Folder of the part, which exists and is empty. As bytes like `TaskFile.path`."""
    is_careful: bool = False
    """Whether the worker first finds the documents that cannot be written, and skips them. True for the retry of
    a file that caused an unexpected exception."""


class StepStarted(msgspec.Struct, frozen=True, tag=True):
    """A worker starts to read a file of its task, or to write the part."""

    step: int
    """0-based index of the file in the task, or the number of files for writing the part."""


class FileOutcome(msgspec.Struct, frozen=True):
    """Result of indexing one file, or one share of it. `changes.FileEntry` describes the fields, except `warnings`."""

    digest: str
    """As in `FileEntry`. Empty if the worker failed, or if the file is indexed with another share."""
    documents: int = 0
    paragraphs: int = 0
    measures: int = 0
    facets: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    is_final: bool = True
    reports: tuple[tuple[str, str], ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()
    """Pairs of a document and a fact about it that could not be decided."""


class TaskDone(msgspec.Struct, frozen=True, tag=True):
    """The worker has written the part for a task."""

    outcomes: list[FileOutcome]
    """One per file of the task, in order."""


class TaskFailed(msgspec.Struct, frozen=True, tag=True):
    """The worker has abandoned a task because of an unexpected exception. It can run other tasks."""

    file: int | None
    """0-based index, in the task, of the file that was being read or added. None if the part was being written."""
    reason: str


class BuildFailed(msgspec.Struct, frozen=True, tag=True):
    """The build cannot continue."""

    reason: str
    is_usage_error: bool
    """True if a data file cannot be used. False if the operating system failed, for example on a full disk."""


Message = TypeVar("Message")


def encode_message(message: object) -> bytes:
    """Encode a message. Raises UnicodeEncodeError if a string in the message contains surrogates."""
    return msgspec.msgpack.encode(message)


def decode_message(data: bytes, message_type: type[Message]) -> Message:
    """Decode a message of a known type from the parent process, which is trusted."""
    return msgspec.msgpack.decode(data, type=message_type)


_worker_messages: msgspec.msgpack.Decoder[StepStarted | TaskDone | TaskFailed | BuildFailed] = msgspec.msgpack.Decoder(
    StepStarted | TaskDone | TaskFailed | BuildFailed
)


def decode_worker_message(data: bytes) -> StepStarted | TaskDone | TaskFailed | BuildFailed:
    """Decode a message from a worker. Raises ValueError if it is not valid."""
    try:
        return _worker_messages.decode(data)
    except msgspec.MsgspecError as error:  # a subclass of ValueError only since msgspec 0.21
        raise ValueError(str(error)) from error
