"""The facets beside the hits of a search: lists, a histogram of years, a tree of places; and the page of all values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from searchkit.names import BUILT_IN_FACETS
from searchkit.query.facets import FacetCounts, FacetValue
from searchkit.web.data import count_facets
from searchkit.web.frame import Frame
from searchkit.web.parameters import FILTER_NAMES

MAX_SHOWN_VALUES = 7
"""Maximum number of values of a facet that are shown at once. If more values are selected, all of these are shown."""
MAX_LISTED_VALUES = 60
"""Maximum number of further values that the page contains. A separate page lists all values of a facet."""
_MIN_SEARCHED_VALUES = 10
"""If a facet has more values than this, there is a box that finds values."""
_NARROWING = frozenset({"contains", "within", "limit"})
"""Parameters that choose the values to list, and change no count."""
_BAR_STEPS = 24
"""Length of the longest bar."""
TREE = "district:4"
"""The facet of places at the lowest level. Its values are paths (福建省/福州市/鼓楼区), which form the tree."""


class Value(NamedTuple):
    """A facet value in a list."""

    text: str
    count: int  # type: ignore[assignment]  # the name hides a method of tuples
    url: str
    bar: int
    """Length of its bar, from 0 to `_BAR_STEPS`."""
    is_selected: bool = False
    depth: int = 0
    """Depth in the tree of places, from 0."""


class Bar(NamedTuple):
    """A year in the histogram. Without a link if no hit has the year."""

    year: int
    height: int
    """From 0 to `_BAR_STEPS`."""
    count: int = 0  # type: ignore[assignment]  # the name hides a method of tuples
    url: str = ""
    is_selected: bool = False


@dataclass(frozen=True, slots=True)
class FacetView:
    """A facet beside the hits."""

    name: str
    label: str
    values: Sequence[Value]
    """The values that are shown at once."""
    more: Sequence[Value]
    """Further values."""
    total: int
    """Number of all values in the list, shown or not. Places in closed branches of the tree do not count."""
    missing: int
    """Number of paragraphs that match and have no value."""
    clear_url: str
    """URL of the page without the filter. Empty if there is no filter."""
    all_url: str
    """URL of the page with all values."""
    has_box: bool
    """Whether there is a box that finds values (`_MIN_SEARCHED_VALUES`)."""
    bars: Sequence[Bar] = ()
    """The histogram of years."""
    bounds: tuple[str, str] = ("", "")
    """First and last year of the filter."""
    hidden: Sequence[tuple[str, str]] = ()
    """Parameters that the form of the years passes on."""


def facets_page(frame: Frame) -> tuple[str, dict[str, Any]]:
    """Return the name of the template and its values for the page with all values of a facet."""
    state = frame.state
    name = state["name"] or "district"
    counted = TREE if name == "district" else name
    counts = count_facets(frame.index, state, [counted])[counted]
    if counted == TREE:
        # The count of a place includes the counts of all places in it, also of places that are not listed.
        narrowing = dict.fromkeys(_NARROWING.intersection(state.values))
        every = count_facets(frame.index, state.replaced(**narrowing), [TREE])[TREE] if narrowing else counts
        values = _tree_values(frame, every, depth=None, listed=counts)
    else:
        values = _list_values(frame, name, counts)
    label = frame.words.facet(name)
    options = {**state.filter_arguments(), **state.option_arguments(("literal",))}
    results = frame.index.search(state["query"], limit=0, **options) if state["query"] else None
    return "facets", frame.page_context(
        frame.words("all_values", label=label),
        label=label,
        name=name,
        values=values,
        chips=frame.chips(() if results is None else results.understood_filters),
        results=results,
        back=frame.url("search"),
        hidden_here=[
            ("query", state["query"]),
            ("name", name),
            ("literal", state["literal"]),
            *((item, value) for item in FILTER_NAMES for value in state.all(item)),
        ],
    )


def listed_facets(frame: Frame) -> list[str]:
    """Return the facets that are shown as lists: some of the built-in ones, then those of the user."""
    return ["section", "topic", "agency", "doctype", *(n for n in frame.index.facet_names if n not in BUILT_IN_FACETS)]


def facet_views(frame: Frame, facets: Mapping[str, FacetCounts]) -> list[FacetView]:
    """Return the facets to show.

    Left out are facets without values, and lists of a single value that all hits have, unless there is a filter by the
    facet.
    """
    views = []
    for name, counts in facets.items():
        if not counts.values and name.partition(":")[0] not in frame.state.filters:
            continue
        if name == "year":
            views.append(_year_view(frame, counts))
        elif name == TREE:
            views.append(_tree_view(frame, counts))
        elif len(counts.values) > 1 or counts.missing or name in frame.state.filters:
            views.append(_list_view(frame, name, counts))
    return views


def _bar_length(count: int, most: int) -> int:
    return max(1, round(_BAR_STEPS * count / most)) if count and most else 0


def _list_values(frame: Frame, name: str, counts: FacetCounts) -> list[Value]:
    """Return the values of a facet, the chosen ones first.

    A chosen value without a hit has the count 0. Chosen years and places without a hit are left out, because a chosen
    range or path need not be a value.
    """
    most = max((item.count for item in counts.values), default=0)
    chosen = frame.state.filters.get(name, ())

    def view(item: FacetValue) -> Value:
        """Return a counted value as the page shows it."""
        value = str(item.value)
        url = frame.toggle_url(name, value)
        return Value(value, item.count, url, _bar_length(item.count, most), item.selected)

    listed = {str(item.value) for item in counts.values}
    empty = [
        Value(value, 0, frame.toggle_url(name, value), 0, is_selected=True)
        for value in chosen
        if value not in listed and name not in {"year", "of_year", "district"}
    ]
    ranked = sorted(counts.values, key=lambda item: (not item.selected, -item.count))
    return [*empty, *map(view, ranked)]


def _make_view(frame: Frame, name: str, values: Sequence[Value], counts: FacetCounts, **more: Any) -> FacetView:  # noqa: ANN401
    """Return a facet from its values."""
    shown = max(MAX_SHOWN_VALUES, sum(item.is_selected for item in values))
    chosen = frame.state.filters.get(name)
    return FacetView(
        name,
        frame.words.facet(name),
        values[:shown],
        values[shown : shown + MAX_LISTED_VALUES],
        len(values),
        counts.missing,
        frame.url(**frame.state.with_filter(name, ())) if chosen else "",
        frame.url("facets", name=name),
        len(values) > _MIN_SEARCHED_VALUES,
        **more,
    )


def _list_view(frame: Frame, name: str, counts: FacetCounts) -> FacetView:
    return _make_view(frame, name, _list_values(frame, name, counts), counts)


def _year_view(frame: Frame, counts: FacetCounts) -> FacetView:
    """Return the facet of years with its histogram."""
    state = frame.state
    values = _list_values(frame, "year", counts)
    values = sorted(values, key=lambda item: (not item.is_selected, -int(item.text)))
    by_year = {int(item.text): item for item in values}
    bars = []
    for year in range(min(by_year, default=0), max(by_year, default=-1) + 1):
        item = by_year.get(year)
        bars.append(Bar(year, item.bar, item.count, item.url, item.is_selected) if item else Bar(year, 0))
    bounds, kept = frame.year_fields("year")
    hidden = kept + [
        (name, value) for name in state.values if name not in {"year", "offset", "after"} for value in state.all(name)
    ]
    return _make_view(frame, "year", values, counts, bars=bars, bounds=bounds, hidden=hidden)


def _tree_view(frame: Frame, counts: FacetCounts) -> FacetView:
    """Return the facet of places as a tree: the top level, and the branches below chosen places."""
    return _make_view(frame, "district", _tree_values(frame, counts, depth=1), counts)


def _path_and_ancestors(place: FacetValue) -> list[tuple[str, ...]]:
    """Return the paths of a place and of the places that contain it, the outermost first."""
    path = tuple(str(place.value).split("/"))
    return [path[:end] for end in range(1, len(path) + 1)]


def _tree_values(
    frame: Frame, counts: FacetCounts, depth: int | None, listed: FacetCounts | None = None
) -> list[Value]:
    """Return places as a tree in the order of the page. In a level, chosen branches come first, then the most frequent.

    `depth`: number of levels that are shown of every branch. None shows all levels. With a number, places on deeper
    levels are shown too if the place directly above them is chosen, contains a chosen place, or has no siblings.
    `listed`: unless None, only these values and the places that contain them are shown.
    """
    shown = None if listed is None else {part for item in listed.values for part in _path_and_ancestors(item)}
    totals: dict[tuple[str, ...], int] = {}
    children: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for item in counts.values:
        for part in _path_and_ancestors(item):
            if part not in totals:
                totals[part] = 0
                if shown is None or part in shown:
                    children.setdefault(part[:-1], []).append(part)
            totals[part] += item.count
    chosen = frame.state.filters.get("district", ())
    chosen_paths = {path for path in totals if "/".join(path) in chosen or path[-1] in chosen}
    ancestors = {path[:end] for path in chosen_paths for end in range(len(path) + 1)}
    most = max((totals[path] for path in children.get((), ())), default=0)
    values: list[Value] = []

    def ranked(parent: tuple[str, ...]) -> list[tuple[str, ...]]:
        """Return the places one level below a place, the chosen branches first."""
        return sorted(children.get(parent, ()), key=lambda path: (path not in ancestors, -totals[path]))

    # A stack: a recursive inner function would be in a cycle with `frame`, which would keep the index in memory.
    waiting = ranked(())[::-1]
    while waiting:
        path = waiting.pop()
        full = "/".join(path)
        written = full if full in chosen or path[-1] not in chosen else path[-1]
        url = frame.toggle_url("district", written)
        is_selected = path in chosen_paths
        values.append(Value(path[-1], totals[path], url, _bar_length(totals[path], most), is_selected, len(path) - 1))
        if depth is None or len(path) < depth or path in ancestors or len(children[path[:-1]]) == 1:
            waiting += ranked(path)[::-1]
    return values
