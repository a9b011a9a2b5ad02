"""What a file may cost: processor time and memory by its size, whatever its format."""

from __future__ import annotations

SECONDS, SECONDS_PER_MEGABYTE = 30, 6
"""Of the processor: what may be used for a file, and so much more for each million bytes. A million bytes of reports as
text take half a second, of short records with many measures up to two; a slow machine takes three times as long."""
MEMORY, MEMORY_PER_BYTE = 1 << 30, 16
"""Bytes of address space: the same, beyond what the process has when it begins with a file."""


def seconds_for(size: int) -> int:
    """Seconds of the processor that a file of so many bytes may take."""
    return SECONDS + SECONDS_PER_MEGABYTE * (size // 1_000_000)


def memory_for(size: int) -> int:
    """Bytes of memory that a file of so many bytes may take."""
    return MEMORY + MEMORY_PER_BYTE * size
