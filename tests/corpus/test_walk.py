"""Which files make up a corpus."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from searchkit.corpus.walk import CorpusFile, Skipped, Stamp, name_of, walk


def fill(folder: Path, *names: str) -> None:
    """Make files."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")


def names(found: tuple[CorpusFile, ...]) -> list[str]:
    """Names of what was found."""
    return [item.name for item in found]


def test_order_is_that_of_the_names(tmp_path: Path) -> None:
    """Files come in code point order of their whole path, wherever they are and however the disk orders them."""
    fill(tmp_path, "b.txt", "a/z.md", "a-1.txt", "a/b/c.html", "滨.txt", "A.TXT", "a.jsonl")
    assert names(walk(tmp_path).documents) == ["A.TXT", "a-1.txt", "a.jsonl", "a/b/c.html", "a/z.md", "b.txt", "滨.txt"]


def test_what_is_not_part_of_a_corpus(tmp_path: Path) -> None:
    """Hidden files, README, LICENSE and lock files are left out without a word; metadata.csv is a table."""
    fill(
        tmp_path,
        ".git/a.txt",
        ".a.txt",
        "README.md",
        "x/readme.txt",
        "LICENSE",
        "licence.txt",
        "~$a.txt",
        "Thumbs.db",
        "a.txt",
    )
    fill(tmp_path, "metadata.csv", "x/Metadata.CSV", "x/readme-2023.txt")
    found = walk(tmp_path)
    assert names(found.documents) == ["a.txt", "x/readme-2023.txt"]
    assert names(found.tables) == ["metadata.csv", "x/Metadata.CSV"]
    assert found.skipped == ()


def test_formats_without_reader_are_counted(tmp_path: Path) -> None:
    """One line for each format, with how many files it has."""
    fill(tmp_path, "a.jpg", "x/b.JPG", "Makefile", "c.txt")
    assert walk(tmp_path).skipped == (
        Skipped("*", "no reader for files without a suffix", files=1),
        Skipped("*.jpg", "no reader for .jpg files", files=2),
    )


def test_links(tmp_path: Path) -> None:
    """No link is followed out of the corpus, into a loop or to a file that is read anyway; each is named."""
    corpus = tmp_path / "corpus"
    fill(corpus, "a/one.txt", ".store/two")
    fill(tmp_path, "outside/three.txt")
    (corpus / "a" / "loop").symlink_to(corpus)
    (corpus / "self").symlink_to("self")
    (corpus / "out").symlink_to(tmp_path / "outside")
    (corpus / "out.txt").symlink_to(tmp_path / "outside" / "three.txt")
    (corpus / "again.txt").symlink_to("a/one.txt")
    (corpus / "gone.txt").symlink_to("nowhere")
    (corpus / "two.txt").symlink_to(".store/two")
    found = walk(corpus)
    assert names(found.documents) == ["a/one.txt", "two.txt"]
    assert {item.path: item.reason for item in found.skipped} == {
        "a/loop": "link to a folder of the corpus",
        "again.txt": "link to a file of the corpus",
        "gone.txt": "link that leads nowhere",
        "out": "link that leaves the corpus",
        "out.txt": "link that leaves the corpus",
        "self": "link that leads nowhere",
    }


def test_the_corpus_itself_may_be_a_link(tmp_path: Path) -> None:
    """A corpus reached by a link is an ordinary corpus."""
    fill(tmp_path / "real", "a.txt")
    (tmp_path / "link").symlink_to("real")
    assert names(walk(tmp_path / "link").documents) == ["a.txt"]


def test_pipes_are_not_opened(tmp_path: Path) -> None:
    """What is no ordinary file is named, and nothing waits for it."""
    os.mkfifo(tmp_path / "a.txt")
    assert walk(tmp_path).skipped == (Skipped("a.txt", "not an ordinary file"),)


def test_a_folder_that_cannot_be_listed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other folders are read."""
    fill(tmp_path, "a/one.txt", "b/two.txt")
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = walk(tmp_path)
    assert names(found.documents) == ["b/two.txt"]
    assert found.skipped == (Skipped("a", "folder cannot be listed: permission denied"),)


def test_names_are_always_printable() -> None:
    """Names that are not UTF-8 are read as GB18030 or written as escapes; control characters are escaped."""
    assert name_of(os.fsdecode("报告.txt".encode("gb18030"))) == "报告.txt"
    assert name_of(os.fsdecode(b"a\xff.txt")) == "a\\xff.txt"
    assert name_of("a\n\u202eb.txt") == "a\\x0a\\x202eb.txt"


def test_names_that_read_the_same(tmp_path: Path) -> None:
    """Of two files whose names become one, the second is named and not read."""
    fill(tmp_path, "报告.txt")
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + "报告.txt".encode("gb18030"))).write_text("x", encoding="utf-8")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    found = walk(tmp_path)
    assert names(found.documents) == ["报告.txt"]
    assert found.skipped == (Skipped("报告.txt", "another file's name reads the same"),)


def test_deep_folders(tmp_path: Path) -> None:
    """Depth is no obstacle."""
    deep = tmp_path.joinpath(*["d"] * 300)
    deep.mkdir(parents=True)
    (deep / "a.txt").write_text("x", encoding="utf-8")
    assert len(walk(tmp_path).documents) == 1


def test_stamps(tmp_path: Path) -> None:
    """A file found has the size, times and inode it has on disk; one behind a link those of what is linked."""
    fill(tmp_path, "a.txt", ".store/b")
    (tmp_path / "b.txt").symlink_to(".store/b")
    first, second = walk(tmp_path).documents
    for found, path in ((first, tmp_path / "a.txt"), (second, tmp_path / ".store" / "b")):
        status = path.stat()
        assert found.stamp == Stamp(1, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    (tmp_path / "a.txt").write_text("xy", encoding="utf-8")
    assert walk(tmp_path).documents[0].stamp != first.stamp


def test_a_file_that_goes_away_meanwhile_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is listed and cannot be looked at is skipped; the others are found."""
    fill(tmp_path, "a.txt", "b.txt")
    scandir = os.scandir

    class Listing:
        def __init__(self, path: str) -> None:
            self.path = path

        def __enter__(self) -> list[os.DirEntry[str]]:
            with scandir(self.path) as entries:
                found = list(entries)
            (tmp_path / "a.txt").unlink()
            return found

        def __exit__(self, *_rest: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", Listing)
    found = walk(tmp_path)
    assert names(found.documents) == ["b.txt"]
    assert found.skipped == (Skipped("a.txt", "cannot be read: no such file or directory"),)
