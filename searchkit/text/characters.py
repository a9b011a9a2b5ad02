"""Unsafe and invisible characters, and the width of characters in a terminal (Chinese ones take two columns).

Control characters and bidirectional marks are removed or replaced in text and output.
"""

from __future__ import annotations

import re
import unicodedata

_CONTROL_RANGES = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
"""C0 and C1 control characters and DEL, except tab, LF, VT, FF, CR and NEL."""
_BIDI_RANGES = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Bidirectional formatting characters."""
_SURROGATE_RANGE = "\ud800-\udfff"
"""Surrogates. JSON strings and file names can contain lone surrogates."""

CONTROLS = re.compile(f"[{_CONTROL_RANGES}]")
"""Matches a character of `_CONTROL_RANGES`. These occur only in binary or damaged files."""
INVISIBLE = re.compile(
    f"[{_CONTROL_RANGES}{_BIDI_RANGES}{_SURROGATE_RANGE}\u200b-\u200d\u2060\ufeff\ufff9-\ufffb\ufffe\uffff]"
)
"""Matches a character without a visible form: a control, bidirectional mark or surrogate, a zero-width space or joiner
(U+200B to U+200D, U+2060), a byte order mark, an interlinear annotation mark, U+FFFE or U+FFFF."""
UNSAFE_IN_TERMINALS = re.compile(f"[{_CONTROL_RANGES}{_BIDI_RANGES}{_SURROGATE_RANGE}\x0b-\x0d\x85\u2028\u2029]")
"""Matches a character that a terminal interprets or cannot print, including all line ends. Tab and line feed stay."""
UNSAFE_IN_NAMES = re.compile(f"{INVISIBLE.pattern}|{UNSAFE_IN_TERMINALS.pattern}|[\t\n\u2061-\u2065]")
"""Matches a character that a name of one line must not contain: one of `INVISIBLE` or `UNSAFE_IN_TERMINALS`, a tab, an
LF, or one of U+2061 to U+2065."""


def sanitize(text: str) -> str:
    """Replace each character of `UNSAFE_IN_TERMINALS` by U+FFFD."""
    return UNSAFE_IN_TERMINALS.sub("\ufffd", text)


def remove_invisible(text: str) -> str:
    """Remove the characters of `INVISIBLE`. Tabs and line ends stay."""
    return INVISIBLE.sub("", text)


def display_width(text: str) -> int:
    """Return the number of columns that a text takes in a terminal.

    Nonspacing and enclosing marks and format characters take no column, wide and full-width characters take two.
    """
    visible = [character for character in text if unicodedata.category(character) not in {"Mn", "Me", "Cf"}]
    return len(visible) + sum(unicodedata.east_asian_width(character) in {"F", "W"} for character in visible)
