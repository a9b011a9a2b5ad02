"""The analyzer, which splits text into tokens, and the word list and the synonyms that it uses.

Indexing and searching use the same analyzer. The analyzer folds the text (`folding`), and finds its numbers with their
units. Numbers are normalised (`numerals`): 一百二十九件, １２９件 and 129 件 all have the token `129件`. The text
outside of numbers in Arabic numerals is split into runs of Chinese characters and runs of other letters and digits. A
Chinese run is segmented into words (`segmentation`). Any other run is one token, and so is each ideograph that the
dictionary does not cover.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import accumulate
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from searchkit.files import DATA_FOLDER, read_data_file
from searchkit.text.folding import fold
from searchkit.text.numerals import Numeral, find_folded_numerals, is_in_numeral
from searchkit.text.segmentation import DICTIONARY_VERSION, HAN_RANGE, SegmenterProvider, segmenter_provider

_ANALYZER_VERSION = 4  # increment when a change of the code changes the tokens of a text

# `index_terms` concatenates many texts. `_TEXT_END` separates them, and `_GAP` replaces a `_TEXT_END` inside a text.
# Neither can be part of a word, a number or a unit, so no token spans them.
_TEXT_END, _GAP = "\0", "\n"

# Ranges of ideographs that the dictionary does not cover: 〇, extensions, compatibility ideographs.
_RARE_HAN = "\u3007\u3400-\u4dbf\u9fd6-\u9fff\uf900-\ufaff\U00020000-\U000323af"
# A token that is not segmented: one rare ideograph (㐀), or all adjacent letters and digits of other scripts (h7n9).
_OTHER_RUN = rf"(?:[{_RARE_HAN}]|[^\W_{HAN_RANGE}{_RARE_HAN}]+)"
# A Chinese run, or a token that is not segmented. The lookahead rejects unassigned code points of the ranges above.
_TOKEN_RUN = re.compile(rf"(?P<han>[{HAN_RANGE}]+)|(?=[^\W_]){_OTHER_RUN}")

_FIRST_HAN, _LAST_HAN = HAN_RANGE[0], HAN_RANGE[-1]
_HAN_RUN = re.compile(f"[{HAN_RANGE}]*")
_DIGIT = re.compile(r"\d")
# A quantity that ends in a Chinese run has a digit among this many characters before the run: 50 % 人.
_MAX_DISTANCE = 4

# Words that begin with a numeral and a unit, but are not quantities: 一起 (together), 一方面 (on the one hand), 十分
# (very; but 十分之一 and 十分钟 are quantities), 两会 (the two sessions).
_NOT_A_QUANTITY = re.compile(
    "一(?:起|些|面|道|方|旦|直|点|手|度|体|本正|部分|类|层|级|代|成|路|段|对|头|行|批又|张网|把手|条龙|周年)|十分(?!之|钟)|两[会个确面头难]"
)


class Token(NamedTuple):
    """A token and its span in the text: code points, 0-based, end-exclusive."""

    term: str
    start: int
    end: int


_SPAN = itemgetter(1, 2)
"""Returns the span of a token."""


class RunTokens(NamedTuple):
    """The tokens of a part of a query without blanks, quotes or operators (立案129件), sorted by start and end."""

    tokens: list[Token]
    """Those of `Analyzer.tokenize`."""
    words: list[Token]
    """Those of `Analyzer.query_words`: consecutive words and numbers."""
    parts: list[Token]
    """Those of `Analyzer.query_terms`, with repetitions: also the shorter words in each word."""
    is_quantity: bool
    """Whether the run consists of exactly one number, with or without a unit."""


@dataclass(frozen=True)
class Lexicon:
    """Contents of the word list and of the synonyms file. Users can replace both files."""

    words: str
    """Words separated by white space. Lines that begin with # are comments."""
    synonyms: str
    """One group of synonyms per line, separated by `=`. Lines that begin with # are comments."""

    @classmethod
    def load(cls, words: Path | None = None, synonyms: Path | None = None) -> Lexicon:
        """Read a word list and a synonyms file, by default those of searchkit.

        Raises UsageError if a file cannot be read.
        """
        return cls(
            read_data_file("word list", words or DATA_FOLDER / "words.txt").text,
            read_data_file("synonyms", synonyms or DATA_FOLDER / "synonyms.txt").text,
        )


class Analyzer:
    """Splits text into tokens. Thread-safe.

    The times below apply after the first 5,000 code points. Until then, each code point takes 20 to 40 µs more, because
    dictionary words are looked up one by one; then loading the dictionary takes 0.1 s (`segmentation`).
    """

    def __init__(self, lexicon: Lexicon | None = None) -> None:
        self.lexicon = lexicon or Lexicon.load()
        self._unit_pattern = _compile_units(_read_data_text("units.txt"))

    @cached_property
    def fingerprint(self) -> str:
        """Hexadecimal digest of everything that determines the tokens of a text.

        It covers the lexicon, the data files for folding and units, and the versions of dictionary and code.
        """
        parts = (
            str(_ANALYZER_VERSION),
            DICTIONARY_VERSION,
            self.lexicon.words,
            self.lexicon.synonyms,
            _read_data_text("folding.txt"),
            _read_data_text("units.txt"),
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def tokenize(self, text: str) -> list[Token]:
        """Return the tokens of `text`, sorted by start and end.

        Words of two and three characters inside a longer Chinese word are tokens too (search mode). A number can have
        several tokens: 1.2, 12000 and 12000元 for 1.2万元 (`_QuantityMatch.terms`).

        Takes about 0.8 µs per code point.
        """
        return self._tokenize(fold(text))

    def find_tokens(
        self,
        folded: str,
        terms: Collection[str],
        prefixes: tuple[str, ...] = (),
        known: Sequence[tuple[int, int]] = (),
    ) -> list[tuple[str, int, int]]:
        """Return the tokens of a folded text whose term is in `terms` or begins with a prefix, in no particular order.

        If all terms and prefixes are Chinese, this usually takes less time than `tokenize`, because only Chinese runs
        that contain one of them are segmented. `known`: spans of matches that the caller has found already, sorted and
        without overlaps. Tokens inside of these spans may be left out.
        """
        strings = (*terms, *prefixes)
        spans = self._spans_with(folded, strings, known) if _are_han_words(strings) else None
        if spans is None:
            return [item for item in self._tokenize(folded) if item.term in terms or item.term.startswith(prefixes)]
        if not spans:
            return []
        tokens: list[tuple[str, int, int]] = []
        joined = " ".join([folded[start:end] for start, end in spans])  # one call is faster than one for each span
        lengths = accumulate([end - start + 1 for start, end in spans], initial=0)
        shifts = [start - length for (start, _), length in zip(spans, lengths, strict=False)]
        number = 0
        for word, first, last in self._segmenters.for_text(len(joined)).tokenize(joined, "search"):
            if word == " ":
                number += 1
            elif word in terms or word.startswith(prefixes):
                tokens.append((word, first + shifts[number], last + shifts[number]))
        return tokens

    def index_terms(self, texts: Sequence[str]) -> list[list[str]]:
        """Return the terms of the tokens of each text (`tokenize`), with repetitions, in no particular order.

        A text does not influence the terms of another. Takes about 0.4 µs per code point if there are many texts.
        """
        joined = fold("".join([text.replace(_TEXT_END, _GAP) + _TEXT_END for text in texts]))
        ends = list(accumulate(len(text) + len(_TEXT_END) for text in texts))
        quantities = self._find_quantities(joined)
        # The text without quantities in Arabic numerals. No quantity spans two texts, so all text ends remain.
        rest = " ".join([joined[start:end] for start, end in _word_spans(quantities, 0, len(joined))])
        han_runs, other_runs = _run_patterns()
        terms_by_text = [other_runs.findall(text) for text in rest.split(_TEXT_END)]
        for quantity in quantities:
            terms_by_text[bisect_right(ends, quantity.start)] += quantity.terms()
        # Segment the Chinese runs of all texts in one call. `han_runs` also matches the text ends that separate them.
        terms_by_text.pop()  # the empty rest after the last separator
        words = list(self._segmenters.for_text(len(joined)).cut_for_search(" ".join(han_runs.findall(rest))))
        start = 0
        for terms in terms_by_text:
            end = words.index(_TEXT_END, start)
            terms += [word for word in words[start:end] if word != " "]
            start = end + 1
        return terms_by_text

    def query_words(self, run: str) -> list[str]:
        """Return the words that a query for `run` requires: consecutive words, without the shorter words in them.

        A number is one word, its most specific term.
        """
        return [token.term for token in self.analyze_run(run).words]

    def query_terms(self, run: str) -> list[str]:
        """Return the distinct terms of `run` that ranking and the relaxed form of a query use.

        The terms include the shorter words in each word. Of the terms of a number, returns only the most specific one.
        """
        return list(dict.fromkeys(token.term for token in self.analyze_run(run).parts))

    def analyze_run(self, run: str) -> RunTokens:
        """Return the tokens, words and parts of a run of a query. All three take little longer than one of them."""
        folded = fold(run)
        quantities = self._find_quantities(folded)
        tokens = self._tokenize_words(folded, _word_spans(quantities, 0, len(folded)), "search")
        words: list[Token] = []
        start = len(folded)
        for token in reversed(tokens):  # a word comes after the shorter words in it
            if token.end <= start:
                words.append(token)
                start = token.start
        words.reverse()
        if not quantities:
            tokens.sort(key=_SPAN)
            return RunTokens(tokens, words, tokens, is_quantity=False)
        spans = [(quantity.start, quantity.end) for quantity in quantities]
        numbers = [quantity.tokens() for quantity in quantities]
        words, parts = (
            [token for token in some if not any(start <= token.start and token.end <= end for start, end in spans)]
            + [number[-1] for number in numbers]
            for some in (words, tokens)
        )
        tokens += [token for number in numbers for token in number]
        every, words, parts = (sorted(some, key=_SPAN) for some in (tokens, words, parts))
        return RunTokens(every, words, parts, is_quantity=(0, len(run)) in spans)

    def word_edges(self, run: str) -> frozenset[int]:
        """Return the offsets in `run` at which a word begins or ends, and also 0 and the length of `run`.

        Shorter words inside a word and quantities in Arabic numerals do not count.
        """
        folded = fold(run)
        words = self._tokenize_words(folded, _word_spans(self._find_quantities(folded), 0, len(folded)), "default")
        return frozenset({0, len(run), *(edge for word in words for edge in (word.start, word.end))})

    def is_word(self, folded: str) -> bool:
        """Return whether a folded text is a word of the dictionary, the word list or the synonyms."""
        return self._segmenters.is_word(folded)

    def is_quantity(self, run: str) -> bool:
        """Return whether `run` consists of exactly one number, with or without a unit."""
        return self.analyze_run(run).is_quantity

    def synonyms(self, word: str) -> tuple[str, ...]:
        """Return the synonyms of a folded word, in the order of the synonyms file. Empty if it has none."""
        return self._synonyms.get(word, ())

    @cached_property
    def _synonyms(self) -> Mapping[str, tuple[str, ...]]:
        """Synonyms of each word of the synonyms file. A word of several groups has the synonyms of all of them."""
        synonyms: dict[str, tuple[str, ...]] = {}
        for line in _content_lines(self.lexicon.synonyms):
            group = tuple(dict.fromkeys(fold(name.strip()) for name in line.split("=") if name.strip()))
            for name in group:
                synonyms[name] = synonyms.get(name, ()) + tuple(other for other in group if other != name)
        return synonyms

    @cached_property
    def _segmenters(self) -> SegmenterProvider:
        """Segmenters that know the word list and the words of the synonyms file in addition to the dictionary."""
        return segmenter_provider((*_folded_words(self.lexicon.words), *self._synonyms))

    def _tokenize(self, folded: str) -> list[Token]:
        """Return the tokens of a folded text, sorted by start and end."""
        quantities = self._find_quantities(folded)
        tokens = self._tokenize_words(folded, _word_spans(quantities, 0, len(folded)), "search")
        for quantity in quantities:
            tokens.extend(quantity.tokens())
        tokens.sort(key=_SPAN)
        return tokens

    def _spans_with(
        self, folded: str, strings: tuple[str, ...], known: Sequence[tuple[int, int]]
    ) -> list[tuple[int, int]] | None:
        """Return the spans to segment: Chinese runs that contain one of `strings` outside of `known` spans.

        The spans are sorted, and exclude quantities in Arabic numerals (`_word_spans`). None if so many numbers are
        beside the runs that `_tokenize` is faster.
        """
        spans: list[tuple[int, int]] = []
        end = looked_at = 0
        for at in sorted(_occurrences(folded, strings, known)):
            if at < end:
                continue
            start, end = at, _HAN_RUN.match(folded, at).end()  # type: ignore[union-attr]
            while start and _FIRST_HAN <= folded[start - 1] <= _LAST_HAN:
                start -= 1
            first, last = _number_context(folded, start, end)
            looked_at += start - first + last - end
            if looked_at > len(folded):  # keeps the time linear
                return None
            if first == start and last == end:
                spans.append((start, end))
            else:
                outside = _word_spans(self._find_quantities(folded, first, last), start, end)
                spans += [
                    (max(left, start), min(right, end)) for left, right in outside if left < end and start < right
                ]
        return spans

    def _tokenize_words(self, folded: str, spans: Iterable[tuple[int, int]], mode: str) -> list[Token]:
        """Return the tokens of `spans`, which contain no quantities in Arabic numerals."""
        tokens = []
        for start, end in spans:
            for match in _TOKEN_RUN.finditer(folded, start, end):
                run, offset = match[0], match.start()
                if match["han"]:
                    words = self._segmenters.for_text(len(run)).tokenize(run, mode)
                    tokens += [Token(word, offset + first, offset + last) for word, first, last in words]
                else:
                    tokens.append(Token(run, offset, match.end()))
        return tokens

    def _find_quantities(self, folded: str, begin: int = 0, stop: int | None = None) -> list[_QuantityMatch]:
        """Return the quantities in a folded text, or from `begin` to `stop`, from left to right, without overlaps.

        Numerals that are part of a word or a name are ignored. A Chinese numeral of one character is a quantity if 第
        precedes (第三), or if a unit follows (三件) and numeral and unit do not begin a word such as 一起. Arabic
        digits after a letter are not a quantity (h7n9). A numeral before a letter is a quantity only if the letter
        begins a unit (3km, not 3d). Up to three blanks after 第 are ignored.
        """
        quantities = []
        for numeral in find_folded_numerals(folded, begin, stop):
            start, end, *_, is_han = numeral
            before = folded[start - 1 : start]
            first = _ordinal_start(folded, start) if before in ("第", " ") else start
            is_ordinal = first < start
            is_han_digit = is_han and end - start == 1 and not is_ordinal
            if (is_han_digit and _NOT_A_QUANTITY.match(folded, start)) or (not is_han and _is_letter(before)):
                continue
            match = self._unit_pattern.match(folded, end)
            if match:
                quantities.append(_QuantityMatch(first, match.end(), numeral, match[1], is_ordinal))
            elif not is_han_digit and not _is_letter(folded[end : end + 1]):
                quantities.append(_QuantityMatch(first, end, numeral, "", is_ordinal))
        return quantities


def _occurrences(folded: str, strings: Iterable[str], known: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Yield the offsets at which one of `strings` begins in a folded text, outside of the spans of `known`."""
    for string in strings:
        at = folded.find(string)
        while at >= 0:
            if not (known and _is_inside(known, at, at + len(string))):
                yield at
            at = folded.find(string, at + 1)


def _is_inside(spans: Sequence[tuple[int, int]], start: int, end: int) -> bool:
    """Return whether a span is inside of one of `spans`, which are sorted and do not overlap."""
    at = bisect_right(spans, start, key=itemgetter(0)) - 1
    return at >= 0 and spans[at][1] >= end


def _number_context(folded: str, start: int, end: int) -> tuple[int, int]:
    """Return the span of a Chinese run, with the numerals beside it that can form a quantity with its characters.

    A quantity can end in the run (5万元, 50 % 人) or begin in it (第 3 条, 百分之50). No unit mixes Chinese characters
    with letters, so letters beside the run are left out.
    """
    first, last = start, end
    if _DIGIT.search(folded, max(0, start - _MAX_DISTANCE), start):
        while first and is_in_numeral(folded[first - 1]):
            first -= 1
    if folded[end - 1] in "第之":
        while is_in_numeral(folded[last : last + 1]):
            last += 1
    return first, last


def _ordinal_start(folded: str, start: int) -> int:
    """Return the offset of 第 before a number at `start`, with at most three blanks between them, or `start`."""
    # Offset of the last of the three characters before `start` that is not a blank. If all three are blanks, offset of
    # the fourth character before `start`.
    first = len(folded[max(0, start - 3) : start].rstrip(" ")) + max(0, start - 3) - 1
    return first if folded[first : first + 1] == "第" else start


class _QuantityMatch(NamedTuple):
    """A number in a text, with 第 before it and the unit after it, if present."""

    start: int
    end: int
    numeral: Numeral
    unit: str
    is_ordinal: bool

    def terms(self) -> list[str]:
        """Return the terms of the quantity, the least specific first: 1.2, 12000, 12000元 for 1.2万元.

        If they apply, the terms are the number without its scale (1.2), the value (12000), the value with % (50%), the
        value with each reading of the unit (3人, 3人次), and the last of these terms after 第 (第3条).
        """
        numeral, value = self.numeral, self.numeral.digits
        terms = [value] if numeral.scale == 1 else [numeral.unscaled, value]
        if numeral.is_percent:
            terms.append(value + "%")
        terms += [value + unit for unit in _unit_readings(self.unit)]
        if self.is_ordinal:
            terms.append("第" + terms[-1])
        return terms

    def tokens(self) -> list[Token]:
        """Return a token for each term of `terms`, in the same order.

        The span of a token covers the number, as much of the unit as the term contains, and 第 if the term contains it.
        """
        terms, numeral = self.terms(), self.numeral
        unit_ends = [self.end - len(self.unit) + len(unit) for unit in _unit_readings(self.unit)]
        starts = [numeral.start] * len(terms)
        if self.is_ordinal:
            unit_ends.append(self.end)
            starts[-1] = self.start
        ends = [numeral.end] * (len(terms) - len(unit_ends)) + unit_ends
        return list(map(Token, terms, starts, ends))


@lru_cache(maxsize=2**8)
def _are_han_words(strings: tuple[str, ...]) -> bool:
    """Return whether all strings are Chinese, and none can begin the term of a number (第3条)."""
    return all(text not in {"", "第"} and _HAN_RUN.fullmatch(text) for text in strings)


@cache
def _unit_readings(unit: str) -> tuple[str, ...]:
    """Return the readings of a unit, the shortest first: its prefixes in `_SHORT_UNITS`, and the unit (人, 人次)."""
    return tuple(unit[:n] for n in range(1, len(unit) + 1) if n == len(unit) or unit[:n] in _SHORT_UNITS)


def _word_spans(quantities: Iterable[_QuantityMatch], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the spans that are segmented into words: those between quantities in Arabic numerals, from start to end.

    The quantity 1300余人 in 1300余人参训 therefore ends before 参训, and 人参 is not a word. Quantities in Chinese
    numerals are segmented too, because words such as 一体化 begin with a numeral.
    """
    position = start
    for quantity in quantities:
        if not quantity.numeral.is_han:
            yield position, quantity.start
            position = quantity.end
    yield position, end


# Units that are also indexed if they are a prefix of the unit in the text (人 of 人次). A query for 3人 therefore
# matches 3人次, which contains the characters 3人.
_SHORT_UNITS = frozenset("件起单份条项例人名户家所次场期轮台辆处个年日天批")


@cache
def _run_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return two patterns: Chinese runs, which can contain text separators, and tokens that are not segmented.

    The patterns are compiled on first use. Compiling takes as long as a short query, which does not need the patterns.
    """
    # The lookahead skips Chinese text fast, and rejects unassigned code points of `_RARE_HAN`.
    return re.compile(f"[{HAN_RANGE}{_TEXT_END}]+"), re.compile(rf"(?=[^\W_{HAN_RANGE}]){_OTHER_RUN}")


def _compile_units(text: str) -> re.Pattern[str]:
    """Return a pattern of an optional 余, 多 or 来 (over), an optional space, and the longest unit of the file."""
    units = sorted(set(_folded_words(text)), key=len, reverse=True)
    first = re.escape("".join(sorted({unit[0] for unit in units})))
    # The lookahead is an optimisation: if no unit begins with the next character, the alternatives are not tried.
    return re.compile(rf"[余多来]? ?(?=[{first}])({'|'.join(map(re.escape, units))})")


def _is_letter(character: str) -> bool:
    """Return whether a character is a letter. Here, ideographs from U+3400 to U+9FFF are no letters."""
    return character.isalpha() and not "\u3400" <= character <= "\u9fff"


def _folded_words(text: str) -> list[str]:
    """Return the words of a word list, folded. Words are separated by white space."""
    return fold("\n".join(_content_lines(text))).split()


def _content_lines(text: str) -> Iterator[str]:
    """Yield the lines that are not blank and do not begin with #."""
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield line


def _read_data_text(name: str) -> str:
    """Return the text of a data file of searchkit."""
    return (DATA_FOLDER / name).read_text(encoding="utf-8")
