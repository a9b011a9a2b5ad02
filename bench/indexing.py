"""Indexing timed: paragraphs a second from text to committed index, segmenting included, beside tantivy.

    python -m bench.indexing ENGINE --processes 1|2 --paragraphs 100000 --out FILE

Both sides take the same documents, ready in memory, and cut them with the same analyzer. With one process, all of it
runs on one core. With two, searchkit's writers make two halves that one absorbs; tantivy is fed by two processes that
segment, through one that adds, beside its own thread. The clock stops when the index is committed and closed.
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
from searchkit.corpus.reading import DocumentRead
from searchkit.engines.opening import ENGINES, open_writer

Documents = Sequence[DocumentRead]

_fork = multiprocessing.get_context("fork")  # so that workers have the documents and the dictionary at once
_waiting: list[Documents] = []
"""What workers find when they are forked."""


def searchkit_alone(documents: Documents, folder: Path) -> None:
    """Index in this process."""
    _write(documents, folder)


def searchkit_in_two(documents: Documents, folder: Path) -> None:
    """Index one half in each of two processes, then put the halves together."""
    middle = len(documents) // 2
    _waiting[:] = [documents[:middle], documents[middle:]]
    whole = folder / "whole"
    whole.mkdir()
    writer = open_writer(ENGINES[0], whole, analyzer())
    with _fork.Pool(2) as pool:
        for part in pool.imap(_write_part, [(number, folder / str(number)) for number in range(2)]):
            writer.add_index(part)
    writer.commit()


def tantivy_alone(documents: Documents, folder: Path) -> None:
    """Segment and add in this process; tantivy's thread shares the core."""
    tantivy.add_all(tantivy.create(folder), (item for read in documents for item in _items(read)))


def tantivy_fed_by_two(documents: Documents, folder: Path) -> None:
    """Segment in two processes, add in this one."""
    _waiting[:] = [documents]
    with _fork.Pool(2) as pool:
        tantivy.add_all(
            tantivy.create(folder), _fed(pool.imap(_segment, range(len(documents)), chunksize=16), documents)
        )


WAYS: dict[tuple[str, int], Callable[[Documents, Path], None]] = {
    ("searchkit", 1): searchkit_alone,
    ("searchkit", 2): searchkit_in_two,
    ("tantivy", 1): tantivy_alone,
    ("tantivy", 2): tantivy_fed_by_two,
}
"""Engine and number of processes → how documents become an index in an empty folder."""


def timed(engine: str, processes: int, paragraphs: int) -> float:
    """Seconds to index so many paragraphs."""
    if processes == 1:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    documents = list(generate.documents(paragraphs))
    analyzer().tokens("先装词典")
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        WAYS[engine, processes](documents, Path(folder))
        return time.perf_counter() - started


def _write(documents: Documents, folder: Path) -> None:
    writer = open_writer(ENGINES[0], folder, analyzer())
    for read in documents:
        writer.add(read.document, read.paragraphs, [()] * len(read.paragraphs), read.document.document)
    writer.commit()


def _write_part(task: tuple[int, Path]) -> Path:
    number, folder = task
    folder.mkdir()
    _write(_waiting[number], folder)
    return folder


def _items(read: DocumentRead) -> Iterator[corpora.Item]:
    terms = analyzer().terms([paragraph.text for paragraph in read.paragraphs])
    return map(corpora.as_item, read.paragraphs, terms)


def _segment(number: int) -> list[str]:
    """The terms of each paragraph of a document, joined: short to send."""
    return [item.terms for item in _items(_waiting[0][number])]


def _fed(segmented: Iterator[list[str]], documents: Documents) -> Iterator[corpora.Item]:
    for read, terms in zip(documents, segmented, strict=True):
        yield from (corpora.as_item(paragraph, (text,)) for paragraph, text in zip(read.paragraphs, terms, strict=True))


def main() -> None:
    """Write the seconds to a file. See the module's text."""
    parser = argparse.ArgumentParser(description="Time indexing.")
    parser.add_argument("engine", choices=sorted({engine for engine, _ in WAYS}))
    parser.add_argument("--processes", type=int, choices=(1, 2), default=1)
    parser.add_argument("--paragraphs", type=int, default=100_000)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    seconds = timed(arguments.engine, arguments.processes, arguments.paragraphs)
    arguments.out.write_text(json.dumps({"seconds": seconds}), encoding="utf-8")


if __name__ == "__main__":
    main()
