"""Bringing an index up to date: what is read again, what is not, and that the index is as one built afresh."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from counting import Counting
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from marked import NAME, left, marked, new_mark, workers

from searchkit.corpus import listing, walk
from searchkit.corpus.overrides import NOTHING
from searchkit.corpus.reading import DocumentRead
from searchkit.corpus.walk import CorpusFile, Stamp
from searchkit.engines.contract import MeasureRequest
from searchkit.engines.opening import ENGINES
from searchkit.errors import CorpusError, UsageError
from searchkit.index import Index
from searchkit.indexing import build as indexing
from searchkit.indexing import changes, indexer, tasks
from searchkit.indexing.build import BuildOptions, BuildReport, build, write_index
from searchkit.manifest import Manifest, read_manifest
from searchkit.measures import vocabulary
from searchkit.query.tree import Everything, ScoringClause, Substring
from searchkit.text import analyzer as analysis

Build = Callable[..., BuildReport]

SENTENCES = (
    "全年开展执法检查35次，评查案卷120卷。",
    "立案129件，罚款93.7182万元。",
    "普法宣传进社区、进校园。",
    "执法人员培训两期，共129人参加。",
    "基层执法力量还不够强。",
    "二、存在的问题",
    "下一步将加强执法监督检查。",
)
QUERIES: Sequence[tuple[str, Mapping[str, Any]]] = (
    ("执法", {"facets": ["year", "district", "topic", "section", "document"], "limit": None, "explain": True}),
    ("检查 宣传 培训", {"match": "any", "facets": ["doctype", "agency"]}),
    ('"执法检查"', {"group": "document"}),
    ("129件", {"facets": ["district:1"]}),
    ("执法 -检查", {"year": "2022..2023"}),
    ("*", {"sort": "-year", "limit": None}),
    ("*", {"sort": "batch", "where": {"batch": ["一", "二"]}, "facets": ["batch"]}),
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small corpus: texts, records, a table that states a facet, a file that cannot be read."""
    folder = tmp_path / "corpus"
    for n in range(6):
        write(folder / f"{n}.txt", report("东丽区", 2020 + n, SENTENCES[n : n + 2]))
    write(folder / "records.jsonl", '{"id": 1, "text": "执法甲"}\n{"id": 2, "text": "执法乙", "batch": "三"}\nx\n')
    write(folder / "noise.txt", bytes(range(256)) * 4)
    write(folder / "metadata.csv", "file,batch\n1.txt,一\n2.txt,二\n")
    return folder


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Where the index goes."""
    return tmp_path / "index"


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let files that were just written count as settled: tests do not wait for the clock."""
    monkeypatch.setattr(changes, "_FINE_GRAIN", 0)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let measures be found by a plain rule, in this process: these tests are about what becomes of them."""
    monkeypatch.setattr(indexer, "Extractor", Counting)


@pytest.fixture
def again(source: Path, index: Path, engine: str) -> Build:
    """`again(…options)`: a build of the corpus by the engine under test."""

    def again(**options: Any) -> BuildReport:  # noqa: ANN401
        return build(source, index, BuildOptions(**{"engine": engine, **options}))

    return again


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`unreadable(*names)`: from now on these files cannot be opened; no name: no report can."""
    read_inside = walk.read_inside

    def make(*names: str) -> None:
        def refuse(root: Path, path: Path, *largest: int) -> bytes:
            if path.name in names if names else path.suffix in {".txt", ".jsonl"}:
                raise PermissionError(13, "Permission denied")
            return read_inside(root, path, *largest)

        monkeypatch.setattr(walk, "read_inside", refuse)

    return make


def write(path: Path, content: str | bytes) -> None:
    """Make a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def report(place: str, year: int, sentences: Sequence[str]) -> str:
    """The text of a report."""
    return "\n\n".join([f"{place}司法局{year}年法治政府建设年度报告", *sentences, ""])


def view(index: Path) -> dict[str, Any]:
    """All that an index answers."""
    with Index(index) as opened:
        opened.check()
        names = opened.manifest.facets
        asked = [(query, options) for query, options in QUERIES if "where" not in options or "batch" in names]
        answers = [replace(opened.search(query, **options), took_ms=0) for query, options in asked]
        return {
            "totals": (*totals(opened.manifest), names, opened.problems()),
            "documents": [*opened.documents()],
            "paragraphs": [*opened.paragraphs()],
            "measures": measures_in(opened),
            "facets": opened.facets(),
            "scores": [hit.score for answer in answers for hit in answer.hits],
            "answers": [(a.total, a.documents, a.relaxed, a.facets, [hit.id for hit in a.hits]) for a in answers],
        }


def totals(counted: Manifest | BuildReport) -> tuple[int, int, int]:
    """Documents, paragraphs, measures."""
    return counted.documents, counted.paragraphs, counted.measures


def measures_in(opened: Index) -> list[Any]:
    """All measures, some of them, and those of each paragraph: measures, indicators and exact scores."""
    wanted = (ScoringClause("执法", ("执法",)), ScoringClause("检查", ("检查",)))
    answers: list[Any] = [opened._snapshot._engine.measures([paragraph.id for paragraph in opened.paragraphs()])]
    for request in (
        MeasureRequest(Everything(), wanted),
        MeasureRequest(Substring("执法"), wanted, opened.filters({"year": "2022.."}), "次", 2, 100),
    ):
        measures = opened._snapshot._engine.measure_columns(request)
        indicators = [measures.indicators[number] for number in measures.indicator_of.tolist()]
        answers += [indicators, measures.scores.tolist(), measures.fetch(range(len(indicators)))]
    return answers


def same_as_afresh(source: Path, index: Path, engine: str) -> None:
    """Check that an index answers as one does that is built now from the same folder."""
    with tempfile.TemporaryDirectory() as folder:
        build(source, folder, BuildOptions(engine))
        fresh = view(Path(folder))
    brought = view(index)
    assert brought.pop("scores") == pytest.approx(fresh.pop("scores"), rel=0, abs=1e-9)
    assert brought == fresh


def committed(index: Path) -> tuple[int, bytes]:
    """Which commit an index is at: the manifest's inode and content."""
    path = index / "index.json"
    return path.stat().st_ino, path.read_bytes()


# --- the whole promise

NAMES = ("a.txt", "b.md", "c.html", "d/a.txt", "records.jsonl", "e.jpg")


def text_of(lines: Sequence[str]) -> str:
    """A report of these lines; no lines: an empty file."""
    return report("滨海新区", 2020 + len(lines), lines) if lines else ""


def records_of(lines: Sequence[str]) -> str:
    """A record for each line, one that is none among them."""
    records = [json.dumps({"id": n, "text": line, "year": 2023}, ensure_ascii=False) for n, line in enumerate(lines)]
    return "\n".join([*records, "no record"])


lines = st.lists(st.sampled_from(SENTENCES), max_size=4)
names = st.sampled_from(NAMES)
steps = st.one_of(
    st.tuples(st.just("write"), names, lines),
    st.tuples(st.just("spoil"), names),
    st.tuples(st.just("remove"), names),
    st.tuples(st.just("rename"), names, names),
    st.tuples(st.just("state"), st.dictionaries(names, st.sampled_from(["一", "二"]), max_size=3)),
    st.tuples(st.just("touch"), names),
    st.tuples(st.just("nothing")),
)


def step(folder: Path, what: str, *arguments: Any) -> None:  # noqa: ANN401
    """Do something to a corpus."""
    path = folder / arguments[0] if arguments and isinstance(arguments[0], str) else folder
    match what:
        case "write":
            write(path, (records_of if path.suffix == ".jsonl" else text_of)(arguments[1]))
        case "spoil":
            write(path, b"\0\1\2" * 99)
        case "remove":
            path.unlink(missing_ok=True)
        case "rename" if path.exists():
            (folder / arguments[1]).parent.mkdir(exist_ok=True)
            path.replace(folder / arguments[1])
        case "state":
            write(
                folder / "metadata.csv",
                "".join(f"{name},{value}\n" for name, value in [("file", "batch"), *arguments[0].items()]),
            )
        case "touch" if path.exists():
            os.utime(path)


@given(st.lists(steps, min_size=1, max_size=6))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.usefixtures("counting")
def test_an_index_in_steps_is_as_one_built_afresh(engine: str, taken: list[tuple[Any, ...]]) -> None:
    """After each step of any sequence of changes the index answers as one that is built from nothing."""
    with tempfile.TemporaryDirectory() as name:
        source, index = Path(name) / "corpus", Path(name) / "index"
        write(source / "fixed.txt", report("东丽区", 2023, SENTENCES))
        build(source, index, BuildOptions(engine))
        for arguments in taken:
            step(source, *arguments)
            done = build(source, index, BuildOptions(engine))
            assert done.full_because is None
            assert totals(done) == totals(read_manifest(index))
            same_as_afresh(source, index, engine)
        with Index(index) as opened:
            assert measures_in(opened)[1]
        before = committed(index)
        assert build(source, index, BuildOptions(engine)).files == 0
        assert committed(index) == before


# --- what is read again


@pytest.mark.usefixtures("counting")
def test_nothing_changed(again: Build, index: Path, unreadable: Callable[..., None]) -> None:
    """When nothing has changed no file is read, nothing is written, and the report says what the index holds."""
    first = again()
    before = committed(index)
    unreadable()
    done = again()
    assert committed(index) == before
    assert (done.files, done.removed, done.unchanged, done.full_because) == (0, 0, 7, None)
    assert (first.files, first.removed, first.unchanged, first.full_because) == (7, 0, 0, None)
    assert (*totals(done), done.skipped) == (*totals(first), first.skipped)
    assert done.measures > 0
    assert {item.path for item in done.skipped} == {"noise.txt", "records.jsonl"}


def test_only_what_changed_is_read(again: Build, source: Path, index: Path, unreadable: Callable[..., None]) -> None:
    """Changed and new files are read, files that are gone leave the index, of the others none is opened."""
    before = again()
    write(source / "1.txt", report("西青区", 2024, SENTENCES))
    write(source / "new.txt", report("西青区", 2025, SENTENCES[:1]))
    (source / "5.txt").unlink()
    (source / "0.txt").rename(source / "moved.txt")
    unreadable("2.txt", "3.txt", "4.txt", "records.jsonl", "noise.txt")
    done = again()
    assert (done.files, done.removed, done.unchanged) == (3, 2, 4)
    assert done.documents == before.documents
    with Index(index) as opened:
        documents = [document.document for document in opened.documents()]
    expected = ["1.txt", "2.txt", "3.txt", "4.txt", "moved.txt", "new.txt", "records.jsonl#1", "records.jsonl#2"]
    assert documents == expected


def test_same_content_is_no_change(again: Build, source: Path, index: Path) -> None:
    """A file that was touched, copied over itself or moved away and back is not read again, nothing is written."""
    again()
    before = committed(index)
    os.utime(source / "1.txt")
    shutil.copy(source / "2.txt", source / "copy")
    (source / "copy").replace(source / "2.txt")
    (source / "noise.txt").rename(source / "away")
    (source / "away").rename(source / "noise.txt")
    done = again()
    assert (done.files, done.unchanged) == (0, 7)
    assert committed(index) == before


def test_same_size_and_time_is_not_enough(again: Build, source: Path, engine: str, index: Path) -> None:
    """A changed file that has its old size and its old time of modification is noticed."""
    again()
    path = source / "1.txt"
    was = path.stat()
    write(path, path.read_text(encoding="utf-8").replace("129", "130"))
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert path.stat().st_mtime_ns == was.st_mtime_ns
    assert again().files == 1
    same_as_afresh(source, index, engine)


SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("written", "is_found"),
    [
        (1, True),
        (0, True),
        (-SECOND // 20, True),
        (-SECOND // 5, False),
        (-SECOND // 2, True),  # a whole second
        (-SECOND * 5 // 2, False),
    ],
)
def test_a_file_written_while_it_was_read(
    again: Build, source: Path, monkeypatch: pytest.MonkeyPatch, written: int, *, is_found: bool
) -> None:
    """A file that looks as it did is opened all the same if it was written about when the last build began.

    `written`: nanoseconds before (-) or after the build began that it seems to have been written, both times. Clocks of
    files have a grain, a coarse one where times are whole seconds.
    """
    monkeypatch.undo()
    began = time.time_ns() // SECOND * SECOND + SECOND // 2
    monkeypatch.setattr(time, "time_ns", lambda: began)
    monkeypatch.setattr(Stamp, "of", lambda _status: Stamp(10, began - 9 * SECOND, began + written, 1))
    again()
    write(source / "1.txt", report("西青区", 2024, SENTENCES))
    assert again().files == is_found


def test_what_the_table_states(again: Build, source: Path, index: Path, engine: str) -> None:
    """A file about which metadata.csv states something else is read again, and no other."""
    again()
    write(source / "metadata.csv", "file,batch\n1.txt,一\n2.txt,三\n4.txt,四\n5.txt,\n")
    done = again()
    assert (done.files, done.unchanged) == (2, 5)
    same_as_afresh(source, index, engine)
    (source / "metadata.csv").unlink()
    assert again().files == 3
    with Index(index) as opened:
        assert opened.manifest.facets == ("batch",)
        assert [document.document for document in opened.documents(where={"batch": "三"})] == ["records.jsonl#2"]


def test_problems_are_kept(again: Build, source: Path, index: Path, engine: str) -> None:
    """What cannot be read stays in the report and in the index, until it changes or goes; what is new comes in."""
    first = again()
    write(source / "picture.jpg", b"x")
    done = again()
    assert (done.files, done.removed, done.unchanged) == (0, 0, 7)
    assert {item.path for item in done.skipped} == {"noise.txt", "records.jsonl", "*.jpg"}
    same_as_afresh(source, index, engine)
    write(source / "noise.txt", report("西青区", 2024, SENTENCES))
    write(source / "0.txt", b"\0\1")
    done = again()
    assert (done.files, done.removed, done.unchanged) == (1, 1, 6)
    assert {item.path for item in done.skipped} == {"0.txt", "records.jsonl", "*.jpg"}
    assert first.skipped != done.skipped
    same_as_afresh(source, index, engine)


def test_a_file_that_could_not_be_opened_is_tried_again(
    again: Build, index: Path, unreadable: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that could not be opened is tried each time, although it looks the same; while it fails nothing is new."""
    with monkeypatch.context():
        unreadable("1.txt")
        assert "cannot be read: permission denied" in {item.reason for item in again().skipped}
        before = committed(index)
        again()
        assert committed(index) == before
    monkeypatch.undo()
    done = again()
    assert (done.files, done.unchanged) == (1, 6)
    assert "1.txt" not in {item.path for item in done.skipped}


def test_everything_gone(again: Build, source: Path, index: Path) -> None:
    """When nothing can be read any more that is an error, and the index stays."""
    again()
    before = committed(index)
    for path in source.glob("*.*"):
        path.write_bytes(b"\0")
    with pytest.raises(CorpusError):
        again()
    for path in source.glob("*.*"):
        path.unlink()
    with pytest.raises(CorpusError):
        again()
    assert committed(index) == before


# --- when everything is built again


def test_full(again: Build, index: Path) -> None:
    """A full build reads everything again, and says that it was asked to; where there is no index there is no why."""
    assert again(full=True).full_because is None
    before = committed(index)
    done = again(full=True)
    assert (done.files, done.unchanged, done.full_because) == (7, 0, "a full build was asked for")
    assert committed(index) != before


DATA_FILES = {
    "words": analysis.DATA / "words.txt",
    "synonyms": analysis.DATA / "synonyms.txt",
    "topics": analysis.DATA / "topics.toml",
    "units": vocabulary.UNITS,
    "fixed_names": vocabulary.FIXED_NAMES,
}


@pytest.mark.parametrize("what", DATA_FILES)
def test_a_data_file_changed(again: Build, source: Path, index: Path, engine: str, tmp_path: Path, what: str) -> None:
    """Another data file than the built-in one, or an edited one: all is built again and says why; then no more."""
    again()
    path = tmp_path / "mine"
    shutil.copy(DATA_FILES[what], path)
    because = f"{what.replace('_', ' ')} changed"
    assert again(**{what: path}).full_because is None
    for _ in range(2):
        with path.open("a", encoding="utf-8") as handle:
            handle.write("# 注\n")
        done = again(**{what: path})
        assert (done.files, done.full_because) == (7, because)
        assert again(**{what: path}).full_because is None
    assert again().full_because == because
    same_as_afresh(source, index, engine)


@pytest.mark.parametrize(
    ("module", "name", "because"),
    [
        (analysis, "_RULES", "analyzer changed"),
        (listing, "_RULES", "readers changed"),
        (indexing, "RULES", "measures changed"),
    ],
)
def test_rules_changed(again: Build, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, because: str) -> None:  # noqa: ANN401
    """A searchkit that analyses, reads or finds measures in another way builds everything again and says why."""
    again()
    monkeypatch.setattr(module, name, 999)
    assert again().full_because == because
    assert again().full_because is None


def test_engine_changed(source: Path, index: Path, engine: str) -> None:
    """Another engine builds everything again; the index is then one of that engine."""
    build(source, index, BuildOptions(engine))
    other = next(name for name in ENGINES if name != engine)
    assert build(source, index, BuildOptions(other)).full_because == "engine changed"
    same_as_afresh(source, index, other)


def break_manifest(index: Path, **fields: object) -> None:
    """Change fields of the manifest."""
    path = index / "index.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **fields}), encoding="utf-8")


def cut(index: Path, name: str) -> None:
    """Cut a byte from the files of the data folder that are called so."""
    paths = [*(index / read_manifest(index).data).glob(name)]
    assert paths
    for path in paths:
        path.write_bytes(path.read_bytes()[:-1])


def blank(index: Path, *spared: str) -> None:
    """Replace the files of the data folder by zeros."""
    for path in [*(index / read_manifest(index).data).iterdir()]:
        if path.name not in spared:
            path.write_bytes(bytes(path.stat().st_size))


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "format": (lambda index: break_manifest(index, format=2), "the index had another format"),
    "manifest": (lambda index: (index / "index.json").write_text("{", encoding="utf-8"), "the index was damaged"),
    "data folder": (lambda index: break_manifest(index, data="data-000099"), "the index was damaged"),
    "cut state": (lambda index: cut(index, "files.json"), "the index was damaged"),
    "cut file": (lambda index: cut(index, "*"), "the index was damaged"),
    "zeros": (blank, "the index was damaged"),
    "zeros in the engine's files": (lambda index: blank(index, "files.json", "extras.json"), "the index was damaged"),
}


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Whoosh gives up on a damaged file without closing it
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("collected")
def test_an_unusable_index_is_replaced(again: Build, source: Path, index: Path, engine: str, how: str) -> None:
    """An index of another format or a damaged one does not stop a build; it is replaced, and the report says why."""
    again()
    damage, because = DAMAGES[how]
    damage(index)
    write(source / "new.txt", report("西青区", 2025, SENTENCES))
    done = again()
    assert (done.full_because, done.files) == (because, 8)
    same_as_afresh(source, index, engine)


def test_an_index_of_documents_made_by_hand(
    again: Build, index: Path, engine: str, report: Callable[..., DocumentRead]
) -> None:
    """An index that was made of documents and not of a folder is replaced by a build of a folder."""
    write_index([report("a.txt", "执法")], index, BuildOptions(engine))
    assert again().full_because == "the index was not made of a folder"
    assert again().full_because is None


def test_another_corpus(again: Build, source: Path, index: Path, engine: str, tmp_path: Path) -> None:
    """The same files in another folder are no change, but the index says where they are; other files are a change."""
    again()
    source.rename(tmp_path / "moved")
    done = build(tmp_path / "moved", index, BuildOptions(engine))
    assert (done.files, done.unchanged) == (0, 7)
    assert read_manifest(index).corpus == str(tmp_path / "moved")
    write(source / "1.txt", report("西青区", 2024, SENTENCES))
    assert (again().files, again().documents) == (1, 1)


# --- the commit


def test_a_commit_leaves_no_more_than_it_needs(again: Build, source: Path, index: Path) -> None:
    """After a build in steps there is one data folder, and in it nothing that the manifest does not name."""
    again()
    first = read_manifest(index)
    write(source / "1.txt", report("西青区", 2024, SENTENCES))
    again()
    second = read_manifest(index)
    assert second.data > first.data
    assert [path.name for path in index.glob("data-*")] == [second.data]
    folder = index / second.data
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*")} == set(second.files)


def test_leftovers_go_although_nothing_changed(again: Build, index: Path) -> None:
    """What a build that died left is removed by the next one, also when that has nothing to do."""
    again()
    (index / "data-000077" / "parts-1" / "0000").mkdir(parents=True)
    again()
    assert [path.name for path in index.glob("data-*")] == [read_manifest(index).data]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_interrupted(again: Build, source: Path, index: Path, interruption: type[BaseException], engine: str) -> None:
    """A build in steps that is interrupted leaves the index as it was, with nothing beside it; the next one does it."""
    again()
    before, answers = committed(index), view(index)
    write(source / "1.txt", report("西青区", 2024, SENTENCES))

    def stop(_done: tasks.Progress) -> None:
        raise interruption

    with pytest.raises(interruption):
        build(source, index, BuildOptions(engine), stop)
    assert committed(index) == before
    assert view(index) == answers
    assert [path.name for path in index.glob("data-*")] == [read_manifest(index).data]
    assert again().files == 1


# --- several processes


@pytest.fixture
def parallel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start processes for two files and more."""
    monkeypatch.setattr(tasks, "MIN_FILES", 2)
    monkeypatch.setattr(tasks, "MIN_BYTES", 0)
    monkeypatch.setattr(tasks, "MAX_BYTES", 1500)


@pytest.mark.usefixtures("parallel")
def test_several_processes_give_the_same_index(again: Build, source: Path, index: Path, engine: str) -> None:
    """Made and brought up to date by two processes, an index is as one made by one, and so is the report."""
    with tempfile.TemporaryDirectory() as folder:
        alone = build(source, folder, BuildOptions(engine))
    together = again(jobs=2)
    assert replace(together, index="", seconds=0) == replace(alone, index="", seconds=0)
    same_as_afresh(source, index, engine)
    for n in range(3):
        write(source / f"{n}.txt", report("西青区", 2021, SENTENCES[: n + 1]))
    (source / "5.txt").unlink()
    done = again(jobs=2)
    assert (done.files, done.removed, done.unchanged) == (3, 1, 3)
    same_as_afresh(source, index, engine)
    before = committed(index)
    assert again().files == 0
    assert committed(index) == before


@pytest.mark.usefixtures("parallel")
def test_progress_of_several_processes(source: Path, index: Path, engine: str) -> None:
    """The files done are told as they are done, ever more, up to all."""
    told: list[tasks.Progress] = []
    build(source, index, BuildOptions(engine, jobs=2), progress=told.append)
    assert [step.files for step in told] == [*range(1, 9)]
    assert {step.all_files for step in told} == {8}
    assert told[-1].bytes == told[-1].all_bytes == sum(path.stat().st_size for path in source.rglob("*.[tj]*"))


@pytest.mark.parametrize(
    ("sizes", "jobs", "most"),
    [
        ([10] * 20, 2, 1000),
        ([10] * 20, 3, 50),
        ([1000, 1, 1, 1, 1, 1, 1, 1], 4, 100),
        ([0] * 9, 2, 100),
        ([5], 2, 100),
    ],
)
def test_tasks(monkeypatch: pytest.MonkeyPatch, sizes: list[int], jobs: int, most: int) -> None:
    """Tasks are runs of neighbours that hold every file once, as many for each process, about equal, none too large."""
    monkeypatch.setattr(tasks, "MIN_FILES", 2)
    monkeypatch.setattr(tasks, "MIN_BYTES", 0)
    monkeypatch.setattr(tasks, "MAX_BYTES", most)
    files = [(CorpusFile(str(n), str(n), Stamp(size, 0, 0, n)), NOTHING) for n, size in enumerate(sizes)]
    shares = tasks._shares(files, jobs)
    assert [number for share in shares for number in range(share.first, share.last)] == [*range(len(files))]
    assert all(share.first < share.last for share in shares)
    weights = [sum(found.stamp.size + 1 for found, _ in files[share.first : share.last]) for share in shares]
    if len(set(sizes)) == 1 and len(sizes) > jobs:
        assert len(shares) % jobs == 0
        assert max(weights) - min(weights) <= max(sizes) + 1
        assert max(weights) <= most + max(sizes) + 1


@pytest.mark.parametrize("what", ["topics", "units"])
def test_a_data_file_that_is_none(
    again: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: Path, what: str
) -> None:
    """What is wrong with the user's files is said in the same words whoever reads them."""
    write(tmp_path / "mine.toml", "topic = 1\n")
    said = []
    for jobs in (1, 2):
        monkeypatch.setattr(tasks, "MIN_BYTES", 0)
        with pytest.raises(UsageError) as caught:
            again(jobs=jobs, **{what: tmp_path / "mine.toml"})
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert not [*index.glob("data-*")]


def until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


LARGE = 24
"""Files of 130 kB: some seconds of work, and enough for a build to start processes."""


@dataclass(frozen=True)
class Building:
    """A build by two processes in the middle of its work."""

    process: subprocess.Popen[str]
    mark: str
    workers: Sequence[int]


@pytest.fixture
def building(source: Path, index: Path, again: Build, engine: str) -> Iterator[Building]:
    """A build by two processes of more than there is in the index, in the middle of its work; nothing is left of it."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("no /proc to see processes in")
    again()
    text = report("东丽区", 2023, SENTENCES * 400)
    for n in range(LARGE):
        write(source / f"large-{n}.txt", f"{text}\n第{n}份。\n")
    command = [sys.executable, "-m", "searchkit", "build", str(source), "--index", str(index), "--engine", engine]
    mark = new_mark()
    # Where tests run in the background Ctrl-C may be ignored, and then by all that they start.
    ignored = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        started = subprocess.Popen(
            [*command, "--jobs", "2"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, NAME: mark},
        )
    finally:
        signal.signal(signal.SIGINT, ignored)
    with started as process:
        until(lambda: len(workers(mark)) == 2 and [*index.glob("data-*/parts-*/*")])
        time.sleep(0.5)
        assert process.poll() is None
        yield Building(process, mark, workers(mark))
        process.kill()
    assert left(mark) == {}


def test_killed(building: Building, again: Build, index: Path, source: Path) -> None:
    """When a build is killed its workers end too; the index is as it was, and the next build cleans up."""
    assert len(building.workers) == 2
    building.process.kill()
    building.process.wait(timeout=60)
    assert left(building.mark) == {}
    assert len([*index.glob("data-*")]) == 2
    with Index(index) as opened:
        opened.check()
        assert opened.manifest.documents == 8
    for path in source.glob("large-*"):
        path.unlink()
    assert again().files == 0
    assert len([*index.glob("data-*")]) == 1


def test_ctrl_c(building: Building, index: Path) -> None:
    """Ctrl-C, which a terminal sends to all processes, ends a build at once with one line; the index is as it was."""
    started = time.monotonic()
    os.killpg(building.process.pid, signal.SIGINT)
    _, said = building.process.communicate(timeout=60)
    assert time.monotonic() - started < 20
    assert building.process.returncode == 3
    assert re.fullmatch(
        r"searchkit: interrupted: (no file|\d+ of \d+ files) read; the index is as it was; run the same build again\n",
        said,
    )
    assert marked(building.mark) == {}
    with Index(index) as opened:
        opened.check()
        assert opened.manifest.documents == 8
    assert len([*index.glob("data-*")]) == 1


@pytest.mark.parametrize("engine", ["columnar"], scope="session")  # the other takes minutes to index what is left
def test_a_worker_that_dies(building: Building, index: Path) -> None:
    """A worker that is killed, as for too little memory, costs nothing: what it was reading is read again."""
    os.kill(min(building.workers), signal.SIGKILL)
    _, said = building.process.communicate(timeout=120)
    assert (building.process.returncode, said) == (0, "")
    assert marked(building.mark) == {}
    with Index(index) as opened:
        opened.check()
        assert opened.manifest.documents == 8 + LARGE
        assert {item["path"] for item in opened.problems()} == {"noise.txt", "records.jsonl"}
    assert len([*index.glob("data-*")]) == 1
