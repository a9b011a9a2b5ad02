"""Highlighting a query in texts, headings, titles and paragraphs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from searchkit.corpus.reading import ParsedDocument
from searchkit.errors import UsageError
from searchkit.index import Index


@pytest.fixture(scope="session")
def index(index_of: Callable[..., Index], report: Callable[..., ParsedDocument]) -> Index:
    """An open index of one report."""
    return index_of(
        [
            report(
                "a.txt",
                ("全年立案129件，开展执法检查。", {"path": ("行政执法", "检查情况")}),
                ("執法力量不足。", {"path": ("行政执法",)}),
                title="执法年度报告",
                region=("天津市", "滨海新区"),
                year=2023,
            )
        ]
    )


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("执法", "行政执法与執法", ["执法", "執法"]),
        ("立案 执法", "立案后执法", ["立案", "执法"]),
        ("立案执法", "执法后立案", ["执法", "立案"]),
        ('"立案执法"', "执法后立案", []),
        ("129件", "共１２９件，其中29件", ["１２９件"]),
        ("c9*", "C919和C9", ["C919", "C9"]),
        ("立案 OR 检查 -执法", "立案、检查、执法", ["立案", "检查"]),
        ("滨海新区执法", "滨海新区的执法", ["执法"]),
        ("title:执法 立案", "执法与立案", ["立案"]),
        ("如何执法", "如何执法，如何", ["如何执法"]),
        ("*", "执法", []),
        ("", "执法", []),
        ("执法", "", []),
    ],
)
def test_any_text_is_highlighted(index: Index, query: str, text: str, marked: list[str]) -> None:
    """Matches are marked as the text spells them. Negations, filters and parts with another field mark nothing."""
    assert [text[start:end] for start, end in index.highlight(query).spans(text)] == marked


def test_fields_are_highlighted(index: Index) -> None:
    """A part of the query with a field is marked in that field only, a part without a field in every field."""
    highlights = index.highlight("title:报告 执法")
    assert highlights.spans("执法报告", "title") == ((0, 4),)
    assert highlights.spans("执法报告", "heading") == highlights.spans("执法报告") == ((0, 2),)
    with pytest.raises(UsageError, match="field must be one of text, heading, title, not 'body'"):
        highlights.spans("执法", "body")


def test_literal_names_are_highlighted(index: Index) -> None:
    """With `literal`, names of places are read as words, and marked."""
    assert index.highlight("滨海新区执法", literal=True).spans("滨海新区的执法") == ((0, 4), (5, 7))


def test_a_paragraph_is_highlighted_with_headings_and_title(index: Index) -> None:
    """Matches in the text, in all headings (number of the heading, start, end) and in the title are marked.

    `has` contains the parts of the query that match in one of them, `lacks` the other parts.
    """
    first, second = index.paragraphs()
    found = index.highlight("立案 检查 情况 处罚").paragraph(first)
    assert [first.text[start:end] for start, end in found.spans] == ["立案", "检查"]
    assert found.path_spans == ((1, 0, 4),)
    assert (found.title_spans, found.has, found.lacks) == ((), ("立案", "检查", "情况"), ("处罚",))
    found = index.highlight("title:报告 执法").paragraph(second)
    assert (found.spans, found.path_spans, found.title_spans) == (((0, 2),), ((0, 2, 4),), ((0, 2), (4, 6)))
    assert found.has == ("报告", "执法")


def test_hits_have_the_parts_of_the_query(index: Index) -> None:
    """`has` contains the parts of the query that match in a hit, `lacks` those that do not, except alternatives of OR.

    `highlighted` is the snippet with each match between » and «.
    """
    (hit,) = index.search("立案 检查").hits
    assert (hit.has, hit.lacks) == (("立案", "检查"), ())
    assert hit.highlighted == "全年»立案«129件，开展执法»检查«。"
    (hit,) = index.search('"立案" "处罚"').hits
    assert (hit.has, hit.lacks) == (("立案",), ("处罚",))
    (hit,) = index.search("立案 处罚", match="any").hits
    assert (hit.has, hit.lacks) == (("立案",), ())
    (hit,) = index.search("立案 OR 处罚").hits
    assert (hit.has, hit.lacks) == (("立案",), ())
