"""Ways to damage a file, as disks, networks, faulty programs and attackers do.

The name of a mutation is part of the names of the files that it damaged (`000012-flipped.txt`). Under this name,
mutations.json has the number of these files.
"""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable, Mapping

Mutation = Callable[[bytes, random.Random], bytes]
"""Returns damaged bytes, given the bytes of a file and a random number generator."""

_MAX_REPETITION_BYTES = 300_000
"""Maximum length of an inserted repetition, in bytes."""
_MAX_DEPTH = 50_000
"""Number of copies of a tag that `retagged` puts in its place, so that elements are nested this deep."""
_BOMB = 40_000_000
"""Uncompressed size, in bytes, of an entry that compresses to a thousandth of its size."""
_TAG = re.compile(rb"<[^<>]{1,200}>")
"""A tag of XML or HTML."""
_VALUE = re.compile(rb'="[^"]{0,60}"')
"""An attribute value, with the equals sign and the quotes."""
_EXTREME_VALUES = (b"", b"-1", b"0", b"999999999999", b"1e999", b"nan", b"../../x", b"\xff", b"&a;", b"%s" * 20)
"""Values of attributes that a reader must be prepared for."""
_ENTITY = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'
"""Declarations of two entities: one stands for a text, the other for the content of a file of the system."""
_ODD_NAMES = ("../../a.txt", "/etc/a.txt", "C:\\a.txt", "a/" * 200 + "a.txt", "\x00", "a\nb.txt", "word/document.xml")
"""Names of entries: paths outside of the archive, a very long one, control characters, the main part of a document."""
_SNIPPETS = (
    b"\x00", b"\x1b[2J", b'"', b"'", b"|", b"```\n", b"---\n", b"\r", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"<!--", b"]]>",
    b"<table>", b"{\\rtf1", b"\xe2\x80\xae", "一、".encode(), "（一）".encode(), b"1.", "２０２３年".encode("gb18030"),
)  # fmt: skip
"""Bytes with a meaning in some format: control characters, quotes, markup, a byte order mark, list numbers, a year."""


def _part(data: bytes, rng: random.Random, max_length: int = 4096) -> tuple[int, int]:
    """Return the start and the end of a random part of less than `max_length` bytes."""
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.randrange(1, max_length))


def flipped(data: bytes, rng: random.Random) -> bytes:
    """Flip up to 64 bits."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 2, 8, 64)) if changed else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def cut(data: bytes, rng: random.Random) -> bytes:
    """Keep only the beginning or the end."""
    offset = rng.randrange(len(data) + 1)
    return data[:offset] if rng.random() < 0.8 else data[offset:]


def swapped(data: bytes, rng: random.Random) -> bytes:
    """Swap two adjacent blocks."""
    first, second, third = sorted(rng.randrange(len(data) + 1) for _ in range(3))
    return data[:first] + data[second:third] + data[first:second] + data[third:]


def repeated(data: bytes, rng: random.Random) -> bytes:
    """Repeat a block."""
    start, end = _part(data, rng)
    return data[:end] + data[start:end] * rng.choice((1, 3, 30)) + data[end:]


def with_run(data: bytes, rng: random.Random) -> bytes:
    """Insert repetitions of a random byte or of one of the snippets."""
    offset = rng.randrange(len(data) + 1)
    unit = rng.choice((bytes([rng.randrange(256)]), rng.choice(_SNIPPETS)))
    return data[:offset] + unit * rng.choice((1, 100, _MAX_REPETITION_BYTES // len(unit))) + data[offset:]


def overwritten(data: bytes, rng: random.Random) -> bytes:
    """Overwrite a block with noise or zeros."""
    start, end = _part(data, rng, 600)
    return data[:start] + (rng.randbytes(end - start) if rng.random() < 0.5 else bytes(end - start)) + data[end:]


def retagged(data: bytes, rng: random.Random) -> bytes:
    """Delete, replace, double or deeply nest tags, or put declarations of entities in their place.

    Data without tags are damaged by `with_run`.
    """
    tags = [match.span() for match in _TAG.finditer(data)]
    if not tags:
        return with_run(data, rng)
    for start, end in sorted(rng.sample(tags, min(len(tags), rng.choice((1, 3)))), reverse=True):
        other = slice(*rng.choice(tags))
        new = rng.choice((b"", data[other], data[start:end] * 2, data[start:end] * _MAX_DEPTH, _ENTITY))
        data = data[:start] + new + data[end:]
    return data


def revalued(data: bytes, rng: random.Random) -> bytes:
    """Replace attribute values by extreme ones: about 1 %, about 20 % or all."""
    share = rng.choice((0.01, 0.2, 1))
    return _VALUE.sub(
        lambda match: b'="' + rng.choice(_EXTREME_VALUES) + b'"' if rng.random() < share else match[0], data
    )


BYTES: tuple[Mutation, ...] = (flipped, cut, swapped, repeated, with_run, overwritten)
"""Mutations for any file."""
MARKUP: tuple[Mutation, ...] = (retagged, revalued)
"""Mutations for XML and HTML."""


def inside(data: bytes, rng: random.Random) -> bytes:
    """Damage the content of an archive entry. The archive itself stays valid."""
    files = _unpacked(data)
    name = rng.choice(sorted(files))
    mutation = rng.choice(MARKUP if files[name].lstrip().startswith(b"<") and rng.random() < 0.7 else BYTES)
    return _packed({**files, name: mutation(files[name], rng)})


def other_entries(data: bytes, rng: random.Random) -> bytes:
    """Swap two entries, empty one, replace its content by many zeros or the archive itself, or add entries.

    The added entries are the archive itself, one with an odd name, or many small ones. Sometimes, an entry is deleted,
    too.
    """
    files = _unpacked(data)
    first, second = (rng.choice(sorted(files)) for _ in range(2))
    changes = rng.choice(
        (
            {second: files[first], first: files[second]},
            {first: b""},
            {first: bytes(rng.choice((1_000_000, 1_000_000, 1_000_000, _BOMB)))},
            {rng.choice((first, "a.zip", "a.docx")): data},
            {rng.choice(_ODD_NAMES): files[first]},
            {f"{n}.txt": "立案3件。".encode() for n in range(rng.choice((10, 10, 10, 12_000)))},
        )
    )
    files |= changes
    if rng.random() < 0.2:
        del files[first]
    return _packed(files)


def header(data: bytes, rng: random.Random) -> bytes:
    """Change up to three bytes in or just after headers of an archive: sizes, compression methods, flags, names."""
    changed = bytearray(data)
    offsets = [match.start() for match in re.finditer(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06", data)]
    for _ in range(rng.choice((1, 3)) if offsets else 0):
        offset = rng.choice(offsets) + rng.randrange(4, 46)
        changed[offset : offset + 1] = bytes([rng.choice((0, 1, 8, 9, 99, 255, rng.randrange(256)))])
    return bytes(changed[: len(data)])  # a byte that was assigned behind the end was appended


ARCHIVE: tuple[Mutation, ...] = (*[inside] * 10, *[other_entries] * 3, header)
"""Mutations for archives. A mutation that is listed several times is chosen more often."""


def mutations_for(data: bytes) -> tuple[Mutation, ...]:
    """Return the mutations for a file.

    Those of archive entries, tags and attribute values are listed several times, so that they are chosen more often.
    """
    if data.startswith(b"PK"):
        return BYTES + ARCHIVE
    return BYTES + MARKUP * 2 if b"<" in data[:200] else BYTES


def _unpacked(data: bytes) -> dict[str, bytes]:
    """Return the entries of an archive by name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _packed(files: Mapping[str, bytes]) -> bytes:
    """Return an archive with these entries."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()
