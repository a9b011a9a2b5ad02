"""The normaliser: one code point in, one code point out, so that spans of folded text fit the original.

Full width becomes half width, traditional becomes simplified, upper case becomes lower case, and the
look-alikes that PDF and web export leave behind (compatibility ideographs, Kangxi radicals) become the
characters they stand for. The table is `data/folding.txt`; `data/README.md` says how it is made.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from searchkit.files import DATA

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ENCODING, _ERRORS = "utf-32-le", "surrogatepass"
_CODE_POINTS = 0x110000


def fold(text: str) -> str:
    """Fold `text` for comparison. The result has as many code points as `text`, each at its place.

    Folding twice changes nothing. Cost: about 10 ns a code point and 3 µs a call.
    """
    return _table()[_codes(text)].tobytes().decode(_ENCODING, _ERRORS)


@cache
def _table() -> NDArray[np.uint32]:
    data = (DATA / "folding.txt").read_text(encoding="utf-8")
    before, after = (line for line in data.splitlines() if not line.startswith("# "))
    table = np.arange(_CODE_POINTS, dtype="<u4")
    table[_codes(before)] = _codes(after)
    return table


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode(_ENCODING, _ERRORS), "<u4")
