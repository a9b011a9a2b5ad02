"""Tests of reports that are moved, renamed, touched or replaced by older copies: the next build finds what has changed.

Tests with the fixture `_times` run twice: with times as precise as the file system stores them, and with times in steps
of two seconds.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from oracle import State, differences, make_lines, make_state

import searchkit
from searchkit.corpus.walk import Stamp

_STEP = 2_000_000_000
"""Resolution of the times of a coarse file system, in nanoseconds."""
LONG_AGO = 1_600_000_000
"""A modification time long before all builds, in seconds."""


@pytest.fixture(params=["fine times", "coarse times"])
def _times(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Times of files as the file system stores them: in nanoseconds, or in steps of two seconds."""
    if request.param == "fine times":
        return

    def coarse(status: os.stat_result) -> Stamp:
        modified, changed = (time // _STEP * _STEP for time in (status.st_mtime_ns, status.st_ctime_ns))
        return Stamp(status.st_size, modified, changed, status.st_ino)

    monkeypatch.setattr(Stamp, "of", coarse)


@pytest.fixture
def state() -> State:
    """The reports before the change. All files have the same size."""
    return State({f"{n}.txt": same_size(n) for n in range(4)})


def same_size(seed: int) -> tuple[str, ...]:
    """Return paragraphs that have the same length for all seeds."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    return tuple("".join(rng.choices(("执法检查", "普法宣传", "行政处罚", "案件培训"), k=5)) + "。" for _ in range(4))


def rename(folder: Path, state: State) -> State:
    """Rename a report. Return the reports of the changed folder, as all functions of `CHANGES` do."""
    (folder / "0.txt").rename(folder / "9.txt")
    files = dict(state.files)
    return State({"9.txt": files.pop("0.txt"), **files})


def swap(folder: Path, state: State) -> State:
    """Exchange the names of two reports."""
    (folder / "0.txt").rename(folder / "x")
    (folder / "1.txt").rename(folder / "0.txt")
    (folder / "x").rename(folder / "1.txt")
    return State({**state.files, "0.txt": state.files["1.txt"], "1.txt": state.files["0.txt"]})


def move(folder: Path, state: State) -> State:
    """Move the report 0.txt to the folder `a`, and the report 1.txt to a folder that is named 1.txt."""
    (folder / "a").mkdir()
    (folder / "0.txt").rename(folder / "a" / "0.txt")
    (folder / "1.txt").rename(folder / "x")
    (folder / "1.txt").mkdir()
    (folder / "x").rename(folder / "1.txt" / "1.txt")
    files = dict(state.files)
    return State({"a/0.txt": files.pop("0.txt"), "1.txt/1.txt": files.pop("1.txt"), **files})


def touch(folder: Path, state: State) -> State:
    """Give three reports times in the past and in the future."""
    for name, time in (("0.txt", 0), ("1.txt", LONG_AGO), ("2.txt", 4_000_000_000)):
        os.utime(folder / name, (time, time))
    return state


def rewrite(folder: Path, state: State) -> State:
    """Replace the content of a report by another content of the same size."""
    new = State({**state.files, "0.txt": same_size(10)})
    new.write(folder)
    return new


def rewrite_and_keep_time(folder: Path, state: State) -> State:
    """Rewrite a report as `rewrite` does, and restore its modification time, as some editors and synchronisers do."""
    status = (folder / "0.txt").stat()
    new = rewrite(folder, state)
    os.utime(folder / "0.txt", ns=(status.st_atime_ns, status.st_mtime_ns))
    return new


def replace_by_older_copy(folder: Path, state: State) -> State:
    """Replace two reports by others of the same size and with an old time: one as `cp -p` does, one as `mv` does."""
    new = State({**state.files, "0.txt": same_size(10), "1.txt": same_size(11)})
    other = folder.with_name("older")
    new.write(other)
    for name in ("0.txt", "1.txt"):
        os.utime(other / name, (LONG_AGO, LONG_AGO))
    shutil.copy2(other / "0.txt", folder / "0.txt")
    (other / "1.txt").replace(folder / "1.txt")
    return new


def replace_by_link(folder: Path, state: State) -> State:
    """Replace a report by a hard link to another one."""
    (folder / "0.txt").unlink()
    (folder / "0.txt").hardlink_to(folder / "1.txt")
    return State({**state.files, "0.txt": state.files["1.txt"]})


def remove_and_restore(folder: Path, state: State) -> State:
    """Remove two reports, and write them again with an old time: one with its old content, one with another."""
    for name, seed in (("0.txt", 0), ("1.txt", 12)):
        (folder / name).unlink()
        State({**state.files, name: same_size(seed)}).write(folder)
        os.utime(folder / name, (LONG_AGO, LONG_AGO))
    new = State({**state.files, "1.txt": same_size(12)})
    new.write(folder)
    return new


def change_case(folder: Path, state: State) -> State:
    """Change the case of the suffix of a report."""
    (folder / "0.txt").rename(folder / "0.TXT")
    files = dict(state.files)
    return State({"0.TXT": files.pop("0.txt"), **files})


CHANGES = (
    *(rename, swap, move, touch, rewrite, rewrite_and_keep_time, replace_by_older_copy, replace_by_link),
    *(remove_and_restore, change_case),
)


@pytest.mark.usefixtures("_times")
@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("is_old", [False, True], ids=["just written", "long there"])
def test_the_next_build_finds_the_change(
    tmp_path: Path, state: State, change: Callable[[Path, State], State], *, is_old: bool
) -> None:
    """After a change of the corpus and a build, the index answers from the new reports.

    `is_old`: whether the modification times of the reports are old when the index is first built.
    """
    folder, index = tmp_path / "corpus", tmp_path / "index"
    state.write(folder)
    if is_old:
        for path in folder.iterdir():
            os.utime(path, (LONG_AGO, LONG_AGO))
    searchkit.build(folder, index)
    assert differences(index, state) == []
    new = change(folder, state)
    searchkit.build(folder, index)
    assert differences(index, new) == []


@pytest.mark.usefixtures("_times")
def test_many_changes_in_a_row(tmp_path: Path, moves: Iterator[State]) -> None:
    """After each of many builds without a pause between them, the index answers from the reports of that build."""
    for state in moves:
        state.write(tmp_path / "corpus")
        searchkit.build(tmp_path / "corpus", tmp_path / "index")
        assert differences(tmp_path / "index", state) == []


@pytest.fixture
def moves() -> Iterator[State]:
    """Twelve states, each a change of the one before."""
    rng = random.Random(1)  # noqa: S311 - no secret
    state = make_state(rng)

    def follow() -> Iterator[State]:
        current = state
        for _ in range(12):
            yield current
            current = current.changed(rng, 2)
            name = min(current.files)
            current = State({**current.files, name: make_lines(rng)})

    return follow()


def test_a_corpus_that_moves(tmp_path: Path, state: State) -> None:
    """A build from a copy of the corpus at another path changes no answer.

    If the copy is then moved to the path of the original and a report is changed, a build finds the change.
    """
    old, new, index = tmp_path / "old", tmp_path / "new", tmp_path / "index"
    state.write(old)
    searchkit.build(old, index)
    shutil.copytree(old, new)
    searchkit.build(new, index)
    assert differences(index, state) == []
    old.rename(tmp_path / "x")
    new.rename(old)
    other = State({**state.files, "0.txt": same_size(20)})
    other.write(old)
    searchkit.build(old, index)
    assert differences(index, other) == []
