"""How much CPU time and memory a file may use, by its size."""

from __future__ import annotations

BASE_SECONDS, SECONDS_PER_MEGABYTE = 30, 6
"""CPU seconds allowed for a file of any size, and for each 1,000,000 bytes in addition. 1,000,000 bytes of text reports
take half a second, short records with many measures up to two seconds; a slow machine takes three times as long."""
BASE_MEMORY, MEMORY_PER_BYTE = 1 << 30, 16
"""Bytes of address space allowed for a file of any size, and for each byte of the file. They come on top of the address
space that the process has when it starts the file."""


def seconds_for(size: int) -> int:
    """Return the CPU seconds allowed for a file of `size` bytes."""
    return BASE_SECONDS + SECONDS_PER_MEGABYTE * (size // 1_000_000)


def memory_for(size: int) -> int:
    """Return the bytes of address space allowed for a file of `size` bytes."""
    return BASE_MEMORY + MEMORY_PER_BYTE * size
