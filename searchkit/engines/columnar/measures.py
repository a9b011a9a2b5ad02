"""The measures of one segment: stored as columns, and selected by a request."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import chain, product

import numpy as np

from searchkit.engines.columnar.arrays import Array, ArrayFile, narrowest, offsets_from_lengths
from searchkit.engines.columnar.cache import Cache
from searchkit.engines.columnar.columns import (
    DictColumn,
    DictEncoder,
    MeasureArrays,
    MeasureAttributes,
    compact_codes,
    encoded_column_arrays,
)
from searchkit.engines.columnar.docsets import DocSet, Form
from searchkit.engines.contract import MeasureRequest
from searchkit.model import MEASURE_BOUNDS, MEASURE_CHANGES, ExtractedMeasure, Measure, Paragraph

_MAX_CACHED_UNITS = 64
_OUTSIDE_TEXT = "a measure lies outside the text of its paragraph"
_UNKNOWN_BOUND = "the bound or change of a measure is unknown"
_BOUNDS_AND_CHANGES = frozenset(product(MEASURE_BOUNDS, (None, *MEASURE_CHANGES)))


class MeasureBuilder:
    """Collects the measures of a segment."""

    def __init__(self) -> None:
        self._per_paragraph, self._start, self._length, self._part_of = (array("I") for _ in range(4))
        self._value, self._base_value = array("d"), array("d")
        self._indicators, self._attributes = DictEncoder(), DictEncoder()
        self._indicator_of, self._attributes_of = array("I"), array("I")

    def extend(self, paragraphs: Sequence[Sequence[ExtractedMeasure]]) -> None:
        """Add the measures of each of some paragraphs."""
        self._per_paragraph.extend(map(len, paragraphs))
        for measure in chain.from_iterable(paragraphs):
            self._start.append(measure.start)
            self._length.append(measure.end - measure.start)
            self._part_of.append(0 if measure.part_of is None else measure.part_of + 1)
            self._value.append(measure.value)
            self._base_value.append(measure.base_value)
            self._indicator_of.append(self._indicators.encode(measure.indicator))
            self._attributes_of.append(self._attributes.encode(_attributes(measure)))

    def columns(self) -> MeasureArrays:
        """Return everything collected so far."""
        return MeasureArrays(
            per_paragraph=np.array(self._per_paragraph, np.int64),
            start=np.array(self._start, np.int64),
            length=np.array(self._length, np.int64),
            part_of=np.array(self._part_of, np.int64),
            value=np.array(self._value, np.float64),
            base_value=np.array(self._base_value, np.float64),
            indicators=self._indicators.values,
            indicator_of=np.array(self._indicator_of, np.int64),
            attributes=self._attributes.values,
            attributes_of=np.array(self._attributes_of, np.int64),
        )


def _attributes(measure: ExtractedMeasure) -> MeasureAttributes:
    return measure.unit, measure.base_unit, measure.bound, measure.kind, measure.change, measure.period, measure.zero


def measure_arrays(columns: MeasureArrays) -> dict[str, Array]:
    """Return the arrays of the measures, for `SegmentMeasures`. Floating-point numbers are stored by their 64 bits."""
    values = np.empty(len(columns.value), np.complex128)  # pairs of value and base value
    values.real, values.imag = columns.value, columns.base_value
    unique, codes = np.unique(values, return_inverse=True)
    return {
        "measure_offsets": narrowest(offsets_from_lengths(columns.per_paragraph)),
        "measure_start": narrowest(columns.start),
        "measure_length": narrowest(columns.length),
        "measure_part_of": narrowest(columns.part_of),
        "measure_value_codes": narrowest(codes),
        "measure_values": unique.real.astype("<f8").view("<u8"),
        "measure_base_values": unique.imag.astype("<f8").view("<u8"),
        **encoded_column_arrays("indicator", columns.indicator_of, columns.indicators),
        **encoded_column_arrays("measure_attributes", columns.attributes_of, columns.attributes),
    }


class SegmentMeasures:
    """The measures of an open segment. The ordinal of a measure counts from 0, by doc, then by its offset in the text.

    Nothing is read before it is needed.
    """

    def __init__(self, arrays: ArrayFile) -> None:
        self._arrays = arrays
        self._unit_masks: Cache[str, Array] = Cache(_MAX_CACHED_UNITS)

    @cached_property
    def indicators(self) -> DictColumn:
        """The indicator of each measure."""
        return DictColumn(self._arrays, "indicator")

    @cached_property
    def _attributes(self) -> DictColumn:
        return DictColumn(self._arrays, "measure_attributes")

    @cached_property
    def _values(self) -> tuple[Array, Array, Array]:
        """The distinct values, the base value of each, and for each measure the index of its value."""
        values, base_values = (self._arrays[f"measure_{name}"].view("<f8") for name in ("values", "base_values"))
        return values, base_values, self._arrays["measure_value_codes"]

    @cached_property
    def _offsets(self) -> Array:
        """Ordinal of the first measure of each doc, then the number of measures. Raises ValueError if damaged."""
        offsets = self._arrays["measure_offsets"].astype(np.int64)
        if offsets[0] != 0 or offsets[-1] != len(self._arrays["measure_start"]) or (offsets[1:] < offsets[:-1]).any():
            raise ValueError("the measures of the paragraphs do not add up")
        return offsets

    @cached_property
    def doc_of(self) -> Array:
        """Doc id of each measure."""
        return np.repeat(np.arange(len(self._offsets) - 1, dtype=np.uint16), np.diff(self._offsets))

    def select(self, docs: DocSet, request: MeasureRequest) -> Array:
        """Return the ordinals of the measures of some docs that have the unit and the size of a request, ascending.

        Takes some ns per measure of these docs; if the set is dense, per measure of the segment.
        """
        ordinals = self._of_docs(docs)
        if request.unit is not None:
            has_unit = self._unit_masks.get(request.unit, self._unit_mask)
            ordinals = ordinals.compress(has_unit.take(self._attributes.codes.take(ordinals)))
        _, base_values, code_of = self._values
        if request.minimum is not None:
            ordinals = ordinals.compress((base_values >= request.minimum).take(code_of.take(ordinals)))
        if request.maximum is not None:
            ordinals = ordinals.compress((base_values <= request.maximum).take(code_of.take(ordinals)))
        return ordinals

    def _unit_mask(self, unit: str) -> Array:
        """Return a mask of the distinct attributes with a base unit."""
        return np.array([base_unit == unit for _, base_unit, *_ in self._attributes.values()], bool)

    def _of_docs(self, docs: DocSet) -> Array:
        """Return the ordinals of the measures of some docs, ascending."""
        if docs.form is Form.ALL:
            return np.arange(len(self.doc_of))
        if docs.is_dense:
            return np.flatnonzero(docs.bitset.take(self.doc_of))
        starts = self._offsets.take(docs.ids)
        counts = self._offsets.take(docs.ids + 1) - starts
        ordinals: Array = np.arange(int(counts.sum())) + np.repeat(starts - offsets_from_lengths(counts)[:-1], counts)
        return ordinals

    def of_doc(self, doc_id: int) -> range:
        """Return the ordinals of the measures of a doc."""
        return range(self._offsets.item(doc_id), self._offsets.item(doc_id + 1))

    def load(self, ordinals: Iterable[int], paragraphs: Iterable[Paragraph]) -> list[Measure]:
        """Return some measures, each with its paragraph. Takes about 7 µs each. Raises ValueError if damaged."""
        measures = list(zip(map(self._measure, ordinals), paragraphs, strict=True))
        if not all(0 <= measure.start < measure.end <= len(paragraph.text) for measure, paragraph in measures):
            raise ValueError(_OUTSIDE_TEXT)
        if not all((measure.bound, measure.change) in _BOUNDS_AND_CHANGES for measure, _ in measures):
            raise ValueError(_UNKNOWN_BOUND)
        return [Measure(measure, paragraph) for measure, paragraph in measures]

    def _measure(self, ordinal: int) -> ExtractedMeasure:
        start, length, part_of = (array.item(ordinal) for array in self._spans)
        unit, base_unit, bound, kind, change, period, zero = self._attributes[ordinal]
        values, base_values, code_of = self._values
        code = code_of.item(ordinal)
        return ExtractedMeasure(  # positional arguments: keywords take half as long again
            self.indicators[ordinal],
            _to_number(values.item(code)),
            unit,
            _to_number(base_values.item(code)),
            base_unit,
            bound,
            kind,
            change,
            period,
            zero,
            start,
            start + length,
            part_of - 1 if part_of else None,
        )

    @cached_property
    def _spans(self) -> tuple[Array, ...]:
        return tuple(self._arrays[f"measure_{name}"] for name in ("start", "length", "part_of"))

    def columns(self, is_kept: Array) -> MeasureArrays:
        """Return the measures of the docs in a mask, for writing another segment."""
        measures = is_kept.take(self.doc_of)
        values, base_values, code_of = self._values
        indicators, indicator_of = compact_codes(self.indicators.codes[measures])
        attributes, attributes_of = compact_codes(self._attributes.codes[measures])
        start, length, part_of = (
            self._arrays[f"measure_{name}"][measures].astype(np.int64) for name in ("start", "length", "part_of")
        )
        return MeasureArrays(
            per_paragraph=np.diff(self._offsets)[is_kept],
            start=start,
            length=length,
            part_of=part_of,
            value=values.take(code_of[measures]),
            base_value=base_values.take(code_of[measures]),
            indicators=[self.indicators.value(code) for code in indicators.tolist()],
            indicator_of=indicator_of,
            attributes=[self._attributes.value(code) for code in attributes.tolist()],
            attributes_of=attributes_of,
        )


def find_measure_problem(columns: MeasureArrays, text_length: Array) -> str | None:
    """Return the first inconsistency in the measures of paragraphs whose texts have these lengths, or None."""
    doc_of = np.repeat(np.arange(len(columns.per_paragraph)), columns.per_paragraph)
    if not (np.isfinite(columns.value) & np.isfinite(columns.base_value)).all():
        return "the value of a measure is not a finite number"
    if ((columns.length < 1) | (columns.start + columns.length > text_length[doc_of])).any():
        return _OUTSIDE_TEXT
    if not all((bound, change) in _BOUNDS_AND_CHANGES for _, _, bound, _, change, *_ in columns.attributes):
        return _UNKNOWN_BOUND
    position = doc_of << 32 | columns.start
    if (np.diff(position) <= 0).any():
        return "the measures of a paragraph are not in order"
    is_part = columns.part_of > 0
    of_position = (doc_of << 32 | columns.part_of - 1)[is_part]
    if not np.isin(of_position, position).all() or (of_position == position[is_part]).any():
        return "a measure is part of a measure that does not exist"
    return None


def _to_number(value: float) -> int | float:
    return int(value) if value.is_integer() else value
