"""Duplicates: copies of files, and reports that occur twice in a corpus."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from searchkit.index import Index
from searchkit.indexing.build import BuildReport, build
from searchkit.indexing.duplicates import IndexedFile, find_duplicates, identify_report
from searchkit.model import Document

TITLE = "临海市司法局2023年法治政府建设年度报告"
IDENTITY = "浙江省/台州市/临海市, 2023, 司法局, 法治政府建设年度报告"


def _report(text: str, title: str = TITLE) -> str:
    """Return the text of a report."""
    return f"{title}\n\n一、主要做法\n{text}\n"


def _write(folder: Path, files: Mapping[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A corpus with a report, its copy, another version of it, and reports of another year and another doctype."""
    folder = tmp_path / "corpus"
    _write(
        folder,
        {
            "a.txt": _report("开展检查一百次，成效明显。"),
            "b.txt": _report("开展检查一百次，成效明显。"),
            "c.txt": _report("开展检查一百零一次，成效明显。"),
            "d.txt": _report("开展检查九十次，成效明显。", TITLE.replace("2023", "2022")),
            "e.txt": _report("开展检查八十次，成效明显。", "临海市司法局2023年行政执法工作报告"),
        },
    )
    return folder


DUPLICATES = (
    ("b.txt", "the same bytes as a.txt"),
    ("c.txt", f"the same place, year, body and kind as a.txt: {IDENTITY}"),
)


def _index_duplicates(index: Path) -> list[tuple[str, str]]:
    with Index(index) as opened:
        return [(item["path"], item["reason"]) for item in opened.duplicates()]


def _build(corpus: Path, index: Path) -> BuildReport:
    """Build an index, and check that it stores the duplicates that the report of the build names."""
    report = build(corpus, index)
    assert _index_duplicates(index) == [*report.duplicates]
    return report


def test_duplicates_are_named_with_both_paths(corpus: Path, tmp_path: Path) -> None:
    """A copy and another version of a report are each named once, with the earlier file. All stay in the index."""
    report = _build(corpus, tmp_path / "index")
    assert report.duplicates == DUPLICATES
    assert (report.documents, report.skipped) == (5, ())


def test_incremental_builds_know_all_duplicates(corpus: Path, tmp_path: Path) -> None:
    """Duplicates are found between new and unchanged files, and forgotten when a file is removed or changed."""
    index = tmp_path / "index"
    (corpus / "c.txt").rename(tmp_path / "c.txt")
    assert _build(corpus, index).duplicates == DUPLICATES[:1]
    (tmp_path / "c.txt").rename(corpus / "c.txt")
    added = _build(corpus, index)
    assert (added.files, added.duplicates) == (1, DUPLICATES)
    unchanged = _build(corpus, index)
    assert (unchanged.files, unchanged.duplicates) == (0, DUPLICATES)
    (corpus / "a.txt").unlink()
    assert _build(corpus, index).duplicates == (("c.txt", DUPLICATES[1][1].replace("a.txt", "b.txt")),)
    (corpus / "c.txt").write_text(_report("检查一次。", "东丽区司法局2023年法治政府建设年度报告"), encoding="utf-8")
    assert _build(corpus, index).duplicates == ()


def test_records_are_not_duplicates(tmp_path: Path) -> None:
    """Records of one place, year, body and doctype are not duplicates: they are parts of one report."""
    fields = {"text": "检查一次。", "region": "天津市/东丽区", "year": 2023, "agency": "司法局", "doctype": "年度报告"}
    lines = [json.dumps({"id": n, **fields}, ensure_ascii=False) for n in range(4)]
    table = "id,正文,地区,年份,部门,文种\n1,检查。,东丽区,2023,司法局,年度报告\n2,普法。,东丽区,2023,司法局,年度报告\n"
    _write(tmp_path / "corpus", {"a.jsonl": "\n".join(lines[:2]), "b.jsonl": "\n".join(lines[2:]), "c.csv": table})
    report = _build(tmp_path / "corpus", tmp_path / "index")
    assert (report.documents, report.duplicates) == (6, ())


def test_copies_of_files_of_records_are_duplicates(tmp_path: Path) -> None:
    """A file of records that has the same bytes as an earlier one is a duplicate."""
    line = json.dumps({"id": 1, "text": "检查一次。"})
    _write(tmp_path / "corpus", {"a.jsonl": line, "b.jsonl": line, "c.jsonl": line})
    report = _build(tmp_path / "corpus", tmp_path / "index")
    assert report.duplicates == (("b.jsonl", "the same bytes as a.jsonl"), ("c.jsonl", "the same bytes as a.jsonl"))


@pytest.mark.parametrize("missing", ["region", "year", "agency", "doctype"])
def test_undecided_reports_have_no_identity(missing: str) -> None:
    """A report whose place, year, body or doctype is undecided has no identity, so it is compared with no other."""
    fields = {"region": ("天津市",), "year": 2023, "agency": "司法局", "doctype": "报告", missing: None}
    if missing == "region":
        fields["region"] = ()
    assert identify_report(Document("a.txt", **fields)) == ""  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("福州市鼓楼区东街街道办事处", "福州市鼓楼区南街街道办事处", False),
        ("临海市杜桥镇人民政府", "临海市白水洋镇人民政府", False),
        ("长沙市生态环境局岳麓分局", "长沙市生态环境局开福分局", False),
        ("临海市人民政府", "市人民政府", True),
        ("景德镇市人民政府", "市人民政府", True),
        ("新乡市人民政府", None, True),
    ],
)
def test_bodies_below_a_division_are_told_apart(first: str, second: str | None, *, is_same: bool) -> None:
    """Two sub-districts, two towns, and the branches of a bureau in two districts are different bodies.

    市人民政府 without the name of the city, or no issuer at all, is the government of the city.
    """
    fields = {"region": ("浙江省",), "year": 2023, "agency": "人民政府", "doctype": "政府工作报告"}
    one, other = (identify_report(Document("a.txt", issuer=name, **fields)) for name in (first, second))  # type: ignore[arg-type]
    assert (one == other) is is_same


def test_finding_duplicates_takes_little_time() -> None:
    """100,000 files take less than a second.

    10,000 files are copies of earlier ones. 10,000 other files contain a report with the identity of an earlier one.
    """
    files = [IndexedFile(f"{n}.txt", f"{n % 90_000:064}", ((f"{n}.txt", f"甲, {n % 80_000}"),)) for n in range(100_000)]
    start = time.process_time()
    assert sum(1 for _ in find_duplicates(files)) == 20_000
    assert time.process_time() - start < 1
