"""Compares an index on an OpenSearch cluster with a columnar one: its answers, its times and what its nodes use.

    python -m bench.opensearch URL NAME [--shards 1] [--data FOLDER] [--requests 180] [--alone URL]

`URL` is the address of a cluster; `python tests/opensearch/node.py` runs one with a node and prints its address. `NAME`
is a corpus: `gov`, the government work reports (`bench.corpora.REAL`), or the number of generated paragraphs
(`bench.generate`), such as 100000. Each index is built unless the data folder has it. Then there are three rounds, in
which each request is sent to both indexes: queries with four facets and with other options, and look-ups. On `gov`, the
look-ups are those of `bench.manymeasures` and some of `bench.lookups`, and there are comparisons. An answer is
different if totals, facets, hits or values differ, if a score differs by more than 1e-4 of it, or if hits with
different scores have another order. Times are reported by class of requests, such as `phrase`, and are those of the
second and third round. The processor time of the nodes includes their work that is not part of a request. The heap is
the used part of the old generation after the requests, with the objects that Java has not yet cleared. Then all queries
are sent together, as `searchkit search` sends those of a file, and one after the other. `--alone` also compares what
OpenSearch finds without searchkit (`bench.analyzers`).

Writes results/opensearch.json, OPENSEARCH.md and the table of growth in docs/scale.md: sizes and times of indexes by
their number of paragraphs.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice, product
from operator import methodcaller
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tabulate import tabulate

import searchkit
from bench import analyzers, corpora, lookups, machine, manymeasures
from searchkit.compare.table import Comparison
from searchkit.engines.opensearch.cluster import Cluster
from searchkit.index import Index
from searchkit.search.results import Results

RESULTS = Path(__file__).parent / "results" / "opensearch.json"
REPORT = Path(__file__).parent / "OPENSEARCH.md"
GROWTH = Path(__file__).parents[1] / "docs" / "scale.md"
GROWTH_START, GROWTH_END = "<!-- growth -->", "<!-- end of growth -->"
"""The lines around the table of growth."""
DATA = Path(__file__).parent / "data" / "opensearch"
"""Default folder of generated corpora and indexes."""
TOLERANCE = 1e-4
"""Largest relative difference of two scores that count as equal."""
DISTANCE = 0.02
"""Seconds of delay before each request in a part of `run_queries`, as if the cluster were far away."""
ROUNDS = 3
"""Number of rounds. `run` compares the answers of the first round and reports the times of the others. `run_queries`
reports the medians of all rounds."""
JOBS = 2
"""Number of processes of a build."""
QUERIES: Mapping[str, Sequence[str]] = {
    "rare word": ("区块链", "元宇宙", "稻谷", "海绵城市", "托育"),
    "frequent word": ("发展", "建设", "工作", "企业", "改革"),
    "several words": ("乡村 振兴", "教育 公平", "生态 环境 整治", "科技 创新 企业 投入", "就业 困难 群众"),
    "any of the words": ("养老 OR 托育", "水利 OR 交通 OR 能源", "新能源 OR 汽车 OR 芯片 OR 软件"),
    "phrase": ('"高质量发展"', '"放管服"', '"三农"', '"的"', '"一带一路"', '"建设"', '"5000公里"', '"3.5%"'),
    "operators": ("粮食 NOT 价格", "(高铁 OR 机场) 开工", "title:政府 扶贫", "2020 就业*"),
    "filters in words": ("浙江省2020年新增就业", "2015至2018年河南粮食产量", "国务院 减税"),
    "natural language": ("新增就业人数是多少", "如何推进老旧小区改造", "医疗保障有哪些措施"),
    "everything": ("*",),
}
"""Queries by class."""
OPTIONS: Sequence[tuple[str, Mapping[str, Any]]] = (
    ("with 4 facets", {"facets": corpora.FACETS}),
    ("folded", {"fold": True}),
    ("grouped by document", {"group": "document"}),
)
"""Options of searches by class. With facets, searches have the class of the query in `QUERIES`."""
FURTHER: Sequence[tuple[str, str, Mapping[str, Any]]] = (
    ("sorted by year", "改革", {"sort": "-year,score"}),
    ("page 30", "企业", {"offset": 290}),
    ("parts of scores", "科技 创新", {"explain": True}),
    ("without a word", "建设", {"without": "工作"}),
    ("any, with more", "海洋牧场 区块链 养老床位", {"match": "any"}),
)
"""Further searches: class, query, options."""
GENERATED_LOOKUPS = ("立案", "罚款", "新增就业", "投资", "检查 次", "*")
"""Look-ups in generated paragraphs."""
LOOKUPS = 43
"""Maximum number of look-ups of `bench.lookups` that are sent."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """A request, and the class of requests whose times are reported together."""

    group: str
    """Name of the class."""
    text: str
    ask: Callable[[Index], object]


def questions(name: str, count: int) -> list[Question]:
    """Return the requests for a corpus, `count` of them at most."""
    asked = [
        _search(group if options_group == "with 4 facets" else options_group, query, options)
        for options_group, options in OPTIONS
        for group, queries in QUERIES.items()
        for query in queries
    ]
    asked += [_search(*item) for item in FURTHER]
    if name == "gov":
        # `differs` compares the ids and scores of hits, which an audit does not have.
        asked += [Question(_group_of(title), title, ask) for title, ask in manymeasures.questions() if title != "audit"]
        asked += map(_look_up, islice(lookups.read(lookups.LOOKUPS), LOOKUPS))
    else:
        asked += [Question("look-up", text, methodcaller("measures", text)) for text in GENERATED_LOOKUPS]
    return asked[:count]


def _group_of(title: str) -> str:
    return "comparison" if title.startswith("compare") else "look-up"


def _search(group: str, query: str, options: Mapping[str, Any]) -> Question:
    return Question(group, query, lambda index: index.search(query, **options))


def _look_up(lookup: lookups.Lookup) -> Question:
    return Question("look-up", lookup.query, lambda index: lookups.look_up(index, lookup).hits)


def differs(expected: Any, actual: Any) -> str | None:  # noqa: ANN401 - any answer
    """Return the name of the part of an answer that is different, or None."""
    if isinstance(expected, Results) and isinstance(actual, Results):
        for name in ("total", "total_any", "documents", "facets", "relaxed", "understood"):
            if getattr(expected, name) != getattr(actual, name):
                return name
        return _differs_in_hits(
            [(hit.id, hit.score) for hit in expected.hits], [(hit.id, hit.score) for hit in actual.hits]
        )
    if isinstance(expected, Comparison) and isinstance(actual, Comparison):
        return None if expected == actual else "table"
    if getattr(expected, "aggregates", None) != getattr(actual, "aggregates", None):
        return "aggregates"
    pairs = [[(hit.id, hit.score) for hit in getattr(answer, "hits", answer)] for answer in (expected, actual)]
    return _differs_in_hits(*pairs)


def _differs_in_hits(expected: Sequence[tuple[str, float]], actual: Sequence[tuple[str, float]]) -> str | None:
    """Return what differs between two lists of hits (id, score), or None.

    Scores are compared by rank. Hits with equal scores (`TOLERANCE`) may have any order. A hit that is missing in
    `expected` must have the last score of `expected`.
    """
    if len(expected) != len(actual):
        return "number of hits"
    if not all(math.isclose(x, y, rel_tol=TOLERANCE) for (_, x), (_, y) in zip(expected, actual, strict=True)):
        return "scores"
    last = expected[-1][1] if expected else 0.0
    scores = dict(expected)
    for hit, score in actual:
        if not math.isclose(scores.get(hit, last), score, rel_tol=TOLERANCE):
            return "hits"
    return None


def run(asked: Sequence[Question], local: Index, remote: Index, url: str) -> Json:
    """Send every request to both indexes, and return the differences and the times by class.

    `url`: address of the cluster, whose nodes state their processor time.
    """
    different: list[Json] = []
    times: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for number in range(ROUNDS):
        for question in asked:
            timed: dict[tuple[str, str], float] = {}
            answers = []
            for name, index in (("columnar", local), ("cluster", remote)):
                nodes, wall, cpu = node_seconds(url), time.perf_counter(), time.process_time()
                answers.append(question.ask(index))
                timed[name, "ms"], timed[name, "CPU"] = time.perf_counter() - wall, time.process_time() - cpu
                timed[name, "nodes"] = node_seconds(url) - nodes
            if number:
                for key, seconds in timed.items():
                    times[question.group][" ".join(key)].append(seconds * 1000)
            elif (difference := differs(*answers)) is not None:
                different.append({"group": question.group, "query": question.text, "what": difference})
    return {
        "requests": len(asked),
        "different": different,
        "classes": [*_summarize(times)],
    }


def run_queries(remote: Index, url: str) -> list[Json]:
    """Send all queries together and one after the other, in turns, and return the median times of both.

    Both ways are timed without and with a delay of `DISTANCE`. Raises RuntimeError if the answers are not the same.
    """
    call, requests = Cluster.call, 0

    def count(self: Cluster, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - any JSON
        """Count a request, and send it after the delay."""
        nonlocal requests
        requests += 1
        time.sleep(distance)
        return call(self, *arguments, **options)

    queries = [query for texts in QUERIES.values() for query in texts]
    times: dict[tuple[str, float], list[tuple[float, ...]]] = defaultdict(list)
    answers: list[object] = []
    for distance, name in [*product((0.0, DISTANCE), ("one after the other", "together"))] * ROUNDS:
        requests = 0
        with patch.object(Cluster, "call", count):
            calls = [partial(remote.search, query, facets=corpora.FACETS) for query in queries]
            nodes, wall, cpu = node_seconds(url), time.perf_counter(), time.process_time()
            found = [*remote.run_together(calls)] if name == "together" else [call() for call in calls]
            spent = time.perf_counter() - wall, time.process_time() - cpu, node_seconds(url) - nodes
            times[name, distance].append((*spent, requests))
            answers.append([replace(results, took_ms=0) for results in found])
    if any(found != answers[0] for found in answers):
        message = "queries that are sent together have other answers"
        raise RuntimeError(message)
    return [
        {"queries": f"{len(queries)} {name}", "distance ms": distance * 1000}
        | {
            title: round(_quantile(sorted(values), 0.5), 2)
            for title, values in zip(
                ("seconds", "client CPU", "node CPU", "requests"), zip(*spent, strict=True), strict=True
            )
        }
        for (name, distance), spent in times.items()
    ]


def _summarize(times: Mapping[str, Mapping[str, Sequence[float]]]) -> Iterator[Json]:
    """Yield the times of each class in milliseconds."""
    for group, by_name in times.items():
        walls = sorted(by_name["cluster ms"])
        yield {
            "class": group,
            "requests": len(walls) // (ROUNDS - 1),
            "p50": _round(_quantile(walls, 0.5)),
            "p95": _round(_quantile(walls, 0.95)),
            "client CPU": _round(_quantile(sorted(by_name["cluster CPU"]), 0.5)),
            "node CPU": _round(sum(by_name["cluster nodes"]) / len(walls)),
            "columnar p50": _round(_quantile(sorted(by_name["columnar ms"]), 0.5)),
            "columnar CPU": _round(_quantile(sorted(by_name["columnar CPU"]), 0.5)),
        }


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def _round(milliseconds: float) -> float:
    return round(milliseconds, 1)


def build(corpus: Path, index: Path, url: str | None) -> Json:
    """Run `searchkit build`.

    Returns wall and processor time in seconds and, with `url`, processor time of the nodes.
    """
    engine = ["--engine", "opensearch", "--url", url] if url else []
    command = [sys.executable, "-m", "searchkit", "build", str(corpus), "--index", str(index), "--jobs", str(JOBS)]
    before, nodes, wall = _child_seconds(), node_seconds(url), time.perf_counter()
    subprocess.run([*command, *engine], check=True, stdout=subprocess.DEVNULL)
    used = {"seconds": time.perf_counter() - wall, "CPU": _child_seconds() - before}
    if url:
        used["node CPU"] = node_seconds(url) - nodes
    return {name: round(seconds, 1) for name, seconds in used.items()}


def _child_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def get(url: str, path: str) -> Json:
    """Return the answer of a cluster to a GET request, parsed from JSON."""
    with urllib.request.urlopen(f"{url}{path}", timeout=60) as answer:  # noqa: S310 - the address of the user
        result: Json = json.load(answer)
        return result


def node_seconds(url: str | None) -> float:
    """Return the processor time in seconds that the nodes of a cluster have used so far, or 0 without `url`."""
    if url is None:
        return 0.0
    nodes = get(url, "/_nodes/stats/process?filter_path=nodes.*.process.cpu")["nodes"].values()
    return float(sum(node["process"]["cpu"]["total_in_millis"] for node in nodes) / 1000)


def used_heap(url: str) -> int:
    """Return the bytes that are used in the old generation of the heaps of the nodes."""
    pools = get(url, "/_nodes/stats/jvm?filter_path=nodes.*.jvm.mem.pools")["nodes"].values()
    return int(sum(node["jvm"]["mem"]["pools"]["old"]["used_in_bytes"] for node in pools))


def write_report(results: Json) -> None:
    """Write the page of the results, and the table of growth."""
    lines = ["# An index on an OpenSearch cluster, and the columnar engine", ""]
    lines += [
        "`python -m bench.opensearch` writes this page. Times are milliseconds: those of the cluster are p50, p95,"
    ]
    lines += [
        "the processor time of the client (median) and of the nodes (mean). The machine may be busy: see its load.",
        "",
    ]
    for name, found in results.items():
        nodes = "one node" if found["nodes"] == 1 else f"{found['nodes']} nodes"
        lines += [f"## {name}: {found['paragraphs']:,} paragraphs, {nodes} of OpenSearch {found['OpenSearch']}", ""]
        lines += [
            f"{found['machine']['cores']} cores of {found['machine']['cpu']}, load {found['load']:.1f} before it.",
            "",
        ]
        for key, title in (("columnar build", "columnar"), ("build", "cluster")):
            if key in found:
                lines += [
                    f"Build, {title}: " + ", ".join(f"{what} {value:,}" for what, value in found[key].items()) + ".",
                    "",
                ]
        size = found["bytes of a copy"]
        lines += [f"A copy takes {size / 1e6:.0f} MB, {size / found['paragraphs'] / 1e3:.1f} KB a paragraph.", ""]
        if "together" in found:
            lines += [
                "Queries of a file, in seconds (medians). `distance` is a wait before each request, as if the cluster",
                "were far away:",
                "",
                tabulate(found["together"], "keys", "github"),
                "",
            ]
        lines += [f"{len(found['different'])} of {found['requests']} answers differ.", ""]
        lines += [f"- {item['group']}, {item['query']}: {item['what']}" for item in found["different"]]
        lines += [""] * bool(found["different"]) + [tabulate(found["classes"], "keys", "github"), ""]
        if "alone" in found:
            lines += _describe_alone(found["alone"])
    REPORT.write_text("\n".join(lines), encoding="utf-8")
    write_growth(results)


def _describe_alone(found: Json) -> Iterator[str]:
    """Yield the lines of the comparison with OpenSearch alone."""
    yield from (
        "### OpenSearch without searchkit",
        "",
        "The same paragraphs in fields of OpenSearch's own analyzer, of smartcn and of IK. Each query is what a user",
        "would send (`bench.analyzers`). A scan of the texts says which paragraphs are right. `exact` is the number of",
        "queries whose hits are these and no others. Recall and precision are those of all hits of a class. Times are",
        "those of ten hits without facets; that of searchkit is the columnar engine's. The scan does not know that a",
        "number is written in other ways: 三件 for 3件, wide signs. searchkit finds these as well.",
        "",
        tabulate(found["classes"], "keys", "github"),
        "",
        "Right hits of all hits, by query:",
        "",
        tabulate([_describe_hits(item) for item in found["queries"]], "keys", "github"),
        "",
        f"The counts of terms aggregations over {analyzers.SHARDS} shards, as OpenSearch returns them by default: the",
        "ten most frequent values. Queries are those of words, the analyzer is the standard one. `missing` values have",
        "more hits than the last value of an aggregation, but are not in it. The counts of searchkit are exact.",
        "",
        tabulate(found["facets"], "keys", "github"),
        "",
    )


def _describe_hits(item: Json) -> Json:
    return {key: " of ".join(map(str, value)) if isinstance(value, list) else value for key, value in item.items()}


def write_growth(results: Json) -> None:
    """Write the table of growth into the page about clusters."""
    rows = []
    for name, found in sorted(results.items(), key=lambda item: item[1]["paragraphs"]):
        if "together" not in found:
            continue
        built, number, asked = found.get("build", {}), found["paragraphs"], found["together"][0]
        searches = int(asked["queries"].split()[0])
        rows.append(
            {
                "paragraphs": f"{number:,}",
                "nodes": found["nodes"],
                "shards": name.partition(", ")[2].split()[0],
                "characters": found["characters"],
                "MB of a copy": round(found["bytes of a copy"] / 1e6),
                "heap MB": round(found["heap"] / 1e6),
                **{f"{name} ms": round(asked[name] * 1000 / searches) for name in ("client CPU", "node CPU")},
                "ms": round(asked["seconds"] * 1000 / searches),
                "paragraphs/s of a build": round(number / built["seconds"]) if built else "",
            }
        )
    before, rest = GROWTH.read_text(encoding="utf-8").split(GROWTH_START)
    after = rest[rest.index(GROWTH_END) :]
    table = tabulate(rows, "keys", "github", disable_numparse=True)
    GROWTH.write_text(f"{before}{GROWTH_START}\n{table}\n{after}", encoding="utf-8")


def stored_bytes(url: str, name: str) -> int:
    """Return the bytes of all states of an index on the cluster, without replicas."""
    stats = get(url, f"/searchkit-{name}-data-*/_stats/store")
    return int(stats["_all"]["primaries"]["store"]["size_in_bytes"])


def main() -> None:
    """Build what is missing, send the requests, print the times and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="address of the cluster")
    parser.add_argument("name", help="gov, or a number of generated paragraphs")
    parser.add_argument("--shards", type=int, default=1, help="number of shards of a new index")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of corpora and indexes")
    parser.add_argument("--alone", metavar="URL", help="node with analyzers for Chinese, for the comparison with them")
    parser.add_argument("--requests", type=int, default=180, help="maximum number of requests")
    options = parser.parse_args()
    folder = options.data / f"{options.name}-{options.shards}"
    local, remote = options.data / options.name / "columnar", folder / "cluster"
    corpus = corpora.REAL if options.name == "gov" else options.data / options.name / "files"
    if not corpus.is_dir():
        command = [sys.executable, "-m", "bench.generate", "--paragraphs", options.name, "--files", str(corpus)]
        subprocess.run(command, check=True)
    results: Json = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    found = results.setdefault(f"{options.name}, {options.shards} shards", {})
    found["machine"], found["load"] = asdict(machine.describe()), os.getloadavg()[0]
    root = get(options.url, "/")
    found["OpenSearch"] = root["version"]["number"]
    found["nodes"] = get(options.url, "/_cluster/health")["number_of_nodes"]
    if not local.exists():
        found["columnar build"] = build(corpus, local, None)
    if not (remote / "cluster.json").exists():
        remote.mkdir(parents=True)
        name = f"bench-{options.name}-{options.shards}"
        address = {"url": options.url, "name": name, "shards": options.shards}
        (remote / "cluster.json").write_text(json.dumps(address), encoding="utf-8")
        try:
            found["build"] = build(corpus, remote, options.url)
        except BaseException:
            with suppress(OSError):
                (remote / "cluster.json").unlink()
            raise
    found["bytes of a copy"] = stored_bytes(options.url, f"bench-{options.name}-{options.shards}")
    with searchkit.open(local) as first, searchkit.open(remote) as second:
        found["paragraphs"] = first.info()["paragraphs"]
        found["characters"] = round(statistics.mean(len(paragraph.text) for paragraph in first.paragraphs()))
        found.update(run(questions(options.name, options.requests), first, second, options.url))
        found["heap"] = used_heap(options.url)
        found["together"] = run_queries(second, options.url)
        if options.alone:
            found["alone"] = analyzers.compare(options.alone, first)
    RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    write_report(results)
    print(tabulate(found["classes"], headers="keys"))
    print(found.get("columnar build"), found.get("build"), f"{len(found['different'])} of {found['requests']} differ")
    for item in found["different"]:
        print(*item.values(), sep=" | ")


if __name__ == "__main__":
    main()
