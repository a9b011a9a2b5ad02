"""Standard output, error messages and exit statuses of all commands."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TypeVar

FOUND, NOTHING_FOUND, WRONG_USAGE, FAILED = range(4)
"""Exit statuses 0 to 3. The commands build, info and check exit with FOUND if they succeed."""

_T = TypeVar("_T")


class OutputClosed(Exception):
    """The reader of standard output has closed it, and needs no more output."""


def write_output(pieces: Iterable[str]) -> None:
    """Write text to standard output, piece by piece. Raises OutputClosed."""
    try:
        for piece in pieces:
            sys.stdout.write(piece)
    except BrokenPipeError:  # click would exit with status 1
        raise OutputClosed from None


def peek(items: Iterator[_T]) -> tuple[bool, Iterator[_T]]:
    """Return whether an iterator has an element, and an iterator of the same elements. Consumes only the first."""
    first = list(islice(items, 1))
    return bool(first), chain(first, items)


def print_error(message: str) -> None:
    """Write a message to standard error as one line, without control characters."""
    from searchkit.text.characters import sanitize

    sys.stderr.write(f"searchkit: {sanitize(' '.join(message.split()))}\n")
