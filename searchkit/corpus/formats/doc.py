"""Word 97 documents (.doc) and Rich Text, converted by LibreOffice; and the other formats that are saved as .doc.

No maintained library reads .doc with its list numbers, tables and revisions, so the program that does is asked.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from searchkit.corpus.formats.registry import FileContents, read_bytes
from searchkit.corpus.reasons import reason_of
from searchkit.errors import ReadError
from searchkit.processes import find_program, run_program, temporary_folder

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
"""Name of the stream that holds an encrypted .docx."""
_WORD_HEADER, _WORD_MAGIC, _WORD_ENCRYPTED = 512, b"\xec\xa5", 0x01
"""Where nearly all .doc files have their header, how it begins, and the bit in its byte 11 for a password."""
_SNIFFED = 4_096
"""Bytes at the beginning that tell the format."""
_WORD_XML = re.compile(rb"progid=.Word\.Document|<w:wordDocument|<pkg:package", re.IGNORECASE)
_MARKUP = re.compile(rb"<(?:!doctype\s+html|html|head|body|meta|div|table|p|o:p)\b", re.IGNORECASE)
_WEB_ARCHIVE = re.compile(rb"mime-version:|content-type:\s*multipart/related", re.IGNORECASE)

_PLACES = (
    "/Applications/LibreOffice.app/Contents/MacOS/soffice",
    r"C:\Program Files\LibreOffice\program\soffice.com",
    r"C:\Program Files (x86)\LibreOffice\program\soffice.com",
)
_SETTINGS = (
    ("org.openoffice.Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("org.openoffice.Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("org.openoffice.Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("org.openoffice.Office.Writer/Content/Update", "Link", "0"),  # never
    ("org.openoffice.Inet/Settings", "ooInetProxyType", "2"),  # by hand: to where nobody listens
    ("org.openoffice.Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("org.openoffice.Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("org.openoffice.Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("org.openoffice.Inet/Settings", "ooInetHTTPSProxyPort", "9"),
)
"""Of the private profile: a document runs nothing and fetches nothing."""


def read(data: bytes, name: str) -> FileContents:
    """Read a .doc or .rtf file; what only bears the name (.docx, web pages, PDF, text) goes to its own reader.

    Raises ReadError: also if LibreOffice is needed and not installed, or fails.
    """
    from searchkit.corpus.formats import docx  # noqa: PLC0415 - every build asks for `converter`, few read such files

    suffix = _real_suffix(data)
    if suffix in {".doc", ".rtf", ".xml"}:
        return docx.read(_converted(data, suffix), name)
    if suffix == ".docx":
        return docx.read(data, name)
    if suffix == ".mht":
        data, suffix = _page_of(data), ".html"
    return read_bytes(data, f"{name}{suffix}")


def converter() -> str | None:
    """Give the path of LibreOffice's program, None if it is not installed."""
    return find_program("soffice", "libreoffice") or next(filter(os.path.isfile, _PLACES), None)


def _real_suffix(data: bytes) -> str:
    """Give the suffix that the bytes should have. Raises ReadError if they need a password or are no document."""
    if data.startswith(_OLE):
        flags = data[_WORD_HEADER + 11 : _WORD_HEADER + 12]
        is_word = data.startswith(_WORD_MAGIC, _WORD_HEADER)
        if _ENCRYPTED_PACKAGE in data or (is_word and flags and flags[0] & _WORD_ENCRYPTED):
            raise ReadError("encrypted: save it without its password")
        return ".doc"
    if data.startswith(b"PK"):
        return ".docx"
    head = data[:_SNIFFED].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith((b"{\\rtf", b"%PDF")):
        return ".rtf" if head.startswith(b"{") else ".pdf"
    head = head.replace(b"\x00", b"")  # UTF-16
    if _WORD_XML.search(head):
        return ".xml"
    if _WEB_ARCHIVE.search(head):
        return ".mht"
    return ".html" if _MARKUP.search(head) else ".txt"


def _page_of(data: bytes) -> bytes:
    """Give the page in a web archive, which Word saves as one file with its pictures."""
    import email  # noqa: PLC0415 - as in `read`
    import email.policy  # noqa: PLC0415

    message = email.message_from_bytes(data, policy=email.policy.compat32)
    for part in message.walk():
        if part.get_content_type() == "text/html":
            page = part.get_payload(decode=True)
            if isinstance(page, bytes):
                return page
    raise ReadError("a web archive without a page")


def _converted(data: bytes, suffix: str) -> bytes:
    """Let LibreOffice make a .docx of a document."""
    program = converter()
    if program is None:
        raise ReadError(f"needs LibreOffice to read {suffix} files: install it, or save the file as .docx")
    try:
        with temporary_folder() as folder:
            return _convert(program, data, suffix, folder)
    except OSError as error:
        raise ReadError(f"LibreOffice cannot be used: {reason_of(error)}", is_settled=False) from None


def _convert(program: str, data: bytes, suffix: str, folder: Path) -> bytes:
    """Convert in a folder that nobody else uses; its profile too, so that conversions may run side by side."""
    source, profile = folder / f"report{suffix}", folder / "profile"
    source.write_bytes(data)
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_registry(), encoding="utf-8")
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
        raise ReadError("damaged or encrypted: LibreOffice makes no document of it")
    from searchkit.corpus.formats.archives import MAX_ENTRY_BYTES  # noqa: PLC0415 - as in `read`

    if result.stat().st_size > MAX_ENTRY_BYTES:
        raise ReadError(f"larger than {MAX_ENTRY_BYTES // 1_000_000} MB when converted")
    return result.read_bytes()


def _registry() -> str:
    items = "".join(
        f'<item oor:path="/{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'
        for path, name, value in _SETTINGS
    )
    return f'<oor:items xmlns:oor="http://openoffice.org/2001/registry">{items}</oor:items>'
