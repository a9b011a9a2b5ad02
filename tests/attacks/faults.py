"""Lets each system call of a build fail in turn, fills the disk at many sizes, and kills the build at each call.

    python tests/attacks/faults.py [--cases N] [--seed N] [--result FILE]

Each such fault is a break (`shim.Break`), and a build with a break is a broken build. After it, the index must be in
the old or the new state (`oracle.py` knows the answers of both), the exit status and the message must fit that state,
and the next build must succeed and leave nothing behind. If there are more than N breaks, a sample is run with
about the same number of breaks for each scenario and for each kind of call.
"""

from __future__ import annotations

import errno
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from pathlib import Path

from commands import Commands, Outcome
from oracle import State, copy_index, find_state, leftovers, make_lines, make_state
from shim import Break, Mode, Shim
from tally import Tally, run_attack

CASES = 3000
"""Default maximum number of broken builds."""
ERRORS: Mapping[str, tuple[int, ...]] = {
    "open": (errno.EACCES, errno.ENOSPC, errno.EMFILE, errno.EROFS, errno.EINTR),
    "read": (errno.EIO, errno.EINTR),
    "write": (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EINTR),
    "ftruncate": (errno.EIO, errno.ENOSPC),
    "fsync": (errno.EIO, errno.ENOSPC, errno.EINTR),
    "mmap": (errno.ENOMEM, errno.ENODEV),
    "close": (errno.EIO, errno.EDQUOT),
    "mkdir": (errno.ENOSPC, errno.EACCES, errno.EROFS),
    "rename": (errno.EIO, errno.ENOSPC, errno.EACCES),
    "link": (errno.EPERM, errno.EMLINK, errno.EXDEV, errno.ENOSPC),
    "unlink": (errno.EACCES, errno.EIO, errno.EBUSY),
    "rmdir": (errno.EACCES, errno.ENOTEMPTY),
    "flock": (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINTR),
}
"""Error numbers with which the calls of each kind fail. A call of another kind fails with EIO (`all_breaks`)."""
_LASTING = frozenset({"open", "write", "fsync", "flock", "link", "unlink", "mkdir"})
"""Kinds of calls that can keep failing: on a full or read-only disk, or on a file system without locks or links."""
_FULL_DISKS = 40
"""Number of sizes of full disks, from 0 bytes to almost as many as the build writes."""
_IN_PLACE = re.compile(r"in place|is complete|was committed|has been replaced|new index", re.IGNORECASE)
"""Matches what the message of a failed build must say if the index is in the new state."""


@dataclass(frozen=True)
class Scenario:
    """A build to break."""

    name: str
    prepared: Path
    """The index before the build. Does not exist if there was none."""
    corpus: Path
    states: tuple[State | None, State]
    """The states of the index before the build (None if there was no index) and after it."""
    options: tuple[str, ...] = ()


class Faults:
    """Breaks builds, and checks what they leave."""

    def __init__(self, folder: Path, tally: Tally, commands: Commands, shim: Shim) -> None:
        """Work in the existing folder `folder`."""
        self._index = folder / "work" / "index"
        self._index.parent.mkdir()
        self._tally, self._commands, self._shim = tally, commands, shim

    def trace(self, scenario: Scenario) -> tuple[list[str], int]:
        """Return the kinds of the system calls of a build on the index, in order, and the number of bytes written."""
        copy_index(scenario.prepared, self._index)
        self._shim.arm(self._index, log=True)
        self._commands.run("build", scenario.corpus, "--index", self._index, *scenario.options)
        self._shim.disarm()
        log = [*self._shim.read_log()]
        return [call.other for call in log if call.kind == "call"], sum(len(call.data) for call in log)

    def run(self, scenario: Scenario, broken: Break) -> None:
        """Break a build, check what it leaves, and build again."""
        copy_index(scenario.prepared, self._index)
        outcome, kind = self._build(scenario, broken)
        case = f"{scenario.name}, {broken}{f' ({kind})' if kind else ''}"
        self._tally.cases["full disk" if broken.space >= 0 else kind or "not reached"] += 1
        self._tally.add_usage(case, outcome.cpu, outcome.memory)
        state = find_state(self._index, scenario.states)
        if fault := judge(outcome, state, is_killed=broken.mode is Mode.KILL):
            self._tally.add_fault(fault[0], f"{case}: {fault[1]}")
        again = self._commands.run("build", scenario.corpus, "--index", self._index)
        state = find_state(self._index, scenario.states)
        if again.status or again.err or state != 1:
            self._tally.add_fault("lost", f"{case}: the next build: status {again.status}, {state}, {again.err}")
        elif names := leftovers(self._index):
            self._tally.add_fault("left", f"{case}: {sorted(names)}")

    def _build(self, scenario: Scenario, broken: Break) -> tuple[Outcome, str]:
        """Run a build with a break. Return its outcome, and the kind of the call at the break (`Shim.disarm`)."""
        self._shim.arm(self._index, broken)
        outcome = self._commands.run("build", scenario.corpus, "--index", self._index, *scenario.options)
        return outcome, self._shim.disarm()


def judge(outcome: Outcome, state: int | str, *, is_killed: bool) -> tuple[str, str] | None:
    """Return what is wrong with a broken build: a key of `tally.VERDICTS`, and a description. None if nothing is.

    `state`: that of the index after the build: 0 = old, 1 = new, otherwise what is wrong with the index
    (`oracle.find_state`). `is_killed`: whether the break kills the build.
    """
    if isinstance(state, str):
        return "wrong" if state.startswith("wrong") else "lost", f"{state} (status {outcome.status}, {outcome.err})"
    if is_killed and outcome.status == -9:
        return None
    if problem := outcome.problem((0, 3)):
        return problem
    if outcome.status == 0 and state == 0:
        return "lost", "the build reported success, but the index is in the old state"
    if outcome.status == 3 and state == 1 and not _IN_PLACE.search(outcome.err):
        return "unclear", f"the new index is in place, but the message is: {outcome.err}"
    return None


def make_scenarios(folder: Path, seed: int, commands: Commands) -> list[Scenario]:
    """Prepare three builds: an update that shares a segment and merges others, a first build, and a full build."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    empty, corpus, index = folder / "none", folder / "corpus", folder / "prepared"
    state = make_state(rng, 16)  # a large segment, which the update shares by a hard link
    for number in range(4):
        state.write(corpus)
        assert not commands.run("build", corpus, "--index", index).status
        if number < 3:  # a small segment: the update merges three of them with its own
            state = State({**state.files, f"1{number}0.txt": make_lines(rng), f"1{number}1.txt": make_lines(rng)})
    removed, rewritten, *_ = sorted(state.files)
    new = State({**state.files, rewritten: make_lines(rng), "new.txt": make_lines(rng)})
    new = State({name: lines for name, lines in new.files.items() if name != removed})
    new.write(corpus)
    return [
        Scenario("update", index, corpus, (state, new)),
        Scenario("first build", empty, corpus, (None, new)),
        Scenario("full build", index, corpus, (state, new), ("--full",)),
    ]


def all_breaks(kinds: list[str], size: int) -> Iterator[Break]:
    """Yield all breaks to try on a build that makes calls of these kinds, in this order, and writes `size` bytes."""
    for at, kind in enumerate(kinds, 1):
        yield Break(at, Mode.KILL)
        for error in ERRORS.get(kind, (errno.EIO,)):
            yield Break(at, error=error)
        if kind == "write":
            yield Break(at, Mode.SHORT)
        if kind in _LASTING:
            yield Break(at, Mode.FAIL_ALL_LATER, ERRORS[kind][0])
    for step in range(_FULL_DISKS):
        yield Break(space=size * step // _FULL_DISKS)


def choose(breaks: Iterable[Break], kinds: Sequence[str], rng: random.Random) -> list[Break]:
    """Return all breaks in such an order that the first N, for any N, contain about as many of each kind of call.

    A kind that has no more breaks is left out. Full disks count as one kind. The breaks of a kind are in random order.
    `kinds`: as in `all_breaks`.
    """
    shuffled = list(breaks)
    rng.shuffle(shuffled)
    seen: Counter[str] = Counter()
    numbered = []
    for broken in shuffled:
        kind = kinds[broken.at - 1] if broken.at else ""
        seen[kind] += 1
        numbered.append((seen[kind], broken))
    return [broken for _, broken in sorted(numbered, key=lambda item: item[0])]


def attack(tally: Tally, cases: int, seed: int) -> None:
    """Break at most `cases` builds, of each scenario in turn."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        shim = Shim(folder)
        with Commands(shim.environment) as commands:
            scenarios = make_scenarios(folder, seed, commands)
            faults = Faults(folder, tally, commands, shim)
            chosen = []
            for scenario in scenarios:
                kinds, size = faults.trace(scenario)
                chosen.append([(scenario, broken) for broken in choose(all_breaks(kinds, size), kinds, rng)])
            in_turn = (case for cases_in_turn in zip_longest(*chosen) for case in cases_in_turn if case)
            for scenario, broken in islice(in_turn, cases):
                faults.run(scenario, broken)


if __name__ == "__main__":
    sys.exit(run_attack("faults", "Break each system call of a build, and check the index.", CASES, attack))
