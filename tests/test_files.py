"""Files of a corpus: links are not followed, pipes do not block, and checks are made on the open file.

Data files: encodings are told apart, or refused.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit import files
from searchkit.corpus import listing
from searchkit.corpus.listing import content_digest, list_corpus
from searchkit.corpus.reading import read_file
from searchkit.corpus.topics import Taxonomy
from searchkit.errors import UsageError
from searchkit.files import DataFile, decode_data_file, read_contained_file, read_data_file, read_regular_file

OUTSIDE_TEXT = "不是这个文件夹的。"

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder next to the corpus, whose files have the names of files in the corpus."""
    folder = tmp_path / "outside"
    folder.mkdir()
    for name in ("a.txt", "metadata.csv"):
        (folder / name).write_text(OUTSIDE_TEXT, encoding="utf-8")
    return folder


def replace_by_link(path: Path, outside: Path) -> None:
    """Replace a file by a link to a file outside the corpus."""
    path.unlink()
    path.symlink_to(outside / "a.txt")


def replace_by_pipe(path: Path, _outside: Path) -> None:
    """Replace a file by a named pipe without a writer. Opening it to read would block for ever."""
    path.unlink()
    os.mkfifo(path)


def replace_by_folder(path: Path, _outside: Path) -> None:
    """Replace a file by a folder."""
    path.unlink()
    path.mkdir()


def replace_folder_by_link(path: Path, outside: Path) -> None:
    """Replace the folder of a file by a link to a folder outside that contains a file of the same name."""
    path.unlink()
    path.parent.rmdir()
    path.parent.symlink_to(outside)


def delete(path: Path, _outside: Path) -> None:
    """Delete a file."""
    path.unlink()


REASONS = {
    replace_by_link: "a link, or in a folder that is a link",
    replace_by_pipe: "not a regular file",
    replace_by_folder: "is a directory",
    replace_folder_by_link: "a link, or in a folder that is a link",
    delete: "no such file or directory",
}
Replace = Callable[[Path, Path], None]


@pytest.mark.parametrize(("replace", "reason"), REASONS.items(), ids=lambda item: getattr(item, "__name__", ""))
def test_a_file_replaced_after_listing_is_skipped(tmp_path: Path, outside: Path, replace: Replace, reason: str) -> None:
    """The replacement is not followed and does not block. The result is not final: the next build tries again."""
    (tmp_path / "corpus" / "sub").mkdir(parents=True)
    path = tmp_path / "corpus" / "sub" / "a.txt"
    path.write_text("立案3件。", encoding="utf-8")
    listed = list_corpus(tmp_path / "corpus")
    replace(path, outside)
    (file,) = listed.documents
    read = read_file(file, listed.stated_metadata(file), Taxonomy.load())
    assert ([item.reason for item in read.skipped], read.documents) == ([f"cannot be read: {reason}"], ())
    assert not read.is_final
    assert content_digest(file) == f"cannot be read: {reason}"


@pytest.mark.parametrize("replace", [replace_by_link, replace_by_pipe, replace_by_folder])
def test_metadata_replaced_while_the_corpus_is_listed_is_skipped(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch, replace: Replace
) -> None:
    """A metadata.csv that is replaced is skipped: the replacement is not followed and does not block."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.txt").write_text("立案3件。", encoding="utf-8")
    (corpus / "metadata.csv").write_text("file,batch\na.txt,一\n", encoding="utf-8")
    walk = listing.walk

    def walk_and_replace(folder: Path) -> object:
        result = walk(folder)
        replace(corpus / "metadata.csv", outside)
        return result

    monkeypatch.setattr(listing, "walk", walk_and_replace)
    listed = list_corpus(corpus)
    assert [(item.path, item.reason) for item in listed.skipped] == [
        ("metadata.csv", f"cannot be read: {REASONS[replace]}")
    ]


def test_the_size_of_a_file_is_limited(tmp_path: Path) -> None:
    """A file of the maximum size is read and a larger one is refused. An endless device is not a regular file."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 1_000_000)
    assert len(read_contained_file(tmp_path, Path("a.txt"), 1_000_000)) == 1_000_000
    path.write_bytes(b"x" * 1_000_001)
    with pytest.raises(OSError, match="larger than 1 MB"):
        read_contained_file(tmp_path, Path("a.txt"), 1_000_000)
    if Path("/dev/zero").exists():
        with pytest.raises(OSError, match="not a regular file"):
            read_regular_file("/dev/zero")


@pytest.mark.parametrize("name", ["a.txt", "sub/b.txt"])
def test_systems_that_cannot_open_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Files are read, and links and pipes are refused, on systems that cannot open a folder."""
    monkeypatch.setattr(files, "_SUPPORTS_DIR_FD", False)
    path = tmp_path / "corpus" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    root, inside = tmp_path / "corpus", Path(name)
    assert read_contained_file(root, inside) == b"x"
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="a link"):
        read_contained_file(root, inside)
    replace_by_pipe(path, tmp_path)
    with pytest.raises(OSError, match="not a regular file"):
        read_contained_file(root, inside)


LIST = "柔性执法\n双随机 处罚\n长沙市,2023\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
@pytest.mark.parametrize(
    "text", [LIST, "file,year\na.txt,2023\n", "镕基\n柔性执法与宽严相济，全过程记录\n", "α射线 处罚\n"]
)
def test_lists_in_usual_encodings_are_decoded(text: str, encoding: str) -> None:
    """A list in any of these encodings is decoded, except that one with α may be refused if it is not in UTF-8."""
    try:
        assert decode_data_file(text.encode(encoding)) == text
    except ValueError:
        assert "α" in text
        assert not encoding.startswith("utf-8")


@pytest.mark.parametrize("encoding", ["big5", "big5hkscs"])
def test_lists_in_other_encodings_are_refused(encoding: str) -> None:
    """A list in Big5 is not read as GBK."""
    with pytest.raises(ValueError, match="not UTF-8"):
        decode_data_file("行政執法 雙隨機\n長沙市\n".encode(encoding))


@pytest.mark.parametrize("word", ["石泉", "潜山", "印台", "通山"])
def test_a_list_that_two_encodings_permit_is_refused(word: str) -> None:
    """The bytes of some words in GBK are also valid UTF-8. A list of only such words is refused.

    With other words, the encoding is unambiguous.
    """
    with pytest.raises(ValueError, match="either UTF-8 or GBK"):
        decode_data_file(f"1\t{word}\n".encode("gbk"))
    assert decode_data_file(f"1\t{word}\n2\t行政执法\n".encode("gbk")) == f"1\t{word}\n2\t行政执法\n"


@given(
    st.lists(
        st.sampled_from(["长沙市", "行政执法", "a.txt", "2023", "石泉", "双随机、一公开", "（一）", "25%"]), min_size=1
    )
)
def test_a_list_is_never_garbled(words: list[str]) -> None:
    """A list of usual words, one a line, is decoded correctly or refused, in each of these encodings."""
    text = "".join(f"{word}\r\n" for word in words)
    for encoding in ("utf-8", "utf-8-sig", "gbk", "utf-16", "utf-16-le", "utf-16-be"):
        with suppress(ValueError):
            assert decode_data_file(text.encode(encoding)) == text


@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_refused(data: bytes) -> None:
    """Any bytes are decoded, or refused with one of two reasons."""
    reason = ""
    try:
        decode_data_file(data)
    except ValueError as error:
        reason = str(error)
    assert reason in {"", "not UTF-8", "either UTF-8 or GBK"}


def test_data_files_are_read(tmp_path: Path) -> None:
    """A link to a data file is followed, and a byte order mark is removed. A pipe or undecodable bytes are refused.

    A `DataFile` has already been read, and is returned as it is.
    """
    (tmp_path / "words").write_text("\ufeff柔性执法", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "words")
    read = read_data_file("word list", tmp_path / "link")
    assert read == DataFile(f"{tmp_path / 'link'} (word list)", "柔性执法")
    assert read_data_file("word list", read) is read
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match=r"pipe \(word list\) cannot be read: not a regular file; give"):
        read_data_file("word list", tmp_path / "pipe")
    (tmp_path / "words").write_bytes(b"\xff")
    with pytest.raises(UsageError, match=r"cannot be read: not UTF-8; give"):
        read_data_file("word list", tmp_path / "words")
