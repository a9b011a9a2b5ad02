"""Tests of large files of records, which several workers read in shares."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchkit.corpus.formats.registry import Share, read_bytes, stream_bytes
from searchkit.errors import CorpusError, ReadError
from searchkit.index import Index
from searchkit.indexing import tasks
from searchkit.indexing.build import BuildOptions, BuildReport, build
from searchkit.indexing.messages import StepStarted


@pytest.fixture(autouse=True)
def shares_of_any_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Divide files of any size into shares."""
    monkeypatch.setattr(tasks, "MIN_SHARED_BYTES", 1)


def to_csv(rows: list[list[str]]) -> bytes:
    """Return rows as CSV. Cells with line breaks are quoted."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def to_json_lines(*records: object) -> bytes:
    """Return records as JSON Lines. A string is written as a line as it is."""
    lines = (record if isinstance(record, str) else json.dumps(record, ensure_ascii=False) for record in records)
    return "\n".join(lines).encode()


CELLS = st.sampled_from(["立案3件", "", "甲\n乙", '引"号', "a", "b", "，", "text"])
FILES = {
    "a.csv": st.lists(st.lists(CELLS, min_size=1, max_size=3), max_size=12).map(
        lambda rows: to_csv([["id", "text"], *rows])
    ),
    "b.tsv": st.lists(CELLS, max_size=12).map(lambda cells: "\n".join(["正文\t年份", *cells]).encode()),
    "c.jsonl": st.lists(
        st.one_of(st.sampled_from(["", "{", "[]"]), st.fixed_dictionaries({"id": CELLS, "text": CELLS})), max_size=12
    ).map(lambda records: to_json_lines(*records)),
}


@given(st.data(), st.sampled_from([*FILES]), st.integers(1, 5))
def test_shares_have_the_records_of_the_file(data: st.DataObject, name: str, count: int) -> None:
    """Together, the shares of a file have its records, each once and in order. The last share has its problems.

    If the file has no record, the last share raises ReadError.
    """
    content = data.draw(FILES[name])
    try:
        whole = read_bytes(content, name)
    except ReadError:
        last = stream_bytes(content, name, Share(count - 1, count))
        if last:  # None if the file has no text column
            with pytest.raises(ReadError, match=r"no (line|row)"):
                list(last.documents)
        return
    streams = [stream_bytes(content, name, Share(index, count)) for index in range(count)]
    documents = [document for stream in streams if stream for document in stream.documents]
    assert (tuple(documents), tuple(streams[-1].problems if streams[-1] else ())) == (whole.documents, whole.problems)


def test_the_first_of_many_equal_keys_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is used again is a problem that names the first line, however many keys are in between."""
    monkeypatch.setattr("searchkit.corpus.formats.records._MAX_RECENT_KEYS", 4)
    contents = read_bytes(to_json_lines(*({"id": n % 37, "text": "文"} for n in range(100))), "a.jsonl")
    assert [document.key for document in contents.documents] == [str(n) for n in range(37)]
    assert contents.problems == tuple(
        f"line {n + 1}: the id '{n % 37}' is already used by line {n % 37 + 1}" for n in range(37, 100)
    )


def build_with(folder: Path, content: bytes, jobs: int, name: str = "a.jsonl") -> BuildReport:
    """Build an index of two files: one with the given name and content, and a short report."""
    corpus = folder / "corpus"
    corpus.mkdir(exist_ok=True)
    (corpus / name).write_bytes(content)
    (corpus / "z.txt").write_text("立案3件。", encoding="utf-8")
    return build(corpus, folder / f"index-{jobs}", BuildOptions(jobs=jobs))


def contents_of(index: Path) -> list[object]:
    """Return the documents and paragraphs of an index in corpus order, and the best 100 measures of a look-up, ranked.

    Checks the index.
    """
    with Index(index) as opened:
        opened.check()
        return [*opened.documents(), *opened.paragraphs(), *opened.measures("立案 办结", limit=100)]


RECORDS = [{"id": n % 290, "text": f"第{n}队立案{n}件", "批次": f"第{n % 3}批", "year": "x"} for n in range(300)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", to_json_lines(*RECORDS, "{", "")),
        (
            "a.csv",
            to_csv([["正文", "批次", ""], *([f"立案\n{n}件", "一", "x" * (n % 2)] for n in range(300)), ["多"] * 5]),
        ),
        ("a.csv", to_csv([["指标", "2022", "2023"], *([f"立案{n}", "1", "2"] for n in range(30))])),
    ],
)
def test_the_index_does_not_depend_on_the_number_of_workers(tmp_path: Path, name: str, content: bytes) -> None:
    """Two workers that share a file write the same documents, and report the same, as one worker."""
    one, two = (build_with(tmp_path, content, jobs, name) for jobs in (1, 2))
    facts = [(r.documents, r.paragraphs, r.measures, r.warned, r.skipped, r.duplicates) for r in (one, two)]
    assert facts[0] == facts[1]
    assert contents_of(tmp_path / "index-1") == contents_of(tmp_path / "index-2")


@pytest.mark.parametrize(
    "content",
    [
        to_json_lines(*({"id": n, "text": "文", f"f{n}": "1"} for n in range(1400))),
        to_json_lines("{", *({"id": n} for n in range(10))),
    ],
    ids=["only the shares together have too many facets", "no record"],
)
def test_a_file_in_shares_is_skipped_for_the_same_reason(tmp_path: Path, content: bytes) -> None:
    """If only all shares together show that a file must be skipped, the reason is the one that one worker finds."""
    one, two = (build_with(tmp_path, content, jobs).skipped for jobs in (1, 2))
    assert one == two
    assert [item.path for item in one] == ["a.jsonl"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.usefixtures("_real_processes")
def test_a_file_is_read_in_one_piece_after_a_worker_was_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the process that reads a share is killed, no record is missing in the index, and none is in it twice."""
    handle: Callable[..., None] = tasks.WorkerPool._handle_progress
    killed: list[tasks.Share] = []

    def kill_once(pool: tasks.WorkerPool, worker: tasks._Worker, batch: tasks._Batch, message: object) -> None:
        handle(pool, worker, batch, message)
        if batch.share == Share(1, 2) and isinstance(message, StepStarted) and not killed:
            killed.append(batch.share)
            os.kill(worker.child._process.pid, signal.SIGKILL)

    content = to_json_lines(*RECORDS)
    one = build_with(tmp_path, content, 1)
    monkeypatch.setattr(tasks.WorkerPool, "_handle_progress", kill_once)
    two = build_with(tmp_path, content, 2)
    assert killed
    assert (one.documents, one.skipped) == (two.documents, two.skipped)
    assert contents_of(tmp_path / "index-1") == contents_of(tmp_path / "index-2")


def test_a_corpus_without_records_has_no_index(tmp_path: Path) -> None:
    """If no share has a record and there is no other file, the build fails as for one worker."""
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a.jsonl").write_bytes(to_json_lines("{", "}"))
    for jobs in (1, 2):
        with pytest.raises(CorpusError, match="no line is a valid record; line 1: not JSON"):
            build(tmp_path / "corpus", tmp_path / "index", BuildOptions(jobs=jobs))
