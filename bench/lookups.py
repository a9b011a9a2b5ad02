"""Evaluates look-ups of measures against answers that were read in the reports.

    python -m bench.lookups INDEX

`INDEX` is an index of the 773 government work reports (`bench.corpora.REAL`). `lookups.jsonl` has one look-up per line.
The answers were read in passages drawn at random, before the look-ups were run. Look-ups of form 1 are run with the
filters `district` and `of_year`; those of form 2 name place and year in the query and are run without filters. A hit is
right if its place is that of the look-up, and its base value and base unit are those of one of the answers. Prints the
shares of look-ups with a right first hit and with a right hit among the first five, and each look-up whose first hit is
not right. Writes results/lookups.json.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tabulate import tabulate

import searchkit
from searchkit.index import Index
from searchkit.model import Measure

LOOKUPS = Path(__file__).parent / "lookups.jsonl"
RESULTS = Path(__file__).parent / "results" / "lookups.json"
DEPTH = 5
"""Number of hits that are requested from a look-up."""
TOLERANCE = 1e-9
"""Largest relative difference of two base values that count as equal."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """A look-up and its answers."""

    id: str
    half: str
    """Half of the look-ups to which this one belongs: `develop` or `hold-out`. The rules were first written with the
    failures of `develop` alone. The failures of `hold-out` were read later."""
    form: int
    """1: with filters. 2: place and year are words of the query."""
    asks: str
    """What the query is for: level, flow, change, range (several years) or target."""
    query: str
    district: str
    """Full name of the place, as in the region of its reports."""
    of_year: int
    """Year of the answer, or the last of its years."""
    answers: tuple[tuple[float, str], ...]
    """Accepted base values with their base units. The first is the expected one."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The first hits of a look-up."""

    lookup: Lookup
    hits: tuple[Measure, ...]

    @property
    def rank(self) -> int | None:
        """Rank of the first right hit, from 1, or None if there is none."""
        return next((rank for rank, hit in enumerate(self.hits, 1) if is_right(self.lookup, hit)), None)


def read(path: Path) -> Iterator[Lookup]:
    """Yield the look-ups of a file in their order."""
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = json.loads(line)
        answers = tuple((item["base_value"], item["base_unit"]) for item in (fields["answer"], *fields["also"]))
        names = ("id", "half", "form", "asks", "query", "district", "of_year")
        yield Lookup(**{name: fields[name] for name in names}, answers=answers)


def look_up(index: Index, lookup: Lookup) -> Outcome:
    """Return the first hits of a look-up, with or without filters according to its form."""
    filters: Mapping[str, str | int] = {"district": lookup.district, "of_year": lookup.of_year}
    where = filters if lookup.form == 1 else None
    return Outcome(lookup, index.measures(lookup.query, limit=DEPTH, where=where).hits)


def is_right(lookup: Lookup, hit: Measure) -> bool:
    """Return whether a hit has the place of a look-up, and the base value and base unit of one of its answers."""
    return lookup.district in hit.region and any(
        hit.base_unit == unit and math.isclose(hit.base_value, value, rel_tol=TOLERANCE)
        for value, unit in lookup.answers
    )


def summarize(outcomes: Iterable[Outcome]) -> Iterator[dict[str, Any]]:
    """Yield the shares of look-ups with a right first hit, and with a right hit among the first five.

    There is a record for each form, for each pair of form and half, and for each pair of form and `asks`.
    """
    groups: dict[str, list[int | None]] = defaultdict(list)
    for outcome in outcomes:
        form = f"form {outcome.lookup.form}"
        for name in (form, f"{form}, {outcome.lookup.half}", f"{form}, {outcome.lookup.asks}"):
            groups[name].append(outcome.rank)
    for name, ranks in sorted(groups.items()):
        yield {
            "group": name,
            "look-ups": len(ranks),
            "rank 1": round(ranks.count(1) / len(ranks), 4),
            f"top {DEPTH}": round(1 - ranks.count(None) / len(ranks), 4),
        }


def describe(outcome: Outcome) -> dict[str, Any]:
    """Return a look-up whose first hit is not right, its answer, the rank of a right hit, and the first hit.

    Rank and first hit are None if there is none.
    """
    lookup, hit = outcome.lookup, outcome.hits[0] if outcome.hits else None
    value, unit = lookup.answers[0]
    return {
        "id": lookup.id,
        "query": lookup.query,
        "district": lookup.district,
        "of_year": lookup.of_year,
        "answer": f"{value:.12g} {unit}",
        "rank": outcome.rank,
        "first": hit and f"{hit.indicator} {hit.base_value:.12g} {hit.base_unit or ''} ({hit.status}, {hit.id})",
    }


def main() -> None:
    """Run the look-ups and print the shares and the failures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", help="index of the government work reports")
    with searchkit.open(parser.parse_args().index) as index:
        outcomes = [look_up(index, lookup) for lookup in read(LOOKUPS)]
    groups = list(summarize(outcomes))
    wrong = [describe(outcome) for outcome in outcomes if outcome.rank != 1]
    results = {"groups": groups, "wrong": wrong}
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(tabulate(groups, headers="keys"))
    for item in wrong:
        print(*item.values(), sep=" | ")


if __name__ == "__main__":
    main()
