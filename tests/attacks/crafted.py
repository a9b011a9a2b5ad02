"""Changes copies of an index as an attacker would, with correct checksums, and runs commands on them.

    python tests/attacks/crafted.py [--cases N] [--seed N] [--result FILE]

Checksums do not protect against a writer who computes them. Nothing says which answer from such an index is right. But
a command must return something, or one line that says what is wrong, within the limits of processor time and memory of
`commands.py`.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from commands import Commands
from oracle import copy_index
from tally import Tally, run_attack

from searchkit.engines.columnar.arrays import Array, ArrayFile, write_arrays
from searchkit.manifest import compute_checksums, encode_manifest, read_manifest

CASES = 1000
CORPUS = Path(__file__).parents[2] / "corpus" / "reports"
COMMANDS: Sequence[Sequence[str]] = (
    ("search", '"行政执法" OR 普法 OR 129件', "--facet", "year", "--facet", "topic", "--sort", "-year"),
    ("search", "执法检察 2023年滨海新区"),
    ("search", "执法 a* -培训", "--group", "document", "--explain"),
    ("suggest", "z"),
    ("facets", "district"),
    ("measures", "立案 OR 普法", "--unit", "件"),
    ("measures", "立案", "--sort", "-value"),
    ("measures", "--audit"),
    ("compare", "立案"),
    ("export", "paragraphs"),
    ("export", "tables"),
    ("info", "--problems"),
    ("check",),
)
"""Commands, of which three are run on each crafted index."""

_ODD_VALUES: Sequence[object] = (
    *(None, True, 0, -1, 2**31, 2**63, 2**64, 1e308, float("nan")),
    *("", "\0", "\ud800", "\u202e", "../../x", "法" * 10**6, [], {}, [[]] * 1000, {"": None}),
)
"""Values of which `craft_json` puts one in the place of a value."""
_DEEP = "[" * 100_000 + "]" * 100_000
"""JSON with very deep nesting."""
_BOMB_BYTES = 1 << 30
"""Decompressed size of the compressed blanks that `_craft_packed` may store in place of compressed JSON."""


def craft_array(array: Array, others: Sequence[Array], rng: random.Random) -> Array:
    """Return an array to store in place of `array`, which is not empty.

    Bytes that may be compressed JSON (`arrays.pack_json`) mostly become other compressed JSON. `others`: arrays of the
    same file, of which one may be stored instead.
    """
    if array.dtype == np.uint8 and array[:1].tolist() == [0x78] and rng.random() < 0.8:
        return _craft_packed(array, rng)
    top, size = np.iinfo(array.dtype).max, len(array)
    generator = np.random.default_rng(rng.randrange(2**32))
    at = rng.randrange(size)

    def change_some(value: int) -> Array:
        changed = array.copy()
        changed[at : at + rng.choice((1, 1, 100))] = value
        return changed

    changes: Sequence[Callable[[], Array]] = (
        lambda: np.full_like(array, rng.choice((0, 1, top))),
        lambda: array[: rng.randrange(size)],
        lambda: np.tile(array, rng.choice((2, 100))),
        lambda: generator.permutation(array),
        lambda: np.sort(array)[:: rng.choice((1, -1))],
        lambda: array + array.dtype.type(1),
        lambda: np.roll(array, 1),
        lambda: generator.integers(0, top, size, array.dtype, endpoint=True),
        lambda: change_some(rng.choice((0, 1, size, top, top - 1, top // 2))),
        lambda: change_some(rng.randrange(top)),
        lambda: array.astype(rng.choice(("u1", "u2", "u4", "u8"))),
        lambda: rng.choice(others),
    )
    return rng.choice(changes)()


def _craft_packed(array: Array, rng: random.Random) -> Array:
    """Return bytes to store in place of compressed JSON: other JSON or very many blanks, compressed.

    If `array` is not compressed JSON, its bytes are returned in reverse order.
    """
    try:
        text = zlib.decompress(array.tobytes()).decode()
    except (zlib.error, UnicodeDecodeError):  # not packed JSON, though it begins like it
        return array[::-1].copy()
    draw = rng.random()
    if draw < 0.1:
        packer = zlib.compressobj(9)
        packed = [packer.compress(b" " * (1 << 24)) for _ in range(_BOMB_BYTES >> 24)]
        return np.frombuffer(b"".join([*packed, packer.flush()]), np.uint8)
    data = _DEEP if draw < 0.2 else craft_json(text, rng)
    return np.frombuffer(zlib.compress(data.encode("utf-8", "surrogatepass"), 1), np.uint8)


def craft_json(text: str, rng: random.Random) -> str:
    """Return JSON in which a value is replaced, removed or repeated, or a list is reversed."""
    root = [json.loads(text)]
    parent: Any = root
    key: Any = 0
    while isinstance(parent[key], dict | list) and parent[key] and rng.random() < 0.85:
        parent = parent[key]
        key = rng.choice(list(parent) if isinstance(parent, dict) else range(len(parent)))
    draw = rng.random()
    if draw < 0.7 or parent is root:
        parent[key] = rng.choice(_ODD_VALUES)
    elif draw < 0.8 or isinstance(parent, dict):
        del parent[key]
    elif draw < 0.9:
        parent[key:key] = [parent[key]] * 10_000
    else:
        parent.reverse()
    return json.dumps(root[0])


def craft_bytes(content: bytes, rng: random.Random) -> bytes:
    """Return bytes of which some are replaced, removed, repeated or inserted, or whose lines are shuffled."""
    start, end = sorted((rng.randrange(len(content)), rng.randrange(len(content) + 1)))
    lines = content.splitlines(keepends=True)
    rng.shuffle(lines)
    return rng.choice(
        (
            content[:start] + rng.randbytes(rng.choice((1, 16, 1000))) + content[start + 1 :],
            content[:start] + content[end:],
            content[:end] + content[start:end] * 2 + content[end:],
            content[:end] + b"\xff" * 1000 + content[end:],
            b"".join(lines),
            b"\n" * len(content),
            content.replace(b"\n", b""),
        )
    )


def craft_file(path: Path, rng: random.Random) -> str:
    """Change a file. Returns its name and, if it is a file of arrays, the name of the changed array."""
    if path.suffix in {".segment", ".arrays"}:
        stored = ArrayFile(path)
        arrays = {name: stored[name] for name in stored._directory if name != "block_checksums"}
        full = [name for name, array in arrays.items() if len(array)]
        name = rng.choice(full)
        others = [arrays[other] for other in full]
        changed = {**arrays, name: craft_array(arrays[name], others, rng)}
        path.unlink()  # not overwritten: the arrays are mapped from it
        write_arrays(path, changed)
        return f"{path.name}, {name}"
    content = path.read_bytes()
    if path.suffix == ".json" and rng.random() < 0.9:
        changed_text = _DEEP if rng.random() < 0.1 else craft_json(content.decode(), rng)
        path.write_bytes(changed_text.encode("utf-8", "surrogatepass"))
    else:
        path.write_bytes(craft_bytes(content, rng))
    return path.name


def craft_manifest(index: Path, rng: random.Random) -> str:
    """Change a file of the index and its checksum or, in one case of ten, another field of the manifest.

    Returns what was changed.
    """
    manifest = read_manifest(index)
    if rng.random() < 0.9:
        files = [path for path in sorted((index / manifest.data).iterdir()) if path.stat().st_size]
        what = craft_file(rng.choice(files), rng)
        text = encode_manifest(replace(manifest, files=compute_checksums(index / manifest.data)))
    else:
        fields: Mapping[str, Sequence[object]] = {
            "engine": ("whoosh", "../columnar", ""),
            "documents": (-1, 2**63, 0),
            "paragraphs": (-1, 2**63, 0),
            "facets": (("year",), ("../x", "\0"), ("x",) * 1000),
            "files": ({}, {**manifest.files, "absent": (1, "")}),
            "built": ("", "\x1b[2J"),
            "corpus": ("", "/", "\x1b[2J"),
            "analyzer": ("",),
        }
        field = rng.choice(list(fields))
        what = f"index.json, {field}"
        text = encode_manifest(replace(manifest, **{field: rng.choice(fields[field])}))  # type: ignore[arg-type]
    (index / "index.json").write_text(text + "\n", encoding="utf-8")
    return what


class Crafted:
    """An index of the sample reports with two segments, and changed copies of it."""

    def __init__(self, folder: Path, tally: Tally, commands: Commands, seed: int, engine: str) -> None:
        """Build the index in the folder `folder`, which is created."""
        self._tally, self._commands, self._engine = tally, commands, engine
        self._rng = random.Random(seed)  # noqa: S311 - no secret
        self._index, self._copy = folder / "index", folder / "copy"
        corpus = folder / "corpus"
        shutil.copytree(CORPUS, corpus)
        reports = sorted(path for path in corpus.rglob("*") if path.is_file())
        (folder / "later").mkdir()
        reports[-1].rename(folder / "later" / reports[-1].name)
        for _ in range(2):  # the second build adds the last report, so the index has two segments
            outcome = commands.run("build", corpus, "--index", self._index, "--engine", engine, cpu_seconds=60)
            assert outcome.status == 0, outcome.err
            for path in (folder / "later").iterdir():
                path.rename(reports[-1])

    def run(self) -> None:
        """Copy the index, change the copy, and run three commands on it."""
        copy = copy_index(self._index, self._copy)
        what = craft_manifest(copy, self._rng)
        self._tally.cases[self._engine] += 1
        for command in self._rng.sample(COMMANDS, 3):
            outcome = self._commands.run(*command, "--index", copy)
            self._tally.add_usage(f"{what}, {' '.join(command)}", outcome.cpu, outcome.memory)
            self._tally.details[{0: "answered", 1: "nothing found", 3: "refused"}.get(outcome.status, "other")] += 1
            if problem := outcome.problem():
                self._tally.add_fault(problem[0], f"{what}, {' '.join(command)}: {problem[1]}")


def attack(tally: Tally, cases: int, seed: int) -> None:
    """Change `cases` copies of indexes, one tenth of them of the engine whoosh, and run commands on them."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, Commands() as commands:
        for engine, share in (("columnar", cases - cases // 10), ("whoosh", cases // 10)):
            crafted = Crafted(Path(name) / engine, tally, commands, seed, engine)
            for _ in range(share):
                crafted.run()


if __name__ == "__main__":
    sys.exit(run_attack("crafted", "Change copies of an index on purpose, and run commands.", CASES, attack))
