"""Files named .doc: Word 97, Rich Text, and what only bears the name."""

from __future__ import annotations

import os
import random
import stat
import sys
from pathlib import Path
from types import MappingProxyType

import pytest
from hostile import hostile_reader
from marked import NAME, left, new_mark
from wordfiles import all_converted, converted, definition, document, item, level, list_of, paragraph, row, run

from searchkit.corpus.blocks import Block
from searchkit.corpus.formats import doc, docx
from searchkit.corpus.formats import registry as readers
from searchkit.corpus.formats.registry import READERS, Reader
from searchkit.errors import ReadError
from searchkit.indexing.build import build

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
RTF = rb"{\rtf1\ansi\ansicpg936{\fonttbl{\f0\fcharset134 SimSun;}}\f0 {\b \'b3\'c9\'d0\'a7}\par 129\u20214?\par}"
needs_libreoffice = pytest.mark.skipif(doc.converter() is None, reason="LibreOffice is not installed")


@pytest.fixture(autouse=True)
def _formats(monkeypatch: pytest.MonkeyPatch) -> None:
    formats = MappingProxyType({**READERS, ".docx": Reader("docx"), ".doc": Reader("doc")})
    monkeypatch.setattr(readers, "READERS", formats)


def blocks(data: bytes) -> list[Block]:
    """Blocks of a file named .doc."""
    (found,) = doc.read(data, "报告.doc").documents
    return list(found.blocks)


def program(folder: Path, script: str) -> str:
    """Something that stands in for LibreOffice; the last arguments are `--outdir FOLDER FILE`."""
    path = folder / "soffice"
    path.write_text(f"#!{sys.executable}\nimport os, sys, time\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


# What it really is


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (document(paragraph("立案129件。")), [Block("立案129件。")]),
        ("<html><body><h1>报告</h1><p>立案</p></body></html>".encode("gbk"), [Block("报告", level=1), Block("立案")]),
        ("\ufeff<html><p>立案</p></html>".encode("utf-16-le"), [Block("立案")]),
        ("一、成效\n立案129件。".encode("gbk"), [Block("一、成效"), Block("立案129件。")]),
    ],
)
def test_other_formats_go_to_their_own_reader(data: bytes, expected: list[Block]) -> None:
    """The first bytes decide, not the name."""
    assert blocks(data) == expected


def test_web_archives() -> None:
    """What Word saves as a single web page is read as the page in it."""
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


def test_formats_without_a_reader_are_named() -> None:
    """A format that is known and not read is named."""
    with pytest.raises(ReadError, match=r"no reader for \.pdf|not |damaged"):
        blocks(b"%PDF-1.7\n")


@pytest.mark.parametrize(
    "data",
    [
        OLE + bytes(504) + "EncryptedPackage".encode("utf-16-le"),
        OLE + bytes(504) + b"\xec\xa5" + bytes(9) + b"\x13" + bytes(500),
    ],
)
def test_encrypted_documents_say_so(data: bytes) -> None:
    """A password is asked for nowhere: .docx and .doc under one are refused, whatever the suffix."""
    for read in (doc.read, docx.read):
        with pytest.raises(ReadError, match="encrypted: save it without its password"):
            read(data, "a.doc")


# The program that converts


def test_without_libreoffice_the_line_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other formats need no LibreOffice."""
    monkeypatch.setattr(doc, "converter", lambda: None)
    with pytest.raises(ReadError, match=r"needs LibreOffice to read \.doc files: install it, or save the file as"):
        doc.read(OLE, "a.doc")
    assert blocks("立案".encode()) == [Block("立案")]


def test_libreoffice_is_looked_for_by_its_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On the path under either name, else where its installers put it."""
    monkeypatch.setattr(doc, "_PLACES", (str(tmp_path / "none"),))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doc.converter() is None
    monkeypatch.setattr(doc, "_PLACES", (str(tmp_path / "none"), __file__))
    assert doc.converter() == __file__
    if os.name == "posix":
        assert doc.converter() != program(tmp_path, "")
        assert doc.converter() == str(tmp_path / "soffice")


@pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")
def test_the_conversion_is_private_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Profile and files lie in a folder that only this user reads, and that is gone afterwards."""
    note = tmp_path / "note"
    script = f"open({str(note)!r}, 'w').write(os.environ['HOME'] + ' ' + oct(os.stat(os.environ['HOME']).st_mode))"
    monkeypatch.setattr(doc, "converter", lambda: program(tmp_path, script))
    with pytest.raises(ReadError, match="damaged or encrypted: LibreOffice makes no document of it"):
        doc.read(OLE, "../../a.doc")
    folder, mode = note.read_text(encoding="utf-8").split()
    assert (mode, Path(folder).exists()) == ("0o40700", False)


@pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script")
def test_a_conversion_that_hangs_is_ended_with_its_children(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It ends when the file has taken as long as it may, and no process or temporary file is left."""
    monkeypatch.undo()
    mark, note = new_mark(), tmp_path / "note"
    monkeypatch.setenv(NAME, mark)
    hostile_reader.install_everywhere(monkeypatch.setattr)
    program(tmp_path, f"os.fork()\nopen({str(note)!r}, 'a').write(os.getcwd() + '\\n')\ntime.sleep(600)")
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.doc").write_bytes(OLE)
    (tmp_path / "corpus" / "b.txt").write_text("立案129件。", encoding="utf-8")
    done = build(tmp_path / "corpus", tmp_path / "index")
    assert (done.documents, [(item.path, item.reason) for item in done.skipped]) == (
        1,
        [("a.doc", hostile_reader.FAILURES["hang"])],
    )
    assert left(mark) == {}
    folders = {*note.read_text(encoding="utf-8").splitlines()}
    assert folders
    assert [folder for folder in folders if Path(folder).exists()] == []


def test_a_program_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The operating system's reason is given."""
    monkeypatch.setattr(doc, "converter", lambda: str(tmp_path / "none"))
    with pytest.raises(ReadError, match="LibreOffice cannot be used: no such file"):
        doc.read(OLE, "a.doc")


# Conversions

NUMBERING = definition(
    0, level(0, "chineseCountingThousand", "%1、"), level(1, "chineseCounting", "（%2）"), level(2, "decimal", "%3.")
) + list_of(1, 0)


@needs_libreoffice
def test_word_97_gives_what_word_gives(tmp_path: Path) -> None:
    """List numbers, bold, tables and notes come through .doc as through .docx."""
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
    assert blocks(converted(data, ".docx", "doc:MS Word 97", tmp_path)) == list(expected.blocks)


@needs_libreoffice
def test_rich_text() -> None:
    """Rich Text is converted too, whatever its name."""
    expected = [Block("成效", strong=True), Block("129件")]
    assert blocks(RTF) == expected
    assert list(docx.read(RTF, "a.docx").documents[0].blocks) == expected


@needs_libreoffice
def test_word_2003_xml(tmp_path: Path) -> None:
    """The XML that Word 2003 saved is converted too."""
    data = converted(document(paragraph("立案129件。")), ".docx", "xml:MS Word 2003 XML", tmp_path)
    assert blocks(data) == [Block("立案129件。")]


@pytest.fixture(scope="module")
def word_97(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A sound .doc."""
    return converted(document(item("成效")), ".docx", "doc:MS Word 97", tmp_path_factory.mktemp("w"))


@needs_libreoffice
@pytest.mark.parametrize("seed", range(6))
def test_altered_documents(seed: int, word_97: bytes) -> None:
    """A damaged .doc is read or refused in one line."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    data = bytearray(word_97)
    for _ in range(20):
        data[chance.randrange(8, len(data))] = chance.randrange(256)
    if seed % 2:
        del data[chance.randrange(512, len(data)) :]
    try:
        doc.read(bytes(data), "a.doc")
    except ReadError as error:
        assert "\n" not in str(error)  # noqa: PT017 - some fail, some do not


@pytest.mark.parametrize("seed", range(200))
def test_altered_beginnings(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a file begins with, it has a reader or is refused; nothing else is raised."""
    monkeypatch.setattr(doc, "converter", lambda: None)
    chance = random.Random(seed)  # noqa: S311 - no secret
    starts = (OLE, b"PK\3\4", b"{\\rtf1", b"%PDF", b"<html>", b"<?xml", b"MIME-Version: 1.0\n\n", b"")
    data = chance.choice(starts) + chance.randbytes(chance.choice((0, 3, 600)))
    try:
        doc.read(data, "a.doc")
    except ReadError as error:
        assert "\n" not in str(error)  # noqa: PT017 - some fail, some do not


@needs_libreoffice
def test_real_reports(shared: Path, tmp_path: Path) -> None:
    """A report saved as .doc gives the blocks that it gives as .docx, which are its lines."""
    seeds = sorted((shared / "corpus" / "seeds").glob("*.txt"))[:3]
    reports = [path.read_text(encoding="utf-8").split("\n") for path in seeds]
    data = [document("".join(map(paragraph, lines)), {"styles": ""}) for lines in reports]
    for lines, made in zip(reports, all_converted(data, ".docx", "doc:MS Word 97", tmp_path), strict=True):
        texts = [block.text for block in blocks(made) if block.text]
        assert texts == [line.rstrip() for line in lines if line.strip()]
