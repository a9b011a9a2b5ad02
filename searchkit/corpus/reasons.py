"""The wording of the reasons why a file, a part of it, or a stated value is not used: one line each."""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb

from searchkit.files import read_error_reason
from searchkit.text.characters import UNSAFE_IN_NAMES, remove_invisible

_MAX_QUOTED_LENGTH = 40
"""Maximum length in code points of a value that a message quotes. A longer one is cut."""
_MAX_SHOWN_LENGTH = 1000
"""`quote_value` processes at most this number of code points of the `repr` of a list or mapping."""


def quote_value(value: object) -> str:
    """Return a value quoted for a message: short and on one line."""
    text = value if isinstance(value, str) else repr(value)[:_MAX_SHOWN_LENGTH]
    text = UNSAFE_IN_NAMES.sub(" ", text)
    return repr(text if len(text) <= _MAX_QUOTED_LENGTH else text[:_MAX_QUOTED_LENGTH] + "…")


def clean_message(text: str, max_length: int = 300) -> str:
    """Return a text as one line of visible characters, cut to `max_length` code points."""
    return " ".join(remove_invisible(text).split())[:max_length]


def unreadable_reason(error: OSError) -> str:
    """Return the reason for a file that the operating system cannot read."""
    return f"cannot be read: {read_error_reason(error)}"


def unexpected_error_reason(error: Exception) -> str:
    """Return the reason for an unexpected exception.

    A RecursionError is the fault of a deeply nested file. Every other unexpected exception is a bug: the reason states
    its type and the source line that raised it.
    """
    if isinstance(error, RecursionError):
        return "cannot be read: nested too deeply"
    frames = extract_tb(error.__traceback__)
    location = f", {Path(frames[-1].filename).name} line {frames[-1].lineno}" if frames else ""
    return f"cannot be read because of a bug in searchkit ({type(error).__name__}{location}): please report it"
