"""Merges the columns of several segments into the columns of one segment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from searchkit.engines.columnar.arrays import Array
from searchkit.engines.columnar.cells import merge_cells
from searchkit.engines.columnar.columns import DictEncoder, MeasureArrays, SegmentColumns
from searchkit.engines.columnar.postings import (
    HEADING_TERM_PREFIX,
    TITLE_TERM_PREFIX,
    PostingEntries,
    concatenate_entries,
)
from searchkit.engines.columnar.tables import merge_tables

_LISTS = ("files", "documents", "printed_numbers", "section_topics", "of_years")
_ARRAYS = ("n", "page", "is_record", "length", "own_headings", "key", "text", "text_length")
"""Names of the columns that are concatenated unchanged. In the other columns, indices are renumbered."""


def merge_columns(parts: Sequence[SegmentColumns]) -> SegmentColumns:
    """Return the columns of one segment with the documents of all parts, in the order of the parts."""
    paths, path_codes = _merge_values([part.paths for part in parts])
    terms, term_codes = _merge_values([part.terms for part in parts])
    document_bases = np.cumsum([0, *(len(part.documents) for part in parts)])
    doc_bases = np.cumsum([0, *(len(part.n) for part in parts)])
    entries = [
        _renumber(
            part,
            term_codes[i],
            {"": doc_bases[i], TITLE_TERM_PREFIX: document_bases[i], HEADING_TERM_PREFIX: path_codes[i]},
        )
        for i, part in enumerate(parts)
    ]
    lists: dict[str, Any] = {name: list(chain.from_iterable(getattr(part, name) for part in parts)) for name in _LISTS}
    arrays: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS}
    return SegmentColumns(
        **lists,
        **arrays,
        document_of=np.concatenate(
            [part.document_of + base for part, base in zip(parts, document_bases, strict=False)]
        ),
        paths=paths,
        path_of=np.concatenate([codes[part.path_of] for part, codes in zip(parts, path_codes, strict=True)]),
        terms=terms,
        entries=[_drop_duplicates(concatenate_entries(entries))],
        measures=_merge_measures([part.measures for part in parts]),
        tables=merge_tables([part.tables for part in parts], doc_bases),
    )


def _merge_measures(parts: Sequence[MeasureArrays]) -> MeasureArrays:
    """Concatenate the measures of several segments. Codes are renumbered for the distinct values of all segments."""
    indicators, indicator_codes = _merge_values([part.indicators for part in parts])
    attributes, attributes_codes = _merge_values([part.attributes for part in parts])
    times, time_codes = _merge_values([part.times for part in parts])
    plain = ("count_per_doc", "start", "length", "part_of", "value", "base_value")
    encoded = (("indicator_of", indicator_codes), ("attributes_of", attributes_codes), ("time_of", time_codes))
    arrays: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in plain}
    for name, part_codes in encoded:
        arrays[name] = np.concatenate(
            [codes[getattr(part, name)] for part, codes in zip(parts, part_codes, strict=True)]
        )
    return MeasureArrays(
        indicators=indicators,
        attributes=attributes,
        times=times,
        **arrays,
        cells=merge_cells([part.cells for part in parts], [len(part.start) for part in parts]),
    )


def _merge_values(lists: Iterable[Sequence[Any]]) -> tuple[list[Any], list[Array]]:
    """Return the distinct values of several lists, and for each list the indices of its values among them."""
    encoder = DictEncoder()
    codes = [encoder.encode_all(values) for values in lists]
    return encoder.values, codes


def _renumber(part: SegmentColumns, term_codes: Array, new_docs: dict[str, Array]) -> PostingEntries:
    """Return the entries of a part with their terms and docs renumbered for the merged columns.

    `term_codes`: the new index of each term. `new_docs`: how `PostingEntries.doc` is renumbered, by the prefix of the
    term. For terms without a prefix ("") and of titles, the number to add; for terms of headings, the new index of each
    heading path.
    """
    prefixes = [term[:1] for term in part.terms]
    entries = concatenate_entries(part.entries)
    field = np.array([prefix if prefix in new_docs else "" for prefix in prefixes], "U1")[entries.term]
    doc = entries.doc + new_docs[""]
    is_title, is_heading = field == TITLE_TERM_PREFIX, field == HEADING_TERM_PREFIX
    doc[is_title] = entries.doc[is_title] + new_docs[TITLE_TERM_PREFIX]
    doc[is_heading] = new_docs[HEADING_TERM_PREFIX][entries.doc[is_heading]]
    return PostingEntries(term_codes[entries.term], doc, entries.tf, entries.in_passage)


def _drop_duplicates(entries: PostingEntries) -> PostingEntries:
    """Drop repeated entries. If several parts have the same heading path, each has the entries of the path's terms."""
    keys = entries.term.astype(np.int64) << 16 | entries.doc  # doc ids have 16 bits
    _, first = np.unique(keys, return_index=True)
    return entries.take(first)
