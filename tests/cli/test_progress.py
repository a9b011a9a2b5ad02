"""Progress of long work, and what a command says after Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import searchkit
from searchkit.cli import indexes
from searchkit.cli import progress as module
from searchkit.cli.progress import long_work
from searchkit.indexing.tasks import Progress as Counts
from searchkit.text.characters import display_width
from searchkit.translation import set_language


def test_the_index_reports_its_progress(small: Path) -> None:
    """Check and audit report ascending amounts of work that is done, up to all of it."""
    reports: list[tuple[int, int]] = []
    with searchkit.open(small / "index") as index:
        for work in (index.check, index.audit):
            reports.clear()
            work(on_progress=lambda *report: reports.append(report))
            assert reports == sorted(reports)
            assert len({of_all for _, of_all in reports}) == 1
            assert reports[-1][0] == reports[-1][1] > 0


def test_bars_are_for_terminals_and_long_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A bar is shown only on a terminal without a pager, and only after `progress._QUIET_SECONDS` of work."""

    def work() -> str:
        with long_work("counting", lambda progress: f"{progress.done}") as progress:
            for _ in progress.count(range(50), 50):
                time.sleep(0.001)
        return capsys.readouterr().err

    assert work() == ""
    monkeypatch.setattr(module, "_QUIET_SECONDS", 0)
    assert work() == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    shown = work()
    assert "counting" in shown
    assert "100%" in shown
    assert shown.endswith("\n")
    with monkeypatch.context() as patch:
        patch.setattr(module, "is_running", lambda: True)
        assert work() == ""
    monkeypatch.setattr(module, "_QUIET_SECONDS", 60)
    assert work() == ""


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("columns", [40, 60, 80])
def test_a_bar_fits_its_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: int, language: str
) -> None:
    """No line of a bar is wider than the terminal, where it would be drawn below itself at each step."""
    monkeypatch.setattr(module, "_QUIET_SECONDS", 0)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stderr, "fileno", lambda: 2, raising=False)
    monkeypatch.setattr(os, "get_terminal_size", lambda *_: os.terminal_size((columns, 24)))
    counts = Counts(files=1234, all_files=5678, bytes=90_000_000, all_bytes=300_000_000)
    display = indexes._ProgressDisplay()
    monkeypatch.setattr(display, "_started", time.monotonic() - 100)
    set_language(language)
    with display.show_bar():
        display(counts)
    with long_work("exporting" if language == "en" else "正在导出", lambda _: "") as progress:
        progress(1, 3)
        time.sleep(1.1)  # click estimates the time left once per second
        progress(2, 3)
    set_language("en")
    shown = capsys.readouterr().err
    lines = [click.unstyle(line).rstrip() for line in re.split(r"[\r\n]+", shown)]
    assert max(map(display_width, lines)) <= columns
    assert ("1234" in shown, "0:0" in shown) == (True, True)


def test_an_interrupt_is_one_line_that_says_what_was_done(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in long work ends the command with status 3 and a line about what was done. The handler is restored."""

    def items() -> Iterator[int]:
        yield from range(3)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
        yield 3

    before = signal.default_int_handler
    monkeypatch.setattr(signal, "getsignal", lambda _: before)  # a test may run where Ctrl-C is ignored
    with (
        pytest.raises(SystemExit) as ended,
        long_work("counting", lambda progress: f"{progress.done} were counted") as progress,
    ):
        list(progress.count(items(), 10))
    assert ended.value.code == 3
    assert capsys.readouterr().err == "searchkit: interrupted: 3 were counted\n"
    assert signal.signal(signal.SIGINT, before) is before


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize(
    ("arguments", "slow"),
    [
        (("export", "paragraphs", "--output", "a.jsonl"), "pathlib.Path.replace"),
        (("search", "立案", "--output", "a.jsonl"), "pathlib.Path.replace"),
        (("export", "paragraphs", "--output", "a.xlsx"), "xlsxwriter.packager.Packager._create_package"),
        (("search", "立案", "--output", "a.xlsx"), "xlsxwriter.packager.Packager._create_package"),
    ],
)
def test_an_interrupted_command_leaves_no_part_of_a_file(
    small: Path, tmp_path: Path, arguments: tuple[str, ...], slow: str, number: str
) -> None:
    """After Ctrl-C, `kill` or the end of the terminal, a file that was there before is as it was.

    A line says so. `slow` is the function during which that happens.
    """
    path = tmp_path / arguments[-1]
    path.write_text("before", encoding="utf-8")
    owner, name = slow.rsplit(".", 1)
    code = (
        "import os, signal, sys, time, pkgutil\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"owner = pkgutil.resolve_name({owner!r})\n"
        f"function = owner.{name}\n"
        "def slow(*arguments, **options):\n"
        f"    os.kill(os.getpid(), signal.{number}); time.sleep(1); return function(*arguments, **options)\n"
        f"owner.{name} = slow\n"
        "from searchkit.cli.main import main\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments, "--index", str(small / "index")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == f"searchkit: interrupted: {path.name} was not written\n"
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
    assert path.read_text(encoding="utf-8") == "before"
