"""Extract measures from paragraphs: numbers with the names of what they count, and statements of zero (无败诉案件)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from searchkit.corpus.times.expressions import Calendar
from searchkit.corpus.times.governing import TimedText, timed_text
from searchkit.files import DataFile
from searchkit.measures.indicators import NamedQuantity, ParagraphContext, name_quantities
from searchkit.measures.quantities import find_quantities, to_json_number
from searchkit.measures.spacing import CompactText, compact
from searchkit.measures.status import NumberInText, find_time
from searchkit.measures.tables import extract_table
from searchkit.measures.vocabulary import Vocabulary
from searchkit.measures.zeros import ZeroStatement, find_zero_statements
from searchkit.model import ExtractedMeasure, Paragraph, Table
from searchkit.text.folding import fold


class Extractor:
    """Extracts the measures of paragraphs. Immutable and thread-safe."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    @classmethod
    def load(cls, units: Path | DataFile | None = None, fixed_names: Path | DataFile | None = None) -> Extractor:
        """Load the unit list and the list of fixed names, by default those of searchkit. Raises UsageError."""
        return cls(Vocabulary.load(units, fixed_names))

    def extract(
        self, paragraphs: Sequence[Paragraph], tables: Sequence[Table] = ()
    ) -> list[tuple[ExtractedMeasure, ...]]:
        """Return the measures of each paragraph of a document, by start offset. Linear in the length of the text.

        `tables` are those of the document, in its order. A paragraph that is a row of a table is read cell by cell
        (`measures.tables`), any other paragraph as prose.
        """
        measures: list[tuple[ExtractedMeasure, ...]] = []
        for table in tables:
            first = table.first_paragraph - 1
            measures += (tuple(self._extract_paragraph(paragraph)) for paragraph in paragraphs[len(measures) : first])
            measures += extract_table(table, paragraphs, self._vocabulary, self._extract_paragraph)
        measures += (tuple(self._extract_paragraph(paragraph)) for paragraph in paragraphs[len(measures) :])
        return measures

    def _extract_paragraph(self, paragraph: Paragraph) -> list[ExtractedMeasure]:
        """Return the measures of a paragraph that is read as prose, by start offset."""
        source = compact(paragraph.text, fold(paragraph.text))
        quantities = find_quantities(source.folded, self._vocabulary)
        zeros = list(find_zero_statements(source.folded))
        if not quantities and not zeros:
            return []
        context = ParagraphContext(source.text, source.folded, paragraph.path, paragraph.title or "", paragraph.year)
        calendar = Calendar.of_document(paragraph.year, paragraph.doctype)
        timed = timed_text(source.folded, paragraph.path, paragraph.section, calendar)
        named = name_quantities(context, quantities)
        starts = _assign_starts(named)
        # Reversed, so that a quantity that counts several things is mapped to the start of its first measure.
        start_of = {id(item.quantity): start for item, start in reversed([*zip(named, starts, strict=True)])}
        measures = [
            _to_measure(item, start, None if item.part_of is None else start_of.get(id(item.part_of)), timed)
            for item, start in zip(named, starts, strict=True)
        ]
        measures += _to_zeros(zeros, source.text, timed, set(starts))
        if source.offsets is not None:
            measures = [_move(measure, source) for measure in measures]
        return sorted(measures, key=lambda measure: measure.start)


def _assign_starts(named: Sequence[NamedQuantity]) -> list[int]:
    """Return a distinct start offset for each quote: `NamedQuantity.start`, or the next free offset after it."""
    used: set[int] = set()
    starts = []
    for item in named:
        start = item.start
        # A quote begins with its name if the name is before the number. Measures that share such a name have equal
        # starts. The name has more characters than there are such measures, so each new start is inside of the name.
        while start in used:
            start += 1
        used.add(start)
        starts.append(start)
    return starts


def _to_measure(item: NamedQuantity, start: int, total_start: int | None, timed: TimedText) -> ExtractedMeasure:
    """Return the measure of a named quantity. `total_start` is the start of the measure of its total, or None."""
    quantity = item.quantity
    number = NumberInText(
        item.indicator, quantity.start, quantity.end, quantity.base_unit, is_change=item.change is not None
    )
    time = find_time(timed, number)
    return ExtractedMeasure(
        indicator=item.indicator,
        value=to_json_number(quantity.value),
        unit=quantity.unit,
        base_value=to_json_number(quantity.base_value),
        base_unit=quantity.base_unit,
        bound=quantity.bound,
        kind=quantity.kind,
        change=item.change,
        period=item.period,
        **time._asdict(),
        start=start,
        end=quantity.end,
        part_of=total_start,
    )


def _move(measure: ExtractedMeasure, source: CompactText) -> ExtractedMeasure:
    """Return a measure of a compact text with offsets in the original text."""
    return replace(
        measure,
        start=source.original_start(measure.start),
        end=source.original_end(measure.end),
        part_of=None if measure.part_of is None else source.original_start(measure.part_of),
    )


def _to_zeros(
    statements: Sequence[ZeroStatement], text: str, timed: TimedText, used_starts: set[int]
) -> Iterator[ExtractedMeasure]:
    """Yield the measures of statements of zero whose start offset no other measure has."""
    for statement in statements:
        if statement.start not in used_starts:
            name = text[statement.name_start : statement.end]
            time = find_time(timed, NumberInText(name, statement.start, statement.end, None))
            yield ExtractedMeasure(
                name, 0, None, 0, None, **time._asdict(), zero=True, start=statement.start, end=statement.end
            )
