"""Writes PRODUCT.md, the tables of the benchmarks of the product, from their files in results/.

    python -m bench.productreport

`bench.product` measures searches, `bench.shares` the parts of a search, `bench.floor` the least time that it can take,
`bench.cold` cold commands, `bench.concurrency` several cores, and `bench.memory` memory. The file of `bench.product`
must exist. The page has a section for each of the other files that exists.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, geometric_mean
from typing import Any

from bench.cold import THREADED_FLOOR
from bench.product import RESULTS

REPORT = Path(__file__).parent / "PRODUCT.md"
COLUMNS = (
    *("searchkit, all", "searchkit, auto", "searchkit, page"),
    *("tantivy", "tantivy, same tokens", "tantivy, no snippets", "fts5", "whoosh"),
)
"""Names of the pipelines, in the order of the columns. A pipeline is a way to use an engine from the typed query to the
page."""
PEERS = COLUMNS[3:]
"""Names of the pipelines that searchkit is compared with."""
_ALL, _AUTO = COLUMNS[:2]
_TANTIVY, _SAME_TOKENS, _NO_SNIPPETS = PEERS[:3]
_PRODUCT_GOALS = {"gov": "1.5", "100k": "1.0", "1m": "0.6"}
"""The goals of the pipeline `searchkit, all`, by corpus: the maximum of the geometric mean of its times relative to
tantivy."""
_LONGEST_GOALS = {"gov": "≤ 1.5 ms"}
"""The goal of the longest search, by corpus."""
_PEER_GOALS = {"fts5": "≤ 0.1", "whoosh": "≤ 0.01"}
"""The goals of `searchkit, all` on the corpus 100k, by the pipeline that it is compared with: the maximum of the
geometric mean of its times relative to this pipeline."""
_COLD_GOAL = 40
"""Goal for a cold search, in ms: the maximum of its processor time minus that of the floor, a process that only imports
libraries."""
_MIN_FOUND = 0.99
"""Smallest share of the hits of a phrase that a peer must find for its time to count."""
_OTHER_WORK = "names"
"""Class of questions that are not compared: searchkit reads filters in them, and peers search for words."""

Record = Mapping[str, Any]


def render(record: Record, others: Mapping[str, Record]) -> str:
    """Return the page: settings, goals, two tables for each corpus, and the sections of the other benchmarks.

    `others`: the records of those benchmarks by the names of their files.
    """
    parts = [_INTRODUCTION, _settings(record), "## Goals", _goals(record, others.get("cold"))]
    for name, part in record["corpora"].items():
        questions = part["questions"]
        parts += [f"## {name}", _ratios(questions), _table(questions)]
    for name, (text, tables) in _SECTIONS.items():
        if name in others:
            parts += [text, *tables(others[name])]
    return "\n\n".join(parts) + "\n"


_INTRODUCTION = """# From the typed query to the page

`python -m bench.product` measures what a user waits for: the processor time from the typed query to ten hits with
snippets, the exact total and four facets, in one process, in turn, warm. The other engines are used as their
documentation shows, with words by rjieba or jieba ([pipelines](pipelines/__init__.py)). All words must occur, except in
two columns: *auto* is searchkit's default, which goes on with hits that have some of the words; *page* is this default
with twenty hits, six facets and the JSON of a page. searchkit finds strings across words, and numbers as
quantities, so totals differ (in brackets). With rjieba's words, a word is not found inside a longer one (执法 in
行政执法). So there is also tantivy with the tokens of searchkit's analyzer (*same tokens*), and the same without
snippets (*no snippets*). The goals compare words with *same tokens*, and quoted phrases with *tantivy*. The time of
another engine for a phrase counts if it found 99 % of what a scan finds. Questions that name places or years are not
compared, because searchkit reads them as filters. Whoosh does not index 1m, which would take hours."""


def _goals(record: Record, cold: Record | None) -> str:
    """Return a table of the goals and of what was measured for them."""
    rows: list[list[str]] = []
    for corpus, goal in _PRODUCT_GOALS.items():
        ratios = [
            *_compare(record, corpus, _ALL, _SAME_TOKENS, _is_words),
            *_compare(record, corpus, _ALL, _TANTIVY, _is_phrase),
        ]
        _add_goal(rows, f"{corpus}: all words, relative to tantivy", f"≤ {goal}", ratios)
    for corpus, part in record["corpora"].items():
        slowest = [max(_ms(question, name) for question in part["questions"]) for name in (_ALL, _AUTO)]
        goal = _LONGEST_GOALS.get(corpus, "")
        measured = " / ".join(map(_number, slowest))
        rows.append([f"{corpus}: longest search, all words / auto", goal, f"{measured} ms", ""])
    phrases = _compare(record, "100k", _ALL, _TANTIVY, lambda question: _is_phrase(question) and question["words"] > 1)
    _add_goal(rows, "100k: quoted phrases of several words, relative to tantivy", "≤ 1.5", phrases)
    words = _compare(record, "100k", _ALL, _NO_SNIPPETS, _is_words)
    _add_goal(rows, "100k: words, relative to tantivy without snippets", "≤ 1.0, largest ≤ 4", words)
    for peer, goal in _PEER_GOALS.items():
        _add_goal(rows, f"100k: all words, relative to {peer}", goal, _compare(record, "100k", _ALL, peer))
    for corpus in record["corpora"]:
        _add_goal(rows, f"{corpus}: auto, relative to all words", "≤ 1.15", _compare(record, corpus, _AUTO, _ALL))
    if "build" in record:
        build = record["build"]["searchkit"] / record["build"]["tantivy"]
        rows.append(["indexing on two processes, the same tokens, relative to tantivy", "≤ 1.0", _number(build), ""])
    if cold is not None:
        excess = cold["commands"]["search"]["excess_cpu_ms"]
        rows.append(["a cold `searchkit search` over the floor", f"≤ {_COLD_GOAL} ms", f"{_number(excess)} ms", ""])
        excess -= cold["commands"][THREADED_FLOOR]["excess_cpu_ms"]
        floor = "the floor with NumPy's threads"
        rows.append([f"the same over {floor}", f"≤ {_COLD_GOAL} ms", f"{_number(excess)} ms", ""])
    return _markdown(["processor time", "goal", "measured", "largest"], rows)


def _is_words(question: Record) -> bool:
    """Return whether a question consists of words, and is not a quoted phrase."""
    return not _is_phrase(question)


def _is_phrase(question: Record) -> bool:
    """Return whether a question is a quoted phrase. `truth` is the number of its hits by a scan, None for words."""
    return question["truth"] is not None


def _compare(
    record: Record, corpus: str, column: str, peer: str, is_chosen: Callable[[Record], bool] = lambda _: True
) -> list[float]:
    """Return the time of a pipeline relative to another for each comparable question that is chosen."""
    questions = record["corpora"].get(corpus, {"questions": []})["questions"]
    chosen = [item for item in questions if is_chosen(item) and _is_comparable(item, peer)]
    return [_ms(item, column) / _ms(item, peer) for item in chosen]


def _add_goal(rows: list[list[str]], name: str, goal: str, ratios: Sequence[float]) -> None:
    """Append a row with the geometric mean and the largest of some ratios, unless there are none."""
    if ratios:
        rows.append([f"{name} ({len(ratios)})", goal, _number(geometric_mean(ratios)), _number(max(ratios))])


def _settings(record: Record) -> str:
    """Return a sentence about the machine and the versions."""
    machine = record["machine"]
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    return f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}; {libraries}."


def _ratios(questions: Sequence[Record]) -> str:
    """Return a table of relative times: geometric mean and largest ratio.

    They are the times of searchkit relative to each peer, of *auto* relative to *all*, and the wall time of *all*
    relative to its processor time.
    """
    rows = []
    for column in COLUMNS[:2]:
        for peer in PEERS:
            ratios = [
                _ms(question, column) / _ms(question, peer) for question in questions if _is_comparable(question, peer)
            ]
            if ratios:
                rows.append([column, peer, str(len(ratios)), _number(geometric_mean(ratios)), _number(max(ratios))])
    both = [_ms(question, _AUTO) / _ms(question, _ALL) for question in questions]
    rows.append([_AUTO, _ALL, str(len(both)), _number(geometric_mean(both)), _number(max(both))])
    walls = [
        question["pipelines"][_ALL]["wall_ms"] / _ms(question, _ALL)
        for question in questions
        if "wall_ms" in question["pipelines"][_ALL]
    ]
    if walls:
        row = [f"{_ALL}, wall time", "its processor time", str(len(walls))]
        rows.append([*row, _number(geometric_mean(walls)), _number(max(walls))])
    return _markdown(["time of", "relative to", "questions", "geometric mean", "largest"], rows)


def _is_comparable(question: Record, peer: str) -> bool:
    """Return whether the time of a peer for a question can be compared. That of a pipeline of searchkit always can.

    A peer must have answered the question. The question must not be of the class `_OTHER_WORK`. For a phrase, the peer
    must have found at least `_MIN_FOUND` of its hits.
    """
    if peer in (_ALL, _AUTO):
        return True
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


def _share_tables(record: Record) -> list[str]:
    """Return a table for each corpus: milliseconds of each part of a search by class, and the share of each part."""
    tables = []
    for corpus, groups in record["corpora"].items():
        parts = [name for name in groups["all"] if name not in ("total", "wall")]
        whole = sum(groups["all"][name] for name in parts)
        rows = [[group, *(_number(item[name]) for name in (*parts, "total", "wall"))] for group, item in groups.items()]
        rows.append(["share", *(f"{groups['all'][name] / whole:.0%}" for name in parts), "", ""])
        headers = [f"{corpus}, ms", *parts, "search", "wall"]
        tables.append(_markdown(headers, rows, names=1))
    return tables


def _floor_tables(record: Record) -> list[str]:
    """Return a table for each corpus: means over the questions of a class.

    A sentence follows it about the questions that are compared with tantivy, if there are any.
    """
    parts = []
    for corpus, part in record["corpora"].items():
        groups: dict[str, list[Record]] = {}
        for question in part["questions"]:
            groups.setdefault(question["group"], []).append(question)
        rows = [_floor_row(group, items) for group, items in {**groups, "all": part["questions"]}.items()]
        parts.append(_markdown([f"{corpus}, ms", *_FLOOR_COLUMNS], rows, names=1))
        compared = [item for item in part["questions"] if item["tantivy"] and item["group"] != _OTHER_WORK]
        if compared:
            floor = geometric_mean((item["arrays"] + item["calls"]) / item["tantivy"] for item in compared)
            search = geometric_mean(item["search"] / item["tantivy"] for item in compared)
            parts.append(
                f"{corpus}: the floor takes {_number(floor)} times as long as tantivy, the search {_number(search)} "
                f"times (geometric means of {len(compared)} questions)."
            )
    return parts


_FLOOR_COLUMNS = (
    *("search", "tantivy", "floor", "arrays", "fixed", "calls", "rest"),
    *("array operations", "Python calls", "C calls"),
)
"""Headers of the columns of the table of the floor."""


def _floor_row(group: str, questions: Sequence[Record]) -> list[str]:
    """Return a row of the table of the floor: means over some questions.

    The time of tantivy is empty if a question has none, or is of the class `_OTHER_WORK`.
    """

    def mean(name: str) -> float:
        """Return the mean of a field."""
        return fmean(float(item[name]) for item in questions)

    floor = mean("arrays") + mean("calls")
    has_tantivy = all(item["tantivy"] and item["group"] != _OTHER_WORK for item in questions)
    milliseconds = [floor, mean("arrays"), mean("fixed"), mean("calls"), mean("search") - floor]
    return [
        group,
        _number(mean("search")),
        _number(mean("tantivy")) if has_tantivy else "",
        *map(_number, milliseconds),
        *(f"{mean(name):.0f}" for name in ("operations", "python", "c")),
    ]


def _cold_tables(record: Record) -> list[str]:
    """Return a table of the times of the commands, in milliseconds."""
    fields = ("cpu_ms", "excess_cpu_ms", "wall_ms", "excess_wall_ms")
    rows = [[name, *(f"{item[field]:.0f}" for field in fields)] for name, item in record["commands"].items()]
    return [_markdown(["command", "processor, ms", "over the floor", "wall, ms", "over the floor"], rows, names=1)]


def _concurrency_tables(record: Record) -> list[str]:
    """Return a table of all corpora: a row for each number of threads or processes."""
    columns = list(record["corpora"])
    rows = [
        [
            name,
            *(_number(record["corpora"][corpus][name]["per_second"]) for corpus in columns),
            *(_number(record["corpora"][corpus][name]["cpu_ms"]) for corpus in columns),
        ]
        for name in record["corpora"][columns[0]]
    ]
    headers = ["workers", *(f"{name}, 1/s" for name in columns), *(f"{name}, processor ms" for name in columns)]
    return [_markdown(headers, rows, names=1)]


def _memory_tables(record: Record) -> list[str]:
    """Return a table of all corpora: resident and allocated MB after each step."""
    steps = list(next(iter(record["corpora"].values())))
    rows = [
        [corpus, *(f"{sizes[step]['resident_mb']:.0f} ({sizes[step]['allocated_mb']:.0f})" for step in steps)]
        for corpus, sizes in record["corpora"].items()
    ]
    return [_markdown(["corpus", *steps], rows, names=1)]


_SECTIONS = {
    "shares": (
        """## Parts of a search

`python -m bench.shares`: processor time of each part of a search with the default options, ten hits and four facets,
means over the questions of a class. *snippets* includes the records of the hits, *other* options, filters and
suggestions; *render* is the JSON of the results and not part of *search*.""",
        _share_tables,
    ),
    "floor": (
        """## The floor

`python -m bench.floor`: what the array operations and the calls of a search take alone, without the code between them:
words that must all occur, ten hits with snippets, and four facets. *arrays* are all operations on arrays of a recorded
search, each repeated on the same arrays; *fixed* is the part of them that remains with the smallest arrays. *calls* are
the other calls, each with the time of one that does nothing. A search with these operations and calls takes at least
*floor*, the sum of arrays and calls. *rest* is the byte code of the functions, and work on strings and objects.
Compiled code could save *rest*, *calls* and *fixed*; other algorithms what is left of *arrays*. Times are the fastest
of several runs, means over the questions of a class.""",
        _floor_tables,
    ),
    "cold": (
        """## Cold commands

`python -m bench.cold INDEX`: a process that starts, answers and ends, on the real reports, beside the floor
`python -c "import numpy, click"` and beside ripgrep, which counts the lines with a string. Medians of runs in turn, and
of the differences to the floor of the same round. NumPy's threads, which searchkit switches off, are off in all of them
but one.""",
        _cold_tables,
    ),
    "concurrency": (
        """## Several cores

`python -m bench.concurrency`: different searches per second of wall time with the default options, ten hits with
snippets and four facets, and the processor time of a search. Threads share an index, processes open their own.""",
        _concurrency_tables,
    ),
    "memory": (
        """## Memory

`python -m bench.memory`: resident MB of a process that searches, and in brackets the allocated part: the rest are pages
of the index and of libraries, which the system can drop. All searches are different.""",
        _memory_tables,
    ),
}
"""By the name of the file of a benchmark, the text of its section and the function that returns its tables."""


def _ms(question: Record, column: str) -> float:
    """Return the milliseconds of a pipeline for a question."""
    return float(question["pipelines"][column]["ms"])


def _number(value: float) -> str:
    """Return a number with at most three significant digits."""
    return f"{value:.3g}"


def _markdown(headers: Sequence[str], rows: Iterable[Sequence[str]], names: int = 2) -> str:
    """Return a table in Markdown. The first `names` columns are texts, the others numbers, aligned to the right."""
    rule = ["---" if number < names else "---:" for number in range(len(headers))]
    return "\n".join(f"| {' | '.join(row)} |" for row in [headers, rule, *rows])


def main() -> None:
    """Write the page."""
    files = {name: RESULTS.with_name(f"{name}.json") for name in _SECTIONS}
    others = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in files.items() if path.exists()}
    REPORT.write_text(render(json.loads(RESULTS.read_text(encoding="utf-8")), others), encoding="utf-8")


if __name__ == "__main__":
    main()
