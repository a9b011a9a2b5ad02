"""Measures `searchkit serve` under load: requests per second, latencies, errors and memory, while reports change.

    python -m bench.load [--seconds N] [--data FOLDER]

A server, started as users start it, serves an index of the government work reports (`bench.corpora.REAL`). Readers on
`CONNECTIONS` connections open compressed pages without a pause, of the kinds and in the shares of
`bench.addresses.MIX`. A minute after the start of a run and after each build, a sentence is added to the next report,
and `searchkit build` indexes it. There are two runs, each with a new server. In the first, all addresses differ, so
that no answer comes from the server's cache; in the second, they repeat by Zipf's law. Before the runs, with one
request at a time, two things are measured: (a) the time from the start of the command until its first page has been
read; (b) for a search page, the processor time of the server and the size of the page. Reports, index and the queries
of the addresses are kept in the data folder. Writes results/load.json and a section of README.md.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import itertools
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate, islice
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from tabulate import tabulate

from bench import corpora, machine
from bench.addresses import MIX, Address, draw_addresses
from bench.commands import program

RESULTS = Path(__file__).parent / "results" / "load.json"
README = Path(__file__).parent / "README.md"
DATA = Path(__file__).parent / "data"
"""Default folder of reports, indexes and queries."""
CONNECTIONS = 8
SECONDS = 600
"""Default duration of each run, in seconds."""
BUILD_SECONDS = 60
"""Time from the start of a run, or from the end of a build, to the change of the next report, in seconds."""
POOL = 1000
"""Number of addresses that are repeated. Address r, from 1, is asked for in proportion to 1/r."""
PAGES, STARTS = 200, 7
"""Number of search pages whose processor time is measured, and number of measured starts of the server."""
_SAMPLE_SECONDS = 1.0
"""Time between two samples of the memory, in seconds."""
_TIMEOUT_SECONDS = 90
"""Time without an answer from the server after which a request counts as an error, in seconds."""
_WARM_UP = 20
"""Number of search pages before the first one whose processor time is measured."""
_CORPUS = "gov"
_SEED = 22
_FIRST_PAGE = "search?query=" + quote("粮食")
_GENERATED = re.compile(r"(?<=<!-- results: python -m bench.load -->\n).*?(?=<!-- end of load -->)", re.DOTALL)
"""The part of README.md that is rewritten."""


class RunningServer:
    """A server process, and where it listens."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        """`process`: the running command. `url`: the address that it prints."""
        self.pid = process.pid
        self.host = urlsplit(url).netloc

    def cpu_seconds(self) -> float:
        """Return the processor time that the process has used."""
        return time.clock_gettime(~self.pid << 3 | 2)  # the clock of another process (clock_getcpuclockid)


class Reader:
    """A connection that stays open."""

    def __init__(self, host: str) -> None:
        self._connection = http.client.HTTPConnection(host, timeout=_TIMEOUT_SECONDS)

    def get(self, path: str) -> tuple[int, str, bytes]:
        """Return status, ETag and compressed content of a page."""
        self._connection.request("GET", f"/{path}", headers={"Accept-Encoding": "gzip"})
        response = self._connection.getresponse()
        return response.status, response.headers.get("ETag", ""), response.read()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@dataclass
class Observed:
    """What has been observed in a run. Filled by several threads."""

    seconds: list[tuple[str, float]] = field(default_factory=list)
    """Kind of the page and duration in seconds of each request that was answered with status 200."""
    errors: list[str] = field(default_factory=list)
    """Requests and builds that failed, each with the reason."""
    states: set[str] = field(default_factory=set)
    """ETags of the answers: one for each state of the index that was read."""
    builds: list[float] = field(default_factory=list)
    """Durations of all builds, also of failed ones, in seconds."""
    memory: list[tuple[float, float]] = field(default_factory=list)
    """Samples of resident memory, and of the part of it that belongs to no file (`machine.memory`), in 10**6 bytes."""


@contextmanager
def serve(index: Path) -> Iterator[RunningServer]:
    """Run `searchkit serve` at a free port within a `with` block."""
    command = [*program(), "serve", "--index", str(index), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        try:
            assert process.stdout is not None  # noqa: S101 - for the type checker
            yield RunningServer(process, process.stdout.readline().strip())
        finally:
            process.terminate()


def prepare(data: Path) -> tuple[Path, Path]:
    """Copy the reports, unless there is a copy. Index the copy, and write the queries.

    Returns the folders of the copy and of the index. The runs change the copy, not the original reports.
    """
    corpora.prepare(_CORPUS, data)
    folder = data / "load"
    reports, index = folder / "reports", folder / "index"
    if not reports.exists():
        partial = folder / "partial"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(corpora.REAL, partial)
        partial.rename(reports)
    build(reports, index)
    return reports, index


def build(reports: Path, index: Path) -> None:
    """Index the files that have changed, in one worker process. Raises CalledProcessError if the build fails."""
    command = [*program(), "build", str(reports), "--index", str(index), "--jobs", "1"]
    subprocess.run(command, check=True, capture_output=True)


class Run:
    """Readers that open pages, a writer that changes reports, and samples of the memory, until the time is over."""

    def __init__(self, server: RunningServer, folders: tuple[Path, Path], addresses: Iterator[Address]) -> None:
        """`folders`: those of the reports and of the index. `addresses`: those that the readers open."""
        self._server, self._folders, self._addresses = server, folders, addresses
        self._lock = threading.Lock()
        """Held while an address is drawn."""
        self._end = 0.0
        self.observed = Observed()

    def run(self, seconds: float) -> Observed:
        """Open pages, change reports and sample the memory for a time. Returns what was observed."""
        self._end = time.perf_counter() + seconds
        _run_together([self._read] * CONNECTIONS + [self._change, self._sample])
        return self.observed

    def _seconds_left(self) -> float:
        return max(self._end - time.perf_counter(), 0)

    def _read(self) -> None:
        """Open pages on one connection until the time is over."""
        reader, observed = Reader(self._server.host), self.observed
        while self._seconds_left():
            with self._lock:
                address = next(self._addresses)
            started = time.perf_counter()
            try:
                status, etag, _ = reader.get(address.path)
            except (OSError, http.client.HTTPException) as error:
                reader.close()
                observed.errors.append(f"{type(error).__name__}: {address.path}")
                continue
            if status != http.client.OK:
                observed.errors.append(f"{status}: {address.path}")
                continue
            observed.seconds.append((address.kind, time.perf_counter() - started))
            observed.states.add(etag)
        reader.close()

    def _change(self) -> None:
        """Change the reports in turn, and index each change. `BUILD_SECONDS` explains when."""
        reports, index = self._folders
        for file in itertools.cycle(sorted(path for path in reports.rglob("*.md"))):
            time.sleep(min(BUILD_SECONDS, self._seconds_left()))
            if not self._seconds_left():
                return
            with file.open("a", encoding="utf-8") as lines:
                lines.write(f"\n全年新增图书{time.time_ns()}册。\n")
            started = time.perf_counter()
            try:
                build(reports, index)
            except subprocess.CalledProcessError as error:
                self.observed.errors.append(f"build: {error.stderr.decode(errors='replace')}")
            self.observed.builds.append(time.perf_counter() - started)

    def _sample(self) -> None:
        """Sample the memory of the server until the time is over."""
        while self._seconds_left():
            resident, allocated = machine.memory(self._server.pid)
            self.observed.memory.append((resident / 1e6, allocated / 1e6))
            time.sleep(_SAMPLE_SECONDS)


def _run_together(functions: Sequence[Callable[[], None]]) -> None:
    """Run functions in a thread each, and wait until all end."""
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def repeat(addresses: Iterator[Address]) -> Iterator[Address]:
    """Yield the first `POOL` addresses without end, in random order, each as often as Zipf's law says."""
    pool = list(islice(addresses, POOL))
    weights = list(accumulate(1 / rank for rank in range(1, len(pool) + 1)))
    rng = random.Random(_SEED)  # noqa: S311 - no secret
    while True:
        yield rng.choices(pool, cum_weights=weights)[0]


def measure_run(folders: tuple[Path, Path], addresses: Iterator[Address], seconds: float) -> dict[str, Any]:
    """Run a server under load, and return the figures of the run."""
    with serve(folders[1]) as server:
        Reader(server.host).get(next(addresses).path)  # loads what every page needs
        started = server.cpu_seconds()
        observed = Run(server, folders, addresses).run(seconds)
        cpu = server.cpu_seconds() - started
    kinds = sorted(MIX, key=lambda kind: -MIX[kind])
    return {
        "seconds": seconds,
        "requests": len(observed.seconds),
        "per_second": round(len(observed.seconds) / seconds, 1),
        "cpu_ms": round(1000 * cpu / max(len(observed.seconds), 1), 1),
        "latency_ms": {
            name: _latencies([duration for kind, duration in observed.seconds if kind in members])
            for name, members in {"all": kinds, **{kind: [kind] for kind in kinds}}.items()
        },
        "errors": observed.errors,
        "builds": len(observed.builds),
        "build_seconds": round(statistics.median(observed.builds), 2) if observed.builds else None,
        "states": len(observed.states),
        "memory_mb": _memories(observed.memory),
    }


def _latencies(durations: list[float]) -> dict[str, float]:
    """Return the number of requests, and median, 99th percentile and maximum in ms (NaN without requests)."""
    ranked = sorted(durations) or [float("nan")]
    found = {"p50": ranked[len(ranked) // 2], "p99": ranked[len(ranked) * 99 // 100], "max": ranked[-1]}
    return {"requests": len(durations), **{name: round(1000 * value, 1) for name, value in found.items()}}


def _memories(samples: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """Return the largest samples of the run, and of each minute."""
    size = max(round(60 / _SAMPLE_SECONDS), 1)
    minutes = [samples[start : start + size] for start in range(0, len(samples), size)]
    return {
        name: {
            "max": round(max(sample[place] for sample in samples), 1),
            "minutes": [round(max(sample[place] for sample in minute), 1) for minute in minutes],
        }
        for place, name in enumerate(("resident", "allocated"))
    }


def measure_pages(index: Path, addresses: Iterator[Address]) -> dict[str, float]:
    """Open different search pages one after the other. Returns the number of measured pages, and statistics of them.

    `cpu_ms…`: processor time of the server in ms. `gzip_kb…`: compressed size, `html_kb`: size, in KB of 1,000 bytes.
    `…_p90` is the 90th percentile, `…_max` the maximum; the others are medians. Exits if the status of a measured page
    is not 200.
    """
    searches = [address for address in islice(addresses, 2 * PAGES) if address.kind == "search"]
    times, sizes, expanded = [], [], []
    with serve(index) as server:
        reader = Reader(server.host)
        for address in searches[:_WARM_UP]:  # loads what every page needs
            reader.get(address.path)
        for address in searches[_WARM_UP : _WARM_UP + PAGES]:
            started = server.cpu_seconds()
            status, _, content = reader.get(address.path)
            if status != http.client.OK:
                sys.exit(f"{address.path}: status {status}")
            times.append(1000 * (server.cpu_seconds() - started))
            sizes.append(len(content) / 1000)
            expanded.append(len(gzip.decompress(content)) / 1000)
        reader.close()
    return {
        "pages": len(times),
        "cpu_ms": round(statistics.median(times), 2),
        "cpu_ms_p90": round(sorted(times)[len(times) * 9 // 10], 2),
        "gzip_kb": round(statistics.median(sizes), 1),
        "gzip_kb_max": round(max(sizes), 1),
        "html_kb": round(statistics.median(expanded), 1),
    }


def measure_start(index: Path) -> dict[str, float]:
    """Start servers. Returns their number, and the median and the longest time until the first search page, in seconds.

    The time begins with the start of the command, and ends when the page has been read.
    """
    times = []
    for _ in range(STARTS):
        started = time.perf_counter()
        with serve(index) as server:
            Reader(server.host).get(_FIRST_PAGE)
            times.append(time.perf_counter() - started)
    return {"starts": STARTS, "seconds": round(statistics.median(times), 3), "seconds_max": round(max(times), 3)}


def render(record: dict[str, Any]) -> str:
    """Return the section of README.md as Markdown: the machine, and tables of the goals, by kind of page, by minute."""
    page, start, runs = record["page"], record["start"], record["runs"]
    rows: list[tuple[str, str, str]] = []
    for name, title, goals in (
        ("different", "all addresses differ", ("≥ 40", "≤ 150", "≤ 700")),
        ("repeated", f"{POOL:,} addresses repeat", ("≥ 150", "", "")),
    ):
        run = runs[name]
        latency, memory = run["latency_ms"]["all"], run["memory_mb"]
        rows += [
            (f"{title}: requests/s in {run['seconds']:g} s", goals[0], f"{run['per_second']:g}"),
            (f"{title}: p50, ms", goals[1], f"{latency['p50']:g}"),
            (f"{title}: p99, ms", goals[2], f"{latency['p99']:g}"),
            (f"{title}: errors", "0", f"{len(run['errors'])} of {run['requests']:,}"),
            (f"{title}: builds, and states that were read", "", f"{run['builds']}, {run['states']}"),
            (f"{title}: resident memory, MB", "≤ 300", f"{memory['resident']['max']:g}"),
            (f"{title}: allocated memory, MB", "", f"{memory['allocated']['max']:g}"),
        ]
    rows += [
        ("a search page: processor time, ms", "≤ 10", f"{page['cpu_ms']:g}"),
        ("a search page: compressed, KB", "≤ 15", f"{page['gzip_kb']:g}, at most {page['gzip_kb_max']:g}"),
        ("first page after the start of the command, s", "≤ 1", f"{start['seconds']:g}"),
    ]
    latencies = runs["different"]["latency_ms"]
    kinds = [(kind, *(f"{latencies[kind][name]:g}" for name in ("requests", "p50", "p99", "max"))) for kind in MIX]
    minutes = runs["different"]["memory_mb"]
    by_minute = [
        (str(number), f"{resident:g}", f"{allocated:g}")
        for number, (resident, allocated) in enumerate(
            zip(minutes["resident"]["minutes"], minutes["allocated"]["minutes"], strict=True), 1
        )
    ]
    host = record["machine"]
    return "\n\n".join(
        (
            f"{host['cpu']}, {host['cores']} cores, Python {host['python']}. Load before: {record['load_before']:g}.",
            _table(("", "goal", "measured"), rows),
            _table(("page, all addresses differ", "requests", "p50 ms", "p99 ms", "max ms"), kinds),
            _table(("minute, all addresses differ", "resident MB", "allocated MB"), by_minute),
            "",
        )
    )


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown. All columns but the first are aligned to the right."""
    return tabulate(rows, header, "pipe", colalign=("left", *["right"] * (len(header) - 1)), disable_numparse=True)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure the server under load.")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"duration of each run: {SECONDS}")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of reports, indexes and queries, kept")
    arguments = parser.parse_args()
    if not corpora.is_available(_CORPUS):
        sys.exit(f"the reports are not available: {corpora.REAL}")
    data = arguments.data / corpora.fingerprint()
    folders = prepare(data)
    record: dict[str, Any] = {
        "load_before": round(os.getloadavg()[0], 1),
        "machine": machine.as_json(machine.describe()),
        "connections": CONNECTIONS,
        "runs": {},
    }
    addresses = draw_addresses(_CORPUS, data, folders[1], _SEED)
    record["start"] = measure_start(folders[1])
    record["page"] = measure_pages(folders[1], addresses)
    for name, drawn in (("different", addresses), ("repeated", repeat(addresses))):
        record["runs"][name] = measure_run(folders, drawn, arguments.seconds)
    RESULTS.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    section = render(record)
    text = README.read_text(encoding="utf-8")
    README.write_text(_GENERATED.sub(lambda _: section, text), encoding="utf-8")
    print(section)


if __name__ == "__main__":
    main()
