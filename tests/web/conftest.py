"""Indexes of the sample reports and of hostile ones, clients of their servers, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import searchkit

pytest.importorskip("starlette", reason="the server needs the extra web")
pytest.importorskip("httpx2", reason="the client of the tests needs httpx2")

from browsing import find_chromium, launch, serve
from injection import write_corpus
from starlette.testclient import TestClient

from searchkit.web.server import ServerOptions, create_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session", autouse=True)
def watches_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file of watches in these tests, instead of that of the user."""
    path = tmp_path_factory.mktemp("watches") / "watches.json"
    with pytest.MonkeyPatch.context() as patch:
        for module in ("searchkit.search.watching", "searchkit.web.watches"):
            patch.setattr(f"{module}.default_path", lambda: path)
        yield path


@pytest.fixture(scope="session")
def index_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the sample reports."""
    path = tmp_path_factory.mktemp("web") / "index"
    searchkit.build(ROOT / "corpus" / "reports", path)
    return path


@pytest.fixture(scope="session")
def hostile_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of reports whose titles, texts, tables, file names, metadata and sources contain payloads."""
    folder = tmp_path_factory.mktemp("hostile")
    write_corpus(folder / "corpus")
    searchkit.build(folder / "corpus", folder / "index")
    return folder / "index"


@pytest.fixture(scope="session")
def address(index_path: Path) -> Iterator[str]:
    """The address of a server, in a separate process, with the index of the sample reports."""
    with serve(index_path) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser without a window, for one module: while it is open, tests cannot run an event loop of their own."""
    pytest.importorskip("playwright.sync_api", reason="the tests in a browser need playwright")
    if find_chromium() is None:
        pytest.skip("there is no chromium: apt-get install chromium")
    with launch() as browser:
        yield browser


@pytest.fixture(scope="session")
def client(index_path: Path) -> Iterator[TestClient]:
    """A client of a server with the index of the sample reports."""
    with TestClient(create_app([("index", index_path)], ServerOptions()), base_url="http://127.0.0.1:8000") as client:
        yield client


@pytest.fixture(scope="session")
def hostile_client(hostile_path: Path) -> Iterator[TestClient]:
    """A client of a server with the index of hostile reports."""
    app = create_app([("index", hostile_path)], ServerOptions())
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        yield client
