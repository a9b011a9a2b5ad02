"""Named NumPy arrays in one file, to be mapped into memory: no pickle, nothing that could run.

    magic (8 bytes) | length of the header (8 bytes, little-endian) | header (JSON) | padding | arrays

The header gives each array's type, number of elements and offset; arrays begin at multiples of 64 bytes.
"""

from __future__ import annotations

import json
import mmap
import os
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.errors import IndexDamaged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
else:
    Array = np.ndarray  # importing numpy.typing takes 30 ms that every search would wait for

_MAGIC = b"skarray1"
_ALIGNMENT = 64
_TYPES = frozenset({"|u1", "<u2", "<u4", "<u8"})


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write one-dimensional arrays of unsigned integers under their names."""
    directory: dict[str, tuple[str, int, int]] = {}
    offset = 0
    for name, array in arrays.items():
        kind = array.dtype.newbyteorder("<").str
        if kind not in _TYPES or array.ndim != 1:
            message = f"array {name}: {array.dtype} of {array.ndim} dimensions cannot be stored"
            raise ValueError(message)
        directory[name] = (kind, len(array), offset)
        offset += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
    header = json.dumps(directory).encode()
    start = -(-(16 + len(header)) // _ALIGNMENT) * _ALIGNMENT
    with path.open("wb") as handle:
        handle.write(_MAGIC + len(header).to_bytes(8, "little") + header)
        for (_, _, offset), array in zip(directory.values(), arrays.values(), strict=True):
            handle.seek(start + offset)
            handle.write(array.astype(array.dtype.newbyteorder("<"), copy=False).data)
        handle.truncate(max(handle.tell(), start))


def map_arrays(path: Path) -> dict[str, Array]:
    """Map the arrays of a file into memory, read-only. Costs the same for any size. Raises IndexDamaged."""
    try:
        with path.open("rb") as handle:
            size = os.fstat(handle.fileno()).st_size
            view = memoryview(mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ))
        if bytes(view[:8]) != _MAGIC:
            raise _damaged(path)
        length = int.from_bytes(view[8:16], "little")
        start = -(-(16 + length) // _ALIGNMENT) * _ALIGNMENT
        arrays: dict[str, Array] = {}
        for name, (kind, count, offset) in json.loads(bytes(view[16 : 16 + length])).items():
            dtype = np.dtype(kind)
            if kind not in _TYPES or offset < 0 or count < 0 or start + offset + count * dtype.itemsize > size:
                raise _damaged(path)
            arrays[name] = np.frombuffer(view, dtype, count, start + offset) if count else np.empty(0, dtype)
    except (OSError, ValueError, TypeError, AttributeError):
        raise _damaged(path) from None
    return arrays


def pack(value: object) -> Array:
    """A JSON value, compressed, as an array of bytes."""
    return np.frombuffer(zlib.compress(json.dumps(value, ensure_ascii=False).encode(), 3), np.uint8)


def unpack(array: Array) -> Any:  # noqa: ANN401
    """The JSON value of `pack`."""
    return json.loads(zlib.decompress(array.tobytes()))


def _damaged(path: Path) -> IndexDamaged:
    return IndexDamaged(f"{path}: not what was written; build the index again with: searchkit build")
