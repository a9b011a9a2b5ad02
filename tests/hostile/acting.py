"""What the children of `test_processes.py` do."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from hostile.hostile_reader import ORDERS

from searchkit import processes
from searchkit.processes import Parent, limited, run_program, temporary_folder


def echo(parent: Parent) -> None:
    """Say what is heard."""
    while True:
        parent.send(parent.receive())


def obey(parent: Parent) -> None:
    """Do what the hostile reader does, within a second of the processor and a gigabyte."""
    while True:
        order = parent.receive().decode()
        parent.send(b"begun")
        with limited(1, 1 << 30):
            ORDERS[order]()
        parent.send(b"done")


def work_often(parent: Parent) -> None:
    """Use more time and memory in all than each piece of work may."""
    parent.receive()
    for _ in range(3):
        with limited(1, 1 << 20):
            end = time.process_time() + 0.5
            while time.process_time() < end:
                pass
        bytearray(1 << 26)
    parent.send(b"done")


def run_programs(parent: Parent) -> None:
    """Have other programs use more of the processor, one after the other, than this one may."""
    parent.receive()
    busy = "import time\nwhile time.process_time() < 0.5: pass"
    with limited(2, 1 << 30):
        for _ in range(60):
            run_program([sys.executable, "-I", "-c", busy], Path(tempfile.gettempdir()))
            parent.send(b"run")


def run_one_program(parent: Parent) -> None:
    """Have a program use the processor without end."""
    parent.receive()
    with limited(2, 1 << 30):
        run_program([sys.executable, "-I", "-c", "while True: pass"], Path(tempfile.gettempdir()))
        parent.send(b"run")


def describe(parent: Parent) -> None:
    """Say what there is around a child."""
    parent.receive()
    said = {
        "folder": str(Path.cwd()),
        "files": _files(),
        "variables": dict(os.environ),
        "path": sys.path,
        "package": processes.__file__,
        "is_isolated": sys.flags.isolated,
        "is_utf8": sys.flags.utf8_mode,
    }
    parent.send(json.dumps(said).encode())


def _files() -> list[str]:
    """Give the files that this process has open; none where the system does not say."""
    links = Path("/proc/self/fd").iterdir() if Path("/proc/self/fd").is_dir() else ()
    return [str(link.readlink()) for link in links if link.is_symlink()]


def use_a_folder(parent: Parent) -> None:
    """Make a folder for temporary files, say which, and run a program in it that does not end."""
    program = parent.receive().decode()
    with temporary_folder() as folder:
        (folder / "file").touch()
        parent.send(f"{folder.stat().st_mode & 0o777:o} {folder}".encode())
        run_program([program], folder)
