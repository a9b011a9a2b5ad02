"""The machine that figures are measured on: what it is, how fast its memory is, how much of it a command takes."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

LIBRARIES = ("searchkit", "numpy", "rjieba", "tantivy", "whoosh3", "bm25s", "ripgrep")
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)
"""Environment that keeps libraries to one thread."""

_SAMPLED = 512 * 2**20  # bytes of the array whose speed is measured: larger than most caches
_REPEATED = 7
_EVERY = 0.02  # seconds between two looks at the memory of a command
_ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Used:
    """What a command took."""

    seconds: float
    """Wall time."""
    resident_mb: float
    """Most memory at one time, in MB of 10**6 bytes, all its processes together; shared pages count in each."""
    own_mb: float
    """The same without pages of files, which the system can drop: what was allocated."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where and with what the figures were made."""

    cpu: str
    cores: int
    memory_gb: float
    system: str
    python: str
    libraries: Mapping[str, str]
    read_gb_s: float
    """Memory bandwidth of one thread: finding the largest number of a large array; the best of some times."""
    copy_gb_s: float
    """The same for copying one; bytes read and bytes written both count."""


def describe() -> Machine:
    """This machine. Takes some seconds, to measure its memory."""
    read, copied = _bandwidth()
    libraries = {name: _version(name) for name in LIBRARIES}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    system = f"{platform.system()} {platform.release()}"
    python = platform.python_version()
    return Machine(_cpu(), os.cpu_count() or 1, round(memory, 1), system, python, libraries, read, copied)


def run(arguments: Sequence[str]) -> Used:
    """Run `python ARGUMENTS` with one thread for each library, and watch its memory.

    Raises CalledProcessError if it fails.
    """
    command = [sys.executable, *arguments]
    started = time.perf_counter()
    resident = own = 0
    environment = {**os.environ, **ONE_THREAD}
    with subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            now = [_memory(pid) for pid in _tree(process.pid)]
            resident = max(resident, sum(total for total, _ in now))
            own = max(own, sum(anonymous for _, anonymous in now))
            time.sleep(_EVERY)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Used(round(time.perf_counter() - started, 3), round(resident / 1e6, 1), round(own / 1e6, 1))


def as_json(value: Machine | Used) -> dict[str, object]:
    """A record as a JSON object."""
    return asdict(value)


def _bandwidth() -> tuple[float, float]:
    """Bytes of memory that one thread reads, and copies, in a second, in units of 10**9."""
    source = np.ones(_SAMPLED // 8)
    target = np.empty_like(source)
    read = min(_seconds(source.max) for _ in range(_REPEATED))
    copied = min(_seconds(lambda: np.copyto(target, source)) for _ in range(_REPEATED))
    return round(_SAMPLED / read / 1e9, 2), round(2 * _SAMPLED / copied / 1e9, 2)


def _seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def _cpu() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"


def _tree(root: int) -> list[int]:
    """The process and all its descendants."""
    found = [root]
    for pid in found:
        with suppress(OSError):  # it has ended meanwhile
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def _memory(pid: int) -> tuple[int, int]:
    """Resident bytes of a process, and the anonymous ones among them."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0, 0
    sizes = {
        name: int(value.split()[0]) * 1024
        for name, _, value in (line.partition(":") for line in lines)
        if "kB" in value
    }
    return sizes.get("VmRSS", 0), sizes.get("RssAnon", 0)
