"""Extraction against labels made by hand, which `labels/README.md` describes."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from searchkit.corpus.listing import list_corpus
from searchkit.corpus.reading import DocumentRead, read_corpus
from searchkit.measures.extractor import Extractor
from searchkit.model import BOUNDS, KINDS, ExtractedMeasure, Paragraph

LABELS = Path(__file__).parent / "labels"
FLOORS = {
    "develop": {"f1": 0.985, "indicator": 0.87, "bound": 0.98, "change": 0.98},
    "hold-out": {"f1": 0.96, "indicator": 0.86, "bound": 0.98, "change": 0.96},
}
"""A little below what is reached."""


def labels(use: str) -> list[dict[str, Any]]:
    """Give the label files for one use."""
    files = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(LABELS.glob("*.json"))]
    return [file for file in files if file["use"] == use]


def dice(one: str, other: str) -> float:
    """Twice the pairs of neighbouring characters that two phrases share, over all that they have."""
    a, b = (
        Counter(phrase[i : i + 2] for i in range(max(1, len(phrase) - 1)))
        for phrase in (re.sub(r"\W+", "", text) for text in (one, other))
    )
    return 2 * (a & b).total() / (a.total() + b.total())


def likeness(measure: ExtractedMeasure, label: dict[str, Any]) -> float:
    """Say how near an indicator comes to the nearer wording of a label."""
    return max(dice(measure.indicator, wording) for wording in label["indicators"])


def holds(paragraph: Paragraph, measure: ExtractedMeasure, label: dict[str, Any]) -> bool:
    """Whether a measure is the labelled one: its quote ends around the label's, base value and unit are the same."""
    at = -1
    for _ in range(label.get("nth", 1)):
        at = paragraph.text.index(label["quote"], at + 1)
    return (
        measure.start < at + len(label["quote"])
        and at < measure.end
        and measure.base_value == pytest.approx(label["base_value"], rel=1e-9)
        and measure.base_unit == label["base_unit"]
    )


def judge(paragraph: Paragraph, found: tuple[ExtractedMeasure, ...], wanted: list[dict[str, Any]]) -> Counter[str]:
    """Count what of one paragraph is found, missed and invented, and how much of the found is right."""
    score: Counter[str] = Counter()
    left = list(found)
    for label in sorted(wanted, key=lambda label: bool(label.get("unsure"))):
        fits = [measure for measure in left if holds(paragraph, measure, label)]
        best = max(fits, key=lambda measure: likeness(measure, label), default=None)
        if best is not None:
            left.remove(best)
        if label.get("unsure"):
            continue
        if best is None:
            score["missed"] += 1
            continue
        score["found"] += 1
        score["indicator"] += likeness(best, label)  # type: ignore[assignment]
        score["bound"] += best.bound == label["bound"]
        score["change"] += best.change == label["change"]
    score["invented"] += len(left)
    return score


@pytest.fixture(scope="module")
def reports(shared: Path) -> dict[str, tuple[Paragraph, ...]]:
    """Give the paragraphs of the labelled reports by document."""
    folder = shared / "corpus" / "gov"
    names = {file["document"] for use in FLOORS for file in labels(use)}
    if not all((folder / name).is_file() for name in names):
        pytest.skip("the labelled work reports are not there")
    listing = list_corpus(folder)
    wanted = type(listing)(tuple(found for found in listing.documents if found.name in names), ())
    reads = [read for read in read_corpus(wanted) if isinstance(read, DocumentRead)]
    return {read.document.document: read.paragraphs for read in reads}


@pytest.mark.parametrize("use", FLOORS)
def test_labels(reports: dict[str, tuple[Paragraph, ...]], use: str) -> None:
    """Measures are found and named as well as promised, in reports that were looked at and in those that were not."""
    extractor = Extractor.load()
    score: Counter[str] = Counter()
    for file in labels(use):
        paragraphs = reports[file["document"]]
        measures = extractor.extract(paragraphs)
        for wanted in file["paragraphs"]:
            place = next(n for n, paragraph in enumerate(paragraphs) if paragraph.text.startswith(wanted["starts"]))
            score += judge(paragraphs[place], measures[place], wanted["measures"])
    found = score["found"]
    precision, recall = found / (found + score["invented"]), found / (found + score["missed"])
    reached = {key: score[key] / found for key in ("indicator", "bound", "change")}
    reached["f1"] = 2 * precision * recall / (precision + recall)
    assert all(reached[key] >= floor for key, floor in FLOORS[use].items()), f"{reached}, {precision=}, {recall=}"


def test_labels_are_whole() -> None:
    """Each use has four reports, and every label has its fields and two wordings."""
    fields = {"quote", "value", "unit", "base_value", "base_unit", "bound", "kind", "change", "period", "indicators"}
    for use in FLOORS:
        files = labels(use)
        assert len(files) == 4
        found = [label for file in files for paragraph in file["paragraphs"] for label in paragraph["measures"]]
        assert len(found) > 100
        for label in found:
            assert fields <= label.keys()
            assert len(label["indicators"]) == 2
            assert (label["bound"] in BOUNDS, label["kind"] in KINDS) == (True, True)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("立案处罚", "立案处罚", 1),
        ("立案 处罚", "立案处罚", 1),
        ("立案", "处罚", 0),
        ("立案处罚", "立案", 0.5),
        ("案", "案", 1),
    ],
)
def test_likeness(one: str, other: str, expected: float) -> None:
    """The measure itself: 1 for the same words, 0 for none in common, blanks do not count."""
    assert dice(one, other) == pytest.approx(expected)
