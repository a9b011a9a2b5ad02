"""A segment: up to 65,536 paragraphs, all that is known of them in one file of arrays that is never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from searchkit.engines.columnar.arrays import Array, ArrayFile, narrow, pack, starts, unpack, write_arrays
from searchkit.engines.columnar.columns import Column, Columns, coded_arrays, column_arrays, renumbered
from searchkit.engines.columnar.matching.strings import StringMatcher
from searchkit.engines.columnar.measures import SegmentMeasures, measure_arrays, measures_problem
from searchkit.engines.columnar.memo import Memo
from searchkit.engines.columnar.postings import (
    Pairs,
    PostingLists,
    Postings,
    posting_arrays,
    posting_lists,
)
from searchkit.engines.columnar.straddling import Straddling, straddling_arrays
from searchkit.engines.columnar.text import Text, text_arrays
from searchkit.model import Document, Paragraph, document_from_json, to_json
from searchkit.query.facets import BUILT_IN

MAX_PARAGRAPHS = 65_536
"""Paragraphs of a segment at the most: ids fit 16 bits, and the arrays of a search stay in the cache."""
MAX_CHARACTERS = 1 << 23
"""Characters of a segment at the most, more only if it is one paragraph: bounds the memory of building one."""
_BLOCK = 32  # documents whose records are compressed together
_KEPT_DOCUMENTS = 1024  # whose fields stay in memory
_SHARED = ("title", "year", "agency", "district", "doctype")  # columns, in the order of the fields of a paragraph


def write_segment(path: Path, columns: Columns) -> None:
    """Write a segment of everything in `columns`."""
    write_arrays(path, _arrays(columns))


def _arrays(columns: Columns) -> dict[str, Array]:
    size, documents = len(columns.n), columns.documents
    blocks = [
        pack([to_json(document) for document in documents[i : i + _BLOCK]]) for i in range(0, len(documents), _BLOCK)
    ]
    lists = posting_lists(columns.terms, columns.pairs)
    numbers, words, held = _two_character_words(lists)
    text, short = text_arrays(columns.text, columns.text_length, words, held)
    short = replace(short, words=numbers[short.words])
    return {
        "records": np.concatenate(blocks),
        "record_at": narrow(starts(list(map(len, blocks)))),
        **column_arrays("file", columns.files),
        **column_arrays("document", [document.document for document in documents]),
        **column_arrays("title", [document.title for document in documents]),
        **column_arrays("year", [document.year for document in documents]),
        **column_arrays("agency", [document.agency for document in documents]),
        **column_arrays("district", [document.region for document in documents]),
        **column_arrays("doctype", [document.doctype for document in documents]),
        **_facet_arrays(documents),
        "document_at": narrow(np.searchsorted(columns.document_of, np.arange(len(documents) + 1))),
        "n": narrow(columns.n),
        "page": narrow(columns.page),
        "is_record": narrow(columns.is_record),
        "length": narrow(columns.length),
        **column_arrays("number", columns.numbers),
        **column_arrays("kind", columns.kinds),
        **coded_arrays("path", columns.path_of, columns.paths),
        **posting_arrays(lists, size),
        **measure_arrays(columns.measures),
        **text,
        **straddling_arrays(lists, short, StringMatcher(Text(text)), size),
    }


class Segment:
    """An open segment. Positions are numbers of paragraphs, documents are numbered too, both from 0."""

    def __init__(self, path: str | Path) -> None:
        """Map the file. Raises IndexDamaged."""
        self.path = path
        self.arrays = ArrayFile(path)
        self._block: tuple[int, list[Document]] = (-1, [])

    @cached_property
    def size(self) -> int:
        """Number of paragraphs."""
        return len(self.arrays["n"])

    @cached_property
    def document_of(self) -> Array:
        """The document of each paragraph."""
        return np.repeat(np.arange(self.document_count, dtype=np.uint32), np.diff(self.document_at))

    @cached_property
    def document_at(self) -> Array:
        """Position of the first paragraph of each document, and at the end the number of paragraphs."""
        return self.arrays["document_at"].astype(np.int64)

    @property
    def document_count(self) -> int:
        """Number of documents."""
        return len(self.arrays["document_at"]) - 1

    @cached_property
    def postings(self) -> Postings:
        """The words."""
        return Postings(self.arrays, self.size)

    @cached_property
    def text(self) -> Text:
        """The characters."""
        return Text(self.arrays)

    @cached_property
    def straddling(self) -> Straddling:
        """Where the characters of words stand without being words."""
        return Straddling(self.arrays)

    @cached_property
    def measures(self) -> SegmentMeasures:
        """The measures."""
        return SegmentMeasures(self.arrays)

    @cached_property
    def facets(self) -> Mapping[str, int]:
        """Names of the user's facets that its documents have, and their numbers."""
        return {name: number for number, name in enumerate(unpack(self.arrays["facets"]))}

    def column(self, name: str) -> Column:
        """The column of that name; of a user's facet by the facet's name after a colon."""
        column = self._columns.get(name)
        if column is None:
            made = self._own_column(name) if name.startswith(":") else Column(self.arrays, name)
            column = self._columns[name] = made
        return column

    def _own_column(self, name: str) -> Column:
        """The column of a user's facet. Cost: a pass over the facets of all documents, and a look at its own."""
        at = np.flatnonzero(self.arrays["facet_name"] == self.facets[name[1:]])
        values = self.column("facet_value")
        different, place = renumbered(values.codes[at])
        codes = np.zeros(self.document_count, np.int64)
        codes[self.arrays["facet_at"].searchsorted(at, "right") - 1] = place + 1
        return Column(coded_arrays(name, codes, [None, *values.values(different.tolist())]), name)

    # Made when they are first used: an index is opened in a fifth of a ms, and has many segments.

    @cached_property
    def _columns(self) -> dict[str, Column]:
        return {}

    @cached_property
    def _shared(self) -> Memo[int, tuple[str, tuple[Any, ...]]]:
        return Memo(_KEPT_DOCUMENTS)

    def facet_column(self, facet: str) -> tuple[Column | None, str]:
        """The column that decides a facet, None if no document has it, and the column's name.

        The column `kind` is of paragraphs, all others are of documents.
        """
        if facet in {"topic", "section"}:
            return self.column("kind"), "kind"
        if facet in BUILT_IN:
            return self.column(facet), facet
        return (self.column(f":{facet}") if facet in self.facets else None), f":{facet}"

    # records

    def document(self, ordinal: int) -> Document:
        """The document of that number. Cost: unpacking some of its neighbours, unless they were just read."""
        number, place = divmod(ordinal, _BLOCK)
        kept, block = self._block
        if kept != number:
            first, last = self.arrays["record_at"][number : number + 2].tolist()
            block = [document_from_json(record) for record in unpack(self.arrays["records"][first:last])]
            self._block = (number, block)
        return block[place]

    @property
    def characters(self) -> int:
        """Number of characters, with one more for each paragraph."""
        return len(self.arrays["text"])

    def sums(self, live: Array) -> tuple[int, int, int, int]:
        """Of the paragraphs of live documents: how many, weighted tokens, grams of one and of two characters."""
        inside = live[self.document_of]
        length, characters, bigrams = (
            int(self.arrays[name][inside].sum(dtype=np.int64)) for name in ("length", "character_count", "bigram_count")
        )
        return int(inside.sum()), length, characters, bigrams

    def paragraph(self, position: int) -> Paragraph:
        """The paragraph at a position. Cost: about 6 µs."""
        document, shared = self._shared.get(self.document_of.item(position), self._of_document)
        n, page, is_record = (self.arrays[name].item(position) for name in ("n", "page", "is_record"))
        section, topics = self.column("kind")[position]
        return Paragraph(  # by place: names would take half as long again
            document if is_record else f"{document}#{n}",
            document,
            n,
            self.text[position],
            self.column("number")[position],
            self.column("path")[position],
            section,
            topics,
            page or None,
            *shared,
        )

    def _of_document(self, ordinal: int) -> tuple[str, tuple[Any, ...]]:
        """What the paragraphs of a document have in common: its name, and the last fields of a `Paragraph`."""
        document, *fields = (self.column(name)[ordinal] for name in ("document", *_SHARED))
        first, last = self.arrays["facet_at"][ordinal : ordinal + 2].tolist()
        names, value = tuple(self.facets) if first < last else (), self.column("facet_value")
        own = {names[self.arrays["facet_name"].item(at)]: value[at] for at in range(first, last)}
        return document, (*fields, own)

    # as a whole

    def columns(self, live: Array | None = None) -> Columns:
        """All that the segment was made of, or the part of it that belongs to the documents of a boolean mask."""
        kept = np.ones(self.document_count, bool) if live is None else live
        inside = kept[self.document_of]
        chosen, files = np.flatnonzero(kept).tolist(), self.column("file")
        numbers, kinds = self.column("number"), self.column("kind")
        places = np.flatnonzero(inside).tolist()
        paths, path_of = renumbered(self.column("path").codes[inside])
        characters, lengths = self.text.characters()
        return Columns(
            files=[files[i] for i in chosen],
            documents=[self.document(i) for i in chosen],
            document_of=(np.cumsum(kept) - 1)[self.document_of[inside]],
            n=self.arrays["n"][inside].astype(np.int64),
            page=self.arrays["page"][inside].astype(np.int64),
            is_record=self.arrays["is_record"][inside].astype(np.int64),
            length=self.arrays["length"][inside].astype(np.int64),
            numbers=[numbers[i] for i in places],
            kinds=[kinds[i] for i in places],
            paths=[self.column("path").value(number) for number in paths.tolist()],
            path_of=path_of,
            text=characters[np.repeat(inside, lengths)],
            text_length=lengths[inside],
            terms=[self.postings.term(number) for number in range(len(self.postings))],
            pairs=[self._pairs(inside, kept, paths)],
            measures=self.measures.columns(inside),
        )

    def _pairs(self, inside: Array, kept: Array, paths: Array) -> Pairs:
        """The postings of what is kept, with the numbers that it has among what is kept."""
        pairs = self.postings.pairs()
        field = self.postings.fields()[pairs.term]
        new = np.full((3, max(self.size, self.document_count, len(self.column("path")))), -1)
        new[0, : self.size][inside] = np.arange(int(inside.sum()))
        new[1, : self.document_count][kept] = np.arange(int(kept.sum()))
        new[2, paths] = np.arange(len(paths))
        holder = new[field, pairs.holder]
        stays = holder >= 0
        return Pairs(pairs.term[stays], holder[stays], pairs.tf[stays], pairs.in_text[stays])

    def problem(self) -> str | None:
        """What does not fit, or None. Reads everything: all that can be is made again from the rest, and compared."""
        self.arrays.verify()
        columns = self.columns()
        again = _arrays(columns)
        wrong = [name for name, array in again.items() if not np.array_equal(array, self.arrays[name])]
        if wrong:
            return f"{', '.join(wrong)}: not what the rest gives"
        (pairs,) = columns.pairs
        of_paragraphs = self.postings.fields()[pairs.term] == 0
        holder, tf = pairs.holder[of_paragraphs], pairs.tf[of_paragraphs]
        if not np.array_equal(np.bincount(holder, tf, self.size), columns.length):
            return "the frequencies of the words do not add up to the lengths of the paragraphs"
        if not self.postings.are_in_order():
            return "the postings of a word are not in order"
        if (np.diff(columns.n)[np.diff(columns.document_of) == 0] != 1).any():
            return "the paragraphs of a document are not numbered one after the other"
        return measures_problem(columns.measures, columns.text_length)


def stand_in(column: str, value: object) -> Paragraph:
    """A paragraph that has a value of a column and nothing else: what facets and filters are asked about."""
    if column == "kind" and isinstance(value, tuple):
        return Paragraph("", "", 0, "", section=value[0], topics=value[1])
    if column.startswith(":"):
        return Paragraph("", "", 0, "", facets={} if value is None else {column[1:]: str(value)})
    return Paragraph(**{"id": "", "document": "", "n": 0, "text": "", _ATTRIBUTE.get(column, column): value})  # type: ignore[arg-type]


_ATTRIBUTE: Mapping[str, str] = {"district": "region"}


def _facet_arrays(documents: Sequence[Document]) -> dict[str, Array]:
    """The user's facets, document by document: there may be as many names as there are values."""
    names = sorted({name for document in documents for name in document.facets})
    number = {name: n for n, name in enumerate(names)}
    held = [item for document in documents for item in sorted(document.facets.items())]
    return {
        "facets": pack(names),
        "facet_at": narrow(starts([len(document.facets) for document in documents])),
        "facet_name": narrow([number[name] for name, _ in held]),
        **column_arrays("facet_value", [value for _, value in held]),
    }


def _two_character_words(lists: PostingLists) -> tuple[Array, list[str], tuple[Array, Array]]:
    """The terms of two characters, by number and as they are; and who has each in the text.

    That is: where the paragraphs of each begin, and which they are.
    """
    is_two = np.fromiter((len(term) == 2 and term.isalpha() for term in lists.terms), bool, len(lists.terms))  # noqa: PLR2004
    counts = np.diff(lists.at)
    numbers = np.flatnonzero(is_two)
    words = [lists.terms[number] for number in numbers.tolist()]
    holders = lists.holder.compress(np.repeat(is_two, counts) & lists.in_text)
    return numbers, words, (starts((counts - lists.others)[is_two]), holders)
