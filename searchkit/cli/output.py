"""Standard output and standard error of all commands, and the exit statuses of found, nothing found and failed."""

from __future__ import annotations

import sys
from collections.abc import Iterable

FOUND, NOTHING_FOUND, WRONG_USAGE, FAILED = range(4)
"""Exit statuses. A command that does not search exits with FOUND if it succeeds."""


def write_output(pieces: Iterable[str]) -> None:
    """Write text to standard output, piece by piece."""
    for piece in pieces:
        sys.stdout.write(piece)


def print_error(message: str) -> None:
    """Write a message to standard error, as one line."""
    from searchkit.text.characters import sanitize

    sys.stderr.write(f"searchkit: {sanitize(' '.join(message.split()))}\n")
