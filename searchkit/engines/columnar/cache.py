"""A cache of values that are computed on demand."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Cache(Generic[_Key, _Value]):
    """Caches at most `max_entries` values. If it is full, it is emptied before a value is added.

    Thread-safe: at worst two threads compute the same value.

    The function that computes a value is passed to each look-up and not stored. It is usually a method of the owner of
    the cache. A stored reference would be circular, and keep an unused segment and its mapped file until the garbage
    collector runs.
    """

    def __init__(self, max_entries: int) -> None:
        self._max_entries = max_entries
        self._entries: dict[_Key, _Value] = {}

    def get(self, key: _Key, compute: Callable[[_Key], _Value]) -> _Value:
        """Return the value of `key`. Computes it if it is not cached."""
        try:
            value = self._entries[key]  # looked up once: hashing a key such as a filter takes longer than the rest
        except KeyError:
            value = compute(key)
            if len(self._entries) >= self._max_entries:
                self._entries = {}
            self._entries[key] = value
        return value
