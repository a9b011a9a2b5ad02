"""Commands that print records of an index, the values of facets or completions: show, facets, suggest, export."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from searchkit.cli.completing import complete_facet_list, complete_facet_name
from searchkit.cli.options import (
    color_option,
    filter_options,
    index_option,
    output_options,
    split_options,
    status_option,
)
from searchkit.cli.output import (
    FOUND,
    NOTHING_FOUND,
    WORKBOOK,
    Target,
    peek,
    print_error,
    print_message,
    write_measures,
)
from searchkit.cli.settings import SettingsCommand
from searchkit.errors import UsageError
from searchkit.translation import COLUMN, FACET, pgettext
from searchkit.translation import gettext as _

if TYPE_CHECKING:
    from searchkit.index import Index
    from searchkit.model import Document, Measure, Paragraph, Table
    from searchkit.query.facets import FacetCounts


@click.command(cls=SettingsCommand)
@click.argument("record_id", metavar="ID")
@index_option
@click.option(
    "--context",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Number of paragraphs to show before and after the paragraph. Ignored if ID is a document.",
)
@output_options("table", "json", "jsonl", "csv", "tsv", "ids", "xlsx")
@color_option
def show(record_id: str, index_path: Path, context: int, target: Target) -> int:
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
        found = index.excerpt(record_id, context, with_measures=target.format in {"json", "jsonl"})
    if found is None:
        print_error(f"no paragraph, document, table or measure {record_id} in {index_path}")
        return NOTHING_FOUND
    if isinstance(found, Table):
        _write_table(found, target)
    elif target.format == "table":
        target.write(_show_paragraphs(found.paragraphs, found.tables, found.requested, target))
    else:
        _write_paragraphs(found.paragraphs, found.tables, found.measures, target)
    return FOUND


def _write_table(table: Table, target: Target) -> None:
    """Write a table in a format of `show`."""
    from searchkit.model import to_json
    from searchkit.output.csv import delimited_line
    from searchkit.output.tables import format_markdown, table_rows

    if target.format == WORKBOOK and target.path is not None:
        from searchkit.output.xlsx import write_tables

        write_tables([table], target.path)
    elif target.format == "table":
        target.write([format_markdown(table)])
    elif target.format in {"csv", "tsv"}:
        target.write(delimited_line(row, "," if target.format == "csv" else "\t") for row in table_rows(table))
    else:
        target.write_records([to_json(table)], "tables")


def _write_paragraphs(
    paragraphs: Sequence[Paragraph], tables: Sequence[Table], measures: Sequence[Sequence[Measure]], target: Target
) -> None:
    """Write paragraphs as records. In json and jsonl, also their measures and tables (`paragraph_records`)."""
    from searchkit.model import to_json
    from searchkit.output.json import paragraph_records

    has_nested = target.format in {"json", "jsonl"}
    records = paragraph_records(paragraphs, tables, measures) if has_nested else map(to_json, paragraphs)
    target.write_records(records, "paragraphs")


def _show_paragraphs(
    paragraphs: Sequence[Paragraph],
    tables: Sequence[Table],
    requested: Document | Paragraph | Measure,
    target: Target,
) -> Iterator[str]:
    """Yield texts for the terminal: the fields of a requested document or measure, then the paragraphs.

    Adjacent paragraphs that are rows of one table are shown as a table of these rows. A requested paragraph, and the
    paragraph of a requested measure, is also shown as text if it is a row: above its table.
    """
    from searchkit.model import Document, Measure
    from searchkit.output import terminal
    from searchkit.output.tables import format_markdown

    if isinstance(requested, Document):
        yield terminal.format_document(requested, target.width) + "\n"
    measure = requested if isinstance(requested, Measure) else None
    if measure is not None:
        yield terminal.format_measure(measure) + "\n"
    requested_id = "" if isinstance(requested, Document) else measure.paragraph if measure else requested.id
    table_of = {n: table for table in tables for n in table.paragraphs}
    for table, group in groupby(paragraphs, lambda paragraph: table_of.get(paragraph.n)):
        records = list(group)
        for record in records:
            is_requested = record.id == requested_id and not isinstance(requested, Document)
            if table is None or is_requested:
                quote = (measure.start, measure.end) if measure and is_requested else None
                yield terminal.format_paragraph(record, quote, is_requested=is_requested, colour=target.colour) + "\n"
        if table is not None:
            start = records[0].n - table.first_paragraph
            yield format_markdown(table, range(start, start + len(records))) + "\n"


@click.command(cls=SettingsCommand)
@click.argument("name", required=False, shell_complete=complete_facet_name)
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
    shell_complete=complete_facet_list,
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
@output_options("table", "json", "jsonl", "csv", "tsv", "ids", "xlsx")
def facets(
    name: str | None,
    index_path: Path,
    query: str | None,
    matrix: str | None,
    target: Target,
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
        raise UsageError("--matrix takes neither NAME nor --contains, --within and --limit")
    with Index(index_path) as index:
        if query is None:
            _print_filter_notes(index, filters)
            has_match, reason = peek(index.paragraphs(**filters))[0], "no paragraph passes all filters"
        else:
            has_match, reason = _print_query_notes(index, query, filters), "no paragraph matches"
        if matrix is not None:
            return _print_coverage(index, matrix, query, filters, target)
        facet_counts = index.facets([name] if name else [], query=query, **selection, **filters)
    has_values = _print_facets(facet_counts, target)
    if not has_match:
        print_error(reason)
    return FOUND if has_match and has_values else NOTHING_FOUND


def _print_query_notes(index: Index, query: str, filters: Mapping[str, Any]) -> bool:
    """Print to standard error the messages about a query, and return whether it finds a paragraph."""
    from searchkit.output.terminal import query_lines

    results = index.search(query, limit=0, **filters)
    for line in query_lines(results):
        print_message(line)
    if results.relaxed:
        print_error("no paragraph matches the whole query; counts are of those with some of its words")
    return results.total > 0


def _print_coverage(index: Index, matrix: str, query: str | None, filters: Mapping[str, Any], target: Target) -> int:
    """Print the numbers of reports by two facets, and return the exit status.

    Raises UsageError unless `matrix` is ROWS,COLS.
    """
    from searchkit.output import terminal
    from searchkit.output.json import coverage_to_json, dumps

    names = [name.strip() for name in matrix.replace("，", ",").split(",")]
    if len(names) != 2:  # noqa: PLR2004 - rows and columns
        raise UsageError(f"--matrix {matrix!r}: write two facets, as in district,year")
    coverage = index.coverage(*names, query=query, **filters)
    if target.format == "json":
        target.write([dumps(coverage_to_json(coverage), indent=1), "\n"])
    elif target.format == "table":
        target.write([terminal.format_coverage(coverage, target.width)])
    else:
        target.write_records((cell._asdict() for cell in coverage.cells), "coverage")
    return FOUND if coverage.documents else NOTHING_FOUND


def _print_filter_notes(index: Index, filters: Mapping[str, Any], *, of_measures: bool = False) -> bool:
    """Print to standard error how the values of filters were read, if that needs a message. Return whether it does.

    With `of_measures`, prints no message about an of_year that no paragraph has, because a measure can have it.
    """
    by_facet = {name: value for name, value in filters.items() if name != "where"}
    resolved = index.resolve_filters(by_facet, filters["where"])
    notes = (*resolved.notes, *(() if of_measures else resolved.missing_years))
    for note in notes:
        print_error(note)
    return bool(notes)


def _print_facets(facet_counts: Mapping[str, FacetCounts], target: Target) -> bool:
    """Print facets in one of the formats of the command `facets`, and return whether there is a value."""
    from searchkit.output import terminal
    from searchkit.output.json import dumps, facet_records, facet_to_json

    if target.format == "json":
        json_object = {facet: facet_to_json(counts) for facet, counts in facet_counts.items()}
        target.write([dumps(json_object, indent=1), "\n"])
    elif target.format == "table":
        tables = (terminal.format_facet(facet, counts, target.width) for facet, counts in facet_counts.items())
        target.write(["\n".join(tables)])
    else:
        target.write_records(facet_records(facet_counts), "facets")
    return any(counts.values for counts in facet_counts.values())


@click.command(cls=SettingsCommand)
@click.argument("prefix")
@index_option
@click.option(
    "--limit", type=click.IntRange(0), default=10, show_default=True, metavar="N", help="Maximum number of suggestions."
)
@output_options("table", "json", "jsonl", "csv", "tsv", "ids", "xlsx")
def suggest(prefix: str, index_path: Path, limit: int, target: Target) -> int:
    """Suggest facet values, words and headings that begin with PREFIX.

    PREFIX is compared with texts, with pinyin (binhai) and with the initials of pinyin (bhxq). Facet
    values come first, then words, then headings, each most frequent first. The number is that of
    the paragraphs that have the value or the word, or are under the heading.
    """
    from searchkit.index import Index
    from searchkit.output.json import completions_to_json, dumps

    with Index(index_path) as index:
        completions = index.suggest(prefix, limit=limit)
    if target.format == "json":
        target.write([dumps(completions_to_json(prefix, completions), indent=1), "\n"])
    else:
        records = (item._asdict() for item in completions)
        if target.format == "table":
            records = ({**record, "kind": pgettext(FACET, record["kind"])} for record in records)
        target.write_records(records, "suggestions")
    return FOUND if completions else NOTHING_FOUND


@click.command(cls=SettingsCommand)
@click.argument("what", type=click.Choice(["documents", "paragraphs", "measures", "tables"]))
@index_option
@filter_options
@status_option
@output_options("jsonl", "json", "csv", "tsv", "table", "ids", "xlsx")
def export(
    what: str,
    index_path: Path,
    target: Target,
    status: tuple[str, ...],
    **options: Any,  # noqa: ANN401
) -> int:
    """Write documents, paragraphs, measures or tables to standard output, or to a file.

    Without filters, writes all of them. With filters, writes the paragraphs that pass all filters,
    the measures of these paragraphs, or the documents or tables with at least one such paragraph.
    For measures, --of-year goes by the year of each measure. --status is only for measures.

    Tables as csv or tsv are a file for each table in a new folder, which --output names. A workbook
    has a sheet for each table, and a workbook of measures a link from each to its paragraph. If
    there is nothing to export, no file is written, and the exit status is 1.
    """
    from searchkit.cli.progress import file_state, long_work
    from searchkit.index import Index
    from searchkit.model import Measure, Table, to_json

    if what == "tables" and target.format in {"csv", "tsv"} and target.path is None:
        raise UsageError(f"export tables --format {target.format} needs --output FOLDER")
    if status and what != "measures":
        raise UsageError("--status is only for measures")
    filters = split_options(options)[0]
    with Index(index_path) as index:
        has_notes = _print_filter_notes(index, filters, of_measures=what == "measures")
        exporters: dict[str, Callable[..., Iterator[Document | Paragraph | Measure | Table]]] = {
            "documents": index.documents,
            "paragraphs": index.paragraphs,
            "measures": partial(index.every_measure, status=status),
            "tables": index.tables,
        }
        has_records, records = peek(exporters[what](**filters))
        if not has_records:
            if not has_notes:
                print_error(f"no {what} to export; `searchkit facets` lists what the index has")
            if target.path is None:
                target.write_records([], what)
            return NOTHING_FOUND
        before = file_state(target.path) if target.path else None
        total = 0 if status or any(filters.values()) else getattr(index.manifest, what, 0)
        with long_work(
            _("exporting"), lambda progress: _describe_rest(what, target, before, progress.done)
        ) as progress:
            if total:  # it is 0 if the number of records is unknown, as with filters
                records = progress.count(records, total)
            if what == "tables":
                _export_tables((item for item in records if isinstance(item, Table)), target)
            elif what == "measures" and target.format == WORKBOOK:
                write_measures((item for item in records if isinstance(item, Measure)), target)
            else:
                target.write_records(map(to_json, records), what)
    return FOUND


def _describe_rest(what: str, target: Target, before: tuple[int, int] | None, done: int) -> str:
    """Return what an export has written when it is interrupted.

    `before`: the `file_state` of its file when it began. `done`: number of records written, 0 if this number is unknown
    or no record was written.
    """
    if target.path is None:
        text = _("{n} {what} were written") if done else _("the output is not complete")
        return text.format(n=done, what=pgettext(COLUMN, what))
    if what == "tables" and target.format in {"csv", "tsv"}:
        return _("{path} does not have all tables; remove it").format(path=target.path)
    from searchkit.cli.progress import describe_file

    return describe_file(target.path, before)


def _export_tables(tables: Iterator[Table], target: Target) -> None:
    """Write tables: as Markdown (table), a workbook, a folder of files (csv, tsv), or records."""
    from searchkit.model import to_json
    from searchkit.output.tables import format_markdown, write_table_files
    from searchkit.text.characters import sanitize

    if target.format == WORKBOOK and target.path is not None:
        from searchkit.output.xlsx import write_tables

        write_tables(tables, target.path)
    elif target.format in {"csv", "tsv"} and target.path is not None:
        write_table_files(tables, target.path, target.format, bom=target.bom)
    elif target.format == "table":
        target.write(f"{sanitize(table.id)}\n\n{format_markdown(table)}\n" for table in tables)
    else:
        target.write_records(map(to_json, tables), "tables")
