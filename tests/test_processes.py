"""Child processes: messages, limits, isolation, the end of a child with its descendants, the search for programs."""

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
from marked import MARK_VARIABLE, find_processes, kill_leftovers, new_mark

from searchkit import processes
from searchkit.processes import OUT_OF_MEMORY, OUT_OF_TIME, Child, Parent, find_program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs signals, fork and memory limits")

TESTS = Path(__file__).parent
Start = Callable[[Callable[[Parent], None]], "Conversation"]


class Conversation:
    """A child and its messages."""

    def __init__(self, function: Callable[[Parent], None]) -> None:
        self._inbox: SimpleQueue[tuple[Child, bytes | None]] = SimpleQueue()
        self.child = Child(function, self._inbox)

    def receive(self) -> bytes | None:
        """Return the next message, or None if the child has exited or its message is too long."""
        child, message = self._inbox.get(timeout=60)
        assert child is self.child
        return message

    def request(self, message: bytes) -> bytes | None:
        """Send a message, and return the next message of the child."""
        self.child.send(message)
        return self.receive()


@pytest.fixture(autouse=True)
def mark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """Mark all processes that a test starts, and check at the end that none is left. Tests run in an empty folder."""
    mark = new_mark()
    monkeypatch.setenv(MARK_VARIABLE, mark)
    monkeypatch.chdir(tmp_path)
    yield mark
    assert kill_leftovers(mark) == {}


@pytest.fixture
def start() -> Iterator[Start]:
    """`start(function)` starts a child that runs a function. It is ended after the test."""
    started: list[Conversation] = []

    def start(function: Callable[[Parent], None]) -> Conversation:
        started.append(Conversation(function))
        return started[-1]

    yield start
    for conversation in started:
        conversation.child.end()


# --- messages


def test_messages_arrive_unchanged_and_in_order(start: Start) -> None:
    """Messages with any bytes arrive unchanged and in order, also empty and long ones."""
    conversation = start(acting.echo)
    for message in (b"", b"\0\n\xff", b"x" * 5_000_000, os.urandom(70_000)):
        assert conversation.request(message) == message
    conversation.child.end()
    assert conversation.receive() is None


def test_a_message_that_is_too_long_is_discarded(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that sends a message above the limit counts as exited, and can be ended."""
    conversation = start(acting.echo)
    assert conversation.request(b"12345") == b"12345"
    monkeypatch.setattr(processes, "MAX_MESSAGE_LENGTH", 4)
    assert conversation.request(b"12345") is None
    conversation.child.end()


def test_messages_to_an_exited_child_are_lost(start: Start) -> None:
    """Sending to an exited child is not an error, and a child can be ended twice."""
    conversation = start(acting.execute_commands)
    assert conversation.request(b"exit") == b"begun"
    assert conversation.receive() is None
    conversation.child.send(b"x" * 1_000_000)
    assert (conversation.child.end(), conversation.child.end()) == (5, 5)


# --- limits


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("hold", OUT_OF_TIME),
        ("swell", OUT_OF_MEMORY),
        ("crash", -signal.SIGSEGV),
        ("exit", 5),
        ("leave", 0),
        ("raise", 1),
    ],
)
def test_the_exit_code_tells_the_cause(start: Start, command: str, code: int) -> None:
    """Exceeded time, exceeded memory, a crash, an exit and an exception have different exit codes.

    The command `exit` exits with status 5, `leave` with status 0.
    """
    conversation = start(acting.execute_commands)
    assert conversation.request(command.encode()) == b"begun"
    assert conversation.receive() is None
    assert conversation.child.end() == code


def test_each_block_has_its_own_budget(start: Start) -> None:
    """The time of a block under `limit_resources` does not count for the next block. Outside, memory is not limited."""
    conversation = start(acting.work_often)
    assert conversation.request(b"") == b"done"


@pytest.mark.parametrize("command", ["hang", "hold"])
def test_a_busy_child_can_be_ended(start: Start, command: str) -> None:
    """A child that sleeps or holds the interpreter lock is ended within 20 seconds."""
    conversation = start(acting.execute_commands)
    assert conversation.request(command.encode()) == b"begun"
    time.sleep(0.3)  # until it is busy
    started = time.monotonic()
    assert conversation.child.end() in {0, OUT_OF_TIME, -signal.SIGKILL}
    assert time.monotonic() - started < 20
    assert conversation.receive() is None


def test_the_time_of_programs_is_charged_to_the_child(start: Start) -> None:
    """The CPU time of programs that a child runs counts as CPU time of the child."""
    conversation = start(acting.run_programs)
    messages = [conversation.request(b"")]
    while (message := conversation.receive()) is not None:
        messages.append(message)
    assert conversation.child.end() == OUT_OF_TIME
    assert 1 <= messages.count(b"run") <= 6


def test_an_endless_program_exhausts_the_budget(start: Start) -> None:
    """A program can use all the CPU time that its child has left. Then the child ends, too."""
    conversation = start(acting.run_one_program)
    started = time.monotonic()
    assert conversation.request(b"") is None
    assert conversation.child.end() == OUT_OF_TIME
    assert time.monotonic() - started < 20


# --- the end of a child


def test_output_of_a_child_is_discarded(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    """Output of Python and of C code is neither shown nor taken for a message."""
    conversation = start(acting.execute_commands)
    assert (conversation.request(b"print"), conversation.receive(), conversation.request(b"print")) == (
        b"begun",
        b"done",
        b"begun",
    )
    conversation.child.end()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("command", ["start", "fork"])
@pytest.mark.parametrize("how", ["ended", "killed"])
def test_descendants_end_with_the_child(start: Start, mark: str, command: str, how: str) -> None:
    """`end` ends the descendants of a child, also of one that was killed before."""
    conversation = start(acting.execute_commands)
    assert (conversation.request(command.encode()), conversation.receive()) == (b"begun", b"done")
    wait_until(lambda: len(find_processes(mark)) > 1)
    if how == "killed":
        os.kill(conversation.child._process.pid, signal.SIGKILL)
    conversation.child.end()
    assert kill_leftovers(mark) == {}


@pytest.mark.parametrize("how", ["ended", "killed", "program killed"])
def test_temporary_folders_and_programs_end_with_the_child(start: Start, mark: str, tmp_path: Path, how: str) -> None:
    """`end` removes the private temporary folder of a child, and ends the program that runs in it.

    It does so, too, if the child or the program was killed before.
    """
    path = write_program(tmp_path)
    conversation = start(acting.use_a_folder)
    message = conversation.request(str(path).encode())
    assert message
    mode, folder = message.decode().split()
    assert mode == "700"
    wait_until(lambda: Path(folder, "running").exists() and len(find_processes(mark)) == 3)
    if how == "killed":
        os.kill(conversation.child._process.pid, signal.SIGKILL)
    if how == "program killed":
        for pid, line in find_processes(mark).items():
            if str(path).encode() in line and b"acting" not in line:
                os.kill(pid, signal.SIGKILL)
        assert conversation.receive() is None
    conversation.child.end()
    assert kill_leftovers(mark) == {}
    assert not Path(folder).exists()


def test_systems_without_waitid(start: Start, mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `os.waitid`, `end` ends the descendants of a child and removes its folder, also after `wait_for_exit`."""
    monkeypatch.delattr(os, "waitid", raising=False)
    conversation = start(acting.use_a_folder)
    message = conversation.request(str(write_program(tmp_path)).encode())
    assert message
    folder = Path(message.decode().split()[1])
    wait_until(lambda: (folder / "running").exists() and len(find_processes(mark)) == 3)
    os.kill(conversation.child._process.pid, signal.SIGKILL)
    assert conversation.child.wait_for_exit() == -signal.SIGKILL
    assert conversation.child.end() == -signal.SIGKILL
    assert kill_leftovers(mark) == {}
    assert not folder.exists()


def write_program(folder: Path) -> Path:
    """Write a program that forks, creates the file `running` in its current folder, and does not exit."""
    path = folder / "program"
    path.write_text(
        f"#!{sys.executable}\nimport os, time\nos.fork()\nopen('running', 'w').close()\ntime.sleep(600)\n", "utf-8"
    )
    path.chmod(0o700)
    return path


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until the condition is true. Fail if it is false after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


PARENT = """
import signal, sys, time
from queue import SimpleQueue
signal.signal(signal.SIGINT, signal.default_int_handler)
from hostile import acting
from searchkit.processes import Child
inbox = SimpleQueue()
child = Child(getattr(acting, sys.argv[1]), inbox)
for command in sys.argv[2:]:
    child.send(command.encode())
    while inbox.get()[1] == b"done":
        pass
print("begun", flush=True)
time.sleep(600)
"""
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


@pytest.mark.parametrize(
    "commands",
    [
        ("execute_commands", "hang"),
        ("execute_commands", "hold"),
        ("execute_commands", "start", "hang"),
        ("execute_commands", "fork", "hang"),
        ("fork_and_send", ""),
        ("use_a_folder",),
    ],
    ids=lambda commands: " ".join(commands[-2:]).strip(),
)
def test_a_child_ends_with_its_parent(mark: str, tmp_path: Path, commands: Sequence[str]) -> None:
    """A child and its descendants end with the parent, whichever of `SIGNALS` ends it and whatever the child is doing.

    The temporary folder of the child is removed.
    """
    if commands[0] == "use_a_folder":
        commands = (*commands, str(write_program(tmp_path)))
    command = [sys.executable, "-c", PARENT, *commands]
    path = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    environment = {**os.environ, "PYTHONPATH": path, "TMPDIR": str(tmp_path)}
    with ExitStack() as stack:
        parents = [
            stack.enter_context(
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
            )
            for _ in SIGNALS
        ]
        for process in parents:
            assert process.stdout
            assert process.stdout.readline() == b"begun\n"
        for process, number in zip(parents, SIGNALS, strict=True):
            process.send_signal(number)
    assert kill_leftovers(mark) == {}
    assert [*tmp_path.glob("searchkit-*")] == []


def test_a_child_does_not_receive_ctrl_c(start: Start) -> None:
    """A child has another process group and session than its parent, so a terminal does not send it Ctrl-C."""
    conversation = start(acting.echo)
    assert conversation.request(b"1") == b"1"
    assert os.getpgid(conversation.child._process.pid) != os.getpgid(0)
    assert os.getsid(conversation.child._process.pid) != os.getsid(0)


# --- isolation


def test_a_child_inherits_no_files_and_no_settings_of_python(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child does not have a file of its parent open, even if the file is inheritable. Its current folder is the root.

    It has the environment variables of its parent, except those whose names begin with PYTHON. Its Python is isolated
    (`-I`) and in the UTF-8 mode of its parent.
    """
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "run.py"))
    monkeypatch.setenv("MINE", "1")
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)  # noqa: FBT003 - the signature is Python's
        described = json.loads(start(acting.describe).request(b"") or b"")
    assert described["folder"] == os.path.abspath(os.sep)  # noqa: PTH100 - the root on every system
    assert str(tmp_path / "open") not in described["files"]
    assert [name for name in described["variables"] if name.startswith("PYTHON")] == []
    assert described["variables"]["MINE"] == "1"
    assert (described["is_isolated"], described["is_utf8"]) == (1, sys.flags.utf8_mode)


def test_a_child_imports_nothing_from_untrusted_folders(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A child finds no modules in the current folder of its parent or next to its script, even if the parent does."""
    script_folder = tmp_path / "script"
    script_folder.mkdir()
    for name in ("searchkit", "json", "msgspec", "sitecustomize", "hostile"):
        for folder in (tmp_path, script_folder):
            (folder / f"{name}.py").write_text("raise SystemExit(9)", encoding="utf-8")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(script_folder / "script.py"), raising=False)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), str(script_folder), ".", *sys.path])
    described = json.loads(start(acting.describe).request(b"") or b"")
    assert described["package"] == processes.__file__
    assert {"", ".", str(tmp_path), str(script_folder)} & {*described["path"]} == set()
    assert str(TESTS) in described["path"]


def test_user_site_packages_are_excluded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The user's site-packages are not on the module path of a child, unless they contain this package."""
    monkeypatch.setattr(processes.site, "getusersitepackages", lambda: str(tmp_path / "user"))
    monkeypatch.setattr(sys, "path", [str(tmp_path / "user"), str(tmp_path / "other")])
    assert processes._module_path() == [str(tmp_path / "other")]
    monkeypatch.setattr(processes, "_PACKAGE", tmp_path / "user" / "searchkit")
    assert processes._module_path() == sys.path


# --- start failures


@pytest.mark.parametrize("program", ["", "/nowhere/python"])
def test_a_failed_start_is_an_oserror(start: Start, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """If no process can be started, the error of the operating system is raised."""
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(OSError):  # noqa: PT011 - the message depends on the system
        start(acting.echo)


def test_a_process_that_exits_at_once(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that exits before it calls the function is reported as exited."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    conversation = start(acting.echo)
    assert conversation.receive() is None
    conversation.child.send(b"x")
    assert conversation.child.end() == 1


# --- programs


def test_programs_are_not_found_in_the_current_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A program is found under any of its names, but only in absolute folders of the search path.

    It is not found in the current folder, even if that is on the search path.
    """
    current, other = tmp_path / "current", tmp_path / "other"
    for folder in (current, other):
        folder.mkdir()
        (folder / "tool").write_text("#!/bin/sh\n", encoding="utf-8")
        (folder / "tool").chmod(stat.S_IRWXU)
    monkeypatch.chdir(current)
    for path in ("", ".", str(current), f".{os.pathsep}{current}{os.pathsep}", "../other"):
        monkeypatch.setenv("PATH", path)
        assert find_program("tool") is None
    monkeypatch.setenv("PATH", os.pathsep.join([".", str(current), "../other", str(other)]))
    assert find_program("tool") == find_program("missing", "tool") == str(other / "tool")
    assert find_program("missing") is None
    monkeypatch.delenv("PATH")
    assert find_program("no such program") is None


def test_a_temporary_folder_of_a_process_that_is_not_a_child() -> None:
    """The folder can be read only by its owner, and is removed at the end, as in a child."""
    with processes.temporary_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "file").touch()
    assert not folder.exists()
