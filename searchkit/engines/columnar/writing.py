"""Documents to segments: inverts up to 65,536 paragraphs at a time and writes them as one file of arrays."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from searchkit.analysis import Analyzer
from searchkit.engines.columnar.arrays import Array, pack, write_arrays
from searchkit.folding import fold
from searchkit.model import Document, Paragraph, to_json
from searchkit.ranking import count_all_grams, weighted

SEGMENT = 65_536
"""Paragraphs of a segment at the most: ids fit 16 bits, and the arrays of a search stay in the cache."""
RECORDS = 8
"""Paragraphs that are compressed together."""
TITLE, HEADING = "\x01", "\x02"
"""First character of the terms of these fields in the dictionary; terms of the text have none."""
SEPARATOR = "\n"
"""Stands behind every paragraph in the text whose bigrams are indexed; no paragraph holds it."""
CHARACTER_BITS = 21
"""Bits of a code point: a bigram is `first << 21 | second`."""
MOST_TF = 255
"""Frequencies are stored in 8 bits; the few that are higher stand in a list of their own."""


class ColumnarWriter:
    """Collects documents and writes a segment whenever enough have come together."""

    def __init__(self, folder: Path, analyzer: Analyzer) -> None:
        self._folder = folder
        self._analyzer = analyzer
        self._segments = 0
        self._batch = _Batch(analyzer)

    def add(self, document: Document, paragraphs: Sequence[Paragraph]) -> None:
        """Add a document with its paragraphs."""
        for start in range(0, len(paragraphs), SEGMENT):
            part = paragraphs[start : start + SEGMENT]
            if self._batch.size + len(part) > SEGMENT:
                self._flush()
            self._batch.add(document, part)

    def commit(self) -> None:
        """Write everything to the folder; the writer is finished."""
        if self._batch.size:
            self._flush()

    def abandon(self) -> None:
        """Write nothing more; the folder can be removed."""
        self._batch = _Batch(self._analyzer)

    def _flush(self) -> None:
        write_arrays(self._folder / f"{self._segments:06d}.segment", self._batch.arrays())
        self._segments += 1
        self._batch = _Batch(self._analyzer)


class _Batch:
    """The paragraphs of one segment on their way to arrays."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._terms: dict[str, int] = {}
        self._postings = (array("I"), array("I"), array("I"), array("B"))  # term, holder, tf, is it in the text?
        self._documents: list[dict[str, object]] = []
        self._document_of = array("H")
        self._lengths = array("I")
        self._sums = Counter[str]()
        self._texts: list[str] = []
        self._records: list[list[object]] = []
        self._paths = _Codes()
        self._kinds = _Codes()  # (section, topics)

    @property
    def size(self) -> int:
        """Paragraphs so far."""
        return len(self._texts)

    def add(self, document: Document, paragraphs: Sequence[Paragraph]) -> None:
        """Add paragraphs of a document."""
        ordinal = len(self._documents)
        self._documents.append(to_json(document))
        title = self._count(document.title or "")
        self._post(ordinal, title, prefix=TITLE)
        heading_path: tuple[str, ...] | None = None
        heading: Counter[str] = Counter()
        for paragraph in paragraphs:
            if paragraph.path != heading_path:
                heading_path, heading = paragraph.path, self._count("\n".join(paragraph.path))
            self._add(paragraph, ordinal, heading, title)

    def _add(self, paragraph: Paragraph, ordinal: int, heading: Counter[str], title: Counter[str]) -> None:
        position = self.size
        text = self._count(paragraph.text)
        folded = fold(paragraph.text)
        self._post(position, heading, prefix=HEADING)
        for term in text.keys() | heading.keys() | title.keys():
            tf = weighted(text[term], heading[term], title[term])
            self._put(term, position, int(tf), is_text=term in text)
        length = int(weighted(text.total(), heading.total(), title.total()))
        self._lengths.append(length)
        self._sums.update(length=length, bigrams=count_all_grams(folded, 2), characters=count_all_grams(folded, 1))
        self._texts.append(folded)
        self._document_of.append(ordinal)
        path, kind = self._paths.code(paragraph.path), self._kinds.code((paragraph.section, paragraph.topics))
        own_id = None if paragraph.id == f"{paragraph.document}#{paragraph.n}" else paragraph.id
        self._records.append([paragraph.text, paragraph.n, paragraph.number, paragraph.page, own_id, path, kind])

    def _count(self, text: str) -> Counter[str]:
        return Counter(token.term for token in self._analyzer.tokens(text))

    def _post(self, holder: int, terms: Counter[str], prefix: str) -> None:
        for term in terms:
            self._put(prefix + term, holder, 1, is_text=True)

    def _put(self, term: str, holder: int, tf: int, *, is_text: bool) -> None:
        code = self._terms.setdefault(term, len(self._terms))
        for column, value in zip(self._postings, (code, holder, tf, is_text), strict=True):
            column.append(value)

    def arrays(self) -> dict[str, Array]:
        """Everything as named arrays."""
        records = [self._records[start : start + RECORDS] for start in range(0, self.size, RECORDS)]
        packed = [pack(record) for record in records]
        tables = {"paths": self._paths.values, "kinds": self._kinds.values, "sums": dict(self._sums)}
        return {
            **self._dictionary(),
            **bigram_arrays(self._texts),
            "length": np.array(self._lengths, np.uint32),
            "document_of": np.array(self._document_of, np.uint16),
            "path_of": np.array([record[5] for record in self._records], np.uint32),
            "kind_of": np.array([record[6] for record in self._records], np.uint32),
            "record_at": _starts([len(piece) for piece in packed], np.uint64),
            "records": np.concatenate(packed),
            "documents": pack(self._documents),
            "tables": pack(tables),
        }

    def _dictionary(self) -> dict[str, Array]:
        """Sorted terms, and for each its postings: holders in the text first, then the others, each ascending."""
        terms = sorted(self._terms)
        encoded = [term.encode() for term in terms]
        rank = np.empty(len(terms), np.uint32)
        rank[[self._terms[term] for term in terms]] = np.arange(len(terms), dtype=np.uint32)
        term, holder, tf, is_text = (np.array(column) for column in self._postings)
        term = rank[term]
        order = np.lexsort((holder, is_text == 0, term))
        in_text = np.bincount(term, weights=is_text, minlength=len(terms)).astype(np.uint32)
        starts = _starts(np.bincount(term, minlength=len(terms)), np.uint32)
        tf = tf[order]
        heavy = np.flatnonzero(tf > MOST_TF)
        return {
            "term_at": _starts([len(piece) for piece in encoded], np.uint32),
            "terms": np.frombuffer(b"".join(encoded), np.uint8),
            "posting_at": starts,
            "posting_middle": starts[:-1] + in_text,
            "posting_ids": holder[order].astype(np.uint16),
            "posting_tf": np.minimum(tf, MOST_TF).astype(np.uint8),
            "heavy_at": heavy.astype(np.uint32),
            "heavy_tf": tf[heavy].astype(np.uint32),
        }


class _Codes:
    """Numbers for distinct values, in the order of their first appearance."""

    def __init__(self) -> None:
        self._codes: dict[object, int] = {}

    def code(self, value: object) -> int:
        """The number of a value, a new one if it is new."""
        return self._codes.setdefault(value, len(self._codes))

    @property
    def values(self) -> list[object]:
        """The values by number."""
        return list(self._codes)


def bigram_arrays(texts: Sequence[str]) -> dict[str, Array]:
    """For each pair of neighbouring characters where it stands: offsets in the joined text, ascending.

    Each paragraph is followed by the separator, so every character begins one pair; the pairs of one first
    character are neighbours, and so are their offsets.
    """
    joined = SEPARATOR.join(texts) + SEPARATOR
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    keys = codes[:-1].astype(np.uint64) << np.uint64(CHARACTER_BITS) | codes[1:]
    begins = codes[:-1] != ord(SEPARATOR)
    offsets = np.flatnonzero(begins).astype(np.uint32)
    keys = keys[begins]
    order = np.argsort(keys, kind="stable")
    offsets, keys = offsets[order], keys[order]
    firsts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.empty(0, np.int64)
    text_at = _starts([len(text) + 1 for text in texts], np.uint32)
    holders = np.searchsorted(text_at, offsets, "right")
    is_new = np.r_[True, (keys[1:] != keys[:-1]) | (holders[1:] != holders[:-1])] if len(keys) else np.empty(0, bool)
    df = np.add.reduceat(is_new, firsts, dtype=np.uint32) if len(keys) else np.empty(0, np.uint32)
    characters, character_df = _character_df(codes, text_at)
    return {
        "text_at": text_at,
        "bigrams": keys[firsts],
        "bigram_at": np.r_[firsts, len(keys)].astype(np.uint32),
        "bigram_df": df.astype(np.uint32),
        "offsets": offsets,
        "characters": characters,
        "character_df": character_df,
    }


def _character_df(codes: Array, text_at: Array) -> tuple[Array, Array]:
    holders = np.repeat(
        np.arange(len(text_at) - 1, dtype=np.uint64), np.diff(text_at.astype(np.int64)).astype(np.int64)
    )
    pairs = np.unique(codes.astype(np.uint64) << np.uint64(32) | holders)
    characters, counts = np.unique((pairs >> np.uint64(32)).astype(np.uint32), return_counts=True)
    return characters, counts.astype(np.uint32)


def _starts(lengths: Sequence[int] | Array, dtype: type[np.uint32 | np.uint64]) -> Array:
    starts = np.zeros(len(lengths) + 1, dtype)
    np.cumsum(lengths, out=starts[1:])
    return starts
