"""Builds that die at each of their steps on disk, by a kill or by a power cut, one after the other."""

from __future__ import annotations

import os
import random
import shutil
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from answers import Answers, answers
from dying import dies_at
from reports import Reports
from storm import leftovers

from searchkit.engines.columnar.writer import FAN_IN
from searchkit.errors import IndexMissing
from searchkit.indexing.build import BuildOptions, build

pytestmark = [
    pytest.mark.skipif(not (hasattr(os, "fork") and sys.platform == "linux"), reason="needs fork and Linux's files"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),  # NumPy's threads, which sleep
]

MAX_STEPS = 150


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put nothing on disk in earnest: no power is going to be cut."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def reports(tmp_path: Path) -> Reports:
    """Some reports."""
    return Reports(tmp_path / "reports", random.Random(3), files=3)  # noqa: S311


def afresh(reports: Reports, engine: str, folder: Path) -> Answers:
    """What an index answers that is built from nothing."""
    build(reports.folder, folder, BuildOptions(engine))
    return answers(folder)


def state(index: Path) -> bytes | None:
    """Which commit an index is at, None if there is none."""
    manifest = index / "index.json"
    return manifest.read_bytes() if manifest.exists() else None


def die_everywhere(
    index: Path, work: Callable[[Path], object], judge: Callable[[Path, bool], None], **how: bool
) -> None:
    """Let work on copies of an index die at every step, and judge each copy and whether it has a new commit."""
    seen = []
    before = state(index)
    for step in count(1):
        copy = Path(shutil.copytree(index, index.with_name(f"copy-{step}")))
        if not dies_at(step, copy, lambda: work(copy), **how):  # noqa: B023 - called at once
            break
        seen.append(state(copy) != before)
        judge(copy, seen[-1])
        shutil.rmtree(copy)
        assert step < MAX_STEPS
    assert seen == sorted(seen), "a commit was there and then was not"
    assert seen.count(False) > 10
    assert seen.count(True) > 0


@pytest.mark.parametrize(("engine", "power_cut"), [("columnar", False), ("columnar", True), ("whoosh", True)])
def test_a_build_in_steps(reports: Reports, tmp_path: Path, engine: str, *, power_cut: bool) -> None:
    """Whichever step is its last, the index is the old one or the new one, whole, and the next build does the rest."""
    index, options = tmp_path / "index", BuildOptions(engine)
    for _ in range(FAN_IN - 1):  # so that segments are merged, too
        build(reports.folder, index, options)
        reports.add(1, lines=8)
    old = answers(index)
    min(reports.folder.iterdir()).unlink()
    new = afresh(reports, engine, tmp_path / "new")

    def judge(copy: Path, is_new: bool) -> None:  # noqa: FBT001
        assert answers(copy) == (new if is_new else old)
        if power_cut:  # what a kill leaves is more of the same, and the storm goes on from it
            build(reports.folder, copy, options)
            assert answers(copy) == new
            assert leftovers(copy) == set()

    die_everywhere(index, lambda copy: build(reports.folder, copy, options), judge, power_cut=power_cut)


def test_the_first_build(reports: Reports, tmp_path: Path) -> None:
    """Whichever step of a first build is its last, there is no index or a whole one; the next build does the rest."""
    (tmp_path / "index").mkdir()
    new = afresh(reports, "columnar", tmp_path / "new")

    def judge(copy: Path, is_new: bool) -> None:  # noqa: FBT001
        if is_new:
            assert answers(copy) == new
        else:
            with pytest.raises(IndexMissing):
                answers(copy)
        build(reports.folder, copy)
        assert answers(copy) == new
        assert leftovers(copy) == set()

    die_everywhere(tmp_path / "index", lambda copy: build(reports.folder, copy), judge, power_cut=True)


def test_what_was_to_be_committed_is_not_any_more(reports: Reports, tmp_path: Path) -> None:
    """When the corpus is as it was before a build that died at its commit, the next one has only to clean up."""
    index = tmp_path / "index"
    build(reports.folder, index)
    before = answers(index)
    (reports.folder / "new.txt").write_text("新的内容。", encoding="utf-8")
    for step in count(1):
        assert dies_at(step, index, lambda: build(reports.folder, index))
        if (index / "index.json.new").exists():
            break
    (reports.folder / "new.txt").unlink()
    assert build(reports.folder, index).files == 0
    assert answers(index) == before
    assert leftovers(index) == set()
