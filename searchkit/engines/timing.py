"""Time limits of calls. The engines and the searches check them at points that are cheap and reached often."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from searchkit.errors import TimedOut, UsageError

_limit: ContextVar[tuple[float, float] | None] = ContextVar("limit", default=None)
"""Time of the monotonic clock at which the calls of this thread end, and the seconds that they were given. None: no
limit."""


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Limit the time that all calls of searchkit in a `with` block of this thread take together. None sets no limit.

    When the time is over, the running call raises TimedOut, at the next point where it checks the time: some
    milliseconds later, on a large index some tenths of a second, on a cluster when the running request is answered.
    Limits can be nested; the one that ends first holds. Raises UsageError unless `seconds` is a number above 0.
    """
    if seconds is None:
        yield
        return
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        raise UsageError(f"timeout must be a number of seconds above 0, not {seconds!r}")
    outer, own = _limit.get(), (time.monotonic() + seconds, seconds)
    token = _limit.set(own if outer is None else min(outer, own))
    try:
        yield
    finally:
        _limit.reset(token)


def check_time() -> None:
    """Raise TimedOut if the time limit is reached. Takes 0.1 µs."""
    limit = _limit.get()
    if limit is not None and time.monotonic() > limit[0]:
        raise TimedOut(f"not finished after {limit[1]:g} s; narrow the query by filters, or allow more time (timeout)")
