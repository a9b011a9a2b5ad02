"""Words: the dictionary of a segment, and for each term its paragraphs with weighted frequencies.

A term that up to a quarter of the paragraphs have is a list: ids (16 bits) and frequencies (4 bits), the paragraphs
that have it in their text first, then those that have it only in headings or title. A more frequent one is a row: a
byte for each paragraph, its frequency and a bit that says whether it is in the text. Lists are read into rows as well,
so that one pass serves matching and scoring. Frequencies too high for that stand in a list of their own. Terms of
headings are held by heading paths, terms of titles by documents; those are always lists.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from searchkit.engines.columnar.arrays import Array, ArrayFile, Strings, blocks, counted, narrow, starts, strings_arrays
from searchkit.engines.columnar.docsets import IN_ROW, DocSet
from searchkit.engines.columnar.memo import Memo

TITLE, HEADING = "\x01", "\x02"
"""First character of the terms of these fields in the dictionary; terms of the text have none."""
IN_TEXT = IN_ROW
"""Added to the frequency in a row where the term is in the text."""
_MAX_IN_LIST, _MAX_IN_ROW = 14, 127  # frequencies
_MAX_PACKED = 255
_SHORT = 32  # a list that at most one in so many paragraphs is in is used as it is
_KEPT_TERMS = 1024  # whose numbers are kept
_KEPT_ROWS = 8  # of lists, 64 KB each
_KEPT_LONG_ROWS = 16  # of terms of all segments, a byte for each paragraph
DENSE = 4
"""A term is a row when more than one in so many paragraphs have it."""
_KEY = 2  # characters of a term that are compared as one number
_MAX_IN_KEY = 0xFFFF  # each of them, as if there were no higher ones


@dataclass(slots=True)
class Pairs:
    """Which term stands in what, and how often; parallel arrays, one element for each pair."""

    term: Array
    """Number in a list of terms."""
    holder: Array
    """Paragraph; for terms of headings the heading path, for terms of titles the document."""
    tf: Array
    """Frequency; for paragraphs the weighted sum over text, headings and title."""
    in_text: Array
    """Boolean: stands in the text, not only in headings or title."""

    def take(self, places: Array) -> Pairs:
        """Those at some places."""
        return Pairs(*(getattr(self, name)[places] for name in Pairs.__slots__))


def concatenated(parts: Sequence[Pairs]) -> Pairs:
    """Several as one."""
    return Pairs(*(np.concatenate([getattr(part, name) for part in parts]) for name in Pairs.__slots__))


@dataclass(slots=True)
class PostingLists:
    """Pairs by term, those in the text first, then by holder."""

    terms: Sequence[str]
    """Ascending; each has pairs."""
    at: Array
    """Where the pairs of each term begin, and at the end where those of the last one end."""
    others: Array
    """How many of the pairs of each term are not in the text."""
    holder: Array
    """16 bits, as is all that follows an element for each pair; what it is says `Pairs`."""
    tf: Array
    in_text: Array


def posting_lists(terms: Sequence[str], pairs: Sequence[Pairs]) -> PostingLists:
    """Pairs in order: their terms are numbers in a list of different terms, of which some may have none."""
    counts, others = np.zeros((2, len(terms)), np.int64)
    for part in pairs:
        counts += counted(part.term, len(terms))
        others += counted(part.term.compress(~part.in_text), len(terms))
    used = sorted(np.flatnonzero(counts).tolist(), key=terms.__getitem__)  # by code points is by bytes of UTF-8
    rank = np.zeros(len(terms), np.uint64)
    rank[used] = np.arange(len(used), dtype=np.uint64)
    holder, tf, in_text = _sorted(rank, pairs)
    return PostingLists([terms[i] for i in used], starts(counts[used]), others[used], holder, tf, in_text)


def posting_arrays(lists: PostingLists, size: int) -> dict[str, Array]:
    """The arrays of the dictionary and of the postings of a segment of `size` paragraphs."""
    counts = np.diff(lists.at)
    is_row = counts > size // DENSE
    is_row[: bisect.bisect_left(lists.terms, chr(ord(HEADING) + 1))] = False  # the terms of headings and titles
    dense, listed = np.flatnonzero(is_row), np.repeat(~is_row, counts)
    heavy = np.flatnonzero(lists.tf > _MAX_IN_LIST)
    heavy = heavy.compress(listed.take(heavy) | (lists.tf.take(heavy) > _MAX_IN_ROW))
    return {
        **strings_arrays("terms", [term.encode("utf-8", "surrogatepass") for term in lists.terms]),
        "term_keys": _keys(lists.terms),
        "posting_at": narrow(starts(np.where(is_row, 0, counts))),
        "posting_others": narrow(np.where(is_row, 0, lists.others)),
        "posting_ids": lists.holder.compress(listed),
        "posting_tf": _halves(np.minimum(lists.tf.compress(listed), _MAX_IN_LIST + 1).astype(np.uint8)),
        "row_terms": narrow(dense),
        "rows": _rows(lists, dense, size),
        "heavy_terms": narrow(lists.at.searchsorted(heavy, "right") - 1),
        "heavy_ids": lists.holder[heavy],
        "heavy_tf": narrow(lists.tf[heavy]),
    }


class Postings:
    """The dictionary and the postings of an open segment. Terms are numbered in the order of their bytes."""

    def __init__(self, arrays: ArrayFile, size: int) -> None:
        self._arrays, self._size = arrays, size
        self._terms = Strings(arrays["terms"], arrays["terms_at"])
        self._keys = arrays["term_keys"]
        self._at, self._others = arrays["posting_at"], arrays["posting_others"]
        self._rows = {int(term): row for row, term in enumerate(arrays["row_terms"])}
        self._found: Memo[str, int | None] = Memo(_KEPT_TERMS)
        self._read: Memo[int, Array] = Memo(_KEPT_ROWS)

    def __len__(self) -> int:
        return len(self._terms)

    def find(self, term: str) -> int | None:
        """The number of a term, or None. Cost: two binary searches, unless it was asked for before."""
        return self._found.get(term, self._look_up)

    def _look_up(self, term: str) -> int | None:
        encoded = term.encode("utf-8", "surrogatepass")
        key = np.uint32(_key(term))
        number = int(self._keys.searchsorted(key))
        if number == len(self._keys) or self._keys[number] != key:
            return None
        if self._terms[number] != encoded:  # several terms may begin with the same characters
            last = int(self._keys.searchsorted(key, "right"))
            number = bisect.bisect_left(self._terms, encoded, number, last)
        return number if number < len(self._terms) and self._terms[number] == encoded else None

    def beginning(self, prefix: str) -> range:
        """The numbers of the terms that begin with `prefix`."""
        encoded = prefix.encode("utf-8", "surrogatepass")
        first = bisect.bisect_left(self._terms, encoded)
        return range(first, bisect.bisect_left(self._terms, encoded + b"\xff", lo=first))

    def term(self, number: int) -> str:
        """The term of a number."""
        return self._terms[number].decode("utf-8", "surrogatepass")

    def in_text(self, number: int) -> DocSet:
        """The paragraphs that have the term in their text. Cost: its list; a row is there."""
        if number in self._rows or self.df(number) * _SHORT > self._size:
            return DocSet.of_row(self._row(number))
        return DocSet.of_ids(self.owners(number), self._size)

    def owners(self, number: int) -> Array:
        """Ids, ascending, of those that have a term of headings or of titles, or have a term in their text."""
        return self.stored(number).astype(np.intp)

    def stored(self, number: int) -> Array:
        """`owners` as they lie in the file, in 16 bits."""
        first, last = int(self._at[number]), int(self._at[number + 1]) - int(self._others[number])
        return self._arrays["posting_ids"][first:last]

    def is_row(self, number: int) -> bool:
        """Whether the term has no list, but a row."""
        return number in self._rows

    def holders(self, number: int) -> Array:
        """Ids of all that have the term, in headings and title too; in no order."""
        if number in self._rows:
            return np.flatnonzero(self._row(number))
        return self._arrays["posting_ids"][int(self._at[number]) : int(self._at[number + 1])]

    def df(self, number: int) -> int:
        """How many have the term, in headings and title too."""
        if number in self._rows:
            return int(np.count_nonzero(self._row(number)))
        return int(self._at[number + 1]) - int(self._at[number])

    def fill(self, number: int, row: Array) -> None:
        """Write a byte for each paragraph into what are zeros: the frequency, as far as it fits, with `IN_TEXT`."""
        if number in self._rows:
            row[: self._size] = self._row(number)
            return
        start, end = int(self._at[number]), int(self._at[number + 1])
        ids = self._arrays["posting_ids"][start:end].astype(np.intp)  # what NumPy would make of them each time
        entries = _whole(self._arrays["posting_tf"], start, end)
        entries[: len(entries) - int(self._others[number])] |= np.uint8(IN_TEXT)
        row[ids] = entries

    def heavy(self, number: int) -> tuple[Array, Array]:
        """Ids of those whose frequency does not fit, and their frequencies."""
        found = self._heavy(number) or slice(0, 0)
        return self._arrays["heavy_ids"][found], self._arrays["heavy_tf"][found]

    def pairs(self) -> Pairs:
        """All postings as pairs, in no order."""
        counts: Array = np.diff(self._at.astype(np.int64))
        term = np.repeat(np.arange(len(self)), counts)
        ids = self._arrays["posting_ids"].astype(np.int64)
        place = np.arange(len(ids)) - np.repeat(self._at[:-1].astype(np.int64), counts)
        in_text = place < np.repeat(counts - self._others, counts)
        parts = [Pairs(term, ids, _whole(self._arrays["posting_tf"], 0, len(ids)).astype(np.int64), in_text)]
        for number in self._rows:
            holders = np.flatnonzero(self._row(number))
            entries = self._row(number)[holders].astype(np.int64)
            parts.append(Pairs(np.full(len(holders), number), holders, entries % IN_TEXT, entries >= IN_TEXT))
        joined = concatenated(parts)
        heavy = (self._arrays[name].tolist() for name in ("heavy_terms", "heavy_ids", "heavy_tf"))
        for number, holder, tf in zip(*heavy, strict=True):
            joined.tf[(joined.term == number) & (joined.holder == holder)] = tf
        return joined

    def are_in_order(self) -> bool:
        """Whether the ids of each list ascend, those in the text and then the others."""
        ids = self._arrays["posting_ids"].astype(np.int64)
        ends = self._at[1:].astype(np.int64)
        begins = np.zeros(len(ids) + 1, bool)
        begins[self._at] = begins[ends - self._others] = True
        return bool(((np.diff(ids) > 0) | begins[1 : len(ids)]).all())

    def fields(self) -> Array:
        """For each term what holds it: 0 a paragraph's text, 1 a title, 2 a heading path."""
        first = self._arrays["terms"][self._arrays["terms_at"][:-1]]
        return np.where(first <= ord(HEADING), first, 0)

    def _row(self, number: int) -> Array:
        """A byte for each paragraph: 0, or the frequency, with `IN_TEXT`."""
        row = self._rows.get(number)
        if row is None:
            return self._read.get(number, self._as_row)
        return self._arrays["rows"][row * self._size : (row + 1) * self._size]

    def _as_row(self, number: int) -> Array:
        row = np.zeros(self._size, np.uint8)
        self.fill(number, row)
        return row

    def _heavy(self, number: int) -> slice | None:
        terms = self._arrays["heavy_terms"]
        if not len(terms):
            return None
        first, last = terms.searchsorted([number, number + 1])
        return slice(int(first), int(last)) if first < last else None


@dataclass(frozen=True, slots=True)
class _Term:
    """A term in the segments that have it."""

    places: Sequence[tuple[Postings, int, int]]
    """The postings of each of them, the number of the term there, and the position of its first paragraph."""
    df: int
    """Live paragraphs that have the term in text, headings or title."""
    lists: Sequence[Array] | None
    """Where few paragraphs have it: the ids in each segment of those that have it in their text."""
    starts: Array
    """The positions in `places`,"""
    sizes: Array
    """and how many there are of each segment in `lists`."""


class Terms:
    """The words of all segments as one: positions go on from segment to segment. Reads nothing before it is asked.

    Of the terms that were asked for last a row is kept, a byte for each paragraph: any frequencies are one gather.
    """

    def __init__(self, segments: Sequence[Postings], starts: Sequence[int], live: Array | None) -> None:
        """Take the postings of the segments, where each begins and the last one ends, and a mask; None = all live."""
        self._segments, self._starts, self._live = segments, starts, live
        self._size = starts[-1]
        self._found: Memo[str, _Term] = Memo(_KEPT_TERMS)
        self._rows: Memo[str, Array] = Memo(_KEPT_LONG_ROWS)

    def df(self, term: str) -> int:
        """Live paragraphs that have a term in text, headings or title."""
        return self._found.get(term, self._look_up).df

    def in_text(self, term: str) -> DocSet:
        """The paragraphs that have a term in their text. Cost: its lists; a row is there."""
        found = self._found.get(term, self._look_up)
        if found.lists is None:
            row = self._row(term)
            return DocSet.of_row(row) if row.dtype == np.uint8 else DocSet.of_mask(row >= _highest_bit(row))
        if not found.lists:
            return DocSet.none(self._size)
        positions = np.repeat(found.starts, found.sizes)
        positions += np.concatenate(found.lists)
        return DocSet.of_ids(positions, self._size)

    def holders(self, term: str) -> Array | None:
        """Positions of all that have a term, in headings and title too, in no order; None if there are many."""
        found = self._found.get(term, self._look_up)
        if found.lists is None:
            return None
        parts = [postings.holders(number) + np.intp(start) for postings, number, start in found.places]
        return np.concatenate([np.empty(0, np.intp), *parts])

    def frequencies(self, term: str, positions: Array | slice) -> Array:
        """Weighted frequency (text, headings, title) of a term in the paragraphs at some positions."""
        row = self._row(term)
        entries = row[positions] if isinstance(positions, slice) else row.take(positions)
        tf: Array = entries & (_highest_bit(row) - row.dtype.type(1))
        return tf

    def _look_up(self, term: str) -> _Term:
        found = [(postings, postings.find(term), start)
                 for postings, start in zip(self._segments, self._starts, strict=False)]  # fmt: skip
        places = [(postings, number, start) for postings, number, start in found if number is not None]
        df = sum(postings.df(number) for postings, number, _ in places)
        is_long = df * _SHORT > self._size or any(postings.is_row(number) for postings, number, _ in places)
        lists = None if is_long else [postings.stored(number) for postings, number, _ in places]
        if self._live is not None:
            df = sum(int(self._live.take(postings.holders(number) + np.intp(start)).sum())
                     for postings, number, start in places)  # fmt: skip
        starts = np.array([start for *_, start in places], np.intp)
        return _Term(places, df, lists, starts, np.array(list(map(len, lists or ())), np.intp))

    def _row(self, term: str) -> Array:
        return self._rows.get(term, self._as_row)

    def _as_row(self, term: str) -> Array:
        """For each paragraph 0, or the frequency; the highest bit says that the term is in the text."""
        row = np.zeros(self._size, np.uint8)
        places = self._found.get(term, self._look_up).places
        for postings, number, start in places:
            postings.fill(number, row[start:])
        heavy = [(ids + np.intp(start), tf) for postings, number, start in places
                 for ids, tf in [postings.heavy(number)] if len(ids)]  # fmt: skip
        if any(int(tf.max()) > _MAX_IN_ROW for _, tf in heavy):
            row = (row & np.uint8(IN_TEXT - 1)) + (row >= IN_TEXT) * np.uint32(1 << 31)
        for positions, tf in heavy:
            row[positions] = row.take(positions) & _highest_bit(row) | tf
        return row


def _highest_bit(row: Array) -> np.unsignedinteger[Any]:
    bit: np.unsignedinteger[Any] = row.dtype.type(1 << 8 * row.itemsize - 1)
    return bit


def _key(term: str) -> int:
    """The first characters of a term as a number that sorts as they do, but for those that are equal in it."""
    first, second = (min(ord(character), _MAX_IN_KEY) for character in term[:_KEY].ljust(_KEY, "\0"))
    return first << 16 | second


def _keys(terms: Sequence[str]) -> Array:
    """`_key` of each of some terms."""
    points = np.minimum(np.array(terms, f"U{_KEY}").view(np.uint32).reshape(-1, _KEY), _MAX_IN_KEY)
    return points[:, 0] << 16 | points[:, 1]


def _sorted(rank: Array, pairs: Sequence[Pairs]) -> tuple[Array, Array, Array]:
    """Holders, frequencies and places of pairs by the rank of their term, those in the text first, then by holder."""
    # One sort of packed numbers is many times faster than a sort by several columns. The frequency travels in the last
    # nine bits; the few that do not fit are put back afterwards.
    packed, done = np.empty(sum(len(part.term) for part in pairs), np.uint64), 0
    for part in pairs:
        for some in blocks(len(part.term)):
            entries = rank.take(part.term[some]) << np.uint64(1)
            entries |= ~part.in_text[some]
            entries <<= np.uint64(16)
            entries |= part.holder[some].astype(np.uint16)
            entries <<= np.uint64(9)
            entries |= np.minimum(part.tf[some].astype(np.uint32), _MAX_PACKED + 1)
            packed[done : done + len(entries)] = entries
            done += len(entries)
    packed.sort()
    kinds = np.dtype(np.uint16), np.result_type(np.uint16, *(part.tf for part in pairs)), np.dtype(bool)
    holder, tf, in_text = (np.empty(len(packed), kind) for kind in kinds)
    for some in blocks(len(packed)):
        entries = packed[some]
        tf[some] = entries & np.uint64(511)
        entries >>= np.uint64(9)
        holder[some] = entries & np.uint64(0xFFFF)
        in_text[some] = entries & np.uint64(1 << 16) == 0
    heavy = np.flatnonzero(tf > _MAX_PACKED)
    if len(heavy):
        own = concatenated([part.take(np.flatnonzero(part.tf > _MAX_PACKED)) for part in pairs])
        tf[heavy] = own.tf[np.lexsort((own.holder, ~own.in_text, rank[own.term]))]
    return holder, tf, in_text


def _rows(lists: PostingLists, terms: Array, size: int) -> Array:
    rows = np.zeros((len(terms), size), np.uint8)
    for row, term in enumerate(terms.tolist()):
        own = slice(int(lists.at[term]), int(lists.at[term + 1]))
        tf = np.minimum(lists.tf[own], _MAX_IN_ROW).astype(np.uint8)
        rows[row, lists.holder[own]] = tf + lists.in_text[own] * np.uint8(IN_TEXT)
    return rows.reshape(-1)


def _halves(values: Array) -> Array:
    """Numbers below 16, two in a byte."""
    even = np.zeros(len(values) + len(values) % 2, np.uint8)
    even[: len(values)] = values
    return even[0::2] | even[1::2] << 4


def _whole(halves: Array, start: int, end: int) -> Array:
    """The numbers from `start` to `end` of those that `_halves` packed."""
    pairs = halves[start // 2 : (end + 1) // 2]
    values = np.empty(2 * len(pairs), np.uint8)
    values[0::2] = pairs & 15
    values[1::2] = pairs >> 4
    return values[start % 2 : start % 2 + end - start]
