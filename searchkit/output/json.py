"""Every record and result as a JSON object, with the fields in their promised order; and the text of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING

from searchkit.model import ExtractedMeasure, Measure, to_json
from searchkit.text.characters import UNSAFE

if TYPE_CHECKING:
    from searchkit.compare.audit import Finding
    from searchkit.compare.comparison import CellValue, Comparison
    from searchkit.query.facets import FacetCounts
    from searchkit.search.lookup import MeasureResults
    from searchkit.search.results import Hit, Results

_OWN = {"id", "quote", *(item.name for item in fields(ExtractedMeasure))}


def dumps(value: object, *, indent: int | None = None) -> str:
    """A JSON text with Chinese as it is and every control character escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def hit_to_json(hit: Hit, *, with_measures: bool = True) -> dict[str, object]:
    """A hit as a JSON object: id, score, snippet and spans, then the fields of the paragraph and its measures."""
    paragraph = to_json(hit.paragraph)
    first = {
        "id": hit.id,
        "score": round(hit.score, 6),
        "snippet": hit.snippet,
        "spans": [list(span) for span in hit.spans],
        "snippet_start": hit.window.start,
    }
    if hit.explanation is not None:
        words = {term: round(value, 6) for term, value in hit.explanation.words.items()}
        first["explanation"] = {
            "words": words,
            "bigrams": round(hit.explanation.bigrams, 6),
            "characters": round(hit.explanation.characters, 6),
        }
    measures = {"measures": list(map(own_fields, hit.measures))} if with_measures else {}
    return {**first, **{name: value for name, value in paragraph.items() if name != "id"}, **measures}


def results_to_json(results: Results) -> dict[str, object]:
    """Results as the JSON object of `search --format json`."""
    out: dict[str, object] = {
        "query": results.query,
        "understood": results.understood,
        "total": results.total,
        "relaxed": results.relaxed,
        "notes": list(results.notes),
        "took_ms": results.took_ms,
    }
    hits = [hit_to_json(hit) for hit in results.hits]
    if results.documents is not None:
        out["documents"] = results.documents
        hits = [{**shown, "matches": hit.matches} for shown, hit in zip(hits, results.hits, strict=True)]
    return {**out, "hits": hits, "facets": {name: facet_to_json(counts) for name, counts in results.facets.items()}}


def facet_to_json(counts: FacetCounts) -> dict[str, object]:
    """Facet counts as a JSON object."""
    values = [{"value": item.value, "count": item.count, "selected": item.selected} for item in counts.values]
    return {"values": values, "missing": counts.missing, "other": counts.other}


def measures_to_json(results: MeasureResults) -> dict[str, object]:
    """Results as the JSON object of `measures --format json`."""
    out: dict[str, object] = {item.name: getattr(results, item.name) for item in fields(results)}
    return {
        **{name: value for name, value in out.items() if name != "hits"},
        "notes": list(results.notes),
        "hits": list(map(to_json, results.hits)),
    }


def own_fields(measure: Measure) -> dict[str, object]:
    """The fields of a measure that are not its paragraph's, as a JSON object: for where the paragraph is given too."""
    return {name: value for name, value in to_json(measure).items() if name in _OWN}


def cell_rows(table: Comparison) -> Iterator[dict[str, object]]:
    """The table as records, one for each reading and for each empty cell: the rows of its CSV form."""
    for cell in table.cells():
        place: dict[str, object] = {"row": cell.row, "col": cell.col}
        for reading in cell.readings or (None,):
            yield {**place, **_reading_to_json(reading, cell.status)}


def comparison_to_json(table: Comparison) -> dict[str, object]:
    """The table as the JSON object of `compare --format json`."""
    cells = []
    for cell in table.cells():
        first = _reading_to_json(cell.readings[0] if cell.readings else None, cell.status)
        said = [
            {**_reading_to_json(reading, cell.status), "measures": list(map(to_json, reading.measures))}
            for reading in cell.readings
        ]
        cells.append({"row": cell.row, "col": cell.col, **first, "readings": said})
    return {
        "query": table.query,
        "indicator": table.indicator,
        "kind": table.kind,
        "unit": table.unit,
        "relaxed": table.relaxed,
        "unplaced": table.unplaced,
        "rows": {"facet": table.rows_by, "values": list(table.rows)},
        "cols": {"facet": table.cols_by, "values": list(table.cols)},
        "cells": cells,
    }


def _reading_to_json(reading: CellValue | None, status: str) -> dict[str, object]:
    """What a cell's record says of one reading, None for an empty cell."""
    first = reading and reading.first
    return {
        "value": reading and reading.value,
        "unit": reading and reading.unit,
        "base_value": first and first.base_value,
        "base_unit": first and first.base_unit,
        "bound": first and first.bound,
        "period": first and first.period,
        "status": status,
        "other_unit": bool(reading and reading.is_other_unit),
        "id": first and first.id,
        "also": [measure.id for measure in reading.measures[1:]] if reading else [],
        "quote": first and first.quote,
    }


def finding_to_json(finding: Finding) -> dict[str, object]:
    """A finding as a JSON object."""
    return {
        "ids": list(finding.ids),
        "kind": finding.kind,
        "values": list(finding.values),
        "message": finding.message,
    }
