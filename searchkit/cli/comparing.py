"""The command compare."""

from __future__ import annotations

import sys
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

from searchkit.cli.completing import complete_facet_name
from searchkit.cli.options import (
    QueryCommand,
    filter_options,
    index_option,
    literal_option,
    output_options,
    split_options,
    timeout_option,
    verify_option,
)
from searchkit.cli.output import FOUND, NOTHING_FOUND, WORKBOOK, Target, print_message
from searchkit.names import ANY_STATUS, MEASURE_STATUSES
from searchkit.translation import translate

if TYPE_CHECKING:
    from searchkit.compare.table import Comparison


@click.command(cls=QueryCommand)
@click.argument("query")
@index_option
@verify_option
@filter_options
@literal_option
@click.option(
    "--rows",
    default="district",
    show_default=True,
    metavar="FACET",
    shell_complete=complete_facet_name,
    help="Facet of the rows; district:1 are provinces.",
)
@click.option(
    "--cols",
    default="of_year",
    show_default=True,
    metavar="FACET",
    shell_complete=complete_facet_name,
    help="Facet of the columns. of_year is the year of the value, year that of the report.",
)
@click.option("--unit", metavar="UNIT", help="Only measures in this unit, such as 件 or 万元.")
@click.option(
    "--status",
    multiple=True,
    type=click.Choice([*MEASURE_STATUSES, ANY_STATUS]),
    help="Values of the cells: actual (the default), target (planned), rule, before (before a change), or any: actual "
    "ones, otherwise targets.",
)
@click.option(
    "--against", type=click.Choice(MEASURE_STATUSES), help="Also show values with this status, and the ratio."
)
@click.option(
    "--max-cells",
    type=click.IntRange(1),
    metavar="N",
    help="Maximum number of cells. Rows with few values are left out, and a note says how many.",
)
@timeout_option
@click.option("--wide", is_flag=True, help="Show all columns and all footnotes, even if they do not fit the terminal.")
@output_options("table", "json", "jsonl", "csv", "tsv", "xlsx")
@click.option(
    "--chart",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also draw a chart into FILE (.svg or .png).",
)
@click.option(
    "--chart-size",
    type=click.Choice(["print", "slide"]),
    default="print",
    show_default=True,
    help="print: 16 cm wide. slide: 16:9 with larger text.",
)
def compare(
    query: str,
    index_path: Path,
    target: Target,
    **options: Any,  # noqa: ANN401
) -> int:
    """Compare a measure over districts and years.

    --rows and --cols select other facets. The table shows one indicator in one unit: the level, the
    addition (新增) or the change (增速) that QUERY names or, of those that answer it, the one that most
    reports have. A cell has the actual value of its year from the report that reports on it, with a
    quote. What else there is instead is marked: a value of another report, a plan, a total of several
    years. If a report contradicts itself, the cell shows all values.
    """
    from searchkit.index import Index

    chart, chart_size, wide = options.pop("chart"), options.pop("chart_size"), options.pop("wide")
    axes = {name: options.pop(name) for name in ("rows", "cols", "unit", "status", "against")}
    _check_chart(chart)
    verify = options.pop("verify")
    filters, query_options = split_options(options)
    with Index(index_path, verify=verify) as index:
        comparison = index.compare(query, **axes, **filters, **query_options)
    if target.format == WORKBOOK and target.path is not None:
        from searchkit.output.xlsx import write_workbook

        write_workbook(comparison, target.path)
    else:
        from searchkit.output.comparison import format_comparison

        width = None if wide or target.path is not None else get_terminal_size().columns
        bars = target.width is not None and _can_show_bars()
        target.write(format_comparison(comparison, target.format, bars=bars, width=width))
    if comparison.indicator is None:
        if target.path is not None or target.format not in {"table", "json"}:
            _print_reasons(comparison)
        return NOTHING_FOUND
    if chart is not None:
        from searchkit.cli.progress import describe_file, file_state, long_work
        from searchkit.output.chart import draw_chart

        before = file_state(chart)
        with long_work("", lambda _progress: describe_file(chart, before)):  # without a bar of its own
            draw_chart(comparison, chart, chart_size)
    return FOUND


def _print_reasons(comparison: Comparison) -> None:
    """Print to standard error the notes and the suggestions of a comparison that found nothing."""
    from searchkit.output.terminal import suggestion_lines

    for line in (*map(translate, comparison.notes), *suggestion_lines(comparison.suggestions, "measures")):
        print_message(line)


def _check_chart(chart: Path | None) -> None:
    """Raise UsageError if the chart file has a wrong suffix."""
    if chart is not None:
        from searchkit.output.chart import check_suffix

        check_suffix(chart)


def _can_show_bars() -> bool:
    """Return whether the encoding of the terminal has the characters of the bars."""
    try:
        "▏".encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return False
    return True
