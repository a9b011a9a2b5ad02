"""The command line: output, error messages, exit statuses."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from dataclasses import fields
from itertools import product
from pathlib import Path
from typing import Any

import click
import pytest
from hostile import hostile_reader
from marked import MARK_VARIABLE, kill_leftovers, new_mark
from running import CommandResult, Run

from searchkit.cli import main as cli
from searchkit.model import MEASURE_FIELDS
from searchkit.output import terminal
from searchkit.query.facets import FacetCounts, FacetValue
from searchkit.search.options import MeasureOptions, SearchOptions

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the sample reports."""
    folder = tmp_path_factory.mktemp("cli") / "index"
    command = [sys.executable, "-m", "searchkit", "build", str(ROOT / "corpus" / "reports"), "--index", str(folder)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    assert re.match(r"[1-9]\d* files read: [1-9]\d* documents", process.stdout)
    return folder


def assert_one_line_error(result: CommandResult, status: int, *parts: str) -> None:
    """Assert that a command failed with one line on standard error, which contains all parts, and without output."""
    assert result.status == status
    assert result.out == ""
    assert result.err.startswith("searchkit: ")
    assert result.err.count("\n") == 1
    assert [part for part in parts if part not in result.err] == []


def test_search_json_has_the_documented_fields(run: Run, index: Path) -> None:
    """`search --format json` prints the JSON object that scripts rely on, facets included."""
    result = run(
        "search", "双随机 处罚", "--index", index, "--facet", "year", "--facet", "district:1", "--format", "json"
    )
    assert result.status == 0
    answer = result.json()
    assert {"query", "understood", "total", "total_any", "relaxed", "took_ms", "hits", "facets"} <= answer.keys()
    assert answer["query"] == "双随机 处罚"
    assert answer["relaxed"] is False
    for hit in answer["hits"]:  # type: ignore[attr-defined]
        fields = "id score snippet spans document title district year agency topics section path text measures"
        assert set(fields.split()) | {"path_spans", "title_spans", "lacks"} <= hit.keys()
        assert len(hit["snippet"]) <= 120
        assert all(hit["path"][heading][start:end] for heading, start, end in hit["path_spans"])
        assert {hit["text"][start:end] for start, end in hit["spans"]} <= {"双随机", "处罚"}
    facets = answer["facets"]
    assert set(facets) == {"year", "district:1"}  # type: ignore[call-overload]
    for counts in facets.values():  # type: ignore[attr-defined]
        assert {"values", "missing", "other"} == counts.keys()
        assert sum(item["count"] for item in counts["values"]) + counts["missing"] + counts["other"] == answer["total"]


@pytest.mark.parametrize("output_format", ["table", "json", "jsonl", "csv", "tsv", "ids"])
def test_csv_tsv_and_ids_leave_out_hits_that_lack_words(run: Run, index: Path, output_format: str) -> None:
    """Hits that lack words, which `total` does not count, are in table, json and jsonl, but not in csv, tsv and ids."""
    answer = run("search", "双随机 处罚", "--index", index, "--format", "json").json()
    counted = [hit["id"] for hit in answer["hits"] if not hit["lacks"]]  # type: ignore[attr-defined]
    others = [hit["id"] for hit in answer["hits"] if hit["lacks"]]  # type: ignore[attr-defined]
    assert len(counted) == answer["total"] < len(counted + others) <= answer["total_any"]  # type: ignore[operator]
    out = run("search", "双随机 处罚", "--index", index, "--format", output_format).out
    assert all(name in out for name in counted)
    is_export = output_format in {"csv", "tsv", "ids"}
    assert [name in out for name in others] == [not is_export] * len(others)


def test_exit_statuses(run: Run, index: Path) -> None:
    """The status is 0 if something was found, 1 if nothing was found, 2 for wrong usage, 3 for any other error."""
    assert run("search", "立案", "--index", index).status == 0
    assert run("search", "绝无此语", "--match", "all", "--index", index).status == 1
    assert_one_line_error(run("search", "立案", "--index", index, "--year", "二三"), 2, "二三", "2021..2023")
    assert_one_line_error(run("search", "立案", "--index", index, "--facet", "colour"), 2, "colour", "district")
    assert_one_line_error(run("search", "立案", "--index", index, "--where", "colour=red"), 2, "colour", "cluster")
    assert_one_line_error(run("search", "立案", "--index", index, "--where", "colour"), 2, "NAME=VALUE")
    assert_one_line_error(run("search", "立案", "--index", index, "--colour"), 2, "--colour")
    assert_one_line_error(run("search", "立案", "--index", index, "--format", "xml"), 2, "xml")
    assert_one_line_error(run("search", "--index", index), 2, "QUERY")
    assert_one_line_error(run("nothing"), 2, "nothing")
    assert_one_line_error(run("search", "立案", "--index", index / "nowhere"), 3, "searchkit build")
    assert_one_line_error(run("show", "nowhere.txt#1", "--index", index), 1, "nowhere.txt#1")


def test_without_a_command_help_is_printed(run: Run) -> None:
    """`searchkit` alone lists all commands."""
    result = run()
    assert (result.status, result.err) == (0, "")
    assert [name for name in cli.cli.commands if name not in result.out] == []


@pytest.mark.parametrize("name", [name for name in cli.cli.commands if isinstance(cli.cli.commands[name], click.Group)])
def test_a_group_without_a_command_prints_its_help(run: Run, name: str) -> None:
    """`searchkit watch` alone prints what `searchkit watch --help` does, also in Chinese."""
    assert run(name) == (0, run(name, "--help").out, "")
    assert run("--lang", "zh", name) == (0, run("--lang", "zh", name, "--help").out, "")


def test_errors_of_bad_corpora(run: Run, tmp_path: Path) -> None:
    """A missing, empty or unreadable corpus is a one-line error with status 3, and no index is created.

    A missing file of `--words` is an error with status 2.
    """
    target = tmp_path / "index"
    assert_one_line_error(run("build", tmp_path / "nowhere", "--index", target), 3, "nowhere")
    (tmp_path / "empty").mkdir()
    assert_one_line_error(run("build", tmp_path / "empty", "--index", target), 3, "empty", "no files")
    (tmp_path / "noise").mkdir()
    (tmp_path / "noise" / "a.txt").write_bytes(bytes(range(256)) * 8)
    assert_one_line_error(run("build", tmp_path / "noise", "--index", target), 3, "a.txt", "not text")
    assert not (target / "index.json").exists()
    assert_one_line_error(
        run("build", ROOT / "corpus" / "reports", "--index", target, "--words", tmp_path / "none"), 2, "none"
    )


def test_readable_files_are_indexed(run: Run, tmp_path: Path) -> None:
    """Readable files are indexed. The report of the build names what was skipped, and `info` names a bad file."""
    corpus, target = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    (corpus / "good.txt").write_text(
        "东丽区卫健委2022年法治政府建设年度报告\n\n一、成效\n全年立案459户。\n", encoding="utf-8"
    )
    (corpus / "bad.txt").write_bytes(b"\xff\xfe\x00\xd8" * 99)
    (corpus / "picture.jpg").write_bytes(b"\xff\xd8\xff")
    (corpus / "loop").symlink_to(corpus)
    result = run("build", corpus, "--index", target, "--format", "json")
    assert result.status == 0
    report = result.json()
    assert (report["files"], report["documents"]) == (1, 1)
    assert {item["path"] for item in report["skipped"]} == {"bad.txt", "*.jpg", "loop"}  # type: ignore[attr-defined]
    assert "bad.txt" in run("info", "--index", target).out
    assert run("search", "459户", "--index", target, "--format", "ids").out == "good.txt#1\n"


@pytest.fixture
def bad_corpus(tmp_path: Path) -> Path:
    """A corpus of a report with undecided metadata, one good and two bad records, 24 empty files and three pictures."""
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    (corpus / "good.txt").write_text("全年立案459户。\n", encoding="utf-8")
    (corpus / "records.jsonl").write_text('{"id": 1, "text": "立案"}\nx\n\ny\n', encoding="utf-8")
    for n in range(24):
        (corpus / f"empty-{n:02}.txt").touch()
    for n in range(3):
        (corpus / f"{n}.jpg").touch()
    return corpus


EMPTY = "no text: nothing is left when page chrome and headings are taken away"
NOT_JSON = "not JSON: Expecting value at column 1"


def test_skipped_files_are_grouped_by_reason(run: Run, bad_corpus: Path, tmp_path: Path) -> None:
    """A build prints the number of skipped files by reason and up to twenty names.

    If there are more, it prints how many, and the command that lists all.
    """
    out = run("build", bad_corpus, "--index", tmp_path / "my index").out
    lines = out.partition("undecided")[0].splitlines()
    assert lines[1:4] == ["not read: 27 files, 2 parts of files", f"  {EMPTY}: 24 files", "    empty-00.txt"]
    assert lines[22:] == [
        "    empty-19.txt",
        f"  {NOT_JSON}: 2 parts of files",
        f'  … and 7 more: searchkit info --problems --index "{tmp_path / "my index"}"',
    ]
    for n in range(8, 24):
        (bad_corpus / f"empty-{n:02}.txt").unlink()
    lines = run("build", bad_corpus, "--index", tmp_path / "my index").out.splitlines()
    assert lines[1] == "not read: 11 files, 2 parts of files"
    assert lines[11:] == [
        "  *.jpg: no reader for .jpg files (3 files)",
        f"  {NOT_JSON}: 2 parts of files",
        "    records.jsonl (line 2)",
        "    records.jsonl (line 4)",
    ]


def test_strict_builds_fail_if_anything_is_skipped(run: Run, bad_corpus: Path, tmp_path: Path) -> None:
    """`build --strict` fails if anything is skipped, even if nothing has changed. The index is built anyway."""
    for _ in range(2):
        result = run("build", bad_corpus, "--index", tmp_path / "index", "--strict")
        assert result.status == 3
        assert "not read: 27 files" in result.out
        # The report of the build is printed too, unlike with other errors, so it is removed from the result here.
        assert_one_line_error(CommandResult(result.status, "", result.err), 3, "27 files, 2 parts of files", "--strict")
        assert run("search", "459户", "--index", tmp_path / "index").status == 0
    for path in bad_corpus.iterdir():
        if path.name != "good.txt":
            path.unlink()
    assert run("build", bad_corpus, "--index", tmp_path / "index", "--strict").status == 0


def test_strict_builds_do_not_fail_because_of_running_heads(run: Run, tmp_path: Path) -> None:
    """`info --problems` counts running heads and feet that were left out.

    `build --strict` does not fail because of them, and they do not count as undecided either.
    """
    corpus, target = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    sample = ROOT / "corpus" / "formats" / "dujiangyan-meteorology-2023.ofd"
    (corpus / "a.ofd").write_bytes(sample.read_bytes())
    with zipfile.ZipFile(corpus / "b.zip", "w") as archive:
        archive.write(sample, "b.ofd")
    result = run("build", corpus, "--index", target, "--strict")
    assert result.status == 0
    assert "running heads" not in result.out
    assert "undecided: 2\n" in result.out
    rows = json.loads(run("info", "--problems", "--index", target, "--format", "json").out)
    assert [row for row in rows if row["kind"] == "left out"] == [
        {"path": path, "reason": "6 lines of running heads and feet on pages 1 to 3", "kind": "left out"}
        for path in ("a.ofd", "b.zip#b.ofd")
    ]


def test_info_lists_all_problems(run: Run, bad_corpus: Path, tmp_path: Path) -> None:
    """`info --problems` lists all that was not read and all warnings, as a table, JSON, JSON Lines and CSV.

    `info` alone lists twenty of what was not read.
    """
    target = tmp_path / "index"
    run("build", bad_corpus, "--index", target)
    rows = json.loads(run("info", "--problems", "--index", target, "--format", "json").out)
    unread = [(row["path"], row["reason"]) for row in rows if row["kind"] == "not read"]
    assert len(unread) == 27
    assert {
        ("*.jpg", "no reader for .jpg files"),
        ("empty-23.txt", EMPTY),
        ("records.jsonl", f"line 4: {NOT_JSON}"),
    } < {*unread}
    documents = map(json.loads, run("export", "documents", "--index", target).out.splitlines())
    warnings = [(document["document"], warning) for document in documents for warning in document["warnings"]]
    assert warnings
    assert [(row["path"], row["reason"]) for row in rows if row["kind"] == "undecided"] == warnings
    lines = run("info", "--problems", "--index", target, "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == rows
    assert [*csv.DictReader(io.StringIO(run("info", "--problems", "--index", target, "--format", "csv").out))] == rows
    table = run("info", "--problems", "--index", target).out
    assert table.split()[:3] == ["file", "reason", "kind"]
    assert [row for row in rows if row["path"] not in table or row["reason"] not in table] == []
    summary = run("info", "--index", target).out
    assert summary.count("not read: ") == 20
    assert "… and 7 more" in summary
    assert run("info", "--index", target, "--format", "csv").out.splitlines()[0].startswith("index,engine,")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_ends_a_build_with_one_line(run: Run, tmp_path: Path) -> None:
    """Ctrl-C in the middle of a file ends a build with a one-line error about its progress. The index is unchanged.

    The corpus has 9 files of text, to which `interrupt_build` adds 20 files on which the reader hangs. The first
    interrupted build has no index yet and uses one process. The second has an index and uses two.
    """
    corpus, target = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    for n in range(9):
        (corpus / f"0{n}.txt").write_text(f"立案{n}户。" * 1000, encoding="utf-8")
    command = ["build", str(corpus), "--index", str(target)]
    status, err = interrupt_build(command, corpus, 1)
    assert status == 3
    assert re.fullmatch(
        r"searchkit: interrupted: [1-9] of 29 files read; the index was not created; run the same build again\n", err
    )
    assert run(*command).status == 0
    status, err = interrupt_build([*command, "--full"], corpus, 2)
    assert status == 3
    assert re.fullmatch(
        r"searchkit: interrupted: [1-9] of 29 files read; the index is unchanged; run the same build again\n", err
    )
    assert json.loads(run("info", "--index", target, "--format", "json").out)["documents"] == 9


HOSTILE = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path.append({str(Path(hostile_reader.__file__).parent)!r})
import hostile_reader
hostile_reader.WALL_TIME_FACTOR = 60
hostile_reader.install_everywhere(setattr)
from searchkit.indexing import tasks
tasks.MIN_PARALLEL_BYTES = 0
from searchkit.cli.main import main
main()
"""
"""A program that runs searchkit with a reader that obeys the commands in files of its format, such as `hang`.

`WALL_TIME_FACTOR` is so high that no hanging file is given up before the test interrupts the build.
`MIN_PARALLEL_BYTES` is 0 so that several processes are used although the files are small.
"""


def interrupt_build(command: list[str], corpus: Path, jobs: int) -> tuple[int, str]:
    """Interrupt a build while a reader hangs. Returns exit status and standard error. No process may be left."""
    for n in range(20):
        (corpus / f"1{n:02} hang.hostile").write_text("hang\n" + "x" * 5000, encoding="utf-8")
    mark, log = new_mark(), corpus.parent / "log"
    process = subprocess.Popen(
        [sys.executable, "-c", HOSTILE, *command, "--jobs", str(jobs)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, MARK_VARIABLE: mark, hostile_reader.LOG: str(log)},
    )
    with process:
        deadline = time.monotonic() + 60
        while not (log.exists() and "hang" in log.read_text(encoding="utf-8")) and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)  # with two jobs, one process may hang before the other has read the files of text
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert out == ""
    assert kill_leftovers(mark) == {}
    log.unlink()
    for path in corpus.glob("*.hostile"):
        path.unlink()
    return process.returncode, err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize(
    ("target", "status", "message"),
    [
        (">/dev/full", 3, "searchkit: standard output cannot be written: No space left on device\n"),
        (">&-", 0, ""),
        ("2>&- >/dev/full", 3, ""),
    ],
)
@pytest.mark.parametrize("command", ["search 立案", "export measures"])
def test_a_full_disk_or_a_closed_stream_is_no_bug(
    index: Path, target: str, status: int, message: str, command: str
) -> None:
    """Output that cannot be written is an error of one line; without standard output or error, nothing is printed."""
    script = f'"$0" -m searchkit {command} --index "$1" {target}'
    done = subprocess.run(
        ["/bin/sh", "-c", script, sys.executable, str(index)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (status, "", message)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals")
def test_progress_on_a_terminal(tmp_path: Path) -> None:
    """On a terminal a build shows the number of files read and in total, the speed and the time left."""
    parent_end, child_end = os.openpty()
    (tmp_path / "corpus").mkdir()
    for n in range(14):
        (tmp_path / "corpus" / f"{n}.txt").write_text(f"立案{n}户。", encoding="utf-8")
    command = [sys.executable, "-m", "searchkit", "build", str(tmp_path / "corpus"), "--index", str(tmp_path / "index")]
    process = subprocess.run(command, stderr=child_end, stdout=subprocess.PIPE, check=False, text=True, timeout=60)
    os.close(child_end)
    progress = os.read(parent_end, 100_000).decode()
    os.close(parent_end)
    assert process.stdout.startswith("14 files read")
    assert re.search(r"14 of 14 files, \d+ files/s, \d+\.\d MB/s, 0:00 left", progress)
    assert len(re.findall(r"of 14 files", progress)) >= 14


def test_the_report_of_incremental_builds(run: Run, tmp_path: Path) -> None:
    """A build prints the numbers of files read, removed and unchanged, after the reason if it is a full build."""
    corpus, target, words = tmp_path / "corpus", tmp_path / "index", tmp_path / "words.txt"
    corpus.mkdir()
    for n in range(4):
        (corpus / f"{n}.txt").write_text(f"东丽区卫健委202{n}年工作报告\n\n立案{n}户。\n", encoding="utf-8")

    def build(*options: object) -> str:
        result = run("build", corpus, "--index", target, *options)
        assert (result.status, result.err) == (0, "")
        assert "4 paragraphs, 4 measures in" in result.out or "3 paragraphs, 3 measures in" in result.out
        # Without `undecided: …` and the indented lines below it.
        lines = [line for line in result.out.splitlines() if not line.startswith(("  ", "und"))]
        return "\n".join(line.partition(":")[0] for line in lines)

    assert build() == "4 files read"
    assert build() == "nothing changed"
    (corpus / "0.txt").unlink()
    assert build() == "0 files read, 1 removed, 3 unchanged"
    (corpus / "0.txt").write_text("报告\n\n立案7户。\n", encoding="utf-8")
    (corpus / "1.txt").write_text("报告\n\n立案8户。\n", encoding="utf-8")
    assert build() == "2 files read, 2 unchanged"
    words.write_text("立案八户\n", encoding="utf-8")
    assert build("--words", words) == "words changed\n4 files read"
    assert build("--words", words) == "nothing changed"
    assert build("--words", words, "--full") == "a full build was requested\n4 files read"
    report = run("build", corpus, "--index", target, "--format", "json").json()
    assert report["full_because"] == "words changed"
    assert (report["files"], report["removed"], report["unchanged"]) == (4, 0, 0)
    report = run("build", corpus, "--index", target, "--format", "json").json()
    assert (report["files"], report["removed"], report["unchanged"], report["full_because"]) == (0, 0, 4, None)
    assert report["documents"] == 4


def test_the_error_about_damage_names_the_command_that_repairs_it(run: Run, index: Path, tmp_path: Path) -> None:
    """The command in the error message about a damaged index builds the index again, without damage."""
    copy = tmp_path / "copy"
    shutil.copytree(index, copy)
    victim = max(copy.glob("data-*/*"), key=lambda path: path.stat().st_size)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 0xFF
    victim.write_bytes(data)
    err = run("check", "--index", copy).err
    command = err.strip().rpartition("searchkit build ")[2].replace("CORPUS", str(ROOT / "corpus" / "reports"))
    assert run("build", *command.split()).status == 0
    assert run("check", "--index", copy).status == 0


def test_formats_of_hits(run: Run, index: Path) -> None:
    """jsonl, csv, tsv and ids print one hit per line (csv and tsv after a header), the same hits in the same order."""
    arguments = ("search", "立案", "--index", index, "--format")
    ids = run(*arguments, "ids").out.split()
    assert len(ids) > 2
    assert [json.loads(line)["id"] for line in run(*arguments, "jsonl").out.splitlines()] == ids
    rows = list(csv.DictReader(io.StringIO(run(*arguments, "csv").out)))
    assert [row["id"] for row in rows] == ids
    assert [line.split("\t")[0] for line in run(*arguments, "tsv").out.splitlines()[1:]] == ids


@pytest.fixture
def copies(run: Run, tmp_path: Path) -> Path:
    """An index of three reports. Two have near-duplicate first paragraphs; that of the third has another number."""
    folder = tmp_path / "copies"
    (folder / "x").mkdir(parents=True)
    for year in (2021, 2022, 2023):
        text = f"{year}年，天津市加强行政执法监督，立案{5 + year // 2023}件。"
        report = f"{year}年法治政府建设年度报告\n\n{text}\n\n完善制度。\n"
        (folder / "x" / f"{year}.txt").write_text(report, encoding="utf-8")
    assert run("build", folder, "--index", tmp_path / "index").status == 0
    return tmp_path / "index"


def test_near_duplicates_fold_by_default_only_in_tables(run: Run, copies: Path, tmp_path: Path) -> None:
    """The format table folds near-duplicates, and prints the ids of the folded ones. Other formats need --fold."""

    def ids(*options: object) -> list[str]:
        return run("search", "行政执法监督", "--index", copies, "--format", "ids", *options).out.split()

    shown, hidden, other = ids()
    assert ids("--fold") == [shown, other]
    page = run("search", "行政执法监督", "--index", copies).out
    assert page.startswith("3 paragraphs, ")
    assert f"     = 1 copy: {hidden}\n" in page
    assert "= 1 copy" not in run("search", "行政执法监督", "--index", copies, "--no-fold").out
    assert "= 1 copy" not in run("search", "行政执法监督", "--index", copies, "--group", "document").out
    answer = run("search", "行政执法监督", "--index", copies, "--format", "json", "--fold").json()
    folded = [hit["folded"] for hit in answer["hits"]]  # type: ignore[attr-defined]
    assert folded == [{"count": 1, "ids": [hidden]}, {"count": 0, "ids": []}]
    queries = tmp_path / "queries.jsonl"
    queries.write_text(
        '{"id": 1, "query": "行政执法监督"}\n{"id": 2, "query": "行政执法监督", "fold": true}\n', "utf-8"
    )
    answers = map(json.loads, run("search", "--queries", queries, "--index", copies).out.splitlines())
    assert [len(answer["hits"]) for answer in answers] == [3, 2]
    assert_one_line_error(run("search", "执法", "--index", copies, "--fold", "--group", "document"), 2, "fold", "group")


def test_a_line_names_three_copies(run: Run, tmp_path: Path) -> None:
    """If a hit has more than three copies, a line below it names three and says how many more there are."""
    text = "法治政府建设年度报告\n\n加强行政执法监督。\n\n完善制度。\n"
    for n in range(6):
        (tmp_path / f"{n}.txt").write_text(text, encoding="utf-8")
    run("build", tmp_path, "--index", tmp_path / "index")
    page = run("search", "行政执法监督", "--index", tmp_path / "index").out
    assert re.search(r"= 5 copies: 1\.txt#\d, 2\.txt#\d, 3\.txt#\d and 2 more\n", page)


def test_similar_paragraphs_are_found(run: Run, copies: Path) -> None:
    """`similar` takes the end of an id, leaves copies out, and prints hits as ids, JSON and a table."""
    (best,) = run("similar", "2021.txt#1", "--index", copies, "--format", "ids").out.split()
    assert best == "x/2023.txt#1"
    answer = run("similar", "2021.txt#1", "--index", copies, "--format", "json").json()
    assert answer["query"] == "x/2021.txt#1"
    assert [hit["id"] for hit in answer["hits"]] == [best]  # type: ignore[attr-defined]
    assert best in run("similar", "x/2021.txt#1", "--index", copies).out
    assert run("similar", "x/2021.txt#1", "--index", copies, "--year", "2021").status == 1
    assert_one_line_error(run("similar", "2020.txt#1", "--index", copies), 1, "2020.txt#1")
    assert_one_line_error(run("similar", ".txt#1", "--index", copies), 2, "3 documents", "x/2021.txt")


def test_show_takes_the_end_of_an_id(run: Run, copies: Path) -> None:
    """A unique end of an id is enough, for a paragraph and a document."""
    for name in ("2022.txt#1", "2022.txt"):
        assert run("show", name, "--index", copies).out == run("show", f"x/{name}", "--index", copies).out
    assert_one_line_error(run("show", "txt", "--index", copies), 2, "3 documents")


def test_duplicates_are_shown(run: Run, tmp_path: Path) -> None:
    """The summary of a build and `info --problems` name duplicates. They do not fail a strict build."""
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    for name in ("a.txt", "b.txt"):
        (corpus / name).write_text("临海市司法局2023年法治政府建设年度报告\n\n全年开展检查一百次。\n", encoding="utf-8")
    result = run("build", corpus, "--index", index, "--strict")
    assert result.status == 0
    assert result.out.splitlines()[1:3] == ["duplicates: 1", "  b.txt: the same bytes as a.txt"]
    rows = [
        json.loads(line) for line in run("info", "--problems", "--index", index, "--format", "jsonl").out.splitlines()
    ]
    assert rows[0] == {"path": "b.txt", "reason": "the same bytes as a.txt", "kind": "duplicate"}
    assert run("build", corpus, "--index", index, "--format", "json").json()["duplicates"] == [
        ["b.txt", "the same bytes as a.txt"]
    ]


def test_work_reports_have_a_list_of_topics_of_their_own(run: Run, tmp_path: Path) -> None:
    """`--work-topics` replaces the topics of work reports, `--topics` those of all other reports."""
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    for name, title in (("a.txt", "临海市2023年政府工作报告"), ("b.txt", "临海市司法局2023年法治政府建设年度报告")):
        (corpus / name).write_text(f"{title}\n\n全年开展检查一百次，新建学校五所。\n", encoding="utf-8")
    for name in ("general", "work"):
        (tmp_path / name).write_text(f'[[topic]]\nname = "{name}"\n', encoding="utf-8")
    run("build", corpus, "--index", index, "--topics", tmp_path / "general", "--work-topics", tmp_path / "work")
    for topic, document in (("general", "b.txt"), ("work", "a.txt")):
        assert run("search", "*", "--topic", topic, "--index", index, "--format", "ids").out == f"{document}#1\n"


def test_queries_of_a_file_are_answered_in_order(run: Run, index: Path, tmp_path: Path) -> None:
    """`--queries` answers lines in order. A line is a JSON object, or id, tab and query. A bad line has an error."""
    queries = tmp_path / "queries"
    lines = [
        json.dumps({"id": "a", "query": "立案", "district": "滨海新区", "year": 2023}),
        "b\t柔性执法",
        "no tab here",
        json.dumps({"id": 4, "query": "立案", "year": "never"}),
        json.dumps({"id": 5, "query": "立案", "district": ["东丽区", "临海市"], "limit": 1, "facet": "year"}),
    ]
    queries.write_text("\n".join(lines), encoding="utf-8")
    result = run("search", "--queries", queries, "--index", index, "--limit", "2")
    answers = [json.loads(line) for line in result.out.splitlines()]
    assert [answer["id"] for answer in answers] == ["a", "b", "3", 4, 5]
    assert result.status == 2
    assert {hit["district"] for hit in answers[0]["hits"]} == {"滨海新区"}
    assert len(answers[0]["hits"]) == 2
    assert answers[1]["total"] == len(answers[1]["hits"]) + 1
    assert "error" in answers[2]
    assert "never" in answers[3]["error"]
    assert len(answers[4]["hits"]) == 1
    assert {item["value"] for item in answers[4]["facets"]["year"]["values"]} == {2022, 2024}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_queries_files_in_other_encodings(run: Run, index: Path, tmp_path: Path, encoding: str, line_end: str) -> None:
    """A file of queries is answered in UTF-8, UTF-16 or GBK, and with any ends of lines."""
    queries = tmp_path / "queries"
    queries.write_bytes(line_end.join(["a\t*", "b\t柔性执法", '{"id": "c", "query": "立案"}']).encode(encoding))
    result = run("search", "--queries", queries, "--index", index, "--limit", "1")
    answers = [json.loads(line) for line in result.out.splitlines()]
    assert [(answer["id"], answer["total"] > 0) for answer in answers] == [("a", True), ("b", True), ("c", True)]
    assert (result.status, result.err) == (0, "")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a\t行政執法 雙隨機\n".encode("big5"), "not UTF-8; give queries in UTF-8"),
        ("a\t石泉\n".encode("gbk"), "either UTF-8 or GBK; give queries in UTF-8"),
    ],
)
def test_queries_files_in_doubtful_encodings_are_refused(
    run: Run, index: Path, tmp_path: Path, content: bytes, message: str
) -> None:
    """If the encoding of a file of queries is unknown or cannot be decided, the error names the file."""
    queries = tmp_path / "queries"
    queries.write_bytes(content)
    result = run("search", "--queries", queries, "--index", index)
    assert (result.status, result.out) == (2, "")
    assert "queries" in result.err
    assert message in result.err


def test_a_damaged_line_of_a_queries_file_has_an_error_in_its_place(run: Run, index: Path, tmp_path: Path) -> None:
    """After a line in UTF-8, a line in another encoding is an error, and the next line is answered."""
    queries = tmp_path / "queries"
    queries.write_bytes("a\t柔性执法\n".encode() + "b\t柔性执法\n".encode("gbk") + "c\t立案\n".encode())
    result = run("search", "--queries", queries, "--index", index, "--limit", "1")
    answers = [json.loads(line) for line in result.out.splitlines()]
    assert [(answer["id"], answer.get("error")) for answer in answers] == [
        ("a", None),
        ("2", "not UTF-8"),
        ("c", None),
    ]
    assert result.status == 2


@pytest.mark.parametrize("facets", [3, None, {"year": 1}, [1]])
def test_a_line_of_a_queries_file_with_bad_facets_does_not_stop_the_others(
    run: Run, index: Path, tmp_path: Path, facets: object
) -> None:
    """If `facets` is not a list of names, the output for the line is an error, and the next line is answered."""
    lines = [{"id": 1, "query": "立案", "facets": facets}, {"id": 2, "query": "立案", "facets": ["year"]}]
    queries = tmp_path / "queries"
    queries.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    result = run("search", "--queries", queries, "--index", index)
    answers = [json.loads(line) for line in result.out.splitlines()]
    assert result.status == 2
    assert "facet" in answers[0]["error"]
    assert answers[1]["facets"]["year"]["values"]


@pytest.mark.parametrize(("command", "options"), [("search", SearchOptions()), ("measures", MeasureOptions())])
def test_defaults_are_those_of_the_library(command: str, options: SearchOptions | MeasureOptions) -> None:
    """An option that is not given has the same value on the command line and in Python, unless the format sets it."""
    group = click.Context(cli.cli, **cli.cli.context_settings)
    context = cli.cli.commands[command].make_context(command, ["立案"], parent=group)
    for field in fields(options):
        if field.name in {"beyond", "fold", "facet_limit"}:  # the format determines them
            continue
        assert context.params[field.name] == getattr(options, field.name), field.name


def test_a_time_limit_ends_a_command(run: Run, index: Path, tmp_path: Path) -> None:
    """A command that exceeds `--timeout` is an error with status 3. In a file of queries, only the line fails.

    A limit of 0 is wrong usage.
    """
    for command in (["search", "检查"], ["measures", "立案"], ["compare", "立案"], ["measures", "--audit"]):
        assert_one_line_error(run(*command, "--index", index, "--timeout", "1e-9"), 3, "not finished after 1e-09 s")
        assert run(*command, "--index", index, "--timeout", "100").status < 2
        assert run(*command, "--index", index, "--timeout", "0").status == 2
    lines = '{"id": 1, "query": "检查", "timeout": 1e-9}\n{"id": 2, "query": "检查"}\n'
    (tmp_path / "queries").write_text(lines, encoding="utf-8")
    result = run("search", "--queries", tmp_path / "queries", "--index", index)
    answers = [json.loads(line) for line in result.out.splitlines()]
    assert (result.status, answers[0].keys(), bool(answers[1]["total"])) == (3, {"id", "error"}, True)


def test_all_hits(run: Run, index: Path) -> None:
    """`--all` writes all hits, whatever the limit, as ids, JSON Lines, CSV and JSON."""
    total = run("search", "检查", "--index", index, "--format", "json", "--limit", "0").json()["total"]
    arguments = ("search", "检查", "--index", index, "--all", "--limit", "1", "--format")
    assert len(run(*arguments, "ids").out.splitlines()) == total
    assert len(run(*arguments, "jsonl").out.splitlines()) == total
    assert len(run(*arguments, "csv").out.splitlines()) == int(str(total)) + 1
    assert len(run(*arguments, "json").json()["hits"]) == total  # type: ignore[arg-type]
    assert run("search", "量子", "--index", index, "--all", "--format", "csv").status == 1


def test_highlighted_matches(run: Run, index: Path) -> None:
    """`--highlight` puts matches between » and « in tables, and in a field of records."""
    arguments = ("search", "立案", "--index", index, "--highlight", "--limit", "1", "--format")
    assert "»立案«" in run(*arguments, "table").out
    (hit,) = run(*arguments, "json").json()["hits"]  # type: ignore[misc]
    assert hit["highlighted"].replace("»", "").replace("«", "") == hit["snippet"]  # type: ignore[index]
    assert "»立案«" in run(*arguments, "csv").out
    assert "highlighted" not in run("search", "立案", "--index", index, "--format", "json").out


def test_literal_takes_an_optional_list_of_facets(run: Run, index: Path) -> None:
    """`--literal` reads names of facet values in the query as plain words. A list of facets limits it to their names.

    Without a value, it may stand before the query.
    """
    arguments = ("--index", index, "--format", "json")
    understood = run("search", "滨海新区立案", *arguments).json()
    assert understood["understood_filters"] == [
        {"facet": "district", "values": ["滨海新区"], "words": "滨海新区", "start": 0, "end": 4, "strict": True}
    ]
    for literal in (("--literal",), ("--literal", "district"), ("--literal=of_year,district",)):
        answer = run("search", *literal, "滨海新区立案", *arguments).json()
        assert answer["understood_filters"] == []
        assert "district:" not in str(answer["understood"])
    assert run("search", "滨海新区立案", "--literal=agency", *arguments).json()["understood_filters"]
    assert_one_line_error(run("search", "立案", "--literal=colour", "--index", index), 2, "literal", "district")
    assert "Understood as district 滨海新区" in run("search", "滨海新区立案", "--index", index).out
    assert run("measures", "滨海新区立案", *arguments).json()["understood_filters"]
    assert run("compare", "滨海新区立案", *arguments).json()["understood_filters"]
    assert run("analyze", "滨海新区立案", *arguments).json()["understood"]["filters"]  # type: ignore[index,call-overload]


def test_nothing_found_says_what_to_leave_out(run: Run, index: Path, tmp_path: Path) -> None:
    """A table and JSON show suggestions. With `--format ids`, they are printed on standard error.

    In a file of queries, the answer to a line with an unknown value of a facet is an error with a suggestion.
    """
    arguments = ("search", "立案 火星", "--match", "all", "--index", index)
    result = run(*arguments)
    assert result.status == 1
    assert "Without 火星: " in result.out
    suggestion, other = run(*arguments, "--format", "json").json()["suggestions"]  # type: ignore[misc]
    assert suggestion.keys() == {"kind", "text", "query", "filters", "total"}
    assert (suggestion["kind"], suggestion["query"], suggestion["filters"]) == ("drop_part", "立案", {})
    ids = run(*arguments, "--format", "ids")
    lines = [f"Without 火星: {suggestion['total']} paragraphs.", f"With --match any: {other['total']} paragraphs."]
    assert (ids.out, ids.err.splitlines()) == ("", [f"searchkit: {line}" for line in lines])
    assert (
        "With --district 滨海新区 instead of 滨海新曲: "
        in run("search", "滨海新曲", "--match", "all", "--index", index).out
    )
    assert "Did you mean district:滨海新区 立案? " in run("search", "district:滨海新城 立案", "--index", index).out
    assert "Without quotes: " in run("search", '"立案 处罚"', "--index", index).out
    assert "No paragraph matches. Try" in run("search", "火星", "--index", index).out
    assert "Without 火星: " in run("measures", "立案 火星", "--match", "all", "--index", index).out
    queries = tmp_path / "queries"
    queries.write_text('{"id": 1, "query": "立案", "district": "滨海新城"}\n2\t立案\n', encoding="utf-8")
    answers = [json.loads(line) for line in run("search", "--queries", queries, "--index", index).out.splitlines()]
    assert answers[0] == {"id": 1, "error": "no district 滨海新城; did you mean 滨海新区?"}
    assert answers[1]["total"]


def test_corrections_are_shown(run: Run, index: Path) -> None:
    """A search that finds little shows a correction and the number of paragraphs that it finds, as text and in JSON."""
    arguments = ("search", "双随即", "--index", index)
    lines = run(*arguments).out.splitlines()
    correction = next(line for line in lines if line.startswith("Did you mean"))
    answer = run(*arguments, "--format", "json").json()
    (suggestion,) = (item for item in answer["suggestions"] if item["kind"] == "did_you_mean")  # type: ignore[attr-defined]
    assert (suggestion["text"], suggestion["query"], suggestion["filters"]) == ("双随即", "双随机", {})
    assert correction == f"Did you mean 双随机? {suggestion['total']} paragraphs."
    assert (
        run("search", "双随机", "--limit", 0, "--format", "json", "--index", index).json()["total"]
        == suggestion["total"]
    )


def test_suggest_completes_a_prefix(run: Run, index: Path) -> None:
    """`suggest` prints completions as JSON, JSON Lines and texts, and exits with 1 if there are none."""
    result = run("suggest", "dlq", "--format", "json", "--index", index)
    assert result.status == 0
    assert result.json().keys() == {"prefix", "suggestions"}
    assert result.json()["prefix"] == "dlq"
    first = result.json()["suggestions"][0]  # type: ignore[index]
    assert list(first) == ["text", "kind", "paragraphs"]
    assert (first["text"], first["kind"]) == ("东丽区", "district")
    assert run("suggest", "dlq", "--format", "ids", "--index", index).out == "东丽区\n"
    assert len(run("suggest", "s", "--format", "jsonl", "--limit", 3, "--index", index).out.splitlines()) == 3
    nothing = run("suggest", "zzzz", "--format", "json", "--index", index)
    assert (nothing.status, nothing.json()["suggestions"]) == (1, [])
    assert run("suggest", "s", "--limit", -1, "--index", index).status == 2


HIT_FIELDS = {*MEASURE_FIELDS, "district", "score", "snippet", "snippet_start"}
"""Documented fields of a hit in `measures --format json`."""


def test_measures_json_has_the_documented_fields(run: Run, index: Path) -> None:
    """`measures --format json` prints the JSON object that scripts rely on. Filters, unit and lower bound apply."""
    result = run("measures", "立案", "--index", index, "--district", "滨海新区", "--year", "2023", "--format", "json")
    assert result.status == 0
    answer = result.json()
    assert list(answer) == [
        *("query", "understood", "total", "relaxed", "notes", "took_ms", "understood_filters", "suggestions"),
        *("indicator", "left_out", "aggregate", "groups", "note_codes", "hits"),
    ]
    hits: list[dict[str, object]] = answer["hits"]  # type: ignore[assignment]
    assert 0 < len(hits) <= 10
    for hit in hits:
        assert hit.keys() >= HIT_FIELDS
        assert hit["district"] == "滨海新区"
        assert str(hit["quote"]) in str(hit["snippet"])
    assert "立案" in str(hits[0]["indicator"])
    answer = run("measures", "*", "--min", "1万元", "--unit", "万元", "--index", index, "--format", "json").json()
    assert {hit["base_unit"] for hit in answer["hits"]} == {"元"}  # type: ignore[attr-defined]
    assert all(hit["base_value"] >= 10_000 for hit in answer["hits"])  # type: ignore[attr-defined]


def test_measures_in_all_formats(run: Run, index: Path) -> None:
    """jsonl, csv and ids print the same measures in the same order. tsv has a line for each, a table has all."""
    arguments = ("measures", "立案", "--limit", "4", "--index", index, "--format")
    hits = [json.loads(line) for line in run(*arguments, "jsonl").out.splitlines()]
    assert len(hits) == 4
    assert run(*arguments, "ids").out.split() == [hit["id"] for hit in hits]
    assert [row["id"] for row in csv.DictReader(io.StringIO(run(*arguments, "csv").out))] == [hit["id"] for hit in hits]
    assert len(run(*arguments, "tsv").out.splitlines()) == 5
    page = run(*arguments, "table").out
    for hit in hits:
        facets = [value for value in (hit["district"], hit["year"]) if value]
        for part in (f"{hit['value']}{hit['unit'] or ''}", hit["indicator"], hit["snippet"], hit["id"], *facets):
            assert str(part) in page


def test_exit_statuses_of_measures(run: Run, index: Path) -> None:
    """The exit statuses of measures are those of search."""
    assert run("measures", "绝无此语", "--match", "all", "--index", index).status == 1
    assert run("measures", "立案", "--min", "9亿件", "--index", index).status == 1
    assert_one_line_error(run("measures", "立案", "--min", "许多", "--index", index), 2, "许多", "10万元")
    assert_one_line_error(run("measures", "立案", "--unit", "件", "--max", "10万元", "--index", index), 2, "件, 元")
    assert_one_line_error(run("measures", "--index", index), 2, "QUERY")
    assert_one_line_error(run("measures", "立案", "--audit", "--index", index), 2, "--audit")
    assert_one_line_error(run("measures", "立案", "--index", index / "nowhere"), 3, "searchkit build")


def test_years_and_statuses_of_measures(run: Run, index: Path, tmp_path: Path) -> None:
    """`--of-year` and `--status` select measures by their own year and status, also in lines of queries and exports."""
    measures = [json.loads(line) for line in run("export", "measures", "--index", index).out.splitlines()]
    targets = [item["id"] for item in measures if item["status"] == "target"]
    in_2023 = [item["id"] for item in measures if (item["of_year"] or item["year"]) == 2023]
    arguments = ("--index", index, "--format", "ids")
    assert targets
    assert run("export", "measures", "--status", "target", *arguments).out.split() == targets
    assert run("export", "measures", "--of-year", "2023", *arguments).out.split() == in_2023
    result = run("measures", "*", "--status", "target", "--status", "rule", "--limit", "9999", *arguments)
    assert set(result.out.split()) == {item["id"] for item in measures if item["status"] in {"target", "rule"}}
    assert run("measures", "*", "--status", "any", "--limit", "9999", *arguments).out.count("\n") == len(measures)
    queries = tmp_path / "queries"
    options = [{"status": "target"}, {"status": ["any"]}, {"of_year": "2023..2023"}, {"of-year": 2023}, {"status": 1}]
    lines = [{"id": n, "query": "*", "limit": 0, **option} for n, option in enumerate(options)]
    queries.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    answers = [json.loads(line) for line in run("measures", "--queries", queries, "--index", index).out.splitlines()]
    expected = [len(targets), len(measures), len(in_2023), len(in_2023), 0]
    assert [answer.get("total", 0) for answer in answers] == expected
    assert "status" in answers[-1]["error"]
    assert_one_line_error(run("export", "paragraphs", "--status", "rule", "--index", index), 2, "--status")
    assert_one_line_error(run("measures", "立案", "--status", "done", "--index", index), 2, "'done'")


def test_paragraphs_are_filtered_by_the_years_that_they_are_about(run: Run, index: Path) -> None:
    """`--of-year` takes a range of years. The facet is counted like any other."""
    paragraphs = [json.loads(line) for line in run("export", "paragraphs", "--index", index).out.splitlines()]
    expected = [item["id"] for item in paragraphs if {2022, 2023}.intersection(item["of_year"])]
    assert expected
    result = run("export", "paragraphs", "--of-year", "2022..2023", "--index", index, "--format", "ids")
    assert result.out.split() == expected
    assert run("search", "of_year:2022..2023", "--index", index, "--format", "json").json()["total"] == len(expected)
    counts = run("facets", "of_year", "--index", index, "--format", "json").json()["of_year"]
    assert {item["value"]: item["count"] for item in counts["values"]} == Counter(  # type: ignore[index]
        year for item in paragraphs for year in item["of_year"]
    )
    assert counts["missing"] == sum(not item["of_year"] for item in paragraphs)  # type: ignore[index]
    assert_one_line_error(run("facets", "--of-year", "99", "--index", index), 2, "'99'")


def test_look_ups_of_a_file_are_answered_in_order(run: Run, index: Path, tmp_path: Path) -> None:
    """`measures --queries` answers lines in order, each with its filters and options. A bad line has an error."""
    queries = tmp_path / "queries"
    lines = [
        json.dumps({"id": "a", "query": "立案", "district": "滨海新区", "min": 100, "unit": "件"}),
        "b\t罚没款",
        json.dumps({"id": "c", "query": "立案", "min": "许多"}),
        json.dumps({"id": "d", "query": "立案", "limit": 1, "sort": "size"}),
    ]
    queries.write_text("\n".join(lines), encoding="utf-8")
    result = run("measures", "--queries", queries, "--index", index, "--limit", "3", "--format", "jsonl")
    answers = [json.loads(line) for line in result.out.splitlines()]
    assert [answer["id"] for answer in answers] == ["a", "b", "c", "d"]
    assert result.status == 2
    assert answers[0].keys() == {"id", "total", "hits"}
    assert {hit["unit"] for hit in answers[0]["hits"]} == {"件"}
    assert all(hit["value"] >= 100 for hit in answers[0]["hits"])
    assert len(answers[1]["hits"]) == min(3, answers[1]["total"]) > 0
    assert "许多" in answers[2]["error"]
    assert "sort" in answers[3]["error"]


def test_measures_are_counted_and_exported(run: Run, index: Path) -> None:
    """`info`, `check` and `export` agree on the number of measures. Paragraphs in JSON have their measures."""
    measures = [json.loads(line) for line in run("export", "measures", "--index", index).out.splitlines()]
    assert run("info", "--index", index, "--format", "json").json()["measures"] == len(measures) > 100
    assert f" {len(measures)} measures" in run("check", "--index", index).out
    documents = [json.loads(line) for line in run("export", "documents", "--index", index).out.splitlines()]
    assert {document["document"]: document["measures"] for document in documents if document["measures"]} == dict(
        Counter(measure["document"] for measure in measures)
    )
    filtered = run("export", "measures", "--year", "2022", "--index", index, "--format", "ids").out.split()
    assert filtered == [measure["id"] for measure in measures if measure["year"] == 2022]
    paragraph_id = measures[0]["paragraph"]
    (paragraph,) = json.loads(run("show", paragraph_id, "--index", index, "--format", "json").out)
    expected = [measure for measure in measures if measure["paragraph"] == paragraph_id]
    assert [measure["id"] for measure in paragraph["measures"]] == [measure["id"] for measure in expected]
    assert all(one.items() <= other.items() for one, other in zip(paragraph["measures"], expected, strict=True))


def test_a_missing_file_of_units_or_names_is_wrong_usage(run: Run, tmp_path: Path) -> None:
    """If the file of `build --units`, `--fixed-names` or `--indicators` is missing, an error with status 2 names it."""
    target = tmp_path / "index"
    for option in ("--units", "--fixed-names", "--indicators"):
        assert_one_line_error(
            run("build", ROOT / "corpus" / "reports", "--index", target, option, tmp_path / "none"), 2, "none"
        )


def test_show_paragraph_and_document(run: Run, index: Path) -> None:
    """`show` prints a paragraph, with `--context` also its neighbours, or a document with all of its paragraphs."""
    ids = run("show", "dongli-health-2022.txt#9", "--context", "1", "--index", index, "--format", "ids").out
    assert ids.split() == [f"dongli-health-2022.txt#{n}" for n in (8, 9, 10)]
    document = run("show", "dongli-health-2022.txt", "--index", index)
    assert "东丽区" in document.out
    assert "dongli-health-2022.txt#1 " in document.out
    assert run("show", "dongli-health-2022.txt", "--context", "1", "--index", index).out == document.out
    paragraphs = json.loads(run("show", "dongli-health-2022.txt", "--index", index, "--format", "json").out)
    assert [paragraph["n"] for paragraph in paragraphs] == [*range(1, len(paragraphs) + 1)]
    assert all("measures" in paragraph for paragraph in paragraphs)


def test_show_measure(run: Run, index: Path) -> None:
    """`show` marks a measure in its paragraph. JSON contains only this measure, also with `--context`."""
    (hit,) = json.loads(run("measures", "立案", "--limit", "1", "--index", index, "--format", "json").out)["hits"]
    shown = run("show", hit["id"], "--index", index).out
    assert f"»{hit['quote']}«" in shown
    assert shown.splitlines()[0].startswith(f"{hit['value']}{hit['unit']}  {hit['indicator']}")
    (paragraph,) = json.loads(run("show", hit["id"], "--index", index, "--format", "json").out)
    assert paragraph["id"] == hit["paragraph"]
    assert [measure["id"] for measure in paragraph["measures"]] == [hit["id"]]
    context = json.loads(run("show", hit["id"], "--context", "1", "--index", index, "--format", "json").out)
    assert sum(len(item["measures"]) for item in context) == 1
    for wrong in (f"{hit['paragraph']}@9999", f"{hit['paragraph']}@", "@", f"{hit['id']}@0"):
        assert_one_line_error(run("show", wrong, "--index", index), 1, "measure")


def test_measures_are_sorted_and_aggregated(run: Run, index: Path, tmp_path: Path) -> None:
    """`measures` sorts, takes one per place, aggregates and leaves out totals of several years (`--no-cumulative`)."""
    arguments = ("measures", "立案", "--index", index)
    results = json.loads(run(*arguments, "--sort", "-value", "--one-per", "district", "--format", "json").out)
    base_values = [hit["base_value"] for hit in results["hits"]]
    assert base_values == sorted(base_values, reverse=True)
    assert len({tuple(hit["region"]) for hit in results["hits"]}) == len(base_values) == results["total"]
    table = run(*arguments, "--sort", "-value", "--one-per", "district").out
    assert f"{results['total']} measures of {results['indicator']}" in table
    assert "Left out: " in table
    aggregate = json.loads(run(*arguments, "--aggregate", "max", "--format", "json").out)
    (group,) = aggregate["groups"]
    assert (aggregate["aggregate"], group["group"], group["value"]) == ("max", None, results["hits"][0]["value"])
    records = run(*arguments, "--aggregate", "count", "--by", "district", "--format", "csv").out.splitlines()
    assert records[0] == "group,value,unit,n,left_out"
    assert len(records) == len(base_values) + 1
    queries = tmp_path / "queries.jsonl"
    queries.write_text(
        json.dumps({"id": 1, "query": "立案", "aggregate": "max", "no-cumulative": True}) + "\n", encoding="utf-8"
    )
    answer = json.loads(run("measures", "--queries", queries, "--index", index).out)
    assert answer["groups"] == aggregate["groups"]
    assert_one_line_error(run(*arguments, "--by", "district"), 2, "by needs aggregate")
    assert_one_line_error(run(*arguments, "--sort", "size"), 2, "sort")
    assert_one_line_error(run(*arguments, "--aggregate", "max", "--format", "ids"), 2, "no ids")
    nothing = run("measures", "量子计算", "--aggregate", "count", "--index", index)
    assert (nothing.status, "count" in nothing.out) == (1, False)
    cumulative = json.loads(
        run("measures", "*", "--no-cumulative", "--limit", 999, "--index", index, "--format", "json").out
    )
    assert all(hit["since"] is None for hit in cumulative["hits"])


def test_measures_are_written_to_files(run: Run, index: Path, tmp_path: Path) -> None:
    """`--output` writes what would be printed, or a workbook. It does not go with a file of queries."""
    arguments = ("measures", "立案", "--index", index)
    assert run(*arguments, "--format", "csv", "--output", tmp_path / "a.csv").out == ""
    assert (tmp_path / "a.csv").read_text(encoding="utf-8-sig") == run(*arguments, "--format", "csv").out
    assert_one_line_error(run(*arguments, "--output", tmp_path / "no" / "a.csv"), 3, "cannot be written")
    queries = tmp_path / "queries.tsv"
    queries.write_text("1\t立案\n", encoding="utf-8")
    together = run("measures", "--queries", queries, "--index", index, "--output", tmp_path / "b.csv")
    assert_one_line_error(together, 2, "--queries")
    pytest.importorskip("xlsxwriter", reason="the extra xlsx is not installed")
    for options in ((), ("--aggregate", "max", "--by", "district")):
        assert run(*arguments, *options, "--output", tmp_path / "a.xlsx").status == 0
        assert (tmp_path / "a.xlsx").read_bytes().startswith(b"PK")


def test_export_writes_all_records(run: Run, index: Path) -> None:
    """`export` writes JSON Lines in corpus order. Documents have the number of their paragraphs. Filters apply."""
    documents = [json.loads(line) for line in run("export", "documents", "--index", index).out.splitlines()]
    paragraphs = [json.loads(line) for line in run("export", "paragraphs", "--index", index).out.splitlines()]
    files = [document["document"].partition("#")[0] for document in documents]
    assert files == sorted(files)
    for document in documents:
        numbers = [p["n"] for p in paragraphs if p["document"] == document["document"]]
        assert numbers == list(range(1, document["paragraphs"] + 1))
    filtered = run("export", "documents", "--district", "浙江省", "--index", index, "--format", "ids").out.split()
    assert filtered == [d["document"] for d in documents if "浙江省" in d["region"]]
    assert "linhai-health-2024.html" in filtered


@pytest.mark.parametrize("what", ["documents", "paragraphs", "measures"])
@pytest.mark.parametrize("output_format", ["jsonl", "json", "csv", "tsv", "table", "ids"])
def test_export_of_nothing_exits_with_1(run: Run, index: Path, what: str, output_format: str) -> None:
    """`export` exits with 1 if no record passes the filters, with 0 otherwise. The output stays valid."""
    arguments = ("export", what, "--index", index, "--format", output_format)
    result = run(*arguments, "--year", "1950")
    assert (result.status, result.out) == (1, "[]\n" if output_format == "json" else "")
    assert result.err == "searchkit: no year 1950 in the index; it has 1954..2024\n"
    assert run(*arguments, "--year", "2023").status == 0


def test_facets_exits_with_1_if_no_paragraph_passes_the_filters(run: Run, index: Path) -> None:
    """A filter does not apply to the counts of its own facet.

    With `--year 1950`, `facets year` lists all years, `facets topic` nothing. In both cases, the exit status is 1, as
    for a search without a match, and a message says why.
    """
    arguments = ("--year", "1950", "--index", index, "--format", "ids")
    message = "searchkit: no year 1950 in the index; it has 1954..2024\nsearchkit: no paragraph passes all filters\n"
    topics, years = run("facets", "topic", *arguments), run("facets", "year", *arguments)
    assert (topics.status, topics.out, topics.err) == (1, "", message)
    assert (years.status, years.err) == (1, message)
    assert years.out == run("facets", "year", *arguments[2:]).out != ""
    assert run("facets", "year", "--year", "2023", *arguments[2:]).status == 0


@pytest.mark.parametrize("command", ["search", "measures"])
def test_hits_are_numbered_over_all_pages(run: Run, index: Path, command: str) -> None:
    """The first hit with `--offset 1` has the number 2, as it has on the page without an offset."""
    arguments = (command, "立案", "--index", index, "--limit")
    all_hits = re.findall(r"^ *(\d+)  (.+)$", run(*arguments, "3").out, re.MULTILINE)
    assert [number for number, _ in all_hits] == ["1", "2", "3"]
    assert re.findall(r"^ *(\d+)  (.+)$", run(*arguments, "2", "--offset", "1").out, re.MULTILINE) == all_hits[1:]


def test_facets_lists_every_value(run: Run, index: Path) -> None:
    """`facets` counts all paragraphs of the index and lists all values, also of a user-defined facet.

    `--contains` selects values.
    """
    counts = run("facets", "cluster", "--index", index, "--format", "json").json()["cluster"]
    assert {item["value"] for item in counts["values"]} == {"京津冀", "长三角", "成渝", "粤港澳大湾区"}  # type: ignore[call-overload, index]
    paragraphs = run("export", "paragraphs", "--index", index, "--format", "ids").out.splitlines()
    assert sum(item["count"] for item in counts["values"]) + counts["missing"] == len(paragraphs)  # type: ignore[call-overload, index]
    assert "临海市" in run("facets", "district", "--contains", "臨海", "--index", index).out
    assert run("facets", "district", "--contains", "火星", "--index", index).status == 1


def test_check_info_analyze(run: Run, index: Path) -> None:
    """`check` accepts an intact index, `info` names its facets, `analyze` shows tokens and the query."""
    assert run("check", "--index", index).status == 0
    assert "cluster" in run("info", "--index", index).out
    analysis = run("analyze", "立案129件", "--index", index, "--format", "json").json()
    assert {"129件", "立案"} <= {token["term"] for token in analysis["tokens"]}  # type: ignore[attr-defined]
    assert "129件" in analysis["understood"]["all"]  # type: ignore[index, call-overload]


def test_damage_is_named(run: Run, index: Path, tmp_path: Path) -> None:
    """`check` finds a flipped byte, and a search a truncated file: status 3, with the name of the file."""
    copy = tmp_path / "copy"
    shutil.copytree(index, copy)
    victim = max(copy.glob("data-*/*"), key=lambda path: path.stat().st_size)
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 0xFF
    victim.write_bytes(data)
    assert_one_line_error(run("check", "--index", copy), 3, victim.name)
    victim.write_bytes(data[:-5])
    assert_one_line_error(run("search", "立案", "--index", copy), 3, victim.name)


def test_no_control_characters_reach_the_terminal(run: Run, tmp_path: Path) -> None:
    """Control characters in reports, ids, queries and paths are not printed."""
    corpus, target = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    record = {
        "id": "x\x1b[2J",
        "title": "标题\x1b]0;owned\x07",
        "text": "立案\x1b\u202e129件\x1b[0m。",
        "district": "东丽区\x9b2J",
    }
    (corpus / "records.jsonl").write_text(json.dumps(record), encoding="utf-8")
    assert run("build", corpus, "--index", target).status == 0
    for command, output_format in product(("search", "measures"), ("table", "json", "jsonl", "csv", "tsv", "ids")):
        result = run(command, "立案", "--index", target, "--format", output_format)
        assert result.status == 0
        assert not set(result.out) & set("\x1b\x07\x9b\u202e"), (command, output_format)
    assert "\x1b" not in run("search", "\x1b[2J绝无", "--index", target / "\x1b").err


@pytest.mark.parametrize("name", ["year", "主题"])
@pytest.mark.parametrize("value", ["2023", "天津市滨海新区", "（一）ＡＢ é 𠀀", " 东丽区\t甲 "])
@pytest.mark.parametrize("count", [1, 10**15])
def test_facet_tables_look_like_other_tables(name: str, value: str, count: int) -> None:
    """A search formats facet tables without tabulate, to start faster. They look as with tabulate."""
    counts = FacetCounts((FacetValue(value, count), FacetValue("x", 2, True, 1, 4)), 3, 4)  # noqa: FBT003
    rows = [
        [" ".join(value.split("\t")), str(count), "0 of 0", "0%"],
        ["x *", "2", "1 of 4", "25%"],
        ["(other values)", "4", "", ""],
        ["(no value)", "3", "", ""],
    ]
    headers = [name, "paragraphs", "documents", "share"]
    assert terminal.format_facet(name, counts) == terminal.format_table(rows, headers)


def test_a_list_is_walked_by_cursors(run: Run, index: Path) -> None:
    """`next` of an answer in JSON is the value of `--after` for the next page. It is null on the last page."""
    arguments = ("search", "执法", "--index", index, "--sort", "year,-score", "--format")
    complete = run(*arguments, "ids", "--limit", 1000).out.split()
    walked: list[str] = []
    cursor: tuple[object, ...] = ()
    while True:
        answer: dict[str, Any] = run(*arguments, "json", "--limit", 20, *cursor).json()
        walked += [hit["id"] for hit in answer["hits"]]
        if answer["next"] is None:
            break
        cursor = ("--after", answer["next"])
        page = run(*arguments, "table", "--limit", 1, *cursor)
        assert f"{len(walked) + 1:>3}  " in page.out  # hits are numbered over all pages
    assert len(complete) > 40
    assert walked == complete
    assert_one_line_error(run(*arguments, "json", *cursor, "--year", 2023), 2, "another search")
    assert_one_line_error(run("search", "执法", "--index", index, "--after", "1"), 2, "'1' is not a cursor")
    assert_one_line_error(run(*arguments, "json", *cursor, "--offset", 1), 2, "after and offset")
    line = json.dumps({"id": "a", "query": "执法", "limit": 1, "after": cursor[1], "sort": "-year"})
    (index.parent / "queries").write_text(line, encoding="utf-8")
    answers = run("search", "--queries", index.parent / "queries", "--index", index)
    assert (answers.status, json.loads(answers.out).keys()) == (2, {"id", "error"})


def test_without_leaves_out_matches(run: Run, index: Path) -> None:
    """`--without` leaves out the paragraphs that match or, with `--group document`, the documents with a match."""
    arguments = ("--index", index, "--limit", 1000, "--format", "json")
    holders = {hit["document"] for hit in run("search", '"听证"', *arguments).json()["hits"]}  # type: ignore[attr-defined]
    left = run("search", "*", "--without", '"听证"', *arguments).json()["hits"]
    assert all("听证" not in hit["text"] for hit in left)  # type: ignore[attr-defined]
    assert holders < {hit["document"] for hit in left}  # type: ignore[attr-defined]
    grouped = run("search", "*", "--without", '"听证"', "--group", "document", *arguments).json()
    documents = {hit["document"] for hit in grouped["hits"]}  # type: ignore[attr-defined]
    assert documents == set(run("export", "documents", "--index", index, "--format", "ids").out.split()) - holders
    assert grouped["documents"] == len(documents) > 0
    assert_one_line_error(run("search", "*", "--without", "", "--index", index), 2, "without")


def test_the_limit_of_values_depends_on_the_format(run: Run, index: Path) -> None:
    """A table lists ten values of a facet, JSON more; `--facet-limit` sets the number. The others are summed up."""
    arguments = ("search", "*", "--index", index, "--facet", "document", "--limit", 0)
    values = run(*arguments, "--format", "json").json()["facets"]["document"]["values"]  # type: ignore[index]
    assert len(values) > 10
    shown = run(*arguments).out.splitlines()
    assert shown[-1].split() == ["(other", "values)", str(sum(item["count"] for item in values[10:]))]
    limited = run(*arguments, "--facet-limit", 3, "--format", "json").json()["facets"]["document"]  # type: ignore[index]
    assert limited["values"] == values[:3]
    assert limited["other"] == sum(item["count"] for item in values[3:])


def test_facets_of_a_query(run: Run, index: Path) -> None:
    """`facets --query` counts values in the paragraphs that a search finds. Messages go to standard error."""
    answer = run("search", "执法", "--index", index, "--facet", "topic", "--format", "json").json()
    counts = run("facets", "topic", "--query", "执法", "--index", index, "--format", "json").json()
    assert counts == answer["facets"]
    assert counts["topic"]["values"][0]["documents"] > 0  # type: ignore[index]
    listed = run("facets", "topic", "--query", "执法", "--contains", "执法", "--index", index, "--format", "ids")
    assert (listed.status, listed.out, listed.err) == (0, "行政执法\n", "")
    assert "district" in run("facets", "--query", "执法", "--index", index).out
    relaxed = run("facets", "year", "--query", "执法 火星", "--index", index)
    assert (relaxed.status, "whole query" in relaxed.err) == (0, True)
    nothing = run("facets", "year", "--query", "火星", "--index", index, "--format", "ids")
    assert (nothing.status, nothing.out, nothing.err) == (1, "", "searchkit: no paragraph matches\n")


def test_a_matrix_of_facets(run: Run, index: Path) -> None:
    """`facets --matrix` counts reports by two facets: as a table, JSON, JSON Lines and CSV.

    Filters and a query select what is counted.
    """
    arguments = ("facets", "--index", index, "--year", "2022..2023", "--matrix")
    answer: dict[str, Any] = run(*arguments, "district,year", "--format", "json").json()
    assert answer.keys() == {"rows", "cols", "documents", "unplaced", "cells"}
    assert answer["cols"] == {"facet": "year", "values": [2022, 2023]}
    cells = {(cell["row"], cell["col"]): cell["documents"] for cell in answer["cells"]}
    assert (cells["滨海新区", 2023], cells["东丽区", 2023]) == (2, 0)
    assert sum(cells.values()) == answer["documents"]
    assert re.search(r"(?m)^东丽区 +1 +-$", run(*arguments, "district,year").out)
    assert "2022,东丽区,1," in run(*arguments, "year，district", "--format", "csv").out
    lines = [json.loads(line) for line in run(*arguments, "district,year", "--format", "jsonl").out.splitlines()]
    assert lines == answer["cells"]
    nothing = run("facets", "--matrix", "district,year", "--index", index, "--year", "1900")
    assert (nothing.status, nothing.out) == (1, "\n0 documents\n")
    for matrix in ("year", "district,year,topic", "", "year,year", "year,nowhere"):
        assert_one_line_error(run(*arguments, matrix), 2)
    found = run(*arguments, "district,year", "--query", "立案", "--format", "json").json()
    assert 0 < sum(cell["documents"] for cell in found["cells"]) == found["documents"] <= answer["documents"]  # type: ignore[index,attr-defined,call-overload,operator]
    for options in (["year"], ["--limit", "1"], ["--contains", "1"], ["--within", "天津市"]):
        assert_one_line_error(run(*arguments, "district,year", *options), 2, "--matrix")


@pytest.mark.parametrize("redirection", ["2>&1 | true", "2>&-", ">&-"])
def test_an_error_that_nobody_reads_has_its_status(tmp_path: Path, redirection: str) -> None:
    """An error exits with its status, also if standard error or standard output is closed."""
    command = f"set -o pipefail; (sleep 0.2; {sys.executable} -m searchkit search 立案 --index missing) {redirection}"
    process = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S607
    assert process.returncode == 3
    assert process.stderr in {
        "",
        "searchkit: no index in missing; build one with: searchkit build CORPUS --index missing\n",
    }


def test_standard_output_can_be_closed(index: Path) -> None:
    """`searchkit search … >&-` is a search whose output is lost. Before, it was an unexpected error."""
    command = f"{sys.executable} -m searchkit search 立案 --index '{index}' >&-"
    process = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)  # noqa: S607
    assert (process.returncode, process.stderr) == (0, "")


@pytest.mark.parametrize("output_format", ["jsonl", "table"])
def test_output_to_a_closed_pipe_is_not_an_error(index: Path, output_format: str) -> None:
    """`searchkit export … | head` ends with status 0 and without an error message."""
    command = f"{sys.executable} -m searchkit export paragraphs --index '{index}' --format {output_format}"
    # The reader closes the pipe before the command writes.
    command = f"set -o pipefail; (sleep 0.2; {command}) | true"
    process = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)  # noqa: S607
    assert (process.returncode, process.stderr, process.stdout) == (0, "", "")
