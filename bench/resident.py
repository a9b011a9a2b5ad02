"""Searches an index, and prints the memory of this process: the measured process of `bench.memory`.

    python -m bench.resident INDEX COUNT… < QUESTIONS

This process imports no other engine. A line of QUESTIONS is a JSON array of a query and its filters. The memory is
measured before the index is opened, after it was opened, and after COUNT searches, for each COUNT. Prints a JSON
object: moment of the measurement, such as `4000 searches` → resident and allocated memory in MB of 10**6 bytes.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

from bench import machine
from searchkit.index import Index

FACETS = ("district", "year", "agency", "topic")


def search(folder: Path, counts: Collection[int], lines: Iterable[str]) -> dict[str, dict[str, float]]:
    """Answer the questions. Returns the sizes before and after opening, and after each of `counts` searches.

    `lines`: QUESTIONS.
    """
    sizes = {"before opening": _sizes()}
    with Index(folder) as index:
        sizes["open"] = _sizes()
        for number, line in enumerate(lines, 1):
            text, filters = json.loads(line)
            results = index.search(text, facets=FACETS, where=filters)
            for hit in results.hits:
                _ = hit.snippet
            if number in counts:
                sizes["1 search" if number == 1 else f"{number} searches"] = _sizes()
    return sizes


def _sizes() -> dict[str, float]:
    """Return the resident and the allocated memory of this process."""
    resident, allocated = machine.memory(os.getpid())
    return {"resident_mb": round(resident / 1e6, 1), "allocated_mb": round(allocated / 1e6, 1)}


if __name__ == "__main__":
    print(json.dumps(search(Path(sys.argv[1]), [*map(int, sys.argv[2:])], sys.stdin)))
