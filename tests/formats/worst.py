"""Indexes the most expensive known files of every format, and checks the limits of time and memory.

    python tests/formats/worst.py [--sizes MB ...] [--formats SUFFIX ...] [--kinds WORDS] [--all] [--seed N]
                                  [--folder DIR] [--result FILE]

Each format has a table of kinds (worst_kinds/): ways to create a file that costs the parser, or a later stage, as much
as possible for its size. The file is put into a folder with five intact reports, and one worker process indexes the
folder. It is a fault if the build of the index fails, writes to standard error or takes too long; if an intact report
is not indexed; if the processes take more processor time than two attempts at the file may, or more memory than its
budget (indexing/budget.py), with an allowance for the build itself; if an unexpected error occurs; if the reason for
skipping the file has several lines; or if a process survives.

All kinds are indexed at the first size. At each later size, only two kinds are indexed: the one that took the most
processor time at the size before, and the one that took the most memory. With `--all`, all kinds are indexed at all
sizes. The results of a format are written to a file when the format is done, and the results of other formats in the
file are kept. With `--folder`, the files and the index are created in DIR, and those of the last malicious file are
kept.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS), str(TESTS / "corpus" / "formats"), str(TESTS.parent)]  # pytest has added them already

from formats import make  # noqa: E402 - needs the path above
from formats.worst_kinds import kinds  # noqa: E402
from formats.worst_kinds.making import MEGABYTE, RNG, FileKind  # noqa: E402

from bench.machine import process_tree  # noqa: E402
from searchkit import __version__  # noqa: E402
from searchkit.corpus.formats import doc  # noqa: E402
from searchkit.index import Index  # noqa: E402
from searchkit.indexing.budget import memory_for, seconds_for  # noqa: E402

RESULT_FILE = Path(__file__).with_name("worst.json")
"""File of the results."""
SIZES, SEED = (1.0, 10.0, 50.0), 20240601
"""Sizes of the malicious files in megabytes, and seed of the random numbers."""
_LIBRARIES = ("pypdfium2", "selectolax", "markdown-it-py", "numpy", "rjieba")
_START_UP_SECONDS = 10
"""Processor seconds allowed to start the processes, read the intact reports and write the index."""
_MAX_ATTEMPTS = 2
"""Maximum number of attempts at a file: the first in a process that also reads other files, the second alone."""
_BASE_MEMORY = 400 << 20
"""Bytes of memory allowed for the build process and an idle worker together."""
_WALL_CLOCK_FACTOR = 10
"""Time limit of a build: wall clock seconds per processor second that one attempt at the malicious file may use."""
_SAMPLE_SECONDS = 0.05
"""Seconds between two samples of the processes."""
_BEFORE, _AFTER = ("10-{}", "11-{}"), ("90-{}", "91-{}", "92-{}")
"""Beginnings of the names of the intact reports, which are sorted before and after the malicious file."""
_INTACT_SUFFIXES = (".txt", ".html", ".docx", ".pdf", ".md")
"""Suffixes of the intact reports."""
_HOSTILE = "50-hostile"
"""Name of the malicious file, without its suffix."""
_LIBREOFFICE_SUFFIXES = frozenset({".doc", ".rtf"})
"""Suffixes of the formats that LibreOffice reads. LibreOffice is a second process with its own limits."""
_UNEXPECTED = "bug in searchkit"
"""Part of the reason why a file is not read if a reader raised an unexpected exception."""
_TICKS = os.sysconf("SC_CLK_TCK")
"""Clock ticks per second, the unit of processor times in /proc."""
_PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")
"""Bytes per page, the unit of memory in /proc."""


# Building and judging


@dataclass(frozen=True)
class Run:
    """Cost and result of indexing one malicious file among intact reports."""

    suffix: str
    kind: str
    megabytes: float
    """Requested size."""
    size: int
    """Bytes of the malicious file."""
    seconds: float
    """Wall clock time."""
    cpu_seconds: float
    """Processor time of all processes."""
    memory_mb: int
    """Peak memory of all processes together, in MiB."""
    said: str
    """Result for the malicious file: `read`, `read in part, 3 parts not`, or the reason why it was not read.

    Empty if the build failed or was killed.
    """
    neighbours: int
    """Number of intact reports that were indexed."""
    faults: tuple[str, ...] = ()
    """Descriptions of the faults."""


@dataclass
class ProcessMonitor:
    """Observations of the processes of a running build."""

    seconds: dict[tuple[int, int], float] = field(default_factory=dict)
    """Processor seconds by process id and start time."""
    memory: int = 0
    """Peak memory of all processes together, in bytes."""

    def sample(self, root: int) -> None:
        """Sample a process and its descendants once."""
        memory = 0
        for pid in process_tree(root):
            state = _process_state(pid)
            if state is not None:
                started, seconds, resident = state
                self.seconds[pid, started] = seconds
                memory += resident
        self.memory = max(self.memory, memory)

    def running(self) -> list[int]:
        """Return the ids of the sampled processes that are still running."""
        return [
            pid for pid, started in self.seconds if (state := _process_state(pid)) is not None and state[0] == started
        ]


@dataclass(frozen=True)
class BuildCost:
    """Cost of a build."""

    status: int | None
    """Exit status; None if the build was killed at the time limit."""
    seconds: float
    cpu_seconds: float
    memory: int
    """Bytes."""
    surviving: tuple[int, ...]
    """Ids of the processes that still ran three seconds after the build."""


class WorstFiles:
    """Indexes malicious files among intact ones, and checks the results."""

    def __init__(self, folder: Path, seed: int = SEED) -> None:
        """Work in the existing folder `folder`."""
        self.runs: list[Run] = []
        self._folder, self._seed = folder, seed
        names = (*_BEFORE, *_AFTER)
        self._intact = {
            name.format(f"intact{suffix}"): (make.FOLDER / f"{make.NAME}{suffix}").read_bytes()
            for name, suffix in zip(names, _INTACT_SUFFIXES, strict=True)
        }

    def run(self, suffix: str, kind: str, maker: FileKind, megabytes: float) -> Run:
        """Create a malicious file of one kind and size, index it among intact reports, and check the result."""
        RNG.seed(f"{self._seed} {suffix} {kind} {megabytes}")
        corpus, index = self._folder / "files", self._folder / "index"
        for old in (corpus, index):
            shutil.rmtree(old, ignore_errors=True)
        corpus.mkdir()
        for name, data in self._intact.items():
            (corpus / name).write_bytes(data)
        hostile = corpus / f"{_HOSTILE}{suffix}"
        hostile.write_bytes(maker(int(megabytes * MEGABYTE)))
        size = hostile.stat().st_size
        cost = self._build(corpus, index, _WALL_CLOCK_FACTOR * seconds_for(size))
        result, faults = self._read_output(cost.status, hostile.name)
        indexed = self._intact.keys() & _documents(index) if cost.status == 0 else ()
        faults += (f"{name} was not indexed" for name in sorted(self._intact.keys() - indexed))
        faults += _find_excess(suffix, size, cost)
        seconds, cpu_seconds, memory = round(cost.seconds, 1), round(cost.cpu_seconds, 1), cost.memory >> 20
        run = Run(suffix, kind, megabytes, size, seconds, cpu_seconds, memory, result, len(indexed), tuple(faults))
        self.runs.append(run)
        return run

    def _build(self, corpus: Path, index: Path, timeout: float) -> BuildCost:
        """Build an index of a folder with the command line program, which is killed after `timeout` seconds."""
        command = [sys.executable, "-m", "searchkit", "build", str(corpus), "--index", str(index)]
        monitor = ProcessMonitor()
        before, started = _child_cpu_seconds(), time.monotonic()
        with (self._folder / "stdout").open("wb") as output, (self._folder / "stderr").open("wb") as error:
            process = subprocess.Popen([*command, "--jobs", "1", "--format", "json"], stdout=output, stderr=error)
            while process.poll() is None and time.monotonic() < started + timeout:
                monitor.sample(process.pid)
                time.sleep(_SAMPLE_SECONDS)
            status = process.poll()
            process.kill()
            process.wait()
        seconds = time.monotonic() - started
        cpu_seconds = max(_child_cpu_seconds() - before, sum(monitor.seconds.values()))
        return BuildCost(status, seconds, cpu_seconds, monitor.memory, tuple(_kill_surviving(monitor)))

    def _read_output(self, status: int | None, name: str) -> tuple[str, list[str]]:
        """Return the result for the malicious file (`Run.said`), and the faults in the exit status and the output."""
        faults = [] if status == 0 else ["takes too long" if status is None else f"exit status {status}"]
        if error_output := (self._folder / "stderr").read_text(encoding="utf-8", errors="replace"):
            faults.append(f"stderr: {error_output[-300:]}")
        if status != 0:
            return "", faults
        report = json.loads((self._folder / "stdout").read_bytes())
        skipped = [item for item in report["skipped"] if item["path"].partition("#")[0] == name]
        reasons = [str(item["reason"]) for item in skipped]
        faults += [f"an unexpected error: {reason}" for reason in reasons if _UNEXPECTED in reason][:1]
        faults += [f"a reason with several lines: {reason!r}" for reason in reasons if "\n" in reason][:1]
        reason = next((str(item["reason"]) for item in skipped if item["files"]), "")
        return reason or (f"read in part, {len(skipped)} parts not" if skipped else "read"), faults


def _documents(index: Path) -> set[str]:
    """Return the names of the indexed documents."""
    with Index(index) as opened:
        return {item.document for item in opened.documents()}


def _find_excess(suffix: str, size: int, cost: BuildCost) -> Iterator[str]:
    """Yield a fault for each limit that a build exceeded, and one for processes that survived it."""
    seconds = _MAX_ATTEMPTS * seconds_for(size) + _START_UP_SECONDS
    memory = memory_for(size) * (2 if suffix in _LIBREOFFICE_SUFFIXES else 1) + _BASE_MEMORY
    if cost.cpu_seconds > seconds:
        yield f"{cost.cpu_seconds:.1f} processor seconds, more than {seconds}"
    if cost.memory > memory:
        yield f"{cost.memory >> 20} MiB of memory, more than {memory >> 20}"
    if cost.surviving:
        yield f"surviving processes: {len(cost.surviving)}"


def _kill_surviving(monitor: ProcessMonitor) -> list[int]:
    """Return the ids of the processes that still run three seconds after the build, and kill them."""
    end = time.monotonic() + 3
    while (running := monitor.running()) and time.monotonic() < end:
        time.sleep(_SAMPLE_SECONDS)
    for pid in running:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return running


def _child_cpu_seconds() -> float:
    """Return the processor seconds of the terminated child processes and their descendants."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _process_state(pid: int) -> tuple[int, float, int] | None:
    """Return the start time of a process, its processor seconds and resident bytes; None if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    if fields[0] in b"ZX":
        return None
    # `fields` are those of proc(5) from the third on: start time, user and system time, resident pages.
    return int(fields[19]), (int(fields[11]) + int(fields[12])) / _TICKS, int(fields[21]) * _PAGE_SIZE


# Running all kinds


def worst_of(runs: Sequence[Run]) -> list[Run]:
    """Return the run that took the most processor time and the run that took the most memory, or one that is both."""
    by_time = max(runs, key=lambda run: run.cpu_seconds)
    by_memory = max(runs, key=lambda run: run.memory_mb)
    return [by_time] if by_time is by_memory else [by_time, by_memory]


def format_table(runs: Sequence[Run]) -> str:
    """Format runs as a table."""
    lines = [f"{'':6} {'MB':>6} {'CPU s':>7} {'wall s':>7} {'MiB':>6} {'intact':>6} kind: result"]
    for run in runs:
        mark = "!" if run.faults else " "
        lines.append(
            f"{run.suffix:6} {run.megabytes:6.1f} {run.cpu_seconds:7.1f} {run.seconds:7.1f} {run.memory_mb:6}"
            f" {run.neighbours:5}{mark} {run.kind}: {run.said[:80]}"
        )
        lines += (f"{'':42} ! {fault}" for fault in run.faults)
    return "\n".join(lines) + "\n"


def write_results(runs: Sequence[Run], path: Path, seed: int) -> None:
    """Write the results. The results of other formats in the file are kept."""
    previous = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"formats": {}, "broken": []}
    suffixes = {run.suffix for run in runs}
    results: dict[str, dict[str, object]] = {
        suffix: sizes for suffix, sizes in previous["formats"].items() if suffix not in suffixes
    }
    faults = [line for line in previous["broken"] if line.partition(",")[0] not in suffixes]
    for suffix in dict.fromkeys(run.suffix for run in runs):
        for size in dict.fromkeys(run.megabytes for run in runs if run.suffix == suffix):
            of_size = [run for run in runs if run.suffix == suffix and run.megabytes == size]
            worst = worst_of(of_size)
            results.setdefault(suffix, {})[str(size)] = {
                "kinds": len(of_size),
                "most_time": _to_json(worst[0]),
                "most_memory": _to_json(worst[-1]),
            }
    result = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "machine": f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} processors",
        "python": platform.python_version(),
        "versions": {"searchkit": __version__, **{name: version(name) for name in _LIBRARIES}},
        "libreoffice": doc.find_libreoffice() is not None,
        "seed": seed,
        "formats": {suffix: results[suffix] for suffix in sorted(results)},
        "broken": [
            *faults,
            *(f"{run.suffix}, {run.kind}, {run.megabytes:g} MB: {fault}" for run in runs for fault in run.faults),
        ],
    }
    path.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _to_json(run: Run) -> dict[str, object]:
    """Return the fields of a run that are written."""
    return {name: value for name, value in asdict(run).items() if name not in {"suffix", "megabytes", "faults"}}


def run_format(
    worst: WorstFiles, suffix: str, kinds_of_format: Mapping[str, FileKind], sizes: Sequence[float], *, is_all: bool
) -> None:
    """Run all kinds of a format at the first size; at each later size, all or the worst of the size before."""
    kinds_chosen = list(kinds_of_format)
    for megabytes in sizes:
        runs = []
        for kind in kinds_chosen:
            runs.append(worst.run(suffix, kind, kinds_of_format[kind], megabytes))
            sys.stdout.write(format_table(runs[-1:]).partition("\n")[2])
            sys.stdout.flush()
        if not is_all:
            kinds_chosen = [run.kind for run in worst_of(runs)]


def main() -> int:
    """Run, write the results, and return 1 if there are faults, otherwise 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=float, nargs="+", default=SIZES, metavar="MB")
    parser.add_argument("--formats", nargs="+", metavar="SUFFIX")
    parser.add_argument("--kinds", default="", metavar="WORDS", help="only kinds whose names contain these words")
    parser.add_argument("--all", action="store_true", help="all kinds at all sizes")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--result", type=Path, default=RESULT_FILE)
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="worst-"))
    folder.mkdir(parents=True, exist_ok=True)
    worst = WorstFiles(folder, options.seed)
    try:
        for suffix, kinds_of_format in kinds().items():
            kinds_chosen = {kind: maker for kind, maker in kinds_of_format.items() if options.kinds in kind}
            if kinds_chosen and (options.formats is None or suffix in options.formats):
                run_format(worst, suffix, kinds_chosen, options.sizes, is_all=options.all)
                write_results(worst.runs, options.result, options.seed)
    finally:
        if options.folder is None:
            shutil.rmtree(folder)
    sys.stdout.write("\n" + format_table([run for run in worst.runs if run.faults or run in _worst_of_all(worst.runs)]))
    return 1 if any(run.faults for run in worst.runs) else 0


def _worst_of_all(runs: Sequence[Run]) -> list[Run]:
    """Return the worst runs of each format and size."""
    groups: dict[tuple[str, float], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.suffix, run.megabytes), []).append(run)
    return [run for group in groups.values() for run in worst_of(group)]


if __name__ == "__main__":
    sys.exit(main())
