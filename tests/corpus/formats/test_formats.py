"""The same report in every format: paragraphs, fields and measures do not depend on the format."""

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
from wordfiles import convert_document

from searchkit.corpus.formats import doc
from searchkit.corpus.formats.registry import read_bytes
from searchkit.corpus.overrides import NO_METADATA
from searchkit.corpus.reading import ParsedDocument, read_file
from searchkit.corpus.topics import Taxonomy
from searchkit.corpus.walk import CorpusFile, Stamp
from searchkit.measures.extractor import Extractor
from searchkit.model import Document, ExtractedMeasure
from searchkit.text.folding import fold

SAMPLES = sorted(path.name for path in make.FOLDER.iterdir())
"""Names of the sample files."""
BUILT = (*make.FROM_TEXT, *make.FROM_PARAGRAPHS)
"""Names of the sample files that `make` writes."""
RECORDS = tuple(make.FROM_PARAGRAPHS)
"""Names of the sample files with one record per paragraph."""
REPORTS = tuple(name for name in SAMPLES if name not in RECORDS)
"""Names of the sample files that contain the entire report."""

FieldValues = Mapping[str, object]
"""Values by name: fields of a document and of its paragraphs, and its measures."""

DIFFERENT_FIELDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        ".html": {
            "published": "only the page states its publication date",
            "warnings": "only the text file lacks a publication date",
        },
        ".pdf": {"page": "the format has pages", "warnings": "page numbers are left out"},
        ".ofd": {"page": "the format has pages", "warnings": "page numbers are left out"},
    }
)
"""For each suffix, the fields that differ from those of the text file, and why."""
DIFFERENT_IN_RECORDS: Mapping[str, str] = MappingProxyType(
    {
        "path": "a cell contains only the innermost heading",
        "topics": "the topics of a paragraph depend on those of the report around it",
    }
)
"""For each field of a paragraph that differs in records, the reason."""
FILE_FIELDS = frozenset({"document", "sha256", "measures", "id"})
"""Fields of a document that are not compared: they identify the file, or are counted by the build (`measures`)."""
ROW_STARTS = ("领域 ", "防雷安全 ", "升放气球 ", "设施保护 ")
"""Starts of the paragraphs that the rows of the sample's table become."""
PARAGRAPH_FIELDS = ("text", "number", "path", "section", "topics", "page")
"""Fields that the paragraphs of different formats are compared by."""


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    """Return the default taxonomy."""
    return Taxonomy.load(None)


def read(path: Path, taxonomy: Taxonomy) -> tuple[ParsedDocument, ...]:
    """Read a file as a build does. No part of it may be skipped."""
    file_read = read_file(CorpusFile(str(path), path.name, Stamp.of(path.stat())), NO_METADATA, taxonomy)
    assert file_read.skipped == ()
    return file_read.documents


def measures(parsed: ParsedDocument) -> list[tuple[ExtractedMeasure, ...]]:
    """Return the measures of each paragraph."""
    return Extractor.load().extract(parsed.paragraphs, parsed.tables)


def comparable_fields(parsed: ParsedDocument) -> FieldValues:
    """Return what is compared between formats. Only some formats have tables, so table rows are left out."""
    document_fields = {
        item.name: getattr(parsed.document, item.name) for item in fields(Document) if item.name not in FILE_FIELDS
    }
    paragraphs = [paragraph for paragraph in parsed.paragraphs if not paragraph.text.startswith(ROW_STARTS)]
    paragraph_fields = {name: [getattr(paragraph, name) for paragraph in paragraphs] for name in PARAGRAPH_FIELDS}
    extracted = [
        paragraph_measures
        for paragraph, paragraph_measures in zip(parsed.paragraphs, measures(parsed), strict=True)
        if not paragraph.text.startswith(ROW_STARTS)
    ]
    return {**document_fields, "paragraphs": len(paragraphs), **paragraph_fields, "measures": extracted}


@pytest.fixture(scope="module")
def expected(taxonomy: Taxonomy) -> ParsedDocument:
    """Return the report as read from the text file."""
    (report,) = read(make.FOLDER / f"{make.NAME}.txt", taxonomy)
    return report


def test_the_sample_covers_all_features(expected: ParsedDocument) -> None:
    """The sample has several number styles, headings, kinds of measures, zeros, and a paragraph over a page break."""
    numbers = {paragraph.number for paragraph in expected.paragraphs}
    assert {"1.", "2.", "3.", "一是", "二是", "（一）", "（二）"} <= numbers
    assert {len(paragraph.path) for paragraph in expected.paragraphs} == {0, 1, 2, 3}
    all_measures = [measure for each in measures(expected) for measure in each]
    assert {measure.kind for measure in all_measures} >= {"count", "money", "percent", "duration"}
    assert {measure.bound for measure in all_measures} == {"exact", "approx", "at_least"}
    assert {measure.change for measure in all_measures} == {None, "increase", "decrease"}
    assert [measure.indicator for measure in all_measures if measure.zero][1:3] == ["行政复议案件", "行政诉讼案件"]
    longest_text = max((paragraph.text for paragraph in expected.paragraphs), key=len)
    pages = [
        [line.text for line in lines if line.size == 16] for lines, _ in make.typeset_pages(make.source(), Typesetter())
    ]  # 16 points is the font size of paragraphs
    assert any(before[-1] in longest_text and after[0] in longest_text for before, after in pairwise(pages))


@pytest.mark.parametrize("name", REPORTS)
def test_every_format_yields_the_same_report(name: str, expected: ParsedDocument, taxonomy: Taxonomy) -> None:
    """Paragraphs, fields and measures are those of the text file, except for `DIFFERENT_FIELDS`."""
    (report,) = read(make.FOLDER / name, taxonomy)
    first, second = comparable_fields(expected), comparable_fields(report)
    different = {field for field in first if first[field] != second[field]}
    assert different == DIFFERENT_FIELDS.get(Path(name).suffix, {}).keys()


@pytest.mark.skipif(doc.find_libreoffice() is None, reason="LibreOffice is not installed")
def test_word_97_yields_the_same_report(expected: ParsedDocument, taxonomy: Taxonomy, tmp_path: Path) -> None:
    """A .doc that LibreOffice converted from the .docx of the report reads like the text file."""
    path = tmp_path / f"{make.NAME}.doc"
    path.write_bytes(convert_document(make.docx(make.source()), ".docx", "doc:MS Word 97", tmp_path))
    (report,) = read(path, taxonomy)
    assert comparable_fields(report) == comparable_fields(expected)


def test_formats_add_dates_pages_and_names(taxonomy: Taxonomy) -> None:
    """The HTML states its date. Paragraphs of PDF and OFD have pages. A zipped report has the names of ZIP and file."""
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
def test_records_yield_the_same_paragraphs(name: str, expected: ParsedDocument, taxonomy: Taxonomy) -> None:
    """Each record is a document with the fields of the report, and one paragraph with number, section and measures."""
    documents = read(make.FOLDER / name, taxonomy)
    assert [each.paragraphs[0].text for each in documents] == [paragraph.text for paragraph in expected.paragraphs]
    for each, extracted, paragraph in zip(documents, measures(expected), expected.paragraphs, strict=True):
        # The text of a table row is prose in a record: no table says which of its words are headers.
        assert measures(each)[0] == extracted or paragraph.text.startswith(ROW_STARTS)
    for each, paragraph in zip(documents, expected.paragraphs, strict=True):
        for field in {*PARAGRAPH_FIELDS} - DIFFERENT_IN_RECORDS.keys():
            assert getattr(each.paragraphs[0], field) == getattr(paragraph, field)
        assert each.paragraphs[0].path == paragraph.path[-1:]
        assert each.document.warnings == ()
        for field in ("title", "year", "published", "issuer", "agency", "region", "doctype", "source"):
            assert getattr(each.document, field) == getattr(expected.document, field)


# Samples match the script


def comparable_content(data: bytes, name: str) -> object:
    """Return what is compared of a file.

    (a) .pdf and .xlsx: what the reader returns, because the bytes depend on the versions of libraries;
    (b) another archive: the names and contents of its entries;
    (c) any other file: the bytes.
    """
    if name.endswith((".pdf", ".xlsx")):
        return read_bytes(data, name)
    if not data.startswith(b"PK"):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(entry, comparable_content(archive.read(entry), entry)) for entry in archive.namelist()]


def build_sample(name: str) -> bytes:
    """Build a sample again and return its bytes."""
    if name in make.FROM_TEXT:
        return make.FROM_TEXT[name](make.source())
    return make.FROM_PARAGRAPHS[name](make.paragraphs())


def test_all_samples_are_built() -> None:
    """The folder contains the text file, all files built from it, and no others. Their names are ASCII."""
    assert sorted([f"{make.NAME}.txt", *BUILT]) == SAMPLES
    assert "".join(SAMPLES).isascii()


@pytest.mark.parametrize("name", BUILT)
def test_the_script_reproduces_the_samples(name: str) -> None:
    """`python tests/formats/make.py` reproduces the samples, and its output is deterministic."""
    assert comparable_content(build_sample(name), name) == comparable_content((make.FOLDER / name).read_bytes(), name)
    assert build_sample(name) == build_sample(name)


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
def test_every_encoding_yields_the_same_report(
    mark: str, encoding: str, expected: ParsedDocument, taxonomy: Taxonomy, tmp_path: Path
) -> None:
    """The text file yields the same report in every encoding, with and without a byte order mark."""
    path = tmp_path / f"{make.NAME}.txt"
    path.write_bytes((mark + make.source()).encode(encoding))
    (report,) = read(path, taxonomy)
    assert comparable_fields(report) == comparable_fields(expected)


def to_traditional(text: str) -> str:
    """Replace characters that Big5 lacks by traditional characters that fold to them."""
    big5_chars = [char for char in map(chr, range(0x4E00, 0xA000)) if char.encode("big5", "ignore")]
    table = {simple: char for char, simple in zip(big5_chars, fold("".join(big5_chars)), strict=True) if simple != char}
    return "".join(char if char.encode("big5", "ignore") else table[char] for char in text)


def test_big5_yields_the_same_report(expected: ParsedDocument, taxonomy: Taxonomy, tmp_path: Path) -> None:
    """Traditional text reads the same in Big5 and UTF-8. Its folded texts and its values are those of `expected`."""
    text = to_traditional(make.source())
    both = []
    for encoding in ("cp950", "utf-8"):
        path = tmp_path / f"{make.NAME}.txt"
        path.write_bytes(text.encode(encoding))
        both += read(path, taxonomy)
    assert comparable_fields(both[0]) == comparable_fields(both[1])
    texts = [paragraph.text for paragraph in both[0].paragraphs]
    assert texts != [paragraph.text for paragraph in expected.paragraphs]
    assert [fold(text) for text in texts] == [fold(paragraph.text) for paragraph in expected.paragraphs]
    values = [[(measure.value, measure.bound, measure.change) for measure in each] for each in measures(both[0])]
    assert values == [
        [(measure.value, measure.bound, measure.change) for measure in each] for each in measures(expected)
    ]
