"""Classes of characters that are no text, each with who must not get them."""

from __future__ import annotations

import re

_CONTROLS = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"
"""C0 and C1, but for what is white space: tab, the ends of lines and pages, and NEL."""
_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
"""Marks that reverse the direction of text."""
_SURROGATES = "\ud800-\udfff"
"""Lone ones: JSON can spell them, and names of files hold them."""

CONTROLS = re.compile(f"[{_CONTROLS}]")
"""What a text file holds only if it is none, or damaged."""
INVISIBLE = re.compile(f"[{_CONTROLS}{_DIRECTIONS}{_SURROGATES}\u200b-\u200d\u2060\ufeff\ufff9-\ufffb\ufffe\uffff]")
"""What a reader of the text cannot see: also zero width, and noncharacters."""
UNSAFE = re.compile(f"[{_CONTROLS}{_DIRECTIONS}{_SURROGATES}\x0b-\x0d\x85\u2028\u2029]")
"""What a terminal would obey: also ends of lines other than the line feed."""
UNNAMEABLE = re.compile(f"{INVISIBLE.pattern}|{UNSAFE.pattern}|[\t\n\u2061-\u2065]")
"""What has no place in a name that is one line: all of these, tab and line feed."""


def safe(text: str) -> str:
    """Give a text without what a terminal would obey: each such character becomes U+FFFD."""
    return UNSAFE.sub("\ufffd", text)


def visible(text: str) -> str:
    """Give a text without characters that a reader of it cannot see. Tab and line ends stay."""
    return INVISIBLE.sub("", text)
