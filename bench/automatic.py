"""Compares the times of searches with `--match auto` with those of the same searches with `--match all`.

    python -m bench.automatic [--corpus gov|10k|100k|1m]… [--index FOLDER] [--rounds N]

The queries are made from those of `bench.queries`: words and phrases alone, words under a filter, and words with a
place, a year or both in the query. A class of similar searches is split by the number of hits with `all`. Searches with
at least a page of hits stay in the class. Those with fewer hits are a second class, because `auto` returns more hits
for them. Those without hits are a third one, in which `auto` is compared with `--match any`. In a round, every query
runs both ways in one process; which way comes first alternates from round to round. Results are processor times: the
median of the rounds for a query, and the geometric mean over the queries of a class. `repeated` are searches of an open
index whose caches are filled. `first` are searches of an index that was just opened, as in a command, but without the
time to load the analyzer and to parse the query. `--index` names a ready index of the corpus; otherwise it is built.
Results are written to bench/results/automatic.json, which keeps those of other corpora.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench import machine
from bench.corpora import documents
from bench.queries import Query, choose
from searchkit.index import Index
from searchkit.indexing.build import write_index

RESULTS = Path(__file__).parent / "results" / "automatic.json"
CORPORA = ("gov", "100k", "1m")
"""Names of the corpora that are measured by default."""
ROUNDS = 9
"""Default number of rounds."""
_MIN_SECONDS = 0.006
"""Minimum processor time in seconds of all repetitions of a search in a round."""
_PAGE = 10
"""Number of hits of a page."""
_FIRST_ROUNDS = 5
"""Maximum number of rounds in which each search is also timed as the first one of a newly opened index."""


@dataclass(frozen=True, slots=True)
class Search:
    """A search that is timed."""

    group: str
    """Class of similar searches."""
    text: str
    filters: Mapping[str, str]
    other: str = "all"
    """Option `match` of the search that `auto` is compared with."""


def make_searches(queries: Sequence[Query]) -> Iterator[Search]:
    """Yield searches made from the queries of a corpus."""
    several = [query for query in queries if query.group in {"2 words, all", "3 words, all"}]
    filtered = [query for query in queries if len(query.filters) > 1]
    for query in queries:
        if query.kind == "phrase":
            yield Search("quoted", query.text, {})
            yield Search("without quotes", query.words[0], {})
        elif query.kind == "any" and query.group.startswith(("2", "3")):
            # The words are drawn independently of each other, so few paragraphs contain all of them.
            yield Search("words that seldom meet", " ".join(query.words), {})
        elif query.kind == "all" and not query.filters:
            yield Search(query.group.removesuffix(", all"), query.text, {})
    for n, query in enumerate(several):
        values = dict(filtered[n % len(filtered)].filters)
        for name in ("year", "district"):
            yield Search(f"2 or 3 words, filter by {name}", query.text, {name: values[name]})
        yield Search("2 or 3 words with a year", f"{values['year']}年{query.text}", {})
        yield Search("2 or 3 words with a place", f"{values['district']}{query.text}", {})
        yield Search("2 or 3 words with both", f"{values['district']}{values['year']}年{query.text}", {})
    for query in filtered:
        values = dict(query.filters)
        yield Search("frequent word, filter by year", query.text, {"year": values["year"]})
        yield Search("frequent word with a year", f"{values['year']}年{query.text}", {})


def measure(folder: Path, searches: Sequence[Search], rounds: int) -> dict[str, Any]:
    """Time the searches in an index. Returns number of queries, milliseconds and ratios by class."""
    index = Index(folder)
    compared = [_classify(index, item) for item in searches]
    repeated: dict[tuple[int, str], list[float]] = defaultdict(list)
    first: dict[tuple[int, str], list[float]] = defaultdict(list)
    for number in range(rounds):
        for at, item in enumerate(compared):
            for match in ("auto", item.other) if number % 2 else (item.other, "auto"):
                repeated[at, match].append(_time(index, item, match, _MIN_SECONDS))
                if number < _FIRST_ROUNDS:
                    with Index(folder) as new:
                        new.understand(item.text)  # loads the analyzer, and caches the parsed query
                        first[at, match].append(_time(new, item, match, 0))
    index.close()
    groups: dict[str, list[int]] = defaultdict(list)
    for at, item in enumerate(compared):
        groups[item.group].append(at)
    return {
        group: {
            "queries": len(members),
            "beside": compared[members[0]].other,
            "repeated": _summarise(repeated, members, compared[members[0]].other),
            "first": _summarise(first, members, compared[members[0]].other),
        }
        for group, members in groups.items()
    }


def _classify(index: Index, item: Search) -> Search:
    """Return a search with its class, which depends on its hits with `all`: at least a page, fewer, or none.

    A search without hits is to be compared with `any`.
    """
    total = index.search(item.text, where=item.filters, match="all").total
    if not total:
        return replace(item, group=f"{item.group}: none with all", other="any")
    return item if total >= _PAGE else replace(item, group=f"{item.group}: few with all")


def _time(index: Index, item: Search, match: str, min_seconds: float) -> float:
    """Return the processor time of a search in ms.

    If `min_seconds` is 0, the search runs once. Otherwise it is repeated for at least this time, and the mean is
    returned; one search before the repetitions is not timed, because it fills caches.
    """
    count = -1 if min_seconds else 0
    started = time.process_time()
    while True:
        index.search(item.text, where=item.filters, match=match)
        count += 1
        if not count:
            started = time.process_time()
            continue
        seconds = time.process_time() - started
        if seconds >= min_seconds:
            return seconds / count * 1000


def _summarise(times: Mapping[tuple[int, str], Sequence[float]], members: Sequence[int], other: str) -> dict[str, Any]:
    """Return the mean times of some searches with `auto` and with `other` in ms, and the mean and highest ratio.

    `times`: by number of a search and `match`. `members`: the numbers of the searches. Means are geometric.
    """
    pairs = [(statistics.median(times[at, "auto"]), statistics.median(times[at, other])) for at in members]
    ratios = [auto / beside for auto, beside in pairs]
    return {
        "auto": round(statistics.geometric_mean(auto for auto, _ in pairs), 3),
        other: round(statistics.geometric_mean(beside for _, beside in pairs), 3),
        "ratio": round(statistics.geometric_mean(ratios), 3),
        "highest": round(max(ratios), 3),
    }


def main() -> None:
    """Measure the corpora, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", action="append", metavar="NAME")
    parser.add_argument("--index", type=Path, help="ready index of the corpus")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    record = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {"corpora": {}}
    record |= {"machine": machine.as_json(machine.describe())}
    for corpus in options.corpus or CORPORA:
        with tempfile.TemporaryDirectory() as folder:
            path = options.index or Path(folder)
            if options.index is None:
                write_index(documents(corpus), path)
            result = measure(path, [*make_searches(choose(corpus))], options.rounds)
        record["corpora"][corpus] = {"rounds": options.rounds, "classes": result}
        RESULTS.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        for group, row in result.items():
            print(f"{corpus:5} {group:45} {row['queries']:3} {row['repeated']} {row['first']}")


if __name__ == "__main__":
    main()
