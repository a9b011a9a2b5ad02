"""The command that makes tables of one measure."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from searchkit.cli.options import filter_options, index_option, split_options
from searchkit.cli.output import FOUND, NOTHING_FOUND, emit
from searchkit.errors import SearchkitError, UsageError

if TYPE_CHECKING:
    from searchkit.comparing import Comparison


@click.command()
@click.argument("query")
@index_option
@filter_options
@click.option("--rows", default="district", show_default=True, metavar="FACET", help="What a row stands for.")
@click.option("--cols", default="year", show_default=True, metavar="FACET", help="What a column stands for.")
@click.option("--unit", metavar="UNIT", help="Only figures in this unit, such as 件 or 万元.")
@click.option(
    "--format",
    "style",
    type=click.Choice(["table", "csv", "json", "xlsx"]),
    default="table",
    show_default=True,
    help="How to print; xlsx goes into a file.",
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write to FILE.")
@click.option(
    "--chart", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Draw into FILE (.svg or .png)."
)
def compare(query: str, index_path: Path, style: str, output: Path | None, **options: Any) -> int:  # noqa: ANN401
    """Compare one measure that answers QUERY: districts by years, or any other two facets.

    The whole table is of one indicator in one unit: those that answer QUERY in most reports. Every
    figure is tied to its sentence. Where reports contradict each other, all values are shown.
    """
    from searchkit.comparing import compare as compare_measures
    from searchkit.searching import Index

    chart, axes = options.pop("chart"), {name: options.pop(name) for name in ("rows", "cols", "unit")}
    if style == "xlsx" and output is None:
        raise UsageError("--format xlsx needs --output FILE")
    if chart is not None:
        from searchkit.charts import check_suffix

        check_suffix(chart)
    filters, _ = split_options(options)
    with Index(index_path) as index:
        made = compare_measures(index, query, **axes, **filters)
    _write(made, style, output)
    if chart is not None and made.indicator is not None:
        from searchkit.charts import draw

        draw(made, chart)
    return NOTHING_FOUND if made.indicator is None else FOUND


def _write(made: Comparison, style: str, output: Path | None) -> None:
    """Print a comparison, or write it to a file."""
    if style == "xlsx" and output is not None:
        from searchkit import spreadsheets

        spreadsheets.write(made, output)
    elif output is None:
        emit(_pieces(made, style, bars=_shows_bars()))
    else:
        try:
            output.write_text("".join(_pieces(made, style, bars=False)), encoding="utf-8", newline="")
        except OSError as error:
            raise SearchkitError(f"{output}: cannot be written: {error.strerror}") from error


def _pieces(made: Comparison, style: str, *, bars: bool) -> Iterable[str]:
    from searchkit import render
    from searchkit.comparing import cell_rows, comparison_to_json
    from searchkit.tables import comparison

    if style == "table":
        return [comparison(made, bars=bars)]
    if style == "json":
        return [render.to_json(comparison_to_json(made), indent=1), "\n"]
    return render.records(cell_rows(made), style)


def _shows_bars() -> bool:
    """Whether standard output is a terminal that can show the characters of bars."""
    try:
        "▏".encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return False
    return sys.stdout.isatty()
