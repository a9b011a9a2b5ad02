"""Isolation: in the current folder, which may be the corpus, no Python file runs, and a matplotlibrc has no effect.

Ctrl-C prints at most one line, and no traceback, also while modules are imported.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest

LIBRARIES = (
    *(
        "_yaml",
        "ahocorasick_rs",
        "click",
        "id_validator",
        "jieba",
        "linkify_it",
        "markdown_it",
        "mdurl",
        "msgspec",
        "numpy",
    ),
    *("pkg_resources", "pypdfium2", "rjieba", "selectolax", "tabulate", "tomli", "wcwidth", "whoosh", "xxhash", "yaml"),
    *("sitecustomize", "usercustomize"),
)
REPORT = "东丽区司法局2023年法治政府建设年度报告\n\n一、成效\n全年立案{}件。\n"
COMMAND = Path(sysconfig.get_path("scripts"), "searchkit")


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A corpus of 14 reports, a damaged .doc file, and Python files with the names of modules that a build may import.

    There is such a file for each module of the standard library and of `LIBRARIES`. If one runs, it writes its name to
    the file `ran` beside the corpus.
    """
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for name in {*sys.stdlib_module_names, *LIBRARIES}:
        (corpus / f"{name}.py").write_text(
            f"open({str(tmp_path / 'ran')!r}, 'a').write('{name} ')\nraise ImportError({name!r})\n", encoding="utf-8"
        )
    for n in range(12):
        (corpus / f"{n}.txt").write_text(REPORT.format(n), encoding="utf-8")
    (corpus / "page.html").write_text("<p>立案3件。</p>", encoding="utf-8")
    (corpus / "front.md").write_text(
        "---\nyear: 2022\n---\n# 报告\n\n立案3件。\n\n<p>罚款1万元。</p>\n", encoding="utf-8"
    )
    (corpus / "old.doc").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    return corpus


@pytest.mark.skipif(not COMMAND.exists(), reason="searchkit is not installed as a command")
@pytest.mark.parametrize("start", [[str(COMMAND)], [sys.executable, "-m", "searchkit"]], ids=["command", "-m"])
def test_modules_in_the_current_folder_do_not_run(hostile: Path, tmp_path: Path, start: list[str]) -> None:
    """A build in a folder full of Python modules runs none of them, as a command and with `python -m`."""
    command = [*start, "build", ".", "--index", str(tmp_path / "index"), "--jobs", "2"]
    done = subprocess.run(command, cwd=hostile, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text(encoding="utf-8")
    assert done.stdout.startswith("14 files read: 14 documents")


CALL = """
import sys
sys.path[:] = [folder for folder in sys.path if folder not in ("", {here!r})]
from searchkit.indexing.build import build
import searchkit.engines.columnar.engine
sys.path.append({here!r})
report = build({here!r}, {index!r})
print(report.documents)
"""


def test_children_do_not_search_the_current_folder(hostile: Path, tmp_path: Path) -> None:
    """A child imports nothing from the current folder of its parent, even if the parent added it to its module path.

    It does not run usercustomize from the user's site-packages either.
    """
    index, users = tmp_path / "index", tmp_path / "users"
    site = Path(
        sysconfig.get_path("purelib", "posix_user" if os.name == "posix" else "nt_user", {"userbase": str(users)})
    )
    site.mkdir(parents=True)
    trace = tmp_path / "traces"
    (site / "usercustomize.py").write_text(f"open({str(trace)!r}, 'a').write('started ')\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", CALL.format(here=str(hostile), index=str(index))],
        cwd=hostile,
        env={**os.environ, "PYTHONUSERBASE": str(users), "PYTHONNOUSERSITE": "", "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "14\n"), done.stderr
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text(encoding="utf-8")
    # The parent may run usercustomize once; if a child ran it too, the trace would be longer.
    assert not trace.exists() or trace.read_text(encoding="utf-8") in ("started ", "")


def test_settings_in_the_current_folder_do_not_change_charts(tmp_path: Path) -> None:
    """A matplotlibrc in the current folder has no effect on a chart."""
    pytest.importorskip("matplotlib")
    corpus, index = tmp_path / "corpus", tmp_path / "index"
    corpus.mkdir()
    for year in (2022, 2023):
        (corpus / f"{year}.txt").write_text(
            f"东丽区司法局{year}年工作报告\n\n立案{year - 2000}件。\n", encoding="utf-8"
        )
    assert run(["build", str(corpus), "--index", str(index)], tmp_path).returncode == 0
    charts = []
    for number, settings in enumerate((None, "axes.facecolor: red\nlines.linewidth: 9\n", "\xff\xfe: \xff")):
        folder = tmp_path / f"here{number}"
        folder.mkdir()
        if settings:
            (folder / "matplotlibrc").write_bytes(settings.encode("latin-1"))
        done = run(["compare", "立案", "--index", str(index), "--chart", "chart.svg"], folder)
        if "font with Chinese characters" in done.stderr:
            pytest.skip("no Chinese font here")
        assert (done.returncode, done.stderr) == (0, "")
        charts.append((folder / "chart.svg").read_bytes())
    assert charts[0] == charts[1] == charts[2]


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run searchkit in a folder."""
    command = [sys.executable, "-m", "searchkit", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


ANNOUNCE_IMPORT = """
import importlib.machinery, sys
find = importlib.machinery.PathFinder.find_spec
def announce(name, *rest):
    if name == "searchkit.cli.main":
        sys.stdout.write("importing\\n"); sys.stdout.flush()
    return find(name, *rest)
importlib.machinery.PathFinder.find_spec = announce
sys.argv = ["searchkit", *sys.argv[1:]]
from searchkit.__main__ import main
main()
"""
"""Runs a command of searchkit, and prints a line when it begins to import the command line."""


@pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")
@pytest.mark.parametrize(
    "command", [["build", "CORPUS", "--index", "INDEX"], ["search", "x", "--index", "INDEX"]], ids=lambda c: c[0]
)
def test_ctrl_c_during_imports_prints_at_most_one_line(tmp_path: Path, command: list[str]) -> None:
    """Ctrl-C up to 0.3 s after the import of the command line began prints at most one line, and no traceback.

    If the command exits with status 3, and not because there is no index, the line says that it was interrupted.
    """
    (tmp_path / "CORPUS").mkdir()
    (tmp_path / "CORPUS" / "a.txt").write_text(REPORT.format(1), encoding="utf-8")
    rng = random.Random(7)  # noqa: S311 - random times
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", ANNOUNCE_IMPORT, *command],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=enable_interrupts,  # noqa: PLW1509 - no other thread matters here
        )
        with process:
            assert process.stdout
            process.stdout.readline()
            time.sleep(rng.uniform(0, 0.3))
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        lines = errors.splitlines()
        assert "Traceback" not in errors
        assert len(lines) <= 1
        assert process.returncode in {0, 1, 3, -signal.SIGINT}  # the command may have finished before
        if process.returncode == 3 and "no index" not in errors:
            assert lines[0].startswith("searchkit: interrupted")


INTERRUPT_EACH_IMPORT = """
import contextlib, importlib.machinery, os, sys
from searchkit import __main__ as entry
statuses, get_code = [], importlib.machinery.SourceFileLoader.get_code
def interrupt(self, name):
    code = get_code(self, name)
    entry._handle_interrupt(2, None)
    return code
os._exit = statuses.append
importlib.machinery.SourceFileLoader.get_code = interrupt
sys.argv = ["searchkit", *sys.argv[1:]]
with contextlib.suppress(SystemExit):
    entry.main()
print(len(statuses), *{*statuses[:-1]})
"""
"""Runs a command of searchkit. Handles Ctrl-C in the import of each module, but then goes on instead of exiting.

Prints the number of exits that were requested, and the distinct statuses of all but the last, which is the exit of the
command itself.
"""


@pytest.mark.parametrize(("locale", "texts"), [("C", {"interrupted"}), ("zh_CN.UTF-8", {"interrupted", "已中断"})])
def test_ctrl_c_in_any_import_prints_one_line(tmp_path: Path, locale: str, texts: set[str]) -> None:
    """Ctrl-C prints one line and exits with 3 in the import of any module, even of the one that translates messages."""
    command = [sys.executable, "-c", INTERRUPT_EACH_IMPORT, "search", "x", "--index", str(tmp_path)]
    environment = {**os.environ, "LC_ALL": locale, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment, check=False)
    lines = done.stderr.splitlines()
    assert {line.removeprefix("searchkit: ") for line in lines if str(tmp_path) not in line} == texts
    count, status = map(int, done.stdout.split())
    assert len(lines) > count - 2 > 50  # a line for each of the `count - 1` interruptions, of which there are many
    assert status == 3


def enable_interrupts() -> None:
    """Enable Ctrl-C in a child. A process in the background may ignore Ctrl-C, and then its children ignore it, too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
