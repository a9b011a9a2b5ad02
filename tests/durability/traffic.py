"""Readers of an index, and a writer that commits repeatedly: each answer must agree with one commit.

    python traffic.py INDEX    queries in several threads until the last state appears, prints a summary

A state maps each file to the number of the state that last wrote it. The text of every file contains that number, so
that answers show the state that they come from.
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
"""Number of commits of the writer. Before the first one, the index has the state 0."""
THREADS = 2
"""Number of threads of each reader process."""
LINES = 6
"""Number of paragraphs per file. Each matches the query."""
QUERY = "执法"
DEADLINE = 240.0
"""Timeout of all readers in seconds; six or seven seconds are usual."""
PAUSE = 0.02
"""Seconds that a reader thread waits after each of its rounds of queries. Without a pause, the readers would take the
cores from the writer, whose commits decide how long they read."""
_STATE_NUMBER = re.compile(r"(\d+)号状态写入")  # 3号状态写入第0段

State = Mapping[str, int]
"""Number of the state that last wrote each file, by file name."""


def states() -> list[State]:
    """Return all states: the contents of the index at first and after each commit.

    Each commit adds a file. Most also rewrite one or two files, and every fourth removes one.
    """
    rng = random.Random(1)  # noqa: S311 - no secret
    files = {f"{n:03d}.txt": 0 for n in range(12)}
    result: list[State] = [files]
    for number in range(1, COMMITS + 1):
        names = rng.sample(sorted(files), 3)
        files = {**files, **dict.fromkeys([f"{number + 100}.txt", *names[: number % 3]], number)}
        if number % 4 == 0:
            del files[names[2]]
        result.append(files)
    return result


def write_state(folder: Path, state: State, number: int) -> None:
    """Change a corpus folder from the previous state to this one; create it for state 0."""
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
    """Commit all states except for the first."""
    for number, state in enumerate(states()[1:], 1):
        write_state(corpus, state, number)
        build(corpus, index)


class Reader:
    """One reader thread. It checks that answers are consistent and never older than previous ones."""

    def __init__(self, path: Path, shared: Index) -> None:
        self.answers = 0
        """Number of answers so far."""
        self.seen_states: set[int] = set()
        """Numbers of the states that the answers came from."""
        self._path, self._shared = path, shared
        self._states = [frozenset(state.items()) for state in states()]
        self._min_state, self._reopened_state = 0, 0
        """Numbers of the newest states that this thread has seen in the shared index, and in an index opened again.

        Later answers must not be from an older state.
        """

    @property
    def has_finished(self) -> bool:
        """Whether the reader has seen the last state."""
        return self._min_state == COMMITS

    def work(self) -> None:
        """Run each kind of query once. Raises AssertionError for an answer that agrees with no valid state."""
        for query in (self._search, self._page, self._paragraph, self._documents, self._refresh, self._reopen):
            query()
            self.answers += 1

    def _search(self) -> None:
        """Search for all paragraphs in the shared index."""
        number = self._find_current_state(self._shared, self._min_state)
        self._min_state = number
        self.seen_states.add(number)

    def _page(self) -> None:
        """Request one page of a sorted search. Its files and the total must agree with one state."""
        results = self._shared.search(QUERY, limit=7, offset=3, sort="-year")
        files = files_in(results)
        size = results.total
        self._find_state(
            self._min_state, lambda state: files <= state and size == len(state) * LINES, f"{files}, {size}"
        )

    def _paragraph(self) -> None:
        """Fetch a random paragraph of a known file. The file may have been removed in a later state."""
        name, _ = random.choice(sorted(self._states[self._min_state]))  # noqa: S311
        paragraph = self._shared.paragraph(f"{name}#{random.randint(1, LINES)}")  # noqa: S311
        file = paragraph and (name, _state_number(paragraph.text))
        agrees = (lambda state: file in state) if file else (lambda state: name not in dict(state))
        self._find_state(self._min_state, agrees, f"{name}: {file}")

    def _documents(self) -> None:
        """List all documents. Their names must agree with one state."""
        names = {document.document for document in self._shared.documents()}
        self._find_state(self._min_state, lambda state: names == dict(state).keys(), f"{names}")

    def _refresh(self) -> None:
        """Switch the shared index to the latest commit."""
        self._shared.refresh()

    def _reopen(self) -> None:
        """Open the index again. It must be at least as new as all answers so far."""
        with Index(self._path) as reopened:
            self._reopened_state = self._find_current_state(reopened, max(self._min_state, self._reopened_state))

    def _find_current_state(self, index: Index, min_state: int) -> int:
        """Return the number of the state, `min_state` or later, that a search for all paragraphs shows, or fail."""
        results = index.search(QUERY, limit=None, facets=["document"])
        files = files_in(results)
        assert results.total == len(results.hits) == len(files) * LINES, f"{results.total} hits of {files}"
        counts = {item.value: item.count for item in results.facets["document"].values}
        assert counts == {name: LINES for name, _ in files}, f"{counts} for {files}"
        return self._find_state(min_state, lambda state: state == files, f"{files}")

    def _find_state(
        self, min_state: int, agrees: Callable[[frozenset[tuple[str, int]]], bool], description: str
    ) -> int:
        """Return the first state number, from `min_state` on, whose state agrees with an answer. Fails if none does."""
        numbers = [number for number, state in enumerate(self._states) if agrees(state)]
        assert numbers, f"no state: {description}"
        assert numbers[-1] >= min_state, f"state {numbers[-1]} after {min_state}: {description}"
        return next(number for number in numbers if number >= min_state)


def files_in(results: Results) -> frozenset[tuple[str, int]]:
    """Return the files of the hits, each with the number of the state that wrote it."""
    return frozenset((hit.paragraph.document, _state_number(hit.paragraph.text)) for hit in results.hits)


def _state_number(text: str) -> int:
    """Return the number of the state that wrote a paragraph with this text."""
    match = _STATE_NUMBER.match(text)
    assert match, text
    return int(match[1])


def read(path: Path) -> dict[str, object]:
    """Read in several threads that share one open index. Returns a summary: answers, states and errors."""
    errors: list[str] = []
    end = time.monotonic() + DEADLINE

    def work(reader: Reader) -> None:
        try:
            while not reader.has_finished:
                reader.work()
                time.sleep(PAUSE)
                assert time.monotonic() < end, f"the last state did not appear: {sorted(reader.seen_states)}"
        except Exception as error:  # noqa: BLE001 - every error goes into the summary
            errors.append(f"{type(error).__name__}: {error}")

    with Index(path) as shared:
        readers = [Reader(path, shared) for _ in range(THREADS)]
        threads = [threading.Thread(target=work, args=(reader,)) for reader in readers]
        _print("ready")
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    seen_states: Iterable[int] = set().union(*(reader.seen_states for reader in readers))
    return {"answers": [reader.answers for reader in readers], "seen": sorted(seen_states), "errors": errors}


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _print(json.dumps(read(Path(sys.argv[1]))))
