"""Builds PDF files for tests from their objects, so that tests show the input of the reader."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

CATALOG, PAGES = b"<</Type /Catalog /Pages 2 0 R>>", b"<</Type /Pages /Kids [3 0 R] /Count 1>>"
"""The first object of a file, and the second object of a file with one page. The page is the third object."""


def pdf_of(*bodies: bytes) -> bytes:
    """Return a PDF with these objects. The first is the catalog."""
    file, offsets = b"%PDF-1.4\n", []
    for n, body in enumerate(bodies, 1):
        offsets.append(len(file))
        file += b"%d 0 obj\n%b\nendobj\n" % (n, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    return (
        file
        + head
        + table
        + b"trailer <</Size %d /Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(offsets) + 1, len(file))
    )


def stream(data: bytes, entries: bytes = b"") -> bytes:
    """Return a stream object with compressed data. `entries`: more entries of its dictionary."""
    compressed = zlib.compress(data, 9)
    return b"<</Length %d /Filter /FlateDecode %b>>\nstream\n%b\nendstream" % (len(compressed), entries, compressed)


def coded_pdf(pages: Sequence[str], mapped: str = "", names: Sequence[str] = (), subtype: str = "Type1") -> bytes:
    """Return a PDF whose text is printed with one font. The codes of its distinct characters count from 1.

    The codes are in the order in which the characters first occur in `pages`, which contains the text of each page. A
    line break begins a new line; it has a code, too. `mapped` contains, for each code, the character that the ToUnicode
    map of the font states; if empty, the font has no map. `names` are the names of the glyphs, by code; if empty, the
    font has no names. `subtype` is that of the font.
    """
    chars = "".join(dict.fromkeys("".join(pages)))
    count = len(chars)
    font = f"<</Type /Font /Subtype /{subtype} /BaseFont /ABCDEF+Song /FirstChar 1 /LastChar {count}"
    font += f" /Widths [{'1000 ' * count}]"
    if names:
        font += f" /Encoding <</Type /Encoding /Differences [1 {' '.join(f'/{name}' for name in names)}]>>"
    if mapped:
        font += " /ToUnicode 4 0 R"
    if subtype == "Type3":
        font += " /FontBBox [0 0 1000 1000] /FontMatrix [0.001 0 0 0.001 0 0] /CharProcs <<"
        font += " ".join(f"/{name} 5 0 R" for name in names) + ">> /Resources <<>>"
    ranges = "".join(f"<{n:02X}> <{ord(char):04X}>\n" for n, char in enumerate(mapped, 1))
    cmap = f"/CIDInit /ProcSet findresource begin begincmap\n{count} beginbfchar\n{ranges}endbfchar\nendcmap end\n"
    kids = " ".join(f"{6 + 2 * n} 0 R" for n in range(len(pages)))
    objects = [
        CATALOG,
        f"<</Type /Pages /Kids [{kids}] /Count {len(pages)}>>".encode(),
        f"{font}>>".encode(),
        stream(cmap.encode()),
        stream(b"1000 0 0 0 900 900 d1 0 0 900 900 re f"),  # a black square, for each glyph of a Type 3 font
    ]
    for n, text in enumerate(pages):
        lines = "".join(
            f"1 0 0 1 60 {700 - 24 * row} Tm <{''.join(f'{chars.index(char) + 1:02X}' for char in line)}> Tj\n"
            for row, line in enumerate(text.split("\n"))
        )
        objects.append(
            f"<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {7 + 2 * n} 0 R"
            " /Resources <</Font <</F 3 0 R>>>>>>".encode()
        )
        objects.append(stream(f"BT /F 16 Tf\n{lines}ET".encode()))
    return pdf_of(*objects)
