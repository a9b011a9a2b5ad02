"""Measures how many searches per second an index answers, from several threads and from several processes.

    python -m bench.concurrency [CORPUS]… [--data FOLDER]

A search is `Index.search` with ten hits, their snippets, and four facets. All searches are different (`bench.drawing`),
so none repeats a query whose tree or matches are cached. Threads share an open index; each process opens its own. A
worker answers some searches before the clock starts. Configurations take turns. Reported are the searches per second
and the processor time of a search, both medians of the rounds. The index is that of `bench.product`. Writes
results/concurrency.json, from which `bench.productreport` writes a table.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

from bench import corpora, machine
from bench.corpora import FACETS
from bench.drawing import draw
from bench.peers import LIMIT
from bench.pipelines import Question
from bench.product import DATA, prepare_index
from searchkit.index import Index

RESULTS = Path(__file__).parent / "results" / "concurrency.json"
CORPORA = ("100k", "gov")
"""Names of the corpora that are measured by default."""
CONFIGURATIONS = (("threads", 1), ("threads", 2), ("threads", 4), ("processes", 1), ("processes", 2))
"""Kind and number of workers."""
ROUNDS = 5
"""Number of rounds, whose median is reported."""
SEARCHES = 400
"""Number of timed searches of a configuration in a round, which its workers share."""
_WARM_UP = 60
"""Number of searches of each worker before the clock starts."""
_SEED = 20

_fork = multiprocessing.get_context("fork")
Questions = Sequence[Question]


def measure(folder: Path, drawn: Iterator[Question]) -> dict[str, Any]:
    """Measure all configurations in an index. Returns searches per second, and processor time of a search in ms.

    `drawn`: the questions, of which each is asked once.
    """
    rates: dict[str, list[float]] = {}
    costs: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for kind, workers in CONFIGURATIONS:
            size = _WARM_UP + SEARCHES // workers
            shares = [list(islice(drawn, size)) for _ in range(workers)]
            rate, cost = (_run_threads if kind == "threads" else _run_processes)(folder, shares)
            rates.setdefault(f"{kind}, {workers}", []).append(rate)
            costs.setdefault(f"{kind}, {workers}", []).append(cost)
    return {
        name: {"per_second": round(statistics.median(rates[name]), 1), "cpu_ms": round(statistics.median(cost), 3)}
        for name, cost in costs.items()
    }


def _run_threads(folder: Path, shares: Sequence[Questions]) -> tuple[float, float]:
    """Search in a thread for each share. Returns searches per second, and processor time of a search in ms."""
    clocks: list[tuple[float, float]] = []  # wall and processor time when all have warmed up
    barrier = Barrier(len(shares), action=lambda: clocks.append((time.perf_counter(), time.process_time())))
    with Index(folder) as index:
        threads = [Thread(target=_work, args=(index, share, barrier.wait)) for share in shares]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wall, cpu = time.perf_counter() - clocks[0][0], time.process_time() - clocks[0][1]
    count = sum(len(share) - _WARM_UP for share in shares)
    return count / wall, 1000 * cpu / count


def _run_processes(folder: Path, shares: Sequence[Questions]) -> tuple[float, float]:
    """Search in a process for each share. Returns searches per second, and processor time of a search in ms."""
    barrier, times = _fork.Barrier(len(shares)), _fork.SimpleQueue()
    processes = [_fork.Process(target=_run_process, args=(folder, share, barrier, times)) for share in shares]
    for process in processes:
        process.start()
    ended = [times.get() for _ in processes]
    for process in processes:
        process.join()
    wall = max(end for _, end, _ in ended) - min(start for start, _, _ in ended)  # all processes have the same clock
    count = sum(len(share) - _WARM_UP for share in shares)
    return count / wall, 1000 * sum(cpu for *_, cpu in ended) / count


def _run_process(folder: Path, share: Questions, barrier: Any, times: Any) -> None:  # noqa: ANN401 - of multiprocessing
    """Search in this process. Puts a tuple into the queue `times`: clock after the warm-up and at the end, CPU time."""
    clocks: list[tuple[float, float]] = []

    def wait() -> None:
        """Wait until all processes have warmed up."""
        barrier.wait()
        clocks.append((time.perf_counter(), time.process_time()))

    with Index(folder) as index:
        _work(index, share, wait)
        times.put((clocks[0][0], time.perf_counter(), time.process_time() - clocks[0][1]))


def _work(index: Index, share: Questions, wait: Callable[[], object]) -> None:
    """Answer the questions, and read the snippets. Calls `wait` after the first `_WARM_UP` questions."""
    for number, question in enumerate(share):
        if number == _WARM_UP:
            wait()
        results = index.search(question.text, facets=FACETS, limit=LIMIT, where=question.filters)
        for hit in results.hits:
            _ = hit.snippet


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure searches per second with several threads and processes.")
    # argparse also checks the empty list, which it uses if no corpus is given.
    parser.add_argument("corpus", nargs="*", choices=[*corpora.NAMES, []])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of corpora and indexes, which are kept")
    arguments = parser.parse_args()
    data = arguments.data / corpora.fingerprint()
    record: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    record |= {"machine": machine.as_json(machine.describe()), "searches": SEARCHES, "rounds": ROUNDS}
    for corpus in arguments.corpus or [name for name in CORPORA if corpora.is_available(name)]:
        folder = prepare_index(corpus, data, keep=True)
        record.setdefault("corpora", {})[corpus] = measure(folder, draw(corpus, data, _SEED))
        RESULTS.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
