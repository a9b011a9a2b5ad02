"""Measures the times that users notice: opening an index, a cold search command, a build of real reports, an update."""

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
"""Number of times that `measure_cold_search` runs a command."""
OPEN_RUNS = 31
"""Number of times that `measure_opening` only opens an index, and number of times that it also runs a query."""
CHANGED_FILES = 5
"""Number of files that `measure_update` changes. A build follows each change."""
_QUERY = "行政执法"
"""The query of all measured searches."""
_ENGINE = "searchkit"
"""Name of the measured engine."""


def measure_opening(corpus: str, data: Path) -> dict[str, float]:
    """Return the median milliseconds to open an index, and to open it and answer a query, with a warm file cache."""
    folder = peers.folder(_ENGINE, corpus, data)

    def first_answer() -> None:
        """Open the index and run a query."""
        with Index(folder) as index:
            index.search(_QUERY, facets=corpora.FACETS)

    first_answer()  # fills the file cache, and imports the modules of a search
    open_ms = _median(lambda: Index(folder).close(), OPEN_RUNS)
    return {"open_ms": open_ms, "answer_ms": _median(first_answer, OPEN_RUNS)}


def measure_cold_search(corpus: str, data: Path) -> dict[str, float]:
    """Return the median milliseconds of a `searchkit search` process, and of an empty Python process."""
    index = peers.folder(_ENGINE, corpus, data)
    facets = [argument for name in corpora.FACETS for argument in ("--facet", name)]
    command = [*program(), "search", _QUERY, "--index", str(index), *facets]
    return {
        "search_ms": _median(lambda: _run(command), COLD_RUNS),
        "python_ms": _median(lambda: _run([sys.executable, "-c", "pass"]), COLD_RUNS),
    }


def measure_real_build(data: Path) -> dict[str, Any]:
    """Measure `searchkit build` of the real reports with 1 and with 2 jobs: seconds, memory, MB of files per second."""
    size = sum(path.stat().st_size for path in corpora.REAL.rglob("*.md")) / 1e6
    results: dict[str, Any] = {"text_mb": round(size, 1)}
    for jobs in (1, 2):
        index = data / "real-build"
        shutil.rmtree(index, ignore_errors=True)
        arguments = ["build", str(corpora.REAL), "--index", str(index), "--jobs", str(jobs)]
        usage = machine.run(["-m", "searchkit", *arguments])
        results[f"{jobs} jobs"] = {**machine.as_json(usage), "mb_s": round(size / usage.seconds, 2)}
    return results


def measure_update(corpus: str, data: Path) -> dict[str, Any]:
    """Measure builds: the first one (time, memory), one after each changed file, and one without changes (seconds)."""
    files, index = data / corpus / "files", data / corpus / "files-index"
    shutil.rmtree(index, ignore_errors=True)
    if not files.exists():
        generate.write_files(corpora.GENERATED[corpus], files)
    command = [*program(), "build", str(files), "--index", str(index), "--jobs", "2"]
    first = machine.run(["-m", "searchkit", *command[len(program()) :]])
    other = generate.Generator(generate.SEED + 1)
    names = sorted(path.relative_to(files) for path in files.rglob("*.txt"))
    changed = []
    for n in range(CHANGED_FILES):
        number = (2 * n + 1) * len(names) // (2 * CHANGED_FILES)
        (files / names[number]).write_text(generate.as_text(other.document(number)), encoding="utf-8")
        changed.append(_seconds(lambda: _run(command)))
    unchanged = _seconds(lambda: _run(command))
    shutil.rmtree(files)  # the next run needs the files as they were before the changes
    return {
        "files": len(names),
        "first": machine.as_json(first),
        "changed_s": [round(seconds, 3) for seconds in changed],
        "unchanged_s": round(unchanged, 3),
    }


def program() -> list[str]:
    """Return the command line of the searchkit that is installed for this Python."""
    installed = shutil.which("searchkit", path=str(Path(sys.executable).parent))
    return [installed] if installed else [sys.executable, "-m", "searchkit"]


def _run(command: list[str]) -> None:
    """Run a command. Raises CalledProcessError if its exit status is not 0."""
    subprocess.run(command, check=True, capture_output=True)


def _median(function: Callable[[], object], runs: int) -> float:
    """Return the median time of the calls of a function, in milliseconds. `runs` is the number of calls."""
    return round(1000 * statistics.median(_seconds(function) for _ in range(runs)), 3)


def _seconds(function: Callable[[], object]) -> float:
    """Call a function, and return the seconds that it took."""
    started = time.perf_counter()
    function()
    return time.perf_counter() - started
