"""Paragraphs like a given one, and ids of which only the end is given."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from searchkit.corpus.reading import ParsedDocument
from searchkit.errors import UsageError
from searchkit.index import Index
from searchkit.search.ids import complete_id

Report = Callable[..., ParsedDocument]


@pytest.fixture(scope="session")
def index(index_of: Callable[..., Index], report: Report) -> Index:
    """Reports about rivers and schools."""
    return index_of(
        [
            report("x/a.txt", "一、全面推行河长制，治理河流污染。", "河长制和河流污染。", "2", year=2021),
            report("x/b.txt", "2022年，全面推行河长制，治理河流污染", "建设学校。", year=2022),
            report("y/a.txt", "河长负责治理河流，推行河长制度。", "污染源普查。", year=2021),
            report(
                "y/c.txt",
                "学校建设立案5件。",
                "全面推行河长制，不治理河流污染。",
                "全面推行河长制，不治理河流污染。",
                year=2023,
            ),
        ]
    )


def test_similar_paragraphs_share_words(index: Index) -> None:
    """The hits that share most words are first.

    The document of the given paragraph, and near-duplicates of the paragraph in other documents, are left out.
    """
    results = index.similar("x/a.txt#1")
    ids = [hit.id for hit in results.hits]
    assert ids[:2] == ["y/c.txt#2", "y/c.txt#3"]
    assert set(ids) == {"y/c.txt#2", "y/c.txt#3", "y/a.txt#1", "y/a.txt#2"}
    assert results.total == 4
    assert results.query == "x/a.txt#1"
    assert all(hit.spans for hit in results.hits)


def test_similar_takes_options_and_filters(index: Index) -> None:
    """Filters, `fold`, `limit` and `facets` have the same effect as in a search."""
    assert {hit.id for hit in index.similar("x/a.txt#1", year=2021).hits} == {"y/a.txt#1", "y/a.txt#2"}
    folded = index.similar("x/a.txt#1", fold=True, limit=1, facets="year")
    assert [(hit.id, hit.folded.ids) for hit in folded.hits] == [("y/c.txt#2", ("y/c.txt#3",))]
    assert folded.total == 4
    assert [(item.value, item.count) for item in folded.facets["year"].values] == [(2021, 2), (2023, 2)]


def test_a_paragraph_without_words_has_no_similar_ones(index: Index) -> None:
    """A paragraph that is only a number has no similar paragraphs."""
    results = index.similar("x/a.txt#3")
    assert (results.total, results.hits) == (0, ())


def test_an_unknown_paragraph_is_an_error(index: Index) -> None:
    """An id that names no paragraph is an error whose message has the id. An id that is no text is an error, too."""
    for name in ("nowhere.txt#1", "x/a.txt", "x/a.txt#99", ""):
        with pytest.raises(UsageError, match=f"no paragraph {name}"):
            index.similar(name)
    with pytest.raises(UsageError, match="an id is a text, not 5"):
        index.similar(5)  # type: ignore[arg-type]


def test_the_end_of_an_id_is_enough(index: Index) -> None:
    """The end of an id means the complete id. An end that several documents have is an error."""
    assert index.resolve_id("b.txt#1") == "x/b.txt#1"
    assert [hit.id for hit in index.similar("b.txt#1").hits] == [hit.id for hit in index.similar("x/b.txt#1").hits]
    with pytest.raises(UsageError, match=r"2 documents have an id that ends in a.txt, such as x/a.txt, y/a.txt"):
        index.resolve_id("a.txt#1")


DOCUMENTS = ("a.txt", "x/a.txt", "x/b.txt", "y/1b.txt", "y/21b.txt", "d.csv#r1", "d.csv#7")


@pytest.mark.parametrize(
    ("record_id", "expected"),
    [
        ("a.txt", "a.txt"),
        ("a.txt#1", "a.txt#1"),
        ("/a.txt#1", "x/a.txt#1"),
        ("b.txt#12@5", "x/b.txt#12@5"),
        ("b.txt!3", "x/b.txt!3"),
        ("21b.txt", "y/21b.txt"),
        ("1b.txt@4", "y/1b.txt@4"),
        ("r1", "d.csv#r1"),
        ("#7", "d.csv#7"),
        ("csv#7@2", "d.csv#7@2"),
        ("unknown.txt#1", "unknown.txt#1"),
        ("", ""),
        ("#8", "#8"),
        ("!1", "!1"),
    ],
)
def test_ids_are_completed(record_id: str, expected: str) -> None:
    """The end of a document's id is completed, also if a paragraph (#12), a measure (@5) or a table (!3) follows it.

    An end after a `/` is preferred: b.txt is x/b.txt, not y/1b.txt. The id of a document, an empty text and a text
    that no id ends in do not change.
    """
    assert complete_id(record_id, DOCUMENTS) == expected
