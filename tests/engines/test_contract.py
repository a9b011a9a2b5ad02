"""The contract of the engines: the cases of `contract/*.json` on every engine. See `contract/README.md`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from searchkit.corpus.reading import ParsedDocument
from searchkit.engines.contract import MeasureRequest
from searchkit.index import Index
from searchkit.model import Cell, Document, ExtractedMeasure, Measure, Paragraph, Table, TableCell, to_json
from searchkit.query.parsing import parse
from searchkit.search.results import Results

FOLDER = Path(__file__).parents[1] / "contract"
FILES = sorted(FOLDER.glob("*.json"))
REQUEST_KEYS = {"name", "query", "options", "filters", "where", "select"}
"""Keys of a case that name it and describe its request. All other keys are expectations."""
TOLERANCE = 1e-4
"""Maximum difference between two scores that count as equal."""

Json = Mapping[str, Any]


@cache
def load(path: Path) -> Json:
    """Return the contents of a contract file."""
    data: Json = json.loads(path.read_text(encoding="utf-8"))
    return data


CASES = [pytest.param(path, case, id=f"{path.stem}: {case['name']}") for path in FILES for case in load(path)["cases"]]
SEARCH_CASES = [case for case in CASES if "select" not in case.values[1]]
MEASURE_CASES = [case for case in CASES if "select" in case.values[1]]


def documents_of(data: Json) -> Iterator[ParsedDocument]:
    """Yield the documents of a contract file, as reading a corpus would return them."""
    for entry in expand(data["documents"]):
        fields = record_fields(entry)
        paragraph_entries, tables = fields.pop("paragraphs"), fields.pop("tables", ())
        name = fields["document"]
        common = {key: value for key, value in fields.items() if key in Paragraph.__dataclass_fields__}
        paragraphs, measures = [], []
        for n, values in enumerate(map(record_fields, expand(paragraph_entries)), 1):
            measures.append(measures_of(values.pop("measures", ()), values["text"]))
            paragraphs.append(replace(Paragraph(f"{name}#{n}", name, n, values["text"]), **common, **values))
        document = Document(**fields, paragraphs=len(paragraphs))
        yield ParsedDocument(document, tuple(paragraphs), measures=measures, tables=tuple(tables_of(tables, name)))


def tables_of(entries: Sequence[Json], document: str) -> Iterator[Table]:
    """Yield the tables of a document. A string is a cell that covers one row and one column."""
    for entry in entries:
        rows = {
            name: tuple(tuple(Cell(x) if isinstance(x, str) else Cell(**x) for x in row) for row in entry[name])
            for name in ("header", "rows")
        }
        yield Table(document, **{**entry, **rows})


def measures_of(entries: Sequence[Json], text: str) -> list[ExtractedMeasure]:
    """Return the measures of a paragraph.

    `quote` of an entry is located at its first occurrence in `text`. `part_of` is the start of another measure, or its
    quote.
    """
    measures = []
    for entry in entries:
        fields = dict(entry)
        quote, part_of_quote = fields.pop("quote"), fields.pop("part_of", None)
        start = text.index(quote)
        fields = {"unit": None, "base_value": fields["value"], "base_unit": fields.get("unit"), **fields}
        part_of = text.index(part_of_quote) if isinstance(part_of_quote, str) else part_of_quote
        if "cell" in fields:
            fields["cell"] = TableCell(**record_fields(fields["cell"]))
        measures.append(ExtractedMeasure(**fields, start=start, end=start + len(quote), part_of=part_of))
    return measures


def expand(entries: list[Any]) -> Iterator[Json]:
    """Yield entries. A string means an entry with this text.

    An entry with `repeat` is copied that number of times, with `{n}` replaced by the number of the copy, from 1.
    """
    for entry in entries:
        template: dict[str, Any] = {"text": entry} if isinstance(entry, str) else dict(entry)
        count = template.pop("repeat", None)
        if count is None:
            yield template
        else:
            yield from (fill_in(template, n) for n in range(1, count + 1))


def fill_in(value: Any, n: int) -> Any:  # noqa: ANN401 - any JSON
    """Return a value with `{n}` in its strings replaced by `n`."""
    if isinstance(value, str):
        return value.format(n=n)
    if isinstance(value, list):
        return [fill_in(item, n) for item in value]
    return {key: fill_in(item, n) for key, item in value.items()} if isinstance(value, dict) else value


def record_fields(entry: Json) -> dict[str, Any]:
    """Return the fields of a record or request. Lists become tuples, except lists of paragraphs, measures or tables."""
    return {
        key: tuple(value) if isinstance(value, list) and key not in {"paragraphs", "measures", "tables"} else value
        for key, value in entry.items()
    }


@pytest.fixture(scope="session")
def contract_index(index_of: Callable[..., Index]) -> Callable[[Path], Index]:
    """A function that returns the index of a contract file, built once per engine."""
    return cache(lambda path: index_of(documents_of(load(path))))


def search(index: Index, case: Json, query: str) -> Results:
    """Run the search of a case with `query` instead of its own query. By default, all hits are returned."""
    options = {"match": "all", "limit": None, **case.get("options", {})}
    return index.search(query, **options, **case.get("filters", {}), where=case.get("where"))


@dataclass(frozen=True)
class SelectedMeasures:
    """The measures that an engine selects for a request."""

    measures: list[Measure]
    tables: list[str]
    """Ids of the tables that the filters admit."""
    indicators: list[str]
    """The indicator of each measure."""
    scores: list[float]
    """The score of each measure."""

    @property
    def ids(self) -> list[str]:
        """The ids of the measures in order."""
        return [item.id for item in self.measures]

    @property
    def score_by_id(self) -> dict[str, float]:
        """The scores by id."""
        return dict(zip(self.ids, self.scores, strict=True))


def select_measures(index: Index, case: Json) -> SelectedMeasures:
    """Run the measure request of a case. Returns all selected measures in the order of the engine."""
    query = parse(case["query"], index.analyzer, index.facet_names)
    filters = index.filters(case.get("filters", {}), case.get("where"))
    columns = index._snapshot._engine.measure_columns(
        MeasureRequest(query.all, query.scoring, filters, **record_fields(case["select"]))
    )
    indicators = [columns.indicators[index] for index in columns.indicator_of.tolist()]
    measures, tables = columns.fetch(range(len(columns.scores))), index._snapshot._engine.tables(filters)
    return SelectedMeasures(measures, [table.id for table in tables], indicators, columns.scores.tolist())


@pytest.mark.parametrize(("path", "case"), MEASURE_CASES)
def test_measure_case(path: Path, case: Json, contract_index: Callable[[Path], Index], engine: str) -> None:
    """Every engine returns the measures that the case expects."""
    selected = select_measures(contract_index(path), case)
    expected = case.keys() - REQUEST_KEYS
    assert expected, f"contract/{path.name}, case {case['name']!r} expects nothing"
    assert len(selected.indicators) == len(selected.scores) == len(selected.measures)
    for key in sorted(expected):
        assert key in MEASURE_CHECKS, f"contract/{path.name}, case {case['name']!r}: unknown key {key!r}"
        difference = MEASURE_CHECKS[key](case, selected)
        context = f"contract/{path.name}, case {case['name']!r} on engine {engine}, query {case['query']!r}"
        assert difference is None, f"{context}: {key}: {difference}"


@pytest.mark.parametrize("path", [path for path in FILES if any("select" in case for case in load(path)["cases"])])
def test_measures_of_paragraphs(path: Path, contract_index: Callable[[Path], Index]) -> None:
    """`Engine.measures` returns the measures of each paragraph id in order. An unknown id has none."""
    expected = {
        paragraph.id: [f"{paragraph.id}@{measure.start}" for measure in measures]
        for document in documents_of(load(path))
        for paragraph, measures in zip(document.paragraphs, document.measures or (), strict=True)
    }
    paragraph_ids = ["nowhere.txt#1", *reversed(expected), "", "a.txt", *expected]
    actual = contract_index(path)._snapshot._engine.measures(paragraph_ids)
    assert [[item.id for item in measures] for measures in actual] == [expected.get(name, []) for name in paragraph_ids]


@pytest.mark.parametrize(("path", "case"), SEARCH_CASES)
def test_search_case(path: Path, case: Json, contract_index: Callable[[Path], Index], engine: str) -> None:
    """Every engine returns the answer that the case expects."""
    index = contract_index(path)
    results = search(index, case, case["query"])
    expected = case.keys() - REQUEST_KEYS
    assert expected, f"contract/{path.name}, case {case['name']!r} expects nothing"
    for key in sorted(expected):
        assert key in CHECKS, f"contract/{path.name}, case {case['name']!r}: unknown key {key!r}"
        difference = CHECKS[key](index, case, results)
        assert difference is None, (
            f"contract/{path.name}, case {case['name']!r} on engine {engine}, query {case['query']!r} "
            f"understood as {results.understood}: {key}: {difference}"
        )


def test_contract_files_are_complete() -> None:
    """Each contract file has a description, and its cases have distinct names.

    The minimum numbers of files and of cases of measures show if some are lost.
    """
    assert len(FILES) >= 13
    assert len(MEASURE_CASES) >= 20
    for path in FILES:
        data = load(path)
        names = [case["name"] for case in data["cases"]]
        assert data.keys() == {"about", "documents", "cases"}, path.name
        assert len(set(names)) == len(names), path.name


def compare(expected: object, actual: object) -> str | None:
    """Return a message if two values differ, otherwise None."""
    return None if expected == actual else f"expected {expected}, got {actual}"


def spans(results: Results) -> Json:
    """Return the spans in the text, in the headings and in the title of each hit, as lists."""
    return {
        hit.id: [[list(span) for span in part] for part in (hit.spans, hit.path_spans, hit.title_spans)]
        for hit in results.hits
    }


def ids(results: Results) -> list[str]:
    """Return the ids of the hits in order."""
    return [hit.id for hit in results.hits]


def check_facets(_index: Index, case: Json, results: Results) -> str | None:
    """Check the counts of each facet of the case.

    A case states the values in order with their counts or, as `listed`, only the number of values. It can also state
    the selected values, `missing`, `other` and the numbers of documents. Except for the numbers of documents, what the
    case leaves out must be empty or 0.
    """
    for name, expected in case["facets"].items():
        counts = results.facets[name]
        values = [[item.value, item.count] for item in counts.values]
        actual = {
            "selected": [item.value for item in counts.values if item.selected],
            "missing": counts.missing,
            "other": counts.other,
        }
        actual |= {"listed": len(values)} if "listed" in expected else {"values": values}
        if "documents" in expected:
            actual["documents"] = [[item.documents, item.all_documents] for item in counts.values]
        empty: Json = {key: 0 if key in {"missing", "other"} else [] for key in actual}
        if actual != {**empty, **expected}:
            return f"{name}: expected {expected}, got {actual}"
    return None


def check_equal_scores(_index: Index, case: Json, results: Results) -> str | None:
    """Check that the scores of the hits that the case names are equal."""
    scores = {hit.id: hit.score for hit in results.hits}
    actual = [scores[name] for name in case["equal_scores"]]
    return None if max(actual) - min(actual) <= TOLERANCE else f"scores differ: {actual}"


def check_falling_scores(_index: Index, case: Json, results: Results) -> str | None:
    """Check that the scores of the hits that the case names fall in their order."""
    scores = {hit.id: hit.score for hit in results.hits}
    actual = [scores[name] for name in case["falling_scores"]]
    is_falling = all(b < a - TOLERANCE for a, b in pairwise(actual))
    return None if is_falling else f"scores do not fall: {dict(zip(case['falling_scores'], actual, strict=True))}"


def check_score_factor(index: Index, case: Json, results: Results) -> str | None:
    """Check that the scores of all hits are their scores for another query times a factor."""
    factor = case["score_factor"]["factor"]
    other = {hit.id: hit.score * factor for hit in search(index, case, case["score_factor"]["query"]).hits}
    actual = {hit.id: hit.score for hit in results.hits}
    return None if actual == pytest.approx(other, abs=TOLERANCE) else f"expected {other}, got {actual}"


def check_same_as(index: Index, case: Json, results: Results) -> str | None:
    """Check that the hits are the hits of another query, in the same order."""
    return compare(ids(search(index, case, case["same_as"])), ids(results))


def check_understood(_index: Index, case: Json, results: Results) -> str | None:
    """Check facet and values of the understood filters, and whether they are required.

    Unless the case says otherwise, a filter must be required.
    """
    expected = [[*item, True][:3] for item in case["understood"]]
    return compare(expected, [[item.facet, [*item.values], item.strict] for item in results.understood_filters])


def check_suggestions(_index: Index, case: Json, results: Results) -> str | None:
    """Check kind, text and number of hits of the suggestions."""
    return compare(case["suggestions"], [[item.kind, item.text, item.total] for item in results.suggestions])


CHECKS: dict[str, Callable[[Index, Json, Results], str | None]] = {
    "total": lambda _, case, results: compare(case["total"], results.total),
    "ids": lambda _, case, results: compare(case["ids"], ids(results)),
    "found": lambda _, case, results: compare(sorted(case["found"]), sorted(ids(results))),
    "count": lambda _, case, results: compare(case["count"], len(results.hits)),
    "first": lambda _, case, results: compare(case["first"], ids(results)[0]),
    "last": lambda _, case, results: compare(case["last"], ids(results)[-1]),
    "facets": check_facets,
    "equal_scores": check_equal_scores,
    "falling_scores": check_falling_scores,
    "score_factor": check_score_factor,
    "same_as": check_same_as,
    "documents": lambda _, case, results: compare(case["documents"], results.documents),
    "matches": lambda _, case, results: compare(case["matches"], [hit.matches for hit in results.hits]),
    "relaxed": lambda _, case, results: compare(case["relaxed"], results.relaxed),
    "total_any": lambda _, case, results: compare(case["total_any"], results.total_any),
    "lacks": lambda _, case, results: compare(
        case["lacks"], {hit.id: list(hit.lacks) for hit in results.hits if hit.lacks}
    ),
    "folded": lambda _, case, results: compare(
        case["folded"], {hit.id: list(hit.folded.ids) for hit in results.hits if hit.folded.count}
    ),
    "folded_counts": lambda _, case, results: compare(
        case["folded_counts"], [hit.folded.count for hit in results.hits]
    ),
    "complete": lambda _, case, results: compare(
        case["complete"], sorted(hit.id for hit in results.hits if hit.explanation and hit.explanation.complete)
    ),
    "spans": lambda _, case, results: compare(case["spans"], spans(results)),
    "notes": lambda _, case, results: compare(case["notes"], [*results.notes]),
    "understood": check_understood,
    "suggestions": check_suggestions,
}
"""For each expectation a function that returns a message if the results do not fulfil it."""


def check_records(case: Json, selected: SelectedMeasures) -> str | None:
    """Check values and types of the fields that the case names, for each measure id of the case."""
    records = {item.id: to_json(item) for item in selected.measures}
    for name, expected in case["records"].items():
        actual = {key: records[name][key] for key in expected}
        if actual != expected or {key: type(value) for key, value in actual.items()} != {
            key: type(value) for key, value in expected.items()
        }:
            return f"{name}: expected {expected}, got {actual}"
    return None


def check_measure_scores(case: Json, selected: SelectedMeasures) -> str | None:
    """Check that the scores of `equal_scores` are the same and above 0, and that those of `falling_scores` fall."""
    equal = [selected.score_by_id[name] for name in case.get("equal_scores", ())]
    falling = [selected.score_by_id[name] for name in case.get("falling_scores", ())]
    is_right = not equal or (min(equal) == max(equal) and max(equal) > 0)
    is_right &= all(b < a - TOLERANCE for a, b in pairwise(falling))
    return None if is_right else f"scores are {selected.score_by_id}"


MEASURE_CHECKS: dict[str, Callable[[Json, SelectedMeasures], str | None]] = {
    "tables": lambda case, selected: compare(case["tables"], selected.tables),
    "measures": lambda case, selected: compare(case["measures"], selected.ids),
    "indicators": lambda case, selected: compare(case["indicators"], selected.indicators),
    "records": check_records,
    "equal_scores": check_measure_scores,
    "falling_scores": check_measure_scores,
    "scores": lambda case, selected: compare(case["scores"], selected.scores),
}
"""For each expectation a function that returns a message if the measures do not fulfil it."""
