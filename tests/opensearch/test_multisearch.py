"""The searches of several calls go to the cluster together, and each call gets its own answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from functools import partial

import pytest

from searchkit.engines.opensearch import multisearch
from searchkit.engines.opensearch.multisearch import CALLS, Json, Search, ask_together, run_together
from searchkit.engines.timing import check_time, time_limit
from searchkit.errors import IndexUnusable, TimedOut, UsageError

OWNER = ("cluster", "data-000001")


class Server:
    """Answers a search with the field `n` of its body.

    Records the number of searches of each request, and the threads that send requests.
    """

    def __init__(self) -> None:
        self.requests: list[int] = []
        self.threads: set[int] = set()

    def send(self, searches: Sequence[Search]) -> list[Json]:
        """Answer searches, or fail if the body of one has the field `fail`."""
        self.requests.append(len(searches))
        self.threads.add(threading.get_ident())
        if any("fail" in body for _, body in searches):
            message = "the cluster is gone"
            raise IndexUnusable(message)
        return [{"answer": body["n"]} for _, body in searches]

    def run(self, calls: Sequence[Callable[[], object]]) -> list[object]:
        """Run calls and return their results."""
        return [*run_together(OWNER, self.send, calls)]


def _ask(*bodies: Json) -> list[int]:
    answers = ask_together(OWNER, [({}, body) for body in bodies])
    assert answers is not None
    return [answer["answer"] for answer in answers]


def _search(n: int, rounds: int) -> list[int]:
    """Ask `rounds` times, in turn for one search and for two searches at a time. Returns all answers."""
    return [answer for turn in range(rounds) for answer in _ask(*[{"n": (n, turn)}] * (1 + turn % 2))]  # type: ignore[misc]


@pytest.mark.parametrize("count", [0, 1, CALLS, 3 * CALLS + 1])
def test_every_call_gets_its_own_answers(count: int) -> None:
    """Results are in the order of the calls, however many searches each sends.

    There are at most as many requests as calls of `ask_together`, and the thread of the caller sends them.
    """
    server = Server()
    results = server.run([partial(_search, n, 1 + n % 5) for n in range(count)])
    expected = [[(n, turn) for turn in range(1 + n % 5) for _ in range(1 + turn % 2)] for n in range(count)]
    assert results == expected
    assert sum(server.requests) == sum(map(len, expected))
    assert len(server.requests) <= sum(1 + n % 5 for n in range(count))
    assert server.threads <= {threading.get_ident()}


def test_searches_of_calls_are_sent_together() -> None:
    """The searches that calls ask for while a request is under way are sent together in the next request."""
    server, is_sent = Server(), threading.Event()
    queues = []

    def send(searches: Sequence[Search]) -> list[Json]:
        is_sent.set()
        while len(server.requests) == 0 and queues[0].qsize() < CALLS - 1:
            time.sleep(0.001)
        return server.send(searches)

    def call(n: int) -> list[int]:
        if n:
            is_sent.wait()
        else:
            collector = multisearch._collector.get()
            assert collector is not None
            queues.append(collector.queue)
        return _ask({"n": n})

    calls = [partial(call, n) for n in range(CALLS)]
    assert [*run_together(OWNER, send, calls)] == [[n] for n in range(CALLS)]
    assert server.requests == [1, CALLS - 1]


def test_an_error_of_a_call_is_its_own() -> None:
    """If a call fails, the other calls are answered, and the calls before it yield their results."""
    server = Server()

    def fail() -> None:
        _ask({"n": 1})
        message = "a bad query"
        raise UsageError(message)

    results = run_together(OWNER, server.send, [partial(_ask, {"n": 0}), fail, partial(_ask, {"n": 2})])
    assert next(results) == [0]
    with pytest.raises(UsageError, match="a bad query"):
        next(results)
    assert sum(server.requests) == 3


def test_a_failed_request_is_an_error_of_its_calls() -> None:
    """The error of a request is raised where the result of a call with its searches is expected. No thread is left."""
    before = threading.active_count()
    with pytest.raises(IndexUnusable, match="the cluster is gone"):
        Server().run([partial(_ask, {"n": 1, "fail": n}) for n in range(3)])
    assert threading.active_count() == before


def test_an_interrupt_ends_all_calls() -> None:
    """The calls that wait for answers get CancelledError, the interrupt is raised, and no thread is left."""
    before = threading.active_count()
    errors = []

    def interrupt(_: Sequence[Search]) -> list[Json]:
        raise KeyboardInterrupt

    def call() -> None:
        try:
            _ask({"n": 1})
        except CancelledError as error:
            errors.append(error)
            raise

    with pytest.raises(KeyboardInterrupt):
        [*run_together(OWNER, interrupt, [call] * 5)]
    assert len(errors) == 5
    assert threading.active_count() == before


def test_calls_have_the_time_limit_of_the_caller() -> None:
    """A time limit around the calls holds in their threads, and one inside of a call only there."""
    with time_limit(1e-9), pytest.raises(TimedOut):
        Server().run([check_time])

    def limited() -> None:
        with time_limit(1e-9):
            check_time()

    with pytest.raises(TimedOut):
        Server().run([limited])
    assert Server().run([check_time]) == [None]


def test_searches_of_another_index_are_not_sent_together() -> None:
    """`ask_together` returns None outside of calls, and for another owner (state of an index) than that of the calls.

    The caller then sends the searches itself.
    """
    assert ask_together(OWNER, [({}, {})]) is None
    assert Server().run([lambda: ask_together(("cluster", "data-000002"), [({}, {})])]) == [None]
