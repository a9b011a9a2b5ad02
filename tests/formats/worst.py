"""The worst files of every format that we can think of, through the build: none costs more than was promised.

    python tests/formats/worst.py [--sizes MB ...] [--formats SUFFIX ...] [--kinds WORDS] [--all] [--seed N]
                                  [--folder DIR] [--result FILE]

For each format there is a table of kinds (worst_kinds/): ways to make a file that costs a parser, or what comes behind
it, as much as can be for its size. Such a file is put between five sound reports, and the folder is built by one
process. What may not happen: a build that fails, prints a traceback or takes too long; a sound report that is not
indexed; more time of the processor, or more memory, than a file of that size is given (indexing/budget.py); an error
that nobody foresaw; a process that lives on.

All kinds are built at the first size, and at each larger size the two that took the most time and the most memory;
`--all` builds all of them. What was measured of a format is written to a file when it is done, and what the file says
of other formats stays. `--folder` keeps the hostile files.
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
sys.path += [str(TESTS), str(TESTS / "corpus" / "formats")]  # where they are already, if pytest runs this

from formats import make  # noqa: E402 - found by what stands above
from formats.worst_kinds import kinds  # noqa: E402
from formats.worst_kinds.making import CHANCE, MEGABYTE, Kind  # noqa: E402

from searchkit.corpus.formats import doc  # noqa: E402
from searchkit.index import Index  # noqa: E402
from searchkit.indexing.budget import memory_for, seconds_for  # noqa: E402

RESULT = Path(__file__).with_name("worst.json")
SIZES, SEED = (1.0, 10.0, 50.0), 20240601
_LIBRARIES = ("searchkit", "pypdfium2", "selectolax", "markdown-it-py", "numpy", "rjieba")
_START_UP = 10
"""Seconds of the processor for the start of the processes, the sound reports and the writing of the index."""
_TIMES = 2
"""A file may be done so often: with its neighbours, and by itself."""
_BASE = 400 << 20
"""Bytes: the memory of the build itself and of a worker that has read nothing yet, together."""
_WALL = 10
"""Seconds of the clock that a build may take for each second that the hostile file may use the processor."""
_EVERY = 0.05
"""Seconds between two looks at the processes."""
_BEFORE, _BEHIND = ("10-{}", "11-{}"), ("90-{}", "91-{}", "92-{}")
"""Names of the sound reports, which come before and behind the hostile file."""
_SOUND = (".txt", ".html", ".docx", ".pdf", ".md")
_HOSTILE = "50-hostile"
_BY_LIBREOFFICE = frozenset({".doc", ".rtf"})
"""Formats that need a second process, which has limits of its own."""
_UNFORESEEN = "mistake in searchkit"
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


# Building and judging


@dataclass(frozen=True)
class Run:
    """What a build of one hostile file and its neighbours took, and what came of it."""

    suffix: str
    kind: str
    megabytes: float
    """Asked for."""
    size: int
    """Bytes of the hostile file."""
    seconds: float
    """Of the clock."""
    cpu_seconds: float
    """Of the processor, all processes together."""
    memory_mb: int
    """The most at one time, all processes together, in MiB."""
    said: str
    """Of the hostile file: `read`, `read in part`, or why it was not."""
    neighbours: int
    """How many of the sound reports were indexed."""
    broken: tuple[str, ...] = ()
    """What was promised and not kept."""


@dataclass
class Watched:
    """What is seen of the processes of a build while they run."""

    seconds: dict[tuple[int, int], float] = field(default_factory=dict)
    """Of the processor, by process and when it began."""
    memory: int = 0
    """Bytes, the most at one time."""

    def look(self, root: int) -> None:
        """Look once at a process and all that come from it."""
        memory = 0
        for pid in _tree(root):
            seen = _process(pid)
            if seen is not None:
                started, seconds, resident = seen
                self.seconds[pid, started] = seconds
                memory += resident
        self.memory = max(self.memory, memory)

    def living(self) -> list[int]:
        """Give the processes that have not ended."""
        return [pid for pid, started in self.seconds if (seen := _process(pid)) is not None and seen[0] == started]


@dataclass(frozen=True)
class Took:
    """What a build took."""

    status: int | None
    """None: it did not end."""
    seconds: float
    cpu_seconds: float
    memory: int
    """Bytes."""
    left: tuple[int, ...]
    """Processes that did not end with it."""


class Worst:
    """Builds hostile files among sound ones, and judges what came of it."""

    def __init__(self, folder: Path, seed: int = SEED) -> None:
        """Begin in `folder`, which is there."""
        self.runs: list[Run] = []
        self._folder, self._seed = folder, seed
        names = (*_BEFORE, *_BEHIND)
        self._sound = {
            name.format(f"sound{suffix}"): (make.FOLDER / f"{make.NAME}{suffix}").read_bytes()
            for name, suffix in zip(names, _SOUND, strict=True)
        }

    def run(self, suffix: str, kind: str, maker: Kind, megabytes: float) -> Run:
        """Build one kind of a size."""
        CHANCE.seed(f"{self._seed} {suffix} {kind} {megabytes}")
        corpus, index = self._folder / "files", self._folder / "index"
        for old in (corpus, index):
            shutil.rmtree(old, ignore_errors=True)
        corpus.mkdir()
        for sound, data in self._sound.items():
            (corpus / sound).write_bytes(data)
        hostile = corpus / f"{_HOSTILE}{suffix}"
        hostile.write_bytes(maker(int(megabytes * MEGABYTE)))
        size = hostile.stat().st_size
        took = self._build(corpus, index, _WALL * seconds_for(size))
        said, complaints = self._said(took.status, hostile.name)
        indexed = self._sound.keys() & _documents(index) if took.status == 0 else ()
        complaints += (f"{name} was not indexed" for name in sorted(self._sound.keys() - indexed))
        complaints += _over(suffix, size, took)
        seconds, used, memory = round(took.seconds, 1), round(took.cpu_seconds, 1), took.memory >> 20
        run = Run(suffix, kind, megabytes, size, seconds, used, memory, said, len(indexed), tuple(complaints))
        self.runs.append(run)
        return run

    def _build(self, corpus: Path, index: Path, longest: float) -> Took:
        """Build a folder by the command, which is ended if it takes longer than so many seconds."""
        command = [sys.executable, "-m", "searchkit", "build", str(corpus), "--index", str(index)]
        watched = Watched()
        before, started = _used(), time.monotonic()
        with (self._folder / "stdout").open("wb") as out, (self._folder / "stderr").open("wb") as err:
            process = subprocess.Popen([*command, "--jobs", "1", "--format", "json"], stdout=out, stderr=err)
            while process.poll() is None and time.monotonic() < started + longest:
                watched.look(process.pid)
                time.sleep(_EVERY)
            status = process.poll()
            process.kill()
            process.wait()
        seconds = time.monotonic() - started
        used = max(_used() - before, sum(watched.seconds.values()))
        return Took(status, seconds, used, watched.memory, tuple(_lingering(watched)))

    def _said(self, status: int | None, name: str) -> tuple[str, list[str]]:
        """Give what a build says of the hostile file, and what is wrong with what it says."""
        complaints = [] if status == 0 else ["takes too long" if status is None else f"exit status {status}"]
        if written := (self._folder / "stderr").read_text(encoding="utf-8", errors="replace"):
            complaints.append(f"stderr: {written[-300:]}")
        if status != 0:
            return "", complaints
        answer = json.loads((self._folder / "stdout").read_bytes())
        skipped = [item for item in answer["skipped"] if item["path"].partition("#")[0] == name]
        reasons = [str(item["reason"]) for item in skipped]
        complaints += [f"an error that nobody foresaw: {reason}" for reason in reasons if _UNFORESEEN in reason][:1]
        complaints += [f"a reason that is not one line: {reason!r}" for reason in reasons if "\n" in reason][:1]
        whole = next((str(item["reason"]) for item in skipped if item["files"]), "")
        return whole or (f"read in part, {len(skipped)} parts not" if skipped else "read"), complaints


def _documents(index: Path) -> set[str]:
    """Give the names of what was indexed."""
    with Index(index) as opened:
        return {item.document for item in opened.documents()}


def _over(suffix: str, size: int, took: Took) -> Iterator[str]:
    """Say what a build took beyond what a file of a size is given, and what it left behind."""
    seconds = _TIMES * seconds_for(size) + _START_UP
    memory = memory_for(size) * (2 if suffix in _BY_LIBREOFFICE else 1) + _BASE
    if took.cpu_seconds > seconds:
        yield f"{took.cpu_seconds:.1f} s of the processor, more than {seconds}"
    if took.memory > memory:
        yield f"{took.memory >> 20} MiB of memory, more than {memory >> 20}"
    if took.left:
        yield f"processes that live on: {len(took.left)}"


def _lingering(watched: Watched) -> list[int]:
    """Give the processes that have not ended a while after the build, and end them."""
    end = time.monotonic() + 3
    while (living := watched.living()) and time.monotonic() < end:
        time.sleep(_EVERY)
    for pid in living:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return living


def _used() -> float:
    """Give the seconds of the processor that processes took which this one has waited for, and those that they did."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tree(root: int) -> list[int]:
    """Give a process and all that come from it."""
    found = [root]
    for pid in found:
        with suppress(OSError):  # it has ended meanwhile
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def _process(pid: int) -> tuple[int, float, int] | None:
    """Give when a process began, its seconds of the processor and its resident bytes; None if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    if fields[0] in b"ZX":
        return None
    return int(fields[19]), (int(fields[11]) + int(fields[12])) / _TICKS, int(fields[21]) * _PAGE


# All of them


def worst_of(runs: Sequence[Run]) -> list[Run]:
    """Give the run that took the most time and the one that took the most memory."""
    by_time = max(runs, key=lambda run: run.cpu_seconds)
    by_memory = max(runs, key=lambda run: run.memory_mb)
    return [by_time] if by_time is by_memory else [by_time, by_memory]


def table(runs: Sequence[Run]) -> str:
    """Write runs as a table."""
    lines = [f"{'':6} {'MB':>6} {'CPU s':>7} {'wall s':>7} {'MiB':>6} {'sound':>5}  kind: what was said"]
    for run in runs:
        sign = "!" if run.broken else " "
        lines.append(
            f"{run.suffix:6} {run.megabytes:6.1f} {run.cpu_seconds:7.1f} {run.seconds:7.1f} {run.memory_mb:6}"
            f" {run.neighbours:5}{sign} {run.kind}: {run.said[:80]}"
        )
        lines += (f"{'':42} ! {what}" for what in run.broken)
    return "\n".join(lines) + "\n"


def write(runs: Sequence[Run], path: Path, seed: int) -> None:
    """Write what was measured; what the file says of other formats stays."""
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"formats": {}, "broken": []}
    suffixes = {run.suffix for run in runs}
    found: dict[str, dict[str, object]] = {
        suffix: sizes for suffix, sizes in before["formats"].items() if suffix not in suffixes
    }
    broken = [line for line in before["broken"] if line.partition(",")[0] not in suffixes]
    for suffix in dict.fromkeys(run.suffix for run in runs):
        for size in dict.fromkeys(run.megabytes for run in runs if run.suffix == suffix):
            of_size = [run for run in runs if run.suffix == suffix and run.megabytes == size]
            worst = worst_of(of_size)
            found.setdefault(suffix, {})[str(size)] = {
                "kinds": len(of_size),
                "most_time": _as_json(worst[0]),
                "most_memory": _as_json(worst[-1]),
            }
    result = {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "machine": f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} processors",
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _LIBRARIES},
        "libreoffice": doc.converter() is not None,
        "seed": seed,
        "formats": {suffix: found[suffix] for suffix in sorted(found)},
        "broken": [
            *broken,
            *(f"{run.suffix}, {run.kind}, {run.megabytes:g} MB: {what}" for run in runs for what in run.broken),
        ],
    }
    path.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _as_json(run: Run) -> dict[str, object]:
    """Give the measures of a run."""
    return {name: value for name, value in asdict(run).items() if name not in {"suffix", "megabytes", "broken"}}


def run_format(
    worst: Worst, suffix: str, of_format: Mapping[str, Kind], sizes: Sequence[float], *, is_all: bool
) -> None:
    """Build the kinds of one format at the first size, and the worst of them, or all, at the others."""
    chosen = list(of_format)
    for megabytes in sizes:
        runs = []
        for kind in chosen:
            runs.append(worst.run(suffix, kind, of_format[kind], megabytes))
            sys.stdout.write(table(runs[-1:]).partition("\n")[2])
            sys.stdout.flush()
        if not is_all:
            chosen = [run.kind for run in worst_of(runs)]


def main() -> int:
    """Run, write what was measured, and say whether all was kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=float, nargs="+", default=SIZES, metavar="MB")
    parser.add_argument("--formats", nargs="+", metavar="SUFFIX")
    parser.add_argument("--kinds", default="", metavar="WORDS", help="only kinds whose names hold these words")
    parser.add_argument("--all", action="store_true", help="all kinds at all sizes")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--result", type=Path, default=RESULT)
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="worst-"))
    folder.mkdir(parents=True, exist_ok=True)
    worst = Worst(folder, options.seed)
    try:
        for suffix, of_format in kinds().items():
            chosen = {kind: maker for kind, maker in of_format.items() if options.kinds in kind}
            if chosen and (options.formats is None or suffix in options.formats):
                run_format(worst, suffix, chosen, options.sizes, is_all=options.all)
                write(worst.runs, options.result, options.seed)
    finally:
        if options.folder is None:
            shutil.rmtree(folder)
    sys.stdout.write("\n" + table([run for run in worst.runs if run.broken or run in _worst_of_all(worst.runs)]))
    return 1 if any(run.broken for run in worst.runs) else 0


def _worst_of_all(runs: Sequence[Run]) -> list[Run]:
    """Give the worst runs of each format and size."""
    groups: dict[tuple[str, float], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.suffix, run.megabytes), []).append(run)
    return [run for group in groups.values() for run in worst_of(group)]


if __name__ == "__main__":
    sys.exit(main())
