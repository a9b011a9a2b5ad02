"""The page of a look-up of measures: a table of values, each with its sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from searchkit.names import ANY_STATUS, MEASURE_STATUSES
from searchkit.output.cells import number_text
from searchkit.query.understood import UnderstoodFilter, remove_filters
from searchkit.search.lookup import MeasureHit
from searchkit.search.snippets import split_highlights
from searchkit.web.data import MEASURE_OPTIONS
from searchkit.web.frame import Frame, Link
from searchkit.web.links import format_value, page_links, paragraph_url, suggestion_links
from searchkit.web.parameters import FILTER_NAMES
from searchkit.web.reading import year_text

PAGE_SIZE = 30
"""Number of measures on a page, unless the parameter `limit` is a number above 0."""
_MAX_NAMES = 12
"""Maximum number of other names of the measure on the page."""
_SORTS = (("score_order", "score"), ("value_order", "-value"), ("value_asc", "value"), ("latest_order", "-of_year"))
"""Orders that the page offers: the key of the label in `words.py`, and the value of the parameter `sort`."""


class Row(NamedTuple):
    """A measure in the table."""

    value: str
    base: str
    """The value in base units. Empty if it is the same as the value in its own unit."""
    indicator: str
    place: str
    year: str
    status: str
    pieces: Sequence[tuple[str, bool]]
    """The sentence in pieces, each with whether it is highlighted."""
    url: str
    compare_url: str
    title: str


def measures_page(frame: Frame) -> tuple[str, dict[str, Any]]:
    """Return the name of the template and its values for a look-up of measures."""
    state, words = frame.state, frame.words
    if not state["query"] and not state.filters:
        return "measures", frame.page_context(
            f"{words['tab_measures']} · {frame.title}", **_form(frame), results=None, chips=[], clear_url=""
        )
    offset = state.number("offset") or 0
    limit = state.number("limit") if "limit" in state.values else PAGE_SIZE
    results = frame.index.measures(
        state["query"] or "*",
        **state.filter_arguments(),
        **state.option_arguments(MEASURE_OPTIONS),
        limit=limit or PAGE_SIZE,
        offset=offset,
    )
    has_more = offset + len(results.hits) < results.total
    return "measures", frame.page_context(
        f"{state['query'] or '*'} · {words['tab_measures']} · {frame.title}",
        **_form(frame),
        results=results,
        chips=frame.chips(results.understood_filters),
        clear_url=frame.clear_url,
        rows=[_row(frame, hit) for hit in results.hits],
        groups=[
            (
                str(group.group or ""),
                f"{number_text(group.value) if group.value is not None else '—'}{group.unit or ''}",
                group.n,
            )
            for group in results.groups
        ],
        suggestions=suggestion_links(frame, results.suggestions),
        downloads=frame.downloads(limit="all"),
        orders=[Link(words[name], frame.url(sort=sort), state["sort"] == sort) for name, sort in _SORTS],
        can_sort=state["query"] not in {"", "*"},
        compare_url=frame.url("compare"),
        names=_same_names(frame, results.understood_filters),
        pages=page_links(frame, offset, limit or PAGE_SIZE, len(results.hits), has_more=has_more),
        first=offset + 1,
        last=offset + len(results.hits),
    )


def _same_names(frame: Frame, understood: Sequence[UnderstoodFilter]) -> str:
    """Return other names of the measure that the query names. Measures with these names are found, too."""
    name = remove_filters(frame.state["query"], understood)
    others = [other for other in frame.index.measure_names(name) if other != name.casefold()]
    return frame.words.join(others[:_MAX_NAMES]) + (" …" if len(others) > _MAX_NAMES else "")


def _form(frame: Frame) -> dict[str, Any]:
    """Return the values of the form that narrows the measures. `carried`: the parameters that the form passes on."""
    state, words = frame.state, frame.words
    carried = ("query", *(name for name in FILTER_NAMES if name != "of_year"), "literal", "match", "sort")
    return {
        **frame.narrowing(),
        "statuses": [(name, words[name], name in state.all("status")) for name in MEASURE_STATUSES],
        "any_status": ANY_STATUS,
        "carried": [(name, value) for name in carried for value in state.all(name)],
    }


def _row(frame: Frame, hit: MeasureHit) -> Row:
    """Return a measure as a row of the table."""
    words = frame.words
    base = f"{number_text(hit.base_value)}{hit.base_unit or ''}"
    return Row(
        format_value(hit),
        base if base != f"{number_text(hit.value)}{hit.unit or ''}" else "",
        hit.indicator,
        hit.district or "",
        year_text(hit),
        words[hit.status],
        split_highlights(hit.window),
        paragraph_url(frame, hit.document, hit.source.n),
        frame.url("compare", query=hit.indicator, unit=hit.unit, status=None),
        " ".join(filter(None, [hit.district, str(hit.year or ""), hit.title])),
    )
