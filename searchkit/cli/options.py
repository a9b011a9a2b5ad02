"""Command-line options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from searchkit.cli.completing import complete_condition, complete_facet_name, complete_facet_value
from searchkit.cli.output import read_target
from searchkit.cli.settings import INDEX_VARIABLE, SettingsCommand
from searchkit.errors import UsageError
from searchkit.names import ANY_STATUS, BUILT_IN_FACETS, MAX_FACET_VALUES, MEASURE_STATUSES, UNDERSTOOD_FACETS
from searchkit.translation import gettext as _

_FILTER_HELP = {
    "district": "Place at any level (滨海新区, 天津市), or a path (福建省/福州市/鼓楼区).",
    "year": "Year that the report is about: 2023, 2021..2023, 2020.. or ..2019.",
    "of_year": "Year that the paragraph is about, written like --year. For measures: the year of the measure or, if it "
    "is unknown, of its report.",
    "agency": "Kind of agency, such as 卫生健康委员会.",
    "topic": "Topic, such as 行政执法.",
    "section": "Part of a report: 成效, 问题, 计划, 履职 or 其他.",
    "doctype": "Kind of report, such as 法治政府建设年度报告.",
    "document": "Id of a document: its path in the corpus.",
}
"""Help text of the filter for each built-in facet."""

MAX_SHOWN_VALUES = 10
"""Default of `--facet-limit` in tables."""
ALL_FACETS = "all"
"""Value of `--literal` without facets."""
_Command = TypeVar("_Command", bound=Callable[..., object])


class FolderPath(click.Path):
    """The path of a folder. An empty text, such as an unset variable of a script, is not the current folder."""

    def __init__(self) -> None:
        """Create the type, whose values are of the class `Path`."""
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        """Return the path. Raises BadParameter if the text is empty."""
        if value == "":
            self.fail(_("the path is empty"), param, ctx)
        return super().convert(value, param, ctx)


def index_option(command: _Command) -> _Command:
    """Add `--index`."""
    return click.option(
        "--index",
        "index_path",
        metavar="DIR",
        default="index",
        show_default=True,
        envvar=INDEX_VARIABLE,
        type=FolderPath(),
        help=f"Folder of the index. Default: the environment variable {INDEX_VARIABLE}, or searchkit.toml.",
    )(command)


def verify_option(command: _Command) -> _Command:
    """Add `--verify`."""
    return click.option(
        "--verify",
        is_flag=True,
        help="First read all files of the index, and verify that none is damaged. Otherwise, only what is read is "
        "verified.",
    )(command)


def format_option(*formats: str) -> Callable[[_Command], _Command]:
    """Add `--format`. The first format is the default."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="Output format.",
    )


def output_options(*formats: str) -> Callable[[_Command], Callable[..., object]]:
    """Add `--format`, `--output` and `--bom`. The command gets a `Target` as `target`."""

    def add(command: _Command) -> Callable[..., object]:
        """Add the options to a command."""

        @format_option(*formats)
        @click.option(
            "--output",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Write to FILE instead of standard output. Without --format, the suffix of FILE is the format.",
        )
        @click.option(
            "--bom/--no-bom",
            default=None,
            help="Begin csv or tsv with a byte order mark, so that Excel shows Chinese. Default: only a FILE that ends "
            "with .csv.",
        )
        @wraps(command)
        def run(
            *arguments: object, output_format: str, output: Path | None, bom: bool | None, **options: object
        ) -> object:
            """Run the command with its target. If it is interrupted, it leaves no part of a file."""
            target = read_target(output_format, output, bom=bom)
            if output is None:
                return command(*arguments, target=target, **options)
            from searchkit.cli.progress import describe_file, file_state, long_work

            before = file_state(output)
            with long_work("", lambda _progress: describe_file(output, before)):  # without a bar of its own
                return command(*arguments, target=target, **options)

        return run

    return add


def color_option(command: _Command) -> _Command:
    """Add `--color`, which sets `click.Context.color`."""

    def set_color(context: click.Context, _parameter: click.Parameter, value: str) -> None:
        """Set whether output has colours. None means that `output.is_colourful` decides."""
        context.color = {"always": True, "never": False}.get(value)

    return click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        default="auto",
        show_default=True,
        expose_value=False,
        callback=set_color,
        help="When to use colours. auto: on a terminal, unless the environment variable NO_COLOR is set.",
    )(command)


def filter_options(command: _Command) -> _Command:
    """Add the filters: an option for each built-in facet, and `--where`.

    Several values of one facet are combined with OR, different facets with AND.
    """
    where = click.option(
        "--where",
        multiple=True,
        metavar="NAME=VALUE",
        shell_complete=complete_condition,
        help="Value of a user-defined facet (from front matter, metadata.csv or a record).",
    )
    command = where(command)
    for name in reversed(BUILT_IN_FACETS):
        command = click.option(
            f"--{name.replace('_', '-')}",
            multiple=True,
            help=_FILTER_HELP[name],
            shell_complete=complete_facet_value,
        )(command)
    return command


def status_option(command: _Command) -> _Command:
    """Add `--status`, a condition on measures."""
    return click.option(
        "--status",
        multiple=True,
        type=click.Choice([*MEASURE_STATUSES, ANY_STATUS]),
        help="Only measures with this status: actual (reached), target (planned), rule (a threshold or a legal figure) "
        "or before (the value before a change). Default: any.",
    )(command)


def literal_option(command: _Command) -> _Command:
    """Add `--literal`, with or without facets. The command must be a `QueryCommand`.

    The value is True without facets, the text of the facets if there are any, and False without the option.
    """
    return click.option(
        "--literal",
        is_flag=False,
        flag_value=ALL_FACETS,
        default=False,
        type=click.UNPROCESSED,
        callback=lambda _context, _option, value: value == ALL_FACETS or value,
        metavar="FACET,…",
        help="Read the names of places, years, bodies, sections and kinds of reports in QUERY as words, or only those "
        "of these facets: district, of_year, agency, section, doctype. Otherwise 东丽区 in QUERY narrows the search.",
    )(command)


def facet_options(command: _Command) -> _Command:
    """Add `--facet`, `--facet-limit` and `--count-documents`. The limit is None if it is not given."""
    command = click.option(
        "--facet-limit",
        type=click.IntRange(0),
        metavar="N",
        help="Maximum number of values of a facet: its most frequent ones, and those of filters. Default: "
        f"{MAX_SHOWN_VALUES} in tables, {MAX_FACET_VALUES} in JSON.",
    )(command)
    command = click.option(
        "--count-documents", is_flag=True, help="Also count the documents that have a match. --group does so, too."
    )(command)
    return click.option(
        "--facet",
        "facets",
        multiple=True,
        metavar="NAME[:DEPTH]",
        shell_complete=complete_facet_name,
        help="Count the values of a facet. district:1 counts provinces.",
    )(command)


def fold_option(command: _Command) -> _Command:
    """Add `--fold` and `--no-fold`. The value is None if neither is given."""
    return click.option(
        "--fold/--no-fold",
        default=None,
        help="Show paragraphs that differ only in list number, years, place and punctuation once, and how many others "
        "there are. Default: --fold in the format table, --no-fold in all others and with --queries or --after.",
    )(command)


class QueryCommand(SettingsCommand):
    """A command with `--literal`, which takes the next argument as its value only if that is a list of facets."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments."""
        end = args.index("--") if "--" in args else len(args)
        for n in range(end):
            if args[n] == "--literal" and not set("".join(args[n + 1 : n + 2]).split(",")) <= {*UNDERSTOOD_FACETS}:
                args[n] = f"--literal={ALL_FACETS}"
        return super().parse_args(ctx, args)


def query_options(command: _Command) -> Callable[..., object]:
    """Add the options of search and measures: `--match`, `--queries`, and those of `paging_options`."""
    listing = paging_options(command)
    listing = click.option(
        "--queries",
        type=click.File("rb"),
        metavar="FILE",
        help='Answer the queries in FILE (- is standard input), one per line: {"id": …, "query": …, options…} '
        "or id<TAB>query. Prints JSON Lines.",
    )(listing)
    return click.option(
        "--match",
        type=click.Choice(["all", "any", "auto"]),
        default="auto",
        show_default=True,
        help="all: every part of the query must match. any: one word is enough. auto: all content words, then "
        "some of them; if no paragraph has all, any.",
    )(listing)


def paging_options(command: _Command) -> Callable[..., object]:
    """Add the options of lists: `--limit`, `--offset`, `--timeout`, `--color`, and those of `output_options`."""
    command = timeout_option(command)
    listing = color_option(output_options("table", "json", "jsonl", "csv", "tsv", "ids", "xlsx")(command))
    listing = click.option("--offset", type=click.IntRange(0), metavar="N", default=0, help="Number of hits to skip.")(
        listing
    )
    return click.option(
        "--limit",
        type=click.IntRange(0),
        metavar="N",
        default=10,
        show_default=True,
        help="Maximum number of hits.",
    )(listing)


def timeout_option(command: _Command) -> _Command:
    """Add `--timeout`."""
    return click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="Give up after so many seconds, with an error.",
    )(command)


def split_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split the options of a command into arguments for filters, and all other options.

    Raises UsageError for a `--where` that is not NAME=VALUE.
    """
    filters: dict[str, Any] = {name: list(options[name]) for name in BUILT_IN_FACETS if options.get(name)}
    where: dict[str, list[str]] = {}
    for text in options.get("where", ()):
        name, equals, value = text.partition("=")
        if not (name and equals):
            message = f"--where {text!r}: write NAME=VALUE"
            raise UsageError(message)
        where.setdefault(name, []).append(value)
    search_options = {name: value for name, value in options.items() if name not in {*BUILT_IN_FACETS, "where"}}
    return {**filters, "where": where}, search_options
