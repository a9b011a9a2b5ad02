"""The fast engine: segments of up to 65,536 paragraphs, each one file of mapped arrays, searched with NumPy.

arrays.py    named arrays in a file
writing.py   documents to segments: postings, bigram offsets, compressed records
segment.py   one open segment: what matches, what is counted, what is shown
engine.py    all segments together: scores, order, pages
"""

from __future__ import annotations

from pathlib import Path

from searchkit.analysis import Analyzer
from searchkit.engines.columnar.engine import ColumnarEngine
from searchkit.engines.columnar.writing import ColumnarWriter


def open_engine(folder: Path) -> ColumnarEngine:
    """Open the index in `folder`. Raises IndexDamaged."""
    return ColumnarEngine(folder)


def open_writer(folder: Path, analyzer: Analyzer) -> ColumnarWriter:
    """Start an index in the empty folder `folder`."""
    return ColumnarWriter(folder, analyzer)
