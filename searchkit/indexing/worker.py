"""The worker process: reads, analyses and writes the files of a task into a part, each file within its budget."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.corpus.reasons import unforeseen
from searchkit.engines.opening import open_writer
from searchkit.errors import SearchkitError
from searchkit.indexing.budget import memory_for, seconds_for
from searchkit.indexing.messages import Begun, Broken, Done, Failed, Outcome, Settings, Task, decode, encode
from searchkit.processes import Parent, limited

if TYPE_CHECKING:
    from searchkit.indexing.indexer import Indexer


def work(parent: Parent) -> None:
    """Be a worker: take settings, then tasks, and say what is begun and done."""
    from searchkit.indexing.indexer import Indexer  # noqa: PLC0415 - who starts this process need not load it

    gc.set_threshold(200_000, 20, 100)  # most of what a worker makes lives until its part is written
    try:
        indexer = Indexer(decode(parent.receive(), Settings))
    except SearchkitError as error:
        parent.send(encode(Broken(str(error), is_usage=True)))
        return
    while True:
        parent.send(_do(decode(parent.receive(), Task), indexer, parent))


def _do(task: Task, indexer: Indexer, parent: Parent) -> bytes:
    """Do a task and give the last message about it."""
    folder = Path(os.fsdecode(task.folder))
    writer = open_writer(indexer.engine, folder, indexer.analyzer)
    at: int | None = None
    try:
        outcomes: list[Outcome] = []
        for number, file in enumerate(task.files):
            at = number
            parent.send(encode(Begun(number)))
            with limited(seconds_for(file.stamp.size), memory_for(file.stamp.size)):
                outcomes.append(indexer.index(file, writer, folder if task.is_careful else None))
        at = None
        parent.send(encode(Begun(len(task.files))))
        size = sum(file.stamp.size for file in task.files)
        with limited(seconds_for(size), memory_for(size)):
            writer.commit()
        return encode(Done(outcomes))
    except OSError as error:
        writer.rollback()
        return encode(Broken(str(error.strerror or error), is_usage=False))
    except Exception as error:  # noqa: BLE001 - who sent the task finds out which file it is for
        writer.rollback()
        return encode(Failed(at, unforeseen(error)))
    except BaseException:
        writer.rollback()
        raise
