"""The commands watch add, list, remove and run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from running import Run


@pytest.fixture(autouse=True)
def own_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file of watches of each test."""
    path = tmp_path / "watches.json"
    monkeypatch.setattr("searchkit.search.watching.default_path", lambda: path)
    return path


def forget(path: Path) -> None:
    """Remove what the watches have seen, so that all paragraphs that they find are new again."""
    data = json.loads(path.read_text(encoding="utf-8"))
    for watch in data["watches"]:
        watch["seen"] = []
    path.write_text(json.dumps(data), encoding="utf-8")


def test_a_watch_is_added_listed_run_and_removed(run: Run, small: Path, own_file: Path) -> None:
    """A watch is added, listed, run and removed. Status 0 of `watch run` means something new, 1 nothing new."""
    index = small / "index"
    assert run("watch", "list").status == 1
    assert run("watch", "run") == (
        1,
        "",
        f"searchkit: no watches in {own_file}; add one with: searchkit watch add NAME QUERY\n",
    )
    added = run("watch", "add", "立案数", "立案", "--district", "东丽区", "--index", index)
    assert added == (0, "watching '立案数': 3 paragraphs now\n", "")
    listed = json.loads(run("watch", "list", "--format", "json").out)
    assert [(item["name"], item["query"], item["options"], item["seen"]) for item in listed] == [
        ("立案数", "立案", {"district": ["东丽区"]}, 3)
    ]
    assert run("watch", "run") == (1, "", "")
    assert run("watch", "list").out.endswith(f"\n{own_file}\n")
    path = own_file.with_name("list.txt")
    assert run("watch", "list", "--output", path) == (0, "", "")
    assert "立案数" in path.read_text(encoding="utf-8")
    forget(own_file)
    kept = run("watch", "run", "--keep", "--limit", "1")
    assert kept.status == 0
    assert kept.out.startswith("立案数: 3 new paragraphs for 立案\n\n  1  ")
    assert "and 2 more" in kept.out
    answers = json.loads(run("watch", "run", "--keep", "--format", "json").out)
    assert [(item["name"], item["new"], len(item["hits"])) for item in answers] == [("立案数", 3, 3)]
    lines = run("watch", "run", "--format", "jsonl").out.splitlines()
    assert [json.loads(line)["watch"] for line in lines] == ["立案数"] * 3
    again = run("watch", "run", "--format", "json")
    assert (again.status, again.err, [item["new"] for item in json.loads(again.out)]) == (1, "", [0])
    assert run("watch", "remove", "立案数").status == 0
    assert run("watch", "remove", "立案数").status == 2


def test_an_unusable_index_does_not_stop_the_others(run: Run, small: Path, own_file: Path) -> None:
    """A watch whose index is gone is one line on standard error and status 3; the other watch is reported."""
    for name in ("甲", "乙"):
        run("watch", "add", name, "立案", "--index", small / "index")
    forget(own_file)
    data = json.loads(own_file.read_text(encoding="utf-8"))
    data["watches"][0]["index"] = str(small / "gone")
    own_file.write_text(json.dumps(data), encoding="utf-8")
    result = run("watch", "run")
    assert (result.status, result.err.count("\n")) == (3, 1)
    assert result.err.startswith("searchkit: watch '甲': no index in")
    assert "乙: 3 new paragraphs" in result.out
    assert json.loads(own_file.read_text(encoding="utf-8"))["watches"][0]["seen"] == []


def test_what_could_not_be_written_stays_new(run: Run, small: Path, own_file: Path, tmp_path: Path) -> None:
    """If the output cannot be written, the next run reports the same paragraphs as new."""
    run("watch", "add", "甲", "立案", "--index", small / "index")
    forget(own_file)
    assert run("watch", "run", "--output", tmp_path / "no" / "a.csv").status == 3
    assert run("watch", "run", "--output", tmp_path / "a.csv").status == 0
    assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbfid,watch,")
    assert run("watch", "run").status == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_what_a_full_disk_did_not_take_stays_new(run: Run, small: Path, own_file: Path, tmp_path: Path) -> None:
    """A short output is written before anything is marked as seen, and not only when the command ends."""
    run("watch", "add", "甲", "立案", "--index", small / "index")
    forget(own_file)
    path = tmp_path / "searchkit" / "watches.json"
    path.parent.mkdir()
    before = own_file.read_bytes()
    path.write_bytes(before)
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "PYTHONUNBUFFERED": ""}
    for target, status, err in (
        ("/dev/full", 3, "searchkit: standard output cannot be written: No space left on device\n"),
        ("/dev/null", 0, ""),
    ):
        with Path(target).open("w") as out:
            done = subprocess.run(
                [sys.executable, "-m", "searchkit", "watch", "run"],
                stdout=out,
                stderr=subprocess.PIPE,
                env=environment,
                text=True,
                check=False,
            )
        assert (done.returncode, done.stderr) == (status, err)
        assert (path.read_bytes() == before) == (status == 3)
