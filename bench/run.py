"""Measure, and write what was measured to bench/results/NAME.json; `bench.report` makes tables of it.

    python -m bench.run [--size 10k|100k|1m|gov]… [--only search|indexing|commands]… [--engine NAME]… [--name NAME]

Without options everything at all sizes: about an hour and a half on two cores, and 20 GB of disk. What is there under
the name is kept where it is not measured again. Every step runs in a process of its own, with one thread a library.
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
DATA = Path(__file__).parent / "data"
STAGES = ("search", "indexing", "commands")
INDEXED = 100_000
"""Paragraphs that indexing is timed with, at the most."""
INDEXED_TIMES = 3
TOO_MUCH = {"whoosh": {"1m"}}
"""Engine → corpora that it would take hours to index."""
COMPARED = ("searchkit", "tantivy")
"""Engines whose indexing speed and memory are measured."""
_REBUILT = "searchkit"  # the index of what is being worked on is never taken from an earlier run


class Run:
    """One run: what is measured, and the record that it fills."""

    def __init__(self, path: Path, data: Path, engines: Sequence[str]) -> None:
        self._path, self._data = path, data / corpora.fingerprint()
        self._data.mkdir(parents=True, exist_ok=True)
        self._fresh: set[str] = set()
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
        """Build all indexes of a corpus, unless they are there; give its part of the record."""
        part: dict[str, Any] = self.record.setdefault("corpora", {}).setdefault(name, {"builds": {}})
        _say(f"{name}: paragraphs")
        self._python("bench.build", name, "--data", str(self._data))
        part.update(self._size(name))
        for engine in self._of(name):
            kept = self._data / name / f"{engine}.json"
            if not kept.exists() or (engine == _REBUILT and name not in self._fresh):
                _say(f"{name}: index of {engine}")
                used = self._python("bench.build", name, "--data", str(self._data), "--engine", engine)
                folder = peers.folder(engine, name, self._data)
                size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
                kept.write_text(json.dumps({**machine.as_json(used), "bytes": size}), encoding="utf-8")
            part["builds"][engine] = json.loads(kept.read_text(encoding="utf-8"))
        self._fresh.add(name)
        return part

    def search(self, name: str) -> None:
        """Time all searches of a corpus, and see what memory searchkit and tantivy take for them."""
        part = self.corpus(name)
        _say(f"{name}: searches")
        before = part.get("queries", [])
        part.update(self._result("bench.search", name, "--data", str(self._data), *self._named(self._of(name))))
        _keep_others(before, part["queries"])
        for text in part["disagreements"]:
            _say(f"{name}: DISAGREE: {text}")
        part["memory"] = {}
        for engine in [engine for engine in COMPARED if engine in self._engines]:
            with tempfile.NamedTemporaryFile() as out:
                arguments = [name, "--data", str(self._data), "--out", out.name, "--once", "--engine", engine]
                part["memory"][engine] = machine.as_json(self._python("bench.search", *arguments))
        self.save()

    def indexing(self, sizes: Sequence[str]) -> None:
        """Time indexing, both sides in turn."""
        paragraphs = min(INDEXED, max(corpora.GENERATED[name] for name in sizes))
        ways = [(engine, processes) for engine in COMPARED if engine in self._engines for processes in (1, 2)]
        taken: dict[tuple[str, int], list[float]] = {way: [] for way in ways}
        for turn in range(INDEXED_TIMES):
            for engine, processes in ways:
                _say(f"indexing {paragraphs} paragraphs: {engine}, {processes} processes, turn {turn + 1}")
                arguments = [engine, "--processes", str(processes), "--paragraphs", str(paragraphs)]
                taken[engine, processes].append(self._result("bench.indexing", *arguments)["seconds"])
        medians = {f"{engine}, {n}": round(statistics.median(times), 3) for (engine, n), times in taken.items()}
        self.record["indexing"] = {"paragraphs": paragraphs, "seconds": medians}
        self.save()

    def commands(self, sizes: Sequence[str]) -> None:
        """Time what users wait for."""
        part: dict[str, Any] = self.record.setdefault("commands", {})
        for name in sizes:
            self.corpus(name)
            _say(f"{name}: opening, cold search")
            part.setdefault("opening", {})[name] = commands.opening(name, self._data)
            part.setdefault("cold", {})[name] = commands.cold(name, self._data)
            if name == "gov":
                _say("gov: build")
                part["real"] = commands.build_real(self._data)
            else:
                _say(f"{name}: one changed file")
                part.setdefault("changed", {})[name] = commands.change_one(name, self._data)
            self.save()

    def save(self) -> None:
        """Write the record."""
        self._path.parent.mkdir(exist_ok=True)
        self._path.write_text(json.dumps(self.record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def _of(self, name: str) -> list[str]:
        return [engine for engine in self._engines if name not in TOO_MUCH.get(engine, ())]

    def _named(self, engines: Sequence[str]) -> list[str]:
        return [argument for engine in engines for argument in ("--engine", engine)]

    def _size(self, name: str) -> dict[str, int]:
        texts = corpora.texts_file(name, self._data)
        with texts.open("rb") as lines:
            paragraphs = sum(1 for _ in lines)
        return {"paragraphs": paragraphs, "text_bytes": texts.stat().st_size - paragraphs}

    def _python(self, module: str, *arguments: str) -> machine.Used:
        return machine.run(["-m", module, *arguments])

    def _result(self, module: str, *arguments: str) -> dict[str, Any]:
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out.json"
            self._python(module, *arguments, "--out", str(out))
            found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
            return found


def _keep_others(before: Sequence[dict[str, Any]], queries: Sequence[dict[str, Any]]) -> None:
    """Keep, for the same queries, the times of engines that were not measured again."""
    known = {_identity(query): query["engines"] for query in before}
    for query in queries:
        query["engines"] = {**known.get(_identity(query), {}), **query["engines"]}


def _identity(query: dict[str, Any]) -> str:
    return json.dumps([query[name] for name in ("group", "kind", "words", "filters", "truth")])


def _is_installed(name: str) -> bool:
    try:
        peers.load(name)
    except ModuleNotFoundError as error:
        _say(f"{name} is left out: {error}")
        return False
    return True


def _say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    """Measure what was asked for. See the module's text."""
    parser = argparse.ArgumentParser(description="Measure searchkit and its peers.")
    parser.add_argument("--size", action="append", default=[], choices=corpora.NAMES)
    parser.add_argument("--only", action="append", default=[], choices=STAGES)
    parser.add_argument("--engine", action="append", default=[], choices=peers.NAMES)
    parser.add_argument("--name", default=datetime.now(timezone.utc).date().isoformat())
    parser.add_argument("--data", type=Path, default=DATA, help="folder for corpora and indexes, which are kept")
    arguments = parser.parse_args()
    sizes = [name for name in arguments.size or corpora.NAMES if corpora.is_there(name)]
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
