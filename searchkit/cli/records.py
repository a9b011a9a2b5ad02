"""Commands that print records of an index or the values of facets: show, facets, export."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from searchkit.cli.options import filter_options, format_option, index_option, split_options
from searchkit.cli.output import FOUND, NOTHING_FOUND, peek, print_error, write_output

if TYPE_CHECKING:
    from searchkit.index import Index
    from searchkit.model import Document, Measure, Paragraph
    from searchkit.query.facets import FacetCounts


@click.command()
@click.argument("record_id", metavar="ID")
@index_option
@click.option(
    "--context",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Number of paragraphs to show before and after the paragraph. Ignored if ID is a document.",
)
@format_option("table", "json", "jsonl", "csv", "tsv", "ids")
def show(record_id: str, index_path: Path, context: int, output_format: str) -> int:
    """Show the paragraph or the document with this ID.

    A paragraph is shown with its facets and headings, a document with its fields and all of its
    paragraphs. Formats other than table contain only the paragraphs, even for a document. json and
    jsonl also contain the measures of each paragraph.
    """
    from searchkit.index import Index
    from searchkit.model import to_json
    from searchkit.output.records import format_records

    with Index(index_path) as index:
        paragraph = index.paragraph(record_id)
        document = index.document(paragraph.document if paragraph else record_id)
        if document is None:
            print_error(f"no paragraph or document {record_id} in {index_path}")
            return NOTHING_FOUND
        paragraphs = list(index.paragraphs(document=document.document))
        if paragraph is not None:
            paragraphs = [record for record in paragraphs if abs(record.n - paragraph.n) <= context]
        if output_format in {"json", "jsonl"}:
            write_output(format_records(_with_measures(index, paragraphs), output_format))
        elif output_format != "table":
            write_output(format_records(map(to_json, paragraphs), output_format))
        else:
            write_output(_format_page(document, paragraphs, paragraph))
    return FOUND


def _with_measures(index: Index, paragraphs: Sequence[Paragraph]) -> Iterator[dict[str, object]]:
    """Yield the paragraphs as JSON objects with the field `measures`."""
    from searchkit.model import to_json
    from searchkit.output.json import nested_measure_to_json

    measures = index.measures_of([paragraph.id for paragraph in paragraphs])
    for paragraph, of_paragraph in zip(paragraphs, measures, strict=True):
        yield {**to_json(paragraph), "measures": list(map(nested_measure_to_json, of_paragraph))}


def _format_page(document: Document, paragraphs: Iterable[Paragraph], requested: Paragraph | None) -> Iterator[str]:
    """Yield the parts of a page for the terminal.

    The page consists of paragraphs, and of the fields of their document unless a paragraph is requested.
    """
    from searchkit.output import terminal

    if requested is None:
        yield terminal.format_document(document) + "\n"
    for paragraph in paragraphs:
        is_requested = requested is not None and paragraph.id == requested.id
        yield terminal.format_paragraph(paragraph, is_requested=is_requested, colour=sys.stdout.isatty()) + "\n"


@click.command()
@click.argument("name", required=False)
@index_option
@filter_options
@click.option(
    "--contains",
    metavar="TEXT",
    help="Only values that contain TEXT, in upper or lower case, in simplified or traditional characters.",
)
@format_option("table", "json", "jsonl", "csv", "tsv", "ids")
def facets(
    name: str | None,
    index_path: Path,
    contains: str | None,
    output_format: str,
    **options: Any,  # noqa: ANN401
) -> int:
    """List the values of a facet with their counts.

    NAME is a facet, or district:1 (provinces) to district:4. Without NAME, lists the values of all
    facets except document. All values are listed, however many there are.

    The count of a value is the number of paragraphs that have the value and pass the filters. A
    filter does not apply to its own facet: with --year 2023, all years are listed, and a star marks
    2023. If no paragraph passes all filters, a message says so, and the exit status is 1.
    """
    from searchkit.index import Index

    filters, _ = split_options(options)
    with Index(index_path) as index:
        facet_counts = index.facets([name] if name else [], **filters)
        has_match, _ = peek(index.paragraphs(**filters))
    if contains is not None:
        facet_counts = {facet: counts.containing(contains) for facet, counts in facet_counts.items()}
    _print_facets(facet_counts, output_format)
    if not has_match:
        print_error("no paragraph passes all filters")
    return FOUND if has_match and any(counts.values for counts in facet_counts.values()) else NOTHING_FOUND


def _print_facets(facet_counts: Mapping[str, FacetCounts], output_format: str) -> None:
    """Print facets in one of the formats of the command `facets`."""
    from searchkit.output import terminal
    from searchkit.output.json import dumps, facet_to_json
    from searchkit.output.records import format_records

    if output_format == "json":
        json_object = {facet: facet_to_json(counts) for facet, counts in facet_counts.items()}
        write_output([dumps(json_object, indent=1), "\n"])
    elif output_format == "table":
        write_output("\n".join(terminal.format_facet(facet, counts, None) for facet, counts in facet_counts.items()))
    else:
        rows: Iterator[Mapping[str, object]] = (
            {"value": item.value, "facet": facet, "count": item.count}
            for facet, counts in facet_counts.items()
            for item in counts.values
        )
        write_output(format_records(rows, output_format))


@click.command()
@click.argument("what", type=click.Choice(["documents", "paragraphs", "measures"]))
@index_option
@filter_options
@format_option("jsonl", "json", "csv", "tsv", "table", "ids")
def export(what: str, index_path: Path, output_format: str, **options: Any) -> int:  # noqa: ANN401
    """Write documents, paragraphs or measures to standard output.

    Without filters, writes all of them. With filters, writes the paragraphs that pass all filters,
    the measures of these paragraphs, or the documents with at least one such paragraph.
    """
    from searchkit.index import Index
    from searchkit.model import to_json
    from searchkit.output.records import format_records

    filters, _ = split_options(options)
    with Index(index_path) as index:
        exporters: dict[str, Callable[..., Iterator[Document | Paragraph | Measure]]] = {
            "documents": index.documents,
            "paragraphs": index.paragraphs,
            "measures": index.every_measure,
        }
        has_records, records = peek(exporters[what](**filters))
        write_output(format_records(map(to_json, records), output_format))
    return FOUND if has_records else NOTHING_FOUND
