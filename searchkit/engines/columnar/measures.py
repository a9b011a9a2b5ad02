"""The measures of one segment: building, storing and reading their columns, and selecting measures by a request."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from itertools import chain, pairwise, product

import numpy as np

from searchkit.engines.columnar.arrays import (
    Array,
    Arrays,
    damaged_file,
    join_ranges,
    narrowest,
    offsets_from_lengths,
    run_start_mask,
)
from searchkit.engines.columnar.cache import Cache
from searchkit.engines.columnar.cells import CellBuilder, SegmentCells, cell_arrays
from searchkit.engines.columnar.columns import (
    DictColumn,
    DictEncoder,
    MeasureArrays,
    compact_codes,
    encoded_column_arrays,
)
from searchkit.engines.columnar.docsets import DocSet, Form
from searchkit.engines.contract import MeasureAttributes, MeasureRequest, TimeAttributes
from searchkit.engines.indicators import SEPARATOR, Indicators, encode_indicators
from searchkit.model import ExtractedMeasure, Measure, Paragraph
from searchkit.names import MEASURE_BOUNDS, MEASURE_CHANGES, MEASURE_STATUSES
from searchkit.query.facets import Filter
from searchkit.text.folding import CODE_POINT_COUNT, to_code_points

_MAX_CACHED_INDICATORS = 1 << 13  # number of decoded indicators above which their cache is emptied, about 0.2 KB each
_MAX_CACHED_UNITS = 64  # number of units whose masks are cached
_KEY_BYTES = 8  # length of the key of an indicator
_OUTSIDE_TEXT = "a measure lies outside the text of its paragraph"
_UNKNOWN_NAME = "the bound, change or status of a measure is unknown"
_KNOWN_NAMES = frozenset(product(MEASURE_BOUNDS, (None, *MEASURE_CHANGES), MEASURE_STATUSES))
"""Valid combinations of bound, change and status."""


class MeasureBuilder:
    """Collects the measures of a segment."""

    def __init__(self) -> None:
        self._count_per_doc, self._start, self._length, self._part_of = (array("I") for _ in range(4))
        self._value, self._base_value = array("d"), array("d")
        self._indicators, self._attributes, self._times = DictEncoder(), DictEncoder(), DictEncoder()
        self._indicator_of, self._attributes_of, self._time_of = (array("I") for _ in range(3))
        self._cells = CellBuilder()

    def extend(self, measures_of_docs: Sequence[Sequence[ExtractedMeasure]]) -> None:
        """Add the measures of each of the next docs."""
        self._count_per_doc.extend(map(len, measures_of_docs))
        for measure in chain.from_iterable(measures_of_docs):
            if measure.cell:
                self._cells.append(len(self._start), measure.cell)
            self._start.append(measure.start)
            self._length.append(measure.end - measure.start)
            # As in `MeasureArrays.part_of`: 0 means None, so a start is stored plus 1.
            self._part_of.append(0 if measure.part_of is None else measure.part_of + 1)
            self._value.append(measure.value)
            self._base_value.append(measure.base_value)
            self._indicator_of.append(self._indicators.encode(measure.indicator))
            self._attributes_of.append(self._attributes.encode(_attributes_of(measure)))
            self._time_of.append(self._times.encode(_time_of(measure)))

    def columns(self) -> MeasureArrays:
        """Return everything collected so far."""
        return MeasureArrays(
            count_per_doc=np.array(self._count_per_doc, np.int64),
            start=np.array(self._start, np.int64),
            length=np.array(self._length, np.int64),
            part_of=np.array(self._part_of, np.int64),
            value=np.array(self._value, np.float64),
            base_value=np.array(self._base_value, np.float64),
            indicators=self._indicators.values,
            indicator_of=np.array(self._indicator_of, np.int64),
            attributes=self._attributes.values,
            attributes_of=np.array(self._attributes_of, np.int64),
            times=self._times.values,
            time_of=np.array(self._time_of, np.int64),
            cells=self._cells.columns(),
        )


def _attributes_of(measure: ExtractedMeasure) -> MeasureAttributes:
    """Return the fields of a measure that are stored together."""
    return measure.unit, measure.base_unit, measure.bound, measure.kind, measure.change, measure.period, measure.zero


def _time_of(measure: ExtractedMeasure) -> TimeAttributes:
    return measure.of_year, measure.since, measure.part, measure.stock, measure.status


def measure_arrays(columns: MeasureArrays) -> dict[str, Array]:
    """Return the arrays of the measures, for `SegmentMeasures`.

    Distinct pairs of value and base value are stored once. A float is stored as an integer with the same 64 bits.
    """
    values = np.empty(len(columns.value), np.complex128)  # a complex number per pair, so that `np.unique` finds pairs
    values.real, values.imag = columns.value, columns.base_value
    unique, codes = np.unique(values, return_inverse=True)
    return {
        "measure_offsets": narrowest(offsets_from_lengths(columns.count_per_doc)),
        "measure_start": narrowest(columns.start),
        "measure_length": narrowest(columns.length),
        "measure_part_of": narrowest(columns.part_of),
        "measure_value_codes": narrowest(codes),
        "measure_values": unique.real.astype("<f8").view("<u8"),
        "measure_base_values": unique.imag.astype("<f8").view("<u8"),
        "indicator_codes": narrowest(columns.indicator_of),
        **_indicator_arrays(columns.indicators),
        **encoded_column_arrays("measure_attributes", columns.attributes_of, columns.attributes),
        **encoded_column_arrays("measure_time", columns.time_of, columns.times),
        **cell_arrays(columns.cells),
    }


def _indicator_arrays(indicators: Sequence[str]) -> dict[str, Array]:
    """Return the text of distinct indicators, their lengths, and a key of 64 bits for each of them.

    The text is stored folded. The original characters that folding changes are stored beside it, with their offsets.
    Two indicators with equal keys count as equal, also those of different segments. So `join_indicators` need not
    decode them.
    """
    codes, lengths = encode_indicators(indicators)
    printed = to_code_points(SEPARATOR.join((*indicators, "")))
    at = np.flatnonzero(printed != codes)
    keys = b"".join(
        blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest() for text in indicators
    )
    return {
        "indicator_text": narrowest(codes),
        "indicator_printed_at": narrowest(at),
        "indicator_printed": narrowest(printed[at]),
        "indicator_length": narrowest(lengths),
        "indicator_key": np.frombuffer(keys, "<u8"),
    }


def join_indicators(
    segments: Sequence[SegmentMeasures], selected: Sequence[Array] | None = None
) -> tuple[Indicators, list[Array]]:
    """Return the distinct indicators of some segments, and for each segment the ordinals of its codes.

    The ordinal of a code is the index of its indicator in the first result. `selected`: for each segment some codes,
    distinct and ascending. If it is not None, only their indicators are joined, and only their ordinals are returned.
    Takes some ns per character, and does not decode the indicators.
    """
    taken = [None] * len(segments) if selected is None else selected
    parts = [segment.indicator_arrays(codes) for segment, codes in zip(segments, taken, strict=True)]
    codes, lengths, keys = (
        np.concatenate([np.empty(0, np.uint8), *arrays]) for arrays in (zip(*parts, strict=True) if parts else [()] * 3)
    )
    columns = [segment.indicators for segment in segments]
    bases = offsets_from_lengths([len(part_keys) for *_, part_keys in parts])
    # `keys` has an entry for each code of each segment. `firsts` has the ordinal of each entry, and `sources` an entry
    # for each ordinal.
    firsts = np.arange(len(keys))
    if len(segments) > 1:
        order = np.argsort(keys)  # any of equal indicators stands for all of them
        is_new = run_start_mask(keys.take(order))
        first = order.compress(is_new)
        firsts[order], is_first = first.take(np.cumsum(is_new) - 1), np.zeros(len(keys), bool)
        is_first[first] = True
        codes = codes.compress(np.repeat(is_first, lengths.astype(np.int64) + 1))
        lengths, firsts, sources = lengths[is_first], (np.cumsum(is_first) - 1)[firsts], np.flatnonzero(is_first)
    else:
        sources = firsts

    def texts(ordinals: Sequence[int]) -> list[str]:
        """Return the indicators with some ordinals."""
        at = sources.take(ordinals)
        found = np.empty(len(at), object)
        for column, part, start, end in zip(columns, taken, bases.tolist(), bases[1:].tolist(), strict=False):
            is_inside = (at >= start) & (at < end)
            inside = at[is_inside] - start
            found[is_inside] = column.values((inside if part is None else part.take(inside)).tolist())
        in_order: list[str] = found.tolist()
        return in_order

    return Indicators(codes, lengths, texts), [firsts[start:end] for start, end in pairwise(bases.tolist())]


class IndicatorColumn:
    """The indicator of each measure of a segment, and the distinct indicators. Thread-safe.

    An indicator as printed is one with its original characters, not folded.
    """

    def __init__(self, arrays: Arrays, count: int) -> None:
        """Read the indicators of `count` measures."""
        self.lengths = arrays["indicator_length"]
        self.codes = arrays.column("indicator_codes", count, self.value_count)
        """Code of the indicator of each measure."""
        self.text = arrays.checked("indicator_text", CODE_POINT_COUNT).all()
        self._printed_at = arrays.checked("indicator_printed_at", len(self.text)).all()
        self._printed = arrays.column("indicator_printed", len(self._printed_at), CODE_POINT_COUNT)
        self._path = arrays.path
        if (self._printed_at[1:] <= self._printed_at[:-1]).any():
            raise damaged_file(arrays.path)
        self._decoded: dict[int, str] = {}

    @property
    def value_count(self) -> int:
        """Number of distinct indicators."""
        return len(self.lengths)

    def take(self, ordinals: Array) -> list[str]:
        """Return the indicators, as printed, of the measures with the given ordinals."""
        return self.values(self.codes.take(ordinals).tolist())

    def values(self, codes: Sequence[int]) -> list[str]:
        """Return the indicators with the given codes, as printed. Takes up to 30 µs, plus some 0.1 µs per indicator."""
        decoded = self._decoded
        missing = [code for code in codes if code not in decoded]
        if missing:
            if len(decoded) > _MAX_CACHED_INDICATORS:
                decoded, missing = {}, [*codes]
            decoded.update(zip(missing, self._decode(np.array(missing)), strict=True))
            self._decoded = decoded
        return [decoded[code] for code in codes]

    @cached_property
    def offsets(self) -> Array:
        """Offset of each distinct indicator in the folded text, followed by the end of the text."""
        offsets = offsets_from_lengths(self.lengths.astype(np.int64) + 1)
        if offsets[-1] != len(self.text):
            raise damaged_file(self._path)
        return offsets

    def _decode(self, codes: Array) -> Iterator[str]:
        """Yield the indicators with the given codes."""
        starts, lengths = self.offsets.take(codes), self.lengths.take(codes).astype(np.int64)
        text = self.text.take(join_ranges(starts, lengths)).astype("<u4")
        ends = np.cumsum(lengths)
        first, last = (self._printed_at.searchsorted(offsets) for offsets in (starts, starts + lengths))
        printed = join_ranges(first, last - first)
        text[self._printed_at.take(printed) - np.repeat(starts + lengths - ends, last - first)] = self._printed[printed]
        joined = text.tobytes().decode("utf-32-le", "surrogatepass")
        return (joined[end - length : end] for end, length in zip(ends.tolist(), lengths.tolist(), strict=True))


class SegmentMeasures:
    """The measures of an open segment. Arrays are read when they are first needed.

    Measures are numbered from 0 in the order of the docs; within a doc, in the order of the text. This number is the
    ordinal of a measure.
    """

    def __init__(self, arrays: Arrays, size: int) -> None:
        """Take the arrays of a segment, and its number of docs."""
        self._arrays, self._size = arrays, size
        self._count = len(arrays.checked("measure_start"))
        """Number of measures."""
        self._unit_masks: Cache[str, Array] = Cache(_MAX_CACHED_UNITS)

    @cached_property
    def indicators(self) -> IndicatorColumn:
        """The indicator of each measure."""
        return IndicatorColumn(self._arrays, self._count)

    def indicator_arrays(self, codes: Array | None) -> tuple[Array, Array, Array]:
        """Return the folded text of the indicators with the given codes, their lengths, and their keys.

        None stands for all codes. In the text, `SEPARATOR` follows each indicator.
        """
        indicators, offsets = self.indicators, self.indicators.offsets
        text, lengths = indicators.text, indicators.lengths
        keys = self._arrays.column("indicator_key", len(lengths))
        if codes is None:
            return text, lengths, keys
        starts, sizes = offsets.take(codes), lengths.take(codes)
        return text.take(join_ranges(starts, sizes.astype(np.int64) + 1)), sizes, keys.take(codes)

    @cached_property
    def attributes(self) -> DictColumn:
        """The combination of attributes of each measure."""
        return DictColumn(self._arrays, "measure_attributes", self._count)

    @cached_property
    def times(self) -> DictColumn:
        """The combination of time and status of each measure."""
        return DictColumn(self._arrays, "measure_time", self._count)

    @cached_property
    def _values(self) -> tuple[Array, Array, Array]:
        """The values and base values of the distinct pairs, and for each measure the index of its pair."""
        values, base_values = (self._arrays[f"measure_{name}"].view("<f8") for name in ("values", "base_values"))
        if len(values) != len(base_values) or not (np.isfinite(values) & np.isfinite(base_values)).all():
            raise damaged_file(self._arrays.path)
        return values, base_values, self._arrays.column("measure_value_codes", self._count, len(values))

    @cached_property
    def _offsets(self) -> Array:
        """Ordinal of the first measure of each doc, followed by the number of measures."""
        return self._arrays.offsets("measure_offsets", self._size, self._count).astype(np.int64)

    @cached_property
    def doc_of(self) -> Array:
        """Doc id of each measure."""
        return np.repeat(np.arange(len(self._offsets) - 1, dtype=np.uint16), np.diff(self._offsets))

    def select(self, docs: DocSet, request: MeasureRequest) -> Array:
        """Return the ordinals, ascending, of the measures of `docs` with the unit, value, time and status of a request.

        The query and the filters of the request are not applied. Takes some ns per measure of the docs, or per measure
        of the segment if the set of docs is dense.
        """
        ordinals = self._of_docs(docs)
        if request.unit is not None:
            has_unit = self._unit_masks.get(request.unit, self._unit_mask)
            ordinals = ordinals.compress(has_unit.take(self.attributes.codes.take(ordinals)))
        if request.minimum is not None or request.maximum is not None or request.convertible:
            low = -np.inf if request.minimum is None else request.minimum
            high = np.inf if request.maximum is None else request.maximum
            values = self._signed_values(ordinals)
            if request.convertible:
                values = values * self._factors(dict(request.convertible)).take(self.attributes.codes.take(ordinals))
            # A value in a unit that is not convertible is NaN, and left out.
            ordinals = ordinals.compress((values >= low) & (values <= high))
        if request.statuses or request.single_years:
            is_admitted = np.array([_has_time(time, request) for time in self.times.values()], bool)
            ordinals = ordinals.compress(is_admitted.take(self.times.codes.take(ordinals)))
        return ordinals

    def is_part(self, ordinals: Array) -> Array:
        """Return a mask of the given measures: True for those that are part of another measure."""
        is_part: Array = self._spans[2].take(ordinals) > 0
        return is_part

    def match_years(self, ordinals: Array, years: Filter, reports: DocSet) -> Array:
        """Return a mask of the given measures: True for those that a filter by of_year admits.

        `Filter.admits_measure` defines the filter.

        `reports`: the docs of the reports whose own year the filter admits. A measure without a year is admitted if its
        doc is one of them.
        """
        of_year = [year for year, *_ in self.times.values()]
        admitted = {year for year in set(of_year) if year is not None and years.admits(_paragraph_of(year))}
        is_admitted = np.array([year in admitted for year in of_year], bool)
        is_unknown = np.array([year is None for year in of_year], bool)
        codes = self.times.codes.take(ordinals)
        mask: Array = is_admitted.take(codes)
        mask |= is_unknown.take(codes) & reports.contains(self.doc_of.take(ordinals))
        return mask

    def _signed_values(self, ordinals: Array) -> Array:
        """Return `Measure.signed_value` of some measures."""
        _, base_values, code_of = self._values
        values: Array = base_values.take(code_of.take(ordinals))
        return np.where(self._is_decrease.take(self.attributes.codes.take(ordinals)), -np.abs(values), values)

    @cached_property
    def _is_decrease(self) -> Array:
        """Mask of the distinct combinations of attributes: True for those of a decrease."""
        return np.array([change == "decrease" for _, _, _, _, change, *_ in self.attributes.values()], bool)

    def _factors(self, convertible: Mapping[str | None, float]) -> Array:
        """Return for each distinct combination of attributes the factor of its base unit, NaN if it is not convertible.

        `convertible`: the factors by base unit (`MeasureRequest.convertible`).
        """
        return np.array([convertible.get(base_unit, np.nan) for _, base_unit, *_ in self.attributes.values()])

    def _unit_mask(self, unit: str) -> Array:
        """Return a mask of the distinct combinations of attributes: True for those with the base unit `unit`."""
        return np.array([base_unit == unit for _, base_unit, *_ in self.attributes.values()], bool)

    def _of_docs(self, docs: DocSet) -> Array:
        """Return the ordinals of the measures of `docs`, ascending."""
        if docs.form is Form.ALL:
            return np.arange(len(self.doc_of))
        if docs.is_dense:
            return np.flatnonzero(docs.bitset.take(self.doc_of))
        starts = self._offsets.take(docs.ids)
        counts = self._offsets.take(docs.ids + 1) - starts
        return join_ranges(starts, counts)

    def of_doc(self, doc_id: int) -> range:
        """Return the ordinals of the measures of a doc."""
        return range(self._offsets.item(doc_id), self._offsets.item(doc_id + 1))

    def span(self, ordinal: int) -> tuple[int, int]:
        """Return the start and the end of the quote of a measure."""
        start: int = self._spans[0].item(ordinal)
        return start, start + self._spans[1].item(ordinal)

    def load(self, ordinals: Sequence[int], paragraphs: Sequence[Paragraph]) -> list[Measure]:
        """Return the measures with the given ordinals. `paragraphs`: the paragraph of each measure.

        Takes about 4 µs per measure. Raises IndexDamaged for a measure outside of its text, and for an unknown bound,
        change or status.
        """
        measures = list(self._read(ordinals))
        pairs = list(zip(measures, paragraphs, strict=True))
        if not all(0 <= measure.start < measure.end <= len(paragraph.text) for measure, paragraph in pairs):
            raise damaged_file(self._arrays.path)
        if not {(measure.bound, measure.change, measure.status) for measure in measures} <= _KNOWN_NAMES:
            raise damaged_file(self._arrays.path)
        return [Measure(measure, paragraph) for measure, paragraph in pairs]

    def _read(self, ordinals: Sequence[int]) -> Iterator[ExtractedMeasure]:
        """Yield the measures with the given ordinals, without their paragraphs."""
        at = np.asarray(ordinals, np.int64)
        values, base_values, code_of = self._values
        codes = code_of.take(at)
        for indicator, attributes, time, value, base_value, start, length, part_of, ordinal in zip(
            *(column.take(at) for column in (self.indicators, self.attributes, self.times)),
            *(numbers.take(codes).tolist() for numbers in (values, base_values)),
            *(offsets.take(at).tolist() for offsets in self._spans),
            ordinals,
            strict=True,
        ):
            unit, base_unit, bound, kind, change, period, zero = attributes
            of_year, since, part, stock, status = time
            yield ExtractedMeasure(  # positional arguments, because keyword arguments take 1.5 times as long
                indicator,
                _to_number(value),
                unit,
                _to_number(base_value),
                base_unit,
                bound,
                kind,
                change,
                period,
                of_year,
                since,
                part,
                stock,
                status,
                zero,
                start,
                start + length,
                part_of - 1 if part_of else None,
                self._cells.find(ordinal),
            )

    @cached_property
    def _cells(self) -> SegmentCells:
        return SegmentCells(self._arrays)

    @cached_property
    def _spans(self) -> tuple[Array, ...]:
        """Three arrays with an element per measure: `start`, `length` and `part_of` (see `MeasureArrays`)."""
        return tuple(self._arrays.column(f"measure_{name}", self._count) for name in ("start", "length", "part_of"))

    def columns(self, is_kept: Array) -> MeasureArrays:
        """Return the measures of the docs that are True in `is_kept`, for writing them to another segment."""
        measures = is_kept.take(self.doc_of)
        values, base_values, code_of = self._values
        indicators, indicator_of = compact_codes(self.indicators.codes[measures])
        attributes, attributes_of = compact_codes(self.attributes.codes[measures])
        times, time_of = compact_codes(self.times.codes[measures])
        start, length, part_of = (
            self._arrays[f"measure_{name}"][measures].astype(np.int64) for name in ("start", "length", "part_of")
        )
        return MeasureArrays(
            count_per_doc=np.diff(self._offsets)[is_kept],
            start=start,
            length=length,
            part_of=part_of,
            value=values.take(code_of[measures]),
            base_value=base_values.take(code_of[measures]),
            indicators=self.indicators.values(indicators.tolist()),
            indicator_of=indicator_of,
            attributes=[self.attributes.value(code) for code in attributes.tolist()],
            attributes_of=attributes_of,
            times=[self.times.value(code) for code in times.tolist()],
            time_of=time_of,
            cells=self._cells.columns(measures),
        )


def _has_time(time: TimeAttributes, request: MeasureRequest) -> bool:
    """Return whether a request admits measures with the given time and status."""
    _, since, _, _, status = time
    return (not request.statuses or status in request.statuses) and (since is None or not request.single_years)


def find_measure_problem(columns: MeasureArrays, text_length: Array, n: Array, document_of: Array) -> str | None:
    """Return a message about the first inconsistency in the measures of a segment, or None.

    `text_length`, `n`, `document_of`: for each doc, the number of code points of its text, its position in its
    document, and its document number.
    """
    doc_of = np.repeat(np.arange(len(columns.count_per_doc)), columns.count_per_doc)
    problem = _find_invalid_value(columns)
    if problem:
        return problem
    if ((columns.length < 1) | (columns.start + columns.length > text_length[doc_of])).any():
        return _OUTSIDE_TEXT
    position = doc_of << 32 | columns.start  # identifies a measure, and orders measures by doc, then by start
    if (np.diff(position) <= 0).any():
        return "the measures of a paragraph are not in order"
    is_part = columns.part_of > 0
    container_doc = _container_docs(columns, doc_of, n, document_of)[is_part]
    container_position = container_doc << 32 | columns.part_of[is_part] - 1
    is_known = np.isin(container_position, position) | (container_doc < 0)
    if not is_known.all() or (container_position == position[is_part]).any():
        return "a measure is part of a measure that does not exist"
    return None


def _find_invalid_value(columns: MeasureArrays) -> str | None:
    """Return a message about a value that a measure cannot have, or None."""
    if not (np.isfinite(columns.value) & np.isfinite(columns.base_value)).all():
        return "the value of a measure is not a finite number"
    bounds_and_changes = {(bound, change) for _, _, bound, _, change, *_ in columns.attributes}
    statuses = {status for *_, status in columns.times}
    is_known = all((*names, status) in _KNOWN_NAMES for names, status in product(bounds_and_changes, statuses))
    return None if is_known else _UNKNOWN_NAME


def _container_docs(columns: MeasureArrays, doc_of: Array, n: Array, document_of: Array) -> Array:
    """Return an element for each measure. If the measure is part of another one, the element is the doc of the other.

    The element is -1 if that doc is not in this segment: the docs of a long document can be in several segments. The
    elements of measures that are not part of another one have no meaning.
    """
    cells = columns.cells
    docs: Array = doc_of.copy()
    has_other_doc = cells.part_of_n > 0
    measures, part_of_n = cells.measure[has_other_doc], cells.part_of_n[has_other_doc]
    other = doc_of[measures] + part_of_n - n[doc_of[measures]]
    is_inside = (other >= 0) & (other < len(n))
    is_inside[is_inside] = document_of[other[is_inside]] == document_of[doc_of[measures[is_inside]]]
    docs[measures] = np.where(is_inside, other, -1)
    return docs


def _paragraph_of(year: int) -> Paragraph:
    """Return a paragraph that is about one year, to evaluate filters for this year."""
    return Paragraph("", "", 0, "", of_year=(year,))


def _to_number(value: float) -> int | float:
    """Return an integral value as an int, any other value as a float."""
    return int(value) if value.is_integer() else value
