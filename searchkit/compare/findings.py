"""The record of a finding of the audit: what contradicts what, with the sentences.

parts      the parts of a total do not add up to it
rate       a share of more than 100 %, or a percentage that is not the quotient or growth of its values
conflict   two values of one indicator for the same place, body and time
change     a value, its stated change and the value before do not agree
jump       a value differs from the years around it by about a power of ten, as after a slip of the unit
copied     the same value of many digits for two years or two places
duplicate  a report that repeats sentences of another one
"""

from __future__ import annotations

from dataclasses import dataclass

from searchkit.compare.facts import sentence_at
from searchkit.model import Measure, Paragraph

FINDING_KINDS = ("parts", "rate", "conflict", "change", "jump", "copied", "duplicate")
"""Kinds of findings, in the order in which they are listed: parts and their total, a wrong share, two values of an
indicator, a wrong change, a slip of the unit, a copied value, a report that repeats another one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Statements of reports that contradict or repeat each other."""

    kind: str
    """One of `FINDING_KINDS`."""
    message: str
    """Description in one line."""
    ids: tuple[str, ...]
    """Ids of the measures, or of paragraphs if the finding is about numbers that are no measures or about duplicates.
    """
    values: tuple[int | float, ...]
    """Base values of the measures, in the order of `ids`, or the numbers that are no measures. A decrease has a
    negative value. Empty for a duplicate."""
    documents: tuple[str, ...]
    """Ids of the documents of `ids`, in their order, each once."""
    sentences: tuple[str, ...]
    """The sentences of `ids`, in their order, each once."""
    district: str | None = None
    """The place of the first document."""
    year: int | None = None
    """The year that the measures are of. For numbers that are no measures, the year of the report. None if the year is
    unknown, if there are several, or for a duplicate."""
    indicator: str | None = None
    """The indicator of the first measure. None for a finding about paragraphs."""


def build_finding(kind: str, message: str, *measures: Measure) -> Finding:
    """Return a finding about measures. Its place and its indicator are those of the first measure."""
    years = {measure.of_year or measure.year for measure in measures}
    return Finding(
        kind,
        message,
        tuple(measure.id for measure in measures),
        tuple(measure.signed_value for measure in measures),
        tuple(dict.fromkeys(measure.document for measure in measures)),
        tuple(dict.fromkeys(sentence_at(measure.source.text, measure.start, measure.end) for measure in measures)),
        measures[0].district,
        years.pop() if len(years) == 1 else None,
        measures[0].indicator,
    )


def build_paragraph_finding(
    kind: str, message: str, paragraph: Paragraph, start: int, values: tuple[int | float, ...]
) -> Finding:
    """Return a finding about numbers of a paragraph that are not measures. `start` is their position in its text."""
    sentence = sentence_at(paragraph.text, start, start)
    return Finding(
        kind, message, (paragraph.id,), values, (paragraph.document,), (sentence,), paragraph.district, paragraph.year
    )
