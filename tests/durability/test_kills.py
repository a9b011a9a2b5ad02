"""Tests of killed builds: they leave the old or the new index, and the next build succeeds."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from answers import read_answers
from marked import MARK_VARIABLE, find_processes, find_workers, kill_leftovers, new_mark
from reports import Reports
from storm import CHANGES, Storm, find_leftovers

from searchkit.indexing.build import build
from searchkit.manifest import read_manifest

pytestmark = pytest.mark.skipif(
    not (hasattr(signal, "SIGKILL") and Path("/proc/self/stat").exists()),
    reason="needs SIGKILL, fork, and /proc to list processes",
)


def test_killed_builds_lose_nothing(tmp_path: Path) -> None:
    """Builds killed at several stages lose no data, and the next build removes what they leave.

    `storm.py` describes the checks.
    """
    storm = Storm(tmp_path, seed=5, files=20)
    # A point at which to kill, for each of `CHANGES`. Only a build after the last one, small commits, merges segments.
    for change, kill_point in zip(CHANGES, ("new manifest", "writing", "any moment", "merging"), strict=True):
        storm.round(change, kill_point, kills=2)
    assert storm.counts.broken == []
    assert storm.counts.kills >= 2  # on a busy machine a build may end before it is killed
    assert storm.counts.merges == 1


def test_the_storm_detects_violations(tmp_path: Path) -> None:
    """`Storm` counts a lost commit, a damaged index, leftover files in the folder, and surviving processes."""
    storm = Storm(tmp_path, seed=5, files=20)
    storm._reports.change(3)  # the index is not built again, as if the commit of this change were lost
    storm._expect(storm._build_fresh())
    storm._check_answers()
    assert storm.counts.commits_lost == 1
    (storm.index / "data-000099").mkdir()
    storm._check_folder()
    assert storm.counts.leftovers == 1
    extras = storm.index / read_manifest(storm.index).data / "extras.json"
    extras.write_bytes(extras.read_bytes().replace(b"{", b"[", 1))
    storm._check_answers()
    assert storm.counts.damaged == 1
    mark = new_mark()
    waiting = [sys.executable, "-c", "input()"]
    with subprocess.Popen(waiting, stdin=subprocess.PIPE, env={**os.environ, MARK_VARIABLE: mark}) as process:
        wait_until(lambda: find_processes(mark).keys() == {process.pid})
        storm._check_processes(mark)
    assert (process.returncode, find_processes(mark)) == (-signal.SIGKILL, {})
    assert storm.counts.processes_left == 1
    storm._check_processes(mark)
    assert len(storm.counts.broken) == 4


def test_workers_that_outlive_their_build_change_nothing(tmp_path: Path) -> None:
    """Workers that were suspended when their build was killed, and resume after the next build, change nothing."""
    reports = Reports(tmp_path / "reports", random.Random(3), files=5)  # noqa: S311
    reports.rewrite_large()
    command = [sys.executable, "-m", "searchkit", "build", str(reports.folder), "--index", str(tmp_path / "index")]
    mark = new_mark()
    environment = {**os.environ, MARK_VARIABLE: mark}
    with subprocess.Popen([*command, "--jobs", "2"], stdout=subprocess.DEVNULL, env=environment) as process:
        wait_until(lambda: len([*tmp_path.glob("index/data-*/parts-*/*")]) > 1 and has_two_workers(process.pid, mark))
        suspended = find_workers(mark)
        for worker in suspended:
            os.kill(worker, signal.SIGSTOP)
        process.kill()
    build(reports.folder, tmp_path / "index")
    before = read_answers(tmp_path / "index")
    assert find_processes(mark).keys() == {*suspended}
    for worker in suspended:
        os.kill(worker, signal.SIGCONT)
    assert kill_leftovers(mark) == {}
    assert read_answers(tmp_path / "index") == before
    assert find_leftovers(tmp_path / "index") == set()


def has_two_workers(build: int, mark: str) -> bool:
    """Return whether a build has two workers, and no child between fork and exec, which would still hold the lock."""
    others = find_processes(mark).keys() - {build}
    return len(others) == 2 and others == {*find_workers(mark)}


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until the condition is true. Fails after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)
