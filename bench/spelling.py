"""Evaluates the corrections of misspelt words (`did_you_mean`), and that rare words are not corrected.

    python -m bench.spelling INDEX

`INDEX` is an index of the 773 government work reports (`bench.corpora.REAL`). Draws frequent words at random, from a
fixed seed, and misspells each automatically in one of three ways: one character replaced by another with the same
pinyin, two adjacent characters swapped, or one character replaced by any other one. The third way is used only in words
of three or more characters. If the misspelling is itself a word of the dictionary, another word is drawn. Searches for
each misspelling, and counts how often the correction is the word. Then searches for words that one or two paragraphs
have, some in the dictionary and some that the segmenter guessed, and for pairs of words that no paragraph has as a
string, and counts how often there is no correction. Prints the shares, and writes them with some failures to
results/spelling.json.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import searchkit
from searchkit.engines.opening import open_engine
from searchkit.index import Index
from searchkit.text.pinyin import syllables

RESULTS = Path(__file__).parent / "results" / "spelling.json"
SEED = 19
KINDS = ("homophone", "swap", "substitution")
PER_SET = 200
"""Number of queries in each set: misspelt words of all kinds, rare words, guessed words, pairs of words."""
MIN_FREQUENT, MAX_RARE = 100, 2
"""Minimum number of paragraphs with a frequent word, and maximum number with a rare word."""
COMMON_CHARACTERS = 2500
"""Number of characters that replace another one in a misspelling: the most frequent ones."""
_MIN_LENGTH = {"homophone": 2, "swap": 2, "substitution": 3}
"""Minimum number of characters of the word, by kind of misspelling."""
_MAX_FAILURES = 12
"""Maximum number of failures of a set that are written."""


class Sampler:
    """Draws words of an index, and misspells them."""

    def __init__(self, index: Index, folder: Path) -> None:
        """`folder`: the folder of the index."""
        engine = open_engine(index.manifest.engine, folder / index.manifest.data)
        words = {word: count for word, count in engine.vocabulary().words.items() if _is_han(word)}
        engine.close()
        self._analyzer = index.analyzer
        self._random = random.Random(SEED)  # noqa: S311 - not for security
        self._frequent = sorted(word for word, count in words.items() if count >= MIN_FREQUENT)
        self._known = sorted(word for word in words if index.analyzer.is_word(word))
        self._rare = sorted(word for word, count in words.items() if count <= MAX_RARE)
        characters: Counter[str] = Counter()
        for word, count in words.items():
            characters.update(dict.fromkeys(word, count))
        self._common = [character for character, _ in characters.most_common(COMMON_CHARACTERS)]
        self._homophones: dict[str, list[str]] = {}
        for character in self._common:
            self._homophones.setdefault(syllables(character)[0], []).append(character)

    def misspellings(self) -> Iterator[tuple[str, str, str]]:
        """Yield the kind, the word and the misspelling, without end. The kinds take turns."""
        while True:
            for kind in KINDS:
                misspelt = word = self._random.choice(self._frequent)
                while len(word) < _MIN_LENGTH[kind] or misspelt == word or self._analyzer.is_word(misspelt):
                    word = self._random.choice(self._frequent)
                    misspelt = self._misspell(word, kind)
                yield kind, word, misspelt

    def rare_words(self, *, known: bool) -> list[str]:
        """Return `PER_SET` rare words: words of the dictionary if `known`, otherwise words that it lacks."""
        words = [word for word in self._rare if self._analyzer.is_word(word) == known]
        return self._random.sample(words, PER_SET)

    def pairs(self, index: Index) -> Iterator[str]:
        """Yield strings of two words that no paragraph contains, without end.

        Both words are in the index and in the dictionary.
        """
        while True:
            pair = self._random.choice(self._known) + self._random.choice(self._known)
            if not index.search(f'"{pair}"', limit=0).total:
                yield pair

    def _misspell(self, word: str, kind: str) -> str:
        """Return a word with a random change of a kind, or the same word if the change has no effect."""
        at = self._random.randrange(len(word) - (kind == "swap"))
        if kind == "swap":
            return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
        same_sound = self._homophones.get(syllables(word)[at], [word[at]])
        return word[:at] + self._random.choice(same_sound if kind == "homophone" else self._common) + word[at + 1 :]


def _is_han(word: str) -> bool:
    return all("\u4e00" <= character <= "\u9fff" for character in word)


def correct(index: Index, query: str) -> str | None:
    """Return the query that a search for `query` suggests as a correction, or None."""
    suggestions = index.search(query, limit=0, literal=True).suggestions
    return next((item.query for item in suggestions if item.kind == "did_you_mean"), None)


def score_misspellings(index: Index, misspellings: Sequence[tuple[str, str, str]]) -> Iterator[dict[str, object]]:
    """Yield a result for the misspellings of each kind, and for all.

    `right`: share whose correction is the word. `none`: share without a correction.
    """
    corrections = [(kind, word, misspelt, correct(index, misspelt)) for kind, word, misspelt in misspellings]
    for title in (*KINDS, "all"):
        part = [item for item in corrections if title in ("all", item[0])]
        failures = [f"{misspelt}: {found or 'none'}, not {word}" for _, word, misspelt, found in part if found != word]
        yield {
            "set": title,
            "queries": len(part),
            "right": round(1 - len(failures) / len(part), 3),
            "none": round(sum(found is None for *_, found in part) / len(part), 3),
            "failures": failures[:_MAX_FAILURES],
        }


def score_correct(index: Index, title: str, queries: Sequence[str]) -> dict[str, object]:
    """Return the result for correct queries. `right` and `none` are both the share without a correction."""
    failures = [f"{query}: {found}" for query in queries if (found := correct(index, query)) is not None]
    share = round(1 - len(failures) / len(queries), 3)
    return {"set": title, "queries": len(queries), "right": share, "none": share, "failures": failures[:_MAX_FAILURES]}


def main() -> None:
    """Evaluate an index, print the shares, and write the results."""
    parser = argparse.ArgumentParser(description="Evaluate the corrections of misspelt words.")
    parser.add_argument("index", type=Path)
    folder = parser.parse_args().index
    with searchkit.open(folder) as index:
        sampler = Sampler(index, folder)
        misspellings = [item for item, _ in zip(sampler.misspellings(), range(PER_SET), strict=False)]
        pairs = [pair for pair, _ in zip(sampler.pairs(index), range(PER_SET), strict=False)]
        rows: list[Mapping[str, object]] = [
            *score_misspellings(index, misspellings),
            score_correct(index, "rare words", sampler.rare_words(known=True)),
            score_correct(index, "guessed words", sampler.rare_words(known=False)),
            score_correct(index, "pairs of words", pairs),
        ]
    for row in rows:
        print(f"{row['set']:16} {row['queries']:4} right {row['right']:.3f} none {row['none']:.3f}")
    RESULTS.write_text(json.dumps({"sets": rows}, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
