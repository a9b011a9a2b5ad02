"""Fixtures for tests of damage: a sound index, copies of it, commands that must not hang."""

from __future__ import annotations

import random
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest
from counting import Counting
from damage import LINES, Ran, Run
from reports import Reports

from searchkit.cli import main as cli
from searchkit.indexing import indexer
from searchkit.indexing.build import BuildOptions, build

SECONDS = 60
"""What no command takes, however much else the machine has to do."""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process, and not for ever."""

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["searchkit", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        return Ran(int(left.value.code or 0), capsys.readouterr().err)

    return run


@pytest.fixture
def in_time() -> Iterator[Callable[[], None]]:
    """Fail a test that hangs; to be called when it got on."""

    def fail(_number: int, _frame: FrameType | None) -> None:
        pytest.fail("it hangs")

    def again() -> None:
        if hasattr(signal, "alarm"):
            signal.alarm(SECONDS)

    if hasattr(signal, "alarm"):
        signal.signal(signal.SIGALRM, fail)
    again()
    yield again
    if hasattr(signal, "alarm"):
        signal.alarm(0)


@pytest.fixture(scope="module")
def sound(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index in several segments, with documents that are gone (the columnar one), beside its reports."""
    folder = tmp_path_factory.mktemp("sound")
    reports = Reports(folder / "reports", random.Random(3), files=0)  # noqa: S311
    reports.add(8, LINES)
    (reports.folder / "0001.txt").write_text(
        "东丽区司法局2023年工作报告\n\n行政执法检查。\n\n普法129件。", encoding="utf-8"
    )
    (reports.folder / "metadata.csv").write_text("file,batch\n0001.txt,一\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(indexer, "Extractor", Counting)
        build(reports.folder, folder / "index", BuildOptions(engine))
        max(reports.folder.glob("0*")).unlink()
        reports.add(1, LINES)
        build(reports.folder, folder / "index", BuildOptions(engine))
    return folder / "index"


@pytest.fixture
def index(sound: Path, tmp_path: Path) -> Path:
    """A copy of that index, to be damaged."""
    return Path(shutil.copytree(sound, tmp_path / "index"))
