"""Damages copies of an index, and runs commands on them.

    python tests/attacks/tampering.py [--cases N] [--seed N] [--result FILE]

Half of the N copies have one flipped bit. In the others a file is truncated, extended, partly zeroed, removed, replaced
by a folder or by a file of an older index, or exchanged with another file. `searchkit check` must find each damage that
changes the content of the index. A search and other commands must return something, or one line that says what is
wrong, within the limits of processor time and memory of `commands.py`.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from commands import Commands
from oracle import copy_index, make_state
from tally import Tally, run_attack

CASES = 2000
COMMANDS: Sequence[Sequence[str]] = (
    ("search", '"执法检查" OR 普法 OR 129件', "--facet", "year", "--facet", "topic", "--sort", "-year"),
    ("search", "执法检察"),
    ("suggest", "z"),
    ("facets",),
    ("measures", "执法 OR 普法", "--unit", "件"),
    ("show", "000.txt#2"),
    ("export", "paragraphs"),
    ("info",),
)
"""Commands, of which three are run on each damaged index."""

Damage = Callable[[Path, Path, random.Random], None]
"""Damages a file.

The second path is a file of an older index with the same suffix, or the file itself if there is none.
"""


def flip(path: Path, _older: Path, rng: random.Random) -> None:
    """Flip a bit."""
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def truncate(path: Path, _older: Path, rng: random.Random) -> None:
    """Remove the end."""
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content))])


def extend(path: Path, _older: Path, rng: random.Random) -> None:
    """Append zeros or random bytes."""
    with path.open("ab") as handle:
        handle.write(rng.choice((b"\0", b"\0" * 4096, rng.randbytes(100))))


def blank(path: Path, _older: Path, rng: random.Random) -> None:
    """Replace a part by zeros, as a disk does with a block that it could not write."""
    content = bytearray(path.read_bytes())
    start = rng.randrange(len(content))
    end = min(start + rng.choice((1, 16, 512, 4096)), len(content))
    content[start:end] = bytes(end - start)
    path.write_bytes(content)


def remove(path: Path, _older: Path, _rng: random.Random) -> None:
    """Remove the file."""
    path.unlink()


def swap(path: Path, _older: Path, rng: random.Random) -> None:
    """Exchange the contents of the file and of another file in its folder, if there is one."""
    other = rng.choice([item for item in path.parent.iterdir() if item.is_file() and item != path] or [path])
    mine, its = path.read_bytes(), other.read_bytes()
    path.write_bytes(its)
    other.write_bytes(mine)


def replace_by_older(path: Path, older: Path, _rng: random.Random) -> None:
    """Replace the file by one of an older index."""
    shutil.copyfile(older, path)


def replace_by_folder(path: Path, _older: Path, _rng: random.Random) -> None:
    """Replace the file by a folder."""
    path.unlink()
    path.mkdir()


OTHERS: Mapping[str, Damage] = {
    "truncated": truncate,
    "extended": extend,
    "blank": blank,
    "removed": remove,
    "swapped": swap,
    "older": replace_by_older,
    "folder": replace_by_folder,
}
"""All damages but flipped bits."""


def content_of(index: Path) -> dict[str, object]:
    """Return what an index consists of: its folders and files but `writer.lock`, by relative path.

    The manifest is decoded if it is JSON, since its layout does not matter.
    """
    files: dict[str, object] = {
        path.relative_to(index).as_posix(): path.read_bytes() if path.is_file() else None
        for path in index.rglob("*")
        if path.name != "writer.lock"
    }
    with suppress(KeyError, ValueError, TypeError):
        files["index.json"] = json.loads(str(bytes(files["index.json"]), "utf-8"))  # type: ignore[arg-type]
    return files


class Tampering:
    """An index, damaged copies of it, and an older index, of an earlier state of the reports."""

    def __init__(self, folder: Path, tally: Tally, commands: Commands, seed: int, engine: str) -> None:
        """Build the indexes in the folder `folder`, which is created."""
        self._tally, self._commands = tally, commands
        self._rng = random.Random(seed)  # noqa: S311 - no secret
        self._older, self._index, self._copy = folder / "older", folder / "index", folder / "copy"
        folder.mkdir()
        state = make_state(self._rng, 8)
        for index in (self._older, self._index, self._index):  # the last build is an update: there are several segments
            state.write(folder / "corpus")
            assert not commands.run("build", folder / "corpus", "--index", index, "--engine", engine).status
            state = state.changed(self._rng, 3)
        self._intact = content_of(self._index)

    def run(self, kind: str) -> None:
        """Damage a copy, and run `check` and three commands on it. `kind`: `flipped` (one bit) or a key of `OTHERS`."""
        copy = copy_index(self._index, self._copy)
        files = sorted(path for path in copy.rglob("*") if path.is_file() and path.stat().st_size)
        path = self._rng.choice(files)
        olds = {item.suffix: item for item in sorted(self._older.rglob("*")) if item.is_file()}
        (flip if kind == "flipped" else OTHERS[kind])(path, olds.get(path.suffix, path), self._rng)
        if content_of(copy) == self._intact:
            self._tally.cases["without effect"] += 1
            return
        self._tally.cases[kind] += 1
        case = f"{kind} {path.relative_to(copy).as_posix()}"
        for command in (("check",), *self._rng.sample(COMMANDS, 3)):
            outcome = self._commands.run(*command, "--index", copy)
            self._tally.add_usage(f"{case}, {command[0]}", outcome.cpu, outcome.memory)
            if problem := outcome.problem():
                self._tally.add_fault(problem[0], f"{case}, {' '.join(command)}: {problem[1]}")
            elif command == ("check",) and outcome.status != 3:
                self._tally.add_fault("wrong", f"{case}: check finds nothing")


def attack(tally: Tally, cases: int, seed: int) -> None:
    """Damage `cases` copies, half of them by one flipped bit. One copy in ten is of an index of the engine whoosh."""
    kinds = [kind for pair in zip(["flipped"] * len(OTHERS), OTHERS, strict=True) for kind in pair]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, Commands() as commands:
        for engine, share in (("columnar", cases - cases // 10), ("whoosh", cases // 10)):
            tampering = Tampering(Path(name) / engine, tally, commands, seed, engine)
            for number in range(share):
                tampering.run(kinds[number % len(kinds)])


if __name__ == "__main__":
    sys.exit(run_attack("tampering", "Damage copies of an index, and run commands on them.", CASES, attack))
