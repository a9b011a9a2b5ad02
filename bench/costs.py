"""Measures what hostile queries cost: long, pasted and repeated text of many kinds, in the calls of `CALLS`.

    python -m bench.costs INDEX [--rounds N] [--seed N]

INDEX is an index of reports, from whose paragraphs most queries are made. For each of N rounds (`--rounds`), each call
gets a new random query of each class, so that its parsing and matches are not cached. Results are the longest processor
times of whole calls, hits included, in an open index whose files are in memory. They are printed as a table, and
written to bench/results/costs.json. The aim is at most 250 ms on an index of 773 reports. searchkit cuts queries that
exceed a limit, and adds a note; the number of cut queries is part of the result.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from bench import machine
from searchkit.errors import UsageError
from searchkit.index import Index

RESULTS = Path(__file__).parent / "results" / "costs.json"
ROUNDS = 5
"""Default number of queries of a class in each call."""
_SIZES = (100, 300, 1000)
"""Lengths of pasted text, in characters. It is taken from paragraphs that are longer than the smallest length."""
_CUT = frozenset(
    {"query_too_long", "too_many_parts", "too_many_words", "too_many_synonyms", "too_many_prefix_words"}
    | {"too_many_measures"}
)
"""Codes of the notes that say that a query is cut, or that not all measures are considered."""

CALLS: Mapping[str, Callable[[Index, str], object]] = {
    "search": lambda index, text: index.search(text),
    "any, facets": lambda index, text: index.search(text, match="any", facets=["year", "topic", "district:1"]),
    "by document": lambda index, text: index.search(text, group="document", sort="-year"),
    "measures": lambda index, text: index.measures(text),
    "sorted": lambda index, text: index.measures(text, sort="-value"),
    "compare": lambda index, text: index.compare(text),
    "facets": lambda index, text: index.facets("district", query=text),
    "conditions": lambda index, text: index.conditions(text),
    "suggest": lambda index, text: index.suggest(text),
}
"""Calls that take a query."""


class Queries:
    """Makes hostile queries, most of them from the paragraphs of an index."""

    def __init__(self, index: Index, rng: random.Random) -> None:
        self._rng = rng
        self._texts = [item.text for item in index.paragraphs() if len(item.text) > min(_SIZES)]

        def some(*words: str) -> list[str]:
            """Return 80 words, each chosen at random from the given ones."""
            return rng.choices(words, k=80)

        fields = ("title", "heading", "text")
        self.classes: Mapping[str, Callable[[], str]] = {
            "pasted": self._pasted,
            "pasted, without marks": lambda: re.sub(r"\W", "", self._pasted()),
            "words": lambda: " ".join(self._pairs()),
            "words, OR": lambda: " OR ".join(self._pairs()[:120]),
            "words, quoted": lambda: " ".join(f'"{pair}"' for pair in self._pairs()),
            "words, in a field": lambda: " ".join(f"{rng.choice(fields)}:{pair}" for pair in self._pairs()),
            "words, excluded": lambda: "-" + " -".join(self._pairs()),
            "characters": lambda: " ".join(self._pasted()[:500]),
            "characters, OR": lambda: " OR ".join(self._pasted()[:200]),
            "frequent words": lambda: "".join(some("发展", "经济", "社会", "的", "和", "建设", "工作", "推进")),
            "letters and marks": lambda: " OR ".join(some("的，", "和、", "年，", "一。", "展。", "了；")),
            "places and years": lambda: " ".join(some("浙江", "江苏省", "2020年", "GDP", "财政收入", "卫健委")),
            "names of measures": lambda: " ".join(some("GDP", "地区生产总值增长", "城镇新增就业", "粮食产量")),
            "numbers": lambda: " ".join(f"{rng.randrange(3000)}{unit}" for unit in some("件", "年", "%", "人")),
            "prefixes": lambda: " OR ".join(f"{a}*" for a in rng.sample("abcdefghijklmnopqrstuvwxyz0123456789", 36)),
            "brackets": lambda: "(" * 20 + " OR ".join(self._pairs()[:60]) + ")" * 20,
        }
        """Class → function that returns a new random query."""

    def _pasted(self) -> str:
        """Return up to ten consecutive long paragraphs, one a line, cut to one of the lengths in `_SIZES`."""
        first, size = self._rng.randrange(len(self._texts)), self._rng.choice(_SIZES)
        return "\n".join(self._texts[first : first + 10])[:size]

    def _pairs(self) -> list[str]:
        """Return pairs of adjacent letters or digits of a pasted text, such as 发展 and 20. They do not overlap."""
        return re.findall(r"\w\w", self._pasted())


def measure(index: Index, rounds: int, seed: int) -> dict[str, dict[str, object]]:
    """Return the longest processor time of each class in each call, in milliseconds.

    Also returns, over all calls, the longest time of a call without a note that something was cut, and the number of
    cut queries.
    """
    rng = random.Random(seed)  # noqa: S311 - no secret
    queries = Queries(index, rng)
    for call in CALLS.values():
        call(index, "2020年财政收入")  # loads what the first call of each kind loads
    table: dict[str, dict[str, object]] = {}
    for name, make in queries.classes.items():
        cut, longest_uncut, longest = 0, 0.0, dict.fromkeys(CALLS, 0.0)
        for _ in range(rounds):
            for label, call in CALLS.items():
                text = make()
                started, result = time.process_time(), None
                with suppress(UsageError):  # `compare` raises it if no words of the query can name a measure
                    result = call(index, text)
                seconds = time.process_time() - started
                longest[label] = max(longest[label], seconds)
                is_cut = any(note.code in _CUT for note in index.understand(text).notes)
                cut += is_cut
                if not is_cut and not any(note.code in _CUT for note in getattr(result, "notes", ())):
                    longest_uncut = max(longest_uncut, seconds)
        longest["no note"] = longest_uncut
        table[name] = {**{label: round(seconds * 1000) for label, seconds in longest.items()}, "cut": cut}
    return table


def render(table: Mapping[str, Mapping[str, object]], count: int) -> str:
    """Return the result as a Markdown table. `count`: number of queries of each class in all calls together."""
    lines = [f"| class | {' | '.join(CALLS)} | no note | cut, of {count} |", "|---|" + "---:|" * (len(CALLS) + 2)]
    lines += [f"| {name} | {' | '.join(map(str, row.values()))} |" for name, row in table.items()]
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write the result."""
    parser = argparse.ArgumentParser(description="Measure what hostile queries cost.")
    parser.add_argument("index", type=Path, help="folder of an index of reports")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"queries of each class in each call ({ROUNDS})")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--result", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    with Index(arguments.index) as index:
        info = index.info()
        table = measure(index, arguments.rounds, arguments.seed)
    print(render(table, arguments.rounds * len(CALLS)))
    record = {
        "machine": machine.as_json(machine.describe()),
        "paragraphs": info["paragraphs"],
        "rounds": arguments.rounds,
        "seed": arguments.seed,
        "longest_ms": table,
    }
    arguments.result.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
