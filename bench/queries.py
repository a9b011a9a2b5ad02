"""The queries that are measured, chosen by seed from what the paragraphs hold: the same ones for every engine.

Queries on generated paragraphs are chosen from the first `SAMPLE` of them and asked at every size: all of them find
something in the smallest. A word is *rare* (in about 0.02 % of the paragraphs), *middling* (1 %) or *frequent* (20 to
40 %).
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

from bench.corpora import GENERATED, analyzer, in_order, paragraphs
from searchkit.model import Paragraph
from searchkit.text.folding import fold

SAMPLE = 50_000
"""Paragraphs that queries are chosen from."""
FIRST = min(GENERATED.values())
"""Paragraphs that each query must find something in."""

RARE, MIDDLING, FREQUENT = (0.0001, 0.0004), (0.007, 0.014), (0.18, 0.42)
"""Shares of the paragraphs that have the word."""
_BANDS = {"r": RARE, "m": MIDDLING, "f": FREQUENT}
_TOGETHER = {2: ("ff", "fm", "mm", "ff", "fm"), 3: ("fff", "ffm", "fmm", "fff"), 6: ("ffffff", "fffffm", "ffffff")}
_EITHER = {
    2: ("ff", "fm", "mm", "rm", "rr"),
    3: ("fff", "fmm", "mmm", "rrr"),
    6: ("fffmmm", "mmmmmm", "rrrmmm", "ffmmrr"),
}
_PER_WORD_CLASS = 5
_FOR_PHRASES = 2_000  # paragraphs that phrases are taken from
_HAN = re.compile("[\u4e00-\u9fa5]+")

Kind = Literal["all", "any", "phrase", "everything"]


@dataclass(frozen=True, slots=True)
class Query:
    """One query: words that must all (or at least one) be there, a string, or nothing; and filters."""

    group: str
    """The class that it is reported under."""
    kind: Kind
    words: tuple[str, ...] = ()
    """Tokens; of a phrase, the string alone."""
    filters: tuple[tuple[str, str], ...] = ()
    """Facet and value; all must hold."""

    @property
    def text(self) -> str:
        """The query as a user of searchkit would type it, without the filters."""
        if self.kind == "phrase":
            return f'"{self.words[0]}"'
        return (" OR " if self.kind == "any" else " ").join(self.words)


@dataclass(frozen=True)
class _Sample:
    """Paragraphs to choose from, with the words of each."""

    paragraphs: Sequence[Paragraph]
    terms: Sequence[frozenset[str]]
    bands: dict[str, list[str]]
    """Words by `_BANDS`, those that the first paragraphs have."""


def prepare(name: str, data: Path) -> None:
    """Choose the queries of a corpus and keep them in the folder `data`, unless they are there."""
    path = _file(name, data)
    if not path.exists():
        path.write_text(json.dumps([asdict(query) for query in choose(name)], ensure_ascii=False), encoding="utf-8")


def read_queries(name: str, data: Path) -> list[Query]:
    """The queries of a corpus, from the file that `prepare` made."""
    records = json.loads(_file(name, data).read_text(encoding="utf-8"))
    return [Query(r["group"], r["kind"], tuple(r["words"]), tuple(map(tuple, r["filters"]))) for r in records]


def _file(name: str, data: Path) -> Path:
    return data / f"queries-{'generated' if name in GENERATED else name}.json"


def choose(name: str, seed: int = 1) -> list[Query]:
    """The queries for a corpus."""
    corpus = name if name not in GENERATED else "1m"
    sample = _sample(list(islice(paragraphs(corpus), SAMPLE)))
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    return [
        *_single(sample, chance),
        *_together(sample, chance),
        *_either(sample, chance),
        *_phrases(sample, chance),
        *_filtered(sample, chance),
        Query("listing", "everything"),
    ]


def _sample(chosen: Sequence[Paragraph]) -> _Sample:
    terms = [frozenset(filter(_is_word, in_order(analyzer(), paragraph.text))) for paragraph in chosen]
    df = Counter(term for found in terms for term in found)
    early = set().union(*terms[:FIRST])
    bands = {
        band: sorted(term for term, count in df.items() if low <= count / len(terms) <= high and term in early)
        for band, (low, high) in _BANDS.items()
    }
    words = {term for found in bands.values() for term in found if analyzer().words(term) == [term]}
    return _Sample(
        chosen[:FIRST], terms[:FIRST], {band: [t for t in found if t in words] for band, found in bands.items()}
    )


def _is_word(term: str) -> bool:
    return bool(_HAN.fullmatch(term)) and 2 <= len(term) <= 4  # noqa: PLR2004 - one character says little, long ones are phrases


def _single(sample: _Sample, chance: random.Random) -> Iterable[Query]:
    for group, band in (("rare word", "r"), ("middling word", "m"), ("frequent word", "f")):
        for word in chance.sample(sample.bands[band], _PER_WORD_CLASS):
            yield Query(group, "all", (word,))


def _together(sample: _Sample, chance: random.Random) -> Iterable[Query]:
    """Words that stand together in a paragraph drawn by chance, so that something is found."""
    for size, recipes in _TOGETHER.items():
        for recipe in recipes:
            yield Query(f"{size} words, all", "all", _words_of_one(sample, recipe, chance))


def _words_of_one(sample: _Sample, recipe: str, chance: random.Random) -> tuple[str, ...]:
    pools = {band: set(sample.bands[band]) for band in dict.fromkeys(recipe)}
    while True:
        found = chance.choice(sample.terms)
        there = {band: sorted(found & pool) for band, pool in pools.items()}
        if all(len(there[band]) >= recipe.count(band) for band in pools):
            return tuple(word for band in pools for word in chance.sample(there[band], recipe.count(band)))


def _either(sample: _Sample, chance: random.Random) -> Iterable[Query]:
    for size, recipes in _EITHER.items():
        for recipe in recipes:
            words = [w for band in dict.fromkeys(recipe) for w in chance.sample(sample.bands[band], recipe.count(band))]
            yield Query(f"{size} words, any", "any", tuple(words))


def _phrases(sample: _Sample, chance: random.Random) -> Iterable[Query]:
    """Strings of Chinese characters: two of the most frequent ones, one of middling frequency, two by chance."""
    runs = [run for paragraph in sample.paragraphs[:_FOR_PHRASES] for run in _HAN.findall(fold(paragraph.text))]
    for size in (2, 3, 4, 8):
        windows = Counter(run[i : i + size] for run in runs for i in range(len(run) - size + 1))
        ranked = sorted(windows, key=lambda window: (-windows[window], window))
        once = [window for window in ranked if windows[window] == 1] or ranked[-10:]
        for text in (ranked[0], ranked[5], ranked[len(ranked) // 500], *chance.sample(once, 2)):
            yield Query(f"phrase of {size}", "phrase", (text,))


def _filtered(sample: _Sample, chance: random.Random) -> Iterable[Query]:
    """A frequent word with the facets of a paragraph that has it."""
    for group, names in (("1 filter", ("district",)), ("3 filters", ("district", "year", "topic"))):
        for word in chance.sample(sample.bands["f"], _PER_WORD_CLASS):
            holders = [p for p, terms in zip(sample.paragraphs, sample.terms, strict=True) if word in terms]
            holder = chance.choice([p for p in holders if p.district and p.year and p.topics])
            values = {"district": holder.district, "year": str(holder.year), "topic": holder.topics[0]}
            filters = tuple((name, str(values[name])) for name in names)
            yield Query(f"frequent word, {group}", "all", (word,), filters)
