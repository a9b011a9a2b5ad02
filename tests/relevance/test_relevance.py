"""Ranking, as numbers: nDCG@10 of a small golden that a person can read, and of samples of two public collections.

`golden.json` holds the judgements, `score.json` the numbers that ranking must not fall below. After a change for the
better, `python tests/relevance/test_relevance.py` writes the new numbers.
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
"""Name and which share of the passages is indexed: every second, every sixth, besides all that the
sampled queries ask for."""
EVERY = 40
"""Every so many-th query of a collection is asked."""
SLACK = 0.01
"""So much a collection may lose before the test fails; the golden may lose nothing."""

Gains = Mapping[str, int]


def ndcg(ranked: Sequence[str], gains: Gains, depth: int = 10) -> float:
    """Discounted gain of the first `depth` hits over that of the best order (Järvelin and Kekäläinen 2002): 0 to 1."""
    best = sorted(gains.values(), reverse=True)
    return discounted([gains.get(name, 0) for name in ranked[:depth]]) / discounted(best[:depth])


def discounted(gains: Sequence[int]) -> float:
    """Gain at rank r, from 1, counts by 1 / log2(r + 1)."""
    return sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains))


def mean_ndcg(index: Index, queries: Mapping[str, Gains]) -> float:
    """Mean over the queries, rounded to four places as it is committed."""
    scores = []
    for query, gains in queries.items():
        ranked = [hit.id for hit in index.search(query, match="any", limit=10).hits]
        scores.append(ndcg(ranked, gains))
    return round(sum(scores) / len(scores), 4)


def committed() -> dict[str, float]:
    """The numbers in score.json."""
    data: dict[str, float] = json.loads(SCORES.read_text(encoding="utf-8"))["ndcg@10"]
    return data


def golden() -> list[dict[str, dict[str, str]]]:
    """Queries of the golden, each with its `best` and `good` paragraphs."""
    data: list[dict[str, dict[str, str]]] = json.loads((HERE / "golden.json").read_text(encoding="utf-8"))["queries"]
    return data


def golden_gains() -> dict[str, Gains]:
    """Gain of each judged paragraph by query: 2 for the best, 1 for the good."""
    return {str(q["query"]): dict.fromkeys(q["good"], 1) | dict.fromkeys(q["best"], 2) for q in golden()}


def sample(collection: Path, share: int, corpus: Path) -> dict[str, Gains]:
    """Write a part of a collection as a corpus; give its sampled queries with their gains."""
    gains: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (collection / "qrels.tsv").read_text(encoding="utf-8").splitlines():
        query, _, passage, gain = line.split()
        if int(gain) > 0:
            gains[query][f"corpus.jsonl#{passage}"] = int(gain)
    lines = (collection / "queries.tsv").read_text(encoding="utf-8").splitlines()
    asked = [(fields[0], fields[-1]) for fields in (line.split("\t") for line in lines) if fields[0] in gains][::EVERY]
    wanted = {passage for query, _ in asked for passage in gains[query]}
    with (collection / "corpus.jsonl").open(encoding="utf-8") as source:
        kept = [
            line
            for n, line in enumerate(source)
            if n % share == 0 or f"corpus.jsonl#{json.loads(line)['_id']}" in wanted
        ]
    (corpus / "corpus.jsonl").write_text("".join(kept), encoding="utf-8")
    return {text: gains[query] for query, text in asked}


@pytest.fixture(scope="session")
def samples_index(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index of the sample reports in corpus/."""
    folder = tmp_path_factory.mktemp("samples")
    build(ROOT / "corpus" / "reports", folder, BuildOptions(engine))
    with Index(folder) as index:
        yield index


def test_golden_is_about_the_paragraphs_there_are(samples_index: Index) -> None:
    """Each paragraph that the golden names is there and begins as the golden says: it moves when the reading does."""
    for query in golden():
        for name, beginning in (query["best"] | query["good"]).items():
            paragraph = samples_index.paragraph(name)
            assert paragraph is not None, f"golden.json, query {query['query']!r}: no paragraph {name}"
            assert paragraph.text.startswith(beginning), f"golden.json, query {query['query']!r}: {name} is another one"


def test_golden_is_large_enough() -> None:
    """The golden has two dozen queries, no two alike, each with a best paragraph, none judged twice."""
    queries = golden()
    assert len(golden_gains()) == len(queries) >= 24
    for query in queries:
        assert len(query["best"]) == 1 if "sure" in query else query["best"]
        assert not query["best"].keys() & query["good"].keys()


def test_golden_ranking(samples_index: Index) -> None:
    """Over the sample reports, nDCG@10 of the golden is no lower than the committed number."""
    score = mean_ndcg(samples_index, golden_gains())
    assert score >= committed()["golden"], f"ranking fell to {score}"


def test_what_is_sure_comes_first(samples_index: Index) -> None:
    """Where one paragraph and no other answers a query, it is the first hit."""
    for query in golden():
        if "sure" in query:
            hits = samples_index.search(str(query["query"])).hits
            shown = [hit.snippet for hit in hits[:3]]
            assert [hit.id for hit in hits[:1]] == [*query["best"]], f"{query['query']!r}: {shown}"


@pytest.mark.parametrize("name", COLLECTIONS)
def test_collections(shared: Path, engine: str, tmp_path: Path, name: str) -> None:
    """On samples of public collections, nDCG@10 stays where it was."""
    (tmp_path / "corpus").mkdir()
    queries = sample(shared / "relevance" / name, COLLECTIONS[name], tmp_path / "corpus")
    build(tmp_path / "corpus", tmp_path / "index", BuildOptions(engine))
    with Index(tmp_path / "index") as index:
        score = mean_ndcg(index, queries)
    assert score >= committed()[name] - SLACK, f"ranking fell to {score}"


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
def test_measure(ranked: list[str], gains: Gains, expected: float) -> None:
    """The measure itself: full marks for the best order, less further down, nothing behind the tenth."""
    assert ndcg(ranked, gains) == pytest.approx(expected)


def main() -> None:
    """Measure with the first engine and write score.json; collections that are not there keep their numbers."""
    scores = committed() if SCORES.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        build(ROOT / "corpus" / "reports", at / "golden", BuildOptions(ENGINES[0]))
        with Index(at / "golden") as index:
            scores["golden"] = mean_ndcg(index, golden_gains())
        for name, share in COLLECTIONS.items():
            collection = ROOT.parent / "shared" / "relevance" / name
            if collection.is_dir():
                (at / f"{name}-corpus").mkdir()
                queries = sample(collection, share, at / f"{name}-corpus")
                build(at / f"{name}-corpus", at / name, BuildOptions(ENGINES[0]))
                with Index(at / name) as index:
                    scores[name] = mean_ndcg(index, queries)
    SCORES.write_text(json.dumps({"ndcg@10": scores}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
