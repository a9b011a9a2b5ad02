"""Committed results to the tables of README.md and a plot: no figure there is typed by hand.

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
from bench.figures import OURS, Record, groups, in_group, milliseconds, ratio, searched

README = Path(__file__).parent / "README.md"
RESULTS = Path(__file__).parent / "results"
PLOT = "searches.svg"
PRODUCT, THEIRS, EXACT = "searchkit, product", "tantivy", "tantivy, bigrams"
WORD_ENGINES = (OURS, PRODUCT, THEIRS, "tantivy, plain topics", "SQLite FTS5", "whoosh", "bm25s")
PHRASE_ENGINES = (OURS, PRODUCT, THEIRS, EXACT, "SQLite FTS5", "whoosh", "ripgrep")

_TITLES = {"bigrams": EXACT, "fts5": "SQLite FTS5"}  # names of modules that are reported under others

_BETWEEN = re.compile(r"(?<=<!-- figures: python -m bench.report -->\n).*?(?=<!-- end of figures -->)", re.DOTALL)


def render(record: Record) -> str:
    """All tables of a record, as Markdown."""
    corpora = searched(record)
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
    parts += ["### Commands", _commands(record), f"![Times by class of queries](results/{PLOT})"]
    return "\n\n".join(part for part in parts if part) + "\n"


def _machine(record: Record) -> str:
    machine, settings = record["machine"], record["settings"]
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    return (
        f"Measured {settings['measured']}: {machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']:.0f} GB, "
        f"{machine['system']}, Python {machine['python']}; {libraries}. Memory of one thread: "
        f"{machine['read_gb_s']} GB/s reading, {machine['copy_gb_s']} GB/s copying. Medians of up to "
        f"{settings['rounds']} rounds; {settings['hits']} hits, {settings['values']} values a facet; "
        f"seed {settings['seed']}. "
        f"Not installed, so left out: {', '.join(settings['skipped']) or 'nothing'}."
    )


def _goals(record: Record, corpora: Mapping[str, Record]) -> str:
    rows = [row for name, part in corpora.items() for row in _search_goals(name, part)]
    return "### Goals\n\n" + _table(("", "goal", "measured"), [*rows, *_command_goals(record)])


def _search_goals(name: str, part: Record) -> Iterator[Sequence[object]]:
    faceted = _ratios(part, THEIRS, phrases=False)
    if faceted:
        worst = max(faceted, key=lambda group: faceted[group])
        mean = geometric_mean(faceted.values())
        yield f"faceted searches, {name}: time to tantivy's, geometric mean", "≤ 0.5", mean
        yield f"faceted searches, {name}: the class that does worst ({worst})", "≤ 1", faceted[worst]
    for peer in (THEIRS, EXACT):
        if strings := _ratios(part, peer, phrases=True):
            yield f"exact phrases, {name}: time to that of {peer}", "≤ 1", geometric_mean(strings.values())
    if slow := _ratios(part, "whoosh", phrases=False):
        yield f"faceted searches, {name}: times faster than Whoosh", "≥ 200", 1 / geometric_mean(slow.values())
    if OURS in part["builds"]:
        yield f"index, {name}: size to that of the text", "≤ 2.2", _size(part, OURS)


def _ratios(part: Record, peer: str, *, phrases: bool) -> dict[str, float]:
    """Time to a peer's by class of queries, where there is one."""
    found = {group: ratio(part, group, peer) for group in groups(part, phrases=phrases)}
    return {group: value for group, value in found.items() if value}


def _command_goals(record: Record) -> Iterator[Sequence[object]]:
    seconds = record.get("indexing", {}).get("seconds", {})
    for processes in (1, 2):
        if f"{OURS}, {processes}" in seconds and f"{THEIRS}, {processes}" in seconds:
            speed = seconds[f"{THEIRS}, {processes}"] / seconds[f"{OURS}, {processes}"]
            yield (f"indexing on {processes} of the cores: speed to tantivy's", "≥ 1", speed)
    commands = record.get("commands", {})
    if {"10k", "1m"} <= commands.get("opening", {}).keys():
        opening = commands["opening"]
        yield ("opening an index: 1m to 10k", "≤ 1.5", opening["1m"]["open_ms"] / opening["10k"]["open_ms"])
    for name, cold in commands.get("cold", {}).items():
        yield (f"cold `searchkit search`, {name}, seconds", "≤ 0.25", cold["search_ms"] / 1000)
    for name, changed in commands.get("changed", {}).items():
        yield (f"one changed file of {changed['files']}, {name}, seconds", "≤ 1", median(changed["changed_s"]))


def _words(part: Record, record: Record) -> str:
    names = _present(part, WORD_ENGINES)
    rows = []
    for group in groups(part, phrases=False):
        times = [milliseconds(part, group, name) for name in names]
        rows.append((group, *times, ratio(part, group, THEIRS), _bound(part, group, record)))
    return _table(("milliseconds", *names, "searchkit / tantivy", "bound"), rows)


def _phrases(part: Record, record: Record) -> str:
    names = _present(part, PHRASE_ENGINES)
    rows = []
    for group in groups(part, phrases=True):
        times = [milliseconds(part, group, name) for name in names]
        ratios = (ratio(part, group, THEIRS), ratio(part, group, EXACT))
        rows.append((group, *times, *ratios, _bound(part, group, record)))
    heads = ("milliseconds", *names, "searchkit / tantivy", "searchkit / bigrams", "bound")
    return _table(heads, rows) + "\n\n" + _misses(part, names)


def _misses(part: Record, names: Sequence[str]) -> str:
    """Hits found of all that a plain scan finds, for each string."""
    rows = []
    for query in part["queries"]:
        if query["kind"] == "phrase":
            found = [query["engines"].get(name, {}).get("total", "") for name in names]
            rows.append((query["words"][0], query["truth"], *found))
    return _table(("hits of", "plain scan", *names), rows)


def _disagreements(part: Record) -> str:
    if not part["disagreements"]:
        return "Totals and facet counts of all engines are equal for every query that is not a phrase."
    return "**Engines disagree:**\n\n" + "\n".join(f"- {text}" for text in part["disagreements"])


def _bound(part: Record, group: str, record: Record) -> float | None:
    """Milliseconds that the bytes of the model take at the measured bandwidth; geometric mean over the class."""
    touched = [query["bytes"] for query in in_group(part, group) if query["bytes"]]
    gb_s = max(record["machine"]["read_gb_s"], record["machine"]["copy_gb_s"])
    return geometric_mean(touched) / gb_s / 1e6 if touched else None


def _growth(corpora: Mapping[str, Record]) -> str:
    """By which power of the number of paragraphs times grow from the smallest generated corpus to the largest."""
    sized = sorted((part["paragraphs"], name) for name, part in corpora.items() if name in GENERATED)
    if len(sized) < 2:  # noqa: PLR2004 - growth is between two
        return ""
    (few, small), (many, large) = sized[0], sized[-1]
    names = [name for name in _present(corpora[large], WORD_ENGINES) if name in _present(corpora[small], WORD_ENGINES)]
    rows = []
    for group in groups(corpora[large], phrases=False):
        row: list[object] = [group]
        for name in names:
            first, last = (milliseconds(corpora[size], group, name) for size in (small, large))
            row.append(math.log(last / first) / math.log(many / few) if first and last else None)
        rows.append(row)
    return f"Exponent from {few:,} to {many:,} paragraphs: 1 grows with their number, 0 not at all.\n\n" + _table(
        ("class", *names), rows
    )


def _indexing(record: Record) -> str:
    part = record.get("indexing")
    if not part:
        return ""
    rows = []
    for way, seconds in part["seconds"].items():
        engine, _, processes = way.rpartition(", ")
        rows.append((engine, processes, seconds, f"{part['paragraphs'] / seconds:,.0f}"))
    head = f"{part['paragraphs']:,} generated paragraphs, segmenting included."
    return head + "\n\n" + _table(("engine", "cores", "seconds", "paragraphs/s"), rows)


def _builds(corpora: Mapping[str, Record]) -> str:
    rows = []
    for name, part in corpora.items():
        for engine, build in part["builds"].items():
            memory = part.get("memory", {}).get(engine, {})
            own = (build["resident_mb"], build["own_mb"], memory.get("resident_mb"), memory.get("own_mb"))
            rows.append((name, _TITLES.get(engine, engine), _size(part, engine), *own))
    if not rows:
        return ""
    heads = (
        "corpus",
        "engine",
        "index / text",
        "building: resident MB",
        "allocated",
        "searching: resident MB",
        "allocated",
    )
    return _table(heads, rows)


def _commands(record: Record) -> str:
    part = record.get("commands", {})
    rows: list[Sequence[object]] = []
    for name, opening in part.get("opening", {}).items():
        rows.append((f"open an index, {name}", f"{_number(opening['open_ms'])} ms"))
        rows.append((f"open it and answer the first query, {name}", f"{_number(opening['answer_ms'])} ms"))
    for name, cold in part.get("cold", {}).items():
        rows.append((f"`searchkit search` with four facets, {name}", f"{_number(cold['search_ms'])} ms"))
        rows.append(("a Python that does nothing", f"{_number(cold['python_ms'])} ms"))
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
        rows.append((f"the same after one file has changed, {name}", f"{_number(median(changed['changed_s']))} s"))
        rows.append((f"the same after none has, {name}", f"{_number(changed['unchanged_s'])} s"))
    return _table(("", ""), rows) if rows else ""


def _size(part: Record, engine: str) -> float:
    return float(part["builds"][engine]["bytes"] / part["text_bytes"])


def _title(name: str, part: Record) -> str:
    kind = "real reports" if name == "gov" else "generated"
    return f"{name}, {part['paragraphs']:,} paragraphs, {kind}"


def _present(part: Record, names: Sequence[str]) -> list[str]:
    return [name for name in names if any(name in query["engines"] for query in part["queries"])]


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] + ["---:"] * (len(heads) - 1), *rows]
    return "\n".join(f"| {' | '.join(map(_number, line))} |" for line in lines)


def _number(value: object) -> str:
    """Three significant digits; nothing for None."""
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"  # noqa: PLR2004 - beyond, all digits
    return "" if value is None else str(value)


def latest() -> Path:
    """The record whose name, a date, comes last. Raises FileNotFoundError if there is none."""
    found = sorted(RESULTS.glob("????-??-??.json"))
    if not found:
        raise FileNotFoundError(f"no results in {RESULTS}; make some with: make bench")
    return found[-1]


def main() -> None:
    """Rewrite the tables and the plot. See the module's text."""
    from bench.plot import draw  # noqa: PLC0415 - matplotlib, which the tables do without

    parser = argparse.ArgumentParser(description="Make the tables and the plot of README.md from a record.")
    parser.add_argument("--name", help="of the record, the newest if left out")
    arguments = parser.parse_args()
    path = RESULTS / f"{arguments.name}.json" if arguments.name else latest()
    record = json.loads(path.read_text(encoding="utf-8"))
    text = _BETWEEN.sub(lambda _: render(record), README.read_text(encoding="utf-8"))
    README.write_text(text, encoding="utf-8")
    draw(record, RESULTS / PLOT)


if __name__ == "__main__":
    main()
