"""Breaks a cluster of three nodes while an index is built on it and searched, and judges what is left.

    python tests/opensearch/faults.py [2|3] [--paragraphs 10000] [--searches 1000] [--only TEXT]

A build is run until it succeeds, at most `MAX_ATTEMPTS` times. The columns of the result: *lost* is the difference
between the numbers of paragraphs of the index and of a columnar index of the same reports, plus one if `check` fails.
If no build succeeds, *lost* is the number of all paragraphs. *wrong* counts the answers that differ from those of the
columnar index. *unclear* counts the failures whose message is not one line, or is a traceback. Writes faults-2.json or
faults-3.json beside this file, and FAULTS.md from both. Exits with 1 if *lost*, *wrong* or *unclear* is not 0 for a
fault of this run. Takes about a quarter of an hour.
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from itertools import chain, cycle, islice
from pathlib import Path
from typing import Any

from node import Node, running_nodes
from tabulate import tabulate

import searchkit
from searchkit.errors import SearchkitError
from searchkit.index import Index

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent
MAX_ATTEMPTS = 20
"""Maximum number of times that a build is run. OpenSearch takes minutes to notice that its disks have room again."""
PAUSE_SECONDS = 45
"""Seconds for which a node stays suspended, at least: longer than the other nodes wait for it."""
HEALTH_SECONDS = 120
"""Seconds that the cluster may take to be whole again, or to notice that its disks are full. Also the maximum number of
seconds for which its disks stay full."""
TOLERANCE = 1e-4
"""Largest relative difference of two equal scores."""
QUERIES = ("检查", "项目建设", "监督 管理", "企业 OR 群众", '"工作"', "安全生产", "year:2022", "执法 NOT 整改", "*")
"""Queries whose answers are compared."""
FULL = "100000gb"
"""Value of the watermarks of a disk: free space that no disk has, so that OpenSearch takes every disk for full."""


@dataclass
class Outcome:
    """What a fault did to a build or to searches."""

    during: str
    fault: str
    attempts: int = 1
    """Number of builds, up to the first that succeeded, or number of searches."""
    lost: int = 0
    wrong: int = 0
    errors: int = 0
    unclear: int = 0
    longest: float = 0.0
    """Seconds that the longest build or search took."""
    messages: list[str] = field(default_factory=list)
    """The different messages of errors, shortened."""

    def add_error(self, message: str) -> None:
        """Count an error. It is unclear if its message is empty, has several lines, or contains a traceback."""
        self.errors += 1
        text = message.strip()
        self.unclear += "\n" in text or "Traceback" in text or not text
        text = text.replace("searchkit: ", "")
        kind = text.split(": ", 2)[-1][:200]
        if kind not in self.messages:
            self.messages.append(kind)


class Cluster:
    """Three nodes, and what can happen to them."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes
        self.url = ",".join(node.url for node in nodes)

    def get(self, path: str, body: object = None) -> Any:  # noqa: ANN401 - any JSON
        """Send a request, a PUT if there is a body, to one node after the other until one answers without an error.

        Return the answer. Raises OSError if no node gives one.
        """
        for node in self.nodes:
            data = None if body is None else json.dumps(body).encode()
            request = urllib.request.Request(  # noqa: S310 - this machine
                f"{node.url}{path}", data, {"Content-Type": "application/json"}, method="PUT" if data else "GET"
            )
            with suppress(OSError), urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310
                return json.load(answer)
        raise OSError

    def manager(self) -> Node:
        """Return the elected manager."""
        (found,) = self.get("/_cat/cluster_manager?format=json")
        return next(node for node in self.nodes if node.name == found["node"])

    def other(self) -> Node:
        """Return a node that is not the manager."""
        return next(node for node in self.nodes if node != self.manager())

    def wait(self) -> None:
        """Wait until all nodes and all copies of all shards are there. Raises TimeoutError after `HEALTH_SECONDS`."""
        end = time.monotonic() + HEALTH_SECONDS
        while time.monotonic() < end:
            with suppress(OSError):
                health = self.get("/_cluster/health")
                if (health["status"], health["number_of_nodes"]) == ("green", len(self.nodes)):
                    return
            time.sleep(0.5)
        raise TimeoutError

    def kill(self, node: Node) -> Callable[[], None]:
        """Kill a node. Returns a function that starts it again."""
        node.send(signal.SIGKILL)
        return lambda: self._start(node)

    def cut_off(self, node: Node) -> Callable[[], None]:
        """Suspend a node, which keeps its connections, and wait for `PAUSE_SECONDS`.

        Returns a function that resumes the node.
        """
        node.send(signal.SIGSTOP)
        time.sleep(PAUSE_SECONDS)
        return lambda: node.send(signal.SIGCONT)

    def restart_all(self) -> Callable[[], None]:
        """Restart one node after the other, each when the cluster is whole again.

        Returns a function that does nothing.
        """
        for node in self.nodes:
            node.stop()
            self._start(node)
            self.wait()
        return lambda: None

    def fill_disks(self) -> Callable[[], None]:
        """Let OpenSearch take every disk for full, and wait until it does. Returns a function that undoes it.

        Raises TimeoutError after `HEALTH_SECONDS`.
        """
        self._set_watermarks(FULL)
        end = time.monotonic() + HEALTH_SECONDS
        while time.monotonic() < end:
            with suppress(OSError):
                if "create_index" in json.dumps(self.get("/_cluster/settings")):  # set by OpenSearch itself
                    return lambda: self._set_watermarks(None)
            time.sleep(1)
        raise TimeoutError

    def _set_watermarks(self, value: str | None) -> None:
        prefix = "cluster.routing.allocation.disk"
        marks = {f"{prefix}.watermark.{name}": value for name in ("low", "high", "flood_stage")}
        others = {f"{prefix}.threshold_enabled": True, "cluster.info.update.interval": "10s"}
        self.get("/_cluster/settings", {"persistent": {**marks, **others}})

    @staticmethod
    def _start(node: Node) -> None:
        node.start()
        node.wait()


FULL_DISKS = "full disks"
Fault = tuple[str, Callable[[Cluster], Callable[[], None]]]
"""The name of a fault, and a function that causes it and returns the function that heals it."""
FAULTS: tuple[Fault, ...] = (
    ("none", lambda _: lambda: None),
    ("kill -9 of the elected manager", lambda cluster: cluster.kill(cluster.manager())),
    ("kill -9 of another node", lambda cluster: cluster.kill(cluster.other())),
    (f"SIGSTOP of a node for {PAUSE_SECONDS} s", lambda cluster: cluster.cut_off(cluster.other())),
    ("restart of all nodes, one by one", lambda cluster: cluster.restart_all()),
    (FULL_DISKS, lambda cluster: cluster.fill_disks()),
)


@contextmanager
def breaking(
    cluster: Cluster, fault: Fault, when: Callable[[], bool], is_enough: Callable[[], bool] = lambda: False
) -> Iterator[threading.Event]:
    """Cause a fault during a block, as soon as `when` returns true.

    Yields an event that is set when the function that causes the fault has returned. Heals the fault 10 seconds later
    (full disks: `HEALTH_SECONDS`), or as soon as `is_enough` returns true or the block ends. Waits at the end until the
    cluster is whole. Raises RuntimeError if the block ended before `when` returned true.
    """
    ended, happened = threading.Event(), threading.Event()
    began: list[str] = []

    def run() -> None:
        while not when():
            if ended.wait(0.1):
                return
        began.append(fault[0])
        heal = fault[1](cluster)
        happened.set()
        end = time.monotonic() + (HEALTH_SECONDS if fault[0] == FULL_DISKS else 10)
        while time.monotonic() < end and not is_enough() and not ended.wait(0.2):
            pass
        heal()

    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(run)
        try:
            yield happened
        finally:
            ended.set()
        running.result()
    cluster.wait()
    if not began:
        message = f"{fault[0]}: not while the block ran"
        raise RuntimeError(message)


def answers(index: Index) -> list[tuple[int, list[tuple[str, float]]]]:
    """Return the answer to each of `QUERIES`."""
    return [answer(index, query) for query in QUERIES]


def answer(index: Index, query: str) -> tuple[int, list[tuple[str, float]]]:
    """Return the answer to a query: the total, and the ids and scores of the best 20 hits."""
    found = index.search(query, limit=20, facets=("year", "topic"))
    return found.total, [(hit.id, hit.score) for hit in found.hits]


def is_equal(expected: tuple[int, list[tuple[str, float]]], actual: tuple[int, list[tuple[str, float]]]) -> bool:
    """Return whether two answers are equal. Scores are equal within `TOLERANCE`.

    Hits of equal score may be in another order. Of the hits with the score of the last hit, others may be returned.
    """
    scores = [score for _, score in expected[1]]
    last, of_id = (scores or [0.0])[-1], dict(expected[1])
    return (
        expected[0] == actual[0]
        and len(scores) == len(actual[1])
        and all(
            math.isclose(score, wanted, rel_tol=TOLERANCE)
            and math.isclose(of_id.get(hit, last), score, rel_tol=TOLERANCE)
            for wanted, (hit, score) in zip(scores, actual[1], strict=True)
        )
    )


def searchkit_build(corpus: Path, index: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Build an index with the command `searchkit build`, and return the ended process."""
    command = [sys.executable, "-m", "searchkit", "build", str(corpus), "--index", str(index), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def break_build(cluster: Cluster, fault: Fault, corpus: Path, local: Index, index: Path) -> Outcome:
    """Build an index while a fault happens, and compare it with the columnar index `local`."""
    outcome = Outcome("a build", fault[0], attempts=0)
    address = f"{cluster.url}/{index.name}"

    is_full = fault[0] == FULL_DISKS

    def writes() -> bool:
        if is_full:  # a build of few reports ends before OpenSearch looks at its disks again
            return True
        with suppress(OSError):
            rows = cluster.get(f"/_cat/indices/searchkit-{index.name}-data-*?format=json&h=index")
            if rows:
                time.sleep(1.5)  # so that some documents are there
                return True
        return False

    with breaking(cluster, fault, writes, lambda: outcome.errors > 0) as happened:
        if is_full:
            happened.wait(HEALTH_SECONDS)
        while outcome.attempts < MAX_ATTEMPTS:
            outcome.attempts += 1
            started = time.monotonic()
            result = searchkit_build(corpus, index, "--engine", "opensearch", "--url", address)
            outcome.longest = max(outcome.longest, time.monotonic() - started)
            if result.returncode == 0:
                break
            outcome.add_error(result.stderr)
            time.sleep(15)
        else:  # no build succeeded
            outcome.lost = local.search("*", limit=0).total
            return outcome
    with searchkit.open(index) as built:
        outcome.lost = abs(built.search("*", limit=0).total - local.search("*", limit=0).total)
        try:
            built.check()
        except SearchkitError as error:
            outcome.lost += 1
            outcome.add_error(str(error))
        pairs = zip(answers(local), answers(built), strict=True)
        outcome.wrong = sum(not is_equal(expected, actual) for expected, actual in pairs)
    return outcome


def break_searches(cluster: Cluster, fault: Fault, local: Index, index: Path, count: int) -> Outcome:
    """Search `count` times while a fault happens, and compare each answer with that of the columnar index `local`."""
    outcome = Outcome("searches", fault[0], attempts=0)
    expected = {query: answer(local, query) for query in QUERIES}
    with searchkit.open(index) as remote, breaking(cluster, fault, lambda: outcome.attempts > count // 5):
        for query in islice(cycle(QUERIES), count):
            outcome.attempts += 1
            started = time.monotonic()
            try:
                outcome.wrong += not is_equal(expected[query], answer(remote, query))
            except SearchkitError as error:
                outcome.add_error(str(error))
            outcome.longest = max(outcome.longest, time.monotonic() - started)
    return outcome


def write_report() -> None:
    """Write FAULTS.md from all files faults-*.json."""
    lines = ["# Faults of a cluster of three nodes", "", "`make cluster` writes this page (`faults.py`).", ""]
    for path in sorted(FOLDER.glob("faults-*.json")):
        found = json.loads(path.read_text(encoding="utf-8"))
        rows = [
            {**row, "longest": f"{row['longest']:.1f} s", "messages": len(row["messages"])} for row in found["rows"]
        ]
        table = tabulate(rows, {"attempts": "times", "messages": "different errors"}, "github")
        heading = f"## OpenSearch {found['version']}, {found['paragraphs']:,} paragraphs"
        messages = sorted({message for row in found["rows"] for message in row["messages"]})
        lines += [heading, "", table, "", *(["Errors:", ""] if messages else [])]
        lines += [f"- {message}" for message in messages] + [""]
    (FOLDER / "FAULTS.md").write_text("\n".join(lines), encoding="utf-8")


def main() -> int:
    """Break everything, write the results and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("major", choices=("2", "3"), nargs="?", default="2", help="major version of OpenSearch")
    parser.add_argument("--paragraphs", type=int, default=10_000, help="size of the corpus")
    parser.add_argument("--searches", type=int, default=1000, help="number of searches for each fault")
    parser.add_argument(
        "--only", default="", help="only the faults whose names contain this text; keeps the other results"
    )
    options = parser.parse_args()
    faults = [fault for fault in FAULTS if options.only in fault[0]]
    outcomes: list[Outcome] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends the nodes
    with tempfile.TemporaryDirectory() as name, running_nodes(3, options.major) as nodes:
        folder, cluster = Path(name), Cluster(nodes)
        corpus = folder / "corpus"
        size = ["--paragraphs", str(options.paragraphs)]
        subprocess.run([sys.executable, "-m", "bench.generate", *size, "--files", str(corpus)], cwd=ROOT, check=True)
        searchkit_build(corpus, folder / "local").check_returncode()
        cluster.wait()
        version = cluster.get("/")["version"]["number"]
        results: dict[str, Any] = {"version": version, "searches": options.searches, "rows": []}
        with searchkit.open(folder / "local") as local:
            results["paragraphs"] = local.search("*", limit=0).total
            path = FOLDER / f"faults-{options.major}.json"
            others = json.loads(path.read_text(encoding="utf-8")) if options.only and path.exists() else {}
            if all(others.get(key) == results[key] for key in ("version", "searches", "paragraphs")):
                results["rows"] += [row for row in others["rows"] if options.only not in row["fault"]]
            built = (
                break_build(cluster, fault, corpus, local, folder / f"faults-{number}")
                for number, fault in enumerate(faults)
            )
            searched = (
                break_searches(cluster, fault, local, folder / "faults-0", options.searches) for fault in faults
            )
            for outcome in chain(built, searched):
                outcomes.append(outcome)
                results["rows"].append(asdict(outcome))
                sys.stdout.write(f"{outcome}\n")
                sys.stdout.flush()
                path.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
                write_report()
    return int(any(outcome.lost or outcome.wrong or outcome.unclear for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
