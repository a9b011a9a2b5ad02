"""Zip containers and XML that may be malicious."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib

import pytest
from wordfiles import pack_zip

from searchkit.corpus.formats import archives
from searchkit.corpus.formats.archives import open_archive, parse_xml
from searchkit.errors import ReadError

REPORT = "滨海新区报告.txt"


def build_archive(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive with these entries, each a name and its data. Several entries may have the same name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in entries:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


def build_archive_with_name(raw: bytes, *, utf8: bool = False, extra: bytes = b"") -> bytes:
    """Return an archive with one empty entry whose name is these bytes."""
    flags = 0x800 if utf8 else 0
    sizes = (0, 0, 0, len(raw), len(extra))
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, flags, 0, 0, 33, *sizes) + raw + extra
    central = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, flags, 0, 0, 33, *sizes, 0, 0, 0, 0, 0) + raw + extra
    return local + central + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local), 0)


def test_entries_are_in_archive_order_without_folders() -> None:
    """Names are in archive order, folders are left out, and reading an entry returns its bytes."""
    archive = open_archive(build_archive(("乙/", b""), ("乙/b.txt", b"2"), ("a.txt", b"1"), ("空", b"")))
    assert archive.names == ("乙/b.txt", "a.txt", "空")
    assert [archive.read(name) for name in archive.names] == [b"2", b"1", b""]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_names_without_the_utf8_flag_are_utf8_or_gb18030(encoding: str) -> None:
    """A name without the UTF-8 flag is decoded as UTF-8 if it is valid, otherwise as GB18030."""
    assert open_archive(build_archive_with_name(REPORT.encode(encoding))).names == (REPORT,)


def test_a_backslash_byte_inside_a_gbk_character_is_not_a_separator() -> None:
    """The second byte of 誠 in GBK is that of a backslash, but no separator. The backslash after 誠 is one."""
    assert open_archive(build_archive_with_name("誠\\信.txt".encode("gbk"))).names == ("誠/信.txt",)


def test_the_unicode_extra_field_is_used_if_its_checksum_matches() -> None:
    """The UTF-8 name in the extra field is used only if the checksum beside it is that of the name in the header."""
    raw = b"?????.txt"
    field = b"\1" + struct.pack("<I", zlib.crc32(raw)) + REPORT.encode()
    extra = struct.pack("<HH", 1, 2) + b"xx" + struct.pack("<HH", 0x7075, len(field)) + field
    assert open_archive(build_archive_with_name(raw, extra=extra)).names == (REPORT,)
    assert open_archive(build_archive_with_name(b"other.txt", extra=extra)).names == ("other.txt",)


@pytest.mark.parametrize("name", ["/a.txt", "../a.txt", "b/../../a.txt", "C:\\a.txt", "..\\a.txt"])
def test_names_outside_the_archive_are_refused(name: str) -> None:
    """An archive is refused if a name in it is absolute or contains the segment `..`."""
    with pytest.raises(ReadError, match="points outside it"):
        open_archive(build_archive_with_name(name.encode()))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_duplicate_names_are_refused() -> None:
    """Two entries with the same name are refused, because programs differ in which of them they use."""
    with pytest.raises(ReadError, match="same name"):
        open_archive(build_archive(("a", b"1"), ("a", b"2")))


def test_too_many_entries_are_refused() -> None:
    """An archive with more than `archives.MAX_ENTRIES` entries is refused."""
    with pytest.raises(ReadError, match="10001 entries"):
        open_archive(build_archive(*((str(n), b"") for n in range(10_001))))


def test_a_zip_bomb_is_refused() -> None:
    """Of two entries with a compression ratio above the limit, one of 20 MB is refused, and one of 5 MB is read."""
    archive = open_archive(build_archive(("bomb", bytes(20_000_000)), ("zeros", bytes(5_000_000))))
    with pytest.raises(ReadError, match=r"^bomb: unpacks to more than 200 times its size"):
        archive.read("bomb")
    assert len(archive.read("zeros")) == 5_000_000


def test_entry_and_total_size_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limits apply to each entry and to the sum of the entries read. An entry read twice is counted once."""
    monkeypatch.setattr(archives, "MAX_ENTRY_BYTES", 4_000_000)
    monkeypatch.setattr(archives, "MAX_TOTAL_BYTES", 7_000_000)
    archive = open_archive(build_archive(("a", bytes(3_000_000)), ("b", bytes(3_000_000)), ("c", bytes(5_000_000))))
    for name in ("a", "b", "a"):
        archive.read(name)
    with pytest.raises(ReadError, match=r"^c: larger than 4 MB"):
        archive.read("c")
    archive = open_archive(build_archive(("a", bytes(3_900_000)), ("b", bytes(3_900_000))))
    archive.read("a")
    with pytest.raises(ReadError, match=r"^b: the archive unpacks to more than 7 MB"):
        archive.read("b")


def test_an_entry_larger_than_stated_is_refused() -> None:
    """An entry that unpacks to more bytes than the directory of the archive states is refused as damaged."""
    data = bytearray(build_archive(("a", bytes(1_000_000))))
    directory = data.index(b"PK\1\2")
    data[directory + 24 : directory + 28] = struct.pack("<I", 1000)
    with pytest.raises(ReadError, match=r"^a: damaged"):
        open_archive(bytes(data)).read("a")


def test_unreadable_entries_have_a_reason() -> None:
    """Missing, encrypted and damaged entries, and entries with unsupported methods, have their own messages."""
    encrypted = bytearray(build_archive(("a", b"1")))
    for start, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        encrypted[encrypted.index(start) + offset] |= 1
    damaged = bytearray(build_archive(("a", b"12345"), method=zipfile.ZIP_STORED))
    damaged[damaged.index(b"12345")] ^= 1
    cases = (
        (build_archive(("b", b"")), "missing"),
        (bytes(encrypted), "encrypted"),
        (bytes(damaged), "damaged"),
        (build_archive(("a", b"1"), method=zipfile.ZIP_LZMA), "method 14 is not supported"),
    )
    for data, reason in cases:
        with pytest.raises(ReadError, match=f"^a: .*{reason}"):
            open_archive(data).read("a")


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"%PDF-1.7", pack_zip({"a": "1"})[:60]], ids=["empty", "short", "PDF", "cut"]
)
def test_other_files_are_refused(data: bytes) -> None:
    """Other files and truncated archives are refused, with a message."""
    with pytest.raises(ReadError, match="not a zip archive, or damaged"):
        open_archive(data)


@pytest.mark.parametrize("seed", range(300))
def test_altered_archives_are_read_or_refused(seed: int) -> None:
    """An archive with altered bytes, truncated or not, is read, or refused with a one-line message."""
    rng = random.Random(seed)  # noqa: S311 - not security-relevant
    data = bytearray(pack_zip({f"{n}.txt": "立案129件。" * rng.randrange(200) for n in range(4)}))
    for _ in range(rng.randrange(1, 8)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    if not seed % 3:
        del data[rng.randrange(len(data)) :]
    try:
        archive = open_archive(bytes(data))
        for name in archive.names:
            archive.read(name)
    except ReadError as error:
        assert "\n" not in str(error)  # noqa: PT017 - most raise, some do not


# XML


def test_utf8_and_utf16_xml_is_parsed() -> None:
    """UTF-8 and UTF-16, which every XML parser must support, are parsed."""
    for encoding in ("utf-8", "utf-16"):
        assert parse_xml(f'<?xml version="1.0" encoding="{encoding}"?><a>立案</a>'.encode(encoding)).text == "立案"


@pytest.mark.parametrize(
    "declared",
    ['[<!ENTITY a "x">]', '[<!ENTITY a SYSTEM "file:///etc/passwd">]', 'SYSTEM "http://127.0.0.1:9/a.dtd"', ""],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused(declared: str, encoding: str) -> None:
    """A document type declaration is refused in UTF-8 and in UTF-16, so no entity is expanded or fetched."""
    data = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE a {declared}><a>&a;</a>'.encode(encoding)
    with pytest.raises(ReadError, match="document type"):
        parse_xml(data)


@pytest.mark.parametrize(
    "data",
    [b"", b"<a", b"<a>&b;</a>", b"\xff\xfe\xfd", b'<?xml version="1.0" encoding="big5"?><a/>', b"<a/><b/>"],
)
def test_invalid_xml_is_refused(data: bytes) -> None:
    """XML that is not well-formed, or in an unsupported encoding, is refused as not well-formed."""
    with pytest.raises(ReadError, match="not well-formed"):
        parse_xml(data)


def test_huge_xml_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """XML of more than `MAX_XML_BYTES` is refused, because its tree needs many times its size in memory."""
    monkeypatch.setattr(archives, "MAX_XML_BYTES", 1_000_000)
    with pytest.raises(ReadError, match="more than 1 MB"):
        parse_xml(b"<a>" + bytes(1_000_000) + b"</a>")
