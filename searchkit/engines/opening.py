"""The engines by name. The module of an engine is imported when it is first needed."""

from __future__ import annotations

from pathlib import Path

from searchkit.engines.contract import Engine, Writer
from searchkit.errors import IndexForeign
from searchkit.text.analyzer import Analyzer

ENGINES = ("columnar", "whoosh")
"""Names for `--engine`. The first is the default."""


def open_engine(name: str, folder: Path) -> Engine:
    """Open the index that a writer of the engine `name` committed to `folder`.

    Raises IndexForeign if there is no such engine, and IndexDamaged if the index cannot be read.
    """
    if name == "columnar":
        from searchkit.engines.columnar.engine import ColumnarEngine  # noqa: PLC0415

        return ColumnarEngine(folder)
    if name == "whoosh":
        from searchkit.engines.whoosh import WhooshEngine  # noqa: PLC0415

        return WhooshEngine(folder)
    raise IndexForeign(f"{folder}: written by the engine {name!r}, which this searchkit does not have")


def open_writer(name: str, folder: Path, analyzer: Analyzer, base: Path | None = None) -> Writer:
    """Start an index of the engine `name`, one of `ENGINES`, in an empty folder.

    `base`: the folder of an index of the same engine and analyzer. The new index begins with the documents of the base
    index. The base index does not change; the new index may share its files by hard links. Raises IndexDamaged if the
    base index cannot be read.
    """
    if name == "columnar":
        from searchkit.engines.columnar.writer import ColumnarWriter  # noqa: PLC0415

        return ColumnarWriter(folder, analyzer, base)
    from searchkit.engines.whoosh import WhooshWriter  # noqa: PLC0415

    return WhooshWriter(folder, analyzer, base)
