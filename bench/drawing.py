"""Draws any number of different queries from the paragraphs of a corpus, for measurements without repetitions.

A query with its filters is a `bench.pipelines.Question`.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.pipelines import Question, words

_HAN = re.compile("[\u4e00-\u9fa5]+")
"""Matches one or more Chinese characters, from 一 to 龥."""
_FORMS = ("one word", "two words", "three words", "bare run", "quoted", "filtered")
"""Forms of questions, which take turns."""
_RUN_LENGTHS = (4, 8)
"""Smallest and largest number of characters of a run or a phrase."""


def draw(corpus: str, data: Path, seed: int) -> Iterator[Question]:
    """Yield different questions, each drawn from a random paragraph, which matches it. `seed`: for the random choices.

    The forms of `_FORMS` take turns: one, two or three words of the paragraph, a run of its characters without or with
    quotes, and two words with the year of the paragraph as a filter. Ends after 1,000 paragraphs in a row that gave no
    new question.
    """
    rng = random.Random(seed)  # noqa: S311 - no secret
    drawn: set[tuple[str, ...]] = set()
    path = data / corpus / "items.jsonl"
    misses, size = 0, path.stat().st_size
    with path.open("rb") as lines:
        while misses < 1000:  # noqa: PLR2004 - then nearly all questions of the corpus have been drawn
            lines.seek(rng.randrange(size))
            lines.readline()  # skips the rest of a line
            question = _make(_FORMS[len(drawn) % len(_FORMS)], json.loads(lines.readline() or "null"), rng)
            if question is None or (question.text, *question.filters.values()) in drawn:
                misses += 1
                continue
            misses = 0
            drawn.add((question.text, *question.filters.values()))
            yield question


def _make(form: str, item: list[Any] | None, rng: random.Random) -> Question | None:
    """Return a question of a form from the paragraph in a line of items.jsonl.

    None if there is no line, if the paragraph has too few different words or no run of enough Chinese characters, or if
    it has no year to filter by.
    """
    if item is None:
        return None
    text, _, _, year, *_ = item
    if form in {"bare run", "quoted"}:
        size = rng.randint(*_RUN_LENGTHS)
        runs = [run for run in _HAN.findall(text) if len(run) >= size]
        if not runs:
            return None
        run = rng.choice(runs)
        start = rng.randrange(len(run) - size + 1)
        string = run[start : start + size]
        return Question(form, f'"{string}"' if form == "quoted" else string)
    candidates = sorted({word for word in words(text) if len(word) > 1 and _HAN.fullmatch(word)})
    count = {"one word": 1, "three words": 3}.get(form, 2)
    if len(candidates) < count or (form == "filtered" and not year):
        return None
    return Question(form, " ".join(rng.sample(candidates, count)), {"year": year} if form == "filtered" else {})
