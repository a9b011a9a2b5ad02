"""Tests of builds that die at each of their disk operations in turn, by a kill or by a simulated power cut."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Callable
from itertools import accumulate, count
from pathlib import Path

import pytest
from answers import QUERIES, Answers, read_answers
from dying import dies_at
from reports import Reports
from storm import find_leftovers

from searchkit.engines.columnar.writer import MERGE_FACTOR
from searchkit.errors import IndexMissing
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, build
from searchkit.manifest import STATE_FILE, read_manifest, verify_checksums

pytestmark = [
    pytest.mark.skipif(
        not (hasattr(os, "fork") and sys.platform == "linux"), reason="needs fork and the file semantics of Linux"
    ),
    pytest.mark.filterwarnings(
        "ignore:.*multi-threaded.*fork:DeprecationWarning"
    ),  # the threads of NumPy, which are idle
]

MAX_OPERATIONS = 150
"""Maximum number of disk operations at which `die_at_each_operation` lets a build die. If more are needed, it fails."""


@pytest.fixture
def reports(tmp_path: Path) -> Reports:
    """Return a folder of three reports."""
    return Reports(tmp_path / "reports", random.Random(3), files=3)  # noqa: S311


def build_fresh(reports: Reports, engine: str, folder: Path) -> Answers:
    """Return the answers of an index that is built from scratch in `folder`."""
    build(reports.folder, folder, BuildOptions(engine))
    return read_answers(folder)


Known = dict[object, Answers]
"""Answers of indexes by the contents of their manifests: names and checksums of files, counts, and facets."""


def read_known_answers(index: Path, known: Known) -> Answers:
    """Verify the checksums of an index, search it, and return its answers.

    Indexes with the same committed files have the same answers, which are collected once and kept in `known`. But each
    index is opened and searched, because what a dead build has left lies beside the committed files.
    """
    manifest = read_manifest(index)
    verify_checksums(index, manifest)
    # Only builds read this file, which contains the time of the build.
    files = sorted(item for item in manifest.files.items() if item[0] != STATE_FILE)
    key = (*files, manifest.documents, manifest.paragraphs, manifest.measures, manifest.facets)
    if key not in known:
        known[key] = read_answers(index)
    (query, _), *_ = QUERIES
    with Index(index) as opened:
        hits = opened.search(query, limit=None, explain=True).hits
    assert hits == known[key].results[0].hits
    return known[key]


def current_commit(index: Path) -> bytes | None:
    """Return a value that identifies the current commit of an index, None if there is no commit."""
    manifest = index / "index.json"
    return manifest.read_bytes() if manifest.exists() else None


Check = Callable[[Path, bool], None]
"""Checks an index, and is told whether it has a new commit."""


def die_at_each_operation(
    index: Path, work: Callable[[Path], object], after_kill: Check, after_power_cut: Check, stride: int = 1
) -> None:
    """Let `work` die at its disk operations, each time on a copy of the index, and check what it leaves.

    What a kill leaves at that moment is checked, and what a power cut leaves. Before each of the tried operations, 0 to
    `stride` - 1 operations are passed over, at random.
    """
    commits: list[tuple[bool, bool]] = []  # for each disk operation, whether a kill and a power cut left a new commit
    before, killed = current_commit(index), index.with_name("killed")
    rng = random.Random(stride)  # noqa: S311 - no secret
    for operation in accumulate(rng.randint(1, stride) for _ in range(MAX_OPERATIONS)):
        copy = Path(shutil.copytree(index, index.with_name(f"copy-{operation}")))
        if not dies_at(operation, copy, lambda: work(copy), killed):  # noqa: B023 - called at once
            break
        commits.append((current_commit(killed) != before, current_commit(copy) != before))
        after_kill(killed, commits[-1][0])
        after_power_cut(copy, commits[-1][1])
        for folder in (copy, killed):
            shutil.rmtree(folder)
    else:
        pytest.fail(f"more than {MAX_OPERATIONS} operations")
    for is_new_commit in zip(*commits, strict=True):
        assert [*is_new_commit] == sorted(is_new_commit), "a commit disappeared"
        assert is_new_commit.count(False) > 10
        assert is_new_commit.count(True) > 0


@pytest.mark.parametrize(("engine", "stride"), [("columnar", 1), ("whoosh", 5)])
def test_an_update_that_dies(reports: Reports, tmp_path: Path, engine: str, stride: int) -> None:
    """Wherever an update dies, the index is complete, old or new.

    After a power cut, the next build completes the update. Whoosh has far more disk operations. About a third of them
    is tried.
    """
    index, options = tmp_path / "index", BuildOptions(engine)
    for _ in range(MERGE_FACTOR - 1):  # so that segments are merged as well
        build(reports.folder, index, options)
        reports.add(1, lines=8)
    old = read_answers(index)
    min(reports.folder.iterdir()).unlink()
    new = build_fresh(reports, engine, tmp_path / "new")
    known: Known = {}

    def check(copy: Path, is_new: bool) -> None:  # noqa: FBT001
        """Check the old or the new answers."""
        assert read_known_answers(copy, known) == (new if is_new else old)

    def check_and_build(copy: Path, is_new: bool) -> None:  # noqa: FBT001
        """Check the answers, and the next build. After kills, which leave more files, `storm.py` tests that build."""
        check(copy, is_new)
        build(reports.folder, copy, options)
        assert read_known_answers(copy, known) == new
        assert find_leftovers(copy) == set()

    die_at_each_operation(index, lambda copy: build(reports.folder, copy, options), check, check_and_build, stride)


def test_a_first_build_that_dies(reports: Reports, tmp_path: Path) -> None:
    """Wherever a first build dies, there is no index or a complete one. After a power cut, the next build succeeds.

    About two thirds of the disk operations are tried, because an update has the same ones, and its test tries all.
    """
    (tmp_path / "index").mkdir()
    new = build_fresh(reports, "columnar", tmp_path / "new")
    known: Known = {}

    def check(copy: Path, is_new: bool) -> None:  # noqa: FBT001
        """Check that there is no index or a complete one."""
        if is_new:
            assert read_known_answers(copy, known) == new
        else:
            with pytest.raises(IndexMissing):
                read_answers(copy)

    def check_and_build(copy: Path, is_new: bool) -> None:  # noqa: FBT001
        """Check the index, and that the next build succeeds."""
        check(copy, is_new)
        build(reports.folder, copy)
        assert read_known_answers(copy, known) == new
        assert find_leftovers(copy) == set()

    die_at_each_operation(
        tmp_path / "index", lambda copy: build(reports.folder, copy), check, check_and_build, stride=2
    )


def test_an_undone_change_after_a_dead_build(reports: Reports, tmp_path: Path) -> None:
    """If a change is undone after a build died at its commit, the next build only removes the remains."""
    index = tmp_path / "index"
    build(reports.folder, index)
    before = read_answers(index)
    (reports.folder / "new.txt").write_text("新的内容。", encoding="utf-8")
    # The new manifest exists during two operations, its sync and its renaming, so it suffices to try every second one.
    for operation in count(2, 2):
        assert dies_at(operation, index, lambda: build(reports.folder, index))
        if (index / "index.json.new").exists():
            break
    (reports.folder / "new.txt").unlink()
    assert build(reports.folder, index).files == 0
    assert read_answers(index) == before
    assert find_leftovers(index) == set()
