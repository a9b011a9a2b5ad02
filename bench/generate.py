"""Reports made by chance from a fixed seed, for measuring: any number of paragraphs, the same ones each time.

    python -m bench.generate --paragraphs 10000 --files FOLDER

Paragraphs are shaped like those of real reports: words by a Zipf-Mandelbrot law, set phrases that go with the topic,
numbers with units, lengths by a log-normal law. The mean is 120 characters, half of what government work reports
have (257), with the same relative spread. Each document has a source of chance of its own, so that a smaller corpus
is the beginning of a larger one, and only the document at hand is in memory. Cost: about 25 µs a paragraph.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench import vocabulary
from searchkit.corpus.reading import DocumentRead
from searchkit.model import Document, Paragraph

SEED = 20_240_601
PER_DOCUMENT = 40
"""Paragraphs of a document."""

_MEDIAN, _SIGMA, _MIN_LENGTH, _MAX_LENGTH = 28.0, 0.7, 4, 250  # pieces (words, phrases, numbers) of a paragraph
_SHARES = (0.62, 0.80, 0.88, 0.93)  # up to here words, links, phrases of the topic, general phrases; then numbers
_OF_TOPIC = 2  # of these five
_UNMARKED, _MARKS = 0.74, (0.90, 0.94, 0.98)  # up to here no mark behind a piece; then ， 。 、 ；
_OF_SECTION = (20, 5, 5, 10)  # paragraphs of each section, in the order of `vocabulary.SECTIONS`
_OF_HEADING = 5
_TOPICS = tuple(vocabulary.PHRASES)

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


class Generator:
    """Makes the documents of one seed, each by its number."""

    def __init__(self, seed: int = SEED) -> None:
        self._seed = seed
        words, topics = vocabulary.dictionary_words(), vocabulary.PHRASES.values()
        tables = (words, vocabulary.LINKS, *topics, vocabulary.GENERAL, vocabulary.quantities(), vocabulary.MARKS)
        self._pieces = np.array([piece for table in tables for piece in table], object)
        self._sizes = np.array([len(table) for table in tables])
        self._starts = np.array([0, *accumulate(map(len, tables))][:-1])
        self._words = _zipf(len(words), offset=12.0)
        self._districts = _zipf(vocabulary.DISTRICTS, offset=20.0)
        self._agencies = _zipf(len(vocabulary.AGENCIES), offset=2.0)
        self._topics = _zipf(len(_TOPICS), offset=2.0)

    def document(self, number: int) -> DocumentRead:
        """Document `number` (from 0) of the corpus, with `PER_DOCUMENT` paragraphs."""
        chance = np.random.default_rng((self._seed, number))
        region = vocabulary.districts()[_draw(self._districts, chance.random(1))[0]]
        agency = vocabulary.AGENCIES[_draw(self._agencies, chance.random(1))[0]]
        year = vocabulary.YEARS[int(chance.integers(len(vocabulary.YEARS)))]
        title = f"{''.join(region)}{agency}{year}年{vocabulary.DOCTYPE}"
        name = f"{number // 1000:03d}/{number:06d}.txt"
        document = Document(name, title, year, None, None, agency, region, vocabulary.DOCTYPE, paragraphs=PER_DOCUMENT)
        first = _draw(self._topics, chance.random(PER_DOCUMENT))
        second = _draw(self._topics, chance.random(PER_DOCUMENT))
        has_second = (chance.random(PER_DOCUMENT) < 0.5) & (first != second)  # noqa: PLR2004 - half of them, as in real ones
        texts = self._texts(chance, first)
        paragraphs = tuple(
            Paragraph(
                id=f"{name}#{i + 1}",
                document=name,
                n=i + 1,
                text=texts[i],
                path=(heading, vocabulary.PHRASES[_TOPICS[first[i - i % _OF_HEADING]]][number % 5]),
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
        return DocumentRead(document, paragraphs)

    def _texts(self, chance: np.random.Generator, topics: Numbers) -> list[str]:
        """The texts of paragraphs with these topics (numbers of `vocabulary.PHRASES`)."""
        counts = np.exp(chance.normal(np.log(_MEDIAN), _SIGMA, len(topics))).astype(int).clip(_MIN_LENGTH, _MAX_LENGTH)
        ends = np.cumsum(counts)
        share, within, mark = chance.random((3, ends[-1]))
        kind = np.searchsorted(_SHARES, share, "right")
        last = len(self._sizes) - 1  # the table of marks; before it numbers, before them general phrases
        tables = np.array([0, 1, 2, last - 2, last - 1])[kind] + (kind == _OF_TOPIC) * np.repeat(topics, counts)
        places = (within * self._sizes[tables]).astype(int)
        is_word = kind == 0
        places[is_word] = _draw(self._words, within[is_word])
        marks = np.where(mark < _UNMARKED, 0, 1 + np.searchsorted(_MARKS, mark, "right"))
        marks[ends - 1] = vocabulary.MARKS.index("。")
        rows = np.stack([self._starts[tables] + places, self._starts[last] + marks], axis=1)
        pieces = self._pieces[rows.ravel()].tolist()
        return ["".join(pieces[2 * (end - count) : 2 * end]) for end, count in zip(ends, counts, strict=True)]


def documents(paragraphs: int, seed: int = SEED) -> Iterator[DocumentRead]:
    """The documents that have the first so many paragraphs, in corpus order; a multiple of `PER_DOCUMENT`."""
    generator = Generator(seed)
    return (generator.document(number) for number in range(paragraphs // PER_DOCUMENT))


def write_files(paragraphs: int, folder: Path) -> None:
    """Write the documents as text files that searchkit reads. Reading cleans them, as it does any report."""
    for read in documents(paragraphs):
        path = folder / read.document.document
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_text(read), encoding="utf-8")


def as_text(read: DocumentRead) -> str:
    """A document as a plain text report: title, numbered headings, one line for each paragraph."""
    lines = [read.document.title or "", ""]
    path: tuple[str, ...] = ()
    numbers = [0, 0]
    for paragraph in read.paragraphs:
        if paragraph.path[:1] != path[:1]:
            numbers = [numbers[0] + 1, 0]
            lines.append(f"{_HAN[numbers[0]]}、{paragraph.path[0]}")
        if paragraph.path != path:
            numbers[1] += 1
            lines.append(f"（{_HAN[numbers[1]]}）{paragraph.path[1]}")
        path = paragraph.path
        lines.append(paragraph.text)
    return "\n".join(lines) + "\n"


_HAN = "〇一二三四五六七八九十"


def _sections() -> Iterator[tuple[str, str]]:
    """Section and heading of each paragraph of a document."""
    for count, section in zip(_OF_SECTION, vocabulary.SECTIONS, strict=True):
        yield from [section] * count


def _zipf(size: int, offset: float) -> Floats:
    """The law of Zipf and Mandelbrot, 1 / (rank + offset), as cumulated probabilities."""
    weights = 1.0 / (np.arange(size) + offset)
    return np.cumsum(weights / weights.sum(), dtype=np.float64)


def _draw(cumulated: Floats, uniform: Floats) -> Numbers:
    """Ranks drawn by a law, one for each number from 0 to 1."""
    return np.searchsorted(cumulated, uniform, "right").clip(max=len(cumulated) - 1)


def main() -> None:
    """Write files. See the module's text."""
    parser = argparse.ArgumentParser(description="Write generated reports as text files.")
    parser.add_argument("--paragraphs", type=int, default=10_000)
    parser.add_argument("--files", type=Path, required=True, metavar="FOLDER")
    arguments = parser.parse_args()
    write_files(arguments.paragraphs, arguments.files)


if __name__ == "__main__":
    main()
