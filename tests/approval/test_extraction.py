"""The result of reading corpus/ is the approved one."""

from __future__ import annotations

import difflib

from approval.extraction import APPROVED, extraction

COMMAND = ".venv/bin/python tests/approval/extraction.py"


def test_extraction_is_as_approved() -> None:
    """The documents, paragraphs and measures of corpus/ are those of `APPROVED`: a changed rule shows its effect."""
    approved = APPROVED.read_text(encoding="utf-8").splitlines()
    changes = [*difflib.unified_diff(approved, extraction(), "approved", "now", n=0, lineterm="")]
    excerpt = "\n".join(line[:400] for line in changes[:40])
    assert not changes, f"if these changes are intended, run {COMMAND} and commit its output\n{excerpt}"
