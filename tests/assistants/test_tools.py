"""The tools: parameters, limits, what answers say and cite, and how a call continues the answer of another one."""

from __future__ import annotations

import json
import re
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from asking import Asker
from click.testing import CliRunner
from jsonschema import Draft202012Validator

import searchkit
from searchkit.assistants.server import AssistantServer
from searchkit.assistants.tools import TOOLS
from searchkit.cli.main import cli

CALLS: dict[str, dict[str, Any]] = {
    "search": {"query": "双随机 处罚"},
    "measures": {"query": "立案"},
    "compare": {"query": "立案"},
    "read": {"id": "dongli-health-2022.txt#9", "around": 2},
    "facets": {"name": "district"},
    "coverage": {},
    "audit": {},
}
"""Arguments of each tool with which it finds something."""
LIMITS = {
    "search": {"limit": (8, 20), "offset": (0, 10_000)},
    "measures": {"limit": (15, 50)},
    "compare": {"max_cells": (120, 1_000)},
    "read": {"around": (0, 5)},
    "facets": {"limit": (30, 500)},
    "coverage": {},
    "audit": {"limit": (20, 100)},
}
"""Default and maximum of each integer parameter of a tool, apart from max_characters."""
CITATION = re.compile(r"\[([^]]+)\]")


def ids_of(lines: list[str]) -> list[str]:
    """Return the id with which each line that quotes records begins."""
    return [found[1] for line in lines if (found := CITATION.match(line))]


def test_tools_are_described(asker: Asker) -> None:
    """Each tool has a title and a description, says that it only reads, and describes its parameters and limits."""
    tools = {tool.name: tool for tool in asker.run(lambda client: client.list_tools()).tools}
    assert list(tools) == list(CALLS) == list(TOOLS)
    for name, tool in tools.items():
        Draft202012Validator.check_schema(tool.input_schema)
        assert tool.title
        assert tool.description
        assert tool.annotations.read_only_hint
        assert not tool.annotations.destructive_hint
        properties = tool.input_schema["properties"]
        numbers = {key: item for key, item in properties.items() if item.get("type") == "integer"}
        found = {key: (item["default"], item["maximum"]) for key, item in numbers.items()}
        assert found == {**LIMITS[name], "max_characters": (4_000, 20_000)}
        assert all(item.get("description") for item in properties.values())


@pytest.mark.parametrize("name", CALLS)
def test_calls_are_valid_by_the_schema(asker: Asker, name: str) -> None:
    """The schema of a tool admits the calls that the tool answers, and no unknown arguments."""
    tools = {tool.name: tool for tool in asker.run(lambda client: client.list_tools()).tools}
    validator = Draft202012Validator(tools[name].input_schema)
    assert validator.is_valid({**CALLS[name], "max_characters": 2_000})
    assert not validator.is_valid({**CALLS[name], "colour": "red"})


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("max_characters", [1_000, 4_000, 20_000])
def test_answers_keep_to_max_characters(asker: Asker, name: str, max_characters: int) -> None:
    """The text of an answer has at most `max_characters` characters, and quotes at least one record."""
    lines, data = asker.ask(name, **CALLS[name], max_characters=max_characters)
    assert len("\n".join(lines)) <= max_characters
    assert ids_of(lines)
    assert data


@pytest.mark.parametrize("name", ["search", "measures", "read", "audit"])
def test_cited_ids_exist(asker: Asker, index: searchkit.Index, name: str) -> None:
    """A line that quotes a record begins with an id that exists.

    The last of these lines begin with the ids of the data, in the order of the data.
    """
    lines, data = asker.ask(name, **CALLS[name])
    cited = ids_of(lines)
    assert cited
    assert all(index.excerpt(record_id) is not None for record_id in cited)
    (rows,) = [data[field] for field in ("hits", "paragraphs", "findings") if field in data]
    first = [row["ids"][0] if name == "audit" else row["id"] for row in rows]
    assert cited[len(cited) - len(first) :] == first


def test_search_has_the_data_of_the_command_line(asker: Asker, index_path: object) -> None:
    """The hits and the total of a search are those of `search --format json`."""
    _, data = asker.ask("search", query="立案 罚款", filters={"year": "2022..2024"}, limit=5)
    arguments = ["search", "立案 罚款", "--year", "2022..2024", "--limit", "5", "--format", "json"]
    done = CliRunner().invoke(cli, [*arguments, "--index", str(index_path)])
    expected = json.loads(done.output)
    assert data["hits"] == expected["hits"]
    assert data["total"] == expected["total"]


def test_measures_have_the_data_of_the_command_line(asker: Asker, index_path: object) -> None:
    """The hits of a look-up are those of `measures --format json`."""
    _, data = asker.ask("measures", query="罚没款", min="50万元", limit=3)
    arguments = ["measures", "罚没款", "--min", "50万元", "--limit", "3", "--format", "json"]
    done = CliRunner().invoke(cli, [*arguments, "--index", str(index_path)])
    assert data["hits"] == json.loads(done.output)["hits"]
    assert data["hits"]


def test_a_search_can_be_continued_without_gaps(asker: Asker, index: searchkit.Index) -> None:
    """The text of an answer says with which offset to go on, also if max_characters cut it. No hit is left out."""
    found: list[str] = []
    offset = 0
    for _ in count():
        lines, data = asker.ask("search", query="执法", offset=offset, limit=20, max_characters=1_000)
        found += [hit["id"] for hit in data["hits"]]
        following = re.search(r"search with offset (\d+)", "\n".join(lines))
        if following is None:
            break
        assert int(following[1]) == len(found)
        offset = int(following[1])
    assert found == [hit.id for hit in index.every_hit("执法")]
    assert len(found) > 20


def test_a_report_can_be_continued_without_gaps(asker: Asker, index: searchkit.Index) -> None:
    """The text of an answer says with which id to read on. No paragraph is left out."""
    document = "binhai-health-2023.txt"
    found: dict[str, None] = {}
    record_id = document
    while True:
        lines, data = asker.ask("read", id=record_id, around=5, max_characters=2_000)
        found |= dict.fromkeys(row["id"] for row in data["paragraphs"])
        following = re.search(r'read with id "([^"]+)"', "\n".join(lines))
        if following is None:
            break
        assert following[1] != record_id
        record_id = following[1]
    numbers = [int(paragraph_id.rpartition("#")[2]) for paragraph_id in found]
    assert sorted(numbers) == list(range(1, index.document(document).paragraphs + 1))


def test_filters_narrow(asker: Asker) -> None:
    """The value of a filter is a text, a number or a list. A user-defined facet can be a filter, too."""
    _, data = asker.ask("search", query="立案", filters={"district": ["滨海新区", "东丽区"], "year": 2023})
    assert {(hit["district"], hit["year"]) for hit in data["hits"]} == {("滨海新区", 2023)}
    _, data = asker.ask("search", query="立案", filters={"cluster": "京津冀"})
    assert {hit["facets"]["cluster"] for hit in data["hits"]} == {"京津冀"}


def test_a_comparison_cites_each_value_and_names_empty_cells(asker: Asker) -> None:
    """The text has a line for each value, and one for the cells of a row without a value, with the reason."""
    lines, data = asker.ask("compare", query="立案", filters={"district": ["天津市", "沙坪坝区"]})
    text = "\n".join(lines)
    assert "[binhai-enforcement-2023.html#4@9] 滨海新区 · 2023: 130件, the reports disagree" in text
    assert "[district=滨海新区] 2022: no report" in text
    assert {cell["state"] for cell in data["cells"]} == {"conflict", "other_unit", "value", "silent", "missing"}


def test_a_comparison_says_how_to_get_more_cells(asker: Asker) -> None:
    """If rows are left out because of max_cells, the text says to raise max_cells."""
    lines, _ = asker.ask("compare", query="立案", max_cells=2)
    assert "raise max_cells" in "\n".join(lines)


def test_read_returns_what_an_id_names(asker: Asker, index: searchkit.Index) -> None:
    """`read` takes the id of a measure, a paragraph, a report or a table. With `outline`, it returns headings."""
    _, data = asker.ask("read", id="binhai-enforcement-2023.html#4@9")
    (paragraph,) = data["paragraphs"]
    assert [measure["id"] for measure in paragraph["measures"]] == ["binhai-enforcement-2023.html#4@9"]
    _, data = asker.ask("read", id="dongli-health-2022.txt#9", around=1)
    assert [paragraph["n"] for paragraph in data["paragraphs"]] == [8, 9, 10]
    lines, data = asker.ask("read", id="dongli-health-2022.txt", outline=True)
    assert data["outline"] == [
        {"heading": item.heading, "level": item.level, "first": item.first, "paragraphs": item.paragraphs}
        for item in index.outline("dongli-health-2022.txt")
    ]
    table = next(index.tables())
    lines, data = asker.ask("read", id=table.id)
    assert len(data["rows"]) == len(table.rows)
    assert [row["id"] for row in data["rows"]] == ids_of(lines)[-len(table.rows) :]


def test_the_headings_of_a_record_cite_the_record(tmp_path: Path) -> None:
    """The paragraph of a record of a file has the id of the record. A heading cites it, so that it can be read."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.csv").write_text("text,path\n立案129件。,成效\n", encoding="utf-8")
    searchkit.build(tmp_path / "corpus", tmp_path / "index")
    server = AssistantServer([("index", tmp_path / "index")])
    asker = Asker(server)
    lines, _ = asker.ask("read", id="a.csv#2", outline=True)
    (cited,) = [line for line in lines if "成效" in line]
    assert asker.ask("read", id=ids_of([cited])[0])[1]["paragraphs"][0]["text"] == "立案129件。"
    server.close()


def test_coverage_says_where_there_is_no_report(asker: Asker, index: searchkit.Index) -> None:
    """The text says for which years a place has no report. The data has only cells with reports."""
    lines, data = asker.ask("coverage", filters={"agency": "卫生健康委员会"})
    assert "[district=滨海新区] 2022: no report; 2023: 2" in lines
    expected = index.coverage(agency="卫生健康委员会").cells
    assert data["cells"] == [cell._asdict() for cell in expected if cell.documents]
    assert len(data["cells"]) == 3


def test_facets_are_exact(asker: Asker, index: searchkit.Index) -> None:
    """The counts of values under a query are those of `Index.facets`.

    The text says how many paragraphs have values that are not listed. Without a name, the answer has all facets but
    document.
    """
    lines, data = asker.ask("facets", name="district", query="立案", limit=2)
    counts = index.facets("district", query="立案", limit=2)["district"]
    assert [(row["value"], row["count"]) for row in data["values"]] == [(v.value, v.count) for v in counts.values]
    assert f'"district": paragraphs not listed: {counts.other} of other values.' in lines
    lines, data = asker.ask("facets")
    assert any(line.startswith('Facets: "') and "cluster" in line for line in lines)
    assert set(data["facets"]) == {name for name in index.facet_names if name != "document"}


@pytest.mark.parametrize("tool", ["facets", "coverage"])
def test_counts_say_how_the_query_was_read(asker: Asker, tool: str) -> None:
    """If the query is relaxed, or the year that it names is dropped, `facets` and `coverage` say so."""
    query = "1999年立案 飞碟降落"
    found, facts = asker.ask("search", query=query)
    lines, data = asker.ask(tool, query=query)
    assert "No paragraph holds all of the query; the numbers are of those that hold some of it." in lines
    (understood,) = [line for line in found if line.startswith("The words ")]
    assert understood in lines
    assert (data["relaxed"], data["understood_filters"]) == (facts["relaxed"], facts["understood_filters"])
    lines, data = asker.ask(tool, query="立案", filters={"year": 2023})
    assert not data["relaxed"]
    assert not any(line.startswith(("No paragraph", "The words ")) for line in lines)
    assert "relaxed" not in asker.ask(tool)[1]


def test_an_answer_without_hits_says_what_to_do(asker: Asker) -> None:
    """An answer without hits, or whose hits lack words of the query, says so, and says what to do in further lines."""
    lines, data = asker.ask("search", query="立案 飞碟降落", filters={"year": 2023})
    assert any(line.startswith(("search with query", "No paragraph holds all")) for line in lines)
    lines, data = asker.ask("search", query='"飞碟降落"')
    assert data["hits"] == []
    assert len(lines) > 1
    lines, data = asker.ask("measures", query='"飞碟降落"')
    assert data["hits"] == []
    assert len(lines) > 1
    lines, _ = asker.ask("compare", query='"飞碟降落"')
    assert lines[0] == "No figure answers the query."
    assert len(lines) > 1
    lines, data = asker.ask("facets", name="district", query='"飞碟降落"')
    assert data["values"] == []
    assert lines[0].startswith("No paragraph")


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        ("search", {}, "query is missing"),
        ("search", {"query": "  "}, "query is missing"),
        ("search", {"query": "立案", "limit": 21}, "limit must be"),
        ("search", {"query": "立案", "limit": -1}, "limit must be"),
        ("search", {"query": "立案", "limit": 2.5}, "limit must be"),
        ("search", {"query": "立案", "limit": True}, "limit must be"),
        ("search", {"query": "立案", "max_characters": 20_001}, "max_characters must be at most 20000"),
        ("search", {"query": "立案", "max_characters": 999}, "max_characters must be at least 1000"),
        ("search", {"query": "立" * 1_001}, "more than 1000 characters"),
        ("search", {"query": ["立案"]}, "query must be a text"),
        ("search", {"query": "立案", "district": "滨海新区"}, "no argument 'district'"),
        ("search", {"query": "立案", "filters": "滨海新区"}, "filters must be an object"),
        ("search", {"query": "立案", "filters": {"year": [None]}}, "filter year"),
        ("search", {"query": "立案", "filters": {"year": [2000] * 51}}, "more than 50 values"),
        ("search", {"query": "立案", "filters": {"district": "滨海市"}}, "did you mean"),
        ("search", {"query": "立案", "filters": {"colour": "red"}}, "colour"),
        ("measures", {"query": "立案", "limit": 51}, "limit must be"),
        ("measures", {"query": "立案", "min": "many"}, "min"),
        ("compare", {"query": "立案", "rows": "year", "cols": "year"}, "year"),
        ("read", {"id": "nothing.txt#1"}, "no record 'nothing.txt#1'"),
        ("read", {"id": "dongli-health-2022.txt#9", "around": 6}, "around must be"),
        ("read", {"id": "dongli-health-2022.txt", "outline": 3}, "outline must be"),
        ("facets", {"name": "colour"}, "colour"),
        ("facets", {"name": "district", "within": "天津市"}, "within"),
        ("audit", {"limit": 101}, "limit must be"),
    ],
)
def test_an_impossible_call_is_one_clear_line(asker: Asker, tool: str, arguments: dict[str, Any], message: str) -> None:
    """A call with impossible arguments returns an error of one line, which the model can read."""
    assert message in asker.refuse(tool, **arguments)


def test_numbers_may_be_written_as_texts(asker: Asker) -> None:
    """A model may write the limit 3 as "3" or 3.0, and gets three hits."""
    for limit in (3, "3", 3.0):
        _, data = asker.ask("search", query="立案", limit=limit)
        assert len(data["hits"]) == 3
