"""The rows of each kind of record: what to cite, then what a reader needs, in one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from searchkit.model import Document, Measure, Paragraph, Table, pick_json, to_json
from searchkit.output.answers.answer import Row, plain, quote
from searchkit.output.cells import number_text
from searchkit.output.json import (
    comparison_records,
    facet_to_json,
    finding_to_json,
    hit_to_json,
    nested_measure_to_json,
)
from searchkit.output.terminal import format_measure
from searchkit.tabular import grid

if TYPE_CHECKING:
    from searchkit.compare.coverage import Coverage
    from searchkit.compare.findings import Finding
    from searchkit.compare.table import Comparison
    from searchkit.query.facets import FacetCounts
    from searchkit.search.lookup import MeasureHit
    from searchkit.search.outlining import Excerpt, OutlineEntry
    from searchkit.search.results import Hit

_STATES = {
    "conflict": "the reports disagree",
    "several": "one of several places or bodies",
    "other_unit": "in another unit",
    "part_only": "of a part of the year",
    "cumulative_only": "total or mean of several years",
    "near": "of a similar indicator, or far from the years around",
    "target_only": "only a planned value",
    "silent": "a report without this figure",
    "missing": "no report",
}
"""Words for the states of the cells of a comparison, except `value`."""
_NOTES = {"revised": "in a later report", "other": "another value of this name", "target": "planned"}
"""Words for the field `note` of the records of a comparison (`comparison_records`)."""
_OWN_FIELDS = ("id", "n", "text", "number", "path", "section", "topics", "of_year")
"""Fields of the record of a paragraph. Paragraphs of a document share the values of the other fields, except `page`."""


def hit_row(hit: Hit) -> Row:
    """Return the row of a hit: place, year, body, section; title, headings; what it lacks of the query; snippet."""
    lacks = f"without {' '.join(map(plain, hit.lacks))}" if hit.lacks else ""
    return Row(
        (hit.id,),
        _join(_place(hit.paragraph), _headings(hit.paragraph), lacks, quote(hit.snippet)),
        (hit_to_json(hit),),
    )


def measure_row(hit: MeasureHit) -> Row:
    """Return the row of a measure: value, indicator, time and status; place, year and body of the report; snippet."""
    place = " · ".join(plain(item) for item in ("/".join(hit.region), hit.year, hit.agency) if item)
    return Row((hit.id,), _join(plain(format_measure(hit)), place, quote(hit.snippet)), (to_json(hit),))


def excerpt_rows(excerpt: Excerpt) -> list[Row]:
    """Return the rows of paragraphs: headings where they change, the measure that was asked for, the text.

    The records have the fields `_OWN_FIELDS` and, unless the whole document was asked for, the measures of their
    paragraphs.
    """
    rows: list[Row] = []
    asked = excerpt.requested
    path: Sequence[str] = ()
    for paragraph, measures in zip(excerpt.paragraphs, excerpt.measures, strict=True):
        measure = plain(format_measure(asked)) if isinstance(asked, Measure) and asked.source == paragraph else ""
        headings = "" if paragraph.path == path else " › ".join(map(plain, paragraph.path))
        path = paragraph.path
        record = pick_json(paragraph, _OWN_FIELDS)
        if not isinstance(asked, Document):
            record["measures"] = list(map(nested_measure_to_json, measures))
        rows.append(Row((paragraph.id,), _join(headings, measure, quote(paragraph.text)), (record,)))
    return rows


def table_rows(table: Table) -> list[Row]:
    """Return the rows of a table. The record of each has the id and the texts of the row, one for each column.

    A cell that covers several rows or columns is in the first of them. The other places that it covers are empty.
    """
    rows = []
    for n, texts in zip(table.paragraphs, grid(table.rows), strict=True):
        paragraph_id = f"{table.document}#{n}"
        rows.append(Row((paragraph_id,), " | ".join(map(quote, texts)), ({"id": paragraph_id, "cells": texts},)))
    return rows


def document_line(document: Document) -> str:
    """Return the facts of a document, without its id, in one line."""
    facts = ("/".join(document.region), document.year, document.agency, document.doctype, document.doc_number)
    counts = f"{document.paragraphs} paragraphs, {document.measures} measures"
    return _join(plain(document.title or ""), " · ".join(plain(item) for item in facts if item), counts)


def outline_rows(document_id: str, entries: Iterable[OutlineEntry], *, is_record: bool) -> list[Row]:
    """Return a row for each heading of a document. It cites the first paragraph below the heading.

    The only paragraph of a record of a file (`is_record`) has the id of the document.
    """
    return [
        Row(
            (document_id if is_record else f"{document_id}#{entry.first}",),
            f"{'› ' * entry.level}{plain(entry.heading)} ({entry.paragraphs} paragraphs)",
            ({"heading": entry.heading, "level": entry.level, "first": entry.first, "paragraphs": entry.paragraphs},),
        )
        for entry in entries
    ]


def comparison_rows(comparison: Comparison) -> Iterator[Row]:
    """Yield a row for each value of each cell and, for each row of the table with empty cells, one that names these."""
    for label, group in groupby(comparison_records(comparison), key=lambda record: record["row"]):
        empty: list[Mapping[str, Any]] = []
        texts = []
        for state, run in groupby(group, key=lambda record: record["state"] if record["id"] is None else None):
            if state is None:
                yield from (Row((str(record["id"]),), _value_text(record), (record,)) for record in run)
            else:
                cells = [{name: record[name] for name in ("row", "col", "state")} for record in run]
                texts.append(f"{_labels([plain(cell['col']) for cell in cells])}: {_STATES[str(state)]}")
                empty += cells
        if empty:
            yield Row((f"{comparison.rows_by}={label}",), "; ".join(texts), tuple(empty))


def _value_text(record: Mapping[str, Any]) -> str:
    """Return the text of a value of a comparison, with its year unless that is the row or the column."""
    state, note = str(record["state"]), record["note"]
    words = [_NOTES[note]] if note else [_STATES[state]] if state in _STATES else []
    if record["bound"] not in {None, "exact"}:
        words.append(str(record["bound"]).replace("_", " "))
    value = f"{number_text(record['value'])}{plain(record['unit'] or '')}"
    ratio = "" if record["ratio"] is None else f"{number_text(round(record['ratio'] * 100, 1))}% of the target"
    year = record["of_year"]
    year_text = "" if year in {None, record["row"], record["col"]} else f" ({year})"
    head = f"{plain(record['row'])} · {plain(record['col'])}: {value}{year_text}"
    return _join(
        ", ".join(filter(None, [head, *words, ratio])), plain(record["indicator"] or ""), quote(str(record["quote"]))
    )


def facet_rows(name: str, counts: FacetCounts) -> list[Row]:
    """Return a row for each value of a facet. It cites the filter by the value: `district=东丽区`."""
    values: Any = facet_to_json(counts)["values"]
    return [
        Row(
            (f"{name}={value['value']}",),
            f"{value['count']} paragraphs, {value['documents']} of {value['all_documents']} reports",
            ({"facet": name, **value},),
        )
        for value in values
    ]


def coverage_rows(coverage: Coverage) -> Iterator[Row]:
    """Yield a row for each row of a matrix: numbers of reports by column. The records are its cells with reports."""
    for label, group in groupby(coverage.cells, key=lambda cell: cell.row):
        cells = list(group)
        runs = groupby(cells, key=lambda cell: cell.documents)
        texts = [f"{_labels([plain(cell.col) for cell in run])}: {count or 'no report'}" for count, run in runs]
        records = tuple(cell._asdict() for cell in cells if cell.documents)
        yield Row((f"{coverage.rows_by}={label}",), "; ".join(texts), records)


def finding_rows(findings: Iterable[Finding]) -> Iterator[Row]:
    """Yield the rows of findings: kind, place, year, what contradicts what, the sentences."""
    for finding in findings:
        place = " · ".join(plain(item) for item in (finding.district, finding.year) if item is not None)
        sentences = " / ".join(map(quote, finding.sentences))
        text = _join(finding.kind, place, plain(finding.message), sentences)
        yield Row(finding.ids or finding.documents, text, (finding_to_json(finding),))


def _labels(labels: Sequence[str]) -> str:
    """Return consecutive labels of columns as text: one, or the first and the last."""
    return labels[0] if len(labels) == 1 else f"{labels[0]} to {labels[-1]}"


def _place(paragraph: Paragraph) -> str:
    """Return place, year, body and section of a paragraph."""
    facts = ("/".join(paragraph.region), paragraph.year, paragraph.agency, paragraph.section)
    return " · ".join(plain(item) for item in facts if item)


def _headings(paragraph: Paragraph) -> str:
    """Return the title of the report and the headings of a paragraph."""
    return " › ".join(plain(item) for item in (paragraph.title, *paragraph.path) if item)


def _join(*parts: str) -> str:
    """Return the parts of a line that are not empty."""
    return " | ".join(filter(None, parts))
