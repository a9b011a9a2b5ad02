"""Indexes of the sample reports and of hostile ones, and clients of their servers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import searchkit

pytest.importorskip("starlette", reason="the server needs the extra web")
pytest.importorskip("httpx2", reason="the client of the tests needs httpx2")

from starlette.testclient import TestClient

from searchkit.web.server import ServerOptions, create_app

ROOT = Path(__file__).parents[2]

PROBES = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    "{{ 7*7 }}{% raw %}",
    "${7*7}",
    "<!--><details open ontoggle=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "＜script＞alert(1)＜/script＞",
    '" onmouseover="alert(1)',
    "javascript:alert(1)//",
    "<div hx-get=/x hx-trigger=load hx-on:click=alert(1)>",
    "<style>*{display:none}</style>",
    '=HYPERLINK("http://evil")',
)
"""Texts that do harm where they are not escaped."""


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
    """An index of reports whose titles, texts, file names, facets and sources are probes."""
    folder = tmp_path_factory.mktemp("hostile")
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, probe in enumerate(PROBES):
        name = f"{number} " + "".join(c for c in probe if c not in "/\0:")[:60] + ".md"
        quoted = probe.replace("\\", "\\\\").replace('"', '\\"')
        (corpus / name).write_text(
            f'---\ntitle: "{quoted}"\nyear: 2023\ndistrict: 滨海新区\nsource: "javascript:alert({number})"\n'
            f'组别: "{quoted}"\n---\n# 一、{probe}\n\n行政处罚{probe}共立案{number + 1}件，{probe}。\n\n'
            f"| 项目 {probe} | 件数 |\n|---|---|\n| {probe} | {number + 3}件 |\n",
            encoding="utf-8",
        )
    searchkit.build(corpus, folder / "index")
    return folder / "index"


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
