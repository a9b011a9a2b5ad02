"""Evaluates tables of `compare` against tables that were filled in by reading the reports.

    python -m bench.cells INDEX

`INDEX` is an index of the 773 government work reports (`bench.corpora.REAL`). `cells.json` contains tables, each with
`query`, `rows` (districts), `of_years`, `cells` and `half`: `develop` if the rules were written with this table in
view, otherwise `hold-out`. A labelled cell has `row`, `of_year` and `state`. If it has a value, it also has `value`,
`unit`, `base_value` and `base_unit`. `also` contains other right values, `state_also` other right states. `states`, a
key beside `tables`, explains the states.

A cell of a table has a plain value if its state is one of `PLAIN_STATES`. Such a cell is right if the value is a
labelled one. Otherwise it is wrong and plain: a reader would quote it. A cell without a plain value is right if its
state is a labelled one. Otherwise its verdict is `other`: it states wrongly that there is no value, or a conflict, but
gives nothing wrong to quote. Prints the counts of each table and each failure. Writes results/cells.json.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isclose
from pathlib import Path
from typing import Any, Literal

import searchkit
from searchkit.index import Index
from searchkit.output.json import comparison_to_json

TABLES = Path(__file__).parent / "cells.json"
RESULTS = Path(__file__).parent / "results" / "cells.json"
Verdict = Literal["right", "wrong and plain", "other"]
VERDICTS: tuple[Verdict, ...] = ("right", "wrong and plain", "other")
PLAIN_STATES = ("value", "other_unit")
"""States of cells with one value. In `other_unit`, only the unit differs from that of the table."""
TOLERANCE = 1e-9
"""Largest relative difference of two base values that count as equal."""
_NO_CELL: Mapping[str, Any] = {"state": "missing"}
"""Stands for the cell if the table lacks the row or the column of a label."""


@dataclass(frozen=True, slots=True)
class JudgedCell:
    """A labelled cell, the cell of the table, and the verdict on it."""

    label: Mapping[str, Any]
    cell: Mapping[str, Any]
    verdict: Verdict

    def __str__(self) -> str:
        """Return the verdict, the label and the cell in one line."""
        where = f"{self.label['row']} {self.label['of_year']}"
        return f"{self.verdict}: {where}: {_text(self.label)}, got {_text(self.cell)} “{self.cell.get('quote') or ''}”"


def judge(label: Mapping[str, Any], cell: Mapping[str, Any]) -> Verdict:
    """Return the verdict on a cell, which has the fields of a cell of `compare --format json`."""
    if cell["state"] not in PLAIN_STATES:
        return "right" if cell["state"] in (label["state"], *label.get("state_also", ())) else "other"
    is_right = any(_has_same_value(cell, item) for item in (label, *label.get("also", ())))
    return "right" if is_right else "wrong and plain"


def _has_same_value(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether a cell and a label (or one of its `also`) have equal base values and the same base unit."""
    value, expected = one.get("base_value"), other.get("base_value")
    if value is None or expected is None or _unit(one) != _unit(other):
        return False
    return isclose(value, expected, rel_tol=TOLERANCE)


def _unit(cell: Mapping[str, Any]) -> str:
    """Return the base unit. 微克每立方米 and 微克/立方米 are the same."""
    return str(cell.get("base_unit") or "").replace("每", "/")


def _text(cell: Mapping[str, Any]) -> str:
    """Return the state of a cell, and its value and unit if it has one."""
    value = cell.get("value")
    return str(cell["state"]) if value is None else f"{cell['state']} {value} {cell.get('unit') or ''}".strip()


def judge_table(index: Index, table: Mapping[str, Any]) -> Iterator[JudgedCell]:
    """Build a table from the index, and yield its labelled cells with verdicts."""
    comparison = index.compare(
        table["query"], rows="district", cols="of_year", district=table["rows"], of_year=table["of_years"]
    )
    cells: Any = comparison_to_json(comparison)["cells"]
    by_key = {(str(cell["row"]), str(cell["col"])): cell for cell in cells}
    for label in table["cells"]:
        cell = by_key.get((label["row"], str(label["of_year"])), _NO_CELL)
        yield JudgedCell(label, cell, judge(label, cell))


def main() -> None:
    """Judge all tables, and print the counts and the failures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("index", help="index of the government work reports")
    tables = json.loads(TABLES.read_text(encoding="utf-8"))["tables"]
    results: list[dict[str, Any]] = []
    total: Counter[Verdict] = Counter()
    with searchkit.open(parser.parse_args().index) as index:
        for table in tables:
            judged = list(judge_table(index, table))
            counts = Counter(item.verdict for item in judged)
            total += counts
            failures = [str(item) for item in judged if item.verdict != "right"]
            names = {"query": table["query"], "half": table["half"]}
            results.append({**names, **{verdict: counts[verdict] for verdict in VERDICTS}, "failures": failures})
            print(table["query"], dict(counts), *failures, sep="\n  ")
    summary = {verdict: total[verdict] for verdict in VERDICTS}
    RESULTS.write_text(
        json.dumps({"all": summary, "tables": results}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    print(summary)


if __name__ == "__main__":
    main()
