"""Lets the requests that one call of the library sends to an engine share what they match.

A search sends several forms of a query, with mostly the same words.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_shared: ContextVar[dict[object, dict[Any, Any]] | None] = ContextVar("shared", default=None)
"""What has been matched in a block of `share_matches`, by the object that matched it. None outside of such a block."""


@contextmanager
def share_matches() -> Iterator[None]:
    """Let all requests in a `with` block of this thread share what they match.

    An engine that uses `shared_matches` matches a word or string once in the block, instead of once per request. A
    nested block shares with the outer one. After the outermost block, the matches are forgotten.
    """
    if _shared.get() is not None:
        yield
        return
    token = _shared.set({})
    try:
        yield
    finally:
        _shared.reset(token)


def shared_matches(owner: object) -> dict[Any, Any]:
    """Return the dictionary to which `owner` adds what it matches in a block of `share_matches`.

    Outside of a block, return a new dictionary.
    """
    shared = _shared.get()
    return {} if shared is None else shared.setdefault(owner, {})
