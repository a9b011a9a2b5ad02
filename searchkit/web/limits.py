"""Limits of the work that a server does at a time: pools with few threads, a short queue, and a deadline."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Semaphore
from typing import TypeVar

from searchkit import time_limit
from searchkit.errors import TimedOut

SEARCHES, HEAVY_REQUESTS = 4, 1
"""Maximum number of searches, and of heavy requests (such as comparisons, audits, exports and charts), that run at a
time."""
SEARCH_SECONDS, HEAVY_SECONDS = 10.0, 60.0
"""Seconds between the admission and the deadline of a search, and of a heavy request."""
TURN_SECONDS = 0.5
"""Maximum number of seconds that a request waits for its turn to compute."""
MAX_WAITING = 16
"""Maximum number of requests that wait in a pool."""

_Result = TypeVar("_Result")


class Overloaded(Exception):
    """The maximum number of requests is waiting already. A later request may succeed."""


class Turns:
    """Lets one thread compute at a time. Other threads wait, each at most `TURN_SECONDS`, and then compute too.

    CPython runs one thread at a time anyway. If several threads compute, each NumPy call can hand the interpreter over
    to another thread: four threads take twice the processor time (`bench.concurrency`).
    """

    def __init__(self) -> None:
        self._is_free = Semaphore()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Run the block when no other thread has the turn, or after `TURN_SECONDS`, because a request can take long."""
        has_turn = self._is_free.acquire(timeout=TURN_SECONDS)
        try:
            yield
        finally:
            if has_turn:
                self._is_free.release()


class RequestPool:
    """Runs functions in a few threads. If all threads are busy, further functions wait."""

    def __init__(self, name: str, workers: int, seconds: float, max_waiting: int = MAX_WAITING) -> None:
        self.seconds = seconds
        """Seconds between the admission of a function and its deadline."""
        self._capacity = workers + max_waiting
        self._admitted = 0
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix=name)

    async def run(self, function: Callable[[], _Result]) -> _Result:
        """Run a function in a thread, and return its result.

        Raises Overloaded if `max_waiting` functions wait already, and TimedOut after the deadline. A function that runs
        at the deadline ends the next time it calls `check_time`, and holds its place in the pool until it ends. A
        function that still waits at the deadline is not run.
        """
        if self._admitted >= self._capacity:
            raise Overloaded("too many requests at a time; try again in some seconds")
        loop = asyncio.get_running_loop()
        self._admitted += 1
        deadline = time.monotonic() + self.seconds
        future = self._threads.submit(self._run_limited, function, deadline)
        future.add_done_callback(lambda _: self._release(loop))
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self.seconds)
        except (TimeoutError, asyncio.TimeoutError):
            if time.monotonic() < deadline:
                raise  # the function itself raised it
            raise TimedOut(f"the request took more than {self.seconds:g} s; narrow it by filters") from None

    @staticmethod
    def _run_limited(function: Callable[[], _Result], deadline: float) -> _Result:
        """Run a function with a time limit (`time_limit`) that ends at a deadline."""
        with time_limit(max(deadline - time.monotonic(), 0.001)):
            return function()

    def _release(self, loop: asyncio.AbstractEventLoop) -> None:
        """Free the place of a function that has ended. Runs in any thread."""
        try:
            loop.call_soon_threadsafe(self._leave)
        except RuntimeError:  # the server has ended
            return

    def _leave(self) -> None:
        self._admitted -= 1

    def close(self) -> None:
        """Drop the functions that wait. Does not wait for those that run."""
        self._threads.shutdown(wait=False, cancel_futures=True)
