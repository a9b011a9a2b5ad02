"""Several calls at a time, whose searches go to the cluster together.

A call, such as one query from a file of queries, sends one search after the other, and mostly waits. Here each call has
a thread. What the calls ask while a request is under way is sent as the next request, a multi-search. So no call waits
for another call to ask or to end, and a call knows nothing of other calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from itertools import islice
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

CALLS = 16
"""Maximum number of calls that run at a time."""

Json = dict[str, Any]
Search = tuple[Json, Json]
"""The header and the body of a search in a multi-search."""

_Result = TypeVar("_Result")


class _Asked(NamedTuple):
    """Searches of one call, which waits for their answers."""

    searches: Sequence[Search]
    answers: Future[list[Json]]


class _Collector(NamedTuple):
    """Where the calls of a batch (`run_together`) put their searches."""

    owner: object
    """Whose searches are collected: a state of an index on a cluster."""
    queue: SimpleQueue[_Asked | None]
    """Searches to send. None means that a call has ended."""


_collector: ContextVar[_Collector | None] = ContextVar("collector", default=None)


def ask_together(owner: object, searches: Sequence[Search]) -> list[Json] | None:
    """Return the answers to searches, or None if this thread does not run a call of `run_together` with this owner.

    Raises what the argument `send` of `run_together` raised, or CancelledError if `run_together` was interrupted.
    """
    collector = _collector.get()
    if collector is None or collector.owner != owner:
        return None
    asked = _Asked(searches, Future())
    collector.queue.put(asked)
    return asked.answers.result()


def run_together(
    owner: object, send: Callable[[Sequence[Search]], list[Json]], calls: Iterable[Callable[[], _Result]]
) -> Iterator[_Result]:
    """Run calls in batches of `CALLS`, and yield their results in order.

    The exception of a call is raised in place of its result. The results of a batch are yielded when all of its calls
    have ended; then the next batch starts. `send` returns the answers to the searches of several calls, each as
    OpenSearch gives it. `send` runs only in the thread that iterates.
    """
    calls = iter(calls)
    while batch := [*islice(calls, CALLS)]:
        yield from _run(_Collector(owner, SimpleQueue()), send, batch)


def _run(
    collector: _Collector, send: Callable[[Sequence[Search]], list[Json]], calls: Sequence[Callable[[], _Result]]
) -> Iterator[_Result]:
    """Run each call in a thread, and answer the searches of the calls."""

    def run(call: Callable[[], _Result]) -> _Result:
        """Run a call in a context of its own, with the time limit of the caller."""
        _collector.set(collector)
        try:
            return call()
        finally:
            collector.queue.put(None)

    running = len(calls)
    with ThreadPoolExecutor(running) as threads:
        results = [threads.submit(copy_context().run, run, call) for call in calls]
        waiting: list[_Asked | None] = []
        try:
            while running:
                waiting = _wait(collector.queue)
                running -= waiting.count(None)
                _answer(send, [asked for asked in waiting if asked is not None])
        finally:  # an interrupt ends the calls: nothing is answered any more
            while running:
                for asked in waiting:
                    if asked is not None:
                        asked.answers.cancel()
                waiting = _wait(collector.queue)
                running -= waiting.count(None)
    for result in results:
        yield result.result()


def _wait(queue: SimpleQueue[_Asked | None]) -> list[_Asked | None]:
    """Wait until a call asks or ends, and return all items of the queue."""
    found = [queue.get()]
    try:
        while True:
            found.append(queue.get_nowait())
    except Empty:
        return found


def _answer(send: Callable[[Sequence[Search]], list[Json]], waiting: Sequence[_Asked]) -> None:
    """Send the searches of several calls in one request, and give each call its answers, or the error."""
    if not waiting:
        return
    try:
        answers = iter(send([search for asked in waiting for search in asked.searches]))
    except Exception as error:  # noqa: BLE001 - it is that of the calls
        for asked in waiting:
            asked.answers.set_exception(error)
        return
    for asked in waiting:
        asked.answers.set_result([*islice(answers, len(asked.searches))])
