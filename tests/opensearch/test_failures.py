"""Each failure of a cluster is reported in one clear line.

A server in this file gives the answers that OpenSearch 2.19 gives when it fails.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from searchkit.cli.main import main
from searchkit.corpus.reading import MAX_PARAGRAPH_LENGTH
from searchkit.engines.contract import Request
from searchkit.engines.opening import create_directory
from searchkit.engines.opensearch.mapping import document_docs
from searchkit.errors import CorpusError, IndexDamaged, IndexForeign, IndexUnusable, SearchkitError
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, _find_base, write_index
from searchkit.manifest import STATE_FILE, Manifest
from searchkit.model import Document, Paragraph
from searchkit.query.tree import And, Word
from searchkit.text.analyzer import Analyzer, Lexicon

pytest.importorskip("opensearchpy", reason="opensearch-py is not installed")

from searchkit.engines.opensearch.cluster import Cluster
from searchkit.engines.opensearch.directory import ClusterDirectory
from searchkit.engines.opensearch.engine import OpenSearchEngine

FULL_DISK = (
    "index [searchkit-x-state] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has "
    "read-only-allow-delete block];"
)
FULL_NODES = "blocked by: [FORBIDDEN/10/cluster create-index blocked (api)];"
"""The reasons that OpenSearch gives if the disk of an index is full, and if the disks of all nodes are full."""
VERSION = {"version": {"distribution": "opensearch", "number": "2.19.6"}}


class Server(BaseHTTPRequestHandler):
    """Gives every request the same answer.

    If `status` is an error, a request for / gets `VERSION` instead, unless `is_opensearch` is False.
    """

    status = 200
    answer: Mapping[str, Any] = {}
    requests = 0
    is_opensearch = True

    def do_GET(self) -> None:
        """Send the answer."""
        type(self).requests += 1
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_root = self.path == "/" and self.is_opensearch
        content = json.dumps(VERSION if is_root and self.status != 200 else self.answer).encode()
        self.send_response(200 if is_root else self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815 - as BaseHTTPRequestHandler calls them

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folder of an index on the server. Nothing sleeps between attempts."""
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(Server, "requests", 0)
    with HTTPServer(("127.0.0.1", 0), Server) as started:
        threading.Thread(target=started.serve_forever, args=(0.01,), daemon=True).start()
        Cluster.assign(tmp_path, f"http://127.0.0.1:{started.server_port}/x")
        yield tmp_path
        started.shutdown()


def _error(reason: str, kind: str) -> Mapping[str, Any]:
    return {"error": {"root_cause": [{"type": kind, "reason": reason}], "type": kind, "reason": reason}}


@pytest.mark.parametrize(
    ("status", "answer", "message"),
    [
        (503, _error("all shards failed", "search_phase_execution_exception"), "is not available; try again when its"),
        (503, _error("", "cluster_manager_not_discovered_exception"), "is not available; try again when its"),
        (429, _error(FULL_DISK, "cluster_block_exception"), "a disk of the cluster is full: make room"),
        (403, _error(FULL_NODES, "cluster_block_exception"), "a disk of the cluster is full: make room"),
        (429, _error("rejected execution", "opensearch_rejected_execution_exception"), "status 429"),
        (401, _error("Unauthorized", "security_exception"), "user or password is refused"),
        (
            403,
            _error("no permissions for [indices:data/write/index]", "security_exception"),
            "lacks a permission",
        ),
        (500, _error("a\nb", "exception"), r"status 500 \(a b\)"),
        (400, _error("maxClauseCount is set to 1024", "too_many_clauses"), "the query has too many words and synonyms"),
    ],
)
def test_a_failure_is_one_line(
    index: Path, monkeypatch: pytest.MonkeyPatch, status: int, answer: Mapping[str, Any], message: str
) -> None:
    """Opening and building an index fail with one line that says what is wrong. The exit status is 3."""
    monkeypatch.setattr(Server, "status", status)
    monkeypatch.setattr(Server, "answer", answer)
    for attempt in (lambda: Index(index), lambda: write_index([], index, BuildOptions("opensearch"))):
        with pytest.raises(IndexUnusable, match=message) as caught:
            attempt()
        assert "\n" not in str(caught.value)
        assert caught.value.exit_status == 3


def test_a_request_is_not_repeated_if_a_disk_is_full(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request is repeated if the cluster has too much to do, but not if a disk of the cluster is full."""
    cluster = Cluster.read(index)
    assert cluster is not None
    monkeypatch.setattr(Server, "status", 429)
    counts = []
    for reason in (FULL_DISK, "rejected execution"):
        monkeypatch.setattr(Server, "answer", _error(reason, "exception"))
        monkeypatch.setattr(Server, "requests", 0)
        with pytest.raises(IndexUnusable):
            cluster.call("POST", "/x")
        counts.append(Server.requests)
    assert counts == [1, 6]


@pytest.mark.parametrize(
    ("items", "requests", "message"),
    [
        ([(201, None), (429, "rejected execution of a primary operation")], 6, "documents cannot be written"),
        ([(429, FULL_DISK), (201, None)], 1, "a disk of the cluster is full"),
        ([(429, "rejected execution"), (400, "failed to parse")], 1, r"documents cannot be written \(failed to parse"),
    ],
)
def test_a_document_that_cannot_be_written(
    index: Path,
    monkeypatch: pytest.MonkeyPatch,
    items: list[tuple[int, str | None]],
    requests: int,
    message: str,
) -> None:
    """If an item is rejected, the request is sent again, also if other items were written.

    A full disk, and an item that can never be written, raise IndexUnusable after the first request.
    """
    cluster = Cluster.read(index)
    assert cluster is not None
    answers = [{"index": {"status": n, **({"error": {"reason": why}} if why else {})}} for n, why in items]
    monkeypatch.setattr(Server, "answer", {"errors": True, "items": answers})
    with pytest.raises(IndexUnusable, match=message):
        cluster.bulk("data-000001", b"{}\n{}\n" * len(items))
    assert Server.requests == requests


@pytest.mark.parametrize(
    "version",
    [
        {"distribution": "opensearch", "number": "2.18.0"},
        {"distribution": "opensearch", "number": "1.3.20"},
        {"number": "8.17.0"},
        {},
    ],
)
def test_another_server_is_refused(index: Path, monkeypatch: pytest.MonkeyPatch, version: Mapping[str, str]) -> None:
    """A server that is too old or is not OpenSearch is refused before anything is written."""
    monkeypatch.setattr(Server, "answer", {"version": version})
    with pytest.raises(IndexForeign, match=r"not OpenSearch 2\.19 or newer"):
        write_index([], index, BuildOptions("opensearch"))
    assert Server.requests == 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("<html>", "not OpenSearch, its answer is not JSON"),
        ({"title": "a page"}, "not an index of searchkit"),
        ({"_source": {"text": "{}"}}, "not an index of searchkit"),
        ({"_source": {"text": "{}", "data": "../x", "retired": {}, "taken": 1}}, "index"),
    ],
)
def test_what_is_not_an_index_of_searchkit(
    index: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: object,
    message: str,
) -> None:
    """Answers that are not from OpenSearch, or not from an index of searchkit, raise an error of one line."""
    monkeypatch.setattr(Server, "answer", answer)
    with pytest.raises(SearchkitError, match=message) as caught:
        Index(index)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("data", ["../x", "data-1", "data-000001/_search", "data-000001,other", "*", ""])
def test_a_name_that_is_not_one_of_a_state_is_not_requested(index: Path, data: str) -> None:
    """A name that is not like data-000001 could reach another index. It raises IndexDamaged before any request."""
    cluster = Cluster.read(index)
    assert cluster is not None
    with pytest.raises(IndexDamaged, match="names no state"):
        cluster.get_sources(data, ["p-1"])
    assert Server.requests == 0


def test_a_file_that_is_not_found_is_looked_for_again(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that was cut off may lack a new file. The file is requested again before the index counts as damaged."""
    cluster = Cluster.read(index)
    assert cluster is not None
    content = {"chunks": 1, "content": "5Lit", "sha256": hashlib.sha256("中".encode()).hexdigest()}
    found = {"docs": [{"found": True, "_source": {"record": content}}]}
    monkeypatch.setattr(Server, "answer", {"docs": [{"found": False}]})

    def let_it_be_found(_: float) -> None:
        if Server.requests == 3:
            monkeypatch.setattr(Server, "answer", found)

    monkeypatch.setattr(time, "sleep", let_it_be_found)
    assert cluster.get_file("data-000001", "state") == "中".encode()
    assert Server.requests == 4
    altered = {"docs": [{"found": True, "_source": {"record": {**content, "content": "5LiA"}}}]}
    for answer in ({"docs": [{"found": False}]}, altered):
        monkeypatch.setattr(Server, "answer", answer)
        with pytest.raises(IndexDamaged, match="the file state is missing or altered"):
            cluster.get_file("data-000001", "state")


def test_a_server_without_an_answer_for_the_root_is_refused(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that serves the cluster below a path answers 404 to the request for the version."""
    monkeypatch.setattr(Server, "is_opensearch", False)
    monkeypatch.setattr(Server, "status", 404)
    with pytest.raises(IndexForeign, match=r"not OpenSearch 2\.19 or newer"):
        write_index([], index, BuildOptions("opensearch"))


@pytest.mark.parametrize(
    ("kind", "message", "code"),
    [
        ("index_not_found_exception", "this state of the index is gone; open the index again", "index_damaged"),
        ("no_shard_available_action_exception", "a shard or the cluster's manager is not available", "index_unusable"),
    ],
)
def test_a_document_that_cannot_be_read(
    index: Path, monkeypatch: pytest.MonkeyPatch, kind: str, message: str, code: str
) -> None:
    """The error says whether the state is gone for good, or a shard is not available now and may be later."""
    cluster = Cluster.read(index)
    assert cluster is not None
    monkeypatch.setattr(Server, "answer", {"docs": [_error("why", kind)]})
    with pytest.raises(IndexUnusable, match=message) as caught:
        cluster.get_sources("data-000001", ["p-1"])
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (_error("no such index [x]", "index_not_found_exception"), "this state of the index is gone"),
        ({"message": "no Route matched"}, "the cluster refuses a request with status 404"),
    ],
)
def test_a_request_that_is_not_found(
    index: Path, monkeypatch: pytest.MonkeyPatch, answer: Mapping[str, Any], message: str
) -> None:
    """Status 404 means a missing state only if OpenSearch says so."""
    cluster = Cluster.read(index)
    assert cluster is not None
    monkeypatch.setattr(Server, "status", 404)
    monkeypatch.setattr(Server, "answer", answer)
    with pytest.raises(IndexUnusable, match=message):
        cluster.call("POST", "/x")


def test_an_index_that_cannot_be_reached_is_not_damaged(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the cluster does not answer, a build fails. If the state is gone, the build reads all files again."""
    directory = ClusterDirectory(index)
    monkeypatch.setattr(Server, "status", 503)
    with pytest.raises(IndexUnusable, match="is not available"):
        _find_base(directory, {}, full=False)
    manifest = Manifest("opensearch", "", "data-000001", "", "", 0, 0, 0, (), {STATE_FILE: (1, "")})
    monkeypatch.setattr(ClusterDirectory, "read_manifest", lambda _: manifest)
    monkeypatch.setattr(Server, "status", 200)
    for kind, is_damage in [("no_shard_available_action_exception", False), ("index_not_found_exception", True)]:
        monkeypatch.setattr(Server, "answer", {"docs": [_error("why", kind)]})
        if is_damage:
            assert _find_base(directory, {}, full=False) == (None, "the index was damaged")
        else:
            with pytest.raises(IndexUnusable, match="is not available"):
                _find_base(directory, {}, full=False)


def test_processes_share_no_connection(index: Path) -> None:
    """After a fork, the child has a client of its own, and the parent keeps its client."""
    cluster = Cluster.read(index)
    assert cluster is not None
    client = cluster._client
    pid = os.fork()
    if pid == 0:
        os._exit(cluster._client is client)
    assert os.waitpid(pid, 0)[1] == 0
    assert cluster._client is client


@pytest.mark.parametrize("letter", ["0", "Ж", "ア", "𝐀"])
def test_no_word_is_too_long_for_the_cluster(letter: str) -> None:
    """OpenSearch writes no document with a word of more than 32,766 bytes."""
    text = letter * MAX_PARAGRAPH_LENGTH
    paragraph = Paragraph("a.txt#1", "a.txt", 1, text, path=(text,), title=text)
    analyzer = Analyzer(Lexicon.load(None, None))
    docs = document_docs(Document("a.txt", text), [paragraph], [()], [], [], analyzer)
    _, content = next(docs)
    words = [*chain.from_iterable(content["words"].values()), *content["frequencies"].split()]
    assert words
    assert max(len(word.encode()) for word in words) <= 32_766


def test_a_search_contains_the_query_of_its_matches_once(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request for the best hits contains the query of its matches once: OpenSearch limits the number of clauses."""
    monkeypatch.setattr(OpenSearchEngine, "_documents", None)
    monkeypatch.setattr(OpenSearchEngine, "_statistics", SimpleNamespace(cluster=None, data="data-000001"))
    monkeypatch.setattr(OpenSearchEngine, "_count", lambda *_: 9)
    match = And((Word("社会保险"), Word("参保")))
    request = Request(match, beyond=Word("保险"), complete=Word("参保"))
    ranking = OpenSearchEngine(index / "data-000001")._plan(request).ranking
    body = json.dumps(ranking._body(ranking._union, []), ensure_ascii=False)
    assert body.count("社会保险") == 2  # in the fields `text` and `label`
    assert body.count('"_name": "match"') == body.count('"_name": "complete"') == 1


# --- addresses

LOCKABLE: Mapping[str, Any] = {
    **VERSION,
    "_source": {"text": "", "data": "", "retired": {}, "taken": 0, "holder": {}, "expires": 0},
    "_seq_no": 1,
    "_primary_term": 1,
}
"""An answer with which a lock can be taken."""
DEAD = "http://127.0.0.1:9"
"""An address at which nothing listens."""


def test_a_failed_build_changes_no_address(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new address at which a build fails is not kept, whether the cluster does not answer or the build itself fails.

    A folder without an index then has no address, so that the next build can name another index.
    """
    old = (index / "cluster.json").read_text()
    url = json.loads(old)["url"]
    with pytest.raises(IndexUnusable, match="cannot be reached"):
        write_index([], index, BuildOptions("opensearch", url=DEAD))
    assert (index / "cluster.json").read_text() == old
    monkeypatch.setattr(Server, "status", 401)
    for name in ("report", "reports"):
        with pytest.raises(IndexUnusable, match="is refused"):
            write_index([], index / "new", BuildOptions("opensearch", url=f"{url}/{name}"))
    monkeypatch.setattr(Server, "status", 200)
    monkeypatch.setattr(Server, "answer", LOCKABLE)
    Cluster.assign(index / "moved", f"{DEAD}/x")
    for folder, before in [("new", None), ("moved", DEAD)]:
        with suppress(CorpusError), create_directory(index / folder, "opensearch", url).lock():
            assert json.loads((index / folder / "cluster.json").read_text())["url"] == url
            raise CorpusError
        found = Cluster.read(index / folder)
        assert (found and found.url) == before
    directory = create_directory(index / "moved", "opensearch", url)
    assert isinstance(directory, ClusterDirectory)
    with suppress(CorpusError), directory.lock():
        directory._is_lost = True  # another process has taken the lock, and may have committed at the new address
        raise CorpusError
    found = Cluster.read(index / "moved")
    assert found
    assert found.url == url


def test_an_index_moves_to_another_address(
    index: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A build at a new address does not ask the old one, and the folder then has the new address."""
    url = json.loads((index / "cluster.json").read_text())["url"]
    Cluster.assign(index, DEAD)
    monkeypatch.setattr(Server, "answer", LOCKABLE)
    (index / "corpus").mkdir()
    command = ["build", str(index / "corpus"), "--index", str(index), "--engine", "opensearch", "--url", url]
    monkeypatch.setattr(sys, "argv", ["searchkit", *command])
    with pytest.raises(SystemExit):
        main()
    assert "127.0.0.1:9" not in capsys.readouterr().err
    with create_directory(index, "opensearch", url).lock():
        pass
    assert Cluster.read(index) == Cluster(url, "x", 1)


@pytest.mark.parametrize("is_dangling", [True, False])
def test_no_link_to_an_address_is_followed(tmp_path: Path, is_dangling: bool) -> None:  # noqa: FBT001
    """A link with the name `cluster.json` is replaced, and the file to which it leads stays as it is."""
    victim, index = tmp_path / "victim", tmp_path / "index"
    index.mkdir()
    text = json.dumps({"url": DEAD, "name": "x"})
    if not is_dangling:
        victim.write_text(text)
    (index / "cluster.json").symlink_to(victim)
    Cluster.assign(index, "http://127.0.0.1:8/x")
    assert not (index / "cluster.json").is_symlink()
    assert (victim.read_text() == text) if not is_dangling else not victim.exists()


def test_folders_of_the_user_stay(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build removes the folder of a dead build, but no folder of the user beside `cluster.json`."""
    monkeypatch.setattr(Server, "answer", {"_source": {"text": "", "data": "", "retired": {}, "taken": 0}})
    for name in ("data-2023/a.txt", "data-raw/a.txt", "data-202312/a.txt", "data-000001/spool.jsonl"):
        (index / name).parent.mkdir()
        (index / name).touch()
    ClusterDirectory(index)._remove_leftovers()
    assert {path.name for path in index.glob("data-*")} == {"data-2023", "data-raw", "data-202312"}
