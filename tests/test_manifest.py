"""The manifest: its commit, and the one-line errors for missing, foreign, stale and damaged indexes."""

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
from searchkit.corpus.reading import ParsedDocument
from searchkit.corpus.walk import Skipped
from searchkit.engines.contract import MeasureRequest
from searchkit.errors import IndexDamaged, IndexForeign, IndexMissing, IndexStale, IndexUnusable, SearchkitError
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, write_index
from searchkit.manifest import (
    EXTRAS_FILE,
    FORMAT_VERSION,
    commit_manifest,
    compute_checksums,
    compute_manifest_checksum,
    create_data_folder,
    current_data_folder,
    link_or_copy,
    read_manifest,
    remove_leftovers,
    verify_checksums,
)
from searchkit.model import ExtractedMeasure
from searchkit.query.tree import Everything
from searchkit.text import analyzer as analysis

Report = Callable[..., ParsedDocument]
Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="session")
def intact(engine: str, report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a small index with paragraphs, measures, a user-defined facet and a skipped file."""
    folder = tmp_path_factory.mktemp("intact")
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
def index(intact: Path, tmp_path: Path) -> Path:
    """A copy of the folder that a test can damage."""
    return Path(shutil.copytree(intact, tmp_path / "index"))


def edit(index: Path, change: Change) -> None:
    """Change the manifest's JSON object, and update its checksum."""
    path = index / "index.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    del data["checksum"]
    change(data)
    path.write_text(json.dumps({**data, "checksum": compute_manifest_checksum(data)}), encoding="utf-8")


def data_files(index: Path) -> list[Path]:
    """Return the paths of all files that the manifest names."""
    current = read_manifest(index)
    return [index / current.data / name for name in current.files]


def use(index: Path) -> None:
    """Call methods of an index that together read all of its files."""
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


def open_error(index: Path, error_type: type[SearchkitError]) -> str:
    """Return the message of the error that opening raises. Assert that it is one line with the path of the index.

    Assert also that the error has exactly the given type.
    """
    with pytest.raises(error_type) as caught:
        Index(index)
    assert type(caught.value) is error_type
    assert "\n" not in str(caught.value)
    assert str(index) in str(caught.value)
    return str(caught.value)


# --- intact indexes


def test_manifest_of_an_intact_index(intact: Path, engine: str) -> None:
    """The manifest has the properties of the index, and size and checksum of each file in the data folder."""
    current = read_manifest(intact)
    assert (current.engine, current.format, current.corpus) == (engine, FORMAT_VERSION, "corpus")
    assert (current.documents, current.paragraphs, current.measures, current.facets) == (2, 3, 2, ("batch",))
    assert current.built.endswith("+00:00")
    assert dict(current.files) == compute_checksums(intact / current.data)
    assert current.analyzer == analysis.Analyzer().fingerprint
    use(intact)


def test_an_index_can_be_moved(index: Path, tmp_path: Path) -> None:
    """A moved index works, because it does not contain its path."""
    use(index.rename(tmp_path / "elsewhere"))


def test_checksums_are_by_relative_path(tmp_path: Path) -> None:
    """`compute_checksums` returns the size in bytes and the SHA-256 of each file of a folder tree, by relative path."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.bin").write_bytes(b"abc")
    (tmp_path / "a").write_bytes(b"")
    assert compute_checksums(tmp_path) == {
        "a": (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        "b/c.bin": (3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    }


def test_a_new_data_folder(tmp_path: Path) -> None:
    """A new data folder is empty and has a higher number than all existing ones."""
    first = create_data_folder(tmp_path)
    second = create_data_folder(tmp_path)
    assert first.name < second.name
    (tmp_path / "data-000041").mkdir()
    (tmp_path / "data-old").mkdir()
    third = create_data_folder(tmp_path)
    assert third.name == "data-000042"
    assert not [*third.iterdir()]


@pytest.mark.parametrize("are_links_possible", [True, False])
def test_files_are_linked_or_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, are_links_possible: bool
) -> None:
    """The target is a hard link, or a copy if links are not supported. A link does not replace an existing file."""

    def no_link(_source: Path, _target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    if not are_links_possible:
        monkeypatch.setattr(os, "link", no_link)
    (tmp_path / "a").write_bytes(b"abc")
    link_or_copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"abc"
    assert (tmp_path / "a").samefile(tmp_path / "b") == are_links_possible
    with pytest.raises(FileNotFoundError):
        link_or_copy(tmp_path / "nowhere", tmp_path / "c")
    if are_links_possible:
        with pytest.raises(FileExistsError):
            link_or_copy(tmp_path / "a", tmp_path / "b")


def test_a_commit_reads_only_new_files(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files shared with the previous commit, under any name, are not read to compute their checksums."""
    first = read_manifest(index)
    folder = create_data_folder(index)
    for name in first.files:
        link_or_copy(index / first.data / name, folder / f"{name}-again")
    (folder / "new").write_bytes(b"abc")
    hashed: list[str] = []
    hash_file = manifest._hash_file

    def record(path: Path) -> str:
        hashed.append(path.name)
        return hash_file(path)

    with monkeypatch.context() as patched:
        patched.setattr(manifest, "_hash_file", record)
        second = commit_manifest(index, replace(first, data=folder.name), first)
    assert hashed == ["new"]
    assert {name.removesuffix("-again"): entry for name, entry in second.files.items() if name != "new"} == first.files
    assert second.files["new"] == (3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    assert read_manifest(index) == second
    assert current_data_folder(index) == folder.name
    verify_checksums(index, second)


def test_a_commit_without_a_base_replaces_the_data_folder(index: Path) -> None:
    """A commit without a base lists only the files of the new data folder, and removes the old data folder."""
    first = read_manifest(index)
    folder = create_data_folder(index)
    (folder / "new").write_bytes(b"abc")
    assert commit_manifest(index, replace(first, data=folder.name)).files.keys() == {"new"}
    assert [path.name for path in index.glob("data-*")] == [folder.name]


@pytest.mark.parametrize(
    ("content", "remaining"),
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
def test_leftovers_are_removed(tmp_path: Path, content: str | None, remaining: list[str]) -> None:
    """Data folders that the manifest does not name are removed, unless a manifest exists that names none.

    A manifest that is not JSON names none. Folders that are no data folders stay, such as data-old.
    """
    for name in ("data-000001", "data-000002", "data-old"):
        (tmp_path / name).mkdir()
    if content is not None:
        (tmp_path / "index.json").write_text(content, encoding="utf-8")
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == remaining


@pytest.mark.parametrize("manifest", [None, '{"data": "data-000002"}'])
def test_folders_of_the_user_stay(tmp_path: Path, manifest: str | None) -> None:
    """A folder with the name of a data folder stays if a file in it is not one that builds write."""
    for name in ("data-202312/一月.txt", "data-20231231/files.json", "data-20231231/files.csv", "data-000001/a/b"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in ("data-000003/parts-7/0/000000.segment", "data-000004/files.json", "data-000004/000012.segment"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    if manifest:
        (tmp_path / "index.json").write_text(manifest, encoding="utf-8")
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.glob("data-*")} == {"data-202312", "data-20231231", "data-000001"}


def test_the_data_folder_of_every_engine_is_removed_without_a_manifest(index: Path) -> None:
    """`remove_leftovers` removes the data folder of an index without a manifest: it knows the files of each engine."""
    (index / "index.json").unlink()
    remove_leftovers(index)
    assert not [*index.glob("data-*")]


def test_a_close_that_fails_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a close fails while old data folders are removed, `remove_leftovers` raises nothing: the build is in place."""
    (tmp_path / "data-000001").mkdir()
    close = os.close

    def failing(descriptor: int) -> None:
        """Close a descriptor, and raise an error, as a file system can."""
        close(descriptor)
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patch:
        patch.setattr(os, "close", failing)
        remove_leftovers(tmp_path)


# --- no index


def test_a_missing_folder_is_not_an_index(tmp_path: Path) -> None:
    """The message contains the command that builds an index."""
    assert "searchkit build" in open_error(tmp_path / "nowhere", IndexMissing)


def test_an_empty_folder_is_not_an_index(tmp_path: Path) -> None:
    """The error is IndexMissing."""
    open_error(tmp_path, IndexMissing)


def test_a_file_is_not_an_index(tmp_path: Path) -> None:
    """A file is not an index, and neither is a path below it."""
    (tmp_path / "file").write_text("{}", encoding="utf-8")
    open_error(tmp_path / "file", IndexMissing)
    open_error(tmp_path / "file" / "below", IndexMissing)


def test_a_folder_is_not_a_manifest(tmp_path: Path) -> None:
    """A folder with the name index.json makes the index unusable."""
    (tmp_path / "index.json").mkdir()
    open_error(tmp_path, IndexUnusable)


def test_a_folder_that_cannot_be_read_is_unusable(tmp_path: Path, engine: str) -> None:
    """If the system refuses to read the folder of an index, here for the length of its name, the index is unusable."""
    folder = tmp_path / ("x" * 256)
    open_error(folder, IndexUnusable)
    with pytest.raises(IndexUnusable, match="File name too long"):
        write_index([], folder, BuildOptions(engine))


# --- foreign indexes


@pytest.mark.parametrize(
    "text", ["{}", "[]", "7", '"index"', "null", '{"version": 3, "shards": []}', '{"format": null}']
)
def test_other_json_is_foreign(tmp_path: Path, text: str) -> None:
    """Valid JSON without a known format is foreign."""
    (tmp_path / "index.json").write_text(text, encoding="utf-8")
    open_error(tmp_path, IndexForeign)


@pytest.mark.parametrize("number", [0, 1, 2, 3, FORMAT_VERSION + 1, 99, -1, "1", 1.5, [FORMAT_VERSION]])
def test_another_format_is_foreign(index: Path, number: object) -> None:
    """The message contains the format, the supported one, and the command that rebuilds the index."""
    edit(index, lambda data: data.update(format=number))
    message = open_error(index, IndexForeign)
    assert repr(number) in message
    assert f"reads {FORMAT_VERSION}" in message
    assert "searchkit build" in message


@pytest.mark.parametrize("name", ["lucene", "", "../whoosh", "os", None, 7, ["whoosh"], {"a": 1}])
def test_an_unknown_engine_is_foreign(index: Path, name: object) -> None:
    """An index of an unknown engine is foreign, even if a module has the name of the engine (os)."""
    edit(index, lambda data: data.update(engine=name))
    with pytest.raises(IndexForeign, match="engine"):
        Index(index)


# --- damaged manifest


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"not json", b"\xff\xfe\x00", b'{"format": 1', b"\0" * 100, b"[" * 100_000],
    ids=["empty", "cut", "text", "not UTF-8", "cut later", "zeros", "deep"],
)
def test_a_manifest_that_is_not_json_is_damaged(index: Path, content: bytes) -> None:
    """The message contains the command that rebuilds the index."""
    (index / "index.json").write_bytes(content)
    assert "searchkit build" in open_error(index, IndexDamaged)


FIELDS = ["analyzer", "data", "built", "documents", "paragraphs", "measures", "facets", "files", "corpus"]
"""Fields of the manifest, except `format` and `engine`, which the tests above change."""


@pytest.mark.parametrize("key", FIELDS)
def test_a_manifest_without_a_field_is_damaged(index: Path, key: str) -> None:
    """Every field of `FIELDS` is required."""
    edit(index, lambda data: data.pop(key))
    open_error(index, IndexDamaged)


def test_a_manifest_with_an_unknown_field_is_damaged(index: Path) -> None:
    """Unknown fields are not allowed."""
    edit(index, lambda data: data.update(colour="red"))
    open_error(index, IndexDamaged)


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [7], [[]], {"a": 7}, {"a": [10**400, "b"]}, 1e999], ids=str)
@pytest.mark.parametrize("key", FIELDS)
def test_invalid_fields_raise_only_searchkit_errors(index: Path, key: str, value: object) -> None:
    """With each of these values in each field of `FIELDS`, an index works or raises a SearchkitError of one line."""
    edit(index, lambda data: data.update({key: value}))
    try:
        use(index)
    except SearchkitError as error:
        assert "\n" not in str(error)  # noqa: PT017 - some values are harmless


def test_an_infinite_size_is_damage(index: Path) -> None:
    """A size of infinity in the manifest is damage."""
    edit(index, lambda data: data.update(files={name: [1e999, sha] for name, (_, sha) in data["files"].items()}))
    open_error(index, IndexDamaged)


@pytest.mark.parametrize(
    "folder", ["..", "../other", "data-000001/..", "/etc", "", ".", "data-000001/", "data-1", "data-00000１"]
)
def test_a_data_folder_of_another_form_is_damage(index: Path, folder: str) -> None:
    """The name of the data folder must be `data-` and at least six ASCII digits. Any other text is damage.

    This holds even if it is the path of a folder that exists.
    """
    edit(index, lambda data: data.update(data=folder))
    open_error(index, IndexDamaged)


@pytest.mark.parametrize("how", ["above", "absolute", "through a folder"])
def test_a_file_elsewhere_is_damage(index: Path, how: str) -> None:
    """A manifest that lists a file outside of its data folder is damaged, even if the file has the right checksum."""
    outside = index.parent / "outside"
    outside.write_bytes(b"abc")
    entry = compute_checksums(index.parent)["outside"]
    name = {"above": "../../outside", "absolute": str(outside), "through a folder": "x/../../../outside"}[how]
    (index / "data-000001" / "x").mkdir()
    edit(index, lambda data: data["files"].update({name: entry}))
    open_error(index, IndexDamaged)


# --- damaged files


def test_a_missing_file_is_damage(index: Path) -> None:
    """An index without one of its files is not opened. The message names the file."""
    for path in data_files(index):
        content = path.read_bytes()
        path.unlink()
        assert path.name in open_error(index, IndexDamaged)
        path.write_bytes(content)
    use(index)


def test_a_missing_data_folder_is_damage(index: Path) -> None:
    """An index without its data folder is not opened."""
    shutil.rmtree(index / "data-000001")
    open_error(index, IndexDamaged)


def test_a_file_of_another_size_is_damage(index: Path) -> None:
    """A file that is a byte shorter, empty or a byte longer is detected when the index is opened."""
    for path in data_files(index):
        content = path.read_bytes()
        for other in (content[:-1], b"", content + b"\0"):
            if other != content:
                path.write_bytes(other)
                assert path.name in open_error(index, IndexDamaged)
        path.write_bytes(content)


def test_check_detects_a_file_deleted_after_opening(index: Path) -> None:
    """`check` of an open index detects a missing file."""
    for path in data_files(index):
        content = path.read_bytes()
        with Index(index) as opened:
            path.unlink()
            with pytest.raises(IndexDamaged):
                opened.check()
        path.write_bytes(content)


def flips(content: bytes) -> list[bytes]:
    """Return copies of a content, each with one changed byte: the first, the last, or one of up to 25 random ones."""
    rng = random.Random(len(content))  # noqa: S311 - not cryptographic
    offsets = {0, len(content) - 1, *(rng.randrange(len(content)) for _ in range(25))}
    return [
        content[:i] + bytes([content[i] ^ rng.choice([1, 32, 128, 255])]) + content[i + 1 :] for i in sorted(offsets)
    ]


def opens_damaged_files(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test that opens damaged files. Warnings about files that a library left open are ignored."""
    marked: Callable[..., None] = pytest.mark.usefixtures("collect_garbage")(test)
    for warning in ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning"):
        marked = pytest.mark.filterwarnings(f"ignore::{warning}")(marked)
    return marked


@opens_damaged_files
def test_check_detects_changed_bytes(index: Path) -> None:
    """After a change of one byte (`flips`) in any file, opening the index or `check` raises IndexDamaged."""
    count = 0
    for path in data_files(index):
        content = path.read_bytes()
        for other in flips(content) if content else ():
            path.write_bytes(other)
            count += 1
            with pytest.raises(SearchkitError) as caught, Index(index) as opened:
                opened.check()
            assert isinstance(caught.value, IndexDamaged), path.name
        path.write_bytes(content)
    assert count > 40


@opens_damaged_files
def test_a_changed_byte_raises_only_index_unusable(index: Path) -> None:
    """With a changed byte in any file or in the manifest, `use` succeeds or raises IndexUnusable."""
    for path in [*data_files(index), index / "index.json"]:
        content = path.read_bytes()
        for other in flips(content) if content else ():
            path.write_bytes(other)
            try:
                use(index)
            except IndexUnusable as error:
                assert "\n" not in str(error)  # noqa: PT017 - the result depends on the byte
        path.write_bytes(content)


@opens_damaged_files
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
def test_a_changed_byte_in_the_first_call_raises_only_index_unusable(
    index: Path, method: Callable[[Index], object]
) -> None:
    """With a changed byte in any file, opening the index and calling a method works or raises IndexUnusable."""
    for path in data_files(index):
        content = path.read_bytes()
        for other in flips(content)[::3] if content else ():
            path.write_bytes(other)
            try:
                with Index(index) as opened:
                    method(opened)
            except IndexUnusable as error:
                assert "\n" not in str(error)  # noqa: PT017 - the result depends on the byte
        path.write_bytes(content)


# --- stale indexes


def test_an_index_of_another_analyzer_is_stale(intact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index of another version of the analyzer cannot be searched, but its documents can be listed.

    The message contains the command that rebuilds the index.
    """
    monkeypatch.setattr(analysis, "_ANALYZER_VERSION", -1)
    with Index(intact) as opened:
        with pytest.raises(IndexStale, match="searchkit build") as caught:
            opened.search("执法")
        assert str(intact) in str(caught.value)
        assert "\n" not in str(caught.value)
        assert len([*opened.documents()]) == 2


@pytest.mark.parametrize("key", ["words", "synonyms"])
def test_changed_words_are_damage(index: Path, key: str) -> None:
    """If words or synonyms in an index were changed, opening it or the first search raises IndexDamaged."""
    path = index / read_manifest(index).data / EXTRAS_FILE
    data = json.loads(path.read_text(encoding="utf-8"))
    data[key] = data[key][:-2] + ("甲" if data[key][-2] != "甲" else "乙") + data[key][-1]
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")
    with pytest.raises(IndexDamaged), Index(index) as opened:
        opened.search("执法")


@pytest.mark.parametrize("key", ["words", "synonyms"])
def test_changed_words_with_a_valid_checksum_are_stale(index: Path, key: str) -> None:
    """If words or synonyms were changed together with the checksum of their file, a search raises IndexStale."""
    folder = index / read_manifest(index).data
    data = json.loads((folder / EXTRAS_FILE).read_text(encoding="utf-8"))
    (folder / EXTRAS_FILE).write_text(json.dumps({**data, key: "甲 = 乙\n"}), encoding="utf-8")
    edit(index, lambda data: data.update(files=compute_checksums(folder)))
    with Index(index) as opened, pytest.raises(IndexStale):
        opened.search("执法")
