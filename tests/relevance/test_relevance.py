"""Quality of ranking: nDCG@10 of a small golden set, and of samples of two public collections.

`golden.json` contains the judgements of the golden set, `score.json` the committed scores, with which the tests compare
the current ones. After an improvement, `python tests/relevance/test_relevance.py` writes the new scores.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from searchkit.engines.opening import ENGINES
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, build

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SCORES = HERE / "score.json"
COLLECTIONS = {"cmrc2018": 2, "rgb-zh": 6}
"""Names of the collections and the step at which their passages are sampled: every second, every sixth. The passages
that are relevant to a sampled query are always included."""
QUERY_STEP = 40
"""Step at which the queries of a collection are sampled."""
TOLERANCE = 0.01
"""Loss of nDCG that is accepted for a collection. For the golden set no loss is accepted."""

Gains = Mapping[str, int]
"""How relevant each paragraph is to a query, by the id of the paragraph. Others are not relevant."""


def ndcg(ranked: Sequence[str], gains: Gains, depth: int = 10) -> float:
    """Return the nDCG of a ranking: the discounted gain of its first `depth` hits over that of the ideal order, 0 to 1.

    Source: Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002).
    """
    best = sorted(gains.values(), reverse=True)
    return discounted_gain([gains.get(name, 0) for name in ranked[:depth]]) / discounted_gain(best[:depth])


def discounted_gain(gains: Sequence[int]) -> float:
    """Return the discounted cumulative gain: the sum of gain / log2(rank + 1), with ranks from 1."""
    return sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains))


def mean_ndcg(index: Index, queries: Mapping[str, Gains]) -> float:
    """Return the mean nDCG of the queries, rounded to four decimal places as in score.json."""
    scores = []
    for query, gains in queries.items():
        ranked = [hit.id for hit in index.search(query, match="any", limit=10).hits]
        scores.append(ndcg(ranked, gains))
    return round(sum(scores) / len(scores), 4)


def committed_scores() -> dict[str, float]:
    """Return the scores in score.json."""
    data: dict[str, float] = json.loads(SCORES.read_text(encoding="utf-8"))["ndcg@10"]
    return data


def golden_queries() -> list[dict[str, dict[str, str]]]:
    """Return the queries of the golden set with their `best` and `good` paragraphs."""
    data: list[dict[str, dict[str, str]]] = json.loads((HERE / "golden.json").read_text(encoding="utf-8"))["queries"]
    return data


def golden_gains() -> dict[str, Gains]:
    """Return the gains of the judged paragraphs by query: 2 for the best, 1 for the good."""
    return {str(q["query"]): dict.fromkeys(q["good"], 1) | dict.fromkeys(q["best"], 2) for q in golden_queries()}


def sample(collection: Path, step: int, corpus: Path) -> dict[str, Gains]:
    """Write a sample of the passages of a collection to `corpus`. Return a sample of its queries with their gains."""
    gains: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (collection / "qrels.tsv").read_text(encoding="utf-8").splitlines():
        query, _, passage, gain = line.split()
        if int(gain) > 0:
            gains[query][f"corpus.jsonl#{passage}"] = int(gain)
    lines = (collection / "queries.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    queries = [(row[0], row[-1]) for row in rows if row[0] in gains][::QUERY_STEP]
    relevant = {passage for query, _ in queries for passage in gains[query]}
    with (collection / "corpus.jsonl").open(encoding="utf-8") as source:
        sampled = [
            line
            for n, line in enumerate(source)
            if n % step == 0 or f"corpus.jsonl#{json.loads(line)['_id']}" in relevant
        ]
    (corpus / "corpus.jsonl").write_text("".join(sampled), encoding="utf-8")
    return {text: gains[query] for query, text in queries}


@pytest.fixture(scope="session")
def samples_index(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index of the sample reports in corpus/."""
    folder = tmp_path_factory.mktemp("samples")
    build(ROOT / "corpus" / "reports", folder, BuildOptions(engine))
    with Index(folder) as index:
        yield index


def test_golden_paragraphs_exist(samples_index: Index) -> None:
    """Every judged paragraph exists and begins as stated. If reading changes, the ids in golden.json must follow."""
    for query in golden_queries():
        for name, beginning in (query["best"] | query["good"]).items():
            paragraph = samples_index.paragraph(name)
            assert paragraph is not None, f"golden.json, query {query['query']!r}: no paragraph {name}"
            assert paragraph.text.startswith(beginning), (
                f"golden.json, query {query['query']!r}: {name} is a different paragraph"
            )


def test_golden_is_large_enough() -> None:
    """The golden set has at least 24 distinct queries. Each has a best paragraph, exactly one if it is marked `sure`.

    No paragraph is judged twice for a query.
    """
    queries = golden_queries()
    assert len(golden_gains()) == len(queries) >= 24
    for query in queries:
        assert len(query["best"]) == 1 if "sure" in query else query["best"]
        assert not query["best"].keys() & query["good"].keys()


def test_golden_ranking(samples_index: Index) -> None:
    """On the sample reports, the nDCG@10 of the golden set is at least the committed score."""
    score = mean_ndcg(samples_index, golden_gains())
    assert score >= committed_scores()["golden"], f"ranking fell to {score}"


def test_the_only_answer_ranks_first(samples_index: Index) -> None:
    """If only one paragraph answers a query (`sure`), it is the first hit."""
    for query in golden_queries():
        if "sure" in query:
            hits = samples_index.search(str(query["query"])).hits
            snippets = [hit.snippet for hit in hits[:3]]
            assert [hit.id for hit in hits[:1]] == [*query["best"]], f"{query['query']!r}: {snippets}"


@pytest.mark.parametrize("engine", ENGINES[:1])
@pytest.mark.parametrize("name", COLLECTIONS)
def test_collections(shared: Path, engine: str, tmp_path: Path, name: str) -> None:
    """On a sample of a public collection, nDCG@10 is at least the committed score minus the tolerance.

    One engine is enough: `tests/engines` compares the scores of hits of every engine with one formula.
    """
    (tmp_path / "corpus").mkdir()
    queries = sample(shared / "relevance" / name, COLLECTIONS[name], tmp_path / "corpus")
    build(tmp_path / "corpus", tmp_path / "index", BuildOptions(engine))
    with Index(tmp_path / "index") as index:
        score = mean_ndcg(index, queries)
    assert score >= committed_scores()[name] - TOLERANCE, f"ranking fell to {score}"


@pytest.mark.parametrize(
    ("ranked", "gains", "expected"),
    [
        (["a", "b"], {"a": 2, "b": 1}, 1.0),
        (["b", "a"], {"a": 2, "b": 1}, (1 + 2 / math.log2(3)) / (2 + 1 / math.log2(3))),
        (["x", "a"], {"a": 1}, 1 / math.log2(3)),
        ([], {"a": 1}, 0.0),
        ([*"0123456789", "a"], {"a": 1}, 0.0),
    ],
)
def test_ndcg(ranked: list[str], gains: Gains, expected: float) -> None:
    """The ideal order has an nDCG of 1. Hits further down count less, and hits after the tenth count nothing."""
    assert ndcg(ranked, gains) == pytest.approx(expected)


def main() -> None:
    """Compute the scores with the first engine and write score.json. A collection without a folder keeps its score."""
    scores = committed_scores() if SCORES.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        build(ROOT / "corpus" / "reports", root / "golden", BuildOptions(ENGINES[0]))
        with Index(root / "golden") as index:
            scores["golden"] = mean_ndcg(index, golden_gains())
        for name, step in COLLECTIONS.items():
            collection = ROOT.parent / "shared" / "relevance" / name
            if collection.is_dir():
                (root / f"{name}-corpus").mkdir()
                queries = sample(collection, step, root / f"{name}-corpus")
                build(root / f"{name}-corpus", root / name, BuildOptions(ENGINES[0]))
                with Index(root / name) as index:
                    scores[name] = mean_ndcg(index, queries)
    SCORES.write_text(json.dumps({"ndcg@10": scores}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
