"""Measures of a text, for tests of their values."""

from __future__ import annotations

from searchkit.measures.extractor import Extractor
from searchkit.model import ExtractedMeasure, Paragraph


def measures(extractor: Extractor, text: str) -> list[ExtractedMeasure]:
    """Return the measures of a text, read as one paragraph, without statements of zero."""
    (result,) = extractor.extract([Paragraph("r#1", "r", 1, text)])
    return [measure for measure in result if not measure.zero]
