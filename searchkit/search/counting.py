"""Requests the counts of facet values from the engine, and selects the values to list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from searchkit.errors import UsageError
from searchkit.query.facets import Facet, FacetCounts, Filter
from searchkit.query.tree import Everything
from searchkit.search.paragraphs import find_total
from searchkit.search.snapshot import Snapshot


class Selection(NamedTuple):
    """The values of a facet to list: those that meet all conditions. None means no condition."""

    contains: str | None = None
    """Text that the values contain, after folding."""
    within: str | None = None
    """A place. The values are regions inside it, or the place itself."""
    limit: int | None = None
    """Maximum number of values: the most frequent ones are listed. The values of filters are listed in addition."""


def count_facets(
    snapshot: Snapshot,
    names: Sequence[str],
    filters: tuple[Filter, ...],
    selection: Selection,
    query: str | None = None,
    literal: object = False,  # noqa: FBT002 - the option's default
) -> Mapping[str, FacetCounts]:
    """Count the values of facets in the paragraphs that pass the filters and, if there is a query, that it finds.

    A filter does not apply to the counts of its own facet. Without names, all facets except document are counted.
    `literal`: as in `SearchOptions`. Raises UnknownFacet, and UsageError for an invalid depth or condition.
    """
    selected = tuple(names) or tuple(name for name in snapshot.facet_names if name != "document")
    facets = snapshot.parse_facets(selected)
    places = _read_place(snapshot, facets, selection.within)
    if selection.limit is not None and (type(selection.limit) is not int or selection.limit < 0):
        raise UsageError(f"limit must be a whole number, 0 or more, not {selection.limit!r}")
    if not isinstance(selection.contains, str | None):
        raise UsageError(f"contains must be a text, not {selection.contains!r}")
    if query is None:
        response = snapshot.count(Everything(), facets, filters)
    else:
        _, response = find_total(snapshot, query, filters, literal, facets=facets)
    return {name: _select(response.facets[name], selection, places) for name in selected}


def _select(counts: FacetCounts, selection: Selection, places: Sequence[str]) -> FacetCounts:
    """Return the counts of the values to list. `places`: the paths or names that `selection.within` means."""
    counts = counts if selection.contains is None else counts.containing(selection.contains)
    counts = counts if selection.within is None else counts.within(places)
    return counts if selection.limit is None else counts.most_frequent(selection.limit)


def _read_place(snapshot: Snapshot, facets: Sequence[Facet], within: object) -> tuple[str, ...]:
    """Return the paths or names of the place that the condition `within` means. Raises UsageError."""
    if within is None:
        return ()
    if not all(facet.depth for facet in facets):
        raise UsageError("within goes with district:1 to district:4, whose values are paths")
    if not isinstance(within, str):
        raise UsageError(f"within must be a place such as 福建省/福州市, not {within!r}")
    return snapshot.filters({"district": within}, None)[0].values
