"""Several segments as one: their columns one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from searchkit.engines.columnar.arrays import Array
from searchkit.engines.columnar.columns import Codes, Columns, MeasureArrays
from searchkit.engines.columnar.postings import HEADING, TITLE, Pairs, concatenated


def merged(parts: Sequence[Columns]) -> Columns:
    """The documents of all parts, in the order of the parts."""
    paths, path_numbers = _united([part.paths for part in parts])
    terms, term_numbers = _united([part.terms for part in parts])
    documents = np.cumsum([0, *(len(part.documents) for part in parts)])
    paragraphs = np.cumsum([0, *(len(part.n) for part in parts)])
    pairs = [
        _moved(part, term_numbers[i], {"": paragraphs[i], TITLE: documents[i], HEADING: path_numbers[i]})
        for i, part in enumerate(parts)
    ]

    def every(name: str) -> list[Any]:
        """A list of all parts."""
        return list(chain.from_iterable(getattr(part, name) for part in parts))

    def column(name: str) -> Array:
        """An array of all parts."""
        return np.concatenate([getattr(part, name) for part in parts])

    return Columns(
        files=every("files"),
        documents=every("documents"),
        document_of=np.concatenate([part.document_of + first for part, first in zip(parts, documents, strict=False)]),
        n=column("n"),
        page=column("page"),
        is_record=column("is_record"),
        length=column("length"),
        numbers=every("numbers"),
        kinds=every("kinds"),
        paths=paths,
        path_of=np.concatenate([numbers[part.path_of] for part, numbers in zip(parts, path_numbers, strict=True)]),
        text=column("text"),
        text_length=column("text_length"),
        terms=terms,
        pairs=[_distinct(concatenated(pairs))],
        measures=_measures([part.measures for part in parts]),
    )


def _measures(parts: Sequence[MeasureArrays]) -> MeasureArrays:
    indicators, indicator_numbers = _united([part.indicators for part in parts])
    traits, traits_numbers = _united([part.traits for part in parts])
    plain = ("per_paragraph", "start", "length", "part_of", "value", "base_value")
    coded = (("indicator_of", indicator_numbers), ("traits_of", traits_numbers))
    return MeasureArrays(
        indicators=indicators,
        traits=traits,
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in plain},
        **{
            name: np.concatenate([own[getattr(part, name)] for part, own in zip(parts, numbers, strict=True)])
            for name, numbers in coded
        },
    )


def _united(lists: Iterable[Sequence[Any]]) -> tuple[list[Any], list[Array]]:
    """The different values of several lists, and for each list the new numbers of its values."""
    codes = Codes()
    numbers = [codes.codes(values) for values in lists]
    return codes.values, numbers


def _moved(part: Columns, term_numbers: Array, holders: dict[str, Array]) -> Pairs:
    """The pairs of a part with their new numbers: `holders` has for each field a shift, or the new number of each."""
    first = [term[:1] for term in part.terms]
    pairs = concatenated(part.pairs)
    field = np.array([first_of if first_of in holders else "" for first_of in first], "U1")[pairs.term]
    holder = pairs.holder + holders[""]
    is_title, is_heading = field == TITLE, field == HEADING
    holder[is_title] = pairs.holder[is_title] + holders[TITLE]
    holder[is_heading] = holders[HEADING][pairs.holder[is_heading]]
    return Pairs(term_numbers[pairs.term], holder, pairs.tf, pairs.in_text)


def _distinct(pairs: Pairs) -> Pairs:
    """Without repetitions: parts may share heading paths, and so their terms."""
    _, first = np.unique(pairs.term.astype(np.int64) << 16 | pairs.holder, return_index=True)
    return pairs.take(first)
