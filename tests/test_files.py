"""Files are opened once, without links and without waiting, and judged by what was opened."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from searchkit import files
from searchkit.corpus import listing
from searchkit.corpus.listing import content_digest, list_corpus
from searchkit.corpus.reading import read_file
from searchkit.corpus.topics import Taxonomy
from searchkit.errors import UsageError
from searchkit.files import DataFile, read_data, read_inside, read_ordinary

ELSEWHERE = "不是这个文件夹的。"

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder beside the corpus with files of the same names."""
    folder = tmp_path / "outside"
    folder.mkdir()
    for name in ("a.txt", "metadata.csv"):
        (folder / name).write_text(ELSEWHERE, encoding="utf-8")
    return folder


def to_link(path: Path, outside: Path) -> None:
    """Put a link to a file outside in its place."""
    path.unlink()
    path.symlink_to(outside / "a.txt")


def to_pipe(path: Path, _outside: Path) -> None:
    """Put a named pipe in its place: whoever waits for it waits for ever."""
    path.unlink()
    os.mkfifo(path)


def to_folder(path: Path, _outside: Path) -> None:
    """Put a folder in its place."""
    path.unlink()
    path.mkdir()


def to_linked_folder(path: Path, outside: Path) -> None:
    """Put a link to a folder outside, which has a file of that name, in the place of its folder."""
    path.unlink()
    path.parent.rmdir()
    path.parent.symlink_to(outside)


def to_nothing(path: Path, _outside: Path) -> None:
    """Take it away."""
    path.unlink()


REPLACED = {
    to_link: "a link, or in a folder that is one",
    to_pipe: "not an ordinary file",
    to_folder: "is a directory",
    to_linked_folder: "a link, or in a folder that is one",
    to_nothing: "no such file or directory",
}
Replace = Callable[[Path, Path], None]


@pytest.mark.parametrize(("replace", "reason"), REPLACED.items(), ids=lambda item: getattr(item, "__name__", ""))
def test_a_file_that_is_replaced_after_it_was_listed(
    tmp_path: Path, outside: Path, replace: Replace, reason: str
) -> None:
    """What stands there instead is neither followed nor waited for, and the next build tries again."""
    (tmp_path / "corpus" / "sub").mkdir(parents=True)
    path = tmp_path / "corpus" / "sub" / "a.txt"
    path.write_text("立案3件。", encoding="utf-8")
    listing = list_corpus(tmp_path / "corpus")
    replace(path, outside)
    (found,) = listing.documents
    read = read_file(found, listing.stated(found), Taxonomy.load())
    assert ([item.reason for item in read.skipped], read.documents) == ([f"cannot be read: {reason}"], ())
    assert not read.is_settled
    assert content_digest(found) == f"cannot be read: {reason}"


@pytest.mark.parametrize("replace", [to_link, to_pipe, to_folder])
def test_a_table_that_is_replaced_while_the_corpus_is_listed(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch, replace: Replace
) -> None:
    """A metadata.csv is opened with the same care."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.txt").write_text("立案3件。", encoding="utf-8")
    (corpus / "metadata.csv").write_text("file,batch\na.txt,一\n", encoding="utf-8")
    walk = listing.walk

    def replaced(folder: Path) -> object:
        found = walk(folder)
        replace(corpus / "metadata.csv", outside)
        return found

    monkeypatch.setattr(listing, "walk", replaced)
    listed = list_corpus(corpus)
    assert [(item.path, item.reason) for item in listed.skipped] == [
        ("metadata.csv", f"cannot be read: {REPLACED[replace]}")
    ]


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    """No more is read than may be, however large the file says it is; one of exactly that size is read."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 1_000_000)
    assert len(read_inside(tmp_path, Path("a.txt"), 1_000_000)) == 1_000_000
    path.write_bytes(b"x" * 1_000_001)
    with pytest.raises(OSError, match="larger than 1 MB"):
        read_inside(tmp_path, Path("a.txt"), 1_000_000)
    if Path("/dev/zero").exists():
        with pytest.raises(OSError, match="not an ordinary file"):
            read_ordinary("/dev/zero")


@pytest.mark.parametrize("name", ["a.txt", "sub/b.txt"])
def test_without_folders_that_can_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """On systems that cannot open a folder the same is read, and links are refused too."""
    monkeypatch.setattr(files, "_WALKS", False)
    path = tmp_path / "corpus" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    root, inside = tmp_path / "corpus", Path(name)
    assert read_inside(root, inside) == b"x"
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="a link"):
        read_inside(root, inside)
    to_pipe(path, tmp_path)
    with pytest.raises(OSError, match="not an ordinary file"):
        read_inside(root, inside)


def test_data_files(tmp_path: Path) -> None:
    """A data file is read once, by link too where the user says so; a pipe is not waited for."""
    (tmp_path / "words").write_text("\ufeff柔性执法", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "words")
    read = read_data("word list", tmp_path / "link")
    assert read == DataFile(f"word list {tmp_path / 'link'}", "柔性执法")
    assert read_data("word list", read) is read
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match=r"word list .*pipe cannot be read: not an ordinary file; give"):
        read_data("word list", tmp_path / "pipe")
    (tmp_path / "words").write_bytes(b"\xff")
    with pytest.raises(UsageError, match=r"cannot be read: not UTF-8; give"):
        read_data("word list", tmp_path / "words")
