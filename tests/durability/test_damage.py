"""Indexes that are damaged, of another format, or no indexes at all: it is noticed, said in one line, and mended."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from answers import Answers, answers
from damage import COMMANDS, LINES, Ran, Run, array_files, columnar_only, data_files, flipped, leaky, regions
from reports import Reports
from storm import leftovers

from searchkit.engines.columnar.commit import read_commit
from searchkit.engines.columnar.writer import FAN_IN
from searchkit.errors import IndexDamaged, IndexForeign, IndexUnusable
from searchkit.index import Index
from searchkit.indexing.build import build
from searchkit.manifest import FORMAT, read_manifest

pytestmark = [
    pytest.mark.usefixtures("in_time"),
    pytest.mark.skipif(os.name == "nt", reason="files that are mapped into memory cannot be changed"),
]


def test_the_index_is_as_it_should_be_for_these_tests(sound: Path, engine: str, run: Run) -> None:
    """Undamaged, the index has several segments and a document that is gone, and each command finds something."""
    *_, measures, facets = answers(sound).counts
    assert (measures > 100, facets) == (True, ("batch",))
    if engine == "columnar":
        commit = read_commit(sound / read_manifest(sound).data)
        assert len(commit.segments) > 1
        assert 0 < int(commit.live.sum()) < len(commit.live)
    for command in COMMANDS:
        assert run(*command, "--index", sound) == Ran(0, "")


# --- files cut short


def test_truncation(index: Path, run: Run) -> None:
    """Of a file that is cut short every command says so in one line that names it, with exit status 3."""
    for path in [*data_files(index), index / "index.json"]:
        content = path.read_bytes()
        size = len(content.rstrip()) if path.name == "index.json" else len(content)  # the line end is nothing of it
        for length in {0, 1, size // 2, size - 1} - {size} if size else set():
            path.write_bytes(content[:length])
            with pytest.raises(IndexDamaged, match=re.escape(str(path))):
                Index(index)
            for command in COMMANDS:
                ran = run(*command, "--index", index)
                assert (ran.status, ran.is_clean) == (3, True), (path.name, length, command, ran.err)
                assert str(path) in ran.err
        path.write_bytes(content)


# --- changed bits


@leaky
def test_check_names_the_file_with_a_changed_bit(index: Path) -> None:
    """One changed bit anywhere in a data file is found by a check, which names the file."""
    chance = random.Random(1)  # noqa: S311 - no secret
    wrong = []
    for path in data_files(index):
        content = path.read_bytes()
        for name, first, end in list(regions(path)) if content else ():
            for _ in range(3):
                path.write_bytes(flipped(content, first, end, chance))
                try:
                    with Index(index) as opened:
                        opened.check()
                    wrong.append(f"{path.name}, {name}: not noticed")
                except IndexDamaged as error:
                    if path.name not in str(error):
                        wrong.append(f"{path.name}, {name}: {error}")
        path.write_bytes(content)
    assert wrong == []


@columnar_only
def test_commands_on_changed_bits(index: Path, run: Run, in_time: Callable[[], None]) -> None:
    """With one changed bit in any array every command ends, with exit status 0, 1 or 3, and says a line at most."""
    chance = random.Random(2)  # noqa: S311 - no secret
    wrong = []
    for path in array_files(index):
        content = path.read_bytes()
        for name, first, end in list(regions(path)):
            in_time()
            path.write_bytes(flipped(content, first, end, chance))
            for command in COMMANDS:
                ran = run(*command, "--index", index)
                if not ran.is_clean:
                    wrong.append(f"{path.name}, {name}: {command[0]} {ran}")
        path.write_bytes(content)
    assert wrong == []


@leaky
def test_changed_bits_in_the_manifest(index: Path, run: Run) -> None:
    """A check finds that a manifest says anything else than what was written; no command is startled by it."""
    chance = random.Random(3)  # noqa: S311 - no secret
    path = index / "index.json"
    content = path.read_bytes()
    wrong = []
    for _ in range(60):
        path.write_bytes(flipped(content, 0, len(content), chance))
        try:
            answers(index)
            if not says_the_same(path.read_bytes(), content):
                wrong.append(difference(path.read_bytes(), content))
        except IndexUnusable as error:
            assert "\n" not in str(error)  # noqa: PT017 - which kind it is depends on the bit
        assert run(*chance.choice(COMMANDS), "--index", index).is_clean
    assert wrong == []


def says_the_same(one: bytes, other: bytes) -> bool:
    """Whether two texts are the same JSON."""
    return bool(json.loads(one) == json.loads(other))


def difference(one: bytes, other: bytes) -> str:
    """The first line in which two texts differ."""
    lines = zip(one.splitlines(), other.splitlines(), strict=False)
    return next((f"{now!r} for {was!r}" for now, was in lines if now != was), "")


# --- builds on what is damaged


@pytest.mark.parametrize("links", [True, False], ids=["links", "no links"])
def test_damage_is_not_built_upon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_time: Callable[[], None], *, links: bool
) -> None:
    """A build on a base with a changed bit makes a right index, or one whose check finds the damage.

    With links it merges the segments of the base. Without, where the file system has none, it copies and keeps them.
    """
    reports = Reports(tmp_path / "reports", random.Random(3), files=0)  # noqa: S311
    base, copy = tmp_path / "base", tmp_path / "copy"
    for _ in range(FAN_IN - 1 if links else 1):
        reports.add(1, LINES)
        build(reports.folder, base)
    reports.add(1, LINES)
    build(reports.folder, tmp_path / "fresh")
    expected, wrong = answers(tmp_path / "fresh"), []
    chance = random.Random(4)  # noqa: S311 - no secret
    monkeypatch.setattr(os, "fsync", lambda _: None)  # for speed
    if not links:
        monkeypatch.setattr(os, "link", no_link)
    for path in (array_files(base)[0], array_files(base)[-1]):
        content = path.read_bytes()
        for name, first, end in regions(path):
            in_time()
            shutil.copytree(base, copy)
            (copy / path.relative_to(base)).write_bytes(flipped(content, first, end, chance))
            if problem := problem_after_build(reports, copy, expected):
                wrong.append(f"{path.name}, {name}: {problem}")
            shutil.rmtree(copy)
    assert wrong == []


def problem_after_build(reports: Reports, index: Path, expected: Answers) -> str | None:
    """What is wrong with an index that is built upon a damaged one and has not been noticed."""
    try:
        build(reports.folder, index)
        return None if answers(index) == expected else "wrong answers, and the check finds nothing"
    except IndexDamaged:
        return None
    except Exception as error:  # noqa: BLE001 - all that can be
        return repr(error)


def no_link(_source: object, _target: object) -> None:
    """Refuse a hard link, as some file systems do."""
    raise PermissionError(1, "Operation not permitted")


# --- other formats, and no index

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
"""A manifest as the first version wrote it."""
FORMAT_2 = {
    **FORMAT_1,
    "files": {"000001.segment": [3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]},
    "format": 2,
    "checksum": "4aa2c3d1a3a9f5f9a4a6f0f2b3e1f0ab0b1f1c9e2f5f2a3b6d3f7b8a9c0d1e2f",
}
"""As the second version wrote it."""
FORMAT_3 = {**FORMAT_2, "measures": 0, "format": 3}
"""As the third version wrote it."""


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A folder with data, for the manifest of something else."""
    folder = tmp_path / "other"
    (folder / "data-000001").mkdir(parents=True)
    (folder / "data-000001" / "000000.segment").write_bytes(b"abc")
    return folder


@pytest.mark.parametrize(
    "manifest",
    [FORMAT_1, FORMAT_2, FORMAT_3, {**FORMAT_1, "format": 99}, {"version": 3, "shards": []}, []],
    ids=["1", "2", "3", "99", "json", "list"],
)
def test_other_formats_are_refused(other: Path, run: Run, manifest: object) -> None:
    """An index of an older or newer format or of another product is refused in one line that says what to do."""
    (other / "index.json").write_text(json.dumps(manifest), encoding="utf-8")
    for command in COMMANDS:
        ran = run(*command, "--index", other)
        assert (ran.status, ran.is_clean) == (3, True)
        assert f"this searchkit reads {FORMAT}" in ran.err
        assert f"searchkit build CORPUS --index {other}" in ran.err
    with pytest.raises(IndexForeign):
        Index(other)


def test_an_empty_folder(tmp_path: Path, run: Run) -> None:
    """A folder with nothing in it is no index: every command says in one line how to make one."""
    for command in COMMANDS:
        ran = run(*command, "--index", tmp_path)
        assert (ran.status, ran.is_clean) == (3, True)
        assert f"no index in {tmp_path}; make one with: searchkit build CORPUS --index {tmp_path}" in ran.err


@pytest.mark.parametrize(
    "manifest", [FORMAT_1, FORMAT_2, FORMAT_3, None], ids=["format 1", "format 2", "format 3", "none"]
)
def test_a_build_makes_it_an_index(other: Path, tmp_path: Path, manifest: object) -> None:
    """An index of an older format and a folder with nothing but data are replaced by a build, and nothing is left."""
    if manifest:
        (other / "index.json").write_text(json.dumps(manifest), encoding="utf-8")
    reports = Reports(tmp_path / "reports", random.Random(3), files=2)  # noqa: S311
    done = build(reports.folder, other)
    assert done.full_because == ("the index had another format" if manifest else None)
    build(reports.folder, tmp_path / "fresh")
    assert answers(other) == answers(tmp_path / "fresh")
    assert leftovers(other) == set()
