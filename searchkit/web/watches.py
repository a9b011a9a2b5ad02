"""The watches of the user whose server this is: the page, and the state of their file. Nothing is marked as seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from searchkit.errors import UsageError
from searchkit.index import IndexState
from searchkit.search.results import Hit
from searchkit.search.snippets import split_highlights
from searchkit.search.watching import News, Watch, WatchFile, default_path, find_news
from searchkit.web.frame import Frame
from searchkit.web.links import paragraph_url

_MAX_SHOWN_HITS = 20
"""Maximum number of new paragraphs of a watch on the page."""


class WatchView(NamedTuple):
    """A watch on the page."""

    name: str
    query: str
    url: str
    """URL of its search, empty if the index cannot answer it."""
    since: str
    """Day on which the watch was last run or, if it never was, added."""
    new: int
    """Number of new paragraphs."""
    hits: list[tuple[list[tuple[str, bool]], str, str]]
    """For each of the first new paragraphs: the pieces of its snippet, each with whether it is a match; its place, year
    and title as a text; its URL."""
    problem: str
    """Why the watch cannot be searched, empty if it can."""


def read_news(index: IndexState) -> list[tuple[News, str]]:
    """Return what is new in each watch of an index, and why the index cannot answer the watch (empty if it can).

    Raises SearchkitError if the file of watches is unusable.
    """
    folder = Path(str(index.info()["index"])).resolve()
    return [_find(index, watch) for watch in WatchFile().watches() if Path(watch.index).resolve() == folder]


def _find(index: IndexState, watch: Watch) -> tuple[News, str]:
    """Return what is new in a watch, and why the index cannot answer it (empty if it can)."""
    try:
        return find_news(index, watch), ""
    except UsageError as error:  # a value of a filter that the index does not have any more
        return News(watch, ()), str(error)


def watches_state() -> str:
    """Return a text that changes when the file of watches does."""
    try:
        status = default_path().stat()
    except OSError:
        return "none"
    return f"{status.st_mtime_ns:x}-{status.st_size:x}"


def watches_page(frame: Frame) -> tuple[str, dict[str, Any]]:
    """Return the name of the template and its values for the watches of this index."""
    views = [_view(frame, news, problem) for news, problem in read_news(frame.index)]
    return "watches", frame.page_context(
        f"{frame.words['watches_title']} · {frame.title}",
        watches=views,
        downloads=frame.downloads(),
    )


def _view(frame: Frame, news: News, problem: str) -> WatchView:
    """Return a watch as the page shows it."""
    watch = news.watch
    return WatchView(
        watch.name,
        watch.query,
        "" if problem else frame.url("search", query=watch.query, **_parameters(watch)),
        (watch.ran or watch.added)[:10],
        len(news.hits),
        [_hit_view(frame, hit) for hit in news.hits[:_MAX_SHOWN_HITS]],
        frame.words.message(problem) if problem else "",
    )


def _parameters(watch: Watch) -> dict[str, list[str]]:
    """Return the options of a watch as parameters of a URL.

    The value True of `literal` (all places, years and other names in the query are plain words) becomes `all`.
    """
    options = dict(watch.options)
    where = options.pop("where", {})
    changes = {
        name: ["all"] if value is True else [*map(str, value)] if isinstance(value, list) else [str(value)]
        for name, value in options.items()
    }
    return {**changes, "where": [f"{name}={value}" for name, values in where.items() for value in values]}


def _hit_view(frame: Frame, hit: Hit) -> tuple[list[tuple[str, bool]], str, str]:
    """Return the snippet of a paragraph in pieces, its place, year and title as a text, and its URL."""
    source = " · ".join(filter(None, (hit.district, str(hit.year or ""), hit.title)))
    return [*split_highlights(hit.window)], source, paragraph_url(frame, hit.document, hit.n)
