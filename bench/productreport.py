"""Writes PRODUCT.md, the tables of the benchmark of the product, from results/product.json.

python -m bench.productreport
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from bench.product import RESULTS

REPORT = Path(__file__).parent / "PRODUCT.md"
COLUMNS = ("searchkit, all", "searchkit, auto", "searchkit, page", "tantivy", "fts5", "whoosh")
"""Names of the pipelines, in the order of the columns."""
PEERS = ("tantivy", "fts5", "whoosh")
"""Pipelines that searchkit is compared with."""
_MIN_FOUND = 0.99
"""Smallest share of the hits of a phrase that a peer must find for its time to count."""
_OTHER_WORK = "names"
"""Class of questions that are not compared: searchkit reads filters in them, and peers search for words."""

Record = Mapping[str, Any]


def render(record: Record) -> str:
    """Return the page: settings, goals, and one table for each corpus."""
    parts = [_INTRODUCTION, _settings(record)]
    for name, part in record["corpora"].items():
        questions = part["questions"]
        parts += [f"## {name}", _ratios(questions), _table(questions)]
    return "\n\n".join(parts) + "\n"


_INTRODUCTION = """# From the typed query to the page

`python -m bench.product` measures what a user waits for: the processor time from the typed query to ten hits with
snippets, the exact total and four facets, in one process, in turn, warm. The other engines are used as their
documentation shows, with words by rjieba or jieba ([pipelines](pipelines/__init__.py)). All words must occur, except in
the columns *auto*, which is searchkit's default and goes on with hits that have some of the words, and *page*, which is
the default with twenty hits, six facets and the JSON of a page. searchkit finds strings across words, and numbers as
quantities, so totals differ (in brackets). The time of another engine for a phrase counts if it found 99 % of what a
scan finds. Questions that name places or years are not compared, because searchkit reads them as filters."""


def _settings(record: Record) -> str:
    """Return a sentence about the machine and the versions."""
    machine = record["machine"]
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    return f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}; {libraries}."


def _ratios(questions: Sequence[Record]) -> str:
    """Return a table of the time of searchkit relative to each peer: geometric mean and largest ratio."""
    rows = []
    for column in COLUMNS[:2]:
        for peer in PEERS:
            ratios = [_ms(question, column) / _ms(question, peer) for question in questions if _counts(question, peer)]
            if ratios:
                rows.append([column, peer, str(len(ratios)), _number(geometric_mean(ratios)), _number(max(ratios))])
    both = [_ms(question, COLUMNS[1]) / _ms(question, COLUMNS[0]) for question in questions]
    rows.append([COLUMNS[1], COLUMNS[0], str(len(both)), _number(geometric_mean(both)), _number(max(both))])
    return _markdown(["time of", "relative to", "questions", "geometric mean", "largest"], rows)


def _counts(question: Record, peer: str) -> bool:
    """Return whether the time of a peer for a question can be compared."""
    if peer not in question["pipelines"] or question["group"] == _OTHER_WORK:
        return False
    return question["truth"] is None or question["pipelines"][peer]["total"] >= _MIN_FOUND * question["truth"]


def _table(questions: Sequence[Record]) -> str:
    """Return a table of milliseconds and totals, a row for each question."""
    columns = [column for column in COLUMNS if column in questions[0]["pipelines"]]
    rows = []
    for question in questions:
        filters = "".join(f" `{name}:{value}`" for name, value in question["filters"].items())
        total = str(question["pipelines"][columns[0]]["total"])
        rows.append([question["group"], f"{question['text']}{filters}", total, *(_cell(question, c) for c in columns)])
    return _markdown(["kind", "query", "hits", *columns], rows)


def _cell(question: Record, column: str) -> str:
    """Return the milliseconds of a pipeline, with its total if that differs from searchkit's with all words."""
    own, total = (question["pipelines"][name]["total"] for name in (COLUMNS[0], column))
    return _number(_ms(question, column)) + (f" ({total})" if total != own else "")


def _ms(question: Record, column: str) -> float:
    """Return the milliseconds of a pipeline for a question."""
    return float(question["pipelines"][column]["ms"])


def _number(value: float) -> str:
    """Return a number with three significant digits."""
    return f"{value:.3g}"


def _markdown(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown. Columns after the second are numbers."""
    rule = ["---" if number < 2 else "---:" for number in range(len(headers))]  # noqa: PLR2004 - names come first
    return "\n".join(f"| {' | '.join(row)} |" for row in [headers, rule, *rows])


def main() -> None:
    """Write the page."""
    REPORT.write_text(render(json.loads(RESULTS.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
