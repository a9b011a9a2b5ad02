"""Damaged files: a short version of `tests/formats/mutations.py`, and that it can find fault."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import pytest
from formats.mutations import RESULT, SEED, Counts, Mutations, write

from searchkit.indexing import budget

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the memory of processes is asked for as Unix has it")

FILES = 120


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> Counts:
    """What came of so many damaged files, other than those of the long run, and the sound ones among them."""
    mutations = Mutations(tmp_path_factory.mktemp("mutations"), SEED + 1, with_libreoffice=False)
    mutations.run(FILES)
    return mutations.counts


def test_damaged_files_cost_nothing_but_themselves(counts: Counts) -> None:
    """All files go through the build, none of them breaks it, all sound ones are indexed, memory stays bounded."""
    assert counts.broken == []
    assert counts.peak_memory <= budget.MEMORY
    outcomes: Counter[str] = sum(counts.outcomes.values(), Counter())
    assert outcomes.total() == FILES + counts.sound
    assert {"read", "read in part", "refused"} <= outcomes.keys()
    assert {".txt", ".html", ".md", ".docx", ".pdf", ".ofd", ".zip", ".csv", ".xlsx"} <= counts.outcomes.keys()


def test_mutations_can_be_made_again(tmp_path: Path) -> None:
    """The same number gives the same file, other numbers others; nearly all differ from the file they are made of."""
    first, second = (Mutations(tmp_path, with_libreoffice=False) for _ in range(2))
    files = [first.damaged(n) for n in range(40)]
    assert files == [second.damaged(n) for n in range(40)]
    assert len({data for _, data in files}) > 30


class Odd(Mutations):
    """Makes one file only."""

    def __init__(self, folder: Path, name: str, data: bytes) -> None:
        super().__init__(folder, with_libreoffice=False)
        self._file = name, data

    def damaged(self, n: int) -> tuple[str, bytes]:
        """Give the one file under the name of a sound one."""
        return f"{n:06}-sound-{self._file[0]}", self._file[1]


@pytest.mark.parametrize(
    ("name", "data"), [("a.docx", b"PK"), ("a.txt", bytes(99)), ("a.pdf", b"%PDF-1.4 cut")], ids=["docx", "txt", "pdf"]
)
def test_a_sound_file_that_is_not_read_is_a_fault(tmp_path: Path, name: str, data: bytes) -> None:
    """A run of which something went wrong says so."""
    mutations = Odd(tmp_path, name, data)
    mutations.run(1)
    (fault,) = mutations.counts.broken
    assert fault.startswith(f"000000-sound-{name}: is sound and was not read: ")


def test_what_is_written(counts: Counts, tmp_path: Path) -> None:
    """The result that is committed is of a whole run, has what a run writes, and tells of nothing broken."""
    write(counts, tmp_path / "result.json", SEED)
    written = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    committed = json.loads(RESULT.read_text(encoding="utf-8"))
    assert committed.keys() == written.keys()
    assert (written["files"], committed["files"]) == (FILES, 10_000)
    assert committed["broken"] == []
