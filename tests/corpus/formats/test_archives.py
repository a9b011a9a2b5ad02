"""Archives: zip containers and XML that may be hostile."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib

import pytest
from wordfiles import packed

from searchkit.corpus.formats import archives
from searchkit.corpus.formats.archives import open_archive, parse_xml
from searchkit.errors import ReadError

REPORT = "滨海新区报告.txt"


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive that may hold the same name twice."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in entries:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()


def named(raw: bytes, *, utf8: bool = False, extra: bytes = b"") -> bytes:
    """An archive with one empty entry whose name is these bytes."""
    flags = 0x800 if utf8 else 0
    sizes = (0, 0, 0, len(raw), len(extra))
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, flags, 0, 0, 33, *sizes) + raw + extra
    central = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, flags, 0, 0, 33, *sizes, 0, 0, 0, 0, 0) + raw + extra
    return local + central + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local), 0)


def test_entries_in_order_without_folders() -> None:
    """Names come in the archive's order, folders are no entries, an entry gives its bytes."""
    archive = open_archive(zipped(("乙/", b""), ("乙/b.txt", b"2"), ("a.txt", b"1"), ("空", b"")))
    assert archive.names == ("乙/b.txt", "a.txt", "空")
    assert [archive.read(name) for name in archive.names] == [b"2", b"1", b""]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_names_of_chinese_windows_and_mac(encoding: str) -> None:
    """A name without the UTF-8 flag is UTF-8 if it can be, else GB18030."""
    assert open_archive(named(REPORT.encode(encoding))).names == (REPORT,)


def test_a_name_whose_second_byte_is_a_backslash() -> None:
    """GBK spells 誠 with a backslash; it parts no folders."""
    assert open_archive(named("誠\\信.txt".encode("gbk"))).names == ("誠/信.txt",)


def test_names_in_utf8_beside_another_encoding() -> None:
    """The extra field with the name in UTF-8 counts if it was made for this name."""
    raw = b"?????.txt"
    field = b"\1" + struct.pack("<I", zlib.crc32(raw)) + REPORT.encode()
    extra = struct.pack("<HH", 1, 2) + b"xx" + struct.pack("<HH", 0x7075, len(field)) + field
    assert open_archive(named(raw, extra=extra)).names == (REPORT,)
    assert open_archive(named(b"other.txt", extra=extra)).names == ("other.txt",)


@pytest.mark.parametrize("name", ["/a.txt", "../a.txt", "b/../../a.txt", "C:\\a.txt", "..\\a.txt"])
def test_names_that_lead_out_are_refused(name: str) -> None:
    """No name may be absolute or climb."""
    with pytest.raises(ReadError, match="leads out of it"):
        open_archive(named(name.encode()))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused() -> None:
    """Readers would differ on which of the two counts."""
    with pytest.raises(ReadError, match="same name"):
        open_archive(zipped(("a", b"1"), ("a", b"2")))


def test_too_many_entries_are_refused() -> None:
    """More entries than any report has."""
    with pytest.raises(ReadError, match="10001 entries"):
        open_archive(zipped(*((str(n), b"") for n in range(10_001))))


def test_a_bomb_is_not_unpacked() -> None:
    """What unpacks to a thousand times its size is refused; a small entry may be packed tightly."""
    archive = open_archive(zipped(("bomb", bytes(20_000_000)), ("zeros", bytes(5_000_000))))
    with pytest.raises(ReadError, match=r"^bomb: unpacks to more than 200 times its size"):
        archive.read("bomb")
    assert len(archive.read("zeros")) == 5_000_000


def test_limits_on_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """One entry and all that is read together have limits; reading one twice counts once."""
    monkeypatch.setattr(archives, "MAX_ENTRY_BYTES", 4_000_000)
    monkeypatch.setattr(archives, "MAX_TOTAL_BYTES", 7_000_000)
    archive = open_archive(zipped(("a", bytes(3_000_000)), ("b", bytes(3_000_000)), ("c", bytes(5_000_000))))
    for name in ("a", "b", "a"):
        archive.read(name)
    with pytest.raises(ReadError, match=r"^c: larger than 4 MB"):
        archive.read("c")
    archive = open_archive(zipped(("a", bytes(3_900_000)), ("b", bytes(3_900_000))))
    archive.read("a")
    with pytest.raises(ReadError, match=r"^b: the archive unpacks to more than 7 MB"):
        archive.read("b")


def test_an_entry_that_lies_about_its_size_gives_no_more() -> None:
    """The size that was checked is the size that is unpacked."""
    data = bytearray(zipped(("a", bytes(1_000_000))))
    directory = data.index(b"PK\1\2")
    data[directory + 24 : directory + 28] = struct.pack("<I", 1000)
    with pytest.raises(ReadError, match=r"^a: damaged"):
        open_archive(bytes(data)).read("a")


def test_what_cannot_be_unpacked_is_named() -> None:
    """Missing, encrypted, packed in a rare way, damaged: each says so."""
    encrypted = bytearray(zipped(("a", b"1")))
    for start, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        encrypted[encrypted.index(start) + at] |= 1
    damaged = bytearray(zipped(("a", b"12345"), method=zipfile.ZIP_STORED))
    damaged[damaged.index(b"12345")] ^= 1
    cases = (
        (zipped(("b", b"")), "missing"),
        (bytes(encrypted), "encrypted"),
        (bytes(damaged), "damaged"),
        (zipped(("a", b"1"), method=zipfile.ZIP_LZMA), "method 14"),
    )
    for data, reason in cases:
        with pytest.raises(ReadError, match=f"^a: .*{reason}"):
            open_archive(data).read("a")


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"%PDF-1.7", packed({"a": "1"})[:60]], ids=["empty", "short", "PDF", "cut"]
)
def test_what_is_no_archive_is_refused(data: bytes) -> None:
    """Other files and cut archives are one clear error."""
    with pytest.raises(ReadError, match="not a zip archive, or damaged"):
        open_archive(data)


@pytest.mark.parametrize("seed", range(300))
def test_altered_archives(seed: int) -> None:
    """Whatever bytes are changed, an archive is read or refused."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    data = bytearray(packed({f"{n}.txt": "立案129件。" * chance.randrange(200) for n in range(4)}))
    for _ in range(chance.randrange(1, 8)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    if not seed % 3:
        del data[chance.randrange(len(data)) :]
    try:
        archive = open_archive(bytes(data))
        for name in archive.names:
            archive.read(name)
    except ReadError as error:
        assert "\n" not in str(error)  # noqa: PT017 - most of them fail, and not all


# XML


def test_xml_is_parsed() -> None:
    """A tree comes back, in the encodings that XML must have."""
    for encoding in ("utf-8", "utf-16"):
        assert parse_xml(f'<?xml version="1.0" encoding="{encoding}"?><a>立案</a>'.encode(encoding)).text == "立案"


@pytest.mark.parametrize(
    "declared",
    ['[<!ENTITY a "x">]', '[<!ENTITY a SYSTEM "file:///etc/passwd">]', 'SYSTEM "http://127.0.0.1:9/a.dtd"', ""],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused(declared: str, encoding: str) -> None:
    """Entities cannot be declared, in whatever encoding: nothing expands and nothing is fetched."""
    data = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE a {declared}><a>&a;</a>'.encode(encoding)
    with pytest.raises(ReadError, match="document type"):
        parse_xml(data)


@pytest.mark.parametrize(
    "data",
    [b"", b"<a", b"<a>&b;</a>", b"\xff\xfe\xfd", b'<?xml version="1.0" encoding="big5"?><a/>', b"<a/><b/>"],
)
def test_broken_xml_is_refused(data: bytes) -> None:
    """What is not well-formed, or in an encoding that nobody uses, is one clear error."""
    with pytest.raises(ReadError, match="not well-formed"):
        parse_xml(data)


def test_huge_xml_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree takes many times the bytes."""
    monkeypatch.setattr(archives, "MAX_XML_BYTES", 1_000_000)
    with pytest.raises(ReadError, match="more than 1 MB"):
        parse_xml(b"<a>" + bytes(1_000_000) + b"</a>")
