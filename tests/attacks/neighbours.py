"""Builds an index while others read it, copy it and build it too, and moves the folders of open indexes.

    python tests/attacks/neighbours.py [--cases N] [--seed N] [--result FILE]

N builds change an index from one known state to the next. Meanwhile two readers export all paragraphs: each answer must
be that of one state, never of an older state than the previous answer to the same reader. The folder is also copied
file by file: a copy must be in one of the states, or be refused with one line. Two more writers build the same corpus:
each must succeed, or be refused because another process writes. Before these builds, the folders of open indexes are
moved, replaced and removed: an open index must answer as before, or raise an error of one line.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from commands import Commands
from oracle import State, copy_index, differences, find_state, leftovers, make_state
from tally import Tally, run_attack

import searchkit
from searchkit.errors import SearchkitError

CASES = 120
_OTHER_WRITERS = 2
_READERS = 2
_PAUSE = 0.02
"""Seconds that a reader, the copier or another writer waits before each turn, so that the main builds make progress."""


class Neighbours:
    """An index that is built again and again, and threads that use it meanwhile: the neighbours."""

    def __init__(self, folder: Path, tally: Tally, seed: int) -> None:
        """Work in the existing folder `folder`."""
        self._folder, self._corpus, self._index = folder, folder / "corpus", folder / "index"
        self._tally = tally
        self._rng = random.Random(seed)  # noqa: S311 - no secret
        self._states = [make_state(self._rng)]
        self._lock = threading.Lock()
        self._has_ended = threading.Event()
        self._may_read_corpus = threading.Event()
        """Not set while `_build` waits for or has the permits of `_corpus_readers`, so that the other writers take no
        new ones."""
        self._corpus_readers = threading.Semaphore(_OTHER_WRITERS)
        """A permit for each other writer. `_build` takes all permits to change the corpus: a build that read the corpus
        meanwhile would rightly contain files of two states."""

    def run(self, builds: int) -> None:
        """Build once, `builds` times while the neighbours work, and once after them."""
        works = (*[self._write] * _OTHER_WRITERS, *[self._read] * _READERS, self._copy)
        are_ready = threading.Barrier(len(works) + 1)
        with Commands() as commands:
            self._build(commands)
            threads = [threading.Thread(target=self._repeat, args=(work, are_ready)) for work in works]
            for thread in threads:
                thread.start()
            are_ready.wait()
            try:
                for _ in range(builds):
                    self._states.append(self._states[-1].changed(self._rng, 2))
                    self._build(commands)
            finally:
                self._has_ended.set()
                for thread in threads:
                    thread.join()
            self._build(commands)
        if names := leftovers(self._index):
            self._add("left", f"{sorted(names)}")

    def _build(self, commands: Commands) -> None:
        """Write the last state to the corpus, and build until no other writer has the lock of the index."""
        self._may_read_corpus.clear()
        for _ in range(_OTHER_WRITERS):
            self._corpus_readers.acquire()
        self._states[-1].write(self._corpus)
        self._corpus_readers.release(_OTHER_WRITERS)
        self._may_read_corpus.set()
        while True:
            outcome = commands.run("build", self._corpus, "--index", self._index)
            if outcome.status != 3 or "is being written by" not in outcome.err:
                break
        self._count("builds", outcome.cpu, outcome.memory)
        if outcome.status or outcome.err:
            self._add("lost", f"a build: status {outcome.status}, {outcome.err}")

    def _repeat(self, work: Callable[[Commands, dict[str, int]], None], are_ready: threading.Barrier) -> None:
        """Call `work` until all builds are done. Each call receives the same dictionary, to remember earlier calls."""
        memory: dict[str, int] = {}
        with Commands() as commands:
            are_ready.wait()
            while not self._has_ended.wait(_PAUSE):
                work(commands, memory)

    def _write(self, commands: Commands, _memory: dict[str, int]) -> None:
        """Build the corpus, whatever state it is in. The build must succeed, or be refused because another writes."""
        self._may_read_corpus.wait()
        with self._corpus_readers:
            outcome = commands.run("build", self._corpus, "--index", self._index)
        is_refused = outcome.status == 3 and "is being written by" in outcome.err
        self._count("other writers refused" if is_refused else "other writers", outcome.cpu, outcome.memory)
        if problem := outcome.problem((0, 3)):
            self._add(*problem)
        elif outcome.status == 3 and not is_refused:
            self._add("unclear", f"another writer: {outcome.err}")

    def _read(self, commands: Commands, memory: dict[str, int]) -> None:
        """Export all paragraphs. They must be those of one state, which is not older than that of the last call."""
        outcome = commands.run("export", "paragraphs", "--index", self._index)
        self._count("readers", outcome.cpu, outcome.memory)
        if problem := outcome.problem((0,)):
            self._add(*problem)
            return
        records = map(json.loads, outcome.out.splitlines())
        found = {record["id"]: record["text"] for record in records}
        numbers = [number for number, state in enumerate([*self._states]) if state.paragraphs == found]
        if not numbers:
            self._add("wrong", f"a reader: {len(found)} paragraphs of no state")
        elif numbers[-1] < memory.get("state", 0):
            self._add("lost", f"a reader: state {numbers[-1]} after {memory['state']}")
        else:
            memory["state"] = max(memory.get("state", 0), numbers[0])

    def _copy(self, commands: Commands, _memory: dict[str, int]) -> None:
        """Copy the folder while it changes. The copy must be in one of the states, or be refused with one line."""
        copy = self._folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        try:
            shutil.copytree(self._index, copy)
        except (shutil.Error, OSError):  # a file was removed meanwhile; rsync leaves such copies, too
            self._count("copies with gaps", 0, 0)
        outcomes = [commands.run(command, "--index", copy) for command in ("check", "info")]
        for outcome in outcomes:
            self._count("copies", outcome.cpu, outcome.memory)
            if problem := outcome.problem((0, 3)):
                self._add(*problem)
                return
        if not any(outcome.status for outcome in outcomes) and isinstance(find_state(copy, [*self._states]), str):
            self._add("wrong", "a copy that was opened is in none of the states")

    def _count(self, kind: str, cpu: float, memory: int) -> None:
        """Count a case of a kind, with the processor time and the memory that it took."""
        with self._lock:
            self._tally.cases[kind] += 1
            self._tally.add_usage(kind, cpu, memory)

    def _add(self, verdict: str, description: str) -> None:
        """Record a fault. `verdict` is a key of `tally.VERDICTS`: `left` means that files remain, for example."""
        with self._lock:
            self._tally.add_fault(verdict, description)


def _move(index: Path, _other: Path) -> None:
    index.rename(index.with_name("moved"))


def _replace(index: Path, other: Path) -> None:
    index.rename(index.with_name("moved"))
    other.rename(index)


def _replace_files(index: Path, other: Path) -> None:
    shutil.rmtree(index)
    shutil.copytree(other, index)


def _remove(index: Path, _other: Path) -> None:
    shutil.rmtree(index)


def _lose_manifest(index: Path, _other: Path) -> None:
    (index / "index.json").unlink()


def _spoil_manifest(index: Path, _other: Path) -> None:
    (index / "index.json").write_text("{", encoding="utf-8")


def _block(index: Path, _other: Path) -> None:
    index.rename(index.with_name("moved"))
    index.write_text("a file", encoding="utf-8")


MOVES: Mapping[str, Callable[[Path, Path], None]] = {
    "moved": _move,
    "replaced": _replace,
    "files replaced": _replace_files,
    "removed": _remove,
    "manifest removed": _lose_manifest,
    "manifest spoilt": _spoil_manifest,
    "a file in its place": _block,
}
"""What happens to the folder of an open index. The second path is another index."""


def move_open_indexes(folder: Path, tally: Tally, seed: int) -> None:
    """Apply each of `MOVES` to an open index that was searched before, and to one that was not.

    Then read and refresh the index.
    """
    rng = random.Random(seed)  # noqa: S311 - no secret
    states = [make_state(rng), make_state(rng, 4)]
    for number, state in enumerate(states):
        state.write(folder / f"corpus{number}")
        searchkit.build(folder / f"corpus{number}", folder / f"prepared{number}")
    for name, move in MOVES.items():
        for is_used in (True, False):
            index, other = (copy_index(folder / f"prepared{n}", folder / f"open{n}") for n in (0, 1))
            shutil.rmtree(folder / "moved", ignore_errors=True)
            tally.cases[f"open index {name}"] += 1
            try:
                with searchkit.open(index) as opened:
                    if is_used:
                        opened.search("执法", limit=None, facets=["year"])
                    move(index, other)
                    found = {item.id: item.text for item in opened.paragraphs()}
                    if found != states[0].paragraphs:
                        tally.add_fault("wrong", f"open index {name}: answers changed")
                    _refresh(opened, index, states, tally, name)
            except SearchkitError as error:
                if "\n" in str(error):
                    tally.add_fault("unclear", f"open index {name}: {error}")
            except Exception as error:  # noqa: BLE001 - any other exception is a fault
                tally.add_fault("raised", f"open index {name}, used before: {is_used}: {error!r}")
            if index.is_file():
                index.unlink()


def _refresh(opened: searchkit.Index, index: Path, states: list[State], tally: Tally, name: str) -> None:
    """Switch an open index to what is now in its folder, if that is another index, and check its answers."""
    is_other = opened.refresh()
    found = {item.id: item.text for item in opened.paragraphs()}
    if found != states[is_other].paragraphs or (is_other and differences(index, states[1])):
        tally.add_fault("wrong", f"open index {name}: answers after a refresh are of no state")


def attack(tally: Tally, cases: int, seed: int) -> None:
    """Move open indexes, then build `cases` times beside neighbours."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        move_open_indexes(Path(name), tally, seed)
        (Path(name) / "busy").mkdir()
        Neighbours(Path(name) / "busy", tally, seed).run(cases)


if __name__ == "__main__":
    sys.exit(run_attack("neighbours", "Read, copy, write and move an index while it is built.", CASES, attack))
