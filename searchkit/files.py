"""Files of other people's are opened once, without waiting, and judged by what was opened."""

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

DATA = Path(__file__).parent / "data"
"""Folder of the lists that come with searchkit."""
TOPICS, UNITS, FIXED_NAMES = DATA / "topics.toml", DATA / "measure_units.toml", DATA / "fixed_names.txt"
MAX_FILE_BYTES = 200_000_000
"""Bytes. A larger file is not read."""

_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
_AT_ONCE = getattr(os, "O_NONBLOCK", 0)
"""Else a named pipe would be waited for."""
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_FOLDER = getattr(os, "O_DIRECTORY", 0)
_WALKS = os.open in os.supports_dir_fd
_IS_LINK = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EMLINK})
"""What systems say when a part of a path that must be no link is one; or no folder any more."""


def read_ordinary(path: str | os.PathLike[str], largest: int = MAX_FILE_BYTES) -> bytes:
    """Read the file that a user named; a link to it is followed.

    Raises OSError, also if it is no ordinary file or larger than `largest` bytes.
    """
    return _read(os.open(path, _READ | _AT_ONCE), largest)


def read_inside(root: Path, path: Path, largest: int = MAX_FILE_BYTES) -> bytes:
    """Read the file `path` of the folder `root`: no part of `path` may be a link, whatever it was when it was found.

    Raises OSError as `read_ordinary` does. Cost: 5 µs for each part of the path.
    """
    return _read(_opened(root, path) if _WALKS else _opened_with_care(root, path), largest)


def _opened(root: Path, path: Path) -> int:
    """Open a file from folder to folder, each in the one before."""
    *folders, name = path.parts
    with ExitStack() as opened:
        try:
            at = os.open(root, _READ | _FOLDER)
            opened.callback(os.close, at)
            for folder in folders:
                at = os.open(folder, _READ | _FOLDER | _NO_LINK, dir_fd=at)
                opened.callback(os.close, at)
            return os.open(name, _READ | _AT_ONCE | _NO_LINK, dir_fd=at)
        except OSError as error:
            raise _told(error) from None


def _opened_with_care(root: Path, path: Path) -> int:
    """Do the same where no folder can be opened: look first, then open, then look whether it is that file."""
    whole = root / path
    if whole.resolve() != root.resolve() / path:
        raise _told(OSError(errno.ELOOP, ""))
    seen = whole.lstat()
    if not stat.S_ISREG(seen.st_mode):
        raise _not_ordinary()
    file = os.open(whole, _READ | _AT_ONCE)
    if not os.path.samestat(seen, os.fstat(file)):
        os.close(file)
        raise _told(OSError(errno.ELOOP, ""))
    return file


def _read(file: int, largest: int) -> bytes:
    """Read an open file to its end, and close it."""
    with os.fdopen(file, "rb", buffering=0, closefd=True) as stream:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise _not_ordinary()
        parts = []
        size = 0
        while size <= largest and (part := stream.read(max(status.st_size - size, 0) + 1)):
            parts.append(part)
            size += len(part)
    if size > largest:
        raise OSError(errno.EFBIG, f"larger than {largest // 1_000_000} MB")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _not_ordinary() -> OSError:
    return OSError(errno.EINVAL, "not an ordinary file")


def _told(error: OSError) -> OSError:
    return OSError(error.errno, "a link, or in a folder that is one") if error.errno in _IS_LINK else error


Shape = TypeVar("Shape")


class DataFile(NamedTuple):
    """A data file as it was read: every process of a build goes by the same text, whatever becomes of the file."""

    name: str
    """For messages: what it is and where, as `taxonomy topics.toml`."""
    text: str


def read_data(what: str, source: Path | DataFile) -> DataFile:
    """Read a data file, UTF-8 with or without a byte order mark, unless that was done already. Raises UsageError."""
    if isinstance(source, DataFile):
        return source
    try:
        return DataFile(f"{what} {source}", read_ordinary(source).decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror or str(error)).lower() if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(f"{what} {source} cannot be read: {reason}; give an existing file in UTF-8") from None


def read_toml(file: DataFile, shape: type[Shape]) -> Shape:
    """Give what a TOML file says, in a `msgspec.Struct`.

    Raises UsageError, which names the file and the place, if it is no TOML or has another shape.
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
        what, _, path = str(error).partition(" - at `$")
        place = _place(path.rstrip("`").removesuffix("[...]"))
        raise UsageError(f"{file.name}{place}: {what}") from None


def _place(path: str) -> str:
    """Say a path as people do, who count from one: `.topic[0].weak[2]` is `, topic 1, weak 3`."""
    return re.sub(r"\[(\d+)\]", lambda match: f" {int(match[1]) + 1}", path).replace(".", ", ")


def word_lists(name: str) -> list[list[str]]:
    """Read a list that comes with searchkit: a group of words a line; lines that begin with `# ` are comments."""
    text = (DATA / name).read_text(encoding="utf-8")
    return [line.split() for line in text.splitlines() if line.strip() and not line.startswith("# ")]
