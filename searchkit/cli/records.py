"""Commands that give what an index holds: records and the values of facets."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from searchkit.cli.options import filter_options, format_option, index_option, split_options
from searchkit.cli.output import FOUND, NOTHING_FOUND, complain, emit

if TYPE_CHECKING:
    from searchkit.model import Document, Measure, Paragraph


@click.command()
@click.argument("record_id", metavar="ID")
@index_option
@click.option("--context", type=click.IntRange(0), default=0, metavar="N", help="Paragraphs shown before and after.")
@format_option("table", "json", "jsonl", "csv", "tsv", "ids")
def show(record_id: str, index_path: Path, context: int, style: str) -> int:
    """Show a paragraph, or a whole document, with where it stands; in JSON with its measures too."""
    from searchkit.index import Index
    from searchkit.model import to_json
    from searchkit.output import terminal
    from searchkit.output.json import own_fields
    from searchkit.output.records import records

    with Index(index_path) as index:
        paragraph = index.paragraph(record_id)
        document = index.document(paragraph.document if paragraph else record_id)
        if document is None:
            complain(f"no paragraph or document {record_id} in {index_path}")
            return NOTHING_FOUND
        paragraphs = list(index.paragraphs(document=document.document))
        if paragraph is not None:
            paragraphs = [record for record in paragraphs if abs(record.n - paragraph.n) <= context]
        measures = index.measures_of([record.id for record in paragraphs]) if style in {"json", "jsonl"} else []
    if measures:
        rows = (
            {**to_json(record), "measures": list(map(own_fields, own))}
            for record, own in zip(paragraphs, measures, strict=True)
        )
        emit(records(rows, style))
        return FOUND
    if style != "table":
        emit(records(map(to_json, paragraphs), style))
        return FOUND
    is_single = paragraph is not None
    emit([terminal.document(document), "\n"] if not is_single else [])
    emit(
        terminal.paragraph(record, is_asked_for=is_single and record.id == record_id, colour=sys.stdout.isatty()) + "\n"
        for record in paragraphs
    )
    return FOUND


@click.command()
@click.argument("name", required=False)
@index_option
@filter_options
@click.option("--contains", metavar="TEXT", help="Only values that hold TEXT.")
@format_option("table", "json", "jsonl", "csv", "tsv", "ids")
def facets(name: str | None, index_path: Path, contains: str | None, style: str, **options: Any) -> int:  # noqa: ANN401
    """List the values of the facet NAME (or of all facets) with their numbers of paragraphs.

    Every value is listed, however many there are.
    """
    from searchkit.index import Index
    from searchkit.output import terminal
    from searchkit.output.json import dumps, facet_to_json
    from searchkit.output.records import records

    filters, _ = split_options(options)
    with Index(index_path) as index:
        counted = index.facets([name] if name else [], **filters)
    if contains is not None:
        counted = {facet: counts.containing(contains) for facet, counts in counted.items()}
    if style == "json":
        emit([dumps({facet: facet_to_json(counts) for facet, counts in counted.items()}, indent=1), "\n"])
    elif style == "table":
        emit("\n".join(terminal.facet(facet, counts, None) for facet, counts in counted.items()))
    else:
        rows: Iterator[Mapping[str, object]] = (
            {"value": item.value, "facet": facet, "count": item.count}
            for facet, counts in counted.items()
            for item in counts.values
        )
        emit(records(rows, style))
    return FOUND if any(counts.values for counts in counted.values()) else NOTHING_FOUND


@click.command()
@click.argument("what", type=click.Choice(["documents", "paragraphs", "measures"]))
@index_option
@filter_options
@format_option("jsonl", "json", "csv", "tsv", "table", "ids")
def export(what: str, index_path: Path, style: str, **options: Any) -> int:  # noqa: ANN401
    """Write all documents, paragraphs or measures to standard output, one record after the other."""
    from searchkit.index import Index
    from searchkit.model import to_json
    from searchkit.output.records import records

    filters, _ = split_options(options)
    with Index(index_path) as index:
        every: dict[str, Callable[..., Iterator[Document | Paragraph | Measure]]] = {
            "documents": index.documents,
            "paragraphs": index.paragraphs,
            "measures": index.every_measure,
        }
        found = every[what](**filters)
        emit(records(map(to_json, found), style))
    return FOUND
