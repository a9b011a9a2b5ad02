"""The wording of the reasons why a file, or a part of it, is not read: one line each."""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb

from searchkit.text.characters import remove_invisible


def clean_message(text: str, max_length: int = 300) -> str:
    """Return a text as one line of visible characters, cut to `max_length` code points."""
    return " ".join(remove_invisible(text).split())[:max_length]


def os_error_reason(error: OSError) -> str:
    """Return why the operating system refused an operation, in lower case and without the file's name."""
    return (error.strerror or type(error).__name__).lower()


def unreadable_reason(error: OSError) -> str:
    """Return the reason for a file that the operating system cannot read."""
    return f"cannot be read: {os_error_reason(error)}"


def unexpected_error_reason(error: Exception) -> str:
    """Return the reason for an unexpected exception: its type and the source line that raised it.

    A RecursionError is the fault of a deeply nested file. Every other unexpected exception is a bug.
    """
    if isinstance(error, RecursionError):
        return "cannot be read: nested too deeply"
    frames = extract_tb(error.__traceback__)
    location = f", {Path(frames[-1].filename).name} line {frames[-1].lineno}" if frames else ""
    return f"cannot be read because of a mistake in searchkit ({type(error).__name__}{location}): please report it"
