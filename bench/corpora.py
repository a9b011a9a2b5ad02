"""The corpora of the benchmarks: generated paragraphs in three sizes, and real reports if they are available.

A corpus provides documents, for searchkit, and *items*, for the other engines. An item stands for a paragraph. It has

- the passage of the paragraph: its text below the headings that begin at it and, for the first paragraph of a document,
  the title. searchkit finds words in the same passage;
- the tokens of searchkit's analyzer, joined by spaces;
- the values of the four facets.

Items are created once and stored in a file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice, repeat
from pathlib import Path

from bench import generate
from searchkit.corpus.listing import list_corpus
from searchkit.corpus.reading import ParsedDocument, read_corpus
from searchkit.engines.contract import own_heading_counts
from searchkit.model import Paragraph
from searchkit.text.analyzer import Analyzer
from searchkit.text.folding import fold

GENERATED = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000}
"""Number of paragraphs of the generated corpora."""
NAMES = (*GENERATED, "gov")
"""Names of all corpora. `gov` are the real reports in `REAL`."""
REAL = Path(__file__).parents[2] / "shared" / "corpus" / "gov"
"""Folder of government work reports next to the checkout. They are not part of the project."""
FACETS = ("district", "year", "agency", "topic")
"""Facets that each search counts."""
_SOURCES = ("corpora.py", "generate.py", "queries.py", "vocabulary.py")
"""Modules that determine the items and the queries."""
MAX_TOPICS = 3
"""Maximum number of topics of a paragraph."""


@dataclass(frozen=True, slots=True)
class Item:
    """A paragraph for engines other than searchkit. Without a value, a single-valued facet is an empty string."""

    text: str
    terms: str
    """The tokens in text order, joined by spaces, so that a whitespace tokenizer returns searchkit's tokens."""
    district: str
    year: str
    agency: str
    topics: tuple[str, ...]


def fingerprint() -> str:
    """Return a hexadecimal digest of the analyzer and the modules that create items and queries.

    The digest is the name of the data folder, so a change of these modules starts a new folder.
    """
    sources = (Path(__file__).with_name(name).read_bytes() for name in _SOURCES)
    return hashlib.sha256(b"".join((analyzer().fingerprint.encode(), *sources))).hexdigest()[:12]


def is_available(name: str) -> bool:
    """Return whether the corpus exists on this machine. Generated corpora always do."""
    return name in GENERATED or REAL.is_dir()


def documents(name: str) -> Iterator[ParsedDocument]:
    """Yield the documents of a corpus in corpus order."""
    if name in GENERATED:
        yield from generate.documents(GENERATED[name])
        return
    yield from (result for result in read_corpus(list_corpus(REAL)) if isinstance(result, ParsedDocument))


def paragraphs(name: str) -> Iterator[Paragraph]:
    """Yield the paragraphs of a corpus in corpus order."""
    return (paragraph for parsed in documents(name) for paragraph in parsed.paragraphs)


def items(name: str, data: Path) -> Iterator[Item]:
    """Yield the items of a corpus in corpus order, from the file that `prepare` wrote to the folder `data`."""
    with (data / name / "items.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            text, terms, district, year, agency, topics = json.loads(line)
            yield Item(text, terms, district, year, agency, tuple(topics))


def texts_file(name: str, data: Path) -> Path:
    """Return the path of the folded texts of the items, one item per line.

    Scans of this file give the true totals of phrases. ripgrep searches it.
    """
    return data / name / "texts.txt"


def prepare(name: str, data: Path) -> None:
    """Write the items and the folded texts of a corpus to the folder `data`, unless the items exist."""
    folder = data / name
    if (folder / "items.jsonl").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / "items.partial"
    with partial.open("w", encoding="utf-8") as lines, texts_file(name, data).open("w", encoding="utf-8") as texts:
        for parsed in documents(name):
            for paragraph, passage in zip(parsed.paragraphs, passages(parsed), strict=True):
                item = as_item(paragraph, passage, ordered_terms(analyzer(), passage))
                record = (item.text, item.terms, item.district, item.year, item.agency, item.topics)
                lines.write(json.dumps(record, ensure_ascii=False) + "\n")
                texts.write(" ".join(fold(passage).splitlines()) + "\n")
    partial.rename(folder / "items.jsonl")


def passages(parsed: ParsedDocument) -> list[str]:
    """Return the passage of each paragraph of a document: its text below the headings that begin at it, in lines.

    The passage of the first paragraph begins with the title.
    """
    counts = own_heading_counts(parsed.paragraphs)
    titles = chain([parsed.document.title], repeat(""))
    return [
        "\n".join(filter(None, (title, *paragraph.path[len(paragraph.path) - count :], paragraph.text)))
        for title, paragraph, count in zip(titles, parsed.paragraphs, counts, strict=False)
    ]


def as_item(paragraph: Paragraph, passage: str, terms: Iterable[str]) -> Item:
    """Convert a paragraph, with its passage (`passages`) and the tokens of the passage, to an item."""
    year = "" if paragraph.year is None else str(paragraph.year)
    facets = (paragraph.district or "", year, paragraph.agency or "", paragraph.topics)
    return Item(passage, " ".join(terms), *facets)


def ordered_terms(analyzer: Analyzer, text: str) -> list[str]:
    """Return the tokens of a text in the order of their start. Phrase queries need this order."""
    return [token.term for token in analyzer.tokenize(text)]


@cache
def analyzer() -> Analyzer:
    """Return the analyzer that all engines share."""
    return Analyzer()


def batched(values: Iterable[Item], size: int) -> Iterator[Sequence[Item]]:
    """Yield lists of `size` items. The last list may be shorter."""
    iterator = iter(values)
    while batch := list(islice(iterator, size)):
        yield batch
