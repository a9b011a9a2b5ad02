"""What is made of the reports of corpus/ is what was approved."""

from __future__ import annotations

import difflib

from approval.extraction import APPROVED, extraction

COMMAND = ".venv/bin/python tests/approval/extraction.py"


def test_extraction_is_as_approved() -> None:
    """A changed rule shows what it does to whole reports: paragraphs, sections, topics, facts and measures."""
    approved = APPROVED.read_text(encoding="utf-8").splitlines()
    changes = [*difflib.unified_diff(approved, extraction(), "approved", "now", n=0, lineterm="")]
    shown = "\n".join(line[:400] for line in changes[:40])
    assert not changes, f"if this is as it should be, run {COMMAND} and commit what it writes\n{shown}"
