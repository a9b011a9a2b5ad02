"""The manifest: what is no index, foreign, stale or damaged is refused in one line, whatever is wrong with it."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from searchkit import manifest
from searchkit.corpus.reading import DocumentRead
from searchkit.corpus.walk import Skipped
from searchkit.engines.contract import MeasureRequest
from searchkit.errors import IndexDamaged, IndexForeign, IndexMissing, IndexStale, IndexUnusable, SearchkitError
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, write_index
from searchkit.manifest import (
    EXTRAS,
    FORMAT,
    checksum_of,
    checksums,
    commit,
    current_data,
    new_data_folder,
    read_manifest,
    remove_leftovers,
    share,
    verify_checksums,
)
from searchkit.model import ExtractedMeasure
from searchkit.query.tree import Everything
from searchkit.text import analyzer as analysis

Report = Callable[..., DocumentRead]
Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="session")
def sound(engine: str, report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small index of every kind of content."""
    folder = tmp_path_factory.mktemp("sound")
    measures = [
        ExtractedMeasure("执法", 2, "次", 2, "次", start=0, end=4),
        ExtractedMeasure("培训", 3, "次", 3, "次", start=5, end=9),
    ]
    documents = [
        report("a.txt", "执法检查３次。", "普法宣传。", year=2023, region=("甲省", "乙市"), facets={"batch": "一"}),
        report("b.txt", ("执法2次，培训3次。", {"measures": measures}), title="报告"),
    ]
    write_index([Skipped("c.bin", "not text"), *documents], folder, BuildOptions(engine), corpus="corpus")
    return folder


@pytest.fixture
def index(sound: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to be damaged."""
    return Path(shutil.copytree(sound, tmp_path / "index"))


def edit(index: Path, change: Change) -> None:
    """Change the manifest as an object, and its checksum with it."""
    path = index / "index.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    del data["checksum"]
    change(data)
    path.write_text(json.dumps({**data, "checksum": checksum_of(data)}), encoding="utf-8")


def data_files(index: Path) -> list[Path]:
    """All files that the manifest names."""
    read = read_manifest(index)
    return [index / read.data / name for name in read.files]


def use(index: Path) -> None:
    """Do everything that can be done with an index."""
    with Index(index) as opened:
        opened.search("执法 普法", facets=opened.facet_names, sort="year", explain=True)
        opened.search('"检查"', group="document", year=2023, where=dict.fromkeys(opened.manifest.facets, "一"))
        opened.facets()
        opened.paragraph("a.txt#1")
        opened._snapshot._engine.measures(["b.txt#1"])
        opened._snapshot._engine.measure_columns(MeasureRequest(Everything(), unit="次", minimum=1)).fetch([0])
        [*opened.documents(), *opened.paragraphs()]
        opened.problems()
        opened.check()


def refused(index: Path, kind: type[SearchkitError]) -> str:
    """What is said when the index cannot be opened: one line, of that kind of error."""
    with pytest.raises(kind) as caught:
        Index(index)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    assert str(index) in str(caught.value)
    return str(caught.value)


# --- sound


def test_manifest_of_a_sound_index(sound: Path, engine: str) -> None:
    """The manifest says what the index is and names each file of the data folder with size and checksum."""
    read = read_manifest(sound)
    assert (read.engine, read.format, read.corpus) == (engine, FORMAT, "corpus")
    assert (read.documents, read.paragraphs, read.measures, read.facets) == (2, 3, 2, ("batch",))
    assert read.built.endswith("+00:00")
    assert dict(read.files) == checksums(sound / read.data)
    assert read.analyzer == analysis.Analyzer().fingerprint
    use(sound)


def test_index_can_be_moved(index: Path, tmp_path: Path) -> None:
    """A moved or copied index is the same index: nothing in it names where it stood."""
    use(index.rename(tmp_path / "elsewhere"))


def test_checksums(tmp_path: Path) -> None:
    """Checksums are sizes in bytes and SHA-256 by relative path, of files in folders too."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.bin").write_bytes(b"abc")
    (tmp_path / "a").write_bytes(b"")
    assert checksums(tmp_path) == {
        "a": (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        "b/c.bin": (3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    }


def test_a_new_data_folder(tmp_path: Path) -> None:
    """A new data folder is empty and has a higher number than any there."""
    first = new_data_folder(tmp_path)
    second = new_data_folder(tmp_path)
    assert first.name < second.name
    (tmp_path / "data-000041").mkdir()
    (tmp_path / "data-old").mkdir()
    third = new_data_folder(tmp_path)
    assert third.name == "data-000042"
    assert not [*third.iterdir()]


@pytest.mark.parametrize("are_links_possible", [True, False])
def test_files_are_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, are_links_possible: bool) -> None:
    """A shared file is the same file, or a copy where the file system has no links; what is there is not replaced."""

    def no_link(_source: Path, _target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    if not are_links_possible:
        monkeypatch.setattr(os, "link", no_link)
    (tmp_path / "a").write_bytes(b"abc")
    share(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"abc"
    assert (tmp_path / "a").samefile(tmp_path / "b") == are_links_possible
    with pytest.raises(FileNotFoundError):
        share(tmp_path / "nowhere", tmp_path / "c")
    if are_links_possible:
        with pytest.raises(FileExistsError):
            share(tmp_path / "a", tmp_path / "b")


def test_a_commit_reads_only_what_is_new(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checksums of files shared with the commit before, under any name, are known; others are read."""
    first = read_manifest(index)
    folder = new_data_folder(index)
    for name in first.files:
        share(index / first.data / name, folder / f"{name}-again")
    (folder / "new").write_bytes(b"abc")
    read: list[str] = []
    digest = manifest._digest

    def listen(path: Path) -> str:
        read.append(path.name)
        return digest(path)

    with monkeypatch.context() as patched:
        patched.setattr(manifest, "_digest", listen)
        second = commit(index, replace(first, data=folder.name), first)
    assert read == ["new"]
    assert {name.removesuffix("-again"): entry for name, entry in second.files.items() if name != "new"} == first.files
    assert second.files["new"] == (3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    assert read_manifest(index) == second
    assert current_data(index) == folder.name
    verify_checksums(index, second)


def test_a_commit_without_a_base_reads_everything(index: Path) -> None:
    """Without a base every checksum is taken from the file itself."""
    first = read_manifest(index)
    folder = new_data_folder(index)
    (folder / "new").write_bytes(b"abc")
    assert commit(index, replace(first, data=folder.name)).files.keys() == {"new"}
    assert [path.name for path in index.glob("data-*")] == [folder.name]


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        (None, ["data-old"]),
        ('{"data": "data-000002"}', ["data-000002", "data-old"]),
        ('{"data": "data-000009"}', ["data-old"]),
        ('{"data": "data-old"}', ["data-000001", "data-000002", "data-old"]),
        ('{"data": 7}', ["data-000001", "data-000002", "data-old"]),
        ("{", ["data-000001", "data-000002", "data-old"]),
        ("[]", ["data-000001", "data-000002", "data-old"]),
    ],
)
def test_leftovers(tmp_path: Path, content: str | None, kept: list[str]) -> None:
    """Data folders that the manifest does not name are removed, other folders stay; if it cannot be read, all stay."""
    for name in ("data-000001", "data-000002", "data-old"):
        (tmp_path / name).mkdir()
    if content is not None:
        (tmp_path / "index.json").write_text(content, encoding="utf-8")
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == kept


# --- no index


def test_no_folder(tmp_path: Path) -> None:
    """Where there is no folder there is no index; the message says how to make one."""
    assert "searchkit build" in refused(tmp_path / "nowhere", IndexMissing)


def test_empty_folder(tmp_path: Path) -> None:
    """An empty folder is no index."""
    refused(tmp_path, IndexMissing)


def test_file_in_place_of_the_folder(tmp_path: Path) -> None:
    """A file is no index, nor is a path below one."""
    (tmp_path / "file").write_text("{}", encoding="utf-8")
    refused(tmp_path / "file", IndexMissing)
    refused(tmp_path / "file" / "below", IndexMissing)


def test_folder_in_place_of_the_manifest(tmp_path: Path) -> None:
    """A folder called index.json cannot be read; nothing else is said about it."""
    (tmp_path / "index.json").mkdir()
    refused(tmp_path, IndexUnusable)


# --- foreign


@pytest.mark.parametrize(
    "text", ["{}", "[]", "7", '"index"', "null", '{"version": 3, "shards": []}', '{"format": null}']
)
def test_foreign_json(tmp_path: Path, text: str) -> None:
    """Well-made JSON of something else is foreign."""
    (tmp_path / "index.json").write_text(text, encoding="utf-8")
    refused(tmp_path, IndexForeign)


@pytest.mark.parametrize("number", [0, 1, 2, 3, FORMAT + 1, 99, -1, "1", 1.5, [FORMAT]])
def test_other_format(index: Path, number: object) -> None:
    """Another format number is refused; the message names it, the one that can be read, and what to do."""
    edit(index, lambda data: data.update(format=number))
    said = refused(index, IndexForeign)
    assert repr(number) in said
    assert f"reads {FORMAT}" in said
    assert "searchkit build" in said


@pytest.mark.parametrize("name", ["lucene", "", "../whoosh", "os", None, 7, ["whoosh"], {"a": 1}])
def test_unknown_engine(index: Path, name: object) -> None:
    """An index of an engine that is not there is foreign; no module of that name is loaded."""
    edit(index, lambda data: data.update(engine=name))
    with pytest.raises(IndexForeign, match="engine"):
        Index(index)


# --- damaged manifest


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"not json", b"\xff\xfe\x00", b'{"format": 1', b"\0" * 100, b"[" * 100_000],
    ids=["empty", "cut", "text", "no UTF-8", "cut later", "zeros", "deep"],
)
def test_manifest_that_is_not_json(index: Path, content: bytes) -> None:
    """A manifest that is no JSON is damage, and the message says to build again."""
    (index / "index.json").write_bytes(content)
    assert "searchkit build" in refused(index, IndexDamaged)


FIELDS = ["analyzer", "data", "built", "documents", "paragraphs", "measures", "facets", "files", "corpus"]


@pytest.mark.parametrize("key", FIELDS)
def test_manifest_without_a_field(index: Path, key: str) -> None:
    """A manifest that lacks a field is damaged."""
    edit(index, lambda data: data.pop(key))
    refused(index, IndexDamaged)


def test_manifest_with_a_field_too_many(index: Path) -> None:
    """A manifest of this format with a field that it does not have is damaged."""
    edit(index, lambda data: data.update(colour="red"))
    refused(index, IndexDamaged)


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [7], [[]], {"a": 7}, {"a": [10**400, "b"]}, 1e999], ids=str)
@pytest.mark.parametrize("key", FIELDS)
def test_manifest_with_nonsense(index: Path, key: str, value: object) -> None:
    """Whatever stands in a field of the manifest, using the index raises nothing but our own errors."""
    edit(index, lambda data: data.update({key: value}))
    try:
        use(index)
    except SearchkitError as error:
        assert "\n" not in str(error)  # noqa: PT017 - nonsense that does no harm is no error


def test_size_that_is_no_number(index: Path) -> None:
    """A size beyond all numbers is damage."""
    edit(index, lambda data: data.update(files={name: [1e999, sha] for name, (_, sha) in data["files"].items()}))
    refused(index, IndexDamaged)


@pytest.mark.parametrize(
    "folder", ["..", "../other", "data-000001/..", "/etc", "", ".", "data-000001/", "data-1", "data-00000１"]
)
def test_data_folder_outside(index: Path, folder: str) -> None:
    """A manifest that names another folder than one of its own data folders is damaged, even if that is there."""
    edit(index, lambda data: data.update(data=folder))
    refused(index, IndexDamaged)


@pytest.mark.parametrize("how", ["above", "absolute", "through a folder"])
def test_file_outside(index: Path, how: str) -> None:
    """A manifest that names a file outside its data folder is damaged, even if the file is as it says."""
    outside = index.parent / "outside"
    outside.write_bytes(b"abc")
    entry = checksums(index.parent)["outside"]
    name = {"above": "../../outside", "absolute": str(outside), "through a folder": "x/../../../outside"}[how]
    (index / "data-000001" / "x").mkdir()
    edit(index, lambda data: data["files"].update({name: entry}))
    refused(index, IndexDamaged)


# --- damaged files


def test_missing_file(index: Path) -> None:
    """An index that lacks any of its files is not opened; the message names the file."""
    for path in data_files(index):
        content = path.read_bytes()
        path.unlink()
        assert path.name in refused(index, IndexDamaged)
        path.write_bytes(content)
    use(index)


def test_missing_data_folder(index: Path) -> None:
    """An index without its data folder is not opened."""
    shutil.rmtree(index / "data-000001")
    refused(index, IndexDamaged)


def test_file_of_another_size(index: Path) -> None:
    """A file cut short by a byte, cut to nothing or one byte longer is noticed at the opening."""
    for path in data_files(index):
        content = path.read_bytes()
        for other in (content[:-1], b"", content + b"\0"):
            if other != content:
                path.write_bytes(other)
                assert path.name in refused(index, IndexDamaged)
        path.write_bytes(content)


def test_file_that_went_away_after_the_opening(index: Path) -> None:
    """A check of an open index notices that a file is not there any more."""
    for path in data_files(index):
        content = path.read_bytes()
        with Index(index) as opened:
            path.unlink()
            with pytest.raises(IndexDamaged):
                opened.check()
        path.write_bytes(content)


def flips(content: bytes) -> list[bytes]:
    """Copies of a file with one byte changed: first, last and some between."""
    chance = random.Random(len(content))  # noqa: S311 - no secret
    places = {0, len(content) - 1, *(chance.randrange(len(content)) for _ in range(25))}
    return [
        content[:i] + bytes([content[i] ^ chance.choice([1, 32, 128, 255])]) + content[i + 1 :] for i in sorted(places)
    ]


# The libraries below may give up on a damaged file without closing it.
def leaky(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that opens damaged files."""
    marked: Callable[..., None] = pytest.mark.usefixtures("collected")(test)
    for warning in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):
        marked = pytest.mark.filterwarnings(f"ignore::{warning}")(marked)
    return marked


@leaky
def test_check_finds_every_flip(index: Path) -> None:
    """One changed byte in any file is found by a check, if not before, and never causes another kind of error."""
    tried = 0
    for path in data_files(index):
        content = path.read_bytes()
        for other in flips(content) if content else ():
            path.write_bytes(other)
            tried += 1
            with pytest.raises(SearchkitError) as caught, Index(index) as opened:
                opened.check()
            assert isinstance(caught.value, IndexDamaged), path.name
        path.write_bytes(content)
    assert tried > 40


@leaky
def test_flips_never_break_a_search(index: Path) -> None:
    """With one changed byte in any file an index gives answers or says that it is unusable, whatever it is asked."""
    for path in [*data_files(index), index / "index.json"]:
        content = path.read_bytes()
        for other in flips(content) if content else ():
            path.write_bytes(other)
            try:
                use(index)
            except IndexUnusable as error:
                assert "\n" not in str(error)  # noqa: PT017 - what the answer is depends on the byte
        path.write_bytes(content)


@leaky
@pytest.mark.parametrize(
    "method",
    [
        lambda index: index.search("执法"),
        lambda index: [*index.documents()],
        lambda index: [*index.paragraphs()],
        lambda index: index.paragraph("a.txt#1"),
        lambda index: index.facets(),
        lambda index: index.problems(),
        lambda index: index.analyzer,
    ],
    ids=["search", "documents", "paragraphs", "paragraph", "facets", "problems", "analyzer"],
)
def test_flips_never_break_the_first_use(index: Path, method: Callable[[Index], object]) -> None:
    """Whatever is the first thing asked of an index with a changed byte: an answer or that it is unusable."""
    for path in data_files(index):
        content = path.read_bytes()
        for other in flips(content)[::3] if content else ():
            path.write_bytes(other)
            try:
                with Index(index) as opened:
                    method(opened)
            except IndexUnusable as error:
                assert "\n" not in str(error)  # noqa: PT017 - what the answer is depends on the byte
        path.write_bytes(content)


# --- stale


def test_other_rules(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index made by an analyzer with other rules is not searched; the message says how to rebuild."""
    monkeypatch.setattr(analysis, "_RULES", -1)
    with Index(sound) as opened:
        with pytest.raises(IndexStale, match="searchkit build") as caught:
            opened.search("执法")
        assert str(sound) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert len([*opened.documents()]) == 2


@pytest.mark.parametrize("key", ["words", "synonyms"])
def test_words_changed(index: Path, key: str) -> None:
    """Words or synonyms that were changed inside an index do not fit its terms: it is not searched."""
    path = index / read_manifest(index).data / EXTRAS
    data = json.loads(path.read_text(encoding="utf-8"))
    data[key] = data[key][:-2] + ("甲" if data[key][-2] != "甲" else "乙") + data[key][-1]
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
    with pytest.raises(IndexDamaged), Index(index) as opened:
        opened.search("执法")


@pytest.mark.parametrize("key", ["words", "synonyms"])
def test_words_replaced_with_their_checksum(index: Path, key: str) -> None:
    """Words or synonyms that were replaced together with their checksum are noticed by the search all the same."""
    folder = index / read_manifest(index).data
    data = json.loads((folder / EXTRAS).read_text(encoding="utf-8"))
    (folder / EXTRAS).write_text(json.dumps({**data, key: "甲 = 乙\n"}), encoding="utf-8")
    edit(index, lambda data: data.update(files=checksums(folder)))
    with Index(index) as opened, pytest.raises(IndexStale):
        opened.search("执法")
