"""What is read of corpus/ and which measures are found in it, as JSON Lines.

    python tests/approval/extraction.py

writes what is so now into extraction.jsonl, to be read as a diff before it is committed. A line is a document, or a
paragraph with its measures; fields that are empty are left out, and those that a paragraph has of its document.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from searchkit.corpus.listing import list_corpus
from searchkit.corpus.reading import DocumentRead, read_corpus
from searchkit.corpus.walk import Skipped
from searchkit.measures.extractor import Extractor
from searchkit.model import to_json

CORPUS = Path(__file__).parents[2] / "corpus"
APPROVED = Path(__file__).with_suffix(".jsonl")
_OF_THE_DOCUMENT = {"document", "n", "title", "year", "agency", "region", "district", "doctype", "facets"}


def extraction() -> list[str]:
    """Read the corpus and give the lines."""
    extractor = Extractor.load()
    lines: list[str] = []
    for item in read_corpus(list_corpus(CORPUS)):
        lines += map(_line, [asdict(item)] if isinstance(item, Skipped) else _records(item, extractor))
    return lines


def _records(read: DocumentRead, extractor: Extractor) -> Iterator[Mapping[str, object]]:
    """Give a document, then its paragraphs."""
    yield to_json(read.document)
    measures = extractor.extract(read.paragraphs) if read.measures is None else read.measures
    for paragraph, own in zip(read.paragraphs, measures, strict=True):
        fields = {name: value for name, value in to_json(paragraph).items() if name not in _OF_THE_DOCUMENT}
        found = [_filled({"quote": paragraph.text[item.start : item.end], **asdict(item)}) for item in own]
        yield {**fields, "measures": found}


def _line(record: Mapping[str, object]) -> str:
    return json.dumps(_filled(record), ensure_ascii=False)


def _filled(record: Mapping[str, object]) -> dict[str, object]:
    """Leave out what is empty, and what says of a measure only where its quote is."""
    return {
        name: value
        for name, value in record.items()
        if value not in (None, "", [], {}, False) and name not in {"start", "end", "sha256"}
    }


if __name__ == "__main__":
    APPROVED.write_text("".join(f"{line}\n" for line in extraction()), encoding="utf-8")
