"""ripgrep: counts the lines that hold a string, one paragraph a line, one thread. No ranking, no facets, no index.

Each search starts a process, which takes about a millisecond of its time.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.corpora import texts_file
from bench.peers import Answer, Peer, Prepared
from bench.queries import Query

_PROGRAM = shutil.which("rg", path=str(Path(sys.executable).parent)) or shutil.which("rg")
if _PROGRAM is None:  # as any library that is not installed
    raise ModuleNotFoundError("there is no program rg: neither beside this Python nor on the path")
_COMMAND = (_PROGRAM, "--no-config", "--threads=1", "--fixed-strings", "--count", "--")


def build(name: str, data: Path, folder: Path) -> None:
    """Nothing: it reads the text itself."""


def open_peers(name: str, data: Path, folder: Path) -> Mapping[str, Peer]:  # noqa: ARG001 - it has no folder
    """One way to ask."""
    return {"ripgrep": _Ripgrep(texts_file(name, data))}


class _Ripgrep:
    def __init__(self, texts: Path) -> None:
        self._texts = str(texts)

    def prepare(self, query: Query) -> Prepared | None:
        """The command, if the query is a string."""
        if query.kind != "phrase":
            return None
        command = [*_COMMAND, query.words[0], self._texts]
        return Prepared(lambda: subprocess.run(command, capture_output=True, check=False).stdout, _read)


def _read(output: bytes) -> Answer:
    return Answer(int(output or 0), None, None)
