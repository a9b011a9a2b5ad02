"""Measures the product: the processor time from a typed query to a page of ten hits with snippets, total and facets.

    python -m bench.product [CORPUS]… [--data FOLDER] [--keep] [--build]

Compares `Index.search` with what users would write on tantivy-py, SQLite FTS5 and Whoosh, and with tantivy-py on the
tokens of searchkit's analyzer (`bench.pipelines`). All ask for all words (`match="all"`); the default, `match="auto"`,
and the JSON of a page with twenty hits and six facets are measured beside them. Everything runs in one process, in
turn, on one thread. Times are medians of the processor time of the process; the wall time is recorded, too. searchkit
keeps parsed queries, so each run has other blanks around the query. If the first run of a question takes a pipeline one
second or longer, this pipeline does not run the question again. `--build` also measures indexing with searchkit and
with tantivy, on the same tokens and two processes each (`bench.indexing`). Writes results/product.json, from which
`bench.productreport` writes PRODUCT.md.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import shutil
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

from bench import corpora, machine, peers, pipelines, queries
from bench.corpora import FACETS
from bench.peers import LIMIT, MAX_VALUES
from bench.pipelines import Page, Pipeline, Question
from bench.search import count_lines_with
from searchkit.errors import SearchkitError
from searchkit.index import Index
from searchkit.output.json import results_to_json

RESULTS = Path(__file__).parent / "results" / "product.json"
DATA = Path(__file__).parent / "data"
"""Default folder of corpora and indexes."""
ROUNDS = 15
"""Maximum number of timed runs per question."""
_MIN_RUNS, _MAX_SECONDS = 3, 1.0
"""A pipeline runs a question as often as fits into `_MAX_SECONDS`, but at least `_MIN_RUNS` and at most `ROUNDS` times.
If its first run takes `_MAX_SECONDS` or longer, this is the only one."""
_WARM_UP_SECONDS = 0.001
"""Minimum time in seconds of the untimed runs before a timed run of a fast search."""
_SLOW_SECONDS = 0.05
"""A pipeline that takes at least this many seconds for a question is timed after the others, without a warm-up."""
_PAGE_FACETS = (*FACETS, "section", "doctype")
"""Facets of the page whose JSON is created."""
_PAGE_LIMIT = 20
"""Number of hits of that page."""
EXCLUDED = {"whoosh": {"1m"}}
"""Pipeline → corpora that are not indexed with it, because indexing would take hours."""
BUILDS = ("searchkit", "tantivy")
"""Engines whose indexing is measured."""
_BUILD_PARAGRAPHS, _BUILD_PROCESSES, _BUILD_ROUNDS = 100_000, 2, 3

REAL_QUESTIONS = (
    *(Question("one word", text) for text in ("粮食", "经济", "退耕还林", "双随机", "高速公路", "脱贫攻坚")),
    *(
        Question("bare run", text)
        for text in ("棚户区改造", "海洋牧场建设", "城镇新增就业", "老旧小区改造", "营商环境")
    ),
    *(
        Question("several words", text)
        for text in ("数字经济 人才", "乡村振兴 产业", "易地扶贫搬迁 就业", "减税降费 小微企业")
    ),
    *(
        Question("many words", text)
        for text in ("生态环境 大气 治理 监测", "城镇 新增 就业 人数 失业率", "创新 企业 研发 投入")
    ),
    *(
        Question("quoted", f'"{text}"')
        for text in ("放管服改革", "最多跑一次", "稳中求进工作总基调", "生态文明建设", "粮食安全")
    ),
    Question("filtered", "营商环境", {"district": "浙江省"}),
    Question("filtered", "脱贫攻坚", {"year": "2020"}),
    Question("filtered", "棚户区改造", {"district": "湖北省", "year": "2019"}),
    Question("filtered", "创新 人才", {"district": "江苏省"}),
    Question("filtered", "粮食", {"year": "2016"}),
    *(
        Question("names", text)
        for text in ("浙江省数字经济", "2020年脱贫攻坚", "河南2019年粮食产量", "广东和江苏的高新技术企业")
    ),
)
"""Questions to the real reports. Each finds something. In those of the group *names*, searchkit reads places and years
as filters, where the other engines search for words."""
_GENERATED = {
    "rare word": ("one word", 3),
    "middling word": ("one word", 2),
    "frequent word": ("one word", 2),
    "2 words, all": ("several words", 3),
    "3 words, all": ("several words", 2),
    "6 words, all": ("many words", 3),
    "phrase of 4": ("quoted", 2),
    "phrase of 8": ("quoted", 2),
    "frequent word, 1 filter": ("filtered", 3),
    "frequent word, 3 filters": ("filtered", 2),
}
"""Group of queries of `bench.queries` → group of the questions that are made from them, and their number."""
_PHRASE_RANKS = (0, 5, 50, 500)
"""Ranks by frequency of the phrases of two or three words that are chosen (`_word_phrases`)."""
_PHRASE_ITEMS = 2_000
"""Number of paragraphs, from the first on, in which the phrases of `_PHRASE_RANKS` are counted."""
_HAN = re.compile("[\u4e00-\u9fa5]+")
"""Matches one or more Chinese characters, from 一 to 龥."""


def questions(corpus: str, data: Path) -> list[Question]:
    """Return 32 questions to a corpus: those of `REAL_QUESTIONS`, or generated ones, as a user types them.

    Generated ones are queries of `bench.queries`, and phrases of two and three words, which are asked with and without
    quotes.
    """
    if corpus not in corpora.GENERATED:
        return list(REAL_QUESTIONS)
    chosen: dict[str, list[Question]] = {name: [] for name in _GENERATED}
    for query in queries.read_queries(corpus, data):
        group, count = _GENERATED.get(query.group, ("", 0))
        if len(chosen.get(query.group, ())) < count:
            chosen[query.group].append(Question(group, query.text, dict(query.filters)))
    phrases = _word_phrases(corpus, data)
    quoted = (Question("quoted", f'"{phrase}"') for phrase in phrases)
    bare = (Question("bare run", phrase) for phrase in phrases)
    return [*(question for group in chosen.values() for question in group), *quoted, *bare]


def _word_phrases(corpus: str, data: Path) -> list[str]:
    """Return the phrase at each of `_PHRASE_RANKS`, alternately of two and of three words of two or more characters."""
    counts: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for item in islice(corpora.items(corpus, data), _PHRASE_ITEMS):
        for run in _HAN.findall(item.text):
            words = pipelines.words(run)
            for size, counter in enumerate(counts, 2):
                windows = (words[start : start + size] for start in range(len(words) - size + 1))
                counter.update("".join(window) for window in windows if min(map(len, window)) > 1)
    ranked = [sorted(counter, key=lambda phrase, c=counter: (-c[phrase], phrase)) for counter in counts]  # type: ignore[misc]
    return [ranked[n % 2][rank] for n, rank in enumerate(_PHRASE_RANKS)]


_PADDINGS = cycle([(" " * before, " " * after) for before in range(20) for after in range(20)])
"""Pairs of the blanks before and after a query, in an endless cycle."""


def with_other_blanks(text: str) -> str:
    """Return a query with other blanks around it than in the last 399 calls, so that its parsing is not cached."""
    before, after = next(_PADDINGS)
    return before + text + after


def open_searchkit(folder: Path) -> dict[str, Pipeline]:
    """Open searchkit's index as three pipelines: all words, the default, and the default with the JSON of a page."""
    index = Index(folder)

    def search(**options: Any) -> Pipeline:  # noqa: ANN401 - the options of Index.search
        """Return a pipeline that searches with these options."""

        def run(question: Question) -> Page:
            """Search, and read all snippets."""
            results = index.search(
                with_other_blanks(question.text), facets=FACETS, limit=LIMIT, **options, **_filters(question)
            )
            snippets = tuple(hit.snippet for hit in results.hits)
            return Page(results.total, snippets, {name: _counts(results.facets[name].values) for name in FACETS})

        return run

    def page(question: Question) -> Page:
        """Search, and create the JSON of the page."""
        results = index.search(
            with_other_blanks(question.text), facets=_PAGE_FACETS, limit=_PAGE_LIMIT, **_filters(question)
        )
        json.dumps(results_to_json(results), ensure_ascii=False)
        return Page(results.total, tuple(hit.snippet for hit in results.hits), {})

    return {"searchkit, all": search(match="all"), "searchkit, auto": search(), "searchkit, page": page}


def _filters(question: Question) -> dict[str, Any]:
    """Return the filters of a question as keyword arguments."""
    return dict(question.filters)


def _counts(values: Iterable[Any]) -> dict[str, int]:
    """Return the number of paragraphs of each value of a facet."""
    return {str(item.value): item.count for item in values}


def prepare_index(corpus: str, data: Path, *, keep: bool) -> Path:
    """Build searchkit's index of a corpus, unless `keep` and this searchkit can search the one that exists.

    First writes the files of the corpus unless they exist. Returns the folder of the index.
    """
    corpora.prepare(corpus, data)
    folder = peers.folder("searchkit", corpus, data)
    if keep:
        with suppress(SearchkitError), Index(folder) as index:
            index.search("*", limit=0)
            return folder
    shutil.rmtree(folder, ignore_errors=True)
    peers.load("searchkit").build(corpus, data, folder)
    return folder


def open_all(corpus: str, data: Path, *, keep: bool) -> dict[str, Pipeline]:
    """Build searchkit's index of a corpus, and the missing indexes of the other engines. Returns the pipelines by name.

    `keep`: as for `prepare_index`.
    """
    opened = open_searchkit(prepare_index(corpus, data, keep=keep))
    queries.prepare(corpus, data)
    for name in pipelines.NAMES:
        if corpus in EXCLUDED.get(name, ()):
            continue
        folder = data / corpus / f"{name}-pipeline"
        if not (folder / "complete").exists():
            print(f"{corpus}: index of {name}", flush=True)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            pipelines.load(name).build(corpora.items(corpus, data), folder)
            (folder / "complete").touch()
        opened |= pipelines.load(name).open_pipelines(folder)
    return opened


def measure(question: Question, opened: Mapping[str, Pipeline]) -> dict[str, dict[str, Any]]:
    """Time a question with all pipelines. First the fast ones take turns, then the slow ones (`_SLOW_SECONDS`).

    Returns median milliseconds, and numbers of runs, hits (`total`) and snippets by pipeline.
    """
    pages: dict[str, Page] = {}
    times = {name: [_time(lambda n=name: pages.update({n: opened[n](question)}))] for name in opened}  # type: ignore[misc]
    runs = dict.fromkeys(opened, 1)
    estimates = {name: first[0].cpu for name, first in times.items()}
    for name in opened:
        if estimates[name] < _MAX_SECONDS:
            estimates[name] = _time(lambda n=name: opened[n](question)).cpu  # type: ignore[misc]
            runs[name] = min(ROUNDS, max(_MIN_RUNS, int(_MAX_SECONDS / max(estimates[name], 1e-6))))
            times[name].clear()
    slow = {name for name in opened if estimates[name] >= _SLOW_SECONDS}  # their runs empty the caches
    for names in (opened.keys() - slow, slow):
        order = sorted(names)
        for number in range(ROUNDS if order else 0):
            shift = number % len(order)
            for name in (*order[shift:], *order[:shift]):
                if len(times[name]) < runs[name]:
                    if name not in slow:
                        _warm_up(opened[name], question)
                    times[name].append(_time(lambda n=name: opened[n](question)))  # type: ignore[misc]
    return {
        name: {
            "ms": round(1000 * statistics.median(item.cpu for item in times[name]), 4),
            "wall_ms": round(1000 * statistics.median(item.wall for item in times[name]), 4),
            "runs": len(times[name]),
            "total": page.total,
            "snippets": len(page.snippets),
        }
        for name, page in pages.items()
    }


def _warm_up(pipeline: Pipeline, question: Question) -> None:
    """Run a question until the runs have taken `_WARM_UP_SECONDS`, at least once: fills the caches of the processor."""
    seconds = 0.0
    while seconds < _WARM_UP_SECONDS:
        seconds += _time(lambda: pipeline(question)).cpu


class _Time(NamedTuple):
    """Time in seconds that a call took."""

    cpu: float
    """Processor time of the process."""
    wall: float


def _time(function: Callable[[], object]) -> _Time:
    """Call a function, and return the time that it took."""
    started, wall = time.process_time(), time.perf_counter()
    function()
    return _Time(time.process_time() - started, time.perf_counter() - wall)


def measure_build() -> dict[str, float]:
    """Index generated paragraphs with each of `BUILDS`, in turn. Returns the median seconds by engine."""
    seconds: dict[str, list[float]] = {engine: [] for engine in BUILDS}
    for _ in range(_BUILD_ROUNDS):
        for engine in BUILDS:
            with tempfile.NamedTemporaryFile() as out:
                processes, paragraphs = str(_BUILD_PROCESSES), str(_BUILD_PARAGRAPHS)
                arguments = [engine, "--processes", processes, "--paragraphs", paragraphs, "--out", out.name]
                machine.run(["-m", "bench.indexing", *arguments])
                seconds[engine].append(json.loads(Path(out.name).read_text(encoding="utf-8"))["seconds"])
    return {engine: round(statistics.median(values), 3) for engine, values in seconds.items()}


def run(corpus: str, data: Path, *, keep: bool) -> dict[str, Any]:
    """Measure all questions to a corpus. Returns a JSON object. `keep`: as for `prepare_index`."""
    opened = open_all(corpus, data, keep=keep)
    asked = questions(corpus, data)
    scanned = [question.phrase.lower() for question in asked if question.phrase is not None]
    true_totals = count_lines_with(scanned, corpora.texts_file(corpus, data))
    gc.collect()
    gc.freeze()  # keeps the objects of open indexes out of garbage collections during the timings
    records = []
    for question in asked:
        truth = None if question.phrase is None else true_totals[question.phrase.lower()]
        record = {
            "group": question.group,
            "text": question.text,
            "filters": dict(question.filters),
            "words": len(pipelines.words(question.text)),
            "truth": truth,
        }
        records.append({**record, "pipelines": measure(question, opened)})
    return {"questions": records}


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure searches from the typed query to the page.")
    # argparse also checks the empty list, which it uses if no corpus is given.
    parser.add_argument("corpus", nargs="*", choices=[*corpora.NAMES, []])
    parser.add_argument("--data", type=Path, default=DATA, help="folder of corpora and indexes")
    parser.add_argument(
        "--keep",
        action="store_true",
        help="search the index of searchkit that exists; without this option, it is built anew",
    )
    parser.add_argument("--build", action="store_true", help="measure indexing, too")
    arguments = parser.parse_args()
    data = arguments.data / corpora.fingerprint()
    record: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    record["machine"] = machine.as_json(machine.describe())
    record["values"] = MAX_VALUES
    if arguments.build:
        record["build"] = measure_build()
    for corpus in arguments.corpus or [name for name in corpora.NAMES if corpora.is_available(name)]:
        record.setdefault("corpora", {})[corpus] = run(corpus, data, keep=arguments.keep)
        RESULTS.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
