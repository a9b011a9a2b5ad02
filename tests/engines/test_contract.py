"""The contract of the engines: `contract/*.json` on every engine. `contract/README.md` describes the format."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from searchkit.corpus.reading import DocumentRead
from searchkit.engines.contract import MeasureRequest
from searchkit.index import Index
from searchkit.model import Document, ExtractedMeasure, Measure, Paragraph, to_json
from searchkit.query.parsing import parse
from searchkit.search.results import Results

FOLDER = Path(__file__).parents[1] / "contract"
FILES = sorted(FOLDER.glob("*.json"))
REQUEST_KEYS = {"name", "query", "options", "filters", "where", "select"}
TOLERANCE = 1e-4
"""Two engines may give scores that differ by so much."""

Json = Mapping[str, Any]


@cache
def load(path: Path) -> Json:
    """Give the contents of a contract file."""
    data: Json = json.loads(path.read_text(encoding="utf-8"))
    return data


CASES = [pytest.param(path, case, id=f"{path.stem}: {case['name']}") for path in FILES for case in load(path)["cases"]]
SEARCHES = [case for case in CASES if "select" not in case.values[1]]
SELECTIONS = [case for case in CASES if "select" in case.values[1]]


def documents_of(data: Json) -> Iterator[DocumentRead]:
    """Documents of a contract file as the reading of a corpus gives them."""
    for entry in repeated(data["documents"]):
        fields = record_fields(entry)
        texts = fields.pop("paragraphs")
        name = fields["document"]
        common = {key: value for key, value in fields.items() if key in Paragraph.__dataclass_fields__}
        paragraphs, measures = [], []
        for n, own in enumerate(map(record_fields, repeated(texts)), 1):
            measures.append(measures_of(own.pop("measures", ()), own["text"]))
            paragraphs.append(replace(Paragraph(f"{name}#{n}", name, n, own["text"]), **common, **own))
        document = Document(**fields, paragraphs=len(paragraphs))
        yield DocumentRead(document, tuple(paragraphs), measures=measures)


def measures_of(entries: Sequence[Json], text: str) -> list[ExtractedMeasure]:
    """Measures of a paragraph: a quote says where each stands, another one of what it is a part."""
    measures = []
    for entry in entries:
        fields = dict(entry)
        quote, whole = fields.pop("quote"), fields.pop("part_of", None)
        start = text.index(quote)
        fields = {"unit": None, "base_value": fields["value"], "base_unit": fields.get("unit"), **fields}
        part_of = None if whole is None else text.index(whole)
        measures.append(ExtractedMeasure(**fields, start=start, end=start + len(quote), part_of=part_of))
    return measures


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
        key: tuple(value) if isinstance(value, list) and key not in {"paragraphs", "measures"} else value
        for key, value in entry.items()
    }


@pytest.fixture(scope="session")
def contract_index(index_of: Callable[..., Index]) -> Callable[[Path], Index]:
    """`contract_index(file)`: the index of a contract file, built once per engine."""
    return cache(lambda path: index_of(documents_of(load(path))))


def ask(index: Index, case: Json, query: str) -> Results:
    """Run the request of a case, with that query."""
    options = {"match": "all", "limit": None, **case.get("options", {})}
    return index.search(query, **options, **case.get("filters", {}), where=case.get("where"))


@dataclass(frozen=True)
class Selected:
    """The measures that an engine selected."""

    measures: list[Measure]
    indicators: list[str]
    scores: list[float]

    @property
    def ids(self) -> list[str]:
        """Ids of the measures in order."""
        return [item.id for item in self.measures]

    @property
    def score_of(self) -> dict[str, float]:
        """Scores by id."""
        return dict(zip(self.ids, self.scores, strict=True))


def select(index: Index, case: Json) -> Selected:
    """Run a look-up of measures; what is asked for is all that is found, in the order it comes in."""
    query = parse(case["query"], index.analyzer, index.facet_names)
    filters = index.filters(case.get("filters", {}), case.get("where"))
    measures = index._snapshot._engine.measure_columns(
        MeasureRequest(query.all, query.scoring, filters, **case["select"])
    )
    indicators = [measures.indicators[number] for number in measures.indicator_of.tolist()]
    return Selected(measures.fetch(range(len(measures.scores))), indicators, measures.scores.tolist())


@pytest.mark.parametrize(("path", "case"), SELECTIONS)
def test_selection(path: Path, case: Json, contract_index: Callable[[Path], Index], engine: str) -> None:
    """Every engine selects the measures that its file says."""
    selected = select(contract_index(path), case)
    expected = case.keys() - REQUEST_KEYS
    assert expected, f"contract/{path.name}, case {case['name']!r} expects nothing"
    assert len(selected.indicators) == len(selected.scores) == len(selected.measures)
    for key in sorted(expected):
        assert key in SELECTION_CHECKS, f"contract/{path.name}, case {case['name']!r}: unknown key {key!r}"
        wrong = SELECTION_CHECKS[key](case, selected)
        where = f"contract/{path.name}, case {case['name']!r} on engine {engine}, query {case['query']!r}"
        assert wrong is None, f"{where}: {key}: {wrong}"


@pytest.mark.parametrize("path", [path for path in FILES if any("select" in case for case in load(path)["cases"])])
def test_measures_of_paragraphs(path: Path, contract_index: Callable[[Path], Index]) -> None:
    """The measures of paragraphs are those that went in, for each id asked for; an unknown id has none."""
    expected = {
        paragraph.id: [f"{paragraph.id}@{measure.start}" for measure in own]
        for read in documents_of(load(path))
        for paragraph, own in zip(read.paragraphs, read.measures or (), strict=True)
    }
    asked = ["nowhere.txt#1", *reversed(expected), "", "a.txt", *expected]
    got = contract_index(path)._snapshot._engine.measures(asked)
    assert [[item.id for item in measures] for measures in got] == [expected.get(name, []) for name in asked]


@pytest.mark.parametrize(("path", "case"), SEARCHES)
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
    assert len(FILES) >= 13
    assert len(SELECTIONS) >= 20
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


def check_records(case: Json, selected: Selected) -> str | None:
    """Fields of the measures, by id."""
    records = {item.id: to_json(item) for item in selected.measures}
    for name, expected in case["records"].items():
        got = {key: records[name][key] for key in expected}
        if got != expected or {key: type(value) for key, value in got.items()} != {
            key: type(value) for key, value in expected.items()
        }:
            return f"{name}: expected {expected}, got {got}"
    return None


def check_selection_scores(case: Json, selected: Selected) -> str | None:
    """The same score for all, or each lower than the one before."""
    equal = [selected.score_of[name] for name in case.get("equal_scores", ())]
    falling = [selected.score_of[name] for name in case.get("falling_scores", ())]
    is_right = not equal or (min(equal) == max(equal) and max(equal) > 0)
    is_right &= all(b < a - TOLERANCE for a, b in pairwise(falling))
    return None if is_right else f"scores are {selected.score_of}"


SELECTION_CHECKS: dict[str, Callable[[Json, Selected], str | None]] = {
    "measures": lambda case, selected: differs(case["measures"], selected.ids),
    "indicators": lambda case, selected: differs(case["indicators"], selected.indicators),
    "records": check_records,
    "equal_scores": check_selection_scores,
    "falling_scores": check_selection_scores,
    "scores": lambda case, selected: differs(case["scores"], selected.scores),
}
"""What is wrong with the measures under each expectation, or None."""
