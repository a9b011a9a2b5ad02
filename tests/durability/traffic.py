"""One index, a writer that commits again and again, and readers: whatever they are told must be true of one commit.

    python traffic.py write CORPUS INDEX    commits the states 1 to COMMITS, one after the other
    python traffic.py read INDEX            asks in several threads until the last state is there, prints what it saw

Every file tells which state wrote it, so that a state is known by its files, and an answer by what it tells of them.
"""

from __future__ import annotations

import json
import random
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from searchkit.index import Index
from searchkit.indexing.build import build
from searchkit.search.results import Results

COMMITS = 18
THREADS = 2
LINES = 6
"""Paragraphs of each file that hold the query."""
QUERY = "执法"
DEADLINE = 240.0
"""Seconds that all of it may take; six or seven are usual."""
_MARK = re.compile(r"(\d+)号状态写入")

State = Mapping[str, int]
"""The state that wrote each file, by name."""


def states() -> list[State]:
    """What the index holds after each commit: some files more, some written again, some gone."""
    chance = random.Random(1)  # noqa: S311 - no secret
    files = {f"{n:03d}.txt": 0 for n in range(12)}
    found: list[State] = [files]
    for number in range(1, COMMITS + 1):
        names = chance.sample(sorted(files), 3)
        files = {**files, **dict.fromkeys([f"{number + 100}.txt", *names[: number % 3]], number)}
        if number % 4 == 0:
            del files[names[2]]
        found.append(files)
    return found


def put(folder: Path, state: State, number: int) -> None:
    """Bring a corpus folder to a state, from the one before it; state 0 from nothing."""
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name not in state:
            path.unlink()
    for name, writer in state.items():
        if writer == number:
            lines = [f"{number}号状态写入第{n}段，行政执法检查{n}次。" for n in range(LINES)]
            text = "\n\n".join([f"东丽区司法局{2018 + number % 7}年法治政府建设年度报告", *lines, ""])
            (folder / name).write_text(text, encoding="utf-8")


def write(corpus: Path, index: Path) -> None:
    """Commit all states but the first."""
    for number, state in enumerate(states()[1:], 1):
        put(corpus, state, number)
        build(corpus, index)


class Reader:
    """One thread that reads, and sees to it that nothing it is told contradicts itself or goes back in time."""

    def __init__(self, path: Path, shared: Index) -> None:
        self.answers = 0
        self.seen: set[int] = set()
        """Numbers of the states that answers were of."""
        self._path, self._shared = path, shared
        self._states = [frozenset(state.items()) for state in states()]
        self._at_least, self._at_least_anew = 0, 0

    @property
    def is_through(self) -> bool:
        """Whether the last state was there."""
        return self._at_least == COMMITS

    def work(self) -> None:
        """Ask once whatever can be asked. Raises AssertionError for an answer that cannot be."""
        for ask in (self._search, self._page, self._paragraph, self._documents, self._refresh, self._reopen):
            ask()
            self.answers += 1

    def _search(self) -> None:
        number = self._of_everything(self._shared, self._at_least)
        self._at_least = number
        self.seen.add(number)

    def _page(self) -> None:
        results = self._shared.search(QUERY, limit=7, offset=3, sort="-year")
        told = marks(results)
        size = results.total
        self._one_of(self._at_least, lambda state: told <= state and size == len(state) * LINES, f"{told}, {size}")

    def _paragraph(self) -> None:
        name, _ = random.choice(sorted(self._states[self._at_least]))  # noqa: S311
        paragraph = self._shared.paragraph(f"{name}#{random.randint(1, LINES)}")  # noqa: S311
        mark = paragraph and (name, _mark(paragraph.text))
        is_told = (lambda state: mark in state) if mark else (lambda state: name not in dict(state))
        self._one_of(self._at_least, is_told, f"{name}: {mark}")

    def _documents(self) -> None:
        names = {document.document for document in self._shared.documents()}
        self._one_of(self._at_least, lambda state: names == dict(state).keys(), f"{names}")

    def _refresh(self) -> None:
        self._shared.refresh()

    def _reopen(self) -> None:
        """A new opening shows the latest state, so none that is older than what was seen before anywhere."""
        with Index(self._path) as anew:
            self._at_least_anew = self._of_everything(anew, max(self._at_least, self._at_least_anew))

    def _of_everything(self, index: Index, at_least: int) -> int:
        """The number of the state that one search with everything in it tells of."""
        results = index.search(QUERY, limit=None, facets=["document"])
        told = marks(results)
        assert results.total == len(results.hits) == len(told) * LINES, f"{results.total} hits of {told}"
        counts = {item.value: item.count for item in results.facets["document"].values}
        assert counts == {name: LINES for name, _ in told}, f"{counts} for {told}"
        return self._one_of(at_least, lambda state: state == told, f"{told}")

    def _one_of(self, at_least: int, is_told: Callable[[frozenset[tuple[str, int]]], bool], what: str) -> int:
        """The first state from a number on that something is true of."""
        numbers = [number for number, state in enumerate(self._states) if is_told(state)]
        assert numbers, f"no state: {what}"
        assert numbers[-1] >= at_least, f"state {numbers[-1]} after {at_least}: {what}"
        return next(number for number in numbers if number >= at_least)


def marks(results: Results) -> frozenset[tuple[str, int]]:
    """The files that hits are of, each with the state that wrote what the hit says."""
    return frozenset((hit.paragraph.document, _mark(hit.paragraph.text)) for hit in results.hits)


def _mark(text: str) -> int:
    found = _MARK.match(text)
    assert found, text
    return int(found[1])


def read(path: Path) -> dict[str, object]:
    """Read in several threads that share one open index. Returns what they saw."""
    errors: list[str] = []
    end = time.monotonic() + DEADLINE

    def work(reader: Reader) -> None:
        try:
            while not reader.is_through:
                reader.work()
                assert time.monotonic() < end, f"the last state does not come: {sorted(reader.seen)}"
        except Exception as error:  # noqa: BLE001 - all that is told is told
            errors.append(f"{type(error).__name__}: {error}")

    with Index(path) as shared:
        readers = [Reader(path, shared) for _ in range(THREADS)]
        threads = [threading.Thread(target=work, args=(reader,)) for reader in readers]
        _say("ready")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    seen: Iterable[int] = set().union(*(reader.seen for reader in readers))
    return {"answers": [reader.answers for reader in readers], "seen": sorted(seen), "errors": errors}


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[1] == "write":
        write(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        _say(json.dumps(read(Path(sys.argv[2]))))
