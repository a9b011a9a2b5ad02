"""What was made from the arrays and may be wanted again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Memo(Generic[_Key, _Value]):
    """Keeps what was made for so many keys, then begins anew. Safe for many threads: at worst something is made twice.

    It does not hold what makes the values, so that a segment which nobody uses any more goes at once, with its file.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: dict[_Key, _Value] = {}

    def get(self, key: _Key, make: Callable[[_Key], _Value]) -> _Value:
        """The value of a key, made now if it is not there."""
        made = self._made
        if key not in made:
            if len(made) >= self._most:
                made = self._made = {}
            made[key] = make(key)
        return made[key]
