"""Child processes: they end when they are to, with all that they started, inherit nothing and talk to their parent."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

import pytest
from hostile import acting
from marked import NAME, left, marked, new_mark

from searchkit import processes
from searchkit.processes import OUT_OF_MEMORY, OUT_OF_TIME, Child, Parent, find_program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, fork, limits of memory")

TESTS = Path(__file__).parent
Start = Callable[[Callable[[Parent], None]], "Talk"]


class Talk:
    """A child and what it says."""

    def __init__(self, function: Callable[[Parent], None]) -> None:
        self._inbox: SimpleQueue[tuple[Child, bytes | None]] = SimpleQueue()
        self.child = Child(function, self._inbox)

    def hear(self) -> bytes | None:
        """The next thing it says; None: it has ended."""
        child, message = self._inbox.get(timeout=60)
        assert child is self.child
        return message

    def ask(self, message: bytes) -> bytes | None:
        """Say something and hear the answer."""
        self.child.send(message)
        return self.hear()


@pytest.fixture(autouse=True)
def mark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Mark all processes that are started, none of which may be left; the current folder is none of tests."""
    mark = new_mark()
    monkeypatch.setenv(NAME, mark)
    monkeypatch.chdir(tmp_path)
    yield mark
    assert left(mark) == {}


@pytest.fixture
def start() -> Iterator[Start]:
    """`start(function)`: a child that runs a function, and is ended with the test."""
    started: list[Talk] = []

    def start(function: Callable[[Parent], None]) -> Talk:
        started.append(Talk(function))
        return started[-1]

    yield start
    for talk in started:
        talk.child.end()


# --- talking


def test_messages_arrive_as_they_were_sent(start: Start) -> None:
    """Whatever bytes a message has, and however many, it comes back, and the next one after it."""
    talk = start(acting.echo)
    for message in (b"", b"\0\n\xff", b"x" * 5_000_000, os.urandom(70_000)):
        assert talk.ask(message) == message
    talk.child.end()
    assert talk.hear() is None


def test_a_message_beyond_all_bounds(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that says more than a message may hold is heard no more, and can be ended; nothing of it is taken."""
    talk = start(acting.echo)
    assert talk.ask(b"12345") == b"12345"
    monkeypatch.setattr(processes, "MAX_MESSAGE_LENGTH", 4)
    assert talk.ask(b"12345") is None
    talk.child.end()


def test_one_that_has_ended_can_be_talked_to(start: Start) -> None:
    """What is sent to a child that is not there any more is lost without a word, and it can be ended twice."""
    talk = start(acting.obey)
    assert talk.ask(b"exit") == b"begun"
    assert talk.hear() is None
    talk.child.send(b"x" * 1_000_000)
    assert (talk.child.end(), talk.child.end()) == (5, 5)


# --- limits


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ("hold", OUT_OF_TIME),
        ("swell", OUT_OF_MEMORY),
        ("crash", -signal.SIGSEGV),
        ("exit", 5),
        ("leave", 0),
        ("raise", 1),
    ],
)
def test_the_exit_code_says_what_it_ended_of(start: Start, order: str, code: int) -> None:
    """Too much time or memory, a crash, an exit, an error: each has its own exit code."""
    talk = start(acting.obey)
    assert talk.ask(order.encode()) == b"begun"
    assert talk.hear() is None
    assert talk.child.end() == code


def test_each_piece_of_work_has_its_own_budget(start: Start) -> None:
    """The time of one is not counted against the next, and beyond them memory is not limited."""
    talk = start(acting.work_often)
    assert talk.ask(b"") == b"done"


@pytest.mark.parametrize("order", ["hang", "hold"])
def test_it_can_be_ended_whatever_it_does(start: Start, order: str) -> None:
    """A child that sleeps, or never lets go of Python's lock, is ended within some seconds."""
    talk = start(acting.obey)
    assert talk.ask(order.encode()) == b"begun"
    time.sleep(0.3)  # now it is at it
    started = time.monotonic()
    assert talk.child.end() in {0, OUT_OF_TIME, -signal.SIGKILL}
    assert time.monotonic() - started < 20
    assert talk.hear() is None


def test_what_programs_use_is_charged(start: Start) -> None:
    """The processor's time that other programs take for a child is its own."""
    talk = start(acting.run_programs)
    heard = [talk.ask(b"")]
    while (said := talk.hear()) is not None:
        heard.append(said)
    assert talk.child.end() == OUT_OF_TIME
    assert 1 <= heard.count(b"run") <= 6


def test_a_program_that_does_not_end(start: Start) -> None:
    """A program may use what is left to the child that runs it, and its end is the child's."""
    talk = start(acting.run_one_program)
    started = time.monotonic()
    assert talk.ask(b"") is None
    assert talk.child.end() == OUT_OF_TIME
    assert time.monotonic() - started < 20


# --- what it leaves behind


def test_what_it_says_besides_reaches_nobody(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    """What a child prints, as Python does and as C does, is neither seen nor taken for an answer."""
    talk = start(acting.obey)
    assert (talk.ask(b"print"), talk.hear(), talk.ask(b"print")) == (b"begun", b"done", b"begun")
    talk.child.end()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("order", ["start", "fork"])
@pytest.mark.parametrize("how", ["asked", "killed"])
def test_what_it_started_ends_with_it(start: Start, mark: str, order: str, how: str) -> None:
    """The processes that a child has left behind are ended when it is, or when it has been killed."""
    talk = start(acting.obey)
    assert (talk.ask(order.encode()), talk.hear()) == (b"begun", b"done")
    until(lambda: len(marked(mark)) > 1)
    if how == "killed":
        os.kill(talk.child._process.pid, signal.SIGKILL)
    talk.child.end()
    assert left(mark) == {}


@pytest.mark.parametrize("how", ["asked", "killed", "program killed"])
def test_folders_and_programs_end_with_it(start: Start, mark: str, tmp_path: Path, how: str) -> None:
    """A temporary folder, which is private, and a program that is run there go with the child, however that ends."""
    path = program(tmp_path)
    talk = start(acting.use_a_folder)
    said = talk.ask(str(path).encode())
    assert said
    mode, folder = said.decode().split()
    assert mode == "700"
    until(lambda: Path(folder, "running").exists() and len(marked(mark)) == 3)
    if how == "killed":
        os.kill(talk.child._process.pid, signal.SIGKILL)
    if how == "program killed":
        for pid, line in marked(mark).items():
            if str(path).encode() in line and b"acting" not in line:
                os.kill(pid, signal.SIGKILL)
        assert talk.hear() is None
    talk.child.end()
    assert left(mark) == {}
    assert not Path(folder).exists()


def program(folder: Path) -> Path:
    """A program that forks and does not end."""
    path = folder / "program"
    path.write_text(
        f"#!{sys.executable}\nimport os, time\nos.fork()\nopen('running', 'w').close()\ntime.sleep(600)\n", "utf-8"
    )
    path.chmod(0o700)
    return path


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


PARENT = """
import signal, sys, time
from queue import SimpleQueue
signal.signal(signal.SIGINT, signal.default_int_handler)
from hostile import acting
from searchkit.processes import Child
inbox = SimpleQueue()
child = Child(getattr(acting, sys.argv[1]), inbox)
for order in sys.argv[2:]:
    child.send(order.encode())
    while inbox.get()[1] == b"done":
        pass
print("begun", flush=True)
time.sleep(600)
"""
ENDS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


@pytest.mark.parametrize(
    "orders",
    [("obey", "hang"), ("obey", "hold"), ("obey", "start", "hang"), ("obey", "fork", "hang"), ("use_a_folder",)],
    ids=lambda orders: " ".join(orders[-2:]),
)
def test_it_ends_with_its_parent(mark: str, tmp_path: Path, orders: Sequence[str]) -> None:
    """However its parent ends, a child ends too, in the middle of whatever it does, with all that it started."""
    if orders[0] == "use_a_folder":
        orders = (*orders, str(program(tmp_path)))
    command = [sys.executable, "-c", PARENT, *orders]
    path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    environment = {**os.environ, "PYTHONPATH": path, "TMPDIR": str(tmp_path)}
    with ExitStack() as stack:
        parents = [
            stack.enter_context(
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
            )
            for _ in ENDS
        ]
        for process in parents:
            assert process.stdout
            assert process.stdout.readline() == b"begun\n"
        for process, how in zip(parents, ENDS, strict=True):
            process.send_signal(how)
    assert left(mark) == {}
    assert [*tmp_path.glob("searchkit-*")] == []


def test_ctrl_c_is_not_for_it(start: Start) -> None:
    """What a terminal sends to all processes in front of it does not reach a child."""
    talk = start(acting.echo)
    assert talk.ask(b"1") == b"1"
    assert os.getpgid(talk.child._process.pid) != os.getpgid(0)
    assert os.getsid(talk.child._process.pid) != os.getsid(0)


# --- what it inherits


def test_it_inherits_nothing(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has no file of its parent open, is in another folder, and knows none of the variables that Python reads."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "run.py"))
    monkeypatch.setenv("MINE", "1")
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)  # noqa: FBT003 - the function's own
        said = json.loads(start(acting.describe).ask(b"") or b"")
    assert said["folder"] == os.path.abspath(os.sep)  # noqa: PTH100 - the root, whatever it is
    assert str(tmp_path / "open") not in said["files"]
    assert [name for name in said["variables"] if name.startswith("PYTHON")] == []
    assert said["variables"]["MINE"] == "1"
    assert (said["is_isolated"], said["is_utf8"]) == (1, sys.flags.utf8_mode)


def test_no_folder_can_put_anything_in_its_way(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules in the current folder or beside the script are not found, also where the parent would find them."""
    beside = tmp_path / "beside"
    beside.mkdir()
    for name in ("searchkit", "json", "msgspec", "sitecustomize", "hostile"):
        for folder in (tmp_path, beside):
            (folder / f"{name}.py").write_text("raise SystemExit(9)", encoding="utf-8")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(beside / "script.py"), raising=False)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), str(beside), ".", *sys.path])
    said = json.loads(start(acting.describe).ask(b"") or b"")
    assert said["package"] == processes.__file__
    assert {"", ".", str(tmp_path), str(beside)} & {*said["path"]} == set()
    assert str(TESTS) in said["path"]


def test_packages_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The folder of a user's own packages is left out, unless it is where this package is."""
    monkeypatch.setattr(processes.site, "getusersitepackages", lambda: str(tmp_path / "user"))
    monkeypatch.setattr(sys, "path", [str(tmp_path / "user"), str(tmp_path / "other")])
    assert processes._path() == [str(tmp_path / "other")]
    monkeypatch.setattr(processes, "_PACKAGE", tmp_path / "user" / "searchkit")
    assert processes._path() == sys.path


# --- what cannot be started


@pytest.mark.parametrize("program", ["", "/nowhere/python"])
def test_no_process_can_be_started(start: Start, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """That is an error of the operating system."""
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(OSError):  # noqa: PT011 - whichever it has for that
        start(acting.echo)


def test_a_process_that_ends_at_once(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not get as far as the function has ended, and that is all."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    talk = start(acting.echo)
    assert talk.hear() is None
    talk.child.send(b"x")
    assert talk.child.end() == 1


# --- programs


def test_programs_are_found_in_no_current_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A program is found under one of its names on the search path, but not where the user happens to be."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        (folder / "tool").write_text("#!/bin/sh\n", encoding="utf-8")
        (folder / "tool").chmod(stat.S_IRWXU)
    monkeypatch.chdir(here)
    for path in ("", ".", str(here), f".{os.pathsep}{here}{os.pathsep}", "../there"):
        monkeypatch.setenv("PATH", path)
        assert find_program("tool") is None
    monkeypatch.setenv("PATH", os.pathsep.join([".", str(here), "../there", str(there)]))
    assert find_program("tool") == find_program("other", "tool") == str(there / "tool")
    assert find_program("other") is None
    monkeypatch.delenv("PATH")
    assert find_program("no such program") is None


def test_a_folder_for_temporary_files_without_a_child() -> None:
    """Where the process is nobody's child the folder is private too, and goes in the end."""
    with processes.temporary_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "file").touch()
    assert not folder.exists()
