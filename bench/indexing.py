"""Measures the time to index paragraphs, word segmentation included, with searchkit and with tantivy.

    python -m bench.indexing ENGINE --processes 1|2 --paragraphs 100000 --out FILE

Both engines index the same documents, which are in memory, and use the same analyzer. With one process, everything runs
on one core. With two processes, searchkit writes two indexes and merges them. For tantivy, two processes segment the
text, while the main process adds the items and tantivy's own thread indexes them. The clock stops when the index is
committed and tantivy's merges have ended.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench import corpora, generate
from bench.corpora import analyzer
from bench.peers import tantivy
from searchkit.corpus.reading import ParsedDocument
from searchkit.engines.opening import ENGINES, open_writer

Documents = Sequence[ParsedDocument]

_fork = multiprocessing.get_context("fork")
"""Starts workers as copies of this process. They inherit the documents and the dictionary."""
_shared_documents: list[Documents] = []
"""Lists of documents for the workers, which inherit them when they are forked."""


def index_with_searchkit(documents: Documents, folder: Path) -> None:
    """Segment and index the documents in this process."""
    _write(documents, folder)


def index_with_searchkit_in_two_processes(documents: Documents, folder: Path) -> None:
    """Index one half of the documents in each of two processes, then merge the indexes."""
    middle = len(documents) // 2
    _shared_documents[:] = [documents[:middle], documents[middle:]]
    merged = folder / "merged"
    merged.mkdir()
    writer = open_writer(ENGINES[0], merged, analyzer())
    with _fork.Pool(2) as pool:
        for part in pool.imap(_write_part, [(number, folder / str(number)) for number in range(2)]):
            writer.add_index(part)
    writer.commit()


def index_with_tantivy(documents: Documents, folder: Path) -> None:
    """Segment and add the items in this process; tantivy's thread shares the core."""
    tantivy.add_all(tantivy.create(folder), (item for parsed in documents for item in _to_items(parsed)))


def index_with_tantivy_in_two_processes(documents: Documents, folder: Path) -> None:
    """Segment the text in two processes and add the items in this one."""
    _shared_documents[:] = [documents]
    with _fork.Pool(2) as pool:
        tantivy.add_all(
            tantivy.create(folder), _attach_terms(pool.imap(_segment, range(len(documents)), chunksize=16), documents)
        )


METHODS: dict[tuple[str, int], Callable[[Documents, Path], None]] = {
    ("searchkit", 1): index_with_searchkit,
    ("searchkit", 2): index_with_searchkit_in_two_processes,
    ("tantivy", 1): index_with_tantivy,
    ("tantivy", 2): index_with_tantivy_in_two_processes,
}
"""Engine and number of processes → function that indexes documents in an empty folder."""


def time_indexing(engine: str, processes: int, paragraphs: int) -> float:
    """Return the seconds that an engine takes to index generated paragraphs. `paragraphs` is their number."""
    if processes == 1:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    documents = list(generate.documents(paragraphs))
    analyzer().tokenize("装入词典" * 5000)  # a text of this length loads the dictionary, before the clock starts
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        METHODS[engine, processes](documents, Path(folder))
        return time.perf_counter() - started


def _write(documents: Documents, folder: Path) -> None:
    """Write a searchkit index of the documents, without their measures, to an existing folder."""
    writer = open_writer(ENGINES[0], folder, analyzer())
    for parsed in documents:
        writer.add(parsed.document, parsed.paragraphs, [()] * len(parsed.paragraphs), parsed.document.document)
    writer.commit()


def _write_part(task: tuple[int, Path]) -> Path:
    """Index a list of `_shared_documents`. `task` is the index of the list, and a new folder. Returns the folder."""
    number, folder = task
    folder.mkdir()
    _write(_shared_documents[number], folder)
    return folder


def _to_items(parsed: ParsedDocument) -> Iterator[corpora.Item]:
    """Segment the passages of a document, and yield them as items."""
    passages = corpora.passages(parsed)
    return map(corpora.as_item, parsed.paragraphs, passages, analyzer().index_terms(passages))


def _segment(number: int) -> list[str]:
    """Return the terms of each passage of a document, joined by spaces: a string is cheap to send to a process."""
    return [item.terms for item in _to_items(_shared_documents[0][number])]


def _attach_terms(segmented: Iterator[list[str]], documents: Documents) -> Iterator[corpora.Item]:
    """Yield the items of documents. `segmented` yields the result of `_segment` for each document."""
    for parsed, terms in zip(documents, segmented, strict=True):
        joined = ((text,) for text in terms)
        yield from map(corpora.as_item, parsed.paragraphs, corpora.passages(parsed), joined)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure the time to index paragraphs.")
    parser.add_argument("engine", choices=sorted({engine for engine, _ in METHODS}))
    parser.add_argument("--processes", type=int, choices=(1, 2), default=1)
    parser.add_argument("--paragraphs", type=int, default=100_000)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    seconds = time_indexing(arguments.engine, arguments.processes, arguments.paragraphs)
    arguments.out.write_text(json.dumps({"seconds": seconds}), encoding="utf-8")


if __name__ == "__main__":
    main()
