"""ripgrep: counts the lines that contain a string, on one thread; a line is a paragraph. No ranking, facets or index.

Each search starts a process, which takes about a millisecond.
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
if _PROGRAM is None:  # as for a library that is not installed
    raise ModuleNotFoundError("program rg not found, neither next to this Python nor on the path")
_COMMAND = (_PROGRAM, "--no-config", "--threads=1", "--fixed-strings", "--count", "--")
"""Command line, to which a string and the path of a file are added."""


def build(name: str, data: Path, folder: Path) -> None:
    """Do nothing: ripgrep has no index. It searches the file of texts."""


def open_peers(name: str, data: Path, folder: Path) -> Mapping[str, Peer]:  # noqa: ARG001 - there is no index
    """Return one engine to compare (a peer): ripgrep on the texts of the corpus."""
    return {"ripgrep": _RipgrepPeer(texts_file(name, data))}


class _RipgrepPeer:
    """The file of texts of a corpus. It supports phrases only."""

    def __init__(self, texts: Path) -> None:
        self._texts = str(texts)

    def prepare(self, query: Query) -> Prepared | None:
        """Build the command. Returns None if the query is not a phrase."""
        if query.kind != "phrase":
            return None
        command = [*_COMMAND, query.words[0], self._texts]
        return Prepared(lambda: subprocess.run(command, capture_output=True, check=False).stdout, _read)


def _read(output: bytes) -> Answer:
    """Return the count that ripgrep prints. Its output is empty if no line matches."""
    return Answer(int(output or 0), None, None)
