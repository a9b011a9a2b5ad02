"""Draws addresses of pages about government work reports, in fixed shares of kinds, for measurements of the server."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from bench.drawing import draw
from bench.pipelines import Question
from searchkit.index import Index

MIX = {"search": 70, "document": 15, "measures": 10, "compare": 5}
"""Kinds of pages, each with its share in percent."""
_MAX_MISSES = 1000
"""Drawing ends when this many consecutive draws have returned addresses that were drawn before."""
_SAMPLE = 20_000
"""Maximum number of measures whose indicators, places and years are the parameters of look-ups and comparisons."""
_NARROWED = ("", "district", "of_year")
"""Names of filters, of which a look-up or a comparison has one, chosen with equal probability. `""` means none."""


class Address(NamedTuple):
    """An address of a page."""

    kind: str
    """A key of `MIX`."""
    path: str
    """Path with parameters, without the host and the slash before the path."""


class _Statement(NamedTuple):
    """What a measure is about. Empty strings stand for an unknown district or year."""

    indicator: str
    district: str
    year: str
    """Year of the value. If that is unknown, the year of the report."""


def draw_addresses(corpus: str, data: Path, index: Path, seed: int) -> Iterator[Address]:
    """Yield different addresses, whose kinds are drawn with the shares of `MIX`. `index`: folder of an index.

    `corpus`: the corpus that the index was built from. The query of a search comes from `bench.drawing`. So does the
    query whose words are marked in a document. A look-up and a comparison ask for the indicator of a random measure,
    filtered by the place or the year of that measure or not at all. Ends if `bench.drawing` finds no more questions, or
    after `_MAX_MISSES` repeated addresses in a row.
    """
    rng = random.Random(seed)  # noqa: S311 - no secret
    questions = draw(corpus, data, seed)
    documents, statements = _read(index, rng)
    drawn: set[Address] = set()
    kinds, shares = list(MIX), list(MIX.values())
    misses = 0
    while misses < _MAX_MISSES:
        kind = rng.choices(kinds, shares)[0]
        if kind in {"search", "document"}:
            question = next(questions, None)
            if question is None:
                return
            parameters = _of_text(kind, question, documents, rng)
        else:
            parameters = _of_measure(kind, statements, rng)
        address = Address(kind, f"{kind}?{urlencode(parameters)}")
        if address in drawn:
            misses += 1
            continue
        misses = 0
        drawn.add(address)
        yield address


def _read(index: Path, rng: random.Random) -> tuple[list[str], list[_Statement]]:
    """Return the ids of the documents, and what a sample of the measures is about."""
    with Index(index) as opened:
        documents = [document.document for document in opened.documents()]
        statements = [
            _Statement(measure.indicator, measure.district or "", str(measure.of_year or measure.year or ""))
            for measure in opened.every_measure()
            if measure.indicator
        ]
    return documents, rng.sample(statements, min(_SAMPLE, len(statements)))


def _of_text(kind: str, question: Question, documents: list[str], rng: random.Random) -> Mapping[str, str]:
    """Return the parameters of a search or of a random document."""
    if kind == "search":
        return {"query": question.text, **question.filters}
    return {"query": question.text, "id": rng.choice(documents)}


def _of_measure(kind: str, statements: list[_Statement], rng: random.Random) -> Mapping[str, str]:
    """Return the parameters of a look-up or of a comparison about a random one of `statements`."""
    statement = rng.choice(statements)
    parameters = {"query": statement.indicator}
    narrowed = rng.choice(_NARROWED)
    value = {"district": statement.district, "of_year": statement.year}.get(narrowed)
    if value:
        parameters[narrowed] = value
    if kind == "compare":
        parameters["rows"] = rng.choice(("district", "district:1"))
    return parameters
