"""Foreign formats are read in a process of its own: whatever happens there costs the file, and nothing else."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hostile import hostile_reader

from searchkit import corpus
from searchkit.corpus import DocumentRead, ReaderProcess, Skipped, isolation, list_corpus, read_corpus
from searchkit.corpus.blocks import Block, RawDocument
from searchkit.corpus.readers import FileContents
from searchkit.errors import ReadError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, fork, limits of memory")

REPORT = "东丽区司法局2023年法治政府建设年度报告\n\n一、成效\n全年立案{}件。\n"


@pytest.fixture(autouse=True)
def marked(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Install the hostile readers here and in all processes that are started, which bear a mark; none may be left."""
    mark = f"HOSTILE_TEST={os.getpid()}.{time.monotonic_ns()}"
    monkeypatch.setenv(*mark.split("="))
    hostile_reader.install_everywhere(monkeypatch)
    yield mark
    assert left(mark) == []


def left(mark: str, seconds: float = 20) -> list[int]:
    """Processes with a mark that are still there after some seconds; none are known where there is no /proc."""
    end = time.monotonic() + seconds
    while found := [int(path.name) for path in Path("/proc").glob("[0-9]*") if has(path, mark)]:
        if time.monotonic() > end:
            break
        time.sleep(0.02)
    return found


def has(process: Path, mark: str) -> bool:
    """Whether a process was started with a mark, and is no zombie and not this one."""
    try:
        return mark.encode() in (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def good(folder: Path, *names: str) -> None:
    """Make files with a report."""
    folder.mkdir(exist_ok=True)
    for n, name in enumerate(names):
        (folder / name).write_text(REPORT.format(n), encoding="utf-8")


def ask(folder: Path, *orders: str) -> None:
    """Make files that ask for something, each before a good one."""
    for order in orders:
        (folder / f"{order}.foreign").write_text(f"{order}\n{REPORT}", encoding="utf-8")
        good(folder, f"{order} after.foreign")


def read(folder: Path) -> tuple[list[str], dict[str, str]]:
    """Read a corpus: names of the documents, and reasons by file."""
    results = [*read_corpus(list_corpus(folder))]
    documents = [result.file for result in results if isinstance(result, DocumentRead)]
    return documents, {result.path: result.reason for result in results if isinstance(result, Skipped)}


@pytest.mark.parametrize("order", hostile_reader.FAILURES)
def test_a_failure_costs_one_file(tmp_path: Path, order: str) -> None:
    """Whatever a reader does, its file is skipped with one clear line, and those beside it are read."""
    good(tmp_path, "a.foreign", "z.foreign", "z.txt")
    ask(tmp_path, order)
    documents, skipped = read(tmp_path)
    assert documents == ["a.foreign", f"{order} after.foreign", "z.foreign", "z.txt"]
    assert skipped.keys() == {f"{order}.foreign"}
    reason = skipped[f"{order}.foreign"]
    assert reason.startswith(hostile_reader.FAILURES[order])
    assert reason.isprintable()


@pytest.mark.parametrize("order", hostile_reader.HARMLESS)
def test_what_a_reader_does_besides_reaches_nobody(
    tmp_path: Path, order: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A reader may print, read standard input, leave processes behind, or crash later: all files are read."""
    good(tmp_path, "a.foreign", "z.foreign")
    ask(tmp_path, order)
    documents, _ = read(tmp_path)
    assert sorted({*documents}) == ["a.foreign", f"{order} after.foreign", f"{order}.foreign", "z.foreign"]
    assert capfd.readouterr() == ("", "")


def test_a_late_crash_is_not_blamed_on_the_next_file() -> None:
    """A process that dies between two files is started again; the second is read."""
    with ReaderProcess() as reader:
        reader.read(b"crash later\n", "a.foreign")
        time.sleep(1)
        assert reader.read("立案".encode(), "b.foreign").documents[0].blocks == (Block("立案"),)


def test_all_that_a_reader_gives_comes_back() -> None:
    """Every field of every document, block and problem is as the reader gave it."""
    with ReaderProcess() as reader:
        assert reader.read(b"everything\n", "a.foreign") == hostile_reader.EVERYTHING


def test_nothing_that_comes_back_can_run() -> None:
    """What a reader puts into its answer beyond texts and numbers arrives as text."""
    with ReaderProcess() as reader:
        (document,) = reader.read(b"pickle\n", "a.foreign").documents
    assert document.overrides == {"batch": "harmless"}


def test_the_process_is_started_once_and_when_needed(marked: str) -> None:
    """No process before the first file; the same one for the next; none after the end, however often that is called."""
    with ReaderProcess() as reader:
        assert left(marked, 0) == []
        reader.read(b"x", "a.foreign")
        (first,) = left(marked, 0)
        reader.read(b"x", "b.foreign")
        with pytest.raises(ReadError):
            reader.read(b"raise\n", "c.foreign")
        assert left(marked, 0) == [first]
    reader.close()


def test_our_own_formats_need_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A corpus of text, Markdown, HTML and JSON Lines is read without starting any."""
    good(tmp_path, "a.txt", "b.md", "c.html", "d.ours")
    (tmp_path / "e.jsonl").write_text('{"id": 1, "text": "立案"}', encoding="utf-8")
    monkeypatch.setattr(subprocess, "Popen", None)
    assert len(read(tmp_path)[0]) == 5


def test_it_inherits_nothing(tmp_path: Path) -> None:
    """The process has no file of this one open, nor its folder, and leaves no temporary files."""
    with (tmp_path / "open").open("w") as file, ReaderProcess() as reader:
        os.set_inheritable(file.fileno(), True)  # noqa: FBT003 - the function's own
        reader.read(b"x", "a.foreign")
        assert reader._process
        process = Path(f"/proc/{reader._process._process.pid}")
        if not process.exists():
            pytest.skip("no /proc to see processes in")
        folder = (process / "cwd").readlink()
        assert str(tmp_path / "open") not in {str(path.readlink()) for path in (process / "fd").iterdir()}
        assert folder.name.startswith("searchkit-")
        assert b"TMPDIR=" + os.fsencode(folder) in (process / "environ").read_bytes().split(b"\0")
    assert not folder.exists()


@pytest.mark.parametrize("program", ["", "/nowhere/python", "/bin/false"])
def test_a_process_that_does_not_start(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """Where no process can be started, foreign files are skipped."""
    monkeypatch.setattr(sys, "executable", program)
    with ReaderProcess() as reader, pytest.raises(ReadError, match="the process that would read it does not start"):
        reader.read(b"x", "a.foreign")


DOCUMENT = {"blocks": [["甲"], [0], [False], [None]], "overrides": {}, "hints": {}, "key": None, "is_record": False}


def answer(**fields: object) -> bytes:
    """An answer with one document, some fields of which are others."""
    return json.dumps({"documents": [{**DOCUMENT, **fields}], "problems": [], "warnings": []}).encode()


def test_a_sound_answer_is_taken() -> None:
    """The answer that the cases below alter is one."""
    assert isolation._decoded(answer()) == FileContents((RawDocument((Block("甲"),)),))


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"null",
        b"\xff",
        b"[" * 100_000,
        pickle.dumps(hostile_reader.Trap()),
        b'{"problem": 1}',
        b'{"documents": [1], "problems": [], "warnings": []}',
        b'{"documents": [], "problems": [1], "warnings": []}',
        b'{"documents": [], "problems": []}',
        answer(more=1),
        answer(key=1),
        answer(is_record=1),
        answer(hints={"title": 1}),
        answer(hints=[]),
        answer(overrides=[]),
        answer(blocks=[]),
        answer(blocks=1),
        answer(blocks=[[1], [0], [False], [None]]),
        answer(blocks=[["甲"], [True], [False], [None]]),
        answer(blocks=[["甲"], [0], [0], [None]]),
        answer(blocks=[["甲"], [0], [False], ["1"]]),
        answer(blocks=[["甲"], [], [False], [None]]),
    ],
)
def test_an_answer_that_makes_no_sense(said: bytes) -> None:
    """Whatever a process that a file has taken over says, it is an answer of the right shape or none."""
    with pytest.raises(isolation._Ended, match="makes no sense"):
        isolation._decoded(said)


def test_an_answer_beyond_all_bounds() -> None:
    """An answer is refused by its length, before any of it is taken."""
    there, here = os.pipe()
    os.write(here, isolation._LENGTH.pack(1 << 60))
    with os.fdopen(there, "rb") as stream, pytest.raises(isolation._Ended, match="of text"):
        isolation._receive(stream, 100)
    os.close(here)


def test_time_grows_with_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file may take so many seconds, and more for each million bytes."""
    monkeypatch.setattr(isolation, "LONGEST", 1)
    monkeypatch.setattr(isolation, "PER_MEGABYTE", 1)
    with ReaderProcess() as reader:
        for size, seconds in ((0, 1), (2_000_000, 3)):
            with pytest.raises(ReadError, match=f"took longer than {seconds} s"):
                reader.read(b"hang\n" + b" " * size, "a.foreign")


ENDS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
PARENT = """
import sys, time
from searchkit.corpus import ReaderProcess
reader = ReaderProcess()
reader.read(b"x", "a.foreign")
print("reading", flush=True)
reader.read(sys.argv[1].encode() + b"\\n", "a.foreign")
"""


@pytest.mark.parametrize("order", ["hang", "hold"])
def test_it_ends_with_its_parent(marked: str, order: str) -> None:
    """However the process that asks comes to its end, the other one ends too, in the middle of a file."""
    command = [sys.executable, "-c", PARENT, order]
    with ExitStack() as stack:
        parents = [
            stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
            for _ in ENDS
        ]
        for process in parents:
            assert process.stdout
            assert process.stdout.readline() == b"reading\n"
        time.sleep(0.3)
        for process, how in zip(parents, ENDS, strict=True):
            process.send_signal(how)
    assert left(marked, 20) == []


def test_an_interrupt_ends_it(marked: str) -> None:
    """An interrupt in the middle of a file ends the process; the next file gets another."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    with ReaderProcess() as reader:
        reader.read(b"x", "a.foreign")
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        with pytest.raises(KeyboardInterrupt):
            reader.read(b"hang\n", "a.foreign")
        assert left(marked) == []
        assert reader.read(b"x", "a.foreign").documents
    signal.signal(signal.SIGALRM, before)


def test_a_mistake_of_ours_costs_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that nobody foresaw, in a reader of ours or behind it, skips the file and says where it arose."""
    good(tmp_path, "a.txt", "b.txt", "c.txt")
    (tmp_path / "raise.ours").write_text("raise\n", encoding="utf-8")
    outline: Callable[..., object] = corpus.outline

    def fail(body: tuple[object, ...]) -> object:
        if "1件" in str(body):
            message = "body"
            raise KeyError(message)
        return outline(body)

    monkeypatch.setattr(corpus, "outline", fail)
    documents, skipped = read(tmp_path)
    assert documents == ["a.txt", "c.txt"]
    assert skipped["b.txt"].startswith("cannot be read: KeyError (test_isolation.py, line ")
    assert skipped["raise.ours"].startswith("cannot be read: LookupError (hostile_reader.py, line ")


def test_a_large_file_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beyond the limit is skipped with the limit; one of exactly the limit is read."""
    good(tmp_path, "a.txt", "b.txt")
    monkeypatch.setattr(corpus, "LARGEST_FILE", (tmp_path / "a.txt").stat().st_size)
    with (tmp_path / "b.txt").open("a") as file:
        file.write(".")
    documents, skipped = read(tmp_path)
    assert documents == ["a.txt"]
    assert skipped["b.txt"].startswith("larger than ")
