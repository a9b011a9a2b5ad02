"""Measures the search times of one corpus: all engines are open in one process and run in turn, warm, on one thread.

    python -m bench.search 10k --data FOLDER --out FILE [--engine NAME]… [--once]

Before each timed run of a fast query, the engine runs the query untimed, at least once and for at least a millisecond.
Without this warm-up, an engine that runs after a slow engine finds cold processor caches. The result is the median over
the rounds.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import peers
from bench.bound import min_bytes
from bench.corpora import texts_file
from bench.peers import Answer, Peer, Prepared
from bench.queries import Query, read_queries

ROUNDS = 25
"""Number of rounds. It is the maximum number of timed runs per engine and query: slow engines have fewer."""
_MIN_RUNS, _MAX_SECONDS = 3, 1.5
"""An engine runs a query as often as fits into `_MAX_SECONDS`, but at least `_MIN_RUNS` times, and in any case at most
once a round."""
_WARM_UP_SECONDS = 0.001
"""Minimum time in seconds of the untimed runs before a timed run."""
_NO_WARM_UP_SECONDS = 0.05
"""A query that takes at least this time in seconds needs no warm-up."""
_REFERENCE = "searchkit"
"""Engine whose numbers of matches go into the lower bound of the bytes that a query reads (`bench.bound`)."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Time and answer of one engine for one query."""

    ms: float
    """Median of the timed runs in milliseconds."""
    runs: int
    """Number of timed runs."""
    answer: Answer


def open_all(names: Sequence[str], corpus: str, data: Path) -> dict[str, Peer]:
    """Open the indexes of a corpus as peers. A peer is an engine in one configuration. The keys are their names."""
    opened: dict[str, Peer] = {}
    for name in names:
        opened.update(peers.load(name).open_peers(corpus, data, peers.folder(name, corpus, data)))
    return opened


def measure(query: Query, opened: Mapping[str, Peer], rounds: int) -> dict[str, Timing]:
    """Time a query with all engines that support it, in `rounds` rounds.

    The engines take turns: each has at most one timed run per round. Two runs before the rounds give the answer and an
    estimate of the time.
    """
    prepared = {name: ready for name, peer in opened.items() if (ready := peer.prepare(query))}
    answers = {name: ready.read(ready.run()) for name, ready in prepared.items()}
    estimates = {name: _time_run(ready) for name, ready in prepared.items()}
    runs = {name: min(rounds, max(_MIN_RUNS, int(_MAX_SECONDS / seconds))) for name, seconds in estimates.items()}
    times_by_engine: dict[str, list[float]] = {name: [] for name in prepared}
    for number in range(rounds):
        for name, ready in prepared.items():
            if number < runs[name]:
                if estimates[name] < _NO_WARM_UP_SECONDS:
                    _warm_up(ready)
                times_by_engine[name].append(_time_run(ready))
    return {
        name: Timing(round(1000 * statistics.median(times), 4), len(times), answers[name])
        for name, times in times_by_engine.items()
    }


def search(corpus: str, data: Path, names: Sequence[str], *, once: bool) -> dict[str, Any]:
    """Run all queries on a corpus. Returns a JSON object: times, totals, lower bounds, and disagreements of engines.

    If `once`, each query has one timed run, and only peers with the name of their module take part: `searchkit`, but
    not `searchkit, product`.
    """
    all_queries = read_queries(corpus, data)
    opened = open_all(names, corpus, data)
    if once:  # one peer per index, so that the memory of the index is counted once
        opened = {name: peer for name, peer in opened.items() if name in names}
    gc.collect()
    gc.freeze()  # keeps the objects of open indexes out of garbage collections during the timings
    true_totals = count_lines_with(
        [query.words[0] for query in all_queries if query.kind == "phrase"], texts_file(corpus, data)
    )
    reference = opened.get(_REFERENCE)
    queries, disagreements = [], []
    for query in all_queries:
        timings = measure(query, opened, 1 if once else ROUNDS)
        truth = true_totals[query.words[0]] if query.kind == "phrase" else _first_total(timings)
        disagreements += [f"{query.group} {query.words}: {text}" for text in _differences(query, timings)]
        engines = {
            name: {"ms": timing.ms, "runs": timing.runs, "total": timing.answer.total}
            for name, timing in timings.items()
        }
        lower_bound = min_bytes(query, lambda q: _total(reference, q)) if reference else None
        queries.append({**asdict(query), "truth": truth, "bytes": lower_bound, "engines": engines})
    return {"queries": queries, "disagreements": disagreements}


def _warm_up(prepared: Prepared) -> None:
    """Run a query at least once, and until the runs have taken `_WARM_UP_SECONDS`."""
    seconds = 0.0
    while seconds < _WARM_UP_SECONDS:
        seconds += _time_run(prepared)


def _time_run(prepared: Prepared) -> float:
    """Run a query, and return the seconds that it took."""
    started = time.perf_counter()
    prepared.run()
    return time.perf_counter() - started


def _total(peer: Peer, query: Query) -> int:
    """Return the number of matches that an engine counts, or 0 if it does not count or does not support the query."""
    ready = peer.prepare(query)
    total = ready.read(ready.run()).total if ready else None
    return total or 0


def _first_total(timings: Mapping[str, Timing]) -> int | None:
    """Return the total of the first engine that provides one."""
    return next((timing.answer.total for timing in timings.values() if timing.answer.total is not None), None)


def _differences(query: Query, timings: Mapping[str, Timing]) -> list[str]:
    """Return the differences between engines in totals or facet counts.

    Phrases are not compared, because engines miss some of their hits; their true totals are in the results. The peer
    `searchkit, product` (`Index.search`) is not compared either, because it also finds words inside other words.
    Engines without a total are left out.
    """
    if query.kind == "phrase":
        return []
    answers = {
        name: timing.answer
        for name, timing in timings.items()
        if timing.answer.total is not None and "product" not in name
    }
    differences = []
    for what, values in (
        ("totals", {name: answer.total for name, answer in answers.items()}),
        ("facets", {name: _counts(answer) for name, answer in answers.items()}),
    ):
        if len(set(values.values())) > 1:
            differences.append(f"{what} {values}")
    return differences


def _counts(answer: Answer) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """Return the highest counts of each facet, at most `MAX_VALUES`, without the values.

    Values cannot be compared: which of several with the lowest of these counts an engine returns is undefined.
    """
    facets = answer.facets or {}
    return tuple(
        (name, tuple(sorted(counts.values(), reverse=True)[: peers.MAX_VALUES])) for name, counts in facets.items()
    )


def count_lines_with(strings: Sequence[str], texts: Path) -> dict[str, int]:
    """Return the number of lines that contain each string: the true total of a phrase."""
    counts = dict.fromkeys(strings, 0)
    with texts.open(encoding="utf-8") as lines:
        for line in lines:
            for text in strings:
                counts[text] += text in line
    return counts


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure the search times of one corpus.")
    parser.add_argument("corpus")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--engine", action="append", default=[], choices=peers.NAMES)
    parser.add_argument(
        "--once", action="store_true", help="time each query once, with one peer per index, to measure memory"
    )
    arguments = parser.parse_args()
    names = arguments.engine or peers.NAMES
    result = search(arguments.corpus, arguments.data, names, once=arguments.once)
    arguments.out.write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
