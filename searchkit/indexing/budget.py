"""Limits of the CPU time and the memory that reading and indexing a file may take, by the size of the file.

A part is the small index that a worker builds from several files. Writing a part has the limits of one file that is as
large as all of them together.
"""

from __future__ import annotations

BASE_SECONDS, SECONDS_PER_MEGABYTE = 30, 6
"""CPU seconds allowed for a file of any size, and in addition for each full 1,000,000 bytes of the file. 1,000,000
bytes of text reports take half a second, and of short records with many measures up to two seconds. A slow machine
takes three times as long."""
BASE_MEMORY, MEMORY_PER_BYTE = 1 << 30, 16
"""Bytes of address space allowed for a file of any size, and in addition for each byte of the file. The address space
that the process has when it starts the file does not count."""


def seconds_for(size: int) -> int:
    """Return the CPU seconds allowed for a file of `size` bytes."""
    return BASE_SECONDS + SECONDS_PER_MEGABYTE * (size // 1_000_000)


def memory_for(size: int) -> int:
    """Return the bytes of address space allowed for a file of `size` bytes."""
    return BASE_MEMORY + MEMORY_PER_BYTE * size
