"""The server under load: builds replace the index while readers open pages, and replaced states leave memory."""

from __future__ import annotations

import gc
import http.client
import re
import shutil
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

import searchkit
from searchkit.web.parameters import State
from searchkit.web.site import PAGES, Site
from searchkit.web.words import WORDS

ROOT = Path(__file__).parents[2]
READERS, BUILDS = 4, 3
ADDRESSES = (
    *(f"/search?query={quote(query)}" for query in ("执法", "执法 处罚", '"行政执法"', "没有这个词", "2023年 立案")),
    f"/search.json?query={quote('立案')}&limit=all",
    f"/measures?query={quote('立案')}",
    f"/compare?query={quote('立案')}",
    "/coverage",
    "/about",
)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A copy of the sample reports, and its index."""
    shutil.copytree(ROOT / "corpus" / "reports", tmp_path / "reports")
    searchkit.build(tmp_path / "reports", tmp_path / "index")
    return tmp_path / "reports", tmp_path / "index"


def change(folders: tuple[Path, Path], text: str) -> None:
    """Add a paragraph to a report, and build the index again."""
    reports, index = folders
    file = min(reports.rglob("*.md"))
    file.write_text(f"{file.read_text(encoding='utf-8')}\n\n{text}\n", encoding="utf-8")
    searchkit.build(reports, index)


@pytest.fixture
def host(folders: tuple[Path, Path]) -> Iterator[str]:
    """Host and port of a server process with the index."""
    command = [sys.executable, "-m", "searchkit", "serve", "--index", str(folders[1]), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", cwd=ROOT) as process:
        assert process.stdout is not None
        yield urlsplit(process.stdout.readline().strip()).netloc
        process.terminate()


def test_no_request_fails_while_builds_replace_the_index(folders: tuple[Path, Path], host: str) -> None:
    """While builds replace the index, all answers are complete and without errors. Readers see the last build."""
    ended, statuses, states = threading.Event(), set[int](), set[str]()
    failures: list[Exception] = []

    def read(first: int) -> None:
        """Open pages until the builds are done, then each page once more."""
        connection = http.client.HTTPConnection(host, timeout=60)
        addresses = cycle(ADDRESSES[first:] + ADDRESSES[:first])
        last = len(ADDRESSES)
        try:
            while last:
                last -= ended.is_set()
                connection.request("GET", next(addresses))
                response = connection.getresponse()
                response.read()  # raises IncompleteRead if the answer is not whole
                statuses.add(response.status)
                # An ETag begins with the state of the index.
                states.add(re.sub(r"^W/\"(\w+)-.*", r"\1", response.headers["ETag"] or ""))
        except Exception as error:  # noqa: BLE001 - whatever fails in the thread fails the test
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=read, args=(number * 2,)) for number in range(READERS)]
    for thread in threads:
        thread.start()
    for number in range(BUILDS):
        change(folders, f"全年新增图书{number + 1}万册。")
    ended.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert statuses == {200}
    with searchkit.open(folders[1]) as index:
        assert index.snapshot().state in states
    assert len(states) > 1


def test_a_replaced_state_leaves_memory_at_once(folders: tuple[Path, Path]) -> None:
    """After a build, nothing that a page made refers to the old state of the index.

    Otherwise, the mapped files of that state would stay until a garbage collection.
    """
    site = Site("index", folders[1], "/", "", WORDS["zh"])
    document = next(site.view().documents()).document
    parameters = {
        "document": {"id": (document,)},
        "paragraph": {"id": (f"{document}#1",)},
        "facets": {"name": ("topic",)},
    }
    queries = {"search": "执法", "document": "执法", "measures": "立案", "compare": "立案"}
    gc.collect()
    gc.disable()
    try:
        for endpoint, page in PAGES.items():
            values = parameters.get(endpoint, {}) | ({"query": (queries[endpoint],)} if endpoint in queries else {})
            page(site.frame(site.view(), State(endpoint, values), "/static/"))
        old = weakref.ref(site.view()._snapshot)
        change(folders, "全年新增图书5万册。")
        site.view()
        deadline = time.monotonic() + 20
        while old() is not None and time.monotonic() < deadline:
            time.sleep(0.05)  # until the thread that verifies the files of the old state has ended
        assert old() is None
    finally:
        gc.enable()
        site.close()


def test_states_share_the_segments_that_a_build_keeps(folders: tuple[Path, Path]) -> None:
    """Two open states of an index share the reader of a segment that both have."""
    with searchkit.open(folders[1]) as index:
        index.search("执法")
        old = index.snapshot()
        change(folders, "全年新增图书6万册。")
        index.refresh()
        index.search("执法")
        before, after = (state._snapshot._engine._reader.segments for state in (old, index))
        assert any(one is other for one in before for other in after)
        assert (old.search('"全年新增图书"').total, index.search('"全年新增图书"').total) == (0, 1)
