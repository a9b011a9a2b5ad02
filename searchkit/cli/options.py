"""Options that several commands have, and what they mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from searchkit.errors import UsageError
from searchkit.query.facets import BUILT_IN

_Command = TypeVar("_Command", bound=Callable[..., object])


def index_option(command: _Command) -> _Command:
    """Add `--index`."""
    return click.option(
        "--index",
        "index_path",
        metavar="DIR",
        default="index",
        show_default=True,
        type=click.Path(path_type=Path),
        help="Folder of the index.",
    )(command)


def format_option(*styles: str) -> Callable[[_Command], _Command]:
    """Add `--format`, the first style being the default."""
    return click.option(
        "--format", "style", type=click.Choice(styles), default=styles[0], show_default=True, help="How to print."
    )


def filter_options(command: _Command) -> _Command:
    """Add the filters. An option given twice means OR, different options mean AND."""
    hints = {
        "district": "Place at any level (滨海新区, 天津市), or a path (福建省/福州市/鼓楼区).",
        "year": "Year reported on: 2023, 2021..2023, 2020.. or ..2019.",
        "agency": "Kind of body, such as 卫生健康委员会.",
        "topic": "Topic, such as 行政执法.",
        "section": "Part of a report: 成效, 问题, 计划, 履职 or 其他.",
        "doctype": "Kind of report, such as 法治政府建设年度报告.",
        "document": "Document id (its path in the corpus).",
    }
    where = click.option("--where", multiple=True, metavar="NAME=VALUE", help="Value of a facet of your own.")
    command = where(command)
    for name in reversed(BUILT_IN):
        command = click.option(f"--{name}", multiple=True, help=hints[name])(command)
    return command


def paging_options(command: _Command) -> _Command:
    """Add `--match`, `--limit`, `--offset`, `--queries` and `--format`: of all commands that rank."""
    command = format_option("table", "json", "jsonl", "csv", "tsv", "ids")(command)
    command = click.option(
        "--queries",
        type=click.File(encoding="utf-8-sig", errors="replace"),
        metavar="FILE",
        help='Many queries, lines of {"id", "query", options…} or id<TAB>query (- is standard input). '
        "Prints JSON Lines.",
    )(command)
    command = click.option("--offset", type=click.IntRange(0), default=0, help="Hits left out before the first.")(
        command
    )
    command = click.option("--limit", type=click.IntRange(0), default=10, show_default=True, help="Hits shown.")(
        command
    )
    return click.option(
        "--match",
        type=click.Choice(["all", "any", "auto"]),
        default="auto",
        show_default=True,
        help="All parts, any word, or all and if that finds nothing any.",
    )(command)


def split_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of the command line → arguments for filters, and the other options. Raises UsageError."""
    filters: dict[str, Any] = {name: list(options[name]) for name in BUILT_IN if options.get(name)}
    where: dict[str, list[str]] = {}
    for text in options.get("where", ()):
        name, equals, value = text.partition("=")
        if not (name and equals):
            message = f"--where {text!r}: write NAME=VALUE"
            raise UsageError(message)
        where.setdefault(name, []).append(value)
    rest = {name: value for name, value in options.items() if name not in {*BUILT_IN, "where"}}
    return {**filters, "where": where}, rest
