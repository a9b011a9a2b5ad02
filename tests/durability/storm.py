"""Durability test: kills builds at random moments and checks the index that they leave.

    python tests/durability/storm.py [--rounds N] [--seed N] [--engine NAME] [--result FILE]

Each round changes a folder of reports or the list of words, starts `searchkit build` up to three times, and kills it
(SIGKILL). After each kill, the index must pass `Index.check`. It must answer exactly as before or, if the build has
committed, as an index that is built from scratch after the change. No process of the build may survive. A last build,
which is not killed, must succeed. The index must then answer as one built from scratch, and its folder must have no
other files. The counts are written to a file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))  # pytest has added it already

from answers import Answers, read_answers
from marked import MARK_VARIABLE, kill_leftovers, new_mark
from reports import WORDS, Reports

from searchkit import __version__
from searchkit.engines.columnar.segment import SegmentReader
from searchkit.engines.columnar.writer import MERGE_FACTOR
from searchkit.engines.directory import LocalDirectory
from searchkit.errors import IndexUnusable
from searchkit.indexing.build import BuildOptions, build
from searchkit.indexing.changes import read_state
from searchkit.manifest import current_data_folder, read_manifest

RESULT = Path(__file__).with_name("storm.json")
ROUNDS = 120
SEED = 20240601

_WITH_TWO_WORKERS = "many files, two processes"
CHANGES = ("some files", _WITH_TWO_WORKERS, "words", "small commits")
"""Kinds of changes. A round makes a change of one kind."""
_MAX_KILLS = 3
"""Maximum number of builds that are killed in a round."""
_EXIT_SECONDS = 5.0
"""Time in seconds within which the processes of a killed build must have ended."""
_LOOK_SECONDS = 0.001
"""Time in seconds between two looks at a running build. Without this pause, looking would keep a core busy."""
_SMALL_COMMIT_LINES = 20
"""Number of paragraphs in the file that a small commit adds."""
_LIBRARIES = ("numpy", "whoosh3")


@dataclass(frozen=True)
class BuildObserver:
    """Observes an index folder during a build, compared with its contents before the build."""

    index: Path
    manifest: bytes
    """Content of index.json before the build."""
    data: str
    """Name of the data folder before the build."""

    @classmethod
    def start(cls, index: Path) -> BuildObserver:
        """Record the state of an index before the build."""
        return cls(index, (index / "index.json").read_bytes(), current_data_folder(index) or "")

    @property
    def is_committed(self) -> bool:
        """Whether the manifest has changed."""
        return (self.index / "index.json").read_bytes() != self.manifest

    @property
    def new_data(self) -> Path | None:
        """The data folder that is being written or was left unfinished, or None."""
        current = current_data_folder(self.index)
        return next((path for path in self.index.glob("data-*") if path.name not in {self.data, current}), None)

    @property
    def is_merging(self) -> bool:
        """Whether there is a second new segment. The first contains the new documents; the others are merged."""
        try:
            return _highest(self.new_data) > _highest(self.index / self.data) + 1
        except FileNotFoundError:  # the build has just committed and removes a data folder
            return False

    def is_written(self, pattern: str) -> bool:
        """Return whether a path in the new data folder matches a pattern."""
        new = self.new_data
        return new is not None and any(True for _ in new.glob(pattern))

    def stage(self) -> str:
        """Return the stage that the build has reached."""
        if self.is_committed:
            return "after the commit, old data there" if self.new_data or self._has_old_data else "after the commit"
        stages = {
            "new manifest written": (self.index / "index.json.new").exists(),
            "data complete": self.is_written("commit.arrays") or self.is_written("*.toc"),
            "processes at work": self.is_written("parts-*/*"),
            "merging": self.is_merging,
            "writing data": self.new_data is not None,
        }
        return next((stage for stage, is_reached in stages.items() if is_reached), "before any writing")

    @property
    def _has_old_data(self) -> bool:
        return (self.index / self.data).exists()


def _highest(data: Path | None) -> int:
    """Return the highest segment number in a data folder, 0 if there is none."""
    return max((int(path.stem) for path in data.glob("*.segment")), default=0) if data else 0


@dataclass(frozen=True)
class KillPoint:
    """A moment at which a build is killed: at a random time after a condition becomes true."""

    is_reached: Callable[[BuildObserver], object]
    max_delay: float | None = None
    """Maximum delay in seconds. None means the duration of a build after this kind of change (`Storm._duration`)."""


KILL_POINTS: Mapping[str, KillPoint] = {
    "any moment": KillPoint(lambda _: True),
    "writing": KillPoint(lambda observer: observer.new_data, 0.2),
    "merging": KillPoint(lambda observer: observer.is_merging, 0.001),
    "data complete": KillPoint(lambda observer: observer.is_written("commit.arrays") or observer.is_committed, 0.02),
    "new manifest": KillPoint(
        lambda observer: (observer.index / "index.json.new").exists() or observer.is_committed, 0.002
    ),
    "committed": KillPoint(lambda observer: observer.is_committed, 0.003),
}


@dataclass(frozen=True)
class _IndexContents:
    """The files that an index contains, and their distribution over segments."""

    digests: Mapping[str, str]
    """Digest of the content of each file, by name."""
    segments: Mapping[str, frozenset[str]]
    """Files whose documents a segment contains, live or deleted, by segment name. Empty without `.segment` files."""

    @classmethod
    def read(cls, index: Path) -> _IndexContents:
        """Read the contents of an index."""
        manifest = read_manifest(index)
        folder = index / manifest.data
        state = read_state(LocalDirectory(index), manifest)
        names = [name for name in manifest.files if name.endswith(".segment")]
        segments = {name: frozenset(SegmentReader(folder / name).column("file").values()) for name in names}
        return cls({name: entry.digest for name, entry in state.files.items()}, segments)

    def was_merged_from(self, before: _IndexContents) -> bool:
        """Return whether segments were merged: a new segment contains unchanged files, and an old segment was kept.

        A full build keeps no old segment.
        """
        kept = before.segments.keys() & self.segments.keys()
        unchanged = {name for name, digest in before.digests.items() if self.digests.get(name) == digest}
        return bool(kept) and any(self.segments[name] & unchanged for name in self.segments.keys() - kept)


@dataclass
class Counts:
    """Counts of events. The result file has these fields and those that `_record` adds."""

    rounds: int = 0
    kills: int = 0
    """Builds that were killed."""
    before_commit: int = 0
    """Builds that were killed before their commit."""
    after_commit: int = 0
    """Builds that were killed after their commit."""
    outrun: int = 0
    """Builds that ended before they were killed."""
    merges: int = 0
    """Rounds in which segments were merged."""
    changes: Counter[str] = field(default_factory=Counter)
    aims: Counter[str] = field(default_factory=Counter)
    """Killed builds by kill point."""
    stages: Counter[str] = field(default_factory=Counter)
    """Killed builds by the stage that they had reached."""
    commits_lost: int = 0
    """Checks in which the index answered as before its last commit."""
    damaged: int = 0
    """Checks in which the index was damaged."""
    wrong_answers: int = 0
    """Checks in which the index answered neither as before nor as an index built from scratch."""
    processes_left: int = 0
    """Builds of which a process survived, although the build was killed or had ended before."""
    builds_failed: int = 0
    """Builds that failed although they were not killed."""
    leftovers: int = 0
    """Checks in which the index folder contained other files or lacked files."""
    broken: list[str] = field(default_factory=list)
    """Violated guarantees, one line each."""


class Storm:
    """A folder of reports and its index, which is built, killed and checked."""

    def __init__(self, folder: Path, seed: int, engine: str = "columnar", files: int = 40) -> None:
        """Create reports and an index in the empty folder `folder`. `files`: number of reports."""
        self.index = folder / "index"
        self.counts = Counts()
        self._folder, self._engine = folder, engine
        self._rng = random.Random(seed)  # noqa: S311 - no secret
        self._reports = Reports(folder / "reports", random.Random(seed), files)  # noqa: S311
        self._words = folder / "words.txt"
        self._write_words()
        self._seconds: dict[str, float] = {}
        """Duration of a build by the kind of the change before it."""
        self._build("words", self.index)
        self._expected = self._previous = self._build_fresh()
        """`_expected`: the answers that the index must give. `_previous`: those that were expected before."""

    def round(self, change: str | None = None, kill_point: str | None = None, kills: int | None = None) -> None:
        """Change the reports or the words, start up to `kills` builds to kill them, and build again without a kill.

        No further build is killed after one that has committed. The index is checked after each of these builds.
        Arguments that are None are chosen at random.
        """
        change = change or self._rng.choice(CHANGES)
        self.counts.rounds += 1
        self.counts.changes[change] += 1
        self._change(change)
        new, before = self._build_fresh(), _IndexContents.read(self.index)
        for _ in range(kills or self._rng.randint(1, _MAX_KILLS)):
            if self._expected is not new:
                self._kill(kill_point or self._rng.choice(_kill_points(change)), change, new)
        seconds = self._build(change, self.index)
        if self._expected is not new:
            self._seconds[change] = seconds
        self._expect(new)
        self._check_answers()
        self._check_folder()
        self.counts.merges += _IndexContents.read(self.index).was_merged_from(before)

    def _change(self, change: str) -> None:
        """Change the reports or the words. For small commits, also build after each added file but the last."""
        if change == "words":
            self._write_words()
        elif change == _WITH_TWO_WORKERS:
            self._reports.rewrite_large()
        elif change == "small commits":
            for _ in range(MERGE_FACTOR - 1):
                self._reports.add(1, _SMALL_COMMIT_LINES)
                build(self._reports.folder, self.index, self._options)
            self._expect(self._build_fresh())
            self._reports.add(1, _SMALL_COMMIT_LINES)
        else:
            self._reports.change(self._rng.randint(1, 8))

    def _write_words(self) -> None:
        """Write a word list with random words, which causes a full build."""
        pairs = ["".join(self._rng.sample(WORDS, 2)) for _ in range(5)]
        self._words.write_text("\n".join([*WORDS, *pairs]), encoding="utf-8")

    @property
    def _options(self) -> BuildOptions:
        return BuildOptions(self._engine, words=self._words)

    def _build_fresh(self) -> Answers:
        """Return the answers of an index that is built from scratch, from the reports and words as they are now."""
        with tempfile.TemporaryDirectory() as folder:
            build(self._reports.folder, folder, self._options)
            return read_answers(Path(folder))

    def _start(self, change: str, index: Path, mark: str = "") -> subprocess.Popen[bytes]:
        """Start a build after a change. `mark`: value of `MARK_VARIABLE`, by which its processes are found."""
        jobs = "2" if change == _WITH_TWO_WORKERS else "1"
        options = ["--index", str(index), "--engine", self._engine, "--words", str(self._words), "--jobs", jobs]
        command = [sys.executable, "-m", "searchkit", "build", str(self._reports.folder), *options]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, MARK_VARIABLE: mark})

    def _build(self, change: str, index: Path) -> float:
        """Build without a kill. Returns the duration in seconds."""
        started = time.perf_counter()
        if self._start(change, index).wait():
            self._report("builds_failed", "a build that was not killed failed")
        return time.perf_counter() - started

    def _duration(self, change: str) -> float:
        """Return the seconds that a build after such a change took earlier, or that a build of a copy takes now."""
        if change not in self._seconds:
            copy = Path(shutil.copytree(self.index, self._folder / "copy"))
            self._seconds[change] = self._build(change, copy)
            shutil.rmtree(copy)
        return self._seconds[change]

    def _kill(self, kill_point: str, change: str, new: Answers) -> None:
        """Start a build, kill it, and check the index. `new`: the answers to expect if the build has committed."""
        max_delay = KILL_POINTS[kill_point].max_delay or self._duration(change)
        observer, mark = BuildObserver.start(self.index), new_mark()
        process = self._start(change, self.index, mark)
        while process.poll() is None and not KILL_POINTS[kill_point].is_reached(observer):
            time.sleep(_LOOK_SECONDS)
        time.sleep(self._rng.uniform(0, max_delay))
        process.kill()
        if process.wait() == -signal.SIGKILL:
            self.counts.kills += 1
            self.counts.aims[kill_point] += 1
            self.counts.stages[observer.stage()] += 1
            self.counts.after_commit += observer.is_committed
            self.counts.before_commit += not observer.is_committed
        else:
            self.counts.outrun += 1
        self._check_processes(mark)
        if observer.is_committed:
            self._expect(new)
        self._check_answers()

    def _check_processes(self, mark: str) -> None:
        """Check that no process of a dead build survives. Kills those that do."""
        if survivors := kill_leftovers(mark, _EXIT_SECONDS):
            self._report("processes_left", f"processes {[*survivors]} survive")

    def _expect(self, new: Answers) -> None:
        """Expect these answers of the index from now on."""
        if new is not self._expected:
            self._previous, self._expected = self._expected, new

    def _check_answers(self) -> None:
        """Check that the index is intact and returns the expected answers."""
        try:
            actual = read_answers(self.index)
        except IndexUnusable as error:
            self._report("damaged", str(error))
            return
        if actual == self._previous != self._expected:
            self._report("commits_lost", "the index answers as before a commit")
        elif actual != self._expected:
            self._report("wrong_answers", "the index answers neither as before nor as an index built from scratch")

    def _check_folder(self) -> None:
        """Check that nothing is left of dead builds in the index folder, and that it lacks no file."""
        if paths := find_leftovers(self.index):
            self._report("leftovers", f"unexpected or missing: {sorted(paths)}")

    def _report(self, counter: str, message: str) -> None:
        """Record a violated guarantee. `counter`: the field of `Counts` to increment."""
        setattr(self.counts, counter, getattr(self.counts, counter) + 1)
        self.counts.broken.append(f"round {self.counts.rounds}: {message.strip()}")


def find_leftovers(index: Path) -> set[str]:
    """Return the unexpected and the missing files in the folder of an index that is not being written."""
    manifest = read_manifest(index)
    expected = {"index.json", "writer.lock", manifest.data, *(f"{manifest.data}/{name}" for name in manifest.files)}
    return expected ^ {path.relative_to(index).as_posix() for path in index.rglob("*")}


def _kill_points(change: str) -> Sequence[str]:
    """Return the kill points for a build after such a change.

    Only a build after small commits is sure to merge. For it, `merging` is listed twice, because it is rarely hit.
    """
    return (
        [*KILL_POINTS, "merging"]
        if change == "small commits"
        else [kill_point for kill_point in KILL_POINTS if kill_point != "merging"]
    )


def _machine() -> dict[str, object]:
    """Return the processor, the number of cores and the operating system of this machine."""
    described = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"^model name\s*: (.*)$", described, re.MULTILINE)
    processor = model[1] if model else platform.machine()
    return {"processor": processor, "cores": os.cpu_count(), "system": platform.platform()}


def _record(storm: Storm, arguments: argparse.Namespace, seconds: float) -> dict[str, object]:
    """Return the contents of the result file."""
    return {
        "machine": _machine(),
        "versions": {
            "python": platform.python_version(),
            "searchkit": __version__,
            **{name: version(name) for name in _LIBRARIES},
        },
        "measured": datetime.now(timezone.utc).date().isoformat(),
        "seed": arguments.seed,
        "engine": arguments.engine,
        "seconds": round(seconds),
        **vars(storm.counts),
    }


def main() -> int:
    """Run the test. Returns exit status 1 if a guarantee was violated."""
    parser = argparse.ArgumentParser(description="Kill builds at random moments and check the index that they leave.")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--engine", default="columnar")
    parser.add_argument("--result", type=Path, default=RESULT)
    arguments = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        storm = Storm(Path(folder), arguments.seed, arguments.engine)
        for _ in range(arguments.rounds):
            storm.round()
            sys.stderr.write(f"\r{storm.counts.rounds} rounds, {storm.counts.kills} kills ")
    record = _record(storm, arguments, time.perf_counter() - started)
    arguments.result.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write("".join(f"{line}\n" for line in [f"{arguments.result}", *storm.counts.broken]))
    return 1 if storm.counts.broken else 0


if __name__ == "__main__":
    sys.exit(main())
