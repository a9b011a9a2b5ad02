"""The documents, paragraphs and measures of corpus/ as JSON Lines.

    python tests/approval/extraction.py

writes the current result to extraction.jsonl. Review the diff before you commit it. Each line is a document, a skipped
file, or a paragraph with its measures. Empty fields (also False and 0), offsets and checksums are left out, and so are
the number of a paragraph and the fields that it shares with its document.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from searchkit.corpus.listing import list_corpus
from searchkit.corpus.reading import ParsedDocument, read_corpus
from searchkit.corpus.walk import Skipped
from searchkit.measures.extractor import Extractor
from searchkit.model import to_json

CORPUS = Path(__file__).parents[2] / "corpus"
APPROVED = Path(__file__).with_suffix(".jsonl")
_DOCUMENT_FIELDS = {"document", "n", "title", "year", "agency", "region", "district", "doctype", "facets"}


def extraction() -> list[str]:
    """Read corpus/ and return the lines of its documents, skipped files and paragraphs."""
    extractor = Extractor.load()
    lines: list[str] = []
    for item in read_corpus(list_corpus(CORPUS)):
        lines += map(_line, [asdict(item)] if isinstance(item, Skipped) else _records(item, extractor))
    return lines


def _records(parsed: ParsedDocument, extractor: Extractor) -> Iterator[Mapping[str, object]]:
    """Yield the record of a document, then the records of its paragraphs."""
    yield to_json(parsed.document)
    measures = extractor.extract(parsed.paragraphs, parsed.tables) if parsed.measures is None else parsed.measures
    for paragraph, extracted in zip(parsed.paragraphs, measures, strict=True):
        fields = {name: value for name, value in to_json(paragraph).items() if name not in _DOCUMENT_FIELDS}
        measure_records = [
            _drop_empty({"quote": paragraph.text[item.start : item.end], **asdict(item)}) for item in extracted
        ]
        yield {**fields, "measures": measure_records}


def _line(record: Mapping[str, object]) -> str:
    return json.dumps(_drop_empty(record), ensure_ascii=False)


def _drop_empty(record: Mapping[str, object]) -> dict[str, object]:
    """Return a record without empty fields (also False and 0), offsets and checksums. Inner records are not changed."""
    return {
        name: value
        for name, value in record.items()
        if value not in (None, "", [], {}, False) and name not in {"start", "end", "sha256"}
    }


if __name__ == "__main__":
    APPROVED.write_text("".join(f"{line}\n" for line in extraction()), encoding="utf-8")
