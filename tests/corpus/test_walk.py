"""The files that `walk` lists and skips."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from searchkit.corpus.walk import CorpusFile, Skipped, Stamp, printable_name, walk


def write_files(folder: Path, *names: str) -> None:
    """Write files with these names below a folder."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x", encoding="utf-8")


def names_of(files: tuple[CorpusFile, ...]) -> list[str]:
    """Return the names of files."""
    return [item.name for item in files]


def test_files_are_in_code_point_order_of_their_names(tmp_path: Path) -> None:
    """The order is that of whole paths, whatever the order on disk."""
    write_files(tmp_path, "b.txt", "a/z.md", "a-1.txt", "a/b/c.html", "滨.txt", "A.TXT", "a.jsonl")
    assert names_of(walk(tmp_path).files) == [
        "A.TXT",
        "a-1.txt",
        "a.jsonl",
        "a/b/c.html",
        "a/z.md",
        "b.txt",
        "滨.txt",
    ]


def test_ignored_files_and_tables(tmp_path: Path) -> None:
    """Hidden files, README, LICENSE, Word's lock files and Thumbs.db are ignored silently.

    metadata.csv is one of the `tables`, which state metadata, and not one of the `files`.
    """
    write_files(
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
    write_files(tmp_path, "metadata.csv", "x/Metadata.CSV", "x/readme-2023.txt")
    result = walk(tmp_path)
    assert names_of(result.files) == ["a.txt", "x/readme-2023.txt"]
    assert names_of(result.tables) == ["metadata.csv", "x/Metadata.CSV"]
    assert result.skipped == ()


def test_files_without_a_reader_are_counted_by_format(tmp_path: Path) -> None:
    """Each suffix without a reader yields one entry with its number of files, and so do the files without a suffix."""
    write_files(tmp_path, "a.jpg", "x/b.JPG", "Makefile", "c.txt")
    assert walk(tmp_path).skipped == (
        Skipped("*", "no reader for files without a suffix", files=1),
        Skipped("*.jpg", "no reader for .jpg files", files=2),
    )


def test_only_links_to_hidden_files_are_followed(tmp_path: Path) -> None:
    """The link two.txt, which leads to a hidden file of the corpus, is followed.

    Links out of the corpus or to one of its folders, links to files that are read anyway, and broken links are skipped
    with a reason.
    """
    corpus = tmp_path / "corpus"
    write_files(corpus, "a/one.txt", ".store/two")
    write_files(tmp_path, "outside/three.txt")
    (corpus / "a" / "loop").symlink_to(corpus)
    (corpus / "self").symlink_to("self")
    (corpus / "out").symlink_to(tmp_path / "outside")
    (corpus / "out.txt").symlink_to(tmp_path / "outside" / "three.txt")
    (corpus / "again.txt").symlink_to("a/one.txt")
    (corpus / "gone.txt").symlink_to("nowhere")
    (corpus / "two.txt").symlink_to(".store/two")
    result = walk(corpus)
    assert names_of(result.files) == ["a/one.txt", "two.txt"]
    assert {item.path: item.reason for item in result.skipped} == {
        "a/loop": "link to a folder of the corpus",
        "again.txt": "link to a file of the corpus",
        "gone.txt": "broken link",
        "out": "link that leaves the corpus",
        "out.txt": "link that leaves the corpus",
        "self": "broken link",
    }


def test_the_corpus_itself_may_be_a_link(tmp_path: Path) -> None:
    """A corpus folder that is a link is read like any other."""
    write_files(tmp_path / "real", "a.txt")
    (tmp_path / "link").symlink_to("real")
    assert names_of(walk(tmp_path / "link").files) == ["a.txt"]


def test_pipes_are_skipped(tmp_path: Path) -> None:
    """Files that are not regular files are skipped without opening them."""
    os.mkfifo(tmp_path / "a.txt")
    assert walk(tmp_path).skipped == (Skipped("a.txt", "not a regular file"),)


def test_a_folder_that_cannot_be_listed_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that cannot be listed is skipped with a reason, and the other folders are listed."""
    write_files(tmp_path, "a/one.txt", "b/two.txt")
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    result = walk(tmp_path)
    assert names_of(result.files) == ["b/two.txt"]
    assert result.skipped == (Skipped("a", "folder cannot be listed: permission denied"),)


def test_names_are_always_printable() -> None:
    """A name that is not UTF-8 is decoded as GB18030, or its invalid bytes are escaped.

    Control characters and invisible characters are escaped.
    """
    assert printable_name(os.fsdecode("报告.txt".encode("gb18030"))) == "报告.txt"
    assert printable_name(os.fsdecode(b"a\xff.txt")) == "a\\xff.txt"
    assert printable_name("a\n\u202eb.txt") == "a\\x0a\\x202eb.txt"


def test_the_second_file_of_a_name_is_skipped(tmp_path: Path) -> None:
    """If two names differ on disk but are equal when decoded, the second file is skipped, also a metadata.csv."""
    write_files(tmp_path, "报告/一.txt", "报告/metadata.csv")
    other = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + "报告".encode("gb18030")))
    try:
        write_files(other, "一.txt", "metadata.csv")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    result = walk(tmp_path)
    assert names_of(result.files) == ["报告/一.txt"]
    assert names_of(result.tables) == ["报告/metadata.csv"]
    assert result.skipped == (
        Skipped("报告/metadata.csv", "another file has the same name"),
        Skipped("报告/一.txt", "another file has the same name"),
    )


def test_deep_folders_are_listed(tmp_path: Path) -> None:
    """Folders may be nested hundreds deep."""
    deep = tmp_path.joinpath(*["d"] * 300)
    deep.mkdir(parents=True)
    (deep / "a.txt").write_text("x", encoding="utf-8")
    assert len(walk(tmp_path).files) == 1


def test_stamps_are_those_of_the_file_system(tmp_path: Path) -> None:
    """A stamp has the size, times and inode of the file on disk, for a link those of its target.

    After a change of the content, the stamp differs.
    """
    write_files(tmp_path, "a.txt", ".store/b")
    (tmp_path / "b.txt").symlink_to(".store/b")
    first, second = walk(tmp_path).files
    for file, path in ((first, tmp_path / "a.txt"), (second, tmp_path / ".store" / "b")):
        status = path.stat()
        assert file.stamp == Stamp(1, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)
    (tmp_path / "a.txt").write_text("xy", encoding="utf-8")
    assert walk(tmp_path).files[0].stamp != first.stamp


def test_a_file_that_disappears_while_listing_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is listed but cannot be examined is skipped; the others are found."""
    write_files(tmp_path, "a.txt", "b.txt")
    scandir = os.scandir

    class Listing:
        def __init__(self, path: str) -> None:
            self.path = path

        def __enter__(self) -> list[os.DirEntry[str]]:
            with scandir(self.path) as entries:
                result = list(entries)
            (tmp_path / "a.txt").unlink()
            return result

        def __exit__(self, *_rest: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", Listing)
    result = walk(tmp_path)
    assert names_of(result.files) == ["b.txt"]
    assert result.skipped == (Skipped("a.txt", "cannot be read: no such file or directory"),)
