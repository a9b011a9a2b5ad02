"""Text to tokens. One analyzer serves index and query.

The text is folded (`folding`), then cut into runs: Chinese runs by jieba's dictionary in search mode
(`segmentation`), Latin words whole, numbers in canonical form (`numerals`), so that 一百二十九件, １２９件 and
129 件 are the same token `129件`.
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

from searchkit.files import DATA, read_data
from searchkit.text.folding import fold
from searchkit.text.numerals import Numeral, find_folded_numerals
from searchkit.text.segmentation import CHINESE, DICTIONARY, Segmenters, segmenters

_RULES = 2  # raise it when the same text gives other tokens than before

_END, _GAP = "\0", "\n"  # neither can be part of a word, a number or a unit, nor joins what stands around it

# Ideographs that the dictionary does not cover become tokens of their own.
_RARE_HAN = "\u3007\u3400-\u4dbf\u9fd6-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_OTHER = rf"(?:[{_RARE_HAN}]|[^\W_{CHINESE}{_RARE_HAN}]+)"
_RUN = re.compile(rf"(?P<han>[{CHINESE}]+)|(?=[^\W_]){_OTHER}")

# 一起 (together), 一面 (on the one hand) … look like quantities and are none.
_NO_QUANTITY = re.compile(
    "一(?:起|些|面|道|方|旦|直|点|手|度|体|本正|部分|类|层|级|代|成|路|段|对|头|行|批又|张网|把手|条龙|周年)|十分(?!之|钟)|两[会个确面头难]"
)


class Token(NamedTuple):
    """One token and where it stands: code points of the text, 0-based, end-exclusive."""

    term: str
    start: int
    end: int


@dataclass(frozen=True)
class Lexicon:
    """What a user can replace: domain words and synonyms, as the texts of their files."""

    words: str
    """White space separates words; lines that begin with # are comments."""
    synonyms: str
    """One group a line, `=` between names that mean the same; lines that begin with # are comments."""

    @classmethod
    def load(cls, words: Path | None = None, synonyms: Path | None = None) -> Lexicon:
        """Read the two files, or those that come with searchkit. Raises UsageError when one cannot be read."""
        return cls(
            read_data("word list", words or DATA / "words.txt").text,
            read_data("synonyms", synonyms or DATA / "synonyms.txt").text,
        )


class Analyzer:
    """Cuts text into tokens. Safe for many threads.

    The costs named here are those of much text. Of the first text, words have to be looked up or loaded first
    (`segmentation`): about 20 µs more a code point, up to 0.1 s in all.
    """

    def __init__(self, lexicon: Lexicon | None = None) -> None:
        self.lexicon = lexicon or Lexicon.load()
        self._units = _unit_pattern(_own("units.txt"))

    @cached_property
    def fingerprint(self) -> str:
        """Hexadecimal digest of everything that decides which tokens a text gives."""
        parts = (
            str(_RULES),
            DICTIONARY,
            self.lexicon.words,
            self.lexicon.synonyms,
            _own("folding.txt"),
            _own("units.txt"),
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def tokens(self, text: str, parts: Collection[str] = ("",)) -> list[Token]:
        """All tokens of `text`, by start: for highlighting, and for queries.

        Chinese words come with the shorter words they contain (search mode). A number gives its value, and
        its value with each unit that it can be read with. Cost: about 0.8 µs a code point. Who looks for certain words
        spares most of it with `parts`: Chinese runs that hold none of these strings (folded) are passed over.
        """
        folded = fold(text)
        quantities = self._quantities(folded)
        tokens = self._words(folded, quantities, "search", parts)
        for quantity in quantities:
            tokens.extend(quantity.tokens())
        tokens.sort(key=itemgetter(1, 2))
        return tokens

    def terms(self, texts: Sequence[str]) -> list[list[str]]:
        """The terms of `tokens` for each text, in any order: all that an index needs.

        No text has an influence on another. Cost: about 0.35 µs a code point, for many texts at once.
        """
        joined = fold("".join([text.replace(_END, _GAP) + _END for text in texts]))
        ends = list(accumulate(len(text) + len(_END) for text in texts))
        quantities = self._quantities(joined)
        rest = " ".join([joined[start:end] for start, end in _stretches(joined, quantities)])
        runs, other_runs = _patterns()
        found = [other_runs.findall(text) for text in rest.split(_END)]
        for quantity in quantities:
            found[bisect_right(ends, quantity.start)] += quantity.terms()
        following = iter(found)
        terms = next(following)
        segmenter = self._segmenters.for_text(len(joined))
        for word in segmenter.cut_for_search(" ".join(runs.findall(rest))):
            if word == _END:
                terms = next(following)
            elif word != " ":
                terms.append(word)
        return found[:-1]  # what the last end is followed by is no text

    def words(self, run: str) -> list[str]:
        """The words that a query for `run` asks for: the longest words of the dictionary, and quantities."""
        folded = fold(run)
        return self._for_query(folded, self._quantities(folded), "default")

    def query_terms(self, run: str) -> list[str]:
        """The tokens of a query for `run`, for ranking and for `any`: of a number only its most exact reading."""
        folded = fold(run)
        return list(dict.fromkeys(self._for_query(folded, self._quantities(folded), "search")))

    def is_quantity(self, run: str) -> bool:
        """Whether `run` is one number, with or without a unit, and nothing else."""
        return any((quantity.start, quantity.end) == (0, len(run)) for quantity in self._quantities(fold(run)))

    def synonyms(self, word: str) -> tuple[str, ...]:
        """The other names of `word` (folded), in the order of the synonyms file."""
        return self._synonyms.get(word, ())

    @cached_property
    def _synonyms(self) -> Mapping[str, tuple[str, ...]]:
        others: dict[str, tuple[str, ...]] = {}
        for line in _lines(self.lexicon.synonyms):
            group = tuple(dict.fromkeys(fold(name.strip()) for name in line.split("=") if name.strip()))
            for name in group:
                others[name] = others.get(name, ()) + tuple(other for other in group if other != name)
        return others

    @cached_property
    def _segmenters(self) -> Segmenters:
        return segmenters((*_folded_words(self.lexicon.words), *self._synonyms))

    def _for_query(self, folded: str, quantities: Sequence[_Quantity], mode: str) -> list[str]:
        """Words and quantities: no word that is part of a quantity, of each quantity the most exact reading."""
        spans = [(quantity.start, quantity.end) for quantity in quantities]
        words = self._words(folded, quantities, mode)
        tokens = [w for w in words if not any(start <= w.start and w.end <= end for start, end in spans)]
        tokens += [quantity.tokens()[-1] for quantity in quantities]
        return [token.term for token in sorted(tokens, key=itemgetter(1, 2))]

    def _words(
        self, folded: str, quantities: Sequence[_Quantity], mode: str, parts: Collection[str] = ("",)
    ) -> list[Token]:
        words = []
        for start, end in _stretches(folded, quantities):
            for match in _RUN.finditer(folded, start, end):
                run, offset = match[0], match.start()
                if not match["han"]:
                    words.append(Token(run, offset, match.end()))
                elif any(part in run for part in parts):
                    found = self._segmenters.for_text(len(run)).tokenize(run, mode)
                    words += [Token(word, offset + first, offset + last) for word, first, last in found]
        return words

    def _quantities(self, folded: str) -> list[_Quantity]:
        quantities = []
        for numeral in find_folded_numerals(folded):
            start, end, *_, is_han = numeral
            before = folded[start - 1 : start]
            is_ordinal = before == "第"
            is_digit = is_han and end - start == 1 and not is_ordinal
            if (is_digit and _NO_QUANTITY.match(folded, start)) or (not is_han and _is_latin(before)):
                continue
            match = self._units.match(folded, end)
            if match:
                quantities.append(_Quantity(start - is_ordinal, match.end(), numeral, match[1], is_ordinal))
            elif not is_digit and not _is_latin(folded[end : end + 1]):
                quantities.append(_Quantity(start - is_ordinal, end, numeral, "", is_ordinal))
        return quantities


class _Quantity(NamedTuple):
    """A number with 第 before it and the unit behind it, if they are there."""

    start: int
    end: int
    numeral: Numeral
    unit: str
    is_ordinal: bool

    def terms(self) -> list[str]:
        """From the barest to the most exact: as printed, value, percent, value with ever longer units, 第 before it."""
        numeral, value = self.numeral, self.numeral.digits
        terms = [value] if numeral.scale == 1 else [numeral.printed, value]
        if numeral.is_percent:
            terms.append(value + "%")
        terms += [value + unit for unit in _readings(self.unit)]
        if self.is_ordinal:
            terms.append("第" + terms[-1])
        return terms

    def tokens(self) -> list[Token]:
        """One for each of `terms`: it ends where the number does, or as much of the unit as the term has."""
        terms, numeral = self.terms(), self.numeral
        unit_ends = [self.end - len(self.unit) + len(unit) for unit in _readings(self.unit)]
        starts = [numeral.start] * len(terms)
        if self.is_ordinal:
            unit_ends.append(self.end)
            starts[-1] = self.start
        ends = [numeral.end] * (len(terms) - len(unit_ends)) + unit_ends
        return list(map(Token, terms, starts, ends))


@cache
def _readings(unit: str) -> tuple[str, ...]:
    """The units that a unit can be read as, the shortest first."""
    return tuple(unit[:n] for n in range(1, len(unit) + 1) if n == len(unit) or unit[:n] in _SHORT_UNITS)


def _stretches(folded: str, quantities: Iterable[_Quantity]) -> Iterator[tuple[int, int]]:
    """Where words are: between the quantities in Arabic numerals, which keeps 1300余人参训 from giving 人参."""
    position = 0
    for quantity in quantities:
        if not quantity.numeral.is_han:
            yield position, quantity.start
            position = quantity.end
    yield position, len(folded)


# 户次 is also read as 户, 人次 as 人: whoever asks for 3人 sees the characters 3人 in 3人次.
_SHORT_UNITS = frozenset("件起单份条项例人名户家所次场期轮台辆处个年日天批")


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Chinese runs or ends of texts, and other runs: for much text. Compiling them takes as long as a short query."""
    # The lookahead is for speed: it passes over Chinese text.
    return re.compile(f"[{CHINESE}{_END}]+"), re.compile(rf"(?=[^\W_{CHINESE}]){_OTHER}")


def _unit_pattern(text: str) -> re.Pattern[str]:
    units = sorted(set(_folded_words(text)), key=len, reverse=True)
    first = re.escape("".join(sorted({unit[0] for unit in units})))
    # The lookahead is for speed: it spares what begins no unit a comparison with each of them.
    return re.compile(rf"[余多来]? ?(?=[{first}])({'|'.join(map(re.escape, units))})")


def _is_latin(character: str) -> bool:
    """Whether it is a letter and no ideograph: the 7 of h7n9 and the 3 of 3d are no numbers."""
    return character.isalpha() and not "\u3400" <= character <= "\u9fff"


def _folded_words(text: str) -> list[str]:
    return fold("\n".join(_lines(text))).split()


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield line


def _own(name: str) -> str:
    """Give the text of a data file that comes with the product."""
    return (DATA / name).read_text(encoding="utf-8")
