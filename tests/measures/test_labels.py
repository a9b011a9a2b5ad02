"""Extraction against hand-made labels, which `labels/README.md` describes."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from searchkit.corpus.listing import list_corpus
from searchkit.corpus.reading import ParsedDocument, read_corpus
from searchkit.measures.extractor import Extractor
from searchkit.model import ExtractedMeasure, Paragraph
from searchkit.names import MEASURE_BOUNDS, MEASURE_KINDS

LABELS = Path(__file__).parent / "labels"
MIN_SCORES = {
    "develop": {"f1": 0.985, "indicator": 0.87, "bound": 0.98, "change": 0.98},
    "hold-out": {"f1": 0.96, "indicator": 0.86, "bound": 0.98, "change": 0.96},
}
"""Minimum scores by use of the labels, slightly below what the extractor reaches now."""


def labels(use: str) -> list[dict[str, Any]]:
    """Return the contents of the label files of one use, `develop` or `hold-out`."""
    files = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(LABELS.glob("*.json"))]
    return [file for file in files if file["use"] == use]


def dice(one: str, other: str) -> float:
    """Return the Dice coefficient of the character bigrams of two phrases.

    Blanks and punctuation are ignored. A phrase of one character counts as one bigram.
    """
    a, b = (
        Counter(phrase[i : i + 2] for i in range(max(1, len(phrase) - 1)))
        for phrase in (re.sub(r"\W+", "", text) for text in (one, other))
    )
    return 2 * (a & b).total() / (a.total() + b.total())


_CHANGE = re.compile(" ?(?:[同环]比)?(?:增长|增加|提高|上升|扩大|翻番?|下降|降低|减少)(?:率|幅度)?$")
"""Words for a change at the end of a wording: a label has 工业增加值同比增长, the indicator of a measure is
工业增加值."""


def similarity(measure: ExtractedMeasure, label: dict[str, Any]) -> float:
    """Return the similarity of the indicator of a measure to the more similar of the two wordings of a label.

    If the measure is a change, the words of `_CHANGE` are removed from the wordings first.
    """
    wordings = (
        label["indicators"] if measure.change is None else [_CHANGE.sub("", item) for item in label["indicators"]]
    )
    return max(dice(measure.indicator, wording) for wording in wordings)


def is_labelled(paragraph: Paragraph, measure: ExtractedMeasure, label: dict[str, Any]) -> bool:
    """Return whether a measure is the labelled one: the quotes overlap, and base value and base unit are equal.

    If the quote of a label occurs several times in the paragraph, `nth` is the number of the labelled occurrence, from
    1. The default is the first one.
    """
    offset = -1
    for _ in range(label.get("nth", 1)):
        offset = paragraph.text.index(label["quote"], offset + 1)
    return (
        measure.start < offset + len(label["quote"])
        and offset < measure.end
        and measure.base_value == pytest.approx(label["base_value"], rel=1e-9)
        and measure.base_unit == label["base_unit"]
    )


def compare_with_labels(
    paragraph: Paragraph, extracted: tuple[ExtractedMeasure, ...], expected: list[dict[str, Any]]
) -> Counter[str]:
    """Compare the measures of a paragraph with its labels, and return counts by name.

    `found` and `missed` count labels, `spurious` counts measures without a label. `bound` and `change` count the found
    labels whose measure has the same value of that field, and `indicator` is the sum of the similarities of their
    indicators. For an unsure label, it is undecided whether there is a measure: it is neither found nor missed, and a
    measure that it labels is not spurious.
    """
    score: Counter[str] = Counter()
    remaining = list(extracted)
    for label in sorted(expected, key=lambda label: bool(label.get("unsure"))):
        matches = [measure for measure in remaining if is_labelled(paragraph, measure, label)]
        best = max(matches, key=lambda measure: similarity(measure, label), default=None)
        if best is not None:
            remaining.remove(best)
        if label.get("unsure"):
            continue
        if best is None:
            score["missed"] += 1
            continue
        score["found"] += 1
        score["indicator"] += similarity(best, label)  # type: ignore[assignment]
        score["bound"] += best.bound == label["bound"]
        score["change"] += best.change == label["change"]
    score["spurious"] += len(remaining)
    return score


@pytest.fixture(scope="module")
def reports(shared: Path) -> dict[str, tuple[Paragraph, ...]]:
    """Return the paragraphs of the labelled reports by document. Skips the tests if a report is missing."""
    folder = shared / "corpus" / "gov"
    names = {file["document"] for use in MIN_SCORES for file in labels(use)}
    if not all((folder / name).is_file() for name in names):
        pytest.skip("the labelled work reports are missing")
    listing = list_corpus(folder)
    selected = type(listing)(tuple(item for item in listing.documents if item.name in names), ())
    parsed_documents = [parsed for parsed in read_corpus(selected) if isinstance(parsed, ParsedDocument)]
    return {parsed.document.document: parsed.paragraphs for parsed in parsed_documents}


@pytest.mark.parametrize("use", MIN_SCORES)
def test_labelled_reports_reach_the_minimum_scores(reports: dict[str, tuple[Paragraph, ...]], use: str) -> None:
    """Both the develop reports, which the rules were written with, and the hold-out reports reach `MIN_SCORES`."""
    extractor = Extractor.load()
    score: Counter[str] = Counter()
    for file in labels(use):
        paragraphs = reports[file["document"]]
        measures = extractor.extract(paragraphs)
        for expected in file["paragraphs"]:
            index = next(n for n, paragraph in enumerate(paragraphs) if paragraph.text.startswith(expected["starts"]))
            score += compare_with_labels(paragraphs[index], measures[index], expected["measures"])
    found = score["found"]
    precision, recall = found / (found + score["spurious"]), found / (found + score["missed"])
    scores = {key: score[key] / found for key in ("indicator", "bound", "change")}
    scores["f1"] = 2 * precision * recall / (precision + recall)
    assert all(scores[key] >= minimum for key, minimum in MIN_SCORES[use].items()), f"{scores}, {precision=}, {recall=}"


def test_labels_are_complete() -> None:
    """Each use has four files with over 100 labels. A label has all `fields`, two wordings, a valid bound and kind."""
    fields = {"quote", "value", "unit", "base_value", "base_unit", "bound", "kind", "change", "period", "indicators"}
    for use in MIN_SCORES:
        files = labels(use)
        assert len(files) == 4
        all_labels = [label for file in files for paragraph in file["paragraphs"] for label in paragraph["measures"]]
        assert len(all_labels) > 100
        for label in all_labels:
            assert fields <= label.keys()
            assert len(label["indicators"]) == 2
            assert (label["bound"] in MEASURE_BOUNDS, label["kind"] in MEASURE_KINDS) == (True, True)


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
def test_the_dice_coefficient_of_bigrams(one: str, other: str, expected: float) -> None:
    """The coefficient is 1 for equal phrases and 0 for phrases without a common bigram. Blanks are ignored."""
    assert dice(one, other) == pytest.approx(expected)
