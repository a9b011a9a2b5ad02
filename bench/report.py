"""Writes the tables of README.md and the plot from a result file.

python -m bench.report [--name NAME]
"""

from __future__ import annotations

import argparse
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import geometric_mean, median

from bench.corpora import GENERATED
from bench.figures import SEARCHKIT, Record, groups, milliseconds, queries_in, ratio, searched_corpora

README = Path(__file__).parent / "README.md"
RESULTS = Path(__file__).parent / "results"
PLOT = "searches.svg"
"""Name of the plot in `RESULTS`."""
PRODUCT, TANTIVY, TANTIVY_BIGRAMS = "searchkit, product", "tantivy", "tantivy, bigrams"
"""Names of engines in result files: `Index.search` with the text of the query, tantivy on searchkit's tokens, and
tantivy on bigrams of characters, for phrases only. `SEARCHKIT` is searchkit's engine alone, with a prepared query."""
WORD_ENGINES = (SEARCHKIT, PRODUCT, TANTIVY, "tantivy, plain topics", "SQLite FTS5", "whoosh", "bm25s")
"""Engines in the tables of all queries other than phrases, in the order of the columns. In "tantivy, plain topics", all
topics are in one multi-valued column; in "tantivy", they are in several single-valued columns, which is faster if there
are many matches."""
PHRASE_ENGINES = (SEARCHKIT, PRODUCT, TANTIVY, TANTIVY_BIGRAMS, "SQLite FTS5", "whoosh", "ripgrep")
"""Engines in the tables of phrases, in the order of the columns."""

_TITLES = {"bigrams": TANTIVY_BIGRAMS, "fts5": "SQLite FTS5"}
"""Names of engines in the tables, by module in `bench.peers`. Other engines have the name of their module."""

_GENERATED = re.compile(r"(?<=<!-- results: python -m bench.report -->\n).*?(?=<!-- end of results -->)", re.DOTALL)
"""The part of README.md between the two comments, which `main` replaces."""


def render(record: Record) -> str:
    """Return all tables of a record as Markdown."""
    corpora = searched_corpora(record)
    parts = [_machine(record), _goals(record, corpora)]
    for name, part in corpora.items():
        parts += [
            f"### Searches: {_title(name, part)}",
            _words(part, record),
            _phrases(part, record),
            _disagreements(part),
        ]
    parts += ["### Growth", _growth(corpora)]
    parts += ["### Indexing, size and memory", _indexing(record), _builds(corpora)]
    parts += ["### Commands", _commands(record), f"![Search times by class of queries](results/{PLOT})"]
    return "\n\n".join(part for part in parts if part) + "\n"


def _machine(record: Record) -> str:
    """Return sentences about the date, the machine, the versions and the settings of a run."""
    machine, settings = record["machine"], record["settings"]
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    return (
        f"Measured {settings['measured']}: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']:.0f} GB, "
        f"{machine['system']}, Python {machine['python']}; {libraries}. Memory of one thread: "
        f"{machine['read_gb_s']} GB/s reading, {machine['copy_gb_s']} GB/s copying. Medians of up to "
        f"{settings['rounds']} rounds; {settings['hits']} hits, {settings['values']} values per facet; "
        f"seed {settings['seed']}. "
        f"Not installed and skipped: {', '.join(settings['skipped']) or 'none'}."
    )


def _goals(record: Record, corpora: Mapping[str, Record]) -> str:
    """Return the section with the table of goals and measured values."""
    rows = [row for name, part in corpora.items() for row in _search_goals(name, part)]
    return "### Goals\n\n" + _table(("", "goal", "measured"), [*rows, *_command_goals(record)])


def _search_goals(name: str, part: Record) -> Iterator[Sequence[object]]:
    """Yield rows about the searches and the index of a corpus: what is measured, goal, measured value."""
    word_ratios = _ratios(part, TANTIVY, phrases=False)
    if word_ratios:
        worst = max(word_ratios, key=lambda group: word_ratios[group])
        mean = geometric_mean(word_ratios.values())
        yield f"faceted searches, {name}: time relative to tantivy, geometric mean", "≤ 0.5", mean
        yield f"faceted searches, {name}: time relative to tantivy, worst class ({worst})", "≤ 1", word_ratios[worst]
    for peer in (TANTIVY, TANTIVY_BIGRAMS):
        if phrase_ratios := _ratios(part, peer, phrases=True):
            yield f"exact phrases, {name}: time relative to {peer}", "≤ 1", geometric_mean(phrase_ratios.values())
    if whoosh_ratios := _ratios(part, "whoosh", phrases=False):
        yield f"faceted searches, {name}: speed relative to Whoosh", "≥ 200", 1 / geometric_mean(whoosh_ratios.values())
    if SEARCHKIT in part["builds"]:
        yield f"index, {name}: size relative to the text", "≤ 2.2", _size(part, SEARCHKIT)


def _ratios(part: Record, peer: str, *, phrases: bool) -> dict[str, float]:
    """Return the time of searchkit divided by that of a peer, for each class with a query that can be compared."""
    ratios = {group: ratio(part, group, peer) for group in groups(part, phrases=phrases)}
    return {group: value for group, value in ratios.items() if value}


def _command_goals(record: Record) -> Iterator[Sequence[object]]:
    """Yield rows about indexing and the commands: what is measured, goal, measured value."""
    seconds = record.get("indexing", {}).get("seconds", {})
    for processes in (1, 2):
        if f"{SEARCHKIT}, {processes}" in seconds and f"{TANTIVY}, {processes}" in seconds:
            speed = seconds[f"{TANTIVY}, {processes}"] / seconds[f"{SEARCHKIT}, {processes}"]
            yield (
                f"indexing (processes: {processes}): speed relative to tantivy",
                "≥ 1",
                speed,
            )
    commands = record.get("commands", {})
    if {"10k", "1m"} <= commands.get("opening", {}).keys():
        opening = commands["opening"]
        yield (
            "opening an index: time at 1m relative to 10k",
            "≤ 1.5",
            opening["1m"]["open_ms"] / opening["10k"]["open_ms"],
        )
    for name, cold in commands.get("cold", {}).items():
        yield (f"cold `searchkit search`, {name}, seconds", "≤ 0.25", cold["search_ms"] / 1000)
    for name, changed in commands.get("changed", {}).items():
        yield (f"one changed file of {changed['files']}, {name}, seconds", "≤ 1", median(changed["changed_s"]))


def _words(part: Record, record: Record) -> str:
    """Return the table of search times of all classes of queries other than phrases."""
    names = _present(part, WORD_ENGINES)
    rows = []
    for group in groups(part, phrases=False):
        times = [milliseconds(part, group, name) for name in names]
        rows.append((group, *times, ratio(part, group, TANTIVY), _bound(part, group, record)))
    return _table(("milliseconds", *names, "searchkit / tantivy", "bound"), rows)


def _phrases(part: Record, record: Record) -> str:
    """Return the table of search times of phrases, and the table of their hits."""
    names = _present(part, PHRASE_ENGINES)
    rows = []
    for group in groups(part, phrases=True):
        times = [milliseconds(part, group, name) for name in names]
        ratios = (ratio(part, group, TANTIVY), ratio(part, group, TANTIVY_BIGRAMS))
        rows.append((group, *times, *ratios, _bound(part, group, record)))
    header = ("milliseconds", *names, "searchkit / tantivy", "searchkit / bigrams", "bound")
    return _table(header, rows) + "\n\n" + _phrase_hits(part, names)


def _phrase_hits(part: Record, names: Sequence[str]) -> str:
    """Return a table with the number of hits of each phrase: in a scan of the texts, and with each engine."""
    rows = []
    for query in part["queries"]:
        if query["kind"] == "phrase":
            totals = [query["engines"].get(name, {}).get("total", "") for name in names]
            rows.append((query["words"][0], query["truth"], *totals))
    return _table(("hits of", "plain scan", *names), rows)


def _disagreements(part: Record) -> str:
    """Return the list of queries for which engines return different totals or facet counts, or say that all agree."""
    if not part["disagreements"]:
        return "All engines return equal totals and facet counts for all queries other than phrases."
    return "**Engines disagree:**\n\n" + "\n".join(f"- {text}" for text in part["disagreements"])


def _bound(part: Record, group: str, record: Record) -> float | None:
    """Return the milliseconds that reading the bytes of a search takes at least, or None if the bytes are not known.

    The bytes are those that a query must read (`bound.min_bytes`): the geometric mean over the queries of the class.
    The bandwidth is that of reading or that of copying, whichever is higher.
    """
    lower_bounds = [query["bytes"] for query in queries_in(part, group) if query["bytes"]]
    gb_s = max(record["machine"]["read_gb_s"], record["machine"]["copy_gb_s"])
    return geometric_mean(lower_bounds) / gb_s / 1e6 if lower_bounds else None


def _growth(corpora: Mapping[str, Record]) -> str:
    """Return the table of growth exponents, from the smallest generated corpus to the largest; empty without two sizes.

    With exponent e, the time is proportional to the number of paragraphs to the power of e.
    """
    sized = sorted((part["paragraphs"], name) for name, part in corpora.items() if name in GENERATED)
    if len(sized) < 2:  # noqa: PLR2004 - growth needs two sizes
        return ""
    (low, smallest), (high, largest) = sized[0], sized[-1]
    names = [
        name for name in _present(corpora[largest], WORD_ENGINES) if name in _present(corpora[smallest], WORD_ENGINES)
    ]
    rows = []
    for group in groups(corpora[largest], phrases=False):
        row: list[object] = [group]
        for name in names:
            first, last = (milliseconds(corpora[size], group, name) for size in (smallest, largest))
            row.append(math.log(last / first) / math.log(high / low) if first and last else None)
        rows.append(row)
    return (
        f"Growth exponents of the time from {low:,} to {high:,} paragraphs: 1 is linear, 0 is constant.\n\n"
        + _table(("class", *names), rows)
    )


def _indexing(record: Record) -> str:
    """Return the table of indexing times, empty if they were not measured."""
    part = record.get("indexing")
    if not part:
        return ""
    rows = []
    for key, seconds in part["seconds"].items():
        engine, _, processes = key.rpartition(", ")
        rows.append((engine, processes, seconds, f"{part['paragraphs'] / seconds:,.0f}"))
    caption = f"{part['paragraphs']:,} generated paragraphs, word segmentation included."
    return caption + "\n\n" + _table(("engine", "processes", "seconds", "paragraphs/s"), rows)


def _builds(corpora: Mapping[str, Record]) -> str:
    """Return the table of the sizes of indexes and of the memory for building and searching, empty without indexes."""
    rows = []
    for name, part in corpora.items():
        for engine, build in part["builds"].items():
            memory = part.get("memory", {}).get(engine, {})
            own = (build["resident_mb"], build["own_mb"], memory.get("resident_mb"), memory.get("own_mb"))
            rows.append((name, _TITLES.get(engine, engine), _size(part, engine), *own))
    if not rows:
        return ""
    header = (
        "corpus",
        "engine",
        "index / text",
        "building: resident MB",
        "allocated",
        "searching: resident MB",
        "allocated",
    )
    return _table(header, rows)


def _commands(record: Record) -> str:
    """Return the table of the times of commands, empty if they were not measured."""
    part = record.get("commands", {})
    rows: list[Sequence[object]] = []
    for name, opening in part.get("opening", {}).items():
        rows.append((f"open an index, {name}", f"{_number(opening['open_ms'])} ms"))
        rows.append((f"open an index and answer a first query, {name}", f"{_number(opening['answer_ms'])} ms"))
    for name, cold in part.get("cold", {}).items():
        rows.append((f"`searchkit search` with four facets, {name}", f"{_number(cold['search_ms'])} ms"))
        rows.append(("an empty Python process", f"{_number(cold['python_ms'])} ms"))
    real = part.get("real", {})
    for jobs in ("1 jobs", "2 jobs"):
        if jobs in real:
            speed = f"{real[jobs]['mb_s']} MB/s, {real[jobs]['resident_mb']:.0f} MB resident"
            rows.append((f"`searchkit build` of real reports, {real['text_mb']} MB, {jobs}", speed))
    for name, changed in part.get("changed", {}).items():
        rows.append(
            (
                f"first `searchkit build` of {changed['files']} files, {name}, 2 jobs",
                f"{changed['first']['seconds']:.0f} s",
            )
        )
        rows.append(
            (f"`searchkit build` after one file has changed, {name}", f"{_number(median(changed['changed_s']))} s")
        )
        rows.append((f"`searchkit build` after no file has changed, {name}", f"{_number(changed['unchanged_s'])} s"))
    return _table(("", ""), rows) if rows else ""


def _size(part: Record, engine: str) -> float:
    """Return the size of the index of an engine divided by that of the text in UTF-8."""
    return float(part["builds"][engine]["bytes"] / part["text_bytes"])


def _title(name: str, part: Record) -> str:
    """Return the name, size and kind of a corpus for a heading."""
    kind = "real reports" if name == "gov" else "generated"
    return f"{name}, {part['paragraphs']:,} paragraphs, {kind}"


def _present(part: Record, names: Sequence[str]) -> list[str]:
    """Return the engines of `names` with a result for some query of a corpus."""
    return [name for name in names if any(name in query["engines"] for query in part["queries"])]


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table. All columns but the first are aligned to the right."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join(f"| {' | '.join(map(_number, line))} |" for line in lines)


def _number(value: object) -> str:
    """Format a float with at most three significant digits (from 1000 on, as an integer), None as an empty string."""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"  # noqa: PLR2004 - as the docstring says
    return "" if value is None else str(value)


def latest() -> Path:
    """Return the path of the latest record by its name, a date. Raises FileNotFoundError if there is none."""
    paths = sorted(RESULTS.glob("????-??-??.json"))
    if not paths:
        raise FileNotFoundError(f"no results in {RESULTS}; create them with: make bench")
    return paths[-1]


def main() -> None:
    """Run the command line."""
    from bench.plot import draw  # noqa: PLC0415 - only the plot needs matplotlib

    parser = argparse.ArgumentParser(description="Write the tables of README.md and the plot from a result file.")
    parser.add_argument("--name", help="name of the result file, by default the latest")
    arguments = parser.parse_args()
    path = RESULTS / f"{arguments.name}.json" if arguments.name else latest()
    record = json.loads(path.read_text(encoding="utf-8"))
    text = _GENERATED.sub(lambda _: render(record), README.read_text(encoding="utf-8"))
    README.write_text(text, encoding="utf-8")
    draw(record, RESULTS / PLOT)


if __name__ == "__main__":
    main()
