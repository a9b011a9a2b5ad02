"""Failures of a cluster, each in one clear line. The server here answers as OpenSearch 2.19 does in these states."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from searchkit.errors import IndexDamaged, IndexForeign, IndexUnusable, SearchkitError
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, write_index

pytest.importorskip("opensearchpy", reason="opensearch-py is not installed")

from searchkit.engines.opensearch.cluster import Cluster
from searchkit.engines.opensearch.directory import ClusterDirectory

FULL_DISK = (
    "index [searchkit-x-state] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has "
    "read-only-allow-delete block];"
)
FULL_NODES = "blocked by: [FORBIDDEN/10/cluster create-index blocked (api)];"
VERSION = {"version": {"distribution": "opensearch", "number": "2.19.6"}}


class Server(BaseHTTPRequestHandler):
    """Gives every request the same answer. If its status is an error, a request for / gets `VERSION` instead."""

    status = 200
    answer: Mapping[str, Any] = {}
    requests = 0

    def do_GET(self) -> None:
        """Send the answer."""
        type(self).requests += 1
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content = json.dumps(VERSION if self.path == "/" and self.status != 200 else self.answer).encode()
        self.send_response(200 if self.path == "/" else self.status)
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
def test_a_state_has_only_names_of_the_index(index: Path, data: str) -> None:
    """Any name unlike data-000001 raises IndexDamaged before a request, because it could reach another index."""
    cluster = Cluster.read(index)
    assert cluster is not None
    with pytest.raises(IndexDamaged, match="names no state"):
        cluster.get_sources(data, ["p-1"])
    assert Server.requests == 0


def test_a_file_that_is_not_found_is_looked_for_again(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that was cut off lacks a new file: it is looked for again, and only then the index counts as damaged."""
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


def test_folders_of_the_user_stay(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build removes the folder of a dead build, but no folder of the user beside `cluster.json`."""
    monkeypatch.setattr(Server, "answer", {"_source": {"text": "", "data": "", "retired": {}, "taken": 0}})
    for name in ("data-2023/a.txt", "data-raw/a.txt", "data-202312/a.txt", "data-000001/spool.jsonl"):
        (index / name).parent.mkdir()
        (index / name).touch()
    ClusterDirectory(index)._remove_leftovers()
    assert {path.name for path in index.glob("data-*")} == {"data-2023", "data-raw", "data-202312"}
