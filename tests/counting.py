"""A simple extractor of measures, for tests of storage and look-up that do not depend on the rules of extraction."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from searchkit.model import ExtractedMeasure, Paragraph, Table

_MEASURE = re.compile("(.?.?)([0-9]+(?:[.][0-9]+)?)(万?)(.?)", re.DOTALL)


class NumberExtractor:
    """Replacement for `measures.Extractor`. Each number is a measure.

    The two characters before a number are its indicator. The character after it, or after its 万, is its unit. A text
    must have two other characters before each number, or else digits of the number can become its indicator.
    """

    @classmethod
    def load(cls, _units: Path | None = None, _fixed_names: Path | None = None) -> NumberExtractor:
        """Return an extractor. The arguments are ignored."""
        return cls()

    def extract(
        self,
        paragraphs: Sequence[Paragraph],
        tables: Sequence[Table] = (),  # noqa: ARG002 - as `measures.Extractor`
    ) -> list[tuple[ExtractedMeasure, ...]]:
        """Return the measures of each paragraph. The second measure of a paragraph is a part of the first."""
        return [tuple(_measures(paragraph.text)) for paragraph in paragraphs]


def _measures(text: str) -> Iterator[ExtractedMeasure]:
    first = None
    for n, match in enumerate(_MEASURE.finditer(text)):
        before, digits, scale, unit = match.groups()
        value = float(digits) if "." in digits else int(digits)
        base_value = round(value * 10_000) if scale else value
        yield ExtractedMeasure(
            before,
            value,
            scale + unit or None,
            base_value,
            unit or None,
            kind="money" if unit == "元" else "count",
            start=match.start(),
            end=match.end(),
            part_of=first if n == 1 else None,
        )
        first = match.start() if n == 0 else first
