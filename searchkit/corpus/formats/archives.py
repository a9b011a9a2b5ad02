"""Zip containers and the XML in them, opened without trusting what a file says about itself.

The one place that opens a .zip, .docx or .ofd. Nothing is unpacked to disk, and no XML may declare entities.
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
MAX_ENTRY_BYTES = 200_000_000
"""Bytes of one entry, unpacked."""
MAX_TOTAL_BYTES = 500_000_000
"""Bytes of all entries that are read from one archive, unpacked."""
MAX_XML_BYTES = 64_000_000
"""Bytes. As a tree, XML takes about 14 times its length; a report of a thousand pages has 30 MB."""

_MAX_RATIO = 200
_SMALL = 10_000_000
"""Bytes. Up to here an entry may be packed as tightly as it likes."""
_PACKINGS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Those that unpack no more than they are asked for."""
_ENCRYPTED, _UTF8 = 0x1, 0x800
"""Flags of an entry."""
_UNICODE_PATH = 0x7075
"""Extra field in which some packers give the name in UTF-8 beside the name in the system's encoding."""
_DRIVE = re.compile("[A-Za-z]:")
_FOREIGN = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, IndexError, KeyError, NotImplementedError, OSError,
    OverflowError, RuntimeError, ValueError,
)  # fmt: skip
"""What `zipfile` is known to raise for damaged archives."""


class Archive:
    """An open zip container. Limits on size are applied to what is read of it, not to what it could hold."""

    def __init__(self, container: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo]) -> None:
        self.names = tuple(entries)
        """Names of the entries in the archive's order: relative, `/` separators, no two the same; no folders."""
        self._container = container
        self._entries = entries
        self._read: dict[str, int] = {}

    def read(self, name: str) -> bytes:
        """Unpack one entry. Raises ReadError, whose message begins with the name, if that cannot be done safely."""
        entry = self._entries.get(name)
        if entry is None:
            raise ReadError(f"{name}: missing")
        if reason := self._danger(name, entry):
            raise ReadError(f"{name}: {reason}")
        self._read[name] = entry.file_size
        try:
            with self._container.open(entry) as stream:
                data = stream.read(entry.file_size)  # never more, whatever the packed bytes give
        except _FOREIGN:
            raise ReadError(f"{name}: damaged in the archive") from None
        if len(data) != entry.file_size:
            raise ReadError(f"{name}: cut short in the archive")
        return data

    def _danger(self, name: str, entry: zipfile.ZipInfo) -> str:
        """Say why an entry is not unpacked; empty if it may be."""
        if entry.flag_bits & _ENCRYPTED:
            return "encrypted; unpack it with its password"
        if entry.compress_type not in _PACKINGS:
            return f"packed by method {entry.compress_type}, which is not read; pack it anew"
        if entry.file_size > MAX_ENTRY_BYTES:
            return f"larger than {MAX_ENTRY_BYTES // 1_000_000} MB when unpacked"
        if entry.file_size > _SMALL and entry.file_size > _MAX_RATIO * entry.compress_size:
            return f"unpacks to more than {_MAX_RATIO} times its size"
        if sum(self._read.values()) - self._read.get(name, 0) + entry.file_size > MAX_TOTAL_BYTES:
            return f"the archive unpacks to more than {MAX_TOTAL_BYTES // 1_000_000} MB"
        return ""


def open_archive(data: bytes) -> Archive:
    """Open a zip container. Entry names are UTF-8 or, as Chinese Windows packs them, GB18030.

    Raises ReadError if the bytes are no zip archive, hold more than `MAX_ENTRIES` entries, two of the same name,
    or a name that leads out of the archive.
    """
    try:
        container = zipfile.ZipFile(io.BytesIO(data))
    except _FOREIGN:
        raise ReadError("not a zip archive, or damaged") from None
    infos = container.infolist()
    if len(infos) > MAX_ENTRIES:
        raise ReadError(f"archive of {len(infos)} entries: more than {MAX_ENTRIES} are not read")
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        name = _name_of(info)
        if name.startswith("/") or _DRIVE.match(name) or ".." in name.split("/"):
            raise ReadError("unsafe archive: the name of an entry leads out of it")
        if name.endswith("/"):
            continue
        if name in entries:
            raise ReadError("unsafe archive: two entries have the same name")
        entries[name] = info
    return Archive(container, entries)


def parse_xml(data: bytes) -> ET.Element:
    """Parse an XML document of up to `MAX_XML_BYTES` bytes.

    Raises ReadError if it is not well-formed, is too large or has a document type: no office format has one, and
    entities, with which XML attacks are made, are declared there.
    """
    if len(data) > MAX_XML_BYTES:
        raise ReadError(f"more than {MAX_XML_BYTES // 1_000_000} MB of XML in one part")
    parser = ET.XMLParser(target=_Builder())  # noqa: S314 - see _Builder
    try:
        parser.feed(data)
        root = parser.close()
    except (ET.ParseError, LookupError, ValueError):
        raise ReadError("damaged: holds XML that is not well-formed") from None
    if not isinstance(root, ET.Element):
        raise ReadError("damaged: holds XML without an element")
    return root


class _Builder(ET.TreeBuilder):
    """Makes a tree, but not of a document that declares a type."""

    def doctype(self, name: str, pubid: str, system: str) -> NoReturn:  # noqa: ARG002 - the parser's call
        """Refuse the document."""
        raise ReadError("unsafe: holds XML with a document type")


def _name_of(info: zipfile.ZipInfo) -> str:
    r"""Give the name of an entry, up to a NUL, with `/` between its parts. `zipfile` reads bytes as code page 437."""
    written = info.orig_filename
    if not info.flag_bits & _UTF8:
        raw = written.encode("cp437", errors="replace")
        written = _unicode_path(info.extra, raw) or _decoded(raw) or written
    return written.partition("\x00")[0].replace("\\", "/")


def _decoded(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("gb18030", errors="ignore")


def _unicode_path(extra: bytes, raw: bytes) -> str:
    """Give the name in UTF-8 if the extra fields have it and it belongs to the name `raw`, else nothing."""
    at, head, own = 0, 4, 5
    while at + head <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        field = extra[at + head : at + head + size]
        if kind == _UNICODE_PATH and size > own and int.from_bytes(field[1:own], "little") == zlib.crc32(raw):
            return field[own:].decode("utf-8", errors="ignore")
        at += head + size
    return ""
