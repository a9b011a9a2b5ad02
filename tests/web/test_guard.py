"""Security of the server: headers, hosts, methods, limits, escaping; ETags and new builds."""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from injection import PAYLOADS
from markup import Page
from starlette.testclient import TestClient

import searchkit
from searchkit.errors import SearchkitError, TimedOut, UsageError
from searchkit.web import limits
from searchkit.web.answers import Answer, AnswerCache
from searchkit.web.guard import HEADERS, host_name, is_loopback
from searchkit.web.limits import Overloaded, RequestPool
from searchkit.web.server import ServerOptions, create_app, run_server

OURS = {"theme.js", "htmx.js", "app.js"}
"""Names of the scripts that pages load."""


@pytest.mark.parametrize(
    "url", ["/search", "/search.json?query=x", "/nowhere", "/document?id=x", "/healthz", "/search.json?y=1"]
)
def test_every_response_has_the_headers_of_security(client: TestClient, url: str) -> None:
    """Pages, data and errors carry the same headers; nothing sets a cookie or allows other sites."""
    response = client.get(url)
    for name, value in HEADERS.items():
        assert response.headers[name] == value
    assert "unsafe" not in response.headers["content-security-policy"]
    assert "set-cookie" not in response.headers
    assert "access-control-allow-origin" not in response.headers
    assert "server" not in response.headers


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8000", "", "[::2]", "10.0.0.1"]
)
def test_another_host_is_refused(client: TestClient, host: str) -> None:
    """A request whose Host header does not name this machine is refused: another site may have sent it."""
    response = client.get("/search", headers={"host": host})
    assert response.status_code == 421
    assert response.json()["code"] == "host"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:9999", "[::1]:8000", "LOCALHOST"])
def test_names_of_this_machine_are_allowed(client: TestClient, host: str) -> None:
    """The names of this machine are allowed with every port."""
    assert client.get("/healthz", headers={"host": host}).status_code == 200


def test_a_host_is_allowed_by_name(index_path: Path) -> None:
    """`allow_hosts` allows a name. A server that other machines can reach needs at least one such name."""
    app = create_app([("i", index_path)], ServerOptions(host="0.0.0.0", allow_hosts=("reports.example.cn",)))  # noqa: S104
    with TestClient(app, base_url="http://reports.example.cn") as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/healthz", headers={"host": "other.example.cn"}).status_code == 421
    with pytest.raises(UsageError, match="--allow-host"):
        create_app([("i", index_path)], ServerOptions(host="0.0.0.0"))  # noqa: S104


def test_host_names_and_loopback_addresses_are_recognised() -> None:
    """`host_name` drops the port of a Host header. `is_loopback` is true of names and addresses of this machine."""
    assert [host_name(text) for text in ("a.b:80", "[::1]:80", "[::1]", "A.B.")] == ["a.b", "[::1]", "[::1]", "a.b"]
    assert [is_loopback(text) for text in ("127.0.0.2", "::1", "localhost", "0.0.0.0", "example.cn")] == [  # noqa: S104
        True, True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_only_get_and_head_are_allowed(client: TestClient, method: str) -> None:
    """Every other method is refused."""
    response = client.request(method, "/search")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")


def test_head_requests_are_answered(client: TestClient) -> None:
    """A HEAD request has the status of the GET request."""
    assert client.head("/search?query=x").status_code == 200


def test_a_long_url_is_refused(client: TestClient) -> None:
    """A URL of more than 16 KB is refused with status 414."""
    assert client.get("/search?x=" + "a" * 17_000).status_code == 414


def test_static_files_are_immutable(client: TestClient) -> None:
    """Static files are under a digest of their content; another digest, and a path out of the folder, do not exist."""
    page = Page(client.get("/search").text)
    style = page.all("link", rel="stylesheet")[0]["href"]
    assert style is not None
    response = client.get(style)
    assert "immutable" in response.headers["cache-control"]
    assert client.get(style.replace("/static/", "/static/0")).status_code == 404
    assert client.get(style.rpartition("/")[0] + "/..%2fapp.py").status_code == 404


def test_an_etag_answers_before_any_work(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the browser has the current answer, the status is 304, the body is empty, and no search runs."""
    for url in ("/search?query=处罚", "/search.json?query=处罚", "/search.csv?query=处罚&limit=all"):
        etag = client.get(url).headers["etag"]
        with monkeypatch.context() as patch:
            patch.setattr(searchkit.IndexState, "search", None)
            response = client.get(url, headers={"if-none-match": etag})
        assert (response.status_code, response.content) == (304, b"")


def test_an_etag_depends_on_what_a_page_shows(index_path: Path) -> None:
    """A page has another ETag in another language, under another title, and if other machines can reach the server.

    Data, which depends on none of these, has the same ETag on all these servers.
    """

    def etags(**options: Any) -> list[str]:  # noqa: ANN401
        """Return the ETags of a page and of its data from a server with these options."""
        app = create_app([("i", index_path)], ServerOptions(**options))
        with TestClient(app, base_url="http://localhost") as client:
            return [client.get(url).headers["etag"] for url in ("/search?query=处罚", "/search.json?query=处罚")]

    pages, data = zip(etags(), etags(language="en"), etags(title="年报"), etags(allow_hosts=("x.cn",)), strict=True)
    assert (len({*pages}), len({*data})) == (4, 1)
    assert etags() == [pages[0], data[0]]


def test_an_etag_names_how_far_the_files_are_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`info` and `about` say whether all files are verified. When this changes, the ETag of their answers changes."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.txt").write_text("行政处罚立案3件。\n", encoding="utf-8")
    searchkit.build(tmp_path / "corpus", tmp_path / "index")
    urls = ("/info.json", "/about.json", "/about")
    with TestClient(create_app([("i", tmp_path / "index")], ServerOptions()), base_url="http://localhost") as client:
        for verified in ("running", "all"):
            with monkeypatch.context() as patch:
                patch.setattr(searchkit.IndexState, "verified", verified)
                responses = [client.get(url) for url in urls]
            assert [response.json()["verified"] for response in responses[:2]] == [verified] * 2
            etags = [response.headers["etag"] for response in responses]
            assert [verified in etag for etag in etags] == [True] * 3


def test_a_new_build_is_seen_by_the_next_request(tmp_path: Path) -> None:
    """A request after a build is answered from the new state of the index, which the ETag of the answer names."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "a.txt").write_text("行政处罚立案3件。\n", encoding="utf-8")
    searchkit.build(corpus, tmp_path / "index")
    with TestClient(create_app([("i", tmp_path / "index")], ServerOptions()), base_url="http://localhost") as client:
        before = client.get("/search.json?query=处罚")
        (corpus / "b.txt").write_text("行政处罚立案5件。\n", encoding="utf-8")
        searchkit.build(corpus, tmp_path / "index")
        after = client.get("/search.json?query=处罚", headers={"if-none-match": before.headers["etag"]})
        assert (before.json()["total"], after.json()["total"]) == (1, 2)
        assert client.get("/readyz").json()["indexes"]["i"] in after.headers["etag"]
        shutil.rmtree(tmp_path / "index")  # the server still answers from the build that it has open
        assert client.get("/search.json?query=立案").json()["total"] == 2


def test_several_indexes_have_paths_of_their_own(index_path: Path, hostile_path: Path) -> None:
    """Each index is at /i/NAME/, below the base path, and the start page lists them. Two cannot have the same name."""
    app = create_app([("甲", index_path), ("b", hostile_path)], ServerOptions(base_path="reports"))
    with TestClient(app, base_url="http://localhost") as client:
        page = Page(client.get("/reports/").text)
        assert "/reports/i/b/" in page.links()
        page = Page(client.get("/reports/i/b/search?query=处罚").text)
        assert all(link.startswith("/reports/i/b/") for link in page.links() if link.startswith("/"))
        assert client.get("/search").status_code == 404
    with pytest.raises(UsageError, match="the same name"):
        create_app([("a", index_path), ("a", hostile_path)], ServerOptions())


def test_the_header_link_may_name_an_index_in_chinese(index_path: Path) -> None:
    """The header Link has the addresses of the next and the previous page. They are encoded in ASCII, and answered."""
    app = create_app([("天津", index_path), ("b", index_path)], ServerOptions(base_path="报告"))
    with TestClient(app, base_url="http://localhost") as client:
        for suffix in ("json", "jsonl", "csv", "xlsx"):
            response = client.get(f"/报告/i/天津/search.{suffix}?query=处罚&limit=2&offset=2")
            links = {name: link["url"] for name, link in response.links.items()}
            assert [*links] == ["next", "prev"]
            for url in links.values():
                assert url.startswith(f"/%E6%8A%A5%E5%91%8A/i/%E5%A4%A9%E6%B4%A5/search.{suffix}?")
                assert client.get(url).status_code == 200


def test_an_address_that_cannot_be_bound_is_an_error(index_path: Path) -> None:
    """A server that cannot listen at its address raises a SearchkitError that says so."""
    with pytest.raises(SearchkitError, match="cannot listen at"):
        run_server([("i", index_path)], ServerOptions(host="192.0.2.1", allow_hosts=("x",)), print)


# Injection


def hostile_urls() -> list[str]:
    """Return URLs with every fourth payload in several places, and URLs of pages that show what reports contain.

    `make browser` tests all payloads.
    """
    urls = []
    for payload in PAYLOADS[::4]:
        text = quote(payload, safe="")
        urls += [
            f"/search?query={text}",
            f"/search?query=处罚&where={quote('组别', safe='')}%3D{text}",
            f"/search?query=处罚&district={text}",
            f"/measures?query={text}",
            f"/compare?query={text}&draw={text}",
            f"/facets?name=%E7%BB%84%E5%88%AB&contains={text}&query={text}",
            f"/document?id={text}",
            f"/coverage?rows=%E7%BB%84%E5%88%AB&cols=year&query={text}",
            f"/{text}",
        ]
    return [
        *urls,
        "/search?query=处罚",
        "/search?query=立案",
        "/measures?query=立案",
        "/compare?query=立案",
        "/audit",
        "/about",
        "/coverage",
    ]


def assert_harmless(text: str) -> None:
    """Fail if a page has a foreign script, an embedded page or image, or an inline handler or style.

    Fail also if the page has a request of htmx or a link to a script, or shows the result of a template in a payload.
    """
    page = Page(text)
    for tag, attributes in page.elements:
        assert tag not in {"iframe", "object", "embed", "style", "base", "img"}, tag
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name != "style"
            assert not name.startswith(("hx-get", "hx-on", "hx-trigger")), name
            if name in {"href", "src", "action"}:
                assert value is not None
                assert value.startswith(("/", "#", "https://", "http://")) or value == "", value
    scripts = [attributes.get("src") for attributes in page.all("script")]
    assert {str(source).rpartition("/")[2] for source in scripts} <= OURS
    words = re.sub(r"\d+ 毫秒", "", page.text).split()  # a search may take 49 ms
    assert "49" not in words, "7*7 was calculated"


def test_no_text_becomes_markup(hostile_client: TestClient) -> None:
    """Queries, filters, ids, and everything in reports are text on the pages of `hostile_urls`."""
    for url in hostile_urls():
        response = hostile_client.get(url)
        assert response.status_code in {200, 400, 404}, (url, response.text[:300])
        if response.headers["content-type"].startswith("text/html"):
            assert_harmless(response.text)


def test_every_hostile_document_is_harmless(hostile_client: TestClient) -> None:
    """Titles, headings, tables, facets, file names and sources of reports are text, and a source is not a script."""
    documents = hostile_client.get("/documents.json").json()
    assert len(documents) == len(PAYLOADS)
    for document in documents:
        response = hostile_client.get("/document", params={"id": document["document"], "query": "处罚"})
        assert response.status_code == 200
        assert_harmless(response.text)


def test_cells_of_csv_are_disarmed(hostile_client: TestClient) -> None:
    """In a CSV, a text that looks like a formula has an apostrophe in front."""
    text = hostile_client.get("/documents.csv").text
    assert "'=HYPERLINK" in text
    assert '"=HYPERLINK' not in text


# Limits


def test_a_pool_limits_its_requests_and_their_time() -> None:
    """A pool runs a few functions at a time, lets some wait, and refuses others. After the deadline it raises TimedOut.

    When the functions have ended, the pool runs others.
    """
    pool = RequestPool("test", workers=1, seconds=0.4, max_waiting=1)
    release = threading.Event()

    async def scenario() -> list[object]:
        tasks = [asyncio.create_task(pool.run(lambda: release.wait(5))) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(Overloaded):
            await pool.run(lambda: None)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        release.set()
        await asyncio.sleep(0.2)
        return [*results, await pool.run(lambda: "free again")]

    first, second, last = asyncio.run(scenario())
    assert isinstance(first, TimedOut)
    assert isinstance(second, TimedOut)
    assert last == "free again"
    pool.close()


def test_a_pool_raises_what_the_function_raises() -> None:
    """A pool passes on what a function raises."""
    pool = RequestPool("test", workers=1, seconds=1)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(pool.run(lambda: 1 // 0))
    pool.close()


def test_requests_compute_in_turn_but_do_not_wait_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread waits until another one has computed, but at most `TURN_SECONDS`."""
    monkeypatch.setattr(limits, "TURN_SECONDS", 30)
    turns, order = limits.Turns(), list[str]()

    def compute() -> None:
        with turns.turn():
            order.append("second")

    thread = threading.Thread(target=compute)
    with turns.turn():
        thread.start()
        thread.join(0.1)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    monkeypatch.setattr(limits, "TURN_SECONDS", 0.01)
    thread = threading.Thread(target=compute)
    with turns.turn():
        thread.start()
        thread.join()  # although this thread still has its turn
    with turns.turn():
        assert order == ["first", "second", "second"]


def test_a_busy_server_answers_with_retry_after(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a pool refuses a request, the answer is 503 with Retry-After, as a page and as data."""

    async def refuse(*_: object) -> None:
        raise Overloaded("too many requests at a time")

    monkeypatch.setattr(RequestPool, "run", refuse)
    response = client.get("/search.json?query=x")
    assert (response.status_code, response.json()["code"]) == (503, "busy")
    assert int(response.headers["retry-after"]) > 0
    page = client.get("/search?query=x")
    assert page.status_code == 503
    assert "请求太多" in page.text


def test_the_message_of_an_unexpected_error_is_not_disclosed(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected exception is answered with status 500, as a page or as JSON, without the message."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr(searchkit.index.IndexState, "search", fail)
    for url in ("/search?query=unseen", "/search.json?query=unseen"):
        response = client.get(url)
        assert response.status_code == 500
        assert "secret" not in response.text


def test_the_size_of_the_cache_is_limited() -> None:
    """A full cache drops the answers that were used least recently. It never keeps a large answer."""
    cache = AnswerCache(max_bytes=25)
    for name in "abc":
        cache.put((name,), Answer(b"0123456789", "x"))
        cache.get(("a",))
    assert [cache.get((name,)) is not None for name in "abc"] == [True, False, True]
    cache.put(("large",), Answer(bytes(2_000_000), "x"))
    assert cache.get(("large",)) is None


def test_the_first_page_is_fast(index_path: Path) -> None:
    """Opening an index and making the first page takes less than five seconds."""
    started = time.perf_counter()
    with TestClient(create_app([("i", index_path)], ServerOptions()), base_url="http://localhost") as client:
        assert client.get("/search").status_code == 200
    assert time.perf_counter() - started < 5


def test_a_search_ends_itself_at_the_deadline(index_path: Path) -> None:
    """A function in a pool runs under the time limit of the library, so that it leaves its thread at the deadline."""
    pool = RequestPool("test", workers=1, seconds=0.2)
    ended = threading.Event()

    def search_for_ever() -> None:
        with searchkit.open(index_path) as index:
            try:
                while True:
                    index.search("处罚")
            finally:
                ended.set()

    with pytest.raises(TimedOut):
        asyncio.run(pool.run(search_for_ever))
    assert ended.wait(5)
    pool.close()
