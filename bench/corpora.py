"""What is measured on: generated paragraphs of three sizes, and real reports where they are.

A corpus gives whole documents (what searchkit takes), and *items* (what a peer takes): the text, the tokens that
searchkit's own analyzer made of it joined by spaces, and the four facets. Items are made once and kept in a file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

from bench import generate
from searchkit.corpus.listing import list_corpus
from searchkit.corpus.reading import DocumentRead, read_corpus
from searchkit.model import Paragraph
from searchkit.text.analyzer import Analyzer
from searchkit.text.folding import fold

GENERATED = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000}
"""Paragraphs of the generated corpora."""
NAMES = (*GENERATED, "gov")
REAL = Path(__file__).parents[2] / "shared" / "corpus" / "gov"
"""Government work reports, beside the checkout; not part of the project."""
FACETS = ("district", "year", "agency", "topic")
_SOURCES = ("corpora.py", "generate.py", "queries.py", "vocabulary.py")
MAX_TOPICS = 3
"""Topics of a paragraph at the most."""


@dataclass(frozen=True, slots=True)
class Item:
    """One paragraph for a peer. A facet without a value is an empty text."""

    text: str
    terms: str
    """The tokens in the order of the text, joined by spaces: a white-space tokenizer gives searchkit's tokens."""
    district: str
    year: str
    agency: str
    topics: tuple[str, ...]


def fingerprint() -> str:
    """What decides the items and queries: the analyzer and the modules that make them. Hexadecimal, names a folder."""
    sources = (Path(__file__).with_name(name).read_bytes() for name in _SOURCES)
    return hashlib.sha256(b"".join((analyzer().fingerprint.encode(), *sources))).hexdigest()[:12]


def is_there(name: str) -> bool:
    """Whether the corpus can be measured here: the real reports need not be."""
    return name in GENERATED or REAL.is_dir()


def documents(name: str) -> Iterator[DocumentRead]:
    """The documents of a corpus in corpus order."""
    if name in GENERATED:
        yield from generate.documents(GENERATED[name])
        return
    yield from (result for result in read_corpus(list_corpus(REAL)) if isinstance(result, DocumentRead))


def paragraphs(name: str) -> Iterator[Paragraph]:
    """The paragraphs of a corpus in corpus order."""
    return (paragraph for read in documents(name) for paragraph in read.paragraphs)


def items(name: str, data: Path) -> Iterator[Item]:
    """The items of a corpus in corpus order, from the file that `prepare` made in the folder `data`."""
    with (data / name / "items.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            text, terms, district, year, agency, topics = json.loads(line)
            yield Item(text, terms, district, year, agency, tuple(topics))


def texts_file(name: str, data: Path) -> Path:
    """The folded texts, one paragraph a line: what phrases are scanned in."""
    return data / name / "texts.txt"


def prepare(name: str, data: Path) -> None:
    """Make the files of a corpus in the folder `data`, unless they are there."""
    folder = data / name
    if (folder / "items.jsonl").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / "items.partial"
    with partial.open("w", encoding="utf-8") as lines, texts_file(name, data).open("w", encoding="utf-8") as texts:
        for paragraph in paragraphs(name):
            item = as_item(paragraph, in_order(analyzer(), paragraph.text))
            record = (item.text, item.terms, item.district, item.year, item.agency, item.topics)
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")
            texts.write(" ".join(fold(item.text).splitlines()) + "\n")
    partial.rename(folder / "items.jsonl")


def as_item(paragraph: Paragraph, terms: Iterable[str]) -> Item:
    """A paragraph with its tokens as an item."""
    year = "" if paragraph.year is None else str(paragraph.year)
    facets = (paragraph.district or "", year, paragraph.agency or "", paragraph.topics)
    return Item(paragraph.text, " ".join(terms), *facets)


def in_order(analyzer: Analyzer, text: str) -> list[str]:
    """The tokens of a text by where they begin: phrases of tokens go by it."""
    return [token.term for token in analyzer.tokens(text)]


@cache
def analyzer() -> Analyzer:
    """The analyzer that all sides share."""
    return Analyzer()


def batched(values: Iterable[Item], size: int) -> Iterator[Sequence[Item]]:
    """Values in lists of `size`, the last one shorter."""
    iterator = iter(values)
    while batch := list(islice(iterator, size)):
        yield batch
