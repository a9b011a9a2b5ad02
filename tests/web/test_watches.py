"""The page of the watches."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import searchkit
from searchkit.search.watching import Watch, WatchFile
from searchkit.web.server import ServerOptions, create_app


@pytest.fixture
def watches(index_path: Path, hostile_path: Path, watches_path: Path) -> Path:
    """A file of watches: one with two new paragraphs, one of another index, one with a filter value that is unknown."""
    file = WatchFile(watches_path)
    if not watches_path.exists():
        for path, name in ((index_path, "<b>立案</b>"), (hostile_path, "别处"), (index_path, "旧址")):
            with searchkit.open(path) as index:
                file.add(index.snapshot(), Watch(name, "立案", str(path), {"where": {}}))
    data = json.loads(watches_path.read_text(encoding="utf-8"))
    for watch in data["watches"]:
        watch["seen"] = watch["seen"][:-2]
    data["watches"][2]["options"] = {"district": ["没有的区"]}
    watches_path.write_text(json.dumps(data), encoding="utf-8")
    return watches_path


def test_page_and_data_show_what_is_new(client: TestClient, watches: Path) -> None:
    """Page and data have the watches of the index of the server, with the new paragraphs. Nothing is marked as seen."""
    before = watches.read_bytes()
    page = client.get("/watches").text
    assert "&lt;b&gt;立案&lt;/b&gt;" in page
    assert "新增 2 段" in page
    assert "别处" not in page
    assert "没有的区" in page
    answers = client.get("/watches.json").json()
    assert [(item["name"], item["new"]) for item in answers] == [("<b>立案</b>", 2), ("旧址", 0)]
    assert [json.loads(line)["id"] for line in client.get("/watches.jsonl").text.splitlines()] == [
        hit["id"] for hit in answers[0]["hits"]
    ]
    assert client.get("/about").text.count('href="/watches"') == 1
    assert watches.read_bytes() == before


def test_the_etag_changes_with_the_file_of_watches(client: TestClient, watches: Path) -> None:
    """The ETag changes with the file of watches."""
    etag = client.get("/watches").headers["etag"]
    assert client.get("/watches", headers={"if-none-match": etag}).status_code == 304
    watches.write_text(json.dumps(json.loads(watches.read_text(encoding="utf-8")), indent=3), encoding="utf-8")
    assert client.get("/watches", headers={"if-none-match": etag}).status_code == 200


def test_others_do_not_see_the_watches(index_path: Path, watches: Path) -> None:
    """A server that others can reach has no page of watches, and no link to one."""
    assert watches.exists()
    app = create_app([("index", index_path)], ServerOptions(host="0.0.0.0", allow_hosts=("reports.example",)))  # noqa: S104
    with TestClient(app, base_url="http://reports.example") as client:
        assert client.get("/watches").status_code == 404
        assert client.get("/watches.json").status_code == 404
        assert "watches" not in client.get("/about").text
