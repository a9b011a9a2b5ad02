"""Safe reading of files from untrusted folders, and access to searchkit's data files.

A file is opened once, without blocking. All checks are made on the open file, so replacing the path in between has no
effect.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple, TypeVar

from searchkit.errors import UsageError

DATA_FOLDER = Path(__file__).parent / "data"
"""Folder of searchkit's data files."""
TOPICS_FILE = DATA_FOLDER / "topics.toml"
UNITS_FILE = DATA_FOLDER / "measure_units.toml"
FIXED_NAMES_FILE = DATA_FOLDER / "fixed_names.txt"
MAX_FILE_BYTES = 200_000_000
"""Maximum size in bytes of a file that is read."""

_READ_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
"""Without it, opening a named pipe blocks."""
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_DIRECTORY = getattr(os, "O_DIRECTORY", 0)
_SUPPORTS_DIR_FD = os.open in os.supports_dir_fd
_LINK_ERRORS = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EMLINK})
"""Error numbers for a link in a path that must not contain one, or for a folder that is no longer one."""


def read_regular_file(path: str | os.PathLike[str], max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Read a file named by the user. Links are followed.

    Raises OSError if it cannot be read, is not a regular file, or has more than `max_bytes` bytes.
    """
    return _read_and_close(os.open(path, _READ_FLAGS | _NONBLOCK), max_bytes)


def read_contained_file(root: Path, path: Path, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Read the file `path` of the folder `root`. No part of `path` may be a link at the time of opening.

    Raises OSError as `read_regular_file` does. Cost: 5 µs for each part of the path.
    """
    return _read_and_close(_open_relative(root, path) if _SUPPORTS_DIR_FD else _open_by_path(root, path), max_bytes)


def _open_relative(root: Path, path: Path) -> int:
    """Open a file folder by folder, each relative to the descriptor of its parent."""
    *folders, name = path.parts
    with ExitStack() as descriptors:
        try:
            folder_fd = os.open(root, _READ_FLAGS | _DIRECTORY)
            descriptors.callback(os.close, folder_fd)
            for folder in folders:
                folder_fd = os.open(folder, _READ_FLAGS | _DIRECTORY | _NOFOLLOW, dir_fd=folder_fd)
                descriptors.callback(os.close, folder_fd)
            return os.open(name, _READ_FLAGS | _NONBLOCK | _NOFOLLOW, dir_fd=folder_fd)
        except OSError as error:
            raise _explain_link(error) from None


def _open_by_path(root: Path, path: Path) -> int:
    """Open a file on systems that cannot open folders. Check the path, open it, and compare the two files."""
    full_path = root / path
    if full_path.resolve() != root.resolve() / path:
        raise _explain_link(OSError(errno.ELOOP, ""))
    status = full_path.lstat()
    if not stat.S_ISREG(status.st_mode):
        raise _not_regular()
    file = os.open(full_path, _READ_FLAGS | _NONBLOCK)
    if not os.path.samestat(status, os.fstat(file)):
        os.close(file)
        raise _explain_link(OSError(errno.ELOOP, ""))
    return file


def _read_and_close(file: int, max_bytes: int) -> bytes:
    """Read an open file to its end, and close it."""
    with os.fdopen(file, "rb", buffering=0, closefd=True) as stream:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise _not_regular()
        chunks = []
        size = 0
        while size <= max_bytes and (chunk := stream.read(max(status.st_size - size, 0) + 1)):
            chunks.append(chunk)
            size += len(chunk)
    if size > max_bytes:
        raise OSError(errno.EFBIG, f"larger than {max_bytes // 1_000_000} MB")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _not_regular() -> OSError:
    return OSError(errno.EINVAL, "not an ordinary file")


def _explain_link(error: OSError) -> OSError:
    """Return the error, with its own message if the cause is a link."""
    return OSError(error.errno, "a link, or in a folder that is one") if error.errno in _LINK_ERRORS else error


Shape = TypeVar("Shape")


class DataFile(NamedTuple):
    """Contents of a data file. All processes of a build use the same contents, even if the file changes."""

    name: str
    """Description and path for messages, such as `taxonomy topics.toml`."""
    text: str


def read_data_file(description: str, source: Path | DataFile) -> DataFile:
    """Read a data file in UTF-8, with or without a byte order mark. A `DataFile` is returned as is.

    Raises UsageError if the file cannot be read.
    """
    if isinstance(source, DataFile):
        return source
    try:
        return DataFile(f"{description} {source}", read_regular_file(source).decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(f"{description} {source} cannot be read: {reason}; give an existing file in UTF-8") from None


def read_toml(file: DataFile, shape: type[Shape]) -> Shape:
    """Parse a TOML file into a `msgspec.Struct`.

    Raises UsageError with the file and the position if it is not TOML or does not have this shape.
    """
    import msgspec  # noqa: PLC0415 - a search reads no such file

    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415
    else:
        import tomli as tomllib  # noqa: PLC0415
    try:
        return msgspec.convert(tomllib.loads(file.text), shape)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file.name} is not TOML: {error}") from None
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `$")
        location = _format_location(path.rstrip("`").removesuffix("[...]"))
        raise UsageError(f"{file.name}{location}: {problem}") from None


def _format_location(path: str) -> str:
    """Return a path for people, counting from one: `.topic[0].weak[2]` is `, topic 1, weak 3`."""
    return re.sub(r"\[(\d+)\]", lambda match: f" {int(match[1]) + 1}", path).replace(".", ", ")


def read_word_lists(name: str) -> list[list[str]]:
    """Read a word list of searchkit. Each line is a group of words; lines that begin with `# ` are comments."""
    text = (DATA_FOLDER / name).read_text(encoding="utf-8")
    return [line.split() for line in text.splitlines() if line.strip() and not line.startswith("# ")]
