"""Tests of concurrent readers and writers: every answer comes from one commit, and one process writes at a time."""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

import pytest
import traffic
from answers import collect_answers, read_answers
from reports import Reports
from storm import find_leftovers

from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, build
from searchkit.manifest import read_manifest

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "SIGKILL"), reason="on Windows, an open file cannot be removed, and a process cannot be killed"
)

READERS = 2
"""Number of reader processes, with `traffic.THREADS` threads each."""
PAUSING_BUILD = """
import sys
from searchkit.indexing.build import build

def wait(progress):
    print("writing", flush=True)
    sys.stdin.readline()

build(sys.argv[1], sys.argv[2], progress=wait)
"""
"""Program that builds the index argv[2] of the folder argv[1]. After each file, it prints a line, and reads a line from
standard input before it goes on."""


@pytest.fixture
def reports(tmp_path: Path) -> Reports:
    """Return a folder of three reports."""
    return Reports(tmp_path / "reports", random.Random(3), files=3)  # noqa: S311


@contextmanager
def running_build(folder: Path, index: Path) -> Iterator[subprocess.Popen[str]]:
    """Start `PAUSING_BUILD`, wait until it has indexed a file, and yield its process, which is killed at the end."""
    command = [sys.executable, "-c", PAUSING_BUILD, str(folder), str(index)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "writing\n"
        yield process
        process.kill()


@pytest.fixture
def running_process(reports: Reports, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Return a process that is building the index of `reports`."""
    with running_build(reports.folder, tmp_path / "index") as process:
        yield process


@pytest.fixture(scope="module")
def abandoned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with reports and an index whose first build was killed."""
    folder = tmp_path_factory.mktemp("abandoned")
    reports = Reports(folder / "reports", random.Random(3), files=3)  # noqa: S311
    with running_build(reports.folder, folder / "index"):
        pass
    return folder


def start(*arguments: object) -> subprocess.Popen[str]:
    """Start a Python process with these arguments."""
    command = [sys.executable, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def searchkit(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a searchkit command."""
    command = [sys.executable, "-m", "searchkit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_readers_while_a_writer_commits(tmp_path: Path) -> None:
    """While a writer commits, every answer of several readers agrees with one commit. Small segments are merged."""
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    traffic.write_state(corpus, traffic.states()[0], 0)
    build(corpus, index)
    with ExitStack() as stack:
        readers = [stack.enter_context(start(traffic.__file__, index)) for _ in range(READERS)]
        assert [reader.stdout and reader.stdout.readline() for reader in readers] == ["ready\n"] * READERS
        traffic.write(corpus, index)
        outputs = [reader.communicate(timeout=traffic.DEADLINE) for reader in readers]
    assert [error for _, error in outputs] == [""] * READERS
    reports = [json.loads(out) for out, _ in outputs]
    assert [error for report in reports for error in report["errors"]] == []
    assert all(min(report["answers"]) > 10 for report in reports)
    assert len({number for report in reports for number in report["seen"]}) > 5
    manifest = read_manifest(index)
    assert 1 < sum(name.endswith(".segment") for name in manifest.files) < traffic.COMMITS  # some were merged
    assert find_leftovers(index) == set()


def test_an_open_index_does_not_change(reports: Reports, tmp_path: Path, engine: str) -> None:
    """Until it is refreshed, an open index answers as before later commits, even queries that it has not run yet."""
    index, options = tmp_path / "index", BuildOptions(engine)
    for _ in range(3):
        reports.add(1, lines=8)
        build(reports.folder, index, options)
    before = read_answers(index)
    with Index(index) as unused_index, Index(index) as used_index:
        assert collect_answers(used_index) == before
        for _ in range(6):
            reports.change(3)
            build(reports.folder, index, options)
        assert collect_answers(unused_index) == collect_answers(used_index) == before
        assert unused_index.refresh()
        assert not unused_index.refresh()
        assert collect_answers(unused_index) == read_answers(index) != before


def test_threads_can_open_the_same_index(reports: Reports, tmp_path: Path) -> None:
    """Threads of one process can open, search and close the same index independently."""
    build(reports.folder, tmp_path / "index")
    query = " OR ".join(["行政执法检查双随机普法宣传"] * 300)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(5):
                with Index(tmp_path / "index") as index:
                    index.search(query)
        except BaseException as error:  # noqa: BLE001 - it would be lost with the thread
            errors.append(error)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_check_tolerates_a_commit(reports: Reports, tmp_path: Path, engine: str) -> None:
    """A check of an open index does not report damage if a build has replaced the index since it was opened."""
    index, options = tmp_path / "index", BuildOptions(engine)
    build(reports.folder, index, options)
    with Index(index) as opened:
        reports.change(3)
        build(reports.folder, index, options)
        opened.check()


def test_a_second_build_is_refused(running_process: subprocess.Popen[str], reports: Reports, tmp_path: Path) -> None:
    """While a build runs, a second build is refused with one line. After the end of the first, a build can run.

    The line names the process, host and start time of the first build.
    """
    second = searchkit("build", reports.folder, "--index", tmp_path / "index")
    assert (second.returncode, second.stdout, second.stderr.count("\n")) == (3, "", 1)
    writer = f"process {running_process.pid} on {re.escape(socket.gethostname())}"
    assert re.search(rf"being written by {writer} since \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", second.stderr)
    running_process.communicate("\n" * 100, timeout=60)
    assert running_process.returncode == 0
    assert searchkit("build", reports.folder, "--index", tmp_path / "index").returncode == 0


@pytest.mark.parametrize("holder", [None, b"", b"{", b'{"pid": 1}', b"\xff\xfe", b"[]" * 5000])
def test_a_lock_of_a_killed_build_does_not_block(abandoned: Path, tmp_path: Path, holder: bytes | None) -> None:
    """After a killed build, the next build runs, whatever writer.json contains, and removes the remains."""
    index = Path(shutil.copytree(abandoned / "index", tmp_path / "index"))
    assert (index / "writer.json").exists()
    if holder is not None:
        (index / "writer.json").write_bytes(holder)
    build(abandoned / "reports", index)
    assert find_leftovers(index) == set()
    assert read_answers(index).counts[0] >= 3


def test_concurrent_builds(reports: Reports, tmp_path: Path) -> None:
    """Of builds started together, each succeeds or is refused with one line. The index answers as that of one build."""
    index = tmp_path / "index"
    with ExitStack() as stack:
        command = ("-m", "searchkit", "build", reports.folder, "--index", index, "--jobs", 1)
        builds = [stack.enter_context(start(*command)) for _ in range(4)]
        errors = [process.communicate(timeout=60)[1] for process in builds]
    statuses = [process.returncode for process in builds]
    assert 0 in statuses
    for status, error in zip(statuses, errors, strict=True):
        assert (status, error.count("\n")) in {(0, 0), (3, 1)}, error
        assert status == 0 or "is being written by" in error
    assert find_leftovers(index) == set()
    build(reports.folder, tmp_path / "alone")
    assert read_answers(index) == read_answers(tmp_path / "alone")
