"""Ways to damage a file: as disks, networks, careless programs and malice do it."""

from __future__ import annotations

import io
import random
import re
import zipfile
from collections.abc import Callable, Mapping

Mutation = Callable[[bytes, random.Random], bytes]
"""Bytes of a file and chance to other bytes."""

_MAX_RUN_LENGTH = 300_000
_MAX_DEPTH = 50_000
_BOMB = 40_000_000
"""Bytes of an entry that packs to a thousandth."""
_TAG = re.compile(rb"<[^<>]{1,200}>")
_VALUE = re.compile(rb'="[^"]{0,60}"')
_EXTREME = (b"", b"-1", b"0", b"999999999999", b"1e999", b"nan", b"../../x", b"\xff", b"&a;", b"%s" * 20)
_ENTITY = b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'
_ODD_NAMES = ("../../a.txt", "/etc/a.txt", "C:\\a.txt", "a/" * 200 + "a.txt", "\x00", "a\nb.txt", "word/document.xml")
_SNIPPETS = (
    b"\x00", b"\x1b[2J", b'"', b"'", b"|", b"```\n", b"---\n", b"\r", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"<!--", b"]]>",
    b"<table>", b"{\\rtf1", b"\xe2\x80\xae", "一、".encode(), "（一）".encode(), b"1.", "２０２３年".encode("gb18030"),
)  # fmt: skip


def _part(data: bytes, chance: random.Random, longest: int = 4096) -> tuple[int, int]:
    """Begin and end of some part."""
    start = chance.randrange(len(data) + 1)
    return start, min(len(data), start + chance.randrange(1, longest))


def flipped(data: bytes, chance: random.Random) -> bytes:
    """Flip a few bits."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 2, 8, 64)) if changed else 0):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(data: bytes, chance: random.Random) -> bytes:
    """Keep the beginning, or the end."""
    at = chance.randrange(len(data) + 1)
    return data[:at] if chance.random() < 0.8 else data[at:]


def swapped(data: bytes, chance: random.Random) -> bytes:
    """Let two neighbouring blocks change places."""
    first, second, third = sorted(chance.randrange(len(data) + 1) for _ in range(3))
    return data[:first] + data[second:third] + data[first:second] + data[third:]


def repeated(data: bytes, chance: random.Random) -> bytes:
    """Have a block several times."""
    start, end = _part(data, chance)
    return data[:end] + data[start:end] * chance.choice((1, 3, 30)) + data[end:]


def with_run(data: bytes, chance: random.Random) -> bytes:
    """Put in one byte, or one snippet of markup, again and again."""
    at = chance.randrange(len(data) + 1)
    unit = chance.choice((bytes([chance.randrange(256)]), chance.choice(_SNIPPETS)))
    return data[:at] + unit * chance.choice((1, 100, _MAX_RUN_LENGTH // len(unit))) + data[at:]


def overwritten(data: bytes, chance: random.Random) -> bytes:
    """Write noise or zeros over a block."""
    start, end = _part(data, chance, 600)
    return data[:start] + (chance.randbytes(end - start) if chance.random() < 0.5 else bytes(end - start)) + data[end:]


def retagged(data: bytes, chance: random.Random) -> bytes:
    """Change markup: take tags out, put others in their place, nest them without end, declare entities."""
    tags = [match.span() for match in _TAG.finditer(data)]
    if not tags:
        return with_run(data, chance)
    for start, end in sorted(chance.sample(tags, min(len(tags), chance.choice((1, 3)))), reverse=True):
        other = slice(*chance.choice(tags))
        new = chance.choice((b"", data[other], data[start:end] * 2, data[start:end] * _MAX_DEPTH, _ENTITY))
        data = data[:start] + new + data[end:]
    return data


def revalued(data: bytes, chance: random.Random) -> bytes:
    """Give some attributes values that nobody expects."""
    share = chance.choice((0.01, 0.2, 1))
    return _VALUE.sub(
        lambda match: b'="' + chance.choice(_EXTREME) + b'"' if chance.random() < share else match[0], data
    )


BYTES: tuple[Mutation, ...] = (flipped, cut, swapped, repeated, with_run, overwritten)
MARKUP: tuple[Mutation, ...] = (retagged, revalued)


def inside(data: bytes, chance: random.Random) -> bytes:
    """Damage what an entry of an archive holds, and pack it again without fault."""
    files = _unpacked(data)
    name = chance.choice(sorted(files))
    way = chance.choice(MARKUP if files[name].lstrip().startswith(b"<") and chance.random() < 0.7 else BYTES)
    return _packed({**files, name: way(files[name], chance)})


def other_entries(data: bytes, chance: random.Random) -> bytes:
    """Take entries out, exchange or empty them, blow one up, put the archive into itself, give odd names."""
    files = _unpacked(data)
    first, second = (chance.choice(sorted(files)) for _ in range(2))
    change = chance.choice(
        (
            {second: files[first], first: files[second]},
            {first: b""},
            {first: bytes(chance.choice((1_000_000, 1_000_000, 1_000_000, _BOMB)))},
            {chance.choice((first, "a.zip", "a.docx")): data},
            {chance.choice(_ODD_NAMES): files[first]},
            {f"{n}.txt": "立案3件。".encode() for n in range(chance.choice((10, 10, 10, 12_000)))},
        )
    )
    files |= change
    if chance.random() < 0.2:
        del files[first]
    return _packed(files)


def header(data: bytes, chance: random.Random) -> bytes:
    """Change what an archive says of its entries: names, sizes, methods, flags."""
    changed = bytearray(data)
    marks = [match.start() for match in re.finditer(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06", data)]
    for _ in range(chance.choice((1, 3)) if marks else 0):
        at = chance.choice(marks) + chance.randrange(4, 46)
        changed[at : at + 1] = bytes([chance.choice((0, 1, 8, 9, 99, 255, chance.randrange(256)))])
    return bytes(changed[: len(data)])


ARCHIVE: tuple[Mutation, ...] = (*[inside] * 10, *[other_entries] * 3, header)


def ways(data: bytes) -> tuple[Mutation, ...]:
    """The ways that make sense for a file; some several times, so that most damage gets past the shell."""
    if data.startswith(b"PK"):
        return BYTES + ARCHIVE
    return BYTES + MARKUP * 2 if b"<" in data[:200] else BYTES


def _unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _packed(files: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return file.getvalue()
