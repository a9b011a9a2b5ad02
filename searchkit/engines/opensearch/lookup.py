"""Looks up measures: the cluster finds and scores paragraphs; the columns in memory select measures.

Records of measures are loaded when they are asked for. A uid is a number that identifies a paragraph: a hash of its id
(`mapping.uid_of`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.engines.contract import MeasureColumns, MeasureContext, MeasureRequest
from searchkit.engines.opensearch.cluster import Cluster
from searchkit.engines.opensearch.columns import Measures
from searchkit.engines.opensearch.matching import PARAGRAPHS, all_of, to_query
from searchkit.engines.opensearch.ranking import Statistics, score_query
from searchkit.model import Measure
from searchkit.query.facets import Filter
from searchkit.query.tree import And, Everything, Node, Not, Or

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Mask = NDArray[np.bool_]

Json = dict[str, Any]

_MAX_YEAR_DIGITS = 9
"""A value with more digits is no year."""
_COLLECT = {
    "init_script": "state.uids = []; state.scores = []",
    "map_script": "state.uids.add(doc['uid'].value); state.scores.add(_score)",
    "combine_script": "return [state.uids, state.scores]",
    "reduce_script": "return states",
}
"""An aggregation that returns uid and score of every match, in a fraction of the time that hits would take."""
_UNSCORED = {**_COLLECT, "map_script": "state.uids.add(doc['uid'].value)"}
"""As `_COLLECT`, but the lists of scores stay empty."""


class MeasureLookup:
    """Looks up measures in one state of an index."""

    def __init__(
        self,
        cluster: Cluster,
        data: str,
        columns: Measures,
        statistics: Statistics,
        fetch: Callable[[Sequence[int]], list[tuple[Measure, ...]]],
    ) -> None:
        """`fetch`: returns the measures of the paragraphs with the given uids."""
        self._cluster, self._data, self._columns, self._statistics = cluster, data, columns, statistics
        self._fetch = fetch

    def select(self, request: MeasureRequest) -> MeasureColumns:
        """Return all measures that a request selects."""
        columns = self._columns
        tree = And((request.match, *request.filters)) if request.filters else request.match
        indices = (self._matches(tree) & self._has_properties(request)).nonzero()[0]
        return MeasureColumns(
            columns.indicators,
            columns.indicator_of[indices],
            columns.attributes,
            columns.attributes_of[indices],
            columns.times,
            columns.time_of[indices],
            columns.is_part[indices],
            columns.reviewed_years[indices],
            self._scores(request, indices),
            partial(self._load, indices),
            partial(self._contexts, indices),
        )

    def _matches(self, node: Node) -> _Mask:
        """Return a mask of the measures that match a query tree.

        Filters by of_year go by the year of the measure, all other leaves by its paragraph.
        """
        columns = self._columns
        if isinstance(node, Everything):
            return np.ones(len(columns), bool)
        if not _has_years(node):
            uids, _ = self._collect(all_of([PARAGRAPHS, {"term": {"measured": True}}, to_query(node)]), scored=False)
            matched = np.zeros(len(columns.uids), bool)
            matched[columns.ordinals_of(uids)] = True
            of_measures: _Mask = matched[columns.paragraph_of]
            return of_measures
        if isinstance(node, And | Or):
            plain = tuple(child for child in node.children if not _has_years(child))  # one request for all of these
            children = [child for child in node.children if _has_years(child)] + ([type(node)(plain)] if plain else [])
            combine = np.logical_and if isinstance(node, And) else np.logical_or
            found: _Mask = combine.reduce([self._matches(child) for child in children])
            return found
        if isinstance(node, Not):
            return ~self._matches(node.child)
        assert isinstance(node, Filter)  # noqa: S101 - no other leaf has years
        years = columns.years
        # Only the usual form of a number is a year: the value 02023 is not 2023.
        named = (int(value) for value in node.values if value.isdecimal() and len(value) <= _MAX_YEAR_DIGITS)
        mask: _Mask = np.isin(years, [year for year in named if str(year) in node.values])
        for low, high in node.ranges:
            mask |= (years >= low) & (years <= high)
        known: _Mask = mask & (years != 0)
        return known

    def _has_properties(self, request: MeasureRequest) -> _Mask:
        """Return a mask of the measures whose unit, value and status a request admits.

        Leaves out totals of several years if the request does (`MeasureRequest.single_years`).
        """
        columns = self._columns
        units = [attributes[1] for attributes in columns.attributes]
        values = columns.values
        if request.convertible:
            factors = dict(request.convertible)
            by_attributes = np.array([factors.get(unit or "", math.nan) for unit in units], np.float64)
            values = values * by_attributes[columns.attributes_of]
        low = -math.inf if request.minimum is None else request.minimum
        high = math.inf if request.maximum is None else request.maximum
        mask: _Mask = (low <= values) & (values <= high)
        if request.unit is not None:
            mask &= np.array([unit == request.unit for unit in units], bool)[columns.attributes_of]
        if request.statuses or request.single_years:
            admitted = [
                (not request.statuses or status in request.statuses)
                and not (request.single_years and since is not None)
                for _, since, _, _, status in columns.times
            ]
            mask &= np.array(admitted, bool)[columns.time_of]
        return mask

    def _scores(self, request: MeasureRequest, indices: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return, for each measure at `indices`, the score of its paragraph by the words of the request."""
        columns = self._columns
        scores = np.zeros(len(columns.uids))
        if request.scoring and len(indices):
            terms = {term for clause in request.scoring for term, _ in clause.term_weights()}
            query = all_of([{"term": {"measured": True}}, {"terms": {"frequencies": sorted(terms)}}])
            uids, found = self._collect(score_query(request.scoring, self._statistics, query), scored=True)
            scores[columns.ordinals_of(uids)] = found
        return scores[columns.paragraph_of[indices]]

    def _collect(self, query: Json, *, scored: bool) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the uids of the paragraphs that a query matches and, if `scored`, their scores."""
        script = _COLLECT if scored else _UNSCORED
        body = {"query": query, "size": 0, "track_total_hits": False, "aggs": {"all": {"scripted_metric": script}}}
        shards = self._cluster.search(self._data, body)["aggregations"]["all"]["value"]
        uids = np.array([uid for shard in shards if shard for uid in shard[0]], np.int64)
        return uids, np.array([score for shard in shards if shard for score in shard[1]], np.float64)

    def _load(self, indices: NDArray[np.intp], at: Sequence[int]) -> list[Measure]:
        """Return the measures at some positions of `indices`."""
        columns = self._columns
        chosen = indices[np.asarray(at, np.int64)]
        ordinals = columns.paragraph_of[chosen]
        needed = np.unique(ordinals)
        loaded = dict(zip(needed.tolist(), self._fetch(columns.uids[needed].tolist()), strict=True))
        places = (chosen - columns.first[ordinals]).tolist()
        return [loaded[ordinal][place] for ordinal, place in zip(ordinals.tolist(), places, strict=True)]

    def _contexts(self, indices: NDArray[np.intp], at: Sequence[int]) -> list[MeasureContext]:
        """Return the contexts of the measures at some positions of `indices`."""
        return [MeasureContext(m.start, m.end, m.source.text, m.path, m.title) for m in self._load(indices, at)]


def _has_years(node: Node) -> bool:
    """Return whether a tree has a filter that goes by the years of measures."""
    if isinstance(node, And | Or):
        return any(map(_has_years, node.children))
    if isinstance(node, Not):
        return _has_years(node.child)
    return isinstance(node, Filter) and node.name == "of_year"
