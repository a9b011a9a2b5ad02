"""The API does what its description says, for values that fit it and values that do not, also while builds run."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from browsing import serve
from starlette.testclient import TestClient

import searchkit
from searchkit.web.limits import MAX_WAITING, SEARCHES
from searchkit.web.server import ServerOptions, create_app

PATHS = tuple(
    f"/{path}"
    for path in (
        f"search.json?query={quote('处罚')}",
        f"search?query={quote('立案')}",
        f"measures.json?query={quote('立案')}",
        f"compare.json?query={quote('立案')}",
        "facets.json",
        "readyz",
    )
)


def test_the_api_is_as_described(address: str, tmp_path: Path) -> None:
    """Each endpoint answers as described, as JSON, for values that fit the description and values that do not.

    `make browser` makes many more calls.
    """
    pytest.importorskip("schemathesis", reason="the tests of the API need schemathesis")
    from fuzzing import call_api

    calls = call_api(
        address, tmp_path, ["--phases=fuzzing", "--max-examples=2", "--seed=1", "--include-path-regex=json$"]
    )
    assert calls.is_clean, calls.log[:3000]
    assert calls.server_errors == 0
    assert calls.statuses.keys() >= {200, 400}


def test_no_request_fails_during_rebuilds(tmp_path: Path) -> None:
    """While builds replace the index, every request is answered, and every total of a search is that of one build.

    In the end, the total is that of the last build.
    """
    corpus, index, builds = tmp_path / "corpus", tmp_path / "index", 4
    corpus.mkdir()
    for number in range(20):
        (corpus / f"{number}.txt").write_text(f"行政处罚立案{number + 3}件。\n", encoding="utf-8")
    searchkit.build(corpus, index)
    statuses: Counter[int] = Counter()
    totals: set[int] = set()
    ended = threading.Event()

    def ask(address: str) -> None:
        """Send requests on one connection until the builds have ended."""
        connection = HTTPConnection(urlsplit(address).netloc, timeout=60)
        while not ended.is_set():
            for path in PATHS:
                connection.request("GET", path)
                response = connection.getresponse()
                body = response.read()
                statuses[response.status] += 1
                if path == PATHS[0]:
                    totals.add(json.loads(body)["total"])
        connection.close()

    with serve(index) as address:
        threads = [threading.Thread(target=ask, args=(address,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number in range(builds):
            (corpus / f"new{number}.txt").write_text("行政处罚立案9件。\n", encoding="utf-8")
            searchkit.build(corpus, index, full=number % 2 == 1)
        deadline = time.monotonic() + 60
        while 20 + builds not in totals and time.monotonic() < deadline:
            time.sleep(0.02)
        ended.set()
        for thread in threads:
            thread.join()
    assert set(statuses) == {200}
    assert totals <= set(range(20, 21 + builds))
    assert max(totals) == 20 + builds


def test_a_full_queue_refuses_with_retry_after(index_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Searches that may neither run nor wait are refused with 503 and Retry-After. The others are answered."""
    monkeypatch.setattr("searchkit.web.app.SEARCH_SECONDS", 120.0)
    release = threading.Event()
    search = searchkit.index.IndexState.search

    def wait(*arguments: object, **options: object) -> object:
        """Search after `release` is set."""
        release.wait(90)
        return search(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(searchkit.index.IndexState, "search", wait)
    app = create_app([("index", index_path)], ServerOptions())
    answers: list[tuple[int, str]] = []
    possible = SEARCHES + MAX_WAITING
    with TestClient(app, base_url="http://localhost") as client:

        def ask(number: int) -> None:
            """Send a search that no cache can answer."""
            response = client.get("/search.json", params={"query": f"处罚 {number}"})
            answers.append((response.status_code, response.headers.get("retry-after", "")))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(possible + 3)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 60
        while len(answers) < 3 and time.monotonic() < deadline:
            time.sleep(0.02)
        refused = list(answers)
        release.set()
        for thread in threads:
            thread.join()
    assert refused == [(503, "5")] * 3
    assert [status for status, _ in answers].count(200) == possible


def test_a_search_that_takes_too_long_is_ended(index_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the deadline, the answer is 503 with Retry-After, and the next request is answered."""
    monkeypatch.setattr("searchkit.web.app.SEARCH_SECONDS", 2.0)
    slow = threading.Event()
    search = searchkit.index.IndexState.search

    def wait(*arguments: object, **options: object) -> object:
        """Search. The first call sleeps beyond the deadline before it searches."""
        if not slow.is_set():
            slow.set()
            time.sleep(2.5)
        return search(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(searchkit.index.IndexState, "search", wait)
    app = create_app([("index", index_path)], ServerOptions())
    with TestClient(app, base_url="http://localhost") as client:
        response = client.get("/search.json?query=unheard")
        assert (response.status_code, response.json()["code"]) == (503, "timed_out")
        assert response.headers["retry-after"] == "5"
        assert client.get("/search.json?query=处罚").status_code == 200
