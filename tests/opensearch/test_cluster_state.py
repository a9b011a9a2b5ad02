"""The state of an index on a cluster: commits, snapshots, two writers, failures, and clear errors."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from searchkit.corpus.reading import ParsedDocument
from searchkit.engines.opening import create_directory, open_directory
from searchkit.errors import (
    IndexDamaged,
    IndexForeign,
    IndexLocked,
    IndexMissing,
    IndexUnusable,
    SearchkitError,
    UsageError,
)
from searchkit.index import Index
from searchkit.indexing import build as indexing
from searchkit.indexing.build import BuildOptions, build, write_index

pytest.importorskip("opensearchpy", reason="opensearch-py is not installed")

from searchkit.engines.opensearch import directory as states
from searchkit.engines.opensearch.cluster import Cluster
from searchkit.engines.opensearch.directory import ClusterDirectory
from searchkit.engines.opensearch.ranking import Ranking, Statistics
from searchkit.engines.opensearch.writer import OpenSearchWriter

OPTIONS = BuildOptions("opensearch")
Report = Callable[..., ParsedDocument]


@pytest.fixture(scope="module")
def url(request: pytest.FixtureRequest) -> str:
    """Address of a node, from the option `--cluster`. `test_opensearch.py` runs some of these tests on its own node."""
    address: str | None = request.config.getoption("--cluster")
    if not address:
        pytest.skip("no OpenSearch node: make opensearch runs one")
    return address


@pytest.fixture
def index(url: str, tmp_path: Path, report: Report) -> Path:
    """Folder of an index with one document."""
    Cluster.assign(tmp_path / "index", url)
    write_index([report("a.txt", "全年立案3件。")], tmp_path / "index", OPTIONS)
    return tmp_path / "index"


def state_names(index: Path) -> list[str]:
    """Return the names of the states of an index on the cluster, sorted."""
    cluster = Cluster.read(index)
    assert cluster is not None
    return sorted(cluster.list_data())


def ids(index: Path | Index, query: str) -> list[str]:
    """Return the ids of the hits of a search."""
    if isinstance(index, Index):
        return [hit.id for hit in index.search(query).hits]
    with Index(index) as opened:
        return ids(opened, query)


def test_the_folder_contains_only_cluster_json(index: Path, url: str) -> None:
    """The folder has only `cluster.json`, which names the index. A copy of this file elsewhere opens the same index."""
    assert [path.name for path in index.iterdir()] == ["cluster.json"]
    other = index.parent / "elsewhere"
    other.mkdir()
    (other / "cluster.json").write_bytes((index / "cluster.json").read_bytes())
    assert ids(other, "立案") == ["a.txt#1"]
    assert json.loads((index / "cluster.json").read_text())["url"] == url


def test_an_open_index_keeps_its_state(index: Path, report: Report) -> None:
    """A snapshot answers as before after two full builds; `refresh` switches to the new state."""
    with Index(index) as opened:
        for number in (4, 5):
            write_index([report("b.txt", f"全年立案{number}件。")], index, OPTIONS)
        assert ids(opened, "立案") == ["a.txt#1"]
        assert opened.refresh()
        assert not opened.refresh()
        assert ids(opened, "立案") == ["b.txt#1"]
        opened.check()


def test_queries_are_sent_together(index: Path, report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """`run_together` returns what the same calls one after the other return, with less than half as many requests."""
    texts = [f"立案{n}件。推进养老服务{'，' * (n % 3)}检查{n * 7}次。" for n in range(1, 40)]
    write_index([report(f"{n}.txt", text) for n, text in enumerate(texts)], index, OPTIONS)
    words = ("立案", '"养老服务"', "检查 NOT 立案", "立案件数是多少", "*", "养老 OR 托育", "没有", "立*", "2019年检查")
    queries = [f"{word} {n % 4 or ''}" for n, word in enumerate(words * 4)]
    requests: list[str] = []
    call = Cluster.call

    def count(self: Cluster, method: str, path: str, *arguments: Any, **options: Any) -> object:  # noqa: ANN401
        requests.append(path)
        return call(self, method, path, *arguments, **options)

    monkeypatch.setattr(Cluster, "call", count)
    answers: list[object] = []
    counts: list[int] = []
    for is_together in (True, False):
        with Index(index) as opened:
            calls = [
                *(partial(opened.search, query, facets="year", explain=True) for query in queries),
                *(partial(opened.measures, query) for query in queries),
            ]
            requests.clear()
            found = opened.run_together(calls) if is_together else (call() for call in calls)
            answers.append([replace(answer, took_ms=0) for answer in found])
            counts.append(len(requests))
    assert answers[0] == answers[1]
    assert counts[0] < counts[1] / 2


def test_a_file_of_queries_is_answered_like_a_pipe(index: Path) -> None:
    """`search --queries` prints the same lines for a file as for a pipe, in order, with errors in their places."""
    file = index.parent / "queries"
    file.write_text('a\t立案\nno tab\nb\t"3件"\n{"id": "c", "query": "*", "sort": "x"}\nd\t没有\n', encoding="utf-8")
    command = [sys.executable, "-m", "searchkit", "search", "--index", str(index), "--queries"]
    results = [
        subprocess.run([*command, name], input=file.read_bytes(), capture_output=True, check=False)
        for name in (str(file), "-")
    ]
    assert results[0].stdout == results[1].stdout
    assert results[0].stderr == results[1].stderr
    assert [results[0].returncode, results[1].returncode] == [2, 2]
    assert [json.loads(line)["id"] for line in results[0].stdout.splitlines()] == ["a", "2", "b", "c", "d"]


def test_old_states_are_removed(index: Path, report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build removes the states that were replaced long ago, but not the state that it replaces itself."""
    monkeypatch.setattr(states, "RETENTION_SECONDS", 0.0)
    for text in ("检查", "执法"):
        write_index([report("b.txt", text)], index, OPTIONS)
    assert state_names(index) == ["data-000002", "data-000003"]
    assert ids(index, "执法") == ["b.txt#1"]


@pytest.mark.parametrize("step", ["bulk", "put_file", "search", "list_data"])
def test_a_failed_build_changes_nothing_and_leaves_nothing(
    index: Path, report: Report, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """If a request fails for good, the old state stays, the new one is removed, and the same build works afterwards."""
    original = getattr(Cluster, step)
    calls = iter(range(100))

    # `bulk` and `list_data` fail at every call. `put_file` and `search` fail at their second call only, when a part of
    # the new state has been written.
    def fail(self: Cluster, *arguments: object, **options: object) -> object:
        if next(calls) == 1 or step in {"bulk", "list_data"}:
            message = "the cluster is gone"
            raise IndexUnusable(message)
        return original(self, *arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(Cluster, step, fail)
        with pytest.raises(IndexUnusable, match="gone"):
            write_index([report("b.txt", "检查")], index, OPTIONS)
    assert ids(index, "立案") == ["a.txt#1"]
    assert state_names(index) == ["data-000001"]
    write_index([report("b.txt", "检查")], index, OPTIONS)
    assert ids(index, "检查") == ["b.txt#1"]


def test_the_remains_of_a_killed_build_are_removed(
    index: Path, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build that is killed before its commit leaves a state, a folder and a lock.

    When the lock has expired, the next build takes it, and removes the state and the folder.
    """

    class Killed(BaseException):
        """Ends a build as a kill would: what the build would remove stays."""

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(states, "LOCK_SECONDS", 0.5)
        patched.setattr(ClusterDirectory, "commit", die)
        patched.setattr(ClusterDirectory, "discard", lambda *_: None)
        call = Cluster.call

        def keep_lock(self: Cluster, method: str, path: str, *arguments: Any, **options: Any) -> object:  # noqa: ANN401
            return None if method == "DELETE" else call(self, method, path, *arguments, **options)

        patched.setattr(Cluster, "call", keep_lock)
        with pytest.raises(Killed):
            write_index([report("b.txt", "检查")], index, OPTIONS)
    assert state_names(index) == ["data-000001", "data-000002"]
    time.sleep(0.6)
    write_index([report("c.txt", "执法")], index, OPTIONS)
    assert "data-000002" not in state_names(index)
    assert ids(index, "执法") == ["c.txt#1"]
    assert [path.name for path in index.iterdir()] == ["cluster.json"]


def test_two_writers_exclude_each_other(index: Path, report: Report) -> None:
    """While one process has the lock, a build is refused with an error that names this process."""
    with open_directory(index).lock(), pytest.raises(IndexLocked, match=r"is being written by process \d+ on .*"):
        write_index([report("b.txt", "检查")], index, OPTIONS)
    write_index([report("b.txt", "检查")], index, OPTIONS)


def test_a_lock_is_renewed(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock that is held for longer than it lasts stays with its holder."""
    monkeypatch.setattr(states, "LOCK_SECONDS", 1.5)
    monkeypatch.setattr(states, "_RENEWAL_SECONDS", 0.2)
    with open_directory(index).lock():
        time.sleep(2.5)
        with pytest.raises(IndexLocked), open_directory(index).lock():
            pass


def test_a_writer_that_lost_its_lock_cannot_commit(
    index: Path, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a build stands still until another process has taken its lock, its commit is refused."""
    monkeypatch.setattr(states, "LOCK_SECONDS", 0.2)
    monkeypatch.setattr(states, "_RENEWAL_SECONDS", 60.0)
    taken, ended = threading.Event(), threading.Event()

    def take() -> None:
        time.sleep(0.4)
        with open_directory(index).lock():
            taken.set()
            ended.wait(30)

    commit = OpenSearchWriter.commit

    def wait_and_commit(writer: OpenSearchWriter) -> None:
        thread.start()
        taken.wait(30)
        commit(writer)

    thread = threading.Thread(target=take)
    monkeypatch.setattr(OpenSearchWriter, "commit", wait_and_commit)
    with pytest.raises(IndexLocked):
        write_index([report("b.txt", "检查")], index, OPTIONS)
    ended.set()
    thread.join()
    assert ids(index, "立案") == ["a.txt#1"]


def test_an_update_equals_a_new_index(url: str, tmp_path: Path) -> None:
    """An index that was updated in steps has the answers of a new one."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name in "abc":
        (corpus / f"{name}.txt").write_text(
            f"{name}区2023年工作报告\n全年立案{ord(name)}件。\n开展执法检查。\n", "utf-8"
        )
    for folder in ("updated", "new"):
        Cluster.assign(tmp_path / folder, url)
    build(corpus, tmp_path / "updated", OPTIONS)
    (corpus / "a.txt").unlink()
    (corpus / "b.txt").write_text("b区2023年工作报告\n全年立案7件。\n", "utf-8")
    (corpus / "d.txt").write_text("d区2023年工作报告\n全年立案8件。\n", "utf-8")
    report = build(corpus, tmp_path / "updated", OPTIONS)
    assert (report.files, report.removed, report.unchanged) == (2, 1, 1)
    assert build(corpus, tmp_path / "updated", OPTIONS).files == 0
    build(corpus, tmp_path / "new", OPTIONS)
    answers = []
    for folder in ("updated", "new"):
        with Index(tmp_path / folder) as index:
            index.check()
            hits = [(hit.id, hit.score, hit.snippet) for hit in index.search("立案 执法检查", match="any").hits]
            measures = [(hit.id, hit.score) for hit in index.measures("立案").hits]
            answers.append((hits, measures, [*index.paragraphs()], index.suggest("立")))
    assert answers[0] == answers[1]
    assert len(answers[0][0]) == 4


def test_hits_are_the_same_with_and_without_candidates(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hits are the same whether only the candidates are scored or all matches.

    The candidates are the best matches by OpenSearch's own BM25. All matches are scored (a) if a match that is no
    candidate could be among the best hits, or (b) because no candidates are looked for.

    The index was updated: the document frequencies of OpenSearch still count the documents that were deleted.
    """
    chance = random.Random(7)  # noqa: S311 - no secret
    words = ["执法", "检查", "立案", "处罚", "整改", "培训", "宣传", "监督"]

    def lines(count: int) -> str:
        return "\n".join(
            "，".join(chance.choices(words, range(8, 0, -1), k=chance.randint(1, 40))) + "。" for _ in range(count)
        )

    Cluster.assign(tmp_path / "index", url)
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name in range(160):
        (corpus / f"{name}.txt").write_text(lines(12 if name else 2), "utf-8")
    build(corpus, tmp_path / "index", OPTIONS)
    (corpus / "0.txt").write_text(lines(2), "utf-8")
    build(corpus, tmp_path / "index", OPTIONS)
    found: dict[str, list[object]] = {}
    attempts: dict[str, list[bool]] = {}
    original = Ranking._best_of_candidates

    for way in ("candidates", "candidates that do not suffice", "all"):

        def count(self: Ranking, grams: Any, way: str = way) -> object:  # noqa: ANN401 - only passed on
            hits = original(self, grams)
            attempts.setdefault(way, []).append(hits is not None)
            return hits

        with monkeypatch.context() as patched, Index(tmp_path / "index") as index:
            patched.setattr(Ranking, "_best_of_candidates", count)
            if way == "all":
                patched.setattr(Ranking, "_has_candidates", lambda _: False)
            elif way != "candidates":
                patched.setattr(Statistics, "bound", lambda *_: math.inf)
            for query in ("监督", "执法", "检查 OR 处罚", "宣传 监督", "立案 OR 整改 OR 监督 OR 宣传"):
                hits = index.search(query, limit=200).hits
                found.setdefault(way, []).append([(hit.id, round(hit.score, 9)) for hit in hits])
    assert found["candidates"] == found["candidates that do not suffice"] == found["all"]
    assert any(attempts["candidates"])
    assert not any(attempts["candidates that do not suffice"])
    assert "all" not in attempts


def test_check_finds_a_removed_paragraph(index: Path) -> None:
    """`check` raises IndexDamaged if another program has removed the document of a paragraph from the cluster."""
    cluster = Cluster.read(index)
    assert cluster is not None
    name = cluster.data_index("data-000001")
    cluster.call("PUT", f"/{name}/_settings", {"index.blocks.write": None})
    query = {"query": {"term": {"kind": "paragraph"}}, "_source": False}
    (hit,) = cluster.call("POST", f"/{name}/_search", query)["hits"]["hits"]
    cluster.call("DELETE", f"/{name}/_doc/{hit['_id']}", params={"refresh": "true"})
    with Index(index) as opened, pytest.raises(IndexDamaged):
        opened.check()


@pytest.mark.parametrize(
    ("url_text", "expected"),
    [
        ("ftp://host", "the address of a cluster is like"),
        ("http://host:port", "the address of a cluster is like"),
        ("http://[", "the address of a cluster is like"),
        ("http://a:9200/x,http://b:9200/y", "at the end of the last address"),
        ("http://a:9200,b:9200/y", "the address of a cluster is like"),
        ("http://user:secret@host:9200", "contains no password"),
        ("ftp://user:secret@host:9200", "contains no password"),
        ("http://host:9200,http://user:secret@host:9200", "contains no password"),
        ("http://host:9200/../x", "has only a-z"),
        ("http://host:9200/a*", "has only a-z"),
        ("http://host:9200/A", "has only a-z"),
    ],
)
def test_an_invalid_address_is_refused(tmp_path: Path, url_text: str, expected: str) -> None:
    """An address that is malformed, or has a secret or an invalid name, is refused without naming the secret."""
    with pytest.raises(UsageError, match=expected) as caught:
        create_directory(tmp_path, "opensearch", url_text)
    assert "secret" not in str(caught.value)
    assert not any(tmp_path.iterdir())


def test_a_cluster_that_does_not_answer(tmp_path: Path) -> None:
    """If nothing listens at the address, opening and building an index raise an error of one line."""
    Cluster.assign(tmp_path, "http://127.0.0.1:9")
    for attempt in (lambda: Index(tmp_path), lambda: build(tmp_path, tmp_path, OPTIONS)):
        with pytest.raises(SearchkitError) as caught:
            attempt()
        assert "\n" not in str(caught.value)
    with pytest.raises(IndexUnusable, match="cannot be reached"):
        Index(tmp_path)


def test_an_index_that_is_missing(url: str, tmp_path: Path) -> None:
    """If the cluster has no index of the name, opening it raises IndexMissing."""
    Cluster.assign(tmp_path, url)
    with pytest.raises(IndexMissing, match="no index on"):
        Index(tmp_path)


def test_an_invalid_cluster_json_is_refused(tmp_path: Path) -> None:
    """A `cluster.json` without address or name, or with an invalid name, raises IndexForeign."""
    for text in ("", "[]", '{"url": "http://h:1"}', '{"url": "http://h:1", "name": "../x"}'):
        (tmp_path / "cluster.json").write_text(text, "utf-8")
        with pytest.raises(IndexForeign, match=r"cluster\.json"):
            Index(tmp_path)


def test_a_folder_has_one_kind_of_index(
    index: Path, tmp_path: Path, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder of an index on a cluster is not overwritten by another engine, nor the other way round.

    Without an address, the engine writes no index.
    """
    with pytest.raises(UsageError, match="is on a cluster"):
        write_index([report("a.txt", "检查")], index, BuildOptions())
    write_index([report("a.txt", "检查")], tmp_path / "local", BuildOptions())
    with pytest.raises(UsageError, match="another engine"):
        write_index([report("a.txt", "检查")], tmp_path / "local", BuildOptions("opensearch", url="http://127.0.0.1:9"))
    monkeypatch.delenv("SEARCHKIT_OPENSEARCH_URL")
    with pytest.raises(UsageError, match="needs the address"):
        write_index([report("a.txt", "检查")], tmp_path / "none", OPTIONS)
    assert not indexing.committed_state(tmp_path / "none", BuildOptions())
