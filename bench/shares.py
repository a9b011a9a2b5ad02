"""Measures which parts of a search take the time, by group of questions.

    python -m bench.shares [CORPUS]… [--data FOLDER]

A search is `Index.search` with ten hits and four facets; the questions are those of `bench.product`. The parts are:

understand  `Snapshot.parse_query`: from the text of the query to the query tree
match       the engine, if it only counts the matches, without scores
facets      the additional time of the engine if it also counts facets
rank        its additional time for scoring all matches and rescoring the best ones
fetch       its additional time for reading the paragraphs of the hits, computed from the times for one hit and for all
snippets    the additional time outside of parser and engine if the search returns ten hits with their snippets
other       the time outside of parser and engine if the search returns no hits: options, filters, suggestions
render      the JSON of the results

Only calls of the interfaces between the packages are timed, and the engine answers variants of the same requests, so
that the parts do not depend on code inside the packages. Times are medians of the processor time, warm, in one thread.
Writes results/shares.json, from which `bench.productreport` writes tables.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

from bench import corpora, machine, queries
from bench.corpora import FACETS
from bench.peers import LIMIT
from bench.pipelines import Question
from bench.product import DATA, prepare_index, questions, with_other_blanks
from searchkit.engines.columnar.engine import ColumnarEngine
from searchkit.engines.contract import Request
from searchkit.index import Index
from searchkit.output.json import results_to_json
from searchkit.search.results import Results
from searchkit.search.snapshot import Snapshot

RESULTS = Path(__file__).parent / "results" / "shares.json"
PARTS = ("understand", "match", "facets", "rank", "fetch", "snippets", "other", "render")
ROUNDS = 11
"""Number of timed runs of each variant of a search."""


class _Clock:
    """Sums up the processor time of timed calls by part, and records the requests to the engine.

    The time of a call does not include that of timed calls inside it.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self.requests: list[tuple[ColumnarEngine, Request]] = []
        self._inner: list[float] = []
        """For each timed call that has not returned, the seconds of the timed calls inside it."""

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that calls `function`, and adds its time to a part."""

        @wraps(function)
        def run(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - those of any function
            """Call the function, and add its time."""
            if part == "engine":
                self.requests.append((arguments[0], arguments[1]))
            self._inner.append(0.0)
            started = time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                seconds = time.process_time() - started
                self.seconds[part] += seconds - self._inner.pop()
                if self._inner:
                    self._inner[-1] += seconds

        return run


@contextmanager
def _hooks(clock: _Clock) -> Iterator[None]:
    """Time the calls of parser and engine within a `with` block."""
    parse, search = Snapshot.parse_query, ColumnarEngine.search
    Snapshot.parse_query = clock.timed("understand", parse)  # type: ignore[method-assign]
    ColumnarEngine.search = clock.timed("engine", search)  # type: ignore[method-assign]
    try:
        yield
    finally:
        Snapshot.parse_query, ColumnarEngine.search = parse, search  # type: ignore[method-assign]


def measure(index: Index, question: Question) -> dict[str, float]:
    """Return the milliseconds of each part of a search, its processor time (`total`) and its elapsed time (`wall`).

    Neither `total` nor `wall` includes `render`.
    """

    def search(limit: int) -> Results:
        """Search, and read the snippets."""
        results = index.search(with_other_blanks(question.text), facets=FACETS, limit=limit, where=question.filters)
        for hit in results.hits:
            _ = hit.snippet
        return results

    times: dict[str, list[float]] = defaultdict(list)
    for number in range(ROUNDS + 1):
        first = not number  # the first round fills the caches, and does not count
        for limit in (0, LIMIT):
            clock = _Clock()
            wall = time.perf_counter()
            with _hooks(clock):
                results = clock.timed("rest", search)(limit)
            wall = time.perf_counter() - wall
            if not first:
                times[f"rest {limit}"].append(clock.seconds["rest"])
        started = time.process_time()
        json.dumps(results_to_json(results), ensure_ascii=False)
        render = time.process_time() - started
        _answer(clock.requests)  # not timed: fills the caches of the processor, which the JSON has emptied
        engine = {name: _answer(clock.requests, **changes) for name, changes in _VARIANTS.items()}
        if not first:
            values = {"understand": clock.seconds["understand"], "render": render, "wall": wall, **engine}
            for name, seconds in {**values, "total": sum(clock.seconds.values())}.items():
                times[name].append(seconds)
    ms = {name: 1000 * statistics.median(values) for name, values in times.items()}
    return _split(ms, len(results.hits))


_COUNT: dict[str, Any] = {"scoring": (), "complete": None, "limit": 0}
"""Changes of a request after which the engine counts the matches, but neither scores nor returns any."""
_VARIANTS: dict[str, dict[str, Any]] = {
    "count": {"facets": (), **_COUNT},
    "count, facets": _COUNT,
    "one hit": {"limit": 1},
    "all hits": {},
}
"""Name of a variant of a request → what it changes."""


def _answer(requests: Sequence[tuple[ColumnarEngine, Request]], **changes: Any) -> float:  # noqa: ANN401 - of a Request
    """Return the seconds that the engine takes for requests with some changes. Requests for no hits are not changed."""
    varied = [(engine, replace(item, **changes) if item.limit else item) for engine, item in requests]
    started = time.process_time()
    for engine, request in varied:
        engine.search(request)
    return time.process_time() - started


def _split(ms: dict[str, float], hits: int) -> dict[str, float]:
    """Return the times of the parts, of the search, and of the wall clock. A part that would be negative is 0.

    `ms`: median milliseconds of what `measure` has timed, by name. `hits`: number of hits of the search.
    """
    fetch = max(ms["all hits"] - ms["one hit"], 0.0) * (hits / (hits - 1) if hits > 1 else 0.0)
    parts = {
        "understand": ms["understand"],
        "match": ms["count"],
        "facets": ms["count, facets"] - ms["count"],
        "rank": ms["all hits"] - ms["count, facets"] - fetch,
        "fetch": fetch,
        "snippets": ms[f"rest {LIMIT}"] - ms["rest 0"],
        "other": ms["rest 0"],
        "render": ms["render"],
    }
    return {
        name: round(max(value, 0.0), 4) for name, value in {**parts, "total": ms["total"], "wall": ms["wall"]}.items()
    }


def run(corpus: str, data: Path) -> dict[str, dict[str, float]]:
    """Measure all questions to a corpus. Returns for each group, and for all, the mean milliseconds of each part."""
    folder = prepare_index(corpus, data, keep=True)
    queries.prepare(corpus, data)
    groups: dict[str, list[dict[str, float]]] = defaultdict(list)
    with Index(folder) as index:
        gc.collect()
        gc.freeze()
        for question in questions(corpus, data):
            groups[question.group].append(measure(index, question))
    groups["all"] = [record for records in groups.values() for record in records]
    names = (*PARTS, "total", "wall")
    return {
        group: {name: round(statistics.fmean(record[name] for record in records), 4) for name in names}
        for group, records in groups.items()
    }


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure which parts of a search take the time.")
    # argparse also checks the empty list, which it uses if no corpus is given.
    parser.add_argument("corpus", nargs="*", choices=[*corpora.NAMES, []])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of corpora and indexes, which are kept")
    arguments = parser.parse_args()
    data = arguments.data / corpora.fingerprint()
    record: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    record |= {"machine": machine.as_json(machine.describe())}
    for corpus in arguments.corpus or [name for name in corpora.NAMES if corpora.is_available(name)]:
        record.setdefault("corpora", {})[corpus] = run(corpus, data)
        RESULTS.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
