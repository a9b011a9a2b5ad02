"""Tests of builds of hostile files: a hostile file is skipped, and nothing else is affected."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hostile import hostile_reader
from hostile.hostile_reader import FAILURES, INVALID_MESSAGES, SIDE_EFFECTS
from marked import MARK_VARIABLE, kill_leftovers, new_mark

from searchkit import processes
from searchkit.errors import IndexUnusable
from searchkit.index import Index
from searchkit.indexing import budget, tasks
from searchkit.indexing.build import BuildOptions, BuildReport, build
from searchkit.indexing.messages import (
    FileOutcome,
    StepStarted,
    TaskDone,
    TaskFailed,
    decode_worker_message,
    encode_message,
)
from searchkit.manifest import read_manifest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, fork, limits of memory")

REPORT = "东丽区司法局2023年法治政府建设年度报告\n\n一、成效\n全年立案{}件。\n"


class Corpus:
    """A corpus folder, its index, and a log of the files that were read."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.index = folder / "corpus", folder / "index"
        self.log, self.no_kill = folder / "log", folder / "no_kill"
        """`log`: has the name of each file that was read. `no_kill`: while this file exists, the commands `kill` and
        `kill once` of the hostile reader do nothing."""
        self.folder.mkdir()

    def write_good(self, *names: str) -> None:
        """Write files that contain a report."""
        for n, name in enumerate(names):
            (self.folder / name).write_text(REPORT.format(n), encoding="utf-8")

    def write_hostile(self, *commands: str, name: str = "{}.hostile") -> list[str]:
        """Write, for each command to the hostile reader, a file that contains the command, and two good files.

        Returns the names of the files with commands. `name`: pattern of the names; `{}` stands for the command.
        """
        for command in commands:
            (self.folder / name.format(command)).write_text(f"{command}\n{REPORT}", encoding="utf-8")
            self.write_good(name.format(f"{command} after"), name.format(f"before {command}"))
        return [name.format(command) for command in commands]

    def build(self, jobs: int = 1) -> BuildReport:
        """Update the index."""
        return build(self.folder, self.index, BuildOptions(jobs=jobs))

    def reasons(self, result: BuildReport) -> Mapping[str, str]:
        """Return the reasons of the skipped files by name. Asserts that all other files are in the index."""
        skipped = {item.path: item.reason for item in result.skipped}
        with Index(self.index) as opened:
            opened.check()
            indexed = {document.document for document in opened.documents()}
        assert indexed == {path.name for path in self.folder.iterdir()} - skipped.keys()
        assert all(reason.isprintable() for reason in skipped.values())
        return skipped

    def times_read(self) -> Counter[str]:
        """Return the number of times that each file was read since the last call."""
        names = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return Counter(names)

    def current_commit(self) -> tuple[bytes, int]:
        """Return a value that identifies the current commit of the index."""
        manifest = self.index / "index.json"
        return manifest.read_bytes(), (self.index / read_manifest(self.index).data).stat().st_mtime_ns


@pytest.fixture(autouse=True)
def mark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Install the hostile reader in all processes and mark them. Asserts that no marked process is left at the end."""
    mark = new_mark()
    monkeypatch.setenv(MARK_VARIABLE, mark)
    monkeypatch.setenv(hostile_reader.LOG, str(tmp_path / "log"))
    monkeypatch.setenv(hostile_reader.NO_KILL, str(tmp_path / "no_kill"))
    hostile_reader.install_everywhere(monkeypatch.setattr)
    yield mark
    assert kill_leftovers(mark) == {}


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """Return a corpus of three good files."""
    corpus = Corpus(tmp_path)
    corpus.write_good("a.hostile", "z.hostile", "z.txt")
    return corpus


# --- failures that skip one file


def test_failing_readers_skip_their_files(corpus: Corpus) -> None:
    """A file whose reader fails is skipped with one line, all others are indexed, and the next build reads no file.

    The corpus has a file for each kind of failure, among files that are indexed. The first build reads no file more
    than twice.
    """
    names = corpus.write_hostile(*FAILURES)
    result = corpus.build()
    reasons = corpus.reasons(result)
    assert reasons.keys() == {*names}
    for name, failure in zip(names, FAILURES.values(), strict=True):
        assert reasons[name].startswith(failure)
    assert max(corpus.times_read().values()) <= 2
    before = corpus.current_commit()
    second = corpus.build()
    assert (second.files, second.unchanged, second.skipped) == (0, 3 + 2 * len(names), result.skipped)
    assert corpus.times_read() == {}
    assert corpus.current_commit() == before


@pytest.mark.parametrize(("commands", "most_reads"), [(SIDE_EFFECTS[:-1], 1), (SIDE_EFFECTS[-1:], 2)])
def test_side_effects_of_a_reader_are_contained(
    corpus: Corpus, capfd: pytest.CaptureFixture[str], commands: tuple[str, ...], most_reads: int
) -> None:
    """All files are indexed, even if a reader prints, reads standard input, or leaves processes behind.

    The same holds if a reader crashes its process after it has returned (the last of `SIDE_EFFECTS`). The build prints
    nothing. No file is read more than once or, with such a crash, more than twice.
    """
    corpus.write_hostile(*commands)
    assert corpus.reasons(corpus.build()) == {}
    assert max(corpus.times_read().values()) <= most_reads
    assert capfd.readouterr() == ("", "")


def test_invalid_messages_of_a_worker_skip_one_file(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """If files take over their worker and send invalid messages, these files are skipped and no others."""
    monkeypatch.setattr(processes, "MAX_MESSAGE_LENGTH", 1_000_000)
    names = corpus.write_hostile(*INVALID_MESSAGES)
    assert corpus.reasons(corpus.build()).keys() == {*names}


def test_limits_grow_with_the_size_of_the_file() -> None:
    """The limits of time and memory grow with the size of the file."""
    megabytes = [budget.seconds_for(n * 1_000_000) - budget.seconds_for(0) for n in range(4)]
    assert megabytes == [n * budget.SECONDS_PER_MEGABYTE for n in range(4)]
    assert budget.memory_for(10) - budget.memory_for(0) == 10 * budget.MEMORY_PER_BYTE


def test_a_large_file_has_a_larger_time_limit(corpus: Corpus) -> None:
    """A large file has a larger time limit, and the reason states that limit."""
    (corpus.folder / "large.hostile").write_bytes(b"hang\n" + b" " * 1_000_000)
    seconds = budget.seconds_for(1_000_000)
    assert seconds > budget.seconds_for(0)
    reason = corpus.reasons(corpus.build())["large.hostile"]
    assert reason == f"takes longer than {hostile_reader.WALL_TIME_FACTOR * seconds} s"


# --- processes killed from outside


def test_a_file_whose_worker_is_killed_once_is_indexed(corpus: Corpus) -> None:
    """If a worker is killed once, the file that it was reading is read again, and all files are indexed."""
    (name,) = corpus.write_hostile("kill once")
    assert corpus.reasons(corpus.build()) == {}
    assert corpus.times_read()[name] == 2
    assert corpus.build().files == 0


def test_a_file_whose_worker_is_killed_twice_is_retried_by_the_next_build(corpus: Corpus) -> None:
    """A file whose worker is killed twice is skipped by this build and read again by the next one.

    If the next build fails to read it, too, no new index is written. If it can read it, the file is indexed.
    """
    (name,) = corpus.write_hostile("kill")
    result = corpus.build()
    reasons = corpus.reasons(result)
    assert reasons == {
        name: "the process that read it was ended from outside or for lack of memory (signal 9): "
        "the next build tries again"
    }
    assert corpus.times_read()[name] == 2
    before = corpus.current_commit()
    second = corpus.build()
    assert (second.files, second.unchanged, second.skipped) == (0, 5, result.skipped)
    assert corpus.times_read() == {name: 2}
    assert corpus.current_commit() == before
    assert len([*corpus.index.glob("data-*")]) == 1
    corpus.no_kill.touch()
    third = corpus.build()
    assert (third.files, third.unchanged, third.skipped) == (1, 5, ())
    assert corpus.reasons(third) == {}
    assert corpus.build().files == 0


def test_repeated_kills_fail_the_build(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """If workers are killed again and again, the build fails with a message of one line; the old index stays."""
    corpus.build()
    before = corpus.current_commit()
    monkeypatch.setattr(tasks, "MAX_EXTERNAL_KILLS", 3)
    for n in range(4):
        (corpus.folder / f"{n}.hostile").write_text("kill\n", encoding="utf-8")
    with pytest.raises(IndexUnusable, match=r"worker processes die repeatedly: .*signal 9") as caught:
        corpus.build()
    assert "\n" not in str(caught.value)
    assert corpus.current_commit() == before
    assert len([*corpus.index.glob("data-*")]) == 1


def test_only_kills_without_progress_fail_the_build(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills do not end a build as long as workers complete tasks in between."""
    monkeypatch.setattr(tasks, "MAX_EXTERNAL_KILLS", 3)
    names = [name for n in range(2) for name in corpus.write_hostile("kill", name=f"{n} {{}}.hostile")]
    assert corpus.reasons(corpus.build()).keys() == {*names}


# --- processes that do not start


@pytest.mark.parametrize("program", ["", "/nowhere/python"])
def test_a_build_fails_if_no_process_can_be_started(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    """If no process can be started, the build fails with a message of one line; the old index stays."""
    corpus.build()
    before = corpus.current_commit()
    corpus.write_good("b.txt")
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(IndexUnusable, match=r"^no process can be started to read files: [a-z]") as caught:
        corpus.build()
    assert "\n" not in str(caught.value)
    assert corpus.current_commit() == before


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_build_fails_if_workers_die_before_they_start_a_file(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    """If workers die before they start a file, the build fails with a message of one line; the old index stays."""
    corpus.build()
    before = corpus.current_commit()
    corpus.write_good(*(f"b{n}.txt" for n in range(9)))
    monkeypatch.setattr(tasks, "MIN_PARALLEL_BYTES", 0)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(IndexUnusable, match=r"^worker processes die repeatedly: .*exit status 1") as caught:
        corpus.build(jobs)
    assert "\n" not in str(caught.value)
    assert corpus.current_commit() == before


# --- messages between processes


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xc0",
        b"\xff",
        b"\x91" * 100_000,
        encode_message({"type": "StepStarted"}),
        encode_message({"type": "StepStarted", "step": "1"}),
        encode_message({"type": "StepStarted", "step": None}),
        encode_message({"type": "Else", "file": 1}),
        encode_message({"file": 1}),
        encode_message({"type": "TaskDone", "outcomes": [1]}),
        encode_message({"type": "TaskDone", "outcomes": [{"digest": 1}]}),
        encode_message({"type": "TaskDone", "outcomes": [{"digest": "", "skipped": [["a"]]}]}),
        encode_message({"type": "TaskDone", "outcomes": [{"digest": "", "skipped": "a"}]}),
        encode_message({"type": "TaskDone", "outcomes": [{"digest": "", "warnings": [["a"]]}]}),
        encode_message({"type": "TaskDone", "outcomes": [{"digest": "", "documents": 1.5}]}),
        encode_message({"type": "TaskFailed", "file": 1}),
        encode_message({"type": "BuildFailed", "reason": "x", "is_usage_error": 1}),
        encode_message(StepStarted(1)) + b"\0",
    ],
)
def test_an_invalid_message_is_refused(message: bytes) -> None:
    """An invalid message from a worker raises ValueError."""
    with pytest.raises(ValueError):  # noqa: PT011 - the message is not part of the contract
        decode_worker_message(message)


@pytest.mark.parametrize(
    "message", [StepStarted(1), TaskDone([FileOutcome("x", 1, warnings=(("a", "b"),))]), TaskFailed(None, "x")]
)
def test_messages_survive_encoding(message: object) -> None:
    """A message that is encoded and decoded is equal to the original."""
    assert decode_worker_message(encode_message(message)) == message


# --- interrupted builds


def test_an_interrupt_ends_a_build_with_its_processes(
    corpus: Corpus, mark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupt in the middle of a file ends the build and its processes at once; the old index stays."""
    corpus.build()
    before = corpus.current_commit()
    monkeypatch.setattr(tasks, "_WALL_TIME_FACTOR", 60)  # the time limit must not end the file before the interrupt
    corpus.write_hostile("hang")

    def interrupt() -> None:
        wait_until(lambda: "hang.hostile" in (corpus.log.read_text() if corpus.log.exists() else ""))
        os.kill(os.getpid(), signal.SIGALRM)

    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    interrupter = threading.Thread(target=interrupt)
    started = time.monotonic()
    try:
        interrupter.start()
        with pytest.raises(KeyboardInterrupt):
            corpus.build()
    finally:
        interrupter.join()
        signal.signal(signal.SIGALRM, previous)
    assert time.monotonic() - started < 20
    assert kill_leftovers(mark) == {}
    assert corpus.current_commit() == before
    assert len([*corpus.index.glob("data-*")]) == 1


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until the condition is true. Fails after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
