"""Counts what an attack did and what it found, and writes the counts to a file of `results/`."""

from __future__ import annotations

import argparse
import json
import platform
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from typing import NoReturn

from searchkit import __version__

RESULTS = Path(__file__).with_name("results")
VERDICTS = {
    "lost": "a commit is gone, or the index is gone or damaged",
    "wrong": "an answer is wrong, or damage is not found",
    "hung": "a command did not end in time",
    "raised": "an exception, a crash or a warning reached the user",
    "unclear": "the exit status or the message does not fit what happened",
    "left": "files or processes remain",
}
"""The verdict on each kind of fault, and its meaning."""
_MAX_FAULTS = 60
"""Maximum number of faults that a result file and the output list. All faults are counted."""
_LIBRARIES = ("numpy", "whoosh3")


@dataclass
class Tally:
    """Counts of an attack."""

    cases: Counter[str] = field(default_factory=Counter)
    """Number of cases by class."""
    details: Counter[str] = field(default_factory=Counter)
    """Numbers of other things than cases, by name."""
    verdicts: Counter[str] = field(default_factory=Counter)
    """Number of faults by verdict, see `VERDICTS`."""
    faults: list[str] = field(default_factory=list)
    """Faults, one line of limited length each."""
    longest: tuple[float, str] = (0.0, "")
    """Largest processor time of a case in seconds, and the case."""
    memory: tuple[int, str] = (0, "")
    """Largest resident size in a case in bytes, and the case."""
    _started: float = field(default_factory=time.perf_counter)

    def add_usage(self, case: str, seconds: float, memory: int = 0) -> None:
        """Take the processor time and the memory of a case into account."""
        self.longest = max(self.longest, (seconds, case))
        self.memory = max(self.memory, (memory, case))

    def add_fault(self, verdict: str, description: str) -> None:
        """Record a fault. `verdict` is a key of `VERDICTS`."""
        assert verdict in VERDICTS
        self.verdicts[verdict] += 1
        self.faults.append(f"{verdict}: {' '.join(description.split())[:300]}")

    def write(self, path: Path, **details: object) -> None:
        """Write the counts to a JSON file, with the machine, the versions and further fields (`details`)."""
        record = {
            "measured": datetime.now(timezone.utc).date().isoformat(),
            "machine": f"{platform.system()} {platform.release()}, {platform.machine()}",
            "versions": {
                "python": platform.python_version(),
                "searchkit": __version__,
                **{name: version(name) for name in _LIBRARIES},
            },
            **details,
            "seconds": round(time.perf_counter() - self._started),
            "cases": dict(sorted(self.cases.items())),
            "details": dict(sorted(self.details.items())),
            **{name: self.verdicts[name] for name in VERDICTS},
            "longest_cpu_seconds": round(self.longest[0], 2),
            "longest_case": self.longest[1],
            "largest_memory_mb": round(self.memory[0] / 1e6),
            "largest_case": self.memory[1],
            "faults": self.faults[:_MAX_FAULTS],
        }
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


class _TimeIsOver(BaseException):
    """The time of `--minutes` is over. Not an `Exception`, so that the attack does not catch it."""


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _TimeIsOver


def run_attack(
    name: str, description: str, default: int, attack: Callable[..., None], corpus: Path | None = None
) -> int:
    """Run an attack as a command with the options `--cases`, `--minutes`, `--seed` and `--result`.

    `default`: number of cases if `--cases` is not given. `attack` is called with a tally, the number of cases and the
    seed. If `corpus` is given, it is the default of a further option, `--corpus`, and `attack` is also called with the
    folder that this option names. After `--minutes` the attack ends, and the result has fewer cases. Returns the exit
    status: 1 if there was a fault, otherwise 0.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--cases", type=int, default=default, help=f"number of cases ({default:,})")
    parser.add_argument("--minutes", type=float, default=60, help="longest time of the run (60)")
    parser.add_argument("--seed", type=int, default=20240601)
    parser.add_argument("--result", type=Path, default=RESULTS / f"{name}.json")
    if corpus:
        parser.add_argument("--corpus", type=Path, default=corpus, help="folder of reports to index")
    arguments = parser.parse_args()
    tally = Tally()
    signal.signal(signal.SIGALRM, _end)
    signal.alarm(max(round(arguments.minutes * 60), 1))
    with suppress(_TimeIsOver):
        attack(tally, arguments.cases, arguments.seed, *([arguments.corpus] if corpus else []))
        signal.alarm(0)
    tally.write(arguments.result, seed=arguments.seed, cases_asked=arguments.cases)
    lines = [*tally.faults[:_MAX_FAULTS], f"{sum(tally.cases.values())} cases, {len(tally.faults)} faults"]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if tally.faults else 0
