"""A worker process: reads and analyses the files of a task.

It writes their documents to a part, a small index that the build adds to the whole.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING

from searchkit.corpus.reasons import unexpected_error_reason
from searchkit.engines.opening import open_writer
from searchkit.errors import SearchkitError
from searchkit.indexing.budget import memory_for, seconds_for
from searchkit.indexing.messages import (
    BuildFailed,
    FileOutcome,
    Settings,
    StepStarted,
    Task,
    TaskDone,
    TaskFailed,
    decode_message,
    encode_message,
)
from searchkit.processes import Parent, limit_resources

if TYPE_CHECKING:
    from searchkit.indexing.indexer import Indexer


def run_worker(parent: Parent) -> None:
    """Receive the settings, then run tasks until the parent process ends this process.

    If a data file in the settings cannot be used, sends `BuildFailed` to the parent process and returns.
    """
    from searchkit.indexing.indexer import Indexer  # noqa: PLC0415 - the parent imports this module without the indexer

    gc.set_threshold(200_000, 20, 100)  # most objects live until the part is written, so collecting often is useless
    try:
        indexer = Indexer(decode_message(parent.receive(), Settings))
    except SearchkitError as error:
        parent.send(encode_message(BuildFailed(str(error), is_usage_error=True)))
        return
    while True:
        parent.send(_run_task(decode_message(parent.receive(), Task), indexer, parent))


def _run_task(task: Task, indexer: Indexer, parent: Parent) -> bytes:
    """Read the files of a task and write the part. Returns the encoded message with the result.

    Sends a message before each file and before the part is written. Each file, and writing the part, has its own limits
    (`budget`).
    """
    folder = Path(os.fsdecode(task.folder))
    writer = open_writer(indexer.engine, folder, indexer.analyzer)
    current: int | None = None
    try:
        outcomes: list[FileOutcome] = []
        for index, file in enumerate(task.files):
            current = index
            parent.send(encode_message(StepStarted(index)))
            with limit_resources(seconds_for(file.stamp.size), memory_for(file.stamp.size)):
                outcomes.append(indexer.index_file(file, writer, folder if task.is_careful else None))
        current = None
        parent.send(encode_message(StepStarted(len(task.files))))
        size = sum(file.stamp.size for file in task.files)
        with limit_resources(seconds_for(size), memory_for(size)):
            writer.commit()
        return encode_message(TaskDone(outcomes))
    except OSError as error:
        writer.rollback()
        return encode_message(BuildFailed(str(error.strerror or error), is_usage_error=False))
    except Exception as error:  # noqa: BLE001 - see below
        # A bug, or a file that must be read again carefully (`Indexer.index_file`). The parent process queues the files
        # again.
        writer.rollback()
        return encode_message(TaskFailed(current, unexpected_error_reason(error)))
    except BaseException:
        writer.rollback()
        raise
