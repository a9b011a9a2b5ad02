"""Builds that are killed leave the index as it was, or the new one, and the next build goes on from there."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from answers import answers
from marked import NAME, left, marked, new_mark, workers
from reports import Reports
from storm import CHANGES, Storm, leftovers

from searchkit.indexing.build import build
from searchkit.manifest import read_manifest

pytestmark = pytest.mark.skipif(
    not (hasattr(signal, "SIGKILL") and Path("/proc/self/stat").exists()),
    reason="needs SIGKILL, fork, and /proc to see processes in",
)


def test_storm(tmp_path: Path) -> None:
    """Killed at moments of all kinds, builds lose nothing and leave nothing (storm.py says what is judged)."""
    storm = Storm(tmp_path, seed=5, files=20)
    for change, aim in zip(CHANGES, ("new manifest", "writing", "any moment", "merging"), strict=True):
        storm.round(change, aim, kills=2)
    assert storm.counts.broken == []
    assert storm.counts.kills >= 2  # on a machine with other work a build may be through before it is hit
    assert storm.counts.merges == 1


def test_the_storm_sees_what_is_wrong(tmp_path: Path) -> None:
    """An index that went back or is damaged, something left in its folder, a process that goes on: all are noticed."""
    storm = Storm(tmp_path, seed=5, files=20)
    shutil.copytree(storm.index, tmp_path / "before")
    storm._reports.change(3)
    storm._take(storm._afresh())
    storm._judge_answers()
    assert storm.counts.commits_lost == 1
    (storm.index / "data-000099").mkdir()
    storm._judge_folder()
    assert storm.counts.leftovers == 1
    extras = storm.index / read_manifest(storm.index).data / "extras.json"
    extras.write_bytes(extras.read_bytes().replace(b"{", b"[", 1))
    storm._judge_answers()
    assert storm.counts.damaged == 1
    mark = new_mark()
    waiting = [sys.executable, "-c", "input()"]
    with subprocess.Popen(waiting, stdin=subprocess.PIPE, env={**os.environ, NAME: mark}) as process:
        until(lambda: marked(mark).keys() == {process.pid})
        storm._judge_processes(mark)
    assert (process.returncode, marked(mark)) == (-signal.SIGKILL, {})
    assert storm.counts.processes_left == 1
    storm._judge_processes(mark)
    assert len(storm.counts.broken) == 4


def test_processes_that_outlive_their_build(tmp_path: Path) -> None:
    """Workers that were stopped when their build was killed, and go on when the next one is through, do no harm."""
    reports = Reports(tmp_path / "reports", random.Random(3), files=5)  # noqa: S311
    reports.rewrite_large()
    command = [sys.executable, "-m", "searchkit", "build", str(reports.folder), "--index", str(tmp_path / "index")]
    mark = new_mark()
    environment = {**os.environ, NAME: mark}
    with subprocess.Popen([*command, "--jobs", "2"], stdout=subprocess.DEVNULL, env=environment) as process:
        until(lambda: len([*tmp_path.glob("index/data-*/parts-*/*")]) > 1 and are_running(process.pid, mark))
        stopped = workers(mark)
        for worker in stopped:
            os.kill(worker, signal.SIGSTOP)
        process.kill()
    build(reports.folder, tmp_path / "index")
    before = answers(tmp_path / "index")
    assert marked(mark).keys() == {*stopped}
    for worker in stopped:
        os.kill(worker, signal.SIGCONT)
    assert left(mark) == {}
    assert answers(tmp_path / "index") == before
    assert leftovers(tmp_path / "index") == set()


def are_running(build: int, mark: str) -> bool:
    """Whether a build has two workers, and no process that has not become one yet: that would still hold the lock."""
    others = marked(mark).keys() - {build}
    return len(others) == 2 and others == {*workers(mark)}


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)
