"""Text to tokens. One analyzer serves index and query.

The text is folded (`folding`), then cut into runs: Chinese runs by jieba's dictionary in search mode (rjieba
where it is installed, the same dictionary and algorithm), Latin words whole, numbers in canonical form
(`numerals`), so that 一百二十九件, １２９件 and 129 件 are the same token `129件`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, Protocol, cast

from searchkit.errors import UsageError
from searchkit.folding import fold
from searchkit.numerals import Numeral, find_folded_numerals, plain

DATA = Path(__file__).parent / "data"
DICTIONARY = "jieba 0.42.1"
"""The dictionary that the words come from; rjieba carries the same one."""

_RULES = 1  # raise it when the same text gives other tokens than before
_WORD_FREQUENCY = 20_000  # high enough that a domain word is never cut, low enough not to swallow its neighbours

# The characters that jieba's own dictionary covers. Rarer ideographs become tokens of their own.
_HAN = "\u4e00-\u9fd5"
_RARE_HAN = "\u3007\u3400-\u4dbf\u9fd6-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_RUN = re.compile(rf"(?P<han>[{_HAN}]+)|(?P<rare>[{_RARE_HAN}])|(?P<latin>[^\W_{_HAN}{_RARE_HAN}]+)")

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
        return cls(_read(words or DATA / "words.txt"), _read(synonyms or DATA / "synonyms.txt"))


class Analyzer:
    """Cuts text into tokens. Safe for many threads. The first text loads the dictionary (about 0.1 s)."""

    def __init__(self, lexicon: Lexicon | None = None) -> None:
        self.lexicon = lexicon or Lexicon.load()
        self._units = _unit_pattern(_read(DATA / "units.txt"))

    @cached_property
    def fingerprint(self) -> str:
        """Hexadecimal digest of everything that decides which tokens a text gives."""
        parts = (
            str(_RULES),
            DICTIONARY,
            self.lexicon.words,
            self.lexicon.synonyms,
            _read(DATA / "folding.txt"),
            _read(DATA / "units.txt"),
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def tokens(self, text: str) -> list[Token]:
        """All tokens of `text`, for the index and for highlighting, by start.

        Chinese words come with the shorter words they contain (search mode). A number gives its value, and
        its value with each unit that it can be read with. Cost: about 1.2 µs a code point.
        """
        folded = fold(text)
        quantities = list(self._quantities(folded))
        tokens = list(self._words(folded, quantities, "search"))
        for quantity in quantities:
            tokens.extend(quantity.tokens())
        tokens.sort(key=itemgetter(1, 2))
        return tokens

    def words(self, run: str) -> list[str]:
        """The words that a query for `run` asks for: the longest words of the dictionary, and quantities."""
        folded = fold(run)
        return self._for_query(folded, list(self._quantities(folded)), "default")

    def query_terms(self, run: str) -> list[str]:
        """The tokens of a query for `run`, for ranking and for `any`: of a number only its most exact reading."""
        folded = fold(run)
        return list(dict.fromkeys(self._for_query(folded, list(self._quantities(folded)), "search")))

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
    def _segmenter(self) -> Segmenter:
        words = [fold(word) for line in _lines(self.lexicon.words) for word in line.split()]
        return make_segmenter(words + list(self._synonyms))

    def _for_query(self, folded: str, quantities: Sequence[_Quantity], mode: str) -> list[str]:
        """Words and quantities: no word that is part of a quantity, of each quantity the most exact reading."""
        spans = [(quantity.start, quantity.end) for quantity in quantities]
        words = self._words(folded, quantities, mode)
        tokens = [w for w in words if not any(start <= w.start and w.end <= end for start, end in spans)]
        tokens += [quantity.tokens()[-1] for quantity in quantities]
        return [token.term for token in sorted(tokens, key=itemgetter(1, 2))]

    def _words(self, folded: str, quantities: Iterable[_Quantity], mode: str) -> Iterator[Token]:
        """Words between the quantities in Arabic numerals: cutting there keeps 1300余人参训 from giving 人参."""
        position = 0
        for quantity in quantities:
            if not quantity.is_han:
                yield from self._runs(folded, position, quantity.start, mode)
                position = quantity.end
        yield from self._runs(folded, position, len(folded), mode)

    def _runs(self, folded: str, start: int, end: int, mode: str) -> Iterator[Token]:
        for match in _RUN.finditer(folded, start, end):
            offset = match.start()
            if match["han"]:
                for word, first, last in self._segmenter(match["han"], mode):
                    yield Token(word, offset + first, offset + last)
            else:
                yield Token(match[0], offset, match.end())

    def _quantities(self, folded: str) -> Iterator[_Quantity]:
        for numeral in find_folded_numerals(folded):
            is_ordinal = folded[numeral.start - 1 : numeral.start] == "第"
            is_digit = numeral.is_han and numeral.end - numeral.start == 1 and not is_ordinal
            if is_digit and _NO_QUANTITY.match(folded, numeral.start):
                continue
            if not numeral.is_han and _is_latin(folded, numeral.start - 1):
                continue
            unit = self._units.match(folded, numeral.end)
            if unit is None and (_is_latin(folded, numeral.end) or is_digit):
                continue
            yield _Quantity(numeral, unit, is_ordinal=is_ordinal)


class _Quantity:
    """A number with 第 before it and the unit behind it, if they are there. `start` and `end` are those of all."""

    __slots__ = ("_is_ordinal", "_numeral", "_unit", "end", "is_han", "start")

    def __init__(self, numeral: Numeral, unit: re.Match[str] | None, *, is_ordinal: bool) -> None:
        self._numeral, self._unit, self._is_ordinal, self.is_han = numeral, unit, is_ordinal, numeral.is_han
        self.start, self.end = numeral.start - is_ordinal, unit.end() if unit else numeral.end

    def tokens(self) -> list[Token]:
        """From the barest to the most exact: as printed, value, percent, value with ever longer units, 第 before it."""
        numeral = self._numeral
        value = plain(numeral.value)
        terms = [(value, numeral.end)]
        if numeral.scale != 1:
            terms.insert(0, (plain(numeral.printed), numeral.end))
        if numeral.is_percent:
            terms.append((value + "%", numeral.end))
        if self._unit:
            start, end = self._unit.span("unit")
            unit = self._unit["unit"]
            terms += [(value + unit[:n], start + n) for n in range(1, end - start) if unit[:n] in _SHORT_UNITS]
            terms.append((value + unit, end))
        tokens = [Token(term, numeral.start, end) for term, end in terms]
        if self._is_ordinal:
            tokens.append(Token("第" + tokens[-1].term, self.start, self.end))
        return tokens


# 户次 is also read as 户, 人次 as 人: whoever asks for 3人 sees the characters 3人 in 3人次.
_SHORT_UNITS = frozenset("件起单份条项例人名户家所次场期轮台辆处个年日天批")

Segmenter = Callable[[str, str], "Iterable[tuple[str, int, int]]"]
"""(Chinese run, `default` or `search`) → (word, start, end) in code points."""


def make_segmenter(words: Iterable[str], *, prefer_rust: bool = True) -> Segmenter:
    """A segmenter that knows `words` besides the dictionary: rjieba's where it is installed, else jieba's.

    Both give the same words (a test holds them to it); rjieba starts in a seventh of the time and is faster.
    """
    known = tuple(words)
    tokenizer = (_rust_tokenizer(known) if prefer_rust else None) or _python_tokenizer()
    for word in known:
        tokenizer.add_word(word, _WORD_FREQUENCY, "n")
    return tokenizer.tokenize


class _Tokenizer(Protocol):
    """What rjieba and jieba have in common."""

    def add_word(self, word: str, freq: int, tag: str) -> object:
        """Make `word` known."""
        ...

    def tokenize(self, text: str, mode: str) -> Iterable[tuple[str, int, int]]:
        """Cut a Chinese run, `default` or `search`: words with start and end in code points."""
        ...


_first_words: list[tuple[str, ...]] = []


def _rust_tokenizer(words: tuple[str, ...]) -> _Tokenizer | None:
    try:
        import rjieba  # noqa: PLC0415
    except ImportError:
        return None
    # Importing rjieba loads the dictionary for the functions of the module. The first lexicon of a process takes
    # those: a tokenizer of its own would load it again, 80 ms that each command would wait for.
    if not _first_words:
        _first_words.append(words)
    tokenizer: _Tokenizer = cast("_Tokenizer", rjieba) if _first_words == [words] else rjieba.Jieba()
    return tokenizer


def _python_tokenizer() -> _Tokenizer:
    import logging  # noqa: PLC0415

    import jieba  # noqa: PLC0415

    jieba.setLogLevel(logging.WARNING)
    tokenizer: _Tokenizer = jieba.Tokenizer()
    return tokenizer


def _unit_pattern(text: str) -> re.Pattern[str]:
    units = sorted({fold(unit) for line in _lines(text) for unit in line.split()}, key=len, reverse=True)
    return re.compile(rf"[余多来]? ?(?P<unit>{'|'.join(map(re.escape, units))})")


def _is_latin(folded: str, position: int) -> bool:
    """Whether a letter that is no ideograph stands there: the 7 of h7n9 and the 3 of 3d are no numbers."""
    character = folded[position : position + 1] if position >= 0 else ""
    return character.isalpha() and not "\u3400" <= character <= "\u9fff"


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield line


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        message = f"cannot read {path}: {reason}"
        raise UsageError(message) from None
