"""Cursors: texts that name a position in the list of hits of a search, in one state of an index."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from searchkit.errors import UsageError
from searchkit.query.facets import Filter
from searchkit.search.options import SearchOptions, list_texts, parse_literal, parse_sort

_DIGEST_LENGTH = 12
_CURSOR = re.compile(rf"([0-9a-f]{{{_DIGEST_LENGTH}}})-([0-9a-f]{{{_DIGEST_LENGTH}}})-([0-9]{{1,15}})")
"""Matches a cursor: digests of the index and of the search, and the number of hits before the position."""


class HitList:
    """The complete list of hits of a search. Equal searches in equal states of an index have the same list."""

    def __init__(
        self,
        state: str,
        query: str,
        options: SearchOptions,
        filters: tuple[Filter, ...],
        *,
        is_similar: bool = False,
    ) -> None:
        """Take the state of the index (`Manifest.state`), and the search with its filters.

        `is_similar`: whether `query` is the id of a paragraph, and the hits are paragraphs like it. Options that do not
        change the list are ignored. Raises UsageError for an invalid option.
        """
        self._index = state
        order = (options.match, options.group, options.beyond, options.fold, parse_sort(options.sort))
        words = (list_texts(options.without), parse_literal(options.literal))
        self._search = _digest([query, is_similar, order, words, filters])

    def cursor(self, position: int) -> str:
        """Return the cursor of the position after the first `position` hits."""
        return f"{self._index}-{self._search}-{position}"

    def position(self, cursor: object) -> int:
        """Return the number of hits before a cursor.

        Raises UsageError for a cursor of another list or another state of the index, and for a value that is no cursor.
        """
        match = _CURSOR.fullmatch(cursor) if isinstance(cursor, str) else None
        if match is None:
            text = cursor[:80] if isinstance(cursor, str) else type(cursor).__name__
            raise UsageError(
                f"after: {text!r} is not a cursor; give the value of next in the last answer", code="invalid_cursor"
            )
        index, search, position = match.groups()
        if index != self._index:
            message = "after: the index has changed since the cursor was made; start again without it"
            raise UsageError(message, code="stale_cursor")
        if search != self._search:
            raise UsageError(
                "after: the cursor belongs to another search: its query, filters, order, folding or format differ",
                code="foreign_cursor",
            )
        return int(position)


def _digest(parts: Iterable[object]) -> str:
    """Return a short digest of objects, by their `repr`."""
    return hashlib.sha256(repr([*parts]).encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_LENGTH]
