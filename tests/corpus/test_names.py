"""Names of files as people on every system give them: each file is read and named right, in folders and archives."""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from wordfiles import document, packed, paragraph

from searchkit.corpus.listing import list_corpus
from searchkit.corpus.reading import DocumentRead, read_corpus
from searchkit.index import Index
from searchkit.indexing.build import build

EVERYWHERE = (
    "2023年 法治政府建设  年度报告.txt",
    "　全角　空格.txt",
    "ＲＥＰＯＲＴ（２０２３）．ｆｉｎａｌ.txt",
    "📄报告🏛️.txt",
    "报告 (1) - 副本.txt",
    "【终稿】“工作”报告、附件.txt",
    "津政发〔2023〕12号.txt",
    "-rf.txt",
    "--help.txt",
    "#1.txt",
    "a#1.txt",
    "100%.txt",
    "$HOME ~.txt",
    "it's & that; echo.txt",
    "[a-z]{1,2}!.txt",
    "=1+1.txt",
    "法治.v2.2023.12.31.txt",
    "année ẞ ключ 한국 ไทย العربية.txt",
    "cafe\u0301.txt",
    "𠮷野家𡃁.txt",
    "REPORT.TXT",
    "..报告.txt.txt",
    "null.txt.jsonl.txt",
    "长" * 80 + ".txt",
    "深/" * 30 + "报告.txt",
    "Program Files (x86)/新建文件夹/报告 - 副本 (2).txt",
)
"""Names that the file systems of Linux, macOS and Windows can have."""
HIDDEN = "..报告.txt.txt"
UNIX_ONLY = {
    "con.txt": "con.txt",
    "aux.报告.txt": "aux.报告.txt",
    "a:b|c?*.txt": "a:b|c?*.txt",
    '<a href="x">.txt': '<a href="x">.txt',
    "C:\\Users\\报告.txt": "C:\\Users\\报告.txt",
    "a\nb\tc.txt": "a\\x0ab\\x09c.txt",
    "\x1b[2J.txt": "\\x1b[2J.txt",
    "moc\u202etxt.txt": "moc\\x202etxt.txt",
    "a\u200bb.txt": "a\\x200bb.txt",
    " 前.txt": " 前.txt",
    "后 .txt": "后 .txt",
    "滨海新区.txt".encode("gb18030"): "滨海新区.txt",
    b"\xff\xfe.txt": "\\xff\\xfe.txt",
}
"""Names that Linux can have, and what they are called."""
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes any bytes for names")


def text_of(n: int) -> str:
    """The text of the n-th file."""
    return f"全年第{n}项工作由区司法局组织实施，立案{n}件。"


def content(name: str, n: int) -> bytes:
    """The n-th file, in the format of its name."""
    return document(paragraph(text_of(n))) if name.lower().endswith(".docx") else text_of(n).encode()


def read(folder: Path) -> dict[str, str]:
    """Text by name of all documents of a folder, none of which may be skipped."""
    found = {}
    for result in read_corpus(list_corpus(folder)):
        assert isinstance(result, DocumentRead), result
        found[result.document.document] = result.paragraphs[0].text
    return found


def words(names: Sequence[str]) -> list[str]:
    """The names, and the same with the suffix of a format that is read in a process of its own."""
    return [*names, *(f"{name[: -len('.txt')]}.docx" for name in names)]


SHOWN = [name for name in EVERYWHERE if name != HIDDEN]


def test_names_of_every_system(tmp_path: Path) -> None:
    """A file is a document under its own name, character by character, whatever process reads it."""
    expected = {}
    for n, name in enumerate(words(SHOWN)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(name, n))
        expected[name] = text_of(n)
    assert read(tmp_path) == expected


def test_a_name_that_begins_with_a_dot_is_hidden(tmp_path: Path) -> None:
    """As on Unix, however it goes on; elsewhere in a name dots mean nothing."""
    (tmp_path / HIDDEN).write_bytes(content(HIDDEN, 1))
    (tmp_path / "a.txt").write_bytes(content("a.txt", 2))
    assert read(tmp_path) == {"a.txt": text_of(2)}


@on_linux
def test_names_that_only_linux_has(tmp_path: Path) -> None:
    """Names with characters that cannot be printed, or in another encoding, are shown so that they can be."""
    for n, name in enumerate(UNIX_ONLY):
        (tmp_path / os.fsdecode(name)).write_bytes(content("a.txt", n))
    found = read(tmp_path)
    assert found == {name: text_of(n) for n, name in enumerate(UNIX_ONLY.values())}
    assert all(name.isprintable() for name in found)


@on_linux
def test_the_longest_names(tmp_path: Path) -> None:
    """A path of nearly 4,096 bytes, each part of 255, is a name like another."""
    folder = tmp_path
    parts = []
    while len(os.fsencode(folder)) + 2 * 256 < 4096:
        parts.append("层" * 85)
        folder /= parts[-1]
        folder.mkdir()
    name = f"{'报' * 83}aa.txt"
    (folder / name).write_bytes(content(name, 1))
    assert read(tmp_path) == {"/".join([*parts, name]): text_of(1)}


def test_names_in_archives(tmp_path: Path) -> None:
    """An entry has the name that its file would have; only runs of blanks are one blank."""
    names = words(SHOWN)
    files = {name: content(name, n) for n, name in enumerate(names)}
    (tmp_path / "年度 报告📦.zip").write_bytes(packed(files))
    assert read(tmp_path) == {f"年度 报告📦.zip#{' '.join(name.split())}": text_of(n) for n, name in enumerate(names)}


def test_names_that_chinese_windows_packs(tmp_path: Path) -> None:
    """Names in GB18030 with backslashes between folders, as archives of Chinese Windows have them, are names."""
    written = "2023年\\法治 政府\\滨海新区报告（终稿）.txt"
    placeholder = "x" * len(written.encode("gb18030"))
    data = packed({placeholder: content("a.txt", 1)})
    (tmp_path / "a.zip").write_bytes(data.replace(placeholder.encode(), written.encode("gb18030")))
    assert read(tmp_path) == {"a.zip#2023年/法治 政府/滨海新区报告（终稿）.txt": text_of(1)}


@on_linux
def test_entries_that_cannot_be_printed(tmp_path: Path) -> None:
    """What cannot be seen in the name of an entry is left out; the name of one that leads out is refused."""
    (tmp_path / "a.zip").write_bytes(packed({"a\u202eb\x07.txt": content("a.txt", 1), "\x1b[2J.txt": content("", 2)}))
    assert read(tmp_path) == {"a.zip#ab.txt": text_of(1), "a.zip#[2J.txt": text_of(2)}


def test_names_come_back_from_an_index(tmp_path: Path) -> None:
    """Every name leads from an index to its document, its paragraph and its measure."""
    corpus, names = tmp_path / "corpus", words(SHOWN)
    for n, name in enumerate(names):
        path = corpus / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(name, n))
    with zipfile.ZipFile(corpus / "压缩 包.zip", "w") as archive:
        archive.writestr("报告 1.txt", content("", len(names)))
    done = build(corpus, tmp_path / "index")
    assert (done.documents, done.skipped) == (len(names) + 1, ())
    with Index(tmp_path / "index") as index:
        for n, name in enumerate([*names, "压缩 包.zip#报告 1.txt"]):
            found = index.paragraph(f"{name}#1")
            assert found is not None
            assert found.text == text_of(n)
            assert [item.document for item in index.documents(document=name)] == [name]
            assert index.search("立案", document=name).hits[0].id == f"{name}#1"
