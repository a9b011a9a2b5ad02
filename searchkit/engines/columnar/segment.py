"""A segment: up to 65,535 docs in one immutable file of arrays.

A doc is a paragraph of a report, or a row of one of its tables. A document is a report, or a record such as a line of a
.jsonl file, which has a single doc. Docs and documents are numbered separately. The docs of a document are consecutive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from searchkit.engines.columnar.arrays import (
    Array,
    ArrayFile,
    MemoryArrays,
    damaged_file,
    narrowest,
    offsets_from_lengths,
    pack_json,
    unpack_json,
    write_arrays,
)
from searchkit.engines.columnar.cache import Cache
from searchkit.engines.columnar.columns import (
    DictColumn,
    SegmentColumns,
    column_arrays,
    compact_codes,
    encoded_column_arrays,
)
from searchkit.engines.columnar.cross_word import CrossWordPostings, cross_word_arrays
from searchkit.engines.columnar.matching.strings import StringMatcher
from searchkit.engines.columnar.measures import SegmentMeasures, find_measure_problem, measure_arrays
from searchkit.engines.columnar.postings import (
    PostingEntries,
    SegmentPostings,
    SortedPostings,
    posting_arrays,
    sort_postings,
)
from searchkit.engines.columnar.tables import SegmentTables, find_table_problem, table_arrays
from searchkit.engines.columnar.text import Headings, SegmentText, text_arrays
from searchkit.engines.contract import decoding
from searchkit.model import Document, Paragraph, Table, document_from_json, reviewed_year, to_json
from searchkit.names import BUILT_IN_FACETS

MAX_SEGMENT_DOCS = 65_535
"""Maximum number of docs of a segment: doc ids, and document frequencies, fit 16 bits, and arrays of a search stay in
the processor's cache."""
MAX_SEGMENT_CHARACTERS = 1 << 23
"""Maximum number of characters of the texts of a segment with several docs. Limits the memory that building a segment
takes."""
_DOCUMENTS_PER_BLOCK = 32  # number of documents that are compressed together, as JSON
_MAX_CACHED_BLOCKS = 64  # number of blocks of documents that are cached, about 2 KB per document
_MAX_CACHED_DOCUMENTS = 1024  # number of documents whose `_load_document_fields` is cached
_DOCUMENT_COLUMNS = ("title", "year", "agency", "district", "doctype")
"""Columns of fields that the paragraphs of a document share, in the order of the fields of `Paragraph`.

The column `district` contains the complete region.
"""

_PARAGRAPH_COLUMNS = frozenset({"section_topics", "of_year", "printed_number", "path"})
"""Dictionary-encoded columns with a value per doc. All others have a value per document, except `facet_value`."""
DOC_COLUMNS = ("section_topics", "of_year")
"""Columns of facets with a value per doc. All other columns of facets have a value per document."""


def write_segment(path: Path, columns: SegmentColumns) -> None:
    """Write a segment file."""
    write_arrays(path, _segment_arrays(columns))


def _segment_arrays(columns: SegmentColumns) -> dict[str, Array]:
    """Return all arrays of a segment file."""
    size, documents = len(columns.n), columns.documents
    postings = sort_postings(columns.terms, columns.entries)
    term_ords, words, word_docs = _two_char_words(postings)
    # Cross-word postings contain the docs that contain a word's characters, but not its token: 行政 in 执行|政策.
    text, cross_word = text_arrays(columns.text, columns.text_length, _passage_headings(columns), words, word_docs)
    cross_word = cross_word._replace(words=term_ords[cross_word.words])  # indices of words to term ordinals
    return {
        **_document_arrays(documents),
        **column_arrays("file", columns.files),
        **_document_facet_arrays(documents),
        **_custom_facet_arrays(documents),
        "document_offsets": narrowest(np.searchsorted(columns.document_of, np.arange(len(documents) + 1))),
        "n": narrowest(columns.n),
        "page": narrowest(columns.page),
        "is_record": narrowest(columns.is_record),
        "length": narrowest(columns.length),
        "own_headings": narrowest(columns.own_headings),
        "key": narrowest(columns.key),
        **column_arrays("printed_number", columns.printed_numbers),  # list numbers of paragraphs, as printed: （一）
        **column_arrays("section_topics", columns.section_topics),
        **column_arrays("of_year", columns.of_years),
        **encoded_column_arrays("path", columns.path_of, columns.paths),
        **posting_arrays(postings, size),
        **measure_arrays(columns.measures),
        **table_arrays(columns.tables),
        **text,
        **cross_word_arrays(postings, cross_word, StringMatcher(SegmentText(MemoryArrays(text))), size),
    }


def _passage_headings(columns: SegmentColumns) -> Headings:
    """Return the headings and titles that belong to the passages of docs, in the order of the docs."""
    texts, docs = [], []
    own_headings, paths, path_of = columns.own_headings, columns.paths, columns.path_of
    for doc in np.flatnonzero((own_headings > 0) | (columns.n == 1)).tolist():
        path = paths[path_of.item(doc)]
        own = list(path[len(path) - own_headings.item(doc) :])
        title = columns.documents[columns.document_of.item(doc)].title
        if columns.n.item(doc) == 1 and title:
            own.append(title)
        texts += own
        docs += [doc] * len(own)
    return Headings(texts, np.array(docs, np.uint16))


def _document_arrays(documents: Sequence[Document]) -> dict[str, Array]:
    """Return the arrays of the documents as JSON, in compressed blocks."""
    return _record_arrays(
        [
            pack_json([to_json(document) for document in documents[i : i + _DOCUMENTS_PER_BLOCK]])
            for i in range(0, len(documents), _DOCUMENTS_PER_BLOCK)
        ]
    )


def _record_arrays(blocks: Sequence[Array]) -> dict[str, Array]:
    return {
        "records": np.concatenate(blocks),
        "record_offsets": narrowest(offsets_from_lengths(list(map(len, blocks)))),
    }


def _repacked(arrays: ArrayFile) -> dict[str, Array]:
    """Return the compressed arrays of documents and names of facets as this machine compresses them.

    Another version of zlib writes other bytes. Packed tables need no packing again: `columns` returns them as stored.
    """
    records = arrays["records"]
    blocks = [pack_json(unpack_json(records[start:end])) for start, end in pairwise(arrays["record_offsets"].tolist())]
    return {**_record_arrays(blocks), "facet_names": pack_json(unpack_json(arrays["facet_names"]))}


def _document_facet_arrays(documents: Sequence[Document]) -> dict[str, Array]:
    """Return the arrays of the columns with a value per document: ids, titles and built-in facets."""
    return {
        **column_arrays("document", [document.document for document in documents]),
        **column_arrays("title", [document.title for document in documents]),
        **column_arrays("year", [document.year for document in documents]),
        **column_arrays("agency", [document.agency for document in documents]),
        **column_arrays("district", [document.region for document in documents]),
        **column_arrays("doctype", [document.doctype for document in documents]),
    }


class SegmentReader:
    """An open segment. Doc ids and document numbers count from 0 in the segment."""

    def __init__(self, path: str | Path) -> None:
        """Open the file. Raises IndexDamaged if it cannot be opened."""
        self.path = path
        self.arrays = ArrayFile(path)
        self._document_blocks: Cache[int, list[Document]] = Cache(_MAX_CACHED_BLOCKS)

    @cached_property
    def size(self) -> int:
        """Number of docs, deleted ones included."""
        return len(self.arrays.checked("n"))

    @cached_property
    def document_of(self) -> Array:
        """Document number of each doc."""
        return np.repeat(np.arange(self.document_count, dtype=np.uint32), np.diff(self.document_offsets))

    @cached_property
    def document_offsets(self) -> Array:
        """First doc id of each document, followed by the number of docs."""
        return self.arrays.offsets("document_offsets", self.document_count, self.size).astype(np.int64)

    @property
    def document_count(self) -> int:
        """Number of documents, deleted ones included."""
        return len(self.arrays.checked("document_offsets")) - 1

    @cached_property
    def reviewed_years(self) -> Array:
        """Year that each document reports on, 0 if it is unknown. Takes 0.2 µs per document."""
        years, doctypes = self.column("year").to_list(), self.column("doctype").to_list()
        return np.fromiter(map(_reviewed_year, years, doctypes), np.int64, len(years))

    @cached_property
    def postings(self) -> SegmentPostings:
        """The term dictionary and the postings."""
        return SegmentPostings(self.arrays, self.size)

    @cached_property
    def text(self) -> SegmentText:
        """The passages of all docs: texts, headings and titles."""
        self.arrays.column("text_offsets", self.size + 1)  # raises IndexDamaged if the length is another
        return SegmentText(self.arrays)

    @cached_property
    def cross_word(self) -> CrossWordPostings:
        """The docs whose passage contains the characters of a word, but not the word as a token: 行政 in 执行|政策."""
        return CrossWordPostings(self.arrays, self.size)

    @cached_property
    def measures(self) -> SegmentMeasures:
        """The measures."""
        return SegmentMeasures(self.arrays, self.size)

    @cached_property
    def tables(self) -> SegmentTables:
        """The tables."""
        return SegmentTables(self.arrays, self.size)

    @cached_property
    def custom_facets(self) -> Mapping[str, int]:
        """Code of each user-defined facet that a document of the segment has, by name."""
        with decoding(Path(self.path)):
            return {str(name): code for code, name in enumerate(unpack_json(self.arrays["facet_names"]))}

    def column(self, name: str) -> DictColumn:
        """Return a column by name. The name of a user-defined facet's column is `:` followed by the facet: `:batch`."""
        column = self._open_columns.get(name)
        if column is None:
            loaded = self._custom_facet_column(name) if name.startswith(":") else self._load_column(name)
            column = self._open_columns[name] = loaded
        return column

    def _load_column(self, name: str) -> DictColumn:
        """Return a column of the file, with a value per doc, per document, or per user-defined facet of a document."""
        if name == "facet_value":
            return DictColumn(self.arrays, name, len(self._facet_name_codes))
        return DictColumn(self.arrays, name, self.size if name in _PARAGRAPH_COLUMNS else self.document_count)

    @cached_property
    def _facet_offsets(self) -> Array:
        """Offset of the user-defined facets of each document, followed by the end of the last ones."""
        return self.arrays.offsets("facet_offsets", self.document_count, len(self._facet_name_codes))

    @cached_property
    def _facet_name_codes(self) -> Array:
        """Code of the name of each user-defined facet of a document."""
        return self.arrays.checked("facet_name_codes", len(self.custom_facets)).all()

    def docs_array(self, name: str) -> Array:
        """Return an array with an element per doc."""
        return self.arrays.column(name, self.size)

    def check_below(self, numbers: Array, count: int) -> None:
        """Raise IndexDamaged if one of some stored numbers is not less than `count`."""
        if len(numbers) and int(numbers.max()) >= count:
            raise damaged_file(self.path)

    def _custom_facet_column(self, name: str) -> DictColumn:
        """Return the column of a user-defined facet, with the value None for documents without the facet.

        Scans the facets of all documents, and parses the values of this facet.
        """
        at = np.flatnonzero(self._facet_name_codes == self.custom_facets[name[1:]])
        values = self.column("facet_value")
        unique, new_codes = compact_codes(values.codes[at])
        codes = np.zeros(self.document_count, np.int64)
        codes[self._facet_offsets.searchsorted(at, "right") - 1] = new_codes + 1
        stored = encoded_column_arrays(name, codes, [None, *values.values(unique.tolist())])
        return DictColumn(MemoryArrays(stored), name)

    # These caches are created on first use, so that opening an index with many segments stays fast (a fifth of a ms).

    @cached_property
    def _open_columns(self) -> dict[str, DictColumn]:
        """Open columns, by name."""
        return {}

    @cached_property
    def _document_fields(self) -> Cache[int, tuple[str, tuple[Any, ...]]]:
        """Results of `_load_document_fields`, by document number."""
        return Cache(_MAX_CACHED_DOCUMENTS)

    def facet_column(self, facet: str) -> tuple[DictColumn | None, str]:
        """Return the column that determines the values of a facet, and the name of the column.

        The column is None if the facet is user-defined and no document of the segment has it. `DOC_COLUMNS` have a
        value per doc, all other columns have a value per document.
        """
        if facet in {"topic", "section"}:
            return self.column("section_topics"), "section_topics"
        if facet in BUILT_IN_FACETS:
            return self.column(facet), facet
        return (self.column(f":{facet}") if facet in self.custom_facets else None), f":{facet}"

    # documents, paragraphs and tables

    def document(self, number: int) -> Document:
        """Return a document by its number. Decompresses its block of documents, unless it is cached."""
        block_number, index = divmod(number, _DOCUMENTS_PER_BLOCK)
        block = self._document_blocks.get(block_number, self._load_documents)
        if index >= len(block):
            raise damaged_file(self.path)
        return block[index]

    def _load_documents(self, block_number: int) -> list[Document]:
        """Return the documents of a block. Raises IndexDamaged."""
        records, block_count = self.arrays.checked("records"), -(-self.document_count // _DOCUMENTS_PER_BLOCK)
        offsets = self.arrays.offsets("record_offsets", block_count, len(records))
        start, end = offsets[block_number : block_number + 2].tolist()
        with decoding(Path(self.path)):
            return [document_from_json(record) for record in unpack_json(records.read(start, end))]

    def own_headings(self, doc_id: int) -> int:
        """Return the number of headings that begin at a doc: the last ones of its path, which belong to its passage."""
        count: int = self._own_heading_counts.item(doc_id)
        if count > len(self.column("path")[doc_id]):
            raise damaged_file(self.path)
        return count

    @cached_property
    def _own_heading_counts(self) -> Array:
        """The result of `own_headings` for each doc, not yet checked against its path."""
        return self.docs_array("own_headings")

    @property
    def characters(self) -> int:
        """Number of characters of all passages, plus one per text, heading and title."""
        return len(self.text.codes)

    def totals(self, live_documents: Array) -> tuple[int, int, int, int]:
        """Return totals over the docs of live documents.

        The totals are the number of docs, the number of tokens weighted by field (`SegmentColumns.length`), and the
        numbers of character unigrams and bigrams of letters and digits in the texts.
        """
        live_docs = live_documents[self.document_of]
        length, characters, bigrams = (
            int(self.docs_array(name)[live_docs].sum(dtype=np.int64))
            for name in ("length", "character_count", "bigram_count")
        )
        return int(live_docs.sum()), length, characters, bigrams

    def paragraph(self, doc_id: int) -> Paragraph:
        """Return the paragraph of a doc. Takes about 4 µs."""
        document, fields = self._document_fields.get(self.document_of.item(doc_id), self._load_document_fields)
        numbers, pages, is_record, section_topics, printed_numbers, paths, of_years = self._paragraph_columns
        n = numbers.item(doc_id)
        section, topics = section_topics[doc_id]
        return Paragraph(  # positional arguments, because keyword arguments take 1.5 times as long
            document if is_record.item(doc_id) else f"{document}#{n}",
            document,
            n,
            self.text[doc_id],
            printed_numbers[doc_id],
            paths[doc_id],
            section,
            topics,
            of_years[doc_id],
            pages.item(doc_id) or None,
            *fields,
        )

    @cached_property
    def _paragraph_columns(self) -> tuple[Array, Array, Array, DictColumn, DictColumn, DictColumn, DictColumn]:
        """The arrays and columns that `paragraph` reads, looked up once."""
        arrays, column = self.arrays, self.column
        columns = column("section_topics"), column("printed_number"), column("path"), column("of_year")
        return arrays["n"], self.docs_array("page"), self.docs_array("is_record"), *columns

    def _load_document_fields(self, number: int) -> tuple[str, tuple[Any, ...]]:
        """Return the id of a document, and the fields that its paragraphs share: the last fields of `Paragraph`."""
        document, *fields = (self.column(name)[number] for name in ("document", *_DOCUMENT_COLUMNS))
        start, end = self._facet_offsets[number : number + 2].tolist()
        # The list of all facet names may be long. It is not built for a document without facets.
        names, value = tuple(self.custom_facets) if start < end else (), self.column("facet_value")
        facets = {names[self._facet_name_codes.item(at)]: value[at] for at in range(start, end)}
        return document, (*fields, facets)

    def heading_counts(self, live_docs: Array | None) -> dict[str, int]:
        """Return the number of live docs under each heading. `live_docs`: a mask, or None if all docs are live."""
        paths = self.column("path")
        codes = paths.codes if live_docs is None else paths.codes[live_docs]
        counts: dict[str, int] = {}
        for path, count in zip(paths.values(), np.bincount(codes, minlength=paths.value_count).tolist(), strict=True):
            for heading in set(path) if count else ():
                counts[heading] = counts.get(heading, 0) + count
        return counts

    def table(self, index: int) -> Table:
        """Return a table by its index in the segment.

        A table of a document that is split between segments may have only some of its rows in this segment.
        """
        first = self.paragraph(self.tables.doc.item(index))
        with decoding(Path(self.path)):
            return self.tables.load(index, first)

    # the segment as a whole

    def columns(self, live_documents: Array | None = None) -> SegmentColumns:
        """Return the content of the segment: of all documents, or of those that are True in `live_documents`."""
        is_kept = np.ones(self.document_count, bool) if live_documents is None else live_documents
        kept_docs = is_kept[self.document_of]
        documents, files = np.flatnonzero(is_kept).tolist(), self.column("file")
        printed_numbers, section_topics = self.column("printed_number"), self.column("section_topics")
        of_years = self.column("of_year")
        doc_ids = np.flatnonzero(kept_docs).tolist()
        paths, path_of = compact_codes(self.column("path").codes[kept_docs])
        characters, lengths = self.text.characters()
        return SegmentColumns(
            files=[files[i] for i in documents],
            documents=[self.document(i) for i in documents],
            document_of=(np.cumsum(is_kept) - 1)[self.document_of[kept_docs]],
            n=self.arrays["n"][kept_docs].astype(np.int64),
            page=self.arrays["page"][kept_docs].astype(np.int64),
            is_record=self.arrays["is_record"][kept_docs].astype(np.int64),
            length=self.arrays["length"][kept_docs].astype(np.int64),
            own_headings=self.arrays["own_headings"][kept_docs].astype(np.int64),
            key=self.arrays["key"][kept_docs].astype(np.int64),
            printed_numbers=[printed_numbers[i] for i in doc_ids],
            section_topics=[section_topics[i] for i in doc_ids],
            of_years=[of_years[i] for i in doc_ids],
            paths=[self.column("path").value(code) for code in paths.tolist()],
            path_of=path_of,
            text=characters[np.repeat(kept_docs, lengths)],
            text_length=lengths[kept_docs],
            terms=[self.postings.term(term_ord) for term_ord in range(self.postings.term_count)],
            entries=[self._kept_entries(kept_docs, is_kept, paths)],
            measures=self.measures.columns(kept_docs),
            tables=self.tables.columns(kept_docs),
        )

    def _kept_entries(self, kept_docs: Array, kept_documents: Array, kept_paths: Array) -> PostingEntries:
        """Return the postings of kept docs, documents and heading paths, with their new numbers in place of the old.

        A posting is of a document if its term is one of titles, and of a heading path if its term is one of headings.
        `kept_docs`, `kept_documents`: masks. `kept_paths`: the old numbers of the paths, in the order of the new ones.
        """
        entries = self.postings.entries()
        field = self.postings.fields()[entries.term]
        # The new number by field (see `SegmentPostings.fields`) and old number, -1 if dropped.
        new = np.full((3, max(self.size, self.document_count, self.column("path").value_count)), -1)
        new[0, : self.size][kept_docs] = np.arange(int(kept_docs.sum()))
        new[1, : self.document_count][kept_documents] = np.arange(int(kept_documents.sum()))
        new[2, kept_paths] = np.arange(len(kept_paths))
        doc = new[field, entries.doc]
        is_kept = doc >= 0
        return PostingEntries(entries.term[is_kept], doc[is_kept], entries.tf[is_kept], entries.in_passage[is_kept])

    def find_problem(self) -> str | None:
        """Return a message about an inconsistency, or None.

        Computes all arrays from the content again and compares them, then checks the content. Raises IndexDamaged for a
        wrong checksum. Damaged contents may raise any exception.
        """
        self.arrays.verify()
        columns = self.columns()
        stored = _repacked(self.arrays)
        wrong = [
            name
            for name, array in _segment_arrays(columns).items()
            if not np.array_equal(array, stored[name] if name in stored else self.arrays[name])
        ]
        if wrong:
            return f"{', '.join(wrong)}: inconsistent with the rest of the segment"
        (entries,) = columns.entries
        is_of_docs = self.postings.fields()[entries.term] == 0
        doc, tf = entries.doc[is_of_docs], entries.tf[is_of_docs]
        if not np.array_equal(np.bincount(doc, tf, self.size), columns.length):
            return "the frequencies of the words do not add up to the lengths of the paragraphs"
        if not self.postings.are_sorted():
            return "the postings of a word are not in order"
        return (
            _find_doc_problem(columns)
            or find_table_problem(columns.tables, columns.document_of)
            or find_measure_problem(columns.measures, columns.text_length, columns.n, columns.document_of)
        )


_open_segments: WeakValueDictionary[tuple[int, ...], SegmentReader] = WeakValueDictionary()
"""The segments in use, by device, inode, size and modification time of the file. A file in use keeps its inode."""


def open_segment(path: str) -> SegmentReader:
    """Return the segment in a file: the one in use, if there is one. Raises IndexDamaged if it cannot be opened.

    The data folders of two states share the files of unchanged segments by hard links. Open snapshots of both states
    get the same reader for such a file from this function, and with it the mapped pages and all that it has read.
    Lucene does the same when it reopens an index.
    """
    segment = SegmentReader(path)
    return _open_segments.setdefault(segment.arrays.identity, segment)


def _reviewed_year(year: int | None, doctype: str | None) -> int:
    return reviewed_year(year, doctype) or 0


def _find_doc_problem(columns: SegmentColumns) -> str | None:
    """Return a message about an inconsistency between the columns of docs, or None."""
    if (np.diff(columns.n)[np.diff(columns.document_of) == 0] != 1).any():
        return "the paragraphs of a document are not numbered consecutively"
    path_lengths = np.array(list(map(len, columns.paths)), np.int64)
    if (columns.own_headings > path_lengths.take(columns.path_of)).any():
        return "more headings belong to a paragraph than it has"
    if not all(list(years) == sorted(set(years)) for years in set(columns.of_years)):
        return "the years of a paragraph are not in order"
    return None


def paragraph_with(column: str, value: object) -> Paragraph:
    """Return a paragraph with the value of one column and no other values, to evaluate facets and filters for it.

    `column`: a name that `SegmentReader.facet_column` returns.
    """
    if column == "section_topics" and isinstance(value, tuple):
        return Paragraph("", "", 0, "", section=value[0], topics=value[1])
    if column.startswith(":"):
        return Paragraph("", "", 0, "", facets={} if value is None else {column[1:]: str(value)})
    return Paragraph(**{"id": "", "document": "", "n": 0, "text": "", _FIELD_OF_COLUMN.get(column, column): value})  # type: ignore[arg-type]


_FIELD_OF_COLUMN: Mapping[str, str] = {"district": "region"}


def _custom_facet_arrays(documents: Sequence[Document]) -> dict[str, Array]:
    """Return the arrays of the user-defined facets: the names and values of each document, concatenated.

    There is no column per name, because there may be as many names as values.
    """
    names = sorted({name for document in documents for name in document.facets})
    code_of = {name: code for code, name in enumerate(names)}
    facets = [item for document in documents for item in sorted(document.facets.items())]
    return {
        "facet_names": pack_json(names),
        "facet_offsets": narrowest(offsets_from_lengths([len(document.facets) for document in documents])),
        "facet_name_codes": narrowest([code_of[name] for name, _ in facets]),
        **column_arrays("facet_value", [value for _, value in facets]),
    }


def _two_char_words(postings: SortedPostings) -> tuple[Array, list[str], tuple[Array, Array]]:
    """Return the words of two characters: their term ordinals, the words, and the docs with each in the passage.

    The docs are returned as `text_arrays` takes them: offsets and concatenated doc ids. Docs with the word only outside
    of their passage are excluded. A word consists of two letters or Chinese characters. Terms with a digit, and terms
    with the prefix of a field (`SegmentPostings.fields`), are not words.
    """
    is_word = np.fromiter((len(term) == 2 and term.isalpha() for term in postings.terms), bool, len(postings.terms))  # noqa: PLR2004
    counts = np.diff(postings.offsets)
    term_ords = np.flatnonzero(is_word)
    words = [postings.terms[term_ord] for term_ord in term_ords.tolist()]
    doc_ids = postings.doc.compress(np.repeat(is_word, counts) & postings.in_passage)
    return term_ords, words, (offsets_from_lengths((counts - postings.not_in_passage)[is_word]), doc_ids)
