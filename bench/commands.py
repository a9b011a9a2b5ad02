"""What users wait for: opening an index, a command from start to end, a build of real reports, one changed file."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import corpora, generate, machine, peers
from searchkit.index import Index

COLD_RUNS = 15
OPENED = 31
"""Times that an index is opened."""
CHANGES = 5
"""Files that are changed one after the other, with a build behind each."""
_QUERY = "行政执法"
_ENGINE = "searchkit"


def opening(corpus: str, data: Path) -> dict[str, float]:
    """Milliseconds to open an index, and to open it and answer a first query; medians, files in the system's cache."""
    folder = peers.folder(_ENGINE, corpus, data)

    def first_answer() -> None:
        """Open the index and ask."""
        with Index(folder) as index:
            index.search(_QUERY, facets=corpora.FACETS)

    first_answer()  # loads the dictionary
    return {"open_ms": _median(lambda: Index(folder).close(), OPENED), "answer_ms": _median(first_answer, OPENED)}


def cold(corpus: str, data: Path) -> dict[str, float]:
    """Milliseconds of `searchkit search` as a process of its own, and of a Python that does nothing, for comparison."""
    index = peers.folder(_ENGINE, corpus, data)
    facets = [argument for name in corpora.FACETS for argument in ("--facet", name)]
    command = [*_program(), "search", _QUERY, "--index", str(index), *facets]
    return {
        "search_ms": _median(lambda: _run(command), COLD_RUNS),
        "python_ms": _median(lambda: _run([sys.executable, "-c", "pass"]), COLD_RUNS),
    }


def build_real(data: Path) -> dict[str, Any]:
    """`searchkit build` on the real reports, by one process and by two: seconds, memory, MB of text a second."""
    size = sum(path.stat().st_size for path in corpora.REAL.rglob("*.md")) / 1e6
    found: dict[str, Any] = {"text_mb": round(size, 1)}
    for jobs in (1, 2):
        index = data / "real-build"
        shutil.rmtree(index, ignore_errors=True)
        arguments = ["build", str(corpora.REAL), "--index", str(index), "--jobs", str(jobs)]
        used = machine.run(["-m", "searchkit", *arguments])
        found[f"{jobs} jobs"] = {**machine.as_json(used), "mb_s": round(size / used.seconds, 2)}
    return found


def change_one(corpus: str, data: Path) -> dict[str, Any]:
    """Seconds of `searchkit build` when one of many files has changed, beside the first build of all of them."""
    files, index = data / corpus / "files", data / corpus / "files-index"
    shutil.rmtree(index, ignore_errors=True)
    if not files.exists():
        generate.write_files(corpora.GENERATED[corpus], files)
    command = [*_program(), "build", str(files), "--index", str(index), "--jobs", "2"]
    first = machine.run(["-m", "searchkit", *command[len(_program()) :]])
    other = generate.Generator(generate.SEED + 1)
    names = sorted(path.relative_to(files) for path in files.rglob("*.txt"))
    changed = []
    for n in range(CHANGES):
        number = (2 * n + 1) * len(names) // (2 * CHANGES)
        (files / names[number]).write_text(generate.as_text(other.document(number)), encoding="utf-8")
        changed.append(_seconds(lambda: _run(command)))
    unchanged = _seconds(lambda: _run(command))
    shutil.rmtree(files)  # they are no longer those of the seed
    return {
        "files": len(names),
        "first": machine.as_json(first),
        "changed_s": [round(seconds, 3) for seconds in changed],
        "unchanged_s": round(unchanged, 3),
    }


def _program() -> list[str]:
    """The command as it is installed beside this Python."""
    installed = shutil.which("searchkit", path=str(Path(sys.executable).parent))
    return [installed] if installed else [sys.executable, "-m", "searchkit"]


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _median(function: Callable[[], object], times: int) -> float:
    return round(1000 * statistics.median(_seconds(function) for _ in range(times)), 3)


def _seconds(function: Callable[[], object]) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started
