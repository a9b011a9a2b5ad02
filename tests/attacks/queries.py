"""Asks an index thousands of hostile queries.

    python tests/attacks/queries.py [--cases N] [--seed N] [--corpus DIR] [--result FILE]

A query may be refused with a `SearchkitError` of one line. It must not raise anything else or take more processor time
than `CPU_SECONDS`, and the answer must be valid JSON. The spans of hits must be inside of the paragraphs.
"""

from __future__ import annotations

import json
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

from tally import Tally, run_attack
from texts import HostileTexts

import searchkit
from searchkit.errors import SearchkitError
from searchkit.index import Index
from searchkit.output import json as output

CASES = 10_000
CORPUS = Path(__file__).parents[2] / "corpus" / "reports"
CPU_SECONDS = 10
"""Seconds of processor time in user mode that a query may take."""
_OPTIONS: Mapping[str, Sequence[object]] = {
    "match": ("all", "any", "auto"),
    "sort": ("year", "-year,score", "-of_year"),
    "limit": (0, 1, 200, None),
    "group": ("document",),
    "fold": (True,),
    "explain": (True,),
    "facets": (["year", "topic", "district:1"],),
    "literal": (True,),
}
"""Values of the options of a search, of which each search takes some at random."""


class _TooLong(BaseException):
    """The processor time of a query is over. Not an `Exception`, so that searchkit does not catch it."""


class Queries:
    """An open index that is asked hostile queries."""

    def __init__(self, index: Index, tally: Tally, seed: int) -> None:
        self._index, self._tally = index, tally
        self._rng = random.Random(seed)  # noqa: S311 - no secret
        self._texts = HostileTexts(self._rng)
        self._calls: Mapping[str, Callable[[str], object]] = {
            "search": self._search,
            "measures": self._measures,
            "suggest": lambda text: output.completions_to_json(text, index.suggest(text)),
            "facets": lambda text: [*output.facet_records(index.facets("district", query=text, limit=20))],
            "compare": lambda text: output.comparison_to_json(index.compare(text, max_cells=500)),
            "filter": lambda text: self._search(
                "执法", **{self._rng.choice(("year", "district", "topic", "where")): text}
            ),
            "paragraph": lambda text: index.paragraph(text) and None,  # `run` writes the result as JSON
        }

    def run(self) -> None:
        """Ask one query. A search has random options."""
        name = self._rng.choices([*self._calls], (70, 12, 5, 4, 3, 5, 1))[0]  # 70 % searches, 12 % look-ups and so on
        text = self._texts.value() if name in {"filter", "paragraph"} else self._texts.query()
        self._tally.cases[name] += 1
        case = f"{name} {text!r}"[:200]
        _reset_peak()
        started = time.process_time()
        signal.setitimer(signal.ITIMER_VIRTUAL, CPU_SECONDS)
        try:
            json.loads(output.dumps(self._calls[name](text)))
        except SearchkitError as error:
            if "\n" in str(error):
                self._tally.add_fault("unclear", f"{case}: {error}")
        except _TooLong:
            self._tally.add_fault("hung", f"{case}: more than {CPU_SECONDS} s")
        except AssertionError as error:
            self._tally.add_fault("wrong", f"{case}: {error}")
        except Exception as error:  # noqa: BLE001 - any other exception is a fault
            self._tally.add_fault("raised", f"{case}: {error!r}")
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        self._tally.add_usage(case, time.process_time() - started, _peak())

    def _search(self, text: str, **filters: str) -> object:
        options = {name: self._rng.choice(values) for name, values in _OPTIONS.items() if self._rng.random() < 0.2}
        if "where" in filters:  # the hostile text is the name of a facet
            filters = {"where": {filters.pop("where"): "x"}}  # type: ignore[dict-item]
        results = self._index.search(text, **options, **filters)  # type: ignore[arg-type]
        for hit in results.hits:
            size = len(hit.paragraph.text)
            assert all(0 <= start < end <= size for start, end in hit.spans), f"{hit.spans} in {size} characters"
        return output.results_to_json(results)

    def _measures(self, text: str) -> object:
        return output.measures_to_json(self._index.measures(text))


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _TooLong


def _reset_peak() -> None:
    """Let the system measure the largest resident size from now on."""
    reset = Path("/proc/self/clear_refs")
    if reset.exists():
        reset.write_text("5", encoding="ascii")


def _peak() -> int:
    """Return the largest resident size in bytes, 0 if the system does not tell."""
    status = Path("/proc/self/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def attack(tally: Tally, cases: int, seed: int, corpus: Path = CORPUS) -> None:
    """Send `cases` queries to an index of `corpus`."""
    previous = signal.signal(signal.SIGVTALRM, _stop)
    try:
        with tempfile.TemporaryDirectory() as folder:
            searchkit.build(corpus, folder)
            with searchkit.open(folder) as index:
                queries = Queries(index, tally, seed)
                for _ in range(cases):
                    queries.run()
    finally:
        signal.signal(signal.SIGVTALRM, previous)


if __name__ == "__main__":
    sys.exit(run_attack("queries", "Ask hostile queries.", CASES, attack, CORPUS))
