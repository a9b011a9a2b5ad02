"""Word 97 documents (.doc), Rich Text and Word XML, converted by LibreOffice. Also other formats in files named .doc.

No maintained library reads list numbers, tables and revisions of .doc files. Therefore LibreOffice converts the files.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from searchkit.corpus.formats.registry import FileContents, read_bytes
from searchkit.errors import ReadError
from searchkit.files import read_error_reason
from searchkit.processes import find_program, run_program, temporary_folder

_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""First bytes of an OLE container, such as a .doc or an encrypted .docx."""
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
"""Name of the stream that contains an encrypted .docx."""
_WORD_HEADER_OFFSET, _WORD_MAGIC, _WORD_ENCRYPTED = 512, b"\xec\xa5", 0x01
"""Offset of the header in nearly all .doc files, first bytes of the header, and password bit in its byte 11, from 0."""
_SNIFF_BYTES = 4_096
"""Number of leading bytes that are examined to detect the format, unless they begin an OLE container or a zip
archive."""
_WORD_XML = re.compile(rb"progid=.Word\.Document|<w:wordDocument|<pkg:package", re.IGNORECASE)
"""Found near the start of a Word document that is a single XML file."""
_MARKUP = re.compile(rb"<(?:!doctype\s+html|html|head|body|meta|div|table|p|o:p)\b", re.IGNORECASE)
"""A tag of a web page."""
_WEB_ARCHIVE = re.compile(rb"mime-version:|content-type:\s*multipart/related", re.IGNORECASE)
"""Found in the header of a web archive: a web page with its pictures as one file."""

_FORMAT_NAMES = {".doc": ".doc files", ".rtf": "RTF", ".xml": "Word XML"}
"""Suffixes of the formats that LibreOffice reads, each with the name of the format in messages."""
_INSTALL_PATHS = (
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    r"C:\Program Files\LibreOffice\program\soffice.com",
    r"C:\Program Files (x86)\LibreOffice\program\soffice.com",
)
"""Paths of LibreOffice on systems whose installer does not add it to PATH."""
_SETTINGS = (
    ("org.openoffice.Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("org.openoffice.Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("org.openoffice.Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("org.openoffice.Office.Writer/Content/Update", "Link", "0"),  # never updates links
    ("org.openoffice.Inet/Settings", "ooInetProxyType", "2"),  # the proxy below, a port at which nothing listens
    ("org.openoffice.Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("org.openoffice.Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("org.openoffice.Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("org.openoffice.Inet/Settings", "ooInetHTTPSProxyPort", "9"),
)
"""Settings of the private profile, each as path, name and value.

They prevent a document from running code and from fetching anything from the network.
"""


def read(data: bytes, name: str) -> FileContents:
    """Read a .doc, .rtf or Word XML file. Files of other formats (.docx, web pages, PDF, text) go to their readers.

    Raises ReadError, also if LibreOffice is needed and is not installed or fails.
    """
    from searchkit.corpus.formats import docx  # noqa: PLC0415 - every build calls `find_libreoffice`, few builds read such files

    suffix = _detect_suffix(data)
    if suffix in _FORMAT_NAMES:
        return docx.read(_convert_to_docx(data, suffix), name)
    if suffix == ".docx":
        return docx.read(data, name)
    if suffix == ".mht":
        data, suffix = _extract_page(data), ".html"
    return read_bytes(data, f"{name}{suffix}")


def find_libreoffice() -> str | None:
    """Return the path of the LibreOffice program; None if it is not installed."""
    return find_program("soffice", "libreoffice") or next(filter(os.path.isfile, _INSTALL_PATHS), None)


def _detect_suffix(data: bytes) -> str:
    """Return the suffix for the format of the bytes. Raises ReadError if they are an encrypted .doc or .docx."""
    if data.startswith(_OLE_SIGNATURE):
        flags = data[_WORD_HEADER_OFFSET + 11 : _WORD_HEADER_OFFSET + 12]
        is_word = data.startswith(_WORD_MAGIC, _WORD_HEADER_OFFSET)
        if _ENCRYPTED_PACKAGE in data or (is_word and flags and flags[0] & _WORD_ENCRYPTED):
            raise ReadError("encrypted: save it without its password")
        return ".doc"
    if data.startswith(b"PK"):
        return ".docx"
    head = data[:_SNIFF_BYTES].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith((b"{\\rtf", b"%PDF")):
        return ".rtf" if head.startswith(b"{") else ".pdf"
    head = head.replace(b"\x00", b"")  # ASCII characters of UTF-16 become ASCII
    if _WORD_XML.search(head):
        return ".xml"
    if _WEB_ARCHIVE.search(head):
        return ".mht"
    return ".html" if _MARKUP.search(head) else ".txt"


def _extract_page(data: bytes) -> bytes:
    """Return the first page in a web archive, the format in which Word saves a page and its pictures as one file.

    Raises ReadError if the archive contains no page.
    """
    import email  # noqa: PLC0415 - as in `read`
    import email.policy  # noqa: PLC0415

    message = email.message_from_bytes(data, policy=email.policy.compat32)
    for part in message.walk():
        if part.get_content_type() == "text/html":
            page = part.get_payload(decode=True)
            if isinstance(page, bytes):
                return page
    raise ReadError("a web archive without a page")


def _convert_to_docx(data: bytes, suffix: str) -> bytes:
    """Convert a document to .docx with LibreOffice. Raises ReadError if LibreOffice is not installed or fails."""
    program = find_libreoffice()
    if program is None:
        raise ReadError(
            f"needs LibreOffice to read {_FORMAT_NAMES[suffix]}: install LibreOffice, or save the file as .docx"
        )
    try:
        with temporary_folder() as folder:
            return _run_libreoffice(program, data, suffix, folder)
    except OSError as error:
        raise ReadError(f"LibreOffice cannot be used: {read_error_reason(error)}", is_final=False) from None


def _run_libreoffice(program: str, data: bytes, suffix: str, folder: Path) -> bytes:
    """Convert a document in the private folder `folder`, so that conversions can run in parallel.

    The folder also contains the profile of LibreOffice. Raises ReadError if there is no result or it is too large.
    """
    source, profile = folder / f"report{suffix}", folder / "profile"
    source.write_bytes(data)
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_profile_settings(), encoding="utf-8")
    run_program(
        [
            *(program, f"-env:UserInstallation={profile.as_uri()}"),
            *("--headless", "--norestore", "--nolockcheck", "--nodefault", "--nologo"),
            *("--convert-to", "docx:MS Word 2007 XML", "--outdir", str(folder / "out"), str(source)),
        ],
        folder,
    )
    result = folder / "out" / "report.docx"
    if not result.is_file():
        raise ReadError("damaged or encrypted: LibreOffice cannot convert it")
    from searchkit.corpus.formats.archives import MAX_ENTRY_BYTES  # noqa: PLC0415 - as in `read`

    if result.stat().st_size > MAX_ENTRY_BYTES:
        raise ReadError(f"larger than {MAX_ENTRY_BYTES // 1_000_000} MB when converted")
    return result.read_bytes()


def _profile_settings() -> str:
    """Return `_SETTINGS` as the XML file that LibreOffice reads from a profile."""
    items = "".join(
        f'<item oor:path="/{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'
        for path, name, value in _SETTINGS
    )
    return f'<oor:items xmlns:oor="http://openoffice.org/2001/registry">{items}</oor:items>'
