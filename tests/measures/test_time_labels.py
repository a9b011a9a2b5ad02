"""The labels of times and statuses are valid.

`bench/times.py` drew measures and paragraphs at random, and a person wrote their labels.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

FIELDS = ("of_year", "since", "part", "stock", "status")
LABELS = json.loads((Path(__file__).parent / "times" / "labels.json").read_text(encoding="utf-8"))
MEASURES = [label for label in LABELS["measures"] if "skip" not in label]
"""The labels of measures. `skip` is the reason why what was drawn is not a measure and has no label."""


def _is_valid(field: str, value: object) -> bool:
    if field == "stock":
        return isinstance(value, bool)
    if field == "status":
        return value in ("actual", "target", "rule", "before")
    if field == "part":
        return value is None or re.fullmatch(r"(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|1[0-2]))?", str(value)) is not None
    return value is None or (isinstance(value, int) and 1900 < value < 2100)


@pytest.mark.parametrize("label", MEASURES, ids=lambda label: label["id"])
def test_measure_has_valid_fields(label: dict[str, object]) -> None:
    """A label has all fields, an alternative (`accept`) has some of them, and all values are valid."""
    alternatives = label.get("accept", [])
    assert isinstance(alternatives, list)
    for fields in ({name: label[name] for name in FIELDS}, *alternatives):
        assert all(name in FIELDS and _is_valid(name, value) for name, value in fields.items())


def test_alternatives_differ_from_the_label() -> None:
    """An alternative is another answer than the label, and no two alternatives are equal."""
    for label in MEASURES:
        answers = [tuple((label | other)[name] for name in FIELDS) for other in ({}, *label.get("accept", []))]
        assert len(set(answers)) == len(answers), label["id"]


def test_spans_end_after_they_start() -> None:
    """`since` is None or before `of_year`."""
    for label in MEASURES:
        assert label["since"] is None or label["since"] < label["of_year"], label["id"]


def test_paragraph_years_ascend() -> None:
    """The years of a paragraph, and of each alternative, are ascending, without repetition."""
    for label in LABELS["paragraphs"]:
        for years in (label["of_year"], *(other["of_year"] for other in label.get("accept", []))):
            assert years == sorted(set(years)), label["id"]


def test_ids_are_unique_and_uses_follow_the_document() -> None:
    """No id occurs twice.

    The id of a document decides the use of all labels of the document: rules are developed with them, or they are held
    out to score the rules.
    """
    for labels in LABELS.values():
        assert len({label["id"] for label in labels}) == len(labels)
        for label in labels:
            document = label["id"].partition("#")[0]
            odd = hashlib.sha256(document.encode()).digest()[0] % 2
            assert label["use"] == ("develop", "hold-out")[odd], label["id"]
