"""The measures of all segments that answer a request."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from searchkit.engines.columnar.arrays import Array, changes, distinct
from searchkit.engines.columnar.collection import Collection
from searchkit.engines.columnar.columns import Column
from searchkit.engines.columnar.scoring import Scorer
from searchkit.engines.contract import MeasureRequest
from searchkit.model import Measure
from searchkit.query.tree import ScoringClause


class Selection:
    """What a request selects, in corpus order, by place in a paragraph. Measures are made when they are asked for."""

    def __init__(self, collection: Collection, request: MeasureRequest) -> None:
        self._collection = collection
        found = collection.matcher.narrow(collection.matcher.match(request.match), request.filters)
        known: dict[str, int] = {}
        numbers, positions, indicator_of = ([np.empty(0, np.int64)] for _ in range(3))
        sets = found.split(collection.starts)
        for segment, own, start in zip(collection.segments, sets, collection.starts, strict=False):
            chosen = segment.measures.selected(own, request) if len(own) else np.empty(0, np.int64)
            if len(chosen):
                numbers.append(chosen)
                positions.append(segment.measures.paragraph_of.take(chosen).astype(np.int64) + start)
                indicator_of.append(_united(known, segment.measures.indicators, chosen))
        self.indicators: Sequence[str] = [*known]
        """Indicators, each once."""
        self._numbers = np.concatenate(numbers)
        self._positions = np.concatenate(positions)
        self.indicator_of = np.concatenate(indicator_of)
        """The number of each measure's indicator."""
        self.scores = _scores(collection, request.scoring, self._positions)
        """Score of each measure's paragraph by words alone."""
        if not collection.is_in_order:
            self._take(np.argsort(collection.order_of(self._positions), kind="stable"))

    def _take(self, order: Array) -> None:
        self._numbers, self._positions, self.indicator_of, self.scores = (
            column[order] for column in (self._numbers, self._positions, self.indicator_of, self.scores)
        )

    def measures(self, chosen: Sequence[int]) -> list[Measure]:
        """The measures of some of the measures, by their places in the selection. Cost: some 15 µs each."""
        collection, places = self._collection, np.asarray(chosen, np.int64)
        numbers, positions = self._numbers[places], self._positions[places]
        segment_of = np.searchsorted(collection.starts, positions, "right") - 1
        measures = np.empty(len(places), object)
        for number in distinct(np.sort(segment_of)).tolist():
            own = np.flatnonzero(segment_of == number)
            within = (positions[own] - collection.starts[number]).tolist()
            segment = collection.segments[number]
            paragraphs = {place: segment.paragraph(place) for place in dict.fromkeys(within)}
            measures[own] = segment.measures.measures(numbers[own].tolist(), [paragraphs[place] for place in within])
        in_order: list[Measure] = measures.tolist()
        return in_order

    def texts(self, chosen: Sequence[int]) -> list[str]:
        """The texts of their paragraphs. Cost: some 3 µs each."""
        located = map(self._collection.locate, self._positions[np.asarray(chosen, np.int64)].tolist())
        return [segment.text[place] for segment, place in located]


def _united(known: dict[str, int], indicators: Column, chosen: Array) -> Array:
    """The number of the indicator of each of a segment's chosen measures among those of all segments."""
    own = indicators.codes.take(chosen)
    used = np.zeros(len(indicators), bool)
    used[own] = True
    new = np.empty(len(indicators), np.int64)
    texts = indicators.values(np.flatnonzero(used).tolist())
    new[used] = [known.setdefault(text, len(known)) for text in texts]
    return new.take(own)


def _scores(collection: Collection, wanted: Sequence[ScoringClause], positions: Array) -> Array:
    """Step one of ranking for the paragraphs at ascending positions, some of them the same."""
    if not wanted:
        return np.zeros(len(positions))
    is_new = changes(positions)
    scores = Scorer(collection, wanted).all(positions.compress(is_new))
    return scores.take(np.cumsum(is_new) - 1)
