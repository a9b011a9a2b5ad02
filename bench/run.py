"""Runs the benchmarks and writes the results to bench/results/NAME.json; `bench.report` creates tables from them.

    python -m bench.run [--size 10k|100k|1m|gov]… [--only search|indexing|commands]… [--engine NAME]… [--name NAME]

The size `gov` stands for the corpus of real reports (`corpora.REAL`). All other sizes are generated corpora.

Without options, runs all benchmarks at all sizes that are available: about an hour and a half on two cores, and 20 GB
of disk. Earlier results under the same name are kept unless they are measured again. Searches and full builds are
measured in separate processes, in which each library may use one thread. The commands of a cold search and of an update
are separate processes, too, but run as a user runs them. Only the opening of an index, without and with a first query,
is measured in this process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from bench import commands, corpora, generate, machine, peers, search

RESULTS = Path(__file__).parent / "results"
"""Folder of the result files."""
DATA = Path(__file__).parent / "data"
"""Default folder of corpora and indexes."""
STAGES = ("search", "indexing", "commands")
"""Parts of a run that can be chosen with `--only`."""
MAX_INDEXED = 100_000
"""Maximum number of paragraphs in the measurement of indexing."""
INDEXING_RUNS = 3
"""Number of times that the paragraphs are indexed with each engine. The median is recorded."""
EXCLUDED = {"whoosh": {"1m"}}
"""Engine → corpora that are not indexed with it, because indexing would take hours."""
COMPARED = ("searchkit", "tantivy")
"""Engines whose indexing speed and search memory are measured."""
_REBUILT = "searchkit"
"""Engine whose indexes are built again in each run, because its code changes between runs."""


class Run:
    """A benchmark run and its record of results."""

    def __init__(self, path: Path, data: Path, engines: Sequence[str]) -> None:
        self._path, self._data = path, data / corpora.fingerprint()
        self._data.mkdir(parents=True, exist_ok=True)
        self._rebuilt: set[str] = set()
        self._engines = [name for name in engines if _is_installed(name)]
        self.record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        self.record["machine"] = machine.as_json(machine.describe())
        self.record["settings"] = {
            "measured": datetime.now(timezone.utc).date().isoformat(),
            "seed": generate.SEED,
            "rounds": search.ROUNDS,
            "hits": peers.LIMIT,
            "values": peers.MAX_VALUES,
            "skipped": sorted(set(engines) - set(self._engines)),
        }

    def corpus(self, name: str) -> dict[str, Any]:
        """Build the indexes of a corpus that do not exist, and that of searchkit once in each run.

        First writes the files of the corpus unless they exist. Returns the part of the record about the corpus.
        """
        part: dict[str, Any] = self.record.setdefault("corpora", {}).setdefault(name, {"builds": {}})
        _say(f"{name}: paragraphs")
        self._python("bench.build", name, "--data", str(self._data))
        part.update(self._size(name))
        for engine in self._engines_for(name):
            cache = self._data / name / f"{engine}.json"
            if not cache.exists() or (engine == _REBUILT and name not in self._rebuilt):
                _say(f"{name}: index of {engine}")
                usage = self._python("bench.build", name, "--data", str(self._data), "--engine", engine)
                folder = peers.folder(engine, name, self._data)
                size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
                cache.write_text(json.dumps({**machine.as_json(usage), "bytes": size}), encoding="utf-8")
            part["builds"][engine] = json.loads(cache.read_text(encoding="utf-8"))
        self._rebuilt.add(name)
        return part

    def search(self, name: str) -> None:
        """Measure all searches of a corpus, and the memory that the engines of `COMPARED` use for them."""
        part = self.corpus(name)
        _say(f"{name}: searches")
        earlier_queries = part.get("queries", [])
        part.update(
            self._result(
                "bench.search", name, "--data", str(self._data), *self._engine_arguments(self._engines_for(name))
            )
        )
        _keep_others(earlier_queries, part["queries"])
        for text in part["disagreements"]:
            _say(f"{name}: DISAGREE: {text}")
        part["memory"] = {}
        for engine in [engine for engine in COMPARED if engine in self._engines]:
            with tempfile.NamedTemporaryFile() as out:
                arguments = [name, "--data", str(self._data), "--out", out.name, "--once", "--engine", engine]
                part["memory"][engine] = machine.as_json(self._python("bench.search", *arguments))
        self.save()

    def indexing(self, sizes: Sequence[str]) -> None:
        """Measure indexing with the engines of `COMPARED` in turn, with one process and with two."""
        paragraphs = min(MAX_INDEXED, max(corpora.GENERATED[name] for name in sizes))
        configurations = [(engine, processes) for engine in COMPARED if engine in self._engines for processes in (1, 2)]
        times: dict[tuple[str, int], list[float]] = {configuration: [] for configuration in configurations}
        for run in range(INDEXING_RUNS):
            for engine, processes in configurations:
                _say(f"indexing {paragraphs} paragraphs: {engine}, {processes} processes, run {run + 1}")
                arguments = [engine, "--processes", str(processes), "--paragraphs", str(paragraphs)]
                times[engine, processes].append(self._result("bench.indexing", *arguments)["seconds"])
        medians = {f"{engine}, {n}": round(statistics.median(seconds), 3) for (engine, n), seconds in times.items()}
        self.record["indexing"] = {"paragraphs": paragraphs, "seconds": medians}
        self.save()

    def commands(self, sizes: Sequence[str]) -> None:
        """Measure opening an index and a cold search, for `gov` also a build, for the generated corpora an update."""
        part: dict[str, Any] = self.record.setdefault("commands", {})
        for name in sizes:
            self.corpus(name)
            _say(f"{name}: opening, cold search")
            part.setdefault("opening", {})[name] = commands.measure_opening(name, self._data)
            part.setdefault("cold", {})[name] = commands.measure_cold_search(name, self._data)
            if name == "gov":
                _say("gov: build")
                part["real"] = commands.measure_real_build(self._data)
            else:
                _say(f"{name}: one changed file")
                part.setdefault("changed", {})[name] = commands.measure_update(name, self._data)
            self.save()

    def save(self) -> None:
        """Write the record."""
        self._path.parent.mkdir(exist_ok=True)
        self._path.write_text(json.dumps(self.record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def _engines_for(self, name: str) -> list[str]:
        """Return the engines that index a corpus."""
        return [engine for engine in self._engines if name not in EXCLUDED.get(engine, ())]

    def _engine_arguments(self, engines: Sequence[str]) -> list[str]:
        """Return the command-line arguments that choose engines."""
        return [argument for engine in engines for argument in ("--engine", engine)]

    def _size(self, name: str) -> dict[str, int]:
        """Return the number of paragraphs of a corpus, and the number of bytes of their folded texts in UTF-8."""
        texts = corpora.texts_file(name, self._data)
        with texts.open("rb") as lines:
            paragraphs = sum(1 for _ in lines)
        return {"paragraphs": paragraphs, "text_bytes": texts.stat().st_size - paragraphs}  # without line ends

    def _python(self, module: str, *arguments: str) -> machine.Usage:
        """Run a module of the benchmark in a separate process. Returns the time and memory that it used."""
        return machine.run(["-m", module, *arguments])

    def _result(self, module: str, *arguments: str) -> dict[str, Any]:
        """Run a module in a separate process. Returns the JSON object that it writes to the file of `--out`."""
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out.json"
            self._python(module, *arguments, "--out", str(out))
            result: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
            return result


def _keep_others(earlier_queries: Sequence[dict[str, Any]], queries: Sequence[dict[str, Any]]) -> None:
    """Add the earlier times of the same queries with engines that were not measured again."""
    earlier = {_identity(query): query["engines"] for query in earlier_queries}
    for query in queries:
        query["engines"] = {**earlier.get(_identity(query), {}), **query["engines"]}


def _identity(query: dict[str, Any]) -> str:
    """Return a key of the record of a query: its class, kind, words and filters, and the correct number of matches.

    Records with equal keys can be merged.
    """
    return json.dumps([query[name] for name in ("group", "kind", "words", "filters", "truth")])


def _is_installed(name: str) -> bool:
    """Return whether the library of an engine is installed. Otherwise, prints that the engine is skipped."""
    try:
        peers.load(name)
    except ModuleNotFoundError as error:
        _say(f"{name} is skipped: {error}")
        return False
    return True


def _say(text: str) -> None:
    """Print a line about the progress."""
    print(text, flush=True)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Benchmark searchkit and other engines.")
    parser.add_argument("--size", action="append", default=[], choices=corpora.NAMES)
    parser.add_argument("--only", action="append", default=[], choices=STAGES)
    parser.add_argument("--engine", action="append", default=[], choices=peers.NAMES)
    parser.add_argument("--name", default=datetime.now(timezone.utc).date().isoformat())
    parser.add_argument("--data", type=Path, default=DATA, help="folder of corpora and indexes, which are kept")
    arguments = parser.parse_args()
    sizes = [name for name in arguments.size or corpora.NAMES if corpora.is_available(name)]
    stages = arguments.only or STAGES
    run = Run(RESULTS / f"{arguments.name}.json", arguments.data, arguments.engine or peers.NAMES)
    if "indexing" in stages and (generated := [name for name in sizes if name in corpora.GENERATED]):
        run.indexing(generated)
    if "commands" in stages:
        run.commands(sizes)
    if "search" in stages:
        for name in sizes:
            run.search(name)


if __name__ == "__main__":
    main()
