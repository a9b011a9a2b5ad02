"""Fixtures of the tests of the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from running import TEXTS, CommandResult, Run

from searchkit.cli import main as cli
from searchkit.indexing.build import build


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`run(*arguments)` runs the command line in this process, and returns its result."""

    def run(*arguments: object) -> CommandResult:
        monkeypatch.setattr(sys, "argv", ["searchkit", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_info:
            cli.main()
        out, err = capsys.readouterr()
        return CommandResult(int(exit_info.value.code or 0), out, err)

    return run


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `corpus`, which has one report with the paragraphs `TEXTS`, and `index`, the index of it."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "corpus").mkdir()
    text = "天津市东丽区司法局2023年法治政府建设年度报告\n\n" + "\n".join(TEXTS) + "\n\n2024年1月5日\n"
    (folder / "corpus" / "a.txt").write_text(text, encoding="utf-8")
    (folder / "corpus" / "metadata.csv").write_text("file,published,cluster\na.txt,2024-01-05,京津冀\n", "utf-8")
    build(folder / "corpus", folder / "index")
    return folder
