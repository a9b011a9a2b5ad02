"""Did you mean: corrections of words that few or no paragraphs have. Completions of the beginning of a query."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from searchkit.corpus.reading import ParsedDocument
from searchkit.errors import IndexClosed, UsageError
from searchkit.index import Index
from searchkit.search.suggestions import Suggestion

Report = Callable[..., ParsedDocument]


@pytest.fixture(scope="session")
def index(index_of: Callable[..., Index], report: Report) -> Index:
    """An open index of reports in which a few words are frequent."""
    place = ("天津市", "滨海新区")
    return index_of(
        [
            report("a.txt", *["全面推行双随机监管，优化营商环境。"] * 6, "随即开展检查。", year=2023, region=place),
            report("b.txt", *["规范行政执法行为。"] * 6, *["加强数据管理。"] * 6, "开展消防演练。", year=2022),
        ]
    )


def correction(index: Index, query: str, **options: object) -> Suggestion | None:
    """Return the correction that a search suggests."""
    suggestions = index.search(query, **options).suggestions
    return next((item for item in suggestions if item.kind == "did_you_mean"), None)


@pytest.mark.parametrize(
    ("query", "text", "corrected", "total"),
    [
        ("双随即", "双随即", "双随机", 6),
        ("双随即监管", "双随即", "双随机监管", 6),
        ("营商环竟", "营商环竟", "营商环境", 6),
        ("行政执罚", "行政执罚", "行政执法", 6),
        ("理管", "理管", "管理", 6),
        ("  双随即  营商环竟 ", "双随即 营商环竟", "  双随机  营商环境 ", 6),
        ("「监管」 双随即", "双随即", "「监管」 双随机", 6),
    ],
)
def test_words_are_corrected(index: Index, query: str, text: str, corrected: str, total: int) -> None:
    """Homophones (双随即) and swapped characters (理管) are corrected in each run. The other characters stay."""
    found = correction(index, query)
    assert found is not None
    assert (found.text, found.query, found.total) == (text, corrected, total)


@pytest.mark.parametrize(
    "query",
    [
        "双随机",
        "随即",
        "演练",
        "行政执法",
        "规范管理",
        "天气",
        "「双随即」",
        "双随即 OR 天气",
        "text:双随即",
        "",
        "*",
        "𠮷野家",
        "\ud800随即",
    ],
)
def test_right_words_are_not_corrected(index: Index, query: str) -> None:
    """Words of the index and of the dictionary are not corrected, however rare they are in the index.

    Neither are words that resemble no word of the index, and parts in quotes, with a field or next to an operator.
    """
    assert correction(index, query) is None


def test_a_correction_keeps_the_filters(index: Index) -> None:
    """A correction has the filters of the search, and the number of its hits under them."""
    assert correction(index, "双随即", year=2022) is None
    found = correction(index, "双随即", year=2023)
    assert found is not None
    assert (dict(found.filters), found.total) == ({"year": ["2023"]}, 6)


def test_results_stay_those_of_the_query(index: Index) -> None:
    """The hits and the total are those of the query as typed, not those of its correction."""
    results = index.search("双随即", match="all")
    assert (results.total, results.hits) == (0, ())


def test_a_correction_that_finds_no_measure_is_not_suggested(index: Index) -> None:
    """A look-up suggests no correction if the corrected query finds no measure either."""
    assert index.measures("双随即").suggestions == ()


def test_completions(index: Index) -> None:
    """`suggest` completes text, pinyin and initials of pinyin, in any width and case, simplified or traditional.

    An empty prefix, and one that nothing begins with, has no completions.
    """
    for prefix in ("滨海", "濱海", "binhai", "ＢｉｎＨａｉ", " bhxq ", "bin'hai"):
        assert [item.text for item in index.suggest(prefix)][:1] == ["滨海新区"]
    assert index.suggest("") == index.suggest(" \u200b ") == index.suggest("天气") == ()
    assert index.suggest("s", limit=0) == ()
    assert len(index.suggest("双", limit=None)) == 1


@pytest.mark.parametrize(("prefix", "limit"), [(3, 10), (None, 10), ("双", -1), ("双", "1"), ("双", True)])
def test_invalid_arguments_of_suggest(index: Index, prefix: object, limit: object) -> None:
    """A prefix that is not a text, or a limit that is not a whole number of 0 or more, is wrong usage."""
    with pytest.raises(UsageError):
        index.suggest(prefix, limit=limit)  # type: ignore[arg-type]


def test_a_closed_index_suggests_nothing(index_of: Callable[..., Index], report: Report) -> None:
    """After `close`, `suggest` raises IndexClosed."""
    opened = index_of([report("a.txt", "双随机", "双随机")])
    opened.close()
    with pytest.raises(IndexClosed):
        opened.suggest("双")
