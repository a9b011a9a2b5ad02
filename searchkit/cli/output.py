"""Standard output, error messages and exit statuses of all commands."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

from searchkit.errors import SearchkitError

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


def write_text(pieces: Iterable[str], output: Path | None) -> None:
    """Write text to a file, or to standard output if `output` is None.

    Raises SearchkitError if the file cannot be written.
    """
    if output is None:
        write_output(pieces)
        return
    try:
        output.write_text("".join(pieces), encoding="utf-8", newline="")
    except OSError as error:
        raise SearchkitError(f"{output}: cannot be written: {error.strerror}") from error


def peek(items: Iterator[_T]) -> tuple[bool, Iterator[_T]]:
    """Return whether an iterator has an element, and an iterator of the same elements. Consumes only the first."""
    first = list(islice(items, 1))
    return bool(first), chain(first, items)


def print_error(message: str) -> None:
    """Write a message to standard error as one line, without control characters."""
    from searchkit.text.characters import sanitize

    sys.stderr.write(f"searchkit: {sanitize(' '.join(message.split()))}\n")
