"""Compares extraction with hand-annotated reports, by the scorer that comes with them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from searchkit.corpus.listing import list_corpus
from searchkit.corpus.reading import ParsedDocument, read_corpus
from searchkit.measures.extractor import Extractor
from searchkit.model import Document, Measure, Paragraph, to_json

MIN_SCORES = {"measures_f1": 0.98, "base": 0.99, "bound": 0.98, "change": 0.98, "indicator": 0.85}
"""Minimum scores: F1 of the measures, and the shares of the found measures whose base value, bound, change or indicator
is right."""


def write(path: Path, records: Iterable[Document | Paragraph | Measure]) -> Path:
    """Write records as JSON Lines and return the path."""
    lines = (json.dumps(to_json(record), ensure_ascii=False) + "\n" for record in records)
    path.write_text("".join(lines), encoding="utf-8")
    return path


def test_annotated_reports_reach_the_minimum_scores(shared: Path, tmp_path: Path) -> None:
    """On real reports, measures, base values, bounds, changes and indicators reach `MIN_SCORES`."""
    scorer = shared / "tools" / "score_reports.py"
    if not scorer.is_file():
        pytest.skip("the scorer of the annotated reports is missing")
    seeds = list_corpus(shared / "corpus" / "seeds")
    parsed_documents = [parsed for parsed in read_corpus(seeds) if isinstance(parsed, ParsedDocument)]
    extractor = Extractor.load()
    measures = [
        Measure(measure, paragraph)
        for parsed in parsed_documents
        for paragraph, extracted in zip(parsed.paragraphs, extractor.extract(parsed.paragraphs), strict=True)
        for measure in extracted
    ]
    documents = write(tmp_path / "documents.jsonl", (parsed.document for parsed in parsed_documents))
    paragraphs = write(
        tmp_path / "paragraphs.jsonl", (item for parsed in parsed_documents for item in parsed.paragraphs)
    )
    command = [sys.executable, str(scorer), "--gold", str(shared / "gold"), "--json"]
    command += ["--documents", str(documents), "--paragraphs", str(paragraphs)]
    command += ["--measures", str(write(tmp_path / "measures.jsonl", measures))]
    run = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    scores = json.loads(run.stdout)
    assert all(scores[key] >= minimum for key, minimum in MIN_SCORES.items()), scores
