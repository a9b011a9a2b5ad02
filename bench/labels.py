"""Scores extracted measures against labels made by hand, which tests/measures/labels/README.md describes.

A label is matched by a measure of its paragraph that overlaps the quote of the label and has the same base value and
base unit. Of several such measures, the one with the most similar indicator matches. A measure matches at most one
label. Labels marked as unsure, and the measures that match them, are not counted.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from searchkit.corpus.reading import ParsedDocument
from searchkit.measures.extractor import Extractor
from searchkit.model import ExtractedMeasure, Paragraph

FOLDER = Path(__file__).parents[1] / "tests" / "measures" / "labels"
"""Folder of the labels, one JSON file per report."""
USES = ("develop", "hold-out")
"""Uses of labels: for the development of rules, or only for their evaluation."""
DEVELOP = USES[0]
FIELDS = ("bound", "change", "kind", "period")
"""Attributes that are compared in addition to base value, base unit and indicator."""
MIN_SIMILARITY = 0.5
"""Similarity of indicators below which a measure is listed as a mismatch."""
_TOLERANCE = 1e-9
"""Maximum difference between values that count as equal: relative to values above 1, absolute otherwise."""

Label = Mapping[str, Any]
"""A measure as a person labelled it, parsed from JSON. tests/measures/labels/README.md describes the fields."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A difference between a measure and a label."""

    kind: str
    """`missed`, `not labelled`, `indicator`, or a name of `FIELDS`."""
    document: str
    got: str
    """What was extracted; empty if no measure matches the label."""
    wanted: str
    """What the label says; empty if the measure matches no label."""


@dataclass(slots=True)
class Score:
    """Counts over the labelled paragraphs of some documents."""

    labels: int = 0
    """Number of labels, without those marked as unsure."""
    found: int = 0
    """Number of labels that a measure matches."""
    extra: int = 0
    """Number of extracted measures that match no label, not even one marked as unsure."""
    similarity: float = 0.0
    """Sum over the found labels of the similarity between the measure's indicator and the nearest labelled wording."""
    right: Counter[str] = field(default_factory=Counter)
    """Name of `FIELDS` → number of found labels whose measure has the same value of this attribute."""
    mismatches: list[Mismatch] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return counts, and numbers between 0 and 1.

        `indicator` is the mean similarity over the found labels. `bound`, `change` … are the shares of the found labels
        that their measures agree with.
        """
        extracted = self.found + self.extra
        out: dict[str, Any] = {"labels": self.labels, "found": self.found, "extra": self.extra}
        out["precision"], out["recall"] = _share(self.found, extracted), _share(self.found, self.labels)
        out["f1"] = _share(2 * self.found, extracted + self.labels)
        out["indicator"] = _share(self.similarity, self.found)
        return out | {name: _share(self.right[name], self.found) for name in FIELDS}


def score_extractor(use: str, documents: Mapping[str, ParsedDocument], extractor: Extractor) -> Score:
    """Score an extractor on the documents labelled for a use.

    Raises KeyError if such a document, a labelled paragraph of it or a quote in the paragraph is missing.
    """
    score = Score()
    for path in sorted(FOLDER.glob("*.json")):
        file = json.loads(path.read_text(encoding="utf-8"))
        if file["use"] == use:
            parsed = documents[file["document"]]
            paragraphs = [_find_paragraph(parsed.paragraphs, labelled["starts"]) for labelled in file["paragraphs"]]
            for labelled, paragraph in zip(file["paragraphs"], paragraphs, strict=True):
                (measures,) = extractor.extract([paragraph])
                _score_paragraph(score, paragraph, measures, labelled["measures"])
    return score


def dice(first: str, second: str) -> float:
    """Return Dice's coefficient of the character bigrams of two strings, 0 to 1. Ignores all but word characters."""
    one, other = _bigrams(first), _bigrams(second)
    return 2 * (one & other).total() / ((one.total() + other.total()) or 1)


def _score_paragraph(
    score: Score, paragraph: Paragraph, measures: Sequence[ExtractedMeasure], labels: Sequence[Label]
) -> None:
    """Compare the measures of a paragraph with its labels, and add the result to `score`.

    A measure matches at most one label. Labels marked as unsure come last, so they only take measures that are left.
    """
    unmatched = list(measures)
    for label in sorted(labels, key=lambda label: bool(label.get("unsure"))):
        matches = list(_find_matches(unmatched, label, _find_span(paragraph.text, label["quote"], label["nth"])))
        best = max(matches, key=lambda measure: _similarity(measure, label), default=None)
        if best is not None:
            unmatched.remove(best)
        if label.get("unsure"):
            continue
        score.labels += 1
        if best is None:
            wanted = f"{label['quote']} {label['indicators'][0]}"
            score.mismatches.append(Mismatch("missed", paragraph.document, "", wanted))
        else:
            _compare(score, paragraph.document, best, label)
    score.extra += len(unmatched)
    score.mismatches += [
        Mismatch("not labelled", paragraph.document, f"{measure.value} {measure.unit or ''} {measure.indicator}", "")
        for measure in unmatched
    ]


def _find_matches(
    measures: Sequence[ExtractedMeasure], label: Label, span: tuple[int, int]
) -> Iterator[ExtractedMeasure]:
    """Yield the measures that overlap a span and have the base value and base unit of a label."""
    for measure in measures:
        overlaps = measure.start < span[1] and span[0] < measure.end
        distance = abs(measure.base_value - label["base_value"])
        if (
            overlaps
            and distance <= _TOLERANCE * max(1, abs(label["base_value"]))
            and measure.base_unit == label["base_unit"]
        ):
            yield measure


def _compare(score: Score, document: str, measure: ExtractedMeasure, label: Label) -> None:
    """Compare a measure with the label that it matches, and add the result to `score`."""
    score.found += 1
    similarity = _similarity(measure, label)
    score.similarity += similarity
    if similarity < MIN_SIMILARITY:
        wanted = f"{label['quote']} {' | '.join(label['indicators'])}"
        score.mismatches.append(Mismatch("indicator", document, measure.indicator, wanted))
    for name in FIELDS:
        got, wanted = getattr(measure, name), label[name]
        score.right[name] += got == wanted
        if got != wanted:
            score.mismatches.append(Mismatch(name, document, f"{got}", f"{wanted}, {label['quote']}"))


def _similarity(measure: ExtractedMeasure, label: Label) -> float:
    """Return the similarity, 0 to 1, of the indicator of a measure and the nearest of the labelled wordings."""
    return max(dice(measure.indicator, wording) for wording in label["indicators"])


def _find_paragraph(paragraphs: Sequence[Paragraph], starts: str) -> Paragraph:
    """Return the first paragraph that starts with a string. Raises KeyError if there is none."""
    for paragraph in paragraphs:
        if paragraph.text.startswith(starts):
            return paragraph
    raise KeyError(f"no paragraph starts with {starts}")


def _find_span(text: str, quote: str, nth: int) -> tuple[int, int]:
    """Return the span of the `nth` occurrence of a quote, counted from 1. Raises KeyError if there is none."""
    start = -1
    for _ in range(nth):
        start = text.find(quote, start + 1)
        if start < 0:
            raise KeyError(f"{quote} does not occur {nth} times in its paragraph")
    return start, start + len(quote)


def _bigrams(text: str) -> Counter[str]:
    """Count the bigrams of the word characters of a string. A string of at most one such character is one bigram."""
    text = re.sub(r"\W", "", text)
    return Counter(text[start : start + 2] for start in range(max(1, len(text) - 1)))


def _share(part: float, whole: float) -> float:
    """Return the ratio of a part to the whole, rounded. It is 0 if the whole is 0."""
    return round(part / whole, 4) if whole else 0.0
