"""Sorts, groups and aggregates the measures of a look-up that can be quoted: one for each fact (`choosing`).

A fact is a place, a body and a year.
"""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from searchkit.model import Measure, Note
from searchkit.names import BUILT_IN_FACETS
from searchkit.query.agreement import has_same_value
from searchkit.query.facets import Facet, year_of_measure
from searchkit.query.naming import IndicatorNames
from searchkit.query.unit_conversion import scaled_unit, unit_scale
from searchkit.search.choosing import (
    Fact,
    RankedMeasure,
    choose_indicator,
    choose_measures,
    fact_of,
    note_candidates,
    read_named,
)
from searchkit.search.lookup import AggregateGroup, MeasureRanking
from searchkit.search.options import MeasureOptions

_NATIONWIDE = ("全国",)
"""The region that contains all others."""
_ANY_DEPTH = 9
"""More than the length of any region."""
_GOVERNMENTS = frozenset({"国务院", "人民政府", "管理委员会"})
"""Bodies whose totals include those of all other bodies of their place."""
_BODY_END = re.compile("(?<=..)(?:委员会|总局|总署|总队|支队|大队|办公室|[厅局部委])$")
"""Matches the end of the name of a body. The end depends on the level: 司法厅 of a province, 司法局 of a city."""

GroupKey = str | int | None

_AGGREGATES: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "mean": statistics.fmean,
    "median": statistics.median,
    "min": min,
    "max": max,
    "count": len,
}


@dataclass(frozen=True, slots=True)
class Selection:
    """The measures of a look-up that can be quoted, and their aggregates."""

    indicator: str | None
    """The indicator in the words of its most relevant measure. None if there are no measures."""
    measures: tuple[RankedMeasure, ...]
    """The measures to quote, at most one of each fact, in the order of the option `sort`. With `aggregate`, the
    measures of the groups, in the order of `choosing.ChosenMeasures.facts`."""
    left_out: Mapping[str, int]
    """Number of measures of the look-up that are left out, by reason (see `MeasureResults.left_out`)."""
    groups: tuple[AggregateGroup, ...] = ()
    """The groups, if the option `aggregate` is set."""
    notes: tuple[Note, ...] = ()
    """Messages about measures that are not considered, and about a sum that means nothing."""


def select_measures(
    ranking: MeasureRanking, names: IndicatorNames, options: MeasureOptions, statuses: Sequence[str]
) -> Selection:
    """Return the measures of a ranking that can be quoted, in the order of the options, and their aggregates.

    The measures are those of the indicator that the query names, in one kind of unit, each fact once. `statuses`: as
    for `choose_measures`. Most of the time goes into fetching the candidates.
    """
    candidates = read_named(ranking, names)
    spec = choose_indicator(candidates, ranking.wanted, ranking.aspect)
    is_named = ranking.wanted is not None and ranking.wanted.is_listed  # then only measures with the name are read
    unread = Counter({"other_aspect": ranking.other_aspect_count} if is_named else {})
    unread["other_indicator"] = ranking.total - len(candidates) - unread.total()
    if spec is None:
        unread["other_indicator"] += len(candidates)
        left_out_of_all = _count_reasons([], unread)
        is_one_group = options.aggregate is not None and options.by is None
        group = _build_group(options.aggregate or "", None, [], left_out_of_all)
        return Selection(None, (), left_out_of_all, (group,) if is_one_group else ())
    chosen, limit_notes = choose_measures(spec, candidates, statuses), note_candidates(candidates, ranking)
    rank = {item.measure.id: n for n, item in enumerate(candidates)}
    left_out: list[tuple[RankedMeasure, str]] = [*chosen.left_out]
    left_out += [
        (item, "repeated" if has_same_value(item.measure, first.measure) else "other_value")
        for first, *others in chosen.facts.values()
        for item in others
    ]
    quoted = [items[0] for items in chosen.facts.values()]
    if options.aggregate is not None:
        quoted, others = _keep_one_status(quoted)
        left_out += [(item, "other_status") for item in others]
        groups = _aggregate(options.aggregate, options.by, quoted, left_out, unread)
        notes = _check_sum(options.aggregate, options.by, [item.measure for item in quoted])
        return Selection(
            spec.indicator, tuple(quoted), _count_reasons(left_out, unread), groups, (*limit_notes, *notes)
        )
    if options.one_per:
        quoted, others = _keep_one_per(split_names(options.one_per), quoted, rank)
        left_out += [(item, "not_latest") for item in others]
    quoted.sort(key=lambda item: rank[item.measure.id])
    _sort(quoted, options.sort)
    return Selection(spec.indicator, tuple(quoted), _count_reasons(left_out, unread), notes=limit_notes)


def _check_sum(aggregate: str, by: str | None, measures: Sequence[Measure]) -> tuple[Note, ...]:
    """Return a message if measures are added whose sum means nothing: percentages, or states of several years."""
    if aggregate != "sum" or len(measures) < 2:  # noqa: PLR2004 - one measure is its sum
        return ()
    if any(item.kind == "percent" for item in measures):
        return (Note("sum_of_percentages", "a sum of percentages is no percentage; use mean or median"),)
    has_years = by != "of_year" and len({year_of_measure(item) for item in measures}) > 1
    if has_years and any(item.stock for item in measures):
        text = "the measures are states at the end of several years, which cannot be added; use --by of_year"
        return (Note("sum_of_states", text),)
    return ()


def _count_reasons(left_out: Sequence[tuple[RankedMeasure, str]], unread: Counter[str]) -> dict[str, int]:
    """Return the number of measures that are left out, by reason. `unread`: the numbers of those that were not read."""
    counts = unread + Counter(reason for _, reason in left_out)
    return {reason: count for reason, count in counts.most_common() if count}


def split_names(names: str | Sequence[str]) -> list[str]:
    """Return the names of the facets of the option `one_per`."""
    texts = [names] if isinstance(names, str) else names
    return [name.strip().replace("-", "_") for text in texts for name in text.split(",") if name.strip()]


def _keys(measure: Measure, facet: str) -> list[GroupKey]:
    """Return the values of a measure for a facet, or [None]. The value for district is the path of the region."""
    if facet.partition(":")[0] == "district":
        return ["/".join(measure.region[: Facet.parse(facet).depth])] if measure.region else [None]
    if facet == "topic":
        return [*measure.topics] or [None]
    if facet == "of_year":
        return [year_of_measure(measure)]
    value: GroupKey = getattr(measure, facet) if facet in BUILT_IN_FACETS else measure.facets.get(facet)
    return [value]


def _keep_one_per(
    facets: Sequence[str], items: Sequence[RankedMeasure], rank: Mapping[str, int]
) -> tuple[list[RankedMeasure], list[RankedMeasure]]:
    """Return the best measure for each combination of values of facets, and all others.

    The best measure is decided by these criteria, in this order:

    (a) the latest year;
    (b) a region that is not longer than the depth of the facet (for `district:1`, that of the province itself). The
        smallest depth of all `facets` counts;
    (c) the best rank. `rank`: position of each measure in the ranking, by id.
    """
    depth = min((Facet.parse(facet).depth or _ANY_DEPTH for facet in facets), default=0)
    best: dict[tuple[GroupKey, ...], RankedMeasure] = {}

    def preference(item: RankedMeasure) -> tuple[int, bool, int]:
        """Return the sort key of a measure, lowest for the best."""
        measure = item.measure
        return -(year_of_measure(measure) or 0), len(measure.region) > depth, rank[measure.id]

    ordered = sorted(items, key=preference)
    for item in ordered:
        for key in product(*(_keys(item.measure, facet) for facet in facets)):
            best.setdefault(key, item)
    kept = {id(item) for item in best.values()}
    return [item for item in ordered if id(item) in kept], [item for item in ordered if id(item) not in kept]


def _sort(items: list[RankedMeasure], sort: str) -> None:
    """Sort measures, which are in the order of their rank. Those without a value of the sort key come last."""
    name, is_descending = sort.removeprefix("-"), sort.startswith("-")
    if name == "score":
        return

    def key(item: RankedMeasure) -> tuple[bool, float]:
        """Return the sort key of a measure."""
        measure = item.measure
        value = {"value": measure.signed_value, "of_year": year_of_measure(measure), "year": measure.year}[name]
        return value is None, (-value if is_descending else value) if value is not None else 0.0

    items.sort(key=key)


def _keep_one_status(items: Sequence[RankedMeasure]) -> tuple[list[RankedMeasure], list[RankedMeasure]]:
    """Return the measures with the most frequent status, and all others."""
    statuses = Counter(item.measure.status for item in items)
    status = statuses.most_common(1)[0][0] if statuses else ""
    kept = [item for item in items if item.measure.status == status]
    return kept, [item for item in items if item.measure.status != status]


def _aggregate(
    aggregate: str,
    by: str | None,
    quoted: list[RankedMeasure],
    left_out: list[tuple[RankedMeasure, str]],
    unread: Counter[str],
) -> tuple[AggregateGroup, ...]:
    """Group measures by a facet, and return the groups with their values. Without a facet, there is one group.

    For a sum, moves the measures that others include from `quoted` to `left_out` (`_find_parts`), so that no measure is
    added twice.

    Each group counts the measures that it leaves out. `unread`: the numbers of measures that were not read, by reason.
    With a facet, a measure in `left_out` counts only in groups that have a measure to quote, and those in `unread`
    count in no group.
    """
    if aggregate == "sum":
        parts = {id(item) for item in _find_parts(quoted)}
        left_out += [(item, "part_of_total") for item in quoted if id(item) in parts]
        quoted[:] = [item for item in quoted if id(item) not in parts]
    members: dict[GroupKey, list[RankedMeasure]] = {}
    reasons: dict[GroupKey, Counter[str]] = {}
    for item in quoted:
        for key in _keys(item.measure, by) if by else [None]:
            members.setdefault(key, []).append(item)
    for item, reason in left_out:
        for key in _keys(item.measure, by) if by else [None]:
            if key in members or not by:
                reasons.setdefault(key, Counter())[reason] += 1
    if not by:
        reasons[None] = reasons.get(None, Counter()) + unread
    keys = sorted(members, key=lambda key: (key is None, str(key))) if by else [None]
    return tuple(
        _build_group(aggregate, key, [item.measure for item in members.get(key, ())], reasons.get(key, {}))
        for key in keys
    )


def _find_parts(items: Iterable[RankedMeasure]) -> list[RankedMeasure]:
    """Return the measures that a measure of a larger place can include: that of a city, if its province has one.

    The measure of the larger place must be of the same year. `_includes` decides by the bodies of the two measures.
    """
    facts = [(fact_of(item.measure), item) for item in items]
    bodies: dict[Fact, set[str | None]] = {}
    for fact, _ in facts:
        bodies.setdefault(fact._replace(body=None), set()).add(fact.body)
    parts = []
    for fact, item in facts:
        outer = [fact.place[:depth] for depth in range(1, len(fact.place))]
        outer += [_NATIONWIDE] if fact.place != _NATIONWIDE else []
        totals = (bodies.get(fact._replace(place=place, body=None), ()) for place in outer)
        if any(_includes(body, fact.body) for found in totals for body in found):
            parts.append(item)
    return parts


def _includes(outer: str | None, inner: str | None) -> bool:
    """Return whether the total of a body can include that of a body of a lower level.

    It can if the outer body is a government, if both have one line of work (市场监督管理委员会, 市场监督管理局), or if
    one of them is unknown.
    """
    if outer is None or inner is None or outer in _GOVERNMENTS:
        return True
    one, other = _BODY_END.sub("", outer), _BODY_END.sub("", inner)
    return one.startswith(other) or other.startswith(one)


def _build_group(
    aggregate: str, key: GroupKey, measures: Sequence[Measure], left_out: Mapping[str, int]
) -> AggregateGroup:
    """Return a group with its value, in the most frequent scale and base unit of its measures, to six decimals.

    A count has no unit. Without measures, any other value is None.
    """
    counts = dict(sorted(left_out.items(), key=lambda item: -item[1]))
    if aggregate == "count":
        return AggregateGroup(key, len(measures), None, len(measures), counts)
    if not measures:
        return AggregateGroup(key, None, None, 0, counts)
    scale = Counter(map(unit_scale, measures)).most_common(1)[0][0]
    units = Counter(item.base_unit for item in measures if item.base_unit)
    unit = units.most_common(1)[0][0] if units else None
    value = round(_AGGREGATES[aggregate]([item.signed_value for item in measures]) / scale, 6)
    return AggregateGroup(
        key,
        int(value) if value == int(value) else value,
        scaled_unit(unit, scale),
        len(measures),
        counts,
    )
