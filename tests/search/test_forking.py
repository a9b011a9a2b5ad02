"""An open index works in the children of a fork, also if other threads search at that moment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from searchkit.corpus.reading import ParsedDocument
from searchkit.indexing.build import BuildOptions, write_index

SCRIPT = """
import os, sys, threading, time
import searchkit

index = searchkit.open(sys.argv[1])

def work(n):
    for query in ("执法", "c9* OR 立案", '"检查"', "天津2023年立案", "量子 火星")[n % 5:]:
        index.search(query, facets=["year", "topic"])
        index.measures("立案")
        index.refresh()

def loop(n):
    while True:
        work(n)

for n in range(4):
    threading.Thread(target=loop, args=(n,), daemon=True).start()
for seconds in sys.argv[2:]:
    time.sleep(float(seconds))
    child = os.fork()
    if child == 0:
        work(0)
        os._exit(0 if index.search("立案").total == 2 else 1)
    end = time.monotonic() + 30
    process = 0
    while not process and time.monotonic() < end:
        time.sleep(0.01)
        process, status = os.waitpid(child, os.WNOHANG)
    if not process:
        os.kill(child, 9)
        os._exit(9)
    if status:
        os._exit(os.waitstatus_to_exitcode(status))
os._exit(0)
"""
"""Searches an index in four threads, and forks children that search it: `python -c SCRIPT INDEX SECONDS…`.

Forks one child after each of the pauses SECONDS. The exit status is 0 if all children find both paragraphs, 9 if a
child hangs.
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks")
def test_children_of_a_fork_search(tmp_path: Path, report: Callable[..., ParsedDocument], engine: str) -> None:
    """A child finds both paragraphs, whether its parent forks it during its first searches or during later ones."""
    reports = [
        report(name, "全年立案129件。", "执法检查C919。", year=2023, region=("天津市",)) for name in ("a.txt", "b.txt")
    ]
    write_index(reports, tmp_path, BuildOptions(engine))
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), "0", "0.005", "0.02", "0.05", "0.2"]
    process = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert (process.returncode, process.stderr) == (0, "")
