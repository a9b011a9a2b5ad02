"""Tests of builds: a build replaces the index atomically or not at all, and one process writes at a time."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from counting import NumberExtractor
from hostile import hostile_reader
from local_engines import LOCAL_ENGINES

from searchkit import manifest
from searchkit.corpus.reading import ParsedDocument
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
from searchkit.model import Document, ExtractedMeasure, Paragraph, Table
from searchkit.text.analyzer import Analyzer

Report = Callable[..., ParsedDocument]

OLD = "旧的内容。"
NEW = "新的内容。"


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Return a folder of twenty small files."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    for n in range(20):
        (folder / f"{n:02}.txt").write_text(f"甲市2023年报告\n\n{NEW}第{n}号。\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def old_index(tmp_path_factory: pytest.TempPathFactory, engine: str, report: Report) -> Path:
    """Return the folder of an index with one document, not to be changed."""
    folder = tmp_path_factory.mktemp("old")
    write_index([report("old.txt", OLD)], folder, BuildOptions(engine))
    return folder


@pytest.fixture
def index(tmp_path: Path, engine: str, report: Report, request: pytest.FixtureRequest) -> Path:
    """Return the folder of an existing index with one document.

    It is a copy of `old_index`. On a cluster it is built, because a copy would share the data with the original.
    """
    folder = tmp_path / "index"
    if engine in LOCAL_ENGINES:
        return Path(shutil.copytree(request.getfixturevalue("old_index"), folder))
    write_index([report("old.txt", OLD)], folder, BuildOptions(engine))
    return folder


def data_folders(index: Path) -> list[str]:
    """Return the names of the data folders in an index."""
    return sorted(path.name for path in index.iterdir() if path.name.startswith("data-"))


def is_old_index(index: Path) -> bool:
    """Return whether a search finds only the old text.

    Asserts that the index passes its check, and that other builds left neither a data folder nor a writer.json.
    """
    current = json.loads((index / "index.json").read_text(encoding="utf-8"))["data"]
    assert data_folders(index) == [current]
    assert not (index / "writer.json").exists()
    with Index(index) as opened:
        opened.check()
        return [hit.paragraph.text for hit in opened.search("内容").hits] == [OLD]


# --- results of a build


def test_a_build_indexes_a_folder(corpus: Path, tmp_path: Path, engine: str) -> None:
    """A build indexes a folder, returns the totals, and reports its progress after each file."""
    steps: list[Progress] = []
    (corpus / "noise.txt").write_bytes(bytes(range(256)) * 4)
    result = build(corpus, tmp_path / "a/b/index", BuildOptions(engine), progress=steps.append)
    assert (result.index, result.documents, result.paragraphs) == (str(tmp_path / "a/b/index"), 20, 20)
    assert [(item.path, bool(item.reason)) for item in result.skipped] == [("noise.txt", True)]
    sizes = [path.stat().st_size for path in sorted(corpus.iterdir())]
    assert steps == [Progress(n, 21, sum(sizes[:n]), sum(sizes)) for n in range(1, 22)]
    assert result.seconds > 0
    with Index(tmp_path / "a/b/index") as index:
        assert index.search(NEW, limit=None).total == 20
        assert index.manifest.corpus == str(corpus)
        assert (index.manifest.engine, index.manifest.documents, index.manifest.paragraphs) == (engine, 20, 20)
        assert [item["path"] for item in index.problems()] == ["noise.txt"]


def test_the_option_jobs_does_not_change_the_index(
    corpus: Path, tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index of two workers is that of one worker: documents, paragraphs, hits, scores."""
    monkeypatch.setattr(tasks, "MIN_PARALLEL_BYTES", 0)
    indexes = []
    for jobs in (1, 2):
        result = build(corpus, tmp_path / str(jobs), BuildOptions(engine, jobs=jobs))
        assert result.documents == 20
        with Index(tmp_path / str(jobs)) as index:
            hits = [(hit.id, hit.score) for hit in index.search("内容", limit=None).hits]
            indexes.append(([*index.documents()], [*index.paragraphs()], hits))
    assert indexes[0] == indexes[1]


def test_warnings_are_reported(report: Report, tmp_path: Path, engine: str) -> None:
    """The warnings of a document are in the report, with the name of the document."""
    documents = [report("a.txt", "执法", warnings=("year undecided",)), report("b.txt", "执法")]
    assert write_index(documents, tmp_path, BuildOptions(engine)).warned == (("a.txt", "year undecided"),)


def test_measures_are_extracted_unless_given(
    report: Report, tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Measures are extracted from documents that come without measures; others keep theirs. All are counted."""
    monkeypatch.setattr(extractor, "Extractor", NumberExtractor)
    measure = ExtractedMeasure("甲", 1, "乙", 1, "乙", start=0, end=1)
    documents = [
        replace(report("a.txt", "立案3件，罚款1.5万元。", "普法。"), measures=None),
        report("b.txt", ("立案4件。", {"measures": [measure]})),
        report("c.txt", "立案5件。"),
    ]
    result = write_index(documents, tmp_path, BuildOptions(engine))
    with Index(tmp_path) as index:
        assert result.measures == index.manifest.measures == 3
        assert [document.measures for document in index.documents()] == [2, 1, 0]
        stored = index._snapshot._engine.measures(["a.txt#1", "a.txt#2", "b.txt#1", "c.txt#1"])
    assert [[(item.indicator, item.base_value, item.base_unit) for item in measures] for measures in stored] == [
        [("立案", 3, "件"), ("罚款", 15_000, "元")],
        [],
        [("甲", 1, "乙")],
        [],
    ]


def test_a_build_extracts_measures(tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build of a folder extracts the measures of its paragraphs and counts them per document and in total."""
    monkeypatch.setattr(indexer, "Extractor", NumberExtractor)
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.jsonl").write_text('{"id": 1, "text": "立案3件"}\n{"id": 2, "text": "无"}\n', "utf-8")
    (tmp_path / "corpus" / "b.txt").write_text("全年立案4件，罚款5元。", "utf-8")
    result = build(tmp_path / "corpus", tmp_path / "index", BuildOptions(engine))
    with Index(tmp_path / "index") as index:
        assert result.measures == index.manifest.measures == 3
        assert [document.measures for document in index.documents()] == [1, 0, 2]
    assert build(tmp_path / "corpus", tmp_path / "index", BuildOptions(engine)).measures == 3


def test_user_defined_facets_are_recorded(report: Report, tmp_path: Path, engine: str) -> None:
    """The manifest lists the user-defined facets of all documents, sorted."""
    names = [*"gbdafce"]
    documents = [report(f"{n}.txt", "执法", facets={name: "1", "b": "2"}) for n, name in enumerate(names)]
    write_index(documents, tmp_path, BuildOptions(engine))
    with Index(tmp_path) as index:
        assert index.manifest.facets == tuple(sorted(names))


def test_an_index_stores_its_lexicon(report: Report, tmp_path: Path, engine: str) -> None:
    """An index is searched with the words and synonyms that it was built with; their files are not needed any more."""
    (tmp_path / "words.txt").write_text("# 词\n江大桥 甲乙丙\n", encoding="utf-8")
    (tmp_path / "synonyms.txt").write_text("甲乙丙 = 丁戊己\n", encoding="utf-8")
    options = BuildOptions(engine, words=tmp_path / "words.txt", synonyms=tmp_path / "synonyms.txt")
    write_index([report("a.txt", "丁戊己到场。", "甲乙丙到场。", "卫健委到场。")], tmp_path / "index", options)
    for name in ("words.txt", "synonyms.txt"):
        (tmp_path / name).unlink()
    with Index(tmp_path / "index") as index:
        assert sorted(hit.id for hit in index.search("甲乙丙").hits) == ["a.txt#1", "a.txt#2"]
        assert index.search("卫生健康委员会").total == 0  # the file replaces the built-in synonyms


def test_write_index_replaces_the_index(index: Path, report: Report, engine: str) -> None:
    """`write_index` replaces an existing index and removes its data folder."""
    before = data_folders(index)
    write_index([report("new.txt", NEW)], index, BuildOptions(engine))
    assert len(data_folders(index)) == 1
    assert data_folders(index) != before
    with Index(index) as opened:
        assert [hit.paragraph.text for hit in opened.search("内容").hits] == [NEW]


# --- invalid arguments


def test_an_unknown_engine_is_refused(tmp_path: Path, report: Report) -> None:
    """An unknown engine raises UsageError, the message lists the engines, and nothing is written."""
    with pytest.raises(UsageError, match=f"no engine 'lucene'; there are: {', '.join(ENGINES)}"):
        write_index([report("a.txt", "执法")], tmp_path / "index", BuildOptions("lucene"))
    assert not (tmp_path / "index").exists()


@pytest.mark.parametrize("option", ["words", "synonyms", "topics", "work_topics", "units", "fixed_names", "indicators"])
def test_a_missing_data_file_is_refused(corpus: Path, index: Path, engine: str, option: str) -> None:
    """A data file that does not exist raises UsageError; the old index stays."""
    files: dict[str, Any] = {option: corpus / "nowhere"}
    with pytest.raises(UsageError, match="nowhere"):
        build(corpus, index, BuildOptions(engine, **files))
    assert is_old_index(index)


@pytest.mark.parametrize("name", ["words", "synonyms", "units", "fixed_names", "indicators"])
def test_a_data_file_in_an_unknown_encoding_is_refused(corpus: Path, index: Path, engine: str, name: str) -> None:
    """A data file in an unknown encoding raises UsageError with a message of one line; the old index stays."""
    files: dict[str, Any] = {name: corpus.parent / "bad"}
    files[name].write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(UsageError, match="not UTF-8") as caught:
        build(corpus, index, BuildOptions(engine, **files))
    assert "\n" not in str(caught.value)
    assert is_old_index(index)


@pytest.mark.parametrize("engine", ENGINES[:1], scope="session")  # the engine does not read these files
@pytest.mark.parametrize("encoding", ["gbk", "utf-16", "utf-16-le", "utf-8-sig"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("words", "柔性执法\n双随机抽查\n"),
        ("synonyms", "市场监管 市场监督管理\n"),
        ("topics", '[[topic]]\nname = "执法"\nterms = ["执法检查"]\n'),
        ("work_topics", '[[topic]]\nname = "项目"\nterms = ["重点项目"]\n'),
        ("fixed_names", "三项制度\n双随机、一公开\n"),
        ("indicators", '[[measure]]\nnames = ["立案", "立案查处"]\nsource = "行政处罚法"\n'),
    ],
)
def test_data_files_in_other_encodings_are_read(
    corpus: Path, tmp_path: Path, engine: str, name: str, text: str, encoding: str
) -> None:
    """A data file that is saved again in UTF-16, GBK or UTF-8 with a byte order mark counts as unchanged."""
    path, index = tmp_path / "list", tmp_path / "other"
    options: dict[str, Any] = {name: path}
    path.write_text(text, encoding="utf-8")
    build(corpus, index, BuildOptions(engine, **options))
    path.write_bytes(text.encode(encoding))
    assert build(corpus, index, BuildOptions(engine, **options)).full_because is None


# --- builds that fail


def test_a_corpus_without_readable_files_is_an_error(tmp_path: Path, index: Path, engine: str) -> None:
    """A corpus that is empty or missing, or whose files are all skipped, raises CorpusError; the old index stays."""
    (tmp_path / "empty").mkdir()
    for corpus in ("empty", "nowhere"):
        with pytest.raises(CorpusError) as caught:
            build(tmp_path / corpus, index, BuildOptions(engine))
        assert corpus in str(caught.value)
        assert "\n" not in str(caught.value)
        assert is_old_index(index)
    with pytest.raises(CorpusError):
        write_index([Skipped("a.bin", "not text")], index, BuildOptions(engine), corpus="corpus")
    assert is_old_index(index)


def test_a_failed_first_build_leaves_no_index(tmp_path: Path, engine: str) -> None:
    """A failed build in a folder without an index leaves no data folder and no manifest."""
    with pytest.raises(CorpusError):
        write_index([], tmp_path / "index", BuildOptions(engine))
    assert data_folders(tmp_path / "index") == []
    assert not (tmp_path / "index" / "index.json").exists()


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, RuntimeError, SystemExit])
@pytest.mark.parametrize("at_file", [1, 7, 20])
def test_a_progress_callback_can_interrupt_a_build(
    corpus: Path, index: Path, engine: str, interruption: type[BaseException], at_file: int
) -> None:
    """An exception of the callback at the first, a middle or the last file ends the build; the old index stays."""

    def stop(progress: Progress) -> None:
        if progress.files == at_file:
            raise interruption

    with pytest.raises(interruption):
        build(corpus, index, BuildOptions(engine), progress=stop)
    assert is_old_index(index)


class FailingWriter:
    """A writer that fails in one of its methods. `rolled_back` lists the writers that were rolled back."""

    rolled_back: ClassVar[list[Writer]] = []

    def __init__(self, writer: Writer, method: str, error: BaseException) -> None:
        self.writer, self.method, self.error = writer, method, error

    def add(
        self,
        document: Document,
        paragraphs: Sequence[Paragraph],
        measures: Sequence[Sequence[ExtractedMeasure]],
        file: str,
        tables: Sequence[Table] = (),
        keys: Sequence[int] = (),
    ) -> None:
        """Add a document. If `method` is `add`, fail after the document b.txt, which is the second one."""
        self.writer.add(document, paragraphs, measures, file, tables, keys)
        if self.method == "add" and document.document == "b.txt":
            raise self.error

    def commit(self) -> None:
        """Commit. If `method` is `commit`, fail after everything is written."""
        self.writer.commit()
        if self.method == "commit":
            raise self.error

    def rollback(self) -> None:
        """Roll back, and append the writer to `rolled_back`."""
        self.rolled_back.append(self.writer)
        self.writer.rollback()


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, BaseException], None]:
    """Return `failing(method, error)`: from then on writers raise the error in that method."""

    def fail(method: str, error: BaseException) -> None:
        def start(name: str, folder: Path, analyzer: Analyzer, base: Path | None = None) -> FailingWriter:
            return FailingWriter(open_writer(name, folder, analyzer, base), method, error)

        monkeypatch.setattr(indexing, "open_writer", start)

    return fail


@pytest.mark.parametrize("method", ["add", "commit"])
@pytest.mark.parametrize("error", [RuntimeError("half-way"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_a_failing_writer_leaves_the_old_index(
    index: Path, engine: str, report: Report, failing: Callable[..., None], method: str, error: BaseException
) -> None:
    """If `add` or `commit` fails, the old index stays. After a failed `add` the writer is rolled back."""
    documents = [report("a.txt", NEW), report("b.txt", NEW)]
    failing(method, error)
    FailingWriter.rolled_back.clear()
    with pytest.raises(type(error)):
        write_index(documents, index, BuildOptions(engine))
    assert is_old_index(index)
    assert len(FailingWriter.rolled_back) == (method == "add")
    failing("never", error)  # no method has this name, so nothing fails
    assert write_index(documents, index, BuildOptions(engine)).documents == 2


@pytest.mark.parametrize("method", ["add", "commit"])
def test_a_full_disk_leaves_the_old_index(
    index: Path, engine: str, report: Report, failing: Callable[..., None], method: str
) -> None:
    """A full disk raises IndexUnusable with a message of one line; the old index stays."""
    failing(method, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    with pytest.raises(IndexUnusable, match=os.strerror(errno.ENOSPC)) as caught:
        write_index([report("a.txt", NEW), report("b.txt", NEW)], index, BuildOptions(engine))
    assert "\n" not in str(caught.value)
    assert is_old_index(index)


def test_a_failed_rename_of_the_manifest_leaves_the_old_index(
    index: Path, engine: str, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If a commit is interrupted at the rename of the manifest, the old index stays."""

    def fail(_self: Path, _target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", fail)
        with pytest.raises(KeyboardInterrupt):
            write_index([report("new.txt", NEW)], index, BuildOptions(engine))
    assert is_old_index(index)


@pytest.mark.parametrize("step", ["remove_leftovers", "_sync_folder"])
def test_an_interrupted_commit_leaves_the_old_or_the_new_index(
    index: Path, engine: str, report: Report, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """After an interrupt just before or after the rename of the manifest, the index is complete, old or new."""

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


def test_an_error_while_documents_are_read_leaves_the_old_index(index: Path, engine: str, report: Report) -> None:
    """An exception of the iterable of documents is raised again; the old index stays."""

    def documents() -> Iterator[ParsedDocument]:
        yield report("a.txt", NEW)
        raise MemoryError

    with pytest.raises(MemoryError):
        write_index(documents(), index, BuildOptions(engine))
    assert is_old_index(index)


@pytest.mark.parametrize("parent", ["file", "file/below"])
def test_a_file_in_place_of_the_index_folder_is_refused(
    tmp_path: Path, report: Report, engine: str, parent: str
) -> None:
    """A file at the path of the index, or of its parent, raises IndexUnusable with one line that names the path."""
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(IndexUnusable, match=f"cannot write to .*{parent}") as caught:
        write_index([report("a.txt", NEW)], tmp_path / parent, BuildOptions(engine))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["writer.json", "writer.lock", "index.json.new"])
def test_a_file_of_a_build_that_cannot_be_written(index: Path, report: Report, engine: str, name: str) -> None:
    """A file that cannot be written, because a folder has its name, raises IndexUnusable; the old index stays."""
    (index / name).unlink(missing_ok=True)
    (index / name).mkdir()
    with pytest.raises(IndexUnusable, match="cannot write to") as caught:
        write_index([report("a.txt", NEW)], index, BuildOptions(engine))
    assert "\n" not in str(caught.value)
    (index / name).rmdir()
    assert is_old_index(index)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("has_index", [True, False], ids=["an index", "an empty folder"])
def test_a_read_only_folder_is_refused(index: Path, report: Report, engine: str, *, has_index: bool) -> None:
    """A read-only folder raises IndexUnusable with a message of one line; an index in it can still be searched."""
    folder = index if has_index else index.parent / "empty"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o555)
    try:
        with pytest.raises(IndexUnusable, match="cannot write to") as caught:
            write_index([report("a.txt", NEW)], folder, BuildOptions(engine))
        assert "\n" not in str(caught.value)
        if has_index:
            assert is_old_index(index)
    finally:
        folder.chmod(0o755)


# --- files that cannot be indexed


@pytest.fixture
def hostile(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Return `hostile(*commands)`: adds files that make their reader misbehave, and returns their names."""
    if sys.platform == "win32":
        pytest.skip("signals, limits of memory")
    hostile_reader.install_everywhere(monkeypatch.setattr)
    monkeypatch.setattr(tasks, "MIN_PARALLEL_BYTES", 0)

    def add(*commands: str) -> list[str]:
        names = [f"{n:02} {command}.hostile" for n, command in enumerate(commands)]
        for name, command in zip(names, commands, strict=True):
            (corpus / name).write_text(f"{command}\n{NEW}", encoding="utf-8")
        return names

    return add


def test_files_whose_readers_fail_are_skipped(
    corpus: Path, index: Path, engine: str, hostile: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If workers die in several tasks, the other files are indexed in corpus order, and progress counts every file.

    A file whose reader fails is skipped with a reason, which the index keeps. `test_hostile_files.py` tests each
    failure with one worker; what fails does not depend on the engine.
    """
    monkeypatch.setattr(tasks, "MAX_TASK_BYTES", 200)  # several tasks per process
    commands = ["crash", "hold", "raise", "refuse"] if engine == ENGINES[0] else ["crash", "raise", "crash"]
    names = hostile(*commands, "harmless")
    steps: list[Progress] = []
    result = build(corpus, index, BuildOptions(engine, jobs=2), steps.append)
    reasons = {item.path: item.reason for item in result.skipped}
    assert [*reasons] == names[:-1]
    for name, command in zip(names, commands, strict=False):
        assert reasons[name].startswith(hostile_reader.FAILURES[command])
    assert (result.files, result.documents) == (21, 21)
    assert [step.files for step in steps] == [*range(1, 22 + len(commands))]
    assert steps[-1].bytes == steps[-1].all_bytes == sum(path.stat().st_size for path in corpus.iterdir())
    with Index(index) as opened:
        opened.check()
        assert opened.search(NEW, limit=None).total == 21
        assert opened.problems() == [{"path": path, "reason": reason} for path, reason in reasons.items()]
        documents = [document.document for document in opened.documents()]
    assert documents == sorted({path.name for path in corpus.iterdir()} - {*reasons})
    second = build(corpus, index, BuildOptions(engine, jobs=2))
    assert (second.files, second.unchanged, second.skipped) == (0, 21, result.skipped)


def test_a_script_without_a_main_guard_can_use_several_processes(corpus: Path, index: Path, engine: str) -> None:
    """Workers do not run a script that lacks `if __name__ == "__main__"`."""
    script = corpus.parent / "script.py"
    script.write_text(
        "from searchkit.indexing import tasks\nfrom searchkit.indexing.build import BuildOptions, build\n"
        "tasks.MIN_PARALLEL_BYTES = 0\n"
        f"print(build({str(corpus)!r}, {str(index)!r}, BuildOptions({engine!r}, jobs=2)).documents)\n",
        encoding="utf-8",
    )
    process = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=120)
    assert (process.stdout, process.stderr) == ("20\n", "")


@pytest.mark.usefixtures("_real_processes")
def test_paths_may_be_relative_to_the_current_folder(
    corpus: Path, tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Corpus and index may be given as paths relative to the current folder.

    The corpus folder itself may be the index folder, too.
    """
    monkeypatch.chdir(tmp_path)
    for target in ("index", "a/../index", corpus):
        assert build(corpus.name, target, BuildOptions(engine)).documents == 20


def test_a_bug_in_the_extraction_of_measures_skips_one_file(
    corpus: Path, tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exception in the extraction of measures skips the document, here a file, and no other."""

    class FailingExtractor(NumberExtractor):
        def extract(
            self, paragraphs: Sequence[Paragraph], tables: Sequence[Table] = ()
        ) -> Sequence[Sequence[ExtractedMeasure]]:
            if "第7号" in paragraphs[0].text:
                raise ZeroDivisionError
            return super().extract(paragraphs, tables)

    monkeypatch.setattr(indexer, "Extractor", FailingExtractor)
    result = build(corpus, tmp_path / "index", BuildOptions(engine))
    assert (result.documents, [item.path for item in result.skipped]) == (19, ["07.txt"])
    assert re.fullmatch(bug_reason("ZeroDivisionError"), result.skipped[0].reason)


def bug_reason(error: str) -> str:
    """Return a pattern of the reason for a document that is skipped for an exception raised in this module."""
    return rf"cannot be read because of a bug in searchkit \({error}, test_build\.py line \d+\): please report it"


class ChoosyWriter:
    """A writer that cannot write documents that contain `WORD`. It fails in `add` or in `commit`."""

    WORD = "第7号"

    def __init__(self, writer: Writer, method: str, error: BaseException) -> None:
        self.writer, self.method, self.error = writer, method, error
        self.fails = False

    def add(
        self,
        document: Document,
        paragraphs: Sequence[Paragraph],
        measures: Sequence[Sequence[ExtractedMeasure]],
        file: str,
        tables: Sequence[Table] = (),
        keys: Sequence[int] = (),
    ) -> None:
        """Add a document. If it contains the word, fail now (`method` is `add`) or in `commit`."""
        if any(self.WORD in paragraph.text for paragraph in paragraphs):
            if self.method == "add":
                raise self.error
            self.fails = True
        self.writer.add(document, paragraphs, measures, file, tables, keys)

    def commit(self) -> None:
        """Commit, unless a document contained the word."""
        if self.fails:
            raise self.error
        self.writer.commit()

    def rollback(self) -> None:
        """Roll back."""
        self.writer.rollback()


@pytest.fixture
def choosy(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, BaseException], None]:
    """Return `choosy(method, error)`: from then on the writers of workers raise the error in that method.

    Also lets builds of a small corpus use two workers.
    """
    monkeypatch.setattr(tasks, "MIN_PARALLEL_BYTES", 0)

    def choose(method: str, error: BaseException) -> None:
        def start(name: str, folder: Path, analyzer: Analyzer) -> ChoosyWriter:
            return ChoosyWriter(open_writer(name, folder, analyzer), method, error)

        monkeypatch.setattr(worker, "open_writer", start)
        monkeypatch.setattr(indexer, "open_writer", start)

    return choose


@pytest.mark.parametrize("method", ["add", "commit"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_bug_in_the_writer_skips_one_file(
    corpus: Path, index: Path, engine: str, choosy: Callable[..., None], method: str, jobs: int
) -> None:
    """A file whose document cannot be written because of a bug is skipped, and no other."""
    choosy(method, ZeroDivisionError())
    steps: list[Progress] = []
    result = build(corpus, index, BuildOptions(engine, jobs=jobs), steps.append)
    assert (result.documents, [(item.path, item.files) for item in result.skipped]) == (19, [("07.txt", 1)])
    assert re.fullmatch(bug_reason("ZeroDivisionError"), result.skipped[0].reason)
    assert [step.files for step in steps] == [*range(1, 21)]
    with Index(index) as opened:
        opened.check()
        assert [document.document for document in opened.documents()] == sorted(
            path.name for path in corpus.iterdir() if path.name != "07.txt"
        )
    second = build(corpus, index, BuildOptions(engine, jobs=jobs))
    assert (second.files, second.unchanged, second.skipped) == (0, 19, result.skipped)


@pytest.mark.parametrize("method", ["add", "commit"])
def test_a_bug_in_the_writer_skips_one_record(
    corpus: Path, index: Path, engine: str, choosy: Callable[..., None], method: str
) -> None:
    """A record that cannot be written because of a bug is skipped and named; the other records are indexed."""
    records = [json.dumps({"id": n, "text": f"第{n}号"}, ensure_ascii=False) for n in range(1, 12)]
    (corpus / "more.jsonl").write_text("\n".join([*records, "no record"]), encoding="utf-8")
    choosy(method, ZeroDivisionError())
    result = build(corpus, index, BuildOptions(engine))
    assert result.documents == 19 + 10
    reasons = {(item.path, item.files): item.reason for item in result.skipped}
    assert reasons.keys() == {("07.txt", 1), ("more.jsonl#7", 0), ("more.jsonl", 0)}  # the last: a line is no record
    assert re.fullmatch(bug_reason("ZeroDivisionError"), reasons["more.jsonl#7", 0])
    with Index(index) as opened:
        opened.check()
        names = {document.document for document in opened.documents() if document.document.startswith("more")}
    assert names == {f"more.jsonl#{n}" for n in range(1, 12) if n != 7}


@pytest.mark.parametrize("method", ["add", "commit"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_full_disk_in_a_worker_fails_the_build(
    corpus: Path, index: Path, engine: str, choosy: Callable[..., None], method: str, jobs: int
) -> None:
    """If a worker cannot write, the build fails with a message of one line; the old index stays."""
    choosy(method, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    with pytest.raises(IndexUnusable, match=f"^cannot write to .*{os.strerror(errno.ENOSPC)}$") as caught:
        build(corpus, index, BuildOptions(engine, jobs=jobs))
    assert "\n" not in str(caught.value)
    assert is_old_index(index)


# --- one writer at a time

WRITER = """
import sys
from searchkit.corpus.reading import ParsedDocument
from searchkit.indexing.build import BuildOptions, write_index
from searchkit.model import Document, Paragraph

def documents():
    yield ParsedDocument(Document("other.txt"), (Paragraph("other.txt#1", "other.txt", 1, "别的内容。"),))
    print("writing", flush=True)
    sys.stdin.readline()

write_index(documents(), sys.argv[1], BuildOptions(sys.argv[2]))
"""


@pytest.fixture
def other_writer(index: Path, engine: str) -> Iterator[subprocess.Popen[str]]:
    """Return a second process that writes to the index until it receives a line."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(index), engine], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        yield process
        process.kill()


def test_a_second_writer_is_refused(
    index: Path, engine: str, report: Report, other_writer: subprocess.Popen[str]
) -> None:
    """While one process writes, a second writer is refused with one line naming the first, and readers can search."""
    with pytest.raises(IndexLocked) as caught:
        write_index([report("new.txt", NEW)], index, BuildOptions(engine))
    message = str(caught.value)
    assert f"process {other_writer.pid} on {socket.gethostname()}" in message
    assert re.search(r"since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", message)
    assert str(index) in message
    assert "\n" not in message
    with Index(index) as opened:
        assert opened.search("旧").total == 1
    other_writer.communicate("go on\n", timeout=60)
    assert other_writer.returncode == 0
    with Index(index) as opened:
        assert opened.search("别的").total == 1
    assert write_index([report("new.txt", NEW)], index, BuildOptions(engine)).documents == 1


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no way to end a process at once")
def test_a_killed_writer_does_not_block(
    index: Path, engine: str, report: Report, other_writer: subprocess.Popen[str]
) -> None:
    """A killed writer leaves writer.json and its data folder. The next build is not blocked and removes both."""
    other_writer.kill()
    other_writer.wait(timeout=60)
    assert len(data_folders(index)) == 2
    assert (index / "writer.json").exists()
    with Index(index) as opened:
        assert opened.search("旧").total == 1
    result = write_index([report("new.txt", NEW)], index, BuildOptions(engine))
    assert isinstance(result, BuildReport)
    assert len(data_folders(index)) == 1
    assert not (index / "writer.json").exists()
    with Index(index) as opened:
        assert [hit.paragraph.text for hit in opened.search("内容").hits] == [NEW]


def test_a_second_writer_is_refused_without_knowing_the_first(
    index: Path, engine: str, report: Report, other_writer: subprocess.Popen[str]
) -> None:
    """If writer.json is damaged or missing, a second writer is still refused. The message does not name the first."""
    assert other_writer.poll() is None
    for holder in (b"", b"{}", b"[]", b"not json", b'{"pid": "x", "host": "h", "since": "s"}', b"\xff", None):
        if holder is None:
            (index / "writer.json").unlink()
        else:
            (index / "writer.json").write_bytes(holder)
        with pytest.raises(IndexLocked, match="being written by another process"):
            write_index([report("new.txt", NEW)], index, BuildOptions(engine))


def test_a_build_keeps_unrelated_files_in_the_index_folder(index: Path, engine: str, report: Report) -> None:
    """A build does not touch files in the index folder that are not part of the index, such as a README."""
    (index / "README.md").write_text("mine", encoding="utf-8")
    (index / "data-mine").mkdir()
    write_index([report("new.txt", NEW)], index, BuildOptions(engine))
    assert (index / "README.md").read_text(encoding="utf-8") == "mine"
    assert (index / "data-mine").is_dir()
