"""The contract of the engines: `contract/*.json` on every engine. `contract/README.md` describes the format."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from searchkit.corpus import DocumentRead
from searchkit.model import Document, Paragraph
from searchkit.searching import Index, Results

FOLDER = Path(__file__).parent / "contract"
FILES = sorted(FOLDER.glob("*.json"))
REQUEST_KEYS = {"name", "query", "options", "filters", "where"}
TOLERANCE = 1e-4
"""Two engines may give scores that differ by so much."""

Json = Mapping[str, Any]


@cache
def load(path: Path) -> Json:
    """Give the contents of a contract file."""
    data: Json = json.loads(path.read_text(encoding="utf-8"))
    return data


CASES = [pytest.param(path, case, id=f"{path.stem}: {case['name']}") for path in FILES for case in load(path)["cases"]]


def documents_of(data: Json) -> Iterator[DocumentRead]:
    """Documents of a contract file as the reading of a corpus gives them."""
    for entry in repeated(data["documents"]):
        fields = record_fields(entry)
        texts = fields.pop("paragraphs")
        name = fields["document"]
        common = {key: value for key, value in fields.items() if key in Paragraph.__dataclass_fields__}
        paragraphs = tuple(
            replace(Paragraph(f"{name}#{n}", name, n, own["text"]), **common, **own)
            for n, own in enumerate(map(record_fields, repeated(texts)), 1)
        )
        yield DocumentRead(Document(**fields, paragraphs=len(paragraphs)), paragraphs)


def repeated(entries: list[Any]) -> Iterator[Json]:
    """Entries with those that stand for several written out; a mere text is the entry of that text."""
    for entry in entries:
        given: dict[str, Any] = {"text": entry} if isinstance(entry, str) else dict(entry)
        times = given.pop("repeat", None)
        if times is None:
            yield given
        else:
            yield from (numbered(given, n) for n in range(1, times + 1))


def numbered(value: Any, n: int) -> Any:  # noqa: ANN401 - any JSON
    """Give the value with `{n}` in its strings replaced."""
    if isinstance(value, str):
        return value.format(n=n)
    if isinstance(value, list):
        return [numbered(item, n) for item in value]
    return {key: numbered(item, n) for key, item in value.items()} if isinstance(value, dict) else value


def record_fields(entry: Json) -> dict[str, Any]:
    """Fields of a record: lists of strings as tuples."""
    return {
        key: tuple(value) if isinstance(value, list) and key != "paragraphs" else value for key, value in entry.items()
    }


@pytest.fixture(scope="session")
def contract_index(index_of: Callable[..., Index]) -> Callable[[Path], Index]:
    """`contract_index(file)`: the index of a contract file, built once per engine."""
    return cache(lambda path: index_of(documents_of(load(path))))


def ask(index: Index, case: Json, query: str) -> Results:
    """Run the request of a case, with that query."""
    options = {"match": "all", "limit": None, **case.get("options", {})}
    return index.search(query, **options, **case.get("filters", {}), where=case.get("where"))


@pytest.mark.parametrize(("path", "case"), CASES)
def test_case(path: Path, case: Json, contract_index: Callable[[Path], Index], engine: str) -> None:
    """Every engine answers every case as its file says."""
    index = contract_index(path)
    results = ask(index, case, case["query"])
    expected = case.keys() - REQUEST_KEYS
    assert expected, f"contract/{path.name}, case {case['name']!r} expects nothing"
    for key in sorted(expected):
        assert key in CHECKS, f"contract/{path.name}, case {case['name']!r}: unknown key {key!r}"
        wrong = CHECKS[key](index, case, results)
        assert wrong is None, (
            f"contract/{path.name}, case {case['name']!r} on engine {engine}, query {case['query']!r} "
            f"understood as {results.understood}: {key}: {wrong}"
        )


def test_every_file_is_whole() -> None:
    """Each contract file says what it promises, and no two of its cases have the same name."""
    assert len(FILES) >= 12
    for path in FILES:
        data = load(path)
        names = [case["name"] for case in data["cases"]]
        assert data.keys() == {"about", "documents", "cases"}, path.name
        assert len(set(names)) == len(names), path.name


def differs(expected: object, got: object) -> str | None:
    """What is wrong, if anything is."""
    return None if expected == got else f"expected {expected}, got {got}"


def ids(results: Results) -> list[str]:
    """Ids of the hits in order."""
    return [hit.id for hit in results.hits]


def check_facets(_index: Index, case: Json, results: Results) -> str | None:
    """Values in order, those selected, missing and other."""
    for name, expected in case["facets"].items():
        counts = results.facets[name]
        values = [[item.value, item.count] for item in counts.values]
        got = {
            "selected": [item.value for item in counts.values if item.selected],
            "missing": counts.missing,
            "other": counts.other,
        }
        got |= {"listed": len(values)} if "listed" in expected else {"values": values}
        nothing: Json = {key: 0 if key in {"missing", "other"} else [] for key in got}
        if got != {**nothing, **expected}:
            return f"{name}: expected {expected}, got {got}"
    return None


def check_equal_scores(_index: Index, case: Json, results: Results) -> str | None:
    """The same score for all."""
    scores = {hit.id: hit.score for hit in results.hits}
    got = [scores[name] for name in case["equal_scores"]]
    return None if max(got) - min(got) <= TOLERANCE else f"scores differ: {got}"


def check_falling_scores(_index: Index, case: Json, results: Results) -> str | None:
    """Each score lower than the one before."""
    scores = {hit.id: hit.score for hit in results.hits}
    got = [scores[name] for name in case["falling_scores"]]
    falling = all(b < a - TOLERANCE for a, b in pairwise(got))
    return None if falling else f"scores do not fall: {dict(zip(case['falling_scores'], got, strict=True))}"


def check_score_factor(index: Index, case: Json, results: Results) -> str | None:
    """Scores in proportion to those of another query."""
    factor = case["score_factor"]["factor"]
    other = {hit.id: hit.score * factor for hit in ask(index, case, case["score_factor"]["query"]).hits}
    got = {hit.id: hit.score for hit in results.hits}
    return None if got == pytest.approx(other, abs=TOLERANCE) else f"expected {other}, got {got}"


def check_same_as(index: Index, case: Json, results: Results) -> str | None:
    """The same answer as another query."""
    return differs(ids(ask(index, case, case["same_as"])), ids(results))


CHECKS: dict[str, Callable[[Index, Json, Results], str | None]] = {
    "total": lambda _, case, results: differs(case["total"], results.total),
    "ids": lambda _, case, results: differs(case["ids"], ids(results)),
    "found": lambda _, case, results: differs(sorted(case["found"]), sorted(ids(results))),
    "count": lambda _, case, results: differs(case["count"], len(results.hits)),
    "first": lambda _, case, results: differs(case["first"], ids(results)[0]),
    "last": lambda _, case, results: differs(case["last"], ids(results)[-1]),
    "facets": check_facets,
    "equal_scores": check_equal_scores,
    "falling_scores": check_falling_scores,
    "score_factor": check_score_factor,
    "same_as": check_same_as,
    "documents": lambda _, case, results: differs(case["documents"], results.documents),
    "matches": lambda _, case, results: differs(case["matches"], [hit.matches for hit in results.hits]),
    "relaxed": lambda _, case, results: differs(case["relaxed"], results.relaxed),
}
"""What is wrong with the results under each expectation, or None."""
