"""Measures and documents made by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from searchkit.comparing import Comparison, tabulate
from searchkit.comparing.choosing import Candidate
from searchkit.model import Document, Measure

BINHAI = ("天津市", "滨海新区")


@pytest.fixture(scope="session")
def said() -> Callable[..., Measure]:
    """`said("a#1", "立案", 129, "件", year=…, …)`: a measure; where it starts follows from its quote unless given."""

    def make(paragraph: str, indicator: str, value: float, unit: str | None, **own: Any) -> Measure:  # noqa: ANN401
        quote = f"{indicator}{value}{unit or ''}"
        start = own.pop("start", sum(map(ord, quote)))
        fields: dict[str, Any] = {
            "base_value": value, "base_unit": unit, "bound": "exact", "kind": "count", "change": None, "period": None,
            "zero": False, "quote": quote, "end": start + len(quote), "region": BINHAI, "year": 2023,
        }  # fmt: skip
        document = paragraph.partition("#")[0]
        return Measure(
            f"{paragraph}@{start}", document, paragraph, indicator, value, unit, start=start, **{**fields, **own}
        )

    return make


@pytest.fixture(scope="session")
def tabled() -> Callable[..., Comparison]:
    """`tabled(measures)`: the table of measures, best first, with a document for each that they come from."""

    def make(measures: list[Measure], *more: Document, **axes: str) -> Comparison:
        names = {item.document: item for item in reversed(measures)}
        documents = [
            Document(
                name, year=item.year, region=item.region, agency=item.agency, doctype=item.doctype, facets=item.facets
            )
            for name, item in sorted(names.items())
        ]
        candidates = [Candidate(item, 1 - place / 100) for place, item in enumerate(measures)]
        return tabulate("立案", candidates, [*documents, *more], **axes)

    return make
