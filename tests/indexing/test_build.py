"""The way in: a build replaces an index in one step or not at all, and only one at a time writes."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from counting import Counting
from hostile import hostile_reader

from searchkit import manifest
from searchkit.corpus.reading import DocumentRead
from searchkit.corpus.walk import Skipped
from searchkit.engines.contract import Writer
from searchkit.engines.opening import ENGINES, open_writer
from searchkit.errors import CorpusError, IndexLocked, IndexUnusable, UsageError
from searchkit.index import Index
from searchkit.indexing import build as indexing
from searchkit.indexing import indexer, tasks, worker
from searchkit.indexing.build import BuildOptions, BuildReport, build, write_index
from searchkit.indexing.tasks import Progress
from searchkit.measures import extractor
from searchkit.model import Document, ExtractedMeasure, Paragraph
from searchkit.text.analyzer import Analyzer

Report = Callable[..., DocumentRead]

OLD = "旧的内容。"
NEW = "新的内容。"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A folder of twenty small files."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    for n in range(20):
        (folder / f"{n:02}.txt").write_text(f"甲市2023年报告\n\n{NEW}第{n}号。\n", encoding="utf-8")
    return folder


@pytest.fixture
def index(tmp_path: Path, engine: str, report: Report) -> Path:
    """The folder of an index that is there already."""
    folder = tmp_path / "index"
    write_index([report("old.txt", OLD)], folder, BuildOptions(engine))
    return folder


def data_folders(index: Path) -> list[str]:
    """Names of the data folders in an index."""
    return sorted(path.name for path in index.iterdir() if path.name.startswith("data-"))


def answers_as_before(index: Path) -> bool:
    """Whether an index is the old one, whole, with nothing of a newer one beside it."""
    named = json.loads((index / "index.json").read_text(encoding="utf-8"))["data"]
    assert data_folders(index) == [named]
    assert not (index / "writer.json").exists()
    with Index(index) as opened:
        opened.check()
        return [hit.paragraph.text for hit in opened.search("内容").hits] == [OLD]


# --- what a build does


def test_build(corpus: Path, tmp_path: Path, engine: str) -> None:
    """A build reads a folder, counts what it did, and tells its progress file by file."""
    told: list[Progress] = []
    (corpus / "noise.txt").write_bytes(bytes(range(256)) * 4)
    done = build(corpus, tmp_path / "a/b/index", BuildOptions(engine), progress=told.append)
    assert (done.index, done.documents, done.paragraphs) == (str(tmp_path / "a/b/index"), 20, 20)
    assert [(item.path, bool(item.reason)) for item in done.skipped] == [("noise.txt", True)]
    sizes = [path.stat().st_size for path in sorted(corpus.iterdir())]
    assert told == [Progress(n, 21, sum(sizes[:n]), sum(sizes)) for n in range(1, 22)]
    assert done.seconds > 0
    with Index(tmp_path / "a/b/index") as index:
        assert index.search(NEW, limit=None).total == 20
        assert index.manifest.corpus == str(corpus)
        assert (index.manifest.engine, index.manifest.documents, index.manifest.paragraphs) == (engine, 20, 20)
        assert [item["path"] for item in index.problems()] == ["noise.txt"]


def test_several_processes(corpus: Path, tmp_path: Path, engine: str) -> None:
    """Read by several processes, a corpus gives the same index: records in corpus order, answers, files."""
    indexes = []
    for jobs in (1, 2):
        done = build(corpus, tmp_path / str(jobs), BuildOptions(engine, jobs=jobs))
        assert done.documents == 20
        with Index(tmp_path / str(jobs)) as index:
            hits = [(hit.id, hit.score) for hit in index.search("内容", limit=None).hits]
            indexes.append(([*index.documents()], [*index.paragraphs()], hits))
    assert indexes[0] == indexes[1]


def test_warnings_are_reported(report: Report, tmp_path: Path, engine: str) -> None:
    """What could not be decided about a document is in the report, by document."""
    documents = [report("a.txt", "执法", warnings=("year undecided",)), report("b.txt", "执法")]
    assert write_index(documents, tmp_path, BuildOptions(engine)).warned == (("a.txt", "year undecided"),)


def test_measures_are_found_and_kept(
    report: Report, tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Documents that come without measures get those that are found, others keep theirs; all are counted."""
    monkeypatch.setattr(extractor, "Extractor", Counting)
    given = ExtractedMeasure("甲", 1, "乙", 1, "乙", start=0, end=1)
    documents = [
        replace(report("a.txt", "立案3件，罚款1.5万元。", "普法。"), measures=None),
        report("b.txt", ("立案4件。", {"measures": [given]})),
        report("c.txt", "立案5件。"),
    ]
    done = write_index(documents, tmp_path, BuildOptions(engine))
    with Index(tmp_path) as index:
        assert done.measures == index.manifest.measures == 3
        assert [document.measures for document in index.documents()] == [2, 1, 0]
        held = index._snapshot._engine.measures(["a.txt#1", "a.txt#2", "b.txt#1", "c.txt#1"])
    assert [[(item.indicator, item.base_value, item.base_unit) for item in own] for own in held] == [
        [("立案", 3, "件"), ("罚款", 15_000, "元")],
        [],
        [("甲", 1, "乙")],
        [],
    ]


def test_a_build_finds_measures(tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build of a folder finds the measures of its paragraphs and counts them by document and in all."""
    monkeypatch.setattr(indexer, "Extractor", Counting)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.jsonl").write_text('{"id": 1, "text": "立案3件"}\n{"id": 2, "text": "无"}\n', "utf-8")
    (tmp_path / "corpus" / "b.txt").write_text("全年立案4件，罚款5元。", "utf-8")
    done = build(tmp_path / "corpus", tmp_path / "index", BuildOptions(engine))
    with Index(tmp_path / "index") as index:
        assert done.measures == index.manifest.measures == 3
        assert [document.measures for document in index.documents()] == [1, 0, 2]
    assert build(tmp_path / "corpus", tmp_path / "index", BuildOptions(engine)).measures == 3


def test_users_facets_are_recorded(report: Report, tmp_path: Path, engine: str) -> None:
    """The manifest names the facets of the user's own that some document has, sorted."""
    names = [*"gbdafce"]
    documents = [report(f"{n}.txt", "执法", facets={name: "1", "b": "2"}) for n, name in enumerate(names)]
    write_index(documents, tmp_path, BuildOptions(engine))
    with Index(tmp_path) as index:
        assert index.manifest.facets == tuple(sorted(names))


def test_an_index_keeps_its_lexicon(report: Report, tmp_path: Path, engine: str) -> None:
    """An index built with other words and synonyms is searched with those, without being told again."""
    (tmp_path / "words.txt").write_text("# 词\n江大桥 甲乙丙\n", encoding="utf-8")
    (tmp_path / "synonyms.txt").write_text("甲乙丙 = 丁戊己\n", encoding="utf-8")
    options = BuildOptions(engine, words=tmp_path / "words.txt", synonyms=tmp_path / "synonyms.txt")
    write_index([report("a.txt", "丁戊己到场。", "甲乙丙到场。", "卫健委到场。")], tmp_path / "index", options)
    for name in ("words.txt", "synonyms.txt"):
        (tmp_path / name).unlink()
    with Index(tmp_path / "index") as index:
        assert sorted(hit.id for hit in index.search("甲乙丙").hits) == ["a.txt#1", "a.txt#2"]
        assert index.search("卫生健康委员会").total == 0


def test_a_rebuild_replaces(index: Path, report: Report, engine: str) -> None:
    """A build into an index that is there replaces all of it and leaves none of its data behind."""
    before = data_folders(index)
    write_index([report("new.txt", NEW)], index, BuildOptions(engine))
    assert len(data_folders(index)) == 1
    assert data_folders(index) != before
    with Index(index) as opened:
        assert [hit.paragraph.text for hit in opened.search("内容").hits] == [NEW]


# --- wrong arguments


def test_unknown_engine(tmp_path: Path, report: Report) -> None:
    """An engine that is not there is a wrong argument; the message names those that are, and nothing is written."""
    with pytest.raises(UsageError, match=f"no engine 'lucene'; there are: {', '.join(ENGINES)}"):
        write_index([report("a.txt", "执法")], tmp_path / "index", BuildOptions("lucene"))
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize("option", ["words", "synonyms", "topics", "units", "fixed_names"])
def test_files_that_are_not_there(corpus: Path, index: Path, engine: str, option: str) -> None:
    """A data file that cannot be read is a wrong argument; the old index stays."""
    given: dict[str, Any] = {option: corpus / "nowhere"}
    with pytest.raises(UsageError, match="nowhere"):
        build(corpus, index, BuildOptions(engine, **given))
    assert answers_as_before(index)


@pytest.mark.parametrize("name", ["words", "synonyms", "units", "fixed_names"])
def test_files_that_are_no_text(corpus: Path, index: Path, engine: str, name: str) -> None:
    """A data file that is not UTF-8 is a wrong argument, said in one line."""
    given: dict[str, Any] = {name: corpus.parent / "bad"}
    given[name].write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(UsageError, match="not UTF-8") as caught:
        build(corpus, index, BuildOptions(engine, **given))
    assert "\n" not in str(caught.value)
    assert answers_as_before(index)


# --- builds that fail


def test_nothing_to_read(tmp_path: Path, index: Path, engine: str) -> None:
    """A corpus in which nothing can be read, an empty one, and none: an error each, and the old index stays."""
    (tmp_path / "empty").mkdir()
    for corpus in ("empty", "nowhere"):
        with pytest.raises(CorpusError) as caught:
            build(tmp_path / corpus, index, BuildOptions(engine))
        assert corpus in str(caught.value)
        assert "\n" not in str(caught.value)
        assert answers_as_before(index)
    with pytest.raises(CorpusError):
        write_index([Skipped("a.bin", "not text")], index, BuildOptions(engine), corpus="corpus")
    assert answers_as_before(index)


def test_failed_first_build_leaves_no_index(tmp_path: Path, engine: str) -> None:
    """A build that fails where no index was leaves none, and nothing that the next build trips over."""
    with pytest.raises(CorpusError):
        write_index([], tmp_path / "index", BuildOptions(engine))
    assert data_folders(tmp_path / "index") == []
    assert not (tmp_path / "index" / "index.json").exists()


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError, SystemExit])
@pytest.mark.parametrize("at", [1, 7, 20])
def test_interrupted_by_progress(
    corpus: Path, index: Path, engine: str, interruption: type[BaseException], at: int
) -> None:
    """A build interrupted at the first, a middle or the last file passes that on; the old index stays, alone."""

    def stop(done: Progress) -> None:
        if done.files == at:
            raise interruption

    with pytest.raises(interruption):
        build(corpus, index, BuildOptions(engine), progress=stop)
    assert answers_as_before(index)


class Failing:
    """A writer that fails at one of its calls. `abandoned` holds those that were told to give up."""

    abandoned: ClassVar[list[Writer]] = []

    def __init__(self, writer: Writer, at: str, error: BaseException) -> None:
        self.writer, self.at, self.error = writer, at, error

    def add(
        self,
        document: Document,
        paragraphs: Sequence[Paragraph],
        measures: Sequence[Sequence[ExtractedMeasure]],
        file: str,
    ) -> None:
        """Add all but the second document."""
        self.writer.add(document, paragraphs, measures, file)
        if self.at == "add" and document.document == "b.txt":
            raise self.error

    def commit(self) -> None:
        """Commit, or fail when everything is written."""
        self.writer.commit()
        if self.at == "commit":
            raise self.error

    def rollback(self) -> None:
        """Pass on."""
        self.abandoned.append(self.writer)
        self.writer.rollback()


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, BaseException], None]:
    """`failing(call, error)`: from now on writers raise the error at that call."""

    def fail(at: str, error: BaseException) -> None:
        def start(name: str, folder: Path, analyzer: Analyzer, base: Path | None = None) -> Failing:
            return Failing(open_writer(name, folder, analyzer, base), at, error)

        monkeypatch.setattr(indexing, "open_writer", start)

    return fail


@pytest.mark.parametrize("at", ["add", "commit"])
@pytest.mark.parametrize("error", [RuntimeError("half-way"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_failing_writer(
    index: Path, engine: str, report: Report, failing: Callable[..., None], at: str, error: BaseException
) -> None:
    """A writer that fails half-way is told to give up; then or at a failed commit the old index stays, alone."""
    documents = [report("a.txt", NEW), report("b.txt", NEW)]
    failing(at, error)
    Failing.abandoned.clear()
    with pytest.raises(type(error)):
        write_index(documents, index, BuildOptions(engine))
    assert answers_as_before(index)
    assert len(Failing.abandoned) == (at == "add")
    failing("never", error)
    assert write_index(documents, index, BuildOptions(engine)).documents == 2


@pytest.mark.parametrize("at", ["add", "commit"])
def test_disk_full(index: Path, engine: str, report: Report, failing: Callable[..., None], at: str) -> None:
    """A disk that is full is an index that cannot be written, in one line; the old index stays."""
    failing(at, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    with pytest.raises(IndexUnusable, match=os.strerror(errno.ENOSPC)) as caught:
        write_index([report("a.txt", NEW), report("b.txt", NEW)], index, BuildOptions(engine))
    assert "\n" not in str(caught.value)
    assert answers_as_before(index)


def test_failing_manifest(index: Path, engine: str, report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit that fails at its last step, the renaming of the manifest, leaves the old index."""

    def fail(_self: Path, _target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", fail)
        with pytest.raises(KeyboardInterrupt):
            write_index([report("new.txt", NEW)], index, BuildOptions(engine))
    assert answers_as_before(index)


@pytest.mark.parametrize("step", ["remove_leftovers", "_sync_folder"])
def test_interrupted_at_the_commit(
    index: Path, engine: str, report: Report, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Interrupted in the last steps, before or after the manifest is renamed, an index is the old or the new, whole."""

    def stop(folder: Path) -> None:
        if folder == index:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(manifest, step, stop)
        with pytest.raises(KeyboardInterrupt):
            write_index([report("new.txt", NEW)], index, BuildOptions(engine))
    with Index(index) as opened:
        opened.check()
        assert [hit.paragraph.text for hit in opened.search("内容").hits] in ([OLD], [NEW])


def test_source_of_documents_fails(index: Path, engine: str, report: Report) -> None:
    """What goes wrong while documents are read is passed on; the old index stays."""

    def documents() -> Iterator[DocumentRead]:
        yield report("a.txt", NEW)
        raise MemoryError

    with pytest.raises(MemoryError):
        write_index(documents(), index, BuildOptions(engine))
    assert answers_as_before(index)


@pytest.mark.parametrize("parent", ["file", "file/below"])
def test_index_that_cannot_be_a_folder(tmp_path: Path, report: Report, engine: str, parent: str) -> None:
    """An index where a file is in the way is refused in one line that names it."""
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(IndexUnusable, match=f"cannot write to .*{parent}") as caught:
        write_index([report("a.txt", NEW)], tmp_path / parent, BuildOptions(engine))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["writer.json", "writer.lock", "index.json.new"])
def test_file_that_cannot_be_written(index: Path, report: Report, engine: str, name: str) -> None:
    """When one of a build's own files cannot be written (here: a folder is in its place), one line says so."""
    (index / name).unlink(missing_ok=True)
    (index / name).mkdir()
    with pytest.raises(IndexUnusable, match="cannot write to") as caught:
        write_index([report("a.txt", NEW)], index, BuildOptions(engine))
    assert "\n" not in str(caught.value)
    (index / name).rmdir()
    assert answers_as_before(index)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("there", [True, False], ids=["an index", "an empty folder"])
def test_read_only_folder(index: Path, report: Report, engine: str, *, there: bool) -> None:
    """A folder that may not be written to is refused in one line; an index in it stays and can be searched."""
    folder = index if there else index.parent / "empty"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o555)
    try:
        with pytest.raises(IndexUnusable, match="cannot write to") as caught:
            write_index([report("a.txt", NEW)], folder, BuildOptions(engine))
        assert "\n" not in str(caught.value)
        if there:
            assert answers_as_before(index)
    finally:
        folder.chmod(0o755)


# --- files that fail


@pytest.fixture
def hostile(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """`hostile(*orders)`: add files that ask their reader for something; gives their names."""
    if sys.platform == "win32":
        pytest.skip("signals, limits of memory")
    hostile_reader.install_everywhere(monkeypatch.setattr)
    monkeypatch.setattr(tasks, "MIN_BYTES", 0)

    def add(*orders: str) -> list[str]:
        names = [f"{n:02} {order}.hostile" for n, order in enumerate(orders)]
        for name, order in zip(names, orders, strict=True):
            (corpus / name).write_text(f"{order}\n{NEW}", encoding="utf-8")
        return names

    return add


@pytest.mark.parametrize("jobs", [1, 2])
def test_readers_that_fail(
    corpus: Path, index: Path, engine: str, hostile: Callable[..., list[str]], jobs: int
) -> None:
    """Whatever readers do, everything else is indexed, and each file is named with its reason, which stays."""
    orders = ["crash", "hold", "exit", "raise", "swell", "refuse"]
    if engine != ENGINES[0]:  # it takes as long as a file may, and no engine has to do with it
        orders.remove("hold")
    names = hostile(*orders, "harmless")
    done = build(corpus, index, BuildOptions(engine, jobs=jobs))
    reasons = {item.path: item.reason for item in done.skipped}
    assert [*reasons] == names[:-1]
    for name, order in zip(names, orders, strict=False):
        assert reasons[name].startswith(hostile_reader.FAILURES[order])
    assert (done.files, done.documents) == (21, 21)
    with Index(index) as opened:
        opened.check()
        assert opened.search(NEW, limit=None).total == 21
        assert opened.problems() == [{"path": path, "reason": reason} for path, reason in reasons.items()]
    again = build(corpus, index, BuildOptions(engine, jobs=jobs))
    assert (again.files, again.unchanged, again.skipped) == (0, 21, done.skipped)


def test_several_tasks_in_which_workers_die(
    corpus: Path, index: Path, engine: str, hostile: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where workers die in many tasks all documents are there, in the order of the corpus, and all files are told."""
    monkeypatch.setattr(tasks, "MAX_BYTES", 200)  # several tasks for each process
    names = hostile("crash", "raise", "exit", "crash", "harmless")
    told: list[Progress] = []
    done = build(corpus, index, BuildOptions(engine, jobs=2), told.append)
    assert [item.path for item in done.skipped] == names[:4]
    assert (done.files, done.documents) == (21, 21)
    assert [step.files for step in told] == [*range(1, 26)]
    assert told[-1].bytes == told[-1].all_bytes == sum(path.stat().st_size for path in corpus.iterdir())
    with Index(index) as opened:
        opened.check()
        documents = [document.document for document in opened.documents()]
    assert documents == sorted({path.name for path in corpus.iterdir()} - {*names[:4]})


def test_a_script_without_a_guard(corpus: Path, index: Path, engine: str) -> None:
    """A script without `if __name__ == "__main__"` may ask for processes: they do not run it."""
    script = corpus.parent / "script.py"
    script.write_text(
        "from searchkit.indexing import tasks\nfrom searchkit.indexing.build import BuildOptions, build\n"
        "tasks.MIN_BYTES = 0\n"
        f"print(build({str(corpus)!r}, {str(index)!r}, BuildOptions({engine!r}, jobs=2)).documents)\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=120)
    assert (done.stdout, done.stderr) == ("20\n", "")


@pytest.mark.usefixtures("_real_processes")
def test_paths_from_the_current_folder(
    corpus: Path, tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Corpus and index may be named as they are seen from the current folder."""
    monkeypatch.chdir(tmp_path)
    for target in ("index", "a/../index", corpus):
        assert build(corpus.name, target, BuildOptions(engine)).documents == 20


def test_a_mistake_in_the_measures_costs_one_file(
    corpus: Path, tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception in the search for measures skips the whole file, and no other."""

    class Failing(Counting):
        def extract(self, paragraphs: Sequence[Paragraph]) -> Sequence[Sequence[ExtractedMeasure]]:
            if "第7号" in paragraphs[0].text:
                raise ZeroDivisionError
            return super().extract(paragraphs)

    monkeypatch.setattr(indexer, "Extractor", Failing)
    done = build(corpus, tmp_path / "index", BuildOptions(engine))
    assert (done.documents, [item.path for item in done.skipped]) == (19, ["07.txt"])
    assert re.fullmatch(mistake("ZeroDivisionError"), done.skipped[0].reason)


def mistake(error: str) -> str:
    """Pattern of the reason for what is skipped for an error that this file raises."""
    return rf"cannot be read, for a mistake in searchkit \({error}, test_build\.py line \d+\): please report it"


class Choosy:
    """A writer that cannot write documents with a word: it fails when they are added, or at the commit."""

    WORD = "第7号"

    def __init__(self, writer: Writer, at: str, error: BaseException) -> None:
        self.writer, self.at, self.error = writer, at, error
        self.fails = False

    def add(
        self,
        document: Document,
        paragraphs: Sequence[Paragraph],
        measures: Sequence[Sequence[ExtractedMeasure]],
        file: str,
    ) -> None:
        """Add a document."""
        if any(self.WORD in paragraph.text for paragraph in paragraphs):
            if self.at == "add":
                raise self.error
            self.fails = True
        self.writer.add(document, paragraphs, measures, file)

    def commit(self) -> None:
        """Commit."""
        if self.fails:
            raise self.error
        self.writer.commit()

    def rollback(self) -> None:
        """Give up."""
        self.writer.rollback()


@pytest.fixture
def choosy(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, BaseException], None]:
    """`choosy(call, error)`: from now on the writers of workers raise the error at that call."""

    def choose(at: str, error: BaseException) -> None:
        def start(name: str, folder: Path, analyzer: Analyzer) -> Choosy:
            return Choosy(open_writer(name, folder, analyzer), at, error)

        monkeypatch.setattr(worker, "open_writer", start)
        monkeypatch.setattr(indexer, "open_writer", start)

    return choose


@pytest.mark.parametrize("at", ["add", "commit"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_document_that_cannot_be_written(
    corpus: Path, index: Path, engine: str, choosy: Callable[..., None], at: str, jobs: int
) -> None:
    """A mistake of ours in the writing of a document costs the file that it is from, and no other."""
    choosy(at, ZeroDivisionError())
    told: list[Progress] = []
    done = build(corpus, index, BuildOptions(engine, jobs=jobs), told.append)
    assert (done.documents, [(item.path, item.files) for item in done.skipped]) == (19, [("07.txt", 1)])
    assert re.fullmatch(mistake("ZeroDivisionError"), done.skipped[0].reason)
    assert [step.files for step in told] == [*range(1, 21)]
    with Index(index) as opened:
        opened.check()
        assert [document.document for document in opened.documents()] == sorted(
            path.name for path in corpus.iterdir() if path.name != "07.txt"
        )
    again = build(corpus, index, BuildOptions(engine, jobs=jobs))
    assert (again.files, again.unchanged, again.skipped) == (0, 19, done.skipped)


@pytest.mark.parametrize("at", ["add", "commit"])
def test_a_record_that_cannot_be_written(
    corpus: Path, index: Path, engine: str, choosy: Callable[..., None], at: str
) -> None:
    """A mistake of ours in the writing of one record of many costs that record, and is named with it."""
    records = [json.dumps({"id": n, "text": f"第{n}号"}, ensure_ascii=False) for n in range(1, 12)]
    (corpus / "more.jsonl").write_text("\n".join([*records, "no record"]), encoding="utf-8")
    choosy(at, ZeroDivisionError())
    done = build(corpus, index, BuildOptions(engine))
    assert done.documents == 19 + 10
    reasons = {(item.path, item.files): item.reason for item in done.skipped}
    assert reasons.keys() == {("07.txt", 1), ("more.jsonl#7", 0), ("more.jsonl", 0)}
    assert re.fullmatch(mistake("ZeroDivisionError"), reasons["more.jsonl#7", 0])
    with Index(index) as opened:
        opened.check()
        names = {document.document for document in opened.documents() if document.document.startswith("more")}
    assert names == {f"more.jsonl#{n}" for n in range(1, 12) if n != 7}


@pytest.mark.parametrize("at", ["add", "commit"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_disk_that_is_full_for_workers(
    corpus: Path, index: Path, engine: str, choosy: Callable[..., None], at: str, jobs: int
) -> None:
    """When a worker cannot write no file is blamed: that ends the build with one line, and the old index stays."""
    choosy(at, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    with pytest.raises(IndexUnusable, match=f"^cannot write to .*{os.strerror(errno.ENOSPC)}$") as caught:
        build(corpus, index, BuildOptions(engine, jobs=jobs))
    assert "\n" not in str(caught.value)
    assert answers_as_before(index)


# --- one writer at a time

WRITER = """
import sys
from searchkit.corpus.reading import DocumentRead
from searchkit.indexing.build import BuildOptions, write_index
from searchkit.model import Document, Paragraph

def documents():
    yield DocumentRead(Document("other.txt"), (Paragraph("other.txt#1", "other.txt", 1, "别的内容。"),))
    print("writing", flush=True)
    sys.stdin.readline()

write_index(documents(), sys.argv[1], BuildOptions(sys.argv[2]))
"""


@pytest.fixture
def other_writer(index: Path, engine: str) -> Iterator[subprocess.Popen[str]]:
    """A second process that is in the middle of writing to the index until it is sent a line."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(index), engine], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        yield process
        process.kill()


def test_second_writer_is_refused(
    index: Path, engine: str, report: Report, other_writer: subprocess.Popen[str]
) -> None:
    """While one process writes, another is refused by a line that names the holder; readers go on; then all is well."""
    with pytest.raises(IndexLocked) as caught:
        write_index([report("new.txt", NEW)], index, BuildOptions(engine))
    said = str(caught.value)
    assert f"process {other_writer.pid} on {socket.gethostname()}" in said
    assert re.search(r"since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", said)
    assert str(index) in said
    assert "\n" not in said
    with Index(index) as opened:
        assert opened.search("旧").total == 1
    other_writer.communicate("go on\n", timeout=60)
    assert other_writer.returncode == 0
    with Index(index) as opened:
        assert opened.search("别的").total == 1
    assert write_index([report("new.txt", NEW)], index, BuildOptions(engine)).documents == 1


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no way to end a process at once")
def test_dead_writer_does_not_block(
    index: Path, engine: str, report: Report, other_writer: subprocess.Popen[str]
) -> None:
    """A writer that was killed leaves its lock file and its data; the next build is not blocked and removes them."""
    other_writer.kill()
    other_writer.wait(timeout=60)
    assert len(data_folders(index)) == 2
    assert (index / "writer.json").exists()
    with Index(index) as opened:
        assert opened.search("旧").total == 1
    done = write_index([report("new.txt", NEW)], index, BuildOptions(engine))
    assert isinstance(done, BuildReport)
    assert len(data_folders(index)) == 1
    assert not (index / "writer.json").exists()
    with Index(index) as opened:
        assert [hit.paragraph.text for hit in opened.search("内容").hits] == [NEW]


def test_holder_that_cannot_be_read(
    index: Path, engine: str, report: Report, other_writer: subprocess.Popen[str]
) -> None:
    """When the note of who holds the lock is damaged or gone, the refusal still comes, without a name."""
    assert other_writer.poll() is None
    for holder in (b"", b"{}", b"[]", b"not json", b'{"pid": "x", "host": "h", "since": "s"}', b"\xff", None):
        if holder is None:
            (index / "writer.json").unlink()
        else:
            (index / "writer.json").write_bytes(holder)
        with pytest.raises(IndexLocked, match="being written by another process"):
            write_index([report("new.txt", NEW)], index, BuildOptions(engine))


def test_other_files_in_the_folder_stay(index: Path, engine: str, report: Report) -> None:
    """A build touches nothing in the folder that is not an index's own: a README, a folder named like data."""
    (index / "README.md").write_text("mine", encoding="utf-8")
    (index / "data-mine").mkdir()
    write_index([report("new.txt", NEW)], index, BuildOptions(engine))
    assert (index / "README.md").read_text(encoding="utf-8") == "mine"
    assert (index / "data-mine").is_dir()
