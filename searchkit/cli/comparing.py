"""The command compare."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from searchkit.cli.options import QueryCommand, filter_options, index_option, literal_option, split_options
from searchkit.cli.output import FOUND, NOTHING_FOUND, write_text
from searchkit.errors import UsageError


@click.command(cls=QueryCommand)
@click.argument("query")
@index_option
@filter_options
@literal_option
@click.option("--rows", default="district", show_default=True, metavar="FACET", help="Facet of the rows.")
@click.option("--cols", default="year", show_default=True, metavar="FACET", help="Facet of the columns.")
@click.option("--unit", metavar="UNIT", help="Only measures in this unit, such as 件 or 万元.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(["table", "csv", "json", "xlsx"]),
    default="table",
    show_default=True,
    help="Output format. xlsx needs --output.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the table to FILE instead of standard output.",
)
@click.option(
    "--chart",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also draw a chart into FILE (.svg or .png).",
)
def compare(
    query: str,
    index_path: Path,
    output_format: str,
    output: Path | None,
    **options: Any,  # noqa: ANN401
) -> int:
    """Compare a measure over districts and years.

    --rows and --cols select other facets. The table shows one indicator in one unit: of the
    indicators that answer QUERY, the one that most reports have. Every value comes with a quote from
    its report. If reports contradict each other, the cell shows all values.
    """
    from searchkit.index import Index

    chart, axes = options.pop("chart"), {name: options.pop(name) for name in ("rows", "cols", "unit")}
    _check_files(output_format, output, chart)
    filters, query_options = split_options(options)
    with Index(index_path) as index:
        comparison = index.compare(query, **axes, **filters, **query_options)
    if output_format == "xlsx" and output is not None:
        from searchkit.output.xlsx import write_workbook

        write_workbook(comparison, output)
    else:
        from searchkit.output.comparison import format_comparison

        write_text(format_comparison(comparison, output_format, bars=output is None and _can_show_bars()), output)
    if chart is not None and comparison.indicator is not None:
        from searchkit.output.chart import draw_chart

        draw_chart(comparison, chart)
    return NOTHING_FOUND if comparison.indicator is None else FOUND


def _check_files(output_format: str, output: Path | None, chart: Path | None) -> None:
    """Raise UsageError if the format needs a file, or if the chart file has a wrong suffix."""
    if output_format == "xlsx" and output is None:
        raise UsageError("--format xlsx needs --output FILE")
    if chart is not None:
        from searchkit.output.chart import check_suffix

        check_suffix(chart)


def _can_show_bars() -> bool:
    """Return whether standard output is a terminal whose encoding has the characters of the bars."""
    try:
        "▏".encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return False
    return sys.stdout.isatty()
