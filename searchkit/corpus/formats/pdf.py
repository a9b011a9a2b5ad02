"""PDF: the characters of each page with their places, the outline, and what the document says about itself."""

from __future__ import annotations

import ctypes
import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import pypdfium2
import pypdfium2.raw as pdfium

from searchkit.corpus.blocks import RawDocument
from searchkit.corpus.formats.page.layout import Glyph, Page, blocks, heading_key, is_bold, is_title, plain
from searchkit.corpus.formats.page.reading_order import Rule
from searchkit.corpus.formats.registry import FileContents
from searchkit.errors import ReadError

_HEADER = b"%PDF-"
_HEADER_REACH = 1024
"""In how many of the first bytes the header may stand, as in the programs that show PDF."""
_MAX_PAGES = 5_000
_MAX_CHARACTERS = 200_000
"""Of one page. The longest pages in print have 20,000."""
_MAX_OBJECTS = 50_000
"""Of one page, that are looked through for the lines of tables."""
_MAX_BOOKMARKS = 10_000
_MAX_BOOKMARK_DEPTH = 6
_THIN = 2.0
"""Points. What is no wider is a line, not an area."""
_MIN_RULE_LENGTH = 5.0
"""Points."""
_SKEW = 0.02
"""Quarter turns. What is turned by more beyond whole ones is askew."""
_SEGMENTS_OF_RECTANGLE = 6
_MAX_NAME_LENGTH = 256
"""Bytes of a font's name."""
_UNKNOWN_SHARE = 0.5
_HYPHEN = "\x02"
"""How the library gives a hyphen at a line end."""
_UNKNOWN = frozenset("\x00\ufffd\ufffe\uffff")
_FORCE_BOLD = 1 << 18
"""Bit of a font's flags."""
_FILL_AND_STROKE = 2
"""How characters are drawn to look bold."""
_LOCK = threading.Lock()
"""The library must not be used by two threads at a time."""


def read(data: bytes, name: str) -> FileContents:  # noqa: ARG001 - every reader has this signature
    """Read a PDF: paragraphs put together from lines, columns and pages, each with the page it begins on.

    Running heads, page numbers and text askew are dropped. Headings have the level of the bookmark that names
    them. Hint: `title`. Pages that cannot be read, or only show a picture, are named in the problems. Raises
    ReadError if the bytes are no PDF, need a password, or have no text.
    """
    if _HEADER not in data[: _HEADER_REACH + len(_HEADER)]:
        message = "not a PDF"
        raise ReadError(message)
    with _LOCK:
        document = _open(data)
        try:
            return _contents(document)
        except (pypdfium2.PdfiumError, ValueError, OverflowError, ctypes.ArgumentError) as error:
            message = "damaged PDF: cannot be read"
            raise ReadError(message) from error
        finally:
            document.close()


def _open(data: bytes) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        message = "damaged PDF: cannot be opened"
        if error.err_code in {pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY}:
            message = "encrypted PDF: needs a password"
        raise ReadError(message) from error


def _contents(document: pypdfium2.PdfDocument) -> FileContents:
    if len(document) > _MAX_PAGES:
        message = f"more than {_MAX_PAGES} pages"
        raise ReadError(message)
    headings = _headings(document)
    pages: list[Page] = []
    problems: dict[int, str] = {}
    for number in range(1, len(document) + 1):
        page = _page(document, number, headings.get(number, {}))
        if isinstance(page, Page):
            pages.append(page)
        else:
            problems[number] = page
    if not any(page.glyphs for page in pages):
        raise ReadError(min(problems.values(), key=[*problems.values()].count) if problems else "no text")
    title = plain(document.get_metadata_value("Title")).strip()
    hints = {"title": title} if is_title(title) else {}
    found = blocks(pages)
    return FileContents((RawDocument(found, hints=hints),), tuple(f"page {n}: {why}" for n, why in problems.items()))


def _headings(document: pypdfium2.PdfDocument) -> dict[int, dict[str, int]]:
    """Give the titles of the bookmarks with their level, by the number of the page that they lead to."""
    found: dict[int, dict[str, int]] = {}
    for count, bookmark in enumerate(document.get_toc(max_depth=_MAX_BOOKMARK_DEPTH)):
        if count == _MAX_BOOKMARKS:
            break
        target = bookmark.get_dest()
        index = None if target is None else target.get_index()
        if index is not None:
            found.setdefault(index + 1, {}).setdefault(heading_key(bookmark.get_title()), bookmark.level + 1)
    return found


def _page(document: pypdfium2.PdfDocument, number: int, headings: Mapping[str, int]) -> Page | str:
    """Read a page; else say why it cannot be read."""
    try:
        with closing(document[number - 1]) as page, closing(page.get_textpage()) as text:
            left, bottom, right, top = page.get_bbox()
            count = text.count_chars()
            if count > _MAX_CHARACTERS:
                return f"more than {_MAX_CHARACTERS} characters"
            glyphs = list(_glyphs(text, count, left, top))
            if not glyphs and _shows_picture(page):
                return "scanned, no text layer: needs OCR"
            if sum(glyph.text in _UNKNOWN for glyph in glyphs) > _UNKNOWN_SHARE * len(glyphs):
                return "its fonts do not say which characters they show: needs OCR"
            return Page(number, right - left, top - bottom, glyphs, list(_rules(page, left, top)), headings)
    except pypdfium2.PdfiumError:
        return "damaged"


@dataclass(frozen=True, slots=True)
class _Type:
    """What the characters of one text object have in common."""

    size: float
    bold: bool
    turn: int | None


def _glyphs(text: pypdfium2.PdfTextPage, count: int, left: float, top: float) -> Iterator[Glyph]:
    """Give the characters of a page but those that the library thinks a reader sees between them: blanks, line ends."""
    types: dict[int | None, _Type] = {}
    box = pdfium.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    for i in range(count):
        char = chr(pdfium.FPDFText_GetUnicode(text, i))
        if pdfium.FPDFText_IsGenerated(text, i):
            continue
        item = pdfium.FPDFText_GetTextObject(text, i)
        key = ctypes.cast(item, ctypes.c_void_p).value
        kind = types.get(key)
        if kind is None:
            kind = types[key] = _type(text, i, item)
        if pdfium.FPDFText_GetLooseCharBox(text, i, box) and pdfium.FPDFText_GetCharOrigin(text, i, x, y):
            length = box.top - box.bottom if kind.turn in {1, 3} else box.right - box.left
            start = x.value - left
            char = "-" if char == _HYPHEN else char
            yield Glyph(char, start, start + length, top - y.value, kind.size, kind.bold, kind.turn)


def _type(text: pypdfium2.PdfTextPage, i: int, item: object) -> _Type:
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(text, i, matrix)
    size = pdfium.FPDFText_GetFontSize(text, i) * math.hypot(matrix.c, matrix.d)
    quarters = math.atan2(-matrix.b, matrix.a) / (math.pi / 2)
    turn = None if abs(quarters - round(quarters)) > _SKEW else round(quarters) % 4
    font = pdfium.FPDFTextObj_GetFont(item) if item else None
    bold = bool(font) and (
        pdfium.FPDFTextObj_GetTextRenderMode(item) == _FILL_AND_STROKE
        or bool(max(0, pdfium.FPDFFont_GetFlags(font)) & _FORCE_BOLD)
        or is_bold(_font_name(font))
    )
    return _Type(round(size, 1) or 1.0, bold, turn)


def _font_name(font: object) -> str:
    buffer = ctypes.create_string_buffer(_MAX_NAME_LENGTH)
    length = pdfium.FPDFFont_GetBaseFontName(font, buffer, _MAX_NAME_LENGTH)
    if not 0 < length <= _MAX_NAME_LENGTH:
        return ""
    try:
        return buffer.value.decode("utf-8")
    except UnicodeDecodeError:
        return buffer.value.decode("gb18030", "replace")


def _shows_picture(page: pypdfium2.PdfPage) -> bool:
    objects = page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,))
    return next(iter(objects), None) is not None


def _rules(page: pypdfium2.PdfPage, left: float, top: float) -> Iterator[Rule]:
    """Give the lines of tables: thin areas, and the edges of rectangles that are drawn along their edges."""
    for item in islice(page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_PATH,), max_depth=1), _MAX_OBJECTS):
        x0, y0, x1, y1 = item.get_bounds()
        x0, y0, x1, y1 = x0 - left, top - y1, x1 - left, top - y0
        width, height = x1 - x0, y1 - y0
        if max(width, height) < _MIN_RULE_LENGTH:
            continue
        if min(width, height) <= _THIN:
            yield Rule(x0, y0, x1, y1)
        elif _is_outline(item):
            yield from (Rule(x0, y0, x1, y0), Rule(x0, y1, x1, y1), Rule(x0, y0, x0, y1), Rule(x1, y0, x1, y1))


def _is_outline(item: object) -> bool:
    """Tell whether a path is drawn along its edges, and has as few as a rectangle."""
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    drawn = pdfium.FPDFPath_GetDrawMode(item, fill, stroke) and stroke.value
    return bool(drawn) and pdfium.FPDFPath_CountSegments(item) <= _SEGMENTS_OF_RECTANGLE
