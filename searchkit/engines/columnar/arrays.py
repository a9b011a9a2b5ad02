"""Named NumPy arrays in one file, to be mapped into memory: no pickle, nothing that could run.

    magic (8 bytes) | length of the header (8 bytes, little-endian) | header (JSON) | padding | arrays

The header gives each array's type, number of elements, offset and CRC-32; arrays begin at multiples of 64 bytes.
"""

from __future__ import annotations

import json
import mmap
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from searchkit.errors import IndexDamaged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
else:
    Array = np.ndarray  # importing numpy.typing takes 30 ms that every search would wait for

_MAGIC = b"skarray3"
_ALIGNMENT = 64
_TYPES = frozenset({"|u1", "<u2", "<u4", "<u8"})
_READING = os.O_RDONLY | getattr(os, "O_BINARY", 0)
_WIDTHS = (np.uint8, np.uint16, np.uint32, np.uint64)


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write one-dimensional arrays of unsigned integers under their names."""
    directory: dict[str, tuple[str, int, int, int]] = {}
    offset = 0
    stored = {name: np.ascontiguousarray(array, array.dtype.newbyteorder("<")) for name, array in arrays.items()}
    for name, array in stored.items():
        kind = array.dtype.str
        if kind not in _TYPES or array.ndim != 1:
            message = f"array {name}: {array.dtype} of {array.ndim} dimensions cannot be stored"
            raise ValueError(message)
        directory[name] = (kind, len(array), offset, zlib.crc32(array.data))
        offset += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT
    header = json.dumps(directory).encode()
    start = -(-(16 + len(header)) // _ALIGNMENT) * _ALIGNMENT
    with path.open("wb") as handle:
        handle.write(_MAGIC + len(header).to_bytes(8, "little") + header)
        for (_, _, offset, _), array in zip(directory.values(), stored.values(), strict=True):
            handle.seek(start + offset)
            handle.write(array.data)
        handle.truncate(max(handle.tell(), start))


_mapping = Lock()


class ArrayFile:
    """The arrays of a file, read-only, mapped into memory when the first is asked for; the file is kept until then."""

    def __init__(self, path: str | Path) -> None:
        """Open `path`; cost: some µs, whatever the size. Raises IndexDamaged if it is not there."""
        self._path = path
        self._arrays: dict[str, Array] = {}
        self._mapped_view: memoryview | None = None
        self._descriptor: int | None = None
        try:
            self._descriptor = os.open(path, _READING)
        except OSError:
            raise self._damaged() from None

    def __del__(self) -> None:
        self._close()

    def __getitem__(self, name: str) -> Array:
        """The array of that name. Raises IndexDamaged if the header does not describe one."""
        array = self._arrays.get(name)
        if array is None:
            array = self._arrays[name] = self._mapped(name)
        return array

    def __contains__(self, name: str) -> bool:
        return name in self._directory

    def verify(self) -> None:
        """Read everything. Raises IndexDamaged if an array is not what was written."""
        for name, (*_, checksum) in self._directory.items():
            if zlib.crc32(self[name].data) != checksum:
                raise self._damaged()

    def _mapped(self, name: str) -> Array:
        try:
            kind, count, offset, _ = self._directory[name]
            dtype, start = np.dtype(kind), self._start + offset
            if kind not in _TYPES or offset < 0 or count < 0 or start + count * dtype.itemsize > len(self._view):
                raise self._damaged()
            return np.frombuffer(self._view, dtype, count, start) if count else np.empty(0, dtype)
        except (KeyError, ValueError, TypeError):
            raise self._damaged() from None

    @cached_property
    def _view(self) -> memoryview:
        with _mapping:
            if self._mapped_view is None:
                if self._descriptor is None or os.fstat(self._descriptor).st_size < len(_MAGIC) + 8:
                    raise self._damaged()
                view = memoryview(mmap.mmap(self._descriptor, 0, access=mmap.ACCESS_READ))
                if bytes(view[:8]) != _MAGIC:
                    raise self._damaged()
                self._mapped_view = view
                self._close()
            return self._mapped_view

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    @cached_property
    def _directory(self) -> dict[str, Any]:
        try:
            directory = json.loads(bytes(self._view[16 : 16 + self._header]))
        except (ValueError, RecursionError):
            raise self._damaged() from None
        if not isinstance(directory, dict):
            raise self._damaged()
        return directory

    @property
    def _header(self) -> int:
        return int.from_bytes(self._view[8:16], "little")

    @property
    def _start(self) -> int:
        return -(-(16 + self._header) // _ALIGNMENT) * _ALIGNMENT

    def _damaged(self) -> IndexDamaged:
        return IndexDamaged(f"{self._path}: not what was written; build the index again with: searchkit build --full")


class Strings:
    """Byte strings stored one after the other: `data`, and where each begins."""

    def __init__(self, data: Array, starts: Array) -> None:
        self._data, self._starts = data, starts

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, number: int) -> bytes:
        return self._data[int(self._starts[number]) : int(self._starts[number + 1])].tobytes()

    def all(self) -> list[bytes]:
        """Every one of them."""
        data = self._data.tobytes()
        return [data[first:last] for first, last in pairwise(self._starts.tolist())]

    def find(self, string: bytes) -> Iterator[int]:
        """The numbers of those that begin with a string."""
        data = self._data.tobytes()
        place = data.find(string)
        while place >= 0:
            number = int(np.searchsorted(self._starts, place))
            if self._starts[number] == place:
                yield number
            place = data.find(string, place + 1)


def strings_arrays(name: str, strings: Sequence[bytes]) -> dict[str, Array]:
    """Byte strings as the two arrays `name` and `name_at`, for `Strings`."""
    return {
        name: np.frombuffer(b"".join(strings), np.uint8),
        f"{name}_at": narrow(starts(list(map(len, strings)))),
    }


def starts(lengths: Sequence[int] | Array) -> Array:
    """Where each of several runs begins when they stand one after the other, and at the end where the last one ends."""
    out = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=out[1:])
    return out


def narrow(values: Array | Iterable[int]) -> Array:
    """Non-negative integers in the narrowest unsigned type that holds them."""
    array = values if isinstance(values, np.ndarray) else np.fromiter(values, np.int64)
    most = int(array.max()) if len(array) else 0
    return array.astype(next(width for width in _WIDTHS if most <= np.iinfo(width).max))


def distinct(ascending: Array) -> Array:
    """The different values: `np.unique` would find them through a hash table, which is slower than a sort."""
    return ascending.compress(changes(ascending))


def counted(numbers: Array, count: int) -> Array:
    """How many times each of `count` numbers is there."""
    counts = np.zeros(count, np.int64)
    for part in blocks(len(numbers)):
        counts += np.bincount(numbers[part], minlength=count)
    return counts


def gathered(values: Array, numbers: Array) -> Array:
    """The values of some numbers."""
    taken = np.empty(len(numbers), values.dtype)
    for part in blocks(len(numbers)):
        taken[part] = values.take(numbers[part])
    return taken


def blocks(length: int, size: int = 1 << 17) -> Iterator[slice]:
    """Slices of a long array, one after the other.

    What is made of one of them stays in the cache, where NumPy would make 64-bit numbers of the whole array.
    """
    return (slice(first, min(first + size, length)) for first in range(0, length, size))


def changes(values: Array) -> Array:
    """Mask of where another value begins."""
    mask = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=mask[1:])
    return mask


def pack(value: object) -> Array:
    """A JSON value, compressed, as an array of bytes."""
    return np.frombuffer(zlib.compress(json.dumps(value, ensure_ascii=False).encode(), 6), np.uint8)


def unpack(array: Array) -> Any:  # noqa: ANN401
    """The JSON value of `pack`."""
    return json.loads(zlib.decompress(array.tobytes()))
