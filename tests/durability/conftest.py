"""Fixtures for tests of damage: an intact index, copies of it, commands, and a timeout for tests that hang."""

from __future__ import annotations

import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest
from counting import NumberExtractor
from damage import LINES, CommandResult, RunCommand
from reports import Reports

from searchkit.cli import main as cli
from searchkit.indexing import indexer
from searchkit.indexing.build import BuildOptions, build

SECONDS = 60
"""Seconds after the start of a test, or after the last restart of its timeout, at which the test fails.

The number is high enough for a busy machine.
"""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunCommand:
    """Return the function `run(*arguments)`, which runs a searchkit command in this process."""

    def run(*arguments: object) -> CommandResult:
        monkeypatch.setattr(sys, "argv", ["searchkit", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return CommandResult(int(caught.value.code or 0), capsys.readouterr().err)

    return run


@pytest.fixture
def timeout() -> Iterator[Callable[[], None]]:
    """Fail a test that hangs. Returns a function that restarts the timeout. Windows has no timeout."""

    def fail(_number: int, _frame: FrameType | None) -> None:
        pytest.fail("the test hangs")

    def restart() -> None:
        if hasattr(signal, "alarm"):
            signal.alarm(SECONDS)

    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGALRM, fail)
    restart()
    yield restart
    if hasattr(signal, "alarm"):
        signal.alarm(0)


@pytest.fixture(scope="module")
def intact_index(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an index next to its reports. The columnar one has several segments and deleted documents."""
    folder = tmp_path_factory.mktemp("intact")
    reports = Reports(folder / "reports", random.Random(3), files=0)  # noqa: S311
    reports.add(8, LINES)
    (reports.folder / "0001.txt").write_text(
        "东丽区司法局2023年工作报告\n\n行政执法检查。\n\n普法129件。", encoding="utf-8"
    )
    (reports.folder / "metadata.csv").write_text("file,batch\n0001.txt,一\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(indexer, "Extractor", NumberExtractor)  # each number becomes a measure
        build(reports.folder, folder / "index", BuildOptions(engine))
        max(reports.folder.glob("0*")).unlink()
        reports.add(1, LINES)
        build(reports.folder, folder / "index", BuildOptions(engine))
    return folder / "index"


@pytest.fixture
def index(intact_index: Path, tmp_path: Path) -> Path:
    """Return a copy of the intact index, to be damaged."""
    return Path(shutil.copytree(intact_index, tmp_path / "index"))
