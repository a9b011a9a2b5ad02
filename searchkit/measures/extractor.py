"""Paragraphs to measures: every number that counts something, with what it counts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from searchkit.files import DataFile
from searchkit.measures.indicators import Context, Named, name_quantities
from searchkit.measures.quantities import find_quantities, number
from searchkit.measures.vocabulary import Vocabulary
from searchkit.measures.zeros import zero_statements
from searchkit.model import ExtractedMeasure, Paragraph
from searchkit.text.folding import fold


class Extractor:
    """Finds the measures of paragraphs. Immutable, safe for many threads."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary

    @classmethod
    def load(cls, units: Path | DataFile | None = None, fixed_names: Path | DataFile | None = None) -> Extractor:
        """Read the data files, those that come with searchkit unless given. Raises UsageError."""
        return cls(Vocabulary.load(units, fixed_names))

    def extract(self, paragraphs: Sequence[Paragraph]) -> list[tuple[ExtractedMeasure, ...]]:
        """Give the measures of each paragraph of a document, by their place in it. Cost: linear in the text."""
        return [tuple(self._measures(paragraph)) for paragraph in paragraphs]

    def _measures(self, paragraph: Paragraph) -> list[ExtractedMeasure]:
        folded = fold(paragraph.text)
        context = Context(paragraph.text, folded, paragraph.path, paragraph.title or "", paragraph.year)
        named = name_quantities(context, find_quantities(folded, self._vocabulary))
        starts = _starts(named)
        start_of = {id(item.quantity): start for item, start in reversed([*zip(named, starts, strict=True)])}
        measures = [
            _measure(item, start, None if item.part_of is None else start_of.get(id(item.part_of)))
            for item, start in zip(named, starts, strict=True)
        ]
        measures += _zeros(paragraph.text, folded, set(starts))
        return sorted(measures, key=lambda measure: measure.start)


def _starts(named: Sequence[Named]) -> list[int]:
    """Where the quotes begin: where the names do, but never where another one begins."""
    taken: set[int] = set()
    starts = []
    for item in named:
        start = item.start
        while start in taken:  # names before the number are longer than the measures are many
            start += 1
        taken.add(start)
        starts.append(start)
    return starts


def _measure(item: Named, start: int, total: int | None) -> ExtractedMeasure:
    quantity = item.quantity
    return ExtractedMeasure(
        indicator=item.indicator,
        value=number(quantity.value),
        unit=quantity.unit,
        base_value=number(quantity.base_value),
        base_unit=quantity.base_unit,
        bound=quantity.bound,
        kind=quantity.kind,
        change=item.change,
        period=item.period,
        start=start,
        end=quantity.end,
        part_of=total,
    )


def _zeros(text: str, folded: str, taken: set[int]) -> Iterator[ExtractedMeasure]:
    """The statements of zero that begin where no other measure does."""
    for statement in zero_statements(folded):
        if statement.start not in taken:
            name = text[statement.name_start : statement.end]
            yield ExtractedMeasure(name, 0, None, 0, None, zero=True, start=statement.start, end=statement.end)
