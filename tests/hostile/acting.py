"""Functions that child processes run in `test_processes.py`."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from hostile.hostile_reader import COMMANDS

from searchkit import processes
from searchkit.processes import Parent, limit_resources, run_program, temporary_folder


def echo(parent: Parent) -> None:
    """Send back each message."""
    while True:
        parent.send(parent.receive())


def execute_commands(parent: Parent) -> None:
    """Execute commands of the hostile reader, each with limits of one processor second and one gibibyte."""
    while True:
        command = parent.receive().decode()
        parent.send(b"begun")
        with limit_resources(1, 1 << 30):
            COMMANDS[command]()
        parent.send(b"done")


def fork_and_send(parent: Parent) -> None:
    """Receive a message, fork a process that never ends, then send messages without end."""
    parent.receive()
    if not os.fork():
        COMMANDS["hang"]()
    while True:
        parent.send(b"begun")


def work_often(parent: Parent) -> None:
    """Use more processor time than one limited block may, spread over three blocks, and more memory between blocks."""
    parent.receive()
    for _ in range(3):
        with limit_resources(1, 1 << 20):
            end = time.process_time() + 0.5
            while time.process_time() < end:
                pass
        bytearray(1 << 26)  # outside of the block, memory is not limited
    parent.send(b"done")


def run_programs(parent: Parent) -> None:
    """Run programs one after another that together use more processor time than this process may."""
    parent.receive()
    busy = "import time\nwhile time.process_time() < 0.5: pass"
    with limit_resources(2, 1 << 30):
        for _ in range(60):
            run_program([sys.executable, "-I", "-c", busy], Path(tempfile.gettempdir()))
            parent.send(b"run")


def run_one_program(parent: Parent) -> None:
    """Run a program that uses the processor forever."""
    parent.receive()
    with limit_resources(1, 1 << 30):
        run_program([sys.executable, "-I", "-c", "while True: pass"], Path(tempfile.gettempdir()))
        parent.send(b"run")


def describe(parent: Parent) -> None:
    """Send a description of this process: among others its folder, open files, variables and module path."""
    parent.receive()
    description = {
        "folder": str(Path.cwd()),
        "files": _files(),
        "variables": dict(os.environ),
        "path": sys.path,
        "package": processes.__file__,
        "is_isolated": sys.flags.isolated,
        "is_utf8": sys.flags.utf8_mode,
    }
    parent.send(json.dumps(description).encode())


def _files() -> list[str]:
    """Return the files that this process has open; empty if the system does not list them."""
    links = Path("/proc/self/fd").iterdir() if Path("/proc/self/fd").is_dir() else ()
    return [str(link.readlink()) for link in links if link.is_symlink()]


def use_a_folder(parent: Parent) -> None:
    """Create a folder for temporary files, send its mode and path, and run the program with the received path in it."""
    program = parent.receive().decode()
    with temporary_folder() as folder:
        (folder / "file").touch()
        parent.send(f"{folder.stat().st_mode & 0o777:o} {folder}".encode())
        run_program([program], folder)
