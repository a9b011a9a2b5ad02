"""File names of every operating system: each visible file is read and named correctly, in folders and archives."""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from wordfiles import document, pack_zip, paragraph

from searchkit.corpus.listing import list_corpus
from searchkit.corpus.reading import ParsedDocument, read_corpus
from searchkit.index import Index
from searchkit.indexing.build import build

PORTABLE_NAMES = (
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
"""Names that are valid on the file systems of Linux, macOS and Windows."""
HIDDEN_NAME = "..报告.txt.txt"
"""The name in `PORTABLE_NAMES` of a hidden file, which is not read."""
LINUX_NAMES = {
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
"""Maps names that Linux accepts, many of which other systems refuse, to the names of their documents."""
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes any bytes for names")


def text_of(n: int) -> str:
    """Return the text of the n-th file."""
    return f"全年第{n}项工作由区司法局组织实施，立案{n}件。"


def file_content(name: str, n: int) -> bytes:
    """Return the content of the n-th file, in the format of its name."""
    return document(paragraph(text_of(n))) if name.lower().endswith(".docx") else text_of(n).encode()


def read_texts(folder: Path) -> dict[str, str]:
    """Return the text of the first paragraph of each document of a folder, by its name. No file may be skipped."""
    texts = {}
    for result in read_corpus(list_corpus(folder)):
        assert isinstance(result, ParsedDocument), result
        texts[result.document.document] = result.paragraphs[0].text
    return texts


def with_docx(names: Sequence[str]) -> list[str]:
    """Return the names, and the same names with the suffix `.docx` instead of their own."""
    return [*names, *(f"{name[: -len('.txt')]}.docx" for name in names)]


VISIBLE_NAMES = [name for name in PORTABLE_NAMES if name != HIDDEN_NAME]


def test_names_of_every_system_are_kept(tmp_path: Path) -> None:
    """A document has the name of its file, character by character."""
    expected = {}
    for n, name in enumerate(with_docx(VISIBLE_NAMES)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file_content(name, n))
        expected[name] = text_of(n)
    assert read_texts(tmp_path) == expected


def test_a_name_that_begins_with_a_dot_is_hidden(tmp_path: Path) -> None:
    """A file whose name begins with a dot is hidden, as on Unix, and not read."""
    (tmp_path / HIDDEN_NAME).write_bytes(file_content(HIDDEN_NAME, 1))
    (tmp_path / "a.txt").write_bytes(file_content("a.txt", 2))
    assert read_texts(tmp_path) == {"a.txt": text_of(2)}


@on_linux
def test_unprintable_names_are_made_printable(tmp_path: Path) -> None:
    """Names in GB18030 are decoded. Unprintable characters, and bytes in no known encoding, are escaped.

    Other names are kept.
    """
    for n, name in enumerate(LINUX_NAMES):
        (tmp_path / os.fsdecode(name)).write_bytes(file_content("a.txt", n))
    texts = read_texts(tmp_path)
    assert texts == {name: text_of(n) for n, name in enumerate(LINUX_NAMES.values())}
    assert all(name.isprintable() for name in texts)


@on_linux
def test_the_longest_paths_are_read(tmp_path: Path) -> None:
    """A path of nearly 4,096 bytes, with parts of 255 bytes, is read like any other."""
    folder = tmp_path
    parts = []
    while len(os.fsencode(folder)) + 2 * 256 < 4096:
        parts.append("层" * 85)
        folder /= parts[-1]
        folder.mkdir()
    name = f"{'报' * 83}aa.txt"
    (folder / name).write_bytes(file_content(name, 1))
    assert read_texts(tmp_path) == {"/".join([*parts, name]): text_of(1)}


def test_names_in_archives_are_kept(tmp_path: Path) -> None:
    """An entry has the name that its file would have, except that each run of white space becomes one blank.

    White space at the ends of the name is removed.
    """
    names = with_docx(VISIBLE_NAMES)
    files = {name: file_content(name, n) for n, name in enumerate(names)}
    (tmp_path / "年度 报告📦.zip").write_bytes(pack_zip(files))
    assert read_texts(tmp_path) == {
        f"年度 报告📦.zip#{' '.join(name.split())}": text_of(n) for n, name in enumerate(names)
    }


def test_names_packed_by_chinese_windows_are_decoded(tmp_path: Path) -> None:
    """Names in GB18030 with backslashes between folders, as in archives of Chinese Windows, are decoded."""
    written = "2023年\\法治 政府\\滨海新区报告（终稿）.txt"
    placeholder = "x" * len(written.encode("gb18030"))
    data = pack_zip({placeholder: file_content("a.txt", 1)})
    (tmp_path / "a.zip").write_bytes(data.replace(placeholder.encode(), written.encode("gb18030")))
    assert read_texts(tmp_path) == {"a.zip#2023年/法治 政府/滨海新区报告（终稿）.txt": text_of(1)}


@on_linux
def test_invisible_characters_in_entry_names_are_removed(tmp_path: Path) -> None:
    """Characters without a visible form are removed from the name of an entry."""
    (tmp_path / "a.zip").write_bytes(
        pack_zip({"a\u202eb\x07.txt": file_content("a.txt", 1), "\x1b[2J.txt": file_content("", 2)})
    )
    assert read_texts(tmp_path) == {"a.zip#ab.txt": text_of(1), "a.zip#[2J.txt": text_of(2)}


def test_names_can_be_looked_up_in_an_index(tmp_path: Path) -> None:
    """A document and its paragraph can be found in an index by any name, and a search can be filtered by it."""
    corpus, names = tmp_path / "corpus", with_docx(VISIBLE_NAMES)
    for n, name in enumerate(names):
        path = corpus / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file_content(name, n))
    with zipfile.ZipFile(corpus / "压缩 包.zip", "w") as archive:
        archive.writestr("报告 1.txt", file_content("", len(names)))
    result = build(corpus, tmp_path / "index")
    assert (result.documents, result.skipped) == (len(names) + 1, ())
    with Index(tmp_path / "index") as index:
        for n, name in enumerate([*names, "压缩 包.zip#报告 1.txt"]):
            indexed = index.paragraph(f"{name}#1")
            assert indexed is not None
            assert indexed.text == text_of(n)
            assert [item.document for item in index.documents(document=name)] == [name]
            assert index.search("立案", document=name).hits[0].id == f"{name}#1"
