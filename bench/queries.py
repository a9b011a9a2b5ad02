"""Chooses the benchmark queries by seed from the words of the paragraphs. All engines get the same queries.

All generated corpora have the same queries. They are chosen from the first `FIRST_PARAGRAPHS` paragraphs, so that each
has a match in the smallest corpus. A word is *rare* (in about 0.02 % of the paragraphs), *middling* (1 %) or *frequent*
(20 to 40 %), counted in the first `SAMPLE_SIZE` paragraphs.
"""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from bench.corpora import GENERATED, analyzer, ordered_terms, paragraphs
from searchkit.model import Paragraph
from searchkit.text.folding import fold

SAMPLE_SIZE = 50_000
"""Maximum number of paragraphs, from the first on, in which the document frequencies of words are counted."""
FIRST_PARAGRAPHS = min(GENERATED.values())
"""Number of first paragraphs in which each query must match."""

RARE, MIDDLING, FREQUENT = (0.0001, 0.0004), (0.007, 0.014), (0.18, 0.42)
"""Minimum and maximum share of the paragraphs that contain a rare, middling or frequent word."""
_BANDS = {"r": RARE, "m": MIDDLING, "f": FREQUENT}
"""Letter in a recipe → range of frequencies."""
_ALL_RECIPES = {2: ("ff", "fm", "mm", "ff", "fm"), 3: ("fff", "ffm", "fmm", "fff"), 6: ("ffffff", "fffffm", "ffffff")}
"""Recipes of the queries whose words must all occur: number of words → one recipe per query.

A recipe has one letter per word, a key of `_BANDS`: `fm` is a query of a frequent and a middling word.
"""
_ANY_RECIPES = {
    2: ("ff", "fm", "mm", "rm", "rr"),
    3: ("fff", "fmm", "mmm", "rrr"),
    6: ("fffmmm", "mmmmmm", "rrrmmm", "ffmmrr"),
}
"""Recipes of the queries of which at least one word must occur, in the form of `_ALL_RECIPES`."""
_PER_WORD_CLASS = 5
"""Number of queries in each class of single words. Such classes have one filter, three filters or none."""
_PHRASE_PARAGRAPHS = 2_000
"""Number of first paragraphs that phrases are taken from."""
_HAN = re.compile("[\u4e00-\u9fa5]+")
"""Matches one or more Chinese characters, from 一 to 龥."""

Kind = Literal["all", "any", "phrase", "everything"]
"""What a paragraph must contain: all words, at least one of the words, the phrase, or nothing in particular."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query: words that must all occur, words of which at least one must occur, a phrase, or all paragraphs.

    It can have filters.
    """

    group: str
    """Class of similar queries, such as `2 words, all`. A benchmark reports one running time per class."""
    kind: Kind
    words: tuple[str, ...] = ()
    """Tokens. A phrase is a single string, which is not segmented."""
    filters: tuple[tuple[str, str], ...] = ()
    """Pairs of facet and value. All must match."""

    @property
    def text(self) -> str:
        """The query in searchkit's syntax, without the filters."""
        if self.kind == "phrase":
            return f'"{self.words[0]}"'
        return (" OR " if self.kind == "any" else " ").join(self.words)


@dataclass(frozen=True)
class _Sample:
    """Paragraphs to choose queries from, and their words."""

    paragraphs: Sequence[Paragraph]
    terms: Sequence[frozenset[str]]
    """The different words of each paragraph."""
    bands: dict[str, list[str]]
    """Words by key of `_BANDS`, only those that occur in the first paragraphs."""


def prepare(name: str, data: Path) -> None:
    """Choose the queries of a corpus and write them to the folder `data`, unless they exist."""
    path = _file(name, data)
    if not path.exists():
        path.write_text(json.dumps([asdict(query) for query in choose(name)], ensure_ascii=False), encoding="utf-8")


def read_queries(name: str, data: Path) -> list[Query]:
    """Read the queries of a corpus from the file that `prepare` wrote."""
    records = json.loads(_file(name, data).read_text(encoding="utf-8"))
    return [Query(r["group"], r["kind"], tuple(r["words"]), tuple(map(tuple, r["filters"]))) for r in records]


def _file(name: str, data: Path) -> Path:
    """Return the path of the queries of a corpus. All generated corpora have the same file."""
    return data / f"queries-{'generated' if name in GENERATED else name}.json"


def choose(name: str, seed: int = 1) -> list[Query]:
    """Choose the queries for a corpus."""
    corpus = name if name not in GENERATED else "1m"
    sample = _build_sample(list(islice(paragraphs(corpus), SAMPLE_SIZE)))
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    return [
        *_single_words(sample, rng),
        *_all_words(sample, rng),
        *_any_words(sample, rng),
        *_phrase_queries(sample, rng),
        *_filtered_words(sample, rng),
        Query("listing", "everything"),
    ]


def _build_sample(candidates: Sequence[Paragraph]) -> _Sample:
    """Return the first `FIRST_PARAGRAPHS` of the candidates as a sample. Frequencies are counted in all candidates.

    A word is chosen only if searchkit does not segment it further when it is a query.
    """
    terms = [frozenset(filter(_is_word, ordered_terms(analyzer(), paragraph.text))) for paragraph in candidates]
    df = Counter(term for paragraph_terms in terms for term in paragraph_terms)
    early_terms = set().union(*terms[:FIRST_PARAGRAPHS])
    bands = {
        band: sorted(term for term, count in df.items() if low <= count / len(terms) <= high and term in early_terms)
        for band, (low, high) in _BANDS.items()
    }
    words = {term for members in bands.values() for term in members if analyzer().query_words(term) == [term]}
    return _Sample(
        candidates[:FIRST_PARAGRAPHS],
        terms[:FIRST_PARAGRAPHS],
        {band: [t for t in members if t in words] for band, members in bands.items()},
    )


def _is_word(term: str) -> bool:
    """Return whether a term can be a word of a query."""
    return bool(_HAN.fullmatch(term)) and 2 <= len(term) <= 4  # noqa: PLR2004 - single characters are too general, long terms are phrases


def _single_words(sample: _Sample, rng: random.Random) -> Iterable[Query]:
    """Yield queries of one rare, middling or frequent word."""
    for group, band in (("rare word", "r"), ("middling word", "m"), ("frequent word", "f")):
        for word in rng.sample(sample.bands[band], _PER_WORD_CLASS):
            yield Query(group, "all", (word,))


def _all_words(sample: _Sample, rng: random.Random) -> Iterable[Query]:
    """Yield queries of words that occur together in a random paragraph, so that the query matches."""
    for size, recipes in _ALL_RECIPES.items():
        for recipe in recipes:
            yield Query(f"{size} words, all", "all", _words_of_one_paragraph(sample, recipe, rng))


def _words_of_one_paragraph(sample: _Sample, recipe: str, rng: random.Random) -> tuple[str, ...]:
    """Return words of a random paragraph by a recipe. Tries paragraphs until one has enough words of each band."""
    pools = {band: set(sample.bands[band]) for band in dict.fromkeys(recipe)}
    while True:
        terms = rng.choice(sample.terms)
        choices = {band: sorted(terms & pool) for band, pool in pools.items()}
        if all(len(choices[band]) >= recipe.count(band) for band in pools):
            return tuple(word for band in pools for word in rng.sample(choices[band], recipe.count(band)))


def _any_words(sample: _Sample, rng: random.Random) -> Iterable[Query]:
    """Yield queries of which at least one word must occur. The words need not occur together anywhere."""
    for size, recipes in _ANY_RECIPES.items():
        for recipe in recipes:
            words = [w for band in dict.fromkeys(recipe) for w in rng.sample(sample.bands[band], recipe.count(band))]
            yield Query(f"{size} words, any", "any", tuple(words))


def _phrase_queries(sample: _Sample, rng: random.Random) -> Iterable[Query]:
    """Yield Chinese phrases of 2, 3, 4 and 8 characters.

    Of each length, two are frequent, one is less frequent, and two are chosen at random from those that occur only once
    or, if there are none, from the ten least frequent.
    """
    runs = [run for paragraph in sample.paragraphs[:_PHRASE_PARAGRAPHS] for run in _HAN.findall(fold(paragraph.text))]
    for size in (2, 3, 4, 8):
        windows = Counter(run[i : i + size] for run in runs for i in range(len(run) - size + 1))
        ranked = sorted(windows, key=lambda window: (-windows[window], window))
        once = [window for window in ranked if windows[window] == 1] or ranked[-10:]
        for text in (ranked[0], ranked[5], ranked[len(ranked) // 500], *rng.sample(once, 2)):
            yield Query(f"phrase of {size}", "phrase", (text,))


def _filtered_words(sample: _Sample, rng: random.Random) -> Iterable[Query]:
    """Yield frequent words, filtered by facet values of a paragraph that contains the word."""
    for group, names in (("1 filter", ("district",)), ("3 filters", ("district", "year", "topic"))):
        for word in rng.sample(sample.bands["f"], _PER_WORD_CLASS):
            matches = [p for p, terms in zip(sample.paragraphs, sample.terms, strict=True) if word in terms]
            paragraph = rng.choice([p for p in matches if p.district and p.year and p.topics])
            values = {"district": paragraph.district, "year": str(paragraph.year), "topic": paragraph.topics[0]}
            filters = tuple((name, str(values[name])) for name in names)
            yield Query(f"frequent word, {group}", "all", (word,), filters)
