"""The measures of a segment's paragraphs: on their way in, stored as columns, and those that answer a request."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import chain, product

import numpy as np

from searchkit.engines.columnar.arrays import Array, ArrayFile, narrow, starts
from searchkit.engines.columnar.columns import Codes, Column, MeasureArrays, Traits, coded_arrays, renumbered
from searchkit.engines.columnar.docsets import DocSet, Form
from searchkit.engines.columnar.memo import Memo
from searchkit.engines.contract import MeasureRequest
from searchkit.model import BOUNDS, CHANGES, ExtractedMeasure, Measure, Paragraph

_KEPT_UNITS = 64  # that were asked for
_NO_WORDS = "a measure stands on no words of its paragraph"
_NO_NATURE = "a measure is neither exact nor anything else that is known"
_NATURES = frozenset(product(BOUNDS, (None, *CHANGES)))


class MeasureBuilder:
    """Collects the measures of one segment."""

    def __init__(self) -> None:
        self._per_paragraph, self._start, self._length, self._part_of = (array("I") for _ in range(4))
        self._value, self._base_value = array("d"), array("d")
        self._indicators, self._traits = Codes(), Codes()
        self._indicator_of, self._traits_of = array("I"), array("I")

    def extend(self, paragraphs: Sequence[Sequence[ExtractedMeasure]]) -> None:
        """Add the measures of each of some paragraphs."""
        self._per_paragraph.extend(map(len, paragraphs))
        for measure in chain.from_iterable(paragraphs):
            self._start.append(measure.start)
            self._length.append(measure.end - measure.start)
            self._part_of.append(0 if measure.part_of is None else measure.part_of + 1)
            self._value.append(measure.value)
            self._base_value.append(measure.base_value)
            self._indicator_of.append(self._indicators.code(measure.indicator))
            self._traits_of.append(self._traits.code(_traits(measure)))

    def columns(self) -> MeasureArrays:
        """Everything so far."""
        return MeasureArrays(
            per_paragraph=np.array(self._per_paragraph, np.int64),
            start=np.array(self._start, np.int64),
            length=np.array(self._length, np.int64),
            part_of=np.array(self._part_of, np.int64),
            value=np.array(self._value, np.float64),
            base_value=np.array(self._base_value, np.float64),
            indicators=self._indicators.values,
            indicator_of=np.array(self._indicator_of, np.int64),
            traits=self._traits.values,
            traits_of=np.array(self._traits_of, np.int64),
        )


def _traits(measure: ExtractedMeasure) -> Traits:
    return measure.unit, measure.base_unit, measure.bound, measure.kind, measure.change, measure.period, measure.zero


def measure_arrays(columns: MeasureArrays) -> dict[str, Array]:
    """The arrays of the measures, for `SegmentMeasures`. 64-bit floating points are stored by their bits."""
    values = np.empty(len(columns.value), np.complex128)  # pairs of numbers
    values.real, values.imag = columns.value, columns.base_value
    different, codes = np.unique(values, return_inverse=True)
    return {
        "measure_at": narrow(starts(columns.per_paragraph)),
        "measure_start": narrow(columns.start),
        "measure_length": narrow(columns.length),
        "measure_part_of": narrow(columns.part_of),
        "measure_value_codes": narrow(codes),
        "measure_values": different.real.astype("<f8").view("<u8"),
        "measure_base_values": different.imag.astype("<f8").view("<u8"),
        **coded_arrays("indicator", columns.indicator_of, columns.indicators),
        **coded_arrays("traits", columns.traits_of, columns.traits),
    }


class SegmentMeasures:
    """The measures of an open segment, numbered from 0 by paragraph, then by place. Read when they are asked for."""

    def __init__(self, arrays: ArrayFile) -> None:
        self._arrays = arrays
        self._units: Memo[str, Array] = Memo(_KEPT_UNITS)

    @cached_property
    def indicators(self) -> Column:
        """The indicator of each measure."""
        return Column(self._arrays, "indicator")

    @cached_property
    def _traits(self) -> Column:
        return Column(self._arrays, "traits")

    @cached_property
    def _values(self) -> tuple[Array, Array, Array]:
        """The different values, the base value of each, and for each measure which of them it has."""
        values, base_values = (self._arrays[f"measure_{name}"].view("<f8") for name in ("values", "base_values"))
        return values, base_values, self._arrays["measure_value_codes"]

    @cached_property
    def _at(self) -> Array:
        """The first measure of each paragraph, and at the end the number of measures. Raises ValueError if damaged."""
        at = self._arrays["measure_at"].astype(np.int64)
        if at[0] != 0 or at[-1] != len(self._arrays["measure_start"]) or (at[1:] < at[:-1]).any():
            raise ValueError("paragraphs have other measures than there are")
        return at

    @cached_property
    def paragraph_of(self) -> Array:
        """The position of each measure's paragraph."""
        return np.repeat(np.arange(len(self._at) - 1, dtype=np.uint16), np.diff(self._at))

    def selected(self, found: DocSet, request: MeasureRequest) -> Array:
        """The measures, ascending, of the paragraphs in a set that are of the unit and the size of a request.

        Cost: some ns for each measure of the set, or of the segment where the set is dense.
        """
        numbers = self._of(found)
        if request.unit is not None:
            is_of_unit = self._units.get(request.unit, self._of_unit)
            numbers = numbers.compress(is_of_unit.take(self._traits.codes.take(numbers)))
        _, base_values, code_of = self._values
        if request.minimum is not None:
            numbers = numbers.compress((base_values >= request.minimum).take(code_of.take(numbers)))
        if request.maximum is not None:
            numbers = numbers.compress((base_values <= request.maximum).take(code_of.take(numbers)))
        return numbers

    def _of_unit(self, unit: str) -> Array:
        """Mask of the traits that have a base unit."""
        return np.array([base_unit == unit for _, base_unit, *_ in self._traits.values()], bool)

    def _of(self, found: DocSet) -> Array:
        """The measures of the paragraphs in a set."""
        if found.form is Form.ALL:
            return np.arange(len(self.paragraph_of))
        if found.is_dense:
            return np.flatnonzero(found.mask.take(self.paragraph_of))
        first = self._at.take(found.ids)
        counts = self._at.take(found.ids + 1) - first
        numbers: Array = np.arange(int(counts.sum())) + np.repeat(first - starts(counts)[:-1], counts)
        return numbers

    def of_paragraph(self, position: int) -> range:
        """The numbers of the measures of the paragraph at a position."""
        return range(self._at.item(position), self._at.item(position + 1))

    def measures(self, numbers: Iterable[int], paragraphs: Iterable[Paragraph]) -> list[Measure]:
        """The measures of some numbers, each in its paragraph. Cost: about 7 µs each. Raises ValueError if damaged."""
        measures = list(zip(map(self._measure, numbers), paragraphs, strict=True))
        if not all(0 <= measure.start < measure.end <= len(paragraph.text) for measure, paragraph in measures):
            raise ValueError(_NO_WORDS)
        if not all((measure.bound, measure.change) in _NATURES for measure, _ in measures):
            raise ValueError(_NO_NATURE)
        return [Measure(measure, paragraph) for measure, paragraph in measures]

    def _measure(self, number: int) -> ExtractedMeasure:
        start, length, part_of = (array.item(number) for array in self._places)
        unit, base_unit, bound, kind, change, period, zero = self._traits[number]
        values, base_values, code_of = self._values
        code = code_of.item(number)
        return ExtractedMeasure(  # by place: names would take half as long again
            self.indicators[number],
            _number(values.item(code)),
            unit,
            _number(base_values.item(code)),
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
    def _places(self) -> tuple[Array, ...]:
        return tuple(self._arrays[f"measure_{name}"] for name in ("start", "length", "part_of"))

    def columns(self, inside: Array) -> MeasureArrays:
        """The measures of the paragraphs in a mask."""
        kept = inside.take(self.paragraph_of)
        values, base_values, code_of = self._values
        indicators, indicator_of = renumbered(self.indicators.codes[kept])
        traits, traits_of = renumbered(self._traits.codes[kept])
        start, length, part_of = (
            self._arrays[f"measure_{name}"][kept].astype(np.int64) for name in ("start", "length", "part_of")
        )
        return MeasureArrays(
            per_paragraph=np.diff(self._at)[inside],
            start=start,
            length=length,
            part_of=part_of,
            value=values.take(code_of[kept]),
            base_value=base_values.take(code_of[kept]),
            indicators=[self.indicators.value(number) for number in indicators.tolist()],
            indicator_of=indicator_of,
            traits=[self._traits.value(number) for number in traits.tolist()],
            traits_of=traits_of,
        )


def measures_problem(columns: MeasureArrays, text_length: Array) -> str | None:
    """What does not fit in the measures of paragraphs whose texts are so long, or None."""
    owner = np.repeat(np.arange(len(columns.per_paragraph)), columns.per_paragraph)
    if not (np.isfinite(columns.value) & np.isfinite(columns.base_value)).all():
        return "the value of a measure is no number"
    if ((columns.length < 1) | (columns.start + columns.length > text_length[owner])).any():
        return _NO_WORDS
    if not all((bound, change) in _NATURES for _, _, bound, _, change, *_ in columns.traits):
        return _NO_NATURE
    place = owner << 32 | columns.start
    if (np.diff(place) <= 0).any():
        return "the measures of a paragraph are not in order"
    is_part = columns.part_of > 0
    whole = (owner << 32 | columns.part_of - 1)[is_part]
    if not np.isin(whole, place).all() or (whole == place[is_part]).any():
        return "a measure is a part of none"
    return None


def _number(value: float) -> int | float:
    return int(value) if value.is_integer() else value
