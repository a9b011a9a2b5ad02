"""Safe reading of files from untrusted folders, and access to searchkit's data files.

A file is opened once, without blocking. Checks are made on the open file, so replacing the file between a check and
reading has no effect.
"""

from __future__ import annotations

import codecs
import errno
import os
import re
import stat
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from searchkit.errors import UsageError

DATA_FOLDER = Path(__file__).parent / "data"
"""Folder of searchkit's data files. `data/README.md` describes them."""
TOPICS_FILE = DATA_FOLDER / "topics.toml"
"""Default taxonomy of topics."""
WORK_TOPICS_FILE = DATA_FOLDER / "work_topics.toml"
"""Default taxonomy of topics for work reports."""
UNITS_FILE = DATA_FOLDER / "measure_units.toml"
"""Default units of measures."""
FIXED_NAMES_FILE = DATA_FOLDER / "fixed_names.txt"
"""Default list of names that contain a number."""
INDICATORS_FILE = DATA_FOLDER / "indicators.toml"
"""Default list of names that mean the same measure."""
MAX_FILE_BYTES = 200_000_000
"""Maximum size in bytes of a file that is read."""

_READ_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)
"""Flag without which opening a named pipe blocks."""
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
"""Flag with which opening a link fails."""
_DIRECTORY = getattr(os, "O_DIRECTORY", 0)
"""Flag with which opening anything but a folder fails."""
_SUPPORTS_DIR_FD = os.open in os.supports_dir_fd
"""Whether a path can be opened relative to an open folder. False on Windows."""
_LINK_ERRORS = frozenset({errno.ELOOP, errno.ENOTDIR, errno.EMLINK})
"""Error numbers of `os.open` with `_NOFOLLOW` or `_DIRECTORY` if the path contains a link, or a file in place of a
folder. Systems use different numbers."""


def read_regular_file(path: str | os.PathLike[str], max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the content of a file that the user names. Links are followed.

    Raises OSError if the file cannot be read, is not a regular file, or has more than `max_bytes` bytes.
    """
    return _read_and_close(os.open(path, _READ_FLAGS | _NONBLOCK), max_bytes)


def read_contained_file(root: Path, path: Path, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the content of the file `path` in the folder `root`. `path` is relative to `root`.

    Raises OSError if a part of `path` is a link when it is opened, and in the cases of `read_regular_file`. Takes
    5 µs for each part of the path.
    """
    return _read_and_close(_open_relative(root, path) if _SUPPORTS_DIR_FD else _open_by_path(root, path), max_bytes)


def _open_relative(root: Path, path: Path) -> int:
    """Open the folders of a path and then the file, each relative to its open parent. Return the file's descriptor."""
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
    """Open a file on systems that cannot open a path relative to an open folder, and return its descriptor.

    The path is checked before it is opened, and the open file must be the checked one.
    """
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
    """Return the content of an open file, and close the file. Raises OSError if it is not regular or too large."""
    with os.fdopen(file, "rb", buffering=0, closefd=True) as stream:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            raise _not_regular()
        chunks = []
        size = 0
        # Read one byte more than the size: if the file has not grown, the first call reads all, and the second nothing.
        while size <= max_bytes and (chunk := stream.read(max(status.st_size - size, 0) + 1)):
            chunks.append(chunk)
            size += len(chunk)
    if size > max_bytes:
        raise OSError(errno.EFBIG, f"larger than {max_bytes / 1_000_000:g} MB")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _not_regular() -> OSError:
    return OSError(errno.EINVAL, "not a regular file")


def _explain_link(error: OSError) -> OSError:
    """Return the error, with another message if the cause is a link."""
    return OSError(error.errno, "a link, or in a folder that is a link") if error.errno in _LINK_ERRORS else error


Shape = TypeVar("Shape")


class DataFile(NamedTuple):
    """Content of a data file. All processes of a build use the same content, even if the file changes in between."""

    name: str
    """Path and description for messages, such as `topics.toml (taxonomy)`."""
    text: str
    """The content."""


def read_data_file(description: str, source: Path | DataFile) -> DataFile:
    """Read a data file, decoded by `decode_data_file`. A `DataFile` is returned as is.

    Raises UsageError if the file cannot be read or decoded.
    """
    if isinstance(source, DataFile):
        return source
    name = f"{source} ({description})"
    try:
        return DataFile(name, decode_data_file(read_regular_file(source)))
    except (OSError, ValueError) as error:
        reason = read_error_reason(error)
        raise UsageError(f"{name} cannot be read: {reason}; give an existing file in UTF-8") from None


def read_error_reason(error: OSError | ValueError) -> str:
    """Return why a file cannot be read or decoded, without its name."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return reason[0].lower() + reason[1:]


_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is a prefix of this one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Patterns of `decode_data_file`, which are compiled when a data file is decoded: that takes 3 ms, and most commands
# decode none.
_USUAL_CHARACTER = "[\u2000-\ud7ff\uf900-\uffef]"
"""Matches a character of the ranges with ideographs, and with the punctuation and symbols of Chinese text: 推, “,
，."""
_UNUSUAL_CHARACTER = (
    "[\u0000-\u0008\u000e-\u001f\u007f-\u00a0\u0370-\u058f\u2500-\u257f\u3040-\u312f\ue000-\uf8ff\ufffd-\uffff]"
)
"""Matches a character that is unlikely in Chinese text: controls other than tabs and line breaks, the no-break space,
Greek, Cyrillic, Armenian, box drawing, kana, bopomofo, private use, U+FFFD to U+FFFF."""
_MAX_RARE_SHARE = 0.1
"""Maximum share of characters outside GB2312 in a data file without a byte order mark, in GB18030 or UTF-16. Big5 read
as GB18030 has a third or more."""
_MAX_RARE_SHARE_AFTER_MARK = 0.5
"""Maximum share of characters outside GB2312 in a data file with a byte order mark of UTF-16. The share is higher,
because the mark is evidence of the encoding."""
_CONTROL = "[\u0000-\u0008\u000e-\u001f]"
"""Matches a control character. UTF-16 without a mark can be valid UTF-8, but it then contains U+0000."""
_NOT_UTF_8 = "not UTF-8"
EITHER_UTF_8_OR_GBK = "either UTF-8 or GBK"
"""Reason of `decode_data_file` for bytes that both encodings permit, if no Chinese character tells which it is."""


def decode_data_file(data: bytes) -> str:
    """Decode a data file that a person wrote: a list, a table, settings.

    A byte order mark decides between UTF-8, UTF-16 and UTF-32. Without a mark, the encoding is the first of these that
    fits: UTF-8, GB18030 (which contains GBK), UTF-16 (if only one byte order fits). Raises ValueError with the reason
    if no encoding fits. Also raises it if UTF-8 and GBK both fit, and the text in UTF-8 has characters outside ASCII,
    but no Chinese ones: the bytes of some Chinese words in GBK are also words of accented Latin letters in UTF-8.
    """
    mark = next((encoding for mark, encoding in _BYTE_ORDER_MARKS if data.startswith(mark)), "")
    text = _decode_marked(data, mark) if mark else _decode_unmarked(data)
    if text is None:
        raise ValueError(_NOT_UTF_8)
    return text


def _decode_marked(data: bytes, encoding: str) -> str | None:
    """Decode a data file whose mark tells the encoding. Returns None if the file is in another encoding."""
    text = _decode_strictly(data, encoding)
    # Bytes in other encodings can begin with FF FE, the mark of UTF-16.
    is_likely = encoding != "utf-16" or text is None or is_chinese(text, _MAX_RARE_SHARE_AFTER_MARK)
    return text if is_likely else None


def _decode_unmarked(data: bytes) -> str | None:
    """Decode a data file without a mark. Returns None if no encoding fits. Raises ValueError as `decode_data_file`."""
    gb18030 = _decode_if_chinese(data, "gb18030")
    utf_8 = _decode_strictly(data, "utf-8")
    if utf_8 is not None and not re.search(_CONTROL, utf_8):
        if gb18030 is not None and not utf_8.isascii() and not re.search(_USUAL_CHARACTER, utf_8):
            raise ValueError(EITHER_UTF_8_OR_GBK)
        return utf_8
    if gb18030 is not None:
        return gb18030
    utf_16 = [_decode_if_chinese(data, encoding) for encoding in ("utf-16-le", "utf-16-be")]
    likely = [text for text in utf_16 if text is not None]
    return likely[0] if len(likely) == 1 else None


def _decode_if_chinese(data: bytes, encoding: str) -> str | None:
    """Return the decoded text, or None if a byte is invalid or the text is not Chinese."""
    text = _decode_strictly(data, encoding)
    return text if text is not None and is_chinese(text) else None


def _decode_strictly(data: bytes, encoding: str) -> str | None:
    """Return the decoded text, or None if a byte is invalid."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def is_chinese(text: str, max_rare_share: float = _MAX_RARE_SHARE) -> bool:
    """Return whether a text contains no unusual characters, and its share of rare ones is at most `max_rare_share`.

    Rare characters are those outside GB2312. Characters of ASCII do not count for the share.
    """
    if re.search(_UNUSUAL_CHARACTER, text):
        return False
    others = [char for char in text if char > "~"]  # ~ is the last printable character of ASCII
    rare = sum(not char.encode("gb2312", errors="ignore") for char in others)
    return rare <= max_rare_share * len(others)


def parse_toml(file: DataFile) -> dict[str, Any]:
    """Return the content of a TOML file. Raises UsageError with the file and the position if the file is not TOML."""
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415
    else:
        import tomli as tomllib  # noqa: PLC0415
    try:
        return tomllib.loads(file.text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file.name} is not TOML: {error}") from None


def read_toml(file: DataFile, shape: type[Shape]) -> Shape:
    """Return the content of a TOML file as an object of `shape`, a `msgspec.Struct`.

    Raises UsageError with the file and the position if the file is not TOML or has another shape.
    """
    import msgspec  # noqa: PLC0415 - searches read no such file

    try:
        return msgspec.convert(parse_toml(file), shape)
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `$")
        location = _format_location(path.rstrip("`").removesuffix("[...]"))
        raise UsageError(f"{file.name}{location}: {problem}") from None


def _format_location(path: str) -> str:
    """Return a path of msgspec in words, counting from 1: `, topic 1, weak 3` for `.topic[0].weak[2]`."""
    return re.sub(r"\[(\d+)\]", lambda match: f" {int(match[1]) + 1}", path).replace(".", ", ")


def read_word_lists(name: str) -> list[list[str]]:
    """Return the groups of words in a data file of searchkit.

    Each line is a group of words separated by spaces. Blank lines and lines that begin with `# ` are ignored.
    """
    text = (DATA_FOLDER / name).read_text(encoding="utf-8")
    return [line.split() for line in text.splitlines() if line.strip() and not line.startswith("# ")]
