"""Zip archives of reports."""

from __future__ import annotations

import random
from pathlib import Path
from types import MappingProxyType

import pytest
from wordfiles import document, pack_zip, paragraph

from searchkit.corpus.formats import registry, zipped
from searchkit.corpus.formats.registry import READERS, FileContents, Reader
from searchkit.errors import ReadError

TEXT = "一、成效\n立案129件。"


@pytest.fixture(autouse=True)
def _formats(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the readers of .docx and .zip."""
    formats = MappingProxyType({**READERS, ".docx": Reader("docx"), ".zip": Reader("zipped")})
    monkeypatch.setattr(registry, "READERS", formats)
    monkeypatch.setattr(zipped, "READERS", formats)


def keys(contents: FileContents) -> list[str | None]:
    """Return the keys of the documents."""
    return [document.key for document in contents.documents]


def test_each_entry_is_read_by_the_reader_of_its_format() -> None:
    """Entries yield the same blocks as separate files, in order of their names. Keys begin with these names."""
    files = {
        "b/报告.docx": document(paragraph("立案129件。")),
        "a.txt": TEXT,
        "c.jsonl": '{"id": 7, "text": "结案"}\n{"id": 8, "text": "复议"}',
        "B.MD": "# 报告",
    }
    contents = zipped.read(pack_zip(files), "a.zip")
    assert keys(contents) == ["B.MD", "a.txt", "b/报告.docx", "c.jsonl#7", "c.jsonl#8"]
    assert contents.problems == ()
    for raw in contents.documents[:3]:
        data = files[str(raw.key)]
        (alone,) = registry.read_bytes(data.encode() if isinstance(data, str) else data, str(raw.key)).documents
        assert raw.blocks == alone.blocks


def test_unreadable_entries_are_problems_and_the_others_are_read() -> None:
    """Damaged entries, nested archives, unknown formats and metadata tables are problems; damaged text is a warning."""
    files = {
        "a.txt": TEXT,
        "b.docx": b"PK\3\4 cut",
        "c.jsonl": '{"id": 1, "text": "甲"}\nbad',
        "d.zip": pack_zip({"a.txt": TEXT}),
        "e.txt": "立案129件，结案12件。".encode() * 9 + b"\xff",
        "f.jpg": b"",
        "g/h.jpg": b"",
        "metadata.csv": "file,year",
        "无": b"",
    }
    contents = zipped.read(pack_zip(files), "a.zip")
    assert keys(contents) == ["a.txt", "c.jsonl#1", "e.txt"]
    assert [problem.partition(": ")[0] for problem in contents.problems] == [
        *("b.docx", "c.jsonl", "d.zip", "metadata.csv", "无", "f.jpg and 1 more"),
    ]
    assert contents.problems[1].startswith("c.jsonl: line 2: not JSON")
    assert [len(document.warnings) for document in contents.documents] == [0, 0, 1]
    assert contents.problems[2] == "d.zip: an archive in an archive is not read; unpack it"


def test_files_that_are_not_reports_are_skipped() -> None:
    """Hidden files, files that macOS, Windows and Office add, README and LICENSE are skipped without a problem."""
    names = ("__MACOSX/._a.txt", ".x.txt", "a/.y/z.txt", "~$a.txt", "README.txt", "b/LICENSE", "Thumbs.db")
    contents = zipped.read(pack_zip({"a.txt": TEXT, **dict.fromkeys(names, TEXT)}), "a.zip")
    assert (keys(contents), contents.problems) == (["a.txt"], ())


def test_keys_are_printable_and_unique() -> None:
    """Keys contain no invisible characters and are unique: of two entries with the same key, one is read."""
    contents = zipped.read(pack_zip({"a\u200b\n b.txt": TEXT, "a b.txt": TEXT, "c.txt": TEXT}), "a.zip")
    assert keys(contents) == ["a b.txt", "c.txt"]


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "an empty archive"),
        ({".a.txt": TEXT}, "an empty archive"),
        ({"a.jpg": "", "b.txt": b"\x00"}, "contains nothing that can be read; b.txt: not text"),
        ({"../a.txt": TEXT}, "unsafe archive"),
    ],
)
def test_an_archive_without_readable_entries_is_refused(files: dict[str, str | bytes], reason: str) -> None:
    """If no entry can be read, the archive is refused."""
    with pytest.raises(ReadError, match=reason):
        zipped.read(pack_zip(files), "a.zip")


def test_nested_archives_are_not_opened() -> None:
    """An archive in an archive is not opened, and is a problem."""
    data = pack_zip({"a.zip": b"x"})
    for _ in range(50):
        data = pack_zip({"a.zip": data, "a.txt": TEXT})
    contents = zipped.read(data, "a.zip")
    assert (keys(contents), len(contents.problems)) == (["a.txt"], 1)


@pytest.mark.parametrize("seed", range(200))
def test_altered_archives_are_read_or_refused(seed: int) -> None:
    """An archive with altered bytes is read, or refused with a one-line message."""
    rng = random.Random(seed)  # noqa: S311 - not security-relevant
    data = bytearray(pack_zip({"a.txt": TEXT, "b.docx": document(paragraph(TEXT)), "c.md": f"# {TEXT}"}))
    for _ in range(rng.randrange(1, 6)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    try:
        zipped.read(bytes(data), "a.zip")
    except ReadError as error:
        assert "\n" not in str(error)  # noqa: PT017 - some raise, some do not


def test_reports_in_an_archive_read_as_in_a_folder(shared: Path) -> None:
    """Reports in an archive yield the same blocks, overrides and hints as in a folder."""
    files = {path.name: path.read_bytes() for path in (shared / "corpus" / "seeds").glob("*.txt")}
    contents = zipped.read(pack_zip(files), "a.zip")
    assert keys(contents) == sorted(files)
    for raw in contents.documents:
        (alone,) = registry.read_bytes(files[str(raw.key)], str(raw.key)).documents
        assert (raw.blocks, raw.overrides, raw.hints) == (alone.blocks, alone.overrides, alone.hints)
