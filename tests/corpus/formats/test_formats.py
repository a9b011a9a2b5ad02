"""The same report in every format: whatever it comes in, the same paragraphs, fields and measures come out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import pytest
from formats import make
from typesetting import Typesetter
from wordfiles import converted

from searchkit.corpus.formats import doc
from searchkit.corpus.formats.registry import read_bytes
from searchkit.corpus.overrides import NOTHING
from searchkit.corpus.reading import DocumentRead, read_file
from searchkit.corpus.topics import Taxonomy
from searchkit.corpus.walk import CorpusFile, Stamp
from searchkit.measures.extractor import Extractor
from searchkit.model import Document, ExtractedMeasure
from searchkit.text.folding import fold

SAMPLES = sorted(path.name for path in make.FOLDER.iterdir())
MADE = (*make.FROM_TEXT, *make.FROM_PARAGRAPHS)
RECORDS = tuple(make.FROM_PARAGRAPHS)
REPORTS = tuple(name for name in SAMPLES if name not in RECORDS)

Compared = Mapping[str, object]
"""What a document is, by field, with the paragraphs and their measures."""

DIFFERENT: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        ".html": {
            "published": "only the page says on which day it was put on the web",
            "warnings": "that day is not undecided",
        },
        ".pdf": {"page": "has pages"},
        ".ofd": {"page": "has pages"},
    }
)
"""Suffix to field to why it cannot be the same as in the text file."""
OF_RECORDS: Mapping[str, str] = MappingProxyType(
    {
        "n": "a record is a document with one paragraph",
        "path": "a cell holds one heading, the innermost",
        "topics": "the topics of a paragraph depend on those of the report around it",
    }
)
"""Field of a paragraph to why a record has another value."""
OF_THE_FILE = frozenset({"document", "sha256", "measures", "id"})
"""Fields that say which file it is, and one that is counted later."""
OF_PARAGRAPH = ("n", "text", "number", "path", "section", "topics", "page")


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    """The topics."""
    return Taxonomy.load(None)


def read(path: Path, taxonomy: Taxonomy) -> tuple[DocumentRead, ...]:
    """Read a file through the whole chain; nothing of it may be skipped."""
    found = read_file(CorpusFile(str(path), path.name, Stamp.of(path.stat())), NOTHING, taxonomy)
    assert found.skipped == ()
    return found.documents


def measures(read: DocumentRead) -> list[tuple[ExtractedMeasure, ...]]:
    """The measures of each paragraph."""
    return Extractor.load().extract(read.paragraphs)


def compared(read: DocumentRead) -> Compared:
    """Everything that is to be the same."""
    whole = {item.name: getattr(read.document, item.name) for item in fields(Document) if item.name not in OF_THE_FILE}
    columns = {name: [getattr(paragraph, name) for paragraph in read.paragraphs] for name in OF_PARAGRAPH}
    return {**whole, **columns, "measures": measures(read)}


@pytest.fixture(scope="module")
def expected(taxonomy: Taxonomy) -> DocumentRead:
    """The report as the text file gives it."""
    (found,) = read(make.FOLDER / f"{make.NAME}.txt", taxonomy)
    return found


def test_the_sample_has_what_it_is_to_show(expected: DocumentRead) -> None:
    """Numbers of four kinds, a table, statements of zero, and on pages a paragraph that goes over their end."""
    numbers = {paragraph.number for paragraph in expected.paragraphs}
    assert {"1.", "2.", "3.", "一是", "二是", "（一）", "（二）"} <= numbers
    assert {len(paragraph.path) for paragraph in expected.paragraphs} == {0, 1, 2, 3}
    found = [measure for each in measures(expected) for measure in each]
    assert {measure.kind for measure in found} >= {"count", "money", "percent", "duration"}
    assert {measure.bound for measure in found} == {"exact", "approx", "at_least"}
    assert {measure.change for measure in found} == {None, "increase", "decrease"}
    assert [measure.indicator for measure in found if measure.zero][1:3] == ["行政复议案件", "行政诉讼案件"]
    longest = max((paragraph.text for paragraph in expected.paragraphs), key=len)
    pages = [[line.text for line in lines if line.size == 16] for lines, _ in make.typeset(make.source(), Typesetter())]
    assert any(before[-1] in longest and after[0] in longest for before, after in pairwise(pages))


@pytest.mark.parametrize("name", REPORTS)
def test_every_format_gives_the_same_report(name: str, expected: DocumentRead, taxonomy: Taxonomy) -> None:
    """Paragraphs, numbers, headings, sections, topics, fields and measures are those of the text file."""
    (found,) = read(make.FOLDER / name, taxonomy)
    first, second = compared(expected), compared(found)
    different = {field for field in first if first[field] != second[field]}
    assert different == DIFFERENT.get(Path(name).suffix, {}).keys()


@pytest.mark.skipif(doc.converter() is None, reason="LibreOffice is not installed")
def test_word_97_gives_the_same_report(expected: DocumentRead, taxonomy: Taxonomy, tmp_path: Path) -> None:
    """What LibreOffice saves as .doc is read as the .docx that it had opened."""
    path = tmp_path / f"{make.NAME}.doc"
    path.write_bytes(converted(make.docx(make.source()), ".docx", "doc:MS Word 97", tmp_path))
    (found,) = read(path, taxonomy)
    assert compared(found) == compared(expected)


def test_what_formats_add(taxonomy: Taxonomy) -> None:
    """The page states its day; pages are counted; a file in an archive is named by both."""
    (page,) = read(make.FOLDER / f"{make.NAME}.html", taxonomy)
    assert (page.document.published, page.document.warnings) == (make.PUBLISHED, ())
    for suffix in (".pdf", ".ofd"):
        (paged,) = read(make.FOLDER / f"{make.NAME}{suffix}", taxonomy)
        pages = [paragraph.page or 0 for paragraph in paged.paragraphs]
        assert pages == sorted(pages)
        assert {*pages} == {1, 2, 3}
    (packed,) = read(make.FOLDER / f"{make.NAME}.zip", taxonomy)
    assert packed.document.document == f"{make.NAME}.zip#{make.ENTRY}"


@pytest.mark.parametrize("name", RECORDS)
def test_records_give_the_same_paragraphs(name: str, expected: DocumentRead, taxonomy: Taxonomy) -> None:
    """Each row is a paragraph of the report with its number, section and measures, in a document with its fields."""
    found = read(make.FOLDER / name, taxonomy)
    assert [each.paragraphs[0].text for each in found] == [paragraph.text for paragraph in expected.paragraphs]
    assert [measures(each)[0] for each in found] == measures(expected)
    for each, paragraph in zip(found, expected.paragraphs, strict=True):
        for field in {*OF_PARAGRAPH} - OF_RECORDS.keys():
            assert getattr(each.paragraphs[0], field) == getattr(paragraph, field)
        assert each.paragraphs[0].path == paragraph.path[-1:]
        assert each.document.warnings == ()
        for field in ("title", "year", "published", "issuer", "agency", "region", "doctype", "source"):
            assert getattr(each.document, field) == getattr(expected.document, field)


# The samples are those that the script makes


def contents(data: bytes, name: str) -> object:
    """What is in a file: entries of an archive, blocks of what libraries write with their versions, else its bytes."""
    if name.endswith((".pdf", ".xlsx")):
        return read_bytes(data, name)
    if not data.startswith(b"PK"):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(entry, contents(archive.read(entry), entry)) for entry in archive.namelist()]


def made(name: str) -> bytes:
    """Make a sample again."""
    if name in make.FROM_TEXT:
        return make.FROM_TEXT[name](make.source())
    return make.FROM_PARAGRAPHS[name](make.paragraphs())


def test_samples_are_all_made() -> None:
    """The folder holds the text file and what is made of it, under names that every system can have."""
    assert sorted([f"{make.NAME}.txt", *MADE]) == SAMPLES
    assert "".join(SAMPLES).isascii()


@pytest.mark.parametrize("name", MADE)
def test_samples_are_made_by_the_script(name: str) -> None:
    """`python tests/formats/make.py` gives each sample as it is, and the same bytes each time."""
    assert contents(made(name), name) == contents((make.FOLDER / name).read_bytes(), name)
    assert made(name) == made(name)


# Encodings


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        ("", "utf-8"),
        ("\ufeff", "utf-8"),
        ("\ufeff", "utf-16-le"),
        ("\ufeff", "utf-16-be"),
        ("", "utf-16-le"),
        ("", "utf-16-be"),
        ("", "gbk"),
        ("", "gb18030"),
    ],
)
def test_encodings_of_the_text_file(
    mark: str, encoding: str, expected: DocumentRead, taxonomy: Taxonomy, tmp_path: Path
) -> None:
    """The text file gives the same report in every encoding, with and without a byte order mark."""
    path = tmp_path / f"{make.NAME}.txt"
    path.write_bytes((mark + make.source()).encode(encoding))
    (found,) = read(path, taxonomy)
    assert compared(found) == compared(expected)


def traditional(text: str) -> str:
    """Text in the traditional characters that fold to its own, one for one, where Big5 has no simplified ones."""
    known = [char for char in map(chr, range(0x4E00, 0xA000)) if char.encode("big5", "ignore")]
    table = {simple: char for char, simple in zip(known, fold("".join(known)), strict=True) if simple != char}
    return "".join(char if char.encode("big5", "ignore") else table[char] for char in text)


def test_big5(expected: DocumentRead, taxonomy: Taxonomy, tmp_path: Path) -> None:
    """The traditional form gives the same report in Big5 as in UTF-8, its texts those of the simplified when folded."""
    text = traditional(make.source())
    both = []
    for encoding in ("cp950", "utf-8"):
        path = tmp_path / f"{make.NAME}.txt"
        path.write_bytes(text.encode(encoding))
        both += read(path, taxonomy)
    assert compared(both[0]) == compared(both[1])
    texts = [paragraph.text for paragraph in both[0].paragraphs]
    assert texts != [paragraph.text for paragraph in expected.paragraphs]
    assert [fold(text) for text in texts] == [fold(paragraph.text) for paragraph in expected.paragraphs]
    values = [[(measure.value, measure.bound, measure.change) for measure in each] for each in measures(both[0])]
    assert values == [
        [(measure.value, measure.bound, measure.change) for measure in each] for each in measures(expected)
    ]
