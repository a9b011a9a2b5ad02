"""Named NumPy arrays in one file that is mapped into memory. Nothing is pickled, so reading a file cannot run code.

    magic (8 bytes) | length of the header (8, little-endian) | checksum of the header (8) | header | padding | arrays

The header is JSON: the type, number of elements and offset of each array (from the first array), and the index of its
first block. Arrays begin at multiples of 64 bytes. Each array is divided into blocks of 16 KB. The last array,
`block_checksums`, has the XXH3 checksum of each block of all other arrays. The checksum of `block_checksums` itself is
in its entry of the header, in place of the index of its first block.

A block is verified when something in it is first read, the header and `block_checksums` when the first array is looked
up.
"""

from __future__ import annotations

import json
import mmap
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from xxhash import xxh3_64_intdigest

from searchkit.errors import IndexDamaged

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
else:
    Array = np.ndarray  # importing numpy.typing takes 30 ms, which every search would pay

_MAGIC = b"skarray4"
_HEADER_OFFSET = 24  # bytes: the magic, the length of the header, and its checksum
_ALIGNMENT = 64  # bytes
_STORED_DTYPES = frozenset({"|u1", "<u2", "<u4", "<u8"})  # unsigned integers, little-endian
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)  # O_BINARY exists on Windows only
_CHECKSUMS = "block_checksums"
_BLOCK_BYTES = 1 << 14
"""Size of a block. Verifying one takes 1 µs, and brings no more pages into memory than the system reads ahead."""
_MAX_JSON_BYTES = 1 << 27
"""Maximum size of the JSON that `unpack_json` decodes. The JSON of 32 documents (`segment.py`) has some KB, the JSON of
a large table some MB."""
_KEPT_BYTES = 1 << 22
_KEY_BASE = 0x9E3779B97F4A7C15  # odd, with irregular bits: 2 ** 64 divided by the golden ratio
_UNSIGNED_DTYPES = (np.uint8, np.uint16, np.uint32, np.uint64)


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write named one-dimensional arrays of unsigned integers to a file. Raises ValueError for other arrays."""
    directory: dict[str, tuple[str, int, int, int]] = {}  # dtype, number of elements, offset, first block
    stored = {name: np.ascontiguousarray(array, array.dtype.newbyteorder("<")) for name, array in arrays.items()}
    checksums: list[int] = []
    offset = 0
    for name, array in stored.items():
        dtype = array.dtype.str
        if dtype not in _STORED_DTYPES or array.ndim != 1:
            message = f"array {name}: {array.dtype} of {array.ndim} dimensions cannot be stored"
            raise ValueError(message)
        directory[name] = (dtype, len(array), offset, len(checksums))
        checksums += map(xxh3_64_intdigest, _blocks(array))
        offset += -(-array.nbytes // _ALIGNMENT) * _ALIGNMENT  # rounded up
    stored[_CHECKSUMS] = table = np.array(checksums, "<u8")
    directory[_CHECKSUMS] = (table.dtype.str, len(table), offset, xxh3_64_intdigest(table.data))
    header = json.dumps(directory).encode()
    data_start = -(-(_HEADER_OFFSET + len(header)) // _ALIGNMENT) * _ALIGNMENT
    with path.open("wb") as handle:
        handle.write(_MAGIC + len(header).to_bytes(8, "little") + _digest(header).to_bytes(8, "little") + header)
        for (_, _, offset, _), array in zip(directory.values(), stored.values(), strict=True):
            handle.seek(data_start + offset)
            handle.write(array.data)
        # `block_checksums` is empty if all arrays are. Then nothing is written at its offset, so the file is extended.
        handle.truncate(max(handle.tell(), data_start))


def _digest(data: bytes) -> int:
    return xxh3_64_intdigest(data)


def _blocks(array: Array) -> Iterator[memoryview]:
    """Yield the blocks of a contiguous array."""
    view = array.view(np.uint8).data
    return (view[start : start + _BLOCK_BYTES] for start in range(0, array.nbytes, _BLOCK_BYTES))


class CheckedArray:
    """An array of which a search may read only a part. Each block is verified when something in it is first read.

    Thread-safe: at worst two threads verify the same block.
    """

    def __init__(
        self, array: Array, checksums: Array | None = None, path: str | Path = "", below: int | None = None
    ) -> None:
        """Take an array, the checksum of each of its blocks, and the file for messages.

        `below`: all elements must be less than this, unless it is None. Without checksums, the array was just computed,
        and neither the checksums nor `below` are verified.
        """
        self._array, self._checksums, self._path, self.below = array, checksums, path, below
        self._block_length = _BLOCK_BYTES // array.itemsize
        self._is_complete = checksums is None
        self._verified = bytearray(-(-array.nbytes // _BLOCK_BYTES))
        self._is_verified = np.frombuffer(self._verified, bool)  # the memory of `_verified` as a mask

    def __len__(self) -> int:
        return len(self._array)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""
        return self._array.dtype

    def read(self, start: int, end: int) -> Array:
        """Return the elements from `start` to `end` (exclusive).

        Raises IndexDamaged if they are not in the array, or if a block with some of them is damaged.
        """
        if not 0 <= start <= end <= len(self._array):
            raise damaged_file(self._path)
        if not self._is_complete:
            self._verify(start // self._block_length, -(-end // self._block_length))
        return self._array[start:end]

    def take(self, indices: Array) -> Array:
        """Return the elements at some indices."""
        if not self._is_complete:
            blocks = indices // self._block_length
            unverified = blocks.compress(~self._is_verified.take(blocks))
            for block in unique_sorted(np.sort(unverified)).tolist():  # `np.unique` would import numpy.ma: 10 ms
                self._verify(block, block + 1)
        return self._array.take(indices)

    def join(self, starts: Sequence[int], ends: Sequence[int]) -> Array:
        """Return the elements from `starts[i]` to `ends[i]` (exclusive) for each i, concatenated.

        Four times as fast as `take`.
        """
        if not self._is_complete:
            length, verified = self._block_length, self._verified
            for start, end in zip(starts, ends, strict=True):
                if not verified[start // length] or end > start // length * length + length:
                    self._verify(start // length, -(-end // length))
        return np.frombuffer(b"".join(map(self._array.data.__getitem__, map(slice, starts, ends))), self.dtype)

    def all(self) -> Array:
        """Return the complete array, after verifying all of its blocks."""
        if not self._is_complete:
            self._verify(0, len(self._verified))
            self._is_complete = True
        return self._array

    def _verify(self, first: int, end: int) -> None:
        """Verify the blocks from `first` to `end` (exclusive) that are not yet verified.

        Raises IndexDamaged if one has a wrong checksum, or an element that is not less than `below`.
        """
        block = self._verified.find(0, first, end)
        if block < 0 or self._checksums is None:
            return
        data, checksums = self._array.view(np.uint8).data, self._checksums[block:end].tolist()
        for checksum in checksums:
            if not self._verified[block]:
                start = block * _BLOCK_BYTES
                if xxh3_64_intdigest(data[start : start + _BLOCK_BYTES]) != checksum or not self._is_bounded(block):
                    raise damaged_file(self._path)
                self._verified[block] = 1
            block += 1

    def _is_bounded(self, block: int) -> bool:
        """Return whether all elements of a block are less than `below`."""
        elements = self._array[block * self._block_length : (block + 1) * self._block_length]
        return self.below is None or int(elements.max()) < self.below


class Arrays:
    """Named arrays, of a file (`ArrayFile`) or in memory (`MemoryArrays`).

    Checksums detect accidental changes, but not a file that someone has written on purpose. So the callers of these
    methods state what must be true of the numbers that they use as indices: a bound, a length, ascending offsets. If it
    is not true of an array of a file, IndexDamaged is raised.
    """

    path: str | Path = ""
    """The file, for messages."""

    def checked(self, name: str, below: int | None = None) -> CheckedArray:
        """Return the array called `name`.

        Elements are verified when they are first read, by checksums and by the bound `below`. Raises IndexDamaged if
        there is no such array.
        """
        raise NotImplementedError

    def __getitem__(self, name: str) -> Array:
        """Return the complete array called `name`. Raises IndexDamaged if the file has none, or a damaged one."""
        return self.checked(name).all()

    def column(self, name: str, length: int, below: int | None = None) -> Array:
        """Return an array with `length` elements, all less than `below` unless it is None.

        Raises IndexDamaged for any other array.
        """
        array = self.checked(name, below).all()
        if len(array) != length:
            raise damaged_file(self.path)
        return array

    def offsets(self, name: str, count: int, end: int, start: int = 0) -> Array:
        """Return an array of `count` + 1 offsets.

        Raises IndexDamaged unless the first offset is `start`, the last is `end`, and none is less than the one before.
        """
        array = self.column(name, count + 1)
        if not len(array) or int(array[0]) != start or int(array[-1]) != end or (array[1:] < array[:-1]).any():
            raise damaged_file(self.path)
        return array


class MemoryArrays(Arrays):
    """Arrays that were just computed."""

    def __init__(self, arrays: Mapping[str, Array]) -> None:
        self._arrays = arrays

    def checked(self, name: str, below: int | None = None) -> CheckedArray:  # noqa: ARG002 - computed by searchkit
        """Return the array called `name`, which is not verified."""
        return CheckedArray(self._arrays[name])


_mapping_lock = Lock()
"""Held while a file is mapped, so that two threads do not map the same file twice or close its descriptor twice."""


class ArrayFile(Arrays):
    """The arrays of a file, read-only. The file is opened at once, and mapped when the first array is looked up.

    The mapping remains valid without the file descriptor, which is then closed.
    """

    def __init__(self, path: str | Path) -> None:
        """Open a file. Takes some µs, whatever the size of the file. Raises IndexDamaged if it cannot be opened."""
        self.path = path
        self._arrays: dict[str, CheckedArray] = {}
        self._mapped_view: memoryview | None = None
        self._descriptor: int | None = None
        try:
            self._descriptor = os.open(path, _OPEN_FLAGS)
            file = os.fstat(self._descriptor)
        except OSError:
            raise damaged_file(path) from None
        self.identity = (file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns)
        """Device, inode, size and modification time. No other file has the same ones while this file is in use."""

    def __del__(self) -> None:
        self._close()

    def checked(self, name: str, below: int | None = None) -> CheckedArray:
        """Return the array called `name`, whose blocks are verified when they are first read.

        If several calls state a bound, the first bound holds for all.
        """
        array = self._arrays.get(name)
        if array is None or (array.below is None and below is not None):
            array = self._arrays[name] = self._map(name, below)
        return array

    def __contains__(self, name: str) -> bool:
        return name in self._directory

    def verify(self) -> None:
        """Read all arrays. Raises IndexDamaged if one is damaged, or extends beyond the end of the file.

        Blocks that were verified before are not read again.
        """
        for name in self._directory:
            if name != _CHECKSUMS:
                self[name]

    def _map(self, name: str, below: int | None) -> CheckedArray:
        """Return an array as a view of the mapped file.

        Raises IndexDamaged if its entry in the header is not valid, or if it is `block_checksums`, which has no blocks.
        """
        array, first_block = self._view_array(name)
        block_count = -(-array.nbytes // _BLOCK_BYTES)
        checksums = self._checksums[first_block : first_block + block_count]
        if name == _CHECKSUMS or len(checksums) != block_count:
            raise damaged_file(self.path)
        return CheckedArray(array, checksums, self.path, below)

    def _view_array(self, name: str) -> tuple[Array, int]:
        """Return an array, not verified, and the last number of its entry in the header.

        The number is the index of its first block; for `block_checksums`, its checksum.
        """
        try:
            typestr, count, offset, number = self._directory[name]
            dtype, start = np.dtype(typestr), self._data_start + offset
            if (
                typestr not in _STORED_DTYPES
                or min(offset, count, number) < 0
                or start + count * dtype.itemsize > len(self._view)
            ):
                raise damaged_file(self.path)
            return np.frombuffer(self._view, dtype, count, start) if count else np.empty(0, dtype), int(number)
        except (KeyError, ValueError, TypeError):
            raise damaged_file(self.path) from None

    @cached_property
    def _checksums(self) -> Array:
        """The checksums of all blocks."""
        checksums, checksum = self._view_array(_CHECKSUMS)
        if xxh3_64_intdigest(checksums.data) != checksum:
            raise damaged_file(self.path)
        return checksums

    @cached_property
    def _view(self) -> memoryview:
        """The bytes of the file. The first access maps the file, checks `_MAGIC`, and closes the descriptor."""
        with _mapping_lock:
            if self._mapped_view is None:
                if self._descriptor is None or os.fstat(self._descriptor).st_size < _HEADER_OFFSET:
                    raise damaged_file(self.path)
                view = memoryview(mmap.mmap(self._descriptor, 0, access=mmap.ACCESS_READ))
                if bytes(view[: len(_MAGIC)]) != _MAGIC:
                    raise damaged_file(self.path)
                self._mapped_view = view
                self._close()
            return self._mapped_view

    def _close(self) -> None:
        """Close the file descriptor, if it is open. Errors are ignored, because nothing was written.

        A descriptor is closed even if closing it fails. Closing it again could close the file of another thread.
        """
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):
                os.close(descriptor)

    @cached_property
    def _directory(self) -> dict[str, Any]:
        """The header: type, number of elements, offset from `_data_start` and first block of each array, by name."""
        header = bytes(self._view[_HEADER_OFFSET : _HEADER_OFFSET + self._header_length])
        if _digest(header) != int.from_bytes(self._view[16:24], "little"):
            raise damaged_file(self.path)
        try:
            directory = json.loads(header)
        except (ValueError, RecursionError):
            raise damaged_file(self.path) from None
        if not isinstance(directory, dict):
            raise damaged_file(self.path)
        return directory

    @property
    def _header_length(self) -> int:
        """Length of the header in bytes."""
        return int.from_bytes(self._view[8:16], "little")

    @property
    def _data_start(self) -> int:
        """Offset of the first array in the file: the end of the header, rounded up."""
        return -(-(_HEADER_OFFSET + self._header_length) // _ALIGNMENT) * _ALIGNMENT


def damaged_file(path: str | Path) -> IndexDamaged:
    """Return the error for a file that is missing, or whose content is not what was written."""
    return IndexDamaged(f"{path}: missing or damaged; build the index again with: searchkit build --full")


class ByteStrings:
    """A stored list of byte strings, which are concatenated in one array."""

    def __init__(self, arrays: Arrays, name: str) -> None:
        """Read the arrays that `byte_string_arrays` returned for `name`."""
        self._data, count = arrays.checked(name), len(arrays.checked(f"{name}_offsets")) - 1
        self._offsets = arrays.offsets(f"{name}_offsets", count, len(self._data))

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, index: int) -> bytes:
        return self._data.read(int(self._offsets[index]), int(self._offsets[index + 1])).tobytes()

    def to_list(self) -> list[bytes]:
        """Return all strings."""
        data = self._data.all().tobytes()
        return [data[start:end] for start, end in pairwise(self._offsets.tolist())]

    def decode(self, indices: Array) -> list[str]:
        """Return the strings at the given indices as text. They must be UTF-8; encoded surrogates are allowed."""
        starts, ends = self._offsets[:-1].take(indices).astype(np.int64), self._offsets[1:].take(indices)
        data = self._data.take(join_ranges(starts, ends - starts))
        characters = np.append(0, np.cumsum(starts_character(data)))
        text = data.tobytes().decode("utf-8", "surrogatepass")
        offsets = characters.take(offsets_from_lengths(ends - starts))
        return [text[start:end] for start, end in pairwise(offsets.tolist())]

    def keys(self) -> Array:
        """Return an integer of 64 bits for each string. No string may be empty. Takes some ns per byte.

        Equal strings have equal keys. Two different ones have equal keys with a probability of about 2 ** -64.
        """
        offsets = self._offsets.astype(np.int64)
        lengths = np.diff(offsets)
        if not len(lengths):
            return np.empty(0, np.uint64)
        powers = np.full(int(lengths.max()), _KEY_BASE, np.uint64)  # a key is a polynomial in `_KEY_BASE`
        powers[0] = 1
        data = self._data.all()
        index = np.arange(len(data)) - np.repeat(offsets[:-1], lengths)
        products = np.cumprod(powers).take(index)
        products *= data + np.uint64(1)
        keys: Array = np.add.reduceat(products, offsets[:-1])
        return keys

    def character_counts(self) -> Array:
        """Return the number of characters of each string, which must be UTF-8. No string may be empty."""
        if not len(self):
            return np.empty(0, np.int64)
        counts: Array = np.add.reduceat(
            starts_character(self._data.all()), self._offsets[:-1].astype(np.int64), dtype=np.int64
        )
        return counts

    def find_prefix(self, prefix: bytes) -> Iterator[int]:
        """Yield the indices, ascending, of strings that may begin with `prefix`. No string may be empty.

        Searches the concatenated strings at once, which is faster than comparing each string. An occurrence of `prefix`
        that starts at the start of a string may extend into the next strings. The caller must therefore check that the
        string itself begins with `prefix`.
        """
        data = self._data.all().tobytes()
        offset = data.find(prefix)
        while offset >= 0:
            index = int(np.searchsorted(self._offsets, offset))
            if self._offsets[index] == offset:
                yield index
            offset = data.find(prefix, offset + 1)


def starts_character(data: Array) -> Array:
    """Return a mask of the bytes of UTF-8 that start a character."""
    mask: Array = (data & 0xC0) != 0x80  # noqa: PLR2004 - 0x80 to 0xBF continue a character
    return mask


def byte_string_arrays(name: str, strings: Sequence[bytes]) -> dict[str, Array]:
    """Return byte strings as the arrays `name` and `name_offsets`, for `ByteStrings`."""
    return {
        name: np.frombuffer(b"".join(strings), np.uint8),
        f"{name}_offsets": narrowest(offsets_from_lengths(list(map(len, strings)))),
    }


def offsets_from_lengths(lengths: Sequence[int] | Array) -> Array:
    """Return the offset of each item of a concatenation, then the total length. `lengths`: the length of each item."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def join_ranges(starts: Array, lengths: Array) -> Array:
    """Return the integers of several ranges, concatenated. `lengths`: the number of integers of each range."""
    # The n-th integer is n, plus the start of its range, minus the number of integers before the range.
    joined: Array = np.arange(int(lengths.sum())) + np.repeat(starts - offsets_from_lengths(lengths)[:-1], lengths)
    return joined


def narrowest(values: Array | Iterable[int]) -> Array:
    """Return non-negative integers in the narrowest unsigned type that can store all of them."""
    array = values if isinstance(values, np.ndarray) else np.fromiter(values, np.int64)
    maximum = int(array.max()) if len(array) else 0
    return array.astype(next(dtype for dtype in _UNSIGNED_DTYPES if maximum <= np.iinfo(dtype).max))


def keep_freed_memory() -> None:
    """Let the process keep the memory of freed arrays of up to 4 MB. Takes some µs, and no memory.

    The C library of Linux returns a freed block to the system if it is larger than 128 KB and than every such block
    that was freed before (the dynamic M_MMAP_THRESHOLD of mallopt(3)). The system then clears its pages each time that
    they are allocated, which took up to half of the time of a search. Allocating and freeing one large block raises the
    threshold.
    """
    np.empty(_KEPT_BYTES, np.uint8)


def unique_sorted(values: Array) -> Array:
    """Return the distinct values of a sorted array.

    Sorting an array and then calling this function is faster than `np.unique`, which uses a hash table.
    """
    return values.compress(run_start_mask(values))


def count_values(values: Array, size: int) -> Array:
    """Return the number of occurrences of each integer from 0 to `size` - 1."""
    counts = np.zeros(size, np.int64)
    for block in block_slices(len(values)):
        counts += np.bincount(values[block], minlength=size)
    return counts


def take_blockwise(values: Array, indices: Array) -> Array:
    """Return `values[indices]`, computed block by block."""
    taken = np.empty(len(indices), values.dtype)
    for block in block_slices(len(indices)):
        taken[block] = values.take(indices[block])
    return taken


def block_slices(length: int, size: int = 1 << 17) -> Iterator[slice]:
    """Return slices that cover `length` elements in order, `size` elements each, the last one possibly fewer.

    Long arrays are processed block by block, because temporary arrays of one block stay in the processor's cache. Many
    NumPy operations on a complete array would convert all of it to 64-bit integers at once.
    """
    return (slice(start, min(start + size, length)) for start in range(0, length, size))


def run_start_mask(values: Array) -> Array:
    """Return a mask that is true at the first element of each run of equal values."""
    mask = np.ones(len(values), bool)
    np.not_equal(values[1:], values[:-1], out=mask[1:])
    return mask


def pack_json(value: object) -> Array:
    """Encode a value as compressed JSON in an array of bytes."""
    return np.frombuffer(zlib.compress(json.dumps(value, ensure_ascii=False).encode(), 6), np.uint8)


def unpack_json(array: Array) -> Any:  # noqa: ANN401
    """Decode a value that `pack_json` encoded.

    Raises ValueError, or RecursionError for deep nesting, if the array is not such a value. Raises ValueError if its
    JSON is larger than `_MAX_JSON_BYTES`.
    """
    decompressor = zlib.decompressobj()
    try:
        data = decompressor.decompress(array.tobytes(), _MAX_JSON_BYTES)
    except zlib.error as error:
        raise ValueError(str(error)) from None
    if not decompressor.eof or decompressor.unused_data:
        raise ValueError("cut short, or too long")
    return json.loads(data)
