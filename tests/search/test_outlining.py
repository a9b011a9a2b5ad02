"""The outline of a document, the neighbours of a paragraph, and the reports of other years."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from searchkit.corpus.reading import ParsedDocument
from searchkit.errors import UsageError
from searchkit.index import Index
from searchkit.model import Document
from searchkit.search.outlining import Excerpt, OutlineEntry, ReportOfYear

Report = Callable[..., ParsedDocument]
BINHAI = ("天津市", "滨海新区")


@pytest.fixture(scope="session")
def index(index_of: Callable[..., Index], report: Report) -> Index:
    """An open index: one report with headings, and others of the same and of other places, bodies and years."""

    def of_year(name: str, year: int | None, **fields: object) -> ParsedDocument:
        facts = {"region": BINHAI, "agency": "司法局", "doctype": "年度报告", **fields}
        return report(name, "内容。", year=year, title=f"{year}年报告", **facts)

    return index_of(
        [
            report(
                "a.txt",
                "前言，说明执法。",
                ("执法检查。", {"path": ("一、成效", "执法")}),
                ("普法宣传。", {"path": ("一、成效", "执法")}),
                ("培训。", {"path": ("一、成效", "队伍")}),
                ("执法力量不足。", {"path": ("二、问题",)}),
                ("执法再次检查。", {"path": ("一、成效", "执法")}),
                title="滨海报告",
                year=2023,
                region=BINHAI,
                agency="司法局",
                doctype="年度报告",
            ),
            of_year("b.txt", 2021),
            of_year("c.txt", 2024),
            of_year("d.txt", 2022, agency="公安局"),
            of_year("e.txt", 2022, region=("天津市",)),
            of_year("f.txt", None),
            of_year("h.txt", 2022, doctype="行政执法工作报告"),
            report("g.txt", "没有年份。", year=2020),
        ]
    )


def test_an_outline_has_the_headings_with_the_paragraphs_under_them(index: Index) -> None:
    """Headings are in the order of the text, each with its depth, its first paragraph and the number of paragraphs.

    A heading that comes again later is another entry. An unknown document has no outline.
    """
    assert index.outline("a.txt") == (
        OutlineEntry("一、成效", 1, 2, 3),
        OutlineEntry("执法", 2, 2, 2),
        OutlineEntry("队伍", 2, 4, 1),
        OutlineEntry("二、问题", 1, 5, 1),
        OutlineEntry("一、成效", 1, 6, 1),
        OutlineEntry("执法", 2, 6, 1),
    )
    assert index.outline("none.txt") == ()


def test_an_outline_counts_matches(index: Index) -> None:
    """The paragraphs that a search finds in the document are counted under each heading."""
    assert [entry.matches for entry in index.outline("a.txt", "检查")] == [1, 1, 0, 0, 1, 1]
    assert [entry.matches for entry in index.outline("a.txt", "量子")] == [0] * 6


@pytest.mark.parametrize(
    ("n", "counts", "numbers"),
    [(3, (1, 1), [2, 3, 4]), (1, (2, 1), [1, 2]), (6, (0, 5), [6]), (4, (100, 100), [1, 2, 3, 4, 5, 6])],
)
def test_neighbours_are_in_the_order_of_the_text(
    index: Index, n: int, counts: tuple[int, int], numbers: list[int]
) -> None:
    """Neighbours are at most as many as requested, and in the same document. The paragraph itself is among them."""
    assert [item.n for item in index.neighbours(f"a.txt#{n}", *counts)] == numbers


def test_an_unknown_paragraph_has_no_neighbours(index: Index) -> None:
    """An unknown paragraph has no neighbours. A negative number of neighbours and an id that is no text are errors."""
    assert index.neighbours("a.txt#99") == ()
    with pytest.raises(UsageError, match="0 or more"):
        index.neighbours("a.txt#1", before=-1)
    with pytest.raises(UsageError, match="an id is a text"):
        index.neighbours(1)  # type: ignore[arg-type]


def test_an_id_is_a_text(index: Index) -> None:
    """An id that is no text is an error in each method that takes an id."""
    for read in (index.document, index.paragraph, index.table, index.measure, index.excerpt, index.resolve_id):
        with pytest.raises(UsageError, match="an id is a text"):
            read(5)  # type: ignore[arg-type, operator]


@pytest.mark.parametrize(
    ("record_id", "context", "numbers"),
    [("a.txt", 0, [1, 2, 3, 4, 5, 6]), ("a.txt#3", 0, [3]), ("a.txt#6", 2, [4, 5, 6])],
)
def test_an_excerpt_has_the_named_paragraphs(index: Index, record_id: str, context: int, numbers: list[int]) -> None:
    """The excerpt of a document has all its paragraphs, that of a paragraph at most `context` more on each side."""
    excerpt = index.excerpt(record_id, context)
    assert isinstance(excerpt, Excerpt)
    assert [item.n for item in excerpt.paragraphs] == numbers
    assert excerpt.requested == (index.paragraph(record_id) or index.document(record_id))
    assert len(excerpt.measures) == len(numbers)


def test_an_unknown_id_has_no_excerpt(index: Index) -> None:
    """An unknown id has no excerpt, and a negative `context` is an error."""
    assert index.excerpt("a.txt#99") is None
    with pytest.raises(UsageError, match="0 or more"):
        index.excerpt("a.txt#1", -1)


def test_other_years_are_those_of_the_place_body_and_kind(index: Index) -> None:
    """Reports of another place (天津市 is not 滨海新区), body or kind, and without a year, are left out."""
    assert index.other_years("a.txt") == (
        ReportOfYear("b.txt", "2021年报告", 2021, is_given=False),
        ReportOfYear("a.txt", "滨海报告", 2023, is_given=True),
        ReportOfYear("c.txt", "2024年报告", 2024, is_given=False),
    )


@pytest.mark.parametrize("name", ["f.txt", "g.txt"])
def test_a_report_without_year_or_facts_has_no_other_years(index: Index, name: str) -> None:
    """For a report without a year, or without place, body and kind, only the report itself is returned.

    For an unknown document, nothing is returned.
    """
    document = index.document(name)
    assert isinstance(document, Document)
    assert index.other_years(name) == (ReportOfYear(name, document.title, document.year, is_given=True),)
    assert index.other_years("none.txt") == ()
