"""Builds that are killed again and again, and what they leave: durability tried by force.

    python tests/durability/storm.py [--rounds N] [--seed N] [--engine NAME] [--result FILE]

Each round changes a folder of reports, starts `searchkit build` and kills it (SIGKILL) at some moment. Whatever the
moment was, the index must then pass `searchkit check` and answer exactly as before, or, if it names the new data, as
one built afresh of the changed folder; no process of the build may go on; and the next build must succeed, answer as
one built afresh and leave nothing else in the folder. What was counted is written to a file.
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

sys.path.append(str(Path(__file__).parents[1]))  # where it is already, if pytest runs this

from answers import Answers, answers
from marked import NAME, left, new_mark
from reports import WORDS, Reports

from searchkit.engines.columnar.segment import Segment
from searchkit.engines.columnar.writer import FAN_IN
from searchkit.errors import IndexUnusable
from searchkit.indexing.build import BuildOptions, build
from searchkit.indexing.changes import read_state
from searchkit.manifest import current_data, read_manifest

RESULT = Path(__file__).with_name("storm.json")
ROUNDS = 120
SEED = 20240601

_BY_TWO = "many files, two processes"
CHANGES = ("some files", _BY_TWO, "words", "small commits")
_MAX_KILLS = 3  # one straight after the other, in a round
_ENDS_WITHIN = 5.0  # seconds: the processes of a build that was killed
_SMALL = 20  # lines of a file that is a commit of its own
_LIBRARIES = ("searchkit", "numpy", "filelock", "whoosh3")


@dataclass(frozen=True)
class Scene:
    """An index that is being built, seen from outside: what was there when the build began."""

    index: Path
    manifest: bytes
    data: str
    """The data folder that the manifest names."""

    @classmethod
    def of(cls, index: Path) -> Scene:
        """Look at an index."""
        return cls(index, (index / "index.json").read_bytes(), current_data(index) or "")

    @property
    def is_committed(self) -> bool:
        """Whether there is another manifest now."""
        return (self.index / "index.json").read_bytes() != self.manifest

    @property
    def new_data(self) -> Path | None:
        """The data folder that is being written, or that was left unfinished."""
        current = current_data(self.index)
        return next((path for path in self.index.glob("data-*") if path.name not in {self.data, current}), None)

    @property
    def is_merging(self) -> bool:
        """Whether there is a second new segment: the first is of what is new, the others are made of several."""
        try:
            return _highest(self.new_data) > _highest(self.index / self.data) + 1
        except FileNotFoundError:  # the build has just committed, and removes one of them
            return False

    def is_written(self, pattern: str) -> bool:
        """Whether anything in the data folder that is being written matches a pattern."""
        new = self.new_data
        return new is not None and any(True for _ in new.glob(pattern))

    def stage(self) -> str:
        """How far the build has come."""
        if self.is_committed:
            return "after the commit, old data there" if self.new_data or self._has_old else "after the commit"
        stages = {
            "new manifest written": (self.index / "index.json.new").exists(),
            "data complete": self.is_written("commit.arrays") or self.is_written("*.toc"),
            "processes at work": self.is_written("parts-*/*"),
            "merging": self.is_merging,
            "writing data": self.new_data is not None,
        }
        return next((stage for stage, is_there in stages.items() if is_there), "before any writing")

    @property
    def _has_old(self) -> bool:
        return (self.index / self.data).exists()


def _highest(data: Path | None) -> int:
    """The highest number of a segment in a data folder."""
    return max((int(path.stem) for path in data.glob("*.segment")), default=0) if data else 0


@dataclass(frozen=True)
class Aim:
    """When to kill: so many seconds at the most after something is to be seen."""

    is_seen: Callable[[Scene], object]
    within: float | None = None
    """None: at any moment of the whole build."""


AIMS: Mapping[str, Aim] = {
    "any moment": Aim(lambda _: True),
    "writing": Aim(lambda scene: scene.new_data, 0.2),
    "merging": Aim(lambda scene: scene.is_merging, 0.001),
    "data complete": Aim(lambda scene: scene.is_written("commit.arrays") or scene.is_committed, 0.02),
    "new manifest": Aim(lambda scene: (scene.index / "index.json.new").exists() or scene.is_committed, 0.002),
    "committed": Aim(lambda scene: scene.is_committed, 0.003),
}


@dataclass(frozen=True)
class _Content:
    """Which files an index holds, and in which segments."""

    digests: Mapping[str, str]
    """Of the content of each file."""
    segments: Mapping[str, frozenset[str]]
    """By name the files whose documents it holds, live or not; none for another engine."""

    @classmethod
    def of(cls, index: Path) -> _Content:
        """Look into an index."""
        manifest = read_manifest(index)
        folder = index / manifest.data
        state = read_state(index, manifest)
        names = [name for name in manifest.files if name.endswith(".segment")]
        segments = {name: frozenset(Segment(folder / name).column("file").values()) for name in names}
        return cls({name: entry.digest for name, entry in state.files.items()}, segments)

    def is_merged_from(self, before: _Content) -> bool:
        """Whether a segment was made of others: a new one holds files that have not changed, beside an old one."""
        kept = before.segments.keys() & self.segments.keys()
        unchanged = {name for name, digest in before.digests.items() if self.digests.get(name) == digest}
        return bool(kept) and any(self.segments[name] & unchanged for name in self.segments.keys() - kept)


@dataclass
class Counts:
    """What happened."""

    rounds: int = 0
    kills: int = 0
    before_commit: int = 0
    after_commit: int = 0
    outrun: int = 0
    """Builds that were through before they were killed."""
    merges: int = 0
    """Commits that put one segment in the place of several."""
    changes: Counter[str] = field(default_factory=Counter)
    aims: Counter[str] = field(default_factory=Counter)
    """Of the builds that were killed."""
    stages: Counter[str] = field(default_factory=Counter)
    """How far they had come."""
    commits_lost: int = 0
    damaged: int = 0
    wrong_answers: int = 0
    processes_left: int = 0
    builds_failed: int = 0
    leftovers: int = 0
    broken: list[str] = field(default_factory=list)
    """What was promised and not kept."""


class Storm:
    """A folder of reports, its index, and all that is done to them."""

    def __init__(self, folder: Path, seed: int, engine: str = "columnar", files: int = 40) -> None:
        """Begin with an index of so many files in `folder`, which is empty."""
        self.index = folder / "index"
        self.counts = Counts()
        self._folder, self._engine = folder, engine
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._reports = Reports(folder / "reports", random.Random(seed), files)  # noqa: S311
        self._words = folder / "words.txt"
        self._write_words()
        self._seconds: dict[str, float] = {}
        self._build("words", self.index)
        self._held = self._past = self._afresh()

    def round(self, change: str | None = None, aim: str | None = None, kills: int | None = None) -> None:
        """Change the reports, kill builds until one commits or it is enough, judge, and build once more.

        What is not given is left to chance.
        """
        change = change or self._chance.choice(CHANGES)
        self.counts.rounds += 1
        self.counts.changes[change] += 1
        self._change(change)
        new, before = self._afresh(), _Content.of(self.index)
        for _ in range(kills or self._chance.randint(1, _MAX_KILLS)):
            if self._held is not new:
                self._kill(aim or self._chance.choice(_aims(change)), change, new)
        seconds = self._build(change, self.index)
        if self._held is not new:
            self._seconds[change] = seconds
        self._take(new)
        self._judge_answers()
        self._judge_folder()
        self.counts.merges += _Content.of(self.index).is_merged_from(before)

    def _change(self, change: str) -> None:
        """Change what is to be indexed."""
        if change == "words":
            self._write_words()
        elif change == _BY_TWO:
            self._reports.rewrite_large()
        elif change == "small commits":
            for _ in range(FAN_IN - 1):
                self._reports.add(1, _SMALL)
                build(self._reports.folder, self.index, self._options)
            self._take(self._afresh())
            self._reports.add(1, _SMALL)
        else:
            self._reports.change(self._chance.randint(1, 8))

    def _write_words(self) -> None:
        pairs = ["".join(self._chance.sample(WORDS, 2)) for _ in range(5)]
        self._words.write_text("\n".join([*WORDS, *pairs]), encoding="utf-8")

    @property
    def _options(self) -> BuildOptions:
        return BuildOptions(self._engine, words=self._words)

    def _afresh(self) -> Answers:
        """What an index answers that is built from nothing."""
        with tempfile.TemporaryDirectory() as folder:
            build(self._reports.folder, folder, self._options)
            return answers(Path(folder))

    def _start(self, change: str, index: Path, mark: str = "") -> subprocess.Popen[bytes]:
        jobs = "2" if change == _BY_TWO else "1"
        options = ["--index", str(index), "--engine", self._engine, "--words", str(self._words), "--jobs", jobs]
        command = [sys.executable, "-m", "searchkit", "build", str(self._reports.folder), *options]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, NAME: mark})

    def _build(self, change: str, index: Path) -> float:
        """Build and let live. Returns how many seconds it took."""
        started = time.perf_counter()
        if self._start(change, index).wait():
            self._complain("builds_failed", "a build failed that nobody killed")
        return time.perf_counter() - started

    def _length(self, change: str) -> float:
        """How many seconds a build of such a change takes: as the last one did, or one of a copy."""
        if change not in self._seconds:
            copy = Path(shutil.copytree(self.index, self._folder / "copy"))
            self._seconds[change] = self._build(change, copy)
            shutil.rmtree(copy)
        return self._seconds[change]

    def _kill(self, aim: str, change: str, new: Answers) -> None:
        """Start a build, kill it, and judge what it leaves."""
        within = AIMS[aim].within or self._length(change)
        scene, mark = Scene.of(self.index), new_mark()
        process = self._start(change, self.index, mark)
        while process.poll() is None and not AIMS[aim].is_seen(scene):
            pass
        time.sleep(self._chance.uniform(0, within))
        process.kill()
        if process.wait() == -signal.SIGKILL:
            self.counts.kills += 1
            self.counts.aims[aim] += 1
            self.counts.stages[scene.stage()] += 1
            self.counts.after_commit += scene.is_committed
            self.counts.before_commit += not scene.is_committed
        else:
            self.counts.outrun += 1
        self._judge_processes(mark)
        if scene.is_committed:
            self._take(new)
        self._judge_answers()

    def _judge_processes(self, mark: str) -> None:
        """See that no process of a build that is dead goes on."""
        if going_on := left(mark, _ENDS_WITHIN):
            self._complain("processes_left", f"processes {[*going_on]} go on")

    def _take(self, new: Answers) -> None:
        """From now on this is what the index is to answer."""
        if new is not self._held:
            self._past, self._held = self._held, new

    def _judge_answers(self) -> None:
        """See that the index is whole and answers as it should."""
        command = [sys.executable, "-m", "searchkit", "check", "--index", str(self.index)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        try:
            found = answers(self.index)
        except IndexUnusable as error:
            self._complain("damaged", str(error))
            return
        if done.returncode:
            self._complain("damaged", done.stderr)
        elif found == self._past != self._held:
            self._complain("commits_lost", "the index answers as before a commit")
        elif found != self._held:
            self._complain("wrong_answers", "the index answers neither as before nor as one built afresh")

    def _judge_folder(self) -> None:
        """See that nothing is left of builds that died."""
        if left := leftovers(self.index):
            self._complain("leftovers", f"left or missing: {sorted(left)}")

    def _complain(self, kind: str, what: str) -> None:
        setattr(self.counts, kind, getattr(self.counts, kind) + 1)
        self.counts.broken.append(f"round {self.counts.rounds}: {what.strip()}")


def leftovers(index: Path) -> set[str]:
    """What is in the folder of an index that nobody writes to, and should not be; and what should be and is not."""
    manifest = read_manifest(index)
    expected = {"index.json", "writer.lock", manifest.data, *(f"{manifest.data}/{name}" for name in manifest.files)}
    return expected ^ {path.relative_to(index).as_posix() for path in index.rglob("*")}


def _aims(change: str) -> Sequence[str]:
    """What a build can be killed at that takes up such a change; what comes about seldom stands there twice."""
    return [*AIMS, "merging"] if change == "small commits" else [aim for aim in AIMS if aim != "merging"]


def _machine() -> dict[str, object]:
    described = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"^model name\s*: (.*)$", described, re.MULTILINE)
    processor = model[1] if model else platform.machine()
    return {"processor": processor, "cores": os.cpu_count(), "system": platform.platform()}


def _record(storm: Storm, arguments: argparse.Namespace, seconds: float) -> dict[str, object]:
    """What is written to the file."""
    return {
        "machine": _machine(),
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _LIBRARIES}},
        "measured": datetime.now(timezone.utc).date().isoformat(),
        "seed": arguments.seed,
        "engine": arguments.engine,
        "seconds": round(seconds),
        **vars(storm.counts),
    }


def main() -> int:
    """Run the storm. Exit status 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description="Kill builds at random moments and judge what they leave.")
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
