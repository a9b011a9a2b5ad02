"""The data of every endpoint: the same objects as the command line, in every format."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import searchkit
from searchkit.cli.main import cli
from searchkit.web.parameters import USED_BY
from searchkit.web.server import ServerOptions, create_app

DOCUMENT = "binhai-health-2023.txt"
TWINS: tuple[tuple[list[str], str, dict[str, Any]], ...] = (
    (
        ["search", "处罚", "--facet", "year", "--facet", "district:1", "--year", "2022..2023"],
        "search",
        {"query": "处罚", "facet": ["year", "district:1"], "year": "2022..2023"},
    ),
    (
        ["search", "双随机 首违", "--explain", "--group", "document"],
        "search",
        {"query": "双随机 首违", "explain": "true", "group": "document"},
    ),
    (["show", DOCUMENT], "document", {"id": DOCUMENT}),
    (["show", f"{DOCUMENT}#2", "--context", "1"], "paragraph", {"id": f"{DOCUMENT}#2", "context": 1}),
    (["measures", "立案", "--status", "actual"], "measures", {"query": "立案", "status": "actual"}),
    (
        ["measures", "立案", "--aggregate", "sum", "--by", "year"],
        "measures",
        {"query": "立案", "aggregate": "sum", "by": "year"},
    ),
    (["compare", "立案"], "compare", {"query": "立案"}),
    (["facets", "--matrix", "district,year"], "coverage", {}),
    (["facets", "topic", "--query", "处罚"], "facets", {"name": "topic", "query": "处罚"}),
    (["measures", "--audit"], "audit", {}),
    (["suggest", "bin"], "suggest", {"prefix": "bin"}),
    (["analyze", "行政处罚129件"], "analyze", {"text": "行政处罚129件"}),
    (["export", "documents", "--district", "滨海新区"], "documents", {"district": "滨海新区"}),
)
"""Commands, each with the endpoint and the parameters of the same data."""


def run(arguments: list[str], index_path: Path, output_format: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the output of a command."""
    cli.main([*arguments, "--index", str(index_path), "--format", output_format], standalone_mode=False)
    return capsys.readouterr().out


def without_time(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a JSON value without the time that its search took."""
    return {name: item for name, item in value.items() if name != "took_ms"} if isinstance(value, dict) else value


@pytest.mark.parametrize(
    ("arguments", "endpoint", "parameters"), TWINS, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_json_equals_that_of_the_command(
    client: TestClient,
    index_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    endpoint: str,
    parameters: dict[str, Any],
) -> None:
    """An endpoint with .json returns the object that the command prints, except for the time that it took."""
    expected = json.loads(run(arguments, index_path, "json", capsys))
    response = client.get(f"/{endpoint}.json", params=parameters)
    assert response.status_code == 200
    assert without_time(response.json()) == without_time(expected)


RECORDS = [item for item in TWINS if item[1] in {"search", "document", "measures", "facets", "documents"}]


@pytest.mark.parametrize("output_format", ["csv", "jsonl"])
@pytest.mark.parametrize("twin", RECORDS, ids=lambda twin: " ".join(twin[0]))
def test_records_equal_those_of_the_command(
    client: TestClient,
    index_path: Path,
    capsys: pytest.CaptureFixture[str],
    twin: tuple[list[str], str, dict[str, Any]],
    output_format: str,
) -> None:
    """An endpoint with .csv or .jsonl returns the lines that the command prints."""
    arguments, endpoint, parameters = twin
    response = client.get(f"/{endpoint}.{output_format}", params=parameters)
    assert response.text == run(arguments, index_path, output_format, capsys)


def test_all_hits_are_returned(client: TestClient) -> None:
    """With limit=all, JSON, JSON Lines and CSV have every hit, in the order of the pages."""
    pages, after = [], None
    while True:
        page = client.get(
            "/search.json", params={"query": "的", "limit": 7} | ({"after": after} if after else {})
        ).json()
        pages += [hit["id"] for hit in page["hits"]]
        after = page["next"]
        if after is None:
            break
    everything = client.get("/search.json", params={"query": "的", "limit": "all"}).json()
    assert [hit["id"] for hit in everything["hits"]] == pages
    assert everything["total"] == len(pages)
    lines = client.get("/search.jsonl", params={"query": "的", "limit": "all"}).text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == pages
    rows = list(csv.DictReader(io.StringIO(client.get("/search.csv", params={"query": "的", "limit": "all"}).text)))
    assert [row["id"] for row in rows] == pages


def test_the_header_links_to_other_pages(client: TestClient) -> None:
    """The header `Link` has the URL of the next page and, for a page with `offset`, that of the previous page."""
    first = client.get("/search.json", params={"query": "的", "limit": 5})
    second = client.get(first.links["next"]["url"])
    assert second.json()["hits"][0]["id"] not in {hit["id"] for hit in first.json()["hits"]}
    offset = client.get("/search.json", params={"query": "的", "limit": 5, "offset": 5})
    assert offset.json()["hits"] == second.json()["hits"]
    assert client.get(offset.links["prev"]["url"]).json()["hits"] == first.json()["hits"]


@pytest.mark.parametrize("endpoint", ["search", "measures", "compare", "coverage", "audit", "document", "about"])
def test_workbooks_can_be_opened(client: TestClient, endpoint: str) -> None:
    """An endpoint with .xlsx returns a workbook, which a browser saves as a file."""
    pytest.importorskip("xlsxwriter")
    parameters = {"id": DOCUMENT} if endpoint == "document" else {"query": "立案"} if endpoint != "audit" else {}
    parameters = {} if endpoint in {"coverage", "about"} else parameters
    response = client.get(f"/{endpoint}.xlsx", params=parameters)
    assert response.status_code == 200
    assert "attachment" in response.headers["content-disposition"]
    assert "[Content_Types].xml" in zipfile.ZipFile(io.BytesIO(response.content)).namelist()


def test_a_table_and_measures_are_as_the_commands_write_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The csv and the workbook of a table have its rows. In a workbook of measures, values have links to paragraphs."""
    pytest.importorskip("xlsxwriter")
    (tmp_path / "corpus").mkdir()
    text = "# 东丽区司法局2023年法治政府建设年度报告\n\n| 单位 | 立案（件） |\n|---|---|\n| 甲 | 12 |\n| 乙 | 7 |\n"
    (tmp_path / "corpus" / "a.md").write_text(text, encoding="utf-8")
    path = tmp_path / "index"
    searchkit.build(tmp_path / "corpus", path)
    with TestClient(create_app([("index", path)], ServerOptions()), base_url="http://127.0.0.1:8000") as client:
        rows = client.get("/document.csv", params={"id": "a.md!1"}).text
        assert rows == run(["show", "a.md!1"], path, "csv", capsys) == "单位,立案（件）\n甲,12\n乙,7\n"
        for url, arguments in (
            ("/document.xlsx?id=a.md!1", ["show", "a.md!1"]),
            ("/measures.xlsx?query=立案", ["measures", "立案"]),
            ("/measures.xlsx?query=立案&aggregate=sum", ["measures", "立案", "--aggregate", "sum"]),
        ):
            file = tmp_path / "a.xlsx"
            cli.main([*arguments, "--index", str(path), "--output", str(file)], standalone_mode=False)
            books = [zipfile.ZipFile(item) for item in (io.BytesIO(client.get(url).content), file)]
            sheets = [[book.read(name) for name in book.namelist() if "sheet1." in name] for book in books]
            assert sheets[0] == sheets[1]
            assert (b"<hyperlink " in sheets[0][0]) == (arguments == ["measures", "立案"])


@pytest.mark.parametrize(("suffix", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_charts_are_files(client: TestClient, suffix: str, start: bytes) -> None:
    """A comparison can be saved as a chart. A search cannot."""
    pytest.importorskip("matplotlib")
    response = client.get(f"/compare.{suffix}", params={"query": "立案"})
    if response.status_code == 500:
        pytest.skip(f"no chart here: {response.json()['detail']}")
    assert response.content.startswith(start)
    assert client.get(f"/search.{suffix}?query=x").status_code == 404


def test_problems_are_json(client: TestClient) -> None:
    """An error of the data is application/problem+json, with the status of the response and a code."""
    for url, status, code in (
        ("/search.json?nonsense=1", 400, "usage_error"),
        ("/search.json?limit=-1", 400, "usage_error"),
        ("/search.json?limit=501", 400, "usage_error"),
        ("/search.json?limit=1&limit=2", 400, "usage_error"),
        ("/search.json?facet=nonsense", 400, "unknown_facet"),
        ("/search.json?year=abc", 400, "invalid_year"),
        ("/search.json?after=abc", 400, "invalid_cursor"),
        ("/search.json?query=" + "a" * 1001, 400, "usage_error"),
        ("/search.json?" + "&".join(f"year={1900 + n}" for n in range(51)), 400, "usage_error"),
        ("/search.json?query=%ff", 400, "usage_error"),
        ("/document.json?id=nowhere", 404, "not_found"),
        ("/document.json", 400, "usage_error"),
        ("/coverage.json?rows=year&cols=year", 400, "same_facets"),
    ):
        response = client.get(url)
        assert response.status_code == status, url
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["code"] == code, url
        assert response.json()["status"] == status


def test_endpoints_without_a_page_are_json(client: TestClient) -> None:
    """An endpoint that has no page returns JSON without a suffix, too."""
    for endpoint in set(USED_BY) - {
        "search",
        "document",
        "paragraph",
        "measures",
        "compare",
        "coverage",
        "audit",
        "watches",
        "facets",
        "about",
    }:
        parameters = {"prefix": "b"} if endpoint == "suggest" else {"text": "b"} if endpoint == "analyze" else {}
        response = client.get(f"/{endpoint}", params=parameters)
        assert response.headers["content-type"] == "application/json", endpoint
        assert response.text == client.get(f"/{endpoint}.json", params=parameters).text


def test_the_api_has_a_description(client: TestClient) -> None:
    """openapi.json has operations for endpoints in several formats, with parameters, and every schema it refers to.

    `test_the_api_is_as_described` compares it with the answers.
    """
    description = client.get("/openapi.json").json()
    assert description["openapi"] == "3.1.0"
    operation = description["paths"]["/search.json"]["get"]
    names = [item["name"] for item in operation["parameters"]]
    assert {"query", "district", "facet", "limit", "after"} <= set(names)
    for path in ("/measures.csv", "/compare.svg", "/document.jsonl", "/info.json", "/suggest.json", "/readyz"):
        assert path in description["paths"]
    for reference in set(json.dumps(description).split('"$ref": "#/components/schemas/')[1:]):
        assert reference.partition('"')[0] in description["components"]["schemas"]


def test_paths_of_the_server_are_not_disclosed(client: TestClient, index_path: Path) -> None:
    """Of the paths of the index and the corpus, the data has only the last folder.

    The page `about` does not have the path of the folder that contains the index.
    """
    info = client.get("/info.json").json()
    assert (info["index"], info["corpus"]) == ("index", "reports")
    assert str(index_path.parent) not in client.get("/about").text
