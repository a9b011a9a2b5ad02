"""The passages of a segment (texts, headings and titles), as codes of the segment's alphabet.

A doc is a paragraph. Its passage is its text, the headings that begin at it and, if it is the first doc of its
document, the title.

The alphabet contains 0, then the distinct characters of all texts, headings and titles, and their folded forms, in the
order of code points. The code of a character is its index in the alphabet, from 1. Code 0 ends each text, heading and
title.

The texts of all docs are concatenated and stored unfolded, as an array of codes. The headings and titles that belong to
passages follow them. Codes mostly have two bytes, and any range of the array can be read without decoding what precedes
it. `bigrams.py` stores the offsets of each pair of folded characters, by which `matching/strings.py` finds strings.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from searchkit.engines.columnar.arrays import (
    Array,
    Arrays,
    block_slices,
    damaged_file,
    narrowest,
    offsets_from_lengths,
    take_blockwise,
    unique_sorted,
)
from searchkit.engines.columnar.bigrams import (
    CHAR_DIGIT,
    CHAR_LETTER,
    CHAR_PUNCTUATION,
    NO_WORDS,
    Bigrams,
    CrossWordDocs,
    TwoCharWords,
    bigram_arrays,
    needs_list,
)
from searchkit.query.tree import HAN_NUMERAL_CHARACTERS
from searchkit.text.folding import CODE_POINT_COUNT, fold, to_code_points

_WORD_LENGTH = 2
_PAGE_CODES = 64
"""Number of codes of a page. The texts are divided into pages. The doc at the start of each page is stored, so that
`SegmentText.docs_with` finds the doc of an offset."""
_UTF_32 = "utf-32-le"


def narrow_code_points(text: str) -> Array:
    """Return the code points of a string, in 16 bits, or in 32 bits if a code point needs more."""
    units = np.frombuffer(text.encode("utf-16-le", "surrogatepass"), np.uint16)
    return units if len(units) == len(text) else to_code_points(text)


class Headings(NamedTuple):
    """The headings and titles that belong to the passages of docs. They are stored after the texts of all docs."""

    texts: Sequence[str]
    docs: Array
    """Doc of each of `texts`, ascending, in 16 bits."""


_NO_HEADINGS = Headings((), np.empty(0, np.uint16))


def text_arrays(
    characters: Array,
    lengths: Array,
    headings: Headings = _NO_HEADINGS,
    words: Sequence[str] = (),
    word_docs: tuple[Array, Array] | None = None,
) -> tuple[dict[str, Array], CrossWordDocs]:
    """Return the arrays of the passages of a segment, and the cross-word docs of `words`.

    `characters`: the code points of the texts of all docs, concatenated. `lengths`: the number of code points of each
    text. `words`: words of two characters, ascending. `word_docs`: offsets and doc ids; None if there are no words.
    The docs with `words[i]` as a token of their passage are `doc_ids[offsets[i] : offsets[i + 1]]`. The cross-word docs
    of a word have its characters in their passage, but not the word as a token (行政 in 执行|政策).
    """
    doc_count, characters = len(lengths), np.concatenate([characters, narrow_code_points("".join(headings.texts))])
    heading_lengths = np.fromiter(map(len, headings.texts), np.int64, len(headings.texts))
    offsets = offsets_from_lengths(np.concatenate([lengths, heading_lengths]) + 1)
    text_offsets, heading_offsets = offsets[: doc_count + 1], offsets[doc_count:]
    alphabet, code_of, folding = _build_alphabet(characters)
    char_classes = np.array([CHAR_PUNCTUATION, *map(_char_class, alphabet[1:].tolist())], np.uint8)
    codes = _encode(characters, offsets, code_of)
    folded_codes = take_blockwise(folding, codes)
    occurring, occurs = (
        _occurring_words(alphabet, doc_count, words, *word_docs) if word_docs else (NO_WORDS, np.empty(0, bool))
    )
    doc_of = np.repeat(np.append(np.arange(doc_count, dtype=np.uint16), headings.docs), np.diff(offsets))
    bigrams, cross_word = bigram_arrays(folded_codes, char_classes, doc_of, text_offsets, occurring)
    folded_texts = folded_codes[: text_offsets[-1]]
    arrays = {
        "alphabet": narrowest(alphabet),
        "folding": narrowest(folding),
        "text": codes,
        "text_offsets": narrowest(text_offsets),
        "page_docs": narrowest(
            np.searchsorted(text_offsets, np.arange(0, len(folded_texts), _PAGE_CODES), "right") - 1
        ),
        # Labels are the headings and titles that belong to passages.
        "label_offsets": narrowest(heading_offsets),
        "label_docs": headings.docs,
        **_gram_count_arrays(take_blockwise(char_classes != CHAR_PUNCTUATION, folded_texts), text_offsets),
        **bigrams,
    }
    return arrays, CrossWordDocs(np.flatnonzero(occurs)[cross_word.words], cross_word.counts, cross_word.doc_ids)


def _build_alphabet(characters: Array) -> tuple[Array, Array, Array]:
    """Return the alphabet of a text, the code of each code point, and the code of the folded form of each code.

    The alphabet consists of 0 and of the code points of the text and of its folded form, ascending. The code of a code
    point is its index in the alphabet.
    """
    unfolded = _unique_code_points(characters)
    folded = narrow_code_points(fold(unfolded.tobytes().decode(_UTF_32, "surrogatepass")))
    alphabet = np.append(np.uint32(0), _unique_code_points(np.append(unfolded, folded)))
    dtype = np.min_scalar_type(len(alphabet) - 1)
    code_of = np.zeros(int(alphabet[-1]) + 1, dtype)
    code_of[alphabet[1:]] = np.arange(1, len(alphabet))
    folding = np.arange(len(alphabet), dtype=dtype)
    folding[code_of[unfolded]] = code_of[folded]
    return alphabet, code_of, folding


class SegmentText:
    """The passages of an open segment. Offsets count from the first text, through all texts, headings and titles."""

    def __init__(self, arrays: Arrays) -> None:
        self._arrays = arrays
        self.codes = arrays.checked("text", len(arrays.checked("alphabet")))
        """The texts of all docs, then all `Headings`, as codes of the alphabet; 0 ends each text, heading and title."""
        offsets = arrays["text_offsets"]
        self._size = len(offsets) - 1
        """Number of docs."""
        self._offsets = arrays.offsets("text_offsets", self._size, min(int(offsets[-1:].sum()), len(self.codes)))

    def __getitem__(self, doc_id: int) -> str:
        """Return the original text of a doc."""
        codes = self.codes.read(self._offsets.item(doc_id), self._offsets.item(doc_id + 1) - 1)
        return self._alphabet.take(codes).tobytes().decode(_UTF_32, "surrogatepass")

    def slice_codes(self, starts: Sequence[int], ends: Sequence[int]) -> Array:
        """Return the codes of several ranges of offsets, concatenated. See `CheckedArray.join`."""
        return self.codes.join(starts, ends)

    def characters(self, docs: Array | None = None) -> tuple[Array, Array]:
        """Return the code points of the texts of docs, and the number of code points of each, for `text_arrays`.

        `docs`: doc ids, ascending, or None for all docs. Takes memory for the texts of these docs only.
        """
        offsets = self._offsets.astype(np.int64)
        if docs is None:
            codes, lengths = self.codes.read(0, self._text_end), np.diff(offsets) - 1
        else:
            starts, ends = offsets.take(docs), offsets.take(docs + 1)
            codes, lengths = self.slice_codes(starts.tolist(), ends.tolist()), ends - starts - 1
        characters: Array = self._alphabet[codes[codes != 0]]
        if int(lengths.sum()) != len(characters):
            raise damaged_file(self._arrays.path)
        return characters, lengths

    def gram_dfs(self, grams: Sequence[str]) -> Array:
        """Return the number of docs, deleted ones included, whose text contains each of some n-grams.

        `grams`: n-grams of folded characters. Either all of them have one character, or all have two.
        """
        if not grams:
            return np.zeros(0, np.int64)
        codes = _look_up_codes(self._alphabet, narrow_code_points("".join(grams))).reshape(len(grams), -1)
        is_single = codes.shape[1] == 1
        dfs = self.character_dfs.take(codes[:, 0]).astype(np.int64) if is_single else self.bigrams.dfs(codes)
        return np.where((codes != 0).all(axis=1), dfs, 0)

    @property
    def character_dfs(self) -> Array:
        """For each folded code, the number of docs, deleted ones included, whose text contains it."""
        return self._arrays.column("character_df", len(self._alphabet))

    @cached_property
    def _alphabet(self) -> Array:
        """The code point of each code. It is 0 for code 0, which is no character."""
        return self._arrays.checked("alphabet", CODE_POINT_COUNT).all().astype(np.uint32)

    @cached_property
    def folding(self) -> Array:
        """The code of the folded form of each code's character."""
        return self._arrays.column("folding", len(self._alphabet), len(self._alphabet))

    @cached_property
    def folded_alphabet(self) -> Array:
        """The code point of the folded form of each code's character. It is 0 for code 0, which is no character."""
        return self._alphabet.take(self.folding)

    @cached_property
    def bigrams(self) -> Bigrams:
        """The pairs of adjacent folded characters, with their offsets and document frequencies."""
        return Bigrams(self._arrays, len(self._alphabet), len(self.codes))

    def encode(self, text: str) -> tuple[int, ...] | None:
        """Return the codes of folded characters, or None if one of them is not in the alphabet."""
        codes = tuple(_look_up_codes(self._alphabet, narrow_code_points(text)).tolist())
        return codes if all(codes) else None

    @property
    def _text_end(self) -> int:
        """The offset after the texts of all docs, at which headings and titles begin."""
        return int(self._offsets[-1])

    def docs_with(self, offsets: Array, *, text_only: bool) -> Array:
        """Return the ids, ascending, of the docs whose passage contains one of the given offsets, which ascend.

        `text_only` ignores the offsets in headings and titles.
        """
        text_count = int(offsets.searchsorted(self._text_end))
        docs = unique_sorted(self._docs_at(offsets[:text_count]))
        if text_only or text_count == len(offsets):
            return docs
        heading_docs = self._arrays.checked("label_docs", self._size).all()
        heading_offsets = self._arrays.offsets("label_offsets", len(heading_docs), len(self.codes), self._text_end)
        headings = heading_offsets.searchsorted(offsets[text_count:], "right") - 1
        docs = np.concatenate([docs, heading_docs.take(headings).astype(np.intp)])
        docs.sort(kind="stable")  # merges two ascending runs
        return unique_sorted(docs)

    def _docs_at(self, offsets: Array) -> Array:
        """Return the doc whose text contains each offset. No offset lies in a heading or title.

        Starts with the doc at the start of the offset's page, and advances while the text of the doc ends at or before
        the offset (the end is exclusive).
        """
        page_docs = self._arrays.column("page_docs", -(-self._text_end // _PAGE_CODES), self._size)
        docs = page_docs.take(offsets // _PAGE_CODES).astype(np.intp)
        unfinished = (self._offsets.take(docs + 1) <= offsets).nonzero()[0]
        for _ in range(_PAGE_CODES):  # each doc has at least one code, so a page has at most `_PAGE_CODES` docs
            if not len(unfinished):
                return docs
            docs[unfinished] += 1
            is_unfinished = self._offsets.take(docs.take(unfinished) + 1) <= offsets.take(unfinished)
            unfinished = unfinished.compress(is_unfinished)
        if len(unfinished):
            raise damaged_file(self._arrays.path)
        return docs


def _char_class(code_point: int) -> int:
    """Return the class of a character. Only letters and digits are in the n-grams that are scored (`ranking.grams`)."""
    character = chr(code_point)
    return CHAR_DIGIT if character.isdecimal() else CHAR_LETTER if character.isalnum() else CHAR_PUNCTUATION


def _encode(characters: Array, text_offsets: Array, code_of: Array) -> Array:
    """Return the code of each code point, with a 0 at the end of each text, heading and title.

    `text_offsets`: the offset of each text, then of each heading and title, followed by the end of the last one.
    """
    codes = np.zeros(int(text_offsets[-1]), code_of.dtype)
    is_end, encoded_end = np.zeros(len(codes), bool), 0
    is_end[text_offsets[1:] - 1] = True
    for block in block_slices(len(codes)):
        is_character = ~is_end[block]
        encoded = characters[encoded_end : encoded_end + np.count_nonzero(is_character)]
        codes[block][is_character] = code_of.take(encoded)
        encoded_end += len(encoded)
    return codes


def _gram_count_arrays(is_letter: Array, text_offsets: Array) -> dict[str, Array]:
    """Return the number of character unigrams and bigrams of each doc, as `ranking.count_all_grams` counts them.

    `is_letter`: a mask of the letters and digits in the texts. Code 0, which ends each text, is not a letter.
    """
    others = np.flatnonzero(~is_letter)
    letter_counts = np.diff(text_offsets) - np.diff(others.searchsorted(text_offsets))
    run_ends = others.compress(is_letter.take(others - 1))  # index -1 is the end of the last text, no letter
    pair_counts = letter_counts - np.diff(run_ends.searchsorted(text_offsets))  # a run of n letters has n - 1 pairs
    return {"character_count": narrowest(letter_counts), "bigram_count": narrowest(pair_counts)}


def _occurring_words(
    alphabet: Array, doc_count: int, words: Sequence[str], offsets: Array, doc_ids: Array
) -> tuple[TwoCharWords, Array]:
    """Return those words of two characters whose characters are both in the alphabet, and the mask that selects them.

    `offsets` and `doc_ids`: as in `text_arrays`.
    """
    characters, counts = narrow_code_points("".join(words)).reshape(-1, _WORD_LENGTH), np.diff(offsets)
    codes = _look_up_codes(alphabet, characters.reshape(-1)).reshape(-1, _WORD_LENGTH)
    occurs = (codes != 0).all(axis=1)
    # A word with a numeral needs a list of its offsets: whether 三 is a whole number depends on what is around it.
    has_numeral = np.isin(characters, narrow_code_points(HAN_NUMERAL_CHARACTERS)).any(axis=1)
    has_list = needs_list(codes, np.where(occurs & ~has_numeral, counts, 0), doc_count)[occurs]
    occurring_docs = doc_ids.compress(np.repeat(occurs, counts))
    return TwoCharWords(codes[occurs], offsets_from_lengths(counts[occurs]), occurring_docs, has_list), occurs


def _unique_code_points(characters: Array) -> Array:
    """Return the distinct code points, ascending, in 32 bits."""
    occurs = np.zeros(CODE_POINT_COUNT, bool)
    for block in block_slices(len(characters)):
        occurs[characters[block]] = True
    return np.flatnonzero(occurs).astype(np.uint32)


def _look_up_codes(alphabet: Array, characters: Array) -> Array:
    """Return the code of each code point, 0 if it is not in the alphabet. `alphabet[0]` is not a character."""
    codes = alphabet[1:].searchsorted(characters) + 1
    codes[codes == len(alphabet)] = 0
    return np.where((alphabet.take(codes) == characters) & (codes != 0), codes, 0)
