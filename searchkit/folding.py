"""The normaliser: one code point in, one code point out, so that spans of folded text fit the original.

Full width becomes half width, traditional becomes simplified, upper case becomes lower case, and the
look-alikes that PDF and web export leave behind (compatibility ideographs, Kangxi radicals) become the
characters they stand for. The table is `data/folding.txt`; `data/README.md` says how it is made.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path


def fold(text: str) -> str:
    """Fold `text` for comparison. The result has as many code points as `text`, each at its place.

    Folding twice changes nothing. Cost: about 0.1 µs a code point.
    """
    return text.translate(_table())


@cache
def _table() -> dict[int, str]:
    data = (Path(__file__).parent / "data" / "folding.txt").read_text(encoding="utf-8")
    before, after = (line for line in data.splitlines() if not line.startswith("# "))
    return dict(zip(map(ord, before), after, strict=True))
