"""PDF: the characters of each page with their positions, the bookmarks, and the document properties."""

from __future__ import annotations

import ctypes
import io
import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass

import pypdfium2
import pypdfium2.raw as pdfium

from searchkit.corpus.blocks import RawDocument
from searchkit.corpus.formats.characters import (
    UNREADABLE,
    UNREADABLE_REASON,
    is_private,
    read_sign,
    replace_look_alikes,
)
from searchkit.corpus.formats.glyphnames import expose_glyph_names
from searchkit.corpus.formats.page.layout import extract_text, heading_key, is_bold_font, is_plausible_title
from searchkit.corpus.formats.page.lines import is_unreadable
from searchkit.corpus.formats.page.placed import Glyph, PlacedPage, Rule
from searchkit.corpus.formats.page.rulings import MAX_RULES, Subpath, trace_rules
from searchkit.corpus.formats.registry import FileContents
from searchkit.errors import ReadError

_HEADER = b"%PDF-"
_HEADER_SEARCH_BYTES = 1024
"""The header may start within this number of bytes, as PDF viewers allow."""
_MAX_PAGES = 5_000
_MAX_CHARACTERS = 200_000
"""Maximum number of characters of a page. A page with more is not read. The longest printed pages have 20,000."""
_MAX_OBJECTS = 50_000
"""Maximum number of objects of a page that are searched for rules: drawn lines."""
_MAX_BOOKMARKS = 10_000
_MAX_BOOKMARK_DEPTH = 6
_MAX_RULE_WIDTH = 2.0
"""Maximum width of a rule, in points. A wider shape is an area."""
_MAX_SEGMENTS = 100_000
"""Maximum number of segments of the paths of a page. A page with more has no rules."""
_MAX_FORM_DEPTH = 5
"""Maximum nesting depth of form XObjects whose contents are searched for rules."""
_IDENTITY = pdfium.FS_MATRIX(1, 0, 0, 1, 0, 0)
_MAX_SKEW = 0.02
"""Maximum deviation of text from a multiple of a quarter turn, in quarter turns. Text that deviates more is skewed."""
_MAX_NAME_LENGTH = 256
"""Maximum length of a font's name, in bytes."""
_MAX_REPAIR_ATTEMPTS = 3
"""Number of pages with unreadable glyphs, in succession, after which no further page is tried if none of these glyphs
was repaired."""
_HYPHEN = "\x02"
"""Represents a hyphen at a line end in the library's output."""
_GENERATED_CHARS = frozenset(" \r\n")
"""The characters that the library adds to those of the file."""
_UNKNOWN_CHARS = frozenset("\x00\ufffd\ufffe\uffff")
"""Characters that the library returns for glyphs that are not mapped to a character."""
_FORCE_BOLD = 1 << 18
"""Bit of a font's flags that says that the font is bold."""
_FILL_AND_STROKE = 2
"""Text render mode that makes characters look bold."""
_LOCK = threading.Lock()
"""The library is not thread-safe."""


def read(data: bytes, name: str) -> FileContents:  # noqa: ARG001 - every reader has this signature
    """Read a PDF. Lines, columns and pages are joined to paragraphs, each with the page it starts on.

    Running heads and feet, page numbers, and text in another direction than most text of its page are dropped, with a
    warning. Headings have the level of the bookmark that names them. The hints contain `title` if the document
    properties state a plausible one. Pages that cannot be read, pages with a picture but no text, and pages or lines
    whose fonts do not map glyphs to characters are listed in `problems`. Raises ReadError if the bytes are not a PDF,
    are damaged, need a password, or contain no text or too many pages.
    """
    if _HEADER not in data[: _HEADER_SEARCH_BYTES + len(_HEADER)]:
        message = "not a PDF"
        raise ReadError(message)
    with _LOCK:
        document = _open_document(data)
        try:
            return _read_contents(document)
        except (pypdfium2.PdfiumError, ValueError, OverflowError, ctypes.ArgumentError) as error:
            message = "damaged PDF: cannot be read"
            raise ReadError(message) from error
        finally:
            document.close()


def _open_document(data: bytes) -> pypdfium2.PdfDocument:
    """Open a PDF. Raises ReadError if it is damaged or needs a password."""
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        message = "damaged PDF: cannot be opened"
        if error.err_code in {pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY}:
            message = "encrypted PDF: needs a password"
        raise ReadError(message) from error


def _read_contents(document: pypdfium2.PdfDocument) -> FileContents:
    """Read all pages. Raises ReadError if there are too many or they contain no text.

    Without text, the message is the rarest of the reasons why pages have none.
    """
    if len(document) > _MAX_PAGES:
        message = f"more than {_MAX_PAGES} pages"
        raise ReadError(message)
    headings = _read_bookmarks(document)
    pages: list[PlacedPage] = []
    problems: dict[int, str] = {}
    with closing(_NamedGlyphs(document)) as named_glyphs:
        for number in range(1, len(document) + 1):
            page = _read_page(document, number, headings.get(number, {}), named_glyphs)
            if isinstance(page, PlacedPage):
                pages.append(page)
            else:
                problems[number] = page
    text = extract_text(pages)
    if not text.blocks:
        reasons = [*problems.values(), *(UNREADABLE_REASON for _ in text.problems)]
        raise ReadError(min(reasons, key=reasons.count) if reasons else "no text")
    title = replace_look_alikes(document.get_metadata_value("Title")).strip()
    hints = {"title": title} if is_plausible_title(title) else {}
    return FileContents(
        (RawDocument(text.blocks, hints=hints, warnings=text.warnings),),
        (*(f"page {n}: {reason}" for n, reason in problems.items()), *text.problems),
    )


def _read_bookmarks(document: pypdfium2.PdfDocument) -> dict[int, dict[str, int]]:
    """Map page numbers to the bookmarks that point to the page: the `heading_key` of each title, and its level."""
    headings: dict[int, dict[str, int]] = {}
    for count, bookmark in enumerate(document.get_toc(max_depth=_MAX_BOOKMARK_DEPTH)):
        if count == _MAX_BOOKMARKS:
            break
        target = bookmark.get_dest()
        index = None if target is None else target.get_index()
        if index is not None:
            headings.setdefault(index + 1, {}).setdefault(heading_key(bookmark.get_title()), bookmark.level + 1)
    return headings


def _read_page(
    document: pypdfium2.PdfDocument, number: int, headings: Mapping[str, int], named_glyphs: _NamedGlyphs
) -> PlacedPage | str:
    """Read a page. If it cannot be read, return the reason."""
    try:
        with closing(document[number - 1]) as page, closing(page.get_textpage()) as text:
            left, bottom, right, top = page.get_bbox()
            count = text.count_chars()
            if count > _MAX_CHARACTERS:
                return f"more than {_MAX_CHARACTERS} characters"
            glyphs = list(_read_glyphs(text, count, left, top))
            if not glyphs and _has_picture(page):
                return "scanned, no text layer: needs OCR"
            glyphs = named_glyphs.repair(number, glyphs)
            if is_unreadable(glyphs):
                return UNREADABLE_REASON
            return PlacedPage(number, right - left, top - bottom, glyphs, _read_rules(page, left, top), headings)
    except pypdfium2.PdfiumError:
        return "damaged"


class _NamedGlyphs:
    """Repairs unreadable glyphs of a document by their names in the fonts.

    The names are read from a copy of the file (`glyphnames`), which is made when the first unreadable glyph is found.
    """

    def __init__(self, document: pypdfium2.PdfDocument) -> None:
        self._document = document
        self._copy: pypdfium2.PdfDocument | None = None
        self._attempts_left = _MAX_REPAIR_ATTEMPTS

    def close(self) -> None:
        """Close the copy."""
        if self._copy is not None:
            self._copy.close()

    def repair(self, number: int, glyphs: list[Glyph]) -> list[Glyph]:
        """Replace the unreadable glyphs of a page by those at the same positions that have names.

        After `_MAX_REPAIR_ATTEMPTS` such pages without a repaired glyph, no further page is tried.
        """
        if not self._attempts_left or not any(_is_unmapped(glyph.text) for glyph in glyphs):
            return glyphs
        if self._copy is None:
            self._copy = _open_named_copy(self._document)
            self._attempts_left = 0 if self._copy is None else self._attempts_left
        texts = self._read_texts(number)
        repaired = [
            glyph._replace(text=texts.get(_position(glyph), glyph.text)) if _is_unmapped(glyph.text) else glyph
            for glyph in glyphs
        ]
        self._attempts_left = _MAX_REPAIR_ATTEMPTS if repaired != glyphs else max(0, self._attempts_left - 1)
        return repaired

    def _read_texts(self, number: int) -> dict[tuple[float, float], str]:
        """Map positions on a page of the copy to the readable characters there."""
        if self._copy is None:
            return {}
        with closing(self._copy[number - 1]) as page, closing(page.get_textpage()) as text:
            left, _, _, top = page.get_bbox()
            count = min(text.count_chars(), _MAX_CHARACTERS)
            glyphs = [glyph for glyph in _read_glyphs(text, count, left, top) if not _is_unmapped(glyph.text)]
        return {_position(glyph): glyph.text for glyph in glyphs}


def _is_unmapped(char: str) -> bool:
    """Return whether the text of a glyph shows that its font does not map it to a character."""
    return char == UNREADABLE or is_private(char)


def _position(glyph: Glyph) -> tuple[float, float]:
    """Return the position of a glyph, in tenths of a point."""
    return round(glyph.left, 1), round(glyph.baseline, 1)


def _open_named_copy(document: pypdfium2.PdfDocument) -> pypdfium2.PdfDocument | None:
    """Open a copy of the document in which the library maps glyphs by their names.

    Returns None if no font has names or the copy is damaged.
    """
    file = io.BytesIO()
    try:
        document.save(file, flags=pdfium.FPDF_REMOVE_SECURITY)
        data = expose_glyph_names(file.getvalue())
        copy = None if data is None else pypdfium2.PdfDocument(data)
        if copy is not None and len(copy) != len(document):
            copy.close()
            return None
    except pypdfium2.PdfiumError:
        return None
    return copy


@dataclass(frozen=True, slots=True)
class _TextStyle:
    """Properties shared by the characters of one text object."""

    size: float
    bold: bool
    turn: int | None
    """Direction of the text in quarter turns, 0 to 3. None if the text is skewed."""
    font: object
    """Handle of the font; None = unknown."""


def _read_glyphs(text: pypdfium2.PdfTextPage, count: int, left: float, top: float) -> Iterator[Glyph]:
    """Yield the glyphs of a page, except the blanks and line ends that the library generates.

    If its font does not map a glyph to a character, `_read_unmapped` determines its text.
    """
    raw = text.raw  # the calls below accept `text`, too, but each would convert it to this
    styles: dict[int | None, _TextStyle] = {}
    box = pdfium.FS_RECTF()
    x, y = ctypes.c_double(), ctypes.c_double()
    has_map_error = pdfium.FPDFText_HasUnicodeMapError
    read_box, read_origin = pdfium.FPDFText_GetLooseCharBox, pdfium.FPDFText_GetCharOrigin
    for i in range(count):
        char = chr(pdfium.FPDFText_GetUnicode(raw, i))
        if char in _GENERATED_CHARS and pdfium.FPDFText_IsGenerated(raw, i):
            continue
        item = pdfium.FPDFText_GetTextObject(raw, i)
        key = ctypes.addressof(item.contents) if item else None
        style = styles.get(key)
        if style is None:
            style = styles[key] = _read_text_style(text, i, item)
        if has_map_error(raw, i) or char in _UNKNOWN_CHARS or is_private(char):
            char = _read_unmapped(text, i, char, style.font)
        if read_box(raw, i, box) and read_origin(raw, i, x, y):
            length = box.top - box.bottom if style.turn in {1, 3} else box.right - box.left
            start = x.value - left
            char = "-" if char == _HYPHEN else char
            yield Glyph(char, start, start + length, top - y.value, style.size, style.bold, style.turn)


def _read_unmapped(text: pypdfium2.PdfTextPage, i: int, char: str, font: object) -> str:
    """Return the text of a glyph that is not mapped to a character.

    In a symbol font, it is the sign that the font displays, such as ☑, or empty for a picture. Otherwise, it is the
    private-use code point to which the font maps the glyph, a blank if the glyph of an embedded font draws nothing, or
    `UNREADABLE`.

    `char`: a private-use code point, or a code of the font, which the library returns if there is no map.
    """
    if font and (sign := read_sign(_font_name(font), ord(char))) is not None:
        return sign
    if is_private(char) and not pdfium.FPDFText_HasUnicodeMapError(text, i):
        return char
    left, right, bottom, top = (ctypes.c_double() for _ in range(4))
    has_box = pdfium.FPDFText_GetCharBox(text, i, left, right, bottom, top)
    is_blank = has_box and font and pdfium.FPDFFont_GetIsEmbedded(font) == 1 and left.value >= right.value
    return " " if is_blank else UNREADABLE


def _read_text_style(text: pypdfium2.PdfTextPage, i: int, item: object) -> _TextStyle:
    """Return the style of character `i` of a page. `item` is its text object, or None."""
    matrix = pdfium.FS_MATRIX()
    pdfium.FPDFText_GetMatrix(text, i, matrix)
    size = pdfium.FPDFText_GetFontSize(text, i) * math.hypot(matrix.c, matrix.d)
    quarters = math.atan2(-matrix.b, matrix.a) / (math.pi / 2)
    turn = None if abs(quarters - round(quarters)) > _MAX_SKEW else round(quarters) % 4
    font = pdfium.FPDFTextObj_GetFont(item) if item else None
    bold = bool(font) and (
        pdfium.FPDFTextObj_GetTextRenderMode(item) == _FILL_AND_STROKE
        or bool(max(0, pdfium.FPDFFont_GetFlags(font)) & _FORCE_BOLD)
        or is_bold_font(_font_name(font))
    )
    return _TextStyle(round(size, 1) or 1.0, bold, turn, font)


def _font_name(font: object) -> str:
    """Return the name of a font; empty if it has none or its name is too long."""
    buffer = ctypes.create_string_buffer(_MAX_NAME_LENGTH)
    length = pdfium.FPDFFont_GetBaseFontName(font, buffer, _MAX_NAME_LENGTH)
    if not 0 < length <= _MAX_NAME_LENGTH:
        return ""
    try:
        return buffer.value.decode("utf-8")
    except UnicodeDecodeError:
        return buffer.value.decode("gb18030", "replace")


def _has_picture(page: pypdfium2.PdfPage) -> bool:
    objects = page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,))
    return next(iter(objects), None) is not None


def _read_rules(page: pypdfium2.PdfPage, left: float, top: float) -> list[Rule]:
    """Return the straight horizontal and vertical lines drawn on a page; none if there are too many to be tables."""
    rules: list[Rule] = []
    segments = 0
    for item, matrix in _find_paths(page):
        segments += max(0, pdfium.FPDFPath_CountSegments(item))
        if segments > _MAX_SEGMENTS or len(rules) > MAX_RULES:
            return []
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        if not pdfium.FPDFPath_GetDrawMode(item, fill, stroke):
            continue
        if stroke.value or fill.value:
            subpaths = _read_subpaths(item, matrix, left, top)
            rules += trace_rules(subpaths, _MAX_RULE_WIDTH, is_stroked=bool(stroke.value))
    return rules


def _find_paths(page: pypdfium2.PdfPage) -> Iterator[tuple[object, pdfium.FS_MATRIX]]:
    """Yield the paths of a page and of the form XObjects drawn on it, with the matrix to the coordinates of the page.

    The search ends after `_MAX_OBJECTS` objects.
    """
    budget = _MAX_OBJECTS
    stack = [(pdfium.FPDFPage_CountObjects(page), pdfium.FPDFPage_GetObject, page.raw, _IDENTITY, 0)]
    while stack:
        count, get_object, parent, outer, depth = stack.pop()
        for i in range(count):
            budget -= 1
            if budget < 0:
                return
            item = get_object(parent, i)
            kind = pdfium.FPDFPageObj_GetType(item)
            if kind not in {pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_FORM}:
                continue
            matrix = pdfium.FS_MATRIX()
            pdfium.FPDFPageObj_GetMatrix(item, matrix)
            matrix = _multiply(matrix, outer)
            if kind == pdfium.FPDF_PAGEOBJ_PATH:
                yield item, matrix
            elif depth < _MAX_FORM_DEPTH:
                inner = pdfium.FPDFFormObj_CountObjects(item)
                stack.append((inner, pdfium.FPDFFormObj_GetObject, item, matrix, depth + 1))


def _multiply(inner: pdfium.FS_MATRIX, outer: pdfium.FS_MATRIX) -> pdfium.FS_MATRIX:
    """Return the matrix that applies `inner`, then `outer`."""
    return pdfium.FS_MATRIX(
        inner.a * outer.a + inner.b * outer.c,
        inner.a * outer.b + inner.b * outer.d,
        inner.c * outer.a + inner.d * outer.c,
        inner.c * outer.b + inner.d * outer.d,
        inner.e * outer.a + inner.f * outer.c + outer.e,
        inner.e * outer.b + inner.f * outer.d + outer.f,
    )


def _read_subpaths(item: object, matrix: pdfium.FS_MATRIX, left: float, top: float) -> Iterator[Subpath]:
    """Yield the points of each part of a path. Parts with curves are left out."""
    points: list[tuple[float, float]] = []
    is_straight = True
    x, y = ctypes.c_float(), ctypes.c_float()
    for i in range(pdfium.FPDFPath_CountSegments(item)):
        segment = pdfium.FPDFPath_GetPathSegment(item, i)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            if is_straight and points:
                yield points
            points, is_straight = [], True
        is_straight = is_straight and kind != pdfium.FPDF_SEGMENT_BEZIERTO
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        points.append(
            (
                matrix.a * x.value + matrix.c * y.value + matrix.e - left,
                top - (matrix.b * x.value + matrix.d * y.value + matrix.f),
            )
        )
        if pdfium.FPDFPathSegment_GetClose(segment):
            points.append(points[0])
    if is_straight and points:
        yield points
