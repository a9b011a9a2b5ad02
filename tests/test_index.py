"""`Index`: arguments, filters, options, results, threads, and an index that is rebuilt, damaged or closed."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import NoReturn

import pytest

from searchkit.corpus.reading import ParsedDocument
from searchkit.corpus.walk import Skipped
from searchkit.engines import directory
from searchkit.errors import IndexClosed, IndexDamaged, IndexMissing, SearchkitError, UnknownFacet, UsageError
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, write_index
from searchkit.manifest import Manifest
from searchkit.model import Document
from searchkit.names import BUILT_IN_FACETS
from searchkit.output.json import results_to_json
from searchkit.search import snapshot
from searchkit.search.options import SearchOptions
from searchkit.search.results import Results
from searchkit.search.snippets import MAX_SNIPPET_LENGTH

Report = Callable[..., ParsedDocument]


@pytest.fixture(scope="session")
def documents(report: Report) -> list[ParsedDocument]:
    """Three reports: two with different places and years, and one without metadata."""
    return [
        report(
            "binhai.txt",
            ("全年开展执法检查三次。", {"section": "成效", "topics": ("行政执法",), "path": ("主要成效", "规范执法")}),
            ("执法人员培训两期。", {"section": "成效", "topics": ("队伍建设",)}),
            ("执法力量不足。", {"section": "问题", "topics": ("队伍建设",)}),
            title="滨海新区司法局2023年报告",
            year=2023,
            region=("天津市", "滨海新区"),
            agency="司法局",
            doctype="法治政府建设年度报告",
            facets={"batch": "一"},
        ),
        report(
            "dongli.txt",
            "普法宣传进社区。",
            ("检查" * 80 + "，立案129件。", {"topics": ("行政执法",)}),
            year=2022,
            region=("天津市", "东丽区"),
            agency="卫生健康委员会",
        ),
        report("unknown.txt", "普法与执法并重。"),
    ]


def without_counts(document: Document | None) -> Document | None:
    """Return a document with the number of measures 0, as in the fixture `documents`. None stays None."""
    return document and replace(document, measures=0)


@pytest.fixture(scope="session")
def index(index_of: Callable[..., Index], documents: list[ParsedDocument]) -> Index:
    """An open index of the three reports."""
    return index_of(documents)


def ids(results: Results) -> list[str]:
    """Return the ids of the hits in order."""
    return [hit.id for hit in results.hits]


# --- invalid arguments


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"match": "some"}, "match must be one of all, any, auto, not 'some'"),
        ({"match": ""}, "match must be one of"),
        ({"limit": -1}, "0 or more"),
        ({"offset": -1}, "0 or more"),
        ({"group": "paragraph"}, "group must be document"),
        ({"group": ""}, "group must be document"),
        ({"sort": "colour"}, "no facet 'colour'"),
        ({"sort": "-colour"}, "no facet 'colour'"),
        ({"sort": "--year"}, "'-year'"),
        ({"sort": ""}, "sort must be score or the name of a facet"),
        ({"sort": "district:1"}, "district:1"),
        ({"facets": ["colour"]}, "no facet 'colour'"),
        ({"facets": ["year", "district:9"]}, "depth"),
        ({"facets": ["year:1"]}, "depth"),
        ({"colour": "red"}, "no option 'colour'"),
        ({"where": {"colour": "red"}}, "no facet 'colour'"),
        ({"where": {"limit": 3}}, "no facet 'limit'"),
        ({"year": "23"}, "'23' is not a year; write 2023 or 2021..2023"),
        ({"year": 20233}, "'20233' is not a year"),
        ({"year": "last"}, "'last' is not a year"),
        ({"year": ".."}, "'..' is not a year"),
        ({"year": "2021...2023"}, "not a year"),
        ({"year": "2021-2023-2024"}, "not a year"),
        ({"year": "2030年前"}, "not a year"),
        ({"year": ""}, "'' is not a year"),
        ({"year": [2022, "x"]}, "'x' is not a year"),
        ({"where": {"year": "x"}}, "'x' is not a year"),
        ({"district": "火星"}, "no district 火星; list them with: searchkit facets district"),
        ({"district": "滨海新城"}, "no district 滨海新城; did you mean 滨海新区?"),
        ({"topic": "执法"}, "no topic 执法; did you mean 行政执法?"),
        ({"literal": "colour"}, "literal must be true or some of district, of_year"),
        ({"limt": 3}, "there is no option 'limt'; did you mean limit?"),
        ({"explain": 1}, "explain must be true or false"),
        ({"year": "-2023"}, "not a year"),
        ({"district": " "}, "district: the value is empty"),
        ({"topic": ["行政执法", "、"]}, "topic: the value is empty; leave the filter out, or list values"),
        ({"colour": 3}, "document. Filters by user-defined facets go into where={...}"),
    ],
    ids=str,
)
def test_an_invalid_argument_is_a_usage_error(index: Index, arguments: dict[str, object], message: str) -> None:
    """The error is one line that states the problem."""
    with pytest.raises(UsageError) as caught:
        index.search("执法", **arguments)  # type: ignore[arg-type]
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [{"sort": "colour"}, {"facets": ["colour"]}, {"where": {"colour": "red"}}],
    ids=["sort", "facet", "filter"],
)
def test_the_error_about_an_unknown_facet_lists_all_facets(index: Index, arguments: dict[str, object]) -> None:
    """The error is UnknownFacet, and its message lists the facets of the index, including user-defined ones."""
    with pytest.raises(UnknownFacet) as caught:
        index.search("执法", **arguments)  # type: ignore[arg-type]
    assert ", ".join((*BUILT_IN_FACETS, "batch")) in str(caught.value)


@pytest.mark.parametrize("method", ["documents", "paragraphs", "facets"])
@pytest.mark.parametrize(
    ("arguments", "error"), [({"year": "x"}, UsageError), ({"where": {"colour": "x"}}, UnknownFacet)]
)
def test_filters_are_checked_at_the_call(index: Index, method: str, arguments: dict[str, object], error: type) -> None:
    """`documents`, `paragraphs` and `facets` raise the error at the call, not at the first result."""
    with pytest.raises(error):
        getattr(index, method)(**arguments)


def test_wrong_types_are_usage_errors(index: Index) -> None:
    """The error says which type is wanted."""
    with pytest.raises(UsageError, match="options must be SearchOptions"):
        index.search("执法", 5)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="facets must be a name or a list of names, not 5"):
        index.facets(5)  # type: ignore[arg-type]


def test_an_unknown_facet_cannot_be_counted(index: Index) -> None:
    """Counting an unknown facet or an invalid depth is an error."""
    with pytest.raises(UnknownFacet):
        index.facets(["colour"])
    with pytest.raises(UsageError):
        index.facets(["district:0"])


# --- filters


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (2023, ["binhai.txt"]),
        ("2023", ["binhai.txt"]),
        (" 2023 ", ["binhai.txt"]),
        ("2021..2023", ["binhai.txt", "dongli.txt"]),
        ("2022 .. 2022", ["dongli.txt"]),
        ("2023..", ["binhai.txt"]),
        ("..2022", ["dongli.txt"]),
        ([2022, 2023], ["binhai.txt", "dongli.txt"]),
        (("..2000", 2022), ["dongli.txt"]),
        (["2022", "2030..2040"], ["dongli.txt"]),
        (1999, []),
        ([], ["binhai.txt", "dongli.txt", "unknown.txt"]),
    ],
    ids=str,
)
def test_years_have_several_forms(index: Index, year: str | int | list[str | int], expected: list[str]) -> None:
    """A filter by year takes numbers, strings and ranges, or a list of them. A range can be open at an end.

    An empty list filters nothing.
    """
    assert [document.document for document in index.documents(year=year)] == expected
    assert list(dict.fromkeys(paragraph.document for paragraph in index.paragraphs(year=year))) == expected
    assert sorted({hit.paragraph.document for hit in index.search("", year=year, limit=None).hits}) == expected


def test_a_year_that_paragraphs_are_about_is_a_filter(index_of: Callable[..., Index], report: Report) -> None:
    """A filter by of_year selects the paragraphs that are about one of its years, and the documents that have them.

    The counts of the facet of_year ignore the filter by of_year.
    """
    texts = (("执法回顾。", {"of_year": (2022, 2023)}), ("执法计划。", {"of_year": (2024,)}), "执法概况。")
    index = index_of([report("a.txt", *texts, year=2024), report("b.txt", "执法。", year=2023)])
    for value, expected in ((2023, ["a.txt#1"]), ("2023..", ["a.txt#1", "a.txt#2"]), ([2021, "2024"], ["a.txt#2"])):
        assert [paragraph.id for paragraph in index.paragraphs(of_year=value)] == expected
        assert sorted(ids(index.search("执法", of_year=value))) == expected
        assert [document.document for document in index.documents(of_year=value)] == ["a.txt"]
    assert index.paragraph("a.txt#1").of_year == (2022, 2023)  # type: ignore[union-attr]
    assert [hit.id for hit in index.search("执法 of_year:2022..2023").hits] == ["a.txt#1"]
    values = index.facets(["of_year"], of_year=2024)["of_year"].values
    assert [(item.value, item.count, item.selected) for item in values] == [
        (2022, 1, False),
        (2023, 1, False),
        (2024, 1, True),
    ]


def test_none_is_not_a_filter(index: Index) -> None:
    """A filter with the value None is ignored."""
    assert index.search("执法", year=None).total == index.search("执法").total


def test_where_and_keywords_are_combined(index: Index) -> None:
    """A paragraph must pass the filters in `where` and the filters given as keywords."""
    assert ids(index.search("执法", section="问题", where={"batch": "一"})) == ["binhai.txt#3"]
    assert index.search("执法", year=2022, where={"batch": "一"}).total == 0


def test_results_iterate_and_hits_have_the_fields_of_paragraphs(index: Index) -> None:
    """Results iterate over their hits. A hit has the fields of its paragraph. The name of one facet needs no list.

    `understand` returns the filters that are understood from words of a query, and none with `literal=True`. A query
    that is not a text is an error.
    """
    results = index.search("执法", facets="year")
    assert [*results] == [*results.hits]
    assert results.hits
    assert list(results.facets) == ["year"]
    fields = ("document", "n", "text", "title", "path", "region", "district", "year", "of_year", "agency", "section")
    for hit in results:
        for name in (*fields, "topics", "doctype"):
            assert getattr(hit, name) == getattr(hit.paragraph, name)
    assert index.facets("year") == index.facets(["year"])
    understanding = index.understand("滨海新区执法")
    assert [(item.facet, item.values) for item in understanding.filters] == [("district", ("滨海新区",))]
    assert index.understand("滨海新区执法", literal=True).filters == ()
    with pytest.raises(UsageError, match="the query must be a text, not 3"):
        index.search(3)  # type: ignore[arg-type]


def test_documents_are_in_corpus_order(index: Index, documents: list[ParsedDocument]) -> None:
    """Documents are in corpus order. A document passes a filter if one of its paragraphs does."""
    assert [without_counts(document) for document in index.documents()] == [parsed.document for parsed in documents]
    assert [item.document for item in index.documents(topic="行政执法")] == ["binhai.txt", "dongli.txt"]
    assert [item.document for item in index.documents(district="天津市", section="问题")] == ["binhai.txt"]
    assert [item.document for item in index.documents(where={"batch": "一"})] == ["binhai.txt"]
    assert [*index.documents(topic="行政执法", year=2000)] == []


def test_paragraphs_are_in_corpus_order(index: Index) -> None:
    """Paragraphs are in corpus order, with and without filters."""
    assert [item.id for item in index.paragraphs()] == [
        *("binhai.txt#1", "binhai.txt#2", "binhai.txt#3", "dongli.txt#1", "dongli.txt#2", "unknown.txt#1")
    ]
    assert [item.id for item in index.paragraphs(topic=["队伍建设", "行政执法"], year=2023)] == [
        *("binhai.txt#1", "binhai.txt#2", "binhai.txt#3")
    ]


def test_records_are_found_by_id(index: Index, documents: list[ParsedDocument]) -> None:
    """The paragraph or document with the given id is returned, or None for an unknown id."""
    assert index.paragraph("dongli.txt#2") == documents[1].paragraphs[1]
    assert without_counts(index.document("dongli.txt")) == documents[1].document
    for name in ("dongli.txt#3", "dongli.txt", "", "#", "nowhere.txt#1"):
        assert index.paragraph(name) is None
    assert index.document("nowhere.txt") is None


def test_facets_of_an_index_are_counted(index: Index) -> None:
    """Without names, `facets` counts the values of all facets, also of user-defined ones, but not of document.

    With names, it counts those of the named facets. It counts all paragraphs, or only those that pass the filters.
    """
    counts = index.facets()
    assert list(counts) == [*(name for name in BUILT_IN_FACETS if name != "document"), "batch"]
    assert [(item.value, item.count) for item in counts["district"].values] == [("滨海新区", 3), ("东丽区", 2)]
    assert counts["district"].missing == 1
    assert [(item.value, item.count) for item in counts["batch"].values] == [("一", 3)]
    assert list(index.facets(["district:1", "document"], year=2022)) == ["district:1", "document"]
    assert [item.value for item in index.facets(["document"], year=2022)["document"].values] == ["dongli.txt"]


def test_facets_of_an_index_are_not_truncated(index_of: Callable[..., Index], report: Report) -> None:
    """`facets` lists all values. A search lists at most 100."""
    index = index_of([report(f"{n:03}.txt", "执法", facets={"n": str(n)}) for n in range(150)])
    assert len(index.facets(["n"])["n"].values) == 150
    assert len(index.search("执法", facets=["n"]).facets["n"].values) == 100


# --- options and results


def test_keywords_override_options(index: Index) -> None:
    """Options can be given as `SearchOptions`. Keywords override its fields, and do not change the object."""
    options = SearchOptions(limit=1, sort="-year", facets=("year",))
    assert ids(index.search("普法", options)) == ["dongli.txt#1"]
    assert ids(index.search("普法", options, limit=2)) == ["dongli.txt#1", "unknown.txt#1"]
    assert list(index.search("普法", options).facets) == ["year"]
    assert options == SearchOptions(limit=1, sort="-year", facets=("year",))


def test_default_options(index_of: Callable[..., Index], report: Report) -> None:
    """By default, a search returns ten hits, without facets, groups and explanations."""
    results = index_of([report("a.txt", *("执法" for _ in range(12)))]).search("执法")
    assert (len(results.hits), results.total) == (10, 12)
    assert (dict(results.facets), results.documents, results.relaxed, results.notes) == ({}, None, False, ())
    assert all(hit.explanation is None and hit.matches == 1 for hit in results.hits)


def test_facets_are_returned_in_the_requested_order(index: Index) -> None:
    """The result has the facets under the requested names, in the requested order."""
    names = ["topic", "district:1", "district", "batch"]
    assert list(index.search("执法", facets=names).facets) == names


def test_a_relaxed_search_is_marked(index: Index) -> None:
    """With match auto, a query whose parts no paragraph has together is relaxed: a paragraph needs only one of them.

    `understood` is then the text of the relaxed tree.
    """
    strict, auto, any_of = (index.search("普法 培训", match=match) for match in ("all", "auto", "any"))
    assert (strict.total, auto.total) == (0, 3)
    assert (strict.relaxed, auto.relaxed, any_of.relaxed) == (False, True, False)
    assert ids(auto) == ids(any_of)
    assert auto.understood == any_of.understood != strict.understood


@pytest.mark.parametrize("query", ["", "*", "执法*", "NOT 培训", "district:天津市"])
def test_a_search_whose_forms_are_the_same_is_not_relaxed(index: Index, query: str) -> None:
    """If match all and match any mean the same for a query, the search is not relaxed, and no hit lacks a part."""
    results = index.search(query)
    assert results.total
    assert not results.relaxed
    assert not any(hit.lacks for hit in results)


def test_a_hit_has_paragraph_score_snippet_and_spans(index: Index) -> None:
    """A hit has its paragraph, a positive score, a snippet, and the spans of the matches in the paragraph."""
    (hit,) = index.search("培训").hits
    assert hit.id == hit.paragraph.id == "binhai.txt#2"
    assert hit.score > 0
    assert hit.snippet == hit.paragraph.text
    assert [hit.paragraph.text[start:end] for start, end in hit.spans] == ["培训"]


def test_a_snippet_is_short(index: Index) -> None:
    """A snippet is a part of the text with a match, at most 120 code points long."""
    (hit,) = index.search("129件").hits
    assert hit.snippet in hit.paragraph.text
    assert "129件" in hit.snippet
    assert len(hit.snippet) <= MAX_SNIPPET_LENGTH < len(hit.paragraph.text)


def test_hits_are_grouped_by_document(index: Index) -> None:
    """A grouped result has one hit per document with its number of matches, and the number of documents."""
    results = index.search("执法", group="document")
    assert sorted((hit.paragraph.document, hit.matches) for hit in results.hits) == [
        ("binhai.txt", 3),
        ("unknown.txt", 1),
    ]
    assert (results.documents, results.total) == (2, 4)


def test_json_of_results(index: Index) -> None:
    """The JSON object of a search has the documented fields of results, hits and facets."""
    results = index.search("执法", facets=["year"], year=2023, section="成效")
    data = json.loads(json.dumps(results_to_json(results)))
    assert data.keys() >= {"query", "understood", "total", "relaxed", "took_ms", "hits", "facets"}
    assert (data["query"], data["total"], data["relaxed"]) == ("执法", 2, False)
    value = {"value": 2023, "count": 2, "documents": 1, "all_documents": 1, "share": 1.0, "selected": True}
    assert data["facets"] == {"year": {"values": [value], "missing": 0, "other": 0}}
    assert data["next"] is None
    hit = next(hit for hit in data["hits"] if hit["id"] == "binhai.txt#1")
    assert {key: hit[key] for key in ("document", "district", "year", "agency", "topics", "section", "path")} == {
        "document": "binhai.txt",
        "district": "滨海新区",
        "year": 2023,
        "agency": "司法局",
        "topics": ["行政执法"],
        "section": "成效",
        "path": ["主要成效", "规范执法"],
    }
    assert (hit["text"], hit["snippet"], hit["spans"]) == ("全年开展执法检查三次。", "全年开展执法检查三次。", [[4, 6]])
    assert hit["score"] == pytest.approx(next(h.score for h in results.hits if h.id == hit["id"]), abs=1e-6)
    assert hit["title"] == "滨海新区司法局2023年报告"
    assert "explanation" not in hit


def test_json_of_groups_and_explanations(index: Index) -> None:
    """The JSON of grouped results has the numbers of documents and matches.

    The JSON of explained results has the parts of each score, whose sum is the score.
    """
    data = results_to_json(index.search("执法检查", match="any", group="document", explain=True))
    assert data["documents"] == 3
    for hit in data["hits"]:  # type: ignore[attr-defined]
        parts = hit["explanation"]
        assert hit["matches"] >= 1
        assert parts["words"]
        assert hit["score"] == pytest.approx(
            sum(parts["words"].values()) + parts["bigrams"] + parts["characters"], abs=1e-4
        )


# --- life cycle of an index


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="open files are read from /proc")
def test_a_closed_index_has_no_open_files(engine: str, tmp_path: Path, documents: list[ParsedDocument]) -> None:
    """After the `with` block, no file of the index is open or mapped."""
    write_index(documents, tmp_path, BuildOptions(engine))
    with Index(tmp_path) as index:
        index.search("执法", facets=["year"])
        [*index.documents()]
    opened = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    mapped = Path("/proc/self/maps").read_text(encoding="utf-8")
    assert not [path for path in opened if path.startswith(str(tmp_path))]
    assert str(tmp_path) not in mapped


def test_problems_of_a_build_are_stored(engine: str, tmp_path: Path, documents: list[ParsedDocument]) -> None:
    """The index returns the files that its build could not read."""
    write_index([Skipped("x.bin", "not text"), *documents], tmp_path, BuildOptions(engine))
    with Index(tmp_path) as index:
        assert index.problems() == [{"path": "x.bin", "reason": "not text"}]


@pytest.fixture
def frequent_thread_switches() -> Iterator[None]:
    """Switch threads a thousand times more often than usual."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(interval / 1000)
    yield
    sys.setswitchinterval(interval)


@pytest.mark.usefixtures("frequent_thread_switches")
def test_threads_can_share_an_index(engine: str, tmp_path: Path, documents: list[ParsedDocument]) -> None:
    """Eight threads that use an index concurrently, from its first use on, get the results of a single thread."""
    write_index(documents, tmp_path, BuildOptions(engine))
    queries = ["执法", "检查 OR 普法", '"法检"', "129件", "-执法", "队伍 培训", "", "执法人员"] * 5
    barrier = Barrier(8)

    def search(index: Index, n: int) -> list[Results]:
        barrier.wait(timeout=30)
        rotated = queries[n:] + queries[:n]
        results = [index.search(query, facets=["year", "topic"], limit=None, explain=True) for query in rotated]
        return [replace(result, took_ms=0.0) for result in results[len(queries) - n :] + results[: len(queries) - n]]

    with Index(tmp_path) as index, ThreadPoolExecutor(8) as pool:
        results_of_threads = [*pool.map(search, [index] * 8, range(8))]
    with Index(tmp_path) as index:
        expected = [
            replace(index.search(query, facets=["year", "topic"], limit=None, explain=True), took_ms=0.0)
            for query in queries
        ]
    assert all(results == expected for results in results_of_threads)


@pytest.mark.parametrize("used_before", [True, False], ids=["used before", "not used before"])
def test_an_open_index_does_not_change_after_a_rebuild(
    engine: str, tmp_path: Path, report: Report, documents: list[ParsedDocument], *, used_before: bool
) -> None:
    """An index opened before a rebuild returns the old results. An index opened afterwards returns the new ones."""
    write_index(documents, tmp_path, BuildOptions(engine))
    with Index(tmp_path) as old:
        if used_before:
            old.search("执法")
        write_index([report("new.txt", "执法，全新的内容。")], tmp_path, BuildOptions(engine))
        assert sorted(ids(old.search("执法"))) == ["binhai.txt#1", "binhai.txt#2", "binhai.txt#3", "unknown.txt#1"]
        assert old.search("129件", facets=["year"]).facets["year"].values[0].value == 2022
        assert [without_counts(document) for document in old.documents()] == [parsed.document for parsed in documents]
        assert [*old.paragraphs()] == [paragraph for parsed in documents for paragraph in parsed.paragraphs]
        assert old.paragraph("dongli.txt#1") == documents[1].paragraphs[0]
        assert old.facet_names == (*BUILT_IN_FACETS, "batch")
    with Index(tmp_path) as new:
        assert ids(new.search("执法")) == ["new.txt#1"]


@pytest.mark.parametrize("used_before", [True, False], ids=["used before", "not used before"])
def test_refresh_moves_to_the_latest_commit(
    engine: str, tmp_path: Path, report: Report, documents: list[ParsedDocument], *, used_before: bool
) -> None:
    """`refresh` returns whether there was a newer commit. Iterators created before the refresh use the old commit."""
    write_index(documents, tmp_path, BuildOptions(engine))
    with Index(tmp_path) as index:
        if used_before:
            index.search("执法")
        assert not index.refresh()
        old_paragraphs = index.paragraphs()
        write_index([Skipped("x.bin", "not text"), report("new.txt", "执法，全新。")], tmp_path, BuildOptions(engine))
        assert len(ids(index.search("执法"))) == 4
        assert index.refresh()
        assert ids(index.search("执法")) == ["new.txt#1"]
        assert [document.document for document in index.documents()] == ["new.txt"]
        assert index.facet_names == BUILT_IN_FACETS
        assert index.problems() == [{"path": "x.bin", "reason": "not text"}]
        index.check()
        assert len([*old_paragraphs]) == 6
        assert not index.refresh()


def test_refresh_loads_changed_words(engine: str, tmp_path: Path, report: Report) -> None:
    """After a refresh, queries are segmented with the words of the new commit.

    If its words are those of the old commit, the index keeps its analyzer.
    """
    words = tmp_path / "words.txt"
    words.write_text("江大桥参加\n", encoding="utf-8")
    documents = [report("a.txt", "江大桥参加了。")]
    write_index(documents, tmp_path / "index", BuildOptions(engine))
    with Index(tmp_path / "index") as index:
        before = index.analyzer
        write_index(documents, tmp_path / "index", BuildOptions(engine))
        assert index.refresh()
        assert index.analyzer is before
        write_index(documents, tmp_path / "index", BuildOptions(engine, words=words))
        assert index.refresh()
        assert index.analyzer.query_words("江大桥参加") == ["江大桥参加"]
        assert index.search("江大桥参加").total == 1


def test_refresh_does_not_read_the_manifest_that_is_open(
    tmp_path: Path, documents: list[ParsedDocument], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh reads the manifest only if it is new, because a server refreshes for each request."""
    write_index(documents, tmp_path)
    reads = []
    with Index(tmp_path) as index:
        read_manifest = directory.read_manifest
        monkeypatch.setattr(directory, "read_manifest", lambda path: reads.append(path) or read_manifest(path))
        assert not index.refresh()
        assert not reads
        write_index(documents[:1], tmp_path)
        reads.clear()
        assert index.refresh()
        assert reads


def test_an_index_stays_usable_after_a_failed_refresh(
    engine: str, tmp_path: Path, documents: list[ParsedDocument]
) -> None:
    """`refresh` raises if the index is damaged or missing, and the open snapshot stays."""
    write_index(documents, tmp_path, BuildOptions(engine))
    with Index(tmp_path) as index:
        (tmp_path / "index.json").write_text("{", encoding="utf-8")
        with pytest.raises(IndexDamaged):
            index.refresh()
        (tmp_path / "index.json").unlink()
        with pytest.raises(IndexMissing):
            index.refresh()
        assert index.search("执法").total == 4


@pytest.mark.usefixtures("frequent_thread_switches")
def test_refresh_is_thread_safe(engine: str, tmp_path: Path, report: Report) -> None:
    """While an index is rebuilt and refreshed, each search of other threads sees one commit, and no search fails.

    Commit n has n paragraphs, which all match, and a facet whose only value is n.
    """

    def write(n: int) -> None:
        write_index([report("a.txt", *["执法"] * n, facets={"commit": str(n)})], tmp_path, BuildOptions(engine))

    def search(index: Index) -> list[int]:
        totals = []
        while not totals or totals[-1] < 8:
            results = index.search("执法", facets=["commit"], limit=None)
            (value,) = results.facets["commit"].values
            assert (value.value, value.count) == (str(results.total), results.total)
            assert len(results.hits) == results.total
            totals.append(results.total)
        return totals

    write(1)
    with Index(tmp_path) as index, ThreadPoolExecutor(4) as pool:
        searches = [pool.submit(search, index) for _ in range(4)]
        for n in range(2, 9):
            write(n)
            assert index.refresh()
        for future in searches:
            totals = future.result(timeout=60)
            assert totals == sorted(totals)


@pytest.mark.parametrize("step", ["read_manifest", "open_engine", "read_verified_file"])
def test_an_index_replaced_during_opening_is_opened(
    engine: str,
    tmp_path: Path,
    report: Report,
    documents: list[ParsedDocument],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    """If builds replace the index while it is opened, the new index is opened.

    A build runs before each of the first three calls of the function `step`, which is a part of the opening.
    """
    write_index(documents, tmp_path, BuildOptions(engine))
    module = snapshot if step == "open_engine" else directory
    function = getattr(module, step)
    commits = iter(range(3))

    def replace_before(*arguments: object) -> object:
        if next(commits, None) is not None:
            write_index([report("new.txt", "执法")], tmp_path, BuildOptions(engine))
        return function(*arguments)

    monkeypatch.setattr(module, step, replace_before)
    with Index(tmp_path) as index:
        index.check()
        assert ids(index.search("执法")) == ["new.txt#1"]


def test_an_interrupted_verification_is_not_running(index: Index) -> None:
    """If `check` is interrupted, `info` does not say that a verification is running."""
    before = index.info()["verified"]

    def interrupt(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.check(interrupt)
    assert index.info()["verified"] == before != "running"


def test_a_damaged_index_is_opened_once(
    engine: str, tmp_path: Path, documents: list[ParsedDocument], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If an index is damaged and not replaced, opening is not repeated."""
    write_index(documents, tmp_path, BuildOptions(engine))
    calls = []

    def fail(_path: Path) -> Manifest:
        calls.append(1)
        message = "damaged"
        raise IndexDamaged(message)

    monkeypatch.setattr(directory, "read_manifest", fail)
    with pytest.raises(IndexDamaged):
        Index(tmp_path)
    assert len(calls) == 1


def test_check_never_accepts_damage_in_silence(
    engine: str, tmp_path: Path, documents: list[ParsedDocument], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If every build that replaces a damaged index is damaged too, `check` raises in the end."""
    write_index(documents, tmp_path, BuildOptions(engine))

    def fail(_snapshot: snapshot.Snapshot, _on_progress: object) -> None:
        message = "damaged"
        raise IndexDamaged(message)

    monkeypatch.setattr(snapshot.Snapshot, "check", fail)
    monkeypatch.setattr(Index, "refresh", lambda _index: True)
    with Index(tmp_path) as index, pytest.raises(IndexDamaged):
        index.check()


@pytest.mark.parametrize("method", ["problems", "check"])
def test_an_open_index_after_a_rebuild_raises_only_searchkit_errors(
    engine: str, tmp_path: Path, report: Report, documents: list[ParsedDocument], method: str
) -> None:
    """A method that fails because the old files are gone raises a SearchkitError of one line."""
    write_index(documents, tmp_path, BuildOptions(engine))
    with Index(tmp_path) as old:
        write_index([report("new.txt", "执法")], tmp_path, BuildOptions(engine))
        try:
            getattr(old, method)()
        except SearchkitError as error:
            assert "\n" not in str(error)  # noqa: PT017 - a result is valid too


USES: tuple[Callable[[Index], object], ...] = (
    lambda index: index.search("执法"),
    lambda index: index.measures("执法"),
    lambda index: index.paragraph("a.txt#1"),
    lambda index: index.measures_of(["a.txt#1"]),
    lambda index: list(index.documents()),
    lambda index: list(index.paragraphs()),
    lambda index: list(index.every_measure()),
    lambda index: index.facets(["year"]),
    lambda index: index.compare("执法"),
    lambda index: list(index.audit()),
    lambda index: index.check(),
)


@pytest.mark.parametrize("use", USES)
def test_a_closed_index_raises_index_closed(
    engine: str, tmp_path: Path, documents: list[ParsedDocument], use: Callable[[Index], object]
) -> None:
    """Every use of a closed index raises IndexClosed, not IndexDamaged. An index can be closed twice."""
    write_index(documents, tmp_path, BuildOptions(engine))
    index = Index(tmp_path)
    index.close()
    index.close()
    with pytest.raises(IndexClosed, match="was closed; open it again"):
        use(index)


def test_an_engine_error_is_not_reported_as_damage(
    engine: str, tmp_path: Path, documents: list[ParsedDocument], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected exception of the engine propagates if all checksums match. Otherwise IndexDamaged is raised."""
    write_index(documents, tmp_path, BuildOptions(engine))
    with Index(tmp_path) as index:

        def fail(_request: object) -> NoReturn:
            message = "unexpected"
            raise ZeroDivisionError(message)

        monkeypatch.setattr(index._snapshot._engine, "search", fail)
        with pytest.raises(ZeroDivisionError, match="unexpected"):
            index.search("执法")
        path = max((tmp_path / index.manifest.data).iterdir(), key=lambda path: path.stat().st_size)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.unlink()  # mapped files keep their contents
        path.write_bytes(content)
        with pytest.raises(IndexDamaged, match=re.escape(str(path))):
            index.search("执法")


# --- one state for several calls


def test_a_snapshot_keeps_its_answers(tmp_path: Path, report: Report, engine: str) -> None:
    """`snapshot` returns the current state. A refresh changes the index and its state, but not the snapshot.

    When the index is closed, a search of a snapshot of its last state raises IndexClosed.
    """
    write_index([report("a.txt", "执法检查。")], tmp_path, BuildOptions(engine))
    with Index(tmp_path) as index:
        before = index.snapshot()
        write_index([report("a.txt", "执法检查。"), report("b.txt", "执法培训。")], tmp_path, BuildOptions(engine))
        assert (index.refresh(), before.state == index.state) == (True, False)
        assert (before.search("执法").total, index.search("执法").total) == (1, 2)
        assert [len(list(item.documents())) for item in (before, index, index.snapshot())] == [1, 2, 2]
        assert not hasattr(before, "refresh")
        after = index.snapshot()
    with pytest.raises(IndexClosed):
        after.search("执法")


def test_indexes_of_the_same_reports_have_the_same_state(tmp_path: Path, report: Report) -> None:
    """The state does not depend on the folder or the time of the build."""
    states = set()
    for name in ("one", "two"):
        write_index([report("a.txt", "执法检查。")], tmp_path / name, BuildOptions())
        with Index(tmp_path / name) as index:
            states.add(index.state)
    assert len(states) == 1
