"""What commands end with: text on standard output, one line of complaint, an exit status."""

from __future__ import annotations

import sys
from collections.abc import Iterable

FOUND, NOTHING_FOUND, WRONG_USAGE, FAILED = range(4)
"""Exit statuses."""


def emit(pieces: Iterable[str]) -> None:
    """Write text to standard output, piece by piece."""
    for piece in pieces:
        sys.stdout.write(piece)


def complain(message: str) -> None:
    """Write one line to standard error."""
    from searchkit.text.characters import safe

    sys.stderr.write(f"searchkit: {safe(' '.join(message.split()))}\n")
