"""Classes of characters that are no text."""

from __future__ import annotations

import re

UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal would obey: C0 and C1 controls but tab and line feed, line and paragraph separators, marks that
reverse the direction of text, lone surrogates."""
INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f"  # C0 and C1 without tab and line ends
    "\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"  # zero width, text direction
    "\ud800-\udfff\ufff9-\ufffb\ufffe\uffff]"  # lone surrogates (JSON can spell them), noncharacters
)
"""What a reader of a text cannot see; tab and line ends are none of it."""


def safe(text: str) -> str:
    """`text` without what a terminal would obey: each control character becomes U+FFFD."""
    return UNSAFE.sub("\ufffd", text)


def visible(text: str) -> str:
    """Take out characters that a reader of the text cannot see: control characters, zero width, text direction.

    Tab and line ends stay.
    """
    return INVISIBLE.sub("", text)
