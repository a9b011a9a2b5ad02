"""The extractor that the tests of measures share."""

from __future__ import annotations

import pytest

from searchkit.measures.extractor import Extractor


@pytest.fixture(scope="session")
def extractor() -> Extractor:
    """Return the extractor with the shipped data files."""
    return Extractor.load()
