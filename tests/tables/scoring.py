"""Scores the measures that are extracted from sample tables: compares them with those that the samples expect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from description import ExpectedCell, Sample
from writers import WRITERS, Writer

from searchkit.corpus.formats.registry import read_bytes
from searchkit.corpus.overrides import NO_METADATA
from searchkit.corpus.reading import ParsedDocument, _FileReader
from searchkit.corpus.topics import Taxonomy
from searchkit.errors import ReadError
from searchkit.measures.extractor import Extractor

_ONE_FILE = frozenset({"rtf"})
"""Formats whose tables are written to a single file, because LibreOffice is started for each file."""


@dataclass
class Score:
    """Counts over the tables of a format."""

    expected: int = 0
    right: int = 0
    """Number of measures with the right value, unit, bound, row, column and mark of a total."""
    false: int = 0
    """Number of other measures with a position in a table."""
    failures: list[str] = field(default_factory=list)

    @property
    def missing(self) -> int:
        """Number of expected measures that are not right."""
        return self.expected - self.right

    @property
    def share(self) -> float:
        """Share of the expected measures that are right."""
        return self.right / self.expected if self.expected else 1.0

    def add(self, name: str, expected: Iterable[ExpectedCell], found: Iterable[ExpectedCell]) -> None:
        """Add the counts of a file: compare the measures that were found in it with those that are expected."""
        wanted, got = Counter(expected), Counter(found)
        self.expected += wanted.total()
        self.right += (wanted & got).total()
        self.false += (got - wanted).total()
        self.failures += [f"{name}: missing {cell}" for cell in wanted - got]
        self.failures += [f"{name}: false {cell}" for cell in got - wanted]


@cache
def _extractor() -> Extractor:
    return Extractor.load()


@cache
def _taxonomy() -> Taxonomy:
    return Taxonomy.load(None)


def score_format(name: str, samples: Sequence[Sample]) -> Score:
    """Write all samples that a format can contain, read them, and return the score of their measures."""
    writer = WRITERS[name]
    carried = [sample for sample in samples if not sample.formats or name in sample.formats]
    score = Score()
    files = [carried] if name in _ONE_FILE else [[sample] for sample in carried]
    for group in files:
        expected = [cell for sample in group for cell in sample.expected()]
        score.add(group[0].name if len(group) == 1 else "", expected, _read_cells(name, writer, group))
    return score


def _read_cells(name: str, writer: Writer, samples: Sequence[Sample]) -> Iterator[ExpectedCell]:
    """Write samples to a file of the format `name`, read the file, and yield the measures of its tables."""
    for document in read_documents(writer(samples), f"报告.{name.partition('-')[0]}"):  # html for html-th
        extracted = _extractor().extract(document.paragraphs, document.tables)
        for measures in extracted:
            for measure in measures:
                if measure.cell is not None:
                    yield ExpectedCell(
                        float(measure.value),
                        measure.unit,
                        measure.cell.row,
                        measure.cell.column,
                        measure.cell.total,
                        measure.bound,
                    )


def read_documents(data: bytes, name: str) -> Sequence[ParsedDocument]:
    """Return the documents of a file, or none if the file is refused."""
    try:
        contents = read_bytes(data, name)
    except ReadError:
        return ()
    return _FileReader(name, "", contents, NO_METADATA, _taxonomy()).read_all().documents
