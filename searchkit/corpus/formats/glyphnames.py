"""Glyph names in the fonts of a PDF: a repair of fonts whose map to characters (ToUnicode) is broken or missing.

The library that reads PDF offers no access to glyph names. It uses them, but only for Type 1 fonts without a map.
Therefore this module rewrites a copy of the file, in which the simple fonts with glyph names are Type 1 fonts without a
map.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_MAX_FONTS = 2_000
"""Maximum number of simple fonts that are examined."""
_MAX_OBJECT_BYTES = 30_000
"""Maximum number of bytes from the subtype of a font to the start or the end of its dictionary, and maximum size of the
object with its encoding. Each object describes at most 256 glyphs."""
_SIMPLE_FONT = re.compile(rb"/Subtype ?/(?:Type1|MMType1|TrueType|Type3)\b")
"""The subtype of a simple font: one with at most 256 glyphs. Only glyphs of simple fonts can be named."""
_OBJECT_START = re.compile(rb"[\r\n](\d{1,8}) 0 obj\b")
"""The start of an object of the file, with its number."""
_ENCODING_REFERENCE = re.compile(rb"/Encoding ?(\d{1,8}) 0 R")
"""The number of the object that contains the encoding of a font."""
_NAMES = b"/Differences"
"""The entry of an encoding that names glyphs."""
_REPLACEMENTS = (
    (b"/ToUnicode", b"/NoUnicode"),
    (b"/Subtype/TrueType", b"/Subtype/Type1   "),
    (b"/Subtype/Type3", b"/Subtype/Type1"),
)
"""Replacements that hide the map and change the type of a font. Both strings of a pair have the same length, so that
all objects keep their offsets."""


def expose_glyph_names(data: bytes) -> bytes | None:
    """Return a PDF in which the library maps the glyphs of simple fonts by their names; None if no font changes.

    `data`: a file that the library has written, with one object after another and no compressed objects.
    """
    copy = bytearray(data)
    for start, end in _find_named_fonts(data):
        body = data[start:end]
        for old, new in _REPLACEMENTS:
            body = body.replace(old, new)
        copy[start:end] = body
    return None if copy == data else bytes(copy)


def _find_named_fonts(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the spans of the dictionaries of simple fonts that state names of glyphs."""
    object_starts: dict[bytes, int] = {}
    for count, subtype in enumerate(_SIMPLE_FONT.finditer(data)):
        if count == _MAX_FONTS:
            return
        start = data.rfind(b" obj", max(0, subtype.start() - _MAX_OBJECT_BYTES), subtype.start())
        end = data.find(b"endobj", subtype.end(), subtype.end() + _MAX_OBJECT_BYTES)
        if min(start, end) < 0 or b"stream" in data[start:end]:
            continue
        if reference := _ENCODING_REFERENCE.search(data, start, end):
            object_starts = object_starts or {match[1]: match.end() for match in _OBJECT_START.finditer(data)}
            encoding_start = object_starts.get(reference[1], len(data))
            encoding_end = data.find(b"endobj", encoding_start, encoding_start + _MAX_OBJECT_BYTES)
            has_names = data.find(_NAMES, encoding_start, max(encoding_start, encoding_end)) >= 0
        else:
            has_names = data.find(_NAMES, start, end) >= 0
        if has_names:
            yield start, end
