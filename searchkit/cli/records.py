"""Commands that print records of an index, the values of facets or completions: show, facets, suggest, export."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from searchkit.cli.options import filter_options, format_option, index_option, split_options, status_option
from searchkit.cli.output import FOUND, NOTHING_FOUND, peek, print_error, write_output
from searchkit.errors import UsageError

if TYPE_CHECKING:
    from searchkit.index import Index
    from searchkit.model import Document, Measure, Paragraph, Table
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
    """Show the paragraph, the document, the table or the measure with this ID.

    A paragraph is shown with its facets and headings, a document with its fields and all of its
    paragraphs. A measure (PARAGRAPH@START) is shown in its paragraph, between » and «. Tables are
    shown as Markdown at their places: those of a document instead of their rows, that of a
    paragraph below it, with the rows of the context.

    Formats other than table contain only the paragraphs, even for a document. json and jsonl also
    contain the measures of each paragraph, and each table in the field `table` of its first
    paragraph; with the ID of a measure, only that measure. The ID of a table (DOCUMENT!NUMBER)
    shows the table; csv and tsv contain its rows. A unique end of an ID is enough: a.txt#13 for
    2023/a.txt#13.
    """
    from searchkit.index import Index
    from searchkit.model import Table

    with Index(index_path) as index:
        found = index.excerpt(record_id, context, with_measures=output_format in {"json", "jsonl"})
    if found is None:
        print_error(f"no paragraph, document, table or measure {record_id} in {index_path}")
        return NOTHING_FOUND
    if isinstance(found, Table):
        write_output(_format_table(found, output_format))
    elif output_format == "table":
        write_output(_show_paragraphs(found.paragraphs, found.tables, found.requested))
    else:
        write_output(_format_paragraphs(found.paragraphs, found.tables, found.measures, output_format))
    return FOUND


def _format_table(table: Table, output_format: str) -> Iterator[str]:
    """Yield a table in a format of `show`."""
    from searchkit.model import to_json
    from searchkit.output.csv import delimited_line
    from searchkit.output.records import format_records
    from searchkit.output.tables import format_markdown, table_rows

    if output_format == "table":
        return iter([format_markdown(table)])
    if output_format in {"csv", "tsv"}:
        return (delimited_line(row, "," if output_format == "csv" else "\t") for row in table_rows(table))
    return format_records([to_json(table)], output_format)


def _format_paragraphs(
    paragraphs: Sequence[Paragraph],
    tables: Sequence[Table],
    measures: Sequence[Sequence[Measure]],
    output_format: str,
) -> Iterator[str]:
    """Yield paragraphs as records. In json and jsonl, they have their measures, and the first of a table the table."""
    from searchkit.model import to_json
    from searchkit.output.json import paragraph_records
    from searchkit.output.records import format_records

    if output_format not in {"json", "jsonl"}:
        return format_records(map(to_json, paragraphs), output_format)
    return format_records(paragraph_records(paragraphs, tables, measures), output_format)


def _show_paragraphs(
    paragraphs: Sequence[Paragraph], tables: Sequence[Table], requested: Document | Paragraph | Measure
) -> Iterator[str]:
    """Yield paragraphs, the fields of a requested document, and tables instead of their rows, for the terminal.

    A requested paragraph is shown even if it is a row, above its table, and so is that of a requested measure.
    """
    from searchkit.model import Document, Measure
    from searchkit.output import terminal
    from searchkit.output.tables import format_markdown

    if isinstance(requested, Document):
        yield terminal.format_document(requested) + "\n"
    measure = requested if isinstance(requested, Measure) else None
    if measure is not None:
        yield terminal.format_measure(measure) + "\n"
    requested_id = "" if isinstance(requested, Document) else measure.paragraph if measure else requested.id
    colour = sys.stdout.isatty()
    table_of = {n: table for table in tables for n in table.paragraphs}
    for table, group in groupby(paragraphs, lambda paragraph: table_of.get(paragraph.n)):
        records = list(group)
        for record in records:
            is_requested = record.id == requested_id and not isinstance(requested, Document)
            if table is None or is_requested:
                quote = (measure.start, measure.end) if measure and is_requested else None
                yield terminal.format_paragraph(record, quote, is_requested=is_requested, colour=colour) + "\n"
        if table is not None:
            start = records[0].n - table.first_paragraph
            yield format_markdown(table, range(start, start + len(records))) + "\n"


@click.command()
@click.argument("name", required=False)
@index_option
@filter_options
@click.option(
    "--query",
    metavar="QUERY",
    help="Count only the paragraphs that a search for QUERY finds. Written and understood as by search.",
)
@click.option(
    "--matrix",
    metavar="ROWS,COLS",
    help="Count the reports by two facets, as in district,year, and show which are missing. Takes no NAME.",
)
@click.option(
    "--contains",
    metavar="TEXT",
    help="Only values that contain TEXT, in upper or lower case, in simplified or traditional characters.",
)
@click.option("--within", metavar="PLACE", help="Only places inside PLACE. Goes with district:1 to district:4.")
@click.option(
    "--limit",
    type=click.IntRange(0),
    metavar="N",
    help="Maximum number of values of a facet: its most frequent ones, and those of filters. Default: all.",
)
@format_option("table", "json", "jsonl", "csv", "tsv", "ids")
def facets(
    name: str | None,
    index_path: Path,
    query: str | None,
    matrix: str | None,
    output_format: str,
    **options: Any,  # noqa: ANN401
) -> int:
    """List the values of a facet with their counts.

    NAME is a facet, or district:1 (provinces) to district:4. Without NAME, lists the values of all
    facets except document. All values are listed, however many there are, unless --contains,
    --within or --limit select some.

    The counts of a value are the numbers of paragraphs that have the value, pass the filters and
    match QUERY, and of their documents, with all documents that have the value for comparison. A
    filter does not apply to its own facet: with --year 2023, all years are listed, and a star marks
    2023. If no paragraph passes all filters, a message says so, and the exit status is 1.

    --matrix counts the documents of each pair of values. There all filters apply. A hyphen means
    that there is no report: that a search finds nothing there does not mean that a report is silent.
    With --query, it counts only documents that a search for QUERY finds.
    """
    from searchkit.index import Index

    filters, selection = split_options(options)
    if matrix is not None and (name is not None or any(value is not None for value in selection.values())):
        raise click.UsageError("--matrix takes neither NAME nor --contains, --within and --limit")
    with Index(index_path) as index:
        if query is None:
            _print_filter_notes(index, filters)
            has_match, reason = peek(index.paragraphs(**filters))[0], "no paragraph passes all filters"
        else:
            has_match, reason = _print_query_notes(index, query, filters), "no paragraph matches"
        if matrix is not None:
            return _print_coverage(index, matrix, query, filters, output_format)
        facet_counts = index.facets([name] if name else [], query=query, **selection, **filters)
    has_values = _print_facets(facet_counts, output_format)
    if not has_match:
        print_error(reason)
    return FOUND if has_match and has_values else NOTHING_FOUND


def _print_query_notes(index: Index, query: str, filters: Mapping[str, Any]) -> bool:
    """Print the messages about a query to standard error, and return whether it finds a paragraph."""
    from searchkit.output.terminal import query_lines

    results = index.search(query, limit=0, **filters)
    for line in query_lines(results):
        print_error(line)
    if results.relaxed:
        print_error("no paragraph matches the whole query; counts are of those with some of its words")
    return results.total > 0


def _print_coverage(
    index: Index, matrix: str, query: str | None, filters: Mapping[str, Any], output_format: str
) -> int:
    """Print the numbers of reports by two facets. Raises UsageError unless `matrix` is ROWS,COLS."""
    from searchkit.output import terminal
    from searchkit.output.json import coverage_to_json, dumps
    from searchkit.output.records import format_records

    names = [name.strip() for name in matrix.replace("，", ",").split(",")]
    if len(names) != 2:  # noqa: PLR2004 - rows and columns
        raise UsageError(f"--matrix {matrix!r}: write two facets, as in district,year")
    coverage = index.coverage(*names, query=query, **filters)
    if output_format == "json":
        write_output([dumps(coverage_to_json(coverage), indent=1), "\n"])
    elif output_format == "table":
        write_output([terminal.format_coverage(coverage)])
    else:
        write_output(format_records((cell._asdict() for cell in coverage.cells), output_format))
    return FOUND if coverage.documents else NOTHING_FOUND


def _print_filter_notes(index: Index, filters: Mapping[str, Any], *, of_measures: bool = False) -> None:
    """Print the messages about how the values of filters were read to standard error.

    If the filters are of measures, no message is about years that only paragraphs lack.
    """
    by_facet = {name: value for name, value in filters.items() if name != "where"}
    resolved = index.resolve_filters(by_facet, filters["where"])
    for note in (*resolved.notes, *(() if of_measures else resolved.missing_years)):
        print_error(note)


def _print_facets(facet_counts: Mapping[str, FacetCounts], output_format: str) -> bool:
    """Print facets in one of the formats of the command `facets`, and return whether there is a value."""
    from searchkit.output import terminal
    from searchkit.output.json import dumps, facet_records, facet_to_json
    from searchkit.output.records import format_records

    if output_format == "json":
        json_object = {facet: facet_to_json(counts) for facet, counts in facet_counts.items()}
        write_output([dumps(json_object, indent=1), "\n"])
    elif output_format == "table":
        write_output("\n".join(terminal.format_facet(facet, counts) for facet, counts in facet_counts.items()))
    else:
        write_output(format_records(facet_records(facet_counts), output_format))
    return any(counts.values for counts in facet_counts.values())


@click.command()
@click.argument("prefix")
@index_option
@click.option(
    "--limit", type=click.IntRange(0), default=10, show_default=True, metavar="N", help="Maximum number of suggestions."
)
@format_option("table", "json", "jsonl", "csv", "tsv", "ids")
def suggest(prefix: str, index_path: Path, limit: int, output_format: str) -> int:
    """Suggest facet values, words and headings that begin with PREFIX.

    PREFIX is compared with texts, with pinyin (binhai) and with the initials of pinyin (bhxq). Facet
    values come first, then words, then headings, each most frequent first. The number is that of
    the paragraphs that have the value or the word, or are under the heading.
    """
    from searchkit.index import Index
    from searchkit.output.json import completions_to_json, dumps
    from searchkit.output.records import format_records

    with Index(index_path) as index:
        completions = index.suggest(prefix, limit=limit)
    if output_format == "json":
        write_output([dumps(completions_to_json(prefix, completions), indent=1), "\n"])
    else:
        write_output(format_records((item._asdict() for item in completions), output_format))
    return FOUND if completions else NOTHING_FOUND


@click.command()
@click.argument("what", type=click.Choice(["documents", "paragraphs", "measures", "tables"]))
@index_option
@filter_options
@status_option
@format_option("jsonl", "json", "csv", "tsv", "table", "ids", "xlsx")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Where csv, tsv and xlsx write tables: a new folder with a file for each table, or a workbook with a sheet "
    "for each.",
)
def export(
    what: str,
    index_path: Path,
    output_format: str,
    output: Path | None,
    status: tuple[str, ...],
    **options: Any,  # noqa: ANN401
) -> int:
    """Write documents, paragraphs, measures or tables to standard output.

    Without filters, writes all of them. With filters, writes the paragraphs that pass all filters,
    the measures of these paragraphs, or the documents or tables with at least one such paragraph.
    For measures, --of-year goes by the year of each measure. --status is only for measures. Tables
    as csv, tsv or xlsx need --output.
    """
    from searchkit.index import Index
    from searchkit.model import to_json
    from searchkit.output.records import format_records

    _check_export(what, output_format, output)
    if status and what != "measures":
        raise UsageError("--status is only for measures")
    filters, _ = split_options(options)
    with Index(index_path) as index:
        _print_filter_notes(index, filters, of_measures=what == "measures")
        if what == "tables":
            return _export_tables(index.tables(**filters), output_format, output)
        exporters: dict[str, Callable[..., Iterator[Document | Paragraph | Measure]]] = {
            "documents": index.documents,
            "paragraphs": index.paragraphs,
            "measures": partial(index.every_measure, status=status),
        }
        has_records, records = peek(exporters[what](**filters))
        write_output(format_records(map(to_json, records), output_format))
    return FOUND if has_records else NOTHING_FOUND


def _check_export(what: str, output_format: str, output: Path | None) -> None:
    """Raise UsageError if a format does not fit the records or `--output`."""
    if what != "tables" and output_format == "xlsx":
        raise UsageError("--format xlsx is only for tables")
    needs_output = what == "tables" and output_format in {"csv", "tsv", "xlsx"}
    if needs_output and output is None:
        target = "FILE" if output_format == "xlsx" else "FOLDER"
        raise UsageError(f"export tables --format {output_format} needs --output {target}")
    if output is not None and not needs_output:
        raise UsageError("--output is only for tables as csv, tsv or xlsx")


def _export_tables(tables: Iterator[Table], output_format: str, output: Path | None) -> int:
    """Write tables to standard output or to `output`. Writes no file if there are no tables."""
    from searchkit.model import to_json
    from searchkit.output.records import format_records
    from searchkit.output.tables import format_markdown, write_table_files
    from searchkit.text.characters import sanitize

    has_tables, tables = peek(tables)
    if not has_tables:
        write_output(format_records([], output_format) if output is None else [])
        return NOTHING_FOUND
    if output is None:
        if output_format == "table":
            write_output(f"{sanitize(table.id)}\n\n{format_markdown(table)}\n" for table in tables)
        else:
            write_output(format_records(map(to_json, tables), output_format))
    elif output_format == "xlsx":
        from searchkit.output.xlsx import write_tables

        write_tables(tables, output)
    else:
        write_table_files(tables, output, output_format)
    return FOUND
