"""Zip archives of reports."""

from __future__ import annotations

import random
from pathlib import Path
from types import MappingProxyType

import pytest
from wordfiles import document, packed, paragraph

from searchkit.corpus.formats import registry as readers
from searchkit.corpus.formats import zipped
from searchkit.corpus.formats.registry import READERS, FileContents, Reader
from searchkit.errors import ReadError

TEXT = "一、成效\n立案129件。"


@pytest.fixture(autouse=True)
def _formats(monkeypatch: pytest.MonkeyPatch) -> None:
    formats = MappingProxyType({**READERS, ".docx": Reader("docx"), ".zip": Reader("zipped")})
    monkeypatch.setattr(readers, "READERS", formats)
    monkeypatch.setattr(zipped, "READERS", formats)


def keys(contents: FileContents) -> list[str | None]:
    """Keys of the documents."""
    return [document.key for document in contents.documents]


def test_each_entry_is_read_by_its_own_reader() -> None:
    """Entries give the documents that they would give as files, in the order of their names."""
    files = {
        "b/报告.docx": document(paragraph("立案129件。")),
        "a.txt": TEXT,
        "c.jsonl": '{"id": 7, "text": "结案"}\n{"id": 8, "text": "复议"}',
        "B.MD": "# 报告",
    }
    contents = zipped.read(packed(files), "a.zip")
    assert keys(contents) == ["B.MD", "a.txt", "b/报告.docx", "c.jsonl#7", "c.jsonl#8"]
    assert contents.problems == ()
    for raw in contents.documents[:3]:
        data = files[str(raw.key)]
        (alone,) = readers.read_bytes(data.encode() if isinstance(data, str) else data, str(raw.key)).documents
        assert raw.blocks == alone.blocks


def test_what_cannot_be_read_is_named_and_the_rest_is_read() -> None:
    """Damaged entries, archives in archives, unknown formats and tables of facts are problems."""
    files = {
        "a.txt": TEXT,
        "b.docx": b"PK\3\4 cut",
        "c.jsonl": '{"id": 1, "text": "甲"}\nbad',
        "d.zip": packed({"a.txt": TEXT}),
        "e.txt": "立案129件，结案12件。".encode() * 9 + b"\xff",
        "f.jpg": b"",
        "g/h.jpg": b"",
        "metadata.csv": "file,year",
        "无": b"",
    }
    contents = zipped.read(packed(files), "a.zip")
    assert keys(contents) == ["a.txt", "c.jsonl#1", "e.txt"]
    assert [problem.partition(": ")[0] for problem in contents.problems] == [
        *("b.docx", "c.jsonl", "d.zip", "e.txt", "metadata.csv", "无", "f.jpg and 1 more"),
    ]
    assert contents.problems[1].startswith("c.jsonl: line 2: not JSON")
    assert contents.problems[2] == "d.zip: an archive in an archive is not read; unpack it"


def test_what_holds_no_report_is_left_out_without_a_word() -> None:
    """Hidden files, what macOS and Windows add, README and LICENSE."""
    names = ("__MACOSX/._a.txt", ".x.txt", "a/.y/z.txt", "~$a.txt", "README.txt", "b/LICENSE", "Thumbs.db")
    contents = zipped.read(packed({"a.txt": TEXT, **dict.fromkeys(names, TEXT)}), "a.zip")
    assert (keys(contents), contents.problems) == (["a.txt"], ())


def test_keys_can_be_printed() -> None:
    """A key holds no control characters, and is no other document's."""
    contents = zipped.read(packed({"a\u200b\n b.txt": TEXT, "a b.txt": TEXT, "c.txt": TEXT}), "a.zip")
    assert keys(contents) == ["a b.txt", "c.txt"]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "an empty archive"),
        ({".a.txt": TEXT}, "an empty archive"),
        ({"a.jpg": "", "b.txt": b"\x00"}, "holds nothing that can be read; b.txt: not text"),
        ({"../a.txt": TEXT}, "unsafe archive"),
    ],
)
def test_an_archive_of_nothing_is_refused(files: dict[str, str | bytes], reason: str) -> None:
    """If no entry can be read, the archive cannot."""
    with pytest.raises(ReadError, match=reason):
        zipped.read(packed(files), "a.zip")


def test_an_archive_of_itself_ends() -> None:
    """Archives are opened one level deep."""
    data = packed({"a.zip": b"x"})
    for _ in range(50):
        data = packed({"a.zip": data, "a.txt": TEXT})
    contents = zipped.read(data, "a.zip")
    assert (keys(contents), len(contents.problems)) == (["a.txt"], 1)


@pytest.mark.parametrize("seed", range(200))
def test_altered_archives(seed: int) -> None:
    """Whatever bytes are changed, an archive is read or refused."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    data = bytearray(packed({"a.txt": TEXT, "b.docx": document(paragraph(TEXT)), "c.md": f"# {TEXT}"}))
    for _ in range(chance.randrange(1, 6)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    try:
        zipped.read(bytes(data), "a.zip")
    except ReadError as error:
        assert "\n" not in str(error)  # noqa: PT017 - some fail, some do not


def test_real_reports_in_an_archive(shared: Path) -> None:
    """Reports in an archive give the same blocks as in a folder."""
    files = {path.name: path.read_bytes() for path in (shared / "corpus" / "seeds").glob("*.txt")}
    contents = zipped.read(packed(files), "a.zip")
    assert keys(contents) == sorted(files)
    for raw in contents.documents:
        (alone,) = readers.read_bytes(files[str(raw.key)], str(raw.key)).documents
        assert (raw.blocks, raw.overrides, raw.hints) == (alone.blocks, alone.overrides, alone.hints)
