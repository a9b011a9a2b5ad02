"""What each trick of the columnar engine saves: it is taken out, and time and bytes are measured again.

    python -m bench.ablation [--corpus gov|10k|100k|1m]… [--trick WORDS] [--rounds N]

A trick is taken out by a patch, in a process of its own. If it decides what is stored, an index is built without it.
Searches with and without it take turns: the median of each query's processor time, then per class of queries how many
times as long they take without it, as a geometric mean. Results go to bench/results/ablation.json, which keeps what it
has of other corpora, and as a table to bench/ABLATION.md.
"""

from __future__ import annotations

import argparse
import inspect
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from bench import machine
from bench.corpora import FACETS, documents
from bench.peers import LIMIT, MAX_VALUES
from bench.peers.searchkit import tree
from bench.queries import prepare, read_queries
from searchkit.engines.columnar import bigrams, collection, docsets, faceting, postings, scoring, straddling, text
from searchkit.engines.columnar.arrays import Array
from searchkit.engines.columnar.docsets import DocSet
from searchkit.engines.columnar.matching import matcher
from searchkit.engines.contract import Request
from searchkit.index import Index
from searchkit.indexing.build import write_index
from searchkit.query.facets import Facet
from searchkit.query.parsing import parse

HERE = Path(__file__).parent
RESULT, TABLE = HERE / "results" / "ablation.json", HERE / "ABLATION.md"
CORPORA = ("gov", "100k")
ROUNDS = 5
_SECONDS = 0.05
"""Of the processor that each query is asked for, in each round."""
_MIN_COUNT = 3


Code = ModuleType | type | Callable[..., object]


@dataclass(frozen=True, slots=True)
class Trick:
    """Something that the engine does for speed or size alone."""

    name: str
    take_out: Callable[[], None]
    """Patches it away, for the rest of the process."""
    code: tuple[Code, ...] = ()
    """Functions and classes that are there for it alone."""
    is_stored: bool = False
    """It decides what is in an index."""


def _set(module: Any, **values: object) -> Callable[[], None]:  # noqa: ANN401 - a module or a class
    """Have other values in a module or class."""

    def take_out() -> None:
        """Put them in their place; a name that is not there is a mistake of the table."""
        for name, value in values.items():
            if not hasattr(module, name):
                message = f"{module.__name__} has no {name}"
                raise AttributeError(message)
            setattr(module, name, value)

    return take_out


def _no_straddling(*_: object) -> dict[str, Array]:
    nothing = np.empty(0, np.uint16)
    return {"straddling_terms": nothing, "straddling_at": np.zeros(1, np.uint16), "straddling_ids": nothing}


def _without_straddling() -> None:
    from searchkit.engines.columnar import segment  # noqa: PLC0415 - it has the name that is patched

    _set(segment, straddling_arrays=_no_straddling)()


def _by_words(self: postings.Postings, term: str) -> int | None:
    """Look a term up among all terms, without the numbers of their first characters."""
    encoded = term.encode("utf-8", "surrogatepass")
    number = bisect_left(self._terms, encoded)
    return number if number < len(self._terms) and self._terms[number] == encoded else None


def _by_search(self: text.Text, offsets: Array) -> Array:
    """Find the paragraph of each offset without the pages."""
    return self._starts.searchsorted(offsets, "right") - 1


def _counted_by_document(self: faceting.Tally) -> Array:
    """Count the paragraphs of each document by going through them."""
    return np.bincount(self._documents, minlength=len(self._collection.first_position)).astype(np.float64)


TRICKS = (
    Trick(
        "lists of where the characters of words stand apart",
        _without_straddling,
        (straddling, bigrams._straddling, bigrams._numbers),
        is_stored=True,
    ),
    Trick(
        "no lists for pairs that are frequent words",
        _set(text, need_lists=lambda codes, *_: np.ones(len(codes), bool)),
        (bigrams.need_lists,),
        is_stored=True,
    ),
    Trick(
        "no lists for frequent pairs with a mark",
        _set(bigrams, MAX_WITH_MARK=1 << 30),
        (bigrams._Coded.are_listed,),
        is_stored=True,
    ),
    Trick(
        "rare pairs as 16 and 8 bits instead of gaps",
        _set(bigrams, _common=lambda _: 0),
        (bigrams._common, bigrams._halves),
        is_stored=True,
    ),
    Trick(
        "frequencies of 4 bits",
        _set(postings, _halves=lambda values: values, _whole=lambda halves, start, end: halves[start:end].copy()),
        (postings._halves, postings._whole),
        is_stored=True,
    ),
    Trick("dense rows of frequent terms", _set(postings, DENSE=1), (postings._rows,), is_stored=True),
    Trick(
        "bounds of 8 bits before scoring (impacts)",
        _set(scoring.Scorer, _promising=lambda _, found: found.ids),
        (scoring._Bounds, scoring.Scorer._promising, collection.Collection._impact, collection.Collection._reached),
    ),
    Trick(
        "rare terms first (MaxScore)",
        _set(scoring.Scorer, _are_rare=lambda *_: False),
        (scoring.Scorer._are_rare, scoring._Bounds.exceed),
    ),
    Trick("kept impacts", _set(collection, _KEPT_IMPACTS=0)),
    Trick(
        "bits to count by document",
        _set(faceting.Tally, _per_document=property(_counted_by_document)),
        (faceting.Tally.__dict__["_per_document"].func, collection.Collection.__dict__["document_bits"].func),
    ),
    Trick(
        "bitmaps of topics and sections",
        _set(faceting, _MAX_BITMAPS=-1),
        (faceting.Tally._of_bits, collection.Values.__dict__["bitmaps"].func),
    ),
    Trick(
        "rows as sets without a mask",
        _set(DocSet, of_row=staticmethod(lambda row: DocSet.of_mask(row >= docsets.IN_ROW))),
    ),
    Trick("few docs as ids", _set(docsets, _FEW=1 << 40), (DocSet.smaller,)),
    Trick("ids of a mask by words of 8", _set(docsets, _ids=lambda mask: mask.nonzero()[0]), (docsets._ids,)),
    Trick(
        "a look at the first docs alone",
        _set(DocSet, first=lambda self, most: self.ids[:most]),
        (DocSet.first,),
    ),
    Trick("kept filters", _set(matcher, _KEPT_FILTERS=0)),
    Trick("kept rows", _set(postings, _KEPT_ROWS=0, _KEPT_LONG_ROWS=0)),
    Trick("kept terms", _set(postings, _KEPT_TERMS=0)),
    Trick(
        "first characters of terms as numbers",
        _set(postings.Postings, _look_up=_by_words),
        (postings._key, postings._keys),
    ),
    Trick("pages of the text", _set(text.Text, docs_at=_by_search), (text.Text.docs_at,)),
    Trick("kept frequencies of grams", _set(collection, _KEPT_GRAMS=-1)),
)


def lines(trick: Trick) -> int:
    """Count the lines that are there for a trick alone."""
    return sum(len(inspect.getsource(item).splitlines()) for item in trick.code)


def asked(corpus: str, index: Path) -> dict[str, dict[str, float]]:
    """Give the median milliseconds of the processor for each query, by class. The queries lie beside the index."""
    opened = Index(index)
    found: dict[str, dict[str, float]] = {}
    facets = tuple(map(Facet, FACETS))
    with opened._snapshot.using_engine() as engine:
        for number, query in enumerate(read_queries(corpus, index.parent)):
            request = Request(
                tree(query),
                scoring=parse(query.text, opened.analyzer).scoring,
                filters=opened.filters(dict(query.filters)),
                facets=facets,
                max_values=MAX_VALUES,
                limit=LIMIT,
            )
            engine.search(request)
            times: list[float] = []
            while sum(times) < _SECONDS or len(times) < _MIN_COUNT:
                started = time.process_time_ns()
                engine.search(request)
                times.append((time.process_time_ns() - started) / 1e9)
            found.setdefault(query.group, {})[f"{number}: {query.text}"] = statistics.median(times) * 1000
    return found


def measure(corpus: str, tricks: Sequence[Trick], rounds: int, folder: Path) -> dict[str, Any]:
    """Measure tricks on one corpus."""
    whole = folder / corpus
    prepare(corpus, folder)
    _step("build", corpus, whole)
    record: dict[str, Any] = {"bytes": _size(whole), "tricks": {}}
    for trick in tricks:
        index = folder / f"{corpus}-without" if trick.is_stored else whole
        if trick.is_stored:
            _step("build", corpus, index, trick)
        taken: tuple[list[Any], list[Any]] = ([], [])
        for _ in range(rounds):
            taken[0].append(_step("ask", corpus, whole))
            taken[1].append(_step("ask", corpus, index, trick))
        record["tricks"][trick.name] = {
            "lines": lines(trick),
            "bytes": _size(index) - _size(whole),
            "times": _ratios(*taken),
        }
        sys.stdout.write(f"{corpus}: {trick.name}: {record['tricks'][trick.name]}\n")
        sys.stdout.flush()
    return record


def _ratios(with_it: Sequence[Any], without: Sequence[Any]) -> dict[str, float]:
    """How many times as long each class of queries takes without a trick."""
    ratios = {}
    for group, queries in with_it[0].items():
        logs = []
        for query in queries:
            before, after = (statistics.median(took[group][query] for took in side) for side in (with_it, without))
            logs.append(math.log(after / before))
        ratios[group] = round(math.exp(statistics.mean(logs)), 3)
    return ratios


def _step(what: str, corpus: str, index: Path, trick: Trick | None = None) -> Any:  # noqa: ANN401 - JSON
    """Do one step in a process of its own."""
    without = ["--without", trick.name] if trick else []
    command = [sys.executable, "-m", "bench.ablation", "--step", what, "--corpus", corpus, "--index", str(index)]
    done = subprocess.run([*command, *without], check=True, capture_output=True, text=True)
    return json.loads(done.stdout or "null")


def _do(what: str, corpus: str, index: Path) -> None:
    """Be the process of one step."""
    if what == "build":
        write_index(documents(corpus), index)
    else:
        json.dump(asked(corpus, index), sys.stdout)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.segment"))


def render(record: Mapping[str, Any]) -> str:
    """Write the table."""
    out = [
        "# What each trick of the columnar engine saves",
        "",
        "Written by `python -m bench.ablation`; the figures are in [results/ablation.json](results/ablation.json).",
        "Lines: those that are there for the trick alone. Bytes: of all segments, how many per cent more there are",
        "without it. Time: per class of queries, how many times as long they take without it; the three classes that",
        "it saves most, and the one that it costs most.",
        "",
        f"{record['machine']['cpu']}, Python {record['machine']['python']}, {record['rounds']} rounds.",
    ]
    for corpus, part in record["corpora"].items():
        out += [
            "",
            f"## {corpus}: {part['bytes'] / 1e6:.0f} MB",
            "",
            "| trick | lines | bytes | time |",
            "|---|---:|---:|---|",
        ]
        for name, trick in part["tricks"].items():
            times = sorted(trick["times"].items(), key=lambda item: -item[1])
            shown = ", ".join(f"{group} {ratio:.2f}" for group, ratio in [*times[:3], times[-1]])
            overall = math.exp(statistics.mean(math.log(ratio) for _, ratio in times))
            share = 100 * trick["bytes"] / part["bytes"]
            out.append(f"| {name} | {trick['lines']} | {share:+.1f} % | all {overall:.2f}; {shown} |")
    return "\n".join(out) + "\n"


def main() -> None:
    """Measure, or do one step of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", action="append", metavar="NAME")
    parser.add_argument("--trick", action="append", metavar="WORDS", help="only tricks whose names contain these words")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--step", choices=["build", "ask"], help=argparse.SUPPRESS)
    parser.add_argument("--index", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--without", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for trick in TRICKS:
        if trick.name == options.without:
            trick.take_out()
    if options.step:
        _do(options.step, options.corpus[0], options.index)
        return
    tricks = [trick for trick in TRICKS if any(words in trick.name for words in options.trick or [""])]
    record = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {"corpora": {}}
    record |= {"machine": machine.as_json(machine.describe()), "rounds": options.rounds}
    for corpus in options.corpus or CORPORA:
        with tempfile.TemporaryDirectory() as folder:
            part = measure(corpus, tricks, options.rounds, Path(folder))
        old = record["corpora"].get(corpus, {"tricks": {}})
        record["corpora"][corpus] = {**part, "tricks": {**old["tricks"], **part["tricks"]}}
        RESULT.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        TABLE.write_text(render(record), encoding="utf-8")


if __name__ == "__main__":
    main()
