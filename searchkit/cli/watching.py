"""The commands watch add, watch list, watch remove and watch run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from searchkit.cli.completing import complete_watch_name
from searchkit.cli.language import LocalizedGroup
from searchkit.cli.options import (
    QueryCommand,
    color_option,
    filter_options,
    index_option,
    literal_option,
    output_options,
    split_options,
)
from searchkit.cli.output import FAILED, FOUND, NOTHING_FOUND, Target, print_error, write_output
from searchkit.cli.settings import SettingsCommand, use_language_of_help
from searchkit.errors import SearchkitError
from searchkit.translation import gettext as _
from searchkit.translation import join, ngettext

if TYPE_CHECKING:
    from searchkit.search.watching import News, Watch

_SHOWN_HITS = 10
"""Default of `watch run --limit`."""


@click.group(cls=LocalizedGroup, invoke_without_command=True)
@click.pass_context
def watch(context: click.Context) -> None:
    """Watch searches, and report paragraphs that are new in the index.

    The watches are kept in a file of yours, not in the index, which `watch list` names. A paragraph
    is new if no paragraph with its text, place and year was there before.
    """
    if context.invoked_subcommand is None:
        use_language_of_help(context)
        write_output([context.get_help(), "\n"])


@watch.command(cls=QueryCommand)
@click.argument("name")
@click.argument("query")
@index_option
@filter_options
@literal_option
@click.option(
    "--match",
    type=click.Choice(["all", "any", "auto"]),
    default="auto",
    show_default=True,
    help="all: every part of the query must match. any: one word is enough. auto: all content words.",
)
def add(name: str, query: str, index_path: Path, **options: Any) -> int:  # noqa: ANN401
    """Watch the search for QUERY under the name NAME.

    QUERY and the filters are written as for search. The paragraphs that the search finds now are not
    new. Only paragraphs in the total of the search are reported: it is not relaxed if it finds none.
    """
    from searchkit.index import Index
    from searchkit.search.watching import Watch, WatchFile

    filters, query_options = split_options(options)
    chosen = {option: value for option, value in {**filters, **query_options}.items() if value}
    with Index(index_path) as index:
        added = WatchFile().add(index.snapshot(), Watch(name, query, str(index_path.absolute()), chosen))
    write_output([_("watching {name}: {n} paragraphs now").format(name=repr(name), n=len(added.seen)) + "\n"])
    return FOUND


@watch.command(name="list", cls=SettingsCommand)
@output_options("table", "json", "jsonl", "csv", "tsv", "ids", "xlsx")
def list_watches(target: Target) -> int:
    """List the watches. Exits with 1 if there are none."""
    from searchkit.search.watching import WatchFile

    file = WatchFile()
    watches = file.watches()
    if not watches:
        print_error(f"no watches in {file.path}; add one with: searchkit watch add NAME QUERY")
    if watches or target.format == "json":
        target.write_records(map(_describe, watches), "watches")
    if watches and target.format == "table" and target.path is None:
        target.write([f"\n{file.path}\n"])
    return FOUND if watches else NOTHING_FOUND


def _describe(item: Watch) -> dict[str, object]:
    """Return a watch as a record."""
    options = {name: value for name, value in item.options.items() if name != "match" or value != "auto"}
    return {
        "name": item.name,
        "query": item.query,
        "options": options,
        "index": item.index,
        "added": item.added,
        "ran": item.ran,
        "seen": len(item.seen),
    }


@watch.command(cls=SettingsCommand)
@click.argument("names", metavar="NAME…", nargs=-1, required=True, shell_complete=complete_watch_name)
def remove(names: tuple[str, ...]) -> int:
    """Remove watches by their names."""
    from searchkit.search.watching import WatchFile

    WatchFile().remove(names)
    write_output([_("removed {names}").format(names=join(map(repr, names))) + "\n"])
    return FOUND


@watch.command(cls=SettingsCommand)
@click.argument("names", metavar="[NAME]…", nargs=-1, shell_complete=complete_watch_name)
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=_SHOWN_HITS,
    show_default=True,
    metavar="N",
    help="Maximum number of new paragraphs of a watch in a table. All other formats have all.",
)
@click.option("--keep", is_flag=True, help="Report the same paragraphs again the next time.")
@output_options("table", "json", "jsonl", "csv", "tsv", "ids", "xlsx")
@color_option
def run(names: tuple[str, ...], target: Target, limit: int, *, keep: bool) -> int:
    """Report what is new in all watches, or in those named, since the last time.

    Made for cron: prints nothing if nothing is new. Exits with 0 if something is new, with 1 if
    nothing is, and with 3 if an index cannot be searched; the other watches are reported all the
    same. A paragraph is reported once, or again if the output could not be written.
    """
    from searchkit.cli.progress import long_work
    from searchkit.search.watching import WatchFile

    file = WatchFile()
    watches = file.choose(names)
    if not watches:
        print_error(f"no watches in {file.path}; add one with: searchkit watch add NAME QUERY")
    with long_work(
        _("searching"), lambda _progress: _("nothing was reported, and nothing is marked as seen")
    ) as progress:
        found = [*progress.count(map(_find_news, watches), len(watches))]
    news = [item for item in found if item is not None]
    _print_news([item for item in news if item.hits or target.format == "json"], target, limit)
    if not keep:
        file.mark_seen(news)
    if len(news) < len(found):
        return FAILED
    return FOUND if any(item.hits for item in news) else NOTHING_FOUND


def _find_news(item: Watch) -> News | None:
    """Return what is new in a watch. If its index cannot be searched, print the error and return None."""
    from searchkit.index import Index
    from searchkit.search.watching import find_news

    try:
        with Index(item.index) as index:
            return find_news(index, item)
    except SearchkitError as error:
        print_error(f"watch {item.name!r}: {error}")
        return None


def _print_news(news: Sequence[News], target: Target, limit: int) -> None:
    """Print what is new: a page (table), a list with an object for each watch (json), or a record for each paragraph.

    If `news` is empty, only json prints something: an empty list.
    """
    from searchkit.output.json import dumps, hit_to_json, news_to_json

    if target.format == "json":
        target.write([dumps(list(map(news_to_json, news)), indent=1), "\n"])
    elif not news:
        return
    elif target.format == "table":
        target.write(_format_news(news, limit, colour=target.colour))
    else:
        records = (
            {"id": hit.id, "watch": item.watch.name, **hit_to_json(hit, with_measures=False)}
            for item in news
            for hit in item.hits
        )
        target.write_records(records, "news")


def _format_news(news: Iterable[News], limit: int, *, colour: bool) -> Iterator[str]:
    """Yield for each watch a heading, its first `limit` new paragraphs, and the number of the others, if any."""
    from searchkit.output.terminal import format_hits
    from searchkit.text.characters import sanitize

    for number, item in enumerate(news):
        count = len(item.hits)
        text = ngettext("{name}: {n} new paragraph for {query}", "{name}: {n} new paragraphs for {query}", count)
        heading = text.format(name=item.watch.name, n=count, query=item.watch.query)
        yield sanitize(f"{chr(10) if number else ''}{heading}\n")
        yield format_hits(item.hits[:limit], colour=colour)
        if count > limit:
            yield "\n" + _("… and {n} more; --limit shows them").format(n=count - limit) + "\n"
