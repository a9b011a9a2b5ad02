"""Why a file, or a part of it, is not read: in one line."""

from __future__ import annotations

from pathlib import Path
from traceback import extract_tb

from searchkit.text.characters import visible


def one_line(text: str, longest: int = 300) -> str:
    """Make a text fit for a message: one line of visible characters, cut where it is too long."""
    return " ".join(visible(text).split())[:longest]


def reason_of(error: OSError) -> str:
    """Say in a few words, without the file's name, why the operating system refused."""
    return (error.strerror or type(error).__name__).lower()


def unreadable(error: OSError) -> str:
    """Say that the operating system let nobody read a file."""
    return f"cannot be read: {reason_of(error)}"


def unforeseen(error: Exception) -> str:
    """Say in one line that something cannot be read because of an error that nobody foresaw, and where that arose."""
    if isinstance(error, RecursionError):
        return "cannot be read: nested too deeply"
    places = extract_tb(error.__traceback__)
    place = f", {Path(places[-1].filename).name} line {places[-1].lineno}" if places else ""
    return f"cannot be read, for a mistake in searchkit ({type(error).__name__}{place}): please report it"
