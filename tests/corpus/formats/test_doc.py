"""Files named .doc: Word 97, Rich Text, and other formats with this suffix."""

from __future__ import annotations

import os
import random
import stat
import sys
from pathlib import Path
from types import MappingProxyType

import pytest
from hostile import hostile_reader
from marked import MARK_VARIABLE, kill_leftovers, new_mark
from wordfiles import (
    convert_document,
    convert_documents,
    definition,
    document,
    item,
    level,
    list_instance,
    paragraph,
    row,
    run,
)

from searchkit.corpus.blocks import Block
from searchkit.corpus.formats import doc, docx, registry
from searchkit.corpus.formats.registry import READERS, Reader
from searchkit.errors import ReadError
from searchkit.indexing.build import build

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
"""First bytes of a .doc."""
RTF = rb"{\rtf1\ansi\ansicpg936{\fonttbl{\f0\fcharset134 SimSun;}}\f0 {\b \'b3\'c9\'d0\'a7}\par 129\u20214?\par}"
needs_libreoffice = pytest.mark.skipif(doc.find_libreoffice() is None, reason="LibreOffice is not installed")


@pytest.fixture(autouse=True)
def _formats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the readers of .docx and .doc."""
    formats = MappingProxyType({**READERS, ".docx": Reader("docx"), ".doc": Reader("doc")})
    monkeypatch.setattr(registry, "READERS", formats)


def blocks(data: bytes) -> list[Block]:
    """Return the blocks of a file named .doc."""
    (raw_document,) = doc.read(data, "报告.doc").documents
    return list(raw_document.blocks)


def write_fake_libreoffice(folder: Path, script: str) -> str:
    """Write a Python program `soffice` that stands in for LibreOffice, and return its path. `script`: its code."""
    path = folder / "soffice"
    path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


# Format detection


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (document(paragraph("立案129件。")), [Block("立案129件。")]),
        ("<html><body><h1>报告</h1><p>立案</p></body></html>".encode("gbk"), [Block("报告", level=1), Block("立案")]),
        ("\ufeff<html><p>立案</p></html>".encode("utf-16-le"), [Block("立案")]),
        ("一、成效\n立案129件。".encode("gbk"), [Block("一、成效"), Block("立案129件。")]),
    ],
)
def test_the_content_decides_the_reader(data: bytes, expected: list[Block]) -> None:
    """The first bytes decide the format, not the name."""
    assert blocks(data) == expected


def test_a_web_archive_is_read_as_its_page() -> None:
    """A web archive, as Word saves it, is read as the page in it. Without a page, it is refused."""
    page = "<html><body><p>立案129件。</p></body></html>".encode("gbk")
    data = (
        b'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="b"\r\n\r\n--b\r\n'
        b'Content-Type: text/html; charset="gb2312"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n'
        + page
        + b"\r\n--b\r\nContent-Type: image/png\r\n\r\nx\r\n--b--\r\n"
    )
    assert blocks(data) == [Block("立案129件。")]
    with pytest.raises(ReadError, match="web archive without a page"):
        blocks(data.replace(b"text/html", b"text/css"))


def test_a_damaged_file_of_another_format_is_refused() -> None:
    """If the content is of another format and cannot be read, the message names that format or the damage."""
    with pytest.raises(ReadError, match=r"no reader for \.pdf|not |damaged"):
        blocks(b"%PDF-1.7\n")


@pytest.mark.parametrize(
    "data",
    [
        OLE + bytes(504) + "EncryptedPackage".encode("utf-16-le"),  # a .docx in an OLE file
        OLE + bytes(504) + b"\xec\xa5" + bytes(9) + b"\x13" + bytes(500),  # a .doc with the flag for encryption
    ],
)
def test_encrypted_documents_are_refused(data: bytes) -> None:
    """The readers of .doc and of .docx both refuse encrypted files of either format."""
    for read in (doc.read, docx.read):
        with pytest.raises(ReadError, match="encrypted: save it without its password"):
            read(data, "a.doc")


# LibreOffice


@pytest.mark.parametrize(
    ("data", "name"),
    [(OLE, r"\.doc files"), (b"{\\rtf1 a}", "RTF"), (b'<?mso-application progid="Word.Document"?>', "Word XML")],
)
def test_without_libreoffice_the_message_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, data: bytes, name: str
) -> None:
    """Binary .doc, RTF and Word XML need LibreOffice, and the message names the format. A plain text needs none."""
    monkeypatch.setattr(doc, "find_libreoffice", lambda: None)
    with pytest.raises(ReadError, match=f"needs LibreOffice to read {name}: install LibreOffice, or save the file as"):
        doc.read(data, "a.doc")
    assert blocks("立案".encode()) == [Block("立案")]


def test_libreoffice_is_found_on_the_path_and_where_it_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """LibreOffice is searched in the folders of PATH, then at the paths where its installers put it."""
    monkeypatch.setattr(doc, "_INSTALL_PATHS", (str(tmp_path / "none"),))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doc.find_libreoffice() is None
    monkeypatch.setattr(doc, "_INSTALL_PATHS", (str(tmp_path / "none"), __file__))
    assert doc.find_libreoffice() == __file__
    if os.name == "posix":
        assert doc.find_libreoffice() != write_fake_libreoffice(tmp_path, "")
        assert doc.find_libreoffice() == str(tmp_path / "soffice")


@pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")
def test_the_conversion_is_private_and_leaves_no_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """LibreOffice works in a folder that only this user can read, and that is deleted afterwards."""
    note = tmp_path / "note"
    script = f"open({str(note)!r}, 'w').write(os.environ['HOME'] + ' ' + oct(os.stat(os.environ['HOME']).st_mode))"
    monkeypatch.setattr(doc, "find_libreoffice", lambda: write_fake_libreoffice(tmp_path, script))
    with pytest.raises(ReadError, match="damaged or encrypted: LibreOffice cannot convert it"):
        doc.read(OLE, "../../a.doc")
    folder, mode = note.read_text(encoding="utf-8").split()
    assert (mode, Path(folder).exists()) == ("0o40700", False)


@pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")
def test_a_hanging_conversion_is_killed_with_its_children(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The conversion ends at the time limit of the file. Neither a process nor a temporary folder is left."""
    monkeypatch.undo()  # restores the readers that `_formats` replaced
    mark, note = new_mark(), tmp_path / "note"
    monkeypatch.setenv(MARK_VARIABLE, mark)  # inherited by all processes of the build, so that `mark` finds them
    hostile_reader.install_everywhere(monkeypatch.setattr)
    write_fake_libreoffice(tmp_path, f"os.fork()\nopen({str(note)!r}, 'a').write(os.getcwd() + '\\n')\ntime.sleep(600)")
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.doc").write_bytes(OLE)
    (tmp_path / "corpus" / "b.txt").write_text("立案129件。", encoding="utf-8")
    report = build(tmp_path / "corpus", tmp_path / "index")
    assert (report.documents, [(item.path, item.reason) for item in report.skipped]) == (
        1,
        [("a.doc", hostile_reader.FAILURES["hang"])],
    )
    assert kill_leftovers(mark) == {}
    folders = {*note.read_text(encoding="utf-8").splitlines()}
    assert folders
    assert [folder for folder in folders if Path(folder).exists()] == []


def test_a_program_that_cannot_be_started_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The message contains the operating system's reason."""
    monkeypatch.setattr(doc, "find_libreoffice", lambda: str(tmp_path / "none"))
    with pytest.raises(ReadError, match="LibreOffice cannot be used: no such file"):
        doc.read(OLE, "a.doc")


# Conversions

NUMBERING = definition(
    0, level(0, "chineseCountingThousand", "%1、"), level(1, "chineseCounting", "（%2）"), level(2, "decimal", "%3.")
) + list_instance(1, 0)


@needs_libreoffice
def test_word_97_is_read_as_docx(tmp_path: Path) -> None:
    """A .doc that LibreOffice made from a .docx reads like the .docx: list numbers, bold type and tables are kept."""
    body = (
        paragraph(run("某某局工作报告", "<w:b/>"))
        + item("成效")
        + item("执法", 1)
        + item("立案129件。", 2)
        + item("结案12件。", 2)
        + item("普法", 1)
        + f"<w:tbl><w:tblPr/>{row('指标', '2022年')}{row('立案', '129件')}</w:tbl>"
        + item("问题")
        + paragraph("末")
    )
    data = document(body, {"numbering": NUMBERING, "styles": ""})
    (expected,) = docx.read(data, "a.docx").documents
    assert blocks(convert_document(data, ".docx", "doc:MS Word 97", tmp_path)) == list(expected.blocks)


@needs_libreoffice
def test_rich_text_is_converted() -> None:
    """Rich Text is converted, whatever the suffix."""
    expected = [Block("成效", strong=True), Block("129件")]
    assert blocks(RTF) == expected
    assert list(docx.read(RTF, "a.docx").documents[0].blocks) == expected


@needs_libreoffice
def test_word_2003_xml_is_converted(tmp_path: Path) -> None:
    """The XML format of Word 2003 is converted."""
    data = convert_document(document(paragraph("立案129件。")), ".docx", "xml:MS Word 2003 XML", tmp_path)
    assert blocks(data) == [Block("立案129件。")]


@pytest.fixture(scope="module")
def word_97(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return an undamaged .doc."""
    return convert_document(document(item("成效")), ".docx", "doc:MS Word 97", tmp_path_factory.mktemp("w"))


@needs_libreoffice
@pytest.mark.parametrize("seed", range(4))
def test_altered_documents_are_read_or_refused(seed: int, word_97: bytes) -> None:
    """A damaged .doc is read, or refused with a one-line message."""
    rng = random.Random(seed)  # noqa: S311 - not security-relevant
    data = bytearray(word_97)
    for _ in range(20):
        data[rng.randrange(8, len(data))] = rng.randrange(256)
    if seed % 2:
        del data[rng.randrange(512, len(data)) :]
    try:
        doc.read(bytes(data), "a.doc")
    except ReadError as error:
        assert "\n" not in str(error)  # noqa: PT017 - some raise, some do not


@pytest.mark.parametrize("seed", range(200))
def test_any_first_bytes_are_read_or_refused(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its first bytes, a file is read, or refused with a one-line message."""
    monkeypatch.setattr(doc, "find_libreoffice", lambda: None)
    rng = random.Random(seed)  # noqa: S311 - not security-relevant
    starts = (OLE, b"PK\3\4", b"{\\rtf1", b"%PDF", b"<html>", b"<?xml", b"MIME-Version: 1.0\n\n", b"")
    data = rng.choice(starts) + rng.randbytes(rng.choice((0, 3, 600)))
    try:
        doc.read(data, "a.doc")
    except ReadError as error:
        assert "\n" not in str(error)  # noqa: PT017 - some raise, some do not


@needs_libreoffice
def test_real_reports_survive_the_conversion(shared: Path, tmp_path: Path) -> None:
    """The non-blank blocks of a report saved as .doc are the non-blank lines of its text file."""
    seeds = sorted((shared / "corpus" / "seeds").glob("*.txt"))[:3]
    reports = [path.read_text(encoding="utf-8").split("\n") for path in seeds]
    data = [document("".join(map(paragraph, lines)), {"styles": ""}) for lines in reports]
    for lines, data_of_doc in zip(reports, convert_documents(data, ".docx", "doc:MS Word 97", tmp_path), strict=True):
        texts = [block.text for block in blocks(data_of_doc) if block.text]
        assert texts == [line.rstrip() for line in lines if line.strip()]
