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
    """Return the counts of a run with `FILES` damaged files, which differ from those of the long run."""
    mutations = Mutations(tmp_path_factory.mktemp("mutations"), SEED + 1, with_libreoffice=False)
    mutations.run(FILES)
    return mutations.counts


def test_damaged_files_affect_nothing_else(counts: Counts) -> None:
    """All files pass through the build without a fault, intact files are indexed, and memory stays within the limit."""
    assert counts.faults == []
    assert counts.peak_memory <= budget.BASE_MEMORY
    outcomes: Counter[str] = sum(counts.outcomes.values(), Counter())
    assert outcomes.total() == FILES + counts.intact
    assert {"read", "read in part", "refused"} <= outcomes.keys()
    assert {".txt", ".html", ".md", ".docx", ".pdf", ".ofd", ".zip", ".csv", ".xlsx"} <= counts.outcomes.keys()


def test_mutations_are_reproducible(tmp_path: Path) -> None:
    """Files depend only on the seed and their number, and most of them differ from each other."""
    first, second = (Mutations(tmp_path, with_libreoffice=False) for _ in range(2))
    files = [first.damaged(n) for n in range(40)]
    assert files == [second.damaged(n) for n in range(40)]
    assert len({data for _, data in files}) > 30


class SingleFile(Mutations):
    """Yields a single given file."""

    def __init__(self, folder: Path, name: str, data: bytes) -> None:
        super().__init__(folder, with_libreoffice=False)
        self._file = name, data

    def damaged(self, n: int) -> tuple[str, bytes]:
        """Return the file, named like an intact one."""
        return f"{n:06}-intact-{self._file[0]}", self._file[1]


@pytest.mark.parametrize(
    ("name", "data"), [("a.docx", b"PK"), ("a.txt", bytes(99)), ("a.pdf", b"%PDF-1.4 cut")], ids=["docx", "txt", "pdf"]
)
def test_an_unread_intact_file_is_a_fault(tmp_path: Path, name: str, data: bytes) -> None:
    """A run in which an intact file is not indexed reports a fault."""
    mutations = SingleFile(tmp_path, name, data)
    mutations.run(1)
    (fault,) = mutations.counts.faults
    assert fault.startswith(f"000000-intact-{name}: is intact and was not read: ")


def test_the_committed_result_is_complete(counts: Counts, tmp_path: Path) -> None:
    """The committed result is of a full run, has the fields that a run writes, and reports no faults."""
    write_result(counts, tmp_path / "result.json", SEED)
    written = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    committed = json.loads(RESULT_FILE.read_text(encoding="utf-8"))
    assert committed.keys() == written.keys()
    assert (written["files"], committed["files"]) == (FILES, 10_000)
    assert committed["broken"] == []
