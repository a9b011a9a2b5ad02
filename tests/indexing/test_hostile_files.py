"""Builds of folders with files that do harm: whatever happens there costs the file, and nothing else."""

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
from hostile.hostile_reader import FAILURES, HARMLESS, LIES
from marked import NAME, left, new_mark

from searchkit import processes
from searchkit.errors import IndexUnusable
from searchkit.index import Index
from searchkit.indexing import budget, tasks
from searchkit.indexing.build import BuildOptions, BuildReport, build
from searchkit.indexing.messages import Begun, Done, Failed, Outcome, decode_answer, encode
from searchkit.manifest import read_manifest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, fork, limits of memory")

REPORT = "东丽区司法局2023年法治政府建设年度报告\n\n一、成效\n全年立案{}件。\n"


class Corpus:
    """A folder, its index, and which of its files were read how often."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.index = folder / "corpus", folder / "index"
        self.log, self.spared = folder / "log", folder / "spared"
        self.folder.mkdir()

    def good(self, *names: str) -> None:
        """Make files with a report."""
        for n, name in enumerate(names):
            (self.folder / name).write_text(REPORT.format(n), encoding="utf-8")

    def ask(self, *orders: str, name: str = "{}.hostile") -> list[str]:
        """Make files that ask for something, each between two good ones; gives their names."""
        for order in orders:
            (self.folder / name.format(order)).write_text(f"{order}\n{REPORT}", encoding="utf-8")
            self.good(name.format(f"{order} after"), name.format(f"before {order}"))
        return [name.format(order) for order in orders]

    def build(self, jobs: int = 1) -> BuildReport:
        """Bring the index up to date."""
        return build(self.folder, self.index, BuildOptions(jobs=jobs))

    def reasons(self, done: BuildReport) -> Mapping[str, str]:
        """Why what was skipped; everything else must be in the index."""
        skipped = {item.path: item.reason for item in done.skipped}
        with Index(self.index) as opened:
            opened.check()
            indexed = {document.document for document in opened.documents()}
        assert indexed == {path.name for path in self.folder.iterdir()} - skipped.keys()
        assert all(reason.isprintable() for reason in skipped.values())
        return skipped

    def times_read(self) -> Counter[str]:
        """How often each file was read since this was last asked."""
        names = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return Counter(names)

    def commit(self) -> tuple[bytes, int]:
        """Which commit the index is at."""
        manifest = self.index / "index.json"
        return manifest.read_bytes(), (self.index / read_manifest(self.index).data).stat().st_mtime_ns


@pytest.fixture(autouse=True)
def mark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Have the hostile reader in all processes that are started, which bear a mark; none may be left."""
    mark = new_mark()
    monkeypatch.setenv(NAME, mark)
    monkeypatch.setenv(hostile_reader.LOG, str(tmp_path / "log"))
    monkeypatch.setenv(hostile_reader.SPARED, str(tmp_path / "spared"))
    hostile_reader.install_everywhere(monkeypatch.setattr)
    yield mark
    assert left(mark) == {}


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """A folder with three good files."""
    corpus = Corpus(tmp_path)
    corpus.good("a.hostile", "z.hostile", "z.txt")
    return corpus


# --- what costs one file


@pytest.mark.parametrize("order", FAILURES)
def test_a_failure_costs_one_file(corpus: Corpus, order: str) -> None:
    """Whatever a reader does, its file is skipped with one clear line, the others are read, and that is settled."""
    (name,) = corpus.ask(order)
    done = corpus.build()
    reasons = corpus.reasons(done)
    assert reasons.keys() == {name}
    assert reasons[name].startswith(FAILURES[order])
    assert max(corpus.times_read().values()) <= 2
    before = corpus.commit()
    again = corpus.build()
    assert (again.files, again.unchanged, again.skipped) == (0, 5, done.skipped)
    assert corpus.times_read() == {}
    assert corpus.commit() == before


@pytest.mark.parametrize("order", HARMLESS)
def test_what_a_reader_does_besides_reaches_nobody(
    corpus: Corpus, order: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A reader may print, read standard input, leave processes behind, or crash later: all files are indexed."""
    corpus.ask(order)
    assert corpus.reasons(corpus.build()) == {}
    assert max(corpus.times_read().values()) <= (2 if order == "crash later" else 1)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("order", LIES)
def test_what_a_worker_says_is_checked(corpus: Corpus, monkeypatch: pytest.MonkeyPatch, order: str) -> None:
    """A file that takes over the process that reads it, and says what makes no sense, costs itself and no other."""
    monkeypatch.setattr(processes, "MAX_MESSAGE_LENGTH", 1_000_000)
    (name,) = corpus.ask(order)
    assert corpus.reasons(corpus.build()).keys() == {name}


def test_many_bad_files(corpus: Corpus) -> None:
    """However many files fail among good ones, every good file is indexed, and none is read more than twice."""
    names = [name for n in range(2) for name in corpus.ask("crash", "exit", "raise", name=f"{n} {{}}.hostile")]
    assert corpus.reasons(corpus.build()).keys() == {*names}
    assert max(corpus.times_read().values()) <= 2


def test_time_and_memory_grow_with_size() -> None:
    """A file may take so many seconds and bytes, and more for each million bytes that it has."""
    megabytes = [budget.seconds_for(n * 1_000_000) - budget.seconds_for(0) for n in range(4)]
    assert megabytes == [n * budget.SECONDS_PER_MEGABYTE for n in range(4)]
    assert budget.memory_for(10) - budget.memory_for(0) == 10 * budget.MEMORY_PER_BYTE


def test_a_large_file_has_more_time(corpus: Corpus) -> None:
    """The reason says how long a file may take, which is for its size."""
    (corpus.folder / "large.hostile").write_bytes(b"hold\n" + b" " * 1_000_000)
    seconds = budget.seconds_for(1_000_000)
    assert seconds > budget.seconds_for(0)
    reason = corpus.reasons(corpus.build())["large.hostile"]
    assert reason in {f"takes longer than {n * seconds} s" for n in (1, hostile_reader.PATIENCE)}


# --- what is ended from outside


def test_a_worker_that_is_killed_once(corpus: Corpus) -> None:
    """A process that somebody kills costs nothing: the file that it was at is read again, alone, and indexed."""
    (name,) = corpus.ask("kill once")
    assert corpus.reasons(corpus.build()) == {}
    assert corpus.times_read()[name] == 2
    assert corpus.build().files == 0


def test_a_worker_that_is_killed_each_time(corpus: Corpus) -> None:
    """A file whose process is killed both times is skipped for now: the next build tries again."""
    (name,) = corpus.ask("kill")
    done = corpus.build()
    reasons = corpus.reasons(done)
    assert reasons == {
        name: "the process that read it was ended from outside or for lack of memory (signal 9): "
        "the next build tries again"
    }
    assert corpus.times_read()[name] == 2
    before = corpus.commit()
    again = corpus.build()
    assert (again.files, again.unchanged, again.skipped) == (0, 5, done.skipped)
    assert corpus.times_read() == {name: 2}
    assert corpus.commit() == before
    assert len([*corpus.index.glob("data-*")]) == 1
    corpus.spared.touch()
    last = corpus.build()
    assert (last.files, last.unchanged, last.skipped) == (1, 5, ())
    assert corpus.reasons(last) == {}
    assert corpus.build().files == 0


def test_killing_without_end(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one process after the other is killed the build gives up with one line; the old index stays."""
    corpus.build()
    before = corpus.commit()
    monkeypatch.setattr(tasks, "MAX_DEATHS", 4)
    for n in range(6):
        (corpus.folder / f"{n}.hostile").write_text("kill\n", encoding="utf-8")
    with pytest.raises(IndexUnusable, match=r"processes that read files end again and again: .*signal 9") as caught:
        corpus.build()
    assert "\n" not in str(caught.value)
    assert corpus.commit() == before
    assert len([*corpus.index.glob("data-*")]) == 1


def test_deaths_in_a_row_are_counted(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed files with good ones between them, however many, do not end a build."""
    monkeypatch.setattr(tasks, "MAX_DEATHS", 3)
    names = [name for n in range(2) for name in corpus.ask("kill", name=f"{n} {{}}.hostile")]
    assert corpus.reasons(corpus.build()).keys() == {*names}


# --- processes that do not start


@pytest.mark.parametrize("program", ["", "/nowhere/python"])
def test_no_process_can_be_started(corpus: Corpus, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Where no process can be started a build says so in one line; no file is blamed, the old index stays."""
    corpus.build()
    before = corpus.commit()
    corpus.good("b.txt")
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(IndexUnusable, match=r"^no process can be started to read files: [a-z]") as caught:
        corpus.build()
    assert "\n" not in str(caught.value)
    assert corpus.commit() == before


@pytest.mark.parametrize("jobs", [1, 2])
def test_processes_that_end_before_they_begin(corpus: Corpus, monkeypatch: pytest.MonkeyPatch, jobs: int) -> None:
    """Where processes end before they have begun with a file none is blamed: one line, and the old index stays."""
    corpus.build()
    before = corpus.commit()
    corpus.good(*(f"b{n}.txt" for n in range(9)))
    monkeypatch.setattr(tasks, "MIN_BYTES", 0)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(IndexUnusable, match=r"^processes that read files end .*exit status 1") as caught:
        corpus.build(jobs)
    assert "\n" not in str(caught.value)
    assert corpus.commit() == before


# --- what is said between processes


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\xc0",
        b"\xff",
        b"\x91" * 100_000,
        encode({"type": "Begun"}),
        encode({"type": "Begun", "file": "1"}),
        encode({"type": "Begun", "file": None}),
        encode({"type": "Else", "file": 1}),
        encode({"file": 1}),
        encode({"type": "Done", "files": [1]}),
        encode({"type": "Done", "files": [{"digest": 1}]}),
        encode({"type": "Done", "files": [{"digest": "", "skipped": [["a"]]}]}),
        encode({"type": "Done", "files": [{"digest": "", "skipped": "a"}]}),
        encode({"type": "Done", "files": [{"digest": "", "warned": [["a"]]}]}),
        encode({"type": "Done", "files": [{"digest": "", "documents": 1.5}]}),
        encode({"type": "Failed", "file": 1}),
        encode({"type": "Broken", "reason": "x", "is_usage": 1}),
        encode(Begun(1)) + b"\0",
    ],
)
def test_an_answer_that_makes_no_sense(said: bytes) -> None:
    """Whatever a process that a file has taken over says, it is an answer of the right shape or none."""
    with pytest.raises(ValueError):  # noqa: PT011 - that is all that is promised
        decode_answer(said)


@pytest.mark.parametrize("said", [Begun(1), Done([Outcome("x", 1, warned=(("a", "b"),))]), Failed(None, "x")])
def test_answers_come_back(said: object) -> None:
    """What a worker says is heard as it was said."""
    assert decode_answer(encode(said)) == said


# --- builds that are stopped


def test_an_interrupt_ends_it(corpus: Corpus, mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt in the middle of a file ends the build at once, with its processes; the index is as it was."""
    corpus.build()
    before = corpus.commit()
    monkeypatch.setattr(tasks, "_PATIENCE", 60)
    corpus.ask("hang")

    def interrupt() -> None:
        until(lambda: "hang.hostile" in (corpus.log.read_text() if corpus.log.exists() else ""))
        os.kill(os.getpid(), signal.SIGALRM)

    was = signal.signal(signal.SIGALRM, signal.default_int_handler)
    stopping = threading.Thread(target=interrupt)
    started = time.monotonic()
    try:
        stopping.start()
        with pytest.raises(KeyboardInterrupt):
            corpus.build()
    finally:
        stopping.join()
        signal.signal(signal.SIGALRM, was)
    assert time.monotonic() - started < 20
    assert left(mark) == {}
    assert corpus.commit() == before
    assert len([*corpus.index.glob("data-*")]) == 1


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
