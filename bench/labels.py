"""Figures found, against those labelled by hand in tests/measures/labels: its README says what a label holds.

A label is found by a figure of its paragraph that stands on the label's number and has its base value and base unit;
of several the one with the nearest name. Labels marked unsure count for neither side.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from searchkit.corpus.reading import DocumentRead
from searchkit.measures.extractor import Extractor
from searchkit.model import ExtractedMeasure, Paragraph

FOLDER = Path(__file__).parents[1] / "tests" / "measures" / "labels"
DEVELOP, _ = USES = ("develop", "hold-out")
"""What labels are for: to be looked at while rules are written, or only to be measured with."""
FIELDS = ("bound", "change", "kind", "period")
"""What must be right besides value and unit."""
POOR = 0.5
"""Likeness of names below which a figure is listed as a failure."""
_EXACT = 1e-9  # relative difference of equal values

Label = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """One figure that is not as it is labelled."""

    kind: str
    document: str
    got: str
    wanted: str


@dataclass(slots=True)
class Score:
    """What was counted over the paragraphs of some documents."""

    labels: int = 0
    found: int = 0
    extra: int = 0
    """Figures found that are not labelled."""
    likeness: float = 0.0
    """Sum, over the labels found, of the likeness of the name to the nearest wording."""
    right: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Shares between 0 and 1; `bound`, `change` … and `indicator` are of the labels found."""
        given = self.found + self.extra
        out: dict[str, Any] = {"labels": self.labels, "found": self.found, "extra": self.extra}
        out["precision"], out["recall"] = _share(self.found, given), _share(self.found, self.labels)
        out["f1"] = _share(2 * self.found, given + self.labels)
        out["indicator"] = _share(self.likeness, self.found)
        return out | {name: _share(self.right[name], self.found) for name in FIELDS}


def score(use: str, documents: Mapping[str, DocumentRead], extractor: Extractor) -> Score:
    """Score what is found in the documents labelled for a use. Raises KeyError if a document or label is not there."""
    total = Score()
    for path in sorted(FOLDER.glob("*.json")):
        file = json.loads(path.read_text(encoding="utf-8"))
        if file["use"] == use:
            read = documents[file["document"]]
            paragraphs = [_paragraph(read.paragraphs, labelled["starts"]) for labelled in file["paragraphs"]]
            for labelled, paragraph in zip(file["paragraphs"], paragraphs, strict=True):
                (figures,) = extractor.extract([paragraph])
                _score(total, paragraph, figures, labelled["measures"])
    return total


def dice(first: str, second: str) -> float:
    """Dice's coefficient of the character bigrams of two names, 0 to 1; signs and blanks do not count."""
    one, other = _bigrams(first), _bigrams(second)
    return 2 * (one & other).total() / ((one.total() + other.total()) or 1)


def _score(total: Score, paragraph: Paragraph, figures: Sequence[ExtractedMeasure], labels: Sequence[Label]) -> None:
    left = list(figures)
    for label in sorted(labels, key=lambda label: bool(label.get("unsure"))):
        fits = list(_fits(left, label, _place(paragraph.text, label["quote"], label["nth"])))
        best = max(fits, key=lambda figure: _likeness(figure, label), default=None)
        if best is not None:
            left.remove(best)
        if label.get("unsure"):
            continue
        total.labels += 1
        if best is None:
            wanted = f"{label['quote']} {label['indicators'][0]}"
            total.failures.append(Failure("missed", paragraph.document, "", wanted))
        else:
            _compare(total, paragraph.document, best, label)
    total.extra += len(left)
    total.failures += [
        Failure("not labelled", paragraph.document, f"{figure.value} {figure.unit or ''} {figure.indicator}", "")
        for figure in left
    ]


def _fits(figures: Sequence[ExtractedMeasure], label: Label, place: tuple[int, int]) -> Iterator[ExtractedMeasure]:
    """The figures that stand on a place and have the value of a label."""
    for figure in figures:
        is_there = figure.start < place[1] and place[0] < figure.end
        distance = abs(figure.base_value - label["base_value"])
        if (
            is_there
            and distance <= _EXACT * max(1, abs(label["base_value"]))
            and figure.base_unit == label["base_unit"]
        ):
            yield figure


def _compare(total: Score, document: str, figure: ExtractedMeasure, label: Label) -> None:
    total.found += 1
    likeness = _likeness(figure, label)
    total.likeness += likeness
    if likeness < POOR:
        wanted = f"{label['quote']} {' | '.join(label['indicators'])}"
        total.failures.append(Failure("indicator", document, figure.indicator, wanted))
    for name in FIELDS:
        got, wanted = getattr(figure, name), label[name]
        total.right[name] += got == wanted
        if got != wanted:
            total.failures.append(Failure(name, document, f"{got}", f"{wanted}, {label['quote']}"))


def _likeness(figure: ExtractedMeasure, label: Label) -> float:
    return max(dice(figure.indicator, wording) for wording in label["indicators"])


def _paragraph(paragraphs: Sequence[Paragraph], starts: str) -> Paragraph:
    for paragraph in paragraphs:
        if paragraph.text.startswith(starts):
            return paragraph
    raise KeyError(f"no paragraph begins with {starts}")


def _place(text: str, quote: str, nth: int) -> tuple[int, int]:
    """Where a quote stands for the nth time, counted from 1."""
    start = -1
    for _ in range(nth):
        start = text.find(quote, start + 1)
        if start < 0:
            raise KeyError(f"{quote} does not stand {nth} times in its paragraph")
    return start, start + len(quote)


def _bigrams(name: str) -> Counter[str]:
    name = re.sub(r"\W", "", name)
    return Counter(name[place : place + 2] for place in range(max(1, len(name) - 1)))


def _share(part: float, whole: float) -> float:
    return round(part / whole, 4) if whole else 0.0
