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
from reports import Reports
from storm import CHANGES, Storm, alive, leftovers

from searchkit.indexing import build
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
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True) as process:
        assert alive(process.pid) == [process.pid]
        process.kill()
    assert alive(process.pid) == []
    assert len(storm.counts.broken) == 3


def test_processes_that_outlive_their_build(tmp_path: Path) -> None:
    """Workers that were stopped when their build was killed, and go on when the next one is through, do no harm."""
    reports = Reports(tmp_path / "reports", random.Random(3), files=5)  # noqa: S311
    reports.rewrite_large()
    command = [sys.executable, "-m", "searchkit", "build", str(reports.folder), "--index", str(tmp_path / "index")]
    with subprocess.Popen([*command, "--jobs", "2"], stdout=subprocess.DEVNULL, start_new_session=True) as process:
        until(lambda: len([*tmp_path.glob("index/data-*/parts-*/*")]) > 1 and are_running(process.pid))
        workers = set(alive(process.pid)) - {process.pid}
        for worker in workers:
            os.kill(worker, signal.SIGSTOP)
        process.kill()
    build(reports.folder, tmp_path / "index")
    before = answers(tmp_path / "index")
    assert workers <= set(alive(process.pid))
    for worker in workers:
        os.kill(worker, signal.SIGCONT)
    until(lambda: not alive(process.pid))
    assert answers(tmp_path / "index") == before
    assert leftovers(tmp_path / "index") == set()


def are_running(build: int) -> bool:
    """Whether a build has two workers, and no process that has not become one yet: that would still hold the lock."""
    lines = [command_line(worker) for worker in alive(build) if worker != build]
    return all(b"multiprocessing" in line for line in lines) and sum(b"spawn_main" in line for line in lines) > 1


def command_line(process: int) -> bytes:
    """How a process was started; nothing if it is gone."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)
