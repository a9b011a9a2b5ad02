"""The way out: options and filters of a search, what comes back, many threads, an index that is rebuilt meanwhile."""

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

from searchkit.corpus.reading import DocumentRead
from searchkit.corpus.walk import Skipped
from searchkit.errors import IndexClosed, IndexDamaged, IndexMissing, SearchkitError, UnknownFacet, UsageError
from searchkit.index import Index
from searchkit.indexing.build import BuildOptions, write_index
from searchkit.manifest import Manifest
from searchkit.model import Document
from searchkit.output.json import results_to_json
from searchkit.query.facets import BUILT_IN
from searchkit.search import snapshot
from searchkit.search.options import SearchOptions
from searchkit.search.results import Results
from searchkit.search.snippets import MAX_LENGTH

Report = Callable[..., DocumentRead]


@pytest.fixture(scope="session")
def documents(report: Report) -> list[DocumentRead]:
    """Three reports: two places, two years and one that nothing is known of."""
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
    """The document as the reading gives it, before its measures are counted."""
    return document and replace(document, measures=0)


@pytest.fixture(scope="session")
def index(index_of: Callable[..., Index], documents: list[DocumentRead]) -> Index:
    """An index of the three reports."""
    return index_of(documents)


def ids(results: Results) -> list[str]:
    """Ids of the hits in order."""
    return [hit.id for hit in results.hits]


# --- wrong arguments


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"match": "some"}, "match is one of all, any, auto, not 'some'"),
        ({"match": ""}, "match is one of"),
        ({"limit": -1}, "0 or more"),
        ({"offset": -1}, "0 or more"),
        ({"group": "paragraph"}, "group is document"),
        ({"group": ""}, "group is document"),
        ({"sort": "colour"}, "no facet 'colour'"),
        ({"sort": "-colour"}, "no facet 'colour'"),
        ({"sort": "--year"}, "'-year'"),
        ({"sort": ""}, "no facet ''"),
        ({"sort": "district:1"}, "district:1"),
        ({"facets": ["colour"]}, "no facet 'colour'"),
        ({"facets": ["year", "district:9"]}, "depth"),
        ({"facets": ["year:1"]}, "depth"),
        ({"colour": "red"}, "no option 'colour'"),
        ({"where": {"colour": "red"}}, "no facet 'colour'"),
        ({"where": {"limit": 3}}, "no facet 'limit'"),
        ({"year": "23"}, "'23' is no year; write 2023 or 2021..2023"),
        ({"year": 20233}, "'20233' is no year"),
        ({"year": "last"}, "'last' is no year"),
        ({"year": ".."}, "'..' is no year"),
        ({"year": "2021...2023"}, "no year"),
        ({"year": "2021-2023"}, "no year"),
        ({"year": "2021..23"}, "no year"),
        ({"year": ""}, "'' is no year"),
        ({"year": [2022, "x"]}, "'x' is no year"),
        ({"where": {"year": "x"}}, "'x' is no year"),
        ({"year": "２０２３年"}, "no year"),
        ({"year": "-2023"}, "no year"),
    ],
    ids=str,
)
def test_wrong_arguments(index: Index, arguments: dict[str, object], said: str) -> None:
    """A wrong argument is a UsageError of one line that says what is wrong and what is right; nothing is searched."""
    with pytest.raises(UsageError) as caught:
        index.search("执法", **arguments)  # type: ignore[arg-type]
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [{"sort": "colour"}, {"facets": ["colour"]}, {"where": {"colour": "red"}}],
    ids=["sort", "facet", "filter"],
)
def test_unknown_facet_names_those_there_are(index: Index, arguments: dict[str, object]) -> None:
    """An unknown facet is an UnknownFacet, and the message lists the facets of the index, the user's own too."""
    with pytest.raises(UnknownFacet) as caught:
        index.search("执法", **arguments)  # type: ignore[arg-type]
    assert ", ".join((*BUILT_IN, "batch")) in str(caught.value)


@pytest.mark.parametrize("method", ["documents", "paragraphs", "facets"])
@pytest.mark.parametrize(
    ("arguments", "error"), [({"year": "x"}, UsageError), ({"where": {"colour": "x"}}, UnknownFacet)]
)
def test_wrong_filters_elsewhere(index: Index, method: str, arguments: dict[str, object], error: type) -> None:
    """Filters are held to the same rules wherever they are given, at once and not at the first result."""
    with pytest.raises(error):
        getattr(index, method)(**arguments)


def test_unknown_facet_to_count(index: Index) -> None:
    """Counting an unknown facet, or a depth that is none, is refused."""
    with pytest.raises(UnknownFacet):
        index.facets(["colour"])
    with pytest.raises(UsageError):
        index.facets(["district:0"])


# --- filters


@pytest.mark.parametrize(
    ("year", "found"),
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
def test_forms_of_years(index: Index, year: str | int | list[str | int], found: list[str]) -> None:
    """Years are numbers or text, one or several, or ranges that may be open at an end."""
    assert [document.document for document in index.documents(year=year)] == found
    assert list(dict.fromkeys(paragraph.document for paragraph in index.paragraphs(year=year))) == found
    assert sorted({hit.paragraph.document for hit in index.search("", year=year, limit=None).hits}) == found


def test_no_year_is_no_filter(index: Index) -> None:
    """None as a value of a filter is as if it was not given."""
    assert index.search("执法", year=None).total == index.search("执法").total


def test_where_and_keywords_mean_both(index: Index) -> None:
    """Filters in `where` and as keywords must all let a paragraph through."""
    assert ids(index.search("执法", section="问题", where={"batch": "一"})) == ["binhai.txt#3"]
    assert index.search("执法", year=2022, where={"batch": "一"}).total == 0


def test_documents(index: Index, documents: list[DocumentRead]) -> None:
    """All documents in corpus order; with filters those that have a paragraph which passes."""
    assert [without_counts(document) for document in index.documents()] == [read.document for read in documents]
    assert [item.document for item in index.documents(topic="行政执法")] == ["binhai.txt", "dongli.txt"]
    assert [item.document for item in index.documents(district="天津市", section="问题")] == ["binhai.txt"]
    assert [item.document for item in index.documents(where={"batch": "一"})] == ["binhai.txt"]
    assert [*index.documents(topic="政务公开")] == []


def test_paragraphs(index: Index) -> None:
    """Paragraphs by filters, in corpus order."""
    assert [item.id for item in index.paragraphs()] == [
        *("binhai.txt#1", "binhai.txt#2", "binhai.txt#3", "dongli.txt#1", "dongli.txt#2", "unknown.txt#1")
    ]
    assert [item.id for item in index.paragraphs(topic=["队伍建设", "行政执法"], year=2023)] == [
        *("binhai.txt#1", "binhai.txt#2", "binhai.txt#3")
    ]


def test_one_paragraph_or_document(index: Index, documents: list[DocumentRead]) -> None:
    """By id: the paragraph or document, or None."""
    assert index.paragraph("dongli.txt#2") == documents[1].paragraphs[1]
    assert without_counts(index.document("dongli.txt")) == documents[1].document
    for name in ("dongli.txt#3", "dongli.txt", "", "#", "nowhere.txt#1"):
        assert index.paragraph(name) is None
    assert index.document("nowhere.txt") is None


def test_facets_of_an_index(index: Index) -> None:
    """Without names all facets but document are counted, over all paragraphs, the user's own among them."""
    counts = index.facets()
    assert list(counts) == [*(name for name in BUILT_IN if name != "document"), "batch"]
    assert [(item.value, item.count) for item in counts["district"].values] == [("滨海新区", 3), ("东丽区", 2)]
    assert counts["district"].missing == 1
    assert [(item.value, item.count) for item in counts["batch"].values] == [("一", 3)]
    assert list(index.facets(["district:1", "document"], year=2022)) == ["district:1", "document"]
    assert [item.value for item in index.facets(["document"], year=2022)["document"].values] == ["dongli.txt"]


def test_facets_of_an_index_are_never_cut(index_of: Callable[..., Index], report: Report) -> None:
    """Asked for the facets themselves, all values are listed, however many there are."""
    index = index_of([report(f"{n:03}.txt", "执法", facets={"n": str(n)}) for n in range(150)])
    assert len(index.facets(["n"])["n"].values) == 150
    assert len(index.search("执法", facets=["n"]).facets["n"].values) == 100


# --- options and results


def test_options_as_one_value_and_as_keywords(index: Index) -> None:
    """Options can come as `SearchOptions`, keywords go over them."""
    options = SearchOptions(limit=1, sort="-year", facets=("year",))
    assert ids(index.search("普法", options)) == ["dongli.txt#1"]
    assert ids(index.search("普法", options, limit=2)) == ["dongli.txt#1", "unknown.txt#1"]
    assert list(index.search("普法", options).facets) == ["year"]
    assert options == SearchOptions(limit=1, sort="-year", facets=("year",))


def test_defaults(index_of: Callable[..., Index], report: Report) -> None:
    """Ten hits by score; no facets, no groups, no explanation."""
    results = index_of([report("a.txt", *("执法" for _ in range(12)))]).search("执法")
    assert (len(results.hits), results.total) == (10, 12)
    assert (dict(results.facets), results.documents, results.relaxed, results.notes) == ({}, None, False, ())
    assert all(hit.explanation is None and hit.matches == 1 for hit in results.hits)


def test_facets_by_the_names_asked_for(index: Index) -> None:
    """Facets come back under the names they were asked for, in that order."""
    names = ["topic", "district:1", "district", "batch"]
    assert list(index.search("执法", facets=names).facets) == names


def test_relaxed_search_says_so(index: Index) -> None:
    """With match auto a query whose parts stand nowhere together finds any of them, and `understood` is that tree."""
    strict, auto, any_of = (index.search("普法 培训", match=match) for match in ("all", "auto", "any"))
    assert (strict.total, auto.total) == (0, 3)
    assert (strict.relaxed, auto.relaxed, any_of.relaxed) == (False, True, False)
    assert ids(auto) == ids(any_of)
    assert auto.understood == any_of.understood != strict.understood


def test_hit(index: Index) -> None:
    """A hit is its paragraph, with score, snippet and the spans that matched."""
    (hit,) = index.search("培训").hits
    assert hit.id == hit.paragraph.id == "binhai.txt#2"
    assert hit.score > 0
    assert hit.snippet == hit.paragraph.text
    assert [hit.paragraph.text[start:end] for start, end in hit.spans] == ["培训"]


def test_snippet_is_short(index: Index) -> None:
    """A snippet is a part of the text of at most 120 code points that shows what was looked for."""
    (hit,) = index.search("129件").hits
    assert hit.snippet in hit.paragraph.text
    assert "129件" in hit.snippet
    assert len(hit.snippet) <= MAX_LENGTH < len(hit.paragraph.text)


def test_group(index: Index) -> None:
    """Grouped: one hit a document, its number of matches, and the number of documents."""
    results = index.search("执法", group="document")
    assert sorted((hit.paragraph.document, hit.matches) for hit in results.hits) == [
        ("binhai.txt", 3),
        ("unknown.txt", 1),
    ]
    assert (results.documents, results.total) == (2, 4)


def test_json_of_results(index: Index) -> None:
    """The JSON object of a search has the promised fields, for the results, each hit and each facet."""
    results = index.search("执法", facets=["year"], year=2023, section="成效")
    data = json.loads(json.dumps(results_to_json(results)))
    assert data.keys() >= {"query", "understood", "total", "relaxed", "took_ms", "hits", "facets"}
    assert (data["query"], data["total"], data["relaxed"]) == ("执法", 2, False)
    assert data["facets"] == {
        "year": {"values": [{"value": 2023, "count": 2, "selected": True}], "missing": 0, "other": 0}
    }
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
    """Grouped results say how many documents and matches; explained ones where the score comes from."""
    data = results_to_json(index.search("执法检查", match="any", group="document", explain=True))
    assert data["documents"] == 3
    for hit in data["hits"]:  # type: ignore[attr-defined]
        parts = hit["explanation"]
        assert hit["matches"] >= 1
        assert parts["words"]
        assert hit["score"] == pytest.approx(
            sum(parts["words"].values()) + parts["bigrams"] + parts["characters"], abs=1e-4
        )


# --- life of an index


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no /proc to see open files in")
def test_index_closes(engine: str, tmp_path: Path, documents: list[DocumentRead]) -> None:
    """An index is a context manager: at the end it holds no file of its folder, open or mapped."""
    write_index(documents, tmp_path, BuildOptions(engine))
    with Index(tmp_path) as index:
        index.search("执法", facets=["year"])
        [*index.documents()]
    opened = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    mapped = Path("/proc/self/maps").read_text(encoding="utf-8")
    assert not [path for path in opened if path.startswith(str(tmp_path))]
    assert str(tmp_path) not in mapped


def test_problems(engine: str, tmp_path: Path, documents: list[DocumentRead]) -> None:
    """What a build could not read can be asked for later."""
    write_index([Skipped("x.bin", "not text"), *documents], tmp_path, BuildOptions(engine))
    with Index(tmp_path) as index:
        assert index.problems() == [{"path": "x.bin", "reason": "not text"}]


@pytest.fixture
def eager() -> Iterator[None]:
    """Let threads take turns a thousand times more often than usual."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 1000)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("eager")
def test_many_threads(engine: str, tmp_path: Path, documents: list[DocumentRead]) -> None:
    """Eight threads that use one index at once, from its first use on, get what one thread gets."""
    write_index(documents, tmp_path, BuildOptions(engine))
    queries = ["执法", "检查 OR 普法", '"法检"', "129件", "-执法", "队伍 培训", "", "执法人员"] * 5
    barrier = Barrier(8)

    def ask(index: Index, n: int) -> list[Results]:
        barrier.wait(timeout=30)
        mine = queries[n:] + queries[:n]
        answers = [index.search(query, facets=["year", "topic"], limit=None, explain=True) for query in mine]
        return [replace(answer, took_ms=0.0) for answer in answers[len(queries) - n :] + answers[: len(queries) - n]]

    with Index(tmp_path) as index, ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(ask, [index] * 8, range(8))]
    with Index(tmp_path) as index:
        expected = [
            replace(index.search(query, facets=["year", "topic"], limit=None, explain=True), took_ms=0.0)
            for query in queries
        ]
    assert all(answer == expected for answer in answers)


@pytest.mark.parametrize("used_before", [True, False], ids=["used before", "not used before"])
def test_open_index_outlives_a_rebuild(
    engine: str, tmp_path: Path, report: Report, documents: list[DocumentRead], *, used_before: bool
) -> None:
    """An index that was opened before a rebuild gives the old answers after it, all of them; a new one the new."""
    write_index(documents, tmp_path, BuildOptions(engine))
    with Index(tmp_path) as old:
        if used_before:
            old.search("执法")
        write_index([report("new.txt", "执法，全新的内容。")], tmp_path, BuildOptions(engine))
        assert sorted(ids(old.search("执法"))) == ["binhai.txt#1", "binhai.txt#2", "binhai.txt#3", "unknown.txt#1"]
        assert old.search("129件", facets=["year"]).facets["year"].values[0].value == 2022
        assert [without_counts(document) for document in old.documents()] == [read.document for read in documents]
        assert [*old.paragraphs()] == [paragraph for read in documents for paragraph in read.paragraphs]
        assert old.paragraph("dongli.txt#1") == documents[1].paragraphs[0]
        assert old.facet_names == (*BUILT_IN, "batch")
    with Index(tmp_path) as new:
        assert ids(new.search("执法")) == ["new.txt#1"]


@pytest.mark.parametrize("used_before", [True, False], ids=["used before", "not used before"])
def test_refresh(
    engine: str, tmp_path: Path, report: Report, documents: list[DocumentRead], *, used_before: bool
) -> None:
    """An open index moves on to the newest commit when it is asked to, and says whether there was one."""
    write_index(documents, tmp_path, BuildOptions(engine))
    with Index(tmp_path) as index:
        if used_before:
            index.search("执法")
        assert not index.refresh()
        kept = index.paragraphs()
        write_index([Skipped("x.bin", "not text"), report("new.txt", "执法，全新。")], tmp_path, BuildOptions(engine))
        assert len(ids(index.search("执法"))) == 4
        assert index.refresh()
        assert ids(index.search("执法")) == ["new.txt#1"]
        assert [document.document for document in index.documents()] == ["new.txt"]
        assert index.facet_names == BUILT_IN
        assert index.problems() == [{"path": "x.bin", "reason": "not text"}]
        index.check()
        assert len([*kept]) == 6
        assert not index.refresh()


def test_refresh_takes_other_words(engine: str, tmp_path: Path, report: Report) -> None:
    """After a refresh a query is cut with the words of the new commit."""
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
        assert index.analyzer.words("江大桥参加") == ["江大桥参加"]
        assert index.search("江大桥参加").total == 1


def test_refresh_that_fails(engine: str, tmp_path: Path, documents: list[DocumentRead]) -> None:
    """When there is no sound index any more a refresh says so, and the open one goes on."""
    write_index(documents, tmp_path, BuildOptions(engine))
    with Index(tmp_path) as index:
        (tmp_path / "index.json").write_text("{", encoding="utf-8")
        with pytest.raises(IndexDamaged):
            index.refresh()
        (tmp_path / "index.json").unlink()
        with pytest.raises(IndexMissing):
            index.refresh()
        assert index.search("执法").total == 4


@pytest.mark.usefixtures("eager")
def test_refresh_among_threads(engine: str, tmp_path: Path, report: Report) -> None:
    """While an index is built anew and refreshed, each search of other threads answers from one commit, and none fails.

    Commit n has n paragraphs, all of which match, and a facet whose only value is n.
    """

    def write(n: int) -> None:
        write_index([report("a.txt", *["执法"] * n, facets={"commit": str(n)})], tmp_path, BuildOptions(engine))

    def search(index: Index) -> list[int]:
        totals = []
        while not totals or totals[-1] < 8:
            found = index.search("执法", facets=["commit"], limit=None)
            (value,) = found.facets["commit"].values
            assert (value.value, value.count) == (str(found.total), found.total)
            assert len(found.hits) == found.total
            totals.append(found.total)
        return totals

    write(1)
    with Index(tmp_path) as index, ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(search, index) for _ in range(4)]
        for n in range(2, 9):
            write(n)
            assert index.refresh()
        for answer in answers:
            totals = answer.result(timeout=60)
            assert totals == sorted(totals)


@pytest.mark.parametrize("step", ["read_manifest", "open_engine", "read_verified"])
def test_an_index_that_is_replaced_while_it_is_opened(
    engine: str,
    tmp_path: Path,
    report: Report,
    documents: list[DocumentRead],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    """A commit between any two steps of the opening takes the old files away: the new ones are opened."""
    write_index(documents, tmp_path, BuildOptions(engine))
    function = getattr(snapshot, step)
    commits = iter(range(3))

    def replaced_before(*arguments: object) -> object:
        if next(commits, None) is not None:
            write_index([report("new.txt", "执法")], tmp_path, BuildOptions(engine))
        return function(*arguments)

    monkeypatch.setattr(snapshot, step, replaced_before)
    with Index(tmp_path) as index:
        index.check()
        assert ids(index.search("执法")) == ["new.txt#1"]


def test_an_index_that_is_damaged_is_not_tried_for_ever(
    engine: str, tmp_path: Path, documents: list[DocumentRead], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index that cannot be opened and is not replaced is damaged, at once."""
    write_index(documents, tmp_path, BuildOptions(engine))
    calls = []

    def fail(_path: Path) -> Manifest:
        calls.append(1)
        message = "damaged"
        raise IndexDamaged(message)

    monkeypatch.setattr(snapshot, "read_manifest", fail)
    with pytest.raises(IndexDamaged):
        Index(tmp_path)
    assert len(calls) == 1


@pytest.mark.parametrize("method", ["problems", "check"])
def test_open_index_after_a_rebuild_has_only_known_errors(
    engine: str, tmp_path: Path, report: Report, documents: list[DocumentRead], method: str
) -> None:
    """What an open index cannot give any more when its files are gone is one of our errors, in one line."""
    write_index(documents, tmp_path, BuildOptions(engine))
    with Index(tmp_path) as old:
        write_index([report("new.txt", "执法")], tmp_path, BuildOptions(engine))
        try:
            getattr(old, method)()
        except SearchkitError as error:
            assert "\n" not in str(error)  # noqa: PT017 - the old answer is as good


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
def test_a_closed_index_says_so(
    engine: str, tmp_path: Path, documents: list[DocumentRead], use: Callable[[Index], object]
) -> None:
    """Whatever is asked of an index that was closed, it says that it is closed, and not that it is damaged."""
    write_index(documents, tmp_path, BuildOptions(engine))
    index = Index(tmp_path)
    index.close()
    index.close()
    with pytest.raises(IndexClosed, match="was closed; open it again"):
        use(index)


def test_a_mistake_in_an_engine_is_no_damage(
    engine: str, tmp_path: Path, documents: list[DocumentRead], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception that nobody foresaw is what it is as long as all checksums hold; if one fails, that is why."""
    write_index(documents, tmp_path, BuildOptions(engine))
    with Index(tmp_path) as index:

        def fail(_request: object) -> NoReturn:
            message = "a mistake"
            raise ZeroDivisionError(message)

        monkeypatch.setattr(index._snapshot._engine, "search", fail)
        with pytest.raises(ZeroDivisionError, match="a mistake"):
            index.search("执法")
        path = max((tmp_path / index.manifest.data).iterdir(), key=lambda path: path.stat().st_size)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.unlink()  # what is mapped stays as it is
        path.write_bytes(content)
        with pytest.raises(IndexDamaged, match=re.escape(str(path))):
            index.search("执法")
