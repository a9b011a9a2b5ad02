"""Tests of incremental builds: which files are read again, and that the index equals a fresh one."""

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
from counting import NumberExtractor
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from local_engines import LOCAL_ENGINES
from marked import MARK_VARIABLE, find_processes, find_workers, kill_leftovers, new_mark

from searchkit.corpus import listing, walk
from searchkit.corpus.overrides import NO_METADATA
from searchkit.corpus.reading import ParsedDocument
from searchkit.corpus.walk import CorpusFile, Stamp
from searchkit.engines.contract import MeasureRequest
from searchkit.errors import CorpusError, UsageError
from searchkit.index import Index
from searchkit.indexing import build as indexing
from searchkit.indexing import changes, indexer, tasks
from searchkit.indexing.build import BuildOptions, BuildReport, build, write_index
from searchkit.manifest import SUGGESTIONS_FILE, Manifest, read_manifest
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
    ("执法", {"limit": None, "fold": True}),
    ('"执法检查"', {"group": "document"}),
    ("129件", {"facets": ["district:1"]}),
    ("执法 -检查", {"year": "2022..2023"}),
    ("*", {"sort": "-year", "limit": None}),
    ("*", {"sort": "batch", "where": {"batch": ["一", "二"]}, "facets": ["batch"]}),
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a small corpus: text files, a file of records, a metadata.csv with a facet, an unreadable file."""
    folder = tmp_path / "corpus"
    for n in range(6):
        write(folder / f"{n}.txt", report("东丽区", 2020 + n, SENTENCES[n : n + 2]))
    write(folder / "records.jsonl", '{"id": 1, "text": "执法甲"}\n{"id": 2, "text": "执法乙", "batch": "三"}\nx\n')
    write(folder / "noise.txt", bytes(range(256)) * 4)
    write(folder / "metadata.csv", "file,batch\n1.txt,一\n2.txt,二\n")
    return folder


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """Return the path of the index, which does not exist yet."""
    return tmp_path / "index"


@pytest.fixture(autouse=True)
def no_timestamp_granularity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the granularity of timestamps with a fraction of a second to 0, so that files just written are not hashed."""
    monkeypatch.setattr(changes, "_FINE_GRANULARITY", 0)


@pytest.fixture
def simple_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Extract measures by a simple rule: these tests are about their storage, not about their extraction."""
    monkeypatch.setattr(indexer, "Extractor", NumberExtractor)


@pytest.fixture
def run_build(source: Path, index: Path, engine: str) -> Build:
    """Return `run_build(**options)`: builds the corpus with the engine under test."""

    def run_build(**options: Any) -> BuildReport:  # noqa: ANN401
        return build(source, index, BuildOptions(**{"engine": engine, **options}))

    return run_build


@pytest.fixture
def unreadable(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return `unreadable(*names)`: makes these files fail to open or, without names, all .txt and .jsonl files."""
    read_contained_file = walk.read_contained_file

    def make(*names: str) -> None:
        def refuse(root: Path, path: Path, *largest: int) -> bytes:
            if path.name in names if names else path.suffix in {".txt", ".jsonl"}:
                raise PermissionError(13, "Permission denied")
            return read_contained_file(root, path, *largest)

        monkeypatch.setattr(walk, "read_contained_file", refuse)

    return make


def write(path: Path, content: str | bytes) -> None:
    """Write a file and create its parent folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def report(place: str, year: int, sentences: Sequence[str]) -> str:
    """Return the text of a report."""
    return "\n\n".join([f"{place}司法局{year}年法治政府建设年度报告", *sentences, ""])


def dump_index(index: Path) -> dict[str, Any]:
    """Return the documents, paragraphs and measures of an index, and its answers to `QUERIES`. Checks the index.

    Leaves out the query with the facet batch if the index does not have this facet.
    """
    with Index(index) as opened:
        opened.check()
        names = opened.manifest.facets
        queries = [(query, options) for query, options in QUERIES if "where" not in options or "batch" in names]
        answers = [replace(opened.search(query, **options), took_ms=0, next=None) for query, options in queries]
        return {
            "totals": (*totals(opened.manifest), names, opened.problems()),
            "documents": [*opened.documents()],
            "paragraphs": [*opened.paragraphs()],
            "measures": measures_in(opened),
            "facets": opened.facets(),
            "suggestions": (index / opened.manifest.data / SUGGESTIONS_FILE).read_text(encoding="utf-8"),
            "scores": [hit.score for answer in answers for hit in answer.hits],
            "answers": [(a.total, a.documents, a.relaxed, a.facets, [hit.id for hit in a.hits]) for a in answers],
        }


def totals(counts: Manifest | BuildReport) -> tuple[int, int, int]:
    """Return the numbers of documents, paragraphs and measures."""
    return counts.documents, counts.paragraphs, counts.measures


def measures_in(opened: Index) -> list[Any]:
    """Return the measures of each paragraph, of all paragraphs and of a query, with indicators and exact scores."""
    clauses = (ScoringClause("执法", ("执法",)), ScoringClause("检查", ("检查",)))
    answers: list[Any] = [opened._snapshot._engine.measures([paragraph.id for paragraph in opened.paragraphs()])]
    for request in (
        MeasureRequest(Everything(), clauses),
        MeasureRequest(Substring("执法"), clauses, opened.filters({"year": "2022.."}), "次", minimum=2, maximum=100),
    ):
        measures = opened._snapshot._engine.measure_columns(request)
        indicators = [measures.indicators[number] for number in measures.indicator_of.tolist()]
        answers += [indicators, measures.scores.tolist(), measures.fetch(range(len(indicators)))]
    return answers


def assert_equals_fresh_build(source: Path, index: Path, engine: str) -> None:
    """Assert that an index returns the same as an index that is built from scratch from the same folder."""
    with tempfile.TemporaryDirectory() as folder:
        build(source, folder, BuildOptions(engine))
        fresh = dump_index(Path(folder))
    updated = dump_index(index)
    assert updated.pop("scores") == pytest.approx(fresh.pop("scores"), rel=0, abs=1e-9)
    assert updated == fresh


def current_commit(index: Path) -> tuple[int, bytes]:
    """Return a value that identifies the current commit of an index: inode and content of the manifest."""
    path = index / "index.json"
    return path.stat().st_ino, path.read_bytes()


# --- equivalence with a fresh build

NAMES = ("a.txt", "b.md", "c.html", "d/a.txt", "records.jsonl", "e.jpg")


def text_of(lines: Sequence[str]) -> str:
    """Return a report of these lines, or an empty text if there are none."""
    return report("滨海新区", 2020 + len(lines), lines) if lines else ""


def records_of(lines: Sequence[str]) -> str:
    """Return one record per line, and one line that is not a record."""
    records = [json.dumps({"id": n, "text": line, "year": 2023}, ensure_ascii=False) for n, line in enumerate(lines)]
    return "\n".join([*records, "no record"])


lines = st.lists(st.sampled_from(SENTENCES), max_size=4)
names = st.sampled_from(NAMES)
corpus_changes = st.one_of(
    st.tuples(st.just("write"), names, lines),
    st.tuples(st.just("spoil"), names),
    st.tuples(st.just("remove"), names),
    st.tuples(st.just("rename"), names, names),
    st.tuples(st.just("state"), st.dictionaries(names, st.sampled_from(["一", "二"]), max_size=3)),
    st.tuples(st.just("touch"), names),
    st.tuples(st.just("nothing")),
)


def apply_change(folder: Path, what: str, *arguments: Any) -> None:  # noqa: ANN401
    """Apply one change of `corpus_changes` to a corpus. The change `state` writes metadata.csv."""
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


@given(st.lists(corpus_changes, min_size=1, max_size=6))
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.usefixtures("simple_measures")
def test_an_updated_index_equals_a_fresh_one(engine: str, sequence: list[tuple[Any, ...]]) -> None:
    """After each change of a random sequence, the index returns the same as an index built from scratch.

    A further build writes nothing.
    """
    with tempfile.TemporaryDirectory() as name:
        source, index = Path(name) / "corpus", Path(name) / "index"
        write(source / "fixed.txt", report("东丽区", 2023, SENTENCES))
        build(source, index, BuildOptions(engine))
        for arguments in sequence:
            apply_change(source, *arguments)
            result = build(source, index, BuildOptions(engine))
            assert result.full_because is None
            assert totals(result) == totals(read_manifest(index))
            assert_equals_fresh_build(source, index, engine)
        with Index(index) as opened:
            assert measures_in(opened)[1]  # the indicators of all measures: the index has measures
        before = current_commit(index)
        assert build(source, index, BuildOptions(engine)).files == 0
        assert current_commit(index) == before


# --- which files are read again


@pytest.mark.usefixtures("simple_measures")
def test_a_build_without_changes_writes_nothing(run_build: Build, index: Path, unreadable: Callable[..., None]) -> None:
    """If nothing has changed, no file is read, nothing is written, and the report describes the existing index."""
    first = run_build()
    before = current_commit(index)
    unreadable()
    result = run_build()
    assert current_commit(index) == before
    assert (result.files, result.removed, result.unchanged, result.full_because) == (0, 0, 7, None)
    assert (first.files, first.removed, first.unchanged, first.full_because) == (7, 0, 0, None)
    assert (*totals(result), result.skipped) == (*totals(first), first.skipped)
    assert result.measures > 0
    assert {item.path for item in result.skipped} == {"noise.txt", "records.jsonl"}


def test_only_changed_files_are_read(
    run_build: Build, source: Path, index: Path, unreadable: Callable[..., None]
) -> None:
    """New and changed files are read, removed files leave the index, and no other file is opened."""
    before = run_build()
    write(source / "1.txt", report("西青区", 2024, SENTENCES))
    write(source / "new.txt", report("西青区", 2025, SENTENCES[:1]))
    (source / "5.txt").unlink()
    (source / "0.txt").rename(source / "moved.txt")
    unreadable("2.txt", "3.txt", "4.txt", "records.jsonl", "noise.txt")
    result = run_build()
    assert (result.files, result.removed, result.unchanged) == (3, 2, 4)
    assert result.documents == before.documents
    with Index(index) as opened:
        documents = [document.document for document in opened.documents()]
    expected = ["1.txt", "2.txt", "3.txt", "4.txt", "moved.txt", "new.txt", "records.jsonl#1", "records.jsonl#2"]
    assert documents == expected


def test_a_touched_or_replaced_file_is_unchanged(run_build: Build, source: Path, index: Path) -> None:
    """A file that was touched, replaced by a copy or moved away and back counts as unchanged; nothing is written."""
    run_build()
    before = current_commit(index)
    os.utime(source / "1.txt")
    shutil.copy(source / "2.txt", source / "copy")
    (source / "copy").replace(source / "2.txt")
    (source / "noise.txt").rename(source / "away")
    (source / "away").rename(source / "noise.txt")
    result = run_build()
    assert (result.files, result.unchanged) == (0, 7)
    assert current_commit(index) == before


def test_a_change_with_the_same_size_and_time_is_detected(
    run_build: Build, source: Path, engine: str, index: Path
) -> None:
    """A changed file is detected although its size and modification time are the same."""
    run_build()
    path = source / "1.txt"
    status = path.stat()
    write(path, path.read_text(encoding="utf-8").replace("129", "130"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_mtime_ns == status.st_mtime_ns
    assert run_build().files == 1
    assert_equals_fresh_build(source, index, engine)


SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("written", "is_read"),
    [
        (1, True),
        (0, True),
        (-SECOND // 20, True),
        (-SECOND // 5, False),
        (-SECOND // 2, True),  # a whole second
        (-SECOND * 5 // 2, False),
    ],
)
def test_a_file_written_around_the_last_build_is_hashed(
    run_build: Build, source: Path, monkeypatch: pytest.MonkeyPatch, written: int, *, is_read: bool
) -> None:
    """A changed file with the same stamp is detected if it was written shortly before the last build began, or later.

    `written`: the timestamp of the file in both builds, in nanoseconds relative to the start of the first build. The
    granularity is coarser for timestamps of whole seconds.
    """
    monkeypatch.undo()
    began = time.time_ns() // SECOND * SECOND + SECOND // 2
    monkeypatch.setattr(time, "time_ns", lambda: began)
    monkeypatch.setattr(Stamp, "of", lambda _status: Stamp(10, began - 9 * SECOND, began + written, 1))
    run_build()
    write(source / "1.txt", report("西青区", 2024, SENTENCES))
    assert run_build().files == is_read


def test_files_with_changed_metadata_are_read_again(run_build: Build, source: Path, index: Path, engine: str) -> None:
    """Only the files whose metadata in metadata.csv has changed are read again."""
    run_build()
    write(source / "metadata.csv", "file,batch\n1.txt,一\n2.txt,三\n4.txt,四\n5.txt,\n")
    result = run_build()
    assert (result.files, result.unchanged) == (2, 5)
    assert_equals_fresh_build(source, index, engine)
    (source / "metadata.csv").unlink()
    assert run_build().files == 3
    with Index(index) as opened:
        assert opened.manifest.facets == ("batch",)
        assert [document.document for document in opened.documents(where={"batch": "三"})] == ["records.jsonl#2"]


def test_unreadable_files_stay_in_the_report(run_build: Build, source: Path, index: Path, engine: str) -> None:
    """The report and the index list all unreadable files, also those of earlier builds, until the files are changed."""
    first = run_build()
    write(source / "picture.jpg", b"x")
    result = run_build()
    assert (result.files, result.removed, result.unchanged) == (0, 0, 7)
    assert {item.path for item in result.skipped} == {"noise.txt", "records.jsonl", "*.jpg"}
    assert_equals_fresh_build(source, index, engine)
    write(source / "noise.txt", report("西青区", 2024, SENTENCES))
    write(source / "0.txt", b"\0\1")
    result = run_build()
    assert (result.files, result.removed, result.unchanged) == (1, 1, 6)
    assert {item.path for item in result.skipped} == {"0.txt", "records.jsonl", "*.jpg"}
    assert first.skipped != result.skipped
    assert_equals_fresh_build(source, index, engine)


def test_a_file_that_could_not_be_opened_is_retried(
    run_build: Build, index: Path, unreadable: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that could not be opened is retried by each build. While it fails, no new index is committed."""
    with monkeypatch.context():
        unreadable("1.txt")
        assert "cannot be read: permission denied" in {item.reason for item in run_build().skipped}
        before = current_commit(index)
        run_build()
        assert current_commit(index) == before
    monkeypatch.undo()
    result = run_build()
    assert (result.files, result.unchanged) == (1, 6)
    assert "1.txt" not in {item.path for item in result.skipped}


def test_a_corpus_that_became_unreadable_keeps_the_old_index(run_build: Build, source: Path, index: Path) -> None:
    """If no file can be read any more, or none is left, the build raises CorpusError, and the old index stays."""
    run_build()
    before = current_commit(index)
    for path in source.glob("*.*"):
        path.write_bytes(b"\0")
    with pytest.raises(CorpusError):
        run_build()
    for path in source.glob("*.*"):
        path.unlink()
    with pytest.raises(CorpusError):
        run_build()
    assert current_commit(index) == before


# --- full builds


def test_a_full_build_reads_all_files(run_build: Build, index: Path) -> None:
    """`full=True` reads all files again and is given as the reason, unless there was no index."""
    assert run_build(full=True).full_because is None
    before = current_commit(index)
    result = run_build(full=True)
    assert (result.files, result.unchanged, result.full_because) == (7, 0, "a full build was requested")
    assert current_commit(index) != before


DATA_FILES = {
    "words": analysis.DATA_FOLDER / "words.txt",
    "synonyms": analysis.DATA_FOLDER / "synonyms.txt",
    "topics": analysis.DATA_FOLDER / "topics.toml",
    "work_topics": analysis.DATA_FOLDER / "work_topics.toml",
    "units": vocabulary.UNITS_FILE,
    "fixed_names": vocabulary.FIXED_NAMES_FILE,
}


@pytest.mark.parametrize("engine", LOCAL_ENGINES[:1], scope="session")  # the engine does not read these files
@pytest.mark.parametrize("what", DATA_FILES)
def test_a_changed_data_file_causes_a_full_build(
    run_build: Build, source: Path, index: Path, engine: str, tmp_path: Path, what: str
) -> None:
    """A data file with other content causes one full build, with the reason. A copy of the data file causes none."""
    run_build()
    path = tmp_path / "mine"
    shutil.copy(DATA_FILES[what], path)
    reason = f"{what.replace('_', ' ')} changed"
    assert run_build(**{what: path}).full_because is None
    for _ in range(2):
        with path.open("a", encoding="utf-8") as handle:
            handle.write("# 注\n")
        result = run_build(**{what: path})
        assert (result.files, result.full_because) == (7, reason)
        assert run_build(**{what: path}).full_because is None
    assert run_build().full_because == reason
    assert_equals_fresh_build(source, index, engine)


@pytest.mark.parametrize(
    ("module", "name", "reason"),
    [
        (analysis, "_ANALYZER_VERSION", "analyzer changed"),
        (listing, "_READER_VERSION", "readers changed"),
        (indexing, "EXTRACTION_VERSION", "measures changed"),
    ],
)
def test_changed_rules_cause_a_full_build(
    run_build: Build,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,  # noqa: ANN401
    name: str,
    reason: str,
) -> None:
    """Different rules of the analyzer, the readers or the measures cause one full build, with the reason."""
    run_build()
    monkeypatch.setattr(module, name, 999)
    assert run_build().full_because == reason
    assert run_build().full_because is None


def test_another_engine_causes_a_full_build(source: Path, index: Path, engine: str) -> None:
    """A different engine causes a full build, and the new index is of that engine."""
    build(source, index, BuildOptions(engine))
    other = next(name for name in LOCAL_ENGINES if name != engine)
    assert build(source, index, BuildOptions(other)).full_because == "engine changed"
    assert_equals_fresh_build(source, index, other)


def break_manifest(index: Path, **fields: object) -> None:
    """Change fields of the manifest without updating its checksum."""
    path = index / "index.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), **fields}), encoding="utf-8")


def truncate_files(index: Path, name: str) -> None:
    """Remove the last byte of the files in the data folder that match a pattern."""
    paths = [*(index / read_manifest(index).data).glob(name)]
    assert paths
    for path in paths:
        path.write_bytes(path.read_bytes()[:-1])


def zero_files(index: Path, *exceptions: str) -> None:
    """Overwrite the files in the data folder with zeros, except for some."""
    for path in [*(index / read_manifest(index).data).iterdir()]:
        if path.name not in exceptions:
            path.write_bytes(bytes(path.stat().st_size))


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "format": (lambda index: break_manifest(index, format=2), "the index had another format"),
    "manifest": (lambda index: (index / "index.json").write_text("{", encoding="utf-8"), "the index was damaged"),
    "data folder": (lambda index: break_manifest(index, data="data-000099"), "the index was damaged"),
    "cut state": (lambda index: truncate_files(index, "files.json"), "the index was damaged"),
    "cut file": (lambda index: truncate_files(index, "*"), "the index was damaged"),
    "zeros": (zero_files, "the index was damaged"),
    "zeros in the engine's files": (
        lambda index: zero_files(index, "files.json", "extras.json"),
        "the index was damaged",
    ),
}


@pytest.mark.parametrize("how", DAMAGES)
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Whoosh does not close a damaged file
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("collect_garbage")
def test_an_unusable_index_is_replaced(run_build: Build, source: Path, index: Path, engine: str, how: str) -> None:
    """An index that is damaged or of another format is replaced by a full build, with the reason."""
    run_build()
    damage, reason = DAMAGES[how]
    damage(index)
    write(source / "new.txt", report("西青区", 2025, SENTENCES))
    result = run_build()
    assert (result.full_because, result.files) == (reason, 8)
    assert_equals_fresh_build(source, index, engine)


def test_an_index_without_a_corpus_is_replaced(
    run_build: Build, index: Path, engine: str, report: Callable[..., ParsedDocument]
) -> None:
    """An index written by `write_index` is replaced by a full build."""
    write_index([report("a.txt", "执法")], index, BuildOptions(engine))
    assert run_build().full_because == "the index was not built from a folder"
    assert run_build().full_because is None


def test_a_moved_corpus_is_unchanged(run_build: Build, source: Path, index: Path, engine: str, tmp_path: Path) -> None:
    """If the corpus has moved, no file is read, and the manifest names the new folder.

    A later build from the old path, where there is now one file, reads that file and removes the others.
    """
    run_build()
    source.rename(tmp_path / "moved")
    result = build(tmp_path / "moved", index, BuildOptions(engine))
    assert (result.files, result.unchanged) == (0, 7)
    assert read_manifest(index).corpus == str(tmp_path / "moved")
    write(source / "1.txt", report("西青区", 2024, SENTENCES))
    assert (run_build().files, run_build().documents) == (1, 1)


# --- the commit


def test_a_commit_leaves_only_the_files_of_the_manifest(run_build: Build, source: Path, index: Path) -> None:
    """After an update there is one data folder, and it contains only the files that the manifest lists."""
    run_build()
    first = read_manifest(index)
    write(source / "1.txt", report("西青区", 2024, SENTENCES))
    run_build()
    second = read_manifest(index)
    assert second.data > first.data
    assert [path.name for path in index.glob("data-*")] == [second.data]
    folder = index / second.data
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*")} == set(second.files)


def test_remains_of_dead_builds_are_removed(run_build: Build, index: Path) -> None:
    """The remains of a dead build are removed by the next build, even if nothing has changed."""
    run_build()
    (index / "data-000077" / "parts-1" / "0000").mkdir(parents=True)
    run_build()
    assert [path.name for path in index.glob("data-*")] == [read_manifest(index).data]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError])
def test_an_interrupted_update_leaves_the_old_index(
    run_build: Build, source: Path, index: Path, interruption: type[BaseException], engine: str
) -> None:
    """An interrupted update leaves the old index and no other data folder; the next build completes it."""
    run_build()
    before, answers = current_commit(index), dump_index(index)
    write(source / "1.txt", report("西青区", 2024, SENTENCES))

    def stop(_done: tasks.Progress) -> None:
        raise interruption

    with pytest.raises(interruption):
        build(source, index, BuildOptions(engine), stop)
    assert current_commit(index) == before
    assert dump_index(index) == answers
    assert [path.name for path in index.glob("data-*")] == [read_manifest(index).data]
    assert run_build().files == 1


# --- several processes


@pytest.fixture
def parallel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the limits below which a build uses one worker and one task, so that small corpora are read by several."""
    monkeypatch.setattr(tasks, "MIN_PARALLEL_FILES", 2)
    monkeypatch.setattr(tasks, "MIN_PARALLEL_BYTES", 0)
    monkeypatch.setattr(tasks, "MAX_TASK_BYTES", 1500)


@pytest.mark.usefixtures("parallel")
def test_several_processes_write_the_same_index(run_build: Build, source: Path, index: Path, engine: str) -> None:
    """The index does not depend on the number of processes, neither after the first build nor after an update.

    The report of the first build does not, either.
    """
    with tempfile.TemporaryDirectory() as folder:
        by_one = build(source, folder, BuildOptions(engine))
    by_two = run_build(jobs=2)
    assert replace(by_two, index="", seconds=0) == replace(by_one, index="", seconds=0)
    assert_equals_fresh_build(source, index, engine)
    for n in range(3):
        write(source / f"{n}.txt", report("西青区", 2021, SENTENCES[: n + 1]))
    (source / "5.txt").unlink()
    result = run_build(jobs=2)
    assert (result.files, result.removed, result.unchanged) == (3, 1, 3)
    assert_equals_fresh_build(source, index, engine)
    before = current_commit(index)
    assert run_build().files == 0
    assert current_commit(index) == before


@pytest.mark.usefixtures("parallel")
def test_progress_with_several_processes(source: Path, index: Path, engine: str) -> None:
    """With several processes, progress counts each file once, up to the total."""
    progress: list[tasks.Progress] = []
    build(source, index, BuildOptions(engine, jobs=2), progress=progress.append)
    assert [step.files for step in progress] == [*range(1, 9)]
    assert {step.all_files for step in progress} == {8}
    assert progress[-1].bytes == progress[-1].all_bytes == sum(path.stat().st_size for path in source.rglob("*.[tj]*"))


@pytest.mark.parametrize(
    ("sizes", "jobs", "max_bytes"),
    [
        ([10] * 20, 2, 1000),
        ([10] * 20, 3, 50),
        ([1000, 1, 1, 1, 1, 1, 1, 1], 4, 100),
        ([0] * 9, 2, 100),
        ([5], 2, 100),
    ],
)
def test_batches_are_balanced(monkeypatch: pytest.MonkeyPatch, sizes: list[int], jobs: int, max_bytes: int) -> None:
    """Batches cover all files in order, and none is empty.

    If the files have equal sizes and are more than the processes, the number of batches is a multiple of the number of
    processes, and the batches are about equal in size and not too large.
    """
    monkeypatch.setattr(tasks, "MIN_PARALLEL_FILES", 2)
    monkeypatch.setattr(tasks, "MIN_PARALLEL_BYTES", 0)
    monkeypatch.setattr(tasks, "MAX_TASK_BYTES", max_bytes)
    files = [(CorpusFile(str(n), str(n), Stamp(size, 0, 0, n)), NO_METADATA) for n, size in enumerate(sizes)]
    batches = tasks._split_into_batches(files, jobs)
    assert [index for batch in batches for index in range(batch.start, batch.stop)] == [*range(len(files))]
    assert all(batch.start < batch.stop for batch in batches)
    weights = [sum(file.stamp.size + 1 for file, _ in files[batch.start : batch.stop]) for batch in batches]
    if len(set(sizes)) == 1 and len(sizes) > jobs:
        assert len(batches) % jobs == 0
        assert max(weights) - min(weights) <= max(sizes) + 1
        assert max(weights) <= max_bytes + max(sizes) + 1


@pytest.mark.parametrize("what", ["topics", "work_topics", "units"])
def test_an_invalid_data_file_has_one_message_for_any_number_of_processes(
    run_build: Build, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: Path, what: str
) -> None:
    """The message about an invalid data file does not depend on the number of processes. No data folder is left."""
    write(tmp_path / "mine.toml", "topic = 1\n")
    output = []
    for jobs in (1, 2):
        monkeypatch.setattr(tasks, "MIN_PARALLEL_BYTES", 0)
        with pytest.raises(UsageError) as caught:
            run_build(jobs=jobs, **{what: tmp_path / "mine.toml"})
        output.append(str(caught.value))
    assert output[0] == output[1]
    assert not [*index.glob("data-*")]


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Wait until the condition is true. Fails after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


LARGE = 24
"""Number of files of 130 kB, most of it line feeds: a few seconds of work, and enough bytes for several processes."""


@dataclass(frozen=True)
class Building:
    """A running build with two workers."""

    process: subprocess.Popen[str]
    mark: str
    """Value of the environment variable by which the processes of this build are found (`marked`)."""
    workers: Sequence[int]
    """Process ids of the workers."""


@pytest.fixture
def building(source: Path, index: Path, run_build: Build, engine: str) -> Iterator[Building]:
    """Start an update of the index with two workers. Asserts that no process of it is left at the end."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("no /proc to see processes in")
    run_build()
    text = report("东丽区", 2023, SENTENCES * 120) + "\n" * 90_000
    for n in range(LARGE):
        write(source / f"large-{n}.txt", f"{text}\n第{n}份。\n")
    command = [sys.executable, "-m", "searchkit", "build", str(source), "--index", str(index), "--engine", engine]
    mark = new_mark()
    # If the tests run in the background, SIGINT may be ignored, and child processes would inherit that.
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        running = subprocess.Popen(
            [*command, "--jobs", "2"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, MARK_VARIABLE: mark},
        )
    finally:
        signal.signal(signal.SIGINT, previous)
    with running as process:
        wait_until(lambda: len(find_workers(mark)) == 2 and [*index.glob("data-*/parts-*/*")])
        time.sleep(0.5)
        assert process.poll() is None
        yield Building(process, mark, find_workers(mark))
        process.kill()
    assert kill_leftovers(mark) == {}


def test_a_killed_build_leaves_the_old_index(building: Building, run_build: Build, index: Path, source: Path) -> None:
    """If a build is killed, its workers end, the old index stays, and the next build removes the remains."""
    assert len(building.workers) == 2
    building.process.kill()
    building.process.wait(timeout=60)
    assert kill_leftovers(building.mark) == {}
    assert len([*index.glob("data-*")]) == 2
    with Index(index) as opened:
        opened.check()
        assert opened.manifest.documents == 8
    for path in source.glob("large-*"):
        path.unlink()
    assert run_build().files == 0
    assert len([*index.glob("data-*")]) == 1


def test_ctrl_c_ends_a_build(building: Building, index: Path) -> None:
    """Ctrl-C, which a terminal sends to all processes, ends a build at once with one line; the old index stays."""
    started = time.monotonic()
    os.killpg(building.process.pid, signal.SIGINT)
    _, output = building.process.communicate(timeout=60)
    assert time.monotonic() - started < 20
    assert building.process.returncode == 3
    assert re.fullmatch(
        r"searchkit: interrupted: (no file|\d+ of \d+ files) read; the index is unchanged; run the same build again\n",
        output,
    )
    assert find_processes(building.mark) == {}
    with Index(index) as opened:
        opened.check()
        assert opened.manifest.documents == 8
    assert len([*index.glob("data-*")]) == 1


@pytest.mark.parametrize("engine", ["columnar"], scope="session")  # whoosh takes minutes to index the files
def test_a_killed_worker_is_replaced(building: Building, index: Path) -> None:
    """If a worker is killed, for example when memory is short, its file is read again and all files are indexed."""
    os.kill(min(building.workers), signal.SIGKILL)
    _, output = building.process.communicate(timeout=120)
    assert (building.process.returncode, output) == (0, "")
    assert find_processes(building.mark) == {}
    with Index(index) as opened:
        opened.check()
        assert opened.manifest.documents == 8 + LARGE
        assert {item["path"] for item in opened.problems()} == {"noise.txt", "records.jsonl"}
    assert len([*index.glob("data-*")]) == 1
