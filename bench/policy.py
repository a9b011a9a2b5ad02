"""Evaluates the ranking of policy questions that name a place, a year, both or neither.

    python -m bench.policy INDEX

`INDEX` is an index of the 773 government work reports (`bench.corpora.REAL`). `policy.json` contains forty questions,
what is relevant to each, and the grades of paragraphs: 2 answers the question, 1 does so in passing or with one
condition loosely met, 0 does not. The best eight paragraphs of each of `RUNS` were graded. Prints the nDCG@5 of each
run by group, with the number of hits that have no grade, which count as 0. Writes results/policy.json.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import searchkit
from searchkit.index import Index

QUERIES = Path(__file__).parent / "policy.json"
RESULTS = Path(__file__).parent / "results" / "policy.json"
DEPTH = 5
"""Number of hits of a query that count."""
RUNS = ("typed", "literal", "of_year", "year")
"""Ways to search. `typed`: the question as it is. `literal`: the same with `literal=True`, so that places and years in
it are plain words. `of_year`, `year`: the question without its place and year. The place is the value of the filter
`district`, the year that of the filter `of_year` or `year`."""


def run(index: Index, query: Mapping[str, Any], name: str) -> list[str]:
    """Return the ids of the best hits of a query in one of `RUNS`."""
    if name in {"typed", "literal"}:
        results = index.search(query["query"], literal=name == "literal", limit=DEPTH)
    else:
        filters = {"district": query.get("district"), name: query.get("year")}
        results = index.search(query["subject"], limit=DEPTH, **{key: value for key, value in filters.items() if value})
    return [hit.id for hit in results.hits]


def ndcg(ranked: Sequence[str], grades: Mapping[str, int]) -> float:
    """Return the nDCG of the first `DEPTH` hits: their discounted gain, divided by that of the ideal order, 0 to 1."""
    best = sorted(grades.values(), reverse=True)
    return _gain([grades.get(name, 0) for name in ranked]) / _gain(best)


def _gain(grades: Sequence[int]) -> float:
    return sum(grade / math.log2(rank + 2) for rank, grade in enumerate(grades[:DEPTH]))


def score(index: Index, queries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return for each query its group, and the nDCG and the number of hits without a grade of each run."""
    scores = []
    for query in queries:
        ranked = {name: run(index, query, name) for name in RUNS}
        grades = query["grades"]
        scores.append(
            {
                "query": query["query"],
                "group": query["group"],
                "ndcg": {name: round(ndcg(ids, grades), 4) for name, ids in ranked.items()},
                "unjudged": {name: sum(id_ not in grades for id_ in ids) for name, ids in ranked.items()},
            }
        )
    return scores


def summarize(scores: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the mean nDCG and the number of hits without a grade.

    There is a row for each group, one for the queries that name a place or a year, and one for all.
    """
    groups = [*dict.fromkeys(item["group"] for item in scores)]
    named = [group for group in groups if group != "neither"]
    for title, members in [*((group, [group]) for group in groups), ("place or year", named), ("all", groups)]:
        part = [item for item in scores if item["group"] in members]
        yield {
            "group": title,
            "queries": len(part),
            "ndcg": {name: round(sum(item["ndcg"][name] for item in part) / len(part), 4) for name in RUNS},
            "unjudged": {name: sum(item["unjudged"][name] for item in part) for name in RUNS},
        }


def main() -> None:
    """Score all queries and print the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", help="index of the government work reports")
    with searchkit.open(parser.parse_args().index) as index:
        scores = score(index, json.loads(QUERIES.read_text(encoding="utf-8")))
    groups = list(summarize(scores))
    RESULTS.write_text(
        json.dumps({"groups": groups, "queries": scores}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    print(f"{'nDCG@5 (unjudged)':18}", *(f"{name:>12}" for name in RUNS))
    for row in groups:
        cells = (f"{row['ndcg'][name]:.4f} ({row['unjudged'][name]})" for name in RUNS)
        print(f"{row['group']:18}", *(f"{cell:>12}" for cell in cells))


if __name__ == "__main__":
    main()
