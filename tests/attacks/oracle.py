"""Folders of reports. What a search in a folder must find is known without searchkit, because each paragraph is a line.

A `State` is the content of such a folder. An index of the folder must return exactly its lines, and for each string the
lines that contain it.
"""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import searchkit
from searchkit.errors import SearchkitError

WORDS = ("行政执法", "检查", "监督", "处罚", "普法", "宣传", "培训", "案件", "复议", "调解", "整改", "柔性", "双随机")
PHRASES = ("执法检查", "普法", "处罚", "随机", "执法", "宣传培训", "不存在")
"""Strings to search. None occurs in a title."""
NUMBERS = ("7件", "12件", "129件")
"""Quantities to search: 7件 does not match 127件."""
_TITLE = "东丽区司法局{}年工作总结"


@dataclass(frozen=True)
class State:
    """The content of a folder of reports."""

    files: Mapping[str, Sequence[str]]
    """The paragraphs of each file, by its name."""

    def write(self, folder: Path, padding: int = 0) -> None:
        """Write the files, and remove all others. `padding`: number of line feeds that are added to each file."""
        folder.mkdir(exist_ok=True)
        for path in folder.iterdir():
            if path.name not in self.files:
                path.unlink()
        for name, lines in self.files.items():
            text = "\n\n".join([_TITLE.format(2015 + sum(map(ord, name)) % 9), *lines, "\n" * padding])
            path = folder / name
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.write_text(text, encoding="utf-8")

    def changed(self, rng: random.Random, changes: int) -> State:
        """Return another state: `changes` times, a random file is added, rewritten or removed."""
        files = dict(self.files)
        for _ in range(changes):
            draw = rng.random()
            name = rng.choice(sorted(files))
            if draw < 1 / 3 and len(files) > 3:
                del files[name]
            else:
                files[name if draw < 2 / 3 else f"{rng.randrange(10**6):06d}.txt"] = make_lines(rng)
        # The changes may have undone each other. Then nothing would tell whether a build took place.
        return State(files) if files != self.files else self.changed(rng, changes)

    @property
    def paragraphs(self) -> dict[str, str]:
        """The text of each paragraph by id."""
        return {f"{name}#{n}": line for name, lines in self.files.items() for n, line in enumerate(lines, 1)}


def make_lines(rng: random.Random, count: int = 5) -> tuple[str, ...]:
    """Return `count` random paragraphs for a file."""
    return tuple(
        "".join(rng.choices(WORDS, k=rng.randint(3, 9)))
        + f"{rng.choice((7, 12, 127, 129))}件，第{rng.randrange(10**6)}号。"
        for _ in range(count)
    )


def make_state(rng: random.Random, files: int = 6) -> State:
    """Return a state with `files` random files."""
    return State({f"{n:03d}.txt": make_lines(rng) for n in range(files)})


def differences(index: Path, state: State) -> list[str]:
    """Return which answers of an index differ from those of a state. Raises SearchkitError."""
    found = []
    paragraphs = state.paragraphs
    with searchkit.open(index) as opened:
        if {document.document for document in opened.documents()} != state.files.keys():
            found.append("documents")
        if {item.id: item.text for item in opened.paragraphs()} != paragraphs:
            found.append("paragraphs")
        patterns = {f'"{phrase}"': re.escape(phrase) for phrase in PHRASES}
        patterns.update({number: rf"(?<!\d){number}" for number in NUMBERS})
        for query, pattern in patterns.items():
            expected = {name for name, text in paragraphs.items() if re.search(pattern, text)}
            results = opened.search(query, limit=None, facets=["document"])
            counts = {value.value: value.count for value in results.facets["document"].values}
            if {hit.paragraph.id for hit in results.hits} != expected or results.total != len(expected):
                found.append(f"hits of {query}")
            if sum(counts.values()) != len(expected):
                found.append(f"facets of {query}")
    return found


def find_state(index: Path, states: Sequence[State | None]) -> int | str:
    """Return the position in `states` of the first state that an index is in, or what is wrong with the index.

    None is the state in which there is no index. `check` must find nothing.
    """
    if not (index / "index.json").exists():
        return states.index(None) if None in states else "the index is lost"
    wrong: list[str] = []
    try:
        for number, state in enumerate(states):
            if state and not (wrong := differences(index, state)):
                with searchkit.open(index) as opened:
                    opened.check()
                return number
    except SearchkitError as error:
        return f"{type(error).__name__}: {error}"
    except Exception as error:  # noqa: BLE001 - an index may raise nothing else
        return f"raised {error!r}"
    return f"wrong: {', '.join(wrong)}"


def leftovers(index: Path) -> set[str]:
    """Return the paths in the folder of an index that should not be there while nothing writes to it."""
    manifest = json.loads((index / "index.json").read_text(encoding="utf-8"))
    data = manifest["data"]
    expected = {"index.json", "writer.lock", data, *(f"{data}/{name}" for name in manifest["files"])}
    return {path.relative_to(index).as_posix() for path in index.rglob("*")} - expected


def copy_index(source: Path, target: Path) -> Path:
    """Replace the folder `target` by a copy of an index, or by nothing if there is no index. Returns `target`."""
    shutil.rmtree(target, ignore_errors=True)
    if source.exists():
        shutil.copytree(source, target)
    return target
