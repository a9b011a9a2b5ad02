"""Which engines there are, and how one is opened. Each is imported when it is first needed."""

from __future__ import annotations

from pathlib import Path

from searchkit.engines.contract import Engine, Writer
from searchkit.errors import IndexForeign
from searchkit.text.analyzer import Analyzer

ENGINES = ("columnar", "whoosh")
"""Names for `--engine`, the default first."""


def open_engine(name: str, folder: Path) -> Engine:
    """Open the index that a writer of the engine `name` left in `folder`. Raises IndexForeign, IndexDamaged."""
    if name == "columnar":
        from searchkit.engines.columnar.engine import ColumnarEngine  # noqa: PLC0415

        return ColumnarEngine(folder)
    if name == "whoosh":
        from searchkit.engines.whoosh import WhooshEngine  # noqa: PLC0415

        return WhooshEngine(folder)
    raise IndexForeign(f"{folder}: made by an engine {name!r} that this searchkit does not have")


def open_writer(name: str, folder: Path, analyzer: Analyzer, base: Path | None = None) -> Writer:
    """Start an index of the engine `name`, one of `ENGINES`, in the empty folder `folder`.

    `base`: an index that a writer of the same engine left, with the same analyzer; the new one begins with what it
    holds. It is not changed, and its files may be shared by hard links. Raises IndexDamaged if it cannot be read.
    """
    if name == "columnar":
        from searchkit.engines.columnar.writer import ColumnarWriter  # noqa: PLC0415

        return ColumnarWriter(folder, analyzer, base)
    from searchkit.engines.whoosh import WhooshWriter  # noqa: PLC0415

    return WhooshWriter(folder, analyzer, base)
