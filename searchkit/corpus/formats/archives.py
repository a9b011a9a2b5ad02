"""Opens zip containers (.zip, .docx, .xlsx, .ofd) and the XML inside them within limits, without trusting the data.

No other module opens such containers. Nothing is unpacked to disk, and XML may not declare entities.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import NoReturn
from xml.etree import ElementTree as ET

from searchkit.errors import ReadError

MAX_ENTRIES = 10_000
"""Maximum number of entries of an archive."""
MAX_ENTRY_BYTES = 200_000_000
"""Maximum size of one entry, in uncompressed bytes, and of a .docx file that LibreOffice writes (`doc`)."""
MAX_TOTAL_BYTES = 500_000_000
"""Maximum total size of all entries that are read from one archive, in uncompressed bytes."""
MAX_XML_BYTES = 64_000_000
"""Maximum size of one XML document, in bytes. Its tree needs about 14 times as much memory. The XML of a report of a
thousand pages has 30 MB."""

_MAX_RATIO = 200
"""Maximum ratio of the uncompressed to the compressed size of an entry."""
_RATIO_EXEMPT_BYTES = 10_000_000
"""Entries of at most this number of uncompressed bytes may have any compression ratio."""
_COMPRESSION_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Methods whose decompressors produce no more output than requested."""
_ENCRYPTED, _UTF8 = 0x1, 0x800
"""Flag bits of an entry: it is encrypted; its name is UTF-8."""
_UNICODE_NAME_FIELD = 0x7075
"""Id of the extra field in which some programs store a UTF-8 name beside the name in the system's encoding."""
_DRIVE_LETTER = re.compile("[A-Za-z]:")
"""The start of an absolute path of Windows: `C:`."""
_ZIPFILE_ERRORS = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, IndexError, KeyError, NotImplementedError, OSError,
    OverflowError, RuntimeError, ValueError,
)  # fmt: skip
"""Exceptions that `zipfile` raises for damaged archives."""


class Archive:
    """An open zip container. The size limits apply only to the entries that are read."""

    def __init__(self, container: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo]) -> None:
        self.names = tuple(entries)
        """Entry names in archive order: relative, with `/` as separator, unique. Entries for folders are left out."""
        self._container = container
        self._entries = entries
        self._bytes_read: dict[str, int] = {}
        """Uncompressed size of each entry whose reading has begun, as the archive states it."""

    def read(self, name: str) -> bytes:
        """Uncompress an entry. Raises ReadError if it is missing, damaged or refused; the message starts with `name`.

        An entry is refused if it is encrypted, too large, or compressed by a method other than stored and deflate.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise ReadError(f"{name}: missing")
        if reason := self._refusal_reason(name, entry):
            raise ReadError(f"{name}: {reason}")
        self._bytes_read[name] = entry.file_size
        try:
            with self._container.open(entry) as stream:
                data = stream.read(entry.file_size)  # never more, whatever the compressed data expand to
        except _ZIPFILE_ERRORS:
            raise ReadError(f"{name}: damaged in the archive") from None
        if len(data) != entry.file_size:
            raise ReadError(f"{name}: cut short in the archive")
        return data

    def _refusal_reason(self, name: str, entry: zipfile.ZipInfo) -> str:
        """Return why an entry is not read; empty if it may be read."""
        if entry.flag_bits & _ENCRYPTED:
            return "encrypted; unpack it with its password"
        if entry.compress_type not in _COMPRESSION_METHODS:
            return f"compression method {entry.compress_type} is not supported; compress it again with another program"
        if entry.file_size > MAX_ENTRY_BYTES:
            return f"larger than {MAX_ENTRY_BYTES // 1_000_000} MB when unpacked"
        if entry.file_size > _RATIO_EXEMPT_BYTES and entry.file_size > _MAX_RATIO * entry.compress_size:
            return f"unpacks to more than {_MAX_RATIO} times its size"
        if sum(self._bytes_read.values()) - self._bytes_read.get(name, 0) + entry.file_size > MAX_TOTAL_BYTES:
            return f"the archive unpacks to more than {MAX_TOTAL_BYTES // 1_000_000} MB"
        return ""


def open_archive(data: bytes) -> Archive:
    """Open a zip container. Entry names are UTF-8 or, as on Chinese Windows, GB18030.

    Raises ReadError if the bytes are not a zip archive, or the archive has more than `MAX_ENTRIES` entries, two files
    with the same name, or a name that points outside the archive.
    """
    try:
        container = zipfile.ZipFile(io.BytesIO(data))
    except _ZIPFILE_ERRORS:
        raise ReadError("not a zip archive, or damaged") from None
    infos = container.infolist()
    if len(infos) > MAX_ENTRIES:
        raise ReadError(f"archive of {len(infos)} entries: more than {MAX_ENTRIES} are not read")
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = _entry_name(info)
        if name.startswith("/") or _DRIVE_LETTER.match(name) or ".." in name.split("/"):
            raise ReadError("unsafe archive: the name of an entry points outside it")
        if name.endswith("/"):
            continue
        if name in entries:
            raise ReadError("unsafe archive: two entries have the same name")
        entries[name] = info
    return Archive(container, entries)


def parse_xml(data: bytes) -> ET.Element:
    """Parse an XML document of at most `MAX_XML_BYTES` bytes.

    Raises ReadError if the document is not well-formed, is too large or has a document type declaration. No office
    format uses such a declaration. Attackers use it to declare entities that expand to gigabytes or to other files.
    """
    if len(data) > MAX_XML_BYTES:
        raise ReadError(f"more than {MAX_XML_BYTES // 1_000_000} MB of XML in one part")
    parser = ET.XMLParser(target=_SafeTreeBuilder())  # noqa: S314 - see _SafeTreeBuilder
    try:
        parser.feed(data)
        root = parser.close()
    except (ET.ParseError, LookupError, ValueError):
        raise ReadError("damaged: contains XML that is not well-formed") from None
    if not isinstance(root, ET.Element):
        raise ReadError("damaged: contains XML without an element")
    return root


class _SafeTreeBuilder(ET.TreeBuilder):
    """Builds a tree, but refuses documents with a document type declaration."""

    def doctype(self, name: str, pubid: str, system: str) -> NoReturn:  # noqa: ARG002 - the parser calls it
        """Refuse the document."""
        raise ReadError("unsafe: contains XML with a document type")


def _entry_name(info: zipfile.ZipInfo) -> str:
    """Return the name of an entry up to the first NUL, with `/` for backslashes.

    If the UTF-8 flag is not set, `zipfile` decodes the name as code page 437. The name is then taken from the extra
    field with the UTF-8 name. If no such field belongs to the name, the original bytes are restored and decoded as
    UTF-8 or GB18030.
    """
    name = info.orig_filename
    if not info.flag_bits & _UTF8:
        raw = name.encode("cp437", errors="replace")
        name = _unicode_name(info.extra, raw) or _decode_name(raw) or name
    return name.partition("\x00")[0].replace("\\", "/")


def _decode_name(raw: bytes) -> str:
    """Decode a name as UTF-8 or else as GB18030. Bytes that are invalid in GB18030 are dropped."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", errors="ignore")


def _unicode_name(extra: bytes, raw: bytes) -> str:
    """Return the UTF-8 name from the extra fields if it belongs to the name `raw`, empty otherwise.

    The header of an extra field states its id and the size of its content. The content of the field with the name is a
    version byte, the CRC-32 of the name that it belongs to, and the UTF-8 name.
    """
    offset, header_size, prefix_size = 0, 4, 5
    while offset + header_size <= len(extra):
        field_id, size = struct.unpack_from("<HH", extra, offset)
        field = extra[offset + header_size : offset + header_size + size]
        if (
            field_id == _UNICODE_NAME_FIELD
            and size > prefix_size
            and int.from_bytes(field[1:prefix_size], "little") == zlib.crc32(raw)
        ):
            return field[prefix_size:].decode("utf-8", errors="ignore")
        offset += header_size + size
    return ""
