"""Contradictions planted in copies of real reports."""

from __future__ import annotations

import pytest

from bench import planted


@pytest.mark.skipif(not planted.CORPUS.is_dir(), reason="needs the real reports in ../shared")
def test_all_planted_contradictions_are_found() -> None:
    """The audit finds each contradiction that `bench.planted` plants, in the sentence in which it was planted."""
    missed = [planting for planting, is_found in planted.run() if not is_found]
    assert len(planted.PLANTINGS) >= 10
    assert missed == []
