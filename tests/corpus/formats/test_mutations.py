"""Damaged files: a short run of `tests/formats/mutations.py`, and checks that the script detects faults."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pytest
from formats.mutations import RESULT_FILE, SEED, Counts, Mutations, write_result

from searchkit.indexing import budget

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="memory is measured with a Unix interface")

FILES = 120


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> Counts:
    """Return the counts of a run with `FILES` damaged files. The files differ from those of the long run."""
    mutations = Mutations(tmp_path_factory.mktemp("mutations"), SEED + 1, with_libreoffice=False)
    mutations.run(FILES)
    return mutations.counts


def test_damaged_files_affect_nothing_else(counts: Counts) -> None:
    """All files pass through the builds without a fault, and memory stays within the limit for an empty file."""
    assert counts.faults == []
    assert counts.peak_memory <= budget.BASE_MEMORY
    outcomes: Counter[str] = sum(counts.outcomes.values(), Counter())
    assert outcomes.total() == FILES + counts.intact  # the run adds intact files among the damaged ones
    assert {"read", "read in part", "refused"} <= outcomes.keys()
    assert {".txt", ".html", ".md", ".docx", ".pdf", ".ofd", ".zip", ".csv", ".xlsx"} <= counts.outcomes.keys()


def test_mutations_are_reproducible(tmp_path: Path) -> None:
    """Files depend only on the seed and their number, and most of them differ from each other."""
    first, second = (Mutations(tmp_path, with_libreoffice=False) for _ in range(2))
    files = [first.damaged(n) for n in range(40)]
    assert files == [second.damaged(n) for n in range(40)]
    assert len({data for _, data in files}) > 30


UNREADABLE = {"a.docx": b"PK", "a.txt": bytes(99), "a.pdf": b"%PDF-1.4 cut"}
"""Contents of files that cannot be read, by name."""


class Unreadable(Mutations):
    """Creates the files of `UNREADABLE` instead of damaged ones."""

    def damaged(self, n: int) -> tuple[str, bytes]:
        """Return the name and bytes of file number `n` of `UNREADABLE`, named like an intact file."""
        name = [*UNREADABLE][n]
        return f"{n:06}-intact-{name}", UNREADABLE[name]


def test_unread_intact_files_are_faults(tmp_path: Path) -> None:
    """A run in which intact files are not indexed reports a fault for each."""
    mutations = Unreadable(tmp_path, with_libreoffice=False)
    mutations.run(len(UNREADABLE))
    for n, (name, fault) in enumerate(zip(UNREADABLE, mutations.counts.faults, strict=True)):
        assert fault.startswith(f"{n:06}-intact-{name}: is intact and was not read: ")


def test_the_committed_result_is_complete(counts: Counts, tmp_path: Path) -> None:
    """The committed result is of a full run, has the fields that a run writes, and reports no faults."""
    write_result(counts, tmp_path / "result.json", SEED)
    written = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    committed = json.loads(RESULT_FILE.read_text(encoding="utf-8"))
    assert committed.keys() == written.keys()
    assert (written["files"], committed["files"]) == (FILES, 10_000)
    assert committed["broken"] == []
