"""The sample tables, written in every format: each figure in a data table is a measure, and no other cell is."""

from __future__ import annotations

from pathlib import Path

import pytest
from later_forms import SAMPLES as FORMS
from later_published import SAMPLES as PUBLISHED
from later_reports import SAMPLES as REPORTS
from later_statistics import SAMPLES as STATISTICS
from samples import SAMPLES
from scoring import read_documents, score_format
from wordfiles import convert_document
from writers import WRITERS, docx

from searchkit.corpus.formats.doc import find_libreoffice

_ALL = (*SAMPLES, *PUBLISHED, *REPORTS, *FORMS, *STATISTICS)
_MIN_SHARE = 0.98
_NEEDS_LIBREOFFICE = frozenset({"rtf"})
_CASES = {
    "序号 1 ｜ 单位 东风街道 ｜ 立案数（件） 10",
    "序号 2 ｜ 单位 西关街道 ｜ 立案数（件） 11",
    "序号 3 ｜ 单位 南湖街道 ｜ 立案数（件） 12",
    "年份 2021 ｜ 立案数（件） 120 ｜ 罚款（万元） 35.1",
    "年份 2022 ｜ 立案数（件） 131 ｜ 罚款（万元） 40.2",
    "年份 2023 ｜ 立案数（件） 129 ｜ 罚款（万元） 93.7",
}
"""Paragraphs of the rows of the small reports next to the checkout."""


def skip_without_libreoffice() -> None:
    """Skip the test, which needs LibreOffice, if LibreOffice is not installed."""
    if find_libreoffice() is None:
        pytest.skip("LibreOffice is not installed")


@pytest.mark.parametrize("name", WRITERS)
def test_the_cells_of_every_format_are_measures(name: str) -> None:
    """At least 98 % of the expected measures are found with the expected value, unit, bound, row and column.

    A measure must also be marked as a total exactly if a total is expected.

    No other measure has a position in a table.
    """
    if name in _NEEDS_LIBREOFFICE:
        skip_without_libreoffice()
    if name.startswith("pdf"):
        pytest.importorskip("pypdfium2", reason="the extra that reads PDF is not installed")
        pytest.importorskip("reportlab", reason="reportlab, which writes PDF, is not installed")
    score = score_format(name, _ALL)
    assert score.share >= _MIN_SHARE, score.failures
    assert score.false == 0, score.failures


def test_word_97_documents_keep_their_tables(tmp_path: Path) -> None:
    """A .doc file has the rows of the .docx file that it is converted from."""
    skip_without_libreoffice()
    data = docx([sample for sample in _ALL if not sample.formats or "docx" in sample.formats])
    converted = convert_document(data, ".docx", "doc:MS Word 97", tmp_path)
    (expected,), (found,) = read_documents(data, "报告.docx"), read_documents(converted, "报告.doc")
    assert [table.rows for table in found.tables] == [table.rows for table in expected.tables]


@pytest.mark.parametrize("name", ["rows.txt", "rows.html", "rows.docx"])
def test_each_row_of_small_reports_is_a_paragraph(shared: Path, name: str) -> None:
    """Each row of the reports next to the checkout is a paragraph."""
    path = shared / "cases" / name
    if not path.is_file():
        pytest.skip("no small reports next to the checkout")
    (document,) = read_documents(path.read_bytes(), name)
    assert {paragraph.text for paragraph in document.paragraphs} >= _CASES
