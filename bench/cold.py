"""Measures cold commands: a process that starts, answers and ends, with the files of the index in the cache.

    python -m bench.cold [INDEX] [--runs N]

Each command is compared with the floor, a Python process that only imports NumPy and click. ripgrep, if installed, is
one more command: it counts the lines with a string in the texts of the same reports. In each round, all commands run in
turn. The excess is the median of the differences to the floor of the same round. Processor time is user and system time
of the process. NumPy's threads are switched off, as searchkit does, in all processes except those of the command
`THREADED_FLOOR`. searchkit's byte code is compiled before the first round, as pip does. The default index is that of
`bench.product` for the corpus gov. If these reports are not available, nothing is measured, not even another index.
Writes results/cold.json, from which `bench.productreport` writes a table.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import searchkit
from bench import corpora, machine
from bench.commands import program
from bench.product import DATA, prepare_index

RESULTS = Path(__file__).parent / "results" / "cold.json"
RUNS = 21
"""Default number of rounds."""
FLOOR = "floor"
"""Name of the command that the others are compared with."""
THREADED_FLOOR = "floor, NumPy with threads"
"""Name of the same command, run without the setting that switches NumPy's threads off."""
_THREADS = "OPENBLAS_NUM_THREADS"
"""Environment variable with the number of threads of NumPy's linear algebra."""
_CORPUS = "gov"
_COMMANDS = {
    "--help": ["--help"],
    "search": ["search", "粮食"],
    "search, JSON, 3 facets": [
        *("search", "数字经济 人才", "--format", "json"),
        *("--facet", "district", "--facet", "year", "--facet", "topic"),
    ],
    "search, place and year": ["search", "浙江省2020年数字经济"],
    "facets": ["facets", "district"],
    "measures": ["measures", "粮食产量"],
    "compare": ["compare", "粮食产量", "--rows", "district:1", "--cols", "of_year"],
}
"""Name → arguments of a command. All but `--help` also get the index."""
_STRING = "粮食"
"""String that ripgrep counts."""


def commands(index: Path, texts: Path) -> dict[str, list[str]]:
    """Return the command lines by name. `texts`: file with the text of each paragraph, which ripgrep reads."""
    floor = [sys.executable, "-c", "import numpy, click"]
    measured = {FLOOR: floor, THREADED_FLOOR: floor, "empty Python process": [sys.executable, "-c", "pass"]}
    for name, arguments in _COMMANDS.items():
        measured[name] = [*program(), *arguments, *([] if name == "--help" else ["--index", str(index)])]
    ripgrep = shutil.which("rg", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if ripgrep and texts.exists():
        measured["ripgrep"] = [ripgrep, "--count", "--fixed-strings", "--threads", "1", _STRING, str(texts)]
    return measured


def measure(measured: Mapping[str, Sequence[str]], runs: int) -> dict[str, dict[str, float]]:
    """Run the commands in turn. Returns milliseconds by command: medians, and medians of the excess over the floor.

    `measured`: command lines by name. Each command runs once before the first round.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment.pop(_THREADS, None)
    one_thread = {**environment, _THREADS: "1"}
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in measured}
    for command in measured.values():
        _run(command, one_thread)  # fills the file cache
    for _ in range(runs):
        for name, command in measured.items():
            times[name].append(_run(command, environment if name == THREADED_FLOOR else one_thread))
    results = {}
    for name, values in times.items():
        pairs = list(zip(values, times[FLOOR], strict=True))
        results[name] = {
            "cpu_ms": _median(cpu for cpu, _ in values),
            "wall_ms": _median(wall for _, wall in values),
            "excess_cpu_ms": _median(cpu - floor for (cpu, _), (floor, _) in pairs),
            "excess_wall_ms": _median(wall - floor for (_, wall), (_, floor) in pairs),
        }
    return results


def _run(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Run a command. Returns processor and wall time in ms. Raises CalledProcessError if its exit status is not 0."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return 1000 * cpu, 1000 * wall


def _median(values: Iterable[float]) -> float:
    """Return the median, rounded to one decimal."""
    return round(statistics.median(values), 1)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure cold commands.")
    parser.add_argument("index", nargs="?", type=Path, help="index of the real reports; default: that of bench.product")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--data", type=Path, default=DATA, help="folder of corpora and indexes, which are kept")
    arguments = parser.parse_args()
    if not corpora.is_available(_CORPUS):
        print("cold commands are skipped: no real reports")
        return
    data = arguments.data / corpora.fingerprint()
    index = arguments.index or prepare_index(_CORPUS, data, keep=True)
    compileall.compile_dir(Path(searchkit.__file__).parent, quiet=1)
    times = measure(commands(index, corpora.texts_file(_CORPUS, data)), arguments.runs)
    record = {"machine": machine.as_json(machine.describe()), "runs": arguments.runs, "commands": times}
    RESULTS.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
