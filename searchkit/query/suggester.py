"""Words, headings and facet values of an index, found by a prefix of text, pinyin or initials, and by similarity.

A build writes them to a file of sorted lines, which a search maps into memory and reads by binary search. Opening the
file takes the same time whatever its size. All text is UTF-8, and all keys are folded.

    header: seven offsets from the end of the header, separated by spaces: where the facet values end and where the
        words end in `entries`; then where each of the five sections that follow ends, from `entries` to `endings`
    entries: count, kind and text, separated by tabs; facet values, then words, then headings, most frequent first
    texts, pinyin, initials: a key and the hexadecimal offset in `entries` of an entry that has it; sorted by key
    endings: lines like these, but the key is a word or a name of a facet value without its first character, so that a
        text that differs in the first character is found; only words and names of three or more characters
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import nsmallest
from itertools import accumulate, islice, pairwise, product, repeat
from math import prod
from mmap import mmap
from operator import add, itemgetter
from typing import NamedTuple

from searchkit.text.pinyin import readings_of, romanize_all, syllables

WORD, HEADING = "word", "heading"
"""Kinds of entries. The kind of a facet value is the name of its facet."""
HOMOPHONE, SWAP, SUBSTITUTION = "homophone", "swap", "substitution"
"""Ways in which a word differs from a similar one: other characters with the same pinyin, two adjacent characters in
the other order, one other character."""
MAX_VALUES, MAX_WORDS, MAX_HEADINGS = 20_000, 20_000, 5_000
"""Maximum number of facet values, of words and of headings in a file: the most frequent ones."""
MIN_WORD_COUNT = 2
"""Minimum number of paragraphs with a word that is in a file."""
_MAX_HEADING_LENGTH = 40
"""Maximum number of characters of a heading in a file."""
_MAX_KEY_LENGTH = 12
"""Number of characters at the beginning of a text that are romanised for its keys in pinyin and in initials."""
_MAX_SPELLINGS = 24
"""Maximum number of ways to read a text. If there are more, only the usual one is used (`pinyin.syllables`)."""
_MIN_SUBSTITUTED_LENGTH = 3
"""Minimum length of a word in which one character may be another one. Shorter words would have too little in common."""
_OFFSET = re.compile(rb"\t([0-9a-f]+)")
"""Matches the offset in a line of keys."""


class Completion(NamedTuple):
    """A word, a heading or a facet value whose text, pinyin or initials begin with a prefix."""

    text: str
    """The word, the heading or the value."""
    kind: str
    """`word`, `heading`, or the name of the facet: `district`, `topic`."""
    paragraphs: int
    """Number of paragraphs. Of a word: those that have it in their text, headings or title. Of a heading: those under
    it. Of a facet value: those that have it."""


class Similar(NamedTuple):
    """A word or facet value that is similar to another text of the same length."""

    text: str
    paragraphs: int
    """As `Completion.paragraphs`."""
    difference: str
    """`HOMOPHONE`, `SWAP` or `SUBSTITUTION`."""


def encode_suggestions(
    values: Iterable[tuple[Completion, Iterable[str]]], words: Mapping[str, int], headings: Mapping[str, int]
) -> bytes:
    """Return the content of a file. `values`: facet values, each with its names, folded. `words`: folded.

    Includes only the most frequent ones (`MAX_VALUES`, `MAX_WORDS`, `MAX_HEADINGS`), no word that is rare
    (`MIN_WORD_COUNT`) or has digits or marks, and no heading over `_MAX_HEADING_LENGTH`. A value is found by its names.
    Names of places are found by all readings of their characters (`_MAX_SPELLINGS`), because the list of words with
    unusual readings does not have all places. Takes about 10 µs per entry.
    """
    from searchkit.text.folding import fold_all  # noqa: PLC0415 - loads NumPy, which a completion does not need

    value_names = {entry: sorted({name for name in names if _is_line(name)}) for entry, names in values}
    chosen_values = sorted(
        (entry for entry in value_names if _is_line(entry.text + entry.kind)),
        key=lambda entry: (-entry.paragraphs, entry.text, entry.kind),
    )[:MAX_VALUES]
    alphabetic = {word: count for word, count in words.items() if count >= MIN_WORD_COUNT and word.isalpha()}
    chosen_words = _most_frequent(alphabetic, WORD, MAX_WORDS)
    short = {text: count for text, count in headings.items() if len(text) <= _MAX_HEADING_LENGTH and _is_line(text)}
    chosen_headings = _most_frequent(short, HEADING, MAX_HEADINGS)
    sections = _Sections()
    sections.add(chosen_values, [value_names[entry] for entry in chosen_values])
    values_end = sections.end
    sections.add(chosen_words, [[entry.text] for entry in chosen_words])
    words_end = sections.end
    sections.add(chosen_headings, [[name] for name in fold_all([entry.text for entry in chosen_headings])])
    return sections.encode(values_end, words_end)


def _most_frequent(counts: Mapping[str, int], kind: str, limit: int) -> list[Completion]:
    """Return the entries of the `limit` most frequent texts, most frequent first, those with equal counts by text."""
    least = sorted(counts.values())[-limit] if len(counts) > limit else 0
    ranked = sorted(item for item in counts.items() if item[1] >= least)  # most counts are below, and are not sorted
    ranked.sort(key=itemgetter(1), reverse=True)
    return [Completion(text, kind, count) for text, count in ranked[:limit]]


def _is_line(text: str) -> bool:
    """Return whether a text is not empty and has only printable characters: no tab and no line feed, as separators."""
    return bool(text) and text.isprintable()


class _Sections:
    """The sections of a new file."""

    def __init__(self) -> None:
        self._entries: list[str] = []
        self._texts: list[str] = []
        self._pinyin: set[str] = set()
        self._initials: set[str] = set()
        self._endings: list[str] = []
        self.end = 0
        """Number of bytes of the entries so far."""

    def add(self, entries: Sequence[Completion], names: Sequence[Sequence[str]]) -> None:
        """Add entries, each with the keys of its names.

        A heading has no keys in `endings`. A name of a district has keys for all of its readings.
        """
        lines = [f"{entry.paragraphs}\t{entry.kind}\t{entry.text}\n" for entry in entries]
        starts = [*accumulate((len(line.encode()) for line in lines), initial=self.end)]
        self._entries += lines
        self.end = starts.pop()
        keys = [
            (name, f"\t{start:x}\n", entry.kind)
            for entry, start, own_names in zip(entries, starts, names, strict=True)
            for name in own_names
        ]
        self._texts += [name + end_of_line for name, end_of_line, _ in keys]
        self._endings += [
            name[1:] + end_of_line
            for name, end_of_line, kind in keys
            if len(name) >= _MIN_SUBSTITUTED_LENGTH and kind != HEADING
        ]
        pinyin, initials = romanize_all([name[:_MAX_KEY_LENGTH] for name, *_ in keys])
        ends_of_lines = [end_of_line for _, end_of_line, _ in keys]
        self._pinyin.update(map(add, pinyin, ends_of_lines))
        self._initials.update(map(add, initials, ends_of_lines))
        for name, end_of_line, kind in keys:
            for spelling in _spellings(name[:_MAX_KEY_LENGTH]) if kind == "district" else ():
                self._pinyin.add("".join(spelling) + end_of_line)
                self._initials.add("".join([syllable[0] for syllable in spelling]) + end_of_line)

    def encode(self, values_end: int, words_end: int) -> bytes:
        """Return the content of the file. The arguments are the ends of the first two groups of entries."""
        lines = (self._entries, *map(sorted, (self._texts, self._pinyin, self._initials, self._endings)))
        sections = ["".join(section).encode() for section in lines]
        ends = [values_end, words_end, *accumulate(map(len, sections))]
        return b"".join([" ".join(map(str, ends)).encode(), b"\n", *sections])


def _spellings(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the ways to read a text, at most `_MAX_SPELLINGS`; none if there are more."""
    readings = [readings_of(character) or (character,) for character in text]
    if prod(map(len, readings)) <= _MAX_SPELLINGS:
        yield from product(*readings)


class Suggester:
    """The words, headings and facet values of an index. Thread-safe.

    Damaged data can raise any exception.
    """

    def __init__(self, data: bytes | mmap) -> None:
        """`data`: the content of a file that `encode_suggestions` returned."""
        self._data = data
        self._start = data.find(b"\n") + 1
        """Offset of the first entry. Offsets of entries are relative to it."""
        self._values_end, self._words_end, *ends = map(int, data[: self._start].split())
        self._texts, self._pinyin, self._initials, self._endings = (
            slice(self._start + start, self._start + end) for start, end in pairwise(ends)
        )

    def complete(self, prefix: str, limit: int | None) -> list[Completion]:
        """Return the entries whose text, pinyin or initials begin with a prefix, at most `limit` unless it is None.

        `prefix`: folded. Blanks, hyphens and apostrophes in pinyin are ignored. Facet values come first, then words,
        then headings, each most frequent first. If there are more than `limit`, entries are taken from the three groups
        in turn until there are `limit`.
        """
        offsets = {*self._find_offsets(self._texts, prefix)}
        letters = "".join(character for character in prefix if character not in " '’-")
        if letters.isascii() and letters.isalnum():
            offsets.update(self._find_offsets(self._pinyin, letters), self._find_offsets(self._initials, letters))
        groups: tuple[list[int], ...] = ([], [], [])
        for offset in offsets:
            groups[(offset >= self._values_end) + (offset >= self._words_end)].append(offset)
        ranked = [sorted(group) if limit is None else nsmallest(limit, group) for group in groups]
        turns = sorted(
            (turn, number, offset) for number, group in enumerate(ranked) for turn, offset in enumerate(group)
        )
        return [self._entry(offset) for offset in sorted(offset for *_, offset in turns[:limit])]

    def complete_values(self, prefix: str, facet: str, limit: int) -> list[Completion]:
        """Return at most `limit` values of a facet whose names, pinyin or initials begin with a prefix.

        The most frequent come first.

        `prefix`: folded, or empty for all values.
        """
        if prefix:
            offsets = {*self._find_offsets(self._texts, prefix)}
            offsets.update(self._find_offsets(self._pinyin, prefix), self._find_offsets(self._initials, prefix))
            entries = map(self._entry, sorted(offset for offset in offsets if offset < self._values_end))
        else:
            lines = self._data[self._start : self._start + self._values_end].decode().splitlines()
            entries = map(_parse_entry, lines)
        return [*islice((entry for entry in entries if entry.kind == facet), limit)]

    def count(self, text: str) -> int:
        """Return the number of paragraphs with a word or a facet value, the larger if the file has both, 0 if neither.

        `text`: the word or a name of the value, folded.
        """
        return max((entry.paragraphs for entry in self._entries_of(self._texts, text)), default=0)

    def similar(self, text: str) -> list[Similar]:
        """Return the words and facet values that are similar to a text of at least two characters. `text`: folded.

        Takes up to a millisecond.
        """
        found: dict[str, Similar] = {}
        for difference, entries in (
            (HOMOPHONE, self._homophones(text)),
            (SWAP, self._swaps(text)),
            (SUBSTITUTION, self._substitutions(text) if len(text) >= _MIN_SUBSTITUTED_LENGTH else ()),
        ):
            for entry in entries:
                if entry.text != text and len(entry.text) == len(text):
                    similar = found.setdefault(entry.text, Similar(entry.text, entry.paragraphs, difference))
                    found[entry.text] = similar._replace(paragraphs=max(similar.paragraphs, entry.paragraphs))
        return list(found.values())

    def _homophones(self, text: str) -> Iterator[Completion]:
        """Yield the words and values with the pinyin of a text."""
        for pinyin in {"".join(spelling) for spelling in (syllables(text), *_spellings(text))}:
            yield from self._entries_of(self._pinyin, pinyin)

    def _swaps(self, text: str) -> Iterator[Completion]:
        """Yield the words and values that are a text with two adjacent characters swapped."""
        for at in range(len(text) - 1):
            yield from self._entries_of(self._texts, text[:at] + text[at + 1] + text[at] + text[at + 2 :])

    def _substitutions(self, text: str) -> Iterator[Completion]:
        """Yield the words and values that differ from a text in one character."""
        yield from self._entries_of(self._endings, text[1:])
        for at in range(1, len(text)):
            before, after = text[:at], text[at + 1 :]
            for key in self._keys_between(before, after):
                if len(key) == len(text) and key.startswith(before) and key.endswith(after):
                    yield from self._entries_of(self._texts, key)

    def _keys_between(self, prefix: str, suffix: str) -> Iterator[str]:
        """Yield the texts that begin with a prefix and end with a suffix. Searches all texts with the prefix."""
        end = _encode(suffix) + b"\t"
        at, stop = self._find_lines(self._texts, _encode(prefix))
        while (at := self._data.find(end, at, stop)) >= 0:
            start = self._data.rfind(b"\n", 0, at) + 1
            yield self._data[start : at + len(end) - 1].decode()
            at += 1

    def _entries_of(self, section: slice, key: str) -> Iterator[Completion]:
        """Yield the words and values that have a key."""
        for offset in _parse_offsets(self._lines(section, _encode(key) + b"\t")):
            if offset < self._words_end:
                yield self._entry(offset)

    def _find_offsets(self, section: slice, prefix: str) -> Iterator[int]:
        """Yield the offsets of the entries that have a key with a prefix."""
        return _parse_offsets(self._lines(section, _encode(prefix)))

    def _lines(self, section: slice, prefix: bytes) -> bytes:
        """Return the lines of a section that begin with a prefix."""
        return self._data[slice(*self._find_lines(section, prefix))]

    def _find_lines(self, section: slice, prefix: bytes) -> tuple[int, int]:
        """Return the span in the file of those lines of a section that begin with a prefix."""
        start = self._bisect(section, prefix)
        if self._data[start : start + len(prefix)] != prefix:
            return start, start
        return start, self._bisect(slice(start, section.stop), prefix + b"\xff")  # no UTF-8 text has this byte

    def _bisect(self, section: slice, key: bytes) -> int:
        """Return the offset of the first line of a section that is not less than a key.

        If all lines are less, returns the end of the section.
        """
        low: int = section.start
        high: int = section.stop
        while low < high:
            middle: int = self._data.rfind(b"\n", low, (low + high) // 2) + 1 or low
            end = self._data.find(b"\n", middle) + 1 or high
            if self._data[middle:end] < key:
                low = end
            else:
                high = middle
        return low

    def _entry(self, offset: int) -> Completion:
        """Return the entry at an offset."""
        start = self._start + offset
        return _parse_entry(self._data[start : self._data.find(b"\n", start)].decode())


def _parse_entry(line: str) -> Completion:
    """Return the entry in a line, without its line feed."""
    count, kind, text = line.split("\t")
    return Completion(text, kind, int(count))


def _encode(text: str) -> bytes:
    """Return a text of a user, which may contain lone surrogates, as bytes to look for."""
    return text.encode("utf-8", "replace")


def _parse_offsets(lines: bytes) -> Iterator[int]:
    """Yield the offsets in lines of keys."""
    return map(int, _OFFSET.findall(lines), repeat(16))
