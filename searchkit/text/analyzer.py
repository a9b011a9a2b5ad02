"""The analyzer, which splits text into tokens. Index and query use the same one.

The analyzer folds the text (`folding`) and splits it into runs. Chinese runs are segmented with jieba's dictionary in
search mode (`segmentation`). A Latin run is one token. Numbers are normalised (`numerals`), so that 一百二十九件,
１２９件 and 129 件 give the same token `129件`.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from searchkit.files import DATA_FOLDER, read_data_file
from searchkit.text.folding import fold
from searchkit.text.numerals import Numeral, find_folded_numerals
from searchkit.text.segmentation import DICTIONARY_VERSION, HAN_RANGE, SegmenterProvider, segmenter_provider

_ANALYZER_VERSION = 2  # increment it if the tokens of a text change

# Separators. Neither can be part of a word, a number or a unit, and no token spans them.
_TEXT_END, _GAP = "\0", "\n"

# Ideographs outside the dictionary. Each is a token by itself.
_RARE_HAN = "\u3007\u3400-\u4dbf\u9fd6-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_OTHER_RUN = rf"(?:[{_RARE_HAN}]|[^\W_{HAN_RANGE}{_RARE_HAN}]+)"
_TOKEN_RUN = re.compile(rf"(?P<han>[{HAN_RANGE}]+)|(?=[^\W_]){_OTHER_RUN}")

# Words that begin like a quantity: 一起 (together), 一面 (on the one hand) …
_NOT_A_QUANTITY = re.compile(
    "一(?:起|些|面|道|方|旦|直|点|手|度|体|本正|部分|类|层|级|代|成|路|段|对|头|行|批又|张网|把手|条龙|周年)|十分(?!之|钟)|两[会个确面头难]"
)


class Token(NamedTuple):
    """A token and its span in the text: code points, 0-based, end-exclusive."""

    term: str
    start: int
    end: int


@dataclass(frozen=True)
class Lexicon:
    """The domain words and synonyms, which users can replace: the contents of their files."""

    words: str
    """Words separated by white space. Lines that begin with # are comments."""
    synonyms: str
    """One group of synonyms per line, separated by `=`. Lines that begin with # are comments."""

    @classmethod
    def load(cls, words: Path | None = None, synonyms: Path | None = None) -> Lexicon:
        """Read the two files, by default those of searchkit. Raises UsageError if one cannot be read."""
        return cls(
            read_data_file("word list", words or DATA_FOLDER / "words.txt").text,
            read_data_file("synonyms", synonyms or DATA_FOLDER / "synonyms.txt").text,
        )


class Analyzer:
    """Splits text into tokens. Thread-safe.

    The costs below hold for large amounts of text. At first, dictionary words are looked up or loaded (`segmentation`),
    which takes about 20 µs more a code point, up to 0.1 s in total.
    """

    def __init__(self, lexicon: Lexicon | None = None) -> None:
        self.lexicon = lexicon or Lexicon.load()
        self._unit_pattern = _compile_units(_read_data_text("units.txt"))

    @cached_property
    def fingerprint(self) -> str:
        """Hexadecimal digest of everything that determines the tokens of a text."""
        parts = (
            str(_ANALYZER_VERSION),
            DICTIONARY_VERSION,
            self.lexicon.words,
            self.lexicon.synonyms,
            _read_data_text("folding.txt"),
            _read_data_text("units.txt"),
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def tokenize(self, text: str, parts: Collection[str] = ("",)) -> list[Token]:
        """Return all tokens of `text`, sorted by start. Highlighting and queries use it.

        A Chinese word is accompanied by the shorter words in it (search mode). A number gives a token for its value
        and one for each unit reading. Cost: about 0.8 µs a code point. `parts` reduces the cost for a caller that needs
        certain words only: Chinese runs that contain none of these folded strings are skipped.
        """
        folded = fold(text)
        quantities = self._find_quantities(folded)
        tokens = self._tokenize_words(folded, quantities, "search", parts)
        for quantity in quantities:
            tokens.extend(quantity.tokens())
        tokens.sort(key=itemgetter(1, 2))
        return tokens

    def index_terms(self, texts: Sequence[str]) -> list[list[str]]:
        """Return the terms of each text for the index, in any order. They are those of `tokenize`.

        Texts do not influence each other. Cost: about 0.35 µs a code point, for many texts at once.
        """
        joined = fold("".join([text.replace(_TEXT_END, _GAP) + _TEXT_END for text in texts]))
        ends = list(accumulate(len(text) + len(_TEXT_END) for text in texts))
        quantities = self._find_quantities(joined)
        rest = " ".join([joined[start:end] for start, end in _word_spans(joined, quantities)])
        han_runs, other_runs = _run_patterns()
        terms_by_text = [other_runs.findall(text) for text in rest.split(_TEXT_END)]
        for quantity in quantities:
            terms_by_text[bisect_right(ends, quantity.start)] += quantity.terms()
        remaining = iter(terms_by_text)
        terms = next(remaining)
        segmenter = self._segmenters.for_text(len(joined))
        for word in segmenter.cut_for_search(" ".join(han_runs.findall(rest))):
            if word == _TEXT_END:
                terms = next(remaining)
            elif word != " ":
                terms.append(word)
        return terms_by_text[:-1]  # the last element is the empty rest after the last separator

    def query_words(self, run: str) -> list[str]:
        """Return the words that a query for `run` requires: the longest dictionary words, and quantities."""
        folded = fold(run)
        return self._query_terms(folded, self._find_quantities(folded), "default")

    def query_terms(self, run: str) -> list[str]:
        """Return the distinct terms of `run` for ranking and for `any`. A number gives its most specific term only."""
        folded = fold(run)
        return list(dict.fromkeys(self._query_terms(folded, self._find_quantities(folded), "search")))

    def is_quantity(self, run: str) -> bool:
        """Return whether `run` is exactly one number, with or without a unit."""
        return any((quantity.start, quantity.end) == (0, len(run)) for quantity in self._find_quantities(fold(run)))

    def synonyms(self, word: str) -> tuple[str, ...]:
        """Return the synonyms of a folded word, in the order of the synonyms file."""
        return self._synonyms.get(word, ())

    @cached_property
    def _synonyms(self) -> Mapping[str, tuple[str, ...]]:
        synonyms: dict[str, tuple[str, ...]] = {}
        for line in _content_lines(self.lexicon.synonyms):
            group = tuple(dict.fromkeys(fold(name.strip()) for name in line.split("=") if name.strip()))
            for name in group:
                synonyms[name] = synonyms.get(name, ()) + tuple(other for other in group if other != name)
        return synonyms

    @cached_property
    def _segmenters(self) -> SegmenterProvider:
        return segmenter_provider((*_folded_words(self.lexicon.words), *self._synonyms))

    def _query_terms(self, folded: str, quantities: Sequence[_QuantityMatch], mode: str) -> list[str]:
        """Return the words outside quantities and the most specific term of each quantity, in text order."""
        spans = [(quantity.start, quantity.end) for quantity in quantities]
        words = self._tokenize_words(folded, quantities, mode)
        tokens = [w for w in words if not any(start <= w.start and w.end <= end for start, end in spans)]
        tokens += [quantity.tokens()[-1] for quantity in quantities]
        return [token.term for token in sorted(tokens, key=itemgetter(1, 2))]

    def _tokenize_words(
        self, folded: str, quantities: Sequence[_QuantityMatch], mode: str, parts: Collection[str] = ("",)
    ) -> list[Token]:
        tokens = []
        for start, end in _word_spans(folded, quantities):
            for match in _TOKEN_RUN.finditer(folded, start, end):
                run, offset = match[0], match.start()
                if not match["han"]:
                    tokens.append(Token(run, offset, match.end()))
                elif any(part in run for part in parts):
                    words = self._segmenters.for_text(len(run)).tokenize(run, mode)
                    tokens += [Token(word, offset + first, offset + last) for word, first, last in words]
        return tokens

    def _find_quantities(self, folded: str) -> list[_QuantityMatch]:
        quantities = []
        for numeral in find_folded_numerals(folded):
            start, end, *_, is_han = numeral
            before = folded[start - 1 : start]
            is_ordinal = before == "第"
            is_digit = is_han and end - start == 1 and not is_ordinal
            if (is_digit and _NOT_A_QUANTITY.match(folded, start)) or (not is_han and _is_latin(before)):
                continue
            match = self._unit_pattern.match(folded, end)
            if match:
                quantities.append(_QuantityMatch(start - is_ordinal, match.end(), numeral, match[1], is_ordinal))
            elif not is_digit and not _is_latin(folded[end : end + 1]):
                quantities.append(_QuantityMatch(start - is_ordinal, end, numeral, "", is_ordinal))
        return quantities


class _QuantityMatch(NamedTuple):
    """A number in a text, with 第 before it and the unit after it, if present."""

    start: int
    end: int
    numeral: Numeral
    unit: str
    is_ordinal: bool

    def terms(self) -> list[str]:
        """Return the terms of the quantity, the least specific first.

        They are the number without its scale, the value, the percentage, the value with ever longer units, and the last
        of these with 第 before it.
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
        """Return a token for each of `terms`. Its span covers as much of the unit as the term contains."""
        terms, numeral = self.terms(), self.numeral
        unit_ends = [self.end - len(self.unit) + len(unit) for unit in _unit_readings(self.unit)]
        starts = [numeral.start] * len(terms)
        if self.is_ordinal:
            unit_ends.append(self.end)
            starts[-1] = self.start
        ends = [numeral.end] * (len(terms) - len(unit_ends)) + unit_ends
        return list(map(Token, terms, starts, ends))


@cache
def _unit_readings(unit: str) -> tuple[str, ...]:
    """Return the prefixes of a unit that are indexed as units, the shortest first. The last one is the unit itself."""
    return tuple(unit[:n] for n in range(1, len(unit) + 1) if n == len(unit) or unit[:n] in _SHORT_UNITS)


def _word_spans(folded: str, quantities: Iterable[_QuantityMatch]) -> Iterator[tuple[int, int]]:
    """Yield the spans that are segmented into words: those between quantities in Arabic numerals.

    No word crosses such a quantity, so 1300余人参训 does not give the word 人参.
    """
    position = 0
    for quantity in quantities:
        if not quantity.numeral.is_han:
            yield position, quantity.start
            position = quantity.end
    yield position, len(folded)


# Units that are indexed as prefixes of longer units (户 of 户次, 人 of 人次), because a query for 3人 must match 3人次,
# where its characters occur.
_SHORT_UNITS = frozenset("件起单份条项例人名户家所次场期轮台辆处个年日天批")


@cache
def _run_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the patterns of Chinese runs with text separators, and of other runs.

    They are compiled on first use, because compiling takes as long as a short query, which does not need them.
    """
    # The lookahead is an optimisation: it skips Chinese text.
    return re.compile(f"[{HAN_RANGE}{_TEXT_END}]+"), re.compile(rf"(?=[^\W_{HAN_RANGE}]){_OTHER_RUN}")


def _compile_units(text: str) -> re.Pattern[str]:
    units = sorted(set(_folded_words(text)), key=len, reverse=True)
    first = re.escape("".join(sorted({unit[0] for unit in units})))
    # The lookahead is an optimisation: it rejects a character that begins no unit before the units are tried.
    return re.compile(rf"[余多来]? ?(?=[{first}])({'|'.join(map(re.escape, units))})")


def _is_latin(character: str) -> bool:
    """Return whether a character is a letter other than an ideograph. The 7 in h7n9 and the 3 in 3d are not numbers."""
    return character.isalpha() and not "\u3400" <= character <= "\u9fff"


def _folded_words(text: str) -> list[str]:
    return fold("\n".join(_content_lines(text))).split()


def _content_lines(text: str) -> Iterator[str]:
    """Yield the lines that are neither blank nor comments."""
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield line


def _read_data_text(name: str) -> str:
    """Return the text of a data file of searchkit."""
    return (DATA_FOLDER / name).read_text(encoding="utf-8")
