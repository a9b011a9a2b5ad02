"""The command that makes tables of one measure."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from searchkit.cli.options import filter_options, index_option, split_options
from searchkit.cli.output import FOUND, NOTHING_FOUND, emit
from searchkit.errors import SearchkitError, UsageError


@click.command()
@click.argument("query")
@index_option
@filter_options
@click.option("--rows", default="district", show_default=True, metavar="FACET", help="What a row stands for.")
@click.option("--cols", default="year", show_default=True, metavar="FACET", help="What a column stands for.")
@click.option("--unit", metavar="UNIT", help="Only measures in this unit, such as 件 or 万元.")
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
    measure is tied to its sentence. Where reports contradict each other, all values are shown.
    """
    from searchkit.index import Index

    chart, axes = options.pop("chart"), {name: options.pop(name) for name in ("rows", "cols", "unit")}
    if style == "xlsx" and output is None:
        raise UsageError("--format xlsx needs --output FILE")
    if chart is not None:
        from searchkit.output.chart import check_suffix

        check_suffix(chart)
    filters, _ = split_options(options)
    with Index(index_path) as index:
        made = index.compare(query, **axes, **filters)
    if style == "xlsx" and output is not None:
        from searchkit.output import xlsx

        xlsx.write(made, output)
    else:
        from searchkit.output.comparison import in_style

        _write(in_style(made, style, bars=output is None and _shows_bars()), output)
    if chart is not None and made.indicator is not None:
        from searchkit.output.chart import draw

        draw(made, chart)
    return NOTHING_FOUND if made.indicator is None else FOUND


def _write(pieces: Iterable[str], output: Path | None) -> None:
    """Print text, or write it to a file. Raises SearchkitError."""
    if output is None:
        emit(pieces)
        return
    try:
        output.write_text("".join(pieces), encoding="utf-8", newline="")
    except OSError as error:
        raise SearchkitError(f"{output}: cannot be written: {error.strerror}") from error


def _shows_bars() -> bool:
    """Whether standard output is a terminal that can show the characters of bars."""
    try:
        "▏".encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return False
    return sys.stdout.isatty()
