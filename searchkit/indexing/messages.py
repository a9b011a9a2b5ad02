"""What a build and its workers say to each other, as MessagePack: data of known shape, checked when it comes."""

from __future__ import annotations

import os
from typing import Any, TypeVar

import msgspec

from searchkit.corpus.overrides import Stated
from searchkit.corpus.walk import CorpusFile, Skipped, Stamp
from searchkit.files import DataFile
from searchkit.text.analyzer import Lexicon


class Settings(msgspec.Struct, frozen=True):
    """How files are indexed: the first message to a worker."""

    engine: str
    lexicon: Lexicon
    topics: DataFile
    units: DataFile
    fixed_names: DataFile


class File(msgspec.Struct, frozen=True):
    """A file and what metadata.csv states about it."""

    path: bytes
    """As the operating system has it, which need be no Unicode; like `root`."""
    name: str
    root: bytes
    stamp: Stamp
    fields: dict[str, Any]
    facets: dict[str, str]
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, found: CorpusFile, stated: Stated) -> File:
        """Make it fit to be sent."""
        path, root = os.fsencode(found.path), os.fsencode(found.root)
        return cls(path, found.name, root, found.stamp, {**stated.fields}, {**stated.facets}, stated.warnings)

    @property
    def found(self) -> CorpusFile:
        """The file."""
        return CorpusFile(os.fsdecode(self.path), self.name, self.stamp, os.fsdecode(self.root))

    @property
    def stated(self) -> Stated:
        """What is stated about it."""
        fields = {name: tuple(value) if isinstance(value, list) else value for name, value in self.fields.items()}
        return Stated(fields, self.facets, self.warnings)


class Task(msgspec.Struct, frozen=True):
    """Neighbouring files for one part: each further message to a worker."""

    files: list[File]
    folder: bytes
    """Of the part, there and empty."""
    is_careful: bool = False
    """Documents that cannot be written are to be found and left out: something could not be."""


class Begun(msgspec.Struct, frozen=True, tag=True):
    """A worker begins to read a file of its task, or to write the part."""

    file: int
    """Number of the file in the task, from 0; the number of files = the part."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of one file; fields as those of `changes.Entry`."""

    digest: str
    documents: int = 0
    paragraphs: int = 0
    measures: int = 0
    facets: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    is_settled: bool = True
    warned: tuple[tuple[str, str], ...] = ()
    """Document and warning: what could not be decided."""


class Done(msgspec.Struct, frozen=True, tag=True):
    """A part is complete."""

    files: list[Outcome]


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A part was given up for an error that nobody foresaw."""

    file: int | None
    """The file whose documents could not be added; None = the part could not be written."""
    reason: str


class Broken(msgspec.Struct, frozen=True, tag=True):
    """Nothing more can be done: nothing can be written, or the settings are wrong."""

    reason: str
    is_usage: bool


Message = TypeVar("Message")


def encode(message: object) -> bytes:
    """Give a message as bytes. Raises UnicodeEncodeError if a text in it is none."""
    return msgspec.msgpack.encode(message)


def decode(data: bytes, kind: type[Message]) -> Message:
    """Give the message in bytes, which the other side of this product has made."""
    return msgspec.msgpack.decode(data, type=kind)


_answers: msgspec.msgpack.Decoder[Begun | Done | Failed | Broken] = msgspec.msgpack.Decoder(
    Begun | Done | Failed | Broken
)


def decode_answer(data: bytes) -> Begun | Done | Failed | Broken:
    """Give what a worker says. Raises ValueError if it makes no sense."""
    try:
        return _answers.decode(data)
    except msgspec.MsgspecError as error:  # a ValueError only since 0.21
        raise ValueError(str(error)) from error
