"""Tests of damaged, foreign and missing indexes: they are detected, reported in one line, and replaced by a build."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pytest
from answers import Answers, collect_answers, read_answers
from damage import (
    COMMANDS,
    LINES,
    CommandResult,
    RunCommand,
    array_files,
    columnar_only,
    data_files,
    flip_bit,
    opens_damaged_files,
    regions,
)
from reports import Reports
from storm import find_leftovers

from searchkit.engines.columnar.arrays import Array, ArrayFile, pack_json, write_arrays
from searchkit.engines.columnar.commit import read_commit
from searchkit.engines.columnar.writer import MERGE_FACTOR
from searchkit.errors import IndexDamaged, IndexForeign, IndexUnusable
from searchkit.index import Index
from searchkit.indexing.build import build
from searchkit.manifest import FORMAT_VERSION, SUGGESTIONS_FILE, _replace_manifest, compute_checksums, read_manifest

pytestmark = [
    pytest.mark.usefixtures("timeout"),
    pytest.mark.skipif(os.name == "nt", reason="memory-mapped files cannot be changed"),
]


def set_one(array: Array) -> Array:
    """Return a copy whose middle element has the highest value of the type."""
    changed = array.copy()
    changed[len(array) // 2] = np.iinfo(array.dtype).max
    return changed


CHANGES: tuple[Callable[[Array], Array], ...] = (
    lambda array: np.full_like(array, np.iinfo(array.dtype).max),
    np.zeros_like,
    lambda array: array[: len(array) // 2],
    lambda array: np.tile(array, 3),
    lambda array: np.random.default_rng(1).permutation(array),
    set_one,
)
"""Changes of an array: of all values, of its length, of its order, and of one value."""


def test_the_intact_index_suits_these_tests(intact_index: Path, engine: str, run: RunCommand) -> None:
    """The intact index has several segments and deleted documents, and every command succeeds on it."""
    *_, measures, facets = read_answers(intact_index).counts
    assert (measures > 100, facets) == (True, ("batch",))
    if engine == "columnar":
        commit = read_commit(intact_index / read_manifest(intact_index).data)
        assert len(commit.segments) > 1
        assert 0 < int(commit.live_documents.sum()) < len(commit.live_documents)
    for command in COMMANDS:
        assert run(*command, "--index", intact_index) == CommandResult(0, "")


# --- truncated files


def test_truncated_files_are_reported(index: Path, run: RunCommand) -> None:
    """If a file is truncated, every command reports it in one line that names the file, with exit status 3."""
    for path in [*data_files(index), index / "index.json"]:
        content = path.read_bytes()
        size = (
            len(content.rstrip()) if path.name == "index.json" else len(content)
        )  # the final line feed is not significant
        for length in {0, 1, size // 2, size - 1} - {size} if size else set():
            path.write_bytes(content[:length])
            with pytest.raises(IndexDamaged, match=re.escape(str(path))):
                Index(index)
            for command in COMMANDS:
                result = run(*command, "--index", index)
                assert (result.status, result.is_clean) == (3, True), (path.name, length, command, result.err)
                assert str(path) in result.err
        path.write_bytes(content)


# --- flipped bits


@opens_damaged_files
def test_a_check_detects_flipped_bits(index: Path) -> None:
    """A check detects a flipped bit in each region of each data file, and names the file."""
    rng = random.Random(1)  # noqa: S311 - no secret
    failures = []
    for path in data_files(index):
        content = path.read_bytes()
        for name, start, end in list(regions(path)) if content else ():
            for _ in range(3):
                path.write_bytes(flip_bit(content, start, end, rng))
                try:
                    with Index(index) as opened:
                        opened.check()
                    failures.append(f"{path.name}, {name}: not detected")
                except IndexDamaged as error:
                    if path.name not in str(error):
                        failures.append(f"{path.name}, {name}: {error}")
        path.write_bytes(content)
    assert failures == []


@columnar_only
def test_commands_survive_flipped_bits(index: Path, run: RunCommand, timeout: Callable[[], None]) -> None:
    """With a flipped bit in a file of arrays, a command ends with exit status 0, 1 or 3 and at most one line of errors.

    A bit is flipped in each region of each such file. One command is then run, which is the next of `COMMANDS`.
    `make tampering` damages thousands of copies.
    """
    rng = random.Random(2)  # noqa: S311 - no secret
    failures = []
    turns = cycle(COMMANDS)
    for path in array_files(index):
        content = path.read_bytes()
        for name, start, end in list(regions(path)):
            timeout()
            path.write_bytes(flip_bit(content, start, end, rng))
            command = next(turns)
            result = run(*command, "--index", index)
            if not result.is_clean:
                failures.append(f"{path.name}, {name}: {command[0]} {result}")
        path.write_bytes(content)
    assert failures == []


@columnar_only
def test_flipped_bits_change_no_answer(index: Path, timeout: Callable[[], None]) -> None:
    """With a flipped bit in a region of a data file, the answers are the same, or IndexDamaged names the file."""

    def answers() -> Answers:
        with Index(index) as opened:
            opened.suggest("z")
            return collect_answers(opened)

    rng, expected, results = random.Random(5), answers(), Counter[str]()  # noqa: S311 - no secret
    for path in data_files(index):
        content = path.read_bytes()
        for name, start, end in list(regions(path)) if content else ():
            timeout()
            path.write_bytes(flip_bit(content, start, end, rng))
            try:
                results["same" if answers() == expected else f"{path.name}, {name}: other answers"] += 1
            except IndexDamaged as error:
                results["damaged" if path.name in str(error) else f"{path.name}, {name}: {error}"] += 1
        path.write_bytes(content)
    assert set(results) == {"same", "damaged"}
    assert results["damaged"] > results["same"]


@columnar_only
def test_crafted_arrays_give_answers_or_damage(index: Path, timeout: Callable[[], None]) -> None:
    """An index with a changed array and correct checksums returns answers or raises IndexDamaged.

    Each non-empty array of the largest file is changed, one at a time, by the next of `CHANGES`.
    """
    failures: list[str] = []
    path = max(array_files(index), key=lambda item: item.stat().st_size)
    content, manifest_content = path.read_bytes(), (index / "index.json").read_bytes()
    manifest, stored = read_manifest(index), ArrayFile(path)
    arrays = {name: stored[name] for name in stored._directory if name != "block_checksums"}
    full = [(name, array) for name, array in arrays.items() if len(array)]
    for (name, array), change in zip(full, cycle(CHANGES), strict=False):
        timeout()
        path.unlink()
        write_arrays(path, {**arrays, name: change(array)})
        _replace_manifest(index, replace(manifest, files=compute_checksums(path.parent)))
        try:
            with Index(index) as opened:
                collect_answers(opened)
        except IndexDamaged:
            pass
        except Exception as error:  # noqa: BLE001 - any other exception is a failure
            failures.append(f"{name}: {error!r}")
        path.write_bytes(content)
        (index / "index.json").write_bytes(manifest_content)
    assert failures == []


@columnar_only
def test_a_crafted_commit_is_damage(index: Path) -> None:
    """A commit without segments is damage, and so is one without exactly one live flag and one rank per document."""
    manifest = read_manifest(index)
    (path,) = (path for path in array_files(index) if path.suffix == ".arrays")
    stored = ArrayFile(path)
    arrays = {name: stored[name] for name in stored._directory if name != "block_checksums"}
    documents = ("live_documents", "ranks")
    for changed in (
        {"segments": pack_json([])},
        {"live_documents": np.tile(arrays["live_documents"], 3)},
        {"ranks": arrays["ranks"][:-1]},
        {name: arrays[name][:-1] for name in documents},
        {name: np.tile(arrays[name], 3) for name in documents},
    ):
        path.unlink()
        write_arrays(path, {**arrays, **changed})
        _replace_manifest(index, replace(manifest, files=compute_checksums(path.parent)))
        for ask in (lambda opened: [*opened.documents()], lambda opened: opened.compare("立案")):
            with pytest.raises(IndexDamaged), Index(index) as opened:
                ask(opened)


def test_crafted_suggestions_are_damage(index: Path) -> None:
    """A file of suggestions of another form is damage although its checksum is right: its use raises IndexDamaged."""
    manifest = read_manifest(index)
    path = index / manifest.data / SUGGESTIONS_FILE
    path.write_bytes(path.read_bytes().replace(b"\tword\t", b" word "))  # all offsets stay right
    _replace_manifest(index, replace(manifest, files=compute_checksums(path.parent)))
    with Index(index) as opened, pytest.raises(IndexDamaged):
        opened.search("执发检查")


@columnar_only
@pytest.mark.parametrize(
    ("name", "content"),
    [
        *((name, []) for name in ("aliases.json", "extras.json", "problems.json")),
        ("aliases.json", {"values": 1}),
        ("extras.json", {"indicators": {"words": [[1]], "measures": []}}),
        ("problems.json", {"problems": [1]}),
        ("problems.json", {"duplicates": 1}),
    ],
    ids=str,
)
def test_crafted_json_is_damage(index: Path, name: str, content: object) -> None:
    """A JSON file of another form than the build writes is damage, although its checksum is correct."""
    manifest = read_manifest(index)
    path = index / manifest.data / name
    content = {**json.loads(path.read_bytes()), **content} if isinstance(content, dict) else content
    path.write_text(json.dumps(content), encoding="utf-8")
    _replace_manifest(index, replace(manifest, files=compute_checksums(path.parent)))
    with pytest.raises(IndexDamaged, match="build it again"):
        read_all_json(index)


def read_all_json(index: Path) -> None:
    """Run calls that together read aliases.json, extras.json and problems.json."""
    with Index(index) as opened:
        opened.search("2023年执法")
        opened.measures("执法")
        opened.problems()
        opened.duplicates()


@opens_damaged_files
def test_verification_finds_damage_that_no_query_reads(index: Path, run: RunCommand) -> None:
    """`verify`, `verify_in_background` and the option `--verify` read all files. `verified` says what was verified."""
    path = index / read_manifest(index).data / "files.json"  # only builds read it
    content = path.read_bytes()
    with Index(index) as opened:
        assert (opened.verified, opened.info()["verified"]) == ("read", "read")
        opened.verify_in_background()
        wait_until(lambda: opened.verified == "all")
    path.write_bytes(flip_bit(content, 0, len(content), random.Random(6)))  # noqa: S311 - no secret
    assert run("search", "执法", "--index", index).status == 0
    for command in ("search", "measures", "compare"):
        result = run(command, "执法", "--verify", "--index", index)
        assert (result.status, result.is_clean) == (3, True)
        assert str(path) in result.err
    with pytest.raises(IndexDamaged, match=r"files\.json"):
        Index(index, verify=True)
    with Index(index) as opened:
        opened.verify_in_background()
        wait_until(lambda: opened.verified == "damaged")
        assert opened.search("执法").total > 0


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds, or fail."""
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("the condition never held")


@opens_damaged_files
def test_flipped_bits_in_the_manifest_are_detected(index: Path, run: RunCommand) -> None:
    """A check detects a flipped bit in the manifest unless the JSON is the same; no command reports a bug."""
    rng = random.Random(3)  # noqa: S311 - no secret
    path = index / "index.json"
    content = path.read_bytes()
    failures = []
    for _ in range(60):
        path.write_bytes(flip_bit(content, 0, len(content), rng))
        try:
            read_answers(index)
            if not is_same_json(path.read_bytes(), content):
                failures.append(difference(path.read_bytes(), content))
        except IndexUnusable as error:
            assert "\n" not in str(error)  # noqa: PT017 - the subclass depends on the bit
        assert run(*rng.choice(COMMANDS), "--index", index).is_clean
    assert failures == []


def is_same_json(one: bytes, other: bytes) -> bool:
    """Return whether two texts are equal as JSON."""
    return bool(json.loads(one) == json.loads(other))


def difference(one: bytes, other: bytes) -> str:
    """Return the first line of each of two texts in which they differ, or an empty string."""
    lines = zip(one.splitlines(), other.splitlines(), strict=False)
    return next((f"{now!r} for {was!r}" for now, was in lines if now != was), "")


# --- updates of damaged indexes


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_an_update_does_not_hide_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, timeout: Callable[[], None], *, links: bool
) -> None:
    """An update of an index with a flipped bit raises IndexDamaged or writes an index that is correct or fails a check.

    With hard links the update merges the old segments. Without hard links, as on some file systems, the update copies
    and keeps the old segments. Each case flips a bit in every second region of the first and the last file of arrays,
    one at a time.
    """
    reports = Reports(tmp_path / "reports", random.Random(3), files=0)  # noqa: S311
    base, copy = tmp_path / "base", tmp_path / "copy"
    for _ in range(MERGE_FACTOR - 1 if links else 1):
        reports.add(1, LINES)
        build(reports.folder, base)
    reports.add(1, LINES)
    build(reports.folder, tmp_path / "fresh")
    expected, failures = read_answers(tmp_path / "fresh"), []
    rng = random.Random(4)  # noqa: S311 - no secret
    if not links:
        monkeypatch.setattr(os, "link", refuse_link)
    for path in (array_files(base)[0], array_files(base)[-1]):
        content = path.read_bytes()
        for name, start, end in islice(regions(path), int(links), None, 2):
            timeout()
            shutil.copytree(base, copy)
            (copy / path.relative_to(base)).write_bytes(flip_bit(content, start, end, rng))
            if problem := update_damaged(reports, copy, expected):
                failures.append(f"{path.name}, {name}: {problem}")
            shutil.rmtree(copy)
    assert failures == []


def update_damaged(reports: Reports, index: Path, expected: Answers) -> str | None:
    """Update a damaged index. Returns what is wrong, or None if the result is correct or the damage is detected."""
    try:
        build(reports.folder, index)
        return None if read_answers(index) == expected else "wrong answers that the check does not detect"
    except IndexDamaged:
        return None
    except Exception as error:  # noqa: BLE001 - any other exception is a failure
        return repr(error)


def refuse_link(_source: object, _target: object) -> None:
    """Refuse to create a hard link, as some file systems do."""
    raise PermissionError(1, "Operation not permitted")


# --- other formats and missing indexes

FORMAT_1 = {
    "engine": "columnar",
    "analyzer": "0123456789abcdef",
    "data": "data-000001",
    "built": "2024-06-01T12:00:00+00:00",
    "corpus": "corpus",
    "documents": 1,
    "paragraphs": 1,
    "facets": [],
    "files": {"000000.segment": [3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]},
    "format": 1,
}
"""A manifest of format 1."""
FORMAT_2 = {
    **FORMAT_1,
    "files": {"000001.segment": [3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]},
    "format": 2,
    "checksum": "4aa2c3d1a3a9f5f9a4a6f0f2b3e1f0ab0b1f1c9e2f5f2a3b6d3f7b8a9c0d1e2f",
}
"""A manifest of format 2."""
FORMAT_3 = {**FORMAT_2, "measures": 0, "format": 3}
"""A manifest of format 3."""


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Return a folder with a data folder and no manifest."""
    folder = tmp_path / "other"
    (folder / "data-000001").mkdir(parents=True)
    (folder / "data-000001" / "000000.segment").write_bytes(b"abc")
    return folder


@pytest.mark.parametrize(
    "manifest",
    [FORMAT_1, FORMAT_2, FORMAT_3, {**FORMAT_1, "format": 99}, {"version": 3, "shards": []}, []],
    ids=["1", "2", "3", "99", "json", "list"],
)
def test_other_formats_are_refused(other: Path, run: RunCommand, manifest: object) -> None:
    """A folder whose index.json has another format, or is not that of searchkit, is refused in one line.

    The line says what to do.
    """
    (other / "index.json").write_text(json.dumps(manifest), encoding="utf-8")
    for command in COMMANDS:
        result = run(*command, "--index", other)
        assert (result.status, result.is_clean) == (3, True)
        assert f"this searchkit reads {FORMAT_VERSION}" in result.err
        assert f"searchkit build CORPUS --index {other}" in result.err
    with pytest.raises(IndexForeign):
        Index(other)


def test_an_empty_folder_is_not_an_index(tmp_path: Path, run: RunCommand) -> None:
    """On an empty folder, every command reports in one line how to create an index."""
    for command in COMMANDS:
        result = run(*command, "--index", tmp_path)
        assert (result.status, result.is_clean) == (3, True)
        assert f"no index in {tmp_path}; build one with: searchkit build CORPUS --index {tmp_path}" in result.err


@pytest.mark.parametrize(
    "manifest", [FORMAT_1, FORMAT_2, FORMAT_3, None], ids=["format 1", "format 2", "format 3", "none"]
)
def test_a_build_replaces_older_formats(other: Path, tmp_path: Path, manifest: object) -> None:
    """A build replaces an index of an older format or a data folder without a manifest, and leaves no other files."""
    if manifest:
        (other / "index.json").write_text(json.dumps(manifest), encoding="utf-8")
    reports = Reports(tmp_path / "reports", random.Random(3), files=2)  # noqa: S311
    report = build(reports.folder, other)
    assert report.full_because == ("the index had another format" if manifest else None)
    build(reports.folder, tmp_path / "fresh")
    assert read_answers(other) == read_answers(tmp_path / "fresh")
    assert find_leftovers(other) == set()
