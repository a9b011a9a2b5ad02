"""Describes the machine of a benchmark, and measures the time and memory that a command uses."""

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

import searchkit

LIBRARIES = ("searchkit", "numpy", "rjieba", "tantivy", "whoosh3", "bm25s", "ripgrep")
"""Packages whose versions are recorded."""
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"
)
"""Environment variables that limit libraries to one thread."""

_ARRAY_BYTES = 512 * 2**20
"""Size of the array with which the bandwidth is measured. It is larger than most processor caches."""
_REPEATS = 7
"""Number of measurements of the bandwidth, of which the fastest counts."""
_SAMPLING_SECONDS = 0.02
"""Time between two samples of the memory of a command, in seconds."""
_ROOT = Path(__file__).parent.parent
"""Folder of the checkout, in which commands run."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Time and memory that a command used."""

    seconds: float
    """Wall time."""
    resident_mb: float
    """Peak resident memory in MB of 10**6 bytes, summed over all processes. A shared page counts once per process."""
    own_mb: float
    """Peak allocated memory: as `resident_mb`, but without pages of files, which the system can drop."""


@dataclass(frozen=True, slots=True)
class Machine:
    """Hardware and software of a benchmark."""

    cpu: str
    """Model name of the processor."""
    cores: int
    memory_gb: float
    """Size of the memory in GB of 10**9 bytes."""
    system: str
    """Name and version of the operating system's kernel."""
    python: str
    libraries: Mapping[str, str]
    """Name of `LIBRARIES` → version."""
    read_gb_s: float
    """Memory bandwidth of one thread that computes the maximum of a large array: GB/s, the highest of several runs."""
    copy_gb_s: float
    """The same for a thread that copies the array. Bytes read and bytes written both count."""


def describe() -> Machine:
    """Describe this machine. Takes some seconds to measure the memory bandwidth."""
    read_gb_s, copy_gb_s = _bandwidth()
    libraries = {name: _version(name) for name in LIBRARIES}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    system = f"{platform.system()} {platform.release()}"
    python = platform.python_version()
    return Machine(_cpu(), os.cpu_count() or 1, round(memory, 1), system, python, libraries, read_gb_s, copy_gb_s)


def run(arguments: Sequence[str]) -> Usage:
    """Run `python ARGUMENTS` with one thread per library, and sample the memory of the process and its descendants.

    Raises CalledProcessError if the exit status is not 0.
    """
    command = [sys.executable, *arguments]
    started = time.perf_counter()
    resident = allocated = 0
    environment = {**os.environ, **ONE_THREAD}
    with subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            sizes = [memory(pid) for pid in process_tree(process.pid)]
            resident = max(resident, sum(total for total, _ in sizes))
            allocated = max(allocated, sum(anonymous for _, anonymous in sizes))
            time.sleep(_SAMPLING_SECONDS)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Usage(round(time.perf_counter() - started, 3), round(resident / 1e6, 1), round(allocated / 1e6, 1))


def as_json(value: Machine | Usage) -> dict[str, object]:
    """Convert to a JSON object."""
    return asdict(value)


def _bandwidth() -> tuple[float, float]:
    """Return the bandwidth of one thread for reading and for copying, in GB of 10**9 bytes per second."""
    source = np.ones(_ARRAY_BYTES // 8)
    target = np.empty_like(source)
    read_seconds = min(_seconds(source.max) for _ in range(_REPEATS))
    copy_seconds = min(_seconds(lambda: np.copyto(target, source)) for _ in range(_REPEATS))
    return round(_ARRAY_BYTES / read_seconds / 1e9, 2), round(2 * _ARRAY_BYTES / copy_seconds / 1e9, 2)


def _seconds(function: Callable[[], object]) -> float:
    """Call a function, and return the seconds that it took."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


def _cpu() -> str:
    """Return the model name of the processor, or its architecture if Linux does not know the model."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(library: str) -> str:
    """Return the installed version of a package, or `not installed`. For searchkit, the version of this checkout."""
    if library == "searchkit":  # the distribution has another name
        return searchkit.__version__
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"


def process_tree(root: int) -> list[int]:
    """Return the ids of a process and of all its descendants."""
    pids = [root]
    for pid in pids:  # also visits the ids that the loop appends
        with suppress(OSError):  # the process has ended
            for task in Path(f"/proc/{pid}/task").iterdir():
                pids += map(int, (task / "children").read_text().split())
    return pids


def memory(pid: int) -> tuple[int, int]:
    """Return the resident bytes of a process, and the anonymous ones among them: those that do not belong to a file.

    Both are 0 if the process has ended.
    """
    sizes = _memory_sizes(pid)
    return sizes.get("VmRSS", 0), sizes.get("RssAnon", 0)


def peak_memory() -> int:
    """Return the maximum of the resident bytes of this process.

    `resource.getrusage` is of no use: its maximum includes the memory of the process that started this one.
    """
    return _memory_sizes(os.getpid()).get("VmHWM", 0)


def _memory_sizes(pid: int) -> dict[str, int]:
    """Return the memory sizes in bytes that the kernel reports for a process, by name; none if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in lines)
    return {name: int(value.split()[0]) * 1024 for name, _, value in pairs if "kB" in value}
