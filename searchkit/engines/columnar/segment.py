"""An open segment: postings, strings, facets and records by position.

Arrays are mapped into memory; nothing is read until it is asked for.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from searchkit.engines.columnar.arrays import Array, map_arrays, unpack
from searchkit.engines.columnar.writing import CHARACTER_BITS, HEADING, RECORDS, TITLE, bigram_arrays
from searchkit.facets import Facet, Filter, values_of
from searchkit.folding import fold
from searchkit.model import Document, Paragraph, document_from_json
from searchkit.query import And, Everything, Node, Not, Or, Prefix, Substring, Word

KEPT_GROUPS = 1024
"""Groups of records that a segment keeps in memory."""

_OF_PARAGRAPH = frozenset({"section", "topic"})
_PREFIX = {"text": "", "heading": HEADING, "title": TITLE}
_NUMERAL = "零〇一二三四五六七八九十百千万亿两点"
_DIGITS = "0123456789"


class Segment:
    """The paragraphs of one file. Positions are 0-based, in corpus order; masks are boolean arrays over them."""

    def __init__(self, path: Path) -> None:
        self._arrays = map_arrays(path)
        self._groups: dict[int, list[list[Any]]] = {}
        self._codes: dict[Facet, tuple[Array, list[tuple[str, ...]]]] = {}
        self.size = len(self._arrays["length"])
        """Number of paragraphs."""

    # matching

    def match(self, node: Node) -> Array:
        """Mask of the paragraphs that a query tree matches. Cost: one pass over 64 KB a node, and its postings."""
        match node:
            case Everything():
                mask = np.ones(self.size, bool)
            case Word():
                mask = self._expand(node.field, self._holders(_PREFIX[node.field] + node.term))
            case Prefix():
                mask = self._expand(node.field, self._prefixed(_PREFIX[node.field] + node.text))
            case Substring():
                mask = self._substring(node)
            case Filter():
                mask = self.admitted(node)
            case Not():
                mask = ~self.match(node.child)
            case And():
                mask = np.logical_and.reduce([self.match(child) for child in node.children])
            case Or():
                mask = np.logical_or.reduce([self.match(child) for child in node.children])
        return mask

    def admitted(self, item: Filter) -> Array:
        """Mask of the paragraphs that a filter admits."""
        stubs, of = self._level(item.name)
        return np.array([item.admits(stub) for stub in stubs], bool)[of]

    def _expand(self, field: str, holders: Array) -> Array:
        """Mask of paragraphs from paragraphs, or from documents for the title."""
        if field == "title":
            documents = np.zeros(len(self.documents), bool)
            documents[holders] = True
            return documents[self._arrays["document_of"]]
        return self._mask(holders)

    def _mask(self, positions: Array) -> Array:
        mask = np.zeros(self.size, bool)
        mask[positions] = True
        return mask

    # words

    def postings(self, term: str) -> tuple[Array, Array]:
        """Paragraphs that have the token in text, headings or title, and its weighted frequency in each."""
        number = self._find_term(term.encode())
        if number is None:
            return np.empty(0, np.uint16), np.empty(0, np.uint8)
        start, _, end = self._bounds(number)
        tf = self._arrays["posting_tf"][start:end]
        first, last = np.searchsorted(self._arrays["heavy_at"], (start, end))
        if first < last:
            tf = tf.astype(np.uint32)
            tf[self._arrays["heavy_at"][first:last] - start] = self._arrays["heavy_tf"][first:last]
        return self._arrays["posting_ids"][start:end], tf

    def _holders(self, term: str) -> Array:
        number = self._find_term(term.encode())
        return np.empty(0, np.uint16) if number is None else self._text_postings(number)

    def _text_postings(self, number: int) -> Array:
        start, middle, _ = self._bounds(number)
        return self._arrays["posting_ids"][start:middle]

    def _prefixed(self, prefix: str) -> Array:
        key = prefix.encode()
        first = bisect.bisect_left(self._terms, key)
        last = bisect.bisect_left(self._terms, key + b"\xff", lo=first)
        return np.concatenate([np.empty(0, np.uint16), *map(self._text_postings, range(first, last))])

    def _find_term(self, term: bytes) -> int | None:
        number = bisect.bisect_left(self._terms, term)
        return number if number < len(self._terms) and self._terms[number] == term else None

    @cached_property
    def _terms(self) -> _Strings:
        return _Strings(self._arrays["terms"], self._arrays["term_at"])

    # strings

    def _substring(self, node: Substring) -> Array:
        if node.field == "text":
            return self._mask(np.searchsorted(self._arrays["text_at"], self._occurrences(node), "right") - 1)
        if node.field == "title":
            found = [any(True for _ in node.find(fold(document.title or ""))) for document in self.documents]
            return np.array(found, bool)[self._arrays["document_of"]]
        found = [any(True for _ in node.find(fold("\n".join(path)))) for path in self._tables["paths"]]
        return np.array(found, bool)[self._arrays["path_of"]]

    def _occurrences(self, node: Substring) -> Array:
        """Offsets at which the string stands, ascending. Cost: the rarest bigram's list times log of the others'."""
        text = node.text
        if len(text) == 1:
            found = np.sort(self._beginning(text).astype(np.int64))
        else:
            # Every second bigram covers the string, and the last one.
            places = sorted({*range(0, len(text) - 1, 2), len(text) - 2})
            lists = sorted(((self._offsets(text[i : i + 2]), i) for i in places), key=lambda item: len(item[0]))
            found = lists[0][0].astype(np.int64) - lists[0][1]
            for offsets, place in lists[1:]:
                found = found[_among(found + place, offsets)]
        return self._whole(found, text) if node.whole_numbers and len(found) else found

    def _whole(self, found: Array, text: str) -> Array:
        """Without the occurrences that continue a number: what `Substring.find` says, by lists of neighbours."""
        first, last, end = text[0], text[-1], len(text)
        if first.isdecimal():
            bad = [self._offsets(d + first) + 1 for d in _DIGITS]
            bad += [_followed(self._offsets(d + s), self._offsets(s + first)) + 2 for s in ".," for d in _DIGITS]
            found = found[~_among(found, _merged(bad))]
        elif first in _NUMERAL:
            found = found[~_among(found, _merged(self._offsets(d + first) + 1 for d in _NUMERAL + _DIGITS))]
        if last.isdecimal():
            bad = [self._offsets(last + d) for d in _DIGITS]
            bad += [_followed(self._offsets(last + s), self._offsets(s + d)) for s in ".," for d in _DIGITS]
            found = found[~_among(found + end - 1, _merged(bad))]
        elif last in _NUMERAL:
            found = found[~_among(found + end - 1, _merged(self._offsets(last + d) for d in _NUMERAL))]
        return found

    def _offsets(self, bigram: str) -> Array:
        key = np.uint64(ord(bigram[0]) << CHARACTER_BITS | ord(bigram[1]))
        number = int(np.searchsorted(self._arrays["bigrams"], key))
        if number == len(self._arrays["bigrams"]) or self._arrays["bigrams"][number] != key:
            return np.empty(0, np.int64)
        start, end = self._arrays["bigram_at"][number : number + 2]
        return self._arrays["offsets"][start:end].astype(np.int64)

    def _beginning(self, character: str) -> Array:
        keys = [np.uint64(code << CHARACTER_BITS) for code in (ord(character), ord(character) + 1)]
        first, last = np.searchsorted(self._arrays["bigrams"], keys)
        return self._arrays["offsets"][self._arrays["bigram_at"][first] : self._arrays["bigram_at"][last]]

    def gram_df(self, gram: str) -> int:
        """Paragraphs whose text holds a character or a bigram."""
        if len(gram) == 1:
            return _look_up(self._arrays["characters"], self._arrays["character_df"], ord(gram))
        key = ord(gram[0]) << CHARACTER_BITS | ord(gram[1])
        return _look_up(self._arrays["bigrams"], self._arrays["bigram_df"], key)

    # facets

    def facet_counts(self, facet: Facet, positions: Array) -> tuple[dict[str, int], int]:
        """Paragraphs at `positions` under each value of a facet, and those without one."""
        codes, values = self._coded(facet)
        stubs, of = self._level(facet.name)
        by_stub = np.bincount(of[positions], minlength=len(stubs))
        by_code = np.bincount(codes, weights=by_stub, minlength=len(values)).astype(np.int64)
        counts: dict[str, int] = {}
        missing = 0
        for names, count in zip(values, by_code.tolist(), strict=True):
            if count and not names:
                missing += count
            for name in names if count else ():
                counts[name] = counts.get(name, 0) + count
        return counts, missing

    def first_value(self, facet: Facet, position: int) -> str | None:
        """The first value of a facet that a paragraph has, or None; for sorting."""
        codes, values = self._coded(facet)
        of = self._level(facet.name)[1]
        return next(iter(values[codes[of[position]]]), None)

    def document_of(self, position: int) -> Document:
        """The document of a paragraph."""
        return self.documents[int(self._arrays["document_of"][position])]

    def _coded(self, facet: Facet) -> tuple[Array, list[tuple[str, ...]]]:
        if facet not in self._codes:
            known: dict[tuple[str, ...], int] = {}
            codes = [known.setdefault(values_of(stub, facet), len(known)) for stub in self._level(facet.name)[0]]
            self._codes[facet] = (np.array(codes, np.int64), list(known))
        return self._codes[facet]

    def _level(self, name: str) -> tuple[Sequence[Paragraph], Array]:
        """What decides a facet: stand-ins for documents or for kinds of paragraphs, and which of them each has."""
        if name in _OF_PARAGRAPH:
            return self._kind_stubs, self._arrays["kind_of"]
        return self._document_stubs, self._arrays["document_of"]

    @cached_property
    def _document_stubs(self) -> list[Paragraph]:
        return [_paragraph_of(document) for document in self.documents]

    @cached_property
    def _kind_stubs(self) -> list[Paragraph]:
        kinds = self._tables["kinds"]
        return [Paragraph("", "", 0, "", section=section, topics=tuple(topics)) for section, topics in kinds]

    # records

    @cached_property
    def documents(self) -> list[Document]:
        """Documents in corpus order."""
        return [document_from_json(record) for record in unpack(self._arrays["documents"])]

    def paragraph(self, position: int) -> Paragraph:
        """The paragraph at a position. Cost: decompressing a few records, unless they were just read."""
        return self._paragraph(position, self._records(position // RECORDS)[position % RECORDS])

    def paragraphs(self) -> Iterator[Paragraph]:
        """All paragraphs in corpus order, streamed."""
        for number in range(len(self._arrays["record_at"]) - 1):
            for place, record in enumerate(self._records(number)):
                yield self._paragraph(number * RECORDS + place, record)

    def find(self, document: int, n: int | None) -> int | None:
        """Position of the paragraph `n` of a document (None: its only one), or None."""
        positions = np.flatnonzero(self._arrays["document_of"] == document)
        return next((int(i) for i in positions if n is None or self.paragraph(int(i)).n == n), None)

    def length(self, positions: Array) -> Array:
        """Weighted lengths in tokens, for BM25F."""
        return self._arrays["length"][positions]

    @property
    def sums(self) -> Mapping[str, int]:
        """Sums over all paragraphs: weighted `length`, `bigrams`, `characters`."""
        sums: Mapping[str, int] = self._tables["sums"]
        return sums

    def problem(self) -> str | None:
        """What does not fit, or None: reads everything. The strings are built again from the records and compared."""
        arrays = self._arrays
        folded = [fold(paragraph.text) for paragraph in self.paragraphs()]
        if len(folded) != self.size:
            return f"{len(folded)} records for {self.size} paragraphs"
        for name, array in bigram_arrays(folded).items():
            if not np.array_equal(array, arrays[name]):
                return f"{name} are not those of the records"
        terms = [self._terms[number] for number in range(len(self._terms))]
        if terms != sorted(set(terms)) or len(arrays["posting_at"]) != len(terms) + 1:
            return "the dictionary is not in order"
        for number, term in enumerate(terms):
            start, middle, end = self._bounds(number)
            holders = arrays["posting_ids"][start:end].astype(np.int64)
            most = len(self.documents) if term.startswith(TITLE.encode()) else self.size
            falls = np.flatnonzero(np.diff(holders) <= 0) + 1
            if not (start <= middle <= end and (holders < most).all() and set(falls) <= {middle - start}):
                return f"the postings of {term.decode()!r} are not in order"
        return None

    def _bounds(self, number: int) -> tuple[int, int, int]:
        """Where the postings of a term begin, where those outside the text begin, and where they end."""
        start, end = self._arrays["posting_at"][number : number + 2].tolist()
        return start, int(self._arrays["posting_middle"][number]), end

    def _paragraph(self, position: int, record: list[Any]) -> Paragraph:
        text, n, number, page, own_id, path, kind = record
        document = self.document_of(position)
        section, topics = self._tables["kinds"][kind]
        return Paragraph(
            id=own_id or f"{document.document}#{n}", document=document.document, n=n, text=text, number=number,
            path=tuple(self._tables["paths"][path]), section=section, topics=tuple(topics), page=page,
            title=document.title, year=document.year, agency=document.agency, region=document.region,
            doctype=document.doctype, facets=document.facets,
        )  # fmt: skip

    @cached_property
    def _tables(self) -> dict[str, Any]:
        tables: dict[str, Any] = unpack(self._arrays["tables"])
        return tables

    def _records(self, number: int) -> list[list[Any]]:
        """One group of records, kept for a while: neighbouring hits are often in one group."""
        records = self._groups.get(number)
        if records is None:
            start, end = self._arrays["record_at"][number : number + 2]
            records = self._groups[number] = unpack(self._arrays["records"][start:end])
            while len(self._groups) > KEPT_GROUPS:
                self._groups.pop(next(iter(self._groups)), None)
        return records


class _Strings:
    """Sorted byte strings stored one after the other, for bisect."""

    def __init__(self, data: Array, starts: Array) -> None:
        self._data, self._starts = data, starts

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, number: int) -> bytes:
        return self._data[self._starts[number] : self._starts[number + 1]].tobytes()


def _paragraph_of(document: Document) -> Paragraph:
    return Paragraph("", document.document, 0, "", year=document.year, agency=document.agency, region=document.region,
                     doctype=document.doctype, facets=document.facets)  # fmt: skip


def _among(wanted: Array, ascending: Array) -> Array:
    """Mask of the wanted numbers that an ascending array holds."""
    if not len(ascending):
        return np.zeros(len(wanted), bool)
    place = np.searchsorted(ascending, wanted)
    place[place == len(ascending)] = 0
    mask: Array = ascending[place] == wanted
    return mask


def _followed(offsets: Array, following: Array) -> Array:
    """The offsets that have one of `following` right behind them."""
    return offsets[_among(offsets + 1, following)]


def _merged(lists: Iterable[Array]) -> Array:
    return np.sort(np.concatenate([np.empty(0, np.int64), *lists]))


def _look_up(keys: Array, values: Array, key: int) -> int:
    number = int(np.searchsorted(keys, keys.dtype.type(key)))
    return int(values[number]) if number < len(keys) and keys[number] == key else 0
