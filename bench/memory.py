"""Measures the memory of a process that searches an index.

The memory is measured before and after opening the index, and after 1, 1,000 and 4,000 different searches.

    python -m bench.memory [CORPUS]… [--data FOLDER]

A search is `Index.search` with ten hits, their snippets, and four facets; the queries and their filters are drawn by
`bench.drawing`. Resident memory includes the pages of the index that are mapped into memory, which the system can drop.
Allocated memory is the anonymous part of resident memory (RssAnon), without the pages of files. If the caches are
bounded, allocated memory stops growing. The index is that of `bench.product`. Writes results/memory.json, from which
`bench.productreport` writes a table.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

from bench import corpora, machine
from bench.drawing import draw
from bench.product import DATA, prepare_index

RESULTS = Path(__file__).parent / "results" / "memory.json"
SEARCHES = (1, 1000, 4000)
"""Numbers of searches after which the memory is measured."""
_SEED = 21


def measure(corpus: str, data: Path) -> dict[str, dict[str, float]]:
    """Search the index of a corpus in a separate process, `bench.resident`. Returns the sizes that it prints."""
    folder = prepare_index(corpus, data, keep=True)
    questions = islice(draw(corpus, data, _SEED), max(SEARCHES))
    lines = "".join(json.dumps([item.text, dict(item.filters)], ensure_ascii=False) + "\n" for item in questions)
    command = [sys.executable, "-m", "bench.resident", str(folder), *map(str, SEARCHES)]
    done = subprocess.run(command, check=True, input=lines, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    sizes: dict[str, dict[str, float]] = json.loads(done.stdout)
    return sizes


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure the memory of a process that searches.")
    # argparse also checks the empty list, which it uses if no corpus is given.
    parser.add_argument("corpus", nargs="*", choices=[*corpora.NAMES, []])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of corpora and indexes, which are kept")
    arguments = parser.parse_args()
    data = arguments.data / corpora.fingerprint()
    record: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    record["machine"] = machine.as_json(machine.describe())
    for corpus in arguments.corpus or [name for name in corpora.NAMES if corpora.is_available(name)]:
        record.setdefault("corpora", {})[corpus] = measure(corpus, data)
        RESULTS.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
