"""Converts the stored content of OpenSearch documents back to records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from searchkit.engines.opensearch.mapping import StoredRecord
from searchkit.model import ExtractedMeasure, Measure, Paragraph, TableCell, paragraph_from_json

_decoder = msgspec.json.Decoder(StoredRecord)


def parse_record(source: Mapping[str, Any]) -> StoredRecord:
    """Return the record in the stored content of a paragraph. Raises msgspec.MsgspecError or KeyError."""
    return _decoder.decode(source["record"])


def paragraph_of(record: StoredRecord) -> Paragraph:
    """Return the paragraph of a record."""
    return paragraph_from_json(record.paragraph)


def extracted_measures(record: StoredRecord) -> tuple[ExtractedMeasure, ...]:
    """Return the measures of a record, in the order of the text."""
    return tuple(
        ExtractedMeasure(**{**measure, "cell": measure["cell"] and _cell(measure["cell"])})
        for measure in record.measures
    )


def measures_of(record: StoredRecord, paragraph: Paragraph) -> tuple[Measure, ...]:
    """Return the measures of a record with their paragraph."""
    return tuple(Measure(measure, paragraph) for measure in extracted_measures(record))


def _cell(data: Mapping[str, Any]) -> TableCell:
    return TableCell(**{**data, "row": tuple(data["row"]), "column": tuple(data["column"])})
