"""Replays what a build writes to disk, and cuts the power at random moments and at the end.

    python tests/attacks/power.py [--cases N] [--seed N] [--result FILE]

`shim.c` records the writes of a build. Until a file is synced, any of its writes can be missing after a power failure.
Until a folder is synced, any change of the names in it can be missing, in whatever order the changes were made. A
renaming is atomic. `PATTERNS` says which changes are missing. N states of the disk at random moments of the builds are
checked, and, for every pattern, states after the end of each build. The index must be in the old or the new state, and
in the new one if the build had ended. From some of the states, the next build must succeed and leave nothing behind.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from commands import Commands
from faults import Scenario, make_scenarios
from oracle import copy_index, find_state, leftovers
from shim import Call, Shim
from tally import Tally, run_attack

CASES = 30_000
_NEXT_BUILD_INTERVAL = 50
"""The next build is run once for this number of states at random moments."""

Tree = Mapping[str, bytes | None]
"""Content of each file in a folder, by relative path. None stands for a folder."""


@dataclass(frozen=True)
class Change:
    """A change of the disk."""

    kind: str
    """write, truncate, create, mkdir, unlink, link or rename."""
    path: str
    """Relative path. Empty for a write or a truncation, whose file is named by `inode`."""
    other: str = ""
    """New path of link and rename."""
    inode: int = 0
    offset: int = 0
    data: bytes = b""

    @property
    def is_data(self) -> bool:
        """Whether the content of a file changes, and not a name in a folder."""
        return self.kind in {"write", "truncate"}

    @property
    def folder(self) -> str:
        """The folder that must be synced to keep this change of a name."""
        return str(PurePosixPath(self.other or self.path).parent)


class Disk:
    """The content of a folder before a build, and the changes of the build."""

    def __init__(self, root: Path, calls: Iterable[Call], before: Tree, inodes: Mapping[str, int]) -> None:
        """`root`: the folder in which the calls were made. `inodes`: those of the files in `before`."""
        self._before, self._inodes = before, inodes
        self.changes: list[Change] = []
        self._synced_at: list[int] = []
        """For each change, the number of changes that were made before it was synced; `sys.maxsize` if it never was."""
        for call in calls:
            if call.kind == "call":  # a call before it is made; its effect is another entry of the log
                continue
            path = self._relative(root, call.path)
            if call.kind == "fsync":
                self._sync(call.inode, path)
            else:
                is_data = call.kind in {"write", "truncate"}
                other = self._relative(root, call.other) if call.other else ""
                name = "" if is_data else path
                self.changes.append(Change(call.kind, name, other, call.inode, call.offset, call.data))
                self._synced_at.append(sys.maxsize)

    @staticmethod
    def _relative(root: Path, path: str) -> str:
        return PurePosixPath(path).relative_to(root.as_posix()).as_posix()

    def _sync(self, inode: int, path: str) -> None:
        """Note that the changes so far of a file, or of the names in a folder, are on disk."""
        now = len(self.changes)
        for number, change in enumerate(self.changes):
            if self._synced_at[number] > now and (change.inode == inode if change.is_data else change.folder == path):
                self._synced_at[number] = now

    def unsynced(self, moment: int) -> list[int]:
        """Return the numbers of the changes that may be missing after the first `moment` changes."""
        return [number for number in range(moment) if self._synced_at[number] > moment]

    def replay(self, moment: int, missing: frozenset[int]) -> Tree:
        """Return the content of the disk after the first `moment` changes, without those in `missing`."""
        names: dict[str, int] = dict(self._inodes)  # 0 stands for a folder
        contents: dict[int, bytearray] = {}
        for path, data in self._before.items():
            names.setdefault(path, 0)
            if data is not None:
                contents[names[path]] = bytearray(data)
        for number, change in enumerate(self.changes[:moment]):
            if number not in missing:
                _apply(change, names, contents)
        return {
            path: bytes(contents.get(inode, b"")) if inode else None
            for path, inode in names.items()
            if all(str(parent) in names or str(parent) == "." for parent in PurePosixPath(path).parents)
        }


def _apply(change: Change, names: dict[str, int], contents: dict[int, bytearray]) -> None:
    """Apply a change to the names and contents of a disk."""
    if change.is_data:
        content = contents.setdefault(change.inode, bytearray())
        if change.kind == "truncate":
            del content[change.offset :]
        content.extend(bytes(max(change.offset - len(content), 0)))
        if change.kind == "write":
            content[change.offset : change.offset + len(change.data)] = change.data
    elif change.kind == "unlink":
        names.pop(change.path, None)
    elif change.kind in {"link", "rename"}:
        names[change.other] = change.inode
        if change.kind == "rename":
            names.pop(change.path, None)
    else:
        names[change.path] = 0 if change.kind == "mkdir" else change.inode


def read_tree(root: Path) -> tuple[Tree, dict[str, int]]:
    """Return the content of a folder, and the inode of each file in it."""
    paths = {path.relative_to(root).as_posix(): path for path in root.rglob("*")}
    tree = {name: path.read_bytes() if path.is_file() else None for name, path in paths.items()}
    return tree, {name: path.stat().st_ino for name, path in paths.items() if path.is_file()}


def write_tree(tree: Tree, root: Path) -> None:
    """Replace the content of a folder by that of `tree`."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    for name, data in sorted(tree.items()):
        if data is None:
            (root / name).mkdir()
        else:
            (root / name).write_bytes(data)


PATTERNS: Mapping[str, Callable[[Disk, list[int], int, random.Random], Iterable[int]]] = {
    "nothing": lambda _disk, _unsynced, _one, _rng: (),
    "everything": lambda _disk, unsynced, _one, _rng: unsynced,
    "data": lambda disk, unsynced, _one, _rng: (number for number in unsynced if disk.changes[number].is_data),
    "names": lambda disk, unsynced, _one, _rng: (number for number in unsynced if not disk.changes[number].is_data),
    "one": lambda _disk, _unsynced, one, _rng: (one,),
    "all but one": lambda _disk, unsynced, one, _rng: (number for number in unsynced if number != one),
    "later": lambda _disk, unsynced, one, _rng: (number for number in unsynced if number > one),
    "random": lambda _disk, unsynced, _one, rng: rng.sample(unsynced, rng.randint(0, len(unsynced))),
}
"""Which of the unsynced changes are missing after a power failure.

"one", "all but one" and "later" depend on the parameter `one`, the number of an unsynced change (-1 if there is none).
"later" are the changes made after that change.
"""


def missing_sets(disk: Disk, moment: int, rng: random.Random) -> Iterator[frozenset[int]]:
    """Yield sets of changes that may be missing after a power failure: for each pattern and each unsynced change."""
    unsynced = disk.unsynced(moment)
    for pattern in PATTERNS.values():
        for one in unsynced or [-1]:
            yield frozenset(pattern(disk, unsynced, one, rng)) & frozenset(unsynced)


def draw_missing(disk: Disk, moment: int, rng: random.Random) -> frozenset[int]:
    """Return a random set of changes that may be missing after a power failure."""
    unsynced = disk.unsynced(moment)
    pattern = rng.choice([*PATTERNS.values()])
    return frozenset(pattern(disk, unsynced, rng.choice(unsynced or [-1]), rng)) & frozenset(unsynced)


def visible(tree: Tree) -> str:
    """Return a digest of what a reader of the index sees of a disk: the manifest, and the data folder that it names."""
    manifest = tree.get("index/index.json")
    try:
        data = json.loads(manifest or b"")["data"]
    except ValueError:
        data = ""
    seen = sorted(
        item for item in tree.items() if item[0] == "index/index.json" or item[0].startswith(f"index/{data}/")
    )
    return hashlib.sha256(repr(seen).encode()).hexdigest()


class PowerFailures:
    """Cuts the power during a build and after it, and checks what is left."""

    def __init__(self, folder: Path, tally: Tally, commands: Commands, shim: Shim) -> None:
        """Work in the existing folder `folder`."""
        self._root = folder / "work"
        self._root.mkdir()
        self._tally, self._commands, self._shim = tally, commands, shim

    def record(self, scenario: Scenario) -> Disk:
        """Run a build, and return what was on disk before it and what it changed."""
        copy_index(scenario.prepared, self._root / "index")
        before, inodes = read_tree(self._root)
        self._shim.arm(self._root, log=True)
        index = self._root / "index"
        outcome = self._commands.run("build", scenario.corpus, "--index", index, *scenario.options)
        self._shim.disarm()
        assert not outcome.status, outcome.err
        disk = Disk(self._root, self._shim.read_log(), before, inodes)
        assert disk.replay(len(disk.changes), frozenset()) == read_tree(self._root)[0]
        return disk

    def run(self, scenario: Scenario, cases: int, rng: random.Random) -> None:
        """Check `cases` states of the disk at random moments, and states after the end. From some, build again."""
        disk = self.record(scenario)
        end = len(disk.changes)
        moments = [(end, missing) for missing in {*missing_sets(disk, end, rng)}]
        for _ in range(cases):
            moment = rng.randrange(end)
            moments.append((moment, draw_missing(disk, moment, rng)))
        states: dict[str, int | str] = {}
        for moment, missing in moments:
            tree = disk.replay(moment, missing)
            digest = visible(tree)
            if digest not in states:
                write_tree(tree, self._root)
                states[digest] = find_state(self._root / "index", scenario.states)
                self._tally.details["different indexes"] += 1
            self._tally.cases[scenario.name] += 1
            self._judge(scenario, states[digest], disk, moment, missing)
        for moment, missing in rng.sample(moments, min(cases // _NEXT_BUILD_INTERVAL, len(moments))):
            write_tree(disk.replay(moment, missing), self._root)
            self._build_again(scenario, f"{scenario.name}, {_describe(disk, moment, missing)}")

    def _judge(self, scenario: Scenario, state: int | str, disk: Disk, moment: int, missing: frozenset[int]) -> None:
        """Record a fault if the state of an index after a power failure is wrong."""
        case = f"{scenario.name}, {_describe(disk, moment, missing)}"
        if isinstance(state, str):
            self._tally.add_fault("wrong" if state.startswith("wrong") else "lost", f"{case}: {state}")
        elif moment == len(disk.changes) and state == 0:
            self._tally.add_fault("lost", f"{case}: the build had succeeded, but the index is in the old state")

    def _build_again(self, scenario: Scenario, case: str) -> None:
        index = self._root / "index"
        outcome = self._commands.run("build", scenario.corpus, "--index", index)
        self._tally.details["next builds"] += 1
        self._tally.add_usage(case, outcome.cpu, outcome.memory)
        if outcome.status or (state := find_state(index, scenario.states)) != 1:
            self._tally.add_fault("lost", f"{case}: the next build: {outcome.status}, {outcome.err} {state}")
        elif names := leftovers(index):
            self._tally.add_fault("left", f"{case}: {sorted(names)}")


def _describe(disk: Disk, moment: int, missing: frozenset[int]) -> str:
    """Return the moment of a power failure, and the first three missing changes, in words."""
    lost = [f"{disk.changes[number].kind} {disk.changes[number].path}" for number in sorted(missing)]
    return f"after change {moment} of {len(disk.changes)}, lost {len(lost)}: {'; '.join(lost[:3])}"


def attack(
    tally: Tally, cases: int, seed: int, scenarios: Sequence[str] = ("update", "first build", "full build")
) -> None:
    """Check `cases` states of the disk at random moments, equally many of each scenario, and states after the end."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        shim = Shim(Path(name))
        with Commands(shim.environment) as commands:
            failures = PowerFailures(Path(name), tally, commands, shim)
            for scenario in make_scenarios(Path(name), seed, commands):
                if scenario.name in scenarios:
                    failures.run(scenario, cases // len(scenarios), rng)


if __name__ == "__main__":
    sys.exit(run_attack("power", "Cut the power during builds, and check the index.", CASES, attack))
