"""Readers and writers at the same time: every answer is of one commit, and one process writes."""

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
from answers import answers, ask
from reports import Reports
from storm import leftovers

from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, build
from searchkit.manifest import read_manifest

pytestmark = pytest.mark.skipif(
    not hasattr(signal, "SIGKILL"), reason="an open file cannot be removed, nor a process ended at once"
)

READERS = 4
"""Processes; each reads in `traffic.THREADS` threads."""
HOLDER = """
import sys
from searchkit.indexing.build import build

def wait(done):
    print("writing", flush=True)
    sys.stdin.readline()

build(sys.argv[1], sys.argv[2], progress=wait)
"""


@pytest.fixture
def reports(tmp_path: Path) -> Reports:
    """Some reports."""
    return Reports(tmp_path / "reports", random.Random(3), files=3)  # noqa: S311


@contextmanager
def holding(folder: Path, index: Path) -> Iterator[subprocess.Popen[str]]:
    """Have a process that is in the middle of building an index until it is sent lines; it is killed in the end."""
    command = [sys.executable, "-c", HOLDER, str(folder), str(index)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "writing\n"
        yield process
        process.kill()


@pytest.fixture
def holder(reports: Reports, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that is building the index."""
    with holding(reports.folder, tmp_path / "index") as process:
        yield process


@pytest.fixture(scope="module")
def abandoned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with reports, and with an index whose first build was killed."""
    folder = tmp_path_factory.mktemp("abandoned")
    reports = Reports(folder / "reports", random.Random(3), files=3)  # noqa: S311
    with holding(reports.folder, folder / "index"):
        pass
    return folder


def start(*arguments: object) -> subprocess.Popen[str]:
    """Start Python."""
    command = [sys.executable, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def searchkit(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command."""
    command = [sys.executable, "-m", "searchkit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_readers_while_a_writer_commits(tmp_path: Path) -> None:
    """Eight readers that search, fetch, refresh and reopen during eighteen commits are told one commit at a time."""
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    traffic.put(corpus, traffic.states()[0], 0)
    build(corpus, index)
    with ExitStack() as stack:
        readers = [stack.enter_context(start(traffic.__file__, "read", index)) for _ in range(READERS)]
        assert [reader.stdout and reader.stdout.readline() for reader in readers] == ["ready\n"] * READERS
        writer = stack.enter_context(start(traffic.__file__, "write", corpus, index))
        assert writer.communicate(timeout=traffic.DEADLINE) == ("", "")
        told = [reader.communicate(timeout=traffic.DEADLINE) for reader in readers]
    assert [error for _, error in told] == [""] * READERS
    reports = [json.loads(out) for out, _ in told]
    assert [error for report in reports for error in report["errors"]] == []
    assert all(min(report["answers"]) > 10 for report in reports)
    assert len({number for report in reports for number in report["seen"]}) > 5
    manifest = read_manifest(index)
    assert 1 < sum(name.endswith(".segment") for name in manifest.files) < traffic.COMMITS  # some were merged
    assert leftovers(index) == set()


def test_an_index_stays_as_it_was_opened(reports: Reports, tmp_path: Path, engine: str) -> None:
    """After many commits an open index answers as before, also what it was never asked; `refresh` brings the new."""
    index, options = tmp_path / "index", BuildOptions(engine)
    for _ in range(3):
        reports.add(1, lines=8)
        build(reports.folder, index, options)
    before = answers(index)
    with Index(index) as untouched, Index(index) as touched:
        assert ask(touched) == before
        for _ in range(6):
            reports.change(3)
            build(reports.folder, index, options)
        assert ask(untouched) == ask(touched) == before
        assert untouched.refresh()
        assert not untouched.refresh()
        assert ask(untouched) == answers(index) != before


def test_indexes_are_opened_while_others_search(reports: Reports, tmp_path: Path) -> None:
    """Threads of one process open the same index, search it and close it, each for itself, and none has an error."""
    build(reports.folder, tmp_path / "index")
    query = " OR ".join(["行政执法检查双随机普法宣传"] * 300)
    errors: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(5):
                with Index(tmp_path / "index") as index:
                    index.search(query)
        except BaseException as error:  # noqa: BLE001 - a thread would lose it
            errors.append(error)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_a_check_while_a_build_commits(reports: Reports, tmp_path: Path, engine: str) -> None:
    """A check of an index that is replaced meanwhile does not call it damaged."""
    index, options = tmp_path / "index", BuildOptions(engine)
    build(reports.folder, index, options)
    with Index(index) as opened:
        reports.change(3)
        build(reports.folder, index, options)
        opened.check()


def test_a_second_writer(holder: subprocess.Popen[str], reports: Reports, tmp_path: Path) -> None:
    """While one build runs, another ends with one line that names process, host and since when; then it is let in."""
    refused = searchkit("build", reports.folder, "--index", tmp_path / "index")
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (3, "", 1)
    who = f"process {holder.pid} on {re.escape(socket.gethostname())}"
    assert re.search(rf"being written by {who} since \d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", refused.stderr)
    holder.communicate("\n" * 100, timeout=60)
    assert holder.returncode == 0
    assert searchkit("build", reports.folder, "--index", tmp_path / "index").returncode == 0


@pytest.mark.parametrize("note", [None, b"", b"{", b'{"pid": 1}', b"\xff\xfe", b"[]" * 5000])
def test_a_lock_whose_holder_is_dead(abandoned: Path, tmp_path: Path, note: bytes | None) -> None:
    """A build takes over from one that was killed, whatever stands in the note of who it was, and cleans up."""
    index = Path(shutil.copytree(abandoned / "index", tmp_path / "index"))
    assert (index / "writer.json").exists()
    if note is not None:
        (index / "writer.json").write_bytes(note)
    build(abandoned / "reports", index)
    assert leftovers(index) == set()
    assert answers(index).counts[0] >= 3


def test_many_writers_at_once(reports: Reports, tmp_path: Path) -> None:
    """Of builds that begin together each does its work or is refused in one line; the index is as it should be."""
    index = tmp_path / "index"
    with ExitStack() as stack:
        command = ("-m", "searchkit", "build", reports.folder, "--index", index, "--jobs", 1)
        builds = [stack.enter_context(start(*command)) for _ in range(4)]
        said = [process.communicate(timeout=60)[1] for process in builds]
    statuses = [process.returncode for process in builds]
    assert 0 in statuses
    for status, error in zip(statuses, said, strict=True):
        assert (status, error.count("\n")) in {(0, 0), (3, 1)}, error
        assert status == 0 or "is being written by" in error
    assert leftovers(index) == set()
    build(reports.folder, tmp_path / "alone")
    assert answers(index) == answers(tmp_path / "alone")
