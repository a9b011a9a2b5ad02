"""Results as JSON objects, which contain the records of `model.to_json`, and JSON objects as text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING

from searchkit.model import (
    LEFT_OUT,
    MEASURE_FIELDS,
    Document,
    ExtractedMeasure,
    Measure,
    Paragraph,
    Table,
    pick_json,
    to_json,
)
from searchkit.text.characters import UNSAFE_IN_TERMINALS

if TYPE_CHECKING:
    from searchkit.compare.coverage import Coverage
    from searchkit.compare.findings import Finding
    from searchkit.compare.table import Cell, CellValue, Comparison
    from searchkit.engines.ranking import Explanation
    from searchkit.query.facets import FacetCounts
    from searchkit.query.suggester import Completion
    from searchkit.query.understanding import Understanding
    from searchkit.query.understood import UnderstoodFilter
    from searchkit.search.lookup import AggregateGroup, MeasureResults
    from searchkit.search.results import Hit, Results
    from searchkit.search.suggestions import Suggestion
    from searchkit.search.watching import News
    from searchkit.text.analyzer import Analyzer

_OF_EXTRACTED = {field.name for field in fields(ExtractedMeasure)}
_NESTED_FIELDS = tuple(
    name
    for name in MEASURE_FIELDS
    if name in _OF_EXTRACTED or name in {"id", "quote", "table", "row", "column", "total"}
)
"""Fields of a measure inside the JSON object of its paragraph."""


def dumps(value: object, *, indent: int | None = None) -> str:
    """Return a value as JSON text. Characters that a terminal interprets are escaped; Chinese is not."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return UNSAFE_IN_TERMINALS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def hit_to_json(hit: Hit, *, with_measures: bool = True, highlight: bool = False) -> dict[str, object]:
    """Return a hit as a JSON object.

    Its fields are id, score, snippet, spans, snippet_start, path_spans, title_spans, has, lacks, folded, explanation
    (if requested), highlighted (with `highlight`), the fields of the paragraph, and measures (if `with_measures`).
    """
    out: dict[str, object] = {
        "id": hit.id,
        "score": round(hit.score, 6),
        "snippet": hit.snippet,
        "spans": [list(span) for span in hit.spans],
        "snippet_start": hit.window.start,
        "path_spans": [list(span) for span in hit.path_spans],
        "title_spans": [list(span) for span in hit.title_spans],
        "has": list(hit.has),
        "lacks": list(hit.lacks),
        "folded": {"count": hit.folded.count, "ids": list(hit.folded.ids)},
    }
    if hit.explanation is not None:
        out["explanation"] = _explanation_to_json(hit.explanation)
    if highlight:
        out["highlighted"] = hit.highlighted
    out |= to_json(hit.paragraph)
    if with_measures:
        out["measures"] = list(map(nested_measure_to_json, hit.measures))
    return out


def _explanation_to_json(explanation: Explanation) -> dict[str, object]:
    """Return the parts of a score as a JSON object."""
    return {
        "words": {term: round(value, 6) for term, value in explanation.words.items()},
        "bigrams": round(explanation.bigrams, 6),
        "characters": round(explanation.characters, 6),
        "complete": round(explanation.complete, 6),
    }


def results_to_json(results: Results, *, highlight: bool = False) -> dict[str, object]:
    """Return the results of a search as the JSON object of `search --format json`. `highlight`: as in `hit_to_json`."""
    out: dict[str, object] = {
        "query": results.query,
        "understood": results.understood,
        "total": results.total,
        "total_any": results.total_any,
        "next": results.next,
        "relaxed": results.relaxed,
        "understood_filters": list(map(understood_to_json, results.understood_filters)),
        "notes": list(results.notes),
        "note_codes": [note.code for note in results.notes],
        "suggestions": list(map(_suggestion_to_json, results.suggestions)),
        "took_ms": results.took_ms,
    }
    hits = [hit_to_json(hit, highlight=highlight) for hit in results.hits]
    if results.documents is not None:
        out["documents"] = results.documents
    if results.is_grouped:
        hits = [{**json_hit, "matches": hit.matches} for json_hit, hit in zip(hits, results.hits, strict=True)]
    return {**out, "hits": hits, "facets": {name: facet_to_json(counts) for name, counts in results.facets.items()}}


def understood_to_json(item: UnderstoodFilter) -> dict[str, object]:
    """Return an understood filter as an element of `understood_filters`."""
    return {**item._asdict(), "values": list(item.values)}


def understanding_to_json(item: Understanding) -> dict[str, object]:
    """Return how a query is understood as the field `understood` of `analyze --format json`."""
    return {
        "all": item.understood,
        "any": item.relaxed,
        "notes": list(item.notes),
        "note_codes": [note.code for note in item.notes],
        "filters": list(map(understood_to_json, item.filters)),
        "words": list(item.words),
        "clauses": [
            {
                "kind": clause.kind,
                "text": clause.text,
                "occur": clause.occur,
                "field": clause.field,
                "words": list(clause.words),
            }
            for clause in item.clauses
        ],
    }


def _suggestion_to_json(item: Suggestion) -> dict[str, object]:
    """Return a suggestion as an element of `suggestions`."""
    out = {field.name: getattr(item, field.name) for field in fields(item)}
    return {**out, "filters": dict(item.filters)}


def news_to_json(news: News) -> dict[str, object]:
    """Return what is new in a watch as an element of `watch run --format json`."""
    return {
        "name": news.watch.name,
        "query": news.watch.query,
        "index": news.watch.index,
        "since": news.watch.ran or news.watch.added,
        "new": len(news.hits),
        "hits": [hit_to_json(hit, with_measures=False) for hit in news.hits],
    }


def facet_records(facets: Mapping[str, FacetCounts]) -> Iterator[dict[str, object]]:
    """Yield the records of `facets --format csv`: one for each listed value of each facet."""
    for facet, counts in facets.items():
        for item in counts.values:
            yield {
                "value": item.value,
                "facet": facet,
                "count": item.count,
                "documents": item.documents,
                "all_documents": item.all_documents,
            }


def paragraph_records(
    paragraphs: Sequence[Paragraph], tables: Iterable[Table], measures: Iterable[Sequence[Measure]]
) -> Iterator[dict[str, object]]:
    """Yield consecutive paragraphs of a document as the elements of `show --format json`.

    `measures`: the measures of each paragraph. An element has the fields of the paragraph, `measures` and `table`.
    Each of `tables` is the `table` of one element: that of the first paragraph that is a row of this table. In all
    other elements, `table` is None.
    """
    first = paragraphs[0].n if paragraphs else 0
    table_at = {max(table.first_paragraph, first): to_json(table) for table in tables}
    for record, record_measures in zip(paragraphs, measures, strict=True):
        nested = list(map(nested_measure_to_json, record_measures))
        yield {**to_json(record), "measures": nested, "table": table_at.get(record.n)}


def analysis_to_json(text: str, analyzer: Analyzer, understanding: Understanding) -> dict[str, object]:
    """Return the tokens of a text, and how it is understood as a query, as the JSON object of `analyze`."""
    tokens = [
        {"term": token.term, "start": token.start, "end": token.end, "text": text[token.start : token.end]}
        for token in analyzer.tokenize(text)
    ]
    return {"tokens": tokens, "understood": understanding_to_json(understanding)}


def problem_records(
    problems: Iterable[Mapping[str, str]], duplicates: Iterable[Mapping[str, str]], documents: Iterable[Document]
) -> Iterator[dict[str, object]]:
    """Yield the records of `info --problems`: what was not read, the duplicates, and the warnings of documents."""
    for problem in problems:
        yield {"path": problem["path"], "reason": problem["reason"], "kind": "not read"}
    for duplicate in duplicates:
        yield {"path": duplicate["path"], "reason": duplicate["reason"], "kind": "duplicate"}
    for document in documents:
        for warning in document.warnings:
            kind = "left out" if warning.startswith(LEFT_OUT) else "undecided"
            yield {"path": document.document, "reason": warning.removeprefix(LEFT_OUT), "kind": kind}


def completions_to_json(prefix: str, completions: Iterable[Completion]) -> dict[str, object]:
    """Return the completions of a prefix as the JSON object of `suggest --format json`."""
    return {"prefix": prefix, "suggestions": [item._asdict() for item in completions]}


def facet_to_json(counts: FacetCounts) -> dict[str, object]:
    """Return facet counts as a JSON object."""
    values = [
        {
            "value": item.value,
            "count": item.count,
            "documents": item.documents,
            "all_documents": item.all_documents,
            "share": round(item.share, 4),
            "selected": item.selected,
        }
        for item in counts.values
    ]
    return {"values": values, "missing": counts.missing, "other": counts.other}


def coverage_to_json(coverage: Coverage) -> dict[str, object]:
    """Return the numbers of reports by two facets as the JSON object of `facets --matrix`."""
    return {
        "rows": {"facet": coverage.rows_by, "values": list(coverage.rows)},
        "cols": {"facet": coverage.cols_by, "values": list(coverage.cols)},
        "documents": coverage.documents,
        "unplaced": coverage.unplaced,
        "cells": [cell._asdict() for cell in coverage.cells],
    }


def measures_to_json(results: MeasureResults) -> dict[str, object]:
    """Return the results of a look-up of measures as the JSON object of `measures --format json`."""
    out: dict[str, object] = {field.name: getattr(results, field.name) for field in fields(results)}
    return {
        **{name: value for name, value in out.items() if name != "hits"},
        "left_out": dict(results.left_out),
        "groups": list(map(group_to_json, results.groups)),
        "understood_filters": list(map(understood_to_json, results.understood_filters)),
        "notes": list(results.notes),
        "note_codes": [note.code for note in results.notes],
        "suggestions": list(map(_suggestion_to_json, results.suggestions)),
        "hits": list(map(to_json, results.hits)),
    }


def group_to_json(group: AggregateGroup) -> dict[str, object]:
    """Return a group of `measures --aggregate` as a JSON object."""
    out = {field.name: getattr(group, field.name) for field in fields(group)}
    return {**out, "left_out": dict(group.left_out)}


def nested_measure_to_json(measure: Measure) -> dict[str, object]:
    """Return a measure as an element of `measures` in the JSON object of its paragraph.

    Fields that repeat those of the paragraph, such as `title` and `year`, are left out.
    """
    return pick_json(measure, _NESTED_FIELDS)


def comparison_records(comparison: Comparison) -> Iterator[dict[str, object]]:
    """Yield the records of `compare --format csv`: one for each value of a cell, and one for each cell without values.

    `note` tells the values of a cell apart. They come in this order: the values themselves (`note` is None), values of
    later reports (revised), other values of the same name (other), and the value with the status of `against`, such as
    the planned one (target).
    """
    for cell in comparison.cells():
        labels: dict[str, object] = {"row": cell.row, "col": cell.col, "state": cell.state}
        noted = [("revised", cell.revised), ("other", cell.others), ("target", (cell.target,) if cell.target else ())]
        for value in cell.values or (None,):
            yield {**labels, "note": None, **_cell_value_to_json(value), "ratio": cell.ratio}
        for note, values in noted:
            for value in values:
                yield {**labels, "note": note, **_cell_value_to_json(value), "ratio": None}


def comparison_to_json(comparison: Comparison) -> dict[str, object]:
    """Return a comparison as the JSON object of `compare --format json`."""
    return {
        "query": comparison.query,
        "indicator": comparison.indicator,
        "kind": comparison.kind,
        "unit": comparison.unit,
        "relaxed": comparison.relaxed,
        "understood_filters": list(map(understood_to_json, comparison.understood_filters)),
        "notes": list(comparison.notes),
        "note_codes": [note.code for note in comparison.notes],
        "suggestions": list(map(_suggestion_to_json, comparison.suggestions)),
        "unplaced": comparison.unplaced,
        "rows": {"facet": comparison.rows_by, "values": list(comparison.rows)},
        "cols": {"facet": comparison.cols_by, "values": list(comparison.cols)},
        "cells": list(map(_cell_to_json, comparison.cells())),
    }


def _cell_to_json(cell: Cell) -> dict[str, object]:
    """Return a cell as an element of `cells`. A cell of several places or bodies has no value of its own."""
    first = cell.values[0] if cell.values and cell.state != "several" else None
    return {
        "row": cell.row,
        "col": cell.col,
        "state": cell.state,
        **_cell_value_to_json(first),
        "target": _reading_to_json(cell.target) if cell.target else None,
        "ratio": cell.ratio,
        "revised": list(map(_reading_to_json, cell.revised)),
        "others": list(map(_reading_to_json, cell.others)),
        "places": len(cell.sources),
        "readings": list(map(_reading_to_json, cell.values)),
    }


def _reading_to_json(value: CellValue) -> dict[str, object]:
    """Return a value with its measures: an element of `readings`, `revised` or `others`, or the `target` of a cell."""
    return {**_cell_value_to_json(value), "measures": list(map(to_json, value.measures))}


def _cell_value_to_json(value: CellValue | None) -> dict[str, object]:
    """Return the fields of one value of a cell, or those of an empty cell if `value` is None."""
    first = value and value.first
    return {
        "value": value and value.value,
        "unit": value and value.unit,
        "base_value": first and first.signed_value,
        "base_unit": first and first.base_unit,
        "bound": value and value.bound,
        "indicator": first and first.indicator,
        "period": first and first.period,
        "of_year": value and value.of_year,
        "since": first and first.since,
        "part": first and first.part,
        "stock": first and first.stock,
        "status": first and first.status,
        "year": first and first.year,
        "district": first and first.district,
        "agency": first and first.agency,
        "origin": value and value.origin,
        "other_unit": bool(value and value.has_other_unit),
        "id": first and first.id,
        "also": [measure.id for measure in value.measures[1:]] if value else [],
        "quote": first and first.quote,
    }


def finding_to_json(finding: Finding) -> dict[str, object]:
    """Return a finding of the audit as an element of `measures --audit --format json`."""
    return {
        "ids": list(finding.ids),
        "kind": finding.kind,
        "values": list(finding.values),
        "message": finding.message,
        "documents": list(finding.documents),
        "sentences": list(finding.sentences),
        "district": finding.district,
        "year": finding.year,
        "indicator": finding.indicator,
    }
