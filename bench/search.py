"""Searches timed: every engine open in one process, warm, asked in turn, one thread.

    python -m bench.search 10k --data FOLDER --out FILE [--engine NAME]… [--once]

In its turn an engine is asked for a millisecond, at least once, before the time that counts: else the one that
follows a slow neighbour would pay for the caches that the neighbour filled. Given is the median of the rounds.
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
from bench.bound import bytes_touched
from bench.corpora import texts_file
from bench.peers import Answer, Peer, Prepared
from bench.queries import Query, read_queries

ROUNDS = 25
"""Times that each engine is asked each query; slow ones less often."""
_MIN_COUNT, _SECONDS = 3, 1.5  # so many times at least, then as often as fits into so long
_WARMING = 0.001  # seconds that an engine is asked before the time that counts
_SLOW = 0.05  # seconds from which caches play no part, and one time in a turn is enough
_REFERENCE = "searchkit"


@dataclass(frozen=True, slots=True)
class Measured:
    """One engine on one query."""

    ms: float
    """Median."""
    runs: int
    answer: Answer


def open_all(names: Sequence[str], corpus: str, data: Path) -> dict[str, Peer]:
    """Open the indexes of a corpus; the keys are the names that engines are reported under."""
    opened: dict[str, Peer] = {}
    for name in names:
        opened.update(peers.load(name).open_peers(corpus, data, peers.folder(name, corpus, data)))
    return opened


def measure(query: Query, opened: Mapping[str, Peer], rounds: int) -> dict[str, Measured]:
    """Ask all engines that can answer the query, in turn."""
    prepared = {name: ready for name, peer in opened.items() if (ready := peer.prepare(query))}
    answers = {name: ready.read(ready.run()) for name, ready in prepared.items()}
    about = {name: _timed(ready) for name, ready in prepared.items()}
    runs = {name: min(rounds, max(_MIN_COUNT, int(_SECONDS / seconds))) for name, seconds in about.items()}
    taken: dict[str, list[float]] = {name: [] for name in prepared}
    for number in range(rounds):
        for name, ready in prepared.items():
            if number < runs[name]:
                warming = 0.0 if about[name] < _SLOW else _WARMING
                while warming < _WARMING:
                    warming += _timed(ready)
                taken[name].append(_timed(ready))
    return {
        name: Measured(round(1000 * statistics.median(times), 4), len(times), answers[name])
        for name, times in taken.items()
    }


def search(corpus: str, data: Path, names: Sequence[str], *, once: bool) -> dict[str, Any]:
    """All queries on a corpus, as a JSON object: times, totals, what engines disagree on, the bound."""
    chosen = read_queries(corpus, data)
    opened = open_all(names, corpus, data)
    if once:  # of several ways to ask one index only the first, so that its pages are counted once
        opened = {name: peer for name, peer in opened.items() if name in names}
    gc.collect()
    gc.freeze()  # what is open now is not walked again and again while others are timed
    scanned = _scan([query.words[0] for query in chosen if query.kind == "phrase"], texts_file(corpus, data))
    reference = opened.get(_REFERENCE)
    queries, disagreements = [], []
    for query in chosen:
        measured = measure(query, opened, 1 if once else ROUNDS)
        truth = scanned[query.words[0]] if query.kind == "phrase" else _agreed(measured)
        disagreements += [f"{query.group} {query.words}: {text}" for text in _differences(query, measured)]
        engines = {name: {"ms": m.ms, "runs": m.runs, "total": m.answer.total} for name, m in measured.items()}
        touched = bytes_touched(query, lambda q: _total(reference, q)) if reference else None
        queries.append({**asdict(query), "truth": truth, "bytes": touched, "engines": engines})
    return {"queries": queries, "disagreements": disagreements}


def _timed(prepared: Prepared) -> float:
    started = time.perf_counter()
    prepared.run()
    return time.perf_counter() - started


def _total(peer: Peer, query: Query) -> int:
    ready = peer.prepare(query)
    total = ready.read(ready.run()).total if ready else None
    return total or 0


def _agreed(measured: Mapping[str, Measured]) -> int | None:
    """The total of the first engine that gives one."""
    return next((m.answer.total for m in measured.values() if m.answer.total is not None), None)


def _differences(query: Query, measured: Mapping[str, Measured]) -> list[str]:
    """Where the totals or facet counts of engines that were asked the same differ. Strings may differ: see `truth`."""
    if query.kind == "phrase":
        return []
    asked = {name: m.answer for name, m in measured.items() if m.answer.total is not None and "product" not in name}
    found = []
    for what, values in (
        ("totals", {name: answer.total for name, answer in asked.items()}),
        ("facets", {name: _counts(answer) for name, answer in asked.items()}),
    ):
        if len(set(values.values())) > 1:
            found.append(f"{what} {values}")
    return found


def _counts(answer: Answer) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """The counts of each facet by size: which of equal values stands last in a cut list is nobody's promise."""
    facets = answer.facets or {}
    return tuple(
        (name, tuple(sorted(counts.values(), reverse=True)[: peers.MAX_VALUES])) for name, counts in facets.items()
    )


def _scan(strings: Sequence[str], texts: Path) -> dict[str, int]:
    """How many lines hold each string: the truth that exact phrases are held to."""
    counts = dict.fromkeys(strings, 0)
    with texts.open(encoding="utf-8") as lines:
        for line in lines:
            for text in strings:
                counts[text] += text in line
    return counts


def main() -> None:
    """Write what `search` gives to a file. See the module's text."""
    parser = argparse.ArgumentParser(description="Time the searches of one corpus.")
    parser.add_argument("corpus")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--engine", action="append", default=[], choices=peers.NAMES)
    parser.add_argument("--once", action="store_true", help="ask each query once: to see how much memory that takes")
    arguments = parser.parse_args()
    names = arguments.engine or peers.NAMES
    found = search(arguments.corpus, arguments.data, names, once=arguments.once)
    arguments.out.write_text(json.dumps(found, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
