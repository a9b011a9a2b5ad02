"""Ablation of the columnar engine: disables one optimisation ("trick") at a time, and measures time and size again.

    python -m bench.ablation [--corpus gov|10k|100k|1m]… [--trick WORDS] [--rounds N]

A trick is disabled by a patch, in a separate process. For a trick that changes the stored data, a second index is built
without the trick. In each round, all queries run with the trick, then all without it. The time of a query in a round is
the median processor time of its repetitions; its overall time is the median over the rounds. The result for a class of
queries is the geometric mean of the ratios of the time without the trick to the time with the trick. Results are
written to bench/results/ablation.json, which keeps the earlier results of other corpora and other tricks, and as tables
to bench/ABLATION.md.
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
from searchkit.engines.columnar import bigrams, cross_word, docsets, faceting, postings, reader, scoring, text
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
"""Files that the benchmark writes."""
CORPORA = ("gov", "100k")
"""Names of the corpora that are measured by default."""
ROUNDS = 5
"""Default number of rounds."""
_MIN_SECONDS = 0.05
"""Minimum processor time in seconds of all repetitions of a query in a call of `time_queries`."""
_MIN_REPETITIONS = 3
"""Minimum number of repetitions of a query in a call of `time_queries`."""


Code = ModuleType | type | Callable[..., object]
"""A part of the source code whose lines can be counted."""


@dataclass(frozen=True, slots=True)
class Trick:
    """An optimisation of speed or size that does not change answers."""

    name: str
    disable: Callable[[], None]
    """Disables the trick for the rest of the process."""
    code: tuple[Code, ...] = ()
    """Modules, functions and classes that only this trick needs."""
    is_stored: bool = False
    """Whether the trick changes what is stored in an index."""
    is_cold: bool = False
    """Whether the queries with the trick and those without it run without the caches of terms and postings.

    With these caches, a repeated query reads neither the term dictionary nor the postings, and the trick has no effect.
    """


def _set(module: Any, **values: object) -> Callable[[], None]:  # noqa: ANN401 - a module or a class
    """Return a function that replaces attributes of a module or class."""

    def replace_attributes() -> None:
        """Replace the attributes. Raises AttributeError if one does not exist, because `TRICKS` is then out of date."""
        for name, value in values.items():
            if not hasattr(module, name):
                message = f"{module.__name__} has no {name}"
                raise AttributeError(message)
            setattr(module, name, value)

    return replace_attributes


def _no_cross_word_arrays(*_: object) -> dict[str, Array]:
    """Return the arrays of cross-word postings of a segment without such postings."""
    nothing = np.empty(0, np.uint16)
    return {"cross_word_terms": nothing, "cross_word_offsets": np.zeros(1, np.uint16), "cross_word_docs": nothing}


def _disable_cross_word_postings() -> None:
    """Make builds write no cross-word postings for the rest of the process."""
    from searchkit.engines.columnar import segment  # noqa: PLC0415 - the module that imports the patched function

    _set(segment, cross_word_arrays=_no_cross_word_arrays)()


def _look_up_by_bisection(self: postings.SegmentPostings, term: str) -> int | None:
    """Return the ordinal of a term, or None. Compares complete terms, without the stored array `term_keys`."""
    encoded = term.encode("utf-8", "surrogatepass")
    term_ord = bisect_left(self._terms, encoded)
    return term_ord if term_ord < len(self._terms) and self._terms[term_ord] == encoded else None


def _docs_at_by_bisection(self: text.SegmentText, offsets: Array) -> Array:
    """Return the doc of each offset, without the stored array `page_docs`."""
    return self._offsets.searchsorted(offsets, "right") - 1


def _docs_per_document_by_gather(self: faceting.FacetCollector) -> tuple[None, Array]:
    """Count the matching docs of each document by the document number of each doc, without bits of the match bitset."""
    return None, np.bincount(self._documents, minlength=len(self._reader.first_doc_ids)).astype(np.float64)


TRICKS = (
    Trick(
        "cross-word postings",
        _disable_cross_word_postings,
        (cross_word, bigrams._cross_word_docs, bigrams._word_ords),
        is_stored=True,
    ),
    Trick(
        "no bigram lists of frequent words",
        _set(text, needs_list=lambda codes, *_: np.ones(len(codes), bool)),
        (bigrams.needs_list,),
        is_stored=True,
    ),
    Trick(
        "no bigram lists of common pairs with punctuation",
        _set(bigrams, MAX_PUNCTUATION_DF=1 << 30),
        (bigrams._EncodedText.may_have_list,),
        is_stored=True,
    ),
    Trick(
        "offsets of rare bigrams as low and high bits",
        _set(bigrams, _min_gaps_df=lambda _: 0),
        (bigrams._min_gaps_df, bigrams._encode_low_high),
        is_stored=True,
    ),
    Trick(
        "frequencies in 4 bits",
        _set(
            postings,
            _pack_nibbles=lambda values: values,
            _unpack_nibbles=lambda nibbles, start, end: nibbles[start:end].copy(),
        ),
        (postings._pack_nibbles, postings._unpack_nibbles),
        is_stored=True,
    ),
    Trick(
        "dense postings",
        _set(postings, DENSE_TERM_RATIO=1),
        (postings._dense_postings,),
        is_stored=True,
        is_cold=True,
    ),
    Trick(
        "upper bounds from quantised impacts",
        _set(scoring.Scorer, _candidates=lambda _, docs, *__: docs.ids),
        (
            scoring._ImpactBounds,
            scoring.Scorer._candidates,
            reader.IndexReader._compute_impacts,
            reader.IndexReader._quantised_impacts,
        ),
    ),
    Trick(
        "MaxScore",
        _set(scoring.Scorer, _rare_terms_suffice=lambda *_: False),
        (scoring.Scorer._rare_terms_suffice, scoring._ImpactBounds.threshold_exceeds),
    ),
    Trick(
        "maxima of groups of docs",
        _set(scoring._ImpactBounds, near_docs=lambda self: np.arange(self._reader.size)),
        (scoring._ImpactBounds.near_docs, reader.IndexReader._compute_max_impacts),
    ),
    Trick("cached impacts", _set(reader, _MAX_CACHED_IMPACTS=0)),
    Trick("characters of long texts one by one", _set(scoring, _MAX_COMPARED_CODES=-1), (scoring._find_codes,)),
    Trick("memory of freed arrays is kept", _set(reader, keep_freed_memory=lambda: None)),
    Trick(
        "population counts per document",
        _set(faceting.FacetCollector, _docs_per_document=property(_docs_per_document_by_gather)),
        (
            faceting.FacetCollector.__dict__["_docs_per_document"].fget,
            reader.IndexReader.__dict__["document_bit_offsets"].func,
        ),
    ),
    Trick(
        "bitsets of topics and sections",
        _set(faceting, _MAX_BITSETS=-1),
        (
            faceting.FacetCollector._count_bitsets,
            faceting.FacetCollector._count_rows,
            reader.FacetColumn.__dict__["packed_bitsets"].func,
            reader.IndexReader.__dict__["document_bits"].func,
        ),
    ),
    Trick(
        "sets of dense postings",
        _set(
            DocSet,
            of_dense_postings=staticmethod(lambda postings: DocSet.of_bitset(postings >= docsets.MATCH_BIT)),
        ),
    ),
    Trick("sparse sets as ids", _set(docsets, _SPARSE_RATIO=1 << 40), (DocSet.compact,)),
    Trick(
        "first docs without scanning all",
        _set(DocSet, first=lambda self, limit: self.ids[:limit]),
        (DocSet.first,),
    ),
    Trick("cached filters", _set(matcher, _MAX_CACHED_FILTERS=0)),
    Trick("cached dense postings", _set(postings, _MAX_CACHED_EXPANDED=0, MAX_CACHED_INDEX_POSTINGS=0)),
    Trick("cached terms", _set(postings, _MAX_CACHED_TERMS=0)),
    Trick(
        "keys of terms",
        _set(postings.SegmentPostings, _look_up=_look_up_by_bisection),
        (postings._term_key, postings._term_keys),
        is_cold=True,
    ),
    Trick("pages of the text", _set(text.SegmentText, _docs_at=_docs_at_by_bisection), (text.SegmentText._docs_at,)),
    Trick("cached document frequencies of grams", _set(reader, _MAX_CACHED_GRAMS=-1)),
)


disable_caches = _set(postings, _MAX_CACHED_EXPANDED=0, MAX_CACHED_INDEX_POSTINGS=0, _MAX_CACHED_TERMS=0)
"""Disables the caches of terms and postings for the rest of the process."""


def count_lines(trick: Trick) -> int:
    """Return the number of lines of code that only this trick needs."""
    return sum(len(inspect.getsource(item).splitlines()) for item in trick.code)


def time_queries(corpus: str, index: Path) -> dict[str, dict[str, float]]:
    """Return the median processor time of each query in ms, by class. The parent folder of `index` has the queries."""
    opened = Index(index)
    result: dict[str, dict[str, float]] = {}
    facets = tuple(map(Facet, FACETS))
    with opened._snapshot.use_engine() as engine:
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
            while sum(times) < _MIN_SECONDS or len(times) < _MIN_REPETITIONS:
                started = time.process_time_ns()
                engine.search(request)
                times.append((time.process_time_ns() - started) / 1e9)
            result.setdefault(query.group, {})[f"{number}: {query.text}"] = statistics.median(times) * 1000
    return result


def measure(corpus: str, tricks: Sequence[Trick], rounds: int, folder: Path) -> dict[str, Any]:
    """Return the part of the record about a corpus: the bytes of all segments, and a record for each trick.

    `lines`: those that only the trick needs. `bytes`: by how many the segments grow without it. `times`: the ratios of
    `_time_ratios`. The queries and the indexes are written to `folder`.
    """
    index = folder / corpus
    prepare(corpus, folder)
    _run_step("build", corpus, index)
    record: dict[str, Any] = {"bytes": _segment_bytes(index), "tricks": {}}
    for trick in tricks:
        ablated = folder / f"{corpus}-without" if trick.is_stored else index
        if trick.is_stored:
            _run_step("build", corpus, ablated, trick)
        rounds_with: list[Any] = []
        rounds_without: list[Any] = []
        for _ in range(rounds):
            rounds_with.append(_run_step("ask", corpus, index, is_cold=trick.is_cold))
            rounds_without.append(_run_step("ask", corpus, ablated, trick, is_cold=trick.is_cold))
        record["tricks"][trick.name] = {
            "lines": count_lines(trick),
            "is_cold": trick.is_cold,
            "bytes": _segment_bytes(ablated) - _segment_bytes(index),
            "times": _time_ratios(rounds_with, rounds_without),
        }
        sys.stdout.write(f"{corpus}: {trick.name}: {record['tricks'][trick.name]}\n")
        sys.stdout.flush()
    return record


def _time_ratios(rounds_with: Sequence[Any], rounds_without: Sequence[Any]) -> dict[str, float]:
    """Return the ratio of the time without a trick to the time with it, per class of queries.

    Each element of `rounds_with` and of `rounds_without` is the result of `time_queries` in one round.
    """
    ratios = {}
    for group, queries in rounds_with[0].items():
        logs = []
        for query in queries:
            time_with, time_without = (
                statistics.median(times[group][query] for times in rounds) for rounds in (rounds_with, rounds_without)
            )
            logs.append(math.log(time_without / time_with))
        ratios[group] = round(math.exp(statistics.mean(logs)), 3)
    return ratios


def _run_step(step: str, corpus: str, index: Path, trick: Trick | None = None, *, is_cold: bool = False) -> Any:  # noqa: ANN401 - JSON
    """Run a step (`build` or `ask`) in a separate process: with `trick` disabled, and without caches if `is_cold`.

    Returns what the step prints, parsed as JSON: the result of `time_queries` for `ask`, None for `build`.
    """
    options = [*(["--without", trick.name] if trick else []), *(["--cold"] if is_cold else [])]
    command = [sys.executable, "-m", "bench.ablation", "--step", step, "--corpus", corpus, "--index", str(index)]
    done = subprocess.run([*command, *options], check=True, capture_output=True, text=True)
    return json.loads(done.stdout or "null")


def _perform_step(step: str, corpus: str, index: Path) -> None:
    """Build an index (step `build`), or time the queries and print their times as JSON (step `ask`)."""
    if step == "build":
        write_index(documents(corpus), index)
    else:
        json.dump(time_queries(corpus, index), sys.stdout)


def _segment_bytes(folder: Path) -> int:
    """Return the size of all segments of an index, in bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*.segment"))


def render(record: Mapping[str, Any]) -> str:
    """Return ABLATION.md: one table per corpus, and the table of deleted tricks. `record` is ablation.json."""
    out = [
        "# What each trick of the columnar engine saves",
        "",
        "Written by `python -m bench.ablation` from [results/ablation.json](results/ablation.json). A trick is an",
        "optimisation of speed or size. Lines: code that only the trick needs. Bytes: increase of the size of all",
        "segments without it. Time: ratio of the time without it to the time with it, as a geometric mean over the",
        "classes of queries, then for the three classes with the highest ratios and the one with the lowest. Queries",
        "are repeated, so that caches provide terms and postings. Marked tricks: both sides run without these caches.",
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
            ratios = sorted(trick["times"].items(), key=lambda item: -item[1])
            extremes = ", ".join(f"{group} {ratio:.2f}" for group, ratio in [*ratios[:3], ratios[-1]])
            overall = math.exp(statistics.mean(math.log(ratio) for _, ratio in ratios))
            increase = 100 * trick["bytes"] / part["bytes"]
            shown = f"{name} (without caches)" if trick.get("is_cold") else name
            out.append(f"| {shown} | {trick['lines']} | {increase:+.1f} % | all {overall:.2f}; {extremes} |")
    out += [
        "",
        "## Deleted",
        "",
        "These tricks saved less than 3 % of the bytes, and no class of queries gained 3 % on both corpora.",
        "",
        "| trick | lines | corpus | time |",
        "|---|---:|---|---|",
        *(
            f"| {name} | {trick['lines']} | {corpus} | {', '.join(f'{g} {r:.2f}' for g, r in trick['times'].items())} |"
            for name, corpora in record["deleted"].items()
            for corpus, trick in corpora.items()
        ),
    ]
    return "\n".join(out) + "\n"


def main() -> None:
    """Run the benchmark, or one step of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", action="append", metavar="NAME")
    parser.add_argument("--trick", action="append", metavar="WORDS", help="only tricks whose names contain these words")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--step", choices=["build", "ask"], help=argparse.SUPPRESS)
    parser.add_argument("--index", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--without", help=argparse.SUPPRESS)
    parser.add_argument("--cold", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for trick in TRICKS:
        if trick.name == options.without:
            trick.disable()
    if options.cold:
        disable_caches()
    if options.step:
        _perform_step(options.step, options.corpus[0], options.index)
        return
    tricks = [trick for trick in TRICKS if any(words in trick.name for words in options.trick or [""])]
    record = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {"corpora": {}, "deleted": {}}
    record |= {"machine": machine.as_json(machine.describe()), "rounds": options.rounds}
    for corpus in options.corpus or CORPORA:
        with tempfile.TemporaryDirectory() as folder:
            part = measure(corpus, tricks, options.rounds, Path(folder))
        previous = record["corpora"].get(corpus, {"tricks": {}})
        record["corpora"][corpus] = {**part, "tricks": {**previous["tricks"], **part["tricks"]}}
        RESULT.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        TABLE.write_text(render(record), encoding="utf-8")


if __name__ == "__main__":
    main()
