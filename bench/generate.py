"""Generates random reports from a fixed seed: the same ones each time, with any number of paragraphs.

    python -m bench.generate --paragraphs 10000 --files FOLDER

Paragraphs resemble those of real reports: words follow a Zipf-Mandelbrot law, phrases depend on the topic, numbers
have units, lengths follow a log-normal law. The mean length is 120 characters, half of that of government work reports
(257), with the same relative spread. Each document has its own random generator, so that a smaller corpus is the
beginning of a larger one, and only one document at a time is in memory. Cost: about 25 µs per paragraph.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import vocabulary
from searchkit.corpus.reading import ParsedDocument
from searchkit.model import Document, Paragraph

SEED = 20_240_601
PER_DOCUMENT = 40
"""Number of paragraphs per document."""

_MEDIAN, _SIGMA, _MIN_LENGTH, _MAX_LENGTH = 28.0, 0.7, 4, 250
"""Median, sigma, minimum and maximum of the log-normal number of pieces (words, phrases, numbers) in a paragraph."""
_SHARES = (0.62, 0.80, 0.88, 0.93)
"""Cumulative shares of four kinds of pieces: words, function words, topic phrases, general phrases.

The rest are numbers.
"""
_TOPIC_PHRASES = 2
"""Index of the topic phrases among the kinds."""
_UNMARKED, _MARKS = 0.74, (0.90, 0.94, 0.98)
"""Cumulative shares of pieces with no punctuation mark after them, and with ， 。 、. The rest have ；.

The last piece of a paragraph always has 。.
"""
_PER_SECTION = (20, 5, 5, 10)
"""Number of paragraphs of each section, in the order of `vocabulary.SECTIONS`."""
_PER_HEADING = 5
"""Number of consecutive paragraphs with one heading of the second level. The next ones can have the same heading."""
_TOPICS = tuple(vocabulary.PHRASES)
"""Names of the topics, the most frequent first."""
_HAN_NUMBERS = "〇一二三四五六七八九十"
"""Chinese numerals. The index of a numeral is its value."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Generator:
    """Generates the documents of a seed. Document n is the same in whatever order the documents are generated."""

    def __init__(self, seed: int = SEED) -> None:
        self._seed = seed
        words = vocabulary.dictionary_words()
        phrases = (vocabulary.FUNCTION_WORDS, *vocabulary.PHRASES.values(), vocabulary.GENERAL)
        tables = (words, *phrases, vocabulary.quantities(), vocabulary.MARKS)
        self._pieces = np.array([piece for table in tables for piece in table], object)
        self._sizes = np.array([len(table) for table in tables])
        self._starts = np.array([0, *accumulate(map(len, tables))][:-1])
        self._words = _zipf(len(words), offset=12.0)
        self._districts = _zipf(vocabulary.DISTRICTS, offset=20.0)
        self._agencies = _zipf(len(vocabulary.AGENCIES), offset=2.0)
        self._topics = _zipf(len(_TOPICS), offset=2.0)

    def document(self, number: int) -> ParsedDocument:
        """Return document `number` of the corpus, counted from 0, with `PER_DOCUMENT` paragraphs."""
        rng = np.random.default_rng((self._seed, number))
        region = vocabulary.districts()[_draw(self._districts, rng.random(1))[0]]
        agency = vocabulary.AGENCIES[_draw(self._agencies, rng.random(1))[0]]
        year = vocabulary.YEARS[int(rng.integers(len(vocabulary.YEARS)))]
        title = f"{''.join(region)}{agency}{year}年{vocabulary.DOCTYPE}"
        name = f"{number // 1000:03d}/{number:06d}.txt"
        document = Document(name, title, year, None, None, agency, region, vocabulary.DOCTYPE, paragraphs=PER_DOCUMENT)
        first = _draw(self._topics, rng.random(PER_DOCUMENT))
        second = _draw(self._topics, rng.random(PER_DOCUMENT))
        has_second = (rng.random(PER_DOCUMENT) < 0.5) & (first != second)  # noqa: PLR2004 - half of them, as in real reports
        texts = self._texts(rng, first)
        paragraphs = tuple(
            Paragraph(
                id=f"{name}#{i + 1}",
                document=name,
                n=i + 1,
                text=texts[i],
                path=(heading, vocabulary.PHRASES[_TOPICS[first[i - i % _PER_HEADING]]][number % 5]),
                section=section,
                topics=(_TOPICS[first[i]], _TOPICS[second[i]]) if has_second[i] else (_TOPICS[first[i]],),
                title=title,
                year=year,
                agency=agency,
                region=region,
                doctype=vocabulary.DOCTYPE,
            )
            for i, (section, heading) in enumerate(_sections())
        )
        return ParsedDocument(document, paragraphs)

    def _texts(self, rng: np.random.Generator, topics: Ints) -> list[str]:
        """Return the texts of paragraphs. `topics`: index of the topic of each in `vocabulary.PHRASES`."""
        counts = np.exp(rng.normal(np.log(_MEDIAN), _SIGMA, len(topics))).astype(int).clip(_MIN_LENGTH, _MAX_LENGTH)
        ends = np.cumsum(counts)
        kind_draws, piece_draws, mark_draws = rng.random((3, ends[-1]))
        kinds = np.searchsorted(_SHARES, kind_draws, "right")
        # The tables: 0 words, 1 function words, 2… phrases by topic, then general phrases, numbers, punctuation marks.
        last = len(self._sizes) - 1
        tables = np.array([0, 1, 2, last - 2, last - 1])[kinds] + (kinds == _TOPIC_PHRASES) * np.repeat(topics, counts)
        piece_indexes = (piece_draws * self._sizes[tables]).astype(int)
        is_word = kinds == 0
        piece_indexes[is_word] = _draw(self._words, piece_draws[is_word])
        marks = np.where(mark_draws < _UNMARKED, 0, 1 + np.searchsorted(_MARKS, mark_draws, "right"))
        marks[ends - 1] = vocabulary.MARKS.index("。")
        pieces_and_marks = np.stack([self._starts[tables] + piece_indexes, self._starts[last] + marks], axis=1)
        pieces = self._pieces[pieces_and_marks.ravel()].tolist()
        return ["".join(pieces[2 * (end - count) : 2 * end]) for end, count in zip(ends, counts, strict=True)]


def documents(paragraphs: int, seed: int = SEED) -> Iterator[ParsedDocument]:
    """Yield the first documents in corpus order.

    `paragraphs`: total number of their paragraphs, rounded down to a multiple of `PER_DOCUMENT`.
    """
    generator = Generator(seed)
    return (generator.document(number) for number in range(paragraphs // PER_DOCUMENT))


def write_files(paragraphs: int, folder: Path) -> None:
    """Write the documents as text files. searchkit reads and cleans them like any report."""
    for parsed in documents(paragraphs):
        path = folder / parsed.document.document
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_text(parsed), encoding="utf-8")


def as_text(parsed: ParsedDocument) -> str:
    """Return a document as plain text: title, numbered headings, one line per paragraph."""
    lines = [parsed.document.title or "", ""]
    path: tuple[str, ...] = ()
    numbers = [0, 0]
    for paragraph in parsed.paragraphs:
        if paragraph.path[:1] != path[:1]:
            numbers = [numbers[0] + 1, 0]
            lines.append(f"{_HAN_NUMBERS[numbers[0]]}、{paragraph.path[0]}")
        if paragraph.path != path:
            numbers[1] += 1
            lines.append(f"（{_HAN_NUMBERS[numbers[1]]}）{paragraph.path[1]}")
        path = paragraph.path
        lines.append(paragraph.text)
    return "\n".join(lines) + "\n"


def _sections() -> Iterator[tuple[str, str]]:
    """Yield the section and the heading of each paragraph of a document."""
    for count, section in zip(_PER_SECTION, vocabulary.SECTIONS, strict=True):
        yield from [section] * count


def _zipf(size: int, offset: float) -> Floats:
    """Return the cumulative probabilities of `size` ranks by the Zipf-Mandelbrot law.

    The probability of a rank, counted from 0, is proportional to 1 / (rank + offset).
    """
    weights = 1.0 / (np.arange(size) + offset)
    return np.cumsum(weights / weights.sum(), dtype=np.float64)


def _draw(cumulative: Floats, uniform: Floats) -> Ints:
    """Convert uniform random numbers from 0 to 1 to ranks with the given cumulative probabilities."""
    return np.searchsorted(cumulative, uniform, "right").clip(max=len(cumulative) - 1)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Write generated reports as text files.")
    parser.add_argument("--paragraphs", type=int, default=10_000)
    parser.add_argument("--files", type=Path, required=True, metavar="FOLDER")
    arguments = parser.parse_args()
    write_files(arguments.paragraphs, arguments.files)


if __name__ == "__main__":
    main()
